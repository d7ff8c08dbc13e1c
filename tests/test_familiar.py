"""The errors that students meet most are told in the words of the course, with Python's own words below."""

import numpy as np
import pytest

from tests.devices import tf
from tests.labs import run_cell
from utils.checking import Exercise, Outcome, judge

SETUP = "import keras\nX, W, x, n = tf.ones((4, 3)), tf.ones((3, 2)), np.ones(3), tf.constant([1, 2, 3])\nv = tf.Variable(1.0)\n"
MODEL = "model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])\nsgd = keras.optimizers.SGD(0.1)\n"
TAPE = (
    "with tf.GradientTape() as tape:\n        J = model(np.ones((1, 1)))\n"
    "    gradients = tape.gradient(J, model.trainable_variables)\n    "
)
LAYER = "(keras.layers.Layer,)"
ERRORS = [
    ("x ^ 2.0", "A power is written `**`"),
    ("1.0 if x > 0 else 0.0", "need one True or False"),
    ("np.random.rand((3, 2))", "take the lengths one by one"),
    ("W @ X", "the two stand in the wrong order"),
    ("tf.matmul(X, X)", "one of the two is transposed"),
    ("np.ones((4, 3)) @ np.ones((4, 3))", "should be the same number"),
    ("np.dot(np.ones((4, 3)), np.ones((4, 3)))", "one of the two is transposed"),
    ("np.ones((4, 3)) * np.ones((3, 2))", "element by element"),
    ("X * W", "element by element"),
    (f"type('Plus', {LAYER}, {{'call': lambda self, z: z + W}})()(keras.Input((5, 3)))", "(n, 5, 3) and (3, 2) do not fit"),
    ("keras.layers.Lambda(lambda z: z + W)(keras.Input((5, 3)))", "the function of a `Lambda` layer"),
    ("keras.Sequential(keras.Input((2,)), keras.layers.Dense(3))", "one list of layers"),
    ("n * tf.constant(0.5)", "`tf.cast(x, tf.float32)`"),
    ("sgd.minimize(lambda: v, [v])", "have no `minimize`"),
    ("tf.gradients(v * v, v)", "`tf.GradientTape`"),
    ("tf.function(lambda z: z.numpy() + 1)(X)", "only records this code"),
    ("model.fitt()", "There is no `fitt` in this Sequential"),
    ("keras.Dense", "There is no `Dense` in this keras"),
    ("max(x, 0)", "compare element by element"),
    ("x in [1.0, 2.0]", "For each element of an array"),
    ("unknown + 1", "`unknown` has no value here"),
    ("1 - (lambda z: ...)(x)", "is not done yet"),
    ("tf.tanh((lambda z: ...)(x))", "is not done yet"),
    ("[1.0, 2.0][2]", "reaches past the end"),
    ("x[3]", "reaches past the end"),
    ("[][-1]", "The list is empty here"),
    ("tf.stack([], axis=1)", "A list is empty that should hold something"),
    ("np.ones((2, 3))[2]", "axis 0 has the length 2"),
    ("X.masked_fill(X > 0, 0.0)", "belongs to PyTorch"),
    ("[[1.0], [2.0]][2]", "reaches past the end"),
    ("[len(each) for each in x[0]]", "a single number"),
    ("len(np.array(1.0))", "a single number"),
    ("[].extend(tf.constant(1.0))", "`append` adds one thing"),
    ("(lambda: 1.0)(a)", "takes 0 arguments at most, and gets 1"),
    ("model.train()", "told at each call"),
    ("len(zip([1.0], [2.0]))", "`list(…)` makes a list"),
    ("sgd.apply(zip([v], [v]))", "takes two lists"),
    ("np.exp * X", "A function stands where its result belongs"),
    ("model.fit * v", "A function stands where its result belongs"),
    ("torch.ones(3)", "another library"),
    ("v.backward()", "belongs to PyTorch"),
    ("model.fit(X, X)", "a model that was compiled"),
    ("keras.layers.Dense(2)(tf.ones(3))", "takes inputs with 2 axes"),
    ("model(np.ones((1, 1)), True, False)", "everything else by its name"),
    ("[a for a, b in [(1, 2, 3)]]", "not as many values as names"),
    ("[].append(1).append(2)", "Something is None"),
    ("float(x)", "take one number"),
    ("np.array([[1.0, 2.0], [3.0]])", "Pieces of different shapes"),
    ("(1.0,) * 2.0", "A list or a tuple"),
    ("1.0 - np.exp", "A function stands where its result belongs"),
    ("[b for b in a]", "a single number"),
    ("len(a)", "a single number"),
    ("x(0)", "Round brackets call a function"),
    ("x[:1.5]", "A place or a count is a whole number"),
    ("list(range(3.0))", "A place or a count is a whole number"),
    ("[].append(1, 2)", "takes one thing"),
    ("np.sum(x, axes=0)", "no option `axes`"),
    ("keras.layers.Dense()", "The call lacks"),
    ("tf.matmul(X, [1.0, 2.0, 3.0])", "take matrices"),
    ("np.sum(x, axis=1)", "There is no such axis"),
    ("x.reshape(2, 2)", "not as many numbers"),
    ("keras.Sequential(\n        keras.Input((2,)), *3 * [keras.layers.Dense(3)])", "one list of layers"),
    ("[1, 2].index(x)", "look for one thing"),
    ("model.fit(x)", "call the model like a function"),
    (
        "keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])([[x[0], x[1]], [x[1], x[2]]])",
        "reads a list as several inputs",
    ),
    ("keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])(np.ones(2))", "a batch of shape (n, 2)"),
    ("keras.layers.Conv1D(2, 3)(np.ones((1, 8, 8, 1), np.float32))", "`Conv2D` along two"),
    ("tf.function(tf.nn.max_pool2d)(tf.ones((1, 2, 2, 1)), 3, 3, 'VALID')", "Nothing is left of the maps"),
    ("1 / 0", "divides by 0"),
    ("x.assign(1.0)", "only a variable has `assign`"),
    ("keras.Sequential([X])", "A layer is first made, then called"),
    ("keras.losses.BinaryCrossentropy()(np.ones((3, 1)), np.ones((4, 1)))", "The loss compares targets"),
    ("model(np.ones((2, 3)))", "takes inputs of length 1"),
    ("keras.layers.ReLU(keras.Input((2,)))", "A layer is first made, then called"),
    ('keras.layers.Dense(3, activations="relu")', "`Dense` has no option `activations`"),
    ('keras.layers.Dense(3, "ReLu")', "no activation by the name ReLu"),
    ("keras.layers.Dense(X, 3, activation='relu')", "`activation` comes twice in this call"),
    ("keras.layers.Dropout(0.5)()", "A layer is called without an input"),
    ("keras.layers.Dense(2, 3)", "`Dense` takes the number of its units"),
    ("keras.Input(2)", "A shape is a tuple"),
    ("keras.Model([keras.Input((2,))])", "`keras.Model` takes two things"),
    ("tf.slice(tf.range(3), [1], [4])", "asked for 4 entries from a place on where at most 2 are left"),
    ("X ^ X", "A power is written `**`"),
]


