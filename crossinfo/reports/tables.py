"""A report's tables: for the terminal, as CSV, Markdown and LaTeX, and every frame's errors as CSV."""

import csv
import pathlib
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from crossinfo.reports.styles import shown
from datasets.io import atomic
from datasets.io.wording import csv_cell

HEADINGS = (
    "method",
    "values",
    "centre",
    "mean (mm)",
    "95 % interval",
    "median",
    "palm",
    "finger",
    "within 20 mm (%)",
    "within 40 mm (%)",
    "AUC",
)
# Where a row's values come from.
MEASURED, PUBLISHED, CLAIMED = "measured here", "published, measured from its file", "published, as claimed"
MARKDOWN_SPECIAL = re.compile(r"([\\`*_\[\]<>|$&~#])")


def table(content: dict) -> str:
    """A report as text: one line per method, below the dataset and the centre mode.

    ``content`` is here and below the dict of ``report.json``.
    """
    width = max(len(shown(name)) for name in ["method", *content["methods"]])
    heading = f"{'method':{width}}   mean  median    palm  finger  max<=20mm  max<=40mm    AUC"
    above = f"{content['dataset']}, {content['frames']} frames, centre: {content['centre']}, errors in mm"
    if "selected_on" in content:
        above += f"; best epoch picked on the {content['selected_on']} split"
    return "\n".join([above, heading, *(_line(name, width, m) for name, m in content["methods"].items())])


def _line(name, width, method):
    mean, *others = (f"{method[f'{key}_error_mm']:.3f}" for key in ("mean", "median", "palm", "finger"))
    errors = f"{mean:>6}" + "".join(f"{error:>8}" for error in others)
    success = "".join(f"{100 * method['success_max'][mm]:9.1f} %" for mm in ("20", "40"))
    return f"{shown(name):{width}} {errors}{success}{method['auc_max_0_80']:7.3f}"


def rows(content: dict) -> list[dict[str, str | float | list[float] | None]]:
    """One row per method and per published value, ordered by mean error: {heading: unformatted value}.

    Success is in percent, ``95 % interval`` a pair, and None stands for what is not known.
    """
    measured = [_measured(name, method, content["centre"]) for name, method in content["methods"].items()]
    return sorted(
        measured + [_published(value) for value in content["published"]], key=lambda row: row["mean (mm)"]
    )


def _measured(name, method, centre):
    errors = [method[f"{key}_error_mm"] for key in ("median", "palm", "finger")]
    success = [100 * method["success_max"][mm] for mm in ("20", "40")]
    cells = [shown(name), MEASURED, centre, method["mean_error_mm"], method["interval_95_mm"]]
    return dict(zip(HEADINGS, [*cells, *errors, *success, method["auc_max_0_80"]], strict=True))


def _published(value):
    success = value["success_max_20"]
    known = {
        "method": value["name"],
        "values": PUBLISHED if value["measured"] else CLAIMED,
        "centre": value["centre"],
        "mean (mm)": value["mean_error_mm"],
        "within 20 mm (%)": None if success is None else 100 * success,
    }
    return dict.fromkeys(HEADINGS) | known


def write(
    report_dir: pathlib.Path,
    content: dict,
    names: Sequence[str] | None,
    errors_mm: Mapping[str, np.ndarray],
) -> None:
    """Writes ``summary.csv``, ``summary.md``, ``summary.tex`` and ``errors_per_frame.csv``, each atomically.

    Args:
        report_dir: where they go.
        content: dict of ``report.json``.
        names: the N frames' names; None where they are not known.
        errors_mm: {method: float [N, J]}.
    """
    _write_csv(report_dir / "summary.csv", _csv(content))
    with atomic.atomic_write(report_dir / "summary.md") as file:
        file.write(markdown(content))
    with atomic.atomic_write(report_dir / "summary.tex") as file:
        file.write(latex(content))
    _write_csv(report_dir / "errors_per_frame.csv", per_frame(names, errors_mm))


def markdown(content: dict) -> str:
    """The summary as a page of Markdown."""
    return f"{_about(content)}\n\n{_formatted(content, 'pipe', _escape_markdown)}\n"


def latex(content: dict) -> str:
    """The summary as a LaTeX ``tabular``, which needs the package booktabs; names are escaped."""
    # tabulate escapes LaTeX's special characters in this format.
    return f"% {_about(content)}\n{_formatted(content, 'latex_booktabs', str)}\n"


def _about(content):
    return (
        f"Mean joint errors in mm on {content['dataset']}, {content['frames']} frames; "
        "published values are of the whole test split."
    )


def _formatted(content, style, escape):
    from tabulate import tabulate

    body = [[escape(_cell(name, row[name])) for name in HEADINGS] for row in rows(content)]
    aligned = ["left"] * 3 + ["right"] * (len(HEADINGS) - 3)
    headings = [escape(name) for name in HEADINGS]
    return tabulate(body, headings, tablefmt=style, disable_numparse=True, colalign=aligned)


def _cell(heading, value):
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"{value[0]:.2f} to {value[1]:.2f}"
    return f"{value:.{1 if '%' in heading else 3 if heading == 'AUC' else 2}f}"


def _escape_markdown(text):
    return MARKDOWN_SPECIAL.sub(r"\\\1", text)


def _csv(content):
    """Lines of ``summary.csv``: every row with all digits, and one column per joint."""
    joints = list(content["methods"][content["best"]]["per_joint_error_mm"])
    plain = [name for name in HEADINGS if name != "95 % interval"]
    yield [*plain, "95 % low (mm)", "95 % high (mm)", *(f"{joint} (mm)" for joint in joints)]
    by_name = {shown(name): method for name, method in content["methods"].items()}
    for row in rows(content):
        interval = row["95 % interval"] or ("", "")
        measured = row["values"] == MEASURED
        errors = by_name[row["method"]]["per_joint_error_mm"].values() if measured else [""] * len(joints)
        yield [*("" if row[name] is None else row[name] for name in plain), *interval, *errors]


def per_frame(names: Sequence[str] | None, errors_mm: Mapping[str, np.ndarray]) -> Iterator[list]:
    """Lines of ``errors_per_frame.csv``: frame, name, and each method's mean and largest error in mm.

    Args:
        names: the N frames' names; None where they are not known.
        errors_mm: {method: float [N, J]}.
    """
    yield ["frame", "name", *(f"{shown(name)} {of} (mm)" for name in errors_mm for of in ("mean", "max"))]
    columns = [
        column for errors in errors_mm.values() for column in (errors.mean(axis=1), errors.max(axis=1))
    ]
    for frame, values in enumerate(np.stack(columns, axis=1).round(4).tolist()):
        yield [frame, "" if names is None else shown(str(names[frame])), *values]


def _write_csv(path, lines):
    with atomic.atomic_write(path) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerows([csv_cell(x) if isinstance(x, str) else x for x in line] for line in lines)
