# %% [markdown]
# # 10 · Convolutional networks
#
# A digit is a digit wherever it stands. Build the layer that knows this, and read handwriting with fewer weights and fewer
# errors.
#
# **Time:** 75 minutes
#
# After this lab you can
# - write a convolution, and say how large its output is;
# - make a kernel that finds edges, and see that networks learn such kernels;
# - count the weights of a convolutional layer;
# - build a network of convolutions and poolings, and look inside it.

# %%
from utils import check, datasets, hint, plots, progress, solution, training

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(10)

# %% [markdown]
# ## 1 · A window that slides
# To a Dense layer an image is a list of numbers: it does not know which pixels are neighbors, and what it learns of one corner
# it cannot use in another. A convolution looks through a small window, its **kernel** $K$, and slides it over the image $X$:
#
# $$z_{ij} = \sum_{a, b} K_{ab} \, X_{i+a,\, j+b}$$
#
# Each number of the result is a weighted sum, as in lab 1, of the few pixels under the window. The weights are the same
# everywhere.
#
# ### Exercise 10.1 · The convolution
# Write it in loops. For the image $\begin{pmatrix} 1 & 2 & 3 \\ 4 & 5 & 6 \\ 7 & 8 & 9 \end{pmatrix}$ and the kernel
# $\begin{pmatrix} 1 & 0 \\ 0 & -1 \end{pmatrix}$ every entry of the result is $-4$.

# %%
def convolve(image, kernel):
    """Slide the kernel over the image, and return the map of weighted sums.

    image: shape (h, w).  kernel: shape (k, m).  Returns shape (h - k + 1, w - m + 1).
    """
    (h, w), (k, m) = image.shape, kernel.shape
    z = np.zeros((h - k + 1, w - m + 1))
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            window = image[i:i + k, j:j + m]  # SOLUTION: the pixels under the kernel
            z[i, j] = np.sum(window * kernel)  # SOLUTION: their weighted sum
    return z


# %%
check("10.1", convolve)

# %% [markdown]
# The data of this lab: 8 × 8 pixels, written by 13 people. A picture has one more axis, for its channels: gray has one, a
# color photo three.

# %%
train, validation, test = [(X.reshape(-1, 8, 8, 1), y) for X, y in datasets.digits()]
X, y = train
plots.images(X[:10], y[:10])

# %% [markdown]
# Your window on its way over a four. The kernel counts what is bright on the right as positive, and on the left as negative.
# In the map, blue is above 0 and orange below: where will it be which?

# %% tags=["nbval-ignore-output"]
four = X[y == 4][0, :, :, 0]
right_minus_left = np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]])
plots.sliding(convolve, four, right_minus_left)

# %% [markdown]
# ## 2 · How large is the map?
# A window of 3 fits in 6 places along 8 pixels, so the map is smaller than the image. **Padding** adds $p$ pixels of zeros on
# every side before the window starts. With a **stride** of $s$ the window moves by $s$ pixels at a time.
#
# ### Exercise 10.2 · The size of the output
# Give the number of places along an axis. For 8 pixels and a kernel of 3 it is 6; with a padding of 1 it is 8, as large as
# before. For 7 pixels and a stride of 2 it is 3.

# %%
def output_size(n, k, padding, stride):
    """The number of places of a window along an axis: a whole number.

    n: pixels.  k: size of the kernel.  padding: zeros on each side.
    stride: pixels a step.
    """
    return (n + 2 * padding - k) // stride + 1  # SOLUTION: the number of places


# %%
check("10.2", output_size)

# %% [markdown]
# Keras says `padding="valid"` for none, and `padding="same"` for as much as keeps the size at stride 1. Do your numbers agree
# with its layers?

# %%
image = np.zeros((1, 28, 28, 1), np.float32)
for k, padding, stride, name in ((3, 0, 1, "valid"), (5, 2, 1, "same"),
                                 (3, 0, 2, "valid")):
    made = keras.layers.Conv2D(1, k, strides=stride, padding=name)(image).shape[1]
    print(f"kernel {k}, {name}, stride {stride}: Keras {made},",
          f"you {output_size(28, k, padding, stride)}")

