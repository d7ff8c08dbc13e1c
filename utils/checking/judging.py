"""
How an answer to an exercise is judged: it is observed, classified as one of five outcomes, and what is not right explained.

What data does on its way goes down: from here to the observation of an answer, and from there to the sandbox that runs it.
"""

import time
from collections.abc import Sequence
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

from utils.checking import chance, errors, explaining, interface, limits, placeholders, sandbox
from utils.checking.exercise import Exercise, call
from utils.checking.explaining import Wrong
from utils.checking.observation import CHANGED_INPUT, Cases, Observation, is_right


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
    rng = rng or chance.generator()
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
    if advice := interface.lost_default(answer, solution):
        return Outcome.WRONG, advice
    begun = time.process_time()
    try:
        got = _observe(cases, answer, seconds)
    except limits.TimeUp as up:
        return Outcome.ERROR, str(up)
    spent = time.process_time() - begun
    outcome, advice = _classify(cases, answer, got)
    if advice or outcome is Outcome.RIGHT:
        return outcome, advice
    advice, begins_so = explaining.explain(Wrong(cases, answer, got, solution, spent))
    return Outcome.NOT_DONE if begins_so else outcome, advice


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
    if is_right(cases, got):
        changed = any(each.changed_input for each in got)
        return (Outcome.WRONG, f"The result is right. But y{CHANGED_INPUT[1:]}") if changed else (Outcome.RIGHT, "")
    stops = [each.error for each in got if each.error]
    if advice := placeholders.waiting(answer, [each.raw for each in got], stops):
        return Outcome.NOT_DONE, advice
    if not stops:
        return Outcome.WRONG, ""
    cases.expected(next(case for case, each in enumerate(got) if each.error))  # the error may be the checker's
    return Outcome.ERROR, ""
