"""The named scenes: what each puts before the camera."""

import dataclasses

import numpy as np

from datasets.synthetic import arms, bodies, grasp, hand, poses, surroundings
from datasets.synthetic.arms import Pose
from datasets.synthetic.devices import Device
from datasets.synthetic.kinematics import about, unit
from datasets.synthetic.surroundings import Setting

# How an arm comes into the picture: of a person opposite, of whoever wears the camera, under a camera.
_WAYS, _WAY_SHARES = ("front", "own", "above"), (0.5, 0.27, 0.23)


@dataclasses.dataclass(frozen=True)
class Cast:
    """Who is shown and how.

    Args:
        rng: numpy Generator.
        device: Device.
        views: one of ``poses.VIEWS``.
        shape: hand.Shape.
        angles: [5, 4] radians.
        is_left: bool.
    """

    rng: np.random.Generator
    device: Device
    views: str
    shape: hand.Shape
    angles: np.ndarray
    is_left: bool


def bare(cast: Cast) -> Setting:
    """A hand in the air."""
    way, arm = _arm(cast)
    parts = [] if cast.rng.random() < 0.3 else _rest_of_arm(cast, way, arm)
    return _in_room(cast, Setting([arm], parts), 0.4)


def sleeve(cast: Cast) -> Setting:
    """A hand that comes out of a sleeve."""
    way, arm = _arm(cast)
    parts = _rest_of_arm(cast, way, arm, sleeved=True)
    return _in_room(cast, Setting([arm], parts), 0.7)


def table(cast: Cast) -> Setting:
    """A hand on a table or close above it."""
    return _before_plane(cast, surroundings.table_normal(cast.rng), 0.6)


def wall(cast: Cast) -> Setting:
    """A hand on a wall or close before it."""
    return _before_plane(cast, surroundings.wall_normal(cast.rng), 0.1)


def body(cast: Cast) -> Setting:
    """A hand before the person whom it belongs to."""
    _, arm = _arm(cast, "front")
    return _in_room(cast, Setting([arm], bodies.person(cast.rng, cast.device, arm)), 0.8)


def object_(cast: Cast) -> Setting:
    """A hand that holds a thing, or has things near."""
    rng = cast.rng
    pose = grasp.grasp(rng, cast.shape) if rng.random() < 0.75 else Pose(cast.shape, cast.angles)
    way, arm = _arm(cast, pose=pose)
    parts = _rest_of_arm(cast, way, arm)
    if not pose.held:
        middle = arm.joints_mm.mean(0)
        for _ in range(rng.integers(1, 4)):
            place = middle + unit(rng.normal(size=3)) * rng.uniform(110, 230)
            parts.append(grasp.thing(rng, 160).moved(_any_turn(rng), place))
    if rng.random() < 0.3:
        normal = surroundings.table_normal(rng)
        if arm.direction @ normal > -0.1 and normal @ arm.joints_mm.mean(0) < -120:
            return Setting([arm], parts, [surroundings.behind(rng, [arm], normal, rng.uniform(0, 150))])
    return _in_room(cast, Setting([arm], parts), 0.6)


def two_hands(cast: Cast) -> Setting:
    """A left and a right hand, far apart, near each other, or one before the other."""
    way, arm = _arm(cast)
    other = _second(cast, way, arm)
    parts = _rest_of_arm(cast, way, arm)
    parts += _rest_of_arm(cast, way, other) if other else []
    return _in_room(cast, Setting([arm, other] if other else [arm], parts), 0.6)


