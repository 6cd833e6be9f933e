"""Waiting for the other workers, on real sockets."""

import json
import signal
import socket
import subprocess
import sys

import pytest

from crossinfo.training.rendezvous import ends_after, wait_for_workers
from datasets.errors import InputError


@pytest.fixture
def other():
    """A socket at a port of its own, at which nothing listens yet."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        yield other


def set_cluster(monkeypatch, other, own="127.0.0.1:0"):
    """TF_CONFIG of the first of two workers. Port 0 of its own: any free one."""
    workers = [own, f"127.0.0.1:{other.getsockname()[1]}"]
    config = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))


def test_it_returns_when_the_others_answer(monkeypatch, other, capsys):
    set_cluster(monkeypatch, other)
    other.listen()
    wait_for_workers(1.0)
    assert capsys.readouterr().err == "waiting for 2 workers to start\n"


def test_workers_that_never_start_are_named(monkeypatch, other):
    set_cluster(monkeypatch, other)
    port = other.getsockname()[1]
    with pytest.raises(InputError, match=f"`connect_minutes`=0: no worker has started at 127.0.0.1:{port};"):
        wait_for_workers(0.0)


def test_a_port_in_use_is_named(monkeypatch, other):
    other.listen()
    port = other.getsockname()[1]
    set_cluster(monkeypatch, other, f"127.0.0.1:{port}")
    with pytest.raises(InputError, match=f"port {port} of TF_CONFIG cannot be used: Address already in use"):
        wait_for_workers(0.0)


ALONE = {"cluster": {"worker": ["localhost:1"]}, "task": {"type": "worker", "index": 0}}


@pytest.mark.parametrize("config", [{}, ALONE])
def test_a_single_worker_waits_for_nobody(monkeypatch, config, capsys):
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    wait_for_workers(0.0)
    assert not capsys.readouterr().err


def test_a_blocked_process_ends_with_one_line_and_status_2():
    """C's ``pause`` with Python's lock held, as TensorFlow waits; no thread of Python runs meanwhile."""
    program = """
import ctypes
from crossinfo.training.rendezvous import ends_after
with ends_after(0.0, "too late"):
    ctypes.PyDLL(None).pause()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and done.stderr.splitlines()[-1] == "error: too late"


def test_a_block_that_is_done_in_time_leaves_nothing_behind(capfd):
    before = signal.getsignal(signal.SIGINT)
    with ends_after(60.0, "too late"):
        pass
    assert signal.getsignal(signal.SIGINT) is before and not capfd.readouterr().err
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
