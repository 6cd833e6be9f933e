"""Synthetic frames as HANDS 2017 files: tab-separated labels in training, boxes and no labels in the test."""

import functools
import os
import pathlib

import numpy as np

from datasets import hands17
from datasets.geometry import project
from datasets.synthetic import scene
from datasets.synthetic.scene import Device, Options
from datasets.synthetic.writers import splits

DEVICE = Device(hands17.CAMERA, hands17.SIZE, (300.0, 750.0))
BOX_MARGIN = 10


def write(folder: str | os.PathLike, frames: int, seed: int, options: Options, workers: int | None = None):
    """Writes synthetic frames.

    Args:
        folder: path of an existing, empty folder.
        frames: int. About 8/9 of them train, 1/9 test.
        seed: int >= 0.
        options: Options.
        workers: int or None. Processes, as in ``map_chunks``.

    Raises InputError for fewer than 18 frames.
    """
    splits.counts(frames)
    task = functools.partial(_write_frames, str(folder), seed, options)
    lines = {"train": [], "test": []}
    for split, line in splits.render(task, frames, workers):
        lines[split].append(line)
    for split, path in (("train", hands17.LABELS), ("test", hands17.BOXES)):
        pathlib.Path(folder, path).write_text("\n".join(lines[split]) + "\n")


def _write_frames(folder, seed, options, start, stop):
    """Writes the pictures of frames start .. stop; returns (split, line of text) of each."""
    rows = []
    for index in range(start, stop):
        split, number = splits.split_of(index)
        record = scene.frame(seed, index, options, DEVICE)
        pictures = hands17.TRAIN_IMAGES if split == "train" else hands17.TEST_IMAGES
        name = f"image_D{number + 1:08d}.png"
        splits.write_png(pathlib.Path(folder, pictures, name), splits.millimetres(record.depth_mm))
        line = hands17.annotation if split == "train" else _box_line
        rows.append((split, line(name, record.joints_mm)))
    return rows


def _box_line(name, joints_mm):
    """Name, left, top, width and height of the box around the joints, within the picture."""
    uv = project(joints_mm, np.asarray(hands17.CAMERA))[:, :2]
    low = np.maximum(np.floor(uv.min(0)) - BOX_MARGIN, 0)
    high = np.minimum(np.ceil(uv.max(0)) + BOX_MARGIN, hands17.SIZE[::-1])
    return "\t".join([name, *(f"{value:.0f}" for value in (*low, *(high - low)))])
