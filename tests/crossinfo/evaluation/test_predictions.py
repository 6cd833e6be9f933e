import dataclasses

import numpy as np
import pytest

from crossinfo.evaluation.predictions import Predictions

ZEROS = np.zeros((2, 3, 3), np.float32)


def make_predictions(offset_mm=(3.0, 4.0, 0.0), **others):
    """Two frames of three joints that are all off by ``offset_mm``."""
    centre_mm, cube_mm, valid = np.float32([[0, 0, 500], [1, 2, 600]]), np.float32([200, 250]), [True, True]
    joints_mm = ZEROS + np.float32(offset_mm)
    return Predictions(joints_mm, ZEROS, centre_mm, cube_mm, np.array(valid), **others)


def test_parts_are_concatenated_in_order(predictions):
    whole = Predictions.concatenate([predictions, predictions])
    assert len(whole) == 2 * len(predictions)
    np.testing.assert_array_equal(whole.centre_mm[len(predictions) :], predictions.centre_mm)
    np.testing.assert_array_equal(whole.mean_pose_mm[: len(predictions)], predictions.mean_pose_mm)


def test_what_is_measured_by_name_is_concatenated_name_by_name():
    first, second = ({"hand": np.float32(losses)} for losses in ([1, 2], [3, 4]))
    whole = Predictions.concatenate([make_predictions(losses=first), make_predictions(losses=second)])
    np.testing.assert_array_equal(whole.losses["hand"], [1, 2, 3, 4])
    assert whole.mean_pose_mm is None and whole.errors_by_centre_mm == {}


def test_errors_are_distances_from_the_labels():
    np.testing.assert_array_equal(make_predictions().errors_mm, np.full((2, 3), 5.0))


def test_details_are_means_of_what_is_known():
    assert make_predictions().details == {}
    measured = make_predictions(
        losses={"hand": np.float32([1, 3])},
        errors_by_centre_mm={"com": np.float64([5, 8]), "gt": np.float64([4, 5])},
        heatmap_peak_error_px=np.float32([2.5, np.nan]),
    )
    assert measured.details == {
        "losses": {"hand": 2.0},
        "by_centre": {"com": 6.5, "gt": 4.5},
        "heatmap_peak_error_px": 2.5,
    }


def test_predictions_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        make_predictions().valid = None
