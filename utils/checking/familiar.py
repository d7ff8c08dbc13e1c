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


RULE = "The columns of the first are as many as the rows of the second."
NO_GRADIENT = (
    "A gradient is None: the tape saw no way from the variable to what is differentiated. Compute all of it within the `with`, "
    "by TensorFlow, without `.numpy()`, `float` or `predict`, and from a variable."
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
    shapes = [tuple(map(int, re.findall(r"\d+", shape))) for shape in filter(None, found.groups())]
    named = " and ".join(map(str, shapes)) or "of the two"
    product = len(shapes) == 2 and all(shapes) and shapes[0][-1] == shapes[1][0]
    return (
        f"`+`, `-`, `*` and comparisons work element by element, and the shapes {named} do not fit: each axis has the same "
        f"length in both, or 1.{' For a matrix product there is `@`.' if product else ''}"
    )


FAMILIAR = [
    Familiar(r"for \^|bitwise_xor|BitwiseXor", "`^` is no power in Python. A power is written `**`."),
    Familiar(
        r"truth value of an array|truth value .* is ambiguous",
        "`if`, `while`, `and`, `or` and `not` need one True or False, and this is an array of them. Choose for each element with "
        "`np.where`, or ask for all or any of them.",
        line=r"\b(if|while|and|or|not)\b",
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
    Familiar(r"could not be broadcast together with shapes (\([\d,]*\)) (\([\d,]*\))", _elementwise),
    Familiar(r"Incompatible shapes: (\[[\d,]*\]) vs\. (\[[\d,]*\])|required broadcastable shapes", _elementwise),
    Familiar(
        r"Sequential\.__init__\(\) takes from|Argument `name` must be|Expected `trainable` to|KerasTensor cannot be used",
        "`keras.Sequential` takes one list of layers: put square brackets around all of them.",
        line=r"Sequential\(\s*[^\[\s]",
    ),
    Familiar(
        r"expected to be a (float|double) tensor but is a int|expected to be a int\d* tensor but is a (float|double)"
        r"|of int(32|64) is not in the list of allowed values",
        "An integer tensor meets floats, and TensorFlow converts neither by itself. `tf.cast(x, tf.float32)` makes floats of it.",
    ),
    Familiar(
        r"unpack|not iterable|[Ii]terating over a s",
        "`apply_gradients` takes pairs of a gradient and its variable: `zip` makes them of the two lists.",
        line=r"apply_gradients\((?!.*zip)",
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
    Familiar(r"No gradients provided for any variable", NO_GRADIENT),
    Familiar(r"None values not supported|'NoneType' and|and 'NoneType'|'NoneType' object", NO_GRADIENT, line=r"grad"),
]


def explanation(message: str, line: str) -> str:
    """What the course says of an error, by its message and the student's line; nothing where it is not known."""
    for known in FAMILIAR:
        found = re.search(known.message, message, re.DOTALL)
        if found and re.search(known.line, line):
            return known.words if isinstance(known.words, str) else known.words(found)
    return ""
