"""
How an answer to an exercise is judged: it is observed, classified as one of five outcomes, and what is not right explained.

What data does on its way goes down: from here to the observation of an answer, and from there to the sandbox that runs it.
"""

import functools
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

from utils.checking import diagnosis, errors, interface, limits, placeholders, sandbox, search
from utils.checking.exercise import Exercise, Mistake, Table, call
from utils.checking.observation import Cases, Observation, same, same_values

CHANGED_INPUT = (
    "Your code changes its inputs: the caller's numbers are different afterwards. Work on something new instead of assigning "
    "into what came in."
)


class Outcome(Enum):
    """How a check can end. None of the five is ever reported as another."""

    RIGHT = "right"
    WRONG = "wrong"
    NOT_DONE = "not done yet"
    ERROR = "an error in the answer's code"
    CHECKER_FAILED = "the checker itself failed"


class Verdict(NamedTuple):
    """The outcome of a check, the title of what it judged, and the advice for the student."""

    outcome: Outcome
    title: str
    advice: str = ""


def draw(exercise: Exercise, rng: np.random.Generator | None = None) -> list[Cases]:
    """Cases for each answer that the exercise asks for; their inputs come from rng, or from a new generator."""
    rng = rng or np.random.default_rng()
    return [Cases(table, rng) for table in exercise.tables]


def judge(
    exercise: Exercise, *answers: Any, cases: Sequence[Cases] = (), seconds: float = limits.SECONDS, solution: str = ""
) -> Verdict:
    """
    Judge the answers to an exercise (one for each part): the first that is not right decides.

    cases: inputs that were drawn before; by default new ones each time.
    seconds: how much work an answer may do, in seconds of processor time.
    solution: the code of the solution's cell, with which the fault in a wrong answer's code is searched for.
    """
    for each, answer in zip(cases or draw(exercise), answers, strict=True):
        title = exercise.title_of(each.table)
        try:
            with sandbox.quiet() as printed:
                outcome, advice = _judge(each, answer, seconds, "" if exercise.open else solution)
        except Exception as error:
            return Verdict(Outcome.CHECKER_FAILED, title, f"{type(error).__name__}: {errors.text(error)}")
        if outcome is not Outcome.RIGHT:
            if outcome in (Outcome.WRONG, Outcome.ERROR) and (text := printed.getvalue().strip()):
                advice += "\nIt printed:  " + "\n             ".join(text.splitlines()[:5])[:400]
            return Verdict(outcome, title, advice)
    return Verdict(Outcome.RIGHT, exercise.title)


def _judge(cases: Cases, answer: Any, seconds: float, solution: str) -> tuple[Outcome, str]:
    """Outcome and advice for one answer."""
    table = cases.table
    if placeholders.is_placeholder(answer):
        return Outcome.NOT_DONE, "The answer is still the placeholder `...`."
    if advice := interface.misplaced(answer, table.right):
        return Outcome.WRONG, advice
    if table.observe is call and (advice := interface.signature(answer, table.right, cases.inputs[0])):
        return Outcome.WRONG, advice
    begun = time.process_time()
    try:
        got = _observe(cases, answer, seconds)
    except limits.TimeUp as up:
        return Outcome.ERROR, str(up)
    search_with = functools.partial(search.find, solution=solution, seconds_to_observe=time.process_time() - begun)
    outcome, advice = _classify(cases, answer, got)
    if advice or outcome is Outcome.RIGHT:
        return outcome, advice
    return _explain(cases, answer, got, outcome, search_with if solution else None)


def _observe(cases: Cases, answer: Any, seconds: float) -> list[Observation]:
    """What the answer gives for each input. Raises TimeUp where it takes too long, even for a machine as slow as this one."""
    try:
        return limits.within(seconds, lambda: cases.observe(answer))
    except limits.TimeUp as up:
        enough = limits.MANY_TIMES * cases.work_of_right()
        if up.waited or enough <= seconds:
            raise
        return limits.within(enough, lambda: cases.observe(answer))


def _classify(cases: Cases, answer: Any, got: list[Observation]) -> tuple[Outcome, str]:
    """Which outcome it is; with the advice where that needs no explanation."""
    if _is_right(cases, got):
        changed = any(each.changed_input for each in got)
        return (Outcome.WRONG, f"The result is right. But y{CHANGED_INPUT[1:]}") if changed else (Outcome.RIGHT, "")
    stops = [each.error for each in got if each.error]
    if advice := placeholders.waiting(answer, [each.raw for each in got], stops):
        return Outcome.NOT_DONE, advice
    if not stops:
        return Outcome.WRONG, ""
    cases.expected(next(case for case, each in enumerate(got) if each.error))  # the error may be the checker's
    return Outcome.ERROR, ""


