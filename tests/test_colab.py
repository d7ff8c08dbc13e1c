"""As in Colab: the notebook alone in a folder, its set-up cell fetches the course, IPython is Colab's old one."""

import os
import subprocess
import sys

import nbformat
import pytest

from tests.courses import COURSE, cell, copy_course, errors, run_notebook, stderr
from utils.authoring import source

FOLDER = "deep-learning-labs"
IPYTHON = ("ipython==7.34.*", "ipykernel>=5,<7")  # Colab's
THEIR_NEEDS = ("backcall", "decorator", "nest_asyncio", "pickleshare")  # those that the newest versions do not need


@pytest.fixture
def address(tmp_path):
    """Where the course can be fetched with git."""
    course = copy_course(tmp_path / "course")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "course"]):
        subprocess.run([*git, *command], cwd=course, check=True)
    return course.as_uri()


@pytest.fixture
def content(tmp_path):
    """The empty folder in which Colab runs a notebook."""
    folder = tmp_path / "content"
    folder.mkdir()
    return folder


@pytest.fixture
def colabs_ipython(tmp_path):
    """The variables of a process that finds Colab's IPython before the newest one, and nothing in its home."""
    folder, home = tmp_path / "packages", tmp_path / "home"
    home.mkdir()
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", folder]
    result = subprocess.run([*install, *IPYTHON, *THEIR_NEEDS], capture_output=True, text=True)
    if result.returncode:
        pytest.skip(f"Colab's IPython cannot be installed: {result.stderr.strip().splitlines()[-1]}")
    return {**os.environ, "PYTHONPATH": str(folder), "HOME": str(home)}


def student(tmp_path, address):
    """A student's notebook as Colab opens it, beside Colab's own module; its set-up cell fetches from `address`."""
    module = tmp_path / "modules" / "google" / "colab"
    module.mkdir(parents=True)
    (module / "__init__.py").touch()
    notebook = nbformat.read(COURSE / "notebooks" / "01_perceptron.ipynb", as_version=4)
    setup = next(c for c in notebook.cells if c.cell_type == "code")
    assert len(source.ADDRESS.findall(setup.source)) == 1
    begin = f"import sys; sys.path.append({str(tmp_path / 'modules')!r}); import google.colab\n"
    setup.source = begin + source.ADDRESS.sub(f'repository = "{address}"', setup.source)
    return notebook


def test_the_set_up_cell_fetches_the_course_into_an_empty_folder(tmp_path, address, content):
    notebook = student(tmp_path, address)
    cell(notebook, "ex-1-1").source = "z = -6\ny_hat = 0.00247"
    notebook.cells = notebook.cells[: notebook.cells.index(cell(notebook, "check-1-2")) + 1]
    run_notebook(notebook, content, allow_errors=True)
    assert cell(notebook, "check-1-1").outputs[0].text == "✓ 1.1 The weighted sum by hand\n"
    [(stopped, shown)] = errors(notebook)
    assert stopped == "check-1-2" and "not done yet" in shown
    assert stderr(notebook) == ""
    pictures = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs if "image/png" in o.get("data", {})]
    assert len(pictures) == 1
    assert (content / FOLDER / "notebooks" / "progress.json").exists()


def test_without_an_address_there_is_one_sentence_on_what_to_do(tmp_path, content):
    notebook = student(tmp_path, "")
    notebook.cells = notebook.cells[:2]
    run_notebook(notebook, content, allow_errors=True)
    [(_, shown)] = errors(notebook)
    assert " ".join(shown.split()) == (
        'Ask your teacher for the address of the course, write it between the quotes in the line `repository = ""` above, '
        "and run this cell again."
    )
    assert not list(content.iterdir()) and stderr(notebook) == ""


def test_without_a_network_there_is_one_sentence(tmp_path, content):
    notebook = student(tmp_path, (tmp_path / "nowhere").as_uri())
    notebook.cells = notebook.cells[:2]
    run_notebook(notebook, content, allow_errors=True)
    [(_, shown)] = errors(notebook)
    assert "is there a network?" in " ".join(shown.split()) and "Traceback" not in shown
    assert not list(content.iterdir())


def test_with_colabs_ipython_checks_verbs_and_pictures_are_as_with_the_newest(tmp_path, address, content, colabs_ipython):
    setup, imports = [c.source for c in student(tmp_path, address).cells if c.cell_type == "code"][:2]
    codes = {
        "set up": setup,
        "imports": imports,
        "versions": "import IPython, ipykernel; print(IPython.__version__, ipykernel.__version__)",
        "missing": "check('1.1', z, y_hat)",
        "wrong": "z, y_hat = -7, 0\ncheck('1.1', z, y_hat)",
        "hint": "hint('1.1')",
        "right": "z, y_hat = -6, 0.00247\ncheck('1.1', z, y_hat)",
        "picture": "plots.weighted_sum(x=[-1, 2], w=[3, -2], b=1, z=z)",
        "solution": "solution('1.1')",
        "progress": "progress()",
    }
    cells = {name: nbformat.v4.new_code_cell(code) for name, code in codes.items()}
    notebook = nbformat.v4.new_notebook(cells=list(cells.values()))
    run_notebook(notebook, content, env=colabs_ipython, allow_errors=True)
    assert stderr(notebook) == ""
    ipython, ipykernel = cells["versions"].outputs[0].text.split()
    assert ipython.startswith("7.34.") and ipykernel.startswith(("5.", "6."))
    shown = dict(errors(notebook))
    assert set(shown) == {cells["missing"].id, cells["wrong"].id}
    assert "`z` has no value in this session" in shown[cells["missing"].id]
    advice = ["✗ 1.1 The weighted sum by hand, z: not right yet.", "The bias is missing: the sum begins with w0 = 1."]
    assert shown[cells["wrong"].id].splitlines() == advice
    assert cells["hint"].outputs[0].text.startswith("Hint 1 of 2 for 1.1: Three terms")
    assert cells["right"].outputs[0].text == "✓ 1.1 The weighted sum by hand\n"
    picture = cells["picture"].outputs[0].data
    assert len(picture["image/png"]) > 1000 and 'alt="' in picture["text/html"]
    assert "y_hat" in cells["solution"].outputs[0].data["text/html"]
    assert "1.1 ✓" in cells["progress"].outputs[0].data["text/html"]
