# %% [markdown]
# # 9 · Early stopping
#
# The cheapest cure for over-fitting is to stop in time. When that is, a part of the data tells, which the network never learns
# from; how good the result is, another part tells, which you look at once.
#
# **Time:** 60 minutes
#
# After this lab you can
# - split data into three parts, and keep the test out of the training;
# - read off a history where to stop;
# - write early stopping, and use Keras's, in `fit` and in a loop of your own;
# - report a result that you can stand by.

# %%
from utils import check, datasets, hint, plots, progress, solution, training

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(9)

# %% [markdown]
# ## 1 · Three parts
# Lab 8 chose a cure by the held-out loss, again and again. What is chosen by a number makes that number look good. So data are
# cut into three:
#
# - **training**, 60 %: the network learns from it;
# - **validation**, 20 %: you choose by it, when to stop and which network to take;
# - **test**, 20 %: it judges what you chose, once.
#
# ### Exercise 9.1 · Three parts
# First the rows. Each class gets its 60, 20 and 20 % (this is called stratified), shuffled, and the same seed gives the same
# parts, another seed others. Then the scale: mean 0 and standard deviation 1 for each feature, without asking the parts that
# are to judge.

# %%
def split(y, seed):
    """The rows for training, validation and testing: three arrays of row numbers.

    y: labels, shape (n,).  Each class is shuffled and then cut at 60 % and at 80 %.
    """
    rng = np.random.default_rng(seed)
    parts = [], [], []
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))  # SOLUTION: its rows, shuffled
        cuts = round(0.6 * len(rows)), round(0.8 * len(rows))  # SOLUTION: where to cut
        for part, some in zip(parts, np.split(rows, cuts)):
            part.append(some)
    return [np.concatenate(part) for part in parts]


def standardize(X_train, X_val, X_test):
    """The three parts, shape (n, m) each, with mean 0 and deviation 1 in a feature."""
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)  # SOLUTION: of which rows?
    return [(X - mean) / std for X in (X_train, X_val, X_test)]


# %%
check("9.1", split, standardize)

# %% [markdown]
# A hundred of the past students, so that over-fitting has a chance, in your three parts:

# %%
X, y = datasets.students()
X, y = X[:100], y[:100]
rows = split(y, seed=9)
X_train, X_val, X_test = standardize(*[X[part] for part in rows])
y_train, y_val, y_test = [y[part, None] for part in rows]
for name, part in zip(("training", "validation", "test"), (y_train, y_val, y_test)):
    print(f"{name:10} {len(part):3} students, {part.mean():.0%} passed")

# %% [markdown]
# ## 2 · Where to stop
# The large network of lab 8, from five starts. The training loss will fall to 0. Where will the validation loss be lowest, and
# is that the same epoch for every start?

# %%
def network(units=64, regularizer=None):
    hidden = [keras.layers.Dense(units, "relu", kernel_regularizer=regularizer)
              for _ in range(2)]
    return keras.Sequential([keras.Input((2,)), *hidden,
                             keras.layers.Dense(1, kernel_regularizer=regularizer)])


cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
validation, test = (X_val, y_val), (X_test, y_test)
runs = training.repeat(network, keras.optimizers.Adam(0.005), cross_entropy,
                       X_train, y_train, 300, batch_size=60, validation=validation)
histories = [{"loss": J.tolist(), "val_loss": J_val.tolist()}
             for J, J_val in zip(runs["loss"], runs["val_loss"])]

# %% [markdown]
# ### Exercise 9.2 · The best epoch
# A history is a dictionary of lists, as `fit` keeps it. Find the epoch whose network you would like to have. A loss may be nan
# for an epoch; and of epochs that are equally good, the first cost the least.

# %%
def best_epoch(history):
    """The number of the epoch with the lowest validation loss, counted from 0.

    history: {"loss": […], "val_loss": […]}, one number for each epoch.
    """
    J_val = history["val_loss"]  # SOLUTION: which of the two losses?
    return np.nanargmin(J_val)  # SOLUTION: which epoch?


# %%
check("9.2", best_epoch)

# %% tags=["nbval-ignore-output", "cover"]
plots.stopping(runs["loss"], runs["val_loss"],
               [best_epoch(history) for history in histories])

