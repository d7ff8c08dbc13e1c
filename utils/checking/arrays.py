"""Reads what an answer gives as numbers or text, says where that cannot be, and tells whether two arrays are equal."""

import inspect
from typing import Any

import numpy as np

from utils.advice import Advice
from utils.checking.exercise import ATOL

RTOL = 1e-4  # beside an absolute ATOL
HOLDS_NONE = (
    "It holds None where a number is expected. A gradient is None if the tape saw no way from the variable to the loss: "
    "compute all of it within the `with`, and with TensorFlow."
)


def no_numbers(value: Any) -> str | None:
    """Why a value cannot be compared as numbers; None when it can."""
    if value is None:
        return (
            "It gives None: the `return` is missing, or stands in a loop or an `if` that did not run, or what comes after it "
            "gives None, as `print` and `append` do."
        )
    if inspect.isgenerator(value) or isinstance(value, (map, filter, zip, range)):
        return f"It gives a {type(value).__name__}, which holds no numbers yet: give an array, a tensor or a list."
    if inspect.isclass(value) or inspect.isroutine(value):
        return f"It gives the {'class' if inspect.isclass(value) else 'function'} `{value.__name__}` itself, not a number."
    if isinstance(value, (str, bytes)):
        return f"It gives the text {value!r}, where a number is expected: leave out the quotes, `str` and `print`."
    if isinstance(value, (dict, set, frozenset)):
        return f"It gives a {type(value).__name__}; give an array, a tensor or a number."
    if type(value).__name__ in ("KerasTensor", "SymbolicTensor"):
        return "It gives a symbolic tensor, which has a shape and no numbers yet."
    return None


def to_array(value: Any) -> np.ndarray:
    """A tensor, variable, array, number or nested list as a NumPy array; ValueError when it holds no numbers."""
    array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    if array.dtype.kind == "O" and any(item is None for item in array.flat):  # NumPy would make nan of it
        raise Advice(HOLDS_NONE)
    if array.dtype.kind == "c":  # NumPy would drop the imaginary part with a warning
        raise ValueError("complex numbers")
    if array.dtype.kind not in "biufU":
        array = array.astype(np.float64)  # bfloat16 has a kind of its own; objects fail here
    return array


def numbers_or_text(value: Any) -> np.ndarray:
    """The same as to_array; Advice where the value cannot be read so."""
    try:
        return to_array(value)
    except Advice:
        raise
    except Exception:
        if isinstance(value, int):
            raise Advice(f"It gives a number with {len(str(abs(value)))} digits: larger than any that is right.") from None
        if callable(value):  # an optimizer, a loss, an initializer
            raise Advice(
                f"It gives the {type(value).__name__} itself, not a number. Call it, or compute with it what is asked for."
            ) from None
        raise Advice(f"What it gives cannot be read as numbers in rows of equal length: a {type(value).__name__}.") from None


def close(got: np.ndarray, expected: np.ndarray, atol: float = ATOL, rtol: float = RTOL) -> bool:
    """Whether two arrays have the same shape, both or neither hold truth values, and nearly equal numbers."""
    kinds = {got.dtype.kind, expected.dtype.kind}
    if got.shape != expected.shape or (len(kinds) > 1 and kinds & {"b", "U"}):
        return False
    if expected.dtype.kind == "U":
        return bool(np.all(got == expected))
    return bool(np.allclose(got, expected, rtol=rtol, atol=atol, equal_nan=True))
