"""Maps of the localiser -> hands in camera space.

Per cell of 8 x 8 canvas pixels, the maps hold: the logit of a hand's centre lying here; the centre's place
from the cell's middle in cells (across, down); its depth from the cell's reference in units of 100 mm; cosine
and sine of the angle that turns the hand upright (``crops.CropPlace``); and the logit of a left hand.

Legend: B frames, K hands of each at most.
"""

from typing import NamedTuple

import tensorflow as tf

from crossinfo.localisation.canvas import FAR_MM
from crossinfo.localisation.network import COLUMNS, STRIDE
from datasets import geometry
from datasets.geometry import Array

DEPTH_UNIT_MM = 100.0
CANDIDATES = 8
# Centres of two hands are farther apart than this; two peaks on one hand are nearer.
APART_MM = 80.0


class Hands(NamedTuple):
    """K hands of each of B frames, the most confident first.

    Args:
        centre_mm: float32 [B, K, 3]. About the mean of the joints, in camera space.
        angle: float32 [B, K]. What turns the hand upright, see ``crops.CropPlace``.
        is_left: bool [B, K].
        confidence: float32 [B, K] in 0 .. 1; 0 where there are fewer than K.
    """

    centre_mm: tf.Tensor
    angle: tf.Tensor
    is_left: tf.Tensor
    confidence: tf.Tensor


def reference_mm(canvas_mm: Array) -> tf.Tensor:
    """Depth of the nearest thing in and about each cell, [B, 128, 160] -> [B, 16, 20]; far if none."""
    near = tf.where((canvas_mm > 0) & (canvas_mm < FAR_MM), canvas_mm, FAR_MM)
    pooled = tf.nn.max_pool2d(-near[..., None], 3 * STRIDE, STRIDE, "SAME")
    return -pooled[..., 0]


def find(maps: Array, canvas_mm: Array, canvas_camera: Array, hands: int = 2) -> Hands:
    """Hands at the maps' peaks.

    Args:
        maps: float32 [B, 16, 20, 7].
        canvas_mm, canvas_camera: as ``canvas.fit`` gives them.
        hands: K, 1 or 2.
    """
    heat = tf.sigmoid(maps[..., :1])
    peak = heat >= tf.nn.max_pool2d(heat, 3, 1, "SAME")
    flat = tf.reshape(tf.where(peak, heat, 0.0), [tf.shape(maps)[0], -1])
    confidence, cell = tf.math.top_k(flat, CANDIDATES)
    values = tf.reshape(
        tf.concat([maps, reference_mm(canvas_mm)[..., None]], axis=-1), [tf.shape(maps)[0], -1, 8]
    )
    values = tf.gather(values, cell, axis=1, batch_dims=1)
    row, column = tf.cast(cell // COLUMNS, tf.float32), tf.cast(cell % COLUMNS, tf.float32)
    pixel = (tf.stack([column, row], axis=-1) + 0.5 + values[..., 1:3]) * STRIDE - 0.5
    depth = tf.maximum(values[..., 7] + values[..., 3] * DEPTH_UNIT_MM, 50.0)
    centre_mm = geometry.unproject(tf.concat([pixel, depth[..., None]], axis=-1), canvas_camera)
    angle = tf.atan2(values[..., 5], values[..., 4])
    found = Hands(centre_mm, angle, values[..., 6] > 0, confidence)
    first = Hands(*(value[:, :1] for value in found))
    return first if hands == 1 else _with_second(first, found)


def _with_second(first, found):
    """The first hand and the most confident of the others that is not the same hand."""
    apart = tf.norm(found.centre_mm - first.centre_mm, axis=-1) > APART_MM
    confidence = tf.where(apart, found.confidence, 0.0)
    best = tf.argmax(confidence, axis=1, output_type=tf.int32)[:, None]
    second = [tf.gather(value, best, axis=1, batch_dims=1) for value in found._replace(confidence=confidence)]
    return Hands(*(tf.concat(pair, axis=1) for pair in zip(first, second, strict=True)))
