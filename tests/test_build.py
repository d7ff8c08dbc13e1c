"""The build: deterministic, only what changed, and every slip of an author named with file and line."""

import json
import subprocess
import sys

import pytest

from tests.courses import COURSE, copy_course
from utils import __main__ as command
from utils import exercises
from utils.authoring import build, source
from utils.authoring.source import SourceError

LAB = "solutions/01_perceptron.py"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A copy of the course that the build, in this process, takes for the course."""
    copy = copy_course(tmp_path / "course")
    monkeypatch.setattr(source, "COURSE", copy)
    monkeypatch.setattr(build, "COURSE", copy)
    return copy


def edit(course, old, new, file=LAB):
    path = course / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_nothing_in_the_course_is_stale():
    assert build.stale([]) == []


def test_check_names_what_is_stale_and_changes_nothing(course, capfd):
    edit(course, "The sum $z$ can be any number", "The sum $z$ may be any number")
    (course / "notebooks" / "00_start_here.ipynb").write_text("{}")
    (course / "notebooks" / "99_orphan.ipynb").write_text("{}")
    before = {path: path.read_bytes() for path in course.rglob("*.ipynb")}
    assert command.main(["build", "--check"]) == 1
    printed = capfd.readouterr().out
    for words in (
        "solutions/01_perceptron.ipynb is not what",
        "notebooks/01_perceptron.ipynb is not what",
        "notebooks/00_start_here.ipynb is not what",
        "notebooks/99_orphan.ipynb has no source",
    ):
        assert words in printed
    assert {path: path.read_bytes() for path in course.rglob("*.ipynb")} == before


def test_a_solution_without_outputs_is_stale(course):
    path = course / "solutions" / "00_start_here.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if "outputs" in cell:
            cell["outputs"] = []
    path.write_text(json.dumps(notebook))
    assert build.stale(["00_start_here"]) == ["solutions/00_start_here.ipynb is not what solutions/00_start_here.py makes"]


def test_a_lab_without_a_picture_for_the_readme_and_one_that_differs_are_named(course):
    (course / "solutions" / "pictures" / "00_start_here.png").write_bytes(b"another")
    assert build.stale(["00_start_here"]) == [
        "solutions/pictures/00_start_here.png is not the picture of solutions/00_start_here.ipynb"
    ]
    path = course / "solutions" / "00_start_here.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace('"cover"', '"other"'), encoding="utf-8")
    with pytest.raises(SourceError, match='has the tag "cover"'):
        build.cover(source.read("00_start_here"))


def test_a_picture_for_the_readme_without_a_description_is_named_with_what_to_use(course, capfd):
    line = edit(
        course,
        "plots.computation_graph(node, a=1.5, b=2.5)",
        "from IPython.display import Image\nImage('pictures/00_start_here.png')",
        "solutions/00_start_here.py",
    )
    assert command.main(["build", "00_start_here"]) == 1
    printed = capfd.readouterr().err
    assert f"solutions/00_start_here.py:{line - 1}: the picture of this cell lacks its description" in printed
    assert "utils/plots" in printed and "`Picture(figure, description)`" in printed and "Traceback" not in printed


def test_building_twice_gives_the_same_bytes_and_only_what_changed_is_built(course):
    edit(course, "\nimport tensorflow as tf\n", "\nimport tensorflow as tf  # executed anew\n", "solutions/00_start_here.py")
    picture = course / "solutions" / "pictures" / "00_start_here.png"
    before = picture.read_bytes()
    made = ["solutions/00_start_here.ipynb", "notebooks/00_start_here.ipynb"]
    built = build.build([])
    redrawn = picture.read_bytes() != before  # another matplotlib draws it otherwise
    assert sorted(built) == sorted(made + redrawn * ["solutions/pictures/00_start_here.png"])
    built = {path: path.read_bytes() for path in course.rglob("*.ipynb")}
    assert build.build([]) == []
    build.build(["00_start_here"], everything=True)
    assert {path: path.read_bytes() for path in course.rglob("*.ipynb")} == built


SLIPS = [
    ("    # END SOLUTION\n", "", "has no `# END SOLUTION`", -3),
    ("    # BEGIN SOLUTION: the prediction", "    # the prediction", "does not pair up", 3),
    ("### Exercise 1.4 · The forward pass", "### Exercise 1.9 · The forward pass", "exercise 1.9", None),
    ("### Exercise 1.4 · The forward pass", "### Exercise 1.4 · Forward", "has the title 'Forward' here", None),
    ('check("1.4", perceptron)', 'check("1.3", perceptron)', "exercise 1.3 has a second check cell", None),
    ('check("1.4", perceptron)', "perceptron", "exercise 1.4 has no cell with its check", None),
    ("z = 1 + 3 * (-1) + (-2) * 2  # SOLUTION", "if True:  # SOLUTION", "follows an assignment, a return or an expression", 0),
    ("keras.utils.set_random_seed(1)", "keras.utils.set_random_seed(1)\n" * 25, "a cell of 31 lines; 25 at most", None),
    (
        "keras.utils.set_random_seed(1)",
        "keras.utils.set_random_seed(1)  # SOLUTION: a seed",
        "an answer that belongs to no exercise",
        None,
    ),
    ("# # 1 · The perceptron", "# The perceptron", "a lab begins with a markdown cell and its title", None),
]


@pytest.mark.parametrize(("old", "new", "words", "offset"), SLIPS, ids=[words for *_, words, _ in SLIPS])
def test_a_slip_of_the_author_is_named_with_file_and_line(course, old, new, words, offset):
    line = edit(course, old, new)
    with pytest.raises(SourceError) as failure:
        source.read("01_perceptron")
    message = str(failure.value)
    assert words in message
    file, number = message.split(":")[:2]
    assert (course / file).is_file() and number.isdigit()
    if offset is not None:
        assert abs(int(number) - line) <= abs(offset)


def test_two_answers_to_one_exercise_are_an_error(course):
    edit(course, 'check("1.5", decision_line)', 'x = 1  # SOLUTION: one\n\n# %%\ncheck("1.5", decision_line)')
    with pytest.raises(SourceError, match=r"exercise 1\.5 has a second answer cell; the first is in line"):
        source.read("01_perceptron")


def test_an_unknown_lab_is_named():
    with pytest.raises(SourceError, match="There is no lab '07_nothing'; the labs are 00_start_here, "):
        build.build(["07_nothing"])


def test_a_cell_that_fails_while_building_is_one_sentence_with_its_line_and_leaves_the_solution_as_it_was(course, capfd):
    before = (course / "solutions" / "00_start_here.ipynb").read_bytes()
    line = edit(course, "scalar = tf.zeros(())", "scalar = tf.zeroes(())", "solutions/00_start_here.py")
    assert command.main(["build", "00_start_here"]) == 1
    printed = capfd.readouterr().err
    assert f"solutions/00_start_here.py:{line - 1}: the cell stops with AttributeError" in printed and "Traceback" not in printed
    assert (course / "solutions" / "00_start_here.ipynb").read_bytes() == before
    assert not list((course / "solutions").glob(".*"))


STOPS = [
    ("import os; os._exit(1)", "the kernel died in this cell"),
    ("import time; time.sleep(60)", "the cell was still running after 3 s and was stopped"),
]


@pytest.mark.parametrize(("code", "words"), STOPS, ids=[words for _, words in STOPS])
def test_a_kernel_that_dies_or_does_not_end_while_building_is_one_sentence_with_its_line(course, capfd, monkeypatch, code, words):
    monkeypatch.setattr(build, "SECONDS_OF_A_CELL", 3)
    line = edit(course, "from utils import check, hint", f"{code}\nfrom utils import check, hint", "solutions/00_start_here.py")
    assert command.main(["build", "00_start_here"]) == 1
    printed = capfd.readouterr().err
    assert f"solutions/00_start_here.py:{line - 1}: {words}" in printed and "Traceback" not in printed


def test_a_line_that_begins_a_cell_within_a_string_is_text(course):
    edit(course, "keras.utils.set_random_seed(1)", 'text = """\n# %% no cell\n"""\nkeras.utils.set_random_seed(1)')
    cells = source.read("01_perceptron").cells
    assert any("# %% no cell" in cell.text for cell in cells)
    assert all(source.read("01_perceptron").path.read_text().splitlines()[cell.line - 1].startswith("# %%") for cell in cells)


