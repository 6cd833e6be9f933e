"""The hand: kinematics with known values, subjects, and anatomical bounds."""

import numpy as np
import pytest

from datasets.skeletons import MSRA
from datasets.synthetic import hand, poses

STRAIGHT = np.zeros((5, 4))


def bone_lengths(joints_mm):
    first, second = np.array(MSRA.bones).T
    return np.linalg.norm(joints_mm[..., first, :] - joints_mm[..., second, :], axis=-1)


def bent(finger, *degrees):
    angles = STRAIGHT.copy()
    angles[finger] = np.radians(degrees)
    return hand.forward_kinematics(hand.MEASURED, angles)


def test_wrist_and_finger_roots_lie_where_measured():
    joints_mm = hand.forward_kinematics(hand.MEASURED, STRAIGHT)
    np.testing.assert_array_equal(joints_mm[0], 0)
    np.testing.assert_allclose(joints_mm[[1, 5, 9, 13, 17]], hand.ROOTS_MM)


def test_a_straight_finger_is_as_long_as_its_bones():
    joints_mm = hand.forward_kinematics(hand.MEASURED, STRAIGHT)
    lengths = np.linalg.norm(joints_mm[[4, 8, 12, 16, 20]] - joints_mm[[1, 5, 9, 13, 17]], axis=-1)
    np.testing.assert_allclose(lengths, hand.LENGTHS_MM.sum(-1))


def test_a_root_bent_by_90_degrees_points_the_middle_finger_out_of_the_palm():
    joints_mm = bent(1, 90, 0, 0, 0)
    np.testing.assert_allclose(joints_mm[8] - joints_mm[5], [0, 0, 46.9 + 27.5 + 16.2], atol=1e-9)


def test_bends_add_up_along_a_finger():
    joints_mm = bent(1, 45, 0, 45, 90)
    fan = np.radians(hand.FAN_DEGREES[1])
    straight = np.array([np.sin(fan), np.cos(fan), 0])
    np.testing.assert_allclose(joints_mm[7] - joints_mm[6], [0, 0, 27.5], atol=1e-9)
    np.testing.assert_allclose(joints_mm[8] - joints_mm[7], -16.2 * straight, atol=1e-9)


@pytest.mark.parametrize("finger", range(4))
def test_positive_spread_moves_a_finger_towards_the_thumb(finger):
    tip = 4 * finger + 4
    assert bent(finger, 0, 15, 0, 0)[tip, 0] > bent(finger, 0, 0, 0, 0)[tip, 0] + 5


def test_the_thumb_bends_across_the_palm_and_spreads_out_of_it():
    rest = bent(4, 0, 0, 0, 0)[20]
    assert bent(4, 30, 0, 0, 0)[20, 0] < rest[0] - 10
    assert bent(4, 0, 30, 0, 0)[20, 2] > rest[2] + 10


def test_kinematics_of_many_hands_equal_those_of_each():
    angles = np.random.default_rng(0).uniform(poses.LOWEST, poses.HIGHEST, (2, 3, 5, 4))
    together = hand.forward_kinematics(hand.MEASURED, angles)
    assert together.shape == (2, 3, 21, 3)
    np.testing.assert_allclose(
        together[1, 2], hand.forward_kinematics(hand.MEASURED, angles[1, 2]), atol=1e-9
    )


def test_bone_lengths_do_not_depend_on_the_pose():
    shape = hand.shape_of(3, 4)
    angles = np.random.default_rng(0).uniform(poses.LOWEST, poses.HIGHEST, (50, 5, 4))
    lengths = bone_lengths(hand.forward_kinematics(shape, angles))
    np.testing.assert_allclose(lengths, np.broadcast_to(lengths[0], lengths.shape), rtol=1e-9)


def test_subjects_differ_within_the_stated_ranges():
    shapes = [hand.shape_of(0, subject) for subject in range(200)]
    scales = np.array([shape.scale for shape in shapes])
    thickness = np.array([shape.thickness for shape in shapes])
    fingers = np.array([(shape.lengths_mm / hand.LENGTHS_MM / shape.scale)[:, 0] for shape in shapes])
    fingers = fingers.round(9)
    assert 0.85 <= scales.min() < 0.9 and 1.1 < scales.max() <= 1.15
    assert 0.9 <= thickness.min() < 0.93 and 1.07 < thickness.max() <= 1.1
    assert 0.95 <= fingers.min() < 0.96 and 1.04 < fingers.max() <= 1.05


def test_a_subject_is_a_function_of_seed_and_number():
    one, again = hand.shape_of(5, 2), hand.shape_of(5, 2)
    np.testing.assert_array_equal(one.lengths_mm, again.lengths_mm)
    assert hand.shape_of(6, 2).scale != one.scale != hand.shape_of(5, 3).scale
