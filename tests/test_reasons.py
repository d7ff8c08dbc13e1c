"""Reasons that are found by experiments with an answer, and by changes of a right one: each where it holds, and nowhere else."""

import ast
import time

import numpy as np
import pytest

from tests.judged import written
from utils.checking import Exercise, Outcome, Part, draw, experiments, judge, likeness, value
from utils.checking.trees import parsed, read_in, walk

NOTHING = "def another(x):\n    return x"  # a solution of something else


def vectors(rng):
    """Two arrays of one length and a number, none of them 0 or 1."""
    for n in (4, 2, 6):
        x, y = rng.uniform(2, 5, size=(2, n)).astype(np.float32)
        yield x, y, float(rng.uniform(1.5, 3))


def steps(rng):
    """Numbers of steps, before and after a first part that takes five."""
    for step in (1, 7, 3, 12, 4, 20):
        yield step, 5, float(rng.uniform(1, 2))


def evaluated(first_line, code):
    """An answer in whose code no place is searched for: it reads its own names, and `eval` could touch anything."""
    return written(f"def answer({first_line}):\n    [{first_line}]\n    return eval('{code}', globals() | locals())")


def of(right, inputs=vectors):
    return Exercise("9.1", "Of arrays", right=right, inputs=inputs)


scaled_sum = of(lambda x, y, factor: np.sum(x + 2 * y) * factor)
of_each = of(lambda x, y, factor: (x - y) * factor)
in_parts = of(lambda step, first, rate: rate * step / first if step < first else rate, steps)

FOUND = [
    (scaled_sum, "np.sum(x + 2 * y) * factor * np.random.normal()", "something in it is random."),
    (scaled_sum, "np.sum(x + 2 * y) * 1.5", "whatever `factor` is. What comes in there has no effect"),
    (scaled_sum, "np.sum(x + 2 * y[:0].sum()) * factor", "whatever `y` is. What comes in there has no effect"),
    (scaled_sum, "np.sum(x + 2 * y) * (factor / factor)", "if `factor` were 1: is it left out?"),
    (scaled_sum, "3.5", "whatever the inputs are"),
    (scaled_sum, "np.sum(x + 2 * y) * (factor + 1)", "if `factor` were one more."),
    (scaled_sum, "-np.sum(x + 2 * y) * factor", "if `factor` had the other sign."),
    (scaled_sum, "np.sum(2 * x + y) * factor", "if `x` and `y` were exchanged."),
    (scaled_sum, "np.sum(x[:-1] + 2 * y[:-1]) * factor + 2 * y[-1] * factor + 0 * x[-1] + x[-1] * factor * 2", ""),
    (of_each, "(x - y[::-1]) * factor", "if `y` were in reverse order."),
    (of_each, "(x - y.mean()) * factor", "changes with the others of the batch"),
    (of_each, "(x - y) ** 3 * factor", ""),
    (of_each, "(x - y) * factor / np.sum(x)", "changes with the others of the batch"),
    (in_parts, "rate * step / first / 2 if step < first else rate", "where `step` is less than `first`"),
]


def test_a_condition_that_only_comes_together_with_a_fault_is_not_named():
    def long_with_large_factors(rng):
        for n, factor in ((2, 0.5), (2, 0.7), (2, 0.9), (4, 1.5), (4, 1.7), (4, 1.9)):
            yield rng.normal(size=n), factor

    scaled = of(lambda x, factor: np.sum(x) * factor, long_with_large_factors)
    advice = judge(scaled, evaluated("x, factor", "np.sum(x[:2]) * factor"), solution=NOTHING).advice
    assert "all other inputs" not in advice


def test_an_argument_with_an_effect_on_some_results_is_not_said_to_have_none():
    by_label = of(lambda y, p: -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), labels)
    for code in (
        "-np.mean(y * np.log(p))",
        "-np.mean(y * np.log(p) + (1 - y) * np.log(1 - y))",
        "-np.mean(np.where(y, np.log(p), 0.5))",
    ):
        assert "whatever" not in judge(by_label, evaluated("y, p", code), solution=NOTHING).advice


def labels(rng):
    """All 0 first, then others, and probabilities for them."""
    for y in ([0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0, 1.0]):
        yield np.array(y), rng.uniform(0.1, 0.9, len(y))


@pytest.mark.parametrize(("exercise", "code", "words"), FOUND, ids=[code for _, code, _ in FOUND])
def test_what_experiments_tell(exercise, code, words):
    first_line = "step, first, rate" if exercise is in_parts else "x, y, factor"
    verdict = judge(exercise, evaluated(first_line, code), solution=NOTHING)
    assert verdict.outcome is Outcome.WRONG
    assert words in verdict.advice
    told = ("if `", "whatever", "never used", "changes with", "another result", "all other inputs")
    assert bool(words) == any(each in verdict.advice for each in told), verdict.advice


def test_a_list_of_numbers_is_changed_number_by_number():
    def told(right, code):
        of_a_list = of(right, lambda rng: [([1, 2, 4],), ([3, 5],)])
        return judge(of_a_list, evaluated("values", code), solution=NOTHING).advice

    assert "if `values` were twice as large." in told(sum, "2 * sum(values)")
    assert "were 0" not in told(lambda values: len(values) / 2, "0.0 * len(values)")  # the list times 0 has no length


