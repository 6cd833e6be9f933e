"""Surfaces: moved, mirrored and joined."""

import numpy as np

from datasets.synthetic.mesh import Mesh, join

# A tetrahedron, counter-clockwise from outside.
SOLID = Mesh(
    np.float32([(0, 0, 0), (3, 0, 0), (0, 4, 0), (0, 0, 5)]),
    np.int32([(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]),
)


def volume(mesh):
    a, b, c = np.moveaxis(mesh.vertices_mm.astype(np.float64)[mesh.triangles], 1, 0)
    return np.sum(a * np.cross(b, c)) / 6


def test_moving_turns_and_then_shifts():
    quarter = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])
    moved = SOLID.moved(quarter, np.array([10, 20, 30]))
    np.testing.assert_array_equal(moved.vertices_mm, [(10, 20, 30), (10, 23, 30), (6, 20, 30), (10, 20, 35)])
    np.testing.assert_array_equal(moved.triangles, SOLID.triangles)
    assert moved.vertices_mm.dtype == np.float32


def test_a_mirrored_surface_still_looks_outwards_and_twice_is_the_same():
    mirrored = SOLID.mirrored()
    np.testing.assert_array_equal(mirrored.vertices_mm[1], (-3, 0, 0))
    assert volume(SOLID) == volume(mirrored) == 10
    np.testing.assert_array_equal(mirrored.mirrored().vertices_mm, SOLID.vertices_mm)
    np.testing.assert_array_equal(mirrored.mirrored().triangles, SOLID.triangles)


def test_joined_surfaces_keep_their_triangles():
    other = SOLID.moved(2 * np.eye(3), np.zeros(3))
    both = join([SOLID, other, SOLID])
    assert len(both.vertices_mm) == 12 and len(both.triangles) == 12
    assert volume(both) == volume(SOLID) * (1 + 8 + 1)
    assert both.triangles.dtype == np.int32
