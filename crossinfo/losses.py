"""Equations (1) to (7) of the paper as pure functions, one value per frame.

They are float32 in every precision but "float64", where they are float64 like the network's outputs. The
mean over the batch is left to the caller, who alone knows the global batch.
"""

import keras
import tensorflow as tf

from crossinfo.config import LossConfig


def heatmap_loss(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Equations (1) to (3): squared error summed over pixels and joints, `[B, H, W, joints]` -> `[B]`."""
    return _squared_error(target, output)


def joint_loss(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Equations (4) to (6): squared distance summed over joints, `[B, 3 * joints]` -> `[B]`."""
    return _squared_error(target, output)


def losses(
    targets: dict[str, tf.Tensor], outputs: dict[str, tf.Tensor], config: LossConfig
) -> dict[str, tf.Tensor]:
    """All losses of a batch and their weighted sum.

    Args:
        targets: tensors, with at least the keys of `outputs`.
        outputs: the network's; heat maps are those whose name ends in "_heatmap".
        config: weights of equation (7).

    Returns:
        One `[B]` tensor per output, and "total_data", equation (7) without weight decay; float64 if the
        outputs are, else float32.
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


def weight_decay(model: keras.Model, factor: float) -> tf.Tensor:
    """`factor` x sum(w^2) / 2 over the kernels of convolutions and dense layers: no biases, no statistics.

    A scalar in the precision of the variables: float64 in a float64 model, else float32.
    """
    kernels = [variable for variable in model.trainable_variables if variable.name == "kernel"]
    return factor * tf.add_n([tf.nn.l2_loss(tf.convert_to_tensor(kernel)) for kernel in kernels])


def _squared_error(target, output):
    dtype = "float64" if output.dtype == "float64" else "float32"
    difference = keras.ops.cast(output, dtype) - keras.ops.cast(target, dtype)
    return keras.ops.sum(keras.ops.square(difference), axis=tuple(range(1, len(output.shape))))
