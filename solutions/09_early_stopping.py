# %% [markdown]
# # 9 · Early stopping
#
# After 30 epochs a network is at its best. After 300, its loss on new students is more than four times as high.
#
# So stop it in time. The **validation set** tells you when to stop. The **test set**, used once, tells you how good the result
# is.
#
# **Time:** 60 minutes
#
# After this lab you can
# - split data into three sets, and keep the test set out of the training;
# - read from a history where to stop;
# - write early stopping, and use Keras's, in `fit` and in a loop of your own;
# - report a result that holds.

# %%
from utils import check, datasets, hint, plots, progress, solution, training

import keras
import numpy as np
import tensorflow as tf

keras.utils.set_random_seed(9)

# %% [markdown]
# ## 1 · Three sets
# In lab 8 you compared many networks by their validation loss. The one with the lowest loss is partly good and partly lucky, so
# its loss looks too good. That is why you cut the data into three sets:
#
# - **training set**, 60 %: the network learns from it;
# - **validation set**, 20 %: you use it to choose when to stop, and which network to keep;
# - **test set**, 20 %: you measure your final choice on it, once.
#
# ### Exercise 9.1 · Three parts
# `split` gives the rows of each set. Shuffle each class and cut it on its own, so that all sets have the same mix of classes;
# this is called **stratified**. Ten labels of each of two classes give 12, 4 and 4 rows. The same seed gives the same sets, and
# another seed gives other sets.
#
# `standardize` scales each feature to mean 0 and standard deviation 1. Validation and test set stand for students you have
# never met. Which rows may you use for the mean and the deviation?

