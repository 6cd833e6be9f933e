"""Each dataset by the same command line: one epoch of ``compact``, then all three centre modes."""

import json

import numpy as np
import pytest

from crossinfo.flags import EVALUATE, TRAIN
from datasets import command_line, registry, synthetic
from evaluate import main as evaluate
from train import main as train

FRAMES = 180


def run(tool, main, *flags):
    with pytest.raises(SystemExit) as end:
        command_line.run(tool, main, [str(flag) for flag in flags])
    return end.value.code


def write_centres(path, dataset, reader):
    """The labels' mean in the axes of the dataset's published centre files, with names."""
    up = np.float32([1, -1 if dataset.files_y_up else 1, 1])
    centres_mm = reader.joints_mm.mean(axis=1) * up
    path.write_text("".join(f"{x} {y} {z}\n" for x, y, z in centres_mm))
    return path


@pytest.mark.slow
@pytest.mark.parametrize("name", ["msra", "nyu", "icvl", "hands17"])
def test_one_epoch_and_three_centre_modes(name, tmp_path):
    dataset, root, work_dir = registry.get(name), tmp_path / "data", tmp_path / "run"
    synthetic.write(name, FRAMES, 5, root)
    common = [f"--dataset={name}", f"--data_dir={root}", "--workers=0"]
    short = ["--variant=compact", "--epochs=1", "--batch_size=16", f"--work_dir={work_dir}"]
    assert run(TRAIN, train, *common, *short) == 0
    report = json.loads((work_dir / "report" / "report.json").read_text())
    assert report["dataset"] == name and report["methods"]["run"]["mean_error_mm"] < 200
    hidden = name == "hands17"
    assert (work_dir / "report" / "submission.txt").exists() == hidden
    modes = [["--centre=com"]]
    if not hidden:
        test_file = write_centres(tmp_path / "test.txt", dataset, dataset.open(root, "test"))
        modes += [["--centre=gt"], [f"--centre_file={test_file}"]]
    errors = []
    for number, mode in enumerate(modes):
        report_dir = tmp_path / f"report{number}"
        flags = [*common, *mode, f"--model={work_dir}", f"--report_dir={report_dir}"]
        assert run(EVALUATE, evaluate, *flags) == 0
        assert (report_dir / "predictions.txt").exists()
        if not hidden:
            report = json.loads((report_dir / "report.json").read_text())
            errors.append(report["methods"]["run"]["mean_error_mm"])
    # The file holds the ground-truth centres, so both modes must crop, and err, alike.
    assert hidden or errors[1] == pytest.approx(errors[2], abs=0.01)


def test_ground_truth_centres_of_hidden_labels_are_refused(tmp_path, capsys):
    root = tmp_path / "data"
    synthetic.write("hands17", 18, 5, root, workers=1)
    flags = ["--dataset=hands17", f"--data_dir={root}", "--centre=gt", f"--work_dir={tmp_path / 'run'}"]
    assert run(TRAIN, train, *flags, "--variant=compact", "--batch_size=4", "--workers=0") == 2
    assert "labels" in capsys.readouterr().err.splitlines()[-1]
