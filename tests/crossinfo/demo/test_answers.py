"""Query parameters as settings, and what the page gets of a frame."""

import numpy as np
import pytest

from crossinfo.demo import answers
from crossinfo.demo.samples import encode_png
from datasets.errors import InputError
from datasets.geometry import Camera
from datasets.io import depth_png
from tests.helpers import pretrained_folder

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


def test_a_network_that_finds_hands_tells_side_and_confidence(hands_predictor):
    png = encode_png(pretrained_folder.frame().round().astype(np.uint16))
    settings = answers.FrameSettings("a", Camera(*pretrained_folder.camera()), 1.0, "auto")
    answer = answers.answer(hands_predictor, png, settings)
    side = "left" if answer["is_left"] else "right"
    assert answer["valid"] and 0.5 < answer["confidence"] < 1
    assert answer["summary"] == f"{side} hand ({100 * answer['confidence']:.0f} %)"
