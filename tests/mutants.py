"""Makes mutants of an answer: the same code with one operator, constant, axis, argument, call or statement changed."""

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


def _set(tree: ast.AST, path: tuple, node: ast.AST | None) -> None:
    owner, (name, i) = _get(tree, path[:-1]), path[-1]
    if i is None:
        setattr(owner, name, node)
    elif node is None:
        del getattr(owner, name)[i]
    else:
        getattr(owner, name)[i] = node


def _names(tree: ast.AST, path: tuple) -> list[str]:
    """The parameters of the function that a path lies in."""
    functions = [_get(tree, path[:n]) for n in range(len(path)) if isinstance(_get(tree, path[:n]), ast.FunctionDef)]
    return [argument.arg for argument in functions[-1].args.args] if functions else []


def _alternatives(node: ast.AST, tree: ast.AST, path: tuple) -> list[ast.AST | None]:
    """What may stand in a node's place; None deletes a statement."""
    if isinstance(node, ast.BinOp):
        made = [ast.BinOp(node.left, op(), node.right) for op in OPERATORS.get(type(node.op), [])]
        if isinstance(node.op, (ast.Sub, ast.Div, ast.MatMult, ast.Pow)):
            made.append(ast.BinOp(node.right, node.op, node.left))
        return [*made, node.left, node.right]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
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
        return [ast.Return(ast.Constant(None))]
    if isinstance(node, (ast.Assign, ast.AugAssign)) and path[-1][1] is not None:
        body = getattr(_get(tree, path[:-1]), path[-1][0])
        return [None] if len(body) > 1 and path[:-1] else []
    return []


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
    inside = [_get(tree, path[:n]) for n in range(len(path) + 1)]
    return ast.unparse([node for node in inside if isinstance(node, ast.stmt)][-1])
