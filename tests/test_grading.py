"""A class is graded in one run: each submission gets the marks that a careful teacher would give, and no trick a point unseen."""

import copy
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import zipfile

import psutil
import pytest

from tests.courses import COURSE
from utils.grading import report, wire

LAB = "01_perceptron"
NUMBERS = [f"1.{i}" for i in range(1, 9)]


def cells_of(folder, lab=LAB):
    return json.loads((COURSE / folder / f"{lab}.ipynb").read_text())


def submission(changes=(), lab=LAB, **answers):
    """A notebook with the course's answers, but for those given by name: `e4="def perceptron…"`; None leaves it untouched."""
    notebook = cells_of("notebooks", lab)
    solved = {cell["id"]: cell["source"] for cell in cells_of("solutions", lab)["cells"]}
    for cell in notebook["cells"]:
        if cell["id"].startswith("ex-"):
            answer = answers.get(f"e{cell['id'].rpartition('-')[2]}", solved[cell["id"]])
            cell["source"] = cell["source"] if answer is None else answer
    for change in changes:
        notebook["cells"] = list(change(notebook["cells"]))
    return notebook


def text(cell):
    return "".join(cell["source"])


def code(source):
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}


def before(cell_id, *cells):
    """Put cells before the one with this id."""
    return lambda old: [new for cell in old for new in ([*cells, cell] if cell.get("id") == cell_id else [cell])]


def split(cell_id, at):
    """Cut a cell in two before a text, as Jupyter does: the second one is new."""

    def change(old):
        for cell in old:
            first, found, rest = text(cell).partition(at) if cell.get("id") == cell_id else ("", "", "")
            yield from [cell | {"source": first}, code(found + rest)] if found else [cell]

    return change


def mapped(change):
    return lambda old: [change(copy.deepcopy(cell)) for cell in old]


def without(*keys):
    """Lose keys of all cells, such as their ids."""
    return mapped(lambda cell: {key: value for key, value in cell.items() if key not in keys})


def bare(cell):
    cell["metadata"] = {}
    return cell


def with_check(source):
    """Put other code into all check cells."""
    return mapped(lambda cell: cell | {"source": source} if cell.get("id", "").startswith("check-") else cell)


def in_setup(line):
    return mapped(lambda cell: cell | {"source": text(cell) + line} if cell.get("id") == "lab01-01" else cell)


FORWARD = "def perceptron(x, w, b):\n    return sigmoid(np.sum(x * w, axis=-1) + b)"
NO_BIAS = "def perceptron(x, w, b):\n    return sigmoid(np.sum(x * w, axis=-1))"
PLUS = code("def plus(a, b):\n    return a + b")
WITH_PLUS = FORWARD.replace("np.sum(x * w, axis=-1) + b", "plus(np.sum(x * w, axis=-1), b)")
WITH_E_TO = "def perceptron(x, w, b):\n    return 1 / (1 + e_to(-np.sum(x * w, axis=-1) - b))"
COLLAPSE = "def collapse(W1, b1, W2, b2):\n    {}\n    return W1 @ W2, b1 @ W2 + b2"
ANSWERS = {cell["id"]: text(cell) for cell in cells_of("solutions")["cells"]}
UNTOUCHED = {f"e{i}": None for i in range(1, 9)}

