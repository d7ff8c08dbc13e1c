"""Pictures of labs 0 and 1: tensors, graphs, sums and activations."""

import ast
import inspect
import itertools
import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from utils import datasets, exercises
from utils.advice import Advice
from utils.plots import drawing
from utils.plots.drawing import BLUE, GOLD, GRAY, GREEN, INPUT, RED, UNIT
from utils.plots.pictures import Function, picture
from utils.quiet_tensorflow import tf
from utils.student import progress_file


@picture
def tensors(**named: Any) -> tuple[Figure, str]:
    """Draw each tensor as the block of cells it is, by name: rank 0 to 3 as a box, rank 4 as a row of boxes."""
    shapes = {name: tuple(int(n) for n in tensor.shape) for name, tensor in named.items()}
    widths = [1.5 if len(shape) < 4 else 4.0 for shape in shapes.values()]
    figure = Figure(figsize=(min(10.8, sum(widths)), 2.4))
    axes = figure.subplots(1, len(named), gridspec_kw={"width_ratios": widths, "wspace": 0})
    for ax, (name, shape), width in zip(np.atleast_1d(axes), shapes.items(), widths, strict=True):
        across, up = _blocks(ax, shape)
        ax.set(xticks=[], yticks=[], aspect="equal", ylim=(up / 2 - 0.9, up / 2 + 0.9))
        ax.set_xlim((across - width) / 2, (across + width) / 2)
        ax.spines[:].set_visible(False)
        ax.set_title(f"{name}\nrank {len(shape)}", fontsize=10)
        ax.set_xlabel(f"shape {shape}", fontsize=10)
    sizes = [f"{name} of rank {len(shape)} and shape {shape}" for name, shape in shapes.items()]
    return figure, f"Tensors as blocks of cells: {', '.join(sizes)}. At most 10 boxes and 28 cells along an axis are drawn."


def _blocks(ax: Axes, shape: tuple[int, ...]) -> tuple[float, float]:
    """Draw boxes behind each other, each of layers behind each other, of cells; returns how far they reach, across and up."""
    whole = (1, *(1,) * (2 - len(shape)), *shape, 1) if len(shape) < 3 else (math.prod(shape[:-3]), *shape[-3:])
    boxes, rows, columns, depth = map(min, whole, (10, 28, 28, 6))
    colors = (RED, GREEN, BLUE) if depth == 3 else (BLUE,) * depth  # three layers are those of a color image
    size = 1 / max(rows, columns, 3)
    for box, layer in itertools.product(reversed(range(boxes)), reversed(range(depth))):
        left, bottom = 0.28 * box + 0.05 * layer, 0.06 * box + 0.05 * layer
        edges = [start + size * np.arange(n + 1) for start, n in ((left, columns), (bottom, rows))]
        cells = np.zeros((rows, columns))
        ax.pcolormesh(*edges, cells, cmap=ListedColormap([colors[layer]]), edgecolors="white", linewidth=min(1, 3.5 * size))
    return max(edges[0]) + 0.28 * (boxes - 1) + 0.05 * (depth - 1), max(edges[1]) + 0.06 * (boxes - 1) + 0.05 * (depth - 1)


