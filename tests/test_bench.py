"""The bench: every loop is measured, in turn with other libraries in processes of their own, as a table and as JSON."""

import functools
import importlib.util
import json
import sys
import time

import keras
import numpy as np
import pytest

from tests.devices import tf
from utils import __main__ as command
from utils import bench
from utils.advice import Advice
from utils.bench import measuring, peers

LOOPS = ("train_step", "train_step by tf.function", "compiled epoch", "fit", "fit, 32 steps an execution")


@pytest.fixture
def quick(monkeypatch):
    """Small cases and short turns."""
    for name, case in bench.CASES.items():
        monkeypatch.setitem(bench.CASES, name, case._replace(n=2 * case.batch_size))
    monkeypatch.setattr(measuring, "TURN", 0.001)
    monkeypatch.setattr(peers, "PEERS", {})


def test_every_loop_is_measured_on_the_device_that_is_asked_for(quick):
    table = bench.bench(["C"], rounds=1, devices=["CPU:1"])
    assert table.splitlines()[1].split() == ["CPU:1"]
    for way in LOOPS:
        [row] = [line for line in table.splitlines() if line.startswith(f"  {way}  ")]
        assert row.count("µs a step") == 1
    for words in ("first call", "matrix products", "epoch reaches"):
        assert words in table


def test_a_step_has_the_operations_of_its_matrix_products():
    assert bench.CASES["C"]._replace(n=1_000).flops == 2 * (2 * 784 * 128 + 3 * 128 * 10) * 500


def test_as_json_there_are_medians_between_their_quartiles(quick, capsys):
    assert command.main(["bench", "A", "--rounds", "3", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["tensorflow"] == tf.__version__ and result["rounds"] == 3
    measured = result["cases"]["A"]["CPU:0"]
    assert measured["first call"] > 0 and set(measured["steps"]) == set(LOOPS)
    for each in measured["steps"].values():
        assert 0 < each["quartiles"][0] <= each["median"] <= each["quartiles"][1]


def test_what_is_slow_the_first_time_only_is_not_measured(quick):
    slow = iter([0.2])
    seconds = bench.measure({"way": lambda: time.sleep(next(slow, 0.001)) or 1}, rounds=3)
    assert 0.001 < seconds["way"] < 0.1


STAND_IN = """
import pickle, sys
assert "tensorflow" not in sys.modules
case = pickle.load(sys.stdin.buffer)
print("ready" if case["device"] == "CPU:0" else "unknown device", flush=True)
for line in sys.stdin:
    print(len(case["X"]) + int(float(line)), flush=True)
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """A script that answers as another library does; `json` stands for one that is installed."""
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN)
    monkeypatch.setattr(peers, "SCRIPT", script)
    monkeypatch.setattr(peers, "PEERS", {"there": "json", "not there": "no_such_library"})


def test_another_library_trains_in_a_process_of_its_own_that_ends_with_the_bench(stand_in):
    case = bench.CASES["A"]
    with peers.started(case, "CPU:0", 3) as ways:
        assert list(ways) == ["there"]
        assert ways["there"]() == ways["there"]() == case.n + 3
    with pytest.raises((OSError, ValueError)):
        ways["there"]()
    with peers.started(case, "GPU:0", 3) as ways:
        assert ways == {}


def test_a_library_that_stops_is_left_out(stand_in, monkeypatch):
    (peers.SCRIPT).write_text("raise SystemExit(1)")
    with peers.started(bench.CASES["A"], "CPU:0", 3) as ways:
        assert ways == {}


@pytest.mark.parametrize("name", ["torch", "torch-compiled", "jax"])
@pytest.mark.parametrize("case", ["A", "D", "E", "F"])
def test_the_other_libraries_train_an_epoch(name, case):
    library = name.partition("-")[0]
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    only = {"way": name}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(peers, "PEERS", only)
        with peers.started(bench.CASES[case]._replace(n=100), "CPU:0", 0) as ways:
            assert ways["way"]() == 4
    assert "torch" not in sys.modules  # its compiler cannot live beside TensorFlow; Keras imports JAX by itself


def a_model():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])


def test_a_step_that_cannot_be_recorded_is_told_in_a_sentence():
    def with_a_number(model, optimizer, loss, X, y):
        return bench.train_step(model, optimizer, loss, X, y).numpy()

    X, mse = np.ones((10, 3), np.float32), functools.partial(keras.losses.MeanSquaredError())
    with pytest.raises(Advice, match="line by line only"):
        bench.compare(with_a_number, a_model, mse, X, X[:, :1], batch_size=5)


def test_a_case_that_is_not_there_is_answered_with_those_that_are(capsys):
    assert command.main(["bench", "Z"]) == 2
    assert "There is no case 'Z'; there are A, B, C, D, E, F." in capsys.readouterr().err
