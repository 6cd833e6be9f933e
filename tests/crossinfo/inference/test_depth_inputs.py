"""Which files are depth frames, and what is wrong with them before the first is decoded."""

import pytest

from crossinfo.inference import depth_inputs
from crossinfo.inference.depth_inputs import DepthFrames
from datasets.errors import InputError
from tests.helpers.depth_pngs import CAMERA, draw


def test_two_frames_of_one_name_are_refused(tmp_path):
    (tmp_path / "x").mkdir()
    images = [draw(tmp_path / "a.png"), draw(tmp_path / "x/a.png")]
    with pytest.raises(InputError, match="another frame has this name"):
        DepthFrames(images, CAMERA)


def test_a_folder_gives_its_pngs_by_name(tmp_path):
    for name in ("b.png", "a.PNG", "a_overlay.png", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in depth_inputs.find_images(tmp_path)] == ["a.PNG", "b.png"]
    assert depth_inputs.find_images(tmp_path / "b.png") == [tmp_path / "b.png"]


def test_no_frames_are_refused_naming_the_argument(tmp_path):
    with pytest.raises(InputError, match="`input`=.*: the folder holds no PNG files"):
        depth_inputs.find_images(tmp_path)
    with pytest.raises(InputError, match="`input`=.*: no such file or folder"):
        depth_inputs.find_images(tmp_path / "gone")


@pytest.mark.parametrize("centre_mm", [(1, 2, -3), (1, 2, 0), (float("nan"), 2, 300), (1, float("inf"), 300)])
def test_a_centre_lies_in_front_of_the_camera(centre_mm):
    with pytest.raises(InputError, match="`centre_mm`: expected a point in front of the camera"):
        DepthFrames([], CAMERA, centre_mm=centre_mm)


def test_the_bytes_of_a_frame_become_millimetres(tmp_path):
    path = draw(tmp_path / "a.png", unit=8)
    depth_mm = DepthFrames([path], CAMERA, depth_scale=0.125).decode(path, path.read_bytes())
    assert depth_mm.shape == (60, 80)
    assert depth_mm[0, 0] == 1500 and depth_mm[25, 36] == 401