# Each with the exercises that score nothing.
HONEST = {
    "all right": (submission(), ""),
    "untouched": (submission(**UNTOUCHED), "12345678"),
    "one wrong": (submission(e4=NO_BIAS), "4"),
    "two wrong": (submission(e1="z, y_hat = -7, 0.5", e5="def decision_line(x1, w, b):\n    return x1"), "15"),
    "half done": (submission(e5=None, e6=None, e7=None, e8=None), "5678"),
    "syntax error": (submission(e7="def collapse(W1, b1, W2, b2)\n    return W1"), "7"),
    "error below": (submission(e4=FORWARD + "\n1 / 0"), ""),
    "error above": (submission(e7="1 / 0\n" + COLLAPSE.format("pass")), "7"),
    "endless in a function": (submission(e5="def decision_line(x1, w, b):\n    while True:\n        pass"), "5"),
    "endless in a cell": (submission(e1="while True:\n    z = 1"), "1"),
    "swallows time-outs": (submission(e1="while True:\n    try:\n        z = 1\n    except BaseException:\n        pass"), "1"),
    "exit": (submission(e6="exit()"), "6"),
    "asks for input": (submission(e1="z = float(input())\ny_hat = 0"), "1"),
    "prints a lot": (submission(e1="for _ in range(10**5):\n    print('x' * 1000)\nz, y_hat = -6, 0.0024726232"), ""),
    "too much memory": (submission(e7=COLLAPSE.format("np.ones((40_000, 40_000, 8)) + 1")), "7"),
    "a fraction": (submission(e1="from fractions import Fraction\nz, y_hat = Fraction(-6), 0.0024726232"), ""),
    "time magic": (submission(e4="%%time\n" + FORWARD), ""),
    "installs": (submission(e4="!pip install numpy\n" + FORWARD), ""),
    "Colab": (submission([without("id")]), ""),
    "nothing but text": (submission([without("id"), mapped(bare)]), ""),
    "nothing but text, one wrong": (submission([without("id"), mapped(bare)], e4=NO_BIAS), "4"),
    "changed checks": (submission([with_check("print('fine')")], e4=NO_BIAS), "4"),
    "deleted checks": (submission([lambda cells: [c for c in cells if not c["id"].startswith("check-")]], e4=NO_BIAS), "4"),
    "doubled": (submission([before("check-1-4", *[c for c in cells_of("notebooks")["cells"] if c["id"] == "ex-1-4"])]), ""),
    "in a new cell": (submission([before("check-1-4", code(FORWARD))], e4=None), ""),
    "helper cell": (submission([before("ex-1-4", PLUS)], e4=WITH_PLUS), ""),
    "import in the set-up": (submission([in_setup("\nfrom numpy import exp as e_to")], e4=WITH_E_TO), ""),
    "own check": (submission([before("ex-1-1", code("def check(*args):\n    print('✓')"))], e4=NO_BIAS), "4"),
    "split in two": (submission([split("ex-1-3", "def relu_prime")]), ""),
    "shows things": (submission(e4="display('hello')\n" + FORWARD), ""),
    "helper after an earlier check": (submission([before("lab01-15", PLUS)], e4=WITH_PLUS), ""),
    "answer deleted": (submission([lambda cells: [c for c in cells if c["id"] != "ex-1-7"]]), "7"),
}  # fmt: skip
# Each with the exercise in which it tries to gain a point, and its code.
CHEATS = {
    "takes what is right": ("1.4", "from utils.exercises import find\nperceptron = find('1.4').right"),
    "takes the answer's text": ("1.4", "from utils import exercises\nexec(exercises.as_written('1.4'))"),
    "exchanges the judge": (
        "1.4",
        """
        import sys
        for module in list(sys.modules.values()):
            if hasattr(module, "is_right"):
                module.is_right = lambda *args, **options: True
        def perceptron(x, w, b):
            return x
        """,
    ),
    "exchanges the verdict": (
        "1.4",
        """
        import sys
        inside = sys.modules["utils.grading.inside"]
        judge = inside.judge
        inside.judge = lambda *a, **k: judge(*a, **k)._replace(outcome=inside.Outcome.RIGHT)
        def perceptron(x, w, b):
            return x
        """,
    ),
    "equals everything": (
        "1.1",
        """
        class Any(float):
            def __eq__(self, other):
                return True
            def __array__(self, *args, **options):
                return np.float32(-6)
        z, y_hat = Any(1), Any(1)
        """,
    ),
    "all is close": ("1.4", "np.isclose = np.allclose = lambda *args, **options: True\n" + NO_BIAS),
    "looks around": (
        "1.4",
        """
        import inspect
        def perceptron(x, w, b):
            for caller in inspect.stack():
                for value in caller.frame.f_locals.values():
                    if callable(getattr(value, "right", None)):
                        return value.right(x, w, b)
        """,
    ),
    "reads a file": (
        "1.4",
        """
        import json
        exec(json.loads(open("../utils/exercises/as_written.json").read())["1.4"])
        """,
    ),
    "reads a file by TensorFlow": (
        "1.1",
        """
        text = tf.io.read_file("../utils/exercises/as_written.json")
        z, y_hat = -6, 0.0024726232
        """,
    ),
    "ends Python": ("1.6", "import os\nos._exit(0)"),
    "kills itself": ("1.5", "import os\ndef decision_line(x1, w, b):\n    os.kill(os.getpid(), 9)"),
}
FORGED = """
import sys
inside = sys.modules["utils.grading.inside"]
judge = inside.judge
inside.judge = lambda *a, **k: judge(*a, **k)._replace(outcome=inside.Outcome.RIGHT)
class MyDenseLayer(keras.layers.Layer):
    pass
"""
UNREADABLE = {"not JSON": b"hello", "empty": b"", "no exercise": json.dumps(cells_of("notebooks") | {"cells": []}).encode()}


