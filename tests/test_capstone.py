"""Lab 12: unfit choices get a sentence, the test set is used as promised, the card holds everything, MNIST has its fallback."""

import functools
import re
from dataclasses import replace

import numpy as np
import pytest

from tests.devices import tf
from utils import capstone, datasets, exercises
from utils.advice import Advice
from utils.checking import Outcome, judge

keras = tf.keras
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@pytest.fixture
def problem():
    """The problem with few examples, as trained here."""
    whole = capstone.problem()
    parts = {name: tuple(array[:64] for array in getattr(whole, name)) for name in ("train", "validation", "test")}
    return replace(whole, **parts)


def network(shape=(8, 8, 1), units=10):
    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(units)])


def choosing(**changes):
    choices = {"network": network, "loss": LOSS, "optimizer": keras.optimizers.Adam(0.01), "batch_size": 32, "epochs": 2}
    return choices | changes


def silent(history):
    """Watches a training without a picture."""


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ([], "a dictionary with network, loss"),
        ({"network": network, "loss": LOSS}, "lack optimizer, batch_size, epochs"),
        (choosing(rate=1), "does not know the choice 'rate'"),
        (choosing(network=network()), "its name with no brackets"),
        (choosing(network=lambda: 3), "should return a Keras model"),
        (choosing(network=lambda: None), "the `return` is missing"),
        (choosing(network=lambda: network(units=9)), "expected (2, 10), a logit for each digit"),
        (choosing(network=lambda: network((28, 28, 1))), "(None, 28, 28, 1)"),
        (choosing(network=lambda: keras.Sequential([keras.layers.Dense(10)])), "gives shape (2, 8, 8, 10)"),
        (choosing(optimizer="adam"), "The optimizer is an object"),
        (choosing(optimizer=keras.optimizers.SGD(lambda: 0.1)), "cannot be copied"),
        (choosing(network=functools.partial(lambda model: model, network())), "the same model each time"),
        (choosing(loss=keras.losses.SparseCategoricalCrossentropy), "with brackets after its name"),
        (choosing(loss="mse"), "The loss is an object or a function"),
        (choosing(batch_size=0), "a whole number, 1 or more"),
        (choosing(epochs=2.5), "epochs = 2.5"),
        (choosing(epochs=True), "a whole number, 1 or more"),
    ],
)
def test_unfit_choices_are_named_in_a_sentence(problem, choices, words):
    with pytest.raises(Advice, match=re.escape(words)):
        capstone.train(problem, choices, watch=silent)


def test_choices_can_be_trained_again_and_at_the_end_with_training_and_validation_set(problem):
    choices = choosing()
    for final in (False, False, True):
        _, history = capstone.train(problem, choices, final=final, watch=silent)
        assert len(history["loss"]) == 2 and ("val_loss" in history) is not final
        assert history["loss"][1] < history["loss"][0]
    assert len(problem.everything[0]) == len(problem.train[0]) + len(problem.validation[0]) == 128
    assert choices["optimizer"].iterations == 0, "the student's own optimizer stays as it was"


def test_the_sets_have_no_image_in_common():
    problem = capstone.problem()
    whole = np.concatenate([part[0] for part in (problem.train, problem.validation, problem.test)])
    assert len(np.unique(whole.reshape(len(whole), -1), axis=0)) == len(whole) == 1797


def test_the_card_tells_what_was_measured_and_how_often(problem, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(capstone, "_tested", [])
    choices = choosing()
    model, history = capstone.train(problem, choices, watch=silent)
    first, again = (capstone.ReportCard(problem, choices, model, history) for _ in range(2))
    model.layers[-1].set_weights([-weight for weight in model.layers[-1].get_weights()])
    second = capstone.ReportCard(problem, choices, model, history)
    X, y = problem.test
    assert second.accuracy == np.mean(np.argmax(model.predict(X, verbose=0), axis=1) == y)
    assert f"{first.accuracy:.2%}" in repr(first) and "650" in repr(first) and "Flatten → Dense" in repr(first)
    assert "network 1" in first.rows["tests"] and "network 1" in again.rows["tests"] and "network 2" in second.rows["tests"]
    assert second._repr_html_().count("data:image/png;base64,") == 2, "the notebook has shown the curve already"
    second.save(tmp_path / "card.html", name="<Ada>")
    page = (tmp_path / "card.html").read_text(encoding="utf-8")
    assert "&lt;Ada&gt;" in page and page.count("data:image/png;base64,") == 3 and page.count('alt="') == 3
    assert not re.search(r"(src|href)=\"(?!data:)", page), "the page needs nothing else"
    assert "Saved as card.html" in capsys.readouterr().out
    second.save(tmp_path / "nowhere" / "card.html")
    assert "cannot be written" in capsys.readouterr().out


@pytest.mark.parametrize(("number", "most"), [("12.2", 7), ("12.3", 5)])
def test_the_targets_count_errors_on_the_test_set(number, most, monkeypatch):
    """98 % of 364 are 356.7, and 98.5 % are 358.5."""
    _, y = capstone.problem().test

    class WithErrors(keras.Model):
        def __init__(self, errors):
            super().__init__()
            self.read = np.where(np.arange(len(y)) < errors, (y + 1) % 10, y)

        def call(self, X):
            return tf.one_hot(self.read, 10)

    monkeypatch.setattr(capstone, "_tested", [])
    outcomes = [judge(exercises.find(number), WithErrors(errors)).outcome for errors in (most, most + 1, most + 1)]
    assert outcomes == [Outcome.RIGHT, Outcome.WRONG, Outcome.WRONG]
    assert len(capstone._tested) == 2, "a check counts as a test of its network, and nothing else does"


@pytest.mark.parametrize(
    ("answer", "words"), [(None, "is None"), (network, "asks for a Keras model"), (network((28, 28, 1)), "other images")]
)
def test_a_target_wants_a_trained_network_for_these_images(answer, words):
    outcome, _, advice = judge(exercises.find("12.3"), answer)
    assert outcome is Outcome.WRONG and words in advice


def as_mnist(n, rng=np.random.default_rng(0)):  # noqa: B008
    return rng.integers(0, 256, (n, 28, 28), dtype=np.uint8), rng.integers(0, 10, n, dtype=np.uint8)


def test_mnist_is_what_the_network_gives(monkeypatch, capsys):
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: (as_mnist(60_000), as_mnist(10_000)))
    parts = datasets.mnist()
    assert [len(y) for _, y in parts] == [50_000, 10_000, 10_000]
    for X, y in parts:
        assert X.shape == (len(y), 784) and X.dtype == np.float32 and X.min() == 0 and X.max() == 1 and y.dtype == np.int64
    assert capstone.problem(mnist=True).shape == (28, 28, 1)
    assert capsys.readouterr().out == ""


def test_without_a_network_mnist_says_so_and_gives_the_digits_that_ship(monkeypatch, capsys):
    def fail():
        raise Exception("URL fetch failure on https://example.com/mnist.npz: None -- [Errno -2] Name or service not known")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", fail)
    problem = capstone.problem(mnist=True)
    assert problem.shape == (8, 8, 1) and len(problem.train[0]) == 1071
    assert "MNIST could not be fetched (URL fetch failure" in " ".join(capsys.readouterr().out.split())
