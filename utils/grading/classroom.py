"""Runs through a class: several submissions at a time, none twice; what cannot be marked is a row that says so."""

import hashlib
import json
import os
import re
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from utils.course import COURSE
from utils.grading import isolation
from utils.grading.answers import Answers
from utils.grading.submissions import Submission, find

JUDGES = (
    "checking",
    "exercises",
    "grading",
    "training.py",
    "datasets.py",
    "capstone.py",
    "workers.py",
)  # what verdicts depend on


@dataclass
class Row:
    """One submission and its marks; a `problem` where there are none."""

    student: str
    number: str
    lab: str
    path: str
    problem: str = ""
    notes: list[str] = field(default_factory=list)
    marks: list[dict[str, Any]] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    memory: int = 0
    shut_in: dict[str, bool] = field(default_factory=dict)


@dataclass
class Class:
    """What came of a run: its rows; how many were marked now, in how many seconds; whether it was interrupted."""

    rows: list[Row]
    marked: int = 0
    seconds: float = 0.0
    interrupted: bool = False


def grade(place: Path, out: Path, *, lab: str = "", jobs: int = 0, again: bool = False) -> Class:
    """
    Mark the submissions in a folder or a zip, and keep the marks in `out`.

    lab: of this lab only.  jobs: how many at a time; as many as there are cores by default.  again: also what is marked already.
    """
    submissions = find(place, lab)
    kept = {id(each): None if again else _kept(out, each) for each in submissions}
    to_do = [each for each in submissions if kept[id(each)] is None and each.answers]
    result, begun = Class([]), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="grade-") as folder:
        try:
            for submission, row in _marked(to_do, Path(folder), min(jobs or os.cpu_count() or 1, max(len(to_do), 1))):
                kept[id(submission)] = row
                if not row.problem:
                    _keep(out, submission, row)
                result.marked += 1
        except KeyboardInterrupt:
            result.interrupted = True
    result.rows = [
        kept[id(each)] or _row(each) for each in submissions if kept[id(each)] or each.problem or not result.interrupted
    ]
    result.seconds = time.monotonic() - begun
    return result


def _marked(to_do: list[Submission], folder: Path, jobs: int) -> Iterator[tuple[Submission, Row]]:
    """Each submission with its row, as they come."""
    if not to_do:
        return
    pristine = isolation.copy_course(folder)
    columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[last]}"))
    with _workers(jobs) as pool, Progress(*columns, disable=not sys.stderr.isatty()) as bar:
        shown = bar.add_task("", total=len(to_do), last="")
        futures = {pool.submit(_mark, each.answers, str(pristine)): each for each in to_do}
        for future in as_completed(futures):
            submission = futures[future]
            bar.update(shown, advance=1, last=submission.student)
            yield submission, _row(submission, future)


@contextmanager
def _workers(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Processes that mark. However this ends, they end, with the students' processes."""
    pool = ProcessPoolExecutor(jobs, mp_context=isolation.processes(), initializer=_begin_worker)
    try:
        yield pool
    finally:
        processes = list((pool._processes or {}).values())  # the pool has no public way to end those that work
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(10)


def _begin_worker() -> None:
    """Leave Ctrl-C to the process that runs the class, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what is at work ends its student's process
    isolation.prepare_to_start()
    isolation.end_with_parent()


def _mark(answers: Answers, pristine: str) -> dict[str, Any]:
    from utils.grading import marking

    return marking.mark(answers, Path(pristine)).as_json()


def _row(submission: Submission, future: Future | None = None) -> Row:
    row = Row(submission.student, submission.number, submission.lab, submission.path, submission.problem, submission.notes)
    if future is None:
        return row
    try:
        for name, value in future.result().items():
            setattr(row, name, value)
    except BrokenProcessPool:
        row.problem = "The process that marks was ended, perhaps for want of memory: grade again, with fewer --jobs."
    except Exception as error:
        row.problem = f"This could not be marked: {type(error).__name__}: {error}"
    return row


def file_name(student: str) -> str:
    """A name for a student's files, on every system, and another one for each student."""
    plain = re.sub(r"[^\w.-]+", "_", student).strip("._") or "unnamed"
    return plain if plain == student else f"{plain}-{hashlib.sha256(student.encode()).hexdigest()[:6]}"


def _path(out: Path, submission: Submission) -> Path:
    return out / "marks" / submission.lab / f"{file_name(submission.student)}.json"


def _keep(out: Path, submission: Submission, row: Row) -> None:
    path = _path(out, submission)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps({"key": _key(submission), **vars(row)}, indent=1, ensure_ascii=False), encoding="utf-8")
    os.replace(beside, path)


def _kept(out: Path, submission: Submission) -> Row | None:
    """The row of an earlier run, if neither the answers nor the course have changed since."""
    if not submission.answers:
        return None
    with suppress(OSError, ValueError, TypeError, AttributeError):
        found = json.loads(_path(out, submission).read_text(encoding="utf-8"))
        if found.pop("key") == _key(submission):
            row = Row(**found)
            row.path, row.notes, row.number = submission.path, submission.notes, submission.number
            return row
    return None


def _key(submission: Submission) -> str:
    return f"{submission.answers.digest()}-{_course_digest(submission.lab)}"


@cache
def _course_digest(lab: str) -> str:
    """Changes with whatever a verdict on this lab depends on."""
    digest = hashlib.sha256()
    judges = [COURSE / "utils" / name for name in JUDGES]
    files = [file for each in judges for file in (sorted(each.rglob("*.py")) if each.is_dir() else [each])]
    for file in [*files, COURSE / "notebooks" / f"{lab}.ipynb"]:
        digest.update(file.read_bytes())
    return digest.hexdigest()
