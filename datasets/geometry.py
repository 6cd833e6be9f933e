"""Pinhole camera and 2-D affine maps.

Every function takes NumPy arrays or TensorFlow tensors and gives back the same kind, so that the
readers, the batch operations and the served graph share one formula. TensorFlow is imported only when
tensors come in.

Legend: ``camera`` is [..., 4] = fx, fy, cx, cy in pixels; points are [..., N, 3]; an affine map is a
[..., 3, 3] matrix on column vectors (x, y, 1).
"""

import dataclasses
import sys
from typing import TYPE_CHECKING, Union

import numpy as np

from datasets.errors import InputError

if TYPE_CHECKING:
    import tensorflow as tf

Array = Union[np.ndarray, "tf.Tensor"]
# In files, in mm or pixels: a kilometre. Beyond it is damage, and squares would not fit into a float32.
MAX_COORDINATE = 1e6


@dataclasses.dataclass(frozen=True)
class Camera:
    """Pinhole intrinsics in pixels, y down. Raises InputError unless all are finite and fx, fy > 0."""

    fx: float
    fy: float
    cx: float
    cy: float

    def __post_init__(self) -> None:
        values = dataclasses.astuple(self)
        with np.errstate(over="ignore"):  # what float32 cannot hold is not finite, or zero
            fx, fy, *centre = np.array(values, np.float32)
        if not np.all(np.isfinite([fx, fy, *centre])) or fx <= 0 or fy <= 0:
            raise InputError(f"camera must be finite with positive focal lengths. Received: {values}")

    def __array__(self, dtype=None, copy=None):
        return np.array(dataclasses.astuple(self), dtype or np.float32)


def _namespace(*values):
    """NumPy, or TensorFlow as soon as one value is a tensor."""
    tf = sys.modules.get("tensorflow")
    return tf if tf is not None and any(tf.is_tensor(value) for value in values) else np


def project(points_mm: Array, camera: Array) -> Array:
    """Camera-space points [..., N, 3] in mm -> uvd [..., N, 3] (pixel, pixel, mm)."""
    xp = _namespace(points_mm, camera)
    x, y, z = (points_mm[..., i] for i in range(3))
    fx, fy, cx, cy = (camera[..., i, None] for i in range(4))
    return xp.stack([fx * x / z + cx, fy * y / z + cy, z], axis=-1)


def unproject(uvd: Array, camera: Array) -> Array:
    """Inverse of ``project``: uvd [..., N, 3] -> camera-space points [..., N, 3] in mm."""
    xp = _namespace(uvd, camera)
    u, v, z = (uvd[..., i] for i in range(3))
    fx, fy, cx, cy = (camera[..., i, None] for i in range(4))
    return xp.stack([(u - cx) * z / fx, (v - cy) * z / fy, z], axis=-1)


def scale_and_shift(scale_xy: Array, shift_xy: Array) -> Array:
    """Affine map p -> scale * p + shift as [..., 3, 3]; both arguments are [..., 2]."""
    xp = _namespace(scale_xy, shift_xy)
    sx, sy, tx, ty = scale_xy[..., 0], scale_xy[..., 1], shift_xy[..., 0], shift_xy[..., 1]
    zero, one = xp.zeros_like(sx), xp.ones_like(sx)
    return xp.stack(
        [xp.stack(row, axis=-1) for row in ((sx, zero, tx), (zero, sy, ty), (zero, zero, one))], axis=-2
    )


def rotation(angle_radians: Array, pivot_xy: Array) -> Array:
    """Rotation about pivots [..., 2] as [..., 3, 3]; positive angles turn clockwise in y-down pixels."""
    xp = _namespace(angle_radians, pivot_xy)
    c, s = xp.cos(angle_radians), xp.sin(angle_radians)
    px, py = pivot_xy[..., 0], pivot_xy[..., 1]
    zero, one = xp.zeros_like(c), xp.ones_like(c)
    rows = ((c, -s, px - c * px + s * py), (s, c, py - s * px - c * py), (zero, zero, one))
    return xp.stack([xp.stack(row, axis=-1) for row in rows], axis=-2)


def compose(outer: Array, inner: Array) -> Array:
    """The affine map [..., 3, 3] that applies ``inner``, then ``outer``.

    Written out, since a GPU's matrix units round products: TF32 keeps 10 bits, a tenth of a crop pixel.
    """
    xp = _namespace(outer, inner)
    cell = lambda i, j: sum(outer[..., i, k] * inner[..., k, j] for k in range(3))  # noqa: E731
    return xp.stack([xp.stack([cell(i, j) for j in range(3)], axis=-1) for i in range(3)], axis=-2)


def apply_affine(matrix: Array, points: Array) -> Array:
    """Applies an affine map to the first two columns of points [..., N, 2 or 3]; a third column stays."""
    xp = _namespace(matrix, points)
    x, y = points[..., 0], points[..., 1]
    m = [[matrix[..., i, j, None] for j in range(3)] for i in range(2)]
    moved = [row[0] * x + row[1] * y + row[2] for row in m]
    rest = [points[..., i] for i in range(2, points.shape[-1])]
    return xp.stack(moved + rest, axis=-1)


def invert_affine(matrix: Array) -> Array:
    """Inverse of an affine map [..., 3, 3], in closed form (no solver, so it runs under XLA and LiteRT)."""
    xp = _namespace(matrix)
    (a, b, tx), (c, d, ty) = ([matrix[..., i, j] for j in range(3)] for i in range(2))
    det = a * d - b * c
    zero, one = xp.zeros_like(a), xp.ones_like(a)
    rows = (
        (d / det, -b / det, (b * ty - d * tx) / det),
        (-c / det, a / det, (c * tx - a * ty) / det),
        (zero, zero, one),
    )
    return xp.stack([xp.stack(row, axis=-1) for row in rows], axis=-2)
