"""What stands around hands: tables, walls, rooms and things. Camera space, mm."""

import dataclasses

import numpy as np

from datasets.geometry import Camera
from datasets.synthetic import grasp, solids
from datasets.synthetic.arms import Arm
from datasets.synthetic.devices import Device
from datasets.synthetic.kinematics import between, unit
from datasets.synthetic.mesh import Mesh, join
from datasets.synthetic.render import render
from datasets.synthetic.sensors import noise
from datasets.synthetic.solids import Plane


@dataclasses.dataclass
class Setting:
    """All that is before a camera.

    Args:
        arms: hands with their forearms.
        solids: everything else that has a surface of triangles.
        planes: list of Plane.
    """

    arms: list[Arm] = dataclasses.field(default_factory=list)
    solids: list[Mesh] = dataclasses.field(default_factory=list)
    planes: list[Plane] = dataclasses.field(default_factory=list)

    def depth(self, camera: Camera, size: tuple[int, int]) -> np.ndarray:
        """Exact depth of all but the hands and forearms, float32 [H, W].

        Args:
            camera: Camera.
            size: (height, width) in pixels.
        """
        meshes = self.solids + [mesh for arm in self.arms for mesh in arm.held]
        layers = [plane.depth(camera, size) for plane in self.planes]
        if meshes:
            layers.append(render(join(meshes), camera, size))
        return nearest(layers, size)


