"""
Says in one to three sentences how a value differs from the right one, where no named mistake explains it.

Everything here compares arrays: what the answer gave (`got`) with what is right (`expected`), case by case.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from utils.checking.arrays import RTOL, close
from utils.checking.comparison import Case, dimensions, table_of_difference, wrong
from utils.checking.relations import relation
from utils.checking.showing import position, show, show_inputs

OFF_BY_ONE = " Is the end of a range off by one?"


def diagnose(cases: Sequence[Case], guess: bool = True) -> str:
    """
    What is wrong, from the most telling reason to the least: at the end, the first value that differs.

    guess: whether reasons count that are only likely.
    """
    if advice := _first((_text, _ignores_input, _one_truth_value, _shape, _truth_value), cases):
        return advice
    cases = _as_floats(cases)
    if place := _first((_edge, _condition), cases):
        return f"{place}\n{table_of_difference(cases)}"
    if related := relation(cases):
        return f"{related}\n{table_of_difference(cases)}"
    reasons = (_whole_numbers, _only_printed_example, _transposed, _not_finite, _sign, _factor, _offset, _rounded)
    likely = () if guess else (_only_printed_example, _rounded)
    return _first((*(reason for reason in reasons if reason not in likely), table_of_difference), cases)


def first_difference(cases: Sequence[Case], guess: bool = True) -> str:
    """
    The first value that differs, or how its shape or its kind does; no reason is guessed.

    guess: whether the end of a range may be what a length that is off by one comes from.
    """
    text = _first((_text, _one_truth_value, _shape, _truth_value), cases) or table_of_difference(_as_floats(cases))
    return text if guess else text.removesuffix(OFF_BY_ONE)


def without_numbers(cases: Sequence[Case]) -> str:
    """How a value differs, for an exercise that asks for the value: the right one is not shown."""
    if advice := _first((_text, _shape, _truth_value), cases):
        return advice
    got, expected = (array.astype(float) for array in cases[0][1:3])
    if close(got, expected, rtol=1e-2):
        return "It is nearly right: give more digits, as they are computed."
    return f"{show(got)} is not right. Take the steps one by one, and look at each result."


def _first(reasons: Sequence[Callable[[Sequence[Case]], str | None]], cases: Sequence[Case]) -> str:
    return next(filter(None, (reason(cases) for reason in reasons)), "")


def _as_floats(cases: Sequence[Case]) -> list[Case]:
    return [case._replace(got=case.got.astype(float), expected=case.expected.astype(float)) for case in cases]


def _for(inputs: dict[str, Any]) -> str:
    shown = show_inputs(inputs)
    return f"For {shown} it" if shown else "It"


def _text(cases: Sequence[Case]) -> str | None:
    got, expected = wrong(cases)[0][1:3]
    if expected.dtype.kind == "U":
        return f"{show(got.item()) if got.ndim == 0 else show(got)} is not the right choice."
    return None


def _shape(cases: Sequence[Case]) -> str | None:
    other = [case for case in wrong(cases) if case.got.shape != case.expected.shape]
    squares = all(case.got.shape == (case.expected.size, case.expected.size) for case in other)
    for inputs, got, expected, _ in sorted(wrong(cases), key=_alike):
        if got.shape == expected.shape:
            continue
        lead = f"{_for(inputs)} gives shape {got.shape}; expected {expected.shape}."
        if got.shape == expected.shape[::-1]:
            return f"{lead} That is the transpose: rows and columns are exchanged."
        if expected.ndim == 1 and squares:
            return f"{lead} One of the arrays is a column (n, 1) and the other flat (n,): together they broadcast to n × n."
        if sorted(got.shape) == sorted(expected.shape):
            return f"{lead} The axes are in another order."
        if not got.size and expected.size:
            return f"{lead} It is empty: nothing was put into it, or all was taken out."
        if np.squeeze(got).shape == np.squeeze(expected).shape:
            return f"{lead} An axis of length 1 is {'too many' if got.ndim > expected.ndim else 'lost: do not squeeze it away'}."
        if got.size == expected.size:
            return f"{lead} The numbers are as many as they should be, but arranged in another way."
        if got.ndim < expected.ndim:
            return f"{lead} An axis is lost that should stay: by a sum, a mean, an index?"
        if got.ndim > expected.ndim:
            return f"{lead} An axis is too many: one that should be summed over, or that came by broadcasting?"
        return f"{lead} {_lengths(inputs, got.shape, expected.shape)}"
    return None


def _lengths(inputs: dict[str, Any], got: tuple[int, ...], expected: tuple[int, ...]) -> str:
    """What the lengths of an array's axes tell, where the axes are as many as they should be."""
    other = [axis for axis, (a, b) in enumerate(zip(got, expected, strict=True)) if a != b]
    axes = f"Axes {' and '.join(map(str, other))} are" if len(other) > 1 else f"Axis {other[0]} is"
    shapes = {name: np.shape(value) for name, value in inputs.items() if hasattr(value, "shape")}
    differences = [got[axis] - expected[axis] for axis in other]
    if set(differences) in ({1}, {-1}):
        return f"{axes} 1 too {'long' if differences[0] == 1 else 'short'}.{OFF_BY_ONE}"
    for name, shape in shapes.items():
        if len(shape) > other[-1] and all(got[axis] == shape[axis] for axis in other):
            return f"{axes} as long as in `{name}`, and should have another length."
    times, rest = divmod(got[other[0]], max(expected[other[0]], 1))
    if len(other) == 1 and not rest and times in {length for shape in shapes.values() for length in shape}:
        return f"{axes} {times} times too long: does it keep {times} numbers that should be added up?"
    return f"{axes} of another length; the number of axes is right."


