"""
Reads a lab's source, `solutions/NN_name.py`, and makes the cells of its two notebooks from it.

The source is a Jupytext percent script with the answers in it. In the student's notebook

    z = b + x @ w  # SOLUTION: the weighted sum        becomes    z = ...  # TODO: the weighted sum

and the lines from `# BEGIN SOLUTION: text` to `# END SOLUTION` become `# TODO: text` and `raise NotImplementedError`, or,
where the block has an `# INSTEAD` line, the commented lines that follow it: a wrong start for the student to mend.
"""

import ast
import functools
import io
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat

from utils import exercises
from utils.authoring import address
from utils.course import COURSE

LONGEST_CELL = 25
SOLUTION_MARK = re.compile(r"# (?:BEGIN |END )?SOLUTION\b")

ADDRESS = re.compile(r'^repository = ".*"$', re.M)  # the one line of the set-up cell that depends on where the course lies

_ID_OF = {"answer": "ex", "check": "check"}  # how the ids of an exercise's cells begin: `ex-1-4`, `check-1-4`

SETUP = """\
# @title Run this first, and after each restart ("name 'check' is not defined")
import os
import subprocess
import sys
from pathlib import Path


class CourseNotFound(Exception):
    def _render_traceback_(self):
        return str(self).splitlines()


repository = "{address}"
try:
    here = Path.cwd()
except FileNotFoundError:
    raise CourseNotFound("The folder of this notebook is gone. Open the notebook "
                         "where it is now.") from None
fetched = here / "deep-learning-labs"
in_colab = "google.colab" in sys.modules
if in_colab and repository and not fetched.exists():
    subprocess.run(["git", "clone", "--quiet", "--depth=1", repository, fetched])
course = next((folder for folder in (here, *here.parents, fetched)
               if (folder / "utils" / "checking").is_dir()), None)
if course is None and in_colab and not repository:
    raise CourseNotFound("Ask your teacher for the address of the course, write it\\n"
                         'between the quotes in the line `repository = ""` above,\\n'
                         "and run this cell again.")
if course is None:
    raise CourseNotFound("The course is not here. In Colab: is there a network?\\n"
                         "Elsewhere: open the notebook in the course's own folder "
                         "`notebooks`.")
sys.path.insert(0, str(course))"""
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}  # how Colab and JupyterLab fold the code of a cell
RUN_FIRST = (
    "**First** click here and press Shift + Enter three times: a folded cell finds the course, and the next one imports it."
)
SETUP_OF_SOLUTION = """
os.environ["LABS_SOLUTION"] = "1"  # what passes here does not count as yours"""


class SourceError(Exception):
    """Something in a lab's source that its author must mend; the message begins with file and line."""


@dataclass
class Cell:
    """A cell of the source: its text, where it stands, and which exercise it asks ("answer") or checks ("check")."""

    kind: str
    text: str
    tags: list[str]
    line: int
    role: str = ""
    exercise: str = ""


@dataclass
class Lab:
    """A lab as its source has it."""

    name: str
    path: Path
    cells: list[Cell]

    @property
    def title(self) -> str:
        """The title of the lab, as its first line has it: `1 · The perceptron`."""
        return self.cells[0].text.splitlines()[0].removeprefix("# ")

    @property
    def summary(self) -> str:
        """The paragraph below the title."""
        return " ".join(self.cells[0].text.split("\n\n")[1].split())

    @property
    def minutes(self) -> int:
        """How long the lab takes, from the line `**Time:** 45 minutes` of its first cell."""
        found = re.search(r"\*\*Time:\*\* (\d+) minutes", self.cells[0].text)
        if not found:
            raise SourceError(f"{_where(self.path, 1)}: the first cell lacks the line `**Time:** N minutes`")
        return int(found[1])


def names() -> list[str]:
    """The names of the labs that have a source, in their order."""
    return sorted(path.stem for path in (COURSE / "solutions").glob("[0-9][0-9]_*.py"))


