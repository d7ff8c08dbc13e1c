"""Exercises of lab 2: a layer of perceptrons in loops and as a product, as a Keras layer, its parameters and initial weights."""

import json
import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from utils.advice import Advice
from utils.checking import FINE, Exercise, Mistake, Part, edited, edits_of, findings_of, require


def batches(rng):
    """The batch and the layer of the text; then a square layer, one of one unit, one of five."""
    yield np.array([[1, 2], [0, -1]], np.float32), np.array([[1, 0, -1], [2, 1, 0]], np.float32), np.array([0.5, 0, 1], np.float32)
    for shapes in [(3, 3), (3, 3), 3], [(4, 3), (3, 1), 1], [(1, 4), (4, 5), 5]:
        yield tuple(rng.normal(size=shape).astype(np.float32) for shape in shapes)

def dense_loops(x, W, b):
    z = np.zeros(len(b))
    for i in range(len(b)):
        z[i] = b[i]
        for j in range(len(x)):
            z[i] += x[j] * W[j, i]
    return z


one_layer_two_ways = Exercise("2.1", "One layer, two ways", parts=[
    Part("dense_loops", right=lambda x, W, b: np.einsum("j,ji", x, W) + b, inputs=lambda rng: [(X[0], W, b) for X, W, b in batches(rng)],
         mistakes=edited(dense_loops,
        ("z[i] = b[i]", "z[i] = 0", "The biases are missing. Each perceptron begins its sum with its own b[i]."),
        ("z[i] += x[j] * W[j, i]", "pass", "These are the biases alone: the inner loop adds nothing to them."),
        ("z[i] = b[i]", "pass", "+=", "+= b[i] +", "The bias is added for each input. Add it once, before the inner loop."),
        ("x[j] * W[j, i]", "x @ W[:, i]", "Each step of the inner loop adds the whole dot product. It should add one product."),
        ("W[j, i]", "W[j, 0]", "Every perceptron uses the weights of the first. Let the column of W follow i."),
        ("    return z", "        return z", "Only the first perceptron has a value: is the `return` inside the loop?"),
        ("+=", "= b[i] +", "Only the last input counts: `=` writes over what the loop had before, and `+=` adds to it."),
        ("+=", "=", "Only the last input counts, and no bias: `=` writes over what z[i] had before, and `+=` adds to it."),
        ("x[j]", "x[0]", "Every weight is multiplied by the first input. Let the index of x follow j."),
        ("x[j] * ", "", "The inputs are not used: multiply each weight by its input."),
        (" * W[j, i]", "", "The weights are not used: multiply each input by its weight."),
        ("+=", "-=", "The products are subtracted here; the sum adds them."),
        ("*", "+", "Inputs and weights are added. Each input is multiplied by its weight."),
        ("= b[i]", "= b[0]", "Every perceptron has the bias of the first. Let the index of b follow i."),
        ("W[j, i]", "W[i, j]", "The indices of W are exchanged: rows are inputs, columns are perceptrons, so the input comes first."),
        ("return z", "return keras.ops.sigmoid(z)", "An activation was applied. Return z, which comes before it."),
    ), also_right=[
        dense_loops, lambda x, W, b: [sum(x * W[:, i]) + b[i] for i in range(len(b))], lambda x, W, b: np.float64(x) @ W + b,
        lambda x, W, b: tf.linalg.matvec(W, x, transpose_a=True) + b, lambda x, W, b: keras.ops.sum(x[:, None] * W, axis=0) + b,
    ]),
    Part("dense", right=lambda X, W, b: keras.ops.matmul(X, W) + b, inputs=batches, mistakes=[
        Mistake(lambda X, W, b: X @ W, "The biases are missing. b is added to every row of the product."),
        Mistake(lambda X, W, b: X @ W - b, "The biases are subtracted; they are added."),
        Mistake(lambda X, W, b: W.T @ X.T + b[:, None], "The result is transposed: examples belong in the rows, perceptrons in the columns."),
        Mistake(lambda X, W, b: (X @ W + b).sum(axis=0), "This adds up the examples of the batch. Each of them keeps a row of its own."),
        Mistake(lambda X, W, b: (X @ W + b).mean(axis=0), "This averages the examples of the batch. Each of them keeps a row of its own."),
        Mistake(lambda X, W, b: X[0] @ W + b, "Only the first example comes out. The product takes the whole batch."),
        Mistake(lambda X, W, b: W @ X + b, "The matrices are in the wrong order: (n, m) comes before (m, d), so that the two m meet."),
        Mistake(lambda X, W, b: X * W + b, "`*` multiplies element by element, which these shapes do not allow. The matrix product is `@`."),
        Mistake(lambda X, W, b: X @ (W + b), "b is added to W before the product, so each input multiplies it. It is added after the product."),
        Mistake(lambda X, W, b: X @ W.T + b, "W is transposed, and then its shape does not fit: as it is, its rows are the inputs."),
        Mistake(lambda X, W, b: keras.ops.sigmoid(X @ W + b), "An activation was applied. Return Z, which comes before it."),
    ], also_right=[
        lambda X, W, b: np.dot(X, W) + b, lambda X, W, b: tf.add(tf.matmul(X, W), b),
        lambda X, W, b: [[float(x @ w) for w in W.T] + b for x in X], lambda X, W, b: (X[:, :, None] * W).sum(axis=1) + b,
    ]),
], hints=[
    "The outer loop goes over the perceptrons, the inner one over their inputs. What does perceptron i need? Its bias, once, and its column of W.",
    "In the inner loop, x and W both depend on j, and W on i as well: rows are inputs, columns are perceptrons.",
    "The matrix product `@` does both loops, for every row of the batch; b is added to each row by broadcasting.",
], equivalent={"for j in range(len(W)):\n    z[i] += x[j] * W[j, i]": "W has a row for each input, so it is as long as x"})

