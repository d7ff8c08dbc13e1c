# %% [markdown]
# # 8 · Dropout
#
# A network learns 60 students by heart, and its training loss falls to 0. For everybody else its loss grows to four times its
# lowest value: see it happen, then cure it by dropout, and by penalties on the weights.
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
# Twenty students came to nearly all lectures. You know the hours that each spent on the project, and the grade. Which curve
# fits these points best? A straight line is too stiff, and a curve that bends often enough comes close to every point. How
# much a model can bend is its **capacity**. For a polynomial, the capacity is the degree.
#
# Only other students can tell how good a curve is. There are 91 more, and they are the validation set. So you have two
# losses, one for each set.

# %%
X, grades = datasets.grades()
regular = X[:, 0] >= 6
hours, grades = X[regular, 1], grades[regular]
x, y, x_val, y_val = hours[:20], grades[:20], hours[20:], grades[20:]

# %% [markdown]
# ### Exercise 8.1 · Two losses
# Measure the mean squared error of one curve twice: on the training set, to which you fit it, and on the validation set.
# `Polynomial.fit(x, y, degree)` finds the polynomial with the smallest squared error on x and y. For these students, a
# straight line (degree 1) has the losses 85.9 and 224.7.

# %%
def two_losses(degree, x, y, x_val, y_val):
    """The training loss and the validation loss of a polynomial fitted to x, y.

    x, y: shape (n,).  x_val, y_val: shape (k,).  Returns two numbers.
    """
    curve = Polynomial.fit(x, y, degree)  # SOLUTION: fit it
    J = np.mean((curve(x) - y) ** 2)  # SOLUTION: the training loss
    J_val = np.mean((curve(x_val) - y_val) ** 2)  # SOLUTION: the other
    return J, J_val


# %%
check("8.1", two_losses)

# %% [markdown]
# Now both losses for each degree from 0 to 12. Before you look: which of the two can go up?

# %%
losses = [two_losses(degree, x, y, x_val, y_val) for degree in range(13)]
plots.curves({"training": [J for J, _ in losses],
              "validation": [J_val for _, J_val in losses]},
             xlabel="degree", log=True)

# %% [markdown]
# Only the validation loss. A higher degree can draw every curve of a lower degree, so more capacity never raises the training
# loss. The validation loss falls, stays low for a while and then rises steeply.
#
# A model that is too stiff **under-fits**: both losses are high. A model that bends too much **over-fits**: the training loss
# is low and the validation loss is high. Here are three of the curves. Which of them under-fits, and which over-fits?

# %%
fits = {f"degree {degree}": Polynomial.fit(x, y, degree) for degree in (1, 4, 12)}
plots.fits(fits, x, y, x_val, y_val, xlabel="hours", ylabel="grade")

# %% [markdown]
# Degree 1 is too stiff, and degree 12 goes wild between the points.
#
# ## 2 · A network that learns by heart
# "Will I pass this class?" again, but this time with only 60 students in the training set. Two hidden layers of 64 units make
# 4,417 parameters, weights and biases: far more than there are students.
#
# The features are scaled to mean 0 and standard deviation 1, so that both count alike. Mean and deviation come from the
# training set alone, because the validation set has to stay unseen.

# %%
X, y = datasets.students()
X = (X - X[:60].mean(axis=0)) / X[:60].std(axis=0)
X_train, y_train = X[:60], y[:60, None]
validation = X[60:], y[60:, None]
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
# One lucky run proves nothing. `training.repeat` trains the network from five starts. In the picture a line is the mean, and
# a band is the range. Where will the validation loss be after 300 epochs?

# %%
def five_runs(make_network):
    return training.repeat(make_network, keras.optimizers.Adam(0.02), cross_entropy,
                           X_train, y_train, epochs=300, batch_size=60,
                           validation=validation)


plain = five_runs(network)

# %% tags=["nbval-ignore-output"]
plots.curves({"training": plain["loss"], "validation": plain["val_loss"]})

