"""Exercises of lab 5: derivatives by the tape, gradient descent, backpropagation by hand, the training step, the loop, the goal."""

from contextlib import suppress
from functools import cache

import keras
import numpy as np
import tensorflow as tf

from utils import datasets, diagnosis
from utils.advice import Advice
from utils.checking import Exercise, Mistake

# --- 5.1 --------------------------------------------------------------------------------------------------------------


FINITE_DIFFERENCE = ("f is computed at two places, so this is a finite difference: near the derivative, never exact. The tape needs one call "
                     "of f.")


def slope(answer, f, x):
    """What an answer gives for f at x, unless it goes another way than by one call of f."""
    places = set()

    def watched(x):
        with suppress(TypeError):  # a tensor without a value yet, inside tf.function
            places.add(round(float(x), 9))
        return f(x)

    result = answer(watched, x)
    if len(places) > 1:
        raise Advice(FINITE_DIFFERENCE)
    return result


def functions_of_x(rng):
    """The example of the text, a constant slope, a slope of 0, and others."""
    yield (lambda x: x**2), 3.0
    yield (lambda x: 5 - 2 * x), float(rng.normal())
    yield (lambda x: tf.cos(x)), 0.0
    yield (lambda x: tf.sin(3 * x) * tf.exp(-x)), float(rng.uniform(-1, 1))
    yield (lambda x: x**3 - 2 * x), float(rng.uniform(1, 2))


def forward_mode(f, x):
    """The derivative carried along from x to f(x), which the tape does the other way round."""
    x = tf.constant(float(x))
    with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as accumulator:
        y = f(x)
    return accumulator.jvp(y)


def finite_difference(f, x):
    return (f(x + 1e-3) - f(x)) / 1e-3


def by_tape(f, x, result=lambda tape, y, x: tape.gradient(y, x)):
    x = tf.Variable(float(x))
    with tf.GradientTape() as tape:
        y = f(x)
    return result(tape, y, x)


def unwatched(f, x):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        y = f(x)
    return tape.gradient(y, x)


derivative = Exercise(
    "5.1", "A derivative by the tape",
    right=forward_mode,
    inputs=functions_of_x,
    observe=slope,
    atol=1e-4,
    mistakes=[
        Mistake(finite_difference, FINITE_DIFFERENCE),
        Mistake(unwatched, "It gives None: there is no `return`, or `tape.gradient` has its arguments exchanged (what is differentiated comes "
                "first), or the tape has not watched. It follows variables by itself, a number only after `tape.watch`, and nothing outside the "
                "`with`."),
        Mistake(lambda f, x: by_tape(f, x, lambda tape, y, x: y), "This is f(x) itself; its derivative is due: ask the tape for the gradient."),
        Mistake(lambda f, x: by_tape(f, x, lambda tape, y, x: -tape.gradient(y, x)), "This is the negative of the derivative. Going downhill "
                "comes later; here the slope itself is asked for."),
        Mistake(lambda f, x: by_tape(f, x, lambda tape, y, x: tape.gradient(y, x) * x), "This is x times the derivative."),
        Mistake(lambda f, x: by_tape(f, x, lambda tape, y, x: x), "This is x, and the derivative of f at x is due."),
        Mistake(lambda f, x: by_tape(lambda x: f(x) ** 2, x), "This is the derivative of the square of f."),
    ],
    hints=[
        "The tape has to see f at work: compute y inside the `with`.",
        "After it, `tape.gradient(target, source)` gives the slope of the target with respect to the source.",
    ],
    also_right=[
        by_tape,
        lambda f, x: by_tape(f, np.float32(x)),
        lambda f, x: by_tape(f, x, lambda tape, y, x: tape.gradient(y, [x])[0].numpy()),
        lambda f, x: by_tape(f, tf.constant(x)),
    ],
)

# --- 5.2 --------------------------------------------------------------------------------------------------------------