def write_class(folder):
    cheats = {name: (submission(**{f"e{number[-1]}": textwrap.dedent(code)}), "") for name, (number, code) in CHEATS.items()}
    for number, (name, (notebook, _)) in enumerate({**HONEST, **cheats}.items()):
        form = number % 3  # three of the forms in which submissions come
        where = folder / [f"{name}/{LAB}.ipynb", f"{name}_{LAB}.ipynb", f"{name}/{LAB}/{LAB}.ipynb"][form]
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text(json.dumps(notebook), encoding="utf-8")
    where = folder / f"a wrong sigmoid_{LAB}.ipynb"
    where.write_text(json.dumps(submission(e2=ANSWERS["ex-1-2"].replace("exp(-z)", "exp(z)"))))
    for name, notebook in {
        "forger": submission(lab="02_dense_layer", e2=FORGED),
        "honest": submission(lab="02_dense_layer"),
    }.items():
        (folder / name).mkdir()
        (folder / name / "02_dense_layer.ipynb").write_text(json.dumps(notebook))
    for name, content in UNREADABLE.items():
        (folder / name).mkdir()
        (folder / name / f"{LAB}.ipynb").write_bytes(content)


def grade(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "utils", "grade", *map(str, arguments)], cwd=COURSE, capture_output=True, text=True, **options
    )


