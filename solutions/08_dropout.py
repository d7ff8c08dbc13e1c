# %% [markdown]
# # 8 · Dropout
#
# A network that knows its examples by heart has learned little. See it happen, then cure it: dropout, and penalties on the
# weights.
#
# **Time:** 70 minutes
#
# After this lab you can
# - tell under-fitting from over-fitting by two losses;
# - write dropout, as a function and as a layer of Keras;
# - write the penalties L1 and L2 into a loss, and see what they do to the weights;
# - choose what makes a network generalize, and measure it fairly.

# %%
from utils import check, datasets, hint, plots, progress, solution, training

import keras
import numpy as np
import tensorflow as tf
from numpy.polynomial import Polynomial

keras.utils.set_random_seed(8)

# %% [markdown]
# ## 1 · Too little, too much
# Twenty students who came to nearly all lectures: the hours they spent on the project, and their grade. Which curve goes
# through these points? A straight line is too stiff, and a curve that bends twenty times comes close to every point. How much a
# model can bend is its **capacity**; for a polynomial it is the degree.
#
# How good a curve is, only students it has not seen can tell: the **held-out** ones. So there are two losses.

# %%
X, grades = datasets.grades()
regular = X[:, 0] >= 6
hours, grades = X[regular, 1], grades[regular]
x, y, x_held_out, y_held_out = hours[:20], grades[:20], hours[20:], grades[20:]

# %% [markdown]
# ### Exercise 8.1 · Two losses
# Measure the mean squared error of one curve twice: on the students it was fitted to, and on the others.
# `Polynomial.fit(x, y, degree)` finds the polynomial with the smallest squared error at x.

# %%
def two_losses(degree, x, y, x_held_out, y_held_out):
    """The training loss and the held-out loss of a polynomial that is fitted to x, y.

    x, y: shape (n,).  x_held_out, y_held_out: shape (k,).  Returns two numbers.
    """
    curve = Polynomial.fit(x, y, degree)  # SOLUTION: fit it
    J = np.mean((curve(x) - y) ** 2)  # SOLUTION: the training loss
    J_held_out = np.mean((curve(x_held_out) - y_held_out) ** 2)  # SOLUTION: the other
    return J, J_held_out


# %%
check("8.1", two_losses)

# %% [markdown]
# Both losses for each degree from 0 to 12. Before you look: which of the two can go up?

# %%
losses = [two_losses(degree, x, y, x_held_out, y_held_out) for degree in range(13)]
plots.curves({"training": [J for J, _ in losses],
              "validation": [J_held_out for _, J_held_out in losses]},
             xlabel="degree", log=True)

# %% [markdown]
# More capacity always lowers the training loss. The held-out loss falls, stays low for a while, up and down by chance, and then
# rises steeply. A model that is too stiff **under-fits**, one that bends too much **over-fits**. Three of the curves:

# %%
fits = {f"degree {degree}": Polynomial.fit(x, y, degree) for degree in (1, 4, 12)}
plots.fits(fits, x, y, x_held_out, y_held_out, xlabel="hours", ylabel="grade")

# %% [markdown]
# ## 2 · A network that learns by heart
# "Will I pass this class?" again, and this time with 60 past students only. Two hidden layers of 64 units make 4,417 weights:
# far more than there are students. The features are put in units of the standard deviation, so that both count alike; the 60
# decide that too, because the held-out students stay unseen.

# %%
X, y = datasets.students()
X = (X - X[:60].mean(axis=0)) / X[:60].std(axis=0)
X_train, y_train = X[:60], y[:60, None]
held_out = X[60:], y[60:, None]
cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)


def network(*between, regularizer=None):
    """Two hidden layers of 64 units; `between` makes a layer to put after each."""
    model = keras.Sequential([keras.Input((2,))])
    for _ in range(2):
        model.add(keras.layers.Dense(64, "relu", kernel_regularizer=regularizer))
        for make_layer in between:
            model.add(make_layer())
    model.add(keras.layers.Dense(1, kernel_regularizer=regularizer))
    return model

# %% [markdown]
# One lucky run proves nothing. `training.repeat` trains the network from five starts; lines are means, bands the range. Where
# will the held-out loss be after 300 epochs?

# %%
def five_runs(make_network):
    return training.repeat(make_network, keras.optimizers.Adam(0.02), cross_entropy,
                           X_train, y_train, epochs=300, batch_size=60,
                           validation=held_out)


plain = five_runs(network)

# %% tags=["nbval-ignore-output"]
plots.curves({"training": plain["loss"], "validation": plain["val_loss"]})

