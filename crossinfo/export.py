"""``python -m crossinfo.export``: a trained network as a SavedModel for TensorFlow Serving.

The SavedModel holds the inference graph only, needs neither this project nor Keras to load, and has its
model card in ``assets.extra/crossinfo.json``.
"""

import pathlib

from datasets import files
from datasets.command import Command, Group, import_tensorflow, run
from datasets.errors import InputError


def _define(values):
    group = Group(values, "Export")
    group.string("model", None, "a work_dir of train.py, or a model.keras", required=True)
    group.string("export_dir", None, "folder that holds the numbered versions", required=True)
    group.integer("version", None, "number of the version; the next free one if left out", lower=1)


COMMAND = Command(
    usage="python -m crossinfo.export",
    summary="Writes a trained network as a SavedModel with named signatures, whole or not at all.",
    define=_define,
)


def export(model, export_dir, version=None):
    """Writes ``export_dir/N`` atomically: a server that watches the folder never sees half a model.

    Args:
        model: CrossInfoNet with a card.
        export_dir: path. Folder of the versions; made if missing.
        version: int or None. N; None takes the number after the newest.

    Returns the path of the new SavedModel. Raises InputError if the version exists, if ``export_dir`` is a
    file, or if the model has no card.
    """
    import tensorflow as tf

    from crossinfo import loading, served

    base = pathlib.Path(export_dir)
    if base.exists() and not base.is_dir():
        raise InputError(f"{base}: expected a folder for the versions, found a file")
    module = served.ServedModel(model)
    path = base / str(next_version(base) if version is None else version)
    with files.atomic_directory(path) as folder:
        tf.saved_model.save(module, folder, signatures=module.signatures())
        card_file = folder / loading.CARD_FILE
        card_file.parent.mkdir()
        card_file.write_text(module.card.to_json(), encoding="utf-8")
    return path


def next_version(base):
    """One more than the highest numbered folder in ``base``; 1 if there is none."""
    numbers = [int(folder.name) for folder in base.glob("*") if folder.name.isdecimal()]
    return max(numbers, default=0) + 1


def main(values):
    """Runs the command on parsed flags."""
    import_tensorflow()
    from crossinfo import loading

    print(export(loading.load_model(values.model), values.export_dir, values.version))


if __name__ == "__main__":
    run(COMMAND, main)
