"""Is everything there? Frames by split and subject beside the published counts, and missing files."""

import collections
import pathlib

from datasets import msra
from datasets.check.findings import AGAIN, FAULT, NOTE, WARNING, Finding

_MSRA = {name: dict(zip(msra.SUBJECTS, counts, strict=True)) for name, counts in msra.RELEASES.items()}
_ICVL_TEST = {"test_seq_1": 702, "test_seq_2": 894}
# {dataset: {release: {part: frames}}}; a part is a subject, a test sequence or a split.
PUBLISHED = {
    "synthetic": _MSRA,
    "msra": _MSRA,
    "nyu": {"published": {"train": 72757, "test": 8252}},
    "icvl": {
        "original": {"train": 22067, **_ICVL_TEST},
        # A row more in a peer's centre file of the same frames.
        "original, 22,068": {"train": 22068, **_ICVL_TEST},
        "all": {"train": 331006, **_ICVL_TEST},
    },
    "hands17": {"published": {"train": 957032, "test": 295510}},
}
OTHER = "other"
# Read by MSRA's reader.
MSRA_FORMAT = ("msra", "synthetic")
# Published labels name a few pictures that do not exist: 73 of 331,006.
MAX_DROPPED = 0.001


def parts(split):
    """{part: frames that the labels name} of one split."""
    if split.dataset.name in MSRA_FORMAT or (split.dataset.name == "icvl" and split.name == "test"):
        return dict(collections.Counter(split.reader.subjects))
    return {split.name: len(split.reader) + getattr(split.reader, "dropped", 0)}


def expected(dataset, *names):
    """Published counts of parts together, one a release, ascending; empty where none is known."""
    known = [[release.get(name) for name in names] for release in PUBLISHED[dataset].values()]
    return sorted({sum(found) for found in known if None not in found})


def release(dataset, counts):
    """Name of the release with exactly these counts {part: frames}, or "other"."""
    return next((name for name, known in PUBLISHED[dataset].items() if known == counts), OTHER)


def counted(splits):
    """{part: frames} over all opened splits."""
    return {part: frames for split in splits for part, frames in parts(split).items()}


def check_counts(splits, complete):
    """Findings on the counts of all opened splits; ``complete``: whether every split could be opened."""
    dataset, counts = splits[0].dataset.name, counted(splits)
    known = {part: expected(dataset, part) for release in PUBLISHED[dataset].values() for part in release}
    absent = [part for part in known if complete and not counts.get(part)]
    if absent:
        what = f"no frames of {', '.join(absent)}; the data are only partly unpacked"
        return [Finding(FAULT, "", what, AGAIN)]
    matched = [part for part, frames in counts.items() if frames in known[part]]
    short = [part for part, frames in counts.items() if frames < known[part][0]]
    if matched and short:
        listed = ", ".join(f"{part} has {counts[part]:,} of {known[part][0]:,} frames" for part in short)
        return [Finding(FAULT, "", f"only partly unpacked: {listed}; the rest is as published", AGAIN)]
    if complete and release(dataset, counts) == OTHER:
        what = f"release: other; {sum(counts.values()):,} frames, not the published counts"
        todo = "fine for synthetic or selected data; lists and centre files of others do not fit its rows"
        return [Finding(WARNING, "", what, todo)]
    return []


def check_dropped(split):
    """ICVL: labels without a picture."""
    dropped = getattr(split.reader, "dropped", 0)
    if not dropped:
        return []
    total = dropped + len(split.reader)
    what = f"{dropped:,} of {total:,} labelled frames have no picture"
    if dropped > MAX_DROPPED * total:
        return [Finding(FAULT, split.name, f"{what}; the data are only partly unpacked", AGAIN)]
    return [Finding(NOTE, split.name, f"{what}; they are left out, as by others")]


def check_known_bad(split):
    """MSRA: frames whose labels are known to be wrong."""
    bad = sum(name in msra.known_bad for name in split.reader.names)
    if split.dataset.name != "msra" or not bad:
        return []
    todo = "train without them by --drop_bad; the field's metric counts them in the test"
    return [Finding(NOTE, split.name, f"{bad} frames whose labels are known to be wrong", todo)]


def check_msra_files(data_dir):
    """MSRA: depth files and ``joint.txt`` that are missing, over all subjects, before anything is opened."""
    named = missing = 0
    folders = []
    for gesture in _gestures(data_dir):
        frames, absent = _absent(gesture)
        named, missing = named + frames, missing + len(absent)
        if absent:
            folders.append(gesture / absent[0])
    if not folders:
        return []
    what = (
        f"only partly unpacked: {missing:,} files are missing in {len(folders)} folders, "
        f"first {folders[0]} (joint.txt files name {named:,} frames)"
    )
    return [Finding(FAULT, "", what, AGAIN)]


def _gestures(data_dir):
    roots = (pathlib.Path(data_dir), pathlib.Path(data_dir, msra.ROOT))
    folders = (root / subject / name for root in roots for subject in msra.SUBJECTS for name in msra.GESTURES)
    return (folder for folder in folders if folder.is_dir())


def _absent(gesture):
    """(frames that ``joint.txt`` names, names of missing files) of one folder."""
    text, found = gesture / "joint.txt", {entry.name for entry in gesture.iterdir()}
    if text.name not in found:
        return 0, [text.name]
    with open(text, encoding="utf-8", errors="replace") as file:
        first = file.readline().strip()
    frames = int(first) if first.isascii() and first.isdigit() else 0
    names = (f"{number:06d}_depth.bin" for number in range(min(frames, 10**6)))
    return frames, [name for name in names if name not in found]
