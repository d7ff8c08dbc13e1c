"""Runs a student's code so that nothing it does can take the course down, or change what the notebook does afterwards."""

import builtins
import copy
import io
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from utils.checking import chance, limits
from utils.quiet_tensorflow import no_c_output


@dataclass(frozen=True)
class Run:
    """What one call of an answer did: the value it returned, or the error it stopped with."""

    value: Any = None
    error: BaseException | None = None
    changed_input: bool = False


def run(call: Callable[..., Any], args: tuple) -> Run:
    """Call with copies of args, and report what it did. Only TimeUp and KeyboardInterrupt get out."""
    copies = copy.deepcopy(args)
    try:
        value = call(*copies)
    except (limits.TimeUp, KeyboardInterrupt):
        raise
    except BaseException as error:
        if limits.is_up():  # inside TensorFlow, TimeUp becomes another error
            raise limits.TimeUp from None
        return Run(error=error, changed_input=not _same(args, copies))
    finally:
        _leave_layers()
    return Run(value, changed_input=not _same(args, copies))


def _same(a: Any, b: Any) -> bool:
    """Whether what was copied is as its copy: arrays and numbers, also in lists and dictionaries; other objects count as same."""
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and np.array_equal(a, b, equal_nan=True)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, (int, float)):
        return isinstance(b, (int, float, np.generic)) and (a == b or (a != a and b != b))
    return True


# What Keras keeps while it calls layers and makes their weights, and what it is outside of all that.
AT_REST = {"current_call_ctx": None, "stateless_scope": None, "symbolic_scope": None, "uninitialized_variables": []}


def _leave_layers() -> None:
    """
    Make Keras forget the layers that are being called, and the weights that are being made.

    A layer that fails leaves its call context behind, and the `training` of that call would hold for the calls of all models
    after it: dropout where nobody asked for it. Weights that were half made when the time was up would be made again with each
    model after them, which then fails. Keras has no public function for it. Where a release moves the private one, the labs go
    on without, and a test fails.
    """
    with suppress(ImportError, AttributeError):
        from keras.src.backend.common import global_state

        for name, value in AT_REST.items():
            global_state.set_global_attribute(name, copy.copy(value))


@contextmanager
def quiet() -> Iterator[io.StringIO]:
    """
    No output, no warnings, no keyboard, no exit, and all random numbers of the notebook left as they were.

    Yields what was printed meanwhile.
    """
    printed = io.StringIO()
    with ExitStack() as stack:
        stack.enter_context(redirect_stdout(printed))
        stack.enter_context(redirect_stderr(io.StringIO()))
        stack.enter_context(no_c_output(1, 2))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(_replaced(sys, "stdin", io.StringIO()))
        stack.enter_context(_replaced(builtins, "input", _no_keyboard))
        if (shell := _ipython()) is not None:  # there, exit() does not raise: it tells the kernel to stop
            stack.enter_context(_replaced(shell, "ask_exit", sys.exit))
        stack.enter_context(random_numbers_kept())
        yield printed


@contextmanager
def random_numbers_kept() -> Iterator[None]:
    """
    Leave the random numbers of Python, NumPy, TensorFlow and Keras as they were.

    What is drawn in here does not move what the notebook draws later, and does not come from the notebook's seed: a second check
    draws other numbers.
    """
    python_state, numpy_state = random.getstate(), np.random.get_state()
    random.seed(chance.bits(64))
    np.random.seed(chance.bits(32))
    with ExitStack() as stack:
        # TensorFlow and Keras have no public functions for it. Where a release moves these, a test fails.
        with suppress(ImportError, AttributeError):
            from tensorflow.python.eager import context
            from tensorflow.python.ops import stateful_random_ops

            stack.enter_context(_replaced(context.context(), "_rng", random.Random(chance.bits(64))))
            stack.enter_context(_replaced(context.context(), "_seed", context.context()._seed))
            stack.enter_context(_replaced(stateful_random_ops, "global_generator", None))
        with suppress(ImportError, AttributeError):
            from keras.src.backend.common.global_state import GLOBAL_STATE_TRACKER as keras_state

            for name in ("global_seed_generator", "global_random_seed"):
                stack.enter_context(_replaced(keras_state, name, None))
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)


def _ipython() -> Any:
    return sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None


def _no_keyboard(prompt: str = "") -> str:
    raise EOFError("a check has no keyboard")


_NOTHING = object()


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Give an attribute another value for a while; one that was not there goes again."""
    before = getattr(owner, name, _NOTHING)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if before is _NOTHING:
            delattr(owner, name)
        else:
            setattr(owner, name, before)
