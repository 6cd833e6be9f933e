"""Opens a data set, runs every check, and writes the report for the terminal."""

import dataclasses

from datasets.check import counts, pictures, places, poses
from datasets.check.findings import FAULT, WARNING, Finding, ranked, table, told
from datasets.check.sample import Split, cubes_mm, measure
from datasets.errors import InputError

# Every check of one split: function of a Split -> Findings. A new one is added here; causes stand before
# what follows from them, as the first fault is the one that the command ends with.
CHECKS = (
    counts.check_dropped,
    pictures.check_readable,
    pictures.check_empty,
    poses.check_depth_range,
    pictures.check_labels_on_hand,
    poses.check_bones,
    poses.check_inside_frame,
    counts.check_known_bad,
)
SPLITS = ("train", "test")
# More subjects than these are told in one row.
MAX_ROWS = 12


@dataclasses.dataclass(frozen=True)
class Report:
    """What was found.

    Args:
        lines: tuple of str, for the terminal.
        findings: tuple of Finding, the worst first.
    """

    lines: tuple
    findings: tuple

    @property
    def faults(self):
        """The findings for which training would be wrong."""
        return [finding for finding in self.findings if finding.level == FAULT]


def check(dataset, data_dir, options, centre_files=None, frames=500, workers=None):
    """Checks both splits of a data set.

    Args:
        dataset: registry.Dataset.
        data_dir: path.
        options: registry.ReaderOptions.
        centre_files: dict or None. {"train": path, "test": path}; either may be None or absent.
        frames: int. Frames to decode a split, evenly spread; 0 = all.
        workers: int or None. Threads that decode; None takes one a processor.

    Returns a Report. Faults of the data are findings, not errors.
    """
    findings = counts.check_msra_files(data_dir) if dataset.name in counts.MSRA_FORMAT else []
    splits = []
    for name in SPLITS:
        try:
            reader = dataset.open(data_dir, name, options)
        except InputError as error:
            findings.append(
                Finding(FAULT, name, str(error), "mend it and check again; nothing of it was read")
            )
            continue
        sample = measure(reader, cubes_mm(dataset, reader), frames, workers, name)
        splits.append(Split(name, dataset, reader, sample, (centre_files or {}).get(name)))
    if not splits:
        return _report([f"{dataset.name}: {data_dir}"], findings)
    complete = len(splits) == len(SPLITS)
    findings += counts.check_counts(splits, complete)
    findings += [finding for split in splits for each in CHECKS for finding in each(split)]
    centred = [(split, *places.check_centres(split)) for split in splits]
    findings += [finding for _, _, found in centred for finding in found]
    heading = f"{dataset.name}: {data_dir}"
    if complete:
        heading += f", release: {counts.release(dataset.name, counts.counted(splits))}"
    lines = [heading, "", *_frames_table(splits), "", *_places_table(centred)]
    return _report(lines, findings)


def _report(lines, findings):
    findings = ranked(findings)
    counted = {level: sum(finding.level == level for finding in findings) for level in (FAULT, WARNING)}
    verdict = f"Faults: {counted[FAULT]}, warnings: {counted[WARNING]}. Training on these data would be "
    verdict += "wrong." if counted[FAULT] else "right."
    return Report((*lines, "", *told(findings), "", verdict), tuple(findings))


def _frames_table(splits):
    """Frames by split and subject, published counts, joint depths and bones."""
    header = (
        "split",
        "subject",
        "frames",
        "published",
        "decoded",
        "joint depth mm",
        "bones vary",
        "odd frames",
    )
    return table(header, [row for split in splits for row in _split_rows(split)])


def _split_rows(split):
    reader, sample = split.reader, split.sample
    subjects = poses.bones(split)
    number = len(set(reader.subjects))
    one = len(subjects) == 1
    depth = "hidden"
    if reader.joints_mm is not None:
        depth = f"{reader.joints_mm[..., 2].min():.0f} to {reader.joints_mm[..., 2].max():.0f}"
    yield (
        split.name,
        subjects[0].subject if one else f"{number} subjects" if number > 1 else "",
        f"{len(reader):,}",
        _published(split, *counts.parts(split)),
        f"{len(sample.indices):,}",
        depth,
        _variation(subjects),
        sum(len(found.odd) for found in subjects) if subjects else "",
    )
    if not one and len(subjects) <= MAX_ROWS:
        for found in subjects:
            known = _published(split, found.subject)
            row = (
                found.subject,
                f"{found.frames:,}",
                known,
                "",
                "",
                f"{found.variation:.1%}",
                len(found.odd),
            )
            yield ("", *row)


def _published(split, *parts):
    return " or ".join(f"{frames:,}" for frames in counts.expected(split.dataset.name, *parts))


def _variation(subjects):
    """The bones' variation, that of the worst subject."""
    return f"{max(found.variation for found in subjects):.1%}" if subjects else ""


def _places_table(centred):
    """Distance of each centre mode to the labels' mean, and what lies in the default cube."""
    header = (
        "split",
        "centre",
        "frames",
        "found",
        "to gt mm",
        "p95 mm",
        "joints in cube",
        "whole hands in cube",
    )
    rows = [
        (split.name, place.mode, f"{place.frames:,}", f"{place.found:.1%}", f"{place.mean_mm:.1f}",
         f"{place.p95_mm:.1f}", f"{place.joints_inside:.2%}", f"{place.frames_inside:.1%}")
        for split, found, _ in centred
        for place in found
    ]  # fmt: skip
    return table(header, rows)
