"""
Reasons that are found by experiments: a wrong answer is put to work on other inputs, and on the same ones again.

What they tell are facts about the answer, where a comparison of two values could only guess.
"""

import ast
import functools
import inspect
import itertools
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import numpy as np

from utils.checking import chance, interface
from utils.checking.exercise import call
from utils.checking.observation import Cases, Observation, is_right, observe, same_values
from utils.checking.trees import parsed, read_in

ENOUGH = 3  # experiments that agree, and changes of an input that are tried
FRESH_DRAWS = 4

RANDOM = "With the same inputs it gives another result each time: {cause}. The result should depend on the inputs alone."
NOTHING_COUNTS = "The result is the same whatever the inputs are. Are the arguments used, and does what they bring reach the end?"
NO_EFFECT = (
    "The result is the same whatever {names} {verb}. What comes in there has no effect: is it replaced, or lost on the way?"
)
NEVER_USED = (
    "{names} {verb} never used: the result is the same whatever comes in. Does a number, or a name of the notebook, stand "
    "in its place?"
)
NEVER_USED_FUNCTION = "{names} {verb} never used. Does something else stand in its place?"
NEIGHBORS = (
    "What it gives for an example changes with the others of the batch. Each example should be computed from its own row: "
    "along which axis do the examples run?"
)


def reason(cases: Cases, answer: Any, got: Sequence[Observation], solution: str = "") -> str:
    """What the result wrongly depends on, or does not depend on; nothing where no experiment tells, or for a value."""
    if not callable(answer):
        return ""
    if functions := _functions_not_read(cases, answer, solution):
        return _about(functions, NEVER_USED_FUNCTION)
    experiments = (_random, _unused, _as_if, _neighbors)
    return next(filter(None, (experiment(cases, answer, got) for experiment in experiments)), "")


def _numbers(each: Observation) -> bool:
    """Whether there are values, all of them finite: of what is nan everywhere, nothing has an effect."""
    if not each.comparable or each.fine:
        return False
    return all(value.dtype.kind in "biuf" and np.isfinite(value).all() for value in each.values)


def _random(cases: Cases, answer: Any, got: Sequence[Observation]) -> str:
    """Whether a second call gives another result, where that of the right answer stays the same. Models begin at random."""
    if cases.table.observe is not call:
        return ""
    for args, each in zip(cases.inputs, got, strict=True):
        if not _numbers(each):
            continue
        again, right = observe(cases.table, answer, args), [observe(cases.table, cases.table.right, args) for _ in range(2)]
        if again.comparable and all(map(_numbers, right)) and same_values(cases.table, *right):
            if not same_values(cases.table, again, each):
                text = interface.source_of(answer)
                chance = "random" in text or "shuffle" in text
                return RANDOM.format(cause="something in it is random" + ", or stays from one call to the next" * (not chance))
            return ""
    return ""


def _unused(cases: Cases, answer: Any, got: Sequence[Observation]) -> str:
    """The arguments without an effect that the code does not read."""
    read = _read(interface.source_of(answer))
    return _about(_without_effect(cases, answer, got, read), NEVER_USED) if read else ""


def _functions_not_read(cases: Cases, answer: Any, solution: str) -> list[str]:
    """The arguments that are no numbers, functions for example, and that the solution's code reads and the student's does not."""
    source = interface.source_of(answer)
    if inspect.isclass(answer) or not source or re.search(r"\b(eval|exec|locals|vars)\(", source):
        return []
    name, read = answer.__name__, _read(source)
    theirs = next((node for node in ast.walk(ast.parse(solution)) if getattr(node, "name", "") == name), None)
    if theirs is None:
        return []
    of_inputs = dict(_places(interface.names_of_inputs(cases.table, answer, len(cases.inputs[0])), cases.inputs[0]))
    numbers = [each for each, place in of_inputs.items() if not callable(_value(cases.inputs[0], place))]
    needed = _read(ast.unparse(theirs)) - read - set(numbers)
    return [each for each in inspect.signature(answer).parameters if each in needed]


def no_effect(cases: Cases, answer: Any, got: Sequence[Observation]) -> str:
    """
    The arguments without an effect, whether they are read or not.

    A fault elsewhere may keep an effect from showing, and so do results that are whole numbers, which change in jumps.
    """
    in_jumps = all(np.all(value == np.round(value)) for each in got for value in each.values)
    lost = [] if in_jumps or not callable(answer) else _without_effect(cases, answer, got)
    return NOTHING_COUNTS if len(lost) > 1 and set(lost) == interface.own_parameters(answer) else _about(lost, NO_EFFECT)


def _about(names: Sequence[str], sentence: str) -> str:
    shown = " and ".join(f"`{name}`" for name in names)
    return sentence.format(names=shown, verb="is" if len(names) == 1 else "are") if names else ""


