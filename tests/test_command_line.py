"""A user's day at the command line, end to end: train, go on, evaluate, predict, export, and mistakes."""

import csv
import json
import pathlib
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

import evaluate
import train
from crossinfo import cli, predict
from crossinfo.export import __main__ as export
from crossinfo.flags import EVALUATE, TRAIN
from datasets import command_line, synthetic

ROOT = pathlib.Path(__file__).parents[1]
SHORT = ["--variant=compact", "--epochs=1", "--batch_size=16", "--workers=0"]


def status(tool, main, *flags):
    with pytest.raises(SystemExit) as end:
        command_line.run(tool, main, [str(flag) for flag in flags])
    return end.value.code


def train_status(*flags):
    return status(TRAIN, train.main, *flags)


def evaluate_status(*flags):
    return status(EVALUATE, evaluate.main, *flags)


def one_line(capsys):
    """The only line on standard error."""
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    return lines[0]


@pytest.fixture(scope="module")
def work_dir(msra_root, tmp_path_factory):
    work_dir = tmp_path_factory.mktemp("runs") / "short"
    assert (
        train_status("--dataset=synthetic", f"--data_dir={msra_root}", f"--work_dir={work_dir}", *SHORT) == 0
    )
    return work_dir


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    """Two depth PNGs of hands, as a camera would save them."""
    folder = tmp_path_factory.mktemp("frames")
    for index in range(2):
        record = synthetic.frame(11, index)
        cv2.imwrite(str(folder / f"{index:03d}.png"), record.depth_mm.round().astype(np.uint16))
    return folder


