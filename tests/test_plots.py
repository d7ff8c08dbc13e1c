"""The pictures: they show what the student's function does, with labels, and say so where it is not ready."""

import base64
import io
from itertools import pairwise

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.courses import COURSE
from utils import plots
from utils.advice import Advice
from utils.pictures import Animation
from utils.plots import drawing


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


def test_a_picture_brings_its_description_to_jupyterlab_and_a_solution_only_the_png(monkeypatch):
    picture = plots.balance([1.0, 2.0], np.mean)
    data, _ = picture._repr_mimebundle_()
    image = base64.b64encode(data["image/png"]).decode()
    assert f'<img alt="{picture.alt}" src="data:image/png;base64,{image}"' in data["text/html"]
    monkeypatch.chdir(COURSE / "solutions")
    assert set(picture._repr_mimebundle_()[0]) == {"image/png", "text/plain"}


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
    with pytest.raises(Advice, match="on what comes in as it is"):
        plots.computation_graph(lambda a, b: tf.constant(a) * b, a=1.5, b=2.5)


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


def some_model(widths, activation="relu", inputs=2):
    hidden = [tf.keras.layers.Dense(width, activation=activation) for width in widths]
    return tf.keras.Sequential([tf.keras.Input((inputs,)), *hidden, tf.keras.layers.Dense(1, activation="sigmoid")])


def test_matrices_are_drawn_with_their_numbers_on_one_scale_of_color():
    axes = plots.matrices({"W": [[1.0, -2.0], [0.5, 0.0]], "b": np.array([4.0, 0.25]), "z": np.zeros((3, 1))}).figure.axes
    assert [ax.get_title() for ax in axes] == ["W", "b", "z"]
    assert [text.get_text() for text in axes[0].texts] == ["1", "-2", "0.5", "0"]
    assert [ax.get_xlabel() for ax in axes] == ["2 × 2", "2", "3 × 1"]
    assert {ax.images[0].get_clim() for ax in axes} == {(-4, 4)}


@pytest.mark.parametrize("widths", [[], [1], [3], [12], [4, 4], [12, 1, 6], [2, 3, 4, 5, 6], [12, 12, 12, 12, 12], [30]])
def test_a_network_has_a_circle_for_each_unit_and_a_line_for_each_weight(widths):
    model = some_model(widths)
    [ax] = plots.network(model).figure.axes
    sizes = [2, *widths, 1]
    drawn = [min(size, 12) if size <= 12 else 10 for size in sizes]
    lines = [line for line in ax.lines if len(line.get_xdata()) == 2]
    assert [len(column.get_offsets()) for column in ax.collections] == drawn
    assert len(lines) == sum(m * d for m, d in pairwise(drawn))
    heights = np.diff(np.sort([y for _, y in ax.collections[1].get_offsets()]))
    assert len(heights) == 0 or heights.min() >= 1  # the circles do not touch
    assert f"{sum(m * d for m, d in pairwise(sizes))} weights" in plots.network(model).alt
    assert "2 inputs" in texts(ax) and "1 unit\nsigmoid" in texts(ax)


def test_a_line_is_as_wide_as_its_weight_and_has_the_color_of_its_sign():
    layer = tf.keras.layers.Dense(1)
    layer.build((None, 2))
    layer.set_weights([np.array([[2.0], [-0.5]]), np.zeros(1)])
    [ax] = plots.network(layer).figure.axes
    strong, weak = ax.lines[:2]
    assert strong.get_linewidth() > 2 * weak.get_linewidth()
    assert (strong.get_color(), weak.get_color()) == (drawing.BLUE, drawing.RED)


def test_a_layer_without_weights_is_not_drawn_but_explained():
    with pytest.raises(Advice, match="no weights to draw yet"):
        plots.network(tf.keras.layers.Dense(3))


def test_data_are_drawn_by_label_with_the_marked_point():
    X, y = np.array([[0.0, 1.0], [2.0, 2.0], [3.0, 1.0]]), np.array([0, 1, 1])
    picture = plots.data(X, y, mark={"you": (4, 5)}, names=("lectures", "hours"))
    [ax] = picture.figure.axes
    assert "you" in texts(ax) and "lectures" in texts(ax) and "hours" in texts(ax)
    assert [len(points.get_offsets()) for points in ax.collections] == [1, 2]
    assert "you is at (4, 5)" in picture.alt


