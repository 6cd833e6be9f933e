"""Equations (1) to (7) of the paper as pure functions, a value for each frame, in float32.

Means over the batch are the caller's, who alone knows the global batch.
"""

import keras
import tensorflow as tf


def heatmap_loss(target, output):
    """Equations (1) to (3): squared error summed over pixels and joints, `[B, H, W, joints]` -> `[B]`."""
    return _squared_error(target, output)


def joint_loss(target, output):
    """Equations (4) to (6): squared distance summed over joints, `[B, 3 * joints]` -> `[B]`."""
    return _squared_error(target, output)


def losses(targets, outputs, config):
    """All losses of a batch and their weighted sum.

    Args:
        targets: dict of tensors, with at least the keys of `outputs`.
        outputs: dict, the network's outputs; heat maps are those whose name ends in "_heatmap".
        config: `LossConfig`.

    Returns:
        dict of `[B]` float32: one for each output, and "total_data", equation (7) without weight decay.
    """
    heatmaps = {
        name: heatmap_loss(targets[name], output)
        for name, output in outputs.items()
        if name.endswith("_heatmap")
    }
    joints = {
        name: joint_loss(targets[name], output) for name, output in outputs.items() if name not in heatmaps
    }
    total = config.joint_weight * sum(joints.values())
    if heatmaps:
        total += config.heatmap_weight * sum(heatmaps.values())
    return {**joints, **heatmaps, "total_data": config.factor * total}


def weight_decay(model, factor):
    """`factor` x sum(w^2) / 2 over the kernels of convolutions and dense layers: no biases, no statistics.

    Returns a float32 scalar.
    """
    kernels = [variable for variable in model.trainable_variables if variable.name == "kernel"]
    return factor * tf.add_n([tf.nn.l2_loss(tf.convert_to_tensor(kernel)) for kernel in kernels])


def _squared_error(target, output):
    difference = keras.ops.cast(output, "float32") - keras.ops.cast(target, "float32")
    return keras.ops.sum(keras.ops.square(difference), axis=tuple(range(1, len(output.shape))))
