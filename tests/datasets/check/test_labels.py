import numpy as np
import pytest

from datasets import registry
from datasets.check import findings, labels
from tests.helpers.check import Frames, sampled_split, wandering_hands


def test_single_wrong_bones_are_a_warning_and_those_known_are_left_out():
    names, joints_mm = wandering_hands(["X"], 300)
    joints_mm[7, 4] += 500
    [finding] = labels.check_bones(sampled_split(Frames(names, joints_mm)))
    assert finding.level == findings.WARNING and names[7] in finding.what
    names[7] = "P3/T/000120_depth.bin"
    assert labels.check_bones(sampled_split(Frames(names, joints_mm, ["P0"] * 300))) == []


def test_hands_outside_the_frame():
    names, joints_mm = wandering_hands("1", 200)
    joints_mm = joints_mm - joints_mm.mean(axis=1, keepdims=True) + [0, 0, 400]
    assert labels.check_inside_frame(sampled_split(Frames(names, joints_mm))) == []
    joints_mm[5] += [900, 0, 0]
    [finding] = labels.check_inside_frame(sampled_split(Frames(names, joints_mm)))
    assert finding.level == findings.WARNING and names[5] in finding.what
    joints_mm[5:15] += [900, 0, 0]
    fault = labels.check_inside_frame(sampled_split(Frames(names, joints_mm)))[0]
    assert fault.level == findings.FAULT and "10 frames" in fault.what


@pytest.mark.parametrize(("offset_mm", "level"), [(0, None), (300, findings.WARNING), (3000, findings.FAULT)])
def test_joint_depths_beside_the_published_ones(offset_mm, level):
    names, joints_mm = wandering_hands("1", 200)
    joints_mm = joints_mm - joints_mm.mean(axis=1, keepdims=True) + [0, 0, 400]
    joints_mm[: 200 if offset_mm > 1000 else 5, :, 2] += offset_mm
    found = labels.check_depth_range(sampled_split(Frames(names, joints_mm)))
    assert [finding.level for finding in found] == ([level] if level else [])


def test_a_range_that_is_not_published_is_not_checked():
    names, joints_mm = wandering_hands("1", 200)
    split = sampled_split(Frames(names, joints_mm + 5000), name="train", dataset=registry.NYU)
    assert labels.check_depth_range(split) == []


@pytest.mark.parametrize(("off", "level"), [(0, None), (10, findings.WARNING), (11, findings.FAULT)])
def test_joints_beside_what_was_measured(off, level):
    names, joints_mm = wandering_hands("1", 200)
    on_hand = np.where(np.arange(100) < off, 0.4, 1.0)
    split = sampled_split(Frames(names, joints_mm), indices=np.arange(100, 200), on_hand=on_hand)
    found = labels.check_on_hand(split)
    assert [finding.level for finding in found] == ([level] if level else [])
    if level == findings.WARNING:
        assert names[100] in found[0].what and found[0].todo.endswith("--index=100")


def test_hidden_labels_are_not_checked():
    names, _ = wandering_hands("1", 3)
    reader = Frames(names, None)
    split = sampled_split(reader, indices=np.arange(3), on_hand=np.full(3, np.nan))
    checks = (labels.bones, labels.check_depth_range, labels.check_inside_frame, labels.check_on_hand)
    assert [check(split) for check in checks] == [[]] * 4
