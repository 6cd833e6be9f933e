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
    height, width = size
    u, v, inverse = _project(mesh.vertices_mm, camera)
    corners = _visible(mesh.triangles, u, v, inverse)
    boxes, corners = _boxes(u[corners], v[corners], corners, size)
    nearness = np.zeros(height * width, np.float32)
    if len(corners):
        forms = _forms(u[corners], v[corners], inverse[corners], boxes)
        pixels, values = _hits(boxes, forms, width)
        np.maximum.at(nearness, pixels, values)
    depth_mm = np.zeros_like(nearness)
    np.divide(np.float32(1), nearness, out=depth_mm, where=nearness > 0)
    return depth_mm.reshape(height, width)


def _project(vertices_mm, camera):
    """Pixels u, v and 1 / z of the vertices, float32 [V]; 1 / z is 0 for those too near."""
    x, y, z = np.ascontiguousarray(np.asarray(vertices_mm, np.float32).T)
    inverse = np.where(z < NEAR_MM, np.float32(0), np.float32(1) / np.maximum(z, np.float32(NEAR_MM)))
    u = x * inverse * np.float32(camera.fx) + np.float32(camera.cx)
    v = y * inverse * np.float32(camera.fy) + np.float32(camera.cy)
    return u, v, inverse


def _visible(triangles, u, v, inverse):
    """The triangles that face the camera and lie wholly in front of it, [T, 3]."""
    a, b, c = triangles.T
    area = (u[b] - u[a]) * (v[c] - v[a]) - (u[c] - u[a]) * (v[b] - v[a])
    return triangles[(area < 0) & (inverse[a] > 0) & (inverse[b] > 0) & (inverse[c] > 0)]


def _boxes(u, v, corners, size):
    """Pixel boxes int32 [T, 4] = left, top, width, height of the triangles that cover any, and those."""
    low = np.maximum(np.ceil([u.min(1), v.min(1)]), 0)
    high = np.minimum(np.floor([u.max(1), v.max(1)]), np.array([[size[1] - 1], [size[0] - 1]]))
    covers = (high >= low).all(0)
    low, high = low[:, covers], high[:, covers]
    return np.concatenate([low, high - low + 1]).T.astype(np.int32), corners[covers]


def _forms(u, v, inverse, boxes):
    """Two barycentric coordinates and 1 / z at each box's first pixel, per column and per row, [T, 9]."""
    bu, cu, bv, cv = u[:, 1] - u[:, 0], u[:, 2] - u[:, 0], v[:, 1] - v[:, 0], v[:, 2] - v[:, 0]
    scale = np.float32(1) / (bu * cv - cu * bv)
    s_u, s_v, t_u, t_v = cv * scale, -cu * scale, -bv * scale, bu * scale
    du, dv = boxes[:, 0] - u[:, 0], boxes[:, 1] - v[:, 0]
    s, t = s_u * du + s_v * dv, t_u * du + t_v * dv
    za = inverse[:, 0]
    zb, zc = inverse[:, 1] - za, inverse[:, 2] - za
    near = [za + s * zb + t * zc, s_u * zb + t_u * zc, s_v * zb + t_v * zc]
    return np.stack([s, s_u, s_v, t, t_u, t_v, *near], 1).astype(np.float32)


def _hits(boxes, forms, width):
    """Flat pixel index and 1 / z of every pixel inside a triangle; a pixel comes once per triangle."""
    left, top, wide, high = boxes.T
    count = wide * high
    ends = np.cumsum(count)
    owner = np.repeat(np.arange(len(boxes)), count)
    place = np.arange(ends[-1]) - (ends - count)[owner]
    row = place // wide[owner]
    column = place - row * wide[owner]
    form = forms[owner]
    x, y = column.astype(np.float32), row.astype(np.float32)
    s = form[:, 0] + form[:, 1] * x + form[:, 2] * y
    t = form[:, 3] + form[:, 4] * x + form[:, 5] * y
    inside = np.flatnonzero((s >= -_EDGE) & (t >= -_EDGE) & (s + t <= 1 + _EDGE))
    form, owner = form[inside], owner[inside]
    near = form[:, 6] + form[:, 7] * x[inside] + form[:, 8] * y[inside]
    return (top[owner] + row[inside]) * width + left[owner] + column[inside], near
