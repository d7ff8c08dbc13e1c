"""The place of a fault is found in a student's own code, and is never one that has nothing to do with it."""

import ast
import difflib
import time

import keras
import numpy as np
import pytest
from keras.src.backend.common import global_state

from tests.labs import ALL, answers_of, cells_of, run_cell, without_mistakes
from utils import exercises
from utils.advice import Advice
from utils.checking import Exercise, Outcome, draw, judge, limits, require, sandbox, search
from utils.checking.changes import changes, repairs
from utils.checking.observation import same_values
from utils.checking.places import Kind, kind_of, one_too_many
from utils.checking.trees import put

NOWHERE = object()
SAMPLE, SAMPLE_IF_SLOW = 3, 1  # mutants of an exercise; the tests of mutants try all of them
CLASSES_AND_TRAININGS = {
    "2.2",
    "2.5",
    "3.1",
    "3.2",
    "3.3",
    "5.4",
    "5.5",
    "7.3",
    "7.5",
    "8.3",
    "8.5",
    "9.3",
    "10.6",
    "11.2",
    "11.3",
    "11.5",
    "15.1",
    "15.4",
    "14.3",
    "14.5",
    "14.6",
    "14.7",
}


def edited_lines(before, after):
    """The lines of a text that are not as before, and those beside which something is missing."""
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    blocks = [(start, end) for tag, _, _, start, end in matcher.get_opcodes() if tag != "equal"]
    return {line for start, end in blocks for line in range(start, end + 2)}


