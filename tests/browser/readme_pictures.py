"""
Makes the two pictures at the top of README.md, from the real notebook: `python3 -m tests.browser.readme_pictures`.

A student's answer to 1.4 and what its check says, in JupyterLab's light and dark theme.
"""

import io
import tempfile
from pathlib import Path

import nbformat
from PIL import Image
from playwright.sync_api import expect, sync_playwright

from tests.browser.chromium import LAUNCH
from tests.browser.jupyterlab import JupyterLab
from tests.courses import COURSE, cell, copy_course, served
from utils import exercises

LAB = "01_perceptron"
WRONG = '''def perceptron(x, w, b):
    """The perceptron's prediction ŷ = g(x·w + b), with the sigmoid as g."""
    z = keras.ops.sum(x * w) + b
    return sigmoid(z)'''
CHECK = 'check("1.4", perceptron)'


def notebook() -> nbformat.NotebookNode:
    """The lab up to 1.4, with right answers before it and a wrong one there."""
    student, solution = (nbformat.read(COURSE / folder / f"{LAB}.ipynb", as_version=4) for folder in ("notebooks", "solutions"))
    for number in ("1.1", "1.2", "1.3"):
        answer = exercises.answer_cell(number)
        cell(student, answer).source = cell(solution, answer).source
    cell(student, "ex-1-4").source, cell(student, "check-1-4").source = WRONG, CHECK
    student.cells = student.cells[: student.cells.index(cell(student, "check-1-4")) + 1]
    return student


def main() -> None:
    """Run the notebook in a copy of the course, and take the two pictures."""
    with tempfile.TemporaryDirectory() as folder:
        course = copy_course(Path(folder) / "course")
        nbformat.write(notebook(), course / "notebooks" / "wrong.ipynb")
        with served(course, home=Path(folder)) as (address, token), sync_playwright() as playwright:
            browser = playwright.chromium.launch(**LAUNCH)
            context = browser.new_context(viewport={"width": 1000, "height": 900}, device_scale_factor=2)
            lab = JupyterLab(context, address, token)
            lab.open("notebooks/wrong.ipynb")
            lab.resize(990)
            lab.restart_and_run_all()
            expect(lab.output(CHECK)).to_contain_text("not right yet")
            for theme in ("Light", "Dark"):
                lab.use_theme(f"JupyterLab {theme}")
                _take(lab, COURSE / "solutions" / "pictures" / f"check-{theme.lower()}.png")
            browser.close()


def _take(lab: JupyterLab, file: Path) -> None:
    """The answer and its check, cut out of the page, in few colors."""
    lab.output(CHECK).scroll_into_view_if_needed()
    lab.page.locator(".jp-Notebook").first.press("Escape")
    lab.page.wait_for_timeout(500)
    above, below = lab.cell("def perceptron").bounding_box(), lab.cell(CHECK).bounding_box()
    height = below["y"] + below["height"] - above["y"]
    clip = {"x": above["x"], "y": above["y"], "width": above["width"], "height": height}
    shot = lab.page.screenshot(clip=clip)
    Image.open(io.BytesIO(shot)).convert("RGB").quantize(64).save(file, optimize=True)


if __name__ == "__main__":
    main()
