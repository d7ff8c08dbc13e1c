"""Exercises of lab 2: a layer of perceptrons in loops and as a product, as a Keras layer, its parameters and first weights."""

import json
import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from utils import diagnosis
from utils.advice import Advice
from utils.checking import Exercise, Mistake

# --- 2.1 --------------------------------------------------------------------------------------------------------------


def layers(rng):
    """The weights and biases of the example in the text; of a square layer; of one unit; of five."""
    yield np.array([[1, 0, -1], [2, 1, 0]], np.float32), np.array([0.5, 0, 1], np.float32)
    for m, d in [(3, 3), (3, 1), (4, 5)]:
        yield rng.normal(size=(m, d)).astype(np.float32), rng.normal(size=d).astype(np.float32)


def one_example(rng):
    for i, (W, b) in enumerate(layers(rng)):
        x = rng.normal(size=len(W)).astype(np.float32)
        yield (np.array([1, 2], np.float32) if i == 0 else x), W, b


def batches(rng):
    for n, (W, b) in zip((2, 3, 4, 1), layers(rng), strict=True):
        X = rng.normal(size=(n, len(W))).astype(np.float32)
        yield (np.array([[1, 2], [0, -1]], np.float32) if n == 2 else X), W, b


one_layer_two_ways = Exercise(
    "2.1", "One layer, two ways",
    parts=("dense_loops", "dense"),
    right=(lambda x, W, b: np.einsum("j,ji->i", x, W) + b, lambda X, W, b: keras.ops.matmul(X, W) + b),
    inputs=(one_example, batches),
    mistakes=[
        Mistake(lambda x, W, b: x @ W, "The biases are missing. Each perceptron begins its sum with its own b[i].", "dense_loops"),
        Mistake(lambda x, W, b: np.asarray(b), "These are the biases alone: the inner loop adds nothing to them.", "dense_loops"),
        Mistake(lambda x, W, b: x @ W + b * len(x), "The bias is added once for each input. It belongs before the inner loop, once for each "
                "perceptron.", "dense_loops"),
        Mistake(lambda x, W, b: b + len(x) * (x @ W), "The whole dot product is added once for each input. The inner loop adds one product "
                "at a time.", "dense_loops"),
        Mistake(lambda x, W, b: np.full(len(b), x @ W[:, 0]) + b, "Every perceptron uses the weights of the first. Let the column of W "
                "follow i.", "dense_loops"),
        Mistake(lambda x, W, b: np.append(x @ W[:, 0] + b[0], np.zeros(len(b) - 1)), "Only the first perceptron has a value: is the `return` inside the loop?",
                "dense_loops"),
        Mistake(lambda x, W, b: x[-1] * W[-1] + b, "Only the last input counts: `=` writes over what the loop had before, and `+=` adds "
                "to it.", "dense_loops"),
        Mistake(lambda x, W, b: x[-1] * W[-1], "Only the last input counts, and no bias: `=` writes over what z[i] had before, and `+=` "
                "adds to it.", "dense_loops"),
        Mistake(lambda x, W, b: x[0] * W.sum(axis=0) + b, "Every weight is multiplied by the first input. Let the index of x follow j.",
                "dense_loops"),
        Mistake(lambda x, W, b: W.sum(axis=0) + b, "The inputs are not used: each weight is to be multiplied by its input.", "dense_loops"),
        Mistake(lambda x, W, b: x.sum() + b, "The weights are not used: each input is to be multiplied by its weight.", "dense_loops"),
        Mistake(lambda x, W, b: b - x @ W, "The products are subtracted here; the sum adds them.", "dense_loops"),
        Mistake(lambda x, W, b: x.sum() + W.sum(axis=0) + b, "Inputs and weights are added. Each input is multiplied by its weight.",
                "dense_loops"),
        Mistake(lambda x, W, b: x @ W + b[0], "Every perceptron has the bias of the first. Let the index of b follow i.", "dense_loops"),
        Mistake(lambda x, W, b: [b[i] + sum(x[j] * W[i, j] for j in range(len(x))) for i in range(len(b))],
                "The indices of W are exchanged: rows are inputs and columns are perceptrons, so that the input comes first.",
                "dense_loops"),
        Mistake(lambda x, W, b: keras.ops.sigmoid(x @ W + b), "This is after an activation. What is due here is z, before it.", "dense_loops"),

        Mistake(lambda X, W, b: X @ W, "The biases are missing. b is added to every row of the product.", "dense"),
        Mistake(lambda X, W, b: X @ W - b, "The biases are subtracted; they are added.", "dense"),
        Mistake(lambda X, W, b: W.T @ X.T + b[:, None], "The result is transposed: examples belong in the rows, perceptrons in the columns.",
                "dense"),
        Mistake(lambda X, W, b: (X @ W + b).sum(axis=0), "This adds up the examples of the batch. Each of them keeps a row of its own.",
                "dense"),
        Mistake(lambda X, W, b: (X @ W + b).mean(axis=0), "This averages the examples of the batch. Each of them keeps a row of its own.",
                "dense"),
        Mistake(lambda X, W, b: X[0] @ W + b, "Only the first example comes out. The product takes the whole batch.", "dense"),
        Mistake(lambda X, W, b: W @ X + b, "The matrices stand in the wrong order for their shapes: (n, m) comes before (m, d), so that the "
                "two m meet.", "dense"),
        Mistake(lambda X, W, b: X * W + b, "`*` multiplies element by element, and the shapes do not fit for that. The matrix product is "
                "`@`.", "dense"),
        Mistake(lambda X, W, b: X @ (W + b), "b is added to W before the product, so each input multiplies it. It is added after the "
                "product.", "dense"),
        Mistake(lambda X, W, b: X @ W.T + b, "W is transposed, and then its shape does not fit: as it is, its rows are the inputs.", "dense"),
        Mistake(lambda X, W, b: keras.ops.sigmoid(X @ W + b), "This is after an activation. What is due here is Z, before it.", "dense"),
    ],
    hints=[
        "The outer loop goes over the perceptrons, the inner one over the inputs of one perceptron. What does perceptron i need? Its "
        "bias, once, and its column of W.",
        "In the inner loop, x and W both depend on j, and W on i as well: rows are inputs, columns are perceptrons.",
        "The matrix product `@` does both loops, for every row of the batch; b is added to each row by broadcasting.",
    ],
    also_right=[
        (lambda x, W, b: [sum(x * W[:, i]) + b[i] for i in range(len(b))], lambda X, W, b: np.dot(X, W) + b),
        (lambda x, W, b: tf.linalg.matvec(W, x, transpose_a=True) + b, lambda X, W, b: tf.add(tf.matmul(X, W), b)),
        (lambda x, W, b: keras.ops.sum(x[:, None] * W, axis=0) + b, lambda X, W, b: [[float(x @ w) for w in W.T] + b for x in X]),
        (lambda x, W, b: np.float64(x) @ W + b, lambda X, W, b: (X[:, :, None] * W).sum(axis=1) + b),
    ],
    equivalent={"for j in range(len(W)):\n    z[i] += x[j] * W[j, i]": "W has a row for each input, so it is as long as x"},
)

