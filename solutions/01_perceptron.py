# %% [markdown]
# # 1 · The perceptron
#
# Build one neuron by hand: a weighted sum, a bias, and a function that bends.
#
# **Time:** 45 minutes
#
# After this lab you can
# - compute a perceptron's prediction in your head, and for a whole batch in one line;
# - write four activations and their derivatives;
# - draw the line along which a perceptron decides, and put it where you want it;
# - say why a network without activations is no more than one layer.

# %%
from utils import check, datasets, hint, plots, progress, solution

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(1)

# %% [markdown]
# ## 1 · Multiply and add
# A perceptron takes in numbers $x_1, \dots, x_m$. It multiplies each by a **weight**, adds the products, and adds a
# **bias**, which the slides call $w_0$ and code calls $b$:
#
# $$z = b + \sum_{i=1}^m x_i w_i$$
#
# A large weight makes its input count for much; a negative one makes it count against. The bias says how $z$ leans before
# any input is seen.
#
# ### Exercise 1.1 · The weighted sum by hand
# The lecture's example has the bias $b = 1$, the weights $w = (3, -2)$ and the input $x = (-1, 2)$. Work out $z$, and then
# the prediction $\hat y = 1 / (1 + e^{-z})$. `np.exp` is the exponential.

# %%
z = 1 + 3 * (-1) + (-2) * 2  # SOLUTION: the bias, plus each weight times its input
y_hat = 1 / (1 + np.exp(-z))  # SOLUTION: the sigmoid of z

# %%
check("1.1", z, y_hat)

# %% [markdown]
# Which of the three terms pulls $z$ down the most? Guess, then look.

# %%
plots.weighted_sum(x=[-1, 2], w=[3, -2], b=1, z=z)

# %% [markdown]
# ## 2 · Squash it
# The sum $z$ can be any number; a probability cannot. An **activation** $g$ bends the line of all numbers into the shape we
# need, and $\hat y = g(z)$:
#
# $$\sigma(z) = \frac{1}{1 + e^{-z}} \qquad \mathrm{ReLU}(z) = \max(0, z)$$
#
# $$\tanh(z) = \frac{e^z - e^{-z}}{e^z + e^{-z}} = 2\,\sigma(2z) - 1$$
#
# The **threshold** is 1 where $z$ is positive and 0 where it is negative.
#
# ### Exercise 1.2 · Four activations
# Write each formula so that it works element by element: on a number or an array of any shape, of floats or of whole
# numbers, and for numbers as far out as ±1000. `keras.ops.exp`, `keras.ops.maximum` and `keras.ops.cast` take all of these.

# %%
def sigmoid(z):
    """σ(z), between 0 and 1; z of any shape."""
    return 1 / (1 + keras.ops.exp(-z))  # SOLUTION: the formula above


def tanh(z):
    """The hyperbolic tangent, between -1 and 1; z of any shape."""
    return 2 * sigmoid(2 * z) - 1  # SOLUTION: careful, e^1000 is infinite for a computer


def relu(z):
    """z where it is positive, else 0; z of any shape."""
    return keras.ops.maximum(z, 0)  # SOLUTION: compare every number with 0


def threshold(z):
    """1 where z is positive, 0 where it is negative; z of any shape."""
    return keras.ops.cast(z > 0, "float32")  # SOLUTION: a comparison, as numbers


# %%
check("1.2", sigmoid, tanh, relu, threshold)

# %% [markdown]
# Which of the four are flat far out, and which one goes on growing? Where is each of them steepest?

# %%
plots.activations({"sigmoid": sigmoid, "tanh": tanh,
                   "ReLU": relu, "threshold": threshold})

# %% [markdown]
# ## 3 · How steep is it?
# To learn, a network asks of every number: if you change a little, how much does the result change? For an activation, that
# is its derivative $g'$. Each of these is made from $g$ itself:
#
# $$\sigma' = \sigma\,(1 - \sigma) \qquad \tanh' = 1 - \tanh^2 \qquad
# \mathrm{ReLU}'(z) = \begin{cases} 1 & z > 0 \\ 0 & z < 0 \end{cases}$$
#
# At $z = 0$ ReLU has a kink: any slope from 0 to 1 touches it there, and the check accepts each of them.
#
# ### Exercise 1.3 · Their derivatives
# Write the three derivatives with the functions that you have.

