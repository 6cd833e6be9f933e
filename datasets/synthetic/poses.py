"""What hands do: poses of several families that their joints allow and in which no part cuts into another."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from datasets.synthetic import families, gestures, hand, penetration
from datasets.synthetic.gestures import ANCHORS_DEGREES, COUPLING, GESTURES, HIGHEST, LOWEST
from datasets.synthetic.hand import Shape
from datasets.synthetic.views import VIEWS, sample_arm, sample_rotation, sample_shift, sample_twist


class _Family(NamedTuple):
    """Its share of ``sample_any``, sd in degrees of the last finger joints, and what draws its poses."""

    share: float
    last_sd: float
    draw: Callable[[np.random.Generator], np.ndarray] | None


_FAMILIES = {
    "gestures": _Family(0.2, 3.0, None),
    "grasps": _Family(0.2, 4.0, families.grasp),
    "pinches": _Family(0.12, 3.0, families.pinch),
    "pointing": _Family(0.08, 4.0, families.pointing),
    "relaxed": _Family(0.12, 4.0, families.relaxed),
    "counting": _Family(0.08, 4.0, families.counting),
    "fist": _Family(0.06, 4.0, families.fist),
    "flat": _Family(0.08, 3.0, families.flat),
    "random": _Family(0.06, 6.0, families.random),
}
FAMILIES = tuple(_FAMILIES)
SHARES = np.array([family.share for family in _FAMILIES.values()])
# Hands move: so many of the poses of ``sample_any`` are on the way from one to another.
MOVING = 0.25


def sample(rng: np.random.Generator, family: str, shape: Shape | None = None) -> np.ndarray:
    """Joint angles of one family.

    Args:
        rng: numpy Generator.
        family: one of ``FAMILIES``.
        shape: Shape whose flesh must not overlap, the average one if None.

    Returns:
        float64 [5, 4] radians within ``LOWEST`` .. ``HIGHEST``, as ``hand.forward_kinematics`` takes them;
        no two parts of the hand overlap by more than ``penetration.LIMIT_MM``.
    """
    if family == "gestures":
        return sample_angles(rng, rng.integers(len(GESTURES)), shape)
    _, last_sd, draw = _FAMILIES[family]
    return _settled(gestures.coupled(rng, np.radians(draw(rng)), last_sd), shape)


def sample_any(rng: np.random.Generator, shape: Shape | None = None) -> np.ndarray:
    """Joint angles of a family drawn by ``SHARES``, or on the way between two such poses; as ``sample``."""
    family, other = rng.choice(FAMILIES, size=2, p=SHARES)
    angles = sample(rng, family, shape)
    if rng.random() >= MOVING:
        return angles
    way = rng.uniform()
    return _settled((1 - way) * angles + way * sample(rng, other, shape), shape)


def sample_angles(rng: np.random.Generator, gesture: int, shape: Shape | None = None) -> np.ndarray:
    """Joint angles near a gesture of MSRA15: up to half the way towards another one, with a little noise.

    Args:
        rng: numpy Generator.
        gesture: int, index into ``GESTURES``.
        shape: as in ``sample``.

    Returns:
        float64 [5, 4] radians, as ``sample``.
    """
    return _settled(gestures.near(rng, gesture), shape)


def _settled(angles, shape):
    return penetration.apart(shape or hand.average(), gestures.limited(angles))


__all__ = [
    "ANCHORS_DEGREES",
    "COUPLING",
    "FAMILIES",
    "GESTURES",
    "HIGHEST",
    "LOWEST",
    "MOVING",
    "SHARES",
    "VIEWS",
    "sample",
    "sample_angles",
    "sample_any",
    "sample_arm",
    "sample_rotation",
    "sample_shift",
    "sample_twist",
]
