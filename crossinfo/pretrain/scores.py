"""Scores of a pair of networks on held-out synthetic pictures, and how they are shown; ``scorer`` makes them.

Three centres: ``gt``, one crop about the labelled hand, turned upright by the labels, with the labelled side;
``refined``, the whole frame and nothing else; ``com``, a caller's centre, that of ``datasets.centres.mass``,
for pictures of one hand.
"""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from datasets.synthetic import scene

TRAINED, HELD_OUT = "trained cameras", "held-out camera"
# A hand is found if a detection is so near; a missed one counts with so large an error.
FOUND_MM = MISS_MM = 80.0
CENTRED_MM = 20.0


class HandScore(NamedTuple):
    """What came out for one labelled hand; distances and mean joint errors in mm, NaN where there are none.

    Args:
        picture: int. Number of the picture.
        scene, camera: str. The picture's scene; ``TRAINED`` or ``HELD_OUT``.
        is_left, found, side: bool. A left hand; whether it was found, and with the right side.
        centre_mm: float. From the mean of the labels to the centre found.
        gt_mm, refined_mm, com_mm: float. Errors with the three centres.
    """

    picture: int
    scene: str
    camera: str
    is_left: bool
    found: bool
    side: bool
    centre_mm: float
    gt_mm: float
    refined_mm: float
    com_mm: float


@dataclasses.dataclass(frozen=True)
class Scores:
    """All that was measured.

    Args:
        seed: int.
        hands: tuple of HandScore.
        pictures: int. Pictures with hands to be found or left out.
        false: int. Detections in them that are near no hand.
        empty_pictures: int. Pictures without a hand.
        empty_false: int. Those of them in which one was found.
    """

    seed: int
    hands: tuple[HandScore, ...]
    pictures: int
    false: int
    empty_pictures: int
    empty_false: int

    def summary(self) -> dict:
        """All figures as JSON holds them: ``groups`` is {name: ``figures``}, the first of all hands."""
        return {
            "seed": self.seed,
            "pictures": self.pictures,
            "hands": len(self.hands),
            "found_within_mm": FOUND_MM,
            "miss_mm": MISS_MM,
            "groups": {name: figures(hands) for name, hands in self._groups().items() if hands},
            "two_hands": self._two_hands(),
            "false_per_picture": self.false / max(self.pictures, 1),
            "empty_pictures": self.empty_pictures,
            "empty_false_share": self.empty_false / max(self.empty_pictures, 1),
        }

    def _groups(self):
        groups = {"all": self.hands}
        for camera in (TRAINED, HELD_OUT):
            groups[camera] = [hand for hand in self.hands if hand.camera == camera]
        for name, is_left in (("right hands", False), ("left hands", True)):
            groups[name] = [hand for hand in self.hands if hand.is_left == is_left]
        for name in scene.SCENES:
            groups[f"scene {name}"] = [hand for hand in self.hands if hand.scene == name]
        return groups

    def _two_hands(self):
        """Pictures of two hands, and the share in which both were found."""
        found = {}
        for hand in self.hands:
            found.setdefault(hand.picture, []).append(hand.found)
        both = [all(each) for each in found.values() if len(each) == 2]
        return {"pictures": len(both), "both_found": float(np.mean(both)) if both else None}


def figures(hands: Sequence[HandScore]) -> dict[str, float | int | None]:
    """Figures of some hands, shares in 0 .. 1 and errors in mm; None where nothing was found.

    ``ratio`` is the mean error refined over that of the same hands with ``gt``.
    """
    column = {name: np.array([getattr(hand, name) for hand in hands]) for name in HandScore._fields}
    found = column["found"].astype(bool)
    refined, com = column["refined_mm"][found], column["com_mm"][~np.isnan(column["com_mm"])]
    values = {
        "hands": len(hands),
        "found": found.mean(),
        "side_right": _mean(column["side"][found]),
        "centre_within_20_mm": _mean(column["centre_mm"][found] <= CENTRED_MM),
        "gt_mean_mm": _mean(column["gt_mm"]),
        "gt_median_mm": _median(column["gt_mm"]),
        "refined_mean_mm": _mean(refined),
        "refined_median_mm": _median(refined),
        "refined_with_misses_mm": _mean(np.where(found, column["refined_mm"], MISS_MM)),
        "com_mean_mm": _mean(com),
        "com_median_mm": _median(com),
        "ratio": _mean(refined) / _mean(column["gt_mm"][found]) if found.any() else None,
    }
    return {
        name: value if value is None or name == "hands" else float(value) for name, value in values.items()
    }


def _mean(values):
    return float(np.mean(values)) if len(values) else None


def _median(values):
    return float(np.median(values)) if len(values) else None


COLUMNS = {
    "hands": "hands",
    "found": "found",
    "side_right": "side right",
    "centre_within_20_mm": "centre within 20 mm",
    "gt_mean_mm": "`gt` mean",
    "gt_median_mm": "median",
    "refined_mean_mm": "`refined` mean",
    "refined_median_mm": "median",
    "refined_with_misses_mm": "with misses",
    "com_mean_mm": "`com` mean",
    "com_median_mm": "median",
    "ratio": "refined / gt",
}
SHARES = ("found", "side_right", "centre_within_20_mm")


def markdown(summary: dict) -> str:
    """The figures of ``Scores.summary`` as a Markdown table of groups, and the rest as a sentence or two."""
    lines = ["| | " + " | ".join(COLUMNS.values()) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, group in summary["groups"].items():
        lines.append(f"| {name} | " + " | ".join(_cell(group, column) for column in COLUMNS) + " |")
    two = summary["two_hands"]
    both = "none" if two["both_found"] is None else f"{100 * two['both_found']:.1f} %"
    lines += [
        "",
        f"Of {two['pictures']} pictures of two hands, both are found in {both}. A hand is reported in "
        f"{100 * summary['empty_false_share']:.1f} % of {summary['empty_pictures']} scenes without one; "
        f"pictures with hands have {summary['false_per_picture']:.3f} false ones on average. "
        f"A missed hand counts as {summary['miss_mm']:.0f} mm.",
    ]
    return "\n".join(lines) + "\n"


def _cell(group, column):
    value = group[column]
    if value is None:
        return "-"
    if column == "hands":
        return str(value)
    return f"{100 * value:.1f} %" if column in SHARES else f"{value:.2f}"
