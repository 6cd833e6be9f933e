"""``python -m crossinfo.benchmark``: size, speed and error of a network in every form it is exported in."""

import json
import os
import pathlib
import tempfile
from types import SimpleNamespace

from crossinfo import flags
from datasets.command_line import Command, Group, run
from datasets.errors import InputError
from datasets.io.atomic import atomic_write
from datasets.runtime import import_tensorflow


def _define(values):
    group = Group(values, "Benchmark")
    group.string("model", None, "a work_dir of train.py, or a model.keras", required=True)
    group.string("output_dir", None, "folder for benchmark.json and benchmark.md", required=True)
    flags.data_flags(values)
    group.integer("frames", 1000, "at most so many frames of the test split, evenly spread", lower=1)
    group.integer("rounds", 50, "how often each form is timed", lower=1)
    group.integer(
        "threads", None, "of LiteRT, one per core by default; TensorFlow always takes every core", lower=1
    )
    group.string("cache_dir", None, "where cropped frames are kept; without it the model's work_dir/shards")
    group.string("calibration", None, "training crops for int8, as in crossinfo.export")


COMMAND = Command(
    usage="python -m crossinfo.benchmark",
    summary="Compares the Keras network, the SavedModel and LiteRT: size, latency, throughput and error.",
    define=_define,
)


def main(values: SimpleNamespace) -> None:
    """Runs the command on parsed flags."""
    import_tensorflow()
    from crossinfo.benchmark import forms, frames, report, timing
    from crossinfo.export import calibration
    from crossinfo.inference import loading
    from crossinfo.model import MODEL_FILE
    from datasets import shards

    network = loading.load_model(values.model)
    card = network.card
    keras_file = pathlib.Path(values.model)
    keras_file = keras_file / MODEL_FILE if keras_file.is_dir() else keras_file
    work_dir = keras_file.parent
    source = shards.Source(
        dataset=values.dataset,
        data_dir=values.data_dir or _own_data_dir(work_dir, values.dataset),
        part="test",
        centre=flags.centre_mode(values),
        centre_file=values.centre_file,
        cubes_mm=(card.cube_mm,),
        options=flags.reader_options(values),
    )
    test_frames = frames.load_frames(source, values.cache_dir or work_dir / "shards", card, values.frames)
    with tempfile.TemporaryDirectory(prefix="crossinfo-benchmark-") as folder:
        compared = forms.all_forms(
            network,
            keras_file,
            pathlib.Path(folder),
            lambda: calibration.training_crops(values.calibration or work_dir, len(card.joints)),
            values.threads or os.cpu_count(),
        )
        rows = timing.measure(compared, test_frames, values.rounds)
    content = {
        "model": pathlib.Path(values.model).resolve().name,
        "variant": card.variant,
        "dataset": source.dataset,
        "centre": source.centre,
        "frames": len(test_frames.crop),
        **report.machine(),
        "rounds": values.rounds,
        "forms": rows,
    }
    page = report.table(content)
    print(page)
    with atomic_write(pathlib.Path(values.output_dir) / "benchmark.json") as file:
        file.write(json.dumps(content, indent=2) + "\n")
    with atomic_write(pathlib.Path(values.output_dir) / "benchmark.md") as file:
        file.write(page + "\n")


def _own_data_dir(work_dir, dataset):
    """The data that a run made for itself."""
    if not (work_dir / "data").is_dir():
        raise InputError(f"--data_dir is required for --dataset={dataset}")
    return str(work_dir / "data")


if __name__ == "__main__":
    run(COMMAND, main)
