"""
What an exercise is, and how an answer to it is judged.

An exercise is a table of answers: one that is right, and the mistakes that students make, each with the sentence that
helps. A check puts the student's answer to work on inputs and compares what it gives with what the right answer gives.
Where they differ, the mistake that gives what the student's answer gives is the diagnosis.
"""

import ast
import functools
import inspect
import linecache
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

from utils import diagnosis, running
from utils.advice import Advice
from utils.running import tf

SECONDS = 10.0  # an answer that runs for longer is stopped

A_LETTER = 'The answer is a letter in quotes, such as "a".'
CHANGED_INPUT = (
    "But your code changes its inputs: the caller's numbers are different afterwards. Work on something new instead of "
    "assigning into what came in."
)


def call(answer: Callable[..., Any], *args: Any) -> Any:
    """Observe a function: what it returns for the inputs."""
    return answer(*args)


def value(answer: Any) -> Any:
    """Observe a value: the answer itself."""
    return answer


def choice(answer: Any) -> Any:
    """Observe the letter that was chosen: "c", however it is written."""
    return answer.strip(" ().").lower() if isinstance(answer, str) else answer


def no_inputs(rng: np.random.Generator) -> list[tuple]:
    """The inputs of an exercise whose answer is a value: one case, with no arguments."""
    return [()]


Inputs = Callable[[np.random.Generator], Iterable[tuple]]


@dataclass(frozen=True)
class Mistake:
    """
    A wrong answer that students give, and the sentence that helps.

    answer: the mistake as code; one fault, else right.
    advice: the reason and the way, not the answer; may name what was observed as `{seen}`.
    part: which of the exercise's parts it belongs to, where there are parts.
    when: recognizes the mistake by what was observed with one of the inputs; without it, the mistake is recognized by giving the
        same as `answer` with all of them.
    untouched: whether the student's cell starts out with this mistake, for them to mend.
    """

    answer: Any
    advice: str
    part: str | None = None
    when: Callable[[Any], bool] | None = None
    untouched: bool = False


@dataclass(frozen=True)
class Exercise:
    """
    What an exercise asks, what is right, and what is wrong and why.

    right: a right answer, independent of the notebook's solution. With `parts`, a tuple of one answer for each part.
    inputs: from a NumPy random generator to argument tuples; first the example that the text prints. With `parts`, one for all
        of them, or a tuple of one for each.
    observe: puts an answer to work on one argument tuple; what it returns is compared. Advice that it raises is shown.
    accept: decides by what was observed, for exercises that have many right answers; else it must equal that of `right`.
    also_right: other answers that must pass.
    explain: says in words how what was observed differs from what is due: explain(seen, due, *args); for observations that the
        general diagnosis, made for numbers and shapes, would not explain. Where it gives nothing, that has the word.
    outputs: the names of what a function returns, where it returns several values.
    row_for_vector: whether a row, shape (1, n), may stand for a vector, shape (n,).
    atol: how far a number may be off, beside a relative 1e-4.
    seconds: how long judging may take on two cores, as a median over the table; layers, models and training take longer.
    equivalent: mutants of the solution that are right too: the changed line, and why.
    same_answer_as: the number of the exercise in whose cell the answer stands, where several are judged on one.
    open: why mutants of the solution tell nothing about the check, where the answer is a design whose result is measured.
    """

    number: str
    title: str
    right: Any
    inputs: Inputs | tuple[Inputs, ...] = no_inputs
    observe: Callable[..., Any] = call
    accept: Callable[[Any], bool] | None = None
    explain: Callable[..., str] | None = None
    parts: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    row_for_vector: bool = False
    atol: float = diagnosis.ATOL
    seconds: float = 0.3
    mistakes: Sequence[Mistake] = ()
    hints: Sequence[str] = ()
    also_right: Sequence[Any] = ()
    equivalent: Mapping[str, str] = field(default_factory=dict)
    same_answer_as: str = ""
    open: str = ""

    def split(self) -> list["Exercise"]:
        """One exercise for each part; the exercise itself where it has none."""
        if not self.parts:
            return [self]
        inputs = self.inputs if isinstance(self.inputs, tuple) else (self.inputs,) * len(self.parts)
        return [
            replace(
                self,
                title=f"{self.title}, {part}",
                right=right,
                inputs=inputs_of_part,
                parts=(),
                mistakes=[mistake for mistake in self.mistakes if mistake.part == part],
            )
            for part, right, inputs_of_part in zip(self.parts, self.right, inputs, strict=True)
        ]


