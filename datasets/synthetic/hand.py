"""A right hand with its forearm: shapes, forward kinematics and skin.

Hand frame, millimetres, origin at the wrist: x towards the thumb, y towards the finger tips, z out of
the palm (right-handed, and so the hand is a right one). Fingers are ordered index, middle, ring,
little, thumb, and joints as in ``datasets.skeletons.MSRA``. A first joint of a finger (knuckle)
lies in its middle, a tip joint 2 to 3 mm inside the finger's end.
"""

import dataclasses

import numpy as np

from datasets.synthetic import asset, kinematics, skinning
from datasets.synthetic.hand_shapes import Shape, average, shape_of
from datasets.synthetic.mesh import Mesh


def forward_kinematics(shape: Shape, angles: np.ndarray) -> np.ndarray:
    """Joints of a hand bent by ``angles``.

    Args:
        shape: Shape.
        angles: [..., 5, 4] radians: bending of the first joint, its spread towards the bending axis
            (fingers: towards the thumb; thumb: out of the palm), bending of the second and third joint.

    Returns:
        float64 [..., 21, 3], millimetres in the hand frame, MSRA's order.
    """
    turns, roots_mm = kinematics.arch(shape.roots_mm, angles)
    return kinematics.chain(roots_mm, kinematics.bone_frames(turns, angles), shape.lengths_mm)


def pose(
    shape: Shape, angles: np.ndarray, arm_direction: np.ndarray, twist: float = 0.0
) -> tuple[np.ndarray, Mesh]:
    """Joints and skin of a hand and its forearm.

    Args:
        shape: Shape.
        angles: [5, 4] radians, as ``forward_kinematics`` takes them.
        arm_direction: [3] unit vector from the wrist towards the elbow.
        twist: float. Turn of the forearm about its own axis against the hand, radians.

    Returns:
        float64 [21, 3], mm in the hand frame, MSRA's order; the closed Mesh in the same frame.
    """
    turns, roots_mm = kinematics.arch(shape.roots_mm, angles)
    frames = kinematics.bone_frames(turns, angles)
    joints_mm = kinematics.chain(roots_mm, frames, shape.lengths_mm)
    # From frame to frame, as rows are axes: a vector's coordinates in rest are those it has now.
    fingers = np.swapaxes(frames, -1, -2) @ shape.frames
    arm = _arm(shape, np.asarray(arm_direction, float), twist)
    rotations = np.concatenate([arm, np.eye(3)[None], turns[:4], fingers.reshape(15, 3, 3)])
    centres = kinematics.ARCH_CENTRE * shape.roots_mm[:4]
    heads, places = (
        np.concatenate([np.zeros((3, 3)), centres, chains.reshape(5, 4, 3)[:, :3].reshape(15, 3)])
        for chains in (shape.joints_mm[1:21], joints_mm[1:])
    )
    vertices_mm = skinning.skin(shape.skin_mm, rotations, heads, places)
    return joints_mm, Mesh(vertices_mm, asset.load().triangles)


def _arm(shape, direction, twist):
    """Rotations [2, 3, 3] of the forearm's two bones; the one at the wrist has half of the twist."""
    arm = kinematics.between(kinematics.unit(shape.joints_mm[21]), direction)
    return kinematics.about(direction, np.array([twist, twist / 2])) @ arm


def stump(mesh: Mesh, arm_direction: np.ndarray, arm_mm: float) -> Mesh:
    """A posed hand without the triangles that lie wholly farther than ``arm_mm`` along the forearm.

    The rest of the forearm also shows its inside, so that it can be cut through; what is left beyond the
    cut is to be cleared from the depth image.

    Args:
        mesh: as ``pose`` gives it, in the hand frame.
        arm_direction: [3] unit vector from the wrist towards the elbow.
        arm_mm: float.
    """
    triangles = asset.load().lined_triangles
    near = mesh.vertices_mm @ np.asarray(arm_direction, np.float32) < arm_mm
    return dataclasses.replace(mesh, triangles=triangles[near[triangles].any(1)])


__all__ = ["Shape", "average", "forward_kinematics", "pose", "shape_of", "stump"]
