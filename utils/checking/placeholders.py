"""Finds where an answer still waits for the student: a `...` or NotImplementedError."""

import ast
import functools
import re
from collections.abc import Sequence
from typing import Any

from utils.checking import errors, interface


def is_placeholder(answer: Any) -> bool:
    """Whether the answer itself, or one of several values in it, is still `...`."""
    return answer is Ellipsis or (isinstance(answer, (tuple, list)) and any(item is Ellipsis for item in answer))


def waiting(answer: Any, results: Sequence[Any], stops: Sequence[BaseException]) -> str | None:
    """
    Where an answer waits for the student; None when it is complete.

    results: what it returned.  stops: the errors that it stopped with.
    """
    if any(map(is_placeholder, results)):
        return _todo(answer) or "It still gives the placeholder `...`."
    for error in stops:
        if isinstance(error, NotImplementedError) and errors.raised_by_student(error):
            return _todo(answer) or "It still raises NotImplementedError."
        frames = errors.student_frames(error)
        if names := [name for frame, _ in frames for name, item in frame.f_locals.items() if item is Ellipsis]:
            return _todo(answer) or f"`{names[0]}` is still the placeholder `...`."
    return _todo(answer)


def _todo(answer: Any) -> str | None:
    """The first statement of an answer's source that is a bare `...` or NotImplementedError, by its TODO comment."""
    name = getattr(answer, "__name__", None)
    cell = interface.cell_of(answer)
    lines = cell.splitlines(keepends=True)
    definitions = [node for node in _definitions(cell) if node.name == name]
    for node in (inner for definition in definitions for inner in ast.walk(definition)):
        if not _is_placeholder(node):
            continue
        near = " ".join(lines[max(node.lineno - 2, 0) : node.lineno])
        todo = re.search(r"# *TODO:? *(.*)", lines[node.lineno - 1]) or re.search(r"# *TODO:? *(.*)", near)
        return f"Line {node.lineno} of the cell waits for your code" + (f":  {todo[1].strip()}" if todo and todo[1] else ".")
    return None


@functools.lru_cache(maxsize=1)  # the tests judge many answers that stand in one file
def _definitions(text: str) -> list[ast.FunctionDef | ast.ClassDef]:
    """The functions and classes that are defined in a source; none where it cannot be parsed."""
    try:
        return [node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    except SyntaxError:
        return []


def _is_placeholder(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise):
        return "NotImplementedError" in ast.unparse(node)
    if isinstance(node, ast.Call):
        return any(isinstance(argument, ast.Constant) and argument.value is Ellipsis for argument in node.args)
    if not isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Expr)):
        return False
    parts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
    return any(isinstance(part, ast.Constant) and part.value is Ellipsis for part in parts)