# %%
loss, val_loss = plain["loss"], plain["val_loss"]
print("training loss at the end below 0.01: ", bool(np.all(loss[:, -1] < 0.01)))
print("held-out loss at least doubled since its minimum:",
      bool(np.all(val_loss[:, -1] > 2 * val_loss.min(axis=1))))

# %% [markdown]
# The training loss goes to 0: the network knows all sixty. Meanwhile its loss for everybody else rises. Why? Look at what it
# says of the students it has not seen, after 15 epochs and after 300; it is undecided where the plane is white.

# %% tags=["nbval-ignore-output"]
def trained(make_network, epochs=300, loss=cross_entropy):
    keras.utils.set_random_seed(8)
    model = make_network()
    training.train(model, keras.optimizers.Adam(0.02), loss, X_train, y_train, epochs,
                   batch_size=60)
    return model


def passes(model):
    return lambda X: tf.sigmoid(model(X))


after_15, over_fitted = trained(network, epochs=15), trained(network)
plots.compare_regions({"15 epochs": passes(after_15),
                       "300 epochs": passes(over_fitted)},
                      *held_out, limits=(-2.5, 2.5))

# %% [markdown]
# The share it has right is nearly the same. But it has become sure of everything, of its errors too: there is hardly any white
# left. Being wrong at $\hat y = 0.999$ costs much more than at 0.6.

# %% [markdown]
# ## 3 · Dropout
# The first cure sounds like sabotage: at every step of training, set each activation to 0 with probability $p$, and let the
# others do the work. A unit that can lose its neighbors at any time must be of use by itself. What stays is divided by
# $1 - p$, so that the sums of the next layer are as large as before, on average:
#
# $$x_i \leftarrow \begin{cases} 0 & \text{with probability } p \\ \dfrac{x_i}{1 - p} & \text{otherwise} \end{cases}$$
#
# ### Exercise 8.2 · Dropout
# Write it, for a batch. In Keras $p$ is called `rate`. In prediction nothing is dropped. Draw with TensorFlow, not with NumPy:
# the next exercise records your function, and what NumPy drew stays as it was.

# %%
def dropout(x, rate, training):
    """Drop each activation with probability `rate`, on its own, in every call anew.

    x: activations, shape (n, d).  training: False in prediction, x passes then.
    """
    if not training:
        return x  # SOLUTION: what comes out in prediction
    kept = tf.random.uniform(tf.shape(x)) >= rate  # SOLUTION: True for those that stay
    return tf.where(kept, x / (1 - rate), 0.0)  # SOLUTION: what becomes of both


# %%
check("8.2", dropout)

# %% [markdown]
# So every step trains another, thinner network. Here are three steps, and a prediction:

# %% tags=["nbval-ignore-output", "cover"]
plots.thinned(dropout, rate=0.5)

# %% [markdown]
# ### Exercise 8.3 · MyDropout
# Make a layer of it. `fit` trains and `predict` does not, and Keras tells a layer which of the two it is: to any `call` that
# has a parameter `training`, it hands True or False. Where nobody said, it may hand nothing: give the parameter a default that
# counts as prediction.

# %%
class MyDropout(keras.layers.Layer):
    """Drops activations while the model trains, and passes all of them on when not."""

    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    # BEGIN SOLUTION: `call`, with one more parameter, and what it returns
    def call(self, x, training=None):
        return dropout(x, self.rate, training)
    # INSTEAD
    # def call(self, x):
    #     return ...
    # END SOLUTION


# %%
check("8.3", MyDropout)

# %% [markdown]
# Put it after both hidden layers. The held-out loss, from five starts each, without and with it:

# %% tags=["nbval-ignore-output"]
dropped = five_runs(lambda: network(lambda: MyDropout(0.5)))
plots.curves({"training, plain": plain["loss"], "validation, plain": plain["val_loss"],
              "training, dropout": dropped["loss"],
              "validation, dropout": dropped["val_loss"]})

# %% [markdown]
# ## 4 · Pay for weights
# A curve that bends sharply needs large weights. The second cure charges for them: it adds a **penalty** to the loss, the sum
# of the squares (L2) or of the absolute values (L1) of all weights $W$, times a strength $\lambda$.
#
# $$J + \lambda_1 \sum |W| + \lambda_2 \sum W^2$$
#
# Biases are free: they move a line, and bend nothing. Keras calls the $W$ of a Dense layer its `kernel`.
#
# ### Exercise 8.4 · The penalty
# Compute what is added to $J$. Training needs its gradient, so use TensorFlow.

