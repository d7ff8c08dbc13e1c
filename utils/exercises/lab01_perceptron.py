"""Exercises of lab 1: the perceptron, its activations and their derivatives, its decision line, and why g must bend."""

import math

import keras
import numpy as np
import tensorflow as tf

from utils import datasets
from utils.advice import Advice
from utils.checking import FINE, Exercise, Mistake, Part, edited, edits_of, findings_of, require, value


def sigmoid(z):
    return 1 / (1 + np.exp(-np.asarray(z, np.float64)))

weighted_sum = Exercise("1.1", "The weighted sum by hand", parts=[
    Part("z", right=float(np.dot([1, 3, -2], [1, -1, 2])), observe=value, mistakes=[
        Mistake(-7.0, "The bias is missing: the sum begins with w0 = 1."),
        Mistake(-8.0, "The bias is subtracted here; it is added like every other term."),
        Mistake(2.0, "This is the result if the product -2 · 2 loses its sign, or if only the weights or only the inputs are added up."),
        Mistake(0.0, "The product 3 · (-1) is negative. It lost its sign somewhere."),
        Mistake(8.0, "Both products lost their signs: each is a positive number times a negative one."),
        Mistake(9.0, "The weights are exchanged: the first weight belongs to the first input, the second to the second."),
        Mistake(6.0, "The sign is wrong: compute the terms again, one product at a time, then the bias."),
        Mistake(3.0, "This adds weights and inputs. Each input is multiplied by its weight first, then the products are added."),
        Mistake(float(sigmoid(-6.0)), "This is ŷ already. z is the sum before the activation."),
    ], also_right=[-6, np.float32(-6), tf.constant(-6.0)]),
    Part("y_hat", right=1 / (1 + math.exp(6)), observe=value, atol=4e-6, mistakes=[  # 0.00247 passes, and e^-6 does not
        Mistake(float(sigmoid(6.0)), "This is 1/(1 + e^z), as one of the lecture's notes prints it. The sigmoid has a minus sign there: e^-z."),
        Mistake(-6.0, "This is z itself: the activation is missing."),
        Mistake(0.002, "This is rounded as on the slide. Keep the digits that Python gives you."),
        Mistake(0.0, "This is rounded to 0. The sigmoid is never exactly 0: keep the digits."),
        Mistake(math.exp(6), "This is e^-z. The sigmoid is 1/(1 + e^-z)."),
        Mistake(math.exp(-6), "This is e^z, or 1/e^-z: the 1 + in the denominator is missing."),
        Mistake(1 + math.exp(6), "1 / 1 + e^-z needs brackets in Python: the denominator is (1 + e^-z)."),
        Mistake(1.0, "This is 1, so the exponential was lost. For z = -6, e^-z is e^6, about 403."),
    ], also_right=[0.00247, tf.sigmoid(-6.0), 1 - 0.9975273768]),
], hints=[
    "Three terms are added: the bias, the first weight times the first input, the second weight times the second input.",
    "z = 1 + 3·(-1) + (-2)·2. In the line below it, `np.exp(-z)` is e^-z.",
], equivalent={"z = 1 + 3 / -1 + -2 * 2": "dividing by -1 is multiplying by -1"})

def activation_inputs(rng):
    """Numbers of both signs; single ones; whole ones; zeros; numbers far out, where e^z is infinite; a matrix."""
    for z in (np.float32([-2, -0.5, 0.3, 1.5, 3]), 0.75, -1.25, np.array([-3, -1, 2, 4]), np.float32([0, 0]), np.float32([-1000, 1000]),
              rng.normal(size=(3, 4)).astype(np.float32) * 2):
        yield (z,)

def open_at_zero(g, z):
    """What a step function gives for z, where any number from 0 to 1 is right at z = 0 and counts as 0."""
    y = require.numbers(g(z))
    if y.shape != np.shape(z) or y.dtype.kind == "b":
        return y
    return np.where((np.asarray(z) == 0) & (y >= 0) & (y <= 1), 0.0, y)

