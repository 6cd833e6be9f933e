"""Requests that a server must refuse, and such as look bad but have an answer."""

import zlib

import numpy as np

from tests.crossinfo.client.scenes import CAMERA, hand_frame, png

DEPTH = hand_frame()[None]


def with_value(array, index, value):
    array = array.copy()
    array[index] = value
    return array


def huge(height, width):
    """A whole 16-bit PNG of equal rows, small as a file."""
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    rows = zlib.compress((b"\0" + b"\2\x08" * width) * height, 1)
    chunks = (b"IHDR" + size + b"\x10\0\0\0\0", b"IDAT" + rows, b"IEND")
    body = (
        (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big") for chunk in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def claiming(width, height):
    """A PNG of a few bytes whose header, checksum and all, claims any size."""
    data = png(np.ones((2, 2)))
    head = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + data[24:29]
    return data[:12] + head + zlib.crc32(head).to_bytes(4, "big") + data[33:]


GOOD_PNG = png(DEPTH[0])

FILES = {"image_bytes": [GOOD_PNG], "camera": CAMERA}
FRAMES = {"depth": DEPTH, "camera": CAMERA}
CENTRE = {"centre_mm": np.float32([[0, 0, 410]])}
TWO_CAMERAS = {"camera": np.tile(CAMERA, (2, 1))}


def _camera(index, value):
    return {"camera": with_value(CAMERA, (0, index), value)}


def _crops(*shape):
    return {"crop": np.zeros(shape, np.float32)}


# {what: (signature, inputs, what the refusal must name)}
BAD = {
    "frame of rank 2": ("serving_default", FRAMES | {"depth": DEPTH[0]}, "depth"),
    "frame of rank 4": ("serving_default", FRAMES | {"depth": DEPTH[..., None]}, "depth"),
    "scalar frame": ("serving_default", FRAMES | {"depth": np.float32(500)}, "depth"),
    "camera of rank 1": ("serving_default", FRAMES | {"camera": CAMERA[0]}, "camera"),
    "camera of three numbers": ("serving_default", FRAMES | {"camera": CAMERA[:, :3]}, "camera"),
    "zero focal length": ("serving_default", FRAMES | _camera(0, 0), "camera"),
    "negative focal length": ("png", FILES | _camera(1, -9), "camera"),
    "camera that is not a number": ("centred", FRAMES | CENTRE | _camera(2, np.nan), "camera"),
    "two cameras for a frame": ("serving_default", FRAMES | TWO_CAMERAS, "camera"),
    "empty batch": ("serving_default", {"depth": DEPTH[:0], "camera": CAMERA[:0]}, "depth"),
    "frame without pixels": ("serving_default", FRAMES | {"depth": DEPTH[:, :0]}, "depth"),
    "centre of two numbers": ("centred", FRAMES | {"centre_mm": np.float32([[1, 2]])}, "centre_mm"),
    "crop of rank 2": ("crop", _crops(96, 96), "crop"),
    "crop of 95 rows": ("crop", _crops(1, 95, 96, 1), "crop"),
    "crop of three channels": ("crop", _crops(1, 96, 96, 3), "crop"),
    "empty batch of crops": ("crop", _crops(0, 96, 96, 1), "crop"),
    "empty batch of files": ("png", FILES | {"image_bytes": np.array([], object)}, "image_bytes"),
    "no PNG": ("png", FILES | {"image_bytes": [b"GIF89a"]}, "image_bytes"),
    "PNG of 8 bits": (
        "png",
        FILES | {"image_bytes": [GOOD_PNG[:24] + b"\x08" + GOOD_PNG[25:]]},
        "image_bytes",
    ),
    "PNG cut off": ("png", FILES | {"image_bytes": [GOOD_PNG[:60]]}, ""),
    "PNG of 100 megapixels": ("png", FILES | {"image_bytes": [claiming(10000, 10000)]}, "image_bytes"),
    "PNG of no pixels": ("png", FILES | {"image_bytes": [claiming(0, 5)]}, "image_bytes"),
    "a file for two cameras": ("png", FILES | TWO_CAMERAS, "camera"),
    "an input too few": ("serving_default", {"depth": DEPTH}, "camera"),
    "an input too many": ("crop", _crops(1, 96, 96, 1) | {"x": CAMERA}, "x"),
    "no such signature": ("pose", {"depth": DEPTH}, "pose"),
}

# Batches that the client does not send: a server that batches would never answer.
EMPTY = ("empty batch", "empty batch of crops", "empty batch of files")

# Where REST is different. An input too many is passed over. An empty batch has no further sizes in JSON,
# which was once refused by another name and once answered.
REST_PASSES_OVER = "an input too many"
REST_MAY_ANSWER = "empty batch"

# Frames in which there is nothing to find: an answer, with ``valid`` false and zeros.
NO_HAND = {
    "not a number": np.full_like(DEPTH, np.nan),
    "infinite": np.full_like(DEPTH, np.inf),
    "zeros": np.zeros_like(DEPTH),
    "one pixel": np.full((1, 1, 1), 500, np.float32),
}
