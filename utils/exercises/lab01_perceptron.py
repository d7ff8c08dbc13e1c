"""Exercises of lab 1: the perceptron, its activations and their derivatives, its decision line, and why g must bend."""

import math

import keras
import numpy as np
import tensorflow as tf

from utils import datasets, diagnosis
from utils.checking import Exercise, Mistake, value


def sigmoid(z):
    return 1 / (1 + np.exp(-np.asarray(z, np.float64)))


weighted_sum = Exercise(
    "1.1", "The weighted sum by hand",
    parts=("z", "y_hat"),
    right=(float(np.polyval([-2.0, 3.0, 1.0], -1.0) - 2.0), float(np.reciprocal(1 + np.exp(6.0)))),
    observe=value,
    atol=4e-6,  # so that 0.00247 passes for ŷ, and e^-6 does not
    mistakes=[
        Mistake(-7.0, "The bias is missing: the sum begins with w0 = 1.", "z"),
        Mistake(-8.0, "The bias is subtracted here; it is added like every other term.", "z"),
        Mistake(2.0, "This comes out if the product -2 · 2 loses its sign, or if the weights are added up and the inputs left out.", "z"),
        Mistake(0.0, "The product 3 · (-1) is negative. It lost its sign somewhere.", "z"),
        Mistake(9.0, "The weights are exchanged: the first weight belongs to the first input, the second to the second.", "z"),
        Mistake(6.0, "The sign is wrong: count the terms again, one product at a time, then the bias.", "z"),
        Mistake(3.0, "This adds weights and inputs. Each input is multiplied by its weight first, then the products are added.", "z"),
        Mistake(float(sigmoid(-6.0)), "This is ŷ already. z is the sum before the activation.", "z"),
        Mistake(float(sigmoid(6.0)), "This is 1/(1 + e^z), as one of the lecture's notes prints it. The exponent of the sigmoid has a "
                "minus sign: e^-z.", "y_hat"),
        Mistake(-6.0, "This is z itself: the activation is missing.", "y_hat"),
        Mistake(0.002, "This is rounded as on the slide. Keep the digits that Python gives you.", "y_hat"),
        Mistake(0.0, "Rounded to 0. The sigmoid is never exactly 0: keep the digits.", "y_hat"),
        Mistake(float(np.exp(6.0)), "This is e^-z. The sigmoid is 1/(1 + e^-z).", "y_hat"),
        Mistake(float(np.exp(-6.0)), "This is e^z, or 1/e^-z: the 1 + in the denominator is missing.", "y_hat"),
        Mistake(1 + float(np.exp(6.0)), "1 / 1 + e^-z needs brackets in Python: the denominator is (1 + e^-z).", "y_hat"),
        Mistake(1.0, "This is 1, so the exponential was lost. For z = -6, e^-z is e^6, about 403.", "y_hat"),
    ],
    hints=[
        "Three terms: the bias, the first weight times the first input, the second weight times the second input.",
        "z = 1 + 3·(-1) + (-2)·2. In the line below it, `np.exp(-z)` is e^-z.",
    ],
    equivalent={"z = 1 + 3 / -1 + -2 * 2": "dividing by -1 is multiplying by -1"},
    also_right=[(-6, 0.00247), (np.float32(-6), tf.sigmoid(-6.0)), (tf.constant(-6.0), 1 - 0.9975273768)],
)


def open_at_zero(g, z):
    """What a function gives for z. At z = 0 any number from 0 to 1 will do: the threshold has a step there, and ReLU a kink."""
    y = g(z)
    if diagnosis.unfit(y):
        return y
    y = diagnosis.to_array(y)
    if y.shape != np.shape(z) or y.dtype.kind == "b":
        return y
    return np.where((np.asarray(z) == 0) & (y >= 0) & (y <= 1), 0.0, y)


def activation_inputs(rng):
    """The example of the text; one number; whole numbers; zero; numbers far out, where e^z is infinite; a matrix."""
    yield (np.array([-2.0, -0.5, 0.3, 1.0, 3.0], np.float32),)
    yield (0.75,)
    yield (-1.25,)
    yield (np.array([-3, -1, 2, 4]),)
    yield (np.zeros(2, np.float32),)
    yield (np.array([-1000.0, 1000.0], np.float32),)
    yield (rng.normal(size=(3, 4)).astype(np.float32) * 2,)


def cut(z, g):
    """What is left of the activations g where they are stored with the dtype of z."""
    return np.asarray(g).astype(np.asarray(z).dtype)


FLOATS_ONLY = ("`tf.exp`, `tf.sigmoid` and Keras's own sigmoid take floats only, and z may hold whole numbers. `keras.ops.exp` and "
               "`np.exp` take both; or convert z first with `tf.cast(z, tf.float32)`.")
ONE_NUMBER = "works on one number at a time, and z may be an array of any shape."
INTEGERS = "For whole numbers in z the results are whole numbers too: they are stored with the dtype of z, which cuts their digits off."

