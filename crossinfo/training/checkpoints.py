"""What a run keeps on disk to resume from: the last two checkpoints, and the best epoch's weights."""

import os
import sys

import keras
import tensorflow as tf

from crossinfo.training.trainer import Trainer, tf_variables
from datasets.errors import InputError


class Checkpoints:
    """A trainer's checkpoints in one folder. Only the chief of several workers saves; all restore.

    Args:
        trainer: Trainer.
        network: CrossInfoNet. What is validated; its weights are kept as the best epoch's.
        folder: path.
    """

    def __init__(self, trainer: Trainer, network: keras.Model, folder: str | os.PathLike):
        self._trainer = trainer
        self._last = tf.train.CheckpointManager(trainer.checkpoint(), str(folder), max_to_keep=2)
        best = tf.train.Checkpoint(weights=tf_variables(network.variables))
        # A folder of its own: a manager keeps one list of checkpoints per folder.
        self._best = tf.train.CheckpointManager(best, os.path.join(folder, "best"), max_to_keep=1)

    def restore(self) -> None:
        """Restores the last checkpoint if there is one; a damaged one is named, and the one before taken.

        Raises InputError if none of them can be read, or if workers find different ones.
        """
        self._restore_last()
        self._trainer.workers.check_equal("the step of the last checkpoint", int(self._trainer.step))
        self._trainer.part_seeds()

    def _restore_last(self):
        for path in reversed(self._last.checkpoints):
            try:
                return _restore(self._last, path)
            except InputError as error:
                damaged = error
                print(error, file=sys.stderr)
        if self._last.checkpoints:
            raise InputError(f"{damaged}, and there is no other; train in another `work_dir`")

    def save(self) -> None:
        """Saves the current step, unless it is saved already."""
        step = int(self._trainer.step)
        if self._trainer.workers.chief and not str(self._last.latest_checkpoint).endswith(f"-{step}"):
            self._last.save(checkpoint_number=step)

    def save_best(self) -> None:
        """Keeps the validated network's weights as the best epoch's."""
        self._best.save()

    def restore_best(self) -> None:
        """Puts the best epoch's weights into the validated network. Raises InputError if that fails."""
        if self._best.latest_checkpoint is None:
            raise InputError(f"{self._best.directory}: no best epoch's weights; train in another `work_dir`")
        _restore(self._best, self._best.latest_checkpoint)


def _restore(manager, path):
    try:
        manager.checkpoint.restore(path).assert_consumed()
    except (tf.errors.OpError, IndexError, ValueError):
        raise InputError(f"{path}: the checkpoint is damaged") from None
