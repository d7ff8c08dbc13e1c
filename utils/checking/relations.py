"""How what an answer gives is related to the right result, or to one of its inputs: by one operation, in all cases."""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from utils.checking.comparison import Case

SEVERAL = 2  # values that are cut off; a single one may be wrong in any way

Operation = Callable[[np.ndarray], np.ndarray]

OF_THE_RIGHT: list[tuple[str, Operation]] = [
    ("It gives 1 over what it should be: numerator and denominator are exchanged.", lambda right: 1 / right),
    ("It gives 1 minus what it should be.", lambda right: 1 - right),
    ("It gives the square of what it should be.", np.square),
    ("It gives the root of what it should be.", np.sqrt),
    ("It gives the logarithm of what it should be.", np.log),
    ("It gives e to the power of what it should be.", np.exp),
    ("It gives the absolute value of what it should be: the sign is lost.", np.abs),
    ("It is right where the result is positive, and 0 elsewhere: is it cut off at 0?", lambda right: np.maximum(right, 0)),
    ("It gives the sigmoid of what it should be: one activation too many.", lambda right: 1 / (1 + np.exp(-right))),
    ("It gives the tanh of what it should be: one activation too many.", np.tanh),
    ("The values come in reverse order.", lambda right: right[::-1]),
    ("The values are right, and sorted by size. They should keep their order.", lambda right: np.sort(right, axis=0)),
    ("Each value has all before it added: these are running sums.", lambda right: np.cumsum(right, axis=0)),
    ("The values are divided by their sum, so that they add up to 1.", lambda right: right / right.sum()),
]
OF_AN_ARRAY: list[tuple[str, Operation]] = [
    ("the sum of `{name}`", np.sum),
    ("the mean of `{name}`", np.mean),
    ("the median of `{name}`, the number in the middle", np.median),
    ("the largest number of `{name}`", np.max),
    ("the smallest number of `{name}`", np.min),
    ("half way between the smallest and the largest of `{name}`", lambda x: (x.min() + x.max()) / 2),
    ("the first entry of `{name}`", lambda x: x.flat[0]),
    ("the last entry of `{name}`", lambda x: x.flat[-1]),
    ("how many numbers `{name}` has", np.size),
    ("the product of the numbers in `{name}`", np.prod),
    ("the standard deviation of `{name}`", np.std),
    ("the variance of `{name}`", np.var),
    ("the length of `{name}` as a vector", np.linalg.norm),
]
OF_EACH_NUMBER: list[tuple[str, Operation]] = [
    ("`{name}` itself", lambda x: x),
    ("`{name}` with the other sign", np.negative),
    ("the square of `{name}`", np.square),
    ("the absolute value of `{name}`", np.abs),
    ("the sign of `{name}`", np.sign),
    ("e to the power of `{name}`", np.exp),
    ("the logarithm of `{name}`", np.log),
    ("the sigmoid of `{name}`", lambda x: 1 / (1 + np.exp(-x))),
    ("the tanh of `{name}`", np.tanh),
]


def relation(cases: Sequence[Case]) -> str | None:
    """What all results have in common, as a sentence; None where no operation makes them of the right ones, or of an input."""
    if len(cases) < 2 or all(np.allclose(case.got, cases[0].got.flat[0]) for case in cases if case.got.size):
        return None
    with np.errstate(all="ignore"):
        of_the_right = [(case.got, case.expected) for case in cases]
        for sentence, operation in OF_THE_RIGHT:
            if _makes_all(operation, of_the_right):
                return sentence
        return next((f"It gives {words.format(name=name)}." for name, words in _of_inputs(cases)), None) or _cut_off(of_the_right)


def _cut_off(of_the_right: Sequence[tuple[np.ndarray, np.ndarray]]) -> str | None:
    """Whether results are right up to some number, and that number beyond."""
    for side, limit, words in ((np.minimum, np.max, "up to"), (np.maximum, np.min, "down to")):
        number = limit([limit(got) for got, _ in of_the_right if got.size])
        cut = sum(np.sum(~np.isclose(side(number, right), right)) for _, right in of_the_right)
        if cut >= SEVERAL and _makes_all(functools.partial(side, number), of_the_right):
            return f"It is right {words} {number:.4g}, and {number:.4g} beyond: something cuts it off there."
    return None


def _of_inputs(cases: Sequence[Case]) -> Iterator[tuple[str, str]]:
    for name in cases[0].inputs:
        pairs = [(case.got, _array(case.inputs.get(name))) for case in cases]
        if any(array is None for _, array in pairs):
            continue
        alike = all(got.shape == array.shape for got, array in pairs)
        several = any(array.size > 1 for _, array in pairs)
        for words, operation in [*(OF_EACH_NUMBER if alike else []), *(OF_AN_ARRAY if several else [])]:
            if _makes_all(operation, pairs):
                yield name, words


def _array(value: Any) -> np.ndarray | None:
    """An input as an array of floats; None where it is something else."""
    array = np.asarray(value) if isinstance(value, (int, float, np.ndarray, np.number)) else None
    return array.astype(float) if array is not None and array.dtype.kind in "biuf" and array.size else None


def _makes_all(operation: Operation, pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> bool:
    """Whether an operation makes each of the results, all of them finite."""
    try:
        made = [np.asarray(operation(array)) for _, array in pairs]
    except (ValueError, IndexError, TypeError):
        return False
    return all(
        each.shape == got.shape and np.isfinite(each).all() and np.allclose(each, got, rtol=1e-4, atol=1e-6)
        for each, (got, _) in zip(made, pairs, strict=True)
    )
