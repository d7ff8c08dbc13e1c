# %% [markdown]
# # 12 · Capstone
#
# A network of your own, from the first layer to the last word: you choose, it trains, it is tested on digits that it has not
# seen, and you get a report card to show.
#
# **Time:** 60 minutes
#
# After this lab you can
# - choose network, loss, optimizer, batch size and regularization, and give reasons;
# - read from two curves what to change next;
# - report a result that was tested once;
# - name every part of the lecture, and say where you built it.

# %%
from utils import capstone, check, hint, plots, progress, solution, training

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(12)

# %% [markdown]
# ## 1 · The problem
# Handwritten digits. You have a training part and a validation part, to learn from and to choose by. A third part is held back:
# it is for the test. (Where there is internet, `capstone.problem(mnist=True)` is the same with MNIST's 70,000 digits; the
# targets of this lab are set for the digits that ship with it.)

# %% tags=["cover"]
problem = capstone.problem()
(X, y), (X_val, y_val) = problem.train, problem.validation
print(len(y), "digits to learn from,", len(y_val), "to choose by,",
      len(problem.held_back[1]), "held back")
plots.images(X[10:30], y[10:30])

# %% [markdown]
# What is a good result? A number alone does not say. So there are two rivals: the nearest mean of lab 11, on plain pixels; and
# the dense network of lab 10, from five starts. Which shares of the validation part will they read?

# %%
means = np.array([X[y == digit].mean(axis=0) for digit in range(10)])
distances = np.linalg.norm((X_val[:, None] - means).reshape(len(X_val), 10, -1), axis=2)
print(f"nearest mean: {np.mean(distances.argmin(axis=1) == y_val):.1%}")

# %%
def dense_network():
    return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(),
                             keras.layers.Dense(128, "relu"), keras.layers.Dense(10)])


cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

# %% tags=["nbval-ignore-output"]
dense = training.repeat(
    dense_network, keras.optimizers.Adam(0.003), cross_entropy, X, y, epochs=20,
    measure=lambda model: capstone.accuracy(model, (X_val, y_val)))
plots.accuracies({"dense network": dense["measured"]})

# %% [markdown]
# ## 2 · Your choices
# Whatever fits into the five choices below is allowed. One tool more: a digit that is moved by a pixel is the same digit. While
# training, this layer moves all images of a batch by the same random step: the network sees each in nine places, not in one.

# %%
class Moved(keras.layers.Layer):
    """Moves a batch of images by up to one pixel while training, and only then."""

    def call(self, x, training=None):
        if not training:
            return x
        padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
        return tf.image.random_crop(padded, tf.shape(x))

# %% [markdown]
# ### Exercise 12.1 · Better than a baseline
# Make your choices. The check holds a rehearsal: it trains a new network for 160 steps, and others for up to 640 where these are
# not enough. One of them should read more of the validation part than the nearest mean. You will come back to this cell.

# %%
def network():
    """A new, untrained network: images (8, 8, 1) in, ten logits out."""
    # BEGIN SOLUTION: your layers
    def conv(filters):
        return keras.layers.Conv2D(filters, 3, padding="same", activation="relu")
    return keras.Sequential([
        keras.Input((8, 8, 1)), Moved(), conv(32), conv(32),
        keras.layers.MaxPooling2D(), conv(64), keras.layers.Flatten(),
        keras.layers.Dropout(0.5), keras.layers.Dense(10)])
    # END SOLUTION


loss = cross_entropy  # SOLUTION: your loss
batch_size, epochs = 32, 20  # SOLUTION: your batch size, and how often through the data
rate = keras.optimizers.schedules.CosineDecay(0.004, 900)  # SOLUTION: a number, or a schedule
optimizer = keras.optimizers.Adam(rate)  # SOLUTION: your optimizer, with the rate
choices = {"network": network, "loss": loss, "optimizer": optimizer,
           "batch_size": batch_size, "epochs": epochs}


# %%
check("12.1", choices)

# %% [markdown]
# Now the whole training, with the validation loss beside it. Before you run it: will the two curves part, and which of
# your choices decides that? (The training loss can be the higher one: it is measured with dropout on, and while the epoch goes
# on.) Change the cell above until you like what you see. You may stop a training at any time.

# %% tags=["nbval-ignore-output"]
keras.utils.set_random_seed(12)
model, history = capstone.train(problem, choices)
right = capstone.accuracy(model, problem.validation)
print(f"{right:.1%} of the validation part right")

# %% [markdown]
# ## 3 · The test
# Satisfied? Then the validation part has done its work, and may teach as well. `final=True` trains a new network on both parts
# (an epoch of batches of 32 has 45 steps then, not 34), and the report card tests it on what was held back. Do this once; the
# card counts the networks that were tested.

# %% tags=["nbval-ignore-output"]
keras.utils.set_random_seed(12)
model, history = capstone.train(problem, choices, final=True)

# %% tags=["nbval-ignore-output"]
card = capstone.ReportCard(problem, choices, model, history)
card

# %% [markdown]
# ### Exercise 12.2 · Better than dense networks
# The second target: at least 98 % of the digits held back. The check tests the network that you have trained.

# %%
check("12.2", model)