activations = Exercise(
    "1.2", "Four activations",
    parts=("sigmoid", "tanh", "relu", "threshold"),
    right=(lambda z: keras.ops.sigmoid(keras.ops.cast(z, "float32")), lambda z: np.tanh(z), lambda z: keras.ops.relu(z),
           lambda z: np.heaviside(z, 0.0)),
    inputs=activation_inputs,
    observe=open_at_zero,
    atol=1e-6,  # so that 2.718 does not pass for e
    mistakes=[
        Mistake(lambda z: 1 / (1 + np.exp(z)), "The exponent has the wrong sign: this is 1/(1 + e^z), as one of the lecture's notes "
                "prints it, and it falls where the sigmoid rises. The formula has e^-z.", "sigmoid"),
        Mistake(lambda z: np.exp(z) / (1 + np.exp(z)), "The formula is right on paper, but e^1000 is infinite for a computer, and "
                "inf / inf is nan. Write it with e^-z in the denominator only.", "sigmoid"),
        Mistake(lambda z: 1 / 1 + np.exp(-np.asarray(z)), "The brackets are missing: Python reads 1 / 1 + e^-z as (1 / 1) + e^-z.", "sigmoid"),
        Mistake(lambda z: 1 / np.exp(-np.asarray(z)), "The 1 + in the denominator is missing: this grows without end, where the "
                "sigmoid stays below 1.", "sigmoid"),
        Mistake(lambda z: 1 / (1 - np.exp(-np.asarray(z))), "The denominator has a minus, 1 - e^-z; it is 1 + e^-z.", "sigmoid"),
        Mistake(lambda z: 1 / (1 + 2.718 ** -np.asarray(z, float)), "2.718 is not e: the digits that are left out can be seen in the results. "
                "`np.exp` and `keras.ops.exp` know e.", "sigmoid"),
        Mistake(lambda z: cut(z, sigmoid(z)), INTEGERS, "sigmoid"),
        Mistake(lambda z: 1 / (1 + math.exp(-z)), f"`math.exp` {ONE_NUMBER} `np.exp` and `keras.ops.exp` take arrays.", "sigmoid"),
        Mistake(lambda z: 1 / (1 + tf.exp(-z)), FLOATS_ONLY, "sigmoid"),
        Mistake(np.tanh, "This is tanh: it goes from -1 to 1, and the sigmoid from 0 to 1.", "sigmoid"),

        Mistake(lambda z: (np.exp(z) - np.exp(-np.asarray(z))) / (np.exp(z) + np.exp(-np.asarray(z))), "The slide's formula, and right "
                "on paper; but e^1000 is infinite for a computer, and inf / inf is nan. Use that tanh is a sigmoid, stretched: its "
                "values 0 to 1 become -1 to 1.", "tanh"),
        Mistake(lambda z: (np.exp(2 * np.asarray(z)) - 1) / (np.exp(2 * np.asarray(z)) + 1), "Right on paper, but e^2000 is infinite for "
                "a computer, and inf / inf is nan. Let the exponential stand in the denominator only, as your sigmoid does.", "tanh"),
        Mistake(lambda z: (1 - np.exp(-2 * np.asarray(z))) / (1 + np.exp(-2 * np.asarray(z))), "Right on paper, but for z = -1000 the "
                "exponential is infinite, and inf / inf is nan. Let it stand in the denominator only, as in your sigmoid.", "tanh"),
        Mistake(lambda z: 1 / np.tanh(z), "Numerator and denominator are exchanged: the difference of the exponentials stands above, "
                "their sum below.", "tanh"),
        Mistake(lambda z: 2 * sigmoid(z) - 1, "Nearly: the values do go from -1 to 1, but too slowly. This is tanh(z / 2): there is a "
                "2 inside the sigmoid as well.", "tanh"),
        Mistake(lambda z: sigmoid(2 * np.asarray(z)), "This still goes from 0 to 1. Stretch it to go from -1 to 1.", "tanh"),
        Mistake(sigmoid, "This is the sigmoid, from 0 to 1; tanh goes from -1 to 1.", "tanh"),
        Mistake(lambda z: 2 * sigmoid(2 * np.asarray(z)), "This goes from 0 to 2. After stretching, shift it down by 1.", "tanh"),
        Mistake(lambda z: sigmoid(2 * np.asarray(z)) - 1, "This goes from -1 to 0. Stretch the sigmoid to twice its height before you "
                "shift it down.", "tanh"),
        Mistake(lambda z: cut(z, np.tanh(z)), INTEGERS, "tanh"),
        Mistake(lambda z: tf.tanh(z), "`tf.tanh` takes floats only, and z may hold whole numbers. Build it from your sigmoid.", "tanh"),
        Mistake(lambda z: math.tanh(z), f"`math.tanh` {ONE_NUMBER} Build tanh from your sigmoid.", "tanh"),

        Mistake(lambda z: np.minimum(z, 0), "This keeps the negative numbers: a minimum stands where the maximum should.", "relu"),
        Mistake(np.abs, "This is the absolute value: it turns negative numbers round instead of setting them to 0.", "relu"),
        Mistake(lambda z: np.max(z, initial=0), "This takes one maximum over the whole array. ReLU compares each number with 0: "
                "`maximum` works element by element, `max` over all.", "relu"),
        Mistake(lambda z: tf.reduce_max(z), "This takes the maximum of the whole array. ReLU compares each number with 0.", "relu"),
        Mistake(lambda z: np.max(z, 0), "The 0 is read as the number of an axis here, along which the largest is looked for. ReLU compares each "
                "number with 0: `maximum`, not `max`.", "relu"),
        Mistake(lambda z: tf.maximum(0, z), "TensorFlow takes the 0 for a whole number, and compares floats with floats only. `keras.ops.maximum` takes "
                "both together.", "relu"),
        Mistake(lambda z: max(0, z), f"Python's `max` or `if` {ONE_NUMBER} `keras.ops.maximum` and `np.maximum` compare "
                "element by element.", "relu"),
        Mistake(lambda z: np.maximum(z, 0.01 * np.asarray(z)), "This is the leaky ReLU, which lets a little of the negative numbers "
                "through. Here they all become 0.", "relu"),
        Mistake(lambda z: np.maximum(z, 1), "The kink is at 1 here; ReLU compares with 0.", "relu"),
        Mistake(lambda z: np.asarray(z), "This gives z back unchanged: negative numbers should become 0.", "relu"),
        Mistake(lambda z: np.heaviside(z, 0), "This is the threshold: 1 for every positive number. ReLU keeps the number itself.", "relu"),

        Mistake(lambda z: np.asarray(z) > 0, "The comparison is right, but it gives True and False. Turn them into the numbers 1 and 0, "
                "with `keras.ops.cast` or `tf.cast`.", "threshold"),
        Mistake(np.sign, "This gives -1 for negative numbers; the threshold gives 0.", "threshold"),
        Mistake(lambda z: np.heaviside(-np.asarray(z), 0), "The comparison is the wrong way round: 1 belongs to the positive numbers.",
                "threshold"),
        Mistake(lambda z: (np.asarray(z) > 0.5) * 1.0, "The step is at 0.5 here; it is at z = 0. (ŷ = 0.5 is where the sigmoid of z "
                "crosses the middle.)", "threshold"),
        Mistake(lambda z: (np.asarray(z) > 1) * 1.0, "The step is at 1 here; it is at z = 0.", "threshold"),
        Mistake(lambda z: (z > 0).astype(np.float32), "For a single number z > 0 is a truth value of Python, and that has no `astype`. `keras.ops.cast` and "
                "`np.where` take both.", "threshold"),
        Mistake(lambda z: 1 if z > 0 else 0, f"An `if` {ONE_NUMBER} Compare the whole array at once, `z > 0`, and turn the result into "
                "numbers.", "threshold"),
        Mistake(lambda z: np.maximum(z, 0), "This is ReLU, which keeps the number; the threshold gives 1 for every positive number.",
                "threshold"),
    ],
    hints=[
        "Each formula is one line, and every operation in it works on a whole array: `keras.ops.exp`, `keras.ops.maximum`, `z > 0`.",
        "tanh: e^1000 is infinite, so its formula as printed gives inf / inf. Divide numerator and denominator by e^z, and you find "
        "a sigmoid of 2z in it.",
        "The sigmoid goes from 0 to 1 and tanh from -1 to 1: twice the height, and one lower. For the threshold, "
        "`keras.ops.cast(…, \"float32\")` turns True and False into 1 and 0.",
    ],
    also_right=[
        (lambda z: 1 / (1 + np.exp(-np.asarray(z))), np.tanh, lambda z: np.maximum(0, z), lambda z: np.where(np.asarray(z) > 0, 1, 0)),
        (lambda z: tf.math.sigmoid(tf.cast(z, tf.float32)), lambda z: tf.math.tanh(tf.cast(z, tf.float64)),
         lambda z: tf.nn.relu(z), lambda z: tf.cast(tf.cast(z, tf.float32) >= 0, tf.float32)),
        (lambda z: np.vectorize(lambda t: 0.5 + 0.5 * math.tanh(t / 2))(z), np.vectorize(math.tanh, otypes=[float]),
         lambda z: z * (np.asarray(z) > 0), lambda z: (np.sign(z) + 1) / 2),
        (lambda z: np.exp(-np.logaddexp(0, -np.asarray(z, float))), lambda z: 1 - 2 / (np.exp(2 * np.asarray(z, float)) + 1),
         lambda z: (np.asarray(z) + np.abs(z)) / 2, lambda z: np.heaviside(z, 1.0)),
    ],
    equivalent={
        "return keras.ops.maximum(0, z)": "the maximum of two numbers does not depend on their order",
        "return keras.ops.cast(z >= 0, 'float32')": "at z = 0 the lecture leaves the threshold open; both are accepted",
    },
)


