"""A network that finds hands, scored on whole frames."""

import dataclasses
import json

import numpy as np
import pytest

from crossinfo.evaluation import whole_frames
from crossinfo.evaluation.network import NetworkEvaluation
from crossinfo.evaluation.whole_frames import WholeFrames
from crossinfo.export import packaged
from crossinfo.inference.pose import estimate
from datasets import centres, shards
from datasets.errors import InputError


@pytest.fixture
def frames(msra_root):
    source = shards.Source("msra", str(msra_root), "test", "refined", (200.0,), max_frames=4)
    return WholeFrames(source, source.open())


class AtCentre:
    """Stands for a network that finds hands: all joints lie at the given centre."""

    finds_hands = True

    def call(self, signature, depth, camera, centre_mm):
        assert signature == "centred"
        joints_mm = np.tile(centre_mm[:, None], (1, 21, 1))
        found = {"joints_mm": joints_mm, "joints_uvd": joints_mm, "centre_mm": centre_mm}
        return {**found, "valid": np.array([True])}


def test_a_network_on_its_own_is_told_nothing(hands_predictor, frames):
    predictions = whole_frames.predict(hands_predictor, frames)
    assert len(predictions) == 4 == len(frames.names)
    record = frames.reader[frames.indices[1]]
    pose = estimate(hands_predictor, "a", record.depth_mm, record.camera)
    assert predictions.valid[1] == pose.valid
    np.testing.assert_array_equal(predictions.joints_mm[1], pose.joints_mm)
    np.testing.assert_array_equal(predictions.truth_mm[1], record.joints_mm)


def test_a_centre_mode_is_where_it_begins(frames):
    source = dataclasses.replace(frames.source, centre="gt")
    predictions = whole_frames.predict(AtCentre(), dataclasses.replace(frames, source=source))
    centre_mm = centres.ground_truth(predictions.truth_mm)
    assert predictions.valid.all()
    np.testing.assert_allclose(predictions.joints_mm[:, 7], centre_mm, atol=1e-3)


def test_errors_by_centre_are_those_of_each_mode(frames):
    source = dataclasses.replace(frames.source, centre="gt")
    frames = dataclasses.replace(frames, source=source)

    class Told(AtCentre):
        def call(self, signature, depth, camera, centre_mm=None):
            centre_mm = np.float32([[0, 0, 500]]) if centre_mm is None else centre_mm
            return super().call("centred", depth, camera, centre_mm)

    predictions = whole_frames.predict(Told(), frames)
    found = whole_frames.with_errors_by_centre(predictions, Told(), frames).errors_by_centre_mm
    assert set(found) == {"refined", "com", "gt"}
    np.testing.assert_array_equal(found["gt"], predictions.errors_mm.mean(axis=1))
    # The mean of the labels is nearer to them than what does not look.
    assert found["gt"].mean() < found["refined"].mean()


def test_a_file_that_finds_hands_is_scored_on_whole_frames(pretrained_dir, msra_root, tmp_path):
    source = shards.Source("msra", str(msra_root), "test", "refined", (), max_frames=3)
    file = pretrained_dir / packaged.LITERT_FILE
    report = NetworkEvaluation(file, source, tmp_path, by_centre=False).run()
    assert report == json.loads((tmp_path / "report.json").read_text())
    assert (report["centre"], report["frames"], set(report["methods"])) == ("refined", 3, {"hands"})
    assert not (tmp_path / "shards").exists()


def test_only_a_network_that_finds_hands_is_scored_without_a_centre(tiny_predictor, pretrained_networks):
    with pytest.raises(InputError, match="`centre`=refined: tiny.keras finds no hands; take com, gt or file"):
        whole_frames.check(tiny_predictor, "refined", "tiny.keras")
    assert whole_frames.check(tiny_predictor, "com", "tiny.keras") is False
    upright = dataclasses.replace(tiny_predictor.card, upright=True)
    crops_only = type(tiny_predictor)("crops", upright, {"crop": None})
    with pytest.raises(InputError, match="a.tflite: takes crops of upright hands, and finds none"):
        whole_frames.check(crops_only, "com", "a.tflite")
