"""``python -m crossinfo.import_release``: a checkpoint of the authors' program -> a ``model.keras``."""

import pathlib

import numpy as np

from datasets import runtime
from datasets.command_line import Command, Group, run
from datasets.errors import InputError


def _define(values):
    group = Group(values, "Import")
    group.string("checkpoint", None, "Prefix of the checkpoint: PREFIX.index, PREFIX.data-...", required=True)
    group.choice(
        "dataset", None, ("nyu", "msra", "icvl", "hands17"), "The dataset it was trained on.", required=True
    )
    group.string("output", None, "The model.keras to write; an existing one is replaced.", required=True)


COMMAND = Command(
    usage="python -m crossinfo.import_release",
    summary="Turns a TensorFlow 1 checkpoint of the authors' program into a model.keras of this project.",
    define=_define,
)


def main(values):
    """Runs the command on parsed flags."""
    output = pathlib.Path(values.output)
    if output.is_dir():
        raise InputError(f"--output={output}: expected a file, found a folder; name OUTPUT/model.keras")
    runtime.import_tensorflow()
    from crossinfo import model, release_checkpoint

    network = release_checkpoint.import_checkpoint(values.checkpoint, values.dataset)
    output.parent.mkdir(parents=True, exist_ok=True)
    model.save(network, output)
    variables = release_checkpoint.release_variables(network).values()
    sizes = [int(np.prod(variable.shape)) for variable in variables]
    print(f"{len(sizes)} variables, {sum(sizes):,} numbers: {output}")


if __name__ == "__main__":
    run(COMMAND, main)
