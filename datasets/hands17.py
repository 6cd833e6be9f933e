"""HANDS 2017, frame task: 957,032 labelled frames, and a test set with boxes but without labels.

A line of ``training/Training_Annotation.txt`` is a picture's name and 21 x (x y z) in mm, y down, z
forward, separated by tabs or spaces; one of ``frame/BoundingBox.txt`` a name and the hand's box: left, top,
width and height in pixels. Pictures are 16-bit PNGs in mm under ``training/images`` and ``frame/images``.
Format: Yuan et al., "The 2017 Hands in the Million Challenge", and the field's readers.
"""

import os
from collections.abc import Sequence

import numpy as np

from datasets.errors import InputError
from datasets.geometry import Camera
from datasets.io import atomic, label_lines, layout, png
from datasets.records import Reader
from datasets.skeletons import HANDS17

CAMERA = Camera(475.065948, 475.065857, 315.944855, 245.287079)
SIZE = (480, 640)
LABELS, BOXES = "training/Training_Annotation.txt", "frame/BoundingBox.txt"
TRAIN_IMAGES, TEST_IMAGES = "training/images", "frame/images"

# Index of each of MSRA's joints in HANDS 2017's order: wrist; the five MCP from thumb to little finger; PIP,
# DIP and tip of each finger from thumb to little finger.
TO_MSRA = (0, 2, 9, 10, 11, 3, 12, 13, 14, 4, 15, 16, 17, 5, 18, 19, 20, 1, 6, 7, 8)
FROM_MSRA = tuple(np.argsort(TO_MSRA).tolist())


class Hands17Reader(Reader):
    """One split of the frame task, with joints in MSRA's order.

    Args:
        data_dir: path of the folder that holds ``training`` and ``frame``. The other split may be absent.
        split: "train", or "test", whose labels are hidden: ``joints_mm`` is None.
        check_files: bool. Look for every frame's picture now; False reads the text alone.

    Attributes:
        boxes_uv: float32 [N, 4]. Boxes of the test frames: left, top, width and height in pixels. None in
            training.
        subjects: "unknown" for all; persons are not published.

    Raises InputError naming the argument, or file and line.
    """

    skeleton = HANDS17
    camera = CAMERA
    boxes_uv: np.ndarray | None = None

    def __init__(self, data_dir: str | os.PathLike, split: str = "train", check_files: bool = True):
        layout.check_split(split)
        text, pictures = (LABELS, TRAIN_IMAGES) if split == "train" else (BOXES, TEST_IMAGES)
        root = layout.expect_root(data_dir, [text, *[pictures] * check_files], "HANDS 2017")
        self.images_dir = root / pictures
        if split == "train":
            self.names, self.joints_mm = read_labels(root / text)
        else:
            self.names, self.boxes_uv = read_boxes(root / text)
        if check_files:
            layout.expect_files(self.images_dir, self.names, root / text)
        self.subjects = ["unknown"] * len(self.names)

    def read_depth(self, index: int) -> np.ndarray:
        """Depth of frame ``index`` as float32 [480, 640] in mm. Raises InputError naming the file."""
        return png.read_depth16(self.images_dir / self.names[index], SIZE)


def read_labels(path: str | os.PathLike) -> tuple[label_lines.Names, np.ndarray]:
    """``Training_Annotation.txt`` -> (names, joints float32 [N, 21, 3] in mm, MSRA's order, y down).

    Raises InputError naming file and line.
    """
    return label_lines.gather(map(_joints, label_lines.read(path, 3 * len(HANDS17))), path)


def _joints(rows):
    joints_mm = rows.table.reshape(-1, len(HANDS17), 3)[:, TO_MSRA]
    rows.check_in_front(joints_mm[..., 2])
    return rows.names, joints_mm


def read_boxes(path: str | os.PathLike) -> tuple[label_lines.Names, np.ndarray]:
    """``BoundingBox.txt`` -> (names, float32 [N, 4] left, top, width, height). Raises InputError."""
    return label_lines.gather(map(_boxes, label_lines.read(path, 4)), path)


def _boxes(rows):
    flat = np.flatnonzero((rows.table[:, 2:] <= 0).any(axis=1))
    if len(flat):
        raise InputError(f"{rows.path}, line {rows.lines[flat[0]]}: the box has no width or height")
    return rows.names, rows.table


def annotation(name: str, joints_mm: np.ndarray) -> str:
    """One line of HANDS 2017's text, in its joint order, from joints [21, 3] in mm in MSRA's order."""
    return "\t".join([name, *(f"{value:.4f}" for value in joints_mm[FROM_MSRA, :].ravel())])


def write_submission(path: str | os.PathLike, names: Sequence[str], joints_mm: np.ndarray) -> None:
    """Writes the challenge's file: per frame one line of its name and 63 numbers, separated by tabs.

    The file is whole or not there.

    Args:
        path: path.
        names: N names, in the order of ``BoundingBox.txt``.
        joints_mm: [N, 21, 3] in mm, MSRA's order, y down.

    Raises ValueError unless there is a finite pose for each name.
    """
    joints_mm = np.asarray(joints_mm, np.float64)
    if joints_mm.shape != (len(names), len(HANDS17), 3) or not np.isfinite(joints_mm).all():
        raise ValueError(f"expected {len(names)} finite poses [21, 3]. Received shape: {joints_mm.shape}")
    with atomic.atomic_write(path) as file:
        for name, joints in zip(names, joints_mm, strict=True):
            file.write(annotation(name, joints) + "\n")