def _without_effect(cases: Cases, answer: Any, got: Sequence[Observation], but: Collection[str] = ()) -> list[str]:
    """The names of the arguments, but for some, that the right result changes with, and the student's does not."""
    names = interface.names_of_inputs(cases.table, answer, len(cases.inputs[0]))
    places = [
        (name, place) for name, place in _places(names, cases.inputs[0]) if name in interface.own_parameters(answer) - set(but)
    ]
    return [name for name, place in places if _has_effect(cases, answer, got, place) is False]


Place = tuple[int, Any]  # of an input: its number among the arguments, and a key where that is a dictionary


def _places(names: Sequence[str], args: tuple) -> Iterator[tuple[str, Place]]:
    for i, (name, value) in enumerate(zip(names, args, strict=True)):
        if isinstance(value, dict):
            yield from ((key, (i, key)) for key in value if isinstance(key, str))
        else:
            yield name, (i, None)


def _value(args: tuple, place: Place) -> Any:
    i, key = place
    return args[i] if key is None else args[i][key]


def _varied(args: tuple, place: Place, value: Any) -> tuple:
    i, key = place
    return (*args[:i], value if key is None else args[i] | {key: value}, *args[i + 1 :])


def _has_effect(cases: Cases, answer: Any, got: Sequence[Observation], place: Place) -> bool | None:
    """
    Whether an argument has an effect on the student's result, with any of the inputs.

    None where that is not known: the right result hardly changes with it either, or some of the student's are no numbers.
    """
    if not all(map(_numbers, got)):
        return None
    agreeing = 0
    for case, args in enumerate(cases.inputs):
        others = _others(_value(args, place), [_value(each, place) for each in cases.inputs])
        for other in itertools.islice(others, ENOUGH):
            varied = _varied(args, place, other)
            right = observe(cases.table, cases.table.right, varied)
            if not _numbers(right) or not _differ(cases, right, cases.expected(case)):
                continue
            new = observe(cases.table, answer, varied)
            if not _numbers(new) or _differ(cases, new, got[case]):
                return True
            agreeing += 1
    return False if agreeing >= min(2, len(cases.inputs)) else None


def _differ(cases: Cases, a: Observation, b: Observation) -> bool:
    """Whether two results of one shape differ; the shape of an input may set that of the result, and that tells nothing."""
    return [v.shape for v in a.values] == [v.shape for v in b.values] and not same_values(cases.table, a, b)


def _others(value: Any, at_hand: Sequence[Any]) -> Iterator[Any]:
    """Other values for an argument: those of other inputs that are of its kind, then changed ones."""
    if isinstance(value, (bool, np.bool_)):
        yield not value
    elif isinstance(value, (int, float, np.number, np.ndarray)):
        array = np.asarray(value)
        for other in at_hand:
            if type(other) is type(value) and np.shape(other) == array.shape and not np.array_equal(other, value):
                yield other
        if array.dtype.kind in "iu" and not array.shape:
            yield value + 1
        elif array.dtype.kind == "f" and array.size:
            inside = array.min() >= 0 and array.max() <= 1
            changed = 1 - array if inside and array.shape else array / 2 + 0.01 if inside else array * 1.5 + 0.25
            yield changed.astype(array.dtype) if array.shape else type(value)(changed)


def _read(source: str) -> set[str]:
    """The names that code reads, of attributes too; none where the code is not known."""
    tree = parsed(source)
    return set(read_in(tree)) | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


AS_IF: list[tuple[str, Callable[[Any], Any]]] = [
    ("`{name}` were 0: is it left out?", lambda value: value * 0),
    ("`{name}` had the other sign", lambda value: -value),
    ("`{name}` were 1: is it left out?", lambda value: value * 0 + 1),
    ("0 and 1 were exchanged in `{name}`", lambda value: 1 - value),
    ("`{name}` were one more", lambda value: value + 1),
    ("`{name}` were one less", lambda value: value - 1),
    ("`{name}` were twice as large", lambda value: value * 2),
    ("`{name}` were half as large", lambda value: value / 2),
    ("`{name}` were squared", lambda value: value**2),
    ("the first entry of `{name}` were not there", lambda value: value[1:]),
    ("the last entry of `{name}` were not there", lambda value: value[:-1]),
    ("`{name}` were in reverse order", lambda value: value[::-1]),
    ("`{name}` held each number once", lambda value: np.unique(value).astype(value.dtype)),
    (
        "`{name}` were whole numbers",
        lambda value: np.trunc(value).astype(value.dtype) if hasattr(value, "dtype") else float(int(value)),
    ),
    ("`{name}` were transposed", lambda value: np.swapaxes(value, -1, -2)),
]


AS_IF_BOTH: list[tuple[str, Callable[[Any], Any]]] = [
    ("were 0: are they left out?", lambda value: value * 0),
    ("had the other sign.", lambda value: -value),
]