def batches_for(*layers):
    """The inputs for layers: a batch of this shape, the units, the activation. In none are two of the sizes equal."""
    return lambda rng: [(rng.normal(size=shape).astype(np.float32), units, activation) for shape, units, activation in layers]

def use_layer(layer_class, X, units, activation):
    """What a layer gives for a batch, for one example, and for the batch inside Sequential; or what keeps Keras from using it."""
    layer, in_model = layer_class(units, activation=activation), layer_class(units, activation=activation)
    if layer.weights:
        return LayerFinding.MADE_IN_INIT
    layer.build(X.shape)
    W = next((w for w in layer.weights if tuple(w.shape) == (X.shape[1], units)), None)
    b = next((w for w in layer.weights if w is not W and tuple(w.shape) in [(units,), (1, units)]), None)
    if finding := wrong_weights(layer, W, b, X, units):
        return finding
    W.assign(np.linspace(-1, 1, W.numpy().size).reshape(W.shape) ** 3)
    b.assign(np.linspace(0.5, -0.3, units).reshape(b.shape))
    if finding := wrong_output(layer, W, b, X) or wrong_options(layer_class, X, units, activation):
        return finding
    model = keras.Sequential([keras.Input(X.shape[1:]), in_model])
    model.set_weights(layer.get_weights())
    return layer(X), layer(X[:1]), model(X)

def wrong_weights(layer, W, b, X, units):
    """What is wrong with the weights of a layer that was built; W and b are None where none has their shape."""
    if not layer.weights:
        first, second = require.numbers(layer(X)), require.numbers(layer(X))
        if layer.weights:
            return LayerFinding.ANOTHER_LAYER
        if not np.allclose(first, second):
            return LayerFinding.NEW_EACH_CALL
        return LayerFinding.TF_VARIABLES if any(isinstance(item, tf.Variable) for item in vars(layer).values()) else LayerFinding.NO_WEIGHTS
    shapes = [tuple(w.shape) for w in layer.weights]
    other = LayerFinding.OTHER_SHAPES.about(" and ".join(map(str, shapes)))
    if W is None and shapes in ([(units,)], [(1, units)]):
        return LayerFinding.NO_W
    if W is None:
        return LayerFinding.W_TRANSPOSED if (units, X.shape[1]) in shapes else other
    if b is not None and b.ndim == 2:
        return LayerFinding.BIAS_WITH_TWO_AXES
    if b is None:
        return LayerFinding.NO_BIAS if len(shapes) == 1 else LayerFinding.BIAS_FOR_EACH_EXAMPLE if (len(X), units) in shapes else other
    if {id(W), id(b)} - set(map(id, layer.trainable_weights)):
        return LayerFinding.NOT_TRAINABLE
    if np.any(np.ptp(W.numpy(), axis=1) == 0):
        return LayerFinding.EQUAL_WEIGHTS
    if np.max(np.abs(W.numpy())) > 10:
        return LayerFinding.TOO_LARGE.about(f"{np.max(np.abs(W.numpy())):.3g}")
    if getattr(layer, "W", None) is not W or getattr(layer, "b", None) is not b:
        return LayerFinding.OTHER_NAMES
    return LayerFinding.BIAS_NOT_ZERO if np.any(b.numpy() != 0) else None

