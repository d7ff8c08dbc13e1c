"""Runs a program in several processes that know of each other, as a cluster does: lab 7's appendix trains with two."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from typing import IO

from utils.advice import Advice
from utils.course import COURSE


def run(program: str, count: int = 2, seconds: float = 120) -> list[str]:
    """
    Run Python code in `count` processes on this machine, and return what each printed.

    Each finds its place and the addresses of all in TF_CONFIG, which `tf.distribute.MultiWorkerMirroredStrategy` reads.
    Raises Advice where one of them fails, or takes longer than the seconds; none is left running.
    """
    addresses = _free_addresses(count)
    settings = [json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": i}}) for i in range(count)]
    with ExitStack() as stack:
        outputs, errors = ([stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(count)] for _ in range(2))
        workers = [stack.enter_context(_start(program, *streams)) for streams in zip(settings, outputs, errors, strict=True)]
        stack.callback(lambda: [worker.kill() for worker in workers])
        deadline = time.monotonic() + seconds
        try:
            for worker in workers:
                worker.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            raise Advice(f"The workers were not done after {seconds:g} s and were stopped. Do all take part?") from None
        for i, (worker, stream) in enumerate(zip(workers, errors, strict=True)):
            if worker.returncode:
                lines = _text(stream).splitlines() or ["it printed nothing"]
                raise Advice(f"Worker {i} stopped with an error: {lines[-1]}")
        return [_text(stream) for stream in outputs]


def _start(program: str, config: str, output: IO[str], errors: IO[str]) -> subprocess.Popen:
    """Start a worker that writes to files: into a pipe that nobody reads yet it could not write much."""
    environment = {**os.environ, "TF_CONFIG": config, "PYTHONPATH": str(COURSE)}
    command = [sys.executable, "-c", "from utils.quiet_tensorflow import tf\n" + program]
    return subprocess.Popen(command, env=environment, stdout=output, stderr=errors)


def _text(stream: IO[str]) -> str:
    stream.seek(0)
    return stream.read().strip()


def _free_addresses(count: int) -> list[str]:
    """Addresses on the loopback interface whose ports nobody uses now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
