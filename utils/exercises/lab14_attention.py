"""Exercises of lab 14: a soft lookup, the causal mask, self-attention with heads, positions, a block, a transformer, the cache."""

from functools import cache

import keras
import numpy as np
import tensorflow as tf

from utils import datasets, training
from utils.advice import Advice
from utils.checking import FINE, Exercise, edited, edits_of, findings_of, require


# --- 14.1 -------------------------------------------------------------------------------------------------------------
def lookups(rng):
    """The example of the text; other sizes, none equal; all equal, so that exchanged matrices fit; batches, and heads."""
    yield tuple(np.array(rows, np.float32) for rows in ([[1, 0]], [[1, 0], [0, 1]], [[10], [20]]))
    for shapes in (((3, 4), (5, 4), (5, 2)), ((3, 3),) * 3, ((2, 4, 3), (2, 6, 3), (2, 6, 5)), ((4, 4, 4),) * 3, ((2, 3, 5, 2),) * 3):
        yield tuple(2 * rng.normal(size=shape).astype(np.float32) for shape in shapes)

def keras_attention(Q, K, V):
    """Keras's layer has no √d, and takes three axes: a batch, then values before keys."""
    flat = [np.reshape(each, (-1, *each.shape[-2:])) for each in (Q / np.sqrt(Q.shape[-1]), V, K)]
    return np.reshape(keras.layers.Attention()(flat), (*Q.shape[:-1], V.shape[-1]))

def attention(Q, K, V):
    d = Q.shape[-1]
    scores = tf.matmul(Q, K, transpose_b=True) / d ** 0.5
    weights = tf.nn.softmax(scores)
    return weights @ V

look_up = edits_of(attention)
SCORES, ROOT = "tf.matmul(Q, K, transpose_b=True)", " / d ** 0.5"
soft_lookup = Exercise("14.1", "A soft lookup", right=keras_attention, inputs=lookups, atol=1e-4, mistakes=edited(attention,
    ("softmax(scores)", "softmax(scores, axis=-2)", "The softmax runs over the queries. Each query shares out a weight of 1 among the keys: "
     "they are the last axis of the scores."),
    ("softmax(scores)", "softmax(scores, axis=0)", "The softmax runs along the first axis. In a batch that counts the examples; the keys are "
     "the last axis."),
    (ROOT, "", "√d is missing: divide the scores by it before the softmax."),
    (ROOT, " / d", "The scores are divided by d. Divide them by its root."),
    (ROOT, " / d ** 1 / 2", "`d ** 1 / 2` is half of d: the power comes before the division. Put brackets around the exponent."),
    (ROOT, " * d ** 0.5", "The scores are multiplied by √d. Long vectors have large scores already: divide."),
    (ROOT, " / d ** 2", "The scores are divided by d², a square; √d is the root."),
    (ROOT, " / K.shape[-2] ** 0.5", "The scores are divided by the root of the number of keys. d is the length of a query, its last axis."),
    (ROOT, " / len(Q) ** 0.5", "The scores are divided by the root of the first axis of Q. d is the length of a query, the last axis."),
    (SCORES, "(Q @ K)", "K is not transposed. Each score is a query times a key, row by row, so the columns of Q have to meet the columns of K."),
    (SCORES, "(Q @ tf.transpose(K))", "In a batch this exchanges all the axes of K. Only its last two change places: `tf.matmul` can do it."),
    (SCORES, "tf.matmul(K, Q, transpose_b=True)", "Queries and keys are exchanged: the scores have a row for each key here. They need one for each "
     "query."),
    ("Q, K, transpose_b", "Q, V, transpose_b", "@ V", "@ K", "Keys and values are exchanged. The queries are compared with the keys, and the "
     "mean is that of the values."),
    ("@ V", "@ K", "This is the mean of the keys: the keys are for comparing. What is returned is a mean of the values."),
    ("Q, K, transpose_b", "Q, V, transpose_b", "The queries are compared with the values. It is the keys that they are compared with."),
    ("Q, K, transpose_b", "K, K, transpose_b", "The keys are compared with themselves; the queries are not used."),
    ("tf.nn.softmax(scores)", "scores", "The softmax is missing: the weights are the scores themselves, and do not add up to 1."),
    ("tf.nn.softmax(scores)", "scores / tf.reduce_sum(scores, axis=-1, keepdims=True)", "The scores are divided by their sum. Some are negative, "
     "and then so are the weights: the softmax takes their exponentials first."),
    ("tf.nn.softmax(scores)", "tf.exp(scores)", "These are the exponentials of the scores, which do not add up to 1. Divide them by their sum."),
    ("tf.nn.softmax(scores)", "tf.nn.softmax(scores) / scores.shape[-1]", "The result is divided by the number of keys. The weights add up to 1 "
     "already, so the weighted sum is a mean."),
    ("tf.nn.softmax(scores)", "tf.exp(scores) / tf.reduce_sum(tf.exp(scores))", "The exponentials are divided by the sum of all of them. Each query "
     "has a sum of its own, over its keys."),
    (ROOT, "", "tf.nn.softmax(scores)", "tf.nn.softmax(scores) / d ** 0.5", "√d comes after the softmax, and the weights add up to less than 1. The "
     "scores are divided by it, before the softmax."),
    (ROOT, " / Q.shape[1] ** 0.5", "The scores are divided by the root of the second axis of Q, which in a batch counts the queries. d is the last "
     "axis."),
    ("tf.nn.softmax(scores)", "tf.nn.log_softmax(scores)", "These are the logarithms of the weights. The mean needs the weights themselves."),
    ("tf.nn.softmax(scores)", "tf.sigmoid(scores)", "This is a sigmoid for each key alone. The softmax lets the keys compete, so that their "
     "weights add up to 1."),
    ("tf.nn.softmax(scores)", "tf.one_hot(tf.argmax(scores, axis=-1), scores.shape[-1])", "This takes the value of the best key alone. The lookup "
     "is soft: every value counts by its weight."),
    ("tf.nn.softmax(scores)", "tf.nn.softmax(-scores)", "The worst key gets the largest weight here: the scores have the wrong sign."),
    ("weights @ V", "tf.nn.softmax(weights @ V)", "The result goes through a softmax once more. The mean of the values stays as it is."),
    ("softmax(scores)", "softmax(tf.nn.softmax(scores))", "The softmax is applied twice, which makes the weights nearly equal."),
    ("tf.nn.softmax(scores)", "scores", "weights @ V", "tf.nn.softmax(scores @ V)", "The softmax comes after the sum. It makes weights of the scores, "
     "before they meet the values."),
    ("weights @ V", "weights", "These are the weights. Use them: return the weighted mean of the values."),
    ("weights @ V", "scores", "These are the scores. They become weights, and then a mean of the values."),
    ("weights @ V", "tf.matmul(weights, V, transpose_a=True)", "The weights are transposed before they meet the values: their rows are the queries."),
    ("weights @ V", "tf.reduce_sum(weights @ V, axis=-2)", "This adds up the queries. Each query has a result of its own."),
    ("weights @ V", "tf.reduce_mean(V, axis=-2, keepdims=True) + 0 * weights @ V", "Every query gets the plain mean of the values: the weights are "
     "not used."),
    (SCORES, "tf.matmul(tf.nn.l2_normalize(Q, -1), tf.nn.l2_normalize(K, -1), transpose_b=True)", "The vectors are scaled to length 1 first. Here "
     "a score is the dot product itself, divided by √d."),
), hints=[
    "The scores have a row for each query and a column for each key: (n, d) times (d, m). Which matrix has to be transposed?",
    "The softmax runs over the keys, so that the weights in each row add up to 1.",
    "Weights, (n, m), times values, (m, k): a matrix product is a weighted sum for each row.",
], also_right=[
    attention, look_up(SCORES, 'tf.einsum("...ik,...jk->...ij", Q, K)'), look_up(ROOT, " / np.sqrt(d)"),
    look_up(SCORES + ROOT, "(Q / d ** 0.5) @ np.swapaxes(K, -1, -2)", "tf.nn.softmax(scores)", "keras.ops.softmax(scores, axis=-1)"),
    look_up("tf.nn.softmax(scores)", "np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)"),
    lambda Q, K, V: np.array([[w @ v for w in np.exp(q @ k.T / np.sqrt(len(k.T))) / np.exp(q @ k.T / np.sqrt(len(k.T))).sum(1, keepdims=True)]
                              for q, k, v in zip(*(np.float64(each).reshape(-1, *each.shape[-2:]) for each in (Q, K, V)), strict=True)]
                             ).reshape(*Q.shape[:-1], V.shape[-1]),
], equivalent={"d = K.shape[-1]": "a key is as long as a query"})

