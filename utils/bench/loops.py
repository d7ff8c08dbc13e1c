"""The kinds of loop that train with TensorFlow."""

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from utils import training
from utils.advice import Advice
from utils.bench.cases import Case
from utils.bench.measuring import Way, measure
from utils.bench.peers import HEADS, VOCABULARY, WIDTH, WINDOW
from utils.quiet_tensorflow import tf

keras, layers = tf.keras, tf.keras.layers  # not imported before utils.quiet_tensorflow, which keeps TensorFlow quiet
TrainStep = Callable[..., Any]  # train_step(model, optimizer, loss, X, y), as in lab 5
Problem = tuple[keras.Model, Any, np.ndarray, np.ndarray]  # a model, its loss, and examples X, y
EPOCH = "compiled epoch"


def ways(case: Case) -> dict[str, Way]:
    """The kinds of loop on a case, each with a model of its own and Adam."""
    make = functools.partial(problem, case)
    return _ways(make, case.batch_size, train_step) | {
        "fit, 32 steps an execution": _fit(make, case.batch_size, steps_per_execution=32)
    }


def problem(case: Case) -> Problem:
    """A case in Keras: the model, its loss, and the examples X, y."""
    keras.utils.set_random_seed(0)
    X, y = case.examples()
    losses = keras.losses
    loss = losses.BinaryCrossentropy if case.sizes[-1:] == (1,) else losses.SparseCategoricalCrossentropy
    return NETWORKS[case.layers](case), loss(from_logits=True), X, y


def _dense(case: Case) -> keras.Model:
    hidden = [layers.Dense(units, activation="relu") for units in case.sizes[1:-1]]
    return keras.Sequential([keras.Input((case.sizes[0],)), *hidden, layers.Dense(case.sizes[-1])])


def _convolutions(case: Case) -> keras.Model:
    stack = [layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D()]
    stack += [layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten(), layers.Dense(10)]
    return keras.Sequential([keras.Input((28, 28, 1)), *stack])


def _lstm(case: Case) -> keras.Model:
    stack = [layers.Embedding(VOCABULARY, WIDTH), layers.LSTM(WIDTH, return_sequences=True), layers.Dense(VOCABULARY)]
    return keras.Sequential([keras.Input((WINDOW,), dtype="int32"), *stack])


def _attention(case: Case) -> keras.Model:
    tokens = keras.Input((WINDOW,), dtype="int32")
    X = _Places()(layers.Embedding(VOCABULARY, WIDTH)(tokens))
    X = layers.LayerNormalization()(X + layers.MultiHeadAttention(HEADS, WIDTH // HEADS)(X, X, use_causal_mask=True))
    X = layers.LayerNormalization()(X + layers.Dense(WIDTH)(layers.Dense(4 * WIDTH, activation="relu")(X)))
    return keras.Model(tokens, layers.Dense(VOCABULARY)(X))


class _Places(layers.Layer):
    """Adds numbers of its own for each place of a window."""

    def build(self, input_shape: Any) -> None:
        self.places = self.add_weight(shape=(WINDOW, WIDTH), initializer="uniform")

    def call(self, X: Any) -> Any:
        return X + self.places


NETWORKS = {"dense": _dense, "convolutions": _convolutions, "lstm": _lstm, "attention": _attention}


def compare(
    train_step: TrainStep, make_model: Callable[[], keras.Model], loss: Any, X: np.ndarray, y: np.ndarray, batch_size: int = 32
) -> dict[str, float]:
    """The seconds that a step takes with Adam: by `train_step`, by its tf.function, by the compiled epoch, and by fit."""
    return measure(_ways(lambda: (make_model(), loss, X, y), batch_size, train_step), rounds=3)


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
    return {
        "train_step": _step_by_step(make, batch_size, train_step),
        "train_step by tf.function": _step_by_step(make, batch_size, _recorded(train_step)),
        EPOCH: _compiled_epoch(make, batch_size),
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


PRODUCT_FLOPS = 2 * 2048**3


def matrix_product(device: str) -> Way:
    """One product of large matrices in float32: the peak that the device's own library reaches, on a CPU that of NumPy."""
    square = np.ones((2048, 2048), np.float32)
    if not device.startswith("CPU"):
        square = tf.constant(square)

    def multiply() -> int:
        float((square @ square)[0, 0])  # a number here means that the device is done
        return 1

    return multiply
