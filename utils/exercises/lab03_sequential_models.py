"""Exercises of lab 3: networks in a chain and as a graph, their forward pass, their parameters, and what shapes they draw."""

from itertools import pairwise
from types import SimpleNamespace

import keras
import numpy as np
import tensorflow as tf

from utils import datasets
from utils.advice import Advice
from utils.checking import FINE, Exercise, Mistake, choice, edited, edits_of, findings_of, require, showing

Dense, relu, sigmoid = keras.layers.Dense, keras.ops.relu, keras.ops.sigmoid

# --- 3.1 to 3.3: models are compared by what they predict -------------------------------------------------------------
LIST_OF_LAYERS = "It gives a list of layers. `keras.Sequential` makes a model of such a list."
SYMBOLIC_OUTPUT = "It gives the output, a symbolic tensor. `keras.Model` makes a model when it gets both ends."
NO_LAYERS = "The model has no layers. Does `keras.Sequential` get the list, or the None that `append` gives?"
SEVERAL_OUTPUTS = "The model gives several outputs. Give `keras.Model` the last tensor alone as its second argument."
SHARED_WEIGHTS = "Two calls give models that share their weights. Make all layers within the function, so that each call gives a new model."
EQUAL_WEIGHTS = "All weights of a layer begin equal, so that its units stay copies of one another. Leave out the initializer: Keras begins at random."

def behavior(make_model, *args, m=2):
    """What a model predicts for some points when its weights have known values.  args: what it is made for; m: how many inputs it should have."""
    model = require_model(make_model(*args), m)
    if {id(w) for w in model.weights} & {id(w) for w in getattr(make_model(*args), "weights", [])}:
        raise Advice(SHARED_WEIGHTS)
    if any(w.ndim > 1 and w.size > 1 and np.ptp(w) == 0 for w in model.get_weights()):
        raise Advice(EQUAL_WEIGHTS)
    rng = np.random.default_rng(31)
    X = rng.normal(size=(16, m)).astype(np.float32)
    X[8:] *= 6  # so that an activation with an upper end shows it
    model.set_weights([rng.normal(size=w.shape) * (1.0 if w.ndim > 1 else 0.5) for w in model.get_weights()])
    outputs = model(X, training=True)  # in training, so that dropout and noise show too
    if isinstance(outputs, (list, tuple, dict)):
        raise Advice(SEVERAL_OUTPUTS)
    predictions = require.numbers(outputs)
    return SimpleNamespace(model=model, numpy=lambda: predictions)

def require_model(model, m):
    """A model of m inputs, which has its weights."""
    if isinstance(model, (list, tuple)) and any(isinstance(item, keras.layers.Layer) for item in model):
        raise Advice(LIST_OF_LAYERS)
    if isinstance(model, keras.KerasTensor):
        raise Advice(SYMBOLIC_OUTPUT)
    if isinstance(model, keras.Sequential) and not model.layers:
        raise Advice(NO_LAYERS)
    if isinstance(model, keras.Model) and not isinstance(model, keras.Sequential) and not model.built:
        model(np.zeros((1, m), np.float32))  # a model of the student's own class makes its weights when it is called
    return require.model(model, inputs=(m,))

def layers_of(model):
    """The layers and operations of a model, and of models within it; not its inputs."""
    for layer in getattr(model, "operations", model.layers):
        if hasattr(layer, "layers"):
            yield from layers_of(layer)
        elif not isinstance(layer, keras.layers.InputLayer):
            yield layer

def describe(layer):
    if not isinstance(layer, Dense):
        return type(layer).__name__
    activation = getattr(layer.activation, "__name__", layer.activation)
    return f"{layer.units} unit{'s' * (layer.units > 1)} ({activation}{'' if layer.use_bias else ', no bias'})"

def describe_layers(got, **inputs):
    """Which layers a model has that behaves in another way than expected."""
    model = f"For {showing.show_inputs(inputs)} the model" if inputs else "The model"
    layers = ", then ".join(map(describe, layers_of(got.model))) or "no layers"
    return f"{model} has {layers}. Compare that with what is asked for, layer by layer."

def stack(*hidden, m=2):
    """A chain of Dense layers, the hidden ones written as (units, activation)."""
    return keras.Sequential([keras.Input((m,)), *(Dense(*layer) for layer in hidden), Dense(1, "sigmoid")])