def by_tape(g):
    """The derivative of an activation, by TensorFlow's tape."""
    def derivative(z):
        z = tf.convert_to_tensor(z)
        with tf.GradientTape() as tape:
            tape.watch(z)
            y = g(z)
        return tape.gradient(y, z)
    return derivative


def derivative_inputs(rng):
    """The example of the text; one number; zero; numbers far out; a matrix."""
    yield (np.array([-2.0, -0.5, 0.5, 1.0, 3.0], np.float32),)
    yield (np.float32(0.75),)
    yield (np.zeros(2, np.float32),)
    yield (np.array([-1000.0, 1000.0], np.float32),)
    yield (rng.normal(size=(3, 4)).astype(np.float32) * 2,)


derivatives = Exercise(
    "1.3", "Their derivatives",
    parts=("sigmoid_prime", "tanh_prime", "relu_prime"),
    right=(by_tape(tf.sigmoid), by_tape(tf.tanh), by_tape(tf.nn.relu)),
    inputs=derivative_inputs,
    observe=open_at_zero,
    mistakes=[
        Mistake(lambda z: z * (1 - z), "This is z(1 - z). The formula has g(z) in both places: squash z first, then take g(1 - g).",
                "sigmoid_prime"),
        Mistake(lambda z: sigmoid(z) * (1 - z), "The second factor is 1 - z here; it is 1 - g(z).", "sigmoid_prime"),
        Mistake(lambda z: z * (1 - sigmoid(z)), "The first factor is z here; it is g(z).", "sigmoid_prime"),
        Mistake(lambda z: sigmoid(z) * (1 + sigmoid(z)), "There is a plus where a minus belongs: g(1 - g).", "sigmoid_prime"),
        Mistake(lambda z: sigmoid(z) * (sigmoid(z) - 1), "The second factor is g - 1, the wrong way round: so the slope is negative, "
                "and the sigmoid rises everywhere.", "sigmoid_prime"),
        Mistake(lambda z: 1 - sigmoid(z) ** 2, "This is the formula of tanh, 1 - g². The sigmoid's derivative is g(1 - g).", "sigmoid_prime"),
        Mistake(sigmoid, "This is the sigmoid itself, not its slope.", "sigmoid_prime"),
        Mistake(lambda z: 1 - sigmoid(z), "One factor is missing: the slope is the product of g and 1 - g.", "sigmoid_prime"),
        Mistake(lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2, "Right on paper, but e^1000 is infinite for a computer, and inf / inf is "
                "nan. Use g(z): it is never larger than 1.", "sigmoid_prime"),
        Mistake(lambda z: sigmoid(sigmoid(z)) * (1 - sigmoid(sigmoid(z))), "The sigmoid is applied twice: once to z, and then to g(z) "
                "again.", "sigmoid_prime"),

        Mistake(lambda z: 1 - z**2, "This is 1 - z². The formula has g(z), not z: take tanh first, then square.", "tanh_prime"),
        Mistake(lambda z: 1 - np.tanh(z), "The square is missing: the slope is 1 - g².", "tanh_prime"),
        Mistake(lambda z: np.tanh(z) * (1 - np.tanh(z)), "This is the formula of the sigmoid, g(1 - g). That of tanh is 1 - g².", "tanh_prime"),
        Mistake(lambda z: (1 - np.tanh(z)) ** 2, "The whole difference is squared here; only g is: 1 - g².", "tanh_prime"),
        Mistake(lambda z: np.tanh(z) ** 2 - 1, "The difference is the wrong way round: so the slope is negative, and tanh rises "
                "everywhere.", "tanh_prime"),
        Mistake(lambda z: 1 + np.tanh(z) ** 2, "There is a plus where a minus belongs: far out, the slope of tanh goes to 0.", "tanh_prime"),
        Mistake(lambda z: 1 - np.tanh(np.square(z)), "The square belongs to g, and here it belongs to z: 1 - tanh(z²). Take tanh first, then square.",
                "tanh_prime"),
        Mistake(lambda z: np.tanh(z) ** 2, "This is g²; the slope is what is left of 1 without it.", "tanh_prime"),
        Mistake(np.tanh, "This is tanh itself, not its slope.", "tanh_prime"),
        Mistake(lambda z: 1 - sigmoid(z) ** 2, "g is tanh here, and this uses the sigmoid.", "tanh_prime"),
        Mistake(lambda z: 1 / np.cosh(z.astype(np.float32) if hasattr(z, "astype") else z) ** 2 * np.cosh(z) / np.cosh(z), "Right on "
                "paper, but cosh(1000) is infinite for a computer. Use tanh itself: it is never larger than 1.", "tanh_prime"),

        Mistake(lambda z: np.maximum(z, 0), "This is ReLU itself. Its slope is 1 where z is positive, whatever z is there.", "relu_prime"),
        Mistake(lambda z: np.asarray(z) > 0, "The comparison is right, but it gives True and False. A slope is a number: 1 or 0.",
                "relu_prime"),
        Mistake(np.sign, "For negative z this gives -1. ReLU is flat there: its slope is 0.", "relu_prime"),
        Mistake(lambda z: np.where(np.asarray(z) > 0, 1.0, -1.0), "Where z is not positive, this gives -1. ReLU is flat there: its slope is 0.", "relu_prime"),
        Mistake(np.ones_like, "The slope is 1 for positive z only. For negative z, ReLU is flat.", "relu_prime"),
        Mistake(lambda z: (np.asarray(z) < 0) * 1.0, "The comparison is the wrong way round: ReLU rises where z is positive.", "relu_prime"),
        Mistake(lambda z: np.maximum(z, 0) / z, "This divides by z, and at z = 0 that is 0 / 0. The slope needs a comparison with 0 only.",
                "relu_prime"),
        Mistake(lambda z: 1.0 if z > 0 else 0.0, f"An `if` {ONE_NUMBER} You have a function that turns z > 0 into 1 and 0 already.",
                "relu_prime"),
    ],
    hints=[
        "The formulas stand above the exercise. g(z) in them is the activation itself, and you have written it in 1.2.",
        "Compute g once, `g = sigmoid(z)`, and use it twice. The slope of ReLU is 1 or 0: one of your four activations does just that.",
        "sigmoid_prime returns g · (1 - g); tanh_prime takes 1 and subtracts the square of tanh(z); relu_prime calls threshold.",
    ],
    also_right=[
        (lambda z: np.asarray(sigmoid(z) - sigmoid(z) ** 2), lambda z: 1 - np.tanh(z) ** 2, lambda z: np.where(np.asarray(z) >= 0, 1.0, 0.0)),
        (lambda z: sigmoid(z) * sigmoid(-z), lambda z: (1 - np.tanh(z)) * (1 + np.tanh(z)), lambda z: np.heaviside(z, 0.5)),
        (lambda z: 0.25 * (1 - tf.tanh(z / 2) ** 2), lambda z: 4 * sigmoid(2 * z) * sigmoid(-2 * z),
         lambda z: tf.cast(tf.constant(z) > 0, tf.float32)),
    ],
)


