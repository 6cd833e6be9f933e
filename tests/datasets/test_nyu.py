import shutil

import cv2
import h5py
import numpy as np
import pytest
import scipy.io

from crossinfo.metrics import prediction_files
from datasets import nyu, registry
from datasets.errors import InputError
from datasets.geometry import project, unproject
from tests.helpers import shared

LABELS = "published/nyu/nyu_test_groundtruth_label.txt"


def labels_xyz(frames, cameras=3):
    """Joint j of frame i in camera c stands at x = 1000 c + i, y = j (up), z = 700 + j."""
    xyz = np.zeros((cameras, frames, 36, 3))
    xyz[..., 0] = 1000 * np.arange(cameras)[:, None, None] + np.arange(frames)[:, None]
    xyz[..., 1] = np.arange(36)
    xyz[..., 2] = 700 + np.arange(36)
    return xyz


def save(path, xyz, **change):
    content = {"joint_names": np.array(["a"] * 36, object), "joint_xyz": xyz, "joint_uvd": xyz} | change
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, {name: value for name, value in content.items() if value is not None})


def save_v73(path, xyz):
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w", userblock_size=512) as file:
        file["joint_xyz"] = file["joint_uvd"] = np.transpose(xyz)
        file["joint_names"] = np.zeros((36, 1), np.uint64)
    with open(path, "r+b") as file:
        file.write(b"MATLAB 7.3 MAT-file")


@pytest.fixture
def root(tmp_path):
    for split, frames in (("train", 3), ("test", 2)):
        save(tmp_path / "nyu/dataset" / split / "joint_data.mat", labels_xyz(frames))
        for number in range(1, frames + 1):
            bgr = np.full((480, 640, 3), (number, 2, 255), np.uint8)
            cv2.imwrite(str(tmp_path / f"nyu/dataset/{split}/depth_1_{number:07d}.png"), bgr)
    return tmp_path / "nyu" / "dataset"


def test_frames_are_named_as_in_the_fields_list(root):
    assert nyu.NyuReader(root, "test").names == ["test/depth_1_0000001.png", "test/depth_1_0000002.png"]
    assert len(registry.get("nyu").open(root, "train")) == 3


def test_the_parent_of_the_archives_folder_is_accepted(root):
    assert nyu.NyuReader(root.parent, "test").root == root


@pytest.mark.parametrize("version", ["5", "7.3"])
def test_labels_are_view_1_the_fields_14_joints_and_y_down(root, version):
    if version == "7.3":
        save_v73(root / "train/joint_data.mat", labels_xyz(3))
    joints_mm = nyu.NyuReader(root, "train").joints_mm
    assert joints_mm.shape == (3, 14, 3) and joints_mm.dtype == np.float32
    numbers = np.array([0, 3, 6, 9, 12, 15, 18, 21, 24, 25, 27, 30, 31, 32])
    np.testing.assert_array_equal(joints_mm[2], np.stack([0 * numbers + 2, -numbers, 700 + numbers], -1))


def test_depth_is_green_times_256_plus_blue(root):
    record = nyu.NyuReader(root, "train")[1]
    assert record.depth_mm.shape == (480, 640) and record.depth_mm.dtype == np.float32
    assert (record.depth_mm == 2 * 256 + 2).all() and record.camera == registry.get("nyu").camera


def test_subject_2_begins_at_test_frame_2440_and_has_a_smaller_cube(root):
    for split in ("train", "test"):
        save(root / split / "joint_data.mat", labels_xyz(2442, cameras=1))
    test = nyu.NyuReader(root, "test", check_files=False)
    assert test.subjects == ["1"] * 2440 + ["2"] * 2
    assert test.cube_mm(2439) is None and test.cube_mm(2440) == pytest.approx(250 * 5 / 6)
    assert set(nyu.NyuReader(root, "train", check_files=False).subjects) == {"1"}


def mat(**change):
    return lambda root: save(root / "test/joint_data.mat", labels_xyz(2), **change)


def write_mat(content):
    return lambda root: (root / "test/joint_data.mat").write_bytes(content)


BEHIND, HOLE = labels_xyz(2), labels_xyz(2)
BEHIND[0, 1, 27, 2], HOLE[0, 0, 3, 1] = 0, np.nan

