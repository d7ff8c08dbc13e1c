"""Exercises of lab 3: networks in a chain and as a graph, their forward pass, their parameters, and what shapes they draw."""

from itertools import pairwise

import keras
import numpy as np
import tensorflow as tf

from utils import datasets, diagnosis
from utils.advice import Advice
from utils.checking import Exercise, Mistake, choice

Dense, relu, sigmoid = keras.layers.Dense, keras.ops.relu, keras.ops.sigmoid


def behavior(make_model, *args, m=2):
    """
    What a model predicts for some points when its weights are set to known numbers: the same for the same architecture.

    make_model: called with args, gives a model of m inputs.
    """
    model = make_model(*args)
    _be_a_model(model, m)
    X = np.random.default_rng(31).normal(size=(16, m)).astype(np.float32)
    X[8:] *= 6  # so that an activation with an upper end shows it
    model(X[:1])  # a model of a class of its own makes its weights now
    rng = np.random.default_rng(32)
    model.set_weights([rng.normal(size=w.shape) * (1.0 if w.ndim > 1 else 0.5) for w in model.get_weights()])
    return Predictions(model(X), model, args)


class Predictions(np.ndarray):
    """What a model predicts; as a text, how it is built."""

    def __new__(cls, y_hat, model, args):
        """The predictions of a model that was made with args."""
        predictions = np.asarray(y_hat).view(cls)
        given = f"for {' and '.join(map(str, args))}, " if args else ""
        predictions.text = given + ", then ".join(_layer(layer) for layer in model.layers if not isinstance(layer, keras.layers.InputLayer))
        return predictions

    def __str__(self):
        return self.text


def _layer(layer):
    if not isinstance(layer, Dense):
        return type(layer).__name__
    bias = "" if layer.use_bias else ", no bias"
    return f"{layer.units} unit{'s' if layer.units > 1 else ''} ({getattr(layer.activation, '__name__', layer.activation)}{bias})"


def _be_a_model(model, m):
    if isinstance(model, (list, tuple)):
        raise Advice("It gives a list of layers. `keras.Sequential` makes a model of such a list.")
    if isinstance(model, keras.KerasTensor):
        raise Advice("It gives the output, a symbolic tensor. `keras.Model(inputs, outputs)` makes a model of the two ends.")
    if not isinstance(model, keras.Model):
        raise Advice(diagnosis.unfit(model) or f"It gives a {type(model).__name__}, and a Keras model is due.")
    if isinstance(model, keras.Sequential) and not model.built:
        raise Advice(diagnosis.NO_INPUT)
    if model.built and getattr(model, "input_shape", None) and model.input_shape[-1] != m:
        raise Advice(f"The model takes {model.input_shape[-1]} inputs, and it should take {m}. `keras.Input((…,))` has that number.")


def stack(*layers, m=2):
    """A mistake's model: Dense layers given as (units, activation)."""
    return keras.Sequential([keras.Input((m,)), *(Dense(units, activation=activation) for units, activation in layers)])


OUTPUT = (1, "sigmoid")
TWO_OUTPUTS = "There are two outputs here. One number is asked for, the probability to pass."
NO_SIGMOID = "The output has no activation, so it can be any number. A probability needs the sigmoid."
SOFTMAX = ("The output has softmax, which makes the outputs of an example add up to 1: a single one is always 1, whatever comes in. "
           "For one output, use the sigmoid.")
LINEAR = "The hidden layers have no activation. Without one, all the layers together are one straight cut, as in exercise 1.7."

