"""Processes that render chunks of pictures beside a training, a few chunks ahead of it."""

import contextlib
import multiprocessing
import pathlib
import time

import numpy as np

from crossinfo.pretrain.settings import Settings
from datasets import runtime, synthetic
from datasets.errors import InputError
from datasets.io import atomic
from datasets.synthetic import scene

AHEAD = 64
KINDS = ("localiser", "pose")
# What the pictures show.
OPTIONS = {"views": "any", "scenes": scene.SCENES, "sensor": "mixed", "poses": "natural"}
_PAUSE_SECONDS = 0.2


class Renderer:
    """Chunks of arrays by number, rendered when they are missing and kept on disk.

    Each chunk is a function of the settings' seed and its number alone. A file is whole or not there, so
    that a stopped run goes on with what it has.

    Args:
        folder: of the chunks' files.
        settings: Settings.
        workers: int. Processes.
    """

    def __init__(self, folder: pathlib.Path, settings: Settings, workers: int):
        self._folder, self._settings, self._workers = folder, settings, workers
        self._processes = []
        self._wanted = None

    def __enter__(self):
        self._folder.mkdir(parents=True, exist_ok=True)
        for unfinished in self._folder.glob(".*.tmp"):
            unfinished.unlink()
        # Fork would copy a parent that holds TensorFlow's threads and locks.
        context = multiprocessing.get_context("spawn")
        self._wanted = context.Value("q", 0)
        chunks = max(span.first + span.chunks for span in self._settings.spans.values())
        for worker in range(self._workers):
            arguments = (self._folder, self._settings, self._wanted, range(worker, chunks, self._workers))
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

    def chunk(self, kind: str, number: int) -> dict[str, np.ndarray]:
        """The arrays of one chunk for one stage; waits until they are rendered.

        Args:
            kind: "localiser" or "pose".
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


def load(path: pathlib.Path) -> dict[str, np.ndarray]:
    """The arrays of a file; raises InputError if it is damaged."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path}: damaged ({error}); remove it, and it is rendered again") from None


def _render(folder, settings, wanted, numbers):
    with contextlib.suppress(KeyboardInterrupt):
        runtime.use_one_core()
        for number in numbers:
            while number > wanted.value + AHEAD:
                time.sleep(_PAUSE_SECONDS)
            if not all(chunk_path(folder, kind, number).exists() for kind in KINDS):
                _write(folder, settings, number)


def _write(folder, settings, number):
    first = number * settings.chunk_pictures
    for kind, arrays in render(settings.seed, first, settings.chunk_pictures).items():
        with atomic.atomic_write(chunk_path(folder, kind, number), "wb") as file:
            np.savez(file, **arrays)


def render(seed: int, first: int, count: int, **changes) -> dict[str, dict[str, np.ndarray]]:
    """The arrays of pictures ``first`` .. ``first + count`` of a seed, {kind: arrays}.

    Args:
        seed, first, count: int.
        **changes: fields of ``synthetic.Options`` that differ from pretraining's.
    """
    from crossinfo.pretrain import frames

    options = synthetic.Options(**{**OPTIONS, **changes})
    pictures = [scene.picture(seed, index, options) for index in range(first, first + count)]
    rng = np.random.default_rng([seed, first, 7])
    return {
        "localiser": frames.localiser_arrays(pictures, rng),
        "pose": frames.pose_arrays(pictures, rng),
    }
