"""Exercises of lab 15: an autoencoder, the reparameterization, the KL term, the step of a VAE, latent space, rare digits, and β."""

from functools import cache

import keras
import numpy as np
import tensorflow as tf

from utils import datasets, training
from utils.advice import Advice
from utils.checking import FINE, Exercise, Part, edited, edits_of, findings_of, limits, require

layers = keras.layers
NOT_RECORDED = ("TensorFlow cannot record this function, and training does: NumPy, Python's numbers or loops over examples compute outside of it. Use functions "
                "of `tf`, `keras.ops` or `keras.losses`.")

def recorded(answer, *args):
    """What a function gives, if TensorFlow can record it, as training does."""
    got, specs = answer(*args), [tf.TensorSpec(each.shape, each.dtype) for each in args]
    for autograph in (False, True):  # without it is quicker, and with it more can be recorded
        try:
            tf.function(answer, autograph=autograph).get_concrete_function(*specs)
            return got
        except Exception:
            continue
    raise Advice(NOT_RECORDED)

# --- 15.1 -------------------------------------------------------------------------------------------------------------
OUTCOMES = 24  # draws of weights: a unit without activation is as often negative as positive

def two_networks(answer, outputs):
    """What is wrong with an encoder and a decoder: their shapes, and in what range they give numbers, whatever the weights are."""
    pairs = [require.items(answer(outputs), 2, "the encoder and the decoder") for _ in range(2)]
    (encoder, decoder), again = pairs
    if any(a is b for a, b in zip(*pairs, strict=True) if isinstance(a, keras.Model)):
        raise Advice(require.SAME_MODEL)
    if isinstance(encoder, keras.Model) and encoder.built and require.known(encoder, "input_shape") == (None, 2):
        return of_networks.EXCHANGED
    for network, shapes in ((encoder, ((64,), (outputs,))), (decoder, ((2,), (64,)))):
        require.can_learn(require.model(network, *shapes))
    rng = np.random.default_rng()
    X, z = rng.random((40, 64), np.float32), rng.normal(scale=2, size=(40, 2)).astype(np.float32)
    if all(np.ptp(network(inputs), axis=0).max() < 1e-6 for network, inputs in ((again[0], X), (again[1], z))):
        return of_networks.ALIKE
    codes, images = (outcomes(network, inputs, rng) for network, inputs in ((encoder, X), (decoder, z)))
    if np.allclose(images.sum(axis=-1), 1, atol=1e-3):
        return of_networks.SOFTMAX
    if images.min() < 0 or images.max() > 1:
        return of_networks.TANH if np.abs(images).max() <= 1 else of_networks.RELU if images.min() >= 0 else of_networks.NO_SIGMOID
    if codes.min() >= 0:
        return of_networks.CODE_POSITIVE
    if np.abs(codes).max() <= 1:
        return of_networks.CODE_BOUNDED
    if straight(encoder, X, lambda y: y):
        return of_networks.ENCODER_STRAIGHT
    return of_networks.DECODER_STRAIGHT if straight(decoder, z, lambda y: np.log(y / (1 - y))) else FINE

def outcomes(network, inputs, rng):
    """What a network gives with other weights, several times: shape (OUTCOMES, examples, outputs)."""
    before, given = network.get_weights(), []
    for _ in range(OUTCOMES):
        for variable in network.trainable_variables:
            variable.assign(rng.normal(size=variable.shape))
        given.append(np.asarray(network(inputs)))
    network.set_weights(before)
    return np.array(given)

def straight(network, x, undo):
    """Whether a network is a straight line before its last activation: f(a) + f(b) = f(a + b) + f(0)."""
    a, b = x[:20], x[20:]
    with np.errstate(divide="ignore", invalid="ignore"):
        f = [undo(np.asarray(network(inputs), float)) for inputs in (a, b, a + b, np.zeros_like(a))]
    return all(map(np.all, map(np.isfinite, f))) and np.allclose(f[0] + f[1], f[2] + f[3], atol=1e-4)

def functional_networks(outputs):
    image, z = keras.Input((64,)), keras.Input((2,))
    encoder = keras.Model(image, layers.Dense(outputs)(layers.Dense(40, "tanh")(image)))
    return encoder, keras.Model(z, layers.Activation("sigmoid")(layers.Dense(64)(layers.Dense(40, "tanh")(z))))

def new_networks(outputs):
    encoder = keras.Sequential([keras.Input((64,)), layers.Dense(128, "relu"), layers.Dense(outputs)])
    decoder = keras.Sequential([keras.Input((2,)), layers.Dense(128, "relu"), layers.Dense(64, "sigmoid")])
    return encoder, decoder

networks = edits_of(new_networks)
KEPT = new_networks(2)
of_networks, mistakes_of_networks = findings_of(new_networks,
    ("NO_SIGMOID", ', "sigmoid"', "", "The decoder's pixels have any value. Gray values lie between 0 and 1: which activation of its last layer keeps "
     "to that?"),
    ("RELU", "sigmoid", "relu", "The decoder's pixels can be larger than 1. Gray values lie between 0 and 1, and its last layer has to keep to both."),
    ("TANH", "sigmoid", "tanh", "The decoder's pixels go from -1 to 1, and gray values from 0 to 1. Which activation gives numbers in that range?"),
    ("SOFTMAX", "sigmoid", "softmax", "The 64 pixels of an image sum to 1: softmax shares one out among them. Each pixel has a gray value of its own, "
     "from 0 to 1."),
    ("CODE_POSITIVE", "Dense(outputs)", 'Dense(outputs, "relu")', "The code is never negative, so three quarters of the plane stay empty. Let the "
     "last layer of the encoder be without activation."),
    ("CODE_BOUNDED", "Dense(outputs)", 'Dense(outputs, "tanh")', "The code stays within -1 and 1. A place on the plane may be anywhere: let the last "
     "layer of the encoder be without activation."),
    ("", "Dense(outputs)", "Dense(2)", "The encoder gives two numbers always. It has to give `outputs` of them: later they are four."),
    ("", "Dense(outputs)", "Dense(64)", "The encoder gives as many numbers as there are pixels, so there is no bottleneck. It has to give `outputs`."),
    ("", "Input((2,))", "Input((outputs,))", "The decoder takes as many numbers as the encoder gives. It takes a code, which is two numbers always."),
    ("", "Dense(64,", "Dense(outputs,", "The decoder gives few numbers. It paints an image: a number for each pixel."),
    ("", "Input((64,))", "Input((8, 8))", "The encoder takes images of 8 × 8. In this lab an image comes flat, as a row of 64 numbers."),
    ("", "return encoder, decoder", "return keras.Sequential([encoder, decoder])", "This is one model. Return both networks, the encoder first: each "
     "is used alone later."),
    ("EXCHANGED", "encoder, decoder", "decoder, encoder", "They are exchanged: the encoder, which takes images, comes first."),
    ("ENCODER_STRAIGHT", 'layers.Dense(128, "relu"), layers.Dense(outputs)', "layers.Dense(128), layers.Dense(outputs)", "The encoder is linear: its "
     "hidden layer has no activation, or there is none. Then it can turn and stretch, and not sort digits."),
    ("DECODER_STRAIGHT", 'layers.Dense(128, "relu"), layers.Dense(64', "layers.Dense(128), layers.Dense(64", "Before its sigmoid the decoder is "
     "linear: its hidden layer has no activation, or there is none. A plane bent by nothing holds few images."),
    ("", lambda outputs: KEPT if outputs == 2 else new_networks(outputs), require.SAME_MODEL),
    ("ALIKE", lambda outputs: tuple(zeroed(each) for each in new_networks(outputs)), "Both networks give the same for everything: their weights begin "
     "at 0. Units that begin equal stay equal, as in lab 2: leave the weights to Keras."),
)

def zeroed(network):
    network.set_weights([np.zeros_like(weight) for weight in network.get_weights()])
    return network

networks_part = Part("the two networks", right=functional_networks, inputs=lambda rng: [(2,), (4,)], observe=two_networks,
    mistakes=mistakes_of_networks,
    also_right=[new_networks, networks('layers.Dense(128, "relu"), layers.Dense(64', 'layers.Dense(64, "elu"), layers.Dense(128, "elu"), layers.Dense(64')])

