"""Records -> TFRecord shards of cropped frames, made once and reused.

A shard set lives in a folder named by the fingerprint of everything that shaped it, so other settings make
another set and stale data are never read. A killed run goes on where it stopped, and several processes may
make one set together.
"""

import concurrent.futures
import dataclasses
import functools
import hashlib
import json
import os
import pathlib
from collections.abc import Callable

import numpy as np
from tqdm import tqdm

from datasets import centres, crops, records, registry, runtime
from datasets.errors import InputError
from datasets.io import atomic, shard_files
from datasets.records import Reader, Record, evenly_spread

SCHEMA = 1
SHARD_FRAMES = 1000
READ_FRAMES = 50
DIGEST_PICTURES = 32
DEPTH_STEPS = 32767  # crops are kept as int16: 4 micrometres in a 250 mm cube
MAX_SKIPPED = 0.01
VALIDATION_BLOCK = 100
NO_CENTRE = {
    "gt": "its labels lie behind the camera",
    "file": "its line in the centre file is invalid",
    "com": "no hand found",
}


@dataclasses.dataclass(frozen=True)
class Source:
    """Which frames, centred and cropped how.

    Args:
        dataset: str. Name in the registry.
        data_dir: str.
        part: "train", "validation" or "test". Validation frames are whole blocks of consecutive
            training frames, since neighbours are alike.
        centre: "gt", "file" or "com".
        centre_file: str or None.
        cubes_mm: tuple of floats; a frame takes one of them by its index.
        validation_fraction: float. Share of the training frames set aside.
        max_frames: int or None. At most this many frames, evenly spread.
        options: registry.ReaderOptions.
        angle: "gt" or None. Crops are turned upright by the skeleton's palm axis in the labels, or not
            turned.
    """

    dataset: str
    data_dir: str
    part: str
    centre: str
    cubes_mm: tuple[float, ...]
    centre_file: str | None = None
    validation_fraction: float = 0.05
    max_frames: int | None = None
    options: registry.ReaderOptions = registry.ReaderOptions()
    angle: str | None = None

    def open(self) -> Reader:
        """The reader of the split that this part is taken from."""
        split = "test" if self.part == "test" else "train"
        return registry.get(self.dataset).open(self.data_dir, split, self.options)

    def indices(self, reader: Reader) -> np.ndarray:
        """Indices of this part's frames in the reader of its split, ascending.

        Frames that show the same moment (``Reader.originals``) stay together: where the original is held
        out for validation, its rotated copies are in neither part.
        """
        chosen = np.arange(len(reader))
        if self.part != "test":
            originals = chosen if reader.originals is None else reader.originals
            moments, moment = np.unique(originals, return_inverse=True)
            held_out = _held_out(len(moments), self.validation_fraction)
            chosen = moments[held_out] if self.part == "validation" else chosen[~held_out[moment]]
        if self.max_frames and len(chosen) > self.max_frames:
            chosen = chosen[evenly_spread(len(chosen), self.max_frames)]
        return chosen

    def given_centres(self, reader: Reader) -> np.ndarray | None:
        """Centres of the centre file, float32 [N, 3]; None in other modes. Raises InputError."""
        if self.centre != "file":
            return None
        return centres.from_file(self.centre_file, reader, registry.get(self.dataset).files_y_up)

    def cube_mm(self, record: Record, index: int) -> float:
        """Side of one frame's crop cube: the protocol's own, or one of ``cubes_mm``."""
        if record.cube_mm is not None:
            return record.cube_mm
        return self.cubes_mm[np.random.default_rng([SCHEMA, index]).integers(len(self.cubes_mm))]


