"""
The small changes that turn right code into wrong code, and back: one operator, number, name, call, argument or statement.

The tests make mutants of the solutions with them. The search for the fault in a student's code tries them.
"""

import ast
import copy
from collections.abc import Iterator
from itertools import combinations

from utils.checking.trees import New, Path, calls_bracketed_otherwise, get, walk

OPERATORS = {
    ast.Add: [ast.Sub, ast.Mult],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Add, ast.Div],
    ast.Div: [ast.Mult],
    ast.MatMult: [ast.Mult, ast.Add],
    ast.Pow: [ast.Mult],
    ast.Mod: [ast.Mult],
    ast.FloorDiv: [ast.Div],
}
COMPARISONS = {
    ast.Gt: [ast.GtE, ast.Lt],
    ast.Lt: [ast.LtE, ast.Gt],
    ast.GtE: [ast.Gt, ast.LtE],
    ast.LtE: [ast.Lt, ast.GtE],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
}
NEGATED = {ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt}
ADDING = {"append": "extend", "extend": "append"}
CALLS = {
    "maximum": "minimum",
    "minimum": "maximum",
    "sum": "mean",
    "mean": "sum",
    "exp": "log",
    "sigmoid": "tanh",
    "tanh": "sigmoid",
    "threshold": "relu",
    "dot": "multiply",
    "zeros": "ones_like",
    "len": "sum",
    "reduce_sum": "reduce_mean",
}
MEANT_CALLS = {  # of functions that students take for others: those that may be meant
    "reduce_mean": ["reduce_sum"],
    "reduce_max": ["reduce_sum", "reduce_mean"],
    "max": ["min", "mean", "sum"],
    "min": ["max"],
    "median": ["mean"],
    "prod": ["sum"],
    "log10": ["log"],
    "log2": ["log"],
    "floor": ["ceil"],
    "round": ["ceil"],
    "sqrt": ["square"],
}
AXES = (-1, 0, 1, 2)
ALONG_AN_AXIS = {"sum", "mean", "max", "min", "argmax", "norm", "softmax", "concat", "concatenate", "stack", "unstack", "split"}
ALONG_AN_AXIS |= {"reduce_sum", "reduce_mean", "reduce_max", "reduce_min"}
FEW = 4  # things in a row, two of which may be exchanged
SAME_TWICE = ("__init__", "set_weights", "assign", "watch", "compile", "build", "Variable", "constant", "asarray")
STRINGS = {  # the names of activations and losses, and the letters of a choice
    "relu": ["tanh", "linear"],
    "tanh": ["relu", "linear"],
    "sigmoid": ["relu", "linear"],
    "zeros": ["ones"],
    **{letter: [other for other in "abcd" if other != letter] for letter in "abcd"},
}


def changes(tree: ast.AST) -> Iterator[tuple[Path, New]]:
    """Where something may change, and what stands there then."""
    for path, node in walk(tree):
        fixed = any(name in ("targets", "target", "name", "decorator_list") for name, _ in path)
        if path and not fixed and not isinstance(get(tree, path[:-1]), ast.arguments):
            for new in _alternatives(node, tree, path):
                yield path, new


def _alternatives(node: ast.AST, tree: ast.AST, path: Path) -> list[New]:
    if isinstance(node, ast.BinOp):
        made = [ast.BinOp(node.left, op(), node.right) for op in OPERATORS.get(type(node.op), [])]
        if isinstance(node.op, (ast.Sub, ast.Div, ast.MatMult, ast.Pow)):
            made.append(ast.BinOp(node.right, node.op, node.left))
        return [*made, node.left, node.right]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.BoolOp):
        return [ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)]
    if isinstance(node, ast.Compare):
        return [ast.Compare(node.left, [op()], node.comparators) for op in COMPARISONS.get(type(node.ops[0]), [])]
    if isinstance(node, ast.Constant):
        return _constants(node.value)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        names = _parameters(tree, path)
        return [ast.Name(other, ast.Load()) for other in names if other != node.id] if node.id in names else []
    if isinstance(node, ast.Call):
        return _calls(node)
    if isinstance(node, ast.stmt):
        return _statements(node, getattr(get(tree, path[:-1]), path[-1][0]), within=bool(path[:-1]))
    return []


