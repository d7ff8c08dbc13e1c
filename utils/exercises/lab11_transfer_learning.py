"""Exercises of lab 11: two tasks from one data set, freezing, a new head, features with a classifier on them, and fine-tuning."""

import keras
import numpy as np
import tensorflow as tf

from utils import diagnosis, training
from utils.advice import Advice
from utils.checking import Exercise, Mistake, is_seen

LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


# --- 11.1 -------------------------------------------------------------------------------------------------------------


def digits_to_select(rng):
    """Small images with labels 0 to 9, and the digits of a task: the last five, the first five, and three that are not neighbors."""
    for classes in ([5, 6, 7, 8, 9], [0, 1, 2, 3, 4], [1, 4, 8]):
        y = rng.permutation(np.concatenate([np.arange(10), rng.integers(0, 10, 12)]))
        yield rng.normal(size=(len(y), 2, 2)).astype(np.float32), y, classes
    y = rng.permutation(np.delete(y, np.flatnonzero(y == 4)))  # a class of which there is no example
    yield rng.normal(size=(len(y), 2, 2)).astype(np.float32), y, classes


def as_arrays(answer, X, y, classes):
    """The images and the labels; Advice where the cells that follow cannot work with them."""
    made = answer(X, y, classes)
    if isinstance(made, (tuple, list)) and len(made) == 2 and not any(item is Ellipsis or diagnosis.unfit(item) for item in made):
        images, labels = made
        if np.ndim(images) == 1 and np.ndim(labels) > 1:
            raise Advice("The images come first, then the labels.")
        if not all(isinstance(item, np.ndarray) for item in made):
            raise Advice(AS_ARRAYS)
        if labels.dtype.kind == "f" and np.array_equal(labels, np.round(labels)):
            raise Advice("The labels are whole numbers with a point. They count, so keep them whole: a place among the classes is an int.")
    return made


def how_many_rows(seen, due, X, y, classes):
    """Whether other rows are taken than those that are due, where their number tells it."""
    (images, labels), n = seen, len(due[1])
    if np.shape(images)[:1] == np.shape(labels)[:1] != (n,):
        return f"It takes {len(labels)} of the rows with the digits {y.tolist()}, and {n} are due: those whose digit is one of {classes}."
    return ""


AS_ARRAYS = "The images and the labels are due as NumPy arrays, as X and y are: the cells that follow index them. `np.array(…)` makes one of a list."


def one_by_one(X, y, classes):
    """The images of the classes in their order, each with its place among the classes."""
    chosen = [(image, list(classes).index(label)) for image, label in zip(X, y, strict=True) if label in classes]
    return np.array([image for image, _ in chosen]), np.array([label for _, label in chosen])


def selected(rows=lambda y, classes: np.isin(y, classes), labels=lambda y, classes: np.searchsorted(classes, y), images=lambda X, rows: X[rows]):
    """An answer with a part changed."""
    def answer(X, y, classes):
        chosen = rows(y, classes)
        return images(X, chosen), labels(y[chosen], classes)
    return answer


def by_class(X, y, classes):
    order = np.concatenate([np.flatnonzero(y == label) for label in classes])
    return X[order], np.searchsorted(classes, y[order])


