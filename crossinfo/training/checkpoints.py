"""What a run keeps on disk to resume from: the last two checkpoints, and the best epoch's weights."""

import contextlib
import os
import pathlib
import sys
from collections.abc import Iterator

import keras
import tensorflow as tf

from crossinfo.training.trainer import Trainer, tf_variables
from datasets.errors import InputError
from datasets.io.plain_paths import PlainFolder
from datasets.io.wording import printable


class Checkpoints:
    """A trainer's checkpoints in one folder. Only the chief of several workers saves; all restore.

    Args:
        trainer: Trainer.
        network: CrossInfoNet. What is validated; its weights are kept as the best epoch's.
        folder: path, made where it is missing.
    """

    def __init__(self, trainer: Trainer, network: keras.Model, folder: str | os.PathLike):
        self._trainer, self._folder = trainer, folder
        os.makedirs(folder, exist_ok=True)
        self._plain = PlainFolder(folder)
        self._last = self._manager(trainer.checkpoint(), self._plain.path, 2)
        best = tf.train.Checkpoint(weights=tf_variables(network.variables))
        # A folder of its own: a manager keeps one list of checkpoints per folder.
        self._best = self._manager(best, os.path.join(self._plain.path, "best"), 1)

    def _manager(self, checkpoint, folder, kept):
        """A manager of what lies in a folder; raises InputError where its list of it is damaged or gone."""
        try:
            manager = tf.train.CheckpointManager(checkpoint, folder, max_to_keep=kept)
        except (ValueError, TypeError):
            manager = None
        if manager is None or (not manager.checkpoints and any(pathlib.Path(folder).glob("ckpt-*.index"))):
            raise InputError(
                f"{self._plain.named(os.path.join(folder, 'checkpoint'))}: damaged or missing, so that the "
                "checkpoints beside it are not found; train in another `work_dir`"
            )
        return manager

    def restore(self) -> None:
        """Restores the last checkpoint if there is one; a damaged one is named, and the one before taken.

        Raises InputError if none of them can be read, if there is a checkpoint but no best epoch's weights
        that it goes with, or if workers find different ones.
        """
        self._restore_last()
        if tf.math.is_finite(self._trainer.best_error_mm) and self._best.latest_checkpoint is None:
            raise InputError(self._no_best())
        self._trainer.workers.check_equal("the step of the last checkpoint", int(self._trainer.step))
        self._trainer.part_seeds()

    def _restore_last(self):
        for path in reversed(self._last.checkpoints):
            try:
                return self._restore(self._last, path)
            except InputError as error:
                damaged = error
                print(printable(error), file=sys.stderr)
        if self._last.checkpoints:
            raise InputError(f"{damaged}, and there is no other; train in another `work_dir`")

    def save(self) -> None:
        """Saves the current step, unless it is saved already. Raises InputError if that fails."""
        step = int(self._trainer.step)
        if self._trainer.workers.chief and not str(self._last.latest_checkpoint).endswith(f"-{step}"):
            with self._written():
                self._last.save(checkpoint_number=step)

    def save_best(self) -> None:
        """Keeps the validated network's weights as the best epoch's. Raises InputError as ``save``."""
        with self._written():
            self._best.save()

    def restore_best(self) -> None:
        """Puts the best epoch's weights into the validated network. Raises InputError if that fails."""
        if self._best.latest_checkpoint is None:
            raise InputError(self._no_best())
        self._restore(self._best, self._best.latest_checkpoint)

    def _no_best(self):
        return f"{os.path.join(self._folder, 'best')}: no best epoch's weights; train in another `work_dir`"

    def _restore(self, manager, path):
        try:
            manager.checkpoint.restore(path).assert_consumed()
        except (tf.errors.OpError, IndexError, ValueError):
            raise InputError(f"{self._plain.named(path)}: the checkpoint is damaged") from None

    @contextlib.contextmanager
    def _written(self) -> Iterator[None]:
        """Turns TensorFlow's errors on a full disk and the like into an InputError."""
        try:
            yield
        except tf.errors.OpError as error:
            reason = self._plain.named(error.message.partition("\n")[0])
            raise InputError(f"{self._folder}: the checkpoint cannot be written: {reason}") from None
