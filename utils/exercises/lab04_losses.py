"""Exercises of lab 4: squared error, cross entropies from probabilities and from logits, and the loss over a data set."""

import keras
import numpy as np
import tensorflow as tf

from utils import diagnosis
from utils.advice import Advice
from utils.checking import Exercise, Mistake, choice

# --- 4.1 --------------------------------------------------------------------------------------------------------------


def errors(rng):
    """The grades of the text; one number; a matrix."""
    yield np.array([90, 20, 95], np.float32), np.array([30, 80, 85], np.float32)
    yield 3.0, 5.5
    yield rng.normal(size=(3, 2)).astype(np.float32), rng.normal(size=(3, 2)).astype(np.float32)


def flat_and_column(rng):
    """The grades of the text; then targets and predictions of every mixture of shapes."""
    yield np.array([90, 20, 95], np.float32), np.array([30, 80, 85], np.float32)
    for n, y_shape, y_hat_shape in [(4, (-1,), (-1, 1)), (5, (-1, 1), (-1,)), (6, (-1, 1), (-1, 1)), (2, (-1,), (-1,))]:
        y, y_hat = rng.normal(size=(2, n)).astype(np.float32) * 3
        yield y.reshape(y_shape), y_hat.reshape(y_hat_shape)


def flat(a):
    return np.reshape(a, -1)


def keras_mse(y, y_hat):
    return keras.losses.MeanSquaredError()(flat(y), flat(y_hat))


squared_error = Exercise(
    "4.1", "Squared error",
    parts=("squared_error", "mse"),
    right=(lambda y, y_hat: keras.ops.square(keras.ops.subtract(y, y_hat)), keras_mse),
    inputs=(errors, flat_and_column),
    mistakes=[
        Mistake(lambda y, y_hat: y - y_hat, "The square is missing: errors of different sign would cancel each other.", "squared_error"),
        Mistake(lambda y, y_hat: y_hat - y, "The square is missing, and with it the sign would not matter.", "squared_error"),
        Mistake(lambda y, y_hat: abs(y - y_hat), "This is the absolute error. The squared error makes large errors count more.",
                "squared_error"),
        Mistake(lambda y, y_hat: y**2 - y_hat**2, "Each of the two is squared here. Square their difference.", "squared_error"),
        Mistake(lambda y, y_hat: (y + y_hat) ** 2, "This squares the sum; the error is the difference.", "squared_error"),
        Mistake(lambda y, y_hat: -((y - y_hat) ** 2), "The sign is wrong: an error makes a loss larger.", "squared_error"),
        Mistake(lambda y, y_hat: (y - y_hat) ** 2 / 2, "There is a factor 1/2, which some books use. Here the loss is the square itself.",
                "squared_error"),
        Mistake(lambda y, y_hat: (y - y_hat) ^ 2, "`^` is no power in Python: it compares bits. A power is `**`.", "squared_error"),
        Mistake(lambda y, y_hat: 2 * (y - y_hat), "This doubles the difference; `** 2` squares it.", "squared_error"),
        Mistake(lambda y, y_hat: np.mean((y - y_hat) ** 2), "This is the mean already. Here each example keeps its own loss.",
                "squared_error"),
        Mistake(lambda y, y_hat: np.sum((y - y_hat) ** 2), "This is the sum already. Here each example keeps its own loss.",
                "squared_error"),

        Mistake(lambda y, y_hat: np.mean((y - y_hat) ** 2), "Right while both have one shape. A flat array and a column broadcast to n × n: "
                "every target is compared with every prediction. Make both flat first.", "mse"),
        Mistake(lambda y, y_hat: np.mean((y - flat(y_hat)) ** 2), "The predictions are made flat, and the targets may be a column: then they "
                "broadcast to n × n. Make both flat.", "mse"),
        Mistake(lambda y, y_hat: np.mean((flat(y) - y_hat) ** 2), "The targets are made flat, and the predictions may be a column: then they "
                "broadcast to n × n. Make both flat.", "mse"),
        Mistake(lambda y, y_hat: np.sum((flat(y) - flat(y_hat)) ** 2), "This is the sum of the losses. J is their mean, so that data sets of "
                "different size can be compared.", "mse"),
        Mistake(lambda y, y_hat: np.mean(flat(y) - flat(y_hat)), "The square is missing, so that errors of different sign cancel each "
                "other.", "mse"),
        Mistake(lambda y, y_hat: np.mean(flat(y) - flat(y_hat)) ** 2, "The mean is squared. Square each error first: else they cancel each "
                "other.", "mse"),
        Mistake(lambda y, y_hat: np.mean(abs(flat(y) - flat(y_hat))), "This is the mean of the absolute errors; square them.", "mse"),
        Mistake(lambda y, y_hat: np.sqrt(np.mean((flat(y) - flat(y_hat)) ** 2)), "This is the root of the mean squared error, in points of "
                "the grade. J is without the root.", "mse"),
        Mistake(lambda y, y_hat: -np.mean((flat(y) - flat(y_hat)) ** 2), "A minus stands before the mean, as in one of the lecture's notes. "
                "A loss grows with the error.", "mse"),
        Mistake(lambda y, y_hat: np.mean((flat(y) - flat(y_hat)) ** 2) / 2, "There is a factor 1/2, which some books use. Here J is the mean "
                "itself.", "mse"),
        Mistake(lambda y, y_hat: (flat(y) - flat(y_hat)) ** 2, "These are the losses of the examples. J is one number, their mean.", "mse"),
        Mistake(lambda y, y_hat: np.mean((flat(y) - flat(y_hat)) ** 2) / len(y), "This is divided by n twice: the mean has done so already.",
                "mse"),
        Mistake(lambda y, y_hat: np.sum((flat(y) - flat(y_hat)) ** 2) / (len(y) - 1), "This divides by n - 1, as a variance does. A mean "
                "divides by n.", "mse"),
        Mistake(lambda y, y_hat: np.mean((np.reshape(y, (-1, 1)) - flat(y_hat)) ** 2), "One of the two is made a column and the other flat, so "
                "that they always broadcast to n × n. Give both the same shape.", "mse"),
    ],
    hints=[
        "For one example: the difference, squared. `**` is Python's power.",
        "`keras.ops.reshape(y, (-1,))` has shape (n,), whatever y was. Do the same with y_hat, and nothing can broadcast.",
        "Of two flat arrays, take the squared errors by your first function, and their mean by `keras.ops.mean`.",
    ],
    also_right=[
        (lambda y, y_hat: np.square(y_hat - y), lambda y, y_hat: np.mean((np.ravel(y) - np.ravel(y_hat)) ** 2)),
        (lambda y, y_hat: tf.square(tf.subtract(y, y_hat)), lambda y, y_hat: tf.reduce_mean(tf.square(tf.reshape(y, [-1]) - tf.reshape(y_hat, [-1])))),
        (lambda y, y_hat: y * y - 2 * y * y_hat + y_hat * y_hat,
         lambda y, y_hat: sum((float(a) - float(b)) ** 2 for a, b in zip(flat(y), flat(y_hat), strict=True)) / len(y)),
        (lambda y, y_hat: (y - y_hat) * (y - y_hat), lambda y, y_hat: keras.ops.mean((keras.ops.reshape(y, (-1, 1)) - keras.ops.reshape(y_hat, (-1, 1))) ** 2)),
    ],
    equivalent={
        "return (y_hat - y) ** 2": "the square forgets the sign",
        "return keras.ops.mean(squared_error(y_hat, y))": "the square forgets the sign",
    },
)

