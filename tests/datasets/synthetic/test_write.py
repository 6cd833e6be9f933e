"""``synthetic.write`` and its command."""

import subprocess
import sys

import pytest

from datasets import synthetic
from datasets.errors import InputError


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "bighand"}, "`format`=bighand: unknown; choose from msra, nyu, icvl, hands17"),
        ({"frames": 0}, "`frames`=0: at least one"),
        ({"seed": -1}, "`seed`=-1: must not be negative"),
        ({"views": "above"}, "`views`=above"),
        ({"scenes": ("bare", "empty")}, "`scenes`=empty: a dataset's frame has a hand"),
    ],
)
def test_wrong_arguments_are_named_and_nothing_is_written(tmp_path, change, message):
    arguments = {"format": "msra", "frames": 1, "seed": 0, "output": tmp_path / "new", "workers": 1}
    with pytest.raises(InputError, match=message):
        synthetic.write(**(arguments | change))
    assert not list(tmp_path.iterdir())


def test_a_folder_with_files_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("kept")
    with pytest.raises(InputError, match="already exists"):
        synthetic.write("msra", 1, 0, tmp_path, workers=1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_failure_half_way_leaves_nothing_behind(tmp_path, monkeypatch):
    def fail(folder, frames, seed, options, workers):
        (folder / "P0").mkdir()
        raise OSError("disk full")

    monkeypatch.setitem(synthetic.WRITERS, "msra", fail)
    with pytest.raises(OSError, match="disk full"):
        synthetic.write("msra", 1, 0, tmp_path / "new", workers=1)
    assert not list(tmp_path.iterdir())


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "datasets.synthetic", *arguments], capture_output=True, text=True
    )


def test_the_command_writes_what_the_function_writes(tree, digest, tmp_path):
    done = command("--format=msra", "--frames=63", "--seed=5", f"--output={tmp_path / 'data'}")
    assert done.returncode == 0, done.stderr
    assert digest(tmp_path / "data") == digest(tree("msra"))


def test_the_command_reports_bad_input_in_one_line(tmp_path):
    done = command("--format=icvl", "--frames=17", f"--output={tmp_path / 'data'}")
    assert done.returncode == 2
    expected = "error: --frames=17: this format needs at least 18, for train and test"
    assert done.stderr.strip() == expected and not list(tmp_path.iterdir())


def test_the_command_takes_a_list_of_scenes(tmp_path):
    flags = ("--scenes=table,two_hands", "--sensor=tof", "--poses=natural", "--views=any", "--workers=1")
    done = command("--format=msra", "--frames=3", f"--output={tmp_path / 'data'}", *flags)
    assert done.returncode == 0, done.stderr
    options = {"scenes": ("table", "two_hands"), "sensor": "tof", "poses": "natural", "views": "any"}
    synthetic.write("msra", 3, 0, tmp_path / "same", 1, **options)
    for path in (tmp_path / "same").rglob("*.*"):
        assert (tmp_path / "data" / path.relative_to(tmp_path / "same")).read_bytes() == path.read_bytes()
    done = command("--format=msra", f"--output={tmp_path / 'none'}", "--scenes=table,beach")
    assert done.returncode == 2 and done.stderr.startswith("error: --scenes=beach: expected some of bare,")
    assert len(done.stderr.splitlines()) == 1 and not (tmp_path / "none").exists()
