"""Exercises of lab 10: the convolution in loops, its size, kernels for edges, channels, max pooling, and a network that reads digits."""

import math
from functools import cache

import keras
import numpy as np

from utils import datasets, diagnosis, training
from utils.advice import Advice
from utils.checking import Exercise, Mistake, is_seen

# --- 10.1 -------------------------------------------------------------------------------------------------------------


def images_and_kernels(rng):
    """The example of the text; then images and kernels that are not square, one of them as large as the image."""
    yield np.arange(1, 10, dtype=np.float32).reshape(3, 3), np.array([[1, 0], [0, -1]], np.float32)
    for size, kernel in (((8, 8), (3, 3)), ((5, 7), (2, 3)), ((6, 4), (3, 1)), ((4, 3), (4, 3))):
        yield tuple(rng.normal(size=shape).astype(np.float32) for shape in (size, kernel))


def by_keras(image, kernel):
    """Keras's convolution, for one image of one channel and one kernel."""
    convolved = keras.ops.conv(np.float32(image)[None, :, :, None], np.float32(kernel)[:, :, None, None], padding="valid")
    return np.asarray(convolved)[0, :, :, 0]


def in_loops(
    size=lambda h, w, k, m: (h - k + 1, w - m + 1),
    window=lambda image, i, j, k, m: image[i : i + k, j : j + m],
    at=lambda i, j: (i, j),
    value=lambda window, kernel: np.sum(window * kernel),
):
    """An answer in two loops, with a part changed."""
    def answer(image, kernel):
        k, m = kernel.shape
        out = np.zeros(size(*image.shape, k, m))
        for i in range(len(out)):
            for j in range(out.shape[1]):
                out[at(i, j)] = value(window(image, i, j, k, m), kernel)
        return out
    return answer


