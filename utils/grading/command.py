"""`python3 -m utils grade`: what it says to the teacher."""

import argparse
import sys
from pathlib import Path

from utils import exercises
from utils.grading import classroom, gradebook, report


def grade(asked: argparse.Namespace) -> int:
    """Mark the submissions in a folder or a zip, write what came out, and say where it is. Returns the exit status."""
    place, out, lab = Path(asked.folder), Path(asked.out), asked.lab
    if lab and lab not in exercises.lab_names():
        print(f"There is no lab {lab!r}; the labs are {', '.join(exercises.lab_names())}.", file=sys.stderr)
        return 2
    if not place.exists():
        print(f"There is no folder or zip {place}.", file=sys.stderr)
        return 2
    if asked.jobs < 0:
        print("--jobs is the number of submissions that are marked at a time, such as 2.", file=sys.stderr)
        return 2
    try:
        out.mkdir(parents=True, exist_ok=True)
        found = classroom.grade(place, out, lab=lab, jobs=asked.jobs, again=asked.again)
        files = report.write(found.rows, out)
        if asked.gradebook:
            gradebook.write(found.rows, Path(asked.gradebook))
    except gradebook.NoGradebook as error:
        print(f"{error} The marks are in {out}.", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or out}: {error.strerror or error}.", file=sys.stderr)
        return 1
    if not found.rows:
        print(f"There is no notebook of the course in {place}." if not found.interrupted else "Nothing is marked yet.")
        return 1
    print(summary(found, files))
    return 130 if found.interrupted else 0


def summary(found: classroom.Class, files: list[Path]) -> str:
    """How many were marked, what a teacher should look at, and where everything is."""
    marked = [row for row in found.rows if row.marks]
    lines = [f"{len(marked)} submissions are marked, {found.marked} of them now, in {found.seconds:.0f} s."]
    if peak := max((row.memory for row in marked), default=0):
        lines.append(f"The largest process took {peak / 1024**2:.0f} MB.")
    if problems := [row for row in found.rows if row.problem]:
        lines.append(
            f"{len(problems)} could not be marked: {', '.join(row.path for row in problems[:5])}{', …' * (len(problems) > 5)}."
        )
    if flagged := [row.student for row in marked if report.flags_of(row)]:
        lines.append(
            f"Look at the code of {len(set(flagged))}: {', '.join(sorted(set(flagged))[:5])}{', …' * (len(flagged) > 5)}."
        )
    for key, sentence in (
        ("offline", "This system does not let a process leave the network: the students' code could use it."),
        ("limited", "This system does not limit a process's memory."),
    ):
        if any(not row.shut_in.get(key, True) for row in marked):
            lines.append(sentence)
    if found.interrupted:
        lines.append("Interrupted. What is marked is kept: the same command goes on from here.")
    return "\n".join([*lines, *map(str, files), f"{files[0].parent / 'feedback'}/: a page for each student"])