one_hidden_layer = Exercise(
    "3.1", "One hidden layer",
    right=lambda: stack((3, "relu"), OUTPUT),
    observe=behavior,
    seconds=1.0,
    mistakes=[
        Mistake(lambda: stack((3, None), OUTPUT), "The hidden layer has no activation. Without one, both layers together are one straight "
                "cut, as in exercise 1.7."),
        Mistake(lambda: stack((3, "relu"), (1, None)), NO_SIGMOID),
        Mistake(lambda: stack((3, None), (1, None)), "Neither layer has an activation: this is a straight line, and no probability."),
        Mistake(lambda: stack((3, "sigmoid"), OUTPUT), "The hidden layer has the sigmoid; ReLU is asked for."),
        Mistake(lambda: stack((3, "tanh"), OUTPUT), "The hidden layer has tanh; ReLU is asked for."),
        Mistake(lambda: stack((3, "relu"), (1, "relu")), "The output has ReLU, so it can be 7, or stay 0. A probability needs the sigmoid."),
        Mistake(lambda: stack((3, "sigmoid"), (1, "relu")), "The activations are exchanged: ReLU is for the hidden layer, the sigmoid for the "
                "output."),
        Mistake(lambda: stack((3, "relu"), (1, "softmax")), SOFTMAX),
        Mistake(lambda: stack((3, "relu"), (2, "sigmoid")), TWO_OUTPUTS),
        Mistake(lambda: stack((3, "relu"), (2, None)), "There are two outputs, as on the slide, and no activation. Here one number is asked "
                "for, between 0 and 1."),
        Mistake(lambda: stack((2, "relu"), OUTPUT), "There are 2 hidden units. Two is the number of inputs; the layer has three units."),
        Mistake(lambda: stack((1, "relu"), (3, "sigmoid")), "The widths are exchanged: three units are in the hidden layer, one is the output."),
        Mistake(lambda: stack(OUTPUT), "The hidden layer is missing: this is a single perceptron."),
        Mistake(lambda: stack((3, "relu")), "The output layer is missing: this gives three numbers."),
        Mistake(lambda: stack((2, "relu"), (3, "relu"), OUTPUT), "There are two hidden layers. The inputs are no layer of their own: "
                "`keras.Input` stands for them."),
        Mistake(lambda: stack((3, "relu"), (3, "relu"), OUTPUT), "There are two hidden layers, and one is asked for."),
        Mistake(lambda: keras.Sequential([Dense(3, "relu"), Dense(1, "sigmoid")]), diagnosis.NO_INPUT),
        Mistake(lambda: stack((3, "elu"), OUTPUT), "The model has {seen}. Compare that with what is asked for, layer by layer.",
                when=lambda seen: seen is not None),
    ],
    hints=[
        "`keras.Sequential([…])` takes a list of three things: an Input, a Dense layer for the hidden units, a Dense layer for the output.",
        "`keras.Input((2,))` says that an example has two numbers. A layer of four units with tanh would be "
        "`keras.layers.Dense(4, activation=\"tanh\")`.",
        "The hidden layer has 3 units and \"relu\", the output 1 unit and \"sigmoid\".",
    ],
    also_right=[
        lambda: keras.Sequential([keras.layers.InputLayer(shape=(2,)), Dense(3, "relu"), Dense(1, "sigmoid")]),
        lambda: keras.Sequential([keras.Input((2,)), Dense(3), keras.layers.ReLU(), Dense(1), keras.layers.Activation("sigmoid")]),
        lambda: (lambda inputs: keras.Model(inputs, Dense(1, "sigmoid")(Dense(3, tf.nn.relu)(inputs))))(keras.Input((2,))),
    ],
)


def some_widths(rng):
    """The example of the text; no hidden layer; layers of equal width; and others."""
    yield [4, 3], "relu"
    yield [], "relu"
    yield [2, 2, 2], "relu"
    yield [int(width) for width in rng.integers(2, 7, size=3)], "tanh"


def deep(widths, activation, output=OUTPUT):
    return stack(*((width, activation) for width in widths), output)


def the_same_layer(widths, activation):
    layer = Dense(widths[0], activation=activation) if widths else None
    return keras.Sequential([keras.Input((2,)), *(layer for _ in widths), Dense(1, "sigmoid")])


def activation_at_the_end(widths, activation):
    return stack(*((width, None) for width in widths[:-1]), *((width, activation) for width in widths[-1:]), OUTPUT)