SOFTMAX = "The output has softmax, which makes outputs add up to 1: a single one is always 1. For one output, use the sigmoid."
EXCHANGED = "The activations are exchanged: ReLU is for the hidden layer, the sigmoid for the output."
OF_OUTPUT = [
    ('"sigmoid"', "None", "The output has no activation, so it can be any number. A probability needs the sigmoid."),
    ('"sigmoid"', '"softmax"', SOFTMAX),
    ("Dense(1", "Dense(2", "There are two outputs. The model should give one number, a probability."),
]
OF_TWO_LAYERS = [
    *OF_OUTPUT,
    ('"sigmoid"', '"relu"', "The output has ReLU, so it can be 7, or stay 0. A probability needs the sigmoid."),
    ('1, activation="sigmoid"', "2", "There are two outputs, as on the slide, and no activation. Here one number is asked for, between 0 and 1."),
    ('"relu"', "None", "The hidden layer has no activation. Without one, both layers together draw one straight line, as in exercise 1.7."),
    ('"relu"', "None", '"sigmoid"', "None", "Neither layer has an activation: the model draws a straight line, and gives no probability."),
    ('"relu"', '"sigmoid"', "The hidden layer has the sigmoid; ReLU is asked for."),
    ('"relu"', '"tanh"', "The hidden layer has tanh; ReLU is asked for."),
    ('"relu"', '"elu"', "The hidden layer has ELU, which does not make every negative number 0; ReLU is asked for."),
    ('"relu"', "sigmoid", '"sigmoid"', "relu", EXCHANGED),
]

def network():
    return keras.Sequential([keras.Input((2,)), Dense(3, activation="relu"), Dense(1, activation="sigmoid")])

net, one_for_all = edits_of(network), network()
HIDDEN, OUTPUT = 'Dense(3, activation="relu")', 'Dense(1, activation="sigmoid")'
one_hidden_layer = Exercise("3.1", "One hidden layer", right=lambda: stack((3, "relu")), observe=behavior, seconds=1.0,
    explain=lambda got, _: describe_layers(got), mistakes=edited(network, *OF_TWO_LAYERS,
    ("Dense(3", "Dense(2", "There are 2 hidden units. Two is the number of inputs; the layer has three units."),
    ("(3", "(n", "(1", "(3", "(n", "(1", "The widths are exchanged: three units are in the hidden layer, one is the output."),
    (f"{HIDDEN}, ", "", "The hidden layer is missing: this is a single perceptron."),
    (f", {OUTPUT}", "", "The output layer is missing: this gives three numbers."),
    ("Dense(3", 'Dense(2, "relu"), Dense(3', "There are two hidden layers. The inputs are no layer of their own: `keras.Input` stands for them."),
    (HIDDEN, f"{HIDDEN}, {HIDDEN}", "There are two hidden layers, and one is asked for."),
    ("keras.Input((2,)), ", "", require.NO_INPUT),
    ("(2,)", "2", "An input has a shape, not a size. A shape is a tuple, and a tuple of one number needs a comma."),
    ("keras.Sequential(", "list(", LIST_OF_LAYERS),
    ('"relu"', '"relu", kernel_initializer="zeros"', EQUAL_WEIGHTS),
    (lambda: one_for_all, SHARED_WEIGHTS),
), hints=[
    "`keras.Sequential([…])` takes a list of three things: an Input, a Dense layer for the hidden units, a Dense layer for the output.",
    "`keras.Input((2,))` says that an example has two numbers. `keras.layers.Dense(4, activation=\"tanh\")` is a layer of four units with tanh.",
    "The hidden layer has 3 units and \"relu\", the output 1 unit and \"sigmoid\".",
], also_right=[
    network, net("keras.Input((2,))", "keras.layers.InputLayer(shape=(2,))"),
    net(HIDDEN, "Dense(3), keras.layers.ReLU()", OUTPUT, 'Dense(1), keras.layers.Activation("sigmoid")'),
    lambda: keras.Model(inputs := keras.Input((2,)), Dense(1, "sigmoid")(Dense(3, tf.nn.relu)(inputs))),
])

def deep_network(widths, activation="relu"):
    layers = [keras.Input((2,))]
    for width in widths:
        layers.append(Dense(width, activation=activation))
    layers.append(Dense(1, activation="sigmoid"))
    return keras.Sequential(layers)

