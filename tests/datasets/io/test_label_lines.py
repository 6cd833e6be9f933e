import os
import tempfile

import numpy as np
import pytest

from datasets.errors import InputError
from datasets.io import label_lines


@pytest.fixture
def write(tmp_path):
    def write_bytes(content):
        path = tmp_path / "labels.txt"
        path.write_bytes(content.encode())
        return path

    return write_bytes


def read(path, columns=2, keep=None):
    pieces = list(label_lines.read(path, columns, keep))
    names = [name for piece in pieces for name in piece.names]
    return names, np.concatenate([piece.table for piece in pieces]), [n for p in pieces for n in p.lines]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\r\n", " \n\n", ""])
def test_tabs_spaces_blank_lines_and_all_line_ends(write, end):
    names, table, _ = read(
        write(f"\n0/a_1.png 1\t2.5 {end}" if not end else f"0/a_1.png 1\t2.5 {end}b.png\t-3 4e1{end}")
    )
    assert names[0] == "0/a_1.png" and table[0].tolist() == [1, 2.5]
    assert not end or (names[1] == "b.png" and table[1].tolist() == [-3, 40])


def test_line_numbers_count_blank_lines(write):
    assert read(write("a.png 1 2\n\n \nb.png 3 4\n\n\n"))[2] == [1, 4]


def test_pieces_join_without_a_seam(write, monkeypatch):
    monkeypatch.setattr(label_lines, "_CHUNK_LINES", 3)
    names, table, lines = read(write("".join(f"{i}.png {i} {-i}\n" for i in range(10))))
    assert names == [f"{i}.png" for i in range(10)] and lines == list(range(1, 11))
    np.testing.assert_array_equal(table, [[i, -i] for i in range(10)])


def test_lines_left_out_are_not_parsed_but_their_names_are_checked(write):
    names, table, _ = read(write("a.png 1 2\nb.png x\n"), keep=lambda name: name == "a.png")
    assert names == ["a.png"] and table.shape == (1, 2)
    with pytest.raises(InputError, match="line 2.*refused"):
        read(write("a.png 1 2\n../b.png 1 2\n"), keep=lambda name: name == "a.png")


FAULTS = {
    "short": ("a.png 1 2\nb.png 1\n", "line 2: expected 2 numbers, found 1"),
    "name only": ("a.png\n", "line 1: expected 2 numbers, found 0"),
    "all short": ("a.png 1\nb.png 1\n", "line 1: expected 2 numbers, found 1"),
    "long": ("\na.png 1 2 3\n", "line 2: expected 2 numbers, found 3"),
    "text": ("a.png 1 2\nb.png 1 two\n", "line 2: 'two' is not a number"),
    "comment sign": ("a.png 1 2#3\n", "line 1: '2#3' is not a number"),
    "nan": ("a.png 1 2\nb.png nan 2\n", "line 2: 'nan' is not a finite"),
    "infinite": ("a.png 1 1e999\n", "line 1: '1e999' is not a finite"),
    "no name": ("1 2\n", "line 1: '1' is refused"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_names_file_and_line(write, case):
    content, message = FAULTS[case]
    with pytest.raises(InputError, match=rf"labels.txt, {message}"):
        read(write(content))


OUTSIDE = (
    "../a.png",
    "b/../../a.png",
    "/etc/a.png",
    "//a.png",
    "C:/a.png",
    "b\\..\\a.png",
    "./a.png",
    "a.exe",
    "b//a.png",
)


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_path_that_could_leave_the_data_is_refused(write, name):
    with pytest.raises(InputError, match="line 2: .* is refused; expected a picture's path inside"):
        read(write(f"-22-5/2014/a.png 1 2\n{name} 1 2\n"))


def test_a_missing_file_a_folder_and_a_binary_file_are_named(tmp_path):
    (tmp_path / "binary").write_bytes(b"\x93\xff\xfe\n")
    for name, message in (("none", "no such file"), ("", "found a directory"), ("binary", "not a text file")):
        with pytest.raises(InputError, match=message):
            read(tmp_path / name)


def test_a_joint_behind_the_camera_names_its_line(write):
    (rows,) = label_lines.read(write("a.png 1 2\n\nb.png 1 0\n"), 2)
    rows.check_in_front(rows.table[:, :1])
    with pytest.raises(InputError, match="labels.txt, line 3: a joint lies behind the camera"):
        rows.check_in_front(rows.table)


NAMES = ["a.png", "b/c.png", "long_name.png"]


def test_names_read_like_a_list_of_str():
    names = label_lines.Names(iter(NAMES))
    assert names == NAMES and list(names) == NAMES and len(names) == 3 and label_lines.Names() == []
    assert (
        names[np.int64(1)] == names[-2] == "b/c.png" and names[1:] == NAMES[1:] and names[::2] == NAMES[::2]
    )
    assert names.index("long_name.png") == 2 and "c.png" not in names
    assert names != NAMES[:2] and names != [*NAMES[:2], "other.png"] and names != 3
    for outside in (3, -4):
        with pytest.raises(IndexError):
            names[outside]


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_names_are_iterated_over_without_a_seam(monkeypatch, count):
    monkeypatch.setattr(label_lines, "_CHUNK_LINES", 2)
    expected = [f"{'x' * i}.png" for i in range(count)]
    assert "\n".join(label_lines.Names(expected)) == "\n".join(expected)


def test_gathered_pieces_are_one_table_that_cannot_be_written_to():
    table = np.array([[0.1, 2], [3, 4], [5, 6]])
    pieces = [(["a"], table[:1]), ([], table[:0]), (["b", "c"], table[1:])]
    names, numbers = label_lines.gather(pieces, "labels.txt")
    assert names == ["a", "b", "c"] and type(numbers) is np.ndarray and numbers.dtype == np.float32
    np.testing.assert_array_equal(numbers, np.float32(table))
    with pytest.raises(ValueError, match="read-only"):
        numbers[0] = 0


@pytest.mark.parametrize("pieces", [[], [([], np.zeros((0, 2)))]])
def test_nothing_to_gather_names_the_file_and_what_was_sought(pieces):
    with pytest.raises(InputError, match="labels.txt: no original frames; expected one line per frame"):
        label_lines.gather(pieces, "labels.txt", "original frames")


def test_a_full_disk_names_the_temporary_folder(monkeypatch):
    if not os.path.exists("/dev/full"):
        pytest.skip("needs a device that is always full")
    monkeypatch.setattr(
        label_lines.tempfile, "TemporaryFile", lambda **options: open("/dev/full", "w+b", **options)
    )
    with pytest.raises(InputError, match=f"{tempfile.gettempdir()}: cannot hold the labels.*; set TMPDIR"):
        label_lines.gather([(["a"], np.ones((1, 2)))], "labels.txt")
