import json

import numpy as np
import pytest

from crossinfo import evaluation, predictions
from crossinfo.card import card_for
from datasets import registry, shards

MSRA = registry.get("msra")


@pytest.fixture(scope="module")
def test_set(msra_root, tmp_path_factory):
    source = shards.Source("msra", str(msra_root), "test", "com", (200.0,))
    return shards.prepare(source, tmp_path_factory.mktemp("shards"), workers=0)


@pytest.fixture(scope="module")
def found(test_set):
    card = card_for("compact", MSRA, 200, "com", np.full((21, 3), 0.25))
    return evaluation.predict(backwards, test_set, card, batch_size=4)


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
    uvd = evaluation._uvd(joints_mm, MSRA.camera)
    assert not uvd[2].any() and np.isfinite(uvd).all() and uvd[1].all()


def test_results_are_joined_in_order(found):
    whole = evaluation.join([found, found])
    assert len(whole["joints_mm"]) == 30
    np.testing.assert_array_equal(whole["centre_mm"][15:], found["centre_mm"])


def test_report_and_predictions_are_written(found, tmp_path):
    content = evaluation.report(found, "backwards", MSRA, "com", tmp_path, "test")
    assert content == json.loads((tmp_path / "report.json").read_text())
    assert content["selected_on"] == "test" and set(content["methods"]) == {"backwards", "mean_pose"}
    uvd = predictions.read(tmp_path / "predictions.txt", 21, 15)
    np.testing.assert_allclose(uvd[..., 2], found["joints_mm"][..., 2], atol=1e-3)
    errors_mm = np.linalg.norm(found["joints_mm"] - found["truth_mm"], axis=-1)
    assert content["methods"]["backwards"]["mean_error_mm"] == pytest.approx(errors_mm.mean(), abs=1e-3)


def test_hidden_labels_give_a_submission(found, tmp_path):
    names = [f"image_D{index:08d}.png" for index in range(15)]
    evaluation.write_predictions(found, registry.get("hands17"), tmp_path, names)
    first = (tmp_path / "submission.txt").read_text().splitlines()[0].split()
    assert first[0] == names[0] and len(first) == 64
