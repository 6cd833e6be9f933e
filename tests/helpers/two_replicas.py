"""What a Trainer does on two devices: ``python -m tests.helpers.two_replicas SHARD OUTPUT``.

Logical devices have to be set up before TensorFlow starts, hence a process of its own. It writes one JSON
object of measurements; ``tests/crossinfo/training/test_replicas.py`` says what they have to be.
"""

import json
import sys
from unittest import mock

import keras
import numpy as np
import tensorflow as tf
from tensorflow.python.distribute import mirrored_run, mirrored_strategy

from datasets import pipeline, shards
from tests.helpers.tiny_training import make_trainer, tiny_variant


def use_two_cpus():
    """Two logical devices on this machine's CPU."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


def replicas(trainer, variable):
    """The values of a variable on each replica."""
    return [value.numpy() for value in trainer.strategy.experimental_local_results(variable.value)]


def batch_for(trainer, frames):
    """One global batch of the trainer from frames, whose halves go to the two replicas."""
    batches = tf.data.Dataset.from_tensor_slices(frames).batch(8, drop_remainder=True)
    return next(iter(trainer.strategy.experimental_distribute_dataset(batches)))


def twice(frames):
    """A batch whose second half equals its first, so that batch statistics agree on both replicas."""
    return {name: tf.concat([value, value], axis=0) for name, value in frames.items()}


def update(frames, strategy):
    """(loss, change of all weights) of one SGD step in double precision; Adam would amplify rounding."""
    trainer = make_trainer(tiny_variant(dropout=0.0), 5, "float64", strategy=strategy, augment_on="device")
    with trainer.strategy.scope():
        trainer.optimizer = keras.optimizers.SGD(1e-3)
        trainer.optimizer.build(trainer.model.trainable_variables)
    before = [variable.numpy() for variable in trainer.model.trainable_variables]
    trainer.train(batch_for(trainer, frames))
    after = [variable.numpy() for variable in trainer.model.trainable_variables]
    moved = np.concatenate([np.ravel(new - old) for new, old in zip(after, before, strict=True)])
    return trainer.means()["total"], moved


def one_against_two(frames):
    """Losses of one device and of two on the same frames, and how much their updates differ."""
    (loss, moved), (loss_of_two, moved_by_two) = (
        update(twice(frames), strategy) for strategy in ("one_device", "mirrored")
    )
    return {
        "losses": [loss, loss_of_two],
        "difference": float(np.linalg.norm(moved_by_two - moved) / np.linalg.norm(moved)),
    }


def bad_value(frames):
    """A float16 step with a NaN in the second replica's labels, and one without."""
    trainer = make_trainer(tiny_variant(), 5, "mixed_float16", strategy="mirrored", augment_on="device")
    trainer.optimizer.dynamic_scale.assign(4.0)
    joints_mm = np.array(twice(frames)["joints_mm"])
    joints_mm[-1, 0] = np.nan
    kernel = trainer.model.trainable_variables[0]
    before = kernel.numpy()
    trainer.train(batch_for(trainer, twice(frames) | {"joints_mm": tf.constant(joints_mm)}))
    skipped = replicas(trainer, kernel)
    scales = [float(value) for value in replicas(trainer, trainer.optimizer.dynamic_scale)]
    frames_counted = float(trainer.sums.numpy()[-1])
    trainer.train(batch_for(trainer, twice(frames)))
    return {
        "skipped": all(np.array_equal(before, value) for value in skipped),
        "scales": scales,
        "frames": [frames_counted, float(trainer.sums.numpy()[-1])],
        "moved": [not np.array_equal(before, value) for value in replicas(trainer, kernel)],
        "finite": all(np.isfinite(variable.numpy()).all() for variable in trainer.model.weights),
    }


def state(frames, train_set):
    """After two steps on unlike halves: do replicas agree on statistics, and differ in dropout seeds?"""
    trainer = make_trainer(tiny_variant(), 5, strategy="mirrored", augment_on="device")
    other = {name: value[::-1] for name, value in frames.items()}
    whole = {
        name: tf.concat([frames[name], other[name] * 2 if name == "crop" else other[name]], 0)
        for name in frames
    }
    for _ in range(2):
        trainer.train(batch_for(trainer, whole))
    moving = [v for v in trainer.model.non_trainable_variables if v.name.startswith("moving")]
    seeds = [v for v in trainer.model.variables if v.name.startswith("seed")]
    shares = trainer.training_batches(train_set, 8, 0, 0, 0)
    sizes = [
        tf.shape(value)[0].numpy()
        for value in trainer.strategy.experimental_local_results(next(iter(shares))["cube_mm"])
    ]
    return {
        "statistics_equal": all(np.array_equal(*replicas(trainer, variable)) for variable in moving),
        "seeds_equal": [bool(np.array_equal(*replicas(trainer, variable))) for variable in seeds],
        "sizes": [int(size) for size in sizes],
    }


def traces_on_gpus(frames, precision):
    """Whether the step of two replicas under XLA traces where TensorFlow takes the devices for GPUs."""
    trainer = make_trainer(
        tiny_variant(), 5, precision, strategy="mirrored", augment_on="device", jit_compile=True
    )
    batch = batch_for(trainer, twice(frames))
    with (
        mock.patch.object(mirrored_run, "_is_gpu_device", return_value=True),
        mock.patch.object(mirrored_strategy, "_is_gpu_device", return_value=True),
    ):
        traced = trainer.traced_step(batch)
    return "StatefulPartitionedCall" in {op.type for op in traced.graph.get_operations()}


def main(shard, output):
    """Writes the measurements to ``output``."""
    use_two_cpus()
    train_set = shards.ShardSet((shard,), np.arange(40), (), np.zeros((21, 3), np.float32))
    frames = next(iter(pipeline.training_batches(train_set, 21, 4, 0, 0)))
    measured = {
        "one_against_two": one_against_two(frames),
        "bad_value": bad_value(frames),
        "state": state(frames, train_set),
        "traces": {name: traces_on_gpus(frames, name) for name in ("float32", "mixed_float16")},
    }
    with open(output, "w", encoding="utf-8") as file:
        json.dump(measured, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
