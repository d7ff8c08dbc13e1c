# %% [markdown]
# # 6 · Optimizers
#
# Better ways down than the steepest: six optimizers from their equations, checked against Keras step by step.
#
# **Time:** 80 minutes
#
# After this lab you can
# - tell a learning rate that is too small, too large, or right by what it does;
# - write SGD, Momentum, Adagrad, RMSprop, Adadelta and Adam;
# - raise and lower the rate by a schedule;
# - choose an optimizer for a network, and say why.

# %%
from utils import check, datasets, hint, plots, progress, solution, training

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(6)

# %% [markdown]
# ## 1 · One rate, three fates
# The lecture draws a loss with two valleys: a shallow one near the start, and a deep one behind a hill. Here it is as a
# formula, with the start at $w = 3$, the hill at $w = -0.25$, and the valleys at $1$ and $-3$:
#
# $$J(w) = w^4 + 3 w^3 - 5 w^2 - 3 w$$
#
# The slope at the start is 156. How far does a rate of 0.01 go in its first step?

# %%
def two_valleys(w):
    return w**4 + 3 * w**3 - 5 * w**2 - 3 * w


def gradient(J, w):
    """The gradient of J at w, by the tape."""
    w = tf.Variable(w)
    with tf.GradientTape() as tape:
        height = J(w)
    return tape.gradient(height, w).numpy()

# %% [markdown]
# ### Exercise 6.1 · Three learning rates
# Find a rate that gets stuck in the near valley, one that leaps over the hill and settles in the deep one, and one that flies
# off. Each gets 100 steps.

# %%
too_small = 0.01  # SOLUTION: ends at w = 1
just_right = 0.03  # SOLUTION: ends at w = -3
too_large = 0.1  # SOLUTION: ends nowhere

# %%
check("6.1", too_small, just_right, too_large)

# %% [markdown]
# You will see the three after the next exercise, which makes the rule of lab 5 a function of its own. This is the loop that goes
# around it, and around five better rules: it hands over the gradient, and whatever the rule wants to remember.

# %%
# How many numbers each optimizer keeps for a weight (adam: m, v, and the step count).
SLOTS = {"sgd": 0, "momentum": 1, "adagrad": 1, "rmsprop": 1, "adadelta": 2, "adam": 3}


def descend(J, update, w, learning_rate, steps=100):
    """The path of an optimizer: w at the start and after each step."""
    w, path = np.array(w, np.float32), [np.array(w, np.float32)]
    state = tuple(np.zeros_like(w) for _ in range(SLOTS[update.__name__]))
    for _ in range(steps):
        w, state = update(w.copy(), gradient(J, w), state, learning_rate)
        w = np.array(w, np.float32)
        path.append(w)
        if np.max(np.abs(w)) > 1e3:
            break
    return path

# %% [markdown]
# ## 2 · An optimizer is an update
# Every optimizer answers one question: given the gradient $g$, where does $w$ go? Some keep a **state** from step to step, such
# as how fast they are. So an optimizer is a function from $(w, g, \text{state})$ to the new $w$ and the new state. The
# arrays hold a number for each weight, or one number alone, as on the hill above. All arithmetic is weight by weight.
#
# ### Exercise 6.2 · Gradient descent as an update
# The rule of lab 5, in this form. It keeps nothing: its state is the empty tuple `()`.

# %%
def sgd(w, g, state, learning_rate=0.01):
    """The new w, w - η g, and the state.  w, g: arrays of one shape, () as well."""
    w = w - learning_rate * g  # SOLUTION: a step against the gradient
    return w, state


# %%
check("6.2", sgd)

# %% [markdown]
# Here are your three rates. Look at the first step of each.

# %%
plots.descent(two_valleys,
              {f"η = {float(rate):g}": descend(two_valleys, sgd, 3.0, rate)
               for rate in (too_small, just_right, too_large)}, limits=(-5, 3.4))

# %% [markdown]
# The right rate was luck: it depends on the hill, the valleys and the start, and nobody knows those of a real network. The
# lecture has two ideas: try many rates, or let the optimizer adapt.
#
# ### Exercise 6.3 · Momentum
# A ball rolls on where it was going. $v$ gathers the gradients, and forgets a little at each step (Qian, 1999):
#
# $$v \leftarrow \beta v + g \qquad w \leftarrow w - \eta v$$

