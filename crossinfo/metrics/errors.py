"""Joint errors in millimetres and the field's scores of them, in NumPy.

N frames, J joints, T thresholds. ``errors_mm`` is [N, J]: the distance of each predicted joint from its label
in camera space. Definitions follow the field's standard (awesome-hand-pose-estimation). TensorFlow is not
imported: ``from crossinfo import metrics`` is all that a notebook needs.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from datasets.skeletons import Skeleton

THRESHOLDS_MM = (10, 20, 30, 40)
CURVE_MM = np.arange(81)


def joint_errors_mm(predicted_mm: npt.ArrayLike, truth_mm: npt.ArrayLike) -> np.ndarray:
    """Distances between joints [N, J, 3] in mm, as float64 [N, J]. Raises ValueError on other shapes."""
    predicted_mm, truth_mm = np.asarray(predicted_mm, np.float64), np.asarray(truth_mm, np.float64)
    if predicted_mm.shape != truth_mm.shape or truth_mm.ndim != 3:
        raise ValueError(f"expected two [N, J, 3]. Received: {predicted_mm.shape} and {truth_mm.shape}")
    return np.linalg.norm(predicted_mm - truth_mm, axis=-1)


def frame_mean_mm(errors_mm: npt.ArrayLike) -> np.ndarray:
    """Mean error of each frame's joints, [N, J] -> float64 [N] in mm."""
    return np.mean(errors_mm, axis=1, dtype=np.float64)


def frame_max_mm(errors_mm: npt.ArrayLike) -> np.ndarray:
    """Error of each frame's *worst* joint, [N, J] -> [N] in mm."""
    return np.max(errors_mm, axis=1)


def success_max(errors_mm: npt.ArrayLike, thresholds_mm: npt.ArrayLike) -> np.ndarray:
    """Fraction of frames whose *largest* joint error is at most each threshold, as float64 [T]."""
    return _fractions(frame_max_mm(errors_mm), thresholds_mm)


def success_mean(errors_mm: npt.ArrayLike, thresholds_mm: npt.ArrayLike) -> np.ndarray:
    """Fraction of frames whose *mean* joint error is at most each threshold, as float64 [T]."""
    return _fractions(frame_mean_mm(errors_mm), thresholds_mm)


def success_joints(errors_mm: npt.ArrayLike, thresholds_mm: npt.ArrayLike) -> np.ndarray:
    """Fraction of all frames' joints whose error is at most each threshold, as float64 [T]."""
    return _fractions(np.ravel(errors_mm), thresholds_mm)


def _fractions(values_mm, thresholds_mm):
    within = np.searchsorted(np.sort(values_mm), np.asarray(thresholds_mm), side="right")
    return within / len(values_mm)


def auc_max(errors_mm: npt.ArrayLike) -> float:
    """Area under ``success_max`` from 0 to 80 mm (1 mm trapezoids), as a fraction of a perfect curve's."""
    curve = success_max(errors_mm, CURVE_MM)
    return float(np.mean((curve[1:] + curve[:-1]) / 2))


def summary(errors_mm: npt.ArrayLike, skeleton: Skeleton) -> dict[str, float | dict[str, float]]:
    """The scores of one method, as its report gives them.

    Args:
        errors_mm: float [N, J].
        skeleton: one with J joints.

    Returns:
        a dict for JSON: ``mean_error_mm`` and ``median_error_mm`` over all joints of all frames,
        ``per_joint_error_mm`` {joint: mm}, ``palm_error_mm``, ``finger_error_mm``, ``success_max``,
        ``success_mean`` and ``success_joints`` {"10", "20", "30", "40": fraction}, ``auc_max_0_80``.

    Raises ValueError unless the errors fit the skeleton.
    """
    errors_mm = np.asarray(errors_mm, np.float64)
    if errors_mm.ndim != 2 or errors_mm.shape[1] != len(skeleton) or not len(errors_mm):
        raise ValueError(f"expected errors [N > 0, {len(skeleton)}]. Received: {errors_mm.shape}")
    per_joint_mm = errors_mm.mean(axis=0)
    return {
        "mean_error_mm": float(errors_mm.mean()),
        "median_error_mm": float(np.median(errors_mm)),
        "per_joint_error_mm": dict(zip(skeleton.joints, per_joint_mm.tolist(), strict=True)),
        "palm_error_mm": float(per_joint_mm[list(skeleton.palm)].mean()),
        "finger_error_mm": float(per_joint_mm[list(skeleton.finger)].mean()),
        "success_max": _by_threshold(success_max(errors_mm, THRESHOLDS_MM)),
        "success_mean": _by_threshold(success_mean(errors_mm, THRESHOLDS_MM)),
        "success_joints": _by_threshold(success_joints(errors_mm, THRESHOLDS_MM)),
        "auc_max_0_80": auc_max(errors_mm),
    }


def _by_threshold(fractions):
    return dict(zip(map(str, THRESHOLDS_MM), fractions.tolist(), strict=True))


def by_subject(
    errors_mm: npt.ArrayLike, subjects: Mapping[str, np.ndarray]
) -> dict[str, dict[str, int | float]]:
    """Mean error of each subject's frames.

    Args:
        errors_mm: float [N, J].
        subjects: {name: int indices of frames}, as ``registry.Dataset.subjects`` gives them.

    Returns:
        a dict for JSON, {name: {"frames": int, "mean_error_mm": float}}, of the subjects that have frames.
    """
    errors_mm = np.asarray(errors_mm, np.float64)
    return {
        name: {"frames": len(frames), "mean_error_mm": float(errors_mm[frames].mean())}
        for name, frames in subjects.items()
        if len(frames)
    }
