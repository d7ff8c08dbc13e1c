"""Exercises of lab 4: squared error, cross entropies from probabilities and from logits, and the loss over a data set."""

import keras
import numpy as np
import tensorflow as tf

from utils.advice import Advice
from utils.checking import Exercise, Mistake, Part, arrays, choice, edited, edits_of, require

SUM = "This is the sum over the examples; J is their mean."
LOSSES = "These are the losses of the examples. J is one number, their mean."
NO_MINUS = "The minus is missing: logarithms of probabilities are negative, and a loss is not."
LAST_AXIS = "This call averages over the last axis only: of a column it gives one loss for each example. Take the mean of them."
FROM_PROBABILITIES = "The logits are taken for probabilities. A loss of Keras has an argument that tells it to expect logits."
OVERFLOW = "It gives nan or infinity. Does an exponential overflow for large logits, or is a logarithm taken of 0 or less?"
KEEP_COLUMN = "`keepdims=True` keeps it a column."

def where_infinite(advice):
    """An `explain` that gives this advice where a result is nan or infinite."""
    return lambda got, expected, *inputs: None if np.all(np.isfinite(arrays.to_array(got))) else advice

# --- 4.1 --------------------------------------------------------------------------------------------------------------
GRADES = np.array([90, 20, 95], np.float32), np.array([30, 80, 85], np.float32)

def errors(rng):
    """The grades of the text; one number; a matrix."""
    yield GRADES
    yield 3.0, 5.5
    yield tuple(rng.normal(size=(2, 3, 2)).astype(np.float32))

def flat_and_column(rng):
    """The grades of the text; then targets and predictions of every mixture of shapes."""
    yield GRADES
    for shapes in [((4,), (4, 1)), ((5, 1), (5,)), ((6, 1), (6, 1)), ((2,), (2,))]:
        yield tuple(3 * rng.normal(size=shape).astype(np.float32) for shape in shapes)

def keras_mse(y, y_hat):
    return keras.losses.MeanSquaredError()(np.ravel(y), np.ravel(y_hat))

def mse(y, y_hat):
    y = keras.ops.reshape(y, (-1,))
    y_hat = keras.ops.reshape(y_hat, (-1,))
    return keras.ops.mean((y - y_hat) ** 2)

mean_square = edits_of(mse)
squared_error = Exercise("4.1", "Squared error", parts=[
    Part("squared_error", right=lambda y, y_hat: keras.ops.square(keras.ops.subtract(y, y_hat)), inputs=errors, mistakes=[
        Mistake(lambda y, y_hat: y - y_hat, "The square is missing: errors of different sign would cancel each other."),
        Mistake(lambda y, y_hat: y_hat - y, "The square is missing, and with it the sign would not matter."),
        Mistake(lambda y, y_hat: abs(y - y_hat), "This is the absolute error. The squared error makes large errors count more."),
        Mistake(lambda y, y_hat: y**2 - y_hat**2, "Each of the two is squared here. Square their difference."),
        Mistake(lambda y, y_hat: (y + y_hat) ** 2, "This squares the sum; the error is the difference."),
        Mistake(lambda y, y_hat: -((y - y_hat) ** 2), "The sign is wrong: an error makes a loss larger."),
        Mistake(lambda y, y_hat: (y - y_hat) ** 2 / 2, "There is a factor 1/2, which some books use. Here the loss is the square itself."),
        Mistake(lambda y, y_hat: (y - y_hat) ^ 2, "`^` is no power in Python: it compares bits. A power is `**`."),
        Mistake(lambda y, y_hat: 2 * (y - y_hat), "This doubles the difference; `** 2` squares it."),
        Mistake(lambda y, y_hat: np.mean((y - y_hat) ** 2), "This is the mean already. Here each example keeps its own loss."),
        Mistake(lambda y, y_hat: np.sum((y - y_hat) ** 2), "This is the sum already. Here each example keeps its own loss."),
    ], also_right=[
        lambda y, y_hat: np.square(y_hat - y), lambda y, y_hat: tf.square(tf.subtract(y, y_hat)), lambda y, y_hat: (y - y_hat) * (y - y_hat),
        lambda y, y_hat: y * y - 2 * y * y_hat + y_hat * y_hat,
    ]),
    Part("mse", right=keras_mse, inputs=flat_and_column, mistakes=edited(mse,
        (lambda y, y_hat: np.mean((y - y_hat) ** 2), "This is right while both have one shape. A flat array and a column broadcast to n × n: every "
         "target is compared with every prediction. Make both flat first."),
        ("y = ", "", "Only the predictions are made flat. With targets in a column they broadcast to n × n: make both flat."),
        ("y_hat = ", "", "Only the targets are made flat. With predictions in a column they broadcast to n × n: make both flat."),
        ("mean", "sum", "This is the sum of the losses. J is their mean, so that data sets of different size can be compared."),
        (" ** 2", "", "The square is missing, so that errors of different sign cancel each other."),
        ("((y - y_hat) ** 2)", "(y - y_hat) ** 2", "The mean is squared. Square each error first, or they cancel each other."),
        ("(y - y_hat) ** 2", "abs(y - y_hat)", "This is the mean of the absolute errors; square them."),
        (lambda y, y_hat: np.sqrt(mse(y, y_hat)), "This is the root of the mean squared error, in points of the grade. J has no root."),
        (lambda y, y_hat: -mse(y, y_hat), "There is a minus before the mean, as in one of the lecture's notes. A loss grows with the error."),
        (lambda y, y_hat: mse(y, y_hat) / 2, "There is a factor 1/2, which some books use. Here J is the mean itself."),
        ("keras.ops.mean", "", LOSSES),
        (lambda y, y_hat: mse(y, y_hat) / len(y), "This is divided by n twice: the mean has done so already."),
        (lambda y, y_hat: mse(y, y_hat) * len(y) / (len(y) - 1), "This divides by n - 1, as a variance does. A mean divides by n."),
        ("(y, (-1,))", "(y, (-1, 1))", "One is a column, the other flat: they always broadcast to n × n. Give both one shape."),
        (keras.losses.mean_squared_error, LAST_AXIS),
    ), also_right=[
        mse, lambda y, y_hat: np.mean((np.ravel(y) - np.ravel(y_hat)) ** 2), keras.losses.MeanSquaredError(),
        lambda y, y_hat: tf.reduce_mean(tf.square(tf.reshape(y, [-1]) - tf.reshape(y_hat, [-1]))),
        mean_square("(y, (-1,))", "(y, (-1, 1))", "(y_hat, (-1,))", "(y_hat, (-1, 1))"),
        lambda y, y_hat: sum((float(a) - float(b)) ** 2 for a, b in zip(np.ravel(y), np.ravel(y_hat), strict=True)) / len(y),
    ]),
], hints=[
    "For one example, take the difference and square it. `**` is Python's power.",
    "`keras.ops.reshape(y, (-1,))` has shape (n,), whatever y was. Do the same with y_hat, and nothing can broadcast.",
    "Of two flat arrays, take the squared errors by your first function, and their mean by `keras.ops.mean`.",
], equivalent={
    "return (y_hat - y) ** 2": "the square forgets the sign",
    "return keras.ops.mean(squared_error(y_hat, y))": "the square forgets the sign",
    "y = keras.ops.reshape(y, (-1,))\ny = keras.ops.reshape(y, (-1,))": "what is flat stays flat",
    "y_hat = keras.ops.reshape(y_hat, (-1,))\ny_hat = keras.ops.reshape(y_hat, (-1,))": "what is flat stays flat",
})

