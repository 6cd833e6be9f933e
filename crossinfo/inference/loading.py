"""Opening a network: a work_dir, a ``.keras`` file, a SavedModel, a LiteRT file, or the package's own."""

import json
import os
import pathlib
import zipfile
import zlib

import keras
import tensorflow as tf

from crossinfo import card, release_checkpoint
from crossinfo.card import CARD_FILE
from crossinfo.export import packaged, saved_model, signatures, versions
from crossinfo.inference import tensor_functions
from crossinfo.inference.litert_runtime import Runner
from crossinfo.inference.predictor import Predictor
from crossinfo.localisation.network import Localiser
from crossinfo.model import MODEL_FILE, CrossInfoNet
from datasets.errors import InputError

HUGGING_FACE = "hf://"
# In a folder, the first of them is taken.
KERAS_FILES = (MODEL_FILE, packaged.POSE_FILE)
Path = str | os.PathLike


def load_model(path: Path | None = None) -> CrossInfoNet:
    """The ``CrossInfoNet`` with its card from a work_dir or a ``.keras`` file.

    None takes the package's own; ``hf://USER/MODEL`` is left to Keras, which downloads it.

    Nothing in a file is executed: it must name this project's network, and gives only its settings
    and weights. The authors' own numbers (``release_checkpoint``) are put into this project's axes and joint
    order. Raises InputError naming the path if it is missing, damaged or something else.
    """
    file = keras_file(path)
    model = _load(file, CrossInfoNet)
    if model.card is None:
        raise InputError(f"{file}: holds no model card, so its cube and joint names are unknown")
    if model.card.as_released:
        release_checkpoint.to_project_convention(model)
    return model


def load_localiser(model: CrossInfoNet, path: Path | None = None, localiser: Path | None = None):
    """What finds hands for a network: a ``Localiser``, or None for a network that is not of upright hands.

    Args:
        model: the network.
        path: where ``load_model`` found it; a ``localiser.keras`` beside it goes with it.
        localiser: the localiser's file; None takes the one beside the network, or else the package's own.

    Raises InputError naming the file if it is missing, damaged, something else, or of no use to the network.
    """
    if not model.card.upright:
        if localiser is not None:
            raise InputError(f"`localiser`={localiser}: {path} finds no hands; it is not of upright hands")
        return None
    if localiser is None:
        beside = packaged.FOLDER if _is_remote(path) else keras_file(path).parent
        localiser = beside / packaged.LOCALISER_FILE
        localiser = localiser if localiser.is_file() else packaged.file(packaged.LOCALISER_FILE)
    return _load(localiser if _is_remote(localiser) else _existing(localiser), Localiser)


def load_predictor(path: Path | None = None, localiser: Path | None = None, hand: str = "auto") -> Predictor:
    """A ``Predictor`` from a work_dir, a ``.keras`` file, a SavedModel or a folder of such, or a ``.tflite``.

    Of numbered versions the newest is taken. A SavedModel is a TensorFlow graph and is run as one: open
    those you trust.

    Args:
        path: what to open, as ``load_model`` takes it or an export; None takes the package's own networks.
        localiser: of a network of upright hands, as ``load_localiser`` takes it.
        hand: "auto"; "right" or "left" makes every hand that a localiser finds one of this side.

    Raises InputError naming the path as ``load_model`` does.
    """
    exported = None if path is None or _is_remote(path) else _export(_existing(path))
    if exported is None:
        network = load_model(path)
        found = load_localiser(network, path, localiser)
        return Predictor.of_network(_model_name(path), network, found, hand)
    if localiser is not None:
        raise InputError(f"`localiser`={localiser}: goes with a .keras file only")
    predictor = _load_litert(exported) if exported.is_file() else _load_saved_model(exported)
    if predictor.finds_hands and hand != "auto":
        raise InputError(f"`hand`={hand}: {exported} tells left from right itself; a .keras file need not")
    return predictor


def _is_remote(path):
    return str(path).startswith(HUGGING_FACE)


def _existing(path):
    path = pathlib.Path(path)
    if not path.exists():
        raise InputError(f"{path}: no such model; name a work_dir, a model.keras or a SavedModel folder")
    return path


