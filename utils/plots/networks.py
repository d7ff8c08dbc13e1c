"""Pictures of networks and of what they say: layers, weights and regions."""

import base64
import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from utils.advice import Advice
from utils.plots import drawing
from utils.plots.drawing import BLUE, GRAY, RED
from utils.plots.live import Live, still_frames, stills
from utils.plots.pictures import Function, picture


@picture
def data(
    X: Any, y: Any, mark: Mapping[str, Sequence[float]] | None = None, names: tuple[str, str] = ("x1", "x2")
) -> tuple[Figure, str]:
    """
    Draw the examples of a data set with two features by their label, and further points by name.

    Where the first feature is a whole number, the points are moved sideways a little, so that none hides another.
    """
    X, y = np.asarray(X, float), np.ravel(y)
    figure = Figure(figsize=(5.6, 4.2))
    ax = figure.subplots()
    whole = np.array_equal(X[:, 0], np.round(X[:, 0]))
    drawing.scatter(ax, np.column_stack([drawing.jitter(X[:, 0]), X[:, 1]]) if whole else X, y)
    for name, point in (mark or {}).items():
        ax.plot(*point, **drawing.YOU, label=name)
    ax.set(xlabel=names[0], ylabel=names[1])
    drawing.legend_above(ax)
    marked = "".join(f" {name} is at ({point[0]:g}, {point[1]:g})." for name, point in (mark or {}).items())
    groups = [
        f"{np.sum(y == label)} with y = {label}, around ({', '.join(f'{mean:.2g}' for mean in X[y == label].mean(axis=0))})"
        for label in (0, 1)
    ]
    moved = " They are moved sideways a little, so that none hides another." if whole else ""
    return figure, f"{len(X)} points over {names[0]} and {names[1]}: {' and '.join(groups)}.{marked}{moved}"


@picture
def decision_regions(
    predict: Function,
    X: Any = None,
    y: Any = None,
    *,
    line: Function | None = None,
    line_name: str = "your line",
    mark: Mapping[str, Sequence[float]] | None = None,
    limits: tuple[float, float] = (-4, 4),
    names: tuple[str, str] = ("x1", "x2"),
) -> tuple[Figure, str]:
    """
    Draw ŷ over the plane: green where it is near 1, red where it is near 0, white where it is undecided.

    predict: from points, shape (n, 2), to predictions, shape (n,) or (n, 1), as of a Keras model.
    X, y: data points and their labels, drawn on top.
    line: x2 from x1, shape (n,), drawn as a line; from shape (n, k), as k lines.  line_name: what it is, for the legend.
    mark: points to show by name, with the prediction for each.  names: of the axes.
    """
    figure = Figure(figsize=(5.6, 4.2))
    ax = figure.subplots()
    drawing.regions(figure, ax, predict, limits)
    seen = ["The plane is green where ŷ is near 1, red where it is near 0, and white where the two meet."]
    if X is not None:
        drawing.scatter(ax, X, y)
        seen.append(f"Of {len(X)} points, {drawing.binary_accuracy(predict, X, y):.0%} lie in their own color.")
    if line is not None:
        seen.append(_lines(ax, predict, line, line_name, limits))
    for name, point in (mark or {}).items():
        y_hat = np.asarray(predict(np.array([point], np.float32))).item()
        seen.append(f"At {name}, ŷ is {y_hat:.3g}.")
        if X is None:
            drawing.mark(ax, point, f"{name}\nŷ = {y_hat:.3g}")
        else:  # a text beside the mark would hide points
            ax.plot(*point, **drawing.YOU, label=f"{name}, ŷ = {y_hat:.3g}")
    ax.set(xlabel=names[0], ylabel=names[1])
    if ax.get_legend_handles_labels()[0]:
        drawing.legend_above(ax)
    return figure, " ".join(seen)


def _lines(ax: Axes, predict: Function, line: Function, name: str, limits: tuple[float, float]) -> str:
    """Draw one line or several, and say what ŷ is along it, or at how many places they meet the border of the green region."""
    x1 = np.linspace(*limits, 2000, dtype=np.float32)
    lines = np.asarray(line(x1), float).reshape(len(x1), -1).T
    crossings = 0
    for number, x2 in enumerate(lines):
        ax.plot(x1, x2, color="black", linewidth=2 if len(lines) == 1 else 1.2, label=name if number == 0 else None)
        inside = (x2 >= limits[0]) & (x2 <= limits[1])
        along = np.ravel(predict(np.column_stack([x1, x2])[inside].astype(np.float32)))
        crossings += np.sum(np.diff(along > 0.5))
    if len(lines) > 1:
        return f"{len(lines)} lines, {name}: they meet the border of the green region at {crossings} places."
    seen = f"Along it ŷ is between {along.min():.2f} and {along.max():.2f}." if len(along) else "It lies outside the picture."
    return f"{name.capitalize()} runs from ({x1[0]:g}, {x2[0]:.3g}) to ({x1[-1]:g}, {x2[-1]:.3g}). {seen}"


