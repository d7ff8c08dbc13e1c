"""Changed solutions are rejected: a mutant that passes is a hole in the check, unless it is listed as right too."""

from dataclasses import replace

import pytest

from tests.labs import ALL, answers_of, cells_of, one_input_at_a_time, remembering
from tests.mutants import mutants
from utils import exercises
from utils.checking import Outcome, judge


@pytest.mark.filterwarnings("ignore::SyntaxWarning")  # a mutant may look odd to Python
@pytest.mark.parametrize(("lab", "number"), ALL, ids=[number for _, number in ALL])
def test_every_mutant_is_rejected_or_listed(lab, number, record_property):
    exercise = replace(exercises.of_lab(lab)[number], mistakes=())  # whether it is right, not why it is wrong
    if exercise.open:
        pytest.skip(exercise.open)
    solution, _, check, namespace = cells_of(lab, number)
    survivors, rejected, used = [], 0, set()
    with remembering(exercise) as judged:
        for statement, code in mutants(solution):
            try:
                answers = answers_of(code, check, namespace, f"mutant of {number}")
            except Exception:
                continue  # it does not even define an answer: nothing for a check to find
            if not is_right(judged, answers):
                rejected += 1
            elif statement in exercise.equivalent:
                used.add(statement)
            else:
                survivors.append(statement)
    record_property("mutants", (rejected, rejected + len(survivors), len(used)))
    assert not survivors, f"accepted, and not listed as equivalent: {survivors}"
    assert used == set(exercise.equivalent), "listed as equivalent, and no such mutant passes"
    assert rejected >= 3, "too few mutants to prove anything"


def is_right(exercise, answers):
    """Whether a check takes these answers: the first input for which it does not is enough."""
    for judged in one_input_at_a_time(exercise):
        verdict = judge(judged, *answers, seconds=max(2, 4 * exercise.seconds))
        assert verdict.outcome is not Outcome.FAULT, verdict
        if verdict.outcome is not Outcome.RIGHT:
            return False
    return True


def test_mutants_change_one_thing_each():
    made = dict(mutants("def f(x, w):\n    y = x @ w\n    return y + 1\n"))
    assert "y = w @ x" in made and "y = x * w" in made and "return y - 1" in made and "return y + 2" in made
    assert len(made) >= 8