# %% [markdown]
# ## 3 · What a kernel finds
# A kernel answers, with a number far from 0, where the image looks like it. An edge is a place where dark turns to bright:
# beside a vertical edge the brightness differs from left to right, and stays the same from top to bottom.
#
# ### Exercise 10.3 · Edges
# Choose two kernels of 3 × 3 numbers: one that answers to vertical edges alone, one to horizontal edges alone. Where the image
# is flat, both give 0, however bright it is.

# %%
vertical = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])  # SOLUTION: for vertical edges
horizontal = vertical.T  # SOLUTION: for horizontal edges

# %%
check("10.3", vertical, horizontal)

# %% [markdown]
# Your kernels on a seven and on a zero, whose bright pixels are blue here. Which strokes does each of them see? (The maps are
# divided by 4, to fit the colors.)

# %%
seven, zero = X[y == 7][0, :, :, 0], X[y == 0][0, :, :, 0]
vertical, horizontal = np.array(vertical), np.array(horizontal)
plots.matrices({"seven": seven, "vertical": convolve(seven, vertical) / 4,
                "horizontal": convolve(seven, horizontal) / 4,
                "zero": zero, "vertical ": convolve(zero, vertical) / 4,
                "horizontal ": convolve(zero, horizontal) / 4})

# %% [markdown]
# For a long time people chose such kernels by hand. Their nine numbers are weights like any others, so a network can learn
# them.
#
# ## 4 · A layer of kernels
# A layer has several kernels, called **filters**, and each makes a map of its own. The maps are the channels of what comes out.
# What comes in has channels as well: a filter has a kernel for each, adds up what they find, and adds its bias.
#
# $$Z_f = b_f + \sum_c X_c * K_{cf}$$
#
# Here $*$ stands for your `convolve`.
#
# ### Exercise 10.4 · Channels
# Write the layer with your `convolve`. Then count its weights and biases: for kernels of 3 × 3, 16 channels in and 32 filters
# there are 4,640.

# %%
def conv2d(image, kernels, b):
    """The maps of all filters: Conv2D of Keras for one image, without activation.

    image: shape (h, w, channels).  kernels: shape (k, k, channels, filters).
    b: biases, shape (filters,).  Returns shape (h - k + 1, w - k + 1, filters).
    """
    maps = []
    for f in range(kernels.shape[3]):
        found = [convolve(image[:, :, c], kernels[:, :, c, f])
                 for c in range(image.shape[2])]
        maps.append(sum(found) + b[f])  # SOLUTION: one map from what is found
    return np.stack(maps, axis=-1)  # SOLUTION: the filters along the last axis


def parameters(k, channels, filters):
    """The number of weights and biases of a layer with kernels of k × k."""
    return (k * k * channels + 1) * filters  # SOLUTION: weights and biases


# %%
check("10.4", conv2d, parameters)

# %% [markdown]
# A Dense layer from 8 × 8 pixels to as many numbers as 16 maps of 6 × 6 have needs a weight for each pair. How many does the
# convolution need?

# %%
print("Dense layer:", (8 * 8 + 1) * 6 * 6 * 16)
print("convolution:", parameters(3, 1, 16))

# %% [markdown]
# ## 5 · Smaller maps
# Whether a stroke lies one pixel further left should not matter. **Max pooling** cuts each map into blocks and keeps the
# largest number of each: what was found, and only roughly where.
#
# ### Exercise 10.5 · Max pooling
# Write it. A block is `size` × `size` pixels large, and blocks do not overlap. What is left over at the right and at the bottom
# is dropped.