def images_and_copies(rng):
    """The two pixels of the text; flat images, and copies; pixels that are quite black and white."""
    yield np.array([[1, 0.5]], np.float32), np.array([[0.5, 0.5]], np.float32)
    yield rng.random((3, 64), np.float32), rng.uniform(0.02, 0.98, (3, 64)).astype(np.float32)
    yield rng.random((4, 6), np.float32), rng.uniform(0.02, 0.98, (4, 6)).astype(np.float32)
    sharp = np.float32(rng.random((2, 8)) < 0.5)
    sharp[0, :2] = 0, 1
    yield sharp, sharp

def exact_cross_entropy(X, X_hat):
    X, X_hat = tf.cast(X, tf.float64), tf.clip_by_value(tf.cast(X_hat, tf.float64), 1e-7, 1 - 1e-7)
    return -tf.einsum("nk,nk->n", X, tf.math.log(X_hat)) - tf.einsum("nk,nk->n", 1 - X, tf.math.log1p(-X_hat))

def reconstruction(X, X_hat):
    X_hat = tf.clip_by_value(X_hat, 1e-7, 1 - 1e-7)
    each = -X * tf.math.log(X_hat) - (1 - X) * tf.math.log(1 - X_hat)
    return tf.reduce_sum(each, axis=1)

compared = edits_of(reconstruction)
reconstruction_part = Part("the loss", right=exact_cross_entropy, inputs=images_and_copies, observe=recorded, atol=2e-5,
    mistakes=edited(reconstruction,
    ("reduce_sum", "reduce_mean", "This is the mean over the pixels. Take their sum: the other term of this lab's loss has a fixed size, and next to "
     "a mean over 64 pixels it would rule alone."),
    ("axis=1", "axis=0", "The sum goes over the images, and leaves a number for each pixel. Each image has a loss of its own, the sum over its pixels."),
    (", axis=1", "", "This is one number for all images. Each image has a loss of its own."),
    ("reduce_sum(each, axis=1)", "reduce_mean(tf.reduce_sum(each, axis=1))", "This is one number, the mean over the images. Return the loss of each."),
    ("-X *", "X *", "- (1", "+ (1", "The sign is wrong: the logarithm of a number below 1 is negative, and the loss is positive."),
    (" - (1 - X) * tf.math.log(1 - X_hat)", "", "Only the white part of each pixel counts. Where X is 0, this is 0 whatever is painted there: the "
     "other half of cross entropy is missing."),
    ("-X * tf.math.log(X_hat)", "", "Only the black part of each pixel counts: the half of cross entropy with log X̂ is missing."),
    ("tf.math.log(1 - X_hat)", "(1 - tf.math.log(X_hat))", "The second logarithm is taken of X̂, and then from 1. It is that of 1 - X̂: mind the brackets."),
    ("(1 - X) * tf.math.log(1 - X_hat)", "(1 - X_hat) * tf.math.log(1 - X)", "In the second half X and X̂ are exchanged. What was painted stands in the "
     "logarithm, as in the first."),
    (lambda X, X_hat: reconstruction(X_hat, X), "X and X̂ are exchanged. The image is the target, and stands before the logarithm; what the decoder "
     "painted stands in it."),
    (lambda X, X_hat: reconstruction(X, X), "This compares X with itself: X̂ is not used. What should be like what?"),
    ("each = ", "return tf.reduce_sum((X - X_hat) ** 2, axis=1)\n    each = ", "These are squared errors. Here a pixel is a probability, as in lab 4: "
     "take the binary cross entropy."),
    ("    X_hat = tf.clip_by_value(X_hat, 1e-7, 1 - 1e-7)\n", "", "Where a pixel is painted quite black or white, this takes the logarithm of 0 and gives "
     "nan. Clip as in lab 4, or let Keras compute it."),
    (lambda X, X_hat: keras.losses.BinaryCrossentropy()(X, X_hat), "This is one number, the mean over all pixels of all images. The function "
     "`keras.losses.binary_crossentropy` takes the mean over the last axis only; how is its sum related to that?"),
    (lambda X, X_hat: 64 * keras.losses.binary_crossentropy(X, X_hat), "The factor is 64, also where images have another number of pixels. Take it from "
     "the shape, or take the sum."),
    (lambda X, X_hat: len(X) * keras.losses.binary_crossentropy(X, X_hat), "The mean over the pixels is multiplied by the number of images here. How many "
     "pixels an image has tells the other number of the shape."),
    (lambda X, X_hat: tf.reduce_sum(abs(X - X_hat), axis=1), "These are differences without their sign. Here a pixel is a probability, as in lab 4: take the "
     "binary cross entropy."),
    (lambda X, X_hat: 64 * keras.ops.binary_crossentropy(X, X_hat), "There is a number for each pixel. Sum over the pixels of an image."),
    (lambda X, X_hat: keras.losses.binary_crossentropy(X, X_hat, from_logits=True) * X.shape[1], "This takes X̂ for logits. The decoder has a sigmoid, "
     "so X̂ holds probabilities already."),
    (lambda X, X_hat: keras.losses.categorical_crossentropy(X, X_hat), "This is the cross entropy of classes, of which one is right. Each pixel is a "
     "yes or no of its own: take the binary one."),
    (lambda X, X_hat: -np.sum(X * np.log(X_hat) + (1 - X) * np.log(1 - X_hat), axis=1), NOT_RECORDED),
    (lambda X, X_hat: reconstruction(X, X_hat) / np.log(2), "The logarithm has another base: take the natural one."),
), also_right=[
    reconstruction, lambda X, X_hat: X.shape[1] * keras.losses.binary_crossentropy(X, X_hat),
    lambda X, X_hat: keras.ops.sum(keras.ops.binary_crossentropy(X, X_hat), axis=-1),
    lambda X, X_hat: -tf.einsum("nk->n", tf.math.xlogy(X, tf.maximum(X_hat, 1e-12)) + tf.math.xlogy(1 - X, tf.maximum(1 - X_hat, 1e-12))),
])

autoencoder = Exercise("15.1", "An autoencoder", parts=[networks_part, reconstruction_part], seconds=1.0, hints=[
    "Each network is a `keras.Sequential` with one hidden layer. The last layer of the encoder has `outputs` units and no activation: a code may be "
    "anywhere.",
    "The last layer of the decoder has 64 units, and gray values lie between 0 and 1.",
    "`keras.losses.binary_crossentropy(X, X_hat)` gives the mean over the pixels of each image. What turns a mean over the pixels into their sum?",
], equivalent={
    **{f"{name} = keras.Sequential([keras.Input(({inputs},)), keras.layers.Dense({hidden}), keras.layers.Dense({last})])":
       "a hidden layer of another width, or with another activation, does as well"
       for hidden in ("129, 'relu'", "128, 'tanh'") for name, inputs, last in (("encoder", 64, "outputs"), ("decoder", 2, "64, 'sigmoid'"))},
    "return X_hat.shape[1] * mean": "an image and what was made of it have as many pixels",
})

# --- 15.2 -------------------------------------------------------------------------------------------------------------
CALLS, EXAMPLES = 4, 1000
ALPHA = 1e-9  # how often one statistic of a right answer may fail

def is_normal(e):
    """Whether numbers may be drawn from N(0, 1): no right ones are refused, but with a probability of ALPHA (Dvoretzky-Kiefer-Wolfowitz)."""
    e = np.sort(np.ravel(e).astype(float))
    if not np.isfinite(e).all():
        return False
    below = 0.5 * (1 + np.asarray(tf.math.erf(e / np.sqrt(2))))
    steps = np.arange(len(e) + 1) / len(e)
    return max(np.max(steps[1:] - below), np.max(below - steps[:-1])) < np.sqrt(np.log(2 / ALPHA) / (2 * len(e)))

def go_together(a, b):
    """Whether numbers that should be independent are of the same sign too often, or too seldom (Hoeffding's inequality)."""
    return abs(np.mean((a > 0) == (b > 0)) - 0.5) > np.sqrt(np.log(2 / ALPHA) / (2 * a.size))

def wrong_noise(z, mean, log_var, found):
    """The first thing that is wrong with draws from N(μ, σ²), or FINE.  z: shape (calls, n, d).  found: the findings."""
    return next((finding for finding, is_so in wrongs_in_noise(z, mean, log_var, found) if is_so), FINE)

