"""Runs a student's code so that nothing it does can take the course down."""

import builtins
import copy
import ctypes
import gc
import io
import linecache
import os
import random
import re
import signal
import sys
import sysconfig
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@contextmanager
def no_c_stderr() -> Iterator[None]:
    """Keep what C++ code writes to file descriptor 2 from the notebook; where there is no descriptor 2, do nothing."""
    try:
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:
        yield
        return
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextmanager
def no_garbage() -> Iterator[None]:
    """
    Keep Python from looking for garbage among what is made meanwhile, then and ever after.

    TensorFlow's import makes what stays: looking through it, then and once more when Python ends, takes half as long again.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


with no_c_stderr(), no_garbage():  # some of TensorFlow's start-up lines obey no setting; here it is imported first, for everybody
    import tensorflow as tf

tf.get_logger().setLevel("WARNING")  # its news of strategies and devices would land in the notebooks
tf.config.experimental.enable_tensor_float_32_execution(False)  # on a GPU, matrix products as exact as on a CPU


@contextmanager
def interrupts_later() -> Iterator[None]:
    """
    Hold a press of the stop button back until the end: what goes on meanwhile is whole, or has not begun.

    TensorFlow ends the process where an interrupt comes while it makes a tensor of Python's numbers.
    """
    pressed: list[int] = []
    try:
        before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    except ValueError:  # interrupts come to the main thread, and this is another one
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed:
            signal.raise_signal(signal.SIGINT)


class TimeUp(BaseException):
    """Raised inside an answer that runs for too long; a BaseException, so that `except Exception` lets it through."""


@dataclass(frozen=True)
class Run:
    """What one call of an answer did: the value it gave, or the error it stopped with."""

    value: Any = None
    error: BaseException | None = None
    changed_input: bool = False


def run(call: Callable[..., Any], args: tuple) -> Run:
    """Call with copies of args, and tell what came of it. Only TimeUp and KeyboardInterrupt get out."""
    given = copy.deepcopy(args)
    try:
        value = call(*given)
    except (TimeUp, KeyboardInterrupt):
        raise
    except BaseException as error:
        return Run(error=error)
    finally:
        _leave_layers()
    return Run(value, changed_input=not _same(args, given))


def _same(a: Any, b: Any) -> bool:
    """Whether what was copied still is as its copy: arrays and numbers, those in lists and dictionaries too; no other objects."""
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and np.array_equal(a, b, equal_nan=True)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, (int, float)):
        return isinstance(b, (int, float, np.generic)) and (a == b or (a != a and b != b))
    return True


def _leave_layers() -> None:
    """
    Tell Keras that no layer is being called. One that fails early stays entered, and what `training` is in any call from then on
    would hold for the calls of all models after it: dropout where none is due. Keras has no public way to it; where a release
    moves it, the labs go on without, and a test says so.
    """
    with suppress(ImportError, AttributeError):
        from keras.src.backend.common import global_state

        global_state.set_global_attribute("current_call_ctx", None)


@contextmanager
def quiet() -> Iterator[io.StringIO]:
    """
    No output, no warnings, no keyboard, no exit, and the random numbers of Python and NumPy left as they were.

    Yields what was printed meanwhile.
    """
    printed = io.StringIO()
    python_state, numpy_state = random.getstate(), np.random.get_state()
    with ExitStack() as stack:
        stack.enter_context(redirect_stdout(printed))
        stack.enter_context(redirect_stderr(io.StringIO()))
        stack.enter_context(no_c_stderr())
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(_replaced(sys, "stdin", io.StringIO()))
        stack.enter_context(_replaced(builtins, "input", _no_keyboard))
        if (shell := _ipython()) is not None:  # there, exit() does not raise: it tells the kernel to stop
            stack.enter_context(_replaced(shell, "ask_exit", sys.exit))
        try:
            yield printed
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """
    Raise TimeUp in this thread once the seconds are over, wherever its Python code stands.

    Works on every system and in every thread. An answer that swallows it gets it again, twice a second.
    """
    thread = ctypes.c_ulong(threading.get_ident())
    lock, done = threading.Lock(), threading.Event()

    def watch():
        pause = seconds
        while not done.wait(pause):
            pause = 0.5
            with lock:
                if not done.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TimeUp))

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        while not done.is_set():
            try:
                with lock:
                    done.set()
            except TimeUp:  # it came while we were here: the time was up all the same
                continue
        ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, None)


def describe(error: BaseException) -> str:
    """The error in the student's own words: its kind, its message, and the line of theirs where it happened."""
    if isinstance(error, SystemExit):
        what = "Your code calls `exit()`, which would stop the whole notebook; a function ends with `return`"
    elif isinstance(error, EOFError):
        what = "Your code asks for keyboard input, and a check has no keyboard; take the numbers from the arguments"
    elif isinstance(error, RecursionError):
        what = "Your code calls itself without end (RecursionError)"
    else:
        what = f"Your code stops with {type(error).__name__}: {words(error)}"
    frames = student_frames(error)
    if not frames:
        return f"{what.rstrip('.')}."
    frame, line_number = frames[-1]
    line = linecache.getline(frame.f_code.co_filename, line_number).strip()
    return f"{what.rstrip('.')}.\nIt happens in line {line_number} of the cell" + (f":  {line}" if line else ".")


def student_frames(error: BaseException) -> list[tuple[Any, int]]:
    """The frames of an error that lie in the student's own code, outermost first, each with its line number."""
    return [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if not _is_library(frame)]


def raised_by_student(error: BaseException) -> bool:
    """Whether the student's own line raised the error, rather than something that it called."""
    frames = list(traceback.walk_tb(error.__traceback__))
    return bool(frames) and not _is_library(frames[-1][0])


_LIBRARIES = tuple(
    str(Path(folder).resolve()) + os.sep
    for folder in {Path(__file__).parent, *(sysconfig.get_path(key) for key in ("stdlib", "purelib", "platlib"))}
)


def _is_library(frame: Any) -> bool:
    name = frame.f_code.co_filename
    return (
        name.startswith(("<frozen", "<__array_function__"))
        or "autograph_generated" in name
        or (not name.startswith("<") and str(Path(name).resolve()).startswith(_LIBRARIES))
    )


def words(error: BaseException) -> str:
    """The first sentence of an error's message, without TensorFlow's addresses of devices and operations."""
    text = re.sub(r"\{\{.*?\}\}|\[Op:.*?\]|name: *$", "", str(error))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return "no message"
    if lines[0] == "in user code:":  # TensorFlow, recording a function, puts the calls first, and the error again after them
        kind = f"{type(error).__name__}: "
        starts = [i for i, line in enumerate(lines) if line.startswith(kind)]
        lines = [line.removeprefix(kind) for line in lines[starts[-1] if starts else -1 :]]
    if lines[0].startswith("Exception encountered when calling"):  # Keras puts its own line first
        lines = [line for line in lines[1:] if not line.startswith("Arguments received")] or lines
    return re.sub(r"\s+", " ", re.sub(r"\x1b\[\d*m", "", lines[0]))[:200].strip()


def _ipython() -> Any:
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None


def _no_keyboard(prompt: str = "") -> str:
    raise EOFError("a check has no keyboard")


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)
