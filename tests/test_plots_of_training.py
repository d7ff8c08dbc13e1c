"""Pictures of trainings and of images show what they are made from."""

import numpy as np
import pytest

from tests.devices import tf
from tests.drawn import some_model, texts
from utils import plots
from utils.advice import Advice
from utils.plots import drawing


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


def test_a_curve_says_where_it_is_lowest_and_since_when_another_is_above_it():
    shown = plots.curves({"loss": [3.0, 2, 1, 0.5, 0.4], "val_loss": [2.9, 1, 2, 2, 3.2]})
    assert shown.alt == (
        "loss J over the epoch: training from 3 to 0.4; validation from 2.9 to 3.2, lowest 1 at epoch 1. "
        "The curve of validation is above that of training from epoch 2 on."
    )
    assert "highest 0.02 at step 2" in plots.curves({"η": [0, 0.01, 0.02, 0.01, 0]}, xlabel="step").alt
    assert "The curve of b is above that of a all the way." in plots.curves({"a": [1] * 5, "b": [2] * 5}).alt
    assert plots.curves({"a": [1] * 5, "b": [1] * 5}).alt.endswith("b from 1 to 1.")
    assert "At the end, from high to low: c; a; b." in plots.curves({"a": [1, 2], "b": [1, 1], "c": [1, 3]}).alt


@pytest.mark.parametrize(("highest", "numbers"), [(0.6, ["0.1", "0.2", "0.3", "0.5"]), (4000, ["0.1", "1", "10", "100", "1000"])])
def test_a_scale_of_powers_has_plain_numbers(highest, numbers):
    shown = plots.curves({"J": [0.09, highest]}, log=True)
    shown.png()
    ax = shown.figure.axes[0]
    low, high = ax.get_ylim()
    inside = [tick.get_text() for tick, at in zip(ax.get_yticklabels(), ax.get_yticks(), strict=True) if low <= at <= high]
    assert ax.get_yscale() == "log" and inside == numbers


def test_the_color_says_which_cure_and_the_kind_of_line_which_part_of_the_data():
    names = ["training, plain", "validation, plain", "training, dropout", "validation, dropout"]
    lines = plots.curves({name: [1.0, 2.0] for name in names}).figure.axes[0].lines
    assert [line.get_color() for line in lines] == [drawing.BLUE, drawing.BLUE, drawing.GOLD, drawing.GOLD]
    assert [line.get_linestyle() for line in lines] == ["-", "--", "-", "--"]
    lines = plots.curves({f"validation, {name}": [1.0, 2.0] for name in ("none", "L1", "yours")}).figure.axes[0].lines
    assert [line.get_color() for line in lines] == [drawing.BLUE, drawing.PURPLE, "black"]
    assert len({line.get_marker() for line in lines}) == 3, "all are dashed, so each has a marker"


def test_every_way_is_a_dot_and_says_how_much_slower_it_is_than_the_fastest():
    shown = plots.times({"quick": 0.001, "slow": 0.02})
    [ax] = shown.figure.axes
    assert "20 ms, 20 × slower" in texts(ax) and "1 ms, the fastest" in texts(ax) and "slow 20 ms, 20 × slower" in shown.alt
    slow, quick = ax.lines
    assert (*slow.get_xdata(), *quick.get_xdata()) == (20, 1) and not ax.patches, "no bar, which would need a 0"
    assert slow.get_color() != quick.get_color()


def test_the_noise_is_measured_and_a_sum_in_place_of_a_mean_is_refused():
    values = np.arange(40.0).reshape(20, 2)
    picture = plots.noise(lambda rows: values[rows].mean(axis=0), n=20, batch_sizes=(1, 4))
    rule, measured = (np.array(line.get_ydata()) for line in picture.figure.axes[0].lines)
    assert np.isclose(rule[0], 4 * rule[1]) and np.allclose(measured, rule, rtol=0.3)
    with pytest.raises(Advice, match="not the mean"):
        plots.noise(lambda rows: values[rows].sum(axis=0), n=20)


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


def test_fits_show_each_curve_through_its_examples_with_both_losses():
    x, x_val = np.array([0.0, 1.0, 2.0]), np.array([-1.0, 3.0])
    shown = plots.fits({"line": lambda x: 2 * x, "flat": lambda x: 0 * x}, x, 2 * x, x_val, 2 * x_val + 1, xlabel="hours")
    assert "line: training loss 0, validation loss 1; flat: training loss 6.67" in shown.alt
    line, flat = shown.figure.axes
    validation, training_points, curve = line.lines
    assert np.array_equal(training_points.get_xydata(), np.c_[x, 2 * x]) and len(validation.get_xydata()) == 2
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
    assert (training.get_linestyle(), validation.get_linestyle(), best.get_marker()) == ("-", "--", "*")
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
    assert "80% there and 40% on test, where the mean of all is 60%" in shown.alt
    models, _, ring = shown.figure.axes[0].lines
    assert np.array_equal(ring.get_xydata(), [[0.8, 0.4]]) and [0.8, 0.4] in models.get_xydata().tolist()