def forward_pass_inputs(rng):
    """The example of the text; batches of other shapes, one of them square, one of a single example; one example; a 1-D input."""
    yield np.array([-1.0, 2.0], np.float32), np.array([3.0, -2.0], np.float32), 1.0
    for shape in [(5, 2), (3, 3), (1, 4), (4,), (6, 1)]:
        yield rng.normal(size=shape).astype(np.float32), rng.normal(size=shape[-1]).astype(np.float32), float(rng.normal())


def dot(x, w):
    return np.asarray(x) @ np.asarray(w)


forward_pass = Exercise(
    "1.4", "The forward pass",
    right=lambda x, w, b: keras.ops.sigmoid(keras.ops.matmul(x, w) + b),
    inputs=forward_pass_inputs,
    mistakes=[
        Mistake(lambda x, w, b: sigmoid(dot(x, w)), "This is g(x·w): the bias b is missing. Without it every decision line goes "
                "through the origin."),
        Mistake(lambda x, w, b: sigmoid(dot(x, w)) + b, "The bias is added after the activation. It belongs to z, inside g; outside, ŷ "
                "leaves the interval from 0 to 1."),
        Mistake(lambda x, w, b: sigmoid(x * w + b), "Each product goes through the activation by itself: x * w multiplies, and the sum "
                "is missing. A perceptron adds the products up before it squashes them."),
        Mistake(lambda x, w, b: np.sum(sigmoid(x * w + b), axis=-1), "The sum is taken after the activation. First add the products "
                "and the bias up to one z, then squash that."),
        Mistake(lambda x, w, b: np.sum(sigmoid(x * w), axis=-1) + b, "Each product is squashed before the sum. First add the products "
                "and the bias up to one z, then squash that."),
        Mistake(lambda x, w, b: sigmoid(np.sum(x * w, axis=0) + b), "The sum runs over the batch: it mixes the examples with one another. "
                "Sum over the features, the last axis."),
        Mistake(lambda x, w, b: sigmoid(np.sum(x * w) + b), "The sum runs over everything, so that a whole batch gives one number. Sum "
                "over the features only, the last axis: one prediction for each example."),
        Mistake(lambda x, w, b: sigmoid(np.sum(x * w, axis=1) + b), "This works for a batch, but one example has a single axis: "
                "there is no axis 1 in it, and no matrix for `tf.linalg.matvec`. Multiply, then sum over the last axis, -1: it serves both."),
        Mistake(lambda x, w, b: sigmoid(np.sum(x * w + b, axis=-1)), "The bias is added to every product, so it counts once for each "
                "feature. Add it once, to the sum."),
        Mistake(lambda x, w, b: dot(x, w) + b, "This is z: the activation is missing. A prediction lies between 0 and 1."),
        Mistake(lambda x, w, b: sigmoid(np.asarray(x).T @ np.asarray(w) + b), "x is transposed: that makes the examples the features. "
                "The features are the last axis of x already."),
        Mistake(lambda x, w, b: sigmoid(w @ x + b), "x and w stand in the wrong order: the product joins the last axis of what comes first, and that has to be "
                "the features of x."),
        Mistake(lambda x, w, b: sigmoid(np.dot(w, x) + b), "`np.dot` joins the last axis of what comes first with the rows of what follows. The features are the last "
                "axis of x: x comes first."),
        Mistake(lambda x, w, b: sigmoid(dot(x, w + b)), "b is added to every weight before the product, so that each input multiplies it. It is added once, to "
                "the sum."),
        Mistake(lambda x, w, b: sigmoid(dot(x + b, w)), "b is added to every input before the product, so that each weight multiplies it. It is added once, to "
                "the sum."),
        Mistake(lambda x, w, b: sigmoid(dot(x, w) - b), "The bias is subtracted; it is added."),
        Mistake(lambda x, w, b: sigmoid(-(dot(x, w) + b)), "The sign of z is wrong: this is 1 - ŷ. Look at the exponent of the sigmoid: "
                "it is e^-z."),
        Mistake(lambda x, w, b: sigmoid(np.mean(x * w, axis=-1) + b), "This is the mean of the products; a perceptron takes their sum."),
        Mistake(lambda x, w, b: sigmoid(dot(x, w) * b), "The bias multiplies the sum; it should be added to it."),
        Mistake(lambda x, w, b: sigmoid(np.sum(x + w, axis=-1) + b), "Inputs and weights are added; each input is multiplied by its weight."),
        Mistake(lambda x, w, b: np.tanh(dot(x, w) + b), "The activation is tanh here, from -1 to 1. A probability wants the sigmoid."),
        Mistake(lambda x, w, b: np.maximum(dot(x, w) + b, 0), "The activation is ReLU here, which has no upper end. A probability wants "
                "the sigmoid."),
        Mistake(lambda x, w, b: np.heaviside(dot(x, w) + b, 0), "The prediction is 0 or 1: a threshold, or a rounded sigmoid. Keep the "
                "sigmoid as it is: it says how sure the perceptron is."),
        Mistake(lambda x, w, b: sigmoid(sigmoid(dot(x, w) + b)), "The activation is applied twice."),
        Mistake(lambda x, w, b: np.reshape(sigmoid(dot(x, w) + b), (-1, 1)), "The numbers are right, but in a column, shape (n, 1). One "
                "prediction for each example has shape (n,): an axis of length 1 is too many."),
        Mistake(lambda x, w, b: sigmoid(np.sum(x * w, axis=-1, keepdims=True) + b), "The numbers are right, but one axis too many is kept: "
                "one prediction for each example has shape (n,), and shape () for one example alone."),
        Mistake(lambda x, w, b: np.squeeze(sigmoid(np.atleast_2d(x) @ w + b)), "In a batch of one example, the axis of the batch is lost: "
                "`squeeze` takes away every axis of length 1. Sum over the last axis instead, which keeps the others."),
        Mistake(lambda x, w, b: tf.sigmoid(tf.matmul(x, w) + b), "`tf.matmul` takes matrices only, and w is a vector. Multiply, then sum "
                "over the last axis."),
    ],
    hints=[
        "Three steps, in this order: dot product, bias, activation.",
        "x * w multiplies every example by the weights, one feature at a time. Which axis of it are the features, in one example and "
        "in a batch?",
        "`keras.ops.sum(…, axis=-1)` sums over the last axis, whatever the rank. Then add b, and hand z to your sigmoid.",
    ],
    also_right=[
        lambda x, w, b: sigmoid(np.dot(x, w) + b),
        lambda x, w, b: tf.sigmoid(tf.reduce_sum(x * w, axis=-1) + b),
        lambda x, w, b: tf.math.sigmoid(tf.tensordot(x, w, 1) + b),
        lambda x, w, b: np.array([sigmoid(sum(a * c for a, c in zip(row, w, strict=True)) + b) for row in np.atleast_2d(x)]).reshape(x.shape[:-1]),
        lambda x, w, b: sigmoid(np.einsum("...m,m->...", np.asarray(x, np.float64), w) + b),
        lambda x, w, b: tf.squeeze(tf.sigmoid(tf.linalg.matvec(tf.reshape(x, (-1, len(w))), w) + b)) if x.ndim == 1 else
        tf.sigmoid(tf.linalg.matvec(x, w) + b),
        lambda x, w, b: (0.5 * (1 + np.tanh((x @ w + b) / 2))).tolist(),
    ],
)


