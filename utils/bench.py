"""`python3 -m utils bench`: how fast this machine trains by each kind of loop, measured in turn, in one run."""

import functools
import importlib.util
import itertools
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from utils import training
from utils.advice import Advice
from utils.quiet_tensorflow import tf

keras, layers = tf.keras, tf.keras.layers  # not imported before utils.quiet_tensorflow, which keeps TensorFlow quiet
Way = Callable[[], int]  # trains for a while and says how many steps that was
TrainStep = Callable[..., Any]  # train_step(model, optimizer, loss, X, y), as in lab 5
TURN = 0.1  # seconds that a way trains for, at least: what the way before it left in the caches should not count
Problem = tuple[keras.Model, Any, np.ndarray, np.ndarray]  # a model, its loss, and examples X, y


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

    def make(self) -> Problem:
        """The model, its loss, and random examples X, y."""
        rng = np.random.default_rng(0)
        keras.utils.set_random_seed(0)
        if not self.sizes:
            X = rng.normal(size=(self.n, 28, 28, 1))
            stack = [layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D()]
            stack += [layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10)]
        else:
            X = rng.normal(size=(self.n, self.sizes[0]))
            stack = [*(layers.Dense(units, activation="relu") for units in self.sizes[1:-1]), layers.Dense(self.sizes[-1])]
        model = keras.Sequential([keras.Input(X.shape[1:]), *stack])
        if model.output_shape[-1] == 1:
            loss, y = keras.losses.BinaryCrossentropy(from_logits=True), rng.integers(2, size=(self.n, 1)).astype(np.float32)
        else:
            loss, y = keras.losses.SparseCategoricalCrossentropy(from_logits=True), rng.integers(10, size=self.n)
        return model, loss, X.astype(np.float32), y


CASES = {
    "A": Case("A: 2-64-64-1, n = 1,000, B = 32", 1_000, 32, (2, 64, 64, 1)),
    "B": Case("B: 784-128-10, n = 10,000, B = 32", 10_000, 32, (784, 128, 10)),
    "C": Case("C: 784-128-10, n = 10,000, B = 512", 10_000, 512, (784, 128, 10)),
    "D": Case("D: convolutions on 28×28, n = 2,000, B = 32", 2_000, 32),
}


def bench(names: Sequence[str] = tuple(CASES), rounds: int = 9, devices: Sequence[str] = ()) -> str:
    """
    Measure the cases, and return a table of the time of a step by each kind of loop, with the ratios to the compiled epoch.

    devices: a column each, such as "CPU:0"; the CPU and every GPU that TensorFlow sees, if none is named.
    """
    devices = devices or all_devices()
    lines = [
        f"TensorFlow {tf.__version__}, Keras {tf.keras.version()}, {os.cpu_count()} CPU cores; medians of {rounds} rounds",
        _row("", devices),
    ]
    for name in names:
        columns = [_column(CASES[name], rounds, device) for device in devices]
        rows = dict.fromkeys(row for column in columns for row in column)
        lines += ["", CASES[name].name, *(_row(row, [column.get(row, "–") for column in columns]) for row in rows)]
    return "\n".join(lines)


def all_devices() -> list[str]:
    """The CPU and each GPU that TensorFlow sees, by the names that tf.device takes."""
    return ["CPU:0", *(device.name.removeprefix("/device:") for device in tf.config.list_logical_devices("GPU"))]


def _row(name: str, cells: Sequence[str]) -> str:
    return f"  {name:32}" + "".join(f"{cell:>32}" for cell in cells)


def _column(case: Case, rounds: int, device: str) -> dict[str, str]:
    """What there is to say of a case on one device, by row of the table."""
    with tf.device(device):
        ways = _ways(case.make, case.batch_size, train_step)
        start = time.perf_counter()
        ways["compiled epoch"]()
        first_call = time.perf_counter() - start
        ways["fit, 32 steps an execution"] = _fit(case.make, case.batch_size, steps_per_execution=32)
        if _torch_works_on(device):
            ways["PyTorch, eager"] = _torch(case, device)
        if case is CASES["C"]:  # measured in turn with the rest, so that both see the same machine
            ways["matrix products"] = _matrix_product(device)
        seconds = measure(ways, rounds)
    epoch, product = seconds["compiled epoch"], seconds.pop("matrix products", None)
    column = {way: f"{1e6 * time:.0f} µs a step {time / epoch:8.1f} ×" for way, time in seconds.items()}
    column["first call of the compiled epoch"] = f"{first_call:.1f} s"
    if product is not None:
        peak, reached = _PRODUCT_FLOPS / product, _flops(case) / epoch
        column["matrix products"] = f"{peak / 1e9:.0f} GFLOP/s"
        column["the compiled epoch reaches"] = f"{reached / 1e9:.0f} GFLOP/s {reached / peak:8.0%}  "
    return column


def compare(
    train_step: TrainStep, make_model: Callable[[], keras.Model], loss: Any, X: np.ndarray, y: np.ndarray, batch_size: int = 32
) -> dict[str, float]:
    """The seconds that a step takes with Adam: by `train_step`, by its tf.function, by the compiled epoch, and by fit."""
    return measure(_ways(lambda: (make_model(), loss, X, y), batch_size, train_step), rounds=3)


