"""Exercises of lab 12: three targets for a network of the student's own; the last two are measured on the test set."""

import inspect
import math
import time
from functools import cache

import keras
import numpy as np
import tensorflow as tf

from utils import capstone, training
from utils.advice import Advice
from utils.checking import FINE, Exercise, chance, findings_of, limits, require

OPEN = "any network that reaches the target is right, and the check measures that"
Adam = keras.optimizers.Adam
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

# --- 12.1: a rehearsal of the choices ---------------------------------------------------------------------------------
# Steps of a rehearsal. One start may be unlucky, or the steps too few, so choices that fall short begin again, for longer: all of these
# while they are near the baseline, the first three otherwise, the first two where a reason can be seen in the choices themselves.
TRIES = (160, 320, 640, 640, 640, 640)
NEAR = 0.1  # below the accuracy of the baseline
SLICE = 40  # steps between two looks
ENOUGH = 60.0  # seconds of work, after which no new start begins

@cache
def the_problem():
    """The digits that the course ships."""
    return capstone.problem()

@cache
def baseline():
    """The accuracy of the nearest mean on the validation set: x is nearest to the mean m where x·m - m²/2 is largest."""
    X, y = the_problem().train
    means = np.array([flat(X)[y == digit].mean(axis=0) for digit in range(10)])
    return capstone.accuracy(lambda X: flat(X) @ means.T - np.sum(means**2, axis=1) / 2, the_problem().validation)

def rehearsed(choices):
    """FINE where the network has a higher accuracy on the validation set than the baseline after a short training."""
    if isinstance(choices, dict) and any(item is Ellipsis for item in choices.values()):
        return Ellipsis
    if problem := capstone.problem_with(choices, the_problem().shape):
        raise Advice(problem)
    model = require.can_learn(capstone.built(choices["network"](), the_problem().shape))
    if capstone.accuracy(model, the_problem().validation) > 0.6:  # one that begins has about 0.1
        raise Advice(require.TRAINED)
    if (rate_of(choices["optimizer"]) or 0) < 0:
        return Rehearsal.UPHILL
    X, y = (part[:32] for part in the_problem().train)
    outputs = np.asarray(model(X))
    if finding := misfit_of_loss(model, choices["loss"], X, y, outputs):
        return finding
    steps = choices["epochs"] * math.ceil(len(the_problem().train[1]) / choices["batch_size"])
    reason = weakness_of(choices, outputs, steps)
    best, begun, rises = 0.0, time.process_time(), False
    for number, most in enumerate(TRIES, 1):
        accuracy, rises = rehearse(min(steps, most), **choices)
        if accuracy > baseline():
            return FINE
        best = max(best, accuracy)
        far = best < baseline() - NEAR and number >= (2 if reason else 3)
        if far or time.process_time() - begun > ENOUGH:
            break
    return Rehearsal.TOO_FAST if rises else reason or rate_to_blame(choices["optimizer"]).about(float(best))

def rate_of(optimizer):
    """The learning rate as a number; None for a schedule."""
    rate = optimizer.get_config()["learning_rate"]
    return None if isinstance(rate, dict) else rate

def rate_to_blame(optimizer):
    """The learning rate, if it is far from the one that a new optimizer of this class has; else no reason in particular."""
    rate, usual = rate_of(optimizer), rate_of(type(optimizer)())
    if rate is None:
        return Rehearsal.WEAK
    return Rehearsal.LARGE_RATE if rate > 100 * usual else Rehearsal.SMALL_RATE if rate < usual / 100 else Rehearsal.WEAK

def weakness_of(choices, outputs, steps):
    """What can be seen in the choices, without a training, that would keep a network weak; None where nothing can."""
    if require.activated(outputs) and takes_logits(choices["loss"]):
        return Rehearsal.ACTIVATED
    rate = choices["optimizer"].get_config()["learning_rate"]
    decays_after = rate["config"].get("decay_steps", math.inf) if isinstance(rate, dict) else math.inf
    if decays_after <= choices["epochs"] < steps:
        return Rehearsal.COUNTS_EPOCHS
    return Rehearsal.FEW_STEPS if steps < TRIES[0] else None

