"""Files and folders that are either whole or not there."""

import contextlib
import os
import pathlib
import shutil
import socket
import tempfile
import uuid
from collections.abc import Iterator
from typing import IO

from datasets.errors import InputError


def temporary(path: str | os.PathLike) -> pathlib.Path:
    """A hidden neighbour of ``path`` that no other process on any host has: ``.NAME.HOST.UNIQUE.tmp``.

    It lies beside ``path`` since a rename is atomic only within one file system.
    """
    path = pathlib.Path(path)
    return path.with_name(f".{path.name}.{socket.gethostname()}.{uuid.uuid4().hex}.tmp")


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike, mode: str = "w") -> Iterator[IO]:
    """Opens a temporary file beside ``path`` and renames it to ``path`` at the end of the block.

    If the block raises, the temporary file is removed and ``path`` stays as it was. Missing parent
    folders are made. ``mode`` is "w" (UTF-8 text) or "wb".
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = temporary(path)
    try:
        with open(unfinished, mode, encoding=None if "b" in mode else "utf-8") as file:
            yield file
        os.replace(unfinished, path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def atomic_directory(path: str | os.PathLike) -> Iterator[pathlib.Path]:
    """Makes a temporary folder beside ``path`` and renames it to ``path`` at the end of the block.

    If the block raises, the folder is removed. Raises InputError at once if ``path`` exists, unless it
    is an empty folder.
    """
    path = pathlib.Path(path)
    if path.is_symlink() or path.is_file() or (path.is_dir() and any(path.iterdir())):
        raise InputError(f"{path}: already exists; name a new folder or remove this one")
    unfinished = temporary(path)
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        os.replace(unfinished, path)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


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