# %% [markdown]
# Left of the line the network has not learned enough, right of it too much. Training longer made it worse on students it has
# not seen:

# %%
print("worse at the end than at the best epoch, for every start:",
      bool(np.all(runs["val_loss"][:, -1] > 2 * runs["val_loss"].min(axis=1))))

# %% [markdown]
# ## 3 · Stop while training
# `best_epoch` looks back on a history that is complete, and by then the weights of that epoch are gone. To stop in time you
# must decide after each epoch, with what you know so far, and put good weights aside.
#
# The validation loss goes up and down. So do not stop at the first bad epoch: have **patience**. And a tiny gain may not be
# worth the wait: `min_delta` says how much better counts as better.
#
# ### Exercise 9.3 · MyEarlyStopping
# Write `update`, which takes the value of each new epoch. With patience 3, three epochs in a row without an improvement end
# the training. Mode "min" is for a loss, "max" for an accuracy.

# %%
class MyEarlyStopping:
    """Says when to stop training, and keeps the weights of the best epoch."""

    def __init__(self, patience, min_delta=0.0, mode="min"):
        self.patience, self.min_delta, self.mode = patience, min_delta, mode
        self.best = np.inf if mode == "min" else -np.inf  # the best value so far
        self.wait, self.best_weights = 0, None  # epochs since the best one; its weights

    def update(self, value, weights):
        """Take an epoch's value and the weights after it; True to stop training."""
        # BEGIN SOLUTION: what an improvement changes; else, count and decide
        gain = self.best - value if self.mode == "min" else value - self.best
        if gain > self.min_delta:
            self.best, self.best_weights, self.wait = value, weights, 0
            return False
        self.wait += 1
        return self.wait >= self.patience
        # INSTEAD
        # return ...
        # END SOLUTION


# %%
check("9.3", MyEarlyStopping)

# %% [markdown]
# A loss with two valleys, the second one deeper. A star marks the epoch whose weights are kept. Before you run the cell: which
# patience gets there?

# %%
rng = np.random.default_rng(3)
t = np.arange(80)
bumpy = 0.5 - 0.2 * np.exp(-((t - 15) / 7) ** 2) - 0.3 * np.exp(-((t - 45) / 9) ** 2)
bumpy = bumpy + 0.015 * rng.normal(size=80)
plots.patience(MyEarlyStopping, bumpy, patiences=(2, 8, 25))

# %% [markdown]
# Patience 2 stops at the first bump, and 8 takes the first valley for the best. Too much patience costs epochs, but the weights
# that are kept are those of the star all the same.
#
# ## 4 · In fit, and in your loop
# Keras has the same as a **callback**: something that `fit` calls after each epoch.
#
# ### Exercise 9.4 · In fit, and in your loop
# Make the callback: patience 20, and in the end the network has its best weights. Then do without `fit`: write the loop that
# trains with your own stopper. Epochs can run out before it stops, and the best weights should be there then too.

# %%
# BEGIN SOLUTION: with two options
callback = keras.callbacks.EarlyStopping(patience=20, restore_best_weights=True)
# INSTEAD
# callback = ...
# END SOLUTION


def train_until_best(train_epoch, model, stopper, epochs):
    """Train until the stopper says stop, or for `epochs`; keep the best weights.

    train_epoch: train_epoch(number) trains for an epoch, in an order of the examples
        that comes from its number, 0, 1, 2, …; and gives the validation loss.
    stopper: has update(value, weights) and best_weights, as MyEarlyStopping.
    """
    for number in range(epochs):
        J_val = train_epoch(number)  # SOLUTION: one epoch
        stop = stopper.update(J_val, model.get_weights())  # SOLUTION: ask the stopper
        if stop:
            break
    model.set_weights(stopper.best_weights)  # SOLUTION: the best weights


# %%
check("9.4", callback, train_until_best)

# %% [markdown]
# Both, on the same network, with at most 300 epochs. Your loop gets the compiled epoch of lab 7. How many epochs does each
# need?

# %% tags=["nbval-ignore-output"]
model = network()
model.compile(keras.optimizers.Adam(0.005), cross_entropy)
history = model.fit(X_train, y_train, batch_size=60, epochs=300, verbose=0,
                    callbacks=[callback], validation_data=validation).history
