"""The synthetic frames that the page offers to start with, rendered when the program starts."""

import dataclasses

import cv2
import numpy as np

from datasets import synthetic
from datasets.geometry import Camera
from datasets.visualization import drawing

SEED = 0


@dataclasses.dataclass(frozen=True)
class Sample:
    """One synthetic frame.

    Args:
        title: What it shows.
        camera: Its camera.
        hand: "right" or "left".
        png: The 16-bit depth PNG, in mm.
        thumbnail: A PNG picture of it.
    """

    title: str
    camera: Camera
    hand: str
    png: bytes
    thumbnail: bytes


def create() -> list[Sample]:
    """Renders the frames."""
    return [
        _sample("Open hand", 37),
        _sample("Two fingers and thumb", 1090, forearm=True),
        _sample("Left hand", 37, left=True, forearm=True),
        _sample("In front of a wall", 1090, forearm=True, background=True),
    ]


def _sample(title, index, left=False, **options):
    record = synthetic.frame(SEED, index, synthetic.Options(**options))
    depth_mm, camera = np.rint(record.depth_mm).astype(np.uint16), record.camera
    if left:
        camera = dataclasses.replace(camera, cx=depth_mm.shape[1] - 1 - camera.cx)
        depth_mm = np.ascontiguousarray(depth_mm[:, ::-1])
    thumbnail = encode_png(drawing.depth_picture(depth_mm)[..., ::-1])
    return Sample(title, camera, "left" if left else "right", encode_png(depth_mm), thumbnail)


def encode_png(image: np.ndarray) -> bytes:
    """A PNG file of uint16 [H, W], or of uint8 [H, W, 3] in OpenCV's channel order (B, G, R)."""
    return cv2.imencode(".png", image)[1].tobytes()
