"""A network over a split: every frame once, in file order, joints in millimetres."""

import dataclasses
import functools

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from crossinfo import config, losses, metrics, reports
from crossinfo.metrics import prediction_files
from datasets import crops, geometry, pipeline, registry, shards, targets
from datasets.records import Reader
from datasets.visualization import drawing, views

# Keys of per-frame results: "loss/hand", "centre/gt".
LOSS, CENTRE, PEAK = "loss/", "centre/", "heatmap_peak_error_px"


@dataclasses.dataclass(frozen=True)
class Split:
    """Frames to evaluate on, cropped when they are first asked for.

    Args:
        source: shards.Source.
        reader: Reader of its split, open.
        cache_dir: path. Where shards are kept.
        workers: as ``shards.prepare`` takes.
    """

    source: shards.Source
    reader: Reader
    cache_dir: str
    workers: int | None = None

    @functools.cached_property
    def shard_set(self):
        """ShardSet. Raises InputError on bad data."""
        return shards.prepare(self.source, self.cache_dir, self.workers, self.reader)

    def centred(self, mode):
        """The same frames by another centre mode."""
        return dataclasses.replace(self, source=dataclasses.replace(self.source, centre=mode))

    @property
    def names(self):
        """The frames' names, in file order."""
        return [self.reader.names[index] for index in self.shard_set.indices]

    @property
    def labelled(self):
        """Whether labels are known."""
        return self.reader.joints_mm is not None


def network_function(model):
    """A CrossInfoNet as a compiled function of a batch of frames, as ``datasets.pipeline`` makes them.

    It gives a dict of float32: ``joints`` [B, J, 3], normalised; for each loss ``loss/NAME`` [B], weighed as
    in training; and ``heatmap_peak_error_px`` [B], the distance of the heat maps' strongest cells from
    the labels in crop pixels (NaN where no joint is inside the crop).
    """
    skeleton = registry.get(model.card.dataset).skeleton
    weights = config.VARIANTS[model.card.variant].loss

    @tf.function(reduce_retracing=True)
    def outputs(frames):
        crop, expected = pipeline.example(frames, skeleton)
        found = model(crop, training=False)
        parts = losses.losses(expected, found, weights)
        parts["total"] = parts["total_data"] + losses.weight_decay(model, weights.weight_decay)
        result = {"joints": targets.unflatten(found["hand"])}
        result |= {f"{LOSS}{name}": value for name, value in parts.items()}
        if "hand_heatmap" in found:
            result[PEAK] = _peak_error_px(expected["hand_heatmap"], found["hand_heatmap"])
        return result

    return outputs


def _peak_error_px(expected, found):
    """Mean over joints inside the crop, [B, 24, 24, J] and the same -> [B]."""
    distance = tf.norm(targets.decode_heatmaps(expected) - targets.decode_heatmaps(found), axis=-1)
    inside = tf.cast(tf.reduce_any(expected > 0, axis=[1, 2]), tf.float32)
    return tf.reduce_sum(distance * inside, axis=1) / tf.reduce_sum(inside, axis=1)


def crop_function(joints_of):
    """The same for a function of crops [B, 96, 96, 1] -> normalised joints [B, J, 3], and nothing else."""
    return lambda frames: {"joints": joints_of(frames["crop"])}


def predict(outputs_of, shard_set, card, batch_size=64):
    """Predicts every frame of a shard set.

    Args:
        outputs_of: as ``network_function`` or ``crop_function`` gives.
        shard_set: ShardSet.
        card: ModelCard. Its mean pose, where it has one, is put at each frame's centre, too.

    Returns:
        dict of arrays in file order: float32 ``joints_mm`` [N, J, 3] (zeros where no hand was found),
        ``mean_pose_mm`` (of a card with a mean pose) and ``truth_mm`` [N, J, 3], ``centre_mm`` [N, 3],
        ``cube_mm`` [N], whatever else [N] ``outputs_of`` gives, and ``valid`` bool [N].
    """
    parts = []
    with tqdm(total=shard_set.frames, desc="evaluating", unit="frame", disable=None, leave=False) as bar:
        for frames in pipeline.evaluation_batches(shard_set, len(card.joints), batch_size):
            parts.append(_in_mm(frames, outputs_of(frames)))
            bar.update(len(parts[-1]["valid"]))
    whole = join(parts)
    if card.mean_pose is None:
        return whole
    return {**whole, "mean_pose_mm": mean_pose_mm(whole, card.mean_pose)}


def _in_mm(frames, outputs):
    others = {name: np.asarray(value) for name, value in outputs.items() if name != "joints"}
    joints = tf.convert_to_tensor(outputs["joints"])
    found_mm = crops.denormalise_joints(joints, frames["centre_mm"], frames["cube_mm"])
    found_mm = tf.where(frames["valid"][:, None, None], found_mm, 0.0)
    part = {key: frames[key].numpy() for key in ("centre_mm", "cube_mm", "valid")}
    return {**part, **others, "joints_mm": found_mm.numpy(), "truth_mm": frames["joints_mm"].numpy()}


