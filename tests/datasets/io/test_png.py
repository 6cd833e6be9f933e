import cv2
import numpy as np
import pytest

from datasets.errors import InputError
from datasets.io import png

SIZE = (6, 8)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "frame.png"


def test_depth_comes_as_float32_millimetres_also_when_nothing_is_measured(path):
    depth = np.arange(48, dtype=np.uint16).reshape(SIZE) * 1365
    for content in (depth, np.zeros_like(depth)):
        cv2.imwrite(str(path), content)
        read = png.read_depth16(path, SIZE)
        assert read.dtype == np.float32
        np.testing.assert_array_equal(read, content)


def test_colours_come_blue_first(path):
    bgr = np.random.default_rng(0).integers(0, 256, (*SIZE, 3), np.uint8)
    cv2.imwrite(str(path), bgr)
    np.testing.assert_array_equal(png.read_png(path, png.RGB8, SIZE), bgr)


@pytest.mark.parametrize(
    "content, message",
    [
        (np.zeros((8, 6), np.uint16), "8 x 6, 16-bit, one channel, found 6 x 8, 16-bit"),
        (np.zeros(SIZE, np.uint8), "found 8 x 6, 8 bits, PNG colour type 0"),
        (np.zeros((*SIZE, 3), np.uint8), "found 8 x 6, 8-bit RGB"),
    ],
)
def test_another_kind_of_picture_is_refused(path, content, message):
    cv2.imwrite(str(path), content)
    with pytest.raises(InputError, match=f"frame.png: expected a PNG of .*{message}"):
        png.read_depth16(path, SIZE)


@pytest.mark.parametrize("cut", [1, 20])
def test_a_cut_file_is_refused(path, cut):
    cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 60000, SIZE).astype(np.uint16))
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(InputError, match="frame.png: the PNG is damaged or cut off"):
        png.read_depth16(path, SIZE)


def test_an_empty_and_a_missing_file_are_named(path):
    with pytest.raises(InputError, match="frame.png: no such file"):
        png.read_depth16(path, SIZE)
    path.touch()
    with pytest.raises(InputError, match="frame.png: not a PNG"):
        png.read_depth16(path, SIZE)
