"""The network for small devices: one LiteRT file (``model.tflite``) of builtin operations only.

A file of crops takes the network's own input. A file of frames takes a raw depth frame of a fixed size and
the camera, finds the hand, cuts it out and gives millimetres, by the operations of the exported SavedModel:
a device needs the interpreter and nothing else. Files are made for one frame per call.
"""

import dataclasses
import json
import os

import numpy as np
import tensorflow as tf

from crossinfo.card import CARD_FILE
from crossinfo.export import folding, quantize, signatures
from crossinfo.model import CrossInfoNet
from datasets import centres, crops, targets
from datasets.io import atomic

MODEL_FILE = "model.tflite"
INPUTS = ("crop", "frame")


def export(
    model: CrossInfoNet,
    path: str | os.PathLike,
    precision: str = "none",
    frame_size: tuple[int, int] | None = None,
    calibration: np.ndarray | None = None,
) -> str | os.PathLike:
    """Writes ``path/model.tflite`` and the card beside it, whole or not at all; returns ``path``.

    Args:
        model: network with a card.
        path: the new folder.
        precision: "none", "float16" or "int8", see ``quantize``.
        frame_size: (height, width) of the frames of a file of frames; None for a file of crops.
        calibration: float32 [N, 96, 96, 1], for "int8".

    Raises InputError if the folder exists, or if a package is not installed.
    """
    card = {**dataclasses.asdict(model.card), "quantize": precision, "input": INPUTS[frame_size is not None]}
    if frame_size is not None:
        card["frame_size"] = list(frame_size)
    with atomic.atomic_directory(path) as folder:
        (folder / MODEL_FILE).write_bytes(convert(model, precision, frame_size, calibration))
        (folder / CARD_FILE).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return path


def convert(
    model: CrossInfoNet,
    precision: str = "none",
    frame_size: tuple[int, int] | None = None,
    calibration: np.ndarray | None = None,
) -> bytes:
    """The content of a LiteRT file.

    Args:
        model, precision, frame_size, calibration: as ``export`` takes them.
    """
    graphs = _Graphs(model)
    content = graphs.crop() if frame_size is None else graphs.frame(*frame_size)
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
            place = crops.CropPlace(centre_mm, camera, cube_mm)
            return signatures.joints(self._joints, depth, place, valid & good)

        return _converted(frame, depth=[1, height, width], camera=[1, 4])

    def _joints(self, crop):
        # Constants, not variables; and a scope by which ``quantize`` tells the network from the rest.
        with tf.name_scope(quantize.SCOPE):
            weights = [tf.constant(weight) for weight in self._weights]
            outputs, _ = self._pose.stateless_call(weights, [], crop)
        return targets.unflatten(outputs["hand"])


def _converted(function, **shapes):
    specs = [tf.TensorSpec(shape, tf.float32, name) for name, shape in shapes.items()]
    graph = tf.function(function, input_signature=specs, autograph=False).get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([graph], tf.Module()).convert()
