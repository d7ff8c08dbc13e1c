"""Compares what an answer gives with what is right, case by case, and shows the first difference as a table."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from utils.checking import showing
from utils.checking.arrays import RTOL, close
from utils.checking.exercise import ATOL
from utils.checking.showing import LARGEST, position, show


class Case(NamedTuple):
    """One call: the inputs by name, what the answer gave for them, and what is right."""

    inputs: dict[str, Any]
    got: np.ndarray
    expected: np.ndarray
    atol: float = ATOL


def wrong(cases: Sequence[Case]) -> list[Case]:
    """
    The cases in which the value differs from the right one; the first is shown: that with the smallest inputs.

    Inputs of one element come last, since with one a sum and a mean are the same.
    """
    differing = [case for case in cases if not close(case.got, case.expected, case.atol)]
    return sorted(differing, key=_tells_little)


def _tells_little(case: Case) -> tuple[bool, int]:
    sizes = [dimensions(value) for value in case.inputs.values()]
    lengths = [math.prod(size) for size in sizes if size]
    return bool(lengths) and max(lengths) == 1, sum(map(math.prod, sizes))


def dimensions(value: Any) -> tuple[int, ...]:
    """The shape of an input; of a list whose entries differ, its length."""
    try:
        return np.shape(value)
    except ValueError:
        return (len(value),)


def table_of_difference(cases: Sequence[Case]) -> str:
    """The inputs of the case that tells most, what the answer gives for them, and what was expected, as a table."""
    inputs, got, expected, atol = wrong(cases)[0]
    if 1 < got.size <= LARGEST:
        return showing.table([*showing.rows(inputs), ("it gives", showing.in_full(got)), ("expected", showing.in_full(expected))])
    index = tuple(np.argwhere(~np.isclose(got, expected, rtol=RTOL, atol=atol, equal_nan=True))[0])
    at = position(index)
    values = [("it gives" + at, show(got[index].item())), ("expected" + at, show(expected[index].item()))]
    return showing.table([*showing.rows(inputs), *values])