def landscapes(rng):
    """The example of the text, no step at all, one step, a landscape that is not a parabola, a plane, and others."""
    yield (lambda w: w**2), 4.0, 0.25, 3
    yield (lambda w: (w - 1) ** 2), float(rng.normal()), 0.1, 0
    yield (lambda w: w**3), float(rng.uniform(0.5, 1)), 0.2, 1
    yield (lambda w: w**4 / 4 - w**2 + w), float(rng.uniform(1, 2)), 0.05, 7
    yield (lambda w: 1 - 3 * w), float(rng.normal()), float(rng.uniform(0.1, 0.5)), 4
    yield (lambda w: w[0] ** 2 + 3 * w[1] ** 2 + w[0] * w[1]), rng.normal(size=2).astype(np.float32), 0.1, 5


def path_down(J, w, learning_rate, steps):
    """In double precision, with central differences."""
    w = np.array(w, np.float64)
    path = [w.copy()]
    for _ in range(steps):
        gradient = np.zeros_like(w)
        for index in np.ndindex(w.shape):
            h = np.zeros_like(w)
            h[index] = 1e-5
            gradient[index] = (float(J(w + h)) - float(J(w - h))) / 2e-5
        w = w - learning_rate * gradient
        path.append(w)
    return np.array(path)


def tape_gradient(J, w):
    w = tf.Variable(w)
    with tf.GradientTape() as tape:
        height = J(w)
    return tape.gradient(height, w)


def descending(step, keep=lambda path: path):
    """A wrong gradient descent: `step` gives the change of w from its gradient here, the one at the start, the rate, and the number."""
    def answer(J, w, learning_rate, steps):
        path, first = [np.array(w, np.float32)], tape_gradient(J, tf.constant(w))
        for number in range(steps):
            path.append(np.array(path[-1] + step(tape_gradient(J, tf.constant(path[-1])), first, learning_rate, number)))
        return np.array(keep(path))
    return answer


def downhill(gradient, first, learning_rate, number):
    return -learning_rate * gradient


def forgotten_variable(J, w, learning_rate, steps):
    w = tf.Variable(w)
    path = [w.numpy()]
    for _ in range(steps):
        with tf.GradientTape() as tape:
            height = J(w)
        w = w - learning_rate * tape.gradient(height, w)
        path.append(w.numpy())
    return path


def outside(J, w, learning_rate, steps):
    w = tf.Variable(w)
    path = [w.numpy()]
    for _ in range(steps):
        height = J(w)
        with tf.GradientTape() as tape:
            pass
        w.assign_sub(learning_rate * tape.gradient(height, w))
        path.append(w.numpy())
    return path


def reassigned(J, w, learning_rate, steps):
    w = tf.Variable(w)
    path = [w.numpy()]
    for _ in range(steps):
        with tf.GradientTape() as tape:
            height = J(w)
        w.assign(learning_rate * tape.gradient(height, w))
        path.append(w.numpy())
    return path


def the_variable_itself(J, w, learning_rate, steps):
    w = tf.Variable(w)
    path = [w]
    for _ in range(steps):
        w.assign_sub(learning_rate * tape_gradient(J, w))
        path.append(w)
    return path


def watching(J, w, learning_rate, steps):
    w = tf.convert_to_tensor(w)
    path = [w]
    for _ in range(steps):
        with tf.GradientTape() as tape:
            tape.watch(w)
            height = J(w)
        w = w - learning_rate * tape.gradient(height, w)
        path.append(w)
    return tf.stack(path)


def new_variables(J, w, learning_rate, steps):
    path = [np.float32(w)]
    for _ in range(steps):
        w = tf.Variable(path[-1])
        with tf.GradientTape() as tape:
            height = J(w)
        path.append(path[-1] - learning_rate * tape.gradient(height, w).numpy())
    return path


def keras_sgd(J, w, learning_rate, steps):
    w, optimizer = tf.Variable(w), keras.optimizers.SGD(learning_rate)
    path = [w.numpy()]
    for _ in range(steps):
        with tf.GradientTape() as tape:
            height = J(w)
        optimizer.apply([tape.gradient(height, w)], [w])
        path.append(w.numpy())
    return path


