"""Wrong shapes fed to TensorFlow's own session, as the official server feeds them: unchecked.

Python's callers compare a tensor's shape with the signature's first, so this goes round them, in a process
of its own, since a kernel that meets a rank it does not expect ends the process.
"""

import json
import subprocess
import sys

PROGRAM = """
import json, sys
import numpy as np
import tensorflow as tf
from tensorflow.python.client import pywrap_tf_session

good = {
    "depth": np.full((1, 60, 80), 500, np.float32), "camera": np.float32([[100, 110, 40, 30]]),
    "centre_mm": np.float32([[0, 0, 500]]), "crop": np.zeros((1, 96, 96, 1), np.float32),
    "image_bytes": np.array([b"no PNG"], object),
}
graph = tf.Graph()
end = lambda info: graph.get_tensor_by_name(info.name)._as_tf_output()
with tf.compat.v1.Session(graph=graph) as session:
    loaded = tf.compat.v1.saved_model.loader.load(session, ["serve"], sys.argv[1])
    for signature, name, shape in json.loads(sys.argv[2]):
        inputs = good | {name: np.full(shape, good[name].flat[0], good[name].dtype)}
        found = loaded.signature_def[signature]
        feeds = {end(info): inputs[key] for key, info in found.inputs.items()}
        fetches = [end(info) for info in found.outputs.values()]
        try:
            pywrap_tf_session.TF_SessionRun_wrapper(session._session, None, feeds, fetches, [], None)
            print("answered", flush=True)
        except tf.errors.InvalidArgumentError as error:
            print("refused", str(error).partition(chr(10))[0], flush=True)
"""
WRONG = [
    *(("serving_default", "depth", shape) for shape in [(60, 80), (1, 60, 80, 1), ()]),
    *(("serving_default", "camera", shape) for shape in [(4,), (1, 3), ()]),
    *(("centred", "centre_mm", shape) for shape in [(3,), (1, 2)]),
    *(("png", "image_bytes", shape) for shape in [(), (1, 1)]),
    *(("crop", "crop", shape) for shape in [(1, 95, 96, 1), (1, 96, 96, 1, 1), (96, 96), (1, 96, 96), ()]),
]


def feed(path, cases):
    """(exit status, what was said to each case until the end)."""
    command = [sys.executable, "-c", PROGRAM, str(path), json.dumps(cases)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    return done.returncode, done.stdout.splitlines()


def test_a_wrong_shape_is_refused_by_name(versions):
    right = ("crop", "crop", (2, 96, 96, 1))
    status, said = feed(versions / "1", [*WRONG, right])
    assert status == 0, f"the process ended at {WRONG[len(said)]}"
    for (_, name, shape), words in zip(WRONG, said, strict=False):
        assert words.startswith("refused") and name in words, (name, shape, words)
    assert said[len(WRONG) :] == ["answered"]
