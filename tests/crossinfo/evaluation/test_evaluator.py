import json

import numpy as np
import pytest

from crossinfo import config, model
from crossinfo.card import card_for
from crossinfo.evaluation import evaluator
from crossinfo.metrics import prediction_files
from datasets import registry, shards

MSRA = registry.get("msra")


CARD = card_for("compact", MSRA, 200, "com", np.full((21, 3), 0.25))


@pytest.fixture(scope="module")
def split(msra_root, tmp_path_factory):
    source = shards.Source("msra", str(msra_root), "test", "com", (200.0,))
    return evaluator.Split(source, source.open(), tmp_path_factory.mktemp("shards"), 0)


@pytest.fixture(scope="module")
def found(split):
    return evaluator.predict(evaluator.crop_function(backwards), split.shard_set, CARD, batch_size=4)


@pytest.fixture(scope="module")
def outputs_of():
    return evaluator.network_function(
        model.build(config.variant_for("compact", MSRA.skeleton).network, card=CARD)
    )


def backwards(crop):
    """A network that always answers the crop's middle, moved back by a quarter of the cube."""
    return np.tile(np.float32([0, 0, 0.5]), (len(crop), 21, 1))


def test_every_frame_is_predicted_once_in_file_order(found, msra_root):
    reader = MSRA.open(msra_root, "test")
    assert len(found["joints_mm"]) == len(reader) == 15 and found["valid"].all()
    np.testing.assert_allclose(found["truth_mm"], reader.joints_mm, atol=1e-3)
    np.testing.assert_allclose(found["joints_mm"][:, 3], found["centre_mm"] + [0, 0, 50], atol=1e-3)


def test_the_mean_pose_stands_at_each_centre(found):
    np.testing.assert_allclose(found["mean_pose_mm"][:, 5], found["centre_mm"] + 25, atol=1e-3)


def test_a_frame_without_a_hand_counts_as_zeros(found):
    joints_mm = found["joints_mm"].copy()
    joints_mm[2] = 0
    uvd = evaluator._uvd(joints_mm, MSRA.camera)
    assert not uvd[2].any() and np.isfinite(uvd).all() and uvd[1].all()


def test_results_are_joined_in_order(found):
    whole = evaluator.join([found, found])
    assert len(whole["joints_mm"]) == 30
    np.testing.assert_array_equal(whole["centre_mm"][15:], found["centre_mm"])


def test_a_network_is_scored_with_its_losses_and_heat_maps(outputs_of, split):
    measured = evaluator.predict(outputs_of, split.shard_set, CARD, batch_size=4)
    parts = {
        name: measured[f"loss/{name}"] for name in ("hand", "palm", "finger", "hand_heatmap", "total_data")
    }
    assert all(part.shape == (15,) and (part > 0).all() for part in parts.values())
    # Equation (4) of the joints that it answers.
    half = measured["cube_mm"][:, None, None] / 2
    squares = ((measured["joints_mm"] - measured["truth_mm"]) / half) ** 2
    np.testing.assert_allclose(parts["hand"], squares.sum(axis=(1, 2)), rtol=1e-3)
    assert ((0 < measured["heatmap_peak_error_px"]) & (measured["heatmap_peak_error_px"] < 140)).all()


def test_peaks_are_compared_in_crop_pixels():
    expected, found = np.zeros((2, 1, 24, 24, 2), np.float32)
    expected[0, 3, 5, 0] = found[0, 6, 9, 0] = 1  # 3 and 4 cells of 4 pixels; the other joint is outside
    assert evaluator._peak_error_px(expected, found).numpy() == pytest.approx([20])


def test_validation_gives_the_reports_metrics_flat(outputs_of, split):
    values = evaluator.validate(outputs_of, split.shard_set, CARD)
    names = {
        "error_mm",
        "median_error_mm",
        "palm_error_mm",
        "success_max_20",
        "auc_max_0_80",
        "total",
        "finger",
    }
    assert names | {"heatmap_peak_error_px", "per_joint_error_mm_wrist"} <= set(values)
    assert all(isinstance(value, float) for value in values.values())


def test_the_error_by_each_centre(found, split):
    """An answer that hangs on the centre alone is better the better the centre is."""
    measured = evaluator.by_centre(found, evaluator.crop_function(backwards), split, CARD)
    errors_mm = np.linalg.norm(found["joints_mm"] - found["truth_mm"], axis=-1).mean(axis=1)
    np.testing.assert_allclose(measured["centre/com"], errors_mm, rtol=1e-5)
    middle = split.reader.joints_mm.mean(axis=1, keepdims=True) + [0, 0, 50]
    expected = np.linalg.norm(middle - split.reader.joints_mm, axis=-1).mean(axis=1)
    np.testing.assert_allclose(measured["centre/gt"], expected, atol=0.01)


def test_frames_are_drawn_where_their_joints_are(split):
    picture = evaluator.frame_pictures(MSRA, [(split.reader, [7, 2])])(1)
    joints_mm = split.reader.joints_mm[2]
    pixels = picture.project(joints_mm)
    side = picture.image.shape[0]
    assert picture.image.shape == (side, side, 3) and ((0 <= pixels) & (pixels < side)).mean() > 0.9
    seen = picture.image.any(axis=-1) & (picture.image.std(axis=-1) < 1)
    at = np.clip(pixels.round().astype(int), 0, side - 1)
    assert seen[at[:, 1], at[:, 0]].mean() > 0.6, "joints lie on the hand"


def test_report_and_predictions_are_written(found, split, tmp_path):
    content = evaluator.report(found, "backwards", MSRA, "com", tmp_path, "test", [split])
    assert content == json.loads((tmp_path / "report.json").read_text())
    assert content["selected_on"] == "test" and set(content["methods"]) == {"backwards", "mean_pose"}
    uvd = prediction_files.read(tmp_path / "predictions.txt", 21, 15)
    np.testing.assert_allclose(uvd[..., 2], found["joints_mm"][..., 2], atol=1e-3)
    errors_mm = np.linalg.norm(found["joints_mm"] - found["truth_mm"], axis=-1)
    assert content["methods"]["backwards"]["mean_error_mm"] == pytest.approx(errors_mm.mean(), abs=1e-3)


def test_a_network_called_as_the_mean_pose_stays_beside_it(found, split, tmp_path):
    content = evaluator.report(found, "mean_pose", MSRA, "com", tmp_path, "test", [split])
    assert set(content["methods"]) == {"mean_pose_network", "mean_pose"}


def test_hidden_labels_give_a_submission(found, tmp_path):
    names = [f"image_D{index:08d}.png" for index in range(15)]
    evaluator.write_predictions(found, registry.get("hands17"), tmp_path, names)
    first = (tmp_path / "submission.txt").read_text().splitlines()[0].split()
    assert first[0] == names[0] and len(first) == 64