deep = edits_of(deep_network)
a_deep_network = Exercise("3.2", "A deep network", observe=behavior, seconds=1.0,
    right=lambda widths, activation: stack(*((width, activation) for width in widths)),
    inputs=lambda rng: [([4, 3], "relu"), ([], "relu"), ([2, 2, 2], "relu"), (rng.integers(2, 7, size=3).tolist(), "tanh")],
    explain=lambda got, _, widths, activation: describe_layers(got, widths=widths, activation=activation), mistakes=edited(deep_network, *OF_OUTPUT,
    ('"sigmoid"', "activation", "The output has the activation of the hidden layers. It is a probability, so it has the sigmoid."),
    ("=activation", "=None", "The hidden layers have no activation. Without one, all layers together draw one straight line, as in exercise 1.7."),
    ("=activation", '="relu"', "The hidden layers always have ReLU. Use the argument `activation`."),
    ("=activation", '="sigmoid"', "The hidden layers have the sigmoid. Use the argument `activation`."),
    ("in widths", "in widths[::-1]", "The layers are in the reverse order: the first width belongs to the layer next to the inputs."),
    ("in widths", "in widths[:1]", "There is only one hidden layer, however long the list is. Add a layer for each width."),
    ("activation=activation))", "activation=activation))\n        return keras.Sequential(layers)",
     "The model ends after the first width: a `return` in the loop ends it. Return the model after the loop, with its output."),
    ("in widths", "in widths[-1:]", "Only the last width has become a layer: does each turn of the loop begin anew?"),
    ("in widths", "in widths[:-1]", "The last width has no layer. The output comes in addition to the hidden layers."),
    ("in widths", "in widths[1:]", "The first width has no layer. The inputs are not in the list: every width is a hidden layer."),
    ("Dense(width", "Dense(widths[0]", "All hidden layers are as wide as the first. Use each width once."),
    ("    for", "    layer = Dense(2, activation=activation)\n    for", "Dense(width, activation=activation)", "layer",
     "The same layer is put in several times, which would share its weights. Make a new Dense layer for each width."),
    ("width in widths", "i, width in enumerate(widths, 1)", "=activation", "=activation if i == len(widths) else None",
     "Only the last hidden layer has the activation. Without it, the ones before draw one straight line."),
    ('layers.append(Dense(1, activation="sigmoid"))', "", "The output layer is missing. After the hidden layers comes a layer with one unit."),
    ("layers.append(Dense(1", "layers = layers.append(Dense(1", NO_LAYERS),
    ("Input((2,))", "Input((widths[0],))", "in widths:", "in widths[1:]:",
     "The first width is taken for the number of inputs, which is always 2. Every width is a hidden layer, and there may be none."),
    ("in widths", "in widths[:-1]", "Dense(1", "Dense(widths[-1]", "The last width is taken for the output. It belongs to a hidden layer too."),
    ("in widths", "in (widths[0], widths[1])", "There are always two hidden layers. A loop makes as many as the list has widths, or none."),
    ("in widths", "in [4, 3]", "The widths are always 4 and 3. Take them from the list."),
    ("in widths", "in range(len(widths))", "The loop runs over 0, 1, 2, …, and these become the widths. Let it run over the list itself."),
    ("Dense(width", "Dense(1", "Every hidden layer has one unit. Use the widths of the list."),
    ("Dense(width", "Dense(width + 1", "Every hidden layer has one unit too many. A width counts the units; Dense adds the biases by itself."),
    ("    layers.append(Dense(1", "        layers.append(Dense(1", "The output layer comes after every hidden layer. Put it after the loop."),
), hints=[
    "Begin with a list that holds the Input. A loop over the widths appends a layer each time, and the output comes last.",
    "In the loop: `layers.append(keras.layers.Dense(width, activation=activation))`. `keras.Sequential` takes the list at the end.",
], also_right=[
    deep_network, deep("keras.Sequential(layers)", "keras.Model(layers[0], keras.Sequential(layers[1:])(layers[0]))"),
    lambda widths, activation: keras.Sequential([keras.Input([2])] + [Dense(width, activation) for width in widths] + [Dense(1, sigmoid)]),
    deep("[keras.Input((2,))]", "keras.Sequential([keras.Input((2,))])", "append(Dense(1", "add(Dense(1", "keras.Sequential(layers)", "layers",
         "append(Dense(width, activation=activation)", "add(Dense(width)); layers.add(keras.layers.Activation(activation)"),
])

def functional_behavior(make_model, m, d):
    """The behavior of a model that is made with the functional API."""
    got = behavior(make_model, m, d, m=m)
    if isinstance(got.model, keras.Sequential) or not hasattr(got.model, "operations"):
        raise Advice(f"This model is of the class `{type(got.model).__name__}`. Use `keras.Model` itself, and give it the two ends.")
    return got

