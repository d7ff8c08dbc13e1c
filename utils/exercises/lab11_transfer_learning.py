"""Exercises of lab 11: two tasks from one data set, freezing, a new head, features with a classifier on them, and fine-tuning."""

import keras
import numpy as np
import tensorflow as tf

from utils import training
from utils.advice import Advice
from utils.checking import FINE, Exercise, Mistake, Part, arrays, edited, edits_of, findings_of, limits, require

IMAGES = np.random.default_rng(0).normal(2, 3, (12, 12, 12, 1)).astype(np.float32)
LABELS = np.arange(12) % 3
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

class Body(keras.Sequential):
    """A model whose switch refuses the placeholder `...`, which Python takes for True."""

    def __setattr__(self, name, value):
        if value is Ellipsis:
            raise Advice(f"`{name}` is still the placeholder `...`.")
        super().__setattr__(name, value)

def small_body():
    """A body with known weights: a convolution, and a normalization, which tells training from prediction."""
    rng = np.random.default_rng(0)
    layers = [keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.GlobalMaxPooling2D(), keras.layers.BatchNormalization()]
    body = Body([keras.Input((12, 12, 1)), *layers])
    body.set_weights([rng.uniform(0.5, 2, weight.shape) for weight in body.get_weights()])
    body(IMAGES[:1])  # so that it has an output, like one that was trained
    return body

def digits_to_select(rng):
    """Small images with labels 0 to 9, and the digits of a task: the last five, the first five, and three that are not neighbors."""
    for classes, absent in (([5, 6, 7, 8, 9], None), ([0, 1, 2, 3, 4], None), ([1, 4, 8], None), ([1, 4, 8], 4)):
        digits = [digit for digit in range(10) if digit != absent]  # one class may have no example
        y = rng.permutation(np.concatenate([digits, rng.choice(digits, 12)]))
        yield rng.normal(size=(len(y), 2, 2)).astype(np.float32), y, classes

def selection_of(answer, X, y, classes):
    """The images and the labels, if the cells that follow can work with them."""
    images, labels = require.items(answer(X, y, classes), 2, "the images, and their labels")
    if require.numbers(images).ndim == 1 < require.numbers(labels).ndim:
        return Selection.EXCHANGED
    if not (isinstance(images, np.ndarray) and isinstance(labels, np.ndarray)):
        return Selection.NO_ARRAYS
    return Selection.FLOATS if labels.ndim == 1 and labels.dtype.kind == "f" else (images, labels)

def how_many_rows(got, expected, X, y, classes):
    """That the answer takes other rows, where their number shows it."""
    (images, labels), (_, places) = got, expected
    if labels.ndim and images.shape[:1] == labels.shape[:1] != places.shape:
        return f"Of the digits {y.tolist()} it takes {len(labels)}; expected {len(places)}, those that are among {classes}."

def one_by_one(X, y, classes):
    chosen = [(image, list(classes).index(label)) for image, label in zip(X, y, strict=True) if label in classes]
    return tuple(map(np.array, zip(*chosen, strict=True)))

def task(X, y, classes):
    rows = np.isin(y, classes)
    return X[rows], np.searchsorted(classes, y[rows])

