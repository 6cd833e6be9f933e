"""What each kind of sensor is known for."""

import numpy as np
import pytest

from datasets.geometry import Camera
from datasets.synthetic.sensors import stereo, structured_light, tof

CAMERA = Camera(240.0, 240.0, 79.5, 59.5)
SIZE = (120, 160)


def board_before_wall():
    depth_mm = np.full(SIZE, 900, np.float32)
    depth_mm[:, 60:100] = 500
    return depth_mm


def wall(distance):
    return np.full(SIZE, distance, np.float32)


def rng(seed=0):
    return np.random.default_rng(seed)


def lost_left_and_right(value):
    """How many columns, about, are lost within 30 pixels left and right of the board."""
    lost = value == 0
    return lost[:, 30:60].mean(0).sum(), lost[:, 100:130].mean(0).sum()


@pytest.mark.parametrize("seed", range(6))
def test_structured_light_loses_one_side(seed):
    few, many = sorted(lost_left_and_right(structured_light.measure(board_before_wall(), CAMERA, rng(seed))))
    # The projector is 25 to 75 mm away: f b (1 / 500 - 1 / 900) pixels of shadow.
    assert few < 1.5
    assert 240 * 25 / 1125 - 1.5 < many < 240 * 75 / 1125 + 2


def test_structured_light_loses_either_side():
    sides = [
        np.argmax(lost_left_and_right(structured_light.measure(board_before_wall(), CAMERA, rng(seed))))
        for seed in range(12)
    ]
    assert set(sides) == {0, 1}


@pytest.mark.parametrize(("distance", "expected"), [(500, 2.0), (1000, 2.0), (2000, 1.9 * 2**2.36)])
def test_the_law_of_structured_light(distance, expected):
    np.testing.assert_allclose(structured_light.sd_mm(np.float32(distance)), expected, rtol=1e-5)


def test_structured_light_keeps_to_its_law(monkeypatch):
    monkeypatch.setattr(structured_light, "NOISE_SHARE", (1.0, 1.0))
    monkeypatch.setattr(structured_light, "STEP_MM", (0.1, 0.1))
    for distance in (600, 1500):
        value = structured_light.measure(wall(distance), CAMERA, rng(1))
        spread = value[value > 0].std()
        np.testing.assert_allclose(spread, structured_light.sd_mm(np.float32(distance)), rtol=0.12)


def test_structured_light_reads_short_at_times():
    means = []
    for seed in range(20):
        value = structured_light.measure(wall(1000), CAMERA, rng(seed))
        means.append(value[value > 0].mean())
    short = np.array(means) < 995
    assert 1 <= short.sum() <= 12
    np.testing.assert_allclose(np.array(means)[short], 989, atol=2.5)
    np.testing.assert_allclose(np.array(means)[~short], 1000, atol=2.5)


def test_time_of_flight_has_pixels_between_hand_and_background():
    between = []
    for seed in range(6):
        value = tof.measure(board_before_wall(), CAMERA, rng(seed))
        middle = (value > 550) & (value < 850)
        assert not middle[:, :58].any() and not middle[:, 62:98].any()
        between.append(middle[:, 58:62].sum())
    assert np.mean(between) > 20


def test_time_of_flight_is_noisier_far_away_and_at_an_angle():
    def spread(depth_mm):
        value = tof.measure(depth_mm, CAMERA, rng(3))
        return (value - depth_mm)[10:-10, 10:-10][value[10:-10, 10:-10] > 0].std()

    slanted = wall(700) + 8 * np.arange(-80, 80, dtype=np.float32)
    assert spread(wall(1400)) > 1.5 * spread(wall(700))
    assert spread(slanted) > 1.3 * spread(wall(700))


def test_time_of_flight_rounds_hollows_but_not_ridges():
    valley = 500 - 2 * np.abs(np.arange(-80, 80, dtype=np.float32)) + np.zeros(SIZE, np.float32)
    ridge = 400 + 2 * np.abs(np.arange(-80, 80, dtype=np.float32)) + np.zeros(SIZE, np.float32)

    def change(depth_mm, seed):
        value = tof.measure(depth_mm, CAMERA, rng(seed))
        return (value - depth_mm)[:, 79:82][value[:, 79:82] > 0].mean()

    assert np.mean([change(valley, seed) for seed in range(8)]) < -0.4
    assert abs(np.mean([change(ridge, seed) for seed in range(8)])) < 0.3


def test_stereo_is_smooth_and_its_outlines_grow():
    value = stereo.measure(board_before_wall(), CAMERA, rng(0))
    board = np.abs(value - 500) < 40
    assert 40.5 < board[:, 50:110].sum(1).mean() < 46
    bumps = wall(500)
    bumps[::2, ::2] += 12
    smooth = stereo.measure(bumps, CAMERA, rng(0))[10:-10, 30:-10]
    assert smooth[smooth > 0].std() < 0.6 * bumps.std()


def test_stereo_has_holes_and_noise_that_grows_with_the_distance_squared():
    spreads = []
    for distance in (500, 1000):
        value = stereo.measure(wall(distance), CAMERA, rng(2))
        inner = value[5:-5, 30:-5]
        spreads.append(inner[inner > 0].std())
    holes = [(stereo.measure(wall(500), CAMERA, rng(seed))[5:-5, 30:-5] == 0).mean() for seed in range(10)]
    assert 2.5 < spreads[1] / spreads[0] < 5.5
    assert 0 < np.mean(holes) < 0.05
