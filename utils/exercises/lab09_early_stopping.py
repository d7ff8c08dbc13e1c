"""Exercises of lab 9: a split without leaks, the best epoch, early stopping from scratch and in two loops, and one test."""

import copy
import functools
from types import SimpleNamespace

import keras
import numpy as np

from utils.advice import Advice
from utils.checking import FINE, Exercise, Part, arrays, edited, edits_of, findings_of, require


# --- 9.1 --------------------------------------------------------------------------------------------------------------
def labels_to_split(rng):
    """Labels as they come, sorted, and with a class that is rare, each with a seed. The size of each class is a multiple of 5."""
    y = (np.arange(100) % 5 < 3).astype(np.float32)
    yield rng.permutation(y), int(rng.integers(1000))
    yield np.sort(y), 1
    yield rng.permutation(np.repeat([0.0, 1.0, 2.0], [200, 70, 30]).astype(np.float32)), int(rng.integers(1000))

def split_by(answer, y, seed):
    """The three sets of an answer's split as row numbers; a set may also be a mask."""
    for part in require.items(answer(y, seed), 3, "the rows of training, validation and test set"):
        rows = require.numbers(part)
        rows = np.flatnonzero(rows) if rows.dtype == bool and rows.shape == y.shape else rows
        if rows.ndim != 1 or rows.dtype.kind not in "iu" or np.any((rows < 0) | (rows >= len(y))):
            found = f"{rows.dtype} in shape {rows.shape}" + (f", from {rows.min()} to {rows.max()}" if rows.size else "")
            raise Advice(f"Each set should hold row numbers, integers from 0 to {len(y) - 1}, in shape (k,). This one holds {found}.")
        yield rows.astype(int)

def judge_split(answer, y, seed):
    """What is wrong with how an answer splits examples with the labels y."""
    n, shares, (classes, sizes) = len(y), (0.6, 0.2, 0.2), np.unique(y, return_counts=True)
    members = [np.flatnonzero(y == label) for label in classes]
    unshuffled = range(round(0.6 * n)), sorted(row for rows in members for row in rows[: round(0.6 * len(rows))])
    parts, again = (list(split_by(answer, y.copy(), seed)) for _ in range(2))
    times = np.bincount(np.concatenate(parts), minlength=n)  # how often each row is in the sets
    counts = np.array([[np.isin(rows, part).sum() for part in parts] for rows in members])  # a row for each class
    off = np.max(np.abs(np.sum(counts, axis=0) - np.multiply(shares, n)))  # by how many rows the size of a set is wrong
    near = np.all(np.abs(counts - np.outer(sizes, shares)) < 1.01)
    findings = {
        SplitFinding.SHARED: times.max() > 1 and (set(times) <= {0, len(classes)} or np.array_equal(times, [np.sum(i < sizes) for i in range(n)])),
        SplitFinding.TWICE: any(len(np.unique(part)) < len(part) for part in parts),
        SplitFinding.OVERLAP: times.max() > 1,
        SplitFinding.FORGOTTEN: times.min() == 0,
        SplitFinding.SIZES: off > 1.01 * len(classes) or (off > 0.01 and near),
        SplitFinding.NOT_SHUFFLED: any(np.array_equal(np.sort(parts[0]), rows) for rows in unshuffled),
        SplitFinding.NOT_STRATIFIED: np.any(np.abs(counts - np.outer(sizes, shares)) > 0.01),
        SplitFinding.ANEW: not all(map(np.array_equal, parts, again)),
        SplitFinding.UNSEEDED: all(map(np.array_equal, parts, split_by(answer, y, seed + 1))),
    }
    return next((finding for finding, found in findings.items() if found), FINE)

def split_in_fives(y, seed):
    """Each class in random order: of five rows, three go to the training set, and one to each of the others."""
    rows = sorted(np.random.default_rng(seed).permutation(len(y)), key=lambda row: y[row])
    return [row for i, row in enumerate(rows) if i % 5 < 3], rows[3::5], rows[4::5]

def split(y, seed):
    rng = np.random.default_rng(seed)
    parts = [], [], []
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        cuts = round(0.6 * len(rows)), round(0.8 * len(rows))
        for part, some in zip(parts, np.split(rows, cuts), strict=True):
            part.append(some)
    return [np.concatenate(part) for part in parts]

