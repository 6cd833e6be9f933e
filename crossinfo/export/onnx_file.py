"""The network as an ONNX file (``model.onnx``), by Keras' own converter: crops in, normalised joints out."""

import os

import keras

from crossinfo.card import CARD_FILE
from crossinfo.export import folding
from crossinfo.model import CrossInfoNet
from datasets.errors import InputError
from datasets.io import atomic

MODEL_FILE = "model.onnx"


def export(model: CrossInfoNet, path: str | os.PathLike) -> str | os.PathLike:
    """Writes ``path/model.onnx`` and the card beside it, whole or not at all; returns ``path``.

    Input ``crop`` float32 [B, 96, 96, 1]; output ``joints`` [B, J, 3], (joint - centre) / (cube / 2).

    Raises InputError if the folder ``path`` exists, or if tf2onnx is not installed.
    """
    try:
        import tf2onnx  # noqa: F401 (Keras' converter is a layer over it)
    except ImportError:
        raise InputError("ONNX needs tf2onnx: pip install 'crossinfonet[onnx]'") from None
    pose = folding.fold(model)
    joints = keras.layers.Reshape((len(model.card.joints), 3))(pose.output["hand"])
    with atomic.atomic_directory(path) as folder:
        network = keras.Model(pose.input, {"joints": joints})
        network(keras.ops.zeros((1, *pose.input_shape[1:])))  # the converter wants one that has been called
        network.export(folder / MODEL_FILE, format="onnx", verbose=False)
        (folder / CARD_FILE).write_text(model.card.to_json(), encoding="utf-8")
    return path
