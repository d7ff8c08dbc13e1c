"""The README's recipe for a lab, followed to the letter in a copy of the course."""

import re
import subprocess
import sys

from tests.courses import COURSE, copy_course

EXERCISES = '''"""Exercises of a toy lab."""

import numpy as np

from utils.checking import Exercise, Mistake

EXERCISES = [
    Exercise(
        "13.1", "Twice",
        right=np.add,
        inputs=lambda rng: [(x, x) for x in (1.5, *rng.normal(size=3))],
        observe=lambda answer, x, _: answer(x) if answer is not np.add else np.add(x, x),
        mistakes=[Mistake(lambda x: x**2, "This is the square. Twice is a sum.")],
        hints=["What is added to x?", "x itself."],
        also_right=[lambda x: x + x, lambda x: 4 * x / 2],
    )
]
'''
SOURCE = '''# %% [markdown]
# # 13 · Toy
#
# Double a number, and see it balance.
#
# **Time:** 10 minutes

# %%
from utils import check, hint, plots, progress, solution

# %% [markdown]
# ## 1 · Twice
# ### Exercise 13.1 · Twice
# Double x.

# %%
def twice(x):
    """Twice x."""
    return 2 * x  # SOLUTION: twice x


# %%
check("13.1", twice)

# %% tags=["cover"]
plots.balance([1.0, 3.0], lambda x: twice(1.0))
'''


def recipe():
    """The numbered lines of the README's section on writing a lab."""
    section = (COURSE / "README.md").read_text(encoding="utf-8").partition("## Write a lab")[2].partition("\n## ")[0]
    return re.findall(r"^\d+\. (.+(?:\n   .+)*)", section, re.M)


def run(course, command, more):
    """Run a command of the recipe in a course, narrowed by more arguments, and return what it printed."""
    line = [sys.executable, "-m", *command[1].split(), *command[2].split(), *more]
    ran = subprocess.run(line, cwd=course, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_a_lab_made_by_the_recipe_builds_and_proves_itself(tmp_path):
    lines = recipe()
    assert len(lines) == 10
    exercises, source = (re.search(r"`([\w/]+\.py)`", line)[1] for line in (lines[0], lines[3]))
    commands = [re.search(r"`python3 -m (utils \w+)([^`]*)`", line) for line in lines[8:]]
    assert all(
        words in SOURCE
        for words in ("# # 13 · Toy", "**Time:** 10 minutes", "return 2 * x  # SOLUTION: twice x", '# %% tags=["cover"]')
    )
    course = copy_course(tmp_path / "course")
    (course / exercises).write_text(EXERCISES, encoding="utf-8")
    (course / source).write_text(SOURCE, encoding="utf-8")
    narrowed = ["-n", "0", "tests/test_exercises.py", "tests/test_mutants.py", "solutions/13_toy.ipynb"]
    built, tested = (run(course, command, more) for command, more in zip(commands, ([], narrowed), strict=True))
    assert "wrote notebooks/13_toy.ipynb" in built and "wrote README.md" in built
    assert re.search(r"\b1[0-9] passed", tested) and "failed" not in tested
    assert "[13 · Toy](notebooks/13_toy.ipynb)" in (course / "README.md").read_text(encoding="utf-8")
