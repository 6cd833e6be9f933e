"""Small closed surfaces to stand around a hand, and planes.

Solids are in their own frame, mm: the long axis along y, the middle at the origin unless they say otherwise.
"""

import dataclasses
import functools

import numpy as np

from datasets.geometry import Camera
from datasets.synthetic.mesh import Mesh, join


@dataclasses.dataclass(frozen=True)
class Plane:
    """A flat rectangle, or all of a plane.

    Args:
        point_mm: [3]. A point on it, the rectangle's middle.
        normal: [3]. Unit vector towards the side that is seen.
        across: [3] or None. Unit vector in the plane, along the rectangle's first side.
        half_mm: (float, float) or None. Half the lengths of its sides; None: it has no end.
    """

    point_mm: np.ndarray
    normal: np.ndarray
    across: np.ndarray | None = None
    half_mm: tuple[float, float] | None = None

    def depth(self, camera: Camera, size: tuple[int, int]) -> np.ndarray:
        """Exact depth float32 [H, W] in mm, 0 where it is not seen.

        Args:
            camera: Camera.
            size: (height, width) in pixels.
        """
        offset = float(np.dot(self.normal, self.point_mm))
        if offset >= 0:  # seen from behind
            return np.zeros(size, np.float32)
        slope = _form(self.normal, camera, size)
        depth_mm = np.float32(offset) / np.minimum(slope, np.float32(-1e-4))
        seen = depth_mm < 10000
        if self.half_mm is not None:
            axes = np.stack([self.across, np.cross(self.normal, self.across)])
            for axis, half in zip(axes, self.half_mm, strict=True):
                along = _form(axis, camera, size) * depth_mm - np.float32(np.dot(axis, self.point_mm))
                seen &= np.abs(along) <= half
        return np.where(seen, depth_mm, np.float32(0))


@functools.lru_cache(maxsize=32)
def _rays(camera, size):
    """x / z per column and y / z per row, float32."""
    u = ((np.arange(size[1]) - camera.cx) / camera.fx).astype(np.float32)
    v = ((np.arange(size[0]) - camera.cy) / camera.fy).astype(np.float32)
    return u, v


def _form(vector, camera, size):
    """vector . (x / z, y / z, 1) of every pixel, float32 [H, W]."""
    u, v = _rays(camera, size)
    a, b, c = np.asarray(vector, np.float32)
    return np.add.outer(v * b + c, u * a)


def along(direction: np.ndarray, point_mm: np.ndarray, camera: Camera, depth_mm: np.ndarray) -> np.ndarray:
    """How far each pixel's surface lies along a direction from a point, float32 [H, W] in mm.

    Args:
        direction: [3] unit vector.
        point_mm: [3].
        camera: Camera.
        depth_mm: float32 [H, W].
    """
    return depth_mm * _form(direction, camera, depth_mm.shape) - np.float32(np.dot(direction, point_mm))


def _closed(rings):
    """A surface through rings of points [R, S, 3], counter-clockwise about the way from first to last."""
    count, sides = rings.shape[:2]
    ends = rings[[0, -1]].mean(1)
    return Mesh(
        np.concatenate([rings.reshape(-1, 3), ends]).astype(np.float32), _ring_triangles(count, sides)
    )


@functools.lru_cache(maxsize=32)
def _ring_triangles(count, sides):
    here = np.arange(count * sides).reshape(count, sides)
    a, b = here[:-1], np.roll(here, -1, 1)[:-1]
    c, d = here[1:], np.roll(here, -1, 1)[1:]
    first, last = np.full(sides, count * sides), np.full(sides, count * sides + 1)
    triangles = [
        np.stack([a, b, d], -1).reshape(-1, 3),
        np.stack([a, d, c], -1).reshape(-1, 3),
        np.stack([first, np.roll(here[0], -1), here[0]], -1),
        np.stack([last, here[-1], np.roll(here[-1], -1)], -1),
    ]
    return np.concatenate(triangles).astype(np.int32)


