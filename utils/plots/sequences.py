"""Pictures of lab 13: a cell unrolled over time, gradients that fade, and draws at several temperatures."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from utils.advice import Advice
from utils.plots.drawing import BLUE, GOLD, GRAY, INPUT, UNIT
from utils.plots.pictures import Function, picture
from utils.plots.training import curves
from utils.quiet_tensorflow import tf


@picture
def unrolled(rnn: Function, x: Sequence[float], Wx: float, Wh: float) -> tuple[Figure, str]:
    """
    Draw a cell of one unit once for each step, with the states that `rnn` computes, from left to right.

    x: one input a step.  Wx, Wh: the two weights; the bias is 0.
    """
    values = [np.array(each, np.float32) for each in (np.reshape(x, (1, -1, 1)), [[Wx]], [[Wh]], [0])]
    states = [0.0, *np.ravel(rnn(*values, return_sequences=True)).astype(float)]
    figure = Figure(figsize=(1.55 * len(states), 2.5))
    ax = figure.add_axes((0, 0, 1, 1))
    for t, state in enumerate(states):
        _circle(ax, (t, 1), f"h{t}", f"{state:.2f}", UNIT)
        if t:
            _circle(ax, (t, 0), f"x{t}", f"{x[t - 1]:g}", INPUT)
            _arrow(ax, (t - 1, 1), (t, 1), f"Wh = {Wh:g}", (0, 9))
            _arrow(ax, (t, 0), (t, 1), f"Wx = {Wx:g}", (27, -3))
    ax.set(xlim=(-0.5, len(states) - 0.35), ylim=(-0.42, 1.42))
    ax.axis("off")
    steps = [f"x{t} = {x[t - 1]:g} and h{t - 1} lead to h{t} = {state:.2f}" for t, state in enumerate(states) if t]
    return figure, f"The same cell, drawn {len(states) - 1} times, with Wx = {Wx:g} and Wh = {Wh:g}: {'; '.join(steps)}."


def _circle(ax: Axes, place: tuple[float, float], name: str, value: str, color: str) -> None:
    """A circle with a name and a value in it."""
    ax.plot(*place, "o", markersize=42, color=color, markeredgecolor=GRAY)
    ax.annotate(f"{name}\n{value}", place, ha="center", va="center", fontsize=10)


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], text: str, moved: tuple[float, float]) -> None:
    """An arrow from circle to circle, and what it multiplies by."""
    look = {"arrowstyle": "-|>", "color": GRAY, "shrinkA": 22, "shrinkB": 22, "linewidth": 1.5}
    ax.annotate("", end, start, arrowprops=look, zorder=3)
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    ax.annotate(text, middle, xytext=moved, textcoords="offset points", ha="center", fontsize=9, color=BLUE)


@picture
def sampled(
    sample: Function, logits: Any, names: Sequence[str], temperatures: Sequence[float], most: int = 8
) -> tuple[Figure, str]:
    """
    Draw how often `sample` takes each token, at several temperatures, beside the softmax of the logits divided by each.

    logits: one row, shape (tokens,).  names: of the tokens.  most: how many tokens are drawn, the most probable ones.
    """
    logits, count = np.asarray(logits, np.float32), 2000
    first = np.argsort(-logits)[:most]
    figure = Figure(figsize=(10.2, 2.7), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, len(temperatures), sharey=True))
    phrases = []
    for ax, temperature in zip(axes, temperatures, strict=True):
        tokens = np.ravel(sample(np.tile(logits, (count, 1)), temperature)).astype(int)
        share = np.bincount(tokens, minlength=len(logits)) / count
        p = np.exp((logits - logits.max()) / temperature)
        ax.bar(range(most), share[first], color=BLUE, label="your draws")
        ax.plot(range(most), (p / p.sum())[first], "_", color=GOLD, markersize=15, markeredgewidth=2.5, label="softmax")
        ax.set_title(f"temperature {temperature:g}", fontsize=10)
        ax.set(xticks=range(most), xticklabels=[names[token] for token in first])
        ax.tick_params(axis="x", labelsize=9)
        ax.spines[["top", "right"]].set_visible(False)
        phrases.append(
            f"temperature {temperature:g}: {names[first[0]]} {share[first[0]]:.0%}, others {1 - share[first].sum():.0%}"
        )
    axes[0].set_ylabel("share of the draws")
    axes[-1].legend(frameon=False, fontsize=9)
    shown = f"The shares of the {most} most probable tokens in {count:,} draws, beside their softmax"
    return figure, f"{shown}. {'; '.join(phrases)}; others are those that are not shown."


@picture
def fading(lstm_step: Function, biases: Sequence[float], steps: int = 60) -> Any:
    """
    Draw how large the gradient of the memory c is, with respect to the memory some steps before, by the bias of the forget gate.

    lstm_step: lstm_step(x, h, c, Wx, Wh, b) gives h and c. The weights are small random ones, of 32 units; so are the inputs.
    """
    rng, units = np.random.default_rng(13), 32
    x, Wx, Wh = (rng.normal(size=shape).astype(np.float32) for shape in ((steps, 1, 8), (8, 4 * units), (units, 4 * units)))
    left = {}
    for bias in biases:
        b = np.zeros(4 * units, np.float32)
        b[units : 2 * units] = bias
        h = c = tf.zeros((1, units))
        memories = [c]
        with tf.GradientTape() as tape:
            tape.watch(c)
            for each in x:
                h, c = map(tf.convert_to_tensor, lstm_step(each, h, c, 0.3 * Wx, 0.05 * Wh, b))
                memories.append(c)
            total = tf.reduce_sum(c)
        gradients = tape.gradient(total, memories)
        if gradients[0] is None:
            raise Advice("No gradient finds its way through your `lstm_step`: write it with TensorFlow, not with NumPy.")
        left[f"bias {bias:g}"] = [float(tf.norm(gradient)) / units**0.5 for gradient in reversed(gradients)]
    return curves(left, ylabel="size of the gradient", xlabel="steps back", log=True)
