"""The network for small devices: one LiteRT file (``model.tflite``) of builtin operations only.

``crop`` takes the network's own input. ``frame`` takes a raw depth frame of a fixed size and the camera,
finds the hand, cuts it out and gives millimetres, by the operations of the exported SavedModel: a device
needs the interpreter and nothing else. Files are made for one frame a call.
"""

import dataclasses
import json

import numpy as np
import tensorflow as tf

from crossinfo.export import folding, quantize, signatures
from datasets import centres, targets
from datasets.errors import InputError
from datasets.io import atomic

MODEL_FILE = "model.tflite"
CARD_FILE = "crossinfo.json"
INPUTS = ("crop", "frame")


def export(model, path, precision="none", input="crop", frame_size=None, calibration=None):
    """Writes ``path/model.tflite`` and the card beside it, whole or not at all.

    Args:
        model: CrossInfoNet with a card.
        path: path of the new folder.
        precision: "none", "float16" or "int8", see ``quantize``.
        input: "crop" or "frame".
        frame_size: (height, width), for "frame".
        calibration: float32 [N, 96, 96, 1], for "int8".

    Returns the path. Raises InputError if it exists, or naming a flag.
    """
    with atomic.atomic_directory(path) as folder:
        (folder / MODEL_FILE).write_bytes(convert(model, precision, input, frame_size, calibration))
        card = {**dataclasses.asdict(model.card), "quantize": precision, "input": input}
        if input == "frame":
            card["frame_size"] = list(frame_size)
        (folder / CARD_FILE).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return path


def convert(model, precision="none", input="crop", frame_size=None, calibration=None):
    """A LiteRT file as bytes; arguments as ``export``."""
    graphs = _Graphs(model)
    content = graphs.frame(*frame_size) if input == "frame" else graphs.crop()
    if precision == "none":
        return content
    if precision == "float16":
        return quantize.float16(content)
    ranges = quantize.calibrate(graphs.crop(), calibration)
    return quantize.int8(content, ranges)


class _Graphs:
    """Float LiteRT files of a network; its operations have the same names in both."""

    def __init__(self, model):
        self._pose = folding.fold(model)
        self._weights = [weight.numpy() for weight in self._pose.weights]
        self._cube_mm = model.card.cube_mm

    def crop(self):
        return _converted(lambda crop: {"joints": self._joints(crop)}, crop=[1, *signatures.CROP.shape[1:]])

    def frame(self, height, width):
        def frame(depth, camera):
            # A SavedModel refuses such a camera; LiteRT has no assertions, so no hand is found.
            good = tf.reduce_all(tf.math.is_finite(camera), axis=1) & tf.reduce_all(camera[:, :2] > 0, axis=1)
            camera = tf.where(good[:, None], camera, 1.0)
            cube_mm = tf.fill([1], self._cube_mm)
            centre_mm, valid = centres.mass(depth, camera, cube_mm)
            return signatures.joints(self._joints, depth, camera, centre_mm, valid & good, cube_mm)

        return _converted(frame, depth=[1, height, width], camera=[1, 4])

    def _joints(self, crop):
        # Constants, not variables; and a scope by which ``quantize`` tells the network from the rest.
        with tf.name_scope(quantize.SCOPE):
            weights = [tf.constant(weight) for weight in self._weights]
            found, _ = self._pose.stateless_call(weights, [], crop)
        return targets.unflatten(found["hand"])


def _converted(function, **shapes):
    specs = [tf.TensorSpec(shape, tf.float32, name) for name, shape in shapes.items()]
    graph = tf.function(function, input_signature=specs, autograph=False).get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([graph], tf.Module()).convert()


def interpreter(path=None, content=None, threads=None):
    """A LiteRT interpreter; raises InputError if ai-edge-litert is missing, or the file is damaged."""
    try:
        return interpreter_class()(path and str(path), model_content=content, num_threads=threads)
    except (ValueError, RuntimeError):
        raise InputError(f"{path}: not a LiteRT file, or damaged; export it again") from None


def interpreter_class():
    """``ai_edge_litert``'s Interpreter; raises InputError if the package is not installed."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        raise InputError("LiteRT needs ai-edge-litert: pip install 'crossinfonet[litert]'") from None
    return Interpreter


def functions(path, cube_mm):
    """{signature: function} of a ``model.tflite``, as a SavedModel has them, run frame by frame.

    A file of crops gives ``crop``, ``serving_default`` and ``centred``, with TensorFlow finding and cutting
    the hand; one of frames gives ``serving_default`` alone. Raises InputError as ``interpreter`` does.
    """
    call = interpreter(path).get_signature_runner()
    shapes = {name: tuple(details["shape"].tolist()) for name, details in call.get_input_details().items()}

    def run(**arrays):
        for name, value in arrays.items():
            if tuple(value.shape[1:]) != shapes[name][1:]:
                raise InputError(
                    f"{path}: {name} of {shapes[name][1:]} only. Received: {tuple(value.shape[1:])}"
                )
        rows = zip(*(value.numpy() for value in arrays.values()), strict=True)
        found = [call(**{name: row[None] for name, row in zip(arrays, one, strict=True)}) for one in rows]
        return {name: tf.constant(np.concatenate([one[name] for one in found])) for name in found[0]}

    return {"serving_default": run} if "depth" in shapes else _with_tensorflow(run, cube_mm)


def _with_tensorflow(crop, cube_mm):
    def joints(depth, camera, centre_mm, valid):
        cubes_mm = tf.fill([len(depth)], cube_mm)
        return signatures.joints(lambda x: crop(crop=x)["joints"], depth, camera, centre_mm, valid, cubes_mm)

    def centred(depth, camera, centre_mm):
        return joints(depth, camera, centre_mm, signatures.usable(centre_mm))

    def serving_default(depth, camera):
        return joints(depth, camera, *centres.mass(depth, camera, tf.fill([len(depth)], cube_mm)))

    return {"crop": crop, "centred": centred, "serving_default": serving_default}