# --- 4.2 --------------------------------------------------------------------------------------------------------------
def probabilities(rng):
    """The three students of the text; small probabilities; a column; a certain 0, a certain 1; certain and wrong ones."""
    for y, y_hat in [
        ([1, 0, 1], [0.1, 0.8, 0.6]), ([0, 1, 1, 0], [0.0006, 0.002, 0.9, 0.4]),
        (rng.permutation([[0], [1], [0], [1], [1]]), rng.uniform(0.05, 0.95, size=(5, 1))),
        ([0, 0], [0, 0.5]), ([1, 1], [1, 0.5]), ([0, 1], [1, 0]),
    ]:
        yield np.array(y, np.float32), np.array(y_hat, np.float32)

def finite_loss(loss, y, y_hat):
    """The loss; any from 10 to 100 counts as 16, or -log 1e-7: how far from 0 a probability is kept is a matter of taste."""
    J = require.numbers(loss(y, y_hat))
    return np.where((abs(J) > 10) & (abs(J) < 100), np.copysign(16, J), J)

def binary_cross_entropy(y, y_hat):
    y_hat = keras.ops.clip(y_hat, 1e-7, 1 - 1e-7)
    if_1, if_0 = keras.ops.log(y_hat), keras.ops.log(1 - y_hat)
    return -keras.ops.mean(y * if_1 + (1 - y) * if_0)

