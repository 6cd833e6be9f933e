import numpy as np
import pytest

from crossinfo.benchmark import timing
from crossinfo.benchmark.forms import Form


def test_error_and_distance_are_millimetres_and_forms_take_turns():
    frames = timing.Frames(
        crop=np.zeros((3, 96, 96, 1), np.float32),
        joints=np.zeros((3, 2, 3), np.float32),
        half_cube_mm=np.float32([100, 100, 200]),
    )
    asked = []

    def form(name, offset):
        def joints(crops):
            asked.append((name, len(crops)))
            return np.tile(np.float32([offset, 0, 0]), (len(crops), 2, 1))

        return Form(name, 2_000_000, joints)

    first, second = timing.measure([form("a", 0.1), form("b", 0.4)], frames, rounds=1)
    assert first["error_mm"] == pytest.approx(0.1 * 400 / 3)
    assert (first["distance_mm"], first["size_mb"]) == (0, 2)
    assert second["distance_mm"] == pytest.approx(0.3 * 400 / 3)
    assert second["distance_max_mm"] == pytest.approx(60)
    assert asked[:4] == [("a", 1), ("a", 32), ("b", 1), ("b", 32)]
