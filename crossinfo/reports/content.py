"""The content of a report as a dict for ``report.json``; figures, tables and the page are made from it."""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from crossinfo import metrics
from crossinfo.metrics import angles, confidence, published
from datasets.registry import Dataset


@dataclasses.dataclass(frozen=True)
class FramePicture:
    """A frame to draw poses on.

    Args:
        image: uint8 [h, w, 3] in R, G, B.
        project: from joints_mm [J, 3] to pixels [J, 2] of ``image``; (0, 0) is the centre of the first pixel.
    """

    image: np.ndarray
    project: Callable[[np.ndarray], np.ndarray]


@dataclasses.dataclass(frozen=True)
class EvaluationResults:
    """The joints of one or more methods and the labels, over the same N frames in the same order.

    Args:
        dataset: whose frames they are.
        centre: how the hand's centre was found; "unknown" for other people's predictions.
        truth_mm: float [N, J, 3] in camera space.
        methods: {name: joints_mm [N, J, 3]}. A joint with z <= 0 counts as an error and is not drawn.
        names: the N frames' names; None where they are not known.
        selected_on: what picked a network's best epoch, "validation" or "test"; None where unknown.
        angles_deg: yaw [N] and pitch [N] of the hand; None takes them from the labels.
        details: {method: dict for JSON}: a network's ``losses``, ``heatmap_peak_error_px``, ``by_centre``.
        picture: from a frame's index to its picture, or to None; without it skeletons are drawn alone.

    Raises ValueError unless there is a method and all have as many frames as the labels.
    """

    dataset: Dataset
    centre: str
    truth_mm: np.ndarray
    methods: Mapping[str, np.ndarray]
    names: Sequence[str] | None = None
    selected_on: str | None = None
    angles_deg: tuple[np.ndarray, np.ndarray] | None = None
    details: Mapping[str, dict] = dataclasses.field(default_factory=dict)
    picture: Callable[[int], FramePicture | None] | None = None

    def __post_init__(self):
        frames = {len(joints_mm) for joints_mm in self.methods.values()}
        if frames != {len(self.truth_mm)}:
            raise ValueError(f"methods must be scored on the same frames as the labels. Received: {frames}")
        if self.names is not None and len(self.names) != len(self.truth_mm):
            raise ValueError(f"expected {len(self.truth_mm)} names. Received: {len(self.names)}")

    @functools.cached_property
    def errors_mm(self) -> dict[str, np.ndarray]:
        """{name: float64 [N, J]} in mm, the method with the smallest mean first."""
        errors = {
            name: metrics.joint_errors_mm(joints_mm, self.truth_mm)
            for name, joints_mm in self.methods.items()
        }
        return dict(sorted(errors.items(), key=lambda item: item[1].mean()))


def report(results: EvaluationResults) -> dict:
    """The content of ``report.json``: a dict of str, int, float, None, list and dict.

    Methods are ordered by mean error; ``best`` is the first, and ``differences`` are those of the others from
    it. A method's ``details`` are among its scores.
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
        "interval_95_mm": list(confidence.mean_interval(errors_mm, subjects=subjects)),
        "subjects": metrics.by_subject(errors_mm, subjects),
    }


def _differences(errors_mm, subjects):
    """{name: {"difference_mm", "interval_95_mm"}} of all methods but the best, positive where worse."""
    (_, best_mm), *others = errors_mm.items()
    differences = {}
    for name, errors in others:
        difference, low, high = confidence.difference_interval(errors, best_mm, subjects=subjects)
        differences[name] = {"difference_mm": difference, "interval_95_mm": [low, high]}
    return differences


def _angles(results):
    """{"yaw", "pitch": {"centres_deg", "frames", "mean_error_mm": {method: list, None in empty bins}}}."""
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
        "mean_error_mm": {name: _without_nan(binned["mean_error_mm"]) for name, binned in bins.items()},
    }


def _without_nan(values):
    return [float(value) if np.isfinite(value) else None for value in values]