# --- 2.2 --------------------------------------------------------------------------------------------------------------


def uses(rng):
    """A batch, and the units and the activation of a layer for it; no two numbers of a shape are equal."""
    yield rng.normal(size=(5, 2)).astype(np.float32), 3, "sigmoid"
    yield rng.normal(size=(2, 3)).astype(np.float32), 4, "relu"
    yield rng.normal(size=(4, 5)).astype(np.float32), 2, None
    yield rng.normal(size=(6, 3)).astype(np.float32), 7, keras.activations.tanh


def put_to_work(layer_class, X, units, activation):
    """
    What a layer makes of a batch, of one example, and of the batch inside Sequential, as Keras would use it.

    A text instead where Keras cannot use it: the weights are made at the wrong moment, have the wrong shapes, ….
    """
    layer = layer_class(units, activation=activation)
    if layer.weights:
        return "weights in __init__"
    layer.build(X.shape)
    if fault := _fault_of_weights(layer, X, units):
        return fault
    W, b = _kernel_and_bias(layer, X.shape[1], units)
    W.assign(np.linspace(-1, 1, W.numpy().size).reshape(W.shape) ** 3)
    b.assign(np.linspace(0.5, -0.3, units).reshape(b.shape))
    _output(layer, X)
    if fault := _fault_of_gradient(layer, X, W, b) or _fault_of_options(layer_class, X, units, activation):
        return fault
    inside = layer_class(units, activation=activation)
    model = keras.Sequential([keras.Input(X.shape[1:]), inside])
    model.set_weights(layer.get_weights())
    return layer(X), layer(X[:1]), model(X)


