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
from types import SimpleNamespace

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
    paths = {"VENV": copy / ".venv", "VENV_OLDEST": copy / ".venv-oldest"}
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


def test_where_packaging_is_not_installed_everything_is_missing(course, monkeypatch):
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)
    assert environment.missing(ask_for(course, "numpy>=1.26", "nbval")) == ["numpy>=1.26", "nbval"]


@pytest.fixture
def no_index(tmp_path, monkeypatch):
    """There are no packages but `toy`, beside this test: nobody waits for a network."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel(tmp_path).parent))


def test_a_failed_install_says_which_step_and_leaves_nothing_half_made(course, no_index, capfd):
    files = ask_for(course, "no-such-package-in-any-index>=1")
    for _ in range(2):  # the second run begins anew and is not fooled by the first
        with pytest.raises(environment.SetUpFailed) as failure:
            environment.prepare(files)
        assert "failed at this step: Installing packages by pip" in str(failure.value)
        assert "no-such-package-in-any-index" in str(failure.value)
        assert not (course / ".venv").exists()
    assert "Making the environment .venv" in capfd.readouterr().out


def test_a_set_up_that_was_killed_is_not_trusted(course, capfd):
    (course / ".venv" / "bin").mkdir(parents=True)
    (course / ".venv" / "bin" / "python").touch()
    python = environment.prepare(ask_for(course, "pip>=1"))
    assert "is not complete; making it anew" in capfd.readouterr().out
    assert subprocess.run([python, "-c", "import pip"]).returncode == 0
    assert environment.prepare(ask_for(course, "pip>=1")) == python
    assert "…" not in capfd.readouterr().out, "nothing is done twice"


def test_what_a_student_has_is_not_installed_again_and_an_author_gets_the_rest(course, monkeypatch):
    installed = []
    monkeypatch.setattr(environment, "_install", lambda python, lines: installed.append(lines))
    for lines in (["pip>=1"], ["pip>=1", "uv"], ["pip>=1"], ["uv"]):
        environment.prepare(ask_for(course, *lines))
    assert installed == [["pip>=1"], ["pip>=1", "uv"]]


def test_where_uv_cannot_be_had_pip_installs(course, no_index, capfd):
    python = environment.prepare(ask_for(course, "toy>=1"))
    assert "Installing packages by pip" in capfd.readouterr().out
    assert subprocess.run([python, "-c", "import toy"]).returncode == 0


def test_uv_takes_packages_from_where_pip_does(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    settings = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "https://a.example/simple", "PIP_NO_INDEX": "1"}
    for name, value in {**settings, "PIP_FIND_LINKS": f"{tmp_path} /wheels"}.items():
        monkeypatch.setenv(name, value)
    line = environment._uv(Path(sys.executable))
    assert line[:6] == [sys.executable, "-m", "uv", "pip", "install", "--no-progress"]
    options = {"--index-url=https://a.example/simple", "--no-index", f"--find-links={tmp_path}", "--find-links=/wheels"}
    assert set(line[8:]) == options
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://b.example/simple")
    assert {"--extra-index-url=https://b.example/simple", "--index-strategy=unsafe-best-match"} < set(
        environment._uv(Path(sys.executable))
    )
    monkeypatch.setenv("PIP_NO_INDEX", "0")
    assert "--no-index" not in environment._uv(Path(sys.executable))


@pytest.fixture
def too_new(monkeypatch):
    """The set-up runs with a Python that came out after this course."""
    tomorrow = {"version_info": (3, 99, 0), "version": "3.99.0 (of tomorrow)"}
    same = {"executable": sys.executable, "platform": sys.platform, "stdout": sys.stdout}
    monkeypatch.setattr(environment, "sys", SimpleNamespace(**tomorrow, **same))


def script(file, text):
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


@pytest.mark.skipif(os.name != "posix", reason="scripts of a shell stand for other Pythons")
def test_where_this_python_has_no_tensorflow_another_one_is_taken_and_named(too_new, tmp_path, monkeypatch, capfd):
    script(tmp_path / "python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    script(tmp_path / "python3.12", f'exec {sys.executable} "$@"')
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment._interpreter((3, 13)) == sys.executable
    assert f"need Python 3.10 to 3.13, and this is 3.99.0: {sys.executable} is taken." in capfd.readouterr().out


def test_where_there_is_no_other_python_uv_gets_one(too_new, monkeypatch):
    taken = []
    monkeypatch.setattr(environment.shutil, "which", lambda name: None)
    monkeypatch.setattr(environment, "_step", lambda title, line: taken.append(line))
    answer = subprocess.CompletedProcess([], 0, "/of/uv/python3.13\n")
    monkeypatch.setattr(environment.subprocess, "run", lambda line, **options: taken.append(line) or answer)
    assert environment._interpreter((3, 13)) == "/of/uv/python3.13"
    assert [line[1:4] for line in taken[2:]] == [["-m", "uv", "python"]] * 2 and taken[-1][-1] == "3.13"


def test_where_no_python_can_be_had_a_sentence_says_which_to_install(too_new, monkeypatch):
    def fail(title, line):
        raise environment.SetUpFailed(title)

    monkeypatch.setattr(environment.shutil, "which", lambda name: None)
    monkeypatch.setattr(environment, "_step", fail)
    with pytest.raises(environment.SetUpFailed, match=r"and this is 3\.99\.0\. Install Python 3\.13, for example that of"):
        environment._interpreter((3, 13))


def test_an_environment_that_worked_outlives_an_install_that_fails(course, no_index):
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
        environment._python(course / ".venv-oldest").parent.mkdir(parents=True, exist_ok=True)
        environment._python(course / ".venv-oldest").touch()

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


def test_the_oldest_versions_get_a_python_that_they_know_or_a_sentence(course, steps, monkeypatch, capfd):
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    monkeypatch.setattr(environment, "_where", lambda line: "")
    monkeypatch.setattr(environment, "_from_uv", lambda version: f"/of/uv/python{version}")
    environment.prepare_oldest()
    assert steps[0][0] == "/of/uv/python3.12"
    shutil.rmtree(course / ".venv-oldest")
    monkeypatch.setattr(environment, "_from_uv", lambda version: "")
    assert command.main(["test", "--oldest"]) == 1
    assert "The packages need Python 3.10 to 3.12" in capfd.readouterr().err


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
    ("lines", "words", "other"),
    [
        ([OFFLINE, NO_TENSORFLOW], "Is there a network?", "pip finds no"),
        ([NO_TENSORFLOW], "pip finds no TensorFlow on ", "network"),
    ],
)
def test_without_tensorflow_the_reason_is_the_network_or_the_index(lines, words, other):
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
