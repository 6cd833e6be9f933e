"""A folder of depth PNGs -> joints.csv, joints.json and overlays."""

import json

import cv2
import numpy as np
import pytest

from crossinfo.inference import prediction
from crossinfo.inference.depth_inputs import DepthFrames, find_images
from datasets.errors import InputError
from datasets.geometry import project
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
