"""The checking engine: five outcomes that are never confused, and a reason for whatever a student hands in."""

import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from tests.labs import run_cell
from utils import diagnosis, running
from utils.advice import Advice
from utils.checking import Exercise, Mistake, Outcome, choice, judge


def two_arrays(rng):
    yield np.array([1.0, 2.0, 4.0], np.float32), np.array([2.0, 3.0, 5.0], np.float32)
    for n in (2, 5, 8):
        yield rng.normal(size=n).astype(np.float32) * 3, rng.normal(size=n).astype(np.float32) * 3


squares = Exercise(
    "9.1",
    "Mean of squares",
    right=lambda x, y: np.mean((x - y) ** 2),
    inputs=two_arrays,
    mistakes=[Mistake(lambda x, y: np.mean(np.abs(x - y)), "These are absolute values.")],
)


def matrices(rng):
    yield (np.array([[1.0, 2.0], [3.0, 4.0]], np.float32),)
    for shape in [(2, 3), (4, 1), (3, 3)]:
        yield (rng.normal(size=shape).astype(np.float32),)


doubled = Exercise("9.2", "Doubled", right=lambda X: 2 * X, inputs=matrices)


def verdict(exercise, *answers, **options):
    return judge(exercise, *answers, rng=np.random.default_rng(0), **options)


def written(code, name="answer"):
    """A function as a student writes it, in a cell."""
    namespace = {"np": np, "tf": tf}
    run_cell(code, namespace, f"written {name}")
    return namespace[name]


def test_an_error_within_a_recorded_function_is_told_by_its_own_words():
    recorded = written("@tf.function\ndef answer(x):\n    return tf.matmul(x, x)")
    with pytest.raises(ValueError) as failure:
        recorded(tf.ones((2, 3)))
    assert str(failure.value).startswith("in user code:")
    assert "stops with ValueError: Dimensions must be equal, but are 3 and 2" in running.describe(failure.value)


WRONG = [
    (squares, lambda x, y: None, "None"),
    (squares, lambda x, y: "0.5", "text"),
    (squares, lambda x, y: (a for a in x), "generator"),
    (squares, lambda x, y: map(abs, x), "map"),
    (squares, lambda x, y: {"mse": 1.0}, "dict"),
    (squares, lambda x, y: np.mean, "function"),
    (squares, lambda x, y: [[1.0], [2.0, 3.0]], "rows of equal length"),
    (squares, lambda x, y: object(), "object"),
    (squares, lambda x, y: ["a", "b"], "text"),
    (squares, lambda x, y: np.mean((x - y) ** 2) > 1, "True or False"),
    (squares, lambda x, y: -np.mean((x - y) ** 2), "wrong sign"),
    (squares, lambda x, y: np.sum((x - y) ** 2), "a sum where the mean is due"),
    (squares, lambda x, y: np.mean((x - y) ** 2) / len(x), "a mean where the sum is due"),
    (squares, lambda x, y: np.mean((x - y) ** 2) / 2, "0.5 times"),
    (squares, lambda x, y: np.mean((x - y) ** 2) + 1, "too large by 1"),
    (squares, lambda x, y: np.mean((x - y) ** 2) * np.nan, "nan"),
    (squares, lambda x, y: np.float32(np.inf), "inf"),
    (squares, lambda x, y: (x - y) ** 2, "and shape () is due"),
    (squares, lambda x, y: 1.0, "whatever the inputs are"),
    (squares, lambda x, y: 0.0, "whatever the inputs are"),
    (squares, lambda x, y: np.float64(1.0) if x[0] == 1 else np.mean(x), "right for the first input and for no other"),
    (squares, lambda x, y: np.round(np.mean((x - y) ** 2), 2), "digits are lost"),
    (squares, lambda x, y: np.floor(np.mean((x - y) ** 2)), "cut off"),
    (squares, lambda x, y: round(float(np.mean((x - y) ** 2))), "rounded away"),
    (squares, lambda x, y: np.mean((x + y) ** 2), "is due"),
    (squares, lambda x, y: np.mean(np.abs(x - y)), "These are absolute values."),
    (squares, lambda x: np.mean(x**2), "called with (x, y)"),
    (squares, lambda: 1.0, "called with (x, y)"),
    (squares, 0.75, "function itself"),
    (squares, np.float32(1), "function itself"),
    (squares, dict, "is a class, and a function is due"),
    (squares, None, "None"),
    (squares, tf.keras.Sequential([tf.keras.layers.Dense(1)]), "the function is due that makes it"),
    (doubled, lambda X: (2 * X).T, "transposed"),
    (doubled, lambda X: 2 * np.sum(X, axis=0), "An axis is lost"),
    (doubled, lambda X: 2 * X[None], "An axis of length 1 is too many"),
    (doubled, lambda X: 2 * np.squeeze(X), "An axis of length 1 is lost"),
    (doubled, lambda X: 2 * X.ravel(), "arranged in another way"),
    (doubled, lambda X: 2 * np.stack([X, X]), "An axis is too many"),
    (doubled, lambda X: 2 * X[:, 1:], "axis 1 has another length"),
    (doubled, lambda X: np.float32(4), "whatever the inputs are"),
    (squares, lambda x, y: np.mean((x - y) ** 2) * 1.0005, "nearly right"),
    (squares, lambda x, y: (np.mean((x - y) ** 2), len(x)), "2 values, separated by commas, and one is due"),
    (doubled, lambda X: 2 * X + (X[-1, -1] == X), "at position ["),
    (doubled, lambda X: X * 2 + np.where(X > 0, 0.5, 0), "is due"),
]


