"""Every data set the labs load: from data/, checked against its checksum, never from the network."""

import hashlib
import io
from functools import cache

import numpy as np
from PIL import Image

from utils.advice import Advice, say
from utils.course import COURSE

DATA = COURSE / "data"
_MEND = "Restore it with `git checkout data/`, or download the course again."


def clouds() -> tuple[np.ndarray, np.ndarray]:
    """Two clouds that one straight line separates: X, shape (200, 2), float32; y, shape (200,), 0.0 or 1.0."""
    return _load("clouds.csv")


def points() -> tuple[np.ndarray, np.ndarray]:
    """Green points (1.0) inside a ring of red ones (0.0): X, shape (240, 2), float32; y, shape (240,)."""
    return _load("points.csv")


def xor() -> tuple[np.ndarray, np.ndarray]:
    """The four points of exclusive or: X, shape (4, 2), float32; y, shape (4,), 1.0 where one coordinate is 1."""
    X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    return X, (X.sum(axis=1) == 1).astype(np.float32)


def students() -> tuple[np.ndarray, np.ndarray]:
    """Past students: X, lectures attended and hours on the project, shape (300, 2), float32; y, shape (300,), 1.0 if passed."""
    return _load("students.csv")


def grades() -> tuple[np.ndarray, np.ndarray]:
    """The same students and their grades: X, shape (300, 2), float32; y, shape (300,), float32, 0 to 100 points."""
    return _load("students.csv", target=3)


def digits() -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """
    Handwritten digits, for training, validation and testing: three pairs of X, gray values, shape (n, 64), float32, 0 to 1,
    and y, the digits 0 to 9, shape (n,), int64. Three fifths of each class are for training, one for validation, one for testing.
    """
    with np.load(io.BytesIO(_content("digits.npz"))) as file:
        X, y = file["images"].reshape(-1, 64).astype(np.float32) / 16, file["labels"].astype(np.int64)
    rank = np.array([np.sum(y[:i] == y[i]) for i in range(len(y))])  # of each example within its class
    return tuple((X[part], y[part]) for part in (rank % 5 > 1, rank % 5 == 1, rank % 5 == 0))


def cures() -> dict[str, np.ndarray]:
    """
    Trainings of lab 8's large network with each strength of L2, "penalties", shape (p,), and each rate of dropout, "rates", (r,).

    "training", "validation": losses at "epochs", shape (p, r, epochs), means over five starts.  "regions": ŷ of the first start,
    0 to 255, shape (p, r, 41, 41), over the square from -2.5 to 2.5, row by x2, column by x1.
    """
    with np.load(io.BytesIO(_content("cures.npz"))) as file:
        return dict(file)


def photo() -> np.ndarray:
    """A photographer at a tripod: gray values, shape (128, 128), float32, 0 is black and 1 is white."""
    return np.asarray(Image.open(io.BytesIO(_content("photo.png"))), np.float32) / 255


def tunes() -> tuple[list[np.ndarray], list[np.ndarray], list[str]]:
    """
    Dance tunes for training and for validation, each a row of tokens, int32; and the vocabulary: token i is vocabulary[i].

    A tune begins with the token of its kind, reel, jig or hornpipe, and ends with "end". Between them stand its notes in ABC
    notation, with the tonic on C and an eighth note as the unit, and a "|" after each bar. Every tenth tune is for validation.
    """
    train, validation, vocabulary = _tunes(_content("tunes.txt"))
    return [tune.copy() for tune in train], [tune.copy() for tune in validation], list(vocabulary)


@cache
def _tunes(content: bytes) -> tuple[list[np.ndarray], list[np.ndarray], list[str]]:
    lines = [line.split("\t") for line in content.decode().splitlines()]
    names = [[kind, *notes.split(), "end"] for _, _, kind, notes in lines]
    vocabulary = sorted({name for tune in names for name in tune})
    number = {name: i for i, name in enumerate(vocabulary)}
    rows = [np.array([number[name] for name in tune], np.int32) for tune in names]
    return [row for i, row in enumerate(rows) if i % 10], rows[::10], vocabulary


def mnist() -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """
    MNIST from the network, in three parts as `digits`: X, shape (n, 784), and y; 50,000 examples, 10,000, and 10,000 for testing.

    Where it cannot be fetched this says so, and gives the digits that the course ships.
    """
    from utils.checking.sandbox import quiet
    from utils.quiet_tensorflow import tf

    try:
        with quiet():
            (X, y), (X_test, y_test) = tf.keras.datasets.mnist.load_data()
    except Exception as error:  # Keras raises a bare one where there is no network
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        say(f"MNIST could not be fetched ({reason}). These are the 1,797 digits of 8 × 8 pixels that the course ships.")
        return digits()
    parts = (X[:50_000], y[:50_000]), (X[50_000:], y[50_000:]), (X_test, y_test)
    return tuple((X.reshape(len(X), -1).astype(np.float32) / 255, y.astype(np.int64)) for X, y in parts)


def _load(name: str, target: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """X, the first two columns of a file in data/, and y, the column `target`."""
    rows = np.loadtxt(_content(name).decode().splitlines(), delimiter=",", skiprows=1, dtype=np.float32)
    return rows[:, :2], rows[:, target]


def _content(name: str) -> bytes:
    """The bytes of a file in data/; Advice when it is missing or is not what the course ships."""
    content, sums = _read(name), _read("SHA256SUMS").decode(errors="replace").split()
    checksum = dict(zip(sums[1::2], sums[::2], strict=False)).get(name)
    if hashlib.sha256(content).hexdigest() != checksum:
        damaged = f"data/{name} is not the file that the course ships" if checksum else f"data/SHA256SUMS does not list {name}"
        raise Advice(f"{damaged}: it was changed or only half downloaded. {_MEND}")
    return content


def _read(name: str) -> bytes:
    try:
        return (DATA / name).read_bytes()
    except OSError as error:
        raise Advice(f"data/{name} cannot be read ({error.strerror}). {_MEND}") from None
