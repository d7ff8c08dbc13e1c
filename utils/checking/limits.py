"""
Ends an answer that takes too long: by the work it does, and by the clock only where it does none.

Work is processor time, so that a busy machine takes nothing away from an answer.
"""

import ctypes
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

SECONDS = 10.0  # of work that an answer may do
MANY_TIMES = 10  # as much work as the course's own answer does on this machine: more than SECONDS on a slow one
PATIENCE = 60.0  # seconds that an answer may wait
AT_REST = 0.05  # a process that works for less than this share of the time waits

Result = TypeVar("Result")


class TimeUp(BaseException):
    """
    Raised inside an answer that takes too long, and out of `within`, with a sentence for the student.

    A BaseException, so that `except Exception` in the answer lets it through.
    """

    waited = False


def within(seconds: float, call: Callable[[], Result], everything: bool = False, patience: float | None = None) -> Result:
    """
    What `call` returns, within these seconds of work. Raises TimeUp where they do not suffice, whatever else the call does.

    The call runs in this thread. Where it swallows TimeUp, that is raised again, twice a second.
    everything: whether work of the course counts as well, which is not charged otherwise.
    patience: the seconds that the call may wait without work; PATIENCE by default.
    """
    global _watching
    watch, before = _Watch(seconds, everything, patience or PATIENCE), _watching
    watch.around = before
    try:
        _watching = watch
        watch.start()
        result = call()
    except BaseException:
        if not watch.sent:
            raise
    finally:
        # TimeUp may be on its way to this thread, and the watch about to send another: two at most after this line.
        watch.over = True
        try:
            watch.settle()
        except TimeUp:
            try:
                watch.settle()
            except TimeUp:
                watch.settle()
        _watching = before
    if watch.sent:
        raise watch.time_up()
    return result


def work_of(call: Callable[[], object]) -> float:
    """Seconds of work that a call does, without what is not charged."""
    global _watching
    watch, before = _Watch(math.inf, False, PATIENCE), _watching
    _watching = watch
    try:
        call()
    finally:
        _watching = before
    return watch.work()


def is_up() -> bool:
    """Whether the time of the answer that runs now is up: whatever error it ends with comes from that."""
    return _watching is not None and _watching.sent


@contextmanager
def not_charged() -> Iterator[None]:
    """Work that the course does in here, such as a training, does not count as work of the answer."""
    watch = _watching
    if watch is None or watch.everything or watch.free_since is not None:  # nobody watches, or this makes no difference
        yield
        return
    begun = time.process_time()
    watch.free_since = begun
    try:
        yield
    finally:
        watch.free += time.process_time() - begun
        watch.free_since = None


class _Watch:
    """Watches over one call, from a thread of its own."""

    def __init__(self, seconds: float, everything: bool, patience: float):
        self.seconds, self.everything, self.patience = seconds, everything, patience
        self.over, self.sent, self.waited = False, False, False
        self.around: _Watch | None = None  # the watch over what this call is a part of
        self.free, self.free_since = 0.0, None  # work that is not charged: until now, and since when
        self._answer = threading.get_ident()
        self._bell = threading.Lock()  # released when the call is over
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._handler = None
        self._begun = time.process_time()

    def start(self) -> None:
        """Begin to watch."""
        if threading.current_thread() is threading.main_thread() and hasattr(signal, "pthread_kill"):
            self._handler = signal.signal(signal.SIGVTALRM, self._interrupted)
        self._bell.acquire()
        self._thread.start()

    def settle(self) -> None:
        """Wait until nothing more can be sent, and take back what is on its way."""
        with suppress(RuntimeError):  # it is released already
            self._bell.release()
        while self._thread.is_alive():
            time.sleep(0.0005)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._answer), None)
        if self._handler is not None:
            signal.signal(signal.SIGVTALRM, self._handler)

    def time_up(self) -> TimeUp:
        """The exception that tells the student."""
        sentence = f"Your code was still running after {self.seconds:.3g} s and was stopped. Look for a loop that never ends."
        if self.waited:
            sentence = f"Your code was still waiting after {self.patience:g} s and was stopped. What does it sleep or wait for?"
        up = TimeUp(sentence)
        up.waited = self.waited
        return up

    def work(self) -> float:
        """Seconds of work that the answer did."""
        now, since = time.process_time(), self.free_since
        return now - self._begun - self.free - (now - since if since is not None else 0)

    def _is_left(self) -> bool:
        """Whether the call has ended without a word: the limit of what it is a part of came between two of the last lines."""
        watch = _watching
        while watch is not None and watch is not self:
            watch = watch.around
        return watch is None

    def _watch(self) -> None:
        rested, worked = time.monotonic(), time.process_time()
        while not self.over:
            self._bell.acquire(timeout=0.5 if self.sent else min(0.5, max(0.002, (self.seconds - self.work()) / 2)))
            if self.over or self._is_left():
                return
            if self.work() >= self.seconds:
                self._send()
            if time.monotonic() - rested > self.patience:
                self.waited = time.process_time() - worked < AT_REST * self.patience
                if self.waited:
                    self._wake()
                rested, worked = time.monotonic(), time.process_time()

    def _send(self) -> None:
        """Raise TimeUp in the answer's thread, as soon as that is back in Python."""
        self.sent = True
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._answer), ctypes.py_object(TimeUp))

    def _wake(self) -> None:
        """Raise TimeUp in the answer's thread, also where it sleeps in the system; only a signal can, to the main thread."""
        if self._handler is None:
            self._send()
            return
        self.sent = True
        signal.pthread_kill(self._answer, signal.SIGVTALRM)

    def _interrupted(self, number: int, frame: object) -> None:
        if not self.over:
            raise TimeUp


_watching: _Watch | None = None
