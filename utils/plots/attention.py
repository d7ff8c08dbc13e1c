"""Pictures of attention: a soft lookup, who looks at whom, and positions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from utils.plots import drawing
from utils.plots.drawing import BLUE, GOLD
from utils.plots.pictures import picture

WEIGHTS = LinearSegmentedColormap.from_list("weights", ["#ffffff", "#a8cbe4", BLUE, "#00263d"])  # from 0 to the largest


@picture
def lookup(weights: Any, queries: Sequence[str], keys: Sequence[str]) -> tuple[Figure, str]:
    """Draw the weights of each query on each key as bars.  weights: shape (queries, keys)."""
    weights = np.asarray(weights, float)
    figure = Figure(figsize=(2.6 * len(queries), 2.3), layout="constrained")
    axes = figure.subplots(1, len(queries), sharey=True)
    phrases = []
    for ax, name, row in zip(np.ravel(axes), queries, weights, strict=True):
        ax.bar(range(len(keys)), row, color=BLUE, width=0.6)
        for place, weight in enumerate(row):
            ax.text(place, weight + 0.02, f"{weight:.2f}", ha="center", fontsize=9)
        ax.set(title=name, ylim=(0, 1.15), yticks=[0, 0.5, 1])
        ax.set_xticks(range(len(keys)), keys)
        ax.spines[["top", "right"]].set_visible(False)
        phrases.append(f"{name}: {', '.join(f'{key} {weight:.2f}' for key, weight in zip(keys, row, strict=True))}")
    axes = np.ravel(axes)
    axes[0].set_ylabel("weight")
    figure.supxlabel("key", fontsize=10)
    return figure, f"Bars of the weights that a query gives to each key. {'; '.join(phrases)}."


@picture
def who_looks(named: Mapping[str, Any], labels: Sequence[str] = (), bars: Sequence[int] = ()) -> tuple[Figure, str]:
    """
    Draw weights of attention by name as heat maps side by side: a row for who looks, a column for who is seen.

    named: each of shape (T, T).  labels: names of the T places; without, their numbers.  bars: places of bar lines, drawn thin.
    """
    arrays = {name: np.asarray(weights, float) for name, weights in named.items()}
    columns = min(len(arrays), 4)
    rows = -(-len(arrays) // columns)
    width = min(10.4 / columns, 4.4)
    figure = Figure(figsize=(width * columns, (width + 0.25) * rows + 0.3), layout="constrained")
    phrases = []
    for place, (name, weights) in enumerate(arrays.items(), 1):
        ax = figure.add_subplot(rows, columns, place)
        _heat(ax, weights, labels, bars)
        ax.set_title(name, fontsize=10)
        if place > (rows - 1) * columns:
            ax.set_xlabel("who is seen", fontsize=9)
        if place % columns == 1 or columns == 1:
            ax.set_ylabel("who looks", fontsize=9)
        else:
            ax.set_yticklabels([])
        phrases.append(f"{name}: {_looks(weights)}")
    return figure, f"Heat maps of weights, dark where they are large, a row for each note that looks. {'; '.join(phrases)}."


def _heat(ax: Axes, weights: np.ndarray, labels: Sequence[str], bars: Sequence[int]) -> None:
    """Draw one map, with its numbers where it is small."""
    shown = ax.imshow(weights, cmap=WEIGHTS, vmin=0, vmax=max(weights.max(), 1e-9), interpolation="nearest")
    if len(weights) <= 8:
        for (row, column), weight in np.ndenumerate(weights):
            color = drawing.ink(shown.to_rgba(weight)[:3])
            ax.text(column, row, f"{weight:.2f}".removeprefix("0"), ha="center", va="center", fontsize=8, color=color)
        ticks = range(len(weights))
        names = labels or [str(tick) for tick in ticks]
        ax.set_xticks(ticks, names, fontsize=8)
        ax.set_yticks(ticks, names, fontsize=8)
    else:
        ax.tick_params(labelsize=8)
    for bar in bars:
        ax.axhline(bar, color=GOLD, linewidth=0.5, alpha=0.5)
        ax.axvline(bar, color=GOLD, linewidth=0.5, alpha=0.5)


def _looks(weights: np.ndarray) -> str:
    """How much falls on the future, on the note itself, on the one before, and how far back the rest is, in words."""
    T = len(weights)
    back = np.subtract.outer(np.arange(T), np.arange(T))  # how far back the seen note is
    shares = {distance: np.sum(weights[back == distance]) / T for distance in range(T)}
    future = np.sum(weights[back < 0]) / T
    farther = max(range(2, T), key=shares.get, default=0)
    words = f"{future:.0%} of the weight lies ahead, {shares[0]:.0%} on the note itself, {shares.get(1, 0):.0%} on the one before"
    return words + (f", and of those further back most, {shares[farther]:.0%}, {farther} notes back" if farther else "")


@picture
def waves(table: Any) -> tuple[Figure, str]:
    """Draw a table of positions, shape (T, d), as a heat map, and the dot products of all pairs of its rows."""
    table = np.asarray(table, float)
    products = table @ table.T
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.15, 1))
    shown = left.imshow(table, cmap=drawing.SIGNS, vmin=-1, vmax=1, aspect="auto", interpolation="nearest")
    left.set(xlabel="column of the vector", ylabel="position t", title="waves")
    figure.colorbar(shown, ax=left)
    shown = right.imshow(products, cmap=WEIGHTS, interpolation="nearest")
    right.set(xlabel="position", ylabel="position", title="dot products")
    figure.colorbar(shown, ax=right)
    middle = len(table) // 2
    far = np.abs(np.arange(len(table)) - middle)
    phrases = [
        f"{products[middle][far == distance].mean():.1f} at a distance of {distance}"
        for distance in (0, 1, 4, 16)
        if distance <= middle
    ]
    turns = [np.count_nonzero(np.diff(np.sign(table[:, column]))) for column in (1, table.shape[1] - 1)]
    return figure, (
        f"Left, waves over {len(table)} positions: column 1 changes its sign {turns[0]} times, the last column {turns[1]} times. "
        f"Right, their dot products, largest on the diagonal: {', '.join(phrases)}."
    )
