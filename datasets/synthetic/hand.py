"""A right hand as data, and its forward kinematics.

Hand frame, millimetres, origin at the wrist: x towards the thumb, y towards the finger tips, z out of
the palm (right-handed, and so the hand is a right one). Fingers are ordered index, middle, ring,
little, thumb, and joints as in ``datasets.skeletons.MSRA``.

Numbers are measured from the WebXR generic hand (``@webxr-input-profiles/assets`` 1.0.20, MIT).
"""

import dataclasses

import numpy as np

# Where each finger leaves the palm: proximal joints, and the thumb's metacarpal joint.
ROOTS_MM = np.array(
    [[23.6, 88.5, 7.3], [1.7, 91.6, 2.5], [-17.5, 84.7, 6.5], [-35.1, 73.9, 13.7], [28.0, 36.0, 19.2]]
)
# Three bones a finger. The last ends at the tip joint, one radius inside the skin: 4 mm beyond the
# measured finger tips, which lie 11 mm inside it.
LENGTHS_MM = np.array(
    [[45.3, 24.3, 15.6], [46.9, 27.5, 16.2], [42.9, 26.6, 15.9], [34.6, 20.3, 15.9], [32.5, 33.8, 14.9]]
)
# Straight fingers fan out in the palm's plane and roll about their own axis, so that they meet in a fist.
FAN_DEGREES = np.array([2.0, -2.0, -7.0, -12.0])
ROLL_DEGREES = np.array([-3.0, 0.0, 5.0, 11.0])
# The thumb bends about its own axis, nearly square to the fingers': bending axis, straight direction.
THUMB_AXES = np.array([[-0.07, -0.50, 0.86], [0.52, 0.71, 0.46]])


@dataclasses.dataclass(frozen=True)
class Shape:
    """One person's hand.

    Args:
        roots_mm: float64 [5, 3]. The first joint of each finger.
        axes: float64 [5, 3, 3]. Rows: bending axis, straight direction, direction of bending.
        lengths_mm: float64 [5, 3]. Bone lengths.
        scale: float. Of the palm and its flesh, 1 = the measured hand.
        thickness: float. Factor on every radius, beside ``scale``.
    """

    roots_mm: np.ndarray
    axes: np.ndarray
    lengths_mm: np.ndarray
    scale: float = 1.0
    thickness: float = 1.0


def _axes():
    """Bending axis, straight direction and direction of bending of each finger, [5, 3, 3]."""
    fan, roll = np.radians(FAN_DEGREES), np.radians(ROLL_DEGREES)
    straight = np.stack([np.sin(fan), np.cos(fan), 0 * fan], -1)
    across = np.stack([np.cos(fan), -np.sin(fan), 0 * fan], -1)
    bend = across * np.cos(roll)[:, None] - np.array([0.0, 0.0, 1.0]) * np.sin(roll)[:, None]
    bend, straight = (
        np.vstack([rows, thumb]) for rows, thumb in zip((bend, straight), THUMB_AXES, strict=True)
    )
    bend -= straight * np.sum(bend * straight, -1, keepdims=True) / np.sum(straight**2, -1, keepdims=True)
    axes = np.stack([bend, straight, np.cross(bend, straight)], 1)
    return axes / np.linalg.norm(axes, axis=-1, keepdims=True)


MEASURED = Shape(ROOTS_MM, _axes(), LENGTHS_MM)


def shape_of(seed: int, subject: int) -> Shape:
    """The ``Shape`` of a subject, a function of (seed, subject) alone.

    Overall size is log-normal within 0.85 .. 1.15, each finger's length within 5 % and the thickness
    within 10 % of the measured hand's.
    """
    rng = np.random.default_rng([seed, subject, 1])
    scale = np.clip(np.exp(rng.normal(0, 0.07)), 0.85, 1.15)
    thickness = np.clip(rng.normal(1, 0.05), 0.9, 1.1)
    fingers = np.clip(rng.normal(1, 0.03, (5, 1)), 0.95, 1.05)
    return Shape(ROOTS_MM * scale, MEASURED.axes, LENGTHS_MM * scale * fingers, scale, thickness)


def forward_kinematics(shape: Shape, angles: np.ndarray) -> np.ndarray:
    """Joints of a hand bent by ``angles``.

    Args:
        shape: Shape.
        angles: [..., 5, 4] radians: bending of the first joint, its spread towards the bending axis
            (fingers: towards the thumb; thumb: out of the palm), bending of the second and third joint.

    Returns:
        float64 [..., 21, 3], millimetres in the hand frame, MSRA's order.
    """
    spread = angles[..., 1, None]
    across, straight, inwards = (shape.axes[:, row] for row in range(3))
    straight = straight * np.cos(spread) + across * np.sin(spread)
    bent = np.cumsum(angles[..., [0, 2, 3]], -1)[..., None]
    bones = straight[..., None, :] * np.cos(bent) + inwards[:, None] * np.sin(bent)
    chain = np.cumsum(bones * shape.lengths_mm[..., None], -2) + shape.roots_mm[:, None]
    roots = np.broadcast_to(shape.roots_mm[:, None], (*chain.shape[:-2], 1, 3))
    fingers = np.concatenate([roots, chain], -2).reshape(*angles.shape[:-2], 20, 3)
    return np.concatenate([np.zeros((*angles.shape[:-2], 1, 3)), fingers], -2)
