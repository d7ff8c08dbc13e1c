"""Changed solutions are rejected: a mutant that passes is a hole in the check, unless it is listed as right too."""

import pytest

from tests.labs import ALL, answers_of, cells_of, one_input_at_a_time, without_mistakes
from tests.mutants import mutants
from utils import exercises
from utils.checking import Outcome, draw, judge


@pytest.mark.filterwarnings("ignore::SyntaxWarning")  # a mutant may look odd to Python
@pytest.mark.parametrize(("lab", "number"), ALL, ids=[number for _, number in ALL])
def test_every_mutant_is_rejected_or_listed(lab, number, record_property):
    exercise = without_mistakes(exercises.of_lab(lab)[number])  # whether it is right, not why it is wrong
    if exercise.open:
        pytest.skip(exercise.open)
    solution, _, check, namespace = cells_of(lab, number)
    survivors, crashed, wrong, used = [], 0, 0, set()
    cases = list(one_input_at_a_time(draw(exercise)))
    for statement, code in mutants(solution):
        try:
            answers = answers_of(code, check, namespace, f"mutant of {number}")
        except Exception:
            continue  # it does not even define an answer: nothing for a check to find
        outcome = outcome_of(exercise, answers, cases)
        crashed += outcome is Outcome.ERROR
        wrong += outcome in (Outcome.WRONG, Outcome.NOT_DONE)
        if outcome is not Outcome.RIGHT:
            continue
        if statement in exercise.equivalent:
            used.add(statement)
        else:
            survivors.append(statement)
    record_property("mutants", (wrong, crashed, len(survivors), len(used)))
    assert not survivors, f"accepted, and not listed as equivalent: {survivors}"
    assert used == set(exercise.equivalent), "listed as equivalent, and no such mutant passes"
    assert wrong + crashed >= 3, "too few mutants to prove anything"


def outcome_of(exercise, answers, cases):
    """How a check ends: the first input for which an answer is not right is enough."""
    for one_input in cases:
        outcome = judge(exercise, *answers, cases=one_input, seconds=max(2, 4 * exercise.seconds)).outcome
        assert outcome is not Outcome.CHECKER_FAILED
        if outcome is not Outcome.RIGHT:
            return outcome
    return Outcome.RIGHT


def test_mutants_change_one_thing_each():
    made = dict(mutants("def f(x, w):\n    y = x @ w\n    return y + 1\n"))
    assert "y = w @ x" in made and "y = x * w" in made and "return y - 1" in made and "return y + 2" in made
    assert len(made) >= 8


def test_mutants_are_what_students_write():
    code = (
        "def f(x, n):\n    total, path = (0, [])\n    with tape() as t:\n        y = x * x\n        J = y + 1\n"
        "    for i in range(n):\n"
        "        total += i\n        path.append(total)\n        y = 1\n    if x or n:\n        n = n + 1\n    return path\n"
    )
    made = {text for _, text in mutants(code)}
    for old, new in (
        ("        J = y + 1\n", "    J = y + 1\n"),
        ("range(n)", "range(n)[:-1]"),
        ("        total += i\n", "        total += i\n        total += i\n"),
        ("        path.append(total)\n", "        path.append(total)\n        path.append(total)\n"),
        ("n = n + 1\n", "n = n + 1\n        n = n + 1\n"),
        ("x or n", "x and n"),
        ("return path", "return path[:-1]"),
    ):
        assert code.replace(old, new).rstrip() in made, new
    assert not any(text.count("y = 1\n") == 2 for text in made), "the same twice is no mistake"