def test_regions_of_models_are_compared_with_their_share_of_right_points():
    X, y = np.array([[-1.0, 0.0], [1.0, 0.0]], np.float32), np.array([0, 1])
    column = some_model([])
    column.set_weights([np.array([[5.0], [0.0]]), np.zeros(1)])
    left, right = plots.compare_regions({"model": column, "constant": lambda X: np.full(len(X), 0.2)}, X, y).figure.axes
    assert left.get_title() == "model: 100% right" and right.get_title() == "constant: 50% right"
    many = plots.compare_regions({f"{i} units": some_model([i]) for i in range(1, 7)}, X, y).figure
    assert len(many.axes) == 6 and many.get_figwidth() < 11  # in two rows


def test_loss_curves_show_each_loss_for_both_targets():
    [ax] = plots.loss_curves({"squared error": lambda y, y_hat: (y - y_hat) ** 2}).figure.axes
    for_1, for_0 = (line.get_ydata() for line in ax.lines)
    assert for_1[0] > 0.98 > 0.01 > for_1[-1] and for_0[0] < 0.01 < 0.98 < for_0[-1]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["y = 1", "y = 0"] and ax.get_xlabel() == "ŷ"


def test_the_loss_surface_has_its_lowest_point_where_the_data_come_from_and_leaves_the_model_as_it_was():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(50, 2)).astype(np.float32)
    model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
    before = [np.array([[0.5], [1.0]], np.float32), np.zeros(1, np.float32)]
    model.set_weights(before)
    y = X @ np.array([[1.0], [-1.0]], np.float32)
    picture = plots.loss_surface(model, lambda y, y_hat: np.mean((y - y_hat) ** 2), X, y)
    surface, plan, _ = picture.figure.axes
    assert (surface.get_xlabel(), surface.get_ylabel(), surface.get_zlabel()) == ("w1", "w2", "J")
    lowest, here = plan.lines
    assert np.allclose([*lowest.get_xdata(), *lowest.get_ydata()], [1, -1], atol=0.1)
    assert (*here.get_xdata(), *here.get_ydata()) == (0.5, 1.0)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))
    assert "It is lowest, 0.00" in picture.alt


def test_the_loss_surface_says_which_models_it_can_draw():
    for model in (some_model([3], inputs=1), tf.keras.Sequential([tf.keras.layers.Dense(1)])):
        with pytest.raises(Advice, match="two inputs or more"):
            plots.loss_surface(model, lambda y, y_hat: 0.0, np.zeros((2, 2)), np.zeros((2, 1)))


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


def test_curves_show_each_list_and_the_range_of_several_runs():
    [ax] = plots.curves({"one": [3.0, 2.0], "several": [[1.0, 2.0], [3.0, 4.0]]}, ylabel="loss").figure.axes
    assert [list(line.get_ydata()) for line in ax.lines] == [[3, 2], [2, 3]]
    assert len(ax.collections) == 1 and "loss" in texts(ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "several"]


@pytest.mark.parametrize("epochs", [2, 6, 20, 40, 300])
def test_curves_over_the_epoch_are_marked_at_whole_epochs(epochs):
    [ax] = plots.curves({"J": range(epochs)}).figure.axes
    marks = ax.get_xticks()
    assert np.array_equal(marks, marks.round()) and 3 <= len(marks) <= 12


def test_paths_of_descent_are_drawn_over_the_curve_and_on_the_map():
    axes = plots.descent(lambda w: w**2, {"short": [1.5, 0.75], "wild": [1.0, -3.0]}).figure.axes
    assert [ax.get_title() for ax in axes] == ["short", "wild"]
    assert "leaves the picture" not in texts(axes[0]) and "leaves the picture" in texts(axes[1])
    assert list(axes[1].lines[1].get_xdata()) == [1, -2] and len(axes[1].lines) == 3, "it ends at the frame, without a star"
    picture = plots.descent(lambda w: w[0] ** 2 + w[1] ** 2, {"path": [[1.0, 1.0], [0.5, 0.5], [0.0, 0.0]]})
    assert np.array_equal(picture.figure.axes[0].lines[1].get_xdata(), [1, 0.5, 0])
    assert "2 steps from (1, 1), J = 2, to (0, 0), J = 0" in picture.alt


