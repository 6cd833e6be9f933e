"""Errors in millimetres and what is made of them: pure NumPy functions.

Legend: N frames, J joints, T thresholds; ``errors_mm`` is [N, J], the distance in camera space of each
predicted joint from its label. Definitions follow the field's standard (awesome-hand-pose-estimation).
No TensorFlow is imported: in a notebook, ``from crossinfo import metrics, predictions`` is all it takes.
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


def frame_mean_mm(errors_mm):
    """Each frame's mean over its joints, [N, J] -> float64 [N] in mm."""
    return np.mean(errors_mm, axis=1, dtype=np.float64)


def frame_max_mm(errors_mm):
    """Each frame's *worst* joint, [N, J] -> [N] in mm."""
    return np.max(errors_mm, axis=1)


def success_max(errors_mm, thresholds_mm):
    """Fraction of frames whose *worst* joint errs by at most each threshold, as float64 [T]."""
    return _fractions(frame_max_mm(errors_mm), thresholds_mm)


def success_mean(errors_mm, thresholds_mm):
    """Fraction of frames whose joints err by at most each threshold *on average*, as float64 [T]."""
    return _fractions(frame_mean_mm(errors_mm), thresholds_mm)


def success_joints(errors_mm, thresholds_mm):
    """Fraction of all joints of all frames that err by at most each threshold, as float64 [T]."""
    return _fractions(np.ravel(errors_mm), thresholds_mm)


def _fractions(values_mm, thresholds_mm):
    within = np.searchsorted(np.sort(values_mm), np.asarray(thresholds_mm), side="right")
    return within / len(values_mm)


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
    ``finger_error_mm``, ``success_max``, ``success_mean`` and ``success_joints`` {"10", "20", "30", "40":
    fraction}, ``auc_max_0_80``. Raises ValueError unless the errors fit the skeleton.
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


def by_subject(errors_mm, subjects):
    """Mean error of each subject's frames.

    Args:
        errors_mm: float [N, J].
        subjects: {name: int indices of frames}, as ``registry.Dataset.subjects`` gives them.

    Returns {name: {"frames": int, "mean_error_mm": float}}, ready for JSON, without subjects that have no
    frames.
    """
    errors_mm = np.asarray(errors_mm, np.float64)
    return {
        name: {"frames": len(frames), "mean_error_mm": float(errors_mm[frames].mean())}
        for name, frames in subjects.items()
        if len(frames)
    }