entropy = edits_of(binary_cross_entropy)
LOGARITHMS = "keras.ops.log(y_hat), keras.ops.log(1 - y_hat)"
CERTAIN = "It gives nan or infinity: is a logarithm taken of 0 or less? First keep ŷ away from 0 and from 1."
OTHER_BASE = "The entropy's base is e: `keras.ops.log` or `np.log`."
unclipped = entropy("keras.ops.clip(y_hat, 1e-7, 1 - 1e-7)", "y_hat")
binary = Exercise("4.2", "Binary cross entropy", right=keras.losses.BinaryCrossentropy(), inputs=probabilities, observe=finite_loss,
    mistakes=edited(binary_cross_entropy,
    ("-keras", "keras", "The minus is missing, as in one of the lecture's notes. Log probabilities are negative, a loss is not."),
    (" + (1 - y) * if_0", "", "This is the first term only. Where y is 0 it says nothing, however wrong the prediction is."),
    ("y * if_1 + ", "", "This is the second term only. Where y is 1 it says nothing, however wrong the prediction is."),
    (LOGARITHMS, "np.log10(y_hat), np.log10(1 - y_hat)", f"This is the logarithm to the base 10. {OTHER_BASE}"),
    (LOGARITHMS, "np.log2(y_hat), np.log2(1 - y_hat)", f"This is the logarithm to the base 2. {OTHER_BASE}"),
    ("mean", "sum", SUM),
    ("keras.ops.mean", "", LOSSES),
    (unclipped, "The formula is right, but predictions of exactly 0 or 1 give nan or infinity. Keep ŷ away from both before the logarithm."),
    ("1 - 1e-7)", "1)", "ŷ is kept away from 0 and not from 1, where the second logarithm is infinite. Mind that in float32 1 - 1e-8 is exactly 1, "
     "and 1 - 1e-7 is not."),
    ("y_hat, 1e-7", "y_hat, 0", "ŷ is kept away from 1 and not from 0, where the first logarithm is infinite."),
    ("log(1 - y_hat)", "log(y_hat)", "Both terms have the logarithm of ŷ. Where y is 0, it is the probability of a 0 that counts."),
    ("if_1, if_0 =", "if_0, if_1 =", "The two logarithms are exchanged: this punishes a network for being right."),
    ("+ (1 - y)", "- (1 - y)", "The second term has the wrong sign. Both logarithms are negative, and one minus stands before their sum."),
    (lambda y, y_hat: binary_cross_entropy(y_hat, y), "Targets and predictions are exchanged: take the logarithm of the prediction."),
    (LOGARITHMS, "keras.ops.log(y), keras.ops.log(1 - y)", "y * if_1 + (1 - y)", "y_hat * if_1 + (1 - y_hat)", "Targets and predictions are "
     "exchanged in the formula. A target is 0 or 1, so that its logarithms are infinite."),
    ("(1 - y) * if_0", "1 - y * if_0", "Brackets are missing: Python multiplies first, 1 - (y · log). The factor is (1 - y)."),
    (lambda y, y_hat: tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, y_hat)), "The sigmoid is applied here, in your code or in a call "
     "that takes logits. The inputs are probabilities already."),
    (keras.losses.binary_crossentropy, LAST_AXIS),
    (keras_mse, "This is the mean squared error."),
    (lambda y, y_hat: np.mean(np.abs(y - y_hat)), "This is how far the probabilities are off, in the mean, without any logarithm."),
    ("1e-7, 1 - 1e-7", "0.01, 1 - 0.01", "ŷ is kept too far from 0 and 1: this changes small probabilities. 1e-7 is small enough."),
    ("y * if_1 + (1 - y) * if_0", "if_1 + if_0", "The targets are not used. Each logarithm is multiplied by y or 1 - y."),
    (lambda y, y_hat: tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y.reshape(-1, 1), y_hat.reshape(-1, 1))), "The loss is 0 "
     "whatever the network says. Either ŷ does not come into it, or it is multiplied by 0; or this is the slide's call over one column, of which "
     "the end of the lab tells."),
), explain=where_infinite(CERTAIN), hints=[
    "First clip ŷ. Then take the two logarithms, of ŷ and of 1 - ŷ, and multiply them by y and 1 - y.",
    "`keras.ops.clip(y_hat, 1e-7, 1 - 1e-7)` keeps every prediction inside. `keras.ops.log` is the natural logarithm.",
    "Return minus the mean of y · log ŷ + (1 - y) · log(1 - ŷ), with brackets around the sum.",
], also_right=[
    binary_cross_entropy, lambda y, y_hat: np.mean(-np.log(np.where(y == 1, y_hat, 1 - y_hat) + 1e-7)),
    lambda y, y_hat: -tf.reduce_mean(tf.math.log(tf.clip_by_value(1 - tf.abs(y - y_hat), 1e-7, 1.0))),
    lambda y, y_hat: binary_cross_entropy(np.float64(y), np.float64(y_hat)), entropy("1e-7, 1 - 1e-7", "1e-6, 1 - 1e-6"),
    lambda y, y_hat: keras.ops.mean(keras.losses.binary_crossentropy(y, y_hat)),
], equivalent={
    "y_hat = keras.ops.clip(y_hat, 1e-07, 1 - 1e-07)\ny_hat = keras.ops.clip(y_hat, 1e-07, 1 - 1e-07)": "what is clipped stays as it is",
})

# --- 4.3 --------------------------------------------------------------------------------------------------------------
def logits(rng):
    """Small ones; zero; negative ones; a column; very large ones, right and wrong."""
    for y, z in [
        ([1, 0, 1], [-2, 1, 0.5]), ([1, 0], [0, 0]), ([0, 1], [-1, -3]),
        (rng.permutation([[0], [1], [0], [1], [1]]), 3 * rng.normal(size=(5, 1))),
        ([1, 0], [1000, -1000]), ([0, 1, 1], [1000, -1000, 4]),
    ]:
        yield np.array(y, np.float32), np.array(z, np.float32)