# --- 14.2 -------------------------------------------------------------------------------------------------------------
def sequences(rng):
    """The example of the text; then other lengths and widths, as many notes as columns, batches, and heads."""
    yield np.zeros((3, 2), np.float32), np.ones((3, 2), np.float32)
    for shape in ((5, 3), (4, 4), (2, 6, 5), (3, 3, 3), (2, 3, 4, 2), (1, 7)):
        yield tuple(1.5 * rng.normal(size=(2, *shape)).astype(np.float32))
    query, away = np.full((4, 4), 5, np.float32), rng.uniform(-6, -5, (4, 4)).astype(np.float32)
    yield query, away  # all scores are far below 0, and what is hidden has to be further

def row_by_row(Q, K):
    """Each note looks among those so far, by Keras's layer; nothing has to be hidden."""
    T, rows = Q.shape[-2], []
    for t in range(1, T + 1):
        values = np.broadcast_to(np.eye(t, T), (*Q.shape[:-2], t, T))
        rows.append(keras_attention(Q[..., t - 1:t, :], K[..., :t, :], values))
    return np.concatenate(rows, axis=-2)

def causal_weights(Q, K):
    T, d = Q.shape[-2:]
    scores = tf.matmul(Q, K, transpose_b=True) / d ** 0.5
    i, j = np.ogrid[:T, :T]
    visible = j <= i
    return tf.nn.softmax(tf.where(visible, scores, -np.inf))

mask = edits_of(causal_weights)
MASKED = "tf.where(visible, scores, -np.inf)"
causal_mask = Exercise("14.2", "The causal mask", right=row_by_row, inputs=sequences, mistakes=edited(causal_weights,
    (MASKED, MASKED.replace("scores", "tf.nn.softmax(scores)"), "The softmax is taken twice: before the mask, and after it. It comes once, at the end."),
    (MASKED, "scores", "Every note sees the future: nothing is hidden from it. Hide the scores of later notes before the softmax."),
    ("j <= i", "j >= i", "The mask is the wrong way round: the past is hidden, and the future seen. The row counts who looks, the column who is "
     "seen."),
    ("j <= i", "j > i", "Exactly the future is visible, and the past is hidden: either the condition or its two cases are exchanged."),
    ("j <= i", "j < i", "Each note is hidden from itself, and the first one sees nothing at all: its row is nan. A note may look at itself."),
    ("j <= i", "j < i", "-np.inf", "-1e9", "Each note is hidden from itself. It may look at itself: the first one has nobody else."),
    ("j <= i", "j <= i + 1", "Each note sees the one after it, which it should guess. The last that it may see is itself."),
    ("j <= i", "j == i", "Each note sees itself alone. It may look at all earlier notes too."),
    ("j <= i", "(j <= i) & (i - j <= 1)", "Each note sees only itself and the one before. All earlier notes are visible."),
    ("-np.inf", "0.0", "The hidden scores are 0 or next to it, set or multiplied so. The softmax makes exp(0) = 1 of a 0, and later notes still get weight: which "
     "score has the exponential 0?"),
    ("-np.inf", "-30.0", "The hidden scores are low, and others may be lower: then what is hidden gets the weight. Which score is below all numbers?"),
    (" / d ** 0.5", " / d ** 1 / 2", "`d ** 1 / 2` is half of d: the power comes before the division. The cell had the root of d."),
    ("-np.inf", "-1.0", "The hidden scores are -1, which the softmax makes a weight of. It has to be so low that nothing is left."),
    ("-np.inf", "np.inf", "Rows with something hidden are nan: a hidden score of plus infinity, or of nan, does that. "
     "Think of the other end."),
    ("tf.nn.softmax(" + MASKED + ")", "tf.where(visible, tf.nn.softmax(scores), 0.0)", "The future is cut off after the softmax, and what is left in "
     "a row does not add up to 1. Hide it before the softmax."),
    ("-np.inf", "-scores", "The scores of later notes change their sign here, and they still get weight. Which score leaves none?"),
    (MASKED, "scores + visible.astype('float32')", "The mask is added as zeros and ones, so the past only gets a little more. What is hidden needs a "
     "score that leaves no weight."),
    (MASKED, "scores - visible.astype('float32') * 1e9", "The visible notes get the low score, and the hidden ones keep theirs. It is the hidden ones "
     "that should have it."),
    (MASKED, "scores + (1 - visible.astype('float32')) * -np.inf", "Everything is nan. Either no note sees any, since the "
     "condition is never true, or 0 is multiplied by infinity, which is nan: choose between two scores instead."),
    ("tf.nn.softmax(" + MASKED + ")", "tf.exp(scores) * visible / tf.reduce_sum(tf.exp(scores) * visible)", "All weights together add up to 1. Each row "
     "has a sum of its own: along which axis, and does that axis stay?"),
    ("-np.inf))", "-np.inf), axis=-2)", "The softmax runs over the notes that look. Each row has to add up to 1: the last axis."),
    ("tf.nn.softmax(" + MASKED + ")", MASKED, "These are the scores, with the future hidden. Make weights of them: the softmax is missing."),
    ("tf.nn.softmax(" + MASKED + ")", "tf.linalg.matrix_transpose(tf.nn.softmax(" + MASKED + "))", "The weights are transposed: a row is for the "
     "note that looks."),
    ("tf.nn.softmax(" + MASKED + ")", "visible * np.ones(scores.shape) / np.sum(visible, axis=-1, keepdims=True)", "All visible notes get the same "
     "weight, whatever their scores are: the scores are not used."),
    ("Q, K, transpose_b", "K, Q, transpose_b", "Queries and keys are exchanged in the scores. The cell had them right."),
    (" / d ** 0.5", "", "The scores have lost their √d. The cell had it."),
), hints=[
    "`i` is a column of numbers and `j` a row. Comparing them gives a table of T × T truths: may note i look at note j?",
    "exp of what is 0? The hidden scores get that, before the softmax.",
], also_right=[
    causal_weights, mask("-np.inf", "-1e9"), mask("j <= i", "np.tril(np.ones((T, T), bool))"),
    mask("j <= i", "tf.linalg.band_part(tf.ones((T, T)), -1, 0) > 0"),
    mask(MASKED, "scores - 1e9 * (j > i)"), mask("-np.inf", "scores.dtype.min"),
    mask("tf.nn.softmax(" + MASKED + ")", "tf.exp(scores) * visible / tf.reduce_sum(tf.exp(scores) * visible, axis=-1, keepdims=True)"),
], equivalent={"T, d = K.shape[-2:]": "there are as many keys as queries, and they are as long"})

