"""Exercises of lab 6: learning rates on a landscape, six optimizers step by step, a schedule, and a choice on the digits."""

import inspect
from functools import cache, lru_cache

import keras
import numpy as np
import tensorflow as tf

from utils import datasets, diagnosis, training
from utils.advice import Advice
from utils.checking import Exercise, Mistake

# --- 6.1 --------------------------------------------------------------------------------------------------------------

NEAR, DEEP, AWAY, ELSEWHERE = range(4)


def where_it_ends(learning_rate):
    """Where 100 steps down w⁴ + 3w³ - 5w² - 3w from w = 3 end: in the valley at 1, in the one at -3, beyond all bounds, elsewhere."""
    try:
        rate = float("" if isinstance(learning_rate, (bool, str, np.bool_)) else learning_rate)
    except (TypeError, ValueError):
        raise Advice("A learning rate is a number.") from None
    if not 0 < rate < np.inf:
        raise Advice(f"The learning rate is {rate:g}: take a finite one above 0, so that the step goes downhill.")
    w, leapt = 3.0, False
    for _ in range(100):
        w -= rate * (4 * w**3 + 9 * w**2 - 10 * w - 3)
        leapt = leapt or w < -0.25
        if abs(w) > 1e3:
            return AWAY
    return NEAR if abs(w - 1) < 0.05 and not leapt else DEEP if abs(w + 3) < 0.05 else ELSEWHERE


def ends_in(place):
    return lambda seen: seen == place


learning_rates = Exercise(
    "6.1", "Three learning rates",
    parts=("too_small", "just_right", "too_large"),
    right=(0.01, 0.03, 0.1),
    observe=where_it_ends,
    mistakes=[
        Mistake(0.03, "This one finds the deep valley. A smaller rate takes shorter steps, and rolls into the first valley it meets.", "too_small",
                when=ends_in(DEEP)),
        Mistake(0.1, "This one flies off. Too small is meant: steps that stay on the slope where they start.", "too_small", when=ends_in(AWAY)),
        Mistake(1e-3, "This one is too small even to arrive: after 100 steps it is still on its way, or it jumps about. Try another.",
                "too_small", when=ends_in(ELSEWHERE)),
        Mistake(0.01, "This one stops in the near valley, at w = 1. The first step has to be long enough to leap over the hill at w = -0.25.",
                "just_right", when=ends_in(NEAR)),
        Mistake(0.1, "This one flies off: each step lands higher than it began. Look for a rate between that and too small.", "just_right",
                when=ends_in(AWAY)),
        Mistake(0.0485, "This one does not settle: it jumps from wall to wall, or is still on its way. Look near it.", "just_right",
                when=ends_in(ELSEWHERE)),
        Mistake(0.01, "This one stops in the near valley. Too large is meant: steps that land higher than they began, each time.", "too_large",
                when=ends_in(NEAR)),
        Mistake(0.03, "This one finds the deep valley. Too large is meant: steps that land higher than they began, each time.", "too_large",
                when=ends_in(DEEP)),
        Mistake(0.0485, "This one jumps about without flying off, or is still on its way. Make it larger.", "too_large", when=ends_in(ELSEWHERE)),
    ],
    hints=[
        "At w = 3 the slope is 156. A step of length 2 ends at w = 1; which rate makes it?",
        "To leap over the hill, at w = -0.25, the first step has to be longer than 3.25, and not so long that it ends higher than it began.",
    ],
    also_right=[(0.005, 0.025, 1), (np.float32(0.012), tf.constant(0.035), 10.0)],
    equivalent={"too_large = 1.1": "this one diverges too"},
)

# --- 6.2 to 6.7: optimizers -------------------------------------------------------------------------------------------


def following(slots, *names, same_as=None):
    """
    How an `update` is observed: the weights after each of 20 steps, shape (20, 3).

    slots: how many numbers for each weight the optimizer keeps, all 0 at the start.  names: of its settings.
    same_as: another form of the same update, whose path counts as that of the right one.
    """
    @lru_cache(maxsize=4)
    def right_path(gradients, w, settings):
        return _path(same_as[0], np.frombuffer(gradients, np.float32).reshape(-1, 3), np.frombuffer(w, np.float32), slots, settings)

    def path(update, gradients, w, *settings):
        if same_as is None:
            return _path(update, gradients, w, slots, settings)
        right, other_form = same_as
        if update is right or diagnosis.close(taken := _path(update, gradients, w, slots, settings),
                                              _path(other_form, gradients, w, slots, settings)):
            return right_path(np.asarray(gradients).tobytes(), np.asarray(w).tobytes(), settings)  # Keras's steps take long
        return taken
    path.__signature__ = inspect.Signature([inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
                                            for name in ("update", "gradients", "w", *names)])
    return path