def read(out):
    with open(out / "grades.csv", newline="", encoding="utf-8") as stream:
        return {row["student"]: row for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A class, graded: the folder, where the marks are, what was printed, and the rows of the table."""
    folder, out = tmp_path_factory.mktemp("class"), tmp_path_factory.mktemp("grades")
    write_class(folder)
    result = grade(folder, "--out", out, "--jobs", 2)
    assert result.returncode == 0, result.stderr
    return folder, out, result.stdout, read(out)


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_submission_gets_the_marks_that_it_should(graded, name):
    row, wrong = graded[3][name], HONEST[name][1]
    assert {number: row[number] for number in NUMBERS} == {number: "0" if number[-1] in wrong else "1" for number in NUMBERS}
    assert row["flags"] == ("" if name not in ("exit", "own check") else row["flags"])


@pytest.mark.parametrize("name", CHEATS)
def test_no_trick_gains_a_point_unflagged(graded, name):
    row, tried = graded[3][name], CHEATS[name][0]
    assert row["flags"]
    others = [row[number] for number in NUMBERS if number != tried]
    assert others == ["1"] * 7, "the others are as good as without the trick"


def test_what_only_follows_from_an_earlier_mistake_is_told_so(graded):
    row = graded[3]["a wrong sigmoid"]
    assert [row[number] for number in NUMBERS] == ["1", "0", "1", "0", "1", "1", "1", "1"]
    assert row["notes"] == "1.4 is right but for 1.2"


def test_forged_results_score_nothing_where_they_are_proved(graded):
    for name in ("exchanges the judge", "exchanges the verdict", "all is close"):
        assert graded[3][name]["1.4"] == "0"


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_a_row_that_says_so(graded, name):
    assert graded[3][name]["total"] == "0"
    assert re.match(r"This notebook cannot be read|No exercise of the course", graded[3][name]["notes"])


def test_the_run_says_how_long_it_took_and_what_to_look_at(graded):
    assert re.search(r"\d+ submissions are marked, \d+ of them now, in \d+ s\.", graded[2])
    assert re.search(r"The largest process took \d+ MB\.", graded[2])
    assert f"{len(UNREADABLE)} could not be marked" in graded[2]
    assert "Look at the code of" in graded[2]


def test_feedback_shows_the_answer_and_the_advice(graded):
    page = (graded[1] / "feedback").glob("one_wrong*.html")
    shown = next(page).read_text()
    assert "the bias b is missing" in shown
    assert "np.sum(x * w, axis=-1)" in shown
    assert "http" not in shown.replace("http-equiv", "")


def test_the_report_counts_mistakes_and_names_who_made_them(graded):
    report = (graded[1] / "report.html").read_text()
    assert "Who:" in report and "one wrong" in report
    assert "To look at" in report and "exchanges the judge" in report
    assert "http" not in report.replace("http-equiv", "")


def test_a_later_run_marks_what_changed_and_marking_again_gives_the_same_table(tmp_path, graded):
    names = ("all right", "two wrong", "nothing but text, one wrong")
    folder, out = tmp_path / "class", shutil.copytree(graded[1], tmp_path / "out")
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / f"{LAB}.ipynb").write_text(json.dumps(HONEST[name][0]))
    assert "3 submissions are marked, 0 of them now" in grade(folder, "--out", out).stdout
    kept = read(out)
    assert kept == {name: {key: graded[3][name][key] for key in kept[name]} for name in names}
    assert "3 submissions are marked, 3 of them now" in grade(folder, "--out", out, "--again").stdout
    assert read(out) == kept
    (folder / "all right" / f"{LAB}.ipynb").write_text(json.dumps(submission(e4=NO_BIAS)))
    assert "3 submissions are marked, 1 of them now" in grade(folder, "--out", out).stdout
    assert read(out)["all right"]["1.4"] == "0"


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
def test_an_interrupted_run_keeps_what_is_done_ends_everything_and_goes_on(tmp_path):
    folder, out = tmp_path / "class", tmp_path / "out"
    for i in range(6):
        (folder / f"student{i}").mkdir(parents=True)
        (folder / f"student{i}" / f"{LAB}.ipynb").write_text(json.dumps(submission()))
    process = subprocess.Popen(
        [sys.executable, "-m", "utils", "grade", str(folder), "--out", str(out), "--jobs", "1"],
        cwd=COURSE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # a shell's background job ignores it
    )  # fmt: skip
    while not list(out.glob("marks/*/*.json")):
        assert process.poll() is None
        time.sleep(0.05)
    started = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and "goes on from here" in printed
    gone, alive = psutil.wait_procs(started, timeout=20)
    assert gone and not alive
    done = len(list(out.glob("marks/*/*.json")))
    rest = grade(folder, "--out", out)
    assert f"6 submissions are marked, {6 - done} of them now" in rest.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "There is no folder or zip nowhere."),
        ([".", "--lab", "01"], "There is no lab '01'"),
        ([".", "--jobs", "-1"], "--jobs is the number"),
    ],
)
def test_a_wrong_call_gets_a_sentence(arguments, sentence, tmp_path):
    result = grade(*arguments, "--out", tmp_path / "out")
    assert result.returncode == 2 and sentence in result.stderr and "Traceback" not in result.stderr


def test_a_process_that_judges_wrongly_is_found_out_where_nothing_can_be_proved(graded):
    forger, honest = graded[3]["forger"], graded[3]["honest"]
    assert forger["2.2"] == "0" and "passes wrong answers" in forger["flags"]
    assert honest["total"] == "5" and not honest["flags"]


def test_an_answer_that_trains_has_the_time_for_it(monkeypatch):
    """The cell of 13.8 trains a network; that of 1.1 computes two numbers."""
    from utils import exercises
    from utils.grading import inside

    monkeypatch.setattr(inside, "SECONDS_OF_AN_ANSWER", 0.2)
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
    inside.seconds_of.cache_clear()
    works = "import time\nbegun = time.process_time()\nwhile time.process_time() < begun + 0.8:\n    pass"
    notebook = inside.Notebook()
    assert notebook.run(works, "13.8", 0) == ""
    assert "still running" in notebook.run(works, "1.1", 1)
    inside.seconds_of.cache_clear()
    numbers = [n for lab in exercises.lab_names() for n, each in exercises.of_lab(lab).items() if not each.same_answer_as]
    training = [number for number in numbers if inside.seconds_of(number) == inside.SECONDS_OF_TRAINING]
    assert f"({', '.join(training)}) for {inside.SECONDS_OF_TRAINING:.0f}" in (COURSE / "TEACHING.md").read_text(encoding="utf-8")


def test_zips_of_canvas_and_moodle_are_read_as_they_come(tmp_path):
    content, wrong = json.dumps(submission(e4=NO_BIAS)), json.dumps(submission(**UNTOUCHED))
    with zipfile.ZipFile(tmp_path / "canvas.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("doejane_123_900_01_perceptron.ipynb", (2026, 1, 1, 0, 0, 0)), wrong)
        archive.writestr(zipfile.ZipInfo("doejane_123_901_01_perceptron-1.ipynb", (2026, 1, 2, 0, 0, 0)), content)
        archive.writestr(zipfile.ZipInfo("roe_LATE_124_902_01_perceptron.ipynb", (2026, 1, 2, 0, 0, 0)), content)
    with zipfile.ZipFile(tmp_path / "moodle.zip", "w") as archive:
        archive.writestr("Jane Doe_77_assignsubmission_file_/01_perceptron.ipynb", content)
        archive.writestr("Max Müller_78_assignsubmission_file/mine.ipynb", content)
        archive.writestr("__MACOSX/._mine.ipynb", b"junk")
    from utils.grading.submissions import find

    canvas = {each.student: each for each in find(tmp_path / "canvas.zip")}
    assert {name: each.number for name, each in canvas.items()} == {"doejane": "123", "roe": "124"}
    assert canvas["doejane"].answers.text("1.4") == NO_BIAS and "is older" in canvas["doejane"].notes[0]
    moodle = {each.student: each for each in find(tmp_path / "moodle.zip")}
    assert {name: (each.number, each.lab) for name, each in moodle.items()} == {
        "Jane Doe": ("77", LAB),
        "Max Müller": ("78", LAB),
    }


def test_values_go_between_processes_as_they_are_and_code_does_not():
    import numpy as np
    import tensorflow as tf

    value = [1, 2.5, float("inf"), None, True, "ŷ", (1, [2]), {"a": 1}, np.float32(3), np.arange(6).reshape(2, 3)]
    back = wire.loads(wire.dumps(value))
    assert repr(back) == repr(value)
    assert wire.loads(wire.dumps(tf.constant([1.0, 2.0]))).tolist() == [1, 2]
    for hidden in (print, object(), [lambda x: x], np.array([print])):
        with pytest.raises(wire.NotPlain):
            wire.dumps(hidden)
    with pytest.raises(ValueError):
        wire.loads(b'{"array": "AAAA", "dtype": "|O", "shape": [1]}')


def test_the_report_knows_the_outcomes():
    from utils.checking import Outcome

    assert (Outcome.RIGHT.value, Outcome.NOT_DONE.value) == (report.RIGHT, report.NOT_DONE)


def test_every_exercise_is_proved_or_has_canaries():
    from utils import exercises
    from utils.grading import marking

    numbers = [n for lab in exercises.lab_names() for n in exercises.of_lab(lab)]
    proved = [n for n in numbers if all(marking.plain_parts(n))]
    told = re.search(r"\((\d+) of the (\d+) exercises\)", (COURSE / "TEACHING.md").read_text(encoding="utf-8"))
    assert told.groups() == (str(len(proved)), str(len(numbers)))
    for lab in exercises.lab_names():
        for number, exercise in exercises.of_lab(lab).items():
            assert number in proved or marking.canaries(exercise) or exercise.same_answer_as, number
