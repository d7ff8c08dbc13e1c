"""Runs the cells of labs in this process, for tests that look at answers one at a time."""

import functools
import linecache
import symtable
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from utils import checking, exercises, source
from utils.checking import Exercise
from utils.running import tf

ALL = [(name, number) for name in exercises.lab_names() for number in exercises.of_lab(name)]


def optimize_graphs(whether: bool) -> None:
    """Have TensorFlow optimize what a function records before it runs, as it does unless told otherwise, or not."""
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": not whether})


@contextmanager
def timed(seconds: list[float]) -> Iterator[None]:
    """Add the processor time of what goes on meanwhile, with TensorFlow as it is in a notebook."""
    optimize_graphs(True)
    start = time.process_time()
    try:
        yield
    finally:
        seconds.append(time.process_time() - start)
        optimize_graphs(False)


def run_cell(code: str, namespace: dict[str, Any], name: str) -> None:
    """Execute a cell as IPython does: with its source at hand for whoever asks for it by its file name."""
    filename = f"<cell {name}>"
    linecache.cache[filename] = (len(code), None, code.splitlines(keepends=True), filename)
    exec(compile(code, filename, "exec"), namespace)


class Answered(Exception):
    """Carries the arguments of a check cell out of it."""


def answers_of(code: str, check_code: str, namespace: dict[str, Any], name: str) -> tuple:
    """What the check cell hands over after the answer cell ran with this code."""
    space = dict(namespace)

    def check(number, *answers):
        raise Answered(answers)

    run_cell(code, space, name)
    try:
        exec(check_code, space | {"check": check})
    except Answered as answered:
        return answered.args[0]
    raise AssertionError(f"{name}: the check cell calls no check")


@functools.cache
def _spaces(lab_name: str) -> dict[str, tuple[str, str, str, dict]]:
    """For each exercise: the solution's code, the student's code, the check cell, and what was defined before."""
    lab = source.read(lab_name)
    student = {cell.id: cell.source for cell in source.student_notebook(lab).cells}
    namespace: dict[str, Any] = {"__name__": "__main__"}
    found: dict[str, tuple] = {}
    checks = {cell.exercise: cell.text for cell in lab.cells if cell.role == "check"}
    for cell in _needed(lab.cells):
        if cell.role == "answer":
            number = cell.exercise
            found[number] = (cell.text, student[f"ex-{number.replace('.', '-')}"], checks[number], dict(namespace))
        run_cell(cell.text, namespace, f"{lab_name} line {cell.line}")
    return found


def _needed(cells: list[source.Cell]) -> list[source.Cell]:
    """The cells with answers, and of the code before them what defines names that they, their checks or others of these use."""
    answered = {cell.exercise for cell in cells if cell.role == "answer"}
    needed, names = [], set()
    for cell in reversed([cell for cell in cells if cell.kind == "code"]):
        used, defined = _names(symtable.symtable(cell.text, "cell", "exec"))
        if cell.role == "check" and cell.exercise in answered:
            names |= used
        elif cell.role == "answer" or (needed and names & defined):
            needed.append(cell)
            names = names - defined | used
    return needed[::-1]


def _names(scope: symtable.SymbolTable) -> tuple[set[str], set[str]]:
    """The global names that a scope, with those within it, uses, and those that it defines."""
    top = scope.get_type() == "module"
    symbols = [symbol for symbol in scope.get_symbols() if top or symbol.is_global()]
    used = {symbol.get_name() for symbol in symbols if symbol.is_referenced()}
    defined = {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()}
    inner = [_names(child) for child in scope.get_children()]
    return used.union(*(names for names, _ in inner)), defined.union(*(names for _, names in inner))


def cells_of(lab_name: str, number: str) -> tuple[str, str, str, dict]:
    """The solution's code, the student's code, the check cell, and what was defined before, of one exercise."""
    return _spaces(lab_name)[exercises.of_lab(lab_name)[number].same_answer_as or number]


def whole_answers(exercise: Exercise, mistake_answer: Any, part: str | None) -> tuple:
    """All the answers that a check takes, with one of them wrong and the others right."""
    if not exercise.parts:
        return (mistake_answer,)
    return tuple(mistake_answer if name == part else right for name, right in zip(exercise.parts, exercise.right, strict=True))


def each_also_right(exercise: Exercise) -> Iterator[tuple]:
    """The answers of each entry of also_right, and those of `right`."""
    for answer in [exercise.right, *exercise.also_right]:
        yield answer if exercise.parts else (answer,)


@contextmanager
def remembering(exercise: Exercise) -> Iterator[Exercise]:
    """
    The exercise with inputs that are drawn once; what `right` and the mistakes give for them is observed once, and remembered.

    For judging many answers: each is compared with the right one, by Keras and often the slowest of all, and with the mistakes.
    """
    drawn = exercise.inputs if isinstance(exercise.inputs, tuple) else (exercise.inputs,)
    cases = [list(draw(np.random.default_rng())) for draw in drawn]
    inputs = tuple(functools.partial(lambda cases, rng: cases, each) for each in cases)
    observe, seen = checking._observe, {}

    def remembered(part: Exercise, answer: Any, args: tuple) -> Any:
        if answer is not part.right and all(answer is not mistake.answer for mistake in part.mistakes):
            return observe(part, answer, args)
        key = part.title, id(answer), id(args)
        if key not in seen:
            seen[key] = args, observe(part, answer, args)  # with its arguments: while they are kept, no others have their id
        return seen[key][1]

    checking._observe = remembered
    try:
        yield replace(exercise, inputs=inputs if isinstance(exercise.inputs, tuple) else inputs[0])
    finally:
        checking._observe = observe


def one_input_at_a_time(exercise: Exercise) -> Iterator[Exercise]:
    """The exercise with each of its inputs alone; a part that has fewer than another repeats its last."""
    drawn = exercise.inputs if isinstance(exercise.inputs, tuple) else (exercise.inputs,)
    cases = [list(draw(np.random.default_rng())) for draw in drawn]
    for i in range(max(map(len, cases))):
        inputs = tuple(functools.partial(lambda case, rng: [case], each[min(i, len(each) - 1)]) for each in cases)
        yield replace(exercise, inputs=inputs if isinstance(exercise.inputs, tuple) else inputs[0])
