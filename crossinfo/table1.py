"""``python -m crossinfo.table1``: the paper's self-comparison under equal conditions, several seeds per row.

Every training is a run of its own under ``WORK_DIR/ROW/seedK``, on the same frames; a finished one is not
trained again, so the same command resumes an interrupted table.
"""

import dataclasses
import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from crossinfo import flags
from crossinfo.config import Machine, RunConfig
from datasets import command_line, runtime
from datasets.command_line import Command, Group
from datasets.errors import InputError
from datasets.io import atomic, json_files

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclasses.dataclass(frozen=True)
class Row:
    """One row of the table: its two switches, and the mean errors of the paper, if it has the row."""

    name: str
    folder: str
    sharing: str
    heatmap_guidance: bool
    icvl_mm: float | None = None
    nyu_mm: float | None = None


ROWS = (
    Row("Base", "base", "none", False, 9.28, 11.17),
    Row("Base+HM", "base_hm", "none", True, 9.08, 10.84),
    Row("Cross", "cross", "cross", False, 8.79, 10.57),
    Row("Cross+HM", "cross_hm", "cross", True, 8.48, 10.08),
)
# Beside the paper's rows: the sharing that it argues against (figure 5a), with heat maps as in its best row.
STITCH = Row("Stitch+HM", "stitch_hm", "stitch", True)

Reports = Mapping[tuple[str, int], dict[str, Any]]


def _define(values):
    group = Group(values, "Run")
    group.string("work_dir", None, "Output folder; the same command resumes an interrupted table.", True)
    group.integer("seeds", 3, "Trainings per row, each with its own seed.", lower=1)
    group.integer("seed", 0, "The first seed.", 0, 2**31 - 1000)
    flags.run_flags(values)
    network = Group(values, "Network")
    network.switch(
        "cross_stitch", False,
        "Also train a fifth row, Stitch+HM: cross-stitch units in place of the cross connection (figure 5a).",
    )  # fmt: skip


COMMAND = Command(
    usage="python -m crossinfo.table1",
    summary="Trains the four rows of the paper's table 1 and compares their errors with the paper's.",
    define=_define,
)


class Training(NamedTuple):
    """One training of the table: its row and its settings, seed included."""

    row: Row
    settings: RunConfig


def plan(settings: RunConfig, seeds: int, rows: Sequence[Row] = ROWS) -> list[Training]:
    """The trainings in their order: every row once before the next seed.

    Args:
        settings: of every run but for its seed and switches; the first seed.
        seeds: number of seeds.
        rows: what to train.
    """
    return [
        Training(
            row,
            dataclasses.replace(
                settings,
                seed=seed,
                variant=settings.variant.with_switches(row.sharing, row.heatmap_guidance),
            ),
        )
        for seed in range(settings.seed, settings.seed + seeds)
        for row in rows
    ]


def train(
    planned: list[Training],
    work_dir: pathlib.Path,
    machine: Machine,
    cache_dir: str | os.PathLike | None = None,
) -> Reports:
    """Trains what has no report yet, all rows on the same frames.

    Args:
        planned: as ``plan`` returns it.
        work_dir: the runs are its folders.
        machine: how to compute.
        cache_dir: folder of cropped frames; None keeps them under ``work_dir``.

    Returns:
        The content of each run's ``report.json`` by the row's name and the seed. Raises InputError, before
        any training, if a run's directory was made with other settings.
    """
    import keras

    from crossinfo.training import run
    from crossinfo.training.settings import check_settings

    # Synthetic data are the same whatever the seeds, so that more seeds can be added later.
    data_dir = run.Run(dataclasses.replace(planned[0].settings, seed=0), work_dir, machine).make_data()
    runs = [
        (
            row,
            dataclasses.replace(settings, data_dir=data_dir),
            work_dir / row.folder / f"seed{settings.seed}",
        )
        for row, settings in planned
    ]
    for _, settings, folder in runs:
        check_settings(settings, folder)
    reports = {}
    for number, (row, settings, folder) in enumerate(runs, 1):
        report = folder / "report" / "report.json"
        if not report.exists():
            print(f"run {number} of {len(runs)}: {row.name}, seed {settings.seed}")
            run.train(settings, folder, machine, cache_dir or work_dir / "shards")
            keras.backend.clear_session()
        reports[row.name, settings.seed] = _read(report)
    return reports


def _read(report):
    try:
        return json_files.read_object(report)
    except ValueError as error:
        raise InputError(f"{report}: damaged ({error}); remove it, and it is made again") from None


def summarise(reports: Reports, variant: str) -> dict[str, Any]:
    """The content of ``table1.json``.

    Args:
        reports: by row and seed, the paper's rows and perhaps ``STITCH``, every row with the same seeds.
        variant: the variant's name.

    A row's ``errors_mm`` are its runs' mean joint errors, in the order of ``seeds``; ``spread_mm`` is their
    standard deviation (n - 1), None of a single run. ``against_base_mm`` compares runs of the same seed.
    """
    seeds = sorted({seed for _, seed in reports})
    first = reports[ROWS[0].name, seeds[0]]
    rows = [row for row in (*ROWS, STITCH) if (row.name, seeds[0]) in reports]
    errors = {row.name: [_error_mm(reports[row.name, seed], seed) for seed in seeds] for row in rows}
    base = np.array(errors[ROWS[0].name])
    return {
        **{key: first[key] for key in ("dataset", "centre", "frames", "selected_on")},
        "variant": variant,
        "seeds": seeds,
        "mean_pose_mm": first["methods"]["mean_pose"]["mean_error_mm"],
        "rows": {
            row.name: {
                "errors_mm": errors[row.name],
                **_moments(errors[row.name]),
                "against_base_mm": _moments(np.array(errors[row.name]) - base),
                "paper_mm": {"icvl": row.icvl_mm, "nyu": row.nyu_mm},
            }
            for row in rows
        },
    }


