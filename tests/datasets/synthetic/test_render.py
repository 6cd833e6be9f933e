"""Rendering triangles: against rays cast one by one, and properties of depth."""

import numpy as np
import pytest

from datasets.geometry import Camera
from datasets.synthetic import hand, poses
from datasets.synthetic.mesh import Mesh, join
from datasets.synthetic.render import NEAR_MM, render

CAMERA, SIZE = Camera(241.42, 241.42, 160.0, 120.0), (240, 320)


def triangle(*corners_mm):
    return Mesh(np.float32(corners_mm), np.int32([[0, 1, 2]]))


def posed_hand(seed):
    """A hand before the camera, in a random pose, view and shape."""
    rng = np.random.default_rng(seed)
    shape = hand.shape_of(seed, 0)
    joints_mm, skin = hand.pose(shape, poses.sample_any(rng), poses.sample_arm(rng), 0.2)
    rotation = poses.sample_rotation(rng, "any")
    shift = poses.sample_shift(rng, joints_mm @ rotation.T, CAMERA, SIZE)
    return skin.moved(rotation, shift)


def cast(mesh, ray):
    """Depth where a ray from the camera first meets the front of a triangle (Moeller and Trumbore), or 0."""
    a, b, c = np.moveaxis(mesh.vertices_mm.astype(np.float64)[mesh.triangles], 1, 0)
    to_b, to_c = b - a, c - a
    across = np.cross(ray, to_c)
    determinant = np.sum(to_b * across, -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        u = np.sum(-a * across, -1) / determinant
        beyond = np.cross(-a, to_b)
        v = np.sum(ray * beyond, -1) / determinant
        depth = np.sum(to_c * beyond, -1) / determinant
    hit = (determinant > 0) & (u >= 0) & (v >= 0) & (u + v <= 1) & (depth > 0)
    return depth[hit].min() if hit.any() else 0.0


@pytest.mark.parametrize("seed", range(4))
def test_a_hand_equals_rays_cast_one_by_one(seed):
    mesh = posed_hand(seed)
    depth_mm = render(mesh, CAMERA, SIZE)
    rows, columns = np.nonzero(depth_mm)
    rng = np.random.default_rng(seed)
    some = rng.choice(len(rows), 150, replace=False)
    off = []
    for row, column in zip(rows[some] + rng.integers(-2, 3, 150), columns[some], strict=True):
        if not 0 <= row < SIZE[0]:
            continue
        ray = np.array([(column - CAMERA.cx) / CAMERA.fx, (row - CAMERA.cy) / CAMERA.fy, 1.0])
        off.append(abs(depth_mm[row, column] - cast(mesh, ray)))
    # A ray along an outline may meet it in one way of counting and not in the other.
    assert np.sort(off)[-3] < 0.01


def test_a_plane_across_the_view_has_one_depth_everywhere():
    wall = triangle((-4000, -3000, 500), (-4000, 9000, 500), (8000, -3000, 500))
    np.testing.assert_allclose(render(wall, CAMERA, SIZE), 500, rtol=1e-5)


def test_a_tilted_plane_has_the_depth_of_its_equation():
    corners = np.float64([(-3000, -3000), (-3000, 8000), (8000, -3000)])
    z = 600 + 0.05 * corners[:, 0] - 0.02 * corners[:, 1]
    depth_mm = render(triangle(*np.column_stack([corners, z])), CAMERA, SIZE)
    v, u = np.mgrid[: SIZE[0], : SIZE[1]].astype(float)
    x, y = (u - CAMERA.cx) / CAMERA.fx, (v - CAMERA.cy) / CAMERA.fy
    np.testing.assert_allclose(depth_mm, 600 / (1 - 0.05 * x + 0.02 * y), rtol=1e-4)


def test_the_nearer_of_two_surfaces_is_seen_whatever_their_order():
    near = triangle((-30, -30, 300), (-30, 60, 300), (60, -30, 300))
    far = triangle((-3000, -3000, 700), (-3000, 9000, 700), (9000, -3000, 700))
    one, other = (render(join(pair), CAMERA, SIZE) for pair in ((near, far), (far, near)))
    np.testing.assert_array_equal(one, other)
    assert one[120, 160] == pytest.approx(300, rel=1e-5) and one[0, 0] == pytest.approx(700, rel=1e-5)


def test_the_back_of_a_triangle_is_not_drawn():
    corners = ((-30, -30, 300), (-30, 60, 300), (60, -30, 300))
    assert render(triangle(*corners), CAMERA, SIZE).any()
    assert not render(triangle(*corners[::-1]), CAMERA, SIZE).any()


def test_what_is_nearer_than_a_camera_measures_is_left_out():
    def at(z):
        return triangle((-3, -3, z), (-3, 6, z), (6, -3, z))

    assert render(at(NEAR_MM + 1), CAMERA, SIZE).any()
    assert not render(at(NEAR_MM - 1), CAMERA, SIZE).any()
    assert not render(at(-300), CAMERA, SIZE).any()


def test_neighbouring_triangles_leave_no_holes():
    depth_mm = render(posed_hand(7), CAMERA, SIZE) > 0
    inside = depth_mm[:-2, 1:-1] & depth_mm[2:, 1:-1] & depth_mm[1:-1, :-2] & depth_mm[1:-1, 2:]
    assert depth_mm[1:-1, 1:-1][inside].all()


def test_twice_as_far_and_as_large_looks_the_same():
    mesh = posed_hand(2)
    double = Mesh(mesh.vertices_mm * np.float32(2), mesh.triangles)
    np.testing.assert_allclose(render(double, CAMERA, SIZE), 2 * render(mesh, CAMERA, SIZE), rtol=1e-6)


def test_a_mirrored_hand_gives_the_mirrored_picture():
    mesh = posed_hand(3)
    middle = Camera(241.42, 241.42, 159.5, 119.5)
    right, left = (render(m, middle, SIZE) for m in (mesh, mesh.mirrored()))
    different = np.abs(left[:, ::-1] - right) > 0.01
    assert different.sum() < 20 and (right > 0).sum() > 1000


def test_parts_outside_the_picture_are_cut_off():
    mesh = posed_hand(4)
    whole = render(mesh, CAMERA, SIZE)
    small = Camera(CAMERA.fx, CAMERA.fy, CAMERA.cx - 100, CAMERA.cy - 60)
    np.testing.assert_allclose(render(mesh, small, (100, 150)), whole[60:160, 100:250], atol=0.02)


def test_nothing_to_draw_is_an_empty_picture():
    nothing = Mesh(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32))
    behind = Mesh(np.float32([[0, 0, -500]] * 3), np.int32([[0, 1, 2]]))
    for mesh in (nothing, behind):
        depth_mm = render(mesh, CAMERA, (4, 6))
        assert depth_mm.shape == (4, 6) and depth_mm.dtype == np.float32 and not depth_mm.any()
