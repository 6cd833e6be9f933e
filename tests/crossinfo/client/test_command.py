"""``python -m crossinfo.client``: the same table as ``crossinfo.predict``, and its bench."""

import csv
import re
import subprocess
import sys

import numpy as np
import pytest

from crossinfo.client import __main__ as client
from crossinfo.inference import prediction
from crossinfo.inference.depth_inputs import DepthFrames, find_images
from datasets import command_line
from datasets.geometry import Camera
from tests.crossinfo.client.scenes import hand_frame, png
from tests.crossinfo.client.scripted_servers import closed_port

FLAG = "--camera=100,110,40,30"
CAMERA = Camera(100, 110, 40, 30)
NUMBERS = ("u", "v", "x_mm", "y_mm", "z_mm")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.png").write_bytes(png(hand_frame()))
    (folder / "b.png").write_bytes(png(hand_frame((70, 90), (30, 20))))
    far = np.zeros((60, 80))
    far[5, 5] = 700
    (folder / "c, far.png").write_bytes(png(far))
    return folder


def run(*flags):
    with pytest.raises(SystemExit) as stop:
        command_line.run(client.COMMAND, client.main, flags)
    return stop.value.code


def table(path):
    with open(path / "joints.csv", newline="") as file:
        return list(csv.DictReader(file))


def assert_same_table(found, expected):
    assert [list(row) for row in found] == [list(row) for row in expected]
    for name in ("frame", "joint", "valid"):
        assert [row[name] for row in found] == [row[name] for row in expected]
    numbers = [
        np.array([[float(row[name]) for name in NUMBERS] for row in rows]) for rows in (found, expected)
    ]
    np.testing.assert_allclose(*numbers, atol=0.05)


@pytest.mark.parametrize(
    ("flags", "how"),
    [
        ([], {}),
        (["--hand=left"], {"hand": "left"}),
        (["--depth_scale=0.9"], {"depth_scale": 0.9}),
        (["--centre_mm=-5,0,410.5"], {"centre_mm": (-5, 0, 410.5)}),
        (["--hand=left", "--centre_mm=5,0,410.5"], {"hand": "left", "centre_mm": (5, 0, 410.5)}),
    ],
    ids=str,
)
def test_the_table_is_that_of_predict(server, newest, protocol, folder, tmp_path, capsys, flags, how):
    address = server.address(protocol)
    assert (
        run(f"--server={address}", f"--input={folder}", FLAG, f"--output_dir={tmp_path / 'out'}", *flags) == 0
    )
    assert "3 frames, a hand in 2" in capsys.readouterr().out
    prediction.predict(newest, DepthFrames(find_images(folder), CAMERA, **how), tmp_path / "here")
    assert_same_table(table(tmp_path / "out"), table(tmp_path / "here"))


def test_a_label_chooses_the_version(server, stable, protocol, folder, tmp_path):
    address = server.address(protocol)
    out = f"--output_dir={tmp_path / 'out'}"
    assert run(f"--server={address}", f"--input={folder / 'a.png'}", FLAG, out, "--version_label=stable") == 0
    prediction.predict(stable, DepthFrames([folder / "a.png"], CAMERA), tmp_path / "here")
    assert_same_table(table(tmp_path / "out"), table(tmp_path / "here"))


def test_bench_prints_rate_and_percentiles(server, protocol, folder, tmp_path, capsys):
    flags = [f"--server={server.address(protocol)}", f"--input={folder}", FLAG, "--bench"]
    assert run(*flags, "--requests=20", "--concurrency=3") == 0
    line = capsys.readouterr().out
    number = r"(\d+\.\d+)"
    found = re.search(
        rf"20 requests, 3 at a time, in {number} s: {number} requests/s; "
        rf"latency p50 {number} ms, p90 {number} ms, p99 {number} ms",
        line,
    )
    seconds, rate, p50, p90, p99 = map(float, found.groups())
    assert 0 < p50 <= p90 <= p99 <= seconds * 1000 * 1.1
    assert seconds == pytest.approx(20 / rate, abs=0.006), "seconds are printed to a hundredth"
    assert not (tmp_path / "out").exists()


def test_check_tells_by_its_status_whether_a_label_is_loaded(server, protocol, capsys):
    address = f"--server={server.address(protocol)}"
    assert run(address, "--check", "--version_label=stable") == 0
    assert capsys.readouterr().out.strip().endswith("hand: version 1 answers")
    assert run(address, "--check", "--version_label=absent") == 2
    error = capsys.readouterr().err
    assert "Unrecognized servable version label: absent" in error and error.count("\n") == 1
    assert run(address, "--check", "--model_version=9") == 2


@pytest.mark.parametrize("scheme", ["", "http://"])
def test_check_of_no_server_fails(scheme, capsys):
    with closed_port() as port:
        assert run(f"--server={scheme}127.0.0.1:{port}", "--check", "--retries=0") == 2
    assert "not available" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--input="], "--input is required"),
        (["--camera="], "--camera is required"),
        (["--output_dir="], "--output_dir is required, unless --bench"),
        (["--camera=0,1,2,3"], "--camera=0,1,2,3: camera must be finite with positive focal lengths"),
        (["--input=gone"], "--input=gone: no such file"),
        (["--server=localhost"], "--server=localhost: expected host:port"),
        (["--version_label=x", "--model_version=1"], "--version_label and --model_version cannot"),
        (["--centre_mm=1,2"], "--centre_mm=1,2: expected 3"),
        (["--depth_scale=-1"], "depth_scale must be finite and positive"),
        (["--concurrency=0"], "concurrency"),
        (["--bench", "--server={nobody}", "--retries=0"], "not available"),
        (["--server={nobody}", "--retries=0"], "a.png: {nobody}: not available"),
        (["--server=http://{nobody}", "--retries=0"], "a.png: http://{nobody}: not available"),
    ],
    ids=str,
)
def test_a_mistake_gets_one_line(folder, tmp_path, monkeypatch, capsys, flags, message):
    monkeypatch.chdir(tmp_path)
    with closed_port() as port:
        nobody = f"127.0.0.1:{port}"
        flags = [flag.format(nobody=nobody) for flag in flags]
        before = sorted(tmp_path.rglob("*"))
        assert run("--server=h:1", "--input=in", FLAG, "--output_dir=out", *flags) == 2
    error = capsys.readouterr().err
    assert message.format(nobody=nobody) in error
    assert error.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_a_damaged_frame_among_good_ones_leaves_nothing(server, protocol, folder, tmp_path, capsys):
    (folder / "b.png").write_bytes((folder / "a.png").read_bytes()[:-30])
    out = tmp_path / "out"
    assert run(f"--server={server.address(protocol)}", f"--input={folder}", FLAG, f"--output_dir={out}") == 2
    assert "b.png: the PNG is damaged" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


def test_the_client_does_without_tensorflow():
    code = (
        "import sys, crossinfo.client.__main__, crossinfo.client.rpc, crossinfo.client.rest;"
        "from datasets.io import depth_png; from datasets.visualization import drawing;"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
