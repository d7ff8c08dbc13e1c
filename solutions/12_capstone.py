# %% [markdown]
# # 12 · Capstone
#
# One network of your own, one test, and 364 digits that it has never seen. Can it read them with five errors at most?
#
# You choose, the network trains, and you get a report card to show.
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
# Read handwritten digits. The training set is there to learn from, and the validation set to choose by. The test set is for the
# end: you use it once, on the final network. (With internet, `capstone.problem(mnist=True)` gives you the 70,000 digits of
# MNIST. The targets of this lab are set for the digits that come with the course.)

# %% tags=["cover"]
problem = capstone.problem()
(X, y), (X_val, y_val) = problem.train, problem.validation
print(len(y), "digits for training,", len(y_val), "for validation,",
      len(problem.test[1]), "for the test")
plots.images(X[10:30], y[10:30])

# %% [markdown]
# What is a good result? A number alone does not tell. So compare it with **baselines**, simple methods that your network should
# beat. Here are two: the nearest mean of lab 11, on plain pixels, and the dense network of lab 10, from five starts. What
# accuracy will they reach on the validation set?

# %%
means = np.array([X[y == digit].mean(axis=0) for digit in range(10)])
distances = np.linalg.norm((X_val[:, None] - means).reshape(len(X_val), 10, -1), axis=2)
nearest_mean = np.mean(distances.argmin(axis=1) == y_val)
print(f"nearest mean: accuracy {nearest_mean:.1%}")

# %%
def dense_network():
    return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(),
                             keras.layers.Dense(128, "relu"), keras.layers.Dense(10)])


cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

# %% tags=["nbval-ignore-output"]
dense = training.repeat(
    dense_network, keras.optimizers.Adam(0.003), cross_entropy, X, y, epochs=20,
    measure=lambda model: capstone.accuracy(model, (X_val, y_val)))
plots.accuracies({"dense network": dense["measured"]},
                 {"nearest mean": nearest_mean, "target": 0.98, "strong target": 0.985})

# %% [markdown]
# The nearest mean reads 88.4 %, and the dense network about 97 %. Your network should beat both.
#
# ## 2 · Your choices
# You may choose anything that fits into the five choices below. Here is one more tool. A digit that is moved by one pixel is
# still the same digit. So move the images at random during training, and you get new examples for free. This is called **data
# augmentation**. The layer below moves all images of a batch by the same random step. Over the epochs, the network sees a digit
# in up to nine places, not in one. (Keras has a similar layer, `RandomTranslation`, which moves each image on its own.)

# %%
class RandomShift(keras.layers.Layer):
    """Data augmentation: moves a batch of images by up to one pixel in training."""

    def call(self, x, training=None):
        if not training:
            return x
        padded = tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
        return tf.image.random_crop(padded, tf.shape(x))

# %% [markdown]
# ### Exercise 12.1 · Better than a baseline
# Make your choices. The check trains a new network with them for 160 steps. If that is not enough, it trains others for up to
# 640 steps. One of them should have a higher accuracy on the validation set than the nearest mean. You will come back to this
# cell.

# %%
def network():
    """A new, untrained network: images (8, 8, 1) in, ten logits out."""
    # BEGIN SOLUTION: your layers
    def conv(filters):
        return keras.layers.Conv2D(filters, 3, padding="same", activation="relu")
    return keras.Sequential([
        keras.Input((8, 8, 1)), RandomShift(), conv(32), conv(32),
        keras.layers.MaxPooling2D(), conv(64), keras.layers.Flatten(),
        keras.layers.Dropout(0.5), keras.layers.Dense(10)])
    # END SOLUTION


loss = cross_entropy  # SOLUTION: your loss
batch_size, epochs = 32, 20  # SOLUTION: your batch size, your number of epochs
rate = keras.optimizers.schedules.CosineDecay(0.004, 900)  # SOLUTION: a number, or a schedule
optimizer = keras.optimizers.Adam(rate)  # SOLUTION: your optimizer, with the rate
choices = {"network": network, "loss": loss, "optimizer": optimizer,
           "batch_size": batch_size, "epochs": epochs}


