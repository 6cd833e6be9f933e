import json

import numpy as np
import pytest

from crossinfo import reports
from crossinfo.metrics import prediction_files
from datasets import registry
from datasets.geometry import unproject
from tests.helpers import shared


def shifted(offsets_mm, dataset="icvl", frames=30, **others):
    """Methods whose joints are all moved sideways by so many mm; every hand is turned another way."""
    dataset = registry.get(dataset)
    truth_mm = np.random.default_rng(0).uniform(
        (-60, -60, 250), (60, 60, 350), (frames, len(dataset.skeleton), 3)
    )
    methods = {name: truth_mm + (offset_mm, 0, 0) for name, offset_mm in offsets_mm.items()}
    return reports.EvaluationResults(dataset, "gt", truth_mm, methods, **others)


def test_methods_stand_by_their_mean_errors_with_all_that_the_metrics_say():
    content = reports.report(shifted({"worse": 25.0, "good": 3.0}))
    assert (content["dataset"], content["centre"], content["frames"]) == ("icvl", "gt", 30)
    assert list(content["methods"]) == ["good", "worse"] and content["best"] == "good"
    good, worse = content["methods"].values()
    assert good["mean_error_mm"] == pytest.approx(3)
    assert good["interval_95_mm"] == pytest.approx([3, 3])
    assert good["per_joint_error_mm"]["index_tip"] == pytest.approx(3)
    assert worse["success_max"] == {"10": 0, "20": 0, "30": 1, "40": 1}
    assert set(worse["success_joints"]) == {"10", "20", "30", "40"}
    assert "selected_on" not in content


def test_differences_are_to_the_best_and_zero_for_its_twin():
    differences = reports.report(shifted({"a": 5.0, "twin": 5.0, "b": 7.0}))["differences"]
    assert differences["twin"] == {"difference_mm": 0.0, "interval_95_mm": [0.0, 0.0]}
    assert differences["b"]["difference_mm"] == pytest.approx(2)
    assert "a" not in differences


def test_one_method_has_nothing_to_differ_from():
    assert reports.report(shifted({"a": 5.0}))["differences"] == {}


def test_given_angles_are_binned_and_empty_bins_are_none():
    angles_deg = np.full(30, 1.0), np.full(30, 45.0)
    bins = reports.report(shifted({"a": 5.0}, angles_deg=angles_deg))["angles"]
    yaw = bins["yaw"]
    assert yaw["frames"][yaw["centres_deg"].index(1)] == 30 and sum(yaw["frames"]) == 30
    assert yaw["mean_error_mm"]["a"][yaw["centres_deg"].index(1)] == pytest.approx(5)
    assert yaw["mean_error_mm"]["a"].count(None) == 39
    assert sum(bins["pitch"]["frames"]) == 30


def test_angles_come_from_the_labels_otherwise():
    assert sum(reports.report(shifted({"a": 5.0}))["angles"]["yaw"]["frames"]) > 0


def test_subjects_by_the_frames_names():
    names = [f"P{frame % 2}/1/{frame:06}_depth.bin" for frame in range(30)]
    found = reports.report(shifted({"a": 5.0}, "msra", names=names))["methods"]["a"]["subjects"]
    assert {name: scores["frames"] for name, scores in found.items()} == {"P0": 15, "P1": 15}


def test_published_values_are_marked():
    published = reports.report(shifted({"a": 5.0}))["published"]
    assert all({"name", "mean_error_mm", "centre", "source", "measured"} <= set(value) for value in published)
    assert any(value["measured"] for value in published) and any(
        "CrossInfoNet" in v["name"] for v in published
    )


def test_details_join_their_method_and_everything_is_json():
    results = shifted({"a": 5.0, "b": 6.0}, details={"b": {"losses": {"hand": 0.5}}}, selected_on="test")
    content = reports.report(results)
    assert content["methods"]["b"]["losses"] == {"hand": 0.5} and "losses" not in content["methods"]["a"]
    assert content["selected_on"] == "test"
    assert json.loads(json.dumps(content, allow_nan=False)) == content


def test_methods_of_other_lengths_do_not_make_a_report():
    ones = np.ones((2, 16, 3))
    with pytest.raises(ValueError, match="same frames"):
        reports.EvaluationResults(registry.get("icvl"), "com", ones, {"a": ones, "b": np.ones((3, 16, 3))})
    with pytest.raises(ValueError, match="same frames"):
        reports.EvaluationResults(registry.get("icvl"), "com", ones, {})
    with pytest.raises(ValueError, match="expected 2 names"):
        reports.EvaluationResults(registry.get("icvl"), "com", ones, {"a": ones}, names=["one"])


def test_the_published_crossinfonet_on_nyus_two_subjects():
    labels = shared.path("published/nyu/nyu_test_groundtruth_label.txt")
    nyu = registry.get("nyu")
    camera = np.asarray(nyu.metric_camera, np.float64)
    paths = labels, labels.with_name("CVPR19_NYU_CrossInfoNet.txt")
    truth_mm, found_mm = (unproject(prediction_files.read(path, 14), camera) for path in paths)
    method = reports.report(reports.EvaluationResults(nyu, "unknown", truth_mm, {"a": found_mm}))["methods"][
        "a"
    ]
    subjects = {name: scores["mean_error_mm"] for name, scores in method["subjects"].items()}
    assert subjects == pytest.approx({"s1": 5.73, "s2": 11.90}, abs=0.005)
    low_mm, high_mm = method["interval_95_mm"]
    assert low_mm < method["mean_error_mm"] < high_mm
