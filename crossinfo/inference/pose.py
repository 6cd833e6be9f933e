"""The hand's pose in one depth frame, and the table of many: ``joints.csv``."""

import csv
import dataclasses
from collections.abc import Iterable, Sequence
from typing import Protocol, TextIO

import numpy as np

from datasets.geometry import Camera

COLUMNS = ("frame", "joint", "u", "v", "x_mm", "y_mm", "z_mm", "valid")
OUTPUTS = ("joints_mm", "joints_uvd", "centre_mm", "valid")
MIRROR = np.float32([-1, 1, 1])


class Signatures(Protocol):
    """A network that is called by signature: ``loading.Predictor`` here, ``client.Remote`` on a server."""

    def call(self, signature: str, **arrays) -> dict[str, np.ndarray]:
        """Runs a signature on arrays with a row per frame; returns its outputs by name."""


@dataclasses.dataclass(frozen=True)
class Pose:
    """The hand in one frame; zeros if not ``valid``.

    Args:
        frame: name of the frame.
        joints_mm, joints_uvd: float32 [J, 3] in camera space in mm, and as pixel, pixel, mm.
        centre_mm: float32 [3]. The crop's centre.
        valid: whether a hand was found.
    """

    frame: str
    joints_mm: np.ndarray
    joints_uvd: np.ndarray
    centre_mm: np.ndarray
    valid: bool

    @classmethod
    def from_outputs(cls, frame: str, outputs: dict[str, np.ndarray]) -> "Pose":
        """The first row of what a signature of frames gives."""
        return cls(frame, *(outputs[name][0] for name in OUTPUTS))


def estimate(
    predictor: Signatures,
    frame: str,
    depth_mm: np.ndarray,
    camera: Camera,
    centre_mm: Sequence[float] | None = None,
    hand: str = "right",
) -> Pose:
    """The pose in one frame.

    Args:
        predictor: the network.
        frame: name of the frame.
        depth_mm: float32 [H, W].
        camera: the camera of the frame.
        centre_mm: [3], the hand's centre in mm; None to find it in the depth.
        hand: "right", or "left": the frame is mirrored for the network, and the pose mirrored back.
    """
    if hand == "left":
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


def _mirrored(pose, width):
    """A pose in the mirrored frame as a pose in the frame itself; zeros stay zeros."""
    joints_uvd = pose.joints_uvd * MIRROR + (np.float32([width - 1, 0, 0]) if pose.valid else 0)
    return dataclasses.replace(
        pose, joints_mm=pose.joints_mm * MIRROR, joints_uvd=joints_uvd, centre_mm=pose.centre_mm * MIRROR
    )


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
