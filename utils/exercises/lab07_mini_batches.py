"""Exercises of lab 7: the gradient of a batch, the batches of an epoch, a pipeline, means, the compiled epoch, two replicas."""

import functools
import itertools

import keras
import numpy as np
import tensorflow as tf

from utils.advice import Advice
from utils.checking import FINE, Exercise, arrays, edited, edits_of, findings_of, require

# --- 7.1 --------------------------------------------------------------------------------------------------------------
small_network = functools.cache(lambda: keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, "tanh"), keras.layers.Dense(1)]))

def network_gradient(answer, X, y, rows):
    """The gradient that an answer gives for a network with known weights, and a loss in which y and ŷ play different parts."""
    model, rng = small_network(), np.random.default_rng(1)
    model.set_weights(before := [np.float32(rng.normal(size=weight.shape)) for weight in model.get_weights()])
    gradient = answer(model, lambda y, y_hat: tf.reduce_mean((y - y_hat) ** 2 * (1 + tf.abs(y))), X, y, rows)
    return gradient if all(map(np.array_equal, before, model.get_weights())) else StepTaken.STEP

def data_and_rows(rng):
    """Three of five examples, one, all, and one of them twice; y as a column."""
    for rows in ([4, 0, 3], [2], range(5), [1, 1, 4]):
        X = rng.normal(size=(5, 2)).astype(np.float32)
        yield X, X[:, :1] * 2 + rng.normal(size=(5, 1)).astype(np.float32), np.array(rows)

def mean_gradient(model, loss, X, y, rows):
    """The gradient of the mean of the losses of single examples."""
    with tf.GradientTape() as tape:
        J = sum(loss(y[[row]], model(X[[row]])) for row in rows) / len(rows)
    return np.concatenate([np.ravel(each) for each in tape.gradient(J, model.trainable_variables)])

def gradient_of_rows(model, loss, X, y, rows):
    with tf.GradientTape() as tape:
        J = loss(y[rows], model(X[rows]))
    gradients = tape.gradient(J, model.trainable_variables)
    return np.concatenate([np.ravel(gradient) for gradient in gradients])

wrong = edits_of(gradient_of_rows)
StepTaken, mistakes_in_gradient = findings_of(gradient_of_rows,
    ("", "y[rows]", "y", "X[rows]", "X", "This uses all examples. The batch holds only those whose numbers are in `rows`."),
    ("", "y[rows]", "y[:len(rows)]", "X[rows]", "X[:len(rows)]", "These are the first examples. Take those whose numbers are in `rows`."),
    ("", "return ", "return len(rows) * ", "This is the sum of the gradients. The loss of a batch is a mean, and so is its gradient."),
    ("", "y[rows]", "y[rows[:1]]", "X[rows]", "X[rows[:1]]", "This uses only the first of the rows. The batch holds all of them."),
    ("", "y[rows]", "y[:len(rows)]", "X and y are taken from different rows: one student's hours with another one's grade."),
    ("", "X[rows]", "X[:len(rows)]", "The targets belong to `rows` and the inputs do not. Take both from the same rows."),
    ("", "J = loss", "J = -loss", "The sign is wrong: this points downhill, and a gradient points uphill."),
    ("", "y[rows], model(X[rows])", "model(X[rows]), y[rows]", "Targets and predictions are exchanged: the loss takes the targets first."),
    ("STEP", "    return", "    [v.assign_sub(0.1 * g) for v, g in zip(model.trainable_variables, gradients)]\n    return",
     "The weights of the model are others afterwards. Give the gradient alone: the step comes later, and is the optimizer's."),
    ("", "gradients])", "gradients]) / len(rows)", "This is divided by the size of the batch once too often: the loss is a mean already."),
)
batch_gradient = Exercise("7.1", "The gradient of a batch", right=mean_gradient, inputs=data_and_rows, observe=network_gradient, atol=1e-4,
    mistakes=mistakes_in_gradient,
    hints=["Take the same rows out of X and out of y. Then predict, measure and differentiate as in lab 5.",
           "NumPy's `X[rows]` and TensorFlow's `tf.gather(X, rows)` give the rows. Compute their loss inside the tape."],
    also_right=[gradient_of_rows, wrong("y[rows]", "tf.gather(y, rows)", "X[rows]", "tf.gather(X, rows)")])

# --- 7.2 and 7.3: what three epochs look like -------------------------------------------------------------------------
def numbered(n):
    """X and y of n examples that carry their numbers, from 0 to n - 1, in each column."""
    y = np.arange(n, dtype=np.float32)[:, None]
    return np.hstack([y, y]), y