def _fault_of_weights(layer, X, units):
    if not layer.weights:
        if any(isinstance(item, tf.Variable) for item in vars(layer).values()):
            return "variables that Keras does not see"
        first, second = _output(layer, X), _output(layer, X)
        if layer.weights:
            return "weights of another layer"
        return "no weights" if np.allclose(first, second) else "new weights at each call"
    m, shapes = X.shape[1], [tuple(w.shape) for w in layer.weights]
    wrong_shapes = f"weights of shape {' and '.join(map(str, shapes))}"
    W, b = _kernel_and_bias(layer, m, units)
    if W is None:
        return "W transposed" if (units, m) in shapes else wrong_shapes
    if len(shapes) == 1:
        return "no bias"
    if b is None:
        return "a bias for each example" if (len(X), units) in shapes else wrong_shapes
    if len(layer.trainable_weights) < 2:
        return "not trainable"
    if np.any(np.ptp(W.numpy(), axis=1) == 0):
        return "equal weights"
    return "bias not zero" if np.any(b.numpy() != 0) else None


def _output(layer, X):
    """What the layer gives; Advice where that holds no numbers."""
    output = layer(X)
    if unfit := diagnosis.unfit(output):
        raise Advice(unfit)
    return output


def _kernel_and_bias(layer, m, units):
    """The weights of shape (m, units) and those of shape (units,) or (1, units); None for what is missing."""
    W = next((w for w in layer.weights if tuple(w.shape) == (m, units)), None)
    b = next((w for w in layer.weights if w is not W and tuple(w.shape) in [(units,), (1, units)]), None)
    return W, b


def _fault_of_gradient(layer, X, W, b):
    if np.allclose(layer(X), layer(-X)):  # the first bias is positive, so that ReLU is flat for one of the two at most
        return "the same output for every input"
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(layer(X)))
    gradient_of_W, gradient_of_b = tape.gradient(loss, [W.value, b.value])
    if gradient_of_W is None:
        return "no gradient"
    return "bias not used" if gradient_of_b is None else None


def _fault_of_options(layer_class, X, units, activation):
    if layer_class(units, activation=activation, name="given").name != "given":
        return "options lost"
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        half = layer_class(units, activation=activation)
        return None if half(X).dtype == tf.float16 else "float32 whatever Keras asks for"
    except (TypeError, ValueError, tf.errors.OpError):
        return "float32 whatever Keras asks for"
    finally:
        keras.mixed_precision.set_dtype_policy(before)


class Layer(keras.layers.Layer):
    """What the mistakes below start from; each changes one method."""

    def __init__(self, units, activation=None, **options):
        super().__init__(**options)
        self.units, self.activation = units, keras.activations.get(activation)

    def build(self, input_shape):
        """Make the weights."""
        self.W = self.add_weight(shape=(input_shape[-1], self.units))
        self.b = self.add_weight(shape=(self.units,), initializer="zeros")

    def call(self, X):
        """The output for a batch."""
        return self.activation(self.z(X))

    def z(self, X):
        """The output before the activation."""
        return tf.matmul(X, self.W) + self.b


def layer_with(base=Layer, **methods):
    """A layer class with some methods changed."""
    return type("MyDenseLayer", (base,), methods)


def weights(layer, *shapes, trainable=True, W="glorot_uniform", b="zeros"):
    """Make W, and b where there is a second shape."""
    layer.W = layer.add_weight(shape=shapes[0], initializer=W, trainable=trainable)
    layer.b = layer.add_weight(shape=shapes[1], initializer=b, trainable=trainable) if shapes[1:] else 0.0


