"""Exercises of lab 5: derivatives by the tape, gradient descent, backpropagation by hand, the training step, the loop, the goal."""

import keras
import numpy as np
import tensorflow as tf

from utils import datasets
from utils.advice import Advice
from utils.checking import FINE, Exercise, Finding, Part, edited, edits_of, findings_of, require

# --- 5.1 --------------------------------------------------------------------------------------------------------------
DIFFERENCE = Finding("WithoutTape", {
    "DIFFERENCE": "f is computed at two places, so this is a finite difference: near the derivative, never exact. The tape needs one call of f.",
}).DIFFERENCE

def slope(answer, f, x):
    """What an answer gives for f at x, unless it computes f at several places."""
    places = set()

    def watched(x):
        if tf.executing_eagerly():  # inside tf.function a tensor has no value yet
            places.update(np.ravel(x).astype(np.float32))
        return f(x)
    result = answer(watched, x)
    return DIFFERENCE if len(places) > 1 else result

def functions_of_x(rng):
    """The example of the text, a constant slope, a slope of 0, and others."""
    yield (lambda x: x**2), 3.0
    yield (lambda x: 5 - 2 * x), float(rng.normal())
    yield (lambda x: tf.cos(x)), 0.0
    yield (lambda x: tf.sin(3 * x) * tf.exp(-x)), float(rng.uniform(-1, 1))
    yield (lambda x: x**3 - 2 * x), float(rng.uniform(1, 2))

def forward_mode(f, x):
    """Carry the derivative along from x to f(x); the tape goes the other way round."""
    x = tf.constant(float(x))
    with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as accumulator:
        y = f(x)
    return accumulator.jvp(y)

def slope_by_tape(f, x):
    x = tf.Variable(x)
    with tf.GradientTape() as tape:
        y = f(x)
    return tape.gradient(y, x)

by_tape = edits_of(slope_by_tape)
derivative = Exercise("5.1", "A derivative by the tape", right=forward_mode, inputs=functions_of_x, observe=slope, atol=1e-4,
    mistakes=edited(slope_by_tape,
    (lambda f, x: (f(x + 1e-3) - f(x)) / 1e-3, DIFFERENCE),
    ("Variable", "constant", "It gives None: there is no `return`, or `tape.gradient` has its arguments exchanged, or the tape has not watched. It "
     "follows variables by itself, a number only after `tape.watch`, and nothing outside the `with`."),
    ("f(x)\n", "f(x.numpy())\n", "`numpy()` gives a plain number, which the tape does not follow. Call f with the variable."),
    ("tape.gradient(y, x)", "y", "This is f(x) itself, not its derivative: ask the tape for the gradient."),
    ("return ", "return -", "This is the negative of the derivative. Going downhill comes later; return the slope itself."),
    ("return ", "return x * ", "This is x times the derivative. The gradient is the slope already: it needs no factor."),
    ("tape.gradient(y, x)", "x", "This is x, not the derivative of f at x: ask the tape for the gradient of y."),
    ("f(x)\n", "f(x) ** 2\n", "This is the derivative of the square of f. Record f alone."),
), hints=[
    "The tape has to see f at work: compute y inside the `with`.",
    "After it, `tape.gradient(target, source)` gives the slope of the target with respect to the source.",
], also_right=[
    slope_by_tape, by_tape("    x =", "    f(x)\n    x ="), by_tape("gradient(y, x)", "gradient(y, [x])[0].numpy()"),
    by_tape("Variable", "constant", "as tape:", "as tape:\n        tape.watch(x)"), by_tape("f(x)\n", "tf.function(f)(x)\n"),
])

# --- 5.2 --------------------------------------------------------------------------------------------------------------
def landscapes(rng):
    """The example of the text; no step, no slope, one step; no parabola; too large a rate, with which J grows; a constant slope; two weights."""
    yield (lambda w: w**2), 4.0, 0.25, 3
    yield (lambda w: (w - 1) ** 2), float(rng.normal()), 0.1, 0
    yield (lambda w: (w - 1) ** 2), 1.0, 0.1, 3
    yield (lambda w: w**3), float(rng.uniform(0.5, 1)), 0.2, 1
    yield (lambda w: w**4 / 4 - w**2 + w), float(rng.uniform(1, 2)), 0.05, 7
    yield (lambda w: w**2), float(rng.uniform(0.5, 1)), 1.2, 3
    yield (lambda w: 1 - 3 * w), float(rng.normal()), float(rng.uniform(0.1, 0.5)), 4
    yield (lambda w: w[0] ** 2 + 3 * w[1] ** 2 + w[0] * w[1]), rng.normal(size=2).astype(np.float32), 0.1, 5

