"""Signatures that TensorFlow runs, as functions of arrays."""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from crossinfo.card import ModelCard
from crossinfo.export import signatures
from crossinfo.inference.litert_runtime import Runner
from datasets import centres, crops

Function = Callable[..., dict[str, tf.Tensor]]


def of_graphs(graphs: Mapping[str, Function]) -> dict[str, Callable[..., dict[str, Any]]]:
    """Functions of arrays, for functions of tensors by name."""
    return {name: _of_arrays(graph) for name, graph in graphs.items()}


def _of_arrays(graph):
    def call(**arrays):
        return graph(
            **{
                name: tf.convert_to_tensor(value, tf.string if name == "image_bytes" else tf.float32)
                for name, value in arrays.items()
            }
        )

    return call


def of_crops(runner: Runner, card: ModelCard) -> dict[str, Callable[..., dict[str, Any]]]:
    """The signatures of frames, and ``crop``, of a LiteRT file of crops.

    Args:
        runner: Runner of the open file.
        card: its card.
    """

    def crop(crop):
        outputs = runner(crop=crop.numpy())
        return {name: tf.constant(value) for name, value in outputs.items()}

    def cubes_mm(depth):
        return tf.fill([len(depth)], card.cube_mm)

    def joints(depth, camera, centre_mm, valid):
        place = crops.CropPlace(centre_mm, camera, cubes_mm(depth))
        return signatures.joints(lambda cut: crop(crop=cut)["joints"], depth, place, valid)

    def centred(depth, camera, centre_mm):
        return joints(depth, camera, centre_mm, centres.usable(centre_mm))

    def serving_default(depth, camera):
        return joints(depth, camera, *centres.mass(depth, camera, cubes_mm(depth)))

    return of_graphs({"crop": crop, "centred": centred, "serving_default": serving_default})
