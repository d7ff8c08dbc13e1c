"""Tells an error in the student's code in a sentence: its kind, its words, and the line of theirs where it happened."""

import inspect
import linecache
import os
import re
import sysconfig
import traceback
from pathlib import Path
from typing import Any

from utils.checking import familiar


def describe(error: BaseException, explain: bool = True) -> str:
    """
    The error in the student's own words: its kind, its message, and the line of their cell where it happened.

    explain: whether the words of the course come before it, where the error is a familiar one.
    """
    if isinstance(error, SystemExit):
        what = "Your code calls `exit()`, which would stop the whole notebook; a function ends with `return`"
    elif isinstance(error, EOFError):
        what = "Your code asks for keyboard input, and a check has no keyboard; take the numbers from the arguments"
    elif isinstance(error, RecursionError):
        what = "Your code calls itself without end (RecursionError)"
    else:
        what = f"Your code stops with {type(error).__name__}: {words(error)}"
    frames = student_frames(error)
    if not frames:
        recorded = re.findall(r'File "(<.+?>|.*ipykernel.*?)", line (\d+), in ', text(error))  # by TensorFlow, in its message
        if not recorded:
            # in a call of the student's function
            too_many = re.search(r"\(\) takes .* positional arguments? but|multiple values for argument", text(error))
            course = familiar.explanation(text(error), line="") if explain and too_many else ""
            return "\n".join(filter(None, (course, f"{what.rstrip('.')}.")))
        name, line_number = recorded[-1][0], int(recorded[-1][1])
        return _at_line(error, what, name, line_number, explain)
    if isinstance(error, NameError) and explain and hasattr(frames[-1][0].f_locals.get("self"), name := error.name or ""):
        what = f"`{name}` has no value here, and `self.{name}` has: what belongs to the object is written with `self`.\n{what}"
        explain = False
    cell = frames[0][0].f_code.co_filename  # further ones may lie in cells above, whose functions this one calls
    line_number = [number for frame, number in frames if frame.f_code.co_filename == cell][-1]
    return _at_line(error, what, cell, line_number, explain)


def _at_line(error: BaseException, what: str, name: str, line_number: int, explain: bool) -> str:
    """What an error is, between the words of the course for it and the line of the file `name` where it happened."""
    line = linecache.getline(name, line_number).strip()
    course = familiar.explanation(text(error), line) if explain else ""
    where = f"It happens in line {line_number} of the cell" + (f":  {line}" if line else ".")
    return "\n".join(filter(None, (course, f"{what.rstrip('.')}.", where)))


def student_frames(error: BaseException) -> list[tuple[Any, int]]:
    """The frames of an error that lie in the student's own code, outermost first, each with its line number."""
    return [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if not _is_library(frame)]


def raised_by_student(error: BaseException) -> bool:
    """Whether the student's own line raised the error, rather than something that it called."""
    frames = list(traceback.walk_tb(error.__traceback__))
    return bool(frames) and not _is_library(frames[-1][0])


def is_students(value: Any) -> bool:
    """Whether a value is a function, a class or an object that the student's code defines, a placeholder, or holds one."""
    if value is Ellipsis:
        return True
    if isinstance(value, dict):
        return any(map(is_students, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(is_students, value))
    if code := getattr(inspect.unwrap(value), "__code__", None) if callable(value) else None:
        return not _in_library(code.co_filename)
    return getattr(value if inspect.isclass(value) else type(value), "__module__", "") == "__main__"


def same(a: BaseException, b: BaseException) -> bool:
    """Whether two errors say the same, apart from the numbers that Keras gives to layers and models, and from the place."""
    texts = [words(error) if text(error).startswith("in user code:") else text(error) for error in (a, b)]
    return type(a) is type(b) and len({re.sub(r"_\d+|0x[\da-f]+|; NodeDef.*", "", each, flags=re.DOTALL) for each in texts}) == 1


def words(error: BaseException) -> str:
    """The first sentence of an error's message, without TensorFlow's addresses of devices and operations."""
    message = re.sub(r"\{\{.*?\}\}|\[Op:.*?\]|name: *$", "", text(error))
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if not lines:
        return "no message"
    if lines[0] == "in user code:":  # TensorFlow, recording a function, puts the calls first, and the error again after them
        kind = f"{type(error).__name__}: "
        starts = [i for i, line in enumerate(lines) if line.startswith(kind)]
        lines = [line.removeprefix(kind) for line in lines[starts[-1] if starts else -1 :]]
    if inner := [i for i, line in enumerate(lines[:-1], 1) if line.endswith("Error encountered:")]:
        lines = lines[inner[-1] :]  # before it, Keras says that it could not infer a shape
    if lines[0].startswith("Exception encountered when calling"):  # Keras puts its own line first
        lines = [line for line in lines[1:] if not line.startswith("Arguments received")] or lines
    line = re.sub(r"\x1b\[\d*m|\b[\w.]+\.<locals>\.", "", lines[0])
    return re.sub(r"\s+", " ", line)[:200].strip()


def text(error: BaseException) -> str:
    """The message of an error; none where the error's own code fails to give it."""
    try:
        return str(error)
    except Exception:
        return ""


_LIBRARIES = tuple(
    str(Path(folder).resolve()) + os.sep
    for folder in {Path(__file__).parents[1], *(sysconfig.get_path(key) for key in ("stdlib", "purelib", "platlib"))}
)


def _is_library(frame: Any) -> bool:
    return _in_library(frame.f_code.co_filename)


def _in_library(name: str) -> bool:
    """Whether code with this file name belongs to Python, a package or the course."""
    return (
        name.startswith(("<frozen", "<__array_function__"))
        or not (name.startswith("<") or os.path.isabs(name))  # compiled code names its source so
        or "autograph_generated" in name
        or (not name.startswith("<") and os.path.realpath(name).startswith(_LIBRARIES))
    )
