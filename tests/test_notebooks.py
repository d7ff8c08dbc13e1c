"""The notebooks as a student and a teacher meet them: parsed, compiled, run untouched, run with the answers filled in."""

import json
import re
from itertools import pairwise

import nbformat
import pytest
from jupyter_client import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellExecutionError

from tests.courses import COURSE, cell, copy_course, errors, run_notebook, stderr
from utils import exercises
from utils.authoring import source

LABS = source.names()


def student(name):
    return nbformat.read(COURSE / "notebooks" / f"{name}.ipynb", as_version=4)


def solution(name):
    return nbformat.read(COURSE / "solutions" / f"{name}.ipynb", as_version=4)


def test_there_is_a_notebook_and_a_module_of_exercises_for_every_lab():
    assert LABS
    assert exercises.lab_names() == LABS
    for folder in ("notebooks", "solutions"):
        assert sorted(path.stem for path in (COURSE / folder).glob("*.ipynb")) == LABS


@pytest.mark.parametrize("name", LABS)
def test_notebooks_are_valid_and_every_code_cell_compiles(name):
    for notebook in (student(name), solution(name)):
        nbformat.validate(notebook)
        codes = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        assert codes
        for code in codes:
            compile(code, name, "exec")


@pytest.mark.parametrize("name", LABS)
def test_the_students_notebook_has_no_answers_and_no_outputs(name):
    for number in exercises.of_lab(name):
        code = cell(student(name), exercises.answer_cell(number)).source
        assert "TODO" in code and "SOLUTION" not in code
    for code_cell in (c for c in student(name).cells if c.cell_type == "code"):
        assert not code_cell.outputs and code_cell.execution_count is None


@pytest.mark.parametrize("name", LABS)
def test_each_check_offers_hint_and_solution_and_both_notebooks_carry_nbgraders_metadata(name):
    for number in exercises.of_lab(name):
        dashed = number.replace(".", "-")
        assert cell(student(name), f"check-{dashed}").source.splitlines()[-1] == f'# hint("{number}")  # solution("{number}")'
        for notebook in (student(name), solution(name)):
            ids = exercises.answer_cell(number), f"check-{dashed}"
            answer, check = (cell(notebook, cell_id).metadata["nbgrader"] for cell_id in ids)
            assert answer == {
                "grade": False,
                "grade_id": exercises.answer_cell(number),
                "locked": False,
                "schema_version": 3,
                "solution": True,
                "task": False,
            }
            assert check == {
                "grade": True,
                "grade_id": f"check-{dashed}",
                "locked": True,
                "points": 1,
                "schema_version": 3,
                "solution": False,
                "task": False,
            }
    assert "nbgrader" not in (COURSE / "solutions" / f"{name}.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", LABS)
def test_every_picture_has_its_description_and_is_60_kilobytes_at_most(name):
    pictures = [
        output
        for c in solution(name).cells
        if c.cell_type == "code"
        for output in c.outputs
        if "image/png" in output.get("data", {})
    ]
    assert pictures
    for output in pictures:
        assert len(output.metadata["image/png"]["alt"]) > 30
        assert len(output.data["image/png"]) * 3 / 4 < 60_000


