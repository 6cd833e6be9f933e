"""Synthetic frames as MSRA15 files: ``P0/1/000000_depth.bin`` and ``P0/1/joint.txt``.

A depth file is six little-endian uint32 (image width, height, then the box left, top, right, bottom,
half-open, from 0) and the box's float32 depth in mm. A joint file is the number of frames, then one line
per frame: 21 times x y z in mm, y up and z negative.
"""

import functools
import os
import pathlib

import numpy as np

from datasets.synthetic import scene
from datasets.synthetic.parallel import map_chunks
from datasets.synthetic.scene import Options
from datasets.synthetic.sensors import box_of


def write(folder: str | os.PathLike, frames: int, seed: int, options: Options, workers: int | None = None):
    """Writes synthetic frames; gestures without a frame get no folder.

    Args:
        folder: path of an existing, empty folder.
        frames: int >= 1.
        seed: int >= 0.
        options: Options.
        workers: int or None. Processes, as in ``map_chunks``.
    """
    folder = pathlib.Path(folder)
    task = functools.partial(_write_depths, str(folder), seed, options)
    names, joints_mm = [], []
    for _, _, (chunk_names, chunk_joints) in map_chunks(task, frames, workers):
        names += chunk_names
        joints_mm += chunk_joints
    _write_joints(folder, names, joints_mm)


def _write_depths(folder, seed, options, start, stop):
    """Writes the depth files of frames start .. stop; returns their names and joints."""
    records = []
    for index in range(start, stop):
        record = scene.frame(seed, index, options)
        path = pathlib.Path(folder, record.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(depth_bytes(record.depth_mm))
        records.append(record)
    return [record.name for record in records], [record.joints_mm for record in records]


def depth_bytes(depth_mm: np.ndarray) -> bytes:
    """One depth image [H, W] as the content of a ``*_depth.bin``."""
    rows, columns = box_of(depth_mm)
    header = [*depth_mm.shape[::-1], columns.start, rows.start, columns.stop, rows.stop]
    return np.array(header, "<u4").tobytes() + depth_mm[rows, columns].astype("<f4").tobytes()


def _write_joints(folder, names, joints_mm):
    """One ``joint.txt`` per folder, its frames in the order of their numbers."""
    lines = {}
    for name, joints in sorted(zip(names, joints_mm, strict=True), key=lambda pair: pair[0]):
        values = (joints * (1, -1, -1)).ravel()
        lines.setdefault(name.rpartition("/")[0], []).append(" ".join(f"{value:.4f}" for value in values))
    for gesture, rows in lines.items():
        (folder / gesture / "joint.txt").write_text("\n".join([str(len(rows)), *rows]) + "\n")
