import cv2
import numpy as np
import pytest

from datasets.errors import InputError
from datasets.io import depth_png

DEPTH = np.uint16([[0, 1, 255], [256, 5000, 65535]])


def encoded(image):
    return cv2.imencode(".png", image)[1].tobytes()


def test_values_come_back_as_millimetres(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded(DEPTH))
    found = depth_png.read_depth_png(tmp_path / "a.png")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, DEPTH)
    np.testing.assert_array_equal(depth_png.read_depth_png(tmp_path / "a.png", 0.125), DEPTH / 8)


def test_the_header_gives_the_size_without_decoding(tmp_path):
    (tmp_path / "a.png").write_bytes(encoded(DEPTH)[:40])
    assert depth_png.check_header(tmp_path / "a.png") == (2, 3)


def flipped(data):
    middle = len(data) - 20
    return data[:middle] + bytes([data[middle] ^ 255]) + data[middle + 1 :]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a PNG file"),
        (b"P5 3 2 65535 " + bytes(40), "not a PNG file"),
        (encoded(DEPTH.astype(np.uint8)), "expected a 16-bit depth PNG, found 8 bits"),
        (encoded(np.ones((4, 4, 3), np.uint16)), "one channel"),
        (encoded(np.ones((4, 4, 4), np.uint8)), "one channel"),
        (encoded(np.zeros((4, 4), np.uint16)), "no depth measurement in the frame"),
        (encoded(DEPTH)[:-20], "damaged or cut off"),
        (encoded(DEPTH)[:40], "damaged or cut off"),
        (flipped(encoded(DEPTH)), "damaged or cut off"),
        (encoded(DEPTH)[:16] + b"\x00\x00\xff\xff" * 2 + encoded(DEPTH)[24:], "65535 x 65535 pixels"),
    ],
)
def test_a_wrong_file_is_named(tmp_path, capfd, data, message):
    path = tmp_path / "frame.png"
    path.write_bytes(data)
    with pytest.raises(InputError, match=f"frame.png: .*{message}"):
        depth_png.read_depth_png(path)
    assert capfd.readouterr().err == ""


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(InputError, match="gone.png: no such file"):
        depth_png.read_depth_png(tmp_path / "gone.png")
    with pytest.raises(InputError, match="directory"):
        depth_png.read_depth_png(tmp_path)


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf")])
def test_a_scale_must_be_finite_and_positive(tmp_path, scale):
    (tmp_path / "a.png").write_bytes(encoded(DEPTH))
    with pytest.raises(InputError, match="depth_scale"):
        depth_png.read_depth_png(tmp_path / "a.png", scale)
