"""
Writes what came of a class: marks as CSV, feedback for each student, and a page for the teacher.

The pages are made from the templates beside this module; each is one file that needs no network.
"""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2

from utils import exercises
from utils.grading.classroom import Row, file_name

FOLLOWS = "This is right but for an earlier answer that it uses: {}."
RIGHT, NOT_DONE = "right", "not done yet"  # values of `Outcome`, whose import would bring TensorFlow with it


def write(rows: list[Row], out: Path) -> list[Path]:
    """Write all of it; return the files, without those of the feedback."""
    out.mkdir(parents=True, exist_ok=True)
    students = _by_student(rows)
    numbers = [number for lab in labs_in(rows) for number in exercises.outline(lab)]
    files = [out / "grades.csv", out / "canvas.csv", out / "moodle.csv", out / "report.html"]
    _write_csv(files[0], _grades(students, numbers))
    _write_csv(files[1], _canvas(students, rows))
    _write_csv(files[2], _moodle(students))
    pages = _templates()
    labs = [LabReport.of(lab, [row for row in rows if row.lab == lab]) for lab in labs_in(rows)]
    problems = [row for row in rows if row.problem]
    flagged = [row for row in rows if flags_of(row)]
    files[3].write_text(
        pages.get_template("report.html").render(labs=labs, problems=problems, flagged=flagged, flags_of=flags_of),
        encoding="utf-8",
    )
    (out / "feedback").mkdir(exist_ok=True)
    for student, own in students.items():
        page = pages.get_template("feedback.html").render(student=student, rows=own, points=points, worth=worth)
        (out / "feedback" / f"{file_name(student)}.html").write_text(page, encoding="utf-8")
    return files


def labs_in(rows: Iterable[Row]) -> list[str]:
    """The labs that were handed in, in their order."""
    return sorted({row.lab for row in rows if row.lab})


def points(row: Row) -> float:
    """What a submission scores."""
    return sum(mark["worth"] for mark in row.marks if mark["outcome"] == RIGHT)


def worth(row: Row) -> float:
    """What a submission could score."""
    return sum(mark["worth"] for mark in row.marks)


def flags_of(row: Row) -> list[str]:
    """What a teacher should look at, each with its exercise."""
    return [*row.flags, *(f"{mark['number']}: {flag}" for mark in row.marks for flag in mark["flags"])]


def _by_student(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.student, row.lab)):
        found[row.student].append(row)
    return dict(found)


def _grades(students: dict[str, list[Row]], numbers: list[str]) -> Iterable[Sequence[Any]]:
    """A row for each student, a column for each exercise; empty where nothing was handed in."""
    yield ["student", "id", *numbers, "total", "flags", "notes"]
    for student, rows in students.items():
        marks = {mark["number"]: mark for row in rows for mark in row.marks}
        scores = [_number(mark["worth"] if mark["outcome"] == RIGHT else 0) if (mark := marks.get(n)) else "" for n in numbers]
        flags = "; ".join(flag for row in rows for flag in flags_of(row))
        follows = [f"{n} is right but for {' and '.join(mark['follows'])}" for n, mark in marks.items() if mark["follows"]]
        notes = "; ".join([*(each for row in rows for each in [row.problem, *row.notes] if each), *follows])
        yield [student, _id(rows), *scores, _number(sum(map(points, rows))), flags, notes]


def _canvas(students: dict[str, list[Row]], rows: list[Row]) -> Iterable[Sequence[Any]]:
    """What Canvas's gradebook imports: it finds students by their ID, which its export of submissions has in the files' names."""
    labs = labs_in(rows)
    yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *labs]
    for student, own in students.items():
        scores = {row.lab: _number(points(row)) for row in own if row.marks}
        yield [student, _id(own), "", "", "", *(scores.get(lab, "") for lab in labs)]


