"""Centre and cube -> 96 x 96 crop in [-1, 1], and the maps between frame and crop.

One set of batched TensorFlow operations makes the shards, crops for ``predict`` and sits inside the
exported graph. The window, its rounding and the nearest-neighbour grid are those of the authors'
program (checked against its golden crops).

Legend: B frames; ``place`` is their ``CropPlace``. Crop pixels are integers at pixel corners, as in the
authors' program: frame pixel ``start`` is crop pixel 0.
"""

from typing import NamedTuple

import tensorflow as tf

from datasets import geometry, opencv_nearest
from datasets.geometry import Array

CROP_SIZE = 96
BACKGROUND = 1.0


class CropPlace(NamedTuple):
    """Where each of B frames is cropped.

    Args:
        centre_mm: float32 [B, 3]. Middle of the cube in camera space.
        camera: float32 [B, 4] = fx, fy, cx, cy in pixels.
        cube_mm: float32 [B]. Side of the cube.
    """

    centre_mm: Array
    camera: Array
    cube_mm: Array

    @classmethod
    def of(cls, frames: dict[str, Array]) -> "CropPlace":
        """The place of a batch of frames, a dict with these three keys."""
        return cls(*(frames[key] for key in cls._fields))

    @property
    def centre_uvd(self) -> Array:
        """Pixel, pixel and depth in mm of the centres, [B, 3]."""
        return geometry.project(self.centre_mm[:, None], self.camera)[:, 0]


def window(place: CropPlace) -> tuple[tf.Tensor, tf.Tensor]:
    """Pixel window of the cube's middle plane: (start, end) int32 [B, 2], half-open, may leave the frame."""
    centre_uvd = place.centre_uvd
    half = place.cube_mm[:, None] / 2 * place.camera[:, :2] / centre_uvd[:, 2:]
    # The bound keeps the cast defined for absurd centres; no frame is that large.
    start = tf.floor(tf.clip_by_value(centre_uvd[:, :2] - half + 0.5, -1e6, 1e6))
    end = tf.floor(tf.clip_by_value(centre_uvd[:, :2] + half + 0.5, -1e6, 1e6))
    return tf.cast(start, tf.int32), tf.maximum(tf.cast(end, tf.int32), tf.cast(start, tf.int32) + 1)


def _fit(start, end):
    """Resized size and offset [B, 2] of the window in the crop: the longer side fills it."""
    size = end - start
    fitted = tf.maximum(size * CROP_SIZE // tf.reduce_max(size, axis=1, keepdims=True), 1)
    return fitted, (CROP_SIZE - fitted) // 2


def frame_to_crop(place: CropPlace) -> tf.Tensor:
    """Affine map [B, 3, 3] from frame pixels to crop pixels."""
    start, end = window(place)
    _, offset = _fit(start, end)
    scale = CROP_SIZE / tf.reduce_max(end - start, axis=1)
    scale = tf.cast(tf.stack([scale, scale], axis=1), tf.float32)
    return geometry.scale_and_shift(scale, tf.cast(offset, tf.float32) - scale * tf.cast(start, tf.float32))


def crop_mm(depth_mm: Array, place: CropPlace) -> tf.Tensor:
    """Cuts the cube out of frames [B, H, W] -> [B, 96, 96] in mm; 0 = background.

    Depth in front of the cube is moved to its front face, depth behind it is background.
    """
    height, width = tf.shape(depth_mm)[1], tf.shape(depth_mm)[2]
    start, end = window(place)
    columns, inside_x = _source(start[:, 0], end[:, 0], *_axis(start, end, 0), width)
    rows, inside_y = _source(start[:, 1], end[:, 1], *_axis(start, end, 1), height)
    patch = tf.gather(depth_mm, rows, axis=1, batch_dims=1)
    patch = tf.gather(patch, columns, axis=2, batch_dims=1)
    patch = tf.where(inside_y[:, :, None] & inside_x[:, None, :], patch, 0.0)
    return clip_depth(patch, place)


def _axis(start, end, axis):
    fitted, offset = _fit(start, end)
    return fitted[:, axis], offset[:, axis]


def _source(start, end, fitted, offset, limit):
    """Source index [B, 96] of each crop pixel along one axis, and whether it lies in window and frame."""
    position = tf.range(CROP_SIZE)[None] - offset[:, None]
    index = opencv_nearest.source(position, end - start, fitted)
    index = tf.minimum(index, (end - start - 1)[:, None]) + start[:, None]
    inside = (position >= 0) & (position < fitted[:, None]) & (index >= 0) & (index < limit)
    return tf.clip_by_value(index, 0, limit - 1), inside


def clip_depth(depth_mm: Array, place: CropPlace) -> tf.Tensor:
    """Depth [B, H, W] in front of the cube -> its front face; behind it, or no measurement -> 0."""
    front = (place.centre_mm[:, 2] - place.cube_mm / 2)[:, None, None]
    back = (place.centre_mm[:, 2] + place.cube_mm / 2)[:, None, None]
    return tf.where(measured(depth_mm) & (depth_mm <= back), tf.maximum(depth_mm, front), 0.0)


def measured(depth_mm: Array) -> tf.Tensor:
    """Where depth is a measurement: finite and positive."""
    return tf.math.is_finite(depth_mm) & (depth_mm > 0)


def normalise(crop_mm: Array, place: CropPlace) -> tf.Tensor:
    """Depth [B, 96, 96] in mm -> [-1, 1] about the centre; background and the back face are +1."""
    half = place.cube_mm[:, None, None] / 2
    value = (crop_mm - place.centre_mm[:, 2, None, None]) / half
    return tf.where(crop_mm > 0, tf.clip_by_value(value, -1.0, 1.0), BACKGROUND)


def denormalise(crop: Array, place: CropPlace) -> tf.Tensor:
    """Inverse of ``normalise``: [B, 96, 96] -> mm, background 0."""
    depth_mm = crop * place.cube_mm[:, None, None] / 2 + place.centre_mm[:, 2, None, None]
    return tf.where(crop < BACKGROUND, depth_mm, 0.0)


def crop(depth_mm: Array, place: CropPlace) -> tf.Tensor:
    """Frames [B, H, W] in mm -> network input [B, 96, 96, 1] in [-1, 1]."""
    return normalise(crop_mm(depth_mm, place), place)[..., None]


def normalise_joints(joints_mm: Array, place: CropPlace) -> Array:
    """Joints [B, J, 3] in mm -> (joint - centre) / (cube / 2)."""
    return (joints_mm - place.centre_mm[:, None]) / (place.cube_mm[:, None, None] / 2)


def denormalise_joints(joints: Array, place: CropPlace) -> Array:
    """Inverse of ``normalise_joints``: [B, J, 3] -> mm in camera space."""
    return joints * (place.cube_mm[:, None, None] / 2) + place.centre_mm[:, None]


def joints_to_crop(joints_mm: Array, place: CropPlace) -> tf.Tensor:
    """Joints [B, J, 3] in mm -> crop pixel, crop pixel, mm [B, J, 3]."""
    uvd = geometry.project(joints_mm, place.camera)
    return geometry.apply_affine(frame_to_crop(place), uvd)


def crop_to_joints(crop_uvd: Array, place: CropPlace) -> tf.Tensor:
    """Inverse of ``joints_to_crop``: crop pixel, crop pixel, mm [B, J, 3] -> joints in mm."""
    matrix = geometry.invert_affine(frame_to_crop(place))
    return geometry.unproject(geometry.apply_affine(matrix, crop_uvd), place.camera)
