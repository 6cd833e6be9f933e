"""``train.py`` in processes of its own: one, or several workers on the loopback."""

import csv
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import time
import zipfile

import h5py
import numpy as np

ROOT = pathlib.Path(__file__).parents[2]
TIMEOUT_SECONDS = 300
PORT_TAKEN = "cannot be used"


class Training:
    """A training in progress: its processes, and what they print, under ``WORK_DIR.N.err``.

    Args:
        work_dir: path of the run.
        data_dir: synthetic data in MSRA's format.
        workers: number of processes.
        flags: more flags of ``train.py``.
    """

    def __init__(self, work_dir, data_dir, *flags, workers=1):
        self.work_dir, self.workers = pathlib.Path(work_dir), workers
        self._command = [
            sys.executable, ROOT / "train.py", f"--work_dir={work_dir}", f"--data_dir={data_dir}",
            "--variant=compact", "--batch_size=16", "--workers=0", "--checkpoint_minutes=0", *flags,
        ]  # fmt: skip
        self._start()

    def _start(self):
        clusters = [None]
        if self.workers > 1:
            addresses = [f"127.0.0.1:{port}" for port in free_ports(self.workers)]
            clusters = [
                {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
                for index in range(self.workers)
            ]
        self.processes = [self._process(index, cluster) for index, cluster in enumerate(clusters)]

    def _process(self, index, cluster):
        strategy = "multi_worker" if cluster else "one_device"
        environment = {**os.environ, "TF_CONFIG": json.dumps(cluster)} if cluster else None
        with open(self._error_file(index), "w") as errors:
            return subprocess.Popen(
                [*self._command, f"--strategy={strategy}"],
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )

    def _error_file(self, index):
        return self.work_dir.with_name(f"{self.work_dir.name}.{index}.err")

    def errors(self, index):
        """What a process printed on standard error."""
        return self._error_file(index).read_text()

    def wait(self):
        """Exit statuses; started anew if another program has taken a port meanwhile."""
        codes = [process.wait(TIMEOUT_SECONDS) for process in self.processes]
        if any(PORT_TAKEN in self.errors(index) for index in range(len(codes))):
            self._start()
            return self.wait()
        return codes

    def wait_for_step(self, step):
        """Returns when a checkpoint of this step or a later one is written."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while self.last_step() < step:
            if any(process.poll() is not None for process in self.processes):
                codes = self.wait()
                assert self.last_step() >= step, (codes, self.errors(0))
            assert time.monotonic() < deadline, self.errors(0)
            time.sleep(0.02)

    def last_step(self):
        """The step of the last checkpoint; 0 without one."""
        names = [path.name for path in (self.work_dir / "checkpoints").glob("ckpt-*.index")]
        return max((int(re.findall(r"\d+", name)[0]) for name in names), default=0)


def free_ports(count):
    """Ports that nobody listens at; another program may take one before it is used."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def weights(work_dir):
    """{name: array} of the weights in ``model.keras``."""
    arrays = {}
    with zipfile.ZipFile(pathlib.Path(work_dir) / "model.keras") as archive:
        with archive.open("model.weights.h5") as file, h5py.File(file) as content:
            content.visititems(
                lambda name, item: arrays.update({name: item[()]} if isinstance(item, h5py.Dataset) else {})
            )
    return arrays


def metrics(work_dir):
    """The rows of ``metrics.csv`` without their seconds."""
    with open(pathlib.Path(work_dir) / "metrics.csv", newline="") as file:
        return [
            {name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)
        ]


def assert_same_results(work_dir, other):
    """Weights bit by bit, and the table of epochs."""
    expected, found = weights(work_dir), weights(other)
    assert expected and expected.keys() == found.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(value, found[name], err_msg=name)
    assert metrics(work_dir) == metrics(other)
