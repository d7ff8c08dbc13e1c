"""Exercises of lab 6: learning rates on a landscape, six optimizers step by step, a schedule, and a choice on the digits."""

from functools import cache

import keras
import numpy as np
import tensorflow as tf
from keras.optimizers import SGD, Adadelta, Adagrad, Adam, RMSprop

from utils import datasets, training
from utils.advice import Advice
from utils.checking import FINE, Exercise, Part, arrays, edited, edits_of, findings_of, limits, require, showing


# --- 6.1 --------------------------------------------------------------------------------------------------------------
def end_of_descent(rate):
    """How 100 steps down w⁴ + 3w³ - 5w² - 3w from w = 3 end. The hill is at -0.25, the valleys are at 1 and -3."""
    array = require.numbers(rate, (), "A learning rate is one number. This has")
    if array.dtype.kind == "b" or not 0 < array < np.inf:
        raise Advice(f"The learning rate is {array}: take a finite number above 0, so that the step goes downhill.")
    path = [3.0]
    while len(path) <= 100 and abs(w := path[-1]) < 1e3:
        path.append(w - float(array) * (4 * w**3 + 9 * w**2 - 10 * w - 3))
    if abs(w := path[-1]) >= 1e3:
        return "AWAY"
    if abs(w + 0.25) < 0.05 and np.ptp(path[-10:]) < 0.05:
        raise Advice("This one stops on the hilltop, at w = -0.25: the slope is 0 there too. A little more or less leads down from it.")
    if abs(w - 1) < 0.05 and min(path) >= -0.25:
        return "NEAR"
    return "DEEP" if abs(w + 3) < 0.05 else "SLOW" if np.all(np.diff(path) <= 0) else "RESTLESS"

def learning_rate_that_ends(place, name, right, *also_right, otherwise):
    """The part whose rate ends at a place.  otherwise: each other place, a rate that ends there, and the advice."""
    found, mistakes = findings_of(None, *otherwise)
    return Part(name, right=right, also_right=also_right, observe=lambda rate: FINE if (end := end_of_descent(rate)) == place else found[end],
                mistakes=mistakes)

learning_rates = Exercise("6.1", "Three learning rates", parts=[
    learning_rate_that_ends("NEAR", "too_small", 0.01, 0.005, np.float32(0.012), otherwise=[
        ("DEEP", 0.03, "This one finds the deep valley. A smaller rate takes shorter steps, and rolls into the first valley that it meets."),
        ("AWAY", 0.1, "This one flies off. Find a rate whose steps stay on the slope where they start."),
        ("SLOW", 1e-3, "This one is too small even to arrive: after 100 steps it is still on its way down. Try a larger one."),
        ("RESTLESS", 0.0485, "This one jumps about. Find a rate whose steps are short enough to roll straight into the first valley."),
    ]),
    learning_rate_that_ends("DEEP", "just_right", 0.03, 0.025, tf.constant(0.035), otherwise=[
        ("NEAR", 0.01, "This one stops in the near valley, at w = 1. The first step has to be long enough to leap over the hill at w = -0.25."),
        ("AWAY", 0.1, "This one flies off: each step lands higher than it began. Look for a rate between that and too small."),
        ("SLOW", 1e-3, "This one does not even arrive in the near valley: after 100 steps it is still on its way. Take far longer steps."),
        ("RESTLESS", 0.0485, "This one jumps from wall to wall: its steps are too long to stay in the deep valley. Try a rate a little smaller."),
    ]),
    learning_rate_that_ends("AWAY", "too_large", 0.1, 1, 10.0, otherwise=[
        ("NEAR", 0.01, "This one stops in the near valley. Find a rate whose steps land higher than they began, each time."),
        ("DEEP", 0.03, "This one finds the deep valley. Find a rate whose steps land higher than they began, each time."),
        ("SLOW", 1e-3, "This one is still on its way down after 100 steps. Make it far larger, until the steps lead up."),
        ("RESTLESS", 0.0485, "This one jumps about without flying off. Make it larger."),
    ]),
], hints=[
    "At w = 3 the slope is 156. A step of length 2 ends at w = 1; which rate makes it?",
    "To leap over the hill, at w = -0.25, the first step has to be longer than 3.25, and not so long that it ends higher than it began.",
], equivalent={"too_large = 1.1": "this one diverges too"})