select = edits_of(task)
ROWS, NEW_LABELS = "np.isin(y, classes)", "np.searchsorted(classes, y[rows])"
PLACE = "A label is the place of its digit among the classes."
Selection, mistakes_of_selection = findings_of(task,
    ("EXCHANGED", lambda *inputs: task(*inputs)[::-1], "The images come first, then the labels."),
    ("NO_ARRAYS", lambda *inputs: [array.tolist() for array in task(*inputs)], "Return NumPy arrays, as X and y are: the cells that follow index "
     "them. `np.array(…)` turns a list into an array."),
    ("FLOATS", "y[rows])", "y[rows]).astype(float)", "The labels are floats. A label is a place among the classes, so keep it an integer."),
    ("", "y[rows])", "y)", "The labels are those of all rows. Take the rows of y that you take of X."),
    ("", "X[rows]", "X", "The images are all that came in. Take the rows of X that you take of y."),
    ("", NEW_LABELS, "np.unique(y[rows], return_inverse=True)[1]", "This numbers the digits that occur. Where a class has no example, the classes after "
     "it get the wrong place: look the digits up in `classes`."),
    ("", NEW_LABELS, "y[rows] % 5", f"The remainder by 5 happens to fit 0 to 4 and 5 to 9, and turns 1, 4, 8 into 1, 4, 3. {PLACE}"),
    ("", NEW_LABELS, "y[rows]", "The labels are still the digits. A network of k outputs knows 0 to k - 1: the first class becomes 0, the next 1."),
    ("", NEW_LABELS, "y[rows] - 5", f"The labels are the digits minus 5, whatever the classes are. {PLACE}"),
    ("", NEW_LABELS, "y[rows] - classes[0]", f"This is right for digits that follow one another, and not for 1, 4 and 8. {PLACE}"),
    ("", NEW_LABELS, "y[rows] % len(classes)", f"This remainder fits 0 to 4 and 5 to 9 by chance. Of 1, 4, 8, two get one label. {PLACE}"),
    ("", ROWS, "~np.isin(y, classes)", "These are the other digits. Take those whose label is among the classes."),
    ("", ROWS, "(y >= classes[0]) & (y <= classes[-1])", "This takes all digits from the first class to the last. Is a 5 one of 1, 4 and 8?"),
    ("", ROWS, "y == classes[0]", "This takes only one class. Take the rows whose label is any of them."),
    ("", "X[rows]", "X[: rows.sum()]", "The images are the first ones, and the labels belong to others. Take both from the same rows."),
    ("", NEW_LABELS, "np.eye(len(classes))[np.searchsorted(classes, y[rows])]", "The labels are one-hot. The loss takes whole numbers."),
    ("", ROWS, "np.concatenate([np.flatnonzero(y == label) for label in classes])", "The digits are sorted by class. Keep the order of y."),
)
two_tasks = Exercise("11.1", "Two tasks", right=one_by_one, inputs=digits_to_select, observe=selection_of, explain=how_many_rows,
    outputs=("the images", "the labels"), mistakes=mistakes_of_selection,
    hints=["`np.isin(y, classes)` is True for the rows whose label is one of the classes. Take these rows of X and of y.",
           "A digit's new label is its place among the classes, 0 for the first. With ascending classes, `np.searchsorted(classes, y)` finds it."],
    also_right=[task, select(NEW_LABELS, "np.array([list(classes).index(label) for label in y if label in classes])"),
                select(NEW_LABELS, "np.argmax(y[rows][:, None] == np.array(classes), axis=1)", "X[rows]", "np.array(tf.boolean_mask(X, rows))")])

def weights_by_layer(model):
    """The weights, layer by layer: the order of a model's own list changes with what is frozen, in some versions of Keras."""
    return [weight.tolist() for layer in model.layers for weight in layer.get_weights()]

def what_still_learns(answer):
    """
    What is wrong with freezing a trained model. It trains by `train_on_batch`, which does for one batch what `fit` does.

    Line by line that takes a fifth of the time. A model that is not compiled again would go on as it was recorded: all of it learns.
    """
    old, new = (keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True)), (keras.optimizers.SGD(0.1), LOSS)
    model = keras.Sequential([*small_body().layers, keras.layers.Dense(6), keras.layers.Dense(3)])
    depth = len(model.layers)
    with limits.not_charged():
        model.compile(*old, run_eagerly=True)
        model.train_on_batch(IMAGES, LABELS)
    before, trains = weights_by_layer(model), model.train_function
    count = answer(model, *new)
    if isinstance(count, (keras.Model, tuple, list)) or require.numbers(count).size != 1:
        raise Advice("Expected one number: how many weights and biases still learn.")
    if len(model.layers) != depth:
        return Freezing.OTHER_LAYERS
    if before != weights_by_layer(model):
        return Freezing.CHANGED
    if (model.optimizer, model.loss) not in (old, new):
        return Freezing.OTHER_SETTINGS
    changed = [True] * len(before)
    if model.train_function is not trains:
        model.run_eagerly = True
        with limits.not_charged():
            model.train_on_batch(IMAGES, LABELS)
        changed = [a != b for a, b in zip(before, weights_by_layer(model), strict=True)]
    convolution, normalization, hidden = any(changed[:2]), any(changed[2:6]), any(changed[6:8])
    if finding := wrongly_frozen(model, convolution, normalization, hidden, head=all(changed[8:])):
        return finding
    if (model.optimizer, model.loss) == old:
        return Freezing.OTHER_SETTINGS
    learning, rest = (sum(np.prod(variable.shape) for variable in each) for each in (model.trainable_variables, model.non_trainable_variables))
    meanings = {learning: FINE, rest: Freezing.COUNT_FROZEN, learning + rest: Freezing.COUNT_ALL, 2: Freezing.COUNT_VARIABLES}  # W and b
    return meanings.get(require.numbers(count).item(), Freezing.COUNT_OTHER)