def _is_right(cases: Cases, got: list[Observation], first: int = 0) -> bool:
    """Whether what an answer gives is right.  first: the number of the input that `got` begins with."""
    if not all(each.comparable for each in got):
        return False
    return all(each.fine or same_values(cases.table, each, cases.expected(case)) for case, each in enumerate(got, first))


def _explain(cases: Cases, answer: Any, got: list[Observation], outcome: Outcome, find: Callable | None) -> tuple[Outcome, str]:
    """Why an answer is not right: a named mistake, its own error, or a general diagnosis."""
    stopped = next((each.error for each in got if each.error), None)
    for mistake in cases.table.mistakes:
        if advice := _recognize(cases, mistake, got):
            error = f"\n{errors.describe(stopped, explain=False)}" if stopped and not mistake.untouched else ""
            return Outcome.NOT_DONE if mistake.untouched else outcome, advice + error
    if stopped:
        place = _place(cases, answer, got, find)
        return outcome, place + errors.describe(stopped) + _input_that_stops(cases, answer, got)
    if found := next((each.finding for each in got if each.finding), None):
        return outcome, found.advice
    if problem := next((each.problem for each in got if each.problem), ""):
        return outcome, _place(cases, answer, got, find) + problem
    if any(each.changed_input for each in got):
        return outcome, CHANGED_INPUT
    place = _place(cases, answer, got, find)
    return outcome, place + (_compare(cases, answer, got, bool(place)) or "That is not right yet.")


def _place(cases: Cases, answer: Any, got: list[Observation], find: Callable | None) -> str:
    """Where in the answer's code the fault is, as a line; nothing where that is not found."""
    if find is None or not hasattr(answer, "__name__"):
        return ""
    failing = next(case for case, each in enumerate(got) if not _is_right(cases, [each], case))
    with suppress(Exception):  # that an answer is wrong is known already, whatever becomes of the search
        place = find(cases, answer, failing)
        return f"{place.sentence}\n" if place else ""
    return ""


def _recognize(cases: Cases, mistake: Mistake, got: list[Observation]) -> str:
    """The advice for a mistake, if the answer makes it."""
    if not isinstance(mistake.advice, str):
        if any(each.error for each in got):
            return ""
        return next((each.finding.advice for each in got if each.finding and each.finding.finding is mistake.advice), "")
    makes_it = all(same(cases.table, each, cases.of(mistake.answer, case)) for case, each in enumerate(got))
    return mistake.advice if makes_it else ""


def _compare(cases: Cases, answer: Any, got: list[Observation], place_is_known: bool) -> str:
    """
    How what was observed differs from what was expected: in the exercise's own words, else in general ones.

    Where the place is known, a first difference is enough: no reason is guessed.
    """
    table = cases.table
    triples = [(args, g, cases.expected(case)) for case, (args, g) in enumerate(zip(cases.inputs, got, strict=True))]
    triples = [(args, g, expected) for args, g, expected in triples if not g.fine]
    for args, g, expected in triples:
        if table.explain and not same_values(table, g, expected) and (text := table.explain(g.raw, expected.raw, *args)):
            return text
    if not callable(table.right):  # the number is what the student has to find
        return diagnosis.without_numbers([diagnosis.Case({}, g.values[0], e.values[0], table.atol) for _, g, e in triples])
    if not table.outputs and (several := _tuple_for_one(triples)):
        return f"It gives {len(several)} values, separated by commas; expected one."
    names = _names(table, answer, len(cases.inputs[0]))
    for i, output in enumerate(table.outputs or ("",)):
        compared = [
            diagnosis.Case(dict(zip(names, args, strict=False)), g.values[i], expected.values[i], table.atol)
            for args, g, expected in triples
        ]
        if diagnosis.wrong(compared):
            reason = diagnosis.first_difference if place_is_known else diagnosis.diagnose
            return (f"Look at {output}. " if output else "") + reason(compared)
    return ""


def _tuple_for_one(triples: list[tuple[tuple, Observation, Observation]]) -> tuple | None:
    """A tuple of several values where one value was expected."""
    several = (got.raw for _, got, expected in triples if got.values[0].shape != expected.values[0].shape)
    return next((raw for raw in several if isinstance(raw, tuple) and len(raw) > 1), None)


def _input_that_stops(cases: Cases, answer: Any, got: list[Observation]) -> str:
    """The input with which an answer stopped, unless it stops with every one."""
    failed = next(args for args, each in zip(cases.inputs, got, strict=True) if each.error)
    names = _names(cases.table, answer, len(failed))
    shown = diagnosis.show_inputs(dict(zip(names, failed, strict=True)))
    return f"\nThe inputs were {shown}." if shown and not all(each.error for each in got) else ""


def _names(table: Table, answer: Any, count: int) -> list[str]:
    """What the inputs are called: by the answer's own parameters, or by those of what puts it to work."""
    if table.observe is call or not count:
        return interface.parameter_names([answer, table.right], count)
    return interface.parameter_names([functools.partial(table.observe, answer), answer, table.right], count)
