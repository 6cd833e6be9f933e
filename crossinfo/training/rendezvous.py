"""How the workers of one training wait for each other before TensorFlow connects them."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time

import tensorflow as tf

from datasets.errors import InputError

INTERVAL_SECONDS = 0.2
# TensorFlow connects workers that have started within seconds.
FORMING_SECONDS = 30
# Ends when its standard input does: when the parent is done, or is no more.
_WATCHDOG = """
import os, select, signal, sys
if not select.select([sys.stdin], [], [], float(sys.argv[1]))[0]:
    print(sys.argv[2], file=sys.stderr)
    os.kill(os.getppid(), signal.SIGINT)
"""


def wait_for_workers(minutes: float) -> None:
    """Returns when every worker of ``TF_CONFIG`` has started.

    TensorFlow itself waits an hour for workers that never start, holds Python's lock meanwhile and ignores
    SIGTERM, so that nothing in this process could end the wait. Therefore each worker listens at its own
    address until it has reached all others, where either this function or TensorFlow's server answers.

    Args:
        minutes: longest wait.

    Raises InputError, naming the workers that have not started in time, and ValueError or KeyError if
    ``TF_CONFIG`` does not contain this worker.
    """
    own, others = _addresses()
    if not others:
        return
    print(f"waiting for {len(others) + 1} workers to start", file=sys.stderr)
    deadline = time.monotonic() + 60 * minutes
    with _listen(own, len(others)):
        while others := [address for address in others if not _answers(address)]:
            if time.monotonic() > deadline:
                missing = ", ".join(f"{host}:{port}" for host, port in others)
                raise InputError(
                    f"`connect_minutes`={minutes:g}: no worker has started at {missing}; start all workers "
                    "within this time"
                )
            time.sleep(INTERVAL_SECONDS)


@contextlib.contextmanager
def ends_after(seconds: float, message: str):
    """Ends this process with one line on standard error and status 2 if the block takes longer.

    For a worker that dies after it has started and before TensorFlow has connected to it. As TensorFlow
    holds Python's lock while it waits, a process beside this one keeps the time, and SIGINT, whose number
    is 2, is handled by C's ``_exit`` itself.

    Args:
        seconds: longest time.
        message: the line.
    """
    before, libc = signal.getsignal(signal.SIGINT), ctypes.CDLL(None)
    words = [sys.executable, "-I", "-S", "-c", _WATCHDOG, str(seconds), f"error: {message}"]
    watchdog = subprocess.Popen(words, stdin=subprocess.PIPE)
    libc.signal(int(signal.SIGINT), libc._exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        watchdog.communicate()


def _addresses():
    """((host, port) of this worker, [(host, port), ...] of the others)."""
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    cluster = resolver.cluster_spec()
    addresses = {
        (job, task): _host_and_port(cluster.task_address(job, task))
        for job in cluster.jobs
        for task in cluster.task_indices(job)
    }
    own = addresses.pop((resolver.task_type, resolver.task_id)) if addresses else None
    return own, list(addresses.values())


def _host_and_port(address):
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _listen(address, connections):
    """A socket at this worker's port. Nothing is accepted: that a connection comes about is the answer."""
    port = address[1]
    try:
        if socket.has_dualstack_ipv6():
            family = {"family": socket.AF_INET6, "dualstack_ipv6": True}
            return socket.create_server(("", port), backlog=connections, **family)
        return socket.create_server(("", port), backlog=connections)
    except OSError as error:
        raise InputError(f"port {port} of TF_CONFIG cannot be used: {os.strerror(error.errno)}") from None


def _answers(address):
    try:
        socket.create_connection(address, timeout=1.0).close()
    except OSError:
        return False
    return True