def wrongly_frozen(model, convolution, normalization, hidden, head):
    """What changed in training and should not, or should and did not."""
    free = [layer.trainable for layer in model.layers]
    if free[0] and not any(free[1:]):
        return Freezing.FIRST_ONLY
    if (convolution and not free[0]) or (normalization and not free[-3]) or (hidden and not free[-2]):
        return Freezing.NOT_COMPILED
    if not head:
        frozen = Freezing.NO_STEP if free[-1] else Freezing.HEAD_TOO
        return Freezing.ONLY_HEAD if convolution else frozen if model.trainable else Freezing.MODEL_OFF
    if convolution:
        return Freezing.NOTHING if normalization and hidden else Freezing.SOME
    return Freezing.BATCH_NORM if normalization else Freezing.LAST_BUT_ONE if hidden else None

def last_layer_free(model, optimizer, loss):
    for layer in model.layers:
        layer.trainable = layer is model.layers[-1]
    model.compile(optimizer=optimizer, loss=loss)
    return np.int64(sum(variable.numpy().size for variable in model.layers[-1].variables))

def freeze(model, optimizer, loss):
    for layer in model.layers[:-1]:
        layer.trainable = False
    model.compile(optimizer, loss)
    return sum(tf.size(variable) for variable in model.trainable_variables)

frozen = edits_of(freeze)
COUNT = "sum(tf.size(variable) for variable in model.trainable_variables)"
Freezing, mistakes_of_freezing = findings_of(freeze,
    ("NOT_COMPILED", "model.compile(optimizer, loss)", "pass", "`fit` still trains the frozen layers: the model was compiled when they were free. "
     "After freezing, compile this model again."),
    ("LAST_BUT_ONE", "[:-1]", "[:-2]", "The layer before the last one still learns. Freeze every layer but the last, of any kind."),
    ("BATCH_NORM", "[:-1]", "[:-3]", "The convolution is frozen, and BatchNormalization is not: it still changes. Freeze every layer but the last."),
    ("HEAD_TOO", "[:-1]", "", "The head is frozen too, so nothing learns. Leave the last layer as it is."),
    ("ONLY_HEAD", "[:-1]", "[-1:]", "The head is frozen and the rest learns. It should be the other way round."),
    ("FIRST_ONLY", "[:-1]", "[1:]", "Only the first layer is free, and the head is frozen. Leave out the last layer, not the first."),
    ("SOME", "[:-1]", "[1:-1]", "The first layer still learns. Freeze it too: every layer but the last."),
    ("NOTHING", "[:-1]", "[:0]", "Nothing is frozen: all layers still learn. A layer with `trainable = False` does not."),
    ("OTHER_SETTINGS", "compile(optimizer, loss)", 'compile(optimizer, "mse")', "The model is compiled with another optimizer or another loss. Take "
     "both from the arguments of the function."),
    ("COUNT_ALL", COUNT, "model.count_params()", "This counts all weights, including those that are frozen."),
    ("COUNT_OTHER", COUNT, "2 * model.count_params()", "This is not the number of weights that still learn. Add up the sizes of "
     "`model.trainable_variables`, after freezing."),
    ("COUNT_FROZEN", "model.trainable", "model.non_trainable", "This is the number of weights that do not learn. Count the others."),
    ("COUNT_VARIABLES", COUNT, "len(model.trainable_variables)", "This is the number of variables, and each holds many numbers. Add up their sizes."),
    ("MODEL_OFF", "    model.c", "    model.trainable = False\n    model.layers[-1].trainable = True\n    model.c", "Nothing learns: the switch of "
     "the model itself is off, even if its last layer is on. Set the switches of the layers, one by one."),
    ("NO_STEP", "    for layer in model.layers[:-1]:\n        layer.trainable = False", "    optimizer.learning_rate = 0.0", "Nothing learns, though the "
     "last layer is free: the optimizer makes steps of 0. Freeze by `trainable`, and leave the optimizer as it comes in."),
    ("OTHER_LAYERS", "    for layer in model.layers[:-1]:\n        layer.trainable = False", "    model.pop()", "The model has other layers than before: "
     "one is taken out, or added. A frozen layer stays in the model and works; it does not learn."),
    ("CHANGED", "    for", "    model.set_weights([0 * weight for weight in model.get_weights()])\n    for", "The weights have changed. Freezing "
     "should leave them as they are: they hold what was learned."),
)
the_freezing = Exercise("11.2", "Freeze", right=last_layer_free, observe=what_still_learns, seconds=1.0, mistakes=mistakes_of_freezing,
    hints=["Every layer has an attribute `trainable`. Which layers need False, and which one does not?",
           "`for layer in model.layers[:-1]:` goes through all but the last. Does `fit` know about it before the model is compiled again?"],
    also_right=[freeze, frozen("    for", "    model.trainable = False\n    model.trainable = True\n    for")])

