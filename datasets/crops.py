"""Centre, cube and angle -> 96 x 96 crop in [-1, 1], and the maps between frame and crop.

One set of batched TensorFlow operations makes the shards, crops for ``predict`` and sits inside the
exported graph. The window, its rounding and the nearest-neighbour grid are those of the authors'
program (checked against its golden crops). With an angle the same grid is laid turned over the frame, so
that the crop's corners show what lies there and nothing is sampled twice.

Legend: B frames; ``place`` is their ``CropPlace``. Crop pixels are integers at pixel corners, as in the
authors' program: frame pixel ``start`` is crop pixel 0.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from datasets import geometry, opencv_nearest
from datasets.geometry import Array

CROP_SIZE = 96
MIDDLE_PX = CROP_SIZE / 2
BACKGROUND = 1.0
MIN_BONE_PX = 1.0


class CropPlace(NamedTuple):
    """Where each of B frames is cropped.

    Args:
        centre_mm: float32 [B, 3]. Middle of the cube in camera space.
        camera: float32 [B, 4] = fx, fy, cx, cy in pixels.
        cube_mm: float32 [B]. Side of the cube.
        angle: float32 [B] or None. Radians by which the picture is turned about the crop's middle,
            clockwise on the screen where positive, as in ``augment.Transform``; see ``upright_angle``.
            None and 0 give the authors' crop.
    """

    centre_mm: Array
    camera: Array
    cube_mm: Array
    angle: Array | None = None

    @classmethod
    def of(cls, frames: dict[str, Array]) -> "CropPlace":
        """The place of a batch of frames, a dict with these keys; ``angle`` may be absent."""
        return cls(frames["centre_mm"], frames["camera"], frames["cube_mm"], frames.get("angle"))

    def entries(self) -> dict[str, Array]:
        """Inverse of ``of``: a dict with these keys, without ``angle`` where it is None."""
        return {key: value for key, value in self._asdict().items() if value is not None}

    @property
    def centre_uvd(self) -> Array:
        """Pixel, pixel and depth in mm of the centres, [B, 3]."""
        return geometry.project(self.centre_mm[:, None], self.camera)[:, 0]


def window(place: CropPlace) -> tuple[tf.Tensor, tf.Tensor]:
    """Pixel window of the cube's middle plane: (start, end) int32 [B, 2], half-open, may leave the frame.

    It is the window before the turn, the same for every angle.
    """
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
    """Affine map [B, 3, 3] from frame pixels to crop pixels, with the turn about the crop's middle."""
    matrix = _unturned(place)
    if place.angle is None:
        return matrix
    middle = tf.fill([tf.shape(matrix)[0], 2], MIDDLE_PX)
    return geometry.compose(geometry.rotation(place.angle, middle), matrix)


def _unturned(place):
    """``frame_to_crop`` before the turn."""
    start, end = window(place)
    _, offset = _fit(start, end)
    scale = _scale(start, end)
    scale = tf.stack([scale, scale], axis=1)
    return geometry.scale_and_shift(scale, tf.cast(offset, tf.float32) - scale * tf.cast(start, tf.float32))


def _scale(start, end):
    return CROP_SIZE / tf.cast(tf.reduce_max(end - start, axis=1), tf.float32)


def lag_px(place: CropPlace) -> tf.Tensor:
    """How far to the right of its coordinate, and below it, a crop shows a frame pixel: [B], crop pixels.

    Half a frame pixel on average, since the authors' grid takes the frame pixel before a position, not the
    nearest one.
    """
    return _scale(*window(place)) / 2


def crop_mm(depth_mm: Array, place: CropPlace) -> tf.Tensor:
    """Cuts the cube out of frames [B, H, W] -> [B, 96, 96] in mm; 0 = background.

    Depth in front of the cube is moved to its front face, depth behind it is background.
    """
    cut = _cut if place.angle is None else _cut_turned
    return clip_depth(cut(depth_mm, place), place)


