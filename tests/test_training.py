"""The compiled epoch trains as a loop in plain sight does: every example once, the short batch too, the seed in charge."""

import _thread
import signal
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest

from tests.devices import tf
from utils import training


def a_model(*layers):
    keras.utils.set_random_seed(5)
    return keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(1)])


def examples(n=10):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, 3)).astype(np.float32)
    return X, (X @ [[1.0], [-2.0], [0.5]]).astype(np.float32) + rng.normal(size=(n, 1)).astype(np.float32)


mse = keras.losses.MeanSquaredError()


def test_an_epoch_visits_every_example_once_in_an_order_of_its_own():
    X, y = np.arange(10, dtype=np.float32)[:, None], np.zeros((10, 1), np.float32)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    epoch = training.compile_epoch(model, keras.optimizers.SGD(0.0), lambda y, y_hat: tf.reduce_sum(10.0**y_hat), X, y, 4)
    seen = epoch((0, 1))
    assert seen["batches"].shape == (3,)
    assert np.isclose(np.sum(seen["batches"]), 1111111111, rtol=1e-5)
    assert np.array_equal(seen["batches"], epoch((0, 1))["batches"])
    assert not np.array_equal(seen["batches"], epoch((0, 2))["batches"])


def order_of(seed):
    """The order that a seed gives to 10 examples, whoever compiles the steps."""
    return np.argsort(tf.random.stateless_uniform([10], seed, alg="philox"), kind="stable")


@pytest.mark.parametrize(("batch_size", "jit_compile"), [(1, True), (3, True), (3, False), (5, False), (64, True)])
def test_an_epoch_equals_the_same_steps_one_by_one(batch_size, jit_compile):
    X, y = examples()
    model, twin = a_model(keras.layers.Dense(4, "tanh")), a_model(keras.layers.Dense(4, "tanh"))
    twin.set_weights(model.get_weights())
    sgd = keras.optimizers.SGD(0.01, momentum=0.9)
    epoch = training.compile_epoch(model, sgd, mse, X, y, batch_size, (X[:3], y[:3]), jit_compile)
    optimizer, losses = keras.optimizers.SGD(0.01, momentum=0.9), []
    for number in range(2):
        seen = epoch((7, number))
        order = order_of((7, number))
        sizes = []
        for start in range(0, 10, batch_size):
            rows = order[start : start + batch_size]
            with tf.GradientTape() as tape:
                J = mse(y[rows], twin(X[rows]))
            optimizer.apply(tape.gradient(J, twin.trainable_variables), twin.trainable_variables)
            losses.append(float(J))
            sizes.append(len(rows))
        assert np.allclose(seen["batches"], losses[-len(sizes) :], atol=1e-5)
        assert np.isclose(seen["loss"], np.average(losses[-len(sizes) :], weights=sizes), atol=1e-5)
        assert np.isclose(seen["val_loss"], mse(y[:3], twin(X[:3])), atol=1e-5)
    for ours, theirs in zip(model.get_weights(), twin.get_weights(), strict=True):
        assert np.allclose(ours, theirs, atol=1e-4)


def test_of_a_loss_for_each_example_the_mean_is_taken():
    X, y = examples()
    seen = []
    for loss in (mse, keras.losses.mean_squared_error):
        model = a_model()
        history = training.train(model, keras.optimizers.SGD(0.1), loss, X, y, 2, np.int64(4), validation=(X[:3], y[:3]))
        steps = training.compile_steps(a_model(), keras.optimizers.SGD(0.1), loss)
        seen.append([*history["loss"], *history["val_loss"], float(steps(X, y, 2))])
    assert np.allclose(*seen)


def test_dropout_is_active_in_training_and_not_in_validation():
    X, y = examples()
    model = a_model(keras.layers.Dropout(0.5))
    epoch = training.compile_epoch(model, keras.optimizers.SGD(0.0), mse, X, y, 10, validation=(X, y))
    seen = [epoch((0, number)) for number in range(2)]
    assert seen[0]["loss"] != seen[1]["loss"]
    assert np.isclose(seen[0]["val_loss"], mse(y, model(X)), atol=1e-5) and np.isclose(seen[1]["val_loss"], seen[0]["val_loss"])


