"""Joints <-> heat maps, and the palm and finger groups: encode and decode side by side.

A heat map is 1 at the joint's integer pixel of a 24 x 24 grid over the crop, blurred by a 3 x 3 Gaussian
(1/4, 1/2, 1/4 along each axis, mirrored at the border) and divided by its maximum, as in the authors'
program.
"""

import numpy as np
import tensorflow as tf

from datasets.crops import CROP_SIZE
from datasets.geometry import Array
from datasets.skeletons import Skeleton

HEATMAP_SIZE = 24
STRIDE = CROP_SIZE // HEATMAP_SIZE


def _peaks():
    """Row p is the blurred peak at cell p along one axis: float32 [24, 24]."""
    peaks = np.zeros((HEATMAP_SIZE, HEATMAP_SIZE), np.float32)
    mirrored = np.pad(np.arange(HEATMAP_SIZE), 1, mode="reflect")
    for cell in range(HEATMAP_SIZE):
        for source, weight in zip(mirrored[cell : cell + 3], (0.25, 0.5, 0.25), strict=True):
            peaks[source, cell] += weight
    return peaks / peaks.max(axis=1, keepdims=True)


def encode_heatmaps(crop_px: Array) -> tf.Tensor:
    """Crop pixels [B, J, >=2] -> heat maps float32 [B, 24, 24, J]; a joint outside the crop has no peak."""
    cell = tf.floor(crop_px[..., :2] / STRIDE)
    inside = tf.reduce_all((cell >= 0) & (cell < HEATMAP_SIZE), axis=-1)
    cell = tf.cast(tf.where(inside[..., None], cell, 0.0), tf.int32)  # NaN is outside, too
    table = tf.constant(_peaks())
    across, down = tf.gather(table, cell[..., 0]), tf.gather(table, cell[..., 1])
    down = tf.where(inside[..., None], down, 0.0)
    return tf.einsum("bjv,bju->bvuj", down, across)


def decode_heatmaps(heatmaps: Array) -> tf.Tensor:
    """Heat maps [B, 24, 24, J] -> crop pixels [B, J, 2] at the middle of each map's strongest cell.

    The mirrored blur makes a border cell as strong as a peak beside it; the first of the two is taken.
    """
    size = heatmaps.shape[2]
    flat = tf.reshape(heatmaps, [tf.shape(heatmaps)[0], -1, heatmaps.shape[-1]])
    best = tf.argmax(flat, axis=1, output_type=tf.int32)
    cell = tf.stack([best % size, best // size], axis=-1)
    return (tf.cast(cell, tf.float32) + 0.5) * STRIDE


def split(joints: Array, skeleton: Skeleton) -> tuple[tf.Tensor, tf.Tensor]:
    """Joints [B, J, ...] -> (palm [B, P, ...], finger [B, F, ...]) in the branches' order."""
    return tf.gather(joints, skeleton.palm, axis=1), tf.gather(joints, skeleton.finger, axis=1)


def merge(palm: Array, finger: Array, skeleton: Skeleton) -> tf.Tensor:
    """Inverse of ``split``.

    Args:
        palm: [B, P, ...].
        finger: [B, F, ...].
        skeleton: Skeleton.

    Returns joints [B, J, ...].
    """
    order = np.argsort(skeleton.palm + skeleton.finger)
    return tf.gather(tf.concat([palm, finger], axis=1), order, axis=1)


def encode(joints: Array, crop_px: Array, skeleton: Skeleton) -> dict[str, tf.Tensor]:
    """The network's targets, under the names of its outputs.

    Args:
        joints: float32 [B, J, 3], normalised.
        crop_px: float32 [B, J, >=2], crop pixels of the same joints.
        skeleton: Skeleton.

    Returns:
        dict: ``hand`` [B, 3J], ``palm`` [B, 3P], ``finger`` [B, 3F] and ``hand_heatmap`` [B, 24, 24, J],
        ``palm_heatmap``, ``finger_heatmap``.
    """
    heatmap = encode_heatmaps(crop_px)
    palm, finger = split(joints, skeleton)
    return {
        "hand": flatten(joints),
        "palm": flatten(palm),
        "finger": flatten(finger),
        "hand_heatmap": heatmap,
        "palm_heatmap": tf.gather(heatmap, skeleton.palm, axis=-1),
        "finger_heatmap": tf.gather(heatmap, skeleton.finger, axis=-1),
    }


def flatten(joints: Array) -> tf.Tensor:
    """Joints [B, J, 3] -> [B, 3J]."""
    return tf.reshape(joints, [-1, 3 * joints.shape[1]])


def unflatten(hand: Array) -> tf.Tensor:
    """Inverse of ``flatten``: [B, 3J] -> [B, J, 3]."""
    return tf.reshape(hand, [-1, hand.shape[1] // 3, 3])
