"""The authors' TensorFlow 1 checkpoints as `release` networks.

Every variable is checked by name and shape; no number is changed. Optimiser slots and step counts are left
out. The authors' labels of NYU and MSRA have y up, and HANDS 2017's are in the challenge's joint order:
so are the outputs of the file that is written. Every command of this project opens it by ``loading``, which
converts the last layers to this project's convention, y down and MSRA's joint order.
"""

import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from crossinfo import card, model
from crossinfo.config import variant_for
from datasets import registry
from datasets.errors import InputError
from datasets.io import plain_paths

Shapes = Mapping[str, Sequence[int]]
# What TensorFlow and NumPy raise on altered files, e.g. on a dtype that does not exist.
_DAMAGED = (tf.errors.OpError, ValueError, TypeError, KeyError, RuntimeError, SystemError)

BATCH_NORMALISATION = ("beta", "gamma", "moving_mean", "moving_variance")

# TF1 scope -> layer of `CrossInfoNet`, for the layers outside the numbered stages.
RESIDUAL_SCOPES = {
    "palm_bottleneck": "palm_features",
    "fing_bottleneck": "finger_features",
    "end_palm_bottleneck": "palm_refined",
    "end_fing_bottleneck": "finger_refined",
    "htmap_bottleneck": "hand_heatmap_features",
}
CONVOLUTION_SCOPES = {
    "conv1": "stem",
    "Conv": "palm_heatmap_features",
    "Conv_2": "finger_heatmap_features",
}
HEATMAP_SCOPES = {"Conv_1": "palm_heatmap", "Conv_3": "finger_heatmap", "Conv_4": "hand_heatmap"}
DENSE_SCOPES = {
    "fully_connected": "finger_dense1",
    "fully_connected_1": "finger_dense2",
    "fully_connected_2": "finger",
    "fully_connected_3": "palm_dense1",
    "fully_connected_4": "palm_dense2",
    "fully_connected_5": "palm",
    "fully_connected_6": "hand",
}


def import_checkpoint(prefix: str | os.PathLike, dataset: str) -> model.CrossInfoNet:
    """The network of one of the authors' checkpoints.

    Args:
        prefix: path of the checkpoint without ``.index``.
        dataset: str. "nyu", "msra", "icvl" or "hands17".

    Returns:
        A network whose card has no mean pose: the checkpoint does not hold it. Raises InputError if there is
        no such checkpoint, or as ``read_checkpoint`` does.
    """
    reader, known = open_checkpoint(prefix), registry.get(dataset)
    # The authors kept the epoch of the least test error.
    facts = card.card_for("release", known, known.cube_mm, known.released.centre, None, "test")
    facts = dataclasses.replace(facts, as_released=True)
    network = model.build(variant_for("release", known.skeleton).network, card=facts)
    variables = release_variables(network)
    shapes = {name: tuple(variable.shape) for name, variable in variables.items()}
    for name, value in read_checkpoint(reader, prefix, shapes).items():
        variables[name].assign(value)
    return network


def open_checkpoint(prefix: str | os.PathLike):
    """TensorFlow's ``CheckpointReader`` of a checkpoint. Raises InputError if there is none."""
    if plain_paths.has_wildcards(prefix):
        signs = " ".join(sorted(plain_paths.WILDCARDS))
        raise InputError(f"`checkpoint`={prefix}: TensorFlow reads no path with any of {signs}; move it")
    try:
        return tf.train.load_checkpoint(str(prefix))
    except _DAMAGED:
        raise InputError(
            f"`checkpoint`={prefix}: no TensorFlow checkpoint; give its path without the ending, "
            "PREFIX for PREFIX.index and PREFIX.data-00000-of-00001"
        ) from None


def read_checkpoint(reader, prefix: str | os.PathLike, shapes: Shapes) -> dict[str, np.ndarray]:
    """The variables of a checkpoint, checked.

    Args:
        reader: as ``open_checkpoint`` gives it.
        prefix: path of the checkpoint, for error messages.
        shapes: name and shape of each variable to read.

    Returns:
        float32 arrays by name. Raises InputError naming a variable that is missing, superfluous, misshapen,
        damaged or not finite.
    """
    check_shapes(prefix, reader.get_variable_to_shape_map(), shapes)
    values = {}
    for name in shapes:
        try:
            values[name] = np.asarray(reader.get_tensor(name), np.float32)
        except _DAMAGED:
            raise InputError(f"`checkpoint`={prefix}: damaged at {name}; copy it again") from None
        if not np.isfinite(values[name]).all():
            raise InputError(f"`checkpoint`={prefix}: {name} is not finite; has its training failed?")
    return values


