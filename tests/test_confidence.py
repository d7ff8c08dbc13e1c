"""Dropout is judged by chance: how often a right answer fails and a wrong one passes is measured, not hoped for."""

import math

import numpy as np
import pytest

from utils.exercises import lab08_dropout as lab

MILLION = 1_000_000
RATES = (0.2, 0.25, 0.4, 0.5)
SIZE = lab.CALLS * math.prod(lab.SHAPE_OF_X)
PAIRS = {"units": SIZE // 2, "examples": SIZE // 2, "calls": 2 * math.prod(lab.SHAPE_OF_X)}


@pytest.mark.parametrize("rate", RATES)
def test_a_right_answer_fails_less_than_once_in_a_million(rate):
    """Every statistic that a check looks at, as often as that, for masks drawn as they should be."""
    rng = np.random.default_rng(8)
    failed = np.abs(rng.binomial(SIZE, rate, MILLION) / SIZE - rate) > lab.tolerance(SIZE)
    for n in PAIRS.values():
        alike = rate**2 + (1 - rate) ** 2
        failed |= np.abs(rng.binomial(n, alike, MILLION) / n - alike) > lab.tolerance(n)
    failed |= np.ptp(rng.binomial(math.prod(lab.SHAPE_OF_X), rate, (MILLION, lab.CALLS)), axis=1) == 0
    assert failed.sum() == 0


def test_masks_drawn_as_they_should_be_are_fine():
    rng = np.random.default_rng(9)
    for rate in RATES:
        for _ in range(1000):
            assert lab.fault_of_masks(rng.uniform(size=(lab.CALLS, *lab.SHAPE_OF_X)) >= rate, rate) == lab.FINE


def caught(exercise, answer, rng):
    """Whether a check rejects an answer: the first of the inputs that shows it is enough."""
    return any(not exercise.accept(exercise.observe(answer, *args)) for args in exercise.inputs(rng))


# The mistakes that show by what is drawn; others stop with an error, whatever that is.
BY_CHANCE = [
    (exercise, mistake) for exercise in (lab.the_dropout, lab.my_dropout) for mistake in exercise.mistakes if mistake.when
]
OF_MASKS = (lab.ONE_MASK, lab.WHOLE_EXAMPLES, lab.SAME_MASK, lab.KEEPS, lab.ANOTHER_SHARE, lab.FIXED_NUMBER, lab.TOGETHER)


@pytest.mark.parametrize(("exercise", "mistake"), BY_CHANCE, ids=[f"{e.number}: {m.advice[:40]}" for e, m in BY_CHANCE])
def test_a_wrong_answer_is_caught_999_times_in_1000(exercise, mistake):
    """
    A wrong scale, or no gradient, shows whatever is drawn: 30 tries tell. Which units stay is another matter: 1,000.

    A layer is judged by the statistics that the function of 8.2 is judged by; it takes longer, and is tried 30 times.
    """
    rng = np.random.default_rng(10)
    many = exercise is lab.the_dropout and any(map(mistake.when, OF_MASKS))
    times, least = (1000, 999) if many else (30, 30)
    assert sum(caught(exercise, mistake.answer, rng) for _ in range(times)) >= least
