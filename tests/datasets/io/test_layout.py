import pytest

from datasets.errors import InputError
from datasets.io import layout

EXPECTED = ("Training/labels.txt", "Training/Depth")


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "top" / "set"
    (root / "Training/Depth/a").mkdir(parents=True)
    (root / "Training/labels.txt").write_text("")
    for name in ("a/0.png", "a/1.png", "2.png"):
        (root / "Training/Depth" / name).write_text("")
    return root


def test_a_right_root_comes_back(root):
    assert layout.expect_root(str(root), EXPECTED, "ICVL") == root


@pytest.mark.parametrize("below", ["Training", "Training/Depth", "Training/Depth/a"])
def test_a_root_too_deep_names_what_was_found_and_the_right_one(root, below):
    with pytest.raises(InputError) as error:
        layout.expect_root(root / below, EXPECTED, "ICVL")
    first = sorted(path.name for path in (root / below).iterdir())[0]
    assert f"no ICVL data; expected Training/labels.txt, Training/Depth, found {first}" in str(error.value)
    assert str(error.value).endswith(f"use `data_dir`={root}") and "\n" not in str(error.value)


def test_a_root_too_high_names_the_right_one(root):
    (root.parent / "a").mkdir()
    for data_dir, found in ((root.parent, "a, set"), (root.parents[1], "top")):
        with pytest.raises(InputError, match=rf"found {found}; use `data_dir`={root}$"):
            layout.expect_root(data_dir, EXPECTED, "ICVL")


def test_an_unrelated_folder_gets_no_suggestion(tmp_path):
    with pytest.raises(InputError, match="found an empty folder$"):
        layout.expect_root(tmp_path, EXPECTED, "ICVL")
    for number in range(8):
        (tmp_path / f"{number}.txt").touch()
    with pytest.raises(InputError, match=r"found 0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 3 more$"):
        layout.expect_root(tmp_path, EXPECTED, "ICVL")


def test_a_missing_part_is_called_partly_unpacked(root):
    (root / "Training/labels.txt").unlink()
    with pytest.raises(InputError, match="ICVL is only partly unpacked: Training/labels.txt is missing"):
        layout.expect_root(root, EXPECTED, "ICVL")


def test_no_folder_at_all(tmp_path):
    with pytest.raises(InputError, match="`data_dir`=.*none: no such folder"):
        layout.expect_root(tmp_path / "none", EXPECTED, "ICVL")


def test_missing_frames_are_counted_and_the_first_is_named(root):
    depth, names = root / "Training/Depth", ["a/0.png", "a/7.png", "2.png", "b/0.png"]
    assert layout.missing(depth, names) == [1, 3]
    layout.expect_files(depth, names[:1], "labels.txt")
    with pytest.raises(InputError, match=r"labels.txt: 2 of its 4 frames are missing .*, first a/7.png"):
        layout.expect_files(depth, names, "labels.txt")


def test_an_unknown_split_names_its_flag():
    layout.check_split("test")
    with pytest.raises(InputError, match="`split`=val: expected train or test"):
        layout.check_split("val")