def _path(update, gradients, w, slots, settings):
    w, state, path = w.copy(), tuple(np.zeros_like(w) for _ in range(slots)), []  # an update may change them in place
    for gradient in gradients:
        given = update(w, gradient.copy(), state, *settings)
        if given is None or given is Ellipsis:
            raise Advice(diagnosis.unfit(None))
        if not isinstance(given, (tuple, list)) or len(given) != 2:
            raise Advice("It should return two things: the new w, and the new state.")
        w, state = given
        if w is Ellipsis or (isinstance(state, (tuple, list)) and any(item is Ellipsis for item in state)):
            raise Advice("A line of it is still the placeholder `...`.")
        if not isinstance(state, (tuple, list)) or (len(state) != slots and not isinstance(state[-1], Kept)):
            raise Advice(f"The state it returns should be a tuple of {slots} as the one that came in: {_what(slots)}.")
        if np.shape(w) != np.shape(gradient):
            raise Advice(f"w has shape {np.shape(w)} after a step, and {np.shape(gradient)} before: is the gradient summed up?")
        path.append(np.array(w, np.float64))
    return np.array(path)


def _what(slots):
    return ("`()`, it keeps nothing", "with one entry, `(v,)`", "with two entries", "with three entries")[slots]


def gradients_and(*settings):
    """An inputs function: gradients of very different sizes and of one, with zeros, the first of both signs, and two settings."""
    def inputs(rng):
        for scale, setting in [(np.array([10.0, 0.1, 1.0]), 0), (0.3, 1)]:
            gradients = (rng.normal(size=(20, 3)) * scale).astype(np.float32)
            gradients[0] = np.abs(gradients[0]) * (1, -1, 1)  # else the root of a mean of gradients may be nan everywhere
            gradients[3] = 0
            yield gradients, rng.normal(size=3).astype(np.float32), *(values[setting] for values in settings)
    return inputs


RATES = (0.1, 0.2)
EPSILONS = (1e-7, 0.05)


def by_keras(make, epsilon_at=lambda epsilon, t: epsilon):
    """An update made of Keras's optimizer, which is kept where the state would be."""
    def update(w, g, state, *settings):
        if not state or not isinstance(state[-1], Kept):
            variable, optimizer = keras.Variable(w), make(*settings)
            optimizer.build([variable])
            state = (*state, Kept([optimizer, variable, 0]))[-max(len(state), 1):]
        kept = state[-1]
        kept[2] += 1
        if hasattr(kept[0], "epsilon"):
            kept[0].epsilon = epsilon_at(settings[-1], kept[2])
        kept[0].apply([tf.constant(g)], [kept[1]])
        return kept[1].numpy(), state
    return update


class Kept(list):
    """What `by_keras` keeps from step to step."""


def rows(table):
    """Mistakes from pairs of code and advice."""
    return [Mistake(answer, advice) for answer, advice in table]


UPHILL = "This goes uphill: the step is taken away from w, not added."
NO_RATE = "The learning rate is not used."
FORGETS = "What the optimizer has gathered is forgotten: return the new {what}, not the one that came in."


def sgd_like(step):
    return lambda w, g, state, rate: (w - step(g, rate), state)


sgd = Exercise(
    "6.2", "Gradient descent as an update",
    right=by_keras(lambda rate: keras.optimizers.SGD(rate)),
    inputs=gradients_and(RATES),
    observe=following(0, "learning_rate"),
    mistakes=rows([
        (sgd_like(lambda g, rate: -rate * g), UPHILL),
        (sgd_like(lambda g, rate: g), NO_RATE),
        (sgd_like(lambda g, rate: rate), "The gradient is not used: every weight changes by the learning rate."),
        (sgd_like(lambda g, rate: rate * np.sign(g)), "Only the sign of the gradient is used; its size counts too."),
        (sgd_like(lambda g, rate: g / rate), "This divides by the learning rate: a large rate would make short steps."),
        (lambda w, g, state, rate: (-rate * g, state), "This is the step alone. The new w is the old one and the step."),
        (sgd_like(lambda g, rate: 0), "w stays where it is."),
    ]),
    hints=["The rule of lab 5: w minus the learning rate times the gradient.", "The state is empty, and stays as it came."],
    also_right=[sgd_like(lambda g, rate: rate * g), lambda w, g, state, rate: (tf.constant(w) - rate * tf.constant(g), ()),
                lambda w, g, state, rate: ([a - rate * b for a, b in zip(np.asarray(w), g, strict=True)], [])],
)


def momentum_in_place(w, g, state, rate, beta):
    v, = state
    v *= beta
    v += g
    w -= rate * v
    return w, (v,)


def momentum_like(gather, step=lambda v, g, rate, beta: rate * v, keep=lambda new, old: new):
    def update(w, g, state, rate, beta):
        (v,) = state
        new = gather(v, g, rate, beta)
        return w - step(new, g, rate, beta), (keep(new, v),)
    return update


def gathered(v, g, rate, beta):
    return beta * v + g