def line_inputs(rng):
    """The example of the text; one number; other lines, none of them steep."""
    yield np.array([-2.0, 0.0, 2.0], np.float32), np.array([3.0, -2.0], np.float32), 1.0
    yield 0.5, np.array([1.0, 2.0], np.float32), -4.0
    for n in (1, 4):
        w = rng.uniform(0.5, 3, 2) * rng.choice([-1, 1], 2)
        yield rng.normal(size=n).astype(np.float32), w.astype(np.float32), float(rng.normal())


decision_line = Exercise(
    "1.5", "The decision line",
    right=lambda x1, w, b: np.vectorize(lambda t: np.roots([w[1], w[0] * t + b])[0])(x1),  # z as a polynomial in x2, and its root
    inputs=line_inputs,
    mistakes=[
        Mistake(lambda x1, w, b: (b + w[0] * x1) / w[1], "The sign is wrong: when w2·x2 changes sides, it or the rest becomes negative."),
        Mistake(lambda x1, w, b: -(b + w[0] * x1) / w[0], "This divides by w1, the weight of x1. To get x2 alone, divide by its own "
                "weight."),
        Mistake(lambda x1, w, b: (b + w[0] * x1) / w[0], "This divides by w1, and the sign is wrong as well: solve z = 0 for x2 on paper."),
        Mistake(lambda x1, w, b: -w[0] * x1 / w[1], "The bias is missing, so this line goes through the origin."),
        Mistake(lambda x1, w, b: -(b + w[1] * x1) / w[0], "The weights are exchanged: w[0] belongs to x1, and w[1] to x2."),
        Mistake(lambda x1, w, b: (-b + w[0] * x1) / w[1], "The minus reaches the bias only; w1·x1 changes sides too."),
        Mistake(lambda x1, w, b: (b - w[0] * x1) / w[1], "The minus reaches w1·x1 only; the bias changes sides too."),
        Mistake(lambda x1, w, b: -b - w[0] * x1 / w[1], "The bias is not divided by w2: brackets around the whole numerator are missing."),
        Mistake(lambda x1, w, b: -b / w[1], "This does not depend on x1: it is the one point of the line where x1 is 0. Where has the term "
                "w1·x1 gone?"),
        Mistake(lambda x1, w, b: -(b + w[1] * x1) / w[1], "x1 is multiplied by w[1] here, the weight of x2. Its own weight is w[0]."),
        Mistake(lambda x1, w, b: (1 + 3 * x1) / 2, "This is the line of the example, 1 + 3·x1 - 2·x2 = 0, whatever comes in. Take the "
                "numbers from w and b."),
        Mistake(lambda x1, w, b: -b + -w[0] * x1, "This is w2·x2. Divide by w2 to get x2."),
        Mistake(lambda x1, w, b: (0.5 - b - w[0] * x1) / w[1], "This solves z = 0.5. The prediction ŷ is 0.5 where z is 0."),
        Mistake(lambda x1, w, b: sigmoid(b + w[0] * np.asarray(x1)), "This is a prediction. What is due is the x2 where the prediction is "
                "0.5: solve z = 0 for it."),
    ],
    hints=[
        "Where is ŷ = 0.5? Where z = 0, in the middle of the sigmoid. No exponential is left then.",
        "b + w1·x1 + w2·x2 = 0 is a line. Solve it for x2, with the whole rest on the other side.",
        "Take b and w1·x1 to the other side, both with a minus, and divide both by w[1].",
    ],
    also_right=[
        lambda x1, w, b: -(w[0] / w[1]) * x1 - b / w[1],
        lambda x1, w, b: tf.divide(tf.negative(b + w[0] * tf.constant(x1, tf.float32)), w[1]),
        lambda x1, w, b: [-(b + w[0] * t) / w[1] for t in x1] if np.ndim(x1) else -(b + w[0] * x1) / w[1],
    ],
)


