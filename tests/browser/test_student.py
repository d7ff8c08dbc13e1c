"""A student's way through the first lab, in a real browser."""

import nbformat
import pytest
from playwright.sync_api import expect, sync_playwright

from tests import live
from tests.browser.chromium import BROWSER, LAUNCH, WITHOUT
from tests.browser.jupyterlab import JupyterLab
from tests.courses import COURSE, cell, copy_course, served
from utils import exercises

SCREENSHOTS = COURSE / "screenshots"

LAB = "01_perceptron"
VERBS = ["progress()", "hint('1.2')", "solution('1.4')", "check('1.1', -7, 0)"]
ADVICE = "✗ 1.1 The weighted sum by hand, z: not right yet.\nThe bias is missing: the sum begins with w0 = 1."

pytestmark = pytest.mark.skipif(BROWSER is None, reason=WITHOUT)


def read(folder):
    return nbformat.read(COURSE / folder / f"{LAB}.ipynb", as_version=4)


def solved():
    """The student's notebook with every answer filled in, and below it each thing that the verbs can show."""
    notebook, solution = read("notebooks"), read("solutions")
    for number in exercises.of_lab(LAB):
        answer = exercises.answer_cell(number)
        cell(notebook, answer).source = cell(solution, answer).source
    notebook.cells += [nbformat.v4.new_code_cell(code) for code in VERBS]
    return notebook


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    course = copy_course(tmp_path_factory.mktemp("browser") / "course")
    nbformat.write(solved(), course / "notebooks" / "solved.ipynb")
    return course


@pytest.fixture(scope="module")
def start(course, tmp_path_factory):
    """JupyterLab as it opens at the address that the first command prints."""
    SCREENSHOTS.mkdir(exist_ok=True)
    with served(course, home=tmp_path_factory.mktemp("home")) as (address, token), sync_playwright() as playwright:
        browser = playwright.chromium.launch(**LAUNCH)
        lab = JupyterLab(browser.new_context(viewport={"width": 1280, "height": 900}), address, token)
        lab.open()
        yield lab
        lab.screenshot(SCREENSHOTS / "last.png")
        browser.close()


@pytest.fixture(scope="module")
def untouched(start):
    """The first lab, as it is after "Run All Cells" and nothing else."""
    expect(start.notebook.get_by_role("heading", level=1)).to_contain_text("0 · Start here")
    start.open_from_list(f"{LAB}.ipynb")
    start.menu("Run", "Run All Cells")
    expect(start.output('check("1.1"')).not_to_be_empty()
    return start


@pytest.fixture(scope="module")
def finished(start):
    """A solved lab after "Restart Kernel and Run All Cells", up to the wrong check that is its last cell."""
    start.open_from_list("solved.ipynb")
    start.restart_and_run_all()
    expect(start.output(VERBS[-1])).to_have_text(ADVICE)
    expect(start.notebook.locator(".jp-Cell")).to_have_count(len(solved().cells))
    start.lay_out_all_cells()
    return start


def test_run_all_stops_at_the_first_exercise_with_its_advice_and_no_traceback(untouched):
    untouched.wait_until_idle()
    expect(untouched.outputs).to_have_text(
        ["○ 1.1 The weighted sum by hand, z: not done yet.\nThe answer is still the placeholder `...`."]
    )
    untouched.output('check("1.1"').scroll_into_view_if_needed()
    untouched.screenshot(SCREENSHOTS / "run-all.png")


def test_a_wrong_answer_gets_its_advice_a_hint_helps_and_the_right_answer_gets_its_tick(untouched):
    check = 'check("1.1"'
    untouched.write(untouched.cell("y_hat ="), "z = 3 * (-1) + (-2) * 2\ny_hat = 0")
    untouched.run(check)
    expect(untouched.output(check)).to_have_text(ADVICE)
    untouched.run_in_new_cell_below(check, "hint('1.1')")
    expect(untouched.output("hint('1.1')")).to_contain_text("Hint 1 of 2 for 1.1: Three terms")
    untouched.screenshot(SCREENSHOTS / "wrong.png")
    untouched.write(untouched.cell("y_hat ="), "z = 1 + 3 * (-1) + (-2) * 2\ny_hat = 1 / (1 + np.exp(-z))")
    untouched.run(check)
    expect(untouched.output(check)).to_have_text("✓ 1.1 The weighted sum by hand")
    untouched.run_in_new_cell_below(check, "progress()")
    expect(untouched.output("progress()").get_by_role("row", name=LAB)).to_contain_text("1.1 ✓ 1.2 ·")
    untouched.screenshot(SCREENSHOTS / "right.png")


def test_progress_is_still_there_when_the_page_is_closed_and_opened_again(untouched):
    untouched.run_in_new_cell_below('check("1.2"', "check('1.1', -6, 0.00247)")
    expect(untouched.output("check('1.1'")).to_have_text("✓ 1.1 The weighted sum by hand")
    untouched.save()
    untouched.close()
    untouched.open(f"notebooks/{LAB}.ipynb")
    expect(untouched.output("check('1.1'")).to_have_text("✓ 1.1 The weighted sum by hand")
    untouched.run_in_new_cell_below('check("1.3"', "progress()  # still there")
    expect(untouched.output("# still there").get_by_role("row", name=LAB)).to_contain_text("1.1 ✓")


def test_a_solved_lab_runs_to_its_end_after_a_restart(finished):
    for number in exercises.of_lab(LAB):
        expect(finished.output(f'check("{number}"')).to_contain_text(f"✓ {number}")
    expect(finished.errors).to_have_text([ADVICE])


def test_every_picture_is_shown_undistorted_within_its_cell_and_has_a_description(finished):
    pictures = finished.pictures()
    assert len(pictures) == sum(c.source.startswith("plots.") or "\nplots." in c.source for c in solved().cells) > 5
    for picture in pictures:
        assert picture["loaded"] and picture["width"] > 400 and picture["height"] > 150
        assert len(picture["alt"]) > 30
        shown = picture["shown"]
        assert 300 < shown["width"] <= picture["room"]
        assert shown["height"] / shown["width"] == pytest.approx(picture["height"] / picture["width"], rel=0.01)


def test_a_slider_moves_the_line_in_the_notebook(finished):
    finished.output("plots.play_line").scroll_into_view_if_needed()
    live.CASES["line"].move(finished.output("plots.play_line"))
    expect(finished.output("plots.play_line").locator("output")).to_have_text(live.line_says())


@pytest.mark.parametrize("width", [1280, 800])
@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_in_both_themes_and_a_narrow_window_everything_fits_and_can_be_read(finished, theme, width):
    finished.resize(width)
    finished.use_theme(theme)
    for what, code in {"picture": "plots.decision_regions", "verbs": VERBS[-1]}.items():
        finished.cell(code).last.scroll_into_view_if_needed()
        finished.screenshot(SCREENSHOTS / f"{theme.split()[-1].lower()}-{width}-{what}.png")
    assert finished.too_wide() == []
    assert finished.broken_lines() == []
    contrast, text = finished.least_contrast()
    assert contrast > 4, text  # JupyterLab's own dark theme writes comments at 4.15, all else at more than 4.5