cut = edits_of(split)
ROWS, CUTS = "np.flatnonzero(y == label)", "round(0.6 * len(rows)), round(0.8 * len(rows))"
SplitFinding, mistakes_of_split = findings_of(split,
    ("OVERLAP", "np.split(rows, cuts)", "(rows[:cuts[0]], rows[cuts[0] - 1 : cuts[1]], rows[cuts[1] :])", "Some rows are in two sets, so the "
     "network is tested on examples that it has learned. Every row goes to one set only."),
    ("TWICE", "permutation(np.flatnonzero(y == label))", "choice(np.flatnonzero(y == label), np.sum(y == label))", "A set holds the same row "
     "twice. Are rows drawn with replacement, or does a row count in two classes? Shuffle the rows of each class, then cut."),
    ("SHARED", ROWS, "np.sum(y == label)", "Two classes have the same rows. The rows of a class are the places in y where y is its label."),
    ("", "permutation", "shuffle", "`shuffle` works in place and returns None. `rng.permutation` returns the shuffled rows."),
    ("", "flatnonzero", "where", "`np.where` gives a tuple, with an array for each axis of y. Take its first item, or use `np.flatnonzero`."),
    ("", CUTS, "0.6 * len(rows), 0.8 * len(rows)", "A place to cut is a whole number of rows: round it."),
    ("FORGOTTEN", "append(some)", "append(some[:-1])", "Some rows are in no set. Each set begins where the one before it ends; the last goes to the end."),
    ("SIZES", CUTS, "round(0.2 * len(rows)), round(0.4 * len(rows))", "The sets have the wrong sizes. The exercise asks for 60 % for training, "
     "20 % for validation, and 20 % for the test."),
    ("NOT_SHUFFLED", "rng.permutation", "", "The rows are cut in the order they came in. Data are often sorted, by date or by class, and then the sets "
     "differ. Shuffle first."),
    ("NOT_STRATIFIED", "np.unique(y)", "[0]", ROWS, "np.arange(len(y))", "The sets have different mixes of the classes, and a rare class may be "
     "missing. Cut each class on its own, and join the pieces."),
    ("ANEW", "default_rng(seed)", "default_rng()", "The same seed gives another split each time. Tomorrow the network would train with the test "
     "rows of today: let the random numbers come from the seed."),
    ("UNSEEDED", "default_rng(seed)", "default_rng(1)", "Two seeds give the same split. Let the random numbers come from `seed`."),
)
split_part = Part("split", right=split_in_fives, inputs=labels_to_split, observe=judge_split, mistakes=mistakes_of_split, also_right=[
    split, cut(ROWS, "np.where(y == label)[0]"), cut("np.concatenate(part)", "np.isin(np.arange(len(y)), np.concatenate(part))"),
    cut("rng = np.random.default_rng(seed)", "import random\n    rng = random.Random(seed)",
        "permutation(np.flatnonzero(y == label))", "sample([i for i in range(len(y)) if y[i] == label], int(sum(y == label)))",
        "np.concatenate(part)", "[int(row) for some in part for row in some]"),
])

def features_in_parts(rng):
    """Three sets from the same data; then sets that lie far apart, and one feature that is large."""
    yield tuple(rng.normal([4, 5], [2, 3], (n, 2)).astype(np.float32) for n in (60, 20, 20))
    yield tuple((rng.normal(size=(n, 3)) * [1, 100, 0.1] + i * 3).astype(np.float32) for i, n in enumerate((30, 10, 12)))

def standardized(answer, *parts):
    """The three sets that an answer standardizes; the deviation may also be that of a sample, which divides by n - 1."""
    results = require.items(answer(*parts), 3, "the training, the validation and the test set, standardized")
    results = [require.numbers(result, part.shape, "A set has") for result, part in zip(results, parts, strict=True)]
    std_by_sample = np.sqrt(1 - 1 / len(parts[0]))
    return [result / std_by_sample for result in results] if np.allclose(results[0].std(axis=0), std_by_sample, atol=1e-4) else results

def standardize(X_train, X_val, X_test):
    mean, std = X_train.mean(axis=0), X_train.std(axis=0)
    return [(X - mean) / std for X in (X_train, X_val, X_test)]

def fit(rows, axis="axis=0"):
    return scale("X_train.mean(axis=0)", f"{rows}.mean({axis})", "X_train.std(axis=0)", f"{rows}.std({axis})")

scale = edits_of(standardize)
standardize_part = Part("standardize", right=lambda *parts: [(X - np.average(parts[0], 0)) / np.var(parts[0], 0) ** 0.5 for X in parts], atol=1e-4,
    inputs=features_in_parts, observe=standardized, outputs=("the training set", "the validation set", "the test set"),
    mistakes=edited(standardize,
    (fit("np.vstack([X_train, X_val, X_test])"), "All three sets decide the scale, so training knows of the test. Only the training set may decide it."),
    ("mean) / std", "X.mean(axis=0)) / X.std(axis=0)", "Each set is scaled by its own mean and deviation, so the same student would get other "
     "numbers in another set. Scale all three by those of the training set."),
    (fit("np.vstack([X_train, X_val])"), "The validation set helps to decide the scale. Only the training set may decide it."),
    (fit("X_train", ""), "One mean is taken over all features. Each feature has its own: along which axis do the examples run?"),
    ("std(axis=0)", "std()", "One deviation is taken over all features. Each feature has its own, as it has its mean."),
    (fit("X_train", "axis=1"), "Axis 1 runs along the features: this takes a mean for each example. Take one for each feature."),
    (fit("X_train", "axis=1, keepdims=True"), "Axis 1 runs along the features: the column of means fits no other set. Take one per feature."),
    (fit("X_val"), "Mean and deviation come from the validation set. Take them from the training set."),
    (fit("X_test"), "Mean and deviation come from the test set. Take them from the training set."),
    ("(X - mean)", "X", "The mean is not subtracted."),
    (" / std", "", "The result is not divided by the standard deviation."),
    ("X_train.std", "X_train.var", "This divides by the variance. Its square root is the standard deviation."),
    (lambda *parts: (standardize(*parts)[0], *parts[1:]), "Validation and test set are not scaled. A model that was trained with standardized "
     "numbers needs them in prediction too."),
    ("mean(axis=0), X_train.std(", "min(axis=0), np.ptp(X_train, ", "The range becomes 0 to 1; expected mean 0 and deviation 1."),
), also_right=[
    standardize, scale("std(axis=0)", "std(axis=0, ddof=1)"), scale("X_train.std(axis=0)", "((X_train - X_train.mean(axis=0))**2).mean(axis=0)**0.5"),
    scale("mean, std = X_train.mean(axis=0), X_train.std(axis=0)", "layer = keras.layers.Normalization()\n    layer.adapt(X_train)",
          "(X - mean) / std", "layer(X)"),  # the layer adds no more than 1e-7 to the deviation
])