@picture
def compare_regions(
    predictors: Mapping[str, Function], X: Any, y: Any, limits: tuple[float, float] = (-4, 4)
) -> tuple[Figure, str]:
    """Draw the regions of several models, four in a row, each with the same points and with its accuracy."""
    figure, seen = drawing.panels(predictors, X, y, limits)
    return figure, f"{len(X)} points of two labels, and the regions of {len(predictors)} models: {seen}."


@picture
def regions_over_time(
    model: Any,
    weights: Sequence[Any],
    X: Any,
    y: Any,
    mark: Mapping[str, Sequence[float]],
    limits: tuple[float, float],
    xlabel: str = "epoch",
) -> Live:
    """
    Show how a model's regions form: one frame for each of the `weights`, as `get_weights` gives them.

    xlabel: what a frame is called.  mark: points to name, with ŷ.
    """
    before = model.get_weights()
    grid = np.linspace(*limits, 61, dtype=np.float32)
    points = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    shades, words = [], []
    try:
        for frame, values in enumerate(weights):
            model.set_weights(values)
            shades.append(np.asarray(model(points), float).reshape(len(grid), len(grid)))
            at = [f"ŷ = {float(model(np.array([place], np.float32))[0, 0]):.2f} at {name}" for name, place in mark.items()]
            words.append(f"{xlabel} {frame}: accuracy {drawing.binary_accuracy(model, X, y):.0%}, {', '.join(at)}")
    finally:
        model.set_weights(before)

    def background(ax: Axes) -> None:
        drawing.scatter(ax, X, y)
        ax.set(xlabel="x1", ylabel="x2", xlim=limits, ylim=limits)

    def draw(ax: Axes, frame: int) -> None:
        drawing.fill(ax, grid, shades[frame])
        background(ax)
        for place in mark.values():
            ax.plot(*place, **drawing.YOU)
        ax.set_title(words[frame].replace(", ", "\n", 1), fontsize=10)

    ground = Figure(figsize=(5.6, 4.2))
    background(ground.subplots())
    ground.tight_layout()
    shown = [words[frame] for frame in still_frames(len(shades))]
    return Live(
        stills(draw, len(shades), (4.6, 3.9)),
        f"The model's regions while it learns. {'; '.join(shown)}.",
        "regions",
        ground,
        frames=[base64.b64encode(np.uint8(np.round(255 * np.clip(shade, 0, 1))).tobytes()).decode() for shade in shades],
        size=len(grid),
        marks=[list(map(float, place)) for place in mark.values()],
        label=xlabel,
        names=list(range(len(shades))),
        words=words,
    )


@picture
def matrices(named: Mapping[str, Any], outline: Mapping[str, Any] | None = None) -> tuple[Figure, str]:
    """
    Draw matrices by name as heat maps of one color scale, with their numbers where there is room; vectors as a row.

    outline: what to outline in a matrix, by its name: an index, as NumPy takes it.
    """
    arrays = {name: np.atleast_2d(np.asarray(array, float)) for name, array in named.items()}
    largest = max(np.max(np.abs(array)) for array in arrays.values()) or 1.0
    cell = min(0.55, (10.4 - 0.45 * len(arrays)) / sum(array.shape[1] for array in arrays.values()))
    sizes = [cell * np.array(array.shape[::-1]) for array in arrays.values()]
    width, height = sum(w for w, _ in sizes) + 0.45 * len(arrays), max(h for _, h in sizes) + 0.65
    figure = Figure(figsize=(width, height))
    left, phrases = 0.225, []
    for (name, array), (w, h) in zip(arrays.items(), sizes, strict=True):
        ax = figure.add_axes((left / width, 1 - (0.3 + h) / height, w / width, h / height))
        left += w + 0.45
        shown = ax.imshow(array, cmap=drawing.SIGNS, vmin=-largest, vmax=largest)
        for (row, column), number in np.ndenumerate(array if cell > 0.42 else np.empty((0, 0))):
            color = drawing.ink(shown.to_rgba(number)[:3])
            ax.text(column, row, f"{round(number, 2) + 0:g}", ha="center", va="center", fontsize=9, color=color)
        shape = np.shape(named[name])
        ax.set_title(name, fontsize=10, pad=7)
        ax.set_xlabel(str(tuple(map(int, shape))), fontsize=9, color=GRAY)
        ax.set(xticks=[], yticks=[])
        phrases.append(f"{name} {_in_words(array.reshape(shape))}")
        if name in (outline or {}):
            chosen = np.zeros(shape, bool)
            chosen[outline[name]] = True
            _outline(ax, np.atleast_2d(chosen))
            phrases[-1] += f", where {_numbers(array.reshape(shape)[chosen])} is outlined"
    return figure, " ".join(f"Heat maps, blue above 0 and red below: {'; '.join(phrases)}.".split())


def _outline(ax: Axes, chosen: np.ndarray) -> None:
    """Draw a line around the cells that are chosen: along each edge with a cell on one side that is, and one that is not."""
    around = np.pad(chosen, 1)
    edges = [[(x - 0.5, y - 1.5), (x - 0.5, y - 0.5)] for y, x in np.argwhere(np.diff(around, axis=1))]
    edges += [[(x - 1.5, y - 0.5), (x - 0.5, y - 0.5)] for y, x in np.argwhere(np.diff(around, axis=0))]
    ax.add_collection(LineCollection(edges, color="black", linewidth=2.5, capstyle="projecting", clip_on=False, zorder=4))


