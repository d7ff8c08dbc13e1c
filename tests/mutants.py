"""Makes mutants of an answer: the same code with one thing changed, as students change it."""

import ast
from collections.abc import Iterator

from utils.checking.changes import changes
from utils.checking.trees import get, put, statement_at


def mutants(code: str) -> Iterator[tuple[str, str]]:
    """Yield (the changed statement, the whole mutated code) for each mutant of a cell."""
    tree = ast.parse(code)
    known = {ast.unparse(tree)}
    for path, new in changes(tree):
        mutated = put(tree, path, new)
        text = ast.unparse(mutated)
        if text in known:
            continue
        known.add(text)
        if new is None:
            yield f"without {ast.unparse(get(tree, path))}", text
        elif isinstance(new, list):
            yield "\n".join(map(ast.unparse, new)), text
        else:
            yield ast.unparse(statement_at(mutated, path)), text
