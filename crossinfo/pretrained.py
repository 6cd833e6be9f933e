"""The networks that ship with the package: a depth frame of any camera in, hands out."""

import os

from crossinfo import card
from crossinfo.export import packaged
from crossinfo.inference.depth_inputs import check_hand
from crossinfo.inference.estimator import HandPoseEstimator
from crossinfo.inference.litert_runtime import Runner
from crossinfo.inference.predictor import Predictor
from datasets import runtime as processes
from datasets.errors import InputError

RUNTIMES = ("tensorflow", "litert")


def load_pretrained(
    runtime: str = "tensorflow", hand: str = "auto", folder: str | os.PathLike | None = None
) -> HandPoseEstimator:
    """A function of a depth frame and its camera that gives the hands in it.

    ``hands = load_pretrained(); poses = hands(depth_mm, camera)``: see ``HandPoseEstimator``.

    Args:
        runtime: "tensorflow"; or "litert", which starts in a fraction of the time and does not import
            TensorFlow, but takes the packages of the extra ``litert``.
        hand: "auto": which hand it is is found, too. "right" or "left", with TensorFlow only: all are taken
            for such.
        folder: another pretrained folder than the package's own.

    Raises InputError naming the argument or the file that is wrong or missing.
    """
    if runtime not in RUNTIMES:
        raise InputError(f"`runtime`={runtime}: expected {' or '.join(RUNTIMES)}")
    check_hand(hand)
    if runtime == "litert":
        return HandPoseEstimator(_litert(hand, folder))
    processes.import_tensorflow()
    from crossinfo.inference import loading

    return HandPoseEstimator(loading.load_predictor(folder, hand=hand))


def _litert(hand, folder):
    if hand != "auto":
        raise InputError(f"`hand`={hand}: goes with `runtime`=tensorflow only")
    about = card.read(packaged.file(card.CARD_FILE, folder))
    return Predictor.of_litert(packaged.NAME, about, Runner(packaged.file(packaged.LITERT_FILE, folder)))