# --- 6.2 to 6.7: optimizers -------------------------------------------------------------------------------------------
def descents(slots, settings):
    """An inputs function.  slots: how many numbers the optimizer keeps for each weight.  settings: two values for each name."""
    def inputs(rng):  # gradients of very different sizes, of one size, of a matrix with a single row, and of one number as on the lab's hill
        cases = [(20, (3,), np.array([10.0, 0.1, 1.0])), (20, (3,), 0.3), (5, (1, 2), 1.0), (5, (), 1.0)]
        for case, (steps, shape, scale) in enumerate(cases):
            gradients = (rng.normal(size=(steps, *shape)) * scale).astype(np.float32)
            gradients[0] = np.abs(gradients[0]) * np.resize([1, -1], shape)  # both signs, or the root of a mean of gradients may be nan everywhere
            gradients[3] = 0
            yield gradients, rng.normal(size=shape).astype(np.float32), slots, {name: values[case % 2] for name, values in settings.items()}
    return inputs

def path_of(update, gradients, w, slots, settings):
    """The weights after each step of an `update`, shape (number of steps, *shape of w), as in the loop of the notebook."""
    path, state = [], tuple(np.zeros_like(w) for _ in range(slots))
    for g in gradients:
        w, state = require.items(update(w.copy(), g.copy(), state, *settings.values()), 2, "the new w, and the new state")
        if not isinstance(state, (tuple, list)) or len(state) != slots:
            raise Advice(f"The new state has to be a tuple like the old one: `{('()', '(v,)', '(v, d)', '(m, v, t)')[slots]}`, for example.")
        w = np.array(require.numbers(w, g.shape, "Is something summed over the weights? After a step, w has"), np.float32)
        path.append(w)
    return np.array(path)

def first_wrong_step(got, expected, gradients, w, slots, settings):
    """Which step goes wrong first, and how."""
    first = int(np.argmin(np.isclose(got, expected, arrays.RTOL, arrays.ATOL).reshape(len(got), -1).all(axis=1)))
    lead = "The first step goes wrong already." if first == 0 else f"Step {first + 1} is the first that goes wrong."
    if first and slots:
        lead += " Look at what it makes of the state."
    if np.isnan(got[first]).any():
        lead += " nan comes from 0 / 0, inf / inf, or the root of a negative number."
    inputs = showing.rows({"w": w, "g": gradients[0], **settings}) if first == 0 else []
    return f"{lead}\n" + showing.table([*inputs, ("leads to w", showing.show(got[first])), ("expected w", showing.show(expected[first]))])

def by_keras(make):
    """An update by Keras's optimizer, which begins with w and the state, and returns the new ones."""
    @cache
    def with_settings(shape, *settings):
        weights, optimizer = keras.Variable(np.zeros(shape, np.float32)), make(*settings)
        optimizer.build([weights])
        return optimizer, weights, [*(each for each in optimizer.variables if each.shape == weights.shape), optimizer.iterations]

    def update(w, g, state, *settings):
        optimizer, weights, kept = with_settings(w.shape or (1,), *settings)  # shape () is that of other variables too
        for variable, value in zip([weights, *kept], [w, *state], strict=False):  # the count of steps belongs to Adam's state alone
            variable.assign(np.resize(value, variable.shape))
        optimizer.apply([tf.reshape(g, weights.shape)], [weights])
        return weights.numpy().reshape(w.shape), tuple(variable.numpy() for variable in kept[:len(state)])
    return update

UPHILL = "This goes uphill: the gradient points up, and the step has to go the other way."
STEP_ALONE = "This is the step alone. Add it to the old w."
BESIDE_THE_FRACTION = "ε is added to w here, after the fraction. It belongs into the denominator, and brackets keep it there."
SHARE_SQUARED = "In v, the share of the new square is squared too. Square the gradient alone, then take the share of that."
HALVED = "This is no root: in `** 1/2` the power comes first, and then all is halved. The exponent needs brackets of its own."
NO_RATE = "The learning rate is not used."
STAYS = "w stays where it is: take the step away from it, and return the result."
FORGETS = "Each step forgets those before it: take the old {} into the new, and return the new."
OUTSIDE_THE_ROOT = "ε stands outside the root. Some libraries have it there; in the formula above it is inside, added before the root is taken."
NO_EPSILON = "ε is not the one that comes in: it is left out, or a fixed number. Use the argument `epsilon`."