two_tasks = Exercise(
    "11.1", "Two tasks",
    right=one_by_one,
    inputs=digits_to_select,
    observe=as_arrays,
    explain=how_many_rows,
    outputs=("the images", "the labels"),
    mistakes=[
        Mistake(lambda X, y, classes: one_by_one(X, y, classes)[::-1], "The images come first, then the labels."),
        Mistake(lambda X, y, classes: tuple(part.tolist() for part in one_by_one(X, y, classes)), AS_ARRAYS),
        Mistake(lambda X, y, classes: (X[np.isin(y, classes)], np.searchsorted(classes, y)), "The labels are those of all rows. Take the rows of y that you take of X."),
        Mistake(lambda X, y, classes: (X, np.searchsorted(classes, y[np.isin(y, classes)])), "The images are all that came in. Take the rows of X that you take of y."),
        Mistake(lambda X, y, classes: (X[np.isin(y, classes)], np.unique(y[np.isin(y, classes)], return_inverse=True)[1]), "This counts the digits that are there. Where "
                "a class has no example, those after it get the wrong place: look them up in `classes`."),
        Mistake(selected(labels=lambda y, classes: y % 5), "The remainder by 5 happens to fit 0 to 4 and 5 to 9, and makes 1, 4 and 3 of the classes 1, 4 and 8. A label is the "
                "place of its digit among the classes."),
        Mistake(selected(labels=lambda y, classes: y), "The labels are still the digits. A network of k outputs knows the labels 0 to k - 1, so the "
                "first of the classes becomes 0, the next one 1."),
        Mistake(selected(labels=lambda y, classes: y - 5), "The labels are the digits less five, whatever the classes are. A label is the place of its digit "
                "among the classes."),
        Mistake(selected(labels=lambda y, classes: y - classes[0]), "This is right for digits that follow one another, and not for 1, 4 and 8. A label is the "
                "place of its digit among the classes."),
        Mistake(selected(labels=lambda y, classes: y % len(classes)), "The remainder of a division happens to fit 0 to 4 and 5 to 9, and makes two of 1, 4 and "
                "8 the same. A label is the place of its digit among the classes."),
        Mistake(selected(rows=lambda y, classes: ~np.isin(y, classes)), "These are the other digits. Take those whose label is among the classes."),
        Mistake(selected(rows=lambda y, classes: (y >= classes[0]) & (y <= classes[-1])), "Everything between the first and the last class is taken. With the classes "
                "1, 4 and 8, a 5 does not belong to it."),
        Mistake(selected(rows=lambda y, classes: y == classes[0]), "Only one class is taken. Take the rows whose label is any of them."),
        Mistake(selected(images=lambda X, rows: X[: rows.sum()]), "The images are the first ones, and the labels belong to others: take both from the same "
                "rows."),
        Mistake(selected(labels=lambda y, classes: np.eye(len(classes))[np.searchsorted(classes, y)]), "The labels are one-hot. The loss of this lab takes whole "
                "numbers."),
        Mistake(by_class, "The digits are sorted by class. Keep the order in which they come."),
    ],
    hints=["`np.isin(y, classes)` is True for the rows whose label is one of the classes. Take these rows of X and of y.",
           "A digit's new label is its place among the classes: 0 for the first. With the classes in ascending order, `np.searchsorted(classes, y)` finds it."],
    also_right=[
        selected(),
        lambda X, y, classes: (X[np.isin(y, classes)], np.array([list(classes).index(label) for label in y if label in classes])),
        lambda X, y, classes: (np.array(tf.boolean_mask(X, np.isin(y, classes))), np.argmax(y[np.isin(y, classes)][:, None] == np.array(classes), axis=1)),
    ],
)

# --- 11.2 -------------------------------------------------------------------------------------------------------------

(FINE, NOT_COMPILED, BATCH_NORM, HEAD_TOO, ONLY_HEAD, NOTHING, SOME, COUNT_ALL, COUNT_FROZEN, COUNT_ARRAYS, COUNT_OTHER, LOST, OTHER_SETTINGS, MODEL_OFF, FIRST_ONLY) = range(15)
IMAGES = np.random.default_rng(0).normal(2, 3, (12, 12, 12, 1)).astype(np.float32)
LABELS = np.arange(12) % 3


def a_model(optimizer, loss):
    """A trained model with a convolution, a normalization, and a head of 3 × 16 weights and 3 biases."""
    layers = [keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.MaxPooling2D(), keras.layers.Flatten()]
    model = keras.Sequential([keras.Input((12, 12, 1)), *layers, keras.layers.BatchNormalization(), keras.layers.Dense(3)])
    model.compile(optimizer, loss)
    model.train_on_batch(IMAGES, LABELS)
    return model


def weights_by_layer(model):
    """The weights, layer by layer: the order of a model's own list changes with what is frozen, in some versions of Keras."""
    return [weight for layer in model.layers for weight in layer.get_weights()]


