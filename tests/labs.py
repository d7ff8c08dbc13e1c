"""Runs the cells of labs in this process, for tests that look at answers one at a time."""

import functools
import linecache
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from tests.devices import optimize_graphs, tf
from utils import exercises
from utils.authoring import source
from utils.checking import Exercise
from utils.checking.observation import Cases
from utils.grading.answers import names_in

ALL = [(name, number) for name in exercises.lab_names() for number in exercises.of_lab(name)]


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


@functools.cache
def slowness() -> float:
    """
    How many times as long as usual this machine takes for a piece of work: 1 where it takes 0.04 s or less.

    The bounds on processor time hold there, and are as many times as wide on a slower machine. Where they were set, an import of
    the course took 1.6 s of work; where it takes 4.5 s, this takes 0.06 s at least.
    """
    took = []
    for _ in range(5):
        begun = time.process_time()
        x = tf.ones((8, 8))
        for _ in range(300):
            x = tf.tanh(x @ x + 1.0)
        counts = {}
        for i in range(60_000):
            counts[i % 97] = i * 0.5
        took.append(time.process_time() - begun)
    return max(1.0, min(took) / 0.04)


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
    for cell, is_used in _needed(lab.cells):
        if cell.role == "answer":
            number = cell.exercise
            found[number] = (cell.text, student[f"ex-{number.replace('.', '-')}"], checks[number], dict(namespace))
        if is_used:
            run_cell(cell.text, namespace, f"{lab_name} line {cell.line}")
    return found


def _needed(cells: list[source.Cell]) -> list[tuple[source.Cell, bool]]:
    """
    The cells with answers, and of the code before them what defines names that they, their checks or others of these use.

    Each with whether a later one uses what it defines. An answer's own check does not count: it runs with whatever answer is
    tried.
    """
    answered = {cell.exercise for cell in cells if cell.role == "answer"}
    needed, names, in_check = [], set(), set()
    for cell in reversed([cell for cell in cells if cell.kind == "code"]):
        used, defined = names_in(cell.text)
        if cell.role == "check" and cell.exercise in answered:
            in_check = used
        elif cell.role == "answer":
            needed.append((cell, bool(names & defined)))
            names = (names | in_check) - defined | used
        elif needed and names & defined:
            needed.append((cell, True))
            names = names - defined | used
    return needed[::-1]


def cells_of(lab_name: str, number: str) -> tuple[str, str, str, dict]:
    """The solution's code, the student's code, the check cell, and what was defined before, of one exercise."""
    return _spaces(lab_name)[exercises.of_lab(lab_name)[number].same_answer_as or number]


def with_one(exercise: Exercise, table: Any, answer: Any) -> tuple:
    """All the answers that a check takes: this one for one table, and right ones for the others."""
    return tuple(answer if each is table else each.right for each in exercise.tables)


def each_also_right(exercise: Exercise) -> Iterator[tuple]:
    """Answers for all tables: those of `right`, then each entry of `also_right`."""
    yield tuple(table.right for table in exercise.tables)
    for i in range(max(len(table.also_right) for table in exercise.tables)):
        yield tuple(table.also_right[min(i, len(table.also_right) - 1)] for table in exercise.tables)


def one_input_at_a_time(cases: Sequence[Cases]) -> Iterator[list[Cases]]:
    """Cases with one input each; a part that has fewer than another repeats its last."""
    alone = [list(each.one_by_one()) for each in cases]
    for i in range(max(map(len, alone))):
        yield [each[min(i, len(each) - 1)] for each in alone]


def without_mistakes(exercise: Exercise) -> Exercise:
    """The exercise without its mistakes, for tests that ask whether an answer is right, not why it is wrong."""
    return replace(exercise, mistakes=(), parts=[replace(part, mistakes=()) for part in exercise.parts])