def test_models_with_equal_accuracies_do_not_hide_each_other_and_stay_near_their_place():
    validation = np.repeat([0.4, 0.45, 0.6], 20)
    x, y = plots.luck(validation, validation[::-1]).figure.axes[0].lines[0].get_data()
    assert len(set(x)) > 55 and len(set(y)) > 55
    assert np.abs(x - validation).max() < 0.05 / 2 and np.abs(y - validation[::-1]).max() < 0.05 / 2


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
    picture = plots.sliding(lambda image, kernel: np.full((3, 3), 7.0), image, kernel)
    assert "a map of 3 × 3 numbers" in picture.alt and "from 7 (row 0, column 0) to 7" in picture.alt
    first, last = picture.figure.axes
    assert (first.get_title(), last.get_title()) == ("row 0, column 0: 7", "row 2, column 2: 7")
    filled = [np.sum(~np.isnan(np.ma.filled(ax.images[1].get_array().astype(float), np.nan))) for ax in (first, last)]
    assert filled == [1, 9]
    assert [text.get_text() for text in first.texts][:6] == ["1"] * 6, "the numbers of the kernel"
    with pytest.raises(Advice, match="solve the exercise above first"):
        plots.sliding(lambda image, kernel: image, image, kernel)


def test_maps_stand_beside_their_image_which_is_gray():
    shown = plots.maps({"one": [np.eye(4), [[1.0, -2.0], [0.0, 0.5]], [[1.0]]]}, ["signed", "pooled"], see="A line.")
    *panels, _ = shown.figure.axes
    assert [ax.get_title() for ax in panels] == ["one", "signed", "pooled"]
    assert [ax.images[0].get_cmap().name for ax in panels] == ["gray", "signs", "signs"]
    assert [ax.get_xlabel() for ax in panels] == ["4 × 4", "2 × 2", "1 × 1"]
    assert "signed from -2 (row 0, column 1) to 1 (row 0, column 0)" in shown.alt and shown.alt.endswith(" A line.")
    shown.png()  # the layout is made now
    assert np.ptp([ax.get_position().width for ax in panels]) < 1e-6, "all in one size"


def test_the_kernel_most_like_one_for_edges_is_marked():
    model = a_convolutional_network(filters=3)
    sobel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    model.layers[0].set_weights([np.stack([np.ones((3, 3)), -sobel.T, sobel + 1], axis=-1)[:, :, None], np.zeros(3)])
    shown = plots.filters(model)
    assert [ax.get_title() for ax in visible(shown.figure)] == ["", "horizontal edges\ncosine 1.00", ""]
    assert "Most like a kernel for horizontal edges is number 2" in shown.alt


def test_filters_and_feature_maps_are_those_of_the_network():
    model = a_convolutional_network(filters=3)
    kernels = [ax.images[0].get_array() for ax in visible(plots.filters(model).figure)]
    assert len(kernels) == 3 and np.array_equal(kernels[1], model.layers[0].get_weights()[0][:, :, 0, 1])
    X, _ = digits(1)
    picture = plots.feature_maps(model, X[0])
    assert len(visible(picture.figure)) == 1 + 3 + 3 + 8  # the image, and at most eight maps of each layer
    assert "Conv2D, 6 × 6, 3 maps; MaxPooling2D, 3 × 3, 3 maps; Conv2D, 2 × 2, 10 maps, 8 of them shown" in picture.alt
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
    mean, dots, _, others = ax.lines
    assert list(dots.get_xdata()) == [0.9, 0.94] and list(others.get_xdata()) == [0.97] * 3
    assert np.allclose(mean.get_xdata(), 0.92) and "a: mean 92.0%, from 90.0% to 94.0%" in picture.alt
    assert ax.get_xlabel() == "accuracy" and ax.get_legend() is None


def test_accuracies_stand_beside_the_levels_to_compare_with():
    picture = plots.accuracies({"a": [0.9, 0.94]}, {"rival": 0.88, "target": 0.98})
    *_, rival, target = picture.figure.axes[0].lines
    assert (rival.get_xdata()[0], target.get_xdata()[0]) == (0.88, 0.98)
    assert [text.get_text() for text in picture.figure.axes[0].get_legend().get_texts()] == ["rival 88.0%", "target 98.0%"]
    assert "rival: 88.0%; target: 98.0%" in picture.alt


def test_confusion_counts_what_is_read_as_what():
    picture = plots.confusion([0, 0, 1, 2, 2], [0, 1, 1, 1, 1])
    [ax] = picture.figure.axes
    assert sorted(text.get_text() for text in ax.texts) == ["1", "1", "1", "2"]
    assert "accuracy 40.0%" in picture.alt and "2 as 1 (2)" in picture.alt


def test_features_are_drawn_by_label_in_two_dimensions():
    rng = np.random.default_rng(3)
    y = np.repeat([5, 6], 10)
    picture = plots.features(
        {"far": (rng.normal(size=(20, 4)) + 20 * (y == 6)[:, None], y), "same": (rng.normal(size=(20, 4)), y)}
    )
    assert [line.get_marker() for line in picture.figure.axes[0].lines] == ["$5$", "$6$"]
    left = [line.get_xdata() for line in picture.figure.axes[0].lines]
    assert left[0].max() < left[1].min() or left[1].max() < left[0].min()
    assert "far: 100% lie nearest" in picture.alt and "by class, 5: 100%, 6: 100%" in picture.alt
    assert picture.figure.axes[0].get_title() == "far: 100% nearest to their own mean"


def test_curves_may_have_places_of_their_own():
    shown = plots.curves({"a": [[0.1, 0.2, 0.4], [0.3, 0.4, 0.6]]}, x=(1, 3, 10), xlabel="examples")
    [ax] = shown.figure.axes
    assert "a 0.2 at 1, 0.3 at 3, 0.5 at 10" in shown.alt
    assert list(ax.lines[0].get_xdata()) == [1, 3, 10] and np.allclose(ax.lines[0].get_ydata(), [0.2, 0.3, 0.5])
    assert ax.get_xscale() == "log" and [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "3", "10"]
