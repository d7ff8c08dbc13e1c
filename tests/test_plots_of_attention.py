"""Pictures of attention show the weights that they get, and say where they lie."""

import numpy as np

from tests.drawn import texts
from utils import plots

BACK_BY_TWO = np.eye(6, k=-2) + np.diag([1, 1, 0, 0, 0, 0])


def test_a_lookup_has_a_bar_for_each_key_as_high_as_its_weight():
    weights = np.array([[0.7, 0.2, 0.1], [0, 0, 1]])
    picture = plots.lookup(weights, ["one", "two"], ["a", "b", "c"])
    for ax, name, row in zip(picture.figure.axes, ("one", "two"), weights, strict=True):
        assert ax.get_title() == name and np.allclose([bar.get_height() for bar in ax.patches], row)
    assert "one: a 0.70, b 0.20, c 0.10" in picture.alt


def test_a_lookup_of_one_query_is_drawn_too():
    [ax] = plots.lookup([[0.5, 0.5]], ["only"], ["a", "b"]).figure.axes
    assert "0.50" in texts(ax)


def test_who_looks_at_whom_has_a_row_for_each_that_looks_and_says_how_far_back():
    picture = plots.who_looks({"back": BACK_BY_TWO, "ahead": np.eye(6, k=1)})
    first, second = picture.figure.axes
    assert np.array_equal(first.images[0].get_array(), BACK_BY_TWO)
    assert (first.get_ylabel(), second.get_ylabel(), second.get_xlabel()) == ("who looks", "", "who is seen")
    assert (
        "back: 0% of the weight lies ahead, 33% on the note itself, 0% on the one before, and of those further back most, 67%, 2"
        in (picture.alt)
    )
    assert "ahead: 83% of the weight lies ahead" in picture.alt


def test_small_maps_have_their_numbers_and_large_ones_their_bar_lines():
    [small] = plots.who_looks({"small": BACK_BY_TWO}, labels=list("abcdef")).figure.axes
    assert "1.00" in texts(small) and [label.get_text() for label in small.get_xticklabels()] == list("abcdef")
    [large] = plots.who_looks({"large": np.tri(30) / 30}, bars=[8, 17]).figure.axes
    assert sorted(line.get_ydata()[0] for line in large.lines if np.ptp(line.get_ydata()) == 0) == [8, 17]


def test_waves_are_drawn_beside_the_dot_products_of_their_rows():
    table = np.stack([np.sin(np.arange(20.0)), np.cos(np.arange(20.0))], axis=-1)
    picture = plots.waves(table)
    left, right = picture.figure.axes[:2]
    assert np.allclose(left.images[0].get_array(), table) and np.allclose(right.images[0].get_array(), table @ table.T)
    assert "1.0 at a distance of 0" in picture.alt
