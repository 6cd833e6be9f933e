"""Text files as lines, and strict tables of numbers."""

import pathlib

import numpy as np

from datasets.errors import InputError

# NumPy's parser of text is five times faster than Python's, but slow to start.
_FEW_LINES = 32


def read_lines(path):
    """Lines of a text file without line ends (Unix or Windows) and without blank lines at its end.

    Raises InputError naming the file if it is missing, no file, or no text.
    """
    try:
        # Some editors on Windows begin a file with a byte order mark.
        lines = pathlib.Path(path).read_text(encoding="utf-8-sig").rstrip().splitlines()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: expected a text file, found a directory") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: not a text file") from None
    return lines


def number_table(lines, columns, path, first_line=1):
    """Lines of numbers separated by white space -> float64 [N, columns], all finite.

    ``path`` and ``first_line`` (the number of ``lines[0]`` in its file, from 1) are for messages.
    Raises InputError naming file and line on a wrong column count, text, NaN or infinity.
    """
    if len(lines) > _FEW_LINES:
        table = _parse(lines)
        if table is not None and table.shape == (len(lines), columns) and np.isfinite(table).all():
            return table
    return _checked_table(lines, columns, path, first_line)


def _parse(lines):
    """The numbers, or None. Skips blank lines and takes NaN: its result has to be looked at."""
    try:
        return np.loadtxt(lines, comments=None, ndmin=2) if any(map(str.strip, lines)) else None
    except ValueError:
        return None


def _checked_table(lines, columns, path, first_line):
    words = [line.split() for line in lines]
    for number, row in enumerate(words, first_line):
        if len(row) != columns:
            raise InputError(f"{path}, line {number}: expected {columns} numbers, found {len(row)}")
    try:
        table = np.array(words, dtype=np.float64).reshape(-1, columns)
    except ValueError:
        number, word = next(_not_numbers(words, first_line))
        raise InputError(f"{path}, line {number}: {word!r} is not a number") from None
    if not np.isfinite(table).all():
        row, column = np.argwhere(~np.isfinite(table))[0]
        raise InputError(f"{path}, line {first_line + row}: {words[row][column]!r} is not a finite number")
    return table


def _not_numbers(words, first_line):
    for number, row in enumerate(words, first_line):
        for word in row:
            try:
                float(word)
            except ValueError:
                yield number, word