def weights_in_init(self, units, activation=None, **options):
    Layer.__init__(self, units, activation, **options)
    weights(self, (2, units), (units,))


def without_super(self, units, activation=None, **options):
    self.units, self.activation = units, keras.activations.get(activation)


def without_options(self, units, activation=None, **options):
    Layer.__init__(self, units, activation)


def activation_as_it_came(self, units, activation=None, **options):
    Layer.__init__(self, units, **options)
    self.activation = activation


def dense_inside(self, units, activation=None, **options):
    keras.layers.Layer.__init__(self, **options)
    self.dense = keras.layers.Dense(units, activation=activation)


def bias_first(self, input_shape):
    self.bias = self.add_weight(shape=[self.units], initializer="zeros", name="bias")
    self.kernel = self.add_weight(shape=[input_shape[-1], self.units], initializer=keras.initializers.RandomNormal())


def weights_in_call(self, X):
    if not self.weights:
        weights(self, (X.shape[-1], self.units), (self.units,))
    return self.activation(self.z(X))


def variables_in_build(self, input_shape):
    self.W = tf.Variable(tf.random.normal((input_shape[-1], self.units)))
    self.b = tf.Variable(tf.zeros(self.units))


def variables_in_call(self, X):
    return self.activation(tf.matmul(X, tf.Variable(tf.random.normal((X.shape[-1], self.units)))))


def by_numpy(self, X):
    return self.activation(np.matmul(np.array(X), np.array(self.W)) + np.array(self.b))


def when(text):
    """Recognize a text that put_to_work gives, by how it begins."""
    return lambda seen: isinstance(seen, str) and seen.startswith(text)


def nothing(self, *given):
    """A method that is left out."""


