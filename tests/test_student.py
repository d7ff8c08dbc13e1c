"""check, hint, solution and progress as a student calls them, and the file that remembers."""

import json
import os
import threading
from pathlib import Path

import pytest

from tests.labs import ALL, cells_of, run_cell
from utils import check, hint, progress, solution
from utils.advice import Advice
from utils.checking import Outcome, judging
from utils.course import COURSE
from utils.student import missing_names, progress_file
from utils.student.verbs import CheckFailed

pytestmark = pytest.mark.usefixtures("own_progress")


def right_node(a, b):
    return (a + b) * (b - 1)


def test_check_prints_one_line_when_right_and_returns_nothing(capfd):
    assert check("0.2", right_node) is None
    assert capfd.readouterr() == ("✓ 0.2 A computation graph\n", "")


def test_check_raises_what_is_wrong_and_shows_no_traceback(capfd):
    with pytest.raises(CheckFailed) as failed:
        check("0.2", lambda a, b: a + b)
    assert failed.value.outcome is Outcome.WRONG
    shown = failed.value._render_traceback_()
    assert " ".join(shown) == " ".join(str(failed.value).split()) and max(map(len, shown)) <= 76
    assert str(failed.value).startswith("✗ 0.2 A computation graph: not right yet.\nThis is the node c alone.")
    assert capfd.readouterr() == ("", "")


def test_the_outcomes_are_told_apart_in_the_first_line(monkeypatch):
    def first_line(*answers):
        with pytest.raises(CheckFailed) as failed:
            check("0.2", *answers)
        return str(failed.value).splitlines()[0]

    assert first_line(...) == "○ 0.2 A computation graph: not done yet."
    assert first_line(lambda a, b: a) == "✗ 0.2 A computation graph: not right yet."
    assert first_line(lambda a, b: a.nothing) == "✗ 0.2 A computation graph: an error in your code."
    monkeypatch.setattr(judging, "_judge", lambda *args: 1 / 0)
    assert first_line(right_node) == (
        "? 0.2 A computation graph: the checker itself failed, so it cannot say whether your answer is right."
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "begins with the number"),
        ((right_node,), "begins with the number"),
        (("0.2",), "takes 1 answer after the number: your answer. You gave none"),
        (("0.1", 1, 2), "takes 5 answers after the number: scalar, vector, matrix, image, batch. You gave 2"),
        (("0.2", right_node, right_node), "You gave 2"),
        (("7.77", right_node), "no exercise"),
        (("0.9", right_node), "this lab has 0.1 to 0.3"),
        (("perceptron", right_node), "no exercise"),
        (("", right_node), "no exercise"),
        ((None, right_node), "begins with the number"),
    ],
)
def test_a_check_called_in_another_way_is_answered_with_a_sentence(arguments, words):
    with pytest.raises(Advice, match=words):
        check(*arguments)


def test_a_number_may_be_given_without_quotes(capfd):
    check(0.2, right_node)
    assert "✓ 0.2" in capfd.readouterr().out


def test_hints_come_one_at_a_time_and_end(capfd):
    for expected in ("Hint 1 of 2 for 0.3", "Hint 2 of 2 for 0.3", "There are no more hints for 0.3", "There are no more hints"):
        hint("0.3")
        assert capfd.readouterr().out.startswith(expected)
    with pytest.raises(Advice, match="no exercise"):
        hint("99.1")
    with pytest.raises(Advice, match="hint begins with the number"):
        hint()


def test_solution_first_tells_of_the_hints_then_shows_the_code_as_written(capfd):
    hint("0.3")
    capfd.readouterr()
    solution("0.3")
    assert " ".join(capfd.readouterr().out.split()) == (
        'Hints left: 1; hint("0.3") gives the next one. Call solution again to see the answer to 0.3.'
    )
    solution("0.3")
    shown = capfd.readouterr().out
    namespace = {}
    run_cell(shown, namespace, "shown")
    assert namespace["mean"]([2, 4, 9]) == 5
    assert "SOLUTION" not in shown and "# mend the line below" in shown


