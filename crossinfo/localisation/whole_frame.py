"""A whole depth frame -> the joints of each hand in it: find, turn upright, estimate, and once more.

The same operations in memory, in the exported graph and in LiteRT files.

Legend: B frames, K hands of each at most, J joints; N = B K hands. ``camera`` float32 [B, 4].
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from crossinfo.localisation import canvas, detection
from crossinfo.localisation.detection import Hands
from datasets import centres, crops, geometry
from datasets.crops import CropPlace
from datasets.geometry import Array

Function = Callable[[tf.Tensor], tf.Tensor]

# A hand is what the localiser is at least so sure of.
CONFIDENT = 0.5
# Crops about the localiser's place, then about the network's own joints.
PASSES = 2
# Two hands found apart whose joints end up nearer than this are one hand.
SAME_MM = 40.0
# A caller's centre is that of a found hand if it is so near and the localiser is at least so sure.
NEAR_MM, SOMEWHAT_CONFIDENT = 150.0, 0.1
# From a caller's centre without an angle, the upright crop is found by more passes.
CENTRED_PASSES = 4


class Networks(NamedTuple):
    """What works on a frame.

    Args:
        locate: function of ``canvas.features`` [B, 128, 160, 3] -> maps [B, 16, 20, 7].
        pose: function of crops [N, 96, 96, 1] -> normalised joints [N, J, 3].
        cube_mm: side of the crop cube.
        wrist, middle_root: indices of the two joints that stand above each other in an upright crop.
    """

    locate: Function
    pose: Function
    cube_mm: float
    wrist: int
    middle_root: int


def find(networks: Networks, depth_mm: Array, camera: Array, hands: int) -> Hands:
    """``Hands`` of frames [B, H, W], K = ``hands``.

    Args:
        networks: Networks.
        depth_mm: float32 [B, H, W].
        camera: float32 [B, 4].
        hands: int, 1 or 2.
    """
    canvas_mm, canvas_camera = canvas.fit(depth_mm, camera)
    maps = networks.locate(canvas.features(canvas_mm, canvas_camera))
    return detection.find(maps, canvas_mm, canvas_camera, hands)


def estimate(networks: Networks, depth_mm: Array, camera: Array, hands: int) -> dict[str, tf.Tensor]:
    """The most confident hands of frames.

    Args:
        networks, depth_mm, camera, hands: as ``find`` takes them.

    Returns:
        ``joints_mm``, ``joints_uvd`` float32 [B, K, J, 3], ``centre_mm`` [B, K, 3], ``confidence`` [B, K],
        ``is_left``, ``valid`` bool [B, K]; zeros and False where not ``valid``, but for the confidence.
    """
    found = find(networks, depth_mm, camera, hands)
    valid = found.confidence >= CONFIDENT
    outputs = _poses(networks, depth_mm, camera, found, valid, PASSES)
    if hands > 1:
        outputs = _without_doubles(outputs)
    return outputs


def estimate_at(networks: Networks, depth_mm: Array, camera: Array, centre_mm: Array) -> dict[str, tf.Tensor]:
    """The hands at a caller's centres, one per frame.

    The angle and the side are those of the hand that the localiser finds there; if it finds none, the hand
    is taken for a right one, and its angle is found by repeated estimation.

    Args:
        networks, depth_mm, camera: as ``find`` takes them.
        centre_mm: float32 [B, 3].

    Returns as ``estimate`` with K = 1.
    """
    found = find(networks, depth_mm, camera, 2)
    distance = tf.norm(found.centre_mm - centre_mm[:, None], axis=-1)
    match = (distance < NEAR_MM) & (found.confidence >= SOMEWHAT_CONFIDENT)
    nearest = tf.argmin(tf.where(match, distance, 1e9), axis=1, output_type=tf.int32)[:, None]
    matched = tf.reduce_any(match, axis=1, keepdims=True)
    angle, is_left, confidence = (tf.gather(value, nearest, axis=1, batch_dims=1) for value in found[1:])
    hand = Hands(
        centre_mm[:, None],
        tf.where(matched, angle, 0.0),
        matched & is_left,
        tf.where(matched, confidence, 0.0),
    )
    valid = tf.reduce_all(tf.math.is_finite(centre_mm), 1, keepdims=True) & (centre_mm[:, 2:] > 0)
    return _poses(networks, depth_mm, camera, hand, valid, CENTRED_PASSES)


def _poses(networks, depth_mm, camera, found, valid, passes):
    """Outputs of ``estimate`` for hands [B, K]."""
    frames, hands = tf.shape(valid)[0], valid.shape[1]
    depth_mm, camera = (
        tf.repeat(value, hands, axis=0) if hands > 1 else value for value in (depth_mm, camera)
    )
    centre_mm, angle, is_left, _ = (tf.reshape(value, [-1, *value.shape[2:]]) for value in found)
    valid = tf.reshape(valid, [-1])
    centre_mm = tf.where(valid[:, None], centre_mm, tf.constant(centres.STAND_IN_MM))
    place = CropPlace(centre_mm, camera, tf.fill(tf.shape(angle), networks.cube_mm), angle)
    seen_mm, place = crops.mirrored(depth_mm, place, is_left)
    joints_mm, place, filled = _refined(networks, seen_mm, place, passes)
    joints_mm, centre_mm = (
        crops.mirror_joints(value, is_left) for value in (joints_mm, place.centre_mm[:, None])
    )
    joints_uvd = geometry.project(joints_mm, camera)
    valid &= filled & tf.reduce_all(tf.math.is_finite(joints_mm) & tf.math.is_finite(joints_uvd), axis=[1, 2])
    outputs = {
        "joints_mm": joints_mm,
        "joints_uvd": joints_uvd,
        "centre_mm": centre_mm[:, 0],
        "is_left": is_left,
    }
    outputs = {
        name: tf.reshape(_where(valid, value), [frames, hands, *value.shape[1:]])
        for name, value in outputs.items()
    }
    return {**outputs, "valid": tf.reshape(valid, [frames, hands]), "confidence": found.confidence}


def _refined(networks, depth_mm, place, passes):
    """Joints [N, J, 3] of right hands, the place of their last crop, and whether it showed anything, [N]."""
    for number in range(passes):
        crop = crops.crop(depth_mm, place)
        joints_mm = crops.denormalise_joints(networks.pose(crop), place)
        if number + 1 < passes:
            place = _about(networks, joints_mm, place)
    return joints_mm, place, tf.reduce_any(crop < crops.BACKGROUND, axis=[1, 2, 3])


def _about(networks, joints_mm, place):
    """The place about joints; as before where they are not in front of the camera."""
    centre_mm = tf.reduce_mean(joints_mm, axis=1)
    angle = crops.upright_angle(joints_mm, place.camera, networks.wrist, networks.middle_root)
    usable = tf.reduce_all(tf.math.is_finite(joints_mm), axis=[1, 2]) & (centre_mm[:, 2] > 0)
    return place._replace(
        centre_mm=tf.where(usable[:, None], centre_mm, place.centre_mm),
        angle=tf.where(usable, angle, place.angle),
    )


def _where(valid, value):
    """``value`` [N, ...] where ``valid`` [N], else zeros."""
    shape = [-1] + [1] * (value.shape.rank - 1)
    return tf.where(tf.reshape(valid, shape), value, tf.zeros_like(value))


def _without_doubles(outputs):
    """The second hand is not valid where it is the first one again."""
    first, second = tf.unstack(tf.reduce_mean(outputs["joints_mm"], axis=2), axis=1)
    same = outputs["valid"][:, 0] & (tf.norm(second - first, axis=-1) < SAME_MM)
    valid = outputs["valid"] & ~tf.stack([tf.zeros_like(same), same], axis=1)
    kept = {
        name: tf.where(
            tf.reshape(valid, tf.concat([tf.shape(valid), tf.ones(value.shape.rank - 2, tf.int32)], 0)),
            value,
            tf.zeros_like(value),
        )
        for name, value in outputs.items()
        if name not in ("valid", "confidence")
    }
    return {**kept, "valid": valid, "confidence": outputs["confidence"]}