def rehearse(steps, network, loss, optimizer, batch_size, epochs):
    """
    Train a new network for these steps, or until it is better than the baseline.

    Returns its accuracy on the validation set, and whether its loss has risen or is nan.
    """
    model, optimizer = capstone.built(network(), the_problem().shape), training.new_optimizer(optimizer)
    optimizer.build(model.trainable_variables)
    X, y = map(tf.constant, the_problem().train)
    rng, size = chance.generator(), min(batch_size, len(y))
    order = np.concatenate([rng.permutation(len(y)) for _ in range(math.ceil(steps * size / len(y)))])
    batches = order[: steps * size].reshape(steps, size)

    @tf.function
    def train(batches):
        losses = tf.TensorArray(tf.float32, len(batches))
        for step in tf.range(len(batches)):
            rows = batches[step]
            with tf.GradientTape() as tape:
                J = tf.reduce_mean(loss(tf.gather(y, rows), model(tf.gather(X, rows), training=True)))
                penalized = J + sum(model.losses)
            optimizer.apply(tape.gradient(penalized, model.trainable_variables), model.trainable_variables)
            losses = losses.write(step, J)
        return losses.stack()

    trained = train.get_concrete_function(tf.TensorSpec([None, size], tf.int64))  # here the student's code runs
    with limits.not_charged():
        losses, accuracy = [], 0.0
        for begin in range(0, steps, SLICE):
            losses += trained(tf.constant(batches[begin : begin + SLICE])).numpy().tolist()
            accuracy = capstone.accuracy(model, the_problem().validation)
            if accuracy > baseline():
                break
    return accuracy, not losses[-1] < 2 * losses[0]  # nan is not less either

def takes_logits(loss):
    """Whether a loss takes logits, or probabilities; None where that cannot be seen."""
    option = getattr(loss, "_fn_kwargs", {}).get("from_logits", getattr(loss, "from_logits", None))
    if option is not None or not inspect.isfunction(loss):
        return option
    parameter = inspect.signature(loss).parameters.get("from_logits")
    return parameter.default if parameter else None

def takes_one_hot(loss, y, y_hat):
    """Whether a loss works with one-hot labels."""
    try:
        loss(tf.one_hot(y, 10), y_hat)
    except (ValueError, tf.errors.InvalidArgumentError):
        return False
    return True

def misfit_of_loss(model, loss, X, y, outputs):
    """How the loss does not fit the network's outputs or the labels; None where it does."""
    if takes_logits(loss) and require.are_probabilities(outputs):
        return Rehearsal.PROBABILITIES
    if takes_logits(loss) is False and np.any(outputs < 0):
        return Rehearsal.LOGITS
    with tf.GradientTape() as tape:
        y_hat = model(X, training=True)
        try:
            J = tf.reduce_mean(loss(y, y_hat))
        except (ValueError, tf.errors.InvalidArgumentError) as error:
            if takes_one_hot(loss, y, y_hat):
                return Rehearsal.ONE_HOT
            raise error from None
    return None if any(gradient is not None for gradient in tape.gradient(J, model.trainable_variables)) else Rehearsal.NO_GRADIENT

def convolutional(last=None, regularizer=None):
    convolution, head = keras.layers.Conv2D(16, 3, padding="same", activation="relu"), keras.layers.Dense(10, last, kernel_regularizer=regularizer)
    return keras.Sequential([keras.Input((8, 8, 1)), convolution, keras.layers.MaxPooling2D(), keras.layers.Flatten(), head])

def choosing(network=convolutional, loss=LOSS, optimizer=lambda: Adam(0.003), batch_size=32, epochs=20):
    """Choices, with some of them changed."""
    return {"network": network, "loss": loss, "optimizer": optimizer(), "batch_size": batch_size, "epochs": epochs}

def dense(last=None):
    return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(64, "relu"), keras.layers.Dense(10, last)])

def frozen():
    model = dense()
    model.trainable = False
    return model

def trained():
    model, (X, y) = dense(), the_problem().train
    model.compile(Adam(0.003), LOSS)
    model.fit(X, y, epochs=3, verbose=0)
    return model

def sgd(rate):
    return lambda: keras.optimizers.SGD(rate)

class Subclassed(keras.Model):
    """A network that has no shape before its first call."""

    def __init__(self):
        super().__init__()
        self.stack = [keras.layers.Flatten(), keras.layers.Dense(64, "relu"), keras.layers.Dense(10)]

    def call(self, X):
        """Ten logits for each image."""
        for layer in self.stack:
            X = layer(X)
        return X