# %%
check("12.1", choices)

# %% [markdown]
# Now comes the whole training, with the training loss and the validation loss in one picture. Before you run it: will the two
# curves move apart, and which of your choices decide that? You may stop the training at any time.

# %% tags=["nbval-ignore-output"]
keras.utils.set_random_seed(12)
model, history = capstone.train(problem, choices)
accuracy = capstone.accuracy(model, problem.validation)
print(f"accuracy on the validation set: {accuracy:.1%}")

# %% [markdown]
# What do the curves tell you?
#
# - The validation loss rises while the training loss falls: the network over-fits. Use more dropout, data augmentation, or
#   fewer epochs.
# - Both are still falling at the end: use more epochs.
# - Both stay high: use another learning rate, or a larger network.
# - Both are low and close together: this is what you want. The training loss may even be the higher one, because it is
#   measured with dropout on, and during the epoch.
#
# Change your choices until you like what you see.
#
# ## 3 · The test
# Now your choices are made, and the validation set can help with the training. `final=True` trains a new network on both sets.
# The report card tests it on the test set. Do this once: the card counts the networks that you test.
#
# (If your learning rate follows a schedule, count the steps. With batches of 32, an epoch had 34 steps. On both sets it has
# 45.)

# %% tags=["nbval-ignore-output"]
keras.utils.set_random_seed(12)
model, history = capstone.train(problem, choices, final=True)

# %% tags=["nbval-ignore-output"]
card = capstone.ReportCard(problem, choices, model, history)
card

# %% [markdown]
# ### Exercise 12.2 · Better than dense networks
# The second target is an accuracy of at least 98 % on the test set. The check tests the network that you have trained.

# %%
check("12.2", model)

# %% [markdown]
# ### Exercise 12.3 · The strong target
# The third target is hard: at least 98.5 %. With 364 digits, that means five errors at most. If you miss it, go back. Train
# without `final`, and look at the errors on the validation set: `plots.misread(model, *problem.validation)`. Which choice would
# help with them? Decide on the validation set again. A second test is worth less than the first: you begin to choose by it.

# %%
check("12.3", model)

# %% [markdown]
# ## 4 · Does it read your hand?
# The weights of your network are written into the next picture, which computes with them by itself. Draw a digit with the
# mouse, and watch the ten probabilities while you draw. (By keyboard: arrow keys and the space bar.) What will it say to a
# scribble?

# %% tags=["nbval-ignore-output"]
plots.play_digit(model, *problem.validation)

# %% [markdown]
# It never says "I do not know": a scribble gets ten probabilities that add up to 1, like any digit. And it has learned from
# the digits of 13 people. The further your writing is from theirs, the less its accuracy on the test set says about you.
#
# ## 5 · Your report card
# Save the card as a page with everything in it, and show it. Somebody asks: "How sure is this accuracy?" What do you answer?
# (Hint: each digit of the test set counts 0.27 %, and another start gives another network.)

# %%
card.save("report_card.html")

# %% [markdown]
# A good answer: "On 364 digits, luck alone can move it by about one percent, up or down."
#
# ## The lecture, and where you built it
# The lecture ends with a review in three columns. Here is each line, with the exercises in which you wrote it.
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
# The lecture's tips for training still hold: try several learning rates, use batches, stop in time. Some names in its code have
# changed since then. The labs show the lines that work today.
#
# ## Stretch
# Take MNIST, `capstone.problem(mnist=True)`: 70,000 images of 28 × 28 pixels. Which of your choices are still good? Or train
# three networks from three starts, and average their probabilities. This is called an **ensemble**. How many errors are left?
#
# ## What you can do now
# - Design a network, and defend each choice by a measurement.
# - Know when a number is a result, and when it is luck.
# - Build every part of a network yourself. You have done it.
#
# **Next:** part two. A network writes dance tunes in [lab 13](13_sequences.ipynb), looks back at all of a tune at once in
# [lab 14](14_attention.ipynb), and paints digits that nobody wrote in [lab 15](15_generating_images.ipynb). `progress()` shows
# whether there is an exercise left.