def sampled(solution, most):
    """Some of the mutants of a solution, spread over all of them."""
    tree = ast.parse(solution)
    before = ast.unparse(tree)
    texts = list(dict.fromkeys(ast.unparse(put(tree, path, new)) for path, new in changes(tree)))
    return before, [text for text in texts[:: max(1, len(texts) // most)][:most] if text != before]


@pytest.mark.filterwarnings("ignore::SyntaxWarning")  # a mutant may look odd to Python
@pytest.mark.parametrize(("lab", "number"), ALL, ids=[number for _, number in ALL])
def test_the_line_that_was_edited_is_named(lab, number, record_property):
    """Without the table's own mistakes: nine times in ten for functions, three in four for classes and trainings."""
    exercise = without_mistakes(exercises.of_lab(lab)[number])
    if exercise.open or exercise.same_answer_as:
        pytest.skip(exercise.open or "the answer is that of another exercise")
    solution, _, check, namespace = cells_of(lab, number)
    before, texts = sampled(solution, SAMPLE_IF_SLOW if exercise.seconds >= 1 else SAMPLE)
    named, elsewhere, tried = 0, [], 0
    for n, text in enumerate(texts):
        try:
            answers = answers_of(text, check, namespace, f"searched {number} {n}")
        except Exception:
            continue  # it does not even define an answer
        for cases, answer in zip(draw(exercise), answers, strict=True):
            place = found(cases, answer, before)
            if place is None:
                continue
            tried += 1
            named += place is not NOWHERE and place.line in edited_lines(before, text)
            if place is not NOWHERE and place.line not in edited_lines(before, text):
                elsewhere.append((place.sentence, text))
    record_property("places", (number, number in CLASSES_AND_TRAININGS, named, tried, len(elsewhere)))
    assert len(elsewhere) <= 1, elsewhere


def found(cases, answer, solution):
    """What a search finds; None for an answer that is right, or no function or class."""
    if not hasattr(answer, "__name__"):
        return None
    with sandbox.quiet():
        begun = time.process_time()
        got = cases.observe(answer)
        seconds = time.process_time() - begun
        for case, each in enumerate(got):
            expected = cases.expected(case)
            if not (each.comparable and (each.fine or same_values(cases.table, each, expected))):
                return search.find(cases, answer, case, solution, seconds) or NOWHERE
    return None


mean_of_squares = Exercise(
    "9.1",
    "Mean of squares",
    right=lambda x, y: np.mean((x - y) ** 2),
    inputs=lambda rng: [(rng.normal(size=n), rng.normal(size=n)) for n in (3, 5)],
)
SOLUTION = """
def loss(x, y):
    difference = x - y
    squares = difference ** 2
    total = 0.0
    for square in squares:
        total += square
    return total / len(x)
"""
FAULTS = [
    ("x - y", "x + y", "Line 3 of the cell, `x + y`: look at the operator."),
    ("difference ** 2", "difference ** 3", "Line 4 of the cell, `3`: look at this number."),
    ("difference ** 2", "difference", "Line 4 of the cell, `difference`: something is missing here."),
    ("difference ** 2", "difference ** 2 * 2", "Line 4 of the cell, `difference ** 2 * 2`: something here is too much."),
    ("/ len(x)", "/ len(x[1:])", "Line 8 of the cell, `x[1:]`: something here is too much."),
    ("    return", "        return", "Line 8 of the cell, `return total / len(x)`: this line stands in the wrong place."),
    (
        "    total = 0.0\n    for",
        "    for",
        "Line 4 of the cell, `squares = difference ** 2`: after this line, something is still to be done.",
    ),
    (
        "        total += square\n",
        "        total += square\n        total += square\n",
        "Line 8 of the cell, `total += square`: this line is too much.",
    ),
    ("len(x)", "len(x) * 2", "Line 8 of the cell, `total / len(x) * 2`: something here is too much."),
]


@pytest.mark.parametrize(("old", "new", "sentence"), FAULTS, ids=[new for _, new, _ in FAULTS])
def test_a_fault_is_named_with_its_line_its_part_and_its_kind(old, new, sentence):
    space = {"np": np}
    run_cell(SOLUTION.replace(old, new), space, f"fault {new}")
    outcome, _, advice = judge(mean_of_squares, space["loss"], solution=SOLUTION)
    assert outcome in (Outcome.WRONG, Outcome.ERROR)
    assert advice.startswith(sentence), advice


def test_an_answer_in_another_form_is_searched_by_small_changes():
    space = {"np": np}
    run_cell("def loss(x, y):\n    return np.mean(np.square(x + y))\n", space, "another form")
    assert "`x + y`" in judge(mean_of_squares, space["loss"], solution=SOLUTION).advice


OTHER_FORMS = [
    ("np.square(np.mean(x - y))", "`np.square(np.mean(x - y))`: look at the order."),
    ("np.mean(x - np.square(y)) if len(x) < 0 else np.mean(x - y) ** 2", "`np.mean(x - y) ** 2`: look at the brackets."),
    ("np.max(np.square(x - y))", "`np.max(np.square(x - y))`: is this the function that belongs here?"),
    ("np.mean([(x[i] - y[0]) ** 2 for i in range(len(x))])", "`0`: look at this number."),
    ("sum((x[i] - y[i]) ** 2 for i in range(len(x) - 1)) / len(x)", "`len(x) - 1`: something here is too much."),
    ("np.sqrt(np.mean(np.square(x - y)))", "`np.sqrt(np.mean(np.square(x - y)))`: something here is too much."),
]


@pytest.mark.parametrize(("code", "sentence"), OTHER_FORMS, ids=[code for code, _ in OTHER_FORMS])
def test_functions_brackets_of_calls_and_places_of_a_comprehension_are_searched_in_an_answer_of_another_form(code, sentence):
    space = {"np": np}
    run_cell(f"def loss(x, y):\n    return {code}\n", space, f"another form {code}")
    advice = judge(mean_of_squares, space["loss"], solution=SOLUTION).advice
    assert advice.startswith(f"Line 2 of the cell, {sentence}"), advice


def test_a_loop_that_goes_one_round_too_far_is_named():
    steps = Exercise("9.1", "Steps", right=lambda x: np.sum(np.diff(x) ** 2), inputs=lambda rng: [(rng.normal(size=4),)])
    space = {"np": np}
    loop = (
        "def steps(x):\n    total = 0.0\n    for i in range(len(x)):\n        total += (x[i + 1] - x[i]) ** 2\n    return total\n"
    )
    run_cell(loop, space, "one round too far")
    advice = judge(steps, space["steps"], solution="def steps(x):\n    return np.sum(np.square(np.diff(x)))\n").advice
    assert advice.startswith("Line 3 of the cell, `for i in range(len(x)):`: the last round of this loop is one too many."), (
        advice
    )


def test_a_sign_of_what_a_line_makes_may_be_wrong_where_it_is_used():
    half = Exercise("9.1", "Half", right=lambda x: np.exp(-x / 2), inputs=lambda rng: [(rng.normal(size=4),)])
    space = {"np": np}
    run_cell("def half(x):\n    part = x / 2\n    return np.exp(part)\n", space, "a sign")
    solution = "def half(x):\n    return 1 / np.sqrt(np.exp(x))\n"
    advice = judge(half, space["half"], solution=solution).advice
    assert advice.startswith("Line 2 of the cell, `x / 2`: the sign is wrong, here or where this is used."), advice


def test_a_part_of_the_solution_that_is_right_in_an_answer_of_another_form_shows_the_part_that_is_wrong():
    space = {"np": np}
    answer = "def loss(x, y):\n    parts = [(a - b) ** 2 for a, b in zip(x, y)]\n    return {} / len(x)\n"
    run_cell(answer.format("parts[0]"), space, "a part")
    solution = "def loss(x, y):\n    parts = [(a - b) ** 2 / len(x) for a, b in zip(x, y)]\n    return sum(parts)\n"
    assert judge(mean_of_squares, space["loss"], solution=solution).advice.startswith("Line 3 of the cell, `parts[0]`: look")


def test_a_condition_that_is_the_other_way_round_is_tried():
    found = [ast.unparse(new) for _, new in repairs(ast.parse("a < b")) if isinstance(new, ast.Compare)]
    assert found == ["a >= b"]


def test_a_condition_that_leaves_something_out_is_named():
    space = {"np": np}
    answer = (
        "def loss(x, y):\n    parts = []\n    for a, b in zip(x, y):\n        if a > b:\n            parts.append((a - b) ** 2)\n"
    )
    run_cell(f"{answer}    return sum(parts) / len(x)\n", space, "a condition")
    advice = judge(mean_of_squares, space["loss"], solution=SOLUTION).advice
    assert advice.startswith("Line 4 of the cell, `if a > b:`: does what stands below depend on this condition?")


@pytest.mark.parametrize("call", ["np.sum(parts)", "np.sum(parts, axis=0)"])
def test_another_axis_is_less_to_change_than_another_function(call):
    rows = Exercise("9.1", "Rows", right=lambda x: np.array(x.tolist()).sum(1), inputs=lambda rng: [(rng.normal(size=(3, 4)),)])
    space, solution = {"np": np}, "def total(x):\n    parts = x * 1.0\n    return np.dot(parts, np.ones(len(x[0])))\n"
    run_cell(solution.replace("np.dot(parts, np.ones(len(x[0])))", call), space, call)
    assert judge(rows, space["total"], solution=solution).advice.startswith(f"Line 3 of the cell, `{call}`: look at the axis.")


def test_a_list_of_the_solution_may_be_an_array_in_the_answer():
    rows = Exercise("9.1", "Rows", right=lambda x: 2 * x[::-1], inputs=lambda rng: [(rng.normal(size=4),)])
    space, solution = {"np": np}, "def twice(x):\n    parts = [a for a in x[::-1]]\n    return 2 * np.array(parts)\n"
    run_cell("def twice(x):\n    parts = np.array([a for a in x[::2]])\n    return 2 * parts\n", space, "an array")
    assert judge(rows, space["twice"], solution=solution).advice.startswith("Line 2 of the cell, `2`: look at this number.")


def test_a_power_that_is_written_with_a_caret_is_told():
    rows = Exercise("9.1", "Powers", right=lambda n: n**2 + 1, inputs=lambda rng: [(n,) for n in (3, 5, 8)])
    space: dict = {}
    run_cell("def f(n):\n    return n ^ 2 + 1\n", space, "a caret")
    assert "A power is written `**`" in judge(rows, space["f"], solution="def f(n):\n    return n**2 + 1\n").advice


@pytest.mark.parametrize("line", ["    total = 0.0", "        return total / len(x)"], ids=["the start", "the end"])
def test_a_line_that_stands_in_a_loop_and_should_not_is_named_in_an_answer_of_another_form(line):
    right = (
        "def loss(x, y):\n    total = 0.0\n    for a, b in zip(x, y):\n        total += (a - b) ** 2\n    return total / len(x)\n"
    )
    wrong = right.replace("    return", "        return")
    if "0.0" in line:
        head, loop = "def loss(x, y):\n", "    for a, b in zip(x, y):\n"
        wrong = right.replace(f"{head}    total = 0.0\n{loop}", f"{head}{loop}        total = 0.0\n")
    space = {"np": np}
    run_cell(wrong, space, f"another form {line}")
    advice = judge(mean_of_squares, space["loss"], solution="def loss(x, y):\n    return np.mean((x - y) ** 2)").advice
    assert f"`{line.strip()}`: this line stands in the wrong place" in advice, advice


class Rows:
    """The first and the last of each of n shares, multiplied."""

    def __init__(self, n):
        self.n = n

    def total(self, x):
        rows = x.reshape(self.n, -1)
        return rows[:, 0] * rows[:, -1]


shares = Exercise(
    "9.3",
    "Shares",
    right=Rows,
    observe=lambda made, x, n: made(n).total(x),
    inputs=lambda rng: [(rng.normal(size=length), n) for length, n in ((6, 3), (8, 2), (9, 3))],
)
CLASS = """
class Shares:
    def __init__(self, size):
        self.size = size
        self.used = 0

    def cut(self, x):
        return np.stack(np.split(x, self.size), axis=1)

    def total(self, x):
        parts = self.cut(x)
        return parts[0] * parts[-1]
"""
CUT = "        return np.stack(np.split(x, self.size), axis=1)\n"
FAULTS_OF_METHODS = {
    "a line is missing": (
        "        self.size = size\n",
        "",
        "Line 4 of the cell, `self.used = 0`: before this line, something is still to be done.",
    ),
    "nothing is returned": (CUT, "        return None\n", "Line 8 of the cell, `None`: look at this part."),
    "two axes are exchanged": (
        CUT,
        "        rows = np.reshape(x, (self.size, -1))\n        return np.transpose(rows, (0, 1))\n",
        "Line 9 of the cell, `(0, 1)`: look at the order.",
    ),
    "the last line returns nothing": (
        CUT,
        "        pieces = np.split(x, self.size)\n        np.stack(pieces, axis=1)\n",
        "Line 9 of the cell, `np.stack(pieces, axis=1)`: what this gives goes nowhere",
    ),
    "a method of another form": (
        CUT,
        "        x = x[::-2] * 3\n        return np.array([x[i :: self.size] for i in range(self.size)]) - 2\n",
        "Line 7 of the cell, `def cut(self, x):`: the fault is in this function.",
    ),
}


@pytest.mark.parametrize(("old", "new", "sentence"), FAULTS_OF_METHODS.values(), ids=FAULTS_OF_METHODS)
def test_a_fault_in_a_method_is_named(old, new, sentence):
    space = {"np": np}
    run_cell(CLASS.replace(old, new), space, f"method {new}")
    advice = judge(shares, space["Shares"], solution=CLASS).advice
    assert advice.startswith(sentence), advice


def test_where_the_time_is_up_the_best_place_so_far_is_named(monkeypatch):
    space = {"np": np}
    run_cell(SOLUTION.replace("total / len(x)", "total * 2 + len(x)"), space, "the time is up")

    def time_up(*args):
        raise limits.TimeUp

    monkeypatch.setattr(search, "_small_changes", time_up)
    assert "Line 8 of the cell, `total * 2 + len(x)`" in judge(mean_of_squares, space["loss"], solution=SOLUTION).advice


def test_where_it_takes_long_to_know_what_is_right_an_edit_is_confirmed_without_fresh_draws():
    cases = draw(mean_of_squares)[0]
    assert len(search._Trial(cases, mean_of_squares.right, 0, 1.0, False).fresh) == search.FRESH_DRAWS
    cases.longest = search.FRESH_SECONDS
    assert not search._Trial(cases, mean_of_squares.right, 0, 1.0, False).fresh


def test_an_axis_that_is_missing_or_wrong_is_tried():
    tree = ast.parse("np.sum(x)\nnp.mean(y, axis=2)")
    tried = {ast.unparse(put(tree, path, new)) for path, new in repairs(tree)}
    assert {"np.sum(x, axis=1)\nnp.mean(y, axis=2)", "np.sum(x)\nnp.mean(y, axis=0)"} <= tried


def test_weights_that_are_half_made_when_the_time_is_up_do_not_stop_the_models_after_them():
    made = keras.Variable(np.ones(2))
    global_state.set_global_attribute("uninitialized_variables", [made])
    sandbox.run(lambda: None, ())
    assert keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)]).output_shape == (None, 2)