def is_seen(*faults: Any) -> Callable[[Any], bool]:
    """Recognizes a mistake, as its `when`, by a fault that `observe` gives."""
    return lambda seen: seen in faults


class Outcome(Enum):
    """How a check can end. None of the five is ever reported as another."""

    RIGHT = "right"
    WRONG = "wrong"
    NOT_DONE = "not done yet"
    ERROR = "an error in the answer's code"
    FAULT = "a fault of the checker"


class Verdict(NamedTuple):
    """The outcome of a check, the title of what it judged, and what to tell the student."""

    outcome: Outcome
    title: str
    advice: str = ""


class CheckFailed(Advice):
    """Raised by a check that did not end in RIGHT; shown as its advice alone."""

    def __init__(self, message: str, outcome: Outcome):
        super().__init__(message)
        self.outcome = outcome


def judge(exercise: Exercise, *answers: Any, rng: np.random.Generator | None = None, seconds: float = SECONDS) -> Verdict:
    """
    Judge the answers to an exercise (one for each part): the first part that is not right decides.

    rng: where fresh inputs come from; a new one each time unless given.
    seconds: how long the answer may run.
    """
    rng = rng or np.random.default_rng()
    verdict = Verdict(Outcome.RIGHT, exercise.title)
    for part, answer in zip(exercise.split(), answers, strict=True):
        try:
            with running.quiet() as printed:
                outcome, advice = _judge(part, answer, rng, seconds)
        except Exception as fault:
            return Verdict(Outcome.FAULT, part.title, f"{type(fault).__name__}: {fault}")
        if outcome is not Outcome.RIGHT:
            if outcome in (Outcome.WRONG, Outcome.ERROR) and (text := printed.getvalue().strip()):
                advice += "\nIt printed:  " + "\n             ".join(text.splitlines()[:5])[:400]
            return Verdict(outcome, part.title, advice)
    return verdict


class _Seen(NamedTuple):
    """What was observed of one answer on one input: values, or what is unfit about them, or an error."""

    raw: Any = None
    values: tuple[np.ndarray, ...] = ()
    unfit: str = ""
    error: BaseException | None = None
    changed_input: bool = False


def _judge(exercise: Exercise, answer: Any, rng: np.random.Generator, seconds: float) -> tuple[Outcome, str]:
    if answer is Ellipsis or (isinstance(answer, (tuple, list)) and any(item is Ellipsis for item in answer)):
        return Outcome.NOT_DONE, "The answer is still the placeholder `...`."
    if advice := _misplaced(exercise, answer):
        return Outcome.WRONG, advice
    inputs = list(exercise.inputs(rng))
    if exercise.observe is call and (advice := _signature(answer, exercise.right, inputs[0])):
        return Outcome.WRONG, advice
    try:
        with running.time_limit(seconds):
            got = _observe_all(exercise, answer, inputs)
            if any(seen.error for seen in got) and (tensors := _as_tensors(inputs)):
                on_tensors = _observe_all(exercise, answer, tensors)  # an answer may take tensors only
                got = got if any(seen.error for seen in on_tensors) else on_tensors
    except running.TimeUp:
        return Outcome.ERROR, f"Your code was still running after {seconds:g} s and was stopped. Look for a loop that never ends."
    bad = [args for args, seen in zip(inputs, got, strict=True) if seen.error or seen.unfit]
    if bad and (waiting := _placeholder(answer, got)):
        return Outcome.NOT_DONE, waiting
    # What is due; where the answer is unfit, whether the checker fails; and where `accept` decides, nothing: it may take long.
    want = _observe_all(exercise, exercise.right, bad[:1] or ([] if exercise.accept else inputs))
    if broken := [seen for seen in want if seen.error or seen.unfit]:
        raise broken[0].error or TypeError(f"the right answer: {broken[0].unfit}")
    if not bad:
        if _accepted(exercise, got, want):
            changed = any(seen.changed_input for seen in got)
            return (Outcome.WRONG, f"The result is right. {CHANGED_INPUT}") if changed else (Outcome.RIGHT, "")
        if waiting := _placeholder(answer, got):
            return Outcome.NOT_DONE, waiting
    return _explain(exercise, answer, inputs, got, want)


