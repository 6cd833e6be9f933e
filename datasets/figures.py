"""``python -m datasets.figures``: draws each dataset's joints, with their numbers, names and groups."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import numpy as np

from datasets import nyu, skeletons
from datasets.command_line import Command, Group, run
from datasets.io import atomic
from datasets.synthetic import hand
from datasets.synthetic.writers import icvl as icvl_writer
from datasets.synthetic.writers import nyu as nyu_writer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Bending, spread, bending, bending of each finger: a relaxed, open hand. The thumb stands off.
ANGLES = np.radians([[4, 4, 4, 3], [4, 0, 4, 3], [4, -3, 4, 3], [4, -8, 4, 3], [-6, 12, 4, 4]])
PALM, FINGER = "#e8871e", "#2f6fb5"


def _define(flag_values):
    Group(flag_values, "Output").string("output", "docs/skeletons", "Folder for one PNG per dataset.")


COMMAND = Command(
    "python -m datasets.figures",
    "Draws the joints of each dataset on one open right hand: numbers, names, palm and finger groups.",
    _define,
)


def joints_xy() -> dict[str, np.ndarray]:
    """{name: float64 [J, 2]}: joints of an open right hand, palm to the viewer, x right and y up, mm."""
    msra_mm = hand.forward_kinematics(hand.average(), ANGLES)
    # Seen from the palm's side the thumb, which stands at positive x, is to the right.
    joints_mm = {
        "msra": msra_mm,
        "nyu": nyu_writer.from_msra(msra_mm)[list(nyu.JOINTS)],
        "icvl": icvl_writer.from_msra(msra_mm),
        "hands17": msra_mm,
    }
    return {name: points[:, :2] for name, points in joints_mm.items()}


SKELETONS = {
    "msra": skeletons.MSRA,
    "nyu": skeletons.NYU,
    "icvl": skeletons.ICVL,
    "hands17": skeletons.HANDS17,
}


def figure(skeleton: skeletons.Skeleton, xy: np.ndarray) -> Figure:
    """A matplotlib figure: the hand with numbered joints, and a list of their names.

    Args:
        skeleton: Skeleton.
        xy: float [J, 2], x right and y up.
    """
    # A Figure without pyplot needs no display and keeps no global state.
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(7.2, 6), dpi=110, layout="constrained")
    axes, names = drawing.subplots(1, 2, width_ratios=(3, 1.25))
    _draw_hand(axes, skeleton, xy)
    _list_names(names, skeleton)
    palm, finger = len(skeleton.palm), len(skeleton.finger)
    drawing.suptitle(f"{skeleton.name}: {len(skeleton)} joints, {palm} palm and {finger} finger")
    return drawing


def _draw_hand(axes, skeleton, xy):
    for first, second in skeleton.bones:
        axes.plot(*xy[[first, second]].T, color="#b0b0b0", linewidth=3, zorder=1)
    for joint, (x, y) in enumerate(xy):
        axes.scatter(x, y, s=190, color=_colour(skeleton, joint), edgecolors="white", zorder=2)
        axes.text(x, y - 0.4, joint, color="white", fontsize=8, ha="center", va="center", zorder=3)
    axes.set_aspect("equal")
    axes.margins(0.08)
    axes.set_axis_off()


def _list_names(axes, skeleton):
    rows = max(len(skeleton), 21)
    for joint, name in enumerate(skeleton.joints):
        axes.text(
            0,
            1 - (joint + 0.5) / rows,
            f"{joint:2}  {name}",
            color=_colour(skeleton, joint),
            family="monospace",
        )
    axes.set_axis_off()


def _colour(skeleton, joint):
    return PALM if joint in skeleton.palm else FINGER


def main(values):
    """Writes ``msra.png``, ``nyu.png``, ``icvl.png`` and ``hands17.png``."""
    for name, xy in joints_xy().items():
        path = pathlib.Path(values.output, f"{name}.png")
        with atomic.atomic_write(path, "wb") as file:
            figure(SKELETONS[name], xy).savefig(file, format="png", metadata={"Software": None})
        print(path)


if __name__ == "__main__":
    run(COMMAND, main)