def binary_cross_entropy_from_logits(y, z):
    first_terms = keras.ops.maximum(z, 0) - z * y
    last_term = keras.ops.log1p(keras.ops.exp(-keras.ops.abs(z)))
    return keras.ops.mean(first_terms + last_term)

from_logits = Exercise("4.3", "Binary cross entropy from logits", inputs=logits, explain=where_infinite(OVERFLOW),
    right=lambda y, z: keras.losses.BinaryCrossentropy(from_logits=True)(y, z), mistakes=edited(binary_cross_entropy_from_logits,
    (lambda y, z: binary_cross_entropy(y, keras.ops.sigmoid(z)), "Clipping cuts off how wrong large logits are. Use the formula in z."),
    (lambda y, z: unclipped(y, keras.ops.sigmoid(z)), "For z = ±1000 the logarithm of 0, or e^1000, is infinite: use the formula in z."),
    (lambda y, z: np.mean(np.log(1 + np.exp(z)) - z * y), "This is right on paper, but e^1000 is infinite for a computer. With max(z, 0) in front, "
     "the exponent is -|z|, which is never positive."),
    (lambda y, z: np.mean(np.where(y == 1, np.log1p(np.exp(-z)), np.log1p(np.exp(z)))), "This is right on paper, but where a large logit is wrong, "
     "an exponential or the logarithm of 0 is infinite. In the formula of the text the exponent is never positive."),
    ("keras.ops.abs(z)", "z", "The absolute value is missing in the exponent: for z = -1000, e^-z is infinite. The exponent is -|z|."),
    ("-keras", "keras", "The exponent is |z| here, and the exponential overflows; it is -|z|."),
    ("- z * y", "+ z * y", "The term z·y has the wrong sign: for y = 1, a large logit should lower the loss."),
    (" + last_term", "", "The logarithm is missing. It matters most near z = 0."),
    (" - z * y", "", "The targets are not used: the term z·y is missing."),
    ("z * y", "y", "y is subtracted instead of z·y."),
    ("keras.ops.maximum(z, 0) - z", "-z", "The term max(z, 0) is missing."),
    ("keras.ops.log1p", "", "The logarithm is missing: the last term is log(1 + e^-|z|), by `log1p`."),
    ("keras.ops.exp", "1 + keras.ops.exp", "`log1p` adds the 1 itself: give it e^-|z| alone."),
    ("log1p", "log", "The 1 is missing in the logarithm, so that it only undoes the exponential: log(1 + e^-|z|)."),
    ("mean", "sum", SUM),
    ("keras.ops.mean", "", LOSSES),
    (lambda y, z: -binary_cross_entropy_from_logits(y, z), "The sign is wrong. This formula holds the minus of the cross entropy already."),
    (lambda y, z: binary_cross_entropy_from_logits(y, keras.ops.sigmoid(z)), "The sigmoid is applied first; the formula has it inside."),
    ("keras.ops.maximum(z, 0)", "np.max(z, initial=0)", "`max` gives the largest of all logits. `maximum` compares each with 0."),
    ("maximum(z, 0)", "max(z, 0)", "`max` gives the largest logit along an axis. `maximum` compares each logit with 0."),
    (keras.losses.BinaryCrossentropy(), FROM_PROBABILITIES),
    ("keras.ops.maximum(z, 0)", "z", "z stands where max(z, 0) should, so that the loss of a negative logit can be negative."),
    (lambda y, z: binary_cross_entropy_from_logits(1 - y, z), "The targets are exchanged, 0 for 1: this is the loss for 1 - y."),
    (lambda y, z: binary_cross_entropy_from_logits(z, y), "Targets and logits are exchanged: the maximum and the exponent are those of z."),
), hints=[
    "Write three terms, as in the formula: `keras.ops.maximum(z, 0)`, minus z times y, plus a logarithm.",
    "The logarithm is `keras.ops.log1p` of e^-|z|; the exponent is minus the absolute value of z.",
    "Take the mean of the three terms over all examples by `keras.ops.mean`.",
], also_right=[
    binary_cross_entropy_from_logits, lambda y, z: tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, z)),
    lambda y, z: np.mean(np.logaddexp(0, z) - z * y), lambda y, z: keras.ops.mean(keras.ops.softplus((1 - 2 * y) * z)),
    lambda y, z: np.mean(np.maximum(np.float64(z), 0) - np.float64(z) * y + np.log1p(np.exp(-np.abs(np.float64(z))))),
], equivalent={"first_terms = keras.ops.maximum(0, z) - z * y": "the maximum of two numbers does not depend on their order"})

