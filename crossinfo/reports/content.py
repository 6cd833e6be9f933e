"""What a report says, as a dict for ``report.json``; every figure, table and page is made from it."""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np

from crossinfo import metrics
from crossinfo.metrics import angles, confidence, published
from datasets.registry import Dataset


@dataclasses.dataclass(frozen=True)
class FramePicture:
    """A frame to draw poses on.

    Args:
        image: uint8 [h, w, 3] in R, G, B.
        project: function (joints_mm [J, 3]) -> pixels [J, 2] in ``image``; (0, 0) is the first's middle.
    """

    image: np.ndarray
    project: Callable


@dataclasses.dataclass(frozen=True)
class EvaluationResults:
    """Methods and labels over the same frames in the same order.

    Args:
        dataset: registry.Dataset.
        centre: str. How the hand's centre was found, or "unknown" for other people's predictions.
        truth_mm: float [N, J, 3], camera space.
        methods: {name: joints_mm [N, J, 3]}. A joint with z <= 0 counts as an error and is not drawn.
        names: list of N frame names, or None.
        selected_on: str or None. What picked a network's best epoch: "validation" or "test".
        angles_deg: (yaw [N], pitch [N]) of the hand, or None to take them from the labels.
        details: {method: dict for JSON}: a network's losses, ``heatmap_peak_error_px``, ``by_centre``.
        picture: function (frame's index) -> FramePicture or None; None draws skeletons alone.

    Raises ValueError unless there is a method and all are [N, J, 3] like the labels.
    """

    dataset: Dataset
    centre: str
    truth_mm: np.ndarray
    methods: dict
    names: list | None = None
    selected_on: str | None = None
    angles_deg: tuple | None = None
    details: dict = dataclasses.field(default_factory=dict)
    picture: Callable | None = None

    def __post_init__(self):
        frames = {len(joints_mm) for joints_mm in self.methods.values()}
        if frames != {len(self.truth_mm)}:
            raise ValueError(f"methods must be scored on the same frames as the labels. Received: {frames}")
        if self.names is not None and len(self.names) != len(self.truth_mm):
            raise ValueError(f"expected {len(self.truth_mm)} names. Received: {len(self.names)}")

    @functools.cached_property
    def errors_mm(self):
        """{name: float64 [N, J]} in mm, the method of the least mean first."""
        errors = {
            name: metrics.joint_errors_mm(joints_mm, self.truth_mm)
            for name, joints_mm in self.methods.items()
        }
        return dict(sorted(errors.items(), key=lambda item: item[1].mean()))


def report(results):
    """The content of ``report.json``: a dict of str, int, float, None, list and dict.

    Methods stand in the order of their mean errors; ``best`` is the first, and ``differences`` tells the
    others' distances from it. Keys of ``details`` join their method's.
    """
    dataset, errors_mm = results.dataset, results.errors_mm
    subjects = dataset.subjects(len(results.truth_mm), results.names)
    content = {
        "dataset": dataset.name,
        "centre": results.centre,
        "frames": len(results.truth_mm),
        "methods": {
            name: {**results.details.get(name, {}), **_method(errors, dataset.skeleton, subjects)}
            for name, errors in errors_mm.items()
        },
        "best": next(iter(errors_mm)),
        "differences": _differences(errors_mm, subjects),
        "angles": _angles(results),
        "published": [dataclasses.asdict(value) for value in published.of(dataset.name)],
    }
    return content if results.selected_on is None else {**content, "selected_on": results.selected_on}


def _method(errors_mm, skeleton, subjects):
    return {
        **metrics.summary(errors_mm, skeleton),
        "interval_95_mm": [float(end) for end in confidence.mean_interval(errors_mm, subjects=subjects)],
        "subjects": metrics.by_subject(errors_mm, subjects),
    }


def _differences(errors_mm, subjects):
    """{name: {"difference_mm", "interval_95_mm"}} of all but the best, positive where worse."""
    (_, best_mm), *others = errors_mm.items()
    found = {}
    for name, errors in others:
        difference, low, high = confidence.difference_interval(errors, best_mm, subjects=subjects)
        found[name] = {"difference_mm": float(difference), "interval_95_mm": [float(low), float(high)]}
    return found


def _angles(results):
    """{"yaw", "pitch": {"centres_deg", "frames", "mean_error_mm": {method: list, None where empty}}}."""
    by_axis = results.angles_deg
    if by_axis is None:
        by_axis = angles.yaw_pitch(results.truth_mm, results.dataset.skeleton)
    edges = {"yaw": angles.YAW_EDGES, "pitch": angles.PITCH_EDGES}
    return {
        axis: _binned(results.errors_mm, angle_deg, edges[axis])
        for axis, angle_deg in zip(edges, by_axis, strict=True)
    }


def _binned(errors_mm, angle_deg, edges):
    bins = {name: angles.error_by_angle(errors, angle_deg, edges) for name, errors in errors_mm.items()}
    first = next(iter(bins.values()))
    return {
        "centres_deg": [float(centre) for centre in first["centres_deg"]],
        "frames": [int(count) for count in first["frames"]],
        "mean_error_mm": {name: _without_nan(found["mean_error_mm"]) for name, found in bins.items()},
    }


def _without_nan(values):
    return [float(value) if np.isfinite(value) else None for value in values]