my_dense_layer = Exercise(
    "2.2", "MyDenseLayer",
    right=keras.layers.Dense,
    inputs=uses,
    observe=put_to_work,
    seconds=1.0,
    outputs=("its output", "its output for a batch of one", "its output inside Sequential"),
    mistakes=[
        Mistake(layer_with(__init__=weights_in_init, build=nothing), "The weights are made in `__init__`, before the layer knows how many "
                "inputs it will get. Make them in `build`.", when=when("weights in __init__")),
        Mistake(layer_with(build=nothing, call=weights_in_call), "The weights are made in `call`. Keras calls `build` once, before the "
                "first `call`, and looks for them there."),
        Mistake(layer_with(build=variables_in_build), "The weights are `tf.Variable`s, which Keras 3 does not see: it would neither train "
                "nor save them. `self.add_weight` makes them and tells Keras.", when=when("variables that Keras")),
        Mistake(layer_with(build=nothing, call=variables_in_call), "New weights are made at each call, so the layer forgets what it learns. "
                "Make them once, in `build`, and keep them as `self.W` and `self.b`.", when=when("new weights")),
        Mistake(layer_with(build=nothing, call=lambda self, X: self.activation(tf.cast(X[:, :1], tf.float32) + tf.zeros(self.units))),
                "The layer has no weights. `self.add_weight`, in `build`, makes them.", when=when("no weights")),
        Mistake(layer_with(base=keras.layers.Layer, __init__=dense_inside, call=lambda self, X: self.dense(X)), "Another layer does the work "
                "here, with weights of its own. Make W and b in `build`, by `self.add_weight`, and compute with them.",
                when=when("weights of another layer")),
        Mistake(layer_with(build=lambda self, shape: weights(self, (self.units, shape[-1]), (self.units,)),
                           call=lambda self, X: self.activation(tf.matmul(X, self.W, transpose_b=True) + self.b)),
                "W is transposed: it has a row for each unit. Its shape is inputs first, then units, as in the product XW.",
                when=when("W transposed")),
        Mistake(layer_with(build=lambda self, shape: weights(self, (shape[-1], self.units))), "Keras finds one weight in the layer, and no bias. Make "
                "a second one in `build` by `self.add_weight`, one number for each unit.", when=when("no bias")),
        Mistake(layer_with(build=lambda self, shape: weights(self, (shape[-1], self.units), (shape[0], self.units))), "There is a bias for "
                "each example of the batch. A unit has one, whatever the batch: the shape of b does not know n.",
                when=when("a bias for each example")),
        Mistake(layer_with(build=lambda self, shape: weights(self, (shape[-1], self.units), (shape[-1],))), "`self.add_weight` makes {seen}. "
                "W needs a row for each input and a column for each unit, b a number for each unit.", when=when("weights of shape")),
        Mistake(layer_with(build=lambda self, shape: weights(self, (shape[-1], self.units), (self.units,), trainable=False)),
                "Some weights are made with `trainable=False`: training would leave them as they are.", when=when("not trainable")),
        Mistake(layer_with(build=lambda self, shape: weights(self, (shape[-1], self.units), (self.units,), W="zeros")),
                "The weights W of different units start out equal, so that the units do the same. W must start at random.",
                when=when("equal weights")),
        Mistake(layer_with(build=lambda self, shape: weights(self, (shape[-1], self.units), (self.units,), b="glorot_uniform")),
                "The bias does not start at zero: `add_weight` takes an `initializer`.", when=when("bias not zero")),
        Mistake(layer_with(z=lambda self, X: 0 * tf.matmul(X, self.W) + self.b), "The output is the same whatever comes in. Compute it from "
                "X, not from the numbers of an example.", when=when("the same output")),
        Mistake(layer_with(call=by_numpy), "No gradient reaches W, so it would never learn: W is not used, or NumPy comes between. Use `self.W` as it is, "
                "with `@` or functions of `keras.ops`.",
                when=when("no gradient")),
        Mistake(layer_with(__init__=without_options), "A name given to the layer is lost. Pass `**options` on: "
                "`super().__init__(**options)`, as the cell had it.", when=when("options lost")),
        Mistake(layer_with(z=lambda self, X: tf.cast(X, tf.float32) @ tf.cast(self.W, tf.float32) + tf.cast(self.b, tf.float32)),
                "The layer computes in float32 also where Keras asks for another dtype, as in mixed precision. Take X, `self.W` and "
                "`self.b` as they come: Keras has converted them.", when=when("float32 whatever")),

        Mistake(layer_with(z=lambda self, X: tf.matmul(X, self.W)), "The bias is made in `build` and not used in `call`: add it to the "
                "product.", when=when("bias not used")),
        Mistake(layer_with(z=lambda self, X: tf.matmul(X, self.W) - self.b), "The bias is subtracted; it is added."),
        Mistake(layer_with(call=lambda self, X: self.z(X)), "The activation is missing: this is z. Apply `self.activation` to it."),
        Mistake(layer_with(call=lambda self, X: self.activation(self.activation(self.z(X)))), "The activation is applied twice."),
        Mistake(layer_with(call=lambda self, X: tf.sigmoid(self.z(X))), "The activation is always the sigmoid. The layer is told which one "
                "it should be: `self.activation`."),
        Mistake(layer_with(call=lambda self, X: tf.nn.relu(self.z(X))), "The activation is always ReLU. The layer is told which one "
                "it should be: `self.activation`."),
        Mistake(layer_with(call=lambda self, X: self.activation(tf.matmul(X, self.W)) + self.b), "The bias is added after the activation. "
                "It belongs to z, inside."),
        Mistake(layer_with(z=lambda self, X: tf.matmul(X, self.W + self.b)), "b is added to W before the product, so that each input "
                "multiplies it. It is added after the product."),
        Mistake(layer_with(call=lambda self, X: tf.reduce_sum(self.activation(self.z(X)), axis=0)), "This adds up the examples of the batch. "
                "Each of them keeps a row of its own."),
        Mistake(layer_with(__init__=without_super), "`super().__init__(**options)` is missing in `__init__`: without it Keras cannot keep "
                "track of the layer's weights."),
        Mistake(layer_with(__init__=activation_as_it_came), "The activation is kept as it came in, and a name such as \"relu\" is no "
                "function. `keras.activations.get` turns it into one."),
        Mistake(layer_with(z=lambda self, X: self.W @ X + self.b), "The matrices stand in the wrong order for their shapes: X, (n, m), comes before W, (m, d), so "
                "that the two m meet."),
        Mistake(layer_with(build=lambda self, shape: weights(self, (shape[-1], self.units), (self.units))), "A shape is a tuple, and `(self.units)` is a "
                "number in brackets: a tuple of one number has a comma in it."),
        Mistake(layer_with(build=lambda self, shape: self.add_weight(shape[-1], self.units)), "`add_weight` takes the shape as one tuple, its first argument: two numbers "
                "in brackets of their own."),
        Mistake(layer_with(z=lambda self, X: X * self.W + self.b), "`*` multiplies element by element, and the shapes do not fit for that. "
                "The matrix product is `keras.ops.matmul` or `@`."),
    ],
    hints=[
        "`build` gets the shape of the input, (n, m). W needs m rows; how many columns? b is one number for each unit.",
        "`self.add_weight(shape=(…, …))` gives a weight that Keras trains. For b, `initializer=\"zeros\"`.",
        "z is the matrix product of X and self.W, plus self.b. What is returned is self.activation of z.",
    ],
    also_right=[
        layer_with(z=lambda self, X: keras.ops.einsum("ni,ij->nj", X, self.W) + self.b),
        layer_with(build=lambda self, shape: weights(self, (shape[-1], self.units), (1, self.units), W="he_normal"),
                   z=lambda self, X: self.b + X @ self.W),
        layer_with(build=bias_first, z=lambda self, X: tf.nn.bias_add(tf.matmul(X, self.kernel), self.bias)),
        layer_with(base=keras.layers.Dense),
    ],
    equivalent={"m = input_shape[1]": "a batch of examples has two axes; for more, the docstring promises nothing"},
)