def advice_on(code):
    namespace = {"np": np, "tf": tf}
    run_cell(f"{SETUP}{MODEL}\ndef answer(a):\n    {code}\n", namespace, f"familiar {code}")
    exercise = Exercise("9.1", "An error", right=lambda a: 1.0, inputs=lambda rng: [(1.0,)])
    outcome, _, advice = judge(exercise, namespace["answer"])
    assert outcome is Outcome.ERROR
    return advice


@pytest.mark.parametrize(("code", "words"), ERRORS, ids=[code for code, _ in ERRORS])
def test_an_error_is_explained_before_its_own_words(code, words):
    first, second, *_ = advice_on(f"return {code}").splitlines()
    assert words in first
    assert second.startswith("Your code stops with ")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("sgd.apply_gradients(gradients)", "takes pairs of a gradient and its variable"),
        ("sgd.apply_gradients(zip(model.trainable_variables, gradients))", "the gradient comes first"),
    ],
)
def test_how_gradients_are_applied_is_explained(call, words):
    assert words in advice_on(TAPE + call)


def test_a_name_without_a_value_is_explained():
    assert "`b` has no value yet" in advice_on("if a > 1:\n        b = 1\n    return b")


def test_a_second_question_to_a_tape_is_explained():
    code = "with tf.GradientTape() as tape:\n        J = v * v\n    return tape.gradient(J, v) + tape.gradient(J, v)"
    assert "A tape answers one question" in advice_on(code)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("tape.gradient(np.exp, v)", "A function stands where its result belongs"),
        ("tape.gradient(keras.losses.BinaryCrossentropy(), v)", "this is of type BinaryCrossentropy"),
        ("tape.gradient(J, np.ones(2))", "this is of type ndarray"),
        ("tape.gradient(1.0, v)", "this is of type float"),
        ("tape.gradient(float(J), [v])", "this is"),
    ],
)
def test_what_a_tape_does_not_differentiate_is_named_by_its_type(question, words):
    assert words in advice_on(f"with tf.GradientTape() as tape:\n        J = v * v\n    return {question}")


