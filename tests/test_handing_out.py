"""How a course goes out to students and changes in mid-term: releases, updates, and what a build leaves alone."""

import json
import subprocess
import sys

import nbformat
import pytest
from nbgitpuller.pull import GitPuller

from tests.courses import COURSE, copy_course, run_notebook
from utils.authoring import build, release
from utils.authoring.source import SourceError
from utils.cell_roles import answers, was_used
from utils.student import update

LAB = "notebooks/01_perceptron.ipynb"
MINE = "def perceptron(x, w, b):\n    return sigmoid(np.sum(x * w, axis=-1) + b)"


def git(folder, *arguments):
    identity = ["-c", "user.name=A Student", "-c", "user.email=student@example.org"]
    return subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def commit(folder, message="the course"):
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


def edit(path, change):
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)


def answer(number, code):
    def change(notebook):
        next(cell for cell in notebook.cells if cell.get("id") == f"ex-{number.replace('.', '-')}").source = code

    return change


@pytest.fixture
def teacher(tmp_path):
    """The course in a repository of its teacher's."""
    course = copy_course(tmp_path / "teacher")
    git(tmp_path, "init", "--quiet", "--initial-branch=main", "teacher")
    commit(course)
    return course


@pytest.fixture
def student(teacher, tmp_path):
    git(tmp_path, "clone", "--quiet", "teacher", "student")
    return tmp_path / "student"


def test_a_release_has_no_solutions_and_its_labs_work(tmp_path):
    files = release.release(tmp_path / "out")
    assert "notebooks/12_capstone.ipynb" in files and "utils/__main__.py" in files
    assert not any(name.startswith(("solutions", "tests")) or name.endswith("as_written.json") for name in files)
    assert not [text for text in (tmp_path / "out").rglob("*.md") if "solutions/" in text.read_text()]
    code = 'import sys; sys.path.insert(0, "..")\nfrom utils import check, solution\nsolution("1.4"); solution("1.4")\n'
    wrong = code + "import numpy as np\ndef perceptron(x, w, b):\n    return np.sum(x * w, axis=-1) + b\ncheck('1.4', perceptron)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(wrong)])
    ran = run_notebook(notebook, tmp_path / "out" / "notebooks", allow_errors=True)
    printed = "".join(output.get("text", "") or "\n".join(output.get("traceback", [])) for output in ran.cells[0].outputs)
    assert "The solution of 1.4 comes later" in printed and "not right yet" in printed and "Traceback" not in printed


@pytest.mark.parametrize("command", [["test"], ["build"], ["release", "x"]])
def test_a_release_says_that_it_has_no_sources(command, tmp_path):
    release.release(tmp_path / "out")
    result = subprocess.run([sys.executable, "-m", "utils", *command], cwd=tmp_path / "out", capture_output=True, text=True)
    assert result.returncode == 1 and result.stderr == "This is a copy of the course for students, without sources and tests.\n"


def test_checks_of_a_release_find_the_place_of_a_mistake(tmp_path):
    release.release(tmp_path / "out")
    code = "from utils import exercises; print(len(exercises.as_written('1.4')))"
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "out", capture_output=True, text=True)
    assert int(result.stdout) > 50, result.stderr


def test_a_release_goes_into_a_branch_again_and_again_and_nowhere_else(tmp_path, monkeypatch):
    to = tmp_path / "branch"
    git(tmp_path, "init", "--quiet", "branch")
    git(to, "remote", "add", "origin", "git@github.com:teacher/labs-for-students.git")
    release.release(to)
    notebook = (to / LAB).read_text()
    assert "github/teacher/labs-for-students/blob/main" in notebook and "github.com/teacher/labs-for-students" in notebook
    assert "git clone https://github.com/teacher/labs-for-students" in (to / "README.md").read_text()
    commit(to)
    (to / "data" / "old.csv").write_text("1")
    release.release(to)
    assert git(to, "status", "--porcelain") == ""
    edit(to / LAB, answer("1.4", MINE))
    with pytest.raises(SourceError, match="holds answers"):
        release.release(to)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("…")
    for folder, why in ((tmp_path / "other", "holds something else"), (COURSE / "data" / "x", "within the course")):
        with pytest.raises(SourceError, match=why):
            release.release(folder)
    assert (tmp_path / "other" / "thesis.tex").exists()


