import os
import subprocess
import sys

import pytest
import tensorflow as tf

from datasets import runtime


class Gpus:
    """``tf.config`` of a machine with two GPUs: what was done to them."""

    def __init__(self, patch, error=None):
        self.grow, self.visible, self.error = [], ["GPU:0", "GPU:1"], error
        patch.setattr(tf.config, "list_physical_devices", lambda kind: [f"{kind}:0", f"{kind}:1"])
        patch.setattr(tf.config.experimental, "set_memory_growth", self._let_grow)
        patch.setattr(tf.config, "set_visible_devices", self._show)
        patch.setattr(tf.config.threading, "set_intra_op_parallelism_threads", lambda count: None)
        patch.setattr(tf.config.threading, "set_inter_op_parallelism_threads", lambda count: None)

    def _let_grow(self, device, grow):
        if self.error:
            raise self.error
        self.grow.append((device, grow))

    def _show(self, devices, kind):
        assert kind == "GPU"
        self.visible = devices


def test_gpus_give_memory_as_it_is_needed_and_stay_visible(monkeypatch):
    gpus = Gpus(monkeypatch)
    runtime.import_tensorflow()
    assert gpus.grow == [("GPU:0", True), ("GPU:1", True)] and gpus.visible == ["GPU:0", "GPU:1"]


@pytest.mark.parametrize("error", [RuntimeError("initialized"), ValueError("virtual devices configured")])
def test_gpus_that_are_set_up_already_are_left_as_they_are(monkeypatch, error):
    Gpus(monkeypatch, error)
    assert runtime.import_tensorflow() is tf


def test_a_worker_process_sees_no_gpu(monkeypatch):
    gpus = Gpus(monkeypatch)
    runtime.use_one_core()
    assert gpus.visible == []


def test_available_cores_are_those_that_the_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {2, 5, 7}, raising=False)
    assert runtime.available_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert runtime.available_cores() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert runtime.available_cores() == 1


def started(code):
    """A fresh Python that runs ``code``, with the libraries as talkative as they can be."""
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "0"},
    )


def test_tensorflow_is_imported_without_a_word():
    done = started("from datasets import runtime; print(runtime.import_tensorflow().__name__)")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "tensorflow", "")


def test_what_follows_the_import_or_ends_it_is_printed(tmp_path):
    done = started(
        "import os, sys; from datasets import runtime; runtime.import_tensorflow();"
        "os.write(2, b'straight '); print('and by Python', file=sys.stderr)"
    )
    assert (done.returncode, done.stderr) == (0, "straight and by Python\n")
    (tmp_path / "tensorflow.py").write_text("raise ImportError('broken installation')")
    done = started(
        f"import sys; sys.path.insert(0, {str(tmp_path)!r});"
        "from datasets import runtime; runtime.import_tensorflow()"
    )
    assert done.returncode == 1 and "ImportError: broken installation" in done.stderr
