"""``python -m crossinfo.benchmark``: size, speed and error of a network in every form it is exported in."""

import pathlib
from types import SimpleNamespace

from crossinfo import flags
from crossinfo.inference.flags import PRETRAINED
from datasets.command_line import Command, Group, run
from datasets.runtime import import_tensorflow


def _define(values):
    group = Group(values, "Benchmark")
    group.string("model", None, f"a work_dir of train.py, or a model.keras; {PRETRAINED}")
    group.string("output_dir", None, "folder for benchmark.json and benchmark.md", required=True)
    flags.data_flags(values)
    group.integer("frames", 1000, "at most so many frames of the test split, evenly spread", lower=1)
    group.integer("rounds", 50, "how often each form is timed", lower=1)
    group.integer(
        "threads", None, "of LiteRT, one per core by default; TensorFlow always takes every core", lower=1
    )
    group.string(
        "cache_dir", None,
        "where cropped frames are kept; without it the model's work_dir/shards, or "
        "--output_dir/shards without --model",
    )  # fmt: skip
    group.string("calibration", None, "training crops for int8, as in crossinfo.export")


COMMAND = Command(
    usage="python -m crossinfo.benchmark",
    summary="Compares the Keras network, the SavedModel and LiteRT: size, latency, throughput and error.",
    define=_define,
)


def main(values: SimpleNamespace) -> None:
    """Runs the command on parsed flags."""
    import_tensorflow()
    from crossinfo.benchmark import comparison, report
    from crossinfo.evaluation.network import find_data_dir
    from crossinfo.export import packaged
    from crossinfo.inference import loading

    network = loading.load_model(values.model)
    keras_file = loading.keras_file(values.model)
    data_dir = values.data_dir or find_data_dir(values.model and keras_file.parent, values.dataset)
    cache_dir = values.cache_dir
    if values.model is None:
        cache_dir = cache_dir or f"{values.output_dir}/shards"
    content = comparison.compare(
        network,
        keras_file,
        flags.test_source(values, data_dir),
        localiser=loading.load_localiser(network, values.model),
        cache_dir=cache_dir,
        calibration=values.calibration,
        max_frames=values.frames,
        rounds=values.rounds,
        threads=values.threads,
    )
    name = pathlib.Path(values.model).resolve().name if values.model else packaged.NAME
    print(report.write(values.output_dir, {"model": name, **content}))


if __name__ == "__main__":
    run(COMMAND, main)