NO_LINE = "two weights of 0"


def share_right(line):
    """The share of the clouds' points on the right side of the line (w, b); a text where it is not a line."""
    w, b = line if isinstance(line, (tuple, list)) and len(line) == 2 else (None, None)
    try:
        w, b = diagnosis.to_array(w), diagnosis.to_array(b)
    except (TypeError, ValueError):
        return "no numbers"
    if "U" in (w.dtype.kind, b.dtype.kind):
        return "text"
    if w.shape != (2,) or b.size != 1:
        return "not two weights and one bias"
    if not w.any():
        return NO_LINE
    if not (np.isfinite(w).all() and np.isfinite(b).all()):
        return "infinite, or nan"
    X, y = datasets.clouds()
    return float(np.mean((X @ w + b.reshape(()) > 0) == (y == 1)))


by_hand = Exercise(
    "1.6", "Train it yourself",
    right=([1.0, 1.0], -5.8),
    observe=share_right,
    accept=lambda seen: not isinstance(seen, str) and seen >= 0.95,
    mistakes=[
        Mistake(([0.0, 0.0], 1.0), "Both weights are 0: then z is b everywhere, and there is no line. Which way should z grow?",
                when=lambda seen: seen == NO_LINE),
        Mistake(([1.0, 1.0, 1.0], 0.0), "w holds two weights, [w1, w2], and b is one number. What came in is {seen}.",
                when=lambda seen: isinstance(seen, str)),
        Mistake(([-1.0, -1.0], 5.8), "{seen} of the points are right: the line is good, but the sides are exchanged. Multiply w and b by "
                "-1.", when=lambda seen: seen <= 0.05),
        Mistake(([1.0, 1.0], 0.0), "{seen} of the points are right, because all of them fall on the same side of the line. Move the "
                "line between the clouds with b.", when=lambda seen: seen == 0.5),
        Mistake(([1.0, -1.0], 0.0), "{seen} of the points are right, and at least 95% are due. Which way should z grow: toward the green "
                "dots or the red crosses? Then shift the line with b until it lies in the gap.", when=lambda seen: True),
    ],
    hints=[
        "The clouds lie around (1.5, 2) and (4, 4). z should be positive at the second and negative at the first: with both weights "
        "positive, z grows toward the upper right.",
        "With w = [1, 1], z is x1 + x2 + b. What is x1 + x2 at the centers of the two clouds?",
        "x1 + x2 is 3.5 at one center and 8 at the other; the line should lie half way, where x1 + x2 + b = 0.",
    ],
    equivalent={"w_clouds, b_clouds = ([1.0, 1.0], -6.8)": "another line in the gap between the clouds"},
    also_right=[([2.5, 2.0], -13.0), (np.array([10.0, 6.0]), -46), (tf.constant([1.0, 1.0]), tf.constant([-5.75]))],
)