gradient_descent = Exercise(
    "5.2", "Gradient descent",
    right=path_down,
    inputs=landscapes,
    atol=1e-3,
    mistakes=[
        Mistake(descending(lambda g, first, rate, number: rate * g), "This walks uphill. The gradient points to where J grows, and the step goes "
                "against it."),
        Mistake(descending(lambda g, first, rate, number: -rate * first), "Every step uses the gradient at the start. The slope changes on the "
                "way: compute it anew where w is now."),
        Mistake(descending(lambda g, first, rate, number: -g), "The learning rate is not used: each step is the whole gradient."),
        Mistake(descending(lambda g, first, rate, number: -rate * np.sign(g)), "Only the sign of the gradient is used. A steep slope makes a "
                "longer step than a gentle one."),
        Mistake(descending(lambda g, first, rate, number: -rate * g if number == 0 else 0), "Only the first step moves. Is the gradient "
                "taken inside the loop?"),
        Mistake(descending(lambda g, first, rate, number: 0), "w never moves. A variable changes by `assign`, `assign_add` or `assign_sub`."),
        Mistake(forgotten_variable, "The first step replaces the variable by a plain tensor, which the tape does not watch, so the second "
                "gradient is None. Change the variable in place: `assign_sub` takes a number away from it."),
        Mistake(outside, "The gradient is None: J is computed outside the `with`, of which the tape knows nothing, or `tape.gradient` has its "
                "arguments exchanged. What is differentiated comes first."),
        Mistake(reassigned, "The step replaces w. `assign` writes over w, so it needs the new one; `assign_sub` takes away, so it needs the step alone."),
        Mistake(the_variable_itself, "All entries are the place where the walk ends: the list holds the variable itself, again and again. Keep "
                "the value that it has now: `w.numpy()`."),
        Mistake(descending(downhill, lambda path: path[1:]), "The start is missing in the path: it has one point more than there are steps."),
        Mistake(descending(downhill, lambda path: path[:-1]), "The last point is missing in the path: append w after the step."),
        Mistake(descending(downhill, lambda path: path[-1]), "This is where the path ends. All of it is asked for, from the start on."),
        Mistake(descending(lambda g, first, rate, number: -rate / (number + 1) * g), "The steps get shorter with their number: the learning rate "
                "stays the same here."),
    ],
    hints=[
        "Inside the tape compute J at w. After it, ask for the gradient of that with respect to w.",
        "The step is the learning rate times the gradient, and it is taken away from w.",
        "`w.assign_sub(step)` changes the variable in place, so that the tape watches it the next time too.",
    ],
    also_right=[watching, new_variables, keras_sgd],
)

# --- 5.3 --------------------------------------------------------------------------------------------------------------


def small_networks(rng):
    """The example of the text, a prediction that is right, and others."""
    yield 1.0, 1.0, 0.5, 2.0
    yield 0.0, 1.0, 0.5, 0.7
    for _ in range(4):
        yield tuple(float(value) for value in rng.uniform(0.4, 1.6, size=4) * rng.choice([-1, 1], size=4))


def by_the_tape(x, y, w1, w2):
    w1, w2 = tf.Variable(w1), tf.Variable(w2)
    with tf.GradientTape() as tape:
        J = (y - w2 * tf.tanh(w1 * x)) ** 2
    return tape.gradient(J, [w1, w2])


def gradients_of(x, y, w1, w2, g=None, slope=None, error=None, last=None):
    """Both gradients by the chain rule, with one factor replaced."""
    z1 = w1 * x
    g = np.tanh(z1) if g is None else g(z1)
    error = -2 * (y - w2 * np.tanh(z1)) if error is None else error(y, w2 * np.tanh(z1))
    slope = 1 - np.tanh(z1) ** 2 if slope is None else slope(z1)
    return error * w2 * slope * (x if last is None else last(x, w1)), error * g


def wrong(**replaced):
    return lambda x, y, w1, w2: gradients_of(x, y, w1, w2, **replaced)


def after(change):
    """What `change` makes of the right gradients, given all that went in."""
    return lambda x, y, w1, w2: change(*gradients_of(x, y, w1, w2), x, y, w1, w2)


