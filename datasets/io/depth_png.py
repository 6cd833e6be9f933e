"""A user's depth frames as PNG files of any size: 16-bit, one channel, in mm or another linear unit."""

import numpy as np

from datasets.errors import InputError
from datasets.io import png
from datasets.io.png import Header, Path

# A file of a few kilobytes can claim any size; no depth camera comes near this one.
MAX_PIXELS = 64_000_000


def read_depth_png(path: Path, depth_scale: float = 1.0) -> np.ndarray:
    """Reads one depth frame.

    Args:
        path: path of a 16-bit, one-channel PNG.
        depth_scale: float. Millimetres per unit, e.g. 0.125 for a RealSense SR305.

    Returns float32 [H, W] in mm; 0 = no measurement. Raises InputError naming the file if it is missing,
    no such PNG, cut off, too large, or without a single measurement.
    """
    check_scale(depth_scale)
    with png.opened(path) as (header, file):
        _check(header, path, MAX_PIXELS)  # before the whole of a huge file is read
        return _depth_mm(png.decode(png.read_content(file, header), header, path), path, depth_scale)


def decode_depth_png(
    data: bytes, name: Path, depth_scale: float = 1.0, max_pixels: int = MAX_PIXELS
) -> np.ndarray:
    """A PNG's bytes as ``read_depth_png`` gives them.

    Args:
        data: the whole file.
        name: str. The frame's name, for messages.
        depth_scale: float. Millimetres per unit.
        max_pixels: int. Larger frames are refused.

    Returns float32 [H, W] in mm. Raises InputError naming the frame.
    """
    header = png.parse_header(data[: png.HEADER_BYTES], name)
    _check(header, name, max_pixels)
    return _depth_mm(png.decode(data, header, name), name, depth_scale)


def check_header(path: Path) -> tuple[int, int]:
    """(height, width) of a depth PNG from its first bytes, without decoding it.

    Raises InputError naming the file if ``read_depth_png`` could not take it.
    """
    with png.opened(path) as (header, _):
        _check(header, path, MAX_PIXELS)
        return header.size


def check_scale(depth_scale: float) -> None:
    """Raises InputError unless the scale is finite and positive."""
    if not 1e-6 <= depth_scale <= 1e6:
        raise InputError(
            "`depth_scale` must be finite and positive, in mm per unit, from 1e-6 to 1e6. "
            f"Received: {depth_scale}"
        )


def _check(header: Header, name: Path, max_pixels: int) -> None:
    if header.colour != png.GREY:
        raise InputError(f"{name}: expected one channel of depth, found a colour picture or palette")
    if header.bits != 16:
        raise InputError(f"{name}: expected a 16-bit depth PNG, found {header.bits} bits")
    if not 0 < header.width * header.height <= max_pixels:
        raise InputError(f"{name}: {header.width} x {header.height} pixels; at most {max_pixels} can be read")


def _depth_mm(image: np.ndarray, name: Path, depth_scale: float) -> np.ndarray:
    if not image.any():
        raise InputError(f"{name}: no depth measurement in the frame")
    with np.errstate(over="ignore"):
        return image.astype(np.float32) * np.float32(depth_scale)
