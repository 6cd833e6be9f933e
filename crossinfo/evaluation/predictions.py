"""A network's joints for every frame of a split, beside their labels."""

import dataclasses
import functools
from collections.abc import Sequence

import numpy as np

from crossinfo import metrics


@dataclasses.dataclass(frozen=True)
class Predictions:
    """Predicted and true joints of N frames, in file order, in mm in camera space.

    Args:
        joints_mm: float32 [N, J, 3], zeros where no hand was found.
        truth_mm: float32 [N, J, 3], the labels; meaningless where they are hidden.
        centre_mm: float32 [N, 3], the centres that the frames were cropped at.
        cube_mm: float32 [N], the sides of the crop cubes.
        valid: bool [N], whether a hand was found.
        mean_pose_mm: float32 [N, J, 3], the training split's mean pose at each centre: the error that any
            network must beat. None where the network's card has no mean pose.
        losses: {name: float32 [N]}, empty for a network that only gives joints.
        heatmap_peak_error_px: float32 [N], the distance of the heat maps' peaks from the labels in crop
            pixels, NaN where no joint is inside the crop. None without heat maps.
        errors_by_centre_mm: {centre mode: float64 [N]}, each frame's mean joint error by that mode; empty
            unless ``evaluator.with_errors_by_centre`` measured them.
    """

    joints_mm: np.ndarray
    truth_mm: np.ndarray
    centre_mm: np.ndarray
    cube_mm: np.ndarray
    valid: np.ndarray
    mean_pose_mm: np.ndarray | None = None
    losses: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    heatmap_peak_error_px: np.ndarray | None = None
    errors_by_centre_mm: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.joints_mm)

    @classmethod
    def concatenate(cls, parts: Sequence["Predictions"]) -> "Predictions":
        """Predictions of several batches or splits, one after the other; all have the same fields."""
        names = (field.name for field in dataclasses.fields(cls))
        return cls(**{name: _concatenate([getattr(part, name) for part in parts]) for name in names})

    @functools.cached_property
    def errors_mm(self) -> np.ndarray:
        """Distances of the joints from the labels, float64 [N, J]."""
        return metrics.joint_errors_mm(self.joints_mm, self.truth_mm)

    @property
    def details(self) -> dict[str, float | dict[str, float]]:
        """Means over the frames of what text files of predictions do not have, as ``report.json`` has them.

        ``losses`` {name: float}, ``by_centre`` {centre mode: mm} and ``heatmap_peak_error_px``, each only
        where it is known.
        """
        means = {"losses": _means(self.losses), "by_centre": _means(self.errors_by_centre_mm)}
        details = {name: values for name, values in means.items() if values}
        if self.heatmap_peak_error_px is not None:
            details["heatmap_peak_error_px"] = float(np.nanmean(self.heatmap_peak_error_px))
        return details


def _concatenate(values):
    if isinstance(values[0], dict):
        return {name: _concatenate([value[name] for value in values]) for name in values[0]}
    return None if values[0] is None else np.concatenate(values)


def _means(arrays):
    return {name: float(np.mean(array)) for name, array in arrays.items()}
