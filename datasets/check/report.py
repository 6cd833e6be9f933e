"""Opens a dataset, runs every check, and writes the report for the terminal."""

import dataclasses
import os

from datasets.check import centres, counts, labels
from datasets.check.findings import FAULT, WARNING, Finding, finding_lines, ranked, table_lines
from datasets.check.sample import SampledSplit, cubes_mm, measure
from datasets.errors import InputError
from datasets.registry import Dataset, ReaderOptions

# Every check of one split: function of a SampledSplit -> Findings. A new one is added here; causes stand
# before their consequences, as the command ends with the first fault.
CHECKS = (
    counts.check_dropped,
    counts.check_readable,
    counts.check_empty,
    labels.check_depth_range,
    labels.check_on_hand,
    labels.check_bones,
    labels.check_inside_frame,
    counts.check_known_bad,
)
SPLITS = ("train", "test")
# Up to so many subjects get a row each.
MAX_ROWS = 12

_FRAMES_HEADER = (
    "split", "subject", "frames", "published", "decoded", "joint depth mm", "bones vary", "odd frames"
)  # fmt: skip
_CENTRES_HEADER = (
    "split", "centre", "frames", "found", "to gt mm", "p95 mm", "joints in cube", "whole hands in cube"
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Report:
    """What was found.

    Args:
        lines: tuple of str, for the terminal.
        findings: tuple of Finding, the worst first.
    """

    lines: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def faults(self) -> list[Finding]:
        """The findings for which training would be wrong."""
        return [finding for finding in self.findings if finding.level == FAULT]


def check(
    dataset: Dataset,
    data_dir: str | os.PathLike,
    options: ReaderOptions,
    centre_files: dict[str, str | None] | None = None,
    frames: int = 500,
    workers: int | None = None,
) -> Report:
    """Checks both splits of a dataset. Faults of the data are findings, not errors.

    Args:
        dataset: Dataset.
        data_dir: path of its root folder.
        options: ReaderOptions.
        centre_files: {"train": path, "test": path} or None; either may be None or absent.
        frames: int. Frames to decode of each split, evenly spread; 0 takes all.
        workers: int or None. Threads that decode; None takes one per processor.
    """
    findings = counts.check_msra_files(data_dir) if dataset.name in counts.MSRA_FORMAT else []
    splits = []
    for name in SPLITS:
        try:
            reader = dataset.open(data_dir, name, options)
        except InputError as error:
            findings.append(Finding(FAULT, name, str(error), "fix this and rerun; the split was skipped"))
            continue
        sample = measure(reader, cubes_mm(dataset, reader), frames, workers, name)
        splits.append(SampledSplit(name, dataset, reader, sample, (centre_files or {}).get(name)))
    heading = f"{dataset.name}: {data_dir}"
    if not splits:
        return _report([heading], findings)
    complete = len(splits) == len(SPLITS)
    findings += counts.check_counts(splits, complete)
    findings += [finding for split in splits for check_split in CHECKS for finding in check_split(split)]
    statistics = {}
    for split in splits:
        statistics[split.name], of_centres = centres.check_centres(split)
        findings += of_centres
    if complete:
        heading += f", release: {counts.release(dataset, counts.count_frames(splits))}"
    return _report([heading, "", *_frames_table(splits), "", *_centres_table(statistics)], findings)


def _report(lines, findings):
    findings = ranked(findings)
    faults, warnings = (sum(finding.level == level for finding in findings) for level in (FAULT, WARNING))
    verdict = f"Faults: {faults}, warnings: {warnings}. Training on these data would be "
    verdict += "wrong." if faults else "right."
    return Report((*lines, "", *finding_lines(findings), "", verdict), tuple(findings))


def _frames_table(splits):
    """Frames by split and subject, published counts, joint depths and bones."""
    return table_lines(_FRAMES_HEADER, [row for split in splits for row in _frames_rows(split)])


def _frames_rows(split):
    reader, subjects = split.reader, labels.bones(split)
    yield (
        split.name,
        _subject_cell(reader, subjects),
        f"{len(reader):,}",
        _published_cell(split, *counts.parts(split)),
        f"{len(split.sample.indices):,}",
        _depth_cell(reader.joints_mm),
        f"{max(subject.variation for subject in subjects):.1%}" if subjects else "",
        sum(len(subject.odd) for subject in subjects) if subjects else "",
    )
    if len(subjects) == 1 or len(subjects) > MAX_ROWS:
        return
    for subject in subjects:
        published, variation = _published_cell(split, subject.subject), f"{subject.variation:.1%}"
        yield "", subject.subject, f"{subject.frames:,}", published, "", "", variation, len(subject.odd)


def _subject_cell(reader, subjects):
    if len(subjects) == 1:
        return subjects[0].subject
    number = len(set(reader.subjects))
    return f"{number} subjects" if number > 1 else ""


def _depth_cell(joints_mm):
    return (
        "hidden" if joints_mm is None else f"{joints_mm[..., 2].min():.0f} to {joints_mm[..., 2].max():.0f}"
    )


def _published_cell(split, *parts):
    return " or ".join(f"{frames:,}" for frames in counts.published(split.dataset, *parts))


def _centres_table(statistics):
    """Distance of each centre mode to the labels' mean, and what lies in the default cube."""
    rows = [
        (split, centre.mode, f"{centre.frames:,}", f"{centre.valid:.1%}", f"{centre.mean_mm:.1f}",
         f"{centre.p95_mm:.1f}", f"{centre.joints_inside:.2%}", f"{centre.frames_inside:.1%}")
        for split, centres_of_split in statistics.items()
        for centre in centres_of_split
    ]  # fmt: skip
    return table_lines(_CENTRES_HEADER, rows)
