"""A whole depth frame -> the joints of each hand in it: find, turn, estimate both ways, and once more.

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
# Places that are looked at closely.
PLACES = 3
# Two hands found apart whose joints end up nearer than this are one hand.
SAME_MM = 40.0


class Networks(NamedTuple):
    """What works on a frame.

    Args:
        locate, check, judge: the localiser's parts: functions of ``canvas.features`` [B, 128, 160, 3] ->
            maps, of crops [N, 96, 96, 1] -> checks, of joints [N, J, 3] -> how like a right hand's, [N, 1].
        pose: function of crops [N, 96, 96, 1] -> normalised joints [N, J, 3].
        cube_mm: side of the crop cube.
        wrist, middle_root: indices of the two joints that stand above each other in an upright crop.
        side: "auto", or "right" or "left": what every hand is taken for.
    """

    locate: Function
    check: Function
    judge: Function
    pose: Function
    cube_mm: float
    wrist: int
    middle_root: int
    side: str = "auto"


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
    found = _checked(networks, depth_mm, camera, detection.places(maps, canvas_mm, canvas_camera, PLACES))
    # Once more: a crop that was far off shows little of the hand.
    return _checked(networks, depth_mm, camera, detection.best(found, hands))


def _checked(networks, depth_mm, camera, hands):
    """The hands [B, K] as the crops at their places show them."""
    depth_mm, place = _cut_out(networks, depth_mm, camera, hands)
    looked = detection.checked(networks.check(crops.crop(depth_mm, place)), place)
    shape = [-1, hands.confidence.shape[1]]
    looked = Hands(*(tf.reshape(value, shape + list(value.shape[1:])) for value in looked))
    # What has no peak has no hand, however its crop looks; and no centre may be behind the camera.
    real = (hands.confidence > 0) & (looked.centre_mm[..., 2] > 0)
    return Hands(
        tf.where(real[..., None], looked.centre_mm, hands.centre_mm),
        looked.angle,
        tf.where(real, looked.confidence, 0.0),
    )


def _cut_out(networks, depth_mm, camera, hands):
    """Frames [N, H, W] and places [N] of the crops of hands [B, K]."""
    count = hands.confidence.shape[1]
    depth_mm, camera = (
        tf.repeat(value, count, axis=0) if count > 1 else value for value in (depth_mm, camera)
    )
    angle = tf.reshape(hands.angle, [-1])
    centre_mm = tf.reshape(hands.centre_mm, [-1, 3])
    return depth_mm, CropPlace(centre_mm, camera, tf.fill(tf.shape(angle), networks.cube_mm), angle)


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
    outputs = _poses(networks, depth_mm, camera, found, valid)
    if hands > 1:
        outputs = _without_doubles(outputs)
    return outputs


def estimate_at(networks: Networks, depth_mm: Array, camera: Array, centre_mm: Array) -> dict[str, tf.Tensor]:
    """The hands at a caller's centres, one per frame.

    The finder is not asked; the checker looks at the crop there, and tells the angle.

    Args:
        networks, depth_mm, camera: as ``find`` takes them.
        centre_mm: float32 [B, 3].

    Returns as ``estimate`` with K = 1. ``valid`` is false only where the centre is not in front of the camera
    or its crop is empty: the caller has said that there is a hand.
    """
    usable = centres.usable(centre_mm)[:, None]
    centre_mm = tf.where(usable, centre_mm, tf.constant(centres.STAND_IN_MM))[:, None]
    sure = tf.ones_like(centre_mm[..., 0])
    hands = Hands(centre_mm, tf.zeros_like(sure), sure)
    for _ in range(2):
        hands = _checked(networks, depth_mm, camera, hands._replace(confidence=sure))
    return _poses(networks, depth_mm, camera, hands, usable)


def _poses(networks, depth_mm, camera, found, valid):
    """Outputs of ``estimate`` for hands [B, K]."""
    frames, hands = tf.shape(valid)[0], valid.shape[1]
    centre_mm = tf.where(valid[..., None], found.centre_mm, tf.constant(centres.STAND_IN_MM))
    depth_mm, place = _cut_out(networks, depth_mm, camera, found._replace(centre_mm=centre_mm))
    camera, valid = place.camera, tf.reshape(valid, [-1])
    joints_mm, is_left = _both_ways(networks, depth_mm, place)
    seen_mm, place = crops.mirrored(depth_mm, place, is_left)
    joints_mm, place, filled = _refined(networks, seen_mm, place, joints_mm)
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


def _both_ways(networks, depth_mm, place):
    """Joints [N, J, 3] of each hand, in the mirror if it is a left one; and whether it is, [N]."""
    if networks.side != "auto":
        is_left = tf.fill(tf.shape(place.angle), networks.side == "left")
        seen_mm, place = crops.mirrored(depth_mm, place, is_left)
        return crops.denormalise_joints(networks.pose(crops.crop(seen_mm, place)), place), is_left
    mirrored_mm, mirrored = crops.mirrored(depth_mm, place, tf.ones_like(place.angle, tf.bool))
    crop = tf.concat([crops.crop(depth_mm, place), crops.crop(mirrored_mm, mirrored)], axis=0)
    joints = networks.pose(crop)
    right, left = tf.split(networks.judge(joints)[:, 0], 2)
    is_left = left > right
    as_right, as_left = (
        crops.denormalise_joints(half, where)
        for half, where in zip(tf.split(joints, 2), (place, mirrored), strict=True)
    )
    return tf.where(is_left[:, None, None], as_left, as_right), is_left


def _refined(networks, depth_mm, place, joints_mm):
    """Joints of right hands about their first estimate; the crop's place; whether it shows anything, [N]."""
    place = _about(networks, joints_mm, place)
    crop = crops.crop(depth_mm, place)
    joints_mm = crops.denormalise_joints(networks.pose(crop), place)
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
    """``value`` [..., more] where ``valid`` [...], else zeros."""
    for _ in range(value.shape.rank - valid.shape.rank):
        valid = valid[..., None]
    return tf.where(valid, value, tf.zeros_like(value))


def _without_doubles(outputs):
    """The second hand is not valid where it is the first one again."""
    first, second = tf.unstack(tf.reduce_mean(outputs["joints_mm"], axis=2), axis=1)
    same = outputs["valid"][:, 0] & (tf.norm(second - first, axis=-1) < SAME_MM)
    alone = ~tf.stack([tf.zeros_like(same), same], axis=1)
    kept = {name: _where(alone, value) for name, value in outputs.items() if name != "confidence"}
    return {**kept, "confidence": outputs["confidence"]}
