"""Numbers that the tests measure are printed at the end of the run."""

import importlib.metadata
import statistics

import pytest

from utils import progress_file
from utils.running import tf

# Lab 7 makes two devices of one processor; that must come before anything is computed, so here it comes first for all labs.
[cpu] = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


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
    if megabytes := measured.get("megabytes of a lab's kernel"):
        used = f"{max(megabytes):.0f} MB at most"
        terminalreporter.write_line(f"memory of a lab's kernel: {used}, given back by all {len(megabytes)}")
    for name in ("seconds from `lab` to a served JupyterLab", "seconds that utils adds to TensorFlow's import"):
        for number in measured.get(name, []):
            terminalreporter.write_line(f"{name}: {number:.2f}")


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
