import pathlib

import numpy as np
import pytest

from datasets import msra
from datasets.errors import InputError
from datasets.geometry import project
from tests.helpers import shared

BOX = (100, 60, 104, 63)  # left, top, right, bottom


def write_depth(path, box_mm=None, box=BOX, image=(320, 240)):
    box_mm = np.arange(500, 512).reshape(3, 4) if box_mm is None else box_mm
    path.write_bytes(np.array([*image, *box], "<u4").tobytes() + np.asarray(box_mm, "<f4").tobytes())


def write_gesture(folder, frames, start=0.0):
    """Joint j of frame i stands at file coordinates x = start + i, y = j + 1, z = -(300 + j)."""
    folder.mkdir(parents=True)
    lines = [str(frames)]
    for i in range(frames):
        write_depth(folder / f"{i:06d}_depth.bin")
        lines.append(" ".join(f"{start + i} {j + 1} {-300 - j}" for j in range(21)))
    (folder / "joint.txt").write_text("\n".join(lines) + "\n")


@pytest.fixture
def root(tmp_path):
    write_gesture(tmp_path / "P0/Y", 2, start=10)
    write_gesture(tmp_path / "P0/1", 3, start=20)
    write_gesture(tmp_path / "P0/TIP", 1, start=30)
    write_gesture(tmp_path / "P1/5", 2, start=40)
    return tmp_path


def test_the_test_split_is_one_subject_in_the_order_of_the_fields_lists(root):
    reader = msra.MsraReader(root, "test", test_subject=0)
    assert reader.names == [
        "P0/1/000000_depth.bin", "P0/1/000001_depth.bin", "P0/1/000002_depth.bin",
        "P0/TIP/000000_depth.bin", "P0/Y/000000_depth.bin", "P0/Y/000001_depth.bin",
    ]  # fmt: skip
    np.testing.assert_array_equal(reader.joints_mm[:, 0, 0], [20, 21, 22, 30, 10, 11])
    assert set(reader.subjects) == {"P0"} and len(reader) == 6


def test_the_training_split_is_everyone_else(root):
    assert msra.MsraReader(root, "train", test_subject=0).subjects == ["P1", "P1"]
    assert msra.MsraReader(root, "train", test_subject=1).subjects == ["P0"] * 6


def test_joints_are_y_down_and_z_forward(root):
    joints_mm = msra.MsraReader(root, "test", 1).joints_mm
    assert joints_mm.dtype == np.float32 and joints_mm.shape == (2, 21, 3)
    np.testing.assert_array_equal(joints_mm[1, 4], [41, -5, 304])


def test_a_record_projects_by_the_formula_of_the_dataset(root):
    record = msra.MsraReader(root, "test", 1)[0]
    u, v, d = project(record.joints_mm.astype(np.float64), np.asarray(record.camera, np.float64))[4]
    assert (u, v, d) == pytest.approx((160 + 241.42 * 40 / 304, 120 - 241.42 * 5 / 304, 304))


def test_depth_lies_in_its_box_and_is_zero_elsewhere(root):
    depth_mm = msra.MsraReader(root, "test", 1)[0].depth_mm
    assert depth_mm.shape == (240, 320) and depth_mm.dtype == np.float32
    np.testing.assert_array_equal(depth_mm[60:63, 100:104], np.arange(500, 512).reshape(3, 4))
    assert np.count_nonzero(depth_mm) == 12


def test_the_archives_own_top_folder_is_accepted(root, tmp_path):
    write_gesture(tmp_path / "outer" / msra.ROOT / "P3/1", 1)
    assert len(msra.MsraReader(tmp_path / "outer", "test", 3)) == 1


@pytest.mark.parametrize("name, total", [("old", 76375), ("new", 76391)])
def test_releases_are_known_by_their_counts(name, total):
    counts = msra.COPIES[name]
    assert sum(counts) == total and msra.release(list(counts)) == name
    assert msra.release(counts[::-1]) == "other"


def test_a_reader_names_its_release(root):
    assert msra.MsraReader(root, "test", 0).release == "other"


def test_bad_frames_are_dropped_only_when_asked(tmp_path):
    write_gesture(tmp_path / "P8/4", 170)
    reader = msra.MsraReader(tmp_path, "test", 8, drop_bad=True)
    assert len(msra.MsraReader(tmp_path, "test", 8)) == 170 and len(reader) == 169
    assert reader.names[168] == "P8/4/000169_depth.bin" and reader.joints_mm[168, 0, 0] == 169


