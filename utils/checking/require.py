"""What the exercises' `observe` functions require of an answer: each returns it in one form, or raises Advice."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from utils.advice import Advice
from utils.checking import arrays
from utils.quiet_tensorflow import tf

NO_INPUT = "The model does not know yet how many inputs it has. Begin the list with `keras.Input((…,))`, which says so."
NOT_JOINED = (
    "The layers cannot be joined for the shape in `keras.Input`: one of them stops with it. It is the shape of one "
    "example, without the axis that counts the examples."
)
FROZEN = "Nothing in the network can learn: `trainable` is False for all of it. Training would change no weight."
TRAINED = "The network is trained already when it is returned. Return a new one: the check trains it from its first weights."
SAME_MODEL = "The function returns the same model each time. Make it within the function, so that each call begins untrained."


def numbers(value: Any, shape: tuple[int, ...] | None = None, what: str = "It gives") -> np.ndarray:
    """
    A value as an array of numbers; of this shape, if one is expected.

    what: how the sentence begins that says what is wrong with the shape.
    """
    if problem := arrays.no_numbers(value):
        raise Advice(problem)
    array = arrays.numbers_or_text(value)
    if array.dtype.kind == "U":
        raise Advice("It holds text; expected numbers.")
    if shape is not None and array.shape != shape:
        raise Advice(f"{what} shape {array.shape}; expected {shape}.")
    return array


def items(value: Any, count: int, expected: str) -> tuple:
    """Several values that a function returns.  expected: which, for the sentence, "the chosen model, and its loss"."""
    if not isinstance(value, (tuple, list)) or len(value) != count:
        one = isinstance(value, (str, dict, set, frozenset))  # where numbers are asked for, there would be more to say of it
        raise Advice((None if one else arrays.no_numbers(value)) or f"Return {count} things: {expected}.")
    return tuple(value)


def model(value: Any, inputs: Sequence[int] | None = None, outputs: Sequence[int] | None = None) -> Any:
    """
    A Keras model.

    inputs, outputs: the shapes of one example, (2,), if they are expected to be these; then the model has its weights, too.
    """
    if not isinstance(value, tf.keras.Model):
        if callable(value) and hasattr(value, "__name__"):
            raise Advice(f"Expected a Keras model; this is `{value.__name__}` itself. Call it, with brackets after its name.")
        problem = arrays.no_numbers(value)
        raise Advice(problem or f"Expected a Keras model; this is of type {type(value).__name__}.")
    for expected, name, what in ((inputs, "input_shape", "takes inputs"), (outputs, "output_shape", "gives outputs")):
        if expected is None:
            continue
        if not value.built:
            raise Advice(NO_INPUT)
        shape = known(value, name)  # a class of one's own may have none
        if shape is None and isinstance(value, tf.keras.Sequential):  # Keras says nothing where it gives up
            raise Advice(NOT_JOINED)
        if shape is not None and shape != (None, *expected):
            raise Advice(f"The model {what} of shape {shape}; expected {(None, *expected)}: the first axis counts the examples.")
    return value


def known(model: Any, name: str) -> Any:
    """What a model knows of its shape: its `input_shape`, `output_shape` or `inputs`; None where Keras does not tell."""
    with suppress(AttributeError, ValueError):  # Keras 3.0 raises a ValueError
        return getattr(model, name)
    return None


def can_learn(network: Any) -> Any:
    """A model, as `model` returns it, some of whose weights are trainable."""
    if network.weights and not network.trainable_variables:
        raise Advice(FROZEN)
    return network


def probabilities(y_hat: np.ndarray) -> np.ndarray:
    """Predictions between 0 and 1."""
    if y_hat.min() < 0 or y_hat.max() > 1:
        raise Advice(
            f"The model gives numbers from {y_hat.min():.2f} to {y_hat.max():.2f}; expected probabilities. Which activation of "
            "the last layer gives numbers between 0 and 1?"
        )
    return y_hat


def activated(outputs: np.ndarray) -> bool:
    """Whether what should be logits has gone through an activation: none of the numbers is negative, and not all are 0."""
    return bool(np.all(outputs >= 0) and np.any(outputs > 0))


def are_probabilities(outputs: np.ndarray) -> bool:
    """Whether each row holds a probability for each class, as softmax makes them."""
    return activated(outputs) and np.allclose(np.sum(outputs, axis=-1), 1, atol=1e-3)
