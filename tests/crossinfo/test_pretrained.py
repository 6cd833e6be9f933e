"""A depth frame and its camera in, hands out: by TensorFlow, and by LiteRT without it."""

import subprocess
import sys

import numpy as np
import pytest

import crossinfo
from crossinfo import pretrained
from crossinfo.export import packaged, signatures
from crossinfo.inference.pose import Pose
from datasets.errors import InputError
from datasets.geometry import Camera, project
from tests.helpers import pretrained_folder

CAMERA = pretrained_folder.camera()


@pytest.fixture(scope="module")
def hands(pretrained_dir):
    return pretrained.load_pretrained(folder=pretrained_dir)


@pytest.fixture(scope="module")
def lite_hands(pretrained_dir):
    pytest.importorskip("ai_edge_litert", reason="needs ai-edge-litert, of the extra litert")
    return pretrained.load_pretrained("litert", folder=pretrained_dir)


def test_a_frame_gives_its_hands_most_confident_first(hands):
    poses = hands(pretrained_folder.frame(), CAMERA, frame="first")
    assert len(poses) == 2 and {pose.side for pose in poses} <= {"right", "left"}
    assert 1 > poses[0].confidence > poses[1].confidence > 0.5
    for pose in poses:
        assert (pose.frame, pose.valid, pose.joints_mm.shape) == ("first", True, (21, 3))
        assert len(hands.joints) == len(hands.card.joints) == 21
        np.testing.assert_allclose(pose.joints_uvd, project(pose.joints_mm, np.float32(CAMERA)), atol=1e-2)
        assert np.linalg.norm(pose.joints_mm.mean(axis=0) - pose.centre_mm) < 100


def test_a_frame_without_depth_has_no_hands(hands, lite_hands):
    empty = np.zeros((60, 80))
    assert hands(empty, CAMERA) == [] == lite_hands(empty, CAMERA)


def test_any_numbers_and_either_form_of_camera_are_taken(hands):
    depth_mm = pretrained_folder.frame().round()
    expected = hands(depth_mm, CAMERA)[0].joints_mm
    for same, camera in (
        (depth_mm.astype(np.uint16), Camera(*CAMERA)),
        (depth_mm.astype(float), list(CAMERA)),
    ):
        np.testing.assert_array_equal(hands(same, camera)[0].joints_mm, expected)


def test_a_caller_who_knows_the_side_is_believed(hands, pretrained_dir):
    told = pretrained.load_pretrained(folder=pretrained_dir, hand="left")
    depth_mm = pretrained_folder.frame()
    poses, found = told(depth_mm, CAMERA), hands(depth_mm, CAMERA)
    assert [pose.side for pose in poses] == ["left", "left"]
    for pose, as_found in zip(poses, found, strict=True):
        same = np.allclose(pose.joints_mm, as_found.joints_mm, atol=1e-2)
        assert same == (as_found.side == "left")


def test_both_runtimes_find_the_same_at_every_size_of_frame(lite_hands, pretrained_networks):
    """With kernels in half precision, as the file has them: random networks make much of rounding."""
    pose, localiser = pretrained_networks
    served = signatures.ServedModel(pose, "float16", localiser)
    for size in ((120, 160), (90, 120), (120, 160), (240, 320)):
        depth_mm, camera = pretrained_folder.frame(size), pretrained_folder.camera(size)
        outputs = served.hands(depth_mm[None], np.float32([camera]))
        outputs = {name: value.numpy() for name, value in outputs.items()}
        poses, expected = lite_hands(depth_mm, camera), Pose.all_from_outputs("frame", outputs)
        assert [pose.side for pose in poses] == [pose.side for pose in expected]
        for pose, other in zip(poses, expected, strict=True):
            np.testing.assert_allclose(pose.confidence, other.confidence, atol=1e-3)
            np.testing.assert_allclose(pose.joints_mm, other.joints_mm, atol=0.1)


def test_litert_is_loaded_without_tensorflow(lite_hands, pretrained_dir):
    code = f"""
import sys, numpy as np, crossinfo
from crossinfo import pretrained
assert 'tensorflow' not in sys.modules and 'ai_edge_litert' not in sys.modules
hands = pretrained.load_pretrained('litert', folder={str(pretrained_dir)!r})
assert hands(np.full((120, 160), 500.0), {CAMERA}) is not None
sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize(
    ("depth_mm", "message"),
    [
        (np.zeros((3, 4, 1)), r"`depth_mm`: expected numbers \[H, W\]. Received: float64 \[3, 4, 1\]"),
        (np.zeros((0, 4)), r"`depth_mm`: expected numbers \[H, W\]"),
        ([["a", "b"]], r"`depth_mm`: expected numbers"),
    ],
)
def test_what_is_not_a_frame_is_refused(hands, depth_mm, message):
    with pytest.raises(InputError, match=message):
        hands(depth_mm, CAMERA)


@pytest.mark.parametrize("camera", [(1, 2, 3), "abcd", (1, 1, 1, None)])
def test_what_is_not_a_camera_is_refused(hands, camera):
    with pytest.raises(InputError, match="`camera`: expected fx, fy, cx and cy"):
        hands(np.ones((4, 4)), camera)


def test_wrong_arguments_and_missing_files_are_named(pretrained_dir, tmp_path, monkeypatch):
    for arguments, message in (
        ({"runtime": "torch"}, "`runtime`=torch: expected tensorflow or litert"),
        ({"hand": "both"}, "`hand`=both: expected auto, right or left"),
        ({"runtime": "litert", "hand": "left"}, "`hand`=left: goes with `runtime`=tensorflow only"),
    ):
        with pytest.raises(InputError, match=message):
            pretrained.load_pretrained(folder=pretrained_dir, **arguments)
    with pytest.raises(InputError, match="crossinfo.json: is missing"):
        pretrained.load_pretrained("litert", folder=tmp_path)
    monkeypatch.setattr(packaged, "FOLDER", tmp_path)
    with pytest.raises(InputError, match="pose.keras: is not in this installation; name a model of your own"):
        crossinfo.load_pretrained()


def test_the_package_itself_gives_its_own_networks(pretrained_dir, monkeypatch):
    monkeypatch.setattr(packaged, "FOLDER", pretrained_dir)
    assert len(crossinfo.load_pretrained("litert")(pretrained_folder.frame(), CAMERA)) == 2
