import os
import socket
import subprocess
import sys
import time
import uuid

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


def test_a_planted_link_is_not_followed(tmp_path, monkeypatch):
    monkeypatch.setattr(uuid, "uuid4", lambda: uuid.UUID(int=0))  # as if an attacker had guessed it
    target, planted = tmp_path / "target", atomic.temporary(tmp_path / "a.txt")
    target.write_text("mine")
    planted.symlink_to(target)
    with pytest.raises(FileExistsError), atomic.atomic_write(tmp_path / "a.txt") as file:
        file.write("theirs")
    assert target.read_text() == "mine" and planted.is_symlink()


def killed_writer(path, what):
    """A process that is killed while it writes ``path``."""
    code = (
        "import os, signal, sys; from datasets.io import atomic\n"
        f"with atomic.{what}(sys.argv[1]): os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code, path]).returncode == -9


@pytest.mark.parametrize("what", ["atomic_write", "atomic_directory"])
def test_what_a_killed_writer_left_goes_when_the_same_is_written_again(tmp_path, what):
    killed_writer(tmp_path / "a.txt", what)
    killed_writer(tmp_path / "b.txt", what)
    assert len(list(tmp_path.iterdir())) == 2
    with getattr(atomic, what)(tmp_path / "a.txt"):
        pass
    assert sorted(path.name[:6] for path in tmp_path.iterdir()) == [".b.txt", "a.txt"]
    atomic.sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_what_is_being_written_or_is_not_ours_stays(tmp_path):
    others = [".a.txt.tmp", "a.tmp", ".a.txt.host.123.tmp", f"a.txt.host.{'0' * 32}.tmp"]
    elsewhere = f".a.txt.elsewhere.{'0' * 32}.tmp"
    for name in (*others, elsewhere):
        (tmp_path / name).touch()
    with (
        atomic.unfinished(tmp_path / "a.txt") as file,
        atomic.unfinished(tmp_path / "b", folder=True) as folder,
    ):
        atomic.sweep(tmp_path)
        assert file.exists() and folder.exists()
    assert {path.name for path in tmp_path.iterdir()} == {*others, elsewhere}
    os.utime(tmp_path / elsewhere, (time.time() - 25 * 3600,) * 2)
    atomic.sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(others)
