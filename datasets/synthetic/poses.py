"""What hands do: gestures between anchors, views of the palm, and a place in front of the camera."""

import numpy as np

from datasets.geometry import Camera

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
    "6": (*_SPREAD[:3], (55, 1, 52, 33), (40, 40, 31, 33)),
    "7": (*_SPREAD[:2], (57, 0, 53, 34), _SPREAD[3], (32, 31, 26, 30)),
    "8": (_SPREAD[0], (57, 0, 53, 34), *_SPREAD[2:], (26, 28, 22, 30)),
    "9": ((54, 0, 52, 33), *_SPREAD[1:], (19, 28, 18, 27)),
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
_ANCHORS = np.radians(np.array(list(ANCHORS_DEGREES.values()), float))

_FINGER_BOUNDS, _THUMB_BOUNDS = (
    ((-20, 90), (-20, 20), (0, 110), (0, 80)),
    ((-30, 50), (-25, 45), (-15, 60), (-15, 80)),
)
LOWEST, HIGHEST = np.moveaxis(np.radians(np.array([_FINGER_BOUNDS] * 4 + [_THUMB_BOUNDS], float)), -1, 0)

# The last finger joint cannot bend alone: its tendon bends the middle joint too.
COUPLING = 2 / 3
VIEWS = ("msra", "any")


def sample_angles(rng: np.random.Generator, gesture: int) -> np.ndarray:
    """Joint angles near a gesture: up to half the way towards another one, with a little noise.

    Args:
        rng: numpy Generator.
        gesture: int, index into ``GESTURES``.

    Returns:
        float64 [5, 4] radians within ``LOWEST`` .. ``HIGHEST``, as ``hand.forward_kinematics`` takes them.
    """
    other = rng.integers(len(GESTURES))
    way = rng.uniform()
    weight = 0.5 * way * way * (3 - 2 * way)
    angles = _ANCHORS[gesture] * (1 - weight) + _ANCHORS[other] * weight
    angles = angles + np.radians(rng.normal(0, (4, 3, 5, 0), (5, 4)))
    angles[:4, 3] = COUPLING * angles[:4, 2] + np.radians(rng.normal(0, 3, 4))
    angles[4, 3] += np.radians(rng.normal(0, 5))
    return np.clip(angles, LOWEST, HIGHEST)


def sample_rotation(rng: np.random.Generator, views: str) -> np.ndarray:
    """Rotation [3, 3] from the hand frame to the camera's (x right, y down, z forward).

    ``msra``: the palm faces the camera with the fingers up, turned about its own axis by -40 .. 40
    degrees (yaw), the fingers tilted towards the camera by -10 .. 90 (pitch), and rolled in the image by
    a normal angle of 20. ``any``: uniform over all rotations.
    """
    if views == "any":
        return _from_quaternion(rng.normal(size=4))
    yaw, pitch, roll = np.radians([rng.uniform(-40, 40), rng.uniform(-10, 90), rng.normal(0, 20)])
    # Half a turn about x takes "fingers up, palm out" to the camera's axes and keeps the hand a right one.
    return _about(2, roll) @ _about(0, pitch) @ _about(1, yaw) @ np.diag([1.0, -1.0, -1.0])


def sample_arm(rng: np.random.Generator) -> np.ndarray:
    """Direction of the forearm in the hand frame, [3]: the wrist bends by about 12 degrees either way."""
    sideways, forward = np.clip(rng.normal(0, np.radians(12), 2), -0.5, 0.5)
    direction = np.array([np.sin(sideways), -1.0, np.sin(forward)])
    return direction / np.linalg.norm(direction)


def sample_twist(rng: np.random.Generator) -> float:
    """Turn of the forearm about its own axis against the hand, radians: about 20 degrees either way."""
    return float(np.clip(rng.normal(0, np.radians(20)), -1, 1))


def sample_shift(
    rng: np.random.Generator,
    joints_mm: np.ndarray,
    camera: Camera,
    size: tuple[int, int],
    range_mm: tuple[float, float] = (250.0, 500.0),
) -> np.ndarray:
    """Shift [3] that puts the joints' mean into a range of depth and the whole hand into the picture.

    Args:
        rng: numpy Generator.
        joints_mm: [21, 3], already turned to the camera's axes.
        camera: Camera.
        size: (height, width) in pixels.
        range_mm: (near, far) bounds of the mean's depth.
    """
    depth = rng.uniform(*range_mm) - joints_mm[:, 2].mean()
    z = joints_mm[:, 2] + depth
    flesh_mm, shift = 14.0, []
    for axis, (focal, centre, length) in enumerate(
        ((camera.fx, camera.cx, size[1]), (camera.fy, camera.cy, size[0]))
    ):
        low = np.max(-centre * z / focal - joints_mm[:, axis] + flesh_mm)
        high = np.min((length - 1 - centre) * z / focal - joints_mm[:, axis] - flesh_mm)
        shift.append(rng.uniform(low, high) if low < high else (low + high) / 2)
    return np.array([*shift, depth])


def _about(axis, angle):
    """Right-handed rotation about a coordinate axis, [3, 3]."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = np.cos(angle)
    matrix[second, first], matrix[first, second] = np.sin(angle), -np.sin(angle)
    return matrix


def _from_quaternion(quaternion):
    """Rotation of a quaternion w, x, y, z of any length."""
    w, x, y, z = quaternion / np.linalg.norm(quaternion)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + 2 * w * cross + 2 * cross @ cross
