"""Live pictures in a real browser: they start at rest, a move changes the number that they say, and they can be seen and read."""

import nbconvert
import nbformat
import numpy as np
import pytest
from playwright.sync_api import expect, sync_playwright

from tests import live
from tests.browser.chromium import BROWSER, LAUNCH, WITHOUT
from tests.browser.jupyterlab import LEAST_CONTRAST, SECONDS
from tests.courses import COURSE
from utils import datasets

pytestmark = pytest.mark.skipif(BROWSER is None, reason=WITHOUT)
SCREENSHOTS = COURSE / "screenshots"
GROUNDS = {"light": ("#ffffff", "#111111"), "dark": ("#111111", "#eeeeee")}


@pytest.fixture(scope="module")
def browser():
    SCREENSHOTS.mkdir(exist_ok=True)
    expect.set_options(timeout=SECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**LAUNCH)
        yield browser
        browser.close()


def shown(browser, html, tmp_path, theme="light", width=1280):
    """A page with this in it, offline; an error of its script is an error of the test."""
    ground, ink = GROUNDS[theme]
    style = f"background:{ground}; color:{ink}; color-scheme:{theme}; margin:12px"
    file = tmp_path / "page.html"
    file.write_text(f'<!doctype html><meta charset="utf-8"><body style="{style}">{html}</body>', encoding="utf-8")
    page = browser.new_context(viewport={"width": width, "height": 900}, offline=True).new_page()
    page.failures = []
    page.on("pageerror", lambda error: page.failures.append(error))
    page.goto(file.as_uri())
    return page


@pytest.mark.parametrize("name", live.CASES)
@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 800)])
def test_a_move_changes_what_the_picture_says(browser, tmp_path, name, theme, width):
    picture, case = live.drawn(name), live.CASES[name]
    page = shown(browser, picture.html(), tmp_path, theme, width)
    said = page.locator("output")
    before = said.inner_text()
    expect(page.get_by_role("img", name=picture.alt)).to_have_count(1)
    page.wait_for_timeout(400)
    expect(said).to_have_text(before)
    case.move(page)
    expect(said).to_have_text(case.says())
    assert said.inner_text() != before
    page.screenshot(path=SCREENSHOTS / f"live-{name}-{theme}-{width}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    contrast, text = page.locator("label, output, button").evaluate_all(LEAST_CONTRAST)
    assert contrast >= 4.5, text
    assert page.failures == []


@pytest.mark.parametrize("name", ["race", "regions", "sliding"])
def test_what_moves_plays_to_its_end_and_can_be_paused_by_keyboard(browser, tmp_path, name):
    page = shown(browser, live.drawn(name).html(), tmp_path)
    play, slider = page.get_by_role("button"), page.get_by_role("slider")
    expect(play).to_contain_text("play")
    play.focus()
    page.keyboard.press("Enter")
    expect(play).to_contain_text("pause")
    expect(slider).not_to_have_value("0")
    page.keyboard.press("Enter")
    expect(play).to_contain_text("play")
    slider.fill(str(int(slider.get_attribute("max")) - 1))
    play.click()
    expect(slider).to_have_value(slider.get_attribute("max"))
    expect(play).to_contain_text("play")
    assert page.failures == []


def test_sliders_move_by_keyboard(browser, tmp_path):
    page = shown(browser, live.drawn("line").html(), tmp_path)
    page.get_by_role("slider", name="w2").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.locator("output")).to_contain_text("w = [0.5, 0.3]")


def test_the_circle_on_the_surface_can_be_dragged(browser, tmp_path):
    page = shown(browser, live.drawn("surface").html(), tmp_path)
    frame = page.locator("svg rect[fill=transparent]").bounding_box()
    page.mouse.move(frame["x"] + 5, frame["y"] + 5)
    page.mouse.down()
    page.mouse.move(frame["x"] + frame["width"] - 1, frame["y"] + 1, steps=5)
    page.mouse.up()
    expect(page.locator("output")).to_contain_text("w1 = 2.00, w2 = 2.00")


