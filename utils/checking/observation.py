"""Puts answers to work on inputs, and keeps what was observed in one form: values, or what is wrong with them, or an error."""

import functools
import time
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from utils.advice import Advice
from utils.checking import arrays, errors, limits, sandbox
from utils.checking.exercise import FINE, Finding, Found, Table
from utils.quiet_tensorflow import tf

CHANGED_INPUT = (
    "Your code changes its inputs: the caller's numbers are different afterwards. Work on something new instead of assigning "
    "into what came in."
)
A_LETTER = 'The answer is a letter in quotes, such as "a".'


class Observation(NamedTuple):
    """
    What was observed of one answer on one input: one of `values`, `finding`, `problem` and `error`, or that it is `fine`.

    raw: what `observe` returned.  values: that as arrays, one for each output.  problem: why it cannot be compared.
    """

    raw: Any = None
    values: tuple[np.ndarray, ...] = ()
    fine: bool = False
    finding: Found | None = None
    problem: str = ""
    error: BaseException | None = None
    changed_input: bool = False

    @property
    def comparable(self) -> bool:
        """Whether there is something to compare with what the right answer gives."""
        return not (self.finding or self.problem or self.error)


def observe(table: Table, answer: Any, args: tuple) -> Observation:
    """Put an answer to work on one input."""
    ran = sandbox.run(lambda *copies: table.observe(answer, *copies), args)
    if isinstance(ran.error, Advice):
        return Observation(problem=str(ran.error))
    if ran.error and ran.changed_input and not errors.student_frames(ran.error):  # the check stopped, on what the answer left
        return Observation(problem=CHANGED_INPUT)
    if ran.error:
        return Observation(error=ran.error)
    if ran.value is FINE:
        return Observation(ran.value, fine=True, changed_input=ran.changed_input)
    if isinstance(ran.value, (Finding, Found)):
        found = ran.value if isinstance(ran.value, Found) else Found(ran.value)
        return Observation(found.seen, finding=found)
    try:
        return Observation(ran.value, tuple(_values(table, ran.value)), changed_input=ran.changed_input)
    except Advice as problem:
        return Observation(ran.value, problem=str(problem))


def _values(table: Table, raw: Any) -> Iterator[np.ndarray]:
    """What was observed as arrays, one for each output. Raises Advice where it cannot be read so."""
    items = (raw,)
    if table.outputs:
        if not isinstance(raw, (tuple, list)) or len(raw) != len(table.outputs):
            names = " and ".join(table.outputs)
            expected = f"It should return {names}, in this order and nothing else."
            raise Advice(arrays.no_numbers(raw) if raw is None else expected)
        items = tuple(raw)
    text_expected = isinstance(table.right, str)
    for item in items:
        if text_expected and not isinstance(item, (str, np.ndarray)):
            raise Advice(A_LETTER)
        if text_expected and isinstance(item, str) and len(item) > len(table.right) == 1:
            raise Advice(A_LETTER)
        if item is None and not callable(table.right):
            raise Advice("It holds None where a number is expected.")
        if not text_expected and (problem := arrays.no_numbers(item)):
            raise Advice(problem)
        array = arrays.numbers_or_text(item)
        if (array.dtype.kind == "U") != text_expected:
            raise Advice(A_LETTER if text_expected else "It holds text; expected numbers.")
        yield array[0] if table.row_for_vector and array.ndim == 2 and len(array) == 1 else array


class Cases:
    """
    The inputs of a table, drawn once, and what the table's own answers give for them, each observed once.

    Two checks with the same Cases judge on the same inputs, and the second one is quicker.
    """

    def __init__(self, table: Table, rng: np.random.Generator):
        self.table, self._rng = table, rng
        self._observed: dict[tuple[int, int], Observation] = {}
        self._own = [table.right, *(mistake.answer for mistake in table.mistakes)]
        self.longest = 0.0  # seconds of work that one of the table's answers took on one input

    @functools.cached_property
    def inputs(self) -> list[tuple]:
        """The argument tuples."""
        return list(self.table.inputs(self._rng))

    def of(self, answer: Any, case: int) -> Observation:
        """What one of the table's own answers gives for the input with this number."""
        key = id(answer), id(self.inputs[case])
        if key not in self._observed:
            begun = time.process_time()
            with limits.not_charged():
                self._observed[key] = observe(self.table, answer, self.inputs[case])
            self.longest = max(self.longest, time.process_time() - begun)
        return self._observed[key]

    def expected(self, case: int) -> Observation:
        """What the right answer gives. Raises what is wrong with it where it is not right: then the checker failed."""
        seen = self.of(self.table.right, case)
        if not seen.comparable:
            raise seen.error or TypeError(f"the right answer: {seen.problem or seen.finding.advice}")
        return seen

    def work_of_right(self) -> float:
        """Seconds of work that the right answer does on this machine."""
        return limits.work_of(lambda: [observe(self.table, self.table.right, args) for args in self.inputs])

    def observe(self, answer: Any) -> list[Observation]:
        """What a student's answer gives for each input; as arrays, or as tensors where it takes those only."""
        got = self._observe(answer, self.inputs)
        if any(each.error for each in got) and (tensors := _as_tensors(self.inputs)):
            on_tensors = self._observe(answer, tensors)
            return got if any(each.error for each in on_tensors) else on_tensors
        return got

    def _observe(self, answer: Any, inputs: list[tuple]) -> list[Observation]:
        if inputs is self.inputs and any(answer is own for own in self._own):
            return [self.of(answer, case) for case in range(len(inputs))]
        got = []
        for args in inputs:
            got.append(observe(self.table, answer, args))
            if isinstance(got[-1].error, NotImplementedError):  # not begun: the other inputs tell no more
                return got + [got[-1]] * (len(inputs) - len(got))
        return got

    def one_by_one(self) -> Iterator["Cases"]:
        """Cases with each input alone; they share what was observed."""
        for args in self.inputs:
            alone = Cases(self.table, self._rng)
            alone.inputs, alone._observed = [args], self._observed
            yield alone


def same_values(table: Table, a: Observation, b: Observation) -> bool:
    """Whether two observations that can be compared are equal, as far as the table asks."""
    if a.fine or b.fine:
        return a.fine and b.fine
    return all(arrays.close(x, y, table.atol) for x, y in zip(a.values, b.values, strict=True))


def is_right(cases: Cases, got: Sequence[Observation], first: int = 0) -> bool:
    """Whether what an answer gives is right.  first: the number of the input that `got` begins with."""
    if not all(each.comparable for each in got):
        return False
    return all(each.fine or same_values(cases.table, each, cases.expected(case)) for case, each in enumerate(got, first))


def same(table: Table, a: Observation, b: Observation) -> bool:
    """Whether two observations tell the same: values, finding, problem or error."""
    if a.error or b.error:
        return bool(a.error and b.error) and errors.same(a.error, b.error)
    if a.finding or b.finding:
        return bool(a.finding and b.finding) and a.finding.finding is b.finding.finding
    return a.problem == b.problem and (bool(a.problem) or same_values(table, a, b))


def _as_tensors(inputs: list[tuple]) -> list[tuple]:
    """The same inputs with tensors for NumPy's arrays and numbers; nothing where there are none."""
    numpy_types = (np.ndarray, np.generic)
    if not any(isinstance(item, numpy_types) for args in inputs for item in args):
        return []
    return [tuple(tf.constant(item) if isinstance(item, numpy_types) else item for item in args) for args in inputs]