def of_the_same_size(image, kernel):
    k, m = kernel.shape
    padded = np.pad(image, [((k - 1) // 2, k // 2), ((m - 1) // 2, m // 2)])
    return by_keras(padded, kernel)


def by_shifted_images(image, kernel):
    """Another right answer: the sum of shifted images, one for each entry of the kernel."""
    rows, columns = np.subtract(image.shape, kernel.shape) + 1
    return sum(kernel[a, b] * image[a : a + rows, b : b + columns] for a, b in np.ndindex(kernel.shape))


def by_windows(image, kernel):
    return np.einsum("ijkl,kl->ij", np.lib.stride_tricks.sliding_window_view(image, kernel.shape), kernel)


the_convolution = Exercise(
    "10.1", "The convolution",
    right=by_keras,
    inputs=images_and_kernels,
    mistakes=[
        Mistake(lambda image, kernel: by_keras(image, kernel[::-1, ::-1]), "The kernel is turned by 180°. Mathematicians call that a convolution; networks "
                "leave the kernel as it is, since they learn its numbers anyway."),
        Mistake(lambda image, kernel: by_keras(image, kernel).T, "Rows and columns of the result are exchanged: i counts rows, from above, and j counts "
                "columns."),
        Mistake(in_loops(window=lambda image, i, j, k, m: image[j : j + k, i : i + m]), "i and j are exchanged where the window is cut: i belongs to the rows, "
                "the first axis, and j to the columns."),
        Mistake(in_loops(at=lambda i, j: (j, i)), "The number is written to row j, column i: i belongs to the rows, the first axis."),
        Mistake(in_loops(size=lambda h, w, k, m: (h - k, w - m)), "The last row and the last column are missing: the window fits one more time. Along an axis "
                "of 3, a window of 2 has two places."),
        Mistake(in_loops(window=lambda image, i, j, k, m: image[i : i + k - 1, j : j + m - 1]), "The window is one short: in Python, the end of a slice does not "
                "belong to it."),
        Mistake(in_loops(window=lambda image, i, j, k, m: image[i : i + k + 1, j : j + m + 1]), "The window is one row and one column too large: in Python, the end of a "
                "slice does not belong to it."),
        Mistake(in_loops(window=lambda image, i, j, k, m: image[i:k, j:m]), "The window begins at i and j, and ends where it always ended. Its end moves with it: it is "
                "as far from the start as the kernel is large."),
        Mistake(in_loops(window=lambda image, i, j, k, m: image[i : i + k][j : j + m]), "Two pairs of brackets cut the rows, and then the rows again. One pair, with a comma "
                "in it, cuts rows and columns."),
        Mistake(in_loops(window=lambda image, i, j, k, m: image[i : i + m, j : j + m]), "The window has as many rows as the kernel has columns. A kernel need not be square: "
                "take both numbers from its shape."),
        Mistake(in_loops(window=lambda image, i, j, k, m: image[i : i + 3, j : j + 3]), "The window has the size that fits a kernel of 3 × 3, and kernels come in any size. "
                "Take height and width from the kernel's shape."),
        Mistake(in_loops(window=lambda image, i, j, k, m: image[i : i + k, j : j + k]), "The window has as many columns as the kernel has rows. A kernel need "
                "not be square: take both numbers from its shape."),
        Mistake(in_loops(window=lambda image, i, j, k, m: image[i : i + m, j : j + k]), "The window has the kernel's height and width exchanged: rows come "
                "first in a shape."),
        Mistake(in_loops(window=lambda image, i, j, k, m: image[i : i + 2, j : j + 2]), "The window, or the result, has the size that fits a kernel of 2 × 2, "
                "and kernels come in any size. Take height and width from the kernel's shape."),
        Mistake(in_loops(size=lambda h, w, k, m: (2, 2)), "The result is 2 × 2, whatever the image is. Its size follows from the two shapes."),
        Mistake(in_loops(value=lambda window, kernel: window * kernel), "Window times kernel is a number for each pixel of the window. Add them up: the result has one "
                "number for each window."),
        Mistake(lambda image, kernel: by_keras(image, kernel) / kernel.size, "This is the mean over the window, and the sum is due."),
        Mistake(lambda image, kernel: by_keras(image, np.ones_like(kernel)), "The window is summed without the kernel. Each of its pixels counts as much as the "
                "kernel's entry in the same place says."),
        Mistake(in_loops(value=lambda window, kernel: np.sum(window @ kernel)), "This is a product of matrices. Here every entry is multiplied with the one in "
                "the same place, by `*`."),
        Mistake(lambda image, kernel: by_keras(image, kernel) * 0 + np.sum(image[: len(kernel), : kernel.shape[1]] * kernel), "Every entry is that of the first window. "
                "The window has to move with i and j."),
        Mistake(in_loops(value=lambda window, kernel: window[0, 0] * kernel.sum()), "Only the window's first pixel counts. Multiply the whole window with the "
                "kernel, entry by entry, and sum."),
        Mistake(lambda image, kernel: np.maximum(by_keras(image, kernel), 0), "Negative values are cut off: that is ReLU, which comes after a convolution and "
                "does not belong to it."),
        Mistake(lambda image, kernel: np.abs(by_keras(image, kernel)), "The signs are lost: no absolute value is taken."),
        Mistake(of_the_same_size, "The result is as large as the image: a border of zeros was added. Here the window stays within the image."),
        Mistake(in_loops(size=lambda h, w, k, m: (h // k, w // m), window=lambda image, i, j, k, m: image[i * k : i * k + k, j * m : j * m + m]),
                "The windows do not overlap. The window moves by one pixel at a time."),
    ],
    hints=["In how many places does a window of k pixels fit along an axis of h? Count for h = 3 and k = 2.",
           "The window at row i, column j: rows i to i + k - 1, and columns j to j + m - 1. As a slice, with the kernel's own two numbers.",
           "Window and kernel have the same shape: multiply them with `*`, and sum all entries."],
    also_right=[in_loops(), by_shifted_images, by_windows, lambda image, kernel: [list(map(float, row)) for row in in_loops()(image, kernel)]],
)

# --- 10.2 -------------------------------------------------------------------------------------------------------------


def sizes(rng):
    """The examples of the text, then any: pixels, kernel, padding, stride."""
    yield 8, 3, 0, 1
    yield 8, 3, 1, 1
    yield 7, 3, 0, 2
    yield 28, 5, 2, 3
    yield 5, 5, 0, 2
    yield 9, 3, 0, 5  # 6 / 5 steps: rounded up they are two
    yield 7, 2, 0, 3  # 5 / 3 steps: rounded to the nearest number they are two
    for _ in range(6):
        k = int(rng.integers(1, 6))
        yield int(rng.integers(k, 40)), k, int(rng.integers(0, 4)), int(rng.integers(1, 5))


def counted(n, k, padding, stride):
    """The first pixels of all windows, counted."""
    return len(range(0, n + 2 * padding - k + 1, stride))


def by_a_convolution(n, k, padding, stride):
    row = np.pad(np.zeros(n, np.float32), padding)
    return keras.ops.conv(row[None, :, None], np.zeros((k, 1, 1), np.float32), strides=stride, padding="valid").shape[1]


the_size = Exercise(
    "10.2", "The size of the output",
    right=counted,
    inputs=sizes,
    mistakes=[
        Mistake(lambda n, k, padding, stride: (n + 2 * padding - k) // stride, "It is one too few: the window at the very beginning counts as well."),
        Mistake(lambda n, k, padding, stride: (n + padding - k) // stride + 1, "The zeros are counted once, and they are added on both sides."),
        Mistake(lambda n, k, padding, stride: (n - k) // stride + 1, "The padding has no effect. It makes the image longer before the window moves."),
        Mistake(lambda n, k, padding, stride: n + 2 * padding - k + 1, "The stride has no effect. With stride 2 the window stops at every second place."),
        Mistake(lambda n, k, padding, stride: math.ceil((n + 2 * padding - k) / stride) + 1, "It is rounded up. A window that would reach beyond the end is "
                "left out: round down."),
        Mistake(lambda n, k, padding, stride: round((n + 2 * padding - k) / stride) + 1, "It is rounded to the nearest number. A window that would reach beyond "
                "the end is left out: round down."),
        Mistake(lambda n, k, padding, stride: (n + 2 * padding - k) / stride + 1, "A part of a window does not count: round down, with `//`."),
        Mistake(lambda n, k, padding, stride: (n + 2 * padding - k + 1) // stride, "The one is added before the division. Divide the way that the window can "
                "move, then count the first place too."),
        Mistake(lambda n, k, padding, stride: n - k + 1, "This is the size without padding and without a stride. Padding makes the row longer, and a stride skips "
                "places."),
        Mistake(lambda n, k, padding, stride: (n + 2 * padding - k + 1) / stride, "The one is added before the division, and nothing is rounded. Divide the way that the "
                "window can move, round down, then count the first place too."),
        Mistake(lambda n, k, padding, stride: (n - 2 * padding - k) // stride + 1, "The padding is subtracted, and it makes the row longer."),
        Mistake(lambda n, k, padding, stride: (n + 2 * padding) // stride, "The kernel's size is not in it. The larger the kernel, the fewer places it has."),
        Mistake(lambda n, k, padding, stride: (n + 2 * padding + k) // stride + 1, "The kernel's size is added. The larger the kernel, the fewer places it has."),
        Mistake(lambda n, k, padding, stride: n + 2 * padding - k // stride + 1, "Only the kernel is divided by the stride: `//` binds before `+` and `-`, so "
                "use brackets."),
        Mistake(lambda n, k, padding, stride: (n - k) // stride + 1 + 2 * padding, "The padding is added at the end. It makes the image longer, so it comes "
                "before the division."),
    ],
    hints=["Begin with padding 0 and stride 1: in how many places does a window of 3 fit along 8 pixels?",
           "Padding makes the row n + 2p pixels long. The window's first pixel can move by n + 2p - k at most; how many steps of the stride is that?",
           "The steps, rounded down, and one more for the place where it starts."],
    also_right=[
        by_a_convolution,
        lambda n, k, padding, stride: math.floor((n - k + 2 * padding) / stride + 1),
        lambda n, k, padding, stride: 1 + (n + 2 * padding - k) // stride,
        lambda n, k, padding, stride: np.int64(counted(n, k, padding, stride)),
    ],
)

# --- 10.3 -------------------------------------------------------------------------------------------------------------

FINE, ZEROS, BRIGHTNESS, EXCHANGED, BOTH, NEITHER = range(6)


def edges_found(kernel, name):
    """What is wrong with a kernel that should find the edges of a name, by its answer to a flat image and to two steps."""
    kernel = diagnosis.to_array(kernel)
    if kernel.dtype.kind == "U":
        raise Advice("The entries are text. Write numbers, without quotes.")
    kernel = kernel.astype(float)
    if kernel.shape != (3, 3):
        raise Advice(f"The kernel has shape {kernel.shape}, and 3 × 3 is due.")
    if not np.isfinite(kernel).all():
        raise Advice("The kernel holds nan or inf.")
    kernel = kernel / (np.abs(kernel).max() or 1)
    if not kernel.any():
        return ZEROS
    if abs(kernel.sum()) > 1e-6:
        return BRIGHTNESS
    step = np.zeros((3, 8))
    step[:, 4:] = 1  # dark on the left, bright on the right: the edge is a vertical line
    finds_vertical = bool(np.abs(by_keras(step, kernel)).max() > 1e-5)
    finds_horizontal = bool(np.abs(by_keras(step.T, kernel)).max() > 1e-5)
    wanted, other = (finds_vertical, finds_horizontal) if name == "vertical" else (finds_horizontal, finds_vertical)
    return {(True, False): FINE, (False, True): EXCHANGED, (True, True): BOTH, (False, False): NEITHER}[wanted, other]


PREWITT = np.array([[-1, 0, 1]] * 3)
SOBEL = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])


def edge_mistakes(part, across, along, turned):
    """The mistakes of one of the two kernels; `turned` makes it from one that finds vertical edges."""
    return [
        Mistake(np.zeros((3, 3)), "All entries are 0: this finds nothing anywhere.", part, when=is_seen(ZEROS)),
        Mistake(turned(PREWITT + np.eye(3)), "The entries do not add up to 0, so the kernel answers to a flat, bright wall as well. What is counted on one "
                "side has to be taken away on the other.", part, when=is_seen(BRIGHTNESS)),
        Mistake(turned(PREWITT.T), f"This finds edges in the other direction. Brightness changes {across} such an edge, so the entries have to change in that "
                "direction.", part, when=is_seen(EXCHANGED)),
        Mistake(turned(np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]])), f"This answers to edges of both directions. {along} the edge nothing changes: there the "
                "entries have to cancel.", part, when=is_seen(BOTH)),
        Mistake(turned(np.array([[1, -1, 0], [-1, 1, 0], [0, 0, 0]])), "This answers to corners, and to neither kind of edge. Take one side as positive and "
                "the other as negative.", part, when=is_seen(NEITHER)),
    ]  # fmt: skip


edge_kernels = Exercise(
    "10.3", "Edges",
    parts=("vertical", "horizontal"),
    right=(PREWITT, PREWITT.T),
    inputs=(lambda rng: [("vertical",)], lambda rng: [("horizontal",)]),
    observe=edges_found,
    accept=lambda seen: seen == FINE,
    mistakes=[
        *edge_mistakes("vertical", "from left to right across", "From top to bottom along", lambda kernel: kernel),
        *edge_mistakes("horizontal", "from top to bottom across", "From left to right along", lambda kernel: kernel.T),
    ],
    hints=["Left of a vertical edge it is dark, right of it bright. Which nine numbers give 0 where all is equally bright, and much at the edge?",
           "Subtract what is left from what is right: one column of negative numbers, one of zeros, one of positive ones.",
           "The kernel for horizontal edges is the same, turned: `.T` exchanges rows and columns."],
    also_right=[(SOBEL, SOBEL.T), ([[0, 0, 0], [-1, 0, 1], [0, 0, 0]], [[0, 1, 0], [0, -1, 0], [0, 0, 0]]), (PREWITT / 3, -SOBEL.T / 8)],
)

# --- 10.4 -------------------------------------------------------------------------------------------------------------


def images_with_channels(rng):
    """An image with channels, some filters and biases, a gray one with one filter, and another with channels."""
    for (h, w), channels, k, filters in (((5, 4), 3, 2, 4), ((4, 4), 1, 2, 1), ((6, 5), 2, 3, 3)):
        yield tuple(rng.normal(size=shape).astype(np.float32) for shape in ((h, w, channels), (k, k, channels, filters), (filters,)))


def layers_to_count(rng):
    """The example of the text, a first layer, and any."""
    yield 3, 16, 32
    yield 3, 1, 16
    for _ in range(3):
        yield tuple(int(number) for number in rng.integers(2, 8, 3))


def layer_of_keras(image, kernels, b):
    """Keras's convolution, over channels."""
    return np.asarray(keras.ops.conv(image[None], kernels, padding="valid"))[0] + b


def summed(total=sum, add=lambda z, b, f: z + b[f], join=lambda maps: np.stack(maps, axis=-1), kernel=lambda kernels, c, f: kernels[:, :, c, f],
           channels=lambda image: range(image.shape[-1])):
    """An answer that adds up the channels, with a part changed."""
    def answer(image, kernels, b):
        maps = []
        for f in range(kernels.shape[-1]):
            z = total([by_keras(image[:, :, c], kernel(kernels, c, f)) for c in channels(image)])
            maps.append(add(z, b, f))
        return join(maps)
    return answer


def by_einsum(image, kernels, b):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernels.shape[:2], axis=(0, 1))
    return np.einsum("ijckl,klcd->ijd", windows, kernels) + b


def counted_by_keras(k, channels, filters):
    layer = keras.layers.Conv2D(filters, k)
    layer.build((None, None, None, channels))
    return layer.count_params()


the_layer = Exercise(
    "10.4", "Channels",
    parts=("conv2d", "parameters"),
    right=(layer_of_keras, counted_by_keras),
    inputs=(images_with_channels, layers_to_count),
    atol=1e-4,
    mistakes=[
        Mistake(summed(add=lambda z, b, f: z), "The bias is missing. Each filter has one, and it is added to the whole map.", "conv2d"),
        Mistake(lambda image, kernels, b: layer_of_keras(image, kernels, b * image.shape[-1]), "The bias is added once for each channel. It belongs to the "
                "filter: add it once, after the sum.", "conv2d"),
        Mistake(lambda image, kernels, b: layer_of_keras(image, kernels, 0 * b + b[0]), "Every map gets the bias of the first filter. Each filter has its own.",
                "conv2d"),
        Mistake(summed(add=lambda z, b, f: z + b), "All the biases are added to every map. A map gets the one of its own filter.", "conv2d"),
        Mistake(summed(channels=lambda image: [0]), "Only the first channel is looked at. A filter has a kernel for every channel, and adds up what they find.",
                "conv2d"),
        Mistake(summed(total=lambda maps: np.mean(maps, axis=0)), "The channels are averaged, and they should be added up.", "conv2d"),
        Mistake(summed(total=lambda maps: np.max(maps, axis=0)), "Of the channels only the largest counts, and they should be added up.", "conv2d"),
        Mistake(summed(total=lambda maps: maps[-1]), "Only the last channel is left: `=` in a loop writes over what was there. Add up.", "conv2d"),
        Mistake(summed(kernel=lambda kernels, c, f: kernels[:, :, 0, f]), "Every channel gets the filter's kernel of the first channel. Each channel has its own.",
                "conv2d"),
        Mistake(summed(kernel=lambda kernels, c, f: kernels[:, :, c, 0]), "All filters are the first one. The last axis of `kernels` counts the filters.",
                "conv2d"),
        Mistake(summed(kernel=lambda kernels, c, f: kernels[:, :, f, c]), "Channel and filter are exchanged: the third axis of `kernels` counts channels, the "
                "fourth filters.", "conv2d"),
        Mistake(summed(join=lambda maps: np.stack(maps)), "The maps come first in the shape. The filters take the place of the channels: they are the last "
                "axis.", "conv2d"),
        Mistake(summed(add=lambda z, b, f: z - b[f]), "The bias is subtracted. It is added.", "conv2d"),
        Mistake(summed(join=lambda maps: np.concatenate(maps, axis=-1)), "`concatenate` puts the maps side by side, as one. `np.stack` makes a new axis for them.", "conv2d"),
        Mistake(summed(join=lambda maps: maps[-1]), "Only the last filter's map comes back: `=` writes over the list. Append each map to it.", "conv2d"),
        Mistake(summed(join=lambda maps: np.stack(maps[:1], axis=-1)), "Only the first filter has a map: a `return` within the loop ends it in its first round.", "conv2d"),
        Mistake(lambda image, kernels, b: np.stack([], axis=-1), "No map was put into the list: append one for each filter.", "conv2d"),
        Mistake(summed(join=lambda maps: np.reshape(maps, (*np.shape(maps[0]), -1))), "The maps are poured into another shape, which mixes their numbers. Stack them "
                "along a new last axis.", "conv2d"),
        Mistake(lambda image, kernels, b: np.sum(layer_of_keras(image, kernels, b), axis=-1), "All filters are added up into one map. Each filter gives a map of its "
                "own.", "conv2d"),
        Mistake(lambda image, kernels, b: np.maximum(layer_of_keras(image, kernels, b), 0), "Negative values are cut off. No activation is asked for here.",
                "conv2d"),
        Mistake(lambda k, channels, filters: k * k * channels * filters, "The biases are missing: one for each filter.", "parameters"),
        Mistake(lambda k, channels, filters: k * k * channels * filters + 1, "There is one bias for all. Each filter has its own.", "parameters"),
        Mistake(lambda k, channels, filters: (k * k + 1) * channels * filters, "There is a bias for each channel. Each filter has one, whatever the number of "
                "channels.", "parameters"),
        Mistake(lambda k, channels, filters: (k * k + 1) * filters, "The channels are not counted. A filter has k × k weights for each of them.", "parameters"),
        Mistake(lambda k, channels, filters: (k ^ 2) * channels * filters + filters, "`^` is no power in Python: `**` is.", "parameters"),
        Mistake(lambda k, channels, filters: k * k * channels + filters, "The weights are those of one filter. Each of them has as many.", "parameters"),
        Mistake(lambda k, channels, filters: (k * channels + 1) * filters, "A kernel has k × k weights, and this counts k of them.", "parameters"),
        Mistake(lambda k, channels, filters: (k * k * channels + 1), "This is one filter. There are more.", "parameters"),
        Mistake(lambda k, channels, filters: k * k * channels * filters + channels, "There are as many biases as channels. Each filter has one.", "parameters"),
    ],
    hints=["`found` is a list: what filter f finds in each channel. A filter adds up its channels.",
           "The sum, plus the bias of this filter, is one map. `np.stack` joins maps along a new axis: which one do the filters have?",
           "To count: a filter has k × k weights for each channel, and one bias. How many filters are there?"],
    also_right=[
        (by_einsum, lambda k, channels, filters: filters * (1 + channels * k**2)),
        (summed(), lambda k, channels, filters: k * k * channels * filters + filters),
    ],
    equivalent={
        "found = [convolve(image[:, :, c], kernels[:, :, c, f]) for c in range(kernels.shape[2])]": "image and kernels have as many channels",
        "return np.stack(maps, axis=--2)": "the third axis is the last",
    },
)

# --- 10.5 -------------------------------------------------------------------------------------------------------------


def maps_to_pool(rng):
    """The example of the text, then maps with rows and columns left over; negative numbers too."""
    yield np.array([[1, 2, 0, 1], [3, 4, 1, 0], [0, 0, 5, 6], [0, 1, 7, 8]], np.float32)[:, :, None], 2
    yield rng.normal(size=(6, 8, 3)).astype(np.float32), 2
    yield rng.normal(size=(7, 5, 2)).astype(np.float32) - 3, 2
    yield rng.normal(size=(6, 10, 2)).astype(np.float32), 3


def pooled_by_keras(maps, size):
    return np.asarray(keras.ops.max_pool(np.float32(maps)[None], size, strides=size, padding="valid"))[0]


def pooling(value=lambda window: window.max(axis=(0, 1)), stride=lambda size: size, count=lambda n, size: n // size):
    """An answer in loops, with a part changed."""
    def answer(maps, size):
        h, w, d = maps.shape
        s = stride(size)
        out = np.zeros((count(h, size), count(w, size), d))
        for i, j in np.ndindex(out.shape[:2]):
            out[i, j] = value(maps[i * s : i * s + size, j * s : j * s + size])
        return out
    return answer


def with_rows_for_columns(maps, size):
    out = np.zeros((maps.shape[0] // size, maps.shape[1] // size, maps.shape[2]))
    for i, j in np.ndindex(out.shape[:2]):
        out[i, j] = maps[j * size : (j + 1) * size, i * size : (i + 1) * size].max(axis=(0, 1))
    return out


def by_reshape(maps, size):
    h, w, d = maps.shape[0] // size, maps.shape[1] // size, maps.shape[2]
    return maps[: h * size, : w * size].reshape(h, size, w, size, d).max(axis=(1, 3))


max_pool = Exercise(
    "10.5", "Max pooling",
    right=pooled_by_keras,
    inputs=maps_to_pool,
    mistakes=[
        Mistake(pooling(lambda window: window.mean(axis=(0, 1))), "This is the mean of each block, which is average pooling. The largest number is due."),
        Mistake(pooling(lambda window: window.min(axis=(0, 1))), "This is the smallest number of each block, and the largest is due."),
        Mistake(pooling(lambda window: window.sum(axis=(0, 1))), "This is the sum of each block, and the largest number is due."),
        Mistake(pooling(lambda window: np.abs(window).max(axis=(0, 1))), "No absolute value is taken: -5 is smaller than 1."),
        Mistake(pooling(lambda window: window[0, 0]), "This takes the first number of each block, and the largest is due."),
        Mistake(pooling(lambda window: window.max()), "The maximum is taken over all maps together. Each map keeps its own: say which axes the maximum runs "
                "along."),
        Mistake(pooling(lambda window: window.max(axis=0)[0]), "The maximum is taken over the rows of a block only."),
        Mistake(pooling(lambda window: window.max(axis=1)[0]), "The maximum is taken over the columns of a block only."),
        Mistake(pooling(lambda window: window.max(axis=0)), "A block has two axes of pixels, and the maximum runs along one of them alone: it leaves several "
                "numbers for each map."),
        Mistake(pooling(lambda window: window[:, :, 0].max()), "Only the first map is looked at, and every map gets its numbers. Each map keeps its own."),
        Mistake(pooling(lambda window: window.max(axis=(1, 2))), "The third axis counts the maps, which stay apart. The pixels of a block lie along the first two."),
        Mistake(pooling(lambda window: window.max(axis=-1)), "The last axis counts the maps, which stay apart. The pixels of a block lie along the first two."),
        Mistake(pooling(lambda window: window.max(0, 1)), "Two axes are given as a pair, in brackets of their own: `axis=(0, 1)`."),
        Mistake(pooling(lambda window: window), "The whole block is written where one number for each map is due."),
        Mistake(with_rows_for_columns, "i and j are exchanged: i belongs to the rows, so the block begins at row i · size, column j · size."),
        Mistake(pooling(stride=lambda size: 1), "The blocks overlap: the next one begins one pixel further. It begins where the last one ended."),
        Mistake(pooling(stride=lambda size: 1, count=lambda n, size: n - size + 1), "The blocks overlap, as the windows of a convolution do. The next one begins where "
                "the last one ended, so the result is smaller."),
        Mistake(pooling(count=lambda n, size: -(-n // size)), "Rows and columns that are left over make blocks of their own here. As in Keras, they are left "
                "out."),
        Mistake(lambda maps, size: np.maximum(pooled_by_keras(maps, size), 0), "Negative numbers become 0. Does the maximum begin at 0, where it should begin "
                "with the first number of the block?"),
    ],
    hints=["The block at place (i, j) begins at row i · size, column j · size, and is size × size large.",
           "The block holds all maps, shape (size, size, d). Its maximum runs over the first two axes, and leaves a number for each map."],
    also_right=[pooling(), by_reshape, lambda maps, size: keras.layers.MaxPooling2D(size)(maps[None])[0]],
    equivalent={"pooled[i, j] = block.max(axis=(0, -2))": "the second axis of three is the last but one"},
)

# --- 10.6 -------------------------------------------------------------------------------------------------------------

GOAL, EPOCHS, BATCH_SIZE, LEARNING_RATE = 0.97, 20, 32, 0.003
UNLUCKY = 0.05  # so much an unlucky start may cost
DENSE = 9_610  # parameters of the dense network of the text, 64-128-10
NO_CONVOLUTION, ACTIVATED = range(-2, 0)


@cache
def pictures():
    """The digits for training and for validation as images, shape (n, 8, 8, 1), with their labels."""
    return [(X.reshape(-1, 8, 8, 1), y) for X, y in datasets.digits()[:2]]


def share_read(answer):
    """
    The share of validation digits that a network reads after the training of the text; or what is wrong with it.

    One start may be unlucky: a network that falls a little short is trained once more, and the better of the two counts.
    """
    model = made_by(answer)
    if not isinstance(model, keras.Model):
        raise Advice(diagnosis.unfit(model) or f"The function should return a model of Keras; it returns a {type(model).__name__}.")
    if answer() is model:
        raise Advice(diagnosis.SAME_MODEL)
    if not isinstance(model, keras.Sequential) and not getattr(model, "inputs", None):
        raise Advice("The pictures of this lab follow an image through the layers, so these must be known: make the model with `keras.Sequential`, or with "
                     "`keras.Model` from its input to its output.")
    if not model.built or model.input_shape != (None, 8, 8, 1):
        raise Advice("Images of shape (8, 8, 1) go in: begin the model with `keras.Input((8, 8, 1))`.")
    if model.output_shape != (None, 10):
        raise Advice(f"The model gives {model.output_shape}, and ten logits for each image are due, (None, 10). `Flatten` makes a row of the maps, and ten units "
                     "make logits of it.")
    kinds = [type(layer).__name__ for layer in training.layers_of(model)]
    if "Conv2D" not in kinds:
        if others := [kind for kind in kinds if "Conv" in kind]:
            raise Advice(f"The pictures of this lab show the kernels of a `Conv2D`, and this network has {others[0]} alone. Take at least one `Conv2D`.")
        return NO_CONVOLUTION
    if model.count_params() >= DENSE:
        raise Advice(too_large(model))
    said = np.asarray(model(pictures()[1][0][:64]))
    if diagnosis.are_probabilities(said) or getattr(model.layers[-1], "activation", keras.activations.linear) is not keras.activations.linear:
        return ACTIVATED
    share = share_after_training(model)
    share = max(share, share_after_training(answer())) if GOAL - UNLUCKY <= share < GOAL else share
    return ACTIVATED if share < GOAL and diagnosis.activated(said) else share


def made_by(answer):
    """The model; Advice where a convolution in it is given something else than images."""
    try:
        return answer()
    except ValueError as error:
        if "min_ndim=4" in str(error):
            raise Advice("A convolution takes images, with rows, columns and channels. Begin with `keras.Input((8, 8, 1))`, and put `Flatten` after the last "
                         "convolution.") from None
        raise


def too_large(model):
    """By how much a network is too large, and where most of its weights come from."""
    most = max(training.layers_of(model), key=lambda layer: layer.count_params())
    if max(getattr(most, "kernel_size", (1,))) > 8:
        why = "`Conv2D` takes the number of filters first, and then the size of the kernels."
    elif isinstance(most, keras.layers.Conv2D):
        why = "a convolution has a kernel for each pair of a channel and a filter, so take fewer filters."
    else:
        why = "it has a weight for each pair of an input and a unit, so let fewer numbers come in, by pooling before it, or fewer filters."
    return (f"It has {model.count_params():,} parameters, and the dense network that it should beat has {DENSE:,}. {most.count_params():,} of them are in one "
            f"layer, {type(most).__name__}: {why}")


def share_after_training(model):
    train, (X, y) = pictures()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    training.train(model, keras.optimizers.Adam(LEARNING_RATE), loss, *train, EPOCHS, BATCH_SIZE)
    return float(np.mean(np.argmax(model(X), axis=1) == y))


def convolutional(filters=(16, 32), kernel=3, rate=0.3, pool=True, activation="relu", last=None, start="glorot_uniform"):
    """An answer: convolutions, each with a pooling, and one Dense layer."""
    def network():
        stack = [keras.Input((8, 8, 1))]
        for number in filters:
            stack.append(keras.layers.Conv2D(number, kernel, padding="same", activation=activation, kernel_initializer=start))
            stack += [keras.layers.MaxPooling2D()] * pool
        return keras.Sequential([*stack, keras.layers.Flatten(), keras.layers.Dropout(rate), keras.layers.Dense(10, last)])
    return network


def by_functions():
    """Another right answer: the functional way, with a stride in place of the last pooling."""
    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Conv2D(24, 3, padding="same", activation="relu")(inputs)
    x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Conv2D(32, 3, strides=2, padding="same", activation="relu")(x)
    return keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Dropout(0.2)(keras.layers.Flatten()(x))))


def nested():
    """Another right answer: a model in the model."""
    eyes = keras.Sequential([keras.Input((8, 8, 1)), *convolutional((32, 16))().layers[:4]])
    return keras.Sequential([keras.Input((8, 8, 1)), eyes, keras.layers.Flatten(), keras.layers.Dropout(0.3), keras.layers.Dense(10)])


def only_dense():
    return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(128, "relu"), keras.layers.Dense(10)])


a_network = Exercise(
    "10.6", "A network that reads digits",
    right=convolutional(),
    observe=share_read,
    accept=lambda seen: seen >= GOAL,
    seconds=2.0,
    open="any network that reaches the goal is right, and the check measures that",
    mistakes=[
        Mistake(only_dense, "There is no convolution in it. Begin with `keras.layers.Conv2D`.", when=is_seen(NO_CONVOLUTION)),
        Mistake(convolutional((64, 64)), "It has 40,138 parameters, and the dense network that it should beat has 9,610. 36,928 of them are in one layer, Conv2D: a convolution has a "
                "kernel for each pair of a channel and a filter, so take fewer filters."),
        Mistake(convolutional((32,), pool=False), "It has 20,810 parameters, and the dense network that it should beat has 9,610. 20,490 of them are in one layer, Dense: it has a "
                "weight for each pair of an input and a unit, so let fewer numbers come in, by pooling before it, or fewer filters."),
        Mistake(convolutional((3, 3), kernel=(32, 40)), "It has 15,496 parameters, and the dense network that it should beat has 9,610. 11,523 of them are in one layer, Conv2D: "
                "`Conv2D` takes the number of filters first, and then the size of the kernels."),
        Mistake(convolutional(last="softmax"), "What comes out has gone through an activation, and the loss takes logits, of either sign: leave it out.",
                when=is_seen(ACTIVATED)),
        Mistake(convolutional((1,), start="zeros"), f"After {EPOCHS} epochs it reads {{seen}} of the validation digits: that is guessing, so nothing is learned. Does too little come "
                "through, by dropout of nearly all, or by kernels that all begin with 0 and stay equal?", when=lambda seen: 0 <= seen < 0.2),
        Mistake(convolutional((1,), rate=0.0), f"After {EPOCHS} epochs it reads {{seen}} of the validation digits, and {GOAL:.0%} are due. Has it filters enough, and a second "
                "convolution after the first pooling? Some dropout before the last layer helps against learning by heart, and much of it harms.", when=lambda seen: 0 <= seen < GOAL),
    ],
    hints=["The layers in their order: convolution, pooling, convolution, pooling, `Flatten`, `Dense(10)`. A second convolution looks at larger parts of the "
           "image than the first.",
           "`padding=\"same\"` keeps 8 × 8 pixels 8 × 8, so that they can be halved twice. Some 16 filters first, then twice as many.",
           "`keras.layers.Dropout(0.3)` before the last layer helps it to generalize."],
    also_right=[by_functions, nested],
)

EXERCISES = [the_convolution, the_size, edge_kernels, the_layer, max_pool, a_network]
