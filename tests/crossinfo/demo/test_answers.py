"""Query parameters as settings, and what the page gets of a frame."""

import pytest

from crossinfo.demo import answers
from datasets.errors import InputError
from datasets.geometry import Camera
from datasets.io import depth_png

QUERY = {"fx": "241.5", "fy": " 240 ", "cx": "160", "cy": "-1e1", "depth_scale": "0.125", "hand": "left"}


def test_settings_are_read_from_a_query():
    settings = answers.FrameSettings.from_query(QUERY | {"name": "frames/my hand.png"})
    assert settings == answers.FrameSettings("my hand", Camera(241.5, 240, 160, -10), 0.125, "left")


@pytest.mark.parametrize("name", QUERY)
def test_a_missing_parameter_is_named(name):
    with pytest.raises(InputError, match=f"^{name}"):
        answers.FrameSettings.from_query({key: value for key, value in QUERY.items() if key != name})


def test_the_limit_is_below_the_readers():
    assert answers.MAX_PIXELS <= depth_png.MAX_PIXELS
