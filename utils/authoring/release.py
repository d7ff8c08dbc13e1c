"""
`python3 -m utils release DIR`: the course as students get it, without the solutions.

What is right stands in utils/exercises all the same, since checks work on the student's own machine without a network.
"""

import gzip
import re
import shutil
from pathlib import Path

import nbformat

from utils import cell_roles, exercises
from utils.authoring import address, build, source
from utils.authoring.source import SourceError
from utils.course import COURSE

FOLDERS = ("notebooks", "data", "utils")
FILES = ("requirements.txt", "LICENSE", ".gitignore", ".gitattributes")
OURS = {*FOLDERS, *FILES, "README.md"}
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "progress*.json", ".progress.lock", "report_card.html")


def release(to: Path) -> list[str]:
    """
    Write what students get into a folder, which may be the working tree of a git repository; return the names of its files.

    SourceError where the folder is something else, or where a notebook in it, or the course's own, holds somebody's answers.
    """
    to = to.resolve()
    _refuse(to)
    to.mkdir(parents=True, exist_ok=True)
    for name in FOLDERS:
        shutil.rmtree(to / name, ignore_errors=True)
        shutil.copytree(COURSE / name, to / name, ignore=LEFT_OUT)
    for name in FILES:
        if (COURSE / name).exists():
            shutil.copy(COURSE / name, to / name)
    own = address.of_origin(address.origin(to))
    with address.instead(own):  # that of the repository that students get, not of the one that has the solutions
        for name in source.names():
            nbformat.write(source.student_notebook(source.read(name)), to / "notebooks" / f"{name}.ipynb")
        (to / "README.md").write_text(readme_of_students(build.readme()), encoding="utf-8")
    if own:
        address.write(to, own)
    _pack(to / exercises.AS_WRITTEN.relative_to(COURSE))
    return sorted(path.relative_to(to).as_posix() for path in to.rglob("*") if path.is_file() and ".git" not in path.parts)


def readme_of_students(text: str) -> str:
    """The README as far as it is for students, without the pictures of solutions."""
    text = re.sub(r" <img src=\"solutions/.*?> \|$", " |", text, flags=re.M)
    text = text.replace("| lab | what you build | time | |\n|---|---|---|---|", "| lab | what you build | time |\n|---|---|---|")
    text = re.sub(r"<picture>.*?</picture>\n\n", "", text, flags=re.S)
    before, _, rest = text.partition("\n## Test\n")
    end = rest.rpartition("\nThe license is ")
    return before + end[1] + end[2]


def _refuse(to: Path) -> None:
    if to == COURSE or COURSE in to.parents:
        raise SourceError(f"{to} lies within the course: name a folder outside of it.")
    there = {path.name for path in to.iterdir()} if to.exists() else set()
    if there - {".git"} and not (to / "utils" / "checking").is_dir():
        raise SourceError(f"{to} holds something else: name an empty folder, or one that holds an earlier release.")
    if (to / "solutions").exists():
        raise SourceError(f"{to} has a folder solutions, so it is no release: name another folder.")
    for notebook in sorted([*(COURSE / "notebooks").glob("*.ipynb"), *(to / "notebooks").glob("*.ipynb")]):
        if cell_roles.was_used(nbformat.read(notebook, as_version=4)):
            raise SourceError(f"{notebook} holds answers: move it away, or put it back as it was, and release again.")


def _pack(as_written: Path) -> None:
    """Keep the answers' text, with which checks look for the place of a mistake, out of a reader's sight. It is no secret."""
    packed = as_written.with_suffix(".json.gz")
    packed.write_bytes(gzip.compress(as_written.read_bytes(), mtime=0))
    as_written.unlink()
