"""Augmentation: turn, move and scale image and joints by one map. Batch in, batch out.

A transform has three parts: the image turns about the crop's middle, the cube's centre moves in 3-D, and
the cube grows or shrinks. The crop that the changed cube would have cut defines one affine map in crop
pixels; that one matrix warps the image and moves the joints. The joints keep their depth, and image and
joints are normalised by the new centre and cube, as in the authors' program.

Where the frames carry an angle, the turn is added to it, and the joints stay where they are in camera
space; without one, there is nowhere else to keep the turn, and the joints are moved in camera space.

The authors' program does two things more, which a transform has to ask for: the crop's background lies on
the old cube's back face (a wall, as soon as the new cube reaches behind it), and the joints turn about the
projected centre, up to half a frame pixel from the crop's middle.

The operations are pure functions of ``draws``: uniform numbers made on the host from (run seed, epoch,
frame index). They give the same result inside tf.data and inside the compiled step on a GPU. The warp is
nearest-neighbour by computed indices: bilinear sampling invents depths at edges, and
``ImageProjectiveTransformV3`` has no XLA kernel.
"""

import math
from typing import TypedDict

import tensorflow as tf

from datasets import crops, geometry
from datasets.crops import CropPlace
from datasets.geometry import Array

DRAWS = 8  # uniform numbers per frame; every sampler below takes what it needs
PIXEL_STEPS = 4096  # positions are rounded to 1/4096 px, so that float32 noise does not decide ties

Frames = dict[str, tf.Tensor]


class Transform(TypedDict, total=False):
    """How a batch of frames is augmented.

    Args:
        angle: float32 [B]. Rotation in radians, clockwise.
        offset_mm: float32 [B, 3]. Shift of the cube's centre.
        scale: float32 [B]. Factor on the cube's side.
        background_wall: bool. The background lies on the old cube's back face; False where absent.
        joints_turn_about_centre: bool. The joints turn about the projected centre; False where absent.
    """

    angle: tf.Tensor
    offset_mm: tf.Tensor
    scale: tf.Tensor
    background_wall: bool
    joints_turn_about_centre: bool


def sample_paper(draws: Array, cube_mm: Array) -> Transform:
    """Section 3.5: rotation +-180 degrees, shift +-10 crop pixels and scale 0.9 to 1.1, together.

    Args:
        draws: float32 [B, DRAWS] uniform in (0, 1).
        cube_mm: float32 [B].
    """
    shift_px = (2 * draws[:, 1:3] - 1) * 10
    shift_mm = shift_px * cube_mm[:, None] / crops.CROP_SIZE
    return {
        "angle": (2 * draws[:, 0] - 1) * math.pi,
        "offset_mm": tf.pad(shift_mm, [[0, 0], [0, 1]]),
        "scale": 0.9 + 0.2 * draws[:, 3],
    }


def sample_release(draws: Array, cube_mm: Array) -> Transform:
    """The authors' program: one of move N(0, 10) mm, rotate U(+-180), scale 1 + N(0, 0.05), none.

    Arguments as ``sample_paper``.
    """
    del cube_mm
    mode = tf.floor(draws[:, 0] * 4)
    normal = tf.math.ndtri(draws[:, 2:6])
    return {
        "angle": tf.where(mode == 1, (2 * draws[:, 1] - 1) * math.pi, 0.0),
        "offset_mm": tf.where((mode == 0)[:, None], 10 * normal[:, :3], 0.0),
        "scale": tf.where(mode == 2, 1 + 0.05 * normal[:, 3], 1.0),
        "background_wall": True,
        "joints_turn_about_centre": True,
    }


def sample_mild(draws: Array, cube_mm: Array) -> Transform:
    """As ``sample_paper`` with a quarter of its rotation and half of its shift: for short trainings."""
    full = sample_paper(draws, cube_mm)
    return {**full, "angle": full["angle"] / 4, "offset_mm": full["offset_mm"] / 2}


SAMPLERS = {"paper": sample_paper, "mild": sample_mild, "release": sample_release}


