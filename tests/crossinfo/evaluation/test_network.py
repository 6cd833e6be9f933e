import dataclasses
import json

import keras
import numpy as np
import pytest

from crossinfo import config, model
from crossinfo.evaluation import network
from crossinfo.evaluation.network import NetworkEvaluation
from crossinfo.export import saved_model
from datasets import registry, shards, synthetic
from datasets.errors import InputError
from tests.crossinfo.conftest import SMALL
from tests.crossinfo.evaluation.conftest import CARD


@pytest.fixture(scope="module")
def work_dir(tmp_path_factory):
    """A work directory with ``model.keras`` and an export of a small network for MSRA's 21 joints."""
    keras.utils.set_random_seed(7)
    work_dir = tmp_path_factory.mktemp("runs") / "tiny"
    work_dir.mkdir()
    small = model.build(config.NetworkConfig(21, 6, 15, **SMALL), card=CARD)
    model.save(small, work_dir / "model.keras")
    saved_model.export(small, work_dir / "export", version=1)
    return work_dir


@pytest.fixture
def evaluation(work_dir, msra_root, tmp_path):
    source = shards.Source("msra", str(msra_root), "test", "com", ())
    return NetworkEvaluation(work_dir, source, tmp_path / "report", workers=0)


def test_a_network_is_scored_with_all_that_it_measures(evaluation):
    report = evaluation.run()
    assert report == json.loads((evaluation.report_dir / "report.json").read_text())
    assert report["frames"] == 15 and report["centre"] == "com" and report["selected_on"] == "validation"
    assert set(report["methods"]) == {"tiny", "mean_pose"}
    scores = report["methods"]["tiny"]
    assert set(scores["by_centre"]) == {"com", "gt"} and {"hand", "total"} <= set(scores["losses"])
    assert scores["by_centre"]["com"] == pytest.approx(scores["mean_error_mm"], abs=1e-3)
    assert (evaluation.report_dir / "predictions.txt").exists()


def test_an_export_scores_as_its_network_does(evaluation, work_dir, tmp_path):
    exported = dataclasses.replace(
        evaluation, model=work_dir / "export" / "1", report_dir=tmp_path / "export", by_centre=False
    )
    scores, expected = (each.run()["methods"]["tiny"] for each in (exported, evaluation))
    assert scores["mean_error_mm"] == pytest.approx(expected["mean_error_mm"], abs=1e-3)
    assert scores.keys().isdisjoint({"losses", "by_centre"})


def test_cropped_frames_are_kept_where_they_are_wanted(evaluation, tmp_path):
    dataclasses.replace(evaluation, cache_dir=tmp_path / "cache", by_centre=False).run()
    assert list((tmp_path / "cache").rglob("*.tfrecord*"))
    assert not (evaluation.report_dir / "shards").exists()


def test_msras_nine_splits_make_one_report(evaluation, work_dir):
    report = dataclasses.replace(evaluation, all_subjects=True, by_centre=False).run()
    assert report["frames"] == 135
    assert set(report["methods"]) == {work_dir.name, "mean_pose"}
    assert len(np.loadtxt(evaluation.report_dir / "predictions.txt")) == 135


def test_a_network_of_other_joints_is_refused(evaluation, tmp_path):
    synthetic.write("icvl", 20, 1, tmp_path / "icvl", workers=1)
    source = dataclasses.replace(evaluation.source, dataset="icvl", data_dir=str(tmp_path / "icvl"))
    with pytest.raises(InputError, match="`dataset`=icvl: has 16 joints, but .*tiny gives 21"):
        dataclasses.replace(evaluation, source=source).run()


def test_hidden_labels_give_a_submission_and_no_report(evaluation, tmp_path):
    synthetic.write("hands17", 18, 5, tmp_path / "hands17", workers=1)
    source = dataclasses.replace(evaluation.source, dataset="hands17", data_dir=str(tmp_path / "hands17"))
    assert dataclasses.replace(evaluation, source=source).run() is None
    names = registry.get("hands17").open(tmp_path / "hands17", "test").names
    lines = (evaluation.report_dir / "submission.txt").read_text().splitlines()
    assert [line.split()[0] for line in lines] == list(names)
    assert not (evaluation.report_dir / "report.json").exists()


def test_the_data_of_a_run_on_synthetic_hands_are_found(tmp_path):
    with pytest.raises(InputError, match="^`data_dir` is required for `dataset`=nyu$"):
        network.find_data_dir(tmp_path, "nyu")
    (tmp_path / "data").mkdir()
    assert network.find_data_dir(tmp_path, "synthetic") == str(tmp_path / "data")
