"""The exercises of every lab: one module a lab, found by its name, `lab01_perceptron.py` for `01_perceptron`."""

import importlib
from functools import cache
from pathlib import Path

from utils.advice import Advice
from utils.checking import Exercise

_FOLDER = Path(__file__).parent


def lab_names() -> list[str]:
    """The names of all labs, in their order: `00_start_here`, `01_perceptron`, …."""
    return sorted(path.stem.removeprefix("lab") for path in _FOLDER.glob("lab*.py"))


@cache
def of_lab(name: str) -> dict[str, Exercise]:
    """The exercises of a lab by their number, in their order."""
    exercises = importlib.import_module(f"utils.exercises.lab{name}").EXERCISES
    return {exercise.number: exercise for exercise in exercises}


def lab_of(number: str) -> str:
    """The name of the lab that an exercise's number belongs to; Advice when there is none."""
    digits = number.partition(".")[0]
    names = [name for name in lab_names() if digits.isdigit() and int(name[:2]) == int(digits)]
    if not names:
        first, last = (int(name[:2]) for name in (lab_names()[0], lab_names()[-1]))
        raise Advice(
            f'There is no exercise "{number}". An exercise has the number of its lab, {first} to {last}, '
            'a dot, and its own: "1.4".'
        )
    return names[0]


def answer_cell(number: str) -> str:
    """The id of the notebook cell with the answer to an exercise: `ex-1-4`."""
    return f"ex-{(find(number).same_answer_as or number).replace('.', '-')}"


def find(number: str) -> Exercise:
    """The exercise with this number; Advice when there is none."""
    exercises = of_lab(lab_of(number))
    if number not in exercises:
        known = list(exercises)
        raise Advice(f'There is no exercise "{number}": this lab has {known[0]} to {known[-1]}.')
    return exercises[number]
