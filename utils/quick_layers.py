"""
Layers of Keras in a form that XLA runs several times faster on a CPU, with the same results.

In XLA, a convolution and its gradients in a loop run on one core, the gradient of a pooling compares one window after the other,
Dropout takes 0.4 µs for each number that it draws, and an LSTM multiplies its input and the gradients of its weights anew at each
time step. Here a convolution is one matrix product, the gradient of a pooling goes through all windows at once, Dropout draws
with Threefry, and what an LSTM computes without the state of the step before is computed for all steps at once.
"""

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import keras
import tensorflow as tf

Layer = keras.layers.Layer


class Form(NamedTuple):
    """
    A quick form of a layer.

    method: the name of the layer's method in whose place it runs.  fits: whether a layer has settings for which it is written.
    run: gets the layer, the method itself, and its arguments.
    """

    method: str
    fits: Callable[[Any], bool]
    run: Callable[..., Any]


@contextmanager
def quick(layers: Iterable[Layer]) -> Iterator[None]:
    """Within it, the layers that have a quick form are traced in it; a layer may be listed twice, where a model shares it."""
    formed = [(layer, form) for layer in dict.fromkeys(layers) if (form := _form_of(layer))]
    for layer, form in formed:
        setattr(layer, form.method, functools.partial(form.run, layer, getattr(layer, form.method)))
    try:
        yield
    finally:
        for layer, form in formed:
            delattr(layer, form.method)


def is_recurrent(layer: Layer) -> bool:
    """Whether a layer goes through a sequence step by step."""
    return isinstance(layer, keras.layers.RNN | keras.layers.Bidirectional)


def is_convolution(layer: Layer) -> bool:
    """Whether a layer is a convolution, of whatever kind."""
    return "Conv" in type(layer).__name__


def is_slow_in_xla(layer: Layer) -> bool:
    """Whether XLA on a CPU is slower at this layer than TensorFlow's graph."""
    return (is_recurrent(layer) or is_convolution(layer)) and _form_of(layer) is None


def _form_of(layer: Layer) -> Form | None:
    form = FORMS.get(type(layer))
    return form if form and form.fits(layer) else None


def _is_plain_convolution(layer: keras.layers.Conv2D) -> bool:
    ones = (*layer.strides, *layer.dilation_rate, layer.groups)
    return set(ones) == {1} and layer.data_format == "channels_last"


def _convolution(layer: keras.layers.Conv2D, method: Callable, images: Any, kernel: Any) -> tf.Tensor:
    """Each window of the images as a row, shape (windows, k · m · channels), times the filters as columns."""
    if None in images.shape[1:]:  # a layer before it cuts images to a size that it computes
        return method(images, kernel)
    images, kernel = tf.convert_to_tensor(images), tf.convert_to_tensor(kernel)
    k, m, _, filters = kernel.shape
    if layer.padding == "same":
        images = tf.pad(images, [[0, 0], [(k - 1) // 2, k // 2], [(m - 1) // 2, m // 2], [0, 0]])
    h, w = images.shape[1] - k + 1, images.shape[2] - m + 1
    windows = tf.concat([images[:, i : i + h, j : j + w] for i, j in itertools.product(range(k), range(m))], -1)
    return tf.reshape(tf.reshape(windows, [-1, windows.shape[-1]]) @ tf.reshape(kernel, [-1, filters]), [-1, h, w, filters])


def _is_plain_pooling(layer: keras.layers.MaxPooling2D) -> bool:
    return (layer.strides, layer.padding, layer.data_format) == (layer.pool_size, "valid", "channels_last")


def _pooling(layer: keras.layers.MaxPooling2D, method: Callable, images: Any) -> tf.Tensor:
    """The largest number of each window; windows do not overlap, so they are axes of their own."""
    if None in images.shape[1:]:
        return method(images)
    images = tf.convert_to_tensor(images)
    (k, m), (h, w, channels) = layer.pool_size, images.shape[1:]
    whole = images[:, : h // k * k, : w // m * m]
    return _largest(tf.reshape(whole, [-1, h // k, k, w // m, m, channels]))


@tf.custom_gradient
def _largest(windows: tf.Tensor) -> tuple:
    """The largest number along the axes 2 and 4. Its gradient goes to the first place that has it, as in Keras."""
    largest = tf.reduce_max(windows, [2, 4], keepdims=True)

    def gradient(dy: tf.Tensor) -> tf.Tensor:
        k, m = windows.shape[2], windows.shape[4]
        places = tf.reshape(tf.range(k * m), [1, 1, k, 1, m, 1])
        first = tf.reduce_min(tf.where(windows == largest, places, k * m), [2, 4], keepdims=True)
        return tf.where(places == first, dy[:, :, None, :, None], tf.zeros([], dy.dtype))

    return tf.squeeze(largest, [2, 4]), gradient


def _dropout(layer: keras.layers.Dropout, method: Callable, x: Any, training: bool = False) -> tf.Tensor:
    """As Keras has it, with a generator that XLA runs on many numbers at once."""
    if not training:
        return method(x, training=training)
    seed = tf.cast(layer.seed_generator.next(), tf.int32)
    return tf.nn.experimental.stateless_dropout(x, layer.rate, seed, noise_shape=layer.noise_shape, rng_alg="threefry")


def _is_plain_lstm(layer: keras.layers.LSTM) -> bool:
    """Keras's own activations, without dropout and without a state from the batch before."""
    return (
        (layer.activation, layer.recurrent_activation) == (keras.activations.tanh, keras.activations.sigmoid)
        and layer.use_bias
        and not (layer.dropout or layer.recurrent_dropout or layer.go_backwards or layer.stateful or layer.unroll)
    )


def _lstm(layer: keras.layers.LSTM, method: Callable, sequences: Any, initial_state: Any, mask: Any, training: Any) -> tuple:
    """What Keras calls for the steps in time: the last state, all states, and what a next sequence would start from."""
    if mask is not None:
        return method(sequences, initial_state, mask, training)
    cell = layer.cell
    kernel, recurrent_kernel, bias = (tf.convert_to_tensor(each) for each in (cell.kernel, cell.recurrent_kernel, cell.bias))
    inputs = tf.transpose(tf.tensordot(sequences, kernel, 1) + bias, [1, 0, 2])
    h, c = _steps_in_time(inputs, recurrent_kernel, *initial_state)
    return h[-1], tf.transpose(h, [1, 0, 2]), [h[-1], c[-1]]


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


FORMS: dict[type[Layer], Form] = {
    keras.layers.Conv2D: Form("convolution_op", _is_plain_convolution, _convolution),
    keras.layers.MaxPooling2D: Form("call", _is_plain_pooling, _pooling),
    keras.layers.Dropout: Form("call", lambda layer: 0 < layer.rate < 1, _dropout),
    keras.layers.LSTM: Form("inner_loop", _is_plain_lstm, _lstm),
}
