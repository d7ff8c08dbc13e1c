# %% [markdown]
# # 10 · Convolutional networks
#
# A dense layer that turns 64 pixels into 576 numbers has 37,440 parameters. A convolution does it with 160, and the network
# built from it reads handwriting better.
#
# **Time:** 75 minutes
#
# After this lab you can
# - write a convolution, and say how large its output is;
# - make a kernel that finds edges, and see that networks learn such kernels;
# - count the parameters of a convolutional layer;
# - build a network of convolutions and poolings, and look inside it.

# %%
from utils import check, datasets, hint, plots, progress, solution, training

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(10)

# %% [markdown]
# ## 1 · A window that slides
# To a Dense layer an image is a list of numbers. It does not know which pixels are neighbors, and what it learns about one corner
# it cannot use in another. A **convolution** slides a small window over the image $X$. The window has a weight for each of its
# pixels; these weights are called the **kernel** $K$.
#
# $$z_{ij} = \sum_{a, b} K_{ab} \, X_{i+a,\, j+b}$$
#
# Each number of the result is a weighted sum, as in lab 1, of the few pixels under the window. The weights are the same
# everywhere. The result is called a **map**.
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
# The data of this lab are digits of 8 × 8 pixels, written by 13 people. An image has one more axis, for its **channels**: a
# gray image has one channel, a color photo has three, for red, green and blue.

# %%
train, validation, test = [(X.reshape(-1, 8, 8, 1), y) for X, y in datasets.digits()]
X, y = train
plots.images(X[:10], y[:10])

# %% [markdown]
# Watch your window slide over a four. The kernel adds the pixels at its right side, and subtracts those at its left side. In
# the map, blue is above 0 and red is below 0. Before you press play: where will the map be blue, and where red?

# %% tags=["nbval-ignore-output"]
four = X[y == 4][0, :, :, 0]
right_minus_left = np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]])
plots.sliding(convolve, four, right_minus_left)

# %% [markdown]
# The left of the map is blue: there the window is dark on its left and bright on its right. At the right edge of the four it is
# the other way round, so the map is red.
#
# ## 2 · How large is the map?
# Along 8 pixels, a window of 3 has 6 places. So the map is smaller than the image. **Padding** adds $p$ pixels of zeros on every
# side before the window starts. With a **stride** of $s$ the window moves by $s$ pixels at a time.
#
# ### Exercise 10.2 · The size of the output
# Return the number of places along one axis. For 8 pixels and a kernel of 3 it is 6. With a padding of 1 it is 8, as many as
# there are pixels. For 7 pixels, a kernel of 3 and a stride of 2 it is 3.

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
# In Keras, `padding="valid"` means no padding. With `padding="same"` and a stride of 1, the map is as large as the image. Do
# your numbers agree with the layers of Keras?

# %%
image = np.zeros((1, 28, 28, 1), np.float32)
for k, padding, stride, name in ((3, 0, 1, "valid"), (5, 2, 1, "same"),
                                 (3, 0, 2, "valid")):
    made = keras.layers.Conv2D(1, k, strides=stride, padding=name)(image).shape[1]
    print(f"kernel {k}, {name}, stride {stride}: Keras {made},",
          f"you {output_size(28, k, padding, stride)}")

# %% [markdown]
# They do. (For `"same"` with a kernel of 5, Keras adds $p = 2$ zeros on each side.)
#
# ## 3 · What a kernel finds
# Where the image looks like the kernel, the weighted sum is a large positive number. Where it looks like the negative of the
# kernel, the sum is a large negative number.
#
# An **edge** is a line where dark and bright meet. Across a vertical edge, from left to right, the brightness changes. Along
# the edge, from top to bottom, it stays the same.
#
# ### Exercise 10.3 · Edges
# Choose two kernels of 3 × 3 numbers. One finds vertical edges only, the other finds horizontal edges only. Where all pixels
# are equally bright, both give 0.

# %%
vertical = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])  # SOLUTION: for vertical edges
horizontal = vertical.T  # SOLUTION: for horizontal edges

# %%
check("10.3", vertical, horizontal)

