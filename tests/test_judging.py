"""Judging: five outcomes that are never confused, and a reason for whatever a student hands in."""

import numpy as np
import pytest

from tests.devices import tf
from tests.judged import doubled, far_and_near, matrices, spread, squares, two_arrays, verdict, written
from utils.advice import Advice
from utils.checking import (
    FINE,
    Exercise,
    Finding,
    Mistake,
    Outcome,
    Part,
    arrays,
    choice,
    comparison,
    diagnosis,
    draw,
    edits_of,
    familiar,
    interface,
    judge,
    value,
)
from utils.exercises.lab07_mini_batches import two_replicas

WRONG = [
    (squares, lambda x, y: None, "None"),
    (squares, lambda x, y: "0.5", "text"),
    (squares, lambda x, y: (a for a in x), "generator"),
    (squares, lambda x, y: map(abs, x), "map"),
    (squares, lambda x, y: {"mse": 1.0}, "dict"),
    (squares, lambda x, y: np.mean, "function"),
    (squares, lambda x, y: [[1.0], [2.0, 3.0]], "rows of equal length"),
    (squares, lambda x, y: object(), "object"),
    (squares, lambda x, y: 784**128, "a number with 371 digits"),
    (squares, lambda x, y: ["a", "b"], "text"),
    (squares, lambda x, y: np.mean((x - y) ** 2) > 1, "True or False"),
    (squares, lambda x, y: -np.mean((x - y) ** 2), "wrong sign"),
    (squares, lambda x, y: np.sum((x - y) ** 2), "a sum in place of a mean"),
    (squares, lambda x, y: np.mean((x - y) ** 2) / len(x), "a mean in place of a sum"),
    (squares, lambda x, y: np.mean((x - y) ** 2) / 2, "0.5 times"),
    (squares, lambda x, y: np.mean((x - y) ** 2) + 1, "too large by 1"),
    (squares, lambda x, y: np.mean((x - y) ** 2) * np.nan, "nan"),
    (squares, lambda x, y: np.float32(np.inf), "inf"),
    (squares, lambda x, y: (x - y) ** 2, "; expected ()"),
    (squares, lambda x, y: 1.0, "whatever the inputs are"),
    (squares, lambda x, y: 0.0, "whatever the inputs are"),
    (squares, lambda x, y: np.float64(1.0) if x[0] == 1 else np.mean(x), "right for the first input and for no other"),
    (squares, lambda x, y: np.round(np.mean((x - y) ** 2), 2), "digits are lost"),
    (squares, lambda x, y: np.floor(np.mean((x - y) ** 2)), "cut off"),
    (squares, lambda x, y: round(float(np.mean((x - y) ** 2))), "rounded away"),
    (squares, lambda x, y: np.mean((x + y) ** 2), "expected  "),
    (squares, lambda x, y: np.mean(np.abs(x - y)), "These are absolute values."),
    (squares, lambda x: np.mean(x**2), "called with (x, y)"),
    (squares, lambda: 1.0, "called with (x, y)"),
    (squares, 0.75, "function itself"),
    (squares, np.float32(1), "function itself"),
    (squares, dict, "is a class; this exercise asks for a function"),
    (squares, None, "None"),
    (squares, tf.keras.Sequential([tf.keras.layers.Dense(1)]), "Give check the function that makes it"),
    (doubled, lambda X: (2 * X).T, "transpose"),
    (doubled, lambda X: 2 * np.sum(X, axis=0), "An axis is lost"),
    (doubled, lambda X: 2 * X[None], "An axis of length 1 is too many"),
    (doubled, lambda X: 2 * np.squeeze(X), "An axis of length 1 is lost"),
    (doubled, lambda X: 2 * X.ravel(), "arranged in another way"),
    (doubled, lambda X: 2 * np.stack([X, X]), "An axis is too many"),
    (doubled, lambda X: 2 * X[:, 1:], "Axis 1 is 1 too short"),
    (doubled, lambda X: np.repeat(2 * X, len(X), axis=1), "times too long"),
    (doubled, lambda X: X[:, [0] * 17], "Axis 1 is of another length"),
    (doubled, lambda X: np.float32(4), "whatever the inputs are"),
    (squares, lambda x, y: np.mean((x - y) ** 2) * 1.0005, "nearly right"),
    (squares, lambda x, y: (np.mean((x - y) ** 2), len(x)), "2 values, separated by commas; expected one"),
    (doubled, lambda X: 2 * X + (X[-1, -1] == X), "expected  [[2., 4.],\n             [6., 8.]]"),
    (doubled, lambda X: 2 * X + (X < 0), "It is wrong where `X` is negative, and right elsewhere."),
    (spread, lambda x: np.append(x[:-1] * 2, x[-1]), "Only the last value is wrong."),
    (spread, lambda x: np.append(x[0], x[1:] * 2), "Only the first value is wrong."),
    (spread, lambda x: np.minimum(x * 2, 1.5), "It is right up to 1.5, and 1.5 beyond"),
    (far_and_near, lambda x: np.clip(x, 0, 6), "It is right up to 6, and 6 beyond"),
    (spread, lambda x: (2 * x) ** 2, "It gives the square of what it should be."),
    (spread, lambda x: 1 / (2 * x), "numerator and denominator are exchanged"),
    (spread, lambda x: x, "It gives `x` itself."),
    (squares, lambda x, y: (x.max() + x.min()) / 2, "half way between the smallest and the largest of `x`"),
    (squares, lambda x, y: np.median(y), "the median of `y`"),
    (spread, lambda x: x * (np.arange(len(x)) != 2) * 2, "expected at position ["),
    (doubled, lambda X: X * 2 + np.where(X > 0, 0.5, 0), "expected  "),
]