momentum = Exercise(
    "6.3", "Momentum",
    right=by_keras(lambda rate, beta: keras.optimizers.SGD(rate, momentum=beta)),
    inputs=gradients_and(RATES, (0.9, 0.5)),
    observe=following(1, "learning_rate", "beta"),
    mistakes=rows([
        (momentum_like(lambda v, g, rate, beta: -(beta * v + g)), "The minus stands before the whole of v, so the old v changes its sign at "
         "every step. Gather gradients in v, and take the step away from w."),
        (momentum_like(gathered, lambda v, g, rate, beta: -rate * v), "This goes uphill. v adds up gradients, which point uphill, and the step is taken away from w."),
        (momentum_like(gathered, keep=lambda new, old: old), "This is plain gradient descent: the step is made of the newest gradient alone. "
         "Take the old v into the new one, make the step of it, and return it."),
        (momentum_like(lambda v, g, rate, beta: beta * v), "The gradient never comes in: v stays 0."),
        (momentum_like(lambda v, g, rate, beta: v + g), "β is not used: v would grow and grow, as on a slope without friction."),
        (momentum_like(lambda v, g, rate, beta: beta * v + (1 - beta) * g), "This is a running mean: the gradient comes in with the weight 1 - β. "
         "Momentum, as in the formula, takes all of it."),
        (momentum_like(lambda v, g, rate, beta: v + beta * g), "β is on the wrong term: it shrinks the old v, not the new gradient."),
        (momentum_like(lambda v, g, rate, beta: beta * (v + g)), "β shrinks the new gradient too. It belongs to the old v alone."),
        (momentum_like(gathered, lambda v, g, rate, beta: v), NO_RATE),
        (momentum_like(gathered, lambda v, g, rate, beta: rate * (beta * v + g)), "The gradient comes in twice, once more in the step: that is "
         "Nesterov's variant. Here the step is η v."),
    ]),
    hints=["First the new v, from the old v and the gradient; then w, by the new v.", "v ← β v + g, then the step is the learning rate times v."],
    also_right=[
        momentum_like(gathered),
        momentum_in_place,
        momentum_like(lambda v, g, rate, beta: beta * v - rate * g, lambda v, g, rate, beta: -v),
        lambda w, g, state, rate, beta: (tf.constant(w) - rate * (beta * state[0] + tf.constant(g)), [beta * state[0] + g]),
    ],
)


def adagrad_like(gather, step, keep=lambda new, old: new):
    def update(w, g, state, rate, epsilon):
        (G,) = state
        new = gather(G, g)
        return w - step(new, g, rate, epsilon), (keep(new, G),)
    return update


def squares(G, g):
    return G + g**2


def scaled(G, g, rate, epsilon):
    return rate * g / np.sqrt(G + epsilon)


OUTSIDE_THE_ROOT = "ε stands outside the root. Some libraries have it there; in the formula above it is inside, added before the root is taken."
NO_EPSILON = "ε is not the one that comes in: it is left out, or a fixed number. Use the argument `epsilon`."

adagrad = Exercise(
    "6.4", "Adagrad",
    right=by_keras(lambda rate, epsilon: keras.optimizers.Adagrad(rate, initial_accumulator_value=0.0, epsilon=epsilon)),
    inputs=gradients_and(RATES, EPSILONS),
    observe=following(1, "learning_rate", "epsilon"),
    mistakes=rows([
        (adagrad_like(squares, lambda G, g, rate, epsilon: -scaled(G, g, rate, epsilon)), UPHILL),
        (adagrad_like(squares, scaled, lambda new, old: old), "Only the newest square counts. G is the sum of all of them: add to the old G, "
         "and return the new one."),
        (adagrad_like(lambda G, g: G + g, lambda G, g, rate, epsilon: rate * g / np.sqrt(np.abs(G) + epsilon)), "G adds up the gradients, and it "
         "should add up their squares."),
        (adagrad_like(lambda G, g: G + np.abs(g), scaled), "G adds up sizes, and it should add up squares."),
        (adagrad_like(lambda G, g: G + np.sum(g**2), scaled), "G sums over the weights. Each weight has its own sum."),
        (adagrad_like(squares, lambda G, g, rate, epsilon: rate * g / (G + epsilon)), "The root is missing: the gradient is divided by the root "
         "of G."),
        (adagrad_like(squares, lambda G, g, rate, epsilon: rate * g / (np.sqrt(G) + epsilon)), OUTSIDE_THE_ROOT),
        (adagrad_like(squares, lambda G, g, rate, epsilon: rate * g * np.sqrt(G + epsilon)), "This multiplies by the root. Where gradients were "
         "large, the step gets shorter."),
        (adagrad_like(squares, lambda G, g, rate, epsilon: g / np.sqrt(G + epsilon)), NO_RATE),
        (adagrad_like(squares, lambda G, g, rate, epsilon: rate * g / np.sqrt(np.where(G > 0, G, 1))), NO_EPSILON),
        (adagrad_like(squares, lambda G, g, rate, epsilon: rate / np.sqrt(G + epsilon)), "The gradient is missing in the step."),
        (adagrad_like(lambda G, g: 0.9 * G + 0.1 * g**2, scaled), "Old squares are forgotten here: that is RMSprop. Adagrad adds up all of them."),
        (adagrad_like(squares, lambda G, g, rate, epsilon: scaled(G - g**2, g, rate, epsilon)), "The step uses G from before this gradient: first "
         "gather, then step."),
    ]),
    hints=["G gathers squares, weight by weight. The step is the gradient, divided by a root.",
           "G ← G + g², then η g / √(G + ε): ε stands under the root."],
    also_right=[
        adagrad_like(squares, scaled),
        lambda w, g, state, rate, epsilon: (tf.constant(w) - rate * g * tf.math.rsqrt(state[0] + g * g + epsilon), (state[0] + g * g,)),
        adagrad_like(lambda G, g: np.add(G, np.square(g)), lambda G, g, rate, epsilon: (rate * g) * (G + epsilon) ** -0.5),
    ],
)


