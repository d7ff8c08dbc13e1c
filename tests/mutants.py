"""
Makes mutants of an answer: the same code with one thing changed, as students change it.

An operator, a constant, an axis, an argument, a call, a name; a statement left out, doubled, or moved out of its `with`; the last
item of a loop or a result left out.
"""

import ast
import copy
from collections.abc import Iterator

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

SAME_TWICE = (
    "__init__",
    "set_weights",
    "assign",
    "watch",
    "compile",
    "build",
    "Variable",
    "constant",
    "asarray",
)  # calls that do no more when they are made twice

STRINGS = {  # the names of activations and losses, and the letters of a choice
    "relu": ["tanh", "linear"],
    "tanh": ["relu", "linear"],
    "sigmoid": ["relu", "linear"],
    "zeros": ["ones"],
    **{letter: [other for other in "abcd" if other != letter] for letter in "abcd"},
}


def mutants(code: str) -> Iterator[tuple[str, str]]:
    """Yield (the changed statement, the whole mutated code) for each mutant of a cell."""
    tree = ast.parse(code)
    seen = {ast.unparse(tree)}
    paths = [path for path, node in _walk(tree) if not isinstance(node, ast.Module)]
    for path in paths:
        for index in range(_count(_get(tree, path), tree, path)):
            mutated = copy.deepcopy(tree)
            statement = _mutate(mutated, path, index)
            text = ast.unparse(ast.fix_missing_locations(mutated))
            if text not in seen:
                seen.add(text)
                yield statement, text


def _walk(node: ast.AST, path: tuple = ()) -> Iterator[tuple[tuple, ast.AST]]:
    yield path, node
    for name, value in ast.iter_fields(node):
        if name in ("targets", "target", "args", "name", "decorator_list") and not isinstance(node, ast.Call):
            continue
        for i, child in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(child, ast.AST):
                yield from _walk(child, (*path, (name, i if isinstance(value, list) else None)))


def _get(tree: ast.AST, path: tuple) -> ast.AST:
    for name, i in path:
        tree = getattr(tree, name) if i is None else getattr(tree, name)[i]
    return tree


def _set(tree: ast.AST, path: tuple, new: ast.AST | list[ast.stmt] | None) -> None:
    owner, (name, i) = _get(tree, path[:-1]), path[-1]
    if i is None:
        setattr(owner, name, new)
    else:
        getattr(owner, name)[i : i + 1] = new if isinstance(new, list) else [] if new is None else [new]


def _names(tree: ast.AST, path: tuple) -> list[str]:
    """The parameters of the function that a path lies in."""
    functions = [_get(tree, path[:n]) for n in range(len(path)) if isinstance(_get(tree, path[:n]), ast.FunctionDef)]
    return [argument.arg for argument in functions[-1].args.args] if functions else []


def _alternatives(node: ast.AST, tree: ast.AST, path: tuple) -> list[ast.AST | list[ast.stmt] | None]:
    """What may stand in a node's place; None deletes a statement, a list puts several there."""
    if isinstance(node, ast.BinOp):
        made = [ast.BinOp(node.left, op(), node.right) for op in OPERATORS.get(type(node.op), [])]
        if isinstance(node.op, (ast.Sub, ast.Div, ast.MatMult, ast.Pow)):
            made.append(ast.BinOp(node.right, node.op, node.left))
        return [*made, node.left, node.right]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.BoolOp):
        return [ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)]
    if isinstance(node, ast.With):
        return _without_last(node)
    if isinstance(node, ast.For):
        return [ast.For(node.target, _all_but_last(node.iter), node.body, node.orelse, lineno=node.lineno)]
    if isinstance(node, ast.Compare):
        return [ast.Compare(node.left, [op()], node.comparators) for op in COMPARISONS.get(type(node.ops[0]), [])]
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return [ast.Constant(not node.value)]
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return [ast.Constant(node.value + 1), ast.Constant(-node.value - 1)]
    if isinstance(node, ast.Constant) and node.value in STRINGS:
        return [ast.Constant(other) for other in STRINGS[node.value]]
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        names = _names(tree, path)
        return [ast.Name(other, ast.Load()) for other in names if other != node.id] if node.id in names else []
    if isinstance(node, ast.Call):
        return _calls(node)
    if isinstance(node, ast.Return):
        named = isinstance(node.value, ast.Name)
        return [ast.Return(ast.Constant(None)), *([ast.Return(_all_but_last(node.value))] if named else [])]
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr)) and path[:-1]:
        body = getattr(_get(tree, path[:-1]), path[-1][0])
        left_out = [None] if len(body) > 1 and not isinstance(node, ast.Expr) else []
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


def _without_last(block: ast.With) -> list[ast.AST | list[ast.stmt]]:
    """A `with` whose last statement stands after it."""
    *rest, last = block.body
    return [[ast.With(block.items, rest or [ast.Pass()], lineno=block.lineno), last]]


def _calls(node: ast.Call) -> list[ast.AST]:
    """The call without itself, with another function, with two arguments exchanged, without one of them."""
    made: list[ast.AST] = [node.args[0]] if node.args else []
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in CALLS:
        func = copy.deepcopy(node.func)
        setattr(func, "attr" if isinstance(func, ast.Attribute) else "id", CALLS[name])
        made.append(ast.Call(func, node.args, node.keywords))
    if len(node.args) > 1:
        made.append(ast.Call(node.func, [node.args[1], node.args[0], *node.args[2:]], node.keywords))
    made += [ast.Call(node.func, node.args, node.keywords[:i] + node.keywords[i + 1 :]) for i in range(len(node.keywords))]
    return made


def _count(node: ast.AST, tree: ast.AST, path: tuple) -> int:
    return len(_alternatives(node, tree, path))


def _mutate(tree: ast.AST, path: tuple, index: int) -> str:
    """Change the node at the path, and return the statement it lies in as text, after the change."""
    new = _alternatives(_get(tree, path), tree, path)[index]
    old = ast.unparse(_get(tree, path))
    _set(tree, path, copy.deepcopy(new))
    if new is None:
        return f"without {old}"
    if isinstance(new, list):
        return "\n".join(map(ast.unparse, new))
    inside = [_get(tree, path[:n]) for n in range(len(path) + 1)]
    return ast.unparse([node for node in inside if isinstance(node, ast.stmt)][-1])
