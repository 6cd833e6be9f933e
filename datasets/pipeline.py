"""Shards -> batches: one function for training, and one without any random operation for evaluation.

A batch of frames is a dict: ``crop`` float32 [B, 96, 96, 1], ``joints_mm`` [B, J, 3], ``camera`` [B, 4],
``centre_mm`` [B, 3], ``cube_mm`` [B], ``index`` int64 [B], ``valid`` bool [B], and ``angle`` float32 [B] if
the crops are turned; a training batch also has ``draws`` [B, 8]: uniform numbers that depend on (run seed,
epoch, frame index) alone.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from datasets import augment, crops, shards, targets
from datasets.augment import Frames, Transform
from datasets.geometry import MAX_COORDINATE
from datasets.shards import ShardSet
from datasets.skeletons import Skeleton

SHUFFLE_FRAMES = 8192  # serialised, about 150 MB
MAX_OPEN_SHARDS = 128
BLOCK_FRAMES = 8  # read from one shard before the next one's turn


def evaluation_batches(shard_set: ShardSet, joints: int, batch_size: int) -> Iterator[Frames]:
    """Yields every frame once, in file order; the last batch may be smaller.

    Args:
        shard_set: ShardSet.
        joints: int. J.
        batch_size: int.

    Raises InputError on a damaged shard, which is removed.
    """
    frames = _frames(tf.data.TFRecordDataset(shard_set.paths), joints, shard_set.turned)
    with damage_reported(shard_set):
        yield from frames.batch(batch_size).prefetch(2)


@contextlib.contextmanager
def damage_reported(shard_set: ShardSet):
    """Turns TensorFlow's error on reading a damaged shard into an InputError; the shard is removed."""
    try:
        yield
    except tf.errors.DataLossError:
        raise shards.damaged(shard_set) from None
    except tf.errors.InvalidArgumentError:
        # Its checksums are right, so that it was altered; or else the error is ours.
        if all(_is_sound(path, shard_set) for path in shard_set.paths):
            raise
        raise shards.damaged(shard_set, functools.partial(_is_sound, shard_set=shard_set)) from None


def _is_sound(path, shard_set):
    """Whether every frame of a shard can be read, and its numbers can be right."""
    frames = _frames(tf.data.TFRecordDataset(str(path)), len(shard_set.mean_pose), shard_set.turned)
    try:
        frames.reduce(0, lambda count, frame: count + 1)
    except (tf.errors.DataLossError, tf.errors.InvalidArgumentError, tf.errors.NotFoundError):
        return False
    return True


