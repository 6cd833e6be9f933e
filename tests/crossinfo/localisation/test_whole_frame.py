"""Frame -> hands, with made-up networks: what is between them is right."""

import numpy as np
import pytest
import tensorflow as tf

from crossinfo.localisation import canvas, whole_frame
from crossinfo.localisation.network import COLUMNS, MAPS, ROWS
from datasets import skeletons

HEIGHT, WIDTH = 240, 320
CAMERA = np.float32([[240, 240, 159.5, 119.5]])
WRIST, ROOT = 0, 5
JOINTS = len(skeletons.MSRA)
RNG = np.random.default_rng(5)
# A hand's joints in an upright crop, about their mean; the middle root straight above the wrist.
UPRIGHT = RNG.uniform(-0.3, 0.3, (JOINTS, 3)).astype(np.float32)
UPRIGHT[WRIST], UPRIGHT[ROOT] = [0, 0.5, 0], [0, -0.1, 0]
UPRIGHT -= UPRIGHT.mean(0)


def networks(*peaks, left=False, turn=0.0, shift=(0.0, 0, 0), hand=5.0, pose=None):
    """Networks that find places (row, column, logit, angle) on every frame, all at the wall's depth.

    Every crop is checked to be a hand, turned and shifted as told; all hands are left ones or none.
    """
    maps = np.zeros((1, ROWS, COLUMNS, MAPS), np.float32)
    maps[..., 0], maps[..., 4] = -99, 1
    for row, column, logit, angle in peaks:
        maps[0, row, column] = [logit, 0, 0, 0, np.cos(angle), np.sin(angle)]
    check = np.float32([[hand, 0, np.cos(turn), np.sin(turn), *shift]])

    def locate(features):
        return tf.repeat(tf.constant(maps), tf.shape(features)[0], axis=0)

    def checked(crop):
        return tf.repeat(tf.constant(check), tf.shape(crop)[0], axis=0)

    def judge(joints):
        # The second half of the joints are of the mirrored crops.
        return tf.linspace(0.0, 1.0 if left else -1.0, tf.shape(joints)[0])[:, None]

    def upright(crop):
        return tf.repeat(tf.constant(UPRIGHT)[None], tf.shape(crop)[0], axis=0)

    return whole_frame.Networks(locate, checked, judge, pose or upright, 240.0, WRIST, ROOT)


def wall(frames=1):
    return tf.fill([frames, HEIGHT, WIDTH], 600.0)


def cameras(frames=1):
    return tf.constant(np.repeat(CAMERA, frames, 0))


@pytest.mark.parametrize("angle", [0.0, 1.0, -2.5])
def test_joints_are_turned_back_into_the_frame(angle):
    outputs = whole_frame.estimate(networks((8, 10, 5, angle)), wall(2), cameras(2), hands=1)
    uvd = outputs["joints_uvd"].numpy()[1, 0]
    du, dv = (uvd[ROOT] - uvd[WRIST])[:2]
    assert np.arctan2(-du, -dv) == pytest.approx(angle, abs=0.1)
    assert outputs["valid"].numpy().all() and outputs["joints_mm"].shape == (2, 1, JOINTS, 3)


def test_a_left_hand_is_a_right_hand_in_the_mirror():
    right = whole_frame.estimate(networks((8, 5, 5, 0.6)), wall(), cameras(), hands=1)
    left = whole_frame.estimate(
        networks((8, COLUMNS - 1 - 5, 5, -0.6), left=True), wall(), cameras(), hands=1
    )
    assert left["is_left"].numpy().all() and not right["is_left"].numpy().any()
    # Windows are whole pixels, rounded alike on both sides of the frame: one pixel is 2.5 mm here.
    np.testing.assert_allclose(left["joints_mm"] * np.float32([-1, 1, 1]), right["joints_mm"], atol=2.6)
    np.testing.assert_allclose(WIDTH - 1 - left["joints_uvd"][..., 0], right["joints_uvd"][..., 0], atol=1.1)


