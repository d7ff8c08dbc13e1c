"""What holds for the repository as a whole: spelling, lint, links, layout."""

import os
import re
import subprocess
import sys
from urllib.parse import unquote

import nbformat
import pytest
import yaml

from tests.courses import COURSE
from utils.authoring import address

TEXTS = [
    COURSE / "README.md",
    COURSE / "CONTRIBUTING.md",
    COURSE / "TEACHING.md",
    COURSE / "Dockerfile",
    COURSE / ".dockerignore",
    COURSE / ".devcontainer" / "devcontainer.json",
    *sorted((COURSE / "hub").iterdir()),
    COURSE / "data" / "README.md",
    *sorted((COURSE / "solutions").glob("*.py")),
    *sorted((COURSE / "utils").rglob("*.py")),
    *sorted((COURSE / "tests").rglob("*.py")),
    *sorted((COURSE / "data").glob("*.py")),
    *sorted((COURSE / ".github").rglob("*.yml")),
    *sorted(COURSE.glob("*requirements.txt")),
    COURSE / "pyproject.toml",
    COURSE / ".ci" / "run",
]


def test_ruff_finds_nothing():
    result = subprocess.run([sys.executable, "-m", "ruff", "check", "."], cwd=COURSE, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_the_spelling_is_right():
    result = subprocess.run([sys.executable, "-m", "codespell_lib", *map(str, TEXTS)], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def prose(path):
    """The Markdown of a document: a text file's, or that of a notebook's cells."""
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    return "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")


def anchors(path):
    """What a link may name after its #: GitHub's form of a heading in a text, Jupyter's form in a notebook."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.M)
    if path.suffix == ".md":
        headings = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.strip().replace(" ", "-") for heading in headings}


def links(path):
    """The file and the anchor of each link that stays in the repository; a badge opens a file of it, too."""
    for link in re.findall(r"\]\(([^)\s]+)\)|(?:href|src)=[\"']([^\"']+)", prose(path)):
        target, _, anchor = "".join(link).partition("#")
        if "/blob/main/" in target:
            yield COURSE / target.partition("/blob/main/")[2], anchor
        elif not re.match(r"[a-z]+:", target):
            yield (path.parent / target if target else path), anchor


def broken(path):
    return [
        (target.name, anchor)
        for target, anchor in links(path)
        if not target.exists() or (anchor and unquote(anchor) not in anchors(target))
    ]


def test_links_within_the_repository_resolve():
    documents = [COURSE / "README.md", COURSE / "TEACHING.md", COURSE / "data" / "README.md"]
    documents += [path for folder in ("notebooks", "solutions") for path in sorted((COURSE / folder).glob("*.ipynb"))]
    assert {path.name: broken(path) for path in documents if broken(path)} == {}
    for path in documents[2:] if address.known().startswith("https://github.com/") else ():
        assert any(target.name == path.name for target, _ in links(path)), "its badge"


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    (tmp_path / "there.md").write_text("# One, two\n[itself](#one-two) [elsewhere](https://example.com/no) [mail](mailto:a@b.c)")
    cells = [nbformat.v4.new_markdown_cell("## 3 · Squash it")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "lab.ipynb")
    text = tmp_path / "text.md"
    text.write_text(
        "[a](there.md#one-two) [b](gone.md) [c](there.md#three) [d](lab.ipynb#3-%C2%B7-Squash-it) [e](lab.ipynb#3-squash-it) "
        '<img src="gone.png"> [f](https://example.com/blob/main/notebooks/gone.ipynb)'
    )
    assert broken(tmp_path / "there.md") == []
    assert broken(text) == [
        ("gone.md", ""),
        ("there.md", "three"),
        ("lab.ipynb", "3-squash-it"),
        ("gone.png", ""),
        ("gone.ipynb", ""),
    ]


WORKFLOW = yaml.safe_load((COURSE / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))
GH = """#!/bin/sh
echo "$@" >> calls
[ "$2" = list ] && cat titles
exit 0
"""


@pytest.mark.skipif(os.name != "posix", reason="the step that opens the issue runs on Linux")
@pytest.mark.parametrize(("titles", "opened"), [("", 1), ("Another thing\n", 1), ("The newest TensorFlow breaks a lab\n", 0)])
def test_the_workflow_opens_one_issue_when_the_newest_versions_fail_on_schedule(tmp_path, titles, opened):
    report = WORKFLOW["jobs"]["report"]
    assert (report["needs"], report["if"]) == ("newest", "failure() && github.event_name == 'schedule'")
    [step] = report["steps"]
    (tmp_path / "titles").write_text(titles)
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    variables = {**os.environ, **step["env"], "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-e", "-o", "pipefail", "-c", step["run"]], cwd=tmp_path, env=variables, check=True)
    assert (tmp_path / "calls").read_text().count("issue create --title The newest TensorFlow breaks a lab") == opened


def test_the_prose_of_the_labs_keeps_its_voice():
    for path in (COURSE / "solutions").glob("*.py"):
        prose = "\n".join(line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("# "))
        for word in ("simply", "just", "obviously", "of course"):
            assert not re.search(rf"\b{word}\b", prose, re.I), (path.name, word)
        assert "!" not in prose.replace("!=", ""), path.name


def test_no_output_holds_a_path_of_the_machine_that_made_it():
    for folder in ("solutions", "notebooks"):
        for path in (COURSE / folder).glob("*.ipynb"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"/(home|root|tmp|work|Users)/", text), path.name
            assert len(text) < 1_000_000
