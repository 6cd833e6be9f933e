"""PNG files: their header, their wholeness, and the datasets' pictures of one known size and kind."""

import contextlib
import os
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import cv2
import numpy as np

from datasets.errors import InputError

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER_BYTES = 26
# What a PNG may need beside its pixels, and for pixels that do not compress.
_SPARE_BYTES, _SPARE_FACTOR = 1 << 20, 2
GREY, RGB = 0, 2

# (bits, PNG colour type) -> words for messages.
GREY16, RGB8 = (16, GREY), (8, RGB)
_KINDS = {GREY16: "16-bit, one channel", RGB8: "8-bit RGB"}

Path = str | os.PathLike


class Header(NamedTuple):
    """What a PNG's first bytes say of its picture."""

    width: int
    height: int
    bits: int
    colour: int

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.height, self.width

    @property
    def kind(self) -> tuple[int, int]:
        """(bits, PNG colour type)."""
        return self.bits, self.colour


def read_content(file: BinaryIO, header: Header) -> bytes:
    """All bytes that a picture of this header can have; what is longer is not read to its end."""
    channels = 1 if header.colour == GREY else 4
    pixels = header.width * header.height * channels * -(-header.bits // 8) + header.height
    return file.read(min(_SPARE_FACTOR * pixels + _SPARE_BYTES, os.fstat(file.fileno()).st_size))


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[Header, BinaryIO]]:
    """Opens a PNG file: (its header, the file at its start). Raises InputError naming the file."""
    try:
        file = open(path, "rb")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: expected a PNG file, found a directory") from None
    with file:
        header = parse_header(file.read(HEADER_BYTES), path)
        file.seek(0)
        yield header, file


def parse_header(data: bytes, name: Path) -> Header:
    """Header of a PNG from its bytes; raises InputError naming the file ``name`` if it is none."""
    if not data:
        raise InputError(f"{name}: not a PNG file, but an empty one")
    if len(data) < HEADER_BYTES or not data.startswith(SIGNATURE) or data[12:16] != b"IHDR":
        raise InputError(f"{name}: not a PNG file")
    return Header(*struct.unpack(">IIBB", data[16:HEADER_BYTES]))


def decode(data: bytes, header: Header, name: Path) -> np.ndarray:
    """The picture in the bytes of a grey or RGB PNG.

    Args:
        data: the whole file.
        header: its header, which may claim any size: look at it first.
        name: of the file, for messages.

    Returns uint8 or uint16 [H, W], or [H, W, channels] with blue first. Raises InputError if the file is
    damaged, cut off, or holds another picture than its header says.
    """
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if is_whole(data) else None
    # A small header may stand before no data, or before another picture.
    as_said = (*header.size, 2 if header.colour == GREY else 3, header.bits)
    if image is None or (*image.shape[:2], image.ndim, 8 * image.itemsize) != as_said:
        raise InputError(f"{name}: the PNG is damaged or cut off; copy it again")
    return image


def is_whole(data: bytes) -> bool:
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


def read_png(path: Path, kind: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """One picture as its file holds it.

    Args:
        path: path.
        kind: ``GREY16`` or ``RGB8``.
        size: (height, width) that it must have.

    Returns uint16 [H, W], or uint8 [H, W, 3] in the order blue, green, red. Raises InputError naming the
    file if it is missing, cut off, or not such a picture. A frame without a measurement is no error here.
    """
    with opened(path) as (header, file):
        if header.kind != kind or header.size != size:
            found = _KINDS.get(header.kind, f"{header.bits} bits, PNG colour type {header.colour}")
            raise InputError(
                f"{path}: expected a PNG of {size[1]} x {size[0]}, {_KINDS[kind]}, found "
                f"{header.width} x {header.height}, {found}"
            )
        return decode(read_content(file, header), header, path)


def read_depth16(path: Path, size: tuple[int, int]) -> np.ndarray:
    """Depth of a 16-bit PNG in mm as float32 [H, W]; size and errors as ``read_png``."""
    return read_png(path, GREY16, size).astype(np.float32)
