"""The networks that the package ships in ``crossinfo/weights``: their files, and how they are made.

A pretrained folder is any folder with the two networks, ``pose.keras`` and ``localiser.keras``, such as a
work_dir of ``crossinfo.pretrain``; ``write`` adds what runs without TensorFlow.
"""

import os
import pathlib
from typing import TYPE_CHECKING

from datasets.errors import InputError

if TYPE_CHECKING:
    from crossinfo.localisation.network import Localiser
    from crossinfo.model import CrossInfoNet

FOLDER = pathlib.Path(__file__).parents[1] / "weights"
POSE_FILE = "pose.keras"
LOCALISER_FILE = "localiser.keras"
LITERT_FILE = "hands.tflite"
NAME = "pretrained"


def file(name: str, folder: str | os.PathLike | None = None) -> pathlib.Path:
    """A file of a pretrained folder, the package's own if None; raises InputError if it is missing."""
    path = pathlib.Path(folder or FOLDER) / name
    if not path.is_file():
        where = "is not in this installation; name a model of your own" if folder is None else "is missing"
        raise InputError(f"{path}: {where}")
    return path


def write(model: "CrossInfoNet", localiser: "Localiser", folder: str | os.PathLike) -> None:
    """Makes a pretrained folder: both networks, ``hands.tflite`` with half-precision kernels, and the card.

    Args:
        model: network of upright hands, with its card.
        localiser: what finds them.
        folder: made if missing; files of the same names are replaced, all of them or none.

    Raises InputError if the packages of the extra ``litert`` are not installed.
    """
    from crossinfo import model as models
    from crossinfo.export import litert
    from datasets.io import atomic

    with atomic.staged(folder) as staged:
        models.save(model, staged / POSE_FILE)
        models.save(localiser, staged / LOCALISER_FILE)
        (staged / LITERT_FILE).write_bytes(litert.convert(model, "float16", localiser=localiser))
        card = litert.card_text(model, "float16", localiser=localiser)
        (staged / litert.CARD_FILE).write_text(card, encoding="utf-8")
