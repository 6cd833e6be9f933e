"""Poses, views and places."""

import numpy as np
import pytest

from datasets.geometry import Camera, project
from datasets.synthetic import hand, poses

CAMERA, SIZE = Camera(241.42, 241.42, 160.0, 120.0), (240, 320)


def rng(seed=0):
    return np.random.default_rng(seed)


def anchor(name):
    return hand.forward_kinematics(hand.MEASURED, np.radians(poses.ANCHORS_DEGREES[name]))


def sampled_rotations(views, count=500):
    generator = rng()
    return np.array([poses.sample_rotation(generator, views) for _ in range(count)])


def test_the_gestures_are_msras_in_the_order_of_its_lists():
    assert poses.GESTURES == tuple("1 2 3 4 5 6 7 8 9 I IP L MP RP T TIP Y".split())


def test_anchors_and_samples_stay_within_anatomical_bounds():
    generator = rng()
    samples = np.array([poses.sample_angles(generator, i % 17) for i in range(2000)])
    anchors = np.radians(np.array(list(poses.ANCHORS_DEGREES.values()), float))
    for angles in (samples, anchors):
        assert (angles >= poses.LOWEST - 1e-12).all() and (angles <= poses.HIGHEST + 1e-12).all()


def test_the_last_finger_joint_follows_the_middle_one():
    generator = rng()
    samples = np.degrees([poses.sample_angles(generator, i % 17)[:4] for i in range(1000)])
    free = (samples[..., 3] > 0) & (samples[..., 3] < 80)
    assert np.abs((samples[..., 3] - 2 / 3 * samples[..., 2])[free]).max() < 15


def test_a_sample_is_nearer_to_its_own_gesture_than_to_the_others_on_average():
    generator = rng()
    anchors = np.radians(np.array(list(poses.ANCHORS_DEGREES.values()), float))
    for gesture in range(17):
        samples = np.array([poses.sample_angles(generator, gesture) for _ in range(100)])
        distances = np.abs(samples[:, None] - anchors).sum((-1, -2)).mean(0)
        assert distances.argmin() == gesture


@pytest.mark.parametrize(("gesture", "finger"), [("9", 0), ("8", 1), ("7", 2), ("6", 3)])
def test_pinches_bring_the_thumb_to_the_finger(gesture, finger):
    joints_mm = anchor(gesture)
    assert np.linalg.norm(joints_mm[20] - joints_mm[4 * finger + 4]) < 16


@pytest.mark.parametrize("views", poses.VIEWS)
def test_views_are_rotations(views):
    turns = sampled_rotations(views, 50)
    np.testing.assert_allclose(turns @ turns.transpose(0, 2, 1), np.tile(np.eye(3), (50, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(turns), 1)


def test_msra_views_tilt_the_fingers_by_minus_10_to_90_degrees_towards_the_camera():
    fingers = sampled_rotations("msra")[:, :, 1]
    pitch = np.degrees(np.arcsin(-fingers[:, 2]))
    assert -10 <= pitch.min() < -5 and 80 < pitch.max() <= 90


def test_any_view_shows_the_back_of_the_hand_as_often_as_the_palm():
    palm = sampled_rotations("any")[:, :, 2]
    assert np.abs(palm.mean(0)).max() < 0.1


def test_palm_to_the_camera_and_fingers_up_puts_a_right_thumb_on_the_right_of_the_picture():
    joints_mm = anchor("5") @ np.diag([1.0, -1.0, -1.0]) + [0, 0, 400]
    uvd = project(joints_mm, np.asarray(CAMERA))
    wrist, index_tip, little_tip, thumb_tip = uvd[[0, 4, 16, 20]]
    assert index_tip[1] < wrist[1]
    assert thumb_tip[0] > index_tip[0] > little_tip[0]
    assert thumb_tip[2] < wrist[2]


@pytest.mark.parametrize("views", poses.VIEWS)
def test_the_hand_lies_in_view_at_250_to_500_mm(views):
    generator = rng()
    depths = []
    for i in range(300):
        turned = hand.forward_kinematics(hand.MEASURED, poses.sample_angles(generator, i % 17))
        turned = turned @ poses.sample_rotation(generator, views).T
        joints_mm = turned + poses.sample_shift(generator, turned, CAMERA, SIZE)
        uvd = project(joints_mm, np.asarray(CAMERA))
        assert (uvd[:, :2] >= 0).all() and (uvd[:, 0] <= 319).all() and (uvd[:, 1] <= 239).all()
        depths.append(joints_mm[:, 2].mean())
    assert 250 <= min(depths) < 260 and 490 < max(depths) <= 500
