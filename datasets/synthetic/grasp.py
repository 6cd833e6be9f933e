"""Objects held by a hand: fingers close until they touch."""

from collections.abc import Callable

import numpy as np

from datasets.synthetic import hand, poses, solids
from datasets.synthetic.arms import Pose
from datasets.synthetic.kinematics import about, between, unit
from datasets.synthetic.mesh import Mesh

# A closed hand: bending of the first joint, its spread, bending of the second and third; then the thumb's.
_OPEN = np.radians([[0, 4, 2, 2], [0, 1, 2, 2], [0, -2, 2, 2], [0, -6, 2, 2], [-10, 42, -5, -5]])
_CLOSED = np.radians(
    [[82, 0, 100, 66], [82, 0, 100, 66], [82, 0, 100, 66], [82, 0, 100, 66], [42, 38, 45, 55]]
)
_STEPS = np.linspace(0, 1, 14)
_FLESH_MM = 8.0
Y = np.array([0.0, 1.0, 0.0])


def grasp(rng: np.random.Generator, shape: hand.Shape) -> Pose:
    """A hand with an object in it."""
    kind = rng.choice(["round", "ball", "box", "phone", "pen"], p=[0.35, 0.15, 0.2, 0.15, 0.15])
    if kind == "pen":
        return _pen(rng, shape)
    size = float(np.linalg.norm(shape.joints_mm[5])) / 92
    middle = np.array([rng.normal(0, 4), rng.normal(74, 7), 0.0]) * size
    mesh, distance, depth_mm = _SOLIDS[kind](rng)
    turn = _across(rng)
    place = middle + np.array([0, 0, 17 * size + depth_mm])
    angles = close(shape, lambda points: distance((points - place) @ turn))
    angles = angles + np.radians(rng.normal(0, 2, angles.shape))
    return Pose(shape, np.clip(angles, poses.LOWEST, poses.HIGHEST), (mesh.moved(turn, place),))


def close(shape: hand.Shape, distance: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Angles [5, 4] of fingers that each bend until they touch.

    Args:
        shape: hand.Shape.
        distance: points [..., 3] in the hand frame, mm -> distance [...] from the object's surface.
    """
    angles = _OPEN + _STEPS[:, None, None] * (_CLOSED - _OPEN)
    fingers = hand.forward_kinematics(shape, angles)[:, 1:].reshape(len(_STEPS), 5, 4, 3)
    points = np.concatenate([fingers[:, :, 1:], (fingers[:, :, 1:] + fingers[:, :, :-1]) / 2], 2)
    free = (distance(points) > _FLESH_MM).all(-1)
    # The first touch stops a finger, though it might be free again behind the object.
    last = np.logical_and.accumulate(free, 0).sum(0) - 1
    return angles[np.maximum(last, 0), np.arange(5)]


def _across(rng):
    """Rotation that lays an object's long axis across the palm, a little askew."""
    skew, lift = np.radians(rng.normal(12, 15)), np.radians(rng.normal(0, 6))
    axis = np.array([np.cos(skew) * np.cos(lift), np.sin(skew) * np.cos(lift), np.sin(lift)])
    return between(Y, axis) @ about(Y, rng.uniform(0, 2 * np.pi))


def _round(rng):
    radius, length = rng.uniform(9, 40), rng.uniform(80, 260)
    solid = rng.choice([solids.cylinder, solids.bottle, solids.mug])
    if solid is solids.mug:
        length = rng.uniform(2.2, 3.0) * radius
    slide = rng.uniform(-0.25, 0.25) * length
    mesh = solid(radius, length).moved(np.eye(3), [0, slide, 0])

    def distance(points):
        outside = np.abs(points[..., 1] - slide) - length / 2
        return np.maximum(np.linalg.norm(points[..., [0, 2]], axis=-1) - radius, outside)

    return mesh, distance, radius


def _ball(rng):
    radius = rng.uniform(18, 48)
    mesh = solids.ellipsoid((radius, radius, radius))
    return mesh, lambda points: np.linalg.norm(points, axis=-1) - radius, radius


def _box(rng):
    return _slab(rng.uniform(40, 170), rng.uniform(25, 75), rng.uniform(15, 60))


def _phone(rng):
    return _slab(rng.uniform(135, 170), rng.uniform(65, 80), rng.uniform(7, 11))


_SOLIDS = {"round": _round, "ball": _ball, "box": _box, "phone": _phone}


def _slab(length, width, thickness):
    size = np.array([width, length, thickness])

    def distance(points):
        return (np.abs(points) - size / 2).max(-1)

    return solids.box(size), distance, min(width, thickness) / 2 + 2


def _pen(rng, shape):
    """A pen between thumb and index finger."""
    angles = poses.sample_angles(rng, poses.GESTURES.index("9"))
    joints_mm = hand.forward_kinematics(shape, angles)
    pinch = (joints_mm[4] + joints_mm[20]) / 2
    way = unit(unit(joints_mm[1] + [0, 0, -5] - pinch) + rng.normal(0, 0.2, 3))
    length = rng.uniform(110, 160)
    mesh = solids.pen(length).moved(between(Y, way), pinch + way * (length / 2 - rng.uniform(20, 45)))
    return Pose(shape, angles, (mesh,))


def thing(rng: np.random.Generator, largest_mm: float = 260.0) -> Mesh:
    """A thing of any kind that stands along y on y = 0."""
    size = rng.uniform(50, largest_mm)
    kind = rng.integers(7)
    if kind == 0:
        mesh = solids.box(size * rng.uniform(0.15, 1, 3))
    elif kind == 1:
        mesh = solids.ellipsoid(size / 2 * rng.uniform(0.3, 1, 3))
    elif kind == 2:
        mesh = solids.bottle(size * rng.uniform(0.1, 0.2), size)
    elif kind == 3:
        mesh = solids.mug(rng.uniform(32, 48), rng.uniform(75, 110))
    elif kind == 4:
        mesh = solids.cylinder(size * rng.uniform(0.08, 0.5), size)
    elif kind == 5:
        mesh = solids.box((size * rng.uniform(0.5, 1.4), rng.uniform(3, 30), size))
    else:
        mesh = solids.capsule([0, 0, 0], rng.normal(0, size / 2, 3), tuple(rng.uniform(10, size / 3, 2)))
    return mesh.moved(np.eye(3), [0, -mesh.vertices_mm[:, 1].min(), 0])