def _held_out(frames, fraction):
    """Which frames validation holds out, bool [frames]: evenly spread blocks, smaller in small sets."""
    if fraction <= 0:
        return np.zeros(frames, bool)
    block = max(1, min(VALIDATION_BLOCK, int(frames * fraction)))
    every = max(2, min(round(1 / fraction), -(-frames // block)))
    return (np.arange(frames) // block) % every == every - 1


@dataclasses.dataclass(frozen=True)
class ShardSet:
    """A finished set.

    Args:
        paths: tuple of str, in file order.
        indices: int [N]. The frames' indices in the reader's split.
        skipped: tuple of (name, reason). Training frames that were left out.
        mean_pose: float32 [J, 3]. Mean of the normalised joints.
        turned: bool. Whether the frames have an angle.
    """

    paths: tuple[str, ...]
    indices: np.ndarray
    skipped: tuple[tuple[str, str], ...]
    mean_pose: np.ndarray
    turned: bool = False

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.indices)


def fingerprint(source: Source, reader: Reader) -> str:
    """Hex digest of all that shapes the shards: settings, names, labels, centres and this file's schema."""
    digest = hashlib.sha256()
    settings = {**dataclasses.asdict(source), "schema": SCHEMA, "crop": crops.CROP_SIZE}
    del settings["data_dir"]
    if source.angle is None:
        del settings["angle"]  # so that shards made before there were angles are found
    digest.update(json.dumps(settings, sort_keys=True).encode())
    records.update_digest(digest, reader, source.centre_file)
    return digest.hexdigest()


def data_digest(source: Source, reader: Reader) -> str:
    """Hex digest of a split's data, whatever the settings: names, labels, centres and some pictures."""
    digest = hashlib.sha256()
    records.update_digest(digest, reader, source.centre_file)
    for index in evenly_spread(len(reader), DIGEST_PICTURES):
        try:
            digest.update(np.ascontiguousarray(reader.read_depth(int(index))))
        except InputError:
            digest.update(b"unreadable")
    return digest.hexdigest()


def prepare(
    source: Source, cache_dir: str | os.PathLike, workers: int | None = None, reader: Reader | None = None
) -> ShardSet:
    """Makes the shards of a source, or finds them made.

    Several processes, on one or several hosts, may do so in the same ``cache_dir`` at the same time; each
    shard is made once, by whoever comes first, and all return the same set.

    Args:
        source: Source.
        cache_dir: path. Shard sets live under it.
        workers: int or None. Processes, each on one core. None takes one per core, but none for a single
            shard; 0 works in this process.
        reader: Reader or None. The source's reader where it is open already.

    Returns:
        ShardSet. Raises InputError on bad data: a test frame that cannot be read, or more than 1 % of
        the training frames.
    """
    reader = reader or source.open()
    for name in ("centre", "angle"):
        if getattr(source, name) == "gt" and reader.joints_mm is None:
            raise InputError(f"`{name}`=gt: the labels of {source.dataset}'s {source.part} split are hidden")
    indices = source.indices(reader)
    if not len(indices):
        raise InputError(f"{source.data_dir}: no frames for the {source.part} part of {source.dataset}")
    folder = pathlib.Path(cache_dir) / f"{source.part}-{fingerprint(source, reader)[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    pieces = [indices[i : i + SHARD_FRAMES] for i in range(0, len(indices), SHARD_FRAMES)]
    missing = [
        k for k, piece in enumerate(pieces) if not shard_files.is_done(folder, k, _checks(source, piece))
    ]
    if missing:
        atomic.sweep(folder)
        _write_missing(source, folder, pieces, missing, workers, reader)
    return _collect(source, folder, pieces)


def damaged(
    shard_set: ShardSet, is_whole: Callable[[pathlib.Path], bool] = shard_files.is_whole
) -> InputError:
    """Finds and removes the damaged shards of a set in which reading failed.

    Args:
        shard_set: ShardSet.
        is_whole: function of a shard's path; without one, it is checked against its checksums.

    Returns:
        InputError that names the first of them, for the caller to raise. The next ``prepare`` makes the
        removed shards again.
    """
    paths = [pathlib.Path(path) for path in shard_set.paths]
    with tqdm(paths, desc="looking for the damaged shard", unit="shard", disable=None, leave=False) as bar:
        broken = [path for path in bar if not is_whole(path)]
    for path in broken:
        shard_files.remove(path)
    again = "run the same command again"
    if not broken:
        return InputError(f"{paths[0].parent}: a shard could not be read, but all are whole now; {again}")
    if len(broken) > 1:
        return InputError(
            f"{broken[0]}: this shard and {len(broken) - 1} more are damaged and were removed; {again} to "
            "make new ones"
        )
    return InputError(f"{broken[0]}: the shard is damaged and was removed; {again} to make a new one")


def _write_missing(source, folder, pieces, missing, workers, reader):
    # In a random order, so that processes that work at the same time rarely make the same shard.
    missing = np.random.default_rng().permutation(missing).tolist()
    total = sum(len(pieces[k]) for k in missing)
    if workers is None:
        workers = runtime.available_cores() if len(missing) > 1 else 0
    jobs = [(source, folder, k, pieces[k]) for k in missing]
    with tqdm(total=total, desc=f"cropping {source.part}", unit="frame", disable=None) as bar:
        if not workers:
            opened = reader, source.given_centres(reader)
            for job in jobs:
                bar.update(_write_shard(*job, opened))
            return
        try:
            with runtime.worker_pool(min(workers, len(missing)), runtime.use_one_core) as submit:
                for future in concurrent.futures.as_completed([submit(_write_shard, *job) for job in jobs]):
                    bar.update(future.result())
        except BaseException:
            atomic.sweep(folder)  # what the workers had begun
            raise


@functools.lru_cache(maxsize=1)
def _opened(source, name):
    """A worker's reader, and the centres of a centre file, opened once for a shard set of this name."""
    del name  # holds the set's fingerprint: when labels or centres change, the files are read again
    reader = source.open()
    return reader, source.given_centres(reader)


def _write_shard(source, folder, number, indices, opened=None):
    """Writes one shard unless another process has; returns the number of its frames.

    ``opened`` is what ``_opened`` gives, where this process has it already.
    """
    check = _checks(source, indices)
    if shard_files.is_done(folder, number, check):
        return len(indices)
    reader, given = opened or _opened(source, folder.name)
    examples, kept, skipped, poses = [], [], [], []
    for first in range(0, len(indices), READ_FRAMES):
        frames, unread = _read(source, reader, given, indices[first : first + READ_FRAMES])
        skipped += unread
        for frame in _crop(source, frames):
            if not frame["valid"] and source.part != "test":
                skipped.append((frame["name"], NO_CENTRE[source.centre]))
                continue
            examples.append(_serialise(frame))
            kept.append(frame["index"])
            poses.append(frame["pose"])
    pose_sum = np.sum(poses, axis=0, dtype=np.float64).tolist()
    about = {"indices": kept, "skipped": skipped, "pose_sum": pose_sum}
    shard_files.write(folder, number, examples, about, check)
    return len(indices)


def _checks(source, indices):
    return shard_files.frames_check(indices, len(registry.get(source.dataset).skeleton))


def _read(source, reader, given, indices):
    """Frames of these indices as dicts, and (name, reason) of those that cannot be read."""
    frames, skipped = [], []
    for index in indices:
        try:
            record = reader[index]
        except InputError as error:
            if source.part == "test":
                raise
            skipped.append((reader.names[index], str(error)))
            continue
        frames.append(_frame(source, record, given, int(index)))
    return frames, skipped


def _frame(source, record, given, index):
    joints_mm = record.joints_mm
    centre = np.zeros(3, np.float32)
    if source.centre == "gt":
        centre = centres.ground_truth(joints_mm)
    elif source.centre == "file":
        centre = given[index]
    if joints_mm is None:
        joints_mm = np.zeros((len(registry.get(source.dataset).skeleton), 3), np.float32)
    return {
        "index": index,
        "name": record.name,
        "depth_mm": record.depth_mm,
        "camera": np.asarray(record.camera, np.float32),
        "joints_mm": joints_mm.astype(np.float32),
        "centre_mm": centre.astype(np.float32),
        "cube_mm": np.float32(source.cube_mm(record, index)),
    }


def _crop(source, frames):
    """Adds ``crop`` int16 [96, 96], the normalised ``pose``, the place and ``valid``, by batches."""
    if not frames:
        return
    depth, joints, camera, centre, cube = (
        np.stack([frame[key] for frame in frames])
        for key in ("depth_mm", "joints_mm", "camera", "centre_mm", "cube_mm")
    )
    if source.centre == "com":
        centre, valid = (x.numpy() for x in _compiled("mass")(depth, camera, cube))
    else:
        valid = np.isfinite(centre).all(axis=1) & (centre[:, 2] > 0)
    # A frame without a centre is cropped about a stand-in; its prediction counts as not found.
    stand_in = np.where(valid[:, None], centre, centres.STAND_IN_MM).astype(np.float32)
    place = crops.CropPlace(stand_in, camera, cube, _angle(source, joints, camera))
    crop = _compiled("crop")(depth, place).numpy()[..., 0]
    steps = np.round(crop * DEPTH_STEPS).astype(np.int16)
    pose = np.asarray(crops.normalise_joints(joints, place))
    for i, frame in enumerate(frames):
        own = {key: value[i] for key, value in place.entries().items()}
        yield {**frame, **own, "crop": steps[i], "pose": pose[i], "valid": bool(valid[i])}


def _angle(source, joints_mm, camera):
    """Float32 [B] or None."""
    if source.angle is None:
        return None
    wrist, root = registry.get(source.dataset).skeleton.palm_axis
    ends_mm = np.stack([joints_mm[:, list(end)].mean(axis=1) for end in (wrist, root)], axis=1)
    return crops.upright_angle(ends_mm, camera, wrist=0, middle_root=1).numpy()


@functools.lru_cache
def _compiled(name):
    """The centre and crop operations as graphs of any frame size, on the CPU: GPUs are for networks."""
    import tensorflow as tf

    graph = tf.function({"mass": centres.mass, "crop": crops.crop}[name], reduce_retracing=True)

    def on_cpu(*arrays):
        with tf.device("/CPU:0"):
            return graph(*arrays)

    return on_cpu


def _serialise(frame):
    import tensorflow as tf

    def floats(value):
        return tf.train.Feature(float_list=tf.train.FloatList(value=np.ravel(value)))

    keys = ("joints_mm", *(key for key in crops.CropPlace._fields if key in frame))
    feature = {key: floats(frame[key]) for key in keys}
    feature["crop"] = tf.train.Feature(bytes_list=tf.train.BytesList(value=[frame["crop"].tobytes()]))
    for key in ("index", "valid"):
        feature[key] = tf.train.Feature(int64_list=tf.train.Int64List(value=[int(frame[key])]))
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString(deterministic=True)


def _collect(source, folder, pieces):
    """The finished set. Raises InputError when too many training frames were unreadable."""
    done = [shard_files.done(folder, k, _checks(source, piece)) for k, piece in enumerate(pieces)]
    paths = [shard_files.shard_path(folder, k) for k in range(len(pieces))]
    indices = np.array([index for part in done for index in part["indices"]], int)
    skipped = tuple((name, reason) for part in done for name, reason in part["skipped"])
    total = len(indices) + len(skipped)
    if len(skipped) > MAX_SKIPPED * total:
        for path, part in zip(paths, done, strict=True):
            if part["skipped"]:  # to be made again from mended data
                shard_files.remove(path)
        name, reason = skipped[0]
        raise InputError(
            f"{source.data_dir}: {len(skipped)} of {total} {source.part} frames cannot be used, "
            f"the first is {name}: {reason}"
        )
    mean_pose = sum(np.array(part["pose_sum"]) for part in done if part["indices"]) / max(len(indices), 1)
    mean_pose = np.asarray(mean_pose, np.float32)
    return ShardSet(tuple(map(str, paths)), indices, skipped, mean_pose, source.angle is not None)
