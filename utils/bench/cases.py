"""What is trained: a network in numbers, and random examples for it. NumPy only, so that every library can have the same."""

import itertools
import math
from typing import NamedTuple

import numpy as np


class Case(NamedTuple):
    """A network and data to train it with. sizes: inputs, then units of each layer; nothing for the convolutional network."""

    name: str
    n: int
    batch_size: int
    sizes: tuple[int, ...] = ()

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return math.ceil(self.n / self.batch_size)

    @property
    def flops(self) -> float:
        """The multiplications and additions of the matrix products of a step, on average: forward, for W, for the layer below."""
        products = [m * d * (2 if i == 0 else 3) for i, (m, d) in enumerate(itertools.pairwise(self.sizes))]
        return 2 * sum(products) * self.n / self.steps

    def examples(self) -> tuple[np.ndarray, np.ndarray]:
        """Random X, shape (n, m) or (n, 28, 28, 1), float32; and y: 0 or 1, shape (n, 1), for one output, else classes, (n,)."""
        rng = np.random.default_rng(0)
        X = rng.normal(size=(self.n, *((self.sizes[0],) if self.sizes else (28, 28, 1)))).astype(np.float32)
        if self.sizes[-1:] == (1,):
            return X, rng.integers(2, size=(self.n, 1)).astype(np.float32)
        return X, rng.integers(10, size=self.n)


CASES = {
    "A": Case("A: 2-64-64-1, n = 1,000, B = 32", 1_000, 32, (2, 64, 64, 1)),
    "B": Case("B: 784-128-10, n = 10,000, B = 32", 10_000, 32, (784, 128, 10)),
    "C": Case("C: 784-128-10, n = 10,000, B = 512", 10_000, 512, (784, 128, 10)),
    "D": Case("D: convolutions on 28×28, n = 2,000, B = 32", 2_000, 32),
}
