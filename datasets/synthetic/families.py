"""What hands do beside MSRA's gestures: families of poses, each drawn with its own variety.

Functions take a numpy Generator and return [5, 4] degrees, not yet within the joints' limits: bending of the
first joint, spread, bending of the second joint, and of the third, which for the fingers is set afterwards.
"""

import numpy as np
import scipy.special

from datasets.synthetic.gestures import ANCHORS_DEGREES

# Thumbs: over the curled fingers, beside them, away, across the palm, at rest, opposite the fingers.
_OVER, _BESIDE, _AWAY = (24, 21, 21, 34), (-5, 0, 0, 2), (-15, -8, -6, -6)
_ACROSS, _REST, _OPPOSITE = (34, 8, 38, 50), (8, 12, 14, 18), (12, 36, 8, 8)
_SPREAD = np.array([8.0, 2.0, -4.0, -12.0])
_CURL = np.array([77.0, 0.0, 100.0, 0.0])
# Where thumb and finger meet: the gestures 9, 8, 7, 6 from the index to the little finger.
_MEETING = [np.array(ANCHORS_DEGREES[name], float)[[finger, 4]] for finger, name in enumerate("9876")]


def _pose(first, spread, second, thumb):
    """[5, 4] of the four fingers' numbers or arrays, and the thumb's four angles."""
    pose = np.zeros((5, 4))
    pose[:4, 0], pose[:4, 1], pose[:4, 2], pose[4] = first, spread, second, thumb
    return pose


def _noisy(rng, pose, first=5.0, spread=2.5, second=6.0):
    """A pose with normal noise on every joint; the thumb's is (4, 4, 5, 6) degrees."""
    noise = rng.normal(size=(5, 4))
    return pose + noise * np.array([(first, spread, second, 0)] * 4 + [(4, 4, 5, 6)])


def _thumb(rng, *choices):
    """A thumb between two of several, mostly near one of them."""
    one, other = (np.array(choices[i], float) for i in rng.integers(len(choices), size=2))
    return one + (other - one) * 0.5 * rng.uniform() ** 2


def fist(rng: np.random.Generator) -> np.ndarray:
    """All fingers curled, from loose to tight; the thumb over or beside them."""
    closed = 1.04 - 0.3 * rng.uniform() ** 2
    over = (15, 26 + 50 * (1 - closed), 22, 40)
    thumb = _thumb(rng, over, over, over, _BESIDE, _AWAY)
    return _noisy(rng, _pose(closed * _CURL[0], 0, closed * _CURL[2], thumb), 4, 1, 4)


def flat(rng: np.random.Generator) -> np.ndarray:
    """All fingers stretched, together or apart; the thumb anywhere."""
    thumb = _thumb(rng, _AWAY, _BESIDE, _REST, _OPPOSITE, _ACROSS)
    spread = rng.uniform(-0.3, 1.4) * _SPREAD
    return _noisy(rng, _pose(rng.normal(2, 8), spread, abs(rng.normal(6, 5)), thumb), 3, 2, 3)


def relaxed(rng: np.random.Generator) -> np.ndarray:
    """A hand at rest: every finger a little more bent than its neighbour on the thumb's side."""
    curl = rng.uniform(0.3, 1.4)
    first, second = curl * np.array([18, 22, 26, 30]), curl * np.array([28, 32, 36, 38])
    return _noisy(rng, _pose(first, rng.uniform(-0.1, 0.7) * _SPREAD, second, _REST))


def grasp(rng: np.random.Generator) -> np.ndarray:
    """A hand around a cylinder, around a ball, with the finger tips, as a hook, or as around a key."""
    kind, closed = rng.integers(5), rng.uniform(0.3, 1.0)
    opposite = np.array(_OPPOSITE, float)
    around = opposite + closed * (np.array(_OVER) + [4, 6, 4, 4] - opposite)
    pose = (
        lambda: _pose(66 * closed + np.arange(4) * 2, 0.3 * _SPREAD, 90 * closed, around),
        lambda: _pose(52 * closed, rng.uniform(0.6, 1.4) * _SPREAD, 58 * closed, around),
        lambda: _pose(rng.uniform(30, 65), 0.4 * _SPREAD, rng.uniform(15, 50), around),
        lambda: _pose(rng.normal(5, 8), 0, 95 * closed, _thumb(rng, _REST, _BESIDE)),
        lambda: _pose(60 * closed, 0, 45 + 50 * closed, (14, 2, 14, 26)),
    )[kind]()
    return _noisy(rng, pose)


def pinch(rng: np.random.Generator) -> np.ndarray:
    """The thumb to one finger or to two, touching or nearly so; the others stretched, at rest or curled."""
    finger, closed = rng.choice(4, p=(0.5, 0.2, 0.15, 0.15)), 1.03 - 0.5 * rng.uniform() ** 2
    stretch = rng.uniform(0, 1.1)
    pose = _pose(5 + 45 * stretch, (1 - stretch) * _SPREAD, 8 + 60 * stretch, _REST)
    pose = _noisy(rng, pose)
    meeting, thumb = _MEETING[finger]
    pose[4] = (1 - closed) * np.array(_OPPOSITE) + closed * thumb + rng.normal(0, 2, 4)
    fingers = [finger, min(finger + 1, 3)] if rng.random() < 0.3 else [finger]
    pose[fingers] = meeting * closed + rng.normal(0, 2, (len(fingers), 4))
    return pose


def pointing(rng: np.random.Generator) -> np.ndarray:
    """The index finger stretched, sometimes with the middle one; the others curled, loosely or tightly."""
    curl = rng.uniform(0.55, 1.05)
    pose = _noisy(rng, _pose(_CURL[0] * curl, 0, _CURL[2] * curl, _thumb(rng, _OVER, _OVER, _BESIDE, _AWAY)))
    straight = 2 if rng.random() < 0.25 else 1
    pose[:straight, 0], pose[:straight, 2] = rng.normal(10, 10), abs(rng.normal(8, 8))
    pose[0, 1] = rng.normal(2, 4)
    return pose


def counting(rng: np.random.Generator) -> np.ndarray:
    """Any fingers stretched and the others curled; the thumb away, over or across."""
    up = rng.random(4) < 0.5
    curled = _pose(_CURL[0], 0, _CURL[2] * rng.uniform(0.85, 1), _thumb(rng, _AWAY, _OVER, _ACROSS, _BESIDE))
    pose = np.where(np.append(up, False)[:, None], _pose(5, rng.uniform(0, 1.3) * _SPREAD, 8, 0), curled)
    return _noisy(rng, pose, 4, 2, 5)


# Neighbouring fingers move together.
_NEIGHBOURS = np.linalg.cholesky(0.65 ** np.abs(np.subtract.outer(np.arange(4), np.arange(4))))


def random(rng: np.random.Generator) -> np.ndarray:
    """Every joint by itself, over nearly all it can do; only neighbouring fingers are alike."""
    first, spread, second = scipy.special.ndtr(rng.normal(size=(3, 4)) @ _NEIGHBOURS.T)
    thumb = rng.uniform((-25, -22, -12, -12), (46, 43, 55, 72))
    return _pose(-18 + 106 * first, -16 + 32 * spread, 108 * second, thumb)
