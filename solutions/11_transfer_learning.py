# %% [markdown]
# # 11 · Transfer learning
#
# Few examples are enough for a network that has seen something like them. Take what it learned of five digits to five others,
# and measure when that helps.
#
# **Time:** 70 minutes
#
# After this lab you can
# - freeze layers, and prove that they stay as they are;
# - put a new head on a trained body;
# - use a body to make features, and classify by them without training;
# - fine-tune, and say up to how many examples it pays.

# %%
from utils import check, datasets, hint, plots, progress, solution, training

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(11)

# %% [markdown]
# ## 1 · Two tasks
# Suppose that you have many zeros, ones, twos, threes and fours, and hardly any digit above. Pretend that these are two
# tasks: a large one to learn from, and a small one that you care about.
#
# ### Exercise 11.1 · Two tasks
# Select the digits of a task. A network with five outputs knows the labels 0 to 4: so the first of the classes becomes 0, the
# next one 1, and so on.

# %%
def task(X, y, classes):
    """The images whose digit is one of the classes, and their labels, 0 to k - 1.

    X: images, shape (n, …).  y: digits, shape (n,).  classes: k digits, ascending.
    Returns two NumPy arrays, in the order of X and y; the labels are whole numbers.
    """
    rows = np.isin(y, classes)  # SOLUTION: which rows belong to it
    return X[rows], np.searchsorted(classes, y[rows])  # SOLUTION: images, new labels


# %%
check("11.1", task)

# %% [markdown]
# In a photo the digit is seldom in the middle. So put each somewhere on a field of 12 × 12 pixels: that makes the tasks
# harder, and gives a network more to learn that all digits have in common.

# %%
def somewhere(X, rng):
    """Place each image at random on a field of 12 × 12 pixels: shape (n, 12, 12, 1)."""
    field = np.zeros((len(X), 12, 12, 1), np.float32)
    for place, image, (i, j) in zip(field, X, rng.integers(0, 5, (len(X), 2))):
        place[i:i + 8, j:j + 8, 0] = image
    return field


rng = np.random.default_rng(11)
train, validation, _ = [(X.reshape(-1, 8, 8), y) for X, y in datasets.digits()]
X_old, y_old = task(*train, range(5))
X_new, y_new = task(*train, range(5, 10))
X_val, y_val = task(*validation, range(5, 10))
X_val = somewhere(X_val, rng)
plots.images(somewhere(X_new[:10], rng), y_new[:10] + 5)

# %% [markdown]
# The **body** turns an image into 32 features: `GlobalMaxPooling2D` keeps the largest number of each of its last maps, so what
# was found counts, and not where. The **head** is one Dense layer that makes logits of the features. Train both on the five
# digits of which there are many, each placed three times.

# %%
def new_body():
    def conv(filters, padding="same"):
        return keras.layers.Conv2D(filters, 3, padding=padding, activation="relu")
    return keras.Sequential([keras.Input((12, 12, 1)), conv(16, "valid"),
                             keras.layers.MaxPooling2D(), conv(32), conv(32),
                             keras.layers.GlobalMaxPooling2D()])


cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
body = new_body()
pretrained = keras.Sequential([keras.Input((12, 12, 1)), body, keras.layers.Dense(5)])

# %% tags=["nbval-ignore-output"]
X_many = np.concatenate([somewhere(X_old, rng) for _ in range(3)])
history = training.train(pretrained, keras.optimizers.Adam(0.003), cross_entropy,
                         X_many, np.tile(y_old, 3), epochs=6, watch=plots.live_loss(6))

# %%
def share_right(model, X, y):
    return np.mean(np.argmax(model(X), axis=1) == y)


X_seen, y_seen = task(*validation, range(5))
right = share_right(pretrained, somewhere(X_seen, rng), y_seen)
print("reads at least 90 % of new pictures of the old digits:", right >= 0.9)

# %% [markdown]
# ## 2 · Freeze
# A frozen layer works and does not learn. In Keras each layer has a switch, `trainable`. `fit` looks at the switches when it runs
# for the first time after `compile`, and never again.
#
# ### Exercise 11.2 · Freeze
# Freeze a model that `fit` has trained before: every layer but the last, so that it takes effect. The last line counts the
# numbers that still learn. (The check's model also has a layer BatchNormalization, which keeps averages of what it sees.
# Frozen, these stay too.)