def wrong_output(layer, W, b, X):
    if np.allclose(require.numbers(layer(X)), require.numbers(layer(-X))):  # the first bias is positive: ReLU is flat for one of the two at most
        return LayerFinding.SAME_OUTPUT
    kept, before = W.numpy(), [require.numbers(layer(each)) for each in (X, -X)]
    W.assign(0.5 * kept)
    after = [require.numbers(layer(each)) for each in (X, -X)]
    W.assign(kept)
    if all(map(np.array_equal, before, after)):
        return LayerFinding.W_NOT_USED
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(layer(X)))
    gradient_of_W, gradient_of_b = tape.gradient(loss, [W.value, b.value])
    return LayerFinding.NO_GRADIENT if gradient_of_W is None else LayerFinding.BIAS_NOT_USED if gradient_of_b is None else None

def wrong_options(layer_class, X, units, activation):
    if layer_class(units, activation=activation, name="first").name != "first":
        return LayerFinding.OPTIONS_LOST
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        output = tf.convert_to_tensor(layer_class(units, activation=activation)(X))
        return None if output.dtype == tf.float16 else LayerFinding.ALWAYS_FLOAT32
    except (TypeError, ValueError, tf.errors.OpError):
        return LayerFinding.ALWAYS_FLOAT32
    finally:
        keras.mixed_precision.set_dtype_policy(before)

class MyDenseLayer(keras.layers.Layer):
    """A right answer in the form of the notebook's."""

    def __init__(self, units, activation=None, **options):
        super().__init__(**options)
        self.units = units
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        """Make W and b."""
        m = input_shape[-1]
        self.W = self.add_weight(shape=(m, self.units))
        self.b = self.add_weight(shape=(self.units,), initializer="zeros")

    def call(self, X):
        """The output for a batch."""
        z = keras.ops.matmul(X, self.W) + self.b
        return self.activation(z)

class KerasDense(keras.layers.Dense):
    """The layer of Keras, with the names that the notebook has for its weights."""

    W, b = property(lambda self: self.kernel), property(lambda self: self.bias)

layer = edits_of(MyDenseLayer)
SUPER, ACTIVATE, SUM = "super().__init__(**options)", "self.activation(z)", "keras.ops.matmul(X, self.W) + self.b"
MAKE_W, MAKE_B = "self.add_weight(shape=(m, self.units))", 'self.add_weight(shape=(self.units,), initializer="zeros")'
IN_CALL = ("def build", "def make_weights", "        z =", "        self.make_weights(X.shape)\n        z =")
VARIABLES = (MAKE_W, "tf.Variable(tf.random.normal((m, self.units)))", MAKE_B, "tf.Variable(tf.zeros(self.units))")

