"""Hands with their forearms in camera space, and what the arm is beyond: elbow, upper arm, sleeve."""

import dataclasses
from collections.abc import Callable

import numpy as np

from datasets.geometry import Camera
from datasets.synthetic import hand, poses, solids
from datasets.synthetic.devices import Device
from datasets.synthetic.mesh import Mesh
from datasets.synthetic.render import render

_TRIES = 60
# The hand goes on so far behind the wrist.
WRIST_MM = 10.0
# Forearms that come towards the camera more than this may lie before the hand.
_BEFORE_HAND = -0.4
# Upper arm over forearm.
UPPER = 1.15


@dataclasses.dataclass(frozen=True)
class Arm:
    """A hand and forearm in camera space, x right, y down, z forward, mm.

    Args:
        joints_mm: float64 [21, 3], MSRA's order.
        mesh: its surface.
        direction: [3]. Unit vector from the wrist towards the elbow.
        is_left: bool.
        elbow_mm: [3].
        held: surfaces that move with the hand.
    """

    joints_mm: np.ndarray
    mesh: Mesh
    direction: np.ndarray
    is_left: bool
    elbow_mm: np.ndarray
    held: tuple[Mesh, ...] = ()

    @property
    def wrist_mm(self) -> np.ndarray:
        """[3]."""
        return self.joints_mm[0]

    def moved(self, shift_mm: np.ndarray) -> "Arm":
        """The same arm elsewhere."""
        return dataclasses.replace(
            self,
            joints_mm=self.joints_mm + shift_mm,
            mesh=self.mesh.moved(np.eye(3), shift_mm),
            elbow_mm=self.elbow_mm + shift_mm,
            held=tuple(mesh.moved(np.eye(3), shift_mm) for mesh in self.held),
        )

    def hand_depth(self, camera: Camera, depth_mm: np.ndarray) -> np.ndarray:
        """Depth [H, W] of the hand without the forearm, 0 elsewhere.

        Args:
            camera: Camera.
            depth_mm: float32 [H, W]. Depth of hand and forearm.
        """
        if self.direction[2] > _BEFORE_HAND:
            beyond_mm = solids.along(self.direction, self.wrist_mm, camera, depth_mm)
            return np.where(beyond_mm < WRIST_MM, depth_mm, np.float32(0))
        # The forearm may hide the hand.
        near = (self.mesh.vertices_mm - self.wrist_mm) @ self.direction < WRIST_MM
        alone = Mesh(self.mesh.vertices_mm, self.mesh.triangles[near[self.mesh.triangles].all(1)])
        return render(alone, camera, depth_mm.shape)


@dataclasses.dataclass(frozen=True)
class Pose:
    """A hand in its own frame.

    Args:
        shape: hand.Shape.
        angles: [5, 4] radians.
        held: surfaces in the hand's frame.
    """

    shape: hand.Shape
    angles: np.ndarray
    held: tuple[Mesh, ...] = ()


def placed(
    rng: np.random.Generator,
    pose: Pose,
    is_left: bool,
    views: str,
    device: Device,
    plausible: Callable[[np.ndarray], bool] = lambda direction: True,
) -> Arm:
    """An arm turned at random and put into the picture.

    Args:
        rng: numpy Generator.
        pose: Pose.
        is_left: bool. Whether to mirror it.
        views: one of ``poses.VIEWS``.
        device: Device.
        plausible: says whether a forearm may point in a direction [3]. Sixty are tried.
    """
    mirror = np.array([-1.0 if is_left else 1.0, 1.0, 1.0])
    for _ in range(_TRIES):
        direction = poses.sample_arm(rng, wide=views != "msra")
        rotation = poses.sample_rotation(rng, views)
        if plausible(rotation @ (direction * mirror)):
            break
    joints_mm, mesh = hand.pose(pose.shape, pose.angles, direction, poses.sample_twist(rng))
    joints_mm = (joints_mm * mirror) @ rotation.T
    shift_mm = poses.sample_shift(rng, joints_mm, device.camera, device.size, _range(rng, device))
    turned = [part.mirrored() if is_left else part for part in (mesh, *pose.held)]
    mesh, *held = (part.moved(rotation, shift_mm) for part in turned)
    direction = rotation @ (direction * mirror)
    elbow_mm = shift_mm + direction * np.linalg.norm(pose.shape.joints_mm[21])
    return Arm(joints_mm + shift_mm, mesh, direction, is_left, elbow_mm, tuple(held))


def _range(rng, device):
    """A short range of depth: near hands are as frequent as far ones are over their ratio."""
    near, far = device.range_mm
    depth = float(np.exp(rng.uniform(np.log(near), np.log(far))))
    return depth, depth


def end_of(arm: Arm) -> tuple[np.ndarray, float]:
    """Middle [3] and radius of the forearm's cut end, mm."""
    beyond_mm = (arm.mesh.vertices_mm - arm.wrist_mm) @ arm.direction
    last = arm.mesh.vertices_mm[beyond_mm > beyond_mm.max() - 15]
    middle = last.mean(0)
    return middle, float(np.linalg.norm(last - middle, axis=-1).mean())


def shoulder(rng: np.random.Generator, arm: Arm, towards: np.ndarray) -> np.ndarray:
    """A shoulder [3] mm as the elbow lets it be.

    Args:
        rng: numpy Generator.
        arm: Arm.
        towards: [3]. Direction from the elbow to the shoulder, about.
    """
    way = np.asarray(towards, float) + rng.normal(0, 0.3, 3)
    way /= np.linalg.norm(way)
    # The upper arm does not lie on the forearm.
    way = way + max(0.0, -0.6 - way @ arm.direction) * 2 * arm.direction
    length = np.linalg.norm(arm.elbow_mm - arm.wrist_mm) * UPPER
    return arm.elbow_mm + way / np.linalg.norm(way) * length


def upper(arm: Arm, shoulder_mm: np.ndarray) -> list[Mesh]:
    """The bare arm from the forearm's end over the elbow to the shoulder."""
    middle, radius = end_of(arm)
    inside = middle - arm.direction * 20
    return [
        solids.capsule(inside, arm.elbow_mm, (radius * 0.95, radius * 1.0)),
        solids.capsule(arm.elbow_mm, shoulder_mm, (radius * 1.05, radius * 1.35)),
    ]


def sleeve(rng: np.random.Generator, arm: Arm, shoulder_mm: np.ndarray | None = None) -> Mesh:
    """A sleeve with folds, from somewhere on the forearm to the elbow, or on to the shoulder.

    Args:
        rng: numpy Generator. Draws where it starts, how wide it is, and its folds.
        arm: Arm.
        shoulder_mm: [3] or None.
    """
    _, radius = end_of(arm)
    start = arm.wrist_mm + arm.direction * rng.uniform(5, 130)
    line = np.linspace(start, arm.elbow_mm, 8)
    if shoulder_mm is not None:
        line = np.concatenate([line, np.linspace(arm.elbow_mm, shoulder_mm, 6)[1:]])
    width = rng.uniform(1.05, 1.7)
    radii = np.linspace(radius * max(0.75 * width, 0.88), radius * width * 1.15, len(line))
    folds = rng.uniform(0.0, 0.1)
    sides = 16
    waves = rng.normal(0, folds, (len(line), 1)) + rng.normal(0, folds, (len(line), sides // 4)).repeat(4, 1)
    return solids.tube(line, radii[:, None] * np.clip(1 + waves, 0.88, 1.3), sides)