def path_down(J, w, learning_rate, steps):
    """Walk in double precision, with central differences."""
    w = np.array(w, np.float64)
    path, nudges = [w], 1e-5 * np.eye(w.size).reshape(w.size, *w.shape)
    for _ in range(steps):
        w = w - learning_rate * np.reshape([(float(J(w + h)) - float(J(w - h))) / 2e-5 for h in nudges], w.shape)
        path.append(w)
    return np.array(path)

def walk_downhill(J, w, learning_rate, steps):
    w = tf.Variable(w)
    path = [w.numpy()]
    for _ in range(steps):
        with tf.GradientTape() as tape:
            height = J(w)
        gradient = tape.gradient(height, w)
        w.assign_sub(learning_rate * gradient)
        path.append(w.numpy())
    return path

walk = edits_of(walk_downhill)
STEP = "w.assign_sub(learning_rate * gradient)"
gradient_descent = Exercise("5.2", "Gradient descent", right=path_down, inputs=landscapes, atol=1e-3, mistakes=edited(walk_downhill,
    ("assign_sub", "assign_add", "This walks uphill. The gradient points to where J grows, and the step goes against it."),
    ("(height, w)", "(height, w) if len(path) == 1 else gradient", "Every step uses the gradient at the start. The slope changes on the way: "
     "compute it anew where w is now."),
    ("learning_rate * ", "", "The learning rate is not used: each step is the whole gradient."),
    ("* gradient", "* tf.sign(gradient)", "Only the sign of the gradient is used. The steeper the slope, the longer the step."),
    (STEP, f"if len(path) == 1: {STEP}", "Only the first step moves w, and the path stays where it led. Is the gradient taken "
     "before the loop, or does each round begin at the start again?"),
    (f"{STEP}\n        path.append(w.numpy())", f"path.append(w.numpy())\n        {STEP}", "Each place is kept before the step that leads on from it: "
     "the start comes twice, and the end is missing."),
    ("append(w.numpy())", "append(w)", "All entries after the start are the place where the walk ends: the list holds the variable itself, again "
     "and again. Keep the value that it has now."),
    (STEP, "w - learning_rate * gradient", "w never moves. A variable changes by `assign`, `assign_add` or `assign_sub`."),
    (STEP, "w = w - learning_rate * gradient", "The first step replaces the variable by a plain tensor, which the tape does not watch, so the "
     "second gradient is None. Change the variable in place: `assign_sub` takes a number away from it."),
    ("            height", "            pass\n        height", "The gradient is None: J is computed outside the `with`, where the tape does not see "
     "it, or `tape.gradient` has its arguments exchanged. What is differentiated comes first."),
    ("J(w)", "J(w.numpy())", "`numpy()` gives plain numbers, which the tape does not follow. Call J with the variable."),
    ("assign_sub", "assign", "The step replaces w. `assign` needs the new w; `assign_sub` needs the step alone, and takes it away."),
    ("[w.numpy()]", "[w]", "append(w.numpy())", "append(w)", "All entries are the place where the walk ends: the list holds the variable itself, "
     "again and again. Keep the value that it has now: `w.numpy()`."),
    ("[w.numpy()]", "[J(w).numpy()]", "append(w.numpy())", "append(J(w).numpy())", "The path holds the heights, J. It should hold the places: "
     "the values of w."),
    ("[w.numpy()]", "[]", "The start is missing in the path: it has one point more than there are steps."),
    (STEP, f"if height > J(path[max(len(path) - 2, 0)]): break\n        {STEP}", "The walk ends where J grows. Take all the steps: with too large a "
     "rate the path leads up, and should show it."),
    ("return path", "return path[:-1]", "The last point is missing in the path: append w after the step."),
    ("return path", "return path[-1]", "This is where the path ends. Return all of it, from the start on."),
    ("rate * ", "rate / len(path) * ", "The learning rate gets smaller from step to step. It stays the same here."),
), hints=[
    "Inside the tape compute J at w. After it, ask for the gradient of that with respect to w.",
    "The step is the learning rate times the gradient, and it is taken away from w.",
    "`w.assign_sub(step)` changes the variable in place, so that the tape watches it the next time too.",
], also_right=[
    walk_downhill, walk(STEP, "keras.optimizers.SGD(learning_rate).apply([gradient], [w])"),
    walk("Variable", "convert_to_tensor", "as tape:", "as tape:\n            tape.watch(w)", STEP, "w = w - learning_rate * gradient"),
    walk("        with", "        w = tf.Variable(path[-1])\n        with", "return path", "return tf.stack(path)"),
])

