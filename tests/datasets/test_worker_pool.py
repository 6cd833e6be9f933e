"""Worker processes: their results, and how they end."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from datasets import runtime
from datasets.errors import InputError

ROOT = pathlib.Path(__file__).parents[2]
SECONDS = 60
# A command whose two workers say who they are and then work for ever.
COMMAND = """
import os, pathlib, sys, time
from datasets import command_line, runtime

def work(folder):
    (pathlib.Path(folder) / str(os.getpid())).touch()
    time.sleep(600)

def main(values):
    with runtime.worker_pool(2) as submit:
        for future in [submit(work, sys.argv[1]) for _ in range(4)]:
            future.result()

if __name__ == "__main__":
    command_line.run(command_line.Command("thing", "Does one thing.", lambda flags: None), main, [])
"""


def wait_until(true):
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def runs(pid):
    """Whether a process runs; a zombie does not."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def command(tmp_path):
    """(the command at work in a process group of its own, the numbers of its workers)."""
    program, workers = tmp_path / "program.py", tmp_path / "workers"
    program.write_text(COMMAND)
    workers.mkdir()
    process = subprocess.Popen(
        [sys.executable, program, workers],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    wait_until(lambda: len(list(workers.iterdir())) == 2 or process.poll() is not None)
    yield process, [int(path.name) for path in workers.iterdir()]
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_workers_end_with_a_killed_parent(command):
    process, workers = command
    assert len(workers) == 2 and all(map(runs, workers))
    process.kill()
    wait_until(lambda: not any(map(runs, workers)))


def test_sigterm_stops_the_command_and_its_workers(command):
    process, workers = command
    process.terminate()
    said, _ = process.communicate(timeout=SECONDS)
    assert (process.returncode, said.split()) == (130, ["stopped."]) and not any(map(runs, workers))


def test_ctrl_c_prints_no_workers_traceback(command):
    process, workers = command
    os.killpg(process.pid, signal.SIGINT)  # as a terminal sends it: to all of them
    said, _ = process.communicate(timeout=SECONDS)
    assert (process.returncode, said.split()) == (130, ["stopped."]) and not any(map(runs, workers))


def test_a_killed_worker_is_one_line(command):
    process, workers = command
    os.kill(workers[0], signal.SIGKILL)
    said, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 2 and len(said.splitlines()) == 1
    assert said.startswith("error: a worker process was killed; where memory is short, take fewer workers")
    assert not runs(workers[1])


def test_results_and_errors_come_back():
    with pytest.raises(ZeroDivisionError), runtime.worker_pool(1) as submit:
        assert submit(divmod, 7, 2).result() == (3, 1)
        submit(divmod, 7, 0).result()


def test_a_worker_that_cannot_start_is_one_line():
    with (
        pytest.raises(InputError, match="a worker process was killed"),
        runtime.worker_pool(1, os.abort) as submit,
    ):
        submit(divmod, 7, 2).result()
