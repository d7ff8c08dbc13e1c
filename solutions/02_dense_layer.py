# %% [markdown]
# # 2 · The Dense layer
#
# Put perceptrons side by side, compute them all in one product, and make a layer of them that Keras trains and saves.
#
# **Time:** 50 minutes
#
# After this lab you can
# - write a layer of perceptrons as one matrix product;
# - write a Keras layer of your own, which makes its weights when it first sees data;
# - count a layer's parameters;
# - say why weights must not start out equal;
# - make your layer survive being saved and loaded.

# %%
from utils import check, datasets, hint, plots, progress, solution

import time

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(2)

# %% [markdown]
# ## 1 · Many perceptrons at once
# One perceptron gives one number. Put $d$ of them side by side, let each look at the same $m$ inputs with weights of its
# own, and you have a **Dense layer**: every input is joined to every output. The weights of perceptron $i$ are column $i$ of
# a matrix $W$, of shape $(m, d)$:
#
# $$z_i = b_i + \sum_{j=1}^m x_j W_{j,i}$$
#
# For a batch $X$ of shape $(n, m)$, all of it is one matrix product, $Z = XW + b$.
#
# ### Exercise 2.1 · One layer, two ways
# Write the sum as two loops for one example, then the product for a batch. For $x = (1, 2)$,
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
# Each column of $W$ is a perceptron, each row of $Z$ an example. Which numbers of $X$ and $W$ make the 2 in the first row?

# %%
X = np.array([[1, 2], [0, -1]], np.float32)
W = np.array([[1, 0, -1], [2, 1, 0]], np.float32)
b = np.array([0.5, 0, 1], np.float32)
plots.matrices({"X": X, "W": W, "b": b, "X W + b": dense(X, W, b)})

# %% [markdown]
# Both compute the same. How many times faster do you expect the product to be, for 784 inputs and 128 perceptrons?

# %% tags=["nbval-ignore-output"]
images, weights, biases = np.ones((1, 784)), np.ones((784, 128)), np.zeros(128)
start = time.perf_counter()
dense_loops(images[0], weights, biases)
middle = time.perf_counter()
dense(images, weights, biases)
end = time.perf_counter()
print(f"loops {1000 * (middle - start):.1f} ms, product {1000 * (end - middle):.2f} ms")

# %% [markdown]
# ## 2 · A layer that owns its weights
# A Keras layer has three parts. `__init__` notes what is wanted: how many units, which activation. `build` is called once,
# when the first input arrives and its number of features $m$ is known; there `self.add_weight(shape=…)` makes the weights, so
# that Keras trains and saves them. `call` computes $g(XW + b)$, for every batch.
#
# ### Exercise 2.2 · MyDenseLayer
# Fill in `build` and `call`. `add_weight` draws random numbers of a good size, unless `initializer="zeros"` asks for zeros.

# %%
class MyDenseLayer(keras.layers.Layer):
    """g(XW + b): `units` perceptrons, side by side, with the activation g."""

    def __init__(self, units, activation=None, **options):
        super().__init__(**options)  # a name, a dtype: Keras takes care of them
        self.units = units
        self.activation = keras.activations.get(activation)  # a function for its name

    def build(self, input_shape):
        """Make W, random, shape (m, units), and b, zeros, shape (units,)."""
        m = input_shape[-1]
        self.W = self.add_weight(shape=(m, self.units))  # SOLUTION: random weights
        self.b = self.add_weight(shape=(self.units,), initializer="zeros")  # SOLUTION: b

    def call(self, X):
        """X: shape (n, m).  Returns shape (n, units)."""
        z = keras.ops.matmul(X, self.W) + self.b  # SOLUTION: z, for all units
        return self.activation(z)  # SOLUTION: the activation g of it


# %%
check("2.2", MyDenseLayer)

# %% [markdown]
# Here is a layer of yours with three units for two inputs. The width of a line is the size of a weight, and its color the
# sign. The layer has been called once: how many lines will there be?

# %% tags=["cover"]
layer = MyDenseLayer(3, activation="sigmoid")
layer(X)
plots.network(layer)

# %% [markdown]
# Give `keras.layers.Dense` the same weights, and it computes the same:

# %%
keras_layer = keras.layers.Dense(3, activation="sigmoid")
keras_layer.build(X.shape)
keras_layer.set_weights([layer.W, np.ravel(layer.b)])
print("largest difference:", np.round(np.max(np.abs(keras_layer(X) - layer(X))), 4))

# %% [markdown]
# ## 3 · How many numbers to learn?
# What a layer learns are its **parameters**: all its weights and all its biases.
#
# ### Exercise 2.3 · Count the parameters
# Count them for $d$ units that look at $m$ inputs.

