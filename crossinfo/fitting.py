"""The training loop: epochs, validation, checkpoints, and stopping between two steps."""

import signal
import sys
import time

import tensorflow as tf

from crossinfo import training
from datasets.errors import InputError


class StopRequest:
    """Turns the first Ctrl-C (or SIGTERM) into a request that the loop sees between two steps.

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


def fit(trainer, train_set, seed, journal, save, validate):
    """Trains until the schedule's end, from wherever the trainer's checkpoint stands.

    Args:
        trainer: training.Trainer.
        train_set: ShardSet.
        seed: int.
        journal: journal.Journal. Progress bar, ``metrics.csv``, TensorBoard.
        save: function(best: bool). Called after each epoch and at a stop.
        validate: function() -> {name: float} after each epoch; the least ``error_mm`` is the best epoch.

    Raises KeyboardInterrupt, with all saved, when asked to stop.
    """
    schedule = trainer.variant.schedule
    steps = trainer.steps_per_epoch
    with StopRequest() as stop:
        for epoch in range(int(trainer.step.numpy()) // steps, schedule.epochs):
            skip = int(trainer.step.numpy()) - epoch * steps
            started = time.perf_counter()
            batches = trainer.training_batches(train_set, schedule.batch_size, seed, epoch, skip)
            for batch in batches:
                trainer.train(batch)
                journal.step(epoch, schedule.batch_size, trainer.means)
                if stop.requested:
                    break
            if stop.requested and int(trainer.step.numpy()) < (epoch + 1) * steps:
                save(False)
                raise KeyboardInterrupt
            seconds = time.perf_counter() - started
            selected = validate()
            best = selected["error_mm"] < float(trainer.best_error_mm.numpy())
            if best:
                trainer.best_error_mm.assign(selected["error_mm"])
            row = {"learning_rate": trainer.learning_rate(), "seconds": seconds}
            journal.epoch(epoch, {**row, **_prefixed("train", trainer.means()), **_prefixed("val", selected)})
            trainer.sums.assign(tf.zeros_like(trainer.sums))
            save(best)
            if stop.requested:
                raise KeyboardInterrupt


def _prefixed(prefix, values):
    return {f"{prefix}_{name}": value for name, value in values.items()}


class Store:
    """A trainer's checkpoints in one folder: the last two, to go on from, and the best epoch's weights.

    Args:
        trainer: Trainer.
        folder: path.
    """

    def __init__(self, trainer, folder):
        self._trainer = trainer
        self._last = tf.train.CheckpointManager(trainer.checkpoint(), str(folder), max_to_keep=2)
        best = tf.train.Checkpoint(weights=training.values(trainer.model.variables))
        # A folder of its own: a manager keeps one list of checkpoints a folder.
        self._best = tf.train.CheckpointManager(best, f"{folder}/best", max_to_keep=1)

    def restore(self):
        """Takes up the last checkpoint, if there is one; the one before, and says so, if it is damaged.

        Raises InputError if none of them can be read.
        """
        for path in reversed(self._last.checkpoints):
            try:
                return _restore(self._last, path)
            except InputError as error:
                damaged = error
                print(error, file=sys.stderr)
        if self._last.checkpoints:
            raise InputError(f"{damaged}, and there is no other; train in another --work_dir")

    def save(self, best):
        """Saves where training stands; ``best`` also keeps the weights as the best epoch's."""
        if best:
            self._best.save()
        self._last.save(checkpoint_number=self._trainer.step)

    def restore_best(self):
        """Puts the best epoch's weights into the model. Raises InputError if they are damaged."""
        _restore(self._best, self._best.latest_checkpoint)


def _restore(manager, path):
    try:
        manager.checkpoint.restore(path).assert_consumed()
    except (tf.errors.OpError, IndexError, ValueError):
        raise InputError(f"{path}: the checkpoint is damaged") from None
