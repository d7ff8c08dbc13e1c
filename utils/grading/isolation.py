"""
Shuts a process in that runs a student's code: with a copy of the course of its own, limits, and no network.

On Linux it is a copy of one that has imported TensorFlow already, and done nothing with it, since a copy of more would not work.
"""

import contextlib
import ctypes
import importlib
import multiprocessing
import os
import shutil
import signal
import sys
import threading
from multiprocessing.connection import Connection, wait
from pathlib import Path

from utils.course import COURSE

MEMORY = 3 * 1024**3  # bytes that a student's process may take for itself
FILE_SIZE = 64 * 1024**2  # bytes of a file that it may write
NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000  # CLONE_NEWUSER and CLONE_NEWNET of unshare(2)


_starter: Connection | None = None  # to the process that starts students', as copies of itself


def processes() -> multiprocessing.context.BaseContext:
    """How processes are started: on Linux as copies of one with TensorFlow in it, else anew."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["utils.grading.preloaded"])
    return context


def prepare_to_start() -> None:
    """Make a copy of this process that starts students' processes. It is for one that has done nothing with TensorFlow yet."""
    global _starter
    if sys.platform == "linux":
        _starter, requests = multiprocessing.Pipe()
        multiprocessing.get_context("fork").Process(target=_start_on_request, args=(requests,), daemon=True).start()
        requests.close()


def start(connection: Connection, folder: Path) -> None:
    """Start a student's process, which replies to requests on the connection."""
    if _starter:
        _starter.send((connection, str(folder)))
    else:
        processes().Process(target=begin, args=(connection, str(folder)), daemon=True).start()
    connection.close()


def _start_on_request(requests: Connection) -> None:
    _starter.close()  # its end of the other side, or it would never see that the other side has gone
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for students' processes: the system clears them away
    while True:
        try:
            connection, folder = requests.recv()
        except EOFError:
            return
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            requests.close()
            try:
                begin(connection, folder)
            finally:
                os._exit(0)
        connection.close()


def copy_course(folder: Path) -> Path:
    """A copy of what a student has of the course, without solutions and without what was answered."""
    copy = folder / "course"
    for name in ("utils", "data"):
        shutil.copytree(COURSE / name, copy / name)  # with compiled modules, which are up to date
    (copy / "notebooks").mkdir()
    return copy


def end_with_parent() -> None:
    """End this process, and its group if it leads one, as soon as the one that started it has ended."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        wait([parent.sentinel])
        end_group(os.getpid())
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def end_group(pid: int) -> None:
    """End a process that leads a group, with all that it started."""
    with contextlib.suppress(OSError, AttributeError):  # Windows has no groups
        if os.getpgid(pid) == pid:
            os.killpg(pid, 9)


def begin(connection: Connection, folder: str) -> None:
    """Be a student's process: shut in, with the course's copy in `folder`, answering requests until there are no more."""
    with contextlib.suppress(OSError, AttributeError):
        os.setsid()
    limited, offline = _limit_resources(), _leave_network()
    _be_silent()
    _use_course(folder)
    inside = importlib.import_module("utils.grading.inside")  # that of the copy
    end_with_parent()
    inside.serve(connection, {"pid": os.getpid(), "limited": limited, "offline": offline})


def _limit_resources() -> bool:
    """Limit memory and the size of files. Whether the system can."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE, FILE_SIZE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    except (ImportError, OSError, ValueError):
        return False
    return sys.platform == "linux"  # others take the limit of memory and do not keep it


def _leave_network() -> bool:
    """Leave the machine's network, where the kernel allows it to everybody. Whether it did."""
    if sys.platform != "linux":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    return library.unshare(NEW_USER | NEW_NETWORK) == 0 or library.unshare(NEW_NETWORK) == 0


def _be_silent() -> None:
    """Send to nowhere what is printed, and let nothing be read from the keyboard."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)


def _use_course(folder: str) -> None:
    """Import the course anew, from its copy."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "utils"]:
        del sys.modules[name]
    sys.path[:] = [folder, *(path for path in sys.path if path and Path(path).resolve() != COURSE)]
    importlib.invalidate_caches()
    os.chdir(Path(folder) / "notebooks")
    os.environ.update(HOME=folder, TMPDIR=folder, MPLBACKEND="Agg", CUDA_VISIBLE_DEVICES="-1")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)  # as many processes as cores work beside each other
    tf.config.threading.set_inter_op_parallelism_threads(1)
