"""Dropout is judged by chance: how often a right answer fails is computed, and how often a wrong one passes is measured."""

import numpy as np
import pytest

from utils.checking import FINE, Finding
from utils.exercises import lab08_dropout as lab

RATES = (0.2, 0.25, 0.4, 0.5)
CALLS, (EXAMPLES, UNITS) = lab.CALLS, lab.SHAPE_OF_X
SIZE = CALLS * EXAMPLES * UNITS
PAIRS = {"units": SIZE // 2, "examples": SIZE // 2, "calls": 2 * EXAMPLES * UNITS}
SUMS = {"calls": (EXAMPLES * UNITS, CALLS), "examples": (UNITS, CALLS * EXAMPLES), "units": (EXAMPLES, CALLS * UNITS)}
STEPS = (2**53, 2**23, 2**10)  # random numbers are multiples of 1 / steps: those of NumPy, of type float32, and of type float16
SPELLINGS = {">=": np.greater_equal, ">": np.greater}  # a unit stays where its number is at least the rate, or above it


def probability(rate, steps, spelling):
    """How probable it is that a unit is dropped: the share of the numbers 0, 1 / steps, …, 1 - 1 / steps that do not stay."""
    return np.ceil(rate * steps) / steps if spelling == ">=" else (np.floor(rate * steps) + 1) / steps


def binomial(n, p):
    """The probabilities of 0 to n events, of n independent ones with probability p each."""
    if p == 0:
        return np.arange(n + 1) == 0.0
    log_factorial = np.cumsum(np.log(np.maximum(1, np.arange(n + 1))))
    k = np.arange(n + 1)
    return np.exp(log_factorial[n] - log_factorial - log_factorial[::-1] + k * np.log(p) + (n - k) * np.log1p(-p))


def is_off(n, p, expected):
    """The probability that a share of n events, each with probability p, is further from the expected one than a check takes."""
    return binomial(n, p)[np.abs(np.arange(n + 1) / n - expected) > lab.tolerance(n, expected)].sum()


def alike(rate):
    """How often two independent units both stay or both go."""
    return rate**2 + (1 - rate) ** 2


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("steps", STEPS)
def test_a_right_answer_fails_less_than_once_in_a_million(steps, spelling):
    """The probabilities of all that a check looks at, added up over four rates, for masks drawn as they should be."""
    for rate in RATES:
        p = probability(rate, steps, spelling)
        assert np.isclose(binomial(SIZE, p).sum(), 1, atol=1e-6)
        fails = is_off(SIZE, p, rate) + sum(is_off(n, alike(p), alike(rate)) for n in PAIRS.values())
        fails += sum((binomial(n, p) ** times).sum() for n, times in SUMS.values())  # the same number dropped each time
        assert 0 < fails < 1e-6 / 4
    assert is_off(SIZE, probability(0, steps, spelling), 0) < 1e-6 / 4


def test_a_check_takes_what_is_dropped_by_chance_at_a_rate_of_0_and_no_more():
    """At a rate of 0, `>` drops a unit where the random number is 0: of type float32 once in 585 checks, of float16 in each."""
    x = np.ones(lab.SHAPE_OF_X, np.float32) * 2
    for count, expected in ((0, FINE), (1, FINE), (2, FINE), (SIZE // 1000, FINE), (SIZE // 200, lab.of_dropout.ANOTHER_SHARE)):
        trained = np.tile(x, (CALLS, 1, 1))
        trained.reshape(-1)[:count] = 0
        assert lab.finding_of([*trained, x], x, 0.0, lab.of_dropout) is expected


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("rate", (0.0, *RATES))
def test_masks_drawn_as_they_should_be_are_fine(rate, steps, spelling):
    """At a rate of 0 some of these checks meet numbers that are the rate itself, in the steps of float32 too."""
    rng = np.random.default_rng(9)
    x = (rng.uniform(0.5, 2, lab.SHAPE_OF_X) * rng.choice([-1, 1], lab.SHAPE_OF_X)).astype(np.float32)
    ties = 0
    for _ in range(1500 if rate == 0 and steps == 2**23 else 150):
        numbers = rng.integers(0, steps, (CALLS, *x.shape)) / steps
        ties += (numbers == rate).any()
        trained = np.where(SPELLINGS[spelling](numbers, rate), x / np.float32(1 - rate), np.float32(0))
        assert lab.finding_of([*trained, x], x, rate, lab.of_dropout) is FINE
    assert ties or rate or steps > 2**23


SHAPE = (CALLS, *lab.SHAPE_OF_X)
WRONG_MASKS = {
    "ONE_MASK": lambda rng, rate: np.broadcast_to(rng.uniform(size=(CALLS, 1, SHAPE[2])) >= rate, SHAPE),
    "WHOLE_EXAMPLES": lambda rng, rate: np.broadcast_to(rng.uniform(size=(*SHAPE[:2], 1)) >= rate, SHAPE),
    "SAME_MASK": lambda rng, rate: np.broadcast_to(rng.uniform(size=SHAPE[1:]) >= rate, SHAPE),
    "KEEPS": lambda rng, rate: rng.uniform(size=SHAPE) < rate,
    "ANOTHER_SHARE": lambda rng, rate: rng.normal(size=SHAPE) >= rate,
    "FIXED_NUMBER": lambda rng, rate: rng.permuted(np.broadcast_to(np.arange(SHAPE[2]), SHAPE), axis=2) >= round(rate * SHAPE[2]),
    "TOGETHER": lambda rng, rate: np.repeat(rng.uniform(size=(*SHAPE[:2], SHAPE[2] // 2)) >= rate, 2, axis=2),
}


@pytest.mark.parametrize("name", WRONG_MASKS)
def test_wrong_masks_are_caught_999_times_in_1000(name):
    """By the first of the inputs that shows it, as in a check."""
    rng = np.random.default_rng(10)

    def is_caught(x, rate):
        trained = np.where(WRONG_MASKS[name](rng, rate), x / np.float32(1 - rate), np.float32(0))
        return lab.finding_of([*trained, x], x, rate, lab.of_dropout) is not FINE

    assert sum(any(is_caught(x, rate) for x, rate in lab.some_units(rng)) for _ in range(1000)) >= 999


# The mistakes that show by what is drawn; others stop with an error, whatever that is.
BY_CHANCE = [
    (exercise, mistake)
    for exercise in (lab.the_dropout, lab.my_dropout)
    for mistake in exercise.mistakes
    if isinstance(mistake.advice, Finding)
]


@pytest.mark.parametrize(("exercise", "mistake"), BY_CHANCE, ids=[f"{e.number}: {m.sentence[:40]}" for e, m in BY_CHANCE])
def test_a_listed_mistake_is_caught_each_time(exercise, mistake):
    """Thirty times: a wrong scale, or no gradient, shows whatever is drawn; the masks were tried above."""
    rng = np.random.default_rng(10)
    for _ in range(30):
        assert any(exercise.observe(mistake.answer, *args) is not FINE for args in exercise.inputs(rng))
