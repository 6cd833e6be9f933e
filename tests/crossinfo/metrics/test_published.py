"""What is listed as published, and what this project measures on the published files."""

import functools

import numpy as np
import pytest

from crossinfo import metrics
from crossinfo.metrics import prediction_files, published
from datasets import registry
from tests.helpers import shared

NAMES = {
    "CVPR19_NYU_CrossInfoNet": "CrossInfoNet",
    "CVPR18_NYU_V2V_PoseNet": "V2V-PoseNet",
    "CVPR18_NYU_denseReg": "DenseReg",
    "NEUCOM18_NYU_Pose_REN": "Pose-REN",
    "ICCVW17_NYU_DeepPrior++": "DeepPrior++",
    "CVPR19_ICVL_CrossInfoNet": "CrossInfoNet",
    "CVPR18_ICVL_V2V_PoseNet": "V2V-PoseNet",
    "ECCV18_ICVL_Point-to-Point": "Point-to-Point",
    "NEUCOM18_ICVL_Pose_REN": "Pose-REN",
    "CVPR18_ICVL_denseReg": "DenseReg",
}
DATASETS = ("nyu", "icvl", "msra", "hands17")
# In label order.
CROSSINFONET_NYU_MM = (
    12.50, 8.42, 12.33, 7.87, 12.81, 8.15, 13.96, 9.71, 11.49, 8.80, 8.71, 9.22, 10.28, 6.86,
)  # fmt: skip


def listed(dataset, name):
    (found,) = (value for value in published.of(dataset) if value.name == name)
    return found


@functools.cache
def measured(dataset):
    """{name of the file: errors_mm} of a dataset's published files."""
    labels = shared.path(f"published/{dataset}/{dataset}_test_groundtruth_label.txt")
    paths = [labels.with_name(f"{name}.txt") for name in NAMES if f"_{dataset.upper()}_" in name]
    truth_mm, methods, _ = prediction_files.read_methods(registry.get(dataset), labels, paths)
    return {name: metrics.joint_errors_mm(joints_mm, truth_mm) for name, joints_mm in methods.items()}


def dataset_of(name):
    return name.split("_")[1].lower()


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_value_has_its_source_and_can_be_true(dataset):
    values = published.of(dataset)
    assert len({value.name for value in values}) == len(values) >= 9
    for value in values:
        assert value.source and value.centre and 4 < value.mean_error_mm < 25, value
        assert value.success_max_20 is None or 0.5 < value.success_max_20 < 1, value
        assert value.measured == (value.source == published.SCORED), value


@pytest.mark.parametrize("dataset", DATASETS)
def test_values_are_sorted_by_error(dataset):
    errors_mm = [value.mean_error_mm for value in published.of(dataset)]
    assert errors_mm == sorted(errors_mm)


def test_nyus_subjects_make_up_the_mean():
    values = [value for value in published.of("nyu") if value.parts_mm]
    assert len(values) == 11
    for value in values:
        whole_mm = (2440 * value.parts_mm["s1"] + 5812 * value.parts_mm["s2"]) / 8252
        assert value.mean_error_mm == pytest.approx(whole_mm, abs=0.01), value


def test_hands17s_seen_and_unseen_persons_lie_about_the_mean():
    values = [value for value in published.of("hands17") if value.parts_mm]
    assert len(values) == 5
    for value in values:
        assert value.parts_mm["seen"] < value.mean_error_mm < value.parts_mm["unseen"], value


def test_nothing_is_published_on_synthetic_hands():
    assert published.of("synthetic") == ()


def test_ground_truth_centres_are_marked():
    assert listed("nyu", "VView, 25 uniform views").centre == "gt"
    assert listed("nyu", "CrossInfoNet").centre == "file (V2V-PoseNet's)"


@pytest.mark.parametrize("file_name", NAMES)
def test_a_published_file_scores_as_listed(file_name):
    dataset = dataset_of(file_name)
    value, errors_mm = listed(dataset, NAMES[file_name]), measured(dataset)[file_name]
    assert errors_mm.mean() == pytest.approx(value.mean_error_mm, abs=0.001)
    if value.success_max_20 is not None:
        assert metrics.success_max(errors_mm, [20])[0] == pytest.approx(value.success_max_20, abs=0.001)
    subjects = metrics.by_subject(errors_mm, registry.get(dataset).subjects(len(errors_mm)))
    for name, mean_mm in value.parts_mm.items():
        assert subjects[name]["mean_error_mm"] == pytest.approx(mean_mm, abs=0.005)


@pytest.mark.parametrize("dataset, palm_mm, finger_mm", [("icvl", 5.65, 7.38), ("nyu", 8.67, 12.62)])
def test_crossinfonets_palm_and_fingers(dataset, palm_mm, finger_mm):
    errors_mm = measured(dataset)[f"CVPR19_{dataset.upper()}_CrossInfoNet"]
    found = metrics.summary(errors_mm, registry.get(dataset).skeleton)
    assert found["palm_error_mm"] == pytest.approx(palm_mm, abs=0.005)
    assert found["finger_error_mm"] == pytest.approx(finger_mm, abs=0.005)


def test_crossinfonets_joints_on_nyu():
    errors_mm = measured("nyu")["CVPR19_NYU_CrossInfoNet"]
    np.testing.assert_allclose(errors_mm.mean(axis=0), CROSSINFONET_NYU_MM, atol=0.005)
