"""
Why an answer is wrong: the first reason that is found, from what an author wrote to what a comparison of values tells.

The order: a mistake of the table; what stops the answer; where in its code the fault is; what its result depends on; which small
change of a right answer does the same; how its values differ.
"""

import ast
import functools
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from utils.checking import comparison, diagnosis, errors, experiments, familiar, interface, limits, search
from utils.checking.exercise import Mistake
from utils.checking.likeness import likeness
from utils.checking.observation import CHANGED_INPUT, Cases, Observation, is_right, same, same_values
from utils.checking.places import Kind, Place
from utils.checking.showing import show_inputs

# Seconds of work that each search for a reason may do beside that of `search`: 3 in all, 6 for an answer that trains.
FOR_EXPERIMENTS, FOR_THE_REST = 0.6, 0.3
A_PRODUCT = re.compile(r" @ |matmul|\bdot\b|matvec|tensordot|einsum")
SEVERAL_CAUSES = re.compile(r"\bEither\b|\bNone: .*, or ")  # in a sentence that leaves open which of them it is


class Wrong(NamedTuple):
    """
    A wrong answer, and what is known of it.

    got: what it gives for each input.  solution: the code of a right answer's cell; empty where its code is not searched.
    seconds: the work that it did.
    """

    cases: Cases
    answer: Any
    got: list[Observation]
    solution: str
    seconds: float


def explain(wrong: Wrong) -> tuple[str, bool]:
    """Why an answer is wrong, and whether it is only as the student's cell begins."""
    stopped = next((each.error for each in wrong.got if each.error), None)
    for mistake in wrong.cases.table.mistakes:
        if advice := _recognize(wrong, mistake):
            if isinstance(mistake.advice, str) and not interface.contains_code_of(advice, wrong.answer):
                advice = _lines(_place(wrong), f"The result is as with this mistake: {advice}")
            elif SEVERAL_CAUSES.search(advice) and (place := _place(wrong)) and place.tells_kind:
                advice = _lines(place, advice)
            if "`^`" not in advice:
                advice = _lines(None, _power(wrong), advice)
            error = f"\n{errors.describe(stopped, explain=False)}" if stopped and not mistake.untouched else ""
            return advice + error, mistake.untouched
    if stopped:
        text = errors.describe(stopped)
        if wrong.solution and not A_PRODUCT.search(wrong.solution):
            text = text.replace(familiar.OF_MATRICES, "")
        return _lines(_place(wrong), text + _input_that_stops(wrong)), False
    if found := next((each.finding for each in wrong.got if each.finding), None):
        return found.advice, False
    if problem := next((each.problem for each in wrong.got if each.problem), ""):
        return _lines(_place(wrong), problem), False
    if any(each.changed_input for each in wrong.got):
        return CHANGED_INPUT, False
    return _of_values(wrong), False


def _of_values(wrong: Wrong) -> str:
    """Why an answer gives other values than the right one."""
    depends_on = functools.partial(experiments.reason, solution=wrong.solution)
    reason, place = _found_by(depends_on, wrong, FOR_EXPERIMENTS), _place(wrong)
    reason = reason or _power(wrong)
    if reason or (place is not None and place.tells_kind):
        guess = place is None or place.kind not in (Kind.AXIS, Kind.ORDER, Kind.OPERATOR, Kind.SIGN)
        return _lines(place, reason, _compare(wrong, functools.partial(diagnosis.first_difference, guess=guess)))
    if not search.is_slow(wrong.cases, wrong.seconds):
        of_a_right_one = functools.partial(_like_a_right_one, solution=wrong.solution, place=place)
        for search_for in (of_a_right_one, experiments.no_effect, experiments.where_wrong):
            reason = reason or _found_by(search_for, wrong, FOR_THE_REST)
    diagnose = functools.partial(diagnosis.first_difference if reason else diagnosis.diagnose, guess=place is None)
    return _lines(place, reason, _compare(wrong, diagnose) or "That is not right yet.")


def _power(wrong: Wrong) -> str:
    """That `^` is no power, where the answer has one and the solution has none."""
    if not wrong.solution or not hasattr(wrong.answer, "__name__"):
        return ""
    with suppress(SyntaxError, OSError, TypeError):
        theirs, ours = (ast.walk(ast.parse(text)) for text in (interface.cell_of(wrong.answer), wrong.solution))
        if any(isinstance(node, ast.BitXor) for node in theirs) and not any(isinstance(node, ast.BitXor) for node in ours):
            return familiar.NO_POWER
    return ""


