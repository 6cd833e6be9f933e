"""What a check finds, how findings are ranked, and how they and tables are printed."""

import dataclasses
from collections.abc import Iterable, Sequence

NOTE, WARNING, FAULT = "note", "warning", "FAULT"
# From harmless to worst.
LEVELS = (NOTE, WARNING, FAULT)

UNPACK_AGAIN = "unpack or download it again"


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing found.

    Args:
        level: str. ``NOTE``: good to know; ``WARNING``: training would be right, but look at it;
            ``FAULT``: training would be wrong.
        split: str. "train", "test", or "" for the dataset as a whole.
        what: str. What was found, naming the file, the frame or the number.
        todo: str. What to do about it.
    """

    level: str
    split: str
    what: str
    todo: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.todo}" if self.todo else self.what


def by_share(share: float, limit: float, split: str, what: str, todo: str) -> list[Finding]:
    """A fault if a share of frames lies above a limit, a warning if it is not zero, else nothing.

    Args:
        share: float, 0 to 1.
        limit: float, 0 to 1.
        split: str. As in ``Finding``.
        what: str. As in ``Finding``.
        todo: str. As in ``Finding``.
    """
    return [Finding(FAULT if share > limit else WARNING, split, what, todo)] if share > 0 else []


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Findings from the worst to the harmless; the same finding in several splits becomes one."""
    splits = {}
    for finding in findings:
        splits.setdefault((finding.level, finding.what, finding.todo), []).append(finding.split)
    merged = [
        Finding(level, ", ".join(dict.fromkeys(filter(None, names))), what, todo)
        for (level, what, todo), names in splits.items()
    ]
    return sorted(merged, key=lambda finding: -LEVELS.index(finding.level))


def finding_lines(findings: Iterable[Finding]) -> list[str]:
    """Lines that list findings, what to do below each."""
    lines = []
    for finding in findings:
        where = f"{finding.split}: " if finding.split else ""
        lines.append(f"{finding.level:8} {where}{finding.what}")
        if finding.todo:
            lines.append(f"{'':8} -> {finding.todo}")
    return lines


def table_lines(header: Sequence[str], rows: Iterable[Sequence]) -> list[str]:
    """Lines of a table, its columns as wide as they need."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]
