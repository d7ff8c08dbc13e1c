"""The pictures of lab 13: a cell unrolled, gradients that fade, draws at several temperatures, and piano rolls."""

import numpy as np
import pytest

from tests.drawn import texts
from utils import datasets, plots
from utils.advice import Advice
from utils.exercises.lab13_sequences import gumbel, keras_rnn, lstm_step


def test_the_unrolled_cell_has_a_circle_with_its_state_for_each_step():
    picture = plots.unrolled(keras_rnn, x=[1, 0, 0], Wx=1.0, Wh=0.5)
    shown = texts(picture.figure.axes[0])
    for step in ("h0\n0.00", "h1\n0.76", "h2\n0.36", "h3\n0.18", "x1\n1", "x3\n0"):
        assert step in shown, step
    assert shown.count("Wh = 0.5") == 3 and "x2 = 0 and h1 lead to h2 = 0.36" in picture.alt


def test_the_memory_fades_less_the_further_its_forget_gate_is_open():
    picture = plots.fading(lstm_step, biases=(0, 5), steps=30)
    closed, opened = (line.get_ydata() for line in picture.figure.axes[0].lines[:2])
    assert closed[0] == pytest.approx(1) and opened[0] == pytest.approx(1)
    assert closed[-1] < 1e-6 and opened[-1] > 0.5


def test_a_step_without_a_gradient_is_told():
    def in_numpy(x, h, c, Wx, Wh, b):
        return [each.numpy() for each in lstm_step(x, h, c, Wx, Wh, b)]

    with pytest.raises(Advice, match="TensorFlow"):
        plots.fading(in_numpy, biases=(1,), steps=3)


def test_draws_stand_beside_their_softmax_with_the_most_probable_token_first():
    picture = plots.sampled(gumbel, np.log([0.1, 0.6, 0.3]), ["a", "b", "c"], temperatures=(0.5, 1), most=2)
    cold, plain = picture.figure.axes
    assert [label.get_text() for label in plain.get_xticklabels()] == ["b", "c"]
    assert [bar.get_height() for bar in plain.patches] == pytest.approx([0.6, 0.3], abs=0.1)
    assert plain.lines[0].get_ydata() == pytest.approx([0.6, 0.3]) and cold.patches[0].get_height() > 0.7
    assert "temperature 1: b" in picture.alt


def test_a_tune_is_drawn_as_a_strip_for_each_note():
    tune = datasets.tunes()[1][0]
    picture = plots.score({"a tune": tune}, bars=2)
    assert picture.figure.axes[0].patches and "a tune: " in picture.alt
