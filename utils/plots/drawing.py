"""The grammar of the pictures: what colors, lines and marks mean in all labs; and the points and regions that they share."""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from utils.plots.pictures import Function

# Colors after Okabe and Ito, which color-blind people can tell apart; each has a contrast of at least 3:1 with white.
BLUE, GOLD, GREEN, RED, PURPLE, SKY, GRAY = "#0072B2", "#A87800", "#009E73", "#D55E00", "#AA4499", "#2E8BC0", "#6b6b6b"
CLASS_MARKERS = ((RED, "x"), (GREEN, "o"))
REGIONS = LinearSegmentedColormap.from_list("regions", ["#f6c4a4", "#ffffff", "#a5dcc9"])
SIGNS = LinearSegmentedColormap.from_list("signs", [RED, "#ffffff", BLUE])  # below and above 0
# By color and by line, for whoever cannot tell the colors apart.
LINES = [(BLUE, "-"), (GOLD, "--"), (GREEN, "-."), (PURPLE, ":"), (RED, (0, (5, 1))), (SKY, (0, (3, 1, 1, 1))), (GRAY, "-")]
# What has a color of its own has it in every lab: optimizers, and what is done against over-fitting.
COLORS = {
    "sgd": GRAY, "momentum": BLUE, "adagrad": GREEN, "rmsprop": GOLD, "adadelta": PURPLE, "adam": RED,
    "plain": BLUE, "none": BLUE, "dropout": GOLD, "L2": GREEN, "L1": PURPLE, "yours": "black",
}  # fmt: skip
PARTS = {"training": "-", "validation": "--", "test": ":"}  # a part of the data is a kind of line

# One mark for each special place; the rest of its style is that of a line of Matplotlib.
_ON_TOP = {"linestyle": "", "markeredgecolor": "black", "zorder": 5, "clip_on": False}
START = {"marker": "o", "color": "white", "markersize": 8, **_ON_TOP}
END = {"marker": "s", "color": "black", "markersize": 6.5, **_ON_TOP, "markeredgecolor": "white"}
LOWEST = {"marker": "*", "color": "white", "markersize": 15, **_ON_TOP}
YOU = {"marker": "D", "color": "black", "markersize": 8, **_ON_TOP, "markeredgecolor": "white"}


def line_styles(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """
    The style of each named line: `validation, dropout 0.5` is dashed as validation, in the color of dropout.

    A name that says nothing about the data has the kind of line that goes with its color.
    """
    styles, free = {}, itertools.cycle(LINES)
    colors: dict[str, Any] = {}
    for name in names:
        pieces = name.split(", ")
        part = next((piece for piece in pieces if piece in PARTS), None)
        owner = ", ".join(piece for piece in pieces if piece not in PARTS) or "plain"
        known = next((color for key, color in COLORS.items() if re.search(rf"\b{key}\b", owner, re.IGNORECASE)), None)
        if owner not in colors:
            colors[owner] = next((pair for pair in LINES if pair[0] == known), (known, "-")) if known else next(free)
        color, line = colors[owner]
        styles[name] = {"color": color, "linestyle": PARTS[part] if part else line}
    return styles


def scatter(ax: Axes, X: Any, y: Any) -> None:
    """Draw points with the color and the marker of their label."""
    X, y = np.asarray(X), np.ravel(y)
    for label, (color, marker) in enumerate(CLASS_MARKERS):
        ax.scatter(*X[y == label].T, s=22, color=color, marker=marker, linewidths=1.2, label=f"y = {label}")


def mark(ax: Axes, point: Sequence[float], text: str) -> None:
    """Mark a point as "you", and write above it on a ground that keeps what is drawn below from showing through."""
    ax.plot(*point, **YOU)
    ground = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none", "alpha": 0.75}
    ax.annotate(text, point, xytext=(0, 12), textcoords="offset points", ha="center", fontsize=10, bbox=ground, zorder=4)


def regions(figure: Figure, ax: Axes, predict: Function, limits: tuple[float, float], bar: bool = True) -> None:
    """Draw a model's ŷ over the square with these limits, and a bar of its colors."""
    grid = np.linspace(*limits, 121, dtype=np.float32)
    points = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    y_hat = np.asarray(predict(points), float).reshape(len(grid), len(grid))
    shown = fill(ax, grid, y_hat)
    if bar:
        figure.colorbar(shown, ax=ax, ticks=np.linspace(0, 1, 6)).set_label("ŷ", rotation=0, labelpad=8)


def fill(ax: Axes, grid: np.ndarray, y_hat: np.ndarray) -> Any:
    """Fill the square over the values of `grid` with the colors of ŷ, shape (len(grid), len(grid)): row by x2, column by x1."""
    ax.set(xlabel="x1", ylabel="x2", xlim=grid[[0, -1]], ylim=grid[[0, -1]])
    return ax.contourf(grid, grid, y_hat, levels=np.linspace(0, 1, 11), cmap=REGIONS, vmin=0, vmax=1)


def binary_accuracy(predict: Function, X: Any, y: Any) -> float:
    """The share of points whose prediction is on the side of their label."""
    return float(np.mean((np.ravel(predict(X)) > 0.5) == (np.ravel(y) == 1)))


def panels(predictors: Mapping[str, Function], X: Any, y: Any, limits: tuple[float, float]) -> tuple[Figure, str]:
    """The regions of several models, four in a row, with the points and the share that each has right; and that in words."""
    columns, rows = min(len(predictors), 4), (len(predictors) + 3) // 4
    width = min(10.8 / columns, 4.5)
    figure = Figure(figsize=(width * columns, (0.75 * width + 0.6) * rows))
    seen = []
    for place, (name, predict) in enumerate(predictors.items(), 1):
        ax = figure.add_subplot(rows, columns, place)
        regions(figure, ax, predict, limits, bar=False)
        scatter(ax, X, y)
        seen.append(f"{name}: {binary_accuracy(predict, X, y):.0%} right")
        ax.set_title(seen[-1], fontsize=11)
        if place % columns != 1 and columns > 1:
            ax.set(ylabel="", yticklabels=[])
    if columns < 3:  # there is room for it
        ax.legend(loc="lower right", fontsize=8)
    figure.tight_layout()
    return figure, "; ".join(seen)


def short(number: Any) -> str:
    """A number in three digits."""
    return f"{float(number):.3g}"
