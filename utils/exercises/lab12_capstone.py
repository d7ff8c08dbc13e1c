"""Exercises of lab 12: three targets for a network of the student's own; the last two are measured on digits that are held back."""

import inspect
import math
from functools import cache

import keras
import numpy as np
import tensorflow as tf

from utils import capstone, diagnosis, training
from utils.advice import Advice
from utils.checking import Exercise, Mistake, is_seen

OPEN = "any network that reaches the target is right, and the check measures that"
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def below(target):
    """Recognizes a share that does not reach a target."""
    return lambda seen: 0 <= seen < target


# --- 12.1: a rehearsal of the choices ---------------------------------------------------------------------------------

PROBABILITIES, TAKEN_FOR_LOGITS, ONE_HOT, TOO_FAST, NO_GRADIENT, ACTIVATED, FEW_STEPS, COUNTS_EPOCHS = range(-8, 0)
STEPS = 160  # of the rehearsal, at most; twice as many where they are not enough


@cache
def the_problem():
    """The digits that the course ships."""
    return capstone.problem()


@cache
def baseline():
    """The share of the validation part that the nearest mean reads: x is nearest to the mean m where x·m - m²/2 is largest."""
    X, y = the_problem().train
    means = np.array([flat(X)[y == digit].mean(axis=0) for digit in range(10)])
    return capstone.share_right(lambda X: flat(X) @ means.T - np.sum(means**2, axis=1) / 2, the_problem().validation)


def rehearsed(choices):
    """
    The share of the validation part that the choices read after a short training; or what is wrong with them.

    One start may be unlucky, or the rehearsal too short: choices that fall short are rehearsed once more, for twice as many steps.
    """
    if isinstance(choices, dict) and any(item is Ellipsis for item in choices.values()):
        return Ellipsis
    if reason := capstone.unfit(choices, the_problem().shape):
        raise Advice(reason)
    model = capstone.built(choices["network"](), the_problem().shape)
    X, y = (part[:32] for part in the_problem().train)
    said = np.asarray(model(X))
    if fault := unfit_loss(model, choices["loss"], X, y, said):
        return fault
    seen = after_some_steps(STEPS, **choices)
    seen = max(seen, after_some_steps(2 * STEPS, **choices)) if 0 <= seen <= baseline() else seen
    return why_it_is_weak(choices, said) or seen if 0 <= seen <= baseline() else seen