ONE_NUMBER = "on one number at a time, and z may be an array of any shape."
NAN = "is infinite for a computer, and inf / inf is nan."
INTEGERS = "For integers in z the results are integers too: they are stored with the dtype of z, which cuts their digits off."
activations = Exercise("1.2", "Four activations", parts=[
    Part("sigmoid", right=lambda z: keras.ops.sigmoid(keras.ops.cast(z, "float32")), inputs=activation_inputs, atol=1e-6, mistakes=[
        Mistake(lambda z: 1 / (1 + np.exp(z)), "The exponent has the wrong sign: this is 1/(1 + e^z), as one of the lecture's notes prints it, and "
                "it falls where the sigmoid rises. The formula has e^-z."),
        Mistake(lambda z: np.exp(z) / (1 + np.exp(z)), f"This is right on paper, but e^1000 {NAN} Write it with e^-z in the denominator only."),
        Mistake(lambda z: 1 / 1 + np.exp(-z), "The brackets are missing: Python reads 1 / 1 + e^-z as (1 / 1) + e^-z."),
        Mistake(lambda z: 1 / np.exp(-z), "The 1 + in the denominator is missing: this grows without end, where the sigmoid stays below 1."),
        Mistake(lambda z: 1 / (1 - np.exp(-z)), "The denominator has a minus, 1 - e^-z; it should be 1 + e^-z."),
        Mistake(lambda z: 1 / (1 + 2.718 ** -z), "2.718 is not e: its missing digits change the results. `np.exp` and `keras.ops.exp` know e."),
        Mistake(lambda z: np.asarray(sigmoid(z), np.asarray(z).dtype), INTEGERS),
        Mistake(lambda z: 1 / (1 + math.exp(-z)), f"`math.exp` and `float` work {ONE_NUMBER} `np.exp` and `keras.ops.exp` take arrays."),
        Mistake(lambda z: 1 / (1 + tf.exp(-z)), "`tf.exp`, `tf.sigmoid` and Keras's own sigmoid take floats only, and z may hold integers. "
                "`keras.ops.exp` and `np.exp` take both; or convert z first with `tf.cast(z, tf.float32)`."),
        Mistake(np.tanh, "This is tanh: it goes from -1 to 1, and the sigmoid from 0 to 1."),
    ], also_right=[
        lambda z: 1 / (1 + np.exp(-z)), lambda z: tf.math.sigmoid(tf.cast(z, tf.float32)), lambda z: np.exp(-np.logaddexp(0, -z)),
        lambda z: np.vectorize(lambda t: 0.5 + 0.5 * math.tanh(t / 2))(z),
    ]),
    Part("tanh", right=lambda z: np.tanh(z), inputs=activation_inputs, atol=1e-6, mistakes=[
        Mistake(lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)), f"This is the slide's formula, and right on paper; but e^1000 {NAN} "
                "Use that tanh is a sigmoid, stretched: its values 0 to 1 become -1 to 1."),
        Mistake(lambda z: (np.exp(2 * z) - 1) / (np.exp(2 * z) + 1), f"This is right on paper, but e^2000 {NAN} Let the exponential stand in the "
                "denominator only, as your sigmoid does."),
        Mistake(lambda z: (1 - np.exp(-2 * z)) / (1 + np.exp(-2 * z)), f"This is right on paper, but for z = -1000 the exponential {NAN} Let it "
                "stand in the denominator only, as in your sigmoid."),
        Mistake(lambda z: 1 / np.tanh(z), "The fraction is upside down: the difference of the exponentials belongs above, their sum below."),
        Mistake(lambda z: 2 * sigmoid(z) - 1, "This goes from -1 to 1, but too slowly: it is tanh(z / 2). There is a 2 inside the sigmoid as well."),
        Mistake(lambda z: sigmoid(2 * z), "This still goes from 0 to 1. Stretch it to go from -1 to 1."),
        Mistake(sigmoid, "This is the sigmoid, from 0 to 1; tanh goes from -1 to 1."),
        Mistake(lambda z: 2 * sigmoid(2 * z), "This goes from 0 to 2. After stretching, shift it down by 1."),
        Mistake(lambda z: sigmoid(2 * z) - 1, "This goes from -1 to 0. Stretch the sigmoid to twice its height before you shift it down."),
        Mistake(lambda z: np.asarray(np.tanh(z), np.asarray(z).dtype), INTEGERS),
        Mistake(lambda z: tf.tanh(z), "`tf.tanh` and `tf.sigmoid` take floats only, and z may hold integers. Use your own sigmoid."),
        Mistake(lambda z: math.tanh(z), f"`math.tanh`, `math.exp` and `float` work {ONE_NUMBER} Build tanh from your sigmoid."),
    ], also_right=[
        np.tanh, lambda z: tf.math.tanh(tf.cast(z, tf.float64)), np.vectorize(math.tanh, otypes=[float]), lambda z: 1 - 2 / (np.exp(2 * z) + 1),
    ]),
    Part("relu", right=lambda z: keras.ops.relu(z), inputs=activation_inputs, mistakes=[
        Mistake(lambda z: np.minimum(z, 0), "This keeps the negative numbers: a minimum stands where the maximum should."),
        Mistake(np.abs, "This is the absolute value: it changes the sign of negative numbers instead of setting them to 0."),
        Mistake(lambda z: np.max(z, initial=0), "This takes one maximum over the whole array. ReLU compares each number with 0: `maximum` works "
                "element by element, `max` over all."),
        Mistake(lambda z: tf.reduce_max(z), "This takes the maximum of the whole array. ReLU compares each number with 0."),
        Mistake(lambda z: np.max(z, 0), "The 0 is read as the number of an axis here, whose largest number is taken. ReLU compares each number with "
                "0: `maximum`, not `max`, does that."),
        Mistake(lambda z: tf.maximum(0, z), "TensorFlow takes the 0 for an integer, and compares floats with floats only. `keras.ops.maximum` "
                "takes both together."),
        Mistake(lambda z: max(0, z), f"Python's `max` and `if` work {ONE_NUMBER} `keras.ops.maximum` and `np.maximum` compare element by element."),
        Mistake(lambda z: np.maximum(z, 0.01 * z), "This is the leaky ReLU, which keeps a little of the negative numbers. Here they all become 0."),
        Mistake(lambda z: np.maximum(z, 1), "The kink is at 1 here; ReLU compares with 0."),
        Mistake(lambda z: z, "This gives z back unchanged: negative numbers should become 0."),
        Mistake(lambda z: np.heaviside(z, 0), "This is the threshold: 1 for every positive number. ReLU keeps the number itself."),
    ], also_right=[lambda z: np.maximum(0, z), lambda z: tf.nn.relu(z), lambda z: z * (np.asarray(z) > 0), lambda z: (z + np.abs(z)) / 2]),
    Part("threshold", right=lambda z: np.heaviside(z, 0.0), inputs=activation_inputs, observe=open_at_zero, mistakes=[
        Mistake(lambda z: z > 0, "The comparison is right, but it gives True and False. Turn them into the numbers 1 and 0, with `keras.ops.cast`."),
        Mistake(np.sign, "This gives -1 for negative numbers; the threshold gives 0."),
        Mistake(lambda z: np.where(np.asarray(z) > 0, 1, -1), "Where z is not positive, this gives -1; the threshold gives 0 there."),
        Mistake(lambda z: np.heaviside(-z, 0), "The comparison is the wrong way round: 1 belongs to the positive numbers."),
        Mistake(lambda z: (np.asarray(z) > 0.5) * 1.0, "The step is at 0.5 here; it should be at z = 0. (Where the sigmoid of z is 0.5, z is 0.)"),
        Mistake(lambda z: (np.asarray(z) > 1) * 1.0, "The step is at 1 here; it should be at z = 0."),
        Mistake(lambda z: (z > 0).astype(np.float32), "For a single number z > 0 is a truth value of Python, and that has no `astype`. "
                "`keras.ops.cast` and `np.where` take both."),
        Mistake(lambda z: 1 if z > 0 else 0, f"An `if` works {ONE_NUMBER} Compare the whole array, `z > 0`, and turn the result into numbers."),
        Mistake(lambda z: np.maximum(z, 0), "This is ReLU, which keeps the number; the threshold gives 1 for every positive number."),
    ], also_right=[
        lambda z: np.where(np.asarray(z) > 0, 1, 0), lambda z: tf.cast(tf.cast(z, tf.float32) >= 0, tf.float32), lambda z: (np.sign(z) + 1) / 2,
        lambda z: np.heaviside(z, 1.0),
    ]),
], hints=[
    "Each formula is one line, and every operation in it works on a whole array: `keras.ops.exp`, `keras.ops.maximum`, `z > 0`.",
    "tanh: e^1000 is infinite, so its formula as printed gives inf / inf. Divide numerator and denominator by e^z: there is a sigmoid of 2z in it.",
    "The sigmoid goes from 0 to 1 and tanh from -1 to 1: that is twice the height, and one lower. For the threshold, "
    "`keras.ops.cast(…, \"float32\")` turns True and False into 1 and 0.",
], equivalent={
    "return keras.ops.maximum(0, z)": "the maximum of two numbers does not depend on their order",
    "return keras.ops.cast(z >= 0, 'float32')": "at z = 0 the lecture leaves the threshold open; both are accepted",
})

