import shutil

import cv2
import numpy as np
import pytest

from crossinfo.metrics import prediction_files
from datasets import icvl, registry
from datasets.errors import InputError
from datasets.geometry import project
from tests.helpers import shared

ORIGINALS = ["201403121135/image_0000.png", "201403121135/image_0002.png", "201403121140/image_0000.png"]
COPIES = ["22-5/201403121135/image_0000.png", "45/201403121140/image_0000.png"]


def line(name, frame=0):
    """Joint j of frame i stands at u = 100 + i, v = 90 + j, d = 400 + j."""
    return name + " " + " ".join(f"{100 + frame} {90 + j} {400 + j}.000" for j in range(16)) + " "


def write_picture(path, depth_mm=350):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((240, 320), depth_mm, np.uint16))


@pytest.fixture
def root(tmp_path):
    tmp_path = tmp_path / "icvl"
    for number, name in enumerate(ORIGINALS + COPIES):
        write_picture(tmp_path / "Training/Depth" / name, 350 + number)
    for name in ("test_seq_1/image_0000.png", "test_seq_2/image_0000.png", "test_seq_2/image_0001.png"):
        write_picture(tmp_path / "Testing/Depth" / name)
    rows = [line(name, frame) for frame, name in enumerate(ORIGINALS + COPIES)]
    (tmp_path / "Training/labels.txt").write_text("\n".join(rows) + "\n\n\n")
    (tmp_path / "Testing/test_seq_1.txt").write_text(line("test_seq_1/image_0000.png") + "\r\r\n\n")
    (tmp_path / "Testing/test_seq_2.txt").write_text(
        line("image_0001.png", 1) + "\n\n" + line("image_0000.png")
    )
    return tmp_path


def test_originals_are_the_default_and_all_has_the_rotated_copies(root):
    assert registry.get("icvl").open(root, "train").names == ORIGINALS
    options = registry.ReaderOptions(icvl_frames="all")
    reader = registry.get("icvl").open(root, "train", options)
    assert reader.names == ORIGINALS + COPIES
    assert reader.subjects == ["201403121135"] * 2 + ["201403121140", "201403121135", "201403121140"]


def test_every_row_names_the_frame_that_it_repeats(root):
    np.testing.assert_array_equal(icvl.IcvlReader(root, icvl_frames="all").originals, [0, 1, 2, 0, 2])
    assert icvl.IcvlReader(root).originals is None and icvl.IcvlReader(root, "test").originals is None


def test_copies_whose_original_is_missing_are_still_one_moment(root):
    (root / "Training/Depth" / ORIGINALS[0]).unlink()
    write_picture(root / "Training/Depth/45" / ORIGINALS[0])
    with open(root / "Training/labels.txt", "a") as file:
        file.write(line(f"45/{ORIGINALS[0]}"))
    reader = icvl.IcvlReader(root, icvl_frames="all")
    assert reader.names == [*ORIGINALS[1:], *COPIES, f"45/{ORIGINALS[0]}"]
    np.testing.assert_array_equal(reader.originals, [0, 1, 2, 1, 2])


def test_test_sequences_come_one_after_the_other_in_their_lines_order(root):
    reader = icvl.IcvlReader(root, "test")
    assert reader.names == [
        "test_seq_1/image_0000.png",
        "test_seq_2/image_0001.png",
        "test_seq_2/image_0000.png",
    ]
    assert reader.subjects == ["test_seq_1", "test_seq_2", "test_seq_2"]


def test_labels_become_millimetres_by_the_readers_camera(root):
    joints_mm = icvl.IcvlReader(root).joints_mm
    assert joints_mm.shape == (3, 16, 3) and joints_mm.dtype == np.float32
    expected = ((102 - 160) * 405 / 241.42, (95 - 120) * 405 / 241.42, 405)
    np.testing.assert_allclose(joints_mm[2, 5], expected, rtol=1e-6)
    assert icvl.CAMERA == registry.get("icvl").camera


def test_depth_is_read_from_the_frames_own_picture(root):
    record = icvl.IcvlReader(root, icvl_frames="all")[4]
    assert record.depth_mm.shape == (240, 320) and (record.depth_mm == 354).all()
    assert record.name == COPIES[1] and record.cube_mm is None


def test_training_labels_without_a_picture_are_dropped_and_counted(root):
    (root / "Training/Depth" / ORIGINALS[1]).unlink()
    reader = icvl.IcvlReader(root)
    assert reader.names == [ORIGINALS[0], ORIGINALS[2]] and reader.dropped == 1
    np.testing.assert_allclose(reader.joints_mm[1], icvl.IcvlReader(root, check_files=False).joints_mm[2])


