"""The gestures of MSRA15, and how far the joints of a hand go."""

import numpy as np

# Degrees: bending of the first joint, its spread, bending of the second and third; index, middle, ring,
# little, thumb. The gestures of MSRA15 by their names: 1..9 as one counts in American Sign Language, then
# the stretched fingers' initials (pinky for little). Thumbs and pinches were fitted to touch, not to cut.
_UP, _CURL = (5, 0, 8, 6), (72, 0, 98, 66)
_SPREAD = ((5, 8, 8, 6), (5, 2, 8, 6), (5, -4, 8, 6), (5, -12, 8, 6))
_LITTLE, _OUT, _WIDE = (5, -3, 8, 6), (-12, 0, -5, -5), (-15, -10, -8, -8)
_UNDER_INDEX = ((61, 0, 102, 67), (78, 1, 96, 66))
_HALF = (72, 0, 97, 66)
ANCHORS_DEGREES = {
    "1": ((5, 2, 8, 6), (75, 0, 97, 66), _CURL, _CURL, (21, 21, 20, 35)),
    "2": (*_SPREAD[:2], _HALF, _CURL, (26, 24, 21, 33)),
    "3": (*_SPREAD[:2], _CURL, _CURL, _OUT),
    "4": (*_SPREAD, (38, 8, 44, 61)),
    "5": (*_SPREAD, _OUT),
    "6": (*_SPREAD[:3], (51, 2, 51, 34), (35, 41, 29, 33)),
    "7": (*_SPREAD[:2], (54, 0, 52, 35), _SPREAD[3], (28, 33, 23, 29)),
    "8": (_SPREAD[0], (57, -1, 53, 36), *_SPREAD[2:], (26, 29, 21, 30)),
    "9": ((54, 3, 51, 34), *_SPREAD[1:], (18, 29, 18, 27)),
    "I": (*_UNDER_INDEX, _CURL, _LITTLE, (21, 22, 19, 39)),
    "IP": ((5, 2, 8, 6), (75, 0, 97, 66), _CURL, _LITTLE, (21, 21, 20, 35)),
    "L": ((5, 2, 8, 6), _CURL, _CURL, _CURL, _WIDE),
    "MP": ((67, 0, 101, 68), _UP, (73, 0, 96, 66), _LITTLE, (26, 27, 22, 33)),
    "RP": (*_UNDER_INDEX, (5, -1, 8, 6), _LITTLE, (20, 21, 21, 37)),
    "T": (_CURL, _CURL, _CURL, _CURL, (-15, -5, -8, -8)),
    "TIP": ((5, 2, 8, 6), _CURL, _CURL, _LITTLE, _OUT),
    "Y": (_CURL, _CURL, _CURL, _LITTLE, _WIDE),
}
GESTURES = tuple(ANCHORS_DEGREES)
ANCHORS = np.radians(np.array(list(ANCHORS_DEGREES.values()), float))

_FINGER_BOUNDS, _THUMB_BOUNDS = (
    ((-20, 90), (-20, 20), (0, 110), (0, 80)),
    ((-30, 50), (-25, 45), (-15, 60), (-15, 80)),
)
LOWEST, HIGHEST = np.moveaxis(np.radians(np.array([_FINGER_BOUNDS] * 4 + [_THUMB_BOUNDS], float)), -1, 0)

# The last finger joint cannot bend alone: its tendon bends the middle joint too.
COUPLING = 2 / 3
# A bent first joint holds its finger: so much of the spread is lost at 90 degrees.
SPREAD_LOST = 0.7


def near(rng: np.random.Generator, gesture: int) -> np.ndarray:
    """Joint angles near a gesture: up to half the way towards another one, with a little noise.

    Args:
        rng: numpy Generator.
        gesture: int, index into ``GESTURES``.

    Returns:
        float64 [5, 4] radians, as ``hand.forward_kinematics`` takes them.
    """
    other = rng.integers(len(GESTURES))
    way = rng.uniform()
    weight = 0.5 * way * way * (3 - 2 * way)
    angles = ANCHORS[gesture] * (1 - weight) + ANCHORS[other] * weight
    angles = angles + np.radians(rng.normal(0, (4, 3, 5, 0), (5, 4)))
    angles[4, 3] += np.radians(rng.normal(0, 5))
    return coupled(rng, angles, 3.0)


def coupled(rng: np.random.Generator, angles: np.ndarray, sd: float) -> np.ndarray:
    """Angles [5, 4] with the fingers' last joints following their middle ones, within the joints' limits.

    Args:
        rng: numpy Generator.
        angles: [5, 4] radians; the last joints of the four fingers are not read.
        sd: float, degrees. Of the last joints about where their tendons put them.
    """
    angles = angles.copy()
    angles[:4, 3] = COUPLING * angles[:4, 2] + np.radians(rng.normal(0, sd, 4))
    return limited(angles)


def limited(angles: np.ndarray) -> np.ndarray:
    """Angles [..., 5, 4] within ``LOWEST`` .. ``HIGHEST``; bent fingers spread less."""
    angles = np.clip(angles, LOWEST, HIGHEST)
    free = 1 - SPREAD_LOST * np.clip(angles[..., :4, 0] / np.radians(90), 0, 1)
    angles[..., :4, 1] = np.clip(angles[..., :4, 1], LOWEST[:4, 1] * free, HIGHEST[:4, 1] * free)
    return angles
