"""`python3 -m utils …` on machines where things are missing or fail, and JupyterLab as it serves the first lab."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests.courses import COURSE, copy_course, served
from utils import __main__ as command
from utils import environment


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Where an environment is kept as the set-up made it, before any package came."""
    return tmp_path_factory.mktemp("made") / ".venv"


@pytest.fixture
def course(tmp_path, monkeypatch, made):
    """A copy of the course that the set-up, in this process, takes for the course; its first environment serves for all."""
    copy = copy_course(tmp_path / "course")
    paths = {"VENV": copy / ".venv", "UNFINISHED": copy / ".venv" / "unfinished", "VENV_OLDEST": copy / ".venv-oldest"}
    for name, path in {"COURSE": copy, **paths}.items():
        monkeypatch.setattr(environment, name, path)
    take = environment._step

    def step(title, line):
        if "venv" not in line:
            return take(title, line)
        if not made.exists():
            take(title, [*line[:-1], str(made)])
        print(title)
        shutil.copytree(made, line[-1], symlinks=True, dirs_exist_ok=True)

    monkeypatch.setattr(environment, "_step", step)
    return copy


def ask_for(course, *lines):
    file = course / "requirements.txt"
    file.write_text("\n".join(lines) + "\n")
    return [file]


def test_the_bootstrap_needs_the_standard_library_only():
    code = (
        "import sys; sys.path[:] = [p for p in sys.path if 'site-packages' not in p]\n"
        "import utils.__main__\nheavy = {'numpy', 'tensorflow', 'IPython', 'jupytext', 'nbformat'} & set(sys.modules)\n"
        "print(sorted(heavy))"
    )
    result = subprocess.run([sys.executable, "-S", "-c", code], cwd=COURSE, capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr


@pytest.mark.parametrize(
    ("line", "met"),
    [
        ("numpy>=1.26,<3", True),
        ("numpy>=99", False),
        ("numpy<1", False),
        ("nbval", True),
        ("no-such-thing>=1", False),
        ("jupyter>=1.1,<2", True),
        ("pytest-xdist>=3.8,<4", True),
    ],
)
def test_what_is_installed_is_compared_with_what_is_asked_for(course, line, met):
    assert environment.missing(ask_for(course, "# a comment", line, "")) == ([] if met else [line])


def test_versions_compare_as_numbers():
    assert environment._numbers("2.16.1") < environment._numbers("2.21.0rc1") < environment._numbers("10")
    assert environment._numbers("2.16") == environment._numbers("2.16.0")


def test_a_failed_install_says_which_step_and_leaves_nothing_half_made(course, capfd):
    files = ask_for(course, "no-such-package-in-any-index>=1")
    for _ in range(2):  # the second run begins anew and is not fooled by the first
        with pytest.raises(environment.SetUpFailed) as failure:
            environment.prepare(files)
        assert "failed at this step: Installing packages" in str(failure.value)
        assert "no-such-package-in-any-index" in str(failure.value)
        assert not (course / ".venv").exists()
    assert "Making the environment .venv" in capfd.readouterr().out


def test_a_set_up_that_was_killed_is_not_trusted(course, capfd):
    (course / ".venv" / "bin").mkdir(parents=True)
    (course / ".venv" / "unfinished").touch()
    python = environment.prepare(ask_for(course, "pip>=1"))
    assert "did not finish" in capfd.readouterr().out
    assert python.exists() and not (course / ".venv" / "unfinished").exists()
    assert environment.prepare(ask_for(course, "pip>=1")) == python
    assert "Making" not in capfd.readouterr().out


def test_an_environment_that_worked_outlives_an_install_that_fails(course):
    python = environment.prepare(ask_for(course, "pip>=1"))
    with pytest.raises(environment.SetUpFailed):
        environment.prepare(ask_for(course, "no-such-package-in-any-index>=1"))
    assert python.exists() and environment.prepare(ask_for(course, "pip>=1")) == python


def test_an_interrupted_set_up_leaves_nothing_half_made(course, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", interrupt)
    with pytest.raises(KeyboardInterrupt):
        environment.prepare(ask_for(course, "pip>=1"))
    assert not (course / ".venv").exists()


OLD_PYTHONS = [path for version in ("3.8", "3.9") if (path := shutil.which(f"python{version}"))]


def test_an_old_python_is_answered_in_a_sentence_before_anything_that_it_cannot_read():
    """The whole package is read by a Python that says it is old; a real one too, where there is one."""
    code = (
        "import sys\nsys.version_info = (3, 9, 18, 'final', 0)\nsys.argv = ['utils', 'lab']\n"
        "import runpy\nrunpy.run_module('utils', run_name='__main__')"
    )
    for python, line in [(sys.executable, ["-c", code]), *((python, ["-m", "utils", "lab"]) for python in OLD_PYTHONS)]:
        ran = subprocess.run([python, *line], cwd=COURSE, capture_output=True, text=True)
        if "pyenv" in ran.stderr:  # a stand-in for a Python that is not there
            continue
        assert (ran.returncode, ran.stdout) == (1, "")
        assert re.fullmatch(r"This is Python 3\.[89]; the course needs 3\.10 or newer\.\n", ran.stderr)


@pytest.fixture
def steps(course, monkeypatch):
    """The commands of a set-up's steps, which make a folder and nothing else."""
    taken = []

    def step(title, line):
        taken.append(line)
        (course / ".venv-oldest").mkdir(exist_ok=True)

    monkeypatch.setattr(environment, "_step", step)
    monkeypatch.setattr(sys, "version_info", (3, 11, 7))
    return taken


def test_the_oldest_environment_takes_the_lowest_of_each_range_and_the_newest_tools(course, steps):
    python = environment.prepare_oldest()
    assert python.is_relative_to(course / ".venv-oldest")
    make, bring_uv, lowest, tools = steps
    assert make[1:] == ["-m", "venv", str(course / ".venv-oldest")] and bring_uv[-1] == "uv"
    assert lowest[-4:] == ["--resolution", "lowest-direct", "-r", str(course / "requirements.txt")]
    assert "--resolution" not in tools and tools[-1] == str(course / "tests" / "requirements.txt")
    assert all(line[0] == str(python) for line in steps[1:])


def test_the_oldest_environment_is_made_anew_when_a_range_changes_and_only_then(course, steps):
    for _ in range(2):
        environment.prepare_oldest()
    assert len(steps) == 4
    ask_for(course, "tensorflow>=2.17,<3")
    environment.prepare_oldest()
    assert len(steps) == 8


def test_an_oldest_environment_that_fails_leaves_nothing_half_made(course, steps, monkeypatch):
    environment.prepare_oldest()
    ask_for(course, "no-such-package>=1")

    def fail(title, line):
        raise environment.SetUpFailed(title)

    monkeypatch.setattr(environment, "_step", fail)
    with pytest.raises(environment.SetUpFailed):
        environment.prepare_oldest()
    assert not (course / ".venv-oldest").exists()


@pytest.mark.parametrize("version", [(3, 9, 18), (3, 13, 0)])
def test_a_python_that_the_oldest_tensorflow_does_not_know_is_told_in_a_sentence(course, steps, monkeypatch, version, capfd):
    monkeypatch.setattr(sys, "version_info", version)
    assert command.main(["test", "--oldest"]) == 1
    assert "the oldest versions of the packages need 3.10 to 3.12" in capfd.readouterr().err
    assert not steps


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Error: ensurepip is not available", "apt install python3-venv"),
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("Temporary failure in name resolution", "Is there a network?"),
        ("something else", "Nothing half-made was left"),
    ],
)
def test_the_reason_of_a_failure_comes_with_what_to_do(line, words):
    assert words in environment._remedy([line])