def prose(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("name", LABS)
def test_headings_begin_with_the_one_title_and_skip_no_level(name):
    for notebook in (student(name), solution(name)):
        levels = [len(marks) for marks in re.findall(r"^(#+) ", prose(notebook), re.M)]
        assert levels[0] == 1 and levels.count(1) == 1 and len(levels) >= 3
        assert all(level <= before + 1 for before, level in pairwise(levels))


@pytest.mark.parametrize("name", LABS)
def test_pictures_in_the_prose_have_their_description(name):
    descriptions = re.findall(r"!\[(.*?)\]\(", prose(student(name)))
    assert ("Open in Colab" in descriptions) == bool(source.badge(name)) and all(descriptions)
    assert "<img" not in prose(student(name))


@pytest.mark.parametrize("name", LABS)
def test_no_line_of_code_is_wider_than_what_a_notebook_shows(name):
    """The address of the course is as long as it is."""
    for notebook in (student(name), solution(name)):
        codes = [source.ADDRESS.sub("", cell.source) for cell in notebook.cells if cell.cell_type == "code"]
        assert max(len(line) for code in codes for line in code.splitlines()) <= 88


@pytest.mark.parametrize("name", LABS)
def test_cells_keep_the_rhythm_of_the_course(name):
    lab = source.read(name)
    for c in lab.cells:
        where = f"{name}, line {c.line}"
        if c.kind == "code":
            assert c.text.count("\n") < 20, where
        else:
            prose = [
                word
                for line in c.text.splitlines()
                if not line.startswith(("#", "$$", "-", "**Time"))
                for word in line.split()
                if word.isalpha()
            ]
            assert len(prose) <= 120, where


TWO_DEVICES = """# lab 7 wants them before anything is computed
import tensorflow as tf
[cpu] = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """A kernel that runs one notebook after another, each in an empty session in the course's folder."""
    folder = copy_course(tmp_path_factory.mktemp("untouched") / "course") / "notebooks"
    manager = AsyncKernelManager(kernel_name="python3")

    def run(first, notebook):
        cells = [nbformat.v4.new_code_cell(first), *notebook.cells]
        run_notebook(nbformat.v4.new_notebook(cells=cells), folder, km=manager)

    run(TWO_DEVICES, nbformat.v4.new_notebook())
    yield lambda notebook: run("%reset -f", notebook)
    run_sync(manager.shutdown_kernel)(now=True)


@pytest.mark.parametrize("name", LABS)
def test_run_all_on_an_untouched_notebook_stops_at_the_first_exercise_with_one_kind_message(name, kernel):
    notebook = student(name)
    with pytest.raises(CellExecutionError):
        kernel(notebook)
    first = next(iter(exercises.of_lab(name).values()))
    [(stopped, shown)] = errors(notebook)
    assert stopped == f"check-{first.number.replace('.', '-')}"
    assert shown.splitlines()[0].startswith(f"○ {first.number} {first.title}") and shown.splitlines()[0].endswith("not done yet.")
    assert "Traceback" not in shown and "utils" not in shown and len(shown.splitlines()) <= 3
    assert stderr(notebook) == ""


def filled_in(name):
    """The student's notebook with the answers of the solution."""
    notebook = student(name)
    for number in exercises.of_lab(name):
        answer = exercises.answer_cell(number)
        cell(notebook, answer).source = cell(solution(name), answer).source
    return notebook


@pytest.mark.parametrize("name", LABS)
def test_with_the_answers_filled_in_a_notebook_is_the_solution_whose_checks_all_pass(name):
    """So running the solutions, which nbval does, runs the student's notebooks as well."""
    for ours, theirs in zip(filled_in(name).cells, solution(name).cells, strict=True):
        assert ours.id == theirs.id
        assert re.sub(r"\n# hint\(.*$", "", ours.source) == theirs.source.replace(source.SETUP_OF_SOLUTION, "")
    for number in exercises.of_lab(name):
        [output] = cell(solution(name), f"check-{number.replace('.', '-')}").outputs
        assert output.text.startswith(f"✓ {number}") and output.text.count("\n") == 1


def test_a_notebook_with_the_answers_filled_in_runs_to_its_end_in_the_students_folder(tmp_path):
    """The others run as solutions; of what is the student's own, the folder and the progress, they all do the same."""
    name = "00_start_here"
    course = copy_course(tmp_path / "course")
    notebook = filled_in(name)
    run_notebook(notebook, course / "notebooks")
    assert not errors(notebook) and stderr(notebook) == ""
    for number in exercises.of_lab(name):
        outputs = cell(notebook, f"check-{number.replace('.', '-')}").outputs
        printed = "".join(output.text for output in outputs)  # it may arrive in pieces
        assert printed.startswith(f"✓ {number}") and printed.count("\n") == 1
    kept = json.loads((course / "notebooks" / "progress.json").read_text())
    assert all(kept[number]["passed"] for number in exercises.of_lab(name))
