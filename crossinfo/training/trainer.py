"""The train step: on one device, several GPUs and several machines.

The step is a ``tf.function`` under ``strategy.run``: ``Model.fit`` fails under several workers in
Keras 3.15. XLA compiles the forward and backward pass; the update stands outside it, in the replica
function, since Keras' optimizer asks for a merge there. What replicas have to agree on after each step
(moving statistics, sums, a non-finite gradient, a request to stop) travels in one small all-reduce, so
that replicas stay equal and any of them can be saved at any step.
"""

import math
from collections.abc import Callable

import keras
import tensorflow as tf

from crossinfo import losses as loss_functions
from crossinfo.config import Machine, ScheduleConfig, Variant
from crossinfo.training import distribution
from datasets import augment, pipeline
from datasets.errors import InputError
from datasets.shards import ShardSet
from datasets.skeletons import Skeleton

# Replica r draws its dropout masks from the seed of replica 0 plus r times this.
_SEED_STRIDE = 1_000_003
# A loss scale this small means that no step has been finite for a long time.
_SMALLEST_SCALE = 2.0**-40


def make_optimizer(
    schedule: ScheduleConfig, steps_per_epoch: int, precision: str
) -> keras.optimizers.Optimizer:
    """Adam with the variant's learning-rate curve; float16 gets dynamic loss scaling.

    Args:
        schedule: ScheduleConfig.
        steps_per_epoch: int.
        precision: name of a Keras dtype policy.
    """
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
        build_model: function without arguments -> CrossInfoNet, called in the strategy's scope.
        variant: Variant.
        skeleton: Skeleton.
        steps_per_epoch: int.
        precision: str. Name of a Keras dtype policy.
        machine: Machine.

    Raises InputError if the batch cannot be shared evenly by the strategy's devices.
    """

    def __init__(
        self,
        build_model: Callable[[], keras.Model],
        variant: Variant,
        skeleton: Skeleton,
        steps_per_epoch: int,
        precision: str,
        machine: Machine,
    ):
        self.variant, self.skeleton, self.steps_per_epoch = variant, skeleton, steps_per_epoch
        self.strategy = distribution.configure(machine)
        self.workers = distribution.Workers(self.strategy)
        self.replicas = self.strategy.num_replicas_in_sync
        _check_shares(variant.schedule.batch_size, self.replicas)
        self.augment_on_host = not _on_device(machine.augment_on)
        self.sampler = augment.SAMPLERS[variant.schedule.augmentation]
        with self.strategy.scope():
            self.model = build_model()
            self.optimizer = make_optimizer(variant.schedule, steps_per_epoch, precision)
            self.optimizer.build(self.model.trainable_variables)
        floating = [tf.as_dtype(variable.dtype).is_floating for variable in self.model.variables]
        states = list(zip(self.model.variables, floating, strict=True))
        trainable = {id(variable) for variable in self.model.trainable_variables}
        self._statistics = [v for v, is_float in states if is_float and id(v) not in trainable]
        self._seeds = [v for v, is_float in states if not is_float]
        self.names = sorted(self.model.output) + ["total", "error_mm", "frames"]
        self.sums = tf.Variable(tf.zeros(len(self.names), tf.float64), name="sums")
        self.step = tf.Variable(0, dtype=tf.int64, name="step")
        self.best_error_mm = tf.Variable(float("inf"), name="best_error_mm")
        self._compute = tf.function(self._forward_and_backward, jit_compile=_compiled_by_xla(machine))
        self._train = tf.function(self._train_batch)
        self._stop_votes = None
        self.part_seeds()

    # === Batches ===

    def training_batches(self, shard_set: ShardSet, batch_size: int, seed: int, epoch: int, skip: int):
        """One epoch of batches for ``train``: each worker reads, parses and augments its own share.

        Args:
            shard_set: ShardSet.
            batch_size: int. Frames of one step over all replicas.
            seed, epoch: int. They fix the order and the augmentation.
            skip: int. Steps of this epoch already done.
        """
        joints = len(self.skeleton)

        def share(context: tf.distribute.InputContext) -> tf.data.Dataset:
            batches = pipeline.training_batches(
                shard_set,
                joints,
                batch_size,
                seed,
                epoch,
                skip,
                pipelines=context.num_input_pipelines,
                index=context.input_pipeline_id,
                replicas_each=self.replicas // context.num_input_pipelines,
            )
            if self.augment_on_host:
                batches = batches.map(self._example, num_parallel_calls=tf.data.AUTOTUNE).prefetch(4)
            return batches if self.replicas > 1 else batches.apply(_to_device())

        return self.strategy.distribute_datasets_from_function(share)

    def _example(self, frames):
        crop, targets = pipeline.example(frames, self.skeleton, self.sampler)
        return {"crop": crop, "targets": targets, "cube_mm": frames["cube_mm"]}

    # === Steps ===

    def train(self, batch: dict, stop: bool = False) -> bool:
        """One step on one global batch; losses and errors join the running sums.

        Args:
            batch: one element of ``training_batches``.
            stop: bool. Whether this process was asked to stop.

        Returns whether training stops after this step. Several workers agree on it one step later, so
        that nobody waits for the device.
        """
        votes, self._stop_votes = self._stop_votes, self._train(batch, tf.constant(float(stop)))
        if not self.workers.several:
            return stop
        return votes is not None and float(votes) > 0

    def traced_step(self, batch: dict):
        """The graph of one step on such batches, not run: a ``tf.types.experimental.ConcreteFunction``."""
        return self._train.get_concrete_function(batch, tf.constant(0.0))

    def _train_batch(self, batch, stop):
        sums, votes = self.strategy.run(self._replica_step, (batch, stop))
        first = self.strategy.experimental_local_results
        self.sums.assign_add(tf.cast(first(sums)[0], tf.float64))
        self.step.assign_add(1)
        return first(votes)[0]

    def _replica_step(self, batch, stop):
        """One replica's frames, and the update; returns (sums over all replicas' frames, votes to stop)."""
        gradients, sums, bad = self._compute(batch)
        if self.replicas > 1:
            statistics = tf.concat([tf.reshape(v.value, [-1]) for v in self._statistics], axis=0)
            others = tf.cast(tf.concat([sums, [bad, stop]], axis=0), statistics.dtype)
            shared = tf.concat([statistics / self.replicas, others], axis=0)
            shared = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, shared)
            self._assign_statistics(shared)
            sums, bad, stop = shared[-2 - len(self.names) : -2], shared[-2], shared[-1]
        if isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer):
            # It looks at one replica's gradients alone: all of them have to see what any of them saw.
            gradients[0] += tf.where(bad > 0, float("nan"), 0.0)
            sums = tf.where(bad > 0, 0.0, sums)
        self.optimizer.apply_gradients(zip(gradients, self.model.trainable_variables, strict=True))
        return sums, stop

    def _assign_statistics(self, flat):
        start = 0
        for variable in self._statistics:
            size = math.prod(variable.shape)
            variable.assign(tf.reshape(flat[start : start + size], variable.shape))
            start += size

    def _forward_and_backward(self, batch):
        """(gradients, float32 sums over this replica's frames in the order of ``names``, 0.0 or 1.0)."""
        if not self.augment_on_host:
            batch = self._example(batch)
        frames = tf.shape(batch["crop"])[0] * self.replicas
        with tf.GradientTape() as tape:
            outputs = self.model(batch["crop"], training=True)
            losses = loss_functions.losses(batch["targets"], outputs, self.variant.loss)
            decay = loss_functions.weight_decay(self.model, self.variant.loss.weight_decay)
            loss = tf.reduce_sum(losses["total_data"]) / tf.cast(frames, decay.dtype) + decay / self.replicas
            scaled = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, self.model.trainable_variables)
        return gradients, self._sums(batch, outputs, losses, decay), self._bad(gradients)

    def _bad(self, gradients):
        """1.0 if a gradient is not finite; only float16 asks, which recovers by skipping the step."""
        if not isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer):
            return tf.constant(0.0)
        finite = [tf.reduce_all(tf.math.is_finite(gradient)) for gradient in gradients]
        return 1.0 - tf.cast(tf.reduce_all(finite), tf.float32)

    def _sums(self, batch, outputs, losses, decay):
        hand = tf.cast(outputs["hand"], tf.float32)
        error_mm = joint_distance(batch["targets"]["hand"], hand) * batch["cube_mm"] / 2
        values = {**losses, "total": losses["total_data"] + decay, "error_mm": error_mm}
        values["frames"] = tf.ones_like(error_mm)
        return tf.stack([tf.cast(tf.reduce_sum(values[name]), tf.float32) for name in self.names])

    # === Results and state ===

    def means(self) -> dict[str, float]:
        """Mean of each loss and of the error over the epoch's frames so far; waits for the device."""
        sums = self.sums.numpy()
        frames = max(sums[-1], 1)
        return {name: float(value / frames) for name, value in zip(self.names[:-1], sums, strict=False)}

    def check_finite(self) -> None:
        """Raises InputError if the loss is no longer a number, or no step is finite in float16."""
        total = self.means()["total"]
        scale = getattr(self.optimizer, "dynamic_scale", None)
        collapsed = scale is not None and float(scale.value.read_value()) < _SMALLEST_SCALE
        if collapsed or not math.isfinite(total):
            problem = "float16 overflows in every step" if collapsed else f"the loss is {total}"
            raise InputError(
                f"training became non-finite by step {int(self.step)}: {problem}; earlier checkpoints are "
                "kept. Use a lower `learning_rate` or `precision`=float32 in another `work_dir`"
            )

    def learning_rate(self) -> float:
        """The rate of the next step."""
        return float(self.optimizer.learning_rate)

    def part_seeds(self) -> None:
        """Gives each replica dropout masks of its own; call it again after a checkpoint is restored."""
        if self.replicas == 1 or not self._seeds:
            return

        @tf.function
        def part():
            self.strategy.run(self._part_replica_seeds)

        part()

    def _part_replica_seeds(self):
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        for seed in self._seeds:
            # All but the first replica: a restored checkpoint holds the first one's state.
            seed.assign(seed.value + tf.cast(tf.stack([replica * _SEED_STRIDE, 0]), seed.dtype))

    def checkpoint(self) -> tf.train.Checkpoint:
        """Everything that a stopped run needs: weights, optimizer, sums and position.

        Variables are listed one by one: a checkpoint of the Keras objects themselves leaves out dropout's
        seeds and whatever a layer keeps in a list.
        """
        return tf.train.Checkpoint(
            weights=tf_variables(self.model.variables),
            optimizer=tf_variables(self.optimizer.variables),
            sums=self.sums,
            step=self.step,
            best_error_mm=self.best_error_mm,
        )


def tf_variables(variables: list[keras.Variable]) -> list[tf.Variable]:
    """The TensorFlow variables of Keras ones, as checkpoints take them."""
    return [variable.value for variable in variables]


def joint_distance(target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    """Mean distance over joints, [B, 3J] and [B, 3J] -> [B], in the unit of the coordinates."""
    difference = tf.reshape(output - target, [-1, output.shape[1] // 3, 3])
    return tf.reduce_mean(tf.norm(difference, axis=-1), axis=-1)


def _check_shares(batch_size, replicas):
    if batch_size % replicas:
        raise InputError(
            f"`batch_size`={batch_size}: cannot be shared evenly by {replicas} devices; "
            f"use a multiple of {replicas}"
        )


def _has_gpu():
    return bool(tf.config.list_logical_devices("GPU"))


def _on_device(augment_on):
    return _has_gpu() if augment_on == "auto" else augment_on == "device"


def _compiled_by_xla(machine):
    return _has_gpu() if machine.jit_compile is None else machine.jit_compile


def _to_device():
    """The copy of the next batches to the one device that trains; a strategy of several does its own."""
    return tf.data.experimental.prefetch_to_device("/GPU:0" if _has_gpu() else "/CPU:0")