def slope_inputs(rng):
    """The numbers for the activations, all as floats, none so far out that a formula in e^z overflows: only 1.2 asks for those."""
    return [(np.float32(z),) for (z,) in activation_inputs(rng) if np.max(np.abs(z)) < 30]

def by_tape(g):
    """The derivative of an activation, by TensorFlow's tape."""
    def derivative(z):
        z = tf.convert_to_tensor(z)
        with tf.GradientTape() as tape:
            tape.watch(z)
            y = g(z)
        return tape.gradient(y, z)
    return derivative

derivatives = Exercise("1.3", "Their derivatives", parts=[
    Part("sigmoid_prime", right=by_tape(tf.sigmoid), inputs=slope_inputs, mistakes=[
        Mistake(lambda z: z * (1 - z), "This is z(1 - z). The formula has g(z) in both places: squash z first, then take g(1 - g)."),
        Mistake(lambda z: sigmoid(z) * (1 - z), "The second factor is 1 - z here; it should be 1 - g(z)."),
        Mistake(lambda z: z * (1 - sigmoid(z)), "The first factor is z here; it should be g(z)."),
        Mistake(lambda z: sigmoid(z) * (1 + sigmoid(z)), "There is a plus where a minus belongs: g(1 - g)."),
        Mistake(lambda z: sigmoid(z) * (sigmoid(z) - 1), "The second factor is g - 1, the wrong way round: so the slope is negative, and the sigmoid "
                "rises everywhere."),
        Mistake(lambda z: 1 - sigmoid(z) ** 2, "This is the formula of tanh, 1 - g². The sigmoid's derivative is g(1 - g)."),
        Mistake(sigmoid, "This is the sigmoid itself, not its slope."),
        Mistake(lambda z: 1 - sigmoid(z), "One factor is missing: the slope is the product of g and 1 - g."),
        Mistake(lambda z: sigmoid(1 - sigmoid(z)), "This is the sigmoid of 1 - g. The slope is a product of two factors: g, and 1 - g."),
        Mistake(lambda z: sigmoid(sigmoid(z)) * (1 - sigmoid(sigmoid(z))), "The sigmoid is applied twice: once to z, and then to g(z) again."),
    ], also_right=[
        lambda z: sigmoid(z) - sigmoid(z) ** 2, lambda z: sigmoid(z) * sigmoid(-z), lambda z: 0.25 * (1 - tf.tanh(z / 2) ** 2),
        lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2, by_tape(lambda z: 1 / (1 + tf.exp(-z))),
    ]),
    Part("tanh_prime", right=by_tape(tf.tanh), inputs=slope_inputs, mistakes=[
        Mistake(lambda z: 1 - z**2, "This is 1 - z². The formula has g(z), not z: take tanh first, then square."),
        Mistake(lambda z: 1 - np.tanh(z), "The square is missing: the slope is 1 - g²."),
        Mistake(lambda z: np.tanh(z) * (1 - np.tanh(z)), "This is the formula of the sigmoid, g(1 - g). That of tanh is 1 - g²."),
        Mistake(lambda z: (1 - np.tanh(z)) ** 2, "The whole difference is squared here; only g should be: 1 - g²."),
        Mistake(lambda z: np.tanh(z) ** 2 - 1, "The difference is the wrong way round: so the slope is negative, and tanh rises everywhere."),
        Mistake(lambda z: 1 + np.tanh(z) ** 2, "There is a plus where a minus belongs: far out, the slope of tanh goes to 0."),
        Mistake(lambda z: 1 - 2 * np.tanh(z), "g is doubled here, and it should be squared."),
        Mistake(lambda z: 1 - np.tanh(z**2), "The square belongs to g, and here it belongs to z: 1 - tanh(z²). Take tanh first, then square."),
        Mistake(lambda z: np.tanh(z) ** 2, "This is g²; the slope is the difference between it and 1."),
        Mistake(np.tanh, "This is tanh itself, not its slope."),
        Mistake(lambda z: 1 - sigmoid(z) ** 2, "g is tanh here, and this uses the sigmoid."),
    ], also_right=[
        lambda z: 1 - np.tanh(z) ** 2, lambda z: (1 - np.tanh(z)) * (1 + np.tanh(z)), lambda z: 4 * sigmoid(2 * z) * sigmoid(-2 * z),
        lambda z: 4 * np.exp(2 * z) / (np.exp(2 * z) + 1) ** 2,
    ]),
    Part("relu_prime", right=by_tape(tf.nn.relu), inputs=slope_inputs, observe=open_at_zero, mistakes=[
        Mistake(lambda z: np.maximum(z, 0), "This is ReLU itself. Its slope is 1 where z is positive, whatever z is there."),
        Mistake(lambda z: z > 0, "The comparison is right, but it gives True and False. A slope is a number: 1 or 0."),
        Mistake(np.sign, "For negative z this gives -1. ReLU is flat there: its slope is 0."),
        Mistake(lambda z: np.where(z > 0, 1.0, -1.0), "Where z is not positive, this gives -1. ReLU is flat there: its slope is 0."),
        Mistake(np.ones_like, "The slope is 1 for positive z only. For negative z, ReLU is flat."),
        Mistake(lambda z: (z < 0) * 1.0, "The comparison is the wrong way round: ReLU rises where z is positive."),
        Mistake(lambda z: np.maximum(z, 0) / z, "This divides by z, and at z = 0 that is 0 / 0. The slope needs a comparison with 0 only."),
        Mistake(lambda z: 1.0 if z > 0 else 0.0, f"An `if` works {ONE_NUMBER} You have a function that turns z > 0 into 1 and 0 already."),
    ], also_right=[lambda z: np.where(z >= 0, 1.0, 0.0), lambda z: np.heaviside(z, 0.5), lambda z: tf.cast(tf.constant(z) > 0, tf.float32)]),
], hints=[
    "The formulas stand above the exercise. g(z) in them is the activation itself, and you have written it in 1.2.",
    "Compute g once, `g = sigmoid(z)`, and use it twice. The slope of ReLU is 1 or 0: one of your four activations does just that.",
    "sigmoid_prime returns g · (1 - g); tanh_prime takes 1 and subtracts the square of tanh(z); relu_prime calls threshold.",
])

