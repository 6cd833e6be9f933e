"""Where hands are taken to be: distance of each centre mode to the labels' mean, and what its cube holds."""

import dataclasses

import numpy as np

from datasets import centres
from datasets.check.findings import FAULT, NOTE, WARNING, Finding
from datasets.errors import InputError

# V2V-PoseNet's centres lie 21 mm from the mean of NYU's test joints (p95 36).
MAX_MEAN_MM = 50.0
# A centre file is shifted if its centres fit other rows this much better than their own.
LAGS, BETTER = 20, 0.9
LEAST_RUN = 100
MAX_INVALID = 0.01
LEAST_INSIDE = 0.95
LEAST_INSIDE_AT_ALL = 0.5


@dataclasses.dataclass(frozen=True)
class Place:
    """How one centre mode does on one split.

    Args:
        mode: str. "gt", "com" or "file".
        frames: int. How many frames it was measured on.
        found: float. Share of them with a centre.
        mean_mm, p95_mm: float. Distance to the ground-truth centre.
        joints_inside, frames_inside: float. Share of joints, and of frames with all joints, inside the
            cube; a frame without a centre has none inside.
    """

    mode: str
    frames: int
    found: float
    mean_mm: float
    p95_mm: float
    joints_inside: float
    frames_inside: float


def file_centres(split):
    """Centres of the split's file, float32 [N, 3] in mm, y down. Raises as ``centres.from_file``."""
    return centres.from_file(split.centre_file, split.reader, split.dataset.centre_file_y_up)


def places(split, file_mm=None):
    """List of ``Place``s; empty where labels are hidden."""
    if split.truth_mm is None:
        return []
    every = np.arange(len(split.reader))
    given = [("gt", every, split.truth_mm), ("com", split.sample.indices, split.sample.com_mm)]
    given += [("file", every, file_mm)] if file_mm is not None else []
    return [_place(split, mode, *at) for mode, *at in given if len(at[0])]


def _place(split, mode, indices, centres_mm):
    distance_mm = np.linalg.norm(centres_mm - split.truth_mm[indices], axis=1)
    found = np.isfinite(distance_mm)
    mean_mm, p95_mm = (
        (distance_mm[found].mean(), np.percentile(distance_mm[found], 95)) if found.any() else _NONE
    )
    half_mm = split.cubes_mm[indices, None, None] / 2
    inside = (np.abs(split.reader.joints_mm[indices] - centres_mm[:, None]) <= half_mm).all(axis=-1)
    return Place(mode, len(indices), found.mean(), mean_mm, p95_mm, inside.mean(), inside.all(axis=1).mean())


_NONE = (np.nan, np.nan)


def check_places(split, found):
    """Findings on the ``Place``s of a split: does the default cube hold the hands?"""
    for place in found:
        inside = f"{place.joints_inside:.1%} of the joints"
        if place.mode == "gt" and place.joints_inside < LEAST_INSIDE_AT_ALL:
            what = (
                f"only {inside} lie in the cube about their own mean; a hand is larger or smaller than that"
            )
            yield Finding(FAULT, split.name, what, "the labels' unit or scale is wrong; fetch them again")
        elif place.mode == "gt" and place.joints_inside < LEAST_INSIDE:
            what = f"{inside} lie in the default cube about their mean"
            yield Finding(WARNING, split.name, what, "train with a larger --cube_mm")
        elif place.mode == "com" and place.joints_inside < LEAST_INSIDE:
            what = f"{inside} lie in the default cube about the centre of mass (found in {place.found:.1%})"
            yield Finding(WARNING, split.name, what, "train with a centre file, or a larger --cube_mm")


def check_centre_file(split, file_mm):
    """Findings on a centre file that could be read: rows without a centre, rows of other frames."""
    invalid = np.isnan(file_mm[:, 0])
    if invalid.any():
        level = WARNING if invalid.mean() > MAX_INVALID else NOTE
        what = f"{split.centre_file}: {invalid.sum():,} of {len(invalid):,} centres are invalid"
        yield Finding(level, split.name, what, "these frames are left out of training and fail in the test")
    if split.truth_mm is None:
        return
    distance_mm = np.linalg.norm(file_mm - split.truth_mm, axis=1)
    mean_mm = distance_mm[~invalid].mean() if not invalid.all() else np.inf
    todo = "it belongs to another split, release or order of frames; take the one made for these"
    if mean_mm > MAX_MEAN_MM:
        what = f"{split.centre_file}: misaligned; its centres lie {mean_mm:.0f} mm from the hands on average"
        yield Finding(FAULT, split.name, what, todo)
        return
    for first, last, lag in shifted_runs(split, file_mm):
        what = (
            f"{split.centre_file}: misaligned; from {split.reader.names[first]} to "
            f"{split.reader.names[last - 1]} its centres fit frames {abs(lag)} rows "
            f"{'before' if lag > 0 else 'after'} theirs"
        )
        yield Finding(FAULT, split.name, what, todo)
        return


def shifted_runs(split, file_mm):
    """Yields (first row, end, lag) of runs of consecutive frames whose centres fit other rows better.

    A run is a folder of frames, since a missing frame shifts all rows after it.
    """
    folders = np.array([name.rpartition("/")[0] for name in split.reader.names])
    edges = np.flatnonzero(folders[1:] != folders[:-1]) + 1
    for first, last in zip([0, *edges], [*edges, len(folders)], strict=True):
        lag = best_lag(file_mm[first:last], split.truth_mm[first:last])
        if lag:
            yield int(first), int(last), lag


def best_lag(given_mm, truth_mm):
    """Rows by which centres [N, 3] must be moved up to fit the truth [N, 3]; 0 unless clearly better.

    The usual difference is taken off first: centres lie on the hand's surface, labels inside.
    """
    if len(given_mm) < LEAST_RUN:
        return 0
    errors_mm = {lag: _lagged(given_mm, truth_mm, lag) for lag in range(-LAGS, LAGS + 1)}
    best = min(errors_mm, key=errors_mm.get)
    return best if errors_mm[best] < BETTER * errors_mm[0] else 0


def _lagged(given_mm, truth_mm, lag):
    """Mean distance of row i + lag of the centres to row i of the truth, on the rows that all lags share."""
    rows = np.arange(LAGS, len(truth_mm) - LAGS)
    difference = given_mm[rows + lag] - truth_mm[rows]
    difference = difference[np.isfinite(difference).all(axis=1)]
    if not len(difference):
        return np.inf
    return np.linalg.norm(difference - np.median(difference, axis=0), axis=1).mean()


def check_centres(split):
    """(list of ``Place``s, findings) of a split, its centre file included."""
    findings, file_mm = [], None
    if split.centre_file:
        try:
            file_mm = file_centres(split)
            findings += check_centre_file(split, file_mm)
        except InputError as error:
            findings.append(Finding(FAULT, split.name, str(error), "take the file made for this split"))
    found = places(split, file_mm)
    return found, [*findings, *check_places(split, found)]
