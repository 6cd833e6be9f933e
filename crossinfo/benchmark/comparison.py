"""All forms of one network on the same frames of a test split."""

import dataclasses
import os
import pathlib
import tempfile
from typing import Any

from crossinfo.benchmark import forms, frames, report, timing
from crossinfo.export import calibration as calibrating
from crossinfo.localisation.network import Localiser
from crossinfo.model import CrossInfoNet
from datasets import shards


def compare(
    network: CrossInfoNet,
    keras_file: pathlib.Path,
    source: shards.Source,
    localiser: Localiser | None = None,
    cache_dir: str | os.PathLike | None = None,
    calibration: str | os.PathLike | None = None,
    max_frames: int = 1000,
    rounds: int = 50,
    threads: int | None = None,
) -> dict[str, Any]:
    """Size, speed and error of each form.

    Args:
        network: network with a card.
        keras_file: its file.
        source: the test split; frames are cropped with the card's cube, and turned upright by the labels for
            a network of upright hands.
        localiser: of a network of upright hands.
        cache_dir: folder of the cropped frames; None takes ``shards`` beside the file.
        calibration: folder of int8's training crops, see ``export.calibration``; None takes the file's.
        max_frames: at most so many frames, evenly spread.
        rounds: how often each form is timed.
        threads: of LiteRT; None takes one per core.

    Returns what ``benchmark.json`` holds but for the model's name. Raises InputError naming the dataset if
    its joints are not the network's, or the file that is damaged.
    """
    card, work_dir = network.card, keras_file.parent
    angle = "gt" if card.upright else None
    source = dataclasses.replace(source, cubes_mm=(card.cube_mm,), angle=angle)
    test_frames = frames.load_frames(source, cache_dir or work_dir / "shards", card, max_frames)
    with tempfile.TemporaryDirectory(prefix="crossinfo-benchmark-") as folder:
        compared = forms.all_forms(
            network,
            keras_file,
            pathlib.Path(folder),
            lambda: calibrating.training_crops(calibration or work_dir, len(card.joints)),
            threads or os.cpu_count(),
            localiser,
        )
        rows = timing.measure(compared, test_frames, rounds)
    return {
        "variant": card.variant,
        "dataset": source.dataset,
        "centre": source.centre,
        "frames": len(test_frames.crop),
        **report.machine(),
        "rounds": rounds,
        "forms": rows,
    }
