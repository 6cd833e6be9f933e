import shutil
import tracemalloc

import cv2
import numpy as np
import pytest

from datasets import hands17, registry
from datasets.errors import InputError
from datasets.io import label_lines
from tests.helpers import shared

NAMES = [f"image_D{number:08d}.png" for number in (1, 2, 3)]
# HANDS 2017's own order, by MSRA's names.
OWN_ORDER = (
    "wrist thumb_mcp index_mcp middle_mcp ring_mcp little_mcp thumb_pip thumb_dip thumb_tip "
    "index_pip index_dip index_tip middle_pip middle_dip middle_tip ring_pip ring_dip ring_tip "
    "little_pip little_dip little_tip"
).split()


def line(name, frame=0):
    """The j-th joint of a line stands at x = frame, y = j, z = 400 + j."""
    return "\t".join([name, *(f"{frame}\t{j}.5\t{400 + j}" for j in range(21))])


def write_pictures(folder, names):
    folder.mkdir(parents=True)
    for number, name in enumerate(names):
        cv2.imwrite(str(folder / name), np.full((480, 640), 400 + number, np.uint16))


@pytest.fixture
def root(tmp_path):
    tmp_path = tmp_path / "hands17"
    write_pictures(tmp_path / "training/images", NAMES)
    write_pictures(tmp_path / "frame/images", NAMES[:2])
    rows = [line(name, frame) for frame, name in enumerate(NAMES)]
    # Spaces are as good as tabs.
    rows[1] = rows[1].replace("\t", " ")
    (tmp_path / "training/Training_Annotation.txt").write_text("\n".join(rows) + "\n")
    (tmp_path / "frame/BoundingBox.txt").write_text(f"{NAMES[0]}\t10\t20\t100\t50.5\n{NAMES[1]} 1 2 3 4\n\n")
    return tmp_path


def test_labels_come_in_msras_order(root):
    reader = registry.get("hands17").open(root, "train")
    assert reader.names == NAMES and reader.joints_mm.shape == (3, 21, 3)
    joints_mm = dict(zip(reader.skeleton.joints, reader.joints_mm[1], strict=True))
    for own, name in enumerate(OWN_ORDER):
        np.testing.assert_array_equal(joints_mm[name], [1, own + 0.5, 400 + own])


def test_the_test_set_has_boxes_and_no_labels(root):
    reader = hands17.Hands17Reader(root, "test")
    assert reader.names == NAMES[:2] and reader.joints_mm is None and reader[1].joints_mm is None
    np.testing.assert_array_equal(reader.boxes_uv, [[10, 20, 100, 50.5], [1, 2, 3, 4]])
    assert (reader[1].depth_mm == 401).all()


def test_a_record_has_its_pictures_depth_and_the_registered_camera(root):
    record = hands17.Hands17Reader(root)[2]
    assert record.depth_mm.shape == (480, 640) and (record.depth_mm == 402).all()
    assert record.camera == registry.get("hands17").camera


def test_a_real_picture_is_read(root):
    picture = shared.path("real/hands17/image_D00000030.png")
    shutil.copy(picture, root / "training/images" / NAMES[0])
    depth_mm = hands17.Hands17Reader(root)[0].depth_mm
    assert 100 < np.median(depth_mm[depth_mm > 0]) < 3000


def edit(path, change):
    return lambda root: (root / path).write_text(change((root / path).read_text()))


