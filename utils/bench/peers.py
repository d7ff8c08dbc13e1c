"""
Other libraries, each in a process of its own: PyTorch, whose compiler cannot live beside TensorFlow, and JAX.

Run as a script, this file imports one of them, and nothing of the course. It reads a case, pickled, and then lines with a number
of seconds; it trains for so long, and answers with the number of steps.
"""

import contextlib
import importlib.util
import itertools
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

SCRIPT = Path(__file__)
VOCABULARY, WINDOW, WIDTH, HEADS = 100, 64, 128, 4  # of the cases with sequences: tokens, in a row, numbers for each; heads
PEERS = {"PyTorch, eager": "torch", "PyTorch, torch.compile": "torch-compiled", "JAX, jit and scan": "jax"}
Epoch = Callable[[], int]  # trains for an epoch, and says how many steps that was


@contextlib.contextmanager
def started(case: Any, device: str, seconds: float) -> Iterator[dict[str, Callable[[], int]]]:
    """Ways to train a case by the libraries that are installed and know the device, each for `seconds` a call."""
    X, y = case.examples()
    problem = {"X": X, "y": y, "batch_size": case.batch_size, "layers": case.layers, "sizes": case.sizes, "device": device}
    with contextlib.ExitStack() as stack:
        ways = {}
        for way, name in PEERS.items():
            if importlib.util.find_spec(name.partition("-")[0]) is None:
                continue
            process = stack.enter_context(_process(name))
            with contextlib.suppress(BrokenPipeError):  # it stopped: then it is not ready either
                pickle.dump(problem, process.stdin)
                process.stdin.flush()
            if process.stdout.readline().strip() == b"ready":
                ways[way] = lambda process=process: _train(process, seconds)
        yield ways


@contextlib.contextmanager
def _process(name: str) -> Iterator[subprocess.Popen]:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, str(SCRIPT), name], **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def _train(process: subprocess.Popen, seconds: float) -> int:
    process.stdin.write(f"{seconds}\n".encode())
    process.stdin.flush()
    return int(process.stdout.readline())


def main(name: str) -> None:
    """Serve one library until nobody asks any more."""
    import time

    problem = pickle.load(sys.stdin.buffer)
    try:
        epoch = {"torch": torch_epoch, "torch-compiled": torch_compiled_epoch, "jax": jax_epoch}[name](**problem)
    except DeviceUnknown:
        print("unknown device", flush=True)
        return
    print("ready", flush=True)
    for line in sys.stdin:
        start, steps = time.perf_counter(), 0
        while time.perf_counter() - start < float(line) or not steps:
            steps += epoch()
        print(steps, flush=True)


class DeviceUnknown(Exception):
    """The library is not built for the device."""


