"""Exercises of lab 8: two losses, dropout as a function and as a layer, penalties on the weights, and a network that generalizes."""

from contextlib import suppress
from functools import cache

import keras
import numpy as np
import tensorflow as tf

from utils import datasets, training
from utils.advice import Advice
from utils.checking import FINE, Exercise, edited, edits_of, findings_of, limits, require


# --- 8.1 --------------------------------------------------------------------------------------------------------------
def fits_to_measure(rng):
    """The students of the text and a curve of degree 4; then noisy parabolas, with other degrees."""
    X, y = datasets.grades()
    x, y = X[X[:, 0] >= 6, 1], y[X[:, 0] >= 6]
    yield 4, x[:20], y[:20], x[20:], y[20:]
    for degree in (1, int(rng.integers(2, 6))):
        x = rng.uniform(0, 10, 30)
        y = 3 * (x - rng.uniform(3, 6)) ** 2 + rng.normal(scale=8, size=30)
        yield degree, x[:12], y[:12], x[12:], y[12:]

def by_polyfit(degree, x, y, x_val, y_val):
    a = np.polyfit(x.astype(float), y.astype(float), degree)
    return [np.square(np.polyval(a, values) - targets).mean() for values, targets in ((x, y), (x_val, y_val))]

def losses_of_fit(degree, x, y, x_val, y_val):
    curve = np.polynomial.Polynomial.fit(x, y, degree)
    def J(x, y):
        return np.mean((curve(x) - y) ** 2)
    return J(x, y), J(x_val, y_val)

fit = edits_of(losses_of_fit)
BOTH = "np.append(x, x_val), np.append(y, y_val)"
two_losses = Exercise("8.1", "Two losses", right=by_polyfit, inputs=fits_to_measure, outputs=("the training loss", "the validation loss"),
    mistakes=edited(losses_of_fit,
        ("fit(x, y", f"fit({BOTH}", "The curve is fitted to all examples. Only new ones tell how good it is: fit it to x and y alone."),
        ("fit(x, y", "fit(x_val, y_val", "The curve is fitted to the validation set. That measures it: fit it to x and y."),
        ("J(x_val, y_val)", "J(x, y)", "Both are the training loss. The second is the loss of the same curve on the validation set."),
        ("return J(x, y), ", "first = J(x, y)\n    curve = curve.fit(x_val, y_val, degree)\n    return first, ",
         "A new curve is fitted to the validation set. There is one curve, fitted once; the validation set only measures it."),
        ("J(x_val, y_val)", f"J({BOTH})", "The second loss counts the training examples too. Take the validation set alone."),
        ("J(x, y), J(x_val, y_val)", "J(x_val, y_val), J(x, y)", "They are exchanged: the training loss is first."),
        ("np.mean", "np.sum", "These are sums. The validation set and the training set differ in size: only means compare."),
        ("np.mean(", "np.sqrt(np.mean(", "2)", "2))", "This is the root of the mean squared error; leave the root out."),
        ("(curve(x) - y) ** 2", "abs(curve(x) - y)", "These are mean absolute errors. Square the differences."),
        ("((curve(x) - y) ** 2)", "(curve(x) - y) ** 2", "The mean comes before the square: too high and too low cancel. Square first."),
        (" ** 2", "", "Without squares, too high and too low cancel: of the training loss nothing is left. Square the differences."),
        ("(curve(x) - y) ** 2", "y - curve(x)", "These are means of differences: too high and too low cancel. Square them first."),
        ("degree)\n    def", "degree + 1)\n    def", "The degree is one too high."),
    ),
    hints=["One fit, two measurements: the same curve predicts for x and for x_val.",
           "`curve(x)` gives the predictions for x. The loss of lab 4: differences, squared, and their mean."],
    also_right=[losses_of_fit, fit("Polynomial", "Chebyshev"),
                fit("np.mean((curve(x) - y) ** 2)", "keras.losses.MeanSquaredError()(y[:, None], curve(x)[:, None])")],
    equivalent=dict.fromkeys(("J = np.mean((y - curve(x)) ** 2)", "J_val = np.mean((y_val - curve(x_val)) ** 2)"), "the sign is lost"))