# --- 5.3 --------------------------------------------------------------------------------------------------------------
def small_networks(rng):
    """Numbers that are easy to follow, an input of 0, and others."""
    yield 1.0, 1.0, 0.5, 2.0
    yield 0.0, 1.0, 0.5, 0.7
    for _ in range(4):
        yield tuple(float(value) for value in rng.uniform(0.4, 1.6, size=4) * rng.choice([-1, 1], size=4))

def gradients_by_tape(x, y, w1, w2):
    w1, w2 = tf.Variable(w1), tf.Variable(w2)
    with tf.GradientTape() as tape:
        J = (y - w2 * tf.tanh(w1 * x)) ** 2
    return tape.gradient(J, [w1, w2])

def gradients_by_hand(x, y, w1, w2):
    z1 = w1 * x
    y_hat = w2 * np.tanh(z1)
    dJ_dy_hat = -2 * (y - y_hat)
    dJ_dw2 = dJ_dy_hat * np.tanh(z1)
    dJ_dz1 = dJ_dy_hat * w2 * (1 - np.tanh(z1) ** 2)
    dJ_dw1 = dJ_dz1 * x
    return dJ_dw1, dJ_dw2

chain = edits_of(gradients_by_hand)
W2_SIDE, SLOPE = "dJ_dy_hat * np.tanh(z1)", "1 - np.tanh(z1) ** 2"
backpropagation = Exercise("5.3", "Backpropagation by hand", right=gradients_by_tape, inputs=small_networks, outputs=("dJ_dw1", "dJ_dw2"),
    mistakes=edited(gradients_by_hand,
    (f" * ({SLOPE})", "", "The slope of tanh is left out of ∂J/∂w1. The chain passes through tanh and takes its slope along."),
    ("dJ_dy_hat * w2 * ", "dJ_dy_hat * ", "w2 is left out of ∂J/∂w1. What z1 does to ŷ, it does through w2."),
    ("return dJ_dw1, dJ_dw2", "return dJ_dw2, dJ_dw1", "The two gradients are exchanged: first w1, then w2."),
    ("dJ_dz1 * x", "dJ_dz1", "x is left out of ∂J/∂w1: this is ∂J/∂z1. How much does z1 change with w1?"),
    ("dJ_dz1 * x", "dJ_dz1 * w1", "∂z1/∂w1 is not w1. In z1 = w1 x, what stands beside w1?"),
    ("-2 *", "2 *", "Both gradients have the wrong sign. In (y - ŷ)², ŷ has a minus, which the chain rule takes along once. Return the "
     "gradients, not the steps against them."),
    ("-2 *", "-1 *", "The factor 2 of the square is missing in ∂J/∂ŷ."),
    ("-2 * (y - y_hat)", "(y - y_hat) ** 2", "∂J/∂ŷ is J itself here, not its derivative. How does the square change with ŷ?"),
    (W2_SIDE, "dJ_dy_hat * z1", "∂ŷ/∂w2 is z1 here: the tanh is left out. In ŷ = w2 tanh(z1), what stands beside w2?"),
    (W2_SIDE, f"dJ_dy_hat * ({SLOPE})", "∂ŷ/∂w2 has the slope of tanh. w2 comes after tanh, so the value of tanh belongs there."),
    (W2_SIDE, "dJ_dy_hat * w2", "∂ŷ/∂w2 is w2 here. In ŷ = w2 tanh(z1), what stands beside w2?"),
    (SLOPE, "1 - z1**2", "The slope of tanh is 1 - tanh(z1)², and here it is 1 - z1²."),
    (SLOPE, "1 - np.tanh(z1)", "The slope of tanh is missing its square: 1 - tanh(z1)²."),
    (SLOPE, "np.tanh(z1)", "In ∂J/∂z1, tanh stands in place of its slope."),
    ("= dJ_dy_hat * w2", "= dJ_dw2 * w2", "∂J/∂z1 goes on from ∂J/∂w2 here. The way back to z1 leads from ŷ: go on from ∂J/∂ŷ."),
    (SLOPE, "1 - y_hat**2", "The slope of tanh is taken from ŷ here, 1 - ŷ². What tanh gave is tanh(z1), and ŷ is w2 times that."),
), hints=[
    "Go from the end: how does J = (y - ŷ)² change with ŷ? Each further line takes a result from above, times one more derivative.",
    "ŷ = w2 tanh(z1). With respect to w2, tanh(z1) is a constant; with respect to z1, use tanh' = 1 - tanh².",
    "Last, z1 = w1 x changes with w1 by x.",
], also_right=[
    gradients_by_hand, chain("return dJ_dw1, dJ_dw2", "return np.float32(dJ_dw1), np.float32(dJ_dw2)"),
    chain("return dJ_dw1, dJ_dw2", "return [tf.constant(dJ_dw1), tf.constant(dJ_dw2)]"),
])

