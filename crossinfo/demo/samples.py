"""The frames that the page offers to start with, made when the program starts."""

import dataclasses

import cv2
import numpy as np

from datasets.geometry import Camera
from datasets.synthetic import frames
from datasets.visualization import drawing

SEED = 5


@dataclasses.dataclass(frozen=True)
class Sample:
    """One synthetic frame.

    Args:
        title: str. What it shows.
        camera: Camera.
        hand: "right" or "left".
        png: bytes. The 16-bit PNG in mm.
        picture: bytes. A PNG to look at.
    """

    title: str
    camera: Camera
    hand: str
    png: bytes
    picture: bytes


def make():
    """List of ``Sample``."""
    return [
        _sample("Open hand", 39),
        _sample("Two fingers and thumb", 21, forearm=True),
        _sample("Left hand", 39, left=True, forearm=True),
        _sample("Before a wall", 21, forearm=True, background=True),
    ]


def _sample(title, index, left=False, **options):
    record = frames.frame(SEED, index, frames.Options(**options))
    depth_mm, camera = np.rint(record.depth_mm).astype(np.uint16), record.camera
    if left:
        camera = dataclasses.replace(camera, cx=depth_mm.shape[1] - 1 - camera.cx)
        depth_mm = np.ascontiguousarray(depth_mm[:, ::-1])
    picture = drawing.depth_picture(depth_mm)[..., ::-1]
    return Sample(title, camera, "left" if left else "right", encoded(depth_mm), encoded(picture))


def encoded(image):
    """A PNG's bytes, of uint16 [H, W] or of uint8 [H, W, 3] in OpenCV's order of channels."""
    return cv2.imencode(".png", image)[1].tobytes()
