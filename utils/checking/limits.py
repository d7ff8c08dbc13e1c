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
LOOK = 1.0  # seconds that may pass between two looks; what is more, the whole process was held up, and nobody waited
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

    The call runs in this thread. Where it swallows TimeUp, that is raised again, twice a second. Limits may lie within limits.
    everything: whether work of the course counts as well, which is not charged otherwise.
    patience: the seconds that the call may wait without work; PATIENCE by default.
    """
    global _watching
    watch, interrupt = _Watch(seconds, everything, patience or PATIENCE), None
    try:
        _watching = watch
        watch.begin()
        result = call()
    except BaseException:
        if not watch.sent:
            raise
    finally:
        watch.over = True
        for _ in range(4):  # TimeUp may be on its way to this thread, the watcher about to send another, and a person press stop
            try:
                watch.settle()
                break
            except TimeUp:
                pass
            except KeyboardInterrupt as pressed:
                interrupt = pressed
        _watching = watch.around
        if interrupt:
            raise interrupt
    if watch.sent:
        raise watch.time_up()
    return result


def work_of(call: Callable[[], object]) -> float:
    """Seconds of work that a call does, without what is not charged."""
    global _watching
    _watching = watch = _Watch(math.inf, False, PATIENCE)
    try:
        call()
    finally:
        _watching = watch.around
    return watch.work()


def is_up() -> bool:
    """Whether the time of what runs now is up, or of what that is a part of: whatever error it ends with comes from there."""
    return any(watch.sent for watch in _chain())


def _chain() -> "Iterator[_Watch]":
    """The watches over what runs now, the innermost first, without one that an interrupt left behind."""
    watch = _watching
    while watch is not None:
        if not watch.over:
            yield watch
        watch = watch.around


@contextmanager
def not_charged() -> Iterator[None]:
    """Work that the course does in here, such as a training, does not count as work of the answer."""
    watch = next(_chain(), None)
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
    """What one call has done, and how much it may do."""

    def __init__(self, seconds: float, everything: bool, patience: float):
        self.seconds, self.everything, self.patience = seconds, everything, patience
        self.over, self.sent, self.waited = False, False, False
        self.free, self.free_since = 0.0, None  # work that is not charged: until now, and since when
        self.around = next(_chain(), None)  # the watch over what this call is a part of
        self.watcher: _Watcher | None = None
        self._begun = self._worked = time.process_time()
        self._looked, self._rested = time.monotonic(), 0.0  # when it was looked at, and seconds since it last worked enough

    def begin(self) -> None:
        """
        Have the call watched: by the watcher of what it is a part of, or by a new one.

        A new one for each would not do. Where TimeUp comes while a thread is started, Python may raise it in the new thread,
        which then never says that it runs.
        """
        if self.around and self.around.watcher:
            self.watcher = self.around.watcher
        else:
            self.watcher = _Watcher(self)  # known before it starts: its TimeUp may come at once
            self.watcher.start()

    def settle(self) -> None:
        """Wait until nothing more can be sent for this call, and take back what is on its way."""
        if self.watcher is not None:
            self.watcher.settle(self)

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

    def is_idle(self) -> bool:
        """Whether the call has waited for as long as it may, nearly without work."""
        now = time.monotonic()
        self._rested += min(now - self._looked, LOOK)
        self._looked = now
        if self._rested <= self.patience:
            return False
        self.waited = time.process_time() - self._worked < AT_REST * self.patience
        self._rested, self._worked = 0.0, time.process_time()
        return self.waited


class _Watcher:
    """A thread that watches over a call, and over all calls with limits of their own that are parts of it."""

    def __init__(self, first: _Watch):
        self._first, self._answer = first, threading.get_ident()
        self._handler = None
        self._busy = False
        self._bell = threading.Lock()  # released when the call is over
        self._bell.acquire()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        if threading.current_thread() is threading.main_thread() and hasattr(signal, "pthread_kill"):
            self._handler = signal.signal(signal.SIGVTALRM, _interrupted)
        self._thread.start()

    def settle(self, watch: _Watch) -> None:
        """Wait until nothing more can be sent for a call that is over, and take back what is on its way."""
        if watch is self._first:
            with suppress(RuntimeError):  # it is released already
                self._bell.release()
        while self._busy or (watch is self._first and self._thread.is_alive()):
            time.sleep(0.0005)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._answer), None)
        if watch is self._first and self._handler is not None:
            signal.signal(signal.SIGVTALRM, self._handler)

    def _watch(self) -> None:
        while not self._first.over:
            self._bell.acquire(timeout=self._pause())
            self._busy = True
            for watch in reversed(list(_chain())):
                if watch.work() >= watch.seconds or watch.is_idle():
                    self._send(watch)
                    break
            self._busy = False

    def _pause(self) -> float:
        """Seconds until the next look."""
        watches = list(_chain())
        if any(watch.sent for watch in watches):
            return 0.5
        return min([0.1, *(max(0.002, (watch.seconds - watch.work()) / 2) for watch in watches)])

    def _send(self, watch: _Watch) -> None:
        """Raise TimeUp in the answer's thread as soon as it is in Python; where it sleeps in the system, a signal wakes it."""
        watch.sent = True
        if watch.waited and self._handler is not None:
            signal.pthread_kill(self._answer, signal.SIGVTALRM)
        else:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._answer), ctypes.py_object(TimeUp))


def _interrupted(number: int, frame: object) -> None:
    if any(watch.sent for watch in _chain()):
        raise TimeUp


_watching: _Watch | None = None
