"""From an uploaded PNG and camera parameters to what the page shows. Everything stays in memory."""

import base64
import dataclasses
import io
import pathlib
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from crossinfo.demo.samples import encode_png
from crossinfo.inference.depth_inputs import HANDS
from crossinfo.inference.loading import Predictor
from crossinfo.inference.pose import estimate, write_csv
from datasets import crops
from datasets.errors import InputError
from datasets.geometry import Camera
from datasets.io import depth_png
from datasets.visualization import drawing

# Less than a command accepts, since strangers may send files; still more than any depth camera has.
MAX_PIXELS = depth_png.MAX_PIXELS // 4
MAX_PICTURE_SIDE = 1280
MAX_NAME_LENGTH = 100
CAMERA = ("fx", "fy", "cx", "cy")


@dataclasses.dataclass(frozen=True)
class FrameSettings:
    """What the page sends along with a frame.

    Args:
        name: Name of the frame: the file's without its ending.
        camera: The camera of the frame.
        depth_scale: Millimetres per PNG unit.
        hand: "auto", "right" or "left"; a network that finds hands tells the side itself.
    """

    name: str
    camera: Camera
    depth_scale: float
    hand: str

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "FrameSettings":
        """Settings from a URL's query parameters; raises InputError naming the first wrong one."""
        camera = Camera(*(_number(query, name) for name in CAMERA))
        depth_scale, hand = _number(query, "depth_scale"), query.get("hand", "")
        depth_png.check_scale(depth_scale)
        if hand not in HANDS:
            raise InputError(f"hand={_printable(hand)}: expected one of {', '.join(HANDS)}")
        name = pathlib.PurePosixPath(_printable(query.get("name", ""))).stem
        return cls(name or "frame", camera, depth_scale, hand)


def _number(query, name):
    text = query.get(name, "").strip()
    if not text:
        raise InputError(f"{name}: enter a number")
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise InputError(f"{name}: {_printable(text)!r} is not a finite number")
    return value


def _printable(text):
    """The printable characters of a text, at most ``MAX_NAME_LENGTH``."""
    return "".join(character for character in text if character.isprintable())[:MAX_NAME_LENGTH]


def answer(predictor: Predictor, data: bytes, settings: FrameSettings) -> dict[str, Any]:
    """What the page shows for one frame, ready for JSON.

    Args:
        predictor: The network.
        data: A depth PNG.
        settings: What was sent along with it.

    Returns:
        ``frame``, ``valid``, ``joints_mm`` and ``joints_uvd`` [J][3], ``centre_mm`` [3], ``confidence`` and
        ``is_left`` (None of a network that does not tell) and both as text, ``summary``; ``window`` (left,
        top, width and height of the crop in pixels, or None), ``size`` (width and height of the frame),
        ``picture`` (a data URI), ``csv`` (as ``joints.csv``), and ``elapsed_ms`` from the file to the joints.

    Raises:
        InputError: Naming what is wrong with the file or the settings.
    """
    start = time.perf_counter()
    depth_mm = depth_png.decode_depth_png(data, settings.name, settings.depth_scale, MAX_PIXELS)
    try:
        pose = estimate(predictor, settings.name, depth_mm, settings.camera, hand=settings.hand)
    except tf.errors.InvalidArgumentError as error:
        raise InputError(f"{settings.name}: {str(error).strip().partition(chr(10))[0][:200]}") from None
    elapsed_ms = 1000 * (time.perf_counter() - start)
    return pose.to_json() | {
        "summary": pose.summary,
        "window": _window(pose, settings.camera, predictor.card.cube_mm),
        "size": depth_mm.shape[::-1],
        "picture": _picture(depth_mm, pose, predictor.card.cube_mm),
        "csv": _csv(pose, predictor.card.joints),
        "elapsed_ms": round(elapsed_ms, 1),
    }


def _csv(pose, joints):
    """The text of ``joints.csv`` for one pose."""
    text = io.StringIO()
    write_csv(text, [pose], joints)
    return text.getvalue()


def _window(pose, camera, cube_mm):
    """The network's crop in the frame: left, top, width and height in pixels; None without a hand."""
    if not pose.valid:
        return None
    place = crops.CropPlace(pose.centre_mm[None], np.asarray(camera)[None], np.float32([cube_mm]))
    start, end = (corner[0].numpy() for corner in crops.window(place))
    return [*start.tolist(), *(end - start).tolist()]


def _picture(depth_mm, pose, cube_mm):
    """A data URI of the depth picture, with its contrast on the hand if there is one."""
    step = -(-max(depth_mm.shape) // MAX_PICTURE_SIDE)
    bounds = pose.centre_mm[2] + np.array([-0.5, 0.5]) * cube_mm if pose.valid else (None, None)
    picture = encode_png(drawing.depth_picture(depth_mm[::step, ::step], *bounds)[..., ::-1])
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")
