"""
Keras's LSTM for XLA on a CPU, with the same results in half of the time.

Keras multiplies the input, the state and their gradients with the weights at each time step. What does not need the state of the
step before is done here for all steps at once: the input times W, and the gradients of W, of the recurrent weights and the bias.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf


def recurrent(layers: Iterable[keras.layers.Layer]) -> list[keras.layers.Layer]:
    """Those of the layers that go through a sequence step by step."""
    return [layer for layer in layers if isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional)]


def has_quick_form(layer: keras.layers.Layer) -> bool:
    """Whether `quick` makes this layer quicker: an LSTM with Keras's own activations, without dropout and state from before."""
    return (
        type(layer) is keras.layers.LSTM
        and (layer.activation, layer.recurrent_activation) == (keras.activations.tanh, keras.activations.sigmoid)
        and layer.use_bias
        and not (layer.dropout or layer.recurrent_dropout or layer.go_backwards or layer.stateful or layer.unroll)
    )


@contextmanager
def quick(layers: Iterable[keras.layers.Layer]) -> Iterator[None]:
    """Within it, the layers that have a quick form are traced in it."""
    changed = [layer for layer in layers if has_quick_form(layer)]
    for layer in changed:
        layer.inner_loop = _inner_loop_of(layer)
    try:
        yield
    finally:
        for layer in changed:
            del layer.inner_loop


def _inner_loop_of(layer: keras.layers.LSTM) -> Any:
    """What Keras calls for the steps in time: the last state, all states, and what a next sequence would start from."""
    original, cell = layer.inner_loop, layer.cell

    def inner_loop(sequences: tf.Tensor, initial_state: Any, mask: Any = None, training: bool = False) -> tuple:
        if mask is not None:
            return original(sequences, initial_state, mask, training)
        kernel, recurrent_kernel, bias = (tf.convert_to_tensor(each) for each in (cell.kernel, cell.recurrent_kernel, cell.bias))
        inputs = tf.transpose(tf.tensordot(sequences, kernel, 1) + bias, [1, 0, 2])
        h, c = _steps_in_time(inputs, recurrent_kernel, *initial_state)
        return h[-1], tf.transpose(h, [1, 0, 2]), [h[-1], c[-1]]

    return inner_loop


@tf.custom_gradient
def _steps_in_time(inputs: tf.Tensor, U: tf.Tensor, h_0: tf.Tensor, c_0: tf.Tensor) -> tuple:
    """
    The states h and the memories c of an LSTM at each step, both of shape (T, n, units).

    inputs: the inputs times their weights, plus the bias, shape (T, n, 4 · units), the gates in Keras's order: input, forget,
    candidate, output.  U: the recurrent weights, (units, 4 · units).  h_0, c_0: what the first step starts from, (n, units).
    Source of the gradients: Hochreiter & Schmidhuber 1997 with the forget gate of Gers et al. 2000, by the chain rule.
    """
    T = tf.shape(inputs)[0]

    def kept(width: int) -> tf.TensorArray:
        return tf.TensorArray(inputs.dtype, T, element_shape=[inputs.shape[1], width * U.shape[0]])

    def step(t: tf.Tensor, h: tf.Tensor, c: tf.Tensor, gates: Any, h_kept: Any, c_kept: Any) -> tuple:
        i, f, g, o = tf.split(inputs[t] + h @ U, 4, axis=1)
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        c = f * c + i * g
        h = o * tf.tanh(c)
        return t + 1, h, c, gates.write(t, tf.concat([i, f, g, o], 1)), h_kept.write(t, h), c_kept.write(t, c)

    *_, gates, h, c = tf.while_loop(lambda t, *_: t < T, step, (0, h_0, c_0, kept(4), kept(1), kept(1)), maximum_iterations=T)
    gates, h, c = gates.stack(), h.stack(), c.stack()

    def gradients(dh: tf.Tensor, dc: tf.Tensor) -> tuple:
        i, f, g, o = tf.split(gates, 4, axis=2)
        h_before, c_before = (tf.concat([first[None], each[:-1]], 0) for first, each in ((h_0, h), (c_0, c)))
        tanh_c = tf.tanh(c)
        dc_dh = o * (1 - tanh_c**2)
        by_c = tf.concat([g * i * (1 - i), c_before * f * (1 - f), i * (1 - g**2)], 2)  # of the three gates that make c
        by_h = tanh_c * o * (1 - o)
        U_transposed = tf.transpose(U)

        def step_back(t: tf.Tensor, from_h: tf.Tensor, from_c: tf.Tensor, kept_dz: Any) -> tuple:
            dh_t = dh[t] + from_h
            dc_t = dc[t] + from_c + dh_t * dc_dh[t]
            dz = tf.concat([tf.tile(dc_t, [1, 3]) * by_c[t], dh_t * by_h[t]], 1)
            return t - 1, dz @ U_transposed, dc_t * f[t], kept_dz.write(t, dz)

        nothing = tf.zeros_like(h_0)
        _, dh_0, dc_0, dz = tf.while_loop(
            lambda t, *_: t >= 0, step_back, (T - 1, nothing, nothing, kept(4)), maximum_iterations=T
        )
        dz = dz.stack()
        dU = tf.tensordot(h_before, dz, [[0, 1], [0, 1]])
        return dz, dU, dh_0, dc_0

    return (h, c), gradients
