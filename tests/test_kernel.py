"""In a real kernel: what no student's code may do to it, cells out of order, another folder."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest

from tests.courses import COURSE, copy_course, errors, run_notebook, stderr


@pytest.fixture
def course(tmp_path):
    return copy_course(tmp_path / "course")


def student(name="01_perceptron"):
    return nbformat.read(COURSE / "notebooks" / f"{name}.ipynb", as_version=4)


def setup_code():
    """The code of the set-up cell and, below it, of the cell with the imports."""
    return "\n".join([cell.source for cell in student().cells if cell.cell_type == "code"][:2])


def run_cells(folder, *codes, **options):
    """Run cells that go on after an error, and return for each the text of its error in one line, or what it printed."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in codes])
    run_notebook(notebook, folder, allow_errors=True, **options)
    failed = dict(errors(notebook))
    texts = []
    for c in notebook.cells:
        printed = "".join(o.text for o in c.outputs if o.output_type == "stream" and o.name == "stdout")
        texts.append(" ".join(failed[c.id].split()) if c.id in failed else printed)
    return texts, stderr(notebook)


def test_nothing_that_an_answer_does_stops_the_kernel_or_shows_our_stack(course):
    answers = [
        "    exit()",
        "    quit()",
        "    import sys; sys.exit()",
        "    return input('x')",
        "    return perceptron(x, w, b)",
        "    x *= 0; return x",
        "    print('hello'); return 'text'",
        "    yield 1",
        "    return None",
        "    import sys; sys.stdin.read(); return 1",
        "    raise KeyError('mine')",
        "    return tf.sigmoid(x @ w + undefined)",
    ]
    codes = [f"def perceptron(x, w, b):\n{body}\ncheck('1.4', perceptron)" for body in answers]
    texts, on_stderr = run_cells(course / "notebooks", setup_code(), *codes, "x = 1\nprint('alive', x)")
    assert on_stderr == ""
    assert texts[-1] == "alive 1\n"
    words = [
        "exit()",
        "exit()",
        "exit()",
        "keyboard",
        "calls itself",
        "",
        "text 'text'",
        "generator",
        "None",
        "",
        "mine",
        "undefined",
    ]
    for text, word in zip(texts[1:-1], words, strict=True):
        assert text.startswith("✗ 1.4 The forward pass") and word in text
        assert "Traceback" not in text and "utils/" not in text


def test_cells_out_of_order_and_misused_checks_get_a_sentence(course):
    picture = "plots.decision_regions(lambda X: perceptron(X, w, b))"
    texts, on_stderr = run_cells(
        course / "notebooks",
        setup_code(),
        "check('1.4', perceptron)",
        "def perceptron(x, w, b):\n    z = ...\n    return sigmoid(z)",
        "w, b = 1, 2\n" + picture,
        "check('1.4', perceptron)",
        "check()",
        "check('1.4')",
        "check('44.4', perceptron)",
        setup_code(),
        "check('1.4', 3)",
        "hint('1.4')",
        "hint('1.4')",
    )
    assert on_stderr == ""
    assert "`perceptron` has no value in this session" in texts[1] and "run that cell first" in texts[1]
    assert "drawn with your own code" in texts[3] and "Traceback" not in texts[3] and "plots.py" not in texts[3]
    assert "not done yet" in texts[4]
    for text, words in zip(texts[5:8], ("begins with the number", "You gave none", "no exercise"), strict=True):
        assert words in text and "Traceback" not in text and len(text) < 200
    assert "function itself" in texts[9]
    assert texts[10].startswith("Hint 1 of 3") and texts[11].startswith("Hint 2 of 3")


def test_after_a_restart_the_set_up_cell_says_what_to_do_and_progress_is_still_there_wherever_in_the_course_it_was_made(course):
    deep = course / "my work" / "wéek 1"
    deep.mkdir(parents=True)
    texts, on_stderr = run_cells(deep, setup_code(), "check('1.1', -6, 0.00247)")
    assert texts[1] == "✓ 1.1 The weighted sum by hand\n" and on_stderr == ""
    assert (course / "notebooks" / "progress.json").exists()
    texts, _ = run_cells(course / "notebooks", "check('1.2', 1)", setup_code(), "progress()", "solution('1.1')")
    assert "name 'check' is not defined" in texts[0]
    assert "name 'check' is not defined" in setup_code().splitlines()[0] and "Run this first" in setup_code()
    assert texts[1] == texts[2] == texts[3] == ""  # the solution is shown at once, not a word about hints: 1.1 is passed


def test_a_notebook_away_from_the_course_says_where_to_open_it(tmp_path):
    texts, _ = run_cells(tmp_path, setup_code())
    assert texts[0].startswith("The course is not here.") and "Traceback" not in texts[0]


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a folder that a process works in cannot be deleted")
def test_a_working_folder_that_was_deleted_is_a_sentence_and_stops_no_check(course, tmp_path):
    (tmp_path / "gone").mkdir()
    texts, _ = run_cells(tmp_path / "gone", "import os; os.rmdir(os.getcwd())", setup_code())
    assert texts[1].startswith("The folder of this notebook is gone.") and "Traceback" not in texts[1]
    (course / "work").mkdir()
    texts, _ = run_cells(course / "work", setup_code(), "os.rmdir(os.getcwd())", "check('1.1', -6, 0.00247)")
    assert texts[2] == "✓ 1.1 The weighted sum by hand\n"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no POSIX permissions here")
def test_a_course_folder_that_cannot_be_written_stops_nothing():
    folder = Path(tempfile.mkdtemp())  # pytest's own folders let nobody else in
    os.chmod(folder, 0o755)
    course = copy_course(folder / "course")
    os.chmod(course / "notebooks", 0o555)
    not_root = "import os\nif os.geteuid() == 0:\n    os.seteuid(65534)"  # root may write everywhere
    texts, on_stderr = run_cells(
        course / "notebooks", setup_code(), "hint('1.1')", not_root, "check('1.1', -6, 0.00247)", "check('1.1', -6, 0.00247)"
    )
    os.chmod(course / "notebooks", 0o755)
    shutil.rmtree(folder)
    assert "✓ 1.1" in texts[3] and "this session only" in " ".join(texts[3].split())
    assert texts[4] == "✓ 1.1 The weighted sum by hand\n" and on_stderr == ""


def test_tensorflow_starts_without_a_word_when_utils_comes_first():
    code = "from utils import check, plots; import tensorflow, keras; keras.ops.ones(2) + 1"
    result = subprocess.run([sys.executable, "-c", code], cwd=COURSE, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_importing_utils_costs_nothing_that_is_felt(record_property):
    code = (
        "import time, tensorflow, IPython\nstart = time.process_time()\nimport utils\n"  # a kernel has IPython already
        "from utils import check, hint, solution, progress\nprint(time.process_time() - start)"
    )
    seconds = float(subprocess.run([sys.executable, "-c", code], cwd=COURSE, capture_output=True, text=True).stdout)
    record_property("seconds that utils adds to TensorFlow's import", seconds)
    assert seconds < 0.2