def nearest(layers: list[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    """The nearest of several depth images [H, W], 0 where none has any."""
    if not layers:
        return np.zeros(size, np.float32)
    front = np.full(size, np.inf, np.float32)
    for layer in layers:
        np.minimum(front, layer, out=front, where=layer > 0)
    front[np.isinf(front)] = 0
    return front


def table_normal(rng: np.random.Generator) -> np.ndarray:
    """Up, as a camera sees it that looks at a table: from above, or at an angle from the front."""
    roll = rng.normal(0, 0.12)
    pitch = np.radians(rng.uniform(18, 85))
    if rng.random() < 0.35:
        pitch, roll = np.radians(90 - abs(rng.normal(0, 12))), rng.uniform(0, 2 * np.pi)
    flat = -np.cos(pitch)
    return np.array([np.sin(roll) * -flat, np.cos(roll) * flat, -np.sin(pitch)])


def wall_normal(rng: np.random.Generator) -> np.ndarray:
    """Of a wall that faces the camera more or less."""
    return unit(np.array([*rng.normal(0, 0.35, 2), -1.0]))


def behind(rng: np.random.Generator, arms: list[Arm], normal: np.ndarray, gap_mm: float) -> Plane:
    """A plane that touches hands and forearms from behind, or leaves a gap; at times one with edges.

    Args:
        rng: numpy Generator.
        arms: list of Arm.
        normal: [3].
        gap_mm: float.
    """
    lowest = min(float((arm.mesh.vertices_mm @ normal.astype(np.float32)).min()) for arm in arms)
    middle = arms[0].joints_mm.mean(0)
    point = middle + normal * (lowest - gap_mm - middle @ normal)
    if rng.random() < 0.5:
        return Plane(point, normal)
    across = unit(np.cross(normal, rng.normal(size=3)))
    half = rng.uniform(150, 700, 2)
    sides = np.stack([across, np.cross(normal, across)])
    return Plane(point + (rng.uniform(-0.8, 0.8, 2) * half) @ sides, normal, across, tuple(half))


def clutter(rng: np.random.Generator, plane: Plane, around_mm: np.ndarray, arms: list[Arm]) -> list[Mesh]:
    """Things that stand and lie on a plane, not in hands or forearms.

    Args:
        rng: numpy Generator.
        plane: Plane.
        around_mm: [3]. About where.
        arms: list of Arm.
    """
    foot = around_mm - plane.normal * (plane.normal @ (around_mm - plane.point_mm))
    across = unit(np.cross(plane.normal, rng.normal(size=3)))
    sides = np.stack([across, np.cross(plane.normal, across)])
    upright = between(grasp.Y, plane.normal)
    things = []
    for _ in range(rng.integers(1, 6)):
        mesh = grasp.thing(rng)
        place = foot + rng.normal(0, 260, 2) @ sides
        mesh = mesh.moved(upright, place)
        reach = float(np.linalg.norm(mesh.vertices_mm - place, axis=-1).max())
        if all(_distance(arm, place, plane.normal) > 0.6 * reach + 70 for arm in arms):
            things.append(mesh)
    return things


def _distance(arm, place, normal):
    """Distance of a place from an arm, from finger tips to beyond the elbow, seen along a normal."""
    points = np.concatenate([arm.joints_mm, np.linspace(arm.wrist_mm, arm.elbow_mm + 150 * arm.direction, 8)])
    away = points - place
    away = away - np.outer(away @ normal, normal)
    return float(np.linalg.norm(away, axis=-1).min())


def room(rng: np.random.Generator, beyond_mm: float, device: Device) -> tuple[list[Mesh], list[Plane]]:
    """What is farther than a depth: nothing, a wall, a corner, furniture.

    Args:
        rng: numpy Generator.
        beyond_mm: float.
        device: Device.
    """
    if rng.random() < 0.25:
        return [], []
    far = beyond_mm + rng.uniform(80, 2500)
    planes = [Plane(np.array([0, 0, far]), unit(np.array([*rng.normal(0, 0.15, 2), -1.0])))]
    if rng.random() < 0.3:
        side = rng.choice([-1.0, 1.0])
        planes.append(Plane(np.array([-side * rng.uniform(700, 1500), 0, far]), np.array([side, 0, -0.05])))
    if rng.random() < 0.3:
        planes.append(Plane(np.array([0, rng.uniform(500, 1300), far]), np.array([0, -0.99, -0.1])))
    things = []
    for _ in range(rng.poisson(1.5)):
        mesh = grasp.thing(rng, 900)
        depth = float(rng.uniform(beyond_mm, far)) + 250
        height, width = device.size
        spread = rng.uniform(-0.55, 0.55, 2) * (width, height) / device.camera.fx * depth
        things.append(_turned(rng, mesh, np.array([*spread, depth]), beyond_mm))
    return things, planes


def _turned(rng, mesh, place, beyond_mm):
    """A thing, upright or any way round, with all of it beyond a depth."""
    turn = np.diag([1.0, -1.0, -1.0])
    if rng.random() < 0.4:
        turn = between(grasp.Y, unit(rng.normal(size=3)))
    mesh = mesh.moved(turn, place)
    push = max(0.0, beyond_mm - float(mesh.vertices_mm[:, 2].min()))
    return mesh.moved(np.eye(3), [0, 0, push])


def static(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    """A frame of noise alone, or with nearly nothing in it, float32 [H, W].

    Args:
        rng: numpy Generator.
        size: (height, width).
    """
    depth_mm = rng.uniform(200, 3000) + rng.uniform(10, 800) * noise.blotches(rng, size, rng.uniform(1, 60))
    kept = noise.chance(rng, size) < rng.choice([0.002, 0.1, 0.5, 0.9])
    return np.where(kept & (depth_mm > 150), depth_mm, np.float32(0)).astype(np.float32)


def background(rng: np.random.Generator, hand_mm: float, device: Device) -> np.ndarray:
    """Depth of a wall, and half the time of a torso before it, behind the hand.

    Args:
        rng: numpy Generator.
        hand_mm: float. Depth of the hand's farthest point.
        device: Device.

    Returns:
        float32 [H, W] in mm, nowhere 0.
    """
    camera, size = device.camera, device.size
    # A tilted plane is linear in 1 / z; this one stays behind the hand at every corner of the picture.
    tilt, distance = rng.uniform(-0.3, 0.3, 2), 1.5 * hand_mm + rng.uniform(50, 900)
    normal = -np.array([*tilt, 1.0]) / np.linalg.norm([*tilt, 1.0])
    layers = [Plane(np.array([0, 0, distance]), normal).depth(camera, size)]
    if rng.random() < 0.5:
        radius = rng.uniform(120, 170)
        x, z = rng.uniform(-150, 150), hand_mm + radius + rng.uniform(200, 350)
        layers.append(render(solids.capsule([x, -80, z], [x, 500, z], (radius, radius)), camera, size))
    return nearest(layers, size)