def training_batches(
    shard_set: ShardSet,
    joints: int,
    batch_size: int,
    seed: int,
    epoch: int,
    skip: int = 0,
    pipelines: int = 1,
    index: int = 0,
    replicas_each: int = 1,
) -> tf.data.Dataset:
    """One epoch in an order that (seed, epoch) fixes; an incomplete last global batch is left out.

    Several input pipelines share each global batch: whatever their number, global batch k holds the k-th
    ``batch_size`` frames of that order, and each pipeline parses its own frames only. It gives its part of
    a global batch as ``replicas_each`` batches, one for each replica.

    Args:
        shard_set: ShardSet.
        joints: int. J.
        batch_size: int. Frames of one step over all replicas.
        seed, epoch: int.
        skip: int. Steps of this epoch that a resumed run has already done.
        pipelines: int. Input pipelines, one for each worker.
        index: int. Which of them this is, from 0.
        replicas_each: int. Replicas that one pipeline feeds.

    Returns:
        Dataset of batches of ``batch_size / (pipelines * replicas_each)`` frames. Raises ValueError if that
        is no whole number.
    """
    replicas = pipelines * replicas_each
    if batch_size % replicas:
        raise ValueError(f"batch_size={batch_size} is not divisible by {replicas} replicas")
    used = shard_set.frames // batch_size * batch_size
    records = _shuffled(shard_set.paths, seed, epoch).take(used).skip(skip * batch_size)
    frames = _frames(records.shard(pipelines, index), joints, shard_set.turned, key=(seed, epoch))
    return frames.batch(batch_size // replicas, drop_remainder=True).prefetch(4)


def _shuffled(paths, seed, epoch):
    """Every serialised frame once, in the epoch's order.

    A batch draws on many shards, and on all parts of them: shards are read in rounds of about equal size,
    each shard from a random frame on, and the frames of several blocks of each are shuffled.
    """
    generator = np.random.default_rng([seed, epoch])
    rounds = -(-len(paths) // MAX_OPEN_SHARDS)
    firsts = generator.integers(shards.SHARD_FRAMES, size=len(paths))
    records = tf.data.Dataset.from_tensor_slices((generator.permutation(paths), firsts)).interleave(
        _read_from,
        cycle_length=-(-len(paths) // rounds),
        block_length=BLOCK_FRAMES,
        num_parallel_calls=tf.data.AUTOTUNE,
        deterministic=True,
    )
    order = int(generator.integers(2**31))
    return records.shuffle(SHUFFLE_FRAMES, seed=order, reshuffle_each_iteration=False)


def _read_from(path, first):
    """A shard from its frame number ``first`` on, then the frames before; a shorter shard from its start."""
    records = tf.data.TFRecordDataset(path)
    return records.skip(first).concatenate(records.take(first))


def _frames(records, joints, turned, key=None):
    def parse(record):
        return _parse(record, joints, turned, key)

    return records.map(parse, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def _parse(record, joints, turned, key):
    """One serialised frame -> dict; ``key`` = (seed, epoch) adds this frame's draws."""
    numbers = {"joints_mm": [joints, 3], "camera": [4], "centre_mm": [3], "cube_mm": []}
    if turned:
        numbers["angle"] = []
    features = {name: tf.io.FixedLenFeature(shape, tf.float32) for name, shape in numbers.items()}
    features |= {name: tf.io.FixedLenFeature([], tf.int64) for name in ("index", "valid")}
    features["crop"] = tf.io.FixedLenFeature([], tf.string)
    frame = _checked(tf.io.parse_single_example(record, features), numbers)
    steps = tf.reshape(tf.io.decode_raw(frame["crop"], tf.int16), [crops.CROP_SIZE, crops.CROP_SIZE, 1])
    frame["crop"] = tf.cast(steps, tf.float32) / shards.DEPTH_STEPS
    frame["valid"] = frame["valid"] > 0
    if key is not None:
        seed = tf.random.fold_in(tf.random.fold_in([key[0], 0], key[1]), frame["index"])
        frame["draws"] = tf.random.stateless_uniform([augment.DRAWS], seed, minval=1e-6, maxval=1 - 1e-6)
    return frame


def _checked(frame, numbers):
    """The same frame. TensorFlow's InvalidArgumentError unless these entries of it can be right."""
    bounds = [tf.reduce_all(tf.abs(frame[name]) <= MAX_COORDINATE) for name in numbers]
    positive = tf.concat([frame["cube_mm"][None], frame["camera"][:2], frame["centre_mm"][2:]], axis=0)
    right = tf.reduce_all(tf.stack([*bounds, tf.reduce_all(positive > 0)]))
    with tf.control_dependencies([tf.debugging.Assert(right, ["a frame's numbers cannot be right"])]):
        return {name: tf.identity(value) for name, value in frame.items()}


def example(
    frames: Frames,
    skeleton: Skeleton,
    sampler: Callable[[tf.Tensor, tf.Tensor], Transform] | None = None,
) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
    """What the network is trained on: (crop [B, 96, 96, 1], targets as ``targets.encode`` gives them).

    The same function on the host, inside tf.data, and on the device, inside the compiled step.

    Args:
        frames: batch of frames.
        skeleton: Skeleton.
        sampler: one of ``augment.SAMPLERS``' functions, which needs ``draws``; None does not augment.
    """
    if sampler is not None:
        frames = augment.augment(frames, sampler(frames["draws"], frames["cube_mm"]))
    place = crops.CropPlace.of(frames)
    joints = crops.normalise_joints(frames["joints_mm"], place)
    crop_px = crops.joints_to_crop(frames["joints_mm"], place)
    return frames["crop"], targets.encode(joints, crop_px, skeleton)
