"""HANDS 2017 files: read back, boxes around hidden hands, and no label of a test frame anywhere."""

import numpy as np
import pytest

from datasets import synthetic
from datasets.geometry import project
from datasets.hands17 import CAMERA, Hands17Reader
from datasets.synthetic.writers import hands17, splits

FRAMES, SEED = 63, 5


def expected(index):
    return synthetic.frame(SEED, index, None, hands17.DEVICE)


@pytest.mark.parametrize("index", [0, 1, 9, 30, 61])
def test_the_reader_gives_a_training_frame_back(tree, index):
    split, number = splits.split_of(index)
    reader, frame = Hands17Reader(tree("hands17"), split), expected(index)
    assert split == "train" and len(reader) == 56
    np.testing.assert_allclose(reader[number].joints_mm, frame.joints_mm, atol=0.01)
    np.testing.assert_allclose(reader[number].depth_mm, frame.depth_mm, atol=1)


def test_test_frames_have_boxes_around_their_hidden_joints(tree):
    reader = Hands17Reader(tree("hands17"), "test")
    assert len(reader) == 7 and reader.joints_mm is None
    for number in range(7):
        frame = expected(9 * number + 8)
        np.testing.assert_allclose(reader[number].depth_mm, frame.depth_mm, atol=1)
        uv = project(frame.joints_mm, np.asarray(CAMERA))[:, :2]
        low, high = reader.boxes_uv[number, :2], reader.boxes_uv[number].reshape(2, 2).sum(0)
        assert (low <= uv.min(0)).all() and (high >= uv.max(0)).all()
        assert (low >= 0).all() and (high <= (640, 480)).all() and (uv.min(0) - low <= 12).all()


def test_nothing_but_boxes_and_pictures_is_written_for_the_test(tree):
    files = {path.name for path in (tree("hands17") / "frame").rglob("*") if path.is_file()}
    assert files == {"BoundingBox.txt", *(f"image_D{number:08d}.png" for number in range(1, 8))}


def test_lines_are_separated_by_tabs_in_the_datasets_own_order(tree):
    lines = (tree("hands17") / "training/Training_Annotation.txt").read_text().splitlines()
    name, *numbers = lines[0].split("\t")
    assert name == "image_D00000001.png" and len(numbers) == 63 and len(lines) == 56
    own = np.array(numbers, float).reshape(21, 3)
    joints_mm = expected(0).joints_mm
    # Wrist, thumb's and index finger's first joint, thumb's tip, little finger's tip.
    np.testing.assert_allclose(own[[0, 1, 2, 8, 20]], joints_mm[[0, 17, 1, 20, 16]], atol=1e-3)


def test_the_same_arguments_give_the_same_bytes(tree, digest, tmp_path):
    synthetic.write("hands17", FRAMES, SEED, tmp_path / "again", workers=1)
    assert digest(tmp_path / "again") == digest(tree("hands17"))