# %%
def sigmoid_prime(z):
    """The slope of the sigmoid at z; z of any shape."""
    return sigmoid(z) * (1 - sigmoid(z))  # SOLUTION: σ is a function of z


def tanh_prime(z):
    """The slope of tanh at z; z of any shape."""
    return 1 - tanh(z) ** 2  # SOLUTION: the square is of tanh(z)


def relu_prime(z):
    """The slope of ReLU at z; z of any shape."""
    return threshold(z)  # SOLUTION: one of your four activations


# %%
check("1.3", sigmoid_prime, tanh_prime, relu_prime)

# %% [markdown]
# The largest slope of the sigmoid is small. How small? It will matter in deep networks, where many slopes are multiplied.

# %%
plots.activations({"sigmoid": (sigmoid, sigmoid_prime),
                   "tanh": (tanh, tanh_prime),
                   "ReLU": (relu, relu_prime)})

# %% [markdown]
# ## 4 · The whole perceptron
# Dot product, bias, activation: these three steps are the perceptron. With the inputs and the weights as vectors,
#
# $$\hat y = g(x \cdot w + b)$$
#
# A batch is a matrix $X$ of shape $(n, m)$ with one example in each row. Its features are on the last axis, as they are in
# a single example.
#
# ### Exercise 1.4 · The forward pass
# Put the three steps together, with the sigmoid as activation. Write it so that it takes one example or a whole batch.

# %%
def perceptron(x, w, b):
    """The perceptron's prediction ŷ = g(x·w + b), with the sigmoid as g.

    x: inputs, shape (m,) or (n, m).  w: weights, shape (m,).  b: bias, a scalar.
    Returns one prediction for each example, shape () or (n,).
    """
    z = keras.ops.sum(x * w, axis=-1) + b  # SOLUTION: the dot product, plus the bias
    return sigmoid(z)  # SOLUTION: the activation


# %%
check("1.4", perceptron)

# %% [markdown]
# Before you run the next cell: on which side will the point (-1, 2) fall, and how sure will the perceptron be?

# %%
w, b = np.array([3.0, -2.0], np.float32), 1.0
plots.decision_regions(lambda X: perceptron(X, w, b), mark={"(-1, 2)": (-1, 2)})

# %% [markdown]
# ## 5 · Where it decides
# Between green and red runs the line where the perceptron is undecided: $\hat y = 0.5$. The sigmoid is 0.5 where its input
# is 0, so that the line is
#
# $$b + w_1 x_1 + w_2 x_2 = 0$$
#
# ### Exercise 1.5 · The decision line
# Solve this for $x_2$.

# %%
def decision_line(x1, w, b):
    """The x2 at which ŷ = 0.5.

    x1: a number, or an array of shape (n,).  b: bias, a scalar.
    w: weights, shape (2,): w[0] for x1, w[1] for x2, neither of them 0.
    Returns x2, of the shape of x1.
    """
    return -(b + w[0] * x1) / w[1]  # SOLUTION: from b + w1 x1 + w2 x2 = 0


# %%
check("1.5", decision_line)

# %% [markdown]
# Your line should run where the picture is white. Which way do you move it by making the bias larger?

# %%
plots.decision_regions(lambda X: perceptron(X, w, b),
                       line=lambda x1: decision_line(x1, w, b),
                       mark={"(-1, 2)": (-1, 2)})

# %% [markdown]
# ## 6 · Be the learning algorithm
# Learning means to find weights and a bias. Do it once yourself, and you will know what the machine has to do in lab 5.
# Two clouds of points are waiting: for the green dots $\hat y$ should be above 0.5, for the red crosses below.
#
# ### Exercise 1.6 · Train it yourself
# Choose the weights and the bias so that at least 95% of the points are on the right side. Change, run, look, repeat.

# %%
w_clouds, b_clouds = [1.0, 1.0], -5.8  # SOLUTION: two weights as a list, and a bias

# %%
check("1.6", (w_clouds, b_clouds))

