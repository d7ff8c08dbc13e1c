"""
The training loop that the labs use where they train for long: a whole epoch as one compiled function.

Lab 7 derives it step by step from the student's own `train_step`.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from utils.advice import Advice, say
from utils.quick_layers import is_convolution, is_recurrent, is_slow_in_xla, quick
from utils.quiet_tensorflow import no_c_output, tf

Loss = Callable[[Any, Any], Any]
# From so many steps on XLA pays on two cores. It takes 1 to 4 s longer until it begins, and saves 0.1 to 0.5 ms a step of dense
# layers, 1 to 2 of convolutions on small images, 5 on larger ones, and 8 to 40 ms of an LSTM.
MANY_STEPS, MANY_ON_SMALL_IMAGES, MANY_ON_LARGE_IMAGES, MANY_IN_TIME = 5_000, 2_000, 500, 1_000
LARGE_IMAGE = 400  # pixels


@contextmanager
def interrupts_later() -> Iterator[None]:
    """
    Hold a press of the stop button back until the end: what goes on meanwhile is whole, or has not begun.

    TensorFlow ends the process where an interrupt comes while it makes a tensor of Python's numbers.
    """
    pressed: list[int] = []
    try:
        before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    except ValueError:  # interrupts come to the main thread, and this is another one
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed:
            signal.raise_signal(signal.SIGINT)


@interrupts_later()
def compile_epoch(
    model: tf.keras.Model,
    optimizer: tf.keras.Optimizer,
    loss: Loss,
    X: Any,
    y: Any,
    batch_size: int,
    validation: Any = None,
    jit_compile: bool = True,
) -> Callable[[tuple[int, int]], dict[str, Any]]:
    """
    Compile an epoch of training: a function from a seed, a pair of whole numbers, to the losses.

    Each call trains the model once with every example of X, y, in an order that the seed decides; the last batch may be shorter.
    It gives the losses of the "batches", shape (⌈n / batch_size⌉,), their mean over the examples as "loss", and with
    validation = (X_val, y_val) the loss on those data afterwards as "val_loss". The penalties of the layers (`model.losses`) are
    added where a step minimizes; the losses are reported without them.
    loss: loss(y, y_hat), the mean over a batch, or a number for each example, whose mean is taken.
    jit_compile: whether XLA compiles it, so that it runs in the shortest time; without, TensorFlow's graph begins at once.
    Raises ValueError where X and y are not equally long, or are empty.
    """
    X, y = tf.convert_to_tensor(X), tf.convert_to_tensor(y)
    if not len(X) or len(X) != len(y):
        raise ValueError(f"X has {len(X)} examples and y has {len(y)}: give as many of both, and one at least.")
    batch_size = min(int(batch_size), len(X))
    whole_batches, rest = divmod(len(X), batch_size)
    sizes = [batch_size] * whole_batches + [rest] * (rest > 0)
    optimizer.build(model.trainable_variables)

    def train_step(rows: tf.Tensor) -> tf.Tensor:
        X_batch, y_batch = tf.gather(X, rows), tf.gather(y, rows)
        with tf.GradientTape() as tape:
            J = tf.reduce_mean(loss(y_batch, model(X_batch, training=True)))
            J_penalized = J + sum(model.losses)
        optimizer.apply(tape.gradient(J_penalized, model.trainable_variables), model.trainable_variables)
        return J

    on_cpu, layers = "CPU" in tf.zeros([]).device, layers_of(model)

    def whole_steps(order: tf.Tensor, in_xla: bool) -> tf.Tensor:
        losses = tf.TensorArray(tf.float32, whole_batches)
        with quick(layers if in_xla and on_cpu else []):
            for i in tf.range(whole_batches):
                losses = losses.write(i, train_step(tf.slice(order, [i * batch_size], [batch_size])))
        return losses.stack()

    def epoch(seed: tf.Tensor, in_xla: bool) -> dict[str, tf.Tensor]:
        # What runs once in an epoch is left to TensorFlow: XLA would take as long to compile it as to compile the steps.
        order = tf.argsort(tf.random.stateless_uniform([len(X)], seed, alg="philox"))
        losses = tf.function(whole_steps, jit_compile=in_xla)(order, in_xla)
        if rest:
            losses = tf.concat([losses, [train_step(order[-rest:])]], 0)
        seen = {"batches": losses, "loss": tf.reduce_sum(losses * sizes) / len(X)}
        if validation is not None:
            seen["val_loss"] = tf.reduce_mean(loss(validation[1], model(validation[0], training=False)))
        return seen

    def trace(in_xla: bool) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
        return tf.function(epoch).get_concrete_function(tf.TensorSpec([2], tf.int32), in_xla)

    return _run_of(trace, bool(jit_compile) and not any(map(is_slow_in_xla if on_cpu else is_recurrent, layers)))


def _run_of(trace: Callable[[bool], Callable], in_xla: bool) -> Callable[[tuple[int, int]], dict[str, Any]]:
    """A function from a seed to an epoch, traced now; without XLA from where it does not know an operation of a layer."""
    traced = trace(in_xla)

    @interrupts_later()
    def run(seed: tuple[int, int]) -> dict[str, tf.Tensor]:
        nonlocal traced, in_xla
        with no_c_output(2):  # TensorFlow 2.16 announces its first compilation
            try:
                return traced(tf.constant(seed, tf.int32))
            except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:
                if not in_xla or "XLA" not in str(error):
                    raise
            in_xla, traced = False, trace(False)  # nothing has been trained yet
            return traced(tf.constant(seed, tf.int32))

    return run


def _is_worth_compiling(model: tf.keras.Model, X: Any, steps: float) -> bool:
    """Whether XLA saves more in so many steps than it takes to compile one."""
    layers = layers_of(model)
    if any(map(is_recurrent, layers)):
        return steps > MANY_IN_TIME
    if any(map(is_convolution, layers)):
        return steps > (MANY_ON_LARGE_IMAGES if np.prod(np.shape(X)[1:3]) > LARGE_IMAGE else MANY_ON_SMALL_IMAGES)
    return steps > MANY_STEPS


def layers_of(model: tf.keras.Model) -> list[tf.keras.Layer]:
    """The layers of a model, and in place of a model within it the layers of that."""
    return [inner for layer in model.layers for inner in (layers_of(layer) if hasattr(layer, "layers") else [layer])]


def new_optimizer(optimizer: tf.keras.Optimizer) -> tf.keras.Optimizer:
    """An optimizer with the same settings, which has not trained yet. Raises Advice where they cannot be copied."""
    try:
        return type(optimizer).from_config(optimizer.get_config())
    except (ValueError, TypeError, NotImplementedError):
        raise Advice(
            "The optimizer is trained as a copy, and a rate that is a function or a class of your own cannot be copied. Take a "
            "number, or a schedule of `keras.optimizers.schedules`."
        ) from None


def train(
    model: tf.keras.Model,
    optimizer: tf.keras.Optimizer,
    loss: Loss,
    X: Any,
    y: Any,
    epochs: int,
    batch_size: int = 32,
    validation: Any = None,
    seed: int = 0,
    watch: Callable[[dict[str, list[float]]], Any] | None = None,
) -> dict[str, list[float]]:
    """
    Train a model for a number of epochs, and return the history: the mean "loss" of each, and the "val_loss" after it.

    watch: called with the history after each epoch; training ends where it returns True.
    An interrupt ends the training too, after the epoch that runs: the weights stay as they are, and the history so far is
    returned.
    """
    history: dict[str, list[float]] = {"loss": []} if validation is None else {"loss": [], "val_loss": []}
    try:
        jit_compile = _is_worth_compiling(model, X, epochs * len(X) / batch_size)
        epoch = compile_epoch(model, optimizer, loss, X, y, batch_size, validation, jit_compile)
        for number in range(epochs):
            with interrupts_later():
                seen = epoch((seed, number))
                for name, values in history.items():
                    values.append(float(seen[name]))
            if watch is not None and watch(history) is True:
                break
    except KeyboardInterrupt:
        say(f"Interrupted after {len(history['loss'])} of {epochs} epochs. The weights and the history so far are kept.")
    return history


def repeat(
    make_model: Callable[[], tf.keras.Model],
    optimizer: tf.keras.Optimizer,
    loss: Loss,
    X: Any,
    y: Any,
    epochs: int,
    batch_size: int = 32,
    validation: Any = None,
    starts: int = 5,
    measure: Callable[[tf.keras.Model], float] | None = None,
) -> dict[str, np.ndarray]:
    """
    Train as `train` does from several starts, each with new weights of `make_model` and its own order of the examples.

    Returns the history of all: "loss", and "val_loss" where there are validation data, each of shape (starts, epochs); and what
    `measure` gives for each trained model as "measured", shape (starts,).
    """
    model = make_model()
    jit_compile = _is_worth_compiling(model, X, starts * epochs * len(X) / batch_size)
    epoch = compile_epoch(model, optimizer, loss, X, y, batch_size, validation, jit_compile)
    before = [variable.numpy() for variable in optimizer.variables]
    history: dict[str, list[list[float]]] = {"loss": []} if validation is None else {"loss": [], "val_loss": []}
    measured: list[float] = []
    for start in range(starts):
        model.set_weights(make_model().get_weights())
        for variable, value in zip(optimizer.variables, before, strict=True):
            variable.assign(value)
        seen = [epoch((start, number)) for number in range(epochs)]
        for name, runs in history.items():
            runs.append([float(each[name]) for each in seen])
        if measure is not None:
            measured.append(float(measure(model)))
    return {name: np.array(runs) for name, runs in history.items()} | ({"measured": np.array(measured)} if measured else {})


def compile_batches(
    step: Callable[..., Any], make_networks: Callable[[], Any], optimizer: tf.keras.Optimizer, batch_size: int = 64
) -> Callable[..., tuple]:
    """
    Compile training by a step of one's own, on random batches: a function train(X, steps, *settings).

    step: step(*networks, optimizer, X, *settings) takes one step with a batch X, and gives the numbers to keep of it.
    make_networks: gives new networks, one or several, whose weights all learn.
    Each call of `train` begins with new networks and a new optimizer. It gives the trained networks, and what the steps gave as
    an array, shape (steps, numbers).
    """
    networks = tuple(make_networks())
    variables = [variable for network in networks for variable in network.trainable_variables]
    optimizer.build(variables)
    before = [variable.numpy() for variable in optimizer.variables]

    @tf.function
    def take_steps(X: tf.Tensor, steps: tf.Tensor, *settings: tf.Tensor) -> tf.Tensor:
        seen = tf.TensorArray(tf.float32, steps)
        for number in tf.range(steps):
            rows = tf.random.uniform([batch_size], 0, len(X), tf.int32)
            seen = seen.write(number, tf.stack(step(*networks, optimizer, tf.gather(X, rows), *settings)))
        return seen.stack()

    @interrupts_later()
    def train(X: Any, steps: int, *settings: float) -> tuple:
        made = tuple(make_networks())
        for network, new in zip(networks, made, strict=True):
            network.set_weights(new.get_weights())
        for variable, value in zip(optimizer.variables, before, strict=True):
            variable.assign(value)
        seen = take_steps(tf.convert_to_tensor(X), tf.constant(steps), *(tf.constant(each, tf.float32) for each in settings))
        for network, new in zip(networks, made, strict=True):
            new.set_weights(network.get_weights())
        return (*made, seen.numpy())

    return train


def compile_steps(model: tf.keras.Model, optimizer: tf.keras.Optimizer, loss: Loss) -> Callable[[Any, Any, int], tf.Tensor]:
    """
    Compile training with all examples at once, where there are few: a function train(X, y, steps), for any number of them.

    It trains what is trainable now, and gives the loss before its last step. The optimizer begins anew at each call.
    """
    variables = model.trainable_variables
    optimizer.build(variables)
    before = [variable.numpy() for variable in optimizer.variables]

    @tf.function
    def train(X: tf.Tensor, y: tf.Tensor, steps: tf.Tensor) -> tf.Tensor:
        J = tf.zeros(())
        for _ in tf.range(steps):
            with tf.GradientTape() as tape:
                J = tf.reduce_mean(loss(y, model(X, training=True)))
                J_penalized = J + sum(model.losses)
            optimizer.apply(tape.gradient(J_penalized, variables), variables)
        return J

    @interrupts_later()
    def run(X: Any, y: Any, steps: int) -> tf.Tensor:
        for variable, value in zip(optimizer.variables, before, strict=True):
            variable.assign(value)
        X, y = tf.convert_to_tensor(X), tf.convert_to_tensor(y)
        for_any_number = [tf.TensorSpec([None, *data.shape[1:]], data.dtype) for data in (X, y)]
        return train.get_concrete_function(*for_any_number, tf.TensorSpec([], tf.int32))(X, y, tf.constant(steps))

    return run
