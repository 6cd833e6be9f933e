"""The forms that a network is exported in, side by side."""

import dataclasses
import pathlib
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from crossinfo import model
from crossinfo.export import litert, quantize, saved_model
from crossinfo.inference import litert_runtime
from crossinfo.localisation.network import Localiser
from datasets.errors import InputError


@dataclasses.dataclass(frozen=True)
class Form:
    """One form of the network.

    Args:
        name: what the table calls it.
        size: bytes on disk.
        joints: function of crops float32 [B, 96, 96, 1] -> normalised joints [B, J, 3].
    """

    name: str
    size: int
    joints: Callable[[np.ndarray], np.ndarray]


def all_forms(
    network: model.CrossInfoNet,
    keras_file: pathlib.Path,
    folder: pathlib.Path,
    calibration: Callable[[], np.ndarray],
    threads: int,
    localiser: Localiser | None = None,
) -> list[Form]:
    """The forms in the table's order; one that cannot be made is named on standard output and left out.

    Args:
        network: network with a card.
        keras_file: its ``model.keras``.
        folder: an empty folder for the exports.
        calibration: function that gives the crops to calibrate int8 with; it may raise InputError.
        threads: of LiteRT.
        localiser: of a network of upright hands; only the SavedModels hold it.
    """
    size = keras_file.stat().st_size
    forms = [
        Form("Keras predict_on_batch", size, _keras(network)),
        Form("Keras predict_on_batch, pose only", size, _keras(model.inference(network))),
    ]
    for weights in ("float32", "float16"):
        path = saved_model.export(network, folder / weights, weights=weights, localiser=localiser)
        forms.append(Form(f"SavedModel {weights}", _size(path), _saved_model(path)))
    try:
        litert_runtime.interpreter_class()
        for precision in quantize.PRECISIONS:
            crops = calibration() if precision == "int8" else None
            content = litert.convert(network, precision, calibration=crops)
            name = "float32" if precision == "none" else precision
            forms.append(Form(f"LiteRT {name}", len(content), _litert(content, threads)))
    except InputError as error:
        print(f"left out: {error}")
    return forms


def _size(path):
    """Bytes of a SavedModel without what only a server reads."""
    files = [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files if saved_model.EXTRA_FOLDER not in file.parts)


def _keras(network: keras.Model):
    def joints(crops):
        hand = network.predict_on_batch(crops)["hand"]
        return np.reshape(hand, (len(hand), -1, 3))

    return joints


def _saved_model(path):
    loaded = tf.saved_model.load(path)
    crop = loaded.signatures["crop"]
    # The closure keeps ``loaded``, and so its variables, alive.
    return lambda crops: loaded and crop(crop=tf.constant(crops))["joints"].numpy()


def _litert(content, threads):
    runner = litert_runtime.Runner(content=content, threads=threads)
    return lambda crops: runner(crop=crops)["joints"]