def read(name: str) -> Lab:
    """Read and validate a lab's source; SourceError names the file and line of what is wrong."""
    path = COURSE / "solutions" / f"{name}.py"
    return _validated(path, path.read_text(encoding="utf-8"), tuple(exercises.outline(name).items()))


@functools.lru_cache(maxsize=64)  # the notebooks, the table of the README and the answers as written are made of it
def _validated(path: Path, text: str, outline: tuple[tuple[str, exercises.Outline], ...]) -> Lab:
    if not text.startswith("# %% [markdown]\n# # "):
        raise SourceError(f"{_where(path, 1)}: a lab begins with a markdown cell and its title: `# %% [markdown]`, `# # 1 · …`")
    found = jupytext.reads(text, fmt={"extension": ".py", "format_name": "percent"}).cells
    within = _lines_within_strings(text)
    starts = [i for i, line in enumerate(text.splitlines(), 1) if line.startswith("# %%") and i not in within]
    if len(starts) != len(found):
        raise SourceError(f"{_where(path, 1)}: {len(starts)} lines begin with `# %%`, and jupytext finds {len(found)} cells")
    cells = [
        Cell(cell.cell_type, cell.source, cell.metadata.get("tags", []), line) for cell, line in zip(found, starts, strict=True)
    ]
    lab, known = Lab(path.stem, path, cells), dict(outline)
    _compare_headings(lab, known)
    _find_roles(lab, known)
    _compare_checks(lab, known)
    return lab


def _lines_within_strings(text: str) -> set[int]:
    """The lines of a script that lie within a string, where `# %%` begins no cell; none where it is no Python."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return set()
    return {line for token in tokens for line in range(token.start[0] + 1, token.end[0] + 1) if token.start[0] < token.end[0]}


def solution_notebook(lab: Lab) -> nbformat.NotebookNode:
    """The notebook with the answers in it, without the marks around them; not yet executed."""
    return _notebook(lab, [unmarked(cell.text) for cell in lab.cells], _setup() + SETUP_OF_SOLUTION)


def student_notebook(lab: Lab) -> nbformat.NotebookNode:
    """The notebook with the answers blanked, and with a line for hint and solution under each check."""
    texts = []
    for cell in lab.cells:
        text = blank(cell.text, lab.path, cell.line + 1) if cell.role == "answer" else cell.text
        if cell.role == "check":
            text += f'\n# hint("{cell.exercise}")  # solution("{cell.exercise}")'
        texts.append(text)
    return _notebook(lab, texts, _setup())


def blank(text: str, path: Path, first_line: int) -> str:
    """Take the answers out of a cell's code. SourceError names the line of a mark that cannot be followed."""
    student, block = [], None
    for number, line in enumerate(text.splitlines(), first_line):
        indent = line[: len(line) - len(line.lstrip())]
        begin = re.fullmatch(r"\s*# BEGIN SOLUTION: (.+)", line)
        if begin and block is None:
            block, instead = number, None
            student.append(f"{indent}# TODO: {begin[1]}")
        elif line.strip() == "# INSTEAD" and block is not None:
            instead = []
        elif line.strip() == "# END SOLUTION" and block is not None:
            student += [f"{indent}raise NotImplementedError"] if instead is None else instead
            block = None
        elif "BEGIN SOLUTION" in line or "END SOLUTION" in line or line.strip() == "# INSTEAD":
            raise SourceError(
                f"{_where(path, number)}: `{line.strip()}` does not pair up: `# BEGIN SOLUTION: text`, lines, `# END SOLUTION`"
            )
        elif block is not None:
            if instead is not None:
                instead.append(line.replace("# ", "", 1))
        elif "# SOLUTION" in line:
            student.append(_placeholder(line, _where(path, number)))
        else:
            student.append(line)
    if block is not None:
        raise SourceError(f"{_where(path, block)}: this `# BEGIN SOLUTION` has no `# END SOLUTION` in its cell")
    return "\n".join(student)


