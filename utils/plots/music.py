"""Pictures of tunes, as labs 13 and 14 draw them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from utils import tunes
from utils.advice import Advice
from utils.plots.drawing import BLUE, GRAY
from utils.plots.pictures import picture

C_OF_EACH_OCTAVE = {48: "C,", 60: "C", 72: "c", 84: "c'"}  # in ABC notation; 60 is middle C


@picture
def score(named: Mapping[str, Any], bars: int = 8) -> tuple[Figure, str]:
    """Draw the first bars of each named tune, rows of tokens, as a piano roll: a strip for each note."""
    melodies = {name: tunes.opening(tokens, bars) for name, tokens in named.items()}
    silent = [name for name, tokens in melodies.items() if not tunes.notes(tokens)]
    if silent or not melodies:
        raise Advice(f"There is no note in {silent[0]!r}: nothing to draw." if silent else "Give at least one tune to draw.")
    figure = Figure(figsize=(8.4, 0.5 + 1.25 * len(melodies)), layout="constrained")
    axes = figure.subplots(len(melodies), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for ax, (name, tokens) in zip(axes, melodies.items(), strict=True):
        _roll(ax, tokens)
        ax.set_title(name, loc="left", fontsize=9)
    axes[-1].set_xlabel("time in eighth notes")
    return figure, ". ".join(f"{name}: {_in_words(tokens)}" for name, tokens in melodies.items()) + "."


def _roll(ax: Axes, tokens: np.ndarray) -> None:
    melody = tunes.notes(tokens)
    ax.barh([note.pitch for note in melody], [float(note.length) * 0.94 for note in melody], 1.3,
            [float(note.begin) for note in melody], color=BLUE)  # fmt: skip
    for place in tunes.bar_lines(tokens):
        ax.axvline(float(place), color=GRAY, linewidth=0.8, zorder=0)
    ax.set_yticks(list(C_OF_EACH_OCTAVE), list(C_OF_EACH_OCTAVE.values()))
    ax.set_ylim(53, 89)
    ax.grid(axis="y", alpha=0.4)
    ax.set_axisbelow(True)
    ax.margins(x=0.01)


def _in_words(tokens: np.ndarray) -> str:
    pitches = [note.pitch for note in tunes.notes(tokens)]
    low, high = (tunes.name_of_pitch(pitch) for pitch in (min(pitches), max(pitches)))
    return f"{len(pitches)} notes from {low} to {high}, with {len(tunes.bar_lines(tokens))} bar lines"
