"""One synthetic frame: a posed hand before a camera, a function of (seed, index, options) alone."""

import dataclasses
import functools

import numpy as np

from datasets.errors import InputError
from datasets.geometry import Camera
from datasets.records import Record
from datasets.synthetic import hand, poses, sensor
from datasets.synthetic.rasterise import render

# MSRA15's camera.
CAMERA = Camera(241.42, 241.42, 160.0, 120.0)
SIZE = (240, 320)
SUBJECTS = 9


@dataclasses.dataclass(frozen=True)
class Device:
    """A depth camera and where the hand is before it.

    Args:
        camera: Camera.
        size: (height, width) in pixels.
        range_mm: (near, far). Bounds of the depth of the joints' mean.
    """

    camera: Camera = CAMERA
    size: tuple[int, int] = SIZE
    range_mm: tuple[float, float] = (250.0, 500.0)


@dataclasses.dataclass(frozen=True)
class Options:
    """What to show.

    Args:
        views: "msra" (the palm turned to the camera, as in MSRA15) or "any".
        noise: bool. Whether to measure as a depth camera does; False gives exact depth.
        forearm: bool. Whether to show the forearm; False cuts it 20 to 40 mm behind the wrist.
        background: bool. Whether a wall, and sometimes a torso, stands behind the hand.
    """

    views: str = "msra"
    noise: bool = True
    forearm: bool = False
    background: bool = False

    def __post_init__(self):
        if self.views not in poses.VIEWS:
            raise InputError(f"`views`={self.views}: expected one of {', '.join(poses.VIEWS)}")


def subject_and_gesture(index: int) -> tuple[int, int, int]:
    """(subject, gesture, number within both) of a frame: subjects take turns, then gestures."""
    rest, subject = divmod(index, SUBJECTS)
    number, gesture = divmod(rest, len(poses.GESTURES))
    return subject, gesture, number


def frame(
    seed: int,
    index: int,
    options: Options | None = None,
    device: Device | None = None,
    subject: int | None = None,
) -> Record:
    """Frame ``index`` of the endless sequence ``seed``.

    Args:
        seed: int >= 0.
        index: int >= 0.
        options: Options, the defaults if None.
        device: Device, MSRA15's if None.
        subject: int or None. Whose hand; None takes the one of ``subject_and_gesture``.

    Returns:
        Record named as in MSRA15 (``P0/1/000000_depth.bin``), with 21 joints in MSRA's order. The folder
        is the subject and the nearest anchor gesture; all frames of a subject share one hand.
    """
    options, device = options or Options(), device or Device()
    own_subject, gesture, number = subject_and_gesture(index)
    subject = own_subject if subject is None else subject
    rng = np.random.default_rng([seed, index, 0])
    joints_mm, depth_mm = _scene(rng, _shape(seed, subject), gesture, options, device)
    if options.background:
        behind = sensor.background(float(depth_mm.max()), device.camera, device.size, rng)
        depth_mm = np.where(depth_mm > 0, depth_mm, behind)
    if options.noise:
        depth_mm = sensor.measure(depth_mm, device.camera, rng)
    name = f"P{subject}/{poses.GESTURES[gesture]}/{number:06d}_depth.bin"
    return Record(name, depth_mm, device.camera, joints_mm.astype(np.float32))


_shape = functools.lru_cache(maxsize=256)(hand.shape_of)


def _scene(rng, shape, gesture, options, device):
    """Joints [21, 3] and exact depth [H, W] of one posed hand in camera space."""
    angles = poses.sample_angles(rng, gesture)
    rotation, arm = poses.sample_rotation(rng, options.views), poses.sample_arm(rng)
    joints_mm, skin = hand.pose(shape, angles, arm, poses.sample_twist(rng))
    shift = poses.sample_shift(rng, joints_mm @ rotation.T, device.camera, device.size, device.range_mm)
    arm_mm = rng.uniform(20, 40)
    if not options.forearm:
        skin = hand.stump(skin, arm, arm_mm)
    depth_mm = render(skin.moved(rotation, shift), device.camera, device.size)
    if not options.forearm:
        _cut(depth_mm, device, shift, rotation @ arm, arm_mm)
    return joints_mm @ rotation.T + shift, depth_mm


def _cut(depth_mm, device, wrist_mm, arm, arm_mm):
    """Clears, in place, what lies farther than ``arm_mm`` along the arm, as if segmented by a plane."""
    camera, (height, width) = device.camera, device.size
    u = (np.arange(width) - camera.cx) / camera.fx * arm[0]
    v = (np.arange(height) - camera.cy) / camera.fy * arm[1] + arm[2]
    along = depth_mm * np.add.outer(v, u).astype(np.float32)
    depth_mm[along > wrist_mm @ arm + arm_mm] = 0
