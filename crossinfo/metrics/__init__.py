"""Scores of predictions: functions of arrays, without TensorFlow."""

from crossinfo.metrics.errors import (
    CURVE_MM,
    THRESHOLDS_MM,
    auc_max,
    by_subject,
    frame_max_mm,
    frame_mean_mm,
    joint_errors_mm,
    success_joints,
    success_max,
    success_mean,
    summary,
)

__all__ = [
    "CURVE_MM",
    "THRESHOLDS_MM",
    "auc_max",
    "by_subject",
    "frame_max_mm",
    "frame_mean_mm",
    "joint_errors_mm",
    "success_joints",
    "success_max",
    "success_mean",
    "summary",
]
