import os

import pytest

from datasets.io.plain_paths import PlainFolder, has_wildcards


@pytest.mark.parametrize("name", ["run[1]", "a*", "a?", "a{b}", "a\\b", "[x"])
def test_a_folder_has_a_name_without_wildcards_while_it_is_needed(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    plain = PlainFolder(folder)
    path = plain.path
    assert not has_wildcards(path) and os.path.samefile(path, folder)
    with open(f"{path}/a.txt", "w") as file:
        file.write("a")
    assert (folder / "a.txt").read_text() == "a" and plain.named(f"{path}/a.txt") == f"{folder}/a.txt"
    del plain
    assert not os.path.exists(path)


def test_a_plain_folder_keeps_its_name(tmp_path):
    assert PlainFolder(tmp_path).path == str(tmp_path)
