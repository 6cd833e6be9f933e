"""The train step: on one device, several GPUs and several machines.

The step is a ``tf.function`` under ``strategy.run``: ``Model.fit`` fails under several workers in
Keras 3.15. Losses are divided by the global batch, sums are accumulated a frame at a time, and
everything that a stopped run needs to go on as if nothing had happened is in one checkpoint.
"""

import dataclasses
import functools
import json
import os

import keras
import tensorflow as tf

from crossinfo import losses as loss_functions
from datasets import augment, pipeline
from datasets.errors import InputError

STRATEGIES = ("auto", "one_device", "mirrored", "multi_worker")


@dataclasses.dataclass(frozen=True)
class Machine:
    """How to compute; it changes speed, not results.

    Args:
        strategy: one of ``STRATEGIES``; auto takes all GPUs of this machine.
        augment_on: "host", inside tf.data, or "device", inside the compiled step.
        jit_compile: bool or None. XLA; None compiles where there is a GPU.
        workers: int or None. Processes that crop frames, see ``datasets.shards.prepare``.
    """

    strategy: str = "auto"
    augment_on: str = "host"
    jit_compile: bool | None = None
    workers: int | None = None


@functools.cache
def make_strategy(name):
    """The ``tf.distribute`` strategy called ``name``, one a process; ``multi_worker`` reads ``TF_CONFIG``.

    Several workers must be set up before any operation has run. Raises InputError on a bad ``TF_CONFIG``.
    """
    several = len(tf.config.list_physical_devices("GPU")) > 1
    if name == "multi_worker":
        try:
            return tf.distribute.MultiWorkerMirroredStrategy()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"--strategy=multi_worker: TF_CONFIG is not one: {error}") from None
    if name == "mirrored" or (name == "auto" and several):
        return tf.distribute.MirroredStrategy()
    return tf.distribute.get_strategy()


def own_folder(work_dir, strategy):
    """Where this process writes: several workers may share a disk, and only the first one's files count.

    The others keep theirs in ``worker1`` and so on below it, which lets each go on by itself.
    """
    if strategy != "multi_worker":
        return work_dir
    task = json.loads(os.environ.get("TF_CONFIG", "{}")).get("task", {})
    first = task.get("type", "chief") == "chief" or int(task.get("index", 0)) == 0
    return work_dir if first else work_dir / f"worker{task['index']}"


def make_optimizer(schedule, steps_per_epoch, precision):
    """Adam with the variant's learning-rate curve; float16 gets dynamic loss scaling."""
    if schedule.curve == "exponential":
        rate = keras.optimizers.schedules.ExponentialDecay(
            schedule.learning_rate, steps_per_epoch, schedule.decay, staircase=True
        )
    else:
        warm_up = steps_per_epoch // 4
        rate = keras.optimizers.schedules.CosineDecay(
            schedule.learning_rate / 10,
            max(schedule.epochs * steps_per_epoch - warm_up, 1),
            warmup_target=schedule.learning_rate,
            warmup_steps=warm_up,
        )
    optimizer = keras.optimizers.Adam(rate)
    if precision == "mixed_float16":
        # The losses are sums over pixels and joints: large already, so that Keras' start at 2^15 would
        # overflow and skip the first fifteen steps. The scale grows by itself.
        return keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=1.0)
    return optimizer


