"""A network that finds hands, over the whole frames of a split: every frame once, in file order."""

import dataclasses
import functools

import numpy as np
from tqdm import tqdm

from crossinfo.evaluation.predictions import Predictions
from crossinfo.inference.pose import Pose, estimate
from crossinfo.inference.predictor import Predictor
from datasets import registry, shards
from datasets.errors import InputError
from datasets.records import Reader
from datasets.visualization import cropped_frame

# The network's own way: its localiser finds the hand. In any other mode, it begins at the given centre.
REFINED = "refined"


@dataclasses.dataclass(frozen=True)
class WholeFrames:
    """Frames to evaluate on, as they are.

    Args:
        source: which frames, with the centre mode and the network's cube.
        reader: open reader of the source's split.
    """

    source: shards.Source
    reader: Reader

    def centred(self, mode: str) -> "WholeFrames":
        """The same frames with another centre mode."""
        return dataclasses.replace(self, source=dataclasses.replace(self.source, centre=mode))

    @functools.cached_property
    def indices(self) -> np.ndarray:
        """The frames' indices in the reader."""
        return self.source.indices(self.reader)

    @property
    def names(self) -> list[str]:
        """The frames' names, in file order."""
        return [self.reader.names[index] for index in self.indices]

    @property
    def labelled(self) -> bool:
        """Whether labels are known."""
        return self.reader.joints_mm is not None


def predict(predictor: Predictor, frames: WholeFrames) -> Predictions:
    """Predicts every frame: from the whole frame in the mode "refined", or about the mode's own centre.

    Args:
        predictor: a network that finds hands.
        frames: the frames.

    Raises InputError for a mode that the data or the form of the network do not have.
    """
    dataset, given = registry.get(frames.source.dataset), frames.source.given_centres(frames.reader)
    joints = np.zeros((len(dataset.skeleton), 3), np.float32)
    poses, truth_mm, cube_mm = [], [], []
    for index in tqdm(frames.indices, desc="evaluating", unit="frame", disable=None, leave=False):
        record = frames.reader[index]
        cube_mm.append(frames.source.cube_mm(record, int(index)))
        truth_mm.append(joints if record.joints_mm is None else record.joints_mm)
        centre_mm = None
        if frames.source.centre != REFINED:
            row = None if given is None else given[index]
            centre_mm = cropped_frame.locate(
                dataset, record, frames.source.centre, row, cube_mm[-1]
            ).centre_mm
        if centre_mm is None and frames.source.centre != REFINED:
            poses.append(Pose(record.name, joints, joints, joints[0], False))
        else:
            poses.append(estimate(predictor, record.name, record.depth_mm, record.camera, centre_mm))
    return Predictions(
        joints_mm=np.float32([pose.joints_mm for pose in poses]),
        truth_mm=np.float32(truth_mm),
        centre_mm=np.float32([pose.centre_mm for pose in poses]),
        cube_mm=np.float32(cube_mm),
        valid=np.array([pose.valid for pose in poses], bool),
    )


def with_errors_by_centre(predictions: Predictions, predictor: Predictor, frames: WholeFrames) -> Predictions:
    """The same predictions with each frame's error by every centre mode that the data allow.

    Args:
        predictions: of ``frames``.
        predictor: the network that made them.
        frames: the frames.
    """
    if not frames.labelled:
        return predictions
    errors_mm = {}
    for mode in (REFINED, "com", "gt") + (("file",) if frames.source.centre_file else ()):
        other = predictions
        if mode != frames.source.centre:
            other = predict(predictor, frames.centred(mode))
        errors_mm[mode] = other.errors_mm.mean(axis=1)
    return dataclasses.replace(predictions, errors_by_centre_mm=errors_mm)


def check(predictor: Predictor, centre: str, path) -> bool:
    """Whether the network is evaluated on whole frames.

    Args:
        predictor: the network.
        centre: the centre mode.
        path: where the network comes from, for the message.

    Raises InputError if the mode is "refined" and the network finds no hands, or if it sees upright hands and
    is in a form that cannot turn them.
    """
    if predictor.finds_hands:
        return True
    if centre == REFINED:
        raise InputError(f"`centre`={REFINED}: {path} finds no hands; take com, gt or file")
    if predictor.card.upright:
        raise InputError(f"{path}: takes crops of upright hands, and finds none; name its .keras file")
    return False
