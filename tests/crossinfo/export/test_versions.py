import pytest

from crossinfo.export import versions
from datasets.errors import InputError


def make(base, *names):
    for name in names:
        (base / name).mkdir(parents=True)
        (base / name / "model.bin").touch()


def test_the_first_version_is_1_and_the_next_is_one_more_than_the_newest(tmp_path):
    assert versions.new_version(tmp_path / "base", "model.bin") == tmp_path / "base/1"
    make(tmp_path / "base", "2", "10", "notes")
    assert versions.new_version(tmp_path / "base", "model.bin") == tmp_path / "base/11"
    assert versions.new_version(tmp_path / "base", "model.bin", 5) == tmp_path / "base/5"


def test_the_newest_is_the_highest_number_that_holds_the_file(tmp_path):
    assert versions.newest(tmp_path, "model.bin") is None
    make(tmp_path, "2", "10", "notes")
    (tmp_path / "11").mkdir()
    assert versions.newest(tmp_path, "model.bin") == tmp_path / "10"


def test_another_format_in_the_folder_is_refused(tmp_path):
    make(tmp_path, "3")
    with pytest.raises(InputError, match="`export_dir`=.*: version 3 in it has no other.bin"):
        versions.new_version(tmp_path, "other.bin")


def test_a_file_in_the_folders_place_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file: expected a folder for the versions"):
        versions.new_version(tmp_path / "file", "model.bin")
