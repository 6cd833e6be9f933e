import json

import numpy as np
import pytest

from crossinfo import evaluation, predictions
from crossinfo.card import card_for
from datasets import registry, shards


@pytest.fixture(scope="module")
def test_set(msra_root, tmp_path_factory):
    source = shards.Source("msra", str(msra_root), "test", "com", (200.0,))
    return shards.prepare(source, tmp_path_factory.mktemp("shards"), workers=1)


def constant(crop):
    """A network that always answers the crop's middle, moved back by a quarter of the cube."""
    return np.tile(np.float32([0, 0, 0.5]), (len(crop), 21, 1))


def test_every_frame_is_predicted_once_in_file_order(test_set, msra_root):
    found = evaluation.predict(constant, test_set, 21, batch_size=4)
    reader = registry.get("msra").open(msra_root, "test")
    assert len(found["joints_mm"]) == len(reader) == 15
    np.testing.assert_allclose(found["truth_mm"], reader.joints_mm, atol=1e-3)
    expected = found["centre_mm"] + [0, 0, 50]
    np.testing.assert_allclose(found["joints_mm"][:, 3], expected, atol=1e-3)


def test_a_frame_without_a_hand_counts_as_zeros(test_set):
    found = evaluation.predict(constant, test_set, 21)
    assert found["valid"].all()
    found["joints_mm"][2] = 0
    uvd = evaluation._uvd(found["joints_mm"], registry.get("msra").camera)
    assert not uvd[2].any() and np.isfinite(uvd).all() and uvd[1].all()


def test_the_mean_pose_stands_at_each_centre():
    found = {"centre_mm": np.float32([[1, 2, 300]]), "cube_mm": np.float32([200])}
    pose = evaluation.mean_pose_mm(found, [[0.5, 0, -1.0]])
    np.testing.assert_allclose(pose, [[[51, 2, 200]]])


def test_report_and_predictions_are_written(test_set, tmp_path):
    found = evaluation.predict(constant, test_set, 21)
    dataset = registry.get("msra")
    card = card_for("compact", dataset, 200, "com", test_set.mean_pose, "test")
    content = evaluation.report(found, "constant", dataset, "com", card, tmp_path)
    assert content["selected_on"] == "test"
    assert content == json.loads((tmp_path / "report.json").read_text())
    assert set(content["methods"]) == {"constant", "mean_pose"}
    uvd = predictions.read(tmp_path / "predictions.txt", 21, 15)
    np.testing.assert_allclose(uvd[..., 2], found["joints_mm"][..., 2], atol=1e-3)
    truth_mm = found["truth_mm"]
    errors = np.linalg.norm(found["joints_mm"] - truth_mm, axis=-1)
    assert content["methods"]["constant"]["mean_error_mm"] == pytest.approx(errors.mean(), abs=1e-3)