def torch_network(layers: str, sizes: tuple[int, ...]) -> Any:
    """The network of a case in PyTorch."""
    import torch
    from torch import nn

    class Sequences(nn.Module):
        """Embedding, one layer over the window, logits; classes come second, as PyTorch's loss takes them."""

        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.logits = nn.Embedding(VOCABULARY, WIDTH), nn.Linear(WIDTH, VOCABULARY)
            self.places = nn.Parameter(torch.zeros(WINDOW, WIDTH))
            self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(WINDOW))
            if layers == "lstm":
                self.layer = nn.LSTM(WIDTH, WIDTH, batch_first=True)
            else:
                self.layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, dropout=0.0, batch_first=True)

        def forward(self, tokens: Any) -> Any:
            X = self.embedding(tokens)
            if layers == "lstm":
                return self.logits(self.layer(X)[0]).transpose(1, 2)
            return self.logits(self.layer(X + self.places, src_mask=self.mask, is_causal=True)).transpose(1, 2)

    if layers in ("lstm", "attention"):
        return Sequences()
    if layers == "convolutions":
        stack = [nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
        return nn.Sequential(*stack, nn.Linear(400, 10))
    products = [part for inputs, units in itertools.pairwise(sizes) for part in (nn.Linear(inputs, units), nn.ReLU())]
    return nn.Sequential(*products[:-1])


def torch_epoch(
    X: np.ndarray, y: np.ndarray, batch_size: int, layers: str, sizes: tuple[int, ...], device: str, compiled: bool = False
) -> Epoch:
    """An epoch as people write it in PyTorch, with Adam in its fused form."""
    import torch
    from torch import nn

    if not device.startswith("CPU") and not torch.cuda.is_available():
        raise DeviceUnknown
    place = "cpu" if device.startswith("CPU") else device.lower().replace("gpu", "cuda")
    model = torch_network(layers, sizes).to(place)
    if layers == "convolutions":
        X = np.moveaxis(X, -1, 1)
    loss = nn.BCEWithLogitsLoss() if sizes[-1:] == (1,) else nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    X, y = torch.tensor(np.ascontiguousarray(X), device=place), torch.tensor(y, device=place)

    def forward(X: Any, y: Any) -> Any:
        return loss(model(X), y)

    forward = torch.compile(forward) if compiled else forward

    def epoch() -> int:
        order, steps = torch.randperm(len(X), device=place), 0
        for start in range(0, len(X), batch_size):
            rows = order[start : start + batch_size]
            J = forward(X[rows], y[rows])
            optimizer.zero_grad()
            J.backward()
            optimizer.step()
            steps += 1
        J.item()
        return steps

    return epoch


def torch_compiled_epoch(**problem: Any) -> Epoch:
    """The same with torch.compile, compiled before it is measured."""
    epoch = torch_epoch(**problem, compiled=True)
    epoch()
    return epoch


def jax_network(layers: str, sizes: tuple[int, ...]) -> tuple[Any, Callable[[Any, Any], Any]]:
    """The network of a case in JAX: its weights, and logits(weights, X)."""
    import jax
    import jax.numpy as jnp
    from jax import lax

    rng = np.random.default_rng(0)

    def layer(*shape: int) -> dict[str, Any]:
        inputs = int(np.prod(shape[:-1]))
        return {"W": rng.normal(size=shape).astype(np.float32) / np.sqrt(inputs), "b": np.zeros(shape[-1], np.float32)}

    def product(each: Any, X: Any) -> Any:
        return X @ each["W"] + each["b"]

    def dense(weights: Any, X: Any) -> Any:
        for each in weights[:-1]:
            X = jax.nn.relu(product(each, X))
        return product(weights[-1], X)

    def convolutions(weights: Any, X: Any) -> Any:
        for each in weights[:2]:
            X = lax.conv_general_dilated(X, each["W"], (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
            X = jax.nn.relu(X + each["b"])
            X = lax.reduce_window(X, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        return product(weights[2], X.reshape(len(X), -1))

    def lstm(weights: Any, tokens: Any) -> Any:
        embedding, inputs, states, last = weights
        X = jnp.swapaxes(product(inputs, embedding["W"][tokens]), 0, 1)

        def step(carry: Any, x: Any) -> Any:
            h, c = carry
            i, f, g, o = jnp.split(x + h @ states["W"], 4, axis=-1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        zeros = jnp.zeros((len(tokens), WIDTH))
        return product(last, jnp.swapaxes(lax.scan(step, (zeros, zeros), X)[1], 0, 1))

    def normalized(each: Any, X: Any) -> Any:
        X = (X - X.mean(-1, keepdims=True)) / jnp.sqrt(X.var(-1, keepdims=True) + 1e-5)
        return X * (1 + each["b"]) + each["W"][0]

    def attention(weights: Any, tokens: Any) -> Any:
        embedding, places, qkv, out, first, wide, narrow, second, last = weights
        X = embedding["W"][tokens] + places["W"]
        n, t = tokens.shape
        q, k, v = jnp.split(product(qkv, X).reshape(n, t, HEADS, -1), 3, axis=-1)
        scores = jnp.einsum("nqhd,nkhd->nhqk", q, k) / np.sqrt(WIDTH // HEADS)
        scores = jnp.where(np.tri(t, dtype=bool), scores, -jnp.inf)
        mixed = jnp.einsum("nhqk,nkhd->nqhd", jax.nn.softmax(scores), v).reshape(n, t, WIDTH)
        X = normalized(first, X + product(out, mixed))
        X = normalized(second, X + product(narrow, jax.nn.relu(product(wide, X))))
        return product(last, X)

    shapes = {
        "dense": list(itertools.pairwise(sizes)),
        "convolutions": [(3, 3, 1, 8), (3, 3, 8, 16), (400, 10)],
        "lstm": [(VOCABULARY, WIDTH), (WIDTH, 4 * WIDTH), (WIDTH, 4 * WIDTH), (WIDTH, VOCABULARY)],
        "attention": [(VOCABULARY, WIDTH), (WINDOW, WIDTH), (WIDTH, 3 * WIDTH), (WIDTH, WIDTH), (1, WIDTH), (WIDTH, 4 * WIDTH),
                      (4 * WIDTH, WIDTH), (1, WIDTH), (WIDTH, VOCABULARY)],
    }  # fmt: skip
    networks = {"dense": dense, "convolutions": convolutions, "lstm": lstm, "attention": attention}
    return [layer(*shape) for shape in shapes[layers]], networks[layers]


def jax_epoch(X: np.ndarray, y: np.ndarray, batch_size: int, layers: str, sizes: tuple[int, ...], device: str) -> Epoch:
    """A whole epoch in one program: jit around lax.scan over the whole batches, with Adam (Kingma and Ba, 2014) written out."""
    import jax
    import jax.numpy as jnp
    from jax import lax

    platform = "cpu" if device.startswith("CPU") else "gpu"
    if platform not in {each.platform for each in jax.devices()} | {"cpu"}:
        raise DeviceUnknown
    where = jax.devices(platform)[0]
    weights, logits = jax_network(layers, sizes)

    def J(weights: Any, X: Any, y: Any) -> Any:
        z = logits(weights, X)
        if sizes[-1:] == (1,):
            return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y[..., None], axis=-1))

    def step(state: Any, rows: Any) -> tuple[Any, Any]:
        weights, m, v, t = state
        loss, g = jax.value_and_grad(J)(weights, X[rows], y[rows])
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g**2, v, g)
        rate = 0.001 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        weights = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), weights, m, v)
        return (weights, m, v, t), loss

    whole, rest = divmod(len(X), batch_size)

    @jax.jit
    def run(state: Any, key: Any) -> tuple[Any, Any]:
        order = jax.random.permutation(key, len(X))
        state, losses = lax.scan(step, state, order[: whole * batch_size].reshape(whole, batch_size))
        return step(state, order[whole * batch_size :]) if rest else (state, losses[-1])

    X, y = jax.device_put(X, where), jax.device_put(y, where)
    zeros = jax.tree.map(np.zeros_like, weights)
    state = jax.device_put((weights, zeros, zeros, np.float32(0)), where)
    keys = iter(range(10**9))

    def epoch() -> int:
        nonlocal state
        state, loss = run(state, jax.random.key(next(keys)))
        float(loss)
        return whole + (rest > 0)

    return epoch


if __name__ == "__main__":
    main(sys.argv[1])
