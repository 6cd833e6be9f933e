"""Can the frames be read, and do the labels lie on the hands they show? From decoded frames."""

import numpy as np

from datasets.check.findings import AGAIN, FAULT, WARNING, Finding, by_share

MAX_EMPTY = 0.01
# A frame whose labels belong to another shows fewer joints near measured depth than this.
ON_HAND, MAX_OFF_HAND = 0.5, 0.1


def check_readable(split):
    """Frames that are missing, cut off or damaged."""
    sample = split.sample
    if not sample.unreadable:
        return []
    what = f"{len(sample.unreadable)} of {sample.asked:,} frames cannot be read, first {sample.unreadable[0]}"
    return [Finding(FAULT, split.name, what, "unpack or download them again; --frames=0 tries every frame")]


def check_empty(split):
    """Frames without a single measurement."""
    empty = split.sample.indices[split.sample.empty]
    if not len(empty):
        return []
    what = f"no depth in {len(empty)} of {split.sample.asked:,} frames, first {split.reader.names[empty[0]]}"
    return by_share(len(empty) / split.sample.asked, MAX_EMPTY, split.name, what, AGAIN)


def check_labels_on_hand(split):
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
    return [
        Finding(WARNING, split.name, what, "look at one by python -m datasets.inspect --index=" + _at(off))
    ]


def _at(indices):
    return str(int(np.asarray(indices)[0]))