# %%
def max_pool(maps, size):
    """The largest number of each block, for every map.

    maps: shape (h, w, d).  Returns shape (h // size, w // size, d).
    """
    h, w, d = maps.shape
    pooled = np.zeros((h // size, w // size, d))
    for i, j in np.ndindex(h // size, w // size):
        top, left = i * size, j * size  # SOLUTION: where the block begins
        block = maps[top:top + size, left:left + size]
        pooled[i, j] = block.max(axis=(0, 1))  # SOLUTION: one number for each map
    return pooled


# %%
check("10.5", max_pool)

# %%
edges = np.stack([convolve(four, vertical), convolve(four, horizontal)], axis=-1) / 4
pooled = max_pool(np.abs(edges), 2)
plots.matrices({"four": four, "vertical": np.abs(edges[:, :, 0]),
                "pooled": pooled[:, :, 0], "horizontal": np.abs(edges[:, :, 1]),
                "pooled ": pooled[:, :, 1]})

# %% [markdown]
# ## 6 · A network that reads
# The network to beat is the dense one of lab 7: 64 pixels, 128 units, 10 logits, and 9,610 parameters. How much of the validation
# part does it read, from five starts?

# %%
def dense_network():
    return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(),
                             keras.layers.Dense(128, "relu"), keras.layers.Dense(10)])


cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def share_right(model, part=validation):
    return np.mean(np.argmax(model(part[0]), axis=1) == part[1])


def five_starts(network):
    return training.repeat(network, keras.optimizers.Adam(0.003), cross_entropy, X, y,
                           epochs=20, measure=share_right)["measured"]


dense = five_starts(dense_network)

# %% [markdown]
# ### Exercise 10.6 · A network that reads digits
# Build a convolutional network with fewer parameters that reads at least 97 % of the validation part, after 20 epochs with
# Adam(0.003). In Keras a layer of 16 filters of 3 × 3 is `keras.layers.Conv2D(16, 3, padding="same", activation="relu")`;
# `keras.layers.MaxPooling2D()` halves the maps, and `keras.layers.Flatten()` makes a row of them for the last Dense layer. The
# check trains it from a new start, and once more if that one falls a little short.

# %%
def network():
    """A new, untrained network: images (8, 8, 1) in, ten logits out."""
    # BEGIN SOLUTION: convolutions, poolings, and a Dense layer for the logits
    return keras.Sequential([
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(10)])
    # END SOLUTION


# %%
check("10.6", network)

# %% tags=["nbval-ignore-output"]
convolutional = five_starts(network)
plots.accuracies({f"dense, {dense_network().count_params():,} parameters": dense,
                  f"yours, {network().count_params():,} parameters": convolutional})

# %%
print("more right on average than the dense network:",
      convolutional.mean() > dense.mean())

# %% [markdown]
# The validation digits have done their work, which was to choose. Now they may teach as well: the network to keep learns from
# both parts, and is tested once.

# %% tags=["nbval-ignore-output"]
keras.utils.set_random_seed(10)
model = network()
X_both, y_both = [np.concatenate(parts) for parts in zip(train, validation)]
history = training.train(model, keras.optimizers.Adam(0.003), cross_entropy,
                         X_both, y_both, 40, watch=plots.live_loss(40))

# %%
print("at least 97 % of the test part:", share_right(model, test) >= 0.97)

# %% [markdown]
# ## 7 · What it has learned
# These are the kernels of the first layer. Nobody told them what to look for. Which ones look like your edge kernels?

# %% tags=["nbval-ignore-output"]
plots.filters(model)

# %% [markdown]
# And this is what becomes of a four on its way through the layers. The first maps are still images; can you say of the last
# ones what they stand for?

# %% tags=["nbval-ignore-output", "cover"]
plots.feature_maps(model, four[:, :, None])

# %% [markdown]
# The digits of the test part that it reads wrong. Would you have read them?

# %% tags=["nbval-ignore-output"]
plots.misread(model, *test)

# %% [markdown]
# ## What the slides said
# The slides draw the convolution with the kernel as it is, and so do Keras and you. In mathematics the kernel is turned by
# 180° first; what networks do is called cross-correlation there. Since the kernel is learned, it makes no difference.

# %%
turned = right_minus_left[::-1, ::-1]
print("turning this kernel changes the sign:",
      np.allclose(convolve(four, turned), -convolve(four, right_minus_left)))

# %% [markdown]
# ## Stretch
# Shift all test digits by one pixel: `np.roll(test[0], 1, axis=2)` (their last column is dark nearly always, so it may come in
# on the other side). How much does your network still read, and how much a dense one that you train? Then train both with
# shifted digits among the others, and ask again.
#
# ## What you can do now
# - Slide a kernel by hand, and tell the size of its map.
# - Say what a filter finds, by its numbers or by its maps.
# - Read the shapes and the parameters of a convolutional network.
# - Beat a dense network with fewer weights, and show it over several starts.
#
# **Next:** lab 11 takes this network to digits it has never seen.