def unmarked(text: str) -> str:
    """An answer as a reader sees it: what the marks say stays as a comment, wrong starts and marks go."""
    text = re.sub(r"^ *# INSTEAD\n(?: *#.*\n)*?(?= *# END SOLUTION)", "", text, flags=re.M)
    text = re.sub(r"\n *# END SOLUTION$", "", text, flags=re.M)
    return re.sub(r"# (?:BEGIN )?SOLUTION: ", "# ", text)


def _placeholder(line: str, where: str) -> str:
    """A line without its answer: `z = x @ w  # SOLUTION: the sum` becomes `z = ...  # TODO: the sum`."""
    marked = re.fullmatch(r"(\s*)(.+?)\s*# SOLUTION: (.+)", line)
    try:
        statement = ast.parse(marked[2]).body[0]
        value = statement.value
    except (TypeError, SyntaxError, IndexError, AttributeError):
        raise SourceError(
            f"{where}: `# SOLUTION: text` follows an assignment, a return or an expression on one line; "
            "for more, use `# BEGIN SOLUTION: text`"
        ) from None
    target = statement.targets[0] if isinstance(statement, ast.Assign) else None
    dots = ", ".join(["..."] * (len(target.elts) if isinstance(target, ast.Tuple) else 1))
    kept = marked[2].encode()[: value.col_offset].decode()
    return f"{marked[1]}{kept}{dots}  # TODO: {marked[3]}"


def _where(path: Path, line: int) -> str:
    return f"{path.relative_to(COURSE).as_posix()}:{line}"


def _find_roles(lab: Lab, known: dict[str, exercises.Outline]) -> None:
    """Mark each cell that is the answer of an exercise or its check, and refuse what is out of order."""
    asked = ""
    seen: dict[tuple[str, str], Cell] = {}

    def take(cell: Cell, role: str, number: str) -> None:
        if (role, number) in seen:
            raise SourceError(
                f"{_where(lab.path, cell.line)}: exercise {number} has a second {role} cell; "
                f"the first is in line {seen[role, number].line}"
            )
        seen[role, number] = cell
        if role != "heading":
            cell.role, cell.exercise = role, number

    for cell in lab.cells:
        if cell.text.count("\n") >= LONGEST_CELL and cell.kind == "code":
            lines = cell.text.count("\n") + 1
            raise SourceError(f"{_where(lab.path, cell.line)}: a cell of {lines} lines; {LONGEST_CELL} at most")
        heading = _heading(cell)
        check = re.match(r'check\("(.+?)"', cell.text) if cell.kind == "code" else None
        if heading:
            asked = heading[1]
            take(cell, "heading", asked)
        elif check:
            take(cell, "check", check[1])
            answered = known[asked].same_answer_as or asked if asked in known else asked
            if check[1] != asked or ("answer", answered) not in seen:
                raise SourceError(
                    f'{_where(lab.path, cell.line)}: check("{check[1]}") does not follow the heading '
                    f"`### Exercise {check[1]} · …` and the cell with its answer"
                )
        elif cell.kind == "code" and SOLUTION_MARK.search(cell.text):
            if not asked:
                raise SourceError(f"{_where(lab.path, cell.line)}: an answer that belongs to no exercise")
            take(cell, "answer", asked)
            blank(cell.text, lab.path, cell.line + 1)


def _heading(cell: Cell) -> re.Match | None:
    """The number and the title of the exercise that a cell's heading announces."""
    return re.search(r"^### Exercise (\S+) · (.+)$", cell.text, re.M) if cell.kind == "markdown" else None


def _module(lab: Lab) -> Path:
    return COURSE / "utils" / "exercises" / f"lab{lab.name}.py"


