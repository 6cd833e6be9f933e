"""The hand frame of ``datasets.synthetic.hand``: where the knuckles lie in it, and how the fingers bend."""

import numpy as np

from datasets.synthetic.kinematics import AXES, unit

# A hand is turned so that its four knuckles, index to little finger, come nearest to these.
KNUCKLES_MM = np.array([[23.6, 88.5, 7.3], [1.7, 91.6, 2.5], [-17.5, 84.7, 6.5], [-35.1, 73.9, 13.7]])


def turn_into(knuckles_mm: np.ndarray) -> np.ndarray:
    """The rotation [3, 3] that brings knuckles [4, 3], relative to the wrist, nearest to ``KNUCKLES_MM``."""
    u, _, vt = np.linalg.svd(knuckles_mm.T @ KNUCKLES_MM)
    return (u @ np.diag([1, 1, np.linalg.det(u @ vt)]) @ vt).T


def bending_axis(finger: int, first: np.ndarray, bone: np.ndarray) -> np.ndarray:
    """Unit vector [3] square to ``bone`` about which a finger bends.

    Args:
        finger: int. 0 index .. 4 thumb.
        first: float64 [3]. Direction of the finger's first bone in rest, which says how far it is spread.
        bone: float64 [3]. Unit vector of the bone that bends.
    """
    across, straight, _ = AXES[finger]
    spread = np.arctan2(first @ across, first @ straight)
    return square_to(bone, across * np.cos(spread) - straight * np.sin(spread))


def square_to(bone: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """Unit vector [3]: ``axis`` without its part along the unit vector ``bone``."""
    return unit(axis - bone * (bone @ axis))