def test_the_chain_shows_values_and_gradients():
    picture = plots.chain(lambda x, y, w1, w2: (-1.25, 3.0), x=1.0, y=1.0, w1=0.5, w2=2.0)
    assert "∂J/∂w1 = -1.25" in texts(picture.figure.axes[0]) and "∂J/∂w2 = 3" in picture.alt and "z1 = 0.5" in picture.alt
    assert "∂J/∂ŷ = -0.152" in picture.alt and "∂J/∂z1 = -0.238" in texts(picture.figure.axes[0])


def test_the_quickest_way_is_marked():
    [ax] = plots.times({"slow": 0.02, "quick": 0.001}).figure.axes
    assert "20 ms, 20 ×" in texts(ax) and "1 ms" in texts(ax)
    assert ax.patches[0].get_facecolor() != ax.patches[1].get_facecolor()


def test_the_noise_is_measured_and_a_sum_in_place_of_a_mean_is_refused():
    values = np.arange(40.0).reshape(20, 2)
    picture = plots.noise(lambda rows: values[rows].mean(axis=0), n=20, batch_sizes=(1, 4))
    rule, measured = (np.array(line.get_ydata()) for line in picture.figure.axes[0].lines)
    assert np.isclose(rule[0], 4 * rule[1]) and np.allclose(measured, rule, rtol=0.3)
    with pytest.raises(Advice, match="not the mean"):
        plots.noise(lambda rows: values[rows].sum(axis=0), n=20)


def test_the_landscape_leaves_the_network_as_it_was_and_is_lowest_where_it_is_trained():
    model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
    model.set_weights([np.array([[1.0], [2.0]]), np.array([0.0])])
    X = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    picture = plots.landscape(model, tf.keras.losses.MeanSquaredError(), X, (X @ [1.0, 2.0])[:, None])
    assert np.array_equal(np.ravel(model.get_weights()[0]), [1, 2])
    assert "in the middle, " in picture.alt and len(picture.figure.axes) == 3


def test_an_epoch_is_timed_for_each_batch_size():
    def compile_epoch(B):
        return lambda seed: {"loss": tf.constant(float(B))}

    [line] = plots.epoch_times(compile_epoch, (1, 8)).figure.axes[0].lines
    assert list(line.get_xdata()) == [1, 8] and all(np.array(line.get_ydata()) > 0)


def test_the_live_loss_is_drawn_in_one_place(monkeypatch):
    drawn = []

    class Handle:
        def update(self, picture):
            drawn.append(picture)

    monkeypatch.setattr("utils.plots.training.display", lambda picture, display_id: drawn.append(picture) or Handle())
    watch = plots.live_loss(3)
    for n in (1, 2, 3):
        assert watch({"loss": [1.0] * n}) is None
    assert len(drawn) == 2, "the first, and the last; between, half a second has not passed"
    assert "epoch, 3 of 3" in texts(drawn[-1].figure.axes[0])


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


def test_optimizers_race_over_the_map():
    paths = {"straight": [[1.0, 1.0]] + [[0.0, 0.0]] * 10, "still": [[1.0, 1.0]] * 11}
    animation = plots.race(lambda w: w[0] ** 2 + w[1] ** 2, paths)
    assert "straight ends at (0, 0), J = 0; still ends at (1, 1), J = 2" in animation.alt
    last = animation.figure.axes[-1]
    assert last.get_title() == "step 10" and len(last.lines) == 4


def test_fits_show_each_curve_through_its_examples_with_both_losses():
    x, x_held_out = np.array([0.0, 1.0, 2.0]), np.array([-1.0, 3.0])
    shown = plots.fits(
        {"line": lambda x: 2 * x, "flat": lambda x: 0 * x}, x, 2 * x, x_held_out, 2 * x_held_out + 1, xlabel="hours"
    )
    assert "line: training loss 0, held-out loss 1; flat: training loss 6.67" in shown.alt
    line, flat = shown.figure.axes
    held_out, training_points, curve = line.lines
    assert np.array_equal(training_points.get_xydata(), np.c_[x, 2 * x]) and len(held_out.get_xydata()) == 2
    at, values = curve.get_data()
    assert (at[0], at[-1]) == (-1, 3) and np.allclose(values, 2 * at)
    assert "line" in texts(line) and "flat" in texts(flat) and "hours" in texts(flat)


def test_thinned_networks_show_what_the_dropout_drops():
    shown = plots.thinned(lambda x, rate, training: x * [[0] + [1] * (x.shape[1] - 1)] if training else x)
    *steps, prediction = shown.figure.axes
    assert ["step 1" in texts(steps[0]), "prediction" in texts(prediction)] == [True, True]
    units = [[len(points.get_offsets()) for points in ax.collections] for ax in (*steps, prediction)]  # by column: stay, go
    assert units == [[2, 0, 7, 1, 7, 1, 1, 0]] * 3 + [[2, 0, 8, 0, 8, 0, 1, 0]]