def _explain(exercise: Exercise, answer: Any, inputs: list[tuple], got: list[_Seen], want: list[_Seen]) -> tuple[Outcome, str]:
    """Why an answer that is not right is not: a named mistake, its own error, or a general diagnosis."""
    stopped = next((seen.error for seen in got if seen.error), None)
    outcome = Outcome.ERROR if stopped else Outcome.WRONG
    for mistake in exercise.mistakes:
        if (seen := _recognized(exercise, mistake, inputs, got, want)) is not None:
            advice = mistake.advice.replace("{seen}", _seen_text(seen.raw))
            if mistake.untouched:
                return Outcome.NOT_DONE, advice
            return outcome, advice + (f"\n{running.describe(stopped)}" if stopped else "")
    if stopped:
        return outcome, running.describe(stopped) + _example(exercise, answer, inputs, got)
    if unfit := next((seen.unfit for seen in got if seen.unfit), ""):
        return outcome, unfit
    if any(seen.changed_input for seen in got):
        return outcome, CHANGED_INPUT
    names = _names(exercise, answer, len(inputs[0]))
    want = want or _observe_all(exercise, exercise.right, inputs)
    for args, g, w in zip(inputs, got, want, strict=True):
        if exercise.explain and not _same_values(exercise, g, w) and (text := exercise.explain(g.raw, w.raw, *args)):
            return outcome, text
    if not exercise.outputs and (seen := _tuples(got, want)):
        return outcome, f"It gives {len(seen.raw)} values, separated by commas, and one is due."
    for i, name in enumerate(exercise.outputs or ("",)):
        cases = [
            diagnosis.Case(dict(zip(names, args, strict=False)), g.values[i], w.values[i], exercise.atol)
            for args, g, w in zip(inputs, got, want, strict=True)
        ]
        if diagnosis.wrong(cases):
            return outcome, (f"Look at {name}. " if name else "") + diagnosis.diagnose(cases)
    return outcome, "That is not right yet."


def _tuples(got: list[_Seen], want: list[_Seen]) -> _Seen | None:
    """A tuple of several values where one value is due."""
    several = (g for g, w in zip(got, want, strict=True) if g.values[0].shape != w.values[0].shape)
    return next((g for g in several if isinstance(g.raw, tuple) and len(g.raw) > 1), None)


def _observe_all(exercise: Exercise, answer: Any, inputs: list[tuple]) -> list[_Seen]:
    seen = []
    for args in inputs:
        seen.append(_observe(exercise, answer, args))
        if isinstance(seen[-1].error, NotImplementedError):  # not begun: the other inputs tell no more
            return seen + [seen[-1]] * (len(inputs) - len(seen))
    return seen


def _observe(exercise: Exercise, answer: Any, args: tuple) -> _Seen:
    ran = running.run(lambda *given: exercise.observe(answer, *given), args)
    if isinstance(ran.error, Advice):
        return _Seen(unfit=str(ran.error))
    if ran.error:
        return _Seen(error=ran.error)
    raw = ran.value
    items = (raw,)
    if exercise.outputs:
        if not isinstance(raw, (tuple, list)) or len(raw) != len(exercise.outputs):
            names = " and ".join(exercise.outputs)
            unfit = f"It should return {names}, in this order and nothing else."
            return _Seen(raw, unfit=unfit if raw is not None else diagnosis.unfit(raw))
        items = tuple(raw)
    text_is_due = isinstance(exercise.right, str)
    values = []
    for item in items:
        if text_is_due and not isinstance(item, (str, np.ndarray)):
            return _Seen(raw, unfit=A_LETTER)
        if not text_is_due and (unfit := diagnosis.unfit(item)):
            return _Seen(raw, unfit=unfit)
        try:
            array = diagnosis.to_array(item)
        except Exception:
            return _Seen(raw, unfit=f"It gives a {type(item).__name__} that cannot be read as numbers in rows of equal length.")
        if (array.dtype.kind == "U") != text_is_due:
            return _Seen(raw, unfit=A_LETTER if text_is_due else "It holds text where numbers are due.")
        if exercise.row_for_vector and array.ndim == 2 and len(array) == 1:
            array = array[0]
        values.append(array)
    return _Seen(raw, tuple(values), changed_input=ran.changed_input)