# --- 4.4 --------------------------------------------------------------------------------------------------------------
def sparse(rng):
    """The true classes and the logits: those of the text; very large ones; others, with as many classes as rows, and fewer."""
    yield np.array([0, 2]), np.array([[2, 1, -1], [5, 4, 2]], np.float32)
    yield np.array([1, 2]), np.array([[1000, 0, -1000], [-1000, -1001, -1002]], np.float32)
    yield np.array([0, 0, 0]), 2 * rng.normal(size=(3, 3)).astype(np.float32)  # labels that do not tell how many classes there are
    yield rng.integers(0, 2, size=4), 2 * rng.normal(size=(4, 2)).astype(np.float32)

def log_softmax(z):
    return z - np.logaddexp.reduce(z, axis=-1, keepdims=True)

def softmax(z):
    e = keras.ops.exp(z - keras.ops.max(z, axis=-1, keepdims=True))
    return e / keras.ops.sum(e, axis=-1, keepdims=True)

def cross_entropy(Y, z):
    log_y_hat = z - keras.ops.logsumexp(z, axis=-1, keepdims=True)
    return -keras.ops.mean(keras.ops.sum(Y * log_y_hat, axis=-1))

def sparse_cross_entropy(y, z):
    return cross_entropy(keras.ops.one_hot(y, z.shape[-1]), z)

soft, loss_of, sparse_loss = edits_of(softmax), edits_of(cross_entropy), edits_of(sparse_cross_entropy)
LARGEST, ROW_SUM = "keras.ops.max(z, axis=-1, keepdims=True)", "keras.ops.sum(e, axis=-1, keepdims=True)"
LOG_Y_HAT = "z - keras.ops.logsumexp(z, axis=-1, keepdims=True)"
LOG_OF_ZERO = ("Large logits give probabilities of exactly 0, or an infinite e^z, and the logarithm of either is infinite. Use the third formula, "
               "with `logsumexp` for its last term.")
