"""
Every picture the labs draw. Each function draws what the student's own code does.

It returns the figure and a description: what there is to see in words, for screen readers and for paper.
"""

import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.ticker import FormatStrFormatter, LogLocator

from utils import datasets, exercises, progress_file, running
from utils.advice import Advice
from utils.pictures import Animation, Function, picture, still_frames

# Colors of Okabe and Ito, which color-blind people can tell apart; each class has a marker of its own as well.
BLUE, ORANGE, GREEN, RED, GRAY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#6b6b6b"
CLASS_MARKERS = ((RED, "x"), (GREEN, "o"))
REGIONS = LinearSegmentedColormap.from_list("regions", ["#f6c4a4", "#ffffff", "#a5dcc9"])
WEIGHTS = LinearSegmentedColormap.from_list("weights", [RED, "#ffffff", BLUE])


# --- lab 0 ------------------------------------------------------------------------------------------------------------


@picture
def tensors(**named: Any) -> tuple[Figure, str]:
    """Draw each tensor as the block of cells it is, by name: rank 0 to 3 as a box, rank 4 as a row of boxes."""
    figure = Figure(figsize=(9, 2.4))
    axes = figure.subplots(1, len(named), gridspec_kw={"wspace": 0.05})
    for ax, (name, tensor) in zip(axes, named.items(), strict=True):
        shape = tuple(int(n) for n in tensor.shape)
        _blocks(ax, shape)
        ax.set_title(f"{name}\nrank {len(shape)}", fontsize=10)
        ax.set_xlabel(f"shape {shape}", fontsize=9)
    sizes = [f"{name} of rank {len(tensor.shape)} and shape {tuple(map(int, tensor.shape))}" for name, tensor in named.items()]
    return figure, f"Tensors as blocks of cells, at most six along an axis: {', '.join(sizes)}."


def _blocks(ax: Axes, shape: tuple[int, ...]) -> None:
    """Draw a shape with at most six cells along an axis; what is longer is drawn as six."""
    rows, columns, depth, boxes = ((*(1,) * (2 - len(shape)), *shape) if len(shape) < 3 else (*shape[-3:-1],)) + (
        1 if len(shape) < 3 else shape[-1],
        shape[0] if len(shape) == 4 else 1,
    )
    rows, columns, depth, boxes = (min(n, 6) for n in (rows, columns, depth, min(boxes, 3)))
    size = 1 / max(rows, columns, 3)
    for box in reversed(range(boxes)):
        for layer in reversed(range(depth)):
            left, bottom = 0.08 * layer + 0.36 * box, 0.08 * layer + 0.36 * box
            color = (BLUE, ORANGE, GREEN)[layer % 3] if depth > 1 else BLUE
            for row in range(rows):
                for column in range(columns):
                    ax.add_patch(
                        Rectangle(
                            (left + column * size, bottom + (rows - 1 - row) * size),
                            size,
                            size,
                            facecolor=color,
                            edgecolor="white",
                            linewidth=1,
                        )
                    )
    ax.set(xticks=[], yticks=[], xlim=(-0.35, 1.95), ylim=(-0.25, 2.05), aspect="equal")
    ax.spines[:].set_visible(False)


@picture
def computation_graph(node: Function, **inputs: float) -> tuple[Figure, str]:
    """Draw the operations that TensorFlow records when it runs `node` on the inputs, each with the value it has."""
    operations, edges = _trace(node, inputs)
    columns: dict[str, int] = {}
    for name in operations:
        columns[name] = 1 + max((columns[source] for source, target in edges if target == name), default=-1)
    places = {name: _place(name, columns) for name in operations}
    figure = Figure(figsize=(7.5, 2.8))
    ax = figure.subplots()
    for source, target in edges:
        ax.annotate(
            "",
            places[target],
            places[source],
            arrowprops={"arrowstyle": "-|>", "color": GRAY, "shrinkA": 26, "shrinkB": 28, "linewidth": 1.5},
        )
    for name, (label, number) in operations.items():
        is_input = columns[name] == 0
        ax.text(
            *places[name],
            label,
            ha="center",
            va="center",
            fontsize=13,
            color="black",
            bbox={"boxstyle": "circle,pad=0.5", "facecolor": "#d6e8f5" if is_input else "#fbe3b5", "edgecolor": GRAY},
        )
        ax.text(places[name][0], places[name][1] - 0.36, f"{number:g}", ha="center", va="top", fontsize=10, color=BLUE)
    ax.set_xlim(-0.5, max(columns.values()) + 0.5)
    heights = [y for _, y in places.values()]
    ax.set_ylim(min(heights) - 0.75, max(heights) + 0.5)
    ax.axis("off")
    steps = [
        f"{' and '.join(operations[source][0] for source, target in edges if target == name)} to {label}, which is {number:g}"
        for name, (label, number) in operations.items()
        if columns[name] > 0
    ]
    given = [f"{name} = {number:g}" for name, number in inputs.items()]
    return figure, f"A graph with the inputs {' and '.join(given)}. Arrows lead from {'; from '.join(steps)}."


def _trace(node: Function, inputs: Mapping[str, float]) -> tuple[dict[str, tuple[str, float]], list[tuple[str, str]]]:
    """The operations of a function with their labels and values, and the edges between them."""
    tf = running.tf
    marks = {"AddV2": "+", "Add": "+", "Sub": "−", "Mul": "×", "RealDiv": "÷", "Neg": "−", "Pow": "^", "Square": "²"}
    with tf.Graph().as_default() as graph:
        tensors = [tf.constant(number, tf.float32, name=name) for name, number in inputs.items()]
        try:
            result = node(*tensors)
        except NotImplementedError as error:
            if running.raised_by_student(error):
                raise
            result = None  # NumPy was asked to compute with tensors that have no values yet
        if not hasattr(result, "op"):
            raise Advice(
                "This picture shows the operations that TensorFlow records, and your code gave it none to record: "
                "write them with +, -, * or functions of TensorFlow."
            )
        operations = [op for op in graph.get_operations() if op.outputs and op.type != "Identity"]
        with tf.compat.v1.Session(graph=graph) as session:
            values = session.run([op.outputs[0] for op in operations])
    labels = {}
    for op, number in zip(operations, values, strict=True):
        label = op.name if op.name in inputs else f"{number:g}" if op.type == "Const" else marks.get(op.type, op.type)
        labels[op.name] = (label, float(number))
    edges = [(tensor.op.name, op.name) for op in operations for tensor in op.inputs if tensor.op.name in labels]
    return labels, edges


