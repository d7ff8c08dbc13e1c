"""The errors that students meet most, in the words of the course: what happened, and the way on."""

import re
from collections.abc import Callable
from typing import NamedTuple


class Familiar(NamedTuple):
    """
    An error that is known.

    message: a pattern of its text.  words: what the course says, or a function that makes it of what the pattern found.
    line: a pattern of the student's line, where that matters.
    """

    message: str
    words: str | Callable[[re.Match], str]
    line: str = ""


NUMBER = r"(?:numpy\.)?(?:float|int)\d*"  # the type of a number, as Python's messages name it
OF_MATRICES = " For a matrix product there is `@`."
RULE = "The columns of the first are as many as the rows of the second."
NO_POWER = "`^` is no power in Python. A power is written `**`."
NO_GRADIENT = (
    "A gradient is None: the tape saw no way from the variable to what is differentiated. Compute all of it within the "
    "`with`, by TensorFlow, without `.numpy()`, `float` or `predict`, and from a variable."
)


def _product(found: re.Match) -> str:
    """Which of two matrices is transposed, or whether they are exchanged, by their shapes."""
    first, second = (tuple(map(int, re.findall(r"\d+", shape))) for shape in found.groups()[:2])
    start = f"A matrix product of shapes {first} and {second}"
    if len(first) == len(second) == 2 and first[0] == second[1] and first[1] != second[0]:
        return f"{start}: the two stand in the wrong order. {RULE}"
    if len(first) == len(second) == 2 and (first[1] == second[1] or first[0] == second[0]):
        return f"{start}: one of the two is transposed. {RULE}"
    return f"{start} does not exist. {RULE}"


def _inner(found: re.Match) -> str:
    return f"A matrix product in which {found[1]} and {found[2]} should be the same number. {RULE} Is one transposed?"


def _elementwise(found: re.Match) -> str:
    shapes = [re.findall(r"\d+|\?", shape) for shape in filter(None, found.groups())]
    named = " and ".join(f"({', '.join(shape)}{',' * (len(shape) == 1)})".replace("?", "n") for shape in shapes) or "of the two"
    product = len(shapes) == 2 and all(shapes) and shapes[0][-1] == shapes[1][0]
    return (
        f"`+`, `-`, `*` and comparisons work element by element, and the shapes {named} do not fit: each axis has the same "
        f"length in both, or 1.{OF_MATRICES if product else ''}"
    )


def _kind(name: str) -> str:
    """The name of a type without the modules that it stands in."""
    return name.rpartition(".")[2]