def _accepted(exercise: Exercise, got: list[_Seen], want: list[_Seen]) -> bool:
    if exercise.accept:
        return all(exercise.accept(seen.raw) for seen in got)
    return all(_same_values(exercise, g, w) for g, w in zip(got, want, strict=True))


def _same_values(exercise: Exercise, a: _Seen, b: _Seen) -> bool:
    return all(diagnosis.close(x, y, exercise.atol) for x, y in zip(a.values, b.values, strict=True))


def _recognized(exercise: Exercise, mistake: Mistake, inputs: list[tuple], got: list[_Seen], want: list[_Seen]) -> _Seen | None:
    """What was observed that shows this mistake; None where the student's answer does not make it."""
    if mistake.when:
        return next((seen for seen in _not_right(exercise, got, want) if seen.raw is not None and mistake.when(seen.raw)), None)
    stops = []
    for args, a in zip(inputs, got, strict=True):
        b = _observe(exercise, mistake.answer, args)
        if bool(a.error) != bool(b.error) or a.unfit != b.unfit:
            return None
        if not a.error and not a.unfit and not _same_values(exercise, a, b):
            return None
        stops.append((a.error, b.error))
    return got[0] if all(_same_error(a, b) for a, b in stops if a) else None


def _not_right(exercise: Exercise, got: list[_Seen], want: list[_Seen]) -> list[_Seen]:
    """What is not right in what was observed, unless the answer stopped with an error."""
    if any(seen.error for seen in got):
        return []
    if unfit := [seen for seen in got if seen.unfit]:
        return unfit
    if exercise.accept:
        return [seen for seen in got if not exercise.accept(seen.raw)]
    return [g for g, w in zip(got, want, strict=True) if not _same_values(exercise, g, w)]


def _same_error(a: BaseException, b: BaseException) -> bool:
    """Whether two errors tell the same, apart from the numbers that Keras gives to layers and models, and from where it was."""
    told = [running.words(error) if str(error).startswith("in user code:") else str(error) for error in (a, b)]
    return type(a) is type(b) and len({re.sub(r"_\d+|0x[\da-f]+|; NodeDef.*", "", text, flags=re.DOTALL) for text in told}) == 1


def _seen_text(raw: Any) -> str:
    return f"{raw:.2%}" if type(raw) is float and 0 <= raw <= 1 else str(raw)


def _example(exercise: Exercise, answer: Any, inputs: list[tuple], got: list[_Seen]) -> str:
    """The input with which an answer stopped, unless it stops with every one."""
    failed = next(args for args, seen in zip(inputs, got, strict=True) if seen.error)
    if all(seen.error for seen in got) or not failed:
        return ""
    names = _names(exercise, answer, len(failed))
    return f"\nThe inputs were {diagnosis.show_inputs(dict(zip(names, failed, strict=True)))}."


def _names(exercise: Exercise, answer: Any, count: int) -> list[str]:
    """What the inputs are called: by the answer's own parameters, or by those of what puts it to work."""
    if exercise.observe is call or not count:
        return diagnosis.argument_names([answer, exercise.right], count)
    observe = functools.partial(exercise.observe, answer)
    return diagnosis.argument_names([observe, answer, exercise.right], count)


def _as_tensors(inputs: list[tuple]) -> list[tuple]:
    """The same inputs with tensors for NumPy's arrays and numbers; nothing where there are none."""
    numpy_types = (np.ndarray, np.generic)
    if not any(isinstance(item, numpy_types) for args in inputs for item in args):
        return []
    return [tuple(tf.constant(item) if isinstance(item, numpy_types) else item for item in args) for args in inputs]