def test_solution_is_shown_at_once_when_the_exercise_is_passed(capfd):
    check("0.2", right_node)
    solution("0.2")
    assert "c = a + b" in capfd.readouterr().out
    for line in cells_of("00_start_here", "0.2")[0].splitlines():
        solution("0.2")
        assert line.partition("  # SOLUTION")[0] in capfd.readouterr().out


def test_a_missing_solution_is_a_sentence(monkeypatch, tmp_path, capsys):
    check("0.2", right_node)
    monkeypatch.setattr("utils.course.COURSE", tmp_path)
    solution("0.2")
    assert "The solution of 0.2 comes later" in capsys.readouterr().out


def test_progress_counts_what_is_passed_and_never_takes_it_back(capfd):
    check("0.2", right_node)
    with pytest.raises(CheckFailed):
        check("0.2", lambda a, b: a)
    capfd.readouterr()
    progress()
    shown = capfd.readouterr().out
    assert "00_start_here           · ✓ ·  1 of 3" in shown and f"1 of {len(ALL)} exercises done" in shown


def test_what_is_not_done_is_no_try(own_progress):
    with pytest.raises(CheckFailed):
        check("0.2", ...)
    assert not own_progress.exists()
    with pytest.raises(CheckFailed):
        check("0.2", lambda a, b: a)
    assert json.loads(own_progress.read_text())["0.2"]["tries"] == 1


def test_progress_outlives_the_session(own_progress, monkeypatch, capfd):
    check("0.2", right_node)
    monkeypatch.setattr(progress_file, "_session", {})
    assert progress_file.load()["0.2"].passed


DAMAGED = ["", "{", "[1, 2]", '{"0.2": 3}', '{"0.2": {"tries": "many"}}', "\x00\x00", '"text"', "[" * 10**5]
DAMAGED += ['{"0.2": {"tries": 1e400}}', '{"0.2": {"tries": %s}}' % ("[" * 10**5), '{"0.2": ' * 10**4, '{"0.2": {"hints": NaN}}']
DAMAGED += ['{"0.2": {"tries": %s}}' % ("9" * 10**4), '{"0.2": {"passed": true, "more": "%s"}}' % ("x" * progress_file.LARGEST)]


@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_file_is_set_aside_and_reported_and_stops_nothing(own_progress, capfd, content):
    own_progress.write_text(content)
    check("0.2", right_node)
    shown = capfd.readouterr().out
    assert "✓ 0.2" in shown and shown.count("was damaged") == 1
    assert own_progress.with_name("progress-damaged.json").read_text() == content
    assert json.loads(own_progress.read_text())["0.2"]["passed"]


PIPE = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipe in a folder")


@pytest.mark.parametrize(
    ("make", "is_kept"),
    [
        pytest.param(lambda path: os.mkfifo(path), Path.is_fifo, marks=PIPE, id="pipe"),
        pytest.param(lambda path: (path / "mine").mkdir(parents=True), lambda path: (path / "mine").is_dir(), id="folder"),
    ],
)
def test_what_is_no_file_is_set_aside_and_never_waited_for(own_progress, capfd, make, is_kept):
    make(own_progress)
    reading = threading.Thread(target=progress_file.load, daemon=True)  # one that waits for a pipe would do so for good
    reading.start()
    reading.join(20)
    assert not reading.is_alive() and is_kept(own_progress.with_name("progress-damaged.json"))
    check("0.2", right_node)
    assert capfd.readouterr().out.count("was damaged") == 1
    assert json.loads(own_progress.read_text())["0.2"]["passed"]


def test_a_damaged_file_that_cannot_be_set_aside_is_told_in_one_sentence_and_stays(own_progress, monkeypatch, capfd):
    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    own_progress.write_text("{")
    monkeypatch.setattr(os, "replace", refuse)
    check("0.2", right_node)
    shown = " ".join(capfd.readouterr().out.split())
    assert shown == (
        "Your progress cannot be saved (Permission denied); it is kept in this session only. ✓ 0.2 A computation graph"
    )
    assert own_progress.read_text() == "{" and progress_file.load()["0.2"].passed