print("fit:      ", len(history["loss"]), "epochs, the best was", best_epoch(history))

# %% tags=["nbval-ignore-output"]
stopped, seen = network(), []
epoch = training.compile_epoch(stopped, keras.optimizers.Adam(0.005), cross_entropy,
                               X_train, y_train, 60, validation)


def train_epoch(number):
    seen.append(float(epoch((9, number))["val_loss"]))
    return seen[-1]


train_until_best(train_epoch, stopped, MyEarlyStopping(patience=20), epochs=300)
print("your loop:", len(seen), "epochs, the best was", best_epoch({"val_loss": seen}))

# %%
def J(model, part):
    return float(cross_entropy(part[1], model(part[0])))


print("the best weights are back, in fit:      ",
      np.isclose(J(model, validation), min(history["val_loss"]), rtol=1e-3))
print("the best weights are back, in your loop:",
      np.isclose(J(stopped, validation), min(seen), rtol=1e-3))

# %% [markdown]
# ## 5 · Test once
# Now there are several networks to choose from. The validation part chooses. The test part has the last word, and it is said
# once: whoever looks twice begins to choose by it.
#
# ### Exercise 9.5 · Test once
# Choose among the models, and measure the one you chose.

# %%
def choose_and_test(models, evaluate, validation, test):
    """The best of the models by its validation loss, and its test loss: (model, J).

    evaluate: evaluate(model, part) gives a model's loss on `validation` or on `test`.
    """
    losses = [evaluate(model, validation) for model in models]  # SOLUTION: what decides
    best = models[np.argmin(losses)]  # SOLUTION: the one you choose
    return best, evaluate(best, test)  # SOLUTION: the last word


# %%
check("9.5", choose_and_test)

# %% [markdown]
# Four networks: one trained to the end, two that were stopped, and one with L2 from lab 8. Which one is it, and how good is it?

# %% tags=["nbval-ignore-output"]
to_the_end, penalized = network(), network(regularizer=keras.regularizers.L2(0.003))
for each in (to_the_end, penalized):
    training.train(each, keras.optimizers.Adam(0.005), cross_entropy,
                   X_train, y_train, epochs=300, batch_size=60)
names = {to_the_end: "300 epochs", model: "stopped in fit",
         stopped: "stopped in your loop", penalized: "L2"}
for each, name in names.items():
    print(f"{name:22} J on validation {J(each, validation):.2f}")
best, J_test = choose_and_test(list(names), J, validation, test)
print(f"\nchosen: {names[best]}, J on test {J_test:.2f}")

# %% [markdown]
# So few students are a small jury, and the two numbers may differ either way. How much can choosing alone deceive you? Take 500
# "models" that flip a coin for each student: none of them can know anything. The best of them on validation looks clever.

# %%
rng = np.random.default_rng(0)
on_validation, on_test = [(rng.integers(2, size=(500, len(part))) == part[:, 0])
                          .mean(axis=1) for part in (y_val, y_test)]
plots.luck(on_validation, on_test)

# %%
chosen = on_validation.argmax()
print(f"the best coin has {on_validation[chosen]:.0%} of the validation part right,",
      f"and {on_test[chosen]:.0%} of the test part")

# %% [markdown]
# That is why the number by which you chose is not the number you report.
#
# ## What the slides said
# The lecture's curve has its minimum and the words "stop training here". In Keras this is one callback, with one option that is
# off by default: without `restore_best_weights=True` you get the last weights, which have trained `patience` epochs too long.

# %%
print("best weights come back by default:",
      keras.callbacks.EarlyStopping().restore_best_weights)

# %% [markdown]
# ## Stretch
# Is one validation part enough? Split with ten seeds, train each time, and look at the spread of the test loss. Then read about
# cross-validation, which makes every student judge once.
#
# ## What you can do now
# - Split in three without a leak: no row twice, no scale from the judges, the same parts tomorrow.
# - Stop in time, with patience, and keep the best weights.
# - Choose by validation, and test once.
#
# **Next:** lab 10 looks at pictures, and lets the network slide over them.
