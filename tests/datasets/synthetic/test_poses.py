"""Poses, views and places."""

import numpy as np
import pytest

from datasets.geometry import Camera, project
from datasets.synthetic import hand, penetration, poses

CAMERA, SIZE = Camera(241.42, 241.42, 160.0, 120.0), (240, 320)


def rng(seed=0):
    return np.random.default_rng(seed)


def anchor(name):
    return hand.forward_kinematics(hand.average(), np.radians(poses.ANCHORS_DEGREES[name]))


def sampled_rotations(views, count=500):
    generator = rng()
    return np.array([poses.sample_rotation(generator, views) for _ in range(count)])


def test_the_gestures_are_msras_in_the_order_of_its_lists():
    assert poses.GESTURES == tuple("1 2 3 4 5 6 7 8 9 I IP L MP RP T TIP Y".split())


def test_anchors_stay_within_anatomical_bounds():
    anchors = np.radians(np.array(list(poses.ANCHORS_DEGREES.values()), float))
    assert (anchors >= poses.LOWEST - 1e-12).all() and (anchors <= poses.HIGHEST + 1e-12).all()


@pytest.fixture(scope="module")
def samples():
    """{family: angles [300, 5, 4]} of every family and of all together."""
    draws = {family: lambda generator, family=family: poses.sample(generator, family) for family in FAMILIES}
    draws["any"] = poses.sample_any
    return {name: np.array([draw(g) for _ in range(300)]) for name, draw in draws.items() for g in [rng()]}


FAMILIES = poses.FAMILIES
ALL = (*FAMILIES, "any")


@pytest.mark.parametrize("family", ALL)
def test_samples_stay_within_anatomical_bounds(samples, family):
    assert (samples[family] >= poses.LOWEST - 1e-12).all() and (
        samples[family] <= poses.HIGHEST + 1e-12
    ).all()


@pytest.mark.parametrize("family", ALL)
def test_no_part_of_a_sampled_hand_cuts_deep_into_another(samples, family):
    depths = penetration.depth_mm(hand.average(), samples[family])
    assert depths.max() <= penetration.LIMIT_MM


@pytest.mark.parametrize("subject", (0, 1, 2))
def test_a_persons_own_flesh_can_be_kept_apart(subject):
    generator, shape = rng(), hand.shape_of(8, subject)
    angles = np.array([poses.sample_any(generator, shape) for _ in range(100)])
    assert penetration.depth_mm(shape, angles).max() <= penetration.LIMIT_MM


@pytest.mark.parametrize("family", ALL)
def test_a_family_is_a_function_of_the_generators_state(family):
    draw = poses.sample_any if family == "any" else lambda generator: poses.sample(generator, family)
    np.testing.assert_array_equal(draw(rng(3)), draw(rng(3)))
    assert np.abs(draw(rng(3)) - draw(rng(4))).max() > np.radians(1)


def test_shares_of_the_families_add_up_to_one():
    assert len(poses.SHARES) == len(FAMILIES)
    assert poses.SHARES.sum() == pytest.approx(1)


def curl(angles):
    """Mean bending of the four fingers' first and second joints, degrees."""
    return np.degrees(angles[..., :4, :][..., [0, 2]]).mean((-1, -2))


def test_families_go_from_flat_hands_to_fists(samples):
    assert curl(samples["flat"]).max() < 30 < 60 < curl(samples["fist"]).mean()
    assert curl(samples["flat"]).mean() < curl(samples["relaxed"]).mean() < curl(samples["fist"]).mean()
    low, high = np.percentile(curl(samples["any"]), (5, 95))
    assert low < 15 and high > 65


def test_grasps_and_pinches_close_by_any_amount(samples):
    low, high = np.percentile(curl(samples["grasps"]), (5, 95))
    assert high - low > 30
    tips = hand.forward_kinematics(hand.average(), samples["pinches"])[:, [4, 8, 12, 16, 20]]
    gaps = np.linalg.norm(tips[:, :4] - tips[:, 4:], axis=-1).min(1)
    low, high = np.percentile(gaps, (5, 95))
    assert low < 18 and high > 30


def test_who_points_stretches_the_index_finger_and_curls_the_little_one(samples):
    bent = np.degrees(samples["pointing"])[:, [0, 3], 2]
    assert bent[:, 0].mean() < 20 and bent[:, 1].mean() > 50


def test_random_poses_reach_nearly_everything_a_finger_can_do(samples):
    fingers = samples["random"][:, :4]
    span = np.percentile(fingers, 99, axis=(0, 1)) - np.percentile(fingers, 1, axis=(0, 1))
    assert (span[[0, 2, 3]] > 0.85 * (poses.HIGHEST - poses.LOWEST)[0, [0, 2, 3]]).all()


def test_neighbouring_fingers_move_together_more_than_distant_ones(samples):
    bending = samples["random"][:, :4, 2]
    correlation = np.corrcoef(bending.T)
    assert correlation[0, 1] > correlation[0, 3] and correlation[2, 3] > correlation[0, 3]


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


def test_upright_views_show_palm_back_and_sides_with_the_fingers_up():
    turns = sampled_rotations("upright", 1000)
    palm, back = (turns[:, 2, 2] < -0.5).mean(), (turns[:, 2, 2] > 0.5).mean()
    assert palm > back > 0.15 and 1 - palm - back > 0.15
    assert (turns[:, 1, 1] < 0).mean() > 0.9


def bend_of_wrist(wide, count=2000):
    """(flexion, deviation) in degrees, [N] each."""
    generator = rng()
    x, y, z = np.array([poses.sample_arm(generator, wide) for _ in range(count)]).T
    np.testing.assert_allclose(x**2 + y**2 + z**2, 1)
    return np.degrees(np.arctan2(z, np.hypot(x, y))), np.degrees(np.arctan2(x, -y))


def test_the_wrist_bends_a_little_or_widely():
    for wide, (flexion, deviation) in ((False, (30, 30)), (True, (60, 25))):
        bend, sideways = (np.abs(angles) for angles in bend_of_wrist(wide))
        assert flexion * 0.85 < bend.max() <= flexion + 1e-9
        assert deviation * 0.85 < sideways.max() <= deviation + 1e-9


@pytest.mark.parametrize("views", poses.VIEWS)
def test_the_hand_lies_in_view_at_250_to_500_mm(views):
    generator = rng()
    depths = []
    for i in range(300):
        turned = hand.forward_kinematics(hand.average(), poses.sample_angles(generator, i % 17))
        turned = turned @ poses.sample_rotation(generator, views).T
        joints_mm = turned + poses.sample_shift(generator, turned, CAMERA, SIZE)
        uvd = project(joints_mm, np.asarray(CAMERA))
        assert (uvd[:, :2] >= 0).all() and (uvd[:, 0] <= 319).all() and (uvd[:, 1] <= 239).all()
        depths.append(joints_mm[:, 2].mean())
    assert 250 <= min(depths) < 260 and 490 < max(depths) <= 500