def augment(frames: Frames, transform: Transform) -> Frames:
    """Applies a transform to cropped frames.

    Args:
        frames: dict with ``crop`` [B, 96, 96, 1], ``joints_mm`` [B, J, 3], ``camera`` [B, 4],
            ``centre_mm`` [B, 3], ``cube_mm`` [B] and perhaps ``angle`` [B]; other keys pass through.
        transform: Transform, as given by a sampler.

    Returns:
        The same dict with crop, joints, centre, cube and angle changed.
    """
    old = CropPlace.of(frames)
    new = moved(old, transform)
    patch_mm = crops.denormalise(frames["crop"][..., 0], old)
    if transform.get("background_wall", False):
        back_mm = (old.centre_mm[:, 2] + old.cube_mm / 2)[:, None, None]
        patch_mm = tf.where(patch_mm > 0, patch_mm, back_mm)
    patch_mm = crops.clip_depth(warp(patch_mm, _image_map(old, transform)), new)
    joints_map = crop_map(old, transform, transform.get("joints_turn_about_centre", False))
    crop_uvd = geometry.apply_affine(joints_map, crops.joints_to_crop(frames["joints_mm"], old))
    return {
        **frames,
        **new.entries(),
        "crop": crops.normalise(patch_mm, new)[..., None],
        "joints_mm": crops.crop_to_joints(crop_uvd, new),
    }


def moved(place: CropPlace, transform: Transform) -> CropPlace:
    """The place with its centre moved, its cube scaled, and the turn added to the angle where it has one."""
    return place._replace(
        centre_mm=place.centre_mm + transform["offset_mm"],
        cube_mm=place.cube_mm * transform["scale"],
        angle=None if place.angle is None else place.angle + transform["angle"],
    )


def crop_map(place: CropPlace, transform: Transform, about_centre: bool = False) -> tf.Tensor:
    """The one matrix [B, 3, 3]: old crop pixel -> new crop pixel.

    Args:
        place: CropPlace of the old crop.
        transform: Transform.
        about_centre: bool. Turn about the pixel of the new centre; False turns about the crop's middle.
    """
    new_place = moved(place, transform)._replace(angle=place.angle)
    old, new = crops.frame_to_crop(place), crops.frame_to_crop(new_place)
    pivot_px = tf.fill([tf.shape(old)[0], 2], crops.CROP_SIZE / 2)
    if about_centre:
        pivot_px = crops.joints_to_crop(new_place.centre_mm[:, None], new_place)[:, 0, :2]
    turn = geometry.rotation(transform["angle"], pivot_px)
    return geometry.compose(turn, geometry.compose(new, geometry.invert_affine(old)))


def _image_map(place, transform):
    """``crop_map`` for the image, whose pixels lie beside their coordinates.

    Crops with an angle show this lag the same way at every angle, so it must not be turned. The authors'
    augmentation does turn it.
    """
    matrix = crop_map(place, transform)
    if place.angle is None:
        return matrix
    lag = lambda place: geometry.scale_and_shift(  # noqa: E731
        tf.ones([tf.shape(matrix)[0], 2]), tf.tile(crops.lag_px(place)[:, None], [1, 2])
    )
    old, new = lag(place), lag(moved(place, transform))
    return geometry.compose(new, geometry.compose(matrix, geometry.invert_affine(old)))


def warp(patch: Array, matrix: Array) -> tf.Tensor:
    """Warps images [B, 96, 96] by matrices [B, 3, 3] (old pixel -> new pixel); uncovered pixels are 0."""
    size = crops.CROP_SIZE
    x, y = tf.meshgrid(tf.range(size, dtype=tf.float32), tf.range(size, dtype=tf.float32))
    grid = tf.reshape(tf.stack([x, y], axis=-1), [1, size * size, 2])
    source = geometry.apply_affine(geometry.invert_affine(matrix), grid)
    # A point midway between two pixels goes to the even one, as in OpenCV; without the inner rounding,
    # float32's last bit would decide, differently on each device.
    source = tf.round(tf.round(source * PIXEL_STEPS) / PIXEL_STEPS)
    inside = tf.reduce_all((source >= 0) & (source < size), axis=-1)
    column, row = tf.unstack(tf.cast(tf.clip_by_value(source, 0, size - 1), tf.int32), axis=-1)
    flat = tf.reshape(patch, [-1, size * size])
    moved = tf.gather(flat, row * size + column, axis=1, batch_dims=1)
    return tf.reshape(tf.where(inside, moved, 0.0), tf.shape(patch))
