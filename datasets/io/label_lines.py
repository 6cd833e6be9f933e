"""Label files with one line per frame: a picture's path, then numbers.

Some hold a million lines. They are read in pieces, and what is kept of them is compact: a reader is opened
in every process that prepares frames.
"""

import array
import dataclasses
import itertools
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from datasets.errors import InputError
from datasets.io import tables

_CHUNK_LINES = 2048
# No part may be empty, "." or "..", so that a path cannot leave its folder.
_INSIDE = re.compile(r"(?:[\w-][\w.-]*/)*[\w-][\w.-]*\.png", re.ASCII)


class Names(Sequence):
    """Frame names in one block of text, in a quarter of a list's memory; equal to a list of the same.

    Args:
        names: iterable of ASCII str without line ends.
    """

    def __init__(self, names: Iterable[str] = ()):
        self._text, self._ends = bytearray(), array.array("q", [0])
        self.extend(names)

    def extend(self, names: Iterable[str]) -> None:
        """Appends names."""
        for name in names:
            self._text += name.encode("ascii") + b"\n"
            self._ends.append(len(self._text))

    def __len__(self):
        return len(self._ends) - 1

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        i = range(len(self))[index]
        return self._text[self._ends[i] : self._ends[i + 1] - 1].decode()

    def __iter__(self):
        for first in range(0, len(self), _CHUNK_LINES):
            last = min(first + _CHUNK_LINES, len(self))
            yield from self._text[self._ends[first] : self._ends[last]].decode().splitlines()

    def __eq__(self, other):
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))


@dataclasses.dataclass(frozen=True)
class Rows:
    """Some lines of a label file.

    Args:
        path: path of the file, for messages.
        names: list of N picture paths.
        table: float64 [N, columns], finite.
        lines: list of N line numbers, from 1.
    """

    path: str | os.PathLike
    names: list[str]
    table: np.ndarray
    lines: list[int]

    def check_in_front(self, depths_mm: np.ndarray) -> None:
        """Raises InputError naming the line unless the depths [N, J] of all joints are positive."""
        behind = np.flatnonzero((depths_mm <= 0).any(axis=1))
        if len(behind):
            raise InputError(f"{self.path}, line {self.lines[behind[0]]}: a joint lies behind the camera")


def read(path: str | os.PathLike, columns: int, keep: Callable[[str], bool] | None = None) -> Iterator[Rows]:
    """Yields ``Rows`` piece by piece: a name and ``columns`` numbers per line, tabs or spaces between.

    Blank lines are skipped wherever they are.

    Args:
        path: path of a text file.
        columns: int.
        keep: function name -> bool, or None for all lines. The numbers of other lines are not read.

    Raises InputError naming file and line on a wrong count of numbers, on text, NaN or infinity, and on
    a name that is no relative path of a PNG inside the data (absolute, with ``..``).
    """
    # Some published files end their lines in two carriage returns; only "\n" counts lines.
    with tables.opened(path, newline="\n") as file:
        numbered = enumerate(file, 1)
        while chunk := list(itertools.islice(numbered, _CHUNK_LINES)):
            yield _rows(path, chunk, columns, keep)


def gather(
    pieces: Iterable[tuple[Sequence[str], np.ndarray]], path: str | os.PathLike, what: str = "frames"
) -> tuple[Names, np.ndarray]:
    """Joins the pieces of a label file in little memory.

    The numbers go to an unnamed temporary file, from which the system pages them in as they are used and
    out again when memory is short; the file vanishes with the array.

    Args:
        pieces: iterable of (n names, numbers [n, ...]), with the same trailing axes in all.
        path: path of the label file, for messages.
        what: str. What a line stands for, for messages.

    Returns (Names, float32 [N, ...], read-only). Raises InputError if there is no line, or no room for
    the temporary file.
    """
    names, shape = Names(), None
    with tempfile.TemporaryFile(buffering=0) as file:
        for piece, numbers in pieces:
            names.extend(piece)
            shape = numbers.shape[1:]
            _append(file, numbers)
        if not names:
            raise InputError(f"{path}: no {what}; expected one line per frame")
        return names, np.asarray(np.memmap(file, np.float32, "r", shape=(len(names), *shape)))


def _append(file, numbers):
    content = memoryview(numbers.astype(np.float32).tobytes())
    try:
        while content:
            content = content[file.write(content) :]
    except OSError as error:
        raise InputError(
            f"{tempfile.gettempdir()}: cannot hold the labels while they are in use: {error.strerror}; set "
            "TMPDIR to a folder on a larger disk"
        ) from None


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
    return Rows(path, names, tables.numbered_table(tails, columns, path, lines), lines)