def test_the_bad_frames_are_in_the_fields_list():
    names = shared.path("published/msra/msra_test_list.txt").read_text().split()
    assert len(msra.KNOWN_BAD) == 22 and msra.KNOWN_BAD < set(names)
    # The list is one split after another, so its order is the reader's.
    assert list(dict.fromkeys(name.split("/")[1] for name in names)) == list(msra.GESTURES)


def _truncate(root):
    (root / "P1/5/000001_depth.bin").write_bytes((root / "P1/5/000001_depth.bin").read_bytes()[:-5])


DAMAGED_DEPTH = {
    "truncated": (_truncate, r"000001_depth.bin: expected 72 bytes, found 67"),
    "no header": (lambda root: (root / "P1/5/000001_depth.bin").write_bytes(b"12"), r"24 bytes, found 2"),
    "other image": (lambda root: write_depth(root / "P1/5/000001_depth.bin", image=(640, 480)), "640 x 480"),
    "box outside": (
        lambda root: write_depth(root / "P1/5/000001_depth.bin", box=(318, 60, 322, 63)), "318, 60, 322"
    ),
    "box turned": (lambda root: write_depth(root / "P1/5/000001_depth.bin", box=(9, 9, 5, 6)), "box"),
    "nan": (lambda root: write_depth(root / "P1/5/000001_depth.bin", np.full(12, np.nan)), "NaN"),
    "negative": (lambda root: write_depth(root / "P1/5/000001_depth.bin", np.full(12, -1)), "negative"),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGED_DEPTH)
def test_a_damaged_depth_file_is_named(root, case):
    damage, message = DAMAGED_DEPTH[case]
    damage(root)
    reader = msra.MsraReader(root, "test", 1)
    assert reader.read_depth(0).any()
    with pytest.raises(InputError, match=message) as error:
        reader.read_depth(1)
    assert "P1/5/000001_depth.bin" in str(error.value)


def _edit_labels(edit):
    def damage(root):
        path = root / "P1/5/joint.txt"
        path.write_text("\n".join(edit(path.read_text().splitlines())))

    return damage


DAMAGED_LABELS = {
    "count above lines": (_edit_labels(lambda t: ["3", *t[1:]]), "line 1 gives 3 frames, found 2 lines"),
    "no count": (_edit_labels(lambda t: t[1:]), "line 1: expected the number of frames"),
    "negative count": (_edit_labels(lambda t: ["-2", *t[1:]]), "expected the number of frames, found '-2'"),
    "empty file": (_edit_labels(lambda t: []), "line 1: expected the number of frames"),
    "short line": (_edit_labels(lambda t: [*t[:2], t[2][:-5]]), "line 3: expected 63 numbers, found 62"),
    "text": (_edit_labels(lambda t: [*t[:2], t[2].replace("-300", "abc")]), "line 3: 'abc'"),
    "nan": (_edit_labels(lambda t: [t[0], t[1].replace("-300", "nan"), t[2]]), "line 2: 'nan'"),
    "behind the camera": (_edit_labels(lambda t: [*t[:2], t[2].replace("-300", "300")]), "line 3.*behind"),
    "missing": (lambda root: (root / "P1/5/joint.txt").unlink(), "no such file"),
    "missing frame": (
        lambda root: (root / "P1/5/000000_depth.bin").unlink(),
        "2 frames, found 1 depth files; 000000_depth.bin is missing",
    ),
    "extra frame": (
        lambda root: write_depth(root / "P1/5/000007_depth.bin"), "000007_depth.bin is unexpected"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DAMAGED_LABELS)
def test_damaged_labels_are_named_at_once(root, case):
    damage, message = DAMAGED_LABELS[case]
    damage(root)
    with pytest.raises(InputError, match=message) as error:
        msra.MsraReader(root, "test", 1)
    assert str(pathlib.Path("P1/5/joint.txt")) in str(error.value)


@pytest.mark.parametrize("data_dir", ["", "absent"])
def test_a_folder_without_data_names_its_flag(tmp_path, data_dir):
    with pytest.raises(InputError, match="`data_dir`=.*P0 to P8"):
        msra.MsraReader(tmp_path / data_dir, "train")


def test_the_test_subject_must_exist(root):
    with pytest.raises(InputError, match="`test_subject`=4"):
        msra.MsraReader(root, "train", test_subject=4)


def test_a_split_without_frames_is_refused(tmp_path):
    write_gesture(tmp_path / "P0/1", 1)
    with pytest.raises(InputError, match="no frames for the train split"):
        msra.MsraReader(tmp_path, "train", test_subject=0)


def test_an_unknown_split_is_refused(root):
    with pytest.raises(InputError, match="`split`=val"):
        msra.MsraReader(root, "val")
