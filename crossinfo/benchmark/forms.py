"""The forms that a network is exported in, side by side, for ``crossinfo.benchmark``."""

import dataclasses
from collections.abc import Callable

import numpy as np

from datasets.errors import InputError


@dataclasses.dataclass(frozen=True)
class Form:
    """One form of the network.

    Args:
        name: str.
        size: int. Bytes on disk.
        joints: function of crops float32 [B, 96, 96, 1] -> normalised joints [B, J, 3].
    """

    name: str
    size: int
    joints: Callable


def forms(network, keras_file, folder, crops, threads):
    """The forms in the table's order; what cannot be made is said in a line and left out.

    Args:
        network: CrossInfoNet with a card.
        keras_file: path of its ``model.keras``.
        folder: path of an empty folder for the exports.
        crops: function that gives crops to calibrate int8 with; it may raise InputError.
        threads: int. LiteRT's.
    """
    from crossinfo import export, model
    from crossinfo.export import litert, quantize

    size = keras_file.stat().st_size
    made = [
        Form("Keras predict_on_batch", size, _keras(network)),
        Form("Keras predict_on_batch, pose only", size, _keras(model.inference(network))),
    ]
    for weights in ("float32", "float16"):
        path = export.export(network, folder / weights, weights=weights)
        made.append(Form(f"SavedModel {weights}", _weight(path), _saved_model(path)))
    try:
        litert.interpreter_class()
        for precision in quantize.PRECISIONS:
            given = crops() if precision == "int8" else None
            content = litert.convert(network, precision, calibration=given)
            name = "float32" if precision == "none" else precision
            made.append(Form(f"LiteRT {name}", len(content), _litert(content, threads)))
    except InputError as error:
        print(f"left out: {error}")
    return made


def _weight(path):
    return sum(
        file.stat().st_size for file in path.rglob("*") if "assets.extra" not in file.parts and file.is_file()
    )


def _keras(model):
    return lambda crops: _grouped(model.predict_on_batch(crops)["hand"])


def _grouped(hand):
    return np.reshape(hand, (len(hand), -1, 3))


def _saved_model(path):
    import tensorflow as tf

    loaded = tf.saved_model.load(path)
    crop = loaded.signatures["crop"]
    # The closure keeps ``loaded``, and so its variables, alive.
    return lambda crops: loaded and crop(crop=tf.constant(crops))["joints"].numpy()


def _litert(content, threads):
    from crossinfo.export import litert

    call = litert.interpreter(content=content, threads=threads).get_signature_runner()
    return lambda crops: np.concatenate([call(crop=crops[i : i + 1])["joints"] for i in range(len(crops))])
