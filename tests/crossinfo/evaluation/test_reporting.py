import dataclasses
import json

import numpy as np
import pytest

from crossinfo.evaluation import reporting
from crossinfo.metrics import prediction_files
from datasets import registry

MSRA = registry.get("msra")


def test_report_and_predictions_are_written(predictions, split, tmp_path):
    content = reporting.write_report(predictions, "middle", MSRA, "com", tmp_path, "test", [split])
    assert content == json.loads((tmp_path / "report.json").read_text())
    assert content["selected_on"] == "test" and set(content["methods"]) == {"middle", "mean_pose"}
    uvd = prediction_files.read(tmp_path / "predictions.txt", 21, 15)
    np.testing.assert_allclose(uvd[..., 2], predictions.joints_mm[..., 2], atol=1e-3)
    errors_mm = np.linalg.norm(predictions.joints_mm - predictions.truth_mm, axis=-1)
    assert content["methods"]["middle"]["mean_error_mm"] == pytest.approx(errors_mm.mean(), abs=1e-3)


def test_a_network_called_as_the_mean_pose_stays_beside_it(predictions, split, tmp_path):
    content = reporting.write_report(predictions, "mean_pose", MSRA, "com", tmp_path, "test", [split])
    assert set(content["methods"]) == {"mean_pose_network", "mean_pose"}


def test_a_frame_without_a_hand_is_a_row_of_zeros(predictions, tmp_path):
    joints_mm = predictions.joints_mm.copy()
    joints_mm[2] = 0
    reporting.write_predictions(dataclasses.replace(predictions, joints_mm=joints_mm), MSRA, tmp_path)
    uvd = prediction_files.read(tmp_path / "predictions.txt", 21, 15)
    assert not uvd[2].any() and uvd[1].all()
    assert not (tmp_path / "submission.txt").exists()


def test_hidden_labels_give_a_submission(predictions, tmp_path):
    names = [f"image_D{index:08d}.png" for index in range(15)]
    reporting.write_predictions(predictions, registry.get("hands17"), tmp_path, names)
    first = (tmp_path / "submission.txt").read_text().splitlines()[0].split()
    assert first[0] == names[0] and len(first) == 64


def test_frames_are_drawn_where_their_joints_are(split):
    picture = reporting.frame_pictures(MSRA, [(split.reader, [7, 2])])(1)
    joints_mm = split.reader.joints_mm[2]
    pixels = picture.project(joints_mm)
    side = picture.image.shape[0]
    assert picture.image.shape == (side, side, 3) and ((0 <= pixels) & (pixels < side)).mean() > 0.9
    seen = picture.image.any(axis=-1) & (picture.image.std(axis=-1) < 1)
    at = np.clip(pixels.round().astype(int), 0, side - 1)
    assert seen[at[:, 1], at[:, 0]].mean() > 0.6, "joints lie on the hand"
