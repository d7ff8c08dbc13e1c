"""Exercises of lab 13: a cell with a memory, windows, gradients over time, clipping, the LSTM, sampling, and a model that writes music."""

from collections import Counter, defaultdict
from functools import cache, partial

import keras
import numpy as np
import tensorflow as tf

from utils import datasets, training, tunes
from utils.advice import Advice
from utils.checking import FINE, Exercise, arrays, edited, edits_of, findings_of, require


def drawn(rng, *shapes, scale=0.7):
    """Arrays of normal random numbers."""
    return tuple((scale * rng.normal(size=shape)).astype(np.float32) for shape in shapes)

# --- 13.1 -------------------------------------------------------------------------------------------------------------
def steps(rng):
    """The example of the text; as many features as units; one example; more features than units; large numbers."""
    yield tuple(np.array(values, np.float32) for values in ([[1]], [[0.5]], [[2]], [[-1]], [0]))
    for n, m, units in ((3, 3, 3), (1, 2, 4), (5, 4, 2)):
        yield drawn(rng, (n, m), (n, units), (m, units), (units, units), (units,))
    yield drawn(rng, (2, 3), (2, 3), (3, 3), (3, 3), (3,), scale=2)

def keras_step(x, h, Wx, Wh, b):
    cell = keras.layers.SimpleRNNCell(Wh.shape[0])
    cell.build((None, Wx.shape[0]))
    cell.set_weights([Wx, Wh, b])
    return cell(x, [h])[0]

def rnn_step(x, h, Wx, Wh, b):
    return tf.tanh(x @ Wx + h @ Wh + b)

step = edits_of(rnn_step)
one_step = Exercise("13.1", "One step", right=keras_step, inputs=steps, mistakes=edited(rnn_step,
    (" + h @ Wh", "", "The state before has no effect, so this is a Dense layer, without memory. Add the product with Wh of the state that comes in."),
    ("x @ Wx + ", "", "The input has no effect. Add its product with Wx."),
    ("x @ Wx + h @ Wh", "x @ Wh + h @ Wx", "Wx and Wh are exchanged: Wx belongs to the input x, and Wh to the state h."),
    ("tf.tanh(x @ Wx + h @ Wh + b)", "x @ Wx + h @ Wh + b", "The tanh is missing, so the state can grow without bound from step to step."),
    ("tanh", "sigmoid", "This is the sigmoid; the cell bends its sum with tanh, which gives numbers between -1 and 1."),
    ("tanh", "nn.relu", "This is ReLU; the cell bends its sum with tanh, which gives numbers between -1 and 1."),
    (" + b", "", "The bias is missing: it is added to the sum, before the tanh."),
    ("tf.tanh(x @ Wx + h @ Wh + b)", "tf.tanh(x @ Wx) + tf.tanh(h @ Wh + b)", "Each product has a tanh of its own. First add up, then take one tanh of "
     "the whole sum."),
    (" + b)", ") + b", "The bias is added after the tanh. It belongs to the sum, and tanh comes last."),
    ("+ b", "- b", "The bias is subtracted: add it."),
    ("+ b", "+ 2 * b", "The bias counts twice. The cell has one bias, for the sum of both products."),
    ("x @ Wx + h @ Wh + b)", "x @ Wx + b) + tf.tanh(h @ Wh)", "Each product is bent by itself. Add them first; tanh bends the sum."),
    ("h @ Wh + b)", "b) + h @ Wh", "The state is added after the tanh. Both products and the bias are added up first."),
    ("x @ Wx + h", "x @ Wx * h", "The two products are multiplied by each other. Add them."),
    ("+ h @ Wh", "- h @ Wh", "The product of the state is subtracted: add it."),
    ("h @ Wh", "h @ tf.transpose(Wh)", "Wh is transposed. Row i of Wh holds what unit i of the state before gives to each unit."),
    ("x @ Wx", "x @ tf.transpose(Wx)", "Wx is transposed: its rows belong to the features, its columns to the units, as in lab 2."),
    ("h @ Wh", "h * tf.linalg.diag_part(Wh)", "Each unit hears only itself. With the product of matrices it hears all units of the state before."),
    ("h @ Wh", "h", "The state is added without its weights. Multiply it by Wh first."),
    ("return ", "return h + ", "The old state is added to the new one. The new state takes its place."),
    ("return ", "return 1 - ", "This is 1 minus the new state. Return the tanh as it is."),
    ("return tf.tanh(x @ Wx + h @ Wh + b)", "h = tf.tanh(x @ Wx + h @ Wh + b)\n    return h @ Wh", "The new state has gone through Wh once more. "
     "That happens in the next step."),
    ("return ", "return h, ", "This is the old state together with the new one. Return the new one alone."),
), hints=[
    "Two weighted sums, one of the input and one of the state before. Lab 2 wrote one of them with `@`.",
    "Add both sums and the bias; then bend the result once, with `tf.tanh`.",
], also_right=[
    rnn_step, step("tf.tanh", "np.tanh"), step("x @ Wx + h @ Wh + b", "tf.concat([x, h], 1) @ tf.concat([Wx, Wh], 0) + b"),
    lambda x, h, Wx, Wh, b: 2 * keras.ops.sigmoid(2 * (keras.ops.matmul(h, Wh) + keras.ops.matmul(x, Wx) + b)) - 1,
    lambda x, h, Wx, Wh, b: [[np.tanh(sum(a * w for a, w in zip(row, Wx[:, j], strict=True)) + state @ Wh[:, j] + b[j])
                              for j in range(len(b))] for row, state in zip(np.asarray(x, float), h, strict=True)],
])

# --- 13.2 -------------------------------------------------------------------------------------------------------------
def sequences(rng):
    """The example of the text, all states and the last; as many examples as steps; one step; one example; features as units."""
    echo = tuple(np.array(values, np.float32) for values in ([[[1], [0], [0]]], [[1]], [[0.5]], [0]))
    yield *echo, True
    yield *echo, False
    for n, T, m, units in ((3, 3, 2, 2), (4, 3, 2, 3), (3, 1, 1, 2), (1, 5, 3, 3)):
        for all_states in (True, False):
            yield *drawn(rng, (n, T, m), (m, units), (units, units), (units,)), all_states

def keras_rnn(X, Wx, Wh, b, return_sequences=False):
    layer = keras.layers.SimpleRNN(Wh.shape[0], return_sequences=return_sequences)
    layer.build(X.shape)
    layer.set_weights([Wx, Wh, b])
    return layer(X)

def rnn(X, Wx, Wh, b, return_sequences=False):
    h = tf.zeros((X.shape[0], Wh.shape[0]))
    states = []
    for t in range(X.shape[1]):
        h = rnn_step(X[:, t], h, Wx, Wh, b)
        states.append(h)
    return tf.stack(states, axis=1) if return_sequences else h

