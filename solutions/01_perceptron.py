# %% [markdown]
# # 1 · The perceptron
#
# A network of 30 neurons tries to tell green points from red ones, and gets 57% of them right: hardly better than a coin.
# Let each neuron bend its sum, and it gets 100% right: build such a neuron by hand.
#
# **Time:** 45 minutes
#
# After this lab you can
# - compute a perceptron's prediction by hand, and that of a whole batch in one line;
# - write four activations, and the derivatives of three;
# - draw the line where a perceptron changes its decision, and put it where you want it;
# - explain why layers without an activation between them are no more than one layer.

# %%
from utils import check, datasets, hint, plots, progress, solution

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(1)

# %% [markdown]
# ## 1 · Multiply and add
# A **perceptron** is a model of one neuron. It takes in numbers $x_1, \dots, x_m$, the **features** of an example. It
# multiplies each of them by a **weight**, adds the products, and adds a **bias**. The slides call the bias $w_0$, and code
# calls it $b$:
#
# $$z = b + \sum_{i=1}^m x_i w_i$$
#
# A large weight makes its input count for much; a negative weight makes it count against. The bias is the value of $z$ when
# all inputs are 0.
#
# ### Exercise 1.1 · The weighted sum by hand
# The lecture's example has the bias $b = 1$, the weights $w = (3, -2)$ and the input $x = (-1, 2)$. Compute $z$, and then
# the prediction $\hat y = 1 / (1 + e^{-z})$. `np.exp` is the exponential function.

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
# The last term, $w_2 x_2 = -4$, pulls $z$ down the most.
#
# ## 2 · Squash it
# The sum $z$ can be any number, but a probability lies between 0 and 1. An **activation** $g$ is a function that bends $z$
# into the form we need: $\hat y = g(z)$. Here are the sigmoid $\sigma$, the rectified linear unit (ReLU) and tanh:
#
# $$\sigma(z) = \frac{1}{1 + e^{-z}} \qquad \mathrm{ReLU}(z) = \max(0, z)$$
#
# $$\tanh(z) = \frac{e^z - e^{-z}}{e^z + e^{-z}} = 2\,\sigma(2z) - 1$$
#
# A fourth one, the **threshold**, is 1 where $z$ is positive and 0 where $z$ is negative.
#
# ### Exercise 1.2 · Four activations
# Write each formula so that it works element by element, on a number or on an array of any shape. The numbers may be floats
# or integers, and as large as ±1000. `keras.ops.exp`, `keras.ops.maximum` and `keras.ops.cast` take all of these. For
# example, `sigmoid(2)` is 0.881, `tanh(1)` is 0.762, `relu(-2)` is 0 and `threshold(3)` is 1.

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
# Which of the four are flat at both ends, and which one keeps growing? Where is each of them steepest?

# %%
plots.activations({"sigmoid": sigmoid, "tanh": tanh,
                   "ReLU": relu, "threshold": threshold})

# %% [markdown]
# The sigmoid, tanh and the threshold are flat at both ends. ReLU is flat on the left only, and keeps growing on the right.
# The sigmoid and tanh are steepest at $z = 0$, and the threshold jumps there. ReLU has the same slope, 1, for all positive
# $z$.
#
# ## 3 · How steep is it?
# To learn, a network must know how much its result changes when one of its numbers changes a little. For an activation,
# this is the derivative $g'$, the slope of its curve. For the sigmoid and tanh, the formula contains the function itself:
#
# $$\sigma' = \sigma\,(1 - \sigma) \qquad \tanh' = 1 - \tanh^2 \qquad
# \mathrm{ReLU}'(z) = \begin{cases} 1 & z > 0 \\ 0 & z < 0 \end{cases}$$
#
# At $z = 0$ ReLU has a kink and no single slope. There the check accepts any number from 0 to 1.
#
# ### Exercise 1.3 · Their derivatives
# Write the three derivatives with the functions that you have. The slope of the sigmoid at $z = 2$ is 0.105, and the slope
# of tanh at $z = 1$ is 0.420.

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
# What is the largest slope of the sigmoid? The answer matters in deep networks, where many slopes are multiplied.

