"""Stage two: the localiser's checker, on what its trained finder takes for hands."""

import numpy as np
import tensorflow as tf

from crossinfo.config import ScheduleConfig
from crossinfo.localisation import targets
from crossinfo.localisation.network import Localiser
from crossinfo.pretrain.localiser import as_tensors, by_chance, mirrored_checks, score_checks
from crossinfo.pretrain.means import Means
from crossinfo.training.statistics import StatisticsRenewer
from crossinfo.training.trainer import make_optimizer, tf_variables

FIELDS = targets.CheckLabels._fields


class ChecksStage:
    """The checker in training, see ``stage.Trainable``.

    Args:
        localiser: Localiser, trained.
        schedule: ScheduleConfig whose epochs are chunks.
        steps_per_chunk: int.
        held_out: arrays of held-out crops, as of ``frames.proposal_arrays``.
    """

    kind = "checks"

    def __init__(
        self,
        localiser: Localiser,
        schedule: ScheduleConfig,
        steps_per_chunk: int,
        held_out: dict[str, np.ndarray],
    ):
        self.snapshot = localiser
        self._checker = localiser.part("check")
        self._optimizer = make_optimizer(schedule, steps_per_chunk, "float32")
        self._optimizer.build(self._checker.trainable_variables)
        self._renewer = StatisticsRenewer(self._checker)
        self._held_out = held_out
        self._means = Means()
        self._train = tf.function(self._train_batch, reduce_retracing=True)

    def step(self, batch: dict[str, np.ndarray]) -> None:
        """One step on crops as ``frames.proposal_arrays`` gives them."""
        self._means.add(self._train(as_tensors(batch)))

    def _train_batch(self, batch):
        batch = mirrored_checks(batch, by_chance(tf.shape(batch["turn"]), self._optimizer))
        labels = targets.CheckLabels(*(batch[name] for name in FIELDS))
        with tf.GradientTape() as tape:
            losses = targets.check_losses(self._checker(batch["crop"], training=True), labels)
            total = tf.add_n([tf.reduce_mean(loss) for loss in losses.values()])
        variables = self._checker.trainable_variables
        self._optimizer.apply_gradients(zip(tape.gradient(total, variables), variables, strict=True))
        return {"total": total}

    def means(self) -> dict[str, float]:
        """The mean loss since the last call."""
        return self._means.take()

    def validate(self, sample: list[dict[str, np.ndarray]]) -> dict[str, float]:
        """Figures of ``score_checks`` on the held-out crops, with renewed statistics."""
        self._renewer.renew(as_tensors(batch)["crop"] for batch in sample)
        crop = self._held_out["crop"].astype(np.float32)
        check = np.concatenate(
            [self._checker(crop[start : start + 64], training=False) for start in range(0, len(crop), 64)]
        )
        return score_checks(check, targets.CheckLabels(*(self._held_out[name] for name in FIELDS)))

    def checkpoint(self) -> tf.train.Checkpoint:
        """Weights and optimizer."""
        return tf.train.Checkpoint(
            weights=tf_variables(self._checker.variables), optimizer=tf_variables(self._optimizer.variables)
        )
