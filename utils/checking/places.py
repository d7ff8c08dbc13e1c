"""Where in a student's code the fault is, and what kind of fault: as a sentence that never says what stands there instead."""

import ast
from enum import Enum
from typing import NamedTuple

from utils.checking.trees import alike, calls_bracketed_otherwise

BRACKETS = str.maketrans("", "", "()")
LONGEST = 60  # characters of the student's code in a sentence


class Kind(Enum):
    """What kind of fault a place has; the value is the sentence, with the place as `{place}`."""

    OPERATOR = "{place}: look at the operator."
    COMPARISON = "{place}: look at the comparison."
    NUMBER = "{place}: look at this number."
    NAME = "{place}: is this the name that belongs here?"
    TEXT = "{place}: look at this text."
    SIGN = "{place}: look at the sign."
    SIGN_FROM_HERE = "{place}: the sign is wrong, here or where this is used."
    NOT = "{place}: look at the `not`."
    BRACKETS = "{place}: look at the brackets."
    TARGET = "{place}: look at what stands left of the `=`."
    ASSIGNMENT = "{place}: look at how this line assigns: `=`, `==` and `+=` are not the same."
    GOES_NOWHERE = "{place}: what this gives goes nowhere: it is neither kept nor returned."
    LEADS_TO = "{place}: look at this part, and at the lines that make what it uses."
    FUNCTION = "{place}: is this the function that belongs here?"
    ARGUMENTS = "{place}: look at the arguments of this call."
    AXIS = "{place}: look at the axis."
    INDEX = "{place}: look at what is taken out by the square brackets."
    ORDER = "{place}: look at the order."
    MISSING = "{place}: something is missing here."
    TOO_MUCH = "{place}: something here is too much."
    PART = "{place}: look at this part."
    LINE = "{place}: this line does not do what it should."
    EXTRA = "{place}: this line is too much."
    CONDITION = "{place}: does what stands below depend on this condition?"
    LAST_ROUND = "{place}: the last round of this loop is one too many."
    LACKING = "{place}: after this line, something is still to be done."
    LACKING_BEFORE = "{place}: before this line, something is still to be done."
    EXCHANGED = "{place}: look at the order of this line and those around it."
    PARAMETERS = "{place}: the parameters are in another order than in the cell as you found it. Put its first line back."
    MOVED = "{place}: this line stands in the wrong place. What should come before it, and what does it belong to?"
    WITHIN = "{place}: the fault is in this function. What stands outside of it is right."
    BLOCK = "{place}: look at what belongs to this line and what comes after it."


class Place(NamedTuple):
    """A part of the student's code, with its first line there, and the kind of fault in it."""

    line: int
    text: str
    kind: Kind
    other: int = 0  # the number of another line that is wrong as well

    @property
    def tells_kind(self) -> bool:
        """Whether it says more than where."""
        return self.kind not in (Kind.PART, Kind.LINE, Kind.LEADS_TO, Kind.BLOCK, Kind.WITHIN)

    @property
    def sentence(self) -> str:
        """The sentence for the student."""
        text = " ".join(self.text.split())
        shown = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
        sentence = self.kind.value.replace("{place}", f"Line {self.line} of the cell, `{shown}`")
        return sentence + f" Look at line {self.other} together with it." * bool(self.other)


def place_of(node: ast.AST, kind: Kind, source: str) -> Place:
    """The place of a node in the student's source; of a compound statement, its first line."""
    text = ast.get_source_segment(source, node) or ast.unparse(node)
    if isinstance(node, (ast.For, ast.While, ast.With, ast.If, ast.FunctionDef, ast.ClassDef)):
        text = text.splitlines()[0]
    return Place(node.lineno, text, kind)


def kind_of(old: ast.AST, new: ast.AST) -> Kind:
    """What kind of fault `old` is, where `new` is right."""
    if isinstance(old, ast.stmt) and isinstance(new, ast.stmt):
        return _kind_of_statement(old, new)
    if _is_bracketed_otherwise(old, new):
        return Kind.BRACKETS
    if any(alike(part, old) for part in ast.walk(new) if part is not new):
        return _sign(new) or Kind.MISSING
    if any(alike(part, new) for part in ast.walk(old) if part is not old):
        return _sign(old) or Kind.TOO_MUCH
    if isinstance(old, ast.BinOp) and isinstance(new, ast.BinOp):
        sides = alike(old.left, new.left) and alike(old.right, new.right)
        crossed = alike(old.left, new.right) and alike(old.right, new.left)
        if not sides and not crossed:
            return Kind.PART
        return Kind.ORDER if type(old.op) is type(new.op) else Kind.OPERATOR
    if isinstance(old, (ast.Compare, ast.BoolOp)) and type(old) is type(new):
        return Kind.COMPARISON
    if isinstance(new, (ast.Constant, ast.Name, ast.Attribute, ast.UnaryOp)):
        if isinstance(old, ast.Constant) and isinstance(old.value, str):
            return Kind.TEXT
        if _is_number(old):
            return Kind.NUMBER
    if isinstance(old, (ast.Name, ast.Attribute)) and isinstance(new, (ast.Name, ast.Attribute, ast.Constant)):
        return Kind.NAME
    if isinstance(old, ast.Subscript) and isinstance(new, ast.Subscript):
        return Kind.INDEX
    if isinstance(old, ast.Call) and isinstance(new, ast.Call):
        return _kind_of_call(old, new)
    if isinstance(old, (ast.Tuple, ast.List)) and isinstance(new, (ast.Tuple, ast.List)):
        items, expected = (list(map(ast.dump, row.elts)) for row in (old, new))
        if items == expected:
            return Kind.BRACKETS
        if sorted(items) == sorted(expected):
            return Kind.ORDER
        return Kind.MISSING if _are_among(items, expected) else Kind.TOO_MUCH if _are_among(expected, items) else Kind.PART
    return Kind.PART


