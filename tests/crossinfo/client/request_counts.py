"""The stand-in server's metrics: requests by model and status, and their times, as Prometheus reads them."""

import collections
import contextlib
import threading
import time


class RequestCounts:
    """Counts predictions. Threads may share it."""

    def __init__(self):
        self._lock = threading.Lock()
        self._counts, self._times_us = collections.Counter(), collections.Counter()

    @contextlib.contextmanager
    def counted(self, model, refused):
        """Counts what happens in the block, an exception ``refused`` by its code."""
        start, status = time.perf_counter(), "OK"
        try:
            yield
        except refused as error:
            status = error.code
            raise
        finally:
            with self._lock:
                self._counts[model, status] += 1
                self._times_us[model] += 1e6 * (time.perf_counter() - start)

    def page(self):
        """Prometheus' text format."""
        count, latency = ":tensorflow:serving:request_count", ":tensorflow:serving:request_latency"
        with self._lock:
            lines = [f"# TYPE {count} counter"]
            for (model, status), number in self._counts.items():
                lines.append(f'{count}{{model_name="{model}",status="{status}"}} {number}')
            lines.append(f"# TYPE {latency} histogram")
            for model, time_us in self._times_us.items():
                number = sum(each for (name, _), each in self._counts.items() if name == model)
                lines.append(f'{latency}_bucket{{model_name="{model}",le="+Inf"}} {number}')
                lines.append(f'{latency}_sum{{model_name="{model}"}} {time_us}')
                lines.append(f'{latency}_count{{model_name="{model}"}} {number}')
        return "\n".join(lines) + "\n"
