import pytest

from datasets import synthetic

MSRA_FRAMES = 135


@pytest.fixture(scope="session")
def msra_root(tmp_path_factory):
    """A synthetic tree in MSRA's format, 15 frames a subject: P0 is the test split. Read only."""
    root = tmp_path_factory.mktemp("data") / "msra"
    synthetic.write("msra", MSRA_FRAMES, 3, root, workers=1)
    return root