@pytest.mark.parametrize(("exercise", "answer", "words"), WRONG, ids=[words for *_, words in WRONG])
def test_a_wrong_answer_is_told_why(exercise, answer, words):
    outcome, _, advice = verdict(exercise, answer)
    assert outcome is Outcome.WRONG
    assert words in advice


def test_a_reason_is_given_only_where_it_holds():
    def told(got, want):
        return diagnosis.diagnose([diagnosis.Case({}, np.array(got), np.array(want))])

    assert told(-0.0031, 0.00247) == "It gives -0.0031, and 0.00247 is due."  # no digit is lost
    assert "something added" not in told([0.5 + 1e-5, 0.25, 0.125], [0.5 + 3e-5, 0.25 + 4e-5, 0.125 + 2e-5])
    assert "in another order" in told(np.ones((3, 1, 3)), np.ones((3, 3, 1)))
    assert "gives nan" in told([np.nan] * 2, [1.0, 2.0]) and "whatever" not in told([np.nan] * 2, [1.0, 2.0])


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


def test_a_square_result_of_broadcasting_is_named():
    each = Exercise("9.3", "Differences", right=lambda x, y: x - y, inputs=two_arrays)
    assert "broadcast to n × n" in verdict(each, lambda x, y: x - y[:, None]).advice


def test_truth_values_and_empty_results_are_judged_like_others():
    positive = Exercise("9.11", "Positive", right=lambda X: X > 0.5, inputs=matrices)
    assert verdict(positive, lambda X: tf.greater(X, 0.5)).outcome is Outcome.RIGHT
    for answer in (lambda X: X < 0.5, lambda X: X > 0.4, lambda X: (X > 0.5) * 1.0, lambda X: [], lambda X: np.zeros((0, 2))):
        outcome, _, advice = verdict(positive, answer)
        assert outcome is Outcome.WRONG and advice
    assert "leave the result of the comparison" in verdict(positive, lambda X: (X > 0.5) * 1.0).advice
    for answer in (lambda x, y: [], lambda x, y: np.zeros(0), lambda x, y: np.uint8(3), lambda x, y: 1j, lambda x, y: [None]):
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