NO_TENSORFLOW = "ERROR: No matching distribution found for tensorflow<3,>=2.16.1"
OFFLINE = (
    "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after connection broken by "
    "'NewConnectionError('Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')'"
)


@pytest.mark.parametrize(
    ("version", "lines", "words", "other"),
    [
        ((3, 12, 1), [OFFLINE, NO_TENSORFLOW], "Is there a network?", "python3.12"),
        ((3, 14, 0), [OFFLINE, NO_TENSORFLOW], "Is there a network?", "python3.12"),
        ((3, 14, 0), [NO_TENSORFLOW], "no TensorFlow for Python 3.14. Try with another one, for example `python3.12", "network"),
        ((3, 12, 1), [NO_TENSORFLOW], "pip finds no TensorFlow for Python 3.12 on ", "python3.12"),
    ],
)
def test_without_tensorflow_nobody_is_told_to_try_the_python_that_runs(monkeypatch, version, lines, words, other):
    monkeypatch.setattr(sys, "version_info", version)
    assert words in environment._remedy(lines) and other not in environment._remedy(lines)


def wheel(folder):
    """A package `toy` that pip can install without a network."""
    path = folder / "toy-1.0-py3-none-any.whl"
    files = {
        "toy.py": "",
        "toy-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n",
        "toy-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "toy-1.0.dist-info/RECORD": "",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


@pytest.mark.parametrize(
    "variables",
    [
        {"PIP_USER": "1"},
        {"PIP_TARGET": "{elsewhere}"},
        {"PIP_PREFIX": "{elsewhere}"},
        {"PIP_REQUIRE_VIRTUALENV": "1", "PIP_DRY_RUN": "1"},
        {"PIP_CONFIG_FILE": "{elsewhere}/pip.conf"},
        {"PYTHONPATH": "{elsewhere}"},
        {"PYTHONHOME": "{elsewhere}"},
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_variables_for_other_installations_do_not_lead_the_set_up_astray(course, tmp_path, monkeypatch, variables):
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "pip").mkdir(parents=True)
    (elsewhere / "pip" / "__init__.py").write_text("raise SystemExit('the pip of another Python')")
    (elsewhere / "pip.conf").write_text(f"[install]\nuser = true\ntarget = {elsewhere.as_posix()}\n")
    for name, value in {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel(tmp_path).parent), **variables}.items():
        monkeypatch.setenv(name, value.format(elsewhere=elsewhere))
    python = environment.prepare(ask_for(course, "toy>=1"))
    where = subprocess.run([python, "-c", "import toy; print(toy.__file__)"], capture_output=True, text=True)
    assert where.stdout.startswith(str(course / ".venv")), where.stderr


def test_with_an_nvidia_gpu_on_linux_tensorflow_comes_with_cuda(monkeypatch, tmp_path):
    lines = ["tensorflow>=2.16.1,<3", "tensorflow-text>=1", "numpy>=1"]
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'GPU 0: A (UUID: B)'\n")
    tool.chmod(0o755)
    monkeypatch.setattr(environment.shutil, "which", lambda name: None)
    assert environment._with_gpu(lines) == lines
    monkeypatch.setattr(environment.shutil, "which", lambda name: str(tool))
    monkeypatch.setattr(sys, "platform", "linux")
    if os.name == "posix":
        assert environment._with_gpu(lines)[0] == "tensorflow[and-cuda]>=2.16.1,<3"
        assert environment._with_gpu(lines)[2] == "numpy>=1"
        tool.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed'\nexit 9\n")
        assert environment._with_gpu(lines) == lines
    monkeypatch.setattr(sys, "platform", "darwin")
    assert environment._with_gpu(lines) == lines


def test_an_environment_that_lacks_packages_after_its_set_up_does_not_loop(monkeypatch, capfd):
    monkeypatch.setenv("LABS_SET_UP", "1")
    assert command._again_with(sys.executable, ["test"]) == 1
    assert "delete it" in capfd.readouterr().err


def test_arguments_of_test_go_to_pytest(monkeypatch):
    ran = []
    monkeypatch.setattr(command, "_run", lambda line: ran.append(line) or 0)
    assert command.main(["test", "-k", "perceptron", "-x", "tests/test_build.py", "--durations=3"]) == 0
    assert ran[0][1:] == ["-m", "pytest", *command.ALL_TESTS, "-k", "perceptron", "-x", "tests/test_build.py", "--durations=3"]


def test_arguments_of_the_oldest_versions_tests_go_to_their_pytest(course, steps, monkeypatch):
    ran = []
    monkeypatch.setattr(command, "_run", lambda line: ran.append(line) or 0)
    assert command.main(["test", "-x", "--oldest", "-k", "perceptron"]) == 0
    assert ran == [[str(environment.prepare_oldest()), "-m", "pytest", *command.ALL_TESTS, "-x", "-k", "perceptron"]]


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["lab", "--nothing"], ["build", "--nothing"], ["lab", "--port", "x"]])
def test_a_command_that_is_not_understood_is_answered_with_its_usage(arguments, capfd):
    with pytest.raises(SystemExit) as stopped:
        command.main(arguments)
    assert stopped.value.code == 2
    assert "usage: python3 -m utils" in capfd.readouterr().err


