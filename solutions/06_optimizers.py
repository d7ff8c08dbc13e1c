# %% [markdown]
# # 6 · Optimizers
#
# The same network, the same data, the same six epochs: one optimizer brings the loss down to 0.1, another leaves it above 2,
# where it began. Build six optimizers from their equations, and see why.
#
# **Time:** 80 minutes
#
# After this lab you can
# - recognize a learning rate that is too small, too large or right by what the loss does;
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
# formula. The start is at $w = 3$, the hill at $w = -0.25$, and the valleys are at $1$ and $-3$:
#
# $$J(w) = w^4 + 3 w^3 - 5 w^2 - 3 w$$
#
# The slope at the start is 156. How far does the first step go with a rate of 0.01?

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
# The step is 0.01 · 156 = 1.56 long, so it ends at $w = 1.44$, above the near valley.
#
# ### Exercise 6.1 · Three learning rates
# Find three rates. The first gets stuck in the near valley. The second leaps over the hill and settles in the deep valley.
# The third flies off. Each has 100 steps. If the check says ✗, run the cell below it all the same: it draws where your rates
# lead.

# %%
too_small = 0.01  # SOLUTION: ends at w = 1
just_right = 0.03  # SOLUTION: ends at w = -3
too_large = 0.1  # SOLUTION: ends nowhere

# %%
check("6.1", too_small, just_right, too_large)

# %%
def walk(learning_rate):
    """The path of gradient descent down the two valleys, from w = 3."""
    path = [3.0]
    for _ in range(100):
        path.append(path[-1] - learning_rate * gradient(two_valleys, path[-1]))
        if abs(path[-1]) > 1e3:
            break
    return path


plots.descent(two_valleys, {f"η = {float(rate):g}": walk(float(rate))
                            for rate in (too_small, just_right, too_large)},
              limits=(-5, 3.4))

# %% [markdown]
# The first step decides. The slope is the same for all three, so the rate alone decides where the step lands: in front of the
# hill, behind it, or far out on the other side.
#
# The next cell is the loop for this whole lab. It computes the gradient and calls `update`, the rule that makes the step. You
# will write six rules. The loop also carries along what a rule wants to remember from step to step.

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
# Every optimizer answers one question: where does $w$ go, if the gradient is $g$? Some optimizers keep a **state** from step
# to step, such as their speed. So an optimizer is a function. It takes $w$, $g$ and the state, and returns the new $w$ and
# the new state.
#
# The arrays hold one number for each weight. (On the hill above, $w$ is one number.) All arithmetic is weight by weight.
#
# ### Exercise 6.2 · Gradient descent as an update
# Write the rule of lab 5, SGD, in this form. It remembers nothing: its state is the empty tuple `()`.

# %%
def sgd(w, g, state, learning_rate=0.01):
    """The new w, w - η g, and the state.  w, g: arrays of one shape, () as well."""
    w = w - learning_rate * g  # SOLUTION: a step against the gradient
    return w, state


# %%
check("6.2", sgd)

# %% [markdown]
# Now start your `just_right` rate from other places: from $w = 3$ as before, from $w = 2$, and from $w = -1$. Where will the
# three paths end?

# %%
plots.descent(two_valleys,
              {f"from w = {start:g}": descend(two_valleys, sgd, start, just_right)
               for start in (3.0, 2.0, -1.0)}, limits=(-5, 3.4))

# %% [markdown]
# From $w = 2$ the slope is smaller, so the first step is too short for the hill, and the path ends in the near valley. The
# right rate was luck: it depends on the hill, on the valleys and on the start. Nobody knows these for a real network. The
# lecture has two ideas: try many rates, or let the optimizer adapt.
#
# ### Exercise 6.3 · Momentum
# A ball keeps rolling in its direction. The velocity $v$ adds up the gradients, and forgets a little of them at each step
# (Qian, 1999):
#
# $$v \leftarrow \beta v + g \qquad w \leftarrow w - \eta v$$
#
# From $w = 1$, with $g = 1$ and $\eta = 0.1$, the first step leads to 0.9. With $g = 1$ again, the second leads to 0.71.

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
# Now a rate of 0.005, without and with momentum. It is too small to leap over the hill. What will the ball do when it gets
# there?

# %%
plots.descent(two_valleys,
              {"plain": descend(two_valleys, sgd, 3.0, 0.005),
               "with momentum": descend(two_valleys, momentum, 3.0, 0.005)},
              limits=(-5, 3.4))