FAMILIAR = [
    Familiar(
        r"",
        "Your own code raises this error, and it ends whatever calls your code. What it should tell goes back with `return`.",
        line=r"^raise\b",
    ),
    Familiar(r"for \^|bitwise_xor|BitwiseXor", NO_POWER),
    Familiar(r"\bbool\b.*list of allowed values", NO_POWER, line=r"\^"),
    Familiar(
        r"truth value of an array|truth value .* is ambiguous",
        "`if`, `while`, `and`, `or` and `not` need one True or False, and this is an array of them. Choose for each "
        "element with `np.where`, or ask for all or any of them.",
        line=r"\b(if|while|and|or|not)\b",
    ),
    Familiar(
        r"truth value of an array|truth value .* is ambiguous",
        "Python's `max`, `min` and `sorted` compare whole things, and need one True or False for it. NumPy and `keras.ops` have "
        "functions that compare element by element.",
        line=r"(?<![\w.])(max|min|sorted)\(",
    ),
    Familiar(
        r"truth value of an array|truth value .* is ambiguous",
        "`index` and `count` look for one thing in a list. For an array, do it for each of its elements.",
        line=r"\.(index|count)\(",
    ),
    Familiar(
        r"truth value of an array|truth value .* is ambiguous",
        "`in` asks whether one thing is in a list. For each element of an array there is `np.isin`.",
        line=r"^(?!.*\bfor\b).*\bin\b",
    ),
    Familiar(
        r"'(tuple|list)' object cannot be interpreted as an integer|expected a sequence of integers or a single integer",
        "`rand` and `randn` take the lengths one by one, without a tuple around them.",
        line=r"\brandn?\(",
    ),
    Familiar(r"Matrix size-incompatible: In\[0\]: (\[[\d,]+\]), In\[1\]: (\[[\d,]+\])", _product),
    Familiar(r"shapes (\([\d, ]+\)) and (\([\d, ]+\)) not aligned", _product),
    Familiar(r"matmul.*size (\d+) is different from (\d+)", _inner),
    Familiar(r"Dimensions must be equal, but are (\d+) and (\d+) for .*MatMul", _inner),
    Familiar(
        r"could not automatically infer the shape of the Lambda's output",
        "Keras tries the function of a `Lambda` layer, and it stops. Do its shapes fit, and are its operations TensorFlow's?",
    ),
    Familiar(
        r"Dimensions must be equal, but are .*= (?:Add|Sub|Mul|RealDiv|Squared|Max|Min|Equal|Greater|Less)\w*\[.*"
        r"with input shapes: (\[[\d,?]*\]), (\[[\d,?]*\])",
        _elementwise,
    ),
    Familiar(r"could not be broadcast together with shapes (\([\d,]*\)) (\([\d,]*\))", _elementwise),
    Familiar(r"Incompatible shapes: (\[[\d,]*\]) vs\. (\[[\d,]*\])|required broadcastable shapes", _elementwise),
    Familiar(
        r"Sequential\.__init__\(\) takes from|Argument `name` must be|Expected `trainable` to|KerasTensor cannot be used",
        "`keras.Sequential` takes one list of layers: put square brackets around all of them.",
        line=r"Sequential\(\s*(?:$|[^\[\s])",
    ),
    Familiar(
        r"expected to be a (float|double) tensor but is a int|expected to be a int\d* tensor but is a (float|double)"
        r"|of int(32|64) is not in the list of allowed values",
        "An integer tensor meets floats, and TensorFlow converts neither by itself. `tf.cast(x, tf.float32)` makes floats of it.",
    ),
    Familiar(
        r"unpack|not iterable|[Ii]terating over a s|apply_gradients\(\) takes \d+ positional",
        "`apply_gradients` takes pairs of a gradient and its variable: `zip` makes them of the two lists.",
        line=r"apply_gradients\((?!.*zip)",
    ),
    Familiar(
        r"[Ee]llipsis(Type)?\b(?! \(`)",
        "A value here is still the placeholder `...`: an answer above that your code uses is not done yet.",
    ),
    Familiar(
        r"",
        "In each pair for `apply_gradients` the gradient comes first, then its variable.",
        line=r"apply_gradients\(zip\(\s*[\w.]*(variables|weights)",
    ),
    Familiar(
        r"attribute 'minimize'", "Keras's optimizers have no `minimize`. Take gradients from a tape, then `apply_gradients`."
    ),
    Familiar(
        r"tf\.gradients is not supported",
        "`tf.gradients` belongs to an old TensorFlow. Gradients come from a `tf.GradientTape`.",
    ),
    Familiar(
        r"'(SymbolicTensor|KerasTensor)' object has no attribute 'numpy'",
        "TensorFlow only records this code: there is no number yet, and no `.numpy()`. Compute with TensorFlow's own functions.",
    ),
    Familiar(
        r"list index out of range",
        "The list is empty here, so it has neither a first nor a last entry. Is it so for some inputs only, or not filled yet?",
        line=r"^(?!.*\[(?!(?:-1|0|)\])).*\[(-1|0)\]",
    ),
    Familiar(
        r"list index out of range",
        "A list is empty that should hold something, or a part is asked for that it has not. Did the loop that fills it run "
        "at all?",
        line=r"^(?!.*[\w)\]]\[)",
    ),
    Familiar(
        r"list assignment index out of range",
        "A list has no place for what nobody put there: `append` adds a new entry at its end.",
    ),
    Familiar(
        r"index -?\d+ is out of bounds for axis (\d+) with size (\d+)",
        lambda found: (
            f"An index reaches past the end: axis {found[1]} has the length {found[2]}. Is this the axis that is meant? Places "
            "are counted from 0, so that the last one is the length less 1."
        ),
    ),
    Familiar(
        r"(list|List|tuple) index out of range|index -?\d+ is out of bounds",
        "An index reaches past the end. Places are counted from 0, so that the last one is the length less 1; and take the "
        "length from what comes in, not from an example.",
    ),
    Familiar(
        r"too many indices for array|Index out of range using input dim",
        "There are more places in the square brackets than the array has axes. Its shape may be another one than you think, or "
        "not always the same: look at it.",
    ),
    Familiar(
        r"object is not iterable|annot iterate over a scalar",
        "This is one thing, not several: Python's `sum`, `list` and `zip` go through several, and so does `+=` for a list.",
        line=r"\w \+= .*(?<![\w.])(sum|list|zip|max|min|sorted|tuple)\(",
    ),
    Familiar(
        r"object is not iterable|annot iterate over a scalar",
        "`extend` and `+=` add all items of a list, and this is one thing. `append` adds one thing.",
        line=r"\.extend\(|\w \+= ",
    ),
    Familiar(
        r"not enough values to unpack|too many values to unpack",
        "There are not as many values as names on the left of the `=`, or in the `for`. Look at what comes in: `len(…)` or "
        "its shape tells.",
        line=r"^(?!.*apply_gradients)",
    ),
    Familiar(
        r"'NoneType' object has no attribute '(\w+)'|'NoneType' object is not|'NoneType'",
        "Something is None here. `append`, `sort` and `shuffle` change a list and give None, and so does a function "
        "without `return`: do not keep what they give.",
        line=r"^(?!.*grad)",
    ),
    Familiar(
        r"local variable '(\w+)' (referenced before|where it is not associated)",
        lambda found: (
            f"`{found[1]}` has no value yet where it is read: the line that gives it one comes later, or stands in a loop "
            "or an `if` that did not run."
        ),
    ),
    Familiar(
        r"name '(torch|jax|jnp)' is not defined",
        lambda found: (
            f"`{found[1]}` is another library. Here NumPy, TensorFlow and Keras compute: which function of theirs does this?"
        ),
    ),
    Familiar(
        r"name '(\w+)' is not defined",
        lambda found: (
            f"`{found[1]}` has no value here. Is it misspelled, is its import missing, or was the cell not run that sets it? And "
            "an argument has the name that the first line gives it."
        ),
    ),
    Familiar(
        r"only (length-1|0-dimensional|size-1) arrays can be converted",
        "`float`, `int` and the functions of `math` take one number, and this is an array. NumPy and `keras.ops` have "
        "functions for whole arrays.",
    ),
    Familiar(
        r"non-rectangular|inhomogeneous shape",
        "Pieces of different shapes do not fit into one array. Look at where each begins and ends, or take them one by one.",
    ),
    Familiar(
        r"setting an array element with a sequence",
        "An array stands where one number belongs: take one entry of it, or sum over the axes that are too many.",
    ),
    Familiar(
        r"unsupported operand.*'(tuple|list)'|can't multiply sequence",
        "A list or a tuple does not compute as an array does. Take out what is in it first, or make an array of it.",
    ),
    Familiar(
        r"unsupported operand.*'(function|builtin_function_or_method|method|numpy\.ufunc)'|'(function|method)' object is not"
        r"|convert a value \(<(function|bound method|ufunc)",
        "A function stands where its result belongs: call it, with brackets and its arguments.",
    ),
    Familiar(
        rf"'{NUMBER}' object is not (iterable|subscriptable)|object of type '{NUMBER}'|'{NUMBER}' object does not support item"
        r"|len\(\) of unsized object|iteration over a 0-d array",
        "This is a single number, and has no entries. Does a number come in here as well as an array, or is `range(…)` missing?",
    ),
    Familiar(
        r"'([\w.]+)' object is not callable",
        lambda found: (
            f"Round brackets call a function, and this is of type {found[1].rpartition('.')[2]}. Are two arguments "
            "exchanged, or are square brackets meant?"
        ),
    ),
    Familiar(
        r"Only integers, slices .* are valid indices",
        "A tensor takes one whole number or one slice for each axis in square brackets. For a list of places there is "
        "`tf.gather`; for one entry of each row, a mask or one-hot rows.",
    ),
    Familiar(
        r"support the context manager protocol|^__enter__$",
        "`with` needs an object that it can open and close. A class makes one when it is called, with brackets after its name.",
    ),
    Familiar(
        r"'zip' has no len|'zip' object|got zip",
        "`apply` of an optimizer takes two lists, the gradients and the variables. Pairs of both are for `apply_gradients`.",
        line=r"\.apply\(",
    ),
    Familiar(
        r"'(zip|map|filter)' has no len|'(zip|map|filter)' object is not subscriptable",
        lambda found: f"A `{found[1] or found[2]}` has no length and no places: `list(…)` makes a list of it.",
    ),
    Familiar(
        r"Expected size\[\d+\] in \[0, (\d+)\], but got (\d+)",
        lambda found: f"`tf.slice` is asked for {found[2]} entries from a place on where at most {found[1]} are left.",
    ),
    Familiar(
        r"Shape must be rank 1 but is rank 0 for .*Slice",
        "`tf.slice` takes a list for the start and a list for the size, with one number in each for each axis.",
    ),
    Familiar(
        r"'TensorArray' object does not support item assignment|'TensorArray' object has no attribute 'append'",
        "A `TensorArray` is no Python list: its method `write` puts a value in a place, and gives back the list with it.",
    ),
    Familiar(
        r"must be a compile-time constant",
        "XLA has to know each shape when it compiles, so no length may come out of a number that is computed. `tf.slice` takes a "
        "start that is computed, and a fixed size.",
    ),
    Familiar(
        r"slice indices must be integers|'float' object cannot be interpreted as an integer",
        "A place or a count is a whole number. `/` always gives a float; `//` and `round` give whole numbers.",
    ),
    Familiar(
        r"append\(\) takes exactly one argument",
        "`append` takes one thing. To keep two together, make a pair of them with brackets of its own.",
    ),
    Familiar(
        r"missing a required argument: 'inputs'",
        "A layer is called without an input. Does a layer stand here in the place of a function that makes one?",
    ),
    Familiar(
        r"multiple values for argument '(\w+)'",
        lambda found: (
            f"`{found[1]}` comes twice in this call, by its place and by its name. Is an argument too many before it, or does "
            "the `def` of a method lack `self`?"
        ),
    ),
    Familiar(
        r"unexpected keyword argument '(\w+)'",
        lambda found: f"There is no option `{found[1]}` here. Compare its name with the documentation, letter by letter.",
    ),
    Familiar(
        r"missing \d+ required positional arguments?: ([^\n\x1b]+)",
        lambda found: (
            f"The call lacks {found[1].strip('.')}. A class is called with brackets to make an object, and a function with "
            "all its arguments."
        ),
    ),
    Familiar(
        r"__init__\(\) takes .* positional arguments? but",
        "`keras.Model` takes two things, which it can have by their names: `inputs` and `outputs`.",
        line=r"\bModel\(",
    ),
    Familiar(
        r"(\w+|<lambda>)\(\) takes (?:from \d+ to )?(\d+) positional arguments? but (\d+) (?:was|were) given",
        lambda found: (
            f"`{found[1]}` takes {found[2]} arguments at most, and gets {found[3]}. In a method `self` is one of them, the first "
            "in its `def`."
        ),
    ),
    Familiar(
        r"must have the same dtype, got (tf\.)?bool|bool.*is not in the list of allowed values",
        "A comparison gives True and False, and TensorFlow does not compute with these. `tf.cast(…, tf.float32)` makes 1 "
        "and 0 of them.",
    ),
    Familiar(
        r"ndims must be == 2|has different ndims|must be at least rank 2|does not have enough dimensions|Shape must be rank 2",
        "`tf.matmul` and `@` of tensors take matrices, with two axes each. For a vector there is `tf.linalg.matvec`, "
        "`tf.tensordot` or a sum of products.",
    ),
    Familiar(
        r"axis -?\d+ is out of bounds for array of dimension",
        "There is no such axis: axes are counted from 0, and the last one is -1, however many there are.",
    ),
    Familiar(
        r"requested shape (has|requires)|cannot reshape array",
        "The new shape has not as many numbers as come in. Either too many or too few come in, or a length is wrong: take the "
        "lengths from the input, or let one of them be -1.",
    ),
    Familiar(
        r"division by zero",
        "This divides by 0 for some inputs. When is the denominator 0: is a count rounded down, or nothing left over?",
    ),
    Familiar(
        r"non-persistent GradientTape",
        "A tape answers one question. Ask it for all gradients in one call, with a list of variables, or make it with "
        "`persistent=True`.",
    ),
    Familiar(
        r"'list' object has no attribute '(_id|_unique_id)'",
        "A list of variables stands where one variable belongs. Lists are joined with `+`, or with `[*a, *b]`.",
    ),
    Familiar(
        r"Cannot convert the argument `type_value`: <(function|bound method|built-in|ufunc)",
        "A function stands where its result belongs: call it, with brackets and its arguments. The tape differentiates a tensor.",
    ),
    Familiar(
        r"Cannot convert the argument `type_value`: -?\d",
        "The tape differentiates a tensor by a `tf.Variable`, and this is a plain number.",
    ),
    Familiar(
        r"Cannot convert the argument `type_value`", "The tape differentiates tensors by variables. One of the two is not that."
    ),
    Familiar(
        r"'([\w.]+)' object has no attribute 'assign\w*'",
        lambda found: (
            f"This is of type {_kind(found[1])}, and only a variable has `assign`. Compute the new value, and give it its name "
            "by `=`."
        ),
    ),
    Familiar(
        r"'([\w.]+)' object has no attribute '(_id|_unique_id)'",
        lambda found: f"An optimizer changes variables, and this is of type {_kind(found[1])}.",
        line=r"\.(apply|apply_gradients)\(",
    ),
    Familiar(
        r"'([\w.]+)' object has no attribute '(_id|_unique_id)'",
        lambda found: f"The tape differentiates a tensor by a `tf.Variable`, and this is of type {_kind(found[1])}.",
    ),
    Familiar(
        rf"'({NUMBER})' object has no attribute 'dtype'",
        lambda found: f"The tape differentiates a tensor by a `tf.Variable`, and this is of type {_kind(found[1])}.",
        line=r"\.(gradient|jacobian)\(",
    ),
    Familiar(
        r"calls? itself without end|maximum recursion",
        "The function calls itself. Call the one that it is made of.",
    ),
    Familiar(
        r"Only input tensors may be passed as positional.*\(of type <class '(bool|int|float|str|NoneType)'>\)",
        "A layer and a model take tensors in order, and everything else by its name: `name=…`.",
    ),
    Familiar(
        r"must call `compile\(\)`",
        "`fit`, `evaluate` and `train_on_batch` are Keras's own loop, for a model that was compiled. For its outputs alone, "
        "call the model like a function; a loop of your own takes its steps with a tape.",
    ),
    Familiar(
        r"Invalid input shape for input .* has incompatible shape \(\)",
        "A model reads a list as several inputs. Make one array of it, with `np.array`.",
    ),
    Familiar(
        r"Expected shape \(None, ([\d, None]*)\), but input has incompatible shape \(([\d, ]*)\)",
        lambda found: (
            f"The model takes a batch of shape (n, {found[1]}), whose first axis counts the examples, and gets shape "
            f"({found[2]}). An index such as `[0]` takes an axis away, and a slice keeps it."
        ),
    ),
    Familiar(
        r"expected (?:min_)?ndim=(\d+), found ndim=(\d+)",
        lambda found: (
            f"The layer takes inputs with {found[1]} axes, of which the first counts the examples, and gets {found[2]}. For one "
            "example alone, or for what this exercise asks, does it need a layer at all?"
        ),
    ),
    Familiar(
        r"A symbolic KerasTensor cannot be used as a boolean",
        "A layer is first made, then called: `layer(…)(x)`. Within its first brackets stand its options alone.",
        line=r"layers\.\w+\(",
    ),
    Familiar(
        r"Unrecognized keyword arguments passed to (\w+): \{'(\w+)'",
        lambda found: f"`{found[1]}` has no option `{found[2]}`. Compare its name with the documentation, letter by letter.",
    ),
    Familiar(
        r"Could not interpret activation function identifier: \d",
        "`Dense` takes the number of its units, and then the activation. How many inputs there are, it sees by itself.",
        line=r"\bDense\(",
    ),
    Familiar(
        r"Could not interpret activation function identifier: (\w+)",
        lambda found: (
            f"Keras knows no activation by the name {found[1]}. Is it misspelled, is a letter in it a capital, or is it "
            "a variable's name in quotes?"
        ),
    ),
    Familiar(
        r"Cannot convert '\d+' to a shape", "A shape is a tuple, and a tuple of one number needs a comma within its brackets."
    ),
    Familiar(
        r"Only instances of `?keras\.Layer|Only input tensors may be passed as positional",
        "A layer is first made, then called: `layer(…)(x)`. A `Sequential` takes layers alone, a `Model` tensors.",
    ),
    Familiar(
        r"same shape\. Received: target\.shape=(\(.*?\)), output\.shape=(\(.*?\))",
        lambda found: (
            f"The loss compares targets of shape {found[1]} with predictions of shape {found[2]}. Do both belong to the "
            "same examples, and does the model give as many outputs as there are targets?"
        ),
    ),
    Familiar(
        r"expected axis -1 of input shape to have value (\d+)",
        lambda found: (
            f"The layer takes inputs of length {found[1]} for each example, and gets others. What goes into it, and is the same "
            "layer used twice?"
        ),
    ),
    Familiar(
        r"Kernel shape must have the same length as input",
        "`Conv1D` slides along one axis, and `Conv2D` along two. What comes in has more axes, or fewer, than this layer takes.",
    ),
    Familiar(
        r"output size would be zero or negative|Negative dimension size",
        "Nothing is left of the maps: each pooling, and each convolution without padding, makes them smaller. Take fewer of "
        "them, or padding.",
    ),
    Familiar(r"No gradients provided for any variable", NO_GRADIENT),
    Familiar(r"None values not supported|'NoneType' and|and 'NoneType'|'NoneType' object", NO_GRADIENT, line=r"grad"),
    Familiar(
        r"object has no attribute '(train|eval)'",
        lambda found: f"`{found[1]}()` belongs to PyTorch. A Keras model is told at each call whether it is being trained.",
        line=r"\.(train|eval)\(\)",
    ),
    Familiar(
        r"object has no attribute '(backward|zero_grad|requires_grad_?|unsqueeze|permute|detach|masked_fill_?)'",
        lambda found: f"`{found[1]}` belongs to PyTorch. Here TensorFlow and Keras compute: which function of theirs does this?",
    ),
    Familiar(
        r"(?:'([\w.]+)' object|type object '(\w+)'|module '([\w.]+)') has no attribute '(\w+)'",
        lambda found: (
            f"There is no `{found[4]}` in this {next(filter(None, found.groups())).rpartition('.')[2]}. Is it misspelled, was it "
            "not set before, or is this not the object that you think it is?"
        ),
    ),
]


def explanation(message: str, line: str) -> str:
    """What the course says of an error, by its message and the student's line; nothing where it is not known."""
    for known in FAMILIAR:
        found = re.search(known.message, message, re.DOTALL)
        if found and re.search(known.line, line):
            return known.words if isinstance(known.words, str) else known.words(found)
    return ""