def rmsprop_like(gather, step=None, keep=lambda new, old: new):
    def update(w, g, state, rate, rho, epsilon):
        (v,) = state
        new = gather(v, g, rho)
        return w - (step or scaled)(new, g, rate, epsilon), (keep(new, v),)
    return update


def running_mean(v, g, rho):
    return rho * v + (1 - rho) * g**2


rmsprop = Exercise(
    "6.5", "RMSprop",
    right=by_keras(lambda rate, rho, epsilon: keras.optimizers.RMSprop(rate, rho=rho, epsilon=epsilon)),
    inputs=gradients_and(RATES, (0.9, 0.7), EPSILONS),
    observe=following(1, "learning_rate", "rho", "epsilon"),
    mistakes=rows([
        (rmsprop_like(running_mean, lambda v, g, rate, epsilon: -scaled(v, g, rate, epsilon)), UPHILL),
        (rmsprop_like(running_mean, keep=lambda new, old: old), FORGETS.format(what="v")),
        (rmsprop_like(lambda v, g, rho: (1 - rho) * v + rho * g**2), "ρ and 1 - ρ are exchanged: the old mean keeps the large share."),
        (rmsprop_like(lambda v, g, rho: rho * v + g**2), "The new square comes in whole. In a running mean the two shares, ρ and 1 - ρ, add up "
         "to 1."),
        (rmsprop_like(lambda v, g, rho: v + (1 - rho) * g**2), "The old v does not shrink: it keeps the share ρ."),
        (rmsprop_like(lambda v, g, rho: v + g**2), "This adds up all squares, as Adagrad does. RMSprop forgets: a running mean."),
        (rmsprop_like(lambda v, g, rho: rho * v + (1 - rho) * g, lambda v, g, rate, epsilon: rate * g / np.sqrt(np.abs(v) + epsilon)), "v is a "
         "mean of gradients, and it should be one of their squares."),
        (rmsprop_like(lambda v, g, rho: rho * v + (1 - rho) * np.mean(g**2)), "v averages over the weights. Each weight has its own."),
        (rmsprop_like(running_mean, lambda v, g, rate, epsilon: rate * g / (np.sqrt(v) + epsilon)), OUTSIDE_THE_ROOT),
        (rmsprop_like(running_mean, lambda v, g, rate, epsilon: rate * g / (v + epsilon)), "The root is missing: the gradient is divided by the "
         "root of v."),
        (rmsprop_like(running_mean, lambda v, g, rate, epsilon: g / np.sqrt(v + epsilon)), NO_RATE),
        (rmsprop_like(running_mean, lambda v, g, rate, epsilon: rate * g / np.sqrt(np.where(v > 0, v, 1))), NO_EPSILON),
        (rmsprop_like(lambda v, g, rho: v * rho), "The squares never come in: v stays 0."),
    ]),
    hints=["As Adagrad, but v is a running mean: a share ρ of the old, a share 1 - ρ of the new square.",
           "v ← ρ v + (1 - ρ) g², then η g / √(v + ε)."],
    also_right=[
        rmsprop_like(running_mean),
        rmsprop_like(lambda v, g, rho: v + (1 - rho) * (g**2 - v)),
        lambda w, g, state, rate, rho, epsilon: (tf.constant(w) - rate * g / tf.sqrt(rho * state[0] + (1 - rho) * g * g + epsilon),
                                                 [rho * state[0] + (1 - rho) * g * g]),
    ],
)


def adadelta_like(step=None, keep_v=None, keep_d=None, direction=1.0):
    """Adadelta with one thing changed. step: Δ from v, d, g, ε."""
    step = step or (lambda v, d, g, epsilon: np.sqrt(d + epsilon) / np.sqrt(v + epsilon) * g)
    keep_v = keep_v or (lambda v, g, rho: rho * v + (1 - rho) * g**2)
    keep_d = keep_d or (lambda d, change, rho: rho * d + (1 - rho) * change**2)

    def update(w, g, state, rate, rho, epsilon):
        v, d = state
        v = keep_v(v, g, rho)
        change = step(v, d, g, epsilon)
        return w - direction * rate * change, (v, keep_d(d, change, rho))
    return update


def adadelta_old_state(w, g, state, rate, rho, epsilon):
    return adadelta_like()(w, g, state, rate, rho, epsilon)[0], state


