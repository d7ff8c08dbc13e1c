"""Exercises of lab 9: a split without leaks, the best epoch, early stopping from scratch and in two loops, and one test."""

import functools
import math

import keras
import numpy as np
import tensorflow as tf

from utils import diagnosis
from utils.advice import Advice
from utils.checking import Exercise, Mistake, is_seen

# --- 9.1 --------------------------------------------------------------------------------------------------------------

(FINE, OVERLAP, FORGOTTEN, TWICE, SHARES, NOT_SHUFFLED, NOT_STRATIFIED, ANEW, SHARED, UNSEEDED) = range(10)
SHARES_DUE = (0.6, 0.2, 0.2)


def labels_to_split(rng):
    """Labels as they come, sorted, and with a class that is rare, each with a seed."""
    y = (np.arange(100) % 5 < 3).astype(np.float32)
    yield rng.permutation(y), int(rng.integers(1000))
    yield np.sort(y), 1
    yield rng.permutation(np.repeat([0.0, 1.0, 2.0], [200, 70, 30]).astype(np.float32)), int(rng.integers(1000))


def rows_of(part, n):
    """A part as the numbers of its rows; Advice where it is none."""
    if unfit := diagnosis.unfit(part):
        raise Advice(unfit)
    rows = diagnosis.to_array(part)
    if rows.dtype == bool and rows.shape == (n,):
        return np.flatnonzero(rows)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":
        raise Advice(f"A part is due as row numbers, whole and shape (k,); this is {rows.dtype} of shape {rows.shape}.")
    if len(rows) and not (rows.min() >= 0 and rows.max() < n):
        raise Advice(f"There are rows 0 to {n - 1}, and a part holds {rows.min()} to {rows.max()}.")
    return rows


def split_of(answer, y, seed):
    """What is wrong with a split of the examples with labels y."""
    both = []
    for _ in range(2):
        parts = answer(y.copy(), seed)
        if not isinstance(parts, (tuple, list)) or len(parts) != 3:
            raise Advice(diagnosis.unfit(parts) or "Return three parts: the rows for training, for validation, for testing.")
        both.append([rows_of(part, len(y)) for part in parts])
    parts = both[0]
    classes, sizes = np.unique(y, return_counts=True)
    times = np.bincount(np.concatenate(parts), minlength=len(y))
    if times.max() > 1 and (set(times) <= {0, len(classes)} or np.array_equal(times, [np.sum(i < sizes) for i in range(len(y))])):
        return SHARED
    if any(len(np.unique(part)) < len(part) for part in parts):
        return TWICE
    if len(np.unique(np.concatenate(parts))) < sum(map(len, parts)):
        return OVERLAP
    if sum(map(len, parts)) < len(y):
        return FORGOTTEN
    if any(abs(len(part) - share * len(y)) > len(classes) for part, share in zip(parts, SHARES_DUE, strict=True)):
        return SHARES
    members = [np.flatnonzero(y == label) for label in classes]
    if any(np.array_equal(np.sort(parts[0]), rows) for rows in in_order(y, members)):
        return NOT_SHUFFLED
    for rows in members:
        for part, share in zip(parts, SHARES_DUE, strict=True):
            if abs(np.isin(part, rows).sum() - share * len(rows)) > 1:
                return NOT_STRATIFIED
    if not all(map(np.array_equal, *both)):
        return ANEW
    return UNSEEDED if all(map(np.array_equal, parts, (rows_of(part, len(y)) for part in answer(y.copy(), seed + 1)))) else FINE


def in_order(y, members):
    """Training parts that nobody shuffled: the first rows of all, the first of each class, every so-many-th."""
    yield np.arange(round(0.6 * len(y)))
    for rounded in (round, math.floor, math.ceil):
        yield np.sort(np.concatenate([rows[: rounded(0.6 * len(rows))] for rows in members]))


