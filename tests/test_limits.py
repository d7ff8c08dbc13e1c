"""An answer is ended by the work it does, and by the clock only where it does none; what ends it hits nothing else."""

import contextlib
import functools
import random
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from tests.devices import tf
from tests.labs import run_cell
from utils.checking import Exercise, Outcome, judge, limits

doubled = Exercise("9.1", "Doubled", right=lambda x: 2 * x, inputs=lambda rng: [(np.ones(3, np.float32),)])


def work(seconds):
    """Use the processor for these seconds."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def written(code):
    """A function as a student writes it, in a cell."""
    namespace = {"np": np, "tf": tf, "time": time, "threading": threading}
    run_cell(code, namespace, "written answer")
    return namespace["answer"]


ENDLESS = {
    "a loop": "def answer(x):\n    while True:\n        pass",
    "a loop that swallows every exception": (
        "def answer(x):\n    while True:\n        try:\n            x + x\n        except:\n            pass"
    ),
    "a loop while TensorFlow records": (
        "@tf.function\ndef answer(x):\n    while True:\n        for _ in list(range(1000)):\n            x = x + x\n    return x"
    ),
    "a loop in a layer": (
        "class Layer(tf.keras.layers.Layer):\n    def call(self, x):\n        while 1 + 1:\n            x = x + 1\n\n"
        "def answer(x):\n    return tf.keras.Sequential([Layer()])(x[None])"
    ),
    "a loop that ends, and says nothing of it": (
        "def answer(x):\n    try:\n        while True:\n            pass\n    except BaseException:\n        return 2 * x"
    ),
    "an error that comes of the end": (
        "def answer(x):\n    try:\n        while True:\n            pass\n    except BaseException:\n        raise ValueError"
    ),
}


@pytest.mark.parametrize("code", ENDLESS.values(), ids=ENDLESS)
def test_what_never_ends_is_stopped_and_named_whatever_becomes_of_the_exception(code):
    begun = time.process_time()
    outcome, _, advice = judge(doubled, written(code), seconds=0.5)
    assert outcome is Outcome.ERROR
    assert advice.startswith("Your code was still running after 0.5 s and was stopped. Look for a loop that never ends.")
    assert time.process_time() - begun < 4


WAITING = {
    "sleep": "time.sleep(100)",
    "a lock": "lock = threading.Lock()\n    lock.acquire()\n    lock.acquire()",
    "short sleeps": "[time.sleep(0.01) for _ in range(10**4)]",
}


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="what sleeps in the system is woken by a POSIX signal")
@pytest.mark.parametrize("code", WAITING.values(), ids=WAITING)
def test_what_only_waits_is_ended_by_the_clock_with_a_sentence_of_its_own(code, monkeypatch):
    monkeypatch.setattr(limits, "PATIENCE", 1.0)
    outcome, _, advice = judge(doubled, written(f"def answer(x):\n    {code}"))
    assert outcome is Outcome.ERROR
    assert advice == "Your code was still waiting after 1 s and was stopped. What does it sleep or wait for?"


def test_what_waits_in_another_thread_is_ended_too(monkeypatch):
    monkeypatch.setattr(limits, "PATIENCE", 1.0)
    ended = []

    def check():
        with pytest.raises(limits.TimeUp) as up:
            limits.within(10, lambda: [time.sleep(0.01) for _ in range(10**4)])
        ended.append(up.value)

    thread = threading.Thread(target=check)
    thread.start()
    thread.join(60)
    assert ended[0].waited


def test_the_limits_are_ten_seconds_of_work_and_a_minute_of_waiting():
    assert (limits.SECONDS, limits.PATIENCE) == (10, 60)


def test_an_answer_that_is_slow_where_everything_is_slow_is_right():
    """The course's own answer takes as long: the machine is slow, not the answer."""

    def slow(x):
        work(0.2)
        return 2 * x

    assert (
        judge(Exercise("9.2", "Slow", right=slow, inputs=doubled.inputs), lambda x: slow(x), seconds=0.1).outcome is Outcome.RIGHT
    )
    assert judge(doubled, slow, seconds=0.1).outcome is Outcome.ERROR


def test_work_of_the_course_is_not_charged_to_the_answer():
    def observe(answer, x):
        with limits.not_charged():
            work(0.4)
        return answer(x)

    trained = Exercise("9.3", "Trained", right=lambda x: 2 * x, inputs=doubled.inputs, observe=observe)
    assert judge(trained, lambda x: x + x, seconds=0.2).outcome is Outcome.RIGHT
    assert limits.work_of(lambda: observe(lambda x: work(0.1), 1)) < 0.3


def test_time_that_others_take_is_not_work():
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
        try:
            assert limits.within(0.3, lambda: time.sleep(0.6) or "done") == "done"
        finally:
            other.kill()


def test_limits_within_limits_end_the_inner_one():
    def inner():
        with pytest.raises(limits.TimeUp):
            limits.within(0.1, lambda: work(5))
        return "went on"

    assert limits.within(20, inner) == "went on"
    assert not limits.is_up()


def test_an_interrupt_gets_out_and_leaves_nothing_behind():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        limits.within(10, interrupted)
    assert not watches()


def watches():
    """The watches that still run."""
    return [thread for thread in threading.enumerate() if "_watch" in thread.name]


def swallow(seconds):
    """Work, and let no exception out."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        with contextlib.suppress(BaseException):
            sum(range(50))


def test_an_interrupt_while_a_call_is_put_away_gets_out_and_what_comes_after_has_its_limit(monkeypatch):
    settle, presses = limits._Watch.settle, iter([KeyboardInterrupt])

    def pressed(watch):
        for press in presses:
            raise press
        settle(watch)

    monkeypatch.setattr(limits._Watch, "settle", pressed)
    with pytest.raises(KeyboardInterrupt):
        limits.within(10, lambda: None)
    assert limits._watching is None and not watches()
    left_behind = limits._Watch(10, False, 60)
    left_behind.over = True
    monkeypatch.setattr(limits, "_watching", left_behind)
    with pytest.raises(limits.TimeUp):
        limits.within(0.05, lambda: work(5))
    assert not limits.is_up()


def test_a_limit_hits_the_call_and_never_what_comes_after_it():
    """Calls that last as long as their limit, many times: each returns or is ended, no watch stays, and no exception is late."""
    rng, ended = random.Random(0), 0
    calls = 0
    while calls < 300:
        limit = rng.choice([0.001, 0.005, 0.03])
        call = functools.partial(rng.choice([work, swallow]), limit * rng.choice([0.5, 1, 1, 1.5]))
        try:
            limits.within(limit, call)
        except limits.TimeUp:
            ended += 1
        calls += 1
        assert limits._watching is None
        assert not watches()
    for _ in range(100_000):  # one that is late would be raised here
        pass
    assert 10 < ended < calls


def test_a_limit_within_a_limit_leaves_no_watch_behind_wherever_it_comes():
    """The outer one comes at any line of the inner one's, whose watch then ends by itself."""
    rng = random.Random(0)

    def many_short_ones():
        while True:
            with contextlib.suppress(limits.TimeUp):
                limits.within(0.5, lambda: sum(range(rng.randrange(100))))
            if limits.is_up():
                raise limits.TimeUp

    for _ in range(100):
        with pytest.raises(limits.TimeUp):
            limits.within(rng.choice([0.001, 0.003, 0.01]), many_short_ones)
        assert limits._watching is None
    deadline = time.monotonic() + 5
    while watches():
        assert time.monotonic() < deadline, watches()
        time.sleep(0.05)