def _as_if(cases: Cases, answer: Any, got: Sequence[Observation]) -> str:
    """Whether all results are right for other inputs, in which one thing is changed: that is how the answer reads its inputs."""
    if len(cases.inputs) < 2 or not all(map(_numbers, got)):
        return ""
    names, own = interface.names_of_inputs(cases.table, answer, len(cases.inputs[0])), interface.own_parameters(answer)
    places = [(name, place) for name, place in _places(names, cases.inputs[0]) if name in own]
    values = np.concatenate([np.ravel(value) for each in got for value in each.values])
    one_number = values.size > 1 and np.ptp(values) == 0  # what is always 0 has many causes
    for name, place in places:
        for words, change in AS_IF:
            if _is_right_for(cases, got, functools.partial(_changed, place=place, change=change)):
                if "left out" in words and _is_read_without_effect(cases, answer, got, name, place):
                    return _about([name], NO_EFFECT)
                return f"It gives what would be right if {words.format(name=name)}.".replace("?.", "?")
    for i, (name, place) in enumerate(places):
        for other, place_of_other in places[i + 1 :]:
            if _is_right_for(cases, got, functools.partial(_exchanged, one=place, other=place_of_other)):
                return f"It gives what would be right if `{name}` and `{other}` were exchanged."
            for words, change in AS_IF_BOTH if not one_number else ():
                both = functools.partial(_changed_both, places=(place, place_of_other), change=change)
                if _is_right_for(cases, got, both):
                    return f"It gives what would be right if `{name}` and `{other}` {words}"
    return ""


def _is_read_without_effect(cases: Cases, answer: Any, got: Sequence[Observation], name: str, place: Place) -> bool:
    """Whether an answer reads an array, and nothing of it reaches the end: then it is not left out."""
    is_array = isinstance(_value(cases.inputs[0], place), np.ndarray)
    return is_array and name in _read(interface.source_of(answer)) and _has_effect(cases, answer, got, place) is False


def _changed_both(args: tuple, places: Sequence[Place], change: Callable[[Any], Any]) -> tuple:
    for place in places:
        args = _changed(args, place, change)
    return args


def _changed(args: tuple, place: Place, change: Callable[[Any], Any]) -> tuple:
    value = _value(args, place)
    if isinstance(value, (bool, str)) or not isinstance(value, (int, float, np.number, np.ndarray, list)):
        raise TypeError
    numbers = isinstance(value, list) and all(isinstance(each, (int, float)) for each in value)
    new = change(np.array(value)).tolist() if numbers else change(value)
    if isinstance(value, list) and len(new) not in (len(value), len(value) - 1):  # a list times 0 or 2 has another length
        raise TypeError
    return _varied(args, place, new if not hasattr(value, "dtype") else np.asarray(new, value.dtype))


def _exchanged(args: tuple, one: Place, other: Place) -> tuple:
    a, b = _value(args, one), _value(args, other)
    if type(a) is not type(b) or callable(a):
        raise TypeError
    return _varied(_varied(args, one, b), other, a)


def _is_right_for(cases: Cases, got: Sequence[Observation], change: Callable[[tuple], tuple]) -> bool:
    """Whether all results are those of the right answer for changed inputs, some of which have other results than before."""
    differs = False
    for case, (args, each) in enumerate(zip(cases.inputs, got, strict=True)):
        try:
            changed = change(args)
        except (TypeError, ValueError, IndexError, AttributeError):
            return False
        right = observe(cases.table, cases.table.right, changed)
        if not right.comparable or right.fine or not same_values(cases.table, right, each):
            return False
        differs = differs or not same_values(cases.table, right, cases.expected(case))
    return differs


def _neighbors(cases: Cases, answer: Any, got: Sequence[Observation]) -> str:
    """Whether the result for one example differs when it comes alone, where that of the right answer is the same."""
    agreeing = 0
    for case, args in enumerate(cases.inputs):
        expected = cases.expected(case)
        if not _numbers(got[case]) or not _numbers(expected):
            continue
        n = len(expected.values[0]) if expected.values[0].ndim else 0
        batches = [i for i, value in enumerate(args) if isinstance(value, np.ndarray) and value.ndim and len(value) == n > 1]
        if not batches or [v.shape for v in got[case].values] != [v.shape for v in expected.values]:
            continue
        for row in (0, n - 1):
            alone = tuple(value[row : row + 1] if i in batches else value for i, value in enumerate(args))
            right, one = (observe(cases.table, each, alone) for each in (cases.table.right, answer))
            if not _numbers(right) or not _same_row(cases, right, expected, row, n):
                return ""
            if not agreeing and not _gives_the_same_again(cases, answer, args, got[case]):
                return ""
            if not _numbers(one) or one.values[0].shape != right.values[0].shape or _same_row(cases, one, got[case], row, n):
                return ""
            agreeing += 1
    return NEIGHBORS if agreeing >= ENOUGH else ""


