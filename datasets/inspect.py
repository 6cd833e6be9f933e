"""``python -m datasets.inspect``: one frame, or a sheet of random ones, as the network gets them."""

import json

import numpy as np

from datasets.check import source
from datasets.command_line import Command, Group, run
from datasets.errors import InputError
from datasets.runtime import import_tensorflow


def _define(values):
    data = Group(values, "Data")
    source.define(data)
    data.choice("split", "train", ("train", "test"), "Which split.")
    data.integer("index", None, "Which frame, from 0.", lower=0)
    data.integer("count", None, "In place of --index: a sheet of so many random frames.", lower=1, upper=200)
    data.integer("seed", 0, "Of --count: the same seed, the same frames.", lower=0)
    crop = Group(values, "Crop")
    crop.choice(
        "centre", None, ("gt", "file", "com"),
        "Where the hand is. Without it: file when --centre_file is given, else com.",
    )  # fmt: skip
    crop.string("centre_file", None, "This split's centres: x y z in mm a line, as V2V-PoseNet's.")
    crop.number("cube_mm", None, "Side of the crop cube; without it the data set's own.", lower=1.0)
    output = Group(values, "Output")
    output.string("output", None, "PNG to write.", required=True)


COMMAND = Command(
    "python -m datasets.inspect",
    "Draws a frame, its crop, joints and heat maps, and prints its record as one JSON object; with --count "
    "a sheet of random frames, and an object a line.",
    _define,
)


def _centre_mode(values):
    centre = values.centre or ("file" if values.centre_file else "com")
    if (centre == "file") != bool(values.centre_file):
        with_file = "only with" if centre == "file" else "without"
        raise InputError(f"--centre={centre}: goes {with_file} --centre_file")
    return centre


def _indices(values, frames):
    """The frames asked for. Raises InputError naming the flag and the range."""
    if values.index is None:
        if values.count > frames:
            raise InputError(f"--count={values.count}: the {values.split} split has {frames} frames")
        return np.random.default_rng(values.seed).choice(frames, values.count, replace=False)
    if values.index >= frames:
        raise InputError(
            f"--index={values.index}: expected 0 to {frames - 1}, as {values.split} has {frames} frames"
        )
    return np.array([values.index])


def _check_flags(values):
    if (values.index is None) == (values.count is None):
        raise InputError("--index or --count: name one of them, a frame or how many random ones")
    if not values.output.lower().endswith(".png"):
        raise InputError(f"--output={values.output}: expected a file that ends in .png")


def main(values):
    """Writes the picture and prints the record; cheap checks come before TensorFlow is loaded."""
    dataset, options = source.chosen(values)
    centre = _centre_mode(values)
    _check_flags(values)
    reader = dataset.open(values.data_dir, values.split, options)
    indices = _indices(values, len(reader))
    import_tensorflow()
    from datasets import centres
    from datasets.visualization import drawing, views

    given_mm = [None] * len(reader)
    if centre == "file":
        given_mm = centres.from_file(values.centre_file, reader, dataset.files_y_up)
    seen = [views.look(dataset, reader[index], centre, given_mm[index], values.cube_mm) for index in indices]
    drawn = views.sheet(seen, dataset.skeleton) if values.count else views.picture(seen[0], dataset.skeleton)
    drawing.write_png(values.output, drawn)
    for view in seen:
        print(json.dumps(views.describe(view)))


if __name__ == "__main__":
    run(COMMAND, main)
