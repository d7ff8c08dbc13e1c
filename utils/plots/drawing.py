"""The grammar of the pictures: what colors, lines and marks mean in all labs; and the points and regions that they share."""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.axes_grid1 import make_axes_locatable

from utils.plots.pictures import Function

# Colors after Okabe and Ito, which color-blind people can tell apart; each has a contrast of at least 3:1 with white, and
# those that stand on a ground of color, with that as well.
BLUE, GOLD, GREEN, RED, PURPLE, SKY, GRAY = "#0072B2", "#9A6E00", "#007F5C", "#C43C00", "#AA4499", "#2E8BC0", "#6b6b6b"
CLASSES = ({"color": RED, "marker": "x", "linewidths": 1.3}, {"facecolors": GREEN, "edgecolors": "white", "linewidths": 0.4})
INPUT, UNIT = "#d6e8f5", "#fbe3b5"  # the grounds of circles: what comes in, and what is computed
REGIONS = LinearSegmentedColormap.from_list("regions", ["#f6c4a4", "#ffffff", "#a5dcc9"])
HEIGHTS = LinearSegmentedColormap.from_list("heights", ["#ffffff", "#dbe5f1", "#b4c6de", "#839dc2"])  # paths lie on it
CONTOUR = "#3d3d3d"
SIGNS = LinearSegmentedColormap.from_list("signs", [RED, "#ffffff", BLUE])  # below and above 0
# By color and by line, for whoever cannot tell the colors apart.
LINES = [(BLUE, "-"), (GOLD, "--"), (GREEN, "-."), (PURPLE, ":"), (RED, (0, (5, 1))), (SKY, (0, (3, 1, 1, 1))), (GRAY, "-")]
# What has a color of its own has it in every lab; the keys are patterns.
OPTIMIZERS = {"sgd": GRAY, "momentum": BLUE, "adagrad": GREEN, "rmsprop": GOLD, "adadelta": RED, "adam": PURPLE, "yours": "black"}
CURES = {"plain|none": BLUE, "dropout": GOLD, "L2": GREEN, "L1": PURPLE, "yours": "black"}  # against over-fitting
COLORS = {**OPTIMIZERS, **CURES}
PARTS = {"training": "-", "validation": "--", "test": ":"}  # a part of the data is a kind of line

# One mark for each special place; the rest of its style is that of a line of Matplotlib.
_ON_TOP = {"linestyle": "", "markeredgecolor": "black", "zorder": 5, "clip_on": False}
START = {"marker": "o", "color": "white", "markersize": 8, **_ON_TOP}
END = {"marker": "s", "color": "black", "markersize": 6.5, **_ON_TOP, "markeredgecolor": "white"}
LOWEST = {"marker": "*", "color": "white", "markersize": 15, **_ON_TOP}
CHOSEN = {"marker": "o", "color": "none", "markersize": 12, "markeredgewidth": 1.6, **_ON_TOP}  # a ring around one of many
YOU = {"marker": "D", "color": "black", "markersize": 8, **_ON_TOP, "markeredgecolor": "white"}