def exercise_on(number, title, update, right, slots, *rows, also_right, hints, observe=path_of, **settings):
    """The exercise on an update.  rows: its mistakes, beside those of all optimizers, as edits of a right answer; settings: as in `descents`."""
    return Exercise(number, title, right=right, inputs=descents(slots, settings), observe=observe, explain=first_wrong_step, hints=hints,
                    mistakes=edited(update, ("w - ", "w + ", UPHILL), ("learning_rate * ", "", NO_RATE), ("w = w - ", "w = -", STEP_ALONE), *rows),
                    also_right=[update, *also_right])

def sgd_update(w, g, state, learning_rate):
    w = w - learning_rate * g
    return w, state

sgd = exercise_on("6.2", "Gradient descent as an update", sgd_update, by_keras(lambda rate: SGD(rate)), 0,
    ("* g", "", "The gradient is not used: every weight changes by the learning rate."),
    ("* g", "* np.sign(g)", "Only the sign of the gradient is used; its size counts too."),
    ("learning_rate * g", "g / learning_rate", "This divides by the learning rate: a large rate would make short steps."),
    ("w - ", "w; ", STAYS),
    hints=["The rule of lab 5: w minus the learning rate times the gradient.", "The state is empty, and stays as it came."],
    also_right=[lambda w, g, state, rate: (tf.constant(w) - rate * tf.constant(g), ()),
                lambda w, g, state, rate: (np.subtract(w, rate * g).tolist(), [])],
    learning_rate=(0.1, 0.2))

def momentum_update(w, g, state, learning_rate, beta):
    v, = state
    v = beta * v + g
    w = w - learning_rate * v
    return w, (v,)

momentum = exercise_on("6.3", "Momentum", momentum_update, by_keras(lambda rate, beta: SGD(rate, momentum=beta)), 1,
    ("beta * v + g", "-(beta * v + g)", "The minus stands before all of v, so the old v changes its sign each time. Leave the minus to the step."),
    ("(v,)", "state", "This is plain gradient descent: the newest gradient alone. Take the old v into the new one, step by it, and return it."),
    ("+ g", "", "w stays where it is. Either the gradient never comes in, so that v stays 0, or the step is not taken away from w."),
    ("beta * v", "v", "β is not used: v would grow and grow, as on a slope without friction."),
    ("+ g", "+ (1 - beta) * g", "In this running mean the gradient comes in with the weight 1 - β. Momentum, as in the formula, takes all of it."),
    ("beta * v + g", "v + beta * g", "β is on the wrong term: it shrinks the old v, not the new gradient."),
    ("beta * v + g", "beta * (v + g)", "β shrinks the new gradient too. It belongs to the old v alone."),
    ("    v = beta * v + g\n", "", "    return", "    v = beta * v + g\n    return", "The step is one behind: take the new v for it, not the old."),
    ("rate * v", "rate * (beta * v + g)", "The gradient comes in twice, once more in the step: that is Nesterov's variant. Here the step is η v."),
    hints=["First the new v, from the old v and the gradient; then w, by the new v.", "v ← β v + g, then the step is the learning rate times v."],
    also_right=[edits_of(momentum_update)("v = beta * v + g", "v *= beta; v += g", "w = w -", "w -="),
                edits_of(momentum_update)("+ g", "- learning_rate * g", "w - learning_rate * v", "w + v"),
                lambda w, g, state, rate, beta: (tf.constant(w) - rate * (beta * state[0] + tf.constant(g)), [beta * state[0] + g])],
    learning_rate=(0.1, 0.2), beta=(0.9, 0.5))

def adagrad_update(w, g, state, learning_rate, epsilon):
    G, = state
    G = G + g**2
    w = w - learning_rate * g / np.sqrt(G + epsilon)
    return w, (G,)

