"""Warm-up requests, which TensorFlow Serving runs on a new version before that version takes calls.

They are a TFRecord file of ``PredictionLog`` messages (``tensorflow_serving/apis/prediction_log.proto``).
Four nested fields are all that is needed of it, so they are encoded here, and tensorflow-serving-api, which
has the classes, is not required.
"""

import os
from collections.abc import Iterable, Mapping

import cv2
import numpy as np
import tensorflow as tf

from datasets import crops

FRAME = (120, 160)
CAMERA = (120.0, 120.0, 80.0, 60.0)
HAND_MM, WALL_MM = 500.0, 1500.0


def inputs() -> dict[str, dict[str, np.ndarray]]:
    """{signature: {input: array}}: one small frame with something hand-sized in front of a wall."""
    depth = np.full((1, *FRAME), WALL_MM, np.float32)
    depth[0, 40:80, 60:100] = HAND_MM
    png = cv2.imencode(".png", depth[0].astype(np.uint16))[1].tobytes()
    camera = np.float32([CAMERA])
    return {
        "serving_default": {"depth": depth, "camera": camera},
        "hands": {"depth": depth, "camera": camera},
        "png": {"image_bytes": np.array([png], object), "camera": camera},
        "centred": {"depth": depth, "camera": camera, "centre_mm": np.float32([[0, 0, HAND_MM]])},
        "crop": {"crop": np.zeros((1, crops.CROP_SIZE, crops.CROP_SIZE, 1), np.float32)},
    }


def write(path: str | os.PathLike, signatures: Iterable[str]) -> None:
    """Writes one request for each of a model's signatures."""
    with tf.io.TFRecordWriter(str(path)) as file:
        for signature, arrays in inputs().items():
            if signature in signatures:
                file.write(prediction_log(signature, arrays))


def prediction_log(signature: str, arrays: Mapping[str, np.ndarray]) -> bytes:
    """A serialised ``PredictionLog`` of one ``PredictRequest``; ``arrays`` is {input: array}."""
    spec = _field(3, signature.encode())  # ModelSpec.signature_name
    request = _field(1, spec)  # PredictRequest.model_spec
    for name, value in arrays.items():
        tensor = tf.make_tensor_proto(value).SerializeToString()
        request += _field(2, _field(1, name.encode()) + _field(2, tensor))  # PredictRequest.inputs
    return _field(6, _field(1, request))  # PredictionLog.predict_log, PredictLog.request


def _field(number, payload):
    """A length-delimited protocol buffer field with a number below 16."""
    size, length = len(payload), bytearray()
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    return bytes([number << 3 | 2, *length, size]) + payload
