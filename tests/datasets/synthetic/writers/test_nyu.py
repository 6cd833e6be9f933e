"""NYU files: read back, and each rule of the format checked on the files themselves."""

import cv2
import numpy as np
import pytest
import scipy.io

from datasets import synthetic
from datasets.nyu import NyuReader
from datasets.synthetic.scene import subject_and_gesture
from datasets.synthetic.writers import nyu, splits

FRAMES, SEED = 63, 5
EVAL_JOINTS = [0, 3, 6, 9, 12, 15, 18, 21, 24, 25, 27, 30, 31, 32]


def expected(index, options=None):
    return synthetic.frame(SEED, index, options, nyu.DEVICE, subject=1)


@pytest.mark.parametrize("index", [0, 1, 8, 9, 30, 62])
def test_the_reader_gives_the_frame_back(tree, index):
    split, number = splits.split_of(index)
    reader, frame = NyuReader(tree("nyu"), split), expected(index)
    assert len(reader) == {"train": 56, "test": 7}[split]
    joints_mm = nyu.from_msra(frame.joints_mm)[EVAL_JOINTS]
    np.testing.assert_allclose(reader[number].joints_mm, joints_mm, atol=0.01)
    np.testing.assert_allclose(reader[number].depth_mm, frame.depth_mm, atol=1)


def test_exact_depth_is_rounded_to_the_millimetre(tmp_path):
    options = synthetic.Options(noise=False, background=True)
    synthetic.write("nyu", 18, SEED, tmp_path / "exact", workers=1, noise=False, background=True)
    difference = NyuReader(tmp_path / "exact", "train")[3].depth_mm - expected(3, options).depth_mm
    assert 0.3 < np.abs(difference).max() <= 0.5


def test_joints_lie_where_the_published_ones_do(tree):
    z = np.concatenate([NyuReader(tree("nyu"), split).joints_mm[..., 2] for split in ("train", "test")])
    assert 518 <= z.min() < 700 and 950 < z.max() <= 1169


def test_the_mat_file_has_all_joints_in_three_views_with_y_up(tree):
    path = tree("nyu") / "dataset/train/joint_data.mat"
    mat = scipy.io.loadmat(path)
    xyz, uvd = mat["joint_xyz"], mat["joint_uvd"]
    assert xyz.shape == uvd.shape == (3, 56, 36, 3)
    names = [str(name[0]) for name in mat["joint_names"][0]]
    assert len(set(names)) == 36 and (names[0], names[35]) == ("F1_KNU3_A", "PALM_6")
    np.testing.assert_allclose(uvd[..., 0], 320 + 588.03 * xyz[..., 0] / xyz[..., 2])
    np.testing.assert_allclose(uvd[..., 1], 240 - 587.07 * xyz[..., 1] / xyz[..., 2])
    # Views differ by a rigid motion.
    bones = np.linalg.norm(np.diff(xyz, axis=2), axis=-1)
    np.testing.assert_allclose(bones[1], bones[0])
    np.testing.assert_allclose(bones[2], bones[0])
    assert np.abs(xyz[1] - xyz[0]).max() > 30


def test_pictures_hold_the_high_byte_in_green_and_the_low_one_in_blue(tree):
    image = cv2.imread(str(tree("nyu") / "dataset/train/depth_1_0000001.png"), cv2.IMREAD_UNCHANGED)
    blue, green, red = np.moveaxis(image.astype(int), -1, 0)
    np.testing.assert_array_equal(green * 256 + blue, expected(0).depth_mm)
    assert image.shape == (480, 640, 3) and not red.any() and green.max() >= 2


def test_wrist_and_palm_lie_inside_the_hand():
    joints_mm = expected(4, synthetic.Options(noise=False)).joints_mm
    palm = nyu.from_msra(joints_mm)[30:]
    wrist, back = palm[1], palm[0]
    np.testing.assert_allclose((wrist + back) / 2, joints_mm[0], atol=1e-4)
    assert 20 < np.linalg.norm(wrist - back) < 50
    assert (np.linalg.norm(palm - joints_mm[[0, 1, 5, 9, 13]].mean(0), axis=-1) < 90).all()


def test_training_and_test_show_one_hand(tree):
    for split in ("train", "test"):
        joints_mm = NyuReader(tree("nyu"), split).joints_mm
        bone = np.linalg.norm(joints_mm[:, 9] - joints_mm[:, 10], axis=-1)
        np.testing.assert_allclose(bone, bone[0], atol=0.01)


def test_subject_2_begins_at_test_frame_2440(tmp_path):
    first = 9 * 2440 + 8
    assert splits.split_of(first) == ("test", 2440) and subject_and_gesture(first)[0] == 8
    lengths = []
    for start in (first - 9, first):
        ((split, joints_mm),) = nyu.write_frames(tmp_path, SEED, None, start, start + 1)
        assert split == "test" and (tmp_path / f"dataset/test/depth_1_{start // 9 + 1:07d}.png").is_file()
        lengths.append(np.linalg.norm(joints_mm[0] - joints_mm[2]))
    assert abs(lengths[0] - lengths[1]) > 0.1


def test_the_same_arguments_give_the_same_bytes(tree, digest, tmp_path):
    synthetic.write("nyu", FRAMES, SEED, tmp_path / "again", workers=2)
    assert digest(tmp_path / "again") == digest(tree("nyu"))
