"""Where the hand is: the centre of mass of the nearest object, the ground truth, or a file's centres.

``mass`` needs nothing but the frame. It works for any camera and frame size, with arm, body and wall
behind the hand, and is the same operation for shards, ``predict`` and the exported graph.

Legend as in ``datasets.crops``.
"""

import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from datasets import crops, geometry
from datasets.crops import CropPlace
from datasets.errors import InputError
from datasets.geometry import Array
from datasets.io import tables
from datasets.records import Reader

MODES = ("gt", "file", "com")
MISALIGNED_MM = 150.0
# Taken where there is no centre: any point in front of the camera keeps the arithmetic of a crop finite.
STAND_IN_MM = (0.0, 0.0, 1000.0)

# A hand, seen from any side, shows more than this; speckle and stray pixels show less.
MIN_AREA_MM2 = 800.0
FRONT_AREA_MM2 = 200.0
FRONT_SLAB_MM = 60.0
BIN_MM, BINS = 10.0, 400
CELLS = 12
COARSE_PIXELS = 160
# A pixel belongs to a surface if at least this many of its eight neighbours have about its depth.
NEIGHBOURS, NEIGHBOUR_MM = 3, 30.0
REFINEMENTS = 4


def ground_truth(joints_mm: Array) -> Array:
    """Mean of the joints: [..., J, 3] -> [..., 3]."""
    return joints_mm.mean(axis=-2)


def usable(centre_mm: Array) -> tf.Tensor:
    """Whether centres [B, 3] are finite and in front of the camera, bool [B]."""
    return tf.reduce_all(tf.math.is_finite(centre_mm), axis=1) & (centre_mm[:, 2] > 0)


def from_file(path: str | os.PathLike, reader: Reader, y_up: bool) -> np.ndarray:
    """Centres of a text file for a reader's frames.

    Each line is ``x y z`` in mm, as V2V-PoseNet published them, in the order of the frames; or
    ``name x y z``, matched by name, in any order. A line may have ``invalid`` in place of its numbers.

    Args:
        path: path.
        reader: Reader.
        y_up: bool. Whether y points up in the file.

    Returns:
        float32 [N, 3], y down; NaN where invalid. Raises InputError naming the file and the line or
        frame, also where the rows clearly belong to other frames.
    """
    lines = tables.read_lines(path)
    if lines and _is_name(next(line for line in lines if line.strip()).split()[0]):
        lines = _by_name(lines, reader.names, path)
    centres_mm = read_rows(lines, len(reader), path, y_up)
    _check_alignment(centres_mm, reader, path)
    return centres_mm


def read_rows(lines: Sequence[str], frames: int, path: str | os.PathLike, y_up: bool) -> np.ndarray:
    """Rows of ``from_file`` without names.

    Args:
        lines: lines of ``x y z`` in mm, or that begin with ``invalid``.
        frames: int. How many there must be.
        path: path of their file, for messages.
        y_up: bool. Whether y points up in the file.

    Returns:
        float32 [frames, 3], y down; NaN where invalid. Raises InputError naming the file and the line.
    """
    if len(lines) != frames:
        raise InputError(
            f"{path}: expected {frames} centres, one per frame, found {len(lines)}; rows of another release "
            "or split can be matched only if each line begins with its frame's name"
        )
    centres_mm = np.full((frames, 3), np.nan, np.float32)
    for number, line in enumerate(lines):
        if not line.startswith("invalid"):
            centres_mm[number] = tables.number_table([line], 3, path, number + 1)[0]
    return centres_mm * np.float32([1, -1 if y_up else 1, 1])


def _is_name(word):
    """Whether a line's first word is a frame's name; ``nan`` is a number, though a bad one."""
    try:
        float(word)
    except ValueError:
        return word != "invalid"
    return False


def _by_name(lines, names, path):
    rows = dict(line.split(maxsplit=1) for line in lines if len(line.split()) > 1)
    missing = next((name for name in names if name not in rows), None)
    if missing is not None:
        raise InputError(f"{path}: no centre for the frame {missing}")
    return [rows[name] for name in names]


