import subprocess
import sys

import pytest

from datasets.errors import InputError
from datasets.io import locks

HOLD = "import sys, time; from datasets.io import locks\nwith locks.exclusive(sys.argv[1], 'busy'):\n"


def holder(path):
    """A process that holds the lock until it is ended."""
    code = HOLD + "    print('held', flush=True); time.sleep(600)"
    process = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_process_is_refused_and_told_who_holds_it(tmp_path):
    process = holder(tmp_path / ".lock")
    try:
        with pytest.raises(InputError, match=rf"^busy \(process {process.pid} on "):
            locks.exclusive(tmp_path / ".lock", "busy").__enter__()
    finally:
        process.kill()
        process.communicate()


def test_a_killed_holder_does_not_block(tmp_path):
    process = holder(tmp_path / ".lock")
    process.kill()
    process.communicate()
    assert (tmp_path / ".lock").exists()
    with locks.exclusive(tmp_path / ".lock", "busy"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_folders_made_for_a_lock_go_with_it_unless_something_was_written(tmp_path):
    for written in (False, True):
        with locks.exclusive(tmp_path / "a/b/.lock", "busy"):
            if written:
                (tmp_path / "a/mine").touch()
        assert (tmp_path / "a").exists() == written
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["mine"]


def test_a_link_in_place_of_a_lock_is_not_followed(tmp_path):
    (tmp_path / ".lock").symlink_to(tmp_path / "target")
    with pytest.raises(OSError):
        locks.exclusive(tmp_path / ".lock", "busy").__enter__()
    assert not (tmp_path / "target").exists()
