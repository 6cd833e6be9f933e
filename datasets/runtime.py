"""Processes: TensorFlow's quiet start, its GPUs, and workers on one core each."""

import concurrent.futures
import concurrent.futures.process
import contextlib
import multiprocessing
import os
import signal
import threading
import types
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker

from datasets.errors import InputError


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


@contextlib.contextmanager
def worker_pool(
    workers: int, start: Callable[[], None] | None = None
) -> Iterator[Callable[..., concurrent.futures.Future]]:
    """Worker processes for the block, which gets ``submit(function, *arguments) -> Future``.

    They are fresh interpreters: TensorFlow does not survive a fork. They end with this process, even if it is
    killed, and at once when the block raises. Ctrl-C is this process's alone.

    Args:
        workers: int.
        start: picklable function that each worker calls first.

    Raises InputError if a worker was killed.
    """
    context = multiprocessing.get_context("spawn")
    alive, this_process = context.Pipe(duplex=False)
    pool = concurrent.futures.ProcessPoolExecutor(workers, context, _start_worker, (alive, start))
    resource_tracker.ensure_running()  # which unblocks SIGINT where it starts it

    def submit(function, *arguments):
        with _sigint_blocked():  # a worker inherits this
            return pool.submit(function, *arguments)

    try:
        yield submit
        pool.shutdown()
    except concurrent.futures.process.BrokenProcessPool:
        raise InputError(
            "a worker process was killed; where memory is short, take fewer `workers`, and run the same "
            "command again"
        ) from None
    finally:
        this_process.close()
        pool.shutdown(cancel_futures=True)
        alive.close()


@contextlib.contextmanager
def _sigint_blocked():
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker(parent, start):
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    if start is not None:
        start()


def _end_with(parent):
    """Ends this process when the other end of a pipe is closed: by its owner, or by the owner's death."""
    with contextlib.suppress(EOFError, OSError):
        parent.recv_bytes()
    os._exit(1)


def use_one_core() -> None:
    """Start of a worker process: TensorFlow on one core, as there is one worker per core, and on no GPU.

    It is defined here, in a module without TensorFlow, so that a worker imports nothing noisy before it.
    """
    tensorflow = import_tensorflow()
    tensorflow.config.set_visible_devices([], "GPU")
    tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