def measure(ways: Mapping[str, Way], rounds: int = 5) -> dict[str, float]:
    """
    The median of the seconds that a step takes, by way.  ways: each trains for a while, and returns how many steps that was.

    The ways take turns of a TURN at least, so that a busy machine slows them all; before that each runs once, to be recorded or
    compiled.
    """
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for train in ways.values():
        train()
    for _ in range(rounds):
        for way, train in ways.items():
            start, steps = time.perf_counter(), 0
            while (passed := time.perf_counter() - start) < TURN:
                steps += train()
            seconds[way].append(passed / steps)
    return {way: median(times) for way, times in seconds.items()}


def train_step(model: Any, optimizer: Any, loss: Any, X: Any, y: Any) -> Any:
    """One step of training; the loss before it."""
    with tf.GradientTape() as tape:
        J = loss(y, model(X, training=True))
    optimizer.apply_gradients(zip(tape.gradient(J, model.trainable_variables), model.trainable_variables, strict=True))
    return J


def _recorded(train_step: TrainStep) -> TrainStep:
    """The step as a tf.function; Advice where it cannot be recorded."""
    function = tf.function(train_step)

    def step(*args: Any) -> Any:
        try:
            return function(*args)
        except AttributeError as error:
            if "numpy" not in str(error):
                raise
            raise Advice(
                "Your `train_step` cannot be recorded: `.numpy()` is there line by line only. Return J as it is, a tensor."
            ) from None

    return step


def _ways(make: Callable[[], Problem], batch_size: int, train_step: TrainStep) -> dict[str, Way]:
    """The kinds of loop, each with a model of its own and Adam."""
    return {
        "train_step": _step_by_step(make, batch_size, train_step),
        "train_step by tf.function": _step_by_step(make, batch_size, _recorded(train_step)),
        "compiled epoch": _compiled_epoch(make, batch_size),
        "fit": _fit(make, batch_size, steps_per_execution=1),
    }


def _compiled_epoch(make: Callable[[], Problem], batch_size: int) -> Way:
    """Compiled when it is first called."""
    model, loss, X, y = make()
    compiled = functools.cache(lambda: training.compile_epoch(model, keras.optimizers.Adam(), loss, X, y, batch_size))
    seeds = itertools.count()

    def train() -> int:
        return len(compiled()((0, next(seeds)))["batches"].numpy())

    return train


def _step_by_step(make: Callable[[], Problem], batch_size: int, train_step: TrainStep) -> Way:
    """The first batches of an epoch, eight at most."""
    model, loss, X, y = make()
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    X, y = tf.constant(X), tf.constant(y)

    def train() -> int:
        order, steps = tf.random.shuffle(tf.range(len(X))), min(len(X) // batch_size, 8)
        for i in range(steps):
            rows = order[i * batch_size : (i + 1) * batch_size]
            J = train_step(model, optimizer, loss, tf.gather(X, rows), tf.gather(y, rows))
        float(J)
        return steps

    return train


def _fit(make: Callable[[], Problem], batch_size: int, steps_per_execution: int) -> Way:
    model, loss, X, y = make()
    model.compile(keras.optimizers.Adam(), loss, steps_per_execution=steps_per_execution)

    def train() -> int:
        model.fit(X, y, batch_size=batch_size, verbose=0)
        return math.ceil(len(X) / batch_size)

    return train


def _torch_works_on(device: str) -> bool:
    """Whether PyTorch is installed, and built for such a device."""
    if importlib.util.find_spec("torch") is None:
        return False
    import torch

    return device.startswith("CPU") or torch.cuda.is_available()


def _torch(case: Case, device: str) -> Way:
    import torch
    from torch import nn

    place = device.lower().replace("gpu", "cuda")
    _, _, X, y = case.make()
    stack: list[Any] = []
    for inputs, units in zip(case.sizes, case.sizes[1:], strict=False):
        stack += [nn.Linear(inputs, units), nn.ReLU()]
    if not case.sizes:
        stack = [nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]
        stack += [nn.Linear(400, 10), nn.ReLU()]
        X = np.moveaxis(X, -1, 1)
    model = nn.Sequential(*stack[:-1]).to(place)
    loss = nn.BCEWithLogitsLoss() if y.ndim == 2 else nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    X, y = torch.tensor(X, device=place), torch.tensor(y, device=place)

    def train() -> int:
        order = torch.randperm(case.n, device=place)
        for start in range(0, case.n, case.batch_size):
            rows = order[start : start + case.batch_size]
            J = loss(model(X[rows]), y[rows])
            optimizer.zero_grad()
            J.backward()
            optimizer.step()
        J.item()
        return case.steps

    return train


_PRODUCT_FLOPS = 2 * 2048**3


def _matrix_product(device: str) -> Way:
    """One product of large matrices in float32: the peak that the device's own library reaches, on a CPU that of NumPy."""
    square = np.ones((2048, 2048), np.float32)
    if not device.startswith("CPU"):
        square = tf.constant(square)

    def multiply() -> int:
        float((square @ square)[0, 0])  # a number here means that the device is done
        return 1

    return multiply


def _flops(case: Case) -> float:
    """The multiplications and additions of the matrix products of a step, on average: forward, for W, and for the layer below."""
    products = [m * d * (2 if first else 3) for first, m, d in zip((True, False), case.sizes, case.sizes[1:], strict=False)]
    return 2 * sum(products) * case.n / case.steps
