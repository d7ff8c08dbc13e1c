"""Pictures of losses, their landscapes, and the ways down."""

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from utils.advice import Advice
from utils.plots import drawing
from utils.plots.drawing import BLUE, GRAY, GREEN, RED
from utils.plots.live import Live, dash, rounded
from utils.plots.pictures import Function, picture
from utils.quiet_tensorflow import tf


@picture
def loss_curves(losses: Mapping[str, Function]) -> tuple[Figure, str]:
    """Draw each loss, a function of y and ŷ, over the prediction ŷ of one example: for y = 1, and for y = 0."""
    y_hat = np.linspace(0.005, 0.995, 100, dtype=np.float32)
    figure = Figure(figsize=(4.2 * len(losses), 3.2))
    seen = []
    for ax, (name, loss) in zip(np.atleast_1d(figure.subplots(1, len(losses), sharey=True)), losses.items(), strict=True):
        curves = {}
        for y, color, line in ((1.0, GREEN, "-"), (0.0, RED, "--")):
            values = curves[y] = [float(np.mean(loss(np.array([y], np.float32), y_hat[i : i + 1]))) for i in range(len(y_hat))]
            ax.plot(y_hat, values, color=color, linestyle=line, linewidth=2, label=f"y = {y:g}")
            seen.append(f"{name}, y = {y:g}: {values[0]:.2f} near ŷ = 0, {values[50]:.2f} half way, {values[-1]:.2f} near 1")
        above = y_hat[np.greater(curves[1.0], curves[0.0])]
        seen.append(f"y = 1 costs more {f'up to ŷ = {above[-1]:.2f}' if len(above) else 'nowhere'}")
        ax.set(title=name, xlabel="ŷ", xlim=(0, 1))
        ax.grid(alpha=0.3)
        ax.legend(loc="upper center", frameon=False)
    figure.axes[0].set_ylabel("loss L")
    figure.tight_layout()
    return figure, "Loss curves. " + "; ".join(seen) + "."


