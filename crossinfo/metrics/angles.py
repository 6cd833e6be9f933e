"""How the hand is turned, and the error by it: yaw and pitch of the palm, in degrees.

The palm's axis ``a`` runs from the wrist to the root of the middle finger. In a frame with y down,
``pitch = -asin(a_z)`` and ``yaw = asin(a_x / cos(pitch))`` of the unit axis: 0, 0 for fingers straight up;
pitch is positive for fingers that point towards the camera, yaw for fingers that lean to the picture's right.
Fingers that point down have the yaw of fingers that point up: the field's formula does not tell them apart.
Only MSRA's axis, and so HANDS 2017's, is the field's (Sun et al., CVPR 2015; ``msra_angle.txt`` of
awesome-hand-pose-estimation). NYU's runs from between its two wrist joints to the palm, ICVL's from the
palm to the root of the middle finger: of their joints, the stiff pairs nearest to it.
"""

import numpy as np

from crossinfo import metrics
from datasets.errors import InputError
from datasets.io import tables

YAW_EDGES = np.arange(-40, 42, 2)
PITCH_EDGES = np.arange(-10, 92, 2)


def yaw_pitch(joints_mm, skeleton):
    """Yaw and pitch of the palm.

    Args:
        joints_mm: float [N, J, 3] in mm, y down.
        skeleton: Skeleton with a ``palm_axis``.

    Returns (yaw_deg float64 [N], pitch_deg float64 [N]), both within -90 to 90.
    """
    joints_mm = np.asarray(joints_mm, np.float64)
    wrist, fingers = (joints_mm[:, list(joints)].mean(axis=1) for joints in skeleton.palm_axis)
    x, y, z = (fingers - wrist).T
    # The same as the arcsines of the unit axis, but exact at the poles, where cos(pitch) is 0.
    return np.degrees(np.arctan2(x, np.abs(y))), np.degrees(np.arctan2(-z, np.hypot(x, y)))


def read(path, frames=None):
    """Reads a file of ``yaw pitch`` in degrees, a frame a line, such as ``msra_angle.txt``.

    Args:
        path: path.
        frames: int or None. The rows it must have.

    Returns (yaw_deg float64 [N], pitch_deg float64 [N]). Raises InputError naming file and line.
    """
    angles_deg = tables.number_table(tables.read_lines(path), 2, path)
    if frames is not None and len(angles_deg) != frames:
        raise InputError(f"{path}: expected {frames} rows, one a frame, found {len(angles_deg)}")
    beyond = np.flatnonzero((np.abs(angles_deg) > 90).any(axis=1))
    if len(beyond):
        raise InputError(f"{path}, line {beyond[0] + 1}: yaw and pitch lie within -90 to 90 degrees")
    return angles_deg[:, 0], angles_deg[:, 1]


def error_by_angle(errors_mm, angle_deg, edges):
    """Mean error of the frames in each bin of an angle.

    Args:
        errors_mm: float [N, J].
        angle_deg: float [N].
        edges: [K + 1] ascending, e.g. ``YAW_EDGES``. A bin holds its lower edge; the last holds both.

    Returns {"centres_deg": float64 [K], "mean_error_mm": float64 [K], NaN in an empty bin, "frames": int64
    [K]}. Frames beyond the edges are left out.
    """
    edges = np.asarray(edges, np.float64)
    frames, _ = np.histogram(angle_deg, edges)
    summed_mm, _ = np.histogram(angle_deg, edges, weights=metrics.frame_mean_mm(errors_mm))
    mean_mm = np.divide(summed_mm, frames, out=np.full(len(frames), np.nan), where=frames > 0)
    return {"centres_deg": (edges[1:] + edges[:-1]) / 2, "mean_error_mm": mean_mm, "frames": frames}
