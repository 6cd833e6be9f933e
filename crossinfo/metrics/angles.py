"""Yaw and pitch of the palm, in degrees, and the error by them.

The palm's axis ``a`` runs from the wrist to the root of the middle finger. With y down, the unit axis has
``pitch = -asin(a_z)`` and ``yaw = asin(a_x / cos(pitch))``. Both are 0 for fingers that point straight up;
pitch is positive for fingers that point towards the camera, yaw for fingers that lean to the picture's right.
Fingers that point down have the yaw of fingers that point up: the field's formula does not tell them apart.
Only the axis of MSRA and HANDS 2017 is the field's (Sun et al., CVPR 2015; ``msra_angle.txt`` of
awesome-hand-pose-estimation). NYU's runs from the middle of its two wrist joints to the palm, ICVL's from the
palm to the root of the middle finger: the nearest pairs of joints that do not move against each other.
"""

import os

import numpy as np

from crossinfo import metrics
from datasets.errors import InputError
from datasets.io import tables
from datasets.skeletons import Skeleton

YAW_EDGES = np.arange(-40, 42, 2)
PITCH_EDGES = np.arange(-10, 92, 2)


def yaw_pitch(joints_mm: np.ndarray, skeleton: Skeleton) -> tuple[np.ndarray, np.ndarray]:
    """Yaw and pitch of the palm in degrees, float64 [N] each, within -90 to 90.

    Args:
        joints_mm: float [N, J, 3] in mm, y down.
        skeleton: one with a ``palm_axis``.
    """
    joints_mm = np.asarray(joints_mm, np.float64)
    wrist, fingers = (joints_mm[:, list(joints)].mean(axis=1) for joints in skeleton.palm_axis)
    x, y, z = (fingers - wrist).T
    # The same as the arcsines of the unit axis, but exact at the poles, where cos(pitch) is 0.
    return np.degrees(np.arctan2(x, np.abs(y))), np.degrees(np.arctan2(-z, np.hypot(x, y)))


def read(path: str | os.PathLike, frames: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Reads yaw and pitch in degrees, float64 [N] each, from a file such as ``msra_angle.txt``.

    Args:
        path: a file with one line ``yaw pitch`` per frame.
        frames: the number of rows that it must have; None accepts any.

    Raises InputError naming file and line.
    """
    angles_deg = tables.number_table(tables.read_lines(path), 2, path)
    if frames is not None and len(angles_deg) != frames:
        raise InputError(f"{path}: expected {frames} rows, one per frame, found {len(angles_deg)}")
    beyond = np.flatnonzero((np.abs(angles_deg) > 90).any(axis=1))
    if len(beyond):
        raise InputError(f"{path}, line {beyond[0] + 1}: yaw and pitch must be within -90 to 90 degrees")
    return angles_deg[:, 0], angles_deg[:, 1]


def error_by_angle(errors_mm: np.ndarray, angle_deg: np.ndarray, edges: np.ndarray) -> dict[str, np.ndarray]:
    """Mean error of the frames in each of K bins of an angle; frames beyond the edges are left out.

    Args:
        errors_mm: float [N, J].
        angle_deg: float [N].
        edges: [K + 1] ascending, e.g. ``YAW_EDGES``. A bin includes its lower edge, the last bin both.

    Returns:
        {"centres_deg": float64 [K], "mean_error_mm": float64 [K], NaN in an empty bin, "frames": int64 [K]}.
    """
    edges = np.asarray(edges, np.float64)
    frames, _ = np.histogram(angle_deg, edges)
    summed_mm, _ = np.histogram(angle_deg, edges, weights=metrics.frame_mean_mm(errors_mm))
    mean_mm = np.divide(summed_mm, frames, out=np.full(len(frames), np.nan), where=frames > 0)
    return {"centres_deg": (edges[1:] + edges[:-1]) / 2, "mean_error_mm": mean_mm, "frames": frames}