# --- 4.2 --------------------------------------------------------------------------------------------------------------


def probabilities(rng):
    """The three students of the text; small probabilities; a column; a certain 0, a certain 1; certain and wrong ones."""
    f32 = np.float32
    yield np.array([1, 0, 1], f32), np.array([0.1, 0.8, 0.6], f32)
    yield np.array([0, 1, 1, 0], f32), np.array([0.0006, 0.002, 0.9, 0.4], f32)
    y = rng.permutation([0, 1, 0, 1, 1])
    yield y.astype(f32)[:, None], rng.uniform(0.05, 0.95, size=(5, 1)).astype(f32)
    yield np.array([0, 0], f32), np.array([0, 0.5], f32)
    yield np.array([1, 1], f32), np.array([1, 0.5], f32)
    yield np.array([0, 1], f32), np.array([1, 0], f32)


def finite_loss(loss, y, y_hat):
    """The loss; 16, or -log 1e-7, for any number from 10 to 100: how far off 0 a probability is kept is a matter of taste."""
    result = loss(y, y_hat)
    if diagnosis.unfit(result):
        return result
    result = diagnosis.to_array(result)
    return result if result.dtype.kind not in "fiu" else np.where((result > 10) & (result < 100), 16.0, result)


def clipped(y_hat, low=1e-7):
    return np.clip(y_hat, low, 1 - low)


def entropies(y, y_hat, log=np.log):
    """The binary cross entropies of the examples."""
    p = clipped(y_hat)
    return -(y * log(p) + (1 - y) * log(1 - p))


