"""A network over a split: every frame once, in file order, joints in millimetres."""

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from crossinfo import metrics, predictions, reports
from datasets import crops, geometry, pipeline, targets


def crop_function(model):
    """A CrossInfoNet as a compiled function: crops [B, 96, 96, 1] -> normalised joints [B, J, 3]."""

    @tf.function(reduce_retracing=True)
    def joints(crop):
        return targets.unflatten(model(crop, training=False)["hand"])

    return joints


def predict(joints_of, shard_set, card, batch_size=64):
    """Predicts every frame of a shard set.

    Args:
        joints_of: function of crops [B, 96, 96, 1] -> normalised joints [B, J, 3].
        shard_set: ShardSet.
        card: ModelCard. Its mean pose, where it has one, is put at each frame's centre, too.

    Returns:
        dict of float32 arrays in file order: ``joints_mm`` [N, J, 3] (zeros where no hand was found),
        ``mean_pose_mm`` (of a card with a mean pose) and ``truth_mm`` [N, J, 3], ``centre_mm`` [N, 3],
        ``cube_mm`` [N], and ``valid`` bool [N].
    """
    parts = []
    with tqdm(total=shard_set.frames, desc="evaluating", unit="frame", disable=None) as bar:
        for frames in pipeline.evaluation_batches(shard_set, len(card.joints), batch_size):
            found = crops.denormalise_joints(
                tf.convert_to_tensor(joints_of(frames["crop"])), frames["centre_mm"], frames["cube_mm"]
            )
            found = tf.where(frames["valid"][:, None, None], found, 0.0)
            part = {key: frames[key].numpy() for key in ("centre_mm", "cube_mm", "valid")}
            parts.append({**part, "joints_mm": found.numpy(), "truth_mm": frames["joints_mm"].numpy()})
            bar.update(len(found))
    whole = join(parts)
    if card.mean_pose is None:
        return whole
    return {**whole, "mean_pose_mm": mean_pose_mm(whole, card.mean_pose)}


def join(parts):
    """Results of ``predict``, one after the other."""
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def mean_pose_mm(found, mean_pose):
    """The training split's mean pose at each frame's centre: what any network must beat. [N, J, 3] mm."""
    half = found["cube_mm"][:, None, None] / 2
    return np.asarray(mean_pose, np.float32)[None] * half + found["centre_mm"][:, None]


def report(found, name, dataset, centre, report_dir, selected_on):
    """Writes the report of ``predict``'s result and ``predictions.txt``; returns the report's dict."""
    methods = {name: metrics.joint_errors_mm(found["joints_mm"], found["truth_mm"])}
    if "mean_pose_mm" in found:
        methods["mean_pose"] = metrics.joint_errors_mm(found["mean_pose_mm"], found["truth_mm"])
    write_predictions(found, dataset, report_dir)
    return reports.write(report_dir, dataset.name, centre, methods, selected_on)


def write_predictions(found, dataset, report_dir, names=None):
    """Writes ``predictions.txt``; where labels are hidden, with the frames' names, ``submission.txt`` too."""
    # The camera that read the labels, so that pixels come back as they were published.
    predictions.write(f"{report_dir}/predictions.txt", _uvd(found["joints_mm"], dataset.camera))
    if names is not None:
        dataset.submission(f"{report_dir}/submission.txt", names, found["joints_mm"])


def _uvd(joints_mm, camera):
    """uvd [N, J, 3]; a frame without a hand stays zeros."""
    found = joints_mm[..., 2:] > 0
    uvd = geometry.project(np.where(found, joints_mm, 1.0).astype(np.float64), np.asarray(camera, np.float64))
    return np.where(found, uvd, 0.0)
