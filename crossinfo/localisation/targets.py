"""What the localiser is trained on: losses of its maps and of its checks against labelled hands.

Legend: B frames, N labelled hands of each at most; ``weight`` tells a hand (1), a place to leave out, where a
hand is hidden for the most part (-1), and an empty row (0).
"""

from typing import NamedTuple

import tensorflow as tf

from crossinfo.localisation.detection import DEPTH_UNIT_MM, reference_mm
from crossinfo.localisation.network import COLUMNS, ROWS, STRIDE
from datasets import geometry
from datasets.geometry import Array

# Spread of a centre's bump, in cells; and how strong it has to be for a cell to tell of the hand.
SPREAD_CELLS = 0.9
TELLS = 0.25
LEFT_OUT = 0.1


class Labels(NamedTuple):
    """Labelled hands of B frames.

    Args:
        centre_mm: float32 [B, N, 3].
        angle: float32 [B, N] radians.
        weight: float32 [B, N], 1, 0 or -1.
    """

    centre_mm: Array
    angle: Array
    weight: Array


class CheckLabels(NamedTuple):
    """What N crops show.

    Args:
        hand: float32 [N], 1 for a hand, else 0 and the rest is not looked at.
        is_left: float32 [N], 0 or 1.
        turn: float32 [N]. Radians that the crop has to be turned further to be upright.
        shift: float32 [N, 3]. The hand's centre as a normalised joint of the crop.
    """

    hand: Array
    is_left: Array
    turn: Array
    shift: Array


def map_losses(maps: Array, labels: Labels, canvas_mm: Array, canvas_camera: Array) -> dict[str, tf.Tensor]:
    """Losses by name, float32 [B] each: ``heat``, ``place``, ``depth``, ``angle``.

    ``heat`` is the focal loss of CenterNet (Zhou et al. 2019, "Objects as points", equation 1); the others
    are mean absolute errors over the cells near a hand's centre.

    Args:
        maps: float32 [B, 16, 20, 6].
        labels: Labels.
        canvas_mm, canvas_camera: as ``canvas.fit`` gives them.
    """
    bumps, peak, offset = _bumps(labels, canvas_camera)
    hand = tf.cast(labels.weight > 0, tf.float32)[:, None, None]
    hidden = tf.reduce_max(bumps * tf.cast(labels.weight < 0, tf.float32)[:, None, None], axis=-1)
    heat = _focal(
        maps[..., 0], tf.reduce_max(bumps * hand, axis=-1), tf.reduce_max(peak * hand, axis=-1), hidden
    )
    # Each cell tells of the hand whose bump is strongest there.
    strongest = bumps * hand
    weight = tf.where(
        (strongest >= TELLS) & (strongest >= tf.reduce_max(strongest, -1, True)), strongest, 0.0
    )
    share = weight / tf.maximum(tf.reduce_sum(weight, axis=[1, 2, 3], keepdims=True), 1e-6)
    depth = (labels.centre_mm[:, None, None, :, 2] - reference_mm(canvas_mm)[..., None]) / DEPTH_UNIT_MM
    cosine, sine = tf.cos(labels.angle)[:, None, None], tf.sin(labels.angle)[:, None, None]
    one = maps[..., None, :]
    errors = {
        "place": tf.reduce_sum(tf.abs(one[..., 1:3] - offset), axis=-1),
        "depth": tf.minimum(tf.abs(one[..., 3] - depth), 5.0),
        "angle": tf.abs(one[..., 4] - cosine) + tf.abs(one[..., 5] - sine),
    }
    return {"heat": heat, **{name: tf.reduce_sum(share * error, [1, 2, 3]) for name, error in errors.items()}}


def check_losses(check: Array, labels: CheckLabels) -> dict[str, tf.Tensor]:
    """Losses of checks by name, float32 [N] each: ``hand``, ``side``, ``turn``, ``shift``.

    Args:
        check: float32 [N, 7].
        labels: CheckLabels.
    """
    hand = tf.nn.sigmoid_cross_entropy_with_logits(labels.hand, check[:, 0])
    side = tf.nn.sigmoid_cross_entropy_with_logits(labels.is_left, check[:, 1])
    turn = tf.abs(check[:, 2] - tf.cos(labels.turn)) + tf.abs(check[:, 3] - tf.sin(labels.turn))
    shift = tf.reduce_sum(tf.abs(check[:, 4:7] - labels.shift), axis=1)
    return {
        "hand": hand,
        "side": labels.hand * side,
        "turn": labels.hand * turn,
        "shift": labels.hand * tf.minimum(shift, 2.0),
    }


def _bumps(labels, canvas_camera):
    """Bump [B, R, C, N], 1 in the centre's own cell [B, R, C, N], and place in cells [B, R, C, N, 2]."""
    # Empty rows have no depth; their bumps are not used.
    centre_mm = tf.where((labels.weight != 0)[..., None], labels.centre_mm, tf.constant([0.0, 0.0, 1000.0]))
    place = (geometry.project(centre_mm, canvas_camera)[..., :2] + 0.5) / STRIDE
    columns, rows = tf.meshgrid(tf.range(COLUMNS, dtype=tf.float32), tf.range(ROWS, dtype=tf.float32))
    cells = tf.stack([columns, rows], axis=-1)[None, :, :, None]
    offset = place[:, None, None] - (cells + 0.5)
    bump = tf.exp(-tf.reduce_sum(offset**2, axis=-1) / (2 * SPREAD_CELLS**2))
    own = tf.reduce_all(tf.floor(place)[:, None, None] == cells, axis=-1)
    return bump, tf.cast(own, tf.float32), offset


def _focal(logit, bump, peak, hidden):
    chance = tf.sigmoid(logit)
    present = peak * (1 - chance) ** 2 * tf.nn.softplus(-logit)
    absent = (1 - peak) * (1 - bump) ** 4 * chance**2 * tf.nn.softplus(logit)
    absent = tf.where((hidden > LEFT_OUT) & (peak == 0), 0.0, absent)
    return tf.reduce_sum(present + absent, axis=[1, 2])
