"""Pictures of training: curves over the epochs, the noise of batches, and times."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullLocator

from utils.advice import Advice
from utils.plots import drawing
from utils.plots.drawing import BLUE, GOLD, GRAY, LINES
from utils.plots.pictures import Function, picture
from utils.quiet_tensorflow import tf


@picture
def curves(
    values: Mapping[str, Sequence[float]],
    ylabel: str = "loss J",
    xlabel: str = "epoch",
    log: bool = False,
    x: Sequence[float] | None = None,
) -> tuple[Figure, str]:
    """
    Draw lists of numbers over the epoch, by name; of several runs, shape (runs, epochs), the mean and the range.

    x: other places than 0, 1, 2, …, as far apart as their logarithms; a marker stands at each.
    """
    figure = Figure(figsize=(6.4, 3.2))
    ax = figure.subplots()
    named = {KERAS_NAMES.get(name, name): np.atleast_2d(np.asarray(numbers, float)) for name, numbers in values.items()}
    drawing.curves(ax, named, x)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if log:
        _powers(ax)
    means = {name: runs.mean(axis=0) for name, runs in named.items()}
    places = range(len(next(iter(means.values())))) if x is None else x
    phrases = [f"{name} {_course(mean, places, xlabel)}" for name, mean in means.items()]
    order = _order(means, places, xlabel)
    return figure, f"{ylabel} over the {xlabel}: {'; '.join(phrases)}.{order}"


KERAS_NAMES = {"loss": "training", "val_loss": "validation"}


def _course(mean: np.ndarray, places: Sequence[float], xlabel: str) -> str:
    """A curve in words: where it begins and ends, and where between them it is lowest or highest."""
    if len(mean) < 5:
        return ", ".join(f"{drawing.short(value)} at {place}" for value, place in zip(mean, places, strict=True))
    words = f"from {drawing.short(mean[0])} to {drawing.short(mean[-1])}"
    finite = np.flatnonzero(np.isfinite(mean))
    if len(finite) < 3:
        return words
    for word, place in (("lowest", finite[mean[finite].argmin()]), ("highest", finite[mean[finite].argmax()])):
        if min(abs(mean[place] - mean[0]), abs(mean[place] - mean[-1])) > 0.02 * np.ptp(mean[finite]):
            words += f", {word} {drawing.short(mean[place])} at {xlabel} {drawing.short(places[place])}"
    return words


def _order(means: Mapping[str, np.ndarray], places: Sequence[float], xlabel: str) -> str:
    """Which of two curves is above the other, and from where on; of more than two, their order at the end."""
    names = sorted(means, key=lambda name: -means[name][-1])
    if len(names) > 2:
        return f" At the end, from high to low: {'; '.join(names)}."
    if len(names) < 2 or len({len(mean) for mean in means.values()}) > 1:
        return ""
    above = means[names[0]] > means[names[1]]
    since = np.flatnonzero(~above).max(initial=-1) + 1
    if since == len(above):
        return ""
    where = f"from {xlabel} {drawing.short(places[since])} on" if since else "all the way"
    return f" The curve of {names[0]} is above that of {names[1]} {where}."


def live_loss(epochs: int) -> Function:
    """
    Make what `training.train` calls after each epoch: it draws the losses so far, in one place.

    Twice a second at most, and so that drawing takes a tenth of the time at most.
    """
    shown: dict[str, Any] = {"next": 0.0, "handle": None}

    def watch(history: Mapping[str, Sequence[float]]) -> None:
        done, start = len(history["loss"]), time.monotonic()
        if done < epochs and start < shown["next"]:
            return
        now = curves(history)
        now.figure.axes[0].set(xlim=(0, max(epochs - 1, 1)), title="")
        now.figure.axes[0].set_xlabel(f"epoch, {done} of {epochs}")
        if shown["handle"] is None:
            shown["handle"] = display(now, display_id=True)
        else:
            shown["handle"].update(now)
        shown["next"] = time.monotonic() + max(0.5, 9 * (time.monotonic() - start))

    return watch


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
    phrases = [f"B = {size}: {drawing.short(value)}" for size, value in zip(batch_sizes, variance, strict=True)]
    return figure, f"The variance of the gradient over the batch size, beside a line that falls as 1 / B. {', '.join(phrases)}."


def _over_batch_size(ax: Axes, batch_sizes: Sequence[int]) -> None:
    """Scale both axes by powers, with plain numbers beside them."""
    ax.set(xscale="log", xlabel="batch size B", xticks=batch_sizes, xticklabels=batch_sizes)
    ax.xaxis.set_minor_locator(NullLocator())
    _powers(ax)
    ax.grid(alpha=0.3)
    ax.legend(frameon=False)


def _powers(ax: Axes) -> None:
    """Scale the vertical axis by powers, with plain numbers beside it: few where it spans many powers."""
    ax.set_yscale("log")
    powers = np.ptp(np.log10(ax.get_ylim()))
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5) if powers < 1 else (1, 2, 5) if powers < 2.5 else (1,)))
    ax.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    ax.yaxis.set_minor_locator(NullLocator())


@picture
def epoch_times(compile_epoch: Function, batch_sizes: Sequence[int]) -> tuple[Figure, str]:
    """
    Draw how long an epoch takes, over the batch size, on the CPU and on each GPU that TensorFlow finds.

    compile_epoch: from a batch size to a function of a seed that runs an epoch.
    """
    figure = Figure(figsize=(6.4, 3.4))
    ax = figure.subplots()
    phrases = []
    devices = ["CPU:0", *(device.name.removeprefix("/device:") for device in tf.config.list_logical_devices("GPU"))]
    for device, (color, line) in zip(devices, LINES, strict=False):
        seconds = []
        with tf.device(device):
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
        phrases.append(
            f"{device}: {', '.join(f'B = {B} {drawing.short(ms)}' for B, ms in zip(batch_sizes, milliseconds, strict=True))}"
        )
    ax.set_ylabel("time of an epoch (ms)")
    _over_batch_size(ax, batch_sizes)
    return figure, f"The time of an epoch over the batch size, in ms. {'; '.join(phrases)}."


@picture
def times(seconds: Mapping[str, float], what: str = "a step") -> tuple[Figure, str]:
    """Draw how long each way takes, the fastest last: as dots, since a scale of powers of ten has no 0 where bars could begin."""
    milliseconds = {name: 1000 * value for name, value in sorted(seconds.items(), key=lambda item: -item[1])}
    fastest, slowest = min(milliseconds.values()), max(milliseconds.values())
    figure = Figure(figsize=(7.5, 0.8 + 0.42 * len(milliseconds)))
    ax = figure.subplots()
    phrases = []
    for row, (name, ms) in enumerate(milliseconds.items()):
        slower = f"{drawing.short(ms / fastest)} × slower" if ms > fastest else "the fastest"
        ax.plot(ms, row, "o", color=BLUE if ms > fastest else GOLD, markersize=9)
        ax.annotate(
            f"{drawing.short(ms)} ms, {slower}", (ms, row), xytext=(9, 0), textcoords="offset points", va="center", fontsize=9
        )
        phrases.append(f"{name} {drawing.short(ms)} ms, {slower}")
    ax.set(xscale="log", xlabel=f"time for {what} (ms)", xlim=(fastest / 3, slowest * 30))
    ax.set(yticks=range(len(milliseconds)), yticklabels=milliseconds, ylim=(len(milliseconds) - 0.5, -0.5))
    ax.xaxis.set_major_formatter(FormatStrFormatter("%g"))
    ax.minorticks_off()
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    return figure, f"The time for {what} on a scale of powers of ten: {'; '.join(phrases)}."