# --- 14.3 -------------------------------------------------------------------------------------------------------------
LAST_OF_THREE = "the third of three axes is the last"
NAMES = ("W_Q", "W_K", "W_V", "W_O")
UNRECORDED = (TypeError, ValueError, AttributeError, NotImplementedError, tf.errors.OpError)  # how a recording fails

class Flat:
    """A weight of Keras's layer, (d, heads, k) or (heads, k, d), as the matrix (d, d) that it is here."""

    def __init__(self, variable):
        self.variable, self.value, self.shape = variable, variable.value, (max(variable.shape),) * 2

    def assign(self, matrix):
        """Set it."""
        self.variable.assign(np.reshape(matrix, self.variable.shape))

class KerasHeads(keras.layers.Layer):
    """Keras's own layer, with the names that the notebook has for its weights."""

    def __init__(self, heads):
        super().__init__()
        self.heads = heads

    def build(self, input_shape):
        """Make the layer within."""
        self.inner = keras.layers.MultiHeadAttention(self.heads, input_shape[-1] // self.heads, use_bias=False)
        self.inner.build(input_shape, input_shape)
        for name, variable in zip(NAMES, self.inner.weights, strict=True):
            object.__setattr__(self, name, Flat(variable))

    def look(self, X):
        """The weights of each head."""
        return self.inner(X, X, use_causal_mask=True, return_attention_scores=True)[1]

    def call(self, X):
        """What all heads find."""
        return self.inner(X, X, use_causal_mask=True)

class SelfAttention(keras.layers.Layer):
    """A right answer in the form of the notebook's."""

    def __init__(self, heads):
        super().__init__()
        self.heads = heads

    def build(self, input_shape):
        """Make the four matrices."""
        d = input_shape[-1]
        self.W_Q, self.W_K, self.W_V, self.W_O = (
            self.add_weight(shape=(d, d)) for _ in range(4))

    def split(self, X):
        """Pieces for the heads."""
        return tf.stack(tf.split(X, self.heads, axis=-1), axis=1)

    def look(self, X):
        """The weights of each head."""
        Q, K = self.split(X @ self.W_Q), self.split(X @ self.W_K)
        return causal_weights(Q, K)

    def call(self, X):
        """What all heads find."""
        found = self.look(X) @ self.split(X @ self.W_V)
        return tf.concat(tf.unstack(found, axis=1), axis=-1) @ self.W_O

def recorded(answer, X):
    """What it gives where a model records it, for batches of any size."""
    graph = tf.function(lambda X: answer(X), autograph=False).get_concrete_function(tf.TensorSpec([None, *X.shape[1:]]))
    return graph(tf.constant(X))

def with_weights(layer, shape):
    """The layer, built for this shape, with large random weights that are always the same."""
    rng = np.random.default_rng(14)
    if not layer.built:
        layer.build(shape)
    for name in NAMES:
        weight = getattr(layer, name, None)
        if weight is None or tuple(getattr(weight, "shape", ())) != (shape[-1],) * 2:
            raise Advice(f"The layer has no `{name}` of shape (d, d), as the cell made it in `build`. Keep the four weights as they were.")
        weight.assign(1.5 * rng.normal(size=(shape[-1],) * 2) / shape[-1] ** 0.5)
    return layer

@cache
def keras_heads(shape, heads):
    """Keras's layer with the same weights."""
    return with_weights(KerasHeads(heads), shape)

def use_heads(layer_class, X, heads):
    """Who looks at whom, what the layer gives, and what it gives inside a model; or what keeps it from learning."""
    if not isinstance(layer_class, type) or not issubclass(layer_class, keras.layers.Layer):
        raise Advice("The answer is the class SelfAttention, a `keras.layers.Layer`.")
    layer = with_weights(layer_class(heads), X.shape)
    weights = require.numbers(layer.look(X), (len(X), heads, X.shape[1], X.shape[1]), "`look` gives")
    output = require.numbers(layer(X), X.shape, f"For X of shape {X.shape} and {heads} heads, the layer gives")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(layer(X)))
    gradients = tape.gradient(loss, [getattr(layer, name).value for name in NAMES])
    missing = [name for name, gradient in zip(NAMES, gradients, strict=True) if gradient is None]
    if len(missing) == 4:
        return HeadsFinding.NO_GRADIENT
    if not np.allclose(output, keras_heads(X.shape, heads)(X), atol=1e-3):
        return weights, output, output  # what is wrong with the numbers is told first
    try:
        return weights, output, recorded(layer, X)
    except UNRECORDED:
        return HeadsFinding.ANY_SIZE

def examples_of_heads(rng):
    """Two heads and few numbers; three heads; as many examples as heads and notes."""
    for shape, heads in (((2, 3, 4), 2), ((2, 5, 6), 3), ((4, 4, 8), 4)):
        yield rng.normal(size=shape).astype(np.float32), heads