binary = Exercise(
    "4.2", "Binary cross entropy",
    right=lambda y, y_hat: keras.losses.BinaryCrossentropy()(flat(y), flat(y_hat)),
    inputs=probabilities,
    observe=finite_loss,
    mistakes=[
        Mistake(lambda y, y_hat: -np.mean(entropies(y, y_hat)), "The minus is missing, as in one of the lecture's notes. Logarithms of "
                "probabilities are negative, and a loss is not."),
        Mistake(lambda y, y_hat: -np.mean(y * np.log(clipped(y_hat))), "This is the first term only. Where y is 0 it says nothing, however "
                "wrong the prediction is."),
        Mistake(lambda y, y_hat: -np.mean((1 - y) * np.log(1 - clipped(y_hat))), "This is the second term only. Where y is 1 it says "
                "nothing, however wrong the prediction is."),
        Mistake(lambda y, y_hat: np.mean(entropies(y, y_hat, np.log10)), "This is the logarithm to the base 10. The entropy's base is e: "
                "`keras.ops.log` or `np.log`."),
        Mistake(lambda y, y_hat: np.mean(entropies(y, y_hat, np.log2)), "This is the logarithm to the base 2. The entropy's base is e: "
                "`keras.ops.log` or `np.log`."),
        Mistake(lambda y, y_hat: np.sum(entropies(y, y_hat)), "This is the sum over the examples; J is the mean."),
        Mistake(lambda y, y_hat: entropies(y, y_hat), "These are the losses of the examples. J is one number, their mean."),
        Mistake(lambda y, y_hat: -np.mean(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat)), "The formula is right, but for a prediction of "
                "exactly 0 or 1 it gives nan or infinity. Keep ŷ away from both before you take the logarithm."),
        Mistake(lambda y, y_hat: -np.mean(y * np.log(np.maximum(y_hat, 1e-7)) + (1 - y) * np.log(1 - y_hat)), "ŷ is kept away from 0 and not "
                "from 1, where the second logarithm is infinite. Mind that in float32 1 - 1e-8 is exactly 1, and 1 - 1e-7 is not."),
        Mistake(lambda y, y_hat: -np.mean(y * np.log(y_hat) + (1 - y) * np.log(1 - np.minimum(y_hat, 1 - 1e-7))), "ŷ is kept away from 1 and "
                "not from 0, where the first logarithm is infinite."),
        Mistake(lambda y, y_hat: -np.mean(y * np.log(clipped(y_hat)) + (1 - y) * np.log(clipped(y_hat))), "Both terms have the logarithm of ŷ. "
                "Where y is 0, it is the probability of a 0 that counts."),
        Mistake(lambda y, y_hat: -np.mean(y * np.log(1 - clipped(y_hat)) + (1 - y) * np.log(clipped(y_hat))), "The two logarithms are "
                "exchanged: this punishes a network for being right."),
        Mistake(lambda y, y_hat: -np.mean(y * np.log(clipped(y_hat)) - (1 - y) * np.log(1 - clipped(y_hat))), "The minus reaches the first "
                "term only. It belongs to the whole sum: put brackets round both."),
        Mistake(lambda y, y_hat: -np.mean(y_hat * np.log(clipped(y)) + (1 - y_hat) * np.log(1 - clipped(y))), "Targets and predictions are "
                "exchanged: the logarithm is taken of the prediction."),
        Mistake(lambda y, y_hat: -np.mean(y * np.log(clipped(y_hat)) + (1 - y * np.log(1 - clipped(y_hat)))), "Brackets are missing: Python "
                "multiplies first, so that 1 - y · log is 1 less a product. The factor is (1 - y)."),
        Mistake(lambda y, y_hat: tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, y_hat)), "The sigmoid is applied here, in your "
                "code or in a call that takes logits. What comes in are probabilities already."),
        Mistake(lambda y, y_hat: keras.losses.binary_crossentropy(y, y_hat), "This call averages over the last axis only: of a column it gives "
                "one loss for each example. Take the mean of them."),
        Mistake(lambda y, y_hat: np.mean((y - y_hat) ** 2), "This is the mean squared error."),
        Mistake(lambda y, y_hat: -np.mean(y * np.log(clipped(y_hat, 0.01)) + (1 - y) * np.log(1 - clipped(y_hat, 0.01))), "ŷ is kept too far "
                "from 0 and 1, so that small probabilities are changed. 1e-7 is small enough."),
        Mistake(lambda y, y_hat: -np.mean(np.log(clipped(y_hat)) + np.log(1 - clipped(y_hat))), "The targets are not used. Each logarithm is "
                "multiplied by y or 1 - y."),
        Mistake(lambda y, y_hat: tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y.reshape(-1, 1), y_hat.reshape(-1, 1))),
                "This is the slide's call. Over one column it is 0 whatever the network says: the end of the lab shows why."),
    ],
    hints=[
        "First clip ŷ. Then take the two logarithms, of ŷ and of 1 - ŷ, and weigh them with y and 1 - y.",
        "`keras.ops.clip(y_hat, 1e-7, 1 - 1e-7)` keeps every prediction inside. `keras.ops.log` is the natural logarithm.",
        "Minus the mean of y · log ŷ + (1 - y) · log(1 - ŷ), with brackets round the sum.",
    ],
    also_right=[
        lambda y, y_hat: np.mean(entropies(y, y_hat)),
        lambda y, y_hat: np.mean(-np.log(np.where(y == 1, y_hat, 1 - y_hat) + 1e-7)),
        lambda y, y_hat: -tf.reduce_mean(tf.math.log(tf.clip_by_value(1 - tf.abs(y - y_hat), 1e-7, 1.0))),
        lambda y, y_hat: np.mean(entropies(np.float64(y), np.float64(y_hat))),
        lambda y, y_hat: keras.ops.mean(keras.losses.binary_crossentropy(y, y_hat)),
    ],
)

# --- 4.3 --------------------------------------------------------------------------------------------------------------


def logits(rng):
    """Small ones; zero; a column; very large ones, right and wrong."""
    f32 = np.float32
    yield np.array([1, 0, 1], f32), np.array([-2, 1, 0.5], f32)
    yield np.array([1, 0], f32), np.array([0, 0], f32)
    yield rng.permutation([0, 1, 0, 1, 1]).astype(f32)[:, None], rng.normal(size=(5, 1)).astype(f32) * 3
    yield np.array([1, 0], f32), np.array([1000, -1000], f32)
    yield np.array([0, 1, 1], f32), np.array([1000, -1000, 4], f32)


NOT_TOLD = "The logits are taken for probabilities. A loss of Keras has an argument that tells it that logits come."


def logit_losses(y, z):
    """The binary cross entropies of the examples, by the formula of the text."""
    return np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))


