"""Whether a dataset's folders are where its reader looks for them."""

import itertools
import os
import pathlib
from collections.abc import Sequence

from datasets.errors import InputError

# Folders of frames hold up to a million entries; a hint needs no more than these.
_LOOKED_AT = 1000
_SHOWN = 5


def check_split(split: str) -> None:
    """Raises InputError unless ``split`` is "train" or "test"."""
    if split not in ("train", "test"):
        raise InputError(f"`split`={split}: expected train or test")


def expect_root(data_dir: str | os.PathLike, expected: Sequence[str], dataset: str) -> pathlib.Path:
    """The folder ``data_dir``, if it holds every expected file and folder.

    Args:
        data_dir: path.
        expected: paths relative to it, e.g. ``("Training/labels.txt", "Training/Depth")``.
        dataset: str. Name for messages.

    Raises InputError naming ``data_dir``, what was expected and what was found, and the right folder
    if it lies up to two levels deeper or three higher.
    """
    root = pathlib.Path(data_dir)
    if not root.is_dir():
        raise InputError(f"`data_dir`={data_dir}: no such folder")
    absent = [path for path in expected if not (root / path).exists()]
    if not absent:
        return root
    if len(absent) < len(expected):
        raise InputError(
            f"`data_dir`={data_dir}: {dataset} is only partly unpacked: {', '.join(absent)} "
            f"{'is' if len(absent) == 1 else 'are'} missing; unpack the archive again"
        )
    raise InputError(
        f"`data_dir`={data_dir}: no {dataset} data; expected {', '.join(expected)}, found "
        + _found(root)
        + _suggestion(root, expected)
    )


def _entries(folder):
    """Names in a folder, at most ``_LOOKED_AT`` of them."""
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in itertools.islice(entries, _LOOKED_AT))


def _found(root):
    names = _entries(root)
    rest = len(names) - _SHOWN
    more = f" and {'at least ' * (len(names) == _LOOKED_AT)}{rest} more" if rest > 0 else ""
    return (", ".join(names[:_SHOWN]) or "an empty folder") + more


def _suggestion(root, expected):
    """The end of a message: which neighbour of ``root`` would have been right."""
    children = [root / name for name in _entries(root)]
    grandchildren = (child / name for child in children if child.is_dir() for name in _entries(child))
    above = list(root.absolute().parents)[:3]
    for folder in [*children, *above, *itertools.islice(grandchildren, _LOOKED_AT)]:
        if all((folder / path).exists() for path in expected):
            return f"; use `data_dir`={folder}"
    return ""


def listing(folder: str | os.PathLike) -> set[str]:
    """Names in one folder as a set, read at once; empty if there is no such folder."""
    try:
        return set(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return set()


def missing(folder: str | os.PathLike, names: Sequence[str]) -> list[int]:
    """Indices of the names ("a/b.png") that are not under ``folder``.

    Each folder is listed once: asking for every file would take minutes over a network.
    """
    listed, absent = {}, []
    for index, name in enumerate(names):
        parent, _, leaf = name.rpartition("/")
        if parent not in listed:
            listed[parent] = listing(pathlib.Path(folder, parent))
        if leaf not in listed[parent]:
            absent.append(index)
    return absent


def expect_files(folder: str | os.PathLike, names: Sequence[str], source: str | os.PathLike) -> None:
    """Raises InputError if a frame is missing.

    Args:
        folder: path that the names are relative to.
        names: frames' names ("a/b.png").
        source: path of the label file that has them, for the message.
    """
    absent = missing(folder, names)
    if absent:
        raise InputError(
            f"{source}: {len(absent)} of its {len(names)} frames are missing under {folder}, first "
            f"{names[absent[0]]}; the data are only partly unpacked, unpack the archive again"
        )
