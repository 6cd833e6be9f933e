"""Processes that render chunks of pictures beside a training, a few chunks ahead of it."""

import contextlib
import multiprocessing
import pathlib
import time
import zipfile
from collections.abc import Callable

import numpy as np

from datasets import runtime
from datasets.errors import InputError
from datasets.io import atomic

AHEAD = 64
Arrays = dict[str, np.ndarray]
Make = Callable[[int], dict[str, Arrays]]
_PAUSE_SECONDS = 0.2


class Renderer:
    """Chunks of arrays by number, rendered when they are missing and kept on disk.

    Each chunk is a function of the settings' seed and its number alone. A file is whole or not there, so
    that a stopped run goes on with what it has.

    Args:
        folder: of the chunks' files.
        make: picklable function of a chunk's number -> {kind: arrays}, the same kinds for every chunk.
        kinds: names of what ``make`` makes.
        chunks: int. Chunks are numbered 0 .. chunks.
        workers: int. Processes.
    """

    def __init__(self, folder: pathlib.Path, make: Make, kinds: tuple[str, ...], chunks: int, workers: int):
        self._folder, self._make, self._kinds = folder, make, kinds
        self._chunks, self._workers = chunks, workers
        self._processes = []
        self._wanted = None

    def __enter__(self):
        self._folder.mkdir(parents=True, exist_ok=True)
        for unfinished in self._folder.glob(".*.tmp"):
            unfinished.unlink()
        # Fork would copy a parent that holds TensorFlow's threads and locks.
        context = multiprocessing.get_context("spawn")
        self._wanted = context.Value("q", 0)
        for worker in range(self._workers):
            numbers = range(worker, self._chunks, self._workers)
            arguments = (self._folder, self._make, self._kinds, self._wanted, numbers)
            process = context.Process(target=_render, args=arguments, daemon=True)
            with runtime.one_thread_each():
                process.start()
            self._processes.append(process)
        return self

    def __exit__(self, *error):
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join()

    def chunk(self, kind: str, number: int) -> Arrays:
        """The arrays of one chunk for one stage; waits until they are rendered.

        Args:
            kind: one of the kinds.
            number: int.

        Raises InputError if a rendering process has ended before.
        """
        self._wanted.value = max(self._wanted.value, number)
        path = chunk_path(self._folder, kind, number)
        while not path.exists():
            if all(process.exitcode is not None for process in self._processes) and not path.exists():
                raise InputError(f"{path}: the rendering processes ended before it was made; run it again")
            time.sleep(_PAUSE_SECONDS)
        return load(path)


def chunk_path(folder: pathlib.Path, kind: str, number: int) -> pathlib.Path:
    """The file of one chunk."""
    return folder / f"{kind}-{number:06d}.npz"


def load(path: pathlib.Path) -> Arrays:
    """The arrays of a file; raises InputError if it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: damaged ({error}); remove it, and it is rendered again") from None


def _render(folder, make, kinds, wanted, numbers):
    with contextlib.suppress(KeyboardInterrupt):
        runtime.use_one_core()
        for number in numbers:
            while number > wanted.value + AHEAD:
                time.sleep(_PAUSE_SECONDS)
            if not all(chunk_path(folder, kind, number).exists() for kind in kinds):
                write(folder, number, make(number))


def write(folder: pathlib.Path, number: int, chunk: dict[str, Arrays]) -> None:
    """Writes the files of a chunk, each whole or not at all."""
    for kind, arrays in chunk.items():
        with atomic.atomic_write(chunk_path(folder, kind, number), "wb") as file:
            np.savez(file, **arrays)