@picture
def loss_surface(model: Any, loss: Function, X: Any, y: Any, limits: tuple[float, float] = (-2, 2), steps: int = 25) -> Live:
    """
    Draw the loss of a model over the first two weights of its first unit, the others as they are: as a surface, and as a map.

    Beside them, the data and the line where the first unit's z is 0.  loss: from targets and predictions to a number.
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
            model.weights[0].assign(kernel)
            J[row, column] = float(loss(y, model(X)))
    finally:
        model.weights[0].assign(before[0])
    J_here = float(loss(y, model(X)))
    row, column = np.unravel_index(np.argmin(J), J.shape)
    b = float(before[1][0]) if len(before) > 1 else 0.0
    still, plan = _surface_and_map(w, J, ("w1", "w2"))
    plan.plot(w[column], w[row], **drawing.LOWEST, label=f"lowest, J = {J.min():.2f}")
    plan.plot(*here, **drawing.START, label=f"the model, J = {J_here:.2f}")
    plan.set(xlim=limits, ylim=limits)
    drawing.legend_above(plan)
    surface = still.axes[0]
    for place, height, style in (((w[column], w[row]), J.min(), drawing.LOWEST), (here, J_here, drawing.START)):
        surface.plot(*place, height, **style | {"zorder": 10})
    ground, points = _ground_of_surface(w, J, X, y)
    return Live(
        still,
        f"The loss J over w1 and w2 from {limits[0]:g} to {limits[1]:g}, as a surface and as a map. It is lowest, {J.min():.2f}, "
        f"at ({w[column]:.2g}, {w[row]:.2g}), and highest, {J.max():.2f}. The model is at ({here[0]:.2g}, {here[1]:.2g}), "
        f"where J is {J_here:.2f}. In the notebook, sliders move the model over the map.",
        "surface",
        ground,
        values=rounded(w),
        J=rounded(J),
        lowest=rounded([w[column], w[row]]),
        start=[int(np.argmin(np.abs(w - place))) for place in here],
        b=b,
        far=float(2 * (np.ptp(points.get_xlim()) + np.ptp(points.get_ylim()))),
    )


def _ground_of_surface(w: np.ndarray, J: np.ndarray, X: Any, y: Any) -> tuple[Figure, Axes]:
    """The surface, the map and the data side by side, without the model; and the axes of the data."""
    ground = Figure(figsize=(10.8, 3.7))
    surface = ground.add_axes((0.01, 0.06, 0.28, 0.9), projection="3d")
    plan, points = ground.add_axes((0.41, 0.15, 0.24, 0.75)), ground.add_axes((0.76, 0.15, 0.22, 0.75))
    surface.plot_surface(*np.meshgrid(w, w), J, cmap=drawing.HEIGHTS, edgecolor=drawing.CONTOUR, linewidth=0.3)
    surface.set(xlabel="w1", ylabel="w2", title="loss J")
    drawing.height_map(ground, plan, w, J, ("w1", "w2"))
    drawing.scatter(points, np.asarray(X)[:, :2], y)
    points.set(xlabel="x1", ylabel="x2")
    drawing.legend_above(points)
    return ground, points


@picture
def landscape(model: Any, loss: Function, X: Any, y: Any, reach: float = 1.0, seed: int = 0) -> tuple[Figure, str]:
    """
    Draw the loss of a whole network around its weights, along two random directions, as a surface and as a map.

    Each unit's part of a direction has the length of the unit's own weights (Li et al., "Visualizing the Loss Landscape of Neural
    Nets", 2018, section 4: filter normalization); biases stay as they are.
    """
    rng, steps = np.random.default_rng(seed), 21
    variables, before = model.trainable_variables, [W.numpy() for W in model.trainable_variables]
    directions = [[_like_filters(rng, W) for W in before] for _ in range(2)]

    @tf.function
    def J_at(a: Any, b: Any) -> Any:
        for variable, W, d, e in zip(variables, before, *directions, strict=True):
            variable.assign(W + a * d + b * e)
        return loss(y, model(X, training=False))

    a = np.linspace(-reach, reach, steps, dtype=np.float32)
    try:
        J = np.array([[float(J_at(*tf.constant([across, up]))) for across in a] for up in a])
    finally:
        for variable, W in zip(variables, before, strict=True):
            variable.assign(W)
    middle = J[steps // 2, steps // 2]
    row, column = np.unravel_index(np.argmin(J), J.shape)
    figure, plan = _surface_and_map(a, J, ("direction 1", "direction 2"))
    figure.axes[0].plot([0], [0], [middle], **drawing.END)
    plan.plot(0, 0, **drawing.END, label=f"the network, J = {drawing.short(middle)}")
    drawing.legend_above(plan)
    edges = [J[0, 0], J[0, -1], J[-1, 0], J[-1, -1]]
    return figure, (
        f"The loss J around a network along two random directions, as a surface and as a map: {drawing.short(middle)} in the "
        f"middle, where the network is, and {drawing.short(min(edges))} to {drawing.short(max(edges))} in the corners, "
        f"where each direction has {reach:g} times the length of its weights. It is lowest, {drawing.short(J.min())}, at "
        f"({drawing.short(a[column])}, {drawing.short(a[row])}), and highest, {drawing.short(J.max())}."
    )


def _like_filters(rng: np.random.Generator, W: np.ndarray) -> np.ndarray:
    """A random direction as long as W, unit by unit; none for biases."""
    if W.ndim < 2:
        return np.zeros_like(W)
    direction, others = rng.normal(size=W.shape), tuple(range(W.ndim - 1))
    lengths = [np.sqrt(np.sum(array**2, axis=others, keepdims=True)) for array in (W, direction)]
    return (direction * lengths[0] / lengths[1]).astype(W.dtype)


def _surface_and_map(values: np.ndarray, J: np.ndarray, labels: tuple[str, str]) -> tuple[Figure, Axes]:
    """Draw J over two directions as a surface and, beside it, as a map; the axes of the map are returned."""
    figure = Figure(figsize=(9, 3.8))
    figure.subplots_adjust(wspace=0.45, bottom=0.15, top=0.85)
    surface = figure.add_subplot(1, 2, 1, projection="3d", computed_zorder=False)  # marks lie on top
    plan = figure.add_subplot(1, 2, 2)
    surface.plot_surface(
        *np.meshgrid(values, values), J, cmap=drawing.HEIGHTS, edgecolor=drawing.CONTOUR, linewidth=0.3, antialiased=True
    )
    surface.set_xlabel(labels[0], labelpad=8)
    surface.set_ylabel(labels[1], labelpad=8)
    surface.set_zlabel("loss J")
    surface.locator_params(nbins=4)
    drawing.height_map(figure, plan, values, J, labels)
    return figure, plan


@picture
def descent(J: Function, paths: Mapping[str, Any], limits: tuple[float, float] = (-2, 2)) -> tuple[Figure, str]:
    """
    Draw where gradient descent goes, by name: over the curve of J for one weight, on its map for two.

    J: from w, a number or shape (2,), to a number.  paths: for each, w at the start and after every step, shape (n,) or (n, 2).
    """
    paths = {name: np.asarray(path, float) for name, path in paths.items()}
    draw = _over_the_curve if next(iter(paths.values())).ndim == 1 else _on_the_map
    figure, lowest, words = draw(J, paths, limits)
    phrases = [
        f"{name}: {len(path) - 1} steps from {_point(path[0])}, J = {_height(J, path[0])}, to {_point(path[-1])}, "
        f"J = {_height(J, path[-1])}; {words[name]}"
        for name, path in paths.items()
    ]
    return (
        figure,
        f"Paths of gradient descent, where J is lowest at {_point(lowest)}, {_height(J, lowest)}. {'. '.join(phrases)}.",
    )


def _over_the_curve(J: Function, paths: Mapping[str, np.ndarray], limits: tuple[float, float]) -> tuple[Figure, Any, dict]:
    """Draw each path in a panel of its own; returns where J is lowest as well, and how often each path rises and turns."""
    w, words = np.linspace(*limits, 201), {}
    height = np.array([float(J(np.float32(value))) for value in w])
    lowest = w[np.argmin(height)]
    figure = Figure(figsize=(min(4.6 * len(paths), 10.8), 3.3), layout="constrained")
    for ax, (name, path) in zip(np.atleast_1d(figure.subplots(1, len(paths), sharey=True)), paths.items(), strict=True):
        outside = np.flatnonzero(~((path >= limits[0]) & (path <= limits[1])))
        shown = np.clip(path[: outside[0] + 1], *limits) if len(outside) else path
        points = list(zip(shown, np.interp(shown, w, height), strict=True))
        ax.plot(w, height, color=GRAY, linewidth=1.5)
        ax.plot(*zip(*points, strict=True), "o-", color=BLUE, markersize=4, linewidth=1)
        ax.plot(*points[0], **drawing.START)
        if len(outside):
            ax.text(0.5, 0.35, "leaves the picture", transform=ax.transAxes, ha="center", va="top", color=RED,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip
        else:
            ax.plot(*points[-1], **drawing.END)
        ax.set(title=name, xlabel="w", xlim=limits)
        heights = np.array([float(J(np.float32(value))) for value in path])
        rises = np.sum(heights[1:] > heights[:-1] + 1e-3 * np.ptp(height))
        words[name] = f"J rises in {rises} of them, and {np.sum(np.diff(path > lowest))} jump over the lowest place"
        words[name] += f"; step {outside[0]} leaves the picture" if len(outside) else ""
    figure.axes[0].set_ylabel("loss J")
    marks = [Line2D([], [], **style) for style in (drawing.START, drawing.END)]
    figure.legend(marks, ("start", "end"), loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure, lowest, words


def _on_the_map(J: Function, paths: Mapping[str, np.ndarray], limits: tuple[float, float]) -> tuple[Figure, Any, dict]:
    """Draw all paths on one map; returns where J is lowest as well, and how long the steps of each path are."""
    figure = Figure(figsize=(6.4, 4.8))
    ax = figure.subplots()
    w, height = drawing.heights(J, limits, 25)
    drawing.height_map(figure, ax, w, height, ("w1", "w2"))
    row, column = np.unravel_index(np.argmin(height), height.shape)
    words = {}
    for (name, path), style in zip(paths.items(), drawing.line_styles(paths).values(), strict=True):
        dots = {"marker": "o", "markersize": 4, "markeredgecolor": "white", "markeredgewidth": 0.5}
        level = 4 - 0.01 * len(words)  # the first of them on top
        ax.plot(*path.T, color="white", linewidth=3.5, zorder=level)
        ax.plot(*path.T, **{**style, **dots}, linewidth=1.6, zorder=level, label=name)
        ax.plot(*path[-1], **{**drawing.END, "color": style["color"] if len(paths) > 1 else "black"})
        lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
        words[name] = (
            f"the first step is {lengths[0]:.2g} long and the last {lengths[-1]:.2g}, and together they are "
            f"{lengths.sum() / max(np.linalg.norm(path[-1] - path[0]), 1e-9):.1f} times as long as the straight way"
        )
    ax.plot(*next(iter(paths.values()))[0], **drawing.START, label="start")
    ax.plot([], [], **drawing.END, label="end")
    ax.plot(w[column], w[row], **{**drawing.LOWEST, "zorder": 3}, label=f"lowest, J = {drawing.short(height.min())}")
    drawing.legend_above(ax, 4 if len(paths) == 1 else 3)
    return figure, (w[column], w[row]), words


@picture
def race(J: Function, paths: Mapping[str, Any], limits: tuple[float, float] = (-2, 2), log: bool = False) -> Live:
    """
    Show how optimizers move over the map of J at the same time.  paths: as for `descent`, with two weights.

    log: whether the map's levels lie close together where J is low.
    """
    paths = {name: np.asarray(path, float) for name, path in paths.items()}
    steps = max(map(len, paths.values())) - 1
    w, height = drawing.heights(J, limits)
    styles = drawing.line_styles(paths)

    def background(ax: Axes) -> None:
        ax.contourf(w, w, height, levels=drawing.levels(height, log), cmap=drawing.HEIGHTS)
        ax.set(xlabel="w1", ylabel="w2", xlim=limits, ylim=limits)
        for row, column in _valleys(height):
            ax.plot(w[column], w[row], **drawing.LOWEST)

    def draw(ax: Axes, step: int) -> None:
        background(ax)
        for name, path in paths.items():
            ax.plot(*path[: step + 1].T, **styles[name], linewidth=2, label=name)
            ax.plot(*path[: step + 1][-1], "o", color=styles[name]["color"], markeredgecolor="white", markersize=8, zorder=4)
        ax.plot(*next(iter(paths.values()))[0], **drawing.START)
        ax.set_title(f"step {step}", fontsize=10)

    still = Figure(figsize=(10.8, 4.4))
    for ax, step in zip(still.subplots(1, 2), (steps // 6, steps), strict=True):
        draw(ax, step)
    names = still.axes[0].get_legend_handles_labels()
    still.legend(*names, loc="upper center", ncols=len(paths), frameon=False, fontsize=9)
    still.tight_layout(rect=(0, 0, 1, 0.94))
    ground = Figure(figsize=(7.4, 4.4))
    ax = ground.subplots()
    background(ax)
    ax.plot(*next(iter(paths.values()))[0], **drawing.START)
    ax.legend(*names, loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=9, frameon=False)
    ground.tight_layout()
    phrases = [f"{name} ends at {_point(path[-1])}, J = {_height(J, path[-1])}" for name, path in paths.items()]
    return Live(
        still,
        f"Optimizers on their way from {_point(next(iter(paths.values()))[0])}, {steps} steps: {'; '.join(phrases)}.",
        "race",
        ground,
        steps=list(range(steps + 1)),
        paths=[
            {
                "name": name,
                "points": rounded(path),
                "heights": rounded([float(J(point)) for point in np.float32(path)], 3),
                "color": styles[name]["color"],
                "dash": dash(styles[name]["linestyle"]),
            }
            for name, path in paths.items()
        ],
    )


def _valleys(height: np.ndarray) -> list[tuple[int, int]]:
    """The rows and columns of a map that are lower than all around them, and as low as the lowest to a hundredth."""
    around = np.pad(height, 1, constant_values=np.inf)
    neighbors = [np.roll(around, shift, (0, 1))[1:-1, 1:-1] for shift in itertools.product((-1, 0, 1), repeat=2) if any(shift)]
    low = (height <= np.min(neighbors, axis=0)) & (height <= height.min() + 0.01 * np.ptp(height))
    return [(int(row), int(column)) for row, column in np.argwhere(low)]


def _point(point: Any) -> str:
    return drawing.short(point) if np.ndim(point) == 0 else f"({', '.join(map(drawing.short, point))})"


def _height(J: Function, point: Any) -> str:
    return drawing.short(J(np.float32(point)))


@picture
def chain(backpropagation: Function, x: float, y: float, w1: float, w2: float) -> tuple[Figure, str]:
    """Draw the network x → z1 → ŷ → J of one weight a layer: values from left to right, the gradients back."""
    dJ_dw1, dJ_dw2 = (float(gradient) for gradient in backpropagation(x, y, w1, w2))
    z1 = w1 * x
    h = np.tanh(z1)
    y_hat = w2 * h
    dJ_dy_hat = -2 * (y - y_hat)
    dJ_dz1 = dJ_dy_hat * w2 * (1 - h**2)
    nodes = {"x": x, "z1": z1, "tanh(z1)": h, "ŷ": y_hat, "J": (y - y_hat) ** 2}
    arrows = (  # forward, the gradient of the weight there, the factor on the way back, and what it gives
        (f"w1 = {w1:g}", f"∂J/∂w1 = ∂J/∂z1 · x = {dJ_dw1:.3g}", "", ""),
        ("tanh", "", "· (1 - tanh²(z1))", f"∂J/∂z1 = {dJ_dz1:.3g}"),
        (f"w2 = {w2:g}", f"∂J/∂w2 = ∂J/∂ŷ · tanh(z1) = {dJ_dw2:.3g}", "· w2", f"∂J/∂tanh(z1) = {dJ_dy_hat * w2:.3g}"),
        (f"y = {y:g}", "", "-2 (y - ŷ)", f"∂J/∂ŷ = {dJ_dy_hat:.3g}"),
    )
    figure = Figure(figsize=(9.6, 2.5))
    ax = figure.add_axes((0, 0, 1, 1))
    for i, (name, number) in enumerate(nodes.items()):
        fill = drawing.INPUT if i == 0 else drawing.UNIT
        ax.plot(i, 0, "o", markersize=54, color=fill, markeredgecolor=GRAY, zorder=2)
        ax.text(i, 0, f"{name}\n{number:.3g}", ha="center", va="center", fontsize=10, zorder=3)
    for i, (forward, gradient, factor, back) in enumerate(arrows):
        for height, start, end, color in ((0.1, i, i + 1, BLUE), (-0.1, i + 1, i, RED)):
            arrow = {"arrowstyle": "-|>", "color": color, "shrinkA": 28, "shrinkB": 28, "linewidth": 1.6}
            ax.annotate("", (end, height), (start, height), arrowprops=arrow)
        ax.text(i + 0.5, 0.52, gradient, ha="center", color=RED)
        ax.text(i + 0.5, 0.27, forward, ha="center", color=BLUE)
        ax.text(i + 0.5, -0.27, f"{factor}\n{back}", ha="center", va="top", color=RED)
    ax.set(xlim=(-0.4, 4.4), ylim=(-0.65, 0.7))
    ax.axis("off")
    values = ", ".join(f"{name} = {number:.3g}" for name, number in nodes.items())
    return figure, (
        f"A chain of nodes: {values}. Arrows lead forward, and back: ∂J/∂ŷ = {dJ_dy_hat:.3g}, times w2 = {w2:g} and then times "
        f"1 - tanh²(z1) = {1 - h**2:.3g} gives ∂J/∂z1 = {dJ_dz1:.3g}; at the weights stand their own, ∂J/∂w1 = {dJ_dw1:.3g} and "
        f"∂J/∂w2 = {dJ_dw2:.3g}."
    )