# --- 5.4 --------------------------------------------------------------------------------------------------------------
class Counted(keras.Sequential):
    """A model that counts how often it is called."""

    calls = 0

    def __call__(self, *args, **options):
        """Call the model as usual."""
        self.calls += 1
        return super().__call__(*args, **options)

Counted.__name__ = "Sequential"  # what a student's error says that it is

def untrained(kind="momentum"):
    """
    A model with known weights, a frozen layer, and a dropout that always drops the same two of four units; an optimizer for it.

    Each has a name: of each new name of a variable, TensorFlow keeps some 36 kB as long as the process lives.
    """
    dense, adam, sgd = keras.layers.Dense, keras.optimizers.Adam, keras.optimizers.SGD
    dropout = keras.layers.Lambda(lambda x, training=False: x * [2.0, 2.0, 0.0, 0.0] if training else x)
    layers = [dense(4, "tanh", name="first"), dropout, dense(2, "tanh", name="frozen"), dense(1, "sigmoid", name="last")]
    model, rng = Counted([keras.Input((2,)), *layers], name="small"), np.random.default_rng(3)
    model.set_weights([rng.normal(size=weight.shape) for weight in model.weights])
    model.get_layer("frozen").trainable = False  # once it has its weights: Keras 3.0 would forget it before
    optimizer = adam(0.05, name=kind) if kind == "Adam" else sgd(0.2, momentum=0.9, name=kind)
    optimizer.build(model.trainable_variables)
    return model, optimizer

def flat_weights(model):
    return np.concatenate([np.ravel(weight) for weight in model.get_weights()])

def loss_number(J):
    """The loss of a step as a number."""
    if isinstance(J, (tuple, list)) or require.numbers(J).size != 1:
        raise Advice("The loss of a step is one number. Return it alone: not the predictions, the gradients, or several things.")
    return float(require.numbers(J).reshape(()))

BINARY = keras.losses.BinaryCrossentropy()
LOSSES = {"Adam": BINARY, "momentum": keras.losses.MeanSquaredError()}  # for the optimizer with this name
OWN_STEP = "The optimizer that comes in takes no step. It alone knows about rates and momentum: let it apply the gradients."

def one_step(answer, optimizer, X, y):
    """How many steps the optimizer takes, the loss that the answer returns, and the weights it leaves."""
    model, optimizer = untrained(optimizer)
    loss = LOSSES[optimizer.name]
    J = loss_number(answer(model, optimizer, loss, X, y))
    steps, calls, weights = int(optimizer.iterations.numpy()), model.calls, flat_weights(model)
    if calls > 1:
        after = [float(loss(y, model(X, training=training))) for training in (True, False)]
        return StepMistake.AFTER if steps and np.isclose(J, after, atol=1e-5).any() else StepMistake.TWICE.about(calls)
    if calls == 0:
        return StepMistake.BYPASSED
    return StepMistake.AGAIN.about(steps) if steps > 1 else (steps, J, weights)

