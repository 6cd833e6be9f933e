import itertools

import numpy as np
import pytest
import tensorflow as tf

from datasets import opencv_nearest

POSITIONS = np.arange(96)


def doubles(size, target):
    """OpenCV's expression in double precision."""
    step = 1 / (target.astype(np.float64) / size.astype(np.float64))
    return np.floor(POSITIONS * step[:, None]).astype(int)


def check(size, target):
    """Compares every target pixel; those beyond the target are cut off by ``crops``."""
    size, target = np.broadcast_arrays(np.int32(size), np.int32(target))
    position = tf.tile(tf.constant(POSITIONS, tf.int32)[None], [len(size), 1])
    found = _compiled(position, tf.constant(size), tf.constant(target)).numpy()
    inside = POSITIONS < target[:, None]
    np.testing.assert_array_equal(found[inside], doubles(size, target)[inside])
    return np.count_nonzero((found != POSITIONS * size[:, None] // target[:, None]) & inside)


@tf.function(reduce_retracing=True)
def _compiled(*args):
    return opencv_nearest.source(*args)


def test_windows_of_ordinary_hands_meet_the_rounding_of_doubles():
    assert check(np.arange(40, 400), 96) > 20


@pytest.mark.parametrize("target", [1, 2, 7, 48, 64, 80, *range(90, 97)])
def test_every_window_of_a_frame_as_in_double_precision(target):
    check(np.arange(1, 2049), target)


@pytest.mark.slow
@pytest.mark.parametrize("target", range(1, 97))
def test_every_target_and_window_up_to_4096_as_in_double_precision(target):
    check(np.arange(1, 4097), target)


def test_between_pixels_and_beyond_them_as_in_exact_arithmetic():
    rng = np.random.default_rng(1)
    steps = rng.integers(-256 * 256, 256 * 256, (200, 1, 50))
    size = np.concatenate([rng.integers(1, 2000, 199), [opencv_nearest.MAX_SIZE]])
    position = tf.constant(steps / opencv_nearest.STEPS, tf.float32)
    found = opencv_nearest.source_between(position, tf.constant(size, tf.int32), 96)
    expected = steps * size[:, None, None] // (opencv_nearest.STEPS * 96)
    np.testing.assert_array_equal(found, expected)


def test_absurd_windows_are_no_error():
    position = tf.constant(POSITIONS[None], tf.int32)
    for size, target in itertools.product(np.int32([0, -1, -(2**31), 2**31 - 1]), repeat=2):
        found = opencv_nearest.source(position, tf.constant([size]), tf.constant([target])).numpy()
        assert found.min() >= 0


def test_windows_far_larger_than_any_frame():
    rng = np.random.default_rng(0)
    check(rng.integers(1, 2_000_001, 2000), rng.integers(1, 97, 2000))
