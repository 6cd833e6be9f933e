"""The training loop: epochs, validation, checkpoints, and stopping between two steps."""

import math
import signal
import time
from collections.abc import Callable

import tensorflow as tf

from crossinfo.training.checkpoints import Checkpoints
from crossinfo.training.progress import NoProgress, Progress
from crossinfo.training.trainer import Trainer
from datasets import pipeline
from datasets.errors import InputError
from datasets.shards import ShardSet


class StopRequest:
    """Turns the first Ctrl-C (or SIGTERM) into a request that the loop checks between two steps.

    A second one interrupts at once.
    """

    def __init__(self):
        self.requested = False

    def __enter__(self):
        self._before = {
            number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def __exit__(self, *error):
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number, frame):
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True


class Loop:
    """Trains epoch by epoch, starting at the trainer's step.

    Args:
        trainer: Trainer.
        train_set: ShardSet.
        seed: int. Fixes order and augmentation.
        progress: Progress. Progress bar, ``metrics.csv``, TensorBoard.
        checkpoints: Checkpoints. Written after each epoch, on a stop request, and in between.
        validate: function() -> {name: float}, called by the chief after each epoch; the best epoch has the
            least ``error_mm``.
        checkpoint_minutes: float. Longest time between two checkpoints within an epoch.
    """

    def __init__(
        self,
        trainer: Trainer,
        train_set: ShardSet,
        seed: int,
        progress: Progress | NoProgress,
        checkpoints: Checkpoints,
        validate: Callable[[], dict[str, float]],
        checkpoint_minutes: float = 10.0,
    ):
        self.trainer, self.train_set, self.seed = trainer, train_set, seed
        self.progress, self.checkpoints, self.validate = progress, checkpoints, validate
        self.checkpoint_minutes = checkpoint_minutes

    def run(self) -> None:
        """Trains to the schedule's end.

        Raises KeyboardInterrupt, with all saved, when any worker was asked to stop; InputError when training
        or validation is no longer finite, or when a shard is damaged.
        """
        trainer = self.trainer
        with StopRequest() as stop:
            for epoch in range(int(trainer.step) // trainer.steps_per_epoch, trainer.variant.schedule.epochs):
                started = time.perf_counter()
                stopped = self._train(epoch, stop)
                trainer.check_finite()
                if stopped:
                    self.checkpoints.save()
                    raise KeyboardInterrupt
                if trainer.workers.chief:
                    self._validate(epoch, time.perf_counter() - started)
                trainer.sums.assign(tf.zeros_like(trainer.sums))
                self.checkpoints.save()
                if trainer.workers.any(stop.requested):
                    raise KeyboardInterrupt

    def _train(self, epoch, stop):
        """Trains to the epoch's end; True if all workers agreed to stop before it."""
        trainer, batch_size = self.trainer, self.trainer.variant.schedule.batch_size
        step, end = int(trainer.step), (epoch + 1) * trainer.steps_per_epoch
        skip = step - epoch * trainer.steps_per_epoch
        saved = time.monotonic()
        with pipeline.damage_reported(self.train_set):
            for batch in trainer.training_batches(self.train_set, batch_size, self.seed, epoch, skip):
                stopped = trainer.train(batch, stop.requested)
                step += 1
                self.progress.step(epoch, batch_size, trainer.means)
                if step == end:
                    # Validation comes before the checkpoint, so that no epoch is missing from metrics.csv.
                    return False
                if stopped:
                    return True
                if time.monotonic() - saved >= 60 * self.checkpoint_minutes:
                    trainer.check_finite()
                    self.checkpoints.save()
                    saved = time.monotonic()
        return False

    def _validate(self, epoch, seconds):
        validation = self.validate()
        if not math.isfinite(validation["error_mm"]):
            raise InputError(
                f"validation after epoch {epoch + 1}: the error is {validation['error_mm']} mm; use a lower "
                "`learning_rate` in another `work_dir`"
            )
        trainer = self.trainer
        if validation["error_mm"] < float(trainer.best_error_mm):
            trainer.best_error_mm.assign(validation["error_mm"])
            self.checkpoints.save_best()
        row = {"learning_rate": trainer.learning_rate(), "seconds": seconds}
        row |= {f"train_{name}": value for name, value in trainer.means().items()}
        row |= {f"val_{name}": value for name, value in validation.items()}
        self.progress.epoch(epoch, row)
