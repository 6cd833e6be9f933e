"""Is everything there and readable? Frames beside the published counts, missing and damaged files."""

import collections
import os
import pathlib
from collections.abc import Sequence

from datasets import msra
from datasets.check.findings import FAULT, NOTE, UNPACK_AGAIN, WARNING, Finding, by_share
from datasets.check.sample import SampledSplit
from datasets.registry import Dataset

OTHER = "other"
# Datasets that MSRA's reader reads.
MSRA_FORMAT = ("msra", "synthetic")
# Published labels name a few pictures that do not exist: 73 of 331,006.
MAX_DROPPED = 0.001
# Share of frames without a single measurement above which the data are broken.
MAX_EMPTY = 0.01


def parts(split: SampledSplit) -> dict[str, int]:
    """{part: frames that the labels name} of one split; a part is a subject, a sequence or the split."""
    if any(split.name in counts for counts in split.dataset.published_counts.values()):
        return {split.name: len(split.reader) + getattr(split.reader, "dropped", 0)}
    return dict(collections.Counter(split.reader.subjects))


def published(dataset: Dataset, *names: str) -> list[int]:
    """Published counts of the parts ``names`` together, one per public copy, ascending; [] if unknown."""
    by_copy = [[counts.get(name) for name in names] for counts in dataset.published_counts.values()]
    return sorted({sum(frames) for frames in by_copy if None not in frames})


def release(dataset: Dataset, counts: dict[str, int]) -> str:
    """Name of the public copy with exactly these counts {part: frames}, or "other"."""
    return next((name for name, known in dataset.published_counts.items() if known == counts), OTHER)


def count_frames(splits: Sequence[SampledSplit]) -> dict[str, int]:
    """{part: frames} over all opened splits."""
    return {part: frames for split in splits for part, frames in parts(split).items()}


def check_counts(splits: Sequence[SampledSplit], complete: bool) -> list[Finding]:
    """Whether the counts are the published ones; ``complete``: whether every split could be opened."""
    dataset, counts = splits[0].dataset, count_frames(splits)
    names = dict.fromkeys(part for copy in dataset.published_counts.values() for part in copy)
    known = {part: published(dataset, part) for part in names}
    absent = [part for part in known if complete and not counts.get(part)]
    if absent:
        what = f"no frames of {', '.join(absent)}; the data are only partly unpacked"
        return [Finding(FAULT, "", what, UNPACK_AGAIN)]
    matched = [part for part, frames in counts.items() if frames in known[part]]
    short = [part for part, frames in counts.items() if frames < known[part][0]]
    if matched and short:
        listed = ", ".join(f"{part} has {counts[part]:,} of {known[part][0]:,} frames" for part in short)
        return [Finding(FAULT, "", f"only partly unpacked: {listed}; the rest is as published", UNPACK_AGAIN)]
    if complete and release(dataset, counts) == OTHER:
        what = f"release: other; {sum(counts.values()):,} frames, not the published counts"
        todo = "fine for synthetic or selected data; lists and centre files of others do not fit its rows"
        return [Finding(WARNING, "", what, todo)]
    return []


def check_dropped(split: SampledSplit) -> list[Finding]:
    """ICVL: labels without a picture."""
    dropped = getattr(split.reader, "dropped", 0)
    if not dropped:
        return []
    total = dropped + len(split.reader)
    what = f"{dropped:,} of {total:,} labelled frames have no picture"
    if dropped > MAX_DROPPED * total:
        return [Finding(FAULT, split.name, f"{what}; the data are only partly unpacked", UNPACK_AGAIN)]
    return [Finding(NOTE, split.name, f"{what}; they are left out, as by others")]


def check_readable(split: SampledSplit) -> list[Finding]:
    """Frames that are missing, cut off or damaged."""
    unreadable, frames = split.sample.unreadable, split.sample.frames
    if not unreadable:
        return []
    what = f"{len(unreadable)} of {frames:,} frames cannot be read, first {unreadable[0]}"
    return [Finding(FAULT, split.name, what, "unpack or download them again; --frames=0 tries every frame")]


def check_empty(split: SampledSplit) -> list[Finding]:
    """Frames without a single measurement."""
    empty, frames = split.sample.indices[split.sample.empty], split.sample.frames
    if not len(empty):
        return []
    what = f"no depth in {len(empty)} of {frames:,} frames, first {split.reader.names[empty[0]]}"
    return by_share(len(empty) / frames, MAX_EMPTY, split.name, what, UNPACK_AGAIN)


def check_known_bad(split: SampledSplit) -> list[Finding]:
    """Frames whose labels are known to be wrong."""
    bad = sum(name in split.dataset.known_bad for name in split.reader.names)
    if not bad:
        return []
    todo = "train without them by --drop_bad; the field's metric counts them in the test"
    return [Finding(NOTE, split.name, f"{bad} frames whose labels are known to be wrong", todo)]


def check_msra_files(data_dir: str | os.PathLike) -> list[Finding]:
    """MSRA: depth files and ``joint.txt`` that are missing, over all subjects, before anything is opened."""
    named = missing = 0
    first_missing = []
    for gesture in _gestures(data_dir):
        frames, absent = _absent(gesture)
        named, missing = named + frames, missing + len(absent)
        if absent:
            first_missing.append(gesture / absent[0])
    if not first_missing:
        return []
    what = (
        f"only partly unpacked: {missing:,} files are missing in {len(first_missing)} folders, "
        f"first {first_missing[0]} (joint.txt files name {named:,} frames)"
    )
    return [Finding(FAULT, "", what, UNPACK_AGAIN)]


def _gestures(data_dir):
    roots = (pathlib.Path(data_dir), pathlib.Path(data_dir, msra.ROOT))
    folders = (root / subject / name for root in roots for subject in msra.SUBJECTS for name in msra.GESTURES)
    return (folder for folder in folders if folder.is_dir())


def _absent(gesture):
    """(frames that ``joint.txt`` names, names of missing files) of one folder."""
    labels, present = gesture / "joint.txt", {entry.name for entry in gesture.iterdir()}
    if labels.name not in present:
        return 0, [labels.name]
    with open(labels, encoding="utf-8", errors="replace") as file:
        first = file.readline().strip()
    frames = int(first) if first.isascii() and first.isdigit() else 0
    names = (f"{number:06d}_depth.bin" for number in range(min(frames, 10**6)))
    return frames, [name for name in names if name not in present]
