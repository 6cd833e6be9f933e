import json
import subprocess
import sys

import numpy as np
import pytest

from crossinfo import metrics
from datasets.skeletons import Skeleton

HAND = Skeleton("tiny", ("wrist", "root", "tip"), ((0, 1), (1, 2)), palm=(0, 1), finger=(2,), source="test")
# Worst joints 9, 20, 35, 100; means 5, 20, 15, 100.
ERRORS_MM = np.array([[1.0, 5.0, 9.0], [20.0, 20.0, 20.0], [5.0, 5.0, 35.0], [100.0, 100.0, 100.0]])


def test_an_error_is_the_distance_in_space():
    truth_mm = np.zeros((1, 2, 3))
    predicted_mm = np.array([[[3, 4, 0], [2, -3, 6]]], np.float32)
    np.testing.assert_array_equal(metrics.joint_errors_mm(predicted_mm, truth_mm), [[5, 7]])


def test_arrays_of_different_shape_are_not_broadcast():
    with pytest.raises(ValueError, match=r"\(1, 2, 3\) and \(5, 2, 3\)"):
        metrics.joint_errors_mm(np.zeros((1, 2, 3)), np.zeros((5, 2, 3)))


def test_success_counts_frames_at_or_below_the_threshold():
    np.testing.assert_array_equal(
        metrics.success_max(ERRORS_MM, [8, 9, 20, 34.9, 100]), [0, 0.25, 0.5, 0.5, 1]
    )
    np.testing.assert_array_equal(metrics.success_mean(ERRORS_MM, [4, 5, 15, 20]), [0, 0.25, 0.5, 0.75])


def test_success_of_joints_counts_every_joint_for_itself():
    shares = metrics.success_joints(ERRORS_MM, [0.5, 1, 5, 20, 100])
    np.testing.assert_allclose(shares, np.array([0, 1, 4, 8, 12]) / 12)


def test_each_frame_has_its_mean_and_its_worst_joint():
    np.testing.assert_array_equal(metrics.frame_mean_mm(ERRORS_MM), [5, 20, 15, 100])
    np.testing.assert_array_equal(metrics.frame_max_mm(ERRORS_MM), [9, 20, 35, 100])


def test_each_subject_has_the_mean_of_its_frames():
    subjects = {"s1": np.array([0, 2]), "s2": np.array([1, 3]), "nobody": np.array([], int)}
    found = metrics.by_subject(ERRORS_MM, subjects)
    assert found == {
        "s1": {"frames": 2, "mean_error_mm": pytest.approx(10)},
        "s2": {"frames": 2, "mean_error_mm": 60},
    }
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("worst_mm, area", [(0.0, 1.0), (40.0, 40.5 / 80), (80.0, 0.5 / 80), (80.1, 0.0)])
def test_area_of_one_step(worst_mm, area):
    # A step up at a whole millimetre adds half a trapezium below it.
    assert metrics.auc_max([[0.0, worst_mm]]) == pytest.approx(area, abs=1e-12)


def test_a_summary_holds_every_figure():
    assert metrics.summary(ERRORS_MM, HAND) == {
        "mean_error_mm": pytest.approx(35),
        "median_error_mm": 20,
        "per_joint_error_mm": {"wrist": 31.5, "root": 32.5, "tip": 41},
        "palm_error_mm": 32,
        "finger_error_mm": 41,
        "success_max": {"10": 0.25, "20": 0.5, "30": 0.5, "40": 0.75},
        "success_mean": {"10": 0.25, "20": 0.75, "30": 0.75, "40": 0.75},
        "success_joints": {
            "10": pytest.approx(5 / 12),
            "20": pytest.approx(8 / 12),
            "30": pytest.approx(8 / 12),
            "40": 0.75,
        },
        "auc_max_0_80": pytest.approx((71.5 + 60.5 + 45.5) / 80 / 4),
    }


@pytest.mark.parametrize("shape", [(0, 3), (4, 2), (3,)])
def test_errors_that_do_not_fit_the_skeleton_are_refused(shape):
    with pytest.raises(ValueError, match="Received"):
        metrics.summary(np.zeros(shape), HAND)


def test_a_notebook_reads_and_scores_without_tensorflow(tmp_path):
    (tmp_path / "a.txt").write_text("1 2 300 " * 14)
    (tmp_path / "submission.txt").write_text("image_D00000001.png" + " 1 2 300" * 21)
    program = f"""
import sys
from crossinfo import metrics
from crossinfo.metrics import angles
from crossinfo.metrics import confidence
from crossinfo.metrics import prediction_files
from crossinfo.metrics import published
from datasets import registry
nyu, hands17 = registry.get("nyu"), registry.get("hands17")
truth_mm, methods, names = prediction_files.read_methods(nyu, r"{tmp_path}/a.txt", [r"{tmp_path}/a.txt"])
errors_mm = metrics.joint_errors_mm(methods["a"], truth_mm)
metrics.summary(errors_mm, nyu.skeleton), metrics.by_subject(errors_mm, nyu.subjects(1))
angles.yaw_pitch(truth_mm, nyu.skeleton), confidence.mean_interval(errors_mm), published.of("nyu")
prediction_files.read_joints(r"{tmp_path}/submission.txt", hands17, "submission")
print(sorted({{"tensorflow", "keras"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
