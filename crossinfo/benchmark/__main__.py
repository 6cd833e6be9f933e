"""``python -m crossinfo.benchmark``: size, speed and error of a network in every form it is exported in.

The forms take turns on the same frames, so that other work on the machine slows all of them alike.
"""

import json
import os
import pathlib
import platform
import tempfile
import time

import numpy as np

from crossinfo import flags
from datasets.command_line import Command, Group, run
from datasets.errors import InputError
from datasets.io.atomic import atomic_write
from datasets.runtime import import_tensorflow

BATCH = 32
WARM_UP = 3
HEADINGS = {
    "form": "form",
    "size_mb": "size, MB",
    "latency_ms": "1 frame, ms",
    "frames_per_s": f"frames/s by {BATCH}",
    "error_mm": "error, mm",
    "distance_mm": "from Keras, mm: mean",
    "distance_max_mm": "largest",
}


def _define(values):
    group = Group(values, "Benchmark")
    group.string("model", None, "a work_dir of train.py, or a model.keras", required=True)
    group.string("output_dir", None, "folder for benchmark.json and benchmark.md", required=True)
    flags.data_flags(values)
    group.integer("frames", 1000, "at most so many frames of the test split, evenly spread", lower=1)
    group.integer("rounds", 50, "how often each form is timed", lower=1)
    group.integer("threads", None, "of LiteRT; TensorFlow takes every core. Without it one a core.", lower=1)
    group.string("cache_dir", None, "where cropped frames are kept; without it the model's work_dir/shards")
    group.string("calibration", None, "training crops for int8, as in crossinfo.export")


COMMAND = Command(
    usage="python -m crossinfo.benchmark",
    summary="Compares the Keras network, the SavedModel and LiteRT: size, latency, throughput and error.",
    define=_define,
)


def main(values):
    """Runs the command on parsed flags."""
    import_tensorflow()
    from crossinfo.inference import loading

    network = loading.load_model(values.model)
    frames = _test_frames(values, network.card)
    with tempfile.TemporaryDirectory(prefix="crossinfo-benchmark-") as folder:
        made = _forms(network, values, pathlib.Path(folder))
        content = {
            **_about(values, network.card, len(frames["crop"])),
            "forms": measure(made, frames, values.rounds),
        }
    page = table(content)
    print(page)
    with atomic_write(pathlib.Path(values.output_dir) / "benchmark.json") as file:
        file.write(json.dumps(content, indent=2) + "\n")
    with atomic_write(pathlib.Path(values.output_dir) / "benchmark.md") as file:
        file.write(page + "\n")


def _forms(network, values, folder):
    from crossinfo.benchmark import forms
    from crossinfo.export import calibration

    keras_file = _work_dir(values) / "model.keras" if pathlib.Path(values.model).is_dir() else values.model
    return forms.forms(
        network,
        pathlib.Path(keras_file),
        folder,
        lambda: calibration.crops(values.calibration or values.model, network.card),
        values.threads or os.cpu_count(),
    )


def _work_dir(values):
    path = pathlib.Path(values.model)
    return path if path.is_dir() else path.parent


def measure(forms, frames, rounds):
    """Rows of the table; the first form is the one that the others' distance is measured from.

    Args:
        forms: list of Form.
        frames: dict of ``crop`` [N, 96, 96, 1], ``joints`` [N, J, 3], normalised, and ``half_mm`` [N].
        rounds: int.
    """
    from tqdm import tqdm

    with tqdm(total=len(forms) * (rounds + len(frames["crop"])), unit="step", disable=None) as bar:
        times = _times(forms, frames["crop"], rounds, bar)
        found = [_all_joints(form, frames["crop"], bar) for form in forms]
    rows = []
    for form, (one, many), joints in zip(forms, times, found, strict=True):
        error, distance = (_millimetres(joints, other, frames) for other in (frames["joints"], found[0]))
        rows.append(
            {
                "form": form.name,
                "size_mb": form.size / 1e6,
                "latency_ms": 1e3 * one,
                "frames_per_s": BATCH / many,
                "error_mm": float(error.mean()),
                "distance_mm": float(distance.mean()),
                "distance_max_mm": float(distance.max()),
            }
        )
    return rows