# %%
def momentum(w, g, state, learning_rate=0.01, beta=0.9):
    """One step with momentum.  state: (v,), 0 at the start."""
    v, = state
    v = beta * v + g  # SOLUTION: what is left of v, and the gradient
    w = w - learning_rate * v  # SOLUTION: a step against v
    return w, (v,)


# %%
check("6.3", momentum)

# %% [markdown]
# A rate that is too small for the hill, without and with momentum. What will the ball do when it gets there?

# %%
plots.descent(two_valleys,
              {"plain": descend(two_valleys, sgd, 3.0, 0.005),
               "with momentum": descend(two_valleys, momentum, 3.0, 0.005)},
              limits=(-5, 3.4))

# %% [markdown]
# ## 3 · A rate for each weight
# Some weights have gradients in every example, others in few. **Adagrad** (Duchi and others, 2011) divides by how large a
# weight's gradients have been so far: the busy ones take shorter steps.
#
# $$G \leftarrow G + g^2 \qquad w \leftarrow w - \eta \frac{g}{\sqrt{G + \varepsilon}}$$
#
# ### Exercise 6.4 · Adagrad
# Mind where $\varepsilon$ stands: it keeps the root away from 0.

# %%
def adagrad(w, g, state, learning_rate=0.01, epsilon=1e-7):
    """One step of Adagrad.  state: (G,), 0 at the start."""
    G, = state
    G = G + g**2  # SOLUTION: the sum of the squares
    w = w - learning_rate * g / np.sqrt(G + epsilon)  # SOLUTION: the scaled step
    return w, (G,)


# %%
check("6.4", adagrad)

# %% [markdown]
# $G$ only grows, so the steps only shrink. **RMSprop** forgets: in place of the sum, a running mean of the squares.
#
# $$v \leftarrow \rho v + (1 - \rho) g^2 \qquad w \leftarrow w - \eta \frac{g}{\sqrt{v + \varepsilon}}$$
#
# ### Exercise 6.5 · RMSprop
# Write it. $\rho$ says how much of the old mean stays.

# %%
def rmsprop(w, g, state, learning_rate=0.001, rho=0.9, epsilon=1e-7):
    """One step of RMSprop.  state: (v,), 0 at the start."""
    v, = state
    v = rho * v + (1 - rho) * g**2  # SOLUTION: the running mean
    w = w - learning_rate * g / np.sqrt(v + epsilon)  # SOLUTION: the scaled step
    return w, (v,)


# %%
check("6.5", rmsprop)

# %% [markdown]
# What do the two make of the same gradient, 1, again and again? The length of the step, over 60 steps:

# %%
def step_lengths(update):
    w, state = np.zeros(1), (np.zeros(1),)
    path = [w]
    for _ in range(60):
        w, state = update(w.copy(), np.ones(1), state, 0.1)
        path.append(w)
    return -np.diff(np.ravel(path))


plots.curves({"Adagrad": step_lengths(adagrad), "RMSprop": step_lengths(rmsprop)},
             ylabel="length of the step", xlabel="step")

# %% [markdown]
# Adagrad's steps go to 0. RMSprop's settle at $\eta$; the first are up to $\sqrt{10}$ times as long, since $v$ starts at 0 and
# is too small for a while. Adam will mend that.
#
# **Adadelta** (Zeiler, 2012) asks about units. A gradient over a root of squared gradients has no unit, but $w$ has one. So it
# multiplies by the size of the changes so far, which has the unit of $w$. $v$ is the running mean of $g^2$, as above; then
#
# $$\Delta = \frac{\sqrt{d + \varepsilon}}{\sqrt{v + \varepsilon}}\, g \qquad d \leftarrow \rho d + (1 - \rho) \Delta^2
# \qquad w \leftarrow w - \eta \Delta$$
#
# ### Exercise 6.6 · Adadelta
# The order matters: $\Delta$ needs the $d$ from before this step. In the paper $\eta$ is 1.

