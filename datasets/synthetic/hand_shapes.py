"""Hands of different people: men, women and children, long and short, slim and broad."""

import dataclasses
import functools

import numpy as np

from datasets.synthetic import asset, kinematics

CHILDREN = 0.12
# Length of the middle finger's chain from the wrist to the tip joint, mm: mean and sd of men and of women.
LENGTH_MM = ((191.0, 9.5), (179.0, 9.0))
ADULT_BOUNDS_MM, CHILD_BOUNDS_MM = (160.0, 210.0), (122.0, 165.0)
# Coefficients are cut at so many standard deviations: beyond them hands look wrong.
_CUT = 2.2
# Bones of the skeleton before the fingers' three each: forearm 2, palm 1, metacarpals 4.
_FIRST_FINGER_BONE = 7


@dataclasses.dataclass(frozen=True, eq=False)
class Shape:
    """One person's hand in rest.

    Args:
        skin_mm: float32 [V, 3]. Vertices.
        joints_mm: float64 [22, 3]. Joints in MSRA's order, then the elbow.
    """

    skin_mm: np.ndarray
    joints_mm: np.ndarray

    @functools.cached_property
    def fingers_mm(self) -> np.ndarray:
        """float64 [5, 4, 3]. The joints of index, middle, ring, little finger and thumb."""
        return self.joints_mm[1:21].reshape(5, 4, 3)

    @functools.cached_property
    def roots_mm(self) -> np.ndarray:
        """float64 [5, 3]. The first joint of each finger."""
        return self.fingers_mm[:, 0]

    @functools.cached_property
    def lengths_mm(self) -> np.ndarray:
        """float64 [5, 3]. Bone lengths."""
        return np.linalg.norm(np.diff(self.fingers_mm, axis=1), axis=-1)

    @functools.cached_property
    def frames(self) -> np.ndarray:
        """float64 [5, 3, 3, 3]. Frames of the bones, as ``kinematics.bone_frames`` gives them."""
        bones = kinematics.unit(np.diff(self.fingers_mm, axis=1))
        return kinematics.rest_frames(bones, asset.load().thumb_hinge)

    @functools.cached_property
    def radii_mm(self) -> np.ndarray:
        """float64 [5, 3]. Half the thickness of the flesh around the middle of each bone."""
        radii = np.zeros((5, 3))
        for finger, k in np.ndindex(5, 3):
            start, end = self.fingers_mm[finger, k : k + 2]
            along = (self.skin_mm - start) @ (end - start) / self.lengths_mm[finger, k] ** 2
            owned = _bone_weights()[:, _FIRST_FINGER_BONE + 3 * finger + k] > 0.5
            middle = self.skin_mm[owned & (np.abs(along - 0.5) < 0.3)]
            away = np.cross(middle - start, end - start) / self.lengths_mm[finger, k]
            radii[finger, k] = np.median(np.linalg.norm(away, axis=-1))
        # The thumb's first bone lies deep in the ball of the thumb, which is not round about it.
        radii[4, 0] = 1.25 * radii[4, 1]
        return radii


def shape_of(seed: int, subject: int) -> Shape:
    """The ``Shape`` of a subject, a function of (seed, subject) alone.

    12 % are children. The middle finger's chain from wrist to tip joint is 160 to 210 mm long (children:
    122 to 165); proportions vary as MakeHuman's do, and beyond them by 7 % per finger, 7 % per bone and
    9 % along each axis of the hand at most.
    """
    rng = np.random.default_rng([seed, subject, 1])
    coefficients, length_mm = _person(rng)
    fingers = np.clip(rng.normal(1, 0.03, (5, 1)), 0.93, 1.07)
    bones = np.clip(rng.normal(1, 0.03, (5, 3)), 0.93, 1.07)
    palm = np.clip(rng.normal(1, (0.035, 0.025, 0.04)), 0.91, 1.09)
    return _build(coefficients, length_mm, fingers * bones, palm)


@functools.cache
def average() -> Shape:
    """The mean adult's ``Shape``."""
    length_mm = float(np.mean([mean for mean, _ in LENGTH_MM]))
    return _build(np.zeros(len(asset.load().basis)), length_mm, np.ones((5, 3)), np.ones(3))


def _person(rng):
    """(shape coefficients [K], length in mm) of a random person."""
    data = asset.load()
    noise = np.clip(rng.normal(size=len(data.child)), -_CUT, _CUT)
    if rng.random() < CHILDREN:
        return data.child + data.child_spread @ noise, rng.uniform(*CHILD_BOUNDS_MM)
    sex = rng.integers(2)
    return data.adults[sex] + data.spread @ noise, np.clip(rng.normal(*LENGTH_MM[sex]), *ADULT_BOUNDS_MM)


def _build(coefficients, length_mm, stretch, palm):
    """A ``Shape`` of shape coefficients; stretch [5, 3] lengthens bones, palm [3] all along the axes."""
    data = asset.load()
    points = (data.mean + np.tensordot(coefficients, data.basis, 1)) * palm
    skin, joints = _stretched(points[: data.vertices], points[data.vertices :], stretch)
    # The stretches change proportions, not the length.
    middle = joints[[0, 5, 6, 7, 8]]
    scale = length_mm / np.linalg.norm(np.diff(middle, axis=0), axis=-1).sum()
    return Shape((skin * scale).astype(np.float32), joints * scale)


def _stretched(skin, joints, stretch):
    """Skin and joints after the fingers' bones are lengthened: the flesh keeps its thickness."""
    weights = _bone_weights()
    rest = joints[1:21].reshape(5, 4, 3)
    chains, skin = rest.copy(), skin.copy()
    for finger in range(5):
        shift = np.zeros(3)
        for k in range(3):
            bone = rest[finger, k + 1] - rest[finger, k]
            growth = bone * (stretch[finger, k] - 1)
            along = np.clip((skin - rest[finger, k]) @ bone / (bone @ bone), 0, 1.15)
            owned = weights[:, _FIRST_FINGER_BONE + 3 * finger + k, None]
            chains[finger, k + 1] += shift + growth
            skin += owned * (shift + along[:, None] * growth)
            shift = shift + growth
    return skin, np.concatenate([joints[:1], chains.reshape(20, 3), joints[21:]])


@functools.cache
def _bone_weights():
    """Skin weights [V, 22] of the bones alone: half-way bones give half to each neighbour."""
    data = asset.load()
    owned = data.weights[:, : asset.BONES].astype(np.float64)
    for half, pair in enumerate(data.pairs):
        owned[:, pair] += data.weights[:, asset.BONES + half, None] / 2
    return owned
