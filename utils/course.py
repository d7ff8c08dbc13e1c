"""Where the course lies: its folder on this machine, and its address on the internet."""

import os
from pathlib import Path

COURSE = Path(__file__).resolve().parent.parent

# The address of the course. Where it is empty, `python3 -m utils build` writes that of the clone's origin here.
REPOSITORY = ""


def solution_runs() -> bool:
    """Whether a solution runs, which proves nothing about the student: its set-up cell says so."""
    return os.environ.get("LABS_SOLUTION") == "1"


def solution_notebook(lab: str) -> Path:
    """Where the solution of a lab is; while the build makes a new one, that one."""
    return Path(os.environ.get("LABS_SOLUTION_IN_WORK") or COURSE / "solutions" / f"{lab}.ipynb")
