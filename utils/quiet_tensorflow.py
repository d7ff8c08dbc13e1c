"""
TensorFlow as the course uses it: `from utils.quiet_tensorflow import tf` imports it without its start-up lines.

Importing this module sets the environment that TensorFlow reads and needs the standard library only; TensorFlow itself is
imported when `tf` is first asked for.
"""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

# TensorFlow reads these when it is imported; without them its start-up lines land in the notebooks.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # a notebook leaves a GPU's memory to the others


def __getattr__(name: str) -> Any:
    if name == "tf":
        return _tensorflow()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def _tensorflow() -> Any:
    with no_c_output(2), no_garbage_collection():  # some of the start-up lines obey no setting
        import tensorflow as tf

    tf.get_logger().setLevel("WARNING")  # its news of strategies and devices would land in the notebooks
    tf.config.experimental.enable_tensor_float_32_execution(False)  # on a GPU, matrix products as exact as on a CPU
    return tf


@contextmanager
def no_c_output(*descriptors: int) -> Iterator[None]:
    """Keep what C++ code writes to file descriptors, 1 or 2, out of the notebook; one that there is not is passed over."""
    kept, nowhere = {}, os.open(os.devnull, os.O_WRONLY)
    for each in descriptors:
        with suppress(OSError):
            kept[each] = os.dup(each)
            os.dup2(nowhere, each)
    os.close(nowhere)
    try:
        yield
    finally:
        for each, copy in kept.items():
            os.dup2(copy, each)
            os.close(copy)


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """
    Exclude the objects created here from garbage collection.

    TensorFlow's import creates many that live as long as the process. Searching them, during the import and once more when
    Python ends, takes half as long again as the import.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
