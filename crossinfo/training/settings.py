"""Whether a work directory was made with the same settings."""

import itertools
import json
import os
import pathlib

from crossinfo import config
from crossinfo.config import RunConfig
from datasets.errors import InputError

# Settings named otherwise than the arguments they come from.
_ARGUMENTS = {"variant_name": "variant", "train_cubes_mm": "cube_mm", "test_cube_mm": "cube_mm"}


def check_settings(settings: RunConfig, work_dir: str | os.PathLike) -> None:
    """Raises InputError naming the first setting that differs from those the directory was made with."""
    path = pathlib.Path(work_dir) / "config.json"
    if not path.exists():
        return
    try:
        before = config.current_names(_leaves(json.loads(path.read_text(encoding="utf-8"))))
    except (ValueError, AttributeError):
        raise InputError(f"{path}: not a run's settings; use another `work_dir`") from None
    now = dict(_leaves(json.loads(config.to_json(settings))))
    for name in itertools.chain(now, before):
        if now.get(name) != before.get(name):
            argument = _ARGUMENTS.get(name, name)
            raise InputError(
                f"{path}: made with other settings, `{argument}` was {before.get(name)!r} and is now "
                f"{now.get(name)!r}; use the old `{argument}` or another `work_dir`"
            )


def _leaves(settings):
    """(name, value) of the leaves of nested settings, whose names are unique."""
    for name, value in settings.items():
        yield from _leaves(value) if isinstance(value, dict) else [(name, value)]
