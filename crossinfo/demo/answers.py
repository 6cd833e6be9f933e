"""From an uploaded PNG and the camera's numbers to what the page shows. Everything stays in memory."""

import base64
import dataclasses
import io
import pathlib
import time

import numpy as np
import tensorflow as tf

from crossinfo.demo.samples import encoded
from crossinfo.inference.pose import estimate, write_csv
from datasets import crops
from datasets.errors import InputError
from datasets.geometry import Camera
from datasets.io import depth_png
from datasets.visualization import drawing

# A frame of the page is for one person to look at; no depth camera comes near this one either.
MAX_PIXELS = depth_png.MAX_PIXELS // 4
PICTURE_SIDE = 1280
LONGEST_NAME = 100
CAMERA = ("fx", "fy", "cx", "cy")


@dataclasses.dataclass(frozen=True)
class Settings:
    """What the page sends along with a frame.

    Args:
        name: str. The frame's name without its ending.
        camera: Camera.
        depth_scale: float. Millimetres a unit of the PNG.
        hand: "right" or "left".
    """

    name: str
    camera: Camera
    depth_scale: float
    hand: str

    @classmethod
    def parse(cls, query):
        """From a mapping of texts; raises InputError naming the first one that is wrong."""
        values = [_number(query, name) for name in CAMERA]
        # The network sees float32, in which 1e-300 is no focal length and 1e300 not finite.
        with np.errstate(over="ignore"):
            Camera(*np.float32(values).tolist())
        depth_scale, hand = _number(query, "depth_scale"), query.get("hand", "")
        depth_png.check_scale(depth_scale)
        if hand not in ("right", "left"):
            raise InputError(f"hand={_shown(hand)}: expected right or left")
        name = pathlib.PurePosixPath(_shown(query.get("name", ""))).stem
        return cls(name or "frame", Camera(*values), depth_scale, hand)


def _number(query, name):
    text = query.get(name, "").strip()
    if not text:
        raise InputError(f"{name}: enter the camera's number")
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise InputError(f"{name}: {_shown(text)!r} is not a finite number")
    return value


def _shown(text):
    """One short printable line."""
    return "".join(character for character in text if character.isprintable())[:LONGEST_NAME]


def answer(served, data, settings):
    """What the page shows of one frame, ready for JSON.

    Args:
        served: ``crossinfo.inference.loading.Predictor``.
        data: bytes of a depth PNG.
        settings: Settings.

    Returns a dict: ``frame``, ``valid``, ``joints_mm`` and ``joints_uvd`` [J][3], ``centre_mm`` [3],
    ``window`` [left, top, width, height] of the crop in pixels or None, ``size`` [width, height],
    ``picture`` (a data URI), ``csv`` (as ``joints.csv``), and ``elapsed_ms`` from the file to the joints.
    Raises InputError naming what is wrong.
    """
    start = time.perf_counter()
    depth_mm = depth_png.decode_depth_png(data, settings.name, settings.depth_scale, MAX_PIXELS)
    try:
        pose = estimate(served, settings.name, depth_mm, settings.camera, hand=settings.hand)
    except tf.errors.InvalidArgumentError as error:
        raise InputError(f"{settings.name}: {str(error).strip().partition(chr(10))[0][:200]}") from None
    elapsed_ms = 1000 * (time.perf_counter() - start)
    shown = {key: value.tolist() for key, value in vars(pose).items() if key != "frame"}
    return shown | {
        "frame": pose.frame,
        "window": _window(pose, settings.camera, served.card.cube_mm),
        "size": depth_mm.shape[::-1],
        "picture": _picture(depth_mm, pose, served.card.cube_mm),
        "csv": _table(pose, served.card.joints),
        "elapsed_ms": round(elapsed_ms, 1),
    }


def _table(pose, joints):
    """The text of ``joints.csv`` for one pose."""
    text = io.StringIO()
    write_csv(text, [pose], joints)
    return text.getvalue()


def _window(pose, camera, cube_mm):
    """The crop's window in the frame, as the network's crop has it."""
    if not pose.valid:
        return None
    place = crops.CropPlace(pose.centre_mm[None], np.asarray(camera)[None], np.float32([cube_mm]))
    start, end = (corner[0].numpy() for corner in crops.window(place))
    return [*start.tolist(), *(end - start).tolist()]


def _picture(depth_mm, pose, cube_mm):
    """A data URI of the depth, with its contrast on the hand if there is one."""
    step = -(-max(depth_mm.shape) // PICTURE_SIDE)
    bounds = pose.centre_mm[2] + np.array([-0.5, 0.5]) * cube_mm if pose.valid else (None, None)
    picture = encoded(drawing.depth_picture(depth_mm[::step, ::step], *bounds)[..., ::-1])
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")
