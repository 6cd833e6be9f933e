import numpy as np

from datasets.synthetic.scene import CAMERA
from datasets.synthetic.sensors import simple


def wall(depth_mm):
    return np.full((200, 200), depth_mm, np.float32)


def measured(depth_mm):
    return simple.measure(depth_mm, CAMERA, np.random.default_rng(0))


def test_noise_grows_with_depth_and_values_are_whole_millimetres():
    spreads = []
    for distance in (250.0, 500.0):
        value = measured(wall(distance))[2:-2, 2:-2]
        value = value[value > 0]
        np.testing.assert_array_equal(value, np.rint(value))
        assert abs(value.mean() - distance) < 0.1
        spreads.append(value.std())
    np.testing.assert_allclose(spreads, [0.62, 1.33], atol=0.05)  # with the rounding's 0.29


def test_edges_and_grazing_surfaces_are_lost_more_often():
    flat = measured(wall(400.0)) == 0
    ramp = measured(wall(400.0) + np.arange(200, dtype=np.float32) * 14) == 0
    assert flat[1:-1, 1:-1].mean() < 0.002
    assert 0.1 < flat[0].mean() < 0.25
    assert ramp[1:-1, 1:40].mean() > 0.05


def test_nothing_is_measured_where_nothing_is():
    assert not measured(np.zeros((20, 30), np.float32)).any()
    assert simple.box_of(np.zeros((20, 30))) == (slice(0, 0), slice(0, 0))


def test_box_is_the_tightest_half_open_one():
    depth_mm = np.zeros((20, 30))
    depth_mm[3, 7] = depth_mm[9, 5] = 1
    assert simple.box_of(depth_mm) == (slice(3, 10), slice(5, 8))
