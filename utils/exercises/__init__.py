"""The exercises of every lab: one module a lab, found by its name, `lab01_perceptron.py` for `01_perceptron`."""

import ast
import gzip
import importlib
import json
import re
import zlib
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from utils.advice import Advice

if TYPE_CHECKING:  # the tables need TensorFlow, which takes seconds to import
    from utils.checking import Exercise

_FOLDER = Path(__file__).parent
AS_WRITTEN = _FOLDER / "as_written.json"  # made by the build


def lab_names() -> list[str]:
    """The names of all labs, in their order: `00_start_here`, `01_perceptron`, …."""
    return sorted(path.stem.removeprefix("lab") for path in _FOLDER.glob("lab[0-9][0-9]_*.py"))


@cache
def of_lab(name: str) -> "dict[str, Exercise]":
    """The exercises of a lab by their number, in their order."""
    importlib.import_module("utils.quiet_tensorflow").tf  # noqa: B018  imported without its start-up lines, before a table imports it
    exercises = importlib.import_module(f"utils.exercises.lab{name}").EXERCISES
    return {exercise.number: exercise for exercise in exercises}


class Outline(NamedTuple):
    """What can be read of an exercise without running its table."""

    title: str
    same_answer_as: str = ""


def outline(name: str) -> dict[str, Outline]:
    """The exercises of a lab by their number, as the text of its table has them; none where it has no table."""
    path = _FOLDER / f"lab{name}.py"
    return _outline(int(name[:2]), path.read_text(encoding="utf-8")) if path.exists() else {}


@lru_cache(maxsize=64)
def _outline(lab: int, table: str) -> dict[str, Outline]:
    number = re.compile(rf"{lab}\.[1-9]\d*")
    found = {}
    for call in ast.walk(ast.parse(table)):
        if not isinstance(call, ast.Call):
            continue
        match [argument.value for argument in call.args[:2] if isinstance(argument, ast.Constant)]:
            case [str(first), str(title)] if number.fullmatch(first) and title[:1].isupper():
                options = {option.arg: option.value.value for option in call.keywords if isinstance(option.value, ast.Constant)}
                found[first] = Outline(title, options.get("same_answer_as", ""))
    return dict(sorted(found.items(), key=lambda item: [int(part) for part in item[0].split(".")]))


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


def as_written(number: str) -> str:
    """The code of the solution's cell with the answer to an exercise; nothing where it is not known."""
    return _as_written().get(number, "")


@cache
def _as_written() -> dict[str, str]:
    packed = AS_WRITTEN.with_suffix(".json.gz")  # in a release to students
    try:
        return json.loads(gzip.decompress(packed.read_bytes()) if packed.exists() else AS_WRITTEN.read_bytes())
    except (OSError, ValueError, EOFError, zlib.error):
        return {}


def find(number: str) -> "Exercise":
    """The exercise with this number; Advice when there is none."""
    exercises = of_lab(lab_of(number))
    if number not in exercises:
        known = list(exercises)
        raise Advice(f'There is no exercise "{number}": this lab has {known[0]} to {known[-1]}.')
    return exercises[number]
