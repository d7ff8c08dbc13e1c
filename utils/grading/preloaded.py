"""What the process imports that others are copies of: TensorFlow, without its start-up lines, and what takes long beside it."""

import importlib

from utils.quiet_tensorflow import tf  # noqa: F401

for _name in ("keras", "matplotlib.pyplot", "IPython.display"):
    importlib.import_module(_name)
