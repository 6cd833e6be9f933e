"""Label files of one frame a line: a picture's path, then numbers. Read in pieces, as some hold a million."""

import dataclasses
import itertools
import re

import numpy as np

from datasets import files
from datasets.errors import InputError

_CHUNK_LINES = 8192
# No part may be empty, "." or "..", so that a path cannot leave its folder.
_INSIDE = re.compile(r"(?:[\w-][\w.-]*/)*[\w-][\w.-]*\.png", re.ASCII)


@dataclasses.dataclass(frozen=True)
class Rows:
    """Some lines of a label file.

    Args:
        path: path of the file, for messages.
        names: list of N picture paths.
        table: float64 [N, columns], finite.
        lines: list of N line numbers, from 1.
    """

    path: object
    names: list
    table: np.ndarray
    lines: list

    def check_in_front(self, depths_mm):
        """Raises InputError naming the line unless the depths [N, J] of all joints are positive."""
        behind = np.flatnonzero((depths_mm <= 0).any(axis=1))
        if len(behind):
            raise InputError(f"{self.path}, line {self.lines[behind[0]]}: a joint lies behind the camera")


def read(path, columns, keep=None):
    """Yields ``Rows`` piece by piece: a name and ``columns`` numbers a line, tabs or spaces between.

    Blank lines are skipped wherever they are.

    Args:
        path: path of a text file.
        columns: int.
        keep: function name -> bool, or None for all lines. The numbers of other lines are not read.

    Raises InputError naming file and line on a wrong count of numbers, on text, NaN or infinity, and on
    a name that is no relative path of a PNG inside the data (absolute, with ``..``).
    """
    try:
        # Some published files end their lines in two carriage returns; only "\n" counts lines.
        with open(path, encoding="utf-8", newline="\n") as file:
            numbered = enumerate(file, 1)
            while chunk := list(itertools.islice(numbered, _CHUNK_LINES)):
                yield _rows(path, chunk, columns, keep)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: expected a text file, found a directory") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file") from None


def _rows(path, chunk, columns, keep):
    names, tails, lines = [], [], []
    for number, line in chunk:
        name, *tail = line.split(None, 1) or [None]
        if name is None:
            continue
        if not _INSIDE.fullmatch(name):
            raise InputError(
                f"{path}, line {number}: {name[:80]!r} is refused; expected a picture's path inside the "
                "data folder, ending in .png"
            )
        if keep is None or keep(name):
            names.append(name)
            tails.append(tail[0] if tail else "")
            lines.append(number)
    return Rows(path, names, _table(path, tails, lines, columns), lines)


def _table(path, tails, lines, columns):
    """Float64 [N, columns], by NumPy's fast parser; if that fails, line by line to name the fault."""
    try:
        table = np.loadtxt(tails, comments=None, ndmin=2) if any(map(str.strip, tails)) else None
    except ValueError:
        table = None
    if table is None or table.shape != (len(tails), columns) or not np.isfinite(table).all():
        rows = [
            files.number_table([tail], columns, path, number)
            for tail, number in zip(tails, lines, strict=True)
        ]
        return np.concatenate([np.zeros((0, columns)), *rows])
    return table
