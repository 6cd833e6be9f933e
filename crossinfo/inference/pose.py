"""A hand found in one frame, and the table of many: ``joints.csv``."""

import csv
import dataclasses

import numpy as np

COLUMNS = ("frame", "joint", "u", "v", "x_mm", "y_mm", "z_mm", "valid")


@dataclasses.dataclass(frozen=True)
class Pose:
    """What was found in one frame; zeros if not ``valid``.

    Args:
        frame: str. The file's name without its ending.
        joints_mm, joints_uvd: float32 [J, 3] in camera space, and as pixel, pixel, mm.
        centre_mm: float32 [3]. The crop's centre.
        valid: bool. Whether a hand was found.
    """

    frame: str
    joints_mm: np.ndarray
    joints_uvd: np.ndarray
    centre_mm: np.ndarray
    valid: bool


def write_csv(file, poses, joints):
    """Writes ``COLUMNS`` and a row a frame and joint; numbers with three decimals, ``valid`` as 1 or 0.

    Args:
        file: text file, open for writing without newline translation.
        poses: list of Pose.
        joints: J names.
    """
    table = csv.writer(file, lineterminator="\n")
    table.writerow(COLUMNS)
    for pose in poses:
        for joint, (u, v, _), xyz_mm in zip(joints, pose.joints_uvd, pose.joints_mm, strict=True):
            values = (f"{value:.3f}" for value in (u, v, *xyz_mm))
            table.writerow([pose.frame, joint, *values, int(pose.valid)])
