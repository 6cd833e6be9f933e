"""The golden numbers of the authors' preprocessing, in this project's axes."""

import dataclasses

import numpy as np
import pytest

from datasets import geometry, registry
from datasets.crops import CropPlace
from tests.helpers.golden import preprocess


@dataclasses.dataclass(frozen=True)
class Golden:
    """One scene of ``preprocess.npz`` as a batch of one; ``golden[key]`` is what the file holds."""

    name: str
    content: dict

    def __getitem__(self, key):
        return self.content[f"{self.name}_{key}"]

    def points(self, key):
        """3-D points or offsets [1, N, 3], y down: msra and nyu are y up in the file."""
        up = 1 if self.name.startswith("icvl") else -1
        return (self[key].reshape(1, -1, 3) * [1, up, 1]).astype(np.float32)

    @property
    def camera(self):
        return np.asarray(registry.get(self.name[:-1]).camera)[None]

    @property
    def depth_mm(self):
        return self["frame_mm"].astype(np.float32)[None]

    @property
    def cube_mm(self):
        return self["cube_mm"].reshape(1)

    def centre_mm(self, kind):
        """[1, 3] of "start", "fixed" or "com"."""
        uvd = self[f"{kind}_centre_uvd" if kind != "start" else "start_uvd"].astype(np.float32)
        return geometry.unproject(uvd[None, None], self.camera)[:, 0]

    def place(self, kind):
        """``CropPlace`` about such a centre."""
        return CropPlace(self.centre_mm(kind), self.camera, self.cube_mm)


@pytest.fixture(params=["msra0", "msra1", "nyu0", "nyu1", "icvl0", "icvl1"])
def golden(request):
    return Golden(request.param, preprocess())
