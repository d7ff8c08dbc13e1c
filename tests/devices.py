"""
TensorFlow as the tests use it; to be imported before anything is computed.

One processor is two devices, as in lab 7. Graphs run as they are recorded, which is quicker where each runs once or twice; what
is timed does without that.
"""

from utils.quiet_tensorflow import tf

[_cpu] = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(_cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


def optimize_graphs(whether: bool) -> None:
    """Have TensorFlow optimize what a function records before it runs, as it does unless told otherwise, or not."""
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": not whether})


optimize_graphs(False)
