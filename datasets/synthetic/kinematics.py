"""How a hand's bones turn: the axes of its joints, and the chain of rotations from the wrist to the tips.

The hand frame and the order of fingers are those of ``hand``.
"""

import numpy as np

# Straight fingers fan out in the palm's plane and roll about their own axis, so that they meet in a fist.
FAN_DEGREES = np.array([2.0, -2.0, -7.0, -12.0])
ROLL_DEGREES = np.array([-3.0, 0.0, 5.0, 11.0])
# The thumb bends about its own axis, nearly square to the fingers': bending axis, straight direction.
THUMB_AXES = np.array([[-0.07, -0.50, 0.86], [0.52, 0.71, 0.46]])
# The palm's arch: bending of each finger's metacarpal over that of its first joint, about an axis across the
# palm through a point so far along the metacarpal.
ARCH = np.array([0.0, 0.0, 0.07, 0.13, 0.0])
ARCH_AXIS = np.array([1.0, 0.25, 0.0]) / np.hypot(1.0, 0.25)
ARCH_CENTRE = 0.3


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors [..., 3] scaled to length 1."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def about(axis: np.ndarray, angles: np.ndarray | float) -> np.ndarray:
    """Right-handed rotations [..., 3, 3] by angles [...] about one unit vector [3]."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angles = np.asarray(angles)[..., None, None]
    return np.eye(3) + np.sin(angles) * cross + (1 - np.cos(angles)) * (cross @ cross)


def between(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The smallest rotation [3, 3] that takes one unit vector [3] to another."""
    axis = np.cross(start, end)
    size = np.linalg.norm(axis)
    return np.eye(3) if size < 1e-9 else about(axis / size, np.arctan2(size, start @ end))


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
    return unit(np.stack([bend, straight, np.cross(bend, straight)], 1))


AXES = _axes()


def arch(roots_mm: np.ndarray, angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The metacarpals' turns as the palm closes around what the ring and the little finger bend about.

    Args:
        roots_mm: [5, 3]. First joints in rest.
        angles: [..., 5, 4] radians.

    Returns:
        rotations [..., 5, 3, 3] and moved first joints [..., 5, 3].
    """
    turns = about(ARCH_AXIS, ARCH * np.maximum(angles[..., 0], 0))
    centres = ARCH_CENTRE * roots_mm
    return turns, np.einsum("...fij,fj->...fi", turns, roots_mm - centres) + centres


def bone_frames(turns: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """The fingers' bones at given angles.

    Args:
        turns: [..., 5, 3, 3]. Rotations of the metacarpals.
        angles: [..., 5, 4] radians, as ``hand.forward_kinematics`` takes them.

    Returns:
        [..., 5, 3, 3, 3]. Of each bone three unit rows: bending axis, direction, direction of bending.
    """
    axes = np.einsum("fri,...fji->...frj", AXES, turns)
    across, straight, inwards = np.moveaxis(axes, -2, 0)
    cos, sin = (turn(angles[..., 1, None]) for turn in (np.cos, np.sin))
    axis, straight = across * cos - straight * sin, straight * cos + across * sin
    bent = np.cumsum(angles[..., [0, 2, 3]], -1)[..., None]
    cos, sin = np.cos(bent), np.sin(bent)
    straight, inwards = straight[..., None, :], inwards[..., None, :]
    frames = np.empty((*bent.shape[:-1], 3, 3))
    frames[..., 0, :] = axis[..., None, :]
    frames[..., 1, :] = straight * cos + inwards * sin
    frames[..., 2, :] = inwards * cos - straight * sin
    return frames


def chain(roots_mm: np.ndarray, frames: np.ndarray, lengths_mm: np.ndarray) -> np.ndarray:
    """The joints that bones lead to.

    Args:
        roots_mm: [..., 5, 3]. First joints.
        frames: [..., 5, 3, 3, 3], as ``bone_frames`` gives them.
        lengths_mm: [5, 3].

    Returns:
        [..., 21, 3] in MSRA's order.
    """
    along = np.cumsum(frames[..., 1, :] * lengths_mm[..., None], -2) + roots_mm[..., None, :]
    fingers = np.concatenate([roots_mm[..., None, :], along], -2)
    fingers = fingers.reshape(*fingers.shape[:-3], 20, 3)
    return np.concatenate([np.zeros_like(fingers[..., :1, :]), fingers], -2)


def rest_frames(bones: np.ndarray, thumb_hinge: np.ndarray) -> np.ndarray:
    """Frames [5, 3, 3, 3] of resting bones, turned about them as ``bone_frames`` would turn them.

    Args:
        bones: [5, 3, 3]. Unit directions of the bones.
        thumb_hinge: [3]. The thumb's own bending axis.
    """
    across, straight, _ = np.moveaxis(AXES, 1, 0)
    spread = np.arctan2(np.sum(bones[:, 0] * across, -1), np.sum(bones[:, 0] * straight, -1))[:, None]
    axis = across * np.cos(spread) - straight * np.sin(spread)
    axis[4] = thumb_hinge
    axis = axis[:, None] - bones * np.sum(bones * axis[:, None], -1, keepdims=True)
    axis = unit(axis)
    return np.stack([axis, bones, np.cross(axis, bones)], -2)
