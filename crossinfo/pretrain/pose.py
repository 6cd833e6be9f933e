"""Stage three: the pose network on upright crops of right hands."""

import dataclasses

import numpy as np
import tensorflow as tf

from crossinfo import config, model
from crossinfo.card import card_for
from crossinfo.pretrain import frames
from crossinfo.pretrain.localiser import as_tensors
from crossinfo.training.statistics import StatisticsRenewer
from crossinfo.training.trainer import Trainer
from datasets import crops, pipeline, registry, skeletons, targets


class PoseStage:
    """The pose network in training, see ``stage.Trainable``.

    Args:
        variant_name: a key of ``config.VARIANTS``.
        schedule: ScheduleConfig whose epochs are chunks.
        steps_per_chunk: int.
        held_out: arrays of held-out crops.
        machine: config.Machine.
    """

    kind = "pose"

    def __init__(
        self,
        variant_name: str,
        schedule: config.ScheduleConfig,
        steps_per_chunk: int,
        held_out: dict[str, np.ndarray],
        machine: config.Machine,
    ):
        variant = config.variant_for(variant_name, skeletons.MSRA)
        variant = dataclasses.replace(variant, schedule=schedule)
        self._held_out = held_out
        joints = crops.normalise_joints(tf.constant(held_out["joints_mm"]), crops.CropPlace.of(held_out))
        self._card = dataclasses.replace(
            card_for(variant_name, registry.get("synthetic"), frames.CUBE_MM, "gt", joints.numpy().mean(0)),
            upright=True,
        )
        self.trainer = Trainer(
            lambda: model.build(variant.network, "float32", self._card),
            variant,
            skeletons.MSRA,
            steps_per_chunk,
            "float32",
            machine,
        )
        without_dropout = dataclasses.replace(variant.network, dropout=0.0)
        self.snapshot = model.build(without_dropout, "float32", self._card)
        self._renewer = StatisticsRenewer(self.snapshot)
        pose = model.inference(self.snapshot)
        self._hand = tf.function(lambda crop: pose(crop, training=False)["hand"], reduce_retracing=True)
        self._example = tf.function(self._example_of, reduce_retracing=True)

    def step(self, batch: dict[str, np.ndarray]) -> None:
        """One step on crops as ``frames.pose_arrays`` gives them."""
        self.trainer.train(self._example(as_tensors(batch)))

    def _example_of(self, batch):
        crop, expected = pipeline.example(batch, skeletons.MSRA)
        return {"crop": crop, "targets": expected, "cube_mm": batch["cube_mm"]}

    def means(self) -> dict[str, float]:
        """Mean losses and error since the last call."""
        means = self.trainer.means()
        self.trainer.sums.assign(tf.zeros_like(self.trainer.sums))
        return {"total": means["total"], "error_mm": means["error_mm"]}

    def validate(self, sample: list[dict[str, np.ndarray]]) -> dict[str, float]:
        """Mean and median joint error on held-out crops, in mm."""
        for copied, trained in zip(self.snapshot.weights, self.trainer.model.weights, strict=True):
            copied.assign(trained.value.read_value())
        self._renewer.renew(as_tensors(batch)["crop"] for batch in sample)
        errors = np.concatenate([self._errors(start) for start in range(0, len(self._held_out["crop"]), 64)])
        return {"error_mm": errors.mean(), "median_mm": np.median(errors)}

    def _errors(self, start):
        part = as_tensors({name: value[start : start + 64] for name, value in self._held_out.items()})
        place = crops.CropPlace.of(part)
        joints_mm = crops.denormalise_joints(targets.unflatten(self._hand(part["crop"])), place)
        return tf.reduce_mean(tf.norm(joints_mm - part["joints_mm"], axis=-1), axis=1).numpy()

    def checkpoint(self) -> tf.train.Checkpoint:
        """Weights, optimizer, sums."""
        return self.trainer.checkpoint()