# %%
def penalty(model, l1=0.0, l2=0.0):
    """λ1 Σ|W| + λ2 ΣW² over the kernels of a model of Dense layers: a number.

    l1, l2: the strengths λ1 and λ2.
    """
    total = tf.constant(0.0)
    for layer in model.layers:
        W = layer.kernel  # SOLUTION: its W, without the bias
        total += l1 * tf.reduce_sum(tf.abs(W)) + l2 * tf.reduce_sum(W**2)  # SOLUTION: both
    return total


# %%
check("8.4", penalty)

# %% [markdown]
# Train with your penalty in the loss, and look at the weights of the second layer. L2 makes large weights expensive and small
# ones nearly free; L1 charges the same for every last bit. Which of the two leaves many weights at 0?

# %% tags=["nbval-ignore-output"]
def trained_with_penalty(**strengths):
    model = network()
    return trained(lambda: model, loss=lambda y, y_hat: cross_entropy(y, y_hat)
                   + penalty(model, **strengths))


models = {"none": over_fitted, "L2": trained_with_penalty(l2=0.003),
          "L1": trained_with_penalty(l1=0.003)}
plots.weight_histograms({name: model.layers[1].kernel
                         for name, model in models.items()})

# %% [markdown]
# Keras has both built in: `kernel_regularizer` gives a layer a penalty, which `fit` and the loop of this course add to the
# loss. It comes to the same number:

# %%
model = network(regularizer=keras.regularizers.L1L2(l1=0.003, l2=0.01))
model(X_train)
print("the same:", np.allclose(sum(model.losses), penalty(model, l1=0.003, l2=0.01)))

# %% tags=["nbval-ignore-output"]
l1, l2 = keras.regularizers.L1(0.003), keras.regularizers.L2(0.003)
cures = {"none": plain, "dropout 0.5": dropped,
         "L2, λ = 0.003": five_runs(lambda: network(regularizer=l2)),
         "L1, λ = 0.003": five_runs(lambda: network(regularizer=l1))}
plots.curves({f"validation, {name}": runs["val_loss"] for name, runs in cures.items()},
             log=True)

# %%
print("held-out loss at the end, the worst start with a cure against the best without:")
for name, runs in list(cures.items())[1:]:
    print(f"{name:14}", "lower" if runs["val_loss"][:, -1].max()
          < plain["val_loss"][:, -1].min() else "not lower")

# %% [markdown]
# ## 5 · Your cure
# ### Exercise 8.5 · A network that generalizes
# Make a network whose held-out loss is at most 0.17 after 200 epochs with Adam(0.02): the check trains it from two new starts,
# and takes the mean. Dropout, penalties, other widths: all is allowed. Its output is a logit, as before.

# %%
def best_network():
    """A new, untrained network: two inputs, one logit."""
    L2 = keras.regularizers.L2(0.003)  # SOLUTION: what you choose
    return network(lambda: MyDropout(0.3), regularizer=L2)  # SOLUTION: the network


# %%
check("8.5", best_network)

# %% tags=["nbval-ignore-output"]
best = five_runs(best_network)
plots.curves({"validation, plain": plain["val_loss"], "validation, yours": best["val_loss"],
              "training, yours": best["loss"]})

# %% [markdown]
# One caution. You have looked at the held-out loss again and again, and chose by it. So it is no longer quite an unseen
# judge; lab 9 keeps a third part of the data for the last word.
#
# ## What the slides said
# The slides write `tf.keras.layers.Dropout(p=0.5)`. The parameter is called `rate` today; and a layer that is only called drops
# nothing:

# %%
try:
    keras.layers.Dropout(p=0.5)
except (TypeError, ValueError) as error:
    print(f"{type(error).__name__}: Dropout(p=0.5)")
x = tf.ones((1, 1000))
print("zeros when called:               ",
      int(tf.reduce_sum(1 - keras.layers.Dropout(0.5)(x))))
print("some zeros with training=True:   ",
      bool(tf.reduce_any(keras.layers.Dropout(0.5)(x, training=True) == 0)))

# %% [markdown]
# ## Stretch
# Leave dropout on in prediction: train `trained(lambda: network(lambda: MyDropout(0.5)))`, and ask it about one row of `X` 100
# times, with `training=True`. For which students do its answers agree, and for which not? This is a cheap way to ask a network
# how sure it is.
#
# ## What you can do now
# - See over-fitting by two curves, and name its two sides.
# - Say what dropout does in training, what in prediction, and why it divides.
# - Put a price on weights, and tell L1 from L2 by a histogram.
# - Compare cures over several starts, with the range.
#
# **Next:** lab 9 cures over-fitting by stopping in time.
