"""Synthetic frames and pictures, each a function of (seed, index, options) alone.

A frame has one right hand, as the datasets do; a picture has what a camera may see: any number of hands, left
and right, and all that is about them.
"""

import dataclasses
import functools
from typing import NamedTuple

import numpy as np

from datasets.errors import InputError
from datasets.geometry import Camera, project
from datasets.records import Record
from datasets.synthetic import devices, hand, poses, sensors, solids, surroundings
from datasets.synthetic.devices import CAMERA, SIZE, Device
from datasets.synthetic.render import render
from datasets.synthetic.settings import SETTINGS, Cast

SUBJECTS = 9
# Of pictures: so many different hands.
PEOPLE = 400
SCENES = tuple(SETTINGS)
POSES = ("gestures", "natural")
# A hand less visible, or with fewer of its joints in the picture, is none to be found.
LEAST_VISIBLE, LEAST_INSIDE = 0.35, 0.5
_LEAST_PIXELS = 30
# Shares of pictures: empty ones of noise alone; without what is far; without some of what is dark.
_STATIC, _FAR_LOST, _DARK_LOST = 0.06, 0.3, 0.3
_TRIES = 50


@dataclasses.dataclass(frozen=True)
class Options:
    """What to show.

    Args:
        views: "msra" (the palm turned to the camera, as in MSRA15), "any" or "upright".
        noise: bool. Whether to measure as a depth camera does; False gives exact depth.
        forearm: bool. Whether to show the forearm; False cuts it 20 to 40 mm behind the wrist.
        background: bool. Whether a wall, and sometimes a torso, stands behind the hand.
        scenes: of ``SCENES``. Each frame draws one, in the place of ``forearm`` and ``background``. Empty:
            frames are as those two say, and pictures draw from all.
        sensor: one of ``sensors.SENSORS``. What measures, unless ``noise`` is False.
        poses: "gestures" (MSRA15's) or "natural" (anything a hand does).
    """

    views: str = "msra"
    noise: bool = True
    forearm: bool = False
    background: bool = False
    scenes: tuple[str, ...] = ()
    sensor: str = "simple"
    poses: str = "gestures"

    def __post_init__(self):
        object.__setattr__(self, "scenes", tuple(self.scenes))
        for name, choices in (("views", poses.VIEWS), ("sensor", sensors.SENSORS), ("poses", POSES)):
            if getattr(self, name) not in choices:
                raise InputError(f"`{name}`={getattr(self, name)}: expected one of {', '.join(choices)}")
        unknown = [scene for scene in self.scenes if scene not in SCENES]
        if unknown:
            raise InputError(f"`scenes`={unknown[0]}: expected some of {', '.join(SCENES)}")
        if self.scenes and (self.forearm or self.background):
            raise InputError(
                "`scenes` have forearms and backgrounds of their own: leave out the other two options"
            )


@dataclasses.dataclass(frozen=True)
class PosedHand:
    """One hand of a picture.

    Args:
        joints_mm: float32 [21, 3]. Camera space, MSRA's order.
        is_left: bool.
        visible: float, 0 .. 1. Share of what the picture would show of the hand if nothing were before it.
    """

    joints_mm: np.ndarray
    is_left: bool
    visible: float


@dataclasses.dataclass(frozen=True)
class Picture:
    """What a camera sees, and which hands are in it.

    Args:
        depth_mm: float32 [H, W], 0 where nothing is measured.
        camera: Camera.
        hands: the hands to be found.
        ignored: hands that are hidden or cut off too much to be asked for, and are not to be taken as absent.
        scene: one of ``SCENES``.
    """

    depth_mm: np.ndarray
    camera: Camera
    hands: tuple[PosedHand, ...]
    ignored: tuple[PosedHand, ...]
    scene: str


def picture(seed: int, index: int, options: Options | None = None, device: Device | None = None) -> Picture:
    """Picture ``index`` of the endless sequence ``seed``.

    Args:
        seed: int >= 0.
        index: int >= 0.
        options: Options, the defaults if None.
        device: Device; None draws one for each picture.
    """
    options = options or Options()
    rng = np.random.default_rng([seed, index, 3])
    device = device or devices.sample_device(rng)
    name = str(rng.choice(options.scenes or SCENES))
    shape = _shape(seed, int(rng.integers(PEOPLE)))
    angles = _angles(rng, options, int(rng.integers(len(poses.GESTURES))), shape)
    cast = Cast(rng, device, options.views, shape, angles, bool(rng.random() < 0.5))
    look = _look(SETTINGS[name](cast), device)
    depth_mm = look.depth_mm
    if name == "empty" and rng.random() < _STATIC:
        depth_mm = surroundings.static(rng, device.size)
    if options.noise and options.sensor != "exact":
        depth_mm = _received(rng, look, depth_mm)
    depth_mm = _measured(depth_mm, device, rng, options)
    return Picture(depth_mm, device.camera, look.hands, look.ignored, name)