def _place(name: str, columns: Mapping[str, int]) -> tuple[float, float]:
    """Nodes of a column stand below one another, the column in the middle of the picture."""
    same = [other for other, column in columns.items() if column == columns[name]]
    return float(columns[name]), (len(same) - 1) / 2 - same.index(name)


@picture
def balance(x: Any, mean: Function) -> tuple[Figure, str]:
    """Draw the numbers as weights on a beam, and what `mean` makes of them as the point it rests on."""
    x = np.asarray(x, float)
    center = float(mean(x))
    figure = Figure(figsize=(7, 1.9))
    ax = figure.subplots()
    tilt = 0.0 if np.isclose(center, x.mean()) else np.sign(x.mean() - center) * -0.12
    low, high = min(x.min(), center) - 1.5, max(x.max(), center) + 1.5
    ax.plot([low, high], [(low - center) * tilt, (high - center) * tilt], color=GRAY, linewidth=3)
    ax.plot(x, (x - center) * tilt + 0.22, "o", color=BLUE, markersize=14, label="the numbers x")
    ax.plot([center], [-0.28], "^", color=ORANGE, markersize=16, label=f"your mean, {center:g}")
    ax.set(ylim=(-1, 1.2), yticks=[], xlabel="x")
    ax.spines[["left", "top", "right"]].set_visible(False)
    ax.legend(loc="upper right", ncols=2, frameon=False)
    state = "is level" if tilt == 0 else f"sinks on the {'right' if tilt < 0 else 'left'}"
    return (
        figure,
        f"A beam with weights at {' and '.join(map('{:g}'.format, x))} rests on a support at {center:g}: it {state}.",
    )