def wrongs_in_noise(z, mean, log_var, found):
    """What can be wrong with draws, in the order in which it is looked for, and whether it is so."""
    sigma = np.exp(log_var / 2)
    e = (z - mean) / sigma
    yield found.NO_NOISE, np.allclose(z, mean, atol=1e-6) or np.ptp(e) < 1e-3
    yield found.NOT_A_NUMBER, np.isnan(z).any()
    if not is_normal(e):
        yield found.NO_SIGMA, is_normal(z - mean)
        yield found.VARIANCE, is_normal((z - mean) / np.exp(log_var))
        yield found.NEGATIVE, is_normal((z - mean) * sigma)
        yield found.TWICE, is_normal((z - mean) / np.exp(2 * log_var))
        yield found.LOG_VAR, is_normal((z - mean) / log_var)
        yield found.HALF_LOG_VAR, is_normal((z - mean) * 2 / log_var)
        yield found.NO_MEAN, is_normal(z / sigma)
        yield found.PRODUCT, is_normal(z / (mean + sigma))
        yield found.MEAN_TIMES, is_normal((z - sigma) / mean)
        yield found.MEAN_FACTOR, is_normal(z / (mean * sigma))
        yield found.MOVED_TWICE, is_normal((e - mean) / sigma)
        yield found.VARIANCE_HALVED, is_normal((z - mean) * 2 / np.exp(log_var))
        yield found.IN_EXPONENT, (z > mean).all() and is_normal(np.log(np.maximum(z - mean, 1e-30)) * 2 / log_var)
    yield found.ONE_NUMBER, np.ptp(e, axis=(1, 2)).max() < 1e-3
    yield found.ONE_FOR_BATCH, np.ptp(e, axis=1).max() < 1e-3
    yield found.ONE_FOR_CODE, np.ptp(e, axis=2).max() < 1e-3
    yield found.SAME, len(z) > 1 and np.ptp(e, axis=0).max() < 1e-3
    yield found.UNIFORM, e.min() > -1e-3 and e.max() < 1.001
    yield found.NO_SIGN, e.min() > -1e-3
    yield found.NO_ENDS, 1.5 < np.abs(e).max() < 2.5 and np.mean(np.abs(e) < 1) > 0.65  # of 2,000 normal ones, one is beyond 2.5; 0.68 are below 1
    if not is_normal(e):
        yield found.SIZE.about(f"{np.std(e):.2g}"), is_normal(e / np.std(e))
        yield found.MOVED.about(f"{np.mean(e):.2g}"), is_normal(e - np.mean(e))
    yield found.OTHER, not is_normal(e) or np.abs(e).max() < 2.5
    pairs = ((e[:, :, 0], e[:, :, 1]), (e[:, 0::2], e[:, 1::2]), (e[0::2], e[1::2]))
    yield found.TOGETHER, any(go_together(a, b) for a, b in pairs if a.size)

def draws_of_z(answer, mean, log_var):
    """What is wrong with a reparameterization: its draws, its gradient, and its recording by TensorFlow."""
    mean, log_var = tf.constant(mean), tf.constant(log_var)
    z = np.array([require.numbers(answer(mean, log_var), tuple(mean.shape)) for _ in range(CALLS)], float)
    if (finding := wrong_noise(z, mean.numpy(), log_var.numpy(), of_noise)) is not FINE:
        return finding
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([mean, log_var])
        z = tf.convert_to_tensor(answer(mean, log_var))
    by_mean, by_log_var = tape.gradient(z, mean), tape.gradient(z, log_var)
    expected = (z.numpy() - mean.numpy()) / 2  # σ ε / 2
    if by_mean is None or by_log_var is None or not np.allclose(by_log_var, expected, atol=1e-3) or not np.allclose(by_mean, 1):
        return of_noise.NO_GRADIENT
    recorded = tf.function(answer)
    return of_noise.FROZEN if np.array_equal(*(recorded(mean, log_var) for _ in range(2))) else FINE

def means_and_variances(rng):
    """Codes; log σ² of both signs, not near 0, so that σ, σ² and their logarithms are told apart."""
    for _ in range(2):
        mean = rng.uniform(0.5, 2, (EXAMPLES, 2)) * rng.choice([-1, 1], (EXAMPLES, 2))
        log_var = rng.uniform(1, 2.5, (EXAMPLES, 2)) * rng.choice([-1, 1], (EXAMPLES, 2), p=(0.2, 0.8))
        yield mean.astype(np.float32), log_var.astype(np.float32)

def reparameterize(mean, log_var):
    epsilon = tf.random.normal(tf.shape(mean))
    return mean + tf.exp(log_var / 2) * epsilon

noise = edits_of(reparameterize)
EPSILON, SIGMA = "tf.random.normal(tf.shape(mean))", "tf.exp(log_var / 2)"
of_noise, mistakes_of_noise = findings_of(reparameterize,
    ("VARIANCE", SIGMA, "tf.exp(log_var)", "This multiplies ε by the variance σ². The deviation σ is its root: what does a root do to an exponent?"),
    ("LOG_VAR", SIGMA, "log_var", "ε is multiplied by log σ² itself, which can be negative. First undo the logarithm, then go from σ² to σ."),
    ("HALF_LOG_VAR", SIGMA, "(log_var / 2)", "ε is multiplied by log σ, which can be negative. Undo the logarithm."),
    ("NOT_A_NUMBER", SIGMA, "tf.sqrt(log_var)", "Some of it is nan: a root or a logarithm of a negative number. `log_var` is the logarithm of σ², "
     "negative where σ² is below 1."),
    ("TWICE", SIGMA, "tf.exp(2 * log_var)", "The exponent is doubled, and σ is the root of σ²: it should be halved."),
    ("NEGATIVE", SIGMA, "tf.exp(-log_var / 2)", "Where σ is large, the noise is small: a sign is wrong in the exponent."),
    ("NO_SIGMA", f"{SIGMA} * ", "", "The noise is ε alone, of the same size for every image. Multiply it by σ."),
    ("NO_NOISE", " * epsilon", " * 0.0", "Nothing is drawn: there is no ε in it. Draw ε, and add σ times ε."),
    ("SAME", EPSILON, "tf.random.stateless_normal(tf.shape(mean), (1, 5))", "Each call draws the same ε: it is drawn once outside, or from a fixed "
     "seed. Draw it in the function, anew in each call."),
    ("ONE_FOR_BATCH", EPSILON, "tf.random.normal(mean.shape[1:])", "All images of the batch share one ε. Each draws its own: ε has the shape of μ."),
    ("ONE_FOR_CODE", EPSILON, "tf.random.normal((len(mean), 1))", "Both coordinates of a code share one number. Each draws its own: ε has the shape of μ."),
    ("ONE_NUMBER", EPSILON, "tf.random.normal(())", "One number moves the whole batch. Draw one for each coordinate of each code: ε has the shape of μ."),
    ("UNIFORM", "random.normal", "random.uniform", "ε is uniform between 0 and 1. It should be normal, with mean 0 and deviation 1."),
    ("MEAN_FACTOR", "mean + ", "mean * ", "The noise is multiplied by μ. It is added to it: μ says where the cloud lies."),
    ("MOVED_TWICE", EPSILON, f"tf.random.normal(tf.shape(mean), mean, {SIGMA})", "ε is drawn from N(μ, σ²), and then stretched and moved once more. "
     "Do it once: either draw ε from N(0, 1), or let what is drawn be z."),
    ("VARIANCE_HALVED", SIGMA, "0.5 * tf.exp(log_var)", "ε is multiplied by half of the variance σ². Half of it is not its root: what does a root do "
     "to an exponent?"),
    ("IN_EXPONENT", f"{SIGMA} * epsilon", "tf.exp(log_var / 2 * epsilon)", "ε stands in the exponent. The exponential makes σ alone, and σ is multiplied "
     "by ε."),
    ("NO_SIGN", "* epsilon", "* tf.abs(epsilon)", "ε is never negative, so all codes lie on one side of μ. It is as often below 0 as above."),
    ("NO_ENDS", EPSILON, "tf.random.truncated_normal(tf.shape(mean))", "The ends of ε are cut off: it never lies further than 2 from 0. A normal "
     "distribution has no ends, so draw from a whole one."),
    ("SIZE", EPSILON, "tf.random.normal(tf.shape(mean), stddev=2.0)", "The deviation of ε is about {seen}. Draw it with a deviation of 1: σ comes "
     "from `log_var` alone."),
    ("MOVED", EPSILON, "tf.random.normal(tf.shape(mean), 1.0)", "ε lies around {seen}. Draw it around 0: where the cloud lies says μ."),
    ("OTHER", EPSILON, "tf.random.uniform(tf.shape(mean), -1.7, 1.7)", "z is not drawn from N(μ, σ²). Compare each part with the formula: ε from N(0, 1), "
     "and σ from log σ², which go together with μ."),
    ("NO_MEAN", "mean + ", "", "μ is missing: the code lies around 0 whatever the image is."),
    ("PRODUCT", f"mean + {SIGMA} * epsilon", f"(mean + {SIGMA}) * epsilon", "ε multiplies μ, too. It belongs to σ alone: mind the brackets."),
    ("MEAN_TIMES", f"mean + {SIGMA} * epsilon", f"{SIGMA} + mean * epsilon", "μ and σ are exchanged: z lies around μ, and σ says how far away."),
    ("TOGETHER", EPSILON, "tf.repeat(tf.random.normal((len(mean) // 2, 2)), 2, axis=0)", "Numbers of ε go together. Draw each for itself: ε has "
     "the shape of μ."),
    ("NO_GRADIENT", SIGMA, "tf.stop_gradient(tf.exp(log_var / 2))", "z is drawn well, and the gradient does not come back through both μ and σ, as "
     "training needs. Compute z with TensorFlow from `mean` and `log_var`, and let only ε come from outside."),
    ("FROZEN", EPSILON, "np.random.normal(size=mean.shape).astype(np.float32)", "The random numbers come from NumPy or Python. TensorFlow records the "
     "function once and repeats what it did itself, so in training ε would never change: let TensorFlow draw."),
)