def _cut(depth_mm, place):
    rows, columns, inside_y, inside_x = _grid(depth_mm, place)
    patch = tf.gather(depth_mm, rows, axis=1, batch_dims=1)
    patch = tf.gather(patch, columns, axis=2, batch_dims=1)
    return tf.where(inside_y[:, :, None] & inside_x[:, None, :], patch, 0.0)


def _cut_turned(depth_mm, place):
    rows, columns, inside_y, inside_x = _grid(depth_mm, place)
    turned_rows, turned_columns, turned_inside = _turned_grid(depth_mm, place)
    straight = (place.angle == 0)[:, None, None]
    rows = tf.where(straight, rows[:, :, None], turned_rows)
    columns = tf.where(straight, columns[:, None, :], turned_columns)
    inside = tf.where(straight, inside_y[:, :, None] & inside_x[:, None, :], turned_inside)
    batch, height, width = tf.unstack(tf.shape(depth_mm))
    flat = tf.reshape(depth_mm, [batch, height * width])
    index = tf.reshape(rows * width + columns, [batch, CROP_SIZE**2])
    patch = tf.reshape(tf.gather(flat, index, axis=1, batch_dims=1), [batch, CROP_SIZE, CROP_SIZE])
    return tf.where(inside, patch, 0.0)


def _grid(depth_mm, place):
    """Rows and columns [B, 96] of the frame behind the crop's, and whether they lie in window and frame."""
    height, width = tf.shape(depth_mm)[1], tf.shape(depth_mm)[2]
    start, end = window(place)
    columns, inside_x = _source(start[:, 0], end[:, 0], *_axis(start, end, 0), width)
    rows, inside_y = _source(start[:, 1], end[:, 1], *_axis(start, end, 1), height)
    return rows, columns, inside_y, inside_x


def _turned_grid(depth_mm, place):
    """Row and column [B, 96, 96] of the frame behind each crop pixel, and whether the frame has them.

    The grid is that of a square window, turned about the middle as the picture shows it, so that picture
    and joints agree alike at every angle.
    """
    start, end = window(place)
    _, offset = _fit(start, end)
    longest = tf.reduce_max(end - start, axis=1)
    pivot = (MIDDLE_PX + lag_px(place))[:, None, None]
    x = tf.range(CROP_SIZE, dtype=tf.float32)[None, None, :] - pivot
    y = tf.range(CROP_SIZE, dtype=tf.float32)[None, :, None] - pivot
    c, s = (turn(place.angle)[:, None, None] for turn in (tf.cos, tf.sin))

    def source(position, axis, limit):
        position -= tf.cast(offset[:, axis, None, None], tf.float32)
        index = opencv_nearest.source_between(position, longest, CROP_SIZE) + start[:, axis, None, None]
        return tf.clip_by_value(index, 0, limit - 1), (index >= 0) & (index < limit)

    size = tf.shape(depth_mm)
    columns, inside_x = source(c * x + s * y + pivot, 0, size[2])
    rows, inside_y = source(c * y - s * x + pivot, 1, size[1])
    return rows, columns, inside_y & inside_x


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
    """Joints [B, J, 3] in mm -> (joint - centre) / (cube / 2), the joints as the turned picture shows them.

    The turn is that of ``augment``: pixels turn about the crop's middle and joints keep their depth.
    """
    if place.angle is not None:
        joints_mm = _turned(joints_mm, place, place.angle)
    return (joints_mm - place.centre_mm[:, None]) / (place.cube_mm[:, None, None] / 2)


def denormalise_joints(joints: Array, place: CropPlace) -> Array:
    """Inverse of ``normalise_joints``: [B, J, 3] -> mm in camera space."""
    joints_mm = joints * (place.cube_mm[:, None, None] / 2) + place.centre_mm[:, None]
    return joints_mm if place.angle is None else _turned(joints_mm, place, -place.angle)