@pytest.mark.parametrize("layer", [keras.layers.LSTM, keras.layers.SimpleRNN, keras.layers.Dense])
def test_an_epoch_over_sequences_equals_the_same_steps_one_by_one(layer):
    """Tokens in and a token out at each step, with gradients that are clipped by their common norm."""
    tokens = np.random.default_rng(0).integers(5, size=(6, 9))
    X, y = tokens[:, :-1], tokens[:, 1:]
    stack = [keras.layers.Embedding(5, 3), layer(4, **({} if layer is keras.layers.Dense else {"return_sequences": True}))]
    model = keras.Sequential([keras.Input((None,), dtype="int32"), *stack, keras.layers.Dense(5)])
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    ours, theirs = (keras.optimizers.SGD(0.5, global_clipnorm=0.1) for _ in range(2))
    seen = training.compile_epoch(model, ours, loss, X, y, batch_size=4)((3, 1))
    order = np.argsort(tf.random.stateless_uniform([6], (3, 1), alg="philox"), kind="stable")
    for J, rows in zip(seen["batches"], (order[:4], order[4:]), strict=True):
        with tf.GradientTape() as tape:
            expected = loss(y[rows], twin(X[rows]))
        theirs.apply(tape.gradient(expected, twin.trainable_variables), twin.trainable_variables)
        assert np.isclose(J, expected, atol=1e-5)
    for our, their in zip(model.get_weights(), twin.get_weights(), strict=True):
        assert np.allclose(our, their, atol=1e-5)


def test_convolutions_and_batch_normalization_train():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 8, 8, 1)).astype(np.float32), rng.integers(2, size=20)
    stack = [keras.layers.Conv2D(4, 3), keras.layers.BatchNormalization(), keras.layers.Flatten(), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((8, 8, 1)), *stack])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    history = training.train(model, keras.optimizers.Adam(0.01), loss, X, y, epochs=15, batch_size=8)
    assert history["loss"][-1] < history["loss"][0] / 2
    assert not np.allclose(stack[1].moving_mean, 0)


def test_training_gives_the_history_and_ends_where_its_watcher_says():
    X, y = examples()
    histories = [
        training.train(a_model(), keras.optimizers.SGD(0.05), mse, X, y, epochs=6, batch_size=4, validation=(X, y), seed=seed)
        for seed in (3, 3, 4)
    ]
    assert histories[0] == histories[1] != histories[2]
    assert len(histories[0]["loss"]) == len(histories[0]["val_loss"]) == 6
    stopped = training.train(
        a_model(), keras.optimizers.SGD(0.05), mse, X, y, epochs=6, watch=lambda history: len(history["loss"]) == 2
    )
    assert list(stopped) == ["loss"] and len(stopped["loss"]) == 2


@pytest.fixture
def interruptible():
    """Interrupts as a notebook has them; a process in the background may ignore them."""
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, handler)


def test_an_interrupt_loses_nothing(capsys, interruptible):
    X, y = examples()
    model = a_model()
    before = model.get_weights()

    def interrupt(history):
        if len(history["loss"]) == 3:
            _thread.interrupt_main()  # what a notebook's stop button does

    history = training.train(model, keras.optimizers.SGD(0.05), mse, X, y, epochs=100, watch=interrupt)
    assert 3 <= len(history["loss"]) < 100
    assert "Interrupted after" in capsys.readouterr().out
    assert not np.allclose(before[0], model.get_weights()[0])


def test_an_interrupt_waits_for_the_end_of_the_epoch(capsys, interruptible):
    X, y = examples()
    model, twin = a_model(), a_model()
    steps = []

    def press(J):
        steps.append(J)
        if len(steps) == 5:  # in the third epoch of two steps
            signal.raise_signal(signal.SIGINT)
        return J

    def pressed(y, y_hat):
        return mse(y, y_hat) + 0 * tf.numpy_function(press, [tf.stop_gradient(mse(y, y_hat))], tf.float32)

    history = training.train(model, keras.optimizers.SGD(0.05), pressed, X, y, 100, 5)
    assert "Interrupted after 3 of 100 epochs" in capsys.readouterr().out
    assert np.allclose(history["loss"], training.train(twin, keras.optimizers.SGD(0.05), mse, X, y, 3, 5)["loss"], atol=1e-5)
    assert np.allclose(model.get_weights()[0], twin.get_weights()[0], atol=1e-5)