unrolled = edits_of(rnn)
STEP, STACK, ZEROS = "rnn_step(X[:, t], h, Wx, Wh, b)", "tf.stack(states, axis=1)", "tf.zeros((X.shape[0], Wh.shape[0]))"
the_rnn = Exercise("13.2", "The unrolled network", right=keras_rnn, inputs=sequences, mistakes=edited(rnn,
    (STEP, "X[:, t] @ Wx + h @ Wh + b", "The tanh is missing, so the state is not that of the cell. Call your `rnn_step`."),
    ("t], h,", f"t], {ZEROS},", "Every step begins with a state of 0, so nothing is remembered. Hand the state of the step before to the next."),
    ("(X.shape[0],", "(X.shape[1],", "range(X.shape[1])", "range(X.shape[0])", "X[:, t]", "X[t]", "axis=1", "axis=0", "The loop runs over the "
     "examples, so that each begins with the state of the one before. The steps are the second axis of X."),
    (ZEROS, "tf.zeros((1, Wh.shape[0]))", "range(X.shape[1])", "range(X.shape[0] * X.shape[1])", "X[:, t]", "X[t // X.shape[1], t % X.shape[1]][None]",
     STACK, "tf.reshape(states, (X.shape[0], X.shape[1], -1))", "else h", "else tf.reshape(states, (X.shape[0], X.shape[1], -1))[:, -1]",
     "The state is carried from one example to the next. Each example begins with a state of 0."),
    ("range(X.shape[1])", "range(1, X.shape[1])", "states = []", f"states = []\n    t = 0\n    last = {STEP}", "else h", "else h if states else last",
     STACK, "tf.stack(states or [last], axis=1)", "The first input is left out. Python counts from 0."),
    ("range(X.shape[1])", "range(X.shape[1] - 1)", STACK, "tf.stack(states or [h], axis=1)", "The last input is left out: `range(T)` ends at "
     "T - 1 already."),
    (f"        h = {STEP}\n        states.append(h)", f"        states.append(h)\n        h = {STEP}", "Each state is kept before its step, so the "
     "list begins with 0 and the last state is missing. Keep it after the step."),
    ("states = []", "states = [h]", "The zeros before the first step are among the states: there are T states, one after each step."),
    ("else h", "else h[:, None]", "The last state has an axis for the steps, too. Without `return_sequences` its shape is (n, units)."),
    (STACK, "tf.stack(states[::-1], axis=1)", "The states are in reverse order. The first one is the state after the first step."),
    ("X[:, t]", "X[:, -1 - t]", "The sequence is read backward: the first step takes the first input."),
    ("X[:, t]", "X[:, 0]", "Every step takes the first input. Step t takes the inputs at t."),
    ("axis=1", "axis=0", "The steps are the first axis of the result. They belong to the second one, as in X."),
    ("axis=1", "axis=-1", "The steps are the last axis of the result. They belong to the second one, as in X."),
    ("tf.stack", "tf.concat", "`concat` puts the states side by side, in one long row. `stack` gives them an axis of their own."),
    (STACK, "tf.reshape(states, (X.shape[0], X.shape[1], Wh.shape[0]))", "`reshape` changes no order, so examples and steps are mixed up. `stack` can "
     "put the steps where they belong."),
    (f"{STACK} if return_sequences else h", f"h if return_sequences else {STACK}", "It is the other way round: with `return_sequences` all states are "
     "wanted, without it the last one."),
    (f"{STACK} if return_sequences else h", STACK, "It gives all states each time. Without `return_sequences` the last one is wanted."),
    (f"{STACK} if return_sequences else h", "h", "It gives the last state each time. With `return_sequences` all of them are wanted."),
    (f"return {STACK} if return_sequences else h", f"return {STACK} if return_sequences else states[0]", "Without `return_sequences` this is the "
     "first state. The last one is wanted, which has seen all inputs."),
    ("else h", "else tf.reduce_mean(states, axis=0)", "Without `return_sequences` this is the mean of the states. The last one is wanted."),
    ("else h", "else tf.reduce_sum(states, axis=0)", "Without `return_sequences` this is the sum of the states. The last one is wanted."),
    (f"h = {STEP}", f"h = h + {STEP}", "Each step adds to the state. The new state takes the place of the old one."),
    ("h = tf.zeros", "h = tf.ones", "The state begins with 1. It begins with 0: nothing has been heard yet."),
    (f"h = {STEP}", f"h = {STEP}\n        h = {STEP}", "Each input is taken twice. One step for each input."),
    ("h, Wx, Wh, b)", "h, Wx, Wh, 0 * b)", "The bias is left out. Hand it to every step."),
    ("states.append(h)", "states.append(h)\n        break", "Only one step is taken: the loop ends in its first round."),
    ("states.append(h)", "states = [h]", "The list holds one state. Make it before the loop, and append to it in the loop."),
), hints=[
    "In step t, all examples give their inputs at t: `X[:, t]`, shape (n, m). What else does `rnn_step` want?",
    "Keep what `rnn_step` returns under the name h: then the next step begins with it.",
    "The list holds T arrays of shape (n, units). `tf.stack(states, axis=…)` gives the steps an axis of their own.",
], also_right=[
    rnn, unrolled(STACK, "np.stack(states, 1)"), unrolled(ZEROS, "tf.zeros((1, Wh.shape[0]))"),
    unrolled(ZEROS, "0 * X[:, 0] @ Wx", "else h", "else states[-1]"),
    unrolled("    for t in range(X.shape[1]):\n", "    for inputs in tf.unstack(X, axis=1):\n", "X[:, t]", "inputs", STACK,
             "tf.transpose(states, (1, 0, 2))"),
    unrolled(ZEROS, "np.zeros((len(X), len(b)))", STEP, "np.tanh(X[:, t] @ Wx + h @ Wh + b)", STACK, "np.swapaxes(states, 0, 1)"),
], equivalent={
    "h = tf.zeros((X.shape[0], b.shape[0]))": "there is a bias for each unit",
    "h = tf.zeros((X.shape[0], Wh.shape[1]))": "Wh is square",
    "h = tf.zeros((X.shape[0], Wh.shape[-1]))": "Wh is square",
    "for t in range(X.shape[-2]):\n    h = rnn_step(X[:, t], h, Wx, Wh, b)\n    states.append(h)": "the second axis of three is the last but one",
    "return tf.stack(states, axis=-2) if return_sequences else h": "the second axis of three is the last but one",
})

# --- 13.3 -------------------------------------------------------------------------------------------------------------
def some_tunes(rng):
    """The example of the text; several tunes, one of them a single window long; windows of one token."""
    yield [np.arange(10, 16, dtype=np.int32)], 2
    for lengths, length in (((9, 5, 8), 4), ((6, 11), 3), ((4, 3), 1)):
        yield [rng.permutation(60)[:n].astype(np.int32) for n in lengths], length

def sliding_windows(tunes, length):
    """Every window, and of those each length-th, and the last."""
    pieces = [np.lib.stride_tricks.sliding_window_view(tune, length + 1) for tune in tunes]
    kept = np.concatenate([piece[[i for i in range(len(piece)) if i % length == 0 or i == len(piece) - 1]] for piece in pieces])
    return kept[:, :-1], kept[:, 1:]

LISTS = "The windows are in lists. The cells below need arrays: `np.array(X)` makes one of a list of windows."
FLOATS = "The tokens have become floats. They are numbers of places in the vocabulary, so leave their type as it is."

def cut_tunes(answer, tunes, length):
    """What an answer makes of tunes; both arrays in one are taken apart, as `X, y = …` does."""
    got = answer(tunes, length)
    got = tuple(got) if hasattr(got, "shape") and len(got.shape) == 3 and len(got) == 2 else got
    if isinstance(got, tuple) and len(got) == 2 and all(map(len, got)):
        if any(isinstance(each, list) for each in got):
            raise Advice(LISTS)
        if any(np.asarray(each).dtype.kind == "f" for each in got):
            raise Advice(FLOATS)
    return got

def windows(tunes, length):
    X, y = [], []
    for tune in tunes:
        last = len(tune) - length - 1
        for start in [*range(0, last, length), last]:
            X.append(tune[start:start + length])
            y.append(tune[start + 1:start + length + 1])
    return np.array(X), np.array(y)