def _turned(joints_mm, place, angle):
    """Joints whose pixels are turned about the crop's middle; their depth stays."""
    matrix = geometry.invert_affine(_unturned(place))
    middle = geometry.apply_affine(matrix, tf.fill([1, 1, 2], MIDDLE_PX))[:, 0]
    uvd = geometry.apply_affine(geometry.rotation(angle, middle), geometry.project(joints_mm, place.camera))
    return geometry.unproject(uvd, place.camera)


def joints_to_crop(joints_mm: Array, place: CropPlace) -> tf.Tensor:
    """Joints [B, J, 3] in mm -> crop pixel, crop pixel, mm [B, J, 3]."""
    uvd = geometry.project(joints_mm, place.camera)
    return geometry.apply_affine(frame_to_crop(place), uvd)


def crop_to_joints(crop_uvd: Array, place: CropPlace) -> tf.Tensor:
    """Inverse of ``joints_to_crop``: crop pixel, crop pixel, mm [B, J, 3] -> joints in mm."""
    matrix = geometry.invert_affine(frame_to_crop(place))
    return geometry.unproject(geometry.apply_affine(matrix, crop_uvd), place.camera)


def upright_angle(joints_mm: Array, camera: Array, wrist: int, middle_root: int) -> tf.Tensor:
    """The angle of a place that shows hands upright: the middle finger's root straight above the wrist.

    With the image direction (du, dv) from wrist to root it is atan2(-du, -dv): 0 for a root above the
    wrist (smaller v), and a quarter turn counterclockwise, -pi/2, for a root to the right of it.

    Args:
        joints_mm: float32 [B, J, 3].
        camera: float32 [B, 4].
        wrist, middle_root: int. Indices of the two joints.

    Returns:
        float32 [B] in [-pi, pi]; 0 where the two are within a frame pixel, or not in front of the camera.
    """
    bone_mm = tf.gather(joints_mm, [wrist, middle_root], axis=1)
    u, v, z = tf.unstack(geometry.project(bone_mm, camera), axis=-1)
    du, dv = u[:, 1] - u[:, 0], v[:, 1] - v[:, 0]
    seen = (du**2 + dv**2 >= MIN_BONE_PX**2) & tf.reduce_all(z > 0, axis=1)
    seen &= tf.math.is_finite(du) & tf.math.is_finite(dv)
    return tf.math.atan2(tf.where(seen, -du, 0.0), tf.where(seen, -dv, 1.0))


def mirrored(depth_mm: Array, place: CropPlace, is_left: Array) -> tuple[tf.Tensor, CropPlace]:
    """Frames and places in which left hands are seen as right hands; ``mirror_joints`` leads back.

    Args:
        depth_mm: float32 [B, H, W].
        place: their places.
        is_left: bool [B]. Which frames are flipped; the others stay as they are.

    Returns:
        (depth_mm [B, H, W], CropPlace).
    """
    last = tf.cast(tf.shape(depth_mm)[2] - 1, tf.float32)
    # No unstack and stack: TensorFlow's optimiser takes camera[..., i, None] from a stack as [B], not [B, 1].
    camera = place.camera * np.float32([1, 1, -1, 1]) + last * [0.0, 0.0, 1.0, 0.0]
    place = place._replace(
        centre_mm=mirror_joints(place.centre_mm[:, None], is_left)[:, 0],
        camera=tf.where(is_left[:, None], camera, place.camera),
        angle=None if place.angle is None else tf.where(is_left, -place.angle, place.angle),
    )
    return tf.where(is_left[:, None, None], tf.reverse(depth_mm, [2]), depth_mm), place


def mirror_joints(joints_mm: Array, is_left: Array) -> tf.Tensor:
    """Joints [B, J, 3] with x -> -x in the frames that ``is_left`` [B] names; its own inverse."""
    return tf.where(is_left[:, None, None], joints_mm * np.float32([-1, 1, 1]), joints_mm)
