"""Processes: TensorFlow's quiet start, its GPUs, and workers on one core each."""

import contextlib
import os
import types
from collections.abc import Iterator


def available_cores() -> int:
    """Number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def import_tensorflow() -> types.ModuleType:
    """TensorFlow, imported without its start-up notices, which would bury the one line that matters.

    GPUs give memory as it is needed, so that several processes can share one. Commands call this before
    they import modules that need TensorFlow.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _silent_stderr():
        import tensorflow

        for gpu in tensorflow.config.list_physical_devices("GPU"):
            # A process that has set up its GPUs already keeps them as they are.
            with contextlib.suppress(RuntimeError, ValueError):
                tensorflow.config.experimental.set_memory_growth(gpu, True)
    return tensorflow


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Drops what is written to file descriptor 2.

    TensorFlow's libraries log before they set up their logging, and so heed neither ``sys.stderr`` nor
    ``TF_CPP_MIN_LOG_LEVEL``.
    """
    stderr = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


@contextlib.contextmanager
def one_thread_each() -> Iterator[None]:
    """Processes started within compute on one thread: there is one for each core, and threads that wait spin.

    The libraries read these variables when they are loaded, so that a process cannot set its own.
    """
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def use_one_core() -> None:
    """Start of a worker process: TensorFlow on one core, as there is one worker per core, and on no GPU.

    It is defined here, in a module without TensorFlow, so that a worker imports nothing noisy before it.
    """
    tensorflow = import_tensorflow()
    tensorflow.config.set_visible_devices([], "GPU")
    tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