backpropagation = Exercise(
    "5.3", "Backpropagation by hand",
    right=by_the_tape,
    inputs=small_networks,
    outputs=("dJ_dw1", "dJ_dw2"),
    mistakes=[
        Mistake(wrong(slope=lambda z1: 1.0), "The slope of tanh is left out of ∂J/∂w1. On the way from ŷ to z1 the chain passes through tanh, and "
                "takes its derivative along."),
        Mistake(after(lambda d1, d2, x, y, w1, w2: (d1 / w2, d2)), "w2 is left out of ∂J/∂w1. What z1 does to ŷ, it does through w2."),
        Mistake(after(lambda d1, d2, x, y, w1, w2: (d2, d1)), "The two gradients are exchanged: first w1, then w2."),
        Mistake(wrong(last=lambda x, w1: 1.0), "x is left out of ∂J/∂w1: this is ∂J/∂z1. How much does z1 change with w1?"),
        Mistake(wrong(last=lambda x, w1: w1), "∂z1/∂w1 is not w1. In z1 = w1 x, what stands beside w1?"),
        Mistake(wrong(error=lambda y, y_hat: 2 * (y - y_hat)), "The sign of ∂J/∂ŷ is wrong, and so is everything after it. In (y - ŷ)², ŷ has a "
                "minus, which the chain rule takes along."),
        Mistake(wrong(error=lambda y, y_hat: -(y - y_hat)), "The factor 2 of the square is missing in ∂J/∂ŷ."),
        Mistake(wrong(error=lambda y, y_hat: (y - y_hat) ** 2), "∂J/∂ŷ is J itself here, and its derivative is due."),
        Mistake(wrong(g=lambda z1: z1), "∂ŷ/∂w2 is z1 here: the tanh is left out. In ŷ = w2 tanh(z1), what stands beside w2?"),
        Mistake(wrong(g=lambda z1: 1 - np.tanh(z1) ** 2), "∂ŷ/∂w2 has the slope of tanh. w2 comes after tanh, so its value belongs there."),
        Mistake(after(lambda d1, d2, x, y, w1, w2: (d1, d2 * w2 / np.tanh(w1 * x) if x else d2)), "∂ŷ/∂w2 is w2 here. In ŷ = w2 tanh(z1), what stands beside "
                "w2?"),
        Mistake(wrong(slope=lambda z1: 1 - z1**2), "The slope of tanh is 1 - tanh(z1)², and here it is 1 - z1²."),
        Mistake(wrong(slope=lambda z1: 1 - np.tanh(z1)), "The slope of tanh is missing its square: 1 - tanh(z1)²."),
        Mistake(wrong(slope=np.tanh), "tanh stands where its slope is due, in ∂J/∂z1."),
        Mistake(after(lambda d1, d2, x, y, w1, w2: (d1 * np.tanh(w1 * x), d2)), "∂J/∂z1 goes on from ∂J/∂w2 here, which has tanh(z1) in it. The way "
                "back to z1 leads from ŷ: go on from the derivative for ŷ."),
        Mistake(after(lambda d1, d2, x, y, w1, w2: (d1 * (1 - (w2 * np.tanh(w1 * x)) ** 2) / (1 - np.tanh(w1 * x) ** 2), d2)), "The slope of tanh is taken "
                "from ŷ here, 1 - ŷ². What tanh gave is tanh(z1), and ŷ is w2 times that."),
    ],
    hints=[
        "Go from the end: how does J = (y - ŷ)² change with ŷ? Each further line takes a result from above, times one more derivative.",
        "ŷ = w2 tanh(z1). With respect to w2, tanh(z1) is a constant; with respect to z1, use tanh' = 1 - tanh².",
        "Last, z1 = w1 x changes with w1 by x.",
    ],
    also_right=[
        gradients_of,
        lambda x, y, w1, w2: tuple(np.float32(value) for value in gradients_of(x, y, w1, w2)),
        lambda x, y, w1, w2: list(map(tf.constant, gradients_of(x, y, w1, w2))),
    ],
)

# --- 5.4 --------------------------------------------------------------------------------------------------------------

OPTIMIZERS = {"Adam": lambda: keras.optimizers.Adam(0.05), "momentum": lambda: keras.optimizers.SGD(0.2, momentum=0.9)}


class Counted(keras.Sequential):
    """A model that counts how often it is called."""

    calls = 0

    def __call__(self, *args, **options):
        """Call the model as usual."""
        self.calls += 1
        return super().__call__(*args, **options)


