"""Throughput and latency of a model server."""

import concurrent.futures
import dataclasses
import itertools
import time
from collections.abc import Sequence

import numpy as np

from crossinfo.client.remote import Remote, Request


@dataclasses.dataclass(frozen=True)
class Measurement:
    """The result of ``measure``.

    Args:
        concurrency: Number of requests in flight at a time.
        seconds: Wall-clock time of all requests together.
        latencies_ms: float64 [N], one for each request, with encoding and decoding.
    """

    concurrency: int
    seconds: float
    latencies_ms: np.ndarray

    def __str__(self):
        requests = len(self.latencies_ms)
        p50, p90, p99 = np.percentile(self.latencies_ms, (50, 90, 99))
        return (
            f"{requests} requests, {self.concurrency} at a time, in {self.seconds:.2f} s: "
            f"{requests / self.seconds:.1f} requests/s; "
            f"latency p50 {p50:.1f} ms, p90 {p90:.1f} ms, p99 {p99:.1f} ms"
        )


def measure(remote: Remote, requests: Sequence[Request], count: int, concurrency: int) -> Measurement:
    """Sends the requests in turn, over and over, and times them.

    Args:
        remote: The model to call.
        requests: The requests to send.
        count: How many are timed. One warm-up request per thread, which opens its connection, is not.
        concurrency: Number of threads.

    Returns:
        The measurement. Raises the error of the first request that fails, as ``Remote.call`` does.
    """

    def latency_ms(request):
        start = time.perf_counter()
        remote.call(request.signature, **request.inputs)
        return (time.perf_counter() - start) * 1000

    with concurrent.futures.ThreadPoolExecutor(concurrency) as pool:
        try:
            list(pool.map(latency_ms, itertools.islice(itertools.cycle(requests), concurrency)))
            start = time.perf_counter()
            latencies_ms = list(pool.map(latency_ms, itertools.islice(itertools.cycle(requests), count)))
            seconds = time.perf_counter() - start
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return Measurement(concurrency, seconds, np.array(latencies_ms))