def batches(rng):
    """A batch for each optimizer, which has its own loss: few examples, then more than a usual batch; y as a column."""
    for kind, n in (("Adam", 6), ("momentum", 40)):
        X = rng.normal(size=(n, 2)).astype(np.float32)
        yield kind, X, (X[:, :1] > 0).astype(np.float32)

def keras_step(model, optimizer, loss, X, y):
    """Take Keras's own step."""
    model.compile(optimizer, loss, run_eagerly=True, jit_compile=False)
    return model.train_on_batch(X, y)

def train_step(model, optimizer, loss, X, y):
    with tf.GradientTape() as tape:
        y_hat = model(X, training=True)
        J = loss(y, y_hat)
    variables = model.trainable_variables
    gradients = tape.gradient(J, variables)
    optimizer.apply_gradients(zip(gradients, variables))  # noqa: B905
    return J

step = edits_of(train_step)
ZIP, APPLY = "zip(gradients, variables)", "optimizer.apply_gradients(zip(gradients, variables))"

StepMistake, mistakes_of_step = findings_of(train_step,
    ("", "        J =", "    J =", "The gradients are None: the tape saw no way from the weights to the loss. Compute prediction and loss inside "
     "its `with`, and stay with tensors there: `predict` and `numpy()` give arrays, which it does not follow."),
    ("", "=True", "=False", "The model predicts as after training, so Dropout does nothing. There is an argument for training."),
    ("", APPLY, "pass", "The weights stay as they were: the gradients are computed and not applied."),
    ("AGAIN", APPLY, f"{APPLY}; {APPLY}", "The optimizer takes {seen} steps. It should take one, with the whole batch: all the pairs of gradient and variable in one call."),
    ("", "(gradients,", "([-g for g in gradients],", "The step goes uphill: the optimizer goes against the gradient by itself."),
    ("", "return J", "return J + J", "The loss is added to itself: return what the loss function gave."),
    ("AFTER", "return J", "return loss(y, model(X))", "This is the loss after the step, for which the model has to predict once more. Return the "
     "loss that the gradients belong to."),
    ("", "y, y_hat)", "y_hat, y)", "Targets and predictions are exchanged: the loss takes the targets first."),
    ("", "loss(y, y_hat)", "keras.losses.BinaryCrossentropy()(y, y_hat)", "The loss is always the same one. Use the argument `loss`: it is another "
     "one where the targets are numbers."),
    ("", "gradient(J,", "gradient(y_hat,", "These are the gradients of the prediction. Ask the tape for those of the loss."),
    ("", APPLY, f"[v.assign_sub(0.5 * g) for g, v in {ZIP}]", OWN_STEP),
    ("", APPLY, f"[v.assign_sub(optimizer.learning_rate * g) for g, v in {ZIP}]", "The weights change by learning rate times gradient, whatever the "
     "optimizer is. That is what SGD does, and Adam does more: hand the gradients to the optimizer."),
    ("", ZIP, "zip(variables, gradients)", "The pairs are turned round: in each, the gradient comes before its variable."),
    ("", ZIP, "gradients, variables", "`apply_gradients` takes one list, of pairs: a gradient and its variable. `zip` makes the pairs."),
    ("", ".trainable_variables", ".weights", "A layer of this model is frozen. Take only the variables that are to be trained."),
    ("", "_variables", "_variables[:2]", "Only the first layer changes. The model knows all its variables that are to be trained."),
    ("", "_variables", "_variables[2:]", "Only the last layer changes. Train all variables: the model has a list of them."),
    ("", "_variables", "_variables[::2]", "The biases do not change, only the matrices. They too are variables that are to be trained."),
    ("BYPASSED", "model(X", "model.call(X", "The model is not called: `model.call`, or its layers one by one, bypass what Keras does around a call. "
     "Call it like a function."),
    ("TWICE", "    with", "    model(X, training=True)\n    with", "The model is called {seen} times in a step: once is enough, and less work."),
)
training_step = Exercise("5.4", "The training step", right=keras_step, inputs=batches, observe=one_step, atol=1e-4, seconds=2.0,
    outputs=("how many steps the optimizer takes", "the loss it returns", "the weights it leaves"),
    explain=lambda got, expected, *args: None if got[0] else OWN_STEP,
    mistakes=mistakes_of_step, hints=[
    "Two lines inside the tape: the prediction, and the loss. Two after it: the gradients, and the step.",
    "`tape.gradient(J, variables)` takes a whole list of variables; a model's are in `model.trainable_variables`.",
    "`optimizer.apply_gradients` wants pairs of a gradient and its variable: `zip` makes them. In training, call the model with `training=True`.",
], also_right=[train_step, step("return J", "return J.numpy()"), step(APPLY, "optimizer.apply(gradients, variables)"), tf.function(train_step)])

