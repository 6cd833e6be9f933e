"""One opened split, with what was measured on some of its frames."""

import concurrent.futures
import dataclasses
import functools
import os

import numpy as np
from tqdm import tqdm

from datasets import centres, geometry
from datasets.errors import InputError

BATCH_FRAMES = 32
# A joint lies inside the hand: up to so far behind what the camera sees of it, or in front of an outline.
NEAR_MM = 50.0


@dataclasses.dataclass(frozen=True)
class Sample:
    """What was measured on decoded frames.

    Args:
        asked: int. How many frames were to be decoded.
        unreadable: tuple of str. A message each, naming the file.
        indices: int [S]. The frames that could be read.
        size: (height, width) of a frame, or None without any.
        empty: bool [S]. No measurement in the frame.
        on_hand: float [S]. Share of the joints that lie near measured depth; NaN without labels.
        com_mm: float32 [S, 3]. Centre of mass of the nearest hand-sized object; NaN where none was found.
    """

    asked: int
    unreadable: tuple
    indices: np.ndarray
    size: tuple | None
    empty: np.ndarray
    on_hand: np.ndarray
    com_mm: np.ndarray


@dataclasses.dataclass(frozen=True)
class Split:
    """What a check is given.

    Args:
        name: str. "train" or "test".
        dataset: registry.Dataset.
        reader: Reader.
        sample: Sample.
        centre_file: path or None.
    """

    name: str
    dataset: object
    reader: object
    sample: Sample
    centre_file: object = None

    @functools.cached_property
    def cubes_mm(self):
        """Float32 [N]: the cube that each frame is tested with."""
        return cubes_mm(self.dataset, self.reader)

    @functools.cached_property
    def truth_mm(self):
        """Float32 [N, 3], the mean of each frame's joints, or None where labels are hidden."""
        joints_mm = self.reader.joints_mm
        return None if joints_mm is None else centres.ground_truth(joints_mm)


def cubes_mm(dataset, reader):
    """Float32 [N]: the protocol's own cube of each frame, or the data set's."""
    return np.float32([reader.cube_mm(index) or dataset.cube_mm for index in range(len(reader))])


def spread(frames, count):
    """Int [count]: indices evenly spread from the first of ``frames`` frames to the last; 0 = all."""
    count = min(count or frames, frames)
    return np.unique(np.linspace(0, frames - 1, count).round().astype(int))


def measure(reader, cubes, count, workers=None, name=""):
    """Decodes ``count`` frames (0 = all) -> Sample; memory does not grow with their number.

    Args:
        reader: Reader.
        cubes: float32 [N]. Cube of each frame, mm.
        count: int.
        workers: int or None. Threads; None takes one a processor.
        name: str. The split's, for the progress bar.
    """
    chosen = spread(len(reader), count)
    parts = [chosen[i : i + BATCH_FRAMES] for i in range(0, len(chosen), BATCH_FRAMES)]
    results = []
    with tqdm(total=len(chosen), desc=f"reading {name}", unit="frame", disable=None) as bar:
        # Decoding and TensorFlow leave Python's lock, so threads do.
        with concurrent.futures.ThreadPoolExecutor(workers or os.cpu_count()) as pool:
            try:
                for result in pool.map(lambda part: _measure_part(reader, cubes, part), parts):
                    results.append(result)
                    bar.update(len(result[0]) + len(result[1]))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    unreadable, indices, sizes, *measured = (list(column) for column in zip(*results, strict=True))
    size = next((size for size in sizes if size), None)
    return Sample(
        len(chosen), tuple(sum(unreadable, [])), np.concatenate(indices), size, *map(np.concatenate, measured)
    )


def _measure_part(reader, cubes, indices):
    """(messages, indices read, size, empty, on_hand, com_mm) of a few frames."""
    messages, kept, depths_mm = [], [], []
    for index in indices:
        try:
            depths_mm.append(reader.read_depth(index))
            kept.append(index)
        except InputError as error:
            messages.append(str(error))
    if not kept:
        return messages, np.zeros(0, int), None, np.zeros(0, bool), np.zeros(0), np.zeros((0, 3), np.float32)
    depth_mm, camera = np.stack(depths_mm), np.asarray(reader.camera)
    com_mm, valid = (x.numpy() for x in _mass()(depth_mm, np.tile(camera, (len(kept), 1)), cubes[kept]))
    on_hand = np.full(len(kept), np.nan)
    if reader.joints_mm is not None:
        on_hand = near_depth(depth_mm, geometry.project(reader.joints_mm[kept], camera)).mean(axis=1)
    com_mm = np.where(valid[:, None], com_mm, np.float32(np.nan))
    return messages, np.array(kept), depth_mm.shape[1:], ~(depth_mm > 0).any(axis=(1, 2)), on_hand, com_mm


@functools.lru_cache
def _mass():
    """``centres.mass`` as one graph."""
    import tensorflow as tf

    return tf.function(centres.mass, reduce_retracing=True)


def near_depth(depth_mm, uvd):
    """Whether joints [B, J, 3] (pixel, pixel, mm) meet depth [B, H, W] within 50 mm, a pixel around them.

    Returns bool [B, J]; a joint outside the frame meets none.
    """
    height, width = depth_mm.shape[1:]
    column, row = (np.nan_to_num(uvd[..., i], nan=-9).round().clip(-9, 1e6).astype(int) for i in (0, 1))
    frame = np.arange(len(depth_mm))[:, None]
    met = np.zeros(uvd.shape[:2], bool)
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            r, c = row + down, column + across
            inside = (r >= 0) & (r < height) & (c >= 0) & (c < width)
            seen_mm = depth_mm[frame, np.where(inside, r, 0), np.where(inside, c, 0)]
            met |= inside & (seen_mm > 0) & (np.abs(seen_mm - uvd[..., 2]) <= NEAR_MM)
    return met