def adadelta_gathers_steps(w, g, state, rate, rho, epsilon):
    v, d = state
    v = rho * v + (1 - rho) * g**2
    step = rate * np.sqrt(d + epsilon) / np.sqrt(v + epsilon) * g
    return w - step, (v, rho * d + (1 - rho) * step**2)


def adadelta_late_root(w, g, state, rate, rho, epsilon):
    v, d = state
    v = rho * v + (1 - rho) * g**2
    first = np.sqrt(d + epsilon) / np.sqrt(v + epsilon) * g
    d = rho * d + (1 - rho) * first**2
    return w - rate * np.sqrt(d + epsilon) / np.sqrt(v + epsilon) * g, (v, d)


adadelta = Exercise(
    "6.6", "Adadelta",
    right=by_keras(lambda rate, rho, epsilon: keras.optimizers.Adadelta(rate, rho=rho, epsilon=epsilon)),
    inputs=gradients_and((1.0, 0.5), (0.95, 0.7), (1e-3, 0.05)),
    observe=following(2, "learning_rate", "rho", "epsilon"),
    mistakes=rows([
        (adadelta_like(direction=-1.0), UPHILL),
        (adadelta_old_state, FORGETS.format(what="v and d")),
        (adadelta_like(step=lambda v, d, g, epsilon: g / np.sqrt(v + epsilon)), "The root of d is missing, and with it the unit: a gradient over "
         "the size of gradients has none, and w has one. That is RMSprop."),
        (adadelta_like(step=lambda v, d, g, epsilon: np.sqrt(d + epsilon) * g), "The division by the root of v is missing."),
        (adadelta_like(step=lambda v, d, g, epsilon: np.sqrt(v + epsilon) / np.sqrt(d + epsilon) * g), "The two roots are exchanged: changes above, "
         "gradients below, so that Δ has the unit of w."),
        (adadelta_like(step=lambda v, d, g, epsilon: np.sqrt(d) / np.sqrt(v + epsilon) * g), "Without ε above, the first step is 0, and so is every "
         "one after it: d is 0 at the start."),
        (adadelta_like(step=lambda v, d, g, epsilon: (np.sqrt(d) + epsilon) / (np.sqrt(v) + epsilon) * g), OUTSIDE_THE_ROOT),
        (adadelta_like(step=lambda v, d, g, epsilon: (d + epsilon) / (v + epsilon) * g), "The roots are missing: v and d are means of squares."),
        (adadelta_like(keep_d=lambda d, change, rho: d), "d stays 0: it is the running mean of the squares of Δ."),
        (adadelta_like(keep_d=lambda d, change, rho: rho * d + (1 - rho) * np.abs(change)), "d is a mean of sizes, and it should be one of squares."),
        (adadelta_like(keep_d=lambda d, change, rho: d + change**2), "d adds up all squares of Δ. It is a running mean, as v is."),
        (adadelta_like(keep_v=lambda v, g, rho: v + g**2), "v adds up all squares, as Adagrad does. It is a running mean."),
        (adadelta_like(keep_v=lambda v, g, rho: (1 - rho) * v + rho * g**2, keep_d=lambda d, change, rho: (1 - rho) * d + rho * change**2), "ρ and "
         "1 - ρ are exchanged: the old means keep the large share."),
        (adadelta_like(keep_d=lambda d, change, rho: (1 - rho) * d + rho * change**2), "In d, ρ and 1 - ρ are exchanged."),
        (adadelta_gathers_steps, "d gathers the steps with the learning rate in them. It is made of Δ alone; the rate comes last, for w."),
        (adadelta_late_root, "The step uses the new d. It needs the old one, because the new one is made of this step."),
        (lambda w, g, state, rate, rho, epsilon: adadelta_like()(w, g, state, 1.0, rho, epsilon), NO_RATE),
    ]),
    hints=["In this order: v, then Δ by the old d, then the new d, then w.",
           "v as in RMSprop. Δ is g, times √(d + ε), over √(v + ε). d is the running mean of Δ², with the same ρ."],
    also_right=[
        adadelta_like(),
        adadelta_like(step=lambda v, d, g, epsilon: np.sqrt((d + epsilon) / (v + epsilon)) * g),
        lambda w, g, state, rate, rho, epsilon: adadelta_like()(tf.constant(w, tf.float64), tf.constant(g, tf.float64),
                                                                tuple(tf.cast(item, tf.float64) for item in state), rate, rho, epsilon),
    ],
)


def adam_like(m=None, v=None, correct=None, step=None, t=None, count=lambda t: t + 1, keep=None):
    """Adam with one thing changed."""
    m = m or (lambda m, g, b1: b1 * m + (1 - b1) * g)
    v = v or (lambda v, g, b2: b2 * v + (1 - b2) * g**2)
    correct = correct or (lambda mean, b, t: mean / (1 - b**t))
    step = step or (lambda m, v, rate, epsilon: rate * m / (np.sqrt(v) + epsilon))

    def update(w, g, state, rate, b1, b2, epsilon):
        old_m, old_v, old_t = state
        new_t = count(old_t)
        new_m, new_v = m(old_m, g, b1), v(old_v, g, b2)
        power = new_t if t is None else t(new_t)
        w = w - step(correct(new_m, b1, power), correct(new_v, b2, power), rate, epsilon)
        return w, (new_m, new_v, new_t) if keep is None else keep(state, (new_m, new_v, new_t))
    return update