def test_a_method_without_self_is_explained():
    namespace = {}
    run_cell("class Answer:\n    def area():\n        return 1.0\n", namespace, "familiar without self")
    exercise = Exercise(
        "9.1",
        "A method",
        right=type("Right", (), {"area": lambda self: 1.0}),
        observe=lambda each, a: each().area(),
        inputs=lambda rng: [(1,)],
    )
    advice = judge(exercise, namespace["Answer"]).advice
    assert advice.startswith("`area` takes 0 arguments at most, and gets 1. In a method `self`")


def test_a_name_that_belongs_to_the_object_is_explained():
    namespace = {}
    run_cell(
        "class Answer:\n    def __init__(self):\n        self.side = 2.0\n\n    def area(self):\n        return side * side\n",
        namespace,
        "familiar of the object",
    )
    right = type("Right", (), {"area": lambda self: 4.0})
    exercise = Exercise("9.1", "A name", right=right, observe=lambda each, a: each().area(), inputs=lambda rng: [(1,)])
    assert "`side` has no value here, and `self.side` has" in judge(exercise, namespace["Answer"]).advice


def test_one_thing_that_is_added_up_is_explained():
    assert advice_on("n = 0.0\n    n += sum(1.0)\n    return n").startswith("This is one thing, not several")


def test_a_class_after_with_is_explained():
    assert "when it is called, with brackets" in advice_on("with tf.GradientTape as tape:\n        J = v * v\n    return J")


def test_a_place_that_a_list_does_not_have_is_explained():
    assert "`append` adds a new entry" in advice_on("history = []\n    history[0] = a\n    return history")


def test_a_call_of_keras_that_lacks_an_argument_is_explained_in_one_line():
    """Keras adds to the message, in lines of its own and in color."""
    code = (
        "class Bent(keras.layers.Layer):\n"
        "        def call(self, X):\n"
        "            return keras.activations.relu()(X)\n"
        "    return Bent()(X)"
    )
    first, second, *_ = advice_on(f"import keras\n    {code}").splitlines()
    assert first.startswith("The call lacks 'x'. A class") and second.startswith("Your code stops with")


def test_a_gradient_that_is_none_is_explained():
    code = "with tf.GradientTape() as tape:\n        J = tf.constant(1.0)\n    return 0.1 * tape.gradient(J, v)"
    assert "A gradient is None" in advice_on(code)


def test_an_error_that_is_not_known_keeps_its_own_words_alone():
    assert advice_on("return {}['key']").startswith("Your code stops with KeyError: 'key'.")
