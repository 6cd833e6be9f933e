"""How fast each form is, and how far its joints are from the labels and from the first form's."""

import dataclasses
import time
from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from crossinfo.benchmark.forms import Form

BATCH = 32
WARM_UP = 3


@dataclasses.dataclass(frozen=True)
class Frames:
    """Cropped frames with their labels.

    Args:
        crop: float32 [N, 96, 96, 1].
        joints: float32 [N, J, 3], (joint - centre) / (cube / 2).
        half_cube_mm: float32 [N].
    """

    crop: np.ndarray
    joints: np.ndarray
    half_cube_mm: np.ndarray

    def distances_mm(self, joints: np.ndarray, others: np.ndarray) -> np.ndarray:
        """[N, J] between normalised joints [N, J, 3] and others, in mm."""
        return np.linalg.norm(joints - others, axis=-1) * self.half_cube_mm[:, None]


def measure(forms: Sequence[Form], frames: Frames, rounds: int) -> list[dict[str, str | float]]:
    """Rows of the table, one per form.

    The forms take turns, so that other work on the machine slows all of them alike.

    Args:
        forms: the forms; the distance of all is measured from the first one's joints.
        frames: the frames to run.
        rounds: how often each form is timed.
    """
    with tqdm(total=len(forms) * (rounds + len(frames.crop)), unit="step", disable=None) as bar:
        times = _times(forms, frames.crop, rounds, bar)
        joints = [_all_joints(form, frames.crop, bar) for form in forms]
    rows = []
    for form, (single_s, batch_s), estimated in zip(forms, times, joints, strict=True):
        distances_mm = frames.distances_mm(estimated, joints[0])
        rows.append(
            {
                "form": form.name,
                "size_mb": form.size / 1e6,
                "latency_ms": 1e3 * single_s,
                "frames_per_s": BATCH / batch_s,
                "error_mm": float(frames.distances_mm(estimated, frames.joints).mean()),
                "distance_mm": float(distances_mm.mean()),
                "distance_max_mm": float(distances_mm.max()),
            }
        )
    return rows


def _times(forms, crops, rounds, bar):
    """Median seconds of a batch of 1 and one of ``BATCH``, [forms, 2]."""
    single, batch = crops[:1], np.resize(crops, (BATCH, *crops.shape[1:]))
    seconds = np.zeros((rounds, len(forms), 2))
    for turn in range(-WARM_UP, rounds):
        for i, form in enumerate(forms):
            times = [_seconds(form, crops) for crops in (single, batch)]
            if turn >= 0:
                seconds[turn, i] = times
                bar.update()
    return np.median(seconds, axis=0)


def _seconds(form, crops):
    start = time.perf_counter()
    form.joints(crops)
    return time.perf_counter() - start


def _all_joints(form, crops, bar):
    parts = []
    for first in range(0, len(crops), BATCH):
        parts.append(form.joints(crops[first : first + BATCH]))
        bar.update(len(parts[-1]))
    return np.concatenate(parts)