class Trainer:
    """A model with its optimizer, step and running sums.

    Args:
        build_model: function without arguments -> CrossInfoNet; called in the strategy's scope.
        variant: config.Variant.
        skeleton: Skeleton.
        steps_per_epoch: int.
        precision: str. A Keras dtype policy's name.
        machine: Machine.
    """

    def __init__(self, build_model, variant, skeleton, steps_per_epoch, precision, machine):
        self.variant, self.skeleton, self.steps_per_epoch = variant, skeleton, steps_per_epoch
        self.strategy = make_strategy(machine.strategy)
        self.augment_on_host = machine.augment_on == "host"
        self.sampler = augment.SAMPLERS[variant.schedule.augmentation]
        with self.strategy.scope():
            self.model = build_model()
            self.optimizer = make_optimizer(variant.schedule, steps_per_epoch, precision)
            self.optimizer.build(self.model.trainable_variables)
        self.names = sorted(self.model.output) + ["total", "error_mm", "frames"]
        self.sums = tf.Variable(tf.zeros(len(self.names), tf.float64), name="sums")
        self.step = tf.Variable(0, dtype=tf.int64, name="step")
        self.best_error_mm = tf.Variable(float("inf"), name="best_error_mm")
        self._replica_step = tf.function(self._train_frames, jit_compile=_compiled_by_xla(machine))
        self._train = tf.function(self._train_batch)

    # === Batches ===

    def training_batches(self, shard_set, batch_size, seed, epoch, skip):
        """One epoch of batches for ``train``, distributed over the strategy's devices."""
        joints = len(self.skeleton)
        batches = pipeline.training_batches(shard_set, joints, batch_size, seed, epoch, skip)
        if self.augment_on_host:
            batches = batches.map(self._example, num_parallel_calls=tf.data.AUTOTUNE).prefetch(4)
        return self.strategy.experimental_distribute_dataset(_sharded_by_frame(batches))

    def _example(self, frames):
        crop, targets = pipeline.example(frames, self.skeleton, self.sampler)
        return {"crop": crop, "targets": targets, "cube_mm": frames["cube_mm"]}

    # === Steps ===

    def train(self, batch):
        """One step on one global batch; losses and errors join the running sums."""
        self._train(batch)

    def _train_batch(self, batch):
        sums = self.strategy.run(self._replica_step, (batch,))
        self.sums.assign_add(self.strategy.reduce(tf.distribute.ReduceOp.SUM, sums, axis=None))
        self.step.assign_add(1)

    def _train_frames(self, batch):
        """Forward, backward and update on one replica's frames; returns the sums over them."""
        if not self.augment_on_host:
            batch = self._example(batch)
        replicas = self.strategy.num_replicas_in_sync
        frames = tf.cast(tf.shape(batch["crop"])[0] * replicas, tf.float32)
        with tf.GradientTape() as tape:
            outputs = self.model(batch["crop"], training=True)
            losses = loss_functions.losses(batch["targets"], outputs, self.variant.loss)
            decay = loss_functions.weight_decay(self.model, self.variant.loss.weight_decay)
            loss = tf.reduce_sum(losses["total_data"]) / frames + decay / replicas
            scaled = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, self.model.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.model.trainable_variables, strict=True))
        return self._sums(batch, outputs, losses, decay)

    def _sums(self, batch, outputs, losses, decay):
        """Sums over frames in the order of ``names``, as float64 [len(names)]."""
        error_mm = joint_distance(batch["targets"]["hand"], outputs["hand"]) * batch["cube_mm"] / 2
        values = {**losses, "total": losses["total_data"] + decay, "error_mm": error_mm}
        values["frames"] = tf.ones_like(error_mm)
        return tf.stack([tf.reduce_sum(tf.cast(values[name], tf.float64)) for name in self.names])

    # === Results ===

    def means(self):
        """Mean of each loss and of the error over the frames since ``start_epoch``."""
        return self._named(self.sums.numpy())

    def _named(self, sums):
        frames = max(sums[-1], 1)
        return {name: float(value / frames) for name, value in zip(self.names[:-1], sums, strict=False)}

    def learning_rate(self):
        """The rate of the next step."""
        return float(self.optimizer.learning_rate)

    def checkpoint(self):
        """Everything that a stopped run needs: weights, optimizer, sums and position.

        Variables are listed one by one: a checkpoint of the Keras objects themselves leaves out dropout's
        seeds and whatever a layer keeps in a list.
        """
        return tf.train.Checkpoint(
            weights=values(self.model.variables),
            optimizer=values(self.optimizer.variables),
            sums=self.sums,
            step=self.step,
            best_error_mm=self.best_error_mm,
        )


def values(variables):
    """The TensorFlow variables of Keras ones, as checkpoints take them."""
    return [variable.value for variable in variables]


def _compiled_by_xla(machine):
    if machine.jit_compile is None:
        return bool(tf.config.list_physical_devices("GPU"))
    return machine.jit_compile


def joint_distance(target, output):
    """Mean distance over joints, [B, 3J] and [B, 3J] -> [B], in the unit of the coordinates."""
    difference = tf.reshape(output - target, [-1, output.shape[1] // 3, 3])
    return tf.reduce_mean(tf.norm(difference, axis=-1), axis=-1)


def _sharded_by_frame(batches):
    """Several workers share each batch; files would not divide evenly among them."""
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return batches.with_options(options)
