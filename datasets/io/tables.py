"""Text files as lines, and strict tables of numbers."""

import contextlib
import math
import os
from collections.abc import Iterator, Sequence
from typing import TextIO

import numpy as np

from datasets.errors import InputError
from datasets.geometry import MAX_COORDINATE

# NumPy's parser of text is five times faster than Python's, but slow to start.
_FEW_LINES = 32


@contextlib.contextmanager
def opened(path: str | os.PathLike, newline: str | None = None) -> Iterator[TextIO]:
    """Opens a UTF-8 text file for reading.

    Args:
        path: path.
        newline: as in ``open``.

    Raises InputError naming the file if it is missing, no file, or no text.
    """
    try:
        # Some editors on Windows begin a file with a byte order mark.
        with open(path, encoding="utf-8-sig", newline=newline) as file:
            yield file
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: expected a text file, found a directory") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file") from None


def read_lines(path: str | os.PathLike) -> list[str]:
    """Lines of a text file without line ends (Unix or Windows) and without blank lines at its end.

    Raises InputError as ``opened``.
    """
    with opened(path) as file:
        return file.read().rstrip().splitlines()


def number_table(
    lines: Sequence[str], columns: int, path: str | os.PathLike, first_line: int = 1
) -> np.ndarray:
    """Lines of numbers separated by white space -> float64 [N, columns], all within ``MAX_COORDINATE``.

    Args:
        lines: N lines.
        columns: int. Numbers in each.
        path: path of their file, for messages.
        first_line: int. Number of ``lines[0]`` in its file, from 1, for messages.

    Raises InputError naming file and line on a wrong column count, text, NaN, infinity and absurd numbers.
    """
    return numbered_table(lines, columns, path, range(first_line, first_line + len(lines)))


def numbered_table(
    lines: Sequence[str], columns: int, path: str | os.PathLike, numbers: Sequence[int]
) -> np.ndarray:
    """``number_table`` of lines that do not follow each other.

    Args:
        lines: N lines of numbers separated by white space.
        columns: numbers on each line.
        path: their file, for messages.
        numbers: N line numbers, from 1.
    """
    if len(lines) > _FEW_LINES:
        table = _parse(lines)
        if table is not None and table.shape == (len(lines), columns) and within_bounds(table).all():
            return table
    return _checked_table(lines, columns, path, numbers)


def _parse(lines):
    """The numbers, or None. Skips blank lines and takes NaN: its result has to be looked at."""
    try:
        return np.loadtxt(lines, comments=None, ndmin=2) if any(map(str.strip, lines)) else None
    except ValueError:
        return None


def _checked_table(lines, columns, path, numbers):
    """The numbers by Python's parser, which tells where the first fault is."""
    table = np.empty((len(lines), columns))
    for row, number, line in zip(table, numbers, lines, strict=True):
        words = line.split()
        if len(words) != columns:
            raise InputError(f"{path}, line {number}: expected {columns} numbers, found {len(words)}")
        for column, word in enumerate(words):
            try:
                row[column] = float(word)
            except ValueError:
                raise InputError(f"{path}, line {number}: {word[:40]!r} is not a number") from None
            if not math.isfinite(row[column]):
                raise InputError(f"{path}, line {number}: {word[:40]!r} is not a finite number")
            if not within_bounds(row[column]):
                raise InputError(
                    f"{path}, line {number}: {word[:40]!r} is beyond {MAX_COORDINATE:,.0f} mm or pixels"
                )
    return table


def within_bounds(numbers: np.ndarray) -> np.ndarray:
    """Which numbers can be coordinates, in mm or pixels; NaN cannot."""
    return np.abs(numbers) <= MAX_COORDINATE