def what_still_learns(answer):
    """What is wrong with freezing a model that has been trained: by batches, which is what `fit` does, and quicker for one."""
    settings = keras.optimizers.SGD(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model = a_model(*settings)
    before = weights_by_layer(model)
    optimizer = keras.optimizers.SGD(0.1)
    count = answer(model, optimizer, LOSS)
    if count is Ellipsis:
        return Ellipsis
    if isinstance(count, (keras.Model, tuple, list)) or np.size(count) != 1:
        raise Advice("One number is due: how many weights and biases still learn.")
    if unfit := diagnosis.unfit(count):
        raise Advice(unfit)
    if not all(map(np.array_equal, before, weights_by_layer(model))):
        return LOST
    if (model.optimizer is not settings[0] or model.loss is not settings[1]) and not (model.optimizer is optimizer and model.loss is LOSS):
        return OTHER_SETTINGS
    model.train_on_batch(IMAGES, LABELS)
    kernel, bias, gamma, beta, mean, variance, W, b = (
        not np.array_equal(old, new) for old, new in zip(before, weights_by_layer(model), strict=True)
    )
    if fault := learns_too_much(model, kernel or bias, gamma or beta or mean or variance, W and b):
        return fault
    return miscounted(int(np.asarray(count)), model)


def learns_too_much(model, convolution, normalization, head):
    """What changed in training and should not have, or should have and did not."""
    flags = [layer.trainable for layer in model.layers]
    if flags[0] and not any(flags[1:]):
        return FIRST_ONLY
    if (convolution or normalization) and not any(flags[:-1]):
        return NOT_COMPILED
    if not head:
        return ONLY_HEAD if convolution else HEAD_TOO if model.trainable else MODEL_OFF
    if convolution:
        return NOTHING if normalization else SOME
    return BATCH_NORM if normalization else FINE


def miscounted(count, model):
    """How a number of weights that learn was counted."""
    size = {name: sum(int(np.prod(variable.shape)) for variable in variables) for name, variables in
            (("due", model.trainable_variables), ("all", model.weights), ("frozen", model.non_trainable_variables))}
    if count == size["due"]:
        return FINE
    return {size["all"]: COUNT_ALL, size["frozen"]: COUNT_FROZEN, len(model.trainable_variables): COUNT_ARRAYS}.get(count, COUNT_OTHER)


def freezing(layers=lambda model: model.layers[:-1], compiles=True, count=lambda model: sum(tf.size(variable) for variable in model.trainable_variables), last=True,
             settings=lambda optimizer, loss: (optimizer, loss)):
    """An answer with a part changed: which layers are frozen, whether and how it compiles, what it counts."""
    def answer(model, optimizer, loss):
        for layer in layers(model):
            layer.trainable = False
        model.layers[-1].trainable = last
        if compiles:
            model.compile(*settings(optimizer, loss))
        return count(model)
    return answer


def model_off(model, optimizer, loss):
    model.trainable = False
    model.layers[-1].trainable = True
    model.compile(optimizer, loss)
    return sum(tf.size(variable) for variable in model.layers[-1].variables)


def with_a_new_start(model, optimizer, loss):
    model.set_weights([weight * 0 for weight in model.get_weights()])
    return freezing()(model, optimizer, loss)


def by_exception(model, optimizer, loss):
    """Another right answer: all off, then the last one on."""
    model.trainable = False
    model.layers[-1].trainable = model.trainable = True
    for layer in list(model.layers)[:-1]:
        layer.trainable = False
    model.compile(optimizer=optimizer, loss=loss)
    return int(sum(np.prod(variable.shape) for variable in model.trainable_weights))


the_freezing = Exercise(
    "11.2", "Freeze",
    right=freezing(),
    observe=what_still_learns,
    accept=lambda seen: seen == FINE,
    seconds=1.0,
    mistakes=[
        Mistake(freezing(compiles=False), "The layers are marked, and `fit` goes on training them: it was compiled when they were free. Compile this model "
                "again, and not another, after freezing.", when=is_seen(NOT_COMPILED)),
        Mistake(freezing(lambda model: [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]), "The convolution is frozen, and BatchNormalization "
                "is not: it still changes. Freeze every layer but the last.", when=is_seen(BATCH_NORM)),
        Mistake(freezing(lambda model: model.layers, last=False), "The head is frozen too, so nothing learns. Leave the last layer as it is.", when=is_seen(HEAD_TOO)),
        Mistake(freezing(lambda model: model.layers[-1:], last=False), "The head is frozen and the rest learns: it is the other way round.", when=is_seen(ONLY_HEAD)),
        Mistake(freezing(lambda model: model.layers[1:], last=False), "Only the first layer learns, and the head is frozen: leave out the last one, not the first.",
                when=is_seen(FIRST_ONLY)),
        Mistake(freezing(settings=lambda optimizer, loss: (optimizer, "mse")), "The model is compiled with another optimizer or another loss. Take those that the function is "
                "given, both of them.", when=is_seen(OTHER_SETTINGS)),
        Mistake(freezing(lambda model: []), "Nothing is frozen: all layers still learn. A layer with `trainable = False` does not.", when=is_seen(NOTHING)),
        Mistake(freezing(lambda model: model.layers[1:-1]), "The first layer still learns. Freeze every layer but the last.", when=is_seen(SOME)),
        Mistake(freezing(count=lambda model: model.count_params()), "This counts all weights, those that are frozen too.", when=is_seen(COUNT_ALL)),
        Mistake(freezing(count=lambda model: sum(tf.size(variable) for variable in model.non_trainable_variables)), "These are the weights that do not learn. Count "
                "the others.", when=is_seen(COUNT_FROZEN)),
        Mistake(freezing(count=lambda model: len(model.trainable_variables)), "These are variables, and each holds many numbers. Add up their sizes.",
                when=is_seen(COUNT_ARRAYS)),
        Mistake(freezing(count=lambda model: 2 * model.count_params()), "The number is not that of the weights that still learn. Add up the sizes of "
                "`model.trainable_variables`, after freezing.", when=is_seen(COUNT_OTHER)),
        Mistake(model_off, "Nothing learns, because the switch of the model itself is off, whatever its last layer says. Set the switches of the layers, one by one.",
                when=is_seen(MODEL_OFF)),
        Mistake(with_a_new_start, "The weights have changed. Freezing leaves them as they are: they are what was learned.", when=is_seen(LOST)),
    ],
    hints=["Every layer has an attribute `trainable`. Which layers are to have False, and which is not?",
           "`for layer in model.layers[:-1]:` goes through all but the last. What does `fit` know of it, before the model is compiled again?"],
    also_right=[by_exception, freezing(count=lambda model: np.int64(sum(variable.numpy().size for variable in model.layers[-1].variables)))],
)

# --- 11.3 -------------------------------------------------------------------------------------------------------------

(NEW_BODY, NO_BODY, OLD_HEAD, NOT_FROZEN, PROBABILITIES, NOT_THE_LAST, HIDDEN, COPIED, HEAD_FROZEN_TOO, NO_BIAS) = range(20, 30)


def a_body(seed=0):
    """A body with known weights: a convolution, and a normalization, which tells training from prediction."""
    rng = np.random.default_rng(seed)
    layers = [keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.BatchNormalization(), keras.layers.GlobalMaxPooling2D()]
    body = keras.Sequential([keras.Input((12, 12, 1)), *layers])
    body.set_weights([rng.uniform(0.5, 2, weight.shape) for weight in body.get_weights()])
    body(IMAGES[:1])  # so that it has an output, as one that was trained
    return body


def numbers_of_classes(rng):
    """As many as in the text, and another number."""
    return [(5,), (3,)]


def head_at_work(answer, classes):
    """What is wrong with a model of a body and a new head."""
    body = a_body()
    keras.Sequential([keras.Input((12, 12, 1)), body])  # as in the lab, where it is a layer of another model already
    before, features, depth = body.get_weights(), np.asarray(body(IMAGES, training=False)), len(body.layers)
    model = answer(body, classes)
    if model is Ellipsis:
        return Ellipsis
    if not isinstance(model, keras.Model):
        unfit = None if callable(model) else diagnosis.unfit(model)
        raise Advice(unfit or f"The function should return a model of Keras; it returns a {type(model).__name__}.")
    if len(body.layers) > depth:
        raise Advice(ADDED)
    logits = np.asarray(model(IMAGES, training=False))
    if logits.shape != (len(IMAGES), classes):
        raise Advice(f"For {len(IMAGES)} images the model gives shape {logits.shape}; a logit for each of the {classes} classes is due, {(len(IMAGES), classes)}.")
    if not all(map(np.array_equal, before, body.get_weights())):
        return NEW_BODY
    if not any(variable is body.weights[0] for variable in model.weights):
        kept = any(np.array_equal(before[0], weight) for weight in model.get_weights())
        return COPIED if kept else NEW_BODY if len(model.weights) > 2 else NO_BODY
    if len(model.weights) == len(body.weights) + 1:
        return NO_BIAS
    if len(model.weights) < len(body.weights) + 2:
        return NO_BODY
    W, b = [variable for variable in model.weights if not any(variable is learned for learned in body.weights)][-2:]
    if len(model.weights) != len(body.weights) + 2 or W.shape != (features.shape[1], classes):
        return HIDDEN
    if not np.allclose(logits, features @ np.asarray(W) + np.asarray(b), atol=1e-4):
        return PROBABILITIES
    if not model.trainable_variables:
        return HEAD_FROZEN_TOO
    return FINE if len(model.trainable_variables) == 2 else NOT_FROZEN


ADDED = "The head is added to the body itself, which other models use too. Make a new model, of the body and the head."


def new_head(of=lambda body: body, freeze=True, layers=lambda classes: [keras.layers.Dense(classes)]):
    """An answer with a part changed."""
    def answer(body, classes):
        part = of(body)
        part.trainable = not freeze
        return keras.Sequential([keras.Input((12, 12, 1)), part, *layers(classes)])
    return answer


def by_functions(body, classes):
    body.trainable = False
    inputs = keras.Input(body.input_shape[1:])
    return keras.Model(inputs, keras.layers.Dense(classes)(body(inputs, training=False)))


def copied(body):
    other = keras.models.clone_model(body)
    other.set_weights(body.get_weights())
    return other


def all_frozen(body, classes):
    model = new_head()(body, classes)
    model.trainable = False
    return model


def added_to_it(body, classes):
    body.trainable = False
    body.add(keras.layers.Dense(classes))
    return body


def on_its_output(body, classes):
    """Another right answer: from the body's input on, to a head on its output."""
    body.trainable = False
    return keras.Model(body.input, keras.layers.Dense(classes)(body.output))


def without_a_body(body, classes):
    return keras.Sequential([keras.Input((12, 12, 1)), keras.layers.Flatten(), keras.layers.Dense(classes)])


def layer_by_layer(body, classes):
    """Another right answer: the body's layers, one by one."""
    for layer in body.layers:
        layer.trainable = False
    return keras.Sequential([keras.Input((12, 12, 1)), *body.layers, keras.layers.Dense(classes)])


a_new_head = Exercise(
    "11.3", "A new head",
    right=by_functions,
    inputs=numbers_of_classes,
    observe=head_at_work,
    accept=lambda seen: seen == FINE,
    seconds=1.0,
    mistakes=[
        Mistake(new_head(keras.models.clone_model), "The body is a new one, with random weights: `clone_model` copies the layers and not what they learned. Use the "
                "body itself.", when=is_seen(NEW_BODY)),
        Mistake(new_head(copied), "This is a copy of the body. The cells that follow train and reset the body itself: put it in as it is.", when=is_seen(COPIED)),
        Mistake(all_frozen, "The head is frozen too, so nothing learns. Set the switch of the body, and not of the model that has both.", when=is_seen(HEAD_FROZEN_TOO)),
        Mistake(added_to_it, ADDED),
        Mistake(new_head(layers=lambda classes: [keras.layers.Dense(classes, use_bias=False)]), "The head has no bias. A Dense layer as it is has one for each class.",
                when=is_seen(NO_BIAS)),
        Mistake(lambda body, classes: keras.Sequential(body, keras.layers.Dense(classes)), "`Sequential` takes one list, with the layers in it."),
        Mistake(lambda body, classes: keras.layers.Dense(classes)(body), "A layer is called with what comes out of the body, not with the body."),
        Mistake(without_a_body, "The body is not in it, so the head sees pixels. The body comes first, and the head takes what it gives.", when=is_seen(NO_BODY)),
        Mistake(new_head(freeze=False), "The body still learns. A new head makes large errors at first, whose gradients would spoil it: set its `trainable`.",
                when=is_seen(NOT_FROZEN)),
        Mistake(new_head(layers=lambda classes: [keras.layers.Dense(classes, "softmax")]), "What comes out is not the weighted sum: the head has an activation. The "
                "loss takes logits.", when=is_seen(PROBABILITIES)),
        Mistake(new_head(layers=lambda classes: [keras.layers.Dense(8, "relu"), keras.layers.Dense(classes)]), "There is more than a head between the features and "
                "the logits. With so few examples one Dense layer is what they can teach.", when=is_seen(HIDDEN)),
    ],
    hints=["A model can be a layer of another model: `keras.Sequential([body, …])`.",
           "`body.trainable = False` freezes all of its layers. Then one Dense layer with as many units as there are classes; which activation does it have?"],
    also_right=[new_head(), layer_by_layer, on_its_output],
)

# --- 11.4 -------------------------------------------------------------------------------------------------------------


def images_to_see(rng):
    """Twelve images, and three."""
    return [(rng.normal(1, 2, (n, 12, 12, 1)).astype(np.float32),) for n in (12, 3)]


def step_at_work(answer, X, *more):
    """What the first step makes of images with a body, or what the second makes of features."""
    return answer(X, *more) if more else answer(a_body(), X)


def features_to_classify(rng):
    """The example of the text; then clusters in which the nearest example and the nearest mean differ."""
    yield np.array([[0, 0], [0, 2], [4, 0], [6, 0]], np.float32), np.array([0, 0, 1, 1]), np.array([[1, 1], [4, 1], [2, 0]], np.float32)
    for classes, d in ((2, 3), (4, 6), (5, 2)):
        means = rng.normal(scale=1.5, size=(classes, d))
        y = rng.permutation(np.repeat(np.arange(classes), 5))
        yield (means[y] + rng.normal(size=(len(y), d))).astype(np.float32), y, rng.normal(scale=2, size=(15, d)).astype(np.float32)


def by_dense_layer(F_train, y_train, F):
    """The class whose mean is nearest: where x·m - m²/2 is largest, since the distance's square is x² - 2 (x·m - m²/2)."""
    means = np.array([np.mean(np.float64(F_train)[y_train == label], axis=0) for label in range(max(y_train) + 1)])
    return np.argmax(np.float64(F) @ means.T - np.sum(means**2, axis=1) / 2, axis=1)


def means_of(F, y):
    return np.array([F[y == label].mean(axis=0) for label in range(y.max() + 1)])


def nearest(distance=lambda D: np.linalg.norm(D, axis=2), pick=np.argmin, mean=lambda F, y, label: F[y == label].mean(axis=0)):
    """An answer with a part changed; D holds the differences, shape (n, classes, d)."""
    def answer(F_train, y_train, F):
        means = np.array([mean(F_train, y_train, label) for label in range(y_train.max() + 1)])
        return pick(distance(F[:, None] - means), axis=1)
    return answer


def nearest_example(F_train, y_train, F):
    return y_train[np.argmin(np.linalg.norm(F[:, None] - F_train, axis=2), axis=1)]


in_two_steps = Exercise(
    "11.4", "Features",
    parts=("extract", "nearest_mean"),
    right=(lambda body, X: body(X, training=False), by_dense_layer),
    inputs=(images_to_see, features_to_classify),
    observe=step_at_work,
    atol=1e-4,
    mistakes=[
        Mistake(lambda body, X: body(X, training=True), "The body is called as in training: BatchNormalization then takes its averages from these images, and dropout "
                "would drop features. Say that it does not train.", "extract"),
        Mistake(lambda body, X: np.reshape(X, (len(X), -1)), "These are the pixels. Features are what the body makes of them.", "extract"),
        Mistake(lambda body, X: X, "These are the images. Features are what the body makes of them.", "extract"),
        Mistake(lambda body, X: keras.Sequential(body.layers[:-1])(X), "This is what comes before the body's last layer. Call the whole body.", "extract"),
        Mistake(lambda body, X: body.layers[0](X), "This is what the first layer gives. Features are what comes out of the whole body.", "extract"),
        Mistake(lambda body, X: body(X[:1], training=False), "Only the first image goes through the body.", "extract"),
        Mistake(lambda body, X: np.argmax(body(X, training=False), axis=1), "These are the places of the largest features. The body gives no logits, and all of "
                "its features are of use.", "extract"),
        Mistake(nearest(pick=np.argmax), "This is the class whose mean is farthest away.", "nearest_mean"),
        Mistake(nearest(pick=np.min), "These are the distances. Which class do they belong to?", "nearest_mean"),
        Mistake(nearest_example, "This takes the label of the nearest example. One odd example then decides alone: compare with the means of the classes.",
                "nearest_mean"),
        Mistake(nearest(distance=lambda D: D.sum(axis=2)), "Differences of different sign cancel: square them before you add up, or take `np.linalg.norm`.",
                "nearest_mean"),
        Mistake(nearest(distance=lambda D: np.abs(D.sum(axis=2))), "Differences of different sign cancel before the absolute value is taken. Square each of them "
                "first.", "nearest_mean"),
        Mistake(nearest(distance=lambda D: np.abs(D).sum(axis=2)), "This adds up absolute differences. The distance between two points is meant: squares, and "
                "their root.", "nearest_mean"),
        Mistake(nearest(distance=lambda D: np.abs(D).max(axis=2)), "Only the largest difference counts here. The distance between two points is meant: squares of all "
                "differences, and the root of their sum.", "nearest_mean"),
        Mistake(lambda F_train, y_train, F: y_train[nearest()(F_train, y_train, F)], "The place of the nearest mean is the class already. There is nothing to look up in "
                "`y_train`.", "nearest_mean"),
        Mistake(lambda F_train, y_train, F: np.linalg.norm(F[:, None] - means_of(F_train, y_train), axis=2), "These are all the distances. For each row, which class has the "
                "smallest?", "nearest_mean"),
        Mistake(lambda F_train, y_train, F: means_of(F_train, y_train)[nearest()(F_train, y_train, F)], "These are the nearest means themselves. Which classes do they "
                "belong to?", "nearest_mean"),
        Mistake(nearest(distance=lambda D: np.linalg.norm(D, axis=1)), "Axis 1 runs over the classes. The features, whose differences make a distance, lie along axis 2.",
                "nearest_mean"),
        Mistake(lambda F_train, y_train, F: np.argmin(np.linalg.norm(F[:, None] - F_train, axis=2), axis=1), "This is the number of the nearest example. The class is due "
                "whose mean is nearest.", "nearest_mean"),
        Mistake(lambda F_train, y_train, F: np.argmax(F @ means_of(F_train, y_train).T, axis=1), "The largest product is not the smallest distance: a long mean has large "
                "products with all. Take the differences.", "nearest_mean"),
        Mistake(nearest(distance=np.linalg.norm), "Without an axis, `np.linalg.norm` makes one number of all differences. Say along which axis the features of one "
                "difference lie.", "nearest_mean"),
        Mistake(nearest(mean=lambda F, y, label: F[y == label][0]), "A class is represented by its first example. Take the mean over all of its examples.",
                "nearest_mean"),
        Mistake(nearest(mean=lambda F, y, label: F[y == label].sum(axis=0)), "The examples of a class are added up, and their mean is due.", "nearest_mean"),
        Mistake(nearest(mean=lambda F, y, label: F[y == label].mean()), "One mean is taken over all features. Each feature has its own: say which axis the examples "
                "run along.", "nearest_mean"),
        Mistake(nearest(mean=lambda F, y, label: F.mean(axis=0)), "Every class has the mean of all examples. Take those of the class alone.", "nearest_mean"),
    ],
    hints=["A model is called as a function; `training=False` says that it predicts.",
           "`F[:, None] - means` has the shape (n, classes, d): all differences at once. `np.linalg.norm(…, axis=2)` makes distances of them."],
    also_right=[(lambda body, X: body.predict(X, verbose=0), nearest()), (lambda body, X: np.asarray(body(X)), nearest(distance=lambda D: np.sum(D**2, axis=2)))],
    equivalent={
        "return body(X)": "a model that is called without a word predicts",
        "means = [F_train[y_train == label].mean(axis=0) for label in range(y_train.max() + 1)]": "NumPy subtracts a list as it does an array",
        "distances = np.linalg.norm(means - F[:, None], axis=2)": "a distance has no direction",
    },
)

# --- 11.5 -------------------------------------------------------------------------------------------------------------

BODY_FROZEN, HEAD_FROZEN, FAR, NEAR, PARTLY = range(40, 45)


class Body(keras.Sequential):
    """A model that knows whether its switch was set to the placeholder, which Python takes for True."""

    waits = False

    @property
    def trainable(self):
        """The switch, as that of every layer."""
        return keras.Sequential.trainable.fget(self)

    @trainable.setter
    def trainable(self, value):
        self.waits = value is Ellipsis
        keras.Sequential.trainable.fset(self, value)


def a_deeper_body():
    """A body of two convolutions, whose every layer gets a gradient."""
    rng = np.random.default_rng(1)
    layers = [keras.layers.Conv2D(3, 3, activation="tanh"), keras.layers.Conv2D(4, 3, activation="tanh"), keras.layers.GlobalAveragePooling2D()]
    body = Body([keras.Input((12, 12, 1)), *layers])
    body.set_weights([rng.normal(scale=0.1, size=weight.shape) for weight in body.get_weights()])
    return body


def what_moves(answer, rate):
    """What is wrong with fine-tuning: by how far the weights of body and head go in its first step, in units of the rate."""
    body, head = a_deeper_body(), keras.layers.Dense(3)
    body.trainable = False
    model = keras.Sequential([keras.Input((12, 12, 1)), body, head])
    before = [*body.get_weights(), *head.get_weights()]
    train = answer(model, body, rate)
    if train is Ellipsis or body.waits:
        return Ellipsis
    if not callable(train) or isinstance(train, keras.Model):
        raise Advice(diagnosis.unfit(train) or f"What `training.compile_steps` gives is due, a function; this is a {type(train).__name__}.")
    train(IMAGES, LABELS, 1)
    moved = [np.abs(old - new).max() / rate for old, new in zip(before, [*body.get_weights(), *head.get_weights()], strict=True)]
    by_layer, of_head = [max(moved[0], moved[1]), max(moved[2], moved[3])], max(moved[-2:])
    learned = max(by_layer)
    if learned == 0:
        return BODY_FROZEN
    if min(by_layer) == 0:
        return PARTLY
    if of_head == 0:
        return HEAD_FROZEN
    return FAR if max(learned, of_head) > 1.1 else NEAR if min(learned, of_head) < 0.9 else FINE


def tuned(unfreeze=lambda model, body: setattr(body, "trainable", True), optimizer=lambda rate: keras.optimizers.Adam(rate)):
    """An answer with a part changed."""
    def answer(model, body, learning_rate):
        unfreeze(model, body)
        return training.compile_steps(model, optimizer(learning_rate), LOSS)
    return answer


def too_late(model, body, learning_rate):
    train = tuned(lambda model, body: None)(model, body, learning_rate)
    body.trainable = True
    return train


def body_alone(model, body):
    body.trainable, model.layers[-1].trainable = True, False


def by_layers(model, body, learning_rate):
    """Another right answer: layer by layer, and with steps of its own."""
    for layer in model.layers:
        layer.trainable = True
    optimizer = keras.optimizers.RMSprop(learning_rate, rho=0.0)

    def train(X, y, steps):
        for _ in range(steps):
            with tf.GradientTape() as tape:
                J = LOSS(y, model(X, training=True))
            optimizer.apply_gradients(zip(tape.gradient(J, model.trainable_variables), model.trainable_variables, strict=True))
    return train


fine_tuning = Exercise(
    "11.5", "Fine-tuning",
    right=by_layers,
    inputs=lambda rng: [(1e-3,), (2e-4,)],
    observe=what_moves,
    accept=lambda seen: seen == FINE,
    seconds=2.0,
    mistakes=[
        Mistake(too_late, "The body is still frozen: only the head moves. Its `trainable` has to be set on the body itself, and before the training is compiled.",
                when=is_seen(BODY_FROZEN)),
        Mistake(tuned(lambda model, body: setattr(body.layers[0], "trainable", True)), "Only one layer of the body learns. The switch of the body sets those of all its "
                "layers.", when=is_seen(PARTLY)),
        Mistake(tuned(body_alone), "The head does not move. Fine-tuning trains all of the model.", when=is_seen(HEAD_FROZEN)),
        Mistake(tuned(optimizer=lambda rate: keras.optimizers.Adam(0.01)), "The weights go farther than a step of Adam with this learning rate. Is it Adam, and was it given the "
                "rate? If it is too large, what was learned is lost in a few steps.", when=is_seen(FAR)),
        Mistake(tuned(optimizer=lambda rate: keras.optimizers.Adam(rate / 10)), "The weights go less far than a step of Adam with this learning rate. Give the optimizer the "
                "rate as it is.", when=is_seen(NEAR)),
    ],
    hints=["What was frozen for the head has to learn again: the body has an attribute `trainable` for all that is in it.",
           "First `trainable`, then `keras.optimizers.Adam` with the small rate, then the last line: it compiles for the variables that are trainable then."],
    also_right=[tuned(), tuned(optimizer=lambda rate: keras.optimizers.AdamW(rate, weight_decay=0.0))],
)

EXERCISES = [two_tasks, the_freezing, a_new_head, in_two_steps, fine_tuning]