from_logits = Exercise(
    "4.3", "Binary cross entropy from logits",
    right=lambda y, z: keras.losses.BinaryCrossentropy(from_logits=True)(flat(y), flat(z)),
    inputs=logits,
    mistakes=[
        Mistake(lambda y, z: np.mean(entropies(y, keras.ops.sigmoid(z))), "The sigmoid, then the loss of 4.2: for large logits, clipping cuts off how "
                "wrong they are. Use the formula in z."),
        Mistake(lambda y, z: -np.mean(y * np.log(keras.ops.sigmoid(z)) + (1 - y) * np.log(1 - keras.ops.sigmoid(z))), "Right on paper. In float32 the sigmoid "
                "of 1000 is 1, and log 0 is infinite: use the formula in z."),
        Mistake(lambda y, z: np.mean(np.log(1 + np.exp(z)) - z * y), "Right on paper, but e^1000 is infinite for a computer. With max(z, 0) in "
                "front, the exponent is -|z|, which is never positive."),
        Mistake(lambda y, z: np.mean(np.where(y == 1, np.log1p(np.exp(-z)), np.log1p(np.exp(z)))), "Right on paper, but where a large logit is "
                "wrong, the exponential is infinite. In the formula of the text its exponent is never positive."),
        Mistake(lambda y, z: np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-z))), "The absolute value is missing: for z = -1000, e^-z is "
                "infinite. The exponent is -|z|."),
        Mistake(lambda y, z: np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(np.abs(z)))), "The exponent is |z| here, and that overflows; "
                "it is -|z|."),
        Mistake(lambda y, z: np.mean(np.maximum(z, 0) + z * y + np.log1p(np.exp(-np.abs(z)))), "The term z·y has the wrong sign: for y = 1, a "
                "large logit should lower the loss."),
        Mistake(lambda y, z: np.mean(np.maximum(z, 0) - z * y), "The logarithm is missing. It matters most near z = 0."),
        Mistake(lambda y, z: np.mean(np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))), "The targets are not used: the term z·y is missing."),
        Mistake(lambda y, z: np.mean(np.maximum(z, 0) - y + np.log1p(np.exp(-np.abs(z)))), "y is subtracted instead of z·y."),
        Mistake(lambda y, z: np.mean(-z * y + np.log1p(np.exp(-np.abs(z)))), "The term max(z, 0) is missing."),
        Mistake(lambda y, z: np.mean(np.maximum(z, 0) - z * y + np.exp(-np.abs(z))), "The logarithm is missing: the last term is "
                "log(1 + e^-|z|), by `log1p`."),
        Mistake(lambda y, z: np.mean(np.maximum(z, 0) - z * y + np.log1p(1 + np.exp(-np.abs(z)))), "`log1p` adds the 1 itself: give it "
                "e^-|z| alone."),
        Mistake(lambda y, z: np.mean(np.maximum(z, 0) - z * y + np.log(np.exp(-np.abs(z)))), "The 1 is missing in the logarithm, so that it "
                "only undoes the exponential: log(1 + e^-|z|)."),
        Mistake(lambda y, z: np.sum(logit_losses(y, z)), "This is the sum over the examples; J is the mean."),
        Mistake(lambda y, z: logit_losses(y, z), "These are the losses of the examples. J is one number, their mean."),
        Mistake(lambda y, z: -np.mean(logit_losses(y, z)), "The sign is wrong. This formula holds the minus of the cross entropy already."),
        Mistake(lambda y, z: np.mean(logit_losses(y, keras.ops.sigmoid(z))), "The sigmoid is applied first, and the formula has it inside. It takes z "
                "as it is."),
        Mistake(lambda y, z: np.mean(np.max(z, initial=0) - z * y + np.log1p(np.exp(-np.abs(z)))), "`max` takes one maximum over the whole "
                "array. `maximum` compares each logit with 0."),
        Mistake(lambda y, z: keras.losses.BinaryCrossentropy()(y, z), NOT_TOLD),
        Mistake(lambda y, z: np.mean(z - z * y + np.log1p(np.exp(-np.abs(z)))), "z stands where max(z, 0) should, so that the loss of a negative logit can be "
                "negative."),
        Mistake(lambda y, z: np.mean(logit_losses(1 - y, z)), "The targets are turned round: this is the loss for 1 - y."),
    ],
    hints=[
        "Three terms, as in the formula: `keras.ops.maximum(z, 0)`, minus z times y, plus a logarithm.",
        "The logarithm is `keras.ops.log1p` of e^-|z|; the exponent is minus the absolute value of z.",
        "Of the three terms, take the mean over all examples by `keras.ops.mean`.",
    ],
    also_right=[
        lambda y, z: tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, z)),
        lambda y, z: np.mean(np.logaddexp(0, z) - z * y),
        lambda y, z: keras.ops.mean(keras.ops.softplus((1 - 2 * y) * z)),
        lambda y, z: np.mean(logit_losses(np.float64(y), np.float64(z))),
    ],
    equivalent={
        "first_terms = keras.ops.maximum(0, z) - z * y": "the maximum of two numbers does not depend on their order",
    },
)

# --- 4.4 --------------------------------------------------------------------------------------------------------------