LayerFinding, mistakes_of_layer = findings_of(MyDenseLayer,
    ("MADE_IN_INIT", "def build", "def make_weights", "(activation)", "(activation)\n        self.make_weights((2, 2))", "The weights are made in "
     "`__init__`, before the layer knows how many inputs it will get. Make them in `build`."),
    ("", *IN_CALL, "The weights are made in `call`. Keras calls `build` once, before the first `call`, and looks for them there."),
    ("TF_VARIABLES", *VARIABLES, "The weights are `tf.Variable`s, which Keras 3 neither trains nor saves. Let `self.add_weight` make them."),
    ("NEW_EACH_CALL", *IN_CALL, *VARIABLES, "Each call makes new weights, so the layer forgets what it learns. Make W and b once, in `build`."),
    ("NO_WEIGHTS", "def build", "def unused", SUM, "X[:, :1] + tf.zeros(self.units)", "The layer has no weights. `self.add_weight`, in `build`, "
     "makes them."),
    ("ANOTHER_LAYER", MAKE_W, "keras.layers.Dense(self.units)", MAKE_B, "None", SUM, "self.W(X)", "Another layer does the work here, with weights "
     "of its own. Make W and b in `build`, by `self.add_weight`, and use them."),
    ("W_TRANSPOSED", "(m, self.units)", "(self.units, m)", "self.W)", "keras.ops.transpose(self.W))", "W is transposed: it has a row for each unit. "
     "Its shape is inputs first, then units, as in the product XW."),
    ("NO_BIAS", MAKE_B, "0.0", "Keras finds one weight in the layer, and no bias. Make one in `build` by `self.add_weight`: a number for each unit."),
    ("NO_W", MAKE_W, "np.random.normal(size=(m, self.units))", "Keras finds b in the layer, and no W: it trains and saves what "
     "`self.add_weight` makes, and neither an array nor a `tf.Variable`. Make W by it, in `build`."),
    ("BIAS_FOR_EACH_EXAMPLE", "(self.units,)", "(input_shape[0], self.units)", "There is a bias for each example of the batch. A unit has one, "
     "whatever the batch: the shape of b does not know n."),
    ("OTHER_SHAPES", "(self.units,)", "(m,)", "The weights have shape {seen}. W needs a row for each input and a column for each unit; b has one "
     "axis, with a number for each unit."),
    ("BIAS_WITH_TWO_AXES", "(self.units,)", "(1, self.units)", "b has two axes. A unit has one number, so the shape of b has one axis: `(units,)`, "
     "as the line below `build` says."),
    ("OTHER_NAMES", "self.b =", "self.bias =", "+ self.b", "+ self.bias", "The weights are not kept as `self.W` and `self.b`. The cells below look "
     "for them there: keep these two names."),
    ("TOO_LARGE", "(m, self.units)", '(m, self.units), initializer=keras.initializers.RandomNormal(stddev=100)', "Weights are as large as {seen}: "
     "the units begin far out, where activations are flat. Leave the size to `add_weight`, or make it less."),
    ("NOT_TRAINABLE", '"zeros"', '"zeros", trainable=False', "Some weights have `trainable=False`: training would leave them as they are."),
    ("EQUAL_WEIGHTS", "(m, self.units)", '(m, self.units), initializer="zeros"', "The weights W of different units start equal, so that the "
     "units do the same. W must start at random."),
    ("BIAS_NOT_ZERO", ', initializer="zeros"', "", "The bias does not start at zero: `add_weight` takes an `initializer`."),
    ("SAME_OUTPUT", "matmul(X", "matmul(0 * X", "The output is the same whatever comes in. Compute it from X, not from the numbers of an example."),
    ("W_NOT_USED", ACTIVATE, "self.activation(X[:, :1] + self.b)", "The output does not depend on W. Does z, with X and `self.W` in it, go into "
     "the activation, or something else?"),
    ("NO_GRADIENT", "self.W)", "np.array(self.W))", "No gradient reaches W, so it never learns. Use `self.W` as it is, without NumPy: with `@` or "
     "functions of `keras.ops`."),
    ("OPTIONS_LOST", SUPER, "super().__init__()", "The layer loses its name. Pass it on, as the cell did: `super().__init__(**options)`."),
    ("ALWAYS_FLOAT32", SUM, "tf.cast(X, tf.float32) @ tf.cast(self.W, tf.float32) + tf.cast(self.b, tf.float32)", "The layer computes in float32 "
     "even in mixed precision. Take X, `self.W` and `self.b` as they come: Keras has converted them."),
    ("BIAS_NOT_USED", " + self.b", "", "No gradient reaches the bias: `call` does not use it, or NumPy comes between. Add `self.b`, as it is, to "
     "the product."),
    ("", "+ self.b", "- self.b", "The bias is subtracted; it is added."),
    ("", ACTIVATE, "z", "The activation is missing: this is z. Apply `self.activation` to it."),
    ("", ACTIVATE, f"self.activation({ACTIVATE})", "The activation is applied twice."),
    ("", ACTIVATE, "tf.sigmoid(z)", "The activation is always the sigmoid. Apply the one that the layer keeps: `self.activation`."),
    ("", ACTIVATE, "tf.nn.relu(z)", "The activation is always ReLU. Apply the one that the layer keeps: `self.activation`."),
    ("", " + self.b", "", ACTIVATE, f"{ACTIVATE} + self.b", "The bias is added after the activation. It belongs to z, inside."),
    ("", "W) + self.b", "W + self.b)", "b is added to W before the product, so each input multiplies it. Add it after the product."),
    ("", ACTIVATE, f"tf.reduce_sum({ACTIVATE}, 0)", "This adds up the examples of the batch. Each of them keeps a row of its own."),
    ("", SUPER, "pass", "In `__init__`, `super().__init__(**options)` is missing: without it Keras cannot keep track of the weights."),
    ("", "keras.activations.get(activation)", "activation", "The activation is kept as it came in, and a name such as \"relu\" is no function. "
     "`keras.activations.get` turns it into one."),
    ("", "X, self.W", "self.W, X", "The matrices are in the wrong order: X, (n, m), comes before W, (m, d), so that the two m meet."),
    ("", "(self.units,)", "(self.units)", "Shapes are tuples. `self.units` is a number, also in brackets; a tuple of one has a comma."),
    ("", "shape=(m, self.units)", "m, self.units", "`add_weight` takes the shape as one tuple: put its two numbers in brackets."),
    ("", SUM, "X * self.W + self.b", "`*` multiplies element by element, which these shapes do not allow. The matrix product is `@`."),
)
my_dense_layer = Exercise("2.2", "MyDenseLayer", right=KerasDense, observe=use_layer, seconds=1.0,
    inputs=batches_for(((5, 2), 3, "sigmoid"), ((2, 3), 4, "relu"), ((4, 5), 2, None), ((6, 3), 7, keras.activations.tanh)),
    outputs=("its output", "its output for a batch of one", "its output inside Sequential"), mistakes=mistakes_of_layer, hints=[
    "`build` gets the shape of the input, (n, m). W needs m rows; how many columns? b is one number for each unit.",
    "`self.add_weight(shape=(…, …))` gives a weight that Keras trains. For b, `initializer=\"zeros\"`.",
    "z is the matrix product of X and self.W, plus self.b. What is returned is self.activation of z.",
], also_right=[
    MyDenseLayer, layer("matmul(X", 'einsum("ni,ij->nj", X'),
    layer("(m, self.units)", '(m, self.units), initializer="he_normal"', SUM, "self.b + X @ self.W"),
    layer(f"self.W = {MAKE_W}", 'self.b = self.add_weight(shape=[self.units], initializer="zeros", name="bias")', f"self.b = {MAKE_B}",
          "self.W = self.add_weight(shape=[m, self.units], initializer=keras.initializers.RandomNormal(), name='kernel')",
          SUM, "tf.nn.bias_add(tf.matmul(X, self.W), self.b)"),
], equivalent={"m = input_shape[1]": "a batch of examples has two axes; for more, the docstring promises nothing"})

