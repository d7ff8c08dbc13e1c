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
PEERS = {"PyTorch, eager": "torch", "PyTorch, torch.compile": "torch-compiled", "JAX, jit and scan": "jax"}
Epoch = Callable[[], int]  # trains for an epoch, and says how many steps that was


@contextlib.contextmanager
def started(case: Any, device: str, seconds: float) -> Iterator[dict[str, Callable[[], int]]]:
    """Ways to train a case by the libraries that are installed and know the device, each for `seconds` a call."""
    X, y = case.examples()
    problem = {"X": X, "y": y, "batch_size": case.batch_size, "sizes": case.sizes, "device": device}
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


def torch_epoch(
    X: np.ndarray, y: np.ndarray, batch_size: int, sizes: tuple[int, ...], device: str, compiled: bool = False
) -> Epoch:
    """An epoch as people write it in PyTorch, with Adam in its fused form."""
    import torch
    from torch import nn

    if not device.startswith("CPU") and not torch.cuda.is_available():
        raise DeviceUnknown
    place = "cpu" if device.startswith("CPU") else device.lower().replace("gpu", "cuda")
    stack: list[Any] = []
    for inputs, units in itertools.pairwise(sizes):
        stack += [nn.Linear(inputs, units), nn.ReLU()]
    if not sizes:
        stack = [nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
        stack += [nn.Linear(400, 10), nn.ReLU()]
        X = np.moveaxis(X, -1, 1)
    model = nn.Sequential(*stack[:-1]).to(place)
    loss = nn.BCEWithLogitsLoss() if y.ndim == 2 else nn.CrossEntropyLoss()
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


def jax_epoch(X: np.ndarray, y: np.ndarray, batch_size: int, sizes: tuple[int, ...], device: str) -> Epoch:
    """A whole epoch in one program: jit around lax.scan over the whole batches, with Adam (Kingma and Ba, 2014) written out."""
    import jax
    import jax.numpy as jnp
    from jax import lax

    platform = "cpu" if device.startswith("CPU") else "gpu"
    if platform not in {each.platform for each in jax.devices()} | {"cpu"}:
        raise DeviceUnknown
    where = jax.devices(platform)[0]
    rng = np.random.default_rng(0)

    def layer(*shape: int) -> dict[str, Any]:
        inputs = int(np.prod(shape[:-1]))
        return {"W": rng.normal(size=shape).astype(np.float32) / np.sqrt(inputs), "b": np.zeros(shape[-1], np.float32)}

    if sizes:
        weights = [layer(m, d) for m, d in itertools.pairwise(sizes)]
    else:
        weights = [layer(3, 3, 1, 8), layer(3, 3, 8, 16), layer(400, 10)]

    def logits(weights: Any, X: Any) -> Any:
        for i, each in enumerate(weights):
            if each["W"].ndim == 4:
                X = (
                    lax.conv_general_dilated(X, each["W"], (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
                    + each["b"]
                )
                X = lax.reduce_window(jax.nn.relu(X), -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
            else:
                X = X.reshape(len(X), -1) @ each["W"] + each["b"]
                X = jax.nn.relu(X) if i < len(weights) - 1 else X
        return X

    def J(weights: Any, X: Any, y: Any) -> Any:
        z = logits(weights, X)
        if y.ndim == 2:
            return jnp.mean(jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z))))
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], axis=1))

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
