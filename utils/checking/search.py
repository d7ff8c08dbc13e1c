"""
Finds the place in a student's code where the fault is: an edit of its text that makes the answer right.

Edits come from the solution, statement by statement, since the cell that the student fills in has its names; and from the
small changes that students make. An edit counts where the answer is right with it on the inputs of the check and on fresh ones.
"""

import ast
import copy
import inspect
import io
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from typing import Any

from utils.checking import chance, interface, limits
from utils.checking.cells import definitions_of, globals_of
from utils.checking.changes import changes, repairs, with_other_axes
from utils.checking.observation import Cases, observe, same_values
from utils.checking.places import Kind, Place, kind_of, one_too_many, place_of
from utils.checking.trees import Path, alike, get, put, stored_in, walk

SECONDS, SECONDS_IF_SLOW = 1.5, 5.0  # of work that a search may do: for a class, a layer, as much as if it were slow
SLOW = 0.5  # seconds to observe a slow answer
SECONDS_OF_AN_EDIT = 1.0  # that it may take; or TIMES as much work as the answer and the right one do
TIMES = 3
SECONDS_FOR_THE_KIND = 1.0  # of work, where the line of the fault is known
PATIENCE = 2.0  # seconds that an edited answer may wait
FRESH_DRAWS = 3  # on which an edit is confirmed: as many of them as take FRESH_SECONDS
FRESH_SECONDS = 0.4
OUTSIDE = {"open", "os", "sys", "subprocess", "shutil", "input", "exec", "eval", "exit", "quit", "requests", "pathlib", "Path"}

SIMPLE = (ast.Assign, ast.AugAssign, ast.Return, ast.Expr, ast.Delete, ast.Break, ast.Continue, ast.Pass, ast.Raise)
COMPOUND = (ast.For, ast.While, ast.With, ast.If)
Key = tuple  # of a statement: the function it stands in, what it does, and its rank among those that do the same


def find(cases: Cases, answer: Any, failing: int, solution: str, seconds_to_observe: float = 0.0) -> Place | None:
    """
    The place of the fault; None where no edit makes the answer right.

    failing: the number of an input with which the answer is not right.  solution: the code of a right answer's cell.
    seconds_to_observe: how long the answer took. For one that trains, only statements are tried, on the input that failed.
    """
    cases.of(cases.table.right, failing)  # to know how long it takes, where an answer can be judged without
    seconds_of_an_edit = max(SECONDS_OF_AN_EDIT, TIMES * seconds_to_observe, TIMES * cases.longest)
    slow = is_slow(cases, seconds_to_observe)
    source = interface.cell_of(answer)
    vague: list[Place] = []
    with suppress(limits.TimeUp, SyntaxError):
        tree, right = ast.parse(source), ast.parse(solution)
        if not any(getattr(node, "name", None) == answer.__name__ for node in tree.body) or _touches_the_outside(tree):
            return None
        trial = _Trial(cases, answer, failing, seconds_of_an_edit, slow, seconds_to_observe)
        costly = slow or inspect.isclass(answer) or TIMES * max(cases.longest, seconds_to_observe) > SECONDS_OF_AN_EDIT
        seconds = SECONDS_IF_SLOW if costly else SECONDS
        with redirect_stdout(io.StringIO()):  # what the student's code prints was shown once
            places = _places(tree, right, trial.fits, source, slow, vague)
            return limits.within(seconds, lambda: next(places, None), everything=True)
    return vague[0] if vague else None


def is_slow(cases: Cases, seconds_to_observe: float) -> bool:
    """Whether an answer or one of the table's takes so long that few edits can be tried."""
    return max(seconds_to_observe, cases.longest) > SLOW


def _touches_the_outside(tree: ast.AST) -> bool:
    return any(isinstance(node, ast.Name) and node.id in OUTSIDE for node in ast.walk(tree))


