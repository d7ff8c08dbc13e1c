"""
Names in a student's code that an answer has no use for: who looks into the checks, into files or into other people's objects.

A flag proves nothing. It asks a teacher to look at the code; the marks stay as they are.
"""

import ast
import re
from collections.abc import Iterator

MODULES = {
    *("utils", "exercises", "judging", "checking", "sys", "os", "gc", "inspect", "ctypes", "importlib", "builtins", "subprocess"),
    *(
        "multiprocessing",
        "threading",
        "signal",
        "socket",
        "urllib",
        "requests",
        "shutil",
        "pathlib",
        "tempfile",
        "pickle",
        "marshal",
    ),
    *("traceback", "types", "weakref", "atexit", "linecache", "tracemalloc", "site", "runpy", "code", "resource", "platform"),
}
FUNCTIONS = {
    *(
        "open",
        "exec",
        "eval",
        "__import__",
        "globals",
        "locals",
        "vars",
        "setattr",
        "delattr",
        "get_ipython",
        "breakpoint",
        "memoryview",
    ),
    *("quit", "exit"),
}
FILES = {"read_file", "gfile", "loadtxt", "genfromtxt", "fromfile", "memmap", "load", "read_text", "read_bytes"}
COURSE = {"check", "hint", "solution", "progress", "plots", "datasets", "training", "capstone", "bench", "workers"}
OF_EVERY_CLASS = {"__init__", "__name__", "__call__", "__version__", "__doc__", "__len__", "__iter__", "__getitem__", "__repr__"}
IMPORTED = {"np", "numpy", "tf", "tensorflow", "keras", "plt", "math", "random", *COURSE}


def tricks(code: str, allowed: str) -> list[str]:
    """
    The suspicious names in code, each once, in the order of the alphabet.

    allowed: code of the course, whose names are no reason for a flag.
    """
    return sorted(set(_names(code)) - set(_names(allowed)))


def _names(code: str) -> Iterator[str]:
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (f"import {each.name}" for each in names if each.name.partition(".")[0] in MODULES)
            case ast.ImportFrom(module=module, names=names):
                of_course = module == "utils" and {each.name for each in names} <= COURSE
                if not module or (module.partition(".")[0] in MODULES and not of_course):
                    yield f"from {module or '.'} import …"
            case ast.Name(id=name, ctx=ast.Load()) if name in FUNCTIONS or name in MODULES:
                yield name
            case ast.Name(id=name, ctx=ast.Store()) if name in COURSE:
                yield f"{name} = …"
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) if name in COURSE:
                yield f"its own {name}"
            case ast.FunctionDef(name=name) if re.fullmatch(r"__\w+__", name) and name not in OF_EVERY_CLASS:
                yield f"def {name}"
            case ast.Attribute(attr=name, ctx=ast.Store(), value=value) if _root(value) in IMPORTED:
                yield f"{ast.unparse(value)}.{name} = …"
            case ast.Attribute(attr=name) if _looks_inside(name):
                yield f".{name}"


def _looks_inside(name: str) -> bool:
    dunder = re.fullmatch(r"__\w+__", name) and name not in OF_EVERY_CLASS
    return bool(
        dunder
        or name in FILES | MODULES - {"code", "types", "utils", "signal"}
        or re.match(r"(f|tb|gi|cr)_(\w+)$|_getframe", name)
    )


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
