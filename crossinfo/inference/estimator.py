"""A network as one call: a depth frame and its camera in, hands out."""

from collections.abc import Sequence

import numpy as np

from crossinfo.card import ModelCard
from crossinfo.inference.pose import Pose, estimate_all
from crossinfo.inference.predictor import Predictor
from datasets.errors import InputError
from datasets.geometry import Camera


class HandPoseEstimator:
    """Finds the hands in depth frames; a function of a frame and its camera.

    Args:
        predictor: the network.
    """

    def __init__(self, predictor: Predictor):
        self._predictor = predictor

    @property
    def card(self) -> ModelCard:
        """What is known of the network: bones, cube, training data and more."""
        return self._predictor.card

    @property
    def joints(self) -> tuple[str, ...]:
        """Names of the J joints, in the order of ``Pose.joints_mm``."""
        return self.card.joints

    def __call__(
        self, depth_mm: np.ndarray, camera: Camera | Sequence[float], frame: str = "frame"
    ) -> list[Pose]:
        """The hands in one frame, the most confident first; [] if there is none.

        Args:
            depth_mm: [H, W], numbers of any dtype in mm; 0, negative and non-finite mean no measurement.
            camera: a ``datasets.geometry.Camera``, or its fx, fy, cx and cy in pixels.
            frame: name that the poses get.

        Raises InputError naming the argument that is wrong.
        """
        poses = estimate_all(self._predictor, frame, _depth(depth_mm), _camera(camera))
        return [pose for pose in poses if pose.valid]


def _depth(depth_mm):
    depth_mm = np.asarray(depth_mm)
    if depth_mm.ndim != 2 or not depth_mm.size or depth_mm.dtype.kind not in "uif":
        raise InputError(
            f"`depth_mm`: expected numbers [H, W]. Received: {depth_mm.dtype} {list(depth_mm.shape)}"
        )
    return depth_mm.astype(np.float32)


def _camera(camera):
    if isinstance(camera, Camera):
        return camera
    try:
        return Camera(*(float(value) for value in np.asarray(camera).ravel()))
    except (TypeError, ValueError):
        raise InputError(f"`camera`: expected fx, fy, cx and cy in pixels. Received: {camera}") from None
