import types

import numpy as np
import pytest

from crossinfo.benchmark import frames
from datasets import registry, shards
from datasets.errors import InputError


def test_frames_are_normalised_and_evenly_spread(msra_root, tmp_path):
    dataset = registry.get("msra")
    source = shards.Source("msra", str(msra_root), "test", "gt", (dataset.cube_mm,))
    card = types.SimpleNamespace(joints=dataset.skeleton.joints, dataset="msra")
    everything = frames.load_frames(source, tmp_path, card, 10_000)
    assert everything.crop.shape[1:] == (96, 96, 1)
    assert everything.joints.shape == (len(everything.crop), len(dataset.skeleton), 3)
    assert set(everything.half_cube_mm) == {dataset.cube_mm / 2}
    assert np.abs(everything.crop).max() <= 1
    few = frames.load_frames(source, tmp_path, card, 2)
    np.testing.assert_array_equal(few.joints, everything.joints[[0, -1]])


def test_another_datasets_joints_are_refused_before_a_frame_is_read(tmp_path):
    source = shards.Source("msra", str(tmp_path / "gone"), "test", "com", (200.0,))
    card = types.SimpleNamespace(joints=("wrist",), dataset="nyu")
    with pytest.raises(InputError, match="`dataset`=msra: its joints are not the model's"):
        frames.load_frames(source, tmp_path, card, 2)
