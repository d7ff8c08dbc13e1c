"""A student's process, seen from outside: it is asked, and ended when it takes too much."""

import contextlib
import shutil
import tempfile
import time
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import psutil

from utils.grading import isolation, wire

SECONDS = 180.0  # of work for one request
PATIENCE = 180.0  # seconds without work
AT_REST = 0.05  # a process that works for less than this share of the time waits
LONGEST_REPLY = 64 * 1024**2


EXITS = "Your code ends Python itself, so that nothing in the notebook after it runs."


class Ended(Exception):
    """The process is no more; the message says why, in a sentence for the student."""


class Student:
    """A process that runs the code of one student, in a folder of its own that goes with it."""

    def __init__(self, pristine: Path):
        self._folder = tempfile.mkdtemp(prefix="grade-")
        self.memory, self._process = 0, None
        self._connection, theirs = Pipe()
        try:
            isolation.start(theirs, shutil.copytree(pristine, Path(self._folder) / "course"))
            if not self._connection.poll(PATIENCE):
                raise Ended("The process for the student's code did not start.")
            self.shut_in = self._reply(PATIENCE)
            self._process = psutil.Process(self.shut_in.pop("pid"))
        except BaseException:
            self.end()
            raise

    def ask(self, do: str, seconds: float = SECONDS, **request: Any) -> Any:
        """Have something done, in these seconds of work, and return the reply. Ended where the process ends over it."""
        try:
            self._connection.send_bytes(wire.dumps({"do": do, **request}))
        except OSError:
            raise Ended(EXITS) from None
        return self._reply(seconds)

    def _reply(self, seconds: float) -> Any:
        begun, rested, worked = None, time.monotonic(), 0.0
        while not self._connection.poll(0.1 if begun else 0.02):
            work, memory = _usage(self._process)
            begun = work if begun is None else begun
            self.memory = max(self.memory, memory)
            if work - begun > seconds:
                raise Ended(
                    f"Your code was still running after {seconds:.0f} s and was stopped. Look for a loop that never ends."
                )
            if memory > 2 * isolation.MEMORY:
                raise Ended("Your code takes more memory than there is, and was stopped.")
            if time.monotonic() - rested > PATIENCE:
                if work - worked < AT_REST * PATIENCE:
                    raise Ended(f"Your code was still waiting after {PATIENCE:.0f} s and was stopped. What does it wait for?")
                rested, worked = time.monotonic(), work
        try:
            return wire.loads(self._connection.recv_bytes(LONGEST_REPLY))
        except (OSError, EOFError, ValueError):
            raise Ended(EXITS) from None

    def end(self) -> None:
        """End the process and all that it started, and remove its folder."""
        if self._process:
            isolation.end_group(self._process.pid)
            with contextlib.suppress(psutil.Error):
                self._process.kill()
            with contextlib.suppress(psutil.Error):
                self._process.wait(10)
        self._connection.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _usage(process: psutil.Process) -> tuple[float, int]:
    """Seconds of work and bytes of memory that a process and its children take."""
    work, memory = 0.0, 0
    with contextlib.suppress(psutil.Error):
        for each in [process, *process.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                times = each.cpu_times()
                work += times.user + times.system
                memory += each.memory_info().rss
    return work, memory
