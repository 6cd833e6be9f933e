import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from crossinfo.inference import litert_runtime
from datasets.errors import InputError


@pytest.fixture(scope="module")
def content():
    """x [1, 2], y [1] -> sum [1, 2]."""
    pytest.importorskip("ai_edge_litert", reason="needs ai-edge-litert, of the extra litert")
    specs = [tf.TensorSpec([1, 2], tf.float32, "x"), tf.TensorSpec([1], tf.float32, "y")]
    graph = tf.function(lambda x, y: {"sum": x + y[:, None]}, input_signature=specs).get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([graph], tf.Module()).convert()


def test_a_batch_is_run_frame_by_frame(content):
    runner = litert_runtime.Runner(content=content, threads=1)
    assert runner.shapes == {"x": (2,), "y": ()}
    x, y = np.arange(6, dtype=np.float32).reshape(3, 2), np.float32([10, 20, 30])
    np.testing.assert_array_equal(runner(x=x, y=y)["sum"], x + y[:, None])


def test_another_size_is_refused_by_the_inputs_name(content, tmp_path):
    (tmp_path / "sum.tflite").write_bytes(content)
    runner = litert_runtime.Runner(tmp_path / "sum.tflite")
    with pytest.raises(InputError, match=r"sum.tflite: x of \(2,\) only. Received: \(3,\)"):
        runner(x=np.zeros((1, 3), np.float32), y=np.zeros(1, np.float32))


def test_importing_it_does_not_import_tensorflow():
    code = "import sys, crossinfo.inference.litert_runtime; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
