"""What is trained: a network in numbers, and random examples for it. NumPy only, so that every library can have the same."""

import itertools
import math
from typing import NamedTuple

import numpy as np

from utils.bench.peers import VOCABULARY, WINDOW


class Case(NamedTuple):
    """
    A network and data to train it with.

    layers: "dense", "convolutions", "lstm" or "attention".  sizes: inputs, then units of each layer, where the layers are dense.
    """

    name: str
    layers: str
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
        """
        Random X and y.

        X: shape (n, m) or (n, 28, 28, 1), float32.  y: 0 or 1, shape (n, 1), for one output, else classes, (n,). In cases with
        sequences both are tokens, shape (n, WINDOW).
        """
        rng = np.random.default_rng(0)
        if self.layers in ("lstm", "attention"):
            tokens = rng.integers(VOCABULARY, size=(self.n, WINDOW + 1))
            return tokens[:, :-1].astype(np.int32), tokens[:, 1:]
        X = rng.normal(size=(self.n, *((self.sizes[0],) if self.sizes else (28, 28, 1)))).astype(np.float32)
        if self.sizes[-1:] == (1,):
            return X, rng.integers(2, size=(self.n, 1)).astype(np.float32)
        return X, rng.integers(10, size=self.n)


CASES = {
    "A": Case("A: 2-64-64-1, n = 1,000, B = 32", "dense", 1_000, 32, (2, 64, 64, 1)),
    "B": Case("B: 784-128-10, n = 10,000, B = 32", "dense", 10_000, 32, (784, 128, 10)),
    "C": Case("C: 784-128-10, n = 10,000, B = 512", "dense", 10_000, 512, (784, 128, 10)),
    "D": Case("D: convolutions on 28×28, n = 2,000, B = 32", "convolutions", 2_000, 32),
    "E": Case("E: LSTM of 128 on windows of 64, n = 512, B = 32", "lstm", 512, 32),
    "F": Case("F: transformer block of 128, 4 heads, windows of 64, n = 512, B = 32", "attention", 512, 32),
}