# --- 5.5 --------------------------------------------------------------------------------------------------------------
def loop_of_steps(answer, epochs, X, y, rate=0.2):
    """How many steps a loop takes, the history that it returns, and the weights it leaves."""
    model, optimizer = untrained()
    optimizer.learning_rate = rate
    start = flat_weights(model)
    history = answer(model, optimizer, small_loss if epochs == 4 else BINARY, X, y, epochs)
    history = np.array([loss_number(J) for J in history]) if isinstance(history, (list, tuple)) else require.numbers(history)
    steps, weights = int(optimizer.iterations.numpy()), flat_weights(model)
    if steps == 0 and not np.array_equal(weights, start):
        return LoopMistake.OTHER_OPTIMIZER
    return LoopMistake.NO_STEP if steps == 0 and model.calls and history.size == epochs > 0 else (steps, history, weights)

def small_loss(y, y_hat):
    """A loss that is small from the start, so that a loop that waits for a small one ends at once."""
    return BINARY(y, y_hat) / 1000

def numbers_of_epochs(rng):
    """Two epochs, one, none; four, where the loss is small from the start; five, where it also rises. First more examples than a usual batch."""
    for epochs, n in ((2, 70), (1, 6), (0, 6), (4, 6)):
        X = rng.normal(size=(n, 2)).astype(np.float32)
        yield epochs, X, np.float32(untrained()[0](X) > 0.5 if epochs == 4 else X[:, :1] > 0)
    X = np.concatenate([X, -X])  # of both labels: else the loss may fall all the way
    yield 5, X, np.float32(X[:, :1] < 0), 20.0

def train(model, optimizer, loss, X, y, epochs):
    history = []
    for _ in range(epochs):
        history.append(train_step(model, optimizer, loss, X, y))
    return history

def steps_in_epochs(got, expected, epochs, *args):
    """How many steps the epochs take, where an epoch takes several, or some take none."""
    if epochs and got[0] > epochs and got[0] % epochs == 0:
        return f"Each epoch takes {got[0] // epochs} steps. Here all examples go into one step, so an epoch is one step."
    if got[0] < epochs:
        return f"With epochs = {epochs} it takes {got[0] or 'no'} step{'s' * (got[0] != 1)}. Each epoch takes one, the first and the last as well."
    if (entries := got[1].size if hasattr(got[1], "size") else len(got[1])) != epochs:
        return f"With epochs = {epochs} the history has {entries} {'entry' if entries == 1 else 'entries'}. It keeps one loss for each epoch."
    return None

loop = edits_of(train)
TAKE = "train_step(model, optimizer, loss, X, y)"
APPEND = f"history.append({TAKE})"