def check_shapes(prefix: str | os.PathLike, found: Shapes, expected: Shapes) -> None:
    """Raises InputError naming the first variable that does not fit.

    Args:
        prefix: path of the checkpoint, for the message.
        found: name and shape of each variable in the checkpoint.
        expected: those of the network.
    """
    for name, shape in expected.items():
        if name not in found:
            raise InputError(f"`checkpoint`={prefix}: no variable {name}; is it from the authors' program?")
        if tuple(found[name]) != shape:
            raise InputError(
                f"`checkpoint`={prefix}: {name} is {tuple(found[name])}, expected {shape}; is it "
                "from another `dataset`?"
            )
    for name in sorted(found.keys() - expected.keys()):
        # Whatever else a trained network would need; optimiser slots and counters end otherwise.
        if name.rsplit("/", 1)[-1] in ("weights", "biases", *BATCH_NORMALISATION):
            raise InputError(f"`checkpoint`={prefix}: has {name}, which the authors' network does not")


def to_project_convention(network: model.CrossInfoNet) -> None:
    """Puts the last layers of an imported network, and its card, into this project's axes and order."""
    variables = release_variables(network)
    values = {name: np.asarray(variable) for name, variable in variables.items()}
    for name, value in convert_outputs(values, network.card.dataset).items():
        variables[name].assign(value)
    network.card = dataclasses.replace(network.card, as_released=False)


def convert_outputs(values: Mapping[str, np.ndarray], dataset: str) -> dict[str, np.ndarray]:
    """The same variables, the output layers' columns in this project's joint order and axes."""
    groups, converted = output_order(dataset), dict(values)
    y_up = registry.get(dataset).released.y_up
    for name, value in values.items():
        scope, kind = name.split("/", 1)[0], name.rsplit("/", 1)[-1]
        if scope in HEATMAP_SCOPES:
            converted[name] = value[..., groups[HEATMAP_SCOPES[scope].removesuffix("_heatmap")]]
        elif DENSE_SCOPES.get(scope) in groups:
            joints = value.reshape(*value.shape[:-1], -1, 3)[..., groups[DENSE_SCOPES[scope]], :]
            # y = gamma * normalised + beta: both change their sign, and y does.
            turned = y_up and kind in ("gamma", "beta")
            converted[name] = (joints * np.float32([1, -1, 1]) if turned else joints).reshape(value.shape)
    return converted


def output_order(dataset: str) -> dict[str, list[int]]:
    """For each output, "hand", "palm" and "finger": the release's index of each of this project's joints."""
    skeleton, order = registry.get(dataset).skeleton, registry.get(dataset).released.joint_order
    groups = {"hand": tuple(range(len(skeleton))), "palm": skeleton.palm, "finger": skeleton.finger}
    if order is None:
        return {part: list(range(len(group))) for part, group in groups.items()}
    # Of HANDS 2017 the release tells counts only. The natural reading: palm 0 to 5, fingers 6 to 20.
    first = {"hand": 0, "palm": 0, "finger": len(skeleton.palm)}
    return {part: [order[joint] - first[part] for joint in group] for part, group in groups.items()}


def release_variables(network: model.CrossInfoNet) -> dict[str, keras.Variable]:
    """Every variable of a `release` network by its name in the authors' checkpoints."""
    variables = {}
    for scope, block in _blocks(network):
        kernel = block.dense if hasattr(block, "dense") else block.convolution
        variables[f"{scope}/weights"] = kernel.kernel
        for name in BATCH_NORMALISATION:
            variables[f"{scope}/BatchNorm/{name}"] = getattr(block.batch_norm, name)
    return variables


def _blocks(network: model.CrossInfoNet) -> Iterator[tuple[str, keras.layers.Layer]]:
    """(TF1 scope, convolution or dense block) of the whole network."""
    residual = {scope: network.get_layer(name) for scope, name in RESIDUAL_SCOPES.items()}
    for stage, units in enumerate(network.network.stage_units, 1):
        for unit in range(1, units + 1):
            scope = f"nn{stage}/block{stage}/unit_{unit}/bottleneck_v1"
            residual[scope] = network.get_layer(f"stage{stage}_unit{unit}")
    for scope, layer in residual.items():
        for name in ("shortcut", "conv1", "conv2", "conv3"):
            if getattr(layer, name) is not None:
                yield f"{scope}/{name}", getattr(layer, name)
    for scope, name in {**CONVOLUTION_SCOPES, **DENSE_SCOPES}.items():
        yield scope, network.get_layer(name)
    for scope, name in HEATMAP_SCOPES.items():
        yield scope, network.get_layer(name).convolution
    pyramid = network.get_layer("pyramid")
    for part, blocks in (("lateral", pyramid.laterals), ("merge", pyramid.merges)):
        yield from ((f"{part}/res{level}", block) for level, block in enumerate(blocks, 2))
