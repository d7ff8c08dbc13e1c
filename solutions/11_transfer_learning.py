# %% [markdown]
# # 11 · Transfer learning
#
# With three examples of each digit, a new network reaches an accuracy of 48 %. A network that has learned other digits before
# reaches 60 %.
#
# Take what a network learned from five digits, use it for the other five, and measure when that helps.
#
# **Time:** 70 minutes
#
# After this lab you can
# - freeze layers, and prove that they stay as they are;
# - put a new head on a trained body;
# - compute features with a body, and classify by them without training;
# - fine-tune, and say up to how many examples it pays.

# %%
from utils import check, datasets, hint, plots, progress, solution, training

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(11)

# %% [markdown]
# ## 1 · Two tasks
# Suppose that you have many examples of the digits 0 to 4, and few of the digits 5 to 9. Make two tasks of them: a large one to
# learn from, and a small one that you care about.
#
# ### Exercise 11.1 · Two tasks
# Select the digits of one task. A network with five outputs knows the labels 0 to 4. So the first of the classes becomes label
# 0, the next one becomes 1, and so on. For the classes 1, 4 and 8, the digits 4, 7 and 1 give the labels 1 and 0.

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
# In a photo a digit is seldom in the middle. So place each digit at random on a black field of 12 × 12 pixels. The tasks become
# harder, and a network has to learn something that helps with all digits: to find strokes anywhere.

# %%
def somewhere(X, rng):
    """Place each image at random on 12 × 12 pixels: shape (n, 12, 12, 1)."""
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
# The network has two parts. The **body** turns an image into 32 **features**, numbers that describe it. Its last layer,
# `GlobalMaxPooling2D`, keeps the largest number of each map: it keeps what was found, and forgets where. The **head** is one
# Dense layer, which turns the features into logits. Train both on the digits 0 to 4, each placed three times.

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
def accuracy(model, X, y):
    return np.mean(np.argmax(model(X), axis=1) == y)


X_seen, y_seen = task(*validation, range(5))
on_old = accuracy(pretrained, somewhere(X_seen, rng), y_seen)
print("accuracy on new images of the old digits at least 90 %:", on_old >= 0.9)

# %% [markdown]
# ## 2 · Freeze
# A **frozen** layer works, but it does not learn. In Keras each layer has a switch for this, `trainable`. After you flip a
# switch, compile the model again. Until then, `fit` goes on as before.
#
# ### Exercise 11.2 · Freeze
# This model was trained by `fit` before. Freeze all of its layers but the last, so that the next `fit` trains the last layer
# only. The last line counts the weights and biases that still learn. (The model of the check also has a BatchNormalization
# layer, which keeps averages of its inputs. When it is frozen, the averages stay as they are.)

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
# The old head can only tell the digits 0 to 4 apart. But the body finds patterns that make a digit, and a nine is made of such
# patterns, too.
#
# ### Exercise 11.3 · A new head
# Put a new head on the body, and freeze the body. A new head makes large errors at first, and their gradients would spoil what
# the body has learned.

# %%
def with_new_head(body, classes):
    """A model: the frozen body, then one Dense layer with a logit for each class."""
    body.trainable = False  # SOLUTION: what was learned stays
    return keras.Sequential([body, keras.layers.Dense(classes)])  # SOLUTION: body and head


# %%
check("11.3", with_new_head)

# %% [markdown]
# Draw ten examples of each new digit at random. One network has the old body and a new head. The other one starts **from
# scratch**, with random weights. `training.compile_steps` makes a function that trains on all examples at once: fifty are few
# enough for that. Which network will have the higher accuracy on the validation set?

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
    print(f"{name:13} accuracy {accuracy(model, X_val, y_val):.0%}")

# %% [markdown]
# In our run the network from scratch was ahead. But this was one draw of the examples and one start of each network: do not
# believe it yet. Section 5 repeats it.
#
# ## 4 · Features
# The body is frozen. So an image always has the same features, and you need to compute them only once. With good features, a
# very simple classifier may be enough: it takes the mean of each class, and chooses the class with the nearest mean.
#
# ### Exercise 11.4 · Features
# Write both steps, with the usual distance between points. With the examples in the docstring, the means are (0, 1) and (5, 0).
# The point (1, 1) is nearer to the first, so it gets class 0.

# %%
def extract(body, X):
    """The features that a body computes from images in prediction: shape (n, d)."""
    return body(X, training=False)  # SOLUTION: the output of the body


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
# Here are the new digits of the validation set, once by their pixels and once by their features. The picture has only two
# dimensions: the two directions in which the digits differ most, called **principal components**. In which panel are equal
# digits closer together? Which digit stands apart from the others?

# %% tags=["nbval-ignore-output"]
F_val = np.array(extract(body, X_val))
plots.features({"pixels": (X_val, y_val + 5), "features": (F_val, y_val + 5)})