def test_labels_alone_need_no_pictures(root):
    shutil.rmtree(root / "Testing/Depth")
    options = registry.ReaderOptions(check_files=False)
    reader = registry.get("icvl").open(root, "test", options)
    assert len(reader) == 3
    with pytest.raises(InputError, match="image_0001.png: no such file"):
        reader[1]


FAULTS = {
    "no pictures": (lambda root: shutil.rmtree(root / "Testing/Depth"), "partly unpacked: Testing/Depth is"),
    "missing picture": (
        lambda root: (root / "Testing/Depth/test_seq_2/image_0001.png").unlink(),
        "1 of its 3 frames are missing .*first test_seq_2/image_0001.png",
    ),
    "one list": (lambda root: (root / "Testing/test_seq_2.txt").unlink(), "test_seq_2.txt is missing"),
    "empty list": (lambda root: (root / "Testing/test_seq_2.txt").write_text("\n"), "seq_2.txt: no frames"),
    "short line": (
        lambda root: (root / "Testing/test_seq_1.txt").write_text(line("a.png")[:-10]),
        "test_seq_1.txt, line 1: expected 48 numbers, found 47",
    ),
    "path outside": (
        lambda root: (root / "Testing/test_seq_1.txt").write_text("\n" + line("../../../a.png")),
        r"test_seq_1.txt, line 2: '../../../a.png' is refused",
    ),
    "absolute path": (
        lambda root: (root / "Testing/test_seq_1.txt").write_text(line("/etc/a.png")),
        "test_seq_1.txt, line 1: '/etc/a.png' is refused",
    ),
    "behind": (
        lambda root: (root / "Testing/test_seq_1.txt").write_text(line("a.png").replace("405.", "-5.")),
        "test_seq_1.txt, line 1: a joint lies behind",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_damaged_test_data_are_named_at_once(root, case):
    damage, message = FAULTS[case]
    damage(root)
    with pytest.raises(InputError, match=message):
        icvl.IcvlReader(root, "test")


def test_training_without_any_picture_is_called_partly_unpacked(root):
    shutil.rmtree(root / "Training/Depth")
    (root / "Training/Depth").mkdir()
    with pytest.raises(InputError, match="3 of its 3 frames are missing .*only partly unpacked"):
        icvl.IcvlReader(root)


def test_a_cut_picture_is_named_when_it_is_read(root):
    path = root / "Training/Depth" / ORIGINALS[1]
    path.write_bytes(path.read_bytes()[:-9])
    reader = icvl.IcvlReader(root)
    assert (reader[0].depth_mm == 350).all()
    with pytest.raises(InputError, match=f"{ORIGINALS[1]}: the PNG is damaged or cut off"):
        reader[1]


@pytest.mark.parametrize(
    "below, found", [("Training", "Depth, labels.txt"), ("Testing", "Depth, test_seq_1.txt")]
)
def test_a_root_too_deep_or_too_high_names_the_right_one(root, below, found):
    with pytest.raises(InputError, match=rf"expected .*, found {found}.*; use `data_dir`={root}$"):
        icvl.IcvlReader(root / below, "train")
    with pytest.raises(InputError, match=rf"use `data_dir`={root}$"):
        icvl.IcvlReader(root.parent, "train")


def test_a_wrong_choice_names_its_flag(root):
    with pytest.raises(InputError, match="`icvl_frames`=some"):
        icvl.IcvlReader(root, icvl_frames="some")
    with pytest.raises(InputError, match="`split`=val"):
        icvl.IcvlReader(root, "val")


def test_the_published_labels_go_through_unharmed(tmp_path):
    published = shared.path("published/icvl")
    (tmp_path / "Testing").mkdir()
    for sequence in icvl.SEQUENCES:
        shutil.copy(published / f"{sequence}.txt", tmp_path / "Testing")
    reader = icvl.IcvlReader(tmp_path, "test", check_files=False)
    assert reader.names == (published / "icvl_test_list.txt").read_text().split()
    assert reader.subjects.count("test_seq_1") == 702 and len(reader) == 1596
    uvd = project(reader.joints_mm.astype(np.float64), np.asarray(reader.camera, np.float64))
    prediction_files.write(tmp_path / "mine.txt", uvd)
    truth = published / "icvl_test_groundtruth_label.txt"
    truth_mm, methods, _ = prediction_files.read_methods(registry.get("icvl"), truth, [tmp_path / "mine.txt"])
    assert np.linalg.norm(methods["mine"] - truth_mm, axis=-1).max() < 5e-3
