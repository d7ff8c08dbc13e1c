# %% [markdown]
# # 4 · Losses
#
# A loss measures how wrong a network is, but one loss on the slides is 0 even when every answer is wrong. Write losses that
# do better: for grades, for yes or no, for one class of many.
#
# **Time:** 60 minutes
#
# After this lab you can
# - write the squared error and the cross entropies, so that they stay finite for every input;
# - recognize the mistake in a shape that gives a plausible but wrong loss;
# - choose the loss that fits a question;
# - compute the loss of a model over a whole data set, batch by batch.

# %%
from utils import check, datasets, hint, plots, progress, solution

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(4)

# %% [markdown]
# ## 1 · How far off is a grade?
# The **target** $y$ is the true number, and the network predicts $\hat y$. Its error is $y - \hat y$. Square the error: the
# sign disappears, and large errors count more. This is the **loss** $L$ of one example. The **empirical loss** $J$ is the
# mean over all examples:
#
# $$L(\hat y, y) = (y - \hat y)^2 \qquad J = \frac{1}{n} \sum_{i=1}^n \left(y^{(i)} - \hat y^{(i)}\right)^2$$
#
# The lecture's three students have the grades 90, 20 and 95, and a network predicts 30, 80 and 85. Which of the three
# errors will count most?

# %%
grades = np.array([90, 20, 95], np.float32)
predicted = np.array([30, 80, 85], np.float32)
print("y - ŷ:", grades - predicted)

# %% [markdown]
# The first two errors count the same, because the square has no sign. Each counts 36 times as much as the third.
#
# A Keras model does not give a flat array of shape $(n,)$. It gives a column of shape $(n, 1)$. Subtract one from the
# other: what shape will the difference have?

# %%
column = predicted.reshape(3, 1)
plots.matrices({"y": grades, "ŷ": column, "y - ŷ": grades - column},
               outline={"y - ŷ": np.eye(3, dtype=bool)})

# %% [markdown]
# The shape is $(3, 3)$: every grade minus every prediction, nine differences for three students, and no error message. The
# rule behind it is called **broadcasting**: NumPy and TensorFlow repeat an array until the shapes fit. Broadcasting also
# adds a bias to every row. Here it compares students with each other.
#
# ### Exercise 4.1 · Squared error
# Write the loss of each example, then the mean. The second function must also be right when one argument is flat and the
# other is a column. `keras.ops.reshape(a, (-1,))` makes any array flat. For the three students, $J$ is 2433.3.

# %%
def squared_error(y, y_hat):
    """The loss L of each example.

    y, y_hat: numbers, or arrays of the same shape.  Returns that shape.
    """
    return (y - y_hat) ** 2  # SOLUTION: the difference, squared


def mse(y, y_hat):
    """The mean squared error J, a number.

    y: targets, y_hat: predictions, each of shape (n,) or (n, 1).
    """
    y = keras.ops.reshape(y, (-1,))  # SOLUTION: the targets, flat
    y_hat = keras.ops.reshape(y_hat, (-1,))  # SOLUTION: the predictions, flat
    return keras.ops.mean(squared_error(y, y_hat))  # SOLUTION: the mean of the losses


# %%
check("4.1", squared_error, mse)

# %% [markdown]
# Now take the grades of 300 past students, and a rough guess: 5 points, plus 6 for each lecture and 6 for each hour. How
# far off is it? The cell prints your loss, and then the loss with the broadcasting mistake.

# %%
X, grades = datasets.grades()
guess = 6 * X.sum(axis=1, keepdims=True) + 5  # a column, like the output of a model
print("mean squared error:", np.round(mse(grades, guess), 1))
print("with broadcasting: ", np.round(np.mean((grades - guess) ** 2), 1))

# %% [markdown]
# Both numbers look like a loss, but the second is far too large. It compares each prediction with the grades of all
# students. So it is smallest when everybody gets the mean grade, and that is what a network learns from it.
#
# ## 2 · Yes or no
# "Will I pass?" has the answer 1 or 0, and the network gives the probability $\hat y$ of a 1. The loss should be near 0
# when the network is sure and right. It should grow without limit when the network is sure and wrong. The logarithm does
# both. This is the **binary cross entropy**:
#
# $$J = -\frac{1}{n} \sum_{i=1}^n \left[ y^{(i)} \log \hat y^{(i)} + \left(1 - y^{(i)}\right) \log\left(1 - \hat y^{(i)}\right)
# \right]$$
#
# For $y = 1$ the second term is 0, and for $y = 0$ the first.
#
# ### Exercise 4.2 · Binary cross entropy
# Write it. The logarithm of 0 is infinite, so first keep $\hat y$ between $10^{-7}$ and $1 - 10^{-7}$, as Keras does:
# `keras.ops.clip(x, low, high)`. The lecture's three predictions, 0.1, 0.8 and 0.6, for the targets 1, 0 and 1, give 1.474.

