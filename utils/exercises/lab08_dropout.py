"""Exercises of lab 8: two losses, dropout as a function and as a layer, penalties on the weights, and a network that generalizes."""

import math
from functools import cache

import keras
import numpy as np
import tensorflow as tf

from utils import datasets, diagnosis
from utils.advice import Advice
from utils.checking import Exercise, Mistake, is_seen

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


def by_least_squares(degree, x, y):
    """The polynomial of least squares, from Chebyshev's basis."""
    middle, half = (x.max() + x.min()) / 2, np.ptp(x) / 2
    basis = np.polynomial.chebyshev.chebvander((np.float64(x) - middle) / half, degree)
    c = np.linalg.lstsq(basis, np.float64(y), rcond=None)[0]
    return lambda values: np.polynomial.chebyshev.chebval((np.float64(values) - middle) / half, c)


def measured(fit_on="training", J=lambda y_hat, y: np.mean((y_hat - y) ** 2), swap=False, second="held out"):
    """An answer: fitted on some data, measured by J."""
    def answer(degree, x, y, x_held_out, y_held_out):
        both = np.concatenate([x, x_held_out]), np.concatenate([y, y_held_out])
        data = {"training": (x, y), "held out": (x_held_out, y_held_out), "both": both}
        curve = by_least_squares(degree, *data[fit_on])
        other = by_least_squares(degree, x_held_out, y_held_out) if second == "new" else curve
        x_second, y_second = data["held out" if second == "new" else second]
        losses = J(curve(x), y), J(other(x_second), y_second)
        return losses[::-1] if swap else losses
    return answer


def by_polyfit(degree, x, y, x_held_out, y_held_out):
    a = np.polyfit(x.astype(float), y.astype(float), degree)
    return [np.square(np.polyval(a, given) - due).mean() for given, due in ((x, y), (x_held_out, y_held_out))]


def by_keras(degree, x, y, x_held_out, y_held_out):
    curve, loss = np.polynomial.Polynomial.fit(x, y, degree), keras.losses.MeanSquaredError()
    return loss(y[:, None], curve(x)[:, None]), loss(y_held_out[:, None], curve(x_held_out)[:, None])


two_losses = Exercise(
    "8.1", "Two losses",
    right=measured(),
    inputs=fits_to_measure,
    outputs=("the training loss", "the held-out loss"),
    mistakes=[
        Mistake(measured(fit_on="both"), "The curve is fitted to all the examples. What it was fitted to cannot tell how it does on new ones: fit it to "
                "x and y alone."),
        Mistake(measured(fit_on="held out"), "The curve is fitted to the held-out examples, which are there to measure it. Fit it to x and y."),
        Mistake(measured(second="training"), "Both are the training loss. The second one is of the same curve on the held-out examples."),
        Mistake(measured(second="new"), "A new curve is fitted to the held-out examples. There is one curve, fitted once; the held-out examples only "
                "measure it."),
        Mistake(measured(second="both"), "The second loss is over all examples, those of the training too. Held out means that none of them was fitted."),
        Mistake(measured(swap=True), "The two losses are exchanged: the training loss comes first."),
        Mistake(measured(J=lambda y_hat, y: np.sum((y_hat - y) ** 2)), "These are sums of squares. There are not as many examples held out as there are "
                "for training: only means compare."),
        Mistake(measured(J=lambda y_hat, y: np.sqrt(np.mean((y_hat - y) ** 2))), "This is the root of the mean squared error; leave the root out."),
        Mistake(measured(J=lambda y_hat, y: np.mean(np.abs(y_hat - y))), "These are mean absolute errors. Square the differences."),
        Mistake(measured(J=lambda y_hat, y: np.mean(y_hat - y) ** 2), "The mean is taken before the square, so that too high and too low cancel. Square "
                "each difference first."),
        Mistake(measured(J=lambda y_hat, y: np.mean(y_hat - y)), "The differences are not squared, so that too high and too low cancel: of the training examples nothing is "
                "left. Square them first."),
        Mistake(measured(J=lambda y_hat, y: np.mean(y - y_hat)), "The differences are not squared, so too high and too low cancel: of the training examples nothing is "
                "left. Square them first."),
        Mistake(lambda degree, *data: measured()(degree + 1, *data), "The degree is one too high."),
    ],
    hints=["One fit, two measurements: the same curve predicts for x and for x_held_out.",
           "`curve(x)` gives the predictions for x. The loss of lab 4: differences, squared, and their mean."],
    also_right=[by_polyfit, by_keras],
    equivalent={
        "J = np.mean((y - curve(x)) ** 2)": "the square loses the sign",
        "J_held_out = np.mean((y_held_out - curve(x_held_out)) ** 2)": "the square loses the sign",
    },
)

