"""
Makes the data sets that are generated rather than collected, the same bytes every time: `python3 data/make_data.py`.

Each has its own seed, so that one can change without the others. SHA256SUMS is written last.
"""

import hashlib
from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parent


def clouds() -> np.ndarray:
    """Two round clouds that one straight line separates: rows of x1, x2, label; shape (200, 3)."""
    rng = np.random.default_rng(11)
    offsets = rng.uniform(0, 1, size=(200, 1)) ** 0.5 * 1.25 * _on_circle(rng, 200)
    label = np.repeat([0, 1], 100)
    centers = np.array([[1.5, 2.0], [4.0, 4.0]])
    return np.column_stack([centers[label] + offsets, label])


def points() -> np.ndarray:
    """A disc of green points (label 1) inside a ring of red ones (label 0): rows of x1, x2, label; shape (240, 3)."""
    rng = np.random.default_rng(12)
    label = np.repeat([1, 0], 120)
    radius = np.where(label == 1, rng.uniform(0, 1.0, 240) ** 0.5, rng.uniform(1.3, 2.1, 240))
    noise = rng.normal(scale=0.08, size=(240, 2))
    return np.column_stack([radius[:, None] * _on_circle(rng, 240) + noise, label])


def students() -> np.ndarray:
    """
    300 invented students of five years: rows of lectures, hours, passed, grade; shape (300, 4).

    A good grade takes both lectures and hours, and luck; 50 points pass.
    """
    rng = np.random.default_rng(13)
    lectures = rng.integers(0, 9, 300)
    hours = rng.uniform(0, 10, 300).round(1)
    both = _sigmoid(1.6 * (lectures - 2.0)) * _sigmoid(1.3 * (hours - 2.75))
    grade = np.clip(22 + 70 * both + rng.normal(scale=8, size=300), 0, 100).round()
    return np.column_stack([lectures, hours, grade >= 50, grade])


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def _on_circle(rng: np.random.Generator, n: int) -> np.ndarray:
    angle = rng.uniform(0, 2 * np.pi, n)
    return np.column_stack([np.cos(angle), np.sin(angle)])


def _write(name: str, header: str, rows: np.ndarray, row_format: str) -> None:
    lines = [header, *(row_format.format(*row) for row in rows)]
    (DATA / name).write_bytes(("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    _write("clouds.csv", "x1,x2,label", clouds(), "{:.3f},{:.3f},{:.0f}")
    _write("points.csv", "x1,x2,label", points(), "{:.3f},{:.3f},{:.0f}")
    _write("students.csv", "lectures,hours,passed,grade", students(), "{:.0f},{:.1f},{:.0f},{:.0f}")
    files = sorted(path for path in DATA.iterdir() if path.suffix in (".csv", ".npz", ".png", ".txt"))
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in files]
    (DATA / "SHA256SUMS").write_bytes(("\n".join(sums) + "\n").encode())
