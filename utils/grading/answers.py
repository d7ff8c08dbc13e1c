"""
Takes a student's answers out of a notebook and puts them into the course's own.

What else the student changed does not matter: check cells, lost or doubled cells, a `check` of their own, lost metadata.
"""

import ast
import hashlib
import json
import re
import symtable
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import nbformat

from utils import exercises
from utils.cell_roles import plain, role
from utils.course import COURSE

HEADING = re.compile(r"^#+ *Exercise (\d+\.\d+)\b", re.M)
CHECK = re.compile(r"^ *check\( *[\"'](\d+\.\d+)[\"']", re.M)


class Step(NamedTuple):
    """
    A cell to run or to judge, in the order of the course.

    kind: "answer" or "check" of an exercise; "course" for other cells of the course, "own" for the student's.
    """

    kind: str
    text: str
    exercise: str = ""


class Own(NamedTuple):
    """
    A cell that a student added.

    exercise: in whose section it stands; "" before the first.  place: "before" the answer, "after" it, or after its "check".
    """

    exercise: str
    place: str
    text: str


@dataclass
class Answers:
    """
    What a notebook holds of a student.

    cells: the answer to each exercise, as the cells that make it.  own: other cells of theirs, in their order.
    """

    lab: str
    cells: dict[str, list[str]] = field(default_factory=dict)
    own: list[Own] = field(default_factory=list)

    def text(self, number: str) -> str:
        """The code of an answer."""
        return "\n\n".join(self.cells.get(number, []))

    def digest(self) -> str:
        """The same for the same answers, whatever else is in the notebook."""
        return hashlib.sha256(json.dumps([self.lab, self.cells, self.own], sort_keys=True).encode()).hexdigest()


@dataclass
class Course:
    """A lab as the course hands it out: its steps, the untouched answers, what each check is worth, the text of all cells."""

    steps: list[Step]
    untouched: dict[str, str]
    points: dict[str, float]
    texts: set[str]
    imports: set[str]


@cache
def course(lab: str) -> Course:
    """The course's own notebook of a lab."""
    notebook = nbformat.read(COURSE / "notebooks" / f"{lab}.ipynb", as_version=4)
    codes = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    found = Course([], {}, {}, set(map(plain, codes)), {line for code in codes for line in _imports(code)})
    for cell in notebook.cells:
        if cell.cell_type == "code":
            kind, number = role(cell) or ("course", "")
            found.steps.append(Step(kind, cell.source, number))
            if kind == "answer":
                found.untouched[number] = cell.source
            if kind == "check":
                found.points[number] = cell.metadata.get("nbgrader", {}).get("points", 1)
    return found


def lab_of(notebook: nbformat.NotebookNode) -> str:
    """The lab that a notebook is of, by the exercises in it; nothing where there are none."""
    found = [number for cell in notebook.cells for number in _numbers(cell)]
    labs = [number.partition(".")[0] for number in found]
    most = max(labs, key=labs.count, default="")
    return next((name for name in exercises.lab_names() if most and int(name[:2]) == int(most)), "")


def take(notebook: nbformat.NotebookNode, lab: str) -> Answers:
    """The answers in a notebook: found by the ids of cells, else by nbgrader's metadata, else by heading and check."""
    known = course(lab)
    taken = Answers(lab, own=list(_own_cells(notebook.cells, known)))
    for number, untouched in known.untouched.items():
        marked = [text for text in _marked(notebook.cells, number) if text.strip()]
        changed = [text for text in dict.fromkeys(marked) if plain(text) != plain(untouched)]
        taken.cells[number] = changed or marked[:1]
        own = [each for each in taken.own if each.exercise == number]
        if own and not changed:  # the answer stands in cells of their own: those before the check, if there are any
            answer = [each for each in own if each.place != "check"] or own
            taken.cells[number] += [each.text for each in answer]
            taken.own = [each for each in taken.own if each not in answer]
    return taken