cut = edits_of(windows)
IN_X, IN_Y, TUNES = "tune[start:start + length]", "tune[start + 1:start + length + 1]", "    for tune in tunes:\n"
STARTS = "[*range(0, last, length), last]"
the_windows = Exercise("13.3", "Windows", right=sliding_windows, inputs=some_tunes, observe=cut_tunes,
    outputs=("the inputs X", "the targets y"), mistakes=edited(windows,
    (IN_Y, IN_X, "The targets are the inputs themselves, so the network would learn to repeat. Each target is the token after its input."),
    (IN_X, IN_Y, IN_Y + ")\n    r", IN_X + ")\n    r", "They are exchanged: the targets come one token later than the inputs, and here they come "
     "earlier."),
    ("[start + 1:start + length + 1]", "[start + length:start + 2 * length]", "tune[start + length:", "np.pad(tune, (0, length))[start + length:",
     "The targets are the next window. Each target is the very next token, so the windows overlap in all tokens but one."),
    (IN_Y, "tune[start + length]", "There is one target for a whole window. Each of its tokens has a target: the one that follows."),
    (IN_Y, f"np.roll({IN_X}, -1)", "The last target of a window is its first input: `np.roll` moves it there. Take the token that really follows."),
    (IN_Y, "np.append(tune[start + 1:start + length], 0)", "The last target of each window is 0. Take the token that follows in the tune."),
    ("start + 1:start + length + 1", "start + 1:start + length", "The last target is missing: a slice in Python stops before its end."),
    ("[start:start + length]", "[start:start + length + 1]", "The inputs are one token too long. A slice from a to b has b - a tokens."),
    ("[start:start + length]", "[start:start + length - 1]", "The inputs are one token too short. A slice from a to b has b - a tokens."),
    ("start + 1:start + length + 1", "start + 2:start + length + 2", IN_Y.replace("1", "2"), "np.append(tune, 0)[start + 2:start + length + 2]",
     "The targets come two tokens later. Move them by one."),
    (TUNES, "    for tune in [np.concatenate(tunes)]:\n", "The tunes are joined, so that windows reach from one tune into the next. Cut each by "
     "itself."),
    ("[start:start + length]", "[:length]", "Every window of X is the first one of its tune. It begins at `start`."),
    (STARTS, "range(last + 1)", "The windows begin at every token. Begin them where the loop says, one length apart."),
    (STARTS, "range(0, last + 1, length)", "The last window of a tune is left out where the length does not divide it, and with it the tune's end."),
    (STARTS, "range(0, last, length)", "The last window of each tune is left out, and with it the tune's end."),
    (STARTS, "[last]", "Only the last window of each tune is there. The loop goes over all their starts."),
    ("start + 1:start + length + 1]", "start + 1:start + length + 1][::-1]", "The targets are in reverse order. Target t is what follows input t."),
    ("return np.array(X), np.array(y)", "return np.concatenate(X), np.concatenate(y)", "The windows are joined into one long row. Each is a row of "
     "its own."),
    ("return np.array(X), np.array(y)", "return np.array(X).T, np.array(y).T", "Rows and columns are exchanged: each window is a row."),
    ("return np.array(X), np.array(y)", "return X, y", LISTS),
    ("return np.array(X), np.array(y)", "return np.array(X, float), np.array(y, float)", FLOATS),
    (f"y.append({IN_Y})", f"X.append({IN_Y})", "Both lines append to X, so y stays empty. The targets belong into y."),
    (TUNES, "    for tune in tunes[:1]:\n", "Only the first tune is cut. Go through all of them; the `return` comes after the loops."),
), hints=[
    "A window of X begins at `start` and has `length` tokens: write it as a slice of the tune.",
    "The window of y is the same slice, with both ends one token further.",
], also_right=[
    windows, cut("np.array(X), np.array(y)", "tf.constant(X), tf.constant(y)"),
    cut("return np.array(X), np.array(y)", "return np.array([X, y])"),
    cut(IN_Y, "tune[1:][start:start + length]"), cut(IN_X, "[tune[start + t] for t in range(length)]"),
    lambda tunes, length: tuple(np.moveaxis([(tune[start:start + length], tune[start + 1:][:length]) for tune in tunes for start in
                                       sorted({*range(0, len(tune) - length, length), len(tune) - length - 1})], 1, 0)),
])

# --- 13.4 -------------------------------------------------------------------------------------------------------------
def states_over_time(rng):
    """The example of the text; two steps, of which the order counts; many steps; a single unit."""
    yield np.array([[0, 0.5]], np.float32), np.array([[0.5, 1], [0, 0.5]], np.float32)
    for T, units in ((2, 2), (3, 3), (6, 4), (4, 1)):
        yield rng.uniform(-0.8, 0.8, (T, units)).astype(np.float32), rng.normal(size=(units, units)).astype(np.float32)

def influence_by_tape(states, Wh):
    """Find the inputs that lead to these states, take the steps again in double precision, and ask the tape for each unit."""
    states, Wh = np.asarray(states, float), np.asarray(Wh, float)
    inputs = np.arctanh(states) - np.concatenate([0 * states[:1], states[:-1]]) @ Wh
    h_0 = h = tf.zeros((1, len(Wh)), tf.float64)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(h_0)
        for each in inputs:
            h = tf.tanh(each + h @ Wh)
        units = [h[0, j] for j in range(len(Wh))]
    return tf.stack([tape.gradient(unit, h_0)[0] for unit in units], axis=1)

def influence(states, Wh):
    J = tf.eye(Wh.shape[0])
    for h in states:
        J = J @ (Wh * (1 - h ** 2))
    return J

chain = edits_of(influence)
FACTOR = "(Wh * (1 - h ** 2))"
the_influence = Exercise("13.4", "What is left of the start", right=influence_by_tape, inputs=states_over_time, atol=1e-4, mistakes=edited(influence,
    (f"J @ {FACTOR}", f"{FACTOR} @ J", "The factors are in reverse order. A state is a row, so the first step stands at the left: each new factor "
     "comes on the right."),
    (" * (1 - h ** 2)", "", "The slope of tanh is missing: each column of Wh is multiplied by the slope at its unit."),
    ("Wh * (1 - h ** 2)", "Wh * (1 - h ** 2)[:, None]", "The slopes are multiplied to the rows of Wh. The slope of unit j belongs to column j, which "
     "leads to it."),
    ("Wh * (1 - h ** 2)", "np.transpose(Wh) * (1 - h ** 2)", "Wh is transposed. Row i of Wh tells what unit i of the state before gives to each "
     "unit."),
    ("(1 - h ** 2)", "(1 - h)", "The slope of tanh is not 1 - h. Lab 1 wrote it with the square of the tanh."),
    ("(1 - h ** 2)", "(1 + h ** 2)", "The slope of tanh is at most 1; this one is at least 1. Which sign has the square?"),
    ("(1 - h ** 2)", "h * (1 - h)", "This is the slope of the sigmoid. The cell has a tanh."),
    ("(1 - h ** 2)", "(1 - np.tanh(h) ** 2)", "The state is bent once more. It is a tanh already: its slope follows from the state itself."),
    ("(1 - h ** 2)", "h", "Wh is multiplied by the state. The chain rule wants the slope of tanh there."),
    ("(1 - h ** 2)", "h ** 2", "The 1 is missing: where the state is near 0, tanh is steepest, and its slope is 1."),
    (f"J @ {FACTOR}", f"J + {FACTOR}", "The steps are added up. By the chain rule they are multiplied."),
    (f"J @ {FACTOR}", f"J * {FACTOR}", "The entries are multiplied one by one. Here it is a product of matrices: each unit hears all units before."),
    (f"J @ {FACTOR}", FACTOR[1:-1], "Only the last step counts. Multiply the factors of all steps."),
    ("in states", "in states[:1]", "Only the first step counts. Multiply the factors of all steps."),
    ("in states", "in states[:-1]", "The last step is left out. Each state has its factor."),
    ("in states", "in states[1:]", "The first step is left out: from h_0 to h_1 is a step, too."),
    ("Wh * ", "", "A matrix product takes two matrices here, and one of the two is a row of numbers. The factor of a step is a matrix: each "
     "column of Wh, times the slope at its unit."),
    ("return J", "return np.transpose(J)", "Rows and columns are exchanged: the row is the unit of the first state."),
    ("return J", "return tf.norm(J)", "This is one number, the norm. Return the whole matrix: the picture takes the norm."),
    ("eye(Wh.shape[0])", "zeros(Wh.shape)", "It begins with zeros, and 0 times anything is 0. Before the first step, each unit is itself: 1 on the "
     "diagonal."),
    ("eye(Wh.shape[0])", "ones(Wh.shape)", "It begins with a matrix full of 1. Before the first step, each unit is itself: 1 on the diagonal, 0 "
     "elsewhere."),
), hints=[
    "One step gives one factor. Which entry of it tells how unit j changes with unit i of the state before?",
    "The factor is Wh, each column multiplied by the slope of tanh at its unit. `Wh * slopes` does that: a row of slopes meets each column.",
    "The slope is 1 - tanh², and the state is the tanh. Multiply the factors with `@`, from left to right.",
], also_right=[
    influence, chain("Wh * (1 - h ** 2)", "Wh @ tf.linalg.diag(1 - h ** 2)"), chain(FACTOR, "Wh * (1 - h ** 2)"),
    chain("tf.eye", "np.eye"), chain("J @ (Wh * (1 - h ** 2))", "J @ Wh - J @ Wh * h * h"),
    lambda states, Wh: np.linalg.multi_dot([np.eye(len(Wh)), np.eye(len(Wh)), *(Wh - np.square(h) * Wh for h in np.asarray(states, float))]),
], equivalent={
    "J = tf.eye(Wh.shape[1])": "Wh is square",
    "J = tf.eye(Wh.shape[-1])": "Wh is square",
})

