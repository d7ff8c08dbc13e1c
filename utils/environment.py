"""Finds or makes a Python that has what the course needs. Standard library only: it runs before anything is installed."""

import collections
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from utils.course import COURSE

VENV = COURSE / ".venv"
VENV_OLDEST = COURSE / ".venv-oldest"
MADE_FOR = "made-for.txt"  # in an environment that is complete: the requirements that it was made for
OLDEST_PYTHON = (3, 10)
NEWEST_PYTHON_FOR_OLDEST = (3, 12)  # the oldest TensorFlow that requirements.txt allows knows no newer one
NEWEST_PYTHON = (3, 13)

# Variables that lead Python or pip to another installation. Those that say where packages come from stay.
ELSEWHERE = ["PYTHONHOME", "PYTHONPATH", *(f"PIP_{what}" for what in ("USER", "TARGET", "PREFIX", "ROOT", "PYTHON", "NO_DEPS"))]
ELSEWHERE += ["PIP_REQUIRE_VIRTUALENV", "PIP_DRY_RUN", "PIP_IGNORE_INSTALLED"]
# Into the environment, whatever pip's own file says.
PIP_INSTALL = ["-m", "pip", "install", "--disable-pip-version-check", "--no-user", "--target="]
# Where packages come from: the names that pip's settings have for it, each with uv's option.
SOURCES = {"index-url": "--index-url", "extra-index-url": "--extra-index-url", "find-links": "--find-links"}
SOURCES |= {"no-index": "--no-index", "constraint": "--constraints"}


class SetUpFailed(Exception):
    """A step of the set-up failed; the message says which, and ends with the tool's last lines."""


def requirements(*, for_tests: bool) -> list[Path]:
    """The requirement files of a student, or of a student and an author."""
    return [COURSE / "requirements.txt", *([COURSE / "tests" / "requirements.txt"] if for_tests else [])]


def missing(files: list[Path]) -> list[str]:
    """The lines of the requirement files that the running Python does not satisfy."""
    try:
        from packaging.requirements import Requirement  # Jupyter brings it: where it is not, much else is missing too
    except ImportError:
        return _lines(files)
    return [line for line in _lines(files) if not _satisfied(Requirement(line))]


def _satisfied(requirement: Any) -> bool:
    try:
        return requirement.specifier.contains(importlib.metadata.version(requirement.name), prereleases=True)
    except importlib.metadata.PackageNotFoundError:
        return False


def prepare(files: list[Path]) -> Path:
    """The Python of .venv, with what the files ask for installed: made if it is not there. SetUpFailed if that fails."""
    _forget_other_installations()
    lines, python = _lines(files), _python(VENV)
    if set(lines) <= set(_made_for(VENV)):
        return python
    if VENV.exists() and not _made_for(VENV):
        print("The environment .venv is not complete; making it anew.", flush=True)
        shutil.rmtree(VENV)
    new = not VENV.exists()
    try:
        if new:
            _step("Making the environment .venv", [_interpreter(NEWEST_PYTHON), "-m", "venv", str(VENV)])
        _install(python, _with_gpu(lines))
        (VENV / MADE_FOR).write_text("\n".join(lines), encoding="utf-8")
    except BaseException:
        if new:  # what was there before is as good as it was
            shutil.rmtree(VENV, ignore_errors=True)
        raise
    return python


def prepare_oldest() -> Path:
    """
    The Python of .venv-oldest, with the lowest versions that requirements.txt allows, and the newest tools to test them.

    It is made anew whenever the requirements change: a lower bound is never met by a version that was there before.
    """
    _forget_other_installations()
    student, tests = requirements(for_tests=True)
    asked, python = _lines([student, tests]), _python(VENV_OLDEST)
    if _made_for(VENV_OLDEST) == asked:
        return python
    shutil.rmtree(VENV_OLDEST, ignore_errors=True)
    try:
        _step("Making the environment .venv-oldest", [_interpreter(NEWEST_PYTHON_FOR_OLDEST), "-m", "venv", str(VENV_OLDEST)])
        _step("Getting uv", [str(python), *PIP_INSTALL, "uv"])
        lowest = [*_uv(python), "--resolution", "lowest-direct", "-r", str(student)]
        _step("Installing the lowest versions that requirements.txt allows", lowest)
        _step("Installing what the tests need", [*_uv(python), "-r", str(tests)])
        (VENV_OLDEST / MADE_FOR).write_text("\n".join(asked), encoding="utf-8")
    except BaseException:
        shutil.rmtree(VENV_OLDEST, ignore_errors=True)
        raise
    return python


