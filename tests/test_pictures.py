"""A picture and an animation: description, bytes, player, and a sentence where the student's code is not ready."""

import base64
import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from tests.courses import COURSE
from tests.devices import tf  # noqa: F401
from tests.drawn import some_model
from tests.labs import run_cell
from utils import plots
from utils.advice import Advice
from utils.plots import pictures
from utils.plots.pictures import Picture


def test_a_picture_carries_its_description_and_the_same_bytes_each_time():
    made = [plots.balance([1.0, 2.0], np.mean) for _ in range(2)]
    data, metadata = made[0]._repr_mimebundle_()
    alt = "A beam with weights at 1 and 2 rests on a support at 1.5: it is level."
    shown = metadata["image/png"]
    assert shown["alt"] == alt and data["text/plain"] == f"[picture] {alt}"
    assert made[0].png() == made[1].png() == data["image/png"]
    assert 300 < shown["width"] < 1000 and 100 < shown["height"] < 600
    fine = Image.open(io.BytesIO(data["image/png"])).size
    assert fine == pytest.approx((2 * shown["width"], 2 * shown["height"]), abs=1), "sharp on paper and on fine screens"


def test_a_picture_that_would_be_large_is_drawn_in_a_resolution_that_keeps_it_small():
    noise = np.random.default_rng(0).random((300, 300, 3))
    figure = Figure(figsize=(3, 3))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.imshow(noise, interpolation="nearest")
    ax.axis("off")
    assert len(Picture(figure, "noise").png()) > pictures.LARGEST, "there is one that nothing makes small"
    assert Image.open(io.BytesIO(Picture(figure, "noise").png())).width <= 1.1 * 3 * pictures.INCH


def test_a_picture_brings_its_description_to_jupyterlab_and_a_solution_only_the_png(monkeypatch):
    picture = plots.balance([1.0, 2.0], np.mean)
    data, _ = picture._repr_mimebundle_()
    image = base64.b64encode(data["image/png"]).decode()
    assert f'<img alt="{picture.alt}" src="data:image/png;base64,{image}" width=' in data["text/html"]
    monkeypatch.setenv("LABS_SOLUTION", "1")
    assert set(picture._repr_mimebundle_()[0]) == {"image/png", "text/plain"}


@pytest.mark.parametrize(
    "draw",
    [
        lambda f: plots.balance([1.0, 2.0], f),
        lambda f: plots.activations({"g": f}),
        lambda f: plots.decision_regions(f),
        lambda f: plots.linear_or_not(f),
        lambda f: plots.learning_by_mistakes(f),
        lambda f: plots.computation_graph(f, a=1.0, b=2.0),
        lambda f: plots.network(f),
        lambda f: plots.matrices({"f": f}),
        lambda f: plots.compare_regions({"f": f}, np.zeros((2, 2)), np.zeros(2)),
        lambda f: plots.loss_curves({"f": f}),
        lambda f: plots.loss_surface(some_model([]), f, np.zeros((2, 2)), np.zeros((2, 1))),
        lambda f: plots.tensors(scalar=f),
    ],
)
def test_what_is_not_ready_to_be_drawn_is_a_sentence(draw):
    for unready in (..., lambda *args: None, lambda *args: 1 / 0, lambda *args: "text"):
        with pytest.raises(Advice, match=r"solve the exercise above first|operations that TensorFlow records"):
            draw(unready)


def test_an_error_in_the_students_code_is_told_with_its_line():
    namespace = {}
    run_cell("def f(x):\n    return x.no_such_thing\n", namespace, "a picture")
    with pytest.raises(Advice, match=r"not ready for it(.|\n)*AttributeError(.|\n)*line 2 of the cell"):
        plots.linear_or_not(namespace["f"])


def bug(*args):
    """A picture that is wrong, in the course's own code."""
    space = {}
    exec(compile("def bug(*args):\n    return args.no_such_thing", str(COURSE / "utils" / "plots" / "bug.py"), "exec"), space)
    return pictures.picture(space["bug"])(*args)


def test_a_wrong_call_and_a_bug_of_a_picture_stay_the_errors_that_they_are(monkeypatch):
    with pytest.raises(TypeError, match="no_such_option"):
        plots.linear_or_not(lambda x: x, no_such_option=1)
    with pytest.raises(AttributeError, match="no_such_thing"):
        bug([1.0])
    monkeypatch.setenv("LABS_SOLUTION", "1")
    with pytest.raises(ZeroDivisionError):
        plots.linear_or_not(lambda x: 1 / 0)


def test_a_bug_of_a_picture_that_draws_the_students_code_names_itself_for_the_teacher():
    with pytest.raises(Advice, match=r"report this to your teacher: bug, AttributeError: .*no_such_thing"):
        bug(lambda x: x)
