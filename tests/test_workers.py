"""Programs in two processes: they meet, they give the gradient of one device, and a failure is a sentence."""

import numpy as np
import pytest

from tests.devices import tf
from utils import workers
from utils.advice import Advice

GRADIENT = """
import json, os
import numpy as np, tensorflow as tf
config = json.loads(os.environ["TF_CONFIG"])
print(config["task"]["index"], *config["cluster"]["worker"])
strategy = tf.distribute.MultiWorkerMirroredStrategy()
X = np.arange(14, dtype=np.float32).reshape(7, 2) / 10
y = X[:, :1] ** 2
options = tf.data.Options()
options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
batches = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((X, y)).batch(7).with_options(options))
with strategy.scope():
    w = tf.Variable([[0.5], [-1.0]])

@tf.function
def gradient(X, y):
    with tf.GradientTape() as tape:
        J = tf.nn.compute_average_loss(tf.reduce_sum((X @ w - y) ** 2, axis=1), global_batch_size=7)
    return tf.distribute.get_replica_context().all_reduce("sum", tape.gradient(J, w))

for batch in batches:
    print(np.ravel(strategy.run(gradient, batch)).tolist())
"""


def test_two_processes_know_their_places_and_give_the_gradient_of_one():
    outputs = [lines.splitlines() for lines in workers.run(GRADIENT)]
    (first, *addresses), (second, *the_same) = (place.split() for place, _ in outputs)
    assert (first, second) == ("0", "1") and len(set(addresses)) == 2 and addresses == the_same
    X = np.arange(14, dtype=np.float32).reshape(7, 2) / 10
    w = tf.Variable([[0.5], [-1.0]])
    with tf.GradientTape() as tape:
        J = tf.reduce_mean(tf.reduce_sum((X @ w - X[:, :1] ** 2) ** 2, axis=1))
    assert outputs[0][1] == outputs[1][1]
    assert np.allclose(np.array(eval(outputs[0][1])), np.ravel(tape.gradient(J, w)), atol=1e-6)


def test_two_devices_give_the_gradient_of_one():
    X = np.arange(14, dtype=np.float32).reshape(7, 2) / 10
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        w = tf.Variable([[0.5], [-1.0]])

    @tf.function
    def gradient(X):
        with tf.GradientTape() as tape:
            J = tf.nn.compute_average_loss(tf.reduce_sum((X @ w - X[:, :1] ** 2) ** 2, axis=1), global_batch_size=7)
        return tf.distribute.get_replica_context().all_reduce("sum", tape.gradient(J, w))

    parts = [X[:4], X[4:]]
    shards = strategy.experimental_distribute_values_from_function(
        lambda replica: tf.constant(parts[replica.replica_id_in_sync_group])
    )
    reduced = strategy.experimental_local_results(strategy.run(gradient, (shards,)))
    with tf.GradientTape() as tape:
        J = tf.reduce_mean(tf.reduce_sum((X @ w - X[:, :1] ** 2) ** 2, axis=1))
    alone = tape.gradient(J, w)
    assert len(reduced) == 2
    assert all(np.allclose(each, alone, atol=1e-6) for each in reduced)


TALKS = """
import json, os, sys
from pathlib import Path
first = json.loads(os.environ["TF_CONFIG"])["task"]["index"] == 0
if not first:
    print("x" * 200_000)  # more than a pipe holds
    print("y" * 200_000, file=sys.stderr)
    Path({done!r}).touch()
while not Path({done!r}).exists():
    pass
print("done")
"""


def test_a_worker_that_prints_much_before_the_others_end_is_not_held_up(tmp_path):
    first, second = workers.run(TALKS.format(done=str(tmp_path / "done")), seconds=60)
    assert first == "done" and second.endswith("done") and len(second) > 200_000


def test_a_worker_that_fails_or_waits_is_told_in_a_sentence():
    with pytest.raises(Advice, match="Worker 0 stopped with an error: ValueError: no data"):
        workers.run("raise ValueError('no data')", count=1)
    with pytest.raises(Advice, match="not done after 1 s and were stopped"):
        workers.run("import time; time.sleep(60)", count=1, seconds=1)
