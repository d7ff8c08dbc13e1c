# %% [markdown]
# # 3 · Sequential models
#
# You attended four lectures and worked five hours on the project, and students like you all passed. The lecture's network
# gives you a chance of 10%: build it, and find out why.
#
# **Time:** 60 minutes
#
# After this lab you can
# - build a network with `Sequential` and with the functional API, as deep and as wide as you like;
# - compute its prediction yourself, from its weights;
# - count its parameters;
# - explain what a hidden layer and its activation are for.

# %%
from utils import check, datasets, hint, plots, progress, solution

from itertools import pairwise

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(3)

# %% [markdown]
# ## 1 · Will I pass this class?
# Two numbers may decide it: $x_1$, how many lectures you attend, and $x_2$, how many hours you spend on the final project.
# Here are 300 students of past years, made up for this course, and you: four lectures, five hours. Will you pass? And could
# one straight line separate those who passed from the others?

# %%
X, y = datasets.students()
you = np.array([[4, 5]], np.float32)
plots.data(X, y, mark={"you": (4, 5)}, names=("x1: lectures", "x2: hours"))

# %% [markdown]
# All students near you passed. But no straight line separates the green dots from the red crosses: a student needs both,
# lectures and hours. So the lecture uses two layers. A first layer of perceptrons sees the inputs, and one more perceptron
# sees the outputs of that layer. The first layer is **hidden**, because its outputs stay inside the network:
#
# $$h = g(xW_1 + b_1) \qquad \hat y = \sigma(hW_2 + b_2)$$
#
# `keras.Sequential` takes a list: first the shape of one example, `keras.Input((2,))`, then the layers in their order.
#
# ### Exercise 3.1 · One hidden layer
# Build the lecture's network: three hidden units with ReLU, and one output with the sigmoid. `keras.layers.Dense` takes the
# number of units and an `activation`, as your own layer did.

# %%
def network():
    """A model with 2 inputs, 3 hidden units (ReLU), and 1 output (sigmoid)."""
    # BEGIN SOLUTION: Input, hidden layer and output layer, in Sequential
    return keras.Sequential([
        keras.Input((2,)),
        keras.layers.Dense(3, activation="relu"),
        keras.layers.Dense(1, activation="sigmoid"),
    ])
    # END SOLUTION


# %%
check("3.1", network)

# %% [markdown]
# The weights are random. How many lines will the picture have, with one line for each weight?

# %%
keras.utils.set_random_seed(355)  # the same first weights for everybody
untrained = network()
plots.network(untrained)

# %% [markdown]
# There are nine lines: $2 \cdot 3$ lead to the hidden units, and 3 lead to the output.
#
# Your network is not trained: it has not seen a single student. Ask it anyway. What will it predict for you?

# %%
y_hat = untrained(you)
print("ŷ for (4, 5):", np.round(y_hat[0, 0], 1))

# %%
plots.decision_regions(untrained, X, y, mark={"you": (4, 5)}, limits=(-0.5, 10.5),
                       names=("x1: lectures", "x2: hours"))

# %% [markdown]
# The network predicts 0.1, a chance of 10%, although students like you passed. Its weights are random, so its prediction
# means nothing yet. Lab 4 measures how wrong it is, and lab 5 trains it.
#
# ## 2 · Deeper
# A hidden layer can take its inputs from another hidden layer, and so on. A network with several hidden layers is called
# **deep**. The first layer computes $z_1 = x W_1 + b_1$, and each layer $k$ after it computes
# $z_k = g(z_{k-1})\,W_k + b_k$.
#
# ### Exercise 3.2 · A deep network
# Build a network from a list of widths. The **width** of a layer is the number of its units. `[4, 3]` asks for a hidden
# layer of four units, then one of three, then the output.

# %%
def deep_network(widths, activation="relu"):
    """A Sequential model with 2 inputs, a hidden layer for each width, and 1 output.

    widths: a list of integers; an empty list asks for no hidden layer.
    activation: that of the hidden layers.  The output has the sigmoid.
    """
    # BEGIN SOLUTION: a list of layers that grows with the widths
    layers = [keras.Input((2,))]
    for width in widths:
        layers.append(keras.layers.Dense(width, activation=activation))
    layers.append(keras.layers.Dense(1, activation="sigmoid"))
    return keras.Sequential(layers)
    # END SOLUTION


# %%
check("3.2", deep_network)

# %% [markdown]
# Where are most of the lines in the next picture: before a wide layer, or between two wide layers? Then try other lists.

# %%
plots.network(deep_network([6, 12, 4]))

# %% [markdown]
# Most lines run between two wide layers. Here 6 and 12 units are joined by 72 lines, and 2 inputs and 6 units by only 12.
#
# ## 3 · The same, as a graph
# `Sequential` builds a chain of layers and nothing else. The **functional API** writes the network as a formula. You call a
# layer on the output of another, as in `hidden = keras.layers.Dense(3)(inputs)`. Then `keras.Model(inputs, outputs)` makes
# a model of everything between its two ends. In this way layers can branch and meet again.
#
# ### Exercise 3.3 · The functional API
# Write the network of 3.1 in this way, for any number of inputs and hidden units.