def _like_a_right_one(cases: Cases, answer: Any, got: list[Observation], solution: str, place: Place | None) -> str:
    """
    What a right answer would need to be like this one.

    Where the place is known, only what is left out or not called: another name or operator may stand elsewhere than the place.
    """
    told = likeness(cases, answer, got, solution)
    return told if place is None or "left out" in told or "without" in told else ""


def _found_by(search_for: Callable[..., str], wrong: Wrong, seconds: float) -> str:
    """What a search for a reason finds within these seconds of work; nothing where reasons are not searched for."""
    if not wrong.solution:
        return ""
    with suppress(Exception, limits.TimeUp):  # that the answer is wrong is known already, whatever becomes of the search
        return limits.within(seconds, lambda: search_for(wrong.cases, wrong.answer, wrong.got), everything=True)
    return ""


def _lines(place: Place | None, *texts: str) -> str:
    return "\n".join(filter(None, (place.sentence if place else "", *texts)))


def _place(wrong: Wrong) -> Place | None:
    """Where in the answer's code the fault is."""
    if not wrong.solution or not hasattr(wrong.answer, "__name__"):
        return None
    failing = next(case for case, each in enumerate(wrong.got) if not is_right(wrong.cases, [each], case))
    with suppress(Exception):  # that the answer is wrong is known already, whatever becomes of the search
        return search.find(wrong.cases, wrong.answer, failing, wrong.solution, wrong.seconds)
    return None


def _recognize(wrong: Wrong, mistake: Mistake) -> str:
    """The advice for a mistake, if the answer makes it."""
    if not isinstance(mistake.advice, str):
        if any(each.error for each in wrong.got):
            return ""
        return next((each.finding.advice for each in wrong.got if each.finding and each.finding.finding is mistake.advice), "")
    cases = wrong.cases
    makes_it = all(same(cases.table, each, cases.of(mistake.answer, case)) for case, each in enumerate(wrong.got))
    return mistake.advice if makes_it else ""


def _compare(wrong: Wrong, diagnose: Callable[[list[comparison.Case]], str]) -> str:
    """
    How what was observed differs from what was expected: in the exercise's own words, else in general ones.

    diagnose: what these are. Where the reason is known, a first difference is enough.
    """
    cases, answer, got = wrong.cases, wrong.answer, wrong.got
    table = cases.table
    triples = [(args, g, cases.expected(case)) for case, (args, g) in enumerate(zip(cases.inputs, got, strict=True))]
    triples = [(args, g, expected) for args, g, expected in triples if not g.fine]
    for args, g, expected in triples:
        if table.explain and not same_values(table, g, expected) and (text := table.explain(g.raw, expected.raw, *args)):
            return text
    if not callable(table.right):  # the number is what the student has to find
        return diagnosis.without_numbers([comparison.Case({}, g.values[0], e.values[0], table.atol) for _, g, e in triples])
    if not table.outputs and (several := _tuple_for_one(triples)):
        return f"It gives {len(several)} values, separated by commas; expected one."
    names = interface.names_of_inputs(table, answer, len(cases.inputs[0]))
    by_output = {
        output: [
            comparison.Case(dict(zip(names, args, strict=False)), g.values[i], expected.values[i], table.atol)
            for args, g, expected in triples
        ]
        for i, output in enumerate(table.outputs or ("",))
    }
    wrong_ones = [output for output, compared in by_output.items() if comparison.wrong(compared)]
    if not wrong_ones:
        return ""
    text = diagnose(by_output[wrong_ones[0]])
    if not table.outputs:
        return text
    right = ", ".join(output for output in table.outputs if output not in wrong_ones)
    lead = f"Look at {wrong_ones[0]}." + f" This is right: {right}." * bool(right)
    return f"{lead}\n{text}"


def _tuple_for_one(triples: list[tuple[tuple, Observation, Observation]]) -> tuple | None:
    """A tuple of several values where one value was expected."""
    several = (got.raw for _, got, expected in triples if got.values[0].shape != expected.values[0].shape)
    return next((raw for raw in several if isinstance(raw, tuple) and len(raw) > 1), None)


def _input_that_stops(wrong: Wrong) -> str:
    """The input with which an answer stopped, unless it stops with every one."""
    failed = next(args for args, each in zip(wrong.cases.inputs, wrong.got, strict=True) if each.error)
    names = interface.names_of_inputs(wrong.cases.table, wrong.answer, len(failed))
    shown = show_inputs(dict(zip(names, failed, strict=True)))
    return f"\nThe inputs were {shown}." if shown and not all(each.error for each in wrong.got) else ""