def functional_network(m, d):
    inputs = keras.Input((m,))
    hidden = Dense(d, activation="relu")(inputs)
    outputs = Dense(1, activation="sigmoid")(hidden)
    return keras.Model(inputs, outputs)

graph = edits_of(functional_network)
the_functional_api = Exercise("3.3", "The functional API",
    right=lambda m, d: keras.Model(inputs := keras.Input((m,)), stack((d, "relu"), m=m)(inputs)),
    inputs=lambda rng: [(2, 3), (3, 1), (5, 2), (int(rng.integers(2, 6)), int(rng.integers(6, 9)))], seconds=1.0,
    observe=functional_behavior, explain=lambda got, _, m, d: describe_layers(got, m=m, d=d),
    mistakes=edited(functional_network, *OF_TWO_LAYERS,
    ("(hidden)", "(inputs)", "The output layer is called on the inputs, past the hidden layer. Call it on what the hidden layer gives."),
    ("(inputs, outputs)", "(inputs, hidden)", "The model ends at the hidden layer. Its second argument is what the output layer gives."),
    ("Dense(1", "Dense(d", "The output layer is as wide as the hidden one. The network gives one number."),
    ("Dense(d", "Dense(m", "The hidden layer has m units. It should have d; m is the number of inputs."),
    ("Dense(d", "Dense(3", "The hidden layer always has 3 units. Use the argument d."),
    ("(m,)", "(2,)", "The model always takes 2 inputs. Use the argument m."),
    ("(inputs, outputs)", "(hidden, outputs)", "The model takes d numbers, not m. Does it begin at the hidden layer, or are m and d exchanged?"),
    ("(inputs, outputs)", "(outputs, inputs)", "The two ends are exchanged: `keras.Model` takes the inputs first."),
    ('"relu")(inputs)', '"relu")', "A layer is called on a layer. Call each on a tensor: one on the inputs, the next on what that gives."),
    ('"sigmoid")(hidden)', '"sigmoid")', "The model ends with a layer, not with what the layer makes. Call it on what the hidden layer gives."),
    ("(hidden)", "(keras.layers.concatenate([inputs, hidden]))", "The output layer gets the inputs too. Call it on the hidden layer's output."),
    ("keras.Model(inputs, outputs)", "outputs", SYMBOLIC_OUTPUT),
    ("(inputs, outputs)", "(inputs, [hidden, outputs])", SEVERAL_OUTPUTS),
    (lambda m, d: stack((d, "relu"), m=m), "This is `Sequential` again. Call each layer on what comes before it; `keras.Model` gets the two ends."),
), hints=[
    "A layer is a function: `keras.layers.Dense(5)(inputs)` is what it makes of the inputs. The output layer takes the hidden one's result.",
    "`keras.Model(first, last)` takes the tensor at the beginning, and the tensor at the end.",
], also_right=[
    functional_network, graph('Dense(d, activation="relu")(inputs)', 'keras.Sequential([Dense(d, "relu")])(inputs)'),
    graph("((m,))", '(shape=[m], name="features")', 'Dense(d, activation="relu")(inputs)', "keras.layers.ReLU()(Dense(d)(inputs))",
          'Dense(1, activation="sigmoid")(hidden)', "sigmoid(Dense(1)(hidden))", "inputs, outputs", "inputs=inputs, outputs=outputs"),
])

def some_weights(rng):
    """Points and weights for a forward pass: small numbers; then other sizes, where some hidden units are off."""
    yield tuple(np.array(array, np.float32) for array in ([[1, 2], [0, -1]], [[1, 0, -1], [2, 1, 0]], [0.5, 0, 1], [[1], [-2], [0.5]], [-1]))
    for n, m, d in [(4, 3, 3), (1, 2, 5), (6, 4, 2)]:
        yield tuple(rng.normal(size=shape).astype(np.float32) for shape in [(n, m), (m, d), (d,), (d, 1), (1,)])

def by_keras(X, W1, b1, W2, b2):
    model = stack((len(b1), "relu"), m=X.shape[1])
    model.set_weights([W1, b1, W2, b2])
    return model(X)

def forward(X, W1, b1, W2, b2):
    hidden = relu(X @ W1 + b1)
    return sigmoid(hidden @ W2 + b2)