def line_styles(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """
    The style of each named line: `validation, dropout 0.5` is dashed as validation, in the color of dropout.

    A name that says nothing about the data has the kind of line that goes with its color. Where several have the same kind, since
    they are the same part of the data, each has its marker too.
    """
    parts = {name: next((piece for piece in name.split(", ") if piece in PARTS), None) for name in names}
    owners = {name: ", ".join(piece for piece in name.split(", ") if piece not in PARTS) or "plain" for name in parts}
    looks = _looks(dict.fromkeys(owners.values()))
    marked = len({owners[name] for name in parts if parts[name]}) > 2
    styles = {}
    for name, (color, line, marker) in ((name, looks[owner]) for name, owner in owners.items()):
        styles[name] = {"color": color, "linestyle": PARTS.get(parts[name], line)} | ({"marker": marker} if marked else {})
    return styles


def _looks(owners: Iterable[str]) -> dict[str, tuple[str, Any, str]]:
    """Color, kind of line and marker of each owner: first of those that have a color of their own, then of the others."""
    known = {owner: _own_color(owner) for owner in owners}
    looks: dict[str, tuple[str, Any]] = {}
    for owner in sorted(known, key=lambda owner: known[owner] is None):
        own = [pair for pair in (*LINES, ("black", "-")) if pair[0] == known[owner]][:1]
        free = [pair for pair in (*own, *LINES) if pair not in looks.values()]
        looks[owner] = free[0] if free else LINES[len(looks) % len(LINES)]
    return {owner: (*looks[owner], marker) for owner, marker in zip(known, itertools.cycle("os^Dv"), strict=False)}


def _own_color(owner: str) -> str | None:
    return next((color for key, color in COLORS.items() if re.search(rf"\b(?:{key})\b", owner, re.IGNORECASE)), None)


def curves(ax: Axes, values: Mapping[str, np.ndarray], x: Sequence[float] | None = None) -> None:
    """Draw the mean of several runs over the epoch, or over x, and their range; each named array has shape (runs, epochs)."""
    for (name, runs), style in zip(values.items(), line_styles(values).values(), strict=True):
        places = range(runs.shape[1]) if x is None else x
        look = style if x is None else {**style, "marker": "o"}
        ax.plot(places, runs.mean(axis=0), **look, linewidth=1.8, markersize=5, label=name, markevery=max(runs.shape[1] // 8, 1))
        if len(runs) > 1:
            ax.fill_between(places, runs.min(axis=0), runs.max(axis=0), color=style["color"], alpha=0.18, linewidth=0)
    if x is not None:
        ax.set(xscale="log", xticks=x, xticklabels=x)
        ax.minorticks_off()
    else:
        ax.xaxis.set_major_locator(MaxNLocator("auto", steps=(1, 2, 5, 10), integer=True))  # there is no half epoch
    ax.grid(alpha=0.3)
    if len(values) > 1:
        columns = 4 if max(map(len, values)) < 18 else 2
        legend_above(ax, min(len(values), columns))


def scatter(ax: Axes, X: Any, y: Any) -> None:
    """Draw points with the color and the marker of their label."""
    X, y = np.asarray(X), np.ravel(y)
    size = np.clip(2400 / max(len(X), 1), 24, 90)  # few points are large
    for label, style in enumerate(CLASSES):
        ax.scatter(*X[y == label].T, s=size, label=f"y = {label}", **style)


def contrast(color: Any, ground: Any) -> float:
    """How well a color stands out on another, from 1 to 21 (WCAG 2.2, contrast ratio)."""
    low, high = sorted(
        np.dot((0.2126, 0.7152, 0.0722), [v / 12.92 if v <= 0.04 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(either)])
        for either in (color, ground)
    )
    return (high + 0.05) / (low + 0.05)


def mark(ax: Axes, point: Sequence[float], text: str) -> None:
    """Mark a point as "you", and write above it in letters with a white rim: a box would hide points."""
    ax.plot(*point, **YOU)
    rim = [withStroke(linewidth=3, foreground="white")]
    ax.annotate(text, point, xytext=(0, 9), textcoords="offset points", ha="center", fontsize=10, path_effects=rim, zorder=6)


def regions(figure: Figure, ax: Axes, predict: Function, limits: tuple[float, float], bar: bool = True) -> np.ndarray:
    """Draw a model's ŷ over the square with these limits, and a bar of its colors; returns ŷ as `fill` takes it."""
    grid = np.linspace(*limits, 121, dtype=np.float32)
    points = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    y_hat = np.asarray(predict(points), float).reshape(len(grid), len(grid))
    shown = fill(ax, grid, y_hat)
    if bar:
        figure.colorbar(shown, ax=ax, ticks=np.linspace(0, 1, 6)).set_label("ŷ", rotation=0, labelpad=8)
    return y_hat


def fill(ax: Axes, grid: np.ndarray, y_hat: np.ndarray) -> Any:
    """Fill the square over the values of `grid` with the colors of ŷ, shape (len(grid), len(grid)): row by x2, column by x1."""
    ax.set(xlabel="x1", ylabel="x2", xlim=grid[[0, -1]], ylim=grid[[0, -1]])
    return ax.contourf(grid, grid, y_hat, levels=np.linspace(0, 1, 11), cmap=REGIONS, vmin=0, vmax=1, zorder=0)


def ink(ground: Any) -> str:
    """Black or white, whichever stands out more."""
    return max(("black", "white"), key=lambda color: contrast(color, ground))


def legend_above(ax: Axes, columns: int = 3) -> None:
    """Put the legend above the axes, where it hides nothing."""
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=columns, frameon=False, fontsize=9, columnspacing=1.4)


def height_map(figure: Figure, ax: Axes, w: np.ndarray, J: np.ndarray, labels: tuple[str, str]) -> None:
    """Draw J as a map with contour lines, white where it is low, over the values of w in both directions, which are as long."""
    levels = MaxNLocator(20).tick_values(J.min(), J.max())
    shown = ax.contourf(w, w, J, levels=levels, cmap=HEIGHTS)
    lines = ax.contour(w, w, J, levels=levels, colors=CONTOUR, linewidths=0.6)
    bar = figure.colorbar(shown, cax=make_axes_locatable(ax).append_axes("right", size="5%", pad=0.15))  # as high as the map
    bar.add_lines(lines)
    bar.set_label("loss J")
    ax.set(xlabel=labels[0], ylabel=labels[1], xlim=w[[0, -1]], ylim=w[[0, -1]], aspect="equal")


def heights(J: Function, limits: tuple[float, float], steps: int = 31) -> tuple[np.ndarray, np.ndarray]:
    """The two weights' values, and J for each pair of them: row by w2, column by w1."""
    w = np.linspace(*limits, steps, dtype=np.float32)
    return w, np.array([[float(J(np.array([w1, w2], np.float32))) for w1 in w] for w2 in w])


def levels(height: np.ndarray, log: bool = False) -> np.ndarray:
    """The levels of a map: evenly spaced, or close together where it is low."""
    low = height.min() - 1e-3 * np.ptp(height)
    return low + np.ptp(height) * np.linspace(0, 1, 16) ** (3 if log else 1) * 1.01


def binary_accuracy(predict: Function, X: Any, y: Any) -> float:
    """The share of points whose prediction is on the side of their label."""
    return float(np.mean((np.ravel(predict(X)) > 0.5) == (np.ravel(y) == 1)))


def _region(y_hat: np.ndarray) -> str:
    """Where the green region ends, and how much of the plane is nearly white, in words."""
    green = y_hat > 0.5
    sides = {"left": green[:, 0], "right": green[:, -1], "lower": green[0], "upper": green[-1]}
    reached = [side for side, edge in sides.items() if edge.any()]
    if not reached:
        words = "green is closed in on all sides" if green.any() else "nothing is green"
    else:
        words = f"green reaches {'every' if len(reached) == 4 else 'the ' + ' and the '.join(reached)} edge"
    return f"{words}, and {np.mean(np.abs(y_hat - 0.5) < 0.4):.0%} of the plane has a ŷ between 0.1 and 0.9"


def panels(predictors: Mapping[str, Function], X: Any, y: Any, limits: tuple[float, float]) -> tuple[Figure, str]:
    """The regions of several models, four in a row, with the points and each model's accuracy; and what is seen, in words."""
    columns, rows = min(len(predictors), 4), (len(predictors) + 3) // 4
    width = min(10.8 / columns, 4.5)
    figure = Figure(figsize=(width * columns, (0.8 * width + 0.3) * rows + 0.3), layout="constrained")
    seen = []
    for place, (name, predict) in enumerate(predictors.items(), 1):
        ax = figure.add_subplot(rows, columns, place)
        y_hat = regions(figure, ax, predict, limits, bar=False)
        scatter(ax, X, y)
        title = f"{name}: accuracy {binary_accuracy(predict, X, y):.0%}"
        ax.set_title(title, fontsize=10)
        seen.append(f"{title}, {_region(y_hat)}")
        ax.xaxis.set_major_locator(
            MaxNLocator(6, steps=(1, 2, 5, 10), prune="both")
        )  # no number of one panel touches one of the next
        if place % columns != 1 and columns > 1:
            ax.set(ylabel="", yticklabels=[])
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure, "; ".join(seen)


def jitter(values: np.ndarray, seed: int = 0) -> np.ndarray:
    """Values moved by up to a third of their smallest distance, the same way each time: equal ones do not hide each other."""
    gaps = np.diff(np.unique(values))
    reach = gaps[gaps > 1e-6].min(initial=np.inf) / 3
    return values + (np.random.default_rng(seed).uniform(-reach, reach, values.shape) if np.isfinite(reach) else 0)


def short(number: Any) -> str:
    """A number in three digits, without a power of ten where it is in the thousands: 3,810."""
    digits = f"{float(number):.3g}"
    return f"{float(digits):,.0f}" if 1000 <= abs(float(digits)) < 1_000_000 else digits