@picture
def course_map() -> tuple[Figure, str]:
    """Draw the labs as a path, each with the share of its exercises that are done."""
    states = progress_file.load()
    names, shares = exercises.lab_names(), []
    figure = Figure(figsize=(9, 0.9 + 1.1 * ((len(names) - 1) // 5 + 1)))
    ax = figure.subplots()
    for i, name in enumerate(names):
        numbers = list(exercises.of_lab(name))
        done = sum(number in states and states[number].passed for number in numbers)
        row, column = divmod(i, 5)
        left, bottom = column * 1.12, -row * 0.75
        if column:
            ax.plot([left - 0.12, left], [bottom + 0.25] * 2, color=GRAY, linewidth=2, zorder=0)
        ax.add_patch(
            FancyBboxPatch((left + 0.02, bottom + 0.02), 0.96, 0.46, boxstyle="round,pad=0.02", facecolor="white", edgecolor=GRAY)
        )
        ax.add_patch(Rectangle((left + 0.06, bottom + 0.08), 0.88 * done / len(numbers), 0.08, facecolor=GREEN))
        ax.add_patch(Rectangle((left + 0.06, bottom + 0.08), 0.88, 0.08, facecolor="none", edgecolor=GRAY, linewidth=0.8))
        title, share = f"{int(name[:2])} · {name[3:].replace('_', ' ').capitalize()}", f"{done} of {len(numbers)} done"
        ax.text(left + 0.5, bottom + 0.36, title, ha="center", va="center", fontsize=9)
        ax.text(left + 0.5, bottom + 0.23, share, ha="center", va="center", fontsize=8, color=GRAY)
        shares.append(f"{title}, {share}")
    ax.set(xlim=(-0.05, 5.6), ylim=(-((len(names) - 1) // 5) * 0.75 - 0.05, 0.55))
    ax.axis("off")
    return figure, f"The labs in their order, with a bar for the share of exercises done: {'; '.join(shares)}."


# --- lab 1 ------------------------------------------------------------------------------------------------------------


@picture
def weighted_sum(x: Sequence[float], w: Sequence[float], b: float, z: float) -> tuple[Figure, str]:
    """Draw how the terms add up to z: each bar begins where the one before it ends."""
    z = float(z)
    terms = {"bias b": b} | {f"w{i}·x{i}": wi * xi for i, (wi, xi) in enumerate(zip(w, x, strict=True), 1)}
    figure = Figure(figsize=(7, 2.8))
    ax = figure.subplots()
    start = 0.0
    for row, (label, term) in enumerate(terms.items()):
        ax.barh(row, term, left=start, color=BLUE if term > 0 else RED, height=0.6)
        ax.text(max(start, start + term) + 0.15, row, f"{label} = {term:+g}", va="center", fontsize=10)
        ax.plot([start + term] * 2, [row - 0.3, row + 1.3], color=GRAY, linewidth=1, linestyle=":")
        start += term
    ax.barh(len(terms), z, color=ORANGE, height=0.6)
    ax.text(0.15, len(terms), f"your z = {z:g}", va="center", fontsize=10)
    ax.axvline(0, color="black", linewidth=1)
    ax.set(yticks=[], xlabel="z", xlim=(min(-7.0, z - 1), max(4.0, z + 3)))
    ax.invert_yaxis()
    ax.spines[["left", "top", "right"]].set_visible(False)
    steps = [f"{label} = {term:+g}" for label, term in terms.items()]
    return figure, f"Bars, each from the end of the one before: {', '.join(steps)}. They end at {start:g}; your z is {z:g}."


@picture
def activations(functions: Mapping[str, Function | tuple[Function, Function]]) -> tuple[Figure, str]:
    """Draw each activation by name, and beside it its derivative where there is one."""
    z = np.linspace(-5, 5, 201, dtype=np.float32)
    seen = []
    figure = Figure(figsize=(9, 2.6))
    for ax, (name, pair) in zip(figure.subplots(1, len(functions)), functions.items(), strict=True):
        g, *derivative = pair if isinstance(pair, tuple) else (pair,)
        values = np.asarray(g(z), float)
        ax.plot(z, values, color=BLUE, linewidth=2, label="g(z)")
        seen.append(f"{name} goes from {values[0]:.2f} to {values[-1]:.2f}")
        if derivative:
            slopes = np.asarray(derivative[0](z), float)
            ax.plot(z, slopes, color=ORANGE, linewidth=2, linestyle="--", label="g'(z)")
            seen[-1] += f", and its slope is between {slopes.min():.2f} and {slopes.max():.2f}"
        ax.axhline(0, color=GRAY, linewidth=0.6)
        ax.axvline(0, color=GRAY, linewidth=0.6)
        ax.set(title=name, xlabel="z", ylim=(-1.3, 2.2))
        ax.legend(loc="upper left", frameon=False, fontsize=9)
    figure.tight_layout()
    return figure, "Curves for z from -5 to 5: " + "; ".join(seen) + "."


@picture
def decision_regions(
    predict: Function,
    X: Any = None,
    y: Any = None,
    *,
    line: Function | None = None,
    mark: Mapping[str, Sequence[float]] | None = None,
    limits: tuple[float, float] = (-4, 4),
) -> tuple[Figure, str]:
    """
    Draw ŷ over the plane: green where it is near 1, red where it is near 0, white where it is undecided.

    predict: from points, shape (n, 2), to predictions, shape (n,) or (n, 1), as of a Keras model.
    X, y: data points and their labels, drawn on top.
    line: x2 from x1, drawn as a line.  mark: points to show by name, with the prediction for each.
    """
    figure = Figure(figsize=(5.6, 4.2))
    ax = figure.subplots()
    _regions(figure, ax, predict, limits)
    seen = ["The plane is green where ŷ is near 1, red where it is near 0, and white where the two meet."]
    if X is not None:
        scatter(ax, X, y)
        seen.append(f"Of {len(X)} points, {_share_right(predict, X, y):.0%} lie in their own color.")
    if line is not None:
        x1 = np.linspace(*limits, 50, dtype=np.float32)
        x2 = np.asarray(line(x1), float)
        ax.plot(x1, x2, color="black", linewidth=2, label="your line")
        seen.append(f"Your line runs from ({x1[0]:g}, {x2[0]:.3g}) to ({x1[-1]:g}, {x2[-1]:.3g}).")
    for name, point in (mark or {}).items():
        y_hat = np.asarray(predict(np.array([point], np.float32))).item()
        seen.append(f"At {name}, ŷ is {y_hat:.3g}.")
        _mark(ax, point, f"{name}\nŷ = {y_hat:.3g}")
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="lower right", fontsize=9)
    return figure, " ".join(seen)


def _regions(figure: Figure, ax: Axes, predict: Function, limits: tuple[float, float], bar: bool = True) -> None:
    grid = np.linspace(*limits, 121, dtype=np.float32)
    points = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    y_hat = np.asarray(predict(points), float).reshape(len(grid), len(grid))
    shown = ax.contourf(grid, grid, y_hat, levels=np.linspace(0, 1, 11), cmap=REGIONS, vmin=0, vmax=1)
    ax.set(xlabel="x1", ylabel="x2", xlim=limits, ylim=limits)
    if bar:
        figure.colorbar(shown, ax=ax, ticks=np.linspace(0, 1, 6)).set_label("ŷ", rotation=0, labelpad=8)


def _share_right(predict: Function, X: Any, y: Any) -> float:
    """The share of points whose prediction is on the side of their label."""
    return float(np.mean((np.ravel(predict(X)) > 0.5) == (np.ravel(y) == 1)))


def _mark(ax: Axes, point: Sequence[float], text: str) -> None:
    """Draw a star, and write above it on a ground that keeps what is drawn below from showing through."""
    ax.plot(*point, "*", color="black", markersize=15, zorder=4)
    ground = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.75}
    ax.annotate(text, point, xytext=(0, 12), textcoords="offset points", ha="center", fontsize=10, bbox=ground, zorder=4)


def scatter(ax: Axes, X: Any, y: Any) -> None:
    """Draw points with the color and the marker of their label."""
    X, y = np.asarray(X), np.ravel(y)
    for label, (color, marker) in enumerate(CLASS_MARKERS):
        ax.scatter(*X[y == label].T, s=22, color=color, marker=marker, linewidths=1.2, label=f"y = {label}")


@picture
def linear_or_not(g: Function, name: str = "your g") -> tuple[Figure, str]:
    """
    Draw the green and red points, and what a network with 30 hidden units makes of them without and with g.

    Both networks have the same random hidden layer; the output layer is fitted in each, by ridge regression
    (w = (HᵀH + λI)⁻¹ Hᵀy, with λ = 0.01).
    """
    X, y = datasets.points()
    rng = np.random.default_rng(3)
    W1, b1 = rng.normal(size=(2, 30)) * 1.5, rng.normal(size=30) * 1.5

    def fitted(activation: Function) -> Function:
        def hidden(points: np.ndarray) -> np.ndarray:
            h = np.asarray(activation((points @ W1 + b1).astype(np.float32)), float)
            return np.column_stack([h, np.ones(len(points))])

        H = hidden(X)
        output = np.linalg.solve(H.T @ H + 0.01 * np.eye(H.shape[1]), H.T @ y)
        return lambda points: np.clip(hidden(points) @ output, 0, 1)

    networks = {"no activation": fitted(lambda z: z), f"with {name} between the layers": fitted(g)}
    figure, seen = _panels(networks, X, y, (-2.6, 2.6))
    return figure, f"Green points inside a ring of red ones, and the regions of two networks: {seen}."


def _panels(predictors: Mapping[str, Function], X: Any, y: Any, limits: tuple[float, float]) -> tuple[Figure, str]:
    """The regions of several models, four in a row, with the points and the share that each has right; and that in words."""
    columns, rows = min(len(predictors), 4), (len(predictors) + 3) // 4
    width = min(10.8 / columns, 4.5)
    figure = Figure(figsize=(width * columns, (0.75 * width + 0.6) * rows))
    seen = []
    for place, (name, predict) in enumerate(predictors.items(), 1):
        ax = figure.add_subplot(rows, columns, place)
        _regions(figure, ax, predict, limits, bar=False)
        scatter(ax, X, y)
        seen.append(f"{name}: {_share_right(predict, X, y):.0%} right")
        ax.set_title(seen[-1], fontsize=11)
        if place % columns != 1 and columns > 1:
            ax.set(ylabel="", yticklabels=[])
    if columns < 3:  # there is room for it
        ax.legend(loc="lower right", fontsize=8)
    figure.tight_layout()
    return figure, "; ".join(seen)


@picture
def learning_by_mistakes(step: Function, epochs: int = 12, learning_rate: float = 0.1) -> tuple[Figure, str]:
    """Draw how many points Rosenblatt's `step` finds wrong in each epoch: on the two clouds, and on XOR."""
    figure = Figure(figsize=(9, 2.8))
    seen = []
    data = {"the two clouds": datasets.clouds(), "XOR": datasets.xor()}
    for ax, (name, (X, y)) in zip(figure.subplots(1, 2), data.items(), strict=True):
        order = np.random.default_rng(5).permutation(len(X))
        w, b, counts = np.zeros(2, np.float32), 0.0, []
        for _ in range(epochs):
            wrong = 0
            for i in order:
                wrong += int((X[i] @ w + b > 0) != (y[i] == 1))
                w, b = step(w, b, X[i], float(y[i]), learning_rate)
                w, b = np.asarray(w, np.float32), float(b)
            counts.append(wrong)
        seen.append(f"{name}, {len(X)} points: {', '.join(map(str, counts))}")
        ax.plot(range(1, epochs + 1), counts, "o-", color=BLUE)
        ax.set(title=f"{name}, {len(X)} points", xlabel="epoch", ylabel="mistakes", ylim=(-0.3, max(counts) * 1.15 + 0.7))
        ax.axhline(0, color=GRAY, linewidth=0.6)
    figure.tight_layout()
    return figure, "Mistakes in each epoch: " + "; ".join(seen) + "."


# --- lab 2 ------------------------------------------------------------------------------------------------------------


@picture
def matrices(named: Mapping[str, Any]) -> tuple[Figure, str]:
    """Draw matrices by name as heat maps of one color scale, with their numbers where there is room; vectors as a row."""
    arrays = {name: np.atleast_2d(np.asarray(array, float)) for name, array in named.items()}
    largest = max(np.max(np.abs(array)) for array in arrays.values()) or 1.0
    columns = [array.shape[1] for array in arrays.values()]
    rows = max(len(array) for array in arrays.values())
    cell = min(0.55, 7.0 / sum(columns))
    figure = Figure(figsize=(cell * sum(columns) + 0.45 * len(arrays), cell * rows + 0.7))
    axes = np.atleast_1d(figure.subplots(1, len(arrays), gridspec_kw={"width_ratios": columns, "wspace": 1.2 / np.mean(columns)}))
    for ax, (name, array) in zip(axes, arrays.items(), strict=True):
        ax.imshow(array, cmap=WEIGHTS, vmin=-largest, vmax=largest)
        for (row, column), number in np.ndenumerate(array if cell > 0.4 else np.empty((0, 0))):
            color = "white" if abs(number) > 0.75 * largest else "black"
            ax.text(column, row, f"{round(number, 2):g}", ha="center", va="center", fontsize=9, color=color)
        ax.set_title(name, fontsize=10)
        ax.set_xlabel(f"{' × '.join(map(str, np.shape(named[name])))}", fontsize=9, color=GRAY)
        ax.set(xticks=[], yticks=[])
        ax.set_anchor("N")
    said = [f"{name} {_in_words(array)}" for name, array in arrays.items()]
    return figure, " ".join(f"Heat maps, blue above 0 and orange below: {'; '.join(said)}.".split())


def _in_words(array: np.ndarray) -> str:
    if array.size > 24:
        return f"of shape {array.shape}, from {array.min():.2g} to {array.max():.2g}"
    return f"= {np.array2string(array, precision=2, separator=', ')}"


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
            width = 0.25 + 2.75 * abs(W[i, j]) / largest
            ax.plot([left, left + 1], [y_from, y_to], color=BLUE if W[i, j] > 0 else RED, linewidth=width, alpha=0.75, zorder=1)
    for column, (size, place) in enumerate(zip(sizes, places, strict=True)):
        is_output, letter = column == len(layers), "x" if column == 0 else "ŷ"
        fill = "#d6e8f5" if column == 0 else "#fbe3b5"
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
    return figure, (
        f"A network: {'; '.join(captions)}. Lines join each circle to all of the next column: {weights.size} weights, "
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


# --- lab 3 ------------------------------------------------------------------------------------------------------------


@picture
def data(
    X: Any, y: Any, mark: Mapping[str, Sequence[float]] | None = None, names: tuple[str, str] = ("x1", "x2")
) -> tuple[Figure, str]:
    """Draw the examples of a data set with two features by their label, and further points by name."""
    figure = Figure(figsize=(5.6, 4.2))
    ax = figure.subplots()
    scatter(ax, X, y)
    for name, point in (mark or {}).items():
        _mark(ax, point, name)
    ax.set(xlabel=names[0], ylabel=names[1])
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)
    marked = "".join(f" {name} is at ({point[0]:g}, {point[1]:g})." for name, point in (mark or {}).items())
    groups = [
        f"{np.sum(y == label)} with y = {label}, around ({', '.join(f'{mean:.2g}' for mean in X[y == label].mean(axis=0))})"
        for label in (0, 1)
    ]
    return figure, f"{len(X)} points over {names[0]} and {names[1]}: {' and '.join(groups)}.{marked}"


@picture
def compare_regions(
    predictors: Mapping[str, Function], X: Any, y: Any, limits: tuple[float, float] = (-4, 4)
) -> tuple[Figure, str]:
    """Draw the regions of several models, four in a row, each with the same points and with the share it has right."""
    figure, seen = _panels(predictors, X, y, limits)
    return figure, f"{len(X)} points of two labels, and the regions of {len(predictors)} models: {seen}."


# --- lab 4 ------------------------------------------------------------------------------------------------------------


@picture
def loss_curves(losses: Mapping[str, Function]) -> tuple[Figure, str]:
    """Draw each loss, a function of y and ŷ, over the prediction ŷ of one example: for y = 1, and for y = 0."""
    y_hat = np.linspace(0.005, 0.995, 100, dtype=np.float32)
    figure = Figure(figsize=(4.2 * len(losses), 3.2))
    seen = []
    for ax, (name, loss) in zip(np.atleast_1d(figure.subplots(1, len(losses), sharey=True)), losses.items(), strict=True):
        for y, color, line in ((1.0, GREEN, "-"), (0.0, RED, "--")):
            values = [float(np.mean(loss(np.array([y], np.float32), y_hat[i : i + 1]))) for i in range(len(y_hat))]
            ax.plot(y_hat, values, color=color, linestyle=line, linewidth=2, label=f"y = {y:g}")
            seen.append(f"{name}, y = {y:g}: {values[0]:.2f} near ŷ = 0, {values[50]:.2f} half way, {values[-1]:.2f} near 1")
        ax.set(title=name, xlabel="ŷ", xlim=(0, 1))
        ax.grid(alpha=0.3)
        ax.legend(loc="upper center", frameon=False)
    figure.axes[0].set_ylabel("L")
    figure.tight_layout()
    return figure, "Loss curves. " + "; ".join(seen) + "."


@picture
def loss_surface(
    model: Any, loss: Function, X: Any, y: Any, limits: tuple[float, float] = (-2, 2), steps: int = 25
) -> tuple[Figure, str]:
    """
    Draw the loss of a model over the first two weights of its first unit, the others as they are: as a surface, and as a map.

    loss: from targets and predictions to a number.
    """
    before = model.get_weights()
    if not before or before[0].ndim != 2 or len(before[0]) < 2:
        raise Advice("This picture needs a model with two inputs or more, and with weights: begin it with `keras.Input((2,))`.")
    here = before[0][0, 0], before[0][1, 0]
    w = np.linspace(*limits, steps)
    J = np.empty((steps, steps))
    try:
        for (row, column), _ in np.ndenumerate(J):
            kernel = before[0].copy()
            kernel[0, 0], kernel[1, 0] = w[column], w[row]
            model.set_weights([kernel, *before[1:]])
            J[row, column] = float(loss(y, model(X)))
    finally:
        model.set_weights(before)
    J_here = float(loss(y, model(X)))
    row, column = np.unravel_index(np.argmin(J), J.shape)
    figure = Figure(figsize=(9, 3.8))
    figure.subplots_adjust(wspace=0.38)
    surface, plan = figure.add_subplot(1, 2, 1, projection="3d"), figure.add_subplot(1, 2, 2)
    W1, W2 = np.meshgrid(w, w)
    surface.plot_surface(W1, W2, J, cmap="cividis", linewidth=0, antialiased=True)
    surface.set(xlabel="w1", ylabel="w2", zlabel="J")
    shown = plan.contourf(W1, W2, J, levels=20, cmap="cividis")
    plan.plot(
        w[column],
        w[row],
        "*",
        color="white",
        markeredgecolor="black",
        markersize=15,
        clip_on=False,
        label=f"lowest, J = {J.min():.2f}",
    )
    plan.plot(*here, "o", color=ORANGE, markeredgecolor="black", markersize=9, label=f"the model, J = {J_here:.2f}")
    plan.set(xlabel="w1", ylabel="w2", xlim=limits, ylim=limits)
    plan.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False, fontsize=9)
    figure.colorbar(shown, ax=plan).set_label("J", rotation=0, labelpad=8)
    return figure, (
        f"The loss J over w1 and w2 from {limits[0]:g} to {limits[1]:g}, as a surface and as a map. It is lowest, {J.min():.2f}, "
        f"at ({w[column]:.2g}, {w[row]:.2g}), and highest, {J.max():.2f}. The model is at ({here[0]:.2g}, {here[1]:.2g}), "
        f"where J is {J_here:.2f}."
    )


# --- labs 5 to 7 ------------------------------------------------------------------------------------------------------

# By color and by line, for whoever cannot tell the colors apart.
LINES = [(BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (RED, ":"), ("#CC79A7", "-"), ("#56B4E9", "--"), ("black", "-.")]


@picture
def curves(
    values: Mapping[str, Sequence[float]], ylabel: str = "J", xlabel: str = "epoch", log: bool = False
) -> tuple[Figure, str]:
    """Draw lists of numbers over the epoch, by name; of several runs, shape (runs, epochs), the mean and the range."""
    figure = Figure(figsize=(6.4, 3.2))
    ax = figure.subplots()
    _curves(ax, values)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    means = {name: np.atleast_2d(np.asarray(numbers, float)).mean(axis=0) for name, numbers in values.items()}
    said = [f"{name} from {_short(mean[0])} to {_short(mean[-1])}" for name, mean in means.items()]
    return figure, f"{ylabel} over the {xlabel}: {'; '.join(said)}."


def _curves(ax: Axes, values: Mapping[str, Sequence[float]]) -> None:
    for (name, numbers), (color, line) in zip(values.items(), itertools.cycle(LINES), strict=False):
        runs = np.atleast_2d(np.asarray(numbers, float))
        ax.plot(runs.mean(axis=0), color=color, linestyle=line, linewidth=1.8, label=name)
        if len(runs) > 1:
            ax.fill_between(range(runs.shape[1]), runs.min(axis=0), runs.max(axis=0), color=color, alpha=0.18, linewidth=0)
    ax.grid(alpha=0.3)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=min(len(values), 4), frameon=False, fontsize=9)


def _short(number: Any) -> str:
    return f"{float(number):.3g}"


def live_loss(epochs: int) -> Function:
    """Make what `training.train` calls after each epoch: it draws the losses so far, in one place, twice a second at most."""
    shown: dict[str, Any] = {"at": -1.0, "handle": None}

    def watch(history: Mapping[str, Sequence[float]]) -> None:
        done = len(history["loss"])
        if done < epochs and time.monotonic() < shown["at"] + 0.5:
            return
        now = curves(history)
        now.figure.axes[0].set(xlim=(0, max(epochs - 1, 1)), title="")
        now.figure.axes[0].set_xlabel(f"epoch, {done} of {epochs}")
        if shown["handle"] is None:
            shown["handle"] = display(now, display_id=True)
        else:
            shown["handle"].update(now)
        shown["at"] = time.monotonic()

    return watch


@picture
def descent(
    J: Function, paths: Mapping[str, Any], limits: tuple[float, float] = (-2, 2), log: bool = False
) -> tuple[Figure, str]:
    """
    Draw where gradient descent goes, by name: over the curve of J for one weight, on its map for two.

    J: from w, a number or shape (2,), to a number.  paths: for each, w at the start and after every step, shape (n,) or (n, 2).
    log: whether the map's levels are spaced by powers.
    """
    paths = {name: np.asarray(path, float) for name, path in paths.items()}
    one = next(iter(paths.values())).ndim == 1
    figure = Figure(figsize=(min(4.6 * len(paths), 10.8), 3.2) if one else (6.0, 4.4))
    if one:
        w = np.linspace(*limits, 200)
        height = np.array([float(J(np.float32(value))) for value in w])
        for ax, (name, path) in zip(np.atleast_1d(figure.subplots(1, len(paths), sharey=True)), paths.items(), strict=True):
            inside = path[np.isfinite(path) & (path >= limits[0]) & (path <= limits[1])]
            ax.plot(w, height, color=GRAY, linewidth=1.5)
            ax.plot(inside, np.interp(inside, w, height), "o-", color=BLUE, markersize=4, linewidth=0.8, alpha=0.8)
            _ends(ax, [(p, np.interp(p, w, height)) for p in inside])
            ax.set(title=name, xlabel="w", xlim=limits)
            if len(inside) < len(path):
                ax.text(0.5, 0.93, "leaves the picture", transform=ax.transAxes, ha="center", va="top", color=RED)
        figure.axes[0].set_ylabel("J")
    else:
        ax = figure.subplots()
        _map(figure, ax, J, limits, log)
        for (name, path), (color, line) in zip(paths.items(), itertools.cycle(LINES), strict=False):
            ax.plot(*path.T, color="white", linewidth=3.5)
            ax.plot(*path.T, color=color, linestyle=line, linewidth=2, marker="o", markersize=3, label=name)
            _ends(ax, path)
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4, frameon=False, fontsize=9)
    figure.tight_layout()
    said = [
        f"{name}: {len(path) - 1} steps from {_point(path[0])}, J = {_short(J(np.float32(path[0])))}, to {_point(path[-1])}, "
        f"J = {_short(J(np.float32(path[-1])))}"
        for name, path in paths.items()
    ]
    return figure, f"Paths of gradient descent. {'; '.join(said)}."


def _ends(ax: Axes, points: Sequence[Any]) -> None:
    """Mark the first point of a path by a circle, the last by a star."""
    if len(points):
        ax.plot(*points[0], "o", color="white", markeredgecolor="black", markersize=8, zorder=4)
        ax.plot(*points[-1], "*", color=ORANGE, markeredgecolor="black", markersize=14, zorder=5)


def _point(point: Any) -> str:
    return _short(point) if np.ndim(point) == 0 else f"({', '.join(map(_short, point))})"


def _heights(J: Function, limits: tuple[float, float], steps: int = 31) -> tuple[np.ndarray, np.ndarray]:
    """The two weights' values, and J for each pair of them: row by w2, column by w1."""
    w = np.linspace(*limits, steps, dtype=np.float32)
    return w, np.array([[float(J(np.array([w1, w2], np.float32))) for w1 in w] for w2 in w])


def _map(figure: Figure, ax: Axes, J: Function, limits: tuple[float, float], log: bool = False) -> None:
    w, height = _heights(J, limits)
    low = height.min() - 1e-3 * np.ptp(height)
    levels = low + np.ptp(height) * np.linspace(0, 1, 16) ** (3 if log else 1) * 1.01
    shown = ax.contourf(w, w, height, levels=levels, cmap="cividis")
    figure.colorbar(shown, ax=ax, format="%.3g").set_label("J", rotation=0, labelpad=8)
    ax.set(xlabel="w1", ylabel="w2", xlim=limits, ylim=limits)


@picture
def race(J: Function, paths: Mapping[str, Any], limits: tuple[float, float] = (-2, 2), log: bool = False) -> Animation:
    """Show how optimizers move over the map of J at the same time.  paths: as for `descent`, with two weights."""
    paths = {name: np.asarray(path, float) for name, path in paths.items()}
    steps = max(map(len, paths.values())) - 1
    frames = 20
    w, height = _heights(J, limits)
    low = height.min() - 1e-3 * np.ptp(height)
    levels = low + np.ptp(height) * np.linspace(0, 1, 16) ** (3 if log else 1) * 1.01

    def draw(ax: Axes, frame: int) -> None:
        ax.contourf(w, w, height, levels=levels, cmap="Greys")
        shown = round(steps * frame / (frames - 1))
        for (name, path), (color, line) in zip(paths.items(), itertools.cycle(LINES), strict=False):
            taken = path[: shown + 1]
            ax.plot(*taken.T, color=color, linestyle=line, linewidth=2, label=name)
            ax.plot(*taken[-1], "o", color=color, markeredgecolor="white", markersize=8, zorder=4)
        ax.set(xlabel="w1", ylabel="w2", xlim=limits, ylim=limits)
        ax.set_title(f"step {shown}", fontsize=10)
        if ax.figure.axes == [ax]:
            ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, frameon=False)
        elif frame == 0:  # where no path is hidden
            ax.legend(loc="lower right", fontsize=6.5)

    said = [f"{name} ends at {_point(path[-1])}, J = {_short(J(np.float32(path[-1])))}" for name, path in paths.items()]
    return Animation(
        draw,
        frames,
        figsize=(5.2, 3.6),
        alt=f"Optimizers on their way from {_point(next(iter(paths.values()))[0])}: {'; '.join(said)}.",
    )


@picture
def landscape(model: Any, loss: Function, X: Any, y: Any, reach: float = 1.0, seed: int = 0) -> tuple[Figure, str]:
    """
    Draw the loss of a whole network around its weights, along two random directions, as a surface and as a map.

    Each unit's part of a direction has the length of the unit's own weights (Li et al., "Visualizing the Loss Landscape of Neural
    Nets", 2018, section 4: filter normalization); biases stay as they are.
    """
    before, rng, steps = model.get_weights(), np.random.default_rng(seed), 21
    directions = [[_like_filters(rng, W) for W in before] for _ in range(2)]
    a = np.linspace(-reach, reach, steps)
    evaluate = running.tf.function(lambda: loss(y, model(X, training=False)))
    J = np.empty((steps, steps))
    try:
        for (row, column), _ in np.ndenumerate(J):
            model.set_weights([W + a[column] * d + a[row] * e for W, d, e in zip(before, *directions, strict=True)])
            J[row, column] = float(evaluate())
    finally:
        model.set_weights(before)
    middle = J[steps // 2, steps // 2]
    figure = Figure(figsize=(9, 3.8))
    figure.subplots_adjust(wspace=0.5)
    surface, plan = figure.add_subplot(1, 2, 1, projection="3d"), figure.add_subplot(1, 2, 2)
    surface.plot_surface(*np.meshgrid(a, a), J, cmap="cividis", linewidth=0, antialiased=True)
    surface.set(xlabel="direction 1", ylabel="direction 2", zlabel="J")
    shown = plan.contourf(a, a, J, levels=20, cmap="cividis")
    plan.plot(0, 0, "*", color=ORANGE, markeredgecolor="black", markersize=15, label=f"the network, J = {middle:.2g}")
    plan.set(xlabel="direction 1", ylabel="direction 2")
    plan.legend(loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False, fontsize=9)
    figure.colorbar(shown, ax=plan).set_label("J", rotation=0, labelpad=8)
    return figure, (
        f"The loss around a network along two random directions: {middle:.2g} in the middle, {J.min():.2g} to {J.max():.2g} "
        f"within {reach:g} lengths of its weights."
    )


def _like_filters(rng: np.random.Generator, W: np.ndarray) -> np.ndarray:
    """A random direction as long as W, unit by unit; none for biases."""
    if W.ndim < 2:
        return np.zeros_like(W)
    direction, others = rng.normal(size=W.shape), tuple(range(W.ndim - 1))
    lengths = [np.sqrt(np.sum(array**2, axis=others, keepdims=True)) for array in (W, direction)]
    return (direction * lengths[0] / lengths[1]).astype(W.dtype)


@picture
def chain(backpropagation: Function, x: float, y: float, w1: float, w2: float) -> tuple[Figure, str]:
    """Draw the network x → z1 → ŷ → J of one weight a layer: values from left to right, the gradients back."""
    dJ_dw1, dJ_dw2 = (float(gradient) for gradient in backpropagation(x, y, w1, w2))
    z1 = w1 * x
    y_hat = w2 * np.tanh(z1)
    nodes = {"x": x, "z1": z1, "ŷ": y_hat, "J": (y - y_hat) ** 2}
    figure = Figure(figsize=(8, 2.3))
    ax = figure.subplots()
    for i, (name, number) in enumerate(nodes.items()):
        ax.text(i, 0, f"{name}\n{number:.3g}", ha="center", va="center", fontsize=11, zorder=3,
                bbox={"boxstyle": "circle,pad=0.45", "facecolor": "#d6e8f5", "edgecolor": GRAY})  # fmt: skip
        if i:
            for height, start, end, color in ((0.12, i - 1, i, BLUE), (-0.12, i, i - 1, RED)):
                arrow = {"arrowstyle": "-|>", "color": color, "shrinkA": 28, "shrinkB": 28, "linewidth": 1.6}
                ax.annotate("", (end, height), (start, height), arrowprops=arrow)
    for i, label, below in (
        (0, f"w1 = {w1:g}", f"∂J/∂w1 = {dJ_dw1:.3g}"),
        (1, f"w2 = {w2:g}, tanh", f"∂J/∂w2 = {dJ_dw2:.3g}"),
        (2, f"y = {y:g}", ""),
    ):
        ax.text(i + 0.5, 0.26, label, ha="center", color=BLUE)
        ax.text(i + 0.5, -0.26, below, ha="center", va="top", color=RED)
    ax.set(xlim=(-0.4, 3.4), ylim=(-0.75, 0.65))
    ax.axis("off")
    values = ", ".join(f"{name} = {number:.3g}" for name, number in nodes.items())
    return figure, f"A chain of nodes: {values}. Arrows lead forward, and back: ∂J/∂w1 = {dJ_dw1:.3g}, ∂J/∂w2 = {dJ_dw2:.3g}."


@picture
def regions_over_time(
    model: Any,
    weights: Sequence[Any],
    X: Any,
    y: Any,
    mark: Mapping[str, Sequence[float]],
    limits: tuple[float, float],
    xlabel: str = "epoch",
) -> Animation:
    """
    Show how a model's regions form: one frame for each of the `weights`, as `get_weights` gives them.

    xlabel: what a frame is called.  mark: points to name, with ŷ.
    """
    before = model.get_weights()
    grid = np.linspace(*limits, 81, dtype=np.float32)
    points = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    seen = []
    try:
        for values in weights:
            model.set_weights(values)
            y_hat = np.asarray(model(points), float).reshape(81, 81)
            seen.append(
                (y_hat, _share_right(model, X, y), {name: model(np.array([at], np.float32)) for name, at in mark.items()})
            )
    finally:
        model.set_weights(before)

    def draw(ax: Axes, frame: int) -> None:
        y_hat, right, marked = seen[frame]
        ax.contourf(grid, grid, y_hat, levels=np.linspace(0, 1, 11), cmap=REGIONS, vmin=0, vmax=1)
        scatter(ax, X, y)
        for name, at in mark.items():
            _mark(ax, at, f"{name}\nŷ = {float(marked[name][0, 0]):.2f}")
        ax.set(xlabel="x1", ylabel="x2", xlim=limits, ylim=limits)
        ax.set_title(f"{xlabel} {frame}: {right:.0%} right", fontsize=10)

    said = []
    for frame in still_frames(len(seen)):
        you = ", ".join(f"ŷ = {float(value[0, 0]):.2f} at {name}" for name, value in seen[frame][2].items())
        said.append(f"{xlabel} {frame}: {seen[frame][1]:.0%} of the points right, {you}")
    return Animation(draw, len(seen), f"The model's regions while it learns. {'; '.join(said)}.")


@picture
def noise(gradient: Function, n: int, batch_sizes: Sequence[int] = (1, 2, 4, 8, 16, 32), draws: int = 200) -> tuple[Figure, str]:
    """
    Draw the variance of a batch's gradient over the size of the batch, beside the rule 1 / B.

    gradient: from the numbers of rows to a flat array.  n: how many rows there are to draw from, with replacement.
    """
    rng = np.random.default_rng(0)
    single = np.array([gradient(np.array([row])) for row in range(n)])
    variance = []
    for size in batch_sizes:
        rows = rng.integers(n, size=(draws, size))
        means = np.array([gradient(chosen) for chosen in rows[:3]])
        if not np.allclose(means, [single[chosen].mean(axis=0) for chosen in rows[:3]], atol=1e-4):
            raise Advice("The gradient of a batch is not the mean of those of its examples: solve the exercise above first.")
        variance.append(np.mean(np.sum((single[rows].mean(axis=1) - single.mean(axis=0)) ** 2, axis=1)))
    rule = np.mean(np.sum((single - single.mean(axis=0)) ** 2, axis=1)) / np.array(batch_sizes)
    figure = Figure(figsize=(6.4, 3.4))
    ax = figure.subplots()
    ax.plot(batch_sizes, rule, color=GRAY, linestyle="--", label="variance of one example / B")
    ax.plot(batch_sizes, variance, "o", color=BLUE, markersize=8, label="measured")
    ax.set_ylabel("variance of the gradient")
    _over_batch_size(ax, batch_sizes)
    said = [f"B = {size}: {_short(value)}" for size, value in zip(batch_sizes, variance, strict=True)]
    return figure, f"The variance of the gradient over the batch size, on a line that falls as 1 / B. {', '.join(said)}."


def _over_batch_size(ax: Axes, batch_sizes: Sequence[int]) -> None:
    """Scale both axes by powers, with plain numbers beside them."""
    ax.set(xscale="log", yscale="log", xlabel="B", xticks=batch_sizes, xticklabels=batch_sizes)
    ax.minorticks_off()
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)


@picture
def epoch_times(compile_epoch: Function, batch_sizes: Sequence[int]) -> tuple[Figure, str]:
    """
    Draw how long an epoch takes, over the batch size, on the CPU and on each GPU that TensorFlow finds.

    compile_epoch: from a batch size to a function that runs an epoch, given a seed.
    """
    figure = Figure(figsize=(6.4, 3.4))
    ax = figure.subplots()
    said = []
    devices = ["CPU:0", *(device.name.removeprefix("/device:") for device in running.tf.config.list_logical_devices("GPU"))]
    for device, (color, line) in zip(devices, LINES, strict=False):
        seconds = []
        with running.tf.device(device):
            for size in batch_sizes:
                epoch = compile_epoch(size)
                epoch((0, 0))["loss"].numpy()
                measured = []
                for number in range(1, 6):
                    start = time.perf_counter()
                    epoch((0, number))["loss"].numpy()
                    measured.append(time.perf_counter() - start)
                seconds.append(np.median(measured))
        milliseconds = 1000 * np.array(seconds)
        ax.plot(batch_sizes, milliseconds, "o", color=color, linestyle=line, label=device.partition(":")[0])
        said.append(f"{device}: {', '.join(f'B = {B} {_short(ms)}' for B, ms in zip(batch_sizes, milliseconds, strict=True))}")
    ax.set_ylabel("time of an epoch (ms)")
    _over_batch_size(ax, batch_sizes)
    return figure, f"The time of an epoch over the batch size, in ms. {'; '.join(said)}."


@picture
def times(seconds: Mapping[str, float], what: str = "a step") -> tuple[Figure, str]:
    """Draw how long each way takes, as bars on a scale of powers of ten, the quickest last."""
    ordered = dict(sorted(seconds.items(), key=lambda item: -item[1]))
    fastest = min(ordered.values())
    figure = Figure(figsize=(7.5, 0.8 + 0.42 * len(ordered)))
    ax = figure.subplots()
    milliseconds = [1000 * value for value in ordered.values()]
    ax.barh(list(ordered), milliseconds, color=[ORANGE if value == fastest else BLUE for value in ordered.values()], height=0.6)
    for row, (value, ms) in enumerate(zip(ordered.values(), milliseconds, strict=True)):
        ax.text(
            ms * 1.1, row, f"{ms:.3g} ms" + (f", {value / fastest:.3g} ×" if value > fastest else ""), va="center", fontsize=9
        )
    ax.set(xscale="log", xlabel=f"time for {what} (ms)", xlim=(min(milliseconds) / 3, max(milliseconds) * 12))
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    said = [f"{name} {_short(ms)} ms" for name, ms in zip(ordered, milliseconds, strict=True)]
    return figure, f"Bars of the time for {what}: {', '.join(said)}."
