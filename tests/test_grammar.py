"""The grammar of the pictures: colors that can be seen and told apart, one page that shows all of it, and no small text."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from tests.conftest import SMALLEST_TEXT, small_texts
from tests.courses import COURSE
from utils import plots
from utils.plots import drawing
from utils.plots.pictures import Picture

MARKS = {name: getattr(drawing, name) for name in ("START", "END", "LOWEST", "YOU", "CHOSEN")}
OF_LINES = {color for color, _ in drawing.LINES}
NAMED = {name: color for name, color in vars(drawing).items() if isinstance(color, str) and color in OF_LINES}
FAMILIES = {"optimizers": drawing.OPTIMIZERS, "cures": drawing.CURES, "parts": drawing.PARTS}
AXES = ("loss J", "accuracy", "training", "validation", "test", "epoch", "step", "batch size B")


def first_name(pattern):
    """A name that a pattern of the grammar stands for."""
    return pattern.partition("|")[0]


def looks(family):
    """How the lines of a family are drawn, by name."""
    return drawing.line_styles([first_name(pattern) for pattern in family])


@pytest.mark.parametrize("name", NAMED)
def test_a_color_can_be_seen_on_white(name):
    assert drawing.contrast(NAMED[name], "white") >= 3


def test_what_has_a_color_of_its_own_has_one_of_those_with_a_name():
    assert len(NAMED) == len(OF_LINES) == len(drawing.LINES)
    assert set(drawing.COLORS.values()) <= {*NAMED.values(), "black"}


@pytest.mark.parametrize("family", FAMILIES)
def test_no_two_names_of_a_family_share_a_color_and_a_line(family):
    styles = [(style["color"], style["linestyle"]) for style in looks(FAMILIES[family]).values()]
    assert len(set(styles)) == len(styles) == len(FAMILIES[family]) > 1


def test_a_name_has_its_color_whatever_else_the_picture_shows():
    for names in (["Adam", "mine", "SGD 0.1"], ["mine", "theirs", "SGD 0.1", "Adam"], ["validation, Adam", "training, SGD"]):
        styles = drawing.line_styles(names)
        for name, style in styles.items():
            own = next((color for key, color in drawing.OPTIMIZERS.items() if key in name.lower()), None)
            assert own is None or style["color"] == own
        assert len({(style["color"], style["linestyle"]) for style in styles.values()}) == len(names)
    two = drawing.line_styles(["Adam 0.01", "Adam 0.1"]).values()
    assert len({style["color"] for style in two}) == 2, "two of one name are told apart all the same"
    assert len(drawing.line_styles(map(str, range(20)))) == 20, "there may be more lines than colors"


def test_marks_differ_in_form_or_filling_and_have_a_rim_that_can_be_seen():
    assert len({(mark["marker"], mark["color"]) for mark in MARKS.values()}) == len(MARKS)
    for mark in MARKS.values():
        inside = "white" if mark["color"] == "none" else mark["color"]
        assert drawing.contrast(mark["markeredgecolor"], inside) >= 3


def test_the_page_of_the_grammar_shows_every_name():
    """Its picture lies among the screenshots, for whoever reviews the pictures."""
    figure = Figure(figsize=(10.8, 7.2), layout="constrained")
    colors, lines, marks, words = np.ravel(figure.subplots(2, 2))
    for row, (name, color) in enumerate(NAMED.items()):
        colors.barh(row, 1, color=color)
        colors.text(1.05, row, f"{name} {color}, {drawing.contrast(color, 'white'):.1f} : 1", va="center", color=color)
    rows = [(f"{family}: {name}", style) for family, members in FAMILIES.items() for name, style in looks(members).items()]
    for row, (name, style) in enumerate(rows):
        lines.plot([0, 1], [row, row], linewidth=2, **style)
        lines.text(1.05, row, name, va="center", fontsize=9)
    for row, (name, mark) in enumerate([*MARKS.items()]):
        for place, ground in ((0.25, drawing.REGIONS(0.0)), (0.75, drawing.REGIONS(1.0)), (0.5, "white")):
            marks.barh(row, 0.25, left=place - 0.125, color=ground)
            marks.plot(place, row, **mark)
        marks.text(1.05, row, name, va="center")
    drawing.scatter(marks, np.array([[0.5, len(MARKS)], [0.5, len(MARKS) + 1]]), [0, 1])
    for label in (0, 1):
        marks.text(1.05, len(MARKS) + label, f"class {label}", va="center")
    words.text(0, 0.5, "axes and legends:\n\n" + "\n".join(AXES), va="center")
    for ax, title in ((colors, "colors"), (lines, "lines"), (marks, "marks"), (words, "words")):
        ax.set_title(title)
        ax.set(xlim=(0, 2.2))
        ax.axis("off")
    for ax in (colors, lines, marks):
        ax.invert_yaxis()
    page = COURSE / "screenshots" / "grammar.png"
    page.parent.mkdir(exist_ok=True)
    page.write_bytes(Picture(figure, "the grammar").png())
    shown = " ".join(text.get_text() for text in figure.findobj(Text))
    names = [*NAMED, *MARKS, *AXES, *map(first_name, (*drawing.COLORS, *drawing.PARTS)), "class 0", "class 1"]
    assert [name for name in names if name not in shown] == []
    assert page.stat().st_size > 10_000


def test_a_text_that_is_too_small_is_found():
    figure = Figure()
    ax = figure.subplots()
    ax.set_title("fine")
    assert small_texts(figure) == []
    ax.text(0, 0, "tiny", fontsize=SMALLEST_TEXT - 0.5)
    ax.text(0, 0, "hidden", fontsize=1, visible=False)
    assert small_texts(figure) == ["tiny"]


def test_each_picture_is_drawn_in_a_test_which_looks_for_small_text():
    """The fixture `readable` in conftest.py looks at every picture that is made in a test."""
    files = [*(COURSE / "tests").glob("test_p*.py"), COURSE / "tests" / "live.py"]
    tests = "".join(path.read_text(encoding="utf-8") for path in files)
    assert plots.__all__ and [name for name in plots.__all__ if not re.search(rf"\bplots\.{name}\(", tests)] == []
