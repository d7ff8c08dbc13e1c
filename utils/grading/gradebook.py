"""Writes marks into nbgrader's gradebook, where nbgrader is installed: `grade … --gradebook gradebook.db`."""

import importlib
from pathlib import Path

from utils.grading.classroom import Row
from utils.grading.report import RIGHT


class NoGradebook(Exception):
    """The marks cannot be written there; the message says why."""


def write(rows: list[Row], path: Path) -> int:
    """Write the marks as the automatic scores of the checks' cells; return of how many submissions. NoGradebook if that fails."""
    try:
        api = importlib.import_module("nbgrader.api")
    except ImportError:
        raise NoGradebook("nbgrader is not installed here, and the gradebook is its own: `pip install nbgrader`.") from None
    marked = [row for row in rows if row.marks]
    with api.Gradebook(f"sqlite:///{path.resolve()}") as book:
        for row in marked:
            book.update_or_create_assignment(row.lab)
            book.update_or_create_notebook(row.lab, row.lab)
            cells = {f"check-{mark['number'].replace('.', '-')}": mark for mark in row.marks}
            for name, mark in cells.items():
                book.update_or_create_grade_cell(name, row.lab, row.lab, max_score=mark["worth"], cell_type="code")
            book.update_or_create_student(row.student)
            book.update_or_create_submission(row.lab, row.student)
            for name, mark in cells.items():
                grade = book.find_grade(name, row.lab, row.lab, row.student)
                grade.auto_score = mark["worth"] if mark["outcome"] == RIGHT else 0
                grade.needs_manual_grade = False
        book.db.commit()
    return len(marked)