class _Trial:
    """Tries an edited cell: whether the answer that it defines is right."""

    def __init__(self, cases: Cases, answer: Any, failing: int, seconds: float, slow: bool, seconds_to_observe: float = 0.0):
        self.cases, self.failing, self.seconds, self.slow = cases, failing, seconds, slow
        of_a_draw = seconds_to_observe + cases.longest * len(cases.inputs)  # the edited answer, and the right one
        draws = int(FRESH_SECONDS / max(of_a_draw, FRESH_SECONDS / FRESH_DRAWS))
        self.fresh = [Cases(cases.table, chance.generator()) for _ in range(draws)]
        self.name, self.globals = answer.__name__, globals_of(answer)

    def fits(self, tree: ast.AST) -> bool:
        """Whether the cell is right: on the input that failed, on the others, and on fresh ones."""
        try:
            answer = limits.within(self.seconds, lambda: self._right_where_it_failed(tree), everything=True, patience=PATIENCE)
        except limits.TimeUp:
            if limits.is_up():  # that of the whole search
                raise
            return False
        return answer is not None and self._is_confirmed(answer)

    def _right_where_it_failed(self, tree: ast.AST) -> Any:
        """The answer that an edited cell defines, if it is right on the input that failed."""
        answer = definitions_of(tree, self.globals).get(self.name)
        return answer if self._is_right(self.cases, answer, self.failing) else None

    def _is_confirmed(self, answer: Any) -> bool:
        if self.slow:
            return True
        others = (case for case in range(len(self.cases.inputs)) if case != self.failing)
        if not all(self._is_right(self.cases, answer, case) for case in others):
            return False
        return all(self._is_right(each, answer, case) for each in self.fresh for case in range(len(each.inputs)))

    @staticmethod
    def _is_right(cases: Cases, answer: Any, case: int) -> bool:
        got = observe(cases.table, answer, cases.inputs[case])
        return got.comparable and (got.fine or same_values(cases.table, got, cases.expected(case)))


Fits = Callable[[ast.AST], bool]


def _places(tree: ast.Module, right: ast.Module, fits: Fits, source: str, slow: bool, vague: list[Place]) -> Iterator[Place]:
    """
    Places whose edit fits, the most telling first.

    vague: is filled with those that come late, since others may tell more: the best that there is where the time is up.
    """
    ours = _statements(tree)
    right = _one_by_one(right, ours)
    theirs = _statements(right)
    differing = [key for key in theirs if key in ours and not alike(get(tree, ours[key]), get(right, theirs[key]))]
    edits = (tree, right, ours, theirs, fits, source)
    one_holds_the_other = ours.keys() < theirs.keys() or theirs.keys() < ours.keys()
    yield from _parameters(tree, right, source)
    if one_holds_the_other:
        yield from _extra_or_lacking(*edits)
    lines = []
    for key in differing:
        old, new = get(tree, ours[key]), get(right, theirs[key])
        for place, sure in _one_statement(
            tree, ours[key], _with_own_body(old, new), fits, source, stored_in(tree) - stored_in(right)
        ):
            if sure:
                yield place
            vague.append(place)
            lines.append(ours[key] if place.kind is Kind.PART else _function_at(tree, ours[key]))
    one_line = bool(vague)
    yield from _unlike(*edits)
    yield from _moved(*edits)
    if not one_line and (path := _function_with_the_fault(tree, right, fits)) is not None:
        vague.append(place_of(get(tree, path), Kind.WITHIN, source))
        lines.append(path)
    if not slow:
        yield from _small_changes(tree, fits, source, lines)
    if not one_holds_the_other:
        yield from _extra_or_lacking(*edits)
    if not one_line:
        if not slow:
            yield from _grafts(tree, right, fits, source, lines)
        yield from _blocks_and_pairs(*edits)
    yield from vague
    if slow:
        yield from _small_changes(tree, fits, source, lines)


def _grafts(tree: ast.Module, right: ast.Module, fits: Fits, source: str, within: list[Path]) -> Iterator[Place]:
    """Parts of formulas, the smallest first, that are right with a part of the solution in their place."""
    until = time.process_time() + SECONDS_FOR_THE_KIND
    theirs, own_names = {ast.dump(part): part for _, part in _formulas(right)}, stored_in(tree) - stored_in(right)
    formulas = [found for found in _formulas(tree) if not isinstance(found[1], ast.Name)]  # names are exchanged elsewhere
    ours = [found for found in formulas if _lies_in(found[0], within)]
    ours.sort(key=lambda found: len(ast.unparse(found[1])))
    for (path, old), (dump, new) in itertools.product(ours, theirs.items()):
        if time.process_time() > until:
            return
        if ast.dump(old) != dump and fits(put(tree, path, new)):
            yield place_of(old, Kind.LEADS_TO if _names(old) & own_names else kind_of(old, new), source)