adagrad = exercise_on("6.4", "Adagrad", adagrad_update, by_keras(lambda rate, epsilon: Adagrad(rate, 0.0, epsilon=epsilon)), 1,
    ("w - ", "w; ", STAYS),
    ("(G,)", "state", "Only the newest square counts. G is the sum of all of them: add to the old G, and return the new one."),
    ("g**2", "g", "G adds up the gradients, some of them negative, and it should add up their squares."),
    ("g**2", "np.abs(g)", "G adds up sizes, and it should add up squares."),
    ("g**2", "np.sum(g**2)", "G sums over the weights. Each weight has its own sum."),
    ("np.sqrt", "", "The root is missing: the gradient is divided by the root of G."),
    ("np.sqrt(G + epsilon)", "(G + epsilon) ** 1/2", HALVED),
    ("np.sqrt(G + epsilon)", "(np.sqrt(G) + epsilon)", OUTSIDE_THE_ROOT),
    ("np.sqrt(G + epsilon)", "np.sqrt(G) + epsilon", BESIDE_THE_FRACTION),
    ("/ np", "* np", "This multiplies by the root. Where gradients were large, the step gets shorter."),
    ("G + epsilon", "G", NO_EPSILON),
    ("rate * g", "rate", "The gradient is missing in the step."),
    ("G + g**2", "0.9 * G + 0.1 * g**2", "Old squares are forgotten here: that is RMSprop. Adagrad adds up all of them."),
    ("    G = G + g**2\n", "", "    return", "    G = G + g**2\n    return", "The step uses G from before this gradient: first gather, then step."),
    hints=["G gathers squares, weight by weight. The step divides by a root.", "G ← G + g², then η g / √(G + ε): ε stands under the root."],
    also_right=[edits_of(adagrad_update)("G + g**2", "np.add(G, np.square(g))", "g / np.sqrt(G + epsilon)", "(g * (G + epsilon) ** -0.5)"),
                lambda w, g, state, rate, epsilon: (tf.constant(w) - rate * tf.constant(g) * tf.math.rsqrt(tf.cast(state[0] + g * g, tf.float32) + epsilon), (state[0] + g * g,))],
    learning_rate=(0.1, 0.2), epsilon=(1e-7, 0.05))

def rmsprop_update(w, g, state, learning_rate, rho, epsilon):
    v, = state
    v = rho * v + (1 - rho) * g**2
    w = w - learning_rate * g / np.sqrt(v + epsilon)
    return w, (v,)

NEW_V = "rho * v + (1 - rho) * g**2"
rmsprop = exercise_on("6.5", "RMSprop", rmsprop_update, by_keras(lambda rate, rho, epsilon: RMSprop(rate, rho=rho, epsilon=epsilon)), 1,
    ("w - ", "w; ", STAYS),
    ("(v,)", "state", FORGETS.format("v")),
    (NEW_V, "(1 - rho) * v + rho * g**2", "ρ and 1 - ρ are exchanged: the old mean keeps the large share."),
    ("(1 - rho) * ", "", "The new square counts in full. Its share is 1 - ρ: with ρ, the share of the old mean, that adds up to 1."),
    ("(1 - rho) * g**2", "((1 - rho) * g)**2", SHARE_SQUARED),
    ("rho * v", "v", "The old v does not shrink: it keeps the share ρ."),
    (NEW_V, "v + g**2", "This adds up all squares, as Adagrad does. RMSprop forgets: it takes a running mean."),
    ("g**2", "g", "v is a mean of gradients, some of them negative, and it should be one of their squares."),
    ("g**2", "np.mean(g**2)", "v averages over the weights. Each weight has its own."),
    ("np.sqrt(v + epsilon)", "(np.sqrt(v) + epsilon)", OUTSIDE_THE_ROOT),
    ("np.sqrt(v + epsilon)", "np.sqrt(v) + epsilon", BESIDE_THE_FRACTION),
    ("np.sqrt", "", "The root is missing: the gradient is divided by the root of v."),
    ("np.sqrt(v + epsilon)", "(v + epsilon) ** 1/2", HALVED),
    ("v + epsilon", "v", NO_EPSILON),
    (NEW_V, "rho * v", "v stays 0: the new square has to be added to what is left of the old v."),
    hints=["As Adagrad, but v is a running mean: ρ of the old v, and 1 - ρ of the new square.", "v ← ρ v + (1 - ρ) g², then η g / √(v + ε)."],
    also_right=[edits_of(rmsprop_update)(NEW_V, "v + (1 - rho) * (g**2 - v)"),
                edits_of(rmsprop_update)("v, = state", "w, v = tf.constant(w), tf.constant(state[0])", "np.sqrt", "tf.sqrt", "(v,)", "[v]")],
    learning_rate=(0.1, 0.2), rho=(0.9, 0.7), epsilon=(1e-7, 0.05))