LoopMistake, mistakes_of_loop = findings_of(train,
    ("", APPEND, f"history = [{TAKE}]", "The history holds the last loss alone. Make the list before the loop; append inside it."),
    ("", APPEND, f"history = {TAKE}", "This is the loss of the last epoch, alone. The history is a list: append to it in each epoch."),
    ("", APPEND, f"history = {APPEND}", "`append` changes the list and gives None, which replaces the history here. Use no `=`."),
    ("", APPEND, f"{APPEND}\n        return history", "Only one epoch is run: a `return` inside the loop ends it in its first round."),
    ("", "range(epochs)", "range(epochs + 1)", "There is one epoch too many."),
    ("", "range(epochs)", "range(epochs - 1)", "There is one epoch too few."),
    ("NO_STEP", TAKE, "loss(y, model(X))", "The weights do not change: the loss is computed, and no training step is taken."),
    ("", APPEND, f"J = {TAKE}\n        if history and J > history[-1]:\n            break\n        history.append(J)", "The loop ends where the "
     "loss rises. It may fall again: take a step in each epoch, and keep every loss."),
    ("", "return history", "return history[:1] * epochs", "for _ in range(epochs)", "for _ in range(1)", "One step is taken, and its loss repeated. "
     "Each epoch takes a step of its own: call `train_step` in a loop."),
    ("", APPEND, f"{TAKE}\n        history.append(loss(y, model(X)))", "The history holds the loss after each step, for which the model predicts once "
     "more. Keep what `train_step` returns."),
    ("", APPEND, f"{TAKE}\n        history.append(loss(y, model(X, training=True)))", "The history holds the loss after each step. What `train_step` "
     "returns is the one before it: keep that."),
    ("", "return history", "return history[::-1]", "The history is backwards: the first epoch comes first."),
    ("", "return history", "return np.cumsum(history)", "The losses are added up. Each entry is the loss of one epoch."),
    ("", APPEND, TAKE, "The history is empty: append the loss of each epoch."),
    ("", APPEND, f"{APPEND}\n        {TAKE}", "Each epoch takes two training steps. Call `train_step` once; keep what it returns."),
    ("", APPEND, f"{TAKE}\n        {APPEND}", "Each epoch takes two steps, and the history keeps the loss of the second. Take one."),
    ("OTHER_OPTIMIZER", "step(model, optimizer", "step(model, optimizer.from_config(optimizer.get_config())", "The steps are not those of the "
     "optimizer that comes in. A new one in each epoch has no momentum yet: hand on the one you have."),
)
the_loop = Exercise("5.5", "The loop", inputs=numbers_of_epochs, observe=loop_of_steps, atol=1e-4, seconds=2.0,
    outputs=("how many steps it takes", "the history", "the weights it leaves"),
    right=lambda model, optimizer, loss, X, y, epochs: [keras_step(model, optimizer, loss, X, y) for _ in range(epochs)], explain=steps_in_epochs,
    mistakes=mistakes_of_loop, hints=[
    "`train_step` returns the loss: append it to the history.",
    "One call of `train_step` an epoch, with all five of its arguments; the history grows by what it returns.",
], also_right=[
    train, loop(TAKE, f"float({TAKE})", "return history", "return np.array(history)"),
    loop("[]", "()", "for _ in range(epochs)", "while len(history) < epochs", APPEND, f"history += ({TAKE},)"),
])

# --- 5.6 --------------------------------------------------------------------------------------------------------------
def goal(model):
    """Whether a model gives you, at (4, 5), at least 0.9, and has an accuracy of at least 90% on the validation set."""
    X, y = datasets.students()
    y_hat = require.numbers(model(X[240:]))
    if y_hat.shape not in ((60,), (60, 1)):
        raise Advice(f"The model gives shape {y_hat.shape} for 60 students. Expected one number for each, the probability to pass.")
    y_hat = np.ravel(require.probabilities(y_hat))
    you = float(np.ravel(model(np.array([[4, 5]], np.float32)))[0])
    accuracy = np.mean((y_hat > 0.5) == (y[240:] == 1))
    if you >= 0.9 and accuracy >= 0.9:
        return FINE
    finding = (Missed.NAN if np.isnan(y_hat).any() else Missed.ALIKE if np.ptp(y_hat) < 0.01 else Missed.OPPOSITE if accuracy < 0.15 else
               Missed.OTHERS if you >= 0.9 else Missed.NEARLY if accuracy >= 0.75 else Missed.NOT_YET)
    return finding.about(f"ŷ = {you:.2f} for you, and an accuracy of {accuracy:.0%} on the validation set")