the_noise = Exercise("15.2", "The reparameterization", inputs=means_and_variances, observe=draws_of_z, mistakes=mistakes_of_noise,
    right=lambda mean, log_var: keras.random.normal(mean.shape) * keras.ops.sqrt(keras.ops.exp(log_var)) + mean, hints=[
    "`tf.random.normal(tf.shape(mean))` draws a number for each coordinate of each code.",
    "σ is the root of σ² = exp(log σ²), and a root halves the exponent.",
    "The noise is added to μ: μ says where, and σ how far around.",
], also_right=[
    reparameterize, noise(SIGMA, "tf.sqrt(tf.exp(log_var))"), noise(EPSILON, "tf.random.normal((len(mean), 2))", "mean + ", "mean - "),
    lambda mean, log_var: tf.random.normal(tf.shape(mean), mean, tf.exp(0.5 * log_var)),
], equivalent={"return mean - tf.exp(log_var / 2) * epsilon": "ε and -ε are drawn alike",
               "epsilon = tf.random.normal(tf.shape(log_var))": "μ and log σ² have one shape"})

# --- 15.3 -------------------------------------------------------------------------------------------------------------
def gaussians(rng):
    """The example of the text; N(0, 1) itself; narrow and wide ones, in two dimensions and in three."""
    yield np.array([[0, 2]], np.float32), np.zeros((1, 2), np.float32)
    yield np.zeros((3, 2), np.float32), np.zeros((3, 2), np.float32)
    for n, d in ((5, 2), (4, 3)):
        yield rng.normal(scale=1.5, size=(n, d)).astype(np.float32), rng.uniform(-4, 1.5, (n, d)).astype(np.float32)

def divergence_by_integration(mean, log_var):
    """∫ q(z) log(q(z) / p(z)) dz on a grid, in each dimension; for independent coordinates the divergences add up."""
    t = np.linspace(-12, 12, 4001)
    mean, sigma = tf.cast(mean, tf.float64)[..., None], tf.exp(tf.cast(log_var, tf.float64) / 2)[..., None]
    z, one = mean + sigma * t, tf.ones_like(sigma)
    log_q, log_p = (-(((z - m) / s) ** 2) / 2 - tf.math.log(s * np.sqrt(2 * np.pi)) for m, s in ((mean, sigma), (0 * one, one)))
    return tf.reduce_sum(tf.exp(log_q) * (log_q - log_p) * sigma * (t[1] - t[0]), axis=(1, 2))

def kl(mean, log_var):
    each = (mean**2 + tf.exp(log_var) - log_var - 1) / 2
    return tf.reduce_sum(each, axis=1)

divergence = edits_of(kl)
EACH = "(mean**2 + tf.exp(log_var) - log_var - 1) / 2"
the_kl = Exercise("15.3", "The KL term", right=divergence_by_integration, inputs=gaussians, observe=recorded, seconds=1.0, atol=1e-4, mistakes=edited(kl,
    (lambda mean, log_var: np.sum((np.square(mean) + np.exp(log_var) - log_var - 1) / 2, axis=1), NOT_RECORDED),
    (EACH, "(1 + log_var - mean**2 - tf.exp(log_var)) / 2", "The sign is wrong: a divergence is never negative, and 0 where both are the same."),
    ("reduce_sum", "reduce_mean", "This is the mean over the coordinates. The divergences of independent coordinates add up: take the sum."),
    ("axis=1", "axis=0", "The sum goes over the images. Each image has a divergence of its own, the sum over the coordinates of its code."),
    (", axis=1", "", "This is one number for the whole batch. Each image has a divergence of its own."),
    ("reduce_sum(each, axis=1)", "reduce_mean(tf.reduce_sum(each, axis=1))", "This is one number, the mean over the batch. Return that of each image."),
    (" / 2", "", "The factor ½ is missing."),
    ("- log_var", "- log_var / 2", "This takes log σ where log σ² belongs. `log_var` is the logarithm of the variance already."),
    ("- log_var", "- 2 * log_var", "The logarithm counts twice: `log_var` is log σ² already."),
    ("tf.exp(log_var)", "tf.exp(log_var / 2)", "This has σ where σ² belongs: how does σ² come from `log_var`?"),
    ("tf.exp(log_var)", "tf.exp(2 * log_var)", "This has σ⁴ where σ² belongs: the exponent is doubled."),
    ("tf.exp(log_var)", "log_var**2", "This squares log σ² to get σ². Undo the logarithm instead."),
    ("- log_var", "- tf.math.log(log_var)", "This takes the logarithm of `log_var`, which is a logarithm already, and of a negative number it is nan."),
    ("tf.exp(log_var)", "log_var", "`log_var` stands for σ² here: the logarithm is not undone, and with the other one nothing is left of it."),
    ("mean**2", "mean", "μ is not squared. Being off to the left costs as much as to the right."),
    ("mean**2", "0", "μ is missing. A code far from the middle costs, too, and it costs μ²."),
    (" - log_var - 1", " - 1", "log σ² is missing. Without it a variance of 0 would cost least, and nothing would keep the codes apart from points."),
    (" - 1)", ")", "The 1 is missing: where μ is 0 and σ is 1, the two are the same, and nothing is to pay."),
    (" - 1)", " + 1)", "The sign of the 1 is wrong: where μ is 0 and σ is 1, the divergence is 0."),
    ("- log_var", "+ log_var", "The sign of log σ² is wrong: a small variance has to cost more and more."),
    ("tf.exp(log_var)", "tf.exp(-log_var)", "This has 1/σ² where σ² belongs: the sign in the exponent is wrong."),
    (EACH, "((mean**2 + 1) / tf.exp(log_var) + log_var - 1) / 2", "This is the divergence of p from q. It is not the same both ways round: the "
     "mean goes over q, the distribution of the code."),
    (EACH, "(mean**2 + tf.exp(log_var) - log_var) / 2 - 1", "The 1 is not halved: the ½ stands before all of it."),
    (EACH, "(mean**2 + log_var**2 - tf.math.log(log_var**2) - 1) / 2", "This takes `log_var` for σ. It is the logarithm of σ²."),
    ("log_var - 1) / 2", "log_var) / 2", "return tf.reduce_sum(each, axis=1)", "return tf.reduce_sum(each, axis=1) - 0.5", "The 1 is taken away once for a "
     "code. It belongs to each coordinate: set it inside of the sum."),
    (lambda mean, log_var: keras.losses.kl_divergence(mean, tf.exp(log_var)), "`kl_divergence` of Keras compares two lists of probabilities. Here μ and "
     "log σ² describe a normal distribution, which is compared with N(0, 1): write the formula."),
    (EACH, "mean**2 + tf.exp(log_var) - log_var - 1 / 2", "Only the 1 is divided by 2: set brackets around the whole sum."),
), hints=[
    "`log_var` is log σ², and `tf.exp(log_var)` is σ². Write the bracket of the formula first.",
    "`tf.reduce_sum(each, axis=1)` sums over the coordinates of each code.",
], also_right=[
    kl, divergence(EACH, "-0.5 * (1 + log_var - tf.square(mean) - tf.exp(log_var))"),
    lambda mean, log_var: 0.5 * keras.ops.sum(keras.ops.square(mean) + keras.ops.exp(log_var) - 1 - log_var, axis=-1),
    lambda mean, log_var: sum((mean[:, i] ** 2 + tf.exp(log_var[:, i]) - log_var[:, i] - 1) / 2 for i in range(mean.shape[1])),
])

