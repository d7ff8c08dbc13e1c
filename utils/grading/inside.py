"""
What a student's process does on request: run cells, judge answers, call them.

The answers may be hostile: what is replied from here is a claim, and `marking` asks for proof of it.
"""

import ast
import hashlib
import inspect
import linecache
import sys
import types
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from multiprocessing.connection import Connection
from typing import Any

import keras

from utils import exercises
from utils.checking import Outcome, chance, errors, judge, limits, sandbox
from utils.grading import wire

SECONDS_OF_AN_ANSWER, SECONDS_OF_TRAINING = 20.0, 120.0  # of work


def serve(connection: Connection, state: dict[str, int]) -> None:
    """Answer requests until the other side has gone.  state: its number, and what it was possible to shut in."""
    notebook = Notebook()
    connection.send_bytes(wire.dumps(state))
    while True:
        try:
            request = wire.loads(connection.recv_bytes())
        except EOFError:
            return
        connection.send_bytes(wire.dumps(getattr(notebook, request.pop("do"))(**request)))


@cache
def seconds_of(exercise: str) -> float:
    """Seconds of work that a cell may do: many for one of the course, and for an answer that calls the lab's own functions."""
    if not exercise:
        return SECONDS_OF_TRAINING
    statements = ast.parse(exercises.as_written(exercise)).body
    running = [each for each in statements if not isinstance(each, ast.FunctionDef | ast.ClassDef)]
    called = [node.func for each in running for node in ast.walk(each) if isinstance(node, ast.Call)]
    return SECONDS_OF_TRAINING if any(isinstance(each, ast.Name) for each in called) else SECONDS_OF_AN_ANSWER


class Notebook:
    """A student's session: the names that their cells have defined, and the answers that they handed to checks."""

    def __init__(self):
        module = types.ModuleType("__main__")
        self.names = module.__dict__
        self.names["display"] = print  # as in a notebook, where nobody looks
        sys.modules["__main__"] = module
        self.errors: dict[str, BaseException] = {}
        self.handed_over: dict[str, tuple] = {}
        self.calls = 0
        keras.utils.set_random_seed(0)

    def run(self, code: str, exercise: str, cell: int) -> str:
        """Run a cell; how it ended, in a sentence if with an error."""
        name = f"<cell {cell}>"
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        try:
            limits.within(seconds_of(exercise), lambda: exec(compile(code, name, "exec"), self.names), everything=True)
        except limits.TimeUp as up:
            return self._stopped(exercise, up, str(up))
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return self._stopped(exercise, error, errors.describe(error))
        return ""

    def _stopped(self, exercise: str, error: BaseException, sentence: str) -> str:
        if exercise:
            self.errors[exercise] = error
        return sentence

    def judge(self, exercise: str, answered_in: str, arguments: str, seed: str, again: bool = False) -> dict[str, str]:
        """
        The verdict on the answers to an exercise.

        answered_in: the exercise in whose cell they stand.  arguments: what the check hands over, as Python code.
        again: whether those that were handed over before are judged once more, with another seed.
        """
        error = self.errors.get(answered_in)
        try:
            answers = self.handed_over[exercise] if again else eval(f"({arguments},)", self.names)
        except Exception as missing:
            error = error or missing
            if answered_in != exercise:
                return _verdict(Outcome.NOT_DONE, "", f"It is judged on the answer to {answered_in}, which is not right yet.")
            if isinstance(error, NotImplementedError):
                return _verdict(Outcome.NOT_DONE, "", "The cell still raises NotImplementedError where the answer belongs.")
            return _verdict(Outcome.ERROR, "", str(error) if isinstance(error, limits.TimeUp) else errors.describe(error))
        self.handed_over[exercise] = answers
        with chance.seeded(seed):
            found = exercises.find(exercise)
            if len(answers) != len(found.tables):
                return _verdict(Outcome.CHECKER_FAILED, "", f"the check hands over {len(answers)} answers")
            return _verdict(*judge(found, *answers, solution=exercises.as_written(exercise)))

    def canary(self, exercise: str, part: int, mistake: int, seed: str) -> str:
        """The outcome of a mistake that the course knows, judged as an answer."""
        found = exercises.find(exercise)
        answers = [table.right for table in found.tables]
        answers[part] = found.tables[part].mistakes[mistake].answer
        with chance.seeded(seed):
            return judge(found, *answers).outcome.value

    def value(self, exercise: str, part: int) -> dict[str, Any]:
        """An answer that is a value; a number of another kind, such as a fraction, as a float."""
        found = self.handed_over[exercise][part]
        try:
            wire.dumps(found)
        except wire.NotPlain:
            with suppress(Exception):
                return {"result": float(found)}
            return {"result": None}
        return {"result": found}

    def call(self, exercise: str, part: int, args: tuple, kwargs: dict) -> dict[str, Any]:
        """What an answer returns for these arguments, or the error that it stops with."""
        try:
            self.calls += 1
            with chance.seeded(f"call {self.calls}"), sandbox.quiet():
                result = limits.within(limits.SECONDS, lambda: self.handed_over[exercise][part](*args, **kwargs))
            wire.dumps(result)
        except (Exception, limits.TimeUp) as error:
            return {"error": f"{type(error).__name__}: {errors.text(error)}"}
        return {"result": result}

    def fingerprint(self) -> dict[str, str]:
        """What the functions that judge are made of; see the function."""
        return fingerprint()


def _verdict(outcome: Outcome, title: str, advice: str) -> dict[str, str]:
    return {"outcome": outcome.value, "title": title, "advice": advice}


def fingerprint() -> dict[str, str]:
    """A hash of the code of all functions that judge, by module: another process tells with it whether one was exchanged."""
    found = {}
    for name, module in sorted(sys.modules.items()):
        if name.startswith("utils.checking") or name in ("numpy", "keras.ops", "utils.exercises", __name__):
            lines = sorted(_lines(module))
            found[name] = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return found


def _lines(module: types.ModuleType) -> list[str]:
    own = module.__name__.startswith("utils")
    return [f"{name} {_code(value, own)}" for name, value in vars(module).items() if callable(value)]


def _code(value: Callable, own: bool) -> str:
    """A function's place and, of the course's own, its byte code; of a class that of its methods."""
    place = f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"
    if not own:
        return place
    functions = [f for _, f in inspect.getmembers(value, inspect.isfunction)] if inspect.isclass(value) else [value]
    codes = [inspect.unwrap(f).__code__ for f in functions if hasattr(inspect.unwrap(f), "__code__")]
    return place + "".join(code.co_code.hex() + repr(code.co_names) for code in codes)