# --- 2.3 --------------------------------------------------------------------------------------------------------------


def sizes(rng):
    """The layer of the text, the smallest one, and others."""
    yield 2, 3
    yield 1, 1
    yield 784, 128
    yield int(rng.integers(3, 50)), int(rng.integers(51, 99))


def counted_by_keras(m, d):
    layer = keras.layers.Dense(d)
    layer.build((None, m))
    return layer.count_params()


count = Exercise(
    "2.3", "Count the parameters",
    right=counted_by_keras,
    inputs=sizes,
    mistakes=[
        Mistake(lambda m, d: m * d, "These are the weights; each unit has a bias as well."),
        Mistake(lambda m, d: m * d + 1, "There is one bias for the whole layer here. Each unit has its own."),
        Mistake(lambda m, d: m * d + m, "There is a bias for each input here. It is the units that have one."),
        Mistake(lambda m, d: m * d + m + d, "The inputs have no parameters of their own: only weights and the units' biases count."),
        Mistake(lambda m, d: m + d, "Every input is joined to every unit: count one weight for each pair, then the biases."),
        Mistake(lambda m, d: (m + d) * d, "This counts weights between the units of the layer. They are joined to the inputs only, and to "
                "a bias each."),
        Mistake(lambda m, d: (m + 1) * (d + 1), "The output side has no unit for a bias: one is added to the inputs only."),
        Mistake(lambda m, d: d, "These are the biases; the weights are missing."),
        Mistake(lambda m, d: m**d + d, "`**` is a power. Each of the m inputs is joined to each of the d units: multiply."),
        Mistake(lambda m, d: 2 * m * d, "A bias belongs to a unit, not to each of its weights."),
    ],
    hints=[
        "Draw two inputs and three units. How many lines join them? What else does each unit have?",
        "One weight for each pair of an input and a unit, and one bias for each unit.",
    ],
    also_right=[lambda m, d: (m + 1) * d, lambda m, d: np.ones((m + 1, d)).size, lambda m, d: sum(m + 1 for _ in range(d))],
)

# --- 2.4 --------------------------------------------------------------------------------------------------------------


def networks(rng):
    """The sizes of networks with one hidden layer, and data for one step of training."""
    for m, d in [(2, 4), (3, 5), (2, 6)]:
        X = rng.normal(size=(20, m)).astype(np.float32)
        yield m, d, X, (X.sum(axis=1, keepdims=True) > 0.3).astype(np.float32)


