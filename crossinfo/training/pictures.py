"""Crops with labels and predictions, for TensorBoard."""

from collections.abc import Callable

import numpy as np

from datasets import crops, pipeline
from datasets.shards import ShardSet
from datasets.skeletons import Skeleton
from datasets.visualization import drawing


def of_predictions(outputs_of: Callable, shard_set: ShardSet, skeleton: Skeleton) -> Callable[[], np.ndarray]:
    """Function that draws the first eight crops with labels and predictions, uint8 [8, H, W, 3].

    Args:
        outputs_of: as ``evaluator.network_function`` gives.
        shard_set: ShardSet.
        skeleton: Skeleton.
    """
    frames = next(iter(pipeline.evaluation_batches(shard_set, len(skeleton), 8)))
    place = crops.CropPlace.of(frames)
    truth_px = crops.joints_to_crop(frames["joints_mm"], place).numpy()

    def draw():
        joints = outputs_of(frames)["joints"]
        joints_mm = crops.denormalise_joints(joints, place)
        joints_px = crops.joints_to_crop(joints_mm, place).numpy()
        both = zip(frames["crop"].numpy(), truth_px, joints_px, strict=True)
        return np.stack([_draw_crop(*pair, skeleton) for pair in both])

    return draw


def _draw_crop(crop, truth_px, joints_px, skeleton):
    picture, scale = drawing.enlarge(drawing.crop_picture(crop), 384)
    drawing.draw_skeleton(picture, truth_px, skeleton, drawing.TRUTH, scale)
    return drawing.draw_skeleton(picture, joints_px, skeleton, drawing.ESTIMATE, scale)
