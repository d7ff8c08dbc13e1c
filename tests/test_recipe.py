"""The README's recipe for a lab, followed to the letter in a copy of the course."""

import os
import re
import shlex
import subprocess
import sys

from tests.courses import COURSE, copy_course

EXERCISES = '''"""Exercises of a toy lab."""

import numpy as np

from utils.checking import Exercise, Mistake

EXERCISES = [
    Exercise(
        "16.1", "Twice",
        right=lambda x: np.add(x, x),
        inputs=lambda rng: [(x,) for x in (1.5, *rng.normal(size=3))],
        mistakes=[Mistake(lambda x: x**2, "This is the square. Twice is a sum.")],
        hints=["What is added to x?", "x itself."],
        also_right=[lambda x: x + x, lambda x: 4 * x / 2],
    )
]
'''
SOURCE = '''# %% [markdown]
# # 16 · Toy
#
# Double a number, and see it balance.
#
# **Time:** 10 minutes

# %%
from utils import check, hint, plots, progress, solution

# %% [markdown]
# ## 1 · Twice
# ### Exercise 16.1 · Twice
# Double x.

# %%
def twice(x):
    """Twice x."""
    return 2 * x  # SOLUTION: twice x


# %%
check("16.1", twice)

# %% tags=["cover"]
plots.balance([1.0, 3.0], lambda x: twice(1.0))
'''


TOLD = [
    "from utils.checking import Exercise, Mistake",
    "# # 16 · Toy",
    "**Time:** 10 minutes",
    "from utils import check, hint, plots, progress, solution",
    "return 2 * x  # SOLUTION: twice x",
    '# %% tags=["cover"]',
]


def recipe():
    """The numbered lines of the README's section on writing a lab."""
    section = (COURSE / "README.md").read_text(encoding="utf-8").partition("## Write a lab")[2].partition("\n## ")[0]
    return re.findall(r"^\d+\. (.+(?:\n   .+)*)", section, re.M)


def run(course, command):
    """Run a command of the recipe in a course, as it stands there, and return what it printed."""
    python, *arguments = shlex.split(command)
    assert python == "python3"
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}  # those of this very run
    ran = subprocess.run([sys.executable, *arguments], cwd=course, env=variables, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_a_lab_made_by_the_recipe_builds_and_proves_itself(tmp_path):
    lines = recipe()
    exercises, source = (re.search(r"`([\w/]+\.py)`", line)[1] for line in (lines[0], lines[3]))
    assert all(f"`{words}`" in "".join(lines) and words in EXERCISES + SOURCE for words in TOLD)
    course = copy_course(tmp_path / "course")
    (course / exercises).write_text(EXERCISES, encoding="utf-8")
    (course / source).write_text(SOURCE, encoding="utf-8")
    build, build_map, test = [command for line in lines for command in re.findall("`(python3 -m utils [^`]*)`", line)]
    built = run(course, build)
    assert "wrote notebooks/16_toy.ipynb" in built and "wrote README.md" in built
    assert "[16 · Toy](notebooks/16_toy.ipynb)" in (course / "README.md").read_text(encoding="utf-8")
    assert "wrote solutions/00_start_here.ipynb" in run(course, build_map)
    assert "16 · Toy, 0 of 1 done" in (course / "solutions" / "00_start_here.ipynb").read_text(encoding="utf-8")
    tested = run(course, test)
    assert re.search(r"\b[3-6][0-9] passed", tested) and "failed" not in tested, tested