def nearest_columns(first_weights, m, d, X, y):
    """
    The distance of the two most similar units of a hidden layer, before and after one step of gradient descent.

    The network m-d-1 (tanh, sigmoid, binary cross entropy) starts with first_weights(m, d) and first_weights(d, 1). A text instead
    where those are no weights to start with.
    """
    W = tf.Variable(_as_weights(first_weights(m, d), (m, d)))
    v = _as_weights(first_weights(d, 1), (d, 1))
    with tf.GradientTape() as tape:
        z = tf.tanh(X @ W) @ v
        loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, z))
    gradient = tape.gradient(loss, W).numpy()
    before, after = W.numpy(), W.numpy() - 0.5 * gradient
    if np.max(np.abs(before)) > 10:
        return f"as large as {np.max(np.abs(before)):.3g}"
    nearest = float(min(np.max(np.abs(W[:, i] - W[:, j])) for W in (before, after) for i in range(d) for j in range(i)))
    if nearest < 1e-6:
        if np.ptp(before, axis=1).max() == 0:
            return "all zero" if not before.any() else "all equal" if np.ptp(before) == 0 else "no two different"
        return "two equal"
    return nearest


def _as_weights(weights, shape):
    if unfit := diagnosis.unfit(weights):
        raise Advice(unfit)
    try:
        array = diagnosis.to_array(weights).astype(np.float32)
    except (TypeError, ValueError):
        raise Advice("It gives no array of numbers.") from None
    if array.shape != shape:
        raise Advice(f"For m = {shape[0]} and d = {shape[1]} it gives weights of shape {array.shape}, and shape {shape} is due.")
    if not np.all(np.isfinite(array)):
        raise Advice("Some of the weights are infinite or nan.")
    return array


break_the_symmetry = Exercise(
    "2.4", "Break the symmetry",
    right=lambda m, d: keras.initializers.GlorotNormal()((m, d)),
    inputs=networks,
    observe=nearest_columns,
    accept=lambda seen: not isinstance(seen, str) and seen > 1e-6,
    mistakes=[
        Mistake(lambda m, d: tf.zeros((m, d)), "All weights are 0: every unit computes the same, gets the same correction, and stays like the "
                "others.", when=when("all zero")),
        Mistake(lambda m, d: np.full((m, d), 0.5), "All weights are equal. It does not matter that they are not 0: units that start equal "
                "stay equal.", when=when("all equal")),
        Mistake(np.eye, "At least two columns are equal: two units that do the same. Every unit needs numbers of its own, in every row.",
                when=when("two equal")),
        Mistake(lambda m, d: np.linspace(-1, 1, m)[:, None] * np.ones(d), "Every column is the same as the others: the numbers differ between the inputs, and they should between "
                "the units.", when=when("no two different")),
        Mistake(lambda m, d: np.linspace(-50, 50, m * d).reshape(m, d), "The weights are {seen}, too large: the units begin far out, where "
                "activations are flat and learn nothing. None should be beyond 10.", when=when("as large")),
    ],
    hints=[
        "Each column is a unit. What makes two columns different, whatever m and d are?",
        "Random numbers do. `keras.random.normal(shape)` draws some; its argument `stddev` makes them smaller.",
    ],
    also_right=[
        lambda m, d: np.random.default_rng().uniform(-0.5, 0.5, (m, d)),
        lambda m, d: tf.random.normal((m, d), stddev=0.1),
        lambda m, d: np.linspace(-1, 1, m * d).reshape(m, d),
        lambda m, d: [[0.1 * np.sin(3 + i + 2.7 * j) for j in range(d)] for i in range(m)],
    ],
    equivalent={
        "return keras.random.normal((m, d), stddev=1.5)": "larger, and still different",
        "return keras.random.normal((m, d), stddev=-1.5)": "the sign of a normal number does not matter",
        "return keras.random.normal((m, d))": "larger, and still different",
    },
)

# --- 2.5 --------------------------------------------------------------------------------------------------------------