FAULTS = {
    "no xyz": (mat(joint_xyz=None, other=labels_xyz(2)), "keys .*found joint_names, joint_uvd, other"),
    "no uvd": (mat(joint_uvd=None), "keys joint_xyz and joint_uvd, found joint_names, joint_xyz; it is"),
    "no axis of cameras": (mat(joint_xyz=labels_xyz(2)[0]), r"36, 3\], found \[2, 36, 3\]"),
    "14 joints": (mat(joint_xyz=labels_xyz(2)[:, :, :14]), r"joint_xyz as .*found \[3, 2, 14, 3\]"),
    "lengths differ": (mat(joint_uvd=labels_xyz(3)), "do not have the same number of frames"),
    "text": (mat(joint_xyz=np.full((3, 2, 36, 3), "a", object)), "joint_xyz as numbers"),
    "behind": (mat(joint_xyz=BEHIND), "frame 2: a joint lies behind the camera"),
    "nan": (mat(joint_xyz=HOLE), "frame 1: a joint .* not finite"),
    "empty file": (write_mat(b""), "not a MAT file, or damaged"),
    "no mat file": (write_mat(b"hello " * 100), "not a MAT file, or damaged"),
    "cut file": (
        lambda root: write_mat((root / "test/joint_data.mat").read_bytes()[:4000])(root),
        "found joint_names, joint_xyz; it is another file, or cut off",
    ),
    "no labels": (lambda root: (root / "test/joint_data.mat").unlink(), "unpacked: test/joint_data.mat is"),
    "missing picture": (
        lambda root: (root / "test/depth_1_0000002.png").unlink(),
        "1 of its 2 frames are missing .*first test/depth_1_0000002.png; the data are only partly unpacked",
    ),
    "more pictures": (
        lambda root: (root / "test/depth_1_0000003.png").touch(),
        "has labels for 2 frames, found 3 pictures; depth_1_0000003.png has no label",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_damaged_data_are_named_at_once(root, case):
    damage, message = FAULTS[case]
    damage(root)
    with pytest.raises(InputError, match=message) as error:
        nyu.NyuReader(root, "test")
    assert "joint_data.mat" in str(error.value) and "\n" not in str(error.value)


def test_a_cut_v73_file_is_refused(root):
    path = root / "test/joint_data.mat"
    save_v73(path, labels_xyz(2))
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(InputError, match="joint_data.mat: not a MAT file, or damaged"):
        nyu.NyuReader(root, "test")


def test_a_cut_picture_is_named_when_it_is_read(root):
    path = root / "test/depth_1_0000002.png"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match="depth_1_0000002.png: the PNG is damaged or cut off"):
        nyu.NyuReader(root, "test")[1]


def test_a_root_too_deep_or_too_high_names_the_right_one(root):
    with pytest.raises(InputError, match=rf"expected test, .*found depth_1.*; use `data_dir`={root}$"):
        nyu.NyuReader(root / "test", "test")
    with pytest.raises(InputError, match=rf"found nyu; use `data_dir`={root}$"):
        nyu.NyuReader(root.parents[1], "test")


def test_the_published_labels_go_through_unharmed(tmp_path):
    labels = shared.path(LABELS)
    camera = np.array([588.03, 587.07, 320.0, 240.0])
    xyz = np.zeros((3, 8252, 36, 3))
    xyz[0][:, nyu.JOINTS] = unproject(prediction_files.read(labels, 14), camera) * (1, -1, 1)
    save(tmp_path / "test/joint_data.mat", xyz)
    reader = nyu.NyuReader(tmp_path, "test", check_files=False)
    assert reader.names == (labels.parent / "nyu_test_list.txt").read_text().split()
    uvd = project(reader.joints_mm.astype(np.float64), np.asarray(reader.camera, np.float64))
    prediction_files.write(tmp_path / "mine.txt", uvd)
    truth_mm, methods, _ = prediction_files.read_methods(registry.get("nyu"), labels, [tmp_path / "mine.txt"])
    assert np.linalg.norm(methods["mine"] - truth_mm, axis=-1).max() < 5e-3


def test_joints_of_a_real_frame_lie_at_its_depth(tmp_path):
    picture, labels = shared.path("real/nyu/depth_1_0000001.png"), shared.path(LABELS)
    xyz = np.zeros((1, 1, 36, 3))
    uvd = prediction_files.read(labels, 14)[:1]
    xyz[0][:, nyu.JOINTS] = unproject(uvd, np.asarray(nyu.CAMERA, np.float64)) * (1, -1, 1)
    save(tmp_path / "test/joint_data.mat", xyz)
    shutil.copy(picture, tmp_path / "test")
    record = nyu.NyuReader(tmp_path, "test")[0]
    u, v, d = project(record.joints_mm, np.asarray(record.camera)).T
    surface = record.depth_mm[np.rint(v).astype(int), np.rint(u).astype(int)]
    assert (np.abs(d - surface) < 40).all()
