"""Crops that show a quantizer what the network sees: of training frames, or of depth PNGs."""

import pathlib

import numpy as np
import tensorflow as tf

from crossinfo.export.quantize import CALIBRATION_FRAMES
from crossinfo.inference.depth_inputs import find_images, numbers
from datasets import centres, pipeline, shards
from datasets import crops as cropping
from datasets.errors import InputError
from datasets.geometry import Camera
from datasets.io import depth_png

MAX_SHARDS = 20


def crops(path, card, camera=None):
    """At most ``CALIBRATION_FRAMES`` crops, float32 [N, 96, 96, 1], evenly spread.

    Args:
        path: path of a work_dir, a file in it, a ``--cache_dir``, or a folder of 16-bit depth PNGs.
        card: ModelCard.
        camera: str or None. "fx,fy,cx,cy" of the PNGs.

    Raises InputError naming the folder if it holds neither, or the flag.
    """
    folder = pathlib.Path(path)
    folder = folder.parent if folder.is_file() else folder
    found = sorted(folder.glob("shards/train-*/*.tfrecord")) or sorted(folder.glob("train-*/*.tfrecord"))
    if found:
        return _of_shards(found, len(card.joints))
    if camera is not None:
        return _of_images(find_images(folder), Camera(*numbers(camera, 4, "camera")), card.cube_mm)
    raise InputError(
        f"--calibration={folder}: holds no training crops (shards/train-*); name the run's work_dir or "
        "cache_dir, or a folder of depth PNGs with its --camera"
    )


def _of_shards(paths, joints):
    paths = [paths[i] for i in _spread(len(paths), MAX_SHARDS)]
    each = -(-CALIBRATION_FRAMES // len(paths))
    parts = []
    for path in paths:
        shard = shards.ShardSet((str(path),), np.arange(0), (), None)
        whole = next(iter(pipeline.evaluation_batches(shard, joints, shards.SHARD_FRAMES)))["crop"].numpy()
        parts.append(whole[_spread(len(whole), each)])
    return np.concatenate(parts)


def _of_images(images, camera, cube_mm):
    """Crops about the centre of mass; frames without a hand are left out."""
    found, rows, cubes_mm = [], np.asarray(camera)[None], tf.fill([1], cube_mm)
    for image in (images[i] for i in _spread(len(images), CALIBRATION_FRAMES)):
        depth_mm = depth_png.read_depth_png(image)[None]
        centre_mm, valid = centres.mass(depth_mm, rows, cubes_mm)
        if valid[0]:
            place = cropping.CropPlace(centre_mm, rows, cubes_mm)
            found.append(cropping.crop(depth_mm, place).numpy())
    if not found:
        raise InputError(f"--calibration={images[0].parent}: a hand was found in none of its frames")
    return np.concatenate(found)


def _spread(count, wanted):
    """At most ``wanted`` of ``count`` indices, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).round().astype(int))