def adam_with(change):
    """Adam in which the corrected means are computed by `change` from m, v, the betas and t."""
    def update(w, g, state, rate, b1, b2, epsilon):
        m, v, t = state
        m, v, t = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2, t + 1
        m_hat, v_hat = change(m, v, b1, b2, t)
        return w - rate * m_hat / (np.sqrt(v_hat) + epsilon), (m, v, t)
    return update


def epsilon_hat(w, g, state, rate, b1, b2, epsilon):
    """The form of the paper's section 2 that Keras has: both corrections in the rate, and ε beside the uncorrected root."""
    m, v, t = state
    m, v, t = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2, t + 1
    return w - rate * np.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(v) + epsilon), (m, v, t)


def adam_keeps_corrected(w, g, state, rate, b1, b2, epsilon):
    m, v, t = state
    t = t + 1
    m, v = (b1 * m + (1 - b1) * g) / (1 - b1**t), (b2 * v + (1 - b2) * g**2) / (1 - b2**t)
    return w - rate * m / (np.sqrt(v) + epsilon), (m, v, t)


def adam_in_place(w, g, state, rate, b1, b2, epsilon):
    m, v, t = state
    m += (1 - b1) * (g - m)
    v += (1 - b2) * (g**2 - v)
    t += 1
    w -= rate * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + epsilon)
    return w, (m, v, t)


keras_adam = by_keras(lambda rate, b1, b2, epsilon: keras.optimizers.Adam(rate, beta_1=b1, beta_2=b2),
                      epsilon_at=lambda epsilon, t: epsilon)


def adam_by_keras(w, g, state, rate, b1, b2, epsilon):
    """Keras's Adam. Its ε stands beside the uncorrected root of v; scaled by √(1 - β₂ᵗ) it is the one of the paper's algorithm 1."""
    t = state[-1][2] + 1 if isinstance(state[-1], Kept) else 1
    return keras_adam(w, g, state, rate, b1, b2, epsilon * np.sqrt(1 - b2**t))


adam = Exercise(
    "6.7", "Adam",
    right=adam_by_keras,
    inputs=gradients_and(RATES, (0.9, 0.7), (0.999, 0.9), EPSILONS),
    observe=following(3, "learning_rate", "beta_1", "beta_2", "epsilon", same_as=(adam_by_keras, epsilon_hat)),
    mistakes=rows([
        (adam_like(step=lambda m, v, rate, epsilon: -rate * m / (np.sqrt(v) + epsilon)), UPHILL),
        (adam_like(correct=lambda mean, b, t: mean), "The correction is missing. m and v start at 0 and are too small at first: divide each by 1 "
         "minus its β to the power of t."),
        (adam_with(lambda m, v, b1, b2, t: (m / (1 - b1**t), v)), "v is not corrected: divide it by 1 - β₂ᵗ, as m by 1 - β₁ᵗ."),
        (adam_with(lambda m, v, b1, b2, t: (m, v / (1 - b2**t))), "m is not corrected: divide it by 1 - β₁ᵗ, as v by 1 - β₂ᵗ."),
        (adam_like(t=lambda t: t - 1), "The step number in the correction is one behind, or never counted: at t = 0 it divides by 0. Count "
         "first, then correct, and keep t in the state."),
        (adam_like(t=lambda t: t + 1), "The step number in the correction is one ahead: in the first step t is 1."),
        (adam_like(t=lambda t: 1), "The correction is that of the first step, at every step. It takes the power of t: count the steps, and keep t in "
                             "the state."),
        (adam_with(lambda m, v, b1, b2, t: (m / (1 - b1 * t), v / (1 - b2 * t))), "β is multiplied by t, and it should be raised to its power."),
        (adam_with(lambda m, v, b1, b2, t: (m / (1 - b2**t), v / (1 - b1**t))), "The two β are exchanged in the correction: β₁ for m, β₂ for v."),
        (adam_with(lambda m, v, b1, b2, t: (m * (1 - b1**t), v * (1 - b2**t))), "The correction multiplies, and it should divide: the means are too "
         "small at first."),
        (adam_keeps_corrected, "The corrected m and v are kept for the next step. The correction is for this step alone: give the corrected ones "
         "names of their own."),
        (adam_like(keep=lambda old, new: (*old[:2], new[2])), FORGETS.format(what="m and v")),
        (adam_like(m=lambda m, g, b1: b1 * m + g), "In m the gradient comes in whole; its share is 1 - β₁."),
        (adam_like(v=lambda v, g, b2: b2 * v + g**2), "In v the square comes in whole; its share is 1 - β₂."),
        (adam_like(m=lambda m, g, b1: (1 - b1) * m + b1 * g, v=lambda v, g, b2: (1 - b2) * v + b2 * g**2), "The shares are exchanged: the old means "
         "keep β, the new values come in with 1 - β."),
        (adam_like(m=lambda m, g, b1: (1 - b1) * m + b1 * g), "In m the shares are exchanged: the old mean keeps β₁."),
        (adam_like(v=lambda v, g, b2: (1 - b2) * v + b2 * g**2), "In v the shares are exchanged: the old mean keeps β₂."),
        (adam_like(v=lambda v, g, b2: b2 * v + (1 - b2) * g), "v is a mean of gradients, and it should be one of their squares."),
        (adam_like(m=lambda m, g, b1: g), "The gradient itself stands for m: it should be a running mean."),
        (adam_like(step=lambda m, v, rate, epsilon: rate * m / np.sqrt(v + epsilon)), "ε stands inside the root. Here, unlike in RMSprop, it is "
         "added to the root."),
        (adam_like(step=lambda m, v, rate, epsilon: rate * m / (v + epsilon)), "The root is missing: v is a mean of squares."),
        (adam_like(step=lambda m, v, rate, epsilon: m / (np.sqrt(v) + epsilon)), NO_RATE),
        (adam_like(step=lambda m, v, rate, epsilon: rate * m / np.sqrt(np.where(v > 0, v, 1))), NO_EPSILON),
    ]),
    hints=["Five lines: count t, the mean m, the mean v of squares, both corrected, the step.",
           "m ← β₁ m + (1 - β₁) g, and v the same with β₂ and g². Divide m by 1 - β₁ᵗ and v by 1 - β₂ᵗ, without keeping that.",
           "The step is η times the corrected m, divided by (the root of the corrected v) + ε."],
    also_right=[
        adam_like(),
        adam_in_place,
        epsilon_hat,
        lambda w, g, state, *settings: adam_like(step=lambda m, v, rate, epsilon: rate * m / (tf.sqrt(tf.constant(v, tf.float64)) + epsilon))(
            np.float64(w), np.float64(g), state, *settings),
    ],
)

