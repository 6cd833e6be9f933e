"""Numbered folders of a served model: ``BASE/1``, ``BASE/2`` and so on, all of one format."""

import os
import pathlib

from datasets.errors import InputError


def numbered(base: str | os.PathLike) -> dict[int, pathlib.Path]:
    """{N: ``base/N``} of the numbered folders in ``base``, in any order."""
    return {int(folder.name): folder for folder in pathlib.Path(base).glob("*") if folder.name.isdecimal()}


def new_version(export_dir: str | os.PathLike, model_file: str, version: int | None = None) -> pathlib.Path:
    """Path of a version to write; nothing is made.

    Args:
        export_dir: folder of the versions, which need not exist.
        model_file: name of the file that every version of this format holds.
        version: N; None takes the number after the newest.

    Raises InputError if ``export_dir`` is a file, or holds versions of another format.
    """
    base = pathlib.Path(export_dir)
    if base.exists() and not base.is_dir():
        raise InputError(f"{base}: expected a folder for the versions, found a file")
    versions = numbered(base)
    for folder in versions.values():
        if any(folder.iterdir()) and not (folder / model_file).exists():
            raise InputError(
                f"`export_dir`={base}: version {folder.name} in it has no {model_file}; name another folder"
            )
    return base / str(max(versions, default=0) + 1 if version is None else version)


def newest(base: str | os.PathLike, model_file: str) -> pathlib.Path | None:
    """The version with the highest number that holds ``model_file``; None if there is none."""
    whole = {n: folder for n, folder in numbered(base).items() if (folder / model_file).is_file()}
    return whole[max(whole)] if whole else None
