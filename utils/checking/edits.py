"""Wrong answers as edits of a right one's text."""

import inspect
import linecache
import textwrap
from collections.abc import Callable
from typing import Any

from utils.checking.exercise import Finding, Mistake


def edits_of(right: Any) -> Callable[..., Any]:
    """
    A function that edits the text of `right`, a function or a class at the top of its module.

    `wrong = edits_of(train_step)`, then `wrong("training=True", "training=False")` is `train_step` with that text changed. Its
    arguments are pairs: an old text, which stands in `right` exactly once when its turn comes, and what stands there instead.
    Raises ValueError where it does not stand there once.
    """
    source = textwrap.dedent(inspect.getsource(right))

    def edit(*texts: str) -> Any:
        text = source
        for old, new in zip(texts[::2], texts[1::2], strict=True):
            if text.count(old) != 1:
                raise ValueError(f"{old!r} stands {text.count(old)} times in {right.__name__}; expected once")
            text = text.replace(old, new)
        name = f"<{right.__name__}: {' '.join(texts)}>"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)  # for tracebacks, and who asks for it
        defined: dict[str, Any] = {}
        exec(compile(text, name, "exec"), inspect.getmodule(right).__dict__, defined)
        return defined[right.__name__]

    return edit


def edited(right: Any, *rows: tuple) -> list[Mistake]:
    """
    Mistakes as edits of a right answer.

    rows: pairs of an old text and a new one, or another answer in their place; and at the end the advice.
    right: may be None where all rows have answers of their own.
    """
    edit = edits_of(right) if right else None
    return [Mistake(texts[0] if len(texts) == 1 else edit(*texts), advice) for *texts, advice in rows]


def findings_of(right: Any, *rows: tuple) -> tuple[Any, list[Mistake]]:
    """
    A Finding, and mistakes, among them one that shows each of its members.

    rows: as for `edited`, and before them the name of a member whose value is the advice. There may be several names, if
    `observe` tells apart what has one advice; without a name, "", the advice is a text.
    """
    found = Finding("Found", [(name, advice) for names, *_, advice in rows for name in names.split()])
    return found, edited(right, *((*texts, found(advice) if names else advice) for names, *texts, advice in rows))
