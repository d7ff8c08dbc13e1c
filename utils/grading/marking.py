"""Marks one submission: has its answers judged in a process of its own, and asks for proof of what that claims."""

import ast
import random
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from utils import exercises
from utils.checking import Exercise, Outcome, chance, sandbox
from utils.checking.exercise import Table
from utils.checking.observation import Cases, is_right
from utils.grading import inside, wire
from utils.grading.answers import CHECK, Answers, Step, course, names_in, program, without_magics
from utils.grading.student import Ended, Student
from utils.grading.tricks import tricks

TRAINS = 2.0  # seconds: an exercise that may take as long trains a network, and chance has a part in its verdict
CANARIES = 2


@dataclass
class Mark:
    """
    What became of one exercise of one student.

    advice: what the check says.  mistake: what the exercise's table says of the mistake that was recognized, if one was.
    hints: those of the course that speak of it.  proved: whether the results were compared outside the student's process.
    flags: what a teacher should look at.  follows: earlier exercises with whose right answers this one would be right.
    """

    number: str
    title: str
    worth: float
    code: str
    outcome: str = ""
    advice: str = ""
    mistake: str = ""
    hints: list[str] = field(default_factory=list)
    proved: bool = False
    flags: list[str] = field(default_factory=list)
    follows: list[str] = field(default_factory=list)

    @property
    def points(self) -> float:
        """What it scores."""
        return self.worth if self.outcome == Outcome.RIGHT.value else 0


@dataclass
class Marking:
    """All marks of one submission, and what its process needed."""

    marks: list[Mark]
    flags: list[str]
    memory: int = 0
    shut_in: dict[str, bool] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)


def mark(answers: Answers, pristine: Path) -> Marking:
    """Mark the answers of one notebook.  pristine: a folder with the course's copy for students."""
    marker = _Marker(answers, pristine)
    marker.run()
    marker.find_followers()
    return Marking([marker.marks[number] for number in course(answers.lab).points], marker.flags, marker.memory, marker.shut_in)


class _Marker:
    """Goes through the steps of a notebook; after the end of a process, once more without the step that ended it."""

    def __init__(self, answers: Answers, pristine: Path):
        self._answers, self._pristine = answers, pristine
        self._steps = program(answers)
        self._student: Student | None = None
        known = exercises.of_lab(answers.lab)
        self._table = known
        self.marks = {
            number: Mark(number, known[number].title, worth, answers.text(known[number].same_answer_as or number))
            for number, worth in course(answers.lab).points.items()
        }
        own = "\n".join(each.text for each in answers.own)
        lab = "\n".join(step.text for step in course(answers.lab).steps)
        self.flags = [f"its own cells use {name}" for name in tricks(own, lab)]
        for number, each in self.marks.items():
            allowed = f"{lab}\n{exercises.as_written(known[number].same_answer_as or number)}"
            each.flags += [f"uses {name}" for name in tricks(each.code, allowed)]
        self.memory, self.shut_in = 0, {}

    def find_followers(self) -> None:
        """Find what is only wrong because an earlier answer is, by judging it with the course's answers in the place of those."""
        wrong = [n for n, each in self.marks.items() if each.points == 0 and n in self._answers.cells]
        names = {number: _names(self._answers.text(number)) for number in wrong}
        built_on = {n: [e for e in wrong[:i] if names[n][0] & _names(exercises.as_written(e))[1]] for i, n in enumerate(wrong)}
        followers = [
            n for n in wrong if built_on[n] and self.marks[n].outcome != Outcome.NOT_DONE.value and not self.marks[n].flags
        ]
        if not followers:
            return
        mended = {number: [exercises.as_written(number)] for number in wrong if number not in followers}
        again = _Marker(replace(self._answers, cells={**self._answers.cells, **mended}), self._pristine)
        for number, each in again.marks.items():
            each.outcome = "" if number in followers else self.marks[number].outcome  # what has an outcome is not judged
        again.run()
        for number in followers:
            if again.marks[number].points:
                self.marks[number].follows = built_on[number]

    def end(self) -> None:
        if self._student:
            self.memory = max(self.memory, self._student.memory)
            self._student.end()
            self._student = None

    def run(self) -> None:
        skipped: set[int] = set()
        for _ in range(len(self._steps) + 1):
            position = self._run_all(skipped)
            if position is None:
                return
            skipped.add(position)

    def _run_all(self, skipped: set[int]) -> int | None:
        """Run the steps, and judge what is not judged yet; the position of the step that ended the process, if one did."""
        position = -1
        try:
            self._student = Student(self._pristine)
            self.shut_in = self._student.shut_in
            for position, step in enumerate(self._steps):
                if position not in skipped:
                    self._take(step, position)
            self._compare_fingerprints()
        except Ended as ended:
            again = 0 <= position not in skipped
            step = self._steps[position]
            for each in self.marks.values():
                of_this = step.exercise in (each.number, self._table[each.number].same_answer_as)
                if not each.outcome and (of_this or not again):
                    each.outcome, each.advice = Outcome.ERROR.value, str(ended)
            return position if again else None
        finally:
            self.end()
        return None

    def _take(self, step: Step, position: int) -> None:
        if step.kind != "check":
            seconds = 2 * inside.seconds_of(step.exercise)  # it ends by itself before, if it can
            self._student.ask("run", seconds, code=step.text, exercise=step.exercise, cell=position)
        elif not self.marks[step.exercise].outcome:
            self._judge(self._table[step.exercise], _arguments(step.text))

    def _judge(self, exercise: Exercise, arguments: str) -> None:
        each = self.marks[exercise.number]
        request = {"exercise": exercise.number, "answered_in": exercise.same_answer_as or exercise.number, "arguments": arguments}
        verdict = self._student.ask("judge", **request, seed=f"{exercise.number} 0")
        if verdict["outcome"] == Outcome.WRONG.value and exercise.seconds >= TRAINS:
            again = [self._student.ask("judge", **request, seed=f"{exercise.number} {i}", again=True) for i in (1, 2)]
            if all(other["outcome"] == Outcome.RIGHT.value for other in again):  # two starts of three decide
                verdict = again[0]
        outcome = verdict["outcome"]
        if outcome == Outcome.RIGHT.value:
            outcome = self._confirmed(exercise, each)
        each.outcome, each.advice = outcome, verdict["advice"] if outcome == verdict["outcome"] else ""
        each.mistake = mistake_of(exercise, each.advice)
        each.hints = hints_on(exercise, each.advice) if outcome != Outcome.RIGHT.value else []

    def _confirmed(self, exercise: Exercise, each: Mark) -> str:
        """The outcome after proof was asked for, or after listed mistakes were judged among the answers."""
        plain = plain_parts(exercise.number)
        each.proved = all(plain)
        if not proof(exercise, self._student):
            each.flags.append("its results are not right when they are compared outside of its process")
            return Outcome.WRONG.value
        if not all(plain) and Outcome.RIGHT.value in [self._student.ask("canary", **canary) for canary in canaries(exercise)]:
            each.flags.append("its process passes wrong answers")
            return Outcome.WRONG.value
        return Outcome.RIGHT.value

    def _compare_fingerprints(self) -> None:
        theirs, ours = self._student.ask("fingerprint"), inside.fingerprint()
        self.flags += [f"exchanged something in {name}" for name in ours if name in theirs and theirs[name] != ours[name]]