def examples_and_batches(rng):
    """The example of the text; batches of other shapes, one of them square, one of a single example; one example; a single feature."""
    yield np.array([-1.0, 2.0], np.float32), np.array([3.0, -2.0], np.float32), 1.0
    for shape in [(5, 2), (3, 3), (1, 4), (4,), (6, 1)]:
        yield rng.normal(size=shape).astype(np.float32), rng.normal(size=shape[-1]).astype(np.float32), float(rng.normal())

SUM_FIRST = "First add the products and the bias up to one z, then squash that."
ADD_ONCE = "Add it once, to the sum."

def forward(x, w, b):
    return sigmoid(x @ w + b)

Y, Z = "sigmoid(x @ w + b)", "x @ w + b"
forward_pass = Exercise("1.4", "The forward pass", right=lambda x, w, b: keras.ops.sigmoid(keras.ops.matmul(x, w) + b), inputs=examples_and_batches,
    mistakes=edited(forward,
    (" + b", "", "This is g(x·w): the bias b is missing. Without it every decision line goes through the origin."),
    (" + b)", ") + b", "The bias is added after the activation. It belongs to z, inside g; outside, ŷ leaves the interval from 0 to 1."),
    (Z, "x * w + b", "Each product goes through the activation by itself: x * w multiplies, and the sum is missing. A perceptron adds the products "
     "up before it squashes them."),
    (Y, "np.sum(sigmoid(x * w + b), axis=-1)", f"The sum is taken after the activation. {SUM_FIRST}"),
    (Y, "np.sum(sigmoid(x * w), axis=-1) + b", f"Each product is squashed before the sum. {SUM_FIRST}"),
    (Z, "np.sum(x * w, axis=0) + b", "The sum runs over the batch: it mixes the examples with one another. Sum over the features, the last axis."),
    (Z, "np.sum(x * w) + b", "The sum runs over everything, so that a whole batch gives one number. Sum over the features only, the last axis: one "
     "prediction for each example."),
    (Z, "np.sum(x * w, axis=1) + b", "This works for a batch, but one example has a single axis: there is no axis 1 in it. Sum over the last axis, "
     "-1: it serves both."),
    (Z, "keras.ops.sum(x * w, axis=1) + b", "The sum runs over axis 1, the second axis. A batch has one, but one example has a single axis: the "
     "last, -1, serves both."),
    (Z, "tf.linalg.matvec(x, w) + b", "`tf.linalg.matvec` takes a matrix first, and one example is a vector. Multiply, then sum over the last axis: "
     "that serves both."),
    (Z, "np.sum(x * w + b, axis=-1)", f"The bias is added to every product: once for each feature. {ADD_ONCE}"),
    ("sigmoid", "", "This is z: the activation is missing. A prediction lies between 0 and 1."),
    (Z, "x[..., 0] * w[0] + x[..., 1] * w[1] + b", "This takes two features. x and w may have any number of them."),
    (Z, "x.T @ w + b", "x is transposed: that makes the examples the features, which are the last axis of x already."),
    (Z, "w @ x + b", "x and w stand in the wrong order: the product joins the last axis of what comes first, and that has to be the features of x."),
    (Z, "np.dot(w, x) + b", "`np.dot` joins the last axis of what comes first with the rows of what follows. The features are the last axis of x: x "
     "comes first."),
    (Z, "keras.ops.matmul(w, x) + b", "x comes first in the product: its last axis, the features, has to meet w."),
    ("w + b", "(w + b)", f"b is added to every weight before the product, so that each input multiplies it. {ADD_ONCE}"),
    (Z, "(x + b) @ w", f"b is added to every input before the product, so that each weight multiplies it. {ADD_ONCE}"),
    ("+ b", "- b", "The bias is subtracted; it is added."),
    (Z, "-(x @ w + b)", "The sign of z is wrong: this is 1 - ŷ. Look at the exponent of the sigmoid: it is e^-z."),
    (Z, "np.mean(x * w, axis=-1) + b", "This is the mean of the products; a perceptron takes their sum."),
    ("+ b", "* b", "The bias multiplies the sum; it should be added to it."),
    (Z, "np.sum(x + w, axis=-1) + b", "Inputs and weights are added; each input is multiplied by its weight."),
    ("sigmoid", "np.tanh", "The activation is tanh here, from -1 to 1. A probability needs the sigmoid."),
    (Y, "np.maximum(x @ w + b, 0)", "The activation is ReLU here, which has no upper end. A probability needs the sigmoid."),
    (Y, "np.heaviside(x @ w + b, 0)", "The prediction is 0 or 1: a threshold, or a rounded sigmoid. Keep the sigmoid as it is: it says how sure the "
     "perceptron is."),
    (Z, Y, "The activation is applied twice."),
    (Y, f"np.reshape({Y}, (-1, 1))", "The numbers are right, but in a column, shape (n, 1). One prediction for each example has shape (n,): an axis "
     "of length 1 is too many."),
    (Z, "np.sum(x * w, axis=-1, keepdims=True) + b", "The numbers are right, but one axis too many is kept: one prediction for each example has "
     "shape (n,), and shape () for one example alone."),
    (Y, f"np.squeeze({Y})", "In a batch of one example, the axis of the batch is lost: `squeeze` takes away every axis of length 1. Sum over the "
     "last axis instead, which keeps the others."),
    (Y, "tf.sigmoid(tf.matmul(x, w) + b)", "`tf.matmul` takes matrices only, and w is a vector. Multiply, then sum over the last axis."),
), hints=[
    "Take three steps, in this order: dot product, bias, activation.",
    "x * w multiplies every example by the weights, one feature at a time. Which axis of it are the features, in one example and in a batch?",
    "`keras.ops.sum(…, axis=-1)` sums over the last axis, whatever the rank. Then add b, and hand z to your sigmoid.",
], also_right=[
    lambda x, w, b: sigmoid(np.dot(x, w) + b), lambda x, w, b: tf.sigmoid(tf.reduce_sum(x * w, axis=-1) + b),
    lambda x, w, b: tf.math.sigmoid(tf.tensordot(x, w, 1) + b), lambda x, w, b: sigmoid(np.einsum("...m,m->...", np.float64(x), w) + b),
    lambda x, w, b: np.array([sigmoid(sum(a * c for a, c in zip(row, w, strict=True)) + b) for row in np.atleast_2d(x)]).reshape(x.shape[:-1]),
    lambda x, w, b: tf.sigmoid((tf.linalg.matvec(x, w) if x.ndim == 2 else tf.squeeze(tf.linalg.matvec(x[None], w))) + b),
    lambda x, w, b: (0.5 * (1 + np.tanh((x @ w + b) / 2))).tolist(),
])

