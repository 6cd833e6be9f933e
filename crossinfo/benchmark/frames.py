"""The test frames that a benchmark runs on."""

import os

import numpy as np

from crossinfo.benchmark.timing import BATCH, Frames
from crossinfo.card import ModelCard
from datasets import crops, pipeline, registry, shards
from datasets.errors import InputError
from datasets.records import evenly_spread


def load_frames(
    source: shards.Source, cache_dir: str | os.PathLike, card: ModelCard, max_frames: int
) -> Frames:
    """The frames of a split in which there is a hand.

    Args:
        source: which frames, and how they are cropped.
        cache_dir: folder of the shards.
        card: of the network, whose joints must be the dataset's.
        max_frames: at most so many, evenly spread.

    Raises InputError naming the dataset, or the file that is damaged.
    """
    if len(registry.get(source.dataset).skeleton) != len(card.joints):
        raise InputError(f"`dataset`={source.dataset}: its joints are not the model's ({card.dataset})")
    shard_set = shards.prepare(source, cache_dir)
    parts = []
    for frames in pipeline.evaluation_batches(shard_set, len(card.joints), BATCH):
        joints = crops.normalise_joints(frames["joints_mm"], crops.CropPlace.of(frames))
        valid = frames["valid"].numpy()
        parts.append([array.numpy()[valid] for array in (frames["crop"], joints, frames["cube_mm"] / 2)])
    arrays = [np.concatenate(column) for column in zip(*parts, strict=True)]
    chosen = evenly_spread(len(arrays[0]), max_frames)
    return Frames(*(array[chosen] for array in arrays))
