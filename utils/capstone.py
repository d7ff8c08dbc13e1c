"""Lab 12: digits in three sets, training by the student's choices, one test, and a report card."""

import datetime
import inspect
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from utils import datasets, plots, training
from utils.advice import Advice, say
from utils.checking import arrays, require
from utils.plots.pictures import Picture
from utils.quiet_tensorflow import tf

keras = tf.keras
Part = tuple[np.ndarray, np.ndarray]
CHOICES = ("network", "loss", "optimizer", "batch_size", "epochs")


@dataclass(frozen=True)
class Problem:
    """Images for training, for validation and for the test: X of shape (n, h, w, 1) and y of shape (n,) each."""

    name: str
    train: Part
    validation: Part
    test: Part

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of an image."""
        return self.train[0].shape[1:]

    @property
    def everything(self) -> Part:
        """Training and validation set together."""
        return tuple(np.concatenate(parts) for parts in zip(self.train, self.validation, strict=True))


def problem(mnist: bool = False) -> Problem:
    """The digits that the course ships; with `mnist`, MNIST, where there is internet."""
    parts = datasets.mnist() if mnist else datasets.digits()
    side = round(parts[0][0].shape[1] ** 0.5)
    images = [(X.reshape(-1, side, side, 1), y) for X, y in parts]
    return Problem(f"digits of {side} × {side} pixels", *images)


def problem_with(choices: Any, shape: Sequence[int]) -> str | None:
    """What is missing or wrong in the choices, in a sentence; None where a training can begin."""
    if not isinstance(choices, Mapping):
        return f"The choices are a dictionary with {', '.join(CHOICES)}; this is a {type(choices).__name__}."
    if missing := [name for name in CHOICES if name not in choices]:
        return f"The choices lack {', '.join(missing)}."
    if unknown := [str(name) for name in choices if name not in CHOICES]:
        return f"This lab does not know the choice {unknown[0]!r}; it knows {', '.join(CHOICES)}."
    if not callable(choices["network"]) or isinstance(choices["network"], keras.Model):
        return "The network is a function that makes a new model, so that training can begin anew: its name with no brackets."
    if not isinstance(choices["optimizer"], keras.optimizers.Optimizer):
        return "The optimizer is an object, such as `keras.optimizers.SGD(0.1)`."
    if inspect.isclass(choices["loss"]):
        return f"The loss is the class {choices['loss'].__name__}: make one of it, with brackets after its name."
    if not callable(choices["loss"]):
        return "The loss is an object or a function of y and ŷ, such as those of `keras.losses`."
    for name in ("batch_size", "epochs"):
        if isinstance(choices[name], bool) or not isinstance(choices[name], (int, np.integer)) or choices[name] < 1:
            return f"{name} = {choices[name]!r}: expected a whole number, 1 or more."
    model = choices["network"]()
    if not isinstance(model, keras.Model):
        return (
            arrays.no_numbers(model) or f"The network function should return a Keras model; it returns a {type(model).__name__}."
        )
    if choices["network"]() is model:
        return require.SAME_MODEL
    if model.built and require.known(model, "inputs") and model.input_shape != (None, *shape):
        return f"The network takes {model.input_shape}; images of shape {(None, *shape)} come in."
    outputs = tuple(built(model, shape)(np.zeros((2, *shape), np.float32)).shape)
    if outputs != (2, 10):
        return f"For 2 images the network gives shape {outputs}; expected (2, 10), a logit for each digit."
    return None


def built(model: Any, shape: Sequence[int]) -> Any:
    """The model, with its weights: one that has none yet makes them when it sees the first image."""
    if not model.built:
        model(np.zeros((1, *shape), np.float32))
    return model


def train(
    problem: Problem, choices: Mapping[str, Any], final: bool = False, watch: Callable[..., Any] | None = None
) -> tuple[Any, dict[str, list[float]]]:
    """
    Train a new network by the choices, and return it with its history.

    final: train on the validation set as well, by which nothing can be chosen then.
    watch: as for `training.train`; by default a live curve.  Raises Advice where a training cannot begin.
    """
    if advice := problem_with(choices, problem.shape):
        raise Advice(advice)
    model = built(choices["network"](), problem.shape)
    optimizer = training.new_optimizer(choices["optimizer"])  # whatever it was used for
    X, y = problem.everything if final else problem.train
    validation = None if final else problem.validation
    history = training.train(
        model,
        optimizer,
        choices["loss"],
        X,
        y,
        choices["epochs"],
        choices["batch_size"],
        validation,
        watch=watch or plots.live_loss(choices["epochs"]),
    )
    return model, history


def logits(predict: Any, X: np.ndarray) -> np.ndarray:
    """A model's outputs for images, 500 at a time: shape (n, 10)."""
    return np.concatenate([np.asarray(predict(X[i : i + 500])) for i in range(0, len(X), 500)])


