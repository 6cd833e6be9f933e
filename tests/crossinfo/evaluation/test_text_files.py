import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from crossinfo.evaluation.text_files import FileEvaluation
from crossinfo.metrics import prediction_files
from datasets import registry
from datasets.errors import InputError

MSRA = registry.get("msra")


@pytest.fixture
def evaluation(msra_root, tmp_path):
    """The labels of the test split, and predictions 3 mm and 5 mm off them."""
    truth_mm = MSRA.open(msra_root, "test").joints_mm
    for name, offset_mm in (("labels", 0), ("near", 3), ("far", 5)):
        prediction_files.write_xyz(tmp_path / f"{name}.txt", truth_mm + [offset_mm, 0, 0], MSRA)
    return FileEvaluation(
        dataset="msra",
        labels=tmp_path / "labels.txt",
        predictions=[tmp_path / "far.txt", tmp_path / "near.txt"],
        report_dir=tmp_path / "report",
        format="xyz",
    )


def test_methods_are_scored_under_their_files_names(evaluation):
    report = evaluation.run()
    assert report == json.loads((evaluation.report_dir / "report.json").read_text())
    assert report["best"] == "near" and report["frames"] == 15 and report["centre"] == "unknown"
    assert report["methods"]["far"]["mean_error_mm"] == pytest.approx(5, abs=1e-3)


def test_centre_and_angles_are_taken_as_given(evaluation, tmp_path):
    (tmp_path / "angles.txt").write_text("11 21\n" * 15)
    report = dataclasses.replace(evaluation, centre="gt", angles=tmp_path / "angles.txt").run()
    assert report["centre"] == "gt"
    frames = dict(zip(report["angles"]["yaw"]["centres_deg"], report["angles"]["yaw"]["frames"], strict=True))
    assert frames[11] == 15 and sum(frames.values()) == 15


def test_poses_are_drawn_on_the_datasets_frames(evaluation, msra_root):
    evaluation.run()
    assert "data:image/jpeg" not in (evaluation.report_dir / "report.html").read_text()
    dataclasses.replace(evaluation, data_dir=msra_root).run()
    assert "data:image/jpeg" in (evaluation.report_dir / "report.html").read_text()


def test_frames_of_another_split_are_refused(evaluation, msra_root, tmp_path):
    path = tmp_path / "labels.txt"
    np.savetxt(path, np.loadtxt(path)[:4])
    fewer = dataclasses.replace(evaluation, predictions=[path], data_dir=msra_root)
    with pytest.raises(InputError, match=f"^`data_dir`={msra_root}: 15 test frames, but 4 rows in {path}$"):
        fewer.run()
    assert not evaluation.report_dir.exists()


def test_files_are_scored_without_tensorflow(tmp_path):
    (tmp_path / "a.txt").write_text("1 2 300 " * 14)
    program = f"""
import sys
from crossinfo.evaluation.text_files import FileEvaluation
FileEvaluation("nyu", r"{tmp_path}/a.txt", [r"{tmp_path}/a.txt"], r"{tmp_path}/report").run()
print(sorted({{"tensorflow", "keras"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
