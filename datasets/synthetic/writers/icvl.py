"""Synthetic frames as ICVL files, with rotated copies and blank lines as the published ones have.

Every fourth training frame has one copy, turned about the camera's axis by one of the dataset's
angles so that the hand stays in the picture; copies come on top of the number of frames asked for.
"""

import functools
import os
import pathlib

import cv2
import numpy as np

from datasets import geometry, icvl
from datasets.synthetic import scene
from datasets.synthetic.scene import Device, Options
from datasets.synthetic.writers import splits

DEVICE = Device(icvl.CAMERA, icvl.SIZE, (260.0, 440.0))
COPY_EVERY = 4
# Folder names, in which "-" stands for the point, and degrees.
ANGLES = {f"{angle:g}".replace(".", "-"): angle for angle in np.arange(1, 9) * 22.5}
TEST_SHARE = 702 / 1596
EDGE = 8

# ICVL's joints as means of MSRA's: the palm between wrist and middle finger, and three per finger.
_JOINTS = ((0, 5),) + tuple((first + part,) for first in (17, 1, 5, 9, 13) for part in (0, 1, 3))


def from_msra(joints_mm: np.ndarray) -> np.ndarray:
    """ICVL's 16 joints [16, 3] of MSRA's 21 [21, 3]."""
    return np.stack([joints_mm[list(group)].mean(0) for group in _JOINTS])


def write(folder: str | os.PathLike, frames: int, seed: int, options: Options, workers: int | None = None):
    """Writes synthetic frames, and rotated copies of some.

    Args:
        folder: path of an existing, empty folder.
        frames: int. About 8/9 of them train, 1/9 test.
        seed: int >= 0.
        options: Options.
        workers: int or None. Processes, as in ``map_chunks``.

    Raises InputError for fewer than 18 frames.
    """
    tests = splits.counts(frames)["test"]
    task = functools.partial(_write_frames, str(folder), seed, options, round(tests * TEST_SHARE))
    lines = {icvl.TRAIN_LABELS: [], **{f"Testing/{sequence}.txt": [] for sequence in icvl.SEQUENCES}}
    for text, line in splits.render(task, frames, workers):
        lines[text].append(line)
    # Originals first, then the copies.
    lines[icvl.TRAIN_LABELS].sort(key=lambda line: not line.startswith("2014"))
    for text, rows in lines.items():
        pathlib.Path(folder, text).write_text("\n".join(rows) + "\n\n\n")


def _write_frames(folder, seed, options, first_tests, start, stop):
    """Writes the pictures of frames start .. stop; returns (label file, line) of each and of each copy."""
    rows = []
    for index in range(start, stop):
        split, number = splits.split_of(index)
        record = scene.frame(seed, index, options, DEVICE)
        uvd = geometry.project(from_msra(record.joints_mm.astype(np.float64)), np.asarray(icvl.CAMERA, float))
        depth = splits.millimetres(record.depth_mm)
        if split == "test":
            name, text = _test_file(number, first_tests)
            rows.append(_write_frame(pathlib.Path(folder, icvl.TEST_DEPTH), name, text, depth, uvd))
            continue
        name = f"2014031211{index % scene.SUBJECTS:02d}/image_{number:04d}.png"
        copies = [(name, depth, uvd)]
        if number % COPY_EVERY == 0:
            copies.append(_rotated(name, depth, uvd, np.random.default_rng([seed, index, 2])))
        root = pathlib.Path(folder, icvl.TRAIN_DEPTH)
        rows += [_write_frame(root, copy, icvl.TRAIN_LABELS, *content) for copy, *content in copies]
    return rows


def _test_file(number, first_tests):
    """(picture's name, label file) of a test frame."""
    sequence, start = (icvl.SEQUENCES[0], 0) if number < first_tests else (icvl.SEQUENCES[1], first_tests)
    return f"{sequence}/image_{number - start:04d}.png", f"Testing/{sequence}.txt"


def _write_frame(root, name, text, depth, uvd):
    splits.write_png(root / name, depth)
    return text, " ".join([name, *(f"{value:.3f}" for value in uvd.ravel())])


def _rotated(name, depth, uvd, rng):
    """(name, depth, uvd) of a frame turned about the camera's axis: still a true view of the hand."""
    pivot = np.array([icvl.CAMERA.cx, icvl.CAMERA.cy])
    # Half a turn, the last, keeps every hand in the picture.
    for folder in [*rng.permutation(list(ANGLES)[:-1]), "180"]:
        matrix = geometry.rotation(np.radians(ANGLES[folder]), pivot)
        turned = geometry.apply_affine(matrix, uvd)
        if (turned[:, :2] >= EDGE).all() and (turned[:, :2] < np.array(icvl.SIZE[::-1]) - EDGE).all():
            break
    image = cv2.warpAffine(depth, matrix[:2], icvl.SIZE[::-1], flags=cv2.INTER_NEAREST)
    return f"{folder}/{name}", image, turned
