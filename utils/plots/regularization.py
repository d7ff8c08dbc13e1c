"""Pictures of over-fitting and of its cures: fits, thinned networks, and weights."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from utils.plots import drawing
from utils.plots.drawing import BLUE, CHOSEN, GOLD, GRAY, GREEN, LINES, LOWEST, RED
from utils.plots.pictures import Function, picture
from utils.quiet_tensorflow import tf


@picture
def fits(
    curves: Mapping[str, Function], x: Any, y: Any, x_val: Any, y_val: Any, xlabel: str = "x", ylabel: str = "y"
) -> tuple[Figure, str]:
    """Draw each curve, by name, through the examples it was fitted to and among those for validation; all of shape (n,)."""
    figure = Figure(figsize=(3.5 * len(curves), 3.1))
    at = np.linspace(min(x.min(), x_val.min()), max(x.max(), x_val.max()), 300)
    low, high = min(y.min(), y_val.min()), max(y.max(), y_val.max())
    phrases = []
    for ax, (name, curve) in zip(np.atleast_1d(figure.subplots(1, len(curves), sharey=True)), curves.items(), strict=True):
        ax.plot(x_val, y_val, ".", color=GRAY, markersize=4, label="validation")
        ax.plot(x, y, "o", color=BLUE, markersize=6, label="training")
        ax.plot(at, curve(at), color=GOLD, linewidth=2)
        J, J_val = (np.mean((curve(inputs) - targets) ** 2) for inputs, targets in ((x, y), (x_val, y_val)))
        ax.set(title=name, xlabel=xlabel, ylim=(low - 0.15 * (high - low), high + 0.15 * (high - low)))
        phrases.append(f"{name}: training loss {drawing.short(J)}, validation loss {drawing.short(J_val)}")
    figure.axes[0].set_ylabel(ylabel)
    figure.axes[0].legend(loc="lower right", fontsize=9)
    figure.tight_layout()
    return figure, f"Curves through {len(x)} points, among {len(x_val)} for validation. {'; '.join(phrases)}."


@picture
def thinned(dropout: Function, rate: float = 0.5, sizes: tuple[int, ...] = (2, 8, 8, 1)) -> tuple[Figure, str]:
    """
    Draw which units of a network work in three steps of training, and in prediction.

    dropout: from activations, shape (1, d), a rate and whether it is training to the activations that stay.
    """
    figure = Figure(figsize=(10.8, 2.9))
    phrases = []
    for ax, step in zip(figure.subplots(1, 4), (1, 2, 3, None), strict=True):
        ones = [tf.ones((1, size)) for size in sizes]
        hidden = [np.ravel(dropout(layer, rate, step is not None)) != 0 for layer in ones[1:-1]]
        _units(ax, [np.ones(sizes[0], bool), *hidden, np.ones(sizes[-1], bool)])
        name = f"step {step}" if step else "prediction"
        ax.set_title(name, fontsize=11)
        phrases.append(f"{name}: {' and '.join(f'{layer.sum()} of {len(layer)}' for layer in hidden)} units work")
    figure.tight_layout()
    return figure, f"A network with two hidden layers and a dropout rate of {rate:g}. {'; '.join(phrases)}."


def _units(ax: Axes, working: list[np.ndarray]) -> None:
    """Draw the units of each layer that work, joined by lines, and crosses for those that do not."""
    places = [np.linspace(-1, 1, len(layer)) if len(layer) > 2 else np.linspace(-0.3, 0.3, len(layer)) for layer in working]
    places = [place if len(place) > 1 else np.zeros(1) for place in places]
    for left in range(len(working) - 1):
        for i, j in itertools.product(np.flatnonzero(working[left]), np.flatnonzero(working[left + 1])):
            ax.plot([left, left + 1], [places[left][i], places[left + 1][j]], color=BLUE, linewidth=0.7, alpha=0.8, zorder=1)
    for column, (layer, place) in enumerate(zip(working, places, strict=True)):
        ax.scatter(np.full(layer.sum(), column), place[layer], s=110, color="#fbe3b5", edgecolors=GRAY, zorder=2)
        ax.scatter(np.full((~layer).sum(), column), place[~layer], s=60, color=GRAY, marker="x", linewidths=1.2, zorder=2)
    ax.set(xlim=(-0.4, len(working) - 0.6), ylim=(-1.25, 1.25))
    ax.axis("off")


@picture
def weight_histograms(weights: Mapping[str, Any]) -> tuple[Figure, str]:
    """Draw how the weights of each array, by name, are distributed, and say how many are nearly 0."""
    arrays = {name: np.ravel(tf.convert_to_tensor(values)) for name, values in weights.items()}
    reach = max(np.abs(array).max() for array in arrays.values())
    figure = Figure(figsize=(3.5 * len(arrays), 2.8))
    phrases = []
    for ax, (name, array) in zip(np.atleast_1d(figure.subplots(1, len(arrays), sharey=True)), arrays.items(), strict=True):
        ax.hist(array, bins=np.linspace(-reach, reach, 62), color=BLUE)
        zeros = np.mean(np.abs(array) < 0.01)
        ax.set(title=f"{name}: {zeros:.0%} within ±0.01", xlabel="weight", yscale="log")
        phrases.append(f"{name}: {zeros:.0%} are within 0.01 of 0, the largest is {drawing.short(np.abs(array).max())}")
    figure.axes[0].set_ylabel("how many")
    figure.tight_layout()
    return figure, f"Histograms of weights. {'; '.join(phrases)}."


@picture
def stopping(loss: Any, val_loss: Any, best: Any) -> tuple[Figure, str]:
    """
    Draw training and validation loss, under-fitting left and over-fitting right of the epoch where to stop.

    loss, val_loss: shape (starts, epochs), mean and range are drawn.  best: the best epoch of each start, shape (starts,).
    """
    best, val_loss = np.ravel(np.asarray(best, int)), np.atleast_2d(np.asarray(val_loss, float))
    figure = Figure(figsize=(6.4, 3.4))
    ax = figure.subplots()
    drawing.curves(ax, {"training": np.atleast_2d(loss), "validation": val_loss})
    lowest = val_loss[np.arange(len(best)), best]
    ax.plot(best, lowest, **{**LOWEST, "markersize": 10}, label="best epoch of each start")
    stop, top, end = np.median(best), 1.15 * val_loss.mean(axis=0).max(), val_loss.shape[1] - 1
    ax.axvline(stop, color=GRAY, linewidth=1)
    ax.axvspan(0, stop, color=GREEN, alpha=0.08, linewidth=0)
    ax.axvspan(stop, end, color=RED, alpha=0.08, linewidth=0)
    ax.annotate("stop here", (stop, 0.9 * top), xytext=(8, 0), textcoords="offset points", fontsize=10, fontweight="bold")
    ax.text(stop / 2, 0.7 * top, "under-fitting", rotation=90, ha="center", va="center", fontsize=9)
    ax.text((stop + end) / 2, 0.06 * top, "over-fitting", ha="center", fontsize=9)
    ax.set(xlabel="epoch", ylabel="loss J", xlim=(0, end), ylim=(0, top))
    drawing.legend_above(ax)
    return figure, (
        f"Training and validation loss of {len(best)} starts. Training falls to {drawing.short(np.mean(loss, axis=0)[-1])}. "
        f"Validation is best at epochs {', '.join(map(str, best))}, with {drawing.short(lowest.min())} to "
        f"{drawing.short(lowest.max())}; at the end it is on average {drawing.short(val_loss[:, -1].mean())}. Left of there is "
        f"under-fitting, right of it over-fitting."
    )


@picture
def patience(make_stopper: Function, val_loss: Any, patiences: Sequence[int]) -> tuple[Figure, str]:
    """
    Draw a validation loss, shape (epochs,), and for each patience where it stops and which epoch it keeps.

    make_stopper: from a patience to what has `update(value, weights)`, True to stop, and `best_weights`.
    """
    val_loss = np.asarray(val_loss, float)
    figure = Figure(figsize=(6.4, 3.4))
    ax = figure.subplots()
    ax.plot(val_loss, color=GRAY, linestyle=drawing.PARTS["validation"], linewidth=1.5, label="validation")
    phrases = []
    for (color, line), number in zip(LINES, patiences, strict=False):
        stopper, stop = make_stopper(number), None
        for epoch, J in enumerate(val_loss):
            if stopper.update(float(J), [epoch]):
                stop = epoch
                break
        [kept] = stopper.best_weights
        ax.plot(kept, val_loss[kept], **{**LOWEST, "color": color})
        if stop is not None:
            ax.axvline(stop, color=color, linestyle=line, linewidth=1.5, label=f"patience {number}")
        phrases.append(
            f"patience {number} keeps epoch {kept} and " + ("never stops" if stop is None else f"stops after epoch {stop}")
        )
    ax.set(xlabel="epoch", ylabel="loss J", xlim=(0, len(val_loss) - 1))
    drawing.legend_above(ax, 4)
    return figure, f"A validation loss that goes down and up again. {'; '.join(phrases).capitalize()}. A star is what is kept."


@picture
def luck(validation: Any, test: Any) -> tuple[Figure, str]:
    """Draw each model's accuracy on the validation part against that on the test part, and mark the best of the former."""
    validation, test = np.ravel(np.asarray(validation, float)), np.ravel(np.asarray(test, float))
    best = int(np.argmax(validation))
    figure = Figure(figsize=(5.2, 3.8))
    ax = figure.subplots()
    x, y = drawing.jitter(validation), drawing.jitter(test, seed=1)
    x[best], y[best] = validation[best], test[best]
    ax.plot(x, y, "o", color=BLUE, markersize=3, label="model")
    ax.axhline(test.mean(), color=RED, linewidth=1.5, linestyle="--", label="mean of all")
    ax.plot(validation[best], test[best], **CHOSEN, label="chosen by validation")
    ax.set(xlabel="accuracy, validation", ylabel="accuracy, test")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    drawing.legend_above(ax)
    figure.tight_layout()
    return figure, (
        f"{len(test)} models, by their accuracy: {validation.min():.0%} to {validation.max():.0%} on validation, and "
        f"{test.min():.0%} to {test.max():.0%} on test. The best on validation has {validation[best]:.0%} there and "
        f"{test[best]:.0%} on test, where the mean of all is {test.mean():.0%}."
    )