# %%
def flat(X):
    return X.reshape(len(X), -1)


F_ten = np.array(extract(body, X_ten))
by_pixels = np.mean(nearest_mean(flat(X_ten), y_ten, flat(X_val)) == y_val)
by_features = np.mean(nearest_mean(F_ten, y_ten, F_val) == y_val)
print("accuracy by features at least 20 points above pixels:",
      by_features - by_pixels > 0.2)

# %% [markdown]
# By their features, equal digits are closer together. The sixes stand apart, and the other digits overlap. But there are 32
# features, and two directions show only a part of them: in all 32, the nearest mean does much better than with pixels.
#
# ## 5 · Fine-tune
# When the head is trained, the body may learn, too. Take a small learning rate and few steps, so that the body adapts what it
# knows and does not forget it. This is called **fine-tuning**.
#
# ### Exercise 11.5 · Fine-tuning
# Let the body learn again, and compile the training with Adam and this learning rate. (Set the switch of the body itself. The
# switch of the whole model is already on: setting it again changes nothing.)

# %%
def fine_tuning(model, body, learning_rate):
    """Compile the training of body and head, with Adam: train(X, y, steps)."""
    body.trainable = True  # SOLUTION: it learns again
    optimizer = keras.optimizers.Adam(learning_rate)  # SOLUTION: Adam, with this rate
    return training.compile_steps(model, optimizer, cross_entropy)


# %%
check("11.5", fine_tuning)

# %% [markdown]
# Now measure, with 1, 3, 10 and 30 examples of each digit, and five random draws for each number. There are three ways:
#
# - new head: 100 steps on the frozen body;
# - fine-tuned: then 40 steps more for body and head, at a smaller rate;
# - from scratch: 50 steps for a network with random weights.
#
# Where will the old body help most? Where will it no longer matter?

# %%
learned, dense = body.get_weights(), transferred.layers[-1]
untrained = [0.1 * np.random.default_rng(0).normal(size=(32, 5)), np.zeros(5)]
head = keras.Sequential([keras.Input((32,)), dense])  # the same layer, for features
train_head = training.compile_steps(head, keras.optimizers.Adam(0.01), cross_entropy)
train_both = fine_tuning(transferred, body, learning_rate=0.002)


def three_ways(k, draw):
    """The accuracies of the three ways, with k examples of each digit."""
    X_few, y_few = few(k, draw)
    body.set_weights(learned)
    dense.set_weights(untrained)
    train_head(extract(body, X_few), y_few, 100)
    reached = [accuracy(transferred, X_val, y_val)]
    train_both(X_few, y_few, 40)
    reached.append(accuracy(transferred, X_val, y_val))
    scratch.layers[0].set_weights(new_body().get_weights())
    scratch.layers[1].set_weights(untrained)
    train_all(X_few, y_few, 50)
    return [*reached, accuracy(scratch, X_val, y_val)]

# %% tags=["nbval-ignore-output", "cover"]
numbers = (1, 3, 10, 30)
accuracies = np.array([[three_ways(k, draw) for k in numbers] for draw in range(5)])
ways = {"new head": 0, "fine-tuned": 1, "from scratch": 2}
plots.curves({name: accuracies[:, :, way] for name, way in ways.items()}, x=numbers,
             xlabel="examples of each digit", ylabel="accuracy")

# %%
frozen, tuned, alone = np.moveaxis(accuracies.mean(axis=0), -1, 0)
print("with 1 example, fine-tuning is ahead of scratch: ", tuned[0] > alone[0])
print("with 3 examples, fine-tuning is ahead of scratch:", tuned[1] > alone[1])
print("with 30, the two are less than 0.1 apart:        ",
      abs(tuned[3] - alone[3]) < 0.1)
print("with 30, the frozen body is behind both:         ",
      frozen[3] < min(tuned[3], alone[3]))

# %% [markdown]
# With one and with three examples, the old body helps, and the fine-tuned network is ahead. From ten examples on, a network
# from scratch is nearly as good. With thirty, the frozen body is the weakest: its features were made for other digits. So it
# depends on the number of examples whether transfer pays. The bands show how much depends on the draw.
#
# ## What the slides said
# The slides name transfer learning as an option. For photos, people take a body that was trained on a million photos. In Keras
# this is one line, `keras.applications.MobileNetV2(include_top=False, pooling="max")`, which downloads the weights. After that,
# you do what you did here.
#
# ## Stretch
# Which task teaches best? Pre-train on the digits 5 to 9 and transfer to 0 to 4. Or pre-train on 0 to 4 with two classes only,
# even and odd. Draw the same curves.
#
# ## What you can do now
# - Freeze, compile, and check that nothing changed.
# - Put a head on a body, and classify by its features.
# - Fine-tune at a small rate.
# - Say with how many examples transfer pays, with the spread.
#
# **Next:** lab 12 is yours: a network of your own design, tested once.