def test_a_file_that_cannot_be_read_is_not_written_over(own_progress, monkeypatch, capfd):
    def refuse(*args, **options):
        raise PermissionError(13, "Permission denied")

    check("0.2", right_node)
    before = own_progress.read_text()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", refuse)
        hint("0.3")
    assert own_progress.with_name("progress-damaged.json").read_text() == before


def test_a_second_damaged_file_does_not_replace_the_first_one(own_progress):
    for content in ("{", "[", "{{"):
        own_progress.write_text(content)
        progress_file.load()
    kept = [own_progress.with_name(f"progress-damaged{number}.json").read_text() for number in ("", "-2", "-3")]
    assert kept == ["{", "[", "{{"]


def test_a_file_of_an_older_course_that_knows_less_of_an_exercise_counts(own_progress, capfd):
    own_progress.write_text('{"0.2": {"passed": true}}')
    assert progress_file.load()["0.2"] == progress_file.State(passed=True)
    assert capfd.readouterr().out == ""


def test_a_file_that_cannot_be_written_is_said_once_and_stops_nothing(own_progress, monkeypatch, capfd):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    check("0.2", right_node)
    check("0.2", right_node)
    hint("0.3")
    shown = capfd.readouterr().out
    assert shown.count("✓ 0.2") == 2 and shown.count("Your progress cannot be saved (Permission denied)") == 1
    progress()
    assert f"1 of {len(ALL)} exercises done" in capfd.readouterr().out


def test_a_write_that_fails_half_way_leaves_the_old_file_and_no_other(own_progress, monkeypatch, capfd):
    check("0.2", right_node)
    before = own_progress.read_text()

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    hint("0.3")
    assert own_progress.read_text() == before
    assert {path.name for path in own_progress.parent.iterdir()} == {"progress.json", ".progress.lock"}
    assert "No space left on device" in capfd.readouterr().out


def test_two_notebooks_that_write_in_turn_lose_nothing(own_progress, monkeypatch):
    check("0.2", right_node)
    first = dict(progress_file._session)
    monkeypatch.setattr(progress_file, "_session", {})
    hint("0.3")  # another session
    monkeypatch.setattr(progress_file, "_session", first)
    hint("0.1")
    kept = json.loads(own_progress.read_text())
    assert kept["0.2"]["passed"] and kept["0.3"]["hints"] == 1 and kept["0.1"]["hints"] == 1


def test_an_interrupted_check_says_so(monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    with pytest.raises(Advice, match="interrupted"):
        check("0.2", interrupted)


def test_solutions_run_without_touching_the_students_progress(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("LABS_SOLUTION", "1")
    assert progress_file.path() is None
    monkeypatch.delenv("LABS_SOLUTION")
    assert progress_file.path() == COURSE / "notebooks" / "progress.json"


class Shell:
    """What IPython's shell is to a handler of errors."""

    custom_exceptions = ()

    def __init__(self):
        self.shown, self.InteractiveTB = [], self

    def structured_traceback(self, kind, error, trace, tb_offset=None):
        return ["traceback"]

    def _showtraceback(self, kind, error, lines):
        self.shown.append(" ".join(lines))

    def set_custom_exc(self, kinds, handler):
        self.custom_exceptions = kinds
        self.CustomTB = lambda *args, **options: handler(self, *args, **options)

    def show(self, code):
        try:
            exec(code, {})
        except self.custom_exceptions as error:
            self.CustomTB(type(error), error, error.__traceback__, tb_offset=None)


def test_a_missing_name_is_explained_and_a_handler_that_was_there_stays():
    shell, others = Shell(), []
    shell.set_custom_exc((KeyError,), lambda shell, kind, error, trace, tb_offset=None: others.append(error))
    missing_names.explain_in(shell)
    shell.show("no_such_name")
    shell.show("def f():\n    x += 1\nf()")
    shell.show("{}['key']")
    assert "`no_such_name` has no value in this session" in shell.shown[0]
    assert "used before it has a value" in shell.shown[1] and "`None`" not in shell.shown[1]
    assert len(shell.shown) == 2 and isinstance(others[0], KeyError)