def _check_alignment(centres_mm, reader, path):
    """Refuses rows of which more than 1 in 20 lie a hand's length from their frames' labels."""
    if reader.joints_mm is None:
        return
    distance_mm = np.linalg.norm(centres_mm - ground_truth(np.asarray(reader.joints_mm)), axis=1)
    far = np.flatnonzero(distance_mm > MISALIGNED_MM)
    if len(far) > 0.05 * len(centres_mm):
        raise InputError(
            f"{path}: {len(far)} of {len(centres_mm)} centres lie over {MISALIGNED_MM:.0f} mm from their "
            f"labels, the first is that of {reader.names[far[0]]}: its rows are of other frames, or its axes "
            "differ"
        )


def refine(depth_mm: Array, place: CropPlace) -> tuple[tf.Tensor, tf.Tensor]:
    """Moves centres to the centre of mass of what lies in their cubes; an empty cube keeps its centre.

    The mean of pixel position and depth over the cube's window, with depth in front of the cube taken at
    its front face, as in the authors' program.

    Returns:
        (centre_mm float32 [B, 3], area_mm2 float32 [B] of the surface seen inside the cube).
    """
    start, end = crops.window(place)
    rows, columns = _pixels(depth_mm)
    inside = _between(rows, start[:, 1], end[:, 1])[:, :, None]
    inside &= _between(columns, start[:, 0], end[:, 0])[:, None, :]
    patch = crops.clip_depth(tf.where(inside, depth_mm, 0.0), place)
    count, mean_uvd = _mean_uvd(patch)
    moved = geometry.unproject(mean_uvd[:, None], place.camera)[:, 0]
    found = count > 0
    area = count * mean_uvd[:, 2] ** 2 / (place.camera[:, 0] * place.camera[:, 1])
    return tf.where(found[:, None], moved, place.centre_mm), tf.where(found, area, 0.0)


def mass(depth_mm: Array, camera: Array, cube_mm: Array) -> tuple[tf.Tensor, tf.Tensor]:
    """Centre of the nearest hand-sized object.

    Args:
        depth_mm: float32 [B, H, W]; 0 or non-finite = no measurement.
        camera: float32 [B, 4].
        cube_mm: float32 [B].

    Returns:
        (centre_mm float32 [B, 3], valid bool [B]); zeros where nothing was found.
    """
    depth_mm, camera = _coarse(depth_mm, camera)
    depth_mm = tf.where(crops.measured(depth_mm), depth_mm, 0.0)
    centre_mm = _front_patch(_without_specks(depth_mm), camera)
    area = tf.zeros_like(cube_mm)
    for _ in range(REFINEMENTS):
        centre_mm, area = refine(depth_mm, CropPlace(centre_mm, camera, cube_mm))
    valid = (area >= MIN_AREA_MM2) & tf.reduce_all(tf.math.is_finite(centre_mm), axis=1)
    return tf.where(valid[:, None], centre_mm, 0.0), valid