the_split = Exercise("9.1", "Three parts", parts=[split_part, standardize_part], hints=[
    "`np.flatnonzero(y == label)` gives the rows of a class, `rng.permutation(rows)` shuffles them.",
    "`np.split(rows, [a, b])` cuts at two places, a and b: at 60 % of the number of rows, and at 80 %.",
    "For the second function: a network knows nothing of students it has not seen, not even their mean.",
])

# --- 9.2 --------------------------------------------------------------------------------------------------------------
def histories(rng):
    """A U with a bump, one with a tie, with nan amid, after a 0, and first; one that falls to the end, one that only rises, random ones, many ties, near ties."""
    for val_loss in (
        [0.9, 0.6, 0.65, 0.45, 0.5, 0.7, 0.8, 1.1], [0.9, 0.4, 0.6, 0.4, 0.5, 0.4, 0.8, 1.2], [0.9, 0.7, np.nan, 0.6, 0.5, 0.8, 0.9, 0.95],
        [0.9, 0.4, 0.0, np.nan, 0.2, 0.3], [np.nan, 0.7, 0.6, 0.8], [0.9, 0.8, 0.7, 0.6], [0.3, 0.5, 0.6, 0.8],
        *(rng.permutation(n).astype(float).tolist() for n in rng.integers(6, 20, 2)), (rng.integers(1, 4, 60) / 4).tolist(),
        [0.9, 0.506, 0.503, 0.502, 0.501, 0.504], [9e3, 8e3, np.nan, 7e3, 7.5e3],
    ):
        yield ({"loss": [*(1 / np.arange(1, len(val_loss))).tolist(), 0.5], "val_loss": val_loss},)

def best_epoch(history):
    J_val = history["val_loss"]
    return np.nanargmin(J_val)

best, LOWEST = edits_of(best_epoch), "np.nanargmin(J_val)"
the_best_epoch = Exercise("9.2", "The best epoch", right=lambda history: min((J, i) for i, J in enumerate(history["val_loss"]) if J == J)[1],
    explain=lambda got, *_: None if np.all(np.isin(arrays.to_array(got), range(99))) else "This is not the number of an epoch. Is it a loss?",
    inputs=histories, mistakes=edited(best_epoch,
    (LOWEST, "np.argmin(J_val)", "One of the losses is nan, and `np.argmin` takes it for the lowest. NumPy has a similar function that skips nan."),
    (LOWEST, "np.argmin(np.nan_to_num(J_val))", "`nan_to_num` turns nan into 0, which is lower than the other losses. Leave nan out."),
    (LOWEST, "np.argmin(np.nan_to_num(J_val, nan=1.0))", "nan is replaced by a number here, and losses may be higher than that number. Skip nan, or "
     "put infinity in its place."),
    (LOWEST, "np.argmin([J for J in J_val if J == J])", "Without the nan, later epochs move to lower places: a place in the rest is not the number of the epoch."),
    (LOWEST, "J_val.index(min(J_val))", "The first loss may be nan, and then no other counts as lower: a comparison with nan is False. Begin with "
     "infinity, or let NumPy skip nan."),
    (LOWEST, "np.nanargmin(np.round(J_val, 2))", "The losses are rounded first, and then several look equal. Compare them without rounding."),
    (LOWEST, "np.nanargmin(J_val[1:]) + 1", "The first epoch is left out. It may be the best."),
    (LOWEST, "np.nanargmin(history['loss'])", "This is the best epoch of the training loss, which falls to the end. Look at `val_loss`."),
    (LOWEST, "np.nanargmin(J_val) + 1", "This counts from 1. The first epoch is number 0, like its place in the list."),
    (LOWEST, "np.nanmin(J_val)", "This is the lowest loss itself. Which epoch had it?"),
    (LOWEST, "np.argmin(np.minimum(np.nan_to_num(J_val, nan=1e3), 1e3))", "The search begins with a number, and all losses may be higher than that. "
     "Begin with infinity, or with the first loss that is a number."),
    (LOWEST, "len(J_val) - 1", "This is the last epoch. By then the network may have over-fitted for a long time. In a loop, keep the lowest loss so "
     "far as well."),
    (LOWEST, "np.nanargmax(J_val)", "This is the epoch of the highest validation loss."),
    (LOWEST, "len(J_val) - 1 - np.nanargmin(J_val[::-1])", "Of equally good epochs this takes the last. The first needed less training."),
    (LOWEST, "next((i for i in range(len(J_val) - 1) if J_val[i + 1] > J_val[i]), len(J_val) - 1)", "This stops where the validation loss rises for "
     "the first time. It goes up and down, and may fall lower later: look at all of it."),
    (LOWEST, "np.argmin(J_val[:next((i for i, J in enumerate(J_val) if J != J), len(J_val))] or [0])", "The search ends at the first nan. Only that "
     "epoch is skipped: what comes after it may be better."),
    (LOWEST, "next((i for i, J in enumerate(history['loss']) if J_val[i] > J), len(J_val) - 1)", "This is where the validation loss rises above the "
     "training loss. That may be long before the best epoch: look for the lowest validation loss."),
), hints=[
    "Which entry of `history[\"val_loss\"]` is the lowest? NumPy has functions for the place of a minimum.",
    "`np.argmin` gives the first place of the minimum, but nan confuses it. NumPy has a similar function with nan in its name.",
], also_right=[best_epoch, best(LOWEST, "int(np.argsort(J_val, kind='stable')[0])"), best(LOWEST, "J_val.index(np.nanmin(J_val))")])

