import socket

import numpy as np
import pytest

from datasets.errors import InputError
from datasets.io import atomic, tables


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


def test_a_file_is_written_whole_and_replaces_the_old_one(tmp_path):
    path = tmp_path / "new" / "a.txt"
    for text in ("one", "two"):
        with atomic.atomic_write(path) as file:
            file.write(text)
    assert path.read_text() == "two" and list(path.parent.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), atomic.atomic_write(path, "wb") as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_a_written_file_has_ordinary_permissions(tmp_path):
    (tmp_path / "plain").write_text("")
    with atomic.atomic_write(tmp_path / "a.txt"):
        pass
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_folder_appears_only_when_whole(tmp_path):
    with atomic.atomic_directory(tmp_path / "data") as folder:
        (folder / "a.txt").write_text("whole")
        assert not (tmp_path / "data").exists()
    assert (tmp_path / "data/a.txt").read_text() == "whole"
    assert list(tmp_path.iterdir()) == [tmp_path / "data"]


def test_a_failed_folder_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), atomic.atomic_directory(tmp_path / "data") as folder:
        (folder / "a.txt").write_text("half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_content_or_a_file_in_its_place_is_refused(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").write_text("mine")
    for path in (tmp_path / "full", tmp_path / "full/mine.txt"):
        with pytest.raises(InputError, match=f"{path}: already exists"), atomic.atomic_directory(path):
            raise AssertionError("the block must not run")
    assert (tmp_path / "full/mine.txt").read_text() == "mine"


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "empty").mkdir()
    with atomic.atomic_directory(tmp_path / "empty") as folder:
        (folder / "a.txt").write_text("")
    assert (tmp_path / "empty/a.txt").exists()


def test_temporary_names_differ_between_calls_and_hosts(tmp_path, monkeypatch):
    names = [atomic.temporary(tmp_path / "a.txt") for _ in range(2)]
    monkeypatch.setattr(socket, "gethostname", lambda: "other")
    names.append(atomic.temporary(tmp_path / "a.txt"))
    assert len(set(names)) == 3 and {path.parent for path in names} == {tmp_path}
    assert all(path.name.startswith(".a.txt.") and path.suffix == ".tmp" for path in names)
    assert names[2].name.startswith(".a.txt.other.")