forward_pass = Exercise("3.4", "The forward pass of a network", right=by_keras, inputs=some_weights, mistakes=edited(forward,
    ("relu", "", "The activation of the hidden layer is skipped. So the network draws one straight line."),
    ("sigmoid(", "sigmoid(sigmoid(", "+ b2)", "+ b2))", "The sigmoid is applied twice at the output: all predictions lie between 0.5 and 0.74."),
    ("sigmoid", "", "The sigmoid is missing at the output: this is z, and it can be any number."),
    ("sigmoid", "relu", "The output has ReLU; it should have the sigmoid."),
    ("hidden @ W2 + b2", "relu(hidden @ W2 + b2)", "ReLU comes before the sigmoid: no prediction is below 0.5. It is for the hidden layer only."),
    ("relu", "sigmoid", "The hidden layer has the sigmoid; it should have ReLU."),
    ("relu", "np.tanh", "The hidden layer has tanh; it should have ReLU."),
    (" + b1", "", "The bias of the hidden layer is missing."),
    (" + b2", "", "The bias of the output is missing."),
    (" + b1", "", " + b2", "", "Both biases are missing."),
    (" + b1)", ") + b1", "b1 is added after the activation; it belongs to z, inside."),
    (" + b2)", ") + b2", "b2 is added after the sigmoid; it belongs to z, inside."),
    ("+ b2)", "+ b2)[:, 0]", "The result is flat, shape (n,). Keras gives a column, shape (n, 1), with a row for each example."),
    ("sigmoid", "keras.ops.softmax", SOFTMAX),
    ("sigmoid", "relu", "= relu", "= sigmoid", EXCHANGED),
    ("sigmoid(hidden @ W2 + b2)", "hidden", "This is the hidden layer. What does the output make of it?"),
    ("+ b2)", "+ b2) > 0.5", "This is a decision, True or False. The prediction is the probability itself."),
), hints=[
    "Two layers take one line each: product, bias, activation. The second takes what the first gives.",
    "hidden is ReLU of X W1 + b1; `keras.ops.matmul` or `@` is the product.",
    "The output is the sigmoid of hidden W2 + b2.",
], also_right=[
    forward, lambda X, W1, b1, W2, b2: tf.nn.sigmoid(tf.matmul(tf.nn.relu(tf.matmul(X, W1) + b1), W2) + b2),
    lambda X, W1, b1, W2, b2: [[float(sigmoid(sum(max(0, x @ W1[:, i] + b1[i]) * W2[i, 0] for i in range(len(b1))) + b2[0]))] for x in X],
    lambda X, W1, b1, W2, b2: keras.activations.sigmoid(keras.ops.dot(keras.activations.relu(np.float64(X) @ W1 + b1), np.float64(W2)) + b2),
])

def count_parameters(sizes):
    total = 0
    for m, d in pairwise(sizes):
        total += m * d + d
    return total

stack_parameters = Exercise("3.5", "Parameters of a stack",
    right=lambda sizes: keras.Sequential([keras.Input((sizes[0],)), *map(Dense, sizes[1:])]).count_params(),
    inputs=lambda rng: [([2, 3, 1],), ([4, 2],), ([784, 128, 64, 10],), (rng.integers(2, 30, size=5).tolist(),)], mistakes=edited(count_parameters,
    ("m * d + d", "m * d", "These are the weights; every unit has a bias as well."),
    ("m * d + d", "m * d + m", "There is a bias for each input of a layer here. It is the layer's units that have one."),
    ("m * d + d", "m * d + 1", "There is one bias for each layer here. Every unit has its own."),
    ("m * d + d", "m * d + m + d", "The inputs of a layer get a bias too. Only its own units have one."),
    ("m * d + d", "m + d", "Inputs and units are added. Each input of a layer is joined to each unit by a weight: multiply."),
    ("m * d", "m**d", "`**` is a power. Each input of a layer is joined to each of its units: multiply."),
    ("m * d + d", "d", "These are the biases; the weights are missing."),
    ("m * d + d", "(m + 1) * (d + 1)", "One too many in each layer: (m + 1)(d + 1) gives the bias a unit of its own on the output side."),
    ("+=", "=", "This is the last layer alone: `=` writes over the sum, and `+=` adds to it."),
    ("    return", "        return", "This is the first layer alone. Go on with the others."),
    (lambda sizes: count_parameters(sizes) + sizes[0], "The network's inputs count among the biases. Only units have one: leave out the first size."),
    (sum, "This counts inputs and units. What joins them?"),
    (lambda sizes: int(np.prod(sizes)), "All sizes are multiplied. Multiply those of two neighbors, and add up over the layers."),
    (lambda sizes: 13, "13 is right for the lecture's network and for no other. Compute it from `sizes`."),
), hints=[
    "You know one layer from exercise 2.3. In the loop, m and d are the inputs and the units of one layer.",
    "A layer of d units with m inputs has a weight for each pair and a bias for each unit.",
], also_right=[
    count_parameters, lambda sizes: sum((m + 1) * d for m, d in pairwise(sizes)), lambda sizes: int(np.dot(np.array(sizes[:-1]) + 1, sizes[1:])),
    lambda sizes: sizes[1] * (sizes[0] + 1) + sum(sizes[i] * (1 + sizes[i - 1]) for i in range(2, len(sizes))),
])