# %%
def freeze(model, optimizer, loss):
    """Freeze all layers but the last; return how many weights and biases still learn.

    optimizer, loss: what the model is compiled with.
    """
    # BEGIN SOLUTION: freeze, and let `fit` know
    for layer in model.layers[:-1]:
        layer.trainable = False
    model.compile(optimizer, loss)
    # END SOLUTION
    return sum(tf.size(variable) for variable in model.trainable_variables)


# %%
check("11.2", freeze)

# %%
everything = pretrained.count_params()
left = freeze(pretrained, keras.optimizers.Adam(), cross_entropy)
print(f"{everything:,} weights and biases, {left} of them still learn")

# %% [markdown]
# ## 3 · A new head
# The old head knows how to tell zeros from fours, and nothing else. The body knows strokes, ends and loops, and where they
# meet: a nine has those too.
#
# ### Exercise 11.3 · A new head
# Put a new head on the body. The body is frozen, because a head that knows nothing makes large errors, and their gradients would
# spoil it.

# %%
def with_new_head(body, classes):
    """A model: the frozen body, then one Dense layer with a logit for each class."""
    body.trainable = False  # SOLUTION: what was learned stays
    return keras.Sequential([body, keras.layers.Dense(classes)])  # SOLUTION: body and head


# %%
check("11.3", with_new_head)

# %% [markdown]
# Ten examples of each new digit, drawn at random. One network has the old body and a new head, the other begins from nothing.
# `training.compile_steps` trains with all examples at once, which fifty allow. Which one reads more?

# %%
def few(k, draw):
    """k examples of each new digit, and their labels."""
    rng = np.random.default_rng(draw)
    rows = np.concatenate([rng.choice(np.flatnonzero(y_new == label), k, replace=False)
                           for label in range(5)])
    return somewhere(X_new[rows], rng), y_new[rows]


transferred = with_new_head(body, 5)
scratch = keras.Sequential([keras.Input((12, 12, 1)), new_body(),
                            keras.layers.Dense(5)])
train_new = training.compile_steps(transferred, keras.optimizers.Adam(0.01),
                                   cross_entropy)
train_all = training.compile_steps(scratch, keras.optimizers.Adam(0.003), cross_entropy)

# %% tags=["nbval-ignore-output"]
X_ten, y_ten = few(10, draw=0)
for name, model, train_steps, steps in (("new head", transferred, train_new, 100),
                                        ("from scratch", scratch, train_all, 50)):
    train_steps(X_ten, y_ten, steps)
    print(f"{name:13} {share_right(model, X_val, y_val):.0%} right")

# %% [markdown]
# That was one draw of the examples, and one start of each: remember it, and do not believe it yet.
#
# ## 4 · Features
# The body does not change any more. So its features of an image are always the same: compute them once. With features that
# are good, the simplest classifier there is may do: the class whose mean is nearest.
#
# ### Exercise 11.4 · Features
# Write both steps, with the usual distance between points. In the example of the docstring, (1, 1) lies nearest to the mean
# (0, 1) of class 0.

# %%
def extract(body, X):
    """The features that a body makes of images in prediction: shape (n, d)."""
    return body(X, training=False)  # SOLUTION: what comes out of the body


def nearest_mean(F_train, y_train, F):
    """For each row of F the class whose mean in F_train is nearest: shape (n,).

    F_train: features, shape (k, d), such as [[0, 0], [0, 2], [4, 0], [6, 0]].
    y_train: labels 0, 1, … as whole numbers, shape (k,), such as [0, 0, 1, 1].
    """
    means = np.array([F_train[y_train == label].mean(axis=0)  # of each class
                      for label in range(y_train.max() + 1)])
    distances = np.linalg.norm(F[:, None] - means, axis=2)  # SOLUTION: shape (n, classes)
    return np.argmin(distances, axis=1)  # SOLUTION: the nearest


# %%
check("11.4", extract, nearest_mean)

# %% [markdown]
# New digits that the body has never seen, by their pixels and by their features, flattened to the two directions in which they
# differ the most. In which of the two pictures do equal digits lie closer together, and which of them stand apart even in two
# directions of 32?

# %% tags=["nbval-ignore-output"]
F_val = np.array(extract(body, X_val))
plots.features({"pixels": (X_val, y_val + 5), "features": (F_val, y_val + 5)})

# %%
def flat(X):
    return X.reshape(len(X), -1)


