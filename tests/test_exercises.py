"""Every exercise's table is turned on itself: right answers pass, and every mistake gets its own advice."""

import re
import statistics

import numpy as np
import pytest

from tests.devices import tf
from tests.labs import (
    ALL,
    answers_of,
    cells_of,
    each_also_right,
    one_input_at_a_time,
    slowness,
    timed,
    with_one,
    without_mistakes,
)
from utils import exercises
from utils.checking import Finding, Outcome, draw, judge

CORES = 2  # a check's time holds on two cores; what they compute in it is measured, so that nothing else that runs counts
DRAWS = 2  # inputs are drawn afresh at each check: what holds must hold for more than one draw


def draws(exercise):
    """How many times inputs are drawn; once where judging takes long, since every run of the tests draws others."""
    return range(DRAWS if exercise.seconds < 1 else 1)


@pytest.fixture(params=ALL, ids=[number for _, number in ALL])
def exercise(request):
    lab, number = request.param
    return exercises.of_lab(lab)[number]


def test_the_right_answers_pass(exercise, record_property):
    """The first two take as long as a student waits; then what `right` gives is known."""
    right, *others = each_also_right(exercise)
    seconds = []
    for _ in draws(exercise):
        with timed(seconds):
            assert_right(exercise, right)
        cases = draw(exercise)
        with timed(seconds):
            assert_right(exercise, others[0], cases)
        for answers in others[1:]:
            assert_right(exercise, answers, cases)
    record_property("seconds to judge", seconds)
    assert statistics.median(seconds) < CORES * exercise.seconds * slowness()


def assert_right(exercise, answers, cases=()):
    """A check takes these answers."""
    verdict = judge(exercise, *answers, cases=cases)
    assert verdict.outcome is Outcome.RIGHT, verdict


def test_every_mistake_gets_its_own_advice(exercise, record_property):
    """The last one first: that takes as long as a student waits, since all mistakes are observed for it; then they are known."""
    seconds = []
    for _ in draws(exercise):
        cases = draw(exercise)
        for table in exercise.tables:
            assert table.mistakes
            with timed(seconds):
                assert_named(exercise, table, table.mistakes[-1], cases)
            for mistake in table.mistakes[:-1]:
                assert_named(exercise, table, mistake, cases)
    record_property("seconds to judge", seconds)
    assert statistics.median(seconds) < CORES * exercise.seconds * slowness()


def assert_named(exercise, table, mistake, cases):
    """A mistake is not right, and gets its own advice."""
    verdict = judge(exercise, *with_one(exercise, table, mistake.answer), cases=cases)
    wanted = {Outcome.NOT_DONE} if mistake.untouched else {Outcome.WRONG, Outcome.ERROR}
    assert verdict.outcome in wanted, (mistake.sentence, verdict)
    pattern = ".*".join(map(re.escape, mistake.sentence.split("{seen}")))
    assert re.match(pattern, verdict.advice), (mistake.sentence, verdict.advice)


def test_whatever_observe_can_find_has_a_mistake_that_shows_it(exercise):
    for table in exercise.tables:
        shown = {mistake.advice for mistake in table.mistakes if isinstance(mistake.advice, Finding)}
        assert {finding for each in shown for finding in type(each)} == shown


SHARED = "it is judged on the answer of another exercise, after a training; the notebook's own run shows whether it passes"


def test_the_notebooks_own_solution_passes(exercise):
    if exercise.same_answer_as:
        pytest.skip(SHARED)
    if exercise.open:
        pytest.skip(f"{exercise.open}; the notebook's own run shows whether this one passes")
    lab = exercises.lab_of(exercise.number)
    solution, _, check, namespace = cells_of(lab, exercise.number)
    assert judge(exercise, *answers_of(solution, check, namespace, exercise.number)).outcome is Outcome.RIGHT