# %%
J, J_val = plain["loss"], plain["val_loss"]
print("training loss at the end below 0.01: ", bool(np.all(J[:, -1] < 0.01)))
print("validation loss at least doubled since its minimum:",
      bool(np.all(J_val[:, -1] > 2 * J_val.min(axis=1))))

# %% [markdown]
# The training loss goes to 0: the network knows all sixty by heart. The validation loss falls, but then it grows to more than
# four times its lowest value. Why? Look at the network's predictions for the validation set, after 15 epochs and after 300.
# Where the plane is white, the network is undecided. Which of the two will have more white, and which will have more errors?

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
                      *validation, limits=(-2.5, 2.5))

# %% [markdown]
# The accuracy is nearly the same. But after 300 epochs there is hardly any white left: the network has become sure of
# everything, even of its errors. That is expensive. For a student who fails, a prediction of 0.6 costs a loss of 0.9, and a
# prediction of 0.999 costs 6.9.

# %% [markdown]
# ## 3 · Dropout
# A cure for over-fitting is called **regularization**. The first one sounds like sabotage. At every step of training, set
# each activation, the output of a unit, to 0 with probability $p$. A unit that can lose its neighbors at any time must be
# useful by itself. The activations that stay are divided by $1 - p$. So the sums in the next layer are as large as before, on
# average:
#
# $$x_i \leftarrow \begin{cases} 0 & \text{with probability } p \\ \dfrac{x_i}{1 - p} & \text{otherwise} \end{cases}$$
#
# ### Exercise 8.2 · Dropout
# Write it for a batch. In Keras $p$ is called `rate`. With a rate of 0.5, an activation of 3 becomes 0 or 6. In prediction
# nothing is dropped. Draw with TensorFlow, not with NumPy. The next exercise records your function: NumPy would draw once,
# while recording, and all later steps would drop the same units.

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
# So every step trains another, thinner network. Here are three steps, and a prediction. How many units will work in each?

# %% tags=["nbval-ignore-output", "cover"]
plots.thinned(dropout, rate=0.5)

# %% [markdown]
# About half of them in each step, and not the same ones. In a prediction, all of them.
#
# ### Exercise 8.3 · MyDropout
# Make a layer of it. `fit` trains and `predict` does not, and Keras tells a layer which of the two is running. If `call` has
# a parameter `training`, it gets True or False. If you call the layer yourself, Keras may pass nothing. So the parameter
# needs a default, one that counts as prediction.

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
# Put the layer after both hidden layers, and train from five starts again. How will dropout change the two losses?

# %% tags=["nbval-ignore-output"]
dropped = five_runs(lambda: network(lambda: MyDropout(0.5)))
plots.curves({"training, plain": plain["loss"], "validation, plain": plain["val_loss"],
              "training, dropout": dropped["loss"],
              "validation, dropout": dropped["val_loss"]})

# %% [markdown]
# With dropout, the validation loss ends at about 0.2. Without it, it ended at about 0.6. The training loss no longer reaches
# 0. Its curve is rough, because it is measured while units are dropped.
#
# ## 4 · Pay for weights
# A curve that bends sharply needs large weights. The second cure makes them expensive: it adds a **penalty** to the loss. The
# penalty is the sum of the squares (L2) or of the absolute values (L1) of all weights $W$, times a strength $\lambda$
# (lambda):
#
# $$J + \lambda_1 \sum |W| + \lambda_2 \sum W^2$$
#
# Biases are free: they move a line, and bend nothing. Keras calls the $W$ of a Dense layer its `kernel`.
#
# ### Exercise 8.4 · The penalty
# Compute what is added to $J$. Training needs its gradient, so use TensorFlow. For a layer with the weights 1 and -2, the
# strengths $\lambda_1 = 0.1$ and $\lambda_2 = 0.01$ add 0.3 + 0.05.

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
# Train with your penalty in the loss, and look at the weights of the second layer. With L2, large weights are expensive and
# small ones are nearly free. With L1, each bit of a weight costs the same. Which of the two leaves many weights at 0?

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
# L1: nearly all of the 4,096 weights are within 0.01 of 0, and a few large ones do the work. L2 makes all weights small, but
# two thirds of them are still more than 0.01 away from 0.
#
# Keras has both penalties built in. `kernel_regularizer` gives a penalty to a layer, and `fit` and the loop of this course
# add it to the loss. Is it the same number as yours?