def rows_of_logits(rng):
    """The logits of the text; very large ones; others, with as many classes as rows, and fewer."""
    yield np.array([[2, 1, -1], [5, 4, 2]], np.float32)
    yield np.array([[1000, 0, -1000], [-1000, -1001, -1002]], np.float32)
    for n, k in [(3, 3), (4, 2)]:
        yield rng.normal(size=(n, k)).astype(np.float32) * 2


def for_softmax(rng):
    for z in rows_of_logits(rng):
        yield (z,)


def sparse(rng):
    """For each of them the true classes; in the third case all are class 0, so that the labels do not tell how many classes there are."""
    for z in rows_of_logits(rng):
        if len(z) == 2:
            yield np.array([0, 2] if np.max(z) < 10 else [1, 2]), z
        else:
            yield rng.integers(0, z.shape[1], size=len(z)) * (len(z) > 3), z


def one_hot(rng):
    for y, z in sparse(rng):
        yield np.eye(z.shape[1], dtype=np.float32)[y], z


def e(z, axis=-1):
    """e^z, after the largest z of each row is subtracted."""
    return np.exp(z - np.max(z, axis=axis, keepdims=True))


def np_softmax(z, axis=-1):
    return e(z, axis) / np.sum(e(z, axis), axis=axis, keepdims=True)