def test_where_an_interrupt_has_to_wait_it_comes_at_the_end(interruptible):
    done = []
    with pytest.raises(KeyboardInterrupt), training.interrupts_later(), training.interrupts_later():
        signal.raise_signal(signal.SIGINT)
        done.append("inner")
    assert done == ["inner"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with ThreadPoolExecutor() as pool:  # where no interrupt comes
        assert pool.submit(training.interrupts_later()(lambda: "done")).result() == "done"


def test_penalties_of_layers_are_trained_and_not_reported():
    X, y = examples()
    model, twin = (a_model(keras.layers.Dense(4, kernel_regularizer=keras.regularizers.L2(0.1))) for _ in range(2))
    twin.set_weights(model.get_weights())
    epoch = training.compile_epoch(model, keras.optimizers.SGD(0.1), mse, X, y, 10, validation=(X, y), jit_compile=False)
    without = mse(y, twin(X))
    with tf.GradientTape() as tape:
        J_penalized = mse(y, twin(X)) + 0.1 * tf.reduce_sum(twin.layers[0].kernel ** 2)
    keras.optimizers.SGD(0.1).apply(tape.gradient(J_penalized, twin.trainable_variables), twin.trainable_variables)
    seen = epoch((0, 0))
    assert np.isclose(seen["loss"], without, atol=1e-5) and np.isclose(seen["val_loss"], mse(y, twin(X)), atol=1e-5)
    for ours, theirs in zip(model.get_weights(), twin.get_weights(), strict=True):
        assert np.allclose(ours, theirs, atol=1e-5)


def of_images(pixels):
    convolution = keras.layers.Conv2D(1, 3)
    return keras.Sequential([keras.Input((pixels, pixels, 1)), convolution, keras.layers.Flatten(), keras.layers.Dense(1)])


def of_sequences():
    return keras.Sequential([keras.Input((7, 3)), keras.layers.LSTM(2), keras.layers.Dense(1)])


WORTH_COMPILING = [
    (a_model, (3,), "MANY_STEPS"),
    (lambda: of_images(8), (8, 8, 1), "MANY_ON_SMALL_IMAGES"),
    (lambda: of_images(28), (28, 28, 1), "MANY_ON_LARGE_IMAGES"),
    (of_sequences, (7, 3), "MANY_IN_TIME"),
]


@pytest.mark.parametrize(("make_model", "shape", "many"), WORTH_COMPILING, ids=[many for _, _, many in WORTH_COMPILING])
def test_xla_compiles_where_many_steps_follow(make_model, shape, many, monkeypatch):
    asked = []
    monkeypatch.setattr(training, "compile_epoch", lambda *args: asked.append(args[-1]) or (lambda seed: {"loss": 1.0}))
    monkeypatch.setattr(training, many, 5)
    X, y = np.zeros((10, *shape), np.float32), np.zeros((10, 1), np.float32)
    for epochs in (2, 3):  # of two steps
        training.train(make_model(), keras.optimizers.SGD(0.1), mse, X, y, epochs, batch_size=5)
        training.repeat(make_model, keras.optimizers.SGD(0.1), mse, X, y, 1, batch_size=5, starts=epochs)
    assert asked == [False, False, True, True]


def test_repeated_training_equals_trainings_of_their_own():
    X, y = examples()
    made = []

    def make_model():
        made.append(keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(1)]))
        return made[-1]

    adam = keras.optimizers.Adam(0.05)
    history = training.repeat(make_model, adam, mse, X, y, epochs=4, batch_size=4, validation=(X, y), starts=3)
    assert {name: runs.shape for name, runs in history.items()} == {"loss": (3, 4), "val_loss": (3, 4)}
    for start, model in enumerate(made[1:]):  # the first one is trained from the weights of each
        alone = training.train(model, keras.optimizers.Adam(0.05), mse, X, y, 4, 4, validation=(X, y), seed=start)
        for name, runs in history.items():
            assert np.allclose(runs[start], alone[name], atol=1e-5)
    assert len(np.unique(history["loss"][:, 0])) == 3


def test_repeated_training_measures_each_trained_model():
    X, y = examples()
    seen = []
    history = training.repeat(
        a_model, keras.optimizers.SGD(0.01), mse, X, y, epochs=2, starts=2, measure=lambda model: seen.append(model) or len(seen)
    )
    assert history["measured"].tolist() == [1, 2] and history["loss"].shape == (2, 2)