def cut(cast: Cast) -> Setting:
    """A hand of which the picture's border cuts off a part."""
    rng = cast.rng
    way, arm = _arm(cast)
    camera, (height, width) = cast.device.camera, cast.device.size
    axis, side = int(rng.integers(2)), int(rng.integers(2))
    focal, centre, length = ((camera.fx, camera.cx, width), (camera.fy, camera.cy, height))[axis]
    border = (side * (length - 1) - centre) / focal
    needed = border * arm.joints_mm[:, 2] - arm.joints_mm[:, axis]
    share = rng.uniform(0.1, 0.4)
    shift = np.zeros(3)
    # The joints whose need is smaller than the shift end up beyond the left or upper border.
    shift[axis] = np.quantile(needed, share if side else 1 - share)
    arm = arm.moved(shift)
    return _in_room(cast, Setting([arm], _rest_of_arm(cast, way, arm)), 0.6)


def empty(cast: Cast) -> Setting:
    """No hand: rooms, tables, persons whose hands are elsewhere, things, arms without a hand."""
    rng, device = cast.rng, cast.device
    near = float(np.exp(rng.uniform(np.log(250), np.log(1500))))
    setting = Setting()
    if rng.random() < 0.4:
        setting.solids += _someone(rng, device, near)
    for _ in range(rng.poisson(1.6)):
        setting.solids += _something(rng, device)
    if rng.random() < 0.45:
        normal = surroundings.table_normal(rng) if rng.random() < 0.7 else surroundings.wall_normal(rng)
        middle = np.array([0, 0, near])
        plane = surroundings.Plane(middle, normal)
        setting.planes.append(plane)
        setting.solids += surroundings.clutter(rng, plane, middle, [])
    if rng.random() < 0.75:
        _in_room(cast, setting, 1.0, near)
    return setting


SETTINGS = {
    "bare": bare,
    "sleeve": sleeve,
    "table": table,
    "wall": wall,
    "body": body,
    "object": object_,
    "two_hands": two_hands,
    "cut": cut,
    "empty": empty,
}


def _arm(cast, way=None, pose=None, plausible=lambda direction: True):
    """A way for an arm to come into the picture, and an arm that does."""
    way = way or str(cast.rng.choice(_WAYS, p=_WAY_SHARES))
    # Palms that face the camera are what gestures are made for.
    views = "msra" if way == "front" and cast.rng.random() < 0.3 else cast.views
    arm = arms.placed(
        cast.rng,
        pose or Pose(cast.shape, cast.angles),
        cast.is_left,
        views,
        cast.device,
        lambda direction: _comes(way, direction) and plausible(direction),
    )
    return way, arm


def _comes(way, direction):
    """Whether a forearm that goes in a direction [3] belongs to somebody in the right place."""
    x, y, z = direction
    if way == "front":
        return z > -0.35 and y > -0.3
    if way == "own":
        return z < 0.35 and y > 0.0
    return abs(z) < 0.75


_SHOULDERS = {"front": (-0.25, -0.4, 0.8), "own": (0.2, -0.2, -0.9)}


def _rest_of_arm(cast, way, arm, sleeved=None):
    """Elbow and upper arm, bare or in a sleeve."""
    rng = cast.rng
    side = 1.0 if arm.is_left else -1.0
    towards = np.array(_SHOULDERS.get(way, (0, 0, 0)), float) * [side, 1, 1]
    if way == "above":
        towards = arm.direction - [0, 0, rng.uniform(0, 1)]
    shoulder_mm = arms.shoulder(rng, arm, towards)
    parts = arms.upper(arm, shoulder_mm)
    if sleeved or (sleeved is None and rng.random() < 0.35):
        parts.append(arms.sleeve(rng, arm, shoulder_mm))
    return parts


def _in_room(cast, setting, share, beyond_mm=None):
    """The setting with a room behind it, at times."""
    if cast.rng.random() < share:
        deepest = [float(mesh.vertices_mm[:, 2].max()) for mesh in [arm.mesh for arm in setting.arms]]
        things, planes = surroundings.room(cast.rng, beyond_mm or max(deepest) + 30, cast.device)
        setting.solids += things
        setting.planes += planes
    return setting


