"""Where checks take their random numbers from: from the system, or from a seed where a verdict must repeat."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

_source: random.Random = random.SystemRandom()


def bits(count: int) -> int:
    """A random integer of so many bits."""
    return _source.getrandbits(count)


def generator() -> np.random.Generator:
    """A new random generator of NumPy."""
    return np.random.default_rng(bits(128))


@contextmanager
def seeded(seed: int | str) -> Iterator[None]:
    """Take all random numbers of checks from this seed for a while, so that the same answer gets the same verdict."""
    global _source
    before, _source = _source, random.Random(seed)
    try:
        yield
    finally:
        _source = before