a_deep_network = Exercise(
    "3.2", "A deep network",
    right=deep,
    inputs=some_widths,
    observe=behavior,
    seconds=1.0,
    mistakes=[
        Mistake(lambda widths, activation: deep(widths, None), LINEAR),
        Mistake(lambda widths, activation: deep(widths, "relu"), "The hidden layers always have ReLU. Use the argument `activation`."),
        Mistake(lambda widths, activation: deep(widths, activation, (1, None)), NO_SIGMOID),
        Mistake(lambda widths, activation: deep(widths, activation, (1, activation)), "The output has the activation of the hidden layers. "
                "It is a probability, so it has the sigmoid."),
        Mistake(lambda widths, activation: deep(widths, activation, (1, "softmax")), SOFTMAX),
        Mistake(lambda widths, activation: deep(widths, activation, (2, "sigmoid")), TWO_OUTPUTS),
        Mistake(lambda widths, activation: deep(widths, "sigmoid"), "The hidden layers have the sigmoid. Use the argument `activation`."),
        Mistake(lambda widths, activation: deep(widths[::-1], activation), "The layers are in the reverse order: the first width belongs to the "
                "layer next to the inputs."),
        Mistake(lambda widths, activation: deep(widths[:1], activation), "There is only one hidden layer, however long the list is. Add a "
                "layer for each width."),
        Mistake(lambda widths, activation: deep(widths[-1:], activation), "Only the last width has become a layer: is the list of layers made "
                "anew in the loop?"),
        Mistake(lambda widths, activation: deep(widths[:-1], activation), "The last width has no layer. The output comes in addition to the "
                "hidden layers."),
        Mistake(lambda widths, activation: deep(widths[1:], activation), "The first width has no layer. The inputs are not in the list: every "
                "width is a hidden layer."),
        Mistake(lambda widths, activation: deep(widths[:1] * len(widths), activation), "All hidden layers are as wide as the first. Use each "
                "width once."),
        Mistake(the_same_layer, "The same layer is put in several times, so that these share their weights. Make a new Dense layer for each "
                "width."),
        Mistake(activation_at_the_end, "Only the last hidden layer has the activation. The ones before it are one straight cut without it."),
        Mistake(lambda widths, activation: stack(*((width, activation) for width in widths)),
                "The output layer is missing. After the hidden layers comes a layer with one unit."),
        Mistake(lambda widths, activation: stack(*((width, activation) for width in widths[1:]), OUTPUT, m=widths[0]), "The first width is taken for the "
                "number of inputs, which is always 2. Every width is a hidden layer, and there may be none."),
        Mistake(lambda widths, activation: stack(*((width, activation) for width in widths[:-1]), (widths[-1], "sigmoid")), "The last width is taken for the "
                "output. The output has one unit, and comes after the hidden layers, of which there may be none."),
        Mistake(lambda widths, activation: stack((widths[0], activation), (widths[1], activation), OUTPUT), "There are two hidden layers, however long the "
                "list is. Make a layer for each width in a loop; there may be none."),
        Mistake(lambda widths, activation: deep([4, 3], "relu"), "The widths are always 4 and 3. Take them from the list."),
        Mistake(lambda widths, activation: deep(range(len(widths)) if 0 not in range(len(widths)) else [1] * len(widths), activation),
                "Every hidden layer has one unit. Use the widths of the list."),
        Mistake(lambda widths, activation: stack(*(layer for width in widths for layer in ((width, activation), OUTPUT))),
                "The output layer comes after every hidden layer. It belongs at the end, after the loop."),
        Mistake(lambda widths, activation: stack(*((width + 1, activation) for width in widths), OUTPUT), "The model has, {seen}. Compare "
                "that with what is asked for, layer by layer.", when=lambda seen: seen is not None),
    ],
    hints=[
        "Begin with a list that holds the Input. A loop over the widths appends a layer each time, and the output comes last.",
        "In the loop: `layers.append(keras.layers.Dense(width, activation=activation))`. `keras.Sequential` takes the list at the end.",
    ],
    also_right=[
        lambda widths, activation: keras.Sequential([keras.Input([2])] + [Dense(width, activation) for width in widths] + [Dense(1, "sigmoid")]),
        lambda widths, activation: chained(widths, activation),
        lambda widths, activation: grown(widths, activation),
    ],
)


def chained(widths, activation):
    """The functional API, in a loop."""
    inputs = h = keras.Input((2,))
    for width in widths:
        h = keras.layers.Activation(activation)(Dense(width)(h))
    return keras.Model(inputs, Dense(1, "sigmoid")(h))


def grown(widths, activation):
    """By `add`, as an older style has it."""
    model = keras.Sequential()
    model.add(keras.Input(shape=(2,)))
    for width in widths:
        model.add(Dense(width, activation=keras.activations.get(activation)))
    model.add(Dense(1, activation=keras.ops.sigmoid))
    return model


def some_sizes(rng):
    """The network of 3.1; one hidden unit; more inputs than hidden units; and others."""
    yield 2, 3
    yield 3, 1
    yield 5, 2
    yield int(rng.integers(2, 6)), int(rng.integers(6, 9))


