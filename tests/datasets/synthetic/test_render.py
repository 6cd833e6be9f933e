"""Exact depths against a dense sweep of spheres, and self-occlusion."""

import numpy as np
import pytest

from datasets.geometry import Camera
from datasets.synthetic import hand, poses
from datasets.synthetic.render import NEAR_MM, render
from datasets.synthetic.skin import CAPSULES, WEDGES, SphereMesh, skin_of

CAMERA, SIZE = Camera(60.0, 62.0, 39.5, 29.5), (60, 80)
NO_WEDGES = np.zeros((0, 3), int)


def solid(*spheres):
    """The hull of one, two or three spheres (x, y, z, radius)."""
    table, n = np.array(spheres, float), len(spheres)
    pairs = np.array([(0, 1), (0, 2), (1, 2)][: n * (n - 1) // 2], int).reshape(-1, 2)
    return SphereMesh(table[:, :3], table[:, 3], pairs, np.array([[0, 1, 2]]) if n == 3 else NO_WEDGES)


def sphere_depth(spheres):
    """Nearest of many spheres [N, 4], by the textbook formula in float64, inf where nothing is."""
    u, v = np.meshgrid(np.arange(SIZE[1]), np.arange(SIZE[0]))
    rays = np.stack([(u - CAMERA.cx) / CAMERA.fx, (v - CAMERA.cy) / CAMERA.fy, np.ones(SIZE)], -1)
    a, depth = np.sum(rays**2, -1), np.full(SIZE, np.inf)
    for x, y, z, radius in spheres:
        b = rays @ [x, y, z]
        inside = b * b - a * (x * x + y * y + z * z - radius**2)
        depth = np.where(inside >= 0, np.minimum(depth, (b - np.sqrt(np.maximum(inside, 0))) / a), depth)
    return depth


def swept(*spheres, steps=120, fine_steps=2000):
    """The same hull as a dense sweep of spheres between the given ones."""
    table = np.array(spheres, float)
    if len(spheres) == 1:
        return sphere_depth(table)
    t = np.linspace(0, 1, fine_steps if len(spheres) == 2 else steps)
    if len(spheres) == 2:
        weights = np.stack([t, 1 - t], -1)
    else:
        weights = np.array([(x, y, 1 - x - y) for x in t for y in t if x + y <= 1 + 1e-9])
    return sphere_depth(weights @ table)


def assert_equal_surface(depth_mm, expected, tolerance_mm=0.1):
    """Equal depths; outlines may differ by the sweep's own roughness in a few pixels."""
    hit, truth = depth_mm > 0, np.isfinite(expected)
    assert truth.sum() > 100
    assert (hit != truth).sum() <= 0.01 * truth.sum() + 1
    both = hit & truth
    assert np.quantile(np.abs(depth_mm[both] - expected[both]), 0.99) < tolerance_mm


CASES = {
    "sphere": [(20, -10, 300, 60)],
    "sphere_at_the_border": [(-190, 130, 300, 60)],
    "cylinder": [(-60, -20, 300, 25), (70, 30, 330, 25)],
    "cone": [(-60, -20, 300, 45), (70, 30, 330, 12)],
    "cone_towards_the_camera": [(10, 5, 380, 30), (0, 0, 220, 22)],
    "cone_away_from_the_camera": [(10, 5, 220, 22), (30, 10, 380, 30)],
    "blunt_cone_at_the_camera": [(3, 2, 300, 80), (-5, 1, 210, 10)],
    "flat_wedge": [(-60, 40, 300, 20), (70, 40, 300, 20), (0, -60, 300, 20)],
    "tapered_wedge": [(-60, 40, 280, 30), (70, 30, 340, 12), (0, -60, 300, 20)],
    "wedge_on_edge": [(-60, 5, 280, 30), (70, 0, 340, 12), (0, 2, 400, 20)],
}


@pytest.mark.parametrize("case", CASES)
def test_depth_equals_a_dense_sweep_of_spheres(case):
    depth_mm = render(solid(*CASES[case]), CAMERA, SIZE)
    assert depth_mm.dtype == np.float32 and depth_mm.shape == SIZE
    assert_equal_surface(depth_mm, swept(*CASES[case]))


def test_depth_on_the_axis_of_a_sphere_is_its_near_pole():
    camera = Camera(60.0, 60.0, 40.0, 30.0)
    assert render(solid((0, 0, 300, 60)), camera, SIZE)[30, 40] == pytest.approx(240, abs=1e-3)


def test_a_sphere_that_holds_its_partner_hides_the_cone():
    big, small = (0, 0, 300, 60), (5, 0, 295, 10)
    np.testing.assert_array_equal(render(solid(big, small), CAMERA, SIZE), render(solid(big), CAMERA, SIZE))


def test_nearer_parts_hide_farther_ones():
    far, near = [(-80, 0, 350, 30), (80, 0, 350, 30)], [(0, -80, 250, 10), (0, 80, 250, 10)]
    table = np.array(far + near, float)
    both = SphereMesh(table[:, :3], table[:, 3], np.array([[0, 1], [2, 3]]), NO_WEDGES)
    expected = np.minimum(swept(*far), swept(*near))
    assert_equal_surface(render(both, CAMERA, SIZE), expected)
    assert render(both, CAMERA, SIZE)[29, 39] < 251


def test_what_touches_the_near_limit_or_lies_behind_is_left_out():
    assert not render(solid((0, 0, NEAR_MM + 9, 10)), CAMERA, SIZE).any()
    assert not render(solid((0, 0, -300, 60), (0, 50, -300, 60)), CAMERA, SIZE).any()


def test_the_whole_hand_equals_its_parts_swept():
    angles = np.radians(np.array(poses.ANCHORS_DEGREES["8"], float))
    joints_mm = hand.forward_kinematics(hand.MEASURED, angles)
    skin = skin_of(hand.MEASURED, joints_mm, np.array([0, -1.0, 0]), 30.0)
    turn = poses.sample_rotation(np.random.default_rng(1), "msra")
    skin = skin.moved(turn, np.array([0, 40, 280.0]))
    table = np.concatenate([skin.centres_mm, skin.radii_mm[:, None]], -1)
    parts = [swept(*table[pair], fine_steps=40) for pair in CAPSULES]
    parts += [swept(*table[group], steps=14) for group in WEDGES]
    assert_equal_surface(render(skin, CAMERA, SIZE), np.min(parts, 0), tolerance_mm=0.6)
