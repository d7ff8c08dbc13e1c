# %% [markdown]
# # 2 · The Dense layer
#
# One layer for a small photograph learns 120 million numbers, and if they all start equal, its thousand units do the work
# of one. Build a Dense layer that starts better, and that Keras can train and save.
#
# **Time:** 50 minutes
#
# After this lab you can
# - write a layer of perceptrons as one matrix product;
# - write a Keras layer of your own, which makes its weights when it first sees data;
# - count a layer's parameters;
# - explain why weights must not start equal;
# - save a model with your layer in it, and load it again.

# %%
from utils import check, datasets, hint, plots, progress, solution

import time

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(2)

# %% [markdown]
# ## 1 · Many perceptrons at once
# One perceptron gives one number. Put $d$ of them side by side. All of them see the same $m$ inputs, and each has weights
# of its own. This is a **Dense layer**: every input is connected to every **unit**, as a perceptron in a layer is called.
# The weights of unit $i$ are column $i$ of a matrix $W$ of shape $(m, d)$:
#
# $$z_i = b_i + \sum_{j=1}^m x_j W_{j,i}$$
#
# For a batch $X$ of shape $(n, m)$, one matrix product computes everything: $Z = XW + b$.
#
# ### Exercise 2.1 · One layer, two ways
# First write the sum as two loops, for one example. Then write the product, for a batch. For $x = (1, 2)$,
# $W = \begin{pmatrix} 1 & 0 & -1 \\ 2 & 1 & 0 \end{pmatrix}$ and $b = (0.5, 0, 1)$, $z$ is $(5.5, 2, 0)$.

# %%
def dense_loops(x, W, b):
    """z of one example.

    x: shape (m,).  W: shape (m, d).  b: shape (d,).  Returns shape (d,).
    """
    z = np.zeros(len(b))
    for i in range(len(b)):  # each perceptron
        z[i] = b[i]  # SOLUTION: perceptron i begins with its bias
        for j in range(len(x)):  # each input
            z[i] += x[j] * W[j, i]  # SOLUTION: and adds input j times its weight
    return z


def dense(X, W, b):
    """Z of a batch.

    X: shape (n, m).  W: shape (m, d).  b: shape (d,).  Returns shape (n, d).
    """
    return X @ W + b  # SOLUTION: all sums in one matrix product


# %%
check("2.1", dense_loops, dense)

# %% [markdown]
# Each column of $W$ is a unit, and each row of $Z = XW + b$ is an example. Which numbers of $X$ and $W$ make the 2 in the
# first row of $Z$?

# %%
X = np.array([[1, 2], [0, -1]], np.float32)
W = np.array([[1, 0, -1], [2, 1, 0]], np.float32)
b = np.array([0.5, 0, 1], np.float32)
plots.matrices({"X": X, "W": W, "b": b, "X W + b": dense(X, W, b)},
               outline={"X": 0, "W": np.s_[:, 1], "b": 1, "X W + b": (0, 1)})

# %% [markdown]
# Row 1 of $X$ and column 2 of $W$ make it: $1 \cdot 0 + 2 \cdot 1 = 2$, and the bias is 0.
#
# Loops and product compute the same. How many times faster do you expect the product to be, for 784 inputs and 128 units?

# %% tags=["nbval-ignore-output"]
images, weights, biases = np.ones((1, 784)), np.ones((784, 128)), np.zeros(128)
start = time.perf_counter()
dense_loops(images[0], weights, biases)
middle = time.perf_counter()
dense(images, weights, biases)
end = time.perf_counter()
print(f"loops {1000 * (middle - start):.1f} ms, product {1000 * (end - middle):.2f} ms")

# %% [markdown]
# The product is often more than a hundred times faster: its loops run in compiled code, not in Python.
#
# ## 2 · A layer that owns its weights
# A Keras layer has three parts:
# - `__init__` stores the settings: how many units, which activation.
# - `build` makes the weights. Keras calls it once, as soon as it knows the number of features $m$. Here
#   `self.add_weight(shape=…)` makes weights that Keras trains and saves.
# - `call` computes $g(XW + b)$ for every batch.
#
# ### Exercise 2.2 · MyDenseLayer
# Fill in `build` and `call`. `add_weight` draws small random numbers. With `initializer="zeros"` it makes zeros.