def functional_behavior(make_model, m, d):
    """The model's predictions; a text where it is not made by the functional API."""
    model = make_model(m, d)
    y_hat = behavior(lambda: model, m=m)
    return "Sequential" if isinstance(model, keras.Sequential) else y_hat


def functional(m, hidden, output, join=lambda inputs, hidden: hidden):
    inputs = keras.Input((m,))
    between = Dense(hidden[0], activation=hidden[1])(inputs)
    return keras.Model(inputs, Dense(output[0], activation=output[1])(join(inputs, between)))


def hidden_as_output(m, d):
    inputs = keras.Input((m,))
    return keras.Model(inputs, Dense(d, activation="relu")(inputs))


def from_hidden_to_output(m, d):
    hidden = keras.Input((d,))
    return keras.Model(hidden, Dense(1, activation="sigmoid")(hidden))


def exchanged_ends(m, d):
    inputs = keras.Input((m,))
    return keras.Model(Dense(1, "sigmoid")(Dense(d, "relu")(inputs)), inputs)


def hidden_not_called(m, d):
    return keras.Model(keras.Input((m,)), Dense(1, "sigmoid")(Dense(d, "relu")))


def output_not_called(m, d):
    return keras.Model(keras.Input((m,)), Dense(1, "sigmoid"))


the_functional_api = Exercise(
    "3.3", "The functional API",
    right=lambda m, d: functional(m, (d, "relu"), OUTPUT),
    inputs=some_sizes,
    observe=functional_behavior,
    seconds=1.0,
    mistakes=[
        Mistake(lambda m, d: stack((d, "relu"), OUTPUT, m=m), "This is `Sequential` again. Call each layer on what comes before it, and give "
                "`keras.Model` the two ends.", when=lambda seen: isinstance(seen, str)),
        Mistake(lambda m, d: functional(m, (d, "relu"), OUTPUT, join=lambda inputs, hidden: inputs), "The output layer is called on the "
                "inputs, so the hidden layer hangs in the air. Call it on what the hidden layer gives."),
        Mistake(hidden_as_output, "The model ends at the hidden layer. Its second argument is what the output layer gives."),
        Mistake(lambda m, d: functional(m, (d, None), OUTPUT), "The hidden layer has no activation. Without one, both layers together are one "
                "straight cut."),
        Mistake(lambda m, d: functional(m, (d, "sigmoid"), OUTPUT), "The hidden layer has the sigmoid; ReLU is asked for."),
        Mistake(lambda m, d: functional(m, (d, "relu"), (1, None)), NO_SIGMOID),
        Mistake(lambda m, d: functional(m, (d, "relu"), (1, "relu")), "The output has ReLU. A probability needs the sigmoid."),
        Mistake(lambda m, d: functional(m, (d, "relu"), (1, "softmax")), SOFTMAX),
        Mistake(lambda m, d: functional(m, (d, "relu"), (2, None)), "There are two outputs without an activation, as on the slide. Here one "
                "number is asked for, between 0 and 1."),
        Mistake(lambda m, d: functional(m, (d, "relu"), (d, "sigmoid")), "The output layer is as wide as the hidden one. The network gives one "
                "number."),
        Mistake(lambda m, d: functional(m, (m, "relu"), OUTPUT), "The hidden layer has m units. It has d; m is the number of inputs."),
        Mistake(lambda m, d: functional(m, (3, "relu"), OUTPUT), "The hidden layer always has 3 units. Use the argument d."),
        Mistake(lambda m, d: functional(2, (d, "relu"), OUTPUT), "The model always takes 2 inputs. Use the argument m."),
        Mistake(from_hidden_to_output, "The model takes d numbers, and m are due: it begins at the hidden layer, or m and d are exchanged."),
        Mistake(exchanged_ends, "The two ends are exchanged: `keras.Model` takes the inputs first."),
        Mistake(hidden_not_called, "A layer is handed to a layer. Call each on a tensor: the hidden layer on the inputs, the output layer on what that gives."),
        Mistake(output_not_called, "The model ends with a layer, and what the layer makes is due: call it on what the hidden layer gives."),
        Mistake(lambda m, d: functional(m, (d, "relu"), OUTPUT, join=lambda inputs, hidden: keras.layers.Concatenate()([inputs, hidden])),
                "The model has {seen}. Compare that with what is asked for, layer by layer.", when=lambda seen: seen is not None),
    ],
    hints=[
        "A layer is a function: `keras.layers.Dense(5)(inputs)` is what it makes of the inputs. The output layer takes the hidden one's "
        "result.",
        "`keras.Model(first, last)` takes the tensor at the beginning, and the tensor at the end.",
    ],
    also_right=[
        lambda m, d: by_activation_layers(m, d),
        lambda m, d: around(stack((d, "relu"), OUTPUT, m=m), m),
    ],
)