def _gives_the_same_again(cases: Cases, answer: Any, args: tuple, before: Observation) -> bool:
    """Whether nothing in an answer is random: then what changes comes from what came in."""
    again = observe(cases.table, answer, args)
    return _numbers(again) and same_values(cases.table, again, before)


def _same_row(cases: Cases, one: Observation, batch: Observation, row: int, n: int) -> bool:
    rows = tuple(value[row : row + 1] for value in batch.values)
    return all(len(value) == n for value in batch.values) and same_values(cases.table, one, Observation(values=rows))


# --- where an answer is wrong -------------------------------------------------------------------------------------------

Numbers = dict[str, float]
CONDITIONS: list[tuple[str, Callable[[float], bool]]] = [
    ("is 0", lambda a: a == 0),
    ("is 1", lambda a: a == 1),
    ("is negative", lambda a: a < 0),
    ("is larger than 0", lambda a: a > 0),
    ("is larger than 1", lambda a: a > 1),
]
RELATIONS: list[tuple[str, Callable[[float, float], bool]]] = [
    ("is less than", lambda a, b: a < b),
    ("is larger than", lambda a, b: a > b),
    ("is the same as", lambda a, b: a == b),
    ("is divisible by", lambda a, b: b > 0 and a % b == 0),
]


def where_wrong(cases: Cases, answer: Any, got: Sequence[Observation]) -> str:
    """For which inputs the answer is wrong, where one condition on them tells these from the others; else nothing."""
    if not callable(answer):
        return ""
    tried = [(_numbers_in(cases, answer, args), not is_right(cases, [each], case)) for case, (args, each) in _tried(cases, got)]
    inputs = list(cases.inputs)
    for _ in range(FRESH_DRAWS):
        draw = Cases(cases.table, chance.generator())
        for case, (args, each) in _tried(draw, draw.observe(answer)):
            tried.append((_numbers_in(cases, answer, args), not is_right(draw, [each], case)))
            inputs.append(args)
    if not 3 <= sum(wrong for _, wrong in tried) <= len(tried) - 3:
        return ""
    where = next((words for words, holds in _conditions(tried[0][0]) if _separates(holds, tried)), "")
    if not where or _stays_wrong(cases, answer, *_one_of_each(inputs, tried), where):
        return ""
    return f"It is wrong {where}, and right for all other inputs that were tried."


def _one_of_each(inputs: Sequence[tuple], tried: Sequence[tuple[Numbers, bool]]) -> Iterator[tuple]:
    """An input for which the answer is wrong, and one for which it is right."""
    for is_wrong in (True, False):
        yield next(args for args, (_, wrong) in zip(inputs, tried, strict=True) if wrong is is_wrong)


def _stays_wrong(cases: Cases, answer: Any, wrong: tuple, right: tuple, where: str) -> bool:
    """Whether an answer stays wrong with the numbers that a condition names from an input for which it is right."""
    varied = wrong
    for name, place in _places(interface.names_of_inputs(cases.table, answer, len(wrong)), wrong):
        if f"`{name}`" in where:
            varied = _varied(varied, place, _value(right, place))
    expected, seen = (observe(cases.table, each, varied) for each in (cases.table.right, answer))
    return _numbers(expected) and _numbers(seen) and not same_values(cases.table, expected, seen)


def _tried(cases: Cases, got: Sequence[Observation]) -> Iterator[tuple[int, tuple[tuple, Observation]]]:
    yield from enumerate(zip(cases.inputs, got, strict=True))


def _numbers_in(cases: Cases, answer: Any, args: tuple) -> Numbers:
    """The single numbers among the inputs, by the names that the answer has for them."""
    names, own = interface.names_of_inputs(cases.table, answer, len(args)), interface.own_parameters(answer)
    values = {name: _value(args, place) for name, place in _places(names, args) if name in own}
    return {name: float(value) for name, value in values.items() if isinstance(value, (int, float, np.number))}


def _conditions(names: Numbers) -> Iterator[tuple[str, Callable[[Numbers], bool]]]:
    for name in names:
        for words, holds in CONDITIONS:
            yield f"where `{name}` {words}", lambda numbers, name=name, holds=holds: holds(numbers[name])
    for a, b in itertools.permutations(names, 2):
        for words, holds in RELATIONS:
            yield f"where `{a}` {words} `{b}`", lambda numbers, a=a, b=b, holds=holds: holds(numbers[a], numbers[b])


def _separates(holds: Callable[[Numbers], bool], tried: Sequence[tuple[Numbers, bool]]) -> bool:
    return all(holds(numbers) == wrong for numbers, wrong in tried)