count = Exercise("2.3", "Count the parameters", right=lambda m, d: keras.Sequential([keras.Input((m,)), keras.layers.Dense(d)]).count_params(),
    inputs=lambda rng: [(2, 3), (1, 1), (784, 128), (int(rng.integers(3, 50)), int(rng.integers(51, 99)))], mistakes=[
    Mistake(lambda m, d: m * d, "These are the weights; each unit has a bias as well."),
    Mistake(lambda m, d: m * d + 1, "There is one bias for the whole layer here. Each unit has its own."),
    Mistake(lambda m, d: m * d + m, "There is a bias for each input here. It is the units that have one."),
    Mistake(lambda m, d: m * d + m + d, "The inputs have no parameters of their own: only weights and the units' biases count."),
    Mistake(lambda m, d: m + d, "Every input is joined to every unit: count one weight for each pair, then the biases."),
    Mistake(lambda m, d: (m + d) * d, "This counts weights between the units of the layer. They are joined to the inputs, and have a bias each."),
    Mistake(lambda m, d: (m + 1) * (d + 1), "The output side has no unit for a bias: one is added to the inputs only."),
    Mistake(lambda m, d: d, "These are the biases; the weights are missing."),
    Mistake(lambda m, d: m**d, "`**` is a power. Each of the m inputs is joined to each of the d units: multiply, and count the biases too."),
    Mistake(lambda m, d: m**d + d, "`**` is a power. Each of the m inputs is joined to each of the d units: multiply."),
    Mistake(lambda m, d: m * d * d, "The units count twice here. The biases are a number of their own, beside the weights: the two are added."),
    Mistake(lambda m, d: m * d - d, "The biases are subtracted. They are parameters too, as the weights are."),
    Mistake(lambda m, d: 2 * m * d, "A bias belongs to a unit, not to each of its weights."),
], hints=[
    "Draw two inputs and three units. How many lines join them? What else does each unit have?",
    "One weight for each pair of an input and a unit, and one bias for each unit.",
], also_right=[lambda m, d: (m + 1) * d, lambda m, d: np.ones((m + 1, d)).size, lambda m, d: sum(m + 1 for _ in range(d))])