def _compare_headings(lab: Lab, known: dict[str, exercises.Outline]) -> None:
    """Refuse a heading whose exercise is not in utils/exercises, or has another title there."""
    for cell in lab.cells:
        heading = _heading(cell)
        if heading and heading[1] not in known:
            raise SourceError(f"{_where(lab.path, cell.line)}: exercise {heading[1]} is not in {_where(_module(lab), 1)}")
        if heading and known[heading[1]].title != heading[2]:
            raise SourceError(
                f"{_where(lab.path, cell.line)}: exercise {heading[1]} has the title {heading[2]!r} here and "
                f"{known[heading[1]].title!r} in utils/exercises"
            )


def _compare_checks(lab: Lab, known: dict[str, exercises.Outline]) -> None:
    """Refuse an exercise of utils/exercises that the lab does not check."""
    checked = {cell.exercise for cell in lab.cells if cell.role == "check"}
    for number in known:
        if number not in checked:
            lines = _module(lab).read_text(encoding="utf-8").splitlines()
            line = next((i for i, text in enumerate(lines, 1) if f'"{number}"' in text), 1)
            raise SourceError(f"{_where(_module(lab), line)}: exercise {number} has no cell with its check in {lab.path.name}")


def _setup() -> str:
    return SETUP.format(address=address.known())


def _notebook(lab: Lab, texts: list[str], setup: str) -> nbformat.NotebookNode:
    first_code = next(cell for cell in lab.cells if cell.kind == "code")
    cells = []
    for i, (cell, text) in enumerate(zip(lab.cells, texts, strict=True)):
        if i == 0:
            title, _, rest = text.partition("\n")
            text = "\n".join([title, *(["", found] if (found := badge(lab.name)) else []), rest, "", RUN_FIRST])
        if cell.kind == "markdown":
            text = _set_off(text)
        if cell is first_code:
            cells.append(nbformat.v4.new_code_cell(setup, id=set_up_id(lab), metadata=FOLDED))
        make = nbformat.v4.new_code_cell if cell.kind == "code" else nbformat.v4.new_markdown_cell
        cell_id = f"{_ID_OF[cell.role]}-{cell.exercise.replace('.', '-')}" if cell.role else f"lab{lab.name[:2]}-{i:02d}"
        metadata = {"tags": cell.tags} if cell.tags else {}
        cells.append(make(text, id=cell_id, metadata=metadata | _nbgrader(cell, cell_id)))
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def set_up_id(lab: Lab) -> str:
    """The id of the cell that finds the course: the one code cell of a notebook that the source does not have."""
    return f"lab{lab.name[:2]}-set-up"


def _set_off(text: str) -> str:
    """A cell of Markdown in which what an exercise asks, below its heading, is a block of its own: a quotation."""
    before, heading, task = re.split(r"(^### Exercise .+\n|\Z)", text, maxsplit=1, flags=re.M)
    return before + heading + "\n".join(f"> {line}".rstrip() for line in task.splitlines())


def _nbgrader(cell: Cell, cell_id: str) -> dict:
    """What nbgrader reads: the answer is the student's to change, and its check is worth a point."""
    if not cell.role:
        return {}
    checks = cell.role == "check"
    metadata = {
        "grade": checks,
        "grade_id": cell_id,
        "locked": checks,
        "schema_version": 3,
        "solution": not checks,
        "task": False,
    }
    return {"nbgrader": metadata | ({"points": 1} if checks else {})}


def badge(name: str) -> str:
    """The badge that opens a lab's student notebook in Colab, as Markdown; none where Colab cannot: it opens those of GitHub."""
    if not (page := address.known()).startswith("https://github.com/"):
        return ""
    page = page.replace("https://github.com", "https://colab.research.google.com/github")
    image = "https://colab.research.google.com/assets/colab-badge.svg"
    return f"[![Open in Colab]({image})]({page}/blob/main/notebooks/{name}.ipynb)"
