"""A trained network for TensorFlow Serving (``export``), for small devices (``litert``), and for ONNX.

The SavedModel holds the inference graph only and needs neither this project nor Keras to load. Its model
card and requests that warm a server up lie in ``assets.extra``.
"""

import pathlib

from datasets.errors import InputError
from datasets.io import atomic


def export(model, export_dir, version=None, weights="float32"):
    """Writes ``export_dir/N`` atomically: a server that watches the folder never sees half a model.

    Args:
        model: CrossInfoNet with a card.
        export_dir: path. Folder of the versions; made if missing.
        version: int or None. N; None takes the number after the newest.
        weights: "float32", or "float16", how the kernels are kept.

    Returns the path of the new SavedModel. Raises InputError if the version exists, if ``export_dir`` is a
    file or holds versions of another format, or if the model has no card.
    """
    import tensorflow as tf

    from crossinfo.export import signatures, warmup
    from crossinfo.inference import loading

    path = version_path(export_dir, version, "saved_model.pb")
    module = signatures.ServedModel(model, weights)
    with atomic.atomic_directory(path) as folder:
        tf.saved_model.save(module, folder, signatures=module.signatures())
        card_file = folder / loading.CARD_FILE
        card_file.parent.mkdir()
        card_file.write_text(module.card.to_json(), encoding="utf-8")
        warmup.write(folder)
    return path


def version_path(export_dir, version, content):
    """``export_dir/N``; every version in the folder must hold a file of the name ``content``."""
    base = pathlib.Path(export_dir)
    if base.exists() and not base.is_dir():
        raise InputError(f"{base}: expected a folder for the versions, found a file")
    versions = [folder for folder in base.glob("*") if folder.name.isdecimal()]
    other = next(
        (folder for folder in versions if any(folder.iterdir()) and not (folder / content).exists()), None
    )
    if other is not None:
        raise InputError(
            f"--export_dir={base}: {other.name} in it is no version with a {content}; name another folder"
        )
    return base / str(next_version(base) if version is None else version)


def next_version(base):
    """One more than the highest numbered folder in ``base``; 1 if there is none."""
    numbers = [int(folder.name) for folder in base.glob("*") if folder.name.isdecimal()]
    return max(numbers, default=0) + 1