@cache
def _built():
    layers = keras.layers
    model = Counted([keras.Input((2,)), layers.Dense(4, "tanh"), layers.Dropout(0.5, seed=1), layers.Dense(2, "tanh"), layers.Dense(1, "sigmoid")])
    model.layers[2].trainable = False
    return model, [variable.numpy() for variable in model.variables]


def a_model(seed):
    """
    Two Dense layers with Dropout between, and a third that is frozen, each with known weights; built anew only if an answer changed it.

    The state of Dropout is among its variables, so each model drops the same. (Setting the global seed would also empty the cache of
    TensorFlow's kernels, and take twice as long.)
    """
    model, start = _built()
    if model.compiled or len(model.trainable_variables) != 4:
        _built.cache_clear()
        model, start = _built()
    rng = np.random.default_rng(seed)
    for variable, value in zip(model.variables, start, strict=True):
        variable.assign(rng.normal(size=value.shape) if value.dtype.kind == "f" else value)
    return model


def flat_weights(model):
    return np.concatenate([np.ravel(weight) for weight in model.get_weights() if weight.dtype.kind == "f"])


def one_step(answer, optimizer, X, y):
    """The loss that a step returns, the weights it leaves, and how often it calls the model."""
    model, optimizer = a_model(3), OPTIMIZERS[optimizer]()
    optimizer.build(model.trainable_variables)
    model.calls = 0
    J = _number(answer(model, optimizer, BINARY, X, y))
    return J, flat_weights(model), model.calls


BINARY = keras.losses.BinaryCrossentropy()


def _number(J):
    if J is None:
        raise Advice("It gives None: the loss of the step is due, by a `return` at the end.")
    with suppress(Exception):
        array = np.asarray(J)
        if array.dtype.kind in "fiu" and array.size == 1:
            return float(array.reshape(()))
    raise Advice(f"The loss of a step is one number, and this is {diagnosis.show(J) if np.size(J) < 9 else 'of type ' + type(J).__name__}.")


def some_steps(rng):
    """Two optimizers, on few examples; y as a column."""
    for name in OPTIMIZERS:
        X = rng.normal(size=(6, 2)).astype(np.float32)
        yield name, X, (X[:, :1] > 0).astype(np.float32)


def keras_step(model, optimizer, loss, X, y):
    """Keras's own step."""
    model.compile(optimizer, loss, run_eagerly=True, jit_compile=False)
    return model.train_on_batch(X, y)


def a_step(training=True, target=lambda J, y_hat: J, of=lambda model: model.trainable_variables, times=1, returns=lambda J, again: J,
           exchanged=False, change=lambda gradients: gradients):
    """A training step with one thing changed."""
    def answer(model, optimizer, loss, X, y):
        with tf.GradientTape() as tape:
            y_hat = model(X, training=training)
            J = loss(y_hat, y) if exchanged else loss(y, y_hat)
            aim = target(J, y_hat)
        gradients = change(tape.gradient(aim, of(model)))
        for _ in range(times):
            optimizer.apply(gradients, of(model)) if of(model) == model.trainable_variables else plain(gradients, of(model))
        return returns(J, lambda: loss(y, model(X, training=True)))

    def plain(gradients, variables):
        for gradient, variable in zip(gradients, variables, strict=True):
            variable.assign(variable - 0.5 * gradient)
    return answer


def steps_of(variables, optimizer):
    """A step that leaves out some of the variables, as apply_gradients does."""
    def answer(model, optimizer, loss, X, y):
        with tf.GradientTape() as tape:
            J = loss(y, model(X, training=True))
        gradients = [gradient if keep else tf.zeros_like(gradient) for keep, gradient in
                     zip(variables, tape.gradient(J, model.trainable_variables), strict=True)]
        optimizer.apply(gradients, model.trainable_variables)
        return J
    return answer


