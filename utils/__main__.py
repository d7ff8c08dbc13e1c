"""The command line, `python3 -m utils lab | update | grade | …`. It begins with the standard library alone."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from utils import environment, exercises
from utils.course import COURSE

# How pytest runs the whole: the solutions by nbval, in as many processes as there is work for; see tests/conftest.py.
ALL_TESTS = [
    "--nbval",
    "--nbval-cell-timeout=120",
    "--nbval-kernel-startup-timeout=60",
    "--numprocesses=auto",
    "--dist=loadfile",
    "--no-loadscope-reorder",
    "-rs",
    "--no-fold-skipped",
]


def main(argv: list[str]) -> int:
    """Run one command and return its exit status."""
    for stream in (sys.stdout, sys.stderr):  # a console of Windows may know neither … nor ✓
        stream.reconfigure(errors="replace")
    parser = argparse.ArgumentParser(prog="python3 -m utils", description="The deep learning labs.")
    commands = parser.add_subparsers(dest="command", required=True)
    lab = commands.add_parser("lab", help="set up, and open JupyterLab on a lab")
    lab.add_argument("name", nargs="?", metavar="NAME", type=_lab_name, help="01_perceptron, or 1; the first if none is named")
    lab.add_argument("--no-browser", action="store_true", help="print the address instead of opening a browser")
    lab.add_argument("--port", type=int, default=8888, help="the port to serve on (the next free one if it is taken)")
    test = commands.add_parser(
        "test", help="set up, and run every test; arguments are pytest's (-k, -x, files)", add_help=False, allow_abbrev=False
    )
    test.add_argument("--oldest", action="store_true", help="with the lowest versions that requirements.txt allows")
    build = commands.add_parser("build", help="make the notebooks from solutions/*.py")
    build.add_argument("names", nargs="*", metavar="NAME", help="a lab, such as 01_perceptron; all that changed if none is named")
    build.add_argument("--check", action="store_true", help="change nothing; fail and name what is not as its source has it")
    build.add_argument("--all", action="store_true", help="build what has not changed as well")
    commands.add_parser("update", help="fetch the newest state of the course, and carry the answers over")
    release = commands.add_parser("release", help="write what students get, without the solutions, into a folder")
    release.add_argument("folder", metavar="DIR", help="an empty folder, a git repository's, or that of an earlier release")
    grade = commands.add_parser("grade", help="mark the submissions of a class, and see which mistakes it makes")
    grade.add_argument("folder", metavar="FOLDER", help="the folder, or the zip, with what was handed in")
    grade.add_argument("--lab", default="", metavar="NAME", help="of this lab only, such as 01_perceptron")
    grade.add_argument("--out", default="grades", metavar="DIR", help="where the marks go (grades)")
    grade.add_argument("--jobs", type=int, default=0, help="how many at a time (as many as there are cores)")
    grade.add_argument("--gradebook", default="", metavar="FILE", help="write the marks into nbgrader's gradebook as well")
    grade.add_argument("--again", action="store_true", help="mark again what is marked already")
    bench = commands.add_parser("bench", help="measure how fast this machine trains, by each kind of loop")
    bench.add_argument("cases", nargs="*", metavar="CASE", help="A to F; all of them if none is named")
    bench.add_argument("--rounds", type=int, default=9, help="how often each is measured (9)")
    bench.add_argument("--json", action="store_true", help="print medians and quartiles as JSON")
    arguments, rest = parser.parse_known_args(argv)
    if rest and arguments.command != "test":
        parser.error(f"unknown argument {rest[0]!r}")

    by_author = arguments.command in ("test", "build", "release")
    if by_author and not (COURSE / "tests").is_dir():
        print("This is a copy of the course for students, without sources and tests.", file=sys.stderr)
        return 1
    files = environment.requirements(for_tests=by_author)
    try:
        if arguments.command == "test" and arguments.oldest:
            return _pytest(environment.prepare_oldest(), rest)
        if environment.missing(files):
            return _again_with(environment.prepare(files), argv)
    except environment.SetUpFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    run = {"lab": _lab, "update": _update, "test": _test, "build": _build, "release": _release, "grade": _grade, "bench": _bench}
    return run[arguments.command](arguments, rest)


def _lab_name(asked: str) -> str:
    """The lab that is asked for by its name, a part of it, or its number."""
    names = exercises.lab_names()
    for name in names:
        number, _, title = name.partition("_")
        if asked in (name, number, number.lstrip("0") or "0", title):
            return name
    raise argparse.ArgumentTypeError(f"there is no lab {asked!r}; the labs are {', '.join(names)}")


def _again_with(python: os.PathLike, argv: list[str]) -> int:
    """Run the same command with the environment's Python."""
    if os.environ.get("LABS_SET_UP"):
        print("The environment .venv lacks packages although it was set up: delete it, and try again.", file=sys.stderr)
        return 1
    os.environ["LABS_SET_UP"] = "1"
    return _run([str(python), "-m", "utils", *argv])


def _lab(arguments: argparse.Namespace, rest: list[str]) -> int:
    name = arguments.name or exercises.lab_names()[0]
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--LabApp.default_url=/lab/tree/notebooks/{name}.ipynb",  # in the printed address as well
        f"--ServerApp.root_dir={COURSE}",
        f"--port={arguments.port}",
    ]
    if arguments.no_browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in containers everybody is root, and Jupyter would refuse
        command.append("--allow-root")
    return _run(command)


def _test(arguments: argparse.Namespace, rest: list[str]) -> int:
    return _pytest(sys.executable, rest)


def _pytest(python: os.PathLike | str, arguments: list[str]) -> int:
    return _run([str(python), "-m", "pytest", *ALL_TESTS, *arguments])


def _run(command: list[str]) -> int:
    """Run a command in this process's place, so that it gets what is sent here, Ctrl-C as well as a request to end."""
    sys.stdout.flush()
    os.chdir(COURSE)
    if os.name == "posix":
        os.execv(command[0], command)
    try:
        return subprocess.call(command)
    except KeyboardInterrupt:
        return 130


def _build(arguments: argparse.Namespace, rest: list[str]) -> int:
    from utils.authoring import build
    from utils.authoring.source import SourceError

    try:
        if arguments.check:
            problems = build.stale(arguments.names)
            print("\n".join(problems) or "Everything is as its source has it.")
            return bool(problems)
        written = build.build(arguments.names, everything=arguments.all)
        print("\n".join(f"wrote {name}" for name in written) or "Nothing has changed.")
        return 0
    except SourceError as error:
        print(error, file=sys.stderr)
        return 1


def _update(arguments: argparse.Namespace, rest: list[str]) -> int:
    from utils.student import update

    try:
        print(update.update())
    except update.CannotUpdate as why:
        print(why, file=sys.stderr)
        return 1
    return 0


def _release(arguments: argparse.Namespace, rest: list[str]) -> int:
    from utils.authoring import release, source

    try:
        files = release.release(Path(arguments.folder))
    except (source.SourceError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(files)} files are in {arguments.folder}. What is right stands in its utils/exercises, since checks are local.")
    return 0


def _grade(arguments: argparse.Namespace, rest: list[str]) -> int:
    from utils.grading import command

    return command.grade(arguments)


def _bench(arguments: argparse.Namespace, rest: list[str]) -> int:
    from utils import bench

    if unknown := [case for case in arguments.cases if case not in bench.CASES]:
        print(f"There is no case {unknown[0]!r}; there are {', '.join(bench.CASES)}.", file=sys.stderr)
        return 2
    print(bench.bench(arguments.cases or tuple(bench.CASES), max(arguments.rounds, 1), as_json=arguments.json))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