# --- 8.2 and 8.3: statistics of what dropout drops --------------------------------------------------------------------
CALLS, SHAPE_OF_X = 7, (64, 32)
ALPHA = 1e-8  # how often one statistic of a right answer may fail; a check looks at fewer than 50
GRAIN = 2**-10  # how far a right probability may be off: random numbers come in steps, so `>` drops more than `>=`, even at a rate of 0

def tolerance(n, p):
    """How far the share of n independent events may be from p; it is further off with a probability of ALPHA (Bernstein's inequality)."""
    variance, term = max(p * (1 - p), GRAIN), np.log(2 / ALPHA) / n
    return GRAIN + term / 3 + np.sqrt((term / 3) ** 2 + 2 * variance * term)

def finding_of(outputs, x, rate, found):
    """The first thing that is wrong with dropout, from `found`, or FINE.  outputs: of CALLS calls while training, and one in prediction."""
    return next((finding for finding, is_so in findings_in(np.array(outputs[:-1]), outputs[-1], x, rate, found) if is_so), FINE)

def findings_in(trained, predicted, x, rate, found):
    """What can be wrong with dropout, in the order in which it is looked for, and whether it is so."""
    if not np.allclose(predicted, x, rtol=1e-5):
        zeros = (predicted == 0).any()
        yield found.EXCHANGED, zeros and np.allclose(trained, x)
        yield found.ACTIVE, zeros
        yield found.SCALED_AT_PREDICTION, np.allclose(predicted, x * (1 - rate))
        yield found.CHANGED_AT_PREDICTION, True
    kept = trained != 0
    yield found.ALL_GONE, not kept.any()
    yield found.MASK_ALONE, np.ptp(trained[kept].astype(float)) < 1e-4 < np.ptp(x)
    ratios, dropped = (trained / x)[kept], 1 - kept.mean()
    values, counts = np.unique(ratios.round(4), return_counts=True)
    scale = values[counts.argmax()]
    others = trained[kept][np.abs(ratios - scale) > 1e-3 * abs(scale)]
    if others.size:
        yield found.BRACKETS, np.any([np.isclose(trained, value, atol=1e-5) for value in (x - rate, 0, -rate)], axis=0).all()
        yield found.NOT_ZERO, (others == others[0]).all()
        yield found.STAYED, np.isin(ratios.round(4), np.round([1, 1 / (1 - rate)], 4)).all()
        yield found.FACTOR_OF_CALL, all(np.ptp((one / x)[one != 0]) < 1e-3 for one in trained)
        yield found.VALUES, True
    if rate:
        yield found.NOTHING, kept.all()
        yield found.ONE_DRAW, (kept == kept[:, :1, :1]).all()
        yield found.ONE_MASK, (kept == kept[:, :1]).all()
        yield found.WHOLE_EXAMPLES, (kept == kept[:, :, :1]).all()
        yield found.SAME_MASK, (kept == kept[:1]).all()
    another_share = abs(dropped - rate) > tolerance(kept.size, rate)
    yield found.KEEPS, another_share and abs(dropped - (1 - rate)) < tolerance(kept.size, rate)
    yield found.ANOTHER_SHARE, another_share or (rate and kept.all(axis=(1, 2)).any())
    if not np.isclose(scale, 1 / (1 - rate), rtol=1e-3):
        yield found.NOT_SCALED, np.isclose(scale, 1, rtol=1e-3)
        yield found.SCALED_DOWN, np.isclose(scale, 1 - rate, rtol=1e-3)
        yield found.SCALED_BY_RATE, np.isclose(scale * rate, 1, rtol=1e-3)
        yield found.OTHER_SCALE, True
    if rate:
        yield found.FIXED_NUMBER, any(np.ptp(kept.sum(axis=axes)) == 0 for axes in ((1, 2), 2, 1))
        alike = rate**2 + (1 - rate) ** 2  # how often two independent units both stay or both go
        pairs = ((kept[:, :, 0::2], kept[:, :, 1::2]), (kept[:, 0::2], kept[:, 1::2]), (kept[:2], kept[2:4]))
        yield found.TOGETHER, any(abs((a == b).mean() - alike) > tolerance(a.size, alike) for a, b in pairs)