F_ten = np.array(extract(body, X_ten))
by_pixels = np.mean(nearest_mean(flat(X_ten), y_ten, flat(X_val)) == y_val)
by_features = np.mean(nearest_mean(F_ten, y_ten, F_val) == y_val)
print("features read more than pixels, by 20 of 100 at least:",
      by_features - by_pixels > 0.2)

# %% [markdown]
# ## 5 · Fine-tune
# When the head is trained, the body may learn too, with care: at a smaller learning rate, and for few steps, so that it
# moves towards the new digits from what it knows.
#
# ### Exercise 11.5 · Fine-tuning
# Let the body learn again, and compile the training with the rate that is given. (Set the switch on the body itself: on the
# model, whose switch is on already, it changes nothing.)

# %%
def fine_tuning(model, body, learning_rate):
    """Compile the training of body and head, with Adam: train(X, y, steps)."""
    body.trainable = True  # SOLUTION: it learns again
    optimizer = keras.optimizers.Adam(learning_rate)  # SOLUTION: with a small rate
    return training.compile_steps(model, optimizer, cross_entropy)


# %%
check("11.5", fine_tuning)

# %% [markdown]
# Now measure. With 1, 3, 10 and 30 examples of each digit, five draws each: the new head, 100 steps; then fine-tuned, 40 more at
# a smaller rate; and a network from scratch, 50 steps. The head learns from features, which takes no time. Where do you expect
# transfer to help most, and where will it no longer matter?

# %%
learned, dense = body.get_weights(), transferred.layers[-1]
untrained = [0.1 * np.random.default_rng(0).normal(size=(32, 5)), np.zeros(5)]
head = keras.Sequential([keras.Input((32,)), dense])  # the same layer, for features
train_head = training.compile_steps(head, keras.optimizers.Adam(0.01), cross_entropy)
train_both = fine_tuning(transferred, body, learning_rate=0.002)


def three_ways(k, draw):
    """The share right with k examples a digit: new head, fine-tuned, from scratch."""
    X_few, y_few = few(k, draw)
    body.set_weights(learned)
    dense.set_weights(untrained)
    train_head(extract(body, X_few), y_few, 100)
    shares = [share_right(transferred, X_val, y_val)]
    train_both(X_few, y_few, 40)
    shares.append(share_right(transferred, X_val, y_val))
    scratch.layers[0].set_weights(new_body().get_weights())
    scratch.layers[1].set_weights(untrained)
    train_all(X_few, y_few, 50)
    return [*shares, share_right(scratch, X_val, y_val)]

# %% tags=["nbval-ignore-output", "cover"]
numbers = (1, 3, 10, 30)
shares = np.array([[three_ways(k, draw) for k in numbers] for draw in range(5)])
ways = {"new head": 0, "fine-tuned": 1, "from scratch": 2}
plots.curves({name: shares[:, :, way] for name, way in ways.items()}, x=numbers,
             xlabel="examples of each digit", ylabel="share right")

# %%
frozen, tuned, alone = np.moveaxis(shares.mean(axis=0), -1, 0)
print("with 1 example, fine-tuning reads more than scratch: ", tuned[0] > alone[0])
print("with 3 examples, fine-tuning reads more than scratch:", tuned[1] > alone[1])
print("with 30, the two are less than 0.1 apart:            ",
      abs(tuned[3] - alone[3]) < 0.1)
print("with 30, the frozen body is behind both:             ",
      frozen[3] < min(tuned[3], alone[3]))

# %% [markdown]
# With one and with three examples, what was learned elsewhere helps, and the fine-tuned network is ahead. With many, a network
# learns the same by itself, and a frozen body holds it back: its features were made for other digits. So transfer is a question
# of numbers, and the bands show how much of a difference is the luck of the draw.
#
# ## What the slides said
# The slides name transfer learning as an option: for photos people take a body that was trained with a million of them. In
# Keras that is a line, `keras.applications.MobileNetV2(include_top=False)`, which fetches its weights from the
# network. What you do with it then is what you did here.
#
# ## Stretch
# Which task teaches best? Pre-train on 5 to 9 and transfer to 0 to 4; or pre-train to tell even from odd. Draw the same curves.
#
# ## What you can do now
# - Freeze, compile, and check that nothing moved.
# - Put a head on a body, and classify by its features.
# - Fine-tune at a small rate.
# - Say with how many examples transfer pays, with the spread.
#
# **Next:** lab 12 is yours: a network of your own design, judged once.
