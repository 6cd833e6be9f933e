"""Opening a trained network: a work_dir, ``model.keras``, a SavedModel or a LiteRT file."""

import json
import os
import pathlib
import zipfile
import zlib

import keras
import tensorflow as tf

from crossinfo import release_checkpoint
from crossinfo.card import CARD_FILE, ModelCard
from crossinfo.export import saved_model, signatures, versions
from crossinfo.inference.litert_runtime import Runner
from crossinfo.inference.predictor import Predictor
from crossinfo.model import MODEL_FILE, CrossInfoNet
from datasets.errors import InputError


def load_model(path: str | os.PathLike) -> CrossInfoNet:
    """The ``CrossInfoNet`` with its card from a work_dir or a ``.keras`` file.

    Nothing in the file is executed: it must name this project's network, and gives only its settings
    and weights. The authors' own numbers (``release_checkpoint``) are put into this project's axes and joint
    order. Raises InputError naming the path if it is missing, damaged or something else.
    """
    file = keras_file(path)
    _check_archive(file)
    try:
        model = keras.saving.load_model(file, compile=False, safe_mode=True)
    except (ValueError, TypeError, KeyError, OSError) as error:
        raise InputError(f"{file}: does not fit this version of crossinfo ({_first_line(error)})") from None
    if model.card is None:
        raise InputError(f"{file}: holds no model card, so its cube and joint names are unknown")
    if model.card.as_released:
        release_checkpoint.to_project_convention(model)
    return model


def load_predictor(path: str | os.PathLike) -> Predictor:
    """A ``Predictor`` from a work_dir, a ``.keras`` file, a SavedModel or a folder of such, or a ``.tflite``.

    Of numbered versions the newest is taken. A SavedModel is a TensorFlow graph and is run as one: open
    those you trust. Raises InputError naming the path as ``load_model`` does.
    """
    path = _existing(path)
    if path.suffix == ".tflite":
        card = _read_card(path.parent / CARD_FILE)
        return Predictor.of_litert(_name(path.parent), card, Runner(path))
    exported = _saved_model(path)
    if exported is not None:
        return _load_saved_model(exported)
    return Predictor.of_network(_name(keras_file(path)), load_model(path))


def _existing(path):
    path = pathlib.Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such model; name a work_dir, a model.keras or a SavedModel folder")
    return path


def keras_file(path: str | os.PathLike) -> pathlib.Path:
    """The ``.keras`` file meant by a path: itself, or a work_dir's; raises InputError if there is none."""
    path = _existing(path)
    if path.is_file():
        return path
    if not (path / MODEL_FILE).is_file():
        raise InputError(f"{path}: holds no {MODEL_FILE} and no SavedModel; has its training ended?")
    return path / MODEL_FILE


def _check_archive(file):
    """Raises InputError unless the file is a whole Keras archive of a ``CrossInfoNet``."""
    try:
        with zipfile.ZipFile(file) as archive:
            damaged = archive.testzip()
            config = json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, NotImplementedError):
        raise InputError(f"{file}: not a Keras model file, or damaged") from None
    if damaged is not None:
        raise InputError(f"{file}: damaged at {damaged}; copy or train it again")
    name = config.get("registered_name") if isinstance(config, dict) else None
    if name != keras.saving.get_registered_name(CrossInfoNet):
        raise InputError(f"{file}: a Keras model, but not a CrossInfoNet")


def _saved_model(path):
    """The SavedModel folder meant by a path: itself or its newest version; None if there is none."""
    if not path.is_dir() or (path / MODEL_FILE).is_file():
        return None
    if (path / saved_model.MODEL_FILE).is_file():
        return path
    return versions.newest(path, saved_model.MODEL_FILE)


def _load_saved_model(path):
    card = _read_card(path / saved_model.CARD_FILE)
    try:
        loaded = tf.saved_model.load(path)
    except (OSError, ValueError, KeyError, IndexError, tf.errors.OpError) as error:
        raise InputError(f"{path}: damaged SavedModel ({_first_line(error)}); export it again") from None
    missing = [name for name in signatures.SIGNATURES if name not in loaded.signatures]
    if missing:
        raise InputError(f"{path}: the SavedModel lacks the signature {missing[0]!r}; export it again")
    return Predictor(_name(path), card, loaded.signatures, loaded)


def _read_card(path):
    try:
        return ModelCard.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise InputError(f"{path}: missing, so the model is not an export of crossinfo") from None
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{path}: damaged; export the model again") from None


def _name(path):
    """Name for reports: the work_dir's, or the file's or folder's own where there is no work_dir."""
    path = path.resolve()
    if path.is_file() and path.name != MODEL_FILE:
        return path.stem
    folder = path.parent if path.is_file() else path
    # A work_dir may be called 2024 or export, too.
    while (folder.name.isdecimal() or folder.name == "export") and not (folder / MODEL_FILE).exists():
        folder = folder.parent
    return folder.name


def _first_line(error):
    return str(error).strip().partition("\n")[0][:200]
