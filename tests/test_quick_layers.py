"""The quick forms of layers give the outputs and gradients of Keras, and only layers with settings that they know have one."""

import functools

import keras
import numpy as np
import pytest

from tests.devices import tf
from utils import training
from utils.quick_layers import FORMS, is_slow_in_xla, quick

layers = keras.layers


def of_images(*stack, shape=(9, 7, 2)):
    """A network that reads images, and gives one number for each."""
    return keras.Sequential([keras.Input(shape), *stack, layers.Flatten(), layers.Dense(1)])


def of_sequences(**options):
    """A network of two LSTMs, the second of which begins with the last state of the first."""
    inputs = keras.Input((7, 3))
    h, *state = layers.LSTM(5, return_sequences=True, return_state=True)(inputs)
    return keras.Model(inputs, layers.Dense(1)(layers.LSTM(5, **options)(h, initial_state=state)))


def few_values(shape):
    """Numbers of which many are equal, so that windows have more than one largest."""
    return tf.constant(np.random.default_rng().integers(-1, 2, shape).astype(np.float32))


NETWORKS = {
    "convolution": lambda: of_images(layers.Conv2D(3, 3)),
    "same": lambda: of_images(layers.Conv2D(3, (2, 4), padding="same", activation="relu"), layers.Conv2D(2, 3, use_bias=False)),
    "pooling": lambda: of_images(layers.MaxPooling2D()),
    "pooling in other windows": lambda: of_images(layers.Conv2D(3, 3), layers.MaxPooling2D((3, 2))),
    "images of a model within": lambda: of_images(keras.Sequential([layers.Conv2D(3, 3), layers.MaxPooling2D()])),
    "LSTM": of_sequences,
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_quick_form_gives_the_outputs_and_gradients_of_keras(name, jit_compile):
    model = NETWORKS[name]()
    X, formed = few_values((4, *model.input_shape[1:])), [each for each in training.layers_of(model) if type(each) in FORMS]
    before = [dict(vars(layer)) for layer in formed]

    @tf.function(jit_compile=jit_compile)
    def learn(X, layers):
        with tf.GradientTape() as tape, quick(layers):
            tape.watch(X)
            y = model(X, training=True)
            J = tf.reduce_sum(tf.sin(y))
        return y, tape.gradient(J, [X, *model.trainable_variables])

    (y, gradients), (expected, expected_gradients) = learn(X, formed), learn(X, [])
    assert np.allclose(y, expected, atol=1e-5)
    for gradient, expected_gradient in zip(gradients, expected_gradients, strict=True):
        assert np.allclose(gradient, expected_gradient, atol=1e-4)
    assert formed and before == [dict(vars(layer)) for layer in formed], "the layers are as they were"


def test_a_layer_that_a_model_has_twice_is_as_it_was_afterwards():
    shared, images = layers.Dropout(0.3), keras.Input((9, 7, 2))
    within = keras.Sequential([images, shared])
    model = keras.Model(images, shared(within(images)))
    assert training.layers_of(model).count(shared) == 2
    with quick(training.layers_of(model)):
        assert "call" in vars(shared)
    assert "call" not in vars(shared)


class Cut(layers.Layer):
    """Cuts images to a size that is known only when it runs."""

    def call(self, x):
        return x[:, : tf.cast(tf.reduce_max(tf.abs(x)), tf.int32) + 6]


@pytest.mark.parametrize("layer", [layers.Conv2D(3, 3), layers.MaxPooling2D()], ids=lambda layer: layer.name)
def test_where_the_size_of_images_is_not_known_a_layer_stays_as_it_is(layer):
    model, X = keras.Sequential([keras.Input((9, 7, 2)), Cut(), layer]), few_values((4, 9, 7, 2))
    expected = model(X)

    @tf.function
    def run(X):
        with quick([layer]):
            return model(X)

    assert np.allclose(run(X), expected, atol=1e-5)


def test_a_quick_dropout_keeps_its_share_scaled_and_draws_anew_at_each_step():
    layer, x = layers.Dropout(0.3), tf.ones((200, 50))

    @tf.function(jit_compile=True)
    def drop(training):
        with quick([layer]):
            return layer(x, training=training), layer(x, training=training)

    first, second = drop(True)
    for kept in (first, second):
        assert np.allclose(np.unique(kept), [0, 1 / 0.7]) and abs(np.mean(kept == 0) - 0.3) < 0.03
    assert np.mean(first == second) < 0.7 and np.array_equal(drop(False)[0], x)
    whole_rows = layers.Dropout(0.5, noise_shape=(None, 1))
    with quick([whole_rows]):
        kept = tf.function(functools.partial(whole_rows, training=True), jit_compile=True)(x)
    assert set(np.mean(kept, axis=1)) == {0, 2}


SLOW = [
    layers.Conv2D(2, 3, strides=2),
    layers.Conv2D(2, 3, dilation_rate=2),
    layers.Conv2D(2, 3, groups=2),
    layers.DepthwiseConv2D(3),
    layers.LSTM(5, dropout=0.5),
    layers.LSTM(5, recurrent_dropout=0.5),
    layers.LSTM(5, go_backwards=True),
    layers.LSTM(5, activation="relu"),
    layers.LSTM(5, use_bias=False),
    layers.GRU(5),
    layers.Bidirectional(layers.LSTM(5)),
]


@pytest.mark.parametrize("layer", SLOW, ids=lambda layer: layer.name)
def test_a_layer_without_a_quick_form_trains_in_tensorflows_graph(layer):
    assert is_slow_in_xla(layer)
    X = few_values((5, 9, 7, 2) if "conv" in layer.name else (5, 7, 3))
    model, y = of_images(layer, shape=X.shape[1:]), tf.ones((5, 1))
    epoch = training.compile_epoch(model, keras.optimizers.SGD(0.1), keras.losses.mean_squared_error, X, y, 2)
    assert np.isfinite(epoch((0, 0))["loss"])


def test_a_network_that_xla_cannot_compile_trains_in_tensorflows_graph():
    """What a student puts before the convolutions may have operations that XLA does not know."""
    X, y = few_values((9, 8, 8, 1)), tf.ones((9, 1))

    class Unknown(layers.Layer):
        def call(self, x):
            return tf.ensure_shape(tf.numpy_function(np.abs, [x], tf.float32), x.shape)

    stack = [Unknown(), layers.Conv2D(2, 3), layers.BatchNormalization(), layers.MaxPooling2D(), layers.Dropout(0.3)]
    model, optimizer = of_images(*stack, shape=(8, 8, 1)), keras.optimizers.SGD(0.001)
    epoch = training.compile_epoch(model, optimizer, keras.losses.mean_squared_error, X, y, 4)
    losses = [float(epoch((0, number))["loss"]) for number in range(3)]
    assert optimizer.iterations == 9, "each step is taken once"
    assert np.isfinite(losses).all()


def test_a_whole_network_for_images_learns_in_xla():
    X, y = few_values((40, 8, 8, 1)), tf.constant(np.random.default_rng().integers(2, size=(40, 1)), tf.float32)
    normalization = layers.BatchNormalization()
    stack = [layers.Conv2D(8, 3, padding="same"), normalization, layers.ReLU(), layers.MaxPooling2D(), layers.Dropout(0.1)]
    model = of_images(*stack, shape=(8, 8, 1))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    epoch = training.compile_epoch(model, keras.optimizers.Adam(0.02), loss, X, y, 8)
    losses = [float(epoch((0, number))["loss"]) for number in range(60)]
    assert losses[-1] < losses[0] / 2
    assert not np.allclose(normalization.moving_mean, 0)


def test_poolings_whose_windows_overlap_or_are_filled_up_stay_as_they_are():
    for layer in (layers.MaxPooling2D(3, strides=2), layers.MaxPooling2D(2, padding="same")):
        with quick([layer]):
            assert "call" not in vars(layer)


def test_a_masked_sequence_is_left_to_keras():
    tokens, y = np.array([[1, 2, 0, 0], [3, 1, 2, 0]]), np.array([[1.0], [2.0]], np.float32)
    model = keras.Sequential([layers.Embedding(4, 3, mask_zero=True), layers.LSTM(5), layers.Dense(1)])
    mse = keras.losses.MeanSquaredError()
    expected = mse(y, model(tokens))
    seen = training.compile_epoch(model, keras.optimizers.SGD(0.0), mse, tokens, y, 2)((0, 0))
    assert np.isclose(seen["loss"], expected, atol=1e-6)
