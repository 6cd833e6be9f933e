"""Are the labels right? What can be said of joints without a frame."""

import dataclasses

import numpy as np

from datasets import geometry, msra
from datasets.check.findings import FAULT, WARNING, Finding, by_share

# Depth of the joints as published or measured on published labels, mm; NYU's training range is not.
DEPTH_MM = {
    ("msra", "train"): (122, 599),
    ("msra", "test"): (122, 599),
    ("nyu", "test"): (518, 1169),
    ("icvl", "train"): (158, 571),
    ("icvl", "test"): (190, 453),
    ("hands17", "train"): (139, 907),
}
# A bone of half or twice its usual length is no pose: NYU's and ICVL's test labels stay within 0.52 to 1.43.
SHORTEST, LONGEST = 0.5, 2.0
# By these shares of a subject's or a split's frames single slips are told from data that are broken.
MAX_ODD, MAX_OUTSIDE = 0.01, 0.01


@dataclasses.dataclass(frozen=True)
class Bones:
    """Bones of one subject in one split.

    Args:
        subject: str.
        frames: int.
        variation: float. Median over the bones of standard deviation / mean.
        odd: int [K]. Indices of frames with a bone below half or above twice its median length, without
            those known to be bad.
    """

    subject: str
    frames: int
    variation: float
    odd: np.ndarray


def bones(split):
    """List of ``Bones``, one a subject, in the order of the frames; empty where labels are hidden."""
    if split.reader.joints_mm is None:
        return []
    subjects = np.array(split.reader.subjects)
    return [
        _bones_of(split.reader, subject, np.flatnonzero(subjects == subject))
        for subject in dict.fromkeys(split.reader.subjects)
    ]


def _bones_of(reader, subject, indices):
    lengths_mm = _lengths(reader.joints_mm[indices], reader.skeleton)
    ratio = lengths_mm / np.maximum(np.median(lengths_mm, axis=0), 1e-6)
    odd = indices[((ratio < SHORTEST) | (ratio > LONGEST)).any(axis=1)]
    odd = np.array([index for index in odd if reader.names[index] not in msra.known_bad], int)
    variation = lengths_mm.std(axis=0) / np.maximum(lengths_mm.mean(axis=0), 1e-6)
    return Bones(str(subject), len(indices), float(np.median(variation)), odd)


def _lengths(joints_mm, skeleton):
    """Lengths of the bones [N, B] in mm."""
    first, second = np.array(skeleton.bones).T
    return np.linalg.norm(joints_mm[:, first] - joints_mm[:, second], axis=-1)


def check_bones(split):
    """Frames in which a bone is far from its subject's length."""
    found = []
    for one in bones(split):
        share = len(one.odd) / one.frames
        if share:
            what = (
                f"subject {one.subject}: a bone of less than half or more than twice its usual length in "
                f"{len(one.odd):,} of {one.frames:,} frames, first {split.reader.names[one.odd[0]]}"
            )
            found += by_share(
                share, MAX_ODD, split.name, what, "the labels of these frames are wrong; " + _MEND
            )
    return found


_MEND = "fetch the label file again, or look at a frame by python -m datasets.inspect"


def check_depth_range(split):
    """Joint depths beside the published range."""
    known = DEPTH_MM.get((split.dataset.name, split.name))
    if known is None or split.reader.joints_mm is None:
        return []
    depth_mm = split.reader.joints_mm[..., 2]
    low, middle, high = depth_mm.min(), np.median(depth_mm), depth_mm.max()
    if known[0] <= middle <= known[1]:
        if known[0] - 1 <= low and high <= known[1] + 1:
            return []
        what = f"joints lie {low:.0f} to {high:.0f} mm away, published are {known[0]} to {known[1]}"
        return [Finding(WARNING, split.name, what, "other data than the published, or single wrong labels")]
    what = (
        f"half of the joints lie {'under' if middle < known[0] else 'over'} {middle:.0f} mm, published are "
    )
    what += f"{known[0]} to {known[1]} mm"
    return [Finding(FAULT, split.name, what, "the labels' unit or axes are not the data set's; " + _MEND)]


def check_inside_frame(split):
    """Labels outside the frame. All readers refuse those behind the camera."""
    if split.reader.joints_mm is None or split.sample.size is None:
        return []
    uv = geometry.project(split.reader.joints_mm, np.asarray(split.reader.camera))[..., :2]
    outside = ((uv < 0) | (uv >= np.array(split.sample.size[::-1]))).any(axis=-1)
    lost = np.flatnonzero(outside.mean(axis=1) > 0.5)
    found = []
    if len(lost):
        what = (
            f"most joints lie outside the frame in {len(lost):,} frames, first {split.reader.names[lost[0]]}"
        )
        found += by_share(len(lost) / len(uv), MAX_OUTSIDE, split.name, what, _MEND)
    if outside.mean() > MAX_OUTSIDE:
        what = f"{outside.mean():.1%} of the joints lie outside the frame"
        found.append(
            Finding(WARNING, split.name, what, "hands cut off by the frame's edge are hard to learn")
        )
    return found