def log_softmax(z, axis=-1):
    shifted = z - np.max(z, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


def rows(y, z):
    """One-hot targets of whole numbers."""
    return np.eye(z.shape[1])[np.asarray(y)]


NOT_SHIFTED = "Right on paper, but e^1000 is infinite for a computer, and inf / inf is nan. Subtract the largest z of each row first."
LOG_OF_ZERO = ("Large logits give probabilities of exactly 0, or an infinite e^z, and the logarithm of either is infinite. Use the third formula, with "
               "`logsumexp` for its last term.")
THE_BATCH_AXIS = "It works down the columns, over the examples of the batch. The classes lie along the rows: axis -1."

softmax_cross_entropy = Exercise(
    "4.4", "Softmax and cross entropy",
    parts=("softmax", "cross_entropy", "sparse_cross_entropy"),
    right=(lambda z: keras.ops.softmax(z),
           lambda Y, z: keras.losses.CategoricalCrossentropy(from_logits=True)(Y, z),
           lambda y, z: keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, z)),
    inputs=(for_softmax, one_hot, sparse),
    mistakes=[
        Mistake(lambda z: np.exp(z) / np.sum(np.exp(z), axis=-1, keepdims=True), NOT_SHIFTED, "softmax"),
        Mistake(lambda z: np_softmax(z, axis=0), THE_BATCH_AXIS, "softmax"),
        Mistake(lambda z: np_softmax(z.reshape(1, -1)).reshape(z.shape), "All examples together add up to 1. Each row should add up to 1 by "
                "itself: the sum has an axis.", "softmax"),
        Mistake(lambda z: np.exp(z - np.max(z)) / np.sum(np.exp(z - np.max(z)), axis=-1, keepdims=True), "The largest z of the whole batch is "
                "subtracted. If a row lies far below it, all its e^z become 0, and 0 / 0 is nan: take the largest of each row.", "softmax"),
        Mistake(lambda z: e(z) / np.sum(e(z)), "The sum runs over the whole batch, and each row is to be divided by its own: the sum has an axis too.", "softmax"),
        Mistake(e, "These numbers do not add up to 1: divide by their sum, row by row.", "softmax"),
        Mistake(lambda z: e(z) / np.sum(e(z), axis=-1), "The sum has lost an axis, so that it is divided by in the wrong direction. "
                "`keepdims=True` keeps it a column.", "softmax"),
        Mistake(lambda z: keras.ops.exp(z) / keras.ops.sum(keras.ops.exp(z), axis=-1), "The sum of each row has lost its axis, so that the rows "
                "cannot be divided by it one by one: `keepdims=True` keeps it. And e^1000 is infinite, so shift z first.", "softmax"),
        Mistake(lambda z: np_softmax(np_softmax(z)), "Softmax is applied twice, which brings all probabilities closer together.", "softmax"),
        Mistake(keras.ops.sigmoid, "This is the sigmoid of each logit. The probabilities of the classes should add up to 1.", "softmax"),
        Mistake(lambda z: z / np.sum(z, axis=-1, keepdims=True), "The exponential is missing: a logit may be negative, a probability not.",
                "softmax"),
        Mistake(lambda z: np_softmax(-z), "The largest logit gets the smallest probability: there is a minus too many.", "softmax"),
        Mistake(log_softmax, "This is the logarithm of softmax.", "softmax"),
        Mistake(lambda z: np.eye(z.shape[1])[np.argmax(z, axis=-1)], "This is a 1 at the largest logit. Softmax is soft: every class keeps "
                "some probability.", "softmax"),

        Mistake(lambda Y, z: -np.mean(np.sum(Y * np.log(np_softmax(z)), axis=-1)), LOG_OF_ZERO, "cross_entropy"),
        Mistake(lambda Y, z: -np.mean(np.sum(Y * np.log(np.clip(np_softmax(z), 1e-7, 1)), axis=-1)), "Clipping cuts off how wrong a large "
                "logit is. Compute log ŷ from z, by the third formula.", "cross_entropy"),
        Mistake(lambda Y, z: np.mean(np.sum(Y * log_softmax(z), axis=-1)), "The minus is missing: logarithms of probabilities are "
                "negative, and a loss is not.", "cross_entropy"),
        Mistake(lambda Y, z: -np.sum(Y * log_softmax(z)), "This is the sum over the examples; J is their mean.", "cross_entropy"),
        Mistake(lambda Y, z: -np.mean(Y * log_softmax(z)), "The mean is taken over the classes too, so it is too small by their number: sum "
                "over the classes, then average over the examples.", "cross_entropy"),
        Mistake(lambda Y, z: -np.sum(Y * log_softmax(z), axis=-1), "These are the losses of the examples. J is one number, their mean.",
                "cross_entropy"),
        Mistake(lambda Y, z: -np.mean(np.sum(Y * log_softmax(z, axis=0), axis=-1)), THE_BATCH_AXIS, "cross_entropy"),
        Mistake(lambda Y, z: -np.mean(np.sum(Y * log_softmax(np_softmax(z)), axis=-1)), "Softmax is applied twice: log ŷ is computed from the "
                "logits, not from probabilities.", "cross_entropy"),
        Mistake(lambda Y, z: -np.mean(np.sum(Y * z, axis=-1)), "The sum in log ŷ is missing: this would get lower by making every logit "
                "larger.", "cross_entropy"),
        Mistake(lambda Y, z: np.mean(np.sum((Y - np_softmax(z)) ** 2, axis=-1)), "This is a squared error of the probabilities.",
                "cross_entropy"),
        Mistake(lambda Y, z: -np.mean(np.sum(log_softmax(z), axis=-1)), "The targets are not used: only the logarithm of the true class "
                "counts.", "cross_entropy"),
        Mistake(lambda Y, z: -np.mean(np.sum(Y * (z - keras.ops.logsumexp(z)), axis=-1)), "`logsumexp` runs over the whole batch here. Each row has its own: the classes "
                "lie along axis -1.", "cross_entropy"),
        Mistake(lambda Y, z: -np.mean(np.sum(Y * (z - keras.ops.logsumexp(z, axis=-1)), axis=-1)), "`logsumexp` has lost an axis, so that it is subtracted in the wrong "
                "direction. `keepdims=True` keeps it a column.", "cross_entropy"),
        Mistake(lambda Y, z: keras.losses.CategoricalCrossentropy()(Y, z), NOT_TOLD, "cross_entropy"),
        Mistake(lambda Y, z: np.mean(logit_losses(Y, z)), "This is the binary cross entropy of each class by itself. Here exactly one class is "
                "true, so that softmax belongs in it.", "cross_entropy"),

        Mistake(lambda y, z: np.mean(np.sum(rows(y, z) * log_softmax(z), axis=-1)), "The minus is missing: logarithms of probabilities are "
                "negative, and a loss is not.", "sparse_cross_entropy"),
        Mistake(lambda y, z: -np.sum(rows(y, z) * log_softmax(z)), "This is the sum over the examples; J is their mean.",
                "sparse_cross_entropy"),
        Mistake(lambda y, z: -np.mean(np.log(np_softmax(z)[np.arange(len(y)), y])), LOG_OF_ZERO, "sparse_cross_entropy"),
        Mistake(lambda y, z: -np.mean(log_softmax(z)[:, y]), "`[:, y]` takes the columns y of every row. Each row has its own class: make y "
                "one-hot, or index rows and columns together.", "sparse_cross_entropy"),
        Mistake(lambda y, z: -np.mean(np.sum(keras.utils.to_categorical(y) * log_softmax(z), axis=-1)), "The number of classes is taken from the labels, and the highest "
                "class need not be among them. `z.shape` knows it.", "sparse_cross_entropy"),
        Mistake(lambda y, z: keras.losses.SparseCategoricalCrossentropy()(y, z), NOT_TOLD, "sparse_cross_entropy"),
        Mistake(lambda y, z: -np.mean(np.sum(rows(y, z) * log_softmax(np_softmax(z)), axis=-1)), "Softmax is applied twice: the loss takes the logits as they are.",
                "sparse_cross_entropy"),
        Mistake(lambda y, z: -log_softmax(z)[np.arange(len(y)), y], "These are the losses of the examples. J is one number, their mean.",
                "sparse_cross_entropy"),
        Mistake(lambda y, z: -np.mean(z[np.arange(len(y)), y]), "The sum in log ŷ is missing: this is the logit of the true class.",
                "sparse_cross_entropy"),
        Mistake(lambda y, z: -np.mean(log_softmax(z)[np.arange(len(y)), y - 1]), "The classes are off by one: they are counted from 0.",
                "sparse_cross_entropy"),
        Mistake(lambda y, z: -np.mean(np.sum(y[:, None] * log_softmax(z), axis=-1)), "The number of the class is used as a factor. It tells "
                "which logarithm counts: make it one-hot first.", "sparse_cross_entropy"),
    ],
    hints=[
        "softmax: subtract the largest z of each row, take e^z, divide by the sum of the row. `keepdims=True` keeps the column to subtract "
        "or to divide by.",
        "cross_entropy: log ŷ is z minus `keras.ops.logsumexp` of its row. Multiply by Y, sum over the classes, and take minus the mean.",
        "sparse_cross_entropy: `keras.ops.one_hot(y, k)` turns class numbers into rows, and k is `z.shape[-1]`. Then you have the function "
        "already.",
    ],
    also_right=[
        (np_softmax, lambda Y, z: -np.mean(np.sum(Y * log_softmax(z), axis=-1)),
         lambda y, z: -np.mean(log_softmax(z)[np.arange(len(y)), y])),
        (lambda z: tf.nn.softmax(z), lambda Y, z: tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(Y, z)),
         lambda y, z: tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, z))),
        (lambda z: np.exp(log_softmax(np.float64(z))), lambda Y, z: np.mean(np.logaddexp.reduce(z, axis=1) - (Y * z).sum(axis=1)),
         lambda y, z: keras.ops.mean(keras.losses.sparse_categorical_crossentropy(y, z, from_logits=True))),
        (lambda z: [list(np_softmax(row[None])[0]) for row in z], lambda Y, z: keras.ops.mean(-keras.ops.log_softmax(z)[Y == 1]),
         lambda y, z: sum(np.logaddexp.reduce(row) - row[label] for row, label in zip(z, y, strict=True)) / len(y)),
    ],
    equivalent=dict.fromkeys([
        "e = keras.ops.exp(z - keras.ops.max(z, axis=1, keepdims=True))",
        "return e / keras.ops.sum(e, axis=1, keepdims=True)",
        "log_y_hat = z - keras.ops.logsumexp(z, axis=1, keepdims=True)",
        "return -keras.ops.mean(keras.ops.sum(Y * log_y_hat, axis=1))",
        "return cross_entropy(keras.ops.one_hot(y, z.shape[1]), z)",
    ], "of two axes, the last is axis 1"),
)