def _in_words(array: np.ndarray) -> str:
    """The numbers of a small array; of a large one its shape, and where it is lowest and highest."""
    if array.size <= 24:
        return f"= {_numbers(array)}"
    extremes = []
    for place in (np.argmin(array), np.argmax(array)):
        where = ", ".join(map(str, np.unravel_index(place, array.shape)))
        extremes.append(f"{drawing.short(array.flat[place])} at [{where}]")
    return f"of shape {array.shape}, from {extremes[0]} to {extremes[1]}"


def _numbers(array: np.ndarray) -> str:
    return np.array2string(array, separator=", ", formatter={"float_kind": lambda number: f"{round(number, 2) + 0:g}"})


@picture
def network(model: Any) -> tuple[Figure, str]:
    """
    Draw a model of Dense layers, or one such layer: a circle for each input and unit, a line for each weight.

    The width of a line is the size of the weight, the color its sign. Of a layer with more than 12 units, 10 are drawn.
    """
    layers = _dense_layers(model)
    sizes = [layers[0][1].shape[0], *(W.shape[1] for _, W in layers)]
    largest = max(np.max(np.abs(W)) for _, W in layers) or 1.0
    tallest = min(max(sizes), 12)
    figure = Figure(figsize=(min(2.2 + 1.55 * len(layers), 9), 1.5 + 0.28 * max(tallest, 4)))
    ax = figure.subplots()
    places = [_column(size, tallest) for size in sizes]
    for left, (_, W) in enumerate(layers):
        for (i, y_from), (j, y_to) in itertools.product(places[left].items(), places[left + 1].items()):
            width = 0.5 + 2.5 * abs(W[i, j]) / largest
            ax.plot([left, left + 1], [y_from, y_to], color=BLUE if W[i, j] > 0 else RED, linewidth=width, alpha=0.8, zorder=1)
    for column, (size, place) in enumerate(zip(sizes, places, strict=True)):
        is_output, letter = column == len(layers), "x" if column == 0 else "ŷ"
        fill = drawing.INPUT if column == 0 else drawing.UNIT
        ax.scatter([column] * len(place), list(place.values()), s=330, color=fill, edgecolors=GRAY, zorder=2)
        for i, y in place.items():
            label = (letter if is_output and size == 1 else f"{letter}{i + 1}") if column == 0 or is_output else ""
            ax.text(column, y, label, ha="center", va="center", fontsize=9, zorder=3)
        if size > len(place):
            ax.text(column, 0, "⋮", ha="center", va="center", fontsize=14)
        ax.text(column, -tallest / 2 - 0.35, _caption(column, size, layers), ha="center", va="top", fontsize=9)
    for color, sign in ((BLUE, "positive weight"), (RED, "negative weight")):
        ax.plot([], [], color=color, linewidth=2, label=sign)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, fontsize=9)
    ax.set(xlim=(-0.5, len(layers) + 0.5), ylim=(-tallest / 2 - 1.4, tallest / 2 + 0.1))
    ax.axis("off")
    captions = [_caption(column, size, layers).replace("\n", ", ") for column, size in enumerate(sizes)]
    weights = np.concatenate([W.ravel() for _, W in layers])
    between = f" ({' + '.join(str(W.size) for _, W in layers)})" if len(layers) > 1 else ""
    return figure, (
        f"A network: {'; '.join(captions)}. Lines join each circle to all of the next column: {weights.size} weights{between}, "
        f"{np.sum(weights < 0)} of them negative, from {weights.min():.2f} to {weights.max():.2f}."
    )


def _dense_layers(model: Any) -> list[tuple[str, np.ndarray]]:
    """The Dense layers of a model, or the one that it is: the name of the activation, and the kernel, shape (m, d)."""
    found = []
    for layer in getattr(model, "layers", [model]):
        if kernels := [array for array in layer.get_weights() if array.ndim == 2]:  # a bias of shape (1, d) is the smaller one
            found.append((getattr(getattr(layer, "activation", None), "__name__", ""), max(kernels, key=np.size)))
    if not found:
        raise Advice("There are no weights to draw yet: a layer makes them when it is called for the first time.")
    return found


def _column(size: int, tallest: int) -> dict[int, float]:
    """The heights of the circles that stand for a layer's units: all of up to 12, else the first and the last five of them."""
    slots = min(size, 12)
    apart = min(tallest / slots, 2.0)
    shown = range(size) if size <= 12 else [*range(5), None, None, *range(size - 5, size)]
    return {unit: ((slots - 1) / 2 - slot) * apart for slot, unit in enumerate(shown) if unit is not None}


def _caption(column: int, size: int, layers: Sequence[tuple[str, np.ndarray]]) -> str:
    if column == 0:
        return f"{size} input{'s' if size > 1 else ''}"
    activation = layers[column - 1][0]
    return f"{size} unit{'s' if size > 1 else ''}\n{activation if activation not in ('', 'linear') else 'no activation'}"
