"""PNG files of the datasets: pictures of one known size and kind."""

import pathlib

import cv2
import numpy as np

from datasets.errors import InputError
from datasets.io import depth_png

# (bits, PNG colour type) -> words for messages.
GREY16, RGB8 = (16, 0), (8, 2)
_KINDS = {GREY16: "16-bit, one channel", RGB8: "8-bit RGB"}


def read_png(path, kind, size):
    """One picture as its file holds it.

    Args:
        path: path.
        kind: ``GREY16`` or ``RGB8``.
        size: (height, width) that it must have.

    Returns uint16 [H, W], or uint8 [H, W, 3] in the order blue, green, red. Raises InputError naming the
    file if it is missing, cut off, or not such a picture. Nothing measured in a frame is no error here.
    """
    width, height, *found = depth_png.read_header(path)
    if tuple(found) != kind or (height, width) != size:
        raise InputError(
            f"{path}: expected a PNG of {size[1]} x {size[0]}, {_KINDS[kind]}, found {width} x {height}, "
            + _KINDS.get(tuple(found), f"{found[0]} bits, PNG colour type {found[1]}")
        )
    data = pathlib.Path(path).read_bytes()
    whole = depth_png.is_whole(data)
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if whole else None
    if image is None or image.shape[:2] != size:
        raise InputError(f"{path}: the PNG is damaged or cut off; unpack it again")
    return image


def read_depth16(path, size):
    """Depth of a 16-bit PNG in mm as float32 [H, W]; errors as ``read_png``."""
    return read_png(path, GREY16, size).astype(np.float32)