def _constants(value: object) -> list[New]:
    if isinstance(value, bool):
        return [ast.Constant(not value)]
    if isinstance(value, (int, float)):
        return [ast.Constant(value + 1), ast.Constant(-value - 1)]
    return [ast.Constant(other) for other in STRINGS.get(value, [])] if isinstance(value, str) else []


def _calls(node: ast.Call) -> list[New]:
    """The call without itself, with another function, with two arguments exchanged, without one of them."""
    made: list[New] = [node.args[0]] if node.args else []
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in CALLS:
        made.append(_with_function(node, CALLS[name]))
    if len(node.args) > 1:
        made.append(ast.Call(node.func, [node.args[1], node.args[0], *node.args[2:]], node.keywords))
    return made + [ast.Call(node.func, node.args, node.keywords[:i] + node.keywords[i + 1 :]) for i in range(len(node.keywords))]


def _with_function(node: ast.Call, name: str) -> ast.Call:
    """A call of another function of the same module, or another method of the same object."""
    func = copy.deepcopy(node.func)
    setattr(func, "attr" if isinstance(func, ast.Attribute) else "id", name)
    return ast.Call(func, node.args, node.keywords)


def _statements(node: ast.stmt, block: list[ast.stmt], within: bool) -> list[New]:
    """The statement left out or doubled, its last line after it, or the last item of what it goes through or returns left out."""
    if isinstance(node, ast.With):
        *rest, last = node.body
        return [[ast.With(node.items, rest or [ast.Pass()], lineno=node.lineno), last]]
    if isinstance(node, ast.For):
        return [ast.For(node.target, _all_but_last(node.iter), node.body, node.orelse, lineno=node.lineno)]
    if isinstance(node, ast.Return):
        named = isinstance(node.value, ast.Name)
        return [ast.Return(ast.Constant(None)), *([ast.Return(_all_but_last(node.value))] if named else [])]
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr)) and within:
        left_out = [None] if len(block) > 1 and not isinstance(node, ast.Expr) else []
        return [*left_out, *([[node, node]] if _adds_up(node) else [])]
    return []


def _adds_up(statement: ast.stmt) -> bool:
    """Whether a statement does more when it runs twice: it calls for an effect, or changes what it reads."""
    if isinstance(statement, ast.AugAssign):
        return True
    if isinstance(statement.value, ast.Call) and getattr(statement.value.func, "attr", "") in SAME_TWICE:
        return False
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Call)
    names = [name for name in ast.walk(statement) if isinstance(name, ast.Name)]
    read = {name.id for name in ast.walk(statement.value) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load)}
    bound = {name.id for name in ast.walk(statement.value) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)}
    return any(isinstance(name.ctx, ast.Store) and name.id in read - bound for name in names)


def _all_but_last(value: ast.expr) -> ast.expr:
    return ast.Subscript(value, ast.Slice(upper=ast.UnaryOp(ast.USub(), ast.Constant(1))), ast.Load())


def _parameters(tree: ast.AST, path: Path) -> list[str]:
    """The parameters of the function that a path lies in."""
    functions = [get(tree, path[:n]) for n in range(len(path)) if isinstance(get(tree, path[:n]), ast.FunctionDef)]
    return [argument.arg for argument in functions[-1].args.args] if functions else []