def network(w2, b2, W1=((2.5, 0), (0, 1)), b1=(-3.75, -2)):
    """A network of two sigmoid units with known weights, which nobody trained."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, "sigmoid"), keras.layers.Dense(1, "sigmoid")])
    model.set_weights([np.array(values, np.float32) for values in (W1, b1, [[w2], [w2]], [b2])])
    return model

Missed, mistakes_of_goal = findings_of(None,
    ("NAN", network(np.nan, 0), "The predictions are nan: the training diverged. Take a smaller learning rate, and start from a new model."),
    ("ALIKE", network(1e-3, 6), "Your network gives {seen}. It tells everybody the same or nearly so. Often the learning rate is far too large, the "
     "weights all begin at 0, or the output is no sigmoid: a softmax of one number is always 1, and a ReLU may stay at 0."),
    ("OPPOSITE", network(-14, 22.4), "Your network gives {seen}. It has learned the opposite: are the labels turned round, or does the training go "
     "uphill?"),
    ("NEARLY", network(14, -25.9), "Your network gives {seen}. It has learned something: train for longer, or with another rate. Where that changes "
     "nothing, is there an activation in the hidden layer, and are there units enough?"),
    ("OTHERS", network(14, -16.8), "Your network gives {seen}. You are in, and too many others are misjudged: one straight line gets no further, so "
     "look at the hidden layer. Then train for longer, or with a smaller rate."),
    ("NOT_YET", network(1, -2), "Your network gives {seen}: it has not learned yet, or another model was trained. Train for longer, and try a learning rate ten times as large, "
     "and one ten times as small. A straight border comes no further than this, so is there an activation in the hidden layer?"),
)
def looked(looks):
    """Whether these are sets of a model's weights, the first at the start."""
    if not isinstance(looks, (list, tuple)) or len(looks) < 2:
        return Unseen.ONE
    if not all(isinstance(look, (list, tuple)) and look for look in looks):
        return Unseen.NO_WEIGHTS
    shapes = [[np.shape(each) for each in look] for look in looks]
    if any(each != shapes[0] for each in shapes):
        return Unseen.OTHERS
    return FINE if any(not np.array_equal(a, b) for a, b in zip(looks[0], looks[-1], strict=True)) else Unseen.SAME

def weights_after(steps):
    """The weights of a network after some steps."""
    return [np.full((2, 4), 0.1 * steps), np.zeros(4), np.full((4, 1), -0.2 * steps), np.ones(1)]

LOOKS = [weights_after(steps) for steps in range(21)]
Unseen, mistakes_of_looks = findings_of(None,
    ("NO_WEIGHTS", [0.7, 0.5, 0.4], "A look is the model's weights, as `model.get_weights()` gives them; these look like losses or predictions. "
     "`train_and_look` returns the looks."),
    ("ONE", LOOKS[:1], "There should be several looks: one at the start, and one after each piece of the training. `train_and_look` returns them."),
    ("OTHERS", [*LOOKS, LOOKS[0][:2]], "The looks belong to different models: their weights have different shapes. Take them all from one model."),
    ("SAME", [LOOKS[3]] * 4, "All looks show the same weights. Take one before the training, and the others while it goes on."),
)
goal_part = Part("model", right=network(14, -22.4), observe=goal, mistakes=mistakes_of_goal,
                 also_right=[network(14, -21), network(14, -16.8, W1=((4, 0), (0, 1.3)), b1=(-6, -4.55))])
looks_part = Part("looks", right=LOOKS, observe=looked, mistakes=mistakes_of_looks, also_right=[LOOKS[:2], tuple(map(tuple, LOOKS))])
the_goal = Exercise("5.6", "Will I pass this class?", parts=[goal_part, looks_part], seconds=0.3, hints=[
    "A hidden layer of 8 units with tanh is enough. The output is a probability.",
    "Adam with a rate of 0.05 needs about 100 epochs in all: 20 times 5.",
], equivalent={
    "443": "the start stays as it was before: it learns from there too",
    "keras.utils.set_random_seed(444)": "it learns from another start too",
    "looks = train_and_look(model, keras.optimizers.Adam(1.05), 5)": "a large rate, and still it learns",
    "looks = train_and_look(model, keras.optimizers.Adam(0.05), 6)": "a little more training",
})

EXERCISES = [derivative, gradient_descent, backpropagation, training_step, the_loop, the_goal]