def program(answers: Answers) -> list[Step]:
    """The steps that judge the answers: the student's cells in the course's notebook, without what no answer needs."""

    def own(exercise: str, place: str) -> list[Step]:
        return [Step("own", each.text) for each in answers.own if (each.exercise, each.place) == (exercise, place)]

    steps = own("", "before")
    for step in course(answers.lab).steps:
        if step.kind == "answer":
            cells = [Step("answer", text, step.exercise) for text in answers.cells.get(step.exercise) or [step.text]]
            steps += [*own(step.exercise, "before"), *cells, *own(step.exercise, "after")]
        else:
            steps += [step, *(own(step.exercise, "check") if step.kind == "check" else [])]
    return _needed([step._replace(text=_cleaned(step)) for step in steps])


def _cleaned(step: Step) -> str:
    text = without_magics(step.text)
    return _without_pictures(text) if step.kind == "course" else text


def without_magics(text: str) -> str:
    """Code without lines that only IPython knows, such as `%%time` or `!pip`."""
    return re.sub(r"^( *)[%!?].*$", r"\1pass", text, flags=re.M)


def _numbers(cell: Any) -> list[str]:
    found = role(cell)
    return [found[1]] if found else (HEADING if cell.cell_type == "markdown" else CHECK).findall(cell.source)


def _marked(cells: Iterable[Any], number: str) -> list[str]:
    """The code of the cells whose id or metadata says that they are the answer."""
    return [cell.source for cell in cells if cell.cell_type == "code" and role(cell) == ("answer", number)]


def _own_cells(cells: Sequence[Any], known: Course) -> Iterator[Own]:
    """The cells of code that the course does not have, and what its own cells import when the student has changed them."""
    number, place = "", "before"
    for cell in cells:
        marked = role(cell)
        if cell.cell_type == "markdown" and (heading := HEADING.search(cell.source)):
            number, place = heading[1], "before"
        elif cell.cell_type != "code" or not cell.source.strip():
            continue
        elif (check := CHECK.search(cell.source)) or (marked and marked[0] == "check"):
            number, place = (check[1] if check else marked[1]), "check"
        elif marked:
            number, place = marked[1], "after"
        elif plain(cell.source) in known.texts:
            continue
        elif cell.get("id", "").startswith("lab"):
            yield from (Own("", "before", line) for line in _imports(cell.source) if line not in known.imports)
        else:
            yield Own(number, place, cell.source)


def _imports(code: str) -> list[str]:
    try:
        nodes = ast.parse(without_magics(code)).body
    except SyntaxError:
        return []
    return [ast.unparse(node) for node in nodes if isinstance(node, (ast.Import, ast.ImportFrom))]


def _without_pictures(text: str) -> str:
    """A cell of the course without the lines that draw, print or help: nothing is judged by them."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    shows = re.compile(r"(plots\.\w+|print|hint|solution|progress)\(")
    kept = [node for node in tree.body if not (isinstance(node, ast.Expr) and shows.match(ast.unparse(node)))]
    return "\n".join(ast.get_source_segment(text, node, padded=True) for node in kept) if len(kept) < len(tree.body) else text


def _needed(steps: list[Step]) -> list[Step]:
    """The answers and checks, and of the other cells what defines names that these use, and what sets the random seed."""
    needed, names = [], set()
    for step in reversed(steps):
        try:
            used, defined = names_in(step.text)
        except SyntaxError:
            used, defined = set(), set()
        if step.kind in ("answer", "check") or names & defined:
            needed.append(step)
            names |= used
    return needed[::-1]


def names_in(code: str) -> tuple[set[str], set[str]]:
    """The global names that a cell uses, and those that it defines. SyntaxError where it is no Python."""
    return _names(symtable.symtable(code, "cell", "exec"))


def _names(scope: symtable.SymbolTable) -> tuple[set[str], set[str]]:
    top = scope.get_type() == "module"
    symbols = [symbol for symbol in scope.get_symbols() if top or symbol.is_global()]
    used = {symbol.get_name() for symbol in symbols if symbol.is_referenced()}
    defined = {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()}
    inner = [_names(child) for child in scope.get_children()]
    return used.union(*(names for names, _ in inner)), defined.union(*(names for _, names in inner))