def _coarse(depth_mm, camera):
    """Every n-th pixel, so that the longer side has at most ``COARSE_PIXELS``: a mean needs no more."""
    step = -(-tf.reduce_max(tf.shape(depth_mm)[1:]) // COARSE_PIXELS)
    return depth_mm[:, ::step, ::step], camera / tf.cast(step, tf.float32)


def _without_specks(depth_mm):
    """Clears stray pixels: many of them, in front of the hand, would add up to a nearest surface."""
    padded = tf.pad(depth_mm, [[0, 0], [1, 1], [1, 1]])
    # Each pair of neighbours is compared once and counts for both.
    across = _alike(padded[:, 1:-1, :-1], padded[:, 1:-1, 1:])
    down = _alike(padded[:, :-1, 1:-1], padded[:, 1:, 1:-1])
    falling = _alike(padded[:, :-1, :-1], padded[:, 1:, 1:])
    rising = _alike(padded[:, 1:, :-1], padded[:, :-1, 1:])
    alike = across[:, :, :-1] + across[:, :, 1:] + down[:, :-1] + down[:, 1:]
    alike += falling[:, :-1, :-1] + falling[:, 1:, 1:] + rising[:, 1:, :-1] + rising[:, :-1, 1:]
    return tf.where(alike >= NEIGHBOURS, depth_mm, 0.0)


def _alike(some_mm, others_mm):
    return tf.cast(tf.abs(some_mm - others_mm) < NEIGHBOUR_MM, tf.int32)


def _front_patch(depth_mm, camera):
    """Middle of the densest patch within a slab behind the nearest surface: a point on the object."""
    near = _nearest_surface(depth_mm, camera)
    slab = tf.where(depth_mm <= (near + FRONT_SLAB_MM)[:, None, None], depth_mm, 0.0)
    slab = tf.where(slab >= near[:, None, None], slab, 0.0)
    rows, columns = _pixels(depth_mm)
    row_cell = rows * CELLS // tf.shape(depth_mm)[1]
    column_cell = columns * CELLS // tf.shape(depth_mm)[2]
    counts = tf.transpose(tf.cast(slab > 0, tf.float32), [2, 1, 0])
    counts = tf.math.unsorted_segment_sum(counts, column_cell, CELLS)
    counts = tf.math.unsorted_segment_sum(tf.transpose(counts, [1, 0, 2]), row_cell, CELLS)
    best = tf.argmax(tf.reshape(counts, [CELLS**2, -1]), output_type=tf.int32)[:, None]
    densest = (row_cell == best // CELLS)[:, :, None] & (column_cell == best % CELLS)[:, None, :]
    _, mean_uvd = _mean_uvd(tf.where(densest, slab, 0.0))
    return geometry.unproject(mean_uvd[:, None], camera)[:, 0]


def _nearest_surface(depth_mm, camera):
    """Depth [B] behind which the first few square centimetres have been seen; speckle is too small."""
    bins = tf.cast(tf.minimum(depth_mm / BIN_MM, BINS - 1.0), tf.int32)
    area_mm2 = _histogram(depth_mm**2, bins, BINS) / (camera[:, 0] * camera[:, 1])[:, None]
    seen = tf.cumsum(area_mm2, axis=1)
    first = tf.argmax(tf.cast(seen >= FRONT_AREA_MM2, tf.int32), axis=1)
    return tf.cast(first, tf.float32) * BIN_MM


def _histogram(weights, bins, size):
    """Sum of weights [B, H, W] by bin -> [B, size]."""
    batch = tf.shape(weights)[0]
    index = bins + size * tf.range(batch)[:, None, None]
    summed = tf.math.unsorted_segment_sum(tf.reshape(weights, [-1]), tf.reshape(index, [-1]), batch * size)
    return tf.reshape(summed, [batch, size])


def _mean_uvd(patch):
    """(count [B], mean pixel and depth [B, 3]) over the pixels with depth; depth 1 where there are none."""
    seen = tf.cast(patch > 0, tf.float32)
    rows, columns = (tf.cast(x, tf.float32) for x in _pixels(patch))
    by_column = tf.reduce_sum(seen, axis=1)
    count = tf.reduce_sum(by_column, axis=1)
    u = tf.reduce_sum(by_column * columns, axis=1)
    v = tf.reduce_sum(tf.reduce_sum(seen, axis=2) * rows, axis=1)
    mean = tf.stack([u, v, tf.reduce_sum(patch, axis=[1, 2])], axis=1) / tf.maximum(count, 1.0)[:, None]
    return count, tf.where((count > 0)[:, None], mean, tf.ones_like(mean))


def _pixels(depth_mm):
    return tf.range(tf.shape(depth_mm)[1]), tf.range(tf.shape(depth_mm)[2])


def _between(positions, start, end):
    return (positions[None] >= start[:, None]) & (positions[None] < end[:, None])