# %% [markdown]
# Now use your kernels on a seven and on a zero. Which strokes will each kernel find?

# %%
seven, zero = X[y == 7][0, :, :, 0], X[y == 0][0, :, :, 0]
vertical, horizontal = np.array(vertical), np.array(horizontal)
plots.maps({"seven": [seven, convolve(seven, vertical), convolve(seven, horizontal)],
            "zero": [zero, convolve(zero, vertical), convolve(zero, horizontal)]},
           ["vertical", "horizontal"])

# %% [markdown]
# The vertical kernel finds the sides of the zero, and the horizontal kernel finds the bar of the seven. Each stroke has two
# edges, from dark to bright and back. So it is blue on one side and red on the other.
#
# A real photograph has edges too. Which of your kernels will find the legs of the tripod, and which the roofs on the horizon?

# %%
photo = datasets.photo()
plots.maps({"photo": [photo, convolve(photo, vertical), convolve(photo, horizontal)]},
           ["vertical", "horizontal"], see="A photographer at a tripod, roofs behind.")

# %% [markdown]
# The vertical kernel finds the legs, and the horizontal one the roofs. The back of the coat slopes, so both find it. Sky and
# grass have no strong edges: both give numbers near 0 there.
#
# What else can nine numbers do? Type some of your own. Can you make a kernel that moves the picture by a pixel, or one that
# finds only slopes from the lower left to the upper right?

# %% tags=["nbval-ignore-output"]
plots.play_kernel({"photo": photo, "seven": seven, "zero": zero})

# %% [markdown]
# A single 1 beside the middle moves the picture. A slope needs numbers that change along the other diagonal.
#
# For a long time people chose such kernels by hand. But their nine numbers are weights, so a network can learn them.
#
# ## 4 · A layer of kernels
# A convolutional layer has several **filters**. Each filter makes one map, and these maps are the channels of the output. The
# input has channels, too. A filter has a kernel for each of them: it adds up the results, and then it adds its bias.
#
# $$Z_f = b_f + \sum_c X_c * K_{cf}$$
#
# Here $*$ stands for your `convolve`.
#
# ### Exercise 10.4 · Channels
# Write the layer with your `convolve`. Then count its weights and biases. For kernels of 3 × 3, 16 input channels and 32
# filters there are 4,640.

