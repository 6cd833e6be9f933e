"""How deep a posed hand's parts run into each other: bones as capsules of the flesh around them."""

import functools
import itertools

import numpy as np

from datasets.synthetic import gestures, hand
from datasets.synthetic.hand import Shape

# Capsules: three bones of each finger, thumb last, then the metacarpals of the four fingers.
_BONES, _PALM = 15, 4
_THUMB = range(12, 15)
# The palm's capsules begin beyond the wrist, where the thumb's and the little finger's balls are.
_PALM_START = 0.35
# The flesh of the palm over that of the fingers' first bones.
_PALM_FLESH = 1.3
# Flesh gives way: parts that overlap by less only touch.
LIMIT_MM = 4.0
# A tip joint lies so far inside the finger's end.
_TIP_MM = 2.5


def _pairs():
    """Pairs of capsules [P, 2] that can meet: bones of different fingers, and outer bones and the palm."""
    fingers = [pair for pair in itertools.combinations(range(_BONES), 2) if pair[0] // 3 != pair[1] // 3]
    outer = (2, 5, 8, 11, *_THUMB[1:])
    palm = itertools.product(outer, range(_BONES, _BONES + _PALM))
    return np.array([*fingers, *palm]).T


_FIRST, _SECOND = _pairs()


def depth_mm(shape: Shape, angles: np.ndarray) -> np.ndarray:
    """How deep any two parts of a hand lie in each other, beyond what they share when it is straight.

    Bones that follow each other in one finger are not compared: their joints' limits keep them apart.

    Args:
        shape: Shape.
        angles: [..., 5, 4] radians, as ``hand.forward_kinematics`` takes them.

    Returns:
        float64 [...], mm; negative is the width of the narrowest gap.
    """
    return (_overlaps(shape, hand.forward_kinematics(shape, angles)) - _shared(shape)).max(-1)


# Open hands do not overlap: all fingers stretched, and the thumb out of the way.
_OPEN = np.radians([(5, 8, 8, 6), (5, 2, 8, 6), (5, -4, 8, 6), (5, -12, 8, 6), (-5, 5, 0, 0)])
# How the spreads change as the fingers part.
_PARTING = np.radians([1.0, 0.3, -0.4, -1.0])
# By how much the thumb opens; degrees by which it lifts off, and by which the fingers part.
_THUMB_WAYS = np.array(list(itertools.product((0, 0.3, 0.65, 1), (0, 8, 16), (0, 4))))
# By how much the whole hand opens.
_WHOLE_WAYS = (0, 0.07, 0.15, 0.3, 0.5, 0.75, 1)


def apart(shape: Shape, angles: np.ndarray) -> np.ndarray:
    """A pose [5, 4] in which nothing overlaps by more than ``LIMIT_MM``: the same, or the nearest of some.

    Those open and lift the thumb and part the fingers; if none of them is free, the fingers open too.
    """
    if depth_mm(shape, angles) <= LIMIT_MM:
        return angles
    thumb, lift, parting = _THUMB_WAYS.T[..., None]
    ways = np.repeat(angles[None], len(_THUMB_WAYS), 0)
    ways[:, :4, 1] += parting * _PARTING
    ways[:, 4] += thumb * (_OPEN[4] - angles[4])
    ways[:, 4, 1] += np.radians(lift[:, 0])
    for whole in _WHOLE_WAYS:
        opened = gestures.limited(ways + whole * (_OPEN - ways))
        free = opened[depth_mm(shape, opened) <= LIMIT_MM]
        if len(free):
            return free[np.abs(free - angles).sum((1, 2)).argmin()]
    return _OPEN.copy()


@functools.lru_cache(maxsize=512)
def _shared(shape):
    """Overlaps [P], at least 0, of a straight hand: of neighbouring fingers near the palm."""
    straight = hand.forward_kinematics(shape, np.zeros((5, 4)))
    return np.maximum(_overlaps(shape, straight), 0)


def _overlaps(shape, joints_mm):
    """Overlap [..., P] of each pair, mm."""
    radii = _radii(shape)
    fingers = joints_mm[..., 1:, :].reshape(*joints_mm.shape[:-2], 5, 4, 3)
    starts, ends = fingers[..., :3, :], fingers[..., 1:, :].copy()
    last = (radii[2:_BONES:3] - _TIP_MM) / shape.lengths_mm[:, 2]
    ends[..., 2, :] -= last[:, None] * (ends - starts)[..., 2, :]
    roots = fingers[..., :_PALM, 0, :]
    flat = (*joints_mm.shape[:-2], _BONES, 3)
    starts = np.concatenate([starts.reshape(flat), _PALM_START * roots], -2)
    ends = np.concatenate([ends.reshape(flat), roots], -2)
    apart = _distances(starts, ends - starts)
    return radii[_FIRST] + radii[_SECOND] - apart


def _distances(starts, sides):
    """Distance [..., P] between the two segments of each pair."""
    first, second = sides[..., _FIRST, :], sides[..., _SECOND, :]
    gap = starts[..., _FIRST, :] - starts[..., _SECOND, :]
    a, e = (np.einsum("...i,...i->...", side, side) for side in (first, second))
    b, c, f = (
        np.einsum("...i,...i->...", one, other)
        for one, other in ((first, second), (first, gap), (second, gap))
    )
    # Nearest points of the two lines, then each clamped to its segment (parallel ones: any start does).
    s = np.clip((b * f - c * e) / np.maximum(a * e - b * b, 1e-9), 0, 1)
    t = np.clip((b * s + f) / e, 0, 1)
    s = np.clip((b * t - c) / a, 0, 1)
    return np.linalg.norm(gap + s[..., None] * first - t[..., None] * second, axis=-1)


@functools.lru_cache(maxsize=512)
def _radii(shape):
    """Radii [19] of the capsules, mm."""
    fingers = shape.radii_mm
    return np.concatenate([fingers.ravel(), _PALM_FLESH * fingers[:_PALM, 0]])
