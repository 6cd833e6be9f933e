"""JSON from files and messages that anybody may have written."""

import json
import os
import pathlib
from typing import Any


def parse(text: str | bytes) -> Any:
    """The value of a JSON text; raises ValueError, also where it is nested too deeply or is no UTF-8."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def read_object(path: str | os.PathLike) -> dict[str, Any]:
    """The JSON object in a file. Raises FileNotFoundError, and ValueError where it holds anything else."""
    value = parse(pathlib.Path(path).read_text(encoding="utf-8"))
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, found {type(value).__name__}")
    return value