# %%
def functional_network(m, d):
    """A functional model: m inputs, d hidden units (ReLU), 1 output (sigmoid)."""
    inputs = keras.Input((m,))
    hidden = keras.layers.Dense(d, activation="relu")(inputs)  # SOLUTION: make a layer, call it
    outputs = keras.layers.Dense(1, activation="sigmoid")(hidden)  # SOLUTION: and once more
    return keras.Model(inputs, outputs)  # SOLUTION: the model from end to end


# %%
check("3.3", functional_network)

# %% [markdown]
# Give both models the same weights, and their predictions are the same:

# %%
same = functional_network(2, 3)
same.set_weights(untrained.get_weights())
print("largest difference:", np.round(np.max(np.abs(same(X) - untrained(X))), 4))

# %% [markdown]
# ## 4 · What a network computes
# A trained network has no secrets. It is a few matrices and the formula of section 1. The next cell trains one on the green
# and red points of lab 1. (`train` takes 400 steps of training. Labs 5 to 7 explain its lines.)

# %%
def train(model, X, y, steps=400):
    """Fit the weights of a model to the data, and give it back."""
    optimizer = keras.optimizers.SGD(0.3, momentum=0.9)
    model.compile(optimizer=optimizer, loss="binary_crossentropy",
                  steps_per_execution=20)  # 20 steps at a time: faster
    batches = tf.data.Dataset.from_tensors((X, y)).repeat(steps)
    model.fit(batches, shuffle=False, verbose=0)
    return model


keras.utils.set_random_seed(3)
points, labels = datasets.points()
trained = train(network(), points, labels)
print("shapes of its weights:", [w.shape for w in trained.get_weights()])

# %% [markdown]
# ### Exercise 3.4 · The forward pass of a network
# Compute the network's prediction from its weights, without calling the model. `keras.ops.relu` and `keras.ops.sigmoid` are
# the activations. An example: take $x$, $W$ and $b$ of exercise 2.1 for the hidden layer, and $W_2 = (1, -2, 0.5)^T$ and
# $b_2 = -1$ for the output. Then $\hat y$ is 0.622.

# %%
def forward(X, W1, b1, W2, b2):
    """The predictions of a network with a hidden layer (ReLU) and an output (sigmoid).

    X: shape (n, m).  W1: (m, d).  b1: (d,).  W2: (d, 1).  b2: (1,).
    Returns shape (n, 1).
    """
    hidden = keras.ops.relu(keras.ops.matmul(X, W1) + b1)  # SOLUTION: the hidden layer
    return keras.ops.sigmoid(keras.ops.matmul(hidden, W2) + b2)  # SOLUTION: ŷ


# %%
check("3.4", forward)

# %%
y_hat = forward(points, *trained.get_weights())
print("largest difference:", np.round(np.max(np.abs(y_hat - trained(points))), 4))

# %% [markdown]
# Your function and the model agree. Each hidden unit has a straight line where its $z$ is 0. On one side of the line its
# ReLU gives 0, on the other side it grows. The output adds up the three units. How many corners do you expect the green
# region to have?

# %% tags=["nbval-ignore-output"]
W1, b1, W2, b2 = trained.get_weights()
plots.decision_regions(lambda x: forward(x, W1, b1, W2, b2), points, labels,
                       limits=(-2.6, 2.6),
                       line=lambda x1: -(b1 + np.outer(x1, W1[0])) / W1[1],
                       line_name="where a unit's z is 0")

# %% [markdown]
# The border of the region can bend only at those three lines, because there a ReLU begins to grow. Here the border closes
# around the points and crosses each line twice. So three units give six corners.
#
# ## 5 · How many numbers is a network?
# ### Exercise 3.5 · Parameters of a stack
# Count the parameters of a chain of Dense layers. The list holds the number of inputs, and then the units of each layer:
# `[2, 3, 1]` is the lecture's network, which has 13 parameters.

# %%
def stack_parameters(sizes):
    """The number of parameters of a stack of Dense layers.

    sizes: the number of inputs, then the units of each layer, as a list.
    """
    total = 0
    for m, d in pairwise(sizes):  # two neighbors at a time
        total += m * d + d  # SOLUTION: the parameters of a layer of d units with m inputs
    return total


# %%
check("3.5", stack_parameters)

# %% [markdown]
# Take twelve hidden units, in one layer or in three layers of four. Which network has more parameters?

# %%
print("wide:", stack_parameters([2, 12, 1]))
print("deep:", stack_parameters([2, 4, 4, 4, 1]))