# --- 8.2 and 8.3: statistics of what dropout drops --------------------------------------------------------------------

(FINE, ACTIVE, SCALED_AT_PREDICTION, CHANGED_AT_PREDICTION, NOTHING, ONE_MASK, WHOLE_EXAMPLES, SAME_MASK, KEEPS, ANOTHER_SHARE, FIXED_NUMBER,
 TOGETHER, NOT_SCALED, SCALED_DOWN, SCALED_BY_RATE, NOT_ZERO, VALUES, FROZEN, NO_GRADIENT, BY_DEFAULT, EXCHANGED, ONE_DRAW, ALL_GONE, BRACKETS) = range(24)
CALLS, SHAPE_OF_X = 7, (64, 32)
ALPHA = 1e-8  # how often one statistic of a right answer may fail; a check looks at fewer than 50


def tolerance(n, alpha=ALPHA):
    """How far a share of n independent events is off with probability alpha at most (Hoeffding's inequality, 1963)."""
    return math.sqrt(math.log(2 / alpha) / (2 * n))


def fault_of_masks(kept, rate):
    """What is wrong with which units stay: kept, truth values, shape (calls, examples, units)."""
    if kept.all():
        return NOTHING if rate else FINE
    if not kept.any():
        return ALL_GONE
    if (kept == kept[:, :1, :1]).all():
        return ONE_DRAW
    if not rate:
        return ANOTHER_SHARE
    if kept.all(axis=(1, 2)).any():
        return ANOTHER_SHARE
    if (kept == kept[:, :1]).all():
        return ONE_MASK
    if (kept == kept[:, :, :1]).all():
        return WHOLE_EXAMPLES
    if (kept == kept[:1]).all():
        return SAME_MASK
    dropped = 1 - kept.mean()
    if abs(dropped - rate) > tolerance(kept.size):
        return KEEPS if abs(dropped - (1 - rate)) < tolerance(kept.size) else ANOTHER_SHARE
    if any(np.ptp(kept.sum(axis=axes)) == 0 for axes in ((1, 2), 2, 1)):
        return FIXED_NUMBER
    pairs = [(kept[:, :, 0::2], kept[:, :, 1::2]), (kept[:, 0::2], kept[:, 1::2]), (kept[:2], kept[2:4])]
    alike = rate**2 + (1 - rate) ** 2  # how often two independent units share their fate
    return TOGETHER if any(abs((a == b).mean() - alike) > tolerance(a.size) for a, b in pairs) else FINE


def fault_of(trained, predicted, x, rate):
    """What is wrong with dropout: from what it gives while training, shape (calls, *x.shape), and when predicting, for x without zeros."""
    if not np.allclose(predicted, x, rtol=1e-5):
        if (predicted == 0).any():
            return EXCHANGED if np.allclose(trained, x) else ACTIVE
        return SCALED_AT_PREDICTION if np.allclose(predicted, x * (1 - rate)) else CHANGED_AT_PREDICTION
    ratio = trained / x  # of a unit that stays, the scale
    values, counts = np.unique(ratio.round(4), return_counts=True)
    if len(values) > 2:
        if any(np.allclose(trained, np.where(np.isclose(trained, gone, atol=1e-5), gone, x - rate), atol=1e-5) for gone in (0.0, -rate)):
            return BRACKETS
        others = trained[ratio.round(4) != values[counts.argmax()]]
        return NOT_ZERO if np.ptp(others) == 0 else VALUES
    fault = fault_of_masks(trained != 0, rate)
    if fault not in (FINE, FIXED_NUMBER, TOGETHER):
        return fault
    scale = values.max()
    if not np.isclose(scale, 1 / (1 - rate), rtol=1e-3):
        faults = {NOT_SCALED: 1, SCALED_DOWN: 1 - rate, SCALED_BY_RATE: 1 / max(rate, 1e-9)}
        return next((fault for fault, wrong in faults.items() if np.isclose(scale, wrong, rtol=1e-3)), VALUES)
    return fault