def _alike(case: Case) -> int:
    """How many axes of the expected array have the length of another, or 1. Where none has, a shape tells which axis is which."""
    return case.expected.ndim - len(set(case.expected.shape) - {1})


def _one_truth_value(cases: Sequence[Case]) -> str | None:
    for inputs, got, expected, _ in wrong(cases):
        if got.dtype.kind == "b" and not got.ndim and expected.ndim:
            return f"{_for(inputs)} gives {got.item()}, a single truth value; expected an array of shape {expected.shape}."
    return None


def _truth_value(cases: Sequence[Case]) -> str | None:
    if any(got.dtype.kind == "b" and expected.dtype.kind != "b" for _, got, expected, _ in cases):
        return "It gives True or False; expected numbers. Convert them, for example with `tf.cast`."
    if any(got.dtype.kind != "b" and expected.dtype.kind == "b" for _, got, expected, _ in cases):
        return "It gives numbers; expected True or False. Leave the result of the comparison as it is."
    return None


def _ignores_input(cases: Sequence[Case]) -> str | None:
    if len(cases) < 2:
        return None
    first = cases[0]
    same_got = all(case.got.size and np.allclose(case.got, case.got.flat[0], equal_nan=True) for case in cases) and all(
        np.isclose(case.got.flat[0], first.got.flat[0], equal_nan=True) for case in cases
    )
    if same_got and first.got.size and np.isfinite(first.got.astype(float)).all():
        return (
            f"It gives {show(first.got.flat[0].item())} whatever the inputs are. Either the arguments are not used, or what "
            "they bring is lost on the way."
        )
    return None


def _whole_numbers(cases: Sequence[Case]) -> str | None:
    if sum(np.sum(got != expected) for _, got, expected, _ in wrong(cases) if got.shape == expected.shape) < 2:
        return None
    for what, cut in (("cut off", np.trunc), ("cut off", np.floor), ("rounded away", np.round)):
        if all(close(got, cut(expected)) for _, got, expected, _ in wrong(cases)):
            cause = (
                "by `int`, `//`, `round`, or an array of integers, as `np.vectorize` makes one where its first result is whole"
            )
            return f"The digits after the point are {what}: {cause}.\n{table_of_difference(cases)}"
    return None


def _only_printed_example(cases: Sequence[Case]) -> str | None:
    if len(cases) > 2 and not wrong(cases[:1]) and len(wrong(cases)) == len(cases) - 1:
        return (
            "It is right for the first input and for no other: by chance, or because numbers of an example stand in the code?\n"
            + table_of_difference(cases)
        )
    return None


def _transposed(cases: Sequence[Case]) -> str | None:
    if all(got.ndim >= 2 and close(got, expected.T) for _, got, expected, _ in cases):
        return "It gives the transpose of what is expected: rows and columns are exchanged."
    return None


def _not_finite(cases: Sequence[Case]) -> str | None:
    for inputs, got, expected, _ in cases:
        bad = ~np.isfinite(got) & np.isfinite(expected)
        if bad.any():
            what = "nan" if np.isnan(got[bad]).any() else "inf"
            why = "a division by 0, the logarithm of 0, or an overflow"
            if what == "nan":
                why = "inf / inf, inf - inf, 0 / 0, or log or root of a negative number"
            cause = f"That comes from {why}." if _finite(inputs) else "An input is not finite, and the result should be."
            return f"{_for(inputs)} gives {what}{position(np.argwhere(bad)[0])}. {cause}"
    return None


def _finite(inputs: dict[str, Any]) -> bool:
    """Whether all numbers in the inputs are finite."""
    arrays = [np.asarray(value) for value in inputs.values() if isinstance(value, (int, float)) or hasattr(value, "dtype")]
    return all(np.isfinite(array.astype(float)).all() for array in arrays if array.dtype.kind in "fiub")