def why_it_is_weak(choices, said):
    """A reason for which choices reach so little that can be told from them; None where it cannot."""
    if diagnosis.activated(said) and takes_logits(choices["loss"]):
        return ACTIVATED
    rate = choices["optimizer"].get_config()["learning_rate"]
    decays_after = rate["config"].get("decay_steps", math.inf) if isinstance(rate, dict) else math.inf
    steps = choices["epochs"] * -(-len(the_problem().train[1]) // choices["batch_size"])
    return COUNTS_EPOCHS if decays_after <= choices["epochs"] < steps else FEW_STEPS if steps < STEPS else None


def after_some_steps(most, network, loss, optimizer, batch_size, epochs):
    """The share of the validation part that a network reads after as many steps of training as the choices want, and `most` at most."""
    model, optimizer = capstone.built(network(), the_problem().shape), training.new_optimizer(optimizer)
    X, y = the_problem().train
    batch_size = min(batch_size, len(X))
    steps = min(epochs * -(-len(X) // batch_size), most)
    first, last = train_for(steps, model, loss, optimizer, X, y, batch_size)
    share = capstone.share_right(model, the_problem().validation)
    return TOO_FAST if share <= baseline() and not last < 2 * first else share  # nan is not less either


def takes_logits(loss):
    """Whether a loss takes logits, or probabilities; None where that cannot be told."""
    told = getattr(loss, "_fn_kwargs", {}).get("from_logits", getattr(loss, "from_logits", None))
    if told is not None or not inspect.isfunction(loss):
        return told
    option = inspect.signature(loss).parameters.get("from_logits")
    return option.default if option else None


def takes_one_hot(loss, y, y_hat):
    """Whether a loss works with one-hot labels."""
    try:
        loss(tf.one_hot(y, 10), y_hat)
    except (ValueError, tf.errors.InvalidArgumentError):
        return False
    return True


def unfit_loss(model, loss, X, y, said):
    """Whether the loss does not fit what the network gives and what the labels are; None where it does."""
    if takes_logits(loss) and diagnosis.are_probabilities(said):
        return PROBABILITIES
    if takes_logits(loss) is False and np.any(said < 0):
        return TAKEN_FOR_LOGITS
    with tf.GradientTape() as tape:
        y_hat = model(X, training=True)
        try:
            J = tf.reduce_mean(loss(y, y_hat))
        except (ValueError, tf.errors.InvalidArgumentError) as error:
            if takes_one_hot(loss, y, y_hat):
                return ONE_HOT
            raise error from None
    return None if any(gradient is not None for gradient in tape.gradient(J, model.trainable_variables)) else NO_GRADIENT


def train_for(steps, model, loss, optimizer, X, y, batch_size):
    """Train for a number of steps, and give the loss of the first and of the last of them."""
    optimizer.build(model.trainable_variables)
    rng = np.random.default_rng()
    order = np.concatenate([rng.permutation(len(X)) for _ in range(-(-steps * batch_size // len(X)))])
    X, y = tf.constant(X), tf.constant(y)

    @tf.function
    def run(rows):
        first = last = tf.zeros(())
        for step in tf.range(steps):
            batch = rows[step]
            with tf.GradientTape() as tape:
                last = tf.reduce_mean(loss(tf.gather(y, batch), model(tf.gather(X, batch), training=True)))
                J = last + sum(model.losses)
            optimizer.apply(tape.gradient(J, model.trainable_variables), model.trainable_variables)
            if step == 0:
                first = last
        return tf.stack([first, last])

    return run(tf.constant(order[: steps * batch_size].reshape(steps, batch_size))).numpy()


def choosing(network=None, loss=LOSS, optimizer=lambda: keras.optimizers.Adam(0.003), batch_size=32, epochs=20, **changes):
    """Choices, with some of them changed."""
    return {"network": network or convolutional, "loss": loss, "optimizer": optimizer(), "batch_size": batch_size, "epochs": epochs} | changes


def convolutional(last=None, regularizer=None):
    return keras.Sequential([
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dense(10, last, kernel_regularizer=regularizer),
    ])


def dense(last=None):
    return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(64, "relu"), keras.layers.Dense(10, last)])


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


better_than_a_baseline = Exercise(
    "12.1", "Better than a baseline",
    right=choosing(),
    observe=rehearsed,
    accept=lambda seen: seen > baseline(),
    seconds=2.0,
    open=OPEN,
    mistakes=[
        Mistake(choosing(lambda: convolutional("softmax")), "The network gives probabilities, and the loss takes logits. Leave out the last activation, or "
                "`from_logits=True`; the first is safer with numbers.", when=is_seen(PROBABILITIES)),
        Mistake(choosing(loss=keras.losses.SparseCategoricalCrossentropy()), "The network gives logits, and the loss takes probabilities: it would see numbers "
                "below 0 and above 1. Tell it so, with `from_logits=True`.", when=is_seen(TAKEN_FOR_LOGITS)),
        Mistake(choosing(loss=keras.losses.CategoricalCrossentropy(from_logits=True)), "This loss does not take labels that are whole numbers, one for each image. The one of "
                "lab 4 that does has \"Sparse\" in its name.", when=is_seen(ONE_HOT)),
        Mistake(choosing(loss=lambda y, y_hat: tf.constant(np.mean(y_hat))), "No gradient comes back from the loss. Compute it from ŷ with functions of TensorFlow or Keras, not of NumPy.",
                when=is_seen(NO_GRADIENT)),
        Mistake(choosing(dense, optimizer=lambda: keras.optimizers.SGD(1e4)), "The loss rises, or it becomes nan: the steps lead beyond the valley. Try a tenth of the learning rate.",
                when=is_seen(TOO_FAST)),
        Mistake(choosing(lambda: dense(last="relu"), optimizer=lambda: keras.optimizers.SGD(1e-6)), "What comes out is never negative, since an activation comes last, and the loss takes "
                "logits, of either sign. Leave it out.", when=is_seen(ACTIVATED)),
        Mistake(choosing(dense, optimizer=lambda: keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-3, 20))), "The learning rate has fallen to 0 before the training has begun in earnest: "
                "`decay_steps` counts steps, and an epoch has many.", when=is_seen(COUNTS_EPOCHS)),
        Mistake(choosing(dense, batch_size=512, epochs=1), "The network reads less than the nearest mean, and the choices make few steps: their number is epochs times batches. "
                "Take more epochs, or smaller batches.", when=is_seen(FEW_STEPS)),
        Mistake(choosing(dense, optimizer=lambda: keras.optimizers.SGD(1e-6)), f"In a rehearsal of {2 * STEPS} steps at most the network comes to {{seen}} of the validation part, which is not more "
                "than the nearest mean. Is the learning rate too small or too large, the network too small, or does dropout leave too little?",
                when=lambda seen: 0 <= seen <= baseline()),
    ],
    hints=["If it learns nothing, change the learning rate first, by a factor of ten. If it learns slowly, look at the network of lab 10.",
           "The network is a function that returns a new model: `keras.Input((8, 8, 1))`, convolutions, poolings, `Flatten`, `Dense(10)`.",
           "Begin with what you know: the network of lab 10, `SparseCategoricalCrossentropy(from_logits=True)`, Adam with a rate of 0.003, batches of 32."],
    also_right=[
        choosing(dense, optimizer=lambda: keras.optimizers.SGD(0.03, momentum=0.9), batch_size=16),
        choosing(lambda: dense("softmax"), loss=keras.losses.SparseCategoricalCrossentropy()),
        choosing(lambda: keras.Sequential([*dense().layers, keras.layers.Softmax()]), loss=keras.losses.sparse_categorical_crossentropy),
        choosing(Subclassed, batch_size=np.int64(32)),
        choosing(lambda: convolutional(regularizer="l2"), loss=lambda y, y_hat: tf.nn.sparse_softmax_cross_entropy_with_logits(y, y_hat)),
    ],
)

# --- 12.2 and 12.3: one test on what is held back ----------------------------------------------------------------------

DENSE, STRONG = 0.98, 0.985  # more than the dense network of lab 10 reached from any start, and the strong target


def share_of_held_back(model):
    """The share of the images held back that a trained model reads."""
    if not isinstance(model, keras.Model):
        raise Advice(diagnosis.unfit(model) or f"The trained network is due, a model of Keras; this is a {type(model).__name__}.")
    X, y = the_problem().held_back
    try:
        said = capstone.logits(model, X)
    except (ValueError, tf.errors.InvalidArgumentError):
        raise Advice(f"The targets are set for the digits that the course ships, {X.shape[1:]}; this network takes other images.") from None
    if said.shape != (len(X), 10):
        raise Advice(f"For {len(X)} images the network gives shape {said.shape}, and a number for each digit is due, ({len(X)}, 10).")
    if not np.isfinite(said).all():
        raise Advice("The network gives nan or inf: its training went wrong. Take a smaller learning rate.")
    capstone.number_of_test(said)
    return float(np.mean(said.argmax(axis=1) == y))


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
    """A network whose numbers come from a formula, worked out when it is first used; not from training."""

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
    """What an untrained network says: the same few numbers for everything."""
    return X[:, :10] + np.arange(10)


def cubed(z):
    return (1 + z) ** 3


def to_the_fifth(z):
    return (1 + z) ** 5


def target(number, title, goal, mistakes, hints):
    """An exercise on a trained network, which has to read a share of what is held back."""
    return Exercise(
        number, title, right=kernel_machine(cubed), observe=share_of_held_back, accept=lambda seen: seen >= goal, open=OPEN, mistakes=mistakes, hints=hints,
        also_right=[kernel_machine(to_the_fifth), kernel_machine(np.exp)], same_answer_as="12.1",
    )


better_than_dense = target(
    "12.2", "Better than dense networks", DENSE,
    mistakes=[
        Mistake(ByFormula(guessing), "The network reads {seen} of the digits held back: that is guessing. Was it trained?", when=below(0.2)),
        Mistake(ByFormula(linear), "The network reads {seen} of the digits held back. Dense networks come to some 97 %, and 98 % are due. Has it convolutions, "
                "and was it trained to where the validation loss is lowest?", when=below(DENSE)),
    ],
    hints=["Two convolutions with a pooling between them read more than any dense network of their size; lab 10 has one.",
           "Look at the two curves. If the validation loss rises, dropout before the last layer, or fewer epochs; if both are still falling, more epochs.",
           "For the network that counts, learn from both parts: `final=True`."],
)

the_strong_target = target(
    "12.3", "The strong target", STRONG,
    mistakes=[
        Mistake(ByFormula(guessing), "The network reads {seen} of the digits held back: that is guessing. Was it trained?", when=below(0.2)),
        Mistake(ByFormula(linear), "The network reads {seen} of the digits held back, and 98.5 % are due: five errors at most. Look at the errors: what would have helped "
                "with these?", when=below(STRONG)),
    ],
    hints=["Three things help: more filters, more dropout to keep them from learning by heart, and a learning rate that falls to 0 at the end.",
           "A digit that is moved by one pixel is the same digit: with `Moved` as the first layer, new examples are made out of old ones.",
           "Two convolutions of 32 filters before the pooling, one of 64 after it, dropout of a half, and a rate that falls along a cosine come far."],
)

EXERCISES = [better_than_a_baseline, better_than_dense, the_strong_target]
