"""Pictures of training: curves over the epochs, the noise of batches, and times."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FormatStrFormatter, LogLocator, MaxNLocator

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
    _curves(ax, named, x)
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    means = {name: runs.mean(axis=0) for name, runs in named.items()}
    places = range(len(next(iter(means.values())))) if x is None else x
    phrases = [f"{name} {_course(mean, places, xlabel)}" for name, mean in means.items()]
    order = _order(means, places, xlabel)
    return figure, f"{ylabel} over the {xlabel}: {'; '.join(phrases)}.{order}"


KERAS_NAMES = {"loss": "training", "val_loss": "validation"}


def _course(mean: np.ndarray, places: Sequence[float], xlabel: str) -> str:
    """A curve in words: where it begins and ends, and where between them it is lowest or highest."""
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
    upper, lower = (means[name] for name in names)
    not_yet = np.flatnonzero(~(upper > lower))
    if len(not_yet) and not_yet[-1] == len(upper) - 1:
        return ""
    since = f"from {xlabel} {drawing.short(places[not_yet[-1] + 1])} on" if len(not_yet) else "all the way"
    return f" The curve of {names[0]} is above that of {names[1]} {since}."


def _curves(ax: Axes, values: Mapping[str, np.ndarray], x: Sequence[float] | None = None) -> None:
    for (name, runs), style in zip(values.items(), drawing.line_styles(values).values(), strict=True):
        places, marker = (range(runs.shape[1]), "") if x is None else (x, "o")
        ax.plot(places, runs.mean(axis=0), **style, linewidth=1.8, label=name, marker=marker)
        if len(runs) > 1:
            ax.fill_between(places, runs.min(axis=0), runs.max(axis=0), color=style["color"], alpha=0.18, linewidth=0)
    if x is not None:
        ax.set(xscale="log", xticks=x, xticklabels=x)
        ax.minorticks_off()
    else:
        ax.xaxis.set_major_locator(MaxNLocator("auto", steps=(1, 2, 5, 10), integer=True))  # there is no half epoch
    ax.grid(alpha=0.3)
    if len(values) > 1:
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=min(len(values), 4), frameon=False, fontsize=9)


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
    return figure, f"The variance of the gradient over the batch size, on a line that falls as 1 / B. {', '.join(phrases)}."


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
    """Draw how long each way takes, as bars on a scale of powers of ten, the quickest last."""
    ordered = dict(sorted(seconds.items(), key=lambda item: -item[1]))
    fastest = min(ordered.values())
    figure = Figure(figsize=(7.5, 0.8 + 0.42 * len(ordered)))
    ax = figure.subplots()
    milliseconds = [1000 * value for value in ordered.values()]
    ax.barh(list(ordered), milliseconds, color=[GOLD if value == fastest else BLUE for value in ordered.values()], height=0.6)
    for row, (value, ms) in enumerate(zip(ordered.values(), milliseconds, strict=True)):
        ax.text(
            ms * 1.1, row, f"{ms:.3g} ms" + (f", {value / fastest:.3g} ×" if value > fastest else ""), va="center", fontsize=9
        )
    ax.set(xscale="log", xlabel=f"time for {what} (ms)", xlim=(min(milliseconds) / 3, max(milliseconds) * 12))
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    phrases = [f"{name} {drawing.short(ms)} ms" for name, ms in zip(ordered, milliseconds, strict=True)]
    return figure, f"Bars of the time for {what}: {', '.join(phrases)}."
