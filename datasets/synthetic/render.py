"""A mesh to a depth image: a z-buffer over all rows of pixels of all front triangles at once.

A pixel's ray is z * (x, y, 1) with x = (u - cx) / fx, y = (v - cy) / fy, so that the ray's parameter is the
depth itself. Over a triangle in the image the barycentric coordinates and 1 / z are linear in the pixel; each
coordinate bounds a row of pixels on one side.
"""

import numpy as np

from datasets.geometry import Camera
from datasets.synthetic.mesh import Mesh

NEAR_MM = 20.0
# Pixels on an edge belong to both triangles, so that rounding leaves no holes between them.
_EDGE = 1e-5


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
    if len(boxes[0]):
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
        left, top, width and height of each one's pixels, int32 [K] each; and of u, v and 1 / z each the first
        corner's value, and the second's and the third's difference from it, float32 [K].
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
    boxes = left, top, right - left + 1, bottom - top + 1
    return boxes, [[side[seen] for side in axis] for axis in ((u, b_u, c_u), (v, b_v, c_v), nearness)]


def _forms(boxes, u, v, nearness):
    """Three barycentric coordinates and 1 / z: at each box's first pixel, per column, and per row."""
    (u, b_u, c_u), (v, b_v, c_v), (near, b_near, c_near) = (
        [side.astype(np.float64) for side in axis] for axis in (u, v, nearness)
    )
    scale = 1 / (b_u * c_v - c_u * b_v)
    s_u, s_v, t_u, t_v = c_v * scale, -c_u * scale, -b_v * scale, b_u * scale
    across, down = boxes[0] - u, boxes[1] - v
    s, t = s_u * across + s_v * down, t_u * across + t_v * down
    first = s, t, 1 - s - t, near + s * b_near + t * c_near
    column = s_u, t_u, -s_u - t_u, s_u * b_near + t_u * c_near
    row = s_v, t_v, -s_v - t_v, s_v * b_near + t_v * c_near
    return first, column, row


def _hits(boxes, forms, width):
    """Flat pixel index and 1 / z of every pixel inside a triangle; a pixel comes once per triangle."""
    left, top, wide, high = boxes
    first, column, down = forms
    owner, row = _counted(high)
    start, stop = np.zeros(len(owner)), wide[owner].astype(np.float64)
    # An edge that is level in the picture bounds nothing, or everything.
    for edge in range(3):
        slope = np.where(np.abs(column[edge]) < 1e-9, 1e-9, column[edge])
        bound = (-(first[edge] + _EDGE) / slope)[owner] + (-down[edge] / slope)[owner] * row
        rising = (slope > 0)[owner]
        np.maximum(start, bound, out=start, where=rising)
        np.minimum(stop, bound + 1, out=stop, where=~rising)
    start, stop = np.ceil(np.minimum(start, width)).astype(np.int32), np.maximum(stop, 0).astype(np.int32)
    hit = np.flatnonzero(stop > start)
    owner, row, start, count = owner[hit], row[hit], start[hit], (stop - start)[hit]
    pixel = (top * width + left)[owner] + row * width + start
    slope = column[3][owner]
    near = first[3][owner] + down[3][owner] * row + slope * start
    of, place = _counted(count)
    slope, near = slope.astype(np.float32), near.astype(np.float32)
    return pixel[of] + place, near[of] + slope[of] * place.astype(np.float32)


def _counted(counts):
    """For each of ``counts`` its index so many times, and the numbers from 0 beside it, int32."""
    owner = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    ends = np.cumsum(counts, dtype=np.int32)
    return owner, np.arange(len(owner), dtype=np.int32) - (ends - counts)[owner]