def join(parts):
    """Results of ``predict``, one after the other."""
    return {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}


def mean_pose_mm(found, mean_pose):
    """The training split's mean pose at each frame's centre: what any network must beat. [N, J, 3] mm."""
    half = found["cube_mm"][:, None, None] / 2
    return np.asarray(mean_pose, np.float32)[None] * half + found["centre_mm"][:, None]


def by_centre(found, outputs_of, split, card):
    """``predict``'s result with each frame's error by every centre mode that the data allow.

    Adds ``centre/com``, ``centre/gt`` and, where the source has a file, ``centre/file``: float64 [N], the
    mean over joints in mm. Where labels are hidden nothing is added.
    """
    if not split.labelled:
        return found
    errors_mm = {}
    for mode in ("com", "gt") + (("file",) if split.source.centre_file else ()):
        same = mode == split.source.centre
        other = found if same else predict(outputs_of, split.centred(mode).shard_set, card)
        errors_mm[f"{CENTRE}{mode}"] = _errors_mm(other).mean(axis=1)
    return {**found, **errors_mm}


def _errors_mm(found):
    return metrics.joint_errors_mm(found["joints_mm"], found["truth_mm"])


def validate(outputs_of, shard_set, card):
    """A network on the validation part: flat {name: float} for the journal, ``error_mm`` the mean."""
    found = predict(outputs_of, shard_set, card)
    values = metrics.summary(_errors_mm(found), registry.get(card.dataset).skeleton)
    values = {"error_mm": values.pop("mean_error_mm"), **values, **_details(found)}
    flat = dict(values.pop("losses", {}))
    for name, value in values.items():
        flat |= (
            {f"{name}_{key}": each for key, each in value.items()}
            if isinstance(value, dict)
            else {name: value}
        )
    return flat


def _details(found):
    """What only a network has: mean ``losses``, ``heatmap_peak_error_px``, and mean errors ``by_centre``."""
    details = {}
    for name, prefix in (("losses", LOSS), ("by_centre", CENTRE)):
        keys = [key for key in found if key.startswith(prefix)]
        if keys:
            details[name] = {key.removeprefix(prefix): float(np.mean(found[key])) for key in keys}
    if PEAK in found:
        details[PEAK] = float(np.nanmean(found[PEAK]))
    return details


def report(found, name, dataset, centre, report_dir, selected_on, splits):
    """Writes the report of ``predict``'s result and ``predictions.txt``; returns the report's dict.

    Args:
        found: as ``predict`` or ``by_centre`` gives.
        name: str. What the report calls the network; "mean_pose" is taken, and gets an ending.
        dataset: registry.Dataset.
        centre: str. The centre mode of ``found``.
        report_dir: path.
        selected_on: str or None. What picked the network's best epoch.
        splits: list of Split. Where the frames came from, one after the other.
    """
    name = "mean_pose_network" if name == "mean_pose" else name
    methods = {name: found["joints_mm"]}
    if "mean_pose_mm" in found:
        methods["mean_pose"] = found["mean_pose_mm"]
    write_predictions(found, dataset, report_dir)
    evaluated = reports.Evaluated(
        dataset,
        centre,
        found["truth_mm"],
        methods,
        names=[name for split in splits for name in split.names],
        selected_on=selected_on,
        details={name: _details(found)},
        picture=frame_pictures(dataset, [(split.reader, split.shard_set.indices) for split in splits]),
    )
    return reports.write(report_dir, evaluated)


def frame_pictures(dataset, frames):
    """Function(index) -> ``reports.FramePicture``.

    Args:
        dataset: registry.Dataset.
        frames: list of (Reader, indices in it), one after the other.
    """
    places = [(reader, int(index)) for reader, indices in frames for index in indices]

    def picture(index):
        reader, number = places[index]
        record = reader[number]
        place = views.look(dataset, record, "gt").batch()
        crop = crops.crop(record.depth_mm[None], *place)[0].numpy()
        image, scale = drawing.enlarge(drawing.crop_picture(crop))

        def project(joints_mm):
            pixels = crops.joints_to_crop(np.float32(joints_mm)[None], *place)[0, :, :2]
            return pixels.numpy() * scale + (scale - 1) / 2

        return reports.FramePicture(image, project)

    return picture


def write_predictions(found, dataset, report_dir, names=None):
    """Writes ``predictions.txt``; where labels are hidden, with the frames' names, ``submission.txt`` too."""
    # The camera that read the labels, so that pixels come back as they were published.
    prediction_files.write(f"{report_dir}/predictions.txt", _uvd(found["joints_mm"], dataset.camera))
    if names is not None:
        dataset.submission(f"{report_dir}/submission.txt", names, found["joints_mm"])


def _uvd(joints_mm, camera):
    """uvd [N, J, 3]; a frame without a hand stays zeros."""
    found = joints_mm[..., 2:] > 0
    uvd = geometry.project(np.where(found, joints_mm, 1.0).astype(np.float64), np.asarray(camera, np.float64))
    return np.where(found, uvd, 0.0)