def by_activation_layers(m, d):
    inputs = keras.layers.Input(shape=[m], name="features")
    z = Dense(d)(inputs)
    return keras.Model(inputs=inputs, outputs=keras.ops.sigmoid(Dense(1)(keras.layers.ReLU()(z))))


def around(model, m):
    """A model called as a layer inside another one."""
    inputs = keras.Input((m,))
    return keras.Model(inputs, model(inputs))


def trained_weights(rng):
    """Points and weights for a forward pass: small numbers; then other sizes, where some hidden units are off."""
    f32 = np.float32
    yield (np.array([[1, 2], [0, -1]], f32), np.array([[1, 0, -1], [2, 1, 0]], f32), np.array([0.5, 0, 1], f32),
           np.array([[1], [-2], [0.5]], f32), np.array([-1], f32))
    for n, m, d in [(4, 3, 3), (1, 2, 5), (6, 4, 2)]:
        shapes = [(n, m), (m, d), (d,), (d, 1), (1,)]
        yield tuple(rng.normal(size=shape).astype(f32) for shape in shapes)


def by_keras(X, W1, b1, W2, b2):
    model = stack((len(b1), "relu"), OUTPUT, m=X.shape[1])
    model.set_weights([W1, b1, W2, b2])
    return model(X)


forward_pass = Exercise(
    "3.4", "The forward pass of a network",
    right=by_keras,
    inputs=trained_weights,
    mistakes=[
        Mistake(lambda X, W1, b1, W2, b2: sigmoid((X @ W1 + b1) @ W2 + b2), "The activation of the hidden layer is skipped. So the network is "
                "one straight cut."),
        Mistake(lambda X, W1, b1, W2, b2: sigmoid(sigmoid(relu(X @ W1 + b1) @ W2 + b2)), "The sigmoid is applied twice at the output: all "
                "predictions lie between 0.5 and 0.74."),
        Mistake(lambda X, W1, b1, W2, b2: relu(X @ W1 + b1) @ W2 + b2, "The sigmoid is missing at the output: this is z, and it can be any "
                "number."),
        Mistake(lambda X, W1, b1, W2, b2: relu(relu(X @ W1 + b1) @ W2 + b2), "The output has ReLU; it has the sigmoid."),
        Mistake(lambda X, W1, b1, W2, b2: sigmoid(relu(relu(X @ W1 + b1) @ W2 + b2)), "ReLU is applied at the output, before the sigmoid: no "
                "prediction is below 0.5. It belongs to the hidden layer only."),
        Mistake(lambda X, W1, b1, W2, b2: sigmoid(sigmoid(X @ W1 + b1) @ W2 + b2), "The hidden layer has the sigmoid here; it has ReLU."),
        Mistake(lambda X, W1, b1, W2, b2: sigmoid(np.tanh(X @ W1 + b1) @ W2 + b2), "The hidden layer has tanh here; it has ReLU."),
        Mistake(lambda X, W1, b1, W2, b2: sigmoid(relu(X @ W1) @ W2 + b2), "The bias of the hidden layer is missing."),
        Mistake(lambda X, W1, b1, W2, b2: sigmoid(relu(X @ W1 + b1) @ W2), "The bias of the output is missing."),
        Mistake(lambda X, W1, b1, W2, b2: sigmoid(relu(X @ W1) @ W2), "Both biases are missing."),
        Mistake(lambda X, W1, b1, W2, b2: sigmoid((relu(X @ W1) + b1) @ W2 + b2), "b1 is added after the activation; it belongs to z, inside."),
        Mistake(lambda X, W1, b1, W2, b2: sigmoid(relu(X @ W1 + b1) @ W2) + b2, "b2 is added after the sigmoid; it belongs to z, inside."),
        Mistake(lambda X, W1, b1, W2, b2: sigmoid(relu(X @ W1 + b1) @ W2 + b2)[:, 0], "The result is flat, shape (n,). Keras gives a column, "
                "shape (n, 1), with a row for each example."),
        Mistake(lambda X, W1, b1, W2, b2: np.ones((len(X), 1)), SOFTMAX),
        Mistake(lambda X, W1, b1, W2, b2: relu(sigmoid(X @ W1 + b1) @ W2 + b2), "The activations are exchanged: ReLU is for the hidden layer, "
                "the sigmoid for the output."),
        Mistake(lambda X, W1, b1, W2, b2: relu(X @ W1 + b1), "This is the hidden layer. What does the output make of it?"),
        Mistake(lambda X, W1, b1, W2, b2: sigmoid(relu(X @ W1 + b1) @ W2 + b2) > 0.5, "This is a decision, True or False. The prediction is "
                "the probability itself."),
    ],
    hints=[
        "Two layers, one line each: product, bias, activation. The second takes what the first gives.",
        "hidden is ReLU of X W1 + b1; `keras.ops.matmul` or `@` is the product.",
        "The output is the sigmoid of hidden W2 + b2.",
    ],
    also_right=[
        lambda X, W1, b1, W2, b2: sigmoid(relu(X @ W1 + b1) @ W2 + b2),
        lambda X, W1, b1, W2, b2: tf.nn.sigmoid(tf.matmul(tf.nn.relu(tf.matmul(X, W1) + b1), W2) + b2),
        lambda X, W1, b1, W2, b2: [[float(sigmoid(sum(max(0, x @ W1[:, i] + b1[i]) * W2[i, 0] for i in range(len(b1))) + b2[0]))] for x in X],
        lambda X, W1, b1, W2, b2: keras.activations.sigmoid(keras.ops.dot(keras.activations.relu(np.float64(X) @ W1 + b1), np.float64(W2)) + b2),
    ],
)


