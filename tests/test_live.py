"""Live pictures, as they leave Python: a still, a description, one page without network, and a network in numbers."""

import base64
import json
import re

import numpy as np
import pytest

from tests import live
from tests.devices import tf
from utils import datasets, plots
from utils.advice import Advice
from utils.plots import in_page

keras = tf.keras
LARGEST = 300_000  # characters of a page
NAMESPACE = "http://www.w3.org/2000/svg"


@pytest.mark.parametrize("name", live.CASES)
def test_a_live_picture_has_a_still_a_description_and_needs_no_network(name):
    picture = live.drawn(name)
    data, metadata = picture._repr_mimebundle_()
    assert 50 < len(picture.alt) < 700 and metadata["image/png"]["alt"] == picture.alt
    html = data["text/html"]
    assert html == live.drawn(name).html(), "the same each time"
    assert len(html) < LARGEST
    assert "//" not in re.sub(r"//? .*|data:image/\w+;base64,[^\"]*|\"[A-Za-z0-9+/=]{40,}\"", "", html.replace(NAMESPACE, ""))
    assert html.index("<img alt=") < html.index("<script>"), "where scripts do not run, the still is there"


@pytest.mark.parametrize("name", live.CASES)
def test_what_a_page_carries_is_data_and_ends_no_script(name):
    html = live.drawn(name).html()
    assert html.count("</script>") == 1 and html.endswith("</script>")
    settings = json.loads(html.rpartition("})(")[2].removesuffix(")</script>"))
    assert set(settings) > {"name", "ground"}
    for place in settings["ground"]["axes"]:
        assert 0 <= place["left"] < place["right"] <= settings["ground"]["width"] + 1
        assert 0 <= place["top"] < place["bottom"] <= settings["ground"]["height"] + 1


def test_the_stills_of_what_moves_are_its_frames_from_the_first_to_the_last():
    picture = live.drawn("regions")
    assert [ax.get_title().split("\n")[0] for ax in picture.figure.axes] == [
        "epoch 0: accuracy 0%",
        "epoch 2: accuracy 0%",
        "epoch 4: accuracy 100%",
        "epoch 6: accuracy 100%",
    ]
    assert "epoch 0: accuracy 0%, ŷ = 0.27 at you" in picture.alt
    model, weights = live.looks()
    before = model.get_weights()
    live.regions()
    assert all(np.array_equal(now, then) for now, then in zip(model.get_weights(), before, strict=True)) and len(weights) == 7


def test_the_ground_shows_what_stays_and_nothing_that_moves():
    race, stills = live.drawn("race").ground, live.drawn("race").figure
    assert sum(len(line.get_xdata()) > 1 for line in race.axes[0].lines) == 0
    assert sum(len(line.get_xdata()) > 1 for line in stills.axes[1].lines) == 2


def test_a_text_that_would_end_the_script_stays_a_text():
    kernels = {"</script><b>": [[0, 0, 0], [0, 1, 0], [0, 0, 0]]}
    assert plots.play_kernel({"four": live.four()}, kernels).html().count("</script>") == 1


def test_weights_travel_as_they_are():
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)])
    flatten, dense = in_page.layers_of(model, np.ones((1, 8, 8, 1), np.float32))
    assert flatten == {"kind": "flatten"} and dense["units"] == 10
    W, b = (np.frombuffer(base64.b64decode(dense[name]), "<f4") for name in ("W", "b"))
    assert np.array_equal(W.reshape(64, 10), model.get_weights()[0]) and np.array_equal(b, np.zeros(10))


class Shift(keras.layers.Layer):
    """Moves images while training, and only then."""

    def call(self, x, training=None):
        return tf.roll(x, 1, axis=1) if training else x


class Twice(keras.layers.Layer):
    """A layer that no page knows."""

    def call(self, x):
        return 2 * x


def network(*layers):
    return keras.Sequential([keras.Input((8, 8, 1)), *layers, keras.layers.Flatten(), keras.layers.Dense(10)])


def test_layers_that_change_nothing_in_prediction_are_left_out():
    model = network(Shift(), keras.layers.Dropout(0.5), keras.layers.GaussianNoise(1.0))
    X = datasets.digits()[0][0][:5].reshape(-1, 8, 8, 1)
    assert [layer["kind"] for layer in in_page.layers_of(model, X)] == ["flatten", "dense"]


def branching():
    inputs = keras.Input((8, 8, 1))
    flat = keras.layers.Flatten()(inputs)
    return keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Dense(64)(flat)) + keras.layers.Dense(10)(flat))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (lambda: network(Twice()), "cannot compute the layer Twice"),
        (lambda: network(keras.layers.Dense(3)), "Put a Flatten before it"),
        (lambda: network(keras.layers.Conv2D(2, 3, dilation_rate=2)), "without groups and dilation"),
        (lambda: network(keras.layers.Conv2D(2, 3, activation="gelu")), "cannot compute the activation gelu"),
        (lambda: network(keras.layers.ReLU(max_value=6)), "plain ReLU"),
        (lambda: network(keras.layers.Flatten(), keras.layers.Dense(5000)), "a page carries 250,000 at most"),
        (branching, "branches|cannot compute the layer"),
        (lambda: keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3)]), "ten outputs"),
    ],
)
def test_what_a_page_cannot_compute_is_a_sentence(model, words):
    with pytest.raises(Advice, match=words):
        plots.play_digit(model(), *datasets.digits()[1])