BATCH_AXIS = "It works down the columns, over the examples of the batch. The classes lie along the rows: axis -1."
softmax_cross_entropy = Exercise("4.4", "Softmax and cross entropy", parts=[
    Part("softmax", right=lambda z: keras.ops.softmax(z), inputs=lambda rng: [(z,) for _, z in sparse(rng)], mistakes=edited(softmax,
        (f" - {LARGEST}", "", "This is right on paper, but e^1000 is infinite and inf / inf nan. First subtract each row's largest z."),
        (lambda z: keras.ops.softmax(z, axis=0), BATCH_AXIS),
        (lambda z: keras.ops.softmax(z, axis=(0, 1)), "All examples together add up to 1. Each row should by itself: the sum has an axis."),
        (LARGEST, "keras.ops.max(z)", "The largest z of the whole batch is subtracted. If a row lies far below it, all its e^z become 0, and 0 / 0 "
         "is nan: take the largest of each row."),
        (ROW_SUM, "keras.ops.sum(e)", "The sum runs over the whole batch. Divide each row by its own sum: the sum has an axis too."),
        (f" / {ROW_SUM}", "", "These numbers do not add up to 1: divide by their sum, row by row."),
        (lambda z: (e := np.exp(z - np.max(z, axis=-1, keepdims=True))) / np.sum(e, axis=-1), "The sum has lost an axis, so that the rows are "
         f"divided by it in the wrong direction. {KEEP_COLUMN}"),
        (ROW_SUM, "keras.ops.sum(e, axis=-1)", f"The sum has lost an axis, so that it cannot divide row by row. {KEEP_COLUMN}"),
        (LARGEST, "keras.ops.max(z, axis=-1)", f"The largest z of each row has lost its axis. {KEEP_COLUMN}"),
        (", keepdims=True))", "))", ", keepdims=True)", ")", "The largest z and the sum have lost an axis: `keepdims=True` keeps both."),
        (f" - {LARGEST}", "", ROW_SUM, "keras.ops.sum(e, axis=-1)", "The sum has lost an axis, so that it cannot divide row by row: `keepdims=True` "
         "keeps it. And e^1000 is infinite, so shift z first."),
        (lambda z: softmax(softmax(z)), "Softmax is applied twice, which brings all probabilities closer together."),
        (keras.ops.sigmoid, "This is the sigmoid of each logit. The probabilities of the classes should add up to 1."),
        (lambda z: z / np.sum(z, axis=-1, keepdims=True), "The exponential is missing: a logit may be negative, a probability not."),
        (lambda z: softmax(-z), "The largest logit gets the smallest probability: there is a minus too many."),
        (keras.ops.log_softmax, "This is the logarithm of softmax."),
        (lambda z: np.eye(z.shape[1])[np.argmax(z, axis=-1)], "This is 1 at the largest logit. Softmax leaves every class some probability."),
    ), explain=where_infinite("It gives nan or infinity. Is the largest z of each row subtracted, and only then e^z taken?"),
    also_right=[
        softmax, lambda z: np.exp(log_softmax(z)), lambda z: tf.nn.softmax(z), lambda z: np.exp(log_softmax(np.float64(z))),
        lambda z: [list(np.exp(row - np.logaddexp.reduce(row))) for row in z],
    ]),
    Part("cross_entropy", right=lambda Y, z: keras.losses.CategoricalCrossentropy(from_logits=True)(Y, z), explain=where_infinite(OVERFLOW),
         inputs=lambda rng: [(np.eye(z.shape[1], dtype=np.float32)[y], z) for y, z in sparse(rng)], mistakes=edited(cross_entropy,
        (LOG_Y_HAT, "keras.ops.log(softmax(z))", LOG_OF_ZERO),
        (LOG_Y_HAT, "keras.ops.log(keras.ops.clip(softmax(z), 1e-7, 1))", "Clipping cuts off how wrong a large logit is. Compute log ŷ from z, by "
         "the third formula."),
        ("-keras.ops.mean", "keras.ops.mean", NO_MINUS),
        ("mean", "sum", SUM),
        ("keras.ops.sum(Y * log_y_hat, axis=-1)", "Y * log_y_hat", "The mean is taken over the classes too, so it is too small by their number: sum "
         "over the classes, then average over the examples."),
        ("keras.ops.mean", "", LOSSES),
        ("axis=-1, keepdims", "axis=0, keepdims", BATCH_AXIS),
        (lambda Y, z: cross_entropy(Y, softmax(z)), "Softmax is applied twice: log ŷ is computed from the logits, not from probabilities."),
        (LOG_Y_HAT, "z", "The sum in log ŷ is missing: this would get lower by making every logit larger."),
        (lambda Y, z: np.mean(np.sum((Y - softmax(z)) ** 2, axis=-1)), "This is a squared error of the probabilities."),
        ("Y * ", "", "The targets are not used: only the logarithm of the true class counts."),
        (", axis=-1, keepdims=True", "", "`logsumexp` runs over the whole batch. Each row has its own: classes lie along axis -1."),
        (", keepdims=True", "", f"`logsumexp` has lost an axis, and is subtracted in the wrong direction. {KEEP_COLUMN}"),
        (keras.losses.CategoricalCrossentropy(), FROM_PROBABILITIES),
        (binary_cross_entropy_from_logits, "This is the binary cross entropy of each class. Here exactly one is true: softmax belongs in it."),
    ), also_right=[
        cross_entropy, lambda Y, z: -np.mean(np.sum(Y * log_softmax(z), axis=-1)),
        lambda Y, z: tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(Y, z)),
        lambda Y, z: np.mean(np.logaddexp.reduce(z, axis=1) - (Y * z).sum(axis=1)), lambda Y, z: keras.ops.mean(-keras.ops.log_softmax(z)[Y == 1]),
    ]),
    Part("sparse_cross_entropy", right=lambda y, z: keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, z), inputs=sparse,
         explain=where_infinite(OVERFLOW), mistakes=edited(sparse_cross_entropy,
        (lambda y, z: -sparse_cross_entropy(y, z), NO_MINUS),
        (lambda y, z: sparse_cross_entropy(y, z) * len(y), SUM),
        (lambda y, z: -np.mean(np.log(softmax(z))[np.arange(len(y)), y]), LOG_OF_ZERO),
        (lambda y, z: -np.mean(log_softmax(z)[:, y]), "`[:, y]` takes the columns y of every row. Each row has its own class: make y one-hot, or "
         "index rows and columns together."),
        ("z.shape[-1]", "np.max(y) + 1", "The labels may lack the highest class. `z.shape` knows the number of classes."),
        ("z.shape[-1]", "len(z)", "This takes the number of rows for the number of classes. Classes lie along axis -1."),
        (keras.losses.SparseCategoricalCrossentropy(), FROM_PROBABILITIES),
        (lambda y, z: sparse_cross_entropy(y, softmax(z)), "Softmax is applied twice: the loss takes the logits as they are."),
        (lambda y, z: -log_softmax(z)[np.arange(len(y)), y], LOSSES),
        (lambda y, z: -np.mean(z[np.arange(len(y)), y]), "The sum in log ŷ is missing: this is the logit of the true class."),
        (lambda y, z: -np.mean(log_softmax(z)[np.arange(len(y)), y - 1]), "The classes are off by one: they are counted from 0."),
        (lambda y, z: cross_entropy(y[:, None], z), "The class number is used as a factor. It tells which logarithm counts: make it one-hot."),
    ), also_right=[
        sparse_cross_entropy, lambda y, z: -np.mean(log_softmax(z)[np.arange(len(y)), y]),
        lambda y, z: cross_entropy(np.eye(z.shape[1])[y], z), lambda y, z: tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, z)),
        lambda y, z: keras.ops.mean(keras.losses.sparse_categorical_crossentropy(y, z, from_logits=True)),
        lambda y, z: sum(np.logaddexp.reduce(row) - row[label] for row, label in zip(z, y, strict=True)) / len(y),
    ]),
], hints=[
    "softmax: subtract the largest z of each row, take e^z, divide by the sum of the row. `keepdims=True` keeps the column to subtract or divide by.",
    "cross_entropy: log ŷ is z minus `keras.ops.logsumexp` of its row. Multiply by Y, sum over the classes, and take minus the mean.",
    "sparse_cross_entropy: `keras.ops.one_hot(y, k)` turns class numbers into rows, and k is `z.shape[-1]`. Then you have the function already.",
], equivalent=dict.fromkeys([
    "e = keras.ops.exp(z - keras.ops.max(z, axis=1, keepdims=True))",
    "return e / keras.ops.sum(e, axis=1, keepdims=True)",
    "log_y_hat = z - keras.ops.logsumexp(z, axis=1, keepdims=True)",
    "return -keras.ops.mean(keras.ops.sum(Y * log_y_hat, axis=1))",
    "return cross_entropy(keras.ops.one_hot(y, z.shape[1]), z)",
], "of two axes, the last is axis 1"))

