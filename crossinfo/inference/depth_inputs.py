"""A user's own depth frames: PNG files, and the camera that took them."""

import dataclasses
import os
import pathlib
from collections.abc import Sequence

import numpy as np

from datasets.errors import InputError
from datasets.geometry import Camera
from datasets.io import depth_png

HANDS = ("auto", "right", "left")
OVERLAY_SUFFIX = "_overlay"


@dataclasses.dataclass(frozen=True)
class DepthFrames:
    """Depth PNGs of one camera and one hand.

    Their headers are checked here, before the first frame is decoded.

    Args:
        paths: 16-bit depth PNGs, no two of the same name.
        camera: the camera of all of them.
        depth_scale: millimetres per unit of the PNGs.
        centre_mm: x, y, z of the hand in every frame, in mm; None to find it in the depth.
        hand: "auto", "right" or "left", as ``pose.estimate`` takes it.

    Raises InputError naming the frame or the argument.
    """

    paths: Sequence[pathlib.Path]
    camera: Camera
    depth_scale: float = 1.0
    centre_mm: Sequence[float] | None = None
    hand: str = "auto"

    def __post_init__(self):
        names = set()
        for path in self.paths:
            depth_png.check_header(path)
            if frame_name(path) in names:
                raise InputError(f"{path}: another frame has this name, and their overlays would be one file")
            names.add(frame_name(path))
        check_hand(self.hand)
        depth_png.check_scale(self.depth_scale)
        if self.centre_mm is not None and not (np.isfinite(self.centre_mm).all() and self.centre_mm[2] > 0):
            raise InputError(
                "`centre_mm`: expected a point in front of the camera, z > 0. "
                f"Received: {tuple(self.centre_mm)}"
            )

    def decode(self, path: str | os.PathLike, data: bytes) -> np.ndarray:
        """Depth float32 [H, W] in mm from the bytes of one of the files; raises InputError naming it."""
        return depth_png.decode_depth_png(data, path, self.depth_scale)


def check_hand(hand: str) -> None:
    """Raises InputError unless it is one of ``HANDS``."""
    if hand not in HANDS:
        raise InputError(f"`hand`={hand}: expected {', '.join(HANDS[:-1])} or {HANDS[-1]}")


def frame_name(path: str | os.PathLike) -> str:
    """The frame's name in tables: the file's without its ending."""
    return pathlib.Path(path).stem


def find_images(path: str | os.PathLike, argument: str = "input") -> list[pathlib.Path]:
    """The PNG file ``path``, or those in that folder by name; raises InputError naming the ``argument``."""
    path = pathlib.Path(path)
    if not path.exists():
        raise InputError(f"`{argument}`={path}: no such file or folder")
    if not path.is_dir():
        return [path]
    # The overlays of an earlier run may lie in the same folder.
    images = [
        file
        for file in path.iterdir()
        if file.suffix.lower() == ".png" and not file.stem.endswith(OVERLAY_SUFFIX)
    ]
    if not images:
        raise InputError(f"`{argument}`={path}: the folder holds no PNG files")
    return sorted(images, key=lambda file: file.name)


def check_output_dir(output_dir: str | os.PathLike) -> None:
    """Raises InputError if there is a file in the folder's place."""
    if pathlib.Path(output_dir).exists() and not pathlib.Path(output_dir).is_dir():
        raise InputError(f"`output_dir`={output_dir}: expected a folder, found a file")
