"""Tunes as rows of tokens: which notes they are, and how they sound."""

import io
import re
import wave
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from utils import datasets
from utils.advice import Advice, say
from utils.checking import errors
from utils.training import layers_of

RATE = 7_200  # samples a second
SECONDS_OF_AN_EIGHTH = {"jig": 0.165}
_OTHERWISE = 0.135  # reels and hornpipes
EIGHTHS_IN_A_BAR = {"reel": 8, "jig": 6, "hornpipe": 8}
SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 4, 5, 7, 9, 10), (0, 2, 3, 5, 7, 9, 10), (0, 2, 3, 5, 7, 8, 10))  # major to minor, on C
_STEPS = dict(zip("CDEFGAB", (0, 2, 4, 5, 7, 9, 11), strict=True))
_LETTERS = ("C", "^C", "D", "_E", "E", "F", "^F", "G", "_A", "A", "_B", "B")
_NOTE = re.compile(r"([_^]?)([A-Ga-g])([,']*)(\d*)(?:/(\d+))?")


class Note(NamedTuple):
    """A note of a tune: pitch in semitones, where 60 is middle C; when it begins, and how long it sounds, in eighth notes."""

    pitch: int
    begin: Fraction
    length: Fraction


@cache
def _vocabulary() -> tuple[str, ...]:
    return tuple(datasets.tunes()[2])


def names(tokens: Iterable[int]) -> list[str]:
    """What tokens stand for, as the vocabulary has it. Raises Advice where a number is none of its tokens."""
    vocabulary = _vocabulary()
    numbers = [int(token) for token in np.ravel(np.asarray(tokens))]
    wrong = [number for number in numbers if not 0 <= number < len(vocabulary)]
    if wrong:
        raise Advice(f"Tokens are whole numbers from 0 to {len(vocabulary) - 1}, and {wrong[0]} is none of them.")
    return [vocabulary[number] for number in numbers]


def notes(tokens: Iterable[int]) -> list[Note]:
    """The notes of a tune, one after the other; what is not a note takes no time."""
    found, begin = [], Fraction(0)
    for name in names(tokens):
        note = _NOTE.fullmatch(name)
        if note:
            found.append(Note(_pitch(*note.group(1, 2, 3)), begin, Fraction(int(note[4] or 1), int(note[5] or 1))))
            begin += found[-1].length
    return found


def bar_lines(tokens: Iterable[int]) -> list[Fraction]:
    """Where the bar lines of a tune stand, in eighth notes from its beginning."""
    places, time = [], Fraction(0)
    melody = iter(notes(tokens))
    for name in names(tokens):
        if name == "|":
            places.append(time)
        elif _NOTE.fullmatch(name):
            time += next(melody).length
    return places


def opening(tokens: Iterable[int], bars: int) -> np.ndarray:
    """
    The first bars of a tune, as its tokens; all where it has fewer.

    An upbeat is not counted as a bar. A tune without one gives a bar more.
    """
    tokens = np.ravel(np.asarray(tokens))
    ends = np.flatnonzero([name == "|" for name in names(tokens)])
    return tokens[: ends[bars] + 1] if len(ends) > bars else tokens


def name_of_pitch(pitch: int) -> str:
    """A pitch in ABC notation: 60 is C, 72 is c."""
    octave = pitch // 12 - 5
    letter = _LETTERS[pitch % 12]
    return letter.lower() + "'" * (octave - 1) if octave > 0 else letter + "," * -octave


def _pitch(accidental: str, letter: str, octaves: str) -> int:
    pitch = 60 + _STEPS[letter.upper()] + 12 * letter.islower() + 12 * (octaves.count("'") - octaves.count(","))
    return pitch + {"^": 1, "_": -1, "": 0}[accidental]


def windows(tunes: Sequence[np.ndarray], length: int) -> tuple[np.ndarray, np.ndarray]:
    """
    Inputs and targets for predicting the next token: X and y, shape (n, length), int32; y is X one token later.

    Each tune is cut into windows that do not overlap. What is left at its end, shorter than a window, is covered by one that ends
    there; a tune that is too short for one window is left out.
    """
    rows = []
    for tune in tunes:
        last = len(tune) - length - 1  # where the last window begins
        begins = [*range(0, last, length), last] if last >= 0 else []
        rows += [tune[begin : begin + length + 1] for begin in begins]
    if not rows:
        raise Advice(f"No tune has more than {length} tokens: choose a shorter window.")
    rows = np.array(rows, np.int32)
    return rows[:, :-1], rows[:, 1:]


LAST_ONLY = (
    "It gives logits for the last step alone. The targets have a token for every step: let the LSTM return all its states."
)


def writer(layers: Sequence[Any]) -> Any:
    """
    A new model of Keras that reads tokens, shape (n, T), and gives logits of each next one, shape (n, T, tokens).

    layers: an Embedding, an LSTM and a Dense layer. Raises Advice where they make no model, or one that cannot write tunes.
    """
    import keras

    if any(layer is ... for layer in layers):
        raise Advice("One of the layers is still the placeholder `...`.")
    try:
        model = keras.Sequential([keras.Input((None,), dtype="int32"), *layers])
    except (ValueError, TypeError) as error:
        raise Advice(f"These layers make no model. {errors.words(error)}") from None
    require_weights_of_writer(model)
    tokens, (embedding, lstm, dense) = len(_vocabulary()), _with_weights(model)
    if embedding.input_dim < tokens:
        raise Advice(f"The embedding has {embedding.input_dim} rows. It needs one for each of the {tokens} tokens.")
    if not lstm.return_sequences:
        raise Advice(LAST_ONLY)
    if dense.units != tokens:
        raise Advice(f"It gives {dense.units} logits at each step. It needs one for each of the {tokens} tokens.")
    return model


