"""A mesh to a depth image: a z-buffer over all pixels of all front triangles at once.

A pixel's ray is z * (x, y, 1) with x = (u - cx) / fx, y = (v - cy) / fy, so that the ray's parameter is the
depth itself. Over a triangle in the image the barycentric coordinates and 1 / z are linear in the pixel.
"""

import numpy as np

from datasets.geometry import Camera
from datasets.synthetic.mesh import Mesh

NEAR_MM = 20.0
# Pixels on an edge belong to both triangles, so that rounding leaves no holes between them.
_EDGE = np.float32(1e-5)


def render(mesh: Mesh, camera: Camera, size: tuple[int, int]) -> np.ndarray:
    """Depth of a mesh in camera space.

    Args:
        mesh: in camera space (x right, y down, z forward, mm). Triangles with a corner nearer than
            ``NEAR_MM`` are left out: no depth camera measures there.
        camera: Camera.
        size: (height, width) in pixels.

    Returns:
        float32 [height, width], mm, 0 where nothing is hit.
    """
    nearness = np.zeros(size[0] * size[1], np.float32)
    projected = _project(mesh.vertices_mm, camera)
    boxes, sides = _boxes(mesh.triangles, projected, size)
    if len(boxes):
        pixels, values = _hits(boxes, _forms(boxes, *sides), size[1])
        np.maximum.at(nearness, pixels, values)
    depth_mm = np.zeros_like(nearness)
    np.divide(np.float32(1), nearness, out=depth_mm, where=nearness > 0)
    return depth_mm.reshape(size)


def _project(vertices_mm, camera):
    """Pixels u, v and 1 / z of the vertices, float32 [V]; 1 / z is 0 for those too near."""
    x, y, z = np.ascontiguousarray(np.asarray(vertices_mm, np.float32).T)
    inverse = np.where(z < NEAR_MM, np.float32(0), np.float32(1) / np.maximum(z, np.float32(NEAR_MM)))
    u = x * inverse * np.float32(camera.fx) + np.float32(camera.cx)
    v = y * inverse * np.float32(camera.fy) + np.float32(camera.cy)
    return u, v, inverse


def _boxes(triangles, projected, size):
    """The triangles that face the camera, lie wholly in front of it and cover any pixel.

    Returns:
        int32 [K, 4]: left, top, width and height of each one's pixels.
        The sides that a triangle's first corner begins, [3, K] of u, v and 1 / z: the corner itself, and the
        second's and the third's difference from it.
    """
    first, second, third = np.ascontiguousarray(triangles.T)
    # Arrays over all triangles: most of the time goes into passes over memory, and so each is contiguous.
    (u, b_u, c_u), (v, b_v, c_v), nearness = (
        (values[first], values[second] - values[first], values[third] - values[first]) for values in projected
    )
    left, top = (
        np.ceil(np.maximum(np.minimum(np.minimum(b, c), 0) + a, 0))
        for a, b, c in ((u, b_u, c_u), (v, b_v, c_v))
    )
    right, bottom = (
        np.floor(np.minimum(np.maximum(np.maximum(b, c), 0) + a, length - 1))
        for (a, b, c), length in (((u, b_u, c_u), size[1]), ((v, b_v, c_v), size[0]))
    )
    seen = (b_u * c_v < c_u * b_v) & (right >= left) & (bottom >= top)
    front = projected[2] > 0
    if not front.all():
        seen &= front[first] & front[second] & front[third]
    seen = np.flatnonzero(seen)
    left, top, right, bottom = (side[seen].astype(np.int32) for side in (left, top, right, bottom))
    boxes = np.stack([left, top, right - left + 1, bottom - top + 1], 1)
    return boxes, [[side[seen] for side in axis] for axis in ((u, b_u, c_u), (v, b_v, c_v), nearness)]


def _forms(boxes, u, v, nearness):
    """Two barycentric coordinates and 1 / z at each box's first pixel, per column and per row, [K, 9]."""
    (u, b_u, c_u), (v, b_v, c_v), (near, b_near, c_near) = u, v, nearness
    scale = np.float32(1) / (b_u * c_v - c_u * b_v)
    s_u, s_v, t_u, t_v = c_v * scale, -c_u * scale, -b_v * scale, b_u * scale
    across, down = boxes[:, 0].astype(np.float32) - u, boxes[:, 1].astype(np.float32) - v
    s, t = s_u * across + s_v * down, t_u * across + t_v * down
    n_u, n_v = s_u * b_near + t_u * c_near, s_v * b_near + t_v * c_near
    return np.stack([s, s_u, s_v, t, t_u, t_v, near + s * b_near + t * c_near, n_u, n_v], 1)


def _hits(boxes, forms, width):
    """Flat pixel index and 1 / z of every pixel inside a triangle; a pixel comes once per triangle."""
    left, top, wide, high = np.ascontiguousarray(boxes.T)
    count = wide * high
    ends = np.cumsum(count, dtype=np.int32)
    owner = np.repeat(np.arange(len(boxes), dtype=np.int32), count)
    place = np.arange(ends[-1], dtype=np.int32) - (ends - count)[owner]
    row = place // wide[owner]
    column = place - row * wide[owner]
    form = forms[owner]
    x, y = column.astype(np.float32), row.astype(np.float32)
    s = form[:, 0] + form[:, 1] * x + form[:, 2] * y
    t = form[:, 3] + form[:, 4] * x + form[:, 5] * y
    inside = np.flatnonzero((s >= -_EDGE) & (t >= -_EDGE) & (s + t <= 1 + _EDGE))
    form = form[inside]
    near = form[:, 6] + form[:, 7] * x[inside] + form[:, 8] * y[inside]
    return (top * width + left)[owner[inside]] + row[inside] * width + column[inside], near