def _formulas(tree: ast.Module) -> Iterator[tuple[Path, ast.expr]]:
    """What is computed in a cell, without the functions that are called."""
    for path, node in walk(tree):
        stored = not isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
        if (
            isinstance(node, (ast.BinOp, ast.Call, ast.Subscript, ast.Attribute, ast.Name))
            and path[-1][0] != "func"
            and not stored
        ):
            yield path, node


def _blocks_and_pairs(tree: ast.Module, right: ast.Module, ours: dict, theirs: dict, fits: Fits, source: str) -> Iterator[Place]:
    """Compound statements with all that belongs to them, and two statements at once."""
    differing = [key for key in theirs if key in ours and not alike(get(tree, ours[key]), get(right, theirs[key]))]
    for key in differing:
        if isinstance(get(tree, ours[key]), COMPOUND) and fits(put(tree, ours[key], get(right, theirs[key]))):
            yield place_of(get(tree, ours[key]), Kind.BLOCK, source)
    simple = [key for key in differing if isinstance(get(tree, ours[key]), SIMPLE)]
    for one, other in itertools.combinations(simple, 2):
        mended, line = put(tree, ours[other], get(right, theirs[other])), get(tree, ours[other]).lineno
        for place, _ in _one_statement(
            mended, ours[one], get(right, theirs[one]), fits, source, stored_in(tree) - stored_in(right)
        ):
            yield place._replace(other=line)


def _function_with_the_fault(tree: ast.Module, right: ast.Module, fits: Fits) -> Path | None:
    """The one of several functions, or methods of a class, with which all is right if it is that of the solution."""
    ours, theirs = _functions(tree), _functions(right)
    differing = [name for name in theirs if name in ours and not alike(get(tree, ours[name]), get(right, theirs[name]))]
    if len(ours) == 1:
        return None
    return next((ours[name] for name in differing if fits(put(tree, ours[name], get(right, theirs[name])))), None)


def _lies_in(path: Path, within: list[Path]) -> bool:
    """Whether a path leads into one of these; all of the cell is meant where there are none."""
    return not within or any(path[: len(each)] == each for each in within)


def _function_at(tree: ast.Module, path: Path) -> Path:
    """The function that a path lies in; the whole cell where it is none."""
    return next((path[:n] for n in range(len(path), 0, -1) if isinstance(get(tree, path[:n]), ast.FunctionDef)), ())


def _functions(tree: ast.Module) -> dict[tuple[str, ...], Path]:
    """The paths of the functions of a cell, by their names and those of what they stand in."""
    found = {}
    for path, node in walk(tree):
        if isinstance(node, ast.FunctionDef):
            around = [get(tree, path[:n]) for n in range(1, len(path) + 1)]
            found[tuple(each.name for each in around if hasattr(each, "name"))] = path
    return found


def _one_by_one(right: ast.Module, ours: dict) -> ast.Module:
    """The solution with `a, b = x, y` as two statements, where the student has one of these two."""
    assigned = {key[2] for key in ours}
    for key, path in reversed(_statements(right).items()):
        node = get(right, path)
        if key in ours or not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Tuple):
            continue
        targets, values = node.targets[0].elts, getattr(node.value, "elts", [])
        if not assigned & set(map(ast.unparse, targets)):
            continue
        if len(targets) == len(values) and not stored_in(node) & _names(node.value):
            lines = [ast.Assign([target], value, lineno=node.lineno) for target, value in zip(targets, values, strict=True)]
            right = put(right, path, lines)
    return right