@pytest.mark.parametrize(("exercise", "answer", "words"), WRONG, ids=[words for *_, words in WRONG])
def test_a_wrong_answer_is_told_why(exercise, answer, words):
    outcome, _, advice = verdict(exercise, answer)
    assert outcome is Outcome.WRONG
    assert words in advice


def test_a_reason_is_given_only_where_it_holds():
    def reason(got, expected):
        return diagnosis.diagnose([comparison.Case({}, np.array(got), np.array(expected))])

    assert reason(-0.0031, 0.00247).split() == ["it", "gives", "-0.0031", "expected", "0.00247"]  # no digit is lost
    assert "something added" not in reason([0.5 + 1e-5, 0.25, 0.125], [0.5 + 3e-5, 0.25 + 4e-5, 0.125 + 2e-5])
    assert "in another order" in reason(np.ones((3, 1, 3)), np.ones((3, 3, 1)))
    assert "gives nan" in reason([np.nan] * 2, [1.0, 2.0]) and "whatever" not in reason([np.nan] * 2, [1.0, 2.0])


def test_an_error_with_another_reason_is_not_that_of_the_mistake():
    def stops(x, why):
        raise ValueError(why)

    halves = Exercise(
        "9.12",
        "Halves",
        right=lambda x: x / 2,
        inputs=lambda rng: [(1,), (2,)],
        mistakes=[Mistake(lambda x: x / 2 if x == 1 else stops(x, "too large"), "It refuses large numbers.")],
    )
    assert verdict(halves, lambda x: x / 2 if x == 1 else stops(x, "too large")).advice.startswith("It refuses large numbers.")
    assert "It refuses" not in verdict(halves, lambda x: x / 2 if x == 1 else stops(x, "no such number")).advice


@pytest.mark.parametrize(("first_line", "lost"), [("x, y", True), ("x, y=1.0", True), ("x, y=2", False), ("a, b", False)])
def test_a_default_of_the_first_line_that_is_lost_is_told(first_line, lost):
    answer = written(f"def answer({first_line}):\n    return np.mean({first_line[0]})")
    mean = Exercise("9.4", "Mean", right=lambda x, y=0.0: np.mean(x), inputs=lambda rng: [(rng.normal(size=3), 1.0)])
    advice = judge(mean, answer, solution="def answer(x, y=2.0):\n    return np.mean(x)").advice
    assert ("the default 2.0" in advice) == lost