heads = edits_of(SelfAttention)
SPLIT, JOIN = "tf.stack(tf.split(X, self.heads, axis=-1), axis=1)", "tf.concat(tf.unstack(found, axis=1), axis=-1)"
RESHAPED = "tf.reshape(X, (tf.shape(X)[0], self.heads, tf.shape(X)[1], X.shape[2] // self.heads))"
TRANSPOSED = "tf.transpose(tf.reshape(X, (tf.shape(X)[0], tf.shape(X)[1], self.heads, X.shape[2] // self.heads)), (0, 2, 1, 3))"
HeadsFinding, mistakes_of_heads = findings_of(SelfAttention,
    ("", SPLIT, RESHAPED, "This reshapes without transposing, so a head gets some of the notes, and not some of the columns of every note. Cut the "
     "last axis first, and then put the pieces along a new axis."),
    ("", SPLIT, SPLIT.replace("tf.split(X, self.heads, axis=-1)", "[tf.split(X, self.heads, axis=-1)[0]] * self.heads"), "All heads share the "
     "first piece. Each head has columns of its own."),
    ("", SPLIT, "tf.stack([X[..., h::self.heads] for h in range(self.heads)], axis=1)", "A head gets every n-th column here. Its columns lie side by "
     "side: the first head has the first ones."),
    ("", SPLIT, SPLIT.replace("self.heads, axis=-1)", "self.heads, axis=-1)[::-1]"), "The heads are in reverse order: the first head has the first "
     "columns."),
    ("", SPLIT, SPLIT.replace("axis=1)", "axis=2)"), "The axis of the heads comes after the notes here. It comes before them, so that the last two "
     "axes are notes and columns."),
    ("", SPLIT, SPLIT.replace("axis=1)", "axis=0)"), "The axis of the heads comes first here, before the batch. It is the second."),
    ("", SPLIT, SPLIT.replace("axis=-1", "axis=1"), "The notes are cut into pieces. It is the columns that are cut, the last axis: every head sees "
     "every note."),
    ("", SPLIT, "X[:, None]", "There is a single head, with all columns. Cut them into as many pieces as there are heads."),
    ("", SPLIT, "tf.concat(tf.split(X, self.heads, axis=-1), axis=1)", "`concat` puts the pieces one after the other along the notes. The heads need "
     "a new axis."),
    ("", JOIN, "tf.reshape(found, tf.shape(X))", "The results are reshaped without transposing, which mixes the notes. First put the pieces of each "
     "note side by side."),
    ("", JOIN, "tf.concat(tf.unstack(found, axis=1)[::-1], axis=-1)", "The results are joined in reverse order: the first head comes first."),
    ("", JOIN, "tf.concat(tf.unstack(found, axis=1), axis=1)", "The results are joined along the notes. They belong side by side, along the last "
     "axis."),
    ("", JOIN, "tf.tile(tf.reduce_mean(found, axis=1), (1, 1, self.heads))", "The heads are averaged, and what one of them finds is lost. Put their "
     "results side by side."),
    ("", JOIN, "tf.tile(found[:, 0], (1, 1, self.heads))", "Only the first head counts in the result. Put the results of all heads side by side."),
    ("", JOIN, "tf.reshape(tf.stack(tf.unstack(found, axis=1), axis=-1), tf.shape(X))", "The results of the heads are interleaved: a number of each "
     "in turn. Put them side by side, head by head."),
    ("", f"{JOIN} @ self.W_O", JOIN, "W_O is missing: the results of the heads stand side by side, and nothing mixes them."),
    ("", f"{JOIN} @ self.W_O", f"X + {JOIN} @ self.W_O", "X is added to the result. That comes in a later exercise, outside of this layer."),
    ("", "X @ self.W_K", "X @ self.W_Q", "The keys are made by W_Q, like the queries. Then every note fits itself best; keys have a matrix of their "
     "own."),
    ("", "X @ self.W_V", "X @ self.W_K", "The values are made by W_K. They have a matrix of their own."),
    ("", "self.split(X @ self.W_V)", "self.split(X)", "The values are the columns of X themselves: W_V is not used."),
    ("", "self.split(X @ self.W_Q)", "self.split(X)", "The queries are the columns of X themselves: W_Q is not used."),
    ("", "self.split(X @ self.W_K)", "self.split(X)", "The keys are the columns of X themselves: W_K is not used."),
    ("", "X @ self.W_Q), self.split(X @ self.W_K", "X @ self.W_K), self.split(X @ self.W_Q", "Queries and keys are exchanged: W_Q makes the queries."),
    ("", "@ self.W_O", "@ tf.transpose(self.W_O)", "W_O is transposed. Its rows are what the heads found: take it as it is."),
    ("", "return causal_weights(Q, K)", "return attention(Q, K, tf.eye(X.shape[1]) + tf.zeros((tf.shape(X)[0], 1, 1, 1)))", "The notes see the "
     "future. `causal_weights` of the exercise before hides it."),
    ("", "return causal_weights(Q, K)", "return tf.tile(tf.reduce_mean(causal_weights(Q, K), 1, keepdims=True), (1, self.heads, 1, 1))", "The "
     "weights are averaged over the heads, so that all look at the same. Each head keeps its own."),
    ("", "return causal_weights(Q, K)", "return causal_weights(Q, K) / self.heads", "The weights are divided by the number of heads. In each head "
     "the weights of a note add up to 1."),
    ("", "Q, K = self.split(X @ self.W_Q), self.split(X @ self.W_K)", "Q, K = X @ self.W_Q, X @ self.W_K", "causal_weights(Q, K)",
     "tf.repeat(causal_weights(Q, K)[:, None], self.heads, axis=1)", "All heads look with the same weights: queries and keys are not cut into "
     "pieces."),
    ("NO_GRADIENT", JOIN, f"np.array({JOIN})", "No gradient reaches W_Q to W_O, so the layer never learns. Compute with these four matrices, "
     "not with another layer's, and keep to TensorFlow or `keras.ops`, in `causal_weights` too."),
    ("ANY_SIZE", SPLIT, "tf.transpose(tf.reshape(X, (X.shape[0], X.shape[1], self.heads, -1)), (0, 2, 1, 3))", "In a model the layer is recorded "
     "once for batches of any size: then `X.shape[0]` is None, X has no length, and NumPy cannot be used. Cut and join without the number of "
     "examples."),
)
self_attention = Exercise("14.3", "Self-attention", right=KerasHeads, inputs=examples_of_heads, observe=use_heads, seconds=1.0, atol=1e-4,
    outputs=("the weights of `look`", "the output of the layer", "its output inside a model"), mistakes=mistakes_of_heads, hints=[
    "`split`: first cut the last axis into as many pieces as there are heads, then stack the pieces along a new axis 1.",
    "`look`: queries and keys are X times their matrices, and both are split. Then the exercise before does the work.",
    "`call`: weights times values, for each head; then the pieces side by side along the last axis, and W_O.",
], also_right=[
    SelfAttention, heads(SPLIT, TRANSPOSED), heads(SPLIT, TRANSPOSED.replace("tf.shape(X)[0]", "-1").replace("tf.shape(X)[1]", "X.shape[1]")),
    heads(JOIN, "tf.reshape(tf.transpose(found, (0, 2, 1, 3)), tf.shape(X))", "X @ self.W_V", 'tf.einsum("btd,de->bte", X, self.W_V)'),
    heads(JOIN, 'keras.ops.reshape(keras.ops.transpose(found, (0, 2, 1, 3)), keras.ops.shape(X))', "X @ self.W_Q", "keras.ops.matmul(X, self.W_Q)"),
], equivalent={
    "self.W_Q, self.W_K, self.W_V, self.W_O = (self.add_weight(shape=(input_shape[--2],) * 2) for _ in range(4))": LAST_OF_THREE,
    "return tf.stack(tf.split(X, self.heads, axis=--2), axis=1)": LAST_OF_THREE,
    "return tf.concat(tf.unstack(found, axis=1), axis=--2) @ self.W_O": LAST_OF_THREE,
})

# --- 14.4 -------------------------------------------------------------------------------------------------------------
def batches_to_place(rng):
    """The example of the text; other sizes; as many examples as notes and columns; a long one."""
    yield (np.zeros((1, 2, 4), np.float32),)
    for shape in ((3, 5, 6), (4, 4, 4), (6, 1, 2), (2, 40, 8)):
        yield (rng.normal(size=shape).astype(np.float32),)

def in_a_model(answer, X):
    """What it gives for a batch, and where a model records it for batches of any size."""
    plain = require.numbers(answer(X), X.shape)
    if not np.allclose(plain, turning(X), atol=1e-3):
        return plain, plain  # what is wrong with the numbers is told first
    try:
        return plain, recorded(answer, X)
    except UNRECORDED:
        return PlaceFinding.IN_A_MODEL