def some_units(rng):
    """Units without a zero among them, with the rate of the slide, a small one, none, and a random one."""
    for rate in (0.5, 0.2, 0.0, round(rng.uniform(0.25, 0.4), 3)):
        yield (rng.uniform(0.5, 2, SHAPE_OF_X) * rng.choice([-1, 1], SHAPE_OF_X)).astype(np.float32), rate

def dropped_and_passed(answer, x, rate, found):
    """What is wrong with a function for dropout."""
    outputs = [require.numbers(answer(tf.constant(x), rate, training), x.shape) for training in [True] * CALLS + [False]]
    return finding_of(outputs, x, rate, found)

def dropout_and_its_recording(answer, x, rate):
    """What is wrong with a function for dropout, also where TensorFlow records it, as in a layer."""
    if (finding := dropped_and_passed(answer, x, rate, of_dropout)) is not FINE or not rate:
        return finding
    recorded = tf.function(lambda units: answer(units, rate, True))
    with suppress(TypeError, ValueError, AttributeError, NotImplementedError):
        return of_dropout.FROZEN if np.array_equal(*(recorded(tf.constant(x)) for _ in range(2))) else FINE
    return FINE  # 8.3 tells what keeps TensorFlow from recording it

def dropout(x, rate, training):
    if not training:
        return x
    kept = tf.random.uniform(tf.shape(x)) >= rate
    return tf.where(kept, x / (1 - rate), 0.0)

