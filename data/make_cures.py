"""
Makes cures.npz: lab 8's large network, trained with each strength of L2 and each rate of dropout.

Run once, by `python3 data/make_cures.py`, and `python3 data/make_data.py` afterwards, for the checksums. It takes some minutes;
other machines and versions of TensorFlow give other last digits.
"""

import sys
from pathlib import Path

import keras
import numpy as np

DATA = Path(__file__).resolve().parent
sys.path.insert(0, str(DATA.parent))

from utils import datasets, training  # noqa: E402  what is imported lies in the folder above

PENALTIES = (0, 0.0003, 0.001, 0.003, 0.01, 0.03)
RATES = (0, 0.1, 0.2, 0.35, 0.5, 0.7)
STARTS, EPOCHS, EVERY = 5, 300, 6
REACH, CELLS = 2.5, 41


def network(penalty: float, rate: float) -> keras.Model:
    """Two hidden layers of 64 units, with dropout after each and a penalty on all kernels."""
    L2 = keras.regularizers.L2(penalty)
    layers = []
    for _ in range(2):
        layers += [keras.layers.Dense(64, "relu", kernel_regularizer=L2), keras.layers.Dropout(rate)]
    return keras.Sequential([keras.Input((2,)), *layers, keras.layers.Dense(1, kernel_regularizer=L2)])


def run(penalty: float, rate: float, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The training and the validation loss, means over the starts, and ŷ of the first start over the plane, 0 to 255."""
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)
    side = np.linspace(-REACH, REACH, CELLS, dtype=np.float32)
    plane = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    histories, regions = [], None
    for start in range(STARTS):
        keras.utils.set_random_seed(start)
        model = network(penalty, rate)
        histories.append(
            training.train(
                model, keras.optimizers.Adam(0.02), cross_entropy, X[:60], y[:60], EPOCHS, 60, validation=(X[60:], y[60:])
            )
        )
        if regions is None:
            regions = np.asarray(keras.ops.sigmoid(model(plane))).reshape(CELLS, CELLS)
    loss, val_loss = (np.mean([history[name] for history in histories], axis=0)[::EVERY] for name in ("loss", "val_loss"))
    return loss, val_loss, np.round(255 * regions).astype(np.uint8)


def main() -> None:
    """Train with each pair of a strength and a rate, and write the file."""
    X, y = datasets.students()
    X, y = (X - X[:60].mean(axis=0)) / X[:60].std(axis=0), y[:, None]
    runs = [[run(penalty, rate, X, y) for rate in RATES] for penalty in PENALTIES]
    loss, val_loss, regions = (np.array([[each[i] for each in row] for row in runs]) for i in range(3))
    np.savez_compressed(
        DATA / "cures.npz",
        penalties=np.array(PENALTIES),
        rates=np.array(RATES),
        epochs=np.arange(0, EPOCHS, EVERY),
        training=loss.astype(np.float32),
        validation=val_loss.astype(np.float32),
        regions=regions,
    )


if __name__ == "__main__":
    main()
