"""From the text of flags to frames."""

import types

import numpy as np
import pytest

from crossinfo.inference import flags
from datasets.errors import InputError
from datasets.geometry import Camera
from tests.helpers.depth_pngs import CAMERA, draw


def values(path, **changes):
    flag_values = {
        "input": str(path), "camera": "100,110,40,30", "depth_scale": 0.5, "hand": "left", "centre_mm": None,
    }  # fmt: skip
    return types.SimpleNamespace(**flag_values | changes)


def test_flags_become_frames(tmp_path):
    path = draw(tmp_path / "a.png")
    frames = flags.depth_frames(values(tmp_path, centre_mm="-5,0,410.5"))
    assert (frames.paths, frames.camera) == ([path], CAMERA)
    assert (frames.depth_scale, frames.hand, frames.centre_mm) == (0.5, "left", (-5.0, 0.0, 410.5))
    assert flags.depth_frames(values(tmp_path)).centre_mm is None


def test_a_camera_is_four_numbers_with_positive_focal_lengths():
    assert flags.camera("1,2.5,3e0,-4") == Camera(1, 2.5, 3, -4)
    with pytest.raises(InputError, match="--camera=1,0,3,4: camera must be finite with positive focal"):
        flags.camera("1,0,3,4")


@pytest.mark.parametrize("text", ["1,2", "1,2,3,4", "1,2,x", "1,2,nan", "1,2,inf", "1,2,1e39", "1,,3", " "])
def test_numbers_are_counted_and_finite_in_float32(text):
    with pytest.raises(InputError, match=f"--size={text}: expected 3 finite numbers separated by commas"):
        flags.numbers(text, 3, "size")


def test_the_largest_float32_is_still_finite():
    largest = float(np.finfo(np.float32).max)
    assert flags.numbers(repr(largest), 1, "size") == (largest,)
