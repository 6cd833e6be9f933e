"""Train and test frames of the formats that keep them apart, and their pictures.

One of nine frames is for the test: that of the last subject, as ``scene.subject_and_gesture`` has them take
turns.
"""

import os
import pathlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from datasets.errors import InputError
from datasets.synthetic.parallel import map_chunks
from datasets.synthetic.scene import SUBJECTS

# Two frames for the test, as ICVL has two test sequences.
FEWEST = 2 * SUBJECTS


def split_of(index: int) -> tuple[str, int]:
    """("train" or "test", number in that split from 0) of a frame."""
    block, subject = divmod(index, SUBJECTS)
    return ("test", block) if subject == SUBJECTS - 1 else ("train", index - block)


def counts(frames: int) -> dict[str, int]:
    """{"train": N, "test": N}. Raises InputError if there are too few frames for both."""
    if frames < FEWEST:
        raise InputError(f"`frames`={frames}: this format needs at least {FEWEST}, for train and test")
    return {"train": frames - frames // SUBJECTS, "test": frames // SUBJECTS}


def render(task: Callable[[int, int], list], frames: int, workers: int | None) -> list[Any]:
    """The rows of all frames, in order.

    Args:
        task: picklable function (start, stop) -> one row per frame.
        frames: int.
        workers: int or None. Processes, as in ``map_chunks``.
    """
    return [row for _, _, rows in map_chunks(task, frames, workers) for row in rows]


def write_png(path: str | os.PathLike, image: np.ndarray):
    """Writes a picture uint16 [H, W], or uint8 [H, W, 3] with blue first; makes its folder."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".png", image)[1].tobytes())


def millimetres(depth_mm: np.ndarray) -> np.ndarray:
    """Depth [H, W] in whole millimetres, uint16."""
    return np.rint(depth_mm).astype(np.uint16)
