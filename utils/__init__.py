"""
What the lab notebooks import: check, hint, solution and progress, the four verbs a student uses.

Importing this package is cheap and needs the standard library only, so that `python3 -m utils` works on a bare machine;
the verbs are loaded when they are first asked for.
"""

import os

# Where the course lives. A fork changes this one line and runs `python3 -m utils build`.
REPOSITORY = "https://github.com/your_organization/deep-learning-labs"

# TensorFlow reads these when it is imported; without them its start-up lines land in the notebooks.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # a notebook leaves a GPU's memory to the others

__all__ = ["REPOSITORY", "check", "hint", "progress", "solution"]


def __getattr__(name: str):
    if name in ("check", "hint", "solution", "progress"):
        from utils import tutor

        return getattr(tutor, name)
    raise AttributeError(f"module 'utils' has no attribute {name!r}")
