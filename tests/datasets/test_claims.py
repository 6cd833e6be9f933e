"""What files claim: sizes beyond their own, and numbers that cannot be coordinates."""

import os
import resource
import struct
import subprocess
import sys

import cv2
import numpy as np
import pytest
import scipy.io

from datasets import centres, hands17, icvl, msra, nyu
from datasets.errors import InputError
from datasets.geometry import MAX_COORDINATE
from datasets.io import depth_png, label_lines, png, tables
from datasets.records import Reader

SIZE = (4, 5)
# Far more than any of these files needs, and far less than they claim.
MEMORY = 400 << 20


@pytest.fixture(autouse=True)
def little_memory():
    """Reading a claim would not fit."""
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


def longer(path, size):
    """Makes a file longer without writing: its tail is a hole."""
    os.truncate(path, size)
    return path


@pytest.mark.parametrize("count", ["1000000000", "999999999", "9" * 5000, "1" * (1 << 20), "-1", "²", ""])
def test_a_count_of_frames_beyond_the_file_is_refused(tmp_path, count):
    folder = tmp_path / "P0/1"
    folder.mkdir(parents=True)
    (folder / "joint.txt").write_text(f"{count}\n{'1 ' * 63}\n", encoding="utf-8")
    with pytest.raises(InputError, match="joint.txt, line 1: ") as caught:
        msra.MsraReader(tmp_path, "test")
    assert len(str(caught.value)) < 500


def test_a_depth_file_of_three_gigabytes_is_not_read(tmp_path):
    path = tmp_path / "000000_depth.bin"
    path.write_bytes(np.array([320, 240, 0, 0, 320, 240], "<u4").tobytes())
    longer(path, 3 << 30)
    with pytest.raises(InputError, match=f"{path}: expected 307224 bytes, found {3 << 30}; the file is dam"):
        msra.read_depth(path)


@pytest.mark.parametrize("value", [1e30, -1, np.nan, np.inf])
def test_depth_that_no_camera_measures_is_damage(tmp_path, value):
    path = tmp_path / "000000_depth.bin"
    header = np.array([320, 240, 0, 0, 1, 1], "<u4").tobytes()
    path.write_bytes(header + np.float32(value).tobytes())
    with pytest.raises(InputError, match="the file is damaged"):
        msra.read_depth(path)


def test_the_tail_of_a_png_is_not_read(tmp_path):
    path = tmp_path / "a.png"
    depth = np.arange(20, dtype=np.uint16).reshape(SIZE) + 1
    cv2.imwrite(str(path), depth)
    longer(path, 2 << 30)
    np.testing.assert_array_equal(png.read_depth16(path, SIZE), depth)
    np.testing.assert_array_equal(depth_png.read_depth_png(path), depth)


def test_a_png_that_hides_its_pixels_behind_gigabytes_is_damaged(tmp_path):
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), np.ones(SIZE, np.uint16))
    content = path.read_bytes()
    path.write_bytes(content[:33] + struct.pack(">I", 1 << 30) + b"tEXt")
    longer(path, 2 << 30)
    with pytest.raises(InputError, match=f"{path}: the PNG is damaged"):
        png.read_depth16(path, SIZE)


def altered_mat(path, frames):
    """A small MAT file whose arrays claim ``frames`` frames."""
    arrays = np.ones((1, 7, 36, 3))
    scipy.io.savemat(path, {"joint_xyz": arrays, "joint_uvd": arrays})
    claim = struct.pack("<4i", 1, 7, 36, 3), struct.pack("<4i", 1, frames, 36, 3)
    content = path.read_bytes()
    assert content.count(claim[0]) == 2
    path.write_bytes(content.replace(*claim))


@pytest.mark.parametrize("frames", [10**9, 10**6, 2**31 - 1])
def test_a_small_mat_file_does_not_hold_a_thousand_million_frames(tmp_path, frames):
    path = tmp_path / "joint_data.mat"
    altered_mat(path, frames)
    with pytest.raises(InputError, match=f"^{path}: "):
        nyu.read_labels(path)


def test_an_empty_v73_dataset_claims_what_it_does_not_hold(tmp_path):
    import h5py

    path = tmp_path / "joint_data.mat"
    with h5py.File(path, "w") as file:
        for name in ("joint_xyz", "joint_uvd"):
            file.create_dataset(name, (3, 36, 10**9, 3), "f8", chunks=(1, 1, 1000, 1))
    with pytest.raises(InputError, match=f"^{path}: too small for joint_xyz"):
        nyu.read_labels(path)


ABSURD = ["1e300", "1e155", "-1e300", "1e308", "1000001", "nan", "inf", "9" * 5000]


@pytest.mark.parametrize("word", ABSURD)
@pytest.mark.parametrize("lines", [1, 40])
def test_a_number_that_is_no_coordinate_is_named_with_its_line(word, lines):
    with pytest.raises(
        InputError, match=f"a.txt, line {lines}: .*(beyond 1,000,000 mm or pixels|not a finite)"
    ):
        tables.number_table(["1 2"] * (lines - 1) + [f"1 {word}"], 2, "a.txt")
    assert tables.number_table([f"1 {MAX_COORDINATE}"], 2, "a.txt")[0, 1] == MAX_COORDINATE


@pytest.mark.parametrize("word", ["1e300", "1e308"])
def test_labels_boxes_and_centres_are_bounded_alike(tmp_path, word):
    path = tmp_path / "a.txt"
    path.write_text(f"201403121135/a.png {word} {'1 ' * 47}\n")
    with pytest.raises(InputError, match="a.txt, line 1: .* is beyond"):
        icvl.read_labels(path)
    path.write_text(f"a.png 1 2 {word} 4\n")
    with pytest.raises(InputError, match="a.txt, line 1: .* is beyond"):
        hands17.read_boxes(path)
    with pytest.raises(InputError, match="a.txt, line 1: .* is beyond"):
        list(label_lines.read(path, 4))
    with pytest.raises(InputError, match="a.txt, line 1: .* is beyond"):
        centres.read_rows([f"1 2 {word}"], 1, "a.txt", y_up=False)


def test_a_blank_first_line_of_a_centre_file_is_one_line(tmp_path):
    path, reader = tmp_path / "centres.txt", Reader()
    reader.names = ["a.png", "b.png"]
    path.write_text("\n  \nb.png 1 2 300\na.png 4 5 600\n")
    np.testing.assert_array_equal(centres.from_file(path, reader, y_up=False), [[4, 5, 600], [1, 2, 300]])
    path.write_text("\n1 2 300\n4 5 600\n")
    with pytest.raises(InputError, match="centres.txt: expected 2 centres, one per frame, found 3"):
        centres.from_file(path, reader, y_up=False)
    path.write_text("\n4 5 600\n")
    with pytest.raises(InputError, match="centres.txt, line 1: expected 3 numbers, found 0"):
        centres.from_file(path, reader, y_up=False)


def test_too_little_memory_is_one_line():
    code = (
        "from datasets import command_line as c\n"
        "c.run(c.Command('thing', 'Does.', lambda flags: None), lambda values: bytes(1 << 60), [])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "error: there is not enough memory\n")