# --- 13.5 -------------------------------------------------------------------------------------------------------------
def some_gradients(rng):
    """The example of the text; gradients that stay; a list of different shapes; one alone; one far longer than the others."""
    yield [np.array([3], np.float32), np.array([4], np.float32)], 1.0
    yield list(drawn(rng, (2, 3), (3,), scale=0.1)), 5.0
    yield list(drawn(rng, (2, 3), (3,), (3, 1), scale=3)), float(rng.uniform(0.5, 2))
    yield list(drawn(rng, (4, 2), scale=2)), 0.5
    yield [np.float32([[20, -10]]), *drawn(rng, (2,), scale=0.2)], 2.0

def clipped(answer, gradients, max_norm):
    """What an answer makes of the gradients, in one row."""
    got = answer(gradients, max_norm)
    if isinstance(got, (list, tuple)) and len(got) == 2 and isinstance(got[0], (list, tuple)) and len(got[0]) == len(gradients):
        raise Advice("It gives the clipped gradients and the norm. Return the gradients alone.")
    if not isinstance(got, (list, tuple)) or len(got) != len(gradients):
        raise Advice(arrays.no_numbers(got) or "Return a list with one gradient for each that comes in, in the same order.")
    pieces = [require.numbers(each, np.shape(gradient), "One of the gradients has") for each, gradient in zip(got, gradients, strict=True)]
    return np.concatenate([piece.ravel() for piece in pieces])

def clip_by_hand(gradients, max_norm):
    """Join all numbers, measure, and cut apart again."""
    row = np.concatenate([np.ravel(gradient) for gradient in gradients]).astype(np.float64)
    length = np.linalg.norm(row)
    row = row * max_norm / length if length > max_norm else row
    ends = np.cumsum([np.size(gradient) for gradient in gradients])
    return [piece.reshape(np.shape(gradient)) for piece, gradient in zip(np.split(row, ends[:-1]), gradients, strict=True)]

def clip(gradients, max_norm):
    norm = tf.sqrt(sum(tf.reduce_sum(g ** 2) for g in gradients))
    scale = tf.minimum(1.0, max_norm / norm)
    return [g * scale for g in gradients]

shorten = edits_of(clip)
NORM, SCALE = "tf.sqrt(sum(tf.reduce_sum(g ** 2) for g in gradients))", "tf.minimum(1.0, max_norm / norm)"
the_clipping = Exercise("13.5", "Clipping", right=clip_by_hand, inputs=some_gradients, observe=clipped, mistakes=edited(clip,
    ("[g * scale for", "[tf.clip_by_value(g, -max_norm, max_norm) for", "Each number is cut off by itself, which turns the step into another "
     "direction. Multiply all of them by the same number."),
    ("[g * scale for", "[tf.clip_by_norm(g, max_norm) for", "Each gradient is shortened by its own norm, so the step turns into another direction. "
     "All have one norm in common."),
    (SCALE, "max_norm / norm", "Short gradients are made longer. Only those with too large a norm change."),
    (SCALE, "tf.maximum(1.0, max_norm / norm)", "Short gradients are made longer, and long ones stay. It is the other way round."),
    (NORM, NORM[8:-1], "The root is missing: this is the square of the norm."),
    (NORM, "sum(tf.norm(g) for g in gradients)", "The norms of the gradients are added up. Add up the squares of all numbers, and take the root at "
     "the end."),
    (NORM, "max(tf.norm(g) for g in gradients)", "The norm is that of the longest gradient. It is the length of all of them together."),
    (NORM, "tf.norm(gradients[0])", "The norm is that of the first gradient alone. It is the length of all of them together."),
    (NORM, "tf.sqrt(sum(tf.reduce_mean(g ** 2) for g in gradients))", "The squares are averaged. The length is the root of their sum."),
    (NORM, "sum(tf.reduce_sum(abs(g)) for g in gradients)", "The absolute values are added up. The length is the root of the sum of the squares."),
    (NORM, "max(tf.reduce_max(abs(g)) for g in gradients)", "The largest number stands for the norm. The length is the root of the sum of all "
     "squares."),
    ("max_norm / norm)", "norm / max_norm)", "The fraction is upside down: the longer the gradients, the smaller is the number to multiply by."),
    ("max_norm / norm)", "1 / norm)", "The gradients get the length 1. They should get the length `max_norm`."),
    (SCALE, "1.0 if norm <= max_norm else max_norm", "Long gradients are multiplied by `max_norm`. Divide by their norm as well: then that is their "
     "length."),
    (SCALE, "1.0 if norm <= max_norm else 0.0", "Long gradients become 0, so that no step is taken. Make them shorter, and keep their direction."),
    ("[g * scale for", "[g / norm for", "All gradients get the length 1, whatever `max_norm` is, and short ones become longer."),
    ("[g * scale for", "[tf.minimum(g, max_norm) for", "Numbers above `max_norm` are cut off, which turns the step into another direction. Multiply "
     "all of them by the same number."),
    (NORM, "tf.sqrt(sum(tf.reduce_sum(g) ** 2 for g in gradients))", "The numbers are added up before they are squared, so that signs cancel. Square "
     "each number first."),
    (SCALE, "1.0", "Nothing is clipped. Gradients with a norm above `max_norm` have to become shorter."),
    ("[g * scale for g in gradients]", "[g - (norm - max_norm) if norm > max_norm else g for g in gradients]", "A number is subtracted from every "
     "entry, which turns the step. To change the length alone, multiply."),
    ("g * scale", "g * scale ** 2", "They are shortened twice. Multiply once."),
    ("g * scale for", "-g * scale for", "The sign is turned. The optimizer goes against the gradient by itself."),
    ("return [g * scale for g in gradients]", "return [gradients[0] * scale, *gradients[1:]]", "Only the first gradient is shortened. Multiply all "
     "of them."),
), hints=[
    "The length of all gradients together: square each number, add up all squares, and take the root.",
    "By which number do you multiply a vector of length 5, so that its length becomes 1? And one that is short enough already?",
    "`tf.minimum(1.0, …)` keeps the number from being larger than 1.",
], also_right=[
    clip, lambda gradients, max_norm: tf.clip_by_global_norm(gradients, max_norm)[0],
    shorten(SCALE, "max_norm / norm if norm > max_norm else 1"), shorten(NORM, "tf.norm(tf.concat([tf.reshape(g, [-1]) for g in gradients], 0))"),
    shorten(NORM, "tf.norm([tf.norm(g) for g in gradients])"),
    shorten(NORM, "np.sqrt(sum(float(np.sum(np.square(g, dtype=float))) for g in gradients))", SCALE, "max_norm / max(norm, max_norm)"),
], equivalent={
    "scale = tf.minimum(max_norm / norm, 1.0)": "the order does not matter",
})

