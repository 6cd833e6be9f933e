"""Published results and real frames, which are no part of this repository: `shared/`, beside the checkout."""

import pathlib

import pytest

FOLDER = pathlib.Path(__file__).parents[3] / "shared"


def files(pattern):
    """The files of `shared/` that match, in order; none where it is absent."""
    return sorted(FOLDER.glob(pattern))


def path(name):
    """The path of a file or folder of `shared/`; skips the running test where it is absent."""
    found = FOLDER / name
    if not found.exists():
        pytest.skip(f"needs {name} in ../shared, which is no part of the repository")
    return found