def sizes_of_epochs(rng):
    """Numbers of examples and batch sizes: with a short last batch, without one, with one batch for all, and others."""
    return [(40, 12), (40, 10), (30, 64), (int(rng.integers(32, 37)), 6), (31, 6)]  # last a short batch of one, which tells little else

def batches_of_epoch(batches, n):
    """Each batch of an epoch as lists, the rows of X and the numbers in y; no more than 2n + 1 of them where they never end."""
    for batch in itertools.islice(batches if np.iterable(batches) else [batches], 2 * n + 1):
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            raise Advice(arrays.no_numbers(batches) if batches is None else "Expected a list of pairs: rows of X, and the same rows of y.")
        X, y = map(require.numbers, batch)
        require.numbers(X, (*X.shape[:1], 2), "The X of a batch has")
        require.numbers(y, (*y.shape[:1], 1), "The y of a batch has")
        if not np.isin(y, np.arange(n)).all():
            raise Advice("The batches hold rows that X and y do not have. Take the rows as they are.")
        yield X.tolist(), y[:, 0].tolist()

def first_that_holds(reasons):
    """Of pairs (condition, finding), the finding of the first whose condition holds; FINE if none does."""
    return next((finding for condition, finding in reasons if condition), FINE)

def finding_in(epochs, n, batch_size, findings):
    """What is wrong with epochs of n numbered examples, as a member of the Enum `findings`; FINE if nothing is."""
    expected_sizes, orders = [min(batch_size, n - start) for start in range(0, n, batch_size)], []
    for epoch in epochs:
        order, sizes = [number for _, y in epoch for number in y], [len(y) for _, y in epoch]
        once_in_each = len(epoch) > 1 and all(len(set(y)) == len(y) for _, y in epoch)
        whole = sorted(sizes) == sorted(expected_sizes) and all(np.all(np.diff(y) == 1) for _, y in epoch)
        finding = first_that_holds([
            (not epoch, findings.DROPPED if n < batch_size else findings.NO_BATCH),
            (len(epoch) > 2 * n, findings.ENDLESS),
            (any([[number, number] for number in y] != X for X, y in epoch), findings.APART),
            (any(size > batch_size for size in sizes), findings.SIZES),
            (set(order) == set(range(n)) and n < len(order) <= 2 * n and len(epoch) == len(expected_sizes), findings.FILLED),
            (len(set(order)) < len(order) == n and not once_in_each, findings.DRAWN),
            (len(set(order)) < len(order), findings.NEW_ORDERS if once_in_each and len(order) == n else findings.TWICE),
            (np.count_nonzero(sizes) == 1 < len(expected_sizes), findings.ONE_FILLED),
            (len(order) == n // batch_size * batch_size < n, findings.DROPPED),
            (set(order) == set(range(n - 1)), findings.LAST_LOST),
            (len(order) < n, findings.LOST),
            (whole and order != list(range(n)), findings.BATCHES_ONLY),
            (0 in sizes, findings.EMPTY),
            (sizes != expected_sizes, findings.SIZES),
            (order == list(range(n)), findings.IN_ORDER),
            (order in orders, findings.SAME_ORDER),
        ])
        if finding is not FINE:
            return finding
        orders.append(order)
    # In three random orders, some example comes this many places earlier than in the file. The chance that none does is 1e-8 at most.
    return FINE if np.max(np.array(orders) - np.arange(n)) >= max(n / 2, n - 3.5 * np.sqrt(n)) else findings.WEAK

def three_epochs(answer, n, batch_size):
    """What is wrong with three epochs of batches, or with a repetition of the first."""
    (X, y), rng, epochs = numbered(n), np.random.default_rng(n), []
    for generator in (rng, rng, rng, np.random.default_rng(n)):
        batches = answer(X, y, batch_size, generator)
        if isinstance(batches, tuple) and len(batches) == 2 and hasattr(batches[0], "shape"):
            return InBatches.ONE_BATCH
        epochs.append(list(batches_of_epoch(batches, n)))
        if not all(map(np.array_equal, (X, y), numbered(n))):
            return InBatches.CHANGED
    finding = finding_in(epochs[:3], n, batch_size, InBatches)
    return InBatches.NO_RNG if finding is FINE and epochs[0] != epochs[3] else finding

def cut_batches(X, y, batch_size, rng):
    found = []
    order = rng.permutation(len(X))
    for start in range(0, len(X), batch_size):
        rows = order[start:start + batch_size]
        found.append((X[rows], y[rows]))
    return found

wrong = edits_of(cut_batches)
InBatches, mistakes_in_batches = findings_of(cut_batches,
    ("BATCHES_ONLY", "rng.permutation(len(X))", "np.arange(len(X))", "    return", "    rng.shuffle(found)\n    return", "Whole batches are "
     "shuffled, and the examples in each stay neighbors for ever. Shuffle the examples first, then cut the batches."),
    ("IN_ORDER", "rng.permutation(len(X))", "np.arange(len(X))", "The examples are not shuffled: every epoch has them in the order of the file."),
    ("SAME_ORDER", "rng.perm", "np.random.default_rng(0).perm", "Every epoch has the same order. The generator that comes in goes on from epoch to "
     "epoch; a new one with a fixed seed begins again."),
    ("LOST", "len(X), batch_size)", "len(X), batch_size + 1)", "Some examples never come. The first batch starts at 0, each other where the one "
     "before ends, and the last has what is left."),
    ("NO_BATCH", "found.append(", "(", "No batch comes back: a pair that is only written down is lost. Put each into the list that is returned."),
    ("CHANGED", "    for", "    X[:], y[:], order = X[order], y[order], np.arange(len(X))\n    for", "Your code changes X and y themselves: the "
     "caller's rows are different afterwards. Take rows by their numbers, which makes new arrays."),
    ("NO_RNG", "rng.perm", "np.random.perm", "The order does not come from `rng`, the generator that comes in. With that, a run can be repeated."),
    ("DRAWN", "rng.permutation(len(X))", "rng.integers(len(X), size=len(X))", "Some examples come twice in an epoch, and others never, as where "
     "each is drawn anew. Shuffle the numbers of the rows instead."),
    ("FILLED", "order[start:start + batch_size]", "np.resize(order, 2 * len(X))[start:start + batch_size]", "Every example comes, and some come "
     "twice: the last batch is filled up. Leave it shorter than the others."),
    ("TWICE", "rng.permutation(len(X))", "np.tile(rng.permutation(len(X) // 2), 3)[:len(X) + 1]", "len(X), batch_size)", "len(X) + 1, batch_size)",
     "Some examples come twice in an epoch, and others never. Each comes once: make one order of the rows, and cut it."),
    ("LAST_LOST", "permutation(len(X))", "permutation(len(X) - 1)", "The last example never comes: `permutation(n)` ends at n - 1 by itself."),
    ("DROPPED", "len(X), batch_size)", "len(X) // batch_size * batch_size, batch_size)", "The last, shorter batch is dropped: in every epoch some "
     "examples never come. A slice may reach past the end."),
    ("NEW_ORDERS", "rows = order", "rows = rng.permutation(len(X))", "Each batch is cut from an order of its own, so some examples come twice, and "
     "others never. Shuffle once, before the loop."),
    ("ONE_FILLED", "    return", "        return", "Only one batch has examples. A `return` inside the loop ends it, a slice ends at a place that "
     "moves with its start, and a range has its end before its step: which of these is it?"),
    ("ONE_BATCH", "found.append((X[rows], y[rows]))", "found = (X[rows], y[rows])", "One batch comes back, not a list of batches: `=` writes over "
     "the one before. Append each pair to the list."),
    ("APART", "y[rows]", "y[start:start + batch_size]", "X and y no longer belong together: take the rows of both by one and the same order."),
    ("SIZES", "    for", "    batch_size += 1\n    for", "The batches have another size than batch_size; only the last may be smaller."),
    ("EMPTY", "len(X), batch_size)", "len(X) + 1, batch_size)", "One batch is empty, and its mean loss would be nan. Where batch_size divides n, "
     "nothing is left after the whole batches."),
    ("ENDLESS", "return found", "return itertools.cycle(found)", "The batches never end. An epoch is one pass through the examples."),
    ("WEAK", "rng.permutation(len(X))", "np.argsort(np.arange(len(X)) + rng.uniform(0, 5, len(X)))", "The examples are hardly shuffled: none moves "
     "far from its place."),
)
batches = Exercise("7.2", "The batches of an epoch", inputs=sizes_of_epochs, observe=three_epochs,
    right=lambda X, y, B, rng: [(X[rows], y[rows]) for rows in np.split(rng.permutation(len(X)), range(B, len(X), B))],
    mistakes=mistakes_in_batches,
    hints=["Make one random order of the row numbers: `rng.permutation(n)`.",
           "Then cut it: from each start, 0, B, 2B, …, take batch_size numbers, and with them rows of X and of y. A slice past the end is cut short."],
    also_right=[cut_batches, wrong("(X[rows], y[rows])", "tuple(map(tf.constant, (X[rows], y[rows])))", "return found", "return tuple(found)"),
                wrong("order = rng.permutation(len(X))", "X, y = np.hsplit(rng.permutation(np.hstack([X, y])), [2])",
                     "order[start:start + batch_size]", "slice(start, start + batch_size)", "found.append(", "yield (")],
    equivalent=dict.fromkeys(["order = rng.permutation(len(y))", "for start in range(0, len(y), batch_size):\n"
                             "    rows = order[start:start + batch_size]\n    found.append((X[rows], y[rows]))"], "X and y are of the same length"))

def three_passes(answer, n, batch_size):
    """What is wrong with three passes through a pipeline."""
    dataset = answer(*numbered(n), batch_size)
    if not isinstance(dataset, tf.data.Dataset):
        raise Advice(f"It gives {'None' if dataset is None else f'a {type(dataset).__name__}'}; expected a `tf.data.Dataset`.")
    if not isinstance(dataset.element_spec, tuple) or len(dataset.element_spec) != 2:
        raise Advice("Each element should be a pair of X and y: `from_tensor_slices` takes both as one tuple.")
    if getattr(dataset.element_spec[0], "shape", tf.TensorShape(None)).rank not in (2, None):
        raise Advice("The elements are single examples, or batches of batches. The pipeline needs `batch` once.")
    if dataset.cardinality() == tf.data.INFINITE_CARDINALITY:
        return InPipeline.ENDLESS
    finding = finding_in([list(batches_of_epoch(dataset, n)) for _ in range(3)], n, batch_size, InPipeline)
    return InPipeline.NEARLY_ALL if finding is FINE and n == 30 and never_first(answer(*numbered(3), 1)) else finding

def never_first(dataset):
    """Whether the last of three examples is first in none of sixty passes. The chance of that is 3e-11 where the buffer holds all."""
    return all(float(np.ravel(next(iter(dataset))[1])[0]) != 2 for _ in range(60))

def pipeline(X, y, batch_size):
    examples = tf.data.Dataset.from_tensor_slices((X, y))
    return examples.shuffle(len(X)).batch(batch_size)

wrong = edits_of(pipeline)
InPipeline, mistakes_in_pipeline = findings_of(pipeline,
    ("BATCHES_ONLY", ".shuffle(len(X)).batch(batch_size)", ".batch(batch_size).shuffle(len(X))", InBatches.BATCHES_ONLY.value),
    ("IN_ORDER", "shuffle(len(X))", "shuffle(1)", "The examples come in the order of the file: `shuffle` is missing, or its buffer is 1. It draws "
     "each example from those in its buffer."),
    ("SAME_ORDER", "shuffle(len(X))", "shuffle(len(X), reshuffle_each_iteration=False)", "Every epoch has the same order. A pipeline's `shuffle` "
     "draws anew in each pass, unless an argument forbids it, or a `cache` keeps the order; NumPy would draw once, before all of them."),
    ("LOST LAST_LOST ONE_FILLED NO_BATCH", ".batch(", ".take(len(X) - 1).batch(", "Some examples are missing. An epoch has all of them, once each."),
    ("DROPPED", "batch(batch_size)", "batch(batch_size, drop_remainder=True)", "The last, shorter batch is dropped: in every epoch some examples "
     "never come."),
    ("ENDLESS", "batch(batch_size)", "batch(batch_size).repeat()", "The pipeline never ends: `repeat` without a number begins again for ever, and "
     "so does a loop over it. An epoch is one pass."),
    ("TWICE", ".batch(", ".repeat(2).batch(", "Examples come twice in an epoch, as after a `repeat`. An epoch is one pass."),
    ("DRAWN NEW_ORDERS", ".shuffle(len(X))", ".map(lambda *_: (lambda at: (X[at], y[at]))(tf.random.uniform((), 0, n, tf.int32)))",
     "    examples =", "    n, X, y = len(X), tf.constant(X), tf.constant(y)\n    examples =", "Some examples come twice in an epoch, and others never: they are "
     "drawn anew each time. `shuffle` gives each of them once."),
    ("FILLED", ".batch(", ".repeat(2).take(-(-len(X) // batch_size) * batch_size).batch(", "Every example comes, and some come twice: the last "
     "batch is filled up. Leave it shorter than the others."),
    ("WEAK", "shuffle(len(X))", "shuffle(1_000)", "The buffer is too small: `shuffle` draws only from what is in it, so no example comes much "
     "earlier than in the file. It should hold all."),
    ("NEARLY_ALL", "shuffle(len(X))", "shuffle(len(X) - 1)", "The buffer is smaller than the data, perhaps by only one: then the last example never "
     "comes first. It should hold all of them."),
    ("APART", "examples.", "examples.zip((examples.map(lambda X, _: X).shuffle(9), examples.map(lambda _, y: y))).", "X and y no longer belong "
     "together: they are shuffled in two pipelines. Put both into one."),
    ("SIZES EMPTY", "batch(batch_size)", "batch(batch_size + 1)", "The batches have another size than batch_size."),
)
a_pipeline = Exercise("7.3", "A pipeline", inputs=lambda rng: [*sizes_of_epochs(rng), (2_500, 500)], observe=three_passes,
    right=lambda X, y, B: tf.data.Dataset.range(len(X)).shuffle(len(X)).batch(B).map(lambda i: (tf.gather(X, i), tf.gather(y, i))),
    mistakes=mistakes_in_pipeline,
    hints=["First the examples come one by one, then they are shuffled, then cut into batches. The order of the two steps matters.",
           "`from_tensor_slices((X, y))` makes the examples; `.shuffle(…)` needs a buffer that holds all of them; `.batch(…)` comes last."],
    also_right=[pipeline, wrong("len(X)", "10 * len(X)", "batch(batch_size)", "batch(batch_size).prefetch(1)"),
                wrong("shuffle(len(X))", "cache().shuffle(len(X), seed=3)", "batch(batch_size)", "batch(batch_size, num_parallel_calls=2)")],
    equivalent={"return examples.shuffle(len(y)).batch(batch_size)": "X and y are of the same length"})

# --- 7.4 --------------------------------------------------------------------------------------------------------------
def losses_of_batches(rng):
    """The example of the text, no short batch, one batch that is short, batches of one, and others."""
    yield np.array([2.0, 3.0, 7.0], np.float32), 10, 4
    for n, batch_size in [(12, 4), (3, 8), (5, 1), (33, 32), (int(rng.integers(40, 60)), 7)]:
        yield rng.uniform(0.1, 3, size=-(-n // batch_size)).astype(np.float32), n, batch_size

def loss_of_epoch(losses, n, batch_size):
    sizes = np.full(len(losses), batch_size)
    sizes[-1] = n - batch_size * (len(losses) - 1)
    return np.sum(losses * sizes) / n

wrong = edits_of(loss_of_epoch)
epoch_loss = Exercise("7.4", "The loss of an epoch", inputs=losses_of_batches,
    right=lambda losses, n, batch_size: np.mean(np.repeat(losses.astype(np.float64), batch_size)[:n]), mistakes=edited(loss_of_epoch,
    (lambda losses, *_: np.mean(losses), "In this mean of means, an example of the short batch counts more. Weight each batch by its size."),
    ("sizes[-1] =", "last =", "Every batch is weighted by batch_size. The last one has only what is left."),
    (lambda losses, n, _: np.sum(losses) / n, "The means are added and divided by n. A mean times the size of its batch is a sum."),
    (" / n", "", "This is the sum over the examples; take the mean."),
    (lambda losses, *_: np.sum(losses), "This is the sum of the batches' means. Neither n nor the sizes of the batches count in it."),
    ("/ n", "/ len(losses)", "The weighted losses are divided by the number of batches. The mean is over the examples."),
    ("return", "sizes[-1] = 1; return", "The last batch counts as one example. Weight its mean by how many examples are left."),
    ("return", "sizes[-1] = n % batch_size; return", "Where B divides n, n % B is 0, and yet the last batch is a whole one."),
    (lambda losses, *_: np.mean(losses[:-1]) if len(losses) > 1 else losses[0], "The last batch is left out. Its examples count as well."),
    (lambda losses, *_: losses[-1], "This is the loss of the last batch. The mean is over the examples of all batches."),
), hints=["How many examples does each entry stand for? All but the last stand for batch_size of them.",
          "The size of the last batch is n minus those of the others. Multiply each mean by its size, add up, divide by n."],
   also_right=[loss_of_epoch,
               lambda losses, n, B: np.average(losses, weights=[min(B, n - start) for start in range(0, n, B)]),
               lambda losses, n, B: (losses.sum() * B - losses[-1] * (B * len(losses) - n)) / n,
               lambda losses, n, B: tf.reduce_sum(losses * np.float32([min(B, n - i * B) for i in range(len(losses))])) / n])

# --- 7.5 --------------------------------------------------------------------------------------------------------------
def train_step(model, optimizer, loss, X, y):
    with tf.GradientTape() as tape:
        J = loss(y, model(X, training=True))
    optimizer.apply(tape.gradient(J, model.trainable_variables), model.trainable_variables)
    return J

def line_and_optimizer():
    """A linear model that begins with ones, and gradient descent with momentum."""
    return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")]), keras.optimizers.SGD(0.05, momentum=0.5)

def epochs_step_by_step(X, y, orders, batch_size):
    """For each epoch, the losses of its steps, and the weights after it."""
    model, optimizer = line_and_optimizer()
    for order in orders:
        batches = [(X[rows], y[rows]) for rows in np.split(order, range(batch_size, len(order), batch_size))]
        yield np.array([train_step(model, optimizer, keras.losses.MeanSquaredError(), *batch) for batch in batches]), np.append(*model.get_weights())

def two_epochs(answer, X, y, order, batch_size):
    """What is wrong with a compiled epoch, and with a second one in the opposite order, compared with the same steps one by one."""
    traces, orders, (model, optimizer) = [], (order, order[::-1].copy()), line_and_optimizer()
    def loss(y, y_hat):
        traces.append(None)  # at each call, or once for each place in a compiled function
        return tf.reduce_mean((y - y_hat) ** 2)
    epoch = answer(train_step, model, optimizer, loss, tf.constant(X), tf.constant(y), batch_size)
    if not callable(epoch):
        raise Advice(f"It gives {'None' if epoch is None else f'a {type(epoch).__name__}'}; expected the function `epoch`.")
    if not hasattr(epoch, "get_concrete_function") or not getattr(epoch, "_jit_compile", True):
        return InEpoch.NOT_COMPILED
    try:
        if isinstance(epoch.get_concrete_function(tf.constant(order)).structured_outputs, tf.TensorArray):  # running it may crash TensorFlow
            raise Advice("The epoch returns the `TensorArray` itself. Its method `stack` makes one tensor of the losses.")
        (losses, weights), second = [(require.numbers(epoch(tf.constant(each))), np.append(*model.get_weights())) for each in orders]
    except Exception as error:
        for text, finding in (("TensorList is not initialized", InEpoch.LOST_WRITES), ("InaccessibleTensorError", InEpoch.IN_A_LIST)):
            if text in f"{type(error).__name__}: {error}":
                return finding
        raise
    close = functools.partial(arrays.close, atol=1e-4)
    (expected_losses, expected_weights), expected_second = epochs_step_by_step(X, y, orders, batch_size)
    short = len(order) % batch_size and close(np.atleast_1d(losses)[: len(expected_losses) - 1], expected_losses[:-1])
    return first_that_holds([
        (len(traces) > 4, InEpoch.UNROLLED),
        (np.allclose(weights, [1, 1, 0]), InEpoch.NO_TRAINING),
        (losses.size == 1, InEpoch.ONE_LOSS),
        (not close(weights, expected_weights), InEpoch.SHORT_LOST if short else InEpoch.ORDER_IGNORED),
        (not close(losses, expected_losses), InEpoch.LOSSES),
        (not all(map(close, second, expected_second)), InEpoch.AGAIN),
    ])

def data_and_order(rng):
    """Seven batches and a short one, in a random order; and a number of examples that the batch size divides."""
    for n in (22, 21):
        X = rng.normal(size=(n, 2)).astype(np.float32)
        yield X, (X @ [[2.0], [1.0]] + rng.normal(size=(n, 1))).astype(np.float32), rng.permutation(n).astype(np.int32), 3

def epoch_by_scan(train_step, model, optimizer, loss, X, y, batch_size):
    """TensorFlow scans the whole batches, as a matrix with the numbers of their rows; the short one comes after them."""
    optimizer.build(model.trainable_variables)
    def step(_, rows):
        return train_step(model, optimizer, loss, tf.gather(X, rows), tf.gather(y, rows))
    def epoch(order):
        whole, rest = tf.split(order, [len(X) // batch_size * batch_size, len(X) % batch_size])
        losses = tf.scan(step, tf.reshape(whole, [-1, batch_size]), 0.0)
        return tf.concat([losses, [step(None, rest)] if len(rest) else []], 0)
    return tf.function(epoch, jit_compile=True)

def compile_epoch(train_step, model, optimizer, loss, X, y, batch_size):
    whole, rest = divmod(len(X), batch_size)
    optimizer.build(model.trainable_variables)
    def step(rows):
        return train_step(model, optimizer, loss, tf.gather(X, rows), tf.gather(y, rows))
    @tf.function(jit_compile=True)
    def epoch(order):
        losses = tf.TensorArray(tf.float32, whole + (rest > 0))
        for i in tf.range(whole):
            rows = tf.slice(order, [i * batch_size], [batch_size])
            losses = losses.write(i, step(rows))
        if rest:
            losses = losses.write(whole, step(order[-rest:]))
        return losses.stack()
    return epoch

wrong = edits_of(compile_epoch)
LOSSES, WRITE, WRITE_SHORT = "losses = tf.TensorArray(tf.float32, whole + (rest > 0))", "losses = losses.write(i, ", "losses = losses.write(whole, "
InEpoch, mistakes_in_epoch = findings_of(compile_epoch,
    ("LOST_WRITES", WRITE, "losses.write(i, ", "`write` returns the list with the new value in it, and here it is lost: `losses = losses.write(…)`."),
    ("IN_A_LIST", LOSSES, "losses = []", WRITE, "losses.append(", WRITE_SHORT, "losses.append(", ".stack()", "", "A Python list cannot grow in a "
     "TensorFlow loop. Write into `losses`, the `TensorArray`."),
    ("NOT_COMPILED", "jit_compile=True", "", "XLA does not compile what comes back: `tf.function` records operations, which `jit_compile=True` "
     "translates into one program."),
    ("UNROLLED", "in tf.range", "in range", "Python's `range` runs while TensorFlow records, so every step is written out one after the other. "
     "`tf.range` records a loop."),
    ("SHORT_LOST", "if rest", "if False", "The short last batch does not train as it should. After the loop, the last `rest` rows of the order make "
     "one more step."),
    ("ORDER_IGNORED", "tf.slice(order, [i * batch_size], [batch_size])", "tf.range(batch_size) + i * batch_size", "The steps do not follow `order`: "
     "batch i begins at i * batch_size, `tf.slice` takes start and size, and each batch trains once."),
    ("NO_TRAINING", "return train_step(", "return (lambda model, _, loss, X, y: loss(y, model(X)))(", "The weights do not change: `train_step` does "
     "not run, or not with the batches."),
    ("ONE_LOSS", ".stack()", ".stack()[-1]", "Only one loss comes back. Each step's loss has its place in `losses`: write it there."),
    ("LOSSES", "write(i,", "write(whole - 1 - i,", "The weights are right and the losses are not. Write what `step` returns, for batch i to place "
     "i and for the short one to place `whole`, and keep what `write` gives."),
    ("AGAIN", "losses = tf", "model.trainable_variables[0].assign([[1.0], [1.0]]); losses = tf", "The first epoch is right, and the second is not. "
     "Each call goes on with the weights and the optimizer that the one before leaves."),
)
compiled_epoch = Exercise("7.5", "The compiled epoch", right=epoch_by_scan, inputs=data_and_order, observe=two_epochs, seconds=2.0,
    mistakes=mistakes_in_epoch,
    hints=["`tf.slice(order, [start], [batch_size])` takes batch_size numbers from start on; `step` trains with the rows that have these numbers.",
           "In the loop, the rows of batch i start at i * batch_size. Write the loss of the step to place i.",
           "After the whole batches, the last `rest` numbers of the order are left: `order[-rest:]`. Write their loss to place `whole`."],
    also_right=[compile_epoch, wrong("tf.slice(order, [i * batch_size], [batch_size])", "order[i * batch_size:(i + 1) * batch_size]"),
                wrong("for i in tf.range(whole):", "i = tf.constant(0)\n        while i < whole:", LOSSES, "losses = tf.zeros([whole + (rest > 0)])",
                     WRITE + "step(rows))", "losses = tf.tensor_scatter_nd_update(losses, [[i]], [step(rows)])\n            i += 1",
                     WRITE_SHORT + "step(order[-rest:]))", "losses = tf.concat([losses[:-1], [step(order[-rest:])]], 0)", ".stack()", ""),
                wrong("step(rows):", "step(X, y):", "tf.gather(X, rows), tf.gather(y, rows)", "X, y",
                     LOSSES, f"data = tf.gather(X, order), tf.gather(y, order); {LOSSES}", "order[-rest:]", "*[each[-rest:] for each in data]",
                     "step(rows))", "step(*[tf.slice(each, [i * batch_size, 0], [batch_size, each.shape[1]]) for each in data]))")],
    equivalent={"whole, rest = divmod(len(y), batch_size)": "X and y are of the same length", **dict.fromkeys(
       ["model.trainable_variables", "model.build(model.trainable_variables)"], "the optimizer is not built here, but when the epoch is recorded")})

# --- 7.6 --------------------------------------------------------------------------------------------------------------
def replicas(rng):
    """Gradients of a linear model's squared error; two unequal shards as in the text, two equal ones, three, and one."""
    for sizes in ((4, 3), (3, 3), (1, 4, 2), (5,)):
        X, w = rng.normal(size=(sum(sizes), 2)).astype(np.float32), rng.normal(size=2).astype(np.float32)
        y, ends = (X[:, 0] * 3 + rng.normal(size=len(X))).astype(np.float32), np.cumsum(sizes)[:-1]
        yield (lambda X, y, w=w: 2 * np.mean((X @ w - y)[:, None] * X, axis=0)), list(zip(np.split(X, ends), np.split(y, ends), strict=True))

def gradient_of_shards(answer, gradient, shards):
    """The gradient that an answer makes of those of the shards, which are all that it may ask for."""
    known, asked = [np.shape(X) for X, _ in shards], []
    def counted(X, y):
        asked.append(np.shape(X))
        return gradient(X, y)

    result = require.numbers(answer(counted, shards))
    together = np.asarray(whole(gradient, shards))
    is_right = result.shape == together.shape and np.allclose(result, together)
    return ReplicaFinding.TOGETHER if len(shards) > 1 and is_right and set(asked) - set(known) else result

def whole(gradient, shards):
    return gradient(*map(np.concatenate, zip(*shards, strict=True)))

def weighted_mean(gradient, shards):
    """The mean of the gradients of the shards, weighted by their sizes, in double precision."""
    return np.average([np.float64(gradient(*shard)) for shard in shards], axis=0, weights=[len(y) for _, y in shards])

def reduced_gradient(gradient, shards):
    n = sum(len(y) for _, y in shards)
    parts = [gradient(X, y) * len(y) / n for X, y in shards]
    return sum(parts)

wrong = edits_of(reduced_gradient)
ReplicaFinding, mistakes_of_replicas = findings_of(reduced_gradient,
    ("TOGETHER", whole, "The gradient is asked for rows that no replica has alone. Each computes that of its own shard; then combine them."),
    ("", "sum(parts)", "parts", "The parts are not added up yet: expected one gradient, for all examples."),
    ("", "* len(y) / n", "/ len(shards)", "In a mean of means, an example of a small shard counts more. Weight each by its shard's size."),
    ("", " * len(y) / n", "", "The gradients are added. Each is a mean already, so the sum is as many times too long as there are shards."),
    ("", " / n", "", "This is the sum over all examples. Divide by how many there are in all."),
    ("", "/ n", "/ len(shards)", "The sum over all examples is divided by the number of shards. The mean is over examples."),
    ("", "sum(parts)", "sum(parts) / len(shards)", "The parts are shares of the mean already. Add them up, and do not divide once more."),
    ("", "sum(parts)", "gradient(*shards[0])", "Only the first replica counts. The batch is spread over all of them."),
    ("", "sum(parts)", "gradient(*shards[-1])", "Only the last replica counts: `=` in a loop writes over what was there."),
    ("", "/ n", "/ len(shards[0][1])", "This divides by the size of the first shard. Divide by that of the whole batch."),
    ("", "* len(y) / n", "/ len(y)", "The means are divided by the sizes once more. To weight them, multiply."),
    ("", "* len(y) / n", "/ n", "The means are added and divided by the number of examples. A mean times the size of its shard is a sum."),
)
two_replicas = Exercise("7.6", "Two replicas", inputs=replicas, right=weighted_mean, observe=gradient_of_shards, mistakes=mistakes_of_replicas,
    hints=["Each replica gives the mean over its shard. How do you turn it into a sum over its examples?",
           "Multiply each gradient by the size of its shard, add up over the replicas, and divide by the size of the whole batch."],
    also_right=[reduced_gradient,
                lambda gradient, shards: sum(gradient(X, y) * len(X) for X, y in shards) / sum(map(len, next(zip(*shards, strict=True)))),
                lambda gradient, shards: tf.add_n([tf.constant(gradient(X, y)) * (len(y) / sum(len(b) for _, b in shards)) for X, y in shards])])

EXERCISES = [batch_gradient, batches, a_pipeline, epoch_loss, compiled_epoch, two_replicas]