# --- 13.6 -------------------------------------------------------------------------------------------------------------
def lstm_steps(rng):
    """The example of the text; as many features as units; one example; more features than units; large numbers."""
    zeros = np.zeros((1, 4), np.float32)
    yield tuple(np.array(values, np.float32) for values in ([[1]], [[0]], [[2]], zeros, zeros, [0, 0, 1, 0]))
    for (n, m, units), scale in zip(((3, 3, 3), (1, 2, 4), (5, 4, 2), (2, 12, 3)), (0.7, 0.7, 1.5, 1), strict=True):
        yield drawn(rng, (n, m), (n, units), (n, units), (m, 4 * units), (units, 4 * units), (4 * units,), scale=scale)

NO_WAY_BACK = ("No gradient finds its way back to `h` and `c`: NumPy comes between, or `.numpy()`, or a constant. Use functions of `tf` or `keras.ops` on what "
               "comes in.")

def with_gradients(answer, x, h, c, Wx, Wh, b):
    """The new state and memory, and what training takes back through them: the gradients of their sum by the old ones."""
    h, c = tf.constant(h), tf.constant(c)
    with tf.GradientTape() as tape:
        tape.watch([h, c])
        got = answer(x, h, c, Wx, Wh, b)
        if got is None or not isinstance(got, (tuple, list)) or len(got) != 2:
            raise Advice(arrays.no_numbers(got) if got is None else "It should return the state h and the memory c, in this order and nothing else.")
        total = sum(tf.reduce_sum(tf.cast(each, tf.float64)) for each in got if tf.is_tensor(each))
    gradients = tape.gradient(total, [h, c]) if tf.is_tensor(total) else [None]
    if all(each is None for each in gradients):
        raise Advice(NO_WAY_BACK)
    return *got, *(np.zeros(each.shape) if gradient is None else gradient for gradient, each in zip(gradients, (h, c), strict=True))

def lost_on_the_way(got, expected, x, h, *others):
    """That only the gradients are wrong, where the state and the memory are right. A state of 0 tells nothing: what is added to it does not show."""
    if np.any(h) and all(np.shape(a) == np.shape(b) and np.allclose(a, b, atol=1e-4) for a, b in zip(got[:2], expected[:2], strict=True)):
        return ("The state and the memory are right, and a part of the gradient is lost on its way back to `h` and `c`: NumPy, `.numpy()` or a "
                "constant comes between. Use functions of `tf` or `keras.ops` throughout.")
    return None

def keras_lstm_step(x, h, c, Wx, Wh, b):
    cell = keras.layers.LSTMCell(Wh.shape[0])
    cell.build((None, Wx.shape[0]))
    cell.set_weights([Wx, Wh, b])
    return tuple(cell(x, [h, c])[1])

def lstm_step(x, h, c, Wx, Wh, b):
    z = x @ Wx + h @ Wh + b
    i, f, g, o = tf.split(z, 4, axis=1)
    c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
    h = tf.sigmoid(o) * tf.tanh(c)
    return h, c

gated = edits_of(lstm_step)
OLD, NEW, OUT = "tf.sigmoid(f) * c", "tf.sigmoid(i) * tf.tanh(g)", "tf.sigmoid(o) * tf.tanh(c)"
the_lstm = Exercise("13.6", "The LSTM step", right=keras_lstm_step, inputs=lstm_steps, observe=with_gradients, explain=lost_on_the_way,
    outputs=("the state h", "the memory c", "the gradient by the state before", "the gradient by the memory before"),
    mistakes=edited(lstm_step,
    ("i, f, g, o", "f, i, g, o", "Input and forget gate are exchanged. The four parts of z come in the order i, f, g, o."),
    ("i, f, g, o", "i, f, o, g", "g and o are exchanged. The four parts of z come in the order i, f, g, o."),
    ("i, f, g, o", "f, i, o, g", "The parts of z are taken in another order. They come as i, f, g, o."),
    ("i, f, g, o", "g, i, f, o", "The first part of z is taken for the new content. The parts come as i, f, g, o."),
    (OLD, "f * c", NEW, "i * tf.tanh(g)", OUT, "o * tf.tanh(c)", "The gates have no sigmoid. A gate is σ of its part of z, a number between 0 and 1."),
    (OLD, "tf.tanh(f) * c", NEW, "tf.tanh(i) * tf.tanh(g)", OUT, "tf.tanh(o) * tf.tanh(c)", "The gates go through tanh, which can be negative. A gate is a "
     "share from 0 to 1: take the sigmoid."),
    (OLD, "tf.nn.softmax(f) * c", NEW, "tf.nn.softmax(i) * tf.tanh(g)", OUT, "tf.nn.softmax(o) * tf.tanh(c)", "The gates go through softmax, so that units "
     "share one out among them. Each gate is open or closed for itself: take the sigmoid."),
    (OLD, "c", "The forget gate has no effect: the old memory stays as it is. Multiply it by σ(f)."),
    (f"{OLD} + ", "", "The old memory is lost in every step. Keep the share of it that the forget gate lets through."),
    (OLD, "tf.sigmoid(f) * h", "The forget gate multiplies the state h. What it keeps or forgets is the memory c."),
    (OLD, "(1 - tf.sigmoid(f)) * c", "The forget gate works the wrong way round. In spite of its name, 1 means that everything is kept."),
    (OLD, "tf.sigmoid(f)", "The forget gate is added to the memory. Multiply the old memory by it."),
    (OLD, "(1 - tf.sigmoid(i)) * c", "The old memory is weighted by 1 - σ(i). The LSTM has a gate of its own for that: f."),
    (OLD, "tf.tanh(f) * c", "The forget gate has a tanh. A gate is a share between 0 and 1, and the sigmoid gives that."),
    ("tf.sigmoid(i)", "tf.tanh(i)", "The input gate has a tanh. A gate is a share between 0 and 1, and the sigmoid gives that."),
    ("tf.sigmoid(o)", "tf.tanh(o)", "The output gate has a tanh. A gate is a share between 0 and 1, and the sigmoid gives that."),
    (f"{OLD} + {NEW}", "f * c + i * tf.tanh(g)", "The gates have no sigmoid, so they are no shares between 0 and 1."),
    (f"{OLD} + {NEW}", "f * c + i * g", OUT, "o * tf.tanh(c)", "The parts of z are used as they are. The gates take a sigmoid, and the content a "
     "tanh."),
    (NEW, "(1 - tf.sigmoid(f)) * tf.tanh(g)", "The new content is weighted by 1 - σ(f). The LSTM has a gate of its own for that: i."),
    (f"{OLD} + {NEW}", "tf.sigmoid(f) * (c + tf.sigmoid(i) * tf.tanh(g))", "The forget gate multiplies the new content, too. It multiplies the old "
     "memory alone."),
    ("tf.tanh(g)", "tf.sigmoid(g)", "The new content g has a sigmoid, so the memory could only grow. It takes tanh, which has both signs."),
    ("tf.tanh(g)", "g", "The new content has no tanh: g can be any number there."),
    (NEW, "tf.tanh(g)", "The input gate has no effect. It decides how much of the new content is written."),
    (NEW, "tf.sigmoid(i)", "The input gate alone is added to the memory. It multiplies the new content, the tanh of g."),
    (f" + {NEW}", "", "Nothing new is written to the memory. Add the new content, as far as the input gate lets it in."),
    (f"{OLD} + ", f"{OLD} * ", "The old and the new memory are multiplied. Add them: that is why gradients survive many steps."),
    (f"c = {OLD} + {NEW}", f"c = tf.tanh({OLD} + {NEW})", "The memory itself is squashed by tanh, so it fades in each step. Only a copy is "
     "squashed, for h."),
    (OUT, "tf.sigmoid(o) * c", "The tanh of the memory is missing in h: the memory can be larger than 1."),
    (OUT, "tf.tanh(c)", "The output gate has no effect. It decides how much of the memory is shown."),
    (OUT, "tf.sigmoid(o) * tf.sigmoid(c)", "The memory goes through a sigmoid on its way to h. It takes tanh."),
    (OUT, "tf.sigmoid(o) * h", "The new state is made of the old state. It shows the memory c, as far as the output gate lets it."),
    (OUT, "tf.tanh(tf.sigmoid(o) * c)", "The tanh comes too late: squash the memory first, then multiply by the gate."),
    (f"    c = {OLD} + {NEW}\n    h = {OUT}\n", f"    h = {OUT}\n    c = {OLD} + {NEW}\n", "The state h is made of the old memory. Update c first."),
    ("return h, c", "return c, h", "They are exchanged: the state h comes first, and then the memory c."),
    (" + b", "", "The bias is missing in z."),
    ("x @ Wx + h @ Wh", "x @ Wx", "The state before has no effect on the gates. Add its product with Wh to z."),
    ("x @ Wx + h @ Wh", "x @ Wx + c @ Wh", "The gates look at the memory c. They look at the input and at the state h."),
    ("x @ Wx + h @ Wh", "h @ Wh", "The input has no effect. Add its product with Wx to z."),
    ("axis=1", "axis=0", "z is cut along the examples. Its four parts lie side by side, along the second axis."),
    ("i, f, g, o = tf.split(z, 4, axis=1)", "i, f, g, o = (z[:, k::4] for k in range(4))", "Every fourth column is taken. The parts lie side by "
     "side: the first quarter of the columns is i."),
), hints=[
    "`tf.split(z, 4, axis=1)` cuts z into i, f, g and o. The gates i, f and o go through the sigmoid, and g through tanh.",
    "First the memory: the share σ(f) of the old one, and the share σ(i) of the new content, added.",
    "Then the state: the share σ(o) of the tanh of the new memory.",
], also_right=[
    lstm_step, gated("tf.split(z, 4, axis=1)", "tf.unstack(tf.reshape(z, (len(z), 4, -1)), axis=1)"),
    gated("axis=1", "axis=-1", "tf.sigmoid(o)", "keras.ops.sigmoid(o)"),
    gated("i, f, g, o = tf.split(z, 4, axis=1)", "u = h.shape[1]\n    i, f, g, o = z[:, :u], z[:, u:2 * u], z[:, 2 * u:3 * u], z[:, 3 * u:]"),
    gated("tf.sigmoid(f)", "1 / (1 + tf.exp(-f))", "tf.sigmoid(i)", "(1 + tf.tanh(i / 2)) / 2", "return h, c", "return [h, c]"),
    gated("x @ Wx + h @ Wh + b", "tf.concat([x, h], axis=1) @ tf.concat([Wx, Wh], axis=0) + b"),
])