def collapse_inputs(rng):
    """The example of the text: square matrices; then layers of 3, 1 and 5 units."""
    f32 = np.float32
    yield np.array([[1, 2], [0, 1]], f32), np.array([1, -1], f32), np.array([[2, 0], [1, 3]], f32), np.array([0.5, 0], f32)
    for m, d, k in [(3, 3, 3), (2, 3, 1), (4, 2, 5)]:
        yield tuple(rng.normal(size=shape).astype(f32) for shape in [(m, d), (d,), (d, k), (k,)])


def collapse_right(W1, b1, W2, b2):
    """Read the one layer off the two: b is what they make of zeros, and W what each unit vector adds to it."""
    def two_layers(x):
        return np.einsum("ij,jk->ik", np.einsum("ij,jk->ik", x, W1) + b1, W2) + b2
    b = two_layers(np.zeros((1, len(W1))))
    return two_layers(np.eye(len(W1))) - b, b[0]


collapse = Exercise(
    "1.7", "Two linear layers are one",
    right=collapse_right,
    inputs=collapse_inputs,
    outputs=("W", "b"),
    row_for_vector=True,
    mistakes=[
        Mistake(lambda W1, b1, W2, b2: (W2 @ W1, b1 @ W2 + b2), "The matrices stand in the wrong order. Which of the two does x meet first? That one stands next to x."),
        Mistake(lambda W1, b1, W2, b2: (W1 @ W2, b1 + b2), "The bias of the first layer is not carried through the second: what b1 adds is "
                "multiplied by W2 as well."),
        Mistake(lambda W1, b1, W2, b2: (W1 @ W2, b2), "b1 is lost. The first layer adds it, and the second multiplies it by W2."),
        Mistake(lambda W1, b1, W2, b2: (W1 @ W2, b1 @ W2), "b2 is lost: the second layer adds it at the end."),
        Mistake(lambda W1, b1, W2, b2: (W1 @ W2, W2 @ b1 + b2), "The bias goes through W2 the wrong way round, W2 @ b1. It is a row, as "
                "x is: b1 @ W2."),
        Mistake(lambda W1, b1, W2, b2: (W1 @ W2, b2 @ W2 + b1), "b1 and b2 are exchanged: the bias of the first layer goes through W2."),
        Mistake(lambda W1, b1, W2, b2: (W1 * W2, b1 @ W2 + b2), "`*` multiplies element by element; the matrix product is `@`."),
        Mistake(lambda W1, b1, W2, b2: (W1 + W2, b1 @ W2 + b2), "The matrices are added. One layer after the other multiplies them."),
        Mistake(lambda W1, b1, W2, b2: (W1 @ W2, b1 @ W1 @ W2 + b2), "b1 goes through both matrices here. It is added after W1, so "
                "only W2 multiplies it."),
        Mistake(lambda W1, b1, W2, b2: (W1 @ W2, b1 @ W2 + b2 @ W2), "b2 is multiplied by W2 as well. The second layer adds it last."),
        Mistake(lambda W1, b1, W2, b2: (W1 @ W2, (b1 + b2) @ W2), "b2 is added too early: the second layer adds it after W2, not before."),
        Mistake(lambda W1, b1, W2, b2: (W1 @ W2, b1 @ W2 - b2), "b2 is subtracted; it is added."),
        Mistake(lambda W1, b1, W2, b2: (W1 @ W2, tf.matmul(b1, W2) + b2), "`tf.matmul` takes matrices only, and b1 is a vector. `@` of NumPy's arrays takes both; "
                "`tf.linalg.matvec` and `tf.tensordot` are for vectors."),
        Mistake(lambda W1, b1, W2, b2: (b1 @ W2 + b2, W1 @ W2), "W and b are returned in the wrong order."),
        Mistake(lambda W1, b1, W2, b2: (W1 @ W2, (b1 @ W2 + b2).reshape(-1, 1)), "b is a column here, shape (k, 1). It is added to every "
                "row of x W, so it is a vector of shape (k,)."),
        Mistake(lambda W1, b1, W2, b2: ((W1 @ W2).T, b1 @ W2 + b2), "W is transposed: it takes inputs in its rows, as W1 does."),
    ],
    hints=[
        "Write the two layers below each other, and put the first into the second: (x W1 + b1) W2 + b2. Then multiply out.",
        "Two terms of it contain no x: together they are b. What multiplies x is W.",
        "W is the matrix product of W1 and W2, in this order. In b, the vector b1 is multiplied by W2 from the right, and b2 is added.",
    ],
    also_right=[
        lambda W1, b1, W2, b2: (tf.matmul(W1, W2), tf.matmul(b1[None, :], W2) + b2),
        lambda W1, b1, W2, b2: [np.dot(W1, W2), np.dot(b1, W2) + b2],
        lambda W1, b1, W2, b2: (tf.einsum("ij,jk->ik", W1, W2), tf.tensordot(b1, W2, 1) + b2),
        lambda W1, b1, W2, b2: (np.float64(W1) @ W2, W2.T @ b1 + b2),
    ],
)


def rosenblatt_inputs(rng):
    """The example of the text, a point that is wrong; then right and wrong points of both labels, none on the line."""
    w = np.array([1.0, -1.0], np.float32)
    yield w, 0.0, np.array([1.0, 3.0], np.float32), 1.0, 0.1
    yield w, 0.5, np.array([2.0, 1.0], np.float32), 0.0, 0.5
    yield w, 0.5, np.array([2.0, 1.0], np.float32), 1.0, 0.5
    yield w, -0.5, np.array([1.0, 2.0], np.float32), 0.0, 0.5
    for z, b in [(-0.3, 1.0), (0.3, -1.0), (-0.3, -1.0), (0.3, 1.0), (-0.3, -0.2), (0.3, 0.2)]:  # without b or with -b some change sides
        for y in (0.0, 1.0):
            x, w = rng.normal(size=(2, 3))
            w += (z - b - x @ w) / (x @ x) * x  # so that x·w + b is z
            yield w.astype(np.float32), b, x.astype(np.float32), y, float(rng.uniform(0.1, 1))