def test_without_confidence_there_is_no_hand_but_a_confidence():
    outputs = whole_frame.estimate(networks((8, 10, 5, 0), hand=-1.0), wall(), cameras(), hands=2)
    assert not outputs["valid"].numpy().any()
    assert all(
        not outputs[name].numpy().any() for name in ("joints_mm", "joints_uvd", "centre_mm", "is_left")
    )
    assert float(outputs["confidence"][0, 0]) == pytest.approx(1 / (1 + np.e), abs=1e-4)


def test_an_empty_crop_is_no_hand():
    empty = tf.zeros([1, HEIGHT, WIDTH])
    assert not whole_frame.estimate(networks((8, 10, 5, 0)), empty, cameras(), hands=1)["valid"].numpy().any()


def test_the_last_crop_is_about_the_joints_of_the_one_before():
    shift = np.float32([0.2, -0.1, 0.05])

    def off(crop):
        return tf.repeat(tf.constant(UPRIGHT + shift)[None], tf.shape(crop)[0], axis=0)

    first = whole_frame.find(networks((8, 10, 5, 0)), wall(), cameras(), 1).centre_mm[:, 0]
    outputs = whole_frame.estimate(networks((8, 10, 5, 0), pose=off), wall(), cameras(), hands=1)
    np.testing.assert_allclose(outputs["centre_mm"][:, 0] - first, [shift * 120], atol=1.0)


def test_two_hands_that_become_one_are_one():
    same = networks((8, 5, 5, 0), (8, 9, 4, 0), pose=_onto_the_first)
    outputs = whole_frame.estimate(same._replace(side="right"), wall(), cameras(), hands=2)
    assert outputs["valid"].numpy().tolist() == [[True, False]]
    assert not outputs["joints_mm"][0, 1].numpy().any()
    apart = networks((8, 5, 5, 0), (8, 15, 4, 0))
    assert whole_frame.estimate(apart, wall(), cameras(), hands=2)["valid"].numpy().all()


def _onto_the_first(crop):
    """Joints of two hands, of which the second moves to the left, a third of a cube at a time."""
    shifts = tf.constant([[[0.0, 0, 0]], [[-0.6, 0, 0]]])
    return tf.constant(UPRIGHT)[None] + shifts * tf.ones_like(crop[:, 0, 0, :1, None])


def test_a_check_corrects_the_place_twice():
    straight = whole_frame.find(networks((8, 10, 5, 0.2)), wall(), cameras(), 1)
    moved = whole_frame.find(networks((8, 10, 5, 0.2), turn=0.3, shift=(0, 0, 0.1)), wall(), cameras(), 1)
    np.testing.assert_allclose(moved.angle - straight.angle, [[0.6]], atol=1e-4)
    np.testing.assert_allclose(moved.centre_mm[..., 2] - straight.centre_mm[..., 2], [[24]], atol=0.1)


def test_a_frame_without_a_peak_has_no_hand_whatever_a_crop_looks_like():
    assert whole_frame.find(networks(), wall(), cameras(), 2).confidence.numpy().max() < 1e-6


def test_at_a_callers_centre_only_the_checker_is_asked():
    centre = tf.constant([[20.0, -30, 590]])
    outputs = whole_frame.estimate_at(networks(left=True, turn=0.4), wall(), cameras(), centre)
    assert outputs["is_left"].numpy().all() and outputs["valid"].numpy().all()
    uvd = outputs["joints_uvd"].numpy()[0, 0]
    du, dv = (uvd[ROOT] - uvd[WRIST])[:2]
    # Twice a turn of 0.4 before the first estimate; the joints' own angle after it.
    assert np.arctan2(-du, -dv) == pytest.approx(0.8, abs=0.15)


@pytest.mark.parametrize("centre", [[np.nan, 0, 500], [0, 0, -5], [0, 0, np.inf]])
def test_a_callers_impossible_centre_is_no_hand(centre):
    outputs = whole_frame.estimate_at(networks(), wall(), cameras(), tf.constant([centre], tf.float32))
    assert not outputs["valid"].numpy().any() and not outputs["joints_mm"].numpy().any()


def test_canvas_and_maps_agree_in_size():
    assert (ROWS * 8, COLUMNS * 8) == (canvas.HEIGHT, canvas.WIDTH)
