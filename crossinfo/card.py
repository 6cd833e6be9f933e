"""The model card: what a user of a trained network must know to feed it and to read its output.

It travels inside ``model.keras`` and as ``assets.extra/crossinfo.json`` in every export.
"""

import dataclasses
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from datasets.errors import InputError
from datasets.registry import Dataset

CARD_FILE = "crossinfo.json"


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

    def to_json(self) -> str:
        """Indented JSON text."""
        return json.dumps(dataclasses.asdict(self), indent=2) + "\n"

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "ModelCard":
        """From a dict as JSON gives it: lists become tuples. Raises TypeError if a fact is missing."""
        names = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: _frozen(value) for name, value in dict(fields).items() if name in names})


def read(path: str | os.PathLike) -> ModelCard:
    """The card beside an export; raises InputError naming the file if it is missing or damaged."""
    try:
        return ModelCard.from_dict(json.loads(pathlib.Path(path).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise InputError(f"{path}: missing, so the model is not an export of crossinfo") from None
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{path}: damaged; export the model again") from None


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


def _frozen(value):
    return tuple(_frozen(item) for item in value) if isinstance(value, list | tuple) else value
