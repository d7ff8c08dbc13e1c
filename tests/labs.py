"""Runs the cells of labs in this process, for tests that look at answers one at a time."""

import functools
import linecache
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from utils import checking, exercises, source
from utils.checking import Exercise

ALL = [(name, number) for name in exercises.lab_names() for number in exercises.of_lab(name)]


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
    namespace: dict[str, Any] = {"check": lambda *args: None, "__name__": "__main__"}
    found: dict[str, tuple] = {}
    checks = {cell.exercise: cell.text for cell in lab.cells if cell.role == "check"}
    for cell in lab.cells:
        if cell.kind != "code" or cell.text.startswith(("plots.", "hint(", "solution(", "progress(", "check(")):
            continue
        if cell.role == "answer":
            number = cell.exercise
            found[number] = (cell.text, student[f"ex-{number.replace('.', '-')}"], checks[number], dict(namespace))
            if len(found) == sum(cell.role == "answer" for cell in lab.cells):
                break  # nothing that follows is needed
        run_cell(cell.text, namespace, f"{lab_name} line {cell.line}")
    return found


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
    The exercise with inputs that are drawn once; what `right` gives for them is observed once, and then remembered.

    For judging many answers: the right one, by Keras, is often the slowest of all.
    """
    drawn = exercise.inputs if isinstance(exercise.inputs, tuple) else (exercise.inputs,)
    cases = [list(draw(np.random.default_rng())) for draw in drawn]
    inputs = tuple(functools.partial(lambda cases, rng: cases, each) for each in cases)
    observe, seen = checking._observe, {}

    def remembered(part: Exercise, answer: Any, args: tuple) -> Any:
        if answer is not part.right:
            return observe(part, answer, args)
        key = part.title, id(args)
        if key not in seen:
            seen[key] = observe(part, answer, args)
        return seen[key]

    checking._observe = remembered
    try:
        yield replace(exercise, inputs=inputs if isinstance(exercise.inputs, tuple) else inputs[0])
    finally:
        checking._observe = observe
