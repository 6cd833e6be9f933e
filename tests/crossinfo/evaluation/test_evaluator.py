import dataclasses

import numpy as np
import pytest

from crossinfo import config, model
from crossinfo.evaluation import evaluator
from datasets import registry
from tests.crossinfo.evaluation.conftest import CARD, answer_middle

MSRA = registry.get("msra")


@pytest.fixture(scope="module")
def outputs_of():
    return evaluator.network_function(
        model.build(config.variant_for("compact", MSRA.skeleton).network, card=CARD)
    )


def test_every_frame_is_predicted_once_in_file_order(predictions, msra_root):
    reader = MSRA.open(msra_root, "test")
    assert len(predictions) == len(reader) == 15 and predictions.valid.all()
    np.testing.assert_allclose(predictions.truth_mm, reader.joints_mm, atol=1e-3)
    np.testing.assert_allclose(predictions.joints_mm[:, 3], predictions.centre_mm + [0, 0, 50], atol=1e-3)


def test_the_mean_pose_stands_at_each_centre(predictions):
    np.testing.assert_allclose(predictions.mean_pose_mm[:, 5], predictions.centre_mm + 25, atol=1e-3)


def test_a_card_without_a_mean_pose_gives_none(split):
    card = dataclasses.replace(CARD, mean_pose=None)
    predictions = evaluator.predict(evaluator.crop_function(answer_middle), split.shard_set, card)
    assert predictions.mean_pose_mm is None and predictions.details == {}


def test_a_network_is_scored_with_its_losses_and_heat_maps(outputs_of, split):
    predictions = evaluator.predict(outputs_of, split.shard_set, CARD, batch_size=4)
    parts = {
        name: predictions.losses[name] for name in ("hand", "palm", "finger", "hand_heatmap", "total_data")
    }
    assert all(part.shape == (15,) and (part > 0).all() for part in parts.values())
    # Equation (4) of the joints that it answers.
    half = predictions.cube_mm[:, None, None] / 2
    squares = ((predictions.joints_mm - predictions.truth_mm) / half) ** 2
    np.testing.assert_allclose(parts["hand"], squares.sum(axis=(1, 2)), rtol=1e-3)
    peaks_px = predictions.heatmap_peak_error_px
    assert ((0 < peaks_px) & (peaks_px < 140)).all()


def test_peaks_are_compared_in_crop_pixels():
    expected, predicted = np.zeros((2, 1, 24, 24, 2), np.float32)
    expected[0, 3, 5, 0] = predicted[0, 6, 9, 0] = 1  # 3 and 4 cells of 4 pixels; the other joint is outside
    assert evaluator.heatmap_peak_error_px(expected, predicted).numpy() == pytest.approx([20])


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


def test_the_error_by_each_centre(predictions, split):
    """An answer that hangs on the centre alone is better the better the centre is."""
    outputs_of = evaluator.crop_function(answer_middle)
    measured = evaluator.with_errors_by_centre(predictions, outputs_of, split, CARD).errors_by_centre_mm
    errors_mm = np.linalg.norm(predictions.joints_mm - predictions.truth_mm, axis=-1).mean(axis=1)
    np.testing.assert_allclose(measured["com"], errors_mm, rtol=1e-5)
    middle = split.reader.joints_mm.mean(axis=1, keepdims=True) + [0, 0, 50]
    expected = np.linalg.norm(middle - split.reader.joints_mm, axis=-1).mean(axis=1)
    np.testing.assert_allclose(measured["gt"], expected, atol=0.01)
    assert set(measured) == {"com", "gt"}
