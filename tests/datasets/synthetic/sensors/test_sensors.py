"""What holds for every sensor."""

import numpy as np
import pytest

from datasets.geometry import Camera
from datasets.synthetic import sensors, solids
from datasets.synthetic.render import render

CAMERA, SIZE = Camera(240.0, 240.0, 79.5, 59.5), (120, 160)
NOISY = [name for name in sensors.SENSORS if name not in ("exact", "mixed")]


@pytest.fixture(scope="module")
def ball_mm():
    """A ball with nothing behind it."""
    mesh = solids.ellipsoid((60, 60, 60)).moved(np.eye(3), [0, 0, 500])
    return render(mesh, CAMERA, SIZE)


def measured(depth_mm, name, seed=0):
    return sensors.measure(depth_mm, CAMERA, np.random.default_rng(seed), name)


def test_exact_is_exact(ball_mm):
    np.testing.assert_array_equal(measured(ball_mm, "exact"), ball_mm)


@pytest.mark.parametrize("name", sensors.SENSORS)
def test_a_measurement_depends_on_the_generator_alone_and_leaves_its_input(ball_mm, name):
    before = ball_mm.copy()
    first, second = measured(ball_mm, name, 3), measured(ball_mm, name, 3)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(ball_mm, before)
    assert first.dtype == np.float32 and first.shape == SIZE


@pytest.mark.parametrize("name", NOISY)
@pytest.mark.parametrize("seed", range(3))
def test_whole_millimetres_near_the_truth(ball_mm, name, seed):
    value = measured(ball_mm, name, seed)
    np.testing.assert_array_equal(value, np.rint(value))
    both = (value > 0) & (ball_mm > 0)
    assert both.sum() > 0.7 * (ball_mm > 0).sum()
    assert np.median(np.abs(value - ball_mm)[both]) < 12
    # Outlines may grow, but nothing appears in the air.
    assert not value[:20, :20].any()


@pytest.mark.parametrize("name", NOISY)
def test_nothing_is_measured_where_nothing_is(name):
    assert not measured(np.zeros(SIZE, np.float32), name).any()


def test_mixed_draws_different_sensors(ball_mm):
    pictures = [measured(ball_mm, "mixed", seed) for seed in range(20)]
    alone = {name: [measured(ball_mm, name, seed) for seed in range(20)] for name in ("exact", "simple")}
    # Its own draw comes first, so that noise differs; exact depth does not.
    assert 0 <= sum(np.array_equal(picture, ball_mm) for picture in pictures) < 10
    assert not any(np.array_equal(*pair) for pair in zip(pictures, alone["simple"], strict=True))


def test_what_is_far_is_lost_and_what_is_near_stays():
    depth_mm = np.tile(np.linspace(400, 3000, 160, dtype=np.float32), (120, 1))
    kept = sensors.far_lost(np.random.default_rng(0), depth_mm, 900.0)
    assert (kept[depth_mm < 900] > 0).all()
    assert not kept[depth_mm > 2000].any()


def test_dark_places_are_lost_but_for_skin():
    depth_mm = np.full((120, 160), 500, np.float32)
    skin = np.zeros((120, 160), bool)
    skin[:, :80] = True
    kept = [sensors.dark_lost(np.random.default_rng(seed), depth_mm, skin) for seed in range(10)]
    assert all((picture[:, :80] == 500).all() for picture in kept)
    assert sum((picture[:, 80:] == 0).any() for picture in kept) >= 5