# %% [markdown]
# What will happen to the white band if you double all three numbers? Look, then try it.

# %%
w_array = np.array(w_clouds, np.float32)
plots.decision_regions(lambda X: perceptron(X, w_array, b_clouds),
                       *datasets.clouds(), limits=(0, 6))

# %% [markdown]
# ## 7 · Why g must bend
# Put one layer behind another, without an activation between them:
#
# $$(x W_1 + b_1)\,W_2 + b_2$$
#
# It looks like more than one layer. Multiply it out, and a single layer $xW + b$ is left. However many layers there are,
# they make one straight cut.
#
# ### Exercise 1.7 · Two linear layers are one
# Find the $W$ and the $b$ of that single layer.

# %%
def collapse(W1, b1, W2, b2):
    """The one linear layer that does what two of them do, one after the other.

    W1: shape (m, d).  b1: shape (d,).  W2: shape (d, k).  b2: shape (k,).
    Returns W, shape (m, k), and b, shape (k,).
    """
    W = W1 @ W2  # SOLUTION: what multiplies x
    b = b1 @ W2 + b2  # SOLUTION: what is left when x is 0
    return W, b


# %%
check("1.7", collapse)

# %% [markdown]
# Keras agrees: two Dense layers with no activation between them, and the one layer you made of them, predict the same.

# %%
model = keras.Sequential([keras.Input((2,)),
                          keras.layers.Dense(3), keras.layers.Dense(1)])
W, b_one = collapse(*model.get_weights())
X, _ = datasets.points()
difference = np.max(np.abs(model(X) - (X @ W + b_one)))
print("largest difference:", np.round(difference, 4))

# %% [markdown]
# Now the green and the red points of the lecture. Both networks below have 30 hidden units; the left one has no activation,
# the right one has your tanh. Which shapes can each of them draw?

# %% tags=["cover"]
plots.linear_or_not(tanh, "your tanh")

# %% [markdown]
# ## What the slide said
# The slides call `tf.math.sigmoid`, `tf.math.tanh` and `tf.nn.relu`. They run today, on floats. On whole numbers the first
# one stops, which is why your own sigmoid is made of `keras.ops.exp`:

# %%
try:
    tf.math.sigmoid(3)
except tf.errors.InvalidArgumentError as error:
    print(type(error).__name__)
print(np.round(tf.math.sigmoid(3.0), 4), np.round(sigmoid(3), 4))

# %% [markdown]
# One of the lecture's notes prints the sigmoid as $1 / (1 + e^{z})$. For $z = -6$ that is 0.9975, and the slide has 0.002:
# the sign of the exponent decides.
#
# ## Stretch
# You placed a line by hand. In 1958 Frank Rosenblatt let the perceptron place it: show it one point after the other, and
# whenever the threshold's answer $\hat y$ is wrong, take a step.
#
# $$w \leftarrow w + \eta\,(y - \hat y)\,x \qquad b \leftarrow b + \eta\,(y - \hat y)$$
#
# ### Exercise 1.8 · Stretch: Rosenblatt's rule
# Write one step.

# %%
def rosenblatt_step(w, b, x, y, learning_rate):
    """The weights and the bias after one step of Rosenblatt's rule.

    w: weights, shape (m,).  b: bias, a scalar.
    x: one example, shape (m,).  y: its label, 0 or 1.
    Returns the new w, shape (m,), and the new b.
    """
    # BEGIN SOLUTION: the prediction by the threshold, the error y - ŷ, the step
    error = y - float(threshold(np.dot(x, w) + b))
    return w + learning_rate * error * x, b + learning_rate * error
    # END SOLUTION


# %%
check("1.8", rosenblatt_step)

# %% [markdown]
# On the two clouds the mistakes stop. On XOR, four points that no line can separate, will they ever?

# %%
plots.learning_by_mistakes(rosenblatt_step)

# %% [markdown]
# ## What you can do now
# - Say the perceptron in three steps: dot product, bias, activation.
# - Choose an activation by its range and its slope.
# - Find the line along which a perceptron decides.
# - Explain why layers need an activation between them.
#
# **Next:** lab 2 puts many perceptrons side by side and calls them a Dense layer.
