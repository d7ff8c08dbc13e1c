"""What tests of pictures share: functions and models to draw, and the texts of what was drawn."""

import numpy as np

from tests.devices import tf


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def texts(ax):
    return " ".join(text.get_text() for text in [*ax.texts, ax.title, ax.xaxis.label, ax.yaxis.label])


def some_model(widths, activation="relu", inputs=2):
    hidden = [tf.keras.layers.Dense(width, activation=activation) for width in widths]
    return tf.keras.Sequential([tf.keras.Input((inputs,)), *hidden, tf.keras.layers.Dense(1, activation="sigmoid")])