def require_weights_of_writer(model: Any) -> None:
    """Raise Advice where a model has not the weights that lab 13 writes tunes with: those of three layers, with their biases."""
    import keras

    layers, kinds = _with_weights(model), (keras.layers.Embedding, keras.layers.LSTM, keras.layers.Dense)
    if len(layers) != 3 or not all(map(isinstance, layers, kinds)):
        names = ", ".join(type(layer).__name__ for layer in layers)
        raise Advice(
            f"Its layers with weights are {names or 'none'}. `compose`, which writes the tunes, expects an Embedding, an LSTM "
            "and a Dense layer."
        )
    if layers[1].activation is not keras.activations.tanh or not (layers[1].use_bias and layers[2].use_bias):
        raise Advice(
            "`compose` writes with your `lstm_step`. That has tanh and a bias, so the LSTM needs them, too, and the Dense layer "
            "its bias."
        )


def _with_weights(model: Any) -> list[Any]:
    return [layer for layer in layers_of(model) if layer.weights]


def play(tokens: Iterable[int], bars: int = 8) -> Any:
    """
    The sound of the first bars of a tune, for a notebook to play; as text, the tune in ABC notation.

    Plucked strings, each a sum of its overtones: Fletcher and Rossing, "The Physics of Musical Instruments", section 2.7.
    """
    from IPython.display import Audio

    tokens = opening(tokens, bars)
    melody = notes(tokens)
    if not melody:
        raise Advice("There is no note among these tokens, so there is nothing to hear.")
    say(" ".join(names(tokens)))
    eighth = SECONDS_OF_AN_EIGHTH.get(names(tokens)[0], _OTHERWISE)
    return Audio(data=_wav(_sound(melody, eighth)))


def _sound(melody: Sequence[Note], eighth: float) -> np.ndarray:
    """The sound of a melody, values from -1 to 1, at RATE; an eighth note lasts `eighth` seconds."""
    ring = 0.3  # seconds that a string sounds on
    end = float(melody[-1].begin + melody[-1].length) * eighth + ring
    sound = np.zeros(round(end * RATE) + 1)
    for note in melody:
        begin = round(float(note.begin) * eighth * RATE)
        tone = _string(440 * 2 ** ((note.pitch - 69) / 12), float(note.length) * eighth + ring)
        sound[begin : begin + len(tone)] += tone[: len(sound) - begin]
    return sound / np.max(np.abs(sound))


def _string(frequency: float, seconds: float) -> np.ndarray:
    """A string that is plucked at a fifth of its length: the higher an overtone, the weaker it begins and the sooner it ends."""
    t = np.arange(round(seconds * RATE)) / RATE
    overtones = np.arange(1, min(int(RATE / 2 / frequency), 12) + 1)[:, None]
    strength = np.sin(np.pi * overtones / 5) / overtones**1.5
    tone = np.sum(strength * np.exp(-(3 + 1.2 * overtones) * t) * np.sin(2 * np.pi * frequency * overtones * t), axis=0)
    return tone * np.minimum(1, (seconds - t) / 0.02)


def _wav(sound: np.ndarray) -> bytes:
    """A WAV file of 8 bits a sample."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(RATE)
        out.writeframes(np.round(127.5 + 127 * sound).astype(np.uint8).tobytes())
    return file.getvalue()


def whole(tokens: Iterable[int]) -> np.ndarray:
    """The tokens of a tune up to the one that ends it; all where it has none."""
    tokens = np.ravel(np.asarray(tokens))
    ends = np.flatnonzero([name == "end" for name in names(tokens)])
    return tokens[: ends[0] + 1] if len(ends) else tokens


def figures(written: Sequence[Iterable[int]], known: Sequence[Iterable[int]]) -> dict[str, float]:
    """
    What can be heard by numbers, as shares over all tunes that are written.

    "in key": of the notes, those of the scale that fits the tune best.  "full bars": of the bars between two bar lines, those as
    long as the dance wants.  "come again": of the bars, those that the same tune has had before.  "copied": of the runs of eight
    notes, those that stand in a known tune, note for note.
    """
    sounds = np.array([_NOTE.fullmatch(name) is not None for name in _vocabulary()])
    memory = {run for tune in known for run in _runs(tune, sounds)}
    counts: dict[str, list] = {name: [] for name in ("in key", "full bars", "come again", "copied")}
    for tune in map(whole, written):
        kind, *melody = names(tune)
        pitches = np.array([note.pitch % 12 for note in notes(tune)])
        counts["in key"].append(max((np.isin(pitches, scale) for scale in SCALES), key=np.sum))
        lengths = np.diff(bar_lines(tune))
        counts["full bars"].append([length == EIGHTHS_IN_A_BAR.get(kind) for length in lengths])
        bars = [bar.strip() for bar in " ".join(melody).split("|")[:-1]]
        counts["come again"].append([bar in bars[:place] for place, bar in enumerate(bars)])
        counts["copied"].append([run in memory for run in _runs(tune, sounds)])
    return {name: float(np.mean(np.concatenate(seen))) for name, seen in counts.items()}


def _runs(tokens: Iterable[int], sounds: np.ndarray) -> list[bytes]:
    """The runs of eight notes in a tune, without its bar lines.  sounds: for each token, whether it is a note."""
    tokens = np.ravel(np.asarray(tokens))
    melody = tokens[sounds[tokens]].astype(np.int32)
    return [run.tobytes() for run in sliding_window_view(melody, 8)] if len(melody) >= 8 else []
