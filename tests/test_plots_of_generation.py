"""Pictures of codes and of decoded images show what the student's own networks do."""

import numpy as np
import pytest

from tests.devices import tf
from utils import plots
from utils.advice import Advice

CODES = np.array([[0.0, 0.0], [0.1, 0.0], [3.0, 3.0], [3.1, 3.0], [0.05, 0.1]])
Y = np.array([4, 4, 7, 7, 7])


def test_codes_are_drawn_as_their_digits_and_neighbors_are_counted():
    picture = plots.latent({"mine": (CODES, Y)})
    [ax] = picture.figure.axes
    drawn = {line.get_marker(): np.column_stack(line.get_data()) for line in ax.lines}
    assert set(drawn) == {"$4$", "$7$"} and np.allclose(drawn["$4$"], CODES[:2])
    assert "mine: 80% beside their like" in ax.get_title()
    assert "4 (0.1, 0.0)" in picture.alt and "z1 from 0.0 to 3.1" in picture.alt


def test_ten_digits_have_ten_looks():
    [ax] = plots.latent({"all": (np.arange(20.0).reshape(10, 2), np.arange(10))}).figure.axes
    assert len({(line.get_marker(), line.get_color()) for line in ax.lines}) == 10


def test_rows_of_images_are_named_and_of_one_scale():
    picture = plots.image_rows({"real": np.repeat([[0.0], [1.0], [0.0]], 64, axis=1), "made": np.full((2, 64), 0.5)})
    assert "real: 3 images, on average 0.67 apart in each pixel, and 100% of the pixels nearly black or white" in picture.alt
    assert "made: 2 images, on average 0.00 apart in each pixel, and 0%" in picture.alt
    figure = picture.figure
    assert len(figure.axes) == 5 and [ax.get_ylabel() for ax in figure.axes] == ["real", "", "", "made", ""]
    assert all(ax.images[0].get_clim() == (0, 1) for ax in figure.axes)


def test_the_grid_has_the_largest_z2_at_the_top_and_z1_to_the_right():
    images = np.zeros((2, 2, 4))
    images[0, 1] = 1.0  # z1 large, z2 large
    [ax] = plots.latent_grid(images, [-1.0, 1.0]).figure.axes
    whole = np.asarray(ax.images[0].get_array())
    middle = len(whole) // 2
    assert whole[:middle, middle:].sum() == 4 and whole.sum() == 4
    assert ax.images[0].get_extent() == [-2, 2, -2, 2]


def test_draws_lie_in_their_ellipse_as_often_as_they_should():
    def reparameterize(mean, log_var):
        return mean + tf.exp(log_var / 2) * tf.random.normal(tf.shape(mean))

    picture = plots.draws(reparameterize, [[0.0, 0.0]], [[0.0, 1.0]], count=2000)
    inside = float(picture.alt.rpartition(": ")[2].removesuffix("% inside."))
    assert 80 < inside < 92
    assert "0% inside" in plots.draws(lambda mean, log_var: mean + 99, [[0.0, 0.0]], [[0.0, 0.0]]).alt


def test_the_map_of_the_kl_term_is_lowest_where_the_function_is():
    def kl(mean, log_var):
        return np.sum((mean**2 + np.exp(log_var) - log_var - 1) / 2, axis=1)

    alt = plots.kl_map(kl).alt
    assert (
        "lowest, 0.00, at μ = 0.0 and σ = 1.0" in alt and "at μ = 2, σ = 1 it is 2" in alt and "at μ = 0, σ = 3 it is 2.9" in alt
    )
    assert "lowest, -" in plots.kl_map(lambda mean, log_var: -kl(mean, log_var)).alt


def test_rare_codes_are_crosses_and_others_are_as_large_as_they_are_probable():
    p = np.array([0.1, 0.2, 0.3, 0.3, 0.1])
    picture = plots.rare_codes(CODES, p, [False, False, True, True, False], name="slanted")
    others, crosses = picture.figure.axes[0].collections
    assert np.allclose(others.get_sizes() / others.get_sizes()[0], [1, 2, 1]) and len(crosses.get_offsets()) == 2
    assert "2 of them slanted" in picture.alt and "60% of the probability" in picture.alt


def test_groups_are_compared_start_by_start():
    picture = plots.by_group(
        {"usual": {"before": [0.1, 0.2], "after": [0.1, 0.3]}, "rare": {"before": [0.5, 0.6], "after": [0.2, 0.2]}}
    )
    [ax] = picture.figure.axes
    pairs = [line for line in ax.lines if list(line.get_ydata()) in ([0, 1], [2, 3])]
    assert len(pairs) == 4, "a line for each start within a group, none between groups"
    assert "rare, before: mean 55.0%, from 50.0% to 60.0%" in picture.alt


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: plots.latent({"wide": (np.zeros((3, 4)), [1, 2, 3])}), "two numbers for each image"),
        (lambda: plots.image_rows({"odd": np.zeros((2, 63))}), "not square"),
        (lambda: plots.latent_grid(np.zeros((4, 64)), [0.0, 1.0]), "expected \\(2, 2, pixels\\)"),
        (lambda: plots.draws(lambda mean, log_var: mean[:1], np.zeros((2, 2)), np.zeros((2, 2))), "expected \\(2, 2\\)"),
        (lambda: plots.play_latent(None, np.zeros((3, 4)), [1, 2, 3]), "two numbers for each image"),
    ],
)
def test_what_cannot_be_drawn_is_a_sentence(draw, words):
    with pytest.raises(Advice, match=words):
        draw()
