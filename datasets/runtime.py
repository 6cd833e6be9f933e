"""Processes: TensorFlow's quiet start, its GPUs, and workers on one core each."""

import contextlib
import os


def available_cores():
    """Number of processor cores that this process may use: int."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def import_tensorflow():
    """Imports TensorFlow without its start-up notices, which would bury the one line that matters.

    GPUs give memory as it is needed, so that several processes can share one.

    Commands call it before they import what needs TensorFlow. Some notices are written by libraries as
    they load and heed no setting, so standard error is closed for the time of the import.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        import tensorflow

        _let_gpu_memory_grow(tensorflow)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
    return tensorflow


def _let_gpu_memory_grow(tensorflow):
    for gpu in tensorflow.config.list_physical_devices("GPU"):
        # A process that has set up its GPUs already keeps them as they are.
        with contextlib.suppress(RuntimeError, ValueError):
            tensorflow.config.experimental.set_memory_growth(gpu, True)


def use_one_core():
    """Start of a worker process: TensorFlow on one core, since there is one worker per core, and no GPU.

    It stands here, in a module without TensorFlow, so that the worker imports nothing noisy before it.
    """
    tensorflow = import_tensorflow()
    tensorflow.config.set_visible_devices([], "GPU")
    tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
