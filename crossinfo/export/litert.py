"""The network for small devices: one LiteRT file (``model.tflite``) of builtin operations only.

A file of crops takes the network's own input. A file of frames takes a raw depth frame and the camera, finds
the hand, cuts it out and gives millimetres, by the operations of the exported SavedModel: a device needs the
interpreter and nothing else. With a localiser it takes frames of any size and gives two hands, as the
signature ``hands``; without, frames of one size and the nearest hand. Files are made for one frame per call.
"""

import dataclasses
import json
import os
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from crossinfo.card import CARD_FILE
from crossinfo.export import folding, quantize, signatures
from crossinfo.localisation import whole_frame
from crossinfo.localisation.network import PARTS, Localiser
from crossinfo.model import CrossInfoNet
from datasets import centres, crops, targets
from datasets.errors import InputError
from datasets.io import atomic

MODEL_FILE = "model.tflite"
INPUTS = ("crop", "frame")


def export(
    model: CrossInfoNet,
    path: str | os.PathLike,
    precision: str = "none",
    frame_size: tuple[int, int] | None = None,
    calibration: np.ndarray | None = None,
    localiser: Localiser | None = None,
) -> str | os.PathLike:
    """Writes ``path/model.tflite`` and the card beside it, whole or not at all; returns ``path``.

    Args:
        model: network with a card.
        path: the new folder.
        precision: "none", "float16" or "int8", see ``quantize``.
        frame_size: (height, width) of the frames of a file of frames. None makes a file of crops, or with a
            localiser one of frames of any size.
        calibration: float32 [N, 96, 96, 1], for "int8".
        localiser: what finds the hands in a file of frames, for a network of upright hands; or None.

    Raises InputError if the folder exists, if a package is not installed, or for "int8" with a localiser.
    """
    with atomic.atomic_directory(path) as folder:
        content = convert(model, precision, frame_size, calibration, localiser)
        (folder / MODEL_FILE).write_bytes(content)
        text = card_text(model, precision, frame_size, localiser)
        (folder / CARD_FILE).write_text(text, encoding="utf-8")
    return path


def card_text(
    model: CrossInfoNet,
    precision: str = "none",
    frame_size: tuple[int, int] | None = None,
    localiser: Localiser | None = None,
) -> str:
    """The JSON text of a file's card: the model's, with what the file takes.

    Args:
        model, precision, frame_size, localiser: as ``export`` takes them.
    """
    of_frames = frame_size is not None or localiser is not None
    card = {**dataclasses.asdict(model.card), "quantize": precision, "input": INPUTS[of_frames]}
    if of_frames:
        card["frame_size"] = None if frame_size is None else list(frame_size)
    return json.dumps(card, indent=2) + "\n"


def convert(
    model: CrossInfoNet,
    precision: str = "none",
    frame_size: tuple[int, int] | None = None,
    calibration: np.ndarray | None = None,
    localiser: Localiser | None = None,
) -> bytes:
    """The content of a LiteRT file.

    Args:
        model, precision, frame_size, calibration, localiser: as ``export`` takes them.
    """
    graphs = _Graphs(model)
    if localiser is not None:
        if precision == "int8":
            raise InputError(
                "`quantize`=int8: needs `input`=crop; a file that finds hands is not quantised so"
            )
        content = graphs.whole_frame(localiser, *(frame_size or (None, None)))
    else:
        content = graphs.crop() if frame_size is None else graphs.frame(*frame_size)
    if precision == "none":
        return content
    if precision == "float16":
        return quantize.float16(content)
    ranges = quantize.calibrate(graphs.crop(), calibration)
    return quantize.int8(content, ranges)


class _Graphs:
    """Float LiteRT files of a network; its operations have the same names in all."""

    def __init__(self, model):
        self._pose = _Constant(folding.fold(model))
        self._card = model.card

    def crop(self):
        return _converted(lambda crop: {"joints": self._joints(crop)}, crop=[1, *signatures.CROP.shape[1:]])

    def frame(self, height, width):
        def frame(depth, camera):
            camera, good = _usable(camera)
            cube_mm = tf.fill([1], self._card.cube_mm)
            centre_mm, valid = centres.mass(depth, camera, cube_mm)
            place = crops.CropPlace(centre_mm, camera, cube_mm)
            return signatures.joints(self._joints, depth, place, valid & good)

        return _converted(frame, depth=[1, height, width], camera=[1, 4])

    def whole_frame(self, localiser, height, width):
        folded = folding.fold_localiser(localiser)
        parts = {name: _Constant(folded.part(name)) for name in PARTS}
        networks = signatures.networks(parts, self._joints, self._card)

        def hands(depth, camera):
            camera, good = _usable(camera)
            # Nothing is measured in a frame whose camera is wrong, so there is no hand in it.
            depth = tf.where(good[:, None, None], depth, 0.0)
            return whole_frame.estimate(networks, depth, camera, signatures.MOST_HANDS)

        return _converted(hands, depth=[1, height, width], camera=[1, 4])

    def _joints(self, crop):
        return targets.unflatten(self._pose(crop)["hand"])


class _Constant:
    """A Keras model as a function of tensors whose weights are constants, not variables."""

    def __init__(self, model: Callable):
        self._model = model
        self._weights = [weight.numpy() for weight in model.weights]

    def __call__(self, inputs):
        # The scope's name tells ``quantize`` the network from the rest.
        with tf.name_scope(quantize.SCOPE):
            weights = [tf.constant(weight) for weight in self._weights]
            return self._model.stateless_call(weights, [], inputs)[0]


def _usable(camera):
    """(cameras [B, 4], whether good [B]): a SavedModel refuses a bad one; LiteRT has no assertions."""
    good = tf.reduce_all(tf.math.is_finite(camera), axis=1) & tf.reduce_all(camera[:, :2] > 0, axis=1)
    return tf.where(good[:, None], camera, 1.0), good


def _converted(function, **shapes):
    specs = [tf.TensorSpec(shape, tf.float32, name) for name, shape in shapes.items()]
    graph = tf.function(function, input_signature=specs, autograph=False).get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([graph], tf.Module()).convert()