# --- 9.3 --------------------------------------------------------------------------------------------------------------
def recorded(rng):
    """Values with patience, min_delta and mode. All numbers are fractions with a power of two below: exact in floats, ties too."""
    yield np.array([64, 40, 30, 32, 31, 33, 29, 35, 36, 34, 40, 41, 42]) / 64, 3, 0.0, "min"  # a second valley after a plateau
    yield np.array([64, 60, 56, 52, 48, 48, 48, 48, 48, 48]) / 64, 2, 0.0, "min"  # a plateau: equal is no improvement
    yield np.array([64, 63, 62, 61, 60, 59, 58, 57, 56, 55]) / 64, 3, 2 / 64, "min"  # improvements that add up
    yield np.array([64, 50, np.nan, 40, 45, np.nan, 46, 47]) / 64, 2, 0.0, "min"
    yield np.array([10, 20, 40, 38, 41, 30, 35, 33, 34]) / 64, 3, 0.0, "max"
    yield np.array([10, 20, 22, 21, 30, 31, 31, 30, 20]) / 64, 2, 2 / 64, "max"
    yield np.array([64, 32, 16, 8, 4]) / 64, 4, 0.0, "min"  # never stops
    yield np.array([64, 60, 61, 60, 61, 60, 50]) / 64, 3, 2 / 64, "min"  # within `min_delta`, above the best as well
    yield np.array([64, 50, 40, 45, 30]) / 64, 1, 0.0, "min"  # no patience at all
    for mode in ("min", "max"):
        fall = np.abs(np.arange(30) - rng.integers(5, 20)) * (1 if mode == "min" else -1) + 60
        yield (fall + rng.integers(0, 12, 30)) / 64, int(rng.integers(1, 6)), float(rng.integers(0, 4)) / 64, mode
    yield rng.integers(0, 64, 30) / 64, int(rng.integers(1, 8)), 0.0, "min"

def stops(answer, values, patience, min_delta, mode):
    """After how many epochs a stopper stops, and after each the epoch whose weights it keeps, or -1."""
    stopper, kept = answer(patience, min_delta, mode), []
    for epoch, value in enumerate(values):
        stop = stopper.update(float(value), [np.full((2, 2), epoch, np.float32), np.full(2, -epoch, np.float32)])
        if isinstance(stop, (str, tuple, list, dict)) or np.ndim(stop):
            raise Advice(f"`update` gives {stop!r}; expected True or False, whether to stop.")
        weights = getattr(stopper, "best_weights", None)
        if weights is not None and not (isinstance(weights, (list, tuple)) and len(weights) == 2):
            raise Advice("`best_weights` should hold the weights as `update` gets them: a list of arrays.")
        kept.append(-1 if weights is None else float(np.ravel(weights[0])[0]))
        if stop:
            break
    return np.array([len(kept), *kept])

def how_it_stops(got, expected, values, patience, min_delta, mode):
    text = f"With patience {patience}, min_delta {min_delta:.3g}, mode \"{mode}\" and the values {np.round(values, 2).tolist()}: "
    if got[0] != expected[0]:
        ends = "goes on to the last of them" if got[0] == len(values) else f"ends after {got[0]:.0f} of them"
        return f"{text}training {ends}; it should end after {expected[0]:.0f}."
    count = int(np.argmax(got[1:] != expected[1:])) + 1
    kept, right = ("no weights" if epoch < 0 else f"the weights of epoch {epoch:.0f}" for epoch in (got[count], expected[count]))
    return f"{text}after {count} epoch{'s' * (count > 1)} it has {kept}; it should have {right}, counted from 0."

class ByKeras(keras.callbacks.EarlyStopping):
    """Keras's callback, which gets the values one by one."""

    def __init__(self, patience, min_delta=0.0, mode="min"):
        super().__init__("value", min_delta, patience, mode=mode, restore_best_weights=True)
        self.on_train_begin()

    def update(self, value, weights):
        """Take an epoch's value and weights; whether to stop."""
        self.set_model(SimpleNamespace(stop_training=False, get_weights=lambda: weights))
        self.on_epoch_end(1, {"value": value})
        return self.model.stop_training

class MyEarlyStopping:
    """A right answer in the form of the notebook's."""

    def __init__(self, patience, min_delta=0.0, mode="min"):
        self.patience, self.min_delta, self.mode = patience, min_delta, mode
        self.best = np.inf if mode == "min" else -np.inf
        self.wait, self.best_weights = 0, None

    def update(self, value, weights):
        """Take an epoch's value and weights; whether to stop."""
        gain = self.best - value if self.mode == "min" else value - self.best
        if gain > self.min_delta:
            self.best, self.best_weights, self.wait = value, weights, 0
            return False
        self.wait += 1
        return self.wait >= self.patience

class ByHistory(MyEarlyStopping):
    """Keeps all values, and finds the best epoch anew each time."""

    def update(self, value, weights):
        """Take an epoch's value and weights; whether to stop."""
        self.values = [*getattr(self, "values", []), value if self.mode == "min" else -value]
        best, since = np.inf, 0
        for number in self.values:
            best, since = (number, 0) if number < best - self.min_delta else (best, since + 1)
        self.best_weights = self.best_weights if since else weights
        return 0 < since >= self.patience

