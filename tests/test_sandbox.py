"""Answers run in the sandbox: nothing they do takes the course down, shows our stack, or changes the notebook."""

import os
import random
import sys

import numpy as np
import pytest

from tests.devices import tf
from tests.judged import squares, verdict, written
from utils.checking import (
    Exercise,
    Outcome,
    errors,
    sandbox,
)


def test_an_error_within_a_recorded_function_is_told_by_its_own_words():
    recorded = written("@tf.function\ndef answer(x):\n    return tf.matmul(x, x)")
    with pytest.raises(ValueError) as failure:
        recorded(tf.ones((2, 3)))
    assert str(failure.value).startswith("in user code:")
    assert "stops with ValueError: Dimensions must be equal, but are 3 and 2" in errors.describe(failure.value)


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
    ran = sandbox.run(lambda X: Endless()(X, training=True), (np.ones((1, 2), np.float32),))
    assert isinstance(ran.error, RecursionError)
    assert np.any(model(np.ones((1, 64)), training=True) == 0)
    assert np.all(model(np.ones((1, 64))) == 1), "dropout, although nothing is trained"


def test_a_student_sees_no_frame_of_the_libraries():
    try:
        written("def answer(x):\n    return np.linalg.inv(x)")(np.zeros((2, 3)))
    except Exception as error:
        lines = [frame.f_code.co_filename for frame, _ in errors.student_frames(error)]
    assert lines[-1] == "<cell written answer>"
    assert not any(sys.prefix in line for line in lines)


def test_an_error_whose_own_text_fails_is_an_error_of_the_student():
    code = "class E(Exception):\n    def __str__(self):\n        return self.no_such_thing\n\ndef answer(x, y):\n    raise E\n"
    outcome, _, advice = verdict(squares, written(code))
    assert outcome is Outcome.ERROR and "stops with E: no message" in advice


def draws_of_the_notebook():
    """A number from each of the streams that a notebook draws from."""
    layer = tf.keras.layers.Dense(1)
    layer.build((None, 1))
    streams = (tf.random.normal([]), tf.keras.random.normal([]), tf.random.get_global_generator().normal([]), layer.kernel)
    return [random.random(), np.random.rand(), *(float(np.ravel(stream)[0]) for stream in streams)]


def test_a_check_leaves_all_random_numbers_of_the_notebook_as_they_were():
    def draws(x, y):
        draws_of_the_notebook()
        tf.keras.utils.set_random_seed(1)
        return draws_of_the_notebook()[0]

    runs = []
    for checked in (False, True):
        tf.keras.utils.clear_session()  # in Keras 3.0 its generator outlives a new seed
        tf.keras.utils.set_random_seed(5)
        tf.random.set_global_generator(tf.random.Generator.from_seed(5))
        runs.append(draws_of_the_notebook())
        if checked:
            verdict(squares, draws)
        runs.append(draws_of_the_notebook())
    assert runs[:2] == runs[2:]


def test_each_check_draws_other_numbers():
    runs = []
    for _ in range(2):
        tf.keras.utils.set_random_seed(5)
        verdict(squares, lambda x, y: runs.append(draws_of_the_notebook()))
    drawn = np.array(runs).ravel()
    assert len(set(drawn)) == len(drawn)


class Shell:
    """A shell of IPython's that has no `ask_exit`."""


def test_a_shell_that_cannot_be_asked_to_exit_is_no_failure_of_the_checker(monkeypatch):
    monkeypatch.setattr(sandbox, "_ipython", Shell)
    assert verdict(squares, lambda x, y: np.mean((x - y) ** 2)).outcome is Outcome.RIGHT
    assert not hasattr(Shell, "ask_exit")


@pytest.mark.parametrize("descriptor", [1, 2])
def test_what_a_library_writes_past_python_stays_out_of_the_notebook(descriptor, capfd):
    """LAPACK writes to the one and TensorFlow to the other."""
    with sandbox.quiet():
        os.write(descriptor, b"** On entry to DLASCL parameter number 4 had an illegal value")
    os.write(descriptor, b"shown")
    assert capfd.readouterr()[descriptor - 1] == "shown"
