"""Splits made for one check: readers of labels alone, and hands that wander as in a video."""

import numpy as np

from datasets import registry, skeletons
from datasets.check.sample import Sample, SampledSplit
from datasets.records import Reader


class Frames(Reader):
    """A reader of labels alone."""

    skeleton, camera = skeletons.MSRA, registry.MSRA.camera

    def __init__(self, names, joints_mm, subjects=None):
        self.names = names
        self.joints_mm = None if joints_mm is None else np.asarray(joints_mm, np.float32)
        self.subjects = subjects or [name.split("/")[0] for name in names]


def sampled_split(reader, centre_file=None, name="test", dataset=registry.MSRA, **measured):
    """A split whose sample holds nothing but what was ``measured``."""
    nothing = {
        "unreadable": (),
        "indices": np.zeros(0, int),
        "size": (240, 320),
        "empty": np.zeros(0, bool),
        "on_hand": np.zeros(0),
        "com_mm": np.zeros((0, 3), np.float32),
    }
    return SampledSplit(name, dataset, reader, Sample(**{**nothing, **measured}), centre_file)


def wandering_hands(folders, frames):
    """(names, joints_mm [N, 21, 3]): a hand that wanders slowly, as in a video."""
    rng = np.random.default_rng(0)
    names = [f"P0/{folder}/{i:06d}_depth.bin" for folder in folders for i in range(frames)]
    middle = np.cumsum(rng.normal(0, 4, (len(names), 3)), axis=0) + [0, 0, 400]
    return names, middle[:, None] + rng.normal(0, 30, (1, 21, 3))
