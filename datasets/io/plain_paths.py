"""Folders whose names TensorFlow would take for patterns.

TensorFlow looks for the files of a checkpoint and of a SavedModel by pattern, so that in ``run[1]`` it writes
what it cannot find again. The system has a second name for a folder that is open, without such characters.
"""

import os
import pathlib
import weakref

from datasets.errors import InputError

WILDCARDS = frozenset("*?[]{}\\")
_OPEN_FOLDERS = "/proc/self/fd"


class PlainFolder:
    """A folder under a name without wildcards, which holds as long as this object and in this process.

    Args:
        folder: path of a folder that exists.

    Attributes:
        path: str. The folder itself where its name has no wildcard.

    Raises InputError naming the folder where the system has no other name for it.
    """

    def __init__(self, folder: str | os.PathLike):
        self._folder = self.path = os.fspath(folder)
        if not has_wildcards(folder):
            return
        if not os.path.isdir(_OPEN_FOLDERS):
            raise InputError(f"{folder}: TensorFlow cannot use a path with {' '.join(sorted(WILDCARDS))}")
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, descriptor)
        self.path = f"{_OPEN_FOLDERS}/{descriptor}"

    def named(self, path: str) -> str:
        """A path within the folder, as a user knows it."""
        return path.replace(self.path, self._folder, 1)


def has_wildcards(path: str | os.PathLike) -> bool:
    """Whether the absolute path has a character of patterns."""
    return not WILDCARDS.isdisjoint(str(pathlib.Path(path).absolute()))
