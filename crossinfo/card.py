"""The model card: what a user of a trained network must know to feed it and to read its output.

It travels inside ``model.keras`` and as ``assets.extra/crossinfo.json`` in every export.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from datasets.errors import InputError
from datasets.geometry import MAX_COORDINATE
from datasets.io import json_files
from datasets.registry import Dataset

CARD_FILE = "crossinfo.json"
MAX_JOINTS = 1000
_TEXTS_AND_SWITCHES = {
    **dict.fromkeys(("variant", "dataset", "skeleton", "centre", "selected_on"), str),
    **dict.fromkeys(("as_released", "upright"), bool),
}


@dataclasses.dataclass(frozen=True)
class ModelCard:
    """Facts about one trained network.

    Args:
        variant: str. paper, release or compact.
        dataset: str. What it was trained on.
        skeleton: str. The skeleton's name.
        joints: tuple of J joint names, in the order of the outputs.
        bones: tuple of (joint, joint) index pairs.
        palm, finger: tuples of joint indices, in the order of those outputs.
        cube_mm: float. Side of the crop cube.
        centre: str. How training frames were centred: gt, file or com.
        selected_on: str. What picked the best epoch: validation or test.
        mean_pose: tuple of J (x, y, z). The training split's mean normalised pose. None where it is not
            known: an imported network.
        as_released: bool. An imported network's file holds the authors' numbers: its outputs have their
            axes and joint order. ``loading`` puts them into this project's.
        upright: bool. The network was trained on right hands turned upright (``crops.CropPlace.angle``), so
            its crops need an angle and mirrored left hands, which a localiser gives.
        weights: str or None. ``weights_digest`` of the trained network; None in older files. A file made
            from others' weights is a file of another network.

    Raises ValueError if they contradict each other, and TypeError on values of another kind.
    """

    variant: str
    dataset: str
    skeleton: str
    joints: tuple[str, ...]
    bones: tuple[tuple[int, int], ...]
    palm: tuple[int, ...]
    finger: tuple[int, ...]
    cube_mm: float
    centre: str
    selected_on: str
    mean_pose: tuple[tuple[float, float, float], ...] | None
    as_released: bool = False
    upright: bool = False
    weights: str | None = None

    def __post_init__(self):
        for field, kind in _TEXTS_AND_SWITCHES.items():
            if not isinstance(getattr(self, field), kind):
                raise TypeError(f"{field} must be {kind.__name__}. Received: {getattr(self, field)!r:.80}")
        if not (self.weights is None or isinstance(self.weights, str)):
            raise TypeError(f"weights must be text. Received: {self.weights!r:.80}")
        _check_joints(self.joints)
        for field in ("palm", "finger"):
            _check_indices(field, getattr(self, field), len(self.joints))
        for bone in self.bones if isinstance(self.bones, tuple) else [None]:
            _check_indices("bones", bone, len(self.joints), 2)
        if not (_is_number(self.cube_mm) and 0 < self.cube_mm <= MAX_COORDINATE):
            raise ValueError(f"cube_mm must be a positive length. Received: {self.cube_mm!r:.80}")
        if self.mean_pose is not None:
            _check_pose(self.mean_pose, len(self.joints))

    def to_json(self) -> str:
        """Indented JSON text."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "ModelCard":
        """From a dict as JSON gives it: lists become tuples. Raises TypeError or ValueError as above."""
        names = {field.name for field in dataclasses.fields(cls)}
        try:
            return cls(**{name: _frozen(value) for name, value in dict(fields).items() if name in names})
        except RecursionError:
            raise ValueError("nested too deeply") from None


def read(path: str | os.PathLike) -> ModelCard:
    """The card beside an export; raises InputError naming the file if it is missing or damaged."""
    try:
        return ModelCard.from_dict(json_files.read_object(path))
    except FileNotFoundError:
        raise InputError(f"{path}: missing, so the model is not an export of crossinfo") from None
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: damaged ({error}); export the model again") from None


def weights_digest(weights: Sequence[np.ndarray]) -> str:
    """Sixteen hex digits that tell one network's weights from another's.

    Args:
        weights: as ``keras.Model.get_weights`` gives them.
    """
    digest = hashlib.sha256()
    for values in weights:
        values = np.ascontiguousarray(values)
        digest.update(f"{values.dtype.str}{values.shape}".encode())
        digest.update(values)
    return digest.hexdigest()[:16]


def card_for(
    variant: str,
    dataset: Dataset,
    cube_mm: float,
    centre: str,
    mean_pose: np.ndarray | None,
    selected_on: str = "validation",
) -> ModelCard:
    """The card of a network that is trained on a dataset.

    Args:
        variant: name of a variant.
        dataset: Dataset. Gives names, bones and groups of the joints.
        cube_mm: side of the crop cube.
        centre: how training frames were centred: "gt", "file" or "com".
        mean_pose: [J, 3], the training split's mean normalised pose, or None where it is not known.
        selected_on: what picked the best epoch: "validation" or "test".
    """
    skeleton = dataset.skeleton
    return ModelCard(
        variant=variant,
        dataset=dataset.name,
        skeleton=skeleton.name,
        joints=skeleton.joints,
        bones=skeleton.bones,
        palm=skeleton.palm,
        finger=skeleton.finger,
        cube_mm=float(cube_mm),
        centre=centre,
        selected_on=selected_on,
        mean_pose=None if mean_pose is None else _frozen(np.asarray(mean_pose, float).tolist()),
    )


def _check_joints(joints):
    if not (isinstance(joints, tuple) and 0 < len(joints) <= MAX_JOINTS):
        raise ValueError(f"joints must be 1 to {MAX_JOINTS} names")
    for name in joints:
        if not (isinstance(name, str) and name and name.isprintable()):
            raise TypeError(f"joints must be names. Received: {name!r:.80}")


def _check_indices(field, indices, joints, count=None):
    """Raises ValueError unless they are a tuple of (``count``) indices of joints."""
    if not isinstance(indices, tuple) or (count is not None and len(indices) != count):
        raise ValueError(f"{field} must be indices of joints. Received: {indices!r:.80}")
    for index in indices:
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < joints:
            raise ValueError(f"{field} must be indices of the {joints} joints. Received: {index!r:.80}")


def _check_pose(pose, joints):
    well_formed = isinstance(pose, tuple) and all(isinstance(xyz, tuple) and len(xyz) == 3 for xyz in pose)
    if not well_formed or len(pose) != joints:
        raise ValueError(f"mean_pose must be {joints} x (x, y, z)")
    if not all(_is_number(value) and abs(value) <= MAX_COORDINATE for xyz in pose for value in xyz):
        raise ValueError("mean_pose must be finite numbers")


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def _frozen(value):
    return tuple(_frozen(item) for item in value) if isinstance(value, list | tuple) else value
