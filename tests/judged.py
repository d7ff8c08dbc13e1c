"""Small exercises, and answers to them, for tests of what judges answers."""

import numpy as np

from tests.devices import tf
from tests.labs import run_cell
from utils.checking import (
    Exercise,
    Mistake,
    draw,
    judge,
)


def two_arrays(rng):
    yield np.array([1.0, 2.0, 4.0], np.float32), np.array([2.0, 3.0, 5.0], np.float32)
    for n in (2, 5, 8):
        yield rng.normal(size=n).astype(np.float32) * 3, rng.normal(size=n).astype(np.float32) * 3


squares = Exercise(
    "9.1",
    "Mean of squares",
    right=lambda x, y: np.mean((x - y) ** 2),
    inputs=two_arrays,
    mistakes=[Mistake(lambda x, y: np.mean(np.abs(x - y)), "These are absolute values.")],
)


def matrices(rng):
    yield (np.array([[1.0, 2.0], [3.0, 4.0]], np.float32),)
    for shape in [(2, 3), (4, 1), (3, 3)]:
        yield (rng.normal(size=shape).astype(np.float32),)


spread = Exercise(
    "9.3",
    "A long array",
    right=lambda x: x * 2,
    inputs=lambda rng: [(rng.normal(size=n).astype(np.float32),) for n in (20, 30)],
)
far_and_near = Exercise(
    "9.4",
    "Far and near",
    right=lambda x: np.maximum(x, 0),
    inputs=lambda rng: [(np.array([-9.0, 9.0]),), (np.array([-1.0, 0.5, 2.0]),), (np.float32(8.0),)],
)
doubled = Exercise("9.2", "Doubled", right=lambda X: 2 * X, inputs=matrices)


def verdict(exercise, *answers, **options):
    return judge(exercise, *answers, cases=draw(exercise, np.random.default_rng(0)), **options)


def written(code, name="answer"):
    """A function as a student writes it, in a cell."""
    namespace = {"np": np, "tf": tf}
    run_cell(code, namespace, f"written {name}")
    return namespace[name]
