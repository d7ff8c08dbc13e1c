"""Finds or makes a Python that has what the course needs. Standard library only: it runs before anything is installed."""

import collections
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
from pathlib import Path

from utils.course import COURSE

VENV = COURSE / ".venv"
UNFINISHED = VENV / "unfinished"  # there while pip works: an environment that has it is not trusted
VENV_OLDEST = COURSE / ".venv-oldest"
OLDEST_PYTHON = (3, 10)
NEWEST_PYTHON_FOR_OLDEST = (3, 12)  # the oldest TensorFlow that requirements.txt allows knows no newer one
NEWEST_PYTHON = (3, 13)

# Variables that lead Python or pip to another installation. Those that say where packages come from stay.
ELSEWHERE = ["PYTHONHOME", "PYTHONPATH", *(f"PIP_{what}" for what in ("USER", "TARGET", "PREFIX", "ROOT", "PYTHON", "NO_DEPS"))]
ELSEWHERE += ["PIP_REQUIRE_VIRTUALENV", "PIP_DRY_RUN", "PIP_IGNORE_INSTALLED"]
# Into the environment, whatever pip's own file says.
PIP_INSTALL = ["-m", "pip", "install", "--disable-pip-version-check", "--no-user", "--target="]


class SetUpFailed(Exception):
    """A step of the set-up failed; the message says which, and ends with the tool's last lines."""


def requirements(*, for_tests: bool) -> list[Path]:
    """The requirement files of a student, or of a student and an author."""
    return [COURSE / "requirements.txt", *([COURSE / "tests" / "requirements.txt"] if for_tests else [])]


def missing(files: list[Path]) -> list[str]:
    """The lines of the requirement files that the running Python does not satisfy."""
    return [line for line in _lines(files) if not _satisfied(line)]


def prepare(files: list[Path]) -> Path:
    """The Python of .venv, with what the files ask for installed: made if it is not there. SetUpFailed if that fails."""
    _forget_other_installations()
    if UNFINISHED.exists() or (VENV.exists() and not _python(VENV).exists()):
        print("An earlier set-up did not finish; beginning again.", flush=True)
        shutil.rmtree(VENV)
    new = not VENV.exists()
    if not new and not _missing_in_venv(files):
        return _python(VENV)
    try:
        if new:
            UNFINISHED.parent.mkdir()
            UNFINISHED.touch()
            _step("Making the environment .venv", [sys.executable, "-m", "venv", str(VENV)])
        UNFINISHED.touch()
        _step(
            "Installing packages; the first time this takes some minutes",
            [str(_python(VENV)), *PIP_INSTALL, "--progress-bar=off", *_with_gpu(_lines(files))],
        )
        UNFINISHED.unlink()
    except BaseException:
        if new:
            shutil.rmtree(VENV, ignore_errors=True)
        UNFINISHED.unlink(missing_ok=True)  # what was there before is as good as it was
        raise
    return _python(VENV)


def prepare_oldest() -> Path:
    """
    The Python of .venv-oldest, with the lowest versions that requirements.txt allows, and the newest tools to test them.

    It is made anew whenever the requirements change: a lower bound is never met by a version that was there before.
    """
    _forget_other_installations()
    if not OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON_FOR_OLDEST:
        raise SetUpFailed(
            f"This is Python {sys.version.split()[0]}; the oldest versions of the packages need 3.10 to 3.12: "
            "try `python3.12 -m utils test --oldest`."
        )
    student, tests = requirements(for_tests=True)
    asked, made_for, python = "\n".join(_lines([student, tests])), VENV_OLDEST / "made-for.txt", _python(VENV_OLDEST)
    if made_for.exists() and made_for.read_text(encoding="utf-8") == asked:
        return python
    shutil.rmtree(VENV_OLDEST, ignore_errors=True)
    install = [str(python), "-m", "uv", "pip", "install", "--no-progress", "--python", str(python)]
    try:
        _step("Making the environment .venv-oldest", [sys.executable, "-m", "venv", str(VENV_OLDEST)])
        _step("Installing uv", [str(python), *PIP_INSTALL, "uv"])
        lowest = [*install, "--resolution", "lowest-direct", "-r", str(student)]
        _step("Installing the lowest versions that requirements.txt allows", lowest)
        _step("Installing what the tests need", [*install, "-r", str(tests)])
        made_for.write_text(asked, encoding="utf-8")
    except BaseException:
        shutil.rmtree(VENV_OLDEST, ignore_errors=True)
        raise
    return python


