"""The poses of hands in one depth frame, and the table of many: ``joints.csv``."""

import csv
import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TextIO

import numpy as np

from datasets.geometry import Camera

COLUMNS = ("frame", "joint", "u", "v", "x_mm", "y_mm", "z_mm", "valid")
OUTPUTS = ("joints_mm", "joints_uvd", "centre_mm", "valid")
# What only a network that finds hands itself tells.
MORE_OUTPUTS = ("confidence", "is_left")
MIRROR = np.float32([-1, 1, 1])
# Hands of a frame after the first are named FRAME#2.
HAND_MARK = "#"


class Signatures(Protocol):
    """A network that is called by signature: ``loading.Predictor`` here, ``client.Remote`` on a server.

    Attributes:
        finds_hands: whether it is known to have the signature ``hands``.
    """

    finds_hands: bool

    def call(self, signature: str, **arrays) -> dict[str, np.ndarray]:
        """Runs a signature on arrays with a row per frame; returns its outputs by name."""


@dataclasses.dataclass(frozen=True)
class Pose:
    """One hand in one frame; zeros if not ``valid``.

    Args:
        frame: name of the frame.
        joints_mm, joints_uvd: float32 [J, 3] in camera space in mm, and as pixel, pixel, mm.
        centre_mm: float32 [3]. The crop's centre.
        valid: whether a hand was found.
        confidence: 0 to 1, how sure the localiser is that this is a hand; None of a network without one.
        is_left: whether it is a left hand; None of a network that does not tell.
    """

    frame: str
    joints_mm: np.ndarray
    joints_uvd: np.ndarray
    centre_mm: np.ndarray
    valid: bool
    confidence: float | None = None
    is_left: bool | None = None

    @classmethod
    def from_outputs(cls, frame: str, outputs: dict[str, np.ndarray]) -> "Pose":
        """The first row of what a signature of frames gives."""
        return cls._of_row(frame, {name: value[0] for name, value in outputs.items()})

    @classmethod
    def all_from_outputs(cls, frame: str, outputs: dict[str, np.ndarray]) -> list["Pose"]:
        """The valid hands in the first row of the signature ``hands``, the most confident first.

        The first hand if none is valid.
        """
        hands = [
            cls._of_row(frame, {name: value[0, hand] for name, value in outputs.items()})
            for hand in range(outputs["valid"].shape[1])
        ]
        valid = sorted((hand for hand in hands if hand.valid), key=lambda hand: -hand.confidence)
        return valid or hands[:1]

    @classmethod
    def _of_row(cls, frame, outputs):
        more = {name: outputs[name].item() for name in MORE_OUTPUTS if name in outputs}
        return cls(frame, *(outputs[name] for name in OUTPUTS), **more)

    @property
    def side(self) -> str | None:
        """The side, left or right; None of a network that does not tell."""
        return None if self.is_left is None else ("left" if self.is_left else "right")

    @property
    def summary(self) -> str:
        """What a localiser says of it, as "left hand (98 %)"; "" of a network without one."""
        return "" if self.side is None else f"{self.side} hand ({100 * self.confidence:.0f} %)"

    def to_json(self) -> dict[str, Any]:
        """All of it as a dict of what JSON has."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: _plain(value) for name, value in values.items()}


def _plain(value):
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def estimate(
    predictor: Signatures,
    frame: str,
    depth_mm: np.ndarray,
    camera: Camera,
    centre_mm: Sequence[float] | None = None,
    hand: str = "auto",
) -> Pose:
    """The pose of one hand in one frame: the most confident, or the nearest.

    Args:
        predictor: the network.
        frame: name of the frame.
        depth_mm: float32 [H, W].
        camera: the camera of the frame.
        centre_mm: [3], the hand's centre in mm; None to find it in the depth.
        hand: "left": the frame is mirrored for a network that knows right hands only, and the pose mirrored
            back. "right" and "auto" leave it as it is, and so does a network that finds hands itself.
    """
    if hand == "left" and not predictor.finds_hands:
        width = depth_mm.shape[1]
        mirrored_camera = dataclasses.replace(camera, cx=width - 1 - camera.cx)
        centre_mm = None if centre_mm is None else np.multiply(centre_mm, MIRROR)
        return _mirrored(estimate(predictor, frame, depth_mm[:, ::-1], mirrored_camera, centre_mm), width)
    inputs = {"depth": depth_mm[None], "camera": np.asarray(camera)[None]}
    if centre_mm is None:
        outputs = predictor.call("serving_default", **inputs)
    else:
        outputs = predictor.call("centred", **inputs, centre_mm=np.float32([centre_mm]))
    return Pose.from_outputs(frame, outputs)


def estimate_all(predictor: Signatures, frame: str, depth_mm: np.ndarray, camera: Camera) -> list[Pose]:
    """The hands in one frame, the most confident first; one that is not valid if there is none.

    Args:
        predictor: a network that finds hands gives at most two; another one at most the nearest.
        frame: name of the frame.
        depth_mm: float32 [H, W].
        camera: the camera of the frame.
    """
    if not predictor.finds_hands:
        return [estimate(predictor, frame, depth_mm, camera)]
    outputs = predictor.call("hands", depth=depth_mm[None], camera=np.asarray(camera)[None])
    return Pose.all_from_outputs(frame, outputs)


def _mirrored(pose, width):
    """A pose in the mirrored frame as a pose in the frame itself; zeros stay zeros."""
    joints_uvd = pose.joints_uvd * MIRROR + (np.float32([width - 1, 0, 0]) if pose.valid else 0)
    return dataclasses.replace(
        pose,
        joints_mm=pose.joints_mm * MIRROR,
        joints_uvd=joints_uvd,
        centre_mm=pose.centre_mm * MIRROR,
        is_left=None if pose.is_left is None else bool(pose.valid and not pose.is_left),
    )


def count(poses: Sequence[Pose]) -> str:
    """What was found, as "3 frames, a hand in 2, two in 1 (1 left, 2 right)"; sides where they are told."""
    seconds = [pose for pose in poses if HAND_MARK in pose.frame]
    found = [pose for pose in poses if pose.valid]
    sides = [pose.side for pose in found if pose.side]
    told = ", ".join(f"{sides.count(side)} {side}" for side in ("left", "right") if side in sides)
    text = f"{len(poses) - len(seconds)} frames, a hand in {len(found) - len(seconds)}"
    return text + (f", two in {len(seconds)}" if seconds else "") + (f" ({told})" if told else "")


def write_csv(file: TextIO, poses: Iterable[Pose], joints: Sequence[str]) -> None:
    """Writes ``COLUMNS`` and one row per frame and joint; numbers with three decimals, ``valid`` as 1 or 0.

    Args:
        file: text file, open for writing without newline translation.
        poses: poses of J joints each.
        joints: J names.
    """
    table = csv.writer(file, lineterminator="\n")
    table.writerow(COLUMNS)
    for pose in poses:
        for joint, (u, v, _), xyz_mm in zip(joints, pose.joints_uvd, pose.joints_mm, strict=True):
            values = (f"{value:.3f}" for value in (u, v, *xyz_mm))
            table.writerow([pose.frame, joint, *values, int(pose.valid)])