stopper = edits_of(MyEarlyStopping)
NEW, BETTER = "value, weights, 0", "gain > self.min_delta"
KEEP_AT_TOP = "if value < self.top if self.mode == 'min' else value > self.top:\n            self.top, self.best_weights = value, weights"
my_early_stopping = Exercise("9.3", "MyEarlyStopping", right=ByKeras, inputs=recorded, observe=stops, explain=how_it_stops,
    mistakes=edited(MyEarlyStopping,
    (NEW, "value, weights, self.wait + 1", "This counts the epochs from the start of training. Count those since the last improvement: an "
     "improvement sets the count back to 0."),
    (NEW, "value, weights, self.wait", "The epochs before an improvement still count after it. An improvement earns the full patience again."),
    ("gain >", "gain >=", "An equal value counts as better, so on a plateau training never stops. Better means strictly better."),
    ("gain =", "self.best_weights = weights\n        gain =", "`best_weights` are the last epoch's. Only an improvement sets them."),
    (NEW, "value, self.best_weights or weights, 0", "`best_weights` stay those of the first epoch. Each improvement replaces them."),
    (NEW, "value, None, 0", "`best_weights` is never set: each improvement puts the weights there."),
    (NEW, "value, weights, 1", "return False", "return self.wait >= self.patience", "It stops one epoch early: the "
     "count is not 0 after an improvement, or it is compared with less than the patience."),
    (NEW, "value, weights, int(self.mode == 'min')", "return False", "return self.wait >= self.patience", "With mode \"min\" an epoch with an improvement "
     "is counted as one without. Does the `else` belong to the question about \"max\" alone?"),
    (NEW, "value, weights, int(self.mode == 'max')", "return False", "return self.wait >= self.patience", "With mode \"max\" an epoch with an improvement "
     "is counted as one without. Does the `else` belong to the question about \"min\" alone?"),
    (NEW, "min(self.best, value), weights, 0", "With mode \"max\", `self.best` never rises. An improvement puts its value there, in both modes."),
    ("self.wait += 1", "self.wait += gain < 0", "Only a worse value counts. Each epoch without an improvement counts, also where the value is equal, or "
     "better by less than `min_delta`."),
    ("self.wait >=", "self.wait >", "It stops one epoch late: with patience 3, three in a row without improvement end it."),
    ("self.wait >=", "self.wait + 1 >=", "It stops one epoch early: with patience 3, two in a row without improvement are fine."),
    (NEW, "self.best, weights, 0", "`self.best` stays infinite, so every value is an improvement. An improvement replaces it, too."),
    ("if gain", "self.best = value\n        if gain", "Each value is compared with the one before. A slow rise after a bad epoch then looks like "
     "progress: compare with the best so far."),
    (BETTER, "gain > 0", "`min_delta` is not used: a smaller change than that is no improvement."),
    (BETTER, "gain > (self.min_delta if self.mode == 'min' else 0)", "With mode \"max\", `min_delta` is not used. It holds for both modes."),
    (BETTER, "gain > (self.min_delta if self.mode == 'max' else 0)", "With mode \"min\", `min_delta` is not used. It holds for both modes."),
    (BETTER, "gain > -self.min_delta", "`min_delta` works the wrong way: it makes improving easier, but it should be harder."),
    (' if self.mode == "min" else value - self.best', "", "With mode \"max\" no value is an improvement: `self.best` begins at -inf there, and "
     "nothing is lower. Higher is better then, so compare the other way round."),
    (BETTER, "gain > (self.min_delta if self.mode == 'min' else -self.min_delta)", "With mode \"max\", `min_delta` has the wrong sign: the value "
     "must be higher than the best by more than that."),
    ("gain >", "not gain <=", "nan counts as better: comparisons with it are False. Ask if a value is better, not if it is worse."),
    ("self.wait += 1", "self.wait += 1\n        self.best = value if gain > 0 else self.best", "Small steps move the best value along, so that a "
     "slow fall never counts, however far it goes. The best changes only with an improvement by more than `min_delta`."),
    ("= 0, None", "= 0, None\n        self.top = self.best", "gain =", KEEP_AT_TOP + "\n        gain =", "The weights are kept at each new best "
     "value, though it improves by less than `min_delta`. One question decides both: is it an improvement?"),
    ("self.wait >= self.patience", "False", "It never stops: once `wait` reaches the patience, `update` gives True."),
    ("return False", "return True", "self.wait >= self.patience", "False", "It stops at an improvement, and goes on without one. It is the other way "
     "round: training ends when `wait` reaches the patience."),
    ("self.wait >= self.patience", "True", "It stops at the first epoch that is no better, whatever the patience."),
), hints=[
    "Two cases: the value is better than `self.best`, by more than `min_delta`, or it is not. What changes in each?",
    "Better: set best, best_weights, and the count `wait` to 0. Else: raise `wait` by one, and stop when it reaches `patience`.",
    "How much better a value is: `self.best - value` with mode \"min\", and the other way round with \"max\". Is that more than `min_delta`?",
], also_right=[MyEarlyStopping, ByHistory, stopper("return False\n        self.wait", "pass\n        else:\n            self.wait")], equivalent={
    "return None": "None goes on as False does", **dict.fromkeys((
        "without self.wait, self.best_weights = (0, None)", "self.wait, self.best_weights = (1, None)", "self.wait, self.best_weights = (-1, None)",
    ), "the first epoch is an improvement, and sets both")})

