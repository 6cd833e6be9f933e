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