def some_units(rng):
    """Units without a zero among them, with the rate of the slide, a small one, none, and a random one."""
    for rate in (0.5, 0.2, 0.0, round(rng.uniform(0.25, 0.4), 3)):
        yield (rng.uniform(0.5, 2, SHAPE_OF_X) * rng.choice([-1, 1], SHAPE_OF_X)).astype(np.float32), rate


def as_array(output, shape):
    """What a dropout gives as an array of the shape that came in; Advice otherwise."""
    if unfit := diagnosis.unfit(output):
        raise Advice(unfit)
    array = diagnosis.to_array(output)
    if array.dtype.kind not in "fiu" or array.shape != shape:
        raise Advice(f"It gives {array.dtype} of shape {array.shape} for x of shape {shape}: numbers of the shape of x are due.")
    return array


def dropped_and_passed(answer, x, rate):
    """What is wrong with a function for dropout, by its output in some calls."""
    units = tf.constant(x)
    trained = np.array([as_array(answer(units, rate, True), x.shape) for _ in range(CALLS)])
    return fault_of(trained, as_array(answer(units, rate, False), x.shape), x, rate)


def dropping(keep=lambda shape, rate: np.random.uniform(size=shape) >= rate, scale=lambda rate: 1 / (1 - rate), zero=0.0, always=False,
             at_prediction=lambda x, rate: x):
    """An answer with a part changed: which units stay, the scale of those, what the others become."""
    def answer(x, rate, training):
        if not training and not always:
            return at_prediction(x, rate)
        kept = np.broadcast_to(keep(tuple(x.shape), rate), x.shape)
        return np.where(kept, np.asarray(x) * np.float32(scale(rate)), np.float32(zero))
    return answer


def a_fixed_number(shape, rate):
    ranks = np.argsort(np.argsort(np.random.uniform(size=shape), axis=1), axis=1)
    return ranks >= round(rate * shape[1])