# %%
def conv2d(image, kernels, b):
    """The maps of all filters, as Keras's Conv2D gives them without activation.

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
# Sixteen maps of 6 × 6 are 576 numbers. A Dense layer can make them from 64 pixels. It needs a weight for each pair of a pixel
# and a number, and 576 biases. How many weights and biases does a convolution need?

# %%
print("Dense layer:", (8 * 8 + 1) * 6 * 6 * 16)
print("convolution:", parameters(3, 1, 16))

# %% [markdown]
# It needs only 160. All places of a map share the same nine weights.
#
# ## 5 · Smaller maps
# A four is still a four when a stroke lies one pixel further left. **Max pooling** cuts each map into blocks and keeps the
# largest number of each block. The smaller map says what was found, and only roughly where.
#
# ### Exercise 10.5 · Max pooling
# Write it. A block has `size` × `size` pixels, and blocks do not overlap. Rows and columns that are left over, at the bottom
# and at the right, are dropped. With size 2,
# $\begin{pmatrix} 1 & 2 & 0 & 1 \\ 3 & 4 & 1 & 0 \\ 0 & 0 & 5 & 6 \\ 0 & 1 & 7 & 8 \end{pmatrix}$ becomes
# $\begin{pmatrix} 4 & 1 \\ 1 & 8 \end{pmatrix}$.

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

# %% [markdown]
# Here are the edges of a four, without their signs, before and after pooling. Which edges will be left?

# %%
edges = np.abs([convolve(four, vertical), convolve(four, horizontal)])
pooled = max_pool(np.moveaxis(edges, 0, -1), 2)
plots.maps({"four": [four, edges[0], pooled[:, :, 0], edges[1], pooled[:, :, 1]]},
           ["vertical", "pooled", "horizontal", "pooled"])

# %% [markdown]
# The strongest edges are left, at nearly the same places: the long stroke of the four still shows at the right.
#
# ## 6 · A network that reads
# The network to beat is the dense one of lab 7: 64 pixels, 128 hidden units, 10 logits, and 9,610 parameters. What accuracy
# does it reach on the validation set, from five starts?

# %% tags=["nbval-ignore-output"]
def dense_network():
    return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(),
                             keras.layers.Dense(128, "relu"), keras.layers.Dense(10)])


cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def accuracy(model, part=validation):
    return np.mean(np.argmax(model(part[0]), axis=1) == part[1])


def five_starts(network):
    return training.repeat(network, keras.optimizers.Adam(0.003), cross_entropy, X, y,
                           epochs=20, measure=accuracy)["measured"]


dense = five_starts(dense_network)
print(f"dense network: accuracy {dense.mean():.1%} on average")

# %% [markdown]
# ### Exercise 10.6 · A network that reads digits
# Build a convolutional network with fewer than 9,610 parameters. After 20 epochs with Adam(0.003), its accuracy on the
# validation set should be at least 97 %. These layers of Keras help:
#
# - `keras.layers.Conv2D(16, 3, padding="same", activation="relu")` has 16 filters of 3 × 3;
# - `keras.layers.MaxPooling2D()` halves the height and the width of the maps;
# - `keras.layers.Flatten()` makes one row of all the maps, for the last Dense layer.
#
# The check trains your network from a new start. If it falls a little short, it gets a second start.

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
print("higher accuracy on average than the dense network:",
      convolutional.mean() > dense.mean())

# %% [markdown]
# You have chosen your network, so the validation set has done its work. Now train the final network on training and validation
# set together, and test it once.

# %% tags=["nbval-ignore-output"]
keras.utils.set_random_seed(10)
model = network()
X_both, y_both = [np.concatenate(parts) for parts in zip(train, validation)]
history = training.train(model, keras.optimizers.Adam(0.003), cross_entropy,
                         X_both, y_both, 40, watch=plots.live_loss(40))

# %%
print("accuracy on the test set at least 97 %:", accuracy(model, test) >= 0.97)

# %% [markdown]
# ## 7 · What it has learned
# These are the kernels of the first layer. Nobody told them what to look for. Which ones look like your edge kernels?

# %% tags=["nbval-ignore-output"]
plots.filters(model)

# %% [markdown]
# Look for kernels that are blue on one side and red on the opposite side: those find edges. Many others have no name.
#
# Here is what the layers make of a four. The first maps still look like images. Can you say what the last maps stand for?

# %% tags=["nbval-ignore-output", "cover"]
plots.feature_maps(model, four[:, :, None])

# %% [markdown]
# Hardly anybody can. A number in the last maps says that some pattern was found in one region of the image. The Dense layer
# learns which patterns make a four.
#
# These are the digits of the test set that your network reads wrong. Can you read them?

# %% tags=["nbval-ignore-output"]
plots.misread(model, *test)

# %% [markdown]
# Some of them are hard for people, too. Others look easy, and yet the network may be sure of its wrong answer.
#
# ## What the slides said
# The slides use the kernel as it is, and so do Keras and you. In mathematics, a convolution first turns the kernel by 180°;
# what networks do is called **cross-correlation** there. The kernel is learned, so the difference does not matter.

# %%
turned = right_minus_left[::-1, ::-1]
print("turning this kernel changes the sign:",
      np.allclose(convolve(four, turned), -convolve(four, right_minus_left)))

# %% [markdown]
# ## Stretch
# Shift all test digits by one pixel to the left: `np.roll(test[0], -1, axis=2)`. (The first column comes back at the right; it
# is nearly always dark.) What accuracy is left for your network, and for a dense network that you train? One of our two fell
# below 50 %. Then add shifted digits to the training set, and measure again. This is called **data augmentation**.
#
# ## What you can do now
# - Slide a kernel by hand, and tell the size of its map.
# - Say what a filter finds, from its numbers or from its maps.
# - Read the shapes and the parameters of a convolutional network.
# - Beat a dense network with fewer parameters, and show it over several starts.
#
# **Next:** lab 11 takes such a network to digits that it has never seen.