def head_on_body(answer, classes):
    """What is wrong with a model of a body and a new head."""
    body = small_body()
    keras.Sequential([keras.Input((12, 12, 1)), body])  # as in the lab, where it is already a layer of another model
    learned, features, depth = body.get_weights(), np.asarray(body(IMAGES, training=False)), len(body.layers)
    model = answer(body, classes)
    if len(body.layers) > depth:
        return Head.ADDED
    if not isinstance(model, keras.Model):
        raise Advice(arrays.no_numbers(model) or f"Expected a Keras model; this is of type {type(model).__name__}.")
    logits = require.numbers(model(IMAGES, training=False), (12, classes), f"For 12 images and {classes} classes the model gives")
    of_body = {id(variable) for variable in body.weights}
    head = [variable for variable in model.weights if id(variable) not in of_body]
    if len(model.weights) < len(head) + len(of_body):
        kernels = [variable.numpy() for variable in head if tuple(variable.shape) == learned[0].shape]
        return Head.NO_BODY if not kernels else Head.COPIED if np.array_equal(kernels[0], learned[0]) else Head.NEW_BODY
    if not all(map(np.array_equal, learned, body.get_weights())):
        raise Advice("The weights of the body have changed. They hold what it learned: leave them as they are.")
    if len(head) == 1:
        return Head.NO_BIAS
    if [tuple(variable.shape) for variable in head] != [(features.shape[1], classes), (classes,)]:
        return Head.HIDDEN
    if not np.allclose(logits, features @ np.asarray(head[0]) + np.asarray(head[1]), atol=1e-4):
        return Head.NO_LOGITS
    if any(id(variable) in of_body for variable in model.trainable_variables):
        return Head.NOT_FROZEN
    return FINE if len(model.trainable_variables) == 2 else Head.HEAD_TOO

def by_functions(body, classes):
    body.trainable = False
    inputs = keras.Input(body.input_shape[1:])
    return keras.Model(inputs, keras.layers.Dense(classes)(body(inputs, training=False)))

def with_new_head(body, classes):
    body.trainable = False
    return keras.Sequential([body, keras.layers.Dense(classes)])

