"""`python3 -m utils build`: makes the two notebooks of each lab from its source, and the README's table of labs."""

import base64
import functools
import json
import os
import subprocess
import tempfile
from html import escape
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from utils import cell_roles, exercises
from utils.authoring import address, source
from utils.authoring.source import Lab, SourceError
from utils.course import COURSE

SECONDS_OF_A_CELL = 120


def build(names: list[str], *, everything: bool = False) -> list[str]:
    """Build the labs that changed (of those named, if any; all with `everything`); return the files written."""
    _refuse_answered(names)
    written = [address.LINE.as_posix()] if not names and address.settle(COURSE) else []
    for lab in _labs(names):
        solution, student = _paths(lab)
        made = None if everything else _with_outputs(lab)
        if _write(solution, made or execute(lab)):
            written.append(_name(solution))
        if _write(student, source.student_notebook(lab)):
            written.append(_name(student))
        if _write_bytes(_cover_path(lab), cover(lab)[0]):
            written.append(_name(_cover_path(lab)))
    for path, text in {COURSE / "README.md": readme(), exercises.AS_WRITTEN: as_written()}.items():
        if _write_text(path, text):
            written.append(_name(path))
    return written


def _refuse_answered(names: list[str]) -> None:
    """SourceError where a student's notebook that would be written holds answers."""
    for lab in _labs(names):
        path = _paths(lab)[1]
        if path.exists() and _read(path) != _text(source.student_notebook(lab)) and cell_roles.was_used(_parsed(_read(path))):
            raise SourceError(
                f"{_name(path)} holds answers, so nothing is built. Move it to another folder, or put it back by "
                f"`git checkout {_name(path)}`, and build again."
            )


def stale(names: list[str]) -> list[str]:
    """What is not as the sources have it, each with its reason; changes nothing."""
    problems = []
    for lab in _labs(names):
        solution, student = _paths(lab)
        made = _with_outputs(lab)
        if made is None or _text(made) != _read(solution):
            problems.append(f"{_name(solution)} is not what {_name(lab.path)} makes")
        elif not _cover_path(lab).exists() or cover(lab)[0] != _cover_path(lab).read_bytes():
            problems.append(f"{_name(_cover_path(lab))} is not the picture of {_name(solution)}")
        if _text(source.student_notebook(lab)) != _read(student):
            problems.append(f"{_name(student)} is not what {_name(lab.path)} makes")
    if not names:
        for folder in ("notebooks", "solutions"):
            problems += [
                f"{_name(path)} has no source in solutions/"
                for path in sorted((COURSE / folder).glob("*.ipynb"))
                if path.stem not in source.names()
            ]
        if not problems and readme() != _read(COURSE / "README.md"):
            problems.append("README.md does not have the table of labs as the sources have it")
        if as_written() != _read(exercises.AS_WRITTEN):
            problems.append(f"{_name(exercises.AS_WRITTEN)} does not have the answers as the sources have them")
    return problems


def execute(lab: Lab) -> nbformat.NotebookNode:
    """
    Run a lab's solution from top to bottom and return it with its outputs, the same for the same source.

    The files of the lab stay as they are until all of it has run. SourceError where a cell fails, takes too long, or ends the
    kernel.
    """
    notebook, begun = source.solution_notebook(lab), []
    client = NotebookClient(
        notebook,
        on_cell_execute=lambda cell, cell_index: begun.append(cell),
        timeout=SECONDS_OF_A_CELL,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(COURSE / "solutions")}},
    )
    with tempfile.TemporaryDirectory() as folder:
        in_work = Path(folder) / f"{lab.name}.ipynb"
        in_work.write_text(_text(notebook), encoding="utf-8")  # what solution() shows while the lab runs
        try:
            client.execute(stderr=subprocess.DEVNULL, env={**os.environ, "LABS_SOLUTION_IN_WORK": str(in_work)})
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            raise SourceError(_why_it_stopped(lab, notebook, begun, error)) from None
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = _joined_streams(cell.outputs)
    notebook.metadata = source.solution_notebook(lab).metadata
    return notebook


def _why_it_stopped(lab: Lab, notebook: nbformat.NotebookNode, begun: list[nbformat.NotebookNode], error: Exception) -> str:
    """At which cell a run stopped, the last that it had begun, and why, in a sentence."""
    why = "the kernel died in this cell"
    if isinstance(error, CellTimeoutError):
        why = f"the cell was still running after {SECONDS_OF_A_CELL} s and was stopped"
    if isinstance(error, CellExecutionError):
        why = f"the cell stops with {error.ename}: {error.evalue}"
    of_source = [cell.id for cell in notebook.cells if cell.id != source.set_up_id(lab)]
    line = next((lab.cells[of_source.index(cell.id)].line for cell in begun[-1:] if cell.id in of_source), 1)
    return f"{_name(lab.path)}:{line}: {why}"