def test_reading_the_sources_needs_no_tensorflow_and_reads_no_table():
    code = (
        "import sys\nfrom utils.authoring import build\nprint(build.stale([]))\n"
        "print(sorted(name for name in sys.modules if name == 'tensorflow' or name.startswith('utils.exercises.lab')))"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=COURSE, capture_output=True, text=True)
    assert ran.stdout == "[]\n[]\n", ran.stderr


def test_what_is_read_of_a_table_without_running_it_is_what_it_has():
    for name in exercises.lab_names():
        assert exercises.outline(name) == {
            number: exercises.Outline(exercise.title, exercise.same_answer_as)
            for number, exercise in exercises.of_lab(name).items()
        }


def test_blanking_keeps_what_is_not_marked():
    text = (
        "def f(x):\n    y = 2 * x  # SOLUTION: twice x\n    a, b = x, y  # SOLUTION: two\n    g(x)  # SOLUTION: a call\n"
        "    # BEGIN SOLUTION: a loop\n    for i in x:\n        pass\n    # END SOLUTION\n    return y  # SOLUTION: it"
    )
    assert source.blank(text, COURSE / LAB, 1) == (
        "def f(x):\n    y = ...  # TODO: twice x\n    a, b = ..., ...  # TODO: two\n    ...  # TODO: a call\n"
        "    # TODO: a loop\n    raise NotImplementedError\n    return ...  # TODO: it"
    )


def test_a_wrong_start_is_given_where_the_block_has_one():
    text = "    # BEGIN SOLUTION: mend it\n    return 1\n    # INSTEAD\n    # return 2\n    # END SOLUTION"
    assert source.blank(text, COURSE / LAB, 1) == "    # TODO: mend it\n    return 2"