drop = edits_of(dropout)
DRAW, SCALED = "tf.random.uniform(tf.shape(x))", "x / (1 - rate)"
of_dropout, mistakes_of_dropout = findings_of(dropout,
    ("ACTIVE", "not training", "False", "Units are dropped in prediction too. There every unit works: when not training, x passes as it is."),
    ("EXCHANGED", "not training", "training", "Units are dropped in prediction and not in training: it is the other way round."),
    ("ONE_MASK", "tf.shape(x)", "x.shape[1:]", "The whole batch loses the same units. Each example draws its own: take the shape of x."),
    ("WHOLE_EXAMPLES", "tf.shape(x)", "(x.shape[0], 1)", "Whole examples are dropped. Each unit draws for itself: the mask has the shape of x."),
    ("SAME_MASK", DRAW, "tf.random.stateless_uniform(x.shape, (0, 0))", "Every call drops the same units: nothing is drawn, or the draw starts "
     "again from a fixed seed. Then those units would never learn."),
    ("FROZEN", DRAW, "np.random.uniform(size=x.shape)", "The random numbers come from NumPy or Python. TensorFlow records the function once and "
     "repeats what it did itself, so in a model the same units would go at every step: let TensorFlow draw."),
    ("NOT_SCALED", SCALED, "x", "The units that stay are not scaled, so sums are smaller in training. Make up for the share that is missing."),
    ("SCALED_AT_PREDICTION", SCALED, "x", "return x\n", "return x * (1 - rate)\n", "This scales in prediction, as the first paper on dropout did. "
     "Keras and this lab scale while training, so that a prediction costs nothing: when not training, x passes as it is."),
    ("CHANGED_AT_PREDICTION", "return x\n", f"return {SCALED}\n", "When not training, x changes. It passes as it is."),
    ("ONE_DRAW", "tf.shape(x)", "()", "One number decides for all units at once. Draw one for each: as many as x has."),
    ("BRACKETS", SCALED, "x / 1 - rate", "`x / 1 - rate` divides first, and subtracts then. Put 1 - rate in brackets."),
    ("NOTHING", lambda x, rate, training: x, "Nothing is dropped while training: draw a random number for each unit, and compare it with `rate`."),
    ("ANOTHER_SHARE", "random.uniform", "random.normal", "The share of units that go is not `rate`. A number that is uniform between 0 and 1 falls "
     "below 0.2 in one case of five: is it uniform, and is it compared with `rate`?"),
    ("KEEPS", ">= rate", "< rate", "The units that should stay are dropped: `rate` is the share that goes. With 0.2, four units of five stay."),
    ("FIXED_NUMBER", f"{DRAW} >= rate", f"tf.argsort({DRAW}) >= round(rate * x.shape[1])", "The same number of units goes each time. Each unit "
     "draws for itself, so that the number varies."),
    ("TOGETHER", DRAW, "tf.repeat(tf.random.uniform((x.shape[0], x.shape[1] // 2)), 2, axis=1)", "Units go together with their neighbors. Each "
     "should draw for itself: as many random numbers as x has."),
    ("SCALED_DOWN", SCALED, "x * (1 - rate)", "The units that stay become smaller. Fewer of them have to give the same sum: make them larger."),
    ("SCALED_BY_RATE", SCALED, "x / rate", "The scale is right for a rate of 0.5 alone. The share that stays is not `rate`."),
    ("NOT_ZERO", "0.0", "-1.0", "The units that go should be 0: they are another number."),
    ("STAYED", "0.0", "x", "The units that go keep their value, and only the others are scaled. A unit that goes becomes 0."),
    ("FACTOR_OF_CALL", SCALED, "x / tf.reduce_mean(tf.cast(kept, x.dtype))", "The scale is another one in each call, as where it is counted how many "
     "units stay. It depends on `rate` alone."),
    ("VALUES", f"tf.where(kept, {SCALED}, 0.0)", f"x * {DRAW}", "Some units are neither 0 nor scaled as the others are: does each have a random "
     "factor? A unit either goes, and is 0, or stays, with the same factor as the others."),
    ("OTHER_SCALE", SCALED, "x * (1 + rate)", "The units that stay have a wrong scale. On average, the sum should be that of all units."),
    ("ALL_GONE", ">= rate", ">= 1", "All units go. What is compared with what, and is a unit kept where that is True?"),
    ("MASK_ALONE", f"tf.where(kept, {SCALED}, 0.0)", "kept", "This is the mask alone: it says which units stay. Their values come from x."),
)

the_dropout = Exercise("8.2", "Dropout", right=lambda x, rate, training: keras.layers.Dropout(rate)(x, training=training), inputs=some_units,
    observe=dropout_and_its_recording, mistakes=mistakes_of_dropout,
    hints=["Draw a uniform random number for each unit: `tf.random.uniform(tf.shape(x))`. Below `rate`, the unit goes.",
           "`tf.where(kept, a, b)` takes a where `kept` is True and b elsewhere. The share that stays is 1 minus the rate.",
           "On average, a share 1 - rate of the sum is left. By what do you multiply, to have all of it again?"],
    also_right=[dropout, drop(DRAW, "tf.random.uniform(tf.shape(x), dtype=tf.float16)", ">=", ">"),
                lambda x, rate, training: tf.nn.dropout(x, rate) if training else x,
                lambda x, rate, training: x * tf.cast(tf.random.uniform(x.shape) > rate, x.dtype) / (1 - rate) if training else x,
                drop(f"{DRAW} >= rate", "tf.random.stateless_uniform(tf.shape(x), tf.random.uniform((2,), 0, 9**9, tf.int32)) > rate")],
    equivalent={"kept = tf.random.uniform(tf.shape(x)) > rate": "a random number is hardly ever the rate itself"})

# --- 8.3 --------------------------------------------------------------------------------------------------------------
WITHOUT_SIZE = ("partially known TensorShape", "'NoneType' object cannot be interpreted", "len is not well defined", "no attribute 'numpy'")

