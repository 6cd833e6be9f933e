"""A folder of depth PNGs -> joints.csv, joints.json and overlays."""

import dataclasses
import json

import cv2
import numpy as np
import pytest

from crossinfo.inference import pose, prediction
from crossinfo.inference.depth_inputs import DepthFrames, find_images
from datasets.errors import InputError
from datasets.geometry import Camera, project
from tests.helpers import pretrained_folder
from tests.helpers.depth_pngs import CAMERA, draw, draw_folder, read_joints


@pytest.fixture
def images(tmp_path):
    return draw_folder(tmp_path / "in")


def column_matrix(rows, *names):
    return np.array([[float(row[name]) for name in names] for row in rows])


def test_tables_and_overlays_of_a_folder(tiny_predictor, images, tmp_path):
    out = tmp_path / "new" / "out"
    poses = prediction.predict(tiny_predictor, DepthFrames(find_images(images), CAMERA), out)
    assert [pose.frame for pose in poses] == ["a", "b", "c, far"]
    assert sorted(file.name for file in out.iterdir()) == [
        "a_overlay.png", "b_overlay.png", "c, far_overlay.png", "joints.csv", "joints.json",
    ]  # fmt: skip
    assert (out / "joints.csv").read_text().splitlines()[0] == "frame,joint,u,v,x_mm,y_mm,z_mm,valid"
    rows = read_joints(out)
    assert [row["frame"] for row in rows] == ["a"] * 14 + ["b"] * 14 + ["c, far"] * 14
    assert [row["joint"] for row in rows[:14]] == list(tiny_predictor.card.joints)
    assert [row["valid"] for row in rows] == ["1"] * 28 + ["0"] * 14
    joints_mm = column_matrix(rows[:28], "x_mm", "y_mm", "z_mm")
    assert 300 < joints_mm[:, 2].mean() < 500
    uvd = project(joints_mm, np.asarray(CAMERA))
    np.testing.assert_allclose(column_matrix(rows[:28], "u", "v"), uvd[:, :2], atol=0.01)
    assert not column_matrix(rows[28:], "u", "v", "x_mm", "y_mm", "z_mm").any()


def test_json_has_the_same_numbers_and_what_is_needed_to_read_them(tiny_predictor, images, tmp_path):
    poses = prediction.predict(tiny_predictor, DepthFrames(find_images(images), CAMERA), tmp_path / "out")
    content = json.loads((tmp_path / "out/joints.json").read_text())
    assert content["model"] == "tiny"
    assert content["camera"] == {"fx": 100, "fy": 110, "cx": 40, "cy": 30}
    assert content["cube_mm"] == 250.0
    assert content["joints"] == list(tiny_predictor.card.joints)
    assert [frame["valid"] for frame in content["frames"]] == [True, True, False]
    np.testing.assert_allclose(content["frames"][0]["joints_mm"], poses[0].joints_mm, rtol=1e-6)
    np.testing.assert_allclose(content["frames"][1]["centre_mm"], poses[1].centre_mm, rtol=1e-6)


def test_an_overlay_shows_the_pose(tiny_predictor, tmp_path):
    image = draw(tmp_path / "a.png")
    (pose,) = prediction.predict(tiny_predictor, DepthFrames([image], CAMERA), tmp_path / "out")
    picture = cv2.imread(str(tmp_path / "out/a_overlay.png"))
    assert picture.shape[1] >= 2 * 480
    u, v = np.round(pose.joints_uvd[12, :2] * 6 + 2.5).astype(int)
    assert picture[v, u].tolist() == [255, 255, 255]


def test_the_frame_agrees_with_the_signature(tiny_predictor, tmp_path):
    image = draw(tmp_path / "a.png", unit=8)
    (pose,) = prediction.predict(
        tiny_predictor, DepthFrames([image], CAMERA, depth_scale=0.125), tmp_path / "out"
    )
    depth = cv2.imread(str(image), cv2.IMREAD_UNCHANGED) / 8
    found = tiny_predictor.call("serving_default", depth=depth[None], camera=np.asarray(CAMERA)[None])
    np.testing.assert_array_equal(pose.joints_mm, found["joints_mm"][0])