def some_stacks(rng):
    """The lecture's network; one layer; deep ones; and others."""
    yield ([2, 3, 1],)
    yield ([4, 2],)
    yield ([784, 128, 64, 10],)
    yield ([int(size) for size in rng.integers(2, 30, size=5)],)


def counted_by_keras(sizes):
    return stack(*((size, None) for size in sizes[1:]), m=sizes[0]).count_params()


stack_parameters = Exercise(
    "3.5", "Parameters of a stack",
    right=counted_by_keras,
    inputs=some_stacks,
    mistakes=[
        Mistake(lambda sizes: sum(m * d for m, d in pairwise(sizes)), "These are the weights; every unit has a bias as well."),
        Mistake(lambda sizes: sum(m * d + m for m, d in pairwise(sizes)), "There is a bias for each input of a layer here. It is the layer's units "
                "that have one."),
        Mistake(lambda sizes: sum(m * d + 1 for m, d in pairwise(sizes)), "There is one bias for each layer here. Every unit has its own."),
        Mistake(lambda sizes: sum(m * d + m + d for m, d in pairwise(sizes)), "The inputs of a layer get a bias too. Only its own units have one."),
        Mistake(lambda sizes: sum(m + d for m, d in pairwise(sizes)), "Inputs and units are added. Each input of a layer is joined to each unit by "
                "a weight: multiply."),
        Mistake(lambda sizes: sizes[-2] * sizes[-1] + sizes[-1], "This is the last layer alone: `=` writes over the sum, and `+=` adds to it."),
        Mistake(lambda sizes: sizes[0] * sizes[1] + sizes[1], "This is the first layer alone. Go on with the others."),
        Mistake(lambda sizes: sum(d for _, d in pairwise(sizes)), "These are the biases; the weights are missing."),
        Mistake(lambda sizes: sum(sizes), "This counts inputs and units. What joins them?"),
        Mistake(lambda sizes: int(np.prod(sizes)), "All sizes are multiplied. Multiply those of two neighbors, and add up over the layers."),
        Mistake(lambda sizes: sum((m + 1) * (d + 1) for m, d in pairwise(sizes)), "One too many in each layer: (m + 1)(d + 1) gives the bias a "
                "unit of its own on the output side."),
        Mistake(lambda sizes: 13, "13 is right for the lecture's network and for no other. Compute it from `sizes`."),
    ],
    hints=[
        "You know one layer from exercise 2.3. In the loop, m and d are the inputs and the units of one layer.",
        "A layer of d units with m inputs has a weight for each pair and a bias for each unit.",
    ],
    also_right=[
        lambda sizes: sum((m + 1) * d for m, d in pairwise(sizes)),
        lambda sizes: int(np.dot(np.array(sizes[:-1]) + 1, sizes[1:])),
        lambda sizes: sizes[1] * (sizes[0] + 1) + sum(sizes[i] * (1 + sizes[i - 1]) for i in range(2, len(sizes))),
    ],
)