def tube(points_mm: np.ndarray, radii_mm: np.ndarray, sides: int = 14) -> Mesh:
    """A closed tube along a line of points.

    Args:
        points_mm: [R, 3], no two neighbours alike.
        radii_mm: [R], or [R, sides] for tubes that are not round.
        sides: int.
    """
    points_mm = np.asarray(points_mm, float)
    radii_mm = np.asarray(radii_mm, float)
    ways = np.gradient(points_mm, axis=0)
    ways /= np.linalg.norm(ways, axis=-1, keepdims=True)
    # One direction square to the whole line, as near as may be, keeps the rings from turning.
    start = np.eye(3)[np.argmin(np.abs(points_mm[-1] - points_mm[0]))]
    first = start - ways * (ways @ start)[:, None]
    first /= np.linalg.norm(first, axis=-1, keepdims=True)
    second = np.cross(ways, first)
    angle = np.arange(sides) * (2 * np.pi / sides)
    ring = first[:, None] * np.cos(angle)[:, None] + second[:, None] * np.sin(angle)[:, None]
    radii_mm = radii_mm if radii_mm.ndim == 2 else radii_mm[:, None]
    return _closed(points_mm[:, None] + ring * radii_mm[..., None])


def capsule(start_mm: np.ndarray, end_mm: np.ndarray, radii_mm: tuple[float, float], sides: int = 14) -> Mesh:
    """A tapered limb with round ends.

    Args:
        start_mm: [3]. Middle of the first round end.
        end_mm: [3]. Middle of the other.
        radii_mm: (float, float). Radii at both.
        sides: int.
    """
    start_mm, end_mm = np.asarray(start_mm, float), np.asarray(end_mm, float)
    way = (end_mm - start_mm) / max(np.linalg.norm(end_mm - start_mm), 1e-6)
    angle = np.radians([85, 55, 28])
    first = [start_mm - way * radii_mm[0] * s for s in np.sin(angle)]
    last = [end_mm + way * radii_mm[1] * s for s in np.sin(angle)[::-1]]
    radii = [*radii_mm[0] * np.cos(angle), *radii_mm, *radii_mm[1] * np.cos(angle)[::-1]]
    return tube(np.array([*first, start_mm, end_mm, *last]), np.array(radii), sides)


def lathe(profile_mm: list[tuple[float, float]], sides: int = 18) -> Mesh:
    """A turned solid: (place along y, radius) from one end to the other."""
    profile = np.array(profile_mm, float)
    return tube(np.outer(profile[:, 0], [0.0, 1.0, 0.0]), profile[:, 1], sides)


def ellipsoid(radii_mm: tuple[float, float, float]) -> Mesh:
    """An ellipsoid about the origin."""
    angle = np.radians([-86, -66, -44, -22, 0, 22, 44, 66, 86])
    ball = lathe(list(zip(np.sin(angle), np.cos(angle), strict=True)), 16)
    return Mesh(ball.vertices_mm * np.float32(radii_mm), ball.triangles)


_CORNERS = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
_FACES = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
_BOX = np.array([part for a, b, c, d in _FACES for part in ((a, b, c), (a, c, d))], np.int32)


def box(size_mm: tuple[float, float, float]) -> Mesh:
    """A box of three edge lengths about the origin."""
    return Mesh((_CORNERS * size_mm).astype(np.float32), _BOX)


def cylinder(radius_mm: float, length_mm: float) -> Mesh:
    """A cylinder with flat ends."""
    half = length_mm / 2
    return lathe([(-half, radius_mm), (half, radius_mm)])


def bottle(radius_mm: float, length_mm: float) -> Mesh:
    """A bottle: body, shoulder, neck."""
    profile = ((-0.5, 1.0), (0.1, 1.0), (0.22, 0.8), (0.3, 0.4), (0.5, 0.38))
    return lathe([(y * length_mm, r * radius_mm) for y, r in profile])


def mug(radius_mm: float, length_mm: float) -> Mesh:
    """A full mug: a cylinder with a handle."""
    angle = np.linspace(-1.2, 1.2, 7)
    line = np.stack([np.cos(angle), np.sin(angle), 0 * angle], -1) * (length_mm * 0.38)
    handle = tube(line + [radius_mm - 0.12 * length_mm, 0, 0], np.full(7, 5.0), 8)
    return join([cylinder(radius_mm, length_mm), handle])


def pen(length_mm: float) -> Mesh:
    """A pen with a point at -y."""
    half = length_mm / 2
    return lathe([(-half, 0.5), (-half + 14, 4.5), (half - 4, 4.5), (half, 3.5)], 10)