def test_the_error_of_the_student_is_shown_with_its_line_and_nothing_of_ours():
    answer = written("def helper(a):\n    return a.no_such_thing\n\ndef answer(x, y):\n    d = x - y\n    return helper(d)\n")
    outcome, _, advice = verdict(squares, answer)
    assert outcome is Outcome.ERROR
    assert "AttributeError" in advice and "no_such_thing" in advice
    assert "line 2 of the cell:  return a.no_such_thing" in advice
    assert "utils" not in advice and "checking" not in advice


def test_the_input_is_shown_when_an_answer_stops_with_some_inputs_only():
    answer = written("def answer(x, y):\n    assert len(x) != 5\n    return np.mean((x - y) ** 2)\n")
    outcome, _, advice = verdict(squares, answer)
    assert outcome is Outcome.ERROR and "AssertionError" in advice and "The inputs were x = [" in advice


def test_tensorflows_addresses_are_left_out_of_the_students_error():
    answer = written("def answer(x, y):\n    return tf.matmul(x, y)\n")
    advice = verdict(squares, answer).advice
    assert "InvalidArgumentError" in advice and "{{" not in advice and "[Op:" not in advice and "device:" not in advice


@pytest.mark.parametrize(
    "code",
    [
        "def answer(x, y):\n    raise NotImplementedError",
        "def answer(x, y):\n    ...",
        "def answer(x, y):\n    return ...  # TODO: the mean",
        "def answer(x, y):\n    d = ...  # TODO: the mean\n    return np.mean(d)",
        "def answer(x, y):\n    d, e = ..., ...  # TODO: the mean\n    return d * 2",
        "def answer(x, y):\n    d = x - y\n    square = ...  # TODO: the mean\n    return np.mean(d)",
    ],
)
def test_what_still_waits_is_not_done_yet_and_never_wrong(code):
    outcome, _, advice = verdict(squares, written(code))
    assert outcome is Outcome.NOT_DONE
    assert "the mean" in advice if "TODO" in code else "waits" in advice


def test_a_placeholder_is_recognized_without_the_source():
    def answer(x, y):
        d = ...
        return np.mean(d)

    assert verdict(squares, ...).outcome is Outcome.NOT_DONE
    assert verdict(squares, answer).outcome is Outcome.NOT_DONE
    assert verdict(Exercise("9.4", "A pair", right=(1, 2), observe=lambda a: a), (..., ...)).outcome is Outcome.NOT_DONE


def test_dots_that_are_no_placeholder_do_not_disturb():
    answer = written("def answer(x, y):\n    unused = ...\n    return np.mean((x[..., None] - y[..., None]) ** 2)")
    assert verdict(squares, answer).outcome is Outcome.RIGHT


def test_an_endless_loop_is_cut_off_even_when_it_swallows_every_exception():
    for code in (
        "def answer(x, y):\n    while True:\n        pass",
        "def answer(x, y):\n    while True:\n        try:\n            x + y\n        except:\n            pass",
    ):
        start = time.perf_counter()
        outcome, _, advice = verdict(squares, written(code), seconds=1)
        assert outcome is Outcome.ERROR and "never ends" in advice
        assert time.perf_counter() - start < 5


def test_the_cut_off_is_after_ten_seconds_and_leaves_nothing_behind():
    from utils import checking

    assert checking.SECONDS == 10
    with pytest.raises(running.TimeUp), running.time_limit(0.2):
        while True:
            pass
    time.sleep(0.8)  # one that came late would be raised here


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def answer(x, y):\n    return answer(x, y)", "calls itself without end"),
        ("def answer(x, y):\n    return float(input('number? '))", "keyboard"),
        ("import sys\ndef answer(x, y):\n    return float(sys.stdin.readline())", "ValueError"),
        ("def answer(x, y):\n    exit()", "exit()"),
        ("import sys\ndef answer(x, y):\n    sys.exit(3)", "exit()"),
        ("def answer(x, y):\n    raise BaseException('out')", "out"),
    ],
)
def test_an_answer_that_would_take_the_course_down_is_an_error_in_its_code(code, words):
    outcome, _, advice = verdict(squares, written(code))
    assert outcome is Outcome.ERROR and words in advice


