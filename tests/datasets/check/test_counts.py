import numpy as np
import pytest

from datasets import msra, registry
from datasets.check import counts, findings
from tests.helpers.check import Frames, sampled_split, wandering_hands


@pytest.mark.parametrize("name", ["old", "new"])
def test_the_published_releases_of_msra_are_named(name):
    names = [f"{s}/1/{i}" for s, n in zip(msra.SUBJECTS, msra.COPIES[name], strict=True) for i in range(n)]
    both = [[n for n in names if n.startswith("P0") == test] for test in (False, True)]
    splits = [sampled_split(Frames(part, np.ones((len(part), 21, 3)))) for part in both]
    assert counts.release(registry.MSRA, counts.count_frames(splits)) == name
    assert counts.check_counts(splits, True) == []
    short = [splits[0], sampled_split(Frames(both[1][:-7], np.ones((len(both[1]) - 7, 21, 3))))]
    [fault] = counts.check_counts(short, True)
    assert fault.level == findings.FAULT
    assert f"P0 has {len(both[1]) - 7:,} of 8,499 frames" in fault.what


@pytest.mark.parametrize(
    ("dataset", "part", "frames"),
    [
        ("nyu", "train", [72757]),
        ("icvl", "train", [22067, 22068, 331006]),
        ("icvl", "test_seq_2", [894]),
        ("hands17", "test", [295510]),
        ("msra", "P1", [8492, 8499]),
    ],
)
def test_published_counts(dataset, part, frames):
    assert counts.published(registry.get(dataset), part) == frames


def test_counts_of_several_parts_are_added_within_a_copy():
    assert counts.published(registry.ICVL, "test_seq_1", "test_seq_2") == [702 + 894]
    assert counts.published(registry.ICVL, "test_seq_1", "test_seq_3") == []


@pytest.mark.parametrize(("dropped", "level"), [(2, findings.NOTE), (30, findings.FAULT)])
def test_labels_without_a_picture(dropped, level):
    names, joints_mm = wandering_hands("1", 3000)
    reader = Frames(names, joints_mm)
    reader.dropped = dropped
    [finding] = counts.check_dropped(sampled_split(reader, name="train"))
    assert finding.level == level and f"{dropped} of {3000 + dropped:,}" in finding.what


@pytest.mark.parametrize(("number", "level"), [(1, findings.WARNING), (2, findings.FAULT)])
def test_frames_without_a_measurement(number, level):
    names, joints_mm = wandering_hands("1", 100)
    empty = np.arange(100) >= 100 - number
    split = sampled_split(Frames(names, joints_mm), indices=np.arange(100), empty=empty)
    [finding] = counts.check_empty(split)
    assert finding.level == level and f"{number} of 100 frames, first {names[100 - number]}" in finding.what


def test_frames_that_cannot_be_read():
    names, joints_mm = wandering_hands("1", 100)
    split = sampled_split(
        Frames(names, joints_mm), indices=np.arange(98), unreadable=("a.png: cut off", "b.png: cut off")
    )
    [finding] = counts.check_readable(split)
    assert finding.level == findings.FAULT
    assert finding.what == "2 of 100 frames cannot be read, first a.png: cut off"


def test_labels_known_to_be_wrong_are_a_note():
    names, joints_mm = wandering_hands(["X"], 300)
    names[7] = "P3/T/000120_depth.bin"
    [note] = counts.check_known_bad(sampled_split(Frames(names, joints_mm, ["P0"] * 300)))
    assert note.level == findings.NOTE and "1 frames" in note.what and "--drop_bad" in note.todo