# %%
def split(y, seed):
    """The rows of training, validation and test set: three arrays of row numbers.

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
    """The three sets, shape (n, m) each, with all features on the same scale."""
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)  # SOLUTION: of which rows?
    return [(X - mean) / std for X in (X_train, X_val, X_test)]


# %%
check("9.1", split, standardize)

# %% [markdown]
# Now split one hundred of the past students. They are few, so the network can learn them by heart.

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
# Train the large network of lab 8 from five starts. The training loss will fall nearly to 0. At which epoch will the validation
# loss be lowest? Is it the same epoch for every start?

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
# A history is a dictionary of lists, as `fit` returns it. Find the epoch whose network you want to keep. A loss may be nan,
# which is not a number: skip such an epoch. If several epochs are equally good, take the first, which cost the least. For the
# validation losses 0.9, 0.4, nan and 0.4 the answer is epoch 1.

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
# With our split, the validation loss is lowest near epoch 30, and the five starts differ by a few epochs only. Left of the line
# the network under-fits: it has not learned enough. Right of the line it over-fits: more training makes it worse on students it
# has not seen. (Twenty students are few. Other splits have their minimum elsewhere; the Stretch at the end tries some.)

# %%
print("worse at the end than at the best epoch, for every start:",
      bool(np.all(runs["val_loss"][:, -1] > 2 * runs["val_loss"].min(axis=1))))

# %% [markdown]
# ## 3 · Stop while training
# `best_epoch` needs the complete history. By then the weights of the best epoch are gone. To stop in time, you decide after
# each epoch, and you keep the best weights so far.
#
# The validation loss jumps up and down. So do not stop at the first bad epoch. Have **patience**: wait for some epochs. A tiny
# gain may not be worth the wait. Only a gain of more than `min_delta` counts as an improvement.
#
# ### Exercise 9.3 · MyEarlyStopping
# Write `update`. It takes the value of one new epoch. With patience 3, training stops after three epochs in a row without an
# improvement. Mode "min" is for a loss, "max" for an accuracy. For the losses 5, 4, 4, 6 and patience 2, it stops after the
# fourth epoch and has kept the weights of the second.

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
# Here is a loss with two valleys. The second is deeper. A star marks the epoch whose weights are kept, and a vertical line
# marks where training stops. Before you run the cell: which patience reaches the second valley?

# %%
rng = np.random.default_rng(3)
t = np.arange(80)
bumpy = 0.5 - 0.2 * np.exp(-((t - 15) / 7) ** 2) - 0.3 * np.exp(-((t - 45) / 9) ** 2)
bumpy = bumpy + 0.015 * rng.normal(size=80)
plots.patience(MyEarlyStopping, bumpy, patiences=(2, 8, 25))

# %% [markdown]
# Only patience 25 does. Patience 2 stops at the first small bump, and patience 8 stops after the first valley. Much patience
# costs many epochs, but it does not spoil the result: the weights you keep are those of the star.
#
# ## 4 · In fit, and in your loop
# Keras has early stopping as a **callback**, an object that `fit` calls after each epoch.
#
# ### Exercise 9.4 · In fit, and in your loop
# First make the callback. It has a patience of 20 epochs, and at the end the network gets its best weights back. Leave its other
# settings as Keras has them. Then write a loop that does the same with your own stopper, without `fit`. If the epochs run out
# before the stopper says stop, the model gets the best weights, too.

# %%
# BEGIN SOLUTION: with two options
callback = keras.callbacks.EarlyStopping(patience=20, restore_best_weights=True)
# INSTEAD
# callback = ...
# END SOLUTION


def train_until_best(train_epoch, model, stopper, epochs):
    """Train until the stopper says stop, or for `epochs`; keep the best weights.

    train_epoch: train_epoch(number) trains for one epoch and gives the validation loss.
        The number, 0, 1, 2, …, decides the order of the examples.
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
# Train the same network both ways, for at most 300 epochs. Your loop uses the compiled epoch of lab 7. How many epochs will
# each of them train?

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
# Both stop after about 50 epochs: some 30 to the best one, then 20 of patience. That saves 250 epochs.
#
# Now you have several networks. The validation set helps you choose one. The test set tells you how good your choice is. Use it
# once: if you look at it twice, you begin to choose by it.
#
# ### Exercise 9.5 · Test once
# Choose the best model, and measure the one you chose.

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
# Here are four networks: one trained for all 300 epochs, two that were stopped, and one with the L2 penalty of lab 8. Which one
# will you choose, and how good is it?

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
# With our split, a stopped network wins, and the one with 300 epochs comes last. The test loss of the winner is not its
# validation loss: with 20 students in each set, luck moves both numbers, up or down.
#
# How far can luck go? Take 500 "models" that flip a coin for each student. None of them knows anything. Now choose the one with
# the best accuracy on the validation set. How good will it look there, and how good is it on the test set?

# %%
rng = np.random.default_rng(0)
on_validation, on_test = [(rng.integers(2, size=(500, len(part))) == part[:, 0])
                          .mean(axis=1) for part in (y_val, y_test)]
plots.luck(on_validation, on_test)

# %%
chosen = on_validation.argmax()
print(f"accuracy of the best coin: {on_validation[chosen]:.0%} on the validation set,",
      f"{on_test[chosen]:.0%} on the test set")

# %% [markdown]
# On the validation set the luckiest coin looks clever, with an accuracy of about 85 %. On the test set it is a coin again,
# right about half of the time. So never report the number by which you chose.
#
# ## What the slides said
# The lecture shows a curve with a minimum, and the words "stop training here". In Keras this is one callback. Its option
# `restore_best_weights` is off by default. Without it you keep the last weights, which have trained `patience` epochs too long.

# %%
print("best weights come back by default:",
      keras.callbacks.EarlyStopping().restore_best_weights)

# %% [markdown]
# ## Stretch
# Is one validation set enough? Split with ten seeds, and train each time. How far apart are the best epochs, and the test
# losses? Then read about **cross-validation**: it trains several times, and every student is in the validation set once.
#
# ## What you can do now
# - Split data in three without a leak: no row in two sets, no scale from the test set, the same sets tomorrow.
# - Stop in time, with patience, and keep the best weights.
# - Choose on the validation set, and test once.
#
# **Next:** lab 10 looks at images through a small window that slides over them.