# --- 15.4 -------------------------------------------------------------------------------------------------------------
class Watched(layers.Layer):
    """Passes codes on, and keeps them in `seen`."""

    def __init__(self, **options):
        super().__init__(**options)
        self.seen = []

    def call(self, z):  # noqa: D102
        tf.py_function(lambda z: self.seen.append(z.numpy()), [z], [])
        return z

def small_vae(kind):
    """
    An encoder and a decoder for images of 5 pixels, with known weights, and an optimizer for all of them.

    kind: "certain" gives codes that are nearly points, so that what is drawn does not matter; "wide" gives codes that are not.
    """
    rng, watched = np.random.default_rng(4), Watched(name="codes")
    encoder = keras.Sequential([keras.Input((5,)), layers.Dense(4, "tanh", name="encoder_1"), layers.Dense(4, name="encoder_2")], name="encoder")
    decoder = keras.Sequential([keras.Input((2,)), watched, layers.Dense(4, "tanh", name="decoder_1"),
                                layers.Dense(5, "sigmoid", name="decoder_2")], name="decoder")
    for network in (encoder, decoder):
        network.set_weights([rng.normal(size=weight.shape) for weight in network.weights])
    if kind != "wide":
        W, _ = encoder.layers[-1].get_weights()
        encoder.layers[-1].set_weights([W * [1, 1, 0, 0], np.array([0.5, -1, -30, -30])])
    watched.seen.clear()
    decoder.predict = encoder.predict = no_predict
    optimizer = keras.optimizers.SGD(0.3 if kind == "fast" else 0.1, name="sgd")  # Adam makes large steps of the tiny slopes by the draw
    optimizer.build(encoder.trainable_variables + decoder.trainable_variables)
    return encoder, decoder, optimizer

def no_predict(*args, **options):
    raise Advice("`predict` gives arrays of NumPy, which the tape does not follow. Call the network like a function.")

def flat(*networks):
    return np.concatenate([np.ravel(weight) for network in networks for weight in network.get_weights()])

NOT_SYMBOLIC = ("symbolic", "no attribute 'numpy'", "NumPy call", "numpy() is", "Tensor.numpy", "as a Python", "not allowed in Graph", "0-dimensional")

def one_vae_step(answer, kind, X, beta):
    """How many steps are taken, both terms, and the weights afterwards, where the codes are certain; where they are wide, the KL term."""
    encoder, decoder, optimizer = small_vae(kind)
    before, X = flat(encoder, decoder), tf.constant(X)
    run = tf.function(answer) if kind == "recorded" else answer
    try:
        terms = run(encoder, decoder, optimizer, X, beta)
    except (TypeError, ValueError, AttributeError, NotImplementedError) as error:
        if kind == "recorded" and "singleton tf.Variables" in str(error):
            return of_step.OWN_STEP
        if kind == "recorded" and any(words in str(error) for words in NOT_SYMBOLIC):
            return of_step.NOT_RECORDED
        raise
    terms = [float(require.numbers(term, (), "Each term is one number, the mean over the batch. One of them has"))
             for term in require.items(terms, 2, "the reconstruction term, and the KL term")]
    steps, seen = int(optimizer.iterations.numpy()), decoder.layers[0].seen
    if not seen:
        return of_step.NOT_DECODED
    if len(seen) > 1:
        return of_step.AGAIN
    if steps == 0:
        return of_step.OWN_STEP if not np.array_equal(before, flat(encoder, decoder)) else of_step.NO_STEP
    if kind != "wide":
        return steps, *terms, flat(encoder, decoder)
    outputs = small_vae("wide")[0](X).numpy()  # as they were before the step
    mean, log_var = outputs[:, :2], outputs[:, 2:]
    if seen[0].shape != mean.shape:
        return of_step.OTHER_CODES
    if np.allclose(seen[0], mean, atol=1e-5):
        return of_step.NO_NOISE
    if not is_normal((seen[0] - mean) * np.exp(-log_var / 2)):
        return of_step.EXCHANGED_CODES if is_normal((seen[0] - log_var) * np.exp(-mean / 2)) else of_step.OTHER_CODES
    return steps, 0.0, terms[1], [0.0]

def batches_of_images(rng):
    """A few images with a β of 1, with others, and another rate; as TensorFlow records the step; and many with wide codes."""
    for kind, n, beta in (("certain", 3, 1.0), ("certain", 4, 0.25), ("fast", 4, 3.0), ("recorded", 4, 1.0), ("wide", 2000, 1.0)):
        yield kind, rng.random((n, 5), np.float32), beta