def in_pairs(shape, rate):
    return np.repeat(np.random.uniform(size=(shape[0], shape[1] // 2)) >= rate, 2, axis=1)


the_dropout = Exercise(
    "8.2", "Dropout",
    right=dropping(),
    inputs=some_units,
    observe=dropped_and_passed,
    accept=lambda seen: seen == FINE,
    mistakes=[
        Mistake(dropping(always=True), "Units are dropped in prediction too. There every unit works: when not training, x passes as it is.",
                when=is_seen(ACTIVE)),
        Mistake(lambda x, rate, training: dropping()(x, rate, not training), "Units are dropped in prediction and not in training: it is the other way "
                "round.", when=is_seen(EXCHANGED)),
        Mistake(dropping(keep=lambda shape, rate: np.random.uniform(size=shape[1:]) >= rate), "The whole batch loses the same units. Every example draws its "
                "own: the mask has the shape of x.", when=is_seen(ONE_MASK)),
        Mistake(dropping(keep=lambda shape, rate: np.random.uniform(size=(shape[0], 1)) >= rate), "Whole examples are dropped, all their units at once. Each "
                "unit draws for itself: the mask has the shape of x.", when=is_seen(WHOLE_EXAMPLES)),
        Mistake(dropping(keep=lambda shape, rate: np.random.default_rng(0).uniform(size=shape) >= rate), "Every call drops the same units: nothing is drawn, or "
                "the draw starts again from a fixed seed. Then those units would never learn.", when=is_seen(SAME_MASK)),
        Mistake(dropping(scale=lambda rate: 1), "The units that stay are not scaled. The next layer's sum would be smaller in training than in prediction: "
                "make up for the share that is missing.", when=is_seen(NOT_SCALED)),
        Mistake(dropping(scale=lambda rate: 1, at_prediction=lambda x, rate: x * (1 - rate)), "This scales in prediction, as the first paper on dropout did. "
                "Keras and this lab scale while training, so that a prediction costs nothing: when not training, x passes as it is.",
                when=is_seen(SCALED_AT_PREDICTION)),
        Mistake(dropping(at_prediction=lambda x, rate: x / (1 - rate)), "When not training, x changes. It passes as it is.",
                when=is_seen(CHANGED_AT_PREDICTION)),
        Mistake(dropping(keep=lambda shape, rate: np.random.uniform() >= rate), "One number decides for all units at once. Draw one for each: as many as x has.",
                when=is_seen(ONE_DRAW)),
        Mistake(lambda x, rate, training: tf.where(tf.random.uniform(tf.shape(x)) >= rate, x / 1 - rate, 0.0) if training else x, "`x / 1 - rate` divides first, and subtracts then. "
                "Put 1 - rate in brackets.", when=is_seen(BRACKETS)),
        Mistake(lambda x, rate, training: x, "Nothing is dropped while training: draw a random number for each unit, and compare it with `rate`.",
                when=is_seen(NOTHING)),
        Mistake(dropping(keep=lambda shape, rate: np.random.normal(size=shape) >= rate), "The share of units that go is not `rate`. A number that is uniform "
                "between 0 and 1 falls below 0.2 in one case of five: is it uniform, and is it compared with `rate`?", when=is_seen(ANOTHER_SHARE)),
        Mistake(dropping(keep=lambda shape, rate: np.random.uniform(size=shape) < rate), "The units that should stay are dropped: `rate` is the share that "
                "goes. With 0.2, four units of five stay.", when=is_seen(KEEPS)),
        Mistake(dropping(keep=lambda shape, rate: np.zeros(shape, bool)), "All units go. What is compared with what, and is a unit kept where that is True?", when=is_seen(ALL_GONE)),
        Mistake(dropping(keep=a_fixed_number), "The same number of units goes each time. Each unit draws for itself, so that the number varies.",
                when=is_seen(FIXED_NUMBER)),
        Mistake(dropping(keep=in_pairs), "Units go together with their neighbors, and each should draw for itself: as many random numbers as x has.",
                when=is_seen(TOGETHER)),
        Mistake(dropping(scale=lambda rate: 1 - rate), "The units that stay become smaller, and they should become larger: fewer of them have to give the "
                "same sum.", when=is_seen(SCALED_DOWN)),
        Mistake(dropping(scale=lambda rate: 1 / max(rate, 1e-9)), "The scale is right for a rate of 0.5 alone. The share that stays is not `rate`.",
                when=is_seen(SCALED_BY_RATE)),
        Mistake(dropping(zero=-1.0), "The units that go should be 0: they are another number.", when=is_seen(NOT_ZERO)),
        Mistake(lambda x, rate, training: x * np.random.uniform(size=x.shape) if training else x, "Each unit is multiplied by some random number. A unit "
                "either goes, and is 0, or stays, and is scaled by the same factor as the others.", when=is_seen(VALUES)),
    ],
    hints=["Draw a uniform random number for each unit: `tf.random.uniform(tf.shape(x))`. Below `rate`, the unit goes.",
           "`tf.where(kept, a, b)` takes a where `kept` is True and b elsewhere. The share that stays is 1 minus the rate.",
           "On average, a share 1 - rate of the sum is left. By what do you multiply, to have all of it again?"],
    also_right=[
        lambda x, rate, training: keras.layers.Dropout(rate)(x, training=training),
        lambda x, rate, training: tf.nn.dropout(x, rate) if training else x,
        lambda x, rate, training: x * tf.cast(tf.random.uniform(x.shape) > rate, x.dtype) / (1 - rate) if training else x,
        lambda x, rate, training: x * np.random.binomial(1, 1 - rate, x.shape) / (1 - rate) if training else x,
    ],
    equivalent={"kept = tf.random.uniform(tf.shape(x)) > rate": "a random number is never the rate itself"},
)


ANY_SIZE = ("In `fit`, Keras records the layer once for batches of any size: `x.shape` has a None there, and x has no length and no NumPy array. Mend `dropout` of "
            "the exercise before: let TensorFlow draw, and let it ask for the shape when it draws.")


def layers_to_try(rng):
    """One rate that is not a half, and units without a zero."""
    yield list(some_units(rng))[-1]


def layer_at_work(answer, x, rate):
    """What is wrong with a layer: by its output, in a compiled function, by its gradient, and in fit, evaluate and predict."""
    if not isinstance(answer, type) or not issubclass(answer, keras.layers.Layer):
        raise Advice("The answer is the class MyDropout, a `keras.layers.Layer`.")
    layer, units = answer(rate), tf.constant(x)
    default = as_array(layer(units), x.shape)
    trained = np.array([as_array(layer(units, training=True), x.shape) for _ in range(CALLS)])
    fault = fault_of(trained, as_array(layer(units, training=False), x.shape), x, rate)
    if fault != FINE:
        return fault
    if not np.allclose(default, x):
        return BY_DEFAULT
    with tf.GradientTape() as tape:
        tape.watch(units)
        output = layer(units, training=True)
    gradient = tape.gradient(output, units)
    if gradient is None or not np.allclose(gradient, np.where(output == 0, 0, 1 / (1 - rate)), rtol=1e-3):
        return NO_GRADIENT
    compiled = tf.function(lambda units: layer(units, training=True), input_signature=[tf.TensorSpec([None, x.shape[1]])])
    try:
        trained = np.array([compiled(units) for _ in range(CALLS)])
    except (TypeError, ValueError, AttributeError) as error:
        if any(words in str(error) for words in ("partially known TensorShape", "'NoneType' object cannot be interpreted", "len is not well defined", "no attribute 'numpy'")):
            raise Advice(ANY_SIZE) from None
        raise
    fault = fault_of(trained, x, x, rate)
    return in_a_model(layer, x, rate) if fault == FINE else FROZEN if fault == SAME_MASK else fault


def in_a_model(layer, x, rate):
    """Whether a layer drops in `fit`, and not in `evaluate` and `predict`."""
    model = keras.Sequential([keras.Input(x.shape[1:]), layer])
    model.compile(keras.optimizers.SGD(0.0), keras.losses.MeanSquaredError())
    fitted = model.fit(x, x, batch_size=len(x), verbose=0).history["loss"][0]  # (mask·x/(1-p) - x)² is p/(1-p)·x² on average
    if model.evaluate(x, x, verbose=0) > 1e-6 or not np.allclose(model.predict(x, verbose=0), x, rtol=1e-5):
        return ACTIVE
    return FINE if fitted > 1e-3 else NOTHING


def layer_of(function=None, **methods):
    """A layer class that calls a function for dropout, with methods changed."""
    def init(self, rate, **options):
        keras.layers.Layer.__init__(self, **options)
        self.rate = rate

    def call(self, x, training=None):
        return function(x, self.rate, training)
    return type("MyDropout", (keras.layers.Layer,), {"__init__": init, "call": call} | methods)


def with_tensors(x, rate, training):
    if not training:
        return x
    return tf.where(tf.random.uniform(tf.shape(x)) < rate, tf.zeros_like(x), x / (1 - rate))


def mask_of_build(self, shape):
    self.mask = np.random.uniform(size=(SHAPE_OF_X[0], shape[-1])) >= self.rate


def always_training(self, x):
    return with_tensors(x, self.rate, True)


class ByKerasRandom(keras.layers.Layer):
    """Keras 3's own way: a generator of seeds, and keras.ops."""

    def __init__(self, rate):
        super().__init__()
        self.rate, self.seeds = rate, keras.random.SeedGenerator()

    def call(self, x, training=False):
        """Drop units while training."""
        if not training:
            return x
        kept = keras.random.uniform(keras.ops.shape(x), seed=self.seeds) >= self.rate
        return x * keras.ops.cast(kept, x.dtype) / (1 - self.rate)


my_dropout = Exercise(
    "8.3", "MyDropout",
    right=keras.layers.Dropout,
    inputs=layers_to_try,
    observe=layer_at_work,
    accept=lambda seen: seen == FINE,
    explain=lambda seen, due, *args: "That is not dropout with the layer's rate. `dropout` of the exercise before does it, if it gets x, the rate, and whether the model trains.",
    seconds=1.0,
    mistakes=[
        Mistake(layer_of(call=always_training), "The layer drops units in prediction too. Keras tells `call` whether the model trains, if it has a parameter "
                "`training`: hand that on.", when=is_seen(ACTIVE)),
        Mistake(layer_of(call=lambda self, x, training=True: with_tensors(x, self.rate, training)), "Without being told, the layer drops. Keras leaves "
                "`training` out where a layer is only called: let it be None or False then.", when=is_seen(BY_DEFAULT)),
        Mistake(layer_of(call=lambda self, x, training=None: x), "The layer drops nothing while training. Keras tells `call` whether the model trains by the name "
                "`training`.", when=is_seen(NOTHING)),
        Mistake(layer_of(lambda x, rate, training: with_tensors(x, 1.0, training)), "All units go. The order of the arguments of `dropout` is x, rate, training.", when=is_seen(ALL_GONE)),
        Mistake(layer_of(lambda x, rate, training: x * with_tensors(tf.ones(x.shape[1:]), rate, training)), "The whole batch loses the same units, or whole examples go. Each unit of each "
                "example draws for itself: the mask has the shape of x.", when=is_seen(ONE_MASK, WHOLE_EXAMPLES, ONE_DRAW)),
        Mistake(layer_of(build=mask_of_build, call=lambda self, x, training=None: x * self.mask / (1 - self.rate) if training else x),
                "Every call drops the same units: the mask is made once. Draw it in `call`.", when=is_seen(SAME_MASK)),
        Mistake(layer_of(lambda x, rate, training: tf.where(np.random.uniform(size=SHAPE_OF_X) < rate, 0.0, x / (1 - rate)) if training else x),
                "In `fit`, every step drops the same units. Keras records `call` once and repeats what TensorFlow did: random numbers of NumPy or Python are "
                "drawn at the recording only.", when=is_seen(FROZEN)),
        Mistake(layer_of(lambda x, rate, training: x * tf.cast(tf.random.uniform(x.shape) > rate, x.dtype) / (1 - rate) if training else x), ANY_SIZE),
        Mistake(layer_of(lambda x, rate, training: keras.layers.Dropout(rate)(x, training=training)), "Each call makes a layer of Keras anew, with a "
                "generator of random numbers, and in `fit` that may be made only once. Draw the numbers in `call`, or make the layer in `__init__`."),
        Mistake(layer_of(call=lambda self, x, training: with_tensors(x, self.rate, training)), "`training` has no default here, and Keras leaves it out "
                "where nobody said whether the model trains. Give it a default that counts as prediction."),
        Mistake(layer_of(lambda x, rate, training: tf.constant(with_tensors(x, rate, training).numpy())), "No gradient comes back through the layer, so what "
                "lies below would not learn. Keep to functions of TensorFlow or `keras.ops`.", when=is_seen(NO_GRADIENT)),
        Mistake(layer_of(lambda x, rate, training: with_tensors(x, 0.5, training)), "The share of units that go is not the layer's rate: take `self.rate`.",
                when=is_seen(ANOTHER_SHARE)),
        Mistake(layer_of(lambda x, rate, training: with_tensors(x, 1 - rate, training)), "The units that should stay are dropped: the layer's rate is the "
                "share that goes.", when=is_seen(KEEPS)),
        Mistake(layer_of(lambda x, rate, training: (1 - rate) * with_tensors(x, rate, True) if training else x), "The units that stay are not scaled as in the exercise "
                "before.", when=is_seen(NOT_SCALED, SCALED_DOWN, SCALED_BY_RATE, VALUES)),
        Mistake(layer_of(lambda x, rate, training: with_tensors(x, rate, not training)), "The layer drops in prediction and not in training: it is the other "
                "way round.", when=is_seen(EXCHANGED)),
    ],
    hints=["The work is done: `dropout` of the exercise before takes x, a rate, and whether the model trains. Where does the layer get each from?",
           "`def call(self, x, training=None):`, and then one line."],
    also_right=[ByKerasRandom, layer_of(with_tensors), layer_of(lambda x, rate, training: tf.nn.dropout(x, rate) if training else x)],
)

# --- 8.4 --------------------------------------------------------------------------------------------------------------


@cache
def three_layers():
    """A model with known weights, biases among them, which no answer has a reason to change."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, "tanh"), keras.layers.Dense(2, "tanh"), keras.layers.Dense(1)])
    rng = np.random.default_rng(4)
    model.set_weights([rng.normal(size=weight.shape) for weight in model.get_weights()])
    return model


def strengths(rng):
    """L2 alone as in the text, L1 alone, both, and none."""
    yield 0.0, 0.01
    yield 0.02, 0.0
    yield float(rng.uniform(0.1, 0.5)), float(rng.uniform(0.1, 0.5))
    yield 0.0, 0.0


def penalized(answer, l1, l2):
    """The penalty, and its gradient by every weight."""
    model = three_layers()
    with tf.GradientTape() as tape:
        penalty = answer(model, l1, l2)
    if unfit := diagnosis.unfit(penalty):
        raise Advice(unfit)
    if np.shape(penalty) != ():
        raise Advice(f"It gives shape {np.shape(penalty)}, and one number is due: add up over the layers, too.")
    if not hasattr(penalty, "numpy"):
        gradients = [None]
    else:
        variables = [variable.value for variable in model.trainable_variables]
        gradients = tape.gradient(penalty, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    if (l1 or l2) and float(penalty) and all(gradient is None or not np.any(gradient) for gradient in gradients):
        raise Advice(WITHOUT_GRADIENT)
    flat = [np.ravel(gradient) for gradient in gradients if gradient is not None]
    return np.concatenate([[float(penalty)], *flat])


WITHOUT_GRADIENT = ("The number has no gradient, so training would not notice it. NumPy and `get_weights` are outside the tape: take the layers' variables "
                    "and TensorFlow.")


def by_regularizers(model, l1, l2):
    """Keras's regularizer of each layer's kernel."""
    regularizer = keras.regularizers.L1L2(l1=l1, l2=l2)
    return sum(regularizer(layer.kernel) for layer in model.layers)


def adding(size_1=lambda W: tf.reduce_sum(tf.abs(W)), size_2=lambda W: tf.reduce_sum(W**2), of=lambda model: [layer.kernel for layer in model.layers],
           l1=lambda l1: l1, l2=lambda l2: l2):
    """An answer with a part changed."""
    def answer(model, l1_, l2_):
        return sum(l1(l1_) * size_1(W) + l2(l2_) * size_2(W) for W in of(model)) + tf.constant(0.0)
    return answer


def in_numpy(model, l1, l2):
    return tf.constant(sum(l1 * np.abs(W).sum() + l2 * (W**2).sum() for W in model.get_weights()[::2]), tf.float32)


the_penalty = Exercise(
    "8.4", "The penalty",
    right=by_regularizers,
    inputs=strengths,
    observe=penalized,
    mistakes=[
        Mistake(adding(of=lambda model: model.trainable_variables), "The biases are penalized too. A bias moves a line and bends nothing: only the kernels "
                "count."),
        Mistake(adding(of=lambda model: [model.layers[0].kernel]), "Only the first layer is penalized. Add up over all layers."),
        Mistake(adding(of=lambda model: [model.layers[-1].kernel]), "Only the last layer is penalized: `=` in a loop writes over what was there."),
        Mistake(adding(of=lambda model: [layer.bias for layer in model.layers]), "These are the biases. The weights of a Dense layer are its `kernel`."),
        Mistake(adding(of=lambda model: [layer.weights for layer in model.layers]), "`layer.weights` is a list, of W and the bias. The penalty is for W "
                "alone, the `kernel`."),
        Mistake(adding(size_2=lambda W: tf.reduce_sum(W**2) / 2), "L2 is half of what is due. Some books put ½ before it; here, and in Keras, it is λ times "
                "the sum of the squares."),
        Mistake(adding(size_1=lambda W: tf.reduce_mean(tf.abs(W)), size_2=lambda W: tf.reduce_mean(W**2)), "This takes the mean over a layer's weights, and "
                "the sum is due: a large layer has more to pay."),
        Mistake(adding(l1=lambda l1: l1**2, l2=lambda l2: l2**2), "The strength λ is squared along with the weights. Square each weight, then multiply."),
        Mistake(adding(size_2=lambda W: tf.sqrt(tf.reduce_sum(W**2))), "L2 is the sum of the squares here; this takes its root."),
        Mistake(adding(size_2=lambda W: tf.reduce_sum(W) ** 2), "L2 squares the sum, in which weights of different sign cancel. Square each weight, then add "
                "up."),
        Mistake(adding(size_1=tf.reduce_sum), "L1 adds up the weights as they are, and negative ones would earn a reward. Take their absolute values."),
        Mistake(lambda model, l1, l2: by_regularizers(model, l2, l1), "L1 and L2 are exchanged: l1 belongs to the absolute values, l2 to the squares."),
        Mistake(adding(size_1=lambda W: 0.0), "L1 is missing: the absolute values of the weights, times l1."),
        Mistake(adding(size_2=lambda W: 0.0), "L2 is missing: the squares of the weights, times l2."),
        Mistake(lambda model, l1, l2: -by_regularizers(model, l1, l2), "The sign is wrong: this would reward large weights."),
        Mistake(in_numpy, WITHOUT_GRADIENT),
    ],
    hints=["`layer.kernel` holds the weights of a layer. Which functions of TensorFlow give absolute values, and sums over all entries?",
           "For each layer, add l1 times the sum of |W| and l2 times the sum of W² to `total`."],
    also_right=[
        adding(),
        adding(of=lambda model: [variable for variable in model.trainable_variables if len(variable.shape) == 2]),
        lambda model, l1, l2: tf.add_n([l1 * tf.norm(layer.weights[0], 1) + 2 * l2 * tf.nn.l2_loss(layer.weights[0]) for layer in model.layers]),
    ],
    equivalent={"total = 0.0": "a tensor added to Python's 0.0 is a tensor"},
)

# --- 8.5 --------------------------------------------------------------------------------------------------------------

LEARNED_BY_HEART, TOO_WEAK, NEARLY, PROBABILITIES = range(-4, 0)
GOAL = 0.17


@cache
def standardized():
    """Sixty students to train with, and the rest, in units of the sixty's standard deviations."""
    X, y = datasets.students()
    X = (X - X[:60].mean(axis=0)) / X[:60].std(axis=0)
    return (X[:60], y[:60, None]), (X[60:], y[60:, None])


def held_out_loss(answer):
    """The held-out loss after 200 epochs, the mean over two starts; or what is wrong with the network."""
    model = answer()
    if not isinstance(model, keras.Model):
        raise Advice(diagnosis.unfit(model) or f"The function should return a model of Keras; it returns a {type(model).__name__}.")
    if not model.built:
        raise Advice(diagnosis.NO_INPUT)
    if model.input_shape != (None, 2) or model.output_shape != (None, 1):
        raise Advice(
            f"The model maps {model.input_shape} to {model.output_shape}; two inputs and one output are due, (None, 2) to (None, 1)."
        )
    if getattr(model.layers[-1], "activation", None) is keras.activations.sigmoid:
        return PROBABILITIES
    if (another := answer()) is model:
        raise Advice(diagnosis.SAME_MODEL)
    loss, val_loss = np.mean([losses_after(200, start) for start in (model, another)], axis=0)
    if not np.isfinite(val_loss):
        return TOO_WEAK
    return val_loss if val_loss <= GOAL else TOO_WEAK if loss > 0.2 else LEARNED_BY_HEART if loss < 0.002 else NEARLY


def losses_after(epochs, model):
    """Train a model, and give the training and the held-out loss, each the mean of the last five epochs."""
    data, held_out = standardized()
    loss, optimizer = keras.losses.BinaryCrossentropy(from_logits=True), keras.optimizers.Adam(0.02)
    optimizer.build(model.trainable_variables)

    @tf.function  # for a network as small as this, XLA compiles for longer than it trains
    def train():
        losses = tf.zeros(2)
        for epoch in tf.range(epochs):
            with tf.GradientTape() as tape:
                J = loss(data[1], model(data[0], training=True))
                J_penalized = J + sum(model.losses)
            optimizer.apply(tape.gradient(J_penalized, model.trainable_variables), model.trainable_variables)
            if epoch >= epochs - 5:
                losses += tf.stack([J, loss(held_out[1], model(held_out[0], training=False))]) / 5
        return losses

    return train().numpy()


def of_students(units=64, rate=0.0, l1=0.0, l2=0.0, last=None):
    """An answer: a network of two hidden layers, with what regularizes it."""
    def network():
        regularizer = keras.regularizers.L1L2(l1=l1, l2=l2)
        stack = [keras.Input((2,))]
        for _ in range(2):
            stack += [keras.layers.Dense(units, "relu", kernel_regularizer=regularizer), layer_of(with_tensors)(rate)]
        return keras.Sequential([*stack, keras.layers.Dense(1, last, kernel_regularizer=regularizer)])
    return network


best_network = Exercise(
    "8.5", "A network that generalizes",
    right=of_students(rate=0.5, l2=0.003),
    observe=held_out_loss,
    accept=lambda seen: seen >= 0,
    seconds=2.0,
    mistakes=[
        Mistake(of_students(), "The network learns the sixty by heart: its training loss goes to 0. Add dropout after the hidden layers, a penalty on the "
                "weights, or both.", when=is_seen(LEARNED_BY_HEART)),
        Mistake(of_students(l2=0.5), "The network hardly learns: its training loss stays high, so this is under-fitting. Take a weaker penalty, less dropout "
                "or more units.", when=is_seen(TOO_WEAK)),
        Mistake(of_students(l1=0.0005), f"Better than without, and still above {GOAL} for students it has not seen. Make the cure stronger, or take two "
                "together.", when=is_seen(NEARLY)),
        Mistake(of_students(last="sigmoid"), "The last layer gives probabilities, and the loss takes logits here: leave its activation out.",
                when=is_seen(PROBABILITIES)),
    ],
    hints=["`kernel_regularizer=keras.regularizers.L2(…)` in each Dense layer, and MyDropout between them. How strong? The pictures above show two of each.",
           "L2 with 0.003 comes far; some dropout beside it comes further."],
    also_right=[of_students(l2=0.005), of_students(rate=0.6, l2=0.002)],
)

EXERCISES = [two_losses, the_dropout, my_dropout, the_penalty, best_network]
