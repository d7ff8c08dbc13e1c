"""Which cells of a notebook hold the answer to an exercise, and which hold its check: their ids say so, and nbgrader's names."""

import re
from typing import Any


def role(cell: Any) -> tuple[str, str] | None:
    """Whether a cell is an "answer" or a "check", and of which exercise; None for other cells."""
    for name in (cell.get("id", ""), cell.metadata.get("nbgrader", {}).get("grade_id", "")):
        if found := re.fullmatch(r"(ex|check)-(\d+)-(\d+)", str(name)):
            return {"ex": "answer", "check": "check"}[found[1]], f"{found[2]}.{found[3]}"
    return None


def plain(text: str) -> str:
    """The text of a cell without what no reader sees: blanks at the ends of lines, empty lines around it."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def answers(notebook: Any) -> dict[str, str]:
    """The code of each exercise's answer."""
    found = ((role(cell), cell.source) for cell in notebook.cells if cell.cell_type == "code")
    return {each[1]: source for each, source in found if each and each[0] == "answer"}


def was_used(notebook: Any) -> bool:
    """Whether somebody has worked in a notebook: cells were run, or answers stand where the course has placeholders."""
    ran = any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
    saved = set(notebook.metadata.get("language_info", {})) - {"name"}  # Jupyter writes more than the build does
    waiting = re.compile(r"\.\.\.|NotImplementedError|# TODO")
    return bool(ran or saved or any(not waiting.search(text) for text in answers(notebook).values()))