def polygon(sides, sharpness=3.0):
    """A network without training: its tanh units are the sides of a polygon round the green points."""
    model = stack((sides, "tanh"), OUTPUT)
    angles = 2 * np.pi * np.arange(sides) / sides
    W1 = -sharpness * np.stack([np.cos(angles), np.sin(angles)])
    outside_of_one = np.array([1.4 - sides])  # the sum of the units is `sides` within, and two less beyond one of the sides
    model.set_weights([W1, np.full(sides, sharpness), np.ones((sides, 1)), outside_of_one])
    return model


def units_and_share(model):
    """The number of hidden units of a model, and the share of the points that it has right; a text where it is no such model."""
    _be_a_model(model, 2)
    X, y = datasets.points()
    y_hat = np.asarray(model(X))
    if y_hat.shape != (len(X), 1):
        raise Advice(f"The model gives shape {y_hat.shape} for {len(X)} points. One output is due.")
    if unfit := diagnosis.not_probabilities(y_hat):
        raise Advice(unfit)
    layers = [layer for layer in model.layers if layer.get_weights()]
    if not all(isinstance(layer, Dense) for layer in layers) or len(layers) < len(model.layers):
        simple = (Dense, keras.layers.InputLayer, keras.layers.Activation, keras.layers.ReLU)
        if not all(isinstance(layer, simple) for layer in model.layers):
            raise Advice("Use Dense layers only: the points should go in as they are.")
    return np.array([sum(layer.units for layer in layers[:-1]), np.mean((y_hat[:, 0] > 0.5) == (y == 1))])


def found(few, right):
    """Recognize whether there are few units, and whether the points are right."""
    return lambda seen: seen is not None and (seen[0] <= 5, seen[1] >= 0.95) == (few, right)


few_units = Exercise(
    "3.6", "Few units",
    right=polygon(5),
    observe=units_and_share,
    seconds=1.0,
    accept=found(few=True, right=True),
    mistakes=[
        Mistake(stack((3, "tanh"), OUTPUT), "Fewer than 95% of the points are on the right side. Has the model been trained? Then it is too narrow, or had a "
                "bad start: try another width, another seed, and `\"tanh\"`.",
                when=found(few=True, right=False)),
        Mistake(polygon(6), "The points are separated, by more than 5 hidden units. Try fewer: what does each unit draw?",
                when=found(few=False, right=True)),
        Mistake(stack((20, "relu"), OUTPUT), "There are more than 5 hidden units, and still fewer than 95% of the points are on the right "
                "side. Has the model been trained?", when=found(few=False, right=False)),
    ],
    hints=[
        "The picture of lab 1 has one hidden unit's region: a straight cut. How many cuts close a figure round the green points?",
        "`train(deep_network([…], \"tanh\"), points, labels)` with one width in the list is enough.",
    ],
    also_right=[
        polygon(4),
        polygon(3, sharpness=1.0),
    ],
    equivalent={
        "small = train(deep_network([4], 'tanh'), points, labels)": "one unit more, and still few",
        "keras.utils.set_random_seed(8)": "another start",
        "7": "any start: 100 of 100 found their way",
    },
)


xor = Exercise(
    "3.7", "XOR",
    right="c",
    observe=choice,
    mistakes=[
        Mistake("a", "A single perceptron draws one straight line. Put the four points on paper: (0, 1) and (1, 0) are true, and no line has "
                "them on one side and the other two on the other."),
        Mistake("b", "Eight units, but no activation: the two layers are one, as in exercise 1.7, and draw one straight line."),
        Mistake("d", "One hidden unit bends its sum, and bends it in one direction only. So ŷ rises or falls along one line of thought: the "
                "border is one straight line again."),
    ],
    hints=[
        "Draw the four points. How many straight cuts do you need to have (0, 1) and (1, 0) apart from the other two?",
        "Each hidden unit gives one cut, if its layer has an activation.",
    ],
    also_right=["C", " c "],
)

EXERCISES = [one_hidden_layer, a_deep_network, the_functional_api, forward_pass, stack_parameters, few_units, xor]
