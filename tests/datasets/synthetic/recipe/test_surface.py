import collections

import numpy as np
import pytest

from datasets.synthetic.recipe import surface

ALONG = np.array([0.0, 1.0, 0.0])
ACROSS = np.array([1.0, 0.0, 0.0])


def volume(vertices, triangles):
    """Inside a closed surface, positive if its triangles are counter-clockwise seen from outside."""
    a, b, c = (vertices[column] for column in triangles.T)
    return np.sum(a * np.cross(b, c)) / 6


@pytest.mark.parametrize(
    ("direction", "place"),
    [((1, 0, 0), (8, 33, 2)), ((-2, 0, 0), (-8, 33, 2)), ((0, 1, 0), (1, 80, 2)), ((7, 7, 0), (8, 40, 2))],
)
def test_a_ray_meets_the_nearest_skin_ahead(tube_skin, direction, place):
    row = tube_skin.hit(np.array([1.0, 33.0, 2.0]), np.array(direction, float))
    np.testing.assert_allclose(tube_skin.at(row), place)
    assert row.sum() == pytest.approx(1) and np.count_nonzero(row) <= 3 and row.min() > -1e-8


def test_a_ray_from_outside_meets_the_near_side(tube_skin):
    np.testing.assert_allclose(tube_skin.at(tube_skin.hit(np.array([50.0, 33, 2]), -ACROSS)), [8, 33, 2])


def test_a_ray_out_of_the_open_end_is_refused(tube_skin):
    with pytest.raises(ValueError, match="no skin from"):
        tube_skin.hit(np.array([1.0, 33, 2]), -ALONG)


def test_places_inside_lie_between_both_sides(tube_skin):
    point = np.array([5.0, 33.0, 2.0])
    np.testing.assert_allclose(tube_skin.centred(point, ACROSS), [0, 33, 2])
    np.testing.assert_allclose(tube_skin.at(tube_skin.between(point, ACROSS, 0.75)), [4, 33, 2])


def test_a_row_moves_with_the_skin(tube_skin):
    row = tube_skin.between(np.array([1.0, 33.0, 2.0]), ACROSS, 0.25)
    stretched = surface.Skin(tube_skin.vertices_mm * [2, 1, 1] + [0, 5, 0], tube_skin.triangles)
    np.testing.assert_allclose(stretched.at(row), [-8, 38, 2])


@pytest.fixture
def tube(make_tube):
    """Vertices that the cut leaves out stand between the others, too."""
    vertices, quads = make_tube(np.linspace(0, 80, 9), 8.0)
    order = np.random.default_rng(0).permutation(len(vertices))
    place = np.argsort(order)
    return vertices[order], place[quads]


def test_a_cut_closes_what_is_above_it(tube):
    vertices, quads = tube
    stump = surface.cut(vertices, quads, 15.0)
    skin = stump.skin(vertices, np.array([0.0, -100.0, 0.0]))
    assert skin[:-1, 1].min() == 20 and len(skin) == 4 * 7 + 1 and len(stump.triangles) == 2 * (4 * 6 + 1) + 4
    edges = collections.Counter(
        (a, b) for t in stump.triangles.tolist() for a, b in zip(t, t[1:] + t[:1], strict=True)
    )
    assert set(edges.values()) == {1} and all((b, a) in edges for a, b in edges)
    # A tube of 60 mm, and the pyramid at its end: the forearm goes on for 5 mm.
    np.testing.assert_allclose(skin[-1], [0, 15, 0], atol=1e-12)
    assert volume(skin, stump.triangles) == pytest.approx(256 * 60 + 256 * 5 / 3)


def test_the_edge_of_the_cut_is_levelled(tube):
    vertices, quads = tube
    stump = surface.cut(vertices, quads, 15.0)
    bent = vertices + [0, 0, 0]
    bent[:, 1] += 0.1 * bent[:, 0]
    skin = stump.skin(bent, np.zeros(3))
    assert np.ptp(skin[stump.loop, 1]) == 0
    np.testing.assert_allclose(skin[stump.lowest], bent[stump.kept[stump.lowest]])


def test_a_second_hole_is_refused(tube):
    vertices, quads = tube
    with pytest.raises(ValueError, match="not one closed line"):
        surface.cut(vertices, quads[:-1], 15.0)


def test_a_surface_without_an_edge_is_refused(make_tube):
    vertices, quads = make_tube([0, 10], 8.0)
    with pytest.raises(ValueError, match="not one closed line"):
        surface.cut(vertices, np.vstack([quads, (3, 2, 1, 0)]), -1.0)
