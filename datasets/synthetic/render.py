"""A sphere-mesh to a depth image, by the exact ray geometry of its parts, z-buffered.

A pixel's ray is z * (x, y, 1) with x = (u - cx) / fx, y = (v - cy) / fy, so that the ray's parameter is
the depth itself. The hull of three spheres is three tapered capsules and two tangent triangles; a
capsule is two spheres and a piece of a cone. Every part is a quadratic (or linear) form in the ray,
evaluated over its own box of pixels only.
"""

import functools

import numpy as np

from datasets.geometry import Camera
from datasets.synthetic.skin import SphereMesh

NEAR_MM = 20.0


def render(mesh: SphereMesh, camera: Camera, size: tuple[int, int]) -> np.ndarray:
    """Depth of a sphere-mesh in camera space.

    Args:
        mesh: SphereMesh in camera space (x right, y down, z forward, mm). Parts nearer than
            ``NEAR_MM`` are left out: no depth camera measures there.
        camera: Camera.
        size: (height, width) in pixels.

    Returns:
        float32 [height, width], mm, 0 where nothing is hit.
    """
    rays = _rays(camera, size)
    canvas = np.full(size, np.inf, np.float32)
    boxes, seen = _sphere_boxes(mesh, camera, size)
    with np.errstate(invalid="ignore", divide="ignore"):
        _draw_spheres(canvas, rays, mesh, boxes, seen)
        _draw_cones(canvas, rays, mesh, boxes, seen)
        _draw_triangles(canvas, rays, mesh, boxes, seen)
    canvas[np.isinf(canvas)] = 0
    return canvas


@functools.lru_cache(maxsize=8)
def _rays(camera, size):
    """Rays of all pixels: x [W], y [H] and their squared length [H, W]."""
    x = (np.arange(size[1]) - camera.cx) / camera.fx
    y = (np.arange(size[0]) - camera.cy) / camera.fy
    return x, y, (x**2 + y[:, None] ** 2 + 1).astype(np.float32)


def _sphere_boxes(mesh, camera, size):
    """Half-open pixel boxes [S, 4] = left, top, right, bottom of the spheres, and which lie in front."""
    z, radius = mesh.centres_mm[:, 2], mesh.radii_mm
    seen = z - radius > NEAR_MM
    boxes = []
    for axis, (focal, centre) in enumerate(((camera.fx, camera.cx), (camera.fy, camera.cy))):
        x = mesh.centres_mm[:, axis]
        square = np.where(seen, z**2 - radius**2, 1)
        reach = radius * np.sqrt(np.maximum(x**2 + z**2 - radius**2, 0))
        boxes += [
            np.ceil((x * z - reach) / square * focal + centre),
            np.floor((x * z + reach) / square * focal + centre) + 1,
        ]
    limits = np.array([size[1], size[1], size[0], size[0]])
    boxes = np.clip(np.where(seen, np.array(boxes), 0).T, 0, limits).astype(int)
    return boxes[:, [0, 2, 1, 3]], seen


def _hull_boxes(boxes, groups):
    """The box around several spheres' boxes, for every row of ``groups``: [G, 4]."""
    grouped = boxes[groups]
    return np.concatenate([grouped[..., :2].min(1), grouped[..., 2:].max(1)], -1)


def _forms(rays, vectors):
    """Linear forms vector . ray for vectors [N, 3], as row parts [N, W] and column parts [N, H, 1]."""
    x, y, _ = rays
    across = np.multiply.outer(vectors[..., 0], x).astype(np.float32)
    down = (np.multiply.outer(vectors[..., 1], y) + vectors[..., 2, None]).astype(np.float32)
    return across, down[..., None]


def _draw_spheres(canvas, rays, mesh, boxes, seen):
    across, down = _forms(rays, mesh.centres_mm)
    constants = (np.sum(mesh.centres_mm**2, -1) - mesh.radii_mm**2).astype(np.float32)
    for i in np.flatnonzero(seen):
        left, top, right, bottom = boxes[i].tolist()
        if left >= right or top >= bottom:
            continue
        towards = across[i, left:right] + down[i, top:bottom]
        root = np.sqrt(towards * towards - rays[2][top:bottom, left:right] * constants[i])
        part = canvas[top:bottom, left:right]
        np.fmin(part, constants[i] / (towards + root), out=part)


def _draw_cones(canvas, rays, mesh, boxes, seen):
    for part, square, form, axis, cone in _cones(canvas, rays, mesh, boxes, seen):
        cos2, constant, middle, half = cone
        curve = cos2 * square - axis * axis
        root = np.sqrt(form * form - curve * constant)
        # The root where a ray enters, in the form that does not divide by a curve near 0.
        z = constant / (form + root)
        np.minimum(part, z, out=part, where=np.abs(z * axis - middle) <= half)