# --- 6.8 --------------------------------------------------------------------------------------------------------------


def steps_of_training(rng):
    """The example of the text, the start, the peak, the middle of the cosine, its end, after the end, and others; no warm-up."""
    for step in (2, 0, 4, 8, 12, 15):
        yield step, 0.1, 4, 12
    for _ in range(4):
        warm_up = int(rng.integers(2, 20))
        total = warm_up + int(rng.integers(5, 60))
        yield int(rng.integers(warm_up + 1, total)), float(rng.uniform(0.001, 1)), warm_up, total
        yield int(rng.integers(1, warm_up)), float(rng.uniform(0.001, 1)), warm_up, total
    yield 3, 0.5, 0, 10


def keras_schedule(step, peak, warm_up, total):
    """Keras's CosineDecay with its warm-up."""
    if not warm_up:
        return keras.optimizers.schedules.CosineDecay(peak, decay_steps=total)(step)
    return keras.optimizers.schedules.CosineDecay(0.0, decay_steps=total - warm_up, warmup_target=peak, warmup_steps=warm_up)(step)


def schedule_like(rise=lambda step, warm_up: step / warm_up, fall=lambda share: 0.5 * (1 + np.cos(np.pi * share)),
                  share=lambda step, warm_up, total: (step - warm_up) / (total - warm_up), clip=True):
    def schedule(step, peak, warm_up, total):
        if step < warm_up:
            return peak * rise(step, warm_up)
        part = share(step, warm_up, total)
        return peak * fall(min(part, 1.0) if clip else part)
    return schedule


schedule = Exercise(
    "6.8", "A schedule",
    right=keras_schedule,
    inputs=steps_of_training,
    mistakes=rows([
        (schedule_like(rise=lambda step, warm_up: 1.0), "There is no warm-up: before `warm_up` the rate grows from 0, step by step."),
        (schedule_like(rise=lambda step, warm_up: (step + 1) / warm_up), "The warm-up is one step ahead: at step 0 the rate is 0."),
        (schedule_like(fall=lambda share: 1 - share), "The rate falls in a straight line. The cosine starts and ends gently."),
        (schedule_like(share=lambda step, warm_up, total: step / total), "The cosine starts at step 0. It starts where the warm-up ends, and has the "
         "steps from there."),
        (schedule_like(share=lambda step, warm_up, total: (step - warm_up) / total), "The cosine lasts too long: from the end of the warm-up there "
         "are fewer steps than the total."),
        (schedule_like(fall=lambda share: 0.5 * (1 + np.cos(2 * np.pi * share))), "The cosine goes through a whole turn. From 1 down to -1 is half of "
         "one: π."),
        (schedule_like(fall=lambda share: 0.5 * (1 + np.cos(share))), "The cosine lacks π: at the end its argument is π."),
        (schedule_like(fall=lambda share: np.cos(np.pi * share)), "The cosine goes down to -1. Add 1 and halve it, so that it ends at 0."),
        (schedule_like(fall=lambda share: 1 + np.cos(np.pi * share)), "The cosine starts at twice the peak: a half is missing."),
        (schedule_like(fall=lambda share: np.cos(np.pi / 2 * share)), "This is a quarter of a turn. The formula has half of one, with 1 added, so that "
         "it ends gently too."),
        (schedule_like(fall=lambda share: 0.5 * (1 - np.cos(np.pi * share))), "The sign of the cosine is wrong: the rate grows where it should fall."),
        (schedule_like(clip=False), "After the last step the rate rises again. It should stay 0 there."),
        (lambda step, peak, warm_up, total: schedule_like()(step, 1.0, warm_up, total), "`peak` is not used: this is a share of it, between 0 and 1."),
    ]),
    hints=[
        "Two cases. During the warm-up the rate is a share of the peak: step / warm_up.",
        "After it, first the share of the rest that is over, from 0 to 1 and no more: (step - warm_up) / (total - warm_up).",
        "Then peak · ½ (1 + cos(π · share)).",
    ],
    also_right=[
        schedule_like(),
        lambda step, peak, warm_up, total: float(peak * min(step / max(warm_up, 1), 1)) if step < warm_up else
        peak * np.cos(np.pi / 2 * min((step - warm_up) / (total - warm_up), 1)) ** 2,
        lambda step, peak, warm_up, total: tf.constant(schedule_like()(step, peak, warm_up, total)),
    ],
    equivalent={
        "if step <= warm_up:\n    return peak * step / warm_up": "at the end of the warm-up both give the peak",
        "share = min(1, (step - warm_up) / (total - warm_up))": "the smaller of two numbers, in either order",
    },
)

