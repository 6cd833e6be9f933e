"""``python -m crossinfo.table1``: the paper's self-comparison under equal conditions, several seeds a row.

Every row is a run of its own under ``WORK_DIR/ROW/seedK``, on the same frames; a finished one is not
trained again, so the same command goes on where it stopped.
"""

import dataclasses
import json
import pathlib
import types

import numpy as np

from crossinfo import flags
from datasets import command_line, runtime
from datasets.command_line import Command, Group
from datasets.errors import InputError
from datasets.io import atomic


@dataclasses.dataclass(frozen=True)
class Row:
    """One row of the paper's table 1: its two switches, and the paper's mean errors."""

    name: str
    folder: str
    cross_connection: bool
    heatmap_guidance: bool
    icvl_mm: float
    nyu_mm: float


ROWS = (
    Row("Base", "base", False, False, 9.28, 11.17),
    Row("Base+HM", "base_hm", False, True, 9.08, 10.84),
    Row("Cross", "cross", True, False, 8.79, 10.57),
    Row("Cross+HM", "cross_hm", True, True, 8.48, 10.08),
)


def _define(values):
    group = Group(values, "Run")
    group.string("work_dir", None, "Where the runs and the table go; the same command goes on with it.", True)
    group.integer("seeds", 3, "Trainings a row, each with a seed of its own.", lower=1)
    group.integer("seed", 0, "The first of them.", 0, 2**31 - 1000)
    flags.run_flags(values)


COMMAND = Command(
    usage="python -m crossinfo.table1",
    summary="Trains the four rows of the paper's table 1 and sets their errors beside the paper's.",
    define=_define,
)


def plan(values):
    """[(Row, seed, config.RunConfig), ...] in the order of training: every row once before the next seed."""
    if values.test_subject == "all":
        raise InputError("--test_subject=all: table 1 takes one subject; name it")
    return [
        (row, seed, _settings(values, row, seed))
        for seed in range(values.seed, values.seed + values.seeds)
        for row in ROWS
    ]


def _settings(values, row, seed):
    switches = {key: getattr(row, key) for key in ("cross_connection", "heatmap_guidance")}
    return flags.run_config(types.SimpleNamespace(**{**vars(values), **switches, "seed": seed}))


def train(planned, work_dir, machine, cache_dir=None):
    """Trains what has no report yet, on one set of frames for all.

    Args:
        planned: as ``plan`` gives.
        work_dir: path.
        machine: config.Machine.
        cache_dir: path or None. Where cropped frames are kept; None keeps them under ``work_dir``.

    Returns:
        {(row's name, seed): content of its ``report.json``}. Raises InputError, before any training, if a
        run's directory was made with other settings.
    """
    import keras

    from crossinfo.training import run
    from crossinfo.training.settings import check_settings

    # Synthetic data are the same whatever the seeds, so that more seeds can be added later.
    data_dir = run.Run(dataclasses.replace(planned[0][2], seed=0), work_dir, machine).make_data()
    work = [
        (row, seed, dataclasses.replace(settings, data_dir=data_dir), work_dir / row.folder / f"seed{seed}")
        for row, seed, settings in planned
    ]
    for _, _, settings, folder in work:
        check_settings(settings, folder)
    found = {}
    for number, (row, seed, settings, folder) in enumerate(work, 1):
        report = folder / "report" / "report.json"
        if not report.exists():
            print(f"run {number} of {len(work)}: {row.name}, seed {seed}")
            run.train(settings, folder, machine, cache_dir or work_dir / "shards")
            keras.backend.clear_session()
        found[row.name, seed] = json.loads(report.read_text(encoding="utf-8"))
    return found


def summarise(reports, variant):
    """The content of ``table1.json``.

    Args:
        reports: {(row's name, seed): report}, every row with the same seeds.
        variant: str.

    A row's ``errors_mm`` are its runs' mean joint errors, in the order of ``seeds``; ``spread_mm`` is their
    standard deviation (n - 1), None of a single run. ``against_base_mm`` compares runs of the same seed.
    """
    seeds = sorted({seed for _, seed in reports})
    first = reports[ROWS[0].name, seeds[0]]
    errors = {row.name: [_error_mm(reports[row.name, seed], seed) for seed in seeds] for row in ROWS}
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
            for row in ROWS
        },
    }


def _error_mm(report, seed):
    return report["methods"][f"seed{seed}"]["mean_error_mm"]


def _moments(values):
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return {"mean_mm": float(np.mean(values)), "spread_mm": spread}


def markdown(content):
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
    paper = row["paper_mm"]
    against = "" if name == ROWS[0].name else _with_spread(row["against_base_mm"], "+")
    return f"| {name} | {_with_spread(row)} | {against} | {paper['icvl']:.2f} | {paper['nyu']:.2f} |"


def _with_spread(moments, sign=""):
    spread = "" if moments["spread_mm"] is None else f" ± {moments['spread_mm']:.2f}"
    return f"{moments['mean_mm']:{sign}.2f}{spread}"


def figure(content):
    """Matplotlib figure: each run a dot, each row's mean and spread; the paper's values for its datasets."""
    from matplotlib.figure import Figure

    from crossinfo.reports import COLOURS

    drawn = Figure(figsize=(7, 4.5), dpi=120, layout="constrained")
    axes = drawn.add_subplot()
    rows, places = list(content["rows"].values()), np.arange(len(content["rows"]))
    means, spreads = [row["mean_mm"] for row in rows], [row["spread_mm"] or 0 for row in rows]
    axes.errorbar(places, means, spreads, fmt="_", markersize=28, capsize=8, color=COLOURS[0], label="mean")
    errors = np.array([row["errors_mm"] for row in rows])
    beside = np.repeat(places + 0.2, errors.shape[1])
    axes.plot(beside, errors.ravel(), "o", color=COLOURS[1], label="one seed")
    if content["dataset"] in rows[0]["paper_mm"]:
        paper = [row["paper_mm"][content["dataset"]] for row in rows]
        axes.plot(places - 0.2, paper, "D", color=COLOURS[2], fillstyle="none", label="paper")
    axes.set_xticks(places, content["rows"])
    axes.set(xlim=(-0.6, len(rows) - 0.4), ylabel="mean joint error (mm)")
    axes.set_title(f"{content['dataset']}, {content['variant']}, centre: {content['centre']}")
    axes.grid(alpha=0.3, axis="y")
    axes.legend()
    return drawn


def write(work_dir, content):
    """Writes ``table1.json``, ``table1.md`` and ``table1.png``, each whole."""
    with atomic.atomic_write(work_dir / "table1.json") as file:
        file.write(json.dumps(content, indent=2) + "\n")
    with atomic.atomic_write(work_dir / "table1.md") as file:
        file.write(markdown(content))
    with atomic.atomic_write(work_dir / "table1.png", "wb") as file:
        figure(content).savefig(file, format="png")


def main(values):
    """Runs the command on parsed flags."""
    planned, work_dir = plan(values), pathlib.Path(values.work_dir).absolute()
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
