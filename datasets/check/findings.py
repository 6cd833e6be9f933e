"""What a check says, and plain tables for the terminal."""

import dataclasses

NOTE, WARNING, FAULT = "note", "warning", "FAULT"
# From harmless to worst.
LEVELS = (NOTE, WARNING, FAULT)

AGAIN = "unpack or download it again"


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing found.

    Args:
        level: str. ``NOTE``: good to know; ``WARNING``: training is right, but look at it; ``FAULT``:
            training on it would be wrong.
        split: str. "train", "test", or "" for the data set as a whole.
        what: str. What was found, naming the file, the frame or the number.
        todo: str. What to do about it.
    """

    level: str
    split: str
    what: str
    todo: str = ""

    def __str__(self):
        return f"{self.what}: {self.todo}" if self.todo else self.what


def by_share(share, limit, split, what, todo):
    """[FAULT] if a share lies above a limit, [WARNING] if it is not zero, [] without any."""
    return [Finding(FAULT if share > limit else WARNING, split, what, todo)] if share > 0 else []


def ranked(findings):
    """Findings from the worst to the harmless; one said of several splits is told once."""
    merged = {}
    for finding in findings:
        merged.setdefault((finding.level, finding.what, finding.todo), []).append(finding.split)
    kept = [
        Finding(level, ", ".join(dict.fromkeys(filter(None, splits))), what, todo)
        for (level, what, todo), splits in merged.items()
    ]
    return sorted(kept, key=lambda finding: -LEVELS.index(finding.level))


def table(header, rows):
    """Lines of a table, its columns as wide as they need."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
    return [lines[0], "  ".join("-" * width for width in widths), *lines[1:]]


def told(findings):
    """Lines that list ranked findings, what to do below each."""
    lines = []
    for finding in findings:
        where = f"{finding.split}: " if finding.split else ""
        lines.append(f"{finding.level:8} {where}{finding.what}")
        if finding.todo:
            lines.append(f"{'':8} -> {finding.todo}")
    return lines
