"""The report's figures, each drawn once for PNG, PDF and the page.

In each figure, the artists of a method have its key (``m0``, ...) as their gid. ``INK`` is the colour of text
and axes, which the page replaces by its own.
"""

import contextlib
from collections.abc import Mapping

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from crossinfo import metrics
from crossinfo.reports.styles import shown, styles

INK = "#24292f"
HALO = "#ffffff"


def draw(content: dict, errors_mm: Mapping[str, np.ndarray]) -> dict[str, Figure]:
    """{file name without suffix: figure} of a report.

    Args:
        content: dict of ``report.json``.
        errors_mm: {method: float [N, J]}, in the order of ``content``.
    """
    figures = {
        "success_max": success(content, errors_mm, "max"),
        "success_mean": success(content, errors_mm, "mean"),
        "per_joint": per_joint(content),
    }
    axes = {f"error_by_{axis}": axis for axis in ("yaw", "pitch") if any(content["angles"][axis]["frames"])}
    return {**figures, **{name: by_angle(content, axis) for name, axis in axes.items()}}


def success(content: dict, errors_mm: Mapping[str, np.ndarray], of: str) -> Figure:
    """Share of frames whose joint error is within a threshold of 0 to 80 mm.

    Args:
        content: dict of ``report.json``.
        errors_mm: {method: float [N, J]}.
        of: what is taken of a frame's joint errors: "max" or "mean".
    """
    fractions = {"max": metrics.success_max, "mean": metrics.success_mean}[of]
    with _figure(content, 7) as (figure, axes):
        for name, look in styles(errors_mm).items():
            curve = 100 * fractions(errors_mm[name], metrics.CURVE_MM)
            score = f"{100 * content['methods'][name][f'success_{of}']['20']:.1f} % within 20 mm"
            label = legend_label(score, name)
            axes.plot(
                metrics.CURVE_MM, curve, linestyle=look.line, color=look.colour, label=label, gid=look.key
            )
        statistic = {"max": "largest", "mean": "mean"}[of]
        axes.set(xlim=(0, 80), ylim=(0, 100), xlabel=f"{statistic} joint error of a frame (mm)")
        axes.set_ylabel("frames within it (%)")
        axes.yaxis.set_major_formatter("{x:.0f}")
    return figure


def per_joint(content: dict) -> Figure:
    """Each joint's mean error in mm, one bar per method."""
    methods = content["methods"]
    joints = list(next(iter(methods.values()))["per_joint_error_mm"])
    bar_width = 0.8 / len(methods)
    with _figure(content, max(7, 0.45 * len(joints) + 0.1 * len(joints) * len(methods))) as (figure, axes):
        for place, (name, look) in enumerate(styles(methods).items()):
            heights = list(methods[name]["per_joint_error_mm"].values())
            left = np.arange(len(joints)) + (place - (len(methods) - 1) / 2) * bar_width
            label = legend_label(f"{methods[name]['mean_error_mm']:.2f} mm", name)
            bars = axes.bar(
                left,
                heights,
                bar_width,
                color=look.colour,
                hatch=look.hatch,
                edgecolor=HALO,
                linewidth=0,
                label=label,
            )
            for bar in bars:
                bar.set_gid(look.key)
        axes.set_xticks(
            np.arange(len(joints)), [joint.replace("_", " ") for joint in joints], rotation=60, ha="right"
        )
        axes.set(ylabel="mean error (mm)", xlim=(-0.6, len(joints) - 0.4))
        axes.grid(False, axis="x")
    return figure


def by_angle(content: dict, axis: str) -> Figure:
    """Mean error in mm by the hand's ``axis``, "yaw" or "pitch", above the number of frames in each bin."""
    bins = content["angles"][axis]
    centres = np.array(bins["centres_deg"])
    with _figure(content, 7, rows=(4, 1)) as (figure, (axes, below)):
        for name, look in styles(bins["mean_error_mm"]).items():
            errors = np.array(bins["mean_error_mm"][name], np.float64)
            label = legend_label(f"{content['methods'][name]['mean_error_mm']:.2f} mm", name)
            # The marker shows a bin whose neighbours are empty.
            line = {"linestyle": look.line, "marker": "o", "markersize": 2.5, "color": look.colour}
            axes.plot(centres, errors, **line, label=label, gid=look.key)
        width = centres[1] - centres[0]
        below.bar(centres, bins["frames"], width, color=INK, alpha=0.45)
        below.set(xlabel=f"{axis} of the hand (degrees)", ylabel="frames")
        axes.set(xlim=(centres[0] - width, centres[-1] + width), ylabel="mean error (mm)")
        axes.set_ylim(bottom=0)
    return figure


def legend_label(score: str, name: str) -> str:
    """Score and name; matplotlib would hide a label that begins with "_" and read "$" as mathematics."""
    return f"{score}  {shown(name)}".replace("$", r"\$")


@contextlib.contextmanager
def _figure(content, width, rows=(1,)):
    """An empty (figure, axes) with a grid; gets its title and legend when the block has drawn."""
    ink = dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK
    )
    with matplotlib.rc_context({**ink, "axes.spines.top": False, "axes.spines.right": False}):
        # A Figure without pyplot needs no display and keeps no global state.
        figure = Figure(figsize=(width, 5), dpi=120, layout="constrained")
        axes = figure.subplots(len(rows), sharex=True, height_ratios=rows, squeeze=False)[:, 0]
        for single in axes:
            single.grid(color=INK, alpha=0.15)
            single.set_axisbelow(True)
        yield figure, axes if len(rows) > 1 else axes[0]
        axes[0].set_title(f"{content['dataset']}, {content['frames']} frames, centre: {content['centre']}")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize="small", frameon=False)