def test_inputs_are_copies_and_changing_them_is_told():
    answer = written("def answer(x, y):\n    x -= y\n    x *= x\n    return np.mean(x)\n")
    outcome, _, advice = verdict(squares, answer)
    assert outcome is Outcome.WRONG and "changes its inputs" in advice


@pytest.mark.parametrize("change", ["h['J'][0] = np.inf", "h['J'].append(1.0)", "h.clear()", "h['X'][0][0] = 1"])
def test_a_change_in_a_list_or_a_dictionary_that_came_in_is_told_as_well(change):
    history = {"J": [np.nan, 2.0], "X": (np.zeros(2), "text", tf.keras.losses.mse)}
    table = Exercise("0.0", "Entries", right=lambda h: 2.0, inputs=lambda rng: [(history,)])
    assert verdict(table, lambda h: 2.0).outcome is Outcome.RIGHT
    outcome, _, advice = verdict(table, written(f"def answer(h):\n    {change}\n    return 2.0"))
    assert outcome is Outcome.WRONG and "changes its inputs" in advice


def test_nothing_is_printed_and_what_was_printed_is_shown_only_with_what_is_wrong(capfd):
    loud = (
        "def answer(x, y):\n    print('here', len(x))\n    import sys\n    print('err', file=sys.stderr)\n    tf.print('c++')\n"
    )
    assert verdict(squares, written(loud + "    return np.mean((x - y) ** 2)")).advice == ""
    advice = verdict(squares, written(loud + "    return np.mean(x * y) / 0")).advice
    assert "It printed:  here 3" in advice
    assert capfd.readouterr() == ("", "")


def test_random_numbers_of_the_notebook_are_left_as_they_were():
    np.random.seed(1)
    expected = np.random.rand()
    np.random.seed(1)
    verdict(squares, lambda x, y: np.random.rand())
    assert np.random.rand() == expected