def outside_the_tape(model, optimizer, loss, X, y):
    J = loss(y, model(X, training=True))
    with tf.GradientTape() as tape:
        pass
    gradients = tape.gradient(J, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return J


def by_hand(model, optimizer, loss, X, y):
    with tf.GradientTape() as tape:
        J = loss(y, model(X, training=True))
    for gradient, variable in zip(tape.gradient(J, model.trainable_variables), model.trainable_variables, strict=True):
        variable.assign(variable - optimizer.learning_rate * gradient)
    return J


def by_model_call(model, optimizer, loss, X, y):
    with tf.GradientTape() as tape:
        J = loss(y, model.call(X, training=True))
    optimizer.apply(tape.gradient(J, model.trainable_variables), model.trainable_variables)
    return J


def twice_called(model, optimizer, loss, X, y):
    seed = [variable.value.numpy() for variable in model.non_trainable_variables]
    model(X, training=True)
    for variable, before in zip(model.non_trainable_variables, seed, strict=True):
        variable.assign(before)
    return a_step()(model, optimizer, loss, X, y)


def apply_gradients(model, optimizer, loss, X, y):
    with tf.GradientTape(persistent=True) as tape:
        y_hat = model(X, training=True)
        J = loss(y, y_hat)
    optimizer.apply_gradients(zip(tape.gradient(J, model.trainable_weights), model.trainable_weights, strict=True))
    return J.numpy()


OUTSIDE = ("The gradients are None: the tape saw no way from the weights to the loss. Both the prediction and the loss are computed "
           "inside its `with`.")

training_step = Exercise(
    "5.4", "The training step",
    right=keras_step,
    inputs=some_steps,
    observe=one_step,
    outputs=("the loss it returns", "the weights it leaves", "how often it calls the model"),
    atol=1e-4,
    seconds=2.0,
    mistakes=[
        Mistake(outside_the_tape, OUTSIDE),
        Mistake(a_step(training=False), "The model is not told that it is being trained, so Dropout does nothing. `model(X)` alone predicts as "
                "after training: there is an argument for it."),
        Mistake(a_step(times=0), "The weights stay as they were: the gradients are computed and not applied."),
        Mistake(a_step(times=2), "The gradients are applied twice: this makes two steps with one gradient."),
        Mistake(a_step(change=lambda gradients: [-gradient for gradient in gradients]), "The step goes uphill: the optimizer takes the step "
                "against the gradient by itself, without a minus of yours."),
        Mistake(a_step(returns=lambda J, again: J + J), "The loss is added to itself: return what the loss function gave."),
        Mistake(a_step(returns=lambda J, again: again()), "This is the loss after the step, for which the model has to predict once more. Return "
                "the loss that the gradients belong to."),
        Mistake(a_step(exchanged=True), "Targets and predictions are exchanged: the loss takes the targets first."),
        Mistake(a_step(target=lambda J, y_hat: y_hat), "These are the gradients of the prediction; those of the loss are due."),
        Mistake(a_step(of=lambda model: [variable for variable in model.weights if "float" in str(variable.dtype)],
                       change=lambda gradients: [0.0 if gradient is None else gradient for gradient in gradients]),
                "The steps are of your own making and pass by the optimizer, which alone knows about rates and momentum. Let it apply them."),
        Mistake(by_hand, "The weights change by learning rate times gradient, whatever the optimizer is. That is what SGD does, and Adam does more: "
                "hand the gradients to the optimizer."),
        Mistake(steps_of([True, True, False, False], None), "Only the first layer changes. The model knows all its variables that are to be "
                "trained."),
        Mistake(steps_of([False, False, True, True], None), "Only the last layer changes. The model knows all its variables that are to be trained."),
        Mistake(steps_of([True, False, True, False], None), "The biases do not change, only the matrices. The model knows all its variables that "
                "are to be trained."),
        Mistake(by_model_call, "`model.call` passes by all that Keras does around a call. Call the model itself, like a function."),
        Mistake(twice_called, "The model is called twice in a step: once is enough, and half the work."),
    ],
    hints=[
        "Two lines inside the tape: the prediction, and the loss. Two after it: the gradients, and the step.",
        "`tape.gradient(J, variables)` takes a whole list of variables; a model's are in `model.trainable_variables`.",
        "`optimizer.apply_gradients` wants pairs of a gradient and its variable: `zip` makes them. A model that is being trained is called with "
        "`training=True`.",
    ],
    also_right=[apply_gradients, a_step(), tf.function(a_step())],
)

# --- 5.5 --------------------------------------------------------------------------------------------------------------


def history_and_weights(answer, epochs, X, y):
    """The history that a loop returns, and the weights it leaves."""
    model, optimizer = a_model(4), OPTIMIZERS["momentum"]()
    optimizer.build(model.trainable_variables)
    history = answer(model, optimizer, BINARY, X, y, epochs)
    if history is None:
        raise Advice("It gives None: the history is due, by a `return` after the loop.")
    return np.array([_number(J) for J in history] if isinstance(history, (list, tuple)) else history), flat_weights(model)


def some_epochs(rng):
    """Two epochs, one, none, and four."""
    for epochs in (2, 1, 0, 4):
        X = rng.normal(size=(5, 2)).astype(np.float32)
        yield epochs, X, (X[:, :1] > 0).astype(np.float32)


def keras_loop(model, optimizer, loss, X, y, epochs):
    """One full batch an epoch, by Keras's own steps."""
    model.compile(optimizer, loss, run_eagerly=True, jit_compile=False)
    history = []
    for _ in range(epochs):
        model.reset_metrics()
        history.append(model.train_on_batch(X, y))
    return np.array(history)


def a_loop(change=lambda history: history, epochs=lambda epochs: epochs, start=None):
    def answer(model, optimizer, loss, X, y, n):
        return change([a_step()(model, optimizer, loss, X, y) for _ in range(epochs(n))])
    return answer


def untrained_history(model, optimizer, loss, X, y, epochs):
    return [loss(y, model(X, training=True)) for _ in range(epochs)]


def first_epoch_only(model, optimizer, loss, X, y, epochs):
    history = []
    for _ in range(epochs):
        history.append(a_step()(model, optimizer, loss, X, y))
        return history
    return history


def comprehension(model, optimizer, loss, X, y, epochs):
    return [float(apply_gradients(model, optimizer, loss, X, y)) for _ in range(epochs)]


def while_loop(model, optimizer, loss, X, y, epochs):
    history = ()
    while len(history) < epochs:
        history += (a_step()(model, optimizer, loss, X, y),)
    return history


the_loop = Exercise(
    "5.5", "The loop",
    right=keras_loop,
    inputs=some_epochs,
    observe=history_and_weights,
    outputs=("the history", "the weights it leaves"),
    atol=1e-4,
    seconds=2.0,
    mistakes=[
        Mistake(a_loop(change=lambda history: history[-1:]), "The history holds the last loss alone. Make the list before the loop, and append to "
                "it inside."),
        Mistake(a_loop(change=lambda history: history[-1] if history else history), "This is the loss of the last epoch, alone. The history is a "
                "list: append to it in each epoch."),
        Mistake(first_epoch_only, "Only one epoch is run: a `return` inside the loop ends it in its first round."),
        Mistake(a_loop(epochs=lambda epochs: epochs + 1), "There is one epoch too many."),
        Mistake(a_loop(epochs=lambda epochs: max(epochs - 1, 0)), "There is one epoch too few."),
        Mistake(untrained_history, "The weights do not change: the loss is computed, and no training step is taken."),
        Mistake(a_loop(change=lambda history: history[::-1]), "The history is backwards: the first epoch comes first."),
        Mistake(a_loop(change=lambda history: np.cumsum(history)), "The losses are added up. Each entry is the loss of one epoch."),
        Mistake(a_loop(change=lambda history: []), "The history is empty: append the loss of each epoch."),
        Mistake(a_loop(epochs=lambda epochs: 2 * epochs, change=lambda history: history[::2]), "Two training steps are taken in each epoch: call "
                "`train_step` once, and keep what it returns.",),
        Mistake(a_loop(epochs=lambda epochs: 2 * epochs, change=lambda history: history[1::2]), "Two steps are taken in each epoch, and the loss of "
                "the second is kept. Call `train_step` once an epoch."),
    ],
    hints=[
        "`train_step` returns the loss: append it to the history.",
        "One call of `train_step` an epoch, with all five of its arguments; the history grows by what it returns.",
    ],
    also_right=[comprehension, while_loop, lambda *args: np.array(comprehension(*args))],
)

# --- 5.6 --------------------------------------------------------------------------------------------------------------


def passes(model):
    """ŷ for (4, 5), and the share of the held-out students that a model gets right."""
    if not callable(model):
        raise Advice("The answer is the trained model.")
    X, y = datasets.students()
    y_hat = np.asarray(model(X[240:]))
    if y_hat.shape not in ((60,), (60, 1)):
        raise Advice(f"The model gives shape {y_hat.shape} for 60 students. One number each is due, the probability to pass.")
    if unfit := diagnosis.not_probabilities(y_hat):
        raise Advice(unfit)
    you = float(np.ravel(np.asarray(model(np.array([[4, 5]], np.float32))))[0])
    return Seen([you, np.mean((np.ravel(y_hat) > 0.5) == (y[240:] == 1))])


class Seen(np.ndarray):
    """Two numbers that read as a sentence."""

    def __new__(cls, values):
        """ŷ for you, and the accuracy."""
        return np.array(values, np.float64).view(cls)

    def __str__(self):
        return f"ŷ = {self[0]:.2f} for you, and {self[1]:.0%} of the held-out students right"


def set_by_hand(W1, b1, w2, b2):
    """A network of two sigmoid units with known weights: trained by nobody."""
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, "sigmoid"), keras.layers.Dense(1, "sigmoid")])
    model.set_weights([np.array(W1, np.float32), np.array(b1, np.float32), np.array([[w2], [w2]], np.float32), np.array([b2], np.float32)])
    return model


