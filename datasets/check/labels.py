"""Are the labels right? Joints by themselves, and beside the depth that was measured."""

import dataclasses

import numpy as np

from datasets import geometry
from datasets.check.findings import FAULT, WARNING, Finding, by_share
from datasets.check.sample import SampledSplit

# A bone of half or twice its usual length is no pose: NYU's and ICVL's test labels stay within 0.52 to 1.43.
SHORTEST, LONGEST = 0.5, 2.0
# Up to these shares of a subject's or a split's frames, odd labels are single slips and not broken data.
MAX_ODD, MAX_OUTSIDE, MAX_OFF_HAND = 0.01, 0.01, 0.1
# A frame whose labels belong to another shows a smaller share of its joints near measured depth.
ON_HAND = 0.5

_MEND = "fetch the label file again, or look at a frame by python -m datasets.inspect"


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


def bones(split: SampledSplit) -> list[Bones]:
    """``Bones`` of each subject, in the order of the frames; [] where labels are hidden."""
    if split.reader.joints_mm is None:
        return []
    subjects = np.array(split.reader.subjects)
    return [
        _bones_of(split, subject, np.flatnonzero(subjects == subject))
        for subject in dict.fromkeys(split.reader.subjects)
    ]


def _bones_of(split, subject, indices):
    reader = split.reader
    lengths_mm = _lengths(reader.joints_mm[indices], reader.skeleton)
    ratio = lengths_mm / np.maximum(np.median(lengths_mm, axis=0), 1e-6)
    odd = indices[((ratio < SHORTEST) | (ratio > LONGEST)).any(axis=1)]
    odd = np.array([index for index in odd if reader.names[index] not in split.dataset.known_bad], int)
    variation = lengths_mm.std(axis=0) / np.maximum(lengths_mm.mean(axis=0), 1e-6)
    return Bones(str(subject), len(indices), float(np.median(variation)), odd)


def _lengths(joints_mm, skeleton):
    """Lengths of the bones [N, B] in mm."""
    first, second = np.array(skeleton.bones).T
    return np.linalg.norm(joints_mm[:, first] - joints_mm[:, second], axis=-1)


def check_bones(split: SampledSplit) -> list[Finding]:
    """Frames in which a bone is far from its subject's length."""
    findings = []
    for subject in bones(split):
        if not len(subject.odd):
            continue
        what = (
            f"subject {subject.subject}: a bone of less than half or more than twice its usual length in "
            f"{len(subject.odd):,} of {subject.frames:,} frames, first {split.reader.names[subject.odd[0]]}"
        )
        share, todo = len(subject.odd) / subject.frames, "the labels of these frames are wrong; " + _MEND
        findings += by_share(share, MAX_ODD, split.name, what, todo)
    return findings


def check_depth_range(split: SampledSplit) -> list[Finding]:
    """Joint depths beside the published range."""
    known = split.dataset.joint_depth_mm.get(split.name)
    if known is None or split.reader.joints_mm is None:
        return []
    depth_mm = split.reader.joints_mm[..., 2]
    low, middle, high = depth_mm.min(), np.median(depth_mm), depth_mm.max()
    if known[0] <= middle <= known[1]:
        if known[0] - 1 <= low and high <= known[1] + 1:
            return []
        what = f"joints lie {low:.0f} to {high:.0f} mm away, published are {known[0]} to {known[1]}"
        return [Finding(WARNING, split.name, what, "other data than the published, or single wrong labels")]
    side = "under" if middle < known[0] else "over"
    what = f"half of the joints lie {side} {middle:.0f} mm, published are {known[0]} to {known[1]} mm"
    return [Finding(FAULT, split.name, what, "the labels' unit or axes are not the dataset's; " + _MEND)]


def check_inside_frame(split: SampledSplit) -> list[Finding]:
    """Labels outside the frame. All readers refuse those behind the camera."""
    if split.reader.joints_mm is None or split.sample.size is None:
        return []
    uv = geometry.project(split.reader.joints_mm, np.asarray(split.reader.camera))[..., :2]
    outside = ((uv < 0) | (uv >= np.array(split.sample.size[::-1]))).any(axis=-1)
    lost = np.flatnonzero(outside.mean(axis=1) > 0.5)
    findings = []
    if len(lost):
        first = split.reader.names[lost[0]]
        what = f"most joints lie outside the frame in {len(lost):,} frames, first {first}"
        findings += by_share(len(lost) / len(uv), MAX_OUTSIDE, split.name, what, _MEND)
    if outside.mean() > MAX_OUTSIDE:
        what = f"{outside.mean():.1%} of the joints lie outside the frame"
        todo = "hands cut off by the frame's edge are hard to learn"
        findings.append(Finding(WARNING, split.name, what, todo))
    return findings


def check_on_hand(split: SampledSplit) -> list[Finding]:
    """Frames whose joints do not lie on what was measured: labels of other frames, or turned axes."""
    on_hand = split.sample.on_hand
    off = split.sample.indices[on_hand < ON_HAND]
    if not len(off):
        return []
    what = (
        f"in {len(off)} of {len(on_hand):,} frames less than half of the joints lie within 50 mm of the "
        f"depth there, first {split.reader.names[off[0]]}"
    )
    if len(off) > MAX_OFF_HAND * len(on_hand):
        todo = "labels and frames do not belong together; take both from the same copy of the data"
        return [Finding(FAULT, split.name, what, todo)]
    return [Finding(WARNING, split.name, what, f"look at one by python -m datasets.inspect --index={off[0]}")]