# --- 4.5 --------------------------------------------------------------------------------------------------------------
FOR_NUMBERS = "The squared error is for numbers, such as grades."
ONE_OF_MANY = "These losses are for one class out of many: their softmax over a single output is always 1."
ONE_IS_TRUE = "Exactly one class is true, so that their probabilities should add up to 1."

def question(name, right, **wrong):
    """A question with four letters to choose from: the right one, and why each of the others is wrong."""
    return Part(name, right=right, observe=choice, also_right=[right.upper(), f" {right}", f"({right})"],
                mistakes=[Mistake(letter, advice) for letter, advice in wrong.items()])

which_loss = Exercise("4.5", "Choose the loss", parts=[
    question("passes", "b", a=f"{FOR_NUMBERS} It punishes a network that is sure and wrong with 1 at most: look at the picture of 4.2.",
             c=ONE_OF_MANY, d=f"{ONE_OF_MANY} Sparse targets change nothing about it."),
    question("grade", "a", b="A cross entropy is for probabilities, and a grade is a number: its logarithm would mean nothing.",
             c="A cross entropy is for classes. To take each grade for a class of its own would forget that 89 is nearly 90.",
             d="Sparse targets are numbers of classes. A grade is a quantity: 89 is nearly 90, and a class knows no neighbors."),
    question("digit", "d", a=f"{FOR_NUMBERS} The digit 7 is a name here: taking it for a 1 is no larger a mistake than taking it for a 6.",
             b=f"It would ask ten questions, yes or no. {ONE_IS_TRUE}",
             c="The targets are integers, one for each picture. One-hot targets would be rows of ten zeros and ones."),
    question("weather", "c", a=f"{FOR_NUMBERS} Rain is no number half way between sun and snow.",
             b=f"It would ask of sun, rain and snow one by one. {ONE_IS_TRUE}",
             d="The targets are rows of zeros and a one. Sparse targets would be 1, 0, 2, …."),
    question("topics", "b", a=f"{FOR_NUMBERS} Each topic is a yes or no.",
             c="With softmax the probabilities of the topics would add up to 1, and a text may have several topics, or none.",
             d="A sparse target names one class, and a text may have several topics."),
], hints=[
    "First ask: is the answer a number, or a class? Then: may several classes be true at once?",
    "For classes of which exactly one is true, the form of the target decides: a row of zeros and a one, or an integer.",
])

# --- 4.6 --------------------------------------------------------------------------------------------------------------
def data_sets(rng):
    """Ten examples in batches of four; a batch larger than the data; of one; of a divisor; and others, with columns as targets."""
    for n, batch_size in [(10, 4), (3, 8), (5, 1), (6, 3), (17, 5)]:
        X = rng.normal(size=(n, 2)).astype(np.float32)
        y = (X[:, :1] * 2 + rng.normal(size=(n, 1)) * np.arange(1, n + 1)[:, None]).astype(np.float32)  # later ones are worse
        yield Linear(rng.normal(size=(2, 1)).astype(np.float32), batch_size), lopsided_loss, X, y, batch_size

def lopsided_loss(y, y_hat):
    """A mean over the batch, in which a prediction that is too low costs three times as much. A flat array and a column broadcast."""
    y, y_hat = np.asarray(y), np.asarray(y_hat)
    return np.mean(np.where(y_hat < y, 3.0, 1.0) * (y - y_hat) ** 2)

class Linear:
    """A linear model that refuses larger batches, as a small memory would."""

    def __init__(self, w, batch_size):
        self.w, self.batch_size = w, batch_size

    def __call__(self, X, training=None):
        """The predictions for a batch, a column."""
        if len(X) > self.batch_size:
            raise Advice(f"The model got {len(X)} examples at once, and the batch size is {self.batch_size}. Give it one batch at a time.")
        if len(X) == 0:
            raise Advice("The model got a batch without examples. Where does the last batch end?")
        return np.asarray(X) @ self.w

    def predict(self, X, batch_size=32, **options):
        """The predictions, batch by batch. Keras takes 32 examples at a time, too, where it gets no batch size."""
        return np.concatenate([self(X[i:i + batch_size]) for i in range(0, len(X) or 1, batch_size)])