Rehearsal, mistakes_of_rehearsal = findings_of(None,
    ("PROBABILITIES", choosing(lambda: convolutional("softmax")), "The network gives probabilities, and the loss takes logits. Leave out the last "
     "activation, or leave out `from_logits=True`; the first is numerically safer."),
    ("LOGITS", choosing(loss=keras.losses.SparseCategoricalCrossentropy()), "The network gives logits, and the loss takes probabilities, which lie "
     "between 0 and 1. Say so with `from_logits=True`."),
    ("ONE_HOT", choosing(loss=keras.losses.CategoricalCrossentropy(from_logits=True)), "This loss does not take whole numbers as labels, one for "
     "each image. Lab 4 has one that does: its name has \"Sparse\" in it."),
    ("NO_GRADIENT", choosing(loss=lambda y, y_hat: tf.constant(np.mean(y_hat))), "No gradient comes back from the loss. Compute it from ŷ with "
     "functions of TensorFlow or Keras, not of NumPy."),
    ("TOO_FAST", choosing(dense, optimizer=sgd(1e4)), "The loss rises or becomes nan: the steps are too long. Try a tenth of the learning rate."),
    ("ACTIVATED", choosing(lambda: dense(last="relu"), optimizer=sgd(1e-6)), "The last layer has an activation, so the outputs are never negative. "
     "The loss takes logits, of either sign: leave the activation out."),
    ("COUNTS_EPOCHS", choosing(dense, optimizer=lambda: Adam(keras.optimizers.schedules.CosineDecay(1e-3, 20))), "The learning rate has fallen to 0 "
     "at the very beginning of the training: `decay_steps` counts steps, and an epoch has many."),
    ("FEW_STEPS", choosing(dense, batch_size=512, epochs=1), "The network reads less than the nearest mean, and it trains for few steps: their "
     "number is epochs times batches. Take more epochs, or smaller batches."),
    ("SMALL_RATE", choosing(dense, optimizer=sgd(1e-6)), "In short trainings the network reaches an accuracy of {seen} on the validation set, no more "
     "than the nearest mean. Its learning rate is far below the usual one for this optimizer: try a hundred times as much."),
    ("LARGE_RATE", choosing(optimizer=lambda: Adam(1.0)), "In short trainings the network reaches an accuracy of {seen} on the validation set: it "
     "guesses. Its learning rate is far above the usual one for this optimizer: try a hundredth of it."),
    ("UPHILL", choosing(optimizer=lambda: Adam(-0.001)), "The learning rate is below 0, so that each step makes the loss larger. Make it positive."),
    ("WEAK", choosing(lambda: keras.Sequential([keras.Input((8, 8, 1)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10)])),
     f"In trainings of {TRIES[0]} steps and more the network reaches an accuracy of {{seen}} on the validation set, no more than the nearest mean. Is "
     "the learning rate too small or too large, the network too small, or the dropout rate too high?"),
    ("", choosing(frozen), require.FROZEN),
    ("", choosing(trained), require.TRAINED),
)
better_than_a_baseline = Exercise("12.1", "Better than a baseline", right=choosing(), observe=rehearsed, seconds=2.0, open=OPEN,
    mistakes=mistakes_of_rehearsal,
    hints=["If it learns nothing, change the learning rate first, by a factor of ten. If it learns slowly, look at the network of lab 10.",
           "The network is a function that returns a new model: `keras.Input((8, 8, 1))`, convolutions, poolings, `Flatten`, `Dense(10)`.",
           "Begin with what you know: the network of lab 10, `SparseCategoricalCrossentropy(from_logits=True)`, Adam with a rate of 0.003, batches of 32."],
    also_right=[
        choosing(dense, optimizer=lambda: keras.optimizers.SGD(0.03, momentum=0.9), batch_size=16),
        choosing(lambda: dense("softmax"), loss=keras.losses.SparseCategoricalCrossentropy()),
        choosing(lambda: keras.Sequential([*dense().layers, keras.layers.Softmax()]), loss=keras.losses.sparse_categorical_crossentropy),
        choosing(Subclassed, batch_size=np.int64(32)),
        choosing(lambda: convolutional(regularizer="l2"), loss=lambda y, y_hat: tf.nn.sparse_softmax_cross_entropy_with_logits(y, y_hat)),
    ])

# --- 12.2 and 12.3: one test, on the test set ----------------------------------------------------------------------
DENSE, STRONG = 0.98, 0.985  # more than the dense network of lab 10 reached from any start, and the strong target

