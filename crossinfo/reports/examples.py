"""The frames that the page shows: each method's worst, median and best, with poses in 2-D and 3-D."""

import base64
import dataclasses
from collections.abc import Sequence

import numpy as np

from crossinfo.reports.content import EvaluationResults
from crossinfo.reports.styles import shown, styles
from datasets import geometry

TRUTH = "truth"
KINDS = ("worst", "median", "best")
# Frames are picked for this many methods at most, and about this many of each kind over all methods.
RANKED, CARDS = 8, 14
SIDE = 240
IMAGE_SIDE = 320
APART = 60
# A pose far off the hand must not shrink the hand to a dot: this many hand sizes are shown at most.
MARGIN, FARTHEST = 1.15, 2.0


@dataclasses.dataclass(frozen=True)
class Card:
    """One frame on the page; a ``key`` is "truth" or the key of a method's style.

    Args:
        frame: its index.
        name: its name; None where it is not known.
        ranks: {key: (place in the method's list, "worst" | "median" | "best")}.
        errors_mm: {key: (mean, largest)}.
        image: data URI of the picture; None where there is none.
        size: width and height of the drawing.
        lines: {key: SVG path of the bones}.
        dots: {key: SVG path of the joints, one point per joint}.
        poses: {key: [J][3] mm about the true hand's mean}, without the hands that were not found.
    """

    frame: int
    name: str | None
    ranks: dict[str, tuple[int, str]]
    errors_mm: dict[str, tuple[float, float]]
    image: str | None
    size: tuple[int, int]
    lines: dict[str, str]
    dots: dict[str, str]
    poses: dict[str, list[list[float]]]


def cards(results: EvaluationResults) -> list[Card]:
    """The union of the methods' worst, median and best frames, in the order of the frames."""
    ranks = {}
    ranked = list(styles(results.errors_mm).items())[:RANKED]
    for name, look in ranked:
        count = max(1, min(4, CARDS // len(ranked)))
        for place, (frame, kind) in enumerate(pick(results.errors_mm[name].mean(axis=1), count).items()):
            ranks.setdefault(frame, {})[look.key] = (place, kind)
    drawable = [frame for frame in sorted(ranks) if _drawable(results.truth_mm[frame])]
    return [_card(results, frame, ranks[frame]) for frame in drawable]


def _drawable(joints_mm):
    """Whether a pose can be projected: zeros stand for a hand that was not found."""
    return np.isfinite(joints_mm).all() and (np.asarray(joints_mm)[:, 2] > 0).all()


def pick(frame_errors_mm: np.ndarray, count: int) -> dict[int, str]:
    """{frame: "worst" | "median" | "best"} of errors [N]: at most ``count`` frames of each kind, none twice.

    Neighbouring frames are alike, so frames of a kind are ``APART`` frames apart where there are enough.
    """
    order = np.argsort(-frame_errors_mm, kind="stable")
    middle = np.argsort(np.abs(np.arange(len(order)) - (len(order) - 1) / 2), kind="stable")
    apart = min(APART, len(order) // (4 * count))
    picked = {}
    for kind, preferred in (("worst", order), ("best", order[::-1]), ("median", order[middle])):
        for frame in _apart([int(frame) for frame in preferred if frame not in picked], count, apart):
            picked[frame] = kind
    return dict(sorted(picked.items(), key=lambda item: KINDS.index(item[1])))


def _apart(preferred, count, apart):
    """The first ``count`` frames that are at least ``apart`` from those before."""
    taken = []
    for frame in preferred:
        if len(taken) < count and all(abs(frame - other) >= apart for other in taken):
            taken.append(frame)
    return taken


def _card(results, frame, ranks):
    looks = styles(results.errors_mm)
    poses = {TRUTH: results.truth_mm[frame]}
    poses |= {look.key: np.asarray(results.methods[name][frame]) for name, look in looks.items()}
    poses = {key: pose for key, pose in poses.items() if _drawable(pose)}
    errors_mm = {look.key: results.errors_mm[name][frame] for name, look in looks.items()}
    image, size, points = _flat(results, frame, poses)
    bones = results.dataset.skeleton.bones
    return Card(
        frame=frame,
        name=None if results.names is None else shown(str(results.names[frame])),
        ranks=ranks,
        errors_mm={key: (float(mm.mean()), float(mm.max())) for key, mm in errors_mm.items()},
        image=image,
        size=size,
        lines={key: _lines(joints, bones) for key, joints in points.items()},
        dots={key: _dots(joints) for key, joints in points.items()},
        poses={key: (pose - poses[TRUTH].mean(axis=0)).round(1).tolist() for key, pose in poses.items()},
    )


def _flat(results, frame, poses):
    """(data URI or None, (width, height), {key: points [J, 2]}): poses on the picture, or without one."""
    picture = results.picture and results.picture(frame)
    if picture:
        height, width = picture.image.shape[:2]
        scale = SIDE / max(height, width)
        points = {key: (np.asarray(picture.project(pose)) + 0.5) * scale for key, pose in poses.items()}
        return data_uri(picture.image), (round(width * scale), round(height * scale)), points
    camera = np.asarray(results.dataset.metric_camera, np.float64)
    pixels = {key: geometry.project(np.float64(pose), camera)[:, :2] for key, pose in poses.items()}
    return None, (SIDE, SIDE), _fit(pixels)


def _fit(pixels):
    """Moves and scales poses [J, 2] into ``SIDE`` x ``SIDE``, with the true hand in the middle."""
    truth = pixels[TRUTH]
    centre = (truth.min(axis=0) + truth.max(axis=0)) / 2
    own = np.abs(truth - centre).max()
    reach = min(max(np.abs(points - centre).max() for points in pixels.values()), FARTHEST * own)
    scale = SIDE / 2 / max(MARGIN * reach, 1e-6)
    return {key: (points - centre) * scale + SIDE / 2 for key, points in pixels.items()}


def data_uri(image: np.ndarray) -> str:
    """``data:`` URI of uint8 [h, w, 3] RGB as a JPEG, at most ``IMAGE_SIDE`` pixels wide and high."""
    import cv2

    shrink = IMAGE_SIDE / max(image.shape[:2])
    if shrink < 1:
        image = cv2.resize(image, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")


def _lines(points: np.ndarray, bones: Sequence[tuple[int, int]]) -> str:
    return "".join(f"M{_at(points[first])}L{_at(points[second])}" for first, second in bones)


def _dots(points):
    # With round ends a line of no length is a dot.
    return "".join(f"M{_at(point)}h0" for point in points)


def _at(point):
    return f"{point[0]:.1f} {point[1]:.1f}"