def _parameters(tree: ast.Module, right: ast.Module, source: str) -> Iterator[Place]:
    """Functions whose parameters stand in another order than in the solution."""
    functions = {node.name: node for node in ast.walk(right) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in functions:
            names, expected = ([each.arg for each in f.args.args] for f in (node, functions[node.name]))
            if names != expected and sorted(names) == sorted(expected):
                yield place_of(node, Kind.PARAMETERS, source)


def _statements(tree: ast.Module) -> dict[Key, Path]:
    """The paths of the statements of a cell, by keys that two versions of the cell share."""
    found: dict[Key, Path] = {}
    for path, node in walk(tree):
        if not isinstance(node, SIMPLE + COMPOUND) or not path[:-1]:
            continue
        within = tuple(each.name for n in range(len(path)) if hasattr(each := get(tree, path[:n]), "name"))
        what = (within, type(node).__name__, _target(node))
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            found[(*what, sum(key[:3] == what for key in found))] = path
    return found


def _target(node: ast.stmt) -> str:
    """What a statement assigns, or calls."""
    if isinstance(node, ast.Assign):
        return ", ".join(map(ast.unparse, node.targets))
    if isinstance(node, ast.AugAssign):
        return ast.unparse(node.target)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return ast.unparse(node.value.func)
    return ""


def _with_own_body(old: ast.stmt, new: ast.stmt) -> ast.stmt:
    """The statement of the solution; of a compound one, its first line with what the student has below it."""
    if not isinstance(new, COMPOUND):
        return new
    new = copy.copy(new)
    new.body, new.orelse = old.body, getattr(old, "orelse", [])
    return new


def _one_statement(
    tree: ast.Module, path: Path, new: ast.stmt, fits: Fits, source: str, own_names: set[str]
) -> Iterator[tuple[Place, bool]]:
    """
    The smallest part of a statement with which the one of the solution makes the answer right, and whether that is sure.

    It is not where the part is the whole value, or uses names of the student's own, which may hold something wrong.
    """
    if alike(get(tree, path), new):
        return
    if not fits(put(tree, path, new)):
        new = _as_array(new)
        if new is None or not fits(put(tree, path, new)):
            return
    statement, whole = get(tree, path), new
    path, new = _smallest(tree, path, new, fits)
    old = get(tree, path)
    uses_own, kind = bool((_names(old) - _names(whole)) & own_names), kind_of(old, new)
    if (call := _call_with_axis(tree, path) or _call_right_with_other_axis(tree, path, fits)) is not None:
        old, kind = call, Kind.AXIS
    if kind is Kind.NAME and path[-1][0] == "func":
        call, kind = get(tree, path[:-1]), Kind.FUNCTION
        if call.args and fits(put(tree, path[:-1], call.args[0])):
            old, kind = call, Kind.TOO_MUCH
    item = one_too_many(old, new)
    old = _with_owner(tree, path, old) if item is None or isinstance(item, ast.Slice) else item
    place = place_of(old if hasattr(old, "lineno") else statement, Kind.LEADS_TO if uses_own else kind, source)
    is_all = old is getattr(statement, "value", None) and not isinstance(old, (ast.Constant, ast.Name))
    yield place, not uses_own and not (kind is Kind.PART and is_all)


def _with_owner(tree: ast.Module, path: Path, old: ast.AST) -> ast.AST:
    """What square brackets belong to, with them, for several places in them; else the part itself."""
    return get(tree, path[:-1]) if path[-1][0] == "slice" and isinstance(old, ast.Tuple) else old


def _as_array(statement: ast.stmt) -> ast.Assign | None:
    """A statement that makes a list, with an array of it: the student's next line may take nothing else."""
    if isinstance(statement, ast.Assign) and isinstance(statement.value, (ast.List, ast.ListComp)):
        array = ast.Call(ast.Attribute(ast.Name("np", ast.Load()), "array", ast.Load()), [statement.value], [])
        return ast.Assign(statement.targets, array, lineno=statement.lineno)
    return None


def _call_with_axis(tree: ast.Module, path: Path) -> ast.Call | None:
    """The call in whose `axis=…` a path ends; None where it does not."""
    for n in range(len(path), 0, -1):
        if getattr(get(tree, path[:n]), "arg", None) in ("axis", "axes", "keepdims"):
            return get(tree, path[: n - 1])
    return None


def _call_right_with_other_axis(tree: ast.Module, path: Path, fits: Fits) -> ast.Call | None:
    """The call that a path leads to, or to its function, if another axis makes it right: that is less to change."""
    if path[-1][0] == "func":
        path = path[:-1]
    call = get(tree, path)
    if isinstance(call, ast.Call) and any(fits(put(tree, path, other)) for other in with_other_axes(call)):
        return call
    return None


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _unlike(tree: ast.Module, right: ast.Module, ours: dict, theirs: dict, fits: Fits, source: str) -> Iterator[Place]:
    """Statements of the student that the solution has not, where one that only it has makes the answer right."""
    for mine, path in ours.items():
        for key in theirs:
            if mine not in theirs and key not in ours and mine[0] == key[0]:
                old, new = get(tree, path), get(right, theirs[key])
                if _may_be(old, new) and fits(put(tree, path, new)):
                    is_extra = fits(put(tree, path, None))
                    yield place_of(old, Kind.EXTRA if is_extra else kind_of(old, new), source)


def _may_be(old: ast.stmt, new: ast.stmt) -> bool:
    """Whether one statement may stand for another: a `return` not for one after which more is done."""
    if not (isinstance(old, SIMPLE) and isinstance(new, SIMPLE)):
        return False
    return not isinstance(new, ast.Return) or isinstance(old, (ast.Return, ast.Expr))


def _smallest(tree: ast.Module, path: Path, new: ast.AST, fits: Fits) -> tuple[Path, ast.AST]:
    """Go down where the old and the new are alike but for one part, or where one part of the new makes the answer right."""
    old = get(tree, path)
    wraps = any(alike(part, new) for part in ast.walk(old)) or any(alike(part, old) for part in ast.walk(new))
    if type(old) is not type(new) or wraps:  # something is too much, or missing
        return path, new
    parts = [(step, part) for step, part in walk(new) if len(step) == 1]
    if [step for step, _ in parts] != [step for step, part in walk(old) if len(step) == 1]:
        parts = _arguments(old, new)  # one of two calls may have options that the other leaves at what they are by default
    differing = [(step, part) for step, part in parts if not alike(get(old, step), part)]
    same_but_one = [(step, part) for step, part in differing if alike(put(old, step, part), new)]
    for step, part in same_but_one or differing:
        inner = isinstance(get(old, step), (ast.expr, ast.keyword, ast.comprehension))
        if inner and (same_but_one or fits(put(tree, path + step, part))):
            found = _smallest(tree, path + step, part, fits)
            return (path, new) if isinstance(found[1], (ast.comprehension, ast.Slice)) else found  # which are part of a whole
    return path, new


def _arguments(old: ast.AST, new: ast.AST) -> list[tuple[Path, ast.AST]]:
    """The arguments without names of a call, with their places, where another call of the function has as many."""
    if not (isinstance(old, ast.Call) and isinstance(new, ast.Call)) or not alike(old.func, new.func):
        return []
    return [((("args", i),), part) for i, part in enumerate(new.args)] if len(old.args) == len(new.args) else []


def _moved(tree: ast.Module, right: ast.Module, ours: dict, theirs: dict, fits: Fits, source: str) -> Iterator[Place]:
    """Statements that stand where the solution has them not."""
    for key in theirs:
        if key in ours and _blocks(tree, ours[key]) != _blocks(right, theirs[key]):
            without = put(tree, ours[key], None)
            moved = _inserted(without, right, _statements(without), theirs, key, get(tree, ours[key]))
            if moved is not None and fits(moved):
                yield place_of(get(tree, ours[key]), Kind.MOVED, source)


def _blocks(tree: ast.Module, path: Path) -> list[str]:
    return [type(get(tree, path[:n])).__name__ for n in range(1, len(path)) if isinstance(get(tree, path[:n]), COMPOUND)]


def _extra_or_lacking(tree: ast.Module, right: ast.Module, ours: dict, theirs: dict, fits: Fits, source: str) -> Iterator[Place]:
    """Statements that the solution has not, and those that it alone has."""
    for key, path in ours.items():
        if key not in theirs and fits(put(tree, path, None)):
            yield place_of(get(tree, path), Kind.EXTRA, source)
    for key in theirs:
        if key not in ours and (filled := _inserted(tree, right, ours, theirs, key)) is not None and fits(filled):
            beside, after = _neighbor(right, ours, theirs, key)
            if isinstance(get(right, theirs[key]), ast.Return) and after and not _is_last(tree, beside):
                continue  # what stands below would never run: it is not there that something is lacking
            yield place_of(get(tree, beside), Kind.LACKING if after else Kind.LACKING_BEFORE, source)


def _is_last(tree: ast.Module, path: Path) -> bool:
    """Whether a statement is the last of its block."""
    field, place = path[-1]
    return place == len(getattr(get(tree, path[:-1]), field)) - 1


def _neighbor(right: ast.Module, ours: dict, theirs: dict, key: Key) -> tuple[Path, int] | None:
    """The student's statement beside which one of the solution belongs, and whether after it (1) or before it (0)."""
    path = theirs[key]
    keys = {path: key for key, path in theirs.items()}
    (field, place), block = path[-1], path[:-1]
    siblings = len(getattr(get(right, block), field))
    for other, after in [*((i, 1) for i in reversed(range(place))), *((i, 0) for i in range(place + 1, siblings))]:
        if (beside := keys.get((*block, (field, other)))) in ours:
            return ours[beside], after
    return None


def _inserted(
    tree: ast.Module, right: ast.Module, ours: dict, theirs: dict, key: Key, statement: ast.stmt | None = None
) -> ast.Module | None:
    """
    The student's cell with a statement where the solution has it: that of the solution, or this one.

    None where that place is not there.
    """
    found = _neighbor(right, ours, theirs, key)
    if found is None:
        return None
    path, after = found
    new, there = statement or get(right, theirs[key]), get(tree, path)
    return put(tree, path, [there, new] if after else [new, there])


def _small_changes(tree: ast.Module, fits: Fits, source: str, lines: list[Path]) -> Iterator[Place]:
    """Changes that students make, undone; within these paths, or in all of the cell where there are none."""
    until = time.process_time() + SECONDS_FOR_THE_KIND
    for path, new in itertools.chain(changes(tree), repairs(tree)):
        if lines and time.process_time() > until:
            return
        if not _lies_in(path, lines):
            continue
        if not fits(put(tree, path, new)):
            continue
        old = get(tree, path)
        kind = Kind.EXTRA if new is None else Kind.BLOCK if isinstance(old, COMPOUND) else Kind.LACKING
        if isinstance(old, ast.If) and isinstance(new, list):
            yield place_of(old, Kind.CONDITION, source)
            continue
        if isinstance(old, ast.For) and isinstance(new, ast.For) and not alike(old.iter, new.iter):  # which `changes` cuts short
            kind = Kind.LAST_ROUND
        elif isinstance(new, ast.AST) and isinstance(old, (*COMPOUND, ast.FunctionDef)):
            old, kind = _first_difference(old, new), Kind.EXCHANGED
        elif isinstance(new, list) and isinstance(old, COMPOUND):  # its first or last statement stands beside it
            old, kind = next(each for each in new if not isinstance(each, type(old))), Kind.MOVED
        elif (call := _call_with_axis(tree, path)) is not None:
            old, kind = call, Kind.AXIS
        elif isinstance(new, ast.AST):
            kind = kind_of(old, new)
            if isinstance(new, ast.UnaryOp) and kind is Kind.SIGN and alike(new.operand, old) and _is_assigned(tree, path):
                kind = Kind.SIGN_FROM_HERE
        yield place_of(_with_owner(tree, path, old), kind, source)


def _is_assigned(tree: ast.Module, path: Path) -> bool:
    """Whether a path leads to the whole value of an assignment."""
    return path[-1][0] == "value" and isinstance(get(tree, path[:-1]), ast.Assign)


def _first_difference(old: ast.stmt, new: ast.stmt) -> ast.stmt:
    """The first statement of a block that is not as it was."""
    return next((a for a, b in zip(old.body, new.body, strict=False) if not alike(a, b)), old)