def _moodle(students: dict[str, list[Row]]) -> Iterable[Sequence[Any]]:
    """What Moodle's grading worksheet has: it finds students by the number that its export of submissions has in the names."""
    yield ["Identifier", "Full name", "Lab", "Grade", "Maximum grade"]
    for student, own in students.items():
        for row in own:
            if row.marks:
                identifier = f"Participant {row.number}" if row.number else ""
                yield [identifier, student, row.lab, _number(points(row)), _number(worth(row))]


def _id(rows: list[Row]) -> str:
    return next((row.number for row in rows if row.number), "")


def _number(points: float) -> str:
    return f"{points:g}"


def _write_csv(path: Path, lines: Iterable[Sequence[Any]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([[_harmless(cell) for cell in line] for line in lines])


def _harmless(cell: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets a quote before it."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t") else cell


@dataclass
class Group:
    """Wrong answers of the same kind: what the check says of them, who gave them, one of them as code, and hints that fit."""

    number: str
    advice: str
    named: bool
    students: list[str] = field(default_factory=list)
    code: str = ""
    hints: list[str] = field(default_factory=list)
    anchor: str = ""


@dataclass
class ExerciseReport:
    """One exercise: how its answers ended, and the wrong ones by their kinds, the most frequent first."""

    number: str
    title: str
    outcomes: Counter
    groups: list[Group]

    @property
    def share_right(self) -> float:
        """The share of the students whose answer is right."""
        return self.outcomes[RIGHT] / max(1, self.outcomes.total())

    @property
    def share_untouched(self) -> float:
        """The share of the students who did not begin."""
        return self.outcomes[NOT_DONE] / max(1, self.outcomes.total())


@dataclass
class LabReport:
    """One lab in the teacher's page."""

    name: str
    rows: list[Row]
    exercises: list[ExerciseReport]
    most: int

    @classmethod
    def of(cls, lab: str, rows: list[Row]) -> "LabReport":
        """What the rows of a lab show."""
        marked = [row for row in rows if row.marks]
        found = [_exercise(number, outline.title, marked) for number, outline in exercises.outline(lab).items()]
        return cls(lab, marked, found, max((len(group.students) for each in found for group in each.groups), default=1))

    @property
    def mean(self) -> float:
        """The mean share of the points."""
        shares = [points(row) / max(worth(row), 1e-9) for row in self.rows]
        return sum(shares) / max(1, len(shares))

    @property
    def hardest(self) -> list[ExerciseReport]:
        """The exercises that fewest have right, the hardest first; without those that all have right."""
        return [each for each in sorted(self.exercises, key=lambda each: each.share_right) if each.share_right < 1][:3]

    @property
    def unnamed(self) -> list[Group]:
        """Wrong answers that no mistake of the tables explains: candidates for a new one."""
        groups = [group for each in self.exercises for group in each.groups if not group.named]
        return sorted(groups, key=lambda group: -len(group.students))


def _exercise(number: str, title: str, rows: list[Row]) -> ExerciseReport:
    marks = [(row.student, mark) for row in rows for mark in row.marks if mark["number"] == number]
    groups: dict[Any, Group] = {}
    for student, mark in marks:
        if mark["outcome"] in (RIGHT, NOT_DONE):
            continue
        follows = FOLLOWS.format(" and ".join(mark["follows"])) if mark["follows"] else ""
        named = bool(follows or mark["mistake"])
        key = follows or mark["mistake"] or re.sub(r"\b(?:Line|line) \d+|\d+ s\b", "line", mark["advice"])
        if key not in groups:
            advice = follows or mark["mistake"].replace("{seen}", "…") or mark["advice"] or "; ".join(mark["flags"])
            groups[key] = Group(number, advice, named, code=mark["code"], hints=mark["hints"])
        groups[key].students.append(student)
    ordered = sorted(groups.values(), key=lambda group: (-len(group.students), group.advice))
    for i, group in enumerate(ordered):
        group.anchor = f"e{number.replace('.', '-')}-{i}"
    return ExerciseReport(number, title, Counter(mark["outcome"] for _, mark in marks), ordered)


def _templates() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    return jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
