import numpy as np
import pytest
import tensorflow as tf

from datasets import geometry, registry
from datasets.errors import InputError
from datasets.geometry import Camera

CAMERAS = {name: registry.get(name).camera for name in ("icvl", "nyu", "msra", "hands17")}
BATCH, POINTS = 3, 7


def camera_of(name):
    return np.tile(np.asarray(CAMERAS[name], np.float64), (BATCH, 1))


def points_mm(seed=0):
    return np.random.default_rng(seed).uniform([-200, -150, 200], [200, 150, 1500], (BATCH, POINTS, 3))


def affine_maps(seed=1):
    """Turn, then stretch, then shift: a general map without shear of its own."""
    rng = np.random.default_rng(seed)
    turn = geometry.rotation(rng.uniform(-3, 3, BATCH), rng.uniform(0, 96, (BATCH, 2)))
    return geometry.scale_and_shift(rng.uniform(0.5, 2, (BATCH, 2)), rng.uniform(-50, 50, (BATCH, 2))) @ turn


def test_a_known_point_projects_by_hand():
    camera = np.array([500.0, 400.0, 320.0, 240.0])
    point = np.array([[100.0, 50.0, 1000.0]])
    np.testing.assert_allclose(geometry.project(point, camera), [[370.0, 260.0, 1000.0]])


@pytest.mark.parametrize("name", CAMERAS)
def test_unproject_undoes_project(name):
    camera, points = camera_of(name), points_mm()
    np.testing.assert_allclose(
        geometry.unproject(geometry.project(points, camera), camera), points, atol=1e-9
    )


@pytest.mark.parametrize("name", CAMERAS)
def test_project_undoes_unproject(name):
    camera = camera_of(name)
    uvd = np.random.default_rng(2).uniform([0, 0, 200], [640, 480, 1500], (BATCH, POINTS, 3))
    np.testing.assert_allclose(geometry.project(geometry.unproject(uvd, camera), camera), uvd, atol=1e-9)


def test_scale_and_shift_scales_first():
    matrix = geometry.scale_and_shift(np.array([2.0, 3.0]), np.array([10.0, -1.0]))
    np.testing.assert_allclose(geometry.apply_affine(matrix, np.array([[5.0, 4.0]])), [[20.0, 11.0]])


def test_a_quarter_turn_takes_right_to_down_and_keeps_the_pivot():
    matrix = geometry.rotation(np.array(np.pi / 2), np.array([48.0, 40.0]))
    moved = geometry.apply_affine(matrix, np.array([[58.0, 40.0], [48.0, 40.0]]))
    np.testing.assert_allclose(moved, [[48.0, 50.0], [48.0, 40.0]], atol=1e-12)


def test_invert_affine_undoes_a_map():
    matrix, points = affine_maps(), points_mm()
    moved = geometry.apply_affine(matrix, points)
    assert np.abs(moved - points)[..., :2].max() > 10
    np.testing.assert_allclose(
        geometry.apply_affine(geometry.invert_affine(matrix), moved), points, atol=1e-9
    )


def test_invert_affine_is_the_matrix_inverse():
    matrix = affine_maps()
    np.testing.assert_allclose(geometry.invert_affine(matrix), np.linalg.inv(matrix), atol=1e-12)


def test_an_affine_map_leaves_depth_alone():
    points = points_mm()
    np.testing.assert_array_equal(geometry.apply_affine(affine_maps(), points)[..., 2], points[..., 2])


def test_compose_does_the_inner_map_first():
    outer, inner = affine_maps(3), affine_maps(4)
    np.testing.assert_allclose(geometry.compose(outer, inner), outer @ inner, atol=1e-12)


CALLS = {
    "project": (geometry.project, points_mm(), camera_of("nyu")),
    "unproject": (geometry.unproject, points_mm(5), camera_of("nyu")),
    "scale_and_shift": (geometry.scale_and_shift, points_mm()[:, 0, :2], points_mm()[:, 1, :2]),
    "rotation": (geometry.rotation, points_mm()[:, 0, 0], points_mm()[:, 1, :2]),
    "compose": (geometry.compose, affine_maps(3), affine_maps(4)),
    "apply_affine": (geometry.apply_affine, affine_maps(), points_mm()),
    "invert_affine": (geometry.invert_affine, affine_maps()),
}


@pytest.mark.parametrize("name", CALLS)
def test_numpy_eager_and_graph_agree(name):
    function, *values = CALLS[name]
    expected = function(*values)
    tensors = [tf.constant(value) for value in values]
    assert isinstance(expected, np.ndarray)
    np.testing.assert_allclose(function(*tensors), expected, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(tf.function(function)(*tensors), expected, rtol=1e-12, atol=1e-9)


def test_a_camera_is_an_array_of_its_four_numbers():
    camera = Camera(500, 400, 320, 240)
    assert np.asarray(camera).dtype == np.float32
    np.testing.assert_array_equal(np.asarray(camera, np.float64), [500, 400, 320, 240])


@pytest.mark.parametrize(
    "values",
    [
        (0, 400, 320, 240),
        (500, -1, 320, 240),
        (500, 400, np.nan, 240),
        (1e-300, 400, 0, 0),
        (1e39, 1e39, 0, 0),
    ],
)
def test_an_impossible_camera_is_refused_with_its_values(values):
    with pytest.raises(InputError, match=r"positive focal lengths. Received: \("):
        Camera(*values)