# --- 6.9 --------------------------------------------------------------------------------------------------------------


@cache
def _digits_network():
    return keras.Sequential([keras.Input((64,)), keras.layers.Dense(32, "relu"), keras.layers.Dense(10)])


def loss_on_digits(optimizer):
    """The training loss of the digits network after 198 steps of 32 examples, the mean over two starts; infinite if it diverged."""
    if isinstance(optimizer, str) or inspect.isclass(optimizer):
        raise Advice("An optimizer is made by calling its class: `keras.optimizers.…(…)`, with its learning rate.")
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise Advice(f"The answer is an optimizer of Keras, and this is a {type(optimizer).__name__}.")
    X, y = (array[:1056] for array in datasets.digits()[0])  # 33 batches, none of them short
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model, optimizer = _digits_network(), training.new_optimizer(optimizer)
    optimizer.build(model.trainable_variables)
    fresh, losses = [variable.numpy() for variable in optimizer.variables], []
    X, y = tf.constant(X), tf.constant(y)

    @tf.function  # quicker to build than the compiled epoch, for so few steps
    def step(rows):
        with tf.GradientTape() as tape:
            J = loss(tf.gather(y, rows), model(tf.gather(X, rows), training=True))
        optimizer.apply(tape.gradient(J, model.trainable_variables), model.trainable_variables)

    for seed in (0, 1):
        rng = np.random.default_rng(seed)
        model.set_weights([rng.normal(size=w.shape) * np.sqrt(2 / w.shape[0]) * (w.ndim > 1) for w in model.get_weights()])
        for variable, value in zip(optimizer.variables, fresh, strict=True):
            variable.assign(value)
        for _ in range(6):
            for rows in rng.permutation(len(X)).reshape(-1, 32):
                step(tf.constant(rows))
        losses.append(float(loss(y, model(X))))
    return Loss(np.nan_to_num(np.mean(losses), nan=np.inf))


class Loss(np.float64):
    """A loss, which reads with two digits and not as a share."""

    def __str__(self):
        return f"{self:.2f}"


def Adam(rate):
    return keras.optimizers.Adam(rate)


choose_optimizer = Exercise(
    "6.9", "The fastest in 200 steps",
    right=Adam(0.02),
    observe=loss_on_digits,
    accept=lambda J: J <= 0.15,
    seconds=2.0,
    mistakes=[
        Mistake(keras.optimizers.SGD(1e5), "The training diverged: the rate is far too large for this optimizer, or it is below 0, where steps lead up.", when=lambda J: J > 5),
        Mistake(Adam(0.5), "The loss ends at {seen}, no better than guessing: the rate is too large for this optimizer, or the steps are "
                "so short that it has hardly begun.", when=lambda J: 1.5 < J <= 5),
        Mistake(keras.optimizers.SGD(0.1), "The loss ends at {seen}; at most 0.15 is asked for. With a larger rate, or another optimizer, it "
                "falls faster; with one that is too large it stops falling.", when=lambda J: 0.15 < J <= 1.5),
    ],
    hints=[
        "Start with an optimizer that scales its steps by itself, such as Adam, and try rates that differ by a factor of 3.",
        "Adam's default, 0.001, is careful. Ten times that is a good start for a network this small.",
    ],
    also_right=[keras.optimizers.SGD(0.1, momentum=0.9), Adam(0.03), keras.optimizers.RMSprop(0.01)],
)

EXERCISES = [learning_rates, sgd, momentum, adagrad, rmsprop, adadelta, adam, schedule, choose_optimizer]