# %% [markdown]
# ### Exercise 12.3 · The strong target
# The third target is hard: at least 98.5 %. Of 364 digits, that leaves five errors. If you miss it, go back: train without
# `final`, look at the errors on the validation part, `plots.misread(model, *problem.validation)`, and decide by that part again
# which choice would help. A second test is worth less than a first, and the card says so.

# %%
check("12.3", model)

# %% [markdown]
# ## 4 · Your report card
# Save the card as a page with everything in it, and show it. What would you tell somebody who asks how sure the number is? (A
# hint: each digit held back counts 0.27 %, and another start gives another network.)

# %%
card.save("report_card.html")

# %% [markdown]
# ## The lecture, and where you built it
# The lecture ends with a review in three columns. Each line, with the exercises in which you wrote it:
#
# **The perceptron**
#
# - structural building blocks: weighted sum, bias, activation:
#   [1.1 The weighted sum by hand](01_perceptron.ipynb#Exercise-1.1-·-The-weighted-sum-by-hand),
#   [1.4 The forward pass](01_perceptron.ipynb#Exercise-1.4-·-The-forward-pass)
# - nonlinear activation functions, and why:
#   [1.2 Four activations](01_perceptron.ipynb#Exercise-1.2-·-Four-activations),
#   [1.3 Their derivatives](01_perceptron.ipynb#Exercise-1.3-·-Their-derivatives),
#   [1.7 Two linear layers are one](01_perceptron.ipynb#Exercise-1.7-·-Two-linear-layers-are-one)
#
# **Neural networks**
#
# - stacking perceptrons: a layer, a network:
#   [2.1 One layer, two ways](02_dense_layer.ipynb#Exercise-2.1-·-One-layer,-two-ways),
#   [2.2 MyDenseLayer](02_dense_layer.ipynb#Exercise-2.2-·-MyDenseLayer),
#   [3.2 A deep network](03_sequential_models.ipynb#Exercise-3.2-·-A-deep-network)
# - how wrong it is: the loss:
#   [4.1 Squared error](04_losses.ipynb#Exercise-4.1-·-Squared-error),
#   [4.2 Binary cross entropy](04_losses.ipynb#Exercise-4.2-·-Binary-cross-entropy),
#   [4.4 Softmax and cross entropy](04_losses.ipynb#Exercise-4.4-·-Softmax-and-cross-entropy)
# - optimization through backpropagation:
#   [5.2 Gradient descent](05_training.ipynb#Exercise-5.2-·-Gradient-descent),
#   [5.3 Backpropagation by hand](05_training.ipynb#Exercise-5.3-·-Backpropagation-by-hand),
#   [5.4 The training step](05_training.ipynb#Exercise-5.4-·-The-training-step)
#
# **Training in practice**
#
# - adaptive learning:
#   [6.1 Three learning rates](06_optimizers.ipynb#Exercise-6.1-·-Three-learning-rates),
#   [6.7 Adam](06_optimizers.ipynb#Exercise-6.7-·-Adam),
#   [6.8 A schedule](06_optimizers.ipynb#Exercise-6.8-·-A-schedule)
# - batching:
#   [7.1 The gradient of a batch](07_mini_batches.ipynb#Exercise-7.1-·-The-gradient-of-a-batch),
#   [7.2 The batches of an epoch](07_mini_batches.ipynb#Exercise-7.2-·-The-batches-of-an-epoch),
#   [7.5 The compiled epoch](07_mini_batches.ipynb#Exercise-7.5-·-The-compiled-epoch)
# - regularization: dropout, penalties, early stopping:
#   [8.2 Dropout](08_dropout.ipynb#Exercise-8.2-·-Dropout),
#   [8.4 The penalty](08_dropout.ipynb#Exercise-8.4-·-The-penalty),
#   [9.3 MyEarlyStopping](09_early_stopping.ipynb#Exercise-9.3-·-MyEarlyStopping)
#
# **And beyond**
#
# - convolutional networks:
#   [10.1 The convolution](10_convolutions.ipynb#Exercise-10.1-·-The-convolution),
#   [10.4 Channels](10_convolutions.ipynb#Exercise-10.4-·-Channels),
#   [10.6 A network that reads digits](10_convolutions.ipynb#Exercise-10.6-·-A-network-that-reads-digits)
# - transfer learning:
#   [11.3 A new head](11_transfer_learning.ipynb#Exercise-11.3-·-A-new-head),
#   [11.5 Fine-tuning](11_transfer_learning.ipynb#Exercise-11.5-·-Fine-tuning)

# %% [markdown]
# ## What the slides said
# The lecture's tips for training hold: try a learning rate and look, take batches, stop in time. What has changed since are
# the names in its code, and each lab shows the line that works today.
#
# ## Stretch
# Take MNIST, `capstone.problem(mnist=True)`: images of 28 × 28 pixels, and seventy thousand of them. Which of your choices still
# hold? Or average what three of your networks say, from three starts: how many errors are left?
#
# ## What you can do now
# - Design a network, and defend each choice by a measurement.
# - Know when a number is a result, and when it is luck.
# - Build every part of it yourself, since you have.
#
# **Next:** a problem of your own. `progress()` shows whether there is an exercise left.