# %%
class MyDenseLayer(keras.layers.Layer):
    """g(XW + b): `units` perceptrons, side by side, with the activation g."""

    def __init__(self, units, activation=None, **options):
        super().__init__(**options)  # a name, a dtype: Keras takes care of them
        self.units = units
        self.activation = keras.activations.get(activation)  # from name to function

    def build(self, input_shape):
        """Make W, random, shape (m, units), and b, zeros, shape (units,)."""
        m = input_shape[-1]
        self.W = self.add_weight(shape=(m, self.units))  # SOLUTION: random weights
        self.b = self.add_weight(shape=(self.units,), initializer="zeros")  # SOLUTION: b

    def call(self, X):
        """X: shape (n, m).  Returns shape (n, units)."""
        z = keras.ops.matmul(X, self.W) + self.b  # SOLUTION: z, for all units
        return self.activation(z)  # SOLUTION: the activation g, applied to z


# %%
check("2.2", MyDenseLayer)

# %% [markdown]
# Here is one of your layers, with three units for two inputs. Each line in the picture is a weight: its width shows the
# size, and its color shows the sign. How many lines will there be?

# %% tags=["cover"]
layer = MyDenseLayer(3, activation="sigmoid")
layer(X)
plots.network(layer)

# %% [markdown]
# There are six lines: each of the two inputs is connected to each of the three units.
#
# Now give `keras.layers.Dense` the same weights. It should compute the same:

# %%
keras_layer = keras.layers.Dense(3, activation="sigmoid")
keras_layer.build(X.shape)
keras_layer.set_weights([layer.W, np.ravel(layer.b)])
print("largest difference:", np.round(np.max(np.abs(keras_layer(X) - layer(X))), 4))

# %% [markdown]
# The two layers agree.
#
# ## 3 · How many numbers to learn?
# The numbers that a layer learns are its **parameters**: all its weights and all its biases.
#
# ### Exercise 2.3 · Count the parameters
# Count them for $d$ units that see $m$ inputs. For 3 units and 2 inputs there are 9.

# %%
def parameters(m, d):
    """The number of parameters of a Dense layer with m inputs and d units."""
    return m * d + d  # SOLUTION: the weights and the biases


# %%
check("2.3", parameters)

# %% [markdown]
# A photograph of 200 by 200 pixels in three colors has 120,000 inputs. How many parameters does one Dense layer of 1,000
# units need for it: thousands, millions or billions?

# %%
print(f"{parameters(28 * 28, 128):,} for a digit and 128 units")
print(f"{parameters(200 * 200 * 3, 1000):,} for the photograph and 1,000 units")

# %% [markdown]
# One layer needs 120 million parameters. Lab 10 shows a layer that needs far fewer.
#
# ## 4 · Why weights start at random
# Suppose that all weights start equal. Then all units of a layer compute the same number, and each of them has the same
# part in the error. So training changes all of them in the same way, and after the step they are equal again. Units stay
# equal forever if the weights that lead into them and out of them are equal. A layer of a hundred such units does the work
# of one.
#
# ### Exercise 2.4 · Break the symmetry
# Write a function that gives the **initial weights** of a layer, which are its weights before training. Training should be
# able to make its units different.

# %%
def first_weights(m, d):
    """Initial weights for m inputs and d units.

    Returns shape (m, d), numbers of about 1 or less.
    """
    return keras.random.normal((m, d), stddev=0.5)  # SOLUTION: no two columns equal


# %%
check("2.4", first_weights)

# %% [markdown]
# Now train a network of your own layers on a question of lab 3: will a student pass? Train it twice, once with all weights
# 0.2 and once with your initial weights. In the cell, `SGD` is **stochastic gradient descent**: small steps that lower the
# error. Stochastic means random: a step often sees only some examples, chosen at random. `fit` takes 300 steps. Labs 5 to 7
# explain both. What will the columns of $W$ look like after training?

# %%
def train(W, v):
    """The first layer's W after training, when training starts from W and v."""
    hidden, output = MyDenseLayer(4, "tanh"), MyDenseLayer(1, "sigmoid")
    model = keras.Sequential([keras.Input((2,)), hidden, output])
    hidden.W.assign(W)
    output.W.assign(v)
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="binary_crossentropy")
    steps = tf.data.Dataset.from_tensors(datasets.students()).repeat(300)
    model.fit(steps, shuffle=False, verbose=0)
    return hidden.W.numpy()


# %% tags=["nbval-ignore-output"]
equal, yours = np.full((2, 4), 0.2), first_weights(2, 4)
plots.matrices({"equal": equal, "equal, trained": train(equal, np.full((4, 1), 0.2)),
                "yours": yours, "yours, trained": train(yours, first_weights(4, 1))})