def cover(lab: Lab) -> tuple[bytes, str]:
    """The picture that stands for a lab, of the executed cell tagged `cover`: the PNG, and what it shows in words."""
    text = _read(_paths(lab)[0])
    if not text:
        raise SourceError(f"{_name(lab.path)}:1: this lab has not been built yet: `python3 -m utils build {lab.name}`")
    notebook = _parsed(text)
    tagged = [cell for cell in notebook.cells if "cover" in cell.metadata.get("tags", [])]
    outputs = [output for cell in tagged for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
    if not outputs:
        raise SourceError(f'{_name(lab.path)}:1: no cell that draws a picture has the tag "cover", for the README')
    if not (alt := outputs[0].metadata.get("image/png", {}).get("alt")):
        line = next((cell.line for cell in lab.cells if "cover" in cell.tags), 1)
        raise SourceError(
            f"{_name(lab.path)}:{line}: the picture of this cell lacks its description: draw it with a function of utils/plots, "
            "or end the cell with `Picture(figure, description)`, from utils/plots/pictures.py"
        )
    return base64.b64decode(outputs[0].data["image/png"]), alt


def readme() -> str:
    """The README with the labs' table and the course's address as they are today."""
    rows = ["| lab | what you build | time | |", "|---|---|---|---|"]
    for lab in _labs([]):
        link = f"[{lab.title}](notebooks/{lab.name}.ipynb)"
        image = f'<img src="{_name(_cover_path(lab))}" width="260" alt="{escape(cover(lab)[1])}">'
        badge = source.badge(lab.name)
        rows.append(f"| {link}{badge and '<br>'}{badge} | {lab.summary} | {lab.minutes} min | {image} |")
    blocks = {"labs": rows, "clone": _clone_lines(address.known())}
    text = _read(COURSE / "README.md")
    for name, lines in blocks.items():
        begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
        before, _, rest = text.partition(begin)
        text = before + begin + "\n".join([*lines, end]) + rest.partition(end)[2]
    return text


def _clone_lines(repository: str) -> list[str]:
    """How a student gets the course: the lines of README that need its address, or a word in its place."""
    place = [] if repository else ["Put the address that your teacher gave you in the place of `ADDRESS`.", ""]
    name = repository.rpartition("/")[2] or "deep-learning-labs"
    clone = f"git clone {repository}" if repository else f"git clone ADDRESS {name}"
    return [*place, "```", clone, f"cd {name}", "python3 -m utils lab", "```"]


def as_written() -> str:
    """The code of every answer's cell by its exercise, for checks in a course that is handed out without its solutions."""
    answers = {cell.exercise: source.unmarked(cell.text) for lab in _labs([]) for cell in lab.cells if cell.role == "answer"}
    return json.dumps(answers, indent=1, ensure_ascii=False) + "\n"


def _labs(names: list[str]) -> list[Lab]:
    unknown = [name for name in names if name not in source.names()]
    if unknown:
        raise SourceError(f"There is no lab {unknown[0]!r}; the labs are {', '.join(source.names())}")
    return [source.read(name) for name in names or source.names()]


def _paths(lab: Lab) -> tuple[Path, Path]:
    return COURSE / "solutions" / f"{lab.name}.ipynb", COURSE / "notebooks" / f"{lab.name}.ipynb"


def _cover_path(lab: Lab) -> Path:
    return COURSE / "solutions" / "pictures" / f"{lab.name}.png"


def _with_outputs(lab: Lab) -> nbformat.NotebookNode | None:
    """
    The solution as its source makes it, with the outputs that it had; None where it had none, or where they are of other code.

    Neither prose nor the address of the course changes what a cell gives: nothing needs to run for them.
    """
    try:
        ran = _code_cells(_parsed(_read(_paths(lab)[0])))
    except nbformat.reader.NotJSONError:
        return None
    notebook = source.solution_notebook(lab)
    cells = _code_cells(notebook)
    if list(map(_what_runs, ran)) != list(map(_what_runs, cells)) or not any(cell.outputs for cell in ran):
        return None
    for cell, before in zip(cells, ran, strict=True):
        cell.outputs, cell.execution_count = before.outputs, before.execution_count
    return notebook


def _code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _what_runs(cell: nbformat.NotebookNode) -> tuple[str, list[str]]:
    """The code of a cell without the address, and its tags, which say how it runs."""
    return source.ADDRESS.sub("", cell.source), cell.metadata.get("tags", [])


@functools.lru_cache(maxsize=32)  # it is asked whether it is stale, for its cover, and for the README
def _parsed(text: str) -> nbformat.NotebookNode:
    return nbformat.reads(text, as_version=4)


def _joined_streams(outputs: list) -> list:
    """What is printed arrives in pieces of any size: one piece for each run of the same stream."""
    joined = []
    for output in outputs:
        if joined and output.output_type == "stream" and joined[-1].output_type == "stream" and joined[-1].name == output.name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def _text(notebook: nbformat.NotebookNode) -> str:
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def _write(path: Path, notebook: nbformat.NotebookNode) -> bool:
    nbformat.validate(notebook)
    return _write_text(path, _text(notebook))


def _write_text(path: Path, text: str) -> bool:
    return _write_bytes(path, text.encode())  # the same line ends on every system


def _write_bytes(path: Path, content: bytes) -> bool:
    """Write the file if that changes it, and say whether it did."""
    if path.exists() and path.read_bytes() == content:
        return False
    path.parent.mkdir(exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    os.replace(beside, path)
    return True


def _read(path: Path) -> str:
    return path.read_bytes().decode() if path.exists() else ""


def _name(path: Path) -> str:
    return path.relative_to(COURSE).as_posix()
