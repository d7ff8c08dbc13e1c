"""Runs a program in several processes that know of each other, as a cluster does: lab 7's appendix trains with two."""

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from utils.advice import Advice


def run(program: str, count: int = 2, seconds: float = 120) -> list[str]:
    """
    Run Python code in `count` processes on this machine, and return what each printed.

    Each finds its place and the addresses of all in TF_CONFIG, which `tf.distribute.MultiWorkerMirroredStrategy` reads.
    Raises Advice where one of them fails, or takes longer than the seconds; none is left running.
    """
    addresses = _free_addresses(count)
    settings = [json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": i}}) for i in range(count)]
    with ExitStack() as stack:
        workers = [stack.enter_context(_start(program, config)) for config in settings]
        stack.callback(lambda: [worker.kill() for worker in workers])
        try:
            said = [worker.communicate(timeout=seconds) for worker in workers]
        except subprocess.TimeoutExpired:
            raise Advice(f"The workers were not done after {seconds:g} s and were stopped. Do all take part?") from None
    for i, (worker, (_, errors)) in enumerate(zip(workers, said, strict=True)):
        if worker.returncode:
            last = (errors.strip().splitlines() or ["it said nothing"])[-1]
            raise Advice(f"Worker {i} stopped with an error: {last}")
    return [printed.strip() for printed, _ in said]


def _start(program: str, config: str) -> subprocess.Popen:
    environment = {**os.environ, "TF_CONFIG": config, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    command = [sys.executable, "-c", "import utils.running\n" + program]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _free_addresses(count: int) -> list[str]:
    """Addresses on the loopback interface whose ports nobody uses now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