def step_by_keras(encoder, decoder, optimizer, X, beta):
    """Add the KL term, integrated at the nodes of Gauss and Hermite, to Keras's own cross entropy, and let the parts learn by their gradients."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)
    nodes, weights = tf.constant(nodes, tf.float32), tf.constant(weights / weights.sum(), tf.float32)
    cross_entropy = keras.losses.BinaryCrossentropy(reduction="sum")
    with tf.GradientTape(persistent=True) as tape:
        outputs = encoder(X)
        mean, log_var = outputs[:, :2], outputs[:, 2:]
        z = keras.random.normal(mean.shape) * keras.ops.exp(log_var / 2) + mean
        pixels = cross_entropy(X, decoder(z)) * X.shape[1] / len(X)  # Keras takes the mean over the pixels
        at = mean[..., None] + keras.ops.exp(log_var / 2)[..., None] * nodes
        log_ratio = at**2 / 2 - nodes**2 / 2 - log_var[..., None] / 2
        divergence = tf.reduce_sum(log_ratio * weights) / len(X)
    variables = encoder.trainable_variables + decoder.trainable_variables
    both = [tape.gradient(term, [each.value for each in variables], unconnected_gradients=tf.UnconnectedGradients.ZERO) for term in (pixels, divergence)]
    optimizer.apply([a + beta * b for a, b in zip(*both, strict=True)], variables)
    return pixels, divergence

def vae_step(encoder, decoder, optimizer, X, beta):
    with tf.GradientTape() as tape:
        mean, log_var = tf.split(encoder(X), 2, axis=1)
        z = reparameterize(mean, log_var)
        J_pixels = tf.reduce_mean(reconstruction(X, decoder(z)))
        J_kl = tf.reduce_mean(kl(mean, log_var))
        J = J_pixels + beta * J_kl
    variables = encoder.trainable_variables + decoder.trainable_variables
    optimizer.apply(tape.gradient(J, variables), variables)
    return J_pixels, J_kl

step = edits_of(vae_step)
PIXELS, KL, J_LINE = "tf.reduce_mean(reconstruction(X, decoder(z)))", "tf.reduce_mean(kl(mean, log_var))", "J_pixels + beta * J_kl"
APPLY = "optimizer.apply(tape.gradient(J, variables), variables)"
of_step, mistakes_of_step = findings_of(vae_step,
    ("", PIXELS, f"{PIXELS} / X.shape[1]", "The reconstruction is a mean over the pixels, and the KL term is a sum. With 64 pixels the KL term then "
     "weighs 64 times as much: every code becomes N(0, 1), and all images come out alike. Take the sum over the pixels."),
    ("", PIXELS, "tf.reduce_sum(reconstruction(X, decoder(z)))", "The reconstruction is summed over the batch, and the KL term is a mean. Then the KL "
     "term hardly counts: take the mean over the images for both."),
    ("", KL, "tf.reduce_sum(kl(mean, log_var))", "The KL term is summed over the batch, and the reconstruction is a mean. With 64 images it weighs 64 "
     "times as much, and the codes carry nothing: take the mean over the images for both."),
    ("", KL, f"{KL} / X.shape[1]", "The KL term is divided by the number of pixels. Next to a sum over the pixels hardly anything is left of it, and "
     "nothing keeps the codes together."),
    ("", KL, f"{KL} / 2", "The KL term is halved: it is a mean over the two coordinates, or the ½ stands there twice."),
    ("", PIXELS, "tf.reduce_sum(reconstruction(X, decoder(z)))", KL, "tf.reduce_sum(kl(mean, log_var))", "Both terms are sums over the batch: the step "
     "would grow with the batch. Take the mean over the images for both."),
    ("", J_LINE, "J_pixels", "The KL term is left out of J. Then σ shrinks to 0, and this is an autoencoder again: add β times the KL term."),
    ("", J_LINE, "beta * J_kl", "The reconstruction is left out of J. Then every code becomes N(0, 1), and the decoder learns nothing: add it."),
    ("", J_LINE, "J_pixels + J_kl", "β has no effect on the step: it is left out, or only added. It says how much the KL term weighs in J."),
    ("", J_LINE, "beta * J_pixels + J_kl", "β stands at the reconstruction. It belongs to the KL term."),
    ("", J_LINE, "beta * (J_pixels + J_kl)", "β multiplies both terms, and changes nothing but the size of the step. It belongs to the KL term alone."),
    ("", J_LINE, "J_pixels - beta * J_kl", "The KL term is taken away: J falls as the codes run off. It is a price, so add it."),
    ("", J_LINE, "(1 - beta) * J_pixels + beta * J_kl", "The reconstruction is multiplied by 1 - β. It stays as it is, and β weighs the KL term."),
    ("", J_LINE, "J_pixels + J_kl / beta", "The KL term is divided by β. The larger β is, the more it counts."),
    ("", "return J_pixels, J_kl", "return J_pixels, beta * J_kl", "The KL term that is returned has β in it. Return it as it is, so that trainings with "
     "different β can be compared."),
    ("", "return J_pixels, J_kl", "return J_kl, J_pixels", "The terms are exchanged in what is returned: the reconstruction comes first."),
    ("", "return J_pixels, J_kl", "return J, J_kl", "The first number that is returned is J. Return both terms alone."),
    ("", "encoder.trainable_variables +", "0 * encoder.trainable_variables +", "Only the decoder learns. The variables of both networks go to the tape, "
     "in one list."),
    ("", "+ decoder.trainable_variables", "+ 0 * decoder.trainable_variables", "Only the encoder learns. The variables of both networks go to the tape, "
     "in one list."),
    ("NO_NOISE", "(z))", "(mean))", "The decoder gets μ. It has to paint the image from any code near by, so give it z, which is drawn."),
    ("EXCHANGED_CODES", "mean, log_var =", "log_var, mean =", "μ and log σ² are exchanged: of the encoder's four numbers, the first two are μ."),
    ("OTHER_CODES", "2, axis=1)", "2, axis=1)\n        log_var = 2 * log_var", "What the decoder gets is not drawn from N(μ, σ²). The first "
     "two of the encoder's four numbers are μ, and the last two are log σ²; z comes from `reparameterize`."),
    ("NO_STEP", APPLY, "tape.gradient(J, variables)", "The weights stay as they were: the gradients are computed and not applied."),
    ("OWN_STEP", APPLY, "for v, g in zip(variables, tape.gradient(J, variables), strict=True):\n        v.assign_sub(0.1 * g)", "The optimizer that "
     "comes in takes no step. It alone knows about rates: let it apply the gradients, and make no other."),
    ("", APPLY, f"{APPLY}\n    {APPLY.replace('tape.gradient(J, variables)', '[0 * v for v in variables]')}", "The optimizer takes two steps. Apply the "
     "gradients once, of both networks together."),
    ("", "decoder(z)", "decoder.predict(z)", "`predict` gives arrays of NumPy, which the tape does not follow. Call the network like a function."),
    ("", "kl(mean, log_var)", "kl(z, log_var)", "The KL term is computed with z. It is that of the whole cloud, which has its middle at μ."),
    ("", "kl(mean, log_var)", "kl(log_var, mean)", "In the KL term, μ and log σ² are exchanged."),
    ("", "kl(mean, log_var)", "kl(mean, tf.exp(log_var))", "The KL term gets σ². `kl` takes log σ², as the encoder gives it."),
    ("", J_LINE, "J_pixels / X.shape[1] + beta * J_kl", "In J the reconstruction is divided by the number of pixels, and the KL term is not. Then it weighs 64 "
     "times too much for images of 64 pixels: leave the sum a sum."),
    ("", "reconstruction(X, decoder(z))", "reconstruction(decoder(z), X)", "In the reconstruction, the image and what was painted are exchanged: X, the "
     "target, comes first."),
    ("AGAIN", "return J_pixels, J_kl", "return tf.reduce_mean(reconstruction(X, decoder(z))), J_kl", "The decoder is called more than once in a step. "
     "Once is enough: return the terms that the gradients belong to."),
    ("NOT_DECODED", PIXELS, "tf.reduce_mean(reconstruction(X, tf.sigmoid(tf.repeat(z, 3, axis=1)[:, :5])))", "The decoder is not called. It makes images "
     "of z, and the reconstruction compares them with X."),
    ("NOT_RECORDED", "return J_pixels, J_kl", "return J_pixels.numpy(), J_kl.numpy()", "TensorFlow cannot record this step: when it does, tensors have no "
     "values yet, for `numpy()`, `float` or a function of NumPy. Return the tensors as they are."),
    ("", "    J_kl = tf.reduce_mean(kl(mean, log_var))\n        J = J_pixels + beta * J_kl\n", "    pass\n    J_kl = tf.reduce_mean(kl(mean, log_var))\n"
     "    J = J_pixels + beta * J_kl\n", "The gradients are None: a term or J is computed after the `with`, where the tape does not look. Set all of "
     "it inside."),
    ("", "tape.gradient(J, variables)", "[-g for g in tape.gradient(J, variables)]", "The step goes uphill. The optimizer goes against the gradient by "
     "itself."),
    ("", "reconstruction(X, decoder(z))", "keras.losses.mean_squared_error(X, decoder(z))", "The reconstruction is the squared error here, a mean over "
     "the pixels. Use `reconstruction` of exercise 15.1."),
    ("", "reconstruction(X, decoder(z))", "tf.reduce_sum((X - decoder(z)) ** 2, axis=1)", "The reconstruction is the squared error here. Use "
     "`reconstruction` of exercise 15.1."),
)

the_step = Exercise("15.4", "The step of a VAE", right=step_by_keras, inputs=batches_of_images, observe=one_vae_step, atol=1e-4, seconds=2.0,
    outputs=("how many steps the optimizer takes", "the reconstruction term", "the KL term", "the weights it leaves"), mistakes=mistakes_of_step, hints=[
    "Inside the tape: z from `reparameterize`, the two terms, each the mean over the batch, and J. After it, the step of lab 5.",
    "`reconstruction(X, decoder(z))` and `kl(mean, log_var)` have a number for each image: `tf.reduce_mean` makes one of them.",
    "The variables that learn are those of both networks: `encoder.trainable_variables + decoder.trainable_variables`.",
], also_right=[
    vae_step, step(APPLY, "optimizer.apply_gradients(zip(tape.gradient(J, variables), variables))"),
    step("tf.split(encoder(X), 2, axis=1)", "(encoder(X, training=True)[:, :2], encoder.outputs and None)", "z =", "log_var = encoder(X)[:, 2:]\n        z ="),
    step("J_pixels + beta * J_kl", "tf.reduce_mean(reconstruction(X, decoder(z)) + beta * kl(mean, log_var))", PIXELS, "0.0", "return J_pixels, J_kl",
         "return J - beta * J_kl, J_kl"),
])

# --- 15.5 -------------------------------------------------------------------------------------------------------------
class Shared(keras.Sequential):
    """A model that a check hands on as it is: Keras 3.0 cannot copy one."""

    def __deepcopy__(self, memo):
        return self

def small_decoder():
    """A decoder with known weights: from codes to images of 6 pixels."""
    decoder, rng = Shared([keras.Input((2,)), layers.Dense(5, "tanh"), layers.Dense(6, "sigmoid")]), np.random.default_rng(8)
    decoder.set_weights([rng.normal(size=weight.shape) for weight in decoder.weights])
    return decoder

DECODER = cache(small_decoder)

def decoded(z):
    """What the decoder makes of one code, by NumPy."""
    W1, b1, W2, b2 = DECODER().get_weights()
    return 1 / (1 + np.exp(-(np.tanh(np.asarray(z, float) @ W1 + b1) @ W2 + b2)))

def ways(rng):
    """The way of the text; others, of two steps and of many."""
    yield DECODER(), np.array([0, 0], np.float32), np.array([2, -2], np.float32), 3
    for steps in (2, 5, 8):
        yield DECODER(), rng.normal(scale=2, size=2).astype(np.float32), rng.normal(scale=2, size=2).astype(np.float32), steps

def walk(decoder, z_a, z_b, steps):
    t = np.linspace(0, 1, steps)[:, None]
    return decoder((1 - t) * z_a + t * z_b)

walking = edits_of(walk)
walk_part = Part("walk", right=lambda decoder, z_a, z_b, steps: [decoded(z_a + (z_b - z_a) * i / (steps - 1)) for i in range(steps)], inputs=ways,
    mistakes=edited(walk,
    ("decoder((1 - t) * z_a + t * z_b)", "(1 - t) * decoder(z_a[None]) + t * decoder(z_b[None])", "This mixes two images: it fades one into the other. "
     "Mix the codes, and decode each mixture."),
    ("(1 - t) * z_a + t * z_b", "t * z_a + (1 - t) * z_b", "The way leads from z_b to z_a: it is the other way round."),
    ("(1 - t) * z_a + t * z_b", "z_a + t * z_b", "The way goes from z_a in the direction of z_b, and does not end there. It ends at z_b: what is the step "
     "from the one to the other?"),
    ("(1 - t) * z_a + t * z_b", "t * z_b", "The way begins at the origin. It begins at z_a."),
    ("(1 - t) * z_a + t * z_b", "z_a + t * (z_a - z_b)", "The way leads off from z_b: the difference has the wrong sign."),
    ("linspace(0, 1, steps)", "linspace(0, 1, steps, endpoint=False)", "The way ends before z_b: the last image should be that of z_b. With both ends, "
     "there is one gap less than there are images."),
    ("linspace(0, 1, steps)", "linspace(0, 1, steps + 1)", "There is one image too many: `steps` counts the images, with both ends."),
    ("linspace(0, 1, steps)", "linspace(0, 1, steps + 2)[1:-1]", "The ends are left out: the first image is that of z_a, the last one that of z_b."),
    ("linspace(0, 1, steps)", "linspace(0, 1, steps + 1)[1:]", "z_a is left out: the first image is that of z_a."),
    ("linspace(0, 1, steps)", "linspace(-1, 1, steps)", "The way begins before z_a: t goes from 0 to 1."),
    ("linspace(0, 1, steps)", "random.uniform(size=steps)", "The places on the way are drawn at random. They lie evenly, in their order."),
    ("decoder((1 - t) * z_a + t * z_b)", "(1 - t) * z_a + t * z_b", "These are the codes. Decode them: the result is images."),
    ("t * z_b)", "t * z_b)[-1]", "This is one image alone. Return all of them, one for each place on the way."),
), also_right=[
    walk, walking("return decoder((1 - t) * z_a + t * z_b)", "return decoder.predict(z_a + t * (z_b - z_a), verbose=0)"),
    lambda decoder, z_a, z_b, steps: decoder(np.linspace(z_a, z_b, steps)),
    lambda decoder, z_a, z_b, steps: tf.concat([decoder((z_a + t * (z_b - z_a))[None]) for t in np.linspace(0, 1, steps)], axis=0),
])

def values_of_z(rng):
    """The values of the text, and others."""
    yield DECODER(), np.array([-1, 0, 1], np.float32)
    yield DECODER(), np.sort(rng.normal(size=4)).astype(np.float32)

def grid(decoder, values):
    images = decoder(np.array([[z1, z2] for z2 in values[::-1] for z1 in values]))
    return np.reshape(images, (len(values), len(values), -1))

gridding = edits_of(grid)
CODES = "[z1, z2] for z2 in values[::-1] for z1 in values"
grid_part = Part("grid", right=lambda decoder, values: [[decoded((z1, z2)) for z1 in values] for z2 in reversed(values)], inputs=values_of_z,
    mistakes=edited(grid,
    (CODES, "[z1, z2] for z2 in values for z1 in values", "The grid is upside down: as on a map, the largest z₂ belongs to the first row, at the top."),
    (CODES, "[z1, z2] for z1 in values for z2 in values[::-1]", "Rows and columns are exchanged: within a row z₁ changes, and z₂ stays."),
    (CODES, "[z1, z2] for z1 in values for z2 in values", "Rows and columns are exchanged, and the first row is that of the largest z₂: within a row z₁ "
     "changes, from left to right."),
    (CODES, "[z2, z1] for z2 in values[::-1] for z1 in values", "The coordinates of each code are exchanged: z₁ comes first, and grows to the right."),
    (CODES, "[z1, z2] for z2 in values[::-1] for z1 in values[::-1]", "The grid is mirrored: z₁ grows from left to right."),
    (CODES, "[z1, z2] for z2 in values for z1 in values[::-1]", "The grid is turned by half: z₁ grows to the right, and z₂ upward."),
    ("np.reshape(images, (len(values), len(values), -1))", "images", "The images come in one long row. There are as many rows as columns: reshape them "
     "to rows, columns, pixels."),
    ("np.array([[z1, z2] for z2 in values[::-1] for z1 in values])", "np.array(np.meshgrid(values, values[::-1])).reshape(-1, 2)", "The codes are "
     "mixed up: `meshgrid` gives all values of z₁ and then all of z₂, and reshaping puts two of a kind into one code. Stack them along the last axis."),
    (CODES, "[z, z] for z in values for _ in values", "Both coordinates are the same in each code: the grid takes every pair of values."),
    ("decoder(np.array([[z1, z2] for z2 in values[::-1] for z1 in values]))", "np.array([[z1, z2] for z2 in values[::-1] for z1 in values])", "These are "
     "the codes. Decode them: the grid holds images."),
    ("(len(values), len(values), -1)", "(len(values), -1)", "A row of the grid is one long row of pixels. Keep the images apart: rows, columns, pixels."),
), also_right=[
    grid, lambda decoder, values: [[decoder(np.array([[z1, z2]]))[0] for z1 in values] for z2 in values[::-1]],
    lambda decoder, values: decoder(np.stack(np.meshgrid(values, values[::-1]), axis=-1).reshape(-1, 2)).numpy().reshape(len(values), len(values), -1),
    lambda decoder, values: tf.stack([decoder(np.column_stack([values, np.full(len(values), z2)])) for z2 in values[::-1]]),
])

latent_space = Exercise("15.5", "Walks through latent space", parts=[walk_part, grid_part], hints=[
    "Where t goes from 0 to 1 in even steps, (1 - t) z_a + t z_b goes from z_a to z_b. A column of values of t makes a row of each.",
    "The decoder takes all codes at once, shape (n, 2). For the grid, list the codes row by row, decode, and reshape.",
    "In each row z₂ is the same; the first row has the largest.",
])

# --- 15.6 -------------------------------------------------------------------------------------------------------------
def some_codes(rng):
    """The three codes of the text; two clouds and a code that is far from both; codes of three numbers."""
    yield np.array([[0, 0], [0, 0], [9, 0]], np.float32), 1.0
    yield np.concatenate([rng.normal(size=(6, 2)), rng.normal(loc=2, size=(3, 2)), [[-4, 5]]]).astype(np.float32), 0.6
    yield rng.normal(size=(7, 3)).astype(np.float32), float(rng.uniform(0.7, 1.5))

def probabilities_in_loops(codes, width):
    codes = np.asarray(codes, float)
    rare = [1 / np.mean([np.exp(-np.dot(a - b, a - b) / 2 / width**2) for b in codes]) for a in codes]
    return np.array(rare) / sum(rare)

def sum_of_all(got, expected, codes, width):
    total = float(np.sum(got)) if np.asarray(got).dtype.kind in "fiu" else np.nan
    if np.shape(got) == np.shape(expected) and np.isfinite(total) and abs(total - 1) > 1e-3:
        return f"The probabilities sum to {total:.3g}. They should sum to 1. Is each 1 / ρ divided by the sum of all 1 / ρ?"
    return None

def draw_probabilities(codes, width):
    differences = codes[:, None] - codes
    squares = np.sum(differences**2, axis=2)
    density = np.sum(np.exp(-squares / (2 * width**2)), axis=1)
    rarity = 1 / density
    return rarity / np.sum(rarity)

rare = edits_of(draw_probabilities)
KERNEL = "np.exp(-squares / (2 * width**2))"
the_rare = Exercise("15.6", "Draw the rare more often", right=probabilities_in_loops, inputs=some_codes, explain=sum_of_all, atol=1e-6, mistakes=edited(draw_probabilities,
    ("1 / density", "density", "This draws the frequent ones more often: where the density is large, the probability should be small."),
    ("rarity / np.sum(rarity)", "rarity", "The probabilities do not sum to 1: divide by their sum."),
    ("rarity / np.sum(rarity)", "density", "This is the density. Draw with its reciprocal, divided by the sum of all."),
    ("rarity / np.sum(rarity)", "rarity / np.max(rarity)", "The largest is 1 here. All of them together should be 1: divide by the sum."),
    ("rarity / np.sum(rarity)", "rarity / np.mean(rarity)", "Their mean is 1 here. Their sum should be 1."),
    ("rarity / np.sum(rarity)", "rarity / len(codes)", "These are divided by the number of codes, and do not sum to 1: divide by their sum."),
    ("1 / density", "np.max(density) - density", "This takes the density away from its maximum, so that the most frequent one is never drawn. Take the "
     "reciprocal."),
    ("1 / density", "len(codes) - density", "This takes the density away from the number of codes. Take the reciprocal: half as dense, twice as "
     "often."),
    ("1 / density", "np.exp(-density)", "This is the softmax of the negative density. Take the reciprocal: half as dense, twice as often."),
    ("1 / density", "-np.log(density / len(codes) / 2)", "This takes a logarithm. Take the reciprocal: half as dense, twice as often."),
    ("1 / density", "1 / density**2", "The density is squared: half as dense is drawn four times as often here, and should be twice."),
    ("1 / density", "1 / np.sqrt(density)", "This takes the root of the density. Half as dense should be twice as often."),
    ("differences**2", "abs(differences)", "The differences are not squared. |z - z'|² is the sum of their squares."),
    ("np.exp(-squares", "np.exp(-np.sqrt(squares)", "This takes the distance. The formula has its square."),
    ("(2 * width**2)", "width**2", "The 2 in the exponent is missing."),
    ("(2 * width**2)", "(2 * width)", "The width h is not squared."),
    ("(2 * width**2)", "2", "The width h is not used: it says how far away another code still counts as a neighbor."),
    ("/ (2 * width**2)", "/ 2 * width**2", "`a / 2 * b` divides by 2 and multiplies by b: set brackets around what is below the line."),
    ("-squares", "squares", "The minus in the exponent is missing: codes that are far away count most."),
    ("1 / density", "1 / (density - 1 + 1e-3)", "A code does not count as its own neighbor here. Let it: one that is all alone then has a density of 1, "
     "and not of 0."),
    (KERNEL, "squares", "This adds up distances: a code in the middle has a small sum, and would count as rare. Put the squares through exp."),
    (KERNEL, "(squares < width**2)", "This counts the codes within the width h, each fully or not at all. Here each counts by how near it is: see the "
     "formula."),
    ("differences = codes[:, None] - codes", "differences = codes[:, None] - 0 * codes", "This measures from the origin. Measure from each code to "
     "each other one."),
    ("differences = codes[:, None] - codes", "differences = codes[:, None] - codes.mean(axis=0)[None]", "This measures from the mean of the codes. Measure "
     "from each code to each other one."),
    ("rarity / np.sum(rarity)", "1 - density / np.sum(density)", "This takes the share of the density away from 1, and does not sum to 1. Take the "
     "reciprocal: half as dense, twice as often."),
    ("1 / density", "1 - density / np.sum(density)", "This takes the density away from 1. Take the reciprocal: half as dense, twice as often."),
    ("squares = np.sum(differences**2, axis=2)", "squares = differences**2", "(2 * width**2)), axis=1)", "(2 * width**2)), axis=(1, 2))", "Each coordinate has an "
     "exp of its own here. First sum the squares over the coordinates: that is the squared distance."),
    ("np.sum(np.exp(-squares / (2 * width**2)), axis=1)", "np.exp(-np.sum(squares, axis=1) / (2 * width**2)) + 1e-30", "The sum is inside of exp. "
     "Each neighbor has an exp of its own; sum over those."),
    ("np.sum(differences**2, axis=2)", "np.mean(differences**2, axis=2)", "This is the mean over the coordinates. |z - z'|² is the sum."),
), hints=[
    "`codes[:, None] - codes` has the difference of each code to each other one, shape (n, n, 2).",
    "Square them, sum over the last axis, put that through exp, and sum over the neighbors: that is the density ρ of each code.",
    "p is 1 / ρ, divided by the sum of all 1 / ρ.",
], also_right=[
    draw_probabilities, rare("np.sum(np.exp", "np.mean(np.exp", "axis=2", "axis=-1"), rare("axis=1", "axis=0"),
    lambda codes, width: keras.ops.softmax(-keras.ops.logsumexp(-keras.ops.sum((codes[:, None] - codes[None]) ** 2, axis=-1) / (2 * width**2), axis=1)),
], equivalent={
    "squares = np.sum((codes - codes[:, None]) ** 2, axis=2)": "a square has no sign",
    "density = np.mean(np.exp(-squares / (2 * width ** 2)), axis=1)": "a factor that all have is divided out",
    "density = np.sum(np.exp(-squares / (2 * width ** 2)), axis=-2)": "near is near from both sides",
})

# --- 15.7 -------------------------------------------------------------------------------------------------------------
GOAL, STEPS = 2.35, 640

@cache
def vae_training():
    return training.compile_batches(vae_step, lambda: new_networks(4), keras.optimizers.Adam(0.02))

@cache
def validation_digits():
    (X, _), (X_val, _), _ = datasets.digits()
    return X, X_val.astype(float)

def gap_and_kl(beta):
    """The gap between the digits of the validation set and 1,000 imagined ones, and the KL term at the end: means over two starts."""
    X, X_val = validation_digits()
    rng, measured = np.random.default_rng(), []
    for _ in range(2):
        _, decoder, terms = vae_training()(X, STEPS, beta)
        imagined = np.asarray(decoder(rng.normal(size=(1000, 2)).astype(np.float32)), float)
        squares = np.sum(X_val**2, axis=1)[:, None] - 2 * X_val @ imagined.T + np.sum(imagined**2, axis=1)
        measured.append((squares.min(axis=1).mean(), terms[-50:, 1].mean()))
    return np.mean(measured, axis=0)

def chosen(beta):
    """Whether the digits that a VAE imagines with this β come close enough to real ones."""
    if isinstance(beta, bool):
        raise Advice("β is a number, such as 1.0.")
    beta = float(require.numbers(beta, (), "β is one number. This has"))
    if not 0 <= beta < np.inf:
        return of_beta.NEGATIVE
    with limits.not_charged():
        gap, divergence = gap_and_kl(beta)
    if gap <= GOAL:
        return FINE
    finding = of_beta.COLLAPSED if divergence < 0.3 else of_beta.LARGE if divergence < 3.6 else of_beta.SMALL
    return finding.about(f"{gap:.2f}")

of_beta, mistakes_of_beta = findings_of(None,
    ("NEGATIVE", -0.5, "β is a finite number, and not below 0: a negative one would reward codes for running off."),
    ("COLLAPSED", 8.0, "The gap is {seen}: the KL term is so expensive that every code is N(0, 1), and the decoder paints one gray image for all. Take "
     "a much smaller β."),
    ("LARGE", 1.5, f"The gap is {{seen}}, and should be at most {GOAL}. The codes are pressed together, so neighbors overlap and their images blur: take a "
     "smaller β."),
    ("SMALL", 0.0, f"The gap is {{seen}}, and should be at most {GOAL}. The codes are spread far beyond the place from which you draw, so many kinds of "
     "digits are never imagined: take a larger β."),
)

best_beta = Exercise("15.7", "Choose β", right=0.2, observe=chosen, seconds=2.0, mistakes=mistakes_of_beta,
    open="any β that reaches the goal is right, and the check measures that", hints=[
    "Between 0.01 and 1 the gap has a minimum. Try a value in the middle: by factors, not by differences.",
    "Train with your β, and look at the plane: the codes should fill the place from which N(0, 1) draws, and no more than that.",
], also_right=[0.05, np.float32(0.15), tf.constant(0.1)])

EXERCISES = [autoencoder, the_noise, the_kl, the_step, latent_space, the_rare, best_beta]