def try_layer(answer, x, rate):
    """What is wrong with a layer: by its output, its gradient, and in `fit`, `evaluate` and `predict`."""
    if not isinstance(answer, type) or not issubclass(answer, keras.layers.Layer):
        raise Advice("The answer is the class MyDropout, a `keras.layers.Layer`.")
    layer, units = answer(rate), tf.constant(x)
    if (finding := dropped_and_passed(lambda units, rate, training: layer(units, training=training), x, rate, of_layer)) is not FINE:
        return finding
    if not np.allclose(require.numbers(layer(units), x.shape), x):
        return of_layer.BY_DEFAULT
    with tf.GradientTape() as tape:
        tape.watch(units)
        output = layer(units, training=True)
    gradient = tape.gradient(output, units)
    if gradient is None or not np.allclose(gradient, np.where(output == 0, 0, 1 / (1 - rate)), rtol=1e-3):
        return of_layer.NO_GRADIENT
    recorded = tf.function(lambda units: layer(units, training=True), input_signature=[tf.TensorSpec([None, x.shape[1]])])
    try:
        finding = finding_of([*(recorded(units) for _ in range(CALLS)), x], x, rate, of_layer)
    except (TypeError, ValueError, AttributeError) as error:
        if any(words in str(error) for words in WITHOUT_SIZE):
            return of_layer.ANY_SIZE
        raise
    if finding is not FINE:
        return of_layer.FROZEN if finding is of_layer.SAME_MASK else finding
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    model.compile(keras.optimizers.SGD(0.0), keras.losses.MeanSquaredError())
    fitted = model.fit(x, x, batch_size=len(x), verbose=0).history["loss"][0]  # (mask·x/(1-p) - x)² is p/(1-p)·x² on average
    if model.evaluate(x, x, verbose=0) > 1e-6 or not np.allclose(model.predict(x, verbose=0), x, rtol=1e-5):
        return of_layer.ACTIVE
    return FINE if fitted > 1e-3 else of_layer.NOTHING

class MyDropout(keras.layers.Layer):
    """The layer in the notebook's form."""

    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def call(self, x, training=None):  # noqa: D102
        return dropout(x, self.rate, training)

layer = edits_of(MyDropout)
CALL = "dropout(x, self.rate, training)"
of_layer, mistakes_of_layer = findings_of(MyDropout,
    ("ACTIVE", "rate, training", "rate, True", "The layer drops in prediction too. Let `call` take `training` from Keras, and hand it on."),
    ("BY_DEFAULT", "=None", "=True", "Without being told, the layer drops. Keras leaves `training` out then: let it be None or False."),
    ("NOTHING", CALL, "x", "The layer drops nothing while training. Keras tells `call` whether the model trains by the name `training`."),
    ("ALL_GONE", "self.rate, t", "1.0, t", "All units go. The order of the arguments of `dropout` is x, rate, training."),
    ("ONE_MASK WHOLE_EXAMPLES ONE_DRAW", "dropout(x,", "x * dropout(tf.ones(x.shape[1:]),", "The whole batch loses the same units, or whole "
     "examples go. Each unit of each example draws for itself: the mask has the shape of x."),
    ("SAME_MASK", "= rate", "= rate\n        self.mask = dropout(tf.ones(SHAPE_OF_X), rate, True)", CALL, "x * self.mask if training else x",
     "Every call drops the same units: the mask is made once. Draw it in `call`."),
    ("FROZEN", CALL, "x * np.random.binomial(1, 1 - self.rate, SHAPE_OF_X) / (1 - self.rate) if training else x", "In `fit`, every step drops the "
     "same units. Keras records `call` once and repeats what TensorFlow did: random numbers of NumPy or Python are drawn at the recording only."),
    ("ANY_SIZE", "dropout(x,", "x * dropout(tf.ones(x.shape),", "In `fit`, Keras records the layer once for batches of any size: `x.shape` has a "
     "None there, and x no length and no NumPy array. Where the numbers are drawn, here or in `dropout` of the exercise before, let TensorFlow draw, "
     "and ask it for the shape."),
    ("", CALL, "keras.layers.Dropout(self.rate)(x, training=training)", "Each call makes a layer of Keras anew, with a generator of random numbers, "
     "and in `fit` that may be made only once. Draw the numbers in `call`, or make the layer in `__init__`."),
    ("", "=None", "", "`training` has no default, and Keras may leave it out. Give it a default that counts as prediction."),
    ("NO_GRADIENT", "dropout(x,", "dropout(x.numpy(),", "No gradient comes back, so nothing below learns. Keep to TensorFlow or `keras.ops`."),
    ("ANOTHER_SHARE", "self.rate, t", "0.5, t", "The share of units that go is not the layer's rate: drop once, with `self.rate`."),
    ("KEEPS", "self.rate, t", "1 - self.rate, t", "The units that should stay are dropped: the layer's rate is the share that goes."),
    ("NOT_SCALED SCALED_DOWN SCALED_BY_RATE OTHER_SCALE STAYED FACTOR_OF_CALL VALUES", CALL, f"{CALL} * (1 - self.rate if training else 1)", "The units that stay are not "
     "scaled as in the exercise before."),
    ("EXCHANGED", "rate, training", "rate, not training", "The layer drops in prediction and not in training: it is the other way round."),
    ("SCALED_AT_PREDICTION CHANGED_AT_PREDICTION BRACKETS NOT_ZERO MASK_ALONE FIXED_NUMBER TOGETHER", CALL, f"{CALL} / (1 - self.rate)",
     "That is not dropout with the layer's rate. `dropout` of the exercise before does it, if it gets x, the rate, and whether the model trains."),
)