def test_lab_opens_the_first_lab_and_no_copy_of_it(monkeypatch, tmp_path):
    ran = []
    monkeypatch.setattr(command, "COURSE", tmp_path)
    monkeypatch.setattr(command, "_run", lambda line: ran.append(line) or 0)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "00_start_here-Copy1.ipynb").touch()
    assert command.main(["lab"]) == 0
    assert any(argument.endswith("/lab/tree/notebooks/00_start_here.ipynb") for argument in ran[0])


@pytest.mark.parametrize("asked", ["01_perceptron", "1", "01", "perceptron"])
def test_lab_opens_the_lab_that_is_asked_for(monkeypatch, asked):
    ran = []
    monkeypatch.setattr(command, "_run", lambda line: ran.append(line) or 0)
    assert command.main(["lab", asked, "--no-browser"]) == 0
    assert "--LabApp.default_url=/lab/tree/notebooks/01_perceptron.ipynb" in ran[0]


@pytest.mark.parametrize("asked", ["77", "percepton", "", "1.4", "../01_perceptron"])
def test_an_unknown_lab_is_answered_with_the_names_that_there_are(monkeypatch, capfd, asked):
    monkeypatch.setattr(environment, "missing", lambda files: pytest.fail("it was set up first"))
    with pytest.raises(SystemExit) as stopped:
        command.main(["lab", asked])
    assert stopped.value.code == 2
    printed = capfd.readouterr().err
    assert f"there is no lab {asked!r}; the labs are 00_start_here, 01_perceptron, " in printed and "Traceback" not in printed


def test_lab_serves_jupyterlab_with_the_first_lab(record_property, tmp_path):
    start = time.perf_counter()
    with served(COURSE, home=tmp_path) as (address, token):
        record_property("seconds from `lab` to a served JupyterLab", time.perf_counter() - start)
        page = f"{address}/api/contents/notebooks/00_start_here.ipynb?content=0&token={token}"
        with urllib.request.urlopen(page, timeout=5) as answer:
            found = json.load(answer)
    assert found["path"] == "notebooks/00_start_here.ipynb"
    with pytest.raises(OSError):  # the server ended with the command: nothing is left running
        urllib.request.urlopen(page, timeout=5)


@pytest.mark.skipif(os.name != "posix", reason=".ci/run is a shell script")
def test_ci_runs_the_command_of_the_readme():
    script = (COURSE / ".ci" / "run").read_text(encoding="utf-8")
    assert "python3 -m utils test" in script
    assert "```\npython3 -m utils test\n```" in (COURSE / "README.md").read_text(encoding="utf-8")
    assert subprocess.run([shutil.which("bash"), "-n", str(Path(COURSE, ".ci", "run"))]).returncode == 0