def _made_for(venv: Path) -> list[str]:
    """The requirements that an environment was made for; none where it is not there, or not complete."""
    file = venv / MADE_FOR
    return file.read_text(encoding="utf-8").splitlines() if file.exists() and _python(venv).exists() else []


def _install(python: Path, lines: list[str]) -> None:
    """Install by uv, which takes a fraction of pip's time; by pip where uv cannot be had, or stops."""
    try:
        _step("Getting uv, which installs the packages", [str(python), *PIP_INSTALL, "uv"])
        _step("Installing packages; the first time this takes a minute", [*_uv(python), *lines])
    except SetUpFailed:
        title = "Installing packages by pip; the first time this takes some minutes"
        _step(title, [str(python), *PIP_INSTALL, "--progress-bar=off", *lines])


def _uv(python: Path) -> list[str]:
    """The command that installs into an environment by its uv, from where pip's settings say that packages come from."""
    settings = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    sources = []
    for name, value in re.findall(r"^(?:global|install|:env:)\.([\w-]+)='(.*)'$", settings, re.M):
        if name == "no-index":
            sources += [SOURCES[name]] if value.lower() not in ("", "0", "no", "false", "off") else []
        elif name in SOURCES:
            sources += [f"{SOURCES[name]}={each}" for each in value.split()]
    if any(each.startswith("--extra-index-url") for each in sources):
        sources.append("--index-strategy=unsafe-best-match")  # from the index that has the version, as pip does
    return [str(python), "-m", "uv", "pip", "install", "--no-progress", "--python", str(python), *sources]


def _interpreter(newest: tuple[int, int]) -> str:
    """The Python to make an environment with: this one where it is not too new, else another one of this machine, or from uv."""
    if OLDEST_PYTHON <= sys.version_info[:2] <= newest:
        return sys.executable
    most = ".".join(map(str, newest))
    needed = f"The packages need Python 3.10 to {most}, and this is {sys.version.split()[0]}"
    minors = range(newest[1], OLDEST_PYTHON[1] - 1, -1)
    commands = [[path] for minor in minors if (path := shutil.which(f"python3.{minor}"))]
    commands += [["py", f"-3.{minor}"] for minor in minors if shutil.which("py")]
    path = next(filter(None, map(_where, commands)), "") or _from_uv(most)
    if not path:
        raise SetUpFailed(f"{needed}. Install Python {most}, for example that of python.org.")
    print(f"{needed}: {path} is taken.", flush=True)
    return path


def _where(command: list[str]) -> str:
    """The path of a Python that runs, and has what makes environments; nothing for one that is a name only."""
    code = "import ensurepip, sys, venv; print(sys.executable)"
    try:
        return subprocess.run([*command, "-c", code], capture_output=True, text=True, timeout=20, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def _from_uv(version: str) -> str:
    """The path of a Python that uv finds on this machine, or gets from the network; nothing where it cannot."""
    with tempfile.TemporaryDirectory() as folder:
        python = str(_python(Path(folder)))
        try:
            _step("Making a place for uv", [sys.executable, "-m", "venv", folder])
            _step("Getting uv", [python, *PIP_INSTALL, "uv"])
            _step(f"Getting Python {version}", [python, "-m", "uv", "python", "install", version])
        except SetUpFailed:
            return ""
        find = [python, "-m", "uv", "python", "find", "--no-project", "--managed-python", version]
        return subprocess.run(find, capture_output=True, text=True).stdout.strip()


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
            if not sys.stdout.isatty() and re.match(r"(Collecting|Downloading|Installing|Building|Resolved|Prepared)", line):
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
        return (
            f"\npip finds no TensorFlow on {sysconfig.get_platform()}. It needs a Python of 64 bits, for example that of "
            "python.org, and an index of packages that has it."
        )
    return "\nNothing half-made was left; run the command again when the reason is mended."


def _tick(last: collections.deque, done: threading.Event) -> None:
    """On a terminal, one line that counts the seconds and shows what the step does."""
    start, width = time.monotonic(), shutil.get_terminal_size().columns - 1
    while not done.wait(0.5):
        what = last[-1] if last else ""
        print(f"\r  {time.monotonic() - start:4.0f} s  {what}"[:width].ljust(width), end="", flush=True)
    print("\r" + " " * width + "\r", end="", flush=True)
