"""A picture and an animation: description, bytes, player, and a sentence where the student's code is not ready."""

import base64
import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from tests.courses import COURSE
from tests.devices import tf
from tests.drawn import some_model
from tests.labs import run_cell
from utils import plots
from utils.advice import Advice
from utils.plots import pictures
from utils.plots.pictures import Animation, Picture


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


def moving():
    model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1, activation="sigmoid")])
    weights = [[np.array([[w], [-w]], np.float32), np.zeros(1, np.float32)] for w in np.linspace(-1, 1, 7)]
    X = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    return plots.regions_over_time(model, weights, X, np.array([[1], [0]]), mark={"you": (1, 0)}, limits=(-2, 2))


def test_an_animation_has_four_stills_a_player_and_its_description():
    animation = moving()
    data, metadata = animation._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == animation.alt and "epoch 0: 0% of the points right" in animation.alt
    assert [ax.get_title() for ax in animation.figure.axes] == [
        "epoch 0: 0% right",
        "epoch 2: 0% right",
        "epoch 4: 100% right",
        "epoch 6: 100% right",
    ]
    html = data["text/html"]
    assert html == moving().html(), "the same each time"
    assert "http" not in html and len(html) < 1_000_000
    assert html.count("UklGR") == 7, "frames in WebP"
    assert 'alt="' in html and "<script>" in html


def test_a_frame_shows_the_background_and_its_own_marks_but_none_of_the_other_frames():
    def background(ax):
        ax.axhspan(0, 1, color="blue")
        ax.set(xlim=(0, 4), ylim=(0, 2))

    frames = Animation(lambda ax, frame: ax.axvline(1 + frame, color="red", linewidth=6), 3, "a line", background)._frames()
    places = []
    for frame in frames:
        red, green, blue = np.moveaxis(np.asarray(Image.open(io.BytesIO(base64.b64decode(frame))).convert("RGB"), int), -1, 0)
        _, columns = np.nonzero((red > 200) & (green < 60) & (blue < 60))
        assert 0 < np.ptp(columns) < 10, "one line"
        assert np.mean((blue > 200) & (red < 60)) > 0.2
        places.append(np.mean(columns))
    assert np.isclose(places[1] - places[0], places[2] - places[1], atol=3) and places[1] - places[0] > 50
