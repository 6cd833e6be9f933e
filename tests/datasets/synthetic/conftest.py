import hashlib

import pytest

from datasets import synthetic

FRAMES = 63
SEED = 5


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    """Function of a format -> its synthetic tree of ``FRAMES`` frames, made once. Read only."""
    roots = {}

    def of(name):
        if name not in roots:
            roots[name] = tmp_path_factory.mktemp(name) / "data"
            synthetic.write(name, FRAMES, SEED, roots[name], workers=1)
        return roots[name]

    return of


@pytest.fixture(scope="session")
def digest():
    """Function of a folder -> names and checksums of all its files."""

    def of(folder):
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return [(str(p.relative_to(folder)), hashlib.sha256(p.read_bytes()).hexdigest()) for p in files]

    return of
