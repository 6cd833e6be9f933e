"""The field's text format for labels and predictions: one frame a line, ``u v d`` a joint.

Pixels, pixels and mm, in the dataset's joint order and in the order of its frame list, as read and
written by awesome-hand-pose-estimation.
"""

import numpy as np

from datasets import files
from datasets.errors import InputError


def read(path, joints, frames=None):
    """Reads a text file of uvd rows.

    Args:
        path: path.
        joints: int. J, the joints a line must have.
        frames: int or None. The rows the file must have; None takes any number above zero.

    Returns float64 [N, J, 3]. Raises InputError naming file and line on a wrong number of columns or
    rows, on text, NaN or infinity, and on an empty file. Blank lines at the end are accepted.
    """
    lines = files.read_lines(path)
    if not lines:
        raise InputError(f"{path}: the file is empty; expected one line of {3 * joints} numbers a frame")
    uvd = files.number_table(lines, 3 * joints, path).reshape(-1, joints, 3)
    if frames is not None and len(uvd) != frames:
        raise InputError(f"{path}: expected {frames} rows, one a frame, found {len(uvd)}")
    return uvd


def write(path, uvd):
    """Writes uvd [N, J, 3] (pixel, pixel, mm) with four decimals, as the published files have; atomic."""
    rows = np.asarray(uvd, np.float64)
    with files.atomic_write(path) as file:
        np.savetxt(file, rows.reshape(len(rows), -1), fmt="%.4f")