def accuracy(predict: Any, part: Part) -> float:
    """The accuracy of a model on a set of images: the share that it reads right."""
    return float(np.mean(np.argmax(logits(predict, part[0]), axis=1) == part[1]))


_tested: list[bytes] = []  # what each network that was tested in this session reads on the test set


def number_of_test(outputs: np.ndarray) -> int:
    """The rank of this network among those tested in this session, by its outputs for the test set; each counts once."""
    read = outputs.argmax(axis=1).tobytes()
    if read not in _tested:
        _tested.append(read)
    return _tested.index(read) + 1


class ReportCard:
    """What a network does with the test set; a notebook shows it, and `save` writes it as a page."""

    def __init__(self, problem: Problem, choices: Mapping[str, Any], model: Any, history: Mapping[str, Sequence[float]]):
        X, y = problem.test
        self.problem, self.model = problem, model
        outputs = logits(model, X)
        self.accuracy = float(np.mean(outputs.argmax(axis=1) == y))
        self.training = plots.curves(history)  # the notebook has shown it while it went on
        self.pictures: dict[str, Picture] = {
            "Confusion matrix of the test set": plots.confusion(y, outputs.argmax(axis=1)),
            "Errors on the test set": plots.misread(lambda _: outputs, X, y),
        }
        optimizer = choices["optimizer"]
        rate = float(tf.convert_to_tensor(optimizer.learning_rate))  # of a Keras 3.0 variable, float makes nothing
        self.rows = {
            "problem": f"{problem.name}, {len(y)} of them in the test set",
            "accuracy": f"{self.accuracy:.2%} on the test set, {int(np.sum(outputs.argmax(axis=1) != y))} wrong",
            "tests": f"network {number_of_test(outputs)} of this session; the fewer tests, the more the accuracy is worth",
            "network": " → ".join(type(layer).__name__ for layer in model.layers),
            "parameters": f"{model.count_params():,}",
            "loss": getattr(choices["loss"], "name", getattr(choices["loss"], "__name__", "a function")),
            "optimizer": f"{type(optimizer).__name__}, learning rate {rate:g} at the start",
            "batch size": f"{choices['batch_size']}",
            "epochs": f"{len(history['loss'])} of {choices['epochs']}",
        }

    def __repr__(self) -> str:
        return "\n".join(f"{name:<12}{value}" for name, value in self.rows.items())

    def _repr_html_(self) -> str:
        return self._table() + _with_titles(self.pictures)

    def _table(self) -> str:
        cell = "text-align:left;padding:2px 10px"
        rows = "".join(
            f'<tr><th style="{cell}">{escape(k)}</th><td style="{cell}">{escape(v)}</td></tr>' for k, v in self.rows.items()
        )
        return f"<table>{rows}</table>"

    def save(self, path: str | Path = "report_card.html", name: str = "") -> None:
        """Write the card as one page that needs nothing else, and say where it is, or why that is not possible."""
        title = f"Report card{f' of {name}' if name else ''}"
        page = io.StringIO()
        page.write(f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n')
        page.write("<style>body{font-family:sans-serif;max-width:48em;margin:2em auto;padding:0 1em}</style>\n")
        body = self._table() + _with_titles({"Loss over the epochs": self.training, **self.pictures})
        page.write(f"<h1>{escape(title)}</h1>\n<p>{datetime.date.today():%Y-%m-%d}</p>\n{body}\n</html>\n")
        try:
            Path(path).write_text(page.getvalue(), encoding="utf-8")
        except OSError as error:
            say(f"The report card cannot be written to {path} ({error.strerror}). It is still shown here.")
            return
        say(f"Saved as {Path(path).name}, beside this notebook.")


def _with_titles(pictures: Mapping[str, Picture]) -> str:
    return "".join(f"<h4>{escape(title)}</h4>{picture.html()}" for title, picture in pictures.items())
