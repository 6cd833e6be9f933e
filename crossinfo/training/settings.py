"""Whether a work directory was made with the same settings, and from the same data."""

import itertools
import json
import os
import pathlib
from collections.abc import Mapping

from crossinfo import config
from crossinfo.config import RunConfig
from datasets.errors import InputError
from datasets.io import json_files
from datasets.io.atomic import atomic_write

SETTINGS_FILE = "config.json"
# Digests of the data, beside the settings; older files have none.
_DATA = "data"
# Settings named otherwise than the arguments they come from.
_ARGUMENTS = {"variant_name": "variant", "train_cubes_mm": "cube_mm", "test_cube_mm": "cube_mm"}


def write_settings(settings: RunConfig, data: Mapping[str, str], work_dir: str | os.PathLike) -> None:
    """Writes ``config.json``.

    Args:
        settings: of the run.
        data: {split: digest of its data}.
        work_dir: path.
    """
    content = {**json.loads(config.to_json(settings)), _DATA: dict(data)}
    with atomic_write(pathlib.Path(work_dir) / SETTINGS_FILE) as file:
        file.write(json.dumps(content, indent=2) + "\n")


def check_settings(settings: RunConfig, work_dir: str | os.PathLike) -> None:
    """Raises InputError naming the first setting that differs from those the directory was made with."""
    before = _read(work_dir)
    if before is None:
        return
    path = pathlib.Path(work_dir) / SETTINGS_FILE
    before.pop(_DATA, None)
    try:
        before = config.current_names(_leaves(before))
    except TypeError:
        raise InputError(f"{path}: not a run's settings; use another `work_dir`") from None
    now = dict(_leaves(json.loads(config.to_json(settings))))
    for name in itertools.chain(now, before):
        if now.get(name) != before.get(name):
            argument = _ARGUMENTS.get(name, name)
            raise InputError(
                f"{path}: made with other settings, `{argument}` was {before.get(name)!r} and is now "
                f"{now.get(name)!r}; use the old `{argument}` or another `work_dir`"
            )


def check_data(data: Mapping[str, str], work_dir: str | os.PathLike) -> None:
    """Raises InputError if the directory was made from other data.

    Args:
        data: {split: digest of its data}.
        work_dir: path.
    """
    before = (_read(work_dir) or {}).get(_DATA)
    changed = [
        name for name in data if isinstance(before, dict) and before.get(name, data[name]) != data[name]
    ]
    if changed:
        raise InputError(
            f"{pathlib.Path(work_dir) / SETTINGS_FILE}: the {changed[0]} split has changed since this run "
            "began; put its old data back, or use another `work_dir`"
        )


def _read(work_dir):
    """The content of ``config.json``, or None without one."""
    path = pathlib.Path(work_dir) / SETTINGS_FILE
    try:
        return json_files.read_object(path)
    except FileNotFoundError:
        return None
    except ValueError:
        raise InputError(f"{path}: not a run's settings; use another `work_dir`") from None


def _leaves(settings):
    """(name, value) of the leaves of nested settings, whose names are unique."""
    for name, value in settings.items():
        yield from _leaves(value) if isinstance(value, dict) else [(name, value)]
