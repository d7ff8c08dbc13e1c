"""A program's tree: its nodes by their paths, its names, and other trees made by putting something in a node's place."""

import ast
import copy
import textwrap
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

Path = tuple[tuple[str, int | None], ...]  # of a node: in each step the name of a field, and the place in it where it is a list
New = ast.AST | list[ast.stmt] | None  # what stands in a node's place: another one; several statements; nothing


def walk(node: ast.AST, path: Path = ()) -> Iterator[tuple[Path, ast.AST]]:
    """The nodes of a tree with their paths, each before those within it."""
    yield path, node
    for name, value in ast.iter_fields(node):
        for i, child in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(child, ast.AST):
                yield from walk(child, (*path, (name, i if isinstance(value, list) else None)))


def get(tree: ast.AST, path: Path) -> ast.AST:
    """The node at a path."""
    for name, i in path:
        tree = getattr(tree, name) if i is None else getattr(tree, name)[i]
    return tree


def put(tree: ast.AST, path: Path, new: New) -> ast.AST:
    """A copy of the tree with something else at a path."""
    tree, new = copy.deepcopy(tree), copy.deepcopy(new)
    owner, (name, i) = get(tree, path[:-1]), path[-1]
    if i is None:
        setattr(owner, name, new)
    else:
        getattr(owner, name)[i : i + 1] = new if isinstance(new, list) else [] if new is None else [new]
        if name == "body" and not getattr(owner, name):
            owner.body = [ast.Pass()]
    return ast.fix_missing_locations(tree)


def statement_at(tree: ast.AST, path: Path) -> ast.stmt | None:
    """The innermost statement that the node at a path lies in."""
    inside = [get(tree, path[:n]) for n in range(len(path) + 1)]
    return next((node for node in reversed(inside) if isinstance(node, ast.stmt)), None)


def alike(a: ast.AST, b: ast.AST) -> bool:
    """Whether two trees are the same program."""
    return ast.dump(a) == ast.dump(b)


def parsed(source: str) -> ast.Module:
    """A source as a tree, whatever its indent; an empty one where it is no Python, or not known."""
    with suppress(SyntaxError):
        return ast.parse(textwrap.dedent(source))
    return ast.Module([], [])


def read_in(tree: ast.AST) -> Counter[str]:
    """How often a program reads each name."""
    return Counter(node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load))


def stored_in(tree: ast.AST) -> set[str]:
    """The names that a program assigns."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def calls_bracketed_otherwise(node: ast.AST) -> list[ast.expr]:
    """`a ∘ f(b)` as `f(a ∘ b)`, `f(a) ∘ b` as `f(a ∘ b)`, and the other way round: what else the brackets of a call may hold."""
    made: list[ast.expr] = []
    if isinstance(node, ast.BinOp):
        if isinstance(call := node.right, ast.Call) and call.args:
            made.append(ast.Call(call.func, [ast.BinOp(node.left, node.op, call.args[0]), *call.args[1:]], call.keywords))
        if isinstance(call := node.left, ast.Call) and call.args:
            made.append(ast.Call(call.func, [ast.BinOp(call.args[0], node.op, node.right), *call.args[1:]], call.keywords))
    elif isinstance(node, ast.Call) and node.args and isinstance(inner := node.args[0], ast.BinOp):
        left, right = (ast.Call(node.func, [each, *node.args[1:]], node.keywords) for each in (inner.left, inner.right))
        made += [ast.BinOp(inner.left, inner.op, right), ast.BinOp(left, inner.op, inner.right)]
    return made