# --- 9.4 --------------------------------------------------------------------------------------------------------------
def logs_to_watch(rng):
    """Training losses that fall, and validation losses that rise after a minimum."""
    for best in (3, int(rng.integers(5, 12))):
        epochs = np.arange(60)
        yield np.linspace(1, 0.1, 60), 2.0 * (epochs == 0) + 0.5 + np.abs(epochs - best) / 64 + (epochs > best) * (epochs % 2) / 256

def callback_at_work(callback, loss, val_loss):
    """When a copy of the callback stops training, and the epoch whose weights it leaves."""
    if not isinstance(callback, keras.callbacks.EarlyStopping):
        raise Advice(f"Expected a callback of the class `keras.callbacks.EarlyStopping`; this is of type {type(callback).__name__}.")
    if not isinstance(callback.monitor, str) or abs(callback.min_delta) >= 1:
        return CallbackFinding.NO_NAMES
    if callback.monitor not in ("loss", "val_loss"):
        return CallbackFinding.OTHER_MONITOR.about(f"`{callback.monitor}`")
    if isinstance(callback.patience, str):
        return CallbackFinding.TEXT
    if callback.patience not in (0, 20):
        return CallbackFinding.OTHER_PATIENCE.about(str(callback.patience))
    for option, default in (("min_delta", 0), ("start_from_epoch", 0), ("baseline", None)):
        if getattr(callback, option) != default:
            return CallbackFinding.OTHER_OPTION.about(f"`{option}`")
    callback, weights = copy.copy(callback), []  # the number of each epoch stands for its weights
    callback.set_model(SimpleNamespace(stop_training=False, get_weights=lambda: weights[-1], set_weights=weights.append))
    callback.on_train_begin()
    for epoch, (J, J_val) in enumerate(zip(loss, val_loss, strict=True)):
        weights.append(epoch)
        callback.on_epoch_end(epoch, {"loss": float(J), "val_loss": float(J_val)})
        if callback.model.stop_training:
            break
    callback.on_train_end()
    return np.array([epoch, weights[-1]])

def how_it_watches(got, expected, loss, val_loss):
    return (f"With the lowest validation loss at epoch {np.argmin(val_loss)}, training ends at epoch {got[0]} with the weights of epoch {got[1]}; "
            f"it should end at epoch {expected[0]} with those of epoch {expected[1]}.")

stopping = functools.partial(keras.callbacks.EarlyStopping, patience=20, restore_best_weights=True)
CallbackFinding, mistakes_of_callback = findings_of(None,
    ("", stopping(monitor="loss"), "This callback watches the training loss, which falls to the end. Which loss tells you about new students?"),
    ("", stopping(restore_best_weights=False), "The network keeps the weights of the last epoch, which came long after the best one. EarlyStopping "
     "has an option that brings the best ones back."),
    ("", keras.callbacks.EarlyStopping(), "Without its options the callback stops at the first epoch that is no better, and keeps the weights of "
     "that epoch. Ask for a patience of 20 epochs, and for the best weights."),
    ("", stopping(patience=0), "This stops at the first epoch that is no better. Set the patience to 20 epochs."),
    ("OTHER_PATIENCE", stopping(patience=200), "The patience is {seen}; expected 20."),
    ("OTHER_MONITOR", stopping(monitor="val_accuracy"), "This callback watches {seen}. Watch the validation loss, which tells you about new "
     "students: EarlyStopping does so by default."),
    ("OTHER_OPTION", stopping(min_delta=0.1), "The callback has the option {seen}, which changes when it stops. The exercise asks for a patience and "
     "for the best weights, and for nothing else."),
    ("TEXT", stopping(patience="20"), "The patience is a text. Give a number, without quotes."),
    ("NO_NAMES", keras.callbacks.EarlyStopping(20, True), "Give the patience by its name. `min_delta` is another option, and without names the "
     "first option is what to watch, and the second is `min_delta`."),
    ("", stopping(mode="max"), "With mode \"max\" a higher loss counts as better. Leave the mode out: Keras knows that a loss should fall."),
)
callback_part = Part("callback", right=stopping(), inputs=logs_to_watch, observe=callback_at_work, explain=how_it_watches,
    mistakes=mistakes_of_callback, also_right=[stopping(mode="min"), stopping(monitor="val_loss", min_delta=0.0), stopping(verbose=1)])

def trainings(rng):
    """The validation losses of the epochs, the patience, and the largest number of epochs: it stops, and it runs to the end."""
    for best, patience, epochs in ((3, 4, 30), (int(rng.integers(4, 9)), 3, 30), (8, 20, 12)):
        yield (0.5 + np.abs(np.arange(30) - best) / 64).tolist(), patience, epochs

small_model = functools.cache(lambda: keras.Sequential([keras.Input((1,)), *(keras.layers.Dense(1, use_bias=False) for _ in range(2))]))

