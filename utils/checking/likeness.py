"""
Finds which small change of a right answer does exactly what the student's answer does.

It tells what kind of fault an answer has that is built in a way of its own, or that is a value without any code.
"""

import ast
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from utils.checking import interface
from utils.checking.cells import definitions_of, globals_of
from utils.checking.changes import changes
from utils.checking.exercise import Part
from utils.checking.observation import Cases, Observation, observe, same_values
from utils.checking.places import Kind, kind_of
from utils.checking.trees import Path, get, parsed, put, read_in, statement_at, stored_in
from utils.quiet_tensorflow import tf

LEAD = "It gives exactly what a right answer would give {like}."
LIKE = {
    Kind.OPERATOR: "with one operator exchanged",
    Kind.COMPARISON: "with another comparison",
    Kind.NUMBER: "with another number in one place",
    Kind.NAME: "with another name in one place",
    Kind.SIGN: "with one sign changed",
    Kind.NOT: "with a `not` too many, or without one",
    Kind.BRACKETS: "with the brackets in another place",
    Kind.AXIS: "with another axis",
    Kind.INDEX: "with another index",
    Kind.ORDER: "with two things exchanged",
    Kind.ARGUMENTS: "with another argument in one call",
    Kind.FUNCTION: "with another function in one place",
}


def likeness(cases: Cases, answer: Any, got: Sequence[Observation], solution: str) -> str:
    """What a right answer would need to be like the student's, as a sentence; nothing where no small change makes it so."""
    if not solution or not all(each.comparable and not each.fine for each in got) or _is_one_number(cases, got):
        return ""
    space = globals_of(answer) if callable(answer) else {"np": np, "keras": tf.keras, "tf": tf, "pairwise": pairwise}
    name = answer.__name__ if callable(answer) else cases.table.name if isinstance(cases.table, Part) else ""
    if not name:
        return ""
    others = {each: known for each, known in space.items() if each != name}  # or the student's own would pass for a right one
    own = stored_in(parsed(interface.cell_of(answer))) if callable(answer) else set()
    reads = read_in(parsed(interface.source_of(answer)))
    return next(_likenesses(cases, got, ast.parse(solution), name, others, own, reads), "")


def _is_one_number(cases: Cases, got: Sequence[Observation]) -> bool:
    """Whether the results are one number whatever comes in, and should not be: many changes would give that."""
    given = [value for each in got for value in each.values]
    right = [value for case in range(len(got)) for value in cases.expected(case).values]
    return len(given) > 1 and _all_one(given) and not _all_one(right)


def _all_one(values: Sequence[np.ndarray]) -> bool:
    """Whether arrays of any shapes hold one number only."""
    numbers = [value for value in values if value.size and value.dtype.kind in "biuf"]
    return bool(numbers) and all(np.allclose(value, numbers[0].flat[0]) for value in numbers)


def _likenesses(
    cases: Cases, got: Sequence[Observation], right: ast.Module, name: str, space: dict, own: set[str], reads: Counter[str]
) -> Iterator[str]:
    for path, new in changes(right):
        changed = definitions_of(put(right, path, new), space).get(name)
        if changed is not None and all(_same(cases, changed, each, case) for case, each in enumerate(got)):
            if (lost := _lost_names(right, path, new)) and all(reads[each] >= read_in(right)[each] for each in lost):
                continue  # the student's code reads them as often as the right one: they are not what is left out
            yield LEAD.format(like=_like(right, path, new, own))


def _same(cases: Cases, changed: Any, each: Observation, case: int) -> bool:
    seen = observe(cases.table, changed, cases.inputs[case])
    return seen.comparable and same_values(cases.table, seen, each)


def _is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _lost(old: ast.BinOp, new: ast.AST) -> ast.AST:
    """The side of a formula that is left out where the other side alone takes its place."""
    return old.right if new is old.left else old.left


def _lost_names(right: ast.Module, path: Path, new: Any) -> set[str]:
    """The parameters in a term or factor that a change leaves out."""
    old = get(right, path)
    if not isinstance(old, ast.BinOp) or new not in (old.left, old.right):
        return set()
    names = {node.id for node in ast.walk(_lost(old, new)) if isinstance(node, ast.Name) and not _is_self(node)}
    return names & _parameters(right)


def _like(right: ast.Module, path: Path, new: Any, own: Collection[str] = ()) -> str:
    """What the change does, without what stands in the right answer: names of the student's own cell are known to them."""
    old = get(right, path)
    if new is None:
        return f"without {_line_of(old, own)}" if _target(old) else "without one of its lines"
    if isinstance(new, list):
        return "with one of its lines twice" if len(new) == 2 and new[0] is new[1] else "with a line in another place"
    if isinstance(old, ast.BinOp) and new in (old.left, old.right):
        attributes = {
            f"`{ast.unparse(node)}`"
            for node in ast.walk(_lost(old, new))
            if isinstance(node, ast.Attribute) and _is_self(node.value)
        }
        names = sorted({*attributes, *(f"`{name}`" for name in _lost_names(right, path, new))})
        return f"if the part with {' and '.join(names)} were left out" if names else "if one term or factor were left out"
    if isinstance(old, ast.Call) and old.args and new is old.args[0]:
        return f"without the call of `{ast.unparse(old.func).rpartition('.')[2]}`"
    if isinstance(old, ast.For):
        return "if its loop ended one round early"
    if isinstance(old, ast.Return):
        return "if the last entry were left out"
    kind = Kind.AXIS if _is_axis(right, path) else kind_of(new, old)
    text = LIKE.get(kind, "with one thing changed")
    line = statement_at(right, path)
    return f"{text}, in {_line_of(line, own)}" if line is not None and _target(line) else text


def _is_axis(right: ast.Module, path: Path) -> bool:
    return any(getattr(get(right, path[:n]), "arg", None) in ("axis", "axes") for n in range(1, len(path) + 1))


def _line_of(statement: ast.AST, own: Collection[str]) -> str:
    """A line of the right answer, by what it assigns; the student's cell, which assigns `own`, may not have it any more."""
    where = "" if _target(statement) in own else " in the cell as you found it"
    return f"the line that makes `{_target(statement)}`{where}"


def _target(statement: ast.AST) -> str:
    """The one name that a statement assigns; nothing where it is not one."""
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    return targets[0].id if len(targets) == 1 and isinstance(targets[0], ast.Name) else ""


def _parameters(tree: ast.Module) -> set[str]:
    return {each.arg for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for each in node.args.args}
