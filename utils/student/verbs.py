"""The four verbs of a student: check an answer, take a hint, see the solution, look at the progress."""

import json
from html import escape
from typing import Any

from IPython import get_ipython
from IPython.display import Code, display

from utils import exercises
from utils.advice import Advice, say
from utils.checking import Exercise, Outcome, judge
from utils.course import solution_notebook
from utils.student import missing_names, progress_file

_MARKS = {Outcome.RIGHT: "✓", Outcome.WRONG: "✗", Outcome.NOT_DONE: "○", Outcome.ERROR: "✗", Outcome.CHECKER_FAILED: "?"}


class CheckFailed(Advice):
    """Raised by a check whose answer is not right; shown as its advice alone."""

    def __init__(self, message: str, outcome: Outcome):
        super().__init__(message)
        self.outcome = outcome


def check(number: str | None = None, *answers: Any) -> None:
    """
    Check the answer to an exercise: `check("1.4", perceptron)`.

    Prints one line when it is right. Else raises CheckFailed, which shows what is wrong and how to go on.
    """
    exercise = _find("check", number, example=", perceptron")
    names = [part.name for part in exercise.parts] or ["your answer"]
    if len(answers) != len(names):
        raise Advice(
            f'check("{exercise.number}", …) takes {len(names)} answer{"s" * (len(names) > 1)} after the number: '
            f"{', '.join(names)}. You gave {len(answers) or 'none'}."
        ) from None
    try:
        outcome, title, advice = judge(exercise, *answers, solution=exercises.as_written(exercise.number))
    except KeyboardInterrupt:
        raise Advice("The check was interrupted. Nothing is lost: run the cell again when you like.") from None
    state = _state(exercise)
    if outcome in (Outcome.RIGHT, Outcome.WRONG, Outcome.ERROR):
        passed = state.passed or outcome is Outcome.RIGHT
        progress_file.update(exercise.number, tries=state.tries + 1, passed=passed)
    if outcome is Outcome.RIGHT:
        print(f"✓ {exercise.number} {title}")
        return
    raise CheckFailed(_message(exercise, outcome, title, advice), outcome) from None


def _message(exercise: Exercise, outcome: Outcome, title: str, advice: str) -> str:
    lead = f"{_MARKS[outcome]} {exercise.number} {title}"
    if outcome is Outcome.NOT_DONE:
        return f"{lead}: not done yet.\n{advice}"
    if outcome is Outcome.CHECKER_FAILED:
        return (
            f"{lead}: the checker itself failed, so it cannot say whether your answer is right.\n"
            f"Please report this line to your teacher: exercise {exercise.number}, {advice}"
        )
    return f"{lead}: {'an error in your code' if outcome is Outcome.ERROR else 'not right yet'}.\n{advice}"


def hint(number: str | None = None) -> None:
    """Give the next hint to an exercise: `hint("1.4")`. Each call tells a little more, until there are no more."""
    exercise = _find("hint", number)
    seen, total = _state(exercise).hints, len(exercise.hints)
    if seen >= total:
        say(
            f"There are no more hints for {exercise.number}. The last one was:\n{exercise.hints[-1]}\n"
            f'The answer: solution("{exercise.number}")'
        )
        return
    progress_file.update(exercise.number, hints=seen + 1)
    say(f"Hint {seen + 1} of {total} for {exercise.number}: {exercise.hints[seen]}")


def solution(number: str | None = None) -> None:
    """
    Show the answer to an exercise as the author wrote it: `solution("1.4")`.

    Before the exercise is passed, the first call only says how many hints are left; the second one shows the answer.
    """
    exercise = _find("solution", number)
    state = _state(exercise)
    if not state.passed and not state.asked_for_solution:
        progress_file.update(exercise.number, asked_for_solution=True)
        left = len(exercise.hints) - state.hints
        hints = f'Hints left: {left}; hint("{exercise.number}") gives the next one. ' if left else ""
        say(f"{hints}Call solution again to see the answer to {exercise.number}.")
        return
    code = _solution_code(exercise.number)
    if not code:
        say(f"The solution of {exercise.number} comes later: it is not in this copy of the course.")
        return
    if get_ipython() is None:
        print(code)
    else:
        display(_Unbroken(code, language="python"))


def progress() -> None:
    """Show what you have done so far, lab by lab."""
    states = progress_file.load()
    rows = []
    for name in exercises.lab_names():
        numbers = exercises.outline(name)
        marks = [(number, "✓" if number in states and states[number].passed else "·") for number in numbers]
        rows.append((name, marks, sum(mark == "✓" for _, mark in marks)))
    passed, total = sum(row[2] for row in rows), sum(len(row[1]) for row in rows)
    plain = [f"{name:<24}{' '.join(mark for _, mark in marks)}  {done} of {len(marks)}" for name, marks, done in rows]
    text = "\n".join([*plain, f"{passed} of {total} exercises done"])
    if get_ipython() is None:
        print(text)
    else:
        display({"text/html": _table(rows, passed, total), "text/plain": text}, raw=True)


def _table(rows: list, passed: int, total: int) -> str:
    cell = "text-align:left;padding:2px 10px"
    body = "".join(
        f'<tr><td style="{cell}">{escape(name)}</td><td style="{cell}">'
        + " ".join(f'<span style="white-space:nowrap;margin-right:12px">{number} {mark}</span>' for number, mark in marks)
        + f'</td><td style="{cell}">{done} of {len(marks)}</td></tr>'
        for name, marks, done in rows
    )
    head = "".join(f'<th style="{cell}">{title}</th>' for title in ("Lab", "Exercises", "Done"))
    return f"<table><caption>{passed} of {total} exercises done</caption><tr>{head}</tr>{body}</table>"


class _Unbroken(Code):
    """Code in letters of one width, whose long lines scroll as they do in a cell: a page would change both."""

    def _repr_html_(self) -> str:
        style = "white-space:pre;overflow-x:auto;font-family:monospace;font-size:var(--jp-code-font-size,inherit)"
        return super()._repr_html_().replace("<pre>", f'<pre style="{style}">')


def _find(verb: str, number: Any, example: str = "") -> Exercise:
    if not isinstance(number, (str, float, int)):
        raise Advice(f'{verb} begins with the number of the exercise, in quotes: {verb}("1.4"{example}).') from None
    return exercises.find(str(number).strip())


def _state(exercise: Exercise) -> progress_file.State:
    return progress_file.load().get(exercise.number, progress_file.State())


def _solution_code(number: str) -> str:
    """The code of an exercise's answer in the executed solution, by the cell's id; nothing in a copy without solutions."""
    path = solution_notebook(exercises.lab_of(number))
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return ""
    return "".join(next(cell["source"] for cell in cells if cell["id"] == exercises.answer_cell(number)))


if (_shell := get_ipython()) is not None:
    missing_names.explain_in(_shell)
