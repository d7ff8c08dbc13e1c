"""Copies of the course for tests that write to it, and notebooks run in them."""

import shutil
from contextlib import suppress
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

COURSE = Path(__file__).resolve().parent.parent


def copy_course(to: Path) -> Path:
    """Copy what a clone of the course holds, without what a student or a tool left in it."""
    ignore = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "progress*.json", ".progress.lock")
    for name in ("notebooks", "solutions", "utils", "data", "tests"):
        shutil.copytree(COURSE / name, to / name, ignore=ignore)
    for name in ("README.md", "requirements.txt", "pyproject.toml", "LICENSE"):
        shutil.copy(COURSE / name, to / name)
    return to


def run_notebook(notebook: nbformat.NotebookNode, folder: Path, **options) -> nbformat.NotebookNode:
    """Run a notebook in a kernel whose working folder is `folder`, as Jupyter would."""
    client = NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}, **options
    )
    client.execute()
    return notebook


def megabytes_of_kernels() -> float:
    """The memory that the kernels of this process use now, with the processes that they started; 0 when all have ended."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has ended meanwhile
            total += process.memory_info().rss / 1e6
    return total


def cell(notebook: nbformat.NotebookNode, cell_id: str) -> nbformat.NotebookNode:
    """The cell with this id."""
    return next(cell for cell in notebook.cells if cell.id == cell_id)


def errors(notebook: nbformat.NotebookNode) -> list[tuple[str, str]]:
    """The id of each cell that failed, with the text that the reader saw of it."""
    return [
        (cell.id, "\n".join(output.traceback))
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "error"
    ]


def stderr(notebook: nbformat.NotebookNode) -> str:
    """All that the notebook shows on stderr."""
    return "".join(
        output.text
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if output.output_type == "stream" and output.name == "stderr"
    )