def compare_columns(first_weights, m, d):
    """Whether the columns of a layer's initial weights differ, and none of the weights is too large."""
    W = require.numbers(first_weights(m, d), (m, d), f"For m = {m} and d = {d} it gives").astype(np.float32)
    if not np.all(np.isfinite(W)):
        raise Advice("Some of the weights are infinite or nan.")
    largest = np.max(np.abs(W))
    if largest > 10 or (W.size > 99 and np.sqrt(np.mean(W**2)) > 2.5):  # of 600 normal numbers, those of deviation 1 and 1.5 stay below
        return WeightsFinding.TOO_LARGE.about(f"{largest:.3g}")
    distances = [np.max(np.abs(W[:, i] - W[:, j])) for i in range(d) for j in range(i)]
    if min(distances, default=1) > 1e-6 * largest:
        return FINE
    if max(distances) > 0:
        return WeightsFinding.TWO_EQUAL
    if np.ptp(W) > 0:
        return WeightsFinding.EQUAL_COLUMNS
    return WeightsFinding.ALL_EQUAL if largest else WeightsFinding.ALL_ZERO

WeightsFinding, mistakes_of_weights = findings_of(None,
    ("ALL_ZERO", lambda m, d: tf.zeros((m, d)), "All weights are 0: every unit computes the same, gets the same correction, and stays like the "
     "others."),
    ("ALL_EQUAL", lambda m, d: np.full((m, d), 0.5), "All weights are equal. That they are not 0 does not help: units that start equal stay equal."),
    ("TWO_EQUAL", np.eye, "At least two columns are equal: two units that do the same. Every unit needs numbers of its own, in every row."),
    ("EQUAL_COLUMNS", lambda m, d: np.linspace(-1, 1, m)[:, None] * np.ones(d), "Every column is the same as the others: the numbers differ between "
     "the inputs. They should differ between the units."),
    ("TOO_LARGE", lambda m, d: np.linspace(-50, 50, m * d).reshape(m, d), "Weights are as large as {seen}: the units begin far out, where "
     "activations are flat and learn nothing. Make them about 1 or less."),
)
break_the_symmetry = Exercise("2.4", "Break the symmetry", right=lambda m, d: keras.initializers.GlorotNormal()((m, d)), observe=compare_columns,
    inputs=lambda rng: [(2, 4), (3, 5), (2, 6), (4, 1), (20, 30)], mistakes=mistakes_of_weights, hints=[
    "Each column is a unit. What makes two columns different, whatever m and d are?",
    "Random numbers do. `keras.random.normal(shape)` draws some; its argument `stddev` makes them smaller.",
], also_right=[
    lambda m, d: np.random.default_rng().uniform(-0.5, 0.5, (m, d)), lambda m, d: tf.random.normal((m, d), stddev=0.1),
    lambda m, d: np.linspace(-1, 1, m * d).reshape(m, d), lambda m, d: [[0.1 * np.sin(3 + i + 2.7 * j) for j in range(d)] for i in range(m)],
], equivalent={
    "return keras.random.normal((m, d), stddev=1.5)": "larger, and still different",
    "return keras.random.normal((m, d), stddev=-1.5)": "the sign of a normal number does not matter",
    "return keras.random.normal((m, d))": "larger, and still different",
})

