"""How the tests are shared out to processes, and the numbers that they measure, printed at the end of the run."""

import importlib.metadata
import os
import re
import statistics
import time

import pytest
from xdist.scheduler import LoadFileScheduling

from tests.courses import megabytes_of_kernels
from utils import progress_file

os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")  # as many processes as cores run: none of them needs more than one
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # some fifty processes would compile the course anew, each of them


def pytest_configure(config):
    """
    Where tests run: the memory of kernels is measured, there are two devices of one processor, for lab 7, and TensorFlow takes
    graphs as they are recorded, which is quicker where each runs once or twice; what is timed does without that.

    Devices must come before anything is computed.
    """
    if config.getoption("dist") != "no":
        return  # this process only hands tests out
    config.pluginmanager.register(MemoryOfKernels())
    from utils.running import tf

    [cpu] = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    from tests import labs  # which computes

    labs.optimize_graphs(False)


class ByFile(LoadFileScheduling):
    """A process runs a file, its tests in their order; of the files that judge each exercise's answers, those of one lab."""

    def _split_scope(self, nodeid):
        lab = re.match(r"tests/test_(?:exercises|mutants)\.py::.*\[(\d+)\.\d+\]", nodeid)
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
        deadline = time.monotonic() + 10
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
        rejected, total, equivalent = map(sum, zip(*mutants, strict=True))
        terminalreporter.write_line(
            f"mutation score: {rejected} of {total} mutants rejected ({rejected / total:.1%}), "
            f"and {equivalent} listed as equivalent"
        )
    if megabytes := measured.get(MEMORY):
        used = f"{max(megabytes):.0f} MB at most"
        terminalreporter.write_line(f"memory of a solution's kernel: {used}, given back before the next one starts")
    for notebook, seconds in sorted(seconds_of_solutions(terminalreporter).items()):
        terminalreporter.write_line(f"seconds of {notebook}, beside other tests: {seconds:.1f}")
    for name in ("seconds from `lab` to a served JupyterLab", "seconds that utils adds to TensorFlow's import"):
        for number in measured.get(name, []):
            terminalreporter.write_line(f"{name}: {number:.2f}")


def seconds_of_solutions(terminalreporter):
    """The seconds that each solution takes, with the start of its kernel and the import of TensorFlow, while other tests run."""
    seconds: dict[str, float] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "nodeid", "").startswith("solutions/") and hasattr(report, "duration"):
                notebook = report.nodeid.partition("::")[0]
                seconds[notebook] = seconds.get(notebook, 0) + report.duration
    return seconds


def pytest_report_header():
    names = ("tensorflow", "keras", "numpy", "matplotlib")
    return "versions: " + ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)


@pytest.fixture
def own_progress(tmp_path, monkeypatch):
    """A progress file of the test's own, and a session that knows nothing yet."""
    file = tmp_path / "progress.json"
    monkeypatch.setattr(progress_file, "path", lambda: file)
    monkeypatch.setattr(progress_file, "_session", {})
    monkeypatch.setattr(progress_file, "_said", set())
    return file
