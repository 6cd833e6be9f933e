"""Errors in millimetres and what is made of them: pure NumPy functions.

Legend: N frames, J joints; ``errors_mm`` is [N, J], the distance in camera space of each predicted joint
from its label. Definitions follow the field's standard (awesome-hand-pose-estimation).
"""

import numpy as np

THRESHOLDS_MM = (10, 20, 30, 40)
CURVE_MM = np.arange(81)


def joint_errors_mm(predicted_mm, truth_mm):
    """Distances between joints [N, J, 3] in mm, as float64 [N, J]."""
    predicted_mm, truth_mm = np.asarray(predicted_mm, np.float64), np.asarray(truth_mm, np.float64)
    if predicted_mm.shape != truth_mm.shape or truth_mm.ndim != 3:
        raise ValueError(f"expected two [N, J, 3]. Received: {predicted_mm.shape} and {truth_mm.shape}")
    return np.linalg.norm(predicted_mm - truth_mm, axis=-1)


def success_max(errors_mm, thresholds_mm):
    """Fraction of frames whose *worst* joint errs by at most each threshold, as float64 [T]."""
    return _fractions(np.max(errors_mm, axis=1), thresholds_mm)


def success_mean(errors_mm, thresholds_mm):
    """Fraction of frames whose joints err by at most each threshold *on average*, as float64 [T]."""
    return _fractions(np.mean(errors_mm, axis=1), thresholds_mm)


def _fractions(frame_errors_mm, thresholds_mm):
    return np.mean(frame_errors_mm[:, None] <= np.asarray(thresholds_mm), axis=0)


def auc_max(errors_mm):
    """Area under ``success_max`` from 0 to 80 mm by 1 mm trapeziums, over that of a perfect curve."""
    curve = success_max(errors_mm, CURVE_MM)
    return float(np.mean((curve[1:] + curve[:-1]) / 2))


def summary(errors_mm, skeleton):
    """The figures that a report gives for one method.

    Args:
        errors_mm: float [N, J].
        skeleton: Skeleton with J joints.

    Returns a dict of floats and dicts, ready for JSON: ``mean_error_mm``, ``median_error_mm`` (both
    over all joints of all frames), ``per_joint_error_mm`` {joint: mm}, ``palm_error_mm``,
    ``finger_error_mm``, ``success_max`` and ``success_mean`` {"10", "20", "30", "40": fraction},
    ``auc_max_0_80``.
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
        "auc_max_0_80": auc_max(errors_mm),
    }


def _by_threshold(fractions):
    return dict(zip(map(str, THRESHOLDS_MM), fractions.tolist(), strict=True))
