"""Crops that show a quantizer what the network sees: of training frames, or of depth PNGs."""

import os
import pathlib
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from crossinfo.export.quantize import CALIBRATION_FRAMES
from datasets import centres, crops, pipeline, shards
from datasets.errors import InputError
from datasets.geometry import Camera
from datasets.io import depth_png
from datasets.records import evenly_spread

MAX_SHARDS = 20


def shard_files(calibration: str | os.PathLike) -> list[pathlib.Path]:
    """Shards of training crops in a work_dir, in that of a file in it, or in a cache_dir; may be []."""
    folder = pathlib.Path(calibration)
    folder = folder.parent if folder.is_file() else folder
    return sorted(folder.glob("shards/train-*/*.tfrecord")) or sorted(folder.glob("train-*/*.tfrecord"))


def training_crops(calibration: str | os.PathLike, joints: int) -> np.ndarray:
    """At most ``CALIBRATION_FRAMES`` training crops, evenly spread over the shards of ``shard_files``.

    Args:
        calibration: as of ``shard_files``.
        joints: how many joints the shards' labels have.

    Returns float32 [N, 96, 96, 1]. Raises InputError if there are no shards.
    """
    paths = shard_files(calibration)
    if not paths:
        raise InputError(
            f"`calibration`={calibration}: holds no training crops (shards/train-*); name the run's work_dir "
            "or cache_dir, or a folder of depth PNGs with its `camera`"
        )
    paths = [paths[i] for i in evenly_spread(len(paths), MAX_SHARDS)]
    frames_per_shard = -(-CALIBRATION_FRAMES // len(paths))
    parts = []
    for path in paths:
        shard = shards.ShardSet((str(path),), np.arange(0), (), None)
        whole = next(iter(pipeline.evaluation_batches(shard, joints, shards.SHARD_FRAMES)))["crop"].numpy()
        parts.append(whole[evenly_spread(len(whole), frames_per_shard)])
    return np.concatenate(parts)


def image_crops(images: Sequence[pathlib.Path], camera: Camera, cube_mm: float) -> np.ndarray:
    """Crops about the centre of mass, of at most ``CALIBRATION_FRAMES`` frames, evenly spread.

    Args:
        images: 16-bit depth PNGs in mm, at least one; those without a hand are left out.
        camera: of all of them.
        cube_mm: side of the crop cube.

    Returns float32 [N, 96, 96, 1]. Raises InputError if no frame shows a hand, or naming a damaged one.
    """
    cameras, cubes_mm = np.asarray(camera)[None], tf.fill([1], cube_mm)
    parts = []
    for image in (images[i] for i in evenly_spread(len(images), CALIBRATION_FRAMES)):
        depth_mm = depth_png.read_depth_png(image)[None]
        centre_mm, valid = centres.mass(depth_mm, cameras, cubes_mm)
        if valid[0]:
            parts.append(crops.crop(depth_mm, crops.CropPlace(centre_mm, cameras, cubes_mm)).numpy())
    if not parts:
        raise InputError(f"`calibration`={images[0].parent}: a hand was found in none of its frames")
    return np.concatenate(parts)
