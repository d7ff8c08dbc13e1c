"""
Keeps what a student has done so far: one small JSON file beside the notebooks.

A session also keeps its own copy in memory and joins the two at every change, so that a file that cannot be written costs
nothing that this session knows. Notebooks that write at the same time take turns.
"""

import itertools
import json
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO

from utils.advice import say
from utils.course import COURSE, solution_runs

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt


LARGEST = 1_000_000  # bytes: a hundred times what the course writes


@dataclass
class State:
    """What is known of one exercise."""

    tries: int = 0
    passed: bool = False
    hints: int = 0
    asked_for_solution: bool = False

    def join(self, other: "State") -> "State":
        """The furthest that either of the two has come."""
        return State(**{f.name: max(getattr(self, f.name), getattr(other, f.name)) for f in fields(State)})


_session: dict[str, State] = {}


def path() -> Path | None:
    """Where progress is kept; None while a solution runs."""
    return None if solution_runs() else COURSE / "notebooks" / "progress.json"


def load() -> dict[str, State]:
    """Every exercise's state. A damaged file is set aside, with a sentence to the student; nothing here raises."""
    with _one_at_a_time():
        return _joined()


def update(number: str, **changes: int | bool) -> State:
    """Change one exercise's state, in memory and in the file. Where that cannot be written, a sentence says so."""
    with _one_at_a_time():
        states = _joined()
        states[number] = State(**{**asdict(states.get(number, State())), **changes})
        _session.clear()
        _session.update(states)
        if (file := path()) is not None:
            _write(file, {key: asdict(state) for key, state in sorted(states.items())})
    return states[number]


def _joined() -> dict[str, State]:
    """What this session knows, joined with what the file says."""
    states = dict(_session)
    for number, state in _read().items():
        states[number] = state.join(states.get(number, State()))
    return states


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Hold a lock that all notebooks share; the system frees it when a kernel dies. Where there can be none, go on without."""
    with ExitStack() as stack:
        if (file := path()) is not None:
            with suppress(OSError):
                _take(stack.enter_context(open(file.with_name(".progress.lock"), "ab")))
        yield


def _take(lock: IO[bytes], seconds: float = 2) -> None:
    """Take the lock as soon as it is free; after the seconds go on without, since no write takes that long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if fcntl:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            else:
                msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
            return
        except (BlockingIOError, PermissionError):
            time.sleep(0.005)


def _read() -> dict[str, State]:
    """What the file says. Whatever stands there and is not what the course writes is set aside, however it came there."""
    if (file := path()) is None:
        return {}
    try:
        about = file.stat()
        if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST:  # a pipe would never end
            return _set_aside(file)
        return {
            str(number): State(**{f.name: type(f.default)(entry.get(f.name, f.default)) for f in fields(State)})
            for number, entry in json.loads(file.read_text(encoding="utf-8")).items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return _set_aside(file)


def _set_aside(file: Path) -> dict[str, State]:
    """Keep a damaged file under another name, so that nothing in it is lost, and begin anew."""
    names = itertools.chain(["progress-damaged.json"], (f"progress-damaged-{i}.json" for i in itertools.count(2)))
    aside = next(path for path in map(file.with_name, names) if not path.exists())
    try:
        os.replace(file, aside)
        say(f"{file.name} was damaged. It is kept as {aside.name}, and a new one begins; your notebooks are as they were.")
    except OSError as error:
        _not_saved(error)
    return {}


def _write(file: Path, content: dict) -> None:
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix="progress-", suffix=".json")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=1)
        os.replace(temporary, file)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        _not_saved(error)


_already_said: set[str] = set()


def _not_saved(error: OSError) -> None:
    """Say it once in a session."""
    sentence = f"Your progress cannot be saved ({error.strerror}); it is kept in this session only."
    if sentence not in _already_said:
        _already_said.add(sentence)
        say(sentence)