# %%
def adadelta(w, g, state, learning_rate=1.0, rho=0.95, epsilon=1e-6):
    """One step of Adadelta.  state: (v, d), both 0 at the start."""
    v, d = state
    v = rho * v + (1 - rho) * g**2  # SOLUTION: the mean of the squared gradients
    delta = np.sqrt(d + epsilon) / np.sqrt(v + epsilon) * g  # SOLUTION: Δ
    d = rho * d + (1 - rho) * delta**2  # SOLUTION: the mean of the squared changes
    w = w - learning_rate * delta  # SOLUTION: the step
    return w, (v, d)


# %%
check("6.6", adadelta)

# %% [markdown]
# **Adam** (Kingma and Ba, 2014) joins the two ideas: a running mean $m$ of the gradients, as momentum, over the root of a
# running mean $v$ of their squares. Both start at 0 and are too small at first, which the division corrects; $t$ counts the
# steps from 1:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1) g \qquad v \leftarrow \beta_2 v + (1 - \beta_2) g^2$$
#
# $$\hat m = \frac{m}{1 - \beta_1^t} \qquad \hat v = \frac{v}{1 - \beta_2^t} \qquad
# w \leftarrow w - \eta \frac{\hat m}{\sqrt{\hat v} + \varepsilon}$$
#
# ### Exercise 6.7 · Adam
# Here $\varepsilon$ stands outside the root. (In Keras beside the root of the uncorrected $v$: the check takes both.) The state
# keeps $m$ and $v$ uncorrected.

# %%
def adam(w, g, state, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """One step of Adam.  state: (m, v, t), all 0 at the start."""
    m, v, t = state
    t = t + 1
    m = beta_1 * m + (1 - beta_1) * g  # SOLUTION: the mean of the gradients
    v = beta_2 * v + (1 - beta_2) * g**2  # SOLUTION: the mean of their squares
    m_hat = m / (1 - beta_1**t)  # SOLUTION: corrected
    v_hat = v / (1 - beta_2**t)  # SOLUTION: corrected
    w = w - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon)  # SOLUTION: the step
    return w, (m, v, t)


# %%
check("6.7", adam)

# %% [markdown]
# ## 4 · The race
# A ravine: steep across, nearly flat along. All six start in the same corner, each with a rate that suits it. Who will bounce
# from wall to wall, and who will turn into the ravine?

# %% tags=["nbval-ignore-output", "cover"]
def ravine(w):
    return 0.05 * (w[0] - 1.5) ** 2 + 2 * w[1] ** 2


RATES = {sgd: 0.45, momentum: 0.05, adagrad: 0.5,
         rmsprop: 0.05, adadelta: 5.0, adam: 0.15}


def paths_of(J, start, steps):
    return {update.__name__: descend(J, update, start, rate, steps)
            for update, rate in RATES.items()}


plots.race(ravine, paths_of(ravine, [-1.7, 1.2], 60), log=True)

# %% [markdown]
# A saddle: from left to right you cross a valley, from bottom to top a ridge. Its crest is the line $w_2 = 0$, and the start
# lies a hair beside it. In high dimensions there are far more saddles than valleys. Who notices first that there is a way down?

# %% tags=["nbval-ignore-output"]
def saddle(w):
    return w[0] ** 2 - w[1] ** 2 + w[1] ** 4 / 4


plots.race(saddle, paths_of(saddle, [-1.7, 0.01], 40))

# %% [markdown]
# The four that divide by the size of the gradient: the slope across the crest is tiny, but divided by its own size it is not.
#
# ## 5 · The digits
# Two formulas are no network. Here is one with 2,410 weights that reads handwritten digits of 8 × 8 dots. What does its loss
# look like from where it stands? Two random directions through its matrices (biases stay), each unit's part as long as the
# unit's own weights, give a slice. (This is how the lecture's picture of a landscape was made.)

# %%
(X, y), (X_validation, y_validation), _ = datasets.digits()
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def digits_network():
    return keras.Sequential([keras.Input((64,)), keras.layers.Dense(32, "relu"),
                             keras.layers.Dense(10)])


model = digits_network()
print("weights:", model.count_params())