# %%
model = network(regularizer=keras.regularizers.L1L2(l1=0.003, l2=0.01))
model(X_train)
print("the same:", np.allclose(sum(model.losses), penalty(model, l1=0.003, l2=0.01)))

# %% [markdown]
# Now all three cures side by side, each from five starts. Which will have the lowest validation loss at the end?

# %% tags=["nbval-ignore-output"]
l1, l2 = keras.regularizers.L1(0.003), keras.regularizers.L2(0.003)
cures = {"none": plain, "dropout 0.5": dropped,
         "L2, λ = 0.003": five_runs(lambda: network(regularizer=l2)),
         "L1, λ = 0.003": five_runs(lambda: network(regularizer=l1))}
plots.curves({f"validation, {name}": runs["val_loss"] for name, runs in cures.items()},
             log=True)

# %%
print("validation loss at the end: worst start with a cure, best start without:")
for name, runs in list(cures.items())[1:]:
    print(f"{name:14}", "lower" if runs["val_loss"][:, -1].max()
          < plain["val_loss"][:, -1].min() else "not lower")

# %% [markdown]
# Every cure helps, from every start. With these strengths, L2 ends lowest, then L1, then dropout. Other strengths can change
# the order.
#
# ## 5 · Your cure
# How strong should a cure be, and do two of them help more than one? Here are 36 trainings that were computed beforehand: each
# strength $\lambda$ of L2 with each dropout rate. Move one slider at a time. What happens to both losses at the right end of
# $\lambda$?

# %% tags=["nbval-ignore-output"]
plots.play_cures()

# %% [markdown]
# With $\lambda = 0.03$ both losses are high, and a broad white band lies between the regions: the penalty is so strong that
# the network **under-fits**. The best settings lie between, and a little dropout beside L2 helps a little more.
#
# ### Exercise 8.5 · A network that generalizes
# Make a network with a validation loss of at most 0.17 after 200 epochs with Adam(0.02). The check trains it from two new
# starts, and takes the mean. Dropout, penalties, other widths: all of these are allowed. The output is a logit, as before.

# %%
def best_network():
    """A new, untrained network: two inputs, one logit."""
    L2 = keras.regularizers.L2(0.003)  # SOLUTION: what you choose
    return network(lambda: MyDropout(0.3), regularizer=L2)  # SOLUTION: the network


# %%
check("8.5", best_network)

# %% tags=["nbval-ignore-output"]
best = five_runs(best_network)
plots.curves({"validation, plain": plain["val_loss"],
              "validation, yours": best["val_loss"], "training, yours": best["loss"]})

# %% [markdown]
# One caution. You have looked at the validation loss again and again, and chosen by it. So the validation set is not quite
# unseen any more. Lab 9 keeps a third part of the data, the test set, for the last word.
#
# ## What the slides said
# The slides write `tf.keras.layers.Dropout(p=0.5)`. Today the parameter is called `rate`. And if you call the layer without
# `training=True`, it drops nothing:

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
# Leave dropout on in prediction. Train `trained(lambda: network(lambda: MyDropout(0.5)))`, and ask it about one row of `X`
# 100 times, with `training=True`. For which students do its answers agree, and for which do they not? This is a cheap way to
# ask a network how sure it is.
#
# ## What you can do now
# - Recognize under-fitting and over-fitting by two curves.
# - Say what dropout does in training, what in prediction, and why it divides.
# - Put a price on weights, and tell L1 from L2 by a histogram.
# - Compare cures over several starts, with the range.
#
# **Next:** lab 9 cures over-fitting by stopping in time.