# %%
plots.activations({"sigmoid": (sigmoid, sigmoid_prime),
                   "tanh": (tanh, tanh_prime),
                   "ReLU": (relu, relu_prime)})

# %% [markdown]
# The slope of the sigmoid is never above 0.25. Multiply ten such slopes, and the product is less than a millionth. The
# slopes of tanh and ReLU reach 1.
#
# ## 4 · The whole perceptron
# A perceptron has three steps: dot product, bias, activation. The dot product $x \cdot w$ is the sum of the products. In
# vectors, the perceptron is
#
# $$\hat y = g(x \cdot w + b)$$
#
# A **batch** of $n$ examples is a matrix $X$ of shape $(n, m)$, with one example in each row. The features lie along the
# last axis, as they do in a single example.
#
# ### Exercise 1.4 · The forward pass
# Computing a prediction from the inputs is called the **forward pass**. Put the three steps together, with the sigmoid as
# the activation. Your function should take one example or a whole batch. For the example of 1.1 it gives 0.00247.

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
# The next picture colors each point of the plane by its $\hat y$: green near 1, red near 0. Before you run the cell: on
# which side is the point (-1, 2), and how sure is the perceptron?

# %%
w, b = np.array([3.0, -2.0], np.float32), 1.0
plots.decision_regions(lambda X: perceptron(X, w, b), mark={"(-1, 2)": (-1, 2)})

# %% [markdown]
# The point lies deep in the red part. With $\hat y = 0.00247$ the perceptron is nearly certain that the answer is 0.
#
# ## 5 · Where it decides
# Between green and red lies the **decision boundary**: there $\hat y$ is 0.5, and the perceptron is undecided. The sigmoid
# is 0.5 where its input is 0. So for two features the boundary is a straight line:
#
# $$b + w_1 x_1 + w_2 x_2 = 0$$
#
# ### Exercise 1.5 · The decision line
# Solve this equation for $x_2$. For $w = (3, -2)$, $b = 1$ and $x_1 = 1$, $x_2$ is 2.

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
# Your line should lie in the white band of the picture. Which way does it move if you make the bias larger?

# %%
plots.decision_regions(lambda X: perceptron(X, w, b),
                       line=lambda x1: decision_line(x1, w, b),
                       mark={"(-1, 2)": (-1, 2)})

# %% [markdown]
# A larger bias makes $z$ larger everywhere, so the green part grows. Here the line moves to the upper left.
#
# ## 6 · Be the learning algorithm
# To learn is to find weights and a bias that fit the data. Do it once by hand, and you know what the computer has to do in
# lab 5. Here are two clouds of points. For the green dots $\hat y$ should be above 0.5, for the red crosses below. The
# percentage of points for which this holds is called the **accuracy**.
#
# Move one slider at a time. Which of the three turns the line, and which one only shifts it?

# %% tags=["nbval-ignore-output"]
plots.play_line(*datasets.clouds())

# %% [markdown]
# The weights turn the line: it stands at a right angle to the arrow from $(0, 0)$ to $(w_1, w_2)$. The bias shifts it.
#
# ### Exercise 1.6 · Train it yourself
# Choose the weights and the bias so that the accuracy is at least 95%. Write down three numbers that you found.

# %%
w_clouds, b_clouds = [1.0, 1.0], -5.8  # SOLUTION: two weights as a list, and a bias

# %%
check("1.6", (w_clouds, b_clouds))

# %% [markdown]
# What will happen to the white band if you double all three numbers? Look at the picture first, then try it.

# %%
w_array = np.array(w_clouds, np.float32)
plots.decision_regions(lambda X: perceptron(X, w_array, b_clouds),
                       *datasets.clouds(), limits=(0, 6))

