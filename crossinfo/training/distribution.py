"""On which devices and machines a training runs, and what its processes agree on."""

import contextlib
import functools
import pathlib

import numpy as np
import tensorflow as tf

from crossinfo.config import Machine
from crossinfo.training.rendezvous import FORMING_SECONDS, ends_after, wait_for_workers
from datasets.errors import InputError
from datasets.io import locks

# What TensorFlow raises in a collective operation when the process at its other end has died.
_LOST = (
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.FailedPreconditionError,
    tf.errors.InternalError,
)
_LOST_MESSAGE = (
    "another worker has ended or cannot be reached; start all workers again with the same commands, and "
    "training goes on from the last checkpoint"
)


def configure(machine: Machine) -> tf.distribute.Strategy:
    """Sets up numerics and devices of this process; call it before any TensorFlow operation has run.

    Returns the strategy. Raises InputError on a bad ``TF_CONFIG`` and if a worker does not start in time.
    """
    tf.config.experimental.enable_tensor_float_32_execution(machine.tensor_float_32)
    if machine.deterministic:
        tf.config.experimental.enable_op_determinism()
    if machine.strategy == "multi_worker":
        return _multi_worker_strategy(machine.connect_minutes)
    return _local_strategy(machine.strategy)


@functools.cache
def _multi_worker_strategy(connect_minutes):
    """The strategy over the workers in ``TF_CONFIG``: one per process, before any operation has run."""
    try:
        wait_for_workers(connect_minutes)
        with ends_after(FORMING_SECONDS, _LOST_MESSAGE):
            return tf.distribute.MultiWorkerMirroredStrategy()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"`strategy`=multi_worker: TF_CONFIG is not valid: {error}") from None


@functools.cache
def _local_strategy(name):
    """The strategy of this machine: "mirrored" takes all GPUs or, without one, all logical CPU devices."""
    if name == "mirrored" or (name == "auto" and len(tf.config.list_physical_devices("GPU")) > 1):
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    return tf.distribute.get_strategy()


class Workers:
    """The processes of one training. Only the chief writes; decisions are taken by all together.

    Args:
        strategy: tf.distribute.Strategy.

    Attributes:
        count: int. Processes; 1 unless the strategy spans machines.
        rank: int. This process, from 0. The chief's is 0.
    """

    def __init__(self, strategy: tf.distribute.Strategy):
        self._strategy = strategy
        self.count, self.rank = 1, 0
        resolver = strategy.cluster_resolver
        if resolver is not None:
            cluster = resolver.cluster_spec()
            tasks = [
                (job, task) for job in sorted(cluster.jobs) for task in range(cluster.num_tasks(job))
            ]  # "chief" comes before "worker"
            if len(tasks) > 1:
                self.count, self.rank = len(tasks), tasks.index((resolver.task_type, resolver.task_id))

    @property
    def several(self) -> bool:
        """Whether there is more than one process."""
        return self.count > 1

    @property
    def chief(self) -> bool:
        """Whether this process writes files."""
        return self.rank == 0

    def gather(self, values: list[float]) -> np.ndarray:
        """The values of every worker, float64 [count, len(values)]; all workers wait for each other."""
        if not self.several:
            return np.array([values], np.float64)
        table = np.zeros((self.count, len(values)))
        table[self.rank] = values
        replicas = self._strategy.num_replicas_in_sync // self.count
        return self._sum(tf.constant(table)).numpy() / replicas

    @functools.cached_property
    def _sum(self):
        def all_reduce(values):
            context = tf.distribute.get_replica_context()
            # The copy lies on this replica's device; an argument has none, which the operation asks for.
            return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(values))

        @tf.function
        def sum_over_replicas(values):
            summed = self._strategy.run(all_reduce, (values,))
            return self._strategy.experimental_local_results(summed)[0]

        return sum_over_replicas

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any worker."""
        return bool(self.gather([float(flag)]).any())

    def wait(self) -> None:
        """Returns when every worker has called it."""
        self.gather([0.0])

    def check_equal(self, what: str, value: int) -> None:
        """Raises InputError in all workers, with each one's value, unless they are equal."""
        values = self.gather([value])[:, 0]
        if (values != values[0]).any():
            listed = ", ".join(f"{int(value)} in worker {rank}" for rank, value in enumerate(values))
            raise InputError(
                f"the workers disagree on {what}: {listed}; give all of them the same flags, data and a "
                "`work_dir` on a disk that they share"
            )

    @contextlib.contextmanager
    def locked(self, path: pathlib.Path, busy: str):
        """The chief holds a ``locks.exclusive`` file for the block, on behalf of all.

        Args:
            path: path of the file.
            busy: the message if another process holds it.

        Raises InputError in every worker if another process holds it.
        """
        with contextlib.ExitStack() as held:
            refused = None
            if self.chief:
                try:
                    held.enter_context(locks.exclusive(path, busy))
                except InputError as error:
                    refused = error
            if self.any(refused is not None):
                raise refused or InputError(busy)
            yield

    @contextlib.contextmanager
    def loss_reported(self):
        """Turns TensorFlow's errors after the death of another worker into one InputError."""
        try:
            yield
        except _LOST:
            if not self.several:
                raise
            raise InputError(_LOST_MESSAGE) from None
