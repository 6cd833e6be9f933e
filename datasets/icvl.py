"""ICVL: 16-bit depth PNGs and one label line per frame, with folders of rotated copies.

``Training/labels.txt`` and ``Testing/test_seq_{1,2}.txt`` hold a picture's path and 16 x (u v d) in
pixels and mm, y down; pictures lie under ``Training/Depth`` and ``Testing/Depth``. An original training
frame's path begins with a folder of 12 digits (``201403121135/image_0000.png``), that of a copy rotated
in the image with its angle (``22-5/201403121135/image_0000.png``). Format: Tang et al., CVPR 2014, and
the field's readers, whose camera this is; the evaluation standard scores with another one.
"""

import itertools
import os
import pathlib
import re
import sys
from collections.abc import Sequence

import numpy as np

from datasets.errors import InputError
from datasets.geometry import Camera, unproject
from datasets.io import label_lines, layout, png
from datasets.records import Reader
from datasets.skeletons import ICVL

CAMERA = Camera(241.42, 241.42, 160.0, 120.0)
SIZE = (240, 320)
SEQUENCES = ("test_seq_1", "test_seq_2")
TRAIN_LABELS, TRAIN_DEPTH, TEST_DEPTH = "Training/labels.txt", "Training/Depth", "Testing/Depth"
FRAMES = ("original", "all")

_RECORDING = re.compile(r"\d{12}")


class IcvlReader(Reader):
    """One split of ICVL: the training frames, or both test sequences one after the other.

    Args:
        data_dir: path of the folder that holds ``Training`` and ``Testing``. The other split may be absent.
        split: "train" or "test".
        icvl_frames: "original", or "all" with the rotated copies of training frames.
        check_files: bool. Look for every frame's picture now. Training labels without a picture are
            then dropped, as the published labels name a few that do not exist; a test frame without one
            is an error. False reads labels alone.

    Attributes:
        dropped: int. Training labels left out, as their pictures do not exist.
        originals: int64 [N], as in ``Reader``, where the rotated copies are read, or None.
        subjects: the recording's folder of 12 digits, or the test sequence; persons are not published.

    Raises InputError naming the argument, or file and line.
    """

    skeleton = ICVL
    camera = CAMERA

    def __init__(
        self,
        data_dir: str | os.PathLike,
        split: str = "train",
        icvl_frames: str = "original",
        check_files: bool = True,
    ):
        layout.check_split(split)
        if icvl_frames not in FRAMES:
            raise InputError(f"`icvl_frames`={icvl_frames}: expected one of {', '.join(FRAMES)}")
        train = split == "train"
        texts = [TRAIN_LABELS] if train else [f"Testing/{sequence}.txt" for sequence in SEQUENCES]
        depth = TRAIN_DEPTH if train else TEST_DEPTH
        self.root = layout.expect_root(data_dir, [*texts, *[depth] * check_files], "ICVL")
        self.depth_dir = self.root / depth
        self.dropped = 0
        parts = [read_labels(self.root / text, icvl_frames == "all" or not train) for text in texts]
        if train:
            self.names, self.joints_mm = parts[0]
        else:
            self.names = label_lines.Names(itertools.chain.from_iterable(names for names, _ in parts))
            self.joints_mm = np.concatenate([joints_mm for _, joints_mm in parts])
        if check_files:
            self._check_files(train, self.root / texts[0])
        if train and icvl_frames == "all":
            self.originals = originals(self.names)
        self.subjects = [_recording(name) for name in self.names]

    def _check_files(self, train, source):
        if not train:
            layout.expect_files(self.depth_dir, self.names, source.parent)
            return
        absent = layout.missing(self.depth_dir, self.names)
        if len(absent) == len(self.names):
            layout.expect_files(self.depth_dir, self.names, source)
        if absent:
            there = np.ones(len(self.names), bool)
            there[absent] = False
            self.names = label_lines.Names(itertools.compress(self.names, there))
            self.joints_mm = self.joints_mm[there]
            self.dropped = len(absent)

    def read_depth(self, index: int) -> np.ndarray:
        """Depth of frame ``index`` as float32 [240, 320] in mm. Raises InputError naming the file."""
        return png.read_depth16(self.depth_dir / self.names[index], SIZE)


def read_labels(path: str | os.PathLike, every: bool = True) -> tuple[label_lines.Names, np.ndarray]:
    """One label file -> (names, joints float32 [N, 16, 3] in mm, y down); no picture is looked for.

    Names in a test sequence's file are given its folder where they lack it. ``every=False`` takes the
    original frames only. Raises InputError naming file and line, also for a file without frames.
    """
    path = pathlib.Path(path)
    rows = label_lines.read(path, 3 * len(ICVL), None if every else _is_original)
    names, joints_mm = label_lines.gather(map(_joints, rows), path, "frames" if every else "original frames")
    if path.stem in SEQUENCES:
        names = label_lines.Names(name if "/" in name else f"{path.stem}/{name}" for name in names)
    return names, joints_mm


def _joints(rows):
    uvd = rows.table.reshape(-1, len(ICVL), 3)
    rows.check_in_front(uvd[..., 2])
    return rows.names, unproject(uvd, np.asarray(CAMERA, np.float64))


def originals(names: Sequence[str]) -> np.ndarray:
    """Index of the frame that each name is a rotated copy of, int64 [N]; an original has its own index.

    Where an original is not among the names, the first of its copies stands for it.
    """
    rows = {name: row for row, name in enumerate(names) if _is_original(name)}
    return np.array([rows.setdefault(_unrotated(name), row) for row, name in enumerate(names)], np.int64)


def _unrotated(name):
    """The path of the original, without the folder of an angle in front."""
    return name if _is_original(name) else name.partition("/")[2] or name


def _is_original(name):
    return bool(_RECORDING.fullmatch(name.partition("/")[0]))


def _recording(name):
    """The folder of 12 digits in a path, or else its first folder."""
    folders = name.split("/")[:-1] or [""]
    found = next((folder for folder in folders if _RECORDING.fullmatch(folder)), folders[0])
    return sys.intern(found)  # one str for all frames of a recording