# --- 4.5 --------------------------------------------------------------------------------------------------------------

FOR_NUMBERS = "The squared error is for numbers, such as grades. "
ONE_OF_MANY = "These losses are for one class out of many: their softmax over a single output is always 1."
WHOLE_NUMBERS = "The targets are whole numbers, one for each picture. One-hot targets would be rows of ten zeros and ones."
ONE_IS_TRUE = "Exactly one class is true, so that their probabilities should add up to 1."

which_loss = Exercise(
    "4.5", "Choose the loss",
    parts=("passes", "grade", "digit", "weather", "topics"),
    right=("b", "a", "d", "c", "b"),
    observe=choice,
    mistakes=[
        Mistake("a", FOR_NUMBERS + "A probability that is sure and wrong it punishes with 1 at most: look at the picture of 4.2.", "passes"),
        Mistake("c", ONE_OF_MANY, "passes"),
        Mistake("d", ONE_OF_MANY + " Sparse targets change nothing about it.", "passes"),
        Mistake("b", "A cross entropy is for probabilities, and a grade is a number: its logarithm would mean nothing.", "grade"),
        Mistake("c", "A cross entropy is for classes. To take each grade for a class of its own would forget that 89 is nearly 90.", "grade"),
        Mistake("d", "Sparse targets are numbers of classes. A grade is a quantity: 89 is nearly 90, and a class knows no neighbors.", "grade"),
        Mistake("a", FOR_NUMBERS + "The digit 7 is a name here: taking it for a 1 is no smaller mistake than taking it for a 2.", "digit"),
        Mistake("b", "It would ask ten questions, yes or no. " + ONE_IS_TRUE, "digit"),
        Mistake("c", WHOLE_NUMBERS, "digit"),
        Mistake("a", FOR_NUMBERS + "Rain is no number half way between sun and snow.", "weather"),
        Mistake("b", "It would ask of sun, rain and snow one by one. " + ONE_IS_TRUE, "weather"),
        Mistake("d", "The targets are rows of zeros and a one. Sparse targets would be 1, 0, 2, ….", "weather"),
        Mistake("a", FOR_NUMBERS + "Each topic is a yes or no.", "topics"),
        Mistake("c", "With softmax the probabilities of the topics would add up to 1, and a text may have several topics, or none.", "topics"),
        Mistake("d", "A sparse target names one class, and a text may have several topics.", "topics"),
    ],
    hints=[
        "First ask: is the answer a number, or a class? Then: may several classes be true at once?",
        "For classes of which exactly one is true, the form of the target decides: a row of zeros and a one, or a whole number.",
    ],
    also_right=[("B", "A", "D", "C", "B"), (" b", "a ", "d", "c", "b")],
)

# --- 4.6 --------------------------------------------------------------------------------------------------------------


def data_sets(rng):
    """Ten examples in batches of four; a batch larger than the data; of one; of a divisor; and others, with columns as targets."""
    for n, batch_size in [(10, 4), (3, 8), (5, 1), (6, 3), (17, 5)]:
        X = rng.normal(size=(n, 2)).astype(np.float32)
        y = (X[:, :1] * 2 + rng.normal(size=(n, 1)) * np.arange(1, n + 1)[:, None]).astype(np.float32)  # later ones are worse
        w = rng.normal(size=(2, 1)).astype(np.float32)
        yield Linear(w, batch_size), lopsided_loss, X, y, batch_size


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

    def predict(self, X, **options):
        """The same, as a model of Keras has it."""
        return self(X)


def right_empirical_loss(model, loss, X, y, batch_size):
    """Example by example."""
    return np.mean([float(loss(y[i : i + 1], model(X[i : i + 1]))) for i in range(len(X))])


def batches(X, batch_size):
    return [slice(start, start + batch_size) for start in range(0, len(X), batch_size)]


