"""The teacher's page about a class, and a student's feedback, in a real browser."""

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.browser.chromium import BROWSER, LAUNCH, WITHOUT
from tests.browser.jupyterlab import LEAST_CONTRAST
from tests.courses import COURSE
from utils import exercises
from utils.grading import report
from utils.grading.classroom import Row

pytestmark = pytest.mark.skipif(BROWSER is None, reason=WITHOUT)
LAB = "01_perceptron"
NAMED = "The bias is missing: the sum begins with w0 = 1."
LONG = "Line 2 of the cell, `x @ w`: look at this part.\nx      it gives   expected\n" + "[1, 2]  3.5        4.5\n" * 5
PLACES = {"named": 5, "found": 2, "right": 9, "untouched": 3}


def mark(number, title, kind):
    ends = {"right": report.RIGHT, "untouched": report.NOT_DONE}
    advice = {"named": NAMED, "found": LONG}.get(kind, "")
    return {
        "number": number, "title": title, "worth": 1, "code": "z = " + "3 * x + " * 20 + "1 < 2",
        "outcome": ends.get(kind, "wrong"),
        "advice": advice, "mistake": NAMED if kind == "named" else "", "hints": ["Three terms are added."], "proved": True,
        "follows": [], "flags": ["uses open"] if kind == "found" else [],
    }  # fmt: skip


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    out = tmp_path_factory.mktemp("grades")
    kinds = [kind for kind, count in PLACES.items() for _ in range(count)]
    outlines = exercises.outline(LAB).items()
    rows = [
        Row(f"student <{i}>", "", LAB, "a.ipynb", marks=[mark(number, each.title, kind) for number, each in outlines])
        for i, kind in enumerate(kinds)
    ]
    report.write([*rows, Row("eve", "", "", "eve.ipynb", problem="This notebook cannot be read.")], out)
    return out


@pytest.fixture(scope="module", params=["light", "dark"])
def page(request):
    (COURSE / "screenshots").mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**LAUNCH)
        context = browser.new_context(viewport={"width": 1000, "height": 900}, color_scheme=request.param, offline=True)
        page = context.new_page()
        page.theme = request.param
        yield page
        browser.close()


def test_a_number_leads_to_its_mistake_and_names_can_be_hidden(page, pages):
    page.goto((pages / "report.html").as_uri())
    row = page.locator("tbody tr").first
    expect(row.locator("td").nth(0)).to_have_text("47 %")
    expect(row.locator("td").nth(1)).to_have_text("16 %")
    assert row.locator("td a").all_inner_texts() == ["5", "2?"]
    row.locator("td a").first.click()
    shown = page.locator("details[open]")
    expect(shown).to_have_count(1)
    expect(shown).to_contain_text(NAMED)
    expect(shown.locator(".who")).to_contain_text("student <0>, student <1>")
    page.locator("#hide").check()
    expect(shown.locator(".who")).to_be_hidden()
    expect(page.get_by_text("eve.ipynb: This notebook cannot be read.")).to_be_visible()
    page.locator("#hide").uncheck()


@pytest.mark.parametrize("name", ["report.html", "feedback"])
def test_pages_can_be_read_in_both_themes_and_on_a_phone(page, pages, name):
    file = pages / name if name.endswith(".html") else next((pages / "feedback").iterdir())
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    contrast, text = page.locator("body *:visible").evaluate_all(LEAST_CONTRAST)
    assert contrast >= 4.5, text
    for width in (1000, 380):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.screenshot(path=COURSE / "screenshots" / f"{file.stem if name != 'feedback' else name}-{page.theme}-{width}.png")
    page.set_viewport_size({"width": 1000, "height": 900})


def test_the_report_prints(page, pages):
    page.goto((pages / "report.html").as_uri())
    page.emulate_media(media="print")
    expect(page.locator("#hide")).to_be_hidden()
    assert page.pdf()[:4] == b"%PDF"
    page.emulate_media(media="screen")
