"""Parts of a hand in each other: known gaps and cuts."""

import numpy as np
import pytest

from datasets.synthetic import hand, penetration, poses

OPEN = np.radians([(5, 8, 8, 6), (5, 2, 8, 6), (5, -4, 8, 6), (5, -12, 8, 6), (-12, 0, -5, -5)])


def with_finger(finger, *degrees):
    angles = OPEN.copy()
    angles[finger] = np.radians(degrees)
    return angles


def depth_mm(angles):
    return penetration.depth_mm(hand.average(), angles)


def test_an_open_hand_does_not_overlap():
    for subject in range(50):
        assert penetration.depth_mm(hand.shape_of(0, subject), OPEN) < 1


@pytest.mark.parametrize(
    "angles",
    [
        with_finger(0, 5, -20, 8, 6),
        with_finger(4, 50, -20, 40, 20),
        with_finger(2, 90, 0, 110, 80),
    ],
    ids=["index across middle", "thumb through the palm", "ring tip in the palm"],
)
def test_parts_that_cut_into_each_other_are_found(angles):
    assert depth_mm(angles) > 5


def test_a_finger_that_goes_on_through_the_thumb_lies_ever_deeper():
    steps = np.repeat(np.radians([poses.ANCHORS_DEGREES["9"]]), 6, 0)
    steps[:, 0, 0] += np.radians(np.linspace(0, 12, 6))
    depths = depth_mm(steps)
    assert depths[0] < 2 and depths[-1] > 6
    assert (np.diff(depths) > 0).all()


def test_many_poses_are_judged_as_each_alone():
    angles = np.random.default_rng(0).uniform(poses.LOWEST, poses.HIGHEST, (2, 5, 5, 4))
    together = depth_mm(angles)
    assert together.shape == (2, 5)
    assert together[1, 3] == pytest.approx(depth_mm(angles[1, 3]))


def segment_distance(a, b, c, d):
    """Distance of two segments by brute force."""
    way = np.linspace(0, 1, 201)[:, None]
    first, second = a + way * (b - a), c + way * (d - c)
    return np.linalg.norm(first[:, None] - second[None], axis=-1).min()


def test_distances_of_bones_equal_brute_force():
    rng = np.random.default_rng(1)
    starts, sides = rng.normal(size=(2, 19, 3)) * 10
    distances = penetration._distances(starts, sides)
    pairs = np.stack([penetration._FIRST, penetration._SECOND], 1)
    expected = [
        segment_distance(starts[i], starts[i] + sides[i], starts[j], starts[j] + sides[j]) for i, j in pairs
    ]
    np.testing.assert_allclose(distances, expected, atol=0.1)


def test_free_poses_are_left_alone_and_others_mended_with_little_change():
    shape = hand.average()
    np.testing.assert_array_equal(penetration.apart(shape, OPEN), OPEN)
    cut = with_finger(4, 50, -20, 40, 20)
    mended = penetration.apart(shape, cut)
    assert depth_mm(mended) <= penetration.LIMIT_MM
    np.testing.assert_allclose(mended[:4], cut[:4], atol=np.radians(4.1))
