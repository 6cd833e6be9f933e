import csv
import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

from crossinfo import predict
from crossinfo.inference import depth_inputs, loading
from datasets import command_line
from datasets.errors import InputError
from datasets.geometry import Camera, project

CAMERA = Camera(100, 110, 40, 30)


def draw(path, shape=(60, 80), at=(25, 35), unit=1):
    depth = np.full(shape, 1500, np.uint16)
    depth[at[0] : at[0] + 20, at[1] : at[1] + 20] = 400 + np.arange(20)
    cv2.imwrite(str(path), depth * np.uint16(unit))
    return path


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    draw(folder / "b.png")
    draw(folder / "a.png", shape=(70, 90), at=(30, 20))
    (folder / "notes.txt").write_text("not a frame")
    far = np.zeros((60, 80), np.uint16)
    far[5, 5] = 700
    cv2.imwrite(str(folder / "c, far.png"), far)
    return folder


def read_csv(folder):
    with open(folder / "joints.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_a_left_hand_is_a_mirrored_right_hand(tiny_served):
    """The same scene in a mirror, seen by a camera with a mirrored principal point."""
    depth_mm = np.zeros((60, 80), np.float32)
    depth_mm[25:45, 35:55] = 400 + np.arange(20)
    right = predict.estimate(tiny_served, "a", depth_mm, CAMERA)
    mirrored_camera = Camera(100, 110, 79 - 40, 30)
    left = predict.estimate(tiny_served, "a", depth_mm[:, ::-1], mirrored_camera, hand="left")
    np.testing.assert_allclose(left.joints_mm, right.joints_mm * [-1, 1, 1], atol=1e-3)
    np.testing.assert_allclose(left.joints_uvd[:, 0], 79 - right.joints_uvd[:, 0], atol=1e-3)
    assert (
        left.valid
        and not predict.estimate(tiny_served, "b", depth_mm * 0, CAMERA, hand="left").joints_uvd.any()
    )


def column_matrix(rows, *names):
    return np.array([[float(row[name]) for name in names] for row in rows])


def test_tables_and_overlays_of_a_folder(tiny_served, images, tmp_path):
    out = tmp_path / "new" / "out"
    poses = predict.predict(tiny_served, depth_inputs.find_images(images), CAMERA, out)
    assert [pose.frame for pose in poses] == ["a", "b", "c, far"]
    assert sorted(file.name for file in out.iterdir()) == [
        "a_overlay.png", "b_overlay.png", "c, far_overlay.png", "joints.csv", "joints.json",
    ]  # fmt: skip
    assert (out / "joints.csv").read_text().splitlines()[0] == "frame,joint,u,v,x_mm,y_mm,z_mm,valid"
    rows = read_csv(out)
    assert [row["frame"] for row in rows] == ["a"] * 14 + ["b"] * 14 + ["c, far"] * 14
    assert [row["joint"] for row in rows[:14]] == list(tiny_served.card.joints)
    assert [row["valid"] for row in rows] == ["1"] * 28 + ["0"] * 14
    joints_mm = column_matrix(rows[:28], "x_mm", "y_mm", "z_mm")
    assert 300 < joints_mm[:, 2].mean() < 500
    uvd = project(joints_mm, np.asarray(CAMERA))
    np.testing.assert_allclose(column_matrix(rows[:28], "u", "v"), uvd[:, :2], atol=0.01)
    assert not column_matrix(rows[28:], "u", "v", "x_mm", "y_mm", "z_mm").any()


def test_json_has_the_same_numbers_and_what_is_needed_to_read_them(tiny_served, images, tmp_path):
    poses = predict.predict(tiny_served, depth_inputs.find_images(images), CAMERA, tmp_path / "out")
    content = json.loads((tmp_path / "out/joints.json").read_text())
    assert content["model"] == "tiny"
    assert content["camera"] == {"fx": 100, "fy": 110, "cx": 40, "cy": 30}
    assert content["cube_mm"] == 250.0
    assert content["joints"] == list(tiny_served.card.joints)
    assert [frame["valid"] for frame in content["frames"]] == [True, True, False]
    np.testing.assert_allclose(content["frames"][0]["joints_mm"], poses[0].joints_mm, rtol=1e-6)
    np.testing.assert_allclose(content["frames"][1]["centre_mm"], poses[1].centre_mm, rtol=1e-6)


def test_an_overlay_shows_the_pose(tiny_served, tmp_path):
    image = draw(tmp_path / "a.png")
    (pose,) = predict.predict(tiny_served, [image], CAMERA, tmp_path / "out")
    picture = cv2.imread(str(tmp_path / "out/a_overlay.png"))
    assert picture.shape[1] >= 2 * 480
    u, v = np.round(pose.joints_uvd[12, :2] * 6 + 2.5).astype(int)
    assert picture[v, u].tolist() == [255, 255, 255]


def test_the_frame_agrees_with_the_signature(tiny_served, tmp_path):
    image = draw(tmp_path / "a.png", unit=8)
    (pose,) = predict.predict(tiny_served, [image], CAMERA, tmp_path / "out", depth_scale=0.125)
    depth = cv2.imread(str(image), cv2.IMREAD_UNCHANGED) / 8
    found = tiny_served.call("serving_default", depth=depth[None], camera=np.asarray(CAMERA)[None])
    np.testing.assert_array_equal(pose.joints_mm, found["joints_mm"][0])


def test_the_callers_centre_is_taken(tiny_served, tmp_path):
    image = draw(tmp_path / "a.png")
    (pose,) = predict.predict(tiny_served, [image], CAMERA, tmp_path / "out", centre_mm=(10, -5, 430))
    np.testing.assert_array_equal(pose.centre_mm, [10, -5, 430])


def test_a_second_run_replaces_its_own_files_only(tiny_served, tmp_path):
    image = draw(tmp_path / "a.png")
    out = tmp_path / "out"
    out.mkdir()
    (out / "joints.csv").write_text("old")
    (out / "mine.txt").write_text("mine")
    predict.predict(tiny_served, [image], CAMERA, out)
    assert (out / "mine.txt").read_text() == "mine"
    assert len(read_csv(out)) == 14
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_overlays_of_an_earlier_run_are_no_input(tiny_served, images):
    before = depth_inputs.find_images(images)
    predict.predict(tiny_served, before, CAMERA, images)
    assert depth_inputs.find_images(images) == before


def test_a_frame_that_fails_late_leaves_nothing(tiny_served, tmp_path):
    good, bad = draw(tmp_path / "a.png"), tmp_path / "b.png"
    bad.write_bytes(good.read_bytes()[:-30])
    with pytest.raises(InputError, match="b.png"):
        predict.predict(tiny_served, [good, bad], CAMERA, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.png"]


def test_two_frames_of_one_name_are_refused(tiny_served, tmp_path):
    (tmp_path / "x").mkdir()
    images = [draw(tmp_path / "a.png"), draw(tmp_path / "x/a.png")]
    with pytest.raises(InputError, match="second frame of this name"):
        predict.predict(tiny_served, images, CAMERA, tmp_path / "out")


def run(*argv):
    with pytest.raises(SystemExit) as stop:
        command_line.run(predict.COMMAND, predict.main, argv)
    return stop.value.code


def test_the_command(tiny_served, images, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(loading, "load_served", lambda path: tiny_served)
    flags = ["--model=m", f"--input={images}", "--camera=100,110,40,30", f"--output_dir={tmp_path / 'out'}"]
    assert run(*flags, "--centre_mm=-5,0,410.5") == 0
    assert "3 frames, a hand in 2" in capsys.readouterr().out
    assert len(read_csv(tmp_path / "out")) == 42


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--input=gone", "--input=gone: no such file or folder"),
        ("--input=empty", "--input=empty: the folder holds no PNG files"),
        ("--input=in/notes.txt", "in/notes.txt: not a PNG file"),
        ("--input=mixed", "mixed/z.png: expected a 16-bit depth PNG"),
        ("--input=blank.png", "blank.png: no depth measurement"),
        ("--camera=100,100,40", "--camera=100,100,40: expected 4 finite numbers"),
        ("--camera=100,100,40,x", "--camera=100,100,40,x: expected 4 finite numbers"),
        ("--camera=100,100,nan,30", "expected 4 finite numbers"),
        ("--camera=0,100,40,30", "--camera=0,100,40,30: camera must be finite with positive focal lengths"),
        ("--centre_mm=1e39,0,400", "--centre_mm=1e39,0,400: expected 3 finite numbers"),
        ("--centre_mm=1,2", "--centre_mm=1,2: expected 3 finite numbers"),
        ("--centre_mm=1,2,-3", "--centre_mm: expected a point in front of the camera"),
        ("--depth_scale=1e39", "depth_scale must be finite and positive"),
        ("--depth_scale=0", "depth_scale must be finite and positive"),
        ("--depth_scale=nan", "--depth_scale=nan: is not finite"),
        ("--output_dir=in/notes.txt", "--output_dir=in/notes.txt: expected a folder, found a file"),
        ("--model=gone", "gone: no such model"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(
    tiny_served, images, tmp_path, monkeypatch, capsys, flag, message
):
    if not flag.startswith("--model"):
        monkeypatch.setattr(loading, "load_served", lambda path: tiny_served)
    monkeypatch.chdir(tmp_path)
    for folder in ("empty", "mixed"):
        (tmp_path / folder).mkdir()
    draw(tmp_path / "mixed/a.png")
    cv2.imwrite(str(tmp_path / "mixed/z.png"), np.ones((4, 4), np.uint8))
    cv2.imwrite(str(tmp_path / "blank.png"), np.zeros((4, 4), np.uint16))
    before = sorted(tmp_path.rglob("*"))
    assert run("--model=m", "--input=in", "--camera=100,110,40,30", "--output_dir=out", flag) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_help_does_not_wait_for_tensorflow():
    code = "import sys, crossinfo.predict, crossinfo.export; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