TEXT, BOXES = "training/Training_Annotation.txt", "frame/BoundingBox.txt"
FAULTS = {
    "short line": ("train", edit(TEXT, lambda t: t.rstrip()[:-4]), "line 3: expected 63 numbers, found 62"),
    "path outside": ("train", edit(TEXT, lambda t: "../" + t), "line 1: '../image_D00000001.png' is refused"),
    "absolute path": ("test", edit(BOXES, lambda t: "/" + t), "line 1: '/image_D00000001.png' is refused"),
    "behind": ("train", edit(TEXT, lambda t: t.replace(" 405 ", " -5 ")), "line 2: a joint lies behind"),
    "no lines": ("train", edit(TEXT, lambda t: "\n"), "no frames"),
    "short box": ("test", edit(BOXES, lambda t: t.replace("3 4", "3")), "line 2: expected 4 num.*found 3"),
    "flat box": ("test", edit(BOXES, lambda t: t.replace("3 4", "3 0")), "line 2: the box has no width"),
    "missing picture": (
        "train",
        lambda root: (root / "training/images" / NAMES[1]).unlink(),
        f"1 of its 3 frames are missing .*first {NAMES[1]}; the data are only partly unpacked",
    ),
    "no pictures": (
        "test", lambda root: shutil.rmtree(root / "frame/images"), "partly unpacked: frame/images is missing"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_damaged_data_are_named_at_once(root, case):
    split, damage, message = FAULTS[case]
    damage(root)
    with pytest.raises(InputError, match=message):
        hands17.Hands17Reader(root, split)


def test_labels_alone_need_no_pictures(root):
    shutil.rmtree(root / "training/images")
    assert len(hands17.Hands17Reader(root, check_files=False)) == 3


def test_a_cut_picture_is_named_when_it_is_read(root):
    path = root / "frame/images" / NAMES[1]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match=f"{NAMES[1]}: the PNG is damaged or cut off"):
        hands17.Hands17Reader(root, "test")[1]


@pytest.mark.parametrize("data_dir", ["training", "training/images", ".."])
def test_a_root_too_deep_or_too_high_names_the_right_one(root, data_dir):
    with pytest.raises(InputError, match=f"no HANDS 2017 data; expected .*use `data_dir`=.*{root.name}$"):
        hands17.Hands17Reader(root / data_dir)


def test_a_submission_is_read_back_as_labels(root, tmp_path):
    reader = hands17.Hands17Reader(root)
    hands17.write_submission(tmp_path / "result.txt", reader.names, reader.joints_mm)
    rows = (tmp_path / "result.txt").read_text().splitlines()
    expected = (root / TEXT).read_text().splitlines()
    for row, own in zip(rows, expected, strict=True):
        assert row.split("\t")[0] == own.split()[0]
        np.testing.assert_array_equal(np.array(row.split("\t")[1:], float), np.array(own.split()[1:], float))
    names, joints_mm = hands17.read_labels(tmp_path / "result.txt")
    assert names == NAMES
    np.testing.assert_array_equal(joints_mm, reader.joints_mm)


@pytest.mark.parametrize("poses", [np.zeros((1, 21, 3)), np.full((2, 21, 3), np.nan), np.zeros((2, 63))])
def test_a_wrong_submission_is_not_written(tmp_path, poses):
    with pytest.raises(ValueError, match="expected 2 finite poses"):
        hands17.write_submission(tmp_path / "result.txt", NAMES[:2], poses)
    assert not list(tmp_path.iterdir())


def memory(root, frames):
    """Bytes that opening a reader of so many frames takes at its height, and that it keeps."""
    pictures = root / "training/images"
    pictures.mkdir(parents=True)
    names = [f"image_D{number:08d}.png" for number in range(frames)]
    for name in names:
        (pictures / name).touch()
    (root / TEXT).write_text("\n".join(map(line, names)))
    del names
    tracemalloc.start()
    try:
        reader = hands17.Hands17Reader(root)
        kept, height = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(reader) == frames
    return np.array([height, kept])


def test_a_million_labels_fit_into_300_mb(tmp_path, monkeypatch):
    """By the growth per frame, beside 60 MB for Python and NumPy; small pieces, as theirs does not grow."""
    monkeypatch.setattr(label_lines, "_CHUNK_LINES", 64)
    few, many = 5000, 20_000
    growth = (memory(tmp_path / "many", many) - memory(tmp_path / "few", few)) / (many - few)
    height, kept = 957_032 * growth / 1e6
    assert height < 240 and kept < 60
