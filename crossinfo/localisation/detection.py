"""What the localiser's outputs mean: maps -> places that may be hands; checks of their crops -> hands.

Per cell of 8 x 8 canvas pixels, the maps hold: the logit of a hand's centre lying here; the centre's place
from the cell's middle in cells (across, down); its depth from the cell's reference in units of 100 mm; and
cosine and sine of the angle that turns the hand upright (``crops.CropPlace``).

A check of a crop holds: the logit of a hand; the logit of a left one, which only helps it to learn; cosine
and sine of the turn that is missing; and the hand's centre as a normalised joint of the crop.

Legend: B frames, K places or hands of each.
"""

from typing import NamedTuple

import tensorflow as tf

from crossinfo.localisation.canvas import FAR_MM
from crossinfo.localisation.network import COLUMNS, MAPS, STRIDE
from datasets import crops, geometry
from datasets.crops import CropPlace
from datasets.geometry import Array

DEPTH_UNIT_MM = 100.0
# Centres of two hands are farther apart than this; two peaks on one hand are nearer.
APART_MM = 80.0


class Hands(NamedTuple):
    """K places of each of B frames that may be hands.

    Args:
        centre_mm: float32 [B, K, 3]. About the mean of the joints, in camera space.
        angle: float32 [B, K]. What turns the hand upright, see ``crops.CropPlace``.
        confidence: float32 [B, K] in 0 .. 1; 0 where there are fewer than K.
    """

    centre_mm: tf.Tensor
    angle: tf.Tensor
    confidence: tf.Tensor


def reference_mm(canvas_mm: Array) -> tf.Tensor:
    """Depth of the nearest thing in and about each cell, [B, 128, 160] -> [B, 16, 20]; far if none."""
    near = tf.where((canvas_mm > 0) & (canvas_mm < FAR_MM), canvas_mm, FAR_MM)
    pooled = tf.nn.max_pool2d(-near[..., None], 3 * STRIDE, STRIDE, "SAME")
    return -pooled[..., 0]


def places(maps: Array, canvas_mm: Array, canvas_camera: Array, count: int) -> Hands:
    """The maps' strongest peaks, K = ``count``, the most confident first.

    Args:
        maps: float32 [B, 16, 20, 6].
        canvas_mm, canvas_camera: as ``canvas.fit`` gives them.
        count: int.
    """
    heat = tf.sigmoid(maps[..., :1])
    peak = heat >= tf.nn.max_pool2d(heat, 3, 1, "SAME")
    flat = tf.reshape(tf.where(peak, heat, 0.0), [tf.shape(maps)[0], -1])
    confidence, cell = tf.math.top_k(flat, count)
    values = tf.concat([maps, reference_mm(canvas_mm)[..., None]], axis=-1)
    values = tf.reshape(values, [tf.shape(maps)[0], -1, MAPS + 1])
    values = tf.gather(values, cell, axis=1, batch_dims=1)
    row, column = tf.cast(cell // COLUMNS, tf.float32), tf.cast(cell % COLUMNS, tf.float32)
    pixel = (tf.stack([column, row], axis=-1) + 0.5 + values[..., 1:3]) * STRIDE - 0.5
    depth = tf.maximum(values[..., MAPS] + values[..., 3] * DEPTH_UNIT_MM, 50.0)
    centre_mm = geometry.unproject(tf.concat([pixel, depth[..., None]], axis=-1), canvas_camera)
    angle = tf.atan2(values[..., 5], values[..., 4])
    return Hands(centre_mm, angle, confidence)


def checked(check: Array, place: CropPlace) -> Hands:
    """The hands of N crops, K = 1 dropped: fields [N, ...].

    Args:
        check: float32 [N, 7].
        place: where the crops were taken, with angles.
    """
    centre_mm = crops.denormalise_joints(check[:, None, 4:7], place)[:, 0]
    angle = place.angle + tf.atan2(check[:, 3], check[:, 2])
    return Hands(centre_mm, angle, tf.sigmoid(check[:, 0]))


def best(hands: Hands, count: int) -> Hands:
    """The most confident hand of each frame, and with ``count`` 2 the next that is another hand.

    Args:
        hands: Hands with K >= ``count``.
        count: int, 1 or 2.
    """
    first = _most_confident(hands)
    if count == 1:
        return first
    apart = tf.norm(hands.centre_mm - first.centre_mm, axis=-1) > APART_MM
    second = _most_confident(hands._replace(confidence=tf.where(apart, hands.confidence, 0.0)))
    return Hands(*(tf.concat(pair, axis=1) for pair in zip(first, second, strict=True)))


def _most_confident(hands):
    index = tf.argmax(hands.confidence, axis=1, output_type=tf.int32)[:, None]
    return Hands(*(tf.gather(value, index, axis=1, batch_dims=1) for value in hands))
