"""How a camera sees a hand: from which side, with which bend of the wrist, and where in the picture."""

import numpy as np

from datasets.geometry import Camera

VIEWS = ("msra", "any", "upright")


def sample_rotation(rng: np.random.Generator, views: str) -> np.ndarray:
    """Rotation [3, 3] from the hand frame to the camera's (x right, y down, z forward).

    ``msra``: the palm faces the camera with the fingers up, turned about its own axis by -40 .. 40
    degrees (yaw), the fingers tilted towards the camera by -10 .. 90 (pitch), and rolled in the image by
    a normal angle of 20. ``any``: uniform over all rotations. ``upright``: as hands are before a person or
    above a table; the palm, the back or any side faces the camera (45, 35, 20 %), the fingers point
    upwards give or take, and tilt either way.
    """
    if views == "any":
        return _from_quaternion(rng.normal(size=4))
    if views == "upright":
        side = rng.choice(3, p=(0.45, 0.35, 0.2))
        yaw = rng.uniform(-180, 180) if side == 2 else rng.normal((0, 180)[side], 35)
        pitch, roll = np.clip(rng.normal(15, 35), -80, 85), rng.normal(0, 35)
    else:
        yaw, pitch, roll = rng.uniform(-40, 40), rng.uniform(-10, 90), rng.normal(0, 20)
    yaw, pitch, roll = np.radians([yaw, pitch, roll])
    # Half a turn about x takes "fingers up, palm out" to the camera's axes and keeps the hand a right one.
    return _about(2, roll) @ _about(0, pitch) @ _about(1, yaw) @ np.diag([1.0, -1.0, -1.0])


def sample_arm(rng: np.random.Generator, wide: bool = False) -> np.ndarray:
    """Direction of the forearm in the hand frame, [3].

    The wrist bends by about 12 degrees either way; ``wide``: by up to 60 towards the palm or the back, by up
    to 25 sideways.
    """
    if wide:
        sideways, forward = np.radians(np.clip(rng.normal(0, (11, 26)), (-25, -60), (25, 60)))
        return np.array([np.sin(sideways), -np.cos(sideways), 0]) * np.cos(forward) + [0, 0, np.sin(forward)]
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