def _times(forms, crops, rounds, bar):
    """Median seconds of a batch of 1 and one of ``BATCH`` of each form, taking turns."""
    one, many = crops[:1], np.resize(crops, (BATCH, *crops.shape[1:]))
    taken = np.zeros((rounds, len(forms), 2))
    for turn in range(-WARM_UP, rounds):
        for i, form in enumerate(forms):
            times = [_seconds(form, batch) for batch in (one, many)]
            if turn >= 0:
                taken[turn, i] = times
                bar.update()
    return np.median(taken, axis=0)


def _seconds(form, batch):
    start = time.perf_counter()
    form.joints(batch)
    return time.perf_counter() - start


def _all_joints(form, crops, bar):
    parts = []
    for first in range(0, len(crops), BATCH):
        parts.append(form.joints(crops[first : first + BATCH]))
        bar.update(len(parts[-1]))
    return np.concatenate(parts)


def _millimetres(joints, others, frames):
    return np.linalg.norm(joints - others, axis=-1) * frames["half_mm"][:, None]


def _test_frames(values, card):
    """``measure``'s frames: those of the test split in which there is a hand, at most ``--frames``."""
    from datasets import crops, pipeline, registry, shards

    if len(registry.get(values.dataset).skeleton) != len(card.joints):
        raise InputError(f"--dataset={values.dataset}: its joints are not the model's ({card.dataset})")
    work_dir = _work_dir(values)
    data_dir = values.data_dir or (str(work_dir / "data") if (work_dir / "data").is_dir() else None)
    if data_dir is None:
        raise InputError(f"--data_dir: where is {values.dataset}? It has to be named")
    source = shards.Source(
        dataset=values.dataset,
        data_dir=data_dir,
        part="test",
        centre=flags.centre_mode(values),
        centre_file=values.centre_file,
        cubes_mm=(card.cube_mm,),
        options=flags.reader_options(values),
    )
    shard_set = shards.prepare(source, values.cache_dir or work_dir / "shards")
    parts = []
    for frames in pipeline.evaluation_batches(shard_set, len(card.joints), BATCH):
        joints = crops.normalise_joints(frames["joints_mm"], crops.CropPlace.of(frames))
        part = {"crop": frames["crop"], "joints": joints, "half_mm": frames["cube_mm"] / 2}
        parts.append({key: value.numpy()[frames["valid"].numpy()] for key, value in part.items()})
    whole = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    chosen = (
        np.linspace(0, len(whole["crop"]) - 1, min(values.frames, len(whole["crop"]))).round().astype(int)
    )
    return {key: value[chosen] for key, value in whole.items()}


def _about(values, card, frames):
    import tensorflow as tf

    return {
        "model": pathlib.Path(values.model).resolve().name,
        "variant": card.variant,
        "dataset": values.dataset,
        "centre": flags.centre_mode(values),
        "frames": frames,
        "processor": processor(),
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "tensorflow": tf.__version__,
        "rounds": values.rounds,
    }


def processor():
    """The CPU's model name."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def table(content):
    """The results as a Markdown page."""
    about = (
        f"`{content['variant']}` on {content['frames']} test frames of {content['dataset']} (centre: "
        f"{content['centre']}), {content['processor']}, {content['cores']} cores, load "
        f"{content['load_average']}, TensorFlow {content['tensorflow']}; medians of "
        f"{content['rounds']} rounds. LiteRT takes a batch frame by frame."
    )
    rows = [[_cell(key, row[key]) for key in HEADINGS] for row in content["forms"]]
    lines = [
        "| " + " | ".join(cells) + " |" for cells in [list(HEADINGS.values()), ["---"] * len(HEADINGS), *rows]
    ]
    return "\n".join([about, "", *lines])


def _cell(key, value):
    digits = {"form": None, "size_mb": 2, "latency_ms": 2, "frames_per_s": 0}.get(key, 3)
    return value if digits is None else f"{value:.{digits}f}"


if __name__ == "__main__":
    run(COMMAND, main)
