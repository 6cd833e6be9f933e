"""From PNG files to requests, and from responses to poses and their table."""

import numpy as np
import pytest

from crossinfo.client import images
from crossinfo.inference import pose
from crossinfo.inference.depth_inputs import DepthFrames, find_images
from datasets.errors import InputError
from datasets.geometry import Camera
from datasets.io import depth_png
from tests.crossinfo.client.scenes import hand_frame, png
from tests.helpers import shared

CAMERA = Camera(100, 110, 40, 30)


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png(hand_frame()))
    return path


def test_a_file_in_millimetres_is_sent_as_it_is(image):
    signature, inputs = images.request(DepthFrames([image], CAMERA), image)
    assert signature == "png" and set(inputs) == {"image_bytes", "camera"}
    assert inputs["image_bytes"] == [image.read_bytes()]
    np.testing.assert_array_equal(inputs["camera"], np.float32([[100, 110, 40, 30]]))


def test_a_file_in_other_units_is_sent_in_millimetres(image):
    signature, inputs = images.request(DepthFrames([image], CAMERA, depth_scale=0.5), image)
    assert signature == "serving_default" and set(inputs) == {"depth", "camera"}
    np.testing.assert_array_equal(inputs["depth"], 0.5 * hand_frame()[None])


def test_a_known_centre_is_sent_along(image):
    signature, inputs = images.request(DepthFrames([image], CAMERA, centre_mm=(1, 2, 400)), image)
    assert signature == "centred" and set(inputs) == {"depth", "camera", "centre_mm"}
    np.testing.assert_array_equal(inputs["centre_mm"], np.float32([[1, 2, 400]]))


@pytest.fixture(scope="module")
def real(newest):
    """(frames, camera, their poses here, the first two as left hands)."""
    camera, paths = Camera(363.9, 363.9, 255.4, 206.3), find_images(shared.path("real/kinect2"))
    depths = [depth_png.read_depth_png(path) for path in paths]
    right = [pose.estimate(newest, "a", depth_mm, camera) for depth_mm in depths]
    left = [pose.estimate(newest, "a", depth_mm, camera, hand="left") for depth_mm in depths[:2]]
    return paths, camera, right, left


def test_real_frames_agree_with_a_local_predictor(server, protocol, real):
    paths, camera, right, left = real
    right_frames, left_frames = DepthFrames(paths, camera), DepthFrames(paths[:2], camera, hand="left")
    with server.connect(protocol) as remote:
        found = [images.estimate(remote, right_frames, path) for path in right_frames.paths]
        found += [images.estimate(remote, left_frames, path) for path in left_frames.paths]
    assert sum(answer.valid for answer in found) > 40
    for answer, expected in zip(found, right + left, strict=True):
        assert answer.valid == expected.valid
        np.testing.assert_allclose(answer.joints_mm, expected.joints_mm, atol=0.05)
        np.testing.assert_allclose(answer.joints_uvd, expected.joints_uvd, atol=0.05)


def test_a_rejected_frame_is_named(server, protocol, image):
    with server.connect(protocol) as remote:
        with pytest.raises(InputError, match="a.png: .*camera: fx, fy, cx, cy must be finite") as error:
            images.estimate(remote, DepthFrames([image], np.float32([0, 1, 2, 3])), image)
    assert "\n" not in str(error.value)


def test_a_model_of_an_unknown_skeleton_is_refused():
    assert images.joint_names(14)[0] == "little_tip"
    with pytest.raises(InputError, match="the served model has 17 joints"):
        images.joint_names(17)