# %%
def parameters(m, d):
    """How many parameters a Dense layer of d units has that looks at m inputs."""
    return m * d + d  # SOLUTION: the weights and the biases


# %%
check("2.3", parameters)

# %% [markdown]
# A photograph of 200 by 200 pixels in three colors has 120,000 inputs. How many parameters does one Dense layer of 1,000
# units need for it? Guess the order of magnitude.

# %%
print(f"{parameters(28 * 28, 128):,} for a digit and 128 units")
print(f"{parameters(200 * 200 * 3, 1000):,} for the photograph and 1,000 units")

# %% [markdown]
# That many numbers for one layer: lab 10 finds a way round it.
#
# ## 4 · Why weights start at random
# Suppose that all weights start out equal. Then the units of a layer compute the same number, so that each of them has the
# same share in the error and is changed in the same way. After that step they are equal again. Two units with equal weights,
# into them and out of them, stay equal for ever: a layer of a hundred of them is worth one.
#
# ### Exercise 2.4 · Break the symmetry
# Write a function that gives first weights with which the units of a layer become different.

# %%
def first_weights(m, d):
    """Weights to start with, for m inputs and d units.

    Returns shape (m, d), numbers of about 1 or less.
    """
    return keras.random.normal((m, d), stddev=0.5)  # SOLUTION: no two columns equal


# %%
check("2.4", first_weights)

# %% [markdown]
# Now train a network made of your own layers, on a question from lab 3, once with all weights 0.2 and once with your first
# weights. (`fit` takes 300 steps of training here; labs 5 to 7 open it up.) What will the columns look like?

# %%
def train(W, v):
    """The first layer's W after training, when the two layers start with W and v."""
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
# Four equal columns are one unit, four times over. Biases may start at 0: it is enough that the weights differ.
#
# ## 5 · Save it, load it
# To save a model, Keras writes down how to make each layer again, and its weights. The first part comes from `get_config`: a
# dictionary of the arguments of `__init__`, made of numbers, texts, lists and dictionaries. A function is none of these.
# `keras.activations.serialize` turns an activation into its name, and `activations.get`, in your `__init__`, turns it back.
#
# ### Exercise 2.5 · Survive being saved
# Add your layer's own arguments to what `super().get_config()` knows already.

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
# What will the file hold of the function `tanh`?

# %%
model = keras.Sequential([keras.Input((2,)),
                          SavedDenseLayer(3, keras.activations.tanh, name="yours")])
config = model.layers[0].get_config()
print({name: config[name] for name in ("name", "units", "activation")})

# %% [markdown]
# Keras tries to help: where all arguments are numbers and texts, it guesses the dictionary by itself. With a function among
# them it cannot, and a layer without `get_config` stops at `save`.
#
# ## What the slide said
# The slide makes the weights in `__init__`, so it must be told the number of inputs. It runs today. Look at its bias:

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
# Without `initializer="zeros"` the bias starts at random. The weights do too, and `tf.random.set_seed` does not make them come
# out the same a second time. Keras has a seed of its own:

# %%
for set_seed in (tf.random.set_seed, keras.utils.set_random_seed):
    starts = []
    for _ in range(2):
        set_seed(0)
        starts.append(SlideDenseLayer(2, 3).W.numpy())
    print(set_seed.__name__, "repeats:", np.array_equal(*starts))

# %% [markdown]
# The layer takes batches only: one example, of shape `(2,)`, is no matrix. (Some releases refuse whole numbers as well; floats
# always work.)

# %%
try:
    slide_layer(np.array([1.0, 2.0]))
except tf.errors.InvalidArgumentError as error:
    print(type(error).__name__)

# %% [markdown]
# An older form of the slide puts the name of a weight first. Now the shape is first, and the name goes by keyword.

# %%
try:
    keras.layers.Layer().add_weight("weight", shape=(2, 3))
except (TypeError, ValueError):
    print("no longer:", 'add_weight("weight", shape=…)')
weight = keras.layers.Layer().add_weight(shape=(2, 3), name="weight")
print("today:", weight.name, weight.shape)

# %% [markdown]
# ## Stretch
# `keras.layers.Dense` takes a batch of sequences too, shape $(n, t, m)$. Does your layer? Guess, and say which of its lines
# decides.

# %%
print(layer(np.ones((5, 4, 2), np.float32)).shape)

# %% [markdown]
# ## What you can do now
# - See a Dense layer as perceptrons in the columns of a matrix.
# - Write a layer with `build`, `call` and `get_config`.
# - Count parameters.
# - Start weights at random, and say why.
#
# **Next:** lab 3 puts layers behind each other and asks whether you will pass this class.
