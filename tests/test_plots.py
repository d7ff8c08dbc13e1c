"""The pictures: they show what the student's function does, with labels, and say so where it is not ready."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from utils import plots
from utils.advice import Advice


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def texts(ax):
    return " ".join(text.get_text() for text in [*ax.texts, ax.title, ax.xaxis.label, ax.yaxis.label])


def test_a_picture_carries_its_description_and_the_same_bytes_each_time():
    made = [plots.balance([1.0, 2.0], np.mean) for _ in range(2)]
    data, metadata = made[0]._repr_mimebundle_()
    alt = "A beam with weights at 1 and 2 rests on a support at 1.5: it is level."
    assert metadata == {"image/png": {"alt": alt}} and data["text/plain"] == f"[picture] {alt}"
    assert made[0].png() == made[1].png() == data["image/png"]
    width, height = Image.open(io.BytesIO(data["image/png"])).size
    assert 300 < width < 1000 and 100 < height < 600


def test_tensors_are_drawn_by_their_shape():
    axes = plots.tensors(
        a=tf.zeros(()), b=tf.zeros(3), c=tf.zeros((2, 3)), d=np.zeros((28, 28, 3)), e=tf.zeros((10, 28, 28, 3))
    ).figure.axes
    assert [len(ax.patches) for ax in axes] == [1, 3, 6, 108, 324]
    assert [f"rank {i}" in texts(ax) for i, ax in enumerate(axes)] == [True] * 5
    assert "shape (10, 28, 28, 3)" in texts(axes[4])


def test_the_graph_is_that_of_the_function():
    [ax] = plots.computation_graph(lambda a, b: (a + b) * (b - 1), a=1.5, b=2.5).figure.axes
    for words in ("a", "b", "+", "−", "×", "6", "4"):
        assert words in texts(ax).split()
    [ax] = plots.computation_graph(lambda a, b: a / b, a=3.0, b=2.0).figure.axes
    assert "÷" in texts(ax) and "×" not in texts(ax) and "1.5" in texts(ax)


def test_the_beam_is_level_only_on_the_mean():
    def slope(mean):
        [ax] = plots.balance([2.0, 4.0, 9.0], mean).figure.axes
        return np.ptp(ax.lines[0].get_ydata())

    assert slope(np.mean) == 0
    assert slope(np.sum) > 0.1


def test_the_map_shows_every_lab(own_progress):
    [ax] = plots.course_map().figure.axes
    assert "0 · Start here" in texts(ax) and "1 · Perceptron" in texts(ax) and "0 of 8 done" in texts(ax)


def test_the_bars_add_up_to_z():
    [ax] = plots.weighted_sum(x=[-1, 2], w=[3, -2], b=1, z=-6).figure.axes
    assert [bar.get_width() for bar in ax.patches] == [1, -3, -4, -6]
    assert "your z = -6" in texts(ax) and "w2·x2 = -4" in texts(ax)


def test_activations_are_drawn_beside_their_derivatives():
    axes = plots.activations({"sigmoid": (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))), "tanh": np.tanh}).figure.axes
    assert [ax.get_title() for ax in axes] == ["sigmoid", "tanh"]
    assert np.isclose(axes[0].lines[1].get_ydata().max(), 0.25)
    assert [text.get_text() for text in axes[0].get_legend().get_texts()] == ["g(z)", "g'(z)"]


def test_the_regions_show_line_points_and_mark():
    X, y = np.array([[0.0, 1.0], [2.0, 2.0]]), np.array([0, 1])
    picture = plots.decision_regions(
        lambda X: sigmoid(1 + 3 * X[:, 0] - 2 * X[:, 1]),
        X,
        y,
        line=lambda x1: (1 + 3 * x1) / 2,
        mark={"(-1, 2)": (-1, 2)},
    )
    ax, bar = picture.figure.axes
    assert "ŷ = 0.00247" in texts(ax) and ax.get_xlabel() == "x1" and ax.get_ylabel() == "x2" and bar.get_ylabel() == "ŷ"
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"y = 0", "y = 1", "your line"}
    markers = [len(points.get_paths()[0].vertices) for points in ax.collections if points.get_label().startswith("y = ")]
    assert len(set(markers)) == 2  # told apart by more than color


def test_a_line_cannot_separate_the_points_and_a_bent_function_can():
    left, right = plots.linear_or_not(np.tanh).figure.axes
    assert int(left.get_title().split()[-2].rstrip("%")) < 75
    assert int(right.get_title().split()[-2].rstrip("%")) > 97
    left, right = plots.linear_or_not(lambda z: z).figure.axes
    assert left.get_title().split()[-2] == right.get_title().split()[-2]


def test_rosenblatt_stops_on_the_clouds_and_never_on_xor():
    def step(w, b, x, y, learning_rate):
        error = y - float(x @ w + b > 0)
        return w + learning_rate * error * x, b + learning_rate * error

    clouds, xor = plots.learning_by_mistakes(step).figure.axes
    assert clouds.lines[0].get_ydata()[-1] == 0
    assert min(xor.lines[0].get_ydata()) > 0


@pytest.mark.parametrize(
    "draw",
    [
        lambda f: plots.balance([1.0, 2.0], f),
        lambda f: plots.activations({"g": f}),
        lambda f: plots.decision_regions(f),
        lambda f: plots.linear_or_not(f),
        lambda f: plots.learning_by_mistakes(f),
        lambda f: plots.computation_graph(f, a=1.0, b=2.0),
        lambda f: plots.tensors(scalar=f),
    ],
)
def test_what_is_not_ready_to_be_drawn_is_a_sentence(draw):
    for unready in (..., lambda *args: None, lambda *args: 1 / 0, lambda *args: "text"):
        with pytest.raises(Advice, match=r"solve the exercise above first|operations that TensorFlow records"):
            draw(unready)
