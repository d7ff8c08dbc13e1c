"""A network of Keras in the form that a page computes with: what `scripts/network.js` needs of each layer."""

import base64
from collections.abc import Callable
from typing import Any

import numpy as np

from utils.advice import Advice
from utils.quiet_tensorflow import tf

keras = tf.keras
MOST_WEIGHTS = 250_000
ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh", "softplus", "elu", "silu", "softmax")
NO_CHAIN = "A page computes a chain of layers, and your network branches, or does more. Draw with a Sequential model."

Numbers = list[dict[str, Any]]


def layers_of(model: Any, X: np.ndarray) -> Numbers:
    """
    The layers of a chain of layers, each as numbers and texts; weights as base64 of float32.

    X: images, shape (n, h, w, 1), on which the chain has to give what the model gives.  Advice where a page cannot compute it.
    """
    if (count := model.count_params()) > MOST_WEIGHTS:
        raise Advice(f"This network has {count:,} weights, and a page carries {MOST_WEIGHTS:,} at most. Draw with a smaller one.")
    found, x = [], X
    for layer in _chain(model):
        try:
            y = np.asarray(layer(x))  # without `training`: as in prediction
        except Exception:
            raise Advice(NO_CHAIN) from None
        found += _in_numbers(layer, x, y)
        x = y
    expected = np.asarray(model(X, training=False))
    if x.shape != expected.shape or not np.allclose(x, expected, atol=1e-4):
        raise Advice(NO_CHAIN)
    return found


def _chain(model: Any) -> list[Any]:
    """The layers of a model in their order, those of models within it as well."""
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    return [each for layer in layers for each in (_chain(layer) if isinstance(layer, keras.Sequential) else [layer])]


def _in_numbers(layer: Any, x: np.ndarray, y: np.ndarray) -> Numbers:
    """One layer, from x to y, with its activation as one more; nothing for an unknown one that changes nothing, as Dropout."""
    kind = type(layer)
    if kind not in KINDS and np.array_equal(x, y):
        return []
    if kind not in KINDS:
        raise Advice(f"A page cannot compute the layer {kind.__name__}. Draw with a network without it.")
    return [*KINDS[kind](layer, x, y), *_activation(getattr(layer, "activation", None))]


def _activation(function: Any) -> Numbers:
    name = getattr(function, "__name__", "linear") if function else "linear"
    if name not in ACTIVATIONS:
        raise Advice(f"A page cannot compute the activation {name}. It knows {', '.join(ACTIVATIONS)}.")
    return [] if name == "linear" else [{"kind": "activation", "name": name}]


def _dense(layer: Any, x: np.ndarray, y: np.ndarray) -> Numbers:
    if x.ndim != 2:
        raise Advice("A page computes a Dense layer on flat examples. Put a Flatten before it, and draw again.")
    return [{"kind": "dense", "units": layer.units, **_weights(layer)}]


def _conv(layer: Any, x: np.ndarray, y: np.ndarray) -> Numbers:
    if layer.groups != 1 or tuple(np.ravel(layer.dilation_rate)) not in ((1,), (1, 1)):
        raise Advice("A page computes convolutions without groups and dilation. Draw with a network that has none.")
    size = layer.get_weights()[0].shape[:2]
    return [{"kind": "conv", "filters": layer.filters, **_weights(layer), **_window(size, layer.strides, layer.padding, x, y)}]


def _pool(layer: Any, x: np.ndarray, y: np.ndarray) -> Numbers:
    largest = isinstance(layer, keras.layers.MaxPooling2D)
    return [{"kind": "pool", "largest": largest, **_window(layer.pool_size, layer.strides, layer.padding, x, y)}]


def _pool_all(layer: Any, x: np.ndarray, y: np.ndarray) -> Numbers:
    window = _window(x.shape[1:3], (1, 1), "valid", x, np.zeros((1, 1, 1, 1)))
    return [{"kind": "pool", "largest": isinstance(layer, keras.layers.GlobalMaxPooling2D), **window}, {"kind": "flatten"}]


def _flatten(layer: Any, x: np.ndarray, y: np.ndarray) -> Numbers:
    if y.ndim != 2:
        raise Advice("A page cannot compute this Reshape: it keeps rows and columns, or makes a row of all. Draw without it.")
    return [{"kind": "flatten"}]


def _scale(layer: Any, x: np.ndarray, y: np.ndarray) -> Numbers:
    """What multiplies each channel, and what is added: from what the layer makes of zeros and of ones."""
    plus, sums = (np.asarray(layer(np.full_like(x[:1], number)), float).reshape(-1, x.shape[-1])[0] for number in (0, 1))
    return [{"kind": "scale", "by": _text(sums - plus), "plus": _text(plus)}]


def _relu(layer: Any, x: np.ndarray, y: np.ndarray) -> Numbers:
    if layer.max_value is not None or layer.negative_slope or layer.threshold:
        raise Advice("A page computes a plain ReLU. Draw with a network that has no other.")
    return [{"kind": "activation", "name": "relu"}]


KINDS: dict[type, Callable[[Any, np.ndarray, np.ndarray], Numbers]] = {
    keras.layers.Dense: _dense,
    keras.layers.Conv2D: _conv,
    keras.layers.MaxPooling2D: _pool,
    keras.layers.AveragePooling2D: _pool,
    keras.layers.GlobalMaxPooling2D: _pool_all,
    keras.layers.GlobalAveragePooling2D: _pool_all,
    keras.layers.Flatten: _flatten,
    keras.layers.Reshape: _flatten,
    keras.layers.BatchNormalization: _scale,
    keras.layers.Rescaling: _scale,
    keras.layers.ReLU: _relu,
    keras.layers.Activation: lambda layer, x, y: [],
}


def _window(size: Any, strides: Any, padding: str, x: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """How a window goes over x to give y: with "same", zeros are shared out as TensorFlow does, the odd one below and right."""
    (k, m), strides = (int(each) for each in size), [int(each) for each in strides]
    zeros = [max((y.shape[1 + i] - 1) * strides[i] + (k, m)[i] - x.shape[1 + i], 0) // 2 for i in (0, 1)]
    top, before = zeros if padding == "same" else (0, 0)
    return {"k": k, "m": m, "strides": strides, "top": top, "before": before, "h": y.shape[1], "w": y.shape[2]}


def _weights(layer: Any) -> dict[str, str]:
    """The kernel and the bias, zeros where there is none."""
    W, *b = layer.get_weights()
    return {"W": _text(W), "b": _text(b[0] if b else np.zeros(W.shape[-1]))}


def _text(array: Any) -> str:
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()