def test_results_that_change_in_jumps_are_not_said_to_be_the_same():
    code = "1 / (1 + np.exp(4 * (y - x) + 0.1 * factor))"
    share = of(lambda x, y, factor: 1 / (1 + np.exp(4 * (y - x) + 0.1 * factor)))
    advice = judge(share, evaluated("x, y, factor", f"np.round({code})"), solution=NOTHING).advice
    assert "whatever" not in advice and "rounded away" in advice


def test_a_model_that_begins_at_random_is_not_called_random():
    layer = Exercise(
        "9.3", "Weights", right=lambda n: np.ones(n), observe=lambda answer, n: answer(n), inputs=lambda rng: [(3,), (4,)]
    )
    assert "another result" not in judge(layer, evaluated("n", "np.random.normal(size=n)"), solution=NOTHING).advice


def test_an_argument_that_is_never_read_is_told():
    code = "    rate = 1.5\n    return eval('np.sum(x + 2 * y) * rate', globals() | locals())"
    advice = judge(scaled_sum, written(f"def answer(x, y, factor):\n{code}"), solution=NOTHING).advice
    assert "`x`" not in advice and "`factor` is never used" in advice


@pytest.mark.parametrize(("code", "words"), [("x ** 2", "`f` is never used"), ("f(x) + x", "")])
def test_a_function_that_is_never_called_is_told(code, words):
    of_f = of(lambda f, x: f(x), lambda rng: [(np.exp, 1.0), (np.sin, 2.0)])
    answer = written(f"def answer(f, x):\n    return {code}")
    advice = judge(of_f, answer, solution="def answer(f, x):\n    return f(x)").advice
    assert words in advice and bool(words) == ("never used" in advice)


def test_what_stays_from_one_call_to_the_next_is_told():
    calls = written("calls = []\ndef answer(x, y, factor):\n    calls.append(1)\n    return np.sum(x) + len(calls)")
    assert "or stays from one call to the next" in judge(scaled_sum, calls, solution=NOTHING).advice


SOLUTION = """
def answer(x, y, factor):
    weighted = x * factor + y
    return np.sum(weighted, axis=-1)
"""
LIKE = [
    ("np.sum(x * factor) * np.sum(y)", ""),
    ("np.sum(x / factor + y)", "with one operator exchanged, in the line that makes `weighted`"),
    ("(x * factor + y).astype(np.float64)", "without the call of `sum`"),
]


@pytest.mark.parametrize(("code", "words"), LIKE, ids=[code for code, _ in LIKE])
def test_an_answer_of_another_form_is_told_which_change_of_a_right_one_does_the_same(code, words):
    right = of(lambda x, y, factor: np.dot(x, np.full(len(x), factor)) + y.sum())
    advice = judge(right, evaluated("x, y, factor", code), solution=SOLUTION).advice
    assert words in advice, advice
    assert bool(words) == ("exactly what a right answer" in advice)
    assert "np.sum(weighted" not in advice and "x * factor + y" not in advice.replace(code, "")


def test_the_names_in_what_is_left_out_are_those_of_parameters():
    tree = ast.parse(SOLUTION)
    path, product = next((path, node) for path, node in walk(tree) if isinstance(getattr(node, "op", None), ast.Mult))
    assert likeness._lost_names(tree, path, product.left) == {"factor"}
    assert likeness._lost_names(tree, path, ast.Name("y")) == set()
    assert read_in(parsed(SOLUTION))["weighted"] == 1 and not read_in(parsed("def"))


def test_an_array_that_is_read_and_lost_is_not_said_to_be_left_out():
    [cases] = draw(scaled_sum)
    answer = evaluated("x, y, factor", "np.sum(x + 2 * y[:0].sum()) * factor")
    assert "whatever `y` is. What comes in there has no effect" in experiments.reason(cases, answer, cases.observe(answer))


def test_what_is_left_out_of_a_method_is_named_by_its_attribute():
    method = ast.parse("def moved(self, x):\n    return self.scale * x")
    path, product = next((path, node) for path, node in walk(method) if isinstance(node, ast.BinOp))
    assert likeness._like(method, path, product.right) == "if the part with `self.scale` were left out"
    assert likeness._like(method, path, product.left) == "if the part with `x` were left out"


def test_a_value_is_told_which_change_of_its_computation_gives_it():
    number = Part("z", right=3.0 + 4 * 2, observe=value)
    exercise = Exercise("9.2", "A number", parts=[number, Part("other", right=1.0, observe=value)])
    advice = judge(exercise, 3.0 + 4, 1.0, solution="z = 3.0 + 4 * 2\nother = 1.0").advice
    assert "exactly what a right answer would give if one term or factor were left out" in advice
    assert "11" not in advice and "4 * 2" not in advice


def test_without_a_solution_no_reason_is_searched_for():
    assert "never used" not in judge(scaled_sum, written("def answer(x, y, factor):\n    return np.sum(x + 2 * y)")).advice


def test_the_searches_keep_to_their_budget_of_work():
    """Three seconds, and one more for the edit that is tried when they are over; the answer itself is not slow."""
    answer = written(
        "def answer(x, y, factor):\n    for i in range(30_000):\n        x = x + i * 0\n    return np.sum(x * y) + factor"
    )
    begun = time.process_time()
    judge(scaled_sum, answer)
    alone = time.process_time() - begun
    begun = time.process_time()
    judge(scaled_sum, answer, solution=SOLUTION)
    assert time.process_time() - begun < alone + 4
