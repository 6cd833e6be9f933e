"""Flags of the commands that read a user's own depth PNGs."""

from types import SimpleNamespace

import numpy as np

from crossinfo.inference.depth_inputs import HANDS, DepthFrames, find_images
from datasets.command_line import Group
from datasets.errors import InputError
from datasets.geometry import Camera

CAMERA = "fx,fy,cx,cy of the depth camera, in pixels"
PRETRAINED = "without it, the pretrained networks of this package"
LOCALISER = (
    "what finds hands for a --model of upright hands: its localiser.keras; by default the file beside the "
    "model, or else the package's"
)


def define(group: Group) -> None:
    """The flags that say which frames, and how to read them."""
    group.string("input", None, "a 16-bit depth PNG, or a folder of them", required=True)
    group.string("camera", None, CAMERA, required=True)
    group.number("depth_scale", 1.0, "millimetres per unit of the PNG; 0.125 for a RealSense SR305")
    group.choice(
        "hand", "auto", HANDS,
        "auto: found by a network that finds hands, as the pretrained one does; right for any other. right, "
        "left: every hand is taken for such",
    )  # fmt: skip
    group.string("centre_mm", None, "x,y,z of the hand in every frame, in mm; found in the depth if omitted")


def depth_frames(values: SimpleNamespace) -> DepthFrames:
    """The frames that the flags of ``define`` name; raises InputError naming the flag or the frame."""
    return DepthFrames(
        camera=camera(values.camera),
        centre_mm=numbers(values.centre_mm, 3, "centre_mm") if values.centre_mm else None,
        paths=find_images(values.input),
        depth_scale=values.depth_scale,
        hand=values.hand,
    )


def camera(text: str) -> Camera:
    """The camera of ``--camera=fx,fy,cx,cy``; raises InputError naming the flag."""
    values = numbers(text, 4, "camera")
    try:
        return Camera(*values)
    except InputError as error:
        raise InputError(f"--camera={text}: {error}") from None


def numbers(text: str, count: int, flag: str) -> tuple[float, ...]:
    """Numbers that are separated by commas and finite in float32.

    Args:
        text: the flag's value.
        count: how many numbers there must be.
        flag: its name, for the InputError that anything else raises.
    """
    try:
        values = tuple(float(word) for word in text.split(","))
    except ValueError:
        values = ()
    with np.errstate(over="ignore"):
        finite = np.isfinite(np.array(values, np.float32)).all()
    if len(values) != count or not finite:
        raise InputError(f"--{flag}={text}: expected {count} finite numbers separated by commas")
    return values
