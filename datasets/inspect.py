"""``python -m datasets.inspect``: one frame, or a sheet of random ones, as the network gets them."""

import json

import numpy as np

from datasets import data_flags, registry
from datasets.command_line import Command, Group, run
from datasets.errors import InputError
from datasets.runtime import import_tensorflow


def _define(flag_values):
    data = Group(flag_values, "Data")
    data_flags.define_dataset(data, data_dir_help="Synthetic data are made by python -m datasets.synthetic.")
    data_flags.define_icvl_frames(data)
    data.choice("split", "train", ("train", "test"), "Split to take frames from.")
    data.integer("index", None, "Frame to draw, counted from 0.", lower=0)
    data.integer("count", None, "In place of --index: a sheet of so many random frames.", lower=1, upper=200)
    data.integer("seed", 0, "Random seed for --count: the same seed, the same frames.", lower=0)
    crop = Group(flag_values, "Crop")
    data_flags.define_centre(crop)
    crop.number("cube_mm", None, "Side of the crop cube in mm. Default: the dataset's own.", lower=1.0)
    output = Group(flag_values, "Output")
    output.string("output", None, "PNG file to write.", required=True)


COMMAND = Command(
    "python -m datasets.inspect",
    "Draws a frame, its crop, joints and heat maps, and prints its record as one JSON object; with --count "
    "a sheet of random frames, and one object per line.",
    _define,
)


def choose(frames: int, index: int | None, count: int | None, seed: int) -> np.ndarray:
    """Int [N]: ``index`` alone, or ``count`` different random frames.

    Args:
        frames: int. How many frames the split has.
        index: int >= 0 or None.
        count: int >= 1; used if ``index`` is None.
        seed: int >= 0.

    Raises InputError naming the argument and the range.
    """
    if index is None:
        if count > frames:
            raise InputError(f"`count`={count}: the split has {frames} frames")
        return np.random.default_rng(seed).choice(frames, count, replace=False)
    if index >= frames:
        raise InputError(f"`index`={index}: expected 0 to {frames - 1}, as the split has {frames} frames")
    return np.array([index])


def main(values):
    """Writes the picture and prints the record; cheap checks come before TensorFlow is loaded."""
    dataset = registry.get(values.dataset)
    data_dir = data_flags.required_data_dir(values.dataset, values.data_dir)
    options = data_flags.reader_options(values.test_subject, values.icvl_frames)
    centre = data_flags.centre_mode(values.centre, values.centre_file)
    if (values.index is None) == (values.count is None):
        raise InputError("`index` or `count`: give one of them, a frame or how many random ones")
    if not values.output.lower().endswith(".png"):
        raise InputError(f"`output`={values.output}: expected a file name that ends in .png")
    reader = dataset.open(data_dir, values.split, options)
    indices = choose(len(reader), values.index, values.count, values.seed)
    import_tensorflow()
    from datasets import centres
    from datasets.visualization import cropped_frame, drawing

    given_mm = [None] * len(reader)
    if centre == "file":
        given_mm = centres.from_file(values.centre_file, reader, dataset.files_y_up)
    frames = [
        cropped_frame.locate(dataset, reader[index], centre, given_mm[index], values.cube_mm)
        for index in indices
    ]
    if values.count:
        picture = cropped_frame.sheet(frames, dataset.skeleton)
    else:
        picture = cropped_frame.picture(frames[0], dataset.skeleton)
    drawing.write_png(values.output, picture)
    for frame in frames:
        print(json.dumps(cropped_frame.describe(frame)))


if __name__ == "__main__":
    run(COMMAND, main)