# %%
def binary_cross_entropy(y, y_hat):
    """The mean binary cross entropy, a finite number even for predictions of 0 and 1.

    y: targets, 0 or 1.  y_hat: probabilities, of the same shape.
    """
    y_hat = keras.ops.clip(y_hat, 1e-7, 1 - 1e-7)  # SOLUTION: away from 0 and 1
    if_1, if_0 = keras.ops.log(y_hat), keras.ops.log(1 - y_hat)  # SOLUTION: two logarithms
    return -keras.ops.mean(y * if_1 + (1 - y) * if_0)  # SOLUTION: the formula above


# %%
check("4.2", binary_cross_entropy)

# %% [markdown]
# How does each loss punish a network that is sure and wrong? Look at $y = 1$ and $\hat y$ near 0.

# %%
plots.loss_curves({"squared error": squared_error,
                   "binary cross entropy": binary_cross_entropy})

# %% [markdown]
# Near $\hat y = 0$ the squared error is at most 1, and the binary cross entropy grows without limit.
#
# The lecture's network predicts 0.1, 0.8 and 0.6 for three students, and the first and the third pass. The network of lab 3
# predicted 0.1 for you, and you pass too. Which loss is larger: the mean of the three, or yours?

# %%
three = binary_cross_entropy(np.array([1.0, 0, 1]), np.array([0.1, 0.8, 0.6]))
you = binary_cross_entropy(np.array([1.0]), np.array([0.1]))
print("three students:", np.round(three, 3), " you:", np.round(you, 3))

# %% [markdown]
# Your loss is larger. The first of the three is as wrong as yours, but the other two pull the mean down.
#
# ## 3 · From the logit
# The input $z$ of the sigmoid is called a **logit**. In float32, which keeps about seven digits, the sigmoid of 20 is
# rounded to exactly 1, and so are the sigmoids of 50 and 1000: rounding erases the difference between them. So Keras
# recommends losses that take the logit, with `from_logits=True`. Put the sigmoid into the cross entropy and simplify. The
# result needs no clipping:
#
# $$L = \max(z, 0) - z\,y + \log\left(1 + e^{-|z|}\right)$$
#
# ### Exercise 4.3 · Binary cross entropy from logits
# Write it for logits as large as ±1000, and take the mean. You can use `keras.ops.abs`, `keras.ops.maximum` and
# `keras.ops.log1p`, which computes $\log(1 + x)$. For $y = 1$ and $z = -2$ the loss is 2.127.

# %%
def binary_cross_entropy_from_logits(y, z):
    """The mean binary cross entropy of σ(z), a number.

    y: targets, 0 or 1.  z: logits, any numbers, of the same shape.
    """
    first_terms = keras.ops.maximum(z, 0) - z * y  # SOLUTION: max(z, 0) - z y
    last_term = keras.ops.log1p(keras.ops.exp(-keras.ops.abs(z)))  # SOLUTION: the logarithm
    return keras.ops.mean(first_terms + last_term)  # SOLUTION: the mean of L


# %%
check("4.3", binary_cross_entropy_from_logits)

# %% [markdown]
# A network is wrong and sure of it: $y = 0$, with logits of 10, 20 and 50. Which of the two losses can tell them apart?

# %%
y = np.zeros(1, np.float32)
for z in np.array([[10], [20], [50]], np.float32):
    y_hat = np.asarray(keras.ops.sigmoid(z))
    print("from the probability:", np.round(binary_cross_entropy(y, y_hat), 1),
          " from the logit:", np.round(binary_cross_entropy_from_logits(y, z), 1))

# %% [markdown]
# The loss from the logit tells all three apart. The loss from the probability is 15.9 for both 20 and 50.
#
# ## 4 · One of many
# Which of ten digits is it? The network gives one logit for each class. **Softmax** turns the logits into probabilities
# that add up to 1. The cross entropy is minus the logarithm of one of them, the probability of the true class:
#
# $$\hat y_k = \frac{e^{z_k}}{\sum_j e^{z_j}} \qquad L = -\sum_k y_k \log \hat y_k \qquad
# \log \hat y_k = z_k - \log \sum_j e^{z_j}$$
#
# The target $y$ is **one-hot**, with a 1 at the true class and 0 elsewhere, or **sparse**, the number of the true class.
#
# ### Exercise 4.4 · Softmax and cross entropy
# Make all three functions safe for logits of ±1000. Softmax stays the same if you subtract the largest $z$ of a row from
# that row. `keras.ops.logsumexp` is $\log \sum e^{z}$, and is safe already. With `axis=-1, keepdims=True` both work row by
# row. For the logits $(2, 1, -1)$ and the true class 0, the cross entropy is 0.349.