def test_a_network_in_a_page_agrees_with_keras(browser, tmp_path):
    page = shown(browser, live.drawn("digit").html(), tmp_path)
    X = np.concatenate([datasets.digits()[2][0][:20], np.random.default_rng().random((20, 64), np.float32)])
    outputs = page.evaluate("images => images.map(document.querySelector('[id^=live]').read)", X.tolist())
    assert np.allclose(outputs, live.reader()(X.reshape(-1, 8, 8, 1)), atol=1e-4)


def test_a_decoder_in_a_page_agrees_with_keras_and_paints_where_somebody_drags(browser, tmp_path):
    page = shown(browser, live.drawn("latent").html(), tmp_path)
    z = np.random.default_rng().normal(size=(20, 2)).astype(np.float32)
    outputs = page.evaluate("codes => codes.map(document.querySelector('[id^=live]').read)", z.tolist())
    decoder, _, _ = live.painter()
    assert np.allclose(outputs, decoder(z), atol=1e-4)
    frame = page.locator("svg rect[fill=transparent]").bounding_box()
    page.mouse.click(frame["x"] + frame["width"] - 1, frame["y"] + 1)
    expect(page.locator("output")).to_contain_text("z = (3.0, 3.0)")
    gray = "[...document.querySelector('canvas').getContext('2d').getImageData(0, 0, 8, 8).data].filter((_, i) => i % 4 === 0)"
    assert np.allclose(page.evaluate(gray), 255 * np.ravel(decoder(np.array([[3.0, 3.0]]))), atol=1.5)
    assert page.failures == []


# Strokes of digits as somebody draws them: places from the left and from the top, in parts of the paper.
STROKES = {
    1: [[(0.4, 0.3), (0.52, 0.12), (0.52, 0.9)]],
    0: [[(0.5 + 0.22 * np.sin(t), 0.5 - 0.38 * np.cos(t)) for t in np.linspace(0, 2 * np.pi, 24)]],
    7: [[(0.25, 0.15), (0.72, 0.15), (0.45, 0.9)], [(0.35, 0.52), (0.7, 0.5)]],
    4: [[(0.5, 0.1), (0.25, 0.58), (0.75, 0.58)], [(0.6, 0.35), (0.55, 0.92)]],
}


@pytest.mark.parametrize("digit", STROKES)
def test_a_digit_that_is_drawn_fills_the_pixels_and_is_read(browser, tmp_path, digit):
    page = shown(browser, live.drawn("digit").html(), tmp_path)
    paper = page.get_by_role("application").bounding_box()
    for stroke in STROKES[digit]:
        places = [(paper["x"] + x * paper["width"], paper["y"] + y * paper["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=4)
        page.mouse.up()
    expect(page.locator("output")).to_contain_text(f"Your network reads your digit as {digit}")
    page.get_by_role("button", name="clear").click()
    expect(page.locator("output")).to_have_text("Draw a digit.")
    assert page.failures == []


def test_a_digit_can_be_drawn_by_keyboard(browser, tmp_path):
    page = shown(browser, live.drawn("digit").html(), tmp_path)
    page.get_by_role("application").focus()
    for key in ["ArrowUp"] * 5 + ["ArrowLeft"] * 3 + [" "] + ["ArrowRight", "ArrowUp"] * 4 + ["ArrowDown"] * 19 + [" "]:
        page.keyboard.press(key)
    expect(page.locator("output")).to_contain_text("Your network reads your digit as 1")


def test_an_exported_page_is_alive(browser, tmp_path):
    notebook = nbformat.read(COURSE / "solutions" / "01_perceptron.ipynb", as_version=4)
    notebook.cells = [cell for cell in notebook.cells if "plots.play_line" in cell.source and cell.cell_type == "code"]
    html, _ = nbconvert.HTMLExporter(template_name="basic").from_notebook_node(notebook)
    page = shown(browser, html, tmp_path)
    live.CASES["line"].move(page)
    expect(page.locator("output")).to_have_text(live.line_says())