def line_inputs(rng):
    """The example of the text; one number; other lines, none of them steep."""
    yield np.array([-2.0, 0.0, 2.0], np.float32), np.array([3.0, -2.0], np.float32), 1.0
    yield 0.5, np.array([1.0, 2.0], np.float32), -4.0
    for n in (1, 4):
        w = rng.uniform(0.5, 3, 2) * rng.choice([-1, 1], 2)
        yield rng.normal(size=n).astype(np.float32), w.astype(np.float32), float(rng.normal())

def root_in_x2(x1, w, b):
    """The root of z, as a polynomial in x2."""
    return np.vectorize(lambda t: np.roots([w[1], w[0] * t + b])[0])(x1)

decision_line = Exercise("1.5", "The decision line", right=root_in_x2, inputs=line_inputs, mistakes=[
    Mistake(lambda x1, w, b: (b + w[0] * x1) / w[1], "The sign is wrong: when w2·x2 changes sides, it or the rest becomes negative."),
    Mistake(lambda x1, w, b: -(b + w[0] * x1) / w[0], "This divides by w1, the weight of x1. To get x2 alone, divide by its own weight."),
    Mistake(lambda x1, w, b: -(b + w[0] * x1) * w[1], "This multiplies by w2. The equation has w2 times x2: what gets x2 alone?"),
    Mistake(lambda x1, w, b: -(b + w[0] * x1) - w[1], "This subtracts w2. The equation has w2 times x2: what gets x2 alone?"),
    Mistake(lambda x1, w, b: -b + w[0] * x1 / w[1], "The minus and the division each reach one of the two terms only. All of b + w1·x1 changes sides, and "
            "all of it is divided."),
    Mistake(lambda x1, w, b: (b + w[0] * x1) / w[0], "This divides by w1, and the sign is wrong as well: solve z = 0 for x2 on paper."),
    Mistake(lambda x1, w, b: -w[0] * x1 / w[1], "The bias is missing, so this line goes through the origin."),
    Mistake(lambda x1, w, b: -(b + w[1] * x1) / w[0], "The weights are exchanged: w[0] belongs to x1, and w[1] to x2."),
    Mistake(lambda x1, w, b: (-b + w[0] * x1) / w[1], "The minus reaches the bias only; w1·x1 changes sides too."),
    Mistake(lambda x1, w, b: (b - w[0] * x1) / w[1], "The minus reaches w1·x1 only; the bias changes sides too."),
    Mistake(lambda x1, w, b: -b - w[0] * x1 / w[1], "The bias is not divided by w2: brackets around the whole numerator are missing."),
    Mistake(lambda x1, w, b: -b / w[1], "This does not depend on x1: it is the point of the line where x1 is 0. Where has the term w1·x1 gone?"),
    Mistake(lambda x1, w, b: -(b + w[1] * x1) / w[1], "x1 is multiplied by w[1] here, the weight of x2. Its own weight is w[0]."),
    Mistake(lambda x1, w, b: (1 + 3 * x1) / 2, "This is the line of the example, 1 + 3·x1 - 2·x2 = 0. Take the numbers from w and b."),
    Mistake(lambda x1, w, b: -b + -w[0] * x1, "This is w2·x2. Divide by w2 to get x2."),
    Mistake(lambda x1, w, b: (0.5 - b - w[0] * x1) / w[1], "This solves z = 0.5. The prediction ŷ is 0.5 where z is 0."),
    Mistake(lambda x1, w, b: sigmoid(b + w[0] * x1), "This is a prediction. Return the x2 where the prediction is 0.5: solve z = 0 for it."),
], hints=[
    "Where is ŷ = 0.5? It is where z = 0, in the middle of the sigmoid. No exponential is left then.",
    "b + w1·x1 + w2·x2 = 0 is a line. Solve it for x2, with the whole rest on the other side.",
    "Take b and w1·x1 to the other side, both with a minus, and divide both by w[1].",
], also_right=[
    lambda x1, w, b: -(w[0] / w[1]) * x1 - b / w[1], lambda x1, w, b: tf.divide(tf.negative(b + w[0] * tf.constant(x1, tf.float32)), w[1]),
    lambda x1, w, b: [-(b + w[0] * t) / w[1] for t in x1] if np.ndim(x1) else -(b + w[0] * x1) / w[1],
])