def adadelta_update(w, g, state, learning_rate, rho, epsilon):
    v, d = state
    v = rho * v + (1 - rho) * g**2
    delta = np.sqrt(d + epsilon) / np.sqrt(v + epsilon) * g
    d = rho * d + (1 - rho) * delta**2
    w = w - learning_rate * delta
    return w, (v, d)

ROOTS, NEW_D = "np.sqrt(d + epsilon) / np.sqrt(v + epsilon)", "rho * d + (1 - rho) * delta**2"
adadelta = exercise_on("6.6", "Adadelta", adadelta_update, by_keras(lambda rate, rho, epsilon: Adadelta(rate, rho=rho, epsilon=epsilon)), 2,
    ("(v, d)", "state", FORGETS.format("v and d")),
    ("np.sqrt(d + epsilon)", "1", "The root of d is missing, and with it the unit of w: what is left, RMSprop, has none."),
    ("/ np.sqrt(v + epsilon) ", "", "The division by the root of v is missing."),
    (ROOTS, "np.sqrt(v + epsilon) / np.sqrt(d + epsilon)", "The two roots are exchanged: changes above, gradients below, and Δ has the unit of w."),
    ("(d + epsilon)", "(d)", "w stays where it is. Either Δ is not taken away from it, or the numerator lacks ε: d starts at 0, so Δ stays 0."),
    (ROOTS, "(np.sqrt(d) + epsilon) / (np.sqrt(v) + epsilon)", OUTSIDE_THE_ROOT),
    (ROOTS, "(d + epsilon) / (v + epsilon)", "The roots are missing: v and d are means of squares."),
    (NEW_D, "d", "d stays 0: it is the running mean of the squares of Δ, and belongs in the new state."),
    ("delta**2", "np.abs(delta)", "d is a mean of sizes, and it should be one of squares."),
    (NEW_D, "d + delta**2", "d adds up all squares of Δ. It is a running mean, as v is."),
    (NEW_V, "v + g**2", "v adds up all squares, as Adagrad does. It is a running mean."),
    (NEW_V, "(1 - rho) * v + rho * g**2", NEW_D, "(1 - rho) * d + rho * delta**2", "ρ and 1 - ρ are exchanged: old means keep the large share."),
    (NEW_D, "(1 - rho) * d + rho * delta**2", "In d, ρ and 1 - ρ are exchanged."),
    (NEW_V, "(1 - rho) * v + rho * g**2", "In v, ρ and 1 - ρ are exchanged."),
    ("delta**2", "(learning_rate * delta)**2", "d gathers steps with the learning rate in them. It is made of Δ alone; the rate comes last."),
    ("rate * delta", f"rate * {ROOTS} * g", "The step uses the new d. It needs the old one, because the new one is made of this step."),
    hints=["In this order: v, then Δ by the old d, then the new d, then w.",
           "v as in RMSprop. Δ is g, times √(d + ε), over √(v + ε). d is the running mean of Δ², with the same ρ."],
    also_right=[edits_of(adadelta_update)(ROOTS, "np.sqrt((d + epsilon) / (v + epsilon))"),
                edits_of(adadelta_update)("v, d = state", "w, g, v, d = tf.cast([w, g, *state], tf.float64)",
                                          ROOTS, "tf.sqrt(d + epsilon) / tf.sqrt(v + epsilon)")],
    learning_rate=(1.0, 0.5), rho=(0.95, 0.7), epsilon=(1e-3, 0.05))

def adam_update(w, g, state, learning_rate, beta_1, beta_2, epsilon):
    m, v, t = state
    t = t + 1
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    m_hat = m / (1 - beta_1**t)
    v_hat = v / (1 - beta_2**t)
    w = w - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon)
    return w, (m, v, t)

M, V, M_HAT, V_HAT = "beta_1 * m + (1 - beta_1) * g", "beta_2 * v + (1 - beta_2) * g**2", "m / (1 - beta_1**t)", "v / (1 - beta_2**t)"
adam_with_keras_epsilon = edits_of(adam_update)(M_HAT, "m * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)", V_HAT, "v")
keras_adam = by_keras(lambda rate, beta_1, beta_2, epsilon: Adam(rate, beta_1, beta_2, epsilon))

