"""One frame, one pose."""

import numpy as np

from crossinfo.inference import pose
from datasets.geometry import Camera
from tests.helpers.depth_pngs import CAMERA


def test_a_left_hand_is_a_mirrored_right_hand(tiny_predictor):
    """The same scene in a mirror, seen by a camera with a mirrored principal point."""
    depth_mm = np.zeros((60, 80), np.float32)
    depth_mm[25:45, 35:55] = 400 + np.arange(20)
    right = pose.estimate(tiny_predictor, "a", depth_mm, CAMERA)
    mirrored_camera = Camera(100, 110, 79 - 40, 30)
    left = pose.estimate(tiny_predictor, "a", depth_mm[:, ::-1], mirrored_camera, hand="left")
    np.testing.assert_allclose(left.joints_mm, right.joints_mm * [-1, 1, 1], atol=1e-3)
    np.testing.assert_allclose(left.joints_uvd[:, 0], 79 - right.joints_uvd[:, 0], atol=1e-3)
    assert (
        left.valid
        and not pose.estimate(tiny_predictor, "b", depth_mm * 0, CAMERA, hand="left").joints_uvd.any()
    )


def hand(frame, confidence, is_left, valid=True):
    zeros = np.zeros((21, 3), np.float32)
    return pose.Pose(frame, zeros, zeros, zeros[0], valid, confidence, is_left)


def test_what_was_found_is_counted_with_its_sides():
    poses = [
        hand("a", 0.9, True),
        hand("a#2", 0.8, False),
        hand("b", 0.1, False, False),
        hand("c", 0.7, False),
    ]
    assert pose.count(poses) == "3 frames, a hand in 2, two in 1 (1 left, 2 right)"
    assert pose.count([hand("a", None, None)]) == "1 frames, a hand in 1"


def test_the_hands_of_a_frame_come_most_confident_first():
    """Whatever is not valid is left out, unless nothing is."""
    outputs = {
        "joints_mm": np.zeros((1, 2, 21, 3)), "joints_uvd": np.zeros((1, 2, 21, 3)),
        "centre_mm": np.zeros((1, 2, 3)), "confidence": np.float32([[0.75, 0.875]]),
        "is_left": np.array([[True, False]]), "valid": np.array([[True, True]]),
    }  # fmt: skip
    found = pose.Pose.all_from_outputs("a", outputs)
    assert [(each.confidence, each.side) for each in found] == [(0.875, "right"), (0.75, "left")]
    assert found[1].summary == "left hand (75 %)"
    (only,) = pose.Pose.all_from_outputs("a", {**outputs, "valid": np.array([[False, True]])})
    assert only.confidence == 0.875
    (none,) = pose.Pose.all_from_outputs("a", {**outputs, "valid": np.array([[False, False]])})
    assert not none.valid


def test_a_mirrored_frame_tells_the_other_side():
    """As a server's answer of which the client does not know whether it tells sides."""

    class Server:
        finds_hands = False

        def call(self, signature, depth, camera):
            rows = {
                "joints_mm": np.ones((1, 21, 3), np.float32),
                "joints_uvd": np.ones((1, 21, 3), np.float32),
            }
            told = {"valid": np.array([True]), "is_left": np.array([False]), "confidence": np.float32([0.5])}
            return {**rows, **told, "centre_mm": np.ones((1, 3), np.float32)}

    assert pose.estimate(Server(), "a", np.ones((60, 80)), CAMERA, hand="left").is_left is True
    assert pose.estimate(Server(), "a", np.ones((60, 80)), CAMERA).side == "right"