def separate_clouds(line):
    """Whether a line (w, b) has nearly all of the clouds' points on their right side."""
    if not isinstance(line, (tuple, list)) or len(line) != 2:
        raise Advice("Expected two things: the two weights as a list, and the bias.")
    w, b = map(require.numbers, line)
    if w.shape != (2,) or b.size != 1:
        return LineFinding.OTHER_SHAPES.about(f"{w.shape} and {b.shape}")
    if not (np.isfinite(w).all() and np.isfinite(b).all()):
        raise Advice("Some of the numbers are infinite or nan.")
    if not w.any():
        return LineFinding.NO_LINE
    X, y = datasets.clouds()
    positive = X @ w + b.reshape(()) > 0
    share = float(np.mean(positive == (y == 1)))
    if share >= 0.95:
        return FINE
    if share <= 0.05:
        return LineFinding.SIDES_EXCHANGED.about(share)
    return (LineFinding.TOO_FEW_RIGHT if positive.any() and not positive.all() else LineFinding.ALL_ON_ONE_SIDE).about(share)

LineFinding, mistakes_of_line = findings_of(None,
    ("NO_LINE", ([0.0, 0.0], 1.0), "Both weights are 0: then z is b everywhere, and there is no line. Which way should z grow?"),
    ("OTHER_SHAPES", ([1.0, 1.0, 1.0], 0.0), "w holds two weights, [w1, w2], and b is one number. Yours have the shapes {seen}."),
    ("SIDES_EXCHANGED", ([-1.0, -1.0], 5.8), "{seen} of the points are right: the line is good, and its sides exchanged. Multiply w and b by -1."),
    ("ALL_ON_ONE_SIDE", ([1.0, 1.0], 0.0), "{seen} of the points are right, because all of them are on the same side of the line. Move the line "
     "between the clouds with b."),
    ("TOO_FEW_RIGHT", ([1.0, -1.0], 0.0), "{seen} of the points are right; expected at least 95%. Which way should z grow: toward the green dots or "
     "the red crosses? Then shift the line with b until it lies in the gap."),
)
by_hand = Exercise("1.6", "Train it yourself", right=([1.0, 1.0], -5.8), observe=separate_clouds, mistakes=mistakes_of_line, hints=[
    "The clouds lie around (1.5, 2) and (4, 4). z should be positive at the second and negative at the first: with both weights positive, z "
    "grows toward the upper right.",
    "With w = [1, 1], z is x1 + x2 + b. What is x1 + x2 at the centers of the two clouds?",
    "x1 + x2 is 3.5 at one center and 8 at the other; the line should lie half way, where x1 + x2 + b = 0.",
], also_right=[([2.5, 2.0], -13.0), (np.array([10.0, 6.0]), -46), (tf.constant([1.0, 1.0]), tf.constant([-5.75]))], equivalent={
    "w_clouds, b_clouds = ([1.0, 1.0], -6.8)": "another line in the gap between the clouds",
})

