"""The command's mistakes; what it imports is tested with ``release_checkpoint``."""

import json

import pytest

from crossinfo import import_release
from datasets import command_line
from datasets.errors import InputError


@pytest.mark.parametrize("kind", ["absent", "not a checkpoint", "empty folder"])
def test_no_checkpoint_is_one_line(kind, tmp_path, capfd):
    prefix = tmp_path / "model"
    if kind == "not a checkpoint":
        (tmp_path / "model.index").write_text(json.dumps({"not": "one"}))
        (tmp_path / "model.data-00000-of-00001").write_bytes(b"nothing")
    if kind == "empty folder":
        prefix.mkdir()
    flags = f"--checkpoint={prefix}", "--dataset=nyu", f"--output={tmp_path / 'model.keras'}"
    with pytest.raises(SystemExit) as end:
        command_line.run(import_release.COMMAND, import_release.main, flags)
    told = capfd.readouterr().err.splitlines()
    assert end.value.code == 2 and len(told) == 1 and str(prefix) in told[0]
    assert not (tmp_path / "model.keras").exists()


def test_a_folder_is_no_output(tmp_path):
    flags = command_line.parse(
        import_release.COMMAND, ["--checkpoint=a", "--dataset=nyu", f"--output={tmp_path}"]
    )
    with pytest.raises(InputError, match="--output.*found a folder"):
        import_release.main(flags)