def polygon(sides, sharpness=3.0):
    """A network without training: its tanh units are the sides of a polygon round the green points."""
    model, angles = stack((sides, "tanh")), 2 * np.pi * np.arange(sides) / sides
    W1 = -sharpness * np.stack([np.cos(angles), np.sin(angles)])
    b2 = np.array([1.4 - sides])  # the hidden units add up to `sides` within the polygon, and to two less beyond one of its sides
    model.set_weights([W1, np.full(sides, sharpness), np.ones((sides, 1)), b2])
    return model

ACTIVATIONS = {"activation", *(name.replace("_", "") for name in dir(keras.activations))}  # as layers and operations of their own: ReLU, Sigmoid

def separate_points(model):
    """Whether a model of few hidden units has the points on the right side."""
    X, y = datasets.points()
    y_hat = require.probabilities(require.numbers(require_model(model, 2)(X), (len(X), 1), "One output is asked for. The model gives"))
    chain = list(layers_of(model))
    if not (chain and isinstance(chain[0], Dense) and all(isinstance(each, Dense) or type(each).__name__.lower() in ACTIVATIONS for each in chain)):
        return FewUnits.OTHER_LAYERS
    *hidden, _ = (layer.units for layer in chain if isinstance(layer, Dense))
    if np.mean((y_hat[:, 0] > 0.5) == (y == 1)) >= 0.95:
        return FINE if sum(hidden) <= 5 else FewUnits.TOO_MANY
    return FewUnits.NOT_SEPARATED if sum(hidden) <= 5 else FewUnits.MANY_AND_NOT_SEPARATED

FewUnits, mistakes_of_few_units = findings_of(None,
    ("OTHER_LAYERS", keras.Model(points := keras.Input((2,)), Dense(1, "sigmoid")(keras.ops.square(points))), "Use Dense layers only, one after the "
     "other: the points should go in as they are."),
    ("NOT_SEPARATED", stack((3, "tanh")), "Fewer than 95% of the points are on the right side. Has the model been trained? Then it is too narrow, "
     "or had a bad start: try another width, another seed, and `\"tanh\"`."),
    ("TOO_MANY", polygon(6), "The points are separated, by more than 5 hidden units. Try fewer: what does each unit draw?"),
    ("MANY_AND_NOT_SEPARATED", stack((20, "relu")), "Fewer than 95% of the points are on the right side, with more than 5 hidden units. Has the "
     "model been trained?"),
)
few_units = Exercise("3.6", "Few units", right=polygon(5), observe=separate_points, seconds=1.0, mistakes=mistakes_of_few_units, hints=[
    "One hidden unit draws a straight line, as the perceptron of lab 1 does. How many lines close a figure around the green points?",
    "`train(deep_network([…], \"tanh\"), points, labels)` with one width in the list is enough.",
], also_right=[polygon(4), polygon(3, sharpness=1.0), keras.Model(points, polygon(4)(points))], equivalent={
    "small = train(deep_network([4], 'tanh'), points, labels)": "one unit more, and still few",
    "keras.utils.set_random_seed(8)": "another start",
    "7": "any start: 100 of 100 found their way",
})

xor = Exercise("3.7", "XOR", right="c", observe=choice, mistakes=[
    Mistake("a", "A perceptron draws one straight line, and none has (0, 1) and (1, 0) on one side and the other two on the other. Draw the points."),
    Mistake("b", "There are eight units, but no activation: the two layers are one, as in exercise 1.7, and draw one straight line."),
    Mistake("d", "One hidden unit has one sum, and tanh only bends it. ŷ rises or falls with that sum, so the border is one straight line again."),
], hints=[
    "Draw the four points. How many straight lines do you need to separate (0, 1) and (1, 0) from the other two?",
    "Each hidden unit draws one line, if its layer has an activation.",
], also_right=["C", " c "])

EXERCISES = [one_hidden_layer, a_deep_network, the_functional_api, forward_pass, stack_parameters, few_units, xor]