def example_by_example(model, loss, X, y, batch_size):
    return np.mean([float(loss(y[i:i + 1], model(X[i:i + 1]))) for i in range(len(X))])

def batch_by_batch(model, loss, X, y, batch_size):
    total = 0.0
    for start in range(0, len(X), batch_size):
        X_batch = X[start:start + batch_size]
        y_batch = y[start:start + batch_size]
        total += loss(y_batch, model(X_batch)) * len(X_batch)
    return total / len(X)

batched = edits_of(batch_by_batch)
WEIGHT, BATCHES = " * len(X_batch)", "len(range(0, len(X), batch_size))"
empirical_loss = Exercise("4.6", "The empirical loss, batch by batch", right=example_by_example, inputs=data_sets, mistakes=edited(batch_by_batch,
    (WEIGHT, "", "/ len(X)", f"/ {BATCHES}", "This is the mean of the batches' means. The last batch is smaller, so its examples count more than "
     "the others: weight each batch by its number of examples."),
    (WEIGHT, "", "The batches' means are added and divided by n. First make each mean a sum: how many examples does it stand for?"),
    (" / len(X)", "", "This is the sum over all examples; divide by their number."),
    (WEIGHT, "", " / len(X)", "", "This is the sum of the batches' means. First make each mean a sum, then add, then divide once."),
    ("len(X_batch)", "batch_size", "Every batch counts as if it held batch_size examples. The last may hold fewer: count those in it."),
    ("/ len(X)", f"/ {BATCHES}", "This divides by the number of batches. The mean is over examples."),
    ("total += loss(y_batch, model(X_batch)) * len(X_batch)", "total = (total + loss(y_batch, model(X_batch))) / 2", " / len(X)", "", "Each turn of the "
     "loop halves all that came before, so the last batches count most. Add up sums in the loop, and divide once after it."),
    ("/ len(X)", "/ batch_size", "This divides by the batch size. The mean is over all examples."),
    (WEIGHT, "", "/ len(X)", "/ (len(X) // batch_size)", "The means of the batches are divided by the number of whole batches. First turn the mean "
     "of a batch into a sum, and then count all examples."),
    ("* len(X_batch)", "/ len(X_batch)", "The mean of a batch is divided by its size once more. To make a sum of a mean, multiply."),
    ("loss(y_batch, ", "keras_mse(y_batch, ", "The squared error is computed, whatever `loss` is. Call the function that came in."),
    ("total += ", "return ", WEIGHT, "", "This is the loss of the first batch: is the `return` inside the loop?"),
    ("+=", "=", "Only the last batch counts: `=` writes over the sum, and `+=` adds to it."),
    ("    return", "        return", "Only the first batch counts, divided by all examples. Does the loop "
     "reach all batches, and does the `return` stand after it?"),
    ("/ len(X)", f"/ len(X) / {BATCHES}", "This divides by the number of batches too. A mean over examples divides by n, once."),
    ("y_batch, model(X_batch)", "model(X_batch), y_batch", "Targets and predictions are exchanged: `loss` takes the targets first."),
    ("0, len(X),", "0, len(X) - batch_size + 1,", "The examples of the last batch are left out where it is smaller."),
    ("model(X_batch)", "np.ravel(model(X_batch))", "The predictions are made flat, and the targets are a column: in `loss` they broadcast to n × n. "
     "Pass on both as they are."),
    (lambda model, loss, X, y, batch_size: loss(y, model(X)), "The model gets all the data at once. It takes at most batch_size examples."),
), hints=[
    "loss gives the mean of a batch. How do you make a sum over its examples of it?",
    "Multiply a batch's loss by len(X_batch), the number of examples that are really in it, and add up.",
    "After the loop, divide by the number of all examples.",
], also_right=[
    batch_by_batch, batched(" * len(X_batch)", " * (len(X_batch) / len(X))", " / len(X)\n", "\n"),
    batched("total = 0.0", "losses, sizes = [], []", "total +=", "sizes.append(len(X_batch)); losses.append(", WEIGHT, ")", "total / len(X)",
            "np.average(losses, weights=sizes)"),
    lambda model, loss, X, y, batch_size: loss(y, np.concatenate([model(X[i:i + batch_size]) for i in range(0, len(X), batch_size)])),
    lambda model, loss, X, y, batch_size: loss(y, model.predict(X, batch_size=batch_size, verbose=0)),
], equivalent={
    "for start in range(0, len(y), batch_size):\n    X_batch = X[start:start + batch_size]\n    y_batch = y[start:start + batch_size]\n"
    "    total += loss(y_batch, model(X_batch)) * len(X_batch)": "X and y are of the same length",
    "return total / len(y)": "X and y are of the same length",
})

EXERCISES = [squared_error, binary, from_logits, softmax_cross_entropy, which_loss, empirical_loss]