def test_a_sequential_whose_layers_do_not_fit_its_input_is_told():
    def add_rows(x):
        _, rows = x.shape
        return x + rows

    model = keras.Sequential([keras.Input((2, 3)), keras.layers.Lambda(add_rows)])
    with pytest.raises(Advice, match="cannot be joined"):
        require.model(model, (2,), (2,))


@pytest.mark.parametrize(
    "code", ["def loss(x, y):\n    open('x')\n    return 1.0", "def loss(x, y):\n    import os\n    return os.sep"]
)
def test_code_that_touches_the_outside_is_not_run_again(code):
    space, runs = {}, []
    run_cell(code.replace("    ", "    runs.append(1)\n    ", 1), space | {"runs": runs}, "outside")
    space = {"runs": runs}
    run_cell(code.replace("def loss(x, y):\n", "def loss(x, y):\n    runs.append(1)\n"), space, "outside")
    judge(mean_of_squares, space["loss"])
    before = len(runs)
    judge(mean_of_squares, space["loss"], solution=SOLUTION)
    assert len(runs) == 2 * before


KINDS = [
    ("a + b", "a - b", Kind.OPERATOR),
    ("a - b", "b - a", Kind.ORDER),
    ("a < b", "a <= b", Kind.COMPARISON),
    ("2", "3", Kind.NUMBER),
    ("0.9", "beta", Kind.NUMBER),
    ("-2", "1", Kind.NUMBER),
    ("None", "a", Kind.PART),
    ("True", "False", Kind.PART),
    ("a", "b", Kind.NAME),
    ("-a", "a", Kind.SIGN),
    ("a", "-a", Kind.SIGN),
    ("f(a)", "a", Kind.TOO_MUCH),
    ("a", "f(a)", Kind.MISSING),
    ("f(a)", "g(a)", Kind.FUNCTION),
    ("f(a, b)", "f(b, a)", Kind.ORDER),
    ("f(a, axis=0)", "f(a, axis=1)", Kind.AXIS),
    ("f(a)", "f(a, axis=1)", Kind.AXIS),
    ("f(a, axis=0)", "f(b, axis=1)", Kind.ARGUMENTS),
    ("f(a, training=False)", "f(a, training=True)", Kind.ARGUMENTS),
    ("a[0]", "a[1]", Kind.INDEX),
    ("'relu'", "'tanh'", Kind.TEXT),
    ("(a, b)", "(b, a)", Kind.ORDER),
    ("[a, b]", "(a, b)", Kind.BRACKETS),
    ("a * b + 1 - c * d", "a * b + (1 - c) * d", Kind.BRACKETS),
    ("(1 - a) ** t", "1 - a**t", Kind.BRACKETS),
    ("f(a) + b", "f(a + b)", Kind.BRACKETS),
    ("f(a + b)", "f(a) + b", Kind.BRACKETS),
    ("[a, c]", "[a, b, c]", Kind.MISSING),
    ("[a, b, b, c]", "[b, c]", Kind.TOO_MUCH),
    ("[a, b]", "[c, d, e]", Kind.PART),
]


