"""What an evaluation leaves: ``report.json``, one page, figures, tables, and a table for the terminal."""

import json
import pathlib

from crossinfo.reports import figures, page, svg, tables
from crossinfo.reports.content import Evaluated, FramePicture, report
from crossinfo.reports.styles import COLOURS
from crossinfo.reports.tables import table
from datasets.io import atomic

__all__ = ["COLOURS", "Evaluated", "FramePicture", "report", "table", "write"]


def write(report_dir, evaluated):
    """Writes a report's files, each whole, and returns the dict of ``report.json``.

    ``report.json``; ``report.html``, which needs no other file; ``success_max``, ``success_mean``,
    ``per_joint`` and, where frames are in their bins, ``error_by_yaw`` and ``error_by_pitch`` as PNG and PDF;
    ``summary`` as CSV, Markdown and LaTeX; ``errors_per_frame.csv``.

    Args:
        report_dir: path, made where it is missing.
        evaluated: Evaluated.
    """
    report_dir = pathlib.Path(report_dir)
    content = report(evaluated)
    drawings = figures.draw(content, evaluated.errors_mm)
    for name, figure in drawings.items():
        svg.save(figure, report_dir, name)
    tables.write(report_dir, content, evaluated.names, evaluated.errors_mm)
    with atomic.atomic_write(report_dir / "report.html") as file:
        file.write(page.render(content, evaluated, drawings))
    with atomic.atomic_write(report_dir / "report.json") as file:
        file.write(json.dumps(content, indent=2, allow_nan=False) + "\n")
    return content
