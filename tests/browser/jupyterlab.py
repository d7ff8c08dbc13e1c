"""A page of JupyterLab, and what a student does there: menus, cells, keys. Everything waits until the page shows it."""

from pathlib import Path

from playwright.sync_api import BrowserContext, Locator, expect

SECONDS = 60_000  # in milliseconds: how long anything may take on a busy machine
MODIFIER = "ControlOrMeta"

# Elements, of those that the selector finds, whose content does not fit into their width.
_TOO_WIDE = "elements => elements.filter(e => e.scrollWidth > e.clientWidth).map(e => e.innerText.slice(0, 80))"

# Lines of printed text that do not fit, so that the page breaks them anywhere, in the middle of a word.
_BROKEN_LINES = """texts => texts.flatMap(text => {
  const height = parseFloat(getComputedStyle(text).lineHeight), lines = text.innerText.trimEnd().split("\\n");
  return text.clientHeight < (lines.length + 0.5) * height ? [] : [text.innerText];
})"""

# The least contrast of text with what is behind it, as the WCAG defines it, and the text that has it.
LEAST_CONTRAST = """elements => {
  const rgba = color => color.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = element => {
    for (let e = element; e; e = e.parentElement) {
      const color = rgba(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] > 0.99) return color;
    }
    return [255, 255, 255];
  };
  const written = elements.flatMap(e => [e, ...e.querySelectorAll("*")])
    .filter(e => e.tagName !== "STYLE" && [...e.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
  return written.map(e => {
    const [dark, light] = [rgba(getComputedStyle(e).color), ground(e)].map(luminance).sort((a, b) => a - b);
    return [(light + 0.05) / (dark + 0.05), e.innerText.slice(0, 80)];
  }).sort((a, b) => a[0] - b[0])[0];
}"""

# A live picture is an image, its ground, with a drawing on top that has the description.
_PICTURES = """images => images.map(i => ({
  alt: i.alt || i.parentElement.querySelector("[role=img]").getAttribute("aria-label"),
  loaded: i.complete, width: i.naturalWidth, height: i.naturalHeight, shown: i.getBoundingClientRect().toJSON(),
  room: i.closest(".jp-OutputArea-output").clientWidth
}))"""


