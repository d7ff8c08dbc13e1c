"""
`python3 -m utils update`: the newest state of the course, with the student's answers carried over into it.

Everything that a student has changed is copied to a folder first, and commits of their own get a branch.
"""

import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import nbformat

from utils.cell_roles import answers, plain, role
from utils.course import COURSE

CHANGED_CELL = "# This cell has changed in the course. It begins like this now:\n"


class CannotUpdate(Exception):
    """The course cannot be updated; the message says why and what to do."""


def update(course: Path = COURSE) -> str:
    """Fetch the course's newest state and carry the answers over. Returns what was done, for the student; or CannotUpdate."""
    if not (course / ".git").exists():
        raise CannotUpdate("This copy of the course was not made by `git clone`, so it cannot fetch a newer one.")
    _git(course, "fetch", "--quiet", why="The course's address cannot be reached. Is there a network?")
    old, new = (
        _git(course, "rev-parse", name, why="This branch follows no other one.").strip() for name in ("HEAD", "@{upstream}")
    )
    if _git(course, "merge-base", old, new).strip() == new:
        return "You have the newest state already."
    changed = _changed(course)
    backup = _back_up(course, changed) if changed else None
    lines = []
    if _git(course, "rev-list", f"{new}..{old}").strip():
        branch = f"before-update-{time.strftime('%Y%m%d-%H%M%S')}"
        _git(course, "branch", branch)
        lines.append(f"Your own commits are kept on the branch {branch}.")
    notebooks = {name: nbformat.read(course / name, as_version=4) for name in changed if _is_notebook(course, name)}
    before = {name: _at(course, old, name) for name in notebooks}
    _git(course, "reset", "--quiet", "--hard", new)
    for name, mine in notebooks.items():
        newest = nbformat.read(course / name, as_version=4) if (course / name).exists() else mine
        carried = carry_over(mine, before[name], newest) if newest is not mine else mine
        nbformat.write(carried, course / name)
    lines += [f"{name}: your answers are in the new notebook. If it is open, reload it." for name in notebooks]
    if backup:
        lines.append(f"What you had changed is kept in {backup.relative_to(course).as_posix()}/ as it was.")
    return "\n".join(["The course is up to date.", *lines])


def carry_over(mine: Any, before: Any, newest: Any) -> Any:
    """
    The newest notebook with the student's answers and own cells in it.

    mine: their notebook.  before: the course's notebook that they began with.
    """
    untouched, fresh = answers(before), answers(newest)
    known = {plain(cell.source) for notebook in (before, newest) for cell in notebook.cells}
    ids = {cell.get("id") for notebook in (before, newest) for cell in notebook.cells}
    own: dict[Any, list] = {}
    answered: dict[str, str] = {}
    anchor = None
    for cell in mine.cells:
        each = role(cell)
        if cell.get("id") in ids or each:
            anchor = cell.get("id") if cell.get("id") in ids else anchor
            if each and each[0] == "answer" and plain(cell.source) != plain(untouched.get(each[1], "")):
                answered[each[1]] = cell.source
        elif cell.source.strip() and plain(cell.source) not in known:
            own.setdefault(anchor, []).append(cell)
    cells = list(own.pop(None, []))
    for cell in newest.cells:
        each = role(cell)
        if each and each[0] == "answer" and each[1] in answered:
            same = plain(untouched.get(each[1], "")) == plain(fresh[each[1]])
            cell.source = answered.pop(each[1]) if same else f"{answered.pop(each[1])}\n\n{CHANGED_CELL}{_commented(cell.source)}"
        cells += [cell, *own.pop(cell.get("id"), [])]
    left = [nbformat.v4.new_code_cell(source) for source in answered.values()]  # of exercises that are no more
    newest.cells = [*cells, *(cell for cells_of in own.values() for cell in cells_of), *left]
    newest.nbformat_minor = max(newest.nbformat_minor, 5)
    return newest


def _commented(code: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in code.splitlines())


def _changed(course: Path) -> list[str]:
    """The files of the course that are not as they were fetched."""
    return [name for name in _git(course, "diff", "--name-only", "-z", "HEAD").split("\0") if name]


def _is_notebook(course: Path, name: str) -> bool:
    return name.startswith("notebooks/") and name.endswith(".ipynb") and (course / name).exists()


def _back_up(course: Path, names: list[str]) -> Path:
    folder = course / "notebooks" / "backups" / time.strftime("%Y-%m-%d-%H%M%S")
    for name in names:
        if (course / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(course / name, folder / name)
    return folder


def _at(course: Path, commit: str, name: str) -> Any:
    try:
        return nbformat.reads(_git(course, "show", f"{commit}:{name}"), as_version=4)
    except CannotUpdate:
        return nbformat.v4.new_notebook()


def _git(course: Path, *arguments: str, why: str = "") -> str:
    """What git prints. CannotUpdate, with `why` and its own last line, where it fails."""
    try:
        result = subprocess.run(["git", *arguments], cwd=course, capture_output=True, text=True, encoding="utf-8")
    except FileNotFoundError:
        raise CannotUpdate("There is no git on this machine, and the course was fetched with it.") from None
    if result.returncode:
        last = (result.stderr.strip().splitlines() or ["git failed"])[-1]
        raise CannotUpdate(f"{why} {last}".strip())
    return result.stdout
