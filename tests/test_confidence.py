"""Dropout is judged by chance: how often a right answer fails is computed, and how often a wrong one passes is measured."""

import numpy as np
import pytest

from utils.exercises import lab08_dropout as lab

RATES = (0.2, 0.25, 0.4, 0.5)
CALLS, (EXAMPLES, UNITS) = lab.CALLS, lab.SHAPE_OF_X
SIZE = CALLS * EXAMPLES * UNITS
PAIRS = {"units": SIZE // 2, "examples": SIZE // 2, "calls": 2 * EXAMPLES * UNITS}
SUMS = {"calls": (EXAMPLES * UNITS, CALLS), "examples": (UNITS, CALLS * EXAMPLES), "units": (EXAMPLES, CALLS * UNITS)}


def binomial(n, p):
    """The probabilities of 0 to n events, of n independent ones with probability p each."""
    log_factorial = np.cumsum(np.log(np.maximum(1, np.arange(n + 1))))
    k = np.arange(n + 1)
    return np.exp(log_factorial[n] - log_factorial - log_factorial[::-1] + k * np.log(p) + (n - k) * np.log1p(-p))


def is_off(n, p):
    """The probability that a share of n such events is further from p than a check takes."""
    return binomial(n, p)[np.abs(np.arange(n + 1) / n - p) > lab.tolerance(n)].sum()


@pytest.mark.parametrize("rate", RATES)
def test_a_right_answer_fails_less_than_once_in_a_million(rate):
    """The probabilities of all that a check looks at, added up, for masks drawn as they should be."""
    alike = rate**2 + (1 - rate) ** 2
    fails = is_off(SIZE, rate) + sum(is_off(n, alike) for n in PAIRS.values())
    fails += sum((binomial(n, rate) ** times).sum() for n, times in SUMS.values())  # the same number dropped each time
    assert np.isclose(binomial(SIZE, rate).sum(), 1, atol=1e-6)
    assert 0 < fails < 1e-6


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
