"""Synthetic frames as NYU files: view 1 as pictures, all 36 joints in three views in ``joint_data.mat``.

One hand is subject 1, in training and in the test; only test frames from 2440 on show subject 2, as in
the published data, and so none does in sets of less than 21,960 frames.
"""

import functools
import io
import os
import pathlib

import numpy as np
import scipy.io

from datasets import nyu
from datasets.geometry import project
from datasets.synthetic import scene
from datasets.synthetic.scene import Device, Options
from datasets.synthetic.writers import splits

# The published test joints lie 518 to 1169 mm away.
DEVICE = Device(nyu.CAMERA, nyu.SIZE, (620.0, 1060.0))
# Views 2 and 3 see the hand turned by so much; their pictures are not written.
VIEW_DEGREES = (0.0, 60.0, -60.0)

_PARTS = tuple(f"KNU{bone}_{end}" for bone in (3, 2, 1) for end in "AB")
JOINT_NAMES = (
    *(f"{finger}_{part}" for finger in ("F1", "F2", "F3", "F4", "TH") for part in _PARTS),
    *(f"PALM_{number}" for number in range(1, 7)),
)
# MSRA's wrist and first joints.
_WRIST, _INDEX, _MIDDLE, _RING, _LITTLE, _THUMB = 0, 1, 5, 9, 13, 17


def _weights():
    """[36, 21]: NYU's joints as weighted means of MSRA's."""
    rows = []
    # Six points per finger from the tip; the field's second joint is the fourth, the thumb's the second.
    for first in (_LITTLE, _RING, _MIDDLE, _INDEX):
        mcp, pip, dip, tip = np.eye(21)[first : first + 4]
        rows += [tip, (tip + dip) / 2, dip, pip, (pip + mcp) / 2, mcp]
    mcp, pip, dip, tip = np.eye(21)[_THUMB : _THUMB + 4]
    rows += [tip, dip, (dip + pip) / 2, pip, (pip + mcp) / 2, mcp]
    wrist, index, middle, ring, little = np.eye(21)[[_WRIST, _INDEX, _MIDDLE, _RING, _LITTLE]]
    across = (index - little) / 4
    knuckles = (index + middle + ring + little) / 4
    rows += [wrist - across, wrist + across, (wrist + knuckles) / 2]
    rows += [(wrist + index) / 2, (wrist + little) / 2, (wrist + middle) / 2]
    return np.array(rows)


WEIGHTS = _weights()


def from_msra(joints_mm: np.ndarray) -> np.ndarray:
    """NYU's 36 joints [36, 3] of MSRA's 21 [21, 3]; palm and wrist are placed between those."""
    return WEIGHTS @ joints_mm


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
    task = functools.partial(write_frames, str(folder), seed, options)
    joints_mm = {"train": [], "test": []}
    for split, joints in splits.render(task, frames, workers):
        joints_mm[split].append(joints)
    for split, joints in joints_mm.items():
        path = pathlib.Path(folder, nyu.ARCHIVE, split, nyu.MAT)
        path.write_bytes(mat_bytes(all_views(np.array(joints))))


def write_frames(
    folder: str | os.PathLike, seed: int, options: Options, start: int, stop: int
) -> list[tuple[str, np.ndarray]]:
    """Writes the pictures of some frames and returns their joints.

    Args:
        folder: path.
        seed: int >= 0.
        options: Options.
        start: int. First frame.
        stop: int. End of the frames, not written itself.

    Returns:
        (split, float64 [36, 3] in mm, y down) of each frame.
    """
    rows = []
    for index in range(start, stop):
        split, number = splits.split_of(index)
        subject = 2 if split == "test" and number >= nyu.SECOND_SUBJECT else 1
        record = scene.frame(seed, index, options, DEVICE, subject)
        path = pathlib.Path(folder, nyu.ARCHIVE, split, f"depth_1_{number + 1:07d}.png")
        splits.write_png(path, encode_depth(record.depth_mm))
        rows.append((split, from_msra(record.joints_mm.astype(np.float64))))
    return rows


def encode_depth(depth_mm: np.ndarray) -> np.ndarray:
    """Depth [H, W] -> uint8 [H, W, 3], blue first: the low byte, the high byte, nothing in red."""
    depth = splits.millimetres(depth_mm)
    return np.stack([depth & 255, depth >> 8, np.zeros_like(depth)], -1).astype(np.uint8)


def all_views(joints_mm: np.ndarray) -> np.ndarray:
    """Joints [N, 36, 3] of view 1 as all cameras see them, [3, N, 36, 3]: turned about the hand's middle."""
    middle = joints_mm.mean(1, keepdims=True)
    turned = []
    for angle in np.radians(VIEW_DEGREES):
        c, s = np.cos(angle), np.sin(angle)
        turned.append((joints_mm - middle) @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]]) + middle)
    return np.stack(turned)


def mat_bytes(joints_mm: np.ndarray) -> bytes:
    """Content of ``joint_data.mat`` for joints [cameras, N, 36, 3] in mm, y down."""
    file = io.BytesIO()
    content = {
        "joint_names": np.array([JOINT_NAMES], dtype=object),
        "joint_xyz": joints_mm * (1, -1, 1),
        "joint_uvd": project(joints_mm, np.asarray(nyu.CAMERA, np.float64)),
    }
    scipy.io.savemat(file, content, do_compression=True)
    # SciPy puts the time of day here; the same arguments are to give the same bytes.
    header = b"MATLAB 5.0 MAT-file, synthetic NYU labels"
    return header.ljust(116) + file.getvalue()[116:]