def repairs(tree: ast.AST) -> Iterator[tuple[Path, New]]:
    """More that a search may change in a student's code: what is seldom wrong in a right answer's text, and often in theirs."""
    for path, node in walk(tree):
        if not path or isinstance(get(tree, path[:-1]), ast.arguments):
            continue
        if isinstance(node, ast.BinOp):
            yield from ((path, new) for new in _bracketed_otherwise(node))
        if isinstance(node, (ast.BinOp, ast.Call)):
            yield from ((path, new) for new in calls_bracketed_otherwise(node))
        if isinstance(node, ast.Call):
            yield from ((path, new) for new in _meant_calls(node))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            there = node.id, _owner(tree, path)
            yield from ((path, ast.Name(name, ast.Load())) for name in _locals(tree, path) if name not in there)
        if isinstance(node, (ast.Name, ast.Call, ast.BinOp)) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            yield path, ast.UnaryOp(ast.USub(), node)
        if isinstance(node, ast.Constant) and isinstance(get(tree, path[:-1]), ast.Subscript):
            yield from ((path, ast.Name(name, ast.Load())) for name in _loop_variables(tree, path))
        if isinstance(node, (ast.Tuple, ast.List)) and isinstance(node.ctx, ast.Load):
            yield from ((path, new) for new in _exchanged(node))
        if isinstance(node, ast.Compare) and type(node.ops[0]) in NEGATED:
            yield path, ast.Compare(node.left, [NEGATED[type(node.ops[0])](), *node.ops[1:]], node.comparators)
        if isinstance(node, ast.Constant) and type(node.value) is int:
            is_axis = getattr(get(tree, path[:-1]), "arg", "") == "axis"
            yield from ((path, ast.Constant(n)) for n in (AXES if is_axis else (node.value - 1,)) if n != node.value)
        if isinstance(node, ast.Call) and _lacks_axis(node):
            yield from ((path, _with_axis(node, axis)) for axis in AXES)
        if isinstance(node, ast.Attribute) and node.attr in ADDING:
            yield path, ast.Attribute(node.value, ADDING[node.attr], ast.Load())
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            used = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}  # by which a list might come to hold itself
            yield from ((path, ast.Expr(_appended(name, node.value))) for name in _locals(tree, path) if name not in used)
        if isinstance(node, ast.Expr) and isinstance(get(tree, path[:-1]), ast.FunctionDef):
            yield path, ast.Return(node.value)
        if isinstance(node, ast.AugAssign):
            yield path, ast.Assign([node.target], node.value, lineno=node.lineno)
        if isinstance(node, ast.If) and not node.orelse and path[-1][1] is not None:
            yield path, node.body
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            yield path, ast.AugAssign(node.targets[0], ast.Add(), node.value)
        if isinstance(node, ast.stmt) and path[-1][1] is not None:
            yield from _rearranged(tree, path, node)


