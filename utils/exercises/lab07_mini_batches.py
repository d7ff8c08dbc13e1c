"""Exercises of lab 7: the gradient of a batch, the batches of an epoch, a pipeline, means, the compiled epoch, two replicas."""

import itertools
from functools import cache

import keras
import numpy as np
import tensorflow as tf

from utils import diagnosis
from utils.advice import Advice
from utils.checking import CHANGED_INPUT, Exercise, Mistake

SQUARED = keras.losses.MeanSquaredError()


def flat(gradients):
    return np.concatenate([np.ravel(gradient) for gradient in gradients])


# --- 7.1 --------------------------------------------------------------------------------------------------------------


@cache
def a_network():
    """Two Dense layers with known weights, which no answer has a reason to change."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, "tanh"), keras.layers.Dense(1)])
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=weight.shape) for weight in model.get_weights()])
    return model


def with_a_network(answer, X, y, rows):
    """The gradient that an answer gives for a network and a lopsided loss."""
    return answer(a_network(), lopsided, X, y, rows)


def lopsided(y, y_hat):
    """A mean over the batch in which y and ŷ have different parts."""
    return tf.reduce_mean((y - y_hat) ** 2 * (1 + tf.abs(y)))


def some_rows(rng):
    """Three of five examples, one, all, and one twice; y as a column."""
    for rows in ([4, 0, 3], [2], range(5), [1, 1, 4]):
        X = rng.normal(size=(5, 2)).astype(np.float32)
        yield X, X[:, :1] * 2 + rng.normal(size=(5, 1)).astype(np.float32), np.array(rows)


def one_by_one(model, loss, X, y, rows):
    """The mean of the gradients of single examples."""
    return np.mean([taped(model, loss, X[row : row + 1], y[row : row + 1]) for row in rows], axis=0)


def taped(model, loss, X, y):
    with tf.GradientTape() as tape:
        J = loss(y, model(X))
    return flat(tape.gradient(J, model.trainable_variables))


batch_gradient = Exercise(
    "7.1", "The gradient of a batch",
    right=one_by_one,
    inputs=some_rows,
    observe=with_a_network,
    atol=1e-4,
    mistakes=[
        Mistake(lambda model, loss, X, y, rows: taped(model, loss, X, y), "All the examples are used. The batch holds only those that `rows` names."),
        Mistake(lambda model, loss, X, y, rows: taped(model, loss, X[: len(rows)], y[: len(rows)]), "These are the first examples, as many as there "
                "are rows. Take the ones that `rows` names."),
        Mistake(lambda model, loss, X, y, rows: len(rows) * taped(model, loss, X[rows], y[rows]), "This is the sum of the examples' gradients; the "
                "loss of a batch is a mean, and so is its gradient."),
        Mistake(lambda model, loss, X, y, rows: taped(model, loss, X[rows[:1]], y[rows[:1]]), "Only the first of the rows is used."),
        Mistake(lambda model, loss, X, y, rows: taped(model, loss, X[rows], y[: len(rows)]), "X and y are taken from different rows: a student's "
                "hours with another one's grade."),
        Mistake(lambda model, loss, X, y, rows: taped(model, loss, X[: len(rows)], y[rows]), "The targets belong to `rows` and the inputs do not: take "
                "both from the same rows."),
        Mistake(lambda model, loss, X, y, rows: taped(model, lambda y, y_hat: -loss(y, y_hat), X[rows], y[rows]), "The sign is wrong: this points "
                "downhill."),
        Mistake(lambda model, loss, X, y, rows: taped(model, lambda y, y_hat: loss(y_hat, y), X[rows], y[rows]), "Targets and predictions are "
                "exchanged: the loss takes the targets first."),
        Mistake(lambda model, loss, X, y, rows: taped(model, loss, X[rows], y[rows]) / len(rows), "This is divided by the size of the batch once too "
                "often: the loss is a mean already."),
    ],
    hints=["Take the same rows out of X and out of y; then predict, measure and differentiate as in lab 5.",
           "NumPy's `X[rows]` and TensorFlow's `tf.gather(X, rows)` give the rows; compute the loss of these inside the tape."],
    also_right=[
        lambda model, loss, X, y, rows: taped(model, loss, X[rows], y[rows]),
        lambda model, loss, X, y, rows: taped(model, loss, tf.gather(X, rows), tf.gather(y, rows)),
    ],
)

# --- 7.2 and 7.3: what two epochs look like ---------------------------------------------------------------------------

(FINE, NOT_BATCHES, APART, DROPPED, TWICE, LOST, IN_ORDER, SAME_ORDER, BATCHES_ONLY, SIZES, ENDLESS, WEAK, COUNTED_UP, LAST_LOST, FIRST_ONLY, NEW_ORDERS, NO_RNG) = range(17)


def look_at(epochs, n, batch_size):
    """What is wrong with the batches of some epochs, each a list of pairs; X holds the numbers 0 … n-1, and y the same."""
    orders = []
    for batches in epochs:
        if len(batches) > 2 * n:
            return ENDLESS
        try:
            X, y = ([np.ravel(np.asarray(batch[i])).astype(int) for batch in batches if len(batch[i])] for i in (0, 1))
        except (TypeError, IndexError, ValueError):
            return NOT_BATCHES
        if not batches or any(len(batch) != 2 for batch in batches):
            return NOT_BATCHES
        if any(len(a) != len(b) or np.any(a != b) for a, b in zip(X, y, strict=True)):
            return APART
        order = np.concatenate(X)
        if any(len(rows) > batch_size for rows in X):
            return SIZES
        if len(set(order)) < len(order):
            return NEW_ORDERS if len(X) > 1 and all(len(set(rows)) == len(rows) for rows in X) else TWICE
        if len(X) == 1 and n > batch_size:
            return FIRST_ONLY
        if set(order) == set(range(n - 1)):
            return LAST_LOST
        if len(order) == n // batch_size * batch_size < n:
            return DROPPED
        if len(order) < n:
            return LOST
        if [len(rows) for rows in X] != [min(batch_size, n - start) for start in range(0, n, batch_size)]:
            whole = all(np.all(np.diff(rows) == 1) for rows in X)
            return BATCHES_ONLY if whole and len(X) == -(-n // batch_size) else SIZES
        orders.append(order)
    if any(np.array_equal(order, np.arange(n)) for order in orders):
        return IN_ORDER
    if np.array_equal(*orders[:2]):
        return SAME_ORDER
    if batch_size > 1 and all(np.all(np.diff(order.reshape(-1, batch_size)) == 1) for order in orders if n % batch_size == 0) and not n % batch_size:
        return BATCHES_ONLY
    if all(np.max(order - np.arange(n)) < n / 2 for order in orders):
        return WEAK
    return FINE


def numbered(n):
    """Examples that carry their number."""
    return np.arange(n, dtype=np.float32)[:, None] * np.ones((1, 2), np.float32), np.arange(n, dtype=np.float32)[:, None]


def first_columns(batches):
    """Of each pair of a list of batches, the first column of X, and y."""
    pairs = []
    for batch in batches:
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            raise Advice("Each batch is a pair: rows of X, and the same rows of y.")
        if np.shape(batch[0])[1:] != (2,):
            raise Advice(f"The X of a batch has shape {np.shape(batch[0])}. It should keep the columns of X, here two: (rows, 2).")
        pairs.append((np.asarray(batch[0])[:, 0], np.asarray(batch[1])))
    return pairs


def three_epochs(answer, n, batch_size):
    """What is wrong with three epochs of batches, from one random generator."""
    seed = np.random.default_rng().integers(10**6)
    rng = np.random.default_rng(seed)
    epochs = [an_epoch(answer, n, batch_size, rng) for _ in range(3)]
    fault = look_at(epochs, n, batch_size)
    if fault or n <= batch_size:
        return fault
    again = an_epoch(answer, n, batch_size, np.random.default_rng(seed))
    return FINE if all(np.array_equal(a, b) for (a, _), (b, _) in zip(epochs[0], again, strict=True)) else NO_RNG


def an_epoch(answer, n, batch_size, rng):
    """The first columns of the batches of an epoch."""
    X, y = numbered(n)
    batches = answer(X, y, batch_size, rng)
    if batches is None or isinstance(batches, (np.ndarray, str)) or not np.iterable(batches):
        raise Advice("It should give a list of batches, each a pair of rows of X and rows of y.")
    if isinstance(batches, tuple) and len(batches) == 2 and hasattr(batches[0], "shape"):
        raise Advice("One batch comes back, and not a list of batches: `=` writes over the one before. Append each pair to the list.")
    seen = first_columns(itertools.islice(batches, 2 * n + 1))
    if not all(map(np.array_equal, (X, y), numbered(n))):
        raise Advice(CHANGED_INPUT)
    return seen


def sizes_of_epochs(rng):
    """With a short last batch, without one, one batch for all, and others."""
    yield 40, 12
    yield 40, 10
    yield 30, 64
    yield int(rng.integers(31, 39)), 6


def batches_of(order, last=True, other=None, skip=0):
    """An answer from what gives the order of the rows."""
    def answer(X, y, batch_size, rng):
        rows = order(len(X), rng)
        second = rows if other is None else other(len(X), rng)
        stop = len(X) if last else len(X) // batch_size * batch_size
        return [(X[rows[start : start + batch_size]], y[second[start : start + batch_size]])
                for start in range(0, max(stop, 0), batch_size + skip)]
    return answer


def shuffled(n, rng):
    return rng.permutation(n)


def shuffled_batches(X, y, batch_size, rng):
    starts = rng.permutation(np.arange(0, len(X), batch_size))
    return [(X[start : start + batch_size], y[start : start + batch_size]) for start in starts]


def sees(fault):
    return lambda seen: seen == fault


def in_place(X, y, batch_size, rng):
    rows = rng.permutation(len(X))
    X[:], y[:] = X[rows], y[rows]
    return batches_of(lambda n, rng: np.arange(n))(X, y, batch_size, rng)


def a_new_order_each(X, y, batch_size, rng):
    return [(X[rows], y[rows]) for rows in (rng.permutation(len(X))[start : start + batch_size] for start in range(0, len(X), batch_size))]


def by_split(X, y, batch_size, rng):
    rows = rng.permutation(len(X))
    return [(X[part], y[part]) for part in np.split(rows, range(batch_size, len(X), batch_size))]


def by_generator(X, y, batch_size, rng):
    together = rng.permutation(np.hstack([X, y]))
    for start in range(0, len(X), batch_size):
        rows = together[start : start + batch_size]
        yield rows[:, :-1], rows[:, -1:]


PAIRS_APART = "X and y no longer belong together: {}"
EVERY_ONCE = "Some examples come twice in an epoch, and others never. Shuffle the numbers of the rows; do not draw them one by one."
SHORT_BATCH = "The last, shorter batch is dropped: in every epoch some examples are never seen."
SAME = "Every epoch has the same order. "
JUST_BATCHES = ("Whole batches are shuffled, and the examples in each stay neighbors for ever. Shuffle the examples first, then cut the batches.")

batches = Exercise(
    "7.2", "The batches of an epoch",
    right=batches_of(shuffled),
    inputs=sizes_of_epochs,
    observe=three_epochs,
    mistakes=[
        Mistake(shuffled_batches, JUST_BATCHES, when=sees(BATCHES_ONLY)),
        Mistake(batches_of(lambda n, rng: np.arange(n)), "The examples are not shuffled: every epoch has them in the order of the file.",
                when=sees(IN_ORDER)),
        Mistake(batches_of(lambda n, rng: np.random.default_rng(0).permutation(n)), SAME + "Use the generator that comes in, which goes on from "
                "epoch to epoch; a new one with a fixed seed starts again.", when=sees(SAME_ORDER)),
        Mistake(batches_of(shuffled, skip=1), "Some examples are lost between two batches: each batch starts where the one before ends.",
                when=sees(LOST)),
        Mistake(batches_of(shuffled, last=False), SHORT_BATCH + " A slice may reach past the end.", when=sees(DROPPED)),
        Mistake(in_place, CHANGED_INPUT),
        Mistake(batches_of(lambda n, rng: np.random.permutation(n)), "The order does not come from `rng`, the generator that is handed in. With that, a run can be "
                "repeated.", when=sees(NO_RNG)),
        Mistake(batches_of(lambda n, rng: rng.integers(n, size=n)), EVERY_ONCE, when=sees(TWICE)),
        Mistake(a_new_order_each, "Each batch is cut from an order of its own, so some examples come twice in an epoch, and others never. Shuffle once, before the "
                "loop.", when=sees(NEW_ORDERS)),
        Mistake(batches_of(lambda n, rng: rng.permutation(n - 1)), "The last example never comes: `permutation(n)` ends at n - 1 by itself.", when=sees(LAST_LOST)),
        Mistake(lambda *args: batches_of(shuffled)(*args)[:1], "Only the first batch has examples. A `return` within the loop ends it; and a slice ends at a place, which moves "
                "with its start.", when=sees(FIRST_ONLY)),
        Mistake(lambda *args: batches_of(shuffled)(*args)[-1], "One batch comes back, and not a list of batches: `=` writes over the one before. Append each pair to the list."),
        Mistake(batches_of(shuffled, other=shuffled), PAIRS_APART.format("take the rows of both by one and the same order."), when=sees(APART)),
        Mistake(lambda X, y, batch_size, rng: batches_of(shuffled)(X, y, batch_size + 1, rng), "The batches have another size than batch_size; only "
                "the last may be smaller.", when=sees(SIZES)),
        Mistake(lambda X, y, batch_size, rng: itertools.cycle(batches_of(shuffled)(X, y, batch_size, rng)), "This never ends. An epoch is one pass.",
                when=sees(ENDLESS)),
        Mistake(lambda X, y, batch_size, rng: [], "No batch comes back: a pair that is only written down is lost. Put each into the list that is "
                "returned.", when=sees(NOT_BATCHES)),
        Mistake(batches_of(lambda n, rng: np.argsort(np.arange(n) + rng.uniform(0, 3, n))),
                "The examples are hardly shuffled: none moves far from its place.", when=sees(WEAK)),
    ],
    hints=["Make one random order of the row numbers: `rng.permutation(n)`.", "Then cut it: from each start, 0, B, 2B, …, take batch_size numbers, "
           "and with them rows of X and of y. A slice that reaches past the end is cut short by itself."],
    also_right=[by_split, by_generator, lambda X, y, batch_size, rng: tuple(
        (tf.constant(a), tf.constant(b)) for a, b in batches_of(shuffled)(X, y, batch_size, rng))],
    equivalent={
        "order = rng.permutation(len(y))": "X and y are of the same length",
        "for start in range(0, len(y), batch_size):\n    rows = order[start:start + batch_size]\n    found.append((X[rows], y[rows]))": "X and y are "
        "of the same length",
    },
)


def three_passes(answer, n, batch_size):
    """What is wrong with three passes over a pipeline."""
    X, y = numbered(n)
    dataset = answer(X, y, batch_size)
    if not isinstance(dataset, tf.data.Dataset):
        what = diagnosis.unfit(dataset) or f"It gives a {type(dataset).__name__}."
        raise Advice(what.partition(":")[0].rstrip(".") + ", and a `tf.data.Dataset` is due.")
    if not isinstance(dataset.element_spec, tuple) or len(dataset.element_spec) != 2:
        raise Advice("Each element should be a pair of X and y: `from_tensor_slices` takes both as one tuple.")
    if len(dataset.element_spec[0].shape) != 2:
        raise Advice("The elements are single examples, or batches of batches: `batch` belongs into the pipeline, once.")
    if dataset.element_spec[0].shape[1] != 2:
        raise Advice(f"The first of each pair has {dataset.element_spec[0].shape[1]} columns, and X has two.")
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        return ENDLESS
    return look_at([first_columns(dataset) for _ in range(3)], n, batch_size)


def pipeline(*steps):
    """An answer that puts a pipeline through some steps, given n and the batch size."""
    def answer(X, y, batch_size):
        dataset = tf.data.Dataset.from_tensor_slices((X, y))
        for step in steps:
            dataset = step(dataset, len(X), batch_size)
        return dataset
    return answer


def shuffle(dataset, n, batch_size):
    return dataset.shuffle(n)


def batch(dataset, n, batch_size):
    return dataset.batch(batch_size)


def shuffled_apart(X, y, batch_size):
    slices = tf.data.Dataset.from_tensor_slices
    return tf.data.Dataset.zip((slices(X).shuffle(len(X)), slices(y).shuffle(len(y)))).batch(batch_size)


a_pipeline = Exercise(
    "7.3", "A pipeline",
    right=pipeline(shuffle, batch),
    inputs=lambda rng: [*sizes_of_epochs(rng), (2_500, 500)],
    observe=three_passes,
    mistakes=[
        Mistake(pipeline(batch, shuffle), JUST_BATCHES, when=sees(BATCHES_ONLY)),
        Mistake(pipeline(lambda dataset, n, B: dataset.shuffle(1), batch), "The examples come in the order of the file: there is no `shuffle`, or its "
                "buffer is 1. The buffer holds the examples that the next one is drawn from.", when=sees(IN_ORDER)),
        Mistake(pipeline(lambda dataset, n, B: dataset.shuffle(n, reshuffle_each_iteration=False), batch), SAME + "A pipeline shuffles anew at "
                "each pass unless it is told not to, or is kept by `cache` after the shuffling.", when=sees(SAME_ORDER)),
        Mistake(pipeline(shuffle, lambda dataset, n, B: dataset.take(n - 1), batch), "Some examples are missing.", when=sees(LOST)),
        Mistake(pipeline(shuffle, lambda dataset, n, B: dataset.batch(B, drop_remainder=True)), SHORT_BATCH, when=sees(DROPPED)),
        Mistake(pipeline(shuffle, batch, lambda dataset, n, B: dataset.repeat()), "This never ends: `repeat` without a number goes round for ever, and "
                "a loop over the pipeline with it. One pass is one epoch.", when=sees(ENDLESS)),
        Mistake(pipeline(shuffle, lambda dataset, n, B: dataset.repeat(2), batch), "Examples come twice in an epoch: leave out the `repeat`.",
                when=sees(TWICE)),
        Mistake(pipeline(lambda dataset, n, B: dataset.shuffle(1_000), batch), "The buffer is too small: the next example is drawn from the few in it, so "
                "none comes much earlier than in the file. It should hold all of them.", when=sees(WEAK)),
        Mistake(shuffled_apart, PAIRS_APART.format("they are shuffled in two pipelines. Put both into one."), when=sees(APART)),
        Mistake(pipeline(shuffle, lambda dataset, n, B: dataset.batch(B + 1)), "The batches have another size than batch_size.", when=sees(SIZES)),
    ],
    hints=["First the examples one by one, then shuffle, then batch. The order of the two matters.",
           "`from_tensor_slices((X, y))` makes the examples; `.shuffle(…)` needs a buffer that holds all of them; `.batch(…)` comes last."],
    also_right=[
        pipeline(lambda dataset, n, B: dataset.shuffle(10 * n), batch, lambda dataset, n, B: dataset.prefetch(1)),
        lambda X, y, batch_size: tf.data.Dataset.range(len(X)).shuffle(len(X)).batch(batch_size).map(
            lambda rows: (tf.gather(X, rows), tf.gather(y, rows))),
        lambda X, y, batch_size: tf.data.Dataset.from_tensor_slices((X, y)).cache().shuffle(len(X), seed=3).batch(batch_size, num_parallel_calls=2),
    ],
    equivalent={
        "return examples.shuffle(len(y)).batch(batch_size)": "X and y are of the same length",
    },
)

# --- 7.4 --------------------------------------------------------------------------------------------------------------


def losses_of_batches(rng):
    """The example of the text, no short batch, one batch that is short, batches of one, and others."""
    yield np.array([2.0, 3.0, 7.0], np.float32), 10, 4
    for n, batch_size in [(12, 4), (3, 8), (5, 1), (33, 32), (int(rng.integers(40, 60)), 7)]:
        yield rng.uniform(0.1, 3, size=-(-n // batch_size)).astype(np.float32), n, batch_size


def example_by_example(losses, n, batch_size):
    return np.mean(np.repeat(losses.astype(np.float64), batch_size)[:n])


def by_sizes(losses, n, batch_size):
    sizes = [min(batch_size, n - start) for start in range(0, n, batch_size)]
    return np.average(losses, weights=sizes)


epoch_loss = Exercise(
    "7.4", "The loss of an epoch",
    right=example_by_example,
    inputs=losses_of_batches,
    mistakes=[
        Mistake(lambda losses, n, batch_size: np.mean(losses), "This is the mean of the batches' means. An example of the short batch counts more than "
                "the others in it: weigh each batch with its size."),
        Mistake(lambda losses, n, batch_size: np.sum(losses) * batch_size / n, "Every batch is weighed with batch_size. The last one has only what "
                "is left."),
        Mistake(lambda losses, n, batch_size: np.sum(losses) / n, "The batches' means are added, and divided by n. A mean is turned into a sum by the "
                "size of its batch."),
        Mistake(lambda losses, n, batch_size: by_sizes(losses, n, batch_size) * n, "This is the sum over the examples; the mean is due."),
        Mistake(lambda losses, n, batch_size: np.sum(losses), "This is the sum of the batches' means."),
        Mistake(lambda losses, n, batch_size: by_sizes(losses, n, batch_size) * n / len(losses), "The weighed losses are divided by the number of "
                "batches. The mean is over the examples."),
        Mistake(lambda losses, n, batch_size: (np.sum(losses[:-1]) * batch_size + losses[-1]) / n, "The last batch's mean is added as if it were one "
                "example: weigh it with the examples that are left."),
        Mistake(lambda losses, n, batch_size: (np.sum(losses[:-1]) * batch_size + losses[-1] * (n % batch_size)) / n, "Where B divides n, nothing is "
                "left over: n % B is 0 then, and the last batch is a whole one."),
        Mistake(lambda losses, n, batch_size: np.mean(losses[:-1]) if len(losses) > 1 else losses[0], "The last batch is left out."),
        Mistake(lambda losses, n, batch_size: losses[-1], "This is the loss of the last batch."),
    ],
    hints=["How many examples does each entry stand for? All but the last for batch_size of them.",
           "The last batch has n minus those of the others. Multiply each mean by its size, add up, divide by n."],
    also_right=[
        by_sizes,
        lambda losses, n, batch_size: (losses.sum() * batch_size - losses[-1] * (batch_size * len(losses) - n)) / n,
        lambda losses, n, batch_size: tf.reduce_sum(losses * tf.constant([min(batch_size, n - i * batch_size) for i in range(len(losses))],
                                                                         tf.float32)) / n,
    ],
)

# --- 7.5 --------------------------------------------------------------------------------------------------------------

(NOT_COMPILED, UNROLLED, SHORT_LOST, ORDER_IGNORED, NO_TRAINING, LAST_LOSS, LOSSES, AGAIN, THROWN_AWAY, IN_A_LIST) = range(1, 11)
RATE, MOMENTUM = 0.05, 0.5


class Traced(keras.Sequential):
    """A model that counts how often its code runs: at each call, or once for each place in a compiled function."""

    calls = 0

    def __call__(self, *args, **options):
        """Call the model as usual."""
        self.calls += 1
        return super().__call__(*args, **options)


def step_by_tape(model, optimizer, loss, X, y):
    with tf.GradientTape() as tape:
        J = loss(y, model(X, training=True))
    optimizer.apply(tape.gradient(J, model.trainable_variables), model.trainable_variables)
    return J


def a_line():
    """A linear model with known weights."""
    model = Traced([keras.Input((2,)), keras.layers.Dense(1)])
    model.set_weights([np.array([[1.0], [-1.0]]), np.array([0.5])])
    return model


def steps_of_a_line(W, b, X, y, order, batch_size):
    """The weights of a linear model after an epoch of gradient descent with momentum, and the loss of each step."""
    v_W, v_b, losses = 0, 0, []
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        error = X[rows] @ W + b - y[rows]
        losses.append(np.mean(error**2))
        v_W = MOMENTUM * v_W - RATE * 2 / len(rows) * X[rows].T @ error
        v_b = MOMENTUM * v_b - RATE * 2 * np.mean(error, axis=0)
        W, b = W + v_W, b + v_b
    return [W, b], losses


def compiled_or_not(answer, X, y, order, batch_size):
    """What is wrong with a compiled epoch: it is compared with the same steps, one by one."""
    model = a_line()
    start, data = model.get_weights(), (tf.constant(X), tf.constant(y))
    epoch = answer(step_by_tape, model, keras.optimizers.SGD(RATE, momentum=MOMENTUM), SQUARED, *data, batch_size)
    if not callable(epoch):
        raise Advice(diagnosis.unfit(epoch) or f"It should return the function `epoch`, and it gives a {type(epoch).__name__}.")
    if not hasattr(epoch, "get_concrete_function"):
        return NOT_COMPILED
    try:
        losses = np.asarray(epoch(tf.constant(order)))
    except (tf.errors.InvalidArgumentError, TypeError, ValueError) as error:
        if "TensorList is not initialized" in str(error):
            return THROWN_AWAY
        if type(error).__name__ == "InaccessibleTensorError":
            return IN_A_LIST
        raise
    calls = model.calls
    weights, want = steps_of_a_line(*start, X, y, order, batch_size)
    if not getattr(epoch, "_jit_compile", True):
        return NOT_COMPILED
    if calls > 4:
        return UNROLLED
    if np.allclose(model.get_weights()[0], start[0]):
        return NO_TRAINING
    if losses.ndim == 0 or (losses.shape == (1,) and len(want) > 1):
        return LAST_LOSS
    if not all(np.allclose(a, b, atol=1e-4) for a, b in zip(model.get_weights(), weights, strict=True)):
        return SHORT_LOST if np.allclose(losses[: len(want) - 1], want[:-1], atol=1e-4) else ORDER_IGNORED
    if losses.shape != (len(want),) or not np.allclose(losses, want, atol=1e-4):
        return LOSSES
    before = epoch(tf.constant(order[::-1].copy()))
    return FINE if not np.allclose(before, losses) else AGAIN


def data_and_order(rng):
    """Seven batches and a short one, in a random order; and a number of examples that the batch size divides."""
    for n in (22, 21):
        X = rng.normal(size=(n, 2)).astype(np.float32)
        yield X, (X @ [[2.0], [1.0]] + rng.normal(size=(n, 1))).astype(np.float32), rng.permutation(n).astype(np.int32), 3


def writes_lost(train_step, model, optimizer, loss, X, y, batch_size):
    count = len(X) // batch_size
    optimizer.build(model.trainable_variables)

    @tf.function(jit_compile=True)
    def epoch(order):
        losses = tf.TensorArray(tf.float32, count)
        for i in tf.range(count):
            rows = tf.slice(order, [i * batch_size], [batch_size])
            losses.write(i, train_step(model, optimizer, loss, tf.gather(X, rows), tf.gather(y, rows)))
        return losses.stack()
    return epoch


def into_a_list(train_step, model, optimizer, loss, X, y, batch_size):
    count = len(X) // batch_size
    optimizer.build(model.trainable_variables)

    @tf.function(jit_compile=True)
    def epoch(order):
        losses = []
        for i in tf.range(count):
            rows = tf.slice(order, [i * batch_size], [batch_size])
            losses.append(train_step(model, optimizer, loss, tf.gather(X, rows), tf.gather(y, rows)))
        return losses
    return epoch


def epoch_with(whole=tf.range, jit=True, rest=True, rows=None, last=False, step=None, compiled=True):
    """A compiled epoch with one thing changed."""
    def answer(train_step, model, optimizer, loss, X, y, batch_size):
        count, left = divmod(len(X), batch_size)
        optimizer.build(model.trainable_variables)
        take = rows or (lambda order, i: tf.slice(order, [i * batch_size], [batch_size]))
        do = step or train_step

        def one(chosen):
            return do(model, optimizer, loss, tf.gather(X, chosen), tf.gather(y, chosen))

        def epoch(order):
            losses = tf.TensorArray(tf.float32, count + (rest and left > 0))
            for i in whole(count):
                losses = losses.write(i, one(take(order, i) if rows is None else rows(order, i, batch_size)))
            if rest and left:
                losses = losses.write(count, one(order[-left:]))
            return losses.stack()[-1] if last else losses.stack()
        return tf.function(epoch, jit_compile=jit) if compiled else epoch
    return answer


def predicts_only(model, optimizer, loss, X, y):
    return loss(y, model(X, training=True))


def scanned(train_step, model, optimizer, loss, X, y, batch_size):
    count, left = divmod(len(X), batch_size)
    optimizer.build(model.trainable_variables)

    @tf.function(jit_compile=True)
    def epoch(order):
        losses = tf.zeros([count])
        i = tf.constant(0)
        while i < count:
            chosen = tf.gather(order, i * batch_size + tf.range(batch_size))
            J = train_step(model, optimizer, loss, tf.gather(X, chosen), tf.gather(y, chosen))
            losses = tf.tensor_scatter_nd_update(losses, [[i]], [J])
            i += 1
        if left:
            chosen = order[count * batch_size:]
            losses = tf.concat([losses, [train_step(model, optimizer, loss, tf.gather(X, chosen), tf.gather(y, chosen))]], 0)
        return losses
    return epoch


def whole_shuffled(train_step, model, optimizer, loss, X, y, batch_size):
    count, left = divmod(len(X), batch_size)
    optimizer.build(model.trainable_variables)

    @tf.function(jit_compile=True)
    def epoch(order):
        X_shuffled, y_shuffled = tf.gather(X, order), tf.gather(y, order)
        losses = tf.TensorArray(tf.float32, count + (left > 0))
        for i in tf.range(count):
            start = i * batch_size
            J = train_step(model, optimizer, loss, tf.slice(X_shuffled, [start, 0], [batch_size, 2]), tf.slice(y_shuffled, [start, 0], [batch_size, 1]))
            losses = losses.write(i, J)
        if left:
            losses = losses.write(count, train_step(model, optimizer, loss, X_shuffled[-left:], y_shuffled[-left:]))
        return losses.stack()
    return epoch


compiled_epoch = Exercise(
    "7.5", "The compiled epoch",
    right=epoch_with(),
    inputs=data_and_order,
    observe=compiled_or_not,
    accept=lambda seen: seen == FINE,
    seconds=2.0,
    mistakes=[
        Mistake(writes_lost, "`write` gives back the list with the new value in it, and here that is thrown away: `losses = losses.write(…)`.",
                when=sees(THROWN_AWAY)),
        Mistake(into_a_list, "A list of Python cannot grow in a loop of TensorFlow. Write into `losses`, the `TensorArray`.",
                when=sees(IN_A_LIST)),
        Mistake(epoch_with(jit=None), "The function is not compiled by XLA: `tf.function` records the operations, and with `jit_compile=True` they are "
                "translated into one program.", when=sees(NOT_COMPILED)),
        Mistake(epoch_with(whole=range), "Python's `range` runs the loop while TensorFlow records, so every step is written out one after the other. "
                "`tf.range` makes a loop of it.", when=sees(UNROLLED)),
        Mistake(epoch_with(rest=False), "The short last batch does not train as it should: after the loop, the rows that are left, the last `rest` of the order, make one more step.",
                when=sees(SHORT_LOST)),
        Mistake(epoch_with(rows=lambda order, i, B: tf.range(B) + i * B), "The steps are not those of the order that comes in. Batch i begins at place "
                "i * batch_size of it, `tf.slice` takes a start and a size, and each batch trains once.", when=sees(ORDER_IGNORED)),
        Mistake(epoch_with(step=predicts_only), "The weights do not change: `train_step` is not called, or not on the batches.", when=sees(NO_TRAINING)),
        Mistake(epoch_with(last=True), "Only one loss comes back. Each step's loss has its place in `losses`: write it there.", when=sees(LAST_LOSS)),
        Mistake(epoch_with(step=lambda *args: 2 * step_by_tape(*args)), "The weights are right and the losses are not. Write what `train_step` returns: that of batch i to place i, and "
                "that of the short batch to place `whole`.",
                when=sees(LOSSES)),
    ],
    hints=["`tf.slice(order, [start], [batch_size])` takes batch_size numbers from a start on; `step` trains with the rows of X and y that have these numbers.",
           "In the loop: the rows of batch i start at i * batch_size. The loss of the step is written to place i.",
           "What is left after the whole batches are the last `rest` numbers of the order: `order[-rest:]`, written to place `whole`."],
    also_right=[scanned, whole_shuffled, epoch_with(rows=lambda order, i, B: order[i * B : (i + 1) * B])],
    equivalent={
        "whole, rest = divmod(len(y), batch_size)": "X and y are of the same length",
        "model.trainable_variables": "the optimizer is not built before: it is when the epoch is recorded",
        "model.build(model.trainable_variables)": "the optimizer is not built before: it is when the epoch is recorded",
    },
)

# --- 7.6 --------------------------------------------------------------------------------------------------------------


def replicas(rng):
    """Two unequal shards as in the text, two equal ones, three, and one."""
    for sizes in ((4, 3), (3, 3), (1, 4, 2), (5,)):
        X = rng.normal(size=(sum(sizes), 2)).astype(np.float32)
        y = (X[:, 0] * 3 + rng.normal(size=len(X))).astype(np.float32)
        parts = np.split(np.arange(len(X)), np.cumsum(sizes)[:-1])
        yield slope_of(rng.normal(size=2).astype(np.float32)), [(X[part], y[part]) for part in parts]


def slope_of(w):
    """The gradient of the mean squared error of a linear model, for a batch."""
    def gradient(X, y):
        return 2 * np.mean((X @ w - y)[:, None] * X, axis=0)
    return gradient


def on_one_device(gradient, shards):
    """The gradient of the whole batch, at once."""
    return gradient(np.concatenate([X for X, _ in shards]), np.concatenate([y for _, y in shards]))


def all_reduce(combine):
    return lambda gradient, shards: combine(np.array([gradient(X, y) for X, y in shards]), np.array([len(y) for _, y in shards])[:, None])


two_replicas = Exercise(
    "7.6", "Two replicas",
    right=on_one_device,
    inputs=replicas,
    mistakes=[
        Mistake(all_reduce(lambda g, n: g * n / n.sum()), "The parts are not added up yet: one gradient is due, for all examples."),
        Mistake(all_reduce(lambda g, n: g.mean(axis=0)), "This is the mean of the shards' means, right only for shards of one size. An example in a "
                "small shard would count more than others: weigh each gradient with its shard."),
        Mistake(all_reduce(lambda g, n: g.sum(axis=0)), "The gradients are added. Each is a mean already, so the sum is as many times too long as there "
                "are shards."),
        Mistake(all_reduce(lambda g, n: (g * n).sum(axis=0)), "This is the sum over all examples; divide by how many there are in all."),
        Mistake(all_reduce(lambda g, n: (g * n).sum(axis=0) / len(n)), "This divides by the number of shards. The mean is over examples."),
        Mistake(all_reduce(lambda g, n: (g * n).sum(axis=0) / n.sum() / len(n)), "The weighed parts are shares of the mean already, and they are divided "
                "once more, by the number of shards. Add them up."),
        Mistake(all_reduce(lambda g, n: g[0]), "Only the first replica counts."),
        Mistake(all_reduce(lambda g, n: g[-1]), "Only the last replica counts: `=` in a loop writes over what was there."),
        Mistake(all_reduce(lambda g, n: (g * n).sum(axis=0) / n[0]), "This divides by the size of the first shard. Divide by that of the whole batch."),
        Mistake(all_reduce(lambda g, n: (g / n).sum(axis=0)), "The means are divided by the sizes once more. To weigh, multiply."),
        Mistake(all_reduce(lambda g, n: g.sum(axis=0) / n.sum()), "The means are added and divided by the number of examples. A mean is turned into a "
                "sum by the size of its shard."),
    ],
    hints=["Each replica gives the mean over its shard. How do you make a sum over its examples of it?",
           "Multiply each gradient by the size of its shard, add up over the replicas, and divide by the size of the whole batch."],
    also_right=[
        on_one_device,
        all_reduce(lambda g, n: np.average(g, axis=0, weights=n[:, 0])),
        lambda gradient, shards: tf.add_n([tf.constant(gradient(X, y)) * (len(y) / sum(len(b) for _, b in shards)) for X, y in shards]),
    ],
)

EXERCISES = [batch_gradient, batches, a_pipeline, epoch_loss, compiled_epoch, two_replicas]
