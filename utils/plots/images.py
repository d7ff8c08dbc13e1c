"""Pictures of images and of networks that look at them: kernels, maps, features, and what is read right and wrong."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from utils import training
from utils.advice import Advice
from utils.plots import drawing
from utils.plots.drawing import BLUE, GOLD, GRAY, LINES, RED
from utils.plots.live import Live, rounded, stills
from utils.plots.pictures import Function, picture
from utils.quiet_tensorflow import tf


@picture
def images(X: Any, titles: Sequence[Any]) -> tuple[Figure, str]:
    """Draw images, shape (n, h, w) or (n, h, w, 1), ten in a row, each below its title."""
    figure = _grid(_gray(X), list(map(str, titles)))
    return figure, f"{len(titles)} images of {' × '.join(map(str, np.shape(X)[1:3]))} pixels: {', '.join(map(str, titles))}."


def _gray(X: Any) -> np.ndarray:
    """Images as shape (n, h, w)."""
    X = np.asarray(X, float)
    return X[..., 0] if X.ndim == 4 else X


def _grid(X: np.ndarray, titles: Sequence[str], size: float = 0.9) -> Figure:
    """Gray images in rows of ten, with titles; the brightest pixel is white."""
    columns, rows = min(max(len(X), 1), 10), max((len(X) + 9) // 10, 1)
    lines = max((title.count("\n") + 1 for title in titles), default=1)
    figure = Figure(figsize=(size * columns, (size + 0.2 * lines) * rows + 0.1))
    axes = np.ravel(figure.subplots(rows, columns, squeeze=False))
    for ax in axes:
        ax.axis("off")
    for ax, image, title in zip(axes, X, titles, strict=False):
        ax.imshow(image, cmap="gray", vmin=0, vmax=max(X.max(), 1e-9))
        ax.set_title(title, fontsize=9)
    return figure


@picture
def maps(rows: Mapping[str, Sequence[Any]], titles: Sequence[str], see: str = "") -> tuple[Figure, str]:
    """
    Draw images in gray, by name, and beside each the maps that were made of it, blue above 0 and red below, on one scale.

    rows: of each image the image, shape (h, w), and its maps, of any shape; all are drawn in the same size.
    titles: of the maps, in their order.  see: what the images show, for the description.
    The colors are full where one number of a hundred is beyond them.
    """
    arrays = {name: [np.asarray(array, float) for array in row] for name, row in rows.items()}
    largest = np.quantile(np.abs(np.concatenate([np.ravel(each) for _, *made in arrays.values() for each in made])), 0.99) or 1.0
    size = 1.65 if max(max(image.shape) for image, *_ in arrays.values()) < 32 else 3.2
    figure = Figure(figsize=(size * (len(titles) + 1) + 0.8, (size + 0.25) * len(rows)), layout="constrained")
    axes = figure.subplots(len(rows), len(titles) + 1, squeeze=False)
    phrases = []
    for row, (name, (image, *made)) in zip(axes, arrays.items(), strict=True):
        row[0].imshow(image, cmap="gray")
        for ax, array, title in zip(row, (image, *made), (name, *titles), strict=True):
            if array is not image:
                shown = ax.imshow(array, cmap=drawing.SIGNS, vmin=-largest, vmax=largest)
            ax.set(xticks=[], yticks=[])
            ax.set_title(title, fontsize=10)
            ax.set_xlabel(" × ".join(map(str, array.shape)), fontsize=9)
        phrases.append(f"{name}: {'; '.join(f'{title} {_extremes(array)}' for title, array in zip(titles, made, strict=True))}")
    figure.colorbar(shown, ax=axes, shrink=0.8, aspect=25, extend="both")
    words = f"Images in gray, and maps of them, blue above 0 and red below. {'. '.join(phrases)}."
    return figure, f"{words} {see}".strip()


def _extremes(array: np.ndarray) -> str:
    """Where a map is lowest and highest, in words."""
    places = {"from": np.unravel_index(array.argmin(), array.shape), "to": np.unravel_index(array.argmax(), array.shape)}
    return " ".join(f"{word} {drawing.short(array[i, j])} (row {i}, column {j})" for word, (i, j) in places.items())


@picture
def sliding(convolve: Function, image: Any, kernel: Any) -> Live:
    """
    Show the kernel slide over an image: the window on the left, and on the right the map that `convolve` fills, number by number.

    image: shape (h, w).  kernel: shape (k, l), whose numbers stand in the window.
    """
    image, kernel = np.asarray(image, float), np.asarray(kernel, float)
    output = np.asarray(convolve(image.astype(np.float32), kernel.astype(np.float32)), float)
    rows, columns = np.subtract(image.shape, kernel.shape) + 1
    if output.shape != (rows, columns):
        raise Advice(f"The map has shape {output.shape}; expected {(int(rows), int(columns))}: solve the exercise above first.")
    left, middle, largest = image.shape[1] + 2, (image.shape[0] - kernel.shape[0]) / 2, np.abs(output).max() or 1.0
    start = left + kernel.shape[1] + 2  # where the map begins: right of the image, and of the kernel

    def background(ax: Axes) -> None:
        ax.imshow(image, cmap="gray", extent=(0, image.shape[1], image.shape[0], 0))
        for (i, j), number in np.ndenumerate(kernel):
            ax.add_patch(Rectangle((left + j, middle + i), 1, 1, facecolor="none", edgecolor=GRAY))
            ax.text(left + j + 0.5, middle + i + 0.5, f"{number:g}", ha="center", va="center", fontsize=9)
        ax.add_patch(Rectangle((start, 1), columns, rows, facecolor="#e8e8e8", edgecolor=GRAY, hatch="///", linewidth=0.5))
        for at, text in ((image.shape[1] / 2, "image"), (left + kernel.shape[1] / 2, "kernel"), (start + columns / 2, "map")):
            ax.text(at, image.shape[0] + 0.9, text, ha="center", fontsize=10)
        ax.set(xlim=(-0.2, start + columns + 0.2), ylim=(image.shape[0] + 1.2, -0.2), xticks=[], yticks=[], aspect="equal")
        ax.spines[:].set_visible(False)

    def draw(ax: Axes, frame: int) -> None:
        background(ax)
        i, j = divmod(frame, columns)
        seen = np.where(np.arange(output.size).reshape(output.shape) <= frame, output, np.nan)
        ax.imshow(seen, cmap=drawing.SIGNS, vmin=-largest, vmax=largest, extent=(start, start + columns, 1 + rows, 1), zorder=2)
        for corner, size in (((j, i), kernel.shape[::-1]), ((start + j, 1 + i), (1, 1))):
            ax.add_patch(Rectangle(corner, *size, facecolor="none", edgecolor=GOLD, linewidth=2.5, zorder=3))
        ax.set(xlim=(-0.2, start + columns + 0.2), ylim=(image.shape[0] + 1.2, -0.2), aspect="equal")
        ax.set_title(f"row {i}, column {j}: {output[i, j]:.2g}", fontsize=10)

    ground = Figure(figsize=(6.6, 6.6 * (image.shape[0] + 1.4) / (start + columns + 0.4)))
    background(ground.add_axes((0, 0, 1, 1)))
    shades = drawing.SIGNS((output.ravel() / largest + 1) / 2)
    return Live(
        stills(draw, output.size, (5.4, 2.9), count=2),
        f"A window of {kernel.shape[0]} × {kernel.shape[1]} pixels slides over an image, row by row, and fills a map of "
        f"{rows} × {columns} numbers, blue above 0 and red below, {_extremes(output)}.",
        "sliding",
        ground,
        map=rounded(output),
        colors=[to_hex(color) for color in shades],
        kernel=list(kernel.shape),
        corner=[int(start), 1],
        color=GOLD,
    )


@picture
def filters(model: Any) -> tuple[Figure, str]:
    """
    Draw the kernels that the first convolution of a model has learned for its first channel, 16 at most.

    A frame and a title mark the one most like an edge kernel: by the cosine of the angle between the two, as lists of numbers.
    """
    kernels = np.moveaxis(_of_type(model, "Conv2D")[0].get_weights()[0][:, :, 0, :16], -1, 0)
    largest = np.abs(kernels).max() or 1.0
    columns = min(len(kernels), 8)
    rows = -(-len(kernels) // columns)
    figure = Figure(figsize=(0.95 * columns, 1.15 * rows + 0.1))
    axes = np.ravel(figure.subplots(rows, columns, squeeze=False))
    for ax, kernel in zip(axes, kernels, strict=False):
        ax.imshow(kernel, cmap=drawing.SIGNS, vmin=-largest, vmax=largest)
    for ax in axes:
        ax.set(xticks=[], yticks=[])
        ax.set_visible(bool(ax.images))
    both_signs = sum((kernel > 0).any() and (kernel < 0).any() for kernel in kernels)
    words = (
        f"{len(kernels)} learned kernels of {kernels.shape[1]} × {kernels.shape[2]} as heat maps, blue above 0 and red below. "
        f"{both_signs} have entries of both signs."
    )
    if kernels[0].shape == SOBEL.shape:
        cosines = {edges: _cosines(kernels, sobel) for edges, sobel in (("vertical", SOBEL), ("horizontal", SOBEL.T))}
        edges = max(cosines, key=lambda edges: cosines[edges].max())
        most, cosine = int(cosines[edges].argmax()), cosines[edges].max()
        axes[most].spines[:].set(color="black", linewidth=3)
        axes[most].set_title(f"{edges} edges\ncosine {cosine:.2f}", fontsize=9)
        words += f" Most like a kernel for {edges} edges is number {most + 1}, with a cosine of {cosine:.2f}."
    return figure, words


SOBEL = np.outer([1, 2, 1], [-1, 0, 1])  # for vertical edges; it and its negative answer to the same ones


def _cosines(kernels: np.ndarray, sobel: np.ndarray) -> np.ndarray:
    """How much each kernel, shape (n, 3, 3), is like another one or its negative: from 0, not at all, to 1."""
    lengths = np.linalg.norm(kernels, axis=(1, 2)) * np.linalg.norm(sobel)
    return np.abs(np.tensordot(kernels, sobel, 2)) / np.maximum(lengths, 1e-12)


@picture
def feature_maps(model: Any, image: Any, most: int = 8) -> tuple[Figure, str]:
    """Draw the maps that each layer of a model gives for one image, shape (h, w, 1): a row a layer, 8 maps at most."""
    layers = [layer for layer in model.layers if len(layer.output.shape) == 4]
    layers = [layer for layer in layers if type(layer).__name__ not in ("Dropout", "InputLayer")]
    made = tf.keras.Model(model.inputs[0], [layer.output for layer in layers])(np.asarray(image, np.float32)[None])
    seen = [("image", np.asarray(image)[None])]
    for layer, maps in zip(layers, tf.nest.flatten(made), strict=True):
        few = f"\n{most} of them shown" if maps.shape[-1] > most else ""
        seen.append(
            (f"{type(layer).__name__}\n{' × '.join(map(str, maps.shape[1:3]))}, {maps.shape[-1]} maps{few}", np.asarray(maps))
        )
    columns = min(most, max(maps.shape[-1] for _, maps in seen))
    figure = Figure(figsize=(0.95 * columns + 1.6, 0.98 * len(seen)))
    axes = figure.subplots(len(seen), columns, squeeze=False)
    for row, (name, maps) in zip(axes, seen, strict=True):
        for ax, number in zip(row, range(columns), strict=True):
            ax.set(xticks=[], yticks=[])
            if number < maps.shape[-1]:
                ax.imshow(maps[0, :, :, number], cmap="gray", vmin=min(maps.min(), 0), vmax=max(maps.max(), 1e-9))
            ax.set_visible(bool(ax.images))
        row[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    quiet = [f"{name.split()[0]}: {np.mean(np.abs(maps).max(axis=(0, 1, 2)) == 0):.0%}" for name, maps in seen[1:]]
    shapes = "; ".join(name.replace("\n", ", ") for name, _ in seen[1:])
    return figure, f"One image and the maps of each layer, bright where large: {shapes}. Maps that stay dark: {', '.join(quiet)}."


def _of_type(model: Any, name: str) -> list[Any]:
    """The layers of a type, those of models within the model too; Advice where there is none."""
    found = [layer for layer in training.layers_of(model) if type(layer).__name__ == name]
    if not found:
        raise Advice(f"The model has no {name} layer to draw.")
    return found


@picture
def misread(predict: Function, X: Any, y: Any, most: int = 10) -> tuple[Figure, str]:
    """
    Draw the images that a model reads wrong, those first of which it is surest, with what it reads and how sure it is.

    predict: from images, shape (n, h, w, 1), to logits, shape (n, 10).
    """
    probabilities = np.asarray(tf.nn.softmax(predict(X)))
    y_hat, y = probabilities.argmax(axis=1), np.ravel(y)
    wrong = np.flatnonzero(y_hat != y)
    wrong = wrong[np.argsort(-probabilities[wrong].max(axis=1))]
    shown = wrong[:most]
    titles = [f"a {y[i]}, read {y_hat[i]}\n{probabilities[i].max():.0%} sure" for i in shown]
    figure = _grid(_gray(X)[shown], titles, size=1.05)
    if not len(wrong):
        figure.text(0.5, 0.5, "none", ha="center", va="center", fontsize=12)
    phrases = [title.replace("\n", ", ") for title in titles]
    return figure, f"{len(wrong)} of {len(y)} images are read wrong" + (f"; shown are: {'; '.join(phrases)}." if phrases else ".")


@picture
def accuracies(named: Mapping[str, Sequence[float]], levels: Mapping[str, float] = MappingProxyType({})) -> tuple[Figure, str]:
    """
    Draw the accuracy of several networks, by name: a dot for each start, and a black line for their mean.

    levels: accuracies to compare with, by name, each a line from top to bottom.
    """
    figure = Figure(figsize=(6.4, 1.0 + 0.55 * len(named) + 0.25 * bool(levels)))
    ax = figure.subplots()
    phrases = []
    for row, ((name, shares), (color, _)) in enumerate(zip(named.items(), LINES, strict=False)):
        shares = np.ravel(np.asarray(shares, float))
        ax.plot([shares.mean()] * 2, [row - 0.4, row + 0.4], color="black", linewidth=2)
        places = row + np.linspace(-0.28, 0.28, len(shares))
        ax.plot(shares, places, "o", color=color, markersize=7, markeredgecolor="white", markeredgewidth=0.7)
        phrases.append(f"{name}: mean {shares.mean():.1%}, from {shares.min():.1%} to {shares.max():.1%}")
    for (name, level), (color, line) in zip(levels.items(), LINES[len(named) :], strict=False):
        ax.axvline(level, color=color, linestyle=line, linewidth=2, label=f"{name} {level:.1%}")
        phrases.append(f"{name}: {level:.1%}")
    if levels:
        drawing.legend_above(ax, len(levels))
    ax.set(yticks=range(len(named)), yticklabels=list(named), ylim=(len(named) - 0.5, -0.5), xlabel="accuracy")
    ax.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(lambda share, _: f"{share:.1%}")
    ax.grid(axis="x", alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    return figure, f"The accuracy of each start. {'; '.join(phrases)}."


@picture
def confusion(y: Any, y_hat: Any) -> tuple[Figure, str]:
    """Draw how often each class, a row, is read as each class, a column; the diagonal is right."""
    y, y_hat = np.ravel(y), np.ravel(y_hat)
    classes = np.unique(np.concatenate([y, y_hat]))
    counts = np.array([[np.sum((y == true) & (y_hat == read)) for read in classes] for true in classes])
    figure = Figure(figsize=(4.6, 4.4))
    ax = figure.subplots()
    errors = np.where(np.eye(len(classes), dtype=bool), 0, counts)
    ax.imshow(np.where(errors, errors, np.nan), cmap="Oranges", vmin=0, vmax=max(errors.max(), 1) * 1.6)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            right = row == column
            ax.text(column, row, count, ha="center", va="center", fontsize=9, color=GRAY if right else "black",
                    fontweight="normal" if right else "bold")  # fmt: skip
    ax.set(xticks=range(len(classes)), xticklabels=classes, yticks=range(len(classes)), yticklabels=classes)
    ax.set(xlabel="ŷ, as read", ylabel="y, as it is")
    figure.tight_layout()
    pairs = sorted(((int(n), classes[i], classes[j]) for (i, j), n in np.ndenumerate(errors) if n), reverse=True)[:3]
    phrases = ", ".join(f"{true} as {read} ({n})" for n, true, read in pairs)
    return figure, f"A table of digits and what they are read as: accuracy {np.mean(y == y_hat):.1%}" + (
        f"; read wrong most often: {phrases}." if phrases else "."
    )


@picture
def features(named: Mapping[str, tuple[Any, Any]]) -> tuple[Figure, str]:
    """
    Draw examples in two dimensions, by name: pairs of features, shape (n, d), and labels, shape (n,), each drawn as its label.

    The two dimensions are the directions in which the examples spread the most (the first two principal components).
    """
    figure = Figure(figsize=(4.8 * len(named), 4))
    phrases = []
    for ax, (name, (F, y)) in zip(np.ravel(figure.subplots(1, len(named), squeeze=False)), named.items(), strict=True):
        F, y = np.asarray(F, float).reshape(len(y), -1), np.ravel(y)
        centered = F - F.mean(axis=0)
        flat = centered @ np.linalg.svd(centered, full_matrices=False)[2][:2].T
        for label, (color, _) in zip(np.unique(y), [*LINES, (GRAY, ""), (RED, ""), (BLUE, "")], strict=False):
            ax.plot(*flat[y == label].T, linestyle="", marker=f"${label}$", color=color, markersize=7)
        means = np.array([F[y == label].mean(axis=0) for label in np.unique(y)])
        nearest = np.unique(y)[np.linalg.norm(F[:, None] - means, axis=2).argmin(axis=1)]
        share = f"{np.mean(nearest == y):.0%}"
        ax.set(
            title=f"{name}: {share} nearest to their own mean", xticks=[], yticks=[], xlabel="component 1", ylabel="component 2"
        )
        each = ", ".join(f"{label}: {np.mean(nearest[y == label] == label):.0%}" for label in np.unique(y))
        phrases.append(f"{name}: {share} lie nearest to the mean of their own class, and by class, {each}")
    figure.tight_layout()
    return figure, f"Examples in two dimensions, each drawn as its label. {'; '.join(phrases)}."
