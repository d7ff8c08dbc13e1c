"""Where the course lies: its folder on this machine, and its address on the internet."""

import os
from pathlib import Path

COURSE = Path(__file__).resolve().parent.parent

# A fork changes this one line and runs `python3 -m utils build`.
REPOSITORY = "https://github.com/your_organization/deep-learning-labs"


def solution_runs() -> bool:
    """Whether a solution runs, which proves nothing about the student: its set-up cell says so."""
    return os.environ.get("LABS_SOLUTION") == "1"


def solution_notebook(lab: str) -> Path:
    """Where the solution of a lab is; while the build makes a new one, that one."""
    return Path(os.environ.get("LABS_SOLUTION_IN_WORK") or COURSE / "solutions" / f"{lab}.ipynb")