def _error_mm(report, seed):
    return report["methods"][f"seed{seed}"]["mean_error_mm"]


def _moments(values: Sequence[float]) -> dict[str, float | None]:
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return {"mean_mm": float(np.mean(values)), "spread_mm": spread}


def markdown(content: Mapping[str, Any]) -> str:
    """``summarise``'s content as a page of Markdown: what was run, and the table."""
    about = (
        f"Mean joint error in mm on {content['dataset']} ({content['frames']} frames, centre: "
        f"{content['centre']}), variant {content['variant']}, seeds {', '.join(map(str, content['seeds']))}, "
        f"best epoch picked on the {content['selected_on']} split: mean ± standard deviation over the seeds. "
        f"The training split's mean pose alone: {content['mean_pose_mm']:.2f}."
    )
    heading = "| strategy | here | against Base, seed by seed | paper, ICVL | paper, NYU |"
    lines = [_line(name, row) for name, row in content["rows"].items()]
    return "\n".join([about, "", heading, "|:--|--:|--:|--:|--:|", *lines, ""])


def _line(name, row):
    icvl, nyu = ("" if error is None else f"{error:.2f}" for error in row["paper_mm"].values())
    against = "" if name == ROWS[0].name else _with_spread(row["against_base_mm"], "+")
    return f"| {name} | {_with_spread(row)} | {against} | {icvl} | {nyu} |"


def _with_spread(moments, sign=""):
    spread = "" if moments["spread_mm"] is None else f" ± {moments['spread_mm']:.2f}"
    return f"{moments['mean_mm']:{sign}.2f}{spread}"


def figure(content: Mapping[str, Any]) -> "Figure":
    """A dot per run, and each row's mean and spread; the paper's values on the datasets it reports."""
    from matplotlib.figure import Figure

    from crossinfo.reports import COLOURS

    chart = Figure(figsize=(7, 4.5), dpi=120, layout="constrained")
    axes = chart.add_subplot()
    rows, places = list(content["rows"].values()), np.arange(len(content["rows"]))
    means, spreads = [row["mean_mm"] for row in rows], [row["spread_mm"] or 0 for row in rows]
    axes.errorbar(places, means, spreads, fmt="_", markersize=28, capsize=8, color=COLOURS[0], label="mean")
    errors = np.array([row["errors_mm"] for row in rows])
    beside = np.repeat(places + 0.2, errors.shape[1])
    axes.plot(beside, errors.ravel(), "o", color=COLOURS[1], label="one seed")
    if content["dataset"] in rows[0]["paper_mm"]:
        # None, a row that is not the paper's, becomes NaN and is not drawn.
        paper = np.array([row["paper_mm"][content["dataset"]] for row in rows], float)
        axes.plot(places - 0.2, paper, "D", color=COLOURS[2], fillstyle="none", label="paper")
    axes.set_xticks(places, content["rows"])
    axes.set(xlim=(-0.6, len(rows) - 0.4), ylabel="mean joint error (mm)")
    axes.set_title(f"{content['dataset']}, {content['variant']}, centre: {content['centre']}")
    axes.grid(alpha=0.3, axis="y")
    axes.legend()
    return chart


def write(work_dir: pathlib.Path, content: Mapping[str, Any]) -> None:
    """Writes ``table1.json``, ``table1.md`` and ``table1.png``, each whole or not at all."""
    with atomic.atomic_write(work_dir / "table1.json") as file:
        file.write(json.dumps(content, indent=2) + "\n")
    with atomic.atomic_write(work_dir / "table1.md") as file:
        file.write(markdown(content))
    with atomic.atomic_write(work_dir / "table1.png", "wb") as file:
        figure(content).savefig(file, format="png")


def main(values: SimpleNamespace) -> None:
    """Runs the command on parsed flags."""
    if flags.all_subjects(values):
        raise InputError("--test_subject=all: table 1 is of one subject; name it")
    rows = (*ROWS, STITCH) if values.cross_stitch else ROWS
    planned = plan(flags.run_settings(values), values.seeds, rows)
    work_dir = pathlib.Path(values.work_dir).absolute()
    runtime.import_tensorflow()
    try:
        reports = train(planned, work_dir, flags.machine(values), values.cache_dir)
    except KeyboardInterrupt:
        raise KeyboardInterrupt("everything is saved; the same command goes on from here") from None
    content = summarise(reports, values.variant)
    write(work_dir, content)
    print(markdown(content))
    print(f"written to {work_dir}: table1.json, table1.md, table1.png")


if __name__ == "__main__":
    command_line.run(COMMAND, main)