@pytest.mark.parametrize("side", [8, 12])  # small images, and those from which XLA compiles the step
@pytest.mark.parametrize("nested", [False, True])
def test_convolutions_are_trained_alike_however_the_epoch_is_compiled(side, nested):
    X = np.random.default_rng(6).normal(size=(6, side, side, 1)).astype(np.float32)
    y = np.arange(6) % 3
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    stack = [keras.layers.Conv2D(2, 3, activation="relu"), keras.layers.MaxPooling2D(), keras.layers.Flatten()]
    body = [keras.Sequential([keras.Input((side, side, 1)), *stack])] if nested else stack
    model = keras.Sequential([keras.Input((side, side, 1)), *body, keras.layers.Dense(3)])
    before = model.get_weights()
    seen = training.compile_epoch(model, keras.optimizers.SGD(0.1), loss, X, y, batch_size=6)((0, 0))
    after = model.get_weights()
    model.set_weights(before)
    with tf.GradientTape() as tape:
        J = loss(y, model(X, training=True))
    keras.optimizers.SGD(0.1).apply(tape.gradient(J, model.trainable_variables), model.trainable_variables)
    assert np.isclose(seen["loss"], J, atol=1e-5)
    assert all(np.allclose(ours, theirs, atol=1e-5) for ours, theirs in zip(after, model.get_weights(), strict=True))
    assert not np.allclose(before[0], after[0], atol=1e-4)


def test_steps_with_all_examples_begin_anew_and_train_what_was_trainable():
    X, y = examples()
    frozen = keras.layers.Dense(4, "tanh")
    model = a_model(frozen)
    frozen.trainable = False
    before = model.get_weights()
    train = training.compile_steps(model, keras.optimizers.Adam(0.1), mse)
    for n in (10, 3):  # any number of examples, one compilation
        model.set_weights(before)
        last = train(X[:n], y[:n], 5)
        ours = model.get_weights()
        model.set_weights(before)
        optimizer = keras.optimizers.Adam(0.1)
        for _ in range(5):
            with tf.GradientTape() as tape:
                J = mse(y[:n], model(X[:n], training=True))
            optimizer.apply_gradients(zip(tape.gradient(J, model.trainable_variables), model.trainable_variables, strict=True))
        assert np.isclose(last, J, atol=1e-4)
        assert all(np.allclose(a, b, atol=1e-4) for a, b in zip(ours, model.get_weights(), strict=True))
        assert np.array_equal(ours[0], before[0]) and not np.allclose(ours[2], before[2])


def test_unequal_or_empty_data_are_refused():
    with pytest.raises(ValueError, match="X has 10 examples and y has 9"):
        training.compile_epoch(a_model(), keras.optimizers.SGD(), mse, *examples()[:1], examples(9)[1], 4)
    with pytest.raises(ValueError, match="one at least"):
        training.compile_epoch(a_model(), keras.optimizers.SGD(), mse, np.zeros((0, 3)), np.zeros((0, 1)), 4)


def linear():
    """One weight, which begins at 0."""
    return (keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")]),)


def toward_one(model, optimizer, X, rate):
    """A step of one's own: it counts what it saw, and moves the weight."""
    with tf.GradientTape() as tape:
        J = tf.reduce_mean((model(X) - X) ** 2) * rate
    optimizer.apply(tape.gradient(J, model.trainable_variables), model.trainable_variables)
    return J, tf.reduce_min(X)


def test_steps_of_ones_own_begin_anew_at_each_call_and_leave_earlier_networks_alone():
    X = np.array([[1.0], [2.0]], np.float32)
    train = training.compile_batches(toward_one, linear, keras.optimizers.SGD(0.1, momentum=0.9), batch_size=50)
    first, seen = train(X, 30, 1.0)
    weight = float(first.get_weights()[0][0, 0])
    assert seen.shape == (30, 2) and seen[0, 0] > 1 and abs(weight - 1) < 0.5, "it learns"
    second, again = train(X, 4, 0.0)
    assert second.get_weights()[0][0, 0] == 0 and np.all(again[:, 0] == 0), "another setting, new weights, no momentum left over"
    assert float(first.get_weights()[0][0, 0]) == weight


def test_batches_are_drawn_from_all_examples():
    X = np.arange(1.0, 9.0, dtype=np.float32)[:, None]
    train = training.compile_batches(toward_one, linear, keras.optimizers.SGD(0.0), batch_size=1)
    assert set(train(X, 300, 1.0)[1][:, 1]) == set(range(1, 9))