def has_nvidia_gpu() -> bool:
    """Whether the driver's own tool lists an NVIDIA GPU."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return False
    try:
        return "GPU " in subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return False


def _forget_other_installations() -> None:
    """From here on the environment alone counts, for the set-up and for what runs with its Python."""
    for name in ELSEWHERE:
        os.environ.pop(name, None)


def _python(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _lines(files: list[Path]) -> list[str]:
    lines = [line.partition("#")[0].strip() for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line]


def _with_gpu(lines: list[str]) -> list[str]:
    """On Linux with an NVIDIA GPU, ask for TensorFlow with CUDA."""
    if sys.platform != "linux" or not has_nvidia_gpu():
        return lines
    return [re.sub(r"^tensorflow\b", "tensorflow[and-cuda]", line) for line in lines]


def _satisfied(line: str) -> bool:
    """Whether a requirement such as `numpy>=1.26,<3` is met here; the course's files use `>=` and `<` only."""
    name, bounds = re.fullmatch(r"([\w.-]+)(.*)", line).groups()
    try:
        version = _numbers(importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return False
    return all((version >= _numbers(bound)) == (sign == ">=") for sign, bound in re.findall(r"(>=|<)([\d.]+)", bounds))


def _numbers(version: str) -> tuple[int, ...]:
    """`2.16.1rc0` as (2, 16, 1, 0): four numbers, so that 2.16 and 2.16.0 are the same."""
    numbers = [int(number) for number in re.match(r"\d+(?:\.\d+)*", version)[0].split(".")]
    return tuple((numbers + [0] * 4)[:4])


def _missing_in_venv(files: list[Path]) -> bool:
    code = "import sys, pathlib, utils.environment as e; sys.exit(bool(e.missing([*map(pathlib.Path, sys.argv[1:])])))"
    return subprocess.run([str(_python(VENV)), "-c", code, *map(str, files)], cwd=COURSE).returncode != 0


def _step(title: str, command: list[str]) -> None:
    """Run one step of the set-up and show that it is alive; SetUpFailed with its last lines if it fails."""
    print(f"{title} …", flush=True)
    last = collections.deque(maxlen=12)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", cwd=COURSE)
    done = threading.Event()
    if sys.stdout.isatty():
        threading.Thread(target=_tick, args=(last, done), daemon=True).start()
    try:
        for line in process.stdout:
            line = line.strip()
            if line and not line.startswith("WARNING: Location"):
                last.append(line)
            if re.match(r"(Collecting|Downloading|Installing|Building)", line) and not sys.stdout.isatty():
                print(f"  {line[:110]}", flush=True)
        failed = process.wait()
    finally:
        process.kill()
        done.set()
    if failed:
        lines = "\n  ".join(last)
        raise SetUpFailed(f"The set-up failed at this step: {title}.\nIts last lines were:\n  {lines}{_remedy(last)}")


def _remedy(lines: collections.deque) -> str:
    text = " ".join(lines)
    if "ensurepip" in text:
        return "\nThis Python lacks the module venv: on Debian or Ubuntu, `apt install python3-venv`, then run the command again."
    if re.search(r"No space left|Errno 28", text):
        return "\nThe disk is full: the packages need about 3 GB."
    if re.search(r"connection|Temporary failure|timed out|resolve", text, re.I):
        return "\nIs there a network? Nothing half-made was left; run the command again when there is."
    if re.search(r"No matching distribution found for tensorflow", text):
        python = ".".join(map(str, sys.version_info[:2]))
        if OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
            return (
                f"\npip finds no TensorFlow for Python {python} on {sysconfig.get_platform()}. It needs a Python of 64 bits, for "
                "example that of python.org, and an index of packages that has it."
            )
        return f"\nThere is no TensorFlow for Python {python}. Try with another one, for example `python3.12 -m utils lab`."
    return "\nNothing half-made was left; run the command again when the reason is mended."


def _tick(last: collections.deque, done: threading.Event) -> None:
    """On a terminal, one line that counts the seconds and shows what the step does."""
    start, width = time.monotonic(), shutil.get_terminal_size().columns - 1
    while not done.wait(0.5):
        what = last[-1] if last else ""
        print(f"\r  {time.monotonic() - start:4.0f} s  {what}"[:width].ljust(width), end="", flush=True)
    print("\r" + " " * width + "\r", end="", flush=True)