headed = edits_of(with_new_head)
Head, mistakes_of_head = findings_of(with_new_head,
    ("COPIED", "    body", "    old, body = body, keras.models.clone_model(body); body.set_weights(old.get_weights())\n    body",
     "This is a copy of the body. The cells that follow train and reset the body itself: put it in as it is."),
    ("HEAD_TOO", "return", "model =", ")])", ")])\n    model.trainable = False\n    return model", "The head is frozen too, so nothing learns. Set "
     "the switch of the body, and not of the model that has both."),
    ("ADDED", "return keras.Sequential([body, keras", "body.add(keras", ")])", "))\n    return body", "The head is added to the body itself, which "
     "other models use too. Make a new model, of the body and the head."),
    ("NEW_BODY", "[body", "[keras.models.clone_model(body)", "The body is a new one, with random weights: `clone_model` copies the layers and not "
     "what they learned. Use the body itself."),
    ("NO_BIAS", "(classes)", "(classes, use_bias=False)", "The head has no bias. By default, a Dense layer has one for each class."),
    ("", "([body", "(body", ")])", "))", "`Sequential` takes one list, with the layers in it."),
    ("", "keras.Sequential([body, ", "", ")])", ")(body)", "A layer is called with the output of the body, not with the body itself."),
    ("NO_BODY", "[body", "[keras.layers.Flatten()", "The body, or a part of it, is not in the model. All of it comes first, and then the head."),
    ("NOT_FROZEN", "False", "True", "The body still learns. A new head's large errors would spoil it at first: set the body's `trainable`."),
    ("NO_LOGITS", "(classes)", '(classes, "softmax")', "The output is not the weighted sum of the features: is there an activation or a "
     "rescaling? The loss takes logits."),
    ("HIDDEN", "[body", '[body, keras.layers.Dense(8, "relu")', "There is more than one layer between the features and the logits. With so "
     "few examples, one Dense layer is enough."),
)
a_new_head = Exercise("11.3", "A new head", right=by_functions, observe=head_on_body, seconds=1.0,
    inputs=lambda rng: [(5,), (3,)], mistakes=mistakes_of_head,  # as many classes as in the text, and another number
    hints=["A model can be a layer of another model: `keras.Sequential([body, …])`.",
           "`body.trainable = False` freezes all of its layers. Then add one Dense layer, with a unit for each class; which activation does it have?"],
    also_right=[with_new_head, headed("Sequential([body", "Model(body.input", ")])", ")(body.output))"),
                headed("[body", "[keras.Input((12, 12, 1)), body"),
                headed("[body", "[keras.Input((12, 12, 1)), *body.layers", "body.trainable", "for layer in body.layers: layer.trainable")])

def features_to_classify(rng):
    """The example of the text; a mean far from the median; then clusters, and points that are clearly nearer to one mean than to the others."""
    yield np.array([[0, 0], [0, 2], [4, 0], [6, 0]], np.float32), np.array([0, 0, 1, 1]), np.array([[1, 1], [4, 1], [2, 0]], np.float32)
    yield np.array([[0], [0], [9], [8], [8], [8]], np.float32), np.array([0, 0, 0, 1, 1, 1]), np.array([[1], [5], [8]], np.float32)
    for classes, d in ((2, 3), (4, 6), (5, 2)):
        y = rng.permutation(np.repeat(np.arange(classes), 5))
        F_train = (rng.normal(scale=1.5, size=(classes, d))[y] + rng.normal(size=(len(y), d))).astype(np.float32)
        F = rng.normal(scale=2, size=(60, d)).astype(np.float32)
        distances = np.sort(np.linalg.norm(F[:, None] - [F_train[y == label].mean(axis=0) for label in range(classes)], axis=2))
        yield F_train, y, F[distances[:, 1] - distances[:, 0] > 0.01]

def by_dense_layer(F_train, y_train, F):
    """The class whose mean is nearest: where x·m - m²/2 is largest, since the distance's square is x² - 2 (x·m - m²/2)."""
    means = np.array([np.mean(np.float64(F_train)[y_train == label], axis=0) for label in range(max(y_train) + 1)])
    return np.argmax(np.float64(F) @ means.T - np.sum(means**2, axis=1) / 2, axis=1)

def nearest_mean(F_train, y_train, F):
    means = np.array([F_train[y_train == label].mean(axis=0) for label in range(y_train.max() + 1)])
    distances = np.linalg.norm(F[:, None] - means, axis=2)
    return np.argmin(distances, axis=1)

