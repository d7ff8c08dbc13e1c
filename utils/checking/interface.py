"""What an answer is before it is put to work: a value, a function or a class, and which arguments it takes."""

import ast
import functools
import inspect
import linecache
import re
from collections.abc import Callable, Sequence
from typing import Any

from utils.checking.exercise import Table, call
from utils.quiet_tensorflow import tf

LOST_DEFAULT = "The first line of the cell gives `{name}` the default {default}, which the cells below rely on. Put it back."


def misplaced(answer: Any, right: Any) -> str | None:
    """What is handed over in place of what was asked for: a class for an instance, a result for its function, …."""
    name = getattr(answer, "__name__", "it")
    if answer is None:
        return "The answer is None: a cell that sets it was not run, or a function has no `return`."
    if inspect.isclass(right) and not inspect.isclass(answer):
        return f"Give check the class itself, without brackets: not an instance of it, nor a {type(answer).__name__}."
    if inspect.isclass(answer) and not inspect.isclass(right):
        plain = isinstance(right, (int, float, str, list, tuple, dict)) or hasattr(right, "dtype")
        asked = "a function" if inspect.isroutine(right) else "a value" if plain else "an instance: call the class with brackets"
        return f"`{name}` is a class; this exercise asks for {asked}."
    if inspect.isfunction(right) and isinstance(answer, tf.keras.Model):
        return "This is a model. Give check the function that makes it, so that it can be made anew: its name with no brackets."
    if isinstance(right, tf.keras.Model) and (inspect.isroutine(answer) or not callable(answer)):
        return f"This exercise asks for a Keras model, and this is of type {type(answer).__name__}."
    if callable(right) and not callable(answer):
        return (
            f"Give check the function itself, not what it returns: its name with no brackets after it. "
            f"This is a {type(answer).__name__}."
        )
    if not callable(right) and inspect.isroutine(answer):
        return f"`{name}` is a function. Give check a value: call the function with brackets, or give the name of its result."
    return None


def signature(answer: Callable[..., Any], right: Callable[..., Any], args: tuple) -> str | None:
    """What is wrong with a function's parameters, if the right one takes the inputs as its arguments and it does not."""
    if not inspect.isfunction(right) or not _takes(right, args) or _takes(answer, args):
        return None
    expected = ", ".join(parameter_names([right], len(args)))
    found = inspect.signature(answer)
    return f"The function takes {found}, and it is called with ({expected}). Keep the first line of the cell as it was."


def lost_default(answer: Any, solution: str) -> str | None:
    """Which default of the cell's first line a function lacks, or has with another number; `solution` has the line as it was."""
    try:
        tree = ast.parse(solution)
        found = inspect.signature(answer).parameters
    except (SyntaxError, TypeError, ValueError):
        return None
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == getattr(answer, "__name__", ""):
            node = next((each for each in node.body if getattr(each, "name", "") == "__init__"), node)
        elif getattr(node, "name", "") != getattr(answer, "__name__", ""):
            continue
        for name, default in _defaults(node).items():
            mine = found[name].default if name in found else default
            lost = mine is inspect.Parameter.empty
            if lost or (isinstance(default, float) and isinstance(mine, (int, float)) and mine != default):
                return LOST_DEFAULT.format(name=name, default=repr(default))
    return None


def _defaults(node: ast.AST) -> dict[str, Any]:
    """The defaults of a function's parameters, where they are plain values."""
    if not isinstance(node, ast.FunctionDef):
        return {}
    arguments = node.args.args[len(node.args.args) - len(node.args.defaults) :]
    return {
        each.arg: value.value
        for each, value in zip(arguments, node.args.defaults, strict=True)
        if isinstance(value, ast.Constant)
    }


def _takes(function: Callable[..., Any], args: tuple) -> bool:
    """Whether a function takes these arguments; True where it does not tell."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*args)
    except TypeError:
        return False
    return True


def parameter_names(functions: Sequence[Callable[..., Any]], count: int) -> list[str]:
    """The names of the first `count` parameters, by the first of the functions that tells; else numbered ones."""
    for function in functions:
        try:
            parameters = inspect.signature(function).parameters.values()
        except (TypeError, ValueError):
            continue
        names = [parameter.name for parameter in parameters if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
        if len(names) >= count:
            return names[:count]
    return [f"argument {i + 1}" for i in range(count)]


def names_of_inputs(table: Table, answer: Any, count: int) -> list[str]:
    """What the inputs are called: by the answer's own parameters, or by those of what puts it to work."""
    if table.observe is call or not count:
        return parameter_names([answer, table.right], count)
    return parameter_names([functools.partial(table.observe, answer), answer, table.right], count)


def own_parameters(answer: Any) -> set[str]:
    """The names of all parameters of a function, or of a class's methods."""
    return {name for function in _functions(answer) for name in inspect.signature(function).parameters} - {"self"}


def cell_of(answer: Any) -> str:
    """The source of the cell that defines a function or a class; nothing where it is not known."""
    codes = (getattr(function, "__code__", None) for function in _functions(answer))
    return "".join(linecache.getlines(code.co_filename)) if (code := next(codes, None)) else ""


def source_of(answer: Any) -> str:
    """The source of a function alone, or of the cell that defines a class; nothing where it is not known."""
    if inspect.isclass(answer):  # Python would look for a class of this name, and may find an earlier one
        return cell_of(answer)
    try:
        return inspect.getsource(answer)
    except (OSError, TypeError):
        return cell_of(answer)


def contains_code_of(advice: str, answer: Any) -> bool:
    """
    Whether an answer has one of the pieces of code that a sentence begins with: "`math.exp` and `float` work on …".

    True where the sentence begins otherwise, or the answer's source is not known.
    """
    begins = re.match(r"(?:An? )?(`[^`]+`(?:(?:, | and | or )`[^`]+`)*) ", advice)
    source = re.sub(r"\s", "", source_of(answer)) if begins else ""
    return not source or any(_core(piece) in source for piece in re.findall("`([^`]+)`", begins[1]))


def _core(piece: str) -> str:
    """Of a name with dots the last part, and of a formula what stands between the names at its ends."""
    piece = re.sub(r"\s|\(\)", "", piece)
    return piece.rpartition(".")[2] if re.fullmatch(r"[\w.]+", piece) else re.sub(r"^[^\W\d]\w*|[^\W\d]\w*$", "", piece)


def _functions(answer: Any) -> list[Callable[..., Any]]:
    """A function alone, or the methods of a class."""
    if inspect.isclass(answer):
        return list(filter(inspect.isfunction, vars(answer).values()))
    return [inspect.unwrap(answer)] if inspect.isfunction(inspect.unwrap(answer)) else []