@pytest.mark.parametrize(("old", "new", "kind"), KINDS, ids=[f"{old} for {new}" for old, new, _ in KINDS])
def test_the_kind_of_a_fault(old, new, kind):
    assert kind_of(*(ast.parse(code, mode="eval").body for code in (old, new))) is kind


def test_what_is_made_and_not_kept_is_told():
    old, new = (ast.parse(code).body[0] for code in ("f(a)", "found.append(f(a))"))
    assert kind_of(old, new) is Kind.GOES_NOWHERE
    cell = ast.parse("def made(n):\n    found = []\n    f(n)\n    found.extend(n)\n    return found")
    made = [ast.unparse(put(cell, path, new)) for path, new in repairs(cell)]
    assert any("found.append(f(n))" in code for code in made) and any("found.append(n)" in code for code in made)


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("w - step", "w = w - step", Kind.GOES_NOWHERE),
        ("np.sum(x)", "total = np.sum(x, axis=0)", Kind.GOES_NOWHERE),
        ("print(a * b)", "return a * b", Kind.GOES_NOWHERE),
        ("config.add('units', n)", "config['units'] = n", Kind.LINE),
        ("w.assign_sub(step)", "w = w - step", Kind.LINE),
        ("history[i] = step()", "history.append(step())", Kind.LINE),
        ("history = history.append(step())", "history.append(step())", Kind.ASSIGNMENT),
        ("w.data -= rate * g", "w.assign_sub(rate * g)", Kind.LINE),
        ("patience -= 1", "wait = 0", Kind.LINE),
    ],
)
def test_a_line_is_not_blamed_for_what_would_not_mend_it(old, new, kind):
    """To keep what `add` gives would not help, nor would another `=`."""
    assert kind_of(ast.parse(old).body[0], ast.parse(new).body[0]) is kind