class JupyterLab:
    """JupyterLab in one page at a time; `address` is the server's, and `token` what it asks for."""

    def __init__(self, context: BrowserContext, address: str, token: str):
        self.context, self.address, self.token = context, address, token
        context.set_default_timeout(SECONDS)
        expect.set_options(timeout=SECONDS)

    def open(self, path: str = "") -> None:
        """Load a new page: with the notebook at this path, or with what the server opens by itself."""
        self.page = self.context.new_page()
        asks_about_news = self.page.locator(".Toastify__toast", has_text="get notified about official Jupyter news")
        self.page.add_locator_handler(asks_about_news, lambda: self.page.get_by_role("button", name="No", exact=True).click())
        self.page.goto(f"{self.address}{path and '/lab/tree/'}{path}?token={self.token}")
        self._wait_for_notebook(path)

    def close(self) -> None:
        """Close the page; the server and its kernels go on."""
        self.page.close()

    def open_from_list(self, name: str) -> None:
        """Open a notebook of the folder that the file browser shows, with a double click."""
        self.page.locator(".jp-DirListing-item", has_text=name).dblclick()
        self._wait_for_notebook(name)

    def _wait_for_notebook(self, path: str) -> None:
        tab = self.page.locator(".lm-DockPanel-tabBar .lm-mod-current", has_text=path.rsplit("/", 1)[-1])
        tab.wait_for()
        self.wait_until_idle()

    def wait_until_idle(self) -> None:
        """Wait until the kernel has nothing left to do."""
        self.page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()

    def menu(self, *names: str) -> None:
        """Choose from the menus, by the names from the bar down: `menu("Run", "Run All Cells")`."""
        self.page.locator(".lm-MenuBar-item", has_text=names[0]).click()
        for name in names[1:]:
            self.page.locator(".lm-Menu-item").filter(has=self.page.get_by_text(name, exact=True)).click()

    def restart_and_run_all(self) -> None:
        """Restart the kernel and run all cells, and confirm that this is meant."""
        self.menu("Run", "Restart Kernel and Run All Cells…")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        expect(self.page.locator(".jp-Dialog")).to_have_count(0)

    @property
    def notebook(self) -> Locator:
        """The notebook that is shown, of those that are open."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    @property
    def outputs(self) -> Locator:
        """All outputs of the notebook."""
        return self.notebook.locator(".jp-OutputArea-output")

    @property
    def errors(self) -> Locator:
        """What failed cells show."""
        return self.notebook.locator('[data-mime-type="application/vnd.jupyter.stderr"]')

    def cell(self, code: str) -> Locator:
        """The code cell in whose code this stands."""
        return self.notebook.locator(".jp-CodeCell", has=self.page.locator(".jp-InputArea", has_text=code))

    def output(self, code: str) -> Locator:
        """What the cell with this code shows below it."""
        return self.cell(code).locator(".jp-OutputArea")

    def write(self, cell: Locator, code: str) -> None:
        """Replace what stands in a cell, and run it."""
        cell.locator(".cm-content").click()
        self.page.keyboard.press(f"{MODIFIER}+A")
        self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Control+Enter")

    def run(self, code: str) -> None:
        """Run the cell with this code."""
        self.cell(code).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")

    def run_in_new_cell_below(self, code_above: str, code: str) -> None:
        """Make a new cell below the one with that code, write into it, and run it."""
        self.cell(code_above).locator(".jp-InputPrompt").click()
        self.page.keyboard.press("b")
        self.write(self.notebook.locator(".jp-Cell.jp-mod-active"), code)

    def save(self) -> None:
        """Save the notebook, and wait until it is."""
        self.page.keyboard.press(f"{MODIFIER}+S")
        expect(self.page.locator(".lm-DockPanel-tabBar .lm-mod-current.jp-mod-dirty")).to_have_count(0)

    def lay_out_all_cells(self) -> None:
        """Have cells out of sight laid out as well, so that they can be measured."""
        self.page.add_style_tag(content=".jp-Cell { content-visibility: visible !important }")

    def resize(self, width: int) -> None:
        """Make the window this wide; a narrow one leaves no room for the list of files."""
        self.page.set_viewport_size({"width": width, "height": 900})
        if width < 1000 and self.page.locator(".jp-DirListing").is_visible():
            self.menu("View", "Appearance", "Show Left Sidebar")

    def use_theme(self, name: str) -> None:
        """Choose a theme by its name in the menu."""
        self.menu("Settings", "Theme", name)
        expect(self.page.locator(f'body[data-jp-theme-name="{name}"]')).to_be_attached()

    def pictures(self) -> list[dict]:
        """All pictures in outputs: alt, whether loaded, natural size, size as shown, and the width that there is."""
        return self.outputs.locator("img").evaluate_all(_PICTURES)

    def too_wide(self) -> list[str]:
        """The beginnings of outputs and texts that are wider than their cell."""
        return self.notebook.locator(".jp-OutputArea-output, .jp-MarkdownOutput").evaluate_all(_TOO_WIDE)

    def broken_lines(self) -> list[str]:
        """Printed text with lines that the page has to break."""
        return self.notebook.locator(".jp-RenderedText pre").evaluate_all(_BROKEN_LINES)

    def least_contrast(self) -> tuple[float, str]:
        """The least contrast of any text in the outputs, and that text."""
        return tuple(self.outputs.evaluate_all(LEAST_CONTRAST))

    def screenshot(self, file: Path) -> None:
        """Keep what the page shows now."""
        self.page.screenshot(path=file)
