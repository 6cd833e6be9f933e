"""What the checks are given: one opened split, and what was measured on some of its frames."""

import concurrent.futures
import dataclasses
import functools
import os
from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from datasets import geometry
from datasets.centres import ground_truth, mass
from datasets.errors import InputError
from datasets.records import Reader, evenly_spread
from datasets.registry import Dataset

BATCH_FRAMES = 32
# A joint lies inside the hand: up to this far behind the surface that the camera sees, or before an outline.
NEAR_MM = 50.0


@dataclasses.dataclass(frozen=True)
class Sample:
    """What was measured on decoded frames.

    Args:
        unreadable: tuple of str. One message per frame that could not be decoded; it names the file.
        indices: int [S]. The frames that could be decoded.
        size: (height, width) of a frame, or None if there is none.
        empty: bool [S]. Whether the frame holds no measurement.
        on_hand: float [S]. Share of the joints that lie near measured depth; NaN without labels.
        com_mm: float32 [S, 3]. Centre of mass of the nearest hand-sized object; NaN where none was found.
    """

    unreadable: tuple[str, ...]
    indices: np.ndarray
    size: tuple[int, int] | None
    empty: np.ndarray
    on_hand: np.ndarray
    com_mm: np.ndarray

    @property
    def frames(self) -> int:
        """How many frames were to be decoded."""
        return len(self.unreadable) + len(self.indices)

    @classmethod
    def join(cls, parts: Sequence["Sample"]) -> "Sample":
        """One sample of all parts' frames, in their order."""
        arrays = ("indices", "empty", "on_hand", "com_mm")
        return cls(
            unreadable=tuple(message for part in parts for message in part.unreadable),
            size=next((part.size for part in parts if part.size), None),
            **{name: np.concatenate([getattr(part, name) for part in parts]) for name in arrays},
        )


@dataclasses.dataclass(frozen=True)
class SampledSplit:
    """One split of a dataset, and a sample of its frames.

    Args:
        name: str. "train" or "test".
        dataset: Dataset.
        reader: Reader.
        sample: Sample.
        centre_file: path or None.
    """

    name: str
    dataset: Dataset
    reader: Reader
    sample: Sample
    centre_file: str | os.PathLike | None = None

    @functools.cached_property
    def cubes_mm(self) -> np.ndarray:
        """Float32 [N]: the cube that each frame is tested with."""
        return cubes_mm(self.dataset, self.reader)

    @functools.cached_property
    def truth_mm(self) -> np.ndarray | None:
        """Float32 [N, 3], the mean of each frame's joints, or None where labels are hidden."""
        joints_mm = self.reader.joints_mm
        return None if joints_mm is None else ground_truth(joints_mm)


def cubes_mm(dataset: Dataset, reader: Reader) -> np.ndarray:
    """Float32 [N]: each frame's own cube where the protocol sets one, else the dataset's."""
    return np.float32([reader.cube_mm(index) or dataset.cube_mm for index in range(len(reader))])


def spread(frames: int, count: int) -> np.ndarray:
    """Int [count]: indices evenly spread from the first to the last of ``frames``; 0 takes all."""
    return evenly_spread(frames, count or frames)


def measure(
    reader: Reader, cubes: np.ndarray, count: int, workers: int | None = None, name: str = ""
) -> Sample:
    """Decodes and measures ``count`` frames; memory does not grow with their number.

    Args:
        reader: Reader.
        cubes: float32 [N]. Cube of each frame, mm.
        count: int. Frames, evenly spread over the split; 0 takes all.
        workers: int or None. Threads; None takes one per processor.
        name: str. The split's, for the progress bar.
    """
    chosen = spread(len(reader), count)
    batches = [chosen[i : i + BATCH_FRAMES] for i in range(0, len(chosen), BATCH_FRAMES)]
    parts = []
    with tqdm(total=len(chosen), desc=f"reading {name}", unit="frame", disable=None) as bar:
        # Decoding and TensorFlow release Python's lock, so threads do.
        with concurrent.futures.ThreadPoolExecutor(workers or os.cpu_count()) as pool:
            try:
                for part in pool.map(lambda indices: _measure_batch(reader, cubes, indices), batches):
                    parts.append(part)
                    bar.update(part.frames)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    return Sample.join(parts)


def _measure_batch(reader, cubes, indices):
    """``Sample`` of a few frames."""
    unreadable, kept, depths_mm = [], [], []
    for index in indices:
        try:
            depths_mm.append(reader.read_depth(index))
            kept.append(index)
        except InputError as error:
            unreadable.append(str(error))
    kept = np.array(kept, int)
    if not len(kept):
        nothing = np.zeros(0)
        return Sample(tuple(unreadable), kept, None, nothing.astype(bool), nothing, np.zeros((0, 3), "f4"))
    depth_mm, camera = np.stack(depths_mm), np.asarray(reader.camera)
    on_hand = np.full(len(kept), np.nan)
    if reader.joints_mm is not None:
        on_hand = near_depth(depth_mm, geometry.project(reader.joints_mm[kept], camera)).mean(axis=1)
    return Sample(
        unreadable=tuple(unreadable),
        indices=kept,
        size=depth_mm.shape[1:],
        empty=~(depth_mm > 0).any(axis=(1, 2)),
        on_hand=on_hand,
        com_mm=_centres_of_mass(depth_mm, camera, cubes[kept]),
    )


def _centres_of_mass(depth_mm, camera, cubes):
    """Float32 [B, 3]; NaN where no hand was found."""
    centre_mm, valid = _mass()(depth_mm, np.tile(camera, (len(depth_mm), 1)), cubes)
    return np.where(valid.numpy()[:, None], centre_mm.numpy(), np.float32(np.nan))


@functools.lru_cache
def _mass():
    """``centres.mass`` as one graph."""
    import tensorflow as tf

    return tf.function(mass, reduce_retracing=True)


def near_depth(depth_mm: np.ndarray, uvd: np.ndarray) -> np.ndarray:
    """Whether depth within ``NEAR_MM`` of a joint was measured, at most one pixel from it.

    Args:
        depth_mm: float32 [B, H, W].
        uvd: float [B, J, 3]. Joints in pixel, pixel, mm.

    Returns:
        bool [B, J]; false for a joint outside the frame.
    """
    height, width = depth_mm.shape[1:]
    column, row = (np.nan_to_num(uvd[..., i], nan=-9).round().clip(-9, 1e6).astype(int) for i in (0, 1))
    frame = np.arange(len(depth_mm))[:, None]
    near = np.zeros(uvd.shape[:2], bool)
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            r, c = row + down, column + across
            inside = (r >= 0) & (r < height) & (c >= 0) & (c < width)
            seen_mm = depth_mm[frame, np.where(inside, r, 0), np.where(inside, c, 0)]
            near |= inside & (seen_mm > 0) & (np.abs(seen_mm - uvd[..., 2]) <= NEAR_MM)
    return near