def test_the_item_that_is_too_much_is_named():
    old, new = (ast.parse(code, mode="eval").body for code in ("[a, b, c]", "[a, c]"))
    assert ast.unparse(one_too_many(old, new)) == "b"
    assert one_too_many(new, old) is None and one_too_many(old, ast.parse("f(a)", mode="eval").body) is None


def test_the_number_that_an_exercise_asks_for_is_never_shown():
    number = Exercise("9.2", "A number", right=0.123456, observe=lambda answer: answer, atol=1e-7)
    for answer in (0.5, 0.1235, 0.12349, 12.3456, np.ones(2)):
        advice = judge(number, answer).advice
        assert advice and "0.123456" not in advice, advice


def test_a_search_changes_nothing_in_the_notebook_and_runs_no_more_of_the_cell_than_its_definitions():
    numbers, trained = np.ones(3), []
    space = {"np": np, "numbers": numbers, "trained": trained}
    cell = "factor = 2.0\nnumbers += 1\nnumbers[0] = 9\ntrained.append(1)\n" + SOLUTION.replace("x - y", "factor * x - y")
    run_cell(cell, space, "a cell that does more")
    before = numbers.copy()
    assert "Line" in judge(mean_of_squares, space["loss"], solution=SOLUTION).advice
    assert np.array_equal(numbers, before) and trained == [1]


def test_a_search_that_fails_leaves_the_verdict_as_it_is(monkeypatch):
    space = {"np": np}
    run_cell(SOLUTION.replace("x - y", "x + y"), space, "a failing search")
    monkeypatch.setattr(search, "find", lambda *args, **options: 1 / 0)
    outcome, _, advice = judge(mean_of_squares, space["loss"], solution=SOLUTION)
    assert outcome is Outcome.WRONG and "expected" in advice


def test_an_answer_does_not_wait_while_the_whole_process_is_held_up(monkeypatch):
    watch, now = limits._Watch(10, False, 5.0), time.monotonic()
    monkeypatch.setattr(limits.time, "monotonic", lambda: now + 1000)
    assert not watch.is_idle()
    for seconds in range(1001, 1010):
        monkeypatch.setattr(limits.time, "monotonic", lambda seconds=seconds: now + seconds)
        if watch.is_idle():
            break
    assert seconds == 1005
