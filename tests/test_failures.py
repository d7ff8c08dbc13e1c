"""Where the machine fails or is stopped: a killed kernel, a full disk, two notebooks at once. Nothing is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from jupyter_client.manager import start_new_kernel

from tests.courses import copy_course
from tests.test_kernel import run_cells, setup_code
from utils.student import progress_file

SESSIONS = """
from utils.student import progress_file
for i in range({count}):  # one notebook after the other passes one exercise, and closes
    progress_file._session.clear()
    progress_file.update(f"{number}.{{i}}", passed=True)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the notebooks of a course lie."""
    return copy_course(tmp_path_factory.mktemp("faults") / "course") / "notebooks"


@pytest.fixture(scope="module")
def kernel(folder):
    """A kernel that works there: its manager, a client, and a function that runs code in it and returns what was printed."""
    manager, client = start_new_kernel(cwd=str(folder))

    def run(code):
        printed = []

        def listen(message):
            if message["msg_type"] == "stream":
                printed.append(message["content"]["text"])

        try:
            reply = client.execute_interactive(code, timeout=60, output_hook=listen)["content"]
        except TimeoutError:
            pytest.fail(f"the kernel does not answer; its exit status is {manager.provisioner.process.poll()}")
        assert reply["status"] == "ok", reply
        return "".join(printed)

    yield manager, client, run
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def wait_for(happened, seconds=60):
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


TRAIN = """
import numpy as np, keras
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from utils import training
X = y = np.ones((8, 1), np.float32)
model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
mse = keras.losses.MeanSquaredError()
with redirect_stdout(StringIO()) as printed:
    history = training.train(model, keras.optimizers.SGD(0.1), mse, X, y, 10**6, watch=lambda _: Path({begun!r}).touch())
"""


def test_the_stop_button_ends_a_training_and_keeps_what_there_is(kernel, tmp_path):
    manager, client, run = kernel
    begun = tmp_path / "begun"
    run(setup_code())
    client.execute(TRAIN.format(begun=str(begun)))
    wait_for(begun.exists)
    manager.interrupt_kernel()
    text = run("print(printed.getvalue(), 0 < len(history['loss']) < 10**6)")
    assert "Interrupted after" in text and text.endswith("True\n") and "Traceback" not in text


def test_a_kernel_killed_in_the_middle_of_training_loses_no_progress(kernel, tmp_path):
    manager, client, run = kernel
    begun = tmp_path / "begun"
    run(setup_code())
    run("check('1.1', -6, 0.00247)")
    client.execute(TRAIN.format(begun=str(begun)))
    wait_for(begun.exists)
    os.kill(manager.provisioner.pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    wait_for(lambda: not manager.is_alive())
    manager.restart_kernel(now=True)  # what Jupyter does with a kernel that died
    client.wait_for_ready(timeout=60)
    run("import sys; sys.path.append('..')")  # what the set-up cell does first
    assert run("from utils.student import progress_file; print(progress_file.load()['1.1'].passed)") == "True\n"


MEET = """
import pathlib, sys, time
sys.path.append("..")
pathlib.Path("{mine}").touch()
while not pathlib.Path("{other}").exists():
    time.sleep(0.001)
"""


def test_two_notebooks_that_write_at_once_lose_nothing(tmp_path):
    course = copy_course(tmp_path / "course")
    notebooks = [
        [MEET.format(mine=mine, other=other), SESSIONS.format(number=number, count=100)]
        for number, mine, other in ((1, "here", "there"), (2, "there", "here"))
    ]
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(lambda codes: run_cells(course / "notebooks", *codes), notebooks))
    assert runs == [(["", ""], "")] * 2
    kept = json.loads((course / "notebooks" / "progress.json").read_text())
    assert set(kept) == {f"{number}.{i}" for number in (1, 2) for i in range(100)}


def test_a_session_killed_while_it_writes_leaves_a_whole_file_and_no_lock(tmp_path):
    course = copy_course(tmp_path / "course")
    file = course / "notebooks" / "progress.json"

    def start(number, count):
        return subprocess.Popen([sys.executable, "-c", SESSIONS.format(number=number, count=count)], cwd=course)

    def passed():
        return set(json.loads(file.read_text())) if file.exists() else set()

    for _ in range(5):
        before = len(passed())
        with start(1, 10**6) as session:
            wait_for(lambda before=before: len(passed()) > before)
            session.kill()
    kept = passed()
    patient = "from utils.student import progress_file\nprogress_file._take.__defaults__ = (3600,)\n"
    code = patient + SESSIONS.format(number=2, count=1)
    subprocess.run(
        [sys.executable, "-c", code], cwd=course, timeout=120, check=True
    )  # a lock that outlives its holder would hold it up
    assert passed() == {*kept, "2.0"}


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of its own that holds 64 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not sys.platform.startswith("linux"):
        pytest.skip("a disk of 64 kB is made by Linux's tmpfs")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a disk of 64 kB cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_keeps_the_old_progress_and_takes_the_new_when_there_is_room(small_disk, own_progress, monkeypatch, capfd):
    file = small_disk / "progress.json"
    monkeypatch.setattr(progress_file, "path", lambda: file)
    progress_file.update("1.1", passed=True)
    before, fill = file.read_bytes(), small_disk / "fill"
    with pytest.raises(OSError, match="No space left"), fill.open("wb", buffering=0) as stream:
        while True:
            stream.write(bytes(1024))
    for _ in range(2):
        progress_file.update("1.2", passed=True)
    printed = " ".join(capfd.readouterr().out.split())
    assert printed == "Your progress cannot be saved (No space left on device); it is kept in this session only."
    assert file.read_bytes() == before
    assert {path.name for path in small_disk.iterdir()} == {"progress.json", ".progress.lock", "fill"}
    fill.unlink()
    progress_file.update("1.3", passed=True)
    assert json.loads(file.read_text()).keys() == {"1.1", "1.2", "1.3"}