def _before_plane(cast, normal, clutter):
    """A hand before a plane, touching it half the time; the arm does not go through it."""
    rng = cast.rng
    way, arm = _arm(cast, "above" if rng.random() < 0.5 else None, None, lambda d: d @ normal > -0.05)
    gap = 0.0 if rng.random() < 0.5 else rng.uniform(5, 180)
    plane = surroundings.behind(rng, [arm], normal, gap)
    setting = Setting([arm], _rest_of_arm(cast, way, arm), [plane])
    if rng.random() < clutter:
        setting.solids += surroundings.clutter(rng, plane, arm.joints_mm.mean(0), [arm])
    if plane.half_mm is not None:
        _in_room(cast, setting, 0.7)
    return setting


def _second(cast, way, arm):
    """The other hand of the same person, or of another one; None if none fits beside the first."""
    rng = cast.rng
    angles = cast.angles if rng.random() < 0.3 else poses.sample_any(rng, cast.shape)
    second = dataclasses.replace(cast, is_left=not arm.is_left, angles=angles)
    for _ in range(6):
        _, other = _arm(second, way)
        middle, goal = arm.joints_mm.mean(0), other.joints_mm.mean(0)
        if rng.random() < 0.75:
            goal = middle + unit(rng.normal(0, [1.3, 0.8, 0.7])) * rng.uniform(70, 260)
        else:
            goal = goal * (middle[2] + rng.normal(0, 120)) / goal[2]
        other = other.moved(goal - other.joints_mm.mean(0))
        if other.joints_mm[:, 2].min() > 150 and _apart(arm, other):
            return other
    return None


def _apart(one, other):
    """Whether two arms do not cut into each other."""
    first, second = one.mesh.vertices_mm[::12], other.mesh.vertices_mm[::12]
    squares = (first**2).sum(1)[:, None] + (second**2).sum(1) - 2 * first @ second.T
    return float(squares.min()) > 13.0**2


def _any_turn(rng):
    axis = unit(rng.normal(size=3))
    return about(axis, rng.uniform(0, 2 * np.pi))


def _inside(rng, device, depth, spread=0.5):
    """A place at a depth, in the picture for a spread up to 0.5."""
    height, width = device.size
    u, v = (rng.uniform(-spread, spread) * length for length in (width, height))
    return np.array([u / device.camera.fx * depth, v / device.camera.fy * depth, depth])


def _someone(rng, device, near):
    """A person whose hands are out of the picture."""
    facing = about(np.eye(3)[1], rng.normal(0, 0.6)) @ about(np.eye(3)[2], rng.normal(0, 0.1))
    middle = _inside(rng, device, max(near, 450) + 150, 0.6)
    chest = bodies.torso(rng).moved(facing, middle)
    meshes = [chest, *(part.moved(facing, middle) for part in (bodies.head(rng), *bodies.legs(rng)))]
    half = 0.5 * float(np.ptp(chest.vertices_mm[:, 0])) * 0.92
    for side in (-1, 1):
        meshes += bodies.hanging(rng, device, middle + facing @ [side * half, 10, 0], facing)
    return meshes


def _something(rng, device):
    """A thing near the camera: a ball, a box, a head, a foot, an arm without a hand."""
    place = _inside(rng, device, float(np.exp(rng.uniform(np.log(250), np.log(1500)))))
    kind = rng.integers(6)
    if kind == 0:
        way = unit(rng.normal(0, [1, 1, 0.5]) + [0, 0.5, 0])
        return bodies.stump(rng, place, way)
    if kind == 1:
        return [bodies.foot(rng).moved(_any_turn(rng), place)]
    if kind == 2:
        turn = about(np.eye(3)[0], rng.normal(0, 0.4)) @ about(np.eye(3)[1], rng.normal(0, 0.8))
        return [bodies.head(rng).moved(turn, place + [0, 140, 60])]
    return [grasp.thing(rng, 300).moved(_any_turn(rng), place)]