# %% [markdown]
# The deep network has more: 57, against 49 in the wide one. Its hidden layers are connected to each other as well.
#
# ## 6 · As few as you can
# More units mean more parameters, and more parameters need more time and more data. How many hidden units does it take to
# separate the green points from the red ones?
#
# ### Exercise 3.6 · Few units
# Find a network with at most 5 hidden units, in one layer or more, that reaches an accuracy of at least 95%. Training
# starts from random weights, and some starts are bad. So try several seeds for each network. With `"tanh"` training gets
# stuck less often than with `"relu"`.

# %%
keras.utils.set_random_seed(7)  # another number is another start
small = train(deep_network([3], "tanh"), points, labels)  # SOLUTION: as few units as you can

# %%
check("3.6", small)

# %% [markdown]
# The next picture compares your network with three others. Before you look: what can one unit draw, and what can two?

# %% tags=["nbval-ignore-output", "cover"]
models = {"1 unit": train(deep_network([1], "tanh"), points, labels),
          "2 units": train(deep_network([2], "tanh"), points, labels),
          "yours": small,
          "8 and 8 units": train(deep_network([8, 8], "tanh"), points, labels)}
plots.compare_regions(models, points, labels, limits=(-2.6, 2.6))

# %% [markdown]
# One hidden unit draws one straight border. Two units draw two, but the region stays open on one side. Three can close it:
# a triangle with round corners, because tanh bends smoothly. (The corners of section 4 are sharp, because ReLU bends at one
# point.)
#
# ## 7 · Four points that made history
# XOR is 1 where exactly one of two inputs is 1, and 0 at the other two points. In 1969 Minsky and Papert showed that no
# perceptron computes it. Which of these models can compute it, with the right weights?
#
# - **a**: `deep_network([])`, a single perceptron
# - **b**: `deep_network([8], "linear")`, eight hidden units without an activation
# - **c**: `deep_network([2], "tanh")`, two hidden units with tanh
# - **d**: `deep_network([1], "tanh")`, one hidden unit with tanh
#
# ### Exercise 3.7 · XOR
# Choose a letter.

# %%
answer = "c"  # SOLUTION: "a", "b", "c" or "d"

# %%
check("3.7", answer)

# %% [markdown]
# The next cell trains all four models. Which of their regions have one straight border?

# %% tags=["nbval-ignore-output"]
keras.utils.set_random_seed(2)  # one of the starts from which c finds its way
corners, is_xor = datasets.xor()
four = {"a": deep_network([]), "b": deep_network([8], "linear"),
        "c": deep_network([2], "tanh"), "d": deep_network([1], "tanh")}
rows = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]  # the last counts less: else a, b predict 0.5
for model in four.values():
    train(model, corners[rows], is_xor[rows], steps=300)
plots.compare_regions(four, corners, is_xor, limits=(-0.5, 1.5))

# %% [markdown]
# Models a, b and d have one straight border, and such a border gets at most three of the four points right. (Training makes
# the loss of lab 4 small, not the number of mistakes, so a trained model may get fewer.) Model c has two borders, with the
# green points between them.
#
# ## What the slide said
# A slide begins with `from tf.keras.layers import *`. Python looks for a package named `tf`, and there is none: `tf` is
# only a short name in your code. The next line is `Input(m)`, but `Input` takes a shape, not a number:

# %%
try:
    import tf.keras.layers
except ModuleNotFoundError as error:
    print(type(error).__name__)
from keras.layers import Dense, Input
try:
    Input(2)
except ValueError as error:
    print(type(error).__name__)
print(Input((2,)).shape)

# %% [markdown]
# The slides stack `Dense(n)` and `Dense(2)` and nothing else. Two things are missing. Without an `Input`, the model has no
# weights before its first call. Without an activation between the layers, the model is a single linear layer, as in
# exercise 1.7: halfway between two inputs, its output is halfway too. With ReLU it is not.

# %%
slide_model = keras.Sequential([Dense(3), Dense(2)])
print("weights:", len(slide_model.weights), end=" ")
slide_model(you)
print("after a call:", len(slide_model.weights))

# %%
for activation in (None, "relu"):
    stack = keras.Sequential([Input((2,)), Dense(8, activation=activation), Dense(2)])
    ends, middle = stack(np.array([[-3, 1], [3, 2]])), stack(np.array([[0, 1.5]]))
    straight = np.allclose(np.mean(ends, axis=0), middle, atol=1e-5)
    print("activation:", activation, " straight:", bool(straight))

# %% [markdown]
# ## Stretch
# Set the weights of `deep_network([2], "relu")` by hand with `set_weights`, so that it computes XOR. Begin on paper: the
# sum $x_1 + x_2$ is 0, 1 or 2, and the output has to rise and then fall.
#
# ## What you can do now
# - Stack layers, in a chain or as a graph.
# - Follow a prediction from the inputs to ŷ.
# - Count the parameters of a network.
# - Explain what hidden layers add, and why they need an activation.
#
# **Next:** lab 4 measures in one number how wrong a prediction is.