def adam_by_keras(w, g, state, rate, beta_1, beta_2, epsilon):
    """Keras's Adam. Its ε stands beside the uncorrected root of v; scaled by √(1 - β₂ᵗ) it is the one of the paper's algorithm 1."""
    return keras_adam(w, g, state, rate, beta_1, beta_2, epsilon * np.sqrt(1 - beta_2 ** (np.max(state[2]) + 1)))

def path_of_adam(update, gradients, w, slots, settings):
    """The path of an `update`; for Keras's form of Adam, that of the formula in the text: both are right."""
    path, *forms = (path_of(each, gradients, w, slots, settings) for each in (update, adam_with_keras_epsilon, adam_update))
    return forms[1] if arrays.close(path, forms[0]) else path

adam = exercise_on("6.7", "Adam", adam_update, adam_by_keras, 3,
    ("w - ", "w; ", STAYS),
    (M_HAT, "m", V_HAT, "v", "The correction is missing. m and v start at 0 and are too small at first: divide each by 1 - βᵗ with its own β."),
    (V_HAT, "v", "v is not corrected: divide it by 1 - β₂ᵗ, as m by 1 - β₁ᵗ."),
    (M_HAT, "m", "m is not corrected: divide it by 1 - β₁ᵗ, as v by 1 - β₂ᵗ."),
    ("    t = t + 1\n", "", "The first step gives nan. Either t is still 0 in the correction, which then divides by 0, or brackets are missing there: then v̂ "
     "may be negative, and has no root."),
    ("1**t", "1**(t + 1)", "2**t", "2**(t + 1)", "The step number in the correction is one ahead: in the first step t is 1."),
    ("(m, v, t)", "(m, v, state[2])", "The correction is always that of the first step. Its power is t: count the steps, and keep t in the state."),
    ("1**t", "1 * t", "2**t", "2 * t", "β is multiplied by t, and it should be raised to its power."),
    (M_HAT, "m / (1 - beta_2**t)", V_HAT, "v / (1 - beta_1**t)", "The two β are exchanged in the correction: β₁ for m, β₂ for v."),
    ("m /", "m *", "v /", "v *", "The correction multiplies, and it should divide: the means are too small at first."),
    ("(m, v, t)", "(m_hat, v_hat, t)", "The corrected m and v are kept. They are for this step alone: give them names of their own."),
    ("(m, v, t)", "(m_hat, v, t)", "The corrected m is kept. It is for this step alone: give it a name of its own."),
    ("(m, v, t)", "(m, v_hat, t)", "The corrected v is kept. It is for this step alone: give it a name of its own."),
    ("(m, v, t)", "(*state[:2], t)", FORGETS.format("m and v")),
    ("(1 - beta_1) * ", "", "In m the gradient comes in whole; its share is 1 - β₁."),
    ("(1 - beta_2) * ", "", "In v the square comes in whole; its share is 1 - β₂."),
    (M, "(1 - beta_1) * m + beta_1 * g", V, "(1 - beta_2) * v + beta_2 * g**2", "In both means the shares are exchanged: the old mean keeps β."),
    (M, "(1 - beta_1) * m + beta_1 * g", "In m the shares are exchanged: the old mean keeps β₁."),
    (V, "(1 - beta_2) * v + beta_2 * g**2", "In v the shares are exchanged: the old mean keeps β₂."),
    (M, "beta_2 * m + (1 - beta_2) * g", V, "beta_1 * v + (1 - beta_1) * g**2", "The two β are exchanged in the means: β₁ for m, β₂ for v."),
    (M, "beta_2 * m + (1 - beta_2) * g", "In m, β₂ stands in place of β₁."),
    (V, "beta_1 * v + (1 - beta_1) * g**2", "In v, β₁ stands in place of β₂."),
    ("(1 - beta_2) * g**2", "((1 - beta_2) * g)**2", SHARE_SQUARED),
    ("g**2", "g", "v is a mean of gradients, and it should be one of their squares."),
    (M, "g", "The gradient itself stands for m: it should be a running mean."),
    ("(np.sqrt(v_hat) + epsilon)", "np.sqrt(v_hat) + epsilon", BESIDE_THE_FRACTION),
    ("(np.sqrt(v_hat) + epsilon)", "np.sqrt(v_hat + epsilon)", "ε stands inside the root. Here, unlike in RMSprop, it is added to the root."),
    ("np.sqrt(v_hat)", "v_hat", "The root is missing: v is a mean of squares."),
    (" + epsilon", "", NO_EPSILON),
    hints=["Five lines: the mean m, the mean v of squares, both corrected, the step.",
           "m ← β₁ m + (1 - β₁) g, and v the same with β₂ and g². Divide m by 1 - β₁ᵗ and v by 1 - β₂ᵗ, without keeping that.",
           "The step is η times the corrected m, divided by (the root of the corrected v) + ε."],
    also_right=[adam_with_keras_epsilon,
                edits_of(adam_update)("t = t +", "t +=", f"m = {M}", "m += (1 - beta_1) * (g - m)", f"v = {V}", "v += (1 - beta_2) * (g**2 - v)"),
                edits_of(adam_update)("m, v, t = state", "m, v, t = state; g = np.float64(g)", "np.sqrt(v_hat)", "tf.sqrt(tf.constant(v_hat))")],
    observe=path_of_adam, learning_rate=(0.1, 0.2), beta_1=(0.9, 0.7), beta_2=(0.999, 0.9), epsilon=(1e-7, 0.05))