my_dropout = Exercise("8.3", "MyDropout", right=keras.layers.Dropout, inputs=lambda rng: [*some_units(rng)][-1:], observe=try_layer, seconds=1.0,
    mistakes=mistakes_of_layer,
    hints=["The work is done: `dropout` of the exercise before takes x, a rate, and whether the model trains. Where does the layer get each from?",
           "`def call(self, x, training=None):`, and then one line."],
    also_right=[MyDropout, layer(CALL, "tf.nn.dropout(x, self.rate) if training else x"),
                layer("= rate", "= rate\n        self.seeds = keras.random.SeedGenerator()", CALL, "x * keras.ops.cast(keras.random.uniform("
                      "keras.ops.shape(x), seed=self.seeds) >= self.rate, x.dtype) / (1 - self.rate) if training else x")])

# --- 8.4 --------------------------------------------------------------------------------------------------------------
@cache
def three_layers():
    """A model with known weights, biases among them, which no answer has a reason to change."""
    model, rng = keras.Sequential([keras.Input((2,)), *(keras.layers.Dense(units, "tanh") for units in (3, 2, 1))]), np.random.default_rng(4)
    model.set_weights([rng.normal(size=weight.shape) for weight in model.get_weights()])
    return model

def penalty_and_gradient(answer, l1, l2):
    """The penalty, and its gradient by every weight."""
    model = three_layers()
    with tf.GradientTape() as tape:
        penalty = answer(model, l1, l2)
    number = require.numbers(penalty, (), "The penalty is one number, added up over the layers, too. It has")
    variables = [variable.value for variable in model.trainable_variables]
    gradients = tape.gradient(tf.convert_to_tensor(penalty), variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    observed = np.concatenate([[number], *map(np.ravel, gradients)])
    return of_penalty.NO_GRADIENT if (l1 or l2) and number and not observed[1:].any() else observed

def penalty(model, l1=0.0, l2=0.0):
    total = tf.constant(0.0)
    for layer in model.layers:
        W = layer.kernel
        total += l1 * tf.reduce_sum(tf.abs(W)) + l2 * tf.reduce_sum(W**2)
    return total

add = edits_of(penalty)
L1, L2 = "l1 * tf.reduce_sum(tf.abs(W))", "l2 * tf.reduce_sum(W**2)"
of_penalty, mistakes_of_penalty = findings_of(penalty,
    ("", "layer in model.layers", "W in model.trainable_variables", "        W = layer.kernel\n", "", "The biases are penalized too. A bias moves a "
     "line and bends nothing: only the kernels count."),
    ("", "model.layers", "model.layers[:1]", "Only the first layer is penalized. Add up over all layers."),
    ("", "+=", "=", "Only the last layer is penalized: `=` in a loop writes over what was there."),
    ("", "layer.kernel", "layer.bias", "These are the biases. The weights of a Dense layer are its `kernel`."),
    ("", "layer.kernel", "layer.weights", "`layer.weights` is a list, of W and the bias. The penalty is for W alone, the `kernel`."),
    ("", L2, f"{L2} / 2", "L2 is half of what it should be. Some books put ½ before it; here, and in Keras, it is λ ΣW²."),
    ("", "reduce_sum(tf", "reduce_mean(tf", "reduce_sum(W", "reduce_mean(W", "This takes the mean. Take the sum: a large layer pays more."),
    ("", L2, "tf.reduce_sum((l2 * W) ** 2)", "The strength λ is squared along with the weights. Square each weight, then multiply."),
    ("", L2, "l2 * tf.norm(W)", "L2 is the sum of the squares here; this takes its root."),
    ("", L2, "l2 * tf.reduce_sum(W) ** 2", "L2 squares the sum, in which weights of different sign cancel. Square each weight, then add up."),
    ("", "tf.abs(W)", "W", "L1 adds up the weights as they are, and negative ones would earn a reward. Take their absolute values."),
    ("", "l1 *", "l2 *", "+ l2", "+ l1", "L1 and L2 are exchanged: l1 belongs to the absolute values, l2 to the squares."),
    ("", f"{L1} + ", "", "L1 is missing: the absolute values of the weights, times l1."),
    ("", f" + {L2}", "", "L2 is missing: the squares of the weights, times l2."),
    ("", "return total", "return -total", "The sign is wrong: this would reward large weights."),
    ("NO_GRADIENT", "layer.kernel", "layer.get_weights()[0]", "The number has no gradient, so training would not notice it. NumPy and `get_weights` "
     "are outside the tape: take the layers' variables and TensorFlow."),
)

the_penalty = Exercise("8.4", "The penalty", right=lambda model, l1, l2: sum(keras.regularizers.L1L2(l1, l2)(layer.kernel) for layer in model.layers),
    inputs=lambda rng: [(0.0, 0.01), (0.02, 0.0), tuple(rng.uniform(0.1, 0.5, 2).tolist()), (0.0, 0.0)],  # first as in the text
    observe=penalty_and_gradient, mistakes=mistakes_of_penalty,
    hints=["`layer.kernel` holds the weights of a layer. Which functions of TensorFlow give absolute values, and sums over all entries?",
           "For each layer, add l1 times the sum of |W| and l2 times the sum of W² to `total`."],
    also_right=[penalty, add("return total", "return total if l1 or l2 else 0.0"), add("layer.kernel", "layer.trainable_variables[0]"),
                lambda model, l1, l2: tf.add_n([l1 * tf.norm(each.kernel, 1) + 2 * l2 * tf.nn.l2_loss(each.kernel) for each in model.layers])],
    equivalent={"total = 0.0": "a tensor added to Python's 0.0 is a tensor"})

# --- 8.5 --------------------------------------------------------------------------------------------------------------
GOAL = 0.17

def validation_loss(answer):
    """Whether the validation loss after the training is low enough, in the mean over two starts."""
    models = [require.can_learn(require.model(answer(), (2,), (1,))) for _ in range(2)]
    if models[0] is models[1]:
        raise Advice(require.SAME_MODEL)
    activation = getattr(getattr(models[0].layers[-1], "activation", None), "__name__", "linear")
    if activation in ("sigmoid", "softmax", "relu", "tanh"):  # with these, no weights bring the loss down to the goal
        return of_network.ACTIVATED.about(activation)
    (X, y), loss = standardized_students(), keras.losses.BinaryCrossentropy(from_logits=True)
    if min(float(loss(y, model(X))) for model in models) < 0.35:  # one that begins is at 0.5 or more
        raise Advice(require.TRAINED)
    loss, J_val = np.mean([losses_after_training(model) for model in models], axis=0)
    if J_val <= GOAL:
        return FINE
    if all(np.ptp(model(X)) < 0.01 for model in models):
        return of_network.ALIKE
    return of_network.LEARNED_BY_HEART if loss < 0.002 else of_network.NEARLY.about(f"{J_val:.3f}") if loss <= 0.2 else of_network.UNDER_FITS

def standardized_students():
    """X and y of all students; the first sixty are those for training, and set the scale."""
    X, y = datasets.students()
    return (X - X[:60].mean(axis=0)) / X[:60].std(axis=0), y[:, None]

def losses_after_training(model):
    """The training and the validation loss at the end, each the mean of the last five epochs."""
    X, y = standardized_students()
    loss, optimizer = keras.losses.BinaryCrossentropy(from_logits=True), keras.optimizers.Adam(0.02)
    train_epoch = training.compile_epoch(model, optimizer, loss, X[:60], y[:60], 60, validation=(X[60:], y[60:]), jit_compile=False)
    with limits.not_charged():
        epochs = [train_epoch((0, epoch)) for epoch in range(200)]
    return np.mean([(epoch["loss"], epoch["val_loss"]) for epoch in epochs[-5:]], axis=0)

def network(rate=0.0, l1=0.0, l2=0.0, activation=None):
    """A function that makes a network, with what regularizes it."""
    def answer():
        options = {"kernel_regularizer": keras.regularizers.L1L2(l1, l2)}
        hidden = [layer for _ in range(2) for layer in (keras.layers.Dense(64, "relu", **options), keras.layers.Dropout(rate))]
        return keras.Sequential([keras.Input((2,)), *hidden, keras.layers.Dense(1, activation, **options)])
    return answer

def trained_network():
    model, (X, y) = network(l2=0.005)(), standardized_students()
    model.compile(keras.optimizers.Adam(0.05), keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit(X, y, batch_size=60, epochs=12, verbose=0)
    return model

def stuck_network():
    layers = [keras.layers.Dense(8, "relu", kernel_initializer="zeros"), keras.layers.Dense(1, kernel_initializer="zeros")]
    return keras.Sequential([keras.Input((2,)), *layers])

def frozen_network():
    model = network(l2=0.005)()
    model.trainable = False
    return model

of_network, mistakes_of_network = findings_of(None,
    ("", trained_network, require.TRAINED),
    ("", frozen_network, require.FROZEN),
    ("LEARNED_BY_HEART", network(), "The network learns the sixty by heart: its training loss goes to 0. Add dropout, a penalty, or both."),
    ("ALIKE", stuck_network, "After training, the network gives everybody the same number. Do its weights all begin with 0, or does a penalty or "
     "dropout leave next to nothing?"),
    ("UNDER_FITS", network(l2=0.05), "The network under-fits: its training loss stays high. Take a weaker penalty, less dropout or more units."),
    ("NEARLY", network(l1=0.0007), f"The validation loss is {{seen}}, still above {GOAL}. Make the cure stronger, or take two together."),
    ("ACTIVATED", network(activation="sigmoid"), "The last layer has the activation {seen}, and the loss takes logits here: leave it out."),
)

best_network = Exercise("8.5", "A network that generalizes", right=network(l2=0.005), observe=validation_loss, seconds=2.0, mistakes=mistakes_of_network,
    hints=["`kernel_regularizer=keras.regularizers.L2(…)` in each Dense layer, and MyDropout between them. How strong? See the pictures above.",
           "L2 with 0.003 comes far; some dropout beside it comes further."],
    also_right=[network(rate=0.5, l2=0.005), network(rate=0.2, l2=0.006)])

EXERCISES = [two_losses, the_dropout, my_dropout, the_penalty, best_network]
