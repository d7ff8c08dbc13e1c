"""Copies of the course for tests that write to it, and notebooks run in them."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

COURSE = Path(__file__).resolve().parent.parent


def copy_course(to: Path) -> Path:
    """Copy what a clone of the course holds, without what a student or a tool left in it."""
    lines = (COURSE / ".gitignore").read_text(encoding="utf-8").splitlines()
    anywhere = [Path(line).name for line in lines if line and line[0] not in "#/"]
    at_the_root = [Path(line).name for line in lines if line.startswith("/")]

    def ignore(folder, names):
        patterns = [".git", *anywhere, *(at_the_root if Path(folder) == COURSE else [])]
        return shutil.ignore_patterns(*patterns)(folder, names)

    return shutil.copytree(COURSE, to, ignore=ignore)


@contextmanager
def served(course: Path, home: Path) -> Iterator[tuple[str, str]]:
    """Serve a course by the README's first command, to a user whose home this is; the address, and the token it asks for."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, token = f"http://127.0.0.1:{port}", "labs"
    server = subprocess.Popen(
        [sys.executable, "-m", "utils", "lab", "--no-browser", "--port", str(port)],
        cwd=course,
        env={**os.environ, "JUPYTER_TOKEN": token, "HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"{address}/api/status?token={token}", server)
        yield address, token
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(page: str, server: subprocess.Popen, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while True:
        assert time.monotonic() < end and server.poll() is None
        try:
            urllib.request.urlopen(page, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)


def run_notebook(notebook: nbformat.NotebookNode, folder: Path, env: dict | None = None, **options) -> nbformat.NotebookNode:
    """Run a notebook in a kernel whose working folder is `folder`, as Jupyter would; `env` are its environment variables."""
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        shutdown_kernel="immediate",
        resources={"metadata": {"path": str(folder)}},
        **options,
    )
    client.execute(env=env or dict(os.environ))
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
