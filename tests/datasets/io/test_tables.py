import numpy as np
import pytest

from datasets.errors import InputError
from datasets.io import tables


def test_lines_end_as_on_unix_or_windows_and_blank_ones_at_the_end_fall_away(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"1 2\r\n3 4\r\n\r\n \r\n")
    assert tables.read_lines(tmp_path / "a.txt") == ["1 2", "3 4"]


def test_a_missing_file_a_folder_and_binary_data_are_named(tmp_path):
    (tmp_path / "b.bin").write_bytes(b"\xff\xfe\x00")
    for path, message in (("no.txt", "no such file"), (".", "directory"), ("b.bin", "not a text file")):
        with pytest.raises(InputError, match=message) as error:
            tables.read_lines(tmp_path / path)
        assert str(tmp_path / path) in str(error.value)


def test_numbers_become_a_table():
    table = tables.number_table(["1 2.5\t-3e2", "  4 5 6 "], 3, "a.txt")
    assert table.dtype == np.float64
    np.testing.assert_array_equal(table, [[1, 2.5, -300], [4, 5, 6]])
    assert tables.number_table([], 3, "a.txt").shape == (0, 3)


def test_a_byte_order_mark_is_no_part_of_the_first_number(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf1 2\n")
    assert tables.read_lines(tmp_path / "a.txt") == ["1 2"]


@pytest.mark.parametrize("before", [2, 200])
@pytest.mark.parametrize(
    "line, message",
    [
        ("1 2", "expected 3 numbers, found 2"),
        ("1 2 3 4", "expected 3 numbers, found 4"),
        ("", "expected 3 numbers, found 0"),
        ("1 x2 3", "'x2' is not a number"),
        ("1 nan 3", "'nan' is not a finite number"),
        ("1 2 -inf", "'-inf' is not a finite number"),
        ("1 2 1e999", "'1e999' is not a finite number"),
    ],
)
def test_a_wrong_line_is_named_with_its_number_in_the_file(line, message, before):
    # Long tables go through a faster parser.
    with pytest.raises(InputError, match=f"a.txt, line {before + 5}: {message}"):
        tables.number_table(["1 2 3"] * before + [line, "1 2 3"], 3, "a.txt", first_line=5)


@pytest.mark.parametrize("count", [3, 300])
def test_every_number_comes_back_to_its_last_bit(count):
    numbers = np.random.default_rng(1).standard_cauchy((count, 3))
    lines = [" ".join(map(repr, row)) for row in numbers.tolist()]
    np.testing.assert_array_equal(tables.number_table(lines, 3, "a.txt"), numbers)


def test_lines_that_do_not_follow_each_other_are_named_by_their_own_numbers():
    with pytest.raises(InputError, match="a.txt, line 9: 'x' is not a number"):
        tables.numbered_table(["1 2", "3 x"], 2, "a.txt", [4, 9])