def _is_bracketed_otherwise(old: ast.AST, new: ast.AST) -> bool:
    """Whether two formulas have the same parts in the same order, as `f(a) + b` and `f(a + b)` have."""
    if any(alike(other, new) for other in calls_bracketed_otherwise(old)):
        return True
    kinds = {type(old), type(new)}
    if ast.BinOp not in kinds or not kinds <= {ast.BinOp, ast.Call}:
        return False
    return ast.unparse(old).translate(BRACKETS) == ast.unparse(new).translate(BRACKETS)


def _is_number(node: ast.AST) -> bool:
    """Whether a node is a number as it is written: 2, 0.5 or -1, and neither None nor True."""
    value = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node
    return isinstance(value, ast.Constant) and type(value.value) in (int, float)


def _are_among(some: list[str], others: list[str]) -> bool:
    """Whether some items stand among others, in the same order."""
    rest = iter(others)
    return all(each in rest for each in some)


def one_too_many(old: ast.AST, new: ast.AST) -> ast.AST | None:
    """The one item of a list that is too much; None where it is another fault."""
    items, expected = ([ast.dump(each) for each in _items(node)] for node in (old, new))
    if type(old) is not type(new) or len(items) != len(expected) + 1 or not _are_among(expected, items):
        return None
    place = next(i for i in range(len(items)) if items[:i] + items[i + 1 :] == expected)
    return _items(old)[place]


def _items(node: ast.AST) -> list[ast.expr]:
    return node.elts if isinstance(node, (ast.Tuple, ast.List)) else []


def _sign(node: ast.AST) -> Kind | None:
    if isinstance(node, ast.UnaryOp):
        return Kind.NOT if isinstance(node.op, ast.Not) else Kind.SIGN
    return None


def _kind_of_statement(old: ast.stmt, new: ast.stmt) -> Kind:
    handed_on = isinstance(new, ast.Expr) and isinstance(old, ast.Expr) and kind_of(old.value, new.value) is Kind.MISSING
    if handed_on or (isinstance(old, ast.Expr) and isinstance(new, (ast.Assign, ast.AugAssign, ast.Return))):
        return Kind.GOES_NOWHERE if handed_on or _is_to_be_kept(old.value, new.value) else Kind.LINE
    values = [getattr(each, "value", None) for each in (old, new)]
    targets = [getattr(each, "targets", [getattr(each, "target", None)])[0] for each in (old, new)]
    if None in values:
        return Kind.LINE
    if None not in targets and alike(*values) and type(old) is type(new):
        return Kind.ASSIGNMENT if alike(*targets) else Kind.TARGET
    if isinstance(new, ast.Expr) and not alike(*values):  # `a[i] = b` for `a.append(b)`: another `=` would not help
        return Kind.LINE
    returns = isinstance(old, ast.Return) or isinstance(new, ast.Return)
    other_target = None not in targets and not alike(*targets)
    return Kind.ASSIGNMENT if type(old) is not type(new) and not (returns or other_target) else Kind.LINE


def _is_to_be_kept(value: ast.expr, right: ast.AST | None) -> bool:
    """Whether a value that nothing keeps is what should be kept; a call may be there for what it does: `config.add(…)`."""
    if not isinstance(value, ast.Call) or right is None:
        return True
    same_call = isinstance(right, ast.Call) and alike(value.func, right.func)
    printed = isinstance(value.func, ast.Name) and value.func.id == "print"
    return same_call or printed or any(alike(part, value) for part in ast.walk(right))


def _are_nested_otherwise(old: ast.Call, new: ast.Call) -> bool:
    """Whether the first of two functions is called on what the other gives, in place of the other way round."""
    inner = [call.args[0] if len(call.args) == 1 else None for call in (old, new)]
    nested = all(isinstance(call, ast.Call) for call in inner)
    return nested and alike(old.func, inner[1].func) and alike(new.func, inner[0].func)


def _kind_of_call(old: ast.Call, new: ast.Call) -> Kind:
    if not alike(old.func, new.func):
        same = [ast.dump(ast.Tuple([*call.args, *(word.value for word in call.keywords)])) for call in (old, new)]
        if _are_nested_otherwise(old, new):
            return Kind.ORDER
        return Kind.FUNCTION if same[0] == same[1] else Kind.PART
    options = [{word.arg: ast.dump(word.value) for word in call.keywords} for call in (old, new)]
    differing = {name for each in options for name in each if options[0].get(name) != options[1].get(name)}
    if differing and differing <= {"axis", "axes", "keepdims"} and list(map(ast.dump, old.args)) == list(map(ast.dump, new.args)):
        return Kind.AXIS
    same_arguments = sorted(map(ast.dump, old.args)) == sorted(map(ast.dump, new.args))
    return Kind.ORDER if same_arguments and not differing else Kind.ARGUMENTS