def _misplaced(exercise: Exercise, answer: Any) -> str | None:
    """What is given where something of another kind is due: a class for an instance, a result for its function, …."""
    right, name = exercise.right, getattr(answer, "__name__", "it")
    if answer is None:
        return "The answer given to check is None: a cell that sets it was not run, or a function has no `return`."
    if inspect.isclass(right) != inspect.isclass(answer):
        if inspect.isclass(right):
            return f"Give check the class itself, without brackets: not an instance of it, nor a {type(answer).__name__}."
        due = (
            "an instance made from it"
            if not inspect.isroutine(right) and callable(right)
            else ("a function" if callable(right) else "a value")
        )
        return f"`{name}` is a class, and {due} is due here."
    if inspect.isfunction(right) and isinstance(answer, tf.keras.Model):
        return "This is a model, and the function is due that makes it, so that it can be made anew: its name, with no brackets."
    if isinstance(right, tf.keras.Model) and (inspect.isroutine(answer) or not callable(answer)):
        return f"A Keras model is due here, and this is of type {type(answer).__name__}."
    if callable(right) and not callable(answer):
        return (
            f"Give check the function itself, not what it returns: its name with no brackets after it. "
            f"This is a {type(answer).__name__}."
        )
    if not callable(right) and inspect.isroutine(answer):
        return f"`{name}` is a function, and a value is due here: call it with brackets, or give the name of the result."
    return None


def _signature(answer: Callable[..., Any], right: Callable[..., Any], args: tuple) -> str | None:
    """What is wrong with a function's parameters, if the right one takes the inputs as its arguments and it does not."""
    if not inspect.isfunction(right) or not _takes(right, args) or _takes(answer, args):
        return None
    due = ", ".join(diagnosis.argument_names([right], len(args)))
    takes = inspect.signature(answer)
    return f"The function takes {takes}, and it is called with ({due}). Keep the first line of the cell as it was."


def _takes(function: Callable[..., Any], args: tuple) -> bool:
    """Whether a function takes these arguments, or does not tell."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*args)
    except TypeError:
        return False
    return True


def _placeholder(answer: Any, got: list[_Seen]) -> str | None:
    """Where an answer waits for the student: a `...` or NotImplementedError still in it. None when it is complete."""
    for seen in got:
        items = seen.raw if isinstance(seen.raw, (tuple, list)) else [seen.raw]
        if any(item is Ellipsis for item in items):
            return _todo(answer) or "It still gives the placeholder `...`."
        frames = running.student_frames(seen.error) if seen.error else []
        if isinstance(seen.error, NotImplementedError) and running.raised_by_student(seen.error):
            return _todo(answer) or "It still raises NotImplementedError."
        waiting = [name for frame, _ in frames for name, item in frame.f_locals.items() if item is Ellipsis]
        if waiting:
            return _todo(answer) or f"`{waiting[0]}` is still the placeholder `...`."
    return _todo(answer)


def _todo(answer: Any) -> str | None:
    """The first statement of an answer's source that is a bare `...` or NotImplementedError, by its TODO comment."""
    name = getattr(answer, "__name__", None)
    methods = filter(inspect.isfunction, vars(answer).values()) if inspect.isclass(answer) else iter([inspect.unwrap(answer)])
    code = getattr(next(methods, None), "__code__", None)
    lines = linecache.getlines(code.co_filename) if code else []
    definitions = [node for node in _definitions("".join(lines)) if node.name == name]
    for node in (inner for definition in definitions for inner in ast.walk(definition)):
        if not _is_placeholder(node):
            continue
        near = " ".join(lines[max(node.lineno - 2, 0) : node.lineno])
        todo = re.search(r"# *TODO:? *(.*)", lines[node.lineno - 1]) or re.search(r"# *TODO:? *(.*)", near)
        return f"Line {node.lineno} of the cell waits for your code" + (f":  {todo[1].strip()}" if todo and todo[1] else ".")
    return None


@functools.lru_cache(maxsize=1)  # the tests judge many answers that stand in one file
def _definitions(text: str) -> list[ast.FunctionDef | ast.ClassDef]:
    """The functions and classes that are defined in a source; none where it cannot be parsed."""
    try:
        return [node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    except SyntaxError:
        return []


def _is_placeholder(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise):
        return "NotImplementedError" in ast.unparse(node)
    if not isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Expr)):
        return False
    parts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
    return any(isinstance(part, ast.Constant) and part.value is Ellipsis for part in parts)