def two_layers(rng):
    """The example of the text: square matrices; then layers of 3, 1 and 5 units."""
    f32 = np.float32
    yield np.array([[1, 2], [0, 1]], f32), np.array([1, -1], f32), np.array([[2, 0], [1, 3]], f32), np.array([0.5, 0], f32)
    for m, d, k in [(3, 3, 3), (2, 3, 1), (4, 2, 5)]:
        yield tuple(rng.normal(size=shape).astype(f32) for shape in [(m, d), (d,), (d, k), (k,)])

def read_off(W1, b1, W2, b2):
    """The one layer, read off the two: b is what they give for zeros, and W what each unit vector adds to it."""
    def output(x):
        return np.einsum("ij,jk->ik", np.einsum("ij,jk->ik", x, W1) + b1, W2) + b2
    b = output(np.zeros((1, len(W1))))
    return output(np.eye(len(W1))) - b, b[0]

def one_layer(W1, b1, W2, b2):
    W = W1 @ W2
    b = b1 @ W2 + b2
    return W, b


collapse = Exercise("1.7", "Two linear layers are one", right=read_off, inputs=two_layers, outputs=("W", "b"), mistakes=edited(one_layer,
    ("W1 @ W2", "W2 @ W1", "The matrices stand in the wrong order. Which of the two does x meet first? That one stands next to x."),
    ("b1 @ W2", "b1", "The bias of the first layer is not carried through the second: what b1 adds is multiplied by W2 as well."),
    ("b1 @ W2 + b2", "b2", "b1 is lost. The first layer adds it, and the second multiplies it by W2."),
    (" + b2", "", "b2 is lost: the second layer adds it at the end."),
    ("b1 @ W2", "W2 @ b1", "The bias goes through W2 the wrong way round, W2 @ b1. It is a row, as x is: b1 @ W2."),
    ("b1 @ W2 + b2", "b2 @ W2 + b1", "b1 and b2 are exchanged: the bias of the first layer goes through W2."),
    ("W1 @ W2", "W1 * W2", "`*` multiplies element by element; the matrix product is `@`."),
    ("W1 @ W2", "W1 + W2", "The matrices are added. One layer after the other multiplies them."),
    ("b1 @ W2", "b1 @ W1 @ W2", "b1 goes through both matrices here. It is added after W1, so only W2 multiplies it."),
    ("+ b2", "+ b2 @ W2", "b2 is multiplied by W2 as well. The second layer adds it last."),
    ("b1 @ W2 + b2", "(b1 + b2) @ W2", "b2 is added too early: the second layer adds it after W2, not before."),
    ("+ b2", "- b2", "b2 is subtracted; it is added."),
    ("b1 @ W2", "tf.matmul(b1, W2)", "`tf.matmul` takes matrices only, and b1 is a vector. `@` of NumPy's arrays takes both; `tf.linalg.matvec` and "
     "`tf.tensordot` are for vectors."),
    ("W, b\n", "b, W\n", "W and b are returned in the wrong order."),
    ("W, b\n", "W, b.reshape(-1, 1)\n", "b is a column here, shape (k, 1). Each row of x W gets it added: its shape is (k,)."),
    ("b1 @ W2", "b1[None, :] @ W2", "b is a row of a matrix here, shape (1, k). A bias has one axis: its shape is (k,)."),
    ("W, b\n", "W.T, b\n", "W is transposed: it takes inputs in its rows, as W1 does."),
), hints=[
    "Write the two layers below each other, and put the first into the second: (x W1 + b1) W2 + b2. Then multiply out.",
    "Two terms of it contain no x: together they are b. What multiplies x is W.",
    "W is the matrix product of W1 and W2, in this order. In b, the vector b1 is multiplied by W2 from the right, and b2 is added.",
], also_right=[
    one_layer, lambda W1, b1, W2, b2: (tf.matmul(W1, W2), tf.matmul(b1[None, :], W2)[0] + b2),
    lambda W1, b1, W2, b2: [np.dot(W1, W2), np.dot(b1, W2) + b2], lambda W1, b1, W2, b2: (np.float64(W1) @ W2, W2.T @ b1 + b2),
    lambda W1, b1, W2, b2: (tf.einsum("ij,jk->ik", W1, W2), tf.tensordot(b1, W2, 1) + b2),
])

