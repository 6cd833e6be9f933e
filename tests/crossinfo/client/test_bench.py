"""How the bench measures: what it sends, counts and prints."""

import threading

import numpy as np
import pytest

from crossinfo.client import bench
from crossinfo.client.remote import Request

REQUESTS = [Request("png", {"image_bytes": [bytes([number])]}) for number in range(3)]


class Recording:
    """A server that notes what it is sent, and fails once."""

    def __init__(self, fails_at=None):
        self.sent, self._lock, self._fails_at = [], threading.Lock(), fails_at

    def call(self, signature, image_bytes):
        with self._lock:
            self.sent.append((signature, image_bytes[0][0]))
            if len(self.sent) == self._fails_at:
                raise ConnectionError("gone")


def test_requests_are_sent_in_turn_after_one_warm_up_per_thread():
    remote = Recording()
    measurement = bench.measure(remote, REQUESTS, count=7, concurrency=2)
    assert len(remote.sent) == 2 + 7
    assert [number for _, number in sorted(remote.sent)] == [0] * 4 + [1] * 3 + [2] * 2
    assert measurement.concurrency == 2 and len(measurement.latencies_ms) == 7
    assert np.all(measurement.latencies_ms <= 1000 * measurement.seconds)


def test_the_first_error_ends_it():
    with pytest.raises(ConnectionError, match="gone"):
        bench.measure(Recording(fails_at=4), REQUESTS, count=10, concurrency=1)


def test_rate_and_percentiles_are_printed():
    text = str(bench.Measurement(concurrency=4, seconds=2.0, latencies_ms=np.arange(1.0, 102.0)))
    assert text == (
        "101 requests, 4 at a time, in 2.00 s: 50.5 requests/s; "
        "latency p50 51.0 ms, p90 91.0 ms, p99 100.0 ms"
    )
