"""Depth frames as PNG files: 16-bit, one channel, in mm or another linear unit."""

import pathlib
import struct
import zlib

import cv2
import numpy as np

from datasets.errors import InputError

# A file of a few kilobytes can claim any size; no depth camera comes near this one.
MAX_PIXELS = 64_000_000

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY = 0


def read_depth_png(path, depth_scale=1.0):
    """Reads one depth frame.

    Args:
        path: path of a 16-bit, one-channel PNG.
        depth_scale: float. Millimetres a unit, e.g. 0.125 for a RealSense SR305.

    Returns float32 [H, W] in mm; 0 = no measurement. Raises InputError naming the file if it is missing,
    no such PNG, cut off, too large, or without a single measurement.
    """
    check_scale(depth_scale)
    # Before the whole of a huge file is read.
    check_header(path)
    return decode_depth_png(pathlib.Path(path).read_bytes(), path, depth_scale)


def decode_depth_png(data, name, depth_scale=1.0, max_pixels=MAX_PIXELS):
    """A PNG's bytes as ``read_depth_png`` gives them; raises InputError naming the frame ``name``."""
    size = _check(data[:26], name, max_pixels)
    # A small header may stand before no data, or before another picture.
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if is_whole(data) else None
    if image is None or image.dtype != np.uint16 or image.shape != size:
        raise InputError(f"{name}: the PNG is damaged or cut off; write it again")
    if not image.any():
        raise InputError(f"{name}: no depth measurement in the frame")
    with np.errstate(over="ignore"):
        return image.astype(np.float32) * np.float32(depth_scale)


def check_header(path):
    """(height, width) of a depth PNG from its first bytes, without decoding it.

    Raises InputError naming the file if ``read_depth_png`` could not take it.
    """
    return _check(_head(path), path, MAX_PIXELS)


def _check(head, name, max_pixels):
    width, height, bits, colour = _parse(head, name)
    if colour != GREY:
        raise InputError(f"{name}: expected one channel of depth, found a colour picture or palette")
    if bits != 16:
        raise InputError(f"{name}: expected a 16-bit depth PNG, found {bits} bits")
    if not 0 < width * height <= max_pixels:
        raise InputError(f"{name}: {width} x {height} pixels; at most {max_pixels} can be read")
    return height, width


def check_scale(depth_scale):
    """Raises InputError unless the scale is finite and positive."""
    if not 1e-6 <= depth_scale <= 1e6:
        raise InputError(
            "depth_scale must be finite and positive, in mm a unit, from 1e-6 to 1e6. "
            f"Received: {depth_scale}"
        )


def read_header(path):
    """(width, height, bits, colour type) of a PNG; raises InputError naming the file if it is none."""
    return _parse(_head(path), path)


def _head(path):
    try:
        with open(path, "rb") as file:
            return file.read(26)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: expected a PNG file, found a directory") from None


def _parse(head, name):
    if not head:
        raise InputError(f"{name}: not a PNG file, but an empty one")
    if len(head) < 26 or not head.startswith(SIGNATURE) or head[12:16] != b"IHDR":
        raise InputError(f"{name}: not a PNG file")
    return struct.unpack(">IIBB", head[16:])


def is_whole(data):
    """Whether every chunk up to the end mark is there with its checksum.

    Asked before OpenCV, which prints its own lines on damage and may give back half a picture.
    """
    start = len(SIGNATURE)
    while start + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, start)
        kind, end = data[start + 4 : start + 8], start + 8 + length
        if data[end : end + 4] != struct.pack(">I", zlib.crc32(data[start + 4 : end])):
            return False
        if kind == b"IEND":
            return True
        start = end + 4
    return False