def test_inputs_of_any_kind_are_no_hindrance_to_a_reason():
    ragged = Exercise(
        "9.5", "Ragged", right=lambda x, pairs: x * 2, inputs=lambda rng: [(rng.normal(size=5), [(1, [2, 3]), (4,)])] * 3
    )
    outcome, _, advice = verdict(ragged, lambda x, pairs: x * 2 + (x > 0))
    assert outcome is Outcome.WRONG and "It is wrong where `x` is positive" in advice


def test_a_square_result_of_broadcasting_is_named():
    each = Exercise("9.3", "Differences", right=lambda x, y: x - y, inputs=two_arrays)
    assert "broadcast to n × n" in verdict(each, lambda x, y: x - y[:, None]).advice


def test_truth_values_and_empty_results_are_judged_like_others():
    positive = Exercise("9.11", "Positive", right=lambda X: X > 0.5, inputs=matrices)
    assert verdict(positive, lambda X: tf.greater(X, 0.5)).outcome is Outcome.RIGHT
    for answer in (lambda X: X < 0.5, lambda X: X > 0.4, lambda X: (X > 0.5) * 1.0, lambda X: [], lambda X: np.zeros((0, 2))):
        outcome, _, advice = verdict(positive, answer)
        assert outcome is Outcome.WRONG and advice
    assert "Leave the result of the comparison" in verdict(positive, lambda X: (X > 0.5) * 1.0).advice
    complex_mean = lambda x, y: np.mean((x - y) ** 2) + 0j  # noqa: E731
    for answer in (lambda x, y: [], lambda x, y: np.zeros(0), lambda x, y: np.uint8(3), complex_mean, lambda x, y: [None]):
        assert verdict(squares, answer).outcome is Outcome.WRONG


def test_right_answers_may_be_made_of_anything():
    for answer in (
        lambda x, y: tf.reduce_mean((x - y) ** 2),
        lambda x, y: float(np.mean((x - y) ** 2)),
        lambda x, y: [((x - y) ** 2).mean()][0],
        lambda x, y: np.mean((x - y).astype(np.float64) ** 2),
        lambda x, y: tf.Variable(tf.reduce_mean((x - y) ** 2)),
        tf.function(lambda x, y: tf.reduce_mean((x - y) ** 2)),
    ):
        assert verdict(squares, answer).outcome is Outcome.RIGHT


def test_an_answer_that_takes_tensors_only_is_right_too():
    assert verdict(squares, lambda x, y: np.mean((x.numpy() - y.numpy()) ** 2)).outcome is Outcome.RIGHT
    assert verdict(squares, lambda x, y: np.mean(np.abs(x.numpy() - y.numpy()))).advice == "These are absolute values."


def test_a_failure_of_the_checker_says_so_and_never_wrong():
    for broken in (
        Exercise("9.5", "Broken", right=lambda x: 1 / 0, inputs=lambda rng: [(1.0,)]),
        Exercise("9.5", "Broken", right=lambda x: x, inputs=lambda rng: 1 / 0),
    ):
        outcome, _, advice = verdict(broken, lambda x: x)
        assert outcome is Outcome.CHECKER_FAILED and "ZeroDivisionError" in advice


def test_a_failure_of_the_checker_is_never_taken_for_an_error_of_the_student():
    def observe(answer, x):
        return np.no_such_function(answer(x))

    broken = Exercise("9.5", "Broken", right=lambda x: x, observe=observe, inputs=lambda rng: [(1.0,)])
    outcome, _, advice = verdict(broken, lambda x: x)
    assert outcome is Outcome.CHECKER_FAILED and "no_such_function" in advice