def test_histograms_of_weights_say_how_many_are_nearly_zero():
    shown = plots.weight_histograms({"none": np.array([[-2.0, 1.0], [0.5, 0.001]]), "L1": np.zeros(4)})
    assert "none: 25% are within 0.01 of 0, the largest is 2" in shown.alt
    none, l1 = shown.figure.axes
    assert "25%" in texts(none) and "100%" in texts(l1)
    assert sum(bar.get_height() for bar in none.patches) == 4 and none.get_xlim() == l1.get_xlim()


def test_the_epoch_to_stop_at_is_where_validation_is_lowest():
    loss, val_loss = np.array([[3.0, 2, 1, 0]] * 2), np.array([[3.0, 1, 2, 4], [3.0, 2, 1, 6]])
    shown = plots.stopping(loss, val_loss, [1, 2])
    assert "best at epochs 1, 2, with 1 to 1; at the end it is on average 5." in shown.alt
    [ax] = shown.figure.axes
    training, validation, best = ax.lines[:3]
    assert np.array_equal(training.get_ydata(), [3, 2, 1, 0]) and np.array_equal(validation.get_ydata(), [3, 1.5, 1.5, 5])
    assert np.array_equal(best.get_xydata(), [[1, 1], [2, 1]])
    for words in ("stop here", "under-fitting", "over-fitting"):
        assert words in texts(ax)


class StopsAfter:
    """Stops after some epochs, and keeps the weights of the first."""

    def __init__(self, patience):
        self.left, self.best_weights = patience, None

    def update(self, value, weights):
        """Take one more epoch."""
        self.left, self.best_weights = self.left - 1, self.best_weights or weights
        return self.left < 0


def test_patience_is_shown_by_where_it_stops_and_what_it_keeps():
    shown = plots.patience(StopsAfter, [3.0, 2.0, 1.0, 2.0], (1, 2, 9))
    [ax] = shown.figure.axes
    assert "Patience 1 keeps epoch 0 and stops after epoch 1; patience 2 keeps epoch 0 and stops after epoch 2" in shown.alt
    assert "patience 9 keeps epoch 0 and never stops" in shown.alt
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["validation", "patience 1", "patience 2"]


def test_luck_marks_the_model_that_validation_chooses():
    shown = plots.luck([0.4, 0.8, 0.6], [0.5, 0.4, 0.9])
    assert "80% right there and 40% on the test part; the mean of all there is 60%" in shown.alt
    [star] = [line for line in shown.figure.axes[0].lines if line.get_marker() == "*"]
    assert np.array_equal(star.get_xydata(), [[0.8, 0.4]])


def digits(n=6):
    rng = np.random.default_rng(2)
    return rng.uniform(0, 1, (n, 8, 8, 1)).astype(np.float32), np.arange(n)


def a_convolutional_network(filters=3):
    tf.keras.utils.set_random_seed(2)
    stack = [tf.keras.layers.Conv2D(filters, 3, activation="relu"), tf.keras.layers.MaxPooling2D(), tf.keras.layers.Conv2D(10, 2)]
    return tf.keras.Sequential([tf.keras.Input((8, 8, 1)), *stack, tf.keras.layers.GlobalMaxPooling2D()])


def visible(figure):
    return [ax for ax in figure.axes if ax.images and ax.get_visible()]


@pytest.mark.parametrize("n", [1, 10, 13])
def test_images_stand_below_their_titles(n):
    X, _ = digits(n)
    shown = visible(plots.images(X, range(n)).figure)
    assert [ax.get_title() for ax in shown] == [str(i) for i in range(n)]
    assert all(np.array_equal(ax.images[0].get_array(), image[:, :, 0]) for ax, image in zip(shown, X, strict=True))


def test_the_window_slides_over_every_place_and_shows_what_the_students_function_gives():
    image, kernel = np.arange(20.0).reshape(4, 5), np.ones((2, 3))
    animation = plots.sliding(lambda image, kernel: np.full((3, 3), 7.0), image, kernel)
    assert animation.frames == 9 and "a map of 3 × 3 numbers" in animation.alt
    assert [ax.get_title() for ax in animation.figure.axes][-1] == "row 2, column 2: 7"
    filled = [np.sum(~np.isnan(np.ma.filled(ax.images[1].get_array().astype(float), np.nan))) for ax in animation.figure.axes]
    assert filled == [1, 4, 6, 9]
    with pytest.raises(Advice, match="solve the exercise above first"):
        plots.sliding(lambda image, kernel: image, image, kernel)


