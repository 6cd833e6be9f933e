import numpy as np
import pytest

from datasets.geometry import Camera
from datasets.records import Reader, evenly_spread


class Counting(Reader):
    """Two frames whose depth says which they are; remembers what was read."""

    camera = Camera(100, 100, 4, 3)
    names = ("a", "b")
    joints_mm = np.arange(12, dtype=np.float32).reshape(2, 2, 3)

    def __init__(self):
        self.read = []

    def read_depth(self, index):
        self.read.append(index)
        return np.full((6, 8), index, np.float32)


class Hidden(Counting):
    joints_mm = None

    def cube_mm(self, index):
        return 200.0 + index


def test_iterating_gives_every_record_once_in_order():
    records = list(Counting())
    assert [record.name for record in records] == ["a", "b"]
    assert [record.depth_mm[0, 0] for record in records] == [0, 1]
    np.testing.assert_array_equal(records[1].joints_mm, [[6, 7, 8], [9, 10, 11]])
    assert records[0].camera == Camera(100, 100, 4, 3) and records[0].cube_mm is None


def test_depth_is_read_only_when_asked_for():
    reader = Counting()
    assert len(reader) == 2 and reader.read == []
    reader[1]
    assert reader.read == [1]


def test_hidden_labels_are_none_and_the_protocols_cube_is_passed_on():
    record = Hidden()[1]
    assert record.joints_mm is None and record.cube_mm == 201.0


@pytest.mark.parametrize("index", [2, -1])
def test_an_index_outside_is_an_index_error(index):
    with pytest.raises(IndexError):
        Counting()[index]


def test_a_reader_must_say_how_depth_is_read():
    with pytest.raises(NotImplementedError):
        Reader().read_depth(0)


@pytest.mark.parametrize(
    "count, wanted, indices", [(1000, 3, [0, 500, 999]), (2, 500, [0, 1]), (5, 1, [0]), (0, 3, [])]
)
def test_evenly_spread_indices_reach_from_the_first_to_the_last(count, wanted, indices):
    assert evenly_spread(count, wanted).tolist() == indices