@picture
def computation_graph(node: Function, **inputs: float) -> tuple[Figure, str]:
    """Draw the operations that TensorFlow records when it runs `node` on the inputs, each with its value and its name there."""
    operations, edges, named = _trace(node, inputs)
    columns: dict[str, int] = {}
    for name in operations:
        columns[name] = 1 + max((columns[source] for source, target in edges if target == name), default=-1)
    places = {name: _place(name, columns) for name in operations}
    figure = Figure(figsize=(7.5, 2.8))
    ax = figure.subplots()
    radius = 15.0  # in points
    for source, target in edges:
        arrow = {"arrowstyle": "-|>", "color": GRAY, "shrinkA": radius, "shrinkB": radius, "linewidth": 1.5}
        ax.annotate("", places[target], places[source], arrowprops=arrow)
    values = {}
    for name, (label, number) in operations.items():
        is_input = columns[name] == 0
        ax.plot(*places[name], "o", markersize=2 * radius, color=INPUT if is_input else UNIT, markeredgecolor=GRAY)
        ax.text(*places[name], label, ha="center", va="center", fontsize=13)
        values[name] = f"{named[name]} = {number:g}" if name in named and label != named[name] else f"{number:g}"
        if label != values[name]:  # a constant says what it is
            below = {"xytext": (0, -radius - 3), "textcoords": "offset points", "ha": "center", "va": "top"}
            ax.annotate(values[name], places[name], fontsize=10, color=BLUE, **below)
    ax.set_xlim(-0.5, max(columns.values()) + 0.5)
    heights = [y for _, y in places.values()]
    ax.set_ylim(min(heights) - 0.75, max(heights) + 0.5)
    ax.axis("off")
    steps = [
        f"{' and '.join(operations[source][0] for source, target in edges if target == name)} to {label}, which is {values[name]}"
        for name, (label, _) in operations.items()
        if columns[name] > 0
    ]
    given = [f"{name} = {number:g}" for name, number in inputs.items()]
    return figure, f"A graph with the inputs {' and '.join(given)}. Arrows lead from {'; from '.join(steps)}."


def _trace(node: Function, inputs: Mapping[str, float]) -> tuple[dict[str, tuple[str, float]], list[tuple[str, str]], dict]:
    """A function's operations with their labels and values, the edges between them, and the names that they have in its code."""
    marks = {"AddV2": "+", "Add": "+", "Sub": "−", "Mul": "×", "RealDiv": "÷", "Neg": "−", "Pow": "^", "Square": "²"}
    with tf.Graph().as_default() as graph:
        tensors = [tf.constant(number, tf.float32, name=name) for name, number in inputs.items()]
        try:
            result, named = _result_and_names(node, tensors)
        except Exception:
            with tf.init_scope():
                node(*inputs.values())  # where it stops with numbers too, that error is shown
            result = None  # it was asked for what tensors without values cannot do: NumPy, tf.constant
        if not hasattr(result, "op"):
            raise Advice(
                "This picture shows the operations that TensorFlow records, and your code gave it none to record: "
                "write them with +, -, * or functions of TensorFlow, on what comes in as it is."
            )
        operations = [op for op in graph.get_operations() if op.outputs and op.type != "Identity"]
        with tf.compat.v1.Session(graph=graph) as session:
            values = session.run([op.outputs[0] for op in operations])
    labels = {}
    for op, number in zip(operations, values, strict=True):
        label = op.name if op.name in inputs else f"{number:g}" if op.type == "Const" else marks.get(op.type, op.type)
        labels[op.name] = (label, float(number))
    edges = [(tensor.op.name, op.name) for op in operations for tensor in op.inputs if tensor.op.name in labels]
    return labels, edges, named


