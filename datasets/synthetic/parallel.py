"""Frames in chunks over worker processes, in order, with a progress bar."""

from collections.abc import Callable, Iterator
from typing import Any

import tqdm

from datasets import runtime

CHUNK = 64


def map_chunks(
    task: Callable[[int, int], Any], frames: int, workers: int | None = None
) -> Iterator[tuple[int, int, Any]]:
    """Yields (start, stop, task(start, stop)) over 0 .. frames in order.

    Args:
        task: picklable function of (start, stop).
        frames: int.
        workers: int or None. Processes; None takes one per core that this process may use, 1 runs in this
            process. Others are fresh interpreters, so a script that calls this needs
            ``if __name__ == "__main__":``.
    """
    workers = workers or runtime.available_cores()
    spans = [(start, min(start + CHUNK, frames)) for start in range(0, frames, CHUNK)]
    with tqdm.tqdm(total=frames, unit="frame", desc="rendering", disable=None) as bar:
        for (start, stop), result in _run(task, spans, min(workers, len(spans))):
            bar.update(stop - start)
            yield start, stop, result


def _run(task, spans, workers):
    if workers == 1:
        yield from ((span, task(*span)) for span in spans)
        return
    with runtime.one_thread_each(), runtime.worker_pool(workers) as submit:
        futures = [submit(task, *span) for span in spans]
        for span, future in zip(spans, futures, strict=True):
            yield span, future.result()