def keras_file(path: Path | None) -> pathlib.Path | str:
    """The ``.keras`` file meant by a path: itself, or the one in that folder; of None the package's own.

    Raises InputError if there is none. ``hf://USER/MODEL`` stays as it is.
    """
    if path is None:
        return packaged.file(packaged.POSE_FILE)
    if _is_remote(path):
        return str(path)
    path = _existing(path)
    if path.is_file():
        return path
    for name in KERAS_FILES:
        if (path / name).is_file():
            return path / name
    raise InputError(f"{path}: holds no {MODEL_FILE} and no SavedModel; has its training ended?")


def _load(file, network_class):
    """A Keras model of this project's class; raises InputError for anything else."""
    if _is_remote(file):
        model = _download(file)
    else:
        _check_archive(file, network_class)
        try:
            model = keras.saving.load_model(file, compile=False, safe_mode=True)
        except (ValueError, TypeError, KeyError, OSError) as error:
            raise InputError(
                f"{file}: does not fit this version of crossinfo ({_first_line(error)})"
            ) from None
    if not isinstance(model, network_class):
        raise InputError(f"{file}: a Keras model, but not a {network_class.__name__}")
    return model


def _download(name):
    """A model of the Hugging Face Hub."""
    try:
        import huggingface_hub  # noqa: F401 (Keras asks for it in a longer message)
    except ImportError:
        raise InputError(f"{name}: needs huggingface_hub: pip install huggingface_hub") from None
    try:
        return keras.saving.load_model(name, compile=False, safe_mode=True)
    except Exception as error:  # of whatever library it is that talks to the Hub
        raise InputError(f"{name}: cannot be downloaded or opened ({_first_line(error)})") from None


def _check_archive(file, network_class):
    """Raises InputError unless the file is a whole Keras archive of the class."""
    try:
        with zipfile.ZipFile(file) as archive:
            damaged = archive.testzip()
            config = json.loads(archive.read("config.json"))
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, NotImplementedError):
        raise InputError(f"{file}: not a Keras model file, or damaged") from None
    if damaged is not None:
        raise InputError(f"{file}: damaged at {damaged}; copy or train it again")
    name = config.get("registered_name") if isinstance(config, dict) else None
    if name != keras.saving.get_registered_name(network_class):
        raise InputError(f"{file}: a Keras model, but not a {network_class.__name__}")


def _export(path):
    """The ``.tflite`` file or SavedModel folder meant by a path; None if it means a Keras file."""
    if path.suffix == ".tflite":
        return path
    if not path.is_dir() or any((path / name).is_file() for name in KERAS_FILES):
        return None
    if (path / saved_model.MODEL_FILE).is_file():
        return path
    return versions.newest(path, saved_model.MODEL_FILE)


def _load_litert(path):
    name = _name(path.parent if path.stem == "model" else path)
    return Predictor.of_litert(name, card.read(path.parent / CARD_FILE), Runner(path))


def _load_saved_model(path):
    about = card.read(path / saved_model.CARD_FILE)
    try:
        loaded = tf.saved_model.load(path)
    except (OSError, ValueError, KeyError, IndexError, tf.errors.OpError) as error:
        raise InputError(f"{path}: damaged SavedModel ({_first_line(error)}); export it again") from None
    expected = (*signatures.SIGNATURES, signatures.HANDS) if about.upright else signatures.SIGNATURES
    missing = [name for name in expected if name not in loaded.signatures]
    if missing:
        raise InputError(f"{path}: the SavedModel lacks the signature {missing[0]!r}; export it again")
    return Predictor(_name(path), about, tensor_functions.of_graphs(loaded.signatures), loaded)


def _model_name(path):
    if path is None:
        return packaged.NAME
    return str(path).rpartition("/")[2] if _is_remote(path) else _name(keras_file(path))


def _name(path):
    """Name for reports: the work_dir's, or the file's or folder's own where there is no work_dir."""
    path = path.resolve()
    if path.is_file() and path.name not in KERAS_FILES:
        return path.stem
    folder = path.parent if path.is_file() else path
    # A work_dir may be called 2024 or export, too.
    while (folder.name.isdecimal() or folder.name == "export") and not (folder / MODEL_FILE).exists():
        folder = folder.parent
    return folder.name


def _first_line(error):
    return str(error).strip().partition("\n")[0][:200]
