"""Stage four: the localiser's judge, on joints that the pose network makes of crops and their mirror."""

import numpy as np
import tensorflow as tf

from crossinfo import model
from crossinfo.config import ScheduleConfig
from crossinfo.localisation.network import Localiser
from crossinfo.model import CrossInfoNet
from crossinfo.pretrain.means import Means
from crossinfo.training.trainer import make_optimizer, tf_variables
from datasets import targets


class SideStage:
    """The judge in training, see ``stage.Trainable``.

    Args:
        localiser: Localiser, trained but for its judge.
        pose: CrossInfoNet, trained.
        schedule: ScheduleConfig whose epochs are chunks.
        steps_per_chunk: int.
        held_out: arrays of held-out crops, as of ``frames.pose_arrays``.
    """

    kind = "side"

    def __init__(
        self,
        localiser: Localiser,
        pose: CrossInfoNet,
        schedule: ScheduleConfig,
        steps_per_chunk: int,
        held_out: dict[str, np.ndarray],
    ):
        self.snapshot = localiser
        self._pose = model.inference(pose)
        self._held_out = held_out
        self._judge = localiser.part("right")
        self._optimizer = make_optimizer(schedule, steps_per_chunk, "float32")
        self._optimizer.build(self._judge.trainable_variables)
        self._means = Means()
        self._train = tf.function(self._train_batch, reduce_retracing=True)
        self._infer = tf.function(self._margin, reduce_retracing=True)

    def step(self, batch: dict[str, np.ndarray]) -> None:
        """One step on crops of right hands."""
        self._means.add(self._train(tf.constant(batch["crop"], tf.float32)))

    def _train_batch(self, crop):
        both = self._joints(crop)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.softplus(-self._difference(both)))
        variables = self._judge.trainable_variables
        self._optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return {"total": loss}

    def _joints(self, crop):
        """Joints [2 B, 21, 3] of crops as they are, then of the same as left hands would be seen."""
        both = tf.concat([crop, tf.reverse(crop, [2])], axis=0)
        return targets.unflatten(self._pose(both, training=False)["hand"])

    def _difference(self, joints):
        right, left = tf.split(self._judge(joints, training=False)[:, 0], 2)
        return right - left

    def _margin(self, crop):
        return self._difference(self._joints(crop))

    def means(self) -> dict[str, float]:
        """The mean loss since the last call."""
        return self._means.take()

    def validate(self, sample: list[dict[str, np.ndarray]]) -> dict[str, float]:
        """The share of held-out crops whose side is told right; there are no batch statistics to renew."""
        del sample
        crop = self._held_out["crop"].astype(np.float32)
        margins = [self._infer(tf.constant(crop[i : i + 64])).numpy() for i in range(0, len(crop), 64)]
        return {"side_told": float(np.mean(np.concatenate(margins) > 0))}

    def checkpoint(self) -> tf.train.Checkpoint:
        """Weights and optimizer."""
        return tf.train.Checkpoint(
            weights=tf_variables(self._judge.variables), optimizer=tf_variables(self._optimizer.variables)
        )