def test_a_class_and_an_instance_are_told_apart():
    class Layer:
        def __call__(self, x):
            return x

    takes_class = Exercise("9.6", "A class", right=Layer, observe=lambda cls, x: cls()(x), inputs=lambda rng: [(1.0,), (2.0,)])
    takes_instance = Exercise("9.7", "An instance", right=Layer(), observe=lambda layer, x: layer(x), inputs=lambda rng: [(1.0,)])
    assert verdict(takes_class, Layer).outcome is Outcome.RIGHT
    assert "class itself" in verdict(takes_class, Layer()).advice
    assert "an instance: call the class with brackets" in verdict(takes_instance, Layer).advice
    takes_value = Exercise("9.8", "A value", right=2.0, observe=lambda answer: answer)
    assert "Give check a value" in verdict(takes_value, np.mean).advice


def test_a_choice_is_a_letter_however_it_is_written():
    letter = Exercise("9.9", "A choice", right="b", observe=choice, mistakes=[Mistake("a", "Not a: because.")])
    for written_so in ("b", "B", " b", "b)", "(b)", "b."):
        assert verdict(letter, written_so).outcome is Outcome.RIGHT
    assert verdict(letter, "a").advice == "Not a: because."
    assert verdict(letter, "c").outcome is verdict(letter, "bc").outcome is Outcome.WRONG
    assert "letter in quotes" in verdict(letter, 2).advice
    assert verdict(letter, ...).outcome is Outcome.NOT_DONE


def test_a_model_is_due_where_the_right_answer_is_one():
    model = tf.keras.Sequential([tf.keras.Input((1,)), tf.keras.layers.Dense(1)])
    takes_model = Exercise("9.11", "A model", right=model, observe=lambda model: model.count_params())
    assert verdict(takes_model, model).outcome is Outcome.RIGHT
    for other in ([3], 3, lambda X: X):
        assert "asks for a Keras model" in verdict(takes_model, other).advice


def test_each_part_has_inputs_of_its_own():
    two = Exercise(
        "9.12",
        "Two parts",
        parts=[
            Part("of_one", right=lambda x: 2 * x, inputs=lambda rng: [(rng.normal(),)]),
            Part("of_two", right=lambda x, y: x + y, inputs=lambda rng: [tuple(rng.normal(size=2))]),
        ],
    )
    assert verdict(two, lambda x: x + x, lambda x, y: y + x).outcome is Outcome.RIGHT
    assert verdict(two, lambda x: x + x, lambda x, y: y).title == "Two parts, of_two"


def test_advice_raised_while_an_answer_is_put_to_work_is_shown_as_it_is():
    def observe(answer, x):
        if answer(x) < 0:
            raise Advice("A length is never negative.")
        return answer(x)

    length = Exercise("9.13", "Length", right=abs, observe=observe, inputs=lambda rng: [(-1.0,), (2.0,)])
    assert verdict(length, lambda x: x)[::2] == (Outcome.WRONG, "A length is never negative.")
    assert verdict(length, np.abs).outcome is Outcome.RIGHT


def test_an_answer_that_changes_its_inputs_is_told_so_where_the_check_stops_for_it():
    def takes_all(gradient, shards):
        n, total = sum(len(y) for _, y in shards), 0
        while shards:
            X, y = shards.pop()
            total = total + gradient(X, y) * len(y)
        return total / n

    outcome, _, advice = verdict(two_replicas, takes_all)  # its check puts the shards together afterwards
    assert outcome is Outcome.WRONG
    assert advice.startswith("Your code changes its inputs")


MESSAGES = [
    ("unsupported operand type(s) for +: 'ellipsis' and 'int'", "still the placeholder"),
    ("Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar tensors are valid indices", "`tf.gather`"),
    ("too many indices for array: array is 1-dimensional, but 2 were indexed", "than the array has axes"),
    ("'Dense' object is not iterable", "`append` adds one thing"),
    ("Input 0 to node `while/range` with op Range must be a compile-time constant.", "XLA has to know each shape"),
]


@pytest.mark.parametrize(("message", "words"), MESSAGES, ids=[words for _, words in MESSAGES])
def test_an_error_is_told_in_the_words_of_the_course(message, words):
    assert words in familiar.explanation(message, "layers.extend(dense)")
    assert "goes back with `return`" in familiar.explanation(message, "raise StopIteration")


