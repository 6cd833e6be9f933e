"""What an evaluation leaves: ``report.json``, two figures, and a table for the terminal.

``methods`` is everywhere a dict {name: errors_mm float [N, J]} over the same frames in the same order.
"""

import json
import pathlib

import numpy as np

from crossinfo import metrics, predictions
from datasets import files, registry
from datasets.errors import InputError
from datasets.geometry import unproject

# Okabe and Ito's colours stay apart for colour-blind readers; dashes and hatches do in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", ":")
HATCHES = ("", "//", "..", "xx")


def report(dataset, centre, methods, selected_on=None):
    """The content of ``report.json`` as a dict.

    Args:
        dataset: str. Name in the registry.
        centre: str. How the hand's centre was found, or "unknown" for other people's predictions.
        methods: {name: errors_mm}.
        selected_on: str or None. What picked a network's best epoch: "validation" or "test".
    """
    skeleton = registry.get(dataset).skeleton
    frames = {len(errors_mm) for errors_mm in methods.values()}
    if len(frames) != 1:
        raise ValueError(f"methods must be scored on the same frames. Received: {sorted(frames)}")
    scored = {name: metrics.summary(errors_mm, skeleton) for name, errors_mm in methods.items()}
    content = {"dataset": dataset, "centre": centre, "frames": frames.pop(), "methods": scored}
    return content if selected_on is None else {**content, "selected_on": selected_on}


def table(content):
    """A report as text: one line a method, with the dataset and the centre mode above them."""
    width = max(len(name) for name in ["method", *content["methods"]])
    heading = f"{'method':{width}}   mean  median    palm  finger  max<=20mm  max<=40mm    AUC"
    above = f"{content['dataset']}, {content['frames']} frames, centre: {content['centre']}, errors in mm"
    if "selected_on" in content:
        above += f"; best epoch picked on the {content['selected_on']} split"
    return "\n".join([above, heading, *(_row(name, width, m) for name, m in content["methods"].items())])


def _row(name, width, method):
    errors = (method[f"{key}_error_mm"] for key in ("mean", "median", "palm", "finger"))
    mean, *others = (f"{error:.3f}" for error in errors)
    success = "".join(f"{100 * method['success_max'][mm]:9.1f} %" for mm in ("20", "40"))
    return (
        f"{name:{width}} {mean:>6}"
        + "".join(f"{e:>8}" for e in others)
        + success
        + f"{method['auc_max_0_80']:7.3f}"
    )


def write(report_dir, dataset, centre, methods, selected_on=None):
    """Writes ``report.json``, ``success_max.png`` and ``per_joint.png``, each whole; returns the report."""
    report_dir = pathlib.Path(report_dir)
    content = report(dataset, centre, methods, selected_on)
    _save(success_figure(content, methods), report_dir / "success_max.png")
    _save(joint_figure(content), report_dir / "per_joint.png")
    with files.atomic_write(report_dir / "report.json") as file:
        file.write(json.dumps(content, indent=2, allow_nan=False) + "\n")
    return content


def score_files(dataset, labels_path, prediction_paths, report_dir=None):
    """Scores text files against labels, both in the field's format; no network.

    Args:
        dataset: str. Name in the registry; gives joints and the metric's camera.
        labels_path: path. One line a frame.
        prediction_paths: paths with as many lines. A method's name is its file's, without ``.txt``.
        report_dir: path or None. Where to ``write`` the report.

    Returns the report's dict. Raises InputError naming the file or flag.
    """
    paths = _by_name(prediction_paths)
    known = registry.get(dataset)
    joints, camera = len(known.skeleton), np.asarray(known.metric_camera, np.float64)
    truth_mm = unproject(predictions.read(labels_path, joints), camera)
    methods = {}
    for name, path in paths.items():
        predicted_mm = unproject(predictions.read(path, joints, len(truth_mm)), camera)
        methods[name] = metrics.joint_errors_mm(predicted_mm, truth_mm)
    # The files do not say where their authors took the hand to be.
    return (
        write(report_dir, dataset, "unknown", methods) if report_dir else report(dataset, "unknown", methods)
    )


def _by_name(prediction_paths):
    if not prediction_paths:
        raise InputError("--predictions: name at least one file")
    paths = {}
    for path in prediction_paths:
        name = pathlib.Path(path).name.removesuffix(".txt")
        if name in paths:
            raise InputError(
                f"--predictions: {paths[name]} and {path} would both be called {name}; rename one"
            )
        paths[name] = path
    return paths


def success_figure(content, methods):
    """Matplotlib figure: fraction of frames whose worst joint is within a threshold, 0 to 80 mm."""
    figure, axes = _figure(content, 7)
    for i, (name, errors_mm) in enumerate(methods.items()):
        curve = 100 * metrics.success_max(errors_mm, metrics.CURVE_MM)
        label = _label(f"AUC {content['methods'][name]['auc_max_0_80']:.3f}", name)
        axes.plot(metrics.CURVE_MM, curve, DASHES[i % len(DASHES)], color=_colour(i), label=label)
    axes.set(xlim=(0, 80), ylim=(0, 100), xlabel="largest joint error (mm)", ylabel="frames within it (%)")
    figure.legend(loc="outside lower center", ncols=2, fontsize="small")
    return figure


def joint_figure(content):
    """Matplotlib figure: each joint's mean error in mm, one bar a method."""
    methods = content["methods"]
    joints = list(next(iter(methods.values()))["per_joint_error_mm"])
    figure, axes = _figure(content, max(7, 0.45 * len(joints) + 0.1 * len(joints) * len(methods)))
    width = 0.8 / len(methods)
    for i, (name, method) in enumerate(methods.items()):
        places = np.arange(len(joints)) + (i - (len(methods) - 1) / 2) * width
        label = _label(f"{method['mean_error_mm']:.2f} mm", name)
        bars = list(method["per_joint_error_mm"].values())
        axes.bar(places, bars, width, color=_colour(i), hatch=HATCHES[i % len(HATCHES)], label=label)
    axes.set_xticks(np.arange(len(joints)), joints, rotation=60, ha="right")
    axes.set(ylabel="mean error (mm)", xlim=(-0.6, len(joints) - 0.4))
    figure.legend(loc="outside lower center", ncols=2, fontsize="small")
    return figure


def _figure(content, width):
    # A Figure without pyplot needs no display and keeps no global state.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, 5), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(f"{content['dataset']}, {content['frames']} frames, centre: {content['centre']}")
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    return figure, axes


def _label(score, name):
    """Matplotlib hides labels that begin with "_" and reads "$" as mathematics; file names may have both."""
    return f"{score}  {name}".replace("$", r"\$")


def _colour(i):
    return COLOURS[i % len(COLOURS)]


def _save(figure, path):
    with files.atomic_write(path, "wb") as file:
        figure.savefig(file, format="png")