# %%
def softmax(z):
    """The probabilities of the classes, shape (n, k).  z: logits, shape (n, k)."""
    e = keras.ops.exp(z - keras.ops.max(z, axis=-1, keepdims=True))  # SOLUTION: shift, e^z
    return e / keras.ops.sum(e, axis=-1, keepdims=True)  # SOLUTION: each row adds up to 1


def cross_entropy(Y, z):
    """The mean cross entropy.  Y: one-hot targets, z: logits, each of shape (n, k)."""
    log_y_hat = z - keras.ops.logsumexp(z, axis=-1, keepdims=True)  # SOLUTION: log ŷ
    return -keras.ops.mean(keras.ops.sum(Y * log_y_hat, axis=-1))  # SOLUTION: the mean of L


def sparse_cross_entropy(y, z):
    """The same.  y: the true classes, integers, shape (n,).  z: shape (n, k)."""
    return cross_entropy(keras.ops.one_hot(y, z.shape[-1]), z)  # SOLUTION: as one-hot rows


# %%
check("4.4", softmax, cross_entropy, sparse_cross_entropy)

# %% [markdown]
# Here are two examples and three classes. The second row of logits is the first one plus 3. What will softmax make of it?

# %%
z = np.array([[2, 1, -1], [5, 4, 2]], np.float32)
plots.matrices({"z": z, "softmax(z)": softmax(z),
                "Y": np.array([[1, 0, 0], [0, 0, 1]])})

# %% [markdown]
# Softmax makes the same probabilities of both rows: only the differences between the logits count.
#
# ## 5 · Which loss for which question?
# - **a**: mean squared error
# - **b**: binary cross entropy
# - **c**: cross entropy, with one-hot targets
# - **d**: sparse cross entropy, with integers as targets
#
# ### Exercise 4.5 · Choose the loss
# Choose a letter for each question.

# %%
passes = "b"  # SOLUTION: Will a student pass? One output; targets 0 and 1
grade = "a"  # SOLUTION: Which grade will it be? One output; targets from 0 to 100
digit = "d"  # SOLUTION: Which digit is it? Ten outputs; targets 7, 2, 1, …
weather = "c"  # SOLUTION: Sun, rain or snow? Three outputs; targets [0, 1, 0], …
topics = "b"  # SOLUTION: Which topics does a text have, one or more? Targets [1, 0, 1], …

# %%
check("4.5", passes, grade, digit, weather, topics)

# %% [markdown]
# ## 6 · Over a whole data set
# A large data set goes through a model in batches of $B$ examples, and the last batch is often smaller. The empirical loss
# is the mean over *examples*: an example in a small batch counts as much as any other.
#
# ### Exercise 4.6 · The empirical loss, batch by batch
# Compute it from the batches. `loss(y, y_hat)` gives the mean loss of one batch. If a batch of two examples has the loss 1
# and a batch of one example has the loss 4, the result is 2, and not 2.5.

# %%
def empirical_loss(model, loss, X, y, batch_size):
    """The mean loss of a model over a data set, a number.

    model: gives the predictions for X, at most batch_size examples at a time.
    loss: loss(y, y_hat), the mean over a batch.  X, y: the data, n rows each.
    """
    total = 0.0
    for start in range(0, len(X), batch_size):
        X_batch = X[start:start + batch_size]
        y_batch = y[start:start + batch_size]
        total += loss(y_batch, model(X_batch)) * len(X_batch)  # SOLUTION: the batch's sum
    return total / len(X)  # SOLUTION: the mean over all examples


# %%
check("4.6", empirical_loss)

# %% [markdown]
# "Will I pass this class?", once more, with a single perceptron. Its weights are set by hand, and not well:

# %%
X, y = datasets.students()
y = y.reshape(-1, 1)  # a column, like the output of the model
perceptron = keras.Sequential([keras.Input((2,)),
                               keras.layers.Dense(1, activation="sigmoid")])
perceptron.set_weights([np.array([[1.6], [0]]), np.array([-5])])
print("J =", np.round(empirical_loss(perceptron, binary_cross_entropy, X, y, 32), 2))

