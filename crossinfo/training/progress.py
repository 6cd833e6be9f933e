"""What a training run shows while it runs: progress bar, ``metrics.csv``, TensorBoard."""

import csv
import os
import pathlib
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from datasets.errors import InputError
from datasets.io import atomic

REFRESH_SECONDS = 1.0


class Progress:
    """Writes a run's progress into its work directory; a resumed run continues the same files.

    Args:
        work_dir: path.
        frames: int. Frames of the whole training.
        done: int. Frames trained already.
        first_epoch: int. Rows of later epochs in an older ``metrics.csv`` are dropped.
        pictures: function() -> uint8 [N, H, W, 3], or None. Predictions drawn after each epoch.
    """

    def __init__(
        self,
        work_dir: str | os.PathLike,
        frames: int,
        done: int,
        first_epoch: int,
        pictures: Callable[[], np.ndarray] | None = None,
    ):
        self._csv = pathlib.Path(work_dir) / "metrics.csv"
        self._rows = [row for row in _read(self._csv) if row["epoch"] < first_epoch]
        self._writer = tf.summary.create_file_writer(str(pathlib.Path(work_dir) / "tensorboard"))
        self._pictures = pictures
        self._bar = tqdm(
            total=frames, initial=done, unit="frame", mininterval=REFRESH_SECONDS, smoothing=0.05
        )

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._bar.close()
        self._writer.close()

    def step(self, epoch: int, frames: int, means: Callable[[], dict[str, float]]) -> None:
        """Counts a step.

        Args:
            epoch: int, from 0.
            frames: frames of the step.
            means: function() -> {name: float}; called, and waited for, only when the bar is redrawn.
        """
        if self._bar.update(frames):
            now = means()
            self._bar.set_description(f"epoch {epoch + 1}", refresh=False)
            self._bar.set_postfix_str(
                f"loss {now['total']:.3f}, error {now['error_mm']:.1f} mm", refresh=False
            )

    def epoch(self, epoch: int, values: dict[str, float]) -> None:
        """Adds a finished epoch's row, scalars and picture."""
        self._rows.append({"epoch": epoch, **{name: f"{value:.6g}" for name, value in values.items()}})
        with atomic.atomic_write(self._csv) as file:
            names = list(dict.fromkeys(name for row in self._rows[::-1] for name in row))
            writer = csv.DictWriter(file, fieldnames=names, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows)
        self._bar.write(
            f"epoch {epoch + 1}: loss {values['train_total']:.3f}, "
            f"error {values['train_error_mm']:.2f} mm, validation {values['val_error_mm']:.2f} mm"
        )
        with self._writer.as_default(step=epoch):
            for name, value in values.items():
                tf.summary.scalar(name.replace("_", "/", 1), value)
            if self._pictures is not None:
                tf.summary.image("predictions", self._pictures(), max_outputs=8)
        self._writer.flush()


class NoProgress:
    """The progress of a worker that is not the chief: it shows and writes nothing."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def step(self, epoch: int, frames: int, means: Callable[[], dict[str, float]]) -> None:
        """Nothing."""

    def epoch(self, epoch: int, values: dict[str, float]) -> None:
        """Nothing."""


def _read(path):
    """Rows of a run's table of epochs; [] without one. Raises InputError if it is another file."""
    if not path.exists():
        return []
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if not all(row["epoch"].isdecimal() and None not in row and None not in row.values() for row in rows):
            raise ValueError
        return [{**row, "epoch": int(row["epoch"])} for row in rows]
    except (ValueError, KeyError, AttributeError, csv.Error):
        raise InputError(f"{path}: not a run's table of epochs, or damaged; move it away") from None
