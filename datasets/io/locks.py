"""Locks that the system drops with their process, so that a killed one never blocks another."""

import contextlib
import fcntl
import os
import pathlib
import socket
from collections.abc import Iterator

from datasets.errors import InputError


def try_lock(descriptor: int) -> bool | None:
    """Locks an open file or folder for this process: True, or False where another one holds it.

    None on a file system without locks. The lock goes when the descriptor is closed.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


@contextlib.contextmanager
def exclusive(path: str | os.PathLike, busy: str) -> Iterator[None]:
    """Holds the file ``path`` for the block; it is there only while somebody holds it, or was killed.

    Missing folders are made, and removed again where the block leaves them empty.

    Args:
        path: path.
        busy: what is wrong if another process holds it; who that is follows in brackets.

    Raises InputError if another process holds it.
    """
    path = pathlib.Path(path)
    made = [folder for folder in path.parents if not folder.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = _locked(path, busy)
    try:
        os.truncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)
        with contextlib.suppress(OSError):  # the first that is not empty
            for folder in made:
                folder.rmdir()


def _locked(path, busy):
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        if try_lock(descriptor) is False:
            holder = os.read(descriptor, 200).decode(errors="replace").strip()
            os.close(descriptor)
            raise InputError(f"{busy} ({holder or 'another process'})")
        if is_at(descriptor, path):
            return descriptor
        os.close(descriptor)  # its holder removed it meanwhile


def is_at(descriptor: int, path: str | os.PathLike) -> bool:
    """Whether an open file or folder still lies at a path."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False