def losses_and_sizes(model, loss, X, y, batch_size):
    """The loss of each batch, and how many examples are in it."""
    return (np.array([float(loss(y[part], model(X[part]))) for part in batches(X, batch_size)]),
            np.array([len(X[part]) for part in batches(X, batch_size)]))


def mistaken(combine):
    """A wrong empirical loss: what `combine` makes of the losses of the batches, their sizes, n and B."""
    return lambda model, loss, X, y, batch_size: combine(*losses_and_sizes(model, loss, X, y, batch_size), len(X), batch_size)


empirical_loss = Exercise(
    "4.6", "The empirical loss, batch by batch",
    right=right_empirical_loss,
    inputs=data_sets,
    mistakes=[
        Mistake(mistaken(lambda losses, sizes, n, B: losses.mean()), "This is the mean of the batches' means. The last batch is smaller, so its "
                "examples count more than the others: weigh each batch with its number of examples."),
        Mistake(mistaken(lambda losses, sizes, n, B: losses.sum() / n), "The means of the batches are added, and divided by n. A batch's mean is "
                "to be turned into its sum first: how many examples does it stand for?"),
        Mistake(mistaken(lambda losses, sizes, n, B: (losses * sizes).sum()), "This is the sum over all examples; divide by their number."),
        Mistake(mistaken(lambda losses, sizes, n, B: losses.sum()), "The means of the batches are added, and nothing is divided."),
        Mistake(mistaken(lambda losses, sizes, n, B: losses.sum() * B / n), "Every batch is weighed with the batch size. The last one may hold "
                "fewer examples: count those that are there."),
        Mistake(mistaken(lambda losses, sizes, n, B: (losses * sizes).sum() / len(losses)), "This divides by the number of batches. The mean is "
                "over examples."),
        Mistake(mistaken(lambda losses, sizes, n, B: (losses * sizes).sum() / B), "This divides by the batch size. The mean is over all "
                "examples."),
        Mistake(mistaken(lambda losses, sizes, n, B: np.divide(losses.sum(), n // B)), "The means of the batches are divided by the number of "
                "whole batches. A batch's mean has to become a sum first, and then all examples count."),
        Mistake(mistaken(lambda losses, sizes, n, B: (losses / sizes).sum() / n), "A batch's mean is divided by its size once more. To make a sum "
                "of a mean, multiply."),
        Mistake(lambda model, loss, X, y, batch_size: right_empirical_loss(model, keras_mse, X, y, batch_size), "The squared error is computed, "
                "whatever `loss` is. Call the function that came in."),
        Mistake(mistaken(lambda losses, sizes, n, B: losses[0]), "This is the loss of the first batch: is the `return` inside the loop?"),
        Mistake(mistaken(lambda losses, sizes, n, B: losses[-1] * sizes[-1] / n), "Only the last batch counts: `=` writes over the sum, and `+=` "
                "adds to it."),
        Mistake(mistaken(lambda losses, sizes, n, B: losses[0] * sizes[0] / n), "Only the first batch counts, divided by all examples: is the "
                "`return` inside the loop?"),
        Mistake(mistaken(lambda losses, sizes, n, B: (losses * sizes).sum() / n / len(losses)), "This is divided by the number of batches too. "
                "The mean over examples divides by n, once."),
        Mistake(lambda model, loss, X, y, batch_size: right_empirical_loss(model, lambda y, y_hat: loss(y_hat, y), X, y, batch_size),
                "Targets and predictions are exchanged: `loss` takes the targets first."),
        Mistake(mistaken(lambda losses, sizes, n, B: (losses * sizes)[sizes == B].sum() / n), "The examples of the last batch are left out where it is smaller."),
        Mistake(lambda model, loss, X, y, batch_size: sum(loss(y[part], flat(model(X[part]))) * len(X[part]) for part in batches(X, batch_size)) / len(X),
                "The predictions are made flat, and the targets are a column: in `loss` they broadcast to n × n. Hand over both as they are."),
        Mistake(lambda model, loss, X, y, batch_size: loss(y, model(X)), "The model gets all the data at once. It takes at most batch_size "
                "examples at a time."),
    ],
    hints=[
        "loss gives the mean of a batch. How do you make a sum over its examples of it?",
        "Multiply a batch's loss by len(X_batch), the number of examples that are really in it, and add up.",
        "After the loop, divide by the number of all examples.",
    ],
    also_right=[
        right_empirical_loss,
        mistaken(lambda losses, sizes, n, B: np.average(losses, weights=sizes)),
        lambda model, loss, X, y, batch_size: loss(y, np.concatenate([model(X[part]) for part in batches(X, batch_size)])),
        lambda model, loss, X, y, batch_size: sum(loss(b, model(a)) * (len(a) / len(X)) for a, b in
                                                  zip(np.array_split(X, range(batch_size, len(X), batch_size)),
                                                      np.array_split(y, range(batch_size, len(y), batch_size)), strict=True)),
    ],
    equivalent={
        "for start in range(0, len(y), batch_size):\n    X_batch = X[start:start + batch_size]\n    y_batch = y[start:start + "
        "batch_size]\n    total += loss(y_batch, model(X_batch)) * len(X_batch)": "X and y are of the same length",
        "return total / len(y)": "X and y are of the same length",
    },
)

EXERCISES = [squared_error, binary, from_logits, softmax_cross_entropy, which_loss, empirical_loss]
