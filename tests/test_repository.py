"""What holds for the repository as a whole: spelling, lint, links, layout."""

import re
import subprocess
import sys

from tests.courses import COURSE

TEXTS = [
    COURSE / "README.md",
    COURSE / "data" / "README.md",
    *sorted((COURSE / "solutions").glob("*.py")),
    *sorted((COURSE / "utils").rglob("*.py")),
    *sorted((COURSE / "tests").glob("*.py")),
]


def test_ruff_finds_nothing():
    result = subprocess.run([sys.executable, "-m", "ruff", "check", "."], cwd=COURSE, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_the_spelling_is_right():
    result = subprocess.run([sys.executable, "-m", "codespell_lib", *map(str, TEXTS)], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_links_within_the_repository_resolve():
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", (COURSE / "README.md").read_text(encoding="utf-8"))
    assert links
    for link in links:
        assert (COURSE / link).exists(), link


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