class Sign(Finding):
    """What can be wrong with a sign."""

    ZERO = "It is 0."
    POSITIVE = "It is {seen}, where it should be negative."


def sign_of(answer, x):
    seen = answer(x)
    return FINE if np.sign(seen) == np.sign(x) else Sign.ZERO if seen == 0 else Sign.POSITIVE.about(seen)


def test_a_mistake_is_recognized_by_what_observe_finds_with_one_input():
    mistakes = [Mistake(lambda x: 1.0, Sign.POSITIVE), Mistake(lambda x: 0.0, Sign.ZERO)]
    sign = Exercise(
        "9.14", "Sign", right=np.sign, observe=sign_of, inputs=lambda rng: [(3.0,), (-2.0,), (-1.0,)], mistakes=mistakes
    )
    assert verdict(sign, lambda x: 7 * x).outcome is Outcome.RIGHT
    assert verdict(sign, lambda x: 1.0 if x > 0 else 5.0).advice == "It is 5.0, where it should be negative."
    assert (
        verdict(sign, lambda x: 5.0 if x == -2 else 0.0).advice == "It is 5.0, where it should be negative."
    )  # the table's order
    assert verdict(sign, lambda x: 0.0).advice == "It is 0."
    assert verdict(sign, lambda x: 1 / 0).outcome is Outcome.ERROR


def test_a_finding_that_no_mistake_shows_is_told_all_the_same():
    sign = Exercise("9.14", "Sign", right=np.sign, observe=sign_of, inputs=lambda rng: [(3.0,), (-2.0,)])
    assert verdict(sign, lambda x: 0.0)[::2] == (Outcome.WRONG, "It is 0.")


def test_what_observe_finds_fine_is_right_and_the_right_answer_is_not_put_to_work():
    trained = []
    exercise = Exercise("9.14", "Sign", right=lambda x: trained.append(x), observe=sign_of, inputs=lambda rng: [(3.0,)])
    assert verdict(exercise, lambda x: x).outcome is Outcome.RIGHT
    assert verdict(exercise, lambda x: -x).outcome is Outcome.WRONG
    assert not trained


def test_a_share_is_shown_in_percent():
    share = Exercise("9.15", "Share", right=1.0, observe=lambda x: FINE if x == 1 else Sign.POSITIVE.about(float(x)), mistakes=())
    assert verdict(share, 0.25).advice == "It is 25.00%, where it should be negative."


def test_inputs_are_named_after_what_puts_an_answer_to_work():
    scaled = Exercise(
        "9.15",
        "Scaled",
        right=np.exp,
        observe=lambda answer, width, height: answer(width) * height,
        inputs=lambda rng: [(1.0, 2.0)],
    )
    assert "  width     1\n  height    2\n  it gives" in verdict(scaled, np.sin).advice


def test_several_outputs_are_judged_by_name():
    both = Exercise("9.10", "Two", right=lambda x, y: (np.mean(x), np.mean(y)), inputs=two_arrays, outputs=("m", "n"))
    assert verdict(both, lambda x, y: [np.mean(x), np.mean(y)]).outcome is Outcome.RIGHT
    assert "Look at n." in verdict(both, lambda x, y: (np.mean(x), -np.mean(y))).advice
    assert "return m and n" in verdict(both, lambda x, y: np.mean(x)).advice


def test_the_exercises_of_a_fresh_draw_differ():
    draws = [np.concatenate([x for x, _ in list(two_arrays(np.random.default_rng()))[1:]]) for _ in range(2)]
    assert not np.array_equal(*draws)


def test_close_wants_shape_dtype_kind_and_numbers():
    one = np.ones(3, np.float32)
    assert arrays.close(one, np.ones(3))
    assert not arrays.close(one, np.ones((3, 1)))
    assert not arrays.close(one > 0, np.ones(3))
    assert not arrays.close(one, one + 1e-3)


