"""
Finds the address of the course: where the clone that one works in came from.

`REPOSITORY` in utils/course.py is the one place that holds the address, and what the build makes depends on it alone. A clone
may come from anywhere, and its notebooks are still as their sources have them. Only `python3 -m utils build` asks git, where
that line is empty, and writes there what it finds: so a fork that nobody has built yet passes its tests, and one that was built
has the same files on every machine.
"""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from utils import course

LINE = Path("utils", "course.py")
_ORIGIN = re.compile(r"(https?|ssh|git)://(?:[^/]*@)?([\w-]+(?:\.[\w-]+)+)(:\d+)?((?:/[\w.%+-]+){2,})", re.ASCII)
_SHORT = re.compile(r"^(?:[^@/:]+@)?([\w.-]+):(?!/)", re.ASCII)  # git@github.com:, which is short for ssh://git@github.com/


def settle(folder: Path) -> bool:
    """Where the course in this folder has no address yet, write down that of its origin; whether there was one to write."""
    if course.REPOSITORY or not (found := of_origin(origin(folder))):
        return False
    write(folder, found)
    course.REPOSITORY = found
    return True


def write(folder: Path, found: str) -> None:
    """Write an address into the course in this folder."""
    path = folder / LINE
    text = re.sub("^REPOSITORY = .*$", f'REPOSITORY = "{found}"', path.read_bytes().decode(), flags=re.M)
    path.write_bytes(text.encode())


@contextmanager
def instead(other: str) -> Iterator[None]:
    """Have another address for a while, if there is one."""
    before, course.REPOSITORY = course.REPOSITORY, other or course.REPOSITORY
    try:
        yield
    finally:
        course.REPOSITORY = before


def known() -> str:
    """The address of the course, in the one form that all that is built has; nothing where it has none."""
    return of_origin(course.REPOSITORY) or course.REPOSITORY


def of_origin(origin: str) -> str:
    """
    The page of the repository that an `origin` of git names, without credentials.

    Nothing where others would not find it: a path on this machine, a host that only this network or an SSH configuration knows.
    """
    whole = _SHORT.sub(r"ssh://\1/", origin.strip().rstrip("/").removesuffix(".git"))
    if not (parts := _ORIGIN.fullmatch(whole)):
        return ""
    scheme, host, port, path = parts.groups()
    if scheme in ("ssh", "git"):  # their port is not that of the pages, and some forges have a host of its own for it
        return f"https://{re.sub(r'^(alt)?ssh[.]', '', host.lower())}{path}"
    return f"{scheme}://{host.lower()}{port or ''}{path}"


def origin(folder: Path) -> str:
    """What git says of the clone in this folder; nothing where there is no git, or none of its own."""
    if not (folder / ".git").exists():  # git would answer for a repository around it
        return ""
    git = ["git", f"--git-dir={folder / '.git'}", "remote", "get-url", "origin"]
    try:
        return subprocess.run(git, capture_output=True, text=True, errors="replace").stdout
    except OSError:
        return ""