BOTH = {"W1": [[2.5, 0], [0, 1]], "b1": [-3.75, -2]}

the_goal = Exercise(
    "5.6", "Will I pass this class?",
    right=set_by_hand(**BOTH, w2=14, b2=-22.4),
    observe=passes,
    accept=lambda seen: bool(seen[0] >= 0.9 and seen[1] >= 0.9),
    seconds=0.3,
    mistakes=[
        Mistake(set_by_hand(**BOTH, w2=np.nan, b2=0), "The predictions are nan: the training diverged. Take a smaller learning rate, and start "
                "from a new model.", when=lambda seen: bool(np.isnan(seen[0]))),
        Mistake(set_by_hand(**BOTH, w2=1e-3, b2=6), "Your network gives {seen}. It tells everybody the same or nearly so: is there an "
                "activation in the hidden layer, and is the learning rate small enough?", when=lambda seen: seen[0] >= 0.9 and seen[1] < 0.75),
        Mistake(set_by_hand(**BOTH, w2=14, b2=-25.9), "Your network gives {seen}. It has learned something: train for longer, or with a larger "
                "rate.", when=lambda seen: seen[0] < 0.9 and seen[1] >= 0.75),
        Mistake(set_by_hand(**BOTH, w2=14, b2=-16.8), "Your network gives {seen}. You are in, and too many others are misjudged: one straight line "
                "gets no further, so look at the hidden layer, and train for longer.", when=lambda seen: seen[0] >= 0.9 and 0.75 <= seen[1] < 0.9),
        Mistake(set_by_hand(**BOTH, w2=0, b2=-2), "Your network gives {seen}: it has not learned yet. More epochs, or a larger learning rate; and a straight border comes no further than this, "
                "so is there an activation in the hidden layer?",
                when=lambda seen: seen[0] < 0.9 and seen[1] < 0.75),
    ],
    hints=[
        "A hidden layer of 8 units with tanh is enough. The output is a probability.",
        "Adam with a rate of 0.05 needs some 100 epochs in all, 5 between two looks.",
    ],
    also_right=[set_by_hand(**BOTH, w2=14, b2=-21), set_by_hand(W1=[[4, 0], [0, 1.3]], b1=[-6, -4.55], w2=14, b2=-16.8)],
    equivalent={
        "443": "the start stays as it was before: it learns from there too",
        "keras.utils.set_random_seed(444)": "it learns from another start too",
        "looks = train_and_look(model, keras.optimizers.Adam(1.05), 5)": "a large rate, and still it learns",
        "looks = train_and_look(model, keras.optimizers.Adam(0.05), 6)": "a little more training",
    },
)

EXERCISES = [derivative, gradient_descent, backpropagation, training_step, the_loop, the_goal]
