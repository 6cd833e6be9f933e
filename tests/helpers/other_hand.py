"""Labelled frames of a hand that the synthetic generator knows nothing of: the WebXR generic hand (MIT).

The mesh lies in `shared/assets/generic-hand`, which is no part of this repository. Its skin, joints, poses,
forearm and views are all made here; only the renderer and the sensor are the project's.

Coordinates are those of the file in mm: fingers along -y, palm towards -x, thumb towards -z.
"""

import dataclasses
import json
import pathlib
import struct

import numpy as np

from crossinfo.pretrain.scorer import Shown, batches
from crossinfo.pretrain.scores import HELD_OUT, figures
from datasets.geometry import Camera, project
from datasets.synthetic import sensors, solids
from datasets.synthetic.mesh import Mesh, join
from datasets.synthetic.render import render
from datasets.synthetic.scene import Picture, PosedHand

# Joints of the file (wrist; thumb; index, middle, ring, little with a metacarpal each) in MSRA's order.
MSRA_ORDER = [0, *(first + i for first in (6, 11, 16, 21) for i in range(4)), 1, 2, 3, 4]
# Kinect V2's.
CAMERA, SIZE = Camera(365.0, 365.0, 256.0, 208.0), (424, 512)
RANGE_MM = (350.0, 700.0)
LEAST_VISIBLE = 0.6
POSES = ("open", "fist", "pointing", "pinch", "relaxed", "counting", "random")
_TYPES = {5121: np.uint8, 5123: np.uint16, 5126: np.float32}
_SIZES = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@dataclasses.dataclass(frozen=True)
class OtherHand:
    """A skinned right hand at rest.

    Args:
        mesh: Mesh [V].
        weights: float64 [V, 25]. Of the joints' turns on each vertex.
        joints_mm: float64 [25, 3], in the file's order.
        axes: float64 [25, 3, 3]. Columns: each joint's bending axis, its back, and away from the tip.
    """

    mesh: Mesh
    weights: np.ndarray
    joints_mm: np.ndarray
    axes: np.ndarray


def load(path):
    """The hand of a binary glTF file."""
    content = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack_from("<I", content, 12)
    about, data = json.loads(content[20 : 20 + length]), content[28 + length :]

    def values(number):
        accessor = about["accessors"][number]
        view = about["bufferViews"][accessor["bufferView"]]
        size, offset = _SIZES[accessor["type"]], view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        flat = np.frombuffer(data, _TYPES[accessor["componentType"]], accessor["count"] * size, offset)
        return flat.reshape(-1, size)

    part = about["meshes"][0]["primitives"][0]
    names = part["attributes"]
    inverse = values(about["skins"][0]["inverseBindMatrices"]).reshape(-1, 4, 4).transpose(0, 2, 1)
    rest = np.linalg.inv(inverse.astype(float))
    vertices, owners = values(names["POSITION"]), values(names["JOINTS_0"])
    weights = np.zeros((len(vertices), len(rest)))
    np.add.at(weights, (np.arange(len(vertices))[:, None], owners), values(names["WEIGHTS_0"]))
    mesh = Mesh(vertices * np.float32(1000), values(part["indices"]).reshape(-1, 3).astype(np.int32))
    return OtherHand(mesh, weights, rest[:, :3, 3] * 1000, rest[:, :3, :3])


