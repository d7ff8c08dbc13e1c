"""How the tests are shared out to processes, their seed, and the numbers that they measure, printed at the end of the run."""

import importlib.metadata
import os
import random
import re
import secrets
import statistics
import sys
import time
import zlib

import numpy as np
import pytest
from xdist.scheduler import LoadFileScheduling

from tests.courses import megabytes_of_kernels
from utils.student import progress_file

os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")  # as many processes as cores run: none of them needs more than one
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # some fifty processes would compile the course anew, each of them


SEED = "--seed"


def pytest_addoption(parser):
    parser.addoption(SEED, type=int, help="what all random numbers of the tests come from; a new one each time unless given")


def pytest_configure(config):
    """One seed for all processes; where tests run, the memory of kernels is measured."""
    if config.getoption(SEED) is None:
        config.option.seed = int.from_bytes(os.urandom(4), "big")
    if config.getoption("dist") == "no":  # else this process only hands tests out
        config.pluginmanager.register(MemoryOfKernels())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """Hand the seed to a process that runs tests."""
    node.workerinput["seed"] = node.config.option.seed


@pytest.fixture(autouse=True)
def random_numbers(request, monkeypatch):
    """
    Whatever a test draws comes from the seed of the run and from its own name.

    A generator that is made without a seed, as the checks make theirs, gets one.
    """
    seed = getattr(request.config, "workerinput", {}).get("seed", request.config.option.seed)
    own = np.random.SeedSequence([seed, zlib.crc32(request.node.nodeid.encode())])
    make = np.random.default_rng
    monkeypatch.setattr(np.random, "default_rng", lambda seed=None: make(own.spawn(1)[0] if seed is None else seed))
    monkeypatch.setattr(secrets, "randbits", lambda bits: int(own.spawn(1)[0].generate_state(1)[0]))  # TensorFlow's, in a check
    random.seed(own.generate_state(1)[0].item())
    np.random.seed(own.generate_state(2)[1])
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].random.set_seed(own.generate_state(3)[2])


SMALLEST_TEXT = 8  # in points: a figure is shown in its own size


def small_texts(figure):
    """The texts of a figure that are too small to read."""
    from matplotlib.text import Text

    texts = figure.findobj(lambda artist: isinstance(artist, Text) and artist.get_visible() and artist.get_text().strip())
    return [text.get_text() for text in texts if text.get_fontsize() < SMALLEST_TEXT]


@pytest.fixture(autouse=True)
def readable(monkeypatch):
    """No picture that a test makes has text which is too small to read."""
    made, pictures = [], sys.modules.get("utils.plots.pictures")
    if pictures:
        init = pictures.Picture.__init__

        def remembered(self, figure, alt):
            init(self, figure, alt)
            made.append(self)

        monkeypatch.setattr(pictures.Picture, "__init__", remembered)
    yield
    assert [(picture.alt, small) for picture in made if (small := small_texts(picture.figure))] == []


class ByFile(LoadFileScheduling):
    """A process runs a file, its tests in their order; of the files that judge each exercise's answers, those of one lab."""

    def _split_scope(self, nodeid):
        lab = re.match(r"tests/test_(?:exercises|mutants|search)\.py::.*\[(\d+)\.\d+\]", nodeid)
        return f"answers of lab {lab[1]}" if lab else super()._split_scope(nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers():
    """One more than there are cores: a process waits for kernels and pages a tenth of the time."""
    return (yield) + 1


def pytest_xdist_make_scheduler(config, log):
    return ByFile(config, log)


MEMORY = "megabytes of a solution's kernel"


class MemoryOfKernels:
    """Measures it at each cell of a solution; a plugin of its own, since a conftest's hooks see its own folder only."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item):
        """The kernel of the solution before has ended; a killed process may take a moment."""
        if getattr(item, "cell_num", None) != 0:
            return
        deadline = time.monotonic() + 60
        while megabytes_of_kernels() > 0:
            assert time.monotonic() < deadline, "the kernel of the solution before goes on"
            time.sleep(0.05)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        """What the kernel has after a cell."""
        result = yield
        if hasattr(item, "cell_num"):
            megabytes = megabytes_of_kernels()
            item.user_properties.append((MEMORY, megabytes))
            assert megabytes < 2000
        return result


def pytest_terminal_summary(terminalreporter):
    measured: dict[str, list] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, number in report.user_properties if getattr(report, "when", "") == "call" else ():
                measured.setdefault(name, []).append(number)
    if seconds := measured.get("seconds to judge"):
        judged = sorted(second for exercise in seconds for second in exercise)
        terminalreporter.write_line(
            f"judging an answer: median {statistics.median(judged):.3f} s, slowest {judged[-1]:.3f} s ({len(judged)} answers)"
        )
    if mutants := measured.get("mutants"):
        wrong, crashed, accepted, equivalent = map(sum, zip(*mutants, strict=True))
        terminalreporter.write_line(
            f"mutation score: {wrong} of {wrong + accepted} mutants that give something are rejected "
            f"({wrong / (wrong + accepted):.1%}); {crashed} more stop with an error, and {equivalent} are listed as equivalent"
        )
    if places := measured.get("places"):
        report_places(terminalreporter, places)
    if megabytes := measured.get(MEMORY):
        used = f"{max(megabytes):.0f} MB at most"
        terminalreporter.write_line(f"memory of a solution's kernel: {used}, given back before the next one starts")
    for notebook, seconds in sorted(seconds_of_solutions(terminalreporter).items()):
        terminalreporter.write_line(f"seconds of {notebook}, beside other tests: {seconds:.1f}")
    for name in ("seconds from `lab` to a served JupyterLab", "seconds that utils adds to TensorFlow's import"):
        for number in measured.get(name, []):
            terminalreporter.write_line(f"{name}: {number:.2f}")


def report_places(terminalreporter, places):
    """For how many mutants the search names the edited line, by exercise and in all."""
    for kind, of_kind in (("functions", False), ("classes and trainings", True)):
        rows = [(number, *counts) for number, is_of_kind, *counts in places if is_of_kind is of_kind]
        named, tried, elsewhere = (sum(row[i] for row in rows) for i in (1, 2, 3))
        by_exercise = ", ".join(f"{number} {named}/{tried}" for number, named, tried, _ in rows if tried)
        terminalreporter.write_line(
            f"place of the fault in mutated {kind}: named for {named} of {tried} ({named / max(tried, 1):.0%}), another line "
            f"for {elsewhere}; by exercise: {by_exercise}"
        )


def seconds_of_solutions(terminalreporter):
    """The seconds that each solution takes, with the start of its kernel and the import of TensorFlow, while other tests run."""
    seconds: dict[str, float] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "nodeid", "").startswith("solutions/") and hasattr(report, "duration"):
                notebook = report.nodeid.partition("::")[0]
                seconds[notebook] = seconds.get(notebook, 0) + report.duration
    return seconds


def pytest_report_header(config):
    names = ("tensorflow", "keras", "numpy", "matplotlib")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    return [f"versions: {versions}", f"seed: {config.option.seed} (repeat a run with {SEED} {config.option.seed})"]


@pytest.fixture
def own_progress(tmp_path, monkeypatch):
    """A progress file of the test's own, and a session that knows nothing yet."""
    file = tmp_path / "progress.json"
    monkeypatch.setattr(progress_file, "path", lambda: file)
    monkeypatch.setattr(progress_file, "_session", {})
    monkeypatch.setattr(progress_file, "_already_said", set())
    return file