# %% [markdown]
# `training.train` is the compiled loop of the course; lab 7 builds it with you. While it runs you see the loss, and the stop
# button of the notebook ends it with nothing lost: the weights stay, and so does the history.

# %% tags=["nbval-ignore-output"]
history = training.train(model, keras.optimizers.Adam(0.01), cross_entropy, X, y, 20,
                         validation=(X_validation, y_validation),
                         watch=plots.live_loss(20))

# %% tags=["nbval-ignore-output"]
plots.landscape(model, cross_entropy, X, y)

# %% [markdown]
# A bowl, with walls that get steep. Large, deep networks can have far rougher ones.
#
# ### Exercise 6.8 · A schedule
# Often the rate itself changes while training: first a **warm-up**, in a straight line from 0 to the peak, while the optimizer
# gathers its means; then half a cosine, from the peak down to 0. With $s$ the share of the steps after the warm-up that are
# over, from 0 to 1,
#
# $$\eta = \eta_{\text{peak}} \cdot \tfrac12 \left(1 + \cos(\pi s)\right)$$
#
# After the last step the rate stays 0.

# %%
def schedule(step, peak, warm_up, total):
    """The learning rate at a step, a number.

    step: from 0 on.  warm_up: how many steps it takes to reach the peak; may be 0.
    total: how many steps there are, with the warm-up.
    """
    if step < warm_up:
        return peak * step / warm_up  # SOLUTION: the warm-up
    share = min((step - warm_up) / (total - warm_up), 1)  # SOLUTION: the share s
    return peak * 0.5 * (1 + np.cos(np.pi * share))  # SOLUTION: the cosine


# %%
check("6.8", schedule)

# %%
plots.curves({"η": [schedule(step, 0.02, 20, 200) for step in range(220)]},
             ylabel="η", xlabel="step")

# %% [markdown]
# ### Exercise 6.9 · The fastest in 200 steps
# Which optimizer, at which rate, brings the training loss of the digits network to 0.15 or less in 198 steps of 32 examples?
# That is six epochs of 33 batches. The check trains from two starts and takes the mean. (A schedule, such as
# `keras.optimizers.schedules.CosineDecay`, can stand in the place of the rate.)

# %%
optimizer = keras.optimizers.Adam(0.02)  # SOLUTION: one of keras.optimizers, with its rate

# %%
check("6.9", optimizer)

# %% [markdown]
# Yours against the six of this lab, from three starts each: lines are means, bands the range. (A point is the mean over an
# epoch; the check looks at the loss after the last.) The rates are Keras's defaults, which are careful, but for SGD and momentum.
# Which defaults would you change?

# %% tags=["nbval-ignore-output"]
o = keras.optimizers
names = {"SGD 0.1": o.SGD(0.1), "momentum": o.SGD(0.1, momentum=0.9),
         "RMSprop": o.RMSprop(), "Adagrad": o.Adagrad(), "Adadelta": o.Adadelta(),
         "Adam": o.Adam(),
         "yours": optimizer.from_config(optimizer.get_config())}
plots.curves({name: training.repeat(digits_network, each, cross_entropy, X, y, epochs=6,
                                    starts=3)["loss"] for name, each in names.items()})

# %% [markdown]
# ## What the slides said
# They have names for all of these that are gone, or never were:

# %%
for name in ("tf.keras.optimizer.SGD", "tf.keras.optimizers.SDG",
             "tf.keras.optimizers.RMSProp", "tf.train.AdamOptimizer",
             "tf.keras.optimizers.RMSprop"):
    try:
        print("works:         ", name, type(eval(name)()).__name__)
    except AttributeError as error:
        print(f"{type(error).__name__}:", name)

# %% [markdown]
# ## Stretch
# Nesterov's momentum looks ahead: it takes the gradient where the ball is about to be. In terms of your function, the step is
# $\eta (g + \beta v)$ with the new $v$. Write it, and let it race.
#
# ## What you can do now
# - Read an optimizer's equations, and write it.
# - Say what the state of each one is for.
# - Choose a rate by what the loss does, and let a schedule change it.
#
# **Next:** lab 7 takes the examples in small batches, and makes the loop fast.
