"""Exercises of lab 10: the convolution in loops, its size, kernels for edges, channels, max pooling, and a network that reads digits."""

import math

import keras
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from utils import datasets, training
from utils.advice import Advice
from utils.checking import FINE, Exercise, Mistake, Part, edited, edits_of, findings_of, limits, require


# --- 10.1 -------------------------------------------------------------------------------------------------------------
def images_and_kernels(rng):
    """The example of the text; then images and kernels that are not square, one of them as large as the image."""
    yield np.arange(1, 10, dtype=np.float32).reshape(3, 3), np.array([[1, 0], [0, -1]], np.float32)
    for size, kernel in (((8, 8), (3, 3)), ((5, 7), (2, 3)), ((6, 4), (3, 1)), ((4, 3), (4, 3))):
        yield tuple(rng.normal(size=shape).astype(np.float32) for shape in (size, kernel))

def keras_convolve(image, kernel, **options):
    """Keras's convolution, for one image with one channel and one kernel."""
    return np.asarray(keras.ops.conv(image[None, :, :, None], kernel[:, :, None, None], **options))[0, :, :, 0]

def convolve(image, kernel):
    (h, w), (k, m) = image.shape, kernel.shape
    z = np.zeros((h - k + 1, w - m + 1))
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            window = image[i:i + k, j:j + m]
            z[i, j] = np.sum(window * kernel)
    return z

slide = edits_of(convolve)
the_convolution = Exercise("10.1", "The convolution", right=keras_convolve, inputs=images_and_kernels, mistakes=edited(convolve,
    ("* kernel", "* kernel[::-1, ::-1]", "This turns the kernel by 180°, as in mathematics. Networks learn its numbers, and leave it."),
    ("return z", "return z.T", "Rows and columns of the result are exchanged: i counts the rows, from the top, and j the columns."),
    ("i:i + k, j:j + m", "j:j + k, i:i + m", "i and j are exchanged where the window is cut: i belongs to the rows, the first axis."),
    ("z[i, j]", "z[j, i]", "The sum is written to row j, column i. The row is i: rows are the first axis."),
    ("h - k + 1, w - m + 1", "h - k, w - m", "The last row and column are missing: along an axis of 3, a window of 2 has two places."),
    ("i + k, j:j + m", "i + k - 1, j:j + m - 1", "The window is a row and a column too small: a slice in Python stops before its end."),
    ("i + k, j:j + m", "i + k + 1, j:j + m + 1", "The window is a row and a column too large. A slice from a to b has b - a rows."),
    ("i:i + k, j:j + m", "i:k, j:m", "The window begins at i and j, but its end stays in place. The end has to move with the start."),
    (", j:j", "][j:j", "Two pairs of brackets cut the rows twice. One pair, with a comma in it, cuts rows and columns."),
    ("i:i + k", "i:i + m", "The window has as many rows as the kernel has columns. But a kernel need not be square."),
    ("i + k, j:j + m", "i + 3, j:j + 3", "The window fits a kernel of 3 × 3. Kernels come in any size: use the kernel's own shape."),
    ("j:j + m", "j:j + k", "The window has as many columns as the kernel has rows. But a kernel need not be square."),
    ("i + k, j:j + m", "i + m, j:j + k", "The height and the width of the window are exchanged: rows come first in a shape."),
    ("i + k, j:j + m", "i + 2, j:j + 2", "The window fits a kernel of 2 × 2. Kernels come in any size: use the kernel's own shape."),
    ("h - k + 1, w - m + 1", "2, 2", "The result is 2 × 2, whatever the image is. Its size follows from the two shapes."),
    ("np.sum", "", "There is more than one number for a window. Add up all of its products: a window gives one number."),
    ("np.sum", "np.mean", "This is the mean over the window; a convolution takes the sum."),
    (" * kernel", "", "The window is summed without the kernel, which has a weight for each pixel of the window."),
    ("window *", "window @", "This is a product of matrices. Here every entry is multiplied by the one in the same place, with `*`."),
    ("i:i + k, j:j + m", ":k, :m", "Every entry is that of the first window. The window has to move with i and j."),
    ("window *", "window[0, 0] *", "Only the window's first pixel counts. Multiply the whole window by the kernel, entry by entry."),
    ("return z", "return np.maximum(z, 0)", "Negative values are cut off: that is ReLU, which comes after a convolution."),
    ("return z", "return np.abs(z)", "The signs are lost: a convolution takes no absolute value."),
    (lambda image, kernel: keras_convolve(image, kernel, padding="same"), "A border of zeros was added. The window should stay within the image."),
    (lambda image, kernel: keras_convolve(image, kernel, strides=kernel.shape), "The windows do not overlap. Move by one pixel at a time."),
), hints=[
    "In how many places does a window of k pixels fit along an axis of h? Count for h = 3 and k = 2.",
    "The window at row i, column j: rows i to i + k - 1, and columns j to j + m - 1. Write it as a slice, with the kernel's own two numbers.",
    "Window and kernel have the same shape: multiply them with `*`, and sum all entries.",
], also_right=[
    convolve, slide("return z", "return z.tolist()"),
    lambda image, kernel: np.einsum("ijkl,kl->ij", sliding_window_view(image, kernel.shape), kernel),
    lambda image, kernel: sum(kernel[a, b] * image[a:len(image) - len(kernel) + 1 + a, b:image.shape[1] - kernel.shape[1] + 1 + b]
                              for a, b in np.ndindex(kernel.shape)),
])

