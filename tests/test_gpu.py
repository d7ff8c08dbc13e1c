"""On a GPU, where TensorFlow sees one: a training step runs there, its losses are a CPU's, and the bench has its column."""

import keras
import numpy as np
import pytest
from tensorflow.python.eager import context  # the record of what ran where is not public

from tests.devices import tf
from utils import bench, training
from utils.bench import table

GPUS = [device.name.removeprefix("/device:") for device in tf.config.list_logical_devices("GPU")]
ON_GPU = pytest.mark.skipif(not GPUS, reason="TensorFlow sees no GPU on this machine")
PRINTED = 1e-3  # the labs print losses with three decimals


def network_and_data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(64, 5)).astype(np.float32)
    y = np.tanh(X @ rng.normal(size=(5, 1))).astype(np.float32)
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(16, "tanh"), keras.layers.Dense(1)])
    model.set_weights([rng.normal(scale=0.3, size=weights.shape) for weights in model.get_weights()])
    return model, X, y


def devices_of_the_matrix_products(device):
    """Where the matrix products of a training step ran, under `tf.device(device)`."""
    with tf.device(device):
        (model, X, y), adam = network_and_data(), keras.optimizers.Adam()
        adam.build(model.trainable_variables)
        context.enable_run_metadata()
        try:
            tf.function(bench.train_step)(model, adam, keras.losses.MeanSquaredError(), tf.constant(X), tf.constant(y))
            graphs = context.export_run_metadata().partition_graphs
        finally:
            context.disable_run_metadata()
    return [node.device.rpartition("device:")[2] for graph in graphs for node in graph.node if "MatMul" in node.op]


def losses(device):
    with tf.device(device):
        model, X, y = network_and_data()
        epoch = training.compile_epoch(model, keras.optimizers.Adam(0.01), keras.losses.MeanSquaredError(), X, y, 16)
        seen = [epoch((0, number)) for number in range(30)]
    assert {each["loss"].device.rpartition("device:")[2] for each in seen} == {device}
    return [float(each["loss"]) for each in seen]


@pytest.mark.parametrize("device", ["CPU:0", "CPU:1", pytest.param("GPU:0", marks=ON_GPU)])
def test_the_matrix_products_of_a_training_step_run_on_the_device_that_is_asked_for(device):
    found = devices_of_the_matrix_products(device)
    assert len(found) == 5, "two forward, one to each of two kernels, one to the hidden layer"
    assert set(found) == {device}


@ON_GPU
def test_the_matrix_products_of_a_training_step_run_on_the_gpu_where_nothing_is_asked_for():
    assert set(devices_of_the_matrix_products(None)) == {"GPU:0"}


@pytest.mark.parametrize("device", ["CPU:1", pytest.param("GPU:0", marks=ON_GPU)])
def test_two_devices_agree_on_the_losses_to_the_digits_that_the_labs_print(device):
    ours, theirs = losses("CPU:0"), losses(device)
    assert ours[-1] < ours[0] / 3
    assert np.allclose(ours, theirs, rtol=0, atol=PRINTED)


@pytest.mark.parametrize("device", ["CPU:0", pytest.param("GPU:0", marks=ON_GPU)])
def test_the_bench_has_a_column_for_the_device(device):
    assert device in bench.all_devices()
    assert len(bench.all_devices()) == 1 + len(GPUS)


def test_the_bench_puts_the_devices_side_by_side(monkeypatch):
    def result(**steps):
        return {
            "first call": 1.5,
            "steps": {way: {"median": each, "quartiles": [each - 1, each + 1]} for way, each in steps.items()},
        }

    results = {"CPU:0": result(**{"compiled epoch": 4, "PyTorch, eager": 8}), "GPU:0": result(**{"compiled epoch": 2})}
    monkeypatch.setattr(table, "_measure", lambda case, rounds, device: results[device])
    _, head, *rows = bench.bench(["A"], devices=list(results)).splitlines()
    assert head.split() == ["CPU:0", "GPU:0"]
    [torch] = [row for row in rows if "PyTorch" in row]
    assert torch.split() == ["PyTorch,", "eager", *["8", "±", "1", "µs", "a", "step", "2.0", "×"], "–"]