# --- 13.7 -------------------------------------------------------------------------------------------------------------
CALLS, ROWS = 10, 180  # rows of each kind in a call
ALPHA = 1e-9  # how often one share of a right answer may be off by more than allowed; a check looks at 18 of them

def logits_and_temperatures(rng):
    """Logits of two kinds of rows, for three temperatures: cold, as they are, hot. All are judged together."""
    cases = []
    for temperature in (0.5, 1.0, 2.5):
        first = np.array([4.0, 2.0, 0.0]) + rng.uniform(-0.1, 0.1, 3)
        cases.append((np.stack([first, np.roll(first, int(rng.integers(1, 3)))]).astype(np.float32), temperature))
    return [(cases,)]

def off_by(p, n):
    """How far the share of n independent events with probability p may be from p, but for a probability of ALPHA (Bernstein's inequality)."""
    term = np.log(2 / ALPHA) / n
    return term / 3 + np.sqrt((term / 3) ** 2 + 2 * p * (1 - p) * term) + 1e-3

def softmax(z):
    exponentials = np.exp(z - z.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)

def shares(tokens, kinds, classes):
    """How often each token was drawn, for both kinds of rows."""
    return np.array([np.bincount(tokens[:, kinds == kind].ravel(), minlength=classes) for kind in (0, 1)]) / (CALLS * ROWS)

def like(seen, p):
    """Whether shares are those of the probabilities p, as far as chance allows."""
    return bool(np.all(np.abs(seen - p) <= off_by(p, CALLS * ROWS)))

ONE_ROW = "For a single row of logits it gives a number without an axis. Its shape should be (1,): take the column out by an index, not by a squeeze."

def tokens_of(answer, logits, temperature):
    """One call: a token for each row, or what is wrong with its form."""
    given = answer(logits, temperature)
    tokens = require.numbers(given)
    n, classes = logits.shape
    if n == 1 and tokens.shape == ():
        raise Advice(ONE_ROW)
    if tokens.size == 1 < n:
        return Draws.ONE_TOKEN
    if tokens.shape == (n, 1):
        return Draws.COLUMN
    if tokens.shape == (n, classes):
        return Draws.NO_DRAW
    if tokens.shape != (n,):
        raise Advice(f"It gives shape {tokens.shape} for {n} rows of logits; expected ({n},): one token for each row.")
    if np.asarray(given).dtype.kind == "f":
        return Draws.NO_TOKENS
    return Draws.OUTSIDE if tokens.min() < 0 or tokens.max() >= classes else tokens.astype(int)

def draw_tokens(answer, cases):
    """Draw several times for many rows of two kinds, at each temperature, and compare how often each token comes with its probability."""
    drawn, kinds = [], np.arange(2 * ROWS) % 2
    for logits, temperature in cases:
        calls = []
        for _ in range(CALLS):
            calls.append(tokens_of(answer, logits[kinds], temperature))
            if not isinstance(calls[-1], np.ndarray):
                return calls[-1]
        drawn.append(np.array(calls))
    one_row = tokens_of(answer, cases[0][0][:1], 1.0)
    return found_in(drawn, kinds, cases) if isinstance(one_row, np.ndarray) else one_row

def found_in(drawn, kinds, cases):
    """What is wrong with what was drawn, or FINE."""
    def always(true):
        return all(true(tokens, logits) for tokens, (logits, _) in zip(drawn, cases, strict=True))
    if always(lambda tokens, logits: (tokens == logits.argmax(axis=1)[kinds]).all()):
        return Draws.ARGMAX
    if always(lambda tokens, logits: (tokens == logits.argmin(axis=1)[kinds]).all()):
        return Draws.ARGMIN
    if always(lambda tokens, logits: (tokens == tokens[:1]).all()):
        return Draws.SAME
    if always(lambda tokens, logits: all((tokens[:, kinds == kind] == tokens[:, kinds == kind][:, :1]).all() for kind in (0, 1))):
        return Draws.ONE_DRAW
    seen = [shares(tokens, kinds, logits.shape[1]) for tokens, (logits, _) in zip(drawn, cases, strict=True)]
    for same in zip(*(meanings(*case) for case in cases), strict=True):
        if all(like(each, p) for each, (_, p) in zip(seen, same, strict=True)):
            return same[0][0]
    return Draws.OTHER