def turning(X):
    """Positions as turns of complex numbers: the next position turns each pair by its angle."""
    T, d = X.shape[1:]
    turns = np.exp(1j * np.exp(-np.log(1e4) * np.arange(0, d, 2) / d))
    turned = np.cumprod(np.concatenate([np.ones((1, d // 2)), np.tile(turns, (T - 1, 1))]), axis=0)
    return X + np.stack([turned.imag, turned.real], axis=-1).reshape(T, d).astype(np.float32)

def add_positions(X):
    T, d = X.shape[1:]
    t = np.arange(T)[:, None]
    angles = t * 10000.0 ** (-np.arange(0, d, 2) / d)
    waves = np.stack([np.sin(angles), np.cos(angles)], axis=-1)
    return X + waves.reshape(T, d).astype("float32")

place = edits_of(add_positions)
ANGLES, STACKED, ADDED = "t * 10000.0 ** (-np.arange(0, d, 2) / d)", "np.stack([np.sin(angles), np.cos(angles)], axis=-1)", "waves.reshape(T, d)"
PlaceFinding, mistakes_of_place = findings_of(add_positions,
    ("", "np.sin(angles), np.cos(angles)", "np.cos(angles), np.sin(angles)", "Sine and cosine are exchanged: the even columns, from 0 on, get "
     "the sine."),
    ("", STACKED, "np.concatenate([np.sin(angles), np.cos(angles)], axis=-1)", "All the sines come first, then all the cosines. They alternate: "
     "column 0 is a sine, column 1 the cosine of the same angle."),
    ("", "np.cos(angles)], axis=-1", "np.cos(angles)], axis=0", "Reshaped like this, the sines and cosines land at other positions. Sine and cosine "
     "of an angle stand side by side."),
    ("", "(-np.arange", "(np.arange", "Later columns turn faster and faster. They should turn more slowly: what sign has the exponent, all in all?"),
    ("", "(0, d, 2) / d", "(d // 2) / d", "The exponent is i / d here. It goes up by 2 / d from pair to pair."),
    ("", "-np.arange(0, d, 2) / d", "-2 * np.arange(0, d, 2) / d", "The exponent is doubled. In the formula, the pair of columns 2i and 2i + 1 has -2i / d."),
    ("", "-np.arange(0, d, 2) / d", "-np.arange(0, d, 2) // d", "`//` rounds the exponents to whole numbers. They are fractions: divide by `/`."),
    ("", "np.arange(0, d, 2)", "np.arange(d)", "There is an angle for each column. Sine and cosine of a pair share one: d / 2 angles "
     "for a position."),
    ("", "10000.0", "1000.0", "The base is 1,000 here; it is 10,000."),
    ("", ANGLES, "t / 10000.0 * (np.arange(0, d, 2) / d)", "10,000 is multiplied here. It is raised to a power."),
    ("", "10000.0 **", "np.exp(1) **", "The base is e here; it is 10,000."),
    ("", STACKED, "np.stack([np.sin(angles), np.cos(t * 10000.0 ** (-np.arange(1, d, 2) / d))], axis=-1)", "Sine and cosine of a pair have different "
     "angles here. Both have the exponent of the even column."),
    ("", f"{ADDED}.astype", "np.concatenate([np.sin(angles), np.cos(angles[:, -1:]), np.zeros((T, d // 2 - 1))], axis=-1).astype", "Pairs of columns overlap, "
     "and the last ones stay empty. Pair i has the columns 2i and 2i + 1."),
    ("", "angles = t *", "angles = (t + 1) *", "Positions are counted from 1 here. They begin with 0."),
    ("", "angles = t *", "angles = 0 * t +", "Every note gets the same waves, so they say nothing about where it is. The angle grows with the "
     "position t."),
    ("", "angles = t *", "angles = t / T *", "The positions are divided by the length. A position should look the same in a short melody and in a "
     "long one."),
    ("", "angles = t *", "angles = t[::-1] *", "The positions count backward: the first note is 0."),
    ("", "angles = t *", "angles = np.radians(t) *", "The angles are turned into other units. Sine and cosine take t times the power as it is."),
    ("", "t = np.arange(T)[:, None]", "t = np.arange(T)[:, None]; B = len(X)", ANGLES, ANGLES.replace("t *", "np.arange(B)[:, None] *"), ADDED,
     "waves.reshape(B, 1, d)", "The waves run along the batch: all notes of a melody get the same, and each melody another. They "
     "run along the notes."),
    ("", "X + waves", "X * waves", "X is multiplied by the waves; they are added."),
    ("", "X + waves", "X - waves", "The waves are subtracted; they are added."),
    ("", "X + waves", "0 * X + waves", "These are the positions alone, and X is lost. Add them to it."),
    ("", "X + waves", "waves", "These are the positions alone, one table of shape (T, d). Add it to X: it is the same for each example."),
    ("", "X + waves", "X + 0 * waves", "X comes back as it was: nothing is added."),
    ("", STACKED, "np.stack([np.sin(angles), np.sin(angles)], axis=-1)", "Both columns of a pair are the sine. The odd ones get the cosine."),
    ("", STACKED, "np.stack([np.cos(angles), np.cos(angles)], axis=-1)", "Both columns of a pair are the cosine. The even ones get the sine."),
    ("", f"{ADDED}.astype(\"float32\")", "t.astype('float32')", "The bare number of the position is added, which soon is larger than everything else. "
     "Add the waves."),
    ("IN_A_MODEL", "    return X +", "    X = X.copy()\n    return X +", "It works for an array, and not inside a model: there X is a tensor without "
     "numbers, for batches of any size, and is neither copied nor changed in place. Make the waves with NumPy, as float32, and add them to X."),
)
positions = Exercise("14.4", "Positions", right=turning, inputs=batches_to_place, observe=in_a_model, mistakes=mistakes_of_place,
    outputs=("what it gives", "what it gives inside a model"), atol=1e-4, hints=[
    "`np.arange(0, d, 2)` holds the even columns 2i. A column of positions times a row of powers is a table of angles, (T, d / 2).",
    "Sine and cosine of the angles, stacked along a new last axis, have shape (T, d / 2, 2). Reshaped to (T, d), each pair stands side by side.",
    "A table of shape (T, d) is added to (B, T, d) by broadcasting, to each example alike.",
], also_right=[
    add_positions, place(ADDED + '.astype("float32")', "tf.constant(waves.reshape(1, T, d), tf.float32)"),
    place(STACKED, "np.zeros((T, d)); waves[:, 0::2] = np.sin(angles); waves[:, 1::2] = np.cos(angles)"),
    place(ANGLES, "t / np.power(10000, np.arange(d // 2) * 2 / d)"), place("X + waves", "tf.cast(X, tf.float32) + waves"),
], equivalent={
    "T, d = X.shape[-2:]": "the last two of three axes are those after the first",
    "angles = t * 10001.0 ** (-np.arange(0, d, 2) / d)": "so little more turns no wave by an angle that counts",
    "waves = np.stack([np.sin(angles), np.cos(angles)], axis=--2)": LAST_OF_THREE,
})

# --- 14.5 -------------------------------------------------------------------------------------------------------------
def blocks(rng):
    """A batch in which no two sizes are equal, and a number of heads."""
    yield (3 * rng.normal(size=(2, 5, 6)) + 1).astype(np.float32), 3

PARTS = ("norm_1", "attention", "norm_2", "feed_forward")
EVEN = np.linspace(-1, 1, 30, dtype=np.float32).reshape(1, 5, 6) ** 3

@cache
def keras_output(heads):
    """What Keras's attention gives for the same numbers."""
    return keras_heads(EVEN.shape, heads)(EVEN)

def known_block(block_class, shape, heads):
    """A block whose parts have weights that are always the same."""
    block, rng = block_class(heads, shape[-1]), np.random.default_rng(7)
    if any(not hasattr(block, part) for part in PARTS):
        raise Advice(f"The parts of the block are {', '.join(PARTS)}, as the cell made them. Keep them.")
    for name in PARTS:
        part = getattr(block, name)
        part.build((None, *shape[1:]))
        if name != "attention":
            around = [float(name != "feed_forward"), 0, 0, 0]  # γ, by which a norm multiplies, is near 1
            part.set_weights([rng.normal(mean, size=weight.shape) for mean, weight in zip(around, part.get_weights(), strict=False)])
    if block_class.build is keras.layers.Layer.build:
        block.built = True  # its parts are: Keras would record the first call to build them, which takes longest
    with_weights(block.attention, shape)
    return block

@cache
def expected_of_block(numbers, shape, heads):
    """What Keras's layers give for these numbers."""
    return np.asarray(known_block(KerasBlock, shape, heads)(np.frombuffer(numbers, np.float32).reshape(shape)))

def use_block(block_class, X, heads):
    """What a block gives, once all its parts have known weights."""
    if not isinstance(block_class, type) or not issubclass(block_class, keras.layers.Layer):
        raise Advice("The answer is the class Block, a `keras.layers.Layer`.")
    block = known_block(block_class, X.shape, heads)
    if not np.allclose(block.attention(EVEN), keras_output(heads), atol=1e-3):
        return BlockFinding.ATTENTION
    output = require.numbers(block(X), X.shape, f"For X of shape {X.shape} the block gives")
    if not np.allclose(output, expected_of_block(X.tobytes(), X.shape, heads), rtol=1e-3, atol=1e-3):
        return output
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(block(X)))
    gradients = tape.gradient(loss, {name: getattr(block, name).trainable_variables[0].value for name in PARTS})
    unreached = [name for name, gradient in gradients.items() if gradient is None]
    return BlockFinding.UNREACHED.about(" and ".join(unreached)) if unreached else output

class KerasBlock(keras.layers.Layer):
    """Keras's layers, joined by its layer that adds."""

    def __init__(self, heads, d):
        super().__init__()
        self.norm_1, self.norm_2, self.attention = keras.layers.LayerNormalization(), keras.layers.LayerNormalization(), KerasHeads(heads)
        self.feed_forward = keras.Sequential([keras.layers.Dense(2 * d, "relu"), keras.layers.Dense(d)])
        self.add_1, self.add_2 = keras.layers.Add(), keras.layers.Add()

    def call(self, X):
        """Add, twice."""
        attended = self.add_1([X, self.attention(self.norm_1(X))])
        return self.add_2([attended, self.feed_forward(self.norm_2(attended))])

class Block(keras.layers.Layer):
    """A right answer in the form of the notebook's."""

    def __init__(self, heads, d):
        super().__init__()
        self.norm_1, self.norm_2 = (keras.layers.LayerNormalization() for _ in range(2))
        self.attention = SelfAttention(heads)
        self.feed_forward = keras.Sequential([keras.layers.Dense(2 * d, "relu"),
                                              keras.layers.Dense(d)])

    def call(self, X):
        """Both parts, each added."""
        X = X + self.attention(self.norm_1(X))
        return X + self.feed_forward(self.norm_2(X))

block = edits_of(Block)
FIRST, SECOND = "X = X + self.attention(self.norm_1(X))", "X + self.feed_forward(self.norm_2(X))"
BlockFinding, mistakes_of_block = findings_of(Block,
    ("", FIRST, "X = self.attention(self.norm_1(X))", "The attention replaces X. It should be added to X, so that X itself passes too."),
    ("", SECOND, "self.feed_forward(self.norm_2(X))", "The feed-forward part replaces X. It should be added to X."),
    ("", FIRST, "X = self.attention(self.norm_1(X))", SECOND, "self.feed_forward(self.norm_2(X))", "Neither part is added to X: both replace it, and "
     "the residuals are missing."),
    ("", FIRST, "n = self.norm_1(X); X = n + self.attention(n)", "What the attention is added to has been normalized. Add it to X as it was."),
    ("", SECOND, "self.norm_2(X) + self.feed_forward(self.norm_2(X))", "What the feed-forward part is added to has been normalized. Add it to X as it "
     "was."),
    ("", FIRST, "X = self.norm_1(X + self.attention(self.norm_1(X)))", "X is normalized again after the attention. Only what goes into a part is "
     "normalized."),
    ("", SECOND, "self.norm_2(X) + self.feed_forward(X)", "The norm stands at the wrong place: X itself is added to, and its normalized form goes "
     "into the feed-forward part."),
    ("", FIRST, "X = X + self.attention(X) + 0 * self.norm_1(X)", "The attention gets X as it is. Normalize what goes into it."),
    ("", SECOND, "X + self.feed_forward(X) + 0 * self.norm_2(X)", "The feed-forward part gets X as it is. Normalize what goes into it."),
    ("", FIRST, "X = self.norm_1(X + self.attention(X))", SECOND, "self.norm_2(X + self.feed_forward(X))", "The norms come after the sums, as in the "
     "first transformers. Here each norm comes before its part, and X passes as it is."),
    ("", FIRST, "X = X + self.norm_1(self.attention(X))", SECOND, "X + self.norm_2(self.feed_forward(X))", "Both norms come after their parts. Each comes "
     "before: a part gets its input normalized."),
    ("", FIRST, "n = self.norm_1(X); X = n + self.attention(n)", SECOND, "self.norm_2(X) + self.feed_forward(self.norm_2(X))", "What is added to has been "
     "normalized, in both lines. Only what goes into a part is normalized: add to X itself."),
    ("", FIRST, "X = X + self.norm_1(self.attention(X))", "The norm comes after the attention. It comes before: the attention gets a normalized X."),
    ("", SECOND, "X + self.norm_2(self.feed_forward(X))", "The norm comes after the feed-forward part. It comes before it."),
    ("", FIRST, "attended = X + self.attention(self.norm_1(X))", SECOND, "X + self.feed_forward(self.norm_2(attended))", "The last sum adds to the X "
     "that came in, and what attention had added is lost. Add to the X of the line before."),
    ("", FIRST, "attended = self.attention(self.norm_1(X))", SECOND, "X + attended + self.feed_forward(self.norm_2(X))", "Both parts get the X that "
     "came in, side by side. The second part gets what the first one has made."),
    ("", SECOND, "X + self.attention(self.norm_1(X)) ", FIRST + "\n", "X = X + self.feed_forward(self.norm_2(X))\n", "The parts are in the other "
     "order: attention comes first."),
    ("", "self.norm_1(X)", "self.norm_2(X)", SECOND, "X + self.feed_forward(self.norm_1(X))", "The two norms are exchanged: each has weights of its "
     "own. The first is for the attention."),
    ("", "self.norm_2(X)", "self.norm_1(X)", "Both parts are normalized by the first norm. Each norm has weights of its own; the second is for the "
     "feed-forward part."),
    ("", FIRST, "self.attention(self.norm_1(X))", "The attention has no effect on X: it is left out, or what it gives is not kept. Add it to X."),
    ("", FIRST, "attended = self.attention(self.norm_1(X))", SECOND, "X + self.feed_forward(self.norm_2(attended))", "What the attention gives "
     "reaches the feed-forward part alone. Each part is added to X: first the attention, and to that sum the feed-forward part."),
    ("UNREACHED", SECOND, f"np.array({SECOND})", "The numbers are right, and no gradient reaches {seen}, so the block does not learn. Keep to "
     "TensorFlow or `keras.ops`, without NumPy."),
    ("", FIRST, f"{FIRST}; {FIRST}", "The attention is used twice. Each part is used once."),
    ("", SECOND, f"X + self.feed_forward(self.norm_2({SECOND}))", "The feed-forward part is used twice, and its first result is lost on the way."),
    ("", SECOND, f"X + {SECOND}", "X is added twice at the end."),
    ("", FIRST, f"X = X + {FIRST[4:]}", "X is added twice to the attention."),
    ("", SECOND, f"self.norm_2({SECOND})", "The result is normalized once more. The block returns the plain sum."),
    ("", SECOND, f"tf.nn.relu({SECOND})", "The result goes through a ReLU. The activation is inside the feed-forward part already."),
    ("", "X + self.attention", "X * self.attention", "X is multiplied by what the attention gives. Add it."),
    ("", SECOND, "X * self.feed_forward(self.norm_2(X))", "X is multiplied by what the feed-forward part gives. Add it."),
    ("", "X + self.attention", "X - self.attention", "The attention is subtracted. Add it."),
    ("ATTENTION", "SelfAttention(heads)", "SelfAttention(1)", "The block's attention does not give what Keras's layer gives with the same weights. "
     "Solve the exercise on SelfAttention first, and keep the `__init__` of this cell."),
)
a_block = Exercise("14.5", "A block", right=KerasBlock, inputs=blocks, observe=use_block, seconds=1.0, atol=1e-3, mistakes=mistakes_of_block, hints=[
    "Two lines, one for each part. A line normalizes X, hands it to the part, and adds the result to X.",
    "The first line is `X = X + …`: what does the attention get?",
], also_right=[
    Block, block(FIRST, "residual = X; X = self.attention(self.norm_1(X)); X = keras.ops.add(residual, X)"),
    block(FIRST, "X += self.attention(self.norm_1(X))"), block(SECOND, "keras.layers.add([X, self.feed_forward(self.norm_2(X))])"),
])

# --- 14.6 -------------------------------------------------------------------------------------------------------------
LENGTH, MORE = 64, 0.1  # tokens in a window; how many more or fewer weights the transformer may have

def lstm():
    """The network of the text to compare with, for as many tokens as there are."""
    V = len(datasets.tunes()[2])
    layers = [keras.layers.Embedding(V, 64), keras.layers.LSTM(64, return_sequences=True), keras.layers.Dense(V)]
    return keras.Sequential([keras.Input((LENGTH,)), *layers])

def listen(answer):
    """Whether a model sees every earlier note and none to come, knows their order, can learn, and has as many weights as the LSTM."""
    V, rng = len(datasets.tunes()[2]), np.random.default_rng(14)
    model = require.can_learn(require.model(answer(), (LENGTH,), (LENGTH, V)))
    if answer() is model:
        raise Advice(require.SAME_MODEL)
    tokens = rng.integers(0, V, (1, LENGTH))
    if require.activated(np.asarray(model(tokens))):
        return ModelFinding.ACTIVATED
    if recurrent := [type(layer).__name__ for layer in training.layers_of(model) if hasattr(layer, "cell") or "RNN" in type(layer).__name__]:
        return ModelFinding.RECURRENT.about(recurrent[0])
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model(tokens)))
    variables = model.trainable_variables
    stuck = [v.path for v, g in zip(variables, tape.gradient(loss, [v.value for v in variables]), strict=True) if g is None]
    if stuck:
        return ModelFinding.STUCK.about(stuck[0])
    count, wanted = model.count_params(), lstm().count_params()
    model.set_weights([weight if weight.ndim < 2 else rng.normal(size=weight.shape) * (1 if len(weight) == V else 2 / len(weight) ** 0.5)
                       for weight in model.get_weights()])  # large ones, so that whatever is seen shows
    heard = np.asarray(model(tokens))[0]
    middle, shuffled, earlier, later = LENGTH // 2, tokens.copy(), tokens.copy(), tokens.copy()
    later[:, middle:], earlier[:, :-1] = rng.permutation(V)[:middle], (tokens[:, :-1] + 1) % V
    shuffled[:, :-1] = rng.permutation(tokens[0, :-1])
    differs = [np.max(np.abs(np.asarray(model(other))[0, place] - heard[place])) > 1e-3 * np.std(heard)
               for other, place in ((later, slice(middle)), (earlier, -1), (shuffled, -1))]
    if differs[0]:
        return ModelFinding.FUTURE
    if not differs[1]:
        return ModelFinding.ALONE
    if not differs[2]:
        return ModelFinding.NO_ORDER
    seen = f"{count:,} weights, and the LSTM {wanted:,}"
    return ModelFinding.LARGE.about(seen) if count > (1 + MORE) * wanted else ModelFinding.SMALL.about(seen) if count < (1 - MORE) * wanted else FINE

def model_of(*between, width=64, **options):
    """A function that makes a model: these functions of the width make what stands between the embedding and the logits."""
    def answer():
        V = len(datasets.tunes()[2])
        layers = [keras.layers.Embedding(V, width), *(make(width) for make in between), keras.layers.Dense(V, **options)]
        return keras.Sequential([keras.Input((LENGTH,)), *layers])
    return answer

def placed(width):
    return keras.layers.Lambda(turning_tensor)

def turning_tensor(X):
    return X + tf.constant(turning(np.zeros((1, *X.shape[1:]), np.float32)), tf.float32)

def a_block_of(width):
    return Block(4, width)

def normed(width):
    return keras.layers.LayerNormalization()

def fed(width):
    return keras.layers.Dense(4 * width, "relu")

def of_keras():
    """The same from Keras's layers, by the functional API, with a table of positions that is learned."""
    V, width = len(datasets.tunes()[2]), 64
    tokens = keras.Input((LENGTH,))
    X = keras.layers.Embedding(V, width)(tokens) + keras.layers.Embedding(LENGTH, width)(keras.ops.arange(LENGTH))
    n = keras.layers.LayerNormalization()(X)
    X = keras.layers.add([X, keras.layers.MultiHeadAttention(4, width // 4)(n, n, use_causal_mask=True)])
    X = keras.layers.add([X, keras.layers.Dense(width)(keras.layers.Dense(96, "relu")(keras.layers.LayerNormalization()(X)))])
    return keras.Model(tokens, keras.layers.Dense(V)(X))

class Seeing(keras.layers.Layer):
    """A block that sees the future."""

    def __init__(self, heads, d):
        super().__init__()
        self.block = KerasBlock(heads, d)
        self.block.attention.call = lambda X: self.block.attention.inner(X, X)

    def call(self, X):
        """The block."""
        return self.block(X)

def too_early():
    V = len(datasets.tunes()[2])
    layers = [placed(64), keras.layers.Embedding(V, 64), a_block_of(64), keras.layers.Dense(V)]
    return keras.Sequential([keras.Input((LENGTH,)), *layers])

def frozen():
    model = model_of(placed, a_block_of)()
    model.trainable = False
    return model

ONE_MODEL = []

def one_model():
    if not ONE_MODEL:
        ONE_MODEL.append(model_of(placed, a_block_of)())
    return ONE_MODEL[0]

ModelFinding, mistakes_of_model = findings_of(None,
    ("FUTURE", model_of(placed, lambda width: Seeing(4, width)), "What comes later changes what the model says earlier: it sees the notes that it "
     "should guess. Use the blocks of the exercise before, which look back only."),
    ("ALONE", model_of(placed, fed), "The earlier notes change nothing: each note is looked at alone. A block of the exercise before looks back."),
    ("NO_ORDER", model_of(a_block_of, normed), "The earlier notes may change places, and the model does not notice. Add the positions after the "
     "embedding."),
    ("RECURRENT", lstm, "There is a recurrent layer, {seen}, in the model. A transformer looks back by attention alone."),
    ("ACTIVATED", model_of(placed, a_block_of, normed, activation="softmax"), "None of the outputs is negative, so the last layer has an "
     "activation. The loss takes logits here: leave it out."),
    ("STUCK", model_of(placed, lambda width: keras.layers.Lambda(tf.stop_gradient), a_block_of), "No gradient reaches `{seen}`. Is there NumPy on the "
     "way, or a layer that is not used?"),
    ("LARGE", model_of(placed, a_block_of, a_block_of, a_block_of), "The comparison would not be fair: your transformer has {seen}. Take fewer "
     "blocks, or a smaller width."),
    ("SMALL", model_of(placed, a_block_of, width=32), "The comparison would not be fair: your transformer has {seen}. Take more blocks, or a larger "
     "width."),
    ("", model_of(placed, a_block_of, width=66), "The block cannot be made or called: can its heads share the numbers of a vector equally, and is its "
     "width that of the embedding?"),
    ("", too_early, "Keras cannot join these layers: one of them stops with what it gets. An input is a row of T tokens, the embedding makes "
     "vectors of them, and positions are added to vectors."),
    ("", frozen, require.FROZEN),
    ("", one_model, require.SAME_MODEL),
)
a_transformer = Exercise("14.6", "A transformer", right=of_keras, observe=listen, seconds=1.0, mistakes=mistakes_of_model, hints=[
    "An embedding turns tokens into vectors, as in the LSTM. Then positions, then a block, and at the end a Dense layer for the logits.",
    "`keras.layers.Lambda(add_positions)` makes a layer of your function. `Block(4, 64)` fits an embedding of 64 numbers.",
], also_right=[
    model_of(placed, a_block_of, normed), model_of(placed, a_block_of), model_of(placed, lambda width: KerasBlock(8, width), normed),
    model_of(placed, a_block_of, a_block_of, width=48),
])

# --- 14.7 -------------------------------------------------------------------------------------------------------------
def melodies(rng):
    """Batches to be heard note by note: other sizes, and as many examples as heads and columns of a head."""
    yield rng.normal(size=(1, 3, 4)).astype(np.float32), 2
    yield rng.normal(size=(2, 5, 6)).astype(np.float32), 3
    yield rng.normal(size=(2, 4, 4)).astype(np.float32), 2

def note_by_note(answer, X, heads):
    """The outputs for one note after the other, and the keys and the values that are kept at the end."""
    B, T, d = X.shape
    layer = with_weights(SelfAttention(heads), X.shape)
    cache, outputs = (tf.zeros((B, heads, 0, d // heads)),) * 2, []
    for t in range(T):
        output, cache = require.items(answer(layer, X[:, t:t + 1], cache), 2, "the output, and the cache as a pair")
        K, V = require.items(cache, 2, "the output, and the cache as a pair of keys and values")
        outputs.append(require.numbers(output, (B, 1, d), f"The output for a note, x of shape {(B, 1, d)}, has"))
        for name, kept in (("keys", K), ("values", V)):
            require.numbers(kept, (B, heads, t + 1, d // heads), f"After {t + 1} note{'s' * (t > 0)} the {name} in the cache have")
        cache = K, V
    return np.concatenate(outputs, axis=1), K, V

def all_again(layer, x, cache):
    """Everything from the start, by Keras: the cache says only whether this is the first note."""
    all_again.notes = X = np.concatenate([*([all_again.notes] if cache[0].shape[2] else []), x], axis=1)
    kept = [np.reshape(X @ weight.numpy(), (*X.shape[:2], layer.heads, -1)).transpose(0, 2, 1, 3) for weight in (layer.W_K, layer.W_V)]
    return keras_heads((*X.shape[:1], 1, X.shape[2]), layer.heads)(X)[:, -1:], tuple(kept)

def step(layer, x, cache):
    K, V = cache
    Q = layer.split(x @ layer.W_Q)
    K = tf.concat([K, layer.split(x @ layer.W_K)], axis=2)
    V = tf.concat([V, layer.split(x @ layer.W_V)], axis=2)
    found = attention(Q, K, V)
    return tf.concat(tf.unstack(found, axis=1), axis=-1) @ layer.W_O, (K, V)

remember = edits_of(step)
NEW_K, NEW_V = "tf.concat([K, layer.split(x @ layer.W_K)], axis=2)", "tf.concat([V, layer.split(x @ layer.W_V)], axis=2)"
the_cache = Exercise("14.7", "The cache", right=all_again, inputs=melodies, observe=note_by_note, seconds=1.0, atol=1e-4,
    outputs=("the outputs, note by note", "the keys in the cache", "the values in the cache"), mistakes=edited(step,
    (NEW_K, "layer.split(x @ layer.W_K)", NEW_V, "layer.split(x @ layer.W_V)", "The cache holds the newest note alone: what was in it is thrown away. "
     "The new key and value are put after the old ones."),
    (NEW_K, "layer.split(x @ layer.W_K)", "Keys and values that meet in the lookup are not equally many. The newest key goes after "
     "all old keys, the newest value after all old values, and the lookup takes them all."),
    (NEW_V, "layer.split(x @ layer.W_V)", "Two matrices in the lookup do not fit. Is the newest value put after the old ones, "
     "as the newest key is, and are the keys transposed where the query meets them?"),
    ("[K, layer.split(x @ layer.W_K)]", "[layer.split(x @ layer.W_K), K]", "[V, layer.split(x @ layer.W_V)]", "[layer.split(x @ layer.W_V), V]",
     "The newest key and value are put before the old ones. For attention the order is the same; the cache has the newest note at its end."),
    ("[K, layer.split(x @ layer.W_K)]", "[layer.split(x @ layer.W_K), K]", "The newest key comes first and the newest value last, so keys and values "
     "of different notes are paired."),
    ("layer.W_K)], axis=2", "layer.W_K)], axis=1", "The new key or value is put along another axis than that of the notes. The axes "
     "of the cache are batch, heads, notes, numbers: one more note makes it longer along the third."),
    (", (K, V)", ", cache", "The cache that comes back is the old one, so the next note does not know of this one. Return the longer one."),
    (", (K, V)", ", (V, K)", "Keys and values are exchanged in the cache that comes back."),
    (", (K, V)", ", K, V", "Return two things: the output, and the cache as a pair in brackets."),
    (" @ layer.W_O", "", "W_O is missing in the output: it mixes what the heads found."),
    ("x @ layer.W_K", "x @ layer.W_V", "The new key is made by W_V. Keys have a matrix of their own."),
    ("x @ layer.W_V", "x @ layer.W_K", "The new value is made by W_K. Values have a matrix of their own."),
    ("x @ layer.W_K", "x @ layer.W_X", "x @ layer.W_V", "x @ layer.W_K", "layer.W_X", "layer.W_V", "W_K and W_V are exchanged: W_K makes the new key, and W_V "
     "the new value."),
    ("x @ layer.W_K", "x", "x itself goes into the cache as a key. A key is x times its matrix."),
    ("x @ layer.W_V", "x", "x itself goes into the cache as a value. A value is x times its matrix."),
    ("x @ layer.W_K", "x @ layer.W_Q", "The new key is made by W_Q. Keys have a matrix of their own."),
    ("found = attention(Q, K, V)", "found = attention(Q, *cache) if cache[0].shape[2] else attention(Q, K, V)", "The newest note does not see itself: "
     "the lookup uses the old cache. Put the new key and value in first."),
    ("found = attention(Q, K, V)", "found = attention(K, Q, V)", "Queries and keys are exchanged in the lookup."),
    ("found = attention(Q, K, V)", "found = attention(Q, V, K)", "Keys and values are exchanged in the lookup."),
    ("tf.concat(tf.unstack(found, axis=1), axis=-1) @ layer.W_O", "layer(x)", "The layer sees the newest note alone, without what is in the cache. "
     "Look its query up among all keys that are kept."),
    (NEW_K, "tf.concat([K, layer.split(x @ layer.W_K), layer.split(x @ layer.W_K)], axis=2)", NEW_V,
     "tf.concat([V, layer.split(x @ layer.W_V), layer.split(x @ layer.W_V)], axis=2)", "Each note enters the cache twice. One key and one value are "
     "enough."),
), hints=[
    "The newest note has a key and a value, made as in the layer: x times a matrix, split into heads.",
    "`tf.concat([old, new], axis=2)` puts the new one after the old ones: the axes are batch, heads, notes, numbers.",
    "One query looks among all keys: `attention` needs no mask, since there is no future yet.",
], also_right=[
    step, remember("attention(Q, K, V)", "causal_weights(Q, K) @ V"), remember(", (K, V)", ", [K.numpy(), V.numpy()]"),
    remember(NEW_K, "np.concatenate([K, layer.split(x @ layer.W_K)], axis=-2)", "tf.concat(tf.unstack(found, axis=1), axis=-1)",
             "tf.reshape(found, x.shape)"),
], equivalent={"return (tf.concat(tf.unstack(found, axis=1), axis=--2) @ layer.W_O, (K, V))": LAST_OF_THREE})

EXERCISES = [soft_lookup, causal_mask, self_attention, positions, a_block, a_transformer, the_cache]
