"""Where hands are taken to be: distance of each centre mode to the labels' mean, and what its cube holds."""

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np

from datasets.centres import from_file
from datasets.check.findings import FAULT, NOTE, WARNING, Finding
from datasets.check.sample import SampledSplit
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
class CentreStatistics:
    """How one centre mode does on one split.

    Args:
        mode: str. "gt", "com" or "file".
        frames: int. How many frames it was measured on.
        valid: float. Share of them with a centre.
        mean_mm: float. Mean distance to the ground-truth centre.
        p95_mm: float. Its 95th percentile.
        joints_inside: float. Share of the joints inside the cube; a frame without a centre has none inside.
        frames_inside: float. Share of the frames with all joints inside the cube.
    """

    mode: str
    frames: int
    valid: float
    mean_mm: float
    p95_mm: float
    joints_inside: float
    frames_inside: float


def centre_statistics(split: SampledSplit, file_mm: np.ndarray | None = None) -> list[CentreStatistics]:
    """Statistics of every centre mode that the data allow; [] where labels are hidden.

    Args:
        split: SampledSplit. "gt" is measured on all its frames, "com" on its sample.
        file_mm: float32 [N, 3]. Centres of a file, NaN where invalid; None without a file.
    """
    if split.truth_mm is None:
        return []
    every = np.arange(len(split.reader))
    modes = {"gt": (every, split.truth_mm), "com": (split.sample.indices, split.sample.com_mm)}
    if file_mm is not None:
        modes["file"] = (every, file_mm)
    return [_statistics(split, mode, *centres) for mode, centres in modes.items() if len(centres[0])]


def _statistics(split, mode, indices, centres_mm):
    distance_mm = np.linalg.norm(centres_mm - split.truth_mm[indices], axis=1)
    valid = np.isfinite(distance_mm)
    half_mm = split.cubes_mm[indices, None, None] / 2
    inside = (np.abs(split.reader.joints_mm[indices] - centres_mm[:, None]) <= half_mm).all(axis=-1)
    return CentreStatistics(
        mode=mode,
        frames=len(indices),
        valid=valid.mean(),
        mean_mm=distance_mm[valid].mean() if valid.any() else np.nan,
        p95_mm=np.percentile(distance_mm[valid], 95) if valid.any() else np.nan,
        joints_inside=inside.mean(),
        frames_inside=inside.all(axis=1).mean(),
    )


def check_cube(split: SampledSplit, statistics: Iterable[CentreStatistics]) -> Iterator[Finding]:
    """Whether the default cube about each centre holds the hands."""
    for centre in statistics:
        inside = f"{centre.joints_inside:.1%} of the joints"
        if centre.mode == "gt" and centre.joints_inside < LEAST_INSIDE_AT_ALL:
            what = (
                f"only {inside} lie in the cube about their own mean; a hand is larger or smaller than that"
            )
            yield Finding(FAULT, split.name, what, "the labels' unit or scale is wrong; fetch them again")
        elif centre.mode == "gt" and centre.joints_inside < LEAST_INSIDE:
            what = f"{inside} lie in the default cube about their mean"
            yield Finding(WARNING, split.name, what, "train with a larger --cube_mm")
        elif centre.mode == "com" and centre.joints_inside < LEAST_INSIDE:
            what = f"{inside} lie in the default cube about the centre of mass (found in {centre.valid:.1%})"
            yield Finding(WARNING, split.name, what, "train with a centre file, or a larger --cube_mm")


def check_centre_file(split: SampledSplit, file_mm: np.ndarray) -> Iterator[Finding]:
    """Rows of a centre file without a centre, or of other frames; ``file_mm`` is float32 [N, 3]."""
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


def shifted_runs(split: SampledSplit, file_mm: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """(first row, end, lag) of runs of consecutive frames whose centres [N, 3] fit other rows better.

    A run is a folder of frames, since a missing frame shifts all rows after it.
    """
    folders = np.array([name.rpartition("/")[0] for name in split.reader.names])
    edges = np.flatnonzero(folders[1:] != folders[:-1]) + 1
    for first, last in zip([0, *edges], [*edges, len(folders)], strict=True):
        lag = best_lag(file_mm[first:last], split.truth_mm[first:last])
        if lag:
            yield int(first), int(last), lag


def best_lag(given_mm: np.ndarray, truth_mm: np.ndarray) -> int:
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


def check_centres(split: SampledSplit) -> tuple[list[CentreStatistics], list[Finding]]:
    """Statistics of a split's centres, and findings on them and on its centre file."""
    findings, file_mm = [], None
    if split.centre_file:
        try:
            file_mm = from_file(split.centre_file, split.reader, split.dataset.files_y_up)
            findings += check_centre_file(split, file_mm)
        except InputError as error:
            findings.append(Finding(FAULT, split.name, str(error), "take the file made for this split"))
    statistics = centre_statistics(split, file_mm)
    return statistics, [*findings, *check_cube(split, statistics)]