def meanings(logits, temperature):
    """What is right to draw with, and what a wrong answer may draw with."""
    right = softmax(logits / temperature)
    yield FINE, right
    yield Draws.NO_TEMPERATURE, softmax(logits)
    yield Draws.MULTIPLIED, softmax(logits * temperature)
    yield Draws.TWICE, softmax(right)
    yield Draws.PROBABILITIES, softmax(softmax(logits) / temperature)
    yield Draws.UNIFORM, np.full(logits.shape, 1 / logits.shape[1])
    yield Draws.NEGATIVE, softmax(-logits / temperature)
    yield Draws.FIRST_ROW, right[[0, 0]]
    yield Draws.FIRST_ROW, right[[1, 1]]
    yield Draws.MEAN_ROW, softmax(np.broadcast_to(logits.mean(axis=0), logits.shape) / temperature)
    yield Draws.OVER_ROWS, right.mean(axis=0)[None].repeat(2, axis=0)
    yield Draws.SHIFTED, np.roll(right, 1, axis=1)
    yield Draws.SHIFTED, np.roll(right, -1, axis=1)

def gumbel(logits, temperature):
    """Draw by the Gumbel trick: the largest of the logits, each with noise of Gumbel's distribution added."""
    noise = np.random.default_rng().gumbel(size=np.shape(logits))
    return np.argmax(np.asarray(logits) / temperature + noise, axis=-1)

def sample(logits, temperature):
    return tf.random.categorical(logits / temperature, 1)[:, 0]

def in_turn(logits, temperature):
    """Draw row by row, as NumPy does."""
    rng = np.random.default_rng()
    tokens = []
    for row in np.asarray(logits, float):
        p = np.exp((row - row.max()) / temperature)
        tokens.append(rng.choice(len(row), p=p / p.sum()))
    return tokens

draw = edits_of(sample)
CATEGORICAL = "tf.random.categorical(logits / temperature, 1)[:, 0]"
Draws, mistakes_of_sampling = findings_of(sample,
    ("ARGMAX", CATEGORICAL, "tf.argmax(logits, axis=1)", "The most probable token comes each time, so every tune would be the same. Draw one by "
     "chance: the more probable, the more often."),
    ("ARGMIN", CATEGORICAL, "tf.argmin(logits, axis=1)", "The least probable token comes each time. Draw one by chance: the more probable, the more "
     "often."),
    ("NO_TEMPERATURE", "logits / temperature", "logits", "The temperature has no effect. Divide the logits by it; to add or subtract it changes "
     "nothing."),
    ("MULTIPLIED", "/", "*", "The logits are multiplied by the temperature, so heat makes it more careful. Divide by it."),
    ("TWICE", "logits / temperature", "tf.nn.softmax(logits / temperature)", "The softmax is taken twice: `categorical` takes logits, and makes its "
     "own probabilities of them."),
    ("PROBABILITIES", "logits / temperature", "tf.nn.softmax(logits) / temperature", "Probabilities are divided by the temperature, and taken for "
     "logits. Divide the logits, and hand them to `categorical` as they are."),
    ("NEGATIVE", "logits /", "-logits /", "The sign is turned: what is probable comes rarely."),
    ("UNIFORM", "logits /", "0 * logits /", "All tokens come equally often, so the logits have no effect."),
    ("SAME", CATEGORICAL, "tf.random.stateless_categorical(logits / temperature, 1, seed=(1, 2))[:, 0]", "Every call draws the same tokens: the "
     "seed is set anew each time. Set it outside, once."),
    ("ONE_DRAW", CATEGORICAL, "tf.gather(tf.random.categorical(logits[:2] / temperature, 1)[:, 0], np.arange(len(logits)) % 2)", "Equal rows get "
     "equal tokens: there is one draw for all of them. Each row draws for itself."),
    ("ONE_TOKEN", "[:, 0]", "[0, 0]", "It gives one token. Every row of logits gets its own, so n rows give n tokens."),
    ("COLUMN", "[:, 0]", "", "It gives a column, shape (n, 1). Take its numbers out, so that there are n of them."),
    ("NO_DRAW", CATEGORICAL, "tf.nn.softmax(logits / temperature)", "It gives a number for each token, shape (n, tokens). Draw one token for each row, and "
     "return its number."),
    ("NO_TOKENS", "[:, 0]", "[:, 0] / 2", "It gives floats. A token is the number of a place in its row: give integers."),
    ("OUTSIDE", "[:, 0]", "[:, 0] + 1", "Some tokens are no places in their row: they count from 0."),
    ("FIRST_ROW", "logits / temperature", "tf.repeat(logits[:1], len(logits), axis=0) / temperature", "All rows draw with the logits of one row. "
     "Each has its own."),
    ("MEAN_ROW", "logits / temperature", "tf.ones_like(logits) * tf.reduce_mean(logits, axis=0) / temperature", "All rows draw with the mean of the "
     "logits. Each row has its own."),
    ("OVER_ROWS", "[:, 0]", "[:, 0].numpy()[np.random.permutation(len(logits))]", "The tokens do not belong to their rows: each row draws with its own "
     "logits, and gives its token in its own place."),
    ("SHIFTED", "tf.random.categorical(logits", "(1 + tf.random.categorical(logits", "1)[:, 0]", "1)[:, 0]) % logits.shape[1]", "The tokens are "
     "off by one place: they count from 0, as places in Python do."),
    ("OTHER", "logits / temperature", "logits / temperature ** 2", "The tokens come with other probabilities than the softmax of the logits, "
     "divided by the temperature. Either the division is another one, or something else happens to the logits or the probabilities."),
)
the_sampling = Exercise("13.7", "Sampling", right=gumbel, inputs=logits_and_temperatures, observe=draw_tokens, mistakes=mistakes_of_sampling, hints=[
    "Divide the logits by the temperature. A low temperature then pulls them apart, and a high one brings them together.",
    "`tf.random.categorical(logits, 1)` draws one token for each row, shape (n, 1). It takes logits, no probabilities.",
], also_right=[sample, in_turn, draw("tf.random", "keras.random"), draw("logits / temperature", "tf.nn.log_softmax(logits / temperature)"),
               draw("1)[:, 0]", "2)[:, 1]")],
    equivalent={
    "return tf.random.categorical(logits / temperature, 2)[:, 0]": "the first of two draws is a draw",
    "return tf.random.categorical(logits / temperature, 1)[:, -1]": "the last of one is the first",
})

# --- 13.8 -------------------------------------------------------------------------------------------------------------
LENGTH, GOAL, BIGRAM = 64, 1.9, 2.32  # the loss to reach, and that of a bigram table

@cache
def held_out():
    """Windows of the held-out tunes, their targets, and how many tokens the vocabulary has."""
    _, val, vocabulary = datasets.tunes()
    return *sliding_windows(val, LENGTH), len(vocabulary)

def writes_music(model):
    """Whether the loss of a trained model on the held-out tunes is low enough."""
    model = model() if isinstance(model, partial) else model  # those of this table are made when they are asked for
    layers = [layer for layer in training.layers_of(require.model(model)) if layer.weights]
    if not model.built:
        raise Advice("The model has no weights yet, so it has not learned. Let `train_on_tunes` make it of your layers and train it, and keep the model "
                     "that it returns.")
    if any(isinstance(layer, keras.layers.Bidirectional) for layer in layers):
        return Writer.FUTURE
    tunes.require_weights_of_writer(model)
    X, y, tokens = held_out()
    if layers[0].input_dim < tokens:
        return Writer.FEW_ROWS.about(layers[0].input_dim)
    logits = np.asarray(model(X), np.float64)
    if logits.shape == (len(X), tokens):
        return Writer.LAST_ONLY
    if logits.shape != (*X.shape, tokens):
        return Writer.OUTPUTS.about(logits.shape[-1])
    if not np.isfinite(logits).all():
        return Writer.NAN
    if require.are_probabilities(logits) or layers[2].activation is not keras.activations.linear:
        return Writer.ACTIVATED
    other = X[:4].copy()
    other[:, -1] = (other[:, -1] + 1) % tokens
    if not np.allclose(model(other)[:, :-1], logits[:4, :-1], atol=1e-3):
        return Writer.FUTURE
    return how_good(logits, X, y, tokens)