def reads(goal, finding):
    """How a trained network is observed: by its accuracy on the test set."""
    def accuracy_on_test(model):
        require.model(model)
        X, y = the_problem().test
        try:
            outputs = capstone.logits(model, X)
        except (ValueError, tf.errors.InvalidArgumentError):
            raise Advice(f"The targets are set for the digits that the course ships, {X.shape[1:]}; this network takes other images.") from None
        require.numbers(outputs, (len(X), 10), f"For {len(X)} images the network gives")
        if not np.isfinite(outputs).all():
            raise Advice("The network gives nan or inf: its training went wrong. Take a smaller learning rate.")
        capstone.number_of_test(outputs)
        accuracy = float(np.mean(outputs.argmax(axis=1) == y))
        return FINE if accuracy >= goal else (finding.GUESSING if accuracy < 0.2 else finding.BELOW).about(accuracy)
    return accuracy_on_test

def flat(X):
    return np.reshape(X, (len(X), -1)).astype(float)

@cache
def learned(activation=None, penalty=1.0):
    """
    Examples as rows, and the weights α of ridge regression: α = (K + λI)⁻¹ Y, with K = g(XXᵀ).

    With g = None, for one layer without hidden units, α = Xᵀ(XXᵀ + λI)⁻¹ Y.  Nothing is trained: the numbers are the same everywhere.
    """
    X, y = the_problem().everything
    X = flat(X) / 4
    K = X @ X.T if activation is None else activation(X @ X.T)
    alpha = np.linalg.solve(K + penalty * np.eye(len(X)), np.eye(10)[y] - 0.1)
    return (X, alpha) if activation else (None, X.T @ alpha)

class ByFormula(keras.Model):
    """A network whose numbers come from a formula, computed when it is first used; not from training."""

    def __init__(self, logits):
        super().__init__()
        self.logits = logits

    def call(self, X):
        """Ten numbers for each image."""
        return tf.constant(self.logits(flat(X)))

def linear(X):
    return X / 4 @ learned()[1]

def kernel_machine(activation):
    """A network with a hidden unit for each example, and an activation."""
    def logits(X):
        examples, alpha = learned(activation, 0.01)
        return activation(X / 4 @ examples.T) @ alpha
    return ByFormula(logits)

def guessing(X):
    """What an untrained network gives: the same few numbers for everything."""
    return X[:, :10] + np.arange(10)

def cubed(z):
    return (1 + z) ** 3

def to_the_fifth(z):
    return (1 + z) ** 5

def target(number, title, goal, below, same_answer_as, hints):
    """An exercise on a trained network, with a goal for its accuracy on the test set.  below: the advice where it is lower."""
    finding, mistakes = findings_of(None,
        ("GUESSING", ByFormula(guessing), "The accuracy on the test set is {seen}: the network guesses. Was it trained?"),
        ("BELOW", ByFormula(linear), below))
    return Exercise(number, title, right=kernel_machine(cubed), observe=reads(goal, finding), open=OPEN, hints=hints, same_answer_as=same_answer_as,
                    mistakes=mistakes, also_right=[kernel_machine(to_the_fifth), kernel_machine(np.exp)])

better_than_dense = target("12.2", "Better than dense networks", DENSE,
    "The accuracy on the test set is {seen}. Dense networks reach about 97 %, and this exercise asks for 98 %. Does the network have convolutions, "
    "and was it trained until the validation loss was lowest?", same_answer_as="12.1", hints=[
    "Two convolutions with a pooling between them read more digits than a dense network of the same size; lab 10 has such a network.",
    "Look at the two curves. If the validation loss rises, dropout before the last layer, or fewer epochs; if both are still falling, more epochs.",
    "For the final network, train on both sets: `final=True`.",
])

the_strong_target = target("12.3", "The strong target", STRONG,
    "The accuracy on the test set is {seen}, and this exercise asks for 98.5 %: five errors at most. Look at the errors on the validation set: what "
    "would help with them?", same_answer_as="12.1", hints=[
    "Three things help: more filters, more dropout against over-fitting, and a learning rate that falls to 0 at the end.",
    "A digit that is moved by one pixel is the same digit: use data augmentation, with `RandomShift()` as the first layer after the input.",
    "A network that is good enough: two convolutions of 32 filters before the pooling, one of 64 after it, dropout of a half, and a rate that falls along a cosine.",
])

EXERCISES = [better_than_a_baseline, better_than_dense, the_strong_target]