def by_rank(y, seed):
    """Each class in random order; by its rank in there, an example goes to a part."""
    order = np.random.default_rng(seed).permutation(len(y))
    place = np.empty(len(y))
    for label in np.unique(y):
        rows = order[y[order] == label]
        place[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
    return [np.flatnonzero((place >= low) & (place < high)) for low, high in ((0, 0.6), (0.6, 0.8), (0.8, 1))]


def cut(rows, shares=SHARES_DUE):
    """Rows in their order, cut into parts."""
    ends = [round(sum(shares[: i + 1]) * len(rows)) for i in range(3)]
    return [rows[start:end] for start, end in zip([0, *ends[:2]], ends, strict=True)]


def by_class(shares=SHARES_DUE, shuffle=True, anew=False):
    """An answer that cuts each class, with a part changed."""
    def answer(y, seed):
        rng = np.random.default_rng(None if anew else seed)
        rows = [np.flatnonzero(np.asarray(y) == label) for label in np.unique(y)]
        parts = [cut(rng.permutation(each) if shuffle else each, shares) for each in rows]
        return [np.concatenate(part) for part in zip(*parts, strict=True)]
    return answer


def piece_by_piece(rows_of_class, cuts=lambda rows: (round(0.6 * len(rows)), round(0.8 * len(rows)))):
    """An answer in the form of the exercise's, with one of its two blanks filled in otherwise."""
    def answer(y, seed):
        rng, parts = np.random.default_rng(seed), ([], [], [])
        for label in np.unique(y):
            rows = rows_of_class(rng, y, label)
            for part, some in zip(parts, np.split(rows, cuts(rows)), strict=True):
                part.append(some)
        return [np.concatenate(part) for part in parts]
    return answer


def overlapping(y, seed):
    rng = np.random.default_rng(seed)
    a, b, c = (by_class()(y, seed) for _ in range(3))
    return a[0], b[1], np.concatenate([c[2][1:], rng.choice(a[0], 1)])


def drawn_three_times(y, seed):
    """Each part drawn on its own from all."""
    rng = np.random.default_rng(seed)
    return [rng.choice(len(y), round(share * len(y)), replace=False) for share in SHARES_DUE]


def with_replacement(y, seed):
    rng = np.random.default_rng(seed)
    return cut(rng.integers(len(y), size=len(y)))


def by_python(y, seed):
    """Another right answer: lists, and Python's own random numbers."""
    import random

    draw, parts = random.Random(seed), ([], [], [])
    for label in sorted(set(map(float, y))):
        rows = [i for i in range(len(y)) if y[i] == label]
        draw.shuffle(rows)
        a, b = int(0.6 * len(rows)), int(0.8 * len(rows))
        for part, some in zip(parts, (rows[:a], rows[a:b], rows[b:]), strict=True):
            part.extend(some)
    return parts


def features_in_parts(rng):
    """Three parts of one data set; then parts that lie far apart, and one feature that is large."""
    yield tuple(rng.normal([4, 5], [2, 3], (n, 2)).astype(np.float32) for n in (60, 20, 20))
    yield tuple((rng.normal(size=(n, 3)) * [1, 100, 0.1] + i * 3).astype(np.float32) for i, n in enumerate((30, 10, 12)))


def standardized(answer, *parts):
    """The three parts that an answer makes, one below the other."""
    made = answer(*parts)
    if not isinstance(made, (tuple, list)) or len(made) != 3:
        raise Advice(diagnosis.unfit(made) or "Return three arrays: the training, the validation and the test part, standardized.")
    if any(item is Ellipsis for item in made):
        return Ellipsis
    if unfit := next(filter(None, map(diagnosis.unfit, made)), ""):
        raise Advice(unfit)
    made = [np.asarray(diagnosis.to_array(part)) for part in made]
    if any(part.shape != X.shape for part, X in zip(made, parts, strict=True)):
        raise Advice(f"The parts have shapes {', '.join(str(part.shape) for part in made)}; each keeps the shape it came with.")
    with_n_less_1 = np.sqrt(1 - 1 / len(parts[0]))  # deviations may be taken that way as well
    if np.allclose(made[0].std(axis=0), with_n_less_1, atol=1e-4):
        made = [part / with_n_less_1 for part in made]
    return np.concatenate(made)


def scaled(mean=lambda X, parts: X.mean(axis=0), std=lambda X, parts: X.std(axis=0), of=lambda part, parts: parts[0]):
    """An answer with a part changed; `of` gives the rows that mean and deviation are taken of."""
    def answer(*parts):
        return tuple((part - mean(of(part, parts), parts)) / std(of(part, parts), parts) for part in parts)
    return answer


def by_keras(*parts):
    """Keras's own layer for it, adapted to the training part; it adds no more than 1e-7 to the deviation."""
    layer = keras.layers.Normalization()
    layer.adapt(parts[0])
    return [layer(part) for part in parts]


the_split = Exercise(
    "9.1", "Three parts",
    parts=("split", "standardize"),
    right=(by_rank, scaled(mean=lambda X, parts: np.average(X, axis=0), std=lambda X, parts: np.sqrt(np.var(X, axis=0)))),
    inputs=(labels_to_split, features_in_parts),
    observe=lambda answer, *args: split_of(answer, *args) if len(args) == 2 else standardized(answer, *args),
    atol=1e-4,
    mistakes=[
        Mistake(overlapping, "Some rows are in two parts: the network would be tested on what it has learned. Every row goes to one part alone.",
                part="split", when=is_seen(OVERLAP)),
        Mistake(piece_by_piece(lambda rng, y, label: rng.permutation(np.sum(y == label))), "The classes share rows. The numbers of a class's rows are their places in y, "
                "where y is the label.", part="split", when=is_seen(SHARED)),
        Mistake(piece_by_piece(lambda rng, y, label: rng.shuffle(np.flatnonzero(y == label))), "`shuffle` works in place and gives None. `rng.permutation` gives "
                "back the shuffled rows.", part="split"),
        Mistake(piece_by_piece(lambda rng, y, label: rng.permutation(np.where(y == label))), "`np.where` gives a tuple, with an array for each axis of y. Take its first, "
                "or `np.flatnonzero`.", part="split"),
        Mistake(piece_by_piece(lambda rng, y, label: rng.permutation(np.flatnonzero(y == label)), lambda rows: (0.6 * len(rows), 0.8 * len(rows))), "A place to cut is a whole "
                "number of rows: round it.", part="split"),
        Mistake(with_replacement, "A part holds the same row twice: this draws with replacement. Shuffle the rows, then cut.", part="split",
                when=is_seen(TWICE)),
        Mistake(lambda y, seed: [part[:-1] for part in by_class()(y, seed)], "Some rows are in no part. Where one part ends the next begins, and the last "
                "one goes to the end.", part="split", when=is_seen(FORGOTTEN)),
        Mistake(by_class(shares=(0.2, 0.2, 0.6)), "The parts do not have the sizes that are due: 60 % for training, then 20 % for validation, and 20 % for "
                "testing.", part="split", when=is_seen(SHARES)),
        Mistake(by_class(shuffle=False), "The rows are cut in the order in which they came. Data are often sorted, by date or by class: then the parts "
                "differ in kind. Shuffle first.", part="split", when=is_seen(NOT_SHUFFLED)),
        Mistake(lambda y, seed: cut(np.random.default_rng(seed).permutation(len(y))), "A class does not have the same share in all three parts; a rare one may "
                "be missing in one. Cut the rows of each class on their own, and join the pieces.", part="split", when=is_seen(NOT_STRATIFIED)),
        Mistake(by_class(anew=True), "The same seed gives another split at each call. Run again tomorrow, and some of the test rows have been trained with: "
                "let all random numbers come from the seed.", part="split", when=is_seen(ANEW)),
        Mistake(lambda y, seed: by_class()(y, 1), "Two seeds give the same split. Let the random numbers come from `seed`.", part="split", when=is_seen(UNSEEDED)),
        Mistake(scaled(of=lambda part, parts: np.concatenate(parts)), "Mean and deviation are taken over all three parts. So the training has been told "
                "something of the test: take them of the training part alone.", part="standardize"),
        Mistake(scaled(of=lambda part, parts: part), "Each part is scaled by its own mean and deviation, so that the same student gets other numbers in "
                "another part. Scale all three by those of the training part.", part="standardize"),
        Mistake(scaled(of=lambda part, parts: np.concatenate(parts[:2])), "The validation part has a say in the scale. Only the training part may.",
                part="standardize"),
        Mistake(scaled(mean=lambda X, parts: X.mean(), std=lambda X, parts: X.std()), "One mean is taken over all features. Each feature has its own: say which "
                "axis the examples run along.", part="standardize"),
        Mistake(scaled(std=lambda X, parts: X.std()), "One deviation is taken over all features. Each feature has its own, as it has its mean.", part="standardize"),
        Mistake(scaled(mean=lambda X, parts: X.mean(axis=1), std=lambda X, parts: X.std(axis=1)), "Along axis 1 lie the features of one example, so this gives a mean for each "
                "example. A feature's mean is over all examples.", part="standardize"),
        Mistake(scaled(mean=lambda X, parts: X.mean(axis=1, keepdims=True), std=lambda X, parts: X.std(axis=1, keepdims=True)), "Along axis 1 lie the features of one example: "
                "kept as a column, their means fit no other part. A feature's mean is over all examples.", part="standardize"),
        Mistake(scaled(of=lambda part, parts: parts[1]), "Mean and deviation are those of the validation part, which is to judge. Take them of the part that the network "
                "learns from.", part="standardize"),
        Mistake(scaled(of=lambda part, parts: parts[2]), "Mean and deviation are those of the test part, which is to judge. Take them of the part that the network "
                "learns from.", part="standardize"),
        Mistake(scaled(mean=lambda X, parts: 0), "The mean is not subtracted.", part="standardize"),
        Mistake(scaled(std=lambda X, parts: 1), "The result is not divided by the standard deviation.", part="standardize"),
        Mistake(scaled(std=lambda X, parts: X.var(axis=0)), "This divides by the variance: its root is the standard deviation.", part="standardize"),
        Mistake(lambda *parts: (scaled()(*parts)[0], *parts[1:]), "Validation and test stay in the old units. A model that was trained with standardized "
                "numbers needs them in prediction too.", part="standardize"),
        Mistake(scaled(mean=lambda X, parts: X.min(axis=0), std=lambda X, parts: np.ptp(X, axis=0)), "This scales to between 0 and 1. Here mean 0 and "
                "standard deviation 1 are due.", part="standardize"),
    ],
    hints=["`np.flatnonzero(y == label)` gives the rows of a class, `rng.permutation(rows)` shuffles them.",
           "`np.split(rows, [a, b])` cuts at two places: at 60 % of the rows' number, and at 80 %.",
           "For the second function: what may a network know of students it has not seen? Not even their mean."],
    also_right=[(by_class(), scaled()), (by_python, by_keras), (piece_by_piece(lambda rng, y, label: rng.permutation(np.where(y == label)[0])), scaled()), (by_class(), scaled(std=lambda X, parts: X.std(axis=0, ddof=1)))],
)

# --- 9.2 --------------------------------------------------------------------------------------------------------------


def histories(rng):
    """A U with a bump, one with a tie, with nan amid, after a 0, and first; one that falls to the end, one that only rises, and random ones."""
    falling = [1.0, 0.8, 0.6, 0.5, 0.3, 0.2, 0.1, 0.15]
    yield ({"loss": falling, "val_loss": [0.9, 0.6, 0.65, 0.45, 0.5, 0.7, 0.8, 1.1]},)
    yield ({"loss": falling, "val_loss": [0.9, 0.4, 0.6, 0.4, 0.5, 0.4, 0.8, 1.2]},)
    yield ({"loss": falling, "val_loss": [0.9, 0.7, math.nan, 0.6, 0.5, 0.8, 0.9, 0.95]},)
    yield ({"loss": falling[:6], "val_loss": [0.9, 0.4, 0.0, math.nan, 0.2, 0.3]},)
    yield ({"loss": falling[:4], "val_loss": [math.nan, 0.7, 0.6, 0.8]},)
    yield ({"loss": falling[:4], "val_loss": [0.9, 0.8, 0.7, 0.6]},)
    yield ({"loss": falling[:4], "val_loss": [0.3, 0.5, 0.6, 0.8]},)
    for _ in range(2):
        n = int(rng.integers(6, 20))
        yield ({"loss": np.sort(rng.uniform(0, 1, n))[::-1].tolist(), "val_loss": rng.permutation(n).astype(float).tolist()},)


def lowest(history):
    """The best epoch by a loop over what is recorded."""
    best, where = math.inf, 0
    for epoch, J in enumerate(history["val_loss"]):
        if best > J:
            best, where = J, epoch
    return where


def compared_with_the_first(history):
    """The lowest as Python's `min` finds it: with nan as the first, nothing is lower."""
    J = history["val_loss"]
    return J.index(min(J))


def without_nan(history):
    J = np.array(history["val_loss"])
    return np.argmin(J[~np.isnan(J)])


def crossing(history):
    above = [epoch for epoch, (J, J_val) in enumerate(zip(history["loss"], history["val_loss"], strict=True)) if J_val > J]
    return above[0] if above else len(history["loss"]) - 1


def first_rise(history):
    J = history["val_loss"]
    return next((i for i in range(len(J) - 1) if J[i + 1] > J[i]), len(J) - 1)


the_best_epoch = Exercise(
    "9.2", "The best epoch",
    right=lowest,
    inputs=histories,
    mistakes=[
        Mistake(lambda history: np.argmin(history["val_loss"]), "One of the losses is nan, which NumPy's minimum takes for the lowest. There is a "
                "minimum that leaves nan out."),
        Mistake(lambda history: np.argmin(np.nan_to_num(history["val_loss"])), "`nan_to_num` makes 0 of nan, which is lower than the other losses. Leave it out of the "
                "comparison."),
        Mistake(without_nan, "Without the nan, the later epochs move up: a place in what is left is not the number of the epoch."),
        Mistake(compared_with_the_first, "The first loss may be nan, and no other is lower than that: a comparison with nan is False. Begin with a number that every "
                "loss is lower than, or let NumPy leave nan out."),
        Mistake(lambda history: np.nanargmin(history["val_loss"][1:]) + 1, "The first epoch does not take part. It may be the best."),
        Mistake(lambda history: np.nanargmin(history["loss"]), "This is the best epoch of the training loss, which falls and falls. Look at `val_loss`."),
        Mistake(lambda history: lowest(history) + 1, "This counts from 1. The first epoch is number 0, as its place in the list."),
        Mistake(lambda history: np.nanmin(history["val_loss"]), "This is the lowest loss itself. Which epoch had it?"),
        Mistake(lambda history: len(history["val_loss"]) - 1, "This is the last epoch, where the network may have over-fitted for long."),
        Mistake(lambda history: np.nanargmax(history["val_loss"]), "This is the epoch of the highest validation loss."),
        Mistake(lambda history: len(history["val_loss"]) - 1 - int(np.nanargmin(history["val_loss"][::-1])), "Where several epochs are equally good, this takes "
                "the last of them. The first one needed less training."),
        Mistake(first_rise, "This stops where the validation loss rises for the first time. It goes up and down, and may fall lower later: look at all of it."),
        Mistake(crossing, "This is where validation and training loss part. They may part long before the best epoch: look for the lowest validation loss."),
    ],
    hints=["Which entry of `history[\"val_loss\"]` is the lowest? NumPy has functions for the place of a minimum.",
           "`np.argmin` gives the first place of the minimum, but nan confuses it. Look for its relative with nan in the name."],
    also_right=[
        lambda history: np.nanargmin(history["val_loss"]),
        lambda history: min((J, i) for i, J in enumerate(history["val_loss"]) if J == J)[1],
        lambda history: int(np.argsort(history["val_loss"], kind="stable")[0]),
    ],
)

# --- 9.3 --------------------------------------------------------------------------------------------------------------


def recorded(rng):
    """Histories with patience, min_delta and mode. All numbers are fractions with a power of two below: exact in floats, ties too."""
    yield np.array([64, 40, 30, 32, 31, 33, 29, 35, 36, 34, 40, 41, 42]) / 64, 3, 0.0, "min"  # a second valley after a plateau
    yield np.array([64, 60, 56, 52, 48, 48, 48, 48, 48, 48]) / 64, 2, 0.0, "min"  # a plateau: equal is no improvement
    yield np.array([64, 63, 62, 61, 60, 59, 58, 57, 56, 55]) / 64, 3, 2 / 64, "min"  # improvements that add up
    yield np.array([64, 50, math.nan * 64, 40, 45, math.nan, 46, 47]) / 64, 2, 0.0, "min"
    yield np.array([10, 20, 40, 38, 41, 30, 35, 33, 34]) / 64, 3, 0.0, "max"
    yield np.array([10, 20, 22, 21, 30, 31, 31, 30, 20]) / 64, 2, 2 / 64, "max"
    yield np.array([64, 32, 16, 8, 4]) / 64, 4, 0.0, "min"  # never stops
    for mode in ("min", "max"):
        fall = np.abs(np.arange(30) - rng.integers(5, 20)) * (1 if mode == "min" else -1) + 60
        yield (fall + rng.integers(0, 12, 30)) / 64, int(rng.integers(1, 6)), float(rng.integers(0, 4)) / 64, mode
    yield rng.integers(0, 64, 30) / 64, int(rng.integers(1, 8)), 0.0, "min"


def stops(answer, values, patience, min_delta, mode):
    """How many epochs a stopper lets pass, and after each the epoch whose weights it keeps."""
    stopper, kept = answer(patience, min_delta, mode), []
    for epoch, number in enumerate(values):
        stop = stopper.update(float(number), [np.full((2, 2), epoch, np.float32), np.full(2, -epoch, np.float32)])
        if stop is Ellipsis:
            return Ellipsis
        if isinstance(stop, (str, tuple, list, dict)) or (stop is not None and np.ndim(stop)):
            raise Advice(f"`update` gives {stop!r}: True or False is due, whether to stop.")
        kept.append(epoch_of(stopper.best_weights) if hasattr(stopper, "best_weights") else -1)
        if stop:
            break
    return np.array([len(kept), *kept])


def how_it_stops(seen, due, values, patience, min_delta, mode):
    """What a stopper does with a history, and what it should do."""
    def told(trace):
        kept = "no weights" if trace[-1] < 0 else f"the weights of epoch {trace[-1]:.0f}"
        return f"after {trace[0]:.0f} epoch{'s' * (trace[0] != 1)} it has {kept}"
    epochs = min(len(seen), len(due)) - 1
    text = f"With patience {patience}, min_delta {min_delta:.3g}, mode \"{mode}\" and the values {np.round(values, 2).tolist()}: "
    if seen[0] == due[0]:
        wrong = next(i for i in range(1, epochs + 1) if seen[i] != due[i])
        seen, due = ([wrong, trace[wrong]] for trace in (seen, due))
        return f"{text}{told(seen)}, and should have {told(due).partition('has ')[2]}."
    ends = "goes on to the last of them" if seen[0] == len(values) else f"ends after {seen[0]:.0f}"
    return f"{text}training {ends}, and should end after {due[0]:.0f}."


def epoch_of(weights):
    """Which epoch the weights are of; -1 for none."""
    if weights is None:
        return -1
    try:
        return float(np.ravel(weights[0])[0])
    except (TypeError, IndexError, ValueError, KeyError):
        raise Advice("`best_weights` should hold the weights as `update` gets them: a list of arrays.") from None


class _Stub:
    """What the callback of Keras needs of a model."""

    stop_training = False
    weights = None

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


class ByKeras:
    """The callback of Keras, fed epoch by epoch."""

    def __init__(self, patience, min_delta=0.0, mode="min"):
        self.callback = keras.callbacks.EarlyStopping(
            "val_loss", patience=patience, min_delta=min_delta, mode=mode, restore_best_weights=True
        )
        self.model, self.epoch = _Stub(), 0
        self.callback.set_model(self.model)
        self.callback.on_train_begin()

    def update(self, value, weights):
        """Take an epoch's value and weights; whether to stop."""
        self.model.weights = weights
        self.callback.on_epoch_end(self.epoch, {"val_loss": value})
        self.epoch += 1
        return self.model.stop_training

    @property
    def best_weights(self):
        """The weights of the best epoch so far."""
        return self.callback.best_weights


class Stopper:
    """A right answer of another make: it keeps the whole history, and finds the best epoch anew each time."""

    def __init__(self, patience, min_delta=0.0, mode="min"):
        self.patience, self.min_delta, self.sign = patience, min_delta, 1 if mode == "min" else -1
        self.values, self.best_weights = [], None

    def update(self, value, weights):
        """Take an epoch's value and weights; whether to stop."""
        self.values.append(self.sign * value)
        best, since = math.inf, 0
        for number in self.values:
            improved = number < best - self.min_delta
            best, since = (number, 0) if improved else (best, since + 1)
        if since == 0:
            self.best_weights = weights
        return since > 0 and since >= self.patience


def stopper_with(
    better=lambda self, value: value < self.best - self.min_delta if self.mode == "min" else value > self.best + self.min_delta,
    keep=lambda self, improved: improved,
    wait=lambda self, improved: 0 if improved else self.wait + 1,
    due=lambda self, improved: not improved and self.wait >= self.patience,
    best=lambda self, value, improved: value if improved else self.best,
):
    """An answer with a part changed."""
    class Answer:
        def __init__(self, patience, min_delta=0.0, mode="min"):
            self.patience, self.min_delta, self.mode = patience, min_delta, mode
            self.best, self.wait, self.best_weights, self.epoch = math.inf if mode == "min" else -math.inf, 0, None, -1

        def update(self, value, weights):
            self.epoch += 1
            improved = better(self, value)
            self.wait, self.best = wait(self, improved), best(self, value, improved)
            if keep(self, improved):
                self.best_weights = weights
            return due(self, improved)
    return Answer


def or_equal(self, value):
    return value <= self.best - self.min_delta if self.mode == "min" else value >= self.best + self.min_delta


def lower(self, value):
    return value < self.best - self.min_delta


def without_delta(self, value):
    return value < self.best if self.mode == "min" else value > self.best


def delta_that_helps(self, value):
    return value < self.best + self.min_delta if self.mode == "min" else value > self.best - self.min_delta


def delta_of_min(self, value):
    return value < self.best - self.min_delta if self.mode == "min" else value > self.best - self.min_delta


def nan_is_better(self, value):
    return not (value >= self.best - self.min_delta if self.mode == "min" else value <= self.best + self.min_delta)


class KeepsBestOfAll(stopper_with()):
    """Weights by any improvement, patience by those above min_delta."""

    def update(self, value, weights):
        """Take an epoch's value and weights; whether to stop."""
        if not hasattr(self, "lowest") or (value < self.lowest if self.mode == "min" else value > self.lowest):
            self.lowest, best = value, weights
        else:
            best = self.best_weights
        stop = super().update(value, weights)
        self.best_weights = best
        return stop


my_early_stopping = Exercise(
    "9.3", "MyEarlyStopping",
    right=ByKeras,
    inputs=recorded,
    observe=stops,
    explain=how_it_stops,
    mistakes=[
        Mistake(stopper_with(wait=lambda self, improved: self.wait + 1), "The epochs are counted from the start of training, and patience is over before "
                "long. Count those since the last improvement: an improvement sets the count back to 0."),
        Mistake(stopper_with(wait=lambda self, improved: self.wait if improved else self.wait + 1), "The count of epochs without improvement is never set "
                "back. An improvement earns the full patience again."),
        Mistake(stopper_with(better=or_equal), "A value that is only as good as the best counts as an improvement, so on a plateau training never "
                "stops. Better means strictly better."),
        Mistake(stopper_with(keep=lambda self, improved: True), "`best_weights` are those of the last epoch. Replace them only when the value is the best so "
                "far."),
        Mistake(stopper_with(keep=lambda self, improved: self.best_weights is None), "`best_weights` stay those of the first epoch. Each improvement replaces "
                "them."),
        Mistake(stopper_with(keep=lambda self, improved: False), "`best_weights` is never set: each improvement puts the weights there."),
        Mistake(stopper_with(due=lambda self, improved: not improved and self.wait > self.patience), "It stops one epoch late: with patience 3, the third "
                "epoch in a row without improvement is the last."),
        Mistake(stopper_with(due=lambda self, improved: not improved and self.wait + 1 >= self.patience), "It stops one epoch early: with patience 3, three "
                "epochs in a row may pass without improvement."),
        Mistake(stopper_with(best=lambda self, value, improved: self.best), "The best value stays what it was at the start, so every value is an improvement. An improvement "
                "also replaces `self.best`."),
        Mistake(stopper_with(best=lambda self, value, improved: value), "Each value is compared with the one before. A slow rise after a bad epoch then "
                "looks like progress: compare with the best so far."),
        Mistake(stopper_with(better=without_delta), "`min_delta` is not used: a smaller change than that is no improvement."),
        Mistake(stopper_with(better=delta_that_helps), "`min_delta` works the wrong way: it makes improving easier. A value must be better than the best by "
                "more than that."),
        Mistake(stopper_with(better=lower), "With mode \"max\" no value is an improvement: `self.best` begins at -inf there, and nothing is lower. Higher is better "
                "then, so compare the other way round."),
        Mistake(stopper_with(better=delta_of_min), "With mode \"max\", `min_delta` has the wrong sign: the value must be higher than the best by more than "
                "that."),
        Mistake(stopper_with(better=nan_is_better), "A loss of nan counts as an improvement. Comparisons with nan are False: ask whether the value is better, "
                "not whether it is worse."),
        Mistake(stopper_with(best=lambda self, value, improved: min(self.best, value) if self.mode == "min" else max(self.best, value)),
                "Small steps move the best value along, so that a slow fall never counts, however far it goes. The best changes only with an improvement "
                "by more than `min_delta`."),
        Mistake(KeepsBestOfAll, "The weights are kept at each new lowest value, though it improves by less than `min_delta`. One question decides both: is it "
                "an improvement?"),
        Mistake(stopper_with(due=lambda self, improved: False), "It never stops: once `wait` reaches the patience, `update` gives True."),
        Mistake(stopper_with(due=lambda self, improved: not improved), "It stops at the first epoch that is no better, whatever the patience."),
    ],
    hints=["Two cases: the value is better than `self.best`, by more than `min_delta`, or it is not. What changes in each?",
           "Better: set best, best_weights, and the count `wait` to 0. Else: raise `wait` by one, and stop when it reaches `patience`.",
           "How much better a value is: `self.best - value` with mode \"min\", and the other way round with \"max\". Is that more than `min_delta`?"],
    also_right=[Stopper, stopper_with(), stopper_with(due=lambda self, improved: self.wait >= self.patience)],
    equivalent={
        "without self.wait, self.best_weights = (0, None)": "the first epoch is an improvement, and sets both",
        "self.wait, self.best_weights = (1, None)": "the first epoch is an improvement, and sets both",
        "self.wait, self.best_weights = (-1, None)": "the first epoch is an improvement, and sets both",
        "return None": "None goes on as False does",
    },
)

# --- 9.4 --------------------------------------------------------------------------------------------------------------

PATIENCE = 20


def logs_to_watch(rng):
    """Losses of training that fall, and of validation that rise after a minimum."""
    for best in (3, int(rng.integers(5, 12))):
        epochs = np.arange(60)
        yield np.linspace(1, 0.1, 60), 2.0 * (epochs == 0) + 0.5 + np.abs(epochs - best) / 64 + (epochs > best) * (epochs % 2) / 256


def callback_at_work(callback, loss, val_loss):
    """When the callback stops training, and the weights that it leaves."""
    if not isinstance(callback, keras.callbacks.EarlyStopping):
        raise Advice(f"A callback of the class `keras.callbacks.EarlyStopping` is due; this is of type {type(callback).__name__}.")
    if not isinstance(callback.monitor, str) or abs(callback.min_delta) >= 1:
        raise Advice("Give EarlyStopping its options by name. Without names, the first is what to watch, and the second is `min_delta`.")
    if callback.patience not in (0, PATIENCE):
        raise Advice(f"The patience is {callback.patience}, and {PATIENCE} is due.")
    fresh = keras.callbacks.EarlyStopping(**{name: getattr(callback, name) for name in
                                             ("monitor", "patience", "mode", "restore_best_weights", "baseline", "start_from_epoch") if hasattr(callback, name)},
                                          min_delta=abs(callback.min_delta))
    model = _Stub()
    fresh.set_model(model)
    fresh.on_train_begin()
    for epoch, (J, J_val) in enumerate(zip(loss, val_loss, strict=True)):
        model.weights = epoch
        fresh.on_epoch_end(epoch, {"loss": float(J), "val_loss": float(J_val)})
        if model.stop_training:
            break
    fresh.on_train_end()
    return np.array([epoch, model.weights])


def callback_of(monitor="val_loss", patience=PATIENCE, restore=True, **options):
    """An answer with a part changed."""
    return keras.callbacks.EarlyStopping(monitor, patience=patience, restore_best_weights=restore, **options)


def trainings(rng):
    """The validation losses that come, the patience, and the greatest number of epochs: it stops, and it runs to the end."""
    for best, patience, epochs in ((3, 4, 30), (int(rng.integers(4, 9)), 3, 30), (8, 20, 12)):
        yield (0.5 + np.abs(np.arange(30) - best) / 64).tolist(), patience, epochs


LIVE = ("The stopper is handed the model's variables, which go on changing while it trains, so the best ones are lost. It needs their values of this "
        "moment: which method of the model copies them?")


TWICE_A_TURN = "Each turn of the loop trains for two epochs: `train_epoch` is called twice. Call it once, and keep what it gives."
ONE_NUMBER = ("Several epochs are given the same number, and the order of the examples comes from it. Each epoch has its own: hand over that of the "
              "loop.")


@functools.cache
def two_layers():
    """A model of two weights; making one for each answer would take most of the time of a check."""
    return keras.Sequential([keras.Input((1,)), *(keras.layers.Dense(1, use_bias=False) for _ in range(2))])


def loop_at_work(answer, losses, patience, epochs):
    """How often a loop trains, the weights it leaves, and the values and the weights that the stopper was told."""
    model = two_layers()
    model.trainable = True  # whatever the answer before it did
    model.set_weights([np.full((1, 1), -1.0)] * 2)
    told, trained, live = [], [], []

    class Told(Stopper):
        def update(self, value, weights):
            told.extend([float(value), *(float(np.ravel(weight)[0]) for weight in weights)])
            live.extend(weight for weight in weights if hasattr(weight, "assign"))
            return super().update(value, weights)

    def train_epoch(number):
        if len(trained) >= 2 * epochs:
            raise Advice("The loop does not end: there are at most `epochs` rounds.")
        trained.append(np.asarray(number).item())
        model.set_weights([weight + 1 for weight in model.get_weights()])
        return losses[(len(trained) - 1) % len(losses)]

    answer(train_epoch, model, Told(patience), epochs)
    if live:
        raise Advice(LIVE)
    if len(set(trained)) < len(trained):
        raise Advice(TWICE_A_TURN if trained == [number for number in dict.fromkeys(trained) for _ in range(2)] else ONE_NUMBER)
    return np.array([len(trained), *np.ravel(model.get_weights()), *told])


def how_it_trains(seen, due, *args):
    """How a callback or a loop ends, and how it should; one leaves the training to the other."""
    if len(args) == 2:
        return (
            f"With a validation loss that is lowest at epoch {np.argmin(args[1])}, training ends at epoch {seen[0]} with the weights of "
            f"epoch {seen[1]}; it should end at epoch {due[0]} with those of epoch {due[1]}."
        )
    _, patience, epochs = args
    if seen[0] != due[0]:
        return f"With patience {patience} and at most {epochs} epochs it trains for {seen[0]:.0f}, and should train for {due[0]:.0f}."
    if seen[1] != seen[2]:
        return "Some layers have weights of one epoch, and some of another. Hand over the weights of the whole model, and put them all back."
    if seen[1] != due[1]:
        return f"It leaves the weights of epoch {seen[1]:.0f}, and those of epoch {due[1]:.0f} are the best."
    return "The stopper is not told, once after each epoch, the epoch's validation loss and the weights of the model."


def loop_with(ask=True, restore=True, before=False, only_stopped=False, extra=0, weights=lambda model: model.get_weights(), number=lambda epoch: epoch):
    """An answer with a part changed."""
    def answer(train_epoch, model, stopper, epochs):
        stopped = False
        for epoch in range(epochs + extra):
            from_before = model.get_weights()
            J = train_epoch(number(epoch))
            stopped = stopper.update(J, from_before if before else weights(model))
            if stopped and ask:
                break
        if restore and (stopped or not only_stopped):
            model.set_weights(stopper.best_weights)
    return answer


def restored_each_time(after=True):
    def answer(train_epoch, model, stopper, epochs):
        for epoch in range(epochs):
            if stopper.update(train_epoch(epoch), model.get_weights()):
                break
            model.set_weights(stopper.best_weights)
        if after:
            model.set_weights(stopper.best_weights)
    return answer


def best_so_far(train_epoch, model, stopper, epochs):
    """Another right answer: a while loop."""
    epoch, stop = 0, False
    while epoch < epochs and not stop:
        stop = stopper.update(train_epoch(epoch), model.get_weights())
        epoch += 1
    for variable, value in zip(model.weights, stopper.best_weights, strict=True):
        variable.assign(value)


def first_layer(train_epoch, model, stopper, epochs):
    for epoch in range(epochs):
        if stopper.update(train_epoch(epoch), model.layers[0].get_weights()):
            break
    model.layers[0].set_weights(stopper.best_weights)


def by_else(train_epoch, model, stopper, epochs):
    for epoch in range(epochs):
        if stopper.update(train_epoch(epoch), model.get_weights()):
            break
    else:
        model.set_weights(stopper.best_weights)


def trains_twice(train_epoch, model, stopper, epochs):
    for epoch in range(epochs):
        train_epoch(epoch)
        if stopper.update(train_epoch(epoch), model.get_weights()):
            break
    model.set_weights(stopper.best_weights)


def told_numbers(train_epoch, model, stopper, epochs):
    for epoch in range(epochs):
        train_epoch(epoch)
        if stopper.update(epoch, model.get_weights()):
            break
    model.set_weights(stopper.best_weights)


def in_the_loop(train_epoch, model, stopper, epochs):
    """Another right answer: weights restored by layer, and the loop in a generator."""
    any(stopper.update(train_epoch(epoch), [weight.numpy() for weight in model.weights]) for epoch in range(epochs))
    model.set_weights(stopper.best_weights)


two_loops = Exercise(
    "9.4", "In fit, and in your loop",
    parts=("callback", "train_until_best"),
    right=(callback_of(), loop_with()),
    inputs=(logs_to_watch, trainings),
    observe=lambda answer, *args: callback_at_work(answer, *args) if len(args) == 2 else loop_at_work(answer, *args),
    explain=how_it_trains,
    mistakes=[
        Mistake(callback_of(monitor="loss"), "This callback watches the training loss, which falls to the end. Which of the two losses tells of new "
                "students?", part="callback"),
        Mistake(callback_of(restore=False), "The network keeps the weights of the last epoch, which came long after the best one. EarlyStopping has an "
                "option that brings the best ones back.", part="callback"),
        Mistake(callback_of(patience=0, restore=False), f"Without its options the callback stops at the first epoch that is no better, and keeps the weights of that. Ask for a patience of {PATIENCE} epochs, and for the best weights.", part="callback"),
        Mistake(callback_of(patience=0), f"This stops at the first epoch that is no better. Set the patience to {PATIENCE} epochs.", part="callback"),
        Mistake(callback_of(patience=10 * PATIENCE), f"The patience is {10 * PATIENCE}, and {PATIENCE} is due.", part="callback"),
        Mistake(keras.callbacks.EarlyStopping(PATIENCE, True), "Give EarlyStopping its options by name. Without names, the first is what to watch, and the second "
                "is `min_delta`.", part="callback"),
        Mistake(callback_of(mode="max"), "With mode \"max\" a higher loss counts as better. Leave the mode out: Keras knows that a loss should fall.",
                part="callback"),
        Mistake(loop_with(ask=False), "The loop goes on when the stopper says stop. `update` returns True then: leave the loop.", part="train_until_best"),
        Mistake(loop_with(restore=False), "The model keeps the weights of the last epoch. At the end, give it the stopper's `best_weights`.",
                part="train_until_best"),
        Mistake(loop_with(only_stopped=True), "When the epochs run out before the stopper stops, the last weights stay. Restore the best ones in that case "
                "too, after the loop.", part="train_until_best"),
        Mistake(loop_with(before=True), "The stopper gets the weights from before the epoch, with the loss from after it. Ask the model for its weights after "
                "`train_epoch`.", part="train_until_best"),
        Mistake(loop_with(weights=lambda model: model.weights), LIVE, part="train_until_best"),
        Mistake(restored_each_time(), "The best weights are put back within the loop: each epoch then starts from them again. Do it once, after the loop.",
                part="train_until_best"),
        Mistake(restored_each_time(after=False), "The best weights are put back within the loop, where each epoch starts from them again, and not after it. They are "
                "due once, at the end.", part="train_until_best"),
        Mistake(by_else, "The best weights come back only when the epochs run out. They are due as well when the stopper has stopped: after the loop, and without "
                "`else`.", part="train_until_best"),
        Mistake(first_layer, "Some layers have weights of one epoch, and some of another. Hand over the weights of the whole model, and put them all back.",
                part="train_until_best"),
        Mistake(loop_with(number=lambda epoch: 0), ONE_NUMBER, part="train_until_best"),
        Mistake(trains_twice, TWICE_A_TURN, part="train_until_best"),
        Mistake(loop_with(extra=1), "The loop trains for one epoch too many.", part="train_until_best"),
        Mistake(loop_with(extra=-1), "The loop trains for one epoch too few.", part="train_until_best"),
        Mistake(told_numbers, "The stopper is told the number of the epoch. It needs the validation loss, which `train_epoch` returns.",
                part="train_until_best"),
    ],
    hints=["`keras.callbacks.EarlyStopping` has the options `patience` and `restore_best_weights`; what it watches by default is `val_loss`.",
           "In the loop: train for an epoch, tell the stopper its loss and `model.get_weights()`, and leave when it says so.",
           "`model.set_weights(stopper.best_weights)`, once: inside the loop, or after it?"],
    also_right=[(callback_of(mode="min"), best_so_far), (callback_of(monitor="val_loss", min_delta=0.0), in_the_loop),
                (callback_of(), loop_with(number=lambda epoch: tf.constant(epoch + 1)))],
)

# --- 9.5 --------------------------------------------------------------------------------------------------------------


def candidates(rng):
    """Losses of some models on the validation and on the test part: at first every wrong choice takes another model."""
    yield [0.4, 0.2, 0.6, 0.5, 0.25, 0.45], [0.5, 0.48, 0.4, 0.2, 0.3, 0.45]
    n = int(rng.integers(3, 8))
    validation = rng.permutation(n) + rng.uniform(0, 0.5, n)
    yield validation.tolist(), (rng.permutation(n) + rng.uniform(0.6, 0.9, n)).tolist()


def chosen(answer, on_validation, on_test):
    """Which model an answer chooses, the loss it reports, and how many times each part was measured."""
    models = [f"model {i}" for i in range(len(on_validation))]
    counts = {"validation": 0, "test": 0}

    def evaluate(model, part):
        if model not in models or part not in counts:
            raise Advice("`evaluate(model, part)` takes one of `models`, and `validation` or `test`.")
        counts[part] += 1
        return (on_validation if part == "validation" else on_test)[models.index(model)]

    result = answer(models, evaluate, "validation", "test")
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        unfit = None if isinstance(result, str) else diagnosis.unfit(result)
        raise Advice(unfit or "Return two things: the chosen model, and its loss on the test part.")
    if Ellipsis in tuple(item for item in result if isinstance(item, type(...))):
        return Ellipsis
    if not isinstance(result[0], str) or result[0] not in models:
        raise Advice("The first thing to return is the chosen model itself, one of `models`.")
    if unfit := diagnosis.unfit(result[1]):
        raise Advice(unfit)
    return np.array([models.index(result[0]), float(result[1]), counts["test"]])


def choose(pick=min, by=lambda evaluate, model, validation, test: evaluate(model, validation), report="test"):
    """An answer with a part changed."""
    def answer(models, evaluate, validation, test):
        losses = [by(evaluate, model, validation, test) for model in models]
        i = losses.index(pick(losses))
        return models[i], evaluate(models[i], test) if report == "test" else losses[i]
    return answer


def by_looking_at_both(models, evaluate, validation, test):
    losses = [(evaluate(model, validation), evaluate(model, test)) for model in models]
    i = int(np.argmin([J for J, _ in losses]))
    return models[i], losses[i][1]


def by_sorting(models, evaluate, validation, test):
    best = sorted(models, key=lambda model: evaluate(model, validation))[0]
    return best, evaluate(best, test)


def by_a_loop(models, evaluate, validation, test):
    best, lowest = models[0], evaluate(models[0], validation)
    for model in models[1:]:
        if (J := evaluate(model, validation)) < lowest:
            best, lowest = model, J
    return [best, evaluate(best, test)]


def test_twice(models, evaluate, validation, test):
    best, J = choose()(models, evaluate, validation, test)
    return best, min(J, evaluate(best, test))


def how_it_chooses(seen, due, on_validation, on_test):
    """Which model an answer chooses and why that is another one, or what is wrong with the loss it reports."""
    if seen[0] == due[0]:
        return f"The choice is right, and the loss you return is {seen[1]:.3g}; the chosen model has {due[1]:.3g} on the test part."
    if seen[2] > 1:
        return "The test part has a say in the choice. Then its loss tells nothing of new students: choose by the validation part alone."
    return (f"With the losses {np.round(on_validation, 2).tolist()} on the validation part it chooses number {seen[0]:.0f}, counted from 0; the lowest is "
            f"that of number {due[0]:.0f}.")


the_test = Exercise(
    "9.5", "Test once",
    right=lambda models, evaluate, validation, test: (
        lambda best: (models[best], evaluate(models[best], test)))(int(np.argmin([evaluate(model, validation) for model in models]))),
    inputs=candidates,
    observe=chosen,
    explain=how_it_chooses,
    mistakes=[
        Mistake(choose(by=lambda evaluate, model, validation, test: evaluate(model, test)), "The model is chosen by its loss on the test part. Then that loss is "
                "the luckiest of many, and tells nothing of new students: choose by the validation part."),
        Mistake(choose(by=lambda evaluate, model, validation, test: evaluate(model, test), report="other"), "The test part chooses, and then it also judges: no wonder it finds its own choice good. Choose by the validation part."),
        Mistake(choose(report="validation"), "The loss you return is that on the validation part, by which the model was chosen: it is too good. Measure the "
                "chosen one on the test part."),
        Mistake(by_looking_at_both, "The choice is right, but every model is measured on the test part. Look at it once, with the chosen model, or you will "
                "be tempted."),
        Mistake(test_twice, "The test part is measured twice. Once is enough, and the rule is easier to keep."),
        Mistake(choose(pick=max), "This takes the model with the highest loss."),
        Mistake(lambda models, evaluate, validation, test: (models[0], evaluate(models[0], test)), "The first model is taken, whatever its loss on the "
                "validation part."),
        Mistake(lambda models, evaluate, validation, test: (models[-1], evaluate(models[-1], test)), "The last model is taken, whatever its loss on the "
                "validation part. In a loop, also keep the lowest loss so far."),
        Mistake(choose(by=lambda evaluate, model, validation, test: evaluate(model, validation) + evaluate(model, test)), "The test part has a say in the "
                "choice. Choose by the validation part alone."),
    ],
    hints=["Which of the two parts may be looked at many times? Measure all models on that one.",
           "`evaluate(model, validation)` for each; the model with the lowest; then `evaluate(…, test)` for that one alone."],
    also_right=[by_sorting, by_a_loop, choose()],
)

EXERCISES = [the_split, the_best_epoch, my_early_stopping, two_loops, the_test]
