"""Says below the traceback of a NameError what to do, when the cell that defines the name was not run."""

from collections.abc import Callable
from typing import Any

from utils.advice import wrapped


def explain_in(shell: Any) -> None:
    """Have an IPython shell explain each NameError. A handler that it has for other errors stays."""
    others = getattr(shell, "CustomTB", None) if getattr(shell, "custom_exceptions", ()) else None
    kinds = tuple(kind for kind in getattr(shell, "custom_exceptions", ()) if kind is not NameError)

    def handle(shell: Any, kind: type, error: BaseException, trace: Any, tb_offset: int | None = None) -> list[str] | None:
        if not isinstance(error, NameError):
            return others(kind, error, trace, tb_offset=tb_offset)
        lines = shell.InteractiveTB.structured_traceback(kind, error, trace, tb_offset=tb_offset)
        lines += wrapped(advice(error)).splitlines()
        shell._showtraceback(kind, error, lines)
        return lines

    set_handler: Callable[..., None] = shell.set_custom_exc
    set_handler((NameError, *kinds), handle)


def advice(error: NameError) -> str:
    """What to do about a name that has no value."""
    if isinstance(error, UnboundLocalError):
        return (
            "A name is used before it has a value there. A name that a function assigns to anywhere is its own, all through the "
            "function: assign to it first, or take another name for what comes from outside."
        )
    return (
        f"`{error.name}` has no value in this session. If a cell above defines it, run that cell first; after a restart of the "
        "kernel, Run > Run All Above Selected Cell does them all."
    )
