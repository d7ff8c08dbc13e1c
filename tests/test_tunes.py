"""The tunes: what the data hold, how they are cut, drawn, and how they sound."""

import io
import itertools
import wave
from fractions import Fraction

import numpy as np
import pytest

from tests.devices import tf
from utils import datasets, plots, tunes
from utils.advice import Advice

layers = tf.keras.layers
BAR = {"reel": 8, "jig": 6, "hornpipe": 8}


@pytest.fixture(scope="module")
def loaded():
    return datasets.tunes()


def number(name):
    return datasets.tunes()[2].index(name)


def test_there_are_hundreds_of_tunes_of_three_kinds_with_less_than_100_tokens(loaded):
    train, validation, vocabulary = loaded
    assert len(train) == 626 and len(validation) == -(-(len(train) + len(validation)) // 10)
    assert len(vocabulary) == len(set(vocabulary)) < 100
    for tune in train + validation:
        names = [vocabulary[token] for token in tune]
        assert tune.dtype == np.int32 and names[0] in BAR and names[-2:] == ["|", "end"]
        assert not set(names[1:-1]) & {*BAR, "end"}


def test_bars_add_up(loaded):
    """All between the first bar line, which an upbeat may come before, and the last one."""
    train, validation, vocabulary = loaded
    for tune in train + validation:
        places = tunes.bar_lines(tune)
        bars = {after - before for before, after in itertools.pairwise(places[:-1])}
        assert bars == {BAR[vocabulary[tune[0]]]}


def test_no_tune_for_validation_has_a_twin_for_training(loaded):
    train, validation, vocabulary = loaded

    def runs(tune):
        melody = [token for token in tune if vocabulary[token] != "|"]
        return {tuple(melody[i : i + 8]) for i in range(1, len(melody) - 8)}

    known = [runs(tune) for tune in train]
    for tune in validation:
        here = runs(tune)
        assert max(len(here & other) / min(len(here), len(other)) for other in known) < 0.4


def test_a_loader_gives_lists_of_the_callers_own(loaded):
    datasets.tunes()[0][0][:] = -1
    datasets.tunes()[2].clear()
    assert datasets.tunes()[0][0].min() >= 0 and datasets.tunes()[2]


def test_notes_are_read_from_abc():
    melody = tunes.notes([number(name) for name in ("jig", "C", "c2", "|", "_B", "G,", "e/2", "end")])
    assert [note.pitch for note in melody] == [60, 72, 70, 55, 76]
    assert [note.begin for note in melody] == [0, 1, 3, 4, 5]
    assert melody[-1].length == Fraction(1, 2)
    assert [tunes.name_of_pitch(pitch) for pitch in (55, 60, 72, 84, 70)] == ["G,", "C", "c", "c'", "_B"]


def test_windows_are_one_token_apart_and_stay_within_a_tune():
    rows = [np.arange(10, dtype=np.int32), np.arange(100, 105, dtype=np.int32), np.arange(3, dtype=np.int32)]
    X, y = tunes.windows(rows, 4)
    assert X.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [5, 6, 7, 8], [100, 101, 102, 103]]
    assert np.array_equal(y, X + 1) and X.dtype == y.dtype == np.int32
    with pytest.raises(Advice, match="shorter window"):
        tunes.windows(rows, 50)


def test_an_a_sounds_at_its_pitch_for_its_time(capsys):
    audio = tunes.play([number("jig"), number("A2"), number("|")])
    assert capsys.readouterr().out == "jig A2 |\n"
    with wave.open(io.BytesIO(audio.data)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), np.uint8) - 127.5
        rate = file.getframerate()
    assert abs(len(sound) / rate - (2 * 0.165 + 0.3)) < 0.01
    spectrum = np.abs(np.fft.rfft(sound, 8 * len(sound)))
    assert abs(np.argmax(spectrum) * rate / (8 * len(sound)) - 440) < 3


def test_eight_bars_of_a_tune_are_less_than_200_kilobytes(loaded):
    audio = tunes.play(loaded[0][0])
    assert 40_000 < len(audio._repr_html_()) < 200_000


def test_what_holds_no_note_is_told_in_a_sentence():
    for use in (tunes.play, lambda tokens: plots.score({"nothing": tokens})):
        with pytest.raises(Advice, match="no note"):
            use([number("reel"), number("|")])
    with pytest.raises(Advice, match="none of them"):
        tunes.names([100_000])


def test_a_score_says_what_is_in_it(loaded):
    picture = plots.score({"a real one": loaded[0][0], "another": loaded[1][0]})
    assert picture.alt.startswith("a real one: ") and "another: " in picture.alt and picture.alt.count(" notes from ") == 2


def test_figures_of_a_tune_are_counted(loaded):
    """One wrong note, one short bar, one bar that comes again."""
    melody = "reel c d e f g a b c | c2 c2 c2 ^c c | c d e f g a b c | c2 c2 c2 | end c c c |"
    tune = [number(name) for name in melody.split()]
    figures = tunes.figures([tune], known=[tune[:10]])
    assert figures == pytest.approx({"in key": 23 / 24, "full bars": 2 / 3, "come again": 1 / 4, "copied": 2 / 17})
    assert tunes.figures([tune], known=[tune])["copied"] == 1


def test_real_tunes_have_full_bars_and_stay_in_their_key(loaded):
    train, validation, _ = loaded
    figures = tunes.figures(validation, train)
    assert figures["in key"] > 0.98 and figures["full bars"] > 0.99 and figures["copied"] < 0.3


TOKENS = 96
SLIPS = [
    (lambda: [layers.Embedding(TOKENS, 4), layers.LSTM(5), layers.Dense(TOKENS)], "logits for the last step alone"),
    (lambda: [layers.Embedding(TOKENS, 4), layers.GRU(5, return_sequences=True), layers.Dense(TOKENS)], "Embedding, GRU, Dense"),
    (lambda: [layers.Embedding(TOKENS, 4), layers.LSTM(5), layers.LSTM(5), layers.Dense(TOKENS)], "These layers make no model."),
    (lambda: [layers.Embedding(9, 4), layers.LSTM(5, return_sequences=True), layers.Dense(TOKENS)], "has 9 rows"),
    (lambda: [layers.Embedding(TOKENS, 4), layers.LSTM(5, return_sequences=True), layers.Dense(9)], "gives 9 logits"),
    (lambda: [layers.Embedding(TOKENS, 4), layers.LSTM(5, "relu", return_sequences=True), layers.Dense(TOKENS)], "has tanh"),
    (lambda: [layers.Embedding(TOKENS, 4), layers.LSTM, layers.Dense(TOKENS)], "These layers make no model."),
    (lambda: [layers.Embedding(TOKENS, 4), ..., layers.Dense(TOKENS)], "still the placeholder"),
    (lambda: [layers.Embedding(TOKENS, 4), layers.Dense(TOKENS)], "layers with weights are Embedding, Dense."),
    (lambda: [], "Its layers with weights are none."),
]


@pytest.mark.parametrize(("make", "words"), SLIPS, ids=[words for _, words in SLIPS])
def test_layers_that_cannot_write_tunes_get_a_sentence_before_they_train(make, words):
    with pytest.raises(Advice, match=words):
        tunes.writer(make())


def test_a_writer_gives_logits_of_each_next_token():
    lstm = layers.LSTM(5, return_sequences=True)
    model = tunes.writer([layers.Embedding(TOKENS, 4), layers.Dropout(0.1), lstm, layers.Dense(TOKENS)])
    assert model(np.zeros((2, 7), np.int32)).shape == (2, 7, TOKENS)
