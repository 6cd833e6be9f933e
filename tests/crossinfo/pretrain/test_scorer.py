import dataclasses

import numpy as np
import pytest

from crossinfo.pretrain import scorer
from crossinfo.pretrain.scorer import Scorer, Shown
from crossinfo.pretrain.scores import MISS_MM, TRAINED
from datasets.geometry import Camera
from datasets.synthetic import hand
from datasets.synthetic.scene import Picture, PosedHand
from tests.helpers import pretrained_folder

SIZE = (120, 160)
CAMERA = Camera(150.0, 150.0, 79.5, 59.5)


def _posed(x=0.0, is_left=False):
    """A hand in the air, fingers up, half a metre away."""
    joints_mm, _ = hand.pose(hand.average(), np.zeros((5, 4)), np.array([0, -1.0, 0]))
    joints_mm = joints_mm @ np.diag([1.0, -1, -1]) * [-1 if is_left else 1, 1, 1] + [x, 0, 500]
    return PosedHand(joints_mm.astype(np.float32), is_left, 1.0)


def _picture(*hands, ignored=()):
    return Picture(pretrained_folder.frame(SIZE), CAMERA, hands, ignored, "bare")


class Stub(Scorer):
    """A scorer of what is given, not of networks."""

    def __init__(self, found, joints_mm):
        self._found, self._joints_mm = found, joints_mm

    def found(self, depth_mm, camera):
        return self._found

    def about_labels(self, depth_mm, camera, joints_mm, is_left):
        return joints_mm + np.float32([0, 3, 0])

    def about_mass(self, depth_mm, camera):
        return self._joints_mm[None] + np.float32([0, 0, 7]), np.array([True])


def _detections(*joints_mm, is_left=(False, False), valid=(True, True)):
    stacked = np.stack([*joints_mm, np.zeros((21, 3))][:2]).astype(np.float32)
    return {
        "joints_mm": stacked[None],
        "centre_mm": stacked.mean(1)[None],
        "is_left": np.array([is_left]),
        "valid": np.array([valid]) & (stacked[..., 2].max(1) > 0),
    }


def test_a_found_hand_has_the_error_of_its_detection():
    posed = _posed()
    stub = Stub(_detections(posed.joints_mm + [0, 5, 0], is_left=(True, False)), posed.joints_mm)
    (score,), false = stub.with_hands([Shown(4, _picture(posed), TRAINED)])
    assert (score.picture, score.found, score.side, false) == (4, True, False, 0)
    assert [score.centre_mm, score.gt_mm, score.refined_mm, score.com_mm] == pytest.approx([5, 3, 5, 7], 1e-4)


def test_a_far_detection_is_false_and_the_hand_is_missed():
    posed = _posed()
    stub = Stub(_detections(posed.joints_mm + [100, 0, 0]), posed.joints_mm)
    (score,), false = stub.with_hands([Shown(0, _picture(posed), TRAINED)])
    assert not score.found and np.isnan(score.refined_mm)
    assert false == 1


def test_a_detection_of_a_hidden_hand_is_not_false():
    posed, hidden = _posed(-100), _posed(100)
    stub = Stub(_detections(hidden.joints_mm), posed.joints_mm)
    (score,), false = stub.with_hands([Shown(0, _picture(posed, ignored=(hidden,)), TRAINED)])
    assert not score.found
    assert false == 0
    # The nearest object may be either of the two.
    assert np.isnan(score.com_mm)


def test_each_detection_belongs_to_one_hand_the_nearest_first():
    first, second = _posed(0), _posed(60, is_left=True)
    stub = Stub(_detections(second.joints_mm - [20, 0, 0], first.joints_mm + [10, 0, 0]), first.joints_mm)
    scores, false = stub.with_hands([Shown(0, _picture(first, second), TRAINED)])
    assert [score.refined_mm for score in scores] == pytest.approx([10, 20], 1e-4)
    assert false == 0


def test_a_detection_is_not_taken_twice():
    first, second = _posed(0), _posed(60)
    stub = Stub(_detections(first.joints_mm), first.joints_mm)
    scores, _ = stub.with_hands([Shown(0, _picture(first, second), TRAINED)])
    assert [score.found for score in scores] == [True, False]


def test_no_centre_of_mass_counts_as_a_miss():
    posed = _posed()
    stub = Stub(_detections(posed.joints_mm), posed.joints_mm)
    stub.about_mass = lambda depth_mm, camera: (np.zeros((1, 21, 3)), np.array([False]))
    (score,), _ = stub.with_hands([Shown(0, _picture(posed), TRAINED)])
    assert score.com_mm == MISS_MM


def test_batches_hold_every_picture_once_and_one_size_each():
    sizes = [(240, 320), (120, 160)] * 40
    shown = [
        Shown(n, Picture(np.zeros(size), CAMERA, (), (), "bare"), TRAINED) for n, size in enumerate(sizes)
    ]
    grouped = list(scorer.batches(shown))
    assert sorted(one.number for batch in grouped for one in batch) == list(range(80))
    assert all(len({one.picture.depth_mm.shape for one in batch}) == 1 for batch in grouped)


@pytest.fixture(scope="module")
def networks_scorer():
    return Scorer(*pretrained_folder.make_networks())


def test_left_hands_are_right_ones_in_the_mirror(networks_scorer):
    depth_mm, posed = pretrained_folder.frame(SIZE), _posed(30)
    camera = dataclasses.replace(CAMERA, cx=70.0)
    seen = dataclasses.replace(camera, cx=SIZE[1] - 1 - camera.cx)

    def joints(depth_mm, camera, joints_mm, is_left):
        camera = np.asarray(camera)[None]
        return networks_scorer.about_labels(depth_mm[None], camera, joints_mm[None], np.array([is_left]))[0]

    right = joints(depth_mm, camera, posed.joints_mm, False)
    mirror = np.float32([-1, 1, 1])
    left = joints(np.ascontiguousarray(depth_mm[:, ::-1]), seen, posed.joints_mm * mirror, True)
    np.testing.assert_allclose(left, right * mirror, atol=1e-2)


def test_whole_measurement_of_few_pictures(networks_scorer, monkeypatch):
    monkeypatch.setattr(scorer, "Scorer", lambda *networks: networks_scorer)
    scores = scorer.measure(None, None, 3, pictures=4, empty_pictures=2)
    assert scores.pictures == 4 and scores.empty_pictures == 2
    assert {hand.picture for hand in scores.hands} <= set(range(4))
