import subprocess
import sys

import cv2
import numpy as np
import pytest

from crossinfo import predict
from crossinfo.inference import loading
from datasets import command_line
from tests.helpers.depth_pngs import draw, draw_folder, read_joints


@pytest.fixture
def images(tmp_path):
    return draw_folder(tmp_path / "in")


def run(*argv):
    with pytest.raises(SystemExit) as stop:
        command_line.run(predict.COMMAND, predict.main, argv)
    return stop.value.code


def test_the_command(tiny_predictor, images, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(loading, "load_predictor", lambda *_: tiny_predictor)
    flags = ["--model=m", f"--input={images}", "--camera=100,110,40,30", f"--output_dir={tmp_path / 'out'}"]
    assert run(*flags, "--centre_mm=-5,0,410.5") == 0
    assert "3 frames, a hand in 2" in capsys.readouterr().out
    assert len(read_joints(tmp_path / "out")) == 42


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--input=gone", "--input=gone: no such file or folder"),
        ("--input=empty", "--input=empty: the folder holds no PNG files"),
        ("--input=in/notes.txt", "in/notes.txt: not a PNG file"),
        ("--input=mixed", "mixed/z.png: expected a 16-bit depth PNG"),
        ("--input=blank.png", "blank.png: no depth measurement"),
        ("--camera=100,100,40", "--camera=100,100,40: expected 4 finite numbers"),
        ("--camera=100,100,40,x", "--camera=100,100,40,x: expected 4 finite numbers"),
        ("--camera=100,100,nan,30", "expected 4 finite numbers"),
        ("--camera=0,100,40,30", "--camera=0,100,40,30: camera must be finite with positive focal lengths"),
        ("--centre_mm=1e39,0,400", "--centre_mm=1e39,0,400: expected 3 finite numbers"),
        ("--centre_mm=1,2", "--centre_mm=1,2: expected 3 finite numbers"),
        ("--centre_mm=1,2,-3", "--centre_mm: expected a point in front of the camera"),
        ("--depth_scale=1e39", "depth_scale must be finite and positive"),
        ("--depth_scale=0", "depth_scale must be finite and positive"),
        ("--depth_scale=nan", "--depth_scale=nan: is not finite"),
        ("--output_dir=in/notes.txt", "--output_dir=in/notes.txt: expected a folder, found a file"),
        ("--model=gone", "gone: no such model"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(
    tiny_predictor, images, tmp_path, monkeypatch, capsys, flag, message
):
    if not flag.startswith("--model"):
        monkeypatch.setattr(loading, "load_predictor", lambda *_: tiny_predictor)
    monkeypatch.chdir(tmp_path)
    for folder in ("empty", "mixed"):
        (tmp_path / folder).mkdir()
    draw(tmp_path / "mixed/a.png")
    cv2.imwrite(str(tmp_path / "mixed/z.png"), np.ones((4, 4), np.uint8))
    cv2.imwrite(str(tmp_path / "blank.png"), np.zeros((4, 4), np.uint16))
    before = sorted(tmp_path.rglob("*"))
    assert run("--model=m", "--input=in", "--camera=100,110,40,30", "--output_dir=out", flag) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_help_does_not_wait_for_tensorflow():
    code = "import sys, crossinfo.predict, crossinfo.export; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
