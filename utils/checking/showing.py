"""Shows inputs and results to a student: in a sentence, and as a small table that fits a notebook's width."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from utils.advice import WIDTH

LARGEST, MOST_ROWS = 12, 4  # elements, and rows of a matrix, that are shown whole
LONGEST = 80  # characters of anything else


def show(value: Any) -> str:
    """A short form of a value for a sentence."""
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        return f"{value:.6g}" if isinstance(value, float) else repr(value)
    if not hasattr(value, "shape"):
        text = str(value)
        if callable(value) or (len(text) <= LONGEST and "\n" not in text):
            return "a function" if callable(value) else text
        return f"a {type(value).__name__} of {len(value)}" if hasattr(value, "__len__") else text[: LONGEST - 1] + "…"
    array = np.asarray(value)
    return f"an array of shape {array.shape}" if array.size > LARGEST else _written(array).replace("\n", "")


def _written(array: np.ndarray) -> str:
    return np.array2string(array, precision=4, separator=", ", suppress_small=True, floatmode="maxprec")


def show_inputs(inputs: Mapping[str, Any]) -> str:
    """The inputs of a case as `x = [1., 2.], b = 0.5`; nothing for an answer that takes none."""
    numbers = {name: value for name, value in inputs.items() if not callable(value)}
    return ", ".join(f"{name} = {show(value)}" for name, value in numbers.items())


def rows(inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The inputs as rows of a table; those in a dictionary have one each."""
    flat = {}
    for name, value in inputs.items():
        flat.update(value if isinstance(value, dict) else {name: value})
    return [(name, in_full(value)) for name, value in flat.items() if not callable(value)]


def in_full(value: Any) -> str:
    """The same as `show`; a small matrix in several lines."""
    array = np.asarray(value) if hasattr(value, "shape") else None
    if array is None or array.size > LARGEST:
        return show(value)
    return _written(array) if array.ndim < 2 or len(array) <= MOST_ROWS else f"an array of shape {array.shape}"


def table(lines: Sequence[tuple[str, str]]) -> str:
    """Names and values in two columns, no wider than a notebook; what is longer is cut, and ends in `…`."""
    left = max(len(name) for name, _ in lines)
    cut = WIDTH - left - 4
    shown = []
    for name, text in lines:
        for i, line in enumerate(text.splitlines()):
            shown.append(f"  {'' if i else name:<{left}}  {line if len(line) <= cut else line[: cut - 1] + '…'}")
    return "\n".join(shown)


def position(index: Sequence[int]) -> str:
    """The place of an element, for a sentence; nothing for a single number."""
    return f" at position {list(map(int, index))}" if len(index) else ""
