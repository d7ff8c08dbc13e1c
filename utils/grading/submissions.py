"""
Finds submissions in a folder or a zip, in any of the usual forms, and reads them.

`NAME/01_perceptron.ipynb`, `NAME_01_perceptron.ipynb`, nbgrader's `NAME/ASSIGNMENT/….ipynb`, and what Canvas and Moodle export.
Which lab a notebook is of, its exercises tell, whatever it is called.
"""

import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import nbformat

from utils import exercises
from utils.grading.answers import Answers, lab_of, take

LARGEST = 32 * 1024**2  # bytes of a notebook

# doe_LATE_1234_56789_01_perceptron-2.ipynb, as Canvas names it; `Jane Doe_123456_assignsubmission_file_`, as Moodle does
CANVAS = re.compile(r"(?P<name>.+?)(?:_LATE)?_(?P<id>\d+)_\d+_(?P<file>.+)")
MOODLE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)")
NOT_SUBMITTED = re.compile(r"(^|/)(\.|__MACOSX/)|\.ipynb_checkpoints/|-checkpoint\.ipynb$")


@dataclass
class Submission:
    """
    A notebook that a student handed in.

    answers: what it holds; None where it cannot be read, and `problem` says why.  number: its ID in Canvas or Moodle.
    """

    student: str
    path: str
    number: str = ""
    answers: Answers | None = None
    problem: str = ""
    notes: list[str] = field(default_factory=list)
    newest: tuple = ()

    @property
    def lab(self) -> str:
        """The name of its lab; nothing where that is not known."""
        return self.answers.lab if self.answers else ""


def find(place: Path, lab: str = "") -> list[Submission]:
    """The submissions in a folder or a zip, one for each student and lab, in alphabetical order.  lab: of this lab only."""
    found: dict[tuple[str, str], Submission] = {}
    for each in sorted(_all(place), key=lambda submission: submission.newest):
        if lab and each.lab not in ("", lab):
            continue
        key = each.student, each.lab
        if (older := found.get(key)) and each.answers:
            each.notes = [*older.notes, f"{older.path} is older"]
        found[key] = each
    read = {student for (student, name) in found if name}
    return [found[key] for key in sorted(found) if key[1] or key[0] not in read or not lab]


def _all(place: Path) -> Iterator[Submission]:
    if place.is_file() and zipfile.is_zipfile(place):
        yield from _of_zip(place, "", place.name)
        return
    for path in sorted(place.rglob("*")):
        name = path.relative_to(place).as_posix()
        if NOT_SUBMITTED.search(name) or not path.is_file():
            continue
        if path.suffix.lower() == ".zip":
            yield from _of_zip(path, name.removesuffix(path.suffix), name)
        elif path.suffix.lower() == ".ipynb":
            yield _read(name, name, path.stat().st_size, path.read_bytes, path.stat().st_mtime)


def _of_zip(path: Path, inside: str, shown: str) -> Iterator[Submission]:
    """The notebooks in a zip: one of a whole class, or one that a student made.  inside: whose name comes before, if any."""
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.filename.lower().endswith(".ipynb") and not NOT_SUBMITTED.search(info.filename):
                    name = f"{inside}/{info.filename}" if inside else info.filename
                    yield _read(
                        name, f"{shown}: {info.filename}", info.file_size, lambda info=info: archive.read(info), info.date_time
                    )
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        name, number = who(inside or shown)
        yield Submission(name, shown, number, problem=f"This zip cannot be read: {error}.")


def _read(name: str, shown: str, size: int, content, when: object) -> Submission:
    student, number = who(name)
    found = Submission(student, shown, number, newest=(str(type(when)), when, _attempt(name), shown))
    if size > LARGEST:
        found.problem = f"This notebook has {size / 1024**2:.0f} MB; {LARGEST // 1024**2} MB are the most."
        return found
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that ids are missing or doubled is no news here
            notebook = nbformat.reads(content().decode("utf-8-sig"), as_version=4)
        lab = lab_of(notebook)
        if lab:
            found.answers = take(notebook, lab)
        else:
            found.problem = "No exercise of the course is in this notebook."
    except Exception as error:  # a damaged notebook can fail anywhere in there
        found.problem = f"This notebook cannot be read: {type(error).__name__}."
    return found


def who(name: str) -> tuple[str, str]:
    """The student whose file has this name below the folder of submissions, and their number in Canvas or Moodle."""
    parts = PurePosixPath(name).parts
    first = parts[0] if len(parts) > 1 else _without_lab(PurePosixPath(name).stem)
    if (found := MOODLE.fullmatch(first)) or (
        found := CANVAS.fullmatch(PurePosixPath(parts[0]).stem if len(parts) == 1 else first)
    ):
        return found["name"].strip(" _"), found["id"]
    return first.strip(" _-") or "unknown", ""


def _without_lab(stem: str) -> str:
    """A flat file's name without the lab's: `doe_01_perceptron (2)` is `doe`."""
    for lab in exercises.lab_names():
        if lab in stem:
            rest = stem.replace(lab, "")
            return re.sub(r"(-\d+| ?\(\d+\))$", "", rest)
    return stem


def _attempt(name: str) -> int:
    """The number that Canvas and browsers give to a file that was handed in again: `…-2.ipynb`, `… (2).ipynb`."""
    found = re.search(r"(?:-| ?\()(\d{1,3})\)?\.ipynb$", name)
    return int(found[1]) if found else 0