def rosenblatt_right(w, b, x, y, learning_rate):
    """By cases, with the inputs extended by a 1 for the bias (Rosenblatt 1958; the perceptron convergence theorem's form)."""
    v, u = np.append(w, b), np.append(x, 1.0)
    if y == 1 and v @ u <= 0:
        v = v + learning_rate * u
    elif y == 0 and v @ u > 0:
        v = v - learning_rate * u
    return v[:-1], v[-1]


def error(w, b, x, y):
    return y - (x @ w + b > 0)


rosenblatt = Exercise(
    "1.8", "Stretch: Rosenblatt's rule",
    right=rosenblatt_right,
    inputs=rosenblatt_inputs,
    outputs=("w", "b"),
    equivalent={
        "error = y - threshold(np.dot(x, w) + b)": "a tensor of one number computes as a float does",
        "error = y - float(threshold(np.dot(w, x) + b))": "a dot product does not depend on the order of its factors",
    },
    mistakes=[
        Mistake(lambda w, b, x, y, learning_rate: (w - learning_rate * error(w, b, x, y) * x, b - learning_rate * error(w, b, x, y)),
                "The step goes the wrong way: it makes a wrong point more wrong. The error is y - ŷ, and the step adds it."),
        Mistake(lambda w, b, x, y, learning_rate: (w + learning_rate * error(w, b, x, y) * x, b + error(w, b, x, y)),
                "The step of the bias leaves the learning rate out."),
        Mistake(lambda w, b, x, y, learning_rate: (w + 0.1 * error(w, b, x, y) * x, b + 0.1 * error(w, b, x, y)),
                "The learning rate is 0.1 here, whatever comes in. Use the argument."),
        Mistake(lambda w, b, x, y, learning_rate: (w, b), "Nothing changes. Where the prediction is wrong, the error y - ŷ is 1 or -1, and "
                "w and b take a step."),
        Mistake(lambda w, b, x, y, learning_rate: (w + learning_rate * (y - (x @ w + b > 0.5)) * x, b + learning_rate * (y - (x @ w + b > 0.5))),
                "The threshold is at z = 0.5 here. It is at z = 0."),
        Mistake(lambda w, b, x, y, learning_rate: (w + learning_rate * error(w, b, x, y) * x, b),
                "The bias stays as it was. It learns like a weight whose input is always 1."),
        Mistake(lambda w, b, x, y, learning_rate: (w + learning_rate * error(w, b, x, y), b + learning_rate * error(w, b, x, y)),
                "Every weight gets the same step. A weight is answerable for its own input: multiply the error by x."),
        Mistake(lambda w, b, x, y, learning_rate: (w + error(w, b, x, y) * x, b + error(w, b, x, y)),
                "The learning rate is not used: the step is to be multiplied by it."),
        Mistake(lambda w, b, x, y, learning_rate: (w + learning_rate * y * x, b + learning_rate * y),
                "The step is taken for y alone, whether the prediction is right or wrong. Rosenblatt's rule corrects mistakes only: use "
                "y - ŷ."),
        Mistake(lambda w, b, x, y, learning_rate: (w + learning_rate * (y - sigmoid(x @ w + b)) * x, b + learning_rate * (y - sigmoid(x @ w + b))),
                "The prediction is a probability here. Rosenblatt's perceptron says 0 or 1: use the threshold, not the sigmoid."),
        Mistake(lambda w, b, x, y, learning_rate: (w + learning_rate * (y - x @ w - b) * x, b + learning_rate * (y - x @ w - b)),
                "z stands where ŷ should: the threshold is missing."),
        Mistake(lambda w, b, x, y, learning_rate: (w + learning_rate * (y - (x @ w > 0)) * x, b + learning_rate * (y - (x @ w > 0))),
                "The prediction leaves the bias out: z = x·w + b."),
        Mistake(lambda w, b, x, y, learning_rate: (w + learning_rate * (y - (x @ w > b)) * x, b + learning_rate * (y - (x @ w > b))),
                "The prediction subtracts the bias; z is x·w + b."),
        Mistake(lambda w, b, x, y, learning_rate: (w + learning_rate * (y - np.sign(x @ w + b)) * x, b + learning_rate * (y - np.sign(x @ w + b))),
                "The prediction is 1 or -1 here. The labels are 1 and 0, and so is what the threshold gives."),
        Mistake(lambda w, b, x, y, learning_rate: (b + learning_rate * error(w, b, x, y), w + learning_rate * error(w, b, x, y) * x),
                "w and b are returned in the wrong order."),
        Mistake(lambda w, b, x, y, learning_rate: (w + learning_rate * error(w, b, x, y) * x, b + learning_rate * error(w, b, x, y) * b),
                "The step of the bias is multiplied by b. Its input is 1, whatever b is."),
        Mistake(lambda w, b, x, y, learning_rate: (learning_rate * error(w, b, x, y) * x, learning_rate * error(w, b, x, y)),
                "This returns the step alone. Add it to w and b."),
    ],
    hints=[
        "Two lines: the prediction ŷ by the threshold of z, then a step with the error y - ŷ. Where the prediction is right, the error "
        "is 0 and nothing changes.",
        "Each weight changes by learning_rate · (y - ŷ) · its own input; the bias by learning_rate · (y - ŷ).",
    ],
    also_right=[
        lambda w, b, x, y, learning_rate: (w + learning_rate * error(w, b, x, y) * x, b + learning_rate * error(w, b, x, y)),
        lambda w, b, x, y, learning_rate: (w, b) if (x @ w + b > 0) == (y == 1) else
        (w + learning_rate * (2 * y - 1) * x, b + learning_rate * (2 * y - 1)),
        lambda w, b, x, y, learning_rate: [tf.add(w, tf.multiply(x, learning_rate * (y - float(tf.tensordot(x, w, 1) + b >= 0)))),
                                           b + learning_rate * (y - float(tf.tensordot(x, w, 1) + b >= 0))],
    ],
)

EXERCISES = [weighted_sum, activations, derivatives, forward_pass, decision_line, by_hand, collapse, rosenblatt]