def test_an_update_carries_answers_over_and_loses_nothing(teacher, student):
    def work(notebook):
        answer("1.4", MINE)(notebook)
        answer("1.5", "def decision_line(x1, w, b):\n    return 0")(notebook)
        at = next(i for i, cell in enumerate(notebook.cells) if cell.get("id") == "ex-1-4")
        notebook.cells.insert(at + 1, nbformat.v4.new_code_cell("my_own = 1"))
        notebook.cells.insert(at + 2, nbformat.v4.new_markdown_cell("A note to myself"))
        notebook.cells[1].execution_count = 7

    def correct(notebook):
        notebook.cells[0].source += "\n\nCorrected."
        next(cell for cell in notebook.cells if cell.get("id") == "ex-1-5").source = "def decision_line(x, w, b):\n    return ..."

    edit(student / LAB, work)
    mine = (student / LAB).read_bytes()
    (student / "data" / "README.md").write_text("my notes")
    edit(teacher / LAB, correct)
    commit(teacher, "correct lab 1")
    said = update.update(student)
    notebook = nbformat.read(student / LAB, as_version=4)
    nbformat.validate(notebook)
    assert "up to date" in said and "Corrected." in notebook.cells[0].source
    assert answers(notebook)["1.4"] == MINE
    changed = answers(notebook)["1.5"]
    assert changed.startswith("def decision_line(x1, w, b):\n    return 0") and "# def decision_line(x, w, b):" in changed
    texts = [cell.source for cell in notebook.cells]
    assert texts[texts.index(MINE) + 1 : texts.index(MINE) + 3] == ["my_own = 1", "A note to myself"]
    assert answers(notebook)["1.1"] == answers(nbformat.read(teacher / LAB, as_version=4))["1.1"]
    [backup] = (student / "notebooks" / "backups").iterdir()
    assert (backup / LAB).read_bytes() == mine and (backup / "data" / "README.md").read_text() == "my notes"
    assert git(student, "status", "--porcelain").split() == ["M", LAB]
    assert "newest state already" in update.update(student)


def test_an_update_keeps_commits_and_answers_to_exercises_that_are_gone(teacher, student):
    edit(student / LAB, answer("1.8", "mine = 8"))
    commit(student, "my work")
    edit(student / LAB, answer("1.4", MINE))
    edit(teacher / LAB, lambda notebook: notebook.cells.__delitem__(slice(-6, None)))
    edit(teacher / LAB, lambda notebook: notebook.__setitem__("cells", [c for c in notebook.cells if c.id != "ex-1-8"]))
    commit(teacher, "shorten lab 1")
    said = update.update(student)
    branch = said.split("on the branch ")[1].split(".")[0]
    assert "mine = 8" in git(student, "show", f"{branch}:{LAB}")
    found = nbformat.read(student / LAB, as_version=4)
    assert answers(found)["1.4"] == MINE


@pytest.mark.parametrize("state", ["no repository", "no upstream", "gone"])
def test_an_update_that_cannot_be_made_says_why(state, student, teacher, tmp_path):
    if state == "no repository":
        student = tmp_path
    elif state == "no upstream":
        git(student, "checkout", "--quiet", "-b", "own")
    else:
        teacher.rename(tmp_path / "elsewhere")
    why = {"no repository": "git clone", "no upstream": "follows no other", "gone": "cannot be reached"}[state]
    with pytest.raises(update.CannotUpdate, match=why):
        update.update(student)


def test_a_build_leaves_a_notebook_with_answers_alone(tmp_path):
    course = copy_course(tmp_path / "course")
    edit(course / LAB, answer("1.4", MINE))
    mine = (course / LAB).read_bytes()
    result = subprocess.run([sys.executable, "-m", "utils", "build", "01_perceptron"], cwd=course, capture_output=True, text=True)
    assert result.returncode == 1 and "holds answers" in result.stderr and "Traceback" not in result.stderr
    assert (course / LAB).read_bytes() == mine


def test_what_the_build_makes_counts_as_untouched_and_what_jupyter_saves_as_used():
    for path in sorted((COURSE / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        assert not was_used(notebook), path.name
        notebook.metadata["language_info"] = {"name": "python", "version": "3.12.1"}
        assert was_used(notebook)
    assert json.loads(build.as_written())


def test_nbgitpuller_merges_a_corrected_lab_into_an_answered_one(teacher, tmp_path):
    puller = GitPuller(teacher.as_uri(), str(tmp_path / "student"), branch="main")
    list(puller.pull())

    def work(notebook):
        answer("1.4", MINE)(notebook)
        notebook.cells[1].execution_count = 7

    edit(tmp_path / "student" / LAB, work)
    edit(teacher / LAB, lambda notebook: notebook.cells[0].__setitem__("source", notebook.cells[0].source + "\n\nCorrected."))
    commit(teacher, "correct lab 1")
    list(puller.pull())
    notebook = nbformat.read(tmp_path / "student" / LAB, as_version=4)
    nbformat.validate(notebook)
    assert answers(notebook)["1.4"] == MINE and "Corrected." in notebook.cells[0].source