def points_off_the_line(rng):
    """The example of the text, a point that is wrong; then right and wrong points of both labels, none on the line."""
    w = np.array([1.0, -1.0], np.float32)
    for b, x, y, rate in ((0.0, [1, 3], 1.0, 0.1), (0.5, [2, 1], 0.0, 0.5), (0.5, [2, 1], 1.0, 0.5), (-0.5, [1, 2], 0.0, 0.5)):
        yield w, b, np.float32(x), y, rate
    for z, b in [(-0.3, 1.0), (0.3, -1.0), (-0.3, -1.0), (0.3, 1.0), (-0.3, -0.2), (0.3, 0.2)]:  # without b or with -b some change sides
        for y in (0.0, 1.0):
            x, w = rng.normal(size=(2, 3))
            w += (z - b - x @ w) / (x @ x) * x  # so that x·w + b is z
            yield w.astype(np.float32), b, x.astype(np.float32), y, float(rng.uniform(0.1, 1))

def step_by_cases(w, b, x, y, learning_rate):
    """By cases, with the inputs extended by a 1 for the bias (Rosenblatt 1958; the perceptron convergence theorem's form)."""
    v, u = np.append(w, b), np.append(x, 1.0)
    if y == 1 and v @ u <= 0:
        v = v + learning_rate * u
    elif y == 0 and v @ u > 0:
        v = v - learning_rate * u
    return v[:-1], v[-1]

def rosenblatt_step(w, b, x, y, learning_rate):
    error = y - float(x @ w + b > 0)
    return w + learning_rate * error * x, b + learning_rate * error

step = edits_of(rosenblatt_step)
Y_HAT, NEW_B = "float(x @ w + b > 0)", "b + learning_rate * error"
rosenblatt = Exercise("1.8", "Stretch: Rosenblatt's rule", right=step_by_cases, inputs=points_off_the_line, outputs=("w", "b"),
    mistakes=edited(rosenblatt_step,
    (f"y - {Y_HAT}", f"{Y_HAT} - y", "The step goes the wrong way: it makes a wrong point more wrong. The error is y - ŷ, and the step adds it."),
    (NEW_B, "b + error", "The step of the bias leaves the learning rate out."),
    ("error =", "learning_rate, error = 0.1,", "The learning rate is 0.1 here, whatever comes in. Use the argument."),
    (f"y - {Y_HAT}", "0", "Nothing changes. Where the prediction is wrong, the error y - ŷ is 1 or -1, and w and b take a step."),
    ("> 0", "> 0.5", "The threshold is at z = 0.5 here. It should be at z = 0."),
    (NEW_B, "b", "The bias stays as it was. It learns like a weight whose input is always 1."),
    (" * x", "", "Every weight gets the same step. Each weight has an input of its own: multiply the error by x."),
    ("w + learning_rate * ", "w + ", NEW_B, "b + error", "The learning rate is not used: multiply the step by it."),
    (f" - {Y_HAT}", "", "The step is taken for y alone, whether ŷ is right or wrong. Rosenblatt's rule corrects mistakes only: use y - ŷ."),
    (Y_HAT, "sigmoid(x @ w + b)", "The prediction is a probability here. Rosenblatt's perceptron says 0 or 1: use the threshold, not the sigmoid."),
    (Y_HAT, "(x @ w + b)", "z stands where ŷ should: the threshold is missing."),
    (Y_HAT, "tf.constant(x @ w + b > 0)", "TensorFlow does not compute with True and False. Your threshold gives 1 or 0."),
    ("@ w + b", "@ w", "The prediction leaves the bias out: z = x·w + b."),
    ("@ w + b", "@ w - b", "The prediction subtracts the bias; z is x·w + b."),
    (Y_HAT, "np.sign(x @ w + b)", "The prediction is 1 or -1 here. The labels are 1 and 0, and so is what the threshold gives."),
    (lambda *inputs: rosenblatt_step(*inputs)[::-1], "w and b are returned in the wrong order."),
    (NEW_B, f"{NEW_B} * b", "The step of the bias is multiplied by b. Its input is 1, whatever b is."),
    ("w + l", "l", "b + l", "l", "This returns the step alone. Add it to w and b."),
), hints=[
    "Write two lines: the prediction ŷ by the threshold of z, then a step with the error y - ŷ. Where the prediction is right, the error is 0 "
    "and nothing changes.",
    "Each weight changes by learning_rate · (y - ŷ) · its own input; the bias by learning_rate · (y - ŷ).",
], also_right=[
    rosenblatt_step,
    step(Y_HAT, "float(tf.tensordot(x, w, 1) + b >= 0)", "w + learning_rate * error * x", "tf.add(w, x * learning_rate * error)"),
    lambda w, b, x, y, learning_rate:
        (w, b) if (x @ w + b > 0) == (y == 1) else (w + learning_rate * (2 * y - 1) * x, b + learning_rate * (2 * y - 1)),
], equivalent={
    "error = y - threshold(np.dot(x, w) + b)": "a tensor of one number computes as a float does",
    "error = y - float(threshold(np.dot(w, x) + b))": "a dot product does not depend on the order of its factors",
})

EXERCISES = [weighted_sum, activations, derivatives, forward_pass, decision_line, by_hand, collapse, rosenblatt]