def _result_and_names(node: Function, tensors: list[Any]) -> tuple[Any, dict[str, str]]:
    """What `node` returns for the tensors, and the variable of its code that holds each operation, where there is code."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(node)))
        for each in ast.walk(tree):
            if isinstance(each, ast.Return) and each.value:
                each.value = ast.Tuple([each.value, ast.parse("locals()", mode="eval").body], ast.Load())
        space = dict(node.__globals__)
        exec(compile(ast.fix_missing_locations(tree), node.__code__.co_filename, "exec"), space)
        result, variables = space[node.__name__](*tensors)
    except Exception:  # a lambda, a class, code without a text: then nothing has a name
        return node(*tensors), {}
    return result, {value.op.name: name for name, value in variables.items() if hasattr(value, "op")}


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
    low, high = min(x.min(), center) - 1.5, max(x.max(), center) + 1.5
    steepest = 0.6 / max(high - center, center - low)  # with which the beam stays in the picture
    tilt = 0.0 if np.isclose(center, x.mean()) else np.sign(center - x.mean()) * min(0.12, steepest)
    ax.plot([low, high], [(low - center) * tilt, (high - center) * tilt], color=GRAY, linewidth=3)
    ax.plot(x, (x - center) * tilt + 0.22, "o", color=BLUE, markersize=14, label="the numbers x")
    ax.plot([center], [-0.28], "^", color=GOLD, markersize=16, label=f"your mean, {center:g}")
    ax.set(ylim=(-1.1, 1.6), yticks=[], xlabel="x")
    ax.spines[["left", "top", "right"]].set_visible(False)
    ax.legend(loc="upper right", ncols=2, frameon=False)
    state = "is level" if tilt == 0 else f"sinks on the {'right' if tilt < 0 else 'left'}"
    weights = f"{', '.join(map('{:g}'.format, x[:-1]))} and {x[-1]:g}"
    return figure, f"A beam with weights at {weights} rests on a support at {center:g}: it {state}."


@picture
def course_map() -> tuple[Figure, str]:
    """Draw the labs as a path, each with the share of its exercises that are done."""
    states = progress_file.load()
    names, shares = exercises.lab_names(), []
    figure = Figure(figsize=(9, 1.1 * ((len(names) - 1) // 5 + 1)))
    ax = figure.add_axes((0, 0, 1, 1))  # wide enough for the longest name
    for i, name in enumerate(names):
        numbers = list(exercises.outline(name))
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
        ax.text(left + 0.5, bottom + 0.36, title, ha="center", va="center", fontsize=8.5)
        ax.text(left + 0.5, bottom + 0.23, share, ha="center", va="center", fontsize=9, color=GRAY)
        shares.append(f"{title}, {share}")
    ax.set(xlim=(-0.05, 5.6), ylim=(-((len(names) - 1) // 5) * 0.75 - 0.05, 0.55))
    ax.axis("off")
    return figure, f"The labs in their order, with a bar for the share of exercises done: {'; '.join(shares)}."


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
    ax.barh(len(terms), z, color=GOLD, height=0.6)
    ax.text(0.15, len(terms), f"your z = {z:g}", va="center", fontsize=10)
    ax.axvline(0, color="black", linewidth=1)
    ax.set(yticks=[], xlabel="z", xlim=(min(-7.0, z - 1), max(4.0, z + 3)))
    ax.invert_yaxis()
    ax.spines[["left", "top", "right"]].set_visible(False)
    steps = [f"{label} = {term:+g}" for label, term in terms.items()]
    lowest = min(terms, key=terms.get)
    return figure, (
        f"Bars, each from the end of the one before: {', '.join(steps)}. They end at {start:g}; your z is {z:g}. "
        f"What pulls down most is {lowest}."
    )


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
        slopes = np.asarray(derivative[0](z), float) if derivative else np.gradient(values, z)
        seen.append(f"{name} goes from {values[0]:.2f} to {values[-1]:.2f}, {_slopes(z, slopes)}")
        if derivative:
            ax.plot(z, slopes, color=GOLD, linewidth=2, linestyle="--", label="g'(z)")
            seen[-1] += f", with a slope from {slopes.min():.2f} to {slopes.max():.2f}"
        ax.axhline(0, color=GRAY, linewidth=0.6)
        ax.axvline(0, color=GRAY, linewidth=0.6)
        ax.set(title=name, xlabel="z", ylim=(-1.3, 2.2), xticks=[-5, 0, 5])
        if derivative or ax is figure.axes[0]:
            ax.legend(loc="upper left", frameon=False, fontsize=9)
    figure.tight_layout()
    return figure, "Curves for z from -5 to 5: " + "; ".join(seen) + "."


def _slopes(z: np.ndarray, slopes: np.ndarray) -> str:
    """Where a curve is steepest, and on which sides it is flat far out, in words."""
    steepest = np.flatnonzero(slopes > slopes.max() - 0.01)
    middle, before = z[int(np.median(steepest))], z[max(steepest[0] - 1, 0)]
    place = f"from z = {before:.2g} on" if len(steepest) > 20 else f"at z = {middle:.1g}"
    flat = [side for side, slope in (("left", slopes[0]), ("right", slopes[-1])) if abs(slope) < 0.05]
    return f"is steepest {place} and flat far out {' and '.join(flat) or 'on neither side'}"


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
    figure, seen = drawing.panels(networks, X, y, (-2.6, 2.6))
    return figure, f"Green points inside a ring of red ones, and the regions of two networks: {seen}."


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
