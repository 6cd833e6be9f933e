"""The SavedModel for TensorFlow Serving.

It holds the inference graph only and needs neither this project nor Keras to load. Its model card and
requests that warm a server up lie in ``assets.extra``.
"""

import os
import pathlib

import tensorflow as tf

from crossinfo import card
from crossinfo.export import signatures, versions, warmup
from crossinfo.localisation.network import Localiser
from crossinfo.model import CrossInfoNet
from datasets.errors import InputError
from datasets.io import atomic

MODEL_FILE = "saved_model.pb"
EXTRA_FOLDER = "assets.extra"
CARD_FILE = f"{EXTRA_FOLDER}/{card.CARD_FILE}"
WARMUP_FILE = f"{EXTRA_FOLDER}/tf_serving_warmup_requests"


def export(
    model: CrossInfoNet,
    export_dir: str | os.PathLike,
    version: int | None = None,
    weights: str = "float32",
    localiser: Localiser | None = None,
) -> pathlib.Path:
    """Writes ``export_dir/N`` atomically: a server that watches the folder never sees half a model.

    Args:
        model: network with a card.
        export_dir: folder of the versions; made if missing.
        version: N; None takes the number after the newest.
        weights: "float32", or "float16", how the kernels are kept.
        localiser: what finds hands for a network of upright hands, or None.

    Returns the path of the new SavedModel. Raises InputError if the version exists, if ``export_dir`` is a
    file or holds versions of another format, or if the model has no card or lacks the localiser it needs.
    """
    path = versions.new_version(export_dir, MODEL_FILE, version)
    module = signatures.ServedModel(model, weights, localiser)
    functions = module.signatures()
    with atomic.atomic_directory(path) as folder:
        tf.saved_model.save(module, folder, signatures=functions)
        (folder / EXTRA_FOLDER).mkdir()
        (folder / CARD_FILE).write_text(module.card.to_json(), encoding="utf-8")
        warmup.write(folder / WARMUP_FILE, functions)
    return path


def newest(export_dir: str | os.PathLike, about: card.ModelCard) -> pathlib.Path | None:
    """The newest version in ``export_dir`` if it is of the weights that a card names, or None."""
    path = versions.newest(export_dir, MODEL_FILE)
    try:
        same = path is not None and about.weights and card.read(path / CARD_FILE).weights == about.weights
    except InputError:  # a damaged version is not of these weights
        return None
    return path if same else None