# --- 10.2 -------------------------------------------------------------------------------------------------------------
def sizes(rng):
    """The examples of the text, then any: pixels, kernel, padding, stride."""
    yield from ((8, 3, 0, 1), (8, 3, 1, 1), (7, 3, 0, 2), (28, 5, 2, 3), (5, 5, 0, 2))
    yield 9, 3, 0, 5  # 6 / 5 steps: rounded up they are two
    yield 7, 2, 0, 3  # 5 / 3 steps: rounded to the nearest number they are two
    yield 7, 2, 0, 2  # 5 / 2 steps: Python rounds 2.5 to 2, and 3.5 to 4
    for _ in range(6):
        k = int(rng.integers(1, 6))
        yield int(rng.integers(k, 40)), k, int(rng.integers(0, 4)), int(rng.integers(1, 5))

def output_size(n, k, padding, stride):
    """The number of windows, counted by their first pixels."""
    return len(range(0, n + 2 * padding - k + 1, stride))

the_size = Exercise("10.2", "The size of the output", right=output_size, inputs=sizes, mistakes=[
    Mistake(lambda n, k, p, s: (n + 2 * p - k) // s, "This is one too few: the window at the very beginning counts as well."),
    Mistake(lambda n, k, p, s: (n + p - k) // s + 1, "The zeros are counted once, but they are added on both sides."),
    Mistake(lambda n, k, p, s: (n - k) // s + 1, "The padding has no effect. It makes the image longer before the window moves."),
    Mistake(lambda n, k, p, s: n + 2 * p - k + 1, "The stride has no effect. With stride 2 the window stops at every second place."),
    Mistake(lambda n, k, p, s: math.ceil((n + 2 * p - k) / s) + 1, "This rounds up. A window that reaches beyond the end is left out: round down."),
    Mistake(lambda n, k, p, s: round((n + 2 * p - k) / s) + 1, "This rounds to the nearest number. Round down: the last window has to fit whole."),
    Mistake(lambda n, k, p, s: round((n + 2 * p - k) / s + 1), "The sum is rounded to the nearest number. Round down: the last window has to fit whole."),
    Mistake(lambda n, k, p, s: (n + 2 * p - k) / s + 1, "A part of a window does not count: round down, with `//`."),
    Mistake(lambda n, k, p, s: (n + 2 * p - k + 1) // s, "The 1 comes too early. Divide how far the window can move, then count the first place."),
    Mistake(lambda n, k, p, s: n - k + 1, "This is the size without padding and stride. Padding makes the row longer, and a stride skips places."),
    Mistake(lambda n, k, p, s: (n + 2 * p - k + 1) / s, "The 1 comes too early, and nothing is rounded. How many whole steps can the window take?"),
    Mistake(lambda n, k, p, s: (n - 2 * p - k) // s + 1, "The padding is subtracted, but it makes the row longer."),
    Mistake(lambda n, k, p, s: (n + 2 * p) // s, "The kernel's size is missing. The larger the kernel, the fewer places it has."),
    Mistake(lambda n, k, p, s: (n + 2 * p + k) // s + 1, "The kernel's size is added. The larger the kernel, the fewer places it has."),
    Mistake(lambda n, k, p, s: n + 2 * p - k // s + 1, "Only the kernel is divided by the stride: `//` binds before `+` and `-`, so use brackets."),
    Mistake(lambda n, k, p, s: (n - k) // s + 1 + 2 * p, "The padding is added at the end. It makes the row longer, so add it before the division."),
], hints=[
    "Begin with padding 0 and stride 1: in how many places does a window of 3 fit along 8 pixels?",
    "Padding makes the row n + 2p pixels long. The window's first pixel can move by n + 2p - k at most; how many steps of the stride is that?",
    "Round the number of steps down, and count one more for the place where the window starts.",
], also_right=[
    lambda n, k, padding, stride: keras.ops.conv(np.zeros((1, n + 2 * padding, 1)), np.zeros((k, 1, 1)), stride, "valid").shape[1],
    lambda n, k, padding, stride: math.floor((n - k + 2 * padding) / stride + 1),
    lambda n, k, padding, stride: 1 + (n + 2 * padding - k) // stride,
    lambda n, k, padding, stride: np.int64(output_size(n, k, padding, stride)),
])

# --- 10.3 -------------------------------------------------------------------------------------------------------------
PREWITT, SOBEL = np.array([[-1, 0, 1]] * 3), np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])

def edges(name, across, line, turned):
    """One of the two kernels.  turned: makes it from one that finds vertical edges, and the other way round."""
    found, mistakes = findings_of(None,
        ("ZEROS", np.zeros((3, 3)), "All entries are 0, so this kernel finds nothing."),
        ("BRIGHTNESS", turned(PREWITT + np.eye(3)), "The entries do not add up to 0, so a flat, bright wall does not give 0. What one side adds, "
         "the other has to take away."),
        ("EXCHANGED", turned(PREWITT.T), f"This finds the other kind of edge. Brightness changes {across} a {name} edge, so the entries have to "
         "change that way."),
        ("BOTH", np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]), f"This finds edges of both kinds. The entries of each {line} have "
         "to add up to 0: then the other kind of edge gives 0."),
        ("NEITHER", np.array([[1, -1, 0], [-1, 1, 0], [0, 0, 0]]), "This finds corners, and neither kind of edge. Make one side positive "
         "and the other negative."),
    )

    def find_edges(answer):
        kernel = turned(require.numbers(answer, (3, 3), "The kernel has").astype(float))
        if not np.isfinite(kernel).all():
            raise Advice("The kernel holds nan or inf.")
        if not kernel.any():
            return found.ZEROS
        kernel = kernel / np.abs(kernel).max()
        if abs(kernel.sum()) > 1e-6:
            return found.BRIGHTNESS
        finds, finds_other = (np.abs(kernel.sum(axis)).max() > 1e-5 for axis in (0, 1))  # along an edge, only the sum counts
        if finds_other:
            return found.BOTH if finds else found.EXCHANGED
        return FINE if finds else found.NEITHER

    return Part(name, right=turned(PREWITT), observe=find_edges, mistakes=mistakes,
                also_right=[turned(SOBEL), turned(np.array([[0, 0, 0], [1, -1, 0], [0, 0, 0]])).tolist(), turned(PREWITT / 3), turned(-SOBEL / 8)])

edge_kernels = Exercise("10.3", "Edges", parts=[
    edges("vertical", "from left to right across", "row", lambda kernel: kernel),
    edges("horizontal", "from top to bottom across", "column", lambda kernel: kernel.T),
], hints=[
    "Left of a vertical edge it is dark, right of it bright. Which nine numbers give 0 where all is equally bright, and a large number at the edge?",
    "Subtract the left side from the right side: one column of negative numbers, one of zeros, one of positive numbers.",
    "The kernel for horizontal edges is the same, turned: `.T` exchanges rows and columns.",
])

# --- 10.4 -------------------------------------------------------------------------------------------------------------
def images_with_channels(rng):
    """An image with channels, some filters and biases, a gray one with one filter, and another with channels."""
    for (h, w), channels, k, filters in (((5, 4), 3, 2, 4), ((4, 4), 1, 2, 1), ((6, 5), 2, 3, 3)):
        yield tuple(rng.normal(size=shape).astype(np.float32) for shape in ((h, w, channels), (k, k, channels, filters), (filters,)))

def keras_count(k, channels, filters):
    return keras.Sequential([keras.Input((k, k, channels)), keras.layers.Conv2D(filters, k)]).count_params()

def conv2d(image, kernels, b):
    maps = []
    for f in range(kernels.shape[3]):
        found = [convolve(image[:, :, c], kernels[:, :, c, f])
                 for c in range(image.shape[2])]
        maps.append(sum(found) + b[f])
    return np.stack(maps, axis=-1)

the_layer = Exercise("10.4", "Channels", parts=[
    Part("conv2d", right=lambda image, kernels, b: keras.ops.conv(image[None], kernels)[0] + b, inputs=images_with_channels, atol=1e-4,
         mistakes=edited(conv2d,
        (" + b[f]", "", "The bias is missing. Each filter has one, and it is added to the whole map."),
        ("b[f]", "len(found) * b[f]", "The bias is added once for each channel. It belongs to the filter: add it once, after the sum."),
        ("b[f]", "b[0]", "Every map gets the bias of the first filter. Each filter has its own."),
        ("b[f]", "b", "All the biases are added to every map. A map gets the one of its own filter."),
        ("image.shape[2]", "1", "Only the first channel counts. A filter has a kernel for every channel, and adds up what they find."),
        ("sum(found)", "np.mean(found, axis=0)", "The channels are averaged; a filter adds them up."),
        ("sum(found)", "np.max(found, axis=0)", "Of the channels only the largest number counts; a filter adds up all of them."),
        ("sum(found)", "found[-1]", "Only the last channel is left: `=` in a loop overwrites what was there. Add up."),
        ("c, f]", "0, f]", "Every channel gets the filter's kernel of the first channel. Each channel has its own."),
        ("c, f]", "c, 0]", "All filters are the first one. The last axis of `kernels` counts the filters."),
        ("c, f]", "f, c]", "Channel and filter are exchanged: the third axis of `kernels` counts channels, the fourth filters."),
        (", axis=-1", "", "The maps come first in the shape. The filters take the place of the channels: they are the last axis."),
        ("+ b[f]", "- b[f]", "The bias is subtracted; a filter adds it."),
        ("np.stack", "np.concatenate", "`concatenate` puts the maps side by side, as one. `np.stack` makes a new axis for them."),
        ("np.stack(maps, axis=-1)", "maps[-1]", "Only the last filter's map comes back: `=` overwrites the list. Append each map."),
        ("maps.append(sum(found) + b[f])", "maps = sum(found) + b[f]", "One map takes the place of the list: append each map to it."),
        ("    return", "        return", "Only the first filter has a map: a `return` within the loop ends it in its first round."),
        ("maps.append(sum(found) + b[f])", "sum(found) + b[f]", "The list of maps is empty at the end: append one for each filter."),
        ("stack(maps, axis=-1)", "reshape(maps, (*maps[0].shape, -1))", "`reshape` mixes the numbers of the maps. Stack them instead."),
        ("np.stack(maps, axis=-1)", "sum(maps)", "All filters are added up into one map. Each filter gives a map of its own."),
        ("np.stack(maps, axis=-1)", "np.maximum(np.stack(maps, -1), 0)", "Negative values are cut off. This layer has no activation."),
    ), also_right=[conv2d, lambda X, K, b: np.einsum("ijcab,abcf->ijf", sliding_window_view(X, K.shape[:2], axis=(0, 1)), K) + b]),
    Part("parameters", right=keras_count, inputs=lambda rng: [(3, 16, 32), (3, 1, 16), *map(tuple, rng.integers(2, 8, (3, 3)).tolist())], mistakes=[
        Mistake(lambda k, channels, filters: k * k * channels * filters, "The biases are missing: one for each filter."),
        Mistake(lambda k, channels, filters: k * k * channels * filters + 1, "There is one bias for all. Each filter has its own."),
        Mistake(lambda k, channels, filters: (k * k + 1) * channels * filters, "There is a bias for each channel. A filter has one for all of them."),
        Mistake(lambda k, channels, filters: (k * k + 1) * filters, "The channels are not counted. A filter has k × k weights for each of them."),
        Mistake(lambda k, channels, filters: (k ^ 2) * channels * filters + filters, "`^` is no power in Python: `**` is."),
        Mistake(lambda k, channels, filters: k * k * channels + filters, "The weights are those of one filter. Each of them has as many."),
        Mistake(lambda k, channels, filters: (k * channels + 1) * filters, "A kernel has k × k weights, and this counts k of them."),
        Mistake(lambda k, channels, filters: k * k * channels + 1, "This counts one filter. There are more."),
        Mistake(lambda k, channels, filters: k * k * channels * filters + channels, "There are as many biases as channels. Each filter has one."),
    ], also_right=[lambda k, channels, filters: filters * (1 + channels * k**2), lambda k, channels, filters: k * k * channels * filters + filters]),
], hints=[
    "`found` is a list: what filter f finds in each channel. A filter adds up its channels.",
    "The sum, plus the bias of this filter, is one map. `np.stack` joins maps along a new axis: which one do the filters have?",
    "To count: a filter has k × k weights for each channel, and one bias. How many filters are there?",
], equivalent={
    "found = [convolve(image[:, :, c], kernels[:, :, c, f]) for c in range(kernels.shape[2])]": "image and kernels have as many channels",
    "return np.stack(maps, axis=--2)": "the third axis is the last",
})

# --- 10.5 -------------------------------------------------------------------------------------------------------------
def maps_to_pool(rng):
    """The example of the text, then maps with rows and columns left over; negative numbers too."""
    yield np.array([[1, 2, 0, 1], [3, 4, 1, 0], [0, 0, 5, 6], [0, 1, 7, 8]], np.float32)[:, :, None], 2
    yield rng.normal(size=(6, 8, 3)).astype(np.float32), 2
    yield rng.normal(size=(7, 5, 2)).astype(np.float32) - 3, 2
    yield rng.normal(size=(6, 10, 2)).astype(np.float32), 3

def max_pool(maps, size):
    h, w, d = maps.shape
    pooled = np.zeros((h // size, w // size, d))
    for i, j in np.ndindex(h // size, w // size):
        top, left = i * size, j * size
        block = maps[top:top + size, left:left + size]
        pooled[i, j] = block.max(axis=(0, 1))
    return pooled

max_pooling = Exercise("10.5", "Max pooling", right=lambda maps, size: keras.ops.max_pool(maps[None], size)[0], inputs=maps_to_pool,
    mistakes=edited(max_pool,
    ("block.max", "block.mean", "This is the mean of each block, which is average pooling. Take the largest number."),
    ("block.max", "block.min", "This is the smallest number of each block; take the largest."),
    ("block.max", "block.sum", "This is the sum of each block; take its largest number."),
    ("block.max", "np.abs(block).max", "Max pooling takes no absolute value: -5 is smaller than 1."),
    ("block.max(axis=(0, 1))", "block[0, 0]", "This takes the first number of each block, not the largest."),
    ("axis=(0, 1)", "", "The maximum is taken over all maps together. Each map keeps its own: say which axes the maximum runs along."),
    ("axis=(0, 1))", "axis=0)[0]", "The maximum is taken over the rows of a block only."),
    ("axis=(0, 1))", "axis=1)[0]", "The maximum is taken over the columns of a block only."),
    ("axis=(0, 1)", "axis=0", "A block has two axes of pixels. A maximum along one alone leaves several numbers for each map."),
    ("block.max(axis=(0, 1))", "block[:, :, 0].max()", "Every map gets the numbers of the first one. Each map keeps its own."),
    ("axis=(0, 1)", "axis=(1, 2)", "The third axis counts the maps, which stay apart. The pixels of a block lie along the first two."),
    ("axis=(0, 1)", "axis=-1", "The last axis counts the maps, which stay apart. The pixels of a block lie along the first two."),
    ("axis=(0, 1)", "0, 1", "Write two axes as a pair, in brackets of their own: `axis=(0, 1)`."),
    (".max(axis=(0, 1))", "", "The whole block is written to a place for one number of each map."),
    ("i * size, j * size", "j * size, i * size", "i and j are exchanged: the block begins at row i · size, column j · size."),
    ("i * size, j * size", "i, j", "The blocks overlap: the next one begins one pixel further. It begins where the last one ended."),
    (lambda maps, size: keras.ops.max_pool(maps[None], size, 1)[0], "The blocks overlap, as windows do. Each begins where the last ends."),
    ("= maps.shape", "= np.add(maps.shape, (size - 1, size - 1, 0))", "Rows and columns that are left over make blocks; drop them."),
    ("return pooled", "return np.maximum(pooled, 0)", "Negative numbers become 0. Does the search for the largest begin at 0?"),
), hints=[
    "The block at place (i, j) begins at row i · size, column j · size, and is size × size large.",
    "The block holds all maps, shape (size, size, d). Its maximum runs over the first two axes, and leaves a number for each map.",
], also_right=[
    max_pool, lambda maps, size: keras.layers.MaxPooling2D(size)(maps[None])[0],
    lambda maps, size: sliding_window_view(maps, (size, size), axis=(0, 1))[::size, ::size].max(axis=(-2, -1)),
], equivalent={"pooled[i, j] = block.max(axis=(0, -2))": "the second axis of three is the last but one"})

# --- 10.6 -------------------------------------------------------------------------------------------------------------
GOAL, EPOCHS, BATCH_SIZE, LEARNING_RATE = 0.97, 20, 32, 0.003
UNLUCKY = 0.05  # an unlucky start costs no more than this
DENSE = 9_610  # parameters of the dense network of the text, 64-128-10
BEATEN = f"It has {{seen}}; the dense network that it should beat has {DENSE:,}."
READS = f"After {EPOCHS} epochs its accuracy on the validation set is {{seen}}"

def read_digits(answer):
    """Train a network, and let it read. One that falls a little short gets a second start: the first may have been unlucky."""
    try:
        model = answer()
    except ValueError as error:
        if "min_ndim=4" not in str(error):
            raise
        return Network.NO_IMAGES
    if isinstance(model, keras.Model) and not isinstance(model, keras.Sequential) and not getattr(model, "inputs", None):
        raise Advice("The pictures of this lab follow an image through layers: use `keras.Sequential`, or `keras.Model` with its input and output.")
    if answer() is require.can_learn(require.model(model, inputs=(8, 8, 1))):
        raise Advice(require.SAME_MODEL)
    if model.output_shape != (None, 10):
        return Network.NO_LOGITS.about(model.output_shape)
    layers = training.layers_of(model)
    convolutions = [name for name in (type(layer).__name__ for layer in layers) if "Conv" in name]
    if "Conv2D" not in convolutions:
        return Network.OTHER_CONVOLUTION.about(convolutions[0]) if convolutions else Network.NO_CONVOLUTION
    if model.count_params() >= DENSE:
        return too_large(model, max(layers, key=lambda layer: layer.count_params()))
    train, validation = ((X.reshape(-1, 8, 8, 1), y) for X, y in datasets.digits()[:2])
    logits = np.asarray(model(validation[0][:64]))
    linear = keras.activations.linear
    if require.are_probabilities(logits) or getattr(layers[-1], "activation", linear) is not linear:
        return Network.ACTIVATED
    if accuracy_of(model, *validation) > 0.6:  # one that begins has about 0.1
        raise Advice(require.TRAINED)
    accuracy = accuracy_after_training(model, train, *validation)
    if GOAL - UNLUCKY <= accuracy < GOAL:
        accuracy = max(accuracy, accuracy_after_training(answer(), train, *validation))
    if accuracy >= GOAL:
        return FINE
    if require.activated(logits):
        return Network.ACTIVATED
    return (Network.GUESSING if accuracy < 0.2 else weakness_of(layers)).about(accuracy)

def weakness_of(layers):
    """What can be seen in the layers of a network that stays below the goal."""
    convolutions = [layer for layer in layers if "Conv" in type(layer).__name__]
    if all(set(layer.kernel_size) == {1} for layer in convolutions):
        return Network.ONE_PIXEL
    linear = keras.activations.linear
    bends = any("LU" in type(layer).__name__ or getattr(layer, "activation", linear) is not linear for layer in layers)
    return Network.BELOW_GOAL if bends else Network.STRAIGHT

def too_large(model, largest):
    """largest: the layer with the most parameters."""
    kernel_size = getattr(largest, "kernel_size", (0,))  # of a convolution
    finding = Network.LARGE_KERNELS if max(kernel_size) > 8 else Network.MANY_FILTERS if max(kernel_size) else Network.MANY_INPUTS
    return finding.about(f"{model.count_params():,} parameters, {largest.count_params():,} of them in one {type(largest).__name__}")

def accuracy_after_training(model, train, X, y):
    """Its accuracy on X, y after training."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with limits.not_charged():
        history = training.train(model, keras.optimizers.Adam(LEARNING_RATE), loss, *train, EPOCHS, BATCH_SIZE)
        if len(history["loss"]) < EPOCHS:
            raise KeyboardInterrupt  # the stop button ended the training: no verdict on half of it
        return accuracy_of(model, X, y)

def accuracy_of(model, X, y):
    return float(np.mean(np.argmax(model(X), axis=1) == y))

def functional_network():
    """The functional way, with a stride in place of the last pooling."""
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.MaxPooling2D(2)(keras.layers.Conv2D(24, 3, padding="same", activation="relu")(inputs))
    x = keras.layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
    return keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Dropout(0.3)(keras.layers.Flatten()(x))))

def network():
    return keras.Sequential([
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(16, 3, padding="same", activation="relu"), keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(32, 3, padding="same", activation="relu"), keras.layers.MaxPooling2D(),
        keras.layers.Flatten(), keras.layers.Dropout(0.3), keras.layers.Dense(10)])

def with_head_start():
    model, (X, y) = network(), datasets.digits()[0]
    model.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(X.reshape(-1, 8, 8, 1), y, epochs=2, verbose=0)
    return model

Network, mistakes_of_network = findings_of(network,
    ("NO_IMAGES", "(8, 8, 1)", "(64,)", "A convolution takes images. Begin with `keras.Input((8, 8, 1))`; `Flatten` follows the last convolution."),
    ("NO_LOGITS", "keras.layers.Flatten(),", "", "The model gives shape {seen}; expected (None, 10), ten logits for each image. `Flatten` makes a "
     "row, and ten units make it logits."),
    ("NO_CONVOLUTION", lambda: keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]),
     "It has no convolution. Begin with `keras.layers.Conv2D`."),
    ("OTHER_CONVOLUTION", "Conv2D(16", "SeparableConv2D(16", "Conv2D(32", "SeparableConv2D(32", "The pictures of this lab show the kernels of a "
     "`Conv2D`, and this network has only {seen}. Take at least one `Conv2D`."),
    ("LARGE_KERNELS", "16, 3", "3, 16", "32, 3", "3, 32", f"{BEATEN} `Conv2D` takes the number of filters first, and then the size of the kernels."),
    ("MANY_FILTERS", "16, 3", "64, 3", "32, 3", "64, 3", f"{BEATEN} A convolution has a kernel for each pair of channel and filter: take fewer."),
    ("MANY_INPUTS", "MaxPooling2D(),\n        keras.layers.Flatten", "Flatten", f"{BEATEN} Each unit has a weight for every number that comes in: "
     "let fewer come in, by pooling, or by fewer filters."),
    ("ACTIVATED", "Dense(10)", 'Dense(10, "softmax")', "The outputs have gone through an activation. The loss takes logits, of either sign: leave "
     "the activation out."),
    ("GUESSING", "16, 3, ", '16, 3, kernel_initializer="zeros", ', f"{READS}: it guesses. Does dropout remove nearly everything, or do all kernels "
     "begin with 0 and stay equal?"),
    ("BELOW_GOAL", "16, 3", "2, 3", "32, 3", "4, 3", f"{READS}; the goal is {GOAL:.0%}. Does it have enough filters, and a second convolution after "
     "the first pooling? Some dropout before the last layer helps against over-fitting; much of it harms."),
    ("ONE_PIXEL", "16, 3", "16, 1", "32, 3", "32, 1", f"{READS}. Its kernels have one pixel, so no unit sees neighboring pixels. Make them larger."),
    ("STRAIGHT", '16, 3, padding="same", activation="relu"', '2, 3, padding="same"', '32, 3, padding="same", activation="relu"',
     '4, 3, padding="same"', f"{READS}. Without an activation, several layers do no more than a single one: give the convolutions one."),
    ("", "return keras", "model = keras", "Dense(10)])", "Dense(10)])\n    model.trainable = False\n    return model", require.FROZEN),
    ("", with_head_start, require.TRAINED),
)
reading_network = Exercise("10.6", "A network that reads digits", right=functional_network, observe=read_digits, seconds=2.0,
    open="any network that reaches the goal is right, and the check measures that", mistakes=mistakes_of_network, hints=[
    "In this order: convolution, pooling, convolution, pooling, `Flatten`, `Dense(10)`. The second convolution looks at larger parts of the image.",
    "`padding=\"same\"` keeps 8 × 8 pixels 8 × 8, so that they can be halved twice. Some 16 filters first, then twice as many.",
    "`keras.layers.Dropout(0.3)` before the last layer helps it to generalize.",
], also_right=[network, lambda: keras.Sequential([keras.Input((8, 8, 1)), keras.Sequential(network().layers[:4]), *network().layers[4:]])])

EXERCISES = [the_convolution, the_size, edge_kernels, the_layer, max_pooling, reading_network]