def how_good(logits, X, y, tokens):
    """FINE where the loss reaches the goal; else what can be seen in the logits."""
    J = float(np.mean(loss_of(logits, y)))
    if J <= GOAL:
        return FINE
    guesses = logits.argmax(axis=-1)
    best = [(np.mean(guesses[:, 1:] == each), finding) for each, finding in
            ((X[:, 1:], Writer.COPIES), (X[:, :-1], Writer.BACKWARD), (y[:, 1:], None))]
    share, finding = max(best, key=lambda pair: pair[0])
    if finding and share > 0.5:
        return finding
    if np.log(tokens) - 0.1 < J:
        return Writer.UNTRAINED.about(f"{J:.2f}")
    if np.ptp(logits, axis=(0, 1)).max() < 0.01:
        return Writer.ALIKE.about(f"{J:.2f}")
    return (Writer.BELOW_BIGRAM if J > BIGRAM else Writer.NEARLY).about(f"{J:.2f}")

def loss_of(logits, y):
    """The cross entropy of each token."""
    top = logits.max(axis=-1)
    return top + np.log(np.exp(logits - top[..., None]).sum(axis=-1)) - np.take_along_axis(logits, y[..., None], axis=-1)[..., 0]

class Told(keras.layers.LSTM):
    """Stands in the place of an LSTM, and gives for each token what a function of all the tokens says."""

    def __init__(self, logits_of, units, **options):
        super().__init__(units, **{"return_sequences": True, **options})
        self.logits_of = logits_of

    def call(self, sequences, initial_state=None, mask=None, training=False):  # noqa: D102
        logits = tf.convert_to_tensor(self.logits_of(np.argmax(sequences, axis=-1)), tf.float32)
        return logits if self.return_sequences else logits[:, -1]

    def compute_output_spec(self, sequences, *args, **options):  # noqa: D102
        return keras.KerasTensor((*sequences.shape[:2], self.units) if self.return_sequences else (sequences.shape[0], self.units))

def told(logits_of, activation=None, outputs=None, rows=None, **options):
    """A model whose logits are told, in the form of those that are asked for."""
    tokens = held_out()[2]
    model = keras.Sequential([
        keras.Input((None,), dtype="int32"), keras.layers.Embedding(rows or tokens, tokens), Told(logits_of, tokens, **options),
        keras.layers.Dense(outputs or tokens, activation)])
    model.layers[0].set_weights([np.eye(tokens)[:rows]])
    model.layers[2].set_weights([np.eye(tokens)[:, :outputs], np.zeros(outputs or tokens)])
    return model

@cache
def continuations(k):
    """What follows each row of up to k tokens in the held-out windows, and how often."""
    X, y, _ = held_out()
    found = defaultdict(Counter)
    for row, targets in zip(X, y, strict=True):
        for t, target in enumerate(targets):
            found[row[max(0, t - k + 1):t + 1].tobytes()][target] += 1
    return found

def by_heart(k):
    """Logits of who knows what follows the last k tokens in the held-out tunes."""
    def logits_of(X):
        logits, found = np.full((*X.shape, held_out()[2]), -6.0), continuations(k)
        for i, row in enumerate(X.astype(held_out()[0].dtype)):
            for t in range(len(row)):
                for token, count in found.get(row[max(0, t - k + 1):t + 1].tobytes(), {}).items():
                    logits[i, t, token] = np.log(count)
        return logits
    return logits_of

@cache
def frequencies():
    """How often each token is a target."""
    _, y, tokens = held_out()
    return (np.bincount(y.ravel(), minlength=tokens) + 1) / (y.size + tokens)

def one_hot(move):
    """Logits that are sure of a token that came before."""
    return lambda X: 9 * np.eye(held_out()[2])[move(X)]

def bidirectional():
    tokens = held_out()[2]
    return keras.Sequential([
        keras.Input((None,), dtype="int32"), keras.layers.Embedding(tokens, 4),
        keras.layers.Bidirectional(keras.layers.LSTM(4, return_sequences=True)), keras.layers.Dense(tokens)])

Writer, mistakes_of_writer = findings_of(None,
    ("LAST_ONLY", partial(told, by_heart(8), return_sequences=False), tunes.LAST_ONLY),
    ("OUTPUTS", partial(told, by_heart(8), outputs=10), "It gives {seen} logits at each step. It needs one for each token of the vocabulary."),
    ("FEW_ROWS", partial(told, by_heart(8), rows=10), "The embedding has {seen} rows. It needs one for each token of the vocabulary."),
    ("ACTIVATED", partial(told, by_heart(8), activation="softmax"), "The outputs have gone through an activation. The loss takes logits: leave it "
     "out."),
    ("FUTURE", partial(bidirectional), "It sees the future: what it says at a step changes with the tokens after it, and those are what it should "
     "guess. Let the LSTM read from left to right only."),
    ("NAN", partial(told, lambda X: np.full((*X.shape, held_out()[2]), np.nan)), "The logits are nan: the training diverged. Take a smaller "
     "learning rate, and clip the gradients."),
    ("COPIES", partial(told, one_hot(lambda X: X)), "It repeats the token that came in. Are the targets the inputs themselves? They are one token "
     "later."),
    ("BACKWARD", partial(told, one_hot(lambda X: np.concatenate([X[:, :1], X[:, :-1]], axis=1))), "It gives the token before, where the next one is "
     "asked for. The targets are moved the wrong way."),
    ("UNTRAINED", partial(told, lambda X: 0.01 * np.sin(7.0 * X[..., None] + np.arange(held_out()[2]))), "Its loss is {seen}, no better than if "
     "every token were equally probable. Is it this model that was trained, with a learning rate that is neither tiny nor huge?"),
    ("ALIKE", partial(told, lambda X: np.broadcast_to(np.log(frequencies()), (*X.shape, held_out()[2]))), "It says the same whatever comes in, with "
     "a loss of {seen}. So nothing reaches the last layer: is the learning rate far too large?"),
    ("BELOW_BIGRAM", partial(told, lambda X: 0.2 * by_heart(1)(X)), f"Its loss is {{seen}}, and a bigram table has {BIGRAM}. It has begun to learn: "
     f"train for longer, with a larger learning rate, or with more numbers in the embedding and more units."),
    ("NEARLY", partial(told, by_heart(1)), f"Its loss is {{seen}}; the goal is {GOAL}. Train for more epochs, give the LSTM more units, or try a "
     f"learning rate three times as large."),
)
the_writer = Exercise("13.8", "A model that writes music", right=told(by_heart(12)), observe=writes_music, mistakes=mistakes_of_writer, seconds=2.0,
    open="any model that reaches the goal is right, and the check measures that", hints=[
    "An embedding is `keras.layers.Embedding(tokens, 32)`: a row of 32 numbers for each token.",
    "`keras.layers.LSTM(96, return_sequences=True)` gives a state for each step, and `Dense` makes a logit for each token of it.",
    "A learning rate of 0.02 and 5 epochs come far. Look at the loss: if it still falls, train for longer.",
], also_right=[partial(told, by_heart(6)), partial(told, by_heart(64))])

EXERCISES = [one_step, the_rnn, the_windows, the_influence, the_clipping, the_lstm, the_sampling, the_writer]
