"""Which frames a part of a split holds."""

import numpy as np
import pytest

from datasets import shards


class Frames:
    """A reader of so many frames that nobody reads; ``originals`` as ``Reader``'s."""

    def __init__(self, count, originals=None):
        self.count, self.originals = count, originals

    def __len__(self):
        return self.count


@pytest.mark.parametrize(
    ("frames", "fraction"), [(2, 0.05), (9, 0.05), (10_000, 0.05), (76_375, 0.05), (50, 0.3)]
)
def test_validation_takes_about_its_fraction_in_blocks(frames, fraction):
    train, held_out = (
        shards.Source("msra", "", part, "com", (175.0,), validation_fraction=fraction).indices(Frames(frames))
        for part in ("train", "validation")
    )
    assert sorted([*train, *held_out]) == list(range(frames))
    assert 1 <= len(held_out) <= max(1, 1.25 * fraction * frames)
    if frames >= 10_000:
        assert len(held_out) > 0.75 * fraction * frames
        assert np.sum(np.diff(held_out) == 1) > 0.98 * len(held_out)


def test_copies_of_a_held_out_frame_are_in_neither_part():
    originals = np.concatenate([np.arange(400)] * 3)  # each frame, and two rotated copies of it
    train, held_out = (
        shards.Source("icvl", "", part, "com", (250.0,), validation_fraction=0.1).indices(
            Frames(1200, originals)
        )
        for part in ("train", "validation")
    )
    assert set(held_out) <= set(range(400)) and 30 <= len(held_out) <= 50
    assert not set(originals[train]) & set(held_out)
    assert len(train) == 3 * (400 - len(held_out))


def test_max_frames_takes_frames_from_the_whole_split():
    indices = shards.Source("msra", "", "test", "com", (175.0,), max_frames=5).indices(Frames(101))
    assert indices.tolist() == [0, 25, 50, 75, 100]
