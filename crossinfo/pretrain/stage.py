"""One stage of a pretraining: a network on ever new chunks, in a window that moves on; resumable."""

import csv
import pathlib
import time
from collections.abc import Iterator
from typing import Protocol

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from crossinfo.pretrain.renderer import Renderer
from crossinfo.pretrain.settings import Settings, Span
from crossinfo.training.loop import StopRequest
from datasets.errors import InputError
from datasets.io import atomic

Arrays = dict[str, np.ndarray]
VALIDATE_EVERY = 10
# Batches of one position that batch statistics are renewed from, so that they do not depend on stops.
SAMPLE_BATCHES = 20


class Trainable(Protocol):
    """What a stage trains."""

    kind: str

    def step(self, batch: Arrays) -> None:
        """One step on a batch of the chunks' arrays."""

    def means(self) -> dict[str, float]:
        """Means of the losses since the last call."""

    def validate(self, sample: list[Arrays]) -> dict[str, float]:
        """Errors on held-out pictures; batch statistics are renewed from a sample of batches before."""

    def checkpoint(self) -> tf.train.Checkpoint:
        """All that a stopped stage goes on with."""


class Stage:
    """Trains over positions 0 .. chunks; at each, on the chunks of the window that ends there.

    Args:
        trained: Trainable.
        settings: Settings.
        span: Span. The chunks that it is trained on.
        folder: of checkpoints and ``metrics.csv``.
    """

    def __init__(self, trained: Trainable, settings: Settings, span: Span, folder: pathlib.Path):
        self._trained, self._settings, self._span, self._folder = trained, settings, span, folder
        self._position = tf.Variable(0, dtype=tf.int64, name="position")
        checkpoint = tf.train.Checkpoint(trained=trained.checkpoint(), position=self._position)
        self._manager = tf.train.CheckpointManager(checkpoint, str(folder / "checkpoints"), max_to_keep=2)
        self._rows: list[dict[str, str]] = []
        self._window: dict[int, Arrays] = {}

    def run(self, renderer: Renderer) -> None:
        """Trains to the end; raises KeyboardInterrupt, with all saved, on a stop request."""
        self._restore()
        first = int(self._position)
        with StopRequest() as stop, tqdm(total=self._span.chunks, initial=first, unit="chunk") as bar:
            bar.set_description(self._trained.kind)
            for position in range(first, self._span.chunks):
                started, sample = time.perf_counter(), []
                for batch in self._batches(renderer, position):
                    self._trained.step(batch)
                    sample += [batch] if len(sample) < SAMPLE_BATCHES else []
                    if stop.requested:
                        raise KeyboardInterrupt
                self._finish(position, time.perf_counter() - started, sample, bar)

    def _finish(self, position, seconds, sample, bar):
        values = {**self._trained.means(), "seconds": seconds}
        if not np.isfinite(list(values.values())).all():
            raise InputError(f"{self._trained.kind}: the loss is not finite at chunk {position}")
        last = position + 1 == self._span.chunks
        if last or (position + 1) % VALIDATE_EVERY == 0:
            values |= {f"val_{name}": value for name, value in self._trained.validate(sample).items()}
            bar.write(_line(self._trained.kind, position, values))
        self._rows.append({"chunk": position, **{name: f"{value:.6g}" for name, value in values.items()}})
        _write_rows(self._folder / "metrics.csv", self._rows)
        self._position.assign(position + 1)
        self._manager.save()
        bar.update()

    def _restore(self):
        if self._manager.latest_checkpoint:
            self._manager.checkpoint.restore(self._manager.latest_checkpoint).assert_consumed()
        path = self._folder / "metrics.csv"
        if path.exists():
            with open(path, newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            self._rows = [row for row in rows if int(row["chunk"]) < int(self._position)]

    def _batches(self, renderer, position) -> Iterator[Arrays]:
        """The frames of all chunks in the window, shuffled together."""
        size = self._settings.batch_size
        numbers = range(max(position + 1 - self._span.visits, 0), position + 1)
        self._window = {
            number: self._window.get(number) or renderer.chunk(self._span.arrays, number)
            for number in numbers
        }
        chunks = [self._window[number] for number in numbers]
        frames = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}
        total = len(next(iter(frames.values())))
        order = np.random.default_rng([self._settings.seed, position, 11]).permutation(total)
        used = total // size * size
        for start in range(0, used, size):
            chosen = np.sort(order[start : start + size])
            yield {name: values[chosen] for name, values in frames.items()}


def _line(kind, position, values):
    shown = ", ".join(f"{name} {value:.4g}" for name, value in values.items() if name != "seconds")
    return f"{kind} chunk {position + 1}: {shown}"


def _write_rows(path, rows):
    names = list(dict.fromkeys(name for row in rows for name in row))
    with atomic.atomic_write(path) as file:
        writer = csv.DictWriter(file, fieldnames=names, lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(rows)
