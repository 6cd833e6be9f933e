"""The report of an evaluation: ``report.json``, a page, figures, tables, and a table for the terminal."""

import json
import os
import pathlib

from crossinfo.reports import figures, page, svg, tables
from crossinfo.reports.content import EvaluationResults, FramePicture, report
from crossinfo.reports.styles import COLOURS
from crossinfo.reports.tables import table
from datasets.io import atomic

__all__ = ["COLOURS", "EvaluationResults", "FramePicture", "report", "table", "write"]


def write(report_dir: str | os.PathLike, results: EvaluationResults) -> dict:
    """Writes a report's files, each atomically, and returns the dict of ``report.json``.

    The files are ``report.json``; ``report.html``, which needs no other file; ``success_max``,
    ``success_mean``, ``per_joint`` and, where any frame falls into their bins, ``error_by_yaw`` and
    ``error_by_pitch`` as PNG and PDF; ``summary`` as CSV, Markdown and LaTeX; ``errors_per_frame.csv``.
    ``report_dir`` is made where it is missing.
    """
    report_dir = pathlib.Path(report_dir)
    content = report(results)
    drawings = figures.draw(content, results.errors_mm)
    for name, figure in drawings.items():
        svg.save(figure, report_dir, name)
    tables.write(report_dir, content, results.names, results.errors_mm)
    with atomic.atomic_write(report_dir / "report.html") as file:
        file.write(page.render(content, results, drawings))
    with atomic.atomic_write(report_dir / "report.json") as file:
        file.write(json.dumps(content, indent=2, allow_nan=False) + "\n")
    return content