# --- 6.8 --------------------------------------------------------------------------------------------------------------
def steps_of_training(rng):
    """The example of the text, the start, the peak, the middle of the cosine, the step before its end, its end, after the end, and others; no warm-up."""
    for step in (2, 0, 4, 8, 11, 12, 15):
        yield step, 0.1, 4, 12
    for _ in range(4):
        warm_up = int(rng.integers(2, 20))
        total = warm_up + int(rng.integers(5, 60))
        yield int(rng.integers(warm_up + 1, total)), float(rng.uniform(0.001, 1)), warm_up, total
        yield int(rng.integers(1, warm_up)), float(rng.uniform(0.001, 1)), warm_up, total
    yield from [(3, 0.5, 0, 10), (0, 0.5, 0, 10)]

def keras_schedule(step, peak, warm_up, total):
    warmed_up = {"warmup_target": peak, "warmup_steps": warm_up} if warm_up else {}
    return keras.optimizers.schedules.CosineDecay(0.0 if warm_up else peak, decay_steps=total - warm_up, **warmed_up)(step)

def learning_rate_at(step, peak, warm_up, total):
    if step < warm_up:
        return peak * step / warm_up
    share = min((step - warm_up) / (total - warm_up), 1)
    return peak * 0.5 * (1 + np.cos(np.pi * share))

SHARE, COSINE = "(step - warm_up) / (total - warm_up)", "0.5 * (1 + np.cos(np.pi * share))"
schedule = Exercise("6.8", "A schedule", right=keras_schedule, inputs=steps_of_training, mistakes=edited(learning_rate_at,
    ("peak * step / warm_up", "peak", "There is no warm-up: before `warm_up` the rate grows from 0, step by step."),
    ("    if step < warm_up:\n        return peak * step / warm_up\n", "", "The cosine is used during the warm-up too: what belongs there is missing, or "
     "the lines after it replace it."),
    ("peak * step", "peak * (step + 1)", "The warm-up is one step ahead: at step 0 the rate is 0."),
    ("step < ", "step <= ", "Without a warm-up, `warm_up` is 0, and step 0 divides by it. Which of the two cases does that step belong to?"),
    (COSINE, "(1 - share)", "The rate falls in a straight line. The cosine starts and ends gently."),
    (SHARE, "step / total", "The cosine starts at step 0. It starts where the warm-up ends, and has the steps from there."),
    ("(step - warm_up)", "(total - step)", "The share runs backwards: it is 0 where the warm-up ends, and grows to 1."),
    ("(total - warm_up)", "total", "The cosine lasts too long: from the end of the warm-up there are fewer steps than the total."),
    ("np.pi", "2 * np.pi", "The cosine goes through a whole turn. From 1 down to -1 is half of one: π."),
    ("np.pi * ", "", "The cosine lacks π: at the end its argument is π."),
    (COSINE, "np.cos(np.pi * share)", "The cosine goes down to -1. Add 1 and halve it, so that it ends at 0."),
    ("0.5 * ", "", "The cosine starts at twice the peak: a half is missing."),
    (COSINE, "np.cos(np.pi / 2 * share)", "This is a quarter of a turn. The formula has half of one, with 1 added, so that it ends gently too."),
    ("1 + np", "1 - np", "The sign of the cosine is wrong: the rate grows where it should fall."),
    (f"min({SHARE}, 1)", SHARE, "After the last step the rate rises again. It should stay 0 there."),
    ("peak * step", "step", "peak * 0.5", "0.5", "`peak` is not used: this is a share of it, between 0 and 1."),
), hints=[
    "Two cases. During the warm-up the rate is a share of the peak: step / warm_up.",
    "After it, first the share of the rest that is over, from 0 to 1 and no more: (step - warm_up) / (total - warm_up).",
    "Then peak · ½ (1 + cos(π · share)).",
], also_right=[
    learning_rate_at, lambda *args: tf.constant(learning_rate_at(*args)),
    edits_of(learning_rate_at)("peak * step / warm_up", "float(peak * min(step / max(warm_up, 1), 1))", COSINE, "np.cos(np.pi / 2 * share) ** 2"),
], equivalent={"share = min(1, (step - warm_up) / (total - warm_up))": "the smaller of two numbers, in either order"})