def save_and_load(layer_class, X, units, activation):
    """What a layer gives for X after a model with it was saved and loaded; or what keeps Keras from it."""
    if layer_class.get_config is keras.layers.Layer.get_config:
        return ConfigFinding.NO_GET_CONFIG
    layer = layer_class(units, activation=activation, name="first")
    config, not_plain = layer.get_config(), []
    if not isinstance(config, dict):
        return ConfigFinding.RETURNS_NOTHING if config is None else ConfigFinding.NO_DICTIONARY
    if "name" not in config:
        return ConfigFinding.NAME_LOST
    json.dumps(config, skipkeys=True, default=lambda item: not_plain.append(type(item).__name__))
    if not_plain:
        return ConfigFinding.NOT_PLAIN.about(not_plain[0])
    model = keras.Sequential([keras.Input(X.shape[1:]), layer])
    model.set_weights([np.sin(1.0 + np.arange(w.size)).reshape(w.shape) for w in model.get_weights()])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        try:
            loaded = keras.saving.load_model(path, custom_objects={layer_class.__name__: layer_class})
        except Exception:
            if "units" not in config:
                return ConfigFinding.UNITS_LOST
            raise Advice(f"The model was saved, and Keras cannot load it. {what_cannot_be_loaded(config, units)}") from None
    if "activation" in config and getattr(loaded.layers[-1], "activation", None) is not layer.activation:
        return ConfigFinding.OTHER_ACTIVATION.about(repr(config["activation"]))
    return loaded(X)

def what_cannot_be_loaded(config, units):
    """Which entry of a layer's configuration its `__init__` does not take."""
    if other := config.keys() - keras.layers.Layer().get_config().keys() - {"units", "activation"}:
        return f"The dictionary has an entry {min(other)!r}, and `__init__` takes no argument of this name."
    if type(config["units"]) is not int or config["units"] != units:
        return f"The entry \"units\" is {config['units']!r} in the dictionary; expected the number that the layer has."
    try:
        keras.activations.get(config.get("activation"))
    except Exception:
        return f"The entry \"activation\" is {config['activation']!r}, and Keras knows no activation of this name."
    return "Compare what `get_config` gives with what `__init__` takes."

class SavedDenseLayer(MyDenseLayer):
    """A right answer in the form of the notebook's."""

    def get_config(self):
        """The arguments of `__init__`."""
        config = super().get_config()
        config["units"] = self.units
        config["activation"] = keras.activations.serialize(self.activation)
        return config

saved = edits_of(SavedDenseLayer)
SERIALIZE = "keras.activations.serialize(self.activation)"

ConfigFinding, mistakes_of_config = findings_of(SavedDenseLayer,
    ("UNITS_LOST", 'config["units"] = self.units', "", "The units are lost: `__init__` needs them when the layer is made again, so the dictionary "
     "must have them."),
    ("", 'config["activation"] =', "activation =", "The activation is lost: the loaded layer has none. The dictionary must have it, as a name."),
    ("NOT_PLAIN", SERIALIZE, "self.activation", "The dictionary holds a value of type {seen}, and a file cannot. For an activation, "
     "`keras.activations.serialize` gives plain data."),
    ("NAME_LOST", "super().get_config()", "{}", "The name and the dtype of the layer are lost. Add to what `super().get_config()` gives."),
    ("NO_GET_CONFIG", MyDenseLayer, "The class has no `get_config` of its own. Keras guesses one, and cannot where an argument is a function."),
    ("RETURNS_NOTHING", "return config", "", "`get_config` returns nothing: end it with `return config`."),
    ("NO_DICTIONARY", "return config", "return list(config)", "`get_config` should return a dictionary, with the arguments of `__init__` by name."),
    ("OTHER_ACTIVATION", SERIALIZE, '"relu"', "The activation is {seen} in the dictionary, and the layer has another. Take it from the layer."),
    ("", "= self.units", "= 3", "The number of units is 3 in the dictionary, whatever the layer has. Take it from the layer."),
)
survive = Exercise("2.5", "Survive being saved", right=keras.layers.Dense, observe=save_and_load, seconds=1.0,
    inputs=batches_for(((5, 2), 3, "relu"), ((4, 3), 2, keras.activations.tanh), ((4, 3), 1, None)), mistakes=mistakes_of_config, hints=[
    "`config` is a dictionary already. It needs one entry for each argument of `__init__` that is your own.",
    "`config[\"units\"] = …` is a number that the layer has kept. The other entry is a function, and must become its name.",
    "`keras.activations.serialize(…)` gives the name; the function is in self.activation.",
], also_right=[
    SavedDenseLayer, saved(SERIALIZE, "self.activation.__name__"),
    saved('config["units"] = self.units', 'config = {**config, "units": int(self.units)}'),
])

EXERCISES = [one_layer_two_ways, my_dense_layer, count, break_the_symmetry, survive]