def test_an_untouched_answer_is_not_done_yet(exercise):
    if exercise.same_answer_as:
        pytest.skip(SHARED)
    lab = exercises.lab_of(exercise.number)
    _, student, check, namespace = cells_of(lab, exercise.number)
    verdict = judge(exercise, *answers_of(student, check, namespace, exercise.number))
    assert verdict.outcome is Outcome.NOT_DONE, verdict
    assert verdict.advice


ODD = [
    *(
        None,
        "",
        "text",
        b"bytes",
        [],
        {},
        set(),
        (),
        object(),
        True,
        1j,
        float("nan"),
        float("inf"),
        10**400,
        -0.0,
        np.float16(1),
    ),
    *(np.array([]), np.zeros((0, 3)), np.zeros((1, 1, 1, 1, 1)), np.array(["a"]), np.array([None, 1])),
    *(np.array("2020", "datetime64[Y]"), np.ma.masked_array([1.0], [True]), [[1.0], [2.0, 3.0]], [None], (1.0, None), ([], [])),
    *(
        {"w": 1},
        iter([1]),
        range(3),
        Exception("e"),
        tf.constant("text"),
        tf.constant(True),
        tf.ragged.constant([[1.0], [2.0, 3.0]]),
    ),
    *(
        tf.sparse.from_dense([[1.0]]),
        tf.Variable(1.0),
        np,
        dict,
        lambda *args: 1.0,
        tf.constant(1 + 1j),
        tf.cast([1.0], tf.bfloat16),
    ),
    tf.data.Dataset.range(2),
]


def test_odd_answers_are_never_right_by_chance_nor_a_failure_of_the_checker(exercise):
    """
    Whatever is handed over, and whatever a function returns. (Mistakes as code have a test of their own, and take long.)

    One input tells: right answers and mistakes meet all of them.
    """
    cases = next(one_input_at_a_time(draw(without_mistakes(exercise))))
    odds = ODD if exercise.seconds < 1 else ODD[::3]
    for table in (each.table for each in cases):
        for odd in odds:
            if not callable(table.right) and hasattr(odd, "dtype"):
                continue  # where any tensor of a shape will do, some of these are right
            for answer in (odd, lambda *args, odd=odd: odd):
                answers = [answer if each.table is table else each.table.right for each in cases]
                outcome, _, advice = judge(exercise, *answers, cases=cases)
                assert outcome in (Outcome.WRONG, Outcome.ERROR), (odd, outcome, advice)
                assert advice


def test_there_are_two_other_right_answers_and_two_hints_at_least(exercise):
    assert all(len(table.also_right) >= 2 for table in exercise.tables)
    assert len(exercise.hints) >= 2


def test_advice_is_three_sentences_at_most_and_different_for_each_mistake(exercise):
    for table in exercise.tables:
        for mistake in table.mistakes:
            sentences = re.findall(r"[.?!](?:\s|$|\))", re.sub(r"`[^`]*`", "code", mistake.sentence))
            assert 1 <= len(sentences) <= 3, mistake.sentence
        sentences = [mistake.sentence for mistake in table.mistakes]
        assert len(set(sentences)) == len(sentences)


def test_no_advice_gives_the_answer_away(exercise):
    """No line that the student has to write, and no right side of one, stands in an advice."""
    solution, student, _, _ = cells_of(exercises.lab_of(exercise.number), exercise.number)
    there = {line.strip() for line in student.splitlines()}
    written = [line for line in solution.splitlines() if "# SOLUTION" in line or line.strip() not in there]
    lines = [line.partition("  # SOLUTION")[0].strip() for line in written]
    answers = [re.sub(r"^(return|[\w, .]+ [-+*]?=) ", "", line) for line in lines if not re.match(r"#|$", line)]
    assert answers
    for mistake in (mistake for table in exercise.tables for mistake in table.mistakes):
        for answer in answers:
            assert len(answer) < 6 or answer not in mistake.sentence, (answer, mistake.sentence)
