"""The course's address: found in what git says of a clone, written in one place, and in all that is built from there."""

import re
import subprocess
import sys

import pytest

from tests.courses import COURSE, copy_course
from utils import course as course_module
from utils.authoring import address, build, source

FORK = "https://github.com/someone/a-fork"

FOUND = {
    "https://github.com/someone/a-fork": FORK,
    "https://github.com/someone/a-fork.git": FORK,
    "https://github.com/someone/a-fork/": FORK,
    "https://github.com/someone/a-fork.git/\n": FORK,
    "https://GitHub.com/someone/a-fork": FORK,
    "https://someone:secret@github.com/someone/a-fork.git": FORK,
    "https://secret@github.com/someone/a-fork": FORK,
    "https://someone:p@ss@github.com/someone/a-fork": FORK,
    "git@github.com:someone/a-fork.git": FORK,
    "github.com:someone/a-fork": FORK,
    "ssh://git@github.com/someone/a-fork.git": FORK,
    "ssh://git@ssh.github.com:443/someone/a-fork.git": FORK,
    "git://github.com/someone/a-fork.git": FORK,
    "git@gitlab.com:school/year/group/labs.git": "https://gitlab.com/school/year/group/labs",
    "ssh://git@altssh.gitlab.com:443/school/labs.git": "https://gitlab.com/school/labs",
    "ssh://git@git.school.edu:2222/someone/labs": "https://git.school.edu/someone/labs",
    "https://oauth2:secret@git.school.edu:8443/a/b/labs.git": "https://git.school.edu:8443/a/b/labs",
    "http://git.school.edu/someone/labs": "http://git.school.edu/someone/labs",
}
NOWHERE = [
    "",
    "/srv/labs.git",
    "../up.here/labs",
    "~/labs",
    "file:///srv/git.d/labs",
    "C:\\a\\labs",
    "C:/a/labs",
    "//server/a/labs",
]
NOWHERE += ["git@github-at-work:someone/labs.git", "https://localhost:3000/someone/labs", "git@git.school.edu:/srv/git/labs.git"]
NOWHERE += ['https://github.com/someone/"labs"', "https://github.com/", "git@git.school.edu:~someone/labs"]


@pytest.mark.parametrize(("origin", "found"), FOUND.items())
def test_an_origin_is_an_address_without_credentials(origin, found):
    assert address.of_origin(origin) == found


@pytest.mark.parametrize("origin", NOWHERE)
def test_what_others_cannot_find_is_no_address(origin):
    assert address.of_origin(origin) == ""


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A copy of the course that the build, in this process, takes for the course; it has no address, and a git of its own."""
    copy = copy_course(tmp_path / "course")
    monkeypatch.setattr(source, "COURSE", copy)
    monkeypatch.setattr(build, "COURSE", copy)
    if course_module.REPOSITORY:  # a fork that its teacher has built
        line = copy / address.LINE
        line.write_text(line.read_text(encoding="utf-8").replace(course_module.REPOSITORY, ""), encoding="utf-8")
        monkeypatch.setattr(course_module, "REPOSITORY", "")
        build.build([])
    monkeypatch.setattr(course_module, "REPOSITORY", "")
    subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)
    return copy


def come_from(clone, origin):
    subprocess.run(["git", "config", "remote.origin.url", origin], cwd=clone, check=True)


def contents(clone):
    return {path: path.read_bytes() for path in clone.rglob("*") if path.is_file() and ".git" not in path.parts}


def students(clone):
    """What a student reads: the page of the course and a notebook."""
    return [(clone / name).read_text(encoding="utf-8") for name in ("README.md", "notebooks/01_perceptron.ipynb")]


def test_without_an_address_nothing_leads_nowhere(clone):
    page, notebook = students(clone)
    assert (
        "git clone ADDRESS deep-learning-labs\ncd deep-learning-labs\n" in page and "the address that your teacher gave" in page
    )
    assert 'repository = \\"\\"' in notebook
    for text in (page, notebook):
        assert "Open in Colab" not in text and "github.com" not in text


def test_a_fork_is_as_its_sources_have_it_before_it_is_built_and_after(clone, monkeypatch):
    """Wherever it comes from; and the outputs stay, since nothing of what ran has changed."""
    monkeypatch.setattr(build, "execute", lambda lab: pytest.fail(f"{lab.name} was executed"))
    come_from(clone, "git@github.com:someone/a-fork.git")
    before = contents(clone)
    assert build.stale([]) == [] and contents(clone) == before
    written = build.build([])
    assert written[0] == "utils/course.py" and {"README.md", "solutions/12_capstone.ipynb"} < set(written)
    page, notebook = students(clone)
    assert f"git clone {FORK}\ncd a-fork\n" in page and "ADDRESS" not in page and f'repository = \\"{FORK}\\"' in notebook
    for text in (page, notebook):
        assert "(https://colab.research.google.com/github/someone/a-fork/blob/main/notebooks/01_perceptron.ipynb)" in text
    built = contents(clone)
    come_from(clone, "https://github.com/another/one")
    assert build.build([]) == [] and contents(clone) == built
    check = [sys.executable, "-m", "utils", "build", "--check"]
    ran = subprocess.run(check, cwd=clone, capture_output=True, text=True)
    assert ran.stdout == "Everything is as its source has it.\n", ran.stderr


def test_a_fork_that_colab_does_not_open_has_its_address_and_no_badges(clone):
    come_from(clone, "https://oauth2:secret@gitlab.com/school/labs.git")
    build.build([])
    page, notebook = students(clone)
    assert (
        "git clone https://gitlab.com/school/labs\n" in page and 'repository = \\"https://gitlab.com/school/labs\\"' in notebook
    )
    for text in (page, notebook):
        assert "Open in Colab" not in text and "secret" not in text


def test_a_clone_of_a_folder_or_of_nothing_and_a_lab_built_alone_get_no_address(clone):
    assert build.build([]) == []
    come_from(clone, str(COURSE))
    assert build.build([]) == []
    come_from(clone, FORK)
    assert build.build(["01_perceptron"]) == [], "the other labs would have none"


def test_a_clone_around_the_course_does_not_lend_its_address(clone, tmp_path):
    (clone / ".git").rename(tmp_path / ".git")
    come_from(tmp_path, FORK)
    assert build.build([]) == []


def test_an_address_that_is_written_by_hand_counts_in_whatever_form(monkeypatch):
    monkeypatch.setattr(course_module, "REPOSITORY", "git@github.com:someone/a-fork.git")
    assert "/github/someone/a-fork/blob/main/" in source.badge("01_perceptron") and f"git clone {FORK}\n" in build.readme()


def test_the_address_stands_in_one_place(monkeypatch):
    files = [path for folder in ("utils", "solutions") for path in sorted((COURSE / folder).rglob("*.py"))]
    lines = [line for path in files for line in re.findall("(?m)^ *REPOSITORY = .*$", path.read_text(encoding="utf-8"))]
    assert lines == [f'REPOSITORY = "{course_module.REPOSITORY}"']
