"""The hand's surface as a sphere-mesh: spheres, tapered capsules between two, wedges between three.

The palm's spheres and all radii are measured from the WebXR generic hand (MIT), see ``hand``.
"""

import dataclasses
import itertools

import numpy as np

from datasets.synthetic.hand import Shape

FINGERS = ("index", "middle", "ring", "little", "thumb")
# Radii at each finger's four joints.
FINGER_RADII_MM = np.array(
    [
        [11.0, 8.7, 7.7, 6.8],
        [11.5, 8.9, 7.9, 7.0],
        [10.8, 8.2, 7.4, 6.8],
        [9.4, 7.2, 6.6, 6.1],
        [15.0, 11.3, 9.5, 7.6],
    ]
)

# Flesh that does not move with the fingers: x, y, z, radius.
PALM_MM = {
    "wrist_radial": (9.0, 2.0, 1.0, 16.5),
    "wrist_ulnar": (-12.0, 2.0, 0.0, 16.5),
    "carpus": (9.0, 30.0, 5.0, 16.0),
    "thenar": (22.0, 42.0, 24.0, 16.5),
    "hypothenar": (-21.0, 32.0, 9.0, 17.0),
    "index_knuckle": (20.0, 81.0, 7.0, 14.0),
    "middle_knuckle": (1.0, 84.0, 5.0, 15.0),
    "ring_knuckle": (-16.0, 78.0, 8.0, 14.0),
    "little_knuckle": (-31.0, 69.0, 13.0, 12.5),
    "web_root": (21.0, 66.0, 8.0, 10.0),
}
FOREARM = ("arm_radial", "arm_ulnar")
WEBS = ("index_web", "middle_web", "ring_web", "thumb_web")
WEB_RADII_MM = (6.0, 6.0, 5.5, 7.0)

SPHERES = (*(f"{finger}{joint}" for finger in FINGERS for joint in range(4)), *PALM_MM, *WEBS, *FOREARM)

_BONES = tuple((f"{finger}{joint}", f"{finger}{joint + 1}") for finger in FINGERS for joint in range(3))
_WEDGES = (
    ("wrist_radial", "wrist_ulnar", "hypothenar"),
    ("wrist_radial", "hypothenar", "carpus"),
    ("carpus", "hypothenar", "middle_knuckle"),
    ("carpus", "index_knuckle", "middle_knuckle"),
    ("hypothenar", "middle_knuckle", "ring_knuckle"),
    ("hypothenar", "ring_knuckle", "little_knuckle"),
    ("thenar", "thumb0", "thumb1"),
    ("wrist_radial", "carpus", "thenar"),
    ("wrist_radial", "thenar", "thumb0"),
    ("carpus", "web_root", "thumb_web"),
    ("index0", "middle0", "index_web"),
    ("middle0", "ring0", "middle_web"),
    ("ring0", "little0", "ring_web"),
    ("wrist_radial", "wrist_ulnar", "arm_radial"),
    ("wrist_ulnar", "arm_radial", "arm_ulnar"),
)


def _indices(groups):
    return np.array([[SPHERES.index(name) for name in group] for group in groups])


WEDGES = _indices(_WEDGES)
_SIDES = [WEDGES[:, list(pair)] for pair in itertools.combinations(range(3), 2)]
CAPSULES = np.unique(np.sort(np.concatenate([_indices(_BONES), *_SIDES])), axis=0)


@dataclasses.dataclass(frozen=True)
class SphereMesh:
    """A solid: the union of the hulls of single spheres, of sphere pairs and of sphere triples.

    Args:
        centres_mm: float64 [S, 3].
        radii_mm: float64 [S].
        capsules: int [C, 2]. Pairs of spheres.
        wedges: int [W, 3]. Triples of spheres; their three pairs must be among the capsules.
    """

    centres_mm: np.ndarray
    radii_mm: np.ndarray
    capsules: np.ndarray
    wedges: np.ndarray

    def moved(self, rotation: np.ndarray, shift_mm: np.ndarray) -> "SphereMesh":
        """The same solid after p -> rotation [3, 3] p + shift [3]."""
        return dataclasses.replace(self, centres_mm=self.centres_mm @ rotation.T + shift_mm)


def skin_of(shape: Shape, joints_mm: np.ndarray, arm_direction: np.ndarray, arm_mm: float) -> SphereMesh:
    """The skin over 21 joints of one hand.

    Args:
        shape: Shape.
        joints_mm: [21, 3] in the hand frame.
        arm_direction: [3] unit vector from the wrist towards the elbow, in the hand frame.
        arm_mm: float. Length of the forearm's axis.

    Returns:
        SphereMesh in the hand frame.
    """
    palm = np.array(list(PALM_MM.values()))
    arm_centres, arm_radii = _forearm(shape, palm[:2], arm_direction, arm_mm)
    centres = [joints_mm[1:], palm[:, :3] * shape.scale, _webs(joints_mm), arm_centres]
    radii = np.concatenate([FINGER_RADII_MM.ravel(), palm[:, 3], WEB_RADII_MM, arm_radii])
    return SphereMesh(np.concatenate(centres), radii * shape.scale * shape.thickness, CAPSULES, WEDGES)


def _webs(joints_mm):
    """The skin between neighbouring fingers, 40 % up their first bones, and beside the thumb."""
    first = joints_mm[1:].reshape(5, 4, 3)[:, :2]
    along = first[:4, 0] * 0.6 + first[:4, 1] * 0.4
    thumb = first[4, 0] * 0.2 + first[4, 1] * 0.8
    return np.vstack([(along[:3] + along[1:]) / 2, thumb])


def _forearm(shape, wrist, direction, arm_mm):
    """The forearm's far end: wider and rounder the farther from the wrist."""
    sides = wrist[:, :3] * np.array([1.0, 0.0, 1.0]) * (1 + arm_mm / 350) * shape.scale
    sides = sides - (sides @ direction)[:, None] * direction
    return sides + direction * arm_mm, wrist[:, 3] * (1 + arm_mm / 450)