classify = edits_of(nearest_mean)
DISTANCES, CLASS = "np.linalg.norm(F[:, None] - means, axis=2)", "np.argmin(distances, axis=1)"
in_two_steps = Exercise("11.4", "Features", parts=[
    Part("extract", right=lambda body, X: body(X, training=False), observe=lambda answer, X: answer(small_body(), X), atol=1e-4,
         inputs=lambda rng: [(rng.normal(1, 2, (n, 12, 12, 1)).astype(np.float32),) for n in (12, 3)], mistakes=[
        Mistake(lambda body, X: body(X, training=True), "The body is called as in training: BatchNormalization then takes its averages from these "
                "images, and dropout would drop features. Say that it does not train."),
        Mistake(lambda body, X: np.reshape(X, (len(X), -1)), "These are the pixels. Features are what the body computes from them."),
        Mistake(lambda body, X: X, "These are the images. Features are the output of the body for these images."),
        Mistake(lambda body, X: keras.Sequential(body.layers[:-1])(X), "This is the input of the body's last layer. Call the whole body."),
        Mistake(lambda body, X: body.layers[0](X), "This is the output of the first layer. Features are the output of the whole body."),
        Mistake(lambda body, X: body(X[:1], training=False), "Only the first image goes through the body."),
        Mistake(lambda body, X: np.argmax(body(X), axis=1), "These are the places of the largest features. They are no logits: use all of them."),
    ], also_right=[lambda body, X: body.predict(X, verbose=0), lambda body, X: np.asarray(body(X))]),
    Part("nearest_mean", right=by_dense_layer, inputs=features_to_classify, mistakes=edited(nearest_mean,
        ("argmin", "argmax", "This is the class whose mean is farthest away."),
        ("argmin", "min", "These are the smallest distances. Which classes do they belong to?"),
        (CLASS, "y_train[np.argmin(distances, axis=1)]", "- means", "- F_train", "This takes the label of the nearest example. One odd example then "
         "decides alone: compare with the means of the classes."),
        ("linalg.norm", "sum", "Differences of different sign cancel. Square them before you add up, or take `np.linalg.norm`."),
        (DISTANCES, "np.abs(np.sum(F[:, None] - means, axis=2))", "The differences are added up with their signs, so that "
         "opposite ones cancel. First square each."),
        ("axis=2", "axis=2, ord=1", "This adds up absolute differences. The usual distance is the root of the sum of squares."),
        ("axis=2", "axis=2, ord=np.inf", "Only the largest difference counts here. Add up the squares of all, and take the root."),
        (CLASS, "y_train[np.argmin(distances, axis=1)]", "The place of the nearest mean is the class already, without `y_train`."),
        (CLASS, "distances", "These are all the distances. For each row, which class has the smallest?"),
        (CLASS, "means[np.argmin(distances, axis=1)]", "These are the nearest means themselves. Which classes do they belong to?"),
        ("axis=2", "axis=1", "Axis 1 runs over the classes. The features, whose differences make a distance, lie along axis 2."),
        ("- means", "- F_train", "This is the number of the nearest example. Give the class whose mean is nearest."),
        (DISTANCES, "F @ means.T", "argmin", "argmax", "A large product is not a small distance: long means win. Take differences."),
        (", axis=2", "", "Without an axis, `np.linalg.norm` gives one number in all. Along which axis are the features?"),
        (".mean(axis=0)", "[0]", "A class is represented by its first example. Take the mean over all of its examples."),
        ("F_train[y_train == label].mean(axis=0)", "np.median(F_train[y_train == label], axis=0)", "These are the medians. Take the means."),
        (".mean", ".sum", "This adds up the examples of a class. Take their mean."),
        (".mean(axis=0)", ".mean()", "This is one mean over all features. Each has its own: along which axis are the examples?"),
        ("[y_train == label]", "", "Every class has the mean of all examples. Take only the examples of the class."),
    ), also_right=[nearest_mean, classify(DISTANCES, "np.sum((F[:, None] - means) ** 2, axis=2)")]),
], hints=["A model is called as a function; `training=False` says that it predicts.",
          "`F[:, None] - means` has the shape (n, classes, d): all differences at once. `np.linalg.norm(…, axis=2)` turns them into distances.",
], equivalent={
    "return body(X)": "a model predicts, unless it is told that it trains",
    "means = [F_train[y_train == label].mean(axis=0) for label in range(y_train.max() + 1)]": "NumPy subtracts a list as it does an array",
    "distances = np.linalg.norm(means - F[:, None], axis=2)": "a distance has no direction",
})

