import json

import numpy as np
import pytest

from datasets.io import shard_files


@pytest.fixture
def made(tmp_path):
    """The folder of a set whose shard 3 is done."""
    shard_files.write(tmp_path, 3, [b"one", b"two"], {"indices": [7, 8]})
    return tmp_path


def damaged(folder, place):
    """Flips a bit of the shard's byte at ``place``."""
    path = shard_files.shard_path(folder, 3)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    return path


def test_a_written_shard_is_done_and_says_what_it_holds(made):
    assert shard_files.is_done(made, 3) and not shard_files.is_done(made, 2)
    assert shard_files.done(made, 3)["indices"] == [7, 8]
    assert sorted(path.name for path in made.iterdir()) == ["00003.json", "00003.tfrecord"]


def test_a_shard_that_is_done_is_left_as_it_is(made):
    before = shard_files.shard_path(made, 3).read_bytes()
    shard_files.write(made, 3, [b"other"], {"indices": [0]})
    assert shard_files.shard_path(made, 3).read_bytes() == before
    assert shard_files.done(made, 3)["indices"] == [7, 8] and len(list(made.iterdir())) == 2


def test_a_flipped_bit_anywhere_is_found(made):
    path = shard_files.shard_path(made, 3)
    assert shard_files.is_whole(path)
    for place in np.linspace(0, path.stat().st_size - 1, 9).astype(int):
        assert not shard_files.is_whole(damaged(made, place)), place
        damaged(made, place)  # and back
    assert shard_files.is_whole(path)


def test_a_removed_shard_is_neither_done_nor_whole(made):
    shard_files.remove(shard_files.shard_path(made, 3))
    assert list(made.iterdir()) == [] and not shard_files.is_done(made, 3)
    assert not shard_files.is_whole(shard_files.shard_path(made, 3))


@pytest.mark.parametrize("about", [{"indices": [8, 7]}, {"indices": None}, {"other": 1}])
def test_a_done_file_that_was_altered_counts_as_none_and_is_replaced(made, about):
    def check(about):
        if about["indices"] + [] != [7, 8]:
            raise ValueError

    size = shard_files.shard_path(made, 3).stat().st_size
    shard_files.done_path(made, 3).write_text(json.dumps({**about, "bytes": size}))
    assert shard_files.is_done(made, 3) and not shard_files.is_done(made, 3, check)
    shard_files.write(made, 3, [b"one", b"two"], {"indices": [7, 8]}, check)
    assert shard_files.is_done(made, 3, check)