def _turn(axis, degrees):
    """Rotation [3, 3] about a unit vector."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross)


def posed(hand, angles):
    """(joints_mm [21, 3] in MSRA's order, Mesh) at angles [5, 4] in degrees.

    Fingers from the thumb to the little one. Bending of the first joint, its spread away from the thumb, and
    bending of the second and third; the thumb's first joint is that at the wrist, and its spread lifts it
    off the palm.
    """
    turns, shifts = np.tile(np.eye(3), (25, 1, 1)), np.zeros((25, 3))

    def turned(joint, parent, rotation):
        """The joint's turn about its own place, after its parent's."""
        place = turns[parent] @ hand.joints_mm[joint] + shifts[parent]
        turns[joint] = turns[parent] @ rotation
        shifts[joint] = place - turns[joint] @ hand.joints_mm[joint]

    for finger, (first, spread, second, third) in enumerate(angles):
        start = 1 if finger == 0 else 5 * finger + 1
        across, back, _ = hand.axes[start].T
        if finger:
            turned(start - 1, 0, np.eye(3))
        turned(start, start - 1 if finger else 0, _turn(back, -spread) @ _turn(-across, first))
        turned(start + 1, start, _turn(-hand.axes[start + 1][:, 0], second))
        turned(start + 2, start + 1, _turn(-hand.axes[start + 2][:, 0], third))
        turned(start + 3, start + 2, np.eye(3))
    joints_mm = np.einsum("jab,jb->ja", turns, hand.joints_mm) + shifts
    each = np.einsum("jab,vb->jva", turns, hand.mesh.vertices_mm) + shifts[:, None]
    vertices_mm = np.einsum("vj,jva->va", hand.weights, each)
    return joints_mm[MSRA_ORDER], Mesh(vertices_mm.astype(np.float32), hand.mesh.triangles)


# Degrees; thumb, index, middle, ring, little.
_FLAT = np.array([(0, 0, 0, 0), (0, -4, 2, 2), (0, 0, 2, 2), (0, 4, 2, 2), (0, 8, 2, 2)], float)
_REST = np.array([(8, 8, 12, 15), (18, 0, 24, 12), (22, 0, 28, 14), (26, 0, 30, 15), (28, 2, 30, 15)], float)
_FIST = np.array(
    [(30, 12, 30, 45), (76, 2, 95, 60), (80, 0, 98, 60), (82, -4, 98, 58), (82, -8, 95, 55)], float
)
_PINCH = np.array(
    [(21, -8, 22, 30), (50, -1, 49, 28), (28, 0, 30, 15), (22, 2, 24, 12), (18, 6, 20, 10)], float
)
_LOW = np.array([(-10, -10, -10, -15)] + [(-15, -10, 0, 0)] * 4, float)
_HIGH = np.array([(35, 35, 45, 65)] + [(85, 12, 100, 60)] * 4, float)


def angles_of(rng, name):
    """Angles [5, 4] of one of ``POSES``, each with its own variety."""
    noise = rng.normal(0, 4, (5, 4)) * [1, 0.5, 1, 1]
    if name == "random":
        angles = rng.uniform(_LOW, _HIGH)
        angles[1:, 3] = angles[1:, 2] * rng.uniform(0.5, 0.7, 4)
        return angles
    if name == "pointing":
        angles = np.where(np.arange(5)[:, None] == 1, _FLAT, _FIST)
    elif name == "counting":
        up = rng.random(5) < 0.5
        angles = np.where(up[:, None], _FLAT * [1, rng.uniform(0.5, 2), 1, 1], _FIST)
    else:
        angles = {"open": _FLAT, "fist": _FIST, "pinch": _PINCH, "relaxed": _REST}[name]
    if name == "open":
        angles = angles * [1, rng.uniform(0.3, 2.5), 1, 1]
    return np.clip(angles + noise, _LOW, _HIGH)


def forearm(rng, hand):
    """Mesh of a forearm: an elliptic limb bent at the wrist."""
    length = np.array([-4.0, 20, 90, 170, 240])
    sides = np.arange(20) * (2 * np.pi / 20)
    thick, wide = np.array([17.0, 17, 24, 32, 36]), np.array([25.0, 25, 31, 40, 42])
    radii = 1 / np.hypot(np.cos(sides) / thick[:, None], np.sin(sides) / wide[:, None])
    limb = solids.tube(np.outer(length, [0, 1.0, 0]), radii, 20)
    bend, aside = np.clip(rng.normal(0, (20, 8)), (-50, -20), (50, 20))
    return limb.moved(_turn([0, 0, 1], bend) @ _turn([1, 0, 0], aside), hand.joints_mm[0])


def picture(hand, number, seed=0):
    """Picture ``number``: poses take turns; any view, 350 to 700 mm away, a wall behind every other one."""
    rng = np.random.default_rng([seed, number])
    name = POSES[number % len(POSES)]
    while True:
        joints_mm, mesh = posed(hand, angles_of(rng, name))
        arm = forearm(rng, hand)
        rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        rotation *= np.sign(np.linalg.det(rotation))
        joints_mm = joints_mm @ rotation.T
        shift = _place(rng) - joints_mm.mean(0)
        joints_mm = joints_mm + shift
        mesh, arm = (part.moved(rotation, shift) for part in (mesh, arm))
        depth_mm, alone = render(join([mesh, arm]), CAMERA, SIZE), render(mesh, CAMERA, SIZE)
        visible = ((alone > 0) & (alone <= depth_mm + 0.5)).sum() / max((alone > 0).sum(), 1)
        if visible > LEAST_VISIBLE and arm.vertices_mm[:, 2].min() > 150 and _inside(joints_mm):
            break
    if number % 2:
        depth_mm = _before_wall(rng, depth_mm, join([mesh, arm]))
    depth_mm = sensors.measure(depth_mm, CAMERA, rng, "tof")
    camera, is_left = CAMERA, number // 2 % 2 == 1
    if is_left:
        depth_mm, joints_mm = np.ascontiguousarray(depth_mm[:, ::-1]), joints_mm * [-1, 1, 1]
        camera = dataclasses.replace(CAMERA, cx=SIZE[1] - 1 - CAMERA.cx)
    return Picture(
        depth_mm, camera, (PosedHand(joints_mm.astype(np.float32), is_left, float(visible)),), (), name
    )


def _place(rng):
    """A place near the picture's middle."""
    depth = rng.uniform(*RANGE_MM)
    return np.array([*rng.uniform(-75, 75, 2) / CAMERA.fx * depth, depth])


def _inside(joints_mm):
    uv = project(joints_mm, np.asarray(CAMERA, float))[:, :2]
    return bool(((uv > 12) & (uv < np.array(SIZE[::-1]) - 12)).all())


def _before_wall(rng, depth_mm, mesh):
    normal = np.array([*rng.normal(0, 0.2, 2), -1.0])
    normal /= np.linalg.norm(normal)
    behind = float((mesh.vertices_mm @ normal).min()) - rng.uniform(20, 400)
    wall_mm = solids.Plane(normal * behind, normal).depth(CAMERA, SIZE)
    return np.where(depth_mm > 0, depth_mm, wall_mm)


def scores(scorer, path, frames=100):
    """``HandScore`` of each of some pictures; the poses take the place of the scenes.

    Args:
        scorer: ``crossinfo.pretrain.scorer.Scorer``.
        path: of the hand's file.
        frames: int.
    """
    hand = load(path)
    shown = (Shown(number, picture(hand, number), HELD_OUT) for number in range(frames))
    scored = [score for batch in batches(shown) for score in scorer.with_hands(batch)[0]]
    return sorted(scored, key=lambda score: score.picture)


def report(scored):
    """The figures of all pictures and of each pose, as text."""
    groups = {"all": scored, "no wall": [s for s in scored if s.picture % 2 == 0]}
    groups |= {"wall": [s for s in scored if s.picture % 2]}
    groups |= {"right": [s for s in scored if not s.is_left], "left": [s for s in scored if s.is_left]}
    groups |= {pose: [s for s in scored if s.scene == pose] for pose in POSES}
    lines = [f"{'':10}{'hands':>6}{'found':>8}{'side':>8}{'centred':>9}{'gt':>8}{'refined':>9}{'com':>8}"]
    for name, group in groups.items():
        values = figures(group)
        shares = (values[key] for key in ("found", "side_right", "centre_within_20_mm"))
        errors = (values[key] for key in ("gt_mean_mm", "refined_mean_mm", "com_mean_mm"))
        columns = ["" if share is None else f"{100 * share:.0f} %" for share in shares]
        columns += ["" if error is None else f"{error:.2f}" for error in errors]
        widths = (8, 8, 9, 8, 9, 8)
        cells = "".join(f"{cell:>{width}}" for cell, width in zip(columns, widths, strict=True))
        lines.append(f"{name:10}{len(group):>6}{cells}")
    return "\n".join(lines)
