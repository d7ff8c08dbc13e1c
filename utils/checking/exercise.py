"""
What an exercise is: a table of answers, one that is right and the mistakes that students make.

Each mistake comes with the sentence that helps. A check puts the student's answer to work on inputs and compares what it
gives with what the right answer gives; where they differ, the mistake that gives the same as the student's is the reason.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

ATOL = 1e-5  # float32 sums in another order differ by less; a mistake differs by more
FINE = Enum("Fine", ["FINE"]).FINE  # what `observe` returns where it can tell by itself that the answer is right


class Finding(Enum):
    """
    What `observe` can find wrong with an answer: one member for each, whose value is the advice.

    Where the advice names what was observed, as `{seen}`, return `Member.about(seen)`.
    """

    def about(self, seen: Any) -> "Found":
        """The finding, with what was observed."""
        return Found(self, seen)


class Found(NamedTuple):
    """A finding in one answer, with what was observed of it."""

    finding: Finding
    seen: Any = None

    @property
    def advice(self) -> str:
        """The sentence for the student."""
        seen = f"{self.seen:.2%}" if type(self.seen) is float and 0 <= self.seen <= 1 else str(self.seen)
        return self.finding.value.replace("{seen}", seen)


@dataclass(frozen=True)
class Mistake:
    """
    A wrong answer that students give, and the advice for it.

    answer: the mistake as code. Exactly one thing is wrong with it.
    advice: the reason and the way on, never the answer. With a Finding, the mistake is recognized wherever `observe` finds it;
        with a text, where the student's answer gives the same as `answer` for all inputs.
    untouched: whether the student's cell starts out with this mistake, for them to mend.
    """

    answer: Any
    advice: str | Finding
    untouched: bool = False

    @property
    def sentence(self) -> str:
        """The advice as text, with `{seen}` where it names what was observed."""
        return self.advice.value if isinstance(self.advice, Finding) else self.advice


def call(answer: Callable[..., Any], *args: Any) -> Any:
    """Observe a function: what it returns for the inputs."""
    return answer(*args)


def value(answer: Any) -> Any:
    """Observe a value: the answer itself."""
    return answer


def choice(answer: Any) -> Any:
    """Observe the letter that was chosen: "c", however it is written."""
    return answer.strip(" ().").lower() if isinstance(answer, str) else answer


def no_inputs(rng: np.random.Generator) -> list[tuple]:
    """The inputs of an exercise whose answer is a value: one case, with no arguments."""
    return [()]


Inputs = Callable[[np.random.Generator], Iterable[tuple]]


@dataclass(frozen=True)
class Table:
    """
    The answers that one thing can have, and how to tell them apart.

    right: a right answer, independent of the notebook's solution.
    inputs: from a NumPy random generator to argument tuples; first the example that the text prints.
    observe: puts an answer to work on one argument tuple. It returns what is compared with that of `right`, or FINE, or a
        Finding. Advice that it raises is shown as it is.
    also_right: other answers that must pass.
    explain: says in words how what was observed differs from what was expected: explain(got, expected, *args). If it returns
        nothing, the general diagnosis is used.
    outputs: the names of what a function returns, where it returns several values.
    row_for_vector: whether a row, shape (1, n), may stand for a vector, shape (n,).
    atol: how far a number may be off, beside a relative 1e-4.
    """

    _: KW_ONLY
    right: Any = None
    inputs: Inputs = no_inputs
    observe: Callable[..., Any] = call
    explain: Callable[..., str | None] | None = None
    outputs: tuple[str, ...] = ()
    row_for_vector: bool = False
    atol: float = ATOL
    mistakes: Sequence[Mistake] = ()
    also_right: Sequence[Any] = ()


@dataclass(frozen=True)
class Part(Table):
    """One of several answers that an exercise asks for, with its name."""

    name: str


@dataclass(frozen=True)
class Exercise(Table):
    """
    What an exercise asks. One that asks for several answers has `parts`, and no table of its own.

    seconds: how long judging may take on two cores, as a median over the table; layers, models and training take longer.
    equivalent: mutants of the solution that are right too: the changed line, and why.
    same_answer_as: the number of the exercise in whose cell the answer stands, where several are judged on one.
    open: why mutants of the solution tell nothing about the check, where the answer is a design whose result is measured.
    """

    number: str
    title: str
    _: KW_ONLY
    parts: Sequence[Part] = ()
    hints: Sequence[str] = ()
    seconds: float = 0.3
    equivalent: Mapping[str, str] = field(default_factory=dict)
    same_answer_as: str = ""
    open: str = ""

    @property
    def tables(self) -> Sequence[Table]:
        """The table of each answer that the exercise asks for."""
        return self.parts or (self,)

    def title_of(self, table: Table) -> str:
        """What a verdict on one of its answers is headed with."""
        return f"{self.title}, {table.name}" if isinstance(table, Part) else self.title
