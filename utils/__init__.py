"""
What the lab notebooks import: check, hint, solution and progress, the four verbs a student uses.

Importing this package is cheap and needs the standard library only, so that `python3 -m utils` works on a bare machine;
the verbs are loaded when they are first asked for.
"""

import sys

if sys.version_info < (3, 10):  # noqa: UP036  before anything that an older Python cannot read, in words that it can
    sys.exit("This is Python %d.%d; the course needs 3.10 or newer." % sys.version_info[:2])  # noqa: UP031

from utils import quiet_tensorflow  # noqa: F401  sets the environment before anybody imports TensorFlow

__all__ = ["check", "hint", "progress", "solution"]


def __getattr__(name: str):
    if name in __all__:
        from utils.student import verbs

        return getattr(verbs, name)
    raise AttributeError(f"module 'utils' has no attribute {name!r}")