def test_filters_and_feature_maps_are_those_of_the_network():
    model = a_convolutional_network(filters=3)
    kernels = [ax.images[0].get_array() for ax in visible(plots.filters(model).figure)]
    assert len(kernels) == 3 and np.array_equal(kernels[1], model.layers[0].get_weights()[0][:, :, 0, 1])
    X, _ = digits(1)
    picture = plots.feature_maps(model, X[0])
    assert len(visible(picture.figure)) == 1 + 3 + 3 + 8  # the image, and at most eight maps of each layer
    assert "Conv2D 6 × 6 × 3; MaxPooling2D 3 × 3 × 3; Conv2D 2 × 2 × 10" in picture.alt
    with pytest.raises(Advice, match="no Conv2D layer"):
        plots.filters(some_model([3]))


def test_filters_and_feature_maps_are_found_in_branches_and_in_models_within_the_model():
    keras = tf.keras
    inputs = keras.Input((8, 8, 1))
    within = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3, padding="same")])
    x = keras.layers.Add()([within(inputs), keras.layers.Conv2D(2, 1, name="beside")(inputs)])
    model = keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Flatten()(x)))
    assert len(visible(plots.filters(model).figure)) == 2
    X, _ = digits(1)
    picture = plots.feature_maps(model, X[0])
    assert len(visible(picture.figure)) == 1 + 2 + 2 + 2
    assert np.allclose(visible(picture.figure)[-1].images[0].get_array(), keras.Model(inputs, x)(X)[0, :, :, 1])


def test_what_is_read_wrong_is_shown_with_the_surest_first():
    X, y = digits(4)
    logits = np.zeros((4, 10))
    logits[range(4), [0, 7, 2, 9]] = [5, 1, 5, 3]
    picture = plots.misread(lambda _: logits, X, y)
    assert [ax.get_title().split("\n")[0] for ax in visible(picture.figure)] == ["a 3, read 9", "a 1, read 7"]
    assert picture.alt.startswith("2 of 4 images are read wrong")
    assert plots.misread(lambda _: np.eye(10)[:4], X, y).alt == "0 of 4 images are read wrong."


def test_accuracies_have_a_dot_for_each_start_and_a_line_for_the_mean():
    picture = plots.accuracies({"a": [0.9, 0.94], "b": [0.97] * 3})
    [ax] = picture.figure.axes
    assert [len(line.get_xdata()) for line in ax.lines] == [2, 2, 3, 2]
    assert np.allclose(ax.lines[1].get_xdata(), 0.92) and "a: mean 92.0%, from 90.0% to 94.0%" in picture.alt


def test_confusion_counts_what_is_read_as_what():
    picture = plots.confusion([0, 0, 1, 2, 2], [0, 1, 1, 1, 1])
    [ax] = picture.figure.axes
    assert sorted(text.get_text() for text in ax.texts) == ["1", "1", "1", "2"]
    assert "40.0% right" in picture.alt and "2 as 1 (2)" in picture.alt


def test_features_are_drawn_by_label_in_two_dimensions():
    rng = np.random.default_rng(3)
    y = np.repeat([5, 6], 10)
    picture = plots.features(
        {"far": (rng.normal(size=(20, 4)) + 20 * (y == 6)[:, None], y), "same": (rng.normal(size=(20, 4)), y)}
    )
    assert [line.get_marker() for line in picture.figure.axes[0].lines] == ["$5$", "$6$"]
    left = [line.get_xdata() for line in picture.figure.axes[0].lines]
    assert left[0].max() < left[1].min() or left[1].max() < left[0].min()
    assert "far: 100% lie nearest" in picture.alt


def test_curves_may_have_places_of_their_own():
    [ax] = plots.curves({"a": [[0.1, 0.2, 0.4], [0.3, 0.4, 0.6]]}, x=(1, 3, 10), xlabel="examples").figure.axes
    assert list(ax.lines[0].get_xdata()) == [1, 3, 10] and np.allclose(ax.lines[0].get_ydata(), [0.2, 0.3, 0.5])
    assert ax.get_xscale() == "log" and [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "3", "10"]
