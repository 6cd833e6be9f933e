"""Noise fields, shadows and steps against known values."""

import numpy as np
import pytest

from datasets.synthetic.sensors import noise


def neighbours(field, lag):
    return np.corrcoef(field[:, :-lag].ravel(), field[:, lag:].ravel())[0, 1]


@pytest.mark.parametrize("pixels", [2.0, 3.0, 4.0])
def test_blotches_have_unit_spread_and_the_size_asked_for(pixels):
    field = noise.blotches(np.random.default_rng(0), (300, 400), pixels)
    assert field.shape == (300, 400) and field.dtype == np.float32
    assert abs(field.mean()) < 0.03
    assert abs(field.std() - 1) < 0.08
    assert neighbours(field, 1) > 0.5
    assert abs(neighbours(field, 12)) < 0.05


def test_correlated_noise_has_unit_spread_and_a_fine_part():
    field = noise.correlated(np.random.default_rng(1), (300, 400))
    assert abs(field.std() - 1) < 0.06
    assert 0.35 < neighbours(field, 1) < 0.65


def near_before_far():
    """A wall at 1000 mm, and before it, in columns 40 .. 59, a board at 500 mm."""
    depth_mm = np.full((5, 100), 1000, np.float32)
    depth_mm[:, 40:60] = 500
    return depth_mm


@pytest.mark.parametrize(("baseline", "expected"), [(10_000, range(30, 40)), (-10_000, range(60, 70))])
def test_the_shadow_lies_on_one_side_as_wide_as_the_disparities_differ(baseline, expected):
    hidden = noise.shadow(near_before_far(), baseline)
    assert not hidden[:, 40:60].any()
    # 20 against 10 pixels of disparity, give or take the border.
    columns = np.flatnonzero(hidden.all(0))
    assert len(set(columns) ^ set(expected)) <= 1
    np.testing.assert_array_equal(hidden.any(0), hidden.all(0))


def test_a_smooth_surface_casts_no_shadow_and_nothing_is_no_surface():
    slope = np.tile(np.linspace(400, 700, 100, dtype=np.float32), (5, 1))
    for baseline in (10_000, -10_000):
        assert not noise.shadow(slope, baseline).any()
        assert not noise.shadow(np.zeros((5, 100), np.float32), baseline).any()


@pytest.mark.parametrize("distance", [500.0, 1000.0, 2000.0])
def test_steps_grow_with_the_distance_squared(distance):
    depth_mm = np.linspace(distance, 1.1 * distance, 20000, dtype=np.float32)[None]
    levels = np.unique(noise.stepped(depth_mm, 2.0))
    np.testing.assert_allclose(np.diff(levels)[0], 2.0 * (distance / 1000) ** 2, rtol=0.02)
    assert np.abs(noise.stepped(depth_mm, 2.0) - depth_mm).max() < 1.3 * (distance / 1000) ** 2


def test_a_span_knows_the_nearest_and_the_farthest_about():
    depth_mm = np.array([[500, 0, 0, 0, 900, 700]], np.float32)
    near, far = noise.span(depth_mm)
    np.testing.assert_array_equal(near, [[500, 500, noise.FAR_MM, 900, 700, 700]])
    np.testing.assert_array_equal(far, [[500, 500, 0, 900, 900, 900]])
    np.testing.assert_array_equal(noise.beside_nothing(depth_mm), [[True] * 5 + [False]])