def _received(rng, look, depth_mm):
    """Depth of what sends enough light back; hands do."""
    if rng.random() < _FAR_LOST:
        deepest = max((posed.joints_mm[:, 2].max() for posed in look.hands), default=400.0)
        depth_mm = sensors.far_lost(rng, depth_mm, deepest + rng.uniform(40, 900))
    if rng.random() < _DARK_LOST:
        depth_mm = sensors.dark_lost(rng, depth_mm, look.skin)
    return depth_mm


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

    Raises InputError if a scene has no hand.
    """
    options, device = options or Options(), device or Device()
    refuse_empty(options)
    own_subject, gesture, number = subject_and_gesture(index)
    subject = own_subject if subject is None else subject
    rng = np.random.default_rng([seed, index, 0])
    show = _in_scene if options.scenes else _alone
    joints_mm, depth_mm = show(rng, _shape(seed, subject), gesture, options, device)
    name = f"P{subject}/{poses.GESTURES[gesture]}/{number:06d}_depth.bin"
    depth_mm = _measured(depth_mm, device, rng, options)
    return Record(name, depth_mm, device.camera, joints_mm.astype(np.float32))


def refuse_empty(options: Options):
    """Raises InputError if one of the scenes has no hand, which a frame must have."""
    if "empty" in options.scenes:
        raise InputError("`scenes`=empty: a dataset's frame has a hand; leave it out")


_shape = functools.lru_cache(maxsize=512)(hand.shape_of)


def _angles(rng, options, gesture, shape):
    if options.poses == "natural":
        return poses.sample_any(rng, shape)
    return poses.sample_angles(rng, gesture, shape)


def _measured(depth_mm, device, rng, options):
    return sensors.measure(depth_mm, device.camera, rng, options.sensor if options.noise else "exact")


class _Look(NamedTuple):
    depth_mm: np.ndarray
    hands: tuple[PosedHand, ...]
    ignored: tuple[PosedHand, ...]
    skin: np.ndarray


def _look(setting, device):
    """Exact depth [H, W], the hands seen, the ignored ones, and which pixels show a hand."""
    camera, size = device.camera, device.size
    own = [render(arm.mesh, camera, size) for arm in setting.arms]
    depth_mm = surroundings.nearest([*own, setting.depth(camera, size)], size)
    seen, hidden, skin = [], [], np.zeros(size, bool)
    for arm, alone_mm in zip(setting.arms, own, strict=True):
        hand_mm = arm.hand_depth(camera, alone_mm)
        silhouette = hand_mm > 0
        shown = silhouette & (hand_mm <= depth_mm + 0.5)
        skin |= shown
        pixels, inside = int(silhouette.sum()), _inside(arm.joints_mm, device)
        if pixels == 0 and inside == 0:
            continue
        posed = PosedHand(arm.joints_mm.astype(np.float32), arm.is_left, float(shown.sum()) / max(pixels, 1))
        found = posed.visible >= LEAST_VISIBLE and inside >= LEAST_INSIDE and pixels >= _LEAST_PIXELS
        (seen if found else hidden).append(posed)
    return _Look(depth_mm, tuple(seen), tuple(hidden), skin)


def _inside(joints_mm, device):
    """Share of the joints in the picture."""
    if joints_mm[:, 2].min() <= 0:
        return 0.0
    uv = project(joints_mm, np.asarray(device.camera, float))[:, :2]
    return float(((uv >= -0.5) & (uv < np.array(device.size[::-1]) - 0.5)).all(-1).mean())


def _in_scene(rng, shape, gesture, options, device):
    """Joints [21, 3] of the right hand, and exact depth [H, W] of one of the scenes."""
    for _ in range(_TRIES):
        cast = Cast(rng, device, options.views, shape, _angles(rng, options, gesture, shape), is_left=False)
        setting = SETTINGS[str(rng.choice(options.scenes))](cast)
        look = _look(setting, device)
        right = [posed for posed in look.hands if not posed.is_left]
        if right:
            return right[0].joints_mm, look.depth_mm
    raise RuntimeError(f"no visible hand in {_TRIES} tries")


def _alone(rng, shape, gesture, options, device):
    """Joints [21, 3] and exact depth [H, W] of one hand, at times with its forearm and a background."""
    angles = _angles(rng, options, gesture, shape)
    rotation, arm = poses.sample_rotation(rng, options.views), poses.sample_arm(rng)
    joints_mm, skin = hand.pose(shape, angles, arm, poses.sample_twist(rng))
    shift = poses.sample_shift(rng, joints_mm @ rotation.T, device.camera, device.size, device.range_mm)
    arm_mm = rng.uniform(20, 40)
    if not options.forearm:
        skin = hand.stump(skin, arm, arm_mm)
    depth_mm = render(skin.moved(rotation, shift), device.camera, device.size)
    if not options.forearm:
        _cut(depth_mm, device, shift, rotation @ arm, arm_mm)
    if options.background:
        behind = surroundings.background(rng, float(depth_mm.max()), device)
        depth_mm = surroundings.nearest([depth_mm, behind], device.size)
    return joints_mm @ rotation.T + shift, depth_mm


def _cut(depth_mm, device, wrist_mm, arm, arm_mm):
    """Clears, in place, what lies farther than ``arm_mm`` along the arm, as if segmented by a plane."""
    depth_mm[solids.along(arm, wrist_mm, device.camera, depth_mm) > arm_mm] = 0


__all__ = ["CAMERA", "SCENES", "SIZE", "Device", "Options", "Picture", "PosedHand", "frame", "picture"]
