"""nbgrader marks a lab with the lines of TEACHING.md, in an environment of its own that is kept in .venv-nbgrader."""

import ast
import csv
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import nbformat
import pytest

from tests.courses import COURSE, cell, copy_course
from utils import exercises

LAB = "01_perceptron"
VENV = COURSE / ".venv-nbgrader"
TEXT = (COURSE / "TEACHING.md").read_text(encoding="utf-8").partition("\n## With nbgrader\n")[2].partition("\n## ")[0]


@pytest.fixture(scope="module")
def python():
    """A Python that has nbgrader, and all packages of this one."""
    if os.name != "posix":
        pytest.skip("the lines of TEACHING.md are for Linux and macOS")
    if Path(sys.prefix).name == ".venv-oldest":
        pytest.skip("nbgrader is tried with the newest versions only")
    requirement = re.search(r'pip install "(nbgrader[^"]+)"', TEXT)[1]
    made_for, asked = VENV / "made-for.txt", f"{requirement}\n{sys.prefix}\n{sys.version}"
    python = VENV / "bin" / "python"
    if not made_for.exists() or made_for.read_text(encoding="utf-8") != asked:
        shutil.rmtree(VENV, ignore_errors=True)
        venv.create(VENV, symlinks=True)
        packages = sysconfig.get_path("purelib", vars={"base": str(VENV)})
        Path(packages, "course.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--disable-pip-version-check"]
        installed = subprocess.run([*pip, requirement], capture_output=True, text=True)
        if installed.returncode:
            pytest.skip(f"nbgrader cannot be installed here: {installed.stderr.strip().splitlines()[-1]}")
        made_for.write_text(asked, encoding="utf-8")
    return python


def read(folder):
    return nbformat.read(COURSE / folder / f"{LAB}.ipynb", as_version=4)


def handed_in(wrong=None):
    """The student's notebook with the solution's answers, one of which may be another."""
    notebook = read("notebooks")
    for number in exercises.of_lab(LAB):
        answer = exercises.answer_cell(number)
        cell(notebook, answer).source = cell(read("solutions"), answer).source
    if wrong:
        right, other = wrong
        answer = cell(notebook, exercises.answer_cell("1.4"))
        assert right in answer.source
        answer.source = answer.source.replace(right, other)
    return notebook


def gradebook_of_grade(python, folder, env):
    """The scores that `grade` writes into a gradebook, as nbgrader exports them."""
    grade = [python, "-m", "utils", "grade", folder / "submitted", "--out", folder / "out", "--gradebook", folder / "ours.db"]
    ran = subprocess.run(grade, cwd=folder.parent, env=env, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    export = "from nbgrader.api import Gradebook\nwith Gradebook(sys.argv[1]) as book:\n"
    export += "    print({each.student.id: each.score for each in book.assignment_submissions(sys.argv[2])})"
    address = f"sqlite:///{folder / 'ours.db'}"
    return ast.literal_eval(subprocess.check_output([python, "-c", f"import sys\n{export}", address, LAB], text=True))


def test_nbgrader_gives_the_right_answers_all_points_an_untouched_notebook_none_and_a_wrong_answer_one_less(python, tmp_path):
    """A check that a student deleted is judged all the same."""
    folder = copy_course(tmp_path / "course") / "grading"
    settings = re.search(r"```python\n(.+?)```", TEXT, re.S)[1]
    submissions = {"right": handed_in(), "untouched": read("notebooks"), "wrong": handed_in(("axis=-1) + b", "axis=-1)"))}
    submissions["wrong"].cells.remove(cell(submissions["wrong"], "check-1-5"))
    for path, notebook in {
        folder / "source" / LAB: read("notebooks"),
        **{folder / "submitted" / who / LAB: notebook for who, notebook in submissions.items()},
    }.items():
        path.mkdir(parents=True)
        nbformat.write(notebook, path / f"{LAB}.ipynb")
    (folder / "nbgrader_config.py").write_text(settings, encoding="utf-8")
    activated = {**os.environ, "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    for line in re.findall(r"^nbgrader .+$", TEXT, re.M):
        ran = subprocess.run(line.split(), cwd=folder, env=activated, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
    with open(folder / "grades.csv", encoding="utf-8") as grades:
        scores = {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in csv.DictReader(grades)}
    assert scores == {"right": (8, 8), "untouched": (0, 8), "wrong": (7, 8)}
    assert gradebook_of_grade(python, folder, activated) == {"right": 8, "untouched": 0, "wrong": 7}
    released = nbformat.read(folder / "release" / LAB / f"{LAB}.ipynb", as_version=4)
    assert [cell.source for cell in released.cells] == [cell.source for cell in read("notebooks").cells]
