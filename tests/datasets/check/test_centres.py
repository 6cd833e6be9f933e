import dataclasses

import numpy as np
import pytest

from datasets import geometry, nyu, registry
from datasets.check import centres, findings
from tests.helpers import shared
from tests.helpers.check import Frames, sampled_split, wandering_hands


def test_a_row_too_many_shifts_a_centre_file_from_there_on(tmp_path):
    names, joints_mm = wandering_hands("12", 300)
    reader = Frames(names, joints_mm)
    given_mm = joints_mm.mean(axis=1)
    given_mm[300:] = np.roll(given_mm[300:], 3, axis=0)  # as a centre file of another release
    noisy_mm = given_mm + np.random.default_rng(1).normal(0, 5, given_mm.shape) - [0, 0, 20]
    [(first, last, lag)] = centres.shifted_runs(sampled_split(reader), noisy_mm)
    assert (first, last, lag) == (300, 600, 3)
    path = tmp_path / "centres.txt"
    np.savetxt(path, noisy_mm * [1, -1, 1])
    found = centres.check_centres(sampled_split(reader, path))[1]
    faults = [finding for finding in found if finding.level == findings.FAULT]
    assert len(faults) == 1 and "fit frames 3 rows before" in faults[0].what and names[300] in faults[0].what


def test_published_centres_of_nyu_are_aligned_and_shifted_ones_are_not():
    folder = shared.path("published/nyu")
    uvd = np.loadtxt(folder / "nyu_test_groundtruth_label.txt").reshape(-1, 14, 3)
    truth_mm = geometry.unproject(uvd, np.asarray(nyu.CAMERA, np.float64)).mean(axis=1)
    given_mm = np.loadtxt(folder / "center_test_refined.txt") * [1, -1, 1]
    assert np.linalg.norm(given_mm - truth_mm, axis=1).mean() == pytest.approx(21.2, abs=0.1)
    assert centres.best_lag(given_mm, truth_mm) == 0
    assert centres.best_lag(np.roll(given_mm, -4, axis=0), truth_mm) == -4


def test_statistics_of_a_centre_mode():
    names, joints_mm = wandering_hands("1", 4)
    joints_mm[:] = 0, 0, 400
    joints_mm[3, 0] += 120, 0, 0  # outside MSRA's cube of 175 mm about every centre
    reader = Frames(names, joints_mm)
    file_mm = reader.joints_mm.mean(axis=1) + np.float32([[0, 0, 10], [0, 0, 20], [np.nan] * 3, [0, 3, 4]])
    given, from_file = centres.centre_statistics(sampled_split(reader), file_mm)
    assert (given.mode, given.valid, given.mean_mm) == ("gt", 1, 0)
    assert (from_file.mode, from_file.frames, from_file.valid) == ("file", 4, 0.75)
    assert from_file.mean_mm == pytest.approx((10 + 20 + 5) / 3, abs=1e-3)
    assert from_file.joints_inside == pytest.approx((21 + 21 + 20) / 84)
    assert from_file.frames_inside == 0.5


@pytest.mark.parametrize(
    ("mode", "inside", "level"),
    [
        ("gt", 0.96, None),
        ("gt", 0.9, findings.WARNING),
        ("gt", 0.4, findings.FAULT),
        ("com", 0.4, findings.WARNING),
        ("file", 0.4, None),
    ],
)
def test_a_cube_that_does_not_hold_the_hands(mode, inside, level):
    split = sampled_split(Frames(*wandering_hands("1", 3)))
    statistics = centres.CentreStatistics(mode, 3, 1.0, 20.0, 30.0, inside, inside)
    assert [finding.level for finding in centres.check_cube(split, [statistics])] == (
        [level] if level else []
    )


def test_a_file_with_invalid_rows_is_a_note_and_with_many_a_warning():
    names, joints_mm = wandering_hands("1", 200)
    split = dataclasses.replace(sampled_split(Frames(names, joints_mm)), centre_file="centres.txt")
    file_mm = joints_mm.mean(axis=1) - [0, 0, 20]
    for rows, level in ((2, findings.NOTE), (3, findings.WARNING)):
        file_mm[:rows] = np.nan
        [finding] = centres.check_centre_file(split, file_mm)
        assert finding.level == level and f"{rows} of 200 centres are invalid" in finding.what


def test_where_labels_are_hidden_nothing_is_measured():
    names, _ = wandering_hands("1", 3)
    split = sampled_split(Frames(names, None), dataset=registry.HANDS17)
    assert centres.check_centres(split) == ([], [])
