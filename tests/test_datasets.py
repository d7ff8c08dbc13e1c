"""The data that ships: its checksums, its generator, its loaders, and what they say of a damaged file."""

import hashlib
import inspect
import subprocess
import sys

import numpy as np
import pytest

from tests.courses import COURSE, copy_course
from utils import datasets
from utils.advice import Advice

DATA = COURSE / "data"
FILES = sorted(path.name for path in DATA.iterdir() if path.suffix not in (".md", ".py") and path.name != "SHA256SUMS")


def files_of(load):
    """The files that a loader reads, found by looking on."""
    read, content = [], datasets._content
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(datasets, "_content", lambda name: read.append(name) or content(name))
        load()
    return read


def loaders():
    """Each public loader of utils/datasets.py with each file that it reads."""
    found = inspect.getmembers(datasets, inspect.isfunction)
    public = [load for name, load in found if not name.startswith("_") and load.__module__ == datasets.__name__]
    return [(load, name) for load in public for name in files_of(load)]


def test_every_data_file_has_its_checksum_and_its_card():
    sums = dict(reversed(line.split()) for line in (DATA / "SHA256SUMS").read_text().splitlines())
    assert FILES and sorted(sums) == FILES
    card = (DATA / "README.md").read_text(encoding="utf-8")
    for name in FILES:
        assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == sums[name]
        assert f"`{name}`" in card and f"## {name}" in card


def test_the_generator_makes_the_same_bytes_again(tmp_path):
    course = copy_course(tmp_path / "course")
    before = {path.name: path.read_bytes() for path in DATA.glob("*.csv")}
    for path in (course / "data").glob("*.csv"):
        path.unlink()
    subprocess.run([sys.executable, str(course / "data" / "make_data.py")], check=True)
    assert {path.name: path.read_bytes() for path in (course / "data").glob("*.csv")} == before
    assert (course / "data" / "SHA256SUMS").read_bytes() == (DATA / "SHA256SUMS").read_bytes()


def test_loaders_give_the_shapes_that_they_promise():
    for load, n in ((datasets.clouds, 200), (datasets.points, 240), (datasets.xor, 4)):
        X, y = load()
        assert X.shape == (n, 2) and y.shape == (n,)
        assert X.dtype == y.dtype == np.float32
        assert np.mean(y) == 0.5 and set(y) == {0, 1}


def test_the_students_have_the_ranges_of_their_card_and_both_loaders_the_same_rows():
    (X, y), (same_X, grade) = datasets.students(), datasets.grades()
    assert X.shape == (300, 2) and y.shape == grade.shape == (300,)
    assert X.dtype == y.dtype == grade.dtype == np.float32 and np.array_equal(X, same_X)
    assert X.min() == 0 and X[:, 0].max() == 8 and X[:, 1].max() <= 10 and np.all(X[:, 0] == X[:, 0].round())
    assert grade.min() >= 0 and grade.max() <= 100
    assert np.array_equal(y == 1, grade >= 50) and 0.585 < np.mean(y) < 0.595


def test_no_line_separates_the_students_and_four_lectures_with_five_hours_pass():
    X, y = datasets.students()
    lines = [(np.cos(a), np.sin(a), t) for a in np.linspace(0, 2 * np.pi, 180) for t in np.linspace(-13, 13, 200)]
    assert 0.8 < max(np.mean((X @ [w1, w2] > t) == (y == 1)) for w1, w2, t in lines) < 0.87
    near = np.linalg.norm(X - [4, 5], axis=1) < 1.5
    assert near.sum() >= 10 and np.mean(y[near]) > 0.95


def test_the_students_cannot_be_told_apart_without_error():
    """Noise: near the border, neighbors have different labels."""
    X, y = datasets.students()
    distances = np.linalg.norm(X[:, None] - X, axis=2) + 99 * np.eye(len(X))
    nearest = y[distances.argmin(axis=1)]
    assert 0.01 < np.mean(nearest != y) < 0.15


def test_a_line_separates_the_clouds_and_none_the_points():
    X, y = datasets.clouds()
    assert np.all((X @ [1, 1] - 5.8 > 0) == (y == 1))
    X, y = datasets.points()
    lines = [(np.cos(a), np.sin(a), t) for a in np.linspace(0, 2 * np.pi, 60) for t in np.linspace(-2, 2, 40)]
    assert max(np.mean((X @ [w1, w2] > t) == (y == 1)) for w1, w2, t in lines) < 0.75


def test_the_digits_are_split_in_three_by_class():
    parts = datasets.digits()
    X, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    assert X.shape == (1797, 64) and X.dtype == np.float32 and X.min() == 0 and X.max() == 1
    assert len(np.unique(X, axis=0)) == 1797, "no picture is in two parts"
    assert y.dtype == np.int64 and np.array_equal(np.bincount(y), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    for (_, labels), share in zip(parts, (0.6, 0.2, 0.2), strict=True):
        assert np.allclose(np.bincount(labels) / np.bincount(y), share, atol=0.01)


def test_the_photo_is_gray_and_small_and_has_edges_of_both_kinds():
    photo = datasets.photo()
    assert photo.shape == (128, 128) and photo.dtype == np.float32 and 0 <= photo.min() < 0.1 and 0.9 < photo.max() <= 1
    assert (DATA / "photo.png").stat().st_size < 20_000
    assert min(np.mean(np.abs(np.diff(photo, axis=axis)) > 0.1) for axis in (0, 1)) > 0.03


def test_every_data_file_has_a_loader():
    assert {name for _, name in loaders()} == set(FILES)


@pytest.mark.parametrize(("load", "name"), loaders())
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: path.write_bytes(path.read_bytes()[:100]), "is not the file that the course ships"),
        (lambda path: path.write_text("x1,x2\n1,2\n"), "is not the file that the course ships"),
        (lambda path: path.write_bytes(b""), "is not the file that the course ships"),
    ],
)
def test_a_damaged_file_gives_the_sentence_that_mends_it(tmp_path, monkeypatch, damage, words, load, name):
    monkeypatch.setattr(datasets, "DATA", copy_course(tmp_path / "course") / "data")
    damage(datasets.DATA / name)
    with pytest.raises(Advice, match=words) as failure:
        load()
    assert "git checkout data/" in str(failure.value) and name in str(failure.value)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda path: path.unlink(), "data/SHA256SUMS cannot be read"),
        (lambda path: path.write_bytes(b""), "data/SHA256SUMS does not list clouds.csv: it was changed or only half downloaded"),
        (lambda path: path.write_bytes(b"\xff\xfe\x00"), "data/SHA256SUMS does not list clouds.csv"),
        (lambda path: path.write_bytes(path.read_bytes()[:70]), "data/SHA256SUMS does not list clouds.csv"),
    ],
    ids=["missing", "empty", "no text", "half"],
)
def test_damaged_checksums_give_the_sentence_that_mends_them(tmp_path, monkeypatch, damage, words):
    monkeypatch.setattr(datasets, "DATA", copy_course(tmp_path / "course") / "data")
    damage(datasets.DATA / "SHA256SUMS")
    with pytest.raises(Advice, match=words) as failure:
        datasets.clouds()
    assert "git checkout data/" in str(failure.value)