def test_training_leaves_what_the_readme_promises(work_dir):
    for name in (
        "config.json",
        "metrics.csv",
        "model.keras",
        "export/1/saved_model.pb",
        "report/report.json",
    ):
        assert (work_dir / name).is_file(), name
    assert (work_dir / "checkpoints" / "checkpoint").is_file()
    assert list((work_dir / "tensorboard").iterdir())
    report = json.loads((work_dir / "report" / "report.json").read_text())
    assert report["centre"] == "com" and report["frames"] == 15
    assert set(report["methods"]) == {"short", "mean_pose"}
    with open(work_dir / "metrics.csv", newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["0"]


def test_the_same_command_goes_on_and_other_settings_are_refused(work_dir, msra_root, capsys):
    flags = ["--dataset=synthetic", f"--data_dir={msra_root}", f"--work_dir={work_dir}", *SHORT]
    before = (work_dir / "metrics.csv").read_text()
    assert train_status(*flags) == 0
    assert (work_dir / "metrics.csv").read_text() == before
    capsys.readouterr()
    assert train_status(*flags, "--seed=1") == 2
    assert "seed was 0 and is now 1" in one_line(capsys)


def test_every_kind_of_model_evaluates_to_the_trainings_report(work_dir, tmp_path):
    expected = json.loads((work_dir / "report" / "report.json").read_text())["methods"]["short"]
    for model in (work_dir, work_dir / "export" / "1"):
        flags = [
            f"--model={model}",
            f"--data_dir={json.loads((work_dir / 'config.json').read_text())['data_dir']}",
        ]
        report_dir = tmp_path / model.name
        assert evaluate_status(*flags, f"--report_dir={report_dir}", "--workers=0") == 0
        methods = json.loads((report_dir / "report.json").read_text())["methods"]
        assert methods["short"]["mean_error_mm"] == pytest.approx(expected["mean_error_mm"], abs=1e-3)
    rows = np.loadtxt(report_dir / "predictions.txt")
    assert rows.shape == (15, 63)


def test_predict_and_the_export_alone_agree(work_dir, frames, tmp_path):
    """The export is run by a process that knows TensorFlow and nothing of this project."""
    camera = "241.42,241.42,160,120"
    flags = [f"--model={work_dir}", f"--input={frames}", f"--camera={camera}", f"--output_dir={tmp_path}"]
    assert status(predict.COMMAND, predict.main, *flags) == 0
    with open(tmp_path / "joints.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    written = np.array([[float(row[key]) for key in ("x_mm", "y_mm", "z_mm")] for row in rows]).reshape(
        2, 21, 3
    )
    script = f"""
import sys
sys.modules |= {{"crossinfo": None, "datasets": None}}
import numpy as np, tensorflow as tf
files = {[str(path) for path in sorted(frames.glob("*.png"))]!r}
images = [tf.io.decode_png(tf.io.read_file(f), dtype=tf.uint16)[..., 0] for f in files]
depth = tf.cast(tf.stack(images), tf.float32)
camera = tf.constant([[{camera}]] * 2, tf.float32)
served = tf.saved_model.load({str(work_dir / "export" / "1")!r}).signatures["serving_default"]
np.save({str(tmp_path / "served.npy")!r}, served(depth=depth, camera=camera)["joints_mm"])
"""
    subprocess.run([sys.executable, "-I", "-c", script], check=True, cwd=tmp_path, capture_output=True)
    np.testing.assert_allclose(np.load(tmp_path / "served.npy"), written, atol=0.01)
    assert len(list(tmp_path.glob("*_overlay.png"))) == 2


def test_an_export_is_never_overwritten(work_dir, capsys):
    flags = [f"--model={work_dir}", f"--export_dir={work_dir / 'export'}"]
    assert status(export.COMMAND, export.main, *flags, "--version=1") == 2
    assert "1" in one_line(capsys)


@pytest.mark.parametrize("make", [False, True], ids=["missing", "empty"])
def test_a_missing_or_empty_data_dir_is_named(make, tmp_path, capsys):
    data_dir = tmp_path / "data"
    if make:
        data_dir.mkdir()
    code = train_status("--dataset=msra", f"--data_dir={data_dir}", f"--work_dir={tmp_path / 'run'}", *SHORT)
    assert code == 2
    assert str(data_dir) in one_line(capsys)


def test_a_real_dataset_needs_its_data_dir(tmp_path, capsys):
    assert train_status("--dataset=msra", f"--work_dir={tmp_path / 'run'}", *SHORT) == 2
    assert "--data_dir" in one_line(capsys)


def test_a_wrong_centre_file_leaves_nothing_behind(msra_root, tmp_path, capsys):
    centre_file = tmp_path / "centres.txt"
    centre_file.write_text("0 0 400\n" * 3)
    flags = [f"--data_dir={msra_root}", f"--centre_file={centre_file}", f"--work_dir={tmp_path / 'run'}"]
    assert train_status("--dataset=msra", *flags, *SHORT) == 2
    assert "expected 120 centres, one per frame, found 3" in one_line(capsys)
    assert not (tmp_path / "run").exists()


def test_a_truncated_test_frame_is_named(msra_root, work_dir, tmp_path, capsys):
    root = tmp_path / "msra"
    shutil.copytree(msra_root, root)
    victim = sorted((root / "P0").rglob("*_depth.bin"))[0]
    victim.write_bytes(victim.read_bytes()[:-10])
    capsys.readouterr()
    assert evaluate_status(f"--model={work_dir}", f"--data_dir={root}", f"--report_dir={tmp_path / 'r'}") == 2
    assert victim.name in capsys.readouterr().err.strip().splitlines()[-1]
    assert not (tmp_path / "r" / "report.json").exists()


def test_centres_from_labels_only_when_asked_for_by_name(work_dir, msra_root, tmp_path):
    flags = [f"--model={work_dir}", f"--data_dir={msra_root}", f"--report_dir={tmp_path}", "--workers=0"]
    assert evaluate_status(*flags, "--centre=gt") == 0
    assert json.loads((tmp_path / "report.json").read_text())["centre"] == "gt"


@pytest.mark.parametrize(
    "flags, word",
    [
        (["--no_such_flag=1"], "no_such_flag"),
        (["--variant=huge"], "variant"),
        (["--batch_size=0"], "batch_size"),
        (["--work_dir=run", "stray"], "stray"),
        ([], "work_dir"),
    ],
)
def test_a_wrong_flag_is_one_line(flags, word, capsys):
    assert train_status(*flags) == 2
    assert word in one_line(capsys)


def test_too_few_frames_for_a_batch_leave_nothing(msra_root, tmp_path, capsys):
    flags = [f"--work_dir={tmp_path / 'run'}", "--dataset=msra", f"--data_dir={msra_root}", *SHORT]
    assert train_status(*flags, "--max_frames=4") == 2
    assert "--batch_size=16: more than the 4 training frames" in one_line(capsys)
    assert not (tmp_path / "run").exists()


def test_flags_page_is_up_to_date():
    assert (ROOT / "flags.md").read_text() == cli.flags_page(), "run: python -m crossinfo.cli"


def test_a_mistake_costs_no_traceback_in_a_real_process(tmp_path):
    done = subprocess.run(
        [
            sys.executable,
            ROOT / "train.py",
            "--dataset=msra",
            f"--data_dir={tmp_path / 'no'}",
            f"--work_dir={tmp_path}",
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1 and "Traceback" not in done.stderr