def _sign(cases: Sequence[Case]) -> str | None:
    if all(close(-got, expected) for _, got, expected, _ in cases):
        return "Every value has the wrong sign."
    return None


def _factor(cases: Sequence[Case]) -> str | None:
    ratios = []
    for _, got, expected, _ in cases:
        clear = np.abs(expected) > 1e-3
        ratio = got[clear] / expected[clear]
        if not ratio.size:
            continue
        if np.ptp(ratio) > 1e-3 * abs(ratio[0]) or abs(ratio[0]) < 1e-6:
            return None
        ratios.append(float(ratio[0]))
    if not ratios or np.allclose(ratios, 1, rtol=0.02) or sum(expected.size for _, _, expected, _ in cases) == 1:
        return None
    sizes = [{n for value in inputs.values() for n in dimensions(value)} for inputs, *_ in cases]
    if (len(ratios) == len(cases) and np.ptp(ratios) > 1e-3) or len(ratios) == 1:
        if all(any(np.isclose(r, n, rtol=1e-3) for n in ns if n > 1) for r, ns in zip(ratios, sizes, strict=False)):
            return "It is too large by the number of values: a sum in place of a mean, or a division by a mean, not by a sum."
        if all(any(np.isclose(r * n, 1, rtol=1e-3) for n in ns if n > 1) for r, ns in zip(ratios, sizes, strict=False)):
            return "It is too small by the number of values: a mean in place of a sum, or a division by a sum, not by a mean."
    if np.ptp(ratios) <= 1e-3 * abs(ratios[0]):
        return f"Every value is {ratios[0]:.4g} times what it should be: a factor too many, or one missing."
    return None


def _offset(cases: Sequence[Case]) -> str | None:
    differences = np.concatenate([np.ravel(got - expected) for _, got, expected, _ in cases])
    if differences.size > 2 and np.ptp(differences) < 1e-4 and np.abs(differences).min() > 1e-2:
        more = "large" if differences[0] > 0 else "small"
        return f"Every value is too {more} by {abs(differences[0]):.4g}: something added is missing, or one too many."
    return None


def _rounded(cases: Sequence[Case]) -> str | None:
    if all(close(got, expected, rtol=1e-2, atol=6e-3) and np.all(got * expected >= 0) for _, got, expected, _ in cases):
        return f"It is nearly right; the digits are lost by rounding or a short dtype.\n{table_of_difference(cases)}"
    return None


def _mask(case: Case) -> np.ndarray:
    """Which elements of a result are wrong."""
    return ~np.isclose(case.got, case.expected, rtol=RTOL, atol=case.atol, equal_nan=True)


def _edge(cases: Sequence[Case]) -> str | None:
    """Whether only the first or the last elements along an axis are wrong, in several cases."""
    masks = [_mask(case) for case in wrong(cases) if case.expected.size > 1]
    if len(masks) < 2 or len({mask.ndim for mask in masks}) > 1:
        return None
    for axis in range(masks[0].ndim):
        along = [np.flatnonzero(mask.any(axis=tuple(i for i in range(mask.ndim) if i != axis))) for mask in masks]
        ends = [mask.shape[axis] - 1 for mask in masks]
        if min(ends) < 2:
            continue
        where = f" along axis {axis}" if masks[0].ndim > 1 else ""
        if all(list(places) == [0] for places in along):
            return f"Only the first values{where} are wrong." if where else "Only the first value is wrong."
        if all(list(places) == [end] for places, end in zip(along, ends, strict=True)):
            return f"Only the last values{where} are wrong." if where else "Only the last value is wrong."
        if all(list(places) == list(range(1, end + 1)) for places, end in zip(along, ends, strict=True)):
            return f"Only the first values{where} are right." if where else "Only the first value is right."
    return None


SEVERAL = 3  # elements that are wrong, and as many that are right, before a condition tells the ones from the others
SIDES = {"is negative": np.less, "is positive": np.greater, "is 0": np.equal}


def _condition(cases: Sequence[Case]) -> str | None:
    """On which side of 0 an input lies wherever the result is wrong, and nowhere else."""
    masks = [_mask(case) for case in cases]
    count, number = sum(mask.sum() for mask in masks), sum(mask.size for mask in masks)
    if not SEVERAL <= count <= number - SEVERAL:
        return None
    for name in cases[0].inputs:
        inputs = [case.inputs.get(name) for case in cases]
        numbers = all(isinstance(value, (int, float, np.number, np.ndarray)) for value in inputs)
        if not numbers or [np.shape(value) for value in inputs] != [mask.shape for mask in masks]:
            continue
        for words, side in SIDES.items():
            if all(np.array_equal(side(value, 0), mask) for value, mask in zip(inputs, masks, strict=True)):
                return f"It is wrong where `{name}` {words}, and right elsewhere."
    return None
