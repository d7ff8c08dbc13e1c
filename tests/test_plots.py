"""Pictures of functions, networks and losses show what the student's own code does."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from tests.devices import tf
from tests.drawn import sigmoid, some_model, texts
from utils import plots
from utils.advice import Advice
from utils.plots import drawing


def sizes(figure, drawn):
    """Width and height in pixels of each text of a figure."""
    FigureCanvasAgg(figure).draw()
    return np.array([text.get_window_extent().size for text in drawn])


def test_all_that_is_drawn_stands_out_from_its_ground():
    lines = {color for color, _ in drawing.LINES}
    assert {color: drawing.contrast(color, "white") for color in lines if drawing.contrast(color, "white") < 3} == {}
    for ground in drawing.REGIONS([0.0, 0.5, 1.0]):
        for color in (drawing.RED, drawing.GREEN, "black"):
            assert drawing.contrast(color, ground) >= 3
    assert all(drawing.contrast(drawing.CONTOUR, ground) >= 3 for ground in drawing.HEIGHTS([0.0, 0.5, 1.0]))
    for ground in drawing.SIGNS(np.linspace(0, 1, 21)):
        assert drawing.contrast(drawing.ink(ground), ground) >= 4.5
    assert np.isclose(drawing.contrast("black", "white"), 21)


def test_tensors_are_drawn_by_their_shape():
    axes = plots.tensors(
        a=tf.zeros(()), b=tf.zeros(3), c=tf.zeros((2, 3)), d=np.zeros((28, 28, 3)), e=tf.zeros((10, 28, 28, 3))
    ).figure.axes
    assert [sum(cells.get_array().size for cells in ax.collections) for ax in axes] == [1, 3, 6, 28 * 28 * 3, 10 * 28 * 28 * 3]
    for ax in axes:  # the cells are above the middle of the shape, not beside it
        left, right = (edge([cells.get_datalim(ax.transData).intervalx for cells in ax.collections]) for edge in (np.min, np.max))
        assert np.isclose((left + right) / 2, np.mean(ax.get_xlim()))
    assert [f"rank {i}" in texts(ax) for i, ax in enumerate(axes)] == [True] * 5
    assert "shape (10, 28, 28, 3)" in texts(axes[4])


def test_the_graph_is_that_of_the_function():
    [ax] = plots.computation_graph(lambda a, b: (a + b) * (b - 1), a=1.5, b=2.5).figure.axes
    for words in ("a", "b", "+", "−", "×", "6", "4"):
        assert words in texts(ax).split()
    assert texts(ax).split().count("1") == 1, "a constant is not written twice"
    [ax] = plots.computation_graph(lambda a, b: a / b, a=3.0, b=2.0).figure.axes
    assert "÷" in texts(ax) and "×" not in texts(ax) and "1.5" in texts(ax)

    def node(a, b):
        c = a + b
        d = b - 1
        return c * d

    picture = plots.computation_graph(node, a=1.5, b=2.5)
    assert "c = 4" in texts(picture.figure.axes[0]) and "d = 1.5" in texts(picture.figure.axes[0])
    assert "from a and b to +, which is c = 4; from b and 1 to −, which is d = 1.5" in picture.alt
    with pytest.raises(Advice, match="on what comes in as it is"):
        plots.computation_graph(lambda a, b: tf.constant(a) * b, a=1.5, b=2.5)


def test_the_beam_is_level_only_on_the_mean():
    def slope(mean):
        [ax] = plots.balance([2.0, 4.0, 9.0], mean).figure.axes
        heights = np.concatenate([line.get_ydata() for line in ax.lines])
        assert ax.get_ylim()[0] < heights.min() and heights.max() < ax.get_ylim()[1], "nothing leaves the picture"
        return np.ptp(ax.lines[0].get_ydata())

    assert slope(np.mean) == 0
    assert slope(np.sum) > 0.1


def test_the_map_shows_every_lab(own_progress):
    [ax] = plots.course_map().figure.axes
    assert "0 · Start here" in texts(ax) and "1 · Perceptron" in texts(ax) and "0 of 8 done" in texts(ax)
    boxes = [box.get_window_extent() for box in ax.patches[::3]]
    widths = sizes(ax.figure, ax.texts)[:, 0]
    assert widths.max() < 0.95 * min(box.width for box in boxes), "each name is in its box"


def test_the_bars_add_up_to_z():
    [ax] = plots.weighted_sum(x=[-1, 2], w=[3, -2], b=1, z=-6).figure.axes
    assert [bar.get_width() for bar in ax.patches] == [1, -3, -4, -6]
    assert "your z = -6" in texts(ax) and "w2·x2 = -4" in texts(ax)
    assert plots.weighted_sum(x=[-1, 2], w=[3, -2], b=1, z=-6).alt.endswith("What pulls down most is w2·x2.")


def test_activations_are_drawn_beside_their_derivatives():
    picture = plots.activations({"sigmoid": (sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))), "tanh": np.tanh})
    axes = picture.figure.axes
    assert [ax.get_title() for ax in axes] == ["sigmoid", "tanh"]
    assert np.isclose(axes[0].lines[1].get_ydata().max(), 0.25)
    assert [text.get_text() for text in axes[0].get_legend().get_texts()] == ["g(z)", "g'(z)"]
    assert "is steepest at z = 0 and flat far out left and right, with a slope from 0.01 to 0.25; tanh goes" in picture.alt
    assert (
        "is steepest from z = 0 on and flat far out left"
        in plots.activations({"a": lambda z: np.maximum(z, 0), "b": np.tanh}).alt
    )


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
    assert ax.get_xlabel() == "x1" and ax.get_ylabel() == "x2" and bar.get_ylabel() == "ŷ"
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"y = 0", "y = 1", "your line", "(-1, 2), ŷ = 0.00247"}
    assert not ax.texts, "no text hides points"
    assert "Along it ŷ is between 0.50 and 0.50. At (-1, 2), ŷ is 0.00247." in picture.alt
    markers = [len(points.get_paths()[0].vertices) for points in ax.collections if points.get_label().startswith("y = ")]
    assert len(set(markers)) == 2  # told apart by more than color


def test_several_lines_are_drawn_with_the_places_where_the_border_meets_them():
    def inside_a_square(X):
        return 1.0 * (np.abs(X).max(axis=1) < 1)

    picture = plots.decision_regions(
        inside_a_square, line=lambda x1: np.outer(x1, [2, -2]), line_name="diagonals", names=("a", "b"), limits=(-2, 2)
    )
    ax = picture.figure.axes[0]
    assert len(ax.lines) == 2 and ax.get_xlabel() == "a"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["diagonals"]
    assert "2 lines, diagonals: they meet the border of the green region at 4 places" in picture.alt


def test_a_line_cannot_separate_the_points_and_a_bent_function_can():
    left, right = plots.linear_or_not(np.tanh).figure.axes
    assert int(left.get_title().split()[-1].rstrip("%")) < 75
    assert int(right.get_title().split()[-1].rstrip("%")) > 97
    left, right = plots.linear_or_not(lambda z: z).figure.axes
    assert left.get_title().split()[-1] == right.get_title().split()[-1]


def test_rosenblatt_stops_on_the_clouds_and_never_on_xor():
    def step(w, b, x, y, learning_rate):
        error = y - float(x @ w + b > 0)
        return w + learning_rate * error * x, b + learning_rate * error

    clouds, xor = plots.learning_by_mistakes(step).figure.axes
    assert clouds.lines[0].get_ydata()[-1] == 0
    assert min(xor.lines[0].get_ydata()) > 0


def test_matrices_are_drawn_with_their_numbers_on_one_scale_of_color():
    axes = plots.matrices({"W": [[1.0, -2.0], [0.5, 0.0]], "b": np.array([4.0, 0.25]), "z": -np.zeros((3, 1))}).figure.axes
    assert [ax.get_title() for ax in axes] == ["W", "b", "z"]
    assert [text.get_text() for text in axes[0].texts] == ["1", "-2", "0.5", "0"] and axes[2].texts[0].get_text() == "0"
    assert [ax.get_xlabel() for ax in axes] == ["(2, 2)", "(2,)", "(3, 1)"]
    assert {ax.images[0].get_clim() for ax in axes} == {(-4, 4)}


def test_numbers_of_matrices_stay_in_their_cells():
    figure = plots.matrices({name: np.full((2, 4), -0.49) for name in "abcd"}).figure
    for ax in figure.axes:
        assert sizes(figure, ax.texts)[:, 0].max() < 0.9 * ax.get_window_extent().width / 4
        assert len(ax.texts) == 8


def test_a_row_a_column_and_a_diagonal_are_outlined():
    W = np.arange(6.0).reshape(2, 3)
    picture = plots.matrices(
        {"x": [1.0, 2.0], "W": W, "Z": np.eye(2)}, outline={"x": 0, "W": np.s_[:, 1], "Z": np.eye(2, dtype=bool)}
    )
    edges = [len(ax.collections[0].get_segments()) for ax in picture.figure.axes]
    assert edges == [4, 6, 8]
    assert "x = [1, 2], where [1] is outlined" in picture.alt and "where [1, 4] is outlined" in picture.alt


def test_of_a_large_matrix_the_words_say_where_it_is_lowest_and_highest():
    W = np.arange(100.0).reshape(10, 10)
    picture = plots.matrices({"W": -1 - W, "V": np.zeros((3, 15))})
    assert not picture.figure.axes[0].texts and "W of shape (10, 10), from -100 at [9, 9] to -1 at [0, 0]" in picture.alt


@pytest.mark.parametrize("widths", [[], [1], [3], [12], [4, 4], [12, 1, 6], [2, 3, 4, 5, 6], [12, 12, 12, 12, 12], [30]])
def test_a_network_has_a_circle_for_each_unit_and_a_line_for_each_weight(widths):
    model = some_model(widths)
    [ax] = plots.network(model).figure.axes
    sizes_of = [2, *widths, 1]
    drawn = [min(size, 12) if size <= 12 else 10 for size in sizes_of]
    lines = [line for line in ax.lines if len(line.get_xdata()) == 2]
    assert [len(column.get_offsets()) for column in ax.collections] == drawn
    assert len(lines) == sum(m * d for m, d in pairwise(drawn))
    heights = np.diff(np.sort([y for _, y in ax.collections[1].get_offsets()]))
    assert len(heights) == 0 or heights.min() >= 1  # the circles do not touch
    assert f"{sum(m * d for m, d in pairwise(sizes_of))} weights" in plots.network(model).alt
    assert len(sizes_of) < 3 or f"({' + '.join(str(m * d) for m, d in pairwise(sizes_of))})" in plots.network(model).alt
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
    assert "lectures" in texts(ax) and "hours" in texts(ax)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["y = 0", "y = 1", "you"]
    assert [len(points.get_offsets()) for points in ax.collections] == [1, 2]
    assert "you is at (4, 5)" in picture.alt


def test_equal_examples_do_not_hide_each_other_and_stay_as_they_were():
    X, y = np.repeat([[3.0, 5.0], [4.0, 5.0]], 20, axis=0), np.arange(40) % 2
    before = X.copy()
    picture = plots.data(X, y)
    drawn = np.concatenate([points.get_offsets() for points in picture.figure.axes[0].collections])
    assert len(np.unique(drawn, axis=0)) == 40 and np.array_equal(X, before)
    assert np.bincount(np.round(drawn[:, 0]).astype(int), minlength=5).tolist() == [0, 0, 0, 20, 20]
    assert "moved sideways a little" in picture.alt
    [ax] = plots.data(X + 0.5, y).figure.axes
    assert np.array_equal(ax.collections[0].get_offsets(), (X + 0.5)[y == 0]), "what is measured is drawn where it is"


def test_regions_of_models_are_compared_with_their_share_of_right_points():
    X, y = np.array([[-1.0, 0.0], [1.0, 0.0]], np.float32), np.array([0, 1])
    column = some_model([])
    column.set_weights([np.array([[5.0], [0.0]]), np.zeros(1)])
    picture = plots.compare_regions({"model": column, "constant": lambda X: np.full(len(X), 0.2)}, X, y)
    left, right = picture.figure.axes
    assert left.get_title() == "model: accuracy 100%" and right.get_title() == "constant: accuracy 50%"
    assert "model: accuracy 100%, green reaches the right and the lower and the upper edge" in picture.alt
    assert "constant: accuracy 50%, nothing is green, and 100% of the plane has a ŷ between 0.1 and 0.9" in picture.alt
    assert "green is closed in on all sides" in plots.compare_regions({"disk": lambda X: 1.0 * (np.hypot(*X.T) < 1)}, X, y).alt
    many = plots.compare_regions({f"{i} units": some_model([i]) for i in range(1, 7)}, X, y).figure
    assert len(many.axes) == 6 and many.get_figwidth() < 11  # in two rows


def test_loss_curves_show_each_loss_for_both_targets():
    picture = plots.loss_curves({"squared error": lambda y, y_hat: (y - y_hat) ** 2})
    [ax] = picture.figure.axes
    assert "y = 1 costs more up to ŷ = 0.49" in picture.alt or "y = 1 costs more up to ŷ = 0.50" in picture.alt
    assert "y = 1 costs more nowhere" in plots.loss_curves({"none": lambda y, y_hat: 0 * y}).alt
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
    assert (surface.get_xlabel(), surface.get_ylabel(), surface.get_zlabel()) == ("w1", "w2", "loss J")
    lowest, here = plan.lines
    assert np.allclose([*lowest.get_xdata(), *lowest.get_ydata()], [1, -1], atol=0.1)
    assert (*here.get_xdata(), *here.get_ydata()) == (0.5, 1.0)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), before, strict=True))
    assert "It is lowest, 0.00" in picture.alt


def test_the_loss_surface_says_which_models_it_can_draw():
    for model in (some_model([3], inputs=1), tf.keras.Sequential([tf.keras.layers.Dense(1)])):
        with pytest.raises(Advice, match="two inputs or more"):
            plots.loss_surface(model, lambda y, y_hat: 0.0, np.zeros((2, 2)), np.zeros((2, 1)))


def test_paths_of_descent_are_drawn_over_the_curve_and_on_the_map():
    axes = plots.descent(lambda w: w**2, {"short": [1.5, 0.75], "wild": [1.0, -3.0]}).figure.axes
    assert [ax.get_title() for ax in axes] == ["short", "wild"]
    assert "leaves the picture" not in texts(axes[0]) and "leaves the picture" in texts(axes[1])
    assert list(axes[1].lines[1].get_xdata()) == [1, -2] and len(axes[1].lines) == 3, "it ends at the frame, without a mark"
    assert axes[0].lines[3].get_marker() == drawing.END["marker"] and axes[0].lines[2].get_marker() == drawing.START["marker"]
    words = plots.descent(lambda w: w**2, {"nearer": [1.5, -1.0, 0.5], "wild": [1.0, -3.0]}).alt
    assert "nearer: 2 steps from 1.5, J = 2.25, to 0.5, J = 0.25; J rises in 0 of them, and 2 jump over the lowest place" in words
    assert (
        "wild: 1 steps from 1, J = 1, to -3, J = 9; J rises in 1 of them, and 1 jump over the lowest place; step 1 leaves"
        in words
    )
    picture = plots.descent(lambda w: w[0] ** 2 + w[1] ** 2, {"path": [[1.0, 1.0], [0.5, 0.5], [0.0, 0.0]]})
    assert np.array_equal(picture.figure.axes[0].lines[1].get_xdata(), [1, 0.5, 0])
    assert (
        "2 steps from (1, 1), J = 2, to (0, 0), J = 0" in picture.alt and "1.0 times as long as the straight way" in picture.alt
    )
    [ax, _] = picture.figure.axes
    assert ax.get_aspect() == 1, "a path that is at right angles to the contour lines looks so"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["path", "start", "end", "lowest, J = 0"]
    several = plots.descent(lambda w: w[0] ** 2 + w[1] ** 2, {"a": [[1.0, 1.0], [0.5, 0.5]], "b": [[1.0, 1.0], [0.0, 1.0]]})
    ends = [line for line in several.figure.axes[0].lines if line.get_marker() == drawing.END["marker"] and len(line.get_xdata())]
    assert [line.get_color() for line in ends] == [color for color, _ in drawing.LINES[:2]]


def test_the_chain_shows_values_and_gradients():
    picture = plots.chain(lambda x, y, w1, w2: (-1.25, 3.0), x=1.0, y=1.0, w1=0.5, w2=2.0)
    assert "∂J/∂z1 · x = -1.25" in texts(picture.figure.axes[0]) and "∂J/∂w2 = 3" in picture.alt and "z1 = 0.5" in picture.alt
    assert "tanh(z1)\n0.462" in texts(picture.figure.axes[0]) and "times 1 - tanh²(z1) = 0.786" in picture.alt
    assert "∂J/∂ŷ = -0.152" in picture.alt and "∂J/∂z1 = -0.238" in texts(picture.figure.axes[0])


def test_the_landscape_leaves_the_network_as_it_was_and_is_lowest_where_it_is_trained():
    model = tf.keras.Sequential([tf.keras.Input((2,)), tf.keras.layers.Dense(1)])
    model.set_weights([np.array([[1.0], [2.0]]), np.array([0.0])])
    X = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    picture = plots.landscape(model, tf.keras.losses.MeanSquaredError(), X, (X @ [1.0, 2.0])[:, None])
    assert np.array_equal(np.ravel(model.get_weights()[0]), [1, 2])
    surface, plan, _ = picture.figure.axes
    assert "in the middle, where the network is" in picture.alt and "It is lowest, 0, at (0, 0)" in picture.alt
    assert [ax.lines[0].get_marker() for ax in (surface, plan)] == [drawing.END["marker"]] * 2


def test_optimizers_race_over_the_map():
    paths = {"straight": [[1.0, 1.0]] + [[0.0, 0.0]] * 10, "still": [[1.0, 1.0]] * 11}
    picture = plots.race(lambda w: w[0] ** 2 + w[1] ** 2, paths)
    assert "straight ends at (0, 0), J = 0; still ends at (1, 1), J = 2" in picture.alt
    early, last = picture.figure.axes
    assert (early.get_title(), last.get_title()) == ("step 1", "step 10")
    ends = {tuple(np.ravel(line.get_data())) for line in last.lines if line.get_marker() == "o" and line.get_color() != "white"}
    assert ends == {(0, 0), (1, 1)}
    [lowest] = [line for line in last.lines if line.get_marker() == "*"]
    assert np.allclose(lowest.get_data(), 0, atol=0.07)