def loop_at_work(answer, losses, patience, epochs):
    """How often a loop trains, the epoch whose weights it leaves, and the values and weights that it hands to the stopper."""
    model, numbers, handed = small_model(), [], []  # the same model for all answers, since making one takes long
    model.trainable = True  # whatever the answer before this one did
    model.set_weights([np.full((1, 1), -1.0)] * 2)  # each epoch adds 1: then they are its number

    class Recorder(MyEarlyStopping):
        def update(self, value, weights):
            if not isinstance(weights, (list, tuple)):
                raise Advice("`stopper.update` takes the validation loss, and then the weights of the model: a list of arrays.")
            handed.extend([value, *weights])
            return super().update(value, weights)

    def train_epoch(number):
        if len(numbers) >= 2 * epochs:
            raise Advice("The loop does not end: it may train for `epochs` epochs at most.")
        numbers.append(require.numbers(number, (), "The number of an epoch has").item())
        model.set_weights([weight + 1 for weight in model.get_weights()])
        return losses[(len(numbers) - 1) % len(losses)]

    answer(train_epoch, model, Recorder(patience), epochs)
    if any(hasattr(item, "assign") for item in handed):
        return LoopFinding.LIVE
    if len(set(numbers)) < len(numbers):
        return LoopFinding.TWO_EPOCHS if numbers == np.repeat(np.unique(numbers), 2).tolist() else LoopFinding.ONE_NUMBER
    if numbers != list(range(len(numbers))):
        return LoopFinding.OTHER_NUMBERS
    first, second = np.ravel(model.get_weights())
    return LoopFinding.SOME_LAYERS if first != second else np.array([len(numbers), first, *(float(np.ravel(item)[0]) for item in handed)])

def how_it_trains(got, expected, losses, patience, epochs):
    if got[0] != expected[0]:
        return f"With patience {patience} and at most {epochs} epochs it trains for {got[0]:.0f}; it should train for {expected[0]:.0f}."
    if got[1] != expected[1]:
        return f"It leaves the weights of epoch {got[1]:.0f}; those of epoch {expected[1]:.0f} are the best."
    return "After each epoch, and once only, the stopper should get the epoch's validation loss and the weights of the model after it."

def train_until_best(train_epoch, model, stopper, epochs):
    for number in range(epochs):
        J_val = train_epoch(number)
        stop = stopper.update(J_val, model.get_weights())
        if stop:
            break
    model.set_weights(stopper.best_weights)

loop, RESTORE = edits_of(train_until_best), "    model.set_weights(stopper.best_weights)\n"
LoopFinding, mistakes_of_loop = findings_of(train_until_best,
    ("", "break", "pass", "The loop goes on when the stopper says stop. When `update` returns True, leave the loop."),
    ("", "if stop:\n            break", "break", "The loop ends after its first epoch. It goes on until the stopper says stop."),
    ("", RESTORE, "", "The model keeps the weights of the last epoch. At the end, give it the stopper's `best_weights`."),
    ("", RESTORE, f"    if stop:\n    {RESTORE}", "When the epochs run out, the last weights stay. Restore the best then, too."),
    ("", "J_val =", "before = model.get_weights()\n        J_val =", "J_val, model.get_weights()", "J_val, before", "The stopper gets the weights "
     "from before the epoch, with the loss from after it. Ask the model for its weights after `train_epoch`."),
    ("LIVE", "get_weights()", "weights", "The stopper gets the model's variables, which go on changing, so the best weights are lost. Which method "
     "of the model copies them?"),
    ("", "break\n", f"break\n    {RESTORE}", "Each epoch starts from the best weights again. Put them back once, after the loop."),
    ("", RESTORE, f"    {RESTORE}", "The best weights come back in the loop, and not after it. Put them back once, at the end."),
    ("", RESTORE, f"    else:\n    {RESTORE}", "The best weights come back only when the epochs run out. They should also come back when the "
     "stopper has stopped: after the loop, and without `else`."),
    ("SOME_LAYERS", "model.get", "model.layers[0].get", "model.set", "model.layers[0].set", "Some layers have weights of one epoch, and some of "
     "another. Give the stopper the weights of the whole model, and put them all back."),
    ("ONE_NUMBER", "train_epoch(number)", "train_epoch(0)", "Several epochs get the same number, so they have the same order of the examples. Each "
     "epoch has its own number: use that of the loop."),
    ("TWO_EPOCHS", "J_val =", "train_epoch(number)\n        J_val =", "Each turn of the loop trains for two epochs: `train_epoch` is called twice. "
     "Call it once, and keep what it gives."),
    ("OTHER_NUMBERS", "train_epoch(number)", "train_epoch(number + 1)", "The numbers of the epochs are 0, 1, 2 and so on: they decide the order of "
     "the examples. Pass on the number of the loop."),
    ("", "range(epochs)", "range(epochs + 1)", "The loop trains for one epoch too many."),
    ("", "range(epochs)", "range(epochs - 1)", "The loop trains for one epoch too few."),
    ("", "update(J_val", "update(number", "The stopper gets the epoch's number. It needs the validation loss, which `train_epoch` returns."),
)
loop_part = Part("train_until_best", right=lambda train_epoch, model, stopper, epochs: (
    any(stopper.update(train_epoch(epoch), [weight.numpy() for weight in model.weights]) for epoch in range(epochs)),
    model.set_weights(stopper.best_weights)), inputs=trainings, observe=loop_at_work,
    explain=how_it_trains, mistakes=mistakes_of_loop, also_right=[
    train_until_best, loop("train_epoch(number)", "train_epoch(keras.ops.array(number))"),
    loop("for number in range(epochs):", "number, stop = -1, False\n    while not stop and (number := number + 1) < epochs:",
         RESTORE, "    [variable.assign(weight) for variable, weight in zip(model.weights, stopper.best_weights)]"),
])

two_loops = Exercise("9.4", "In fit, and in your loop", parts=[callback_part, loop_part], hints=[
    "`keras.callbacks.EarlyStopping` has the options `patience` and `restore_best_weights`; what it watches by default is `val_loss`.",
    "In the loop: train for an epoch, give the stopper its loss and `model.get_weights()`, and leave the loop when it says stop.",
    "`model.set_weights(stopper.best_weights)`, once: inside the loop, or after it?",
])