def _cones(canvas, rays, mesh, boxes, seen):
    """Yields for each visible cone its pixels, their squared rays, its linear forms and its numbers."""
    pairs = mesh.capsules[seen[mesh.capsules].all(-1)]
    boxes = _hull_boxes(boxes, pairs)
    vectors, numbers, tapered = _cone_numbers(mesh.centres_mm[pairs], mesh.radii_mm[pairs])
    across, down = _forms(rays, vectors)
    for i in np.flatnonzero(tapered & (boxes[:, 0] < boxes[:, 2]) & (boxes[:, 1] < boxes[:, 3])):
        left, top, right, bottom = boxes[i].tolist()
        form, axis = (across[k, i, left:right] + down[k, i, top:bottom] for k in range(2))
        square = rays[2][top:bottom, left:right]
        yield canvas[top:bottom, left:right], square, form, axis, numbers[i]


def _cone_numbers(ends_mm, radii_mm):
    """The cones between pairs of spheres.

    A point p lies on the cone where cos2 |p - a|^2 - y^2 + 2 ra s y - ra^2 = 0, with y its place along the
    axis from a, s the sine of the taper and cos2 = 1 - s^2. With p = z ray this is A z^2 - 2 B z + C.

    Returns:
        vectors [2, N, 3] whose forms are B and (axis . ray); [N, 4] cos2, C, middle and half of
        the valid range of z (axis . ray); bool [N], false where one sphere holds the other.
    """
    start, radius = ends_mm[:, 0], radii_mm[:, 0]
    length = np.maximum(np.linalg.norm(ends_mm[:, 1] - start, axis=-1), 1e-6)
    axis = (ends_mm[:, 1] - start) / length[:, None]
    sine = (radius - radii_mm[:, 1]) / length
    cos2, origin = 1 - sine**2, np.sum(start * axis, -1)
    b_vector = cos2[:, None] * start - axis * (origin + radius * sine)[:, None]
    constant = cos2 * np.sum(start**2, -1) - origin**2 - 2 * radius * sine * origin - radius**2
    low, high = origin + radius * sine, origin + length + radii_mm[:, 1] * sine
    numbers = np.stack([cos2, constant, (low + high) / 2, (high - low) / 2], -1).astype(np.float32)
    return np.stack([b_vector, axis]), numbers, cos2 > 0


def _draw_triangles(canvas, rays, mesh, boxes, seen):
    groups = mesh.wedges[seen[mesh.wedges].all(-1)]
    boxes = np.tile(_hull_boxes(boxes, groups), (2, 1))
    vectors, facing = _triangle_forms(mesh.centres_mm[groups], mesh.radii_mm[groups])
    across, down = _forms(rays, vectors)
    for i in np.flatnonzero(facing & (boxes[:, 0] < boxes[:, 2]) & (boxes[:, 1] < boxes[:, 3])):
        left, top, right, bottom = boxes[i].tolist()
        nearness, *edges = across[i, :, None, left:right] + down[i, :, top:bottom]
        inside = np.minimum(np.minimum(edges[0], edges[1]), edges[2]) >= 0
        part = canvas[top:bottom, left:right]
        np.minimum(part, 1 / nearness, out=part, where=inside)


def _triangle_forms(centres_mm, radii_mm):
    """The two tangent triangles of each of N wedges.

    Returns:
        vectors [2 N, 4, 3] whose forms are 1 / z of the plane and three that are positive inside;
        bool [2 N], true where the triangle exists and faces the camera.
    """
    e1, e2 = (centres_mm[:, k] - centres_mm[:, 0] for k in (1, 2))
    d1, d2 = (radii_mm[:, 0] - radii_mm[:, k] for k in (1, 2))
    g11, g12, g22 = (np.sum(p * q, -1) for p, q in ((e1, e1), (e1, e2), (e2, e2)))
    det = np.maximum(g11 * g22 - g12**2, 1e-9)
    slope = ((g22 * d1 - g12 * d2) / det)[:, None] * e1 + ((g11 * d2 - g12 * d1) / det)[:, None] * e2
    rise2 = 1 - np.sum(slope**2, -1)
    upright = np.cross(e1, e2) / np.sqrt(det)[:, None] * np.sqrt(np.maximum(rise2, 0))[:, None]
    normals = np.concatenate([slope + upright, slope - upright])
    corners = np.tile(centres_mm, (2, 1, 1)) + normals[:, None] * np.tile(radii_mm, (2, 1))[..., None]
    offset = np.sum(normals * corners[:, 0], -1)
    edges = np.cross(corners, np.roll(corners, -1, axis=1))
    edges *= np.sign(np.sum(edges[:, 0] * corners[:, 2], -1))[:, None, None]
    facing = (offset < 0) & np.tile(rise2 > 0, 2)
    planes = normals / np.where(facing, offset, 1)[:, None]
    return np.concatenate([planes[:, None], edges], 1), facing