def _meant_calls(node: ast.Call) -> Iterator[ast.Call]:
    """A call of what may be meant by it: another function, two functions in the other order, or a `range` that begins at 1."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    yield from (_with_function(node, other) for other in MEANT_CALLS.get(name, []))
    if len(node.args) == 1 and isinstance(inner := node.args[0], ast.Call) and len(inner.args) == 1:
        yield ast.Call(inner.func, [ast.Call(node.func, inner.args, node.keywords)], inner.keywords)
    if name == "range" and len(node.args) == 1:
        yield ast.Call(node.func, [ast.Constant(1), *node.args], [])


def _appended(name: str, value: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(ast.Name(name, ast.Load()), "append", ast.Load()), [value], [])


def _exchanged(node: ast.Tuple | ast.List) -> Iterator[ast.expr]:
    """A row of a few things with two of them exchanged, as axes and lengths are."""
    for i, j in combinations(range(len(node.elts)) if len(node.elts) <= FEW else (), 2):
        new = copy.copy(node)
        new.elts = list(node.elts)
        new.elts[i], new.elts[j] = node.elts[j], node.elts[i]
        yield new


def _lacks_axis(node: ast.Call) -> bool:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    return name in ALONG_AN_AXIS and not any(word.arg == "axis" for word in node.keywords)


def _with_axis(node: ast.Call, axis: int) -> ast.Call:
    others = [word for word in node.keywords if word.arg != "axis"]
    return ast.Call(node.func, node.args, [*others, ast.keyword("axis", ast.Constant(axis))])


def with_other_axes(node: ast.Call) -> list[ast.Call]:
    """A call that works along an axis, along others: where it names none, or a number."""
    axis = next((word.value for word in node.keywords if word.arg == "axis"), None)
    known = isinstance(axis, (ast.Constant, ast.UnaryOp)) or _lacks_axis(node)
    return [_with_axis(node, other) for other in AXES if axis is None or ast.unparse(axis) != str(other)] if known else []


def _owner(tree: ast.AST, path: Path) -> str:
    """The name whose method a name is handed to: a list that holds itself takes NumPy all the memory there is."""
    call = get(tree, path[:-1])
    return getattr(getattr(getattr(call, "func", None), "value", None), "id", "") if isinstance(call, ast.Call) else ""


def _bracketed_otherwise(node: ast.BinOp) -> list[New]:
    """(a ∘ b) ∘ c as a ∘ (b ∘ c), and the other way round; a power binds first."""
    made: list[New] = []
    if isinstance(node.left, ast.BinOp):
        made.append(ast.BinOp(node.left.left, node.left.op, ast.BinOp(node.left.right, node.op, node.right)))
    if isinstance(node.right, ast.BinOp):
        made.append(ast.BinOp(ast.BinOp(node.left, node.op, node.right.left), node.right.op, node.right.right))
    return made


def _rearranged(tree: ast.AST, path: Path, node: ast.stmt) -> Iterator[tuple[Path, New]]:
    """A statement and the next one exchanged; one at the edge of a loop moved out of it, or into it."""
    field, place = path[-1]
    block = getattr(get(tree, path[:-1]), field)
    following = block[place + 1] if place + 1 < len(block) else None
    if following is not None and path[:-1]:
        whole = [*block[:place], following, node, *block[place + 2 :]]
        yield from _as_block(tree, path[:-1], field, whole)
    if isinstance(node, (ast.For, ast.While, ast.With)):
        if len(node.body) > 1:
            yield path, [_with_body(node, node.body[:-1]), node.body[-1]]
            yield path, [node.body[0], _with_body(node, node.body[1:])]
        if place and path[:-1]:
            longer = _with_body(node, [block[place - 1], *node.body])
            yield from _as_block(tree, path[:-1], field, [*block[: place - 1], longer, *block[place + 1 :]])
        if following is not None and path[:-1]:
            longer = _with_body(node, [*node.body, following])
            yield from _as_block(tree, path[:-1], field, [*block[:place], longer, *block[place + 2 :]])


def _with_body(node: ast.stmt, body: list[ast.stmt]) -> ast.stmt:
    node = copy.copy(node)
    node.body = body
    return node


def _as_block(tree: ast.AST, path: Path, field: str, block: list[ast.stmt]) -> Iterator[tuple[Path, New]]:
    owner = copy.copy(get(tree, path))
    setattr(owner, field, block)
    yield path, owner


def _locals(tree: ast.AST, path: Path) -> list[str]:
    """The names that the function around a path assigns, and its parameters."""
    functions = [get(tree, path[:n]) for n in range(len(path)) if isinstance(get(tree, path[:n]), ast.FunctionDef)]
    if not functions:
        return []
    stored = {node.id for node in ast.walk(functions[-1]) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return sorted(stored | set(_parameters(tree, path)))


def _loop_variables(tree: ast.AST, path: Path) -> list[str]:
    around = [get(tree, path[:n]) for n in range(len(path))]
    loops = [
        each
        for node in around
        for each in (node, *getattr(node, "generators", ()))
        if isinstance(each, (ast.For, ast.comprehension))
    ]
    return [node.id for loop in loops for node in ast.walk(loop.target) if isinstance(node, ast.Name)]