# --- 9.5 --------------------------------------------------------------------------------------------------------------
def candidates(rng):
    """Losses of some models on the validation and on the test set: at first every wrong choice takes another model; then the best comes late."""
    yield [0.4, 0.2, 0.6, 0.5, 0.25, 0.45], [0.5, 0.48, 0.4, 0.2, 0.3, 0.45]
    yield [0.5, 0.6, 0.3, 0.7, 0.4, 0.2, 0.8, 0.9], [0.6, 0.55, 0.4, 0.3, 0.7, 0.5, 0.2, 0.65]
    n = int(rng.integers(3, 8))
    on_validation = rng.permutation(n) + rng.uniform(0, 0.5, n)
    yield np.roll(on_validation, 1 - np.argmin(on_validation)).tolist(), (rng.permutation(n) + rng.uniform(0.6, 0.9, n)).tolist()

def chosen(answer, on_validation, on_test):
    """Which model an answer chooses, the loss it reports, and how many times it measures on the test set."""
    models, tested = tuple(f"model {i}" for i in range(len(on_validation))), []
    handed = [*models]
    def evaluate(model, part):
        if model not in models or part not in ("validation", "test"):
            raise Advice("`evaluate(model, part)` takes one of `models`, and `validation` or `test`.")
        tested.extend([model] * (part == "test"))
        return (on_test if part == "test" else on_validation)[models.index(model)]

    model, J = require.items(answer(handed, evaluate, "validation", "test"), 2, "the chosen model, and its loss on the test set")
    if handed != [*models]:
        raise Advice("Your code changes the list `models`, and the caller's list is different afterwards. Leave it as it is: `sorted` makes a new list.")
    if not isinstance(model, str) or model not in models:
        raise Advice("The first thing to return is the chosen model itself, one of `models`.")
    i, J = models.index(model), float(require.numbers(J, (), "The loss has"))
    if i == np.argmin(on_validation) and np.isclose(J, on_test[i]) and len(tested) > 1:
        return ChoiceFinding.OTHERS.about(len(set(tested))) if len(set(tested)) > 1 else ChoiceFinding.AGAIN.about(len(tested))
    return np.array([i, J, len(tested)])

def how_it_chooses(got, expected, on_validation, on_test):
    if got[0] == expected[0]:
        return f"The choice is right, and the loss you return is {got[1]:.3g}; the chosen model has {expected[1]:.3g} on the test set."
    return (f"With the losses {np.round(on_validation, 2).tolist()} on the validation set it chooses model {got[0]:.0f}; the lowest is "
            f"that of model {expected[0]:.0f}, counted from 0.")

def choose_and_test(models, evaluate, validation, test):
    losses = [evaluate(model, validation) for model in models]
    best = models[np.argmin(losses)]
    return best, evaluate(best, test)

choose = edits_of(choose_and_test)
ChoiceFinding, mistakes_of_choice = findings_of(choose_and_test,
    ("", "model, validation)", "model, test)", "The model is chosen by its test loss. Then this loss is the luckiest of many, and says little about "
     "new students: choose on the validation set."),
    ("", "model, validation)", "model, test)", "evaluate(best, test)", "min(losses)", "The test set chooses the model and then measures it, so the "
     "result is too good. Choose on the validation set."),
    ("", ") for", ") + evaluate(model, test) for", "The test loss takes part in the choice. Choose on the validation set alone."),
    ("", "evaluate(best, test)", "min(losses)", "You return the validation loss, by which the model was chosen: it is too good. Measure the chosen "
     "model on the test set."),
    ("", "argmin", "argmax", "This takes the model with the highest loss."),
    ("", "np.argmin(losses)", "next((i for i, J in enumerate(losses[:-1]) if losses[i + 1] > J), -1)", "The search ends at the first model that is "
     "worse than the one before it. A better one may follow: measure all of them."),
    ("", "in models]", "in models[:4]]", "Only the first models are measured. There may be any number of them: go through all."),
    ("", "np.argmin(losses)", "0", "The first model is taken, whatever its validation loss."),
    ("", "np.argmin(losses)", "-1", "The last model is taken, whatever its validation loss. In a loop, keep the lowest loss so far as well."),
    ("OTHERS", "evaluate(best, test)", "[evaluate(model, test) for model in models][np.argmin(losses)]", "{seen} models are measured on the test "
     "set. Use it once, for the chosen model, or you will be tempted to choose by it."),
    ("AGAIN", "return", "evaluate(best, test)\n    return", "The chosen model is measured {seen} times on the test set. Once is enough."),
)
the_test = Exercise("9.5", "Test once", inputs=candidates, observe=chosen, explain=how_it_chooses, right=lambda models, evaluate, validation, test: (
    best := min(models, key=lambda model: evaluate(model, validation)), evaluate(best, test)), mistakes=mistakes_of_choice, hints=[
    "Which of the two sets may you use many times? Measure all models on that one.",
    "Take `evaluate(model, validation)` for each, find the model with the lowest loss, and then take `evaluate(…, test)` for that one alone.",
], also_right=[
    choose_and_test, choose("models[np.argmin(losses)]", "sorted(models, key=lambda model: evaluate(model, validation))[0]"),
    choose("best = models[np.argmin(losses)]", "lowest = np.inf\n    for model, J in zip(models, losses):\n"
           "        if J < lowest:\n            best, lowest = model, J", "best, evaluate(best, test)", "[best, evaluate(best, test)]"),
])

EXERCISES = [the_split, the_best_epoch, my_early_stopping, two_loops, the_test]
