"""How many requests a second a server answers, and how long each waits."""

import concurrent.futures
import dataclasses
import itertools
import time

import numpy as np


@dataclasses.dataclass(frozen=True)
class Timing:
    """What was measured.

    Args:
        requests: int. Requests answered.
        concurrency: int. Requests under way at a time.
        seconds: float. Wall-clock time for all.
        latencies_ms: float64 [requests]. From before encoding to after decoding.
    """

    requests: int
    concurrency: int
    seconds: float
    latencies_ms: np.ndarray

    def __str__(self):
        p50, p90, p99 = np.percentile(self.latencies_ms, (50, 90, 99))
        return (
            f"{self.requests} requests, {self.concurrency} at a time, in {self.seconds:.2f} s: "
            f"{self.requests / self.seconds:.1f} requests/s; "
            f"latency p50 {p50:.1f} ms, p90 {p90:.1f} ms, p99 {p99:.1f} ms"
        )


def measure(remote, jobs, requests, concurrency):
    """Sends ``jobs`` in turn, again and again.

    Args:
        remote: ``crossinfo.client.Remote``.
        jobs: list of (signature, {input: array}).
        requests: int. How many are measured; one each thread goes before, to open its connection.
        concurrency: int. Threads.

    Returns ``Timing``. Raises the first request's error as ``Remote.call`` does.
    """

    def timed_ms(job):
        start = time.perf_counter()
        remote.call(job[0], **job[1])
        return (time.perf_counter() - start) * 1000

    with concurrent.futures.ThreadPoolExecutor(concurrency) as pool:
        try:
            list(pool.map(timed_ms, itertools.islice(itertools.cycle(jobs), concurrency)))
            start = time.perf_counter()
            latencies_ms = list(pool.map(timed_ms, itertools.islice(itertools.cycle(jobs), requests)))
            seconds = time.perf_counter() - start
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return Timing(requests, concurrency, seconds, np.array(latencies_ms))