# %% [markdown]
# $J$ depends on the two weights of the perceptron. Keep its bias, take every pair of weights, compute $J$ each time, and
# you have a landscape. Where would you like to be, and which way is it from here?

# %% tags=["nbval-ignore-output", "cover"]
plots.loss_surface(perceptron, binary_cross_entropy, X, y, limits=(-0.25, 2))

# %% [markdown]
# You would like to be at the white star, where $J$ is lowest: with a smaller $w_1$ and a larger $w_2$. Go there with the
# sliders, or drag the white circle, and watch the line among the students. To train is to walk down this landscape. Lab 5
# finds the way without looking at all of it.
#
# ## What the slide said
# For yes or no, the slide calls `tf.nn.softmax_cross_entropy_with_logits`. It takes a row of logits for each example. In a
# column each row has one number. Softmax of one number is always 1, and $\log 1 = 0$. Here is the loss when all predictions
# are right, when they are 0.5, and when all are wrong:

# %%
y = np.array([[1], [0], [1], [0]], np.float32)
for y_hat in (y, 0.5 + 0 * y, 1 - y):
    slide = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y, y_hat))
    print("slide:", np.round(slide, 3),
          " binary cross entropy:", np.round(binary_cross_entropy(y, y_hat), 3))

# %% [markdown]
# The slide's loss is always 0, so its slope is 0 as well. But TensorFlow computes the **gradient**, the slope for each
# prediction (lab 5), by a formula for targets that add up to 1 in each row. With the result, training lowers $\hat y$ where
# $y = 0$ and does nothing where $y = 1$: the network learns to say no.
#
# Flat arrays do not help: the call takes four examples for four classes of one example. A flat array and a column
# broadcast. None of this gives an error message:

# %%
y = np.array([1, 0, 1, 0], np.float32)
y_hat = np.array([0.9, 0.2, 0.1, 0.6], np.float32)
z = np.log(y_hat / (1 - y_hat))
column = tf.Variable(y_hat.reshape(-1, 1))
with tf.GradientTape() as tape:
    loss = tf.nn.softmax_cross_entropy_with_logits(y.reshape(-1, 1), column)
    J = tf.reduce_mean(loss)
print("column:", np.round(J, 3), " gradient:", np.ravel(tape.gradient(J, column)))
print("flat:  ", np.round(tf.nn.softmax_cross_entropy_with_logits(y, y_hat), 3))
print("mixed: ", np.round(tf.nn.softmax_cross_entropy_with_logits(y, column), 3))
print("right: ", np.round(keras.losses.BinaryCrossentropy()(y, y_hat), 3),
      np.round(keras.losses.BinaryCrossentropy(from_logits=True)(y, z), 3))

# %% [markdown]
# The last line is right: `keras.losses.BinaryCrossentropy`, for probabilities and for logits.
#
# The slide's squared error is right for equal shapes, and otherwise broadcasts. `tf.keras.losses.MSE` takes the mean over
# the last axis only, so that a column gives one loss for each example. Its long name, `tf.keras.losses.mean_squared_error`,
# is gone from the newest releases. `keras.losses.MeanSquaredError()` is right for all these shapes:

# %%
print("slide:", np.round(tf.reduce_mean(tf.square(tf.subtract(y, y_hat))), 3),
      " column:", np.round(tf.reduce_mean(tf.square(tf.subtract(y, column))), 3))
print("MSE:  ", np.round(tf.keras.losses.MSE(y.reshape(-1, 1), column), 3))
print("right:", np.round(keras.losses.MeanSquaredError()(y, column), 3))

# %% [markdown]
# One of the lecture's notes has a minus in front of the mean squared error, and one has none in front of the cross entropy.
# If a loss falls below 0 for a wrong answer, its sign is wrong.
#
# ## Stretch
# A network that knows nothing about a student can still predict the same number for everybody. Which number has the lowest
# binary cross entropy? Guess, then compare the two numbers that the cell prints.

# %%
X, y = datasets.students()
constants = np.linspace(0.01, 0.99, 99)
losses = [float(binary_cross_entropy(y, np.full_like(y, c))) for c in constants]
print("best constant:", np.round(constants[np.argmin(losses)], 2))
print("fraction that passed:", np.round(np.mean(y), 2))

# %% [markdown]
# They are equal: without any knowledge, the best prediction is the fraction of students who passed.
#
# ## What you can do now
# - Measure how wrong a network is in one number, for each kind of question.
# - Spot broadcasting before it spoils a loss.
# - Keep logarithms and exponentials finite.
# - Average over examples, not over batches.
#
# **Next:** lab 5 walks down the landscape, and the network learns.