def test_the_callers_centre_is_taken(tiny_predictor, tmp_path):
    image = draw(tmp_path / "a.png")
    (pose,) = prediction.predict(
        tiny_predictor, DepthFrames([image], CAMERA, centre_mm=(10, -5, 430)), tmp_path / "out"
    )
    np.testing.assert_array_equal(pose.centre_mm, [10, -5, 430])


def test_a_second_run_replaces_its_own_files_only(tiny_predictor, tmp_path):
    image = draw(tmp_path / "a.png")
    out = tmp_path / "out"
    out.mkdir()
    (out / "joints.csv").write_text("old")
    (out / "mine.txt").write_text("mine")
    prediction.predict(tiny_predictor, DepthFrames([image], CAMERA), out)
    assert (out / "mine.txt").read_text() == "mine"
    assert len(read_joints(out)) == 14
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_overlays_of_an_earlier_run_are_no_input(tiny_predictor, images):
    before = find_images(images)
    prediction.predict(tiny_predictor, DepthFrames(before, CAMERA), images)
    assert find_images(images) == before


def test_a_frame_that_fails_late_leaves_nothing(tiny_predictor, tmp_path):
    good, bad = draw(tmp_path / "a.png"), tmp_path / "b.png"
    bad.write_bytes(good.read_bytes()[:-30])
    with pytest.raises(InputError, match="b.png"):
        prediction.predict(tiny_predictor, DepthFrames([good, bad], CAMERA), tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png"]


@pytest.fixture
def two_hands(tmp_path):
    """A frame with a left and a right hand, one with none, and their camera."""
    cv2.imwrite(str(tmp_path / "a.png"), pretrained_folder.frame().round().astype(np.uint16))
    empty = np.zeros((120, 160), np.uint16)
    empty[3, 3] = 3000
    cv2.imwrite(str(tmp_path / "b.png"), empty)
    return DepthFrames([tmp_path / "a.png", tmp_path / "b.png"], Camera(*pretrained_folder.camera()))


def test_a_second_hand_has_a_name_of_its_own(hands_predictor, two_hands, tmp_path):
    poses = prediction.predict(hands_predictor, two_hands, tmp_path / "out", hands=2)
    assert [pose.frame for pose in poses] == ["a", "a#2", "b"]
    assert [pose.valid for pose in poses] == [True, True, False]
    assert pose.count(poses).startswith("2 frames, a hand in 1, two in 1 (")
    rows = read_joints(tmp_path / "out")
    assert [row["frame"] for row in rows] == ["a"] * 21 + ["a#2"] * 21 + ["b"] * 21
    content = json.loads((tmp_path / "out/joints.json").read_text())
    assert [frame["is_left"] for frame in content["frames"]] == [pose.is_left for pose in poses]
    assert 1 > content["frames"][0]["confidence"] > content["frames"][1]["confidence"] > 0.5
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {"a_overlay.png", "b_overlay.png"}


def test_two_hands_need_a_network_that_finds_them(tiny_predictor, hands_predictor, two_hands, tmp_path):
    with pytest.raises(InputError, match="`hands`=2: tiny gives one hand per frame"):
        prediction.predict(tiny_predictor, two_hands, tmp_path / "out", hands=2)
    centred = dataclasses.replace(two_hands, centre_mm=(0, 0, 700))
    with pytest.raises(InputError, match="`hands`=2: `centre_mm` is that of one hand"):
        prediction.predict(hands_predictor, centred, tmp_path / "out", hands=2)
    assert not (tmp_path / "out").exists()


def test_a_network_that_finds_no_hands_tells_no_side(tiny_predictor, images, tmp_path):
    (pose, *_) = prediction.predict(
        tiny_predictor, DepthFrames(find_images(images), CAMERA), tmp_path / "out"
    )
    assert (pose.confidence, pose.is_left, pose.side, pose.summary) == (None, None, None, "")
    assert json.loads((tmp_path / "out/joints.json").read_text())["frames"][0]["is_left"] is None
