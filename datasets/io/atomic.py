"""Files and folders that are either whole or not there."""

import contextlib
import os
import pathlib
import re
import shutil
import socket
import stat
import tempfile
import time
import uuid
from collections.abc import Iterator
from typing import IO

from datasets.errors import InputError
from datasets.io import locks

# On other hosts nobody can tell whether a writer still lives.
STALE_SECONDS = 24 * 3600
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{32}\.tmp")


def temporary(path: str | os.PathLike) -> pathlib.Path:
    """A hidden neighbour of ``path`` that nobody can guess: ``.NAME.HOST.UNIQUE.tmp``.

    It lies beside ``path`` since a rename is atomic only within one file system.
    """
    path = pathlib.Path(path)
    return path.with_name(f".{path.name}.{socket.gethostname()}.{uuid.uuid4().hex}.tmp")


@contextlib.contextmanager
def unfinished(path: str | os.PathLike, folder: bool = False) -> Iterator[pathlib.Path]:
    """A new, empty ``temporary`` file or folder, for the caller to fill and to rename to ``path``.

    It is locked while the block runs, and removed at its end unless it was renamed. Missing parent folders
    are made; what killed runs left of ``path`` is removed.

    Args:
        path: path.
        folder: bool. Whether a folder is made, not a file.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent, path.name)
    made, descriptor = _make(path, folder)
    try:
        yield made
    finally:
        _remove(made)
        os.close(descriptor)


def _make(path, folder):
    """(a temporary file or folder, its locked descriptor); a link planted at its name is not followed."""
    while True:
        made = temporary(path)
        if folder:
            made.mkdir()
            descriptor = os.open(made, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        else:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(made, flags, 0o666)
        if locks.try_lock(descriptor) is not False and locks.is_at(descriptor, made):
            return made, descriptor
        os.close(descriptor)  # another process swept it before it was locked


def sweep(folder: str | os.PathLike, name: str | None = None) -> None:
    """Removes the temporary files and folders that killed runs left in a folder.

    Only what ``temporary`` has named, and only where its writer is dead, or on another host and a day old.

    Args:
        folder: path.
        name: only what was to become this file; None takes all.
    """
    with os.scandir(folder) as entries:
        left = [entry for entry in entries if _TEMPORARY.fullmatch(entry.name)]
    for entry in left:
        if name is None or entry.name.startswith(f".{name}."):
            with contextlib.suppress(OSError):  # another process was first, or it is not ours to remove
                _remove_if_dead(pathlib.Path(entry.path))


def _remove_if_dead(path):
    about = path.lstat()
    if not (stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode)):
        return
    old = time.time() - about.st_mtime > STALE_SECONDS
    of_this_host = path.name[: -len(".tmp") - 33].endswith(f".{socket.gethostname()}")
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        free = locks.try_lock(descriptor)
        if free is not False and (old or (free and of_this_host)):
            _remove(path)
    finally:
        os.close(descriptor)


def _remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike, mode: str = "w") -> Iterator[IO]:
    """Opens a temporary file beside ``path`` and renames it to ``path`` at the end of the block.

    If the block raises, the temporary file is removed and ``path`` stays as it was. Missing parent
    folders are made. ``mode`` is "w" (UTF-8 text) or "wb".
    """
    with unfinished(path) as made:
        with open(made, mode, encoding=None if "b" in mode else "utf-8") as file:
            yield file
        os.replace(made, path)


@contextlib.contextmanager
def atomic_directory(path: str | os.PathLike) -> Iterator[pathlib.Path]:
    """Makes a temporary folder beside ``path`` and renames it to ``path`` at the end of the block.

    If the block raises, the folder is removed. Raises InputError at once if ``path`` exists, unless it
    is an empty folder.
    """
    path = pathlib.Path(path)
    if path.is_symlink() or path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise InputError(f"{path}: already exists; name a new folder or remove this one")
    with unfinished(path, folder=True) as made:
        yield made
        os.replace(made, path)


@contextlib.contextmanager
def staged(output_dir: str | os.PathLike) -> Iterator[pathlib.Path]:
    """A folder to write into; its files move to ``output_dir`` at the end, or vanish if the block raises."""
    output_dir = pathlib.Path(output_dir)
    output_dir.absolute().parent.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix=".staged-", dir=output_dir.absolute().parent))
    try:
        yield folder
        output_dir.mkdir(exist_ok=True)
        for file in folder.iterdir():
            os.replace(file, output_dir / file.name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