# %% [markdown]
# The ball rolls over the hill, and up the far side of the deep valley. It swings back and forth, and settles at the bottom.
# Plain gradient descent stops in the near valley.
#
# ## 3 · A rate for each weight
# One rate for all weights is a compromise. Some weights have a gradient in every example, others only in a few. **Adagrad**
# (Duchi and others, 2011) gives each weight its own rate: the larger its gradients so far, the shorter its steps. $G$ is the
# sum of their squares.
#
# $$G \leftarrow G + g^2 \qquad w \leftarrow w - \eta \frac{g}{\sqrt{G + \varepsilon}}$$
#
# ### Exercise 6.4 · Adagrad
# Write it. The small number $\varepsilon$ (epsilon) stands inside the root, and keeps it away from 0. The first step has the
# length $\eta$, for any $g$ that is not tiny.

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
# Adagrad never forgets: $G$ only grows, so the steps only shrink, even if the gradients were large only long ago. **RMSprop**
# (Tieleman and Hinton, 2012) forgets.
#
# ### Exercise 6.5 · RMSprop
# In place of the sum, RMSprop takes a running mean of the squares. At each step, the share $\rho$ (rho) of the old mean
# stays, and the new square gets the rest:
#
# $$v \leftarrow \rho v + (1 - \rho) g^2 \qquad w \leftarrow w - \eta \frac{g}{\sqrt{v + \varepsilon}}$$
#
# Write it.

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
# Both rules get the same gradient, 1, again and again. How will the length of their steps change over 60 steps?

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
# Adagrad's steps go to 0. RMSprop's steps settle at $\eta = 0.1$. Its first step is $\sqrt{10}$ times as long, because $v$
# starts at 0 and is too small for a while. Adam will correct that.
#
# **Adadelta** (Zeiler, 2012) needs no learning rate: its earlier steps tell how long the next one should be. Suppose $w$ is
# in meters. Then a step should be in meters, too. $g / \sqrt v$ has no unit, but an earlier step has the right one.
#
# ### Exercise 6.6 · Adadelta
# Keep two running means: $v$ of $g^2$, as above, and $d$ of the squared steps $\Delta^2$.
#
# $$\Delta = \frac{\sqrt{d + \varepsilon}}{\sqrt{v + \varepsilon}}\, g \qquad d \leftarrow \rho d + (1 - \rho) \Delta^2
# \qquad w \leftarrow w - \eta \Delta$$
#
# The order matters: $\Delta$ needs the $d$ from before this step. The paper has no $\eta$, so here it is 1. With $g = 1$, the
# first step is 0.0045 long.

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
# **Adam** (Kingma and Ba, 2014) joins two ideas: the direction comes from a mean of the gradients, as in momentum, and the
# length from a mean of their squares, as in RMSprop.
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1) g \qquad v \leftarrow \beta_2 v + (1 - \beta_2) g^2$$
#
# Both means start at 0. The next cell takes the mean $m$ of a gradient that is always 1. How long will it take to get near 1?

# %%
mean = 0
for t in range(1, 21):
    mean = 0.9 * mean + 0.1 * 1  # β₁ = 0.9, and g = 1
    if t in (1, 2, 3, 20):
        print("step", t, " m =", round(mean, 3))

# %% [markdown]
# More than 20 steps. After step $t$, the mean is too small by the factor $1 - \beta_1^t$. So Adam divides $m$ by this factor,
# and $v$ by its own:
#
# $$\hat m = \frac{m}{1 - \beta_1^t} \qquad \hat v = \frac{v}{1 - \beta_2^t} \qquad
# w \leftarrow w - \eta \frac{\hat m}{\sqrt{\hat v} + \varepsilon}$$
#
# ### Exercise 6.7 · Adam
# Here $\varepsilon$ stands outside the root. (Keras adds it to $\sqrt v$, before the correction. The check accepts both.) The
# state keeps $m$ and $v$ without the correction. The first step has the length $\eta$, for any $g$ that is not tiny.

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
# Here is a ravine: steep across, nearly flat along its floor. All six optimizers start in the same corner, each with a rate
# that suits it. Which will bounce from wall to wall, and which will turn into the ravine?

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
# SGD bounces from wall to wall, and momentum swings in wide waves. The other four divide by the size of the gradient, so a
# steep wall does not throw them: they walk diagonally towards the floor. Adam has momentum too, and overshoots the lowest
# point. Adadelta is still on its way.
#
# Next, a saddle: a valley from left to right, and a ridge from bottom to top. Its crest is the line $w_2 = 0$, and the start
# lies 0.01 beside it. With many weights, a loss usually has far more saddles than valleys. Which optimizer is the first to
# find the way down?

# %% tags=["nbval-ignore-output"]
def saddle(w):
    return w[0] ** 2 - w[1] ** 2 + w[1] ** 4 / 4


plots.race(saddle, paths_of(saddle, [-1.7, 0.01], 40))