def test_an_exercise_may_say_itself_how_what_was_seen_differs():
    trace = Exercise(
        "0.0",
        "trace",
        right=lambda n: list(range(n)),
        inputs=lambda rng: [(2,), (3,)],
        observe=lambda answer, n: np.array([len(answer(n))]),
        explain=lambda got, expected, n: f"For {n} it makes {got[0]} steps, and should make {expected[0]}.",
    )
    assert judge(trace, lambda n: list(range(n))).outcome is Outcome.RIGHT
    assert judge(trace, lambda n: [0, 0]).advice == "For 3 it makes 2 steps, and should make 3."


def add_up(x):
    total = 0
    for number in x:
        total += number
    return total


def test_a_wrong_answer_is_an_edit_of_a_right_ones_text():
    changed = edits_of(add_up)
    assert changed("total = 0", "total = 1")([1, 2]) == 4
    assert changed("+=", "=", "return total", "return -total")([1, 2]) == -2
    assert changed("    return", "        return").__name__ == "add_up"
    for old, times in (("total", 3), ("sum", 0)):
        with pytest.raises(ValueError, match=f"{old!r} stands {times} times in add_up"):
            changed(old, "other")


def test_an_error_in_an_edited_answer_shows_the_edited_line():
    outcome, _, advice = verdict(
        Exercise("9.16", "Sum", right=sum, inputs=lambda rng: [([1, 2],)]), edits_of(add_up)("number\n", "number.real.nothing\n")
    )
    assert outcome is Outcome.ERROR and "line 4 of the cell:  total += number.real.nothing" in advice


def test_what_was_observed_once_is_not_observed_again():
    calls = []

    def right(x):
        calls.append(x)
        return x

    exercise = Exercise("9.17", "Same", right=right, inputs=lambda rng: [(1,), (2,)])
    cases = draw(exercise)
    for _ in range(3):
        assert judge(exercise, lambda x: x, cases=cases).outcome is Outcome.RIGHT
        assert judge(exercise, lambda x: -x, cases=cases).outcome is Outcome.WRONG
    assert calls == [1, 2]


def test_a_value_is_compared_as_it_is():
    assert verdict(Exercise("9.18", "A value", right=2.0, observe=value), tf.constant(2.0)).outcome is Outcome.RIGHT


cut_off = Exercise(
    "9.1",
    "The mean",
    right=lambda total, n: total / n,
    inputs=lambda rng: [(7.0, 2), *((float(rng.integers(5, 50)) + 0.5, int(rng.integers(2, 9))) for _ in range(5))],
    mistakes=[Mistake(lambda total, n: total // n, "`//` drops the digits after the point. Division of floats is `/`.")],
)


@pytest.mark.parametrize(
    ("code", "begins"),
    [
        ("total // n", "`//` drops the digits"),
        ("float(int(total / n))", "The result is as with this mistake: `//` drops the digits"),
    ],
)
def test_what_a_sentence_begins_with_is_claimed_only_where_it_is_in_the_code(code, begins):
    assert verdict(cut_off, written(f"def answer(total, n):\n    return {code}")).advice.startswith(begins)


@pytest.mark.parametrize(
    ("sentence", "code", "is_there"),
    [
        ("`math.exp` and `float` work on one number.", "[float(each) for each in z]", True),
        ("`math.exp` and `float` work on one number.", "sum(z)", False),
        ("`d ** 1 / 2` is half of d.", "x / width**1/2", True),
        ("`d ** 1 / 2` is half of d.", "x / (width / 2)", False),
        ("An `if` works on one number.", "1 if z > 0 else 0", True),
        ("`numpy()` gives a plain number.", "z.numpy()", True),
        ("Take `np.exp`.", "z", True),
    ],
)
def test_code_is_looked_for_however_it_is_written(sentence, code, is_there):
    assert interface.contains_code_of(sentence, written(f"def answer(z):\n    return {code}")) is is_there


def test_an_axis_that_is_as_long_as_in_an_input_is_named_so():
    every_third = Exercise(
        "9.9", "Thin out", right=lambda X: X[::3], inputs=lambda rng: [(rng.normal(size=(9, 4)),) for _ in range(2)]
    )
    assert "Axis 0 is as long as in `X`" in judge(every_third, lambda X: 1 * X).advice
