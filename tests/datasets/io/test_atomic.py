import socket

import pytest

from datasets.errors import InputError
from datasets.io import atomic


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
