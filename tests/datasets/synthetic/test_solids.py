"""Solids are closed, face outwards and have the size they say; planes are exact."""

import collections

import numpy as np
import pytest

from datasets.geometry import Camera
from datasets.synthetic import bodies, grasp, solids

CAMERA, SIZE = Camera(100.0, 100.0, 20.0, 15.0), (31, 41)


def volume_mm3(mesh):
    a, b, c = mesh.vertices_mm.astype(float)[mesh.triangles.T]
    return np.einsum("ij,ij->", a, np.cross(b, c)) / 6


def sine_tube():
    places = np.linspace(0, 200, 12)
    return solids.tube(np.stack([places, 20 * np.sin(places / 60), 0 * places], -1), np.full(12, 15.0))


SOLIDS = {
    "box": lambda: solids.box((10, 20, 30)),
    "ellipsoid": lambda: solids.ellipsoid((10, 20, 30)),
    "cylinder": lambda: solids.cylinder(20, 100),
    "bottle": lambda: solids.bottle(30, 200),
    "mug": lambda: solids.mug(40, 100),
    "pen": lambda: solids.pen(140),
    "capsule": lambda: solids.capsule([0, 0, 0], [50, 60, 70], (20, 10)),
    "tube": sine_tube,
    "torso": lambda: bodies.torso(np.random.default_rng(0)),
    "head": lambda: bodies.head(np.random.default_rng(0)),
    "foot": lambda: bodies.foot(np.random.default_rng(0)),
    **{f"thing{seed}": lambda seed=seed: grasp.thing(np.random.default_rng(seed)) for seed in range(8)},
}


@pytest.mark.parametrize("name", SOLIDS)
def test_a_solid_is_closed_and_its_outside_is_out(name):
    mesh = SOLIDS[name]()
    sides = mesh.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
    count = collections.Counter(map(tuple, sides))
    assert all(count[side] == 1 and count[side[::-1]] == 1 for side in count)
    assert volume_mm3(mesh) > 0
    assert mesh.vertices_mm.dtype == np.float32


@pytest.mark.parametrize(
    ("mesh", "expected", "tolerance"),
    [
        (solids.box((10, 20, 30)), 6000, 1e-6),
        (solids.ellipsoid((10, 20, 30)), 4 / 3 * np.pi * 6000, 0.08),
        (solids.cylinder(20, 100), np.pi * 400 * 100, 0.03),
        (solids.capsule([0, 0, 0], [0, 100, 0], (20, 20)), np.pi * 400 * (100 + 80 / 3), 0.06),
    ],
)
def test_volumes(mesh, expected, tolerance):
    np.testing.assert_allclose(volume_mm3(mesh), expected, rtol=tolerance)


def test_things_stand_on_the_ground():
    for seed in range(10):
        assert abs(grasp.thing(np.random.default_rng(seed)).vertices_mm[:, 1].min()) < 1e-3


def test_a_plane_passes_through_its_point_square_to_its_normal():
    normal = np.array([0.2, -0.5, -1.0]) / np.linalg.norm([0.2, -0.5, -1.0])
    point = np.array([30.0, -20.0, 700.0])
    depth_mm = solids.Plane(point, normal).depth(CAMERA, SIZE)
    assert depth_mm.dtype == np.float32 and (depth_mm > 0).all()
    np.testing.assert_allclose(solids.along(normal, point, CAMERA, depth_mm), 0, atol=1e-3)


def test_a_plane_is_not_seen_from_behind_nor_beyond_its_sides():
    middle, towards = np.array([0.0, 0.0, 500.0]), np.array([0.0, 0.0, -1.0])
    assert not solids.Plane(middle, -towards).depth(CAMERA, SIZE).any()
    across = np.array([1.0, 0.0, 0.0])
    depth_mm = solids.Plane(middle, towards, across, (51.0, 26.0)).depth(CAMERA, SIZE)
    rows, columns = np.nonzero(depth_mm)
    # 5 mm per pixel.
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (10, 20, 10, 30)
    assert (depth_mm[depth_mm > 0] == 500).all()


def test_along_measures_from_a_point():
    depth_mm = np.full(SIZE, 400, np.float32)
    across_mm = solids.along(np.array([1.0, 0, 0]), np.array([8.0, 0, 0]), CAMERA, depth_mm)
    np.testing.assert_allclose(across_mm[0, [20, 22]], [-8, 0], atol=1e-4)