# %% [markdown]
# Adagrad, RMSprop and Adam: each leaves the crest with its first step. The slope across the crest is tiny, but divided by its
# own size it is not. Adadelta divides too, and it starts slowly. Momentum comes last.
#
# Now you choose the two numbers of your `momentum`, on the hill of section 1 and in the ravine. First leave $\beta$ at 0: which
# rates get over the hill? Then set the rate to 0.05 and raise $\beta$ step by step: is more momentum always better in the
# ravine?

# %% tags=["nbval-ignore-output"]
plots.play_descent(two_valleys, ravine, momentum)

# %% [markdown]
# Without momentum only the rates from 0.025 to 0.04 get over the hill. With $\beta = 0.8$ a rate of 0.002 does. In the ravine
# the loss after 60 steps falls until $\beta = 0.9$, to a sixtieth; with 0.95 it is higher again, because the ball swings past
# the lowest point.
#
# ## 5 · The digits
# The ravine and the saddle have two weights. Here is a network with 2,410 parameters, weights and biases. It reads
# handwritten digits of 8 × 8 pixels. First you train it, then you look at the loss around it.

# %%
(X, y), (X_val, y_val), _ = datasets.digits()
cross_entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def digits_network():
    return keras.Sequential([keras.Input((64,)), keras.layers.Dense(32, "relu"),
                             keras.layers.Dense(10)])


model = digits_network()
print("parameters:", model.count_params())

# %% [markdown]
# `training.train` is the compiled loop of the course, and lab 7 builds it with you. While it runs you see the loss on the
# training set and on the validation set. You may stop it with the stop button of the notebook: the weights and the history so
# far are kept.

# %% tags=["nbval-ignore-output"]
history = training.train(model, keras.optimizers.Adam(0.01), cross_entropy, X, y, 20,
                         validation=(X_val, y_val),
                         watch=plots.live_loss(20))

# %% [markdown]
# The network has 2,410 parameters, and a picture has room for two directions. So take two at random. In both, the change of
# each unit is as long as the unit's own weights, and biases stay as they are. The lecture's picture of a landscape was made
# in this way. Which shape do you expect?

# %% tags=["nbval-ignore-output"]
plots.landscape(model, cross_entropy, X, y)

# %% [markdown]
# A bowl with steep walls. Large, deep networks can have far rougher landscapes.
#
# ### Exercise 6.8 · A schedule
# Often the rate changes during training. In the **warm-up** it grows in a straight line from 0 to the peak, while the
# optimizer gathers its means. Then it falls from the peak to 0, along half a cosine. With $s$ the share of the steps after
# the warm-up that are done, from 0 to 1,
#
# $$\eta = \eta_{\text{peak}} \cdot \tfrac12 \left(1 + \cos(\pi s)\right)$$
#
# After the last step the rate stays 0. With a peak of 0.02 and a warm-up of 20 of 200 steps, it is 0.01 at step 10 and at
# step 110.

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
# Which optimizer, and which rate, bring the training loss of the digits network to 0.15 or less in 198 steps of 32 examples?
# (That is six epochs of 33 batches.) The check trains from two starts and takes the mean. In place of the rate you can use a
# schedule, such as `keras.optimizers.schedules.CosineDecay`.

# %%
optimizer = keras.optimizers.Adam(0.02)  # SOLUTION: one of keras.optimizers, with its rate

# %%
check("6.9", optimizer)

# %% [markdown]
# Yours against the six of this lab, from three starts each. A line is the mean, a band is the range. (A point is the mean
# loss during an epoch. The check looks at the loss after the last one, which is lower.) SGD and momentum have a rate of 0.1
# here. The other four have Keras's default, 0.001. Which defaults would you change?

# %% tags=["nbval-ignore-output"]
o = keras.optimizers
names = {"SGD 0.1": o.SGD(0.1), "momentum": o.SGD(0.1, momentum=0.9),
         "RMSprop": o.RMSprop(), "Adagrad": o.Adagrad(), "Adadelta": o.Adadelta(),
         "Adam": o.Adam(),
         "yours": optimizer.from_config(optimizer.get_config())}
plots.curves({name: training.repeat(digits_network, each, cross_entropy, X, y, epochs=6,
                                    starts=3)["loss"] for name, each in names.items()})

# %% [markdown]
# All four. With 0.001, Adagrad and Adadelta hardly move, and RMSprop and Adam get about half of the way. Ten times that suits
# RMSprop and Adam here. Adadelta's paper has 1, a thousand times as much.
#
# ## What the slides said
# The slides name these optimizers by names that are gone, or never existed:

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
# Nesterov's momentum looks ahead: it takes the gradient at the place where the ball will be next. In terms of your function,
# the step is $\eta (g + \beta v)$ with the new $v$. Write it, and let it race.
#
# ## What you can do now
# - Read an optimizer's equations, and write it.
# - Say what the state of each one is for.
# - Choose a rate by what the loss does, and let a schedule change it.
#
# **Next:** lab 7 takes the examples in small batches, and makes the loop fast.
