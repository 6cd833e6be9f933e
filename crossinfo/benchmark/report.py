"""A benchmark's results as a table, with what they depend on."""

import json
import os
import pathlib
import platform
from collections.abc import Mapping
from typing import Any

from crossinfo.benchmark.timing import BATCH
from datasets.io.atomic import atomic_write

HEADINGS = {
    "form": "form",
    "size_mb": "size, MB",
    "latency_ms": "1 frame, ms",
    "frames_per_s": f"frames/s by {BATCH}",
    "error_mm": "error, mm",
    "distance_mm": "from Keras, mm: mean",
    "distance_max_mm": "largest",
}
DECIMALS = {"size_mb": 2, "latency_ms": 2, "frames_per_s": 0}


def machine() -> dict[str, Any]:
    """What the times depend on: processor, cores, load and TensorFlow's version."""
    import tensorflow as tf

    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "tensorflow": tf.__version__,
    }


def processor() -> str:
    """The CPU's model name."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def write(output_dir: str | os.PathLike, content: Mapping[str, Any]) -> str:
    """Writes ``benchmark.json`` and ``benchmark.md``; returns the text of the latter."""
    page = table(content)
    with atomic_write(pathlib.Path(output_dir) / "benchmark.json") as file:
        file.write(json.dumps(content, indent=2) + "\n")
    with atomic_write(pathlib.Path(output_dir) / "benchmark.md") as file:
        file.write(page + "\n")
    return page


def table(content: Mapping[str, Any]) -> str:
    """The content of ``benchmark.json`` as a Markdown page."""
    about = (
        f"`{content['variant']}` on {content['frames']} test frames of {content['dataset']} (centre: "
        f"{content['centre']}), {content['processor']}, {content['cores']} cores, load "
        f"{content['load_average']}, TensorFlow {content['tensorflow']}; medians of "
        f"{content['rounds']} rounds. LiteRT takes a batch frame by frame."
    )
    rows = [[_cell(key, row[key]) for key in HEADINGS] for row in content["forms"]]
    lines = [
        "| " + " | ".join(cells) + " |" for cells in [list(HEADINGS.values()), ["---"] * len(HEADINGS), *rows]
    ]
    return "\n".join([about, "", *lines])


def _cell(key, value):
    return value if key == "form" else f"{value:.{DECIMALS.get(key, 3)}f}"
