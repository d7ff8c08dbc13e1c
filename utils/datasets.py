"""Every data set the labs load: from data/, checked against its checksum, never from the network."""

import hashlib
from pathlib import Path

import numpy as np

from utils.advice import Advice

DATA = Path(__file__).resolve().parent.parent / "data"


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


def _load(name: str, target: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """X, the first two columns of a file in data/, and y, the column `target`."""
    rows = np.loadtxt(_lines(name), delimiter=",", skiprows=1, dtype=np.float32)
    return rows[:, :2], rows[:, target]


def _lines(name: str) -> list[str]:
    """The lines of a file in data/; Advice when it is missing or is not what the course ships."""
    mend = "Restore it with `git checkout data/`, or download the course again."
    try:
        content = (DATA / name).read_bytes()
    except OSError as error:
        raise Advice(f"data/{name} cannot be read ({error.strerror}). {mend}") from None
    checksums = dict(reversed(line.split()) for line in (DATA / "SHA256SUMS").read_text().splitlines())
    if hashlib.sha256(content).hexdigest() != checksums[name]:
        raise Advice(f"data/{name} is not the file that the course ships: it was changed or only half downloaded. {mend}")
    return content.decode().splitlines()