# %% [markdown]
# In the first network the four columns are still equal: they are one unit, four times over. In yours they are all
# different. The biases may all start at 0, because different weights are enough.
#
# ## 5 · Save it, load it
# To save a model, Keras writes its weights to a file, and also how to make each layer again. The second part comes from
# `get_config`, which gives the arguments of `__init__` as a dictionary. The dictionary may hold numbers, strings, lists and
# dictionaries, but no function. So `keras.activations.serialize` turns an activation into its name. When the model is
# loaded, `activations.get` in your `__init__` turns the name into the function again.
#
# ### Exercise 2.5 · Survive being saved
# Add your layer's own arguments to the dictionary that `super().get_config()` gives.

# %%
class SavedDenseLayer(MyDenseLayer):
    """MyDenseLayer that can be saved and loaded."""

    def get_config(self):
        """The arguments of __init__ by name, as plain data."""
        config = super().get_config()
        # BEGIN SOLUTION: two more entries, "units" and "activation"
        config["units"] = self.units
        config["activation"] = keras.activations.serialize(self.activation)
        # END SOLUTION
        return config


# %%
check("2.5", SavedDenseLayer)

# %% [markdown]
# What will the dictionary hold in place of the function `tanh`?

# %%
model = keras.Sequential([keras.Input((2,)),
                          SavedDenseLayer(3, keras.activations.tanh, name="yours")])
config = model.layers[0].get_config()
print({name: config[name] for name in ("name", "units", "activation")})

# %% [markdown]
# It holds the name, the string `'tanh'`. When all arguments are numbers and strings, Keras makes this dictionary by itself.
# When one of them is a function, it cannot: without `get_config`, saving stops with an error.
#
# ## What the slide said
# The slide's layer makes its weights in `__init__`, so you must tell it the number of inputs. It still works. Look at its
# bias:

# %%
class SlideDenseLayer(keras.layers.Layer):
    def __init__(self, input_dim, output_dim):
        super().__init__()
        self.W = self.add_weight([input_dim, output_dim])
        self.b = self.add_weight([1, output_dim])

    def call(self, inputs):
        return tf.math.sigmoid(tf.matmul(inputs, self.W) + self.b)


slide_layer = SlideDenseLayer(2, 3)
print("starts at zero:", bool(np.all(slide_layer.b == 0)))

# %% [markdown]
# The bias starts at random, because the slide does not ask for `initializer="zeros"`. The weights start at random too. A
# **seed** makes random numbers repeat, but `tf.random.set_seed` has no effect on these weights. Keras has a function of its
# own:

# %%
for set_seed in (tf.random.set_seed, keras.utils.set_random_seed):
    starts = []
    for _ in range(2):
        set_seed(0)
        starts.append(SlideDenseLayer(2, 3).W.numpy())
    print(set_seed.__name__, "repeats:", np.array_equal(*starts))

# %% [markdown]
# The slide's layer takes batches only. One example, of shape `(2,)`, is not a matrix, and the layer stops with an error.
# (Some releases refuse integers as well. Floats always work.)

# %%
try:
    slide_layer(np.array([1.0, 2.0]))
except tf.errors.InvalidArgumentError as error:
    print(type(error).__name__)

# %% [markdown]
# An older version of the slide passes the name of a weight first. Today the shape comes first, and the name is a keyword
# argument:

# %%
try:
    keras.layers.Layer().add_weight("weight", shape=(2, 3))
except (TypeError, ValueError):
    print("no longer:", 'add_weight("weight", shape=…)')
weight = keras.layers.Layer().add_weight(shape=(2, 3), name="weight")
print("today:", weight.name, weight.shape)

# %% [markdown]
# ## Stretch
# `keras.layers.Dense` also takes a batch of sequences, shape $(n, t, m)$: each example has $t$ rows of $m$ features. Does
# your layer take it? Guess, and say which line of your layer decides.

# %%
print(layer(np.ones((5, 4, 2), np.float32)).shape)

# %% [markdown]
# The product in `call` decides. `keras.ops.matmul` and `@` multiply along the last axis of $X$ and keep the axes before it,
# so with either of them your layer takes sequences.
#
# ## What you can do now
# - See a Dense layer as perceptrons in the columns of a matrix.
# - Write a layer with `build`, `call` and `get_config`.
# - Count parameters.
# - Start weights at random, and explain why.
#
# **Next:** lab 3 puts one layer after another, and asks whether you will pass this class.
