"""ICVL files: read back, rotated copies, and blank lines."""

import cv2
import numpy as np
import pytest

from datasets import synthetic
from datasets.geometry import project
from datasets.icvl import CAMERA, IcvlReader
from datasets.synthetic.writers import icvl, splits

FRAMES, SEED = 63, 5


def expected(index):
    return synthetic.frame(SEED, index, None, icvl.DEVICE)


@pytest.mark.parametrize("index", [0, 1, 8, 9, 62])
def test_the_reader_gives_the_frame_back(tree, index):
    split, number = splits.split_of(index)
    reader, frame = IcvlReader(tree("icvl"), split), expected(index)
    assert len(reader) == {"train": 56, "test": 7}[split] and reader.dropped == 0
    joints_mm = icvl.from_msra(frame.joints_mm)
    np.testing.assert_allclose(reader[number].joints_mm, joints_mm, atol=0.01)
    np.testing.assert_allclose(reader[number].depth_mm, frame.depth_mm, atol=1)


def test_icvl_joints_are_palm_then_three_a_finger_from_the_thumb():
    joints_mm = np.arange(63.0).reshape(21, 3)
    found = icvl.from_msra(joints_mm)
    np.testing.assert_array_equal(found[0], (joints_mm[0] + joints_mm[5]) / 2)
    first = [17, 18, 20, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 16]
    np.testing.assert_array_equal(found[1:], joints_mm[first])


def test_both_test_sequences_have_their_share(tree):
    assert IcvlReader(tree("icvl"), "test").names == [
        *(f"test_seq_1/image_{number:04d}.png" for number in range(3)),
        *(f"test_seq_2/image_{number:04d}.png" for number in range(4)),
    ]


def test_label_files_end_in_blank_lines_and_hold_pixels(tree):
    lines = (tree("icvl") / "Testing/test_seq_1.txt").read_text().split("\n")
    assert lines[3:] == ["", "", ""]
    uvd = np.array(lines[0].split()[1:], float).reshape(16, 3)
    image = cv2.imread(str(tree("icvl") / "Testing/Depth/test_seq_1/image_0000.png"), cv2.IMREAD_UNCHANGED)
    assert image.dtype == np.uint16 and image.shape == (240, 320)
    columns, rows = np.rint(uvd[:, :2]).astype(int).T
    assert (image[rows, columns] > 0).mean() > 0.8


def test_every_fourth_training_frame_has_a_copy_in_an_angles_folder(tree):
    reader = IcvlReader(tree("icvl"), "train", "all")
    copies = reader.names[56:]
    assert len(copies) == 14 and all(name.split("/")[0] in icvl.ANGLES for name in copies)
    assert [name.partition("/")[2] for name in copies] == reader.names[:56:4]
    assert reader.subjects[56:] == reader.subjects[:56:4]


def test_angles_are_the_datasets_own():
    assert icvl.ANGLES["22-5"] == 22.5 and icvl.ANGLES["45"] == 45
    assert all(len(folder) <= 6 for folder in icvl.ANGLES)


def test_a_copy_is_its_original_turned_about_the_cameras_axis(tree):
    reader = IcvlReader(tree("icvl"), "train", "all")
    for copy in range(56, len(reader)):
        folder, _, original = reader.names[copy].partition("/")
        angle = np.radians(icvl.ANGLES[folder])
        c, s = np.cos(angle), np.sin(angle)
        turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
        source = reader.joints_mm[reader.names.index(original)]
        np.testing.assert_allclose(reader.joints_mm[copy], source @ turn.T, atol=0.01)


def test_a_copys_picture_follows_its_labels_and_stays_in_the_picture(tree):
    reader = IcvlReader(tree("icvl"), "train", "all")
    for copy in range(56, len(reader)):
        record, original = reader[copy], reader[4 * (copy - 56)]
        uvd = project(record.joints_mm, np.asarray(CAMERA))
        assert (uvd[:, :2] >= 8).all() and (uvd[:, :2] < (312, 232)).all()
        columns, rows = np.rint(uvd[:, :2]).astype(int).T
        assert (record.depth_mm[rows, columns] > 0).mean() > 0.8
        # Nothing new is measured: every depth is one of the original's.
        assert set(np.unique(record.depth_mm)) <= set(np.unique(original.depth_mm)) | {0}


def test_the_same_arguments_give_the_same_bytes(tree, digest, tmp_path):
    synthetic.write("icvl", FRAMES, SEED, tmp_path / "again", workers=2)
    assert digest(tmp_path / "again") == digest(tree("icvl"))


def test_the_fewest_frames_fill_both_sequences(tmp_path):
    synthetic.write("icvl", 18, 0, tmp_path / "few", workers=1)
    assert IcvlReader(tmp_path / "few", "test").subjects == ["test_seq_1", "test_seq_2"]
