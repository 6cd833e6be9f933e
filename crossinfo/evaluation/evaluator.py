"""A network over a split: every frame once, in file order, joints in millimetres."""

import dataclasses
import functools
import os
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from crossinfo import config, losses, metrics
from crossinfo.card import ModelCard
from crossinfo.evaluation.predictions import Predictions
from crossinfo.evaluation.whole_frames import WholeFrames
from crossinfo.model import CrossInfoNet
from datasets import crops, pipeline, registry, shards, targets

# From a batch of frames, as ``datasets.pipeline`` makes them, to a dict: ``joints`` float32 [B, J, 3],
# normalised, and perhaps ``losses`` {name: [B]} and ``heatmap_peak_error_px`` [B].
OutputsFunction = Callable[[Mapping[str, tf.Tensor]], dict]


@dataclasses.dataclass(frozen=True)
class Split(WholeFrames):
    """Frames to evaluate on, cropped when they are first needed.

    Args:
        source: which frames, and how they are centred and cropped.
        reader: open reader of the source's split.
        cache_dir: folder of the shards.
        workers: processes, as ``shards.prepare`` takes.
    """

    cache_dir: str | os.PathLike
    workers: int | None = None

    @functools.cached_property
    def shard_set(self) -> shards.ShardSet:
        """The cropped frames. Raises InputError on bad data."""
        return shards.prepare(self.source, self.cache_dir, self.workers, self.reader)

    @property
    def indices(self) -> np.ndarray:
        """The frames' indices in the reader."""
        return self.shard_set.indices


def network_function(model: CrossInfoNet) -> OutputsFunction:
    """A CrossInfoNet as a compiled function of a batch of frames.

    Its losses are weighted as in training; ``heatmap_peak_error_px`` is the distance of the heat maps'
    strongest cells from the labels in crop pixels, NaN where no joint is inside the crop.
    """
    skeleton = registry.get(model.card.dataset).skeleton
    weights = config.VARIANTS[model.card.variant].loss

    @tf.function(reduce_retracing=True)
    def outputs_of(frames):
        crop, expected = pipeline.example(frames, skeleton)
        predicted = model(crop, training=False)
        parts = losses.losses(expected, predicted, weights)
        parts["total"] = parts["total_data"] + losses.weight_decay(model, weights.weight_decay)
        outputs = {"joints": targets.unflatten(predicted["hand"]), "losses": parts}
        if "hand_heatmap" in predicted:
            peaks = heatmap_peak_error_px(expected["hand_heatmap"], predicted["hand_heatmap"])
            outputs["heatmap_peak_error_px"] = peaks
        return outputs

    return outputs_of


def crop_function(joints_of: Callable[[tf.Tensor], tf.Tensor]) -> OutputsFunction:
    """The same for a function of crops [B, 96, 96, 1] to normalised joints [B, J, 3], and nothing else."""
    return lambda frames: {"joints": joints_of(frames["crop"])}


def heatmap_peak_error_px(expected: tf.Tensor, predicted: tf.Tensor) -> tf.Tensor:
    """Mean distance of heat maps' strongest cells over the joints inside the crop, in crop pixels.

    Heat maps are [B, 24, 24, J], all zero where a joint lies outside. Returns [B], NaN where all do.
    """
    distance = tf.norm(targets.decode_heatmaps(expected) - targets.decode_heatmaps(predicted), axis=-1)
    inside = tf.cast(tf.reduce_any(expected > 0, axis=[1, 2]), tf.float32)
    return tf.reduce_sum(distance * inside, axis=1) / tf.reduce_sum(inside, axis=1)


def predict(
    outputs_of: OutputsFunction, shard_set: shards.ShardSet, card: ModelCard, batch_size: int = 64
) -> Predictions:
    """Predicts every frame of a shard set.

    Args:
        outputs_of: as ``network_function`` or ``crop_function`` gives.
        shard_set: the frames.
        card: the network's card; its mean pose, where it has one, is put at each frame's centre, too.
        batch_size: frames per call of ``outputs_of``.
    """
    parts = []
    with tqdm(total=shard_set.frames, desc="evaluating", unit="frame", disable=None, leave=False) as bar:
        for frames in pipeline.evaluation_batches(shard_set, len(card.joints), batch_size):
            parts.append(_predictions(frames, outputs_of(frames), card))
            bar.update(len(parts[-1]))
    return Predictions.concatenate(parts)


def _predictions(frames, outputs, card):
    """Predictions of one batch."""
    place = crops.CropPlace.of(frames)
    joints_mm = crops.denormalise_joints(tf.convert_to_tensor(outputs["joints"]), place)
    mean_pose_mm = None
    if card.mean_pose is not None:
        mean_pose_mm = crops.denormalise_joints(np.float32(card.mean_pose)[None], place).numpy()
    peaks = outputs.get("heatmap_peak_error_px")
    return Predictions(
        joints_mm=tf.where(frames["valid"][:, None, None], joints_mm, 0.0).numpy(),
        truth_mm=frames["joints_mm"].numpy(),
        centre_mm=place.centre_mm.numpy(),
        cube_mm=place.cube_mm.numpy(),
        valid=frames["valid"].numpy(),
        mean_pose_mm=mean_pose_mm,
        losses={name: np.asarray(loss) for name, loss in outputs.get("losses", {}).items()},
        heatmap_peak_error_px=None if peaks is None else np.asarray(peaks),
    )


def with_errors_by_centre(
    predictions: Predictions, outputs_of: OutputsFunction, split: Split, card: ModelCard
) -> Predictions:
    """The same predictions with each frame's error by every centre mode that the data allow.

    The modes are ``com``, ``gt`` and, where the source has a centre file, ``file``. Where labels are hidden
    nothing is measured.

    Args:
        predictions: of ``split``.
        outputs_of: the network that made them.
        split: the frames.
        card: the network's card.
    """
    if not split.labelled:
        return predictions
    errors_mm = {}
    for mode in ("com", "gt") + (("file",) if split.source.centre_file else ()):
        same = mode == split.source.centre
        other = predictions if same else predict(outputs_of, split.centred(mode).shard_set, card)
        errors_mm[mode] = other.errors_mm.mean(axis=1)
    return dataclasses.replace(predictions, errors_by_centre_mm=errors_mm)


def validate(outputs_of: OutputsFunction, shard_set: shards.ShardSet, card: ModelCard) -> dict[str, float]:
    """A network on the validation part, as one flat row of ``metrics.csv``; ``error_mm`` is the mean.

    Args:
        outputs_of: as ``network_function`` gives.
        shard_set: the validation frames.
        card: the network's card.
    """
    predictions = predict(outputs_of, shard_set, card)
    summary = metrics.summary(predictions.errors_mm, registry.get(card.dataset).skeleton)
    details = predictions.details
    row = details.pop("losses", {}) | {"error_mm": summary.pop("mean_error_mm")}
    for name, value in {**summary, **details}.items():
        row |= {f"{name}_{key}": v for key, v in value.items()} if isinstance(value, dict) else {name: value}
    return row