# %% [markdown]
# With all three numbers doubled, $z$ is doubled everywhere. The line stays where it is, because 0 doubled is 0. The band
# becomes half as wide: the perceptron makes the same decisions and is surer of them.
#
# ## 7 · Why g must bend
# A **layer** is a group of perceptrons that see the same inputs. Put one layer after another, without an activation between
# them:
#
# $$(x W_1 + b_1)\,W_2 + b_2$$
#
# This looks like two layers. Multiply it out, and one layer $xW + b$ is left. It is the same for any number of layers:
# together they draw one straight line.
#
# ### Exercise 1.7 · Two linear layers are one
# Find the $W$ and the $b$ of that single layer. For $W_1 = \begin{pmatrix} 1 & 2 \\ 0 & 1 \end{pmatrix}$, $b_1 = (1, -1)$,
# $W_2 = \begin{pmatrix} 2 & 0 \\ 1 & 3 \end{pmatrix}$ and $b_2 = (0.5, 0)$, $b$ is $(1.5, -3)$.

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
# Keras should agree. `Dense` is its name for a layer. The next cell makes two of them with no activation between, and
# compares their predictions with those of your single layer.

# %%
model = keras.Sequential([keras.Input((2,)),
                          keras.layers.Dense(3), keras.layers.Dense(1)])
W, b_one = collapse(*model.get_weights())
X, _ = datasets.points()
difference = np.max(np.abs(model(X) - (X @ W + b_one)))
print("largest difference:", np.round(difference, 4))

# %% [markdown]
# The predictions are the same. Now take the green and the red points of the lecture. Both networks in the picture have 30
# **hidden units**, which are perceptrons between the inputs and the output. The left network has no activation after them,
# the right one has your tanh. Which shapes can each of them draw?

# %% tags=["cover"]
plots.linear_or_not(tanh, "your tanh")

# %% [markdown]
# The left network draws one straight line and reaches an accuracy of 57%. The right one bends its boundary around the green
# points and reaches 100%. Its colors far from all points mean nothing, because no example told it what is there.
#
# ## What the slide said
# The slides call `tf.math.sigmoid`, `tf.math.tanh` and `tf.nn.relu`. All three still work on floats. On integers the first
# two stop with an error. Your own sigmoid takes both, because it is made of `keras.ops.exp`:

# %%
try:
    tf.math.sigmoid(3)
except tf.errors.InvalidArgumentError as error:
    print(type(error).__name__)
print(np.round(tf.math.sigmoid(3.0), 4), np.round(sigmoid(3), 4))

# %% [markdown]
# One of the lecture's notes prints the sigmoid as $1 / (1 + e^{z})$. For $z = -6$ that is 0.9975, but the slide has 0.002.
# The sign of the exponent decides.
#
# ## Stretch
# You placed a line by hand. In 1958 Frank Rosenblatt published a rule that does this for you. Show the perceptron one point
# after another. Whenever the threshold's answer $\hat y$ is wrong, take a step:
#
# $$w \leftarrow w + \eta\,(y - \hat y)\,x \qquad b \leftarrow b + \eta\,(y - \hat y)$$
#
# The letter $\eta$ is "eta", the **learning rate**: it sets the size of a step.
#
# ### Exercise 1.8 · Stretch: Rosenblatt's rule
# Write one step. For $w = (1, -1)$, $b = 0$, $x = (1, 3)$, $y = 1$ and $\eta = 0.1$, the new $w$ is $(1.1, -0.7)$ and the
# new $b$ is 0.1.

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
# The next picture counts the mistakes in each **epoch**, which is one pass over all points. On the two clouds the mistakes
# stop. **XOR** ("exclusive or") has four points, and $y$ is 1 where exactly one of the two inputs is 1. No line can
# separate them. Do the mistakes stop there too?

# %%
plots.learning_by_mistakes(rosenblatt_step)

# %% [markdown]
# On XOR the mistakes never stop. Every line has at least one of the four points on the wrong side, so the rule always finds
# something to change.
#
# ## What you can do now
# - Compute a perceptron in three steps: dot product, bias, activation.
# - Choose an activation by its range and its slope.
# - Find the line where a perceptron changes its decision.
# - Explain why layers need an activation between them.
#
# **Next:** lab 2 puts many perceptrons side by side and calls them a Dense layer.