# --- 6.9 --------------------------------------------------------------------------------------------------------------
AfterTraining, mistakes_after_training = findings_of(None,
    ("UPHILL", SGD(-0.1), "The learning rate is below 0, so that the steps lead up."),
    ("DIVERGED", SGD(1e5), "The training diverged: the rate is far too large for this optimizer."),
    ("NO_BETTER", Adam(0.5), "The loss ends at {seen}, and guessing gives 2.30. Is the rate too large for this optimizer, or so small that it has "
     "hardly begun? A schedule that ends early, or another option of the optimizer, may hold it back too."),
    ("TOO_HIGH", SGD(0.1), "The loss ends at {seen}, above 0.15. A larger rate, or another optimizer, makes it fall faster; a rate that is too large "
     "stops it."),
)

def loss_on_digits(optimizer):
    """The training loss of the digits network after 198 steps of 32 examples, the mean over two starts; infinite if it diverged."""
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(32, "relu"), keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    X, y = (tf.constant(array[:1056]) for array in datasets.digits()[0])  # 33 batches, none of them short
    optimizer.build(model.trainable_variables)

    @tf.function(input_signature=[tf.TensorSpec([32], tf.int64)])  # quicker to build than the compiled epoch, for so few steps
    def train_step(rows):
        with tf.GradientTape() as tape:
            J = loss(tf.gather(y, rows), model(tf.gather(X, rows), training=True))
        optimizer.apply(tape.gradient(J, model.trainable_variables), model.trainable_variables)

    train_step.get_concrete_function()  # here code of the student may run; what follows is the course's training
    before, losses = [variable.numpy() for variable in optimizer.variables], []
    with limits.not_charged():
        for rng in map(np.random.default_rng, (0, 1)):
            model.set_weights([rng.normal(size=w.shape) * np.sqrt(2 / w.shape[0]) * (w.ndim > 1) for w in model.get_weights()])
            for variable, value in zip(optimizer.variables, before, strict=True):
                variable.assign(value)
            for rows in np.concatenate([rng.permutation(len(X)).reshape(-1, 32) for _ in range(6)]):
                train_step(tf.constant(rows))
            losses.append(float(loss(y, model(X))))
    return np.nan_to_num(np.mean(losses), nan=np.inf)

def after_training(optimizer):
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise Advice(f"This is of type {type(optimizer).__name__}, not an optimizer. Make one by `keras.optimizers.…(…)`, with its learning rate.")
    optimizer = training.new_optimizer(optimizer)
    if optimizer.learning_rate < 0:
        return AfterTraining.UPHILL
    J = loss_on_digits(optimizer)
    finding = AfterTraining.DIVERGED if J > 5 else AfterTraining.NO_BETTER if J > 1.5 else AfterTraining.TOO_HIGH
    return FINE if J <= 0.15 else finding.about(f"{J:.2f}")

choose_optimizer = Exercise("6.9", "The fastest in 200 steps", right=Adam(0.02), observe=after_training, seconds=2.0,
                            mistakes=mistakes_after_training, hints=[
    "Start with an optimizer that scales its steps by itself, such as Adam, and try rates that differ by a factor of 3.",
    "Adam's default, 0.001, is careful. Ten times that is a good start for a network this small.",
], also_right=[SGD(0.1, momentum=0.9), Adam(0.03), RMSprop(0.01)])

EXERCISES = [learning_rates, sgd, momentum, adagrad, rmsprop, adadelta, adam, schedule, choose_optimizer]