def _names(code: str) -> tuple[set[str], set[str]]:
    """The names that code uses and defines; none where it is no Python."""
    try:
        return names_in(without_magics(code))
    except SyntaxError:
        return set(), set()


def _arguments(check: str) -> str:
    """What the course's check hands over, after the number, as code."""
    call = next(node for node in ast.walk(ast.parse(check)) if isinstance(node, ast.Call) and CHECK.match(ast.unparse(node)))
    return ", ".join(ast.unparse(argument) for argument in call.args[1:])


def hints_on(exercise: Exercise, advice: str) -> list[str]:
    """The hints of the course that speak of what the advice speaks of: they share two words of five letters or more with it."""
    words = set(re.findall(r"\w{5,}", advice.lower()))
    return [hint for hint in exercise.hints if len(words & set(re.findall(r"\w{5,}", hint.lower()))) >= 2]


def mistake_of(exercise: Exercise, advice: str) -> str:
    """The sentence of the exercise's tables that this advice has; nothing where there is none."""
    sentences = [mistake.sentence for table in exercise.tables for mistake in table.mistakes]
    patterns = {sentence: re.escape(sentence).replace(r"\{seen\}", ".*?") for sentence in sentences}
    return max((s for s, pattern in patterns.items() if re.search(pattern, advice, re.DOTALL)), key=len, default="")


def canaries(exercise: Exercise) -> list[dict[str, Any]]:
    """Mistakes of the exercise to be judged among the answers, the same for each submission."""
    rng = random.Random(f"canaries of {exercise.number}")
    known = [
        (part, i) for part, table in enumerate(exercise.tables) for i, each in enumerate(table.mistakes) if not each.untouched
    ]
    chosen = rng.sample(known, min(CANARIES, len(known)))
    seed = f"{exercise.number} canary"
    return [{"exercise": exercise.number, "part": part, "mistake": i, "seed": seed} for part, i in chosen]


def proof(exercise: Exercise, student: Student) -> bool:
    """Whether the results of all plain answers, computed in the student's process, are right as this process compares them."""
    plain = plain_parts(exercise.number)
    with chance.seeded(f"proof of {exercise.number}"), sandbox.quiet():
        for part, table in [(part, table) for part, table in enumerate(exercise.tables) if plain[part]]:
            cases = Cases(table, chance.generator())
            asked = {"exercise": exercise.number, "part": part}
            answer = (
                _call_outside(student, asked) if callable(_a_right_answer(table)) else student.ask("value", **asked)["result"]
            )
            if not is_right(cases, cases.observe(answer)):
                return False
    return True


def _call_outside(student: Student, asked: dict[str, Any]) -> Callable[..., Any]:
    def answer(*args: Any, **kwargs: Any) -> Any:
        wire.dumps([args, kwargs])
        reply = student.ask("call", **asked, args=args, kwargs=kwargs)
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply["result"]

    return answer


@cache
def plain_parts(number: str) -> list[bool]:
    """For each answer to an exercise, whether it is a value, or a function that takes and returns numbers, text and arrays."""
    with chance.seeded(number), sandbox.quiet():
        return list(map(_is_plain, exercises.find(number).tables))


def _is_plain(table: Table) -> bool:
    right = _a_right_answer(table)

    def recorded(*args: Any, **kwargs: Any) -> Any:
        wire.dumps([args, kwargs])
        return wire.loads(wire.dumps(right(*args, **kwargs)))

    try:
        cases = Cases(table, chance.generator())
        return is_right(cases, cases.observe(recorded if callable(right) else wire.loads(wire.dumps(right))))
    except Exception:
        return False


def _a_right_answer(table: Table) -> Any:
    return table.right if table.right is not None else next(iter(table.also_right), None)