def saved_uses(rng):
    """An activation as a name, as a function, and none."""
    yield rng.normal(size=(5, 2)).astype(np.float32), 3, "relu"
    yield rng.normal(size=(4, 3)).astype(np.float32), 2, keras.activations.tanh
    yield rng.normal(size=(4, 3)).astype(np.float32), 1, None


def save_and_load(layer_class, X, units, activation):
    """What a layer makes of X after a model with it was saved and loaded; a text where its config is not fit for that."""
    if layer_class.get_config is keras.layers.Layer.get_config:
        return "no get_config"
    layer = layer_class(units, activation=activation, name="given")
    config = layer.get_config()
    if fault := _fault_of_config(config):
        return fault
    model = keras.Sequential([keras.Input(X.shape[1:]), layer])
    rng = np.random.default_rng(25)
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        try:
            loaded = keras.saving.load_model(path, custom_objects={layer_class.__name__: layer_class})
        except Exception:
            if "units" not in config:
                return "units lost"
            raise Advice("The model was saved, and Keras cannot load it. Compare what `get_config` gives with what `__init__` takes.") from None
    return loaded(X)


def _fault_of_config(config):
    if not isinstance(config, dict):
        return "nothing" if config is None else "no dictionary"
    if "name" not in config:
        return "name lost"
    try:
        json.dumps(config)
    except TypeError:
        return "no plain data"
    return None


def saved_with(**entries):
    """A layer whose config has these entries, each a function of the layer."""
    return layer_with(get_config=lambda self: keras.layers.Layer.get_config(self) | {k: f(self) for k, f in entries.items()})


def units_of(self):
    return self.units


def name_of_activation(self):
    return keras.activations.serialize(self.activation)


survive = Exercise(
    "2.5", "Survive being saved",
    right=keras.layers.Dense,
    inputs=saved_uses,
    observe=save_and_load,
    seconds=1.0,
    mistakes=[
        Mistake(saved_with(activation=name_of_activation), "The units are lost: `__init__` needs them when the layer is made again, so the "
                "dictionary must have them.", when=when("units lost")),
        Mistake(saved_with(units=units_of), "The activation is lost: the loaded layer has none. The dictionary must have it, as a name."),
        Mistake(saved_with(units=units_of, activation=lambda self: self.activation), "The dictionary holds a function, and a file cannot. "
                "`keras.activations.serialize` turns it into plain data.", when=when("no plain data")),
        Mistake(layer_with(get_config=lambda self: {"units": self.units, "activation": name_of_activation(self)}),
                "The name and the dtype of the layer are lost. Start with what `super().get_config()` knows, and add to it.",
                when=when("name lost")),
        Mistake(Layer, "The class has no `get_config` of its own. Keras guesses one, and cannot where an argument is a function.",
                when=when("no get_config")),
        Mistake(layer_with(get_config=nothing), "`get_config` returns nothing: end it with `return config`.", when=when("nothing")),
        Mistake(layer_with(get_config=lambda self: [self.units, name_of_activation(self)]), "`get_config` should return a dictionary, with "
                "the arguments of `__init__` by name.", when=when("no dictionary")),
        Mistake(saved_with(units=units_of, activation=lambda self: "relu"), "The activation is always ReLU in the dictionary. Take it from "
                "the layer."),
        Mistake(saved_with(units=lambda self: 3, activation=name_of_activation), "The number of units is 3 in the dictionary, whatever the layer has. Take "
                "it from the layer."),
    ],
    hints=[
        "`config` is a dictionary already. It needs one entry for each argument of `__init__` that is your own.",
        "`config[\"units\"] = …` is a number that the layer has kept. The other entry is a function, and must become its name.",
        "`keras.activations.serialize(…)` gives the name; the function is in self.activation.",
    ],
    also_right=[
        saved_with(units=units_of, activation=lambda self: self.activation.__name__),
        layer_with(get_config=lambda self: {**Layer.get_config(self), "units": int(self.units),
                                            "activation": keras.activations.serialize(self.activation)}),
    ],
)

EXERCISES = [one_layer_two_ways, my_dense_layer, count, break_the_symmetry, survive]