def what_moves(answer, rate):
    """What is wrong with fine-tuning: by how far the weights of body and head move in its first step, in units of the rate."""
    model = with_new_head(small_body(), 3)
    model(IMAGES[:1])  # in Keras 3.0 the head has no weights before
    before, other = weights_by_layer(model), with_new_head(small_body(), 3)
    other(IMAGES[:1])
    other.set_weights(model.get_weights())
    train = answer(model, model.layers[0], rate)
    if not callable(train) or isinstance(train, keras.Model):
        raise Advice(arrays.no_numbers(train) or "Return the function that `training.compile_steps` gives, with which the next cells train.")
    train(IMAGES, LABELS, 1)
    after = weights_by_layer(model)
    def moved(before, after):  # by layer: convolution, normalization, the averages that it keeps, head
        moves = [np.abs(np.subtract(old, new)).max() / rate for old, new in zip(before, after, strict=True)]
        return np.reshape(moves, (4, 2)).max(axis=1)
    *of_body, _, of_head = moved(before, after)
    if of_head == 0:
        return Tuning.HEAD_FROZEN
    if min(of_body) == 0:
        return Tuning.PARTLY if any(of_body) else Tuning.BODY_FROZEN
    if max(*of_body, of_head) > 1.1:
        return Tuning.FAR
    if min(*of_body, of_head) < 0.9:
        return Tuning.NEAR
    step_by_step(other, other.layers[0], rate)(IMAGES, LABELS, 1)
    three = zip(before, after, weights_by_layer(other), strict=True)
    as_expected = np.concatenate([np.ravel(np.subtract(new, old) * np.subtract(right, old) >= 0) for old, new, right in three])
    if as_expected.mean() <= 0.9:
        return Tuning.OTHER_LOSS
    train(IMAGES, LABELS, 5)
    *of_body, _, of_head = moved(after, weights_by_layer(model))
    return Tuning.FADING if max(*of_body, of_head) < 2 else FINE  # with Adam some weight moves by most of the rate in each step

def step_by_step(model, body, learning_rate):
    for layer in model.layers:
        layer.trainable = True
    optimizer = keras.optimizers.Adam(learning_rate)

    def train(X, y, steps):
        for _ in range(steps):
            with tf.GradientTape() as tape:
                J = LOSS(y, model(X, training=True))
            optimizer.apply_gradients(zip(tape.gradient(J, model.trainable_variables), model.trainable_variables, strict=True))
    return train

def fine_tuning(model, body, learning_rate):
    body.trainable = True
    optimizer = keras.optimizers.Adam(learning_rate)
    return training.compile_steps(model, optimizer, LOSS)

tuned = edits_of(fine_tuning)
Tuning, mistakes_of_tuning = findings_of(fine_tuning,
    ("BODY_FROZEN", "    body.trainable = True\n", "", "return", "train =", "LOSS)", "LOSS); body.trainable = True; return train",
     "The body is still frozen: only the head learns. Set `trainable` on the body itself, before the training is compiled."),
    ("PARTLY", "body.trainable", "body.layers[0].trainable", "Only one layer of the body learns. The switch of the body sets those of all layers."),
    ("HEAD_FROZEN", "= True", "= True\n    model.layers[-1].trainable = False", "The head does not learn. Fine-tuning trains the whole model."),
    ("OTHER_LOSS", "LOSS", "keras.losses.SparseCategoricalCrossentropy()", "The weights do not change as they do with the loss of this lab. Train "
     "with `cross_entropy`, which takes the logits of the head."),
    ("FAR", "Adam(learning_rate)", "Adam(0.01)", "The weights change more than with Adam at this rate, and may lose what was learned. Is it "
     "Adam, and does it get the rate?"),
    ("NEAR", "Adam(learning_rate)", "Adam(learning_rate / 10)", "The weights change less than with Adam at this rate. Is it Adam, and does "
     "it get the rate without a change?"),
    ("FADING", "Adam(learning_rate)", "Adam(keras.optimizers.schedules.ExponentialDecay(learning_rate, 1, 0.1))", "The weights hardly move "
     "after the first steps: the rate falls. Give Adam the rate as a number, as it comes in."),
)
the_fine_tuning = Exercise("11.5", "Fine-tuning", right=step_by_step, inputs=lambda rng: [(1e-3,), (2e-4,)], observe=what_moves, seconds=2.0,
    mistakes=mistakes_of_tuning,
    hints=["The body was frozen for the new head, and has to learn again. It has an attribute `trainable` for all of its layers.",
           "First `trainable`, then `keras.optimizers.Adam` with the small rate, then the last line, which compiles for what is trainable at that time."],
    also_right=[fine_tuning, tuned("Adam(learning_rate)", "AdamW(learning_rate, weight_decay=0.0)")])

EXERCISES = [two_tasks, the_freezing, a_new_head, in_two_steps, the_fine_tuning]