def test_a_layer_that_fails_early_does_not_change_what_other_models_do_from_then_on():
    class Endless(tf.keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.within = self

        def call(self, x):
            return x

    model = tf.keras.Sequential([tf.keras.Input((64,)), tf.keras.layers.Dropout(0.5)])
    ran = running.run(lambda X: Endless()(X, training=True), (np.ones((1, 2), np.float32),))
    assert isinstance(ran.error, RecursionError)
    assert np.any(model(np.ones((1, 64)), training=True) == 0)
    assert np.all(model(np.ones((1, 64))) == 1), "dropout, although nothing is trained"


def test_a_fault_of_the_checker_says_so_and_never_wrong():
    for broken in (
        Exercise("9.5", "Broken", right=lambda x: 1 / 0, inputs=lambda rng: [(1.0,)]),
        Exercise("9.5", "Broken", right=lambda x: x, inputs=lambda rng: 1 / 0),
    ):
        outcome, _, advice = verdict(broken, lambda x: x)
        assert outcome is Outcome.FAULT and "ZeroDivisionError" in advice


def test_a_fault_of_the_checker_is_never_taken_for_an_error_of_the_student():
    def observe(answer, x):
        return np.no_such_function(answer(x))

    broken = Exercise("9.5", "Broken", right=lambda x: x, observe=observe, inputs=lambda rng: [(1.0,)])
    outcome, _, advice = verdict(broken, lambda x: x)
    assert outcome is Outcome.FAULT and "no_such_function" in advice


def test_a_class_and_an_instance_are_told_apart():
    class Layer:
        def __call__(self, x):
            return x

    takes_class = Exercise("9.6", "A class", right=Layer, observe=lambda cls, x: cls()(x), inputs=lambda rng: [(1.0,), (2.0,)])
    takes_instance = Exercise("9.7", "An instance", right=Layer(), observe=lambda layer, x: layer(x), inputs=lambda rng: [(1.0,)])
    assert verdict(takes_class, Layer).outcome is Outcome.RIGHT
    assert "class itself" in verdict(takes_class, Layer()).advice
    assert "an instance made from it" in verdict(takes_instance, Layer).advice
    takes_value = Exercise("9.8", "A value", right=2.0, observe=lambda answer: answer)
    assert "value is due" in verdict(takes_value, np.mean).advice


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
        assert "A Keras model is due" in verdict(takes_model, other).advice


def test_each_part_may_have_inputs_of_its_own():
    two = Exercise(
        "9.12",
        "Two parts",
        parts=("of_one", "of_two"),
        right=(lambda x: 2 * x, lambda x, y: x + y),
        inputs=(lambda rng: [(rng.normal(),)], lambda rng: [tuple(rng.normal(size=2))]),
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


def test_a_mistake_is_recognized_by_what_is_seen_with_one_input_that_is_wrong():
    sign = Exercise(
        "9.14",
        "Sign",
        right=np.sign,
        inputs=lambda rng: [(3.0,), (-2.0,)],
        mistakes=[Mistake(lambda x: 1.0, "It is {seen}, where it should be negative.", when=lambda seen: seen >= 0)],
    )
    assert verdict(sign, lambda x: 1.0 if x > 0 else 5.0).advice == "It is 5.0, where it should be negative."
    assert "should be negative" not in verdict(sign, lambda x: -1.0).advice
    unfit = replace(sign, mistakes=[Mistake(lambda x: "zero", "It is {seen}.", when=lambda seen: seen == "zero")])
    assert verdict(unfit, lambda x: 1.0 if x > 0 else "zero").advice == "It is zero."


def test_inputs_are_named_after_what_puts_an_answer_to_work():
    scaled = Exercise(
        "9.15",
        "Scaled",
        right=np.exp,
        observe=lambda answer, width, height: answer(width) * height,
        inputs=lambda rng: [(1.0, 2.0)],
    )
    assert "width = 1, height = 2" in verdict(scaled, np.sin).advice


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
    assert diagnosis.close(one, np.ones(3))
    assert not diagnosis.close(one, np.ones((3, 1)))
    assert not diagnosis.close(one > 0, np.ones(3))
    assert not diagnosis.close(one, one + 1e-3)


def test_a_student_sees_no_frame_of_the_libraries():
    try:
        written("def answer(x):\n    return np.linalg.inv(x)")(np.zeros((2, 3)))
    except Exception as error:
        lines = [frame.f_code.co_filename for frame, _ in running.student_frames(error)]
    assert lines[-1] == "<cell written answer>"
    assert not any(sys.prefix in line for line in lines)


def test_an_exercise_may_say_itself_how_what_was_seen_differs():
    trace = Exercise(
        "0.0",
        "trace",
        right=lambda n: list(range(n)),
        inputs=lambda rng: [(2,), (3,)],
        observe=lambda answer, n: np.array([len(answer(n))]),
        explain=lambda seen, due, n: f"For {n} it makes {seen[0]} steps, and should make {due[0]}.",
    )
    assert judge(trace, lambda n: list(range(n))).outcome is Outcome.RIGHT
    assert judge(trace, lambda n: [0, 0]).advice == "For 3 it makes 2 steps, and should make 3."


def test_the_right_answer_is_not_put_to_work_where_accept_decides():
    made = []

    def right():
        made.append("trained")

    training = Exercise("0.0", "training", right=right, observe=lambda answer: answer() or 0.5, accept=lambda seen: seen > 0.3)
    assert judge(training, lambda: 0.4).outcome is Outcome.RIGHT
    assert not made
    assert judge(training, lambda: 0.2).outcome is Outcome.WRONG
    assert made
