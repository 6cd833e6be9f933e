"""A network behind a server, called as if it were here."""

import dataclasses
import random
import re
import time

from crossinfo.client.failures import check_size
from datasets.errors import InputError

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0


@dataclasses.dataclass(frozen=True)
class Model:
    """Which network of a server.

    Args:
        name: str. Its name in the server's configuration.
        version: int or None. None takes the newest.
        label: str or None. A label, such as stable, in place of a version.
    """

    name: str
    version: int | None = None
    label: str | None = None


class Remote:
    """A served network; ``call`` is that of ``crossinfo.inference.loading.Served``. Threads may share it.

    Args:
        transport: ``rpc.Rpc`` or ``rest.Rest``.
        deadline_s: float. Seconds for one call with all its tries.
        retries: int. How often a call is tried again when the server is unavailable.
    """

    def __init__(self, transport, deadline_s=30.0, retries=5):
        self._transport = transport
        self._deadline_s = deadline_s
        self._retries = retries

    def call(self, signature, **arrays):
        """Runs a signature on arrays (bytes for ``image_bytes``); gives a dict of arrays.

        Raises InputError with the server's words if it refuses the request, ConnectionError if it cannot
        be reached, TimeoutError after the deadline, OSError for the server's own failure.
        """
        request = self._transport.encode(signature, arrays)
        check_size(self._transport.server, request)
        end = time.monotonic() + self._deadline_s
        for pause_s in _pauses(self._retries):
            try:
                return self._transport.send(signature, request, end - time.monotonic())
            except ConnectionError:
                if pause_s is None or time.monotonic() + pause_s >= end:
                    raise
            time.sleep(pause_s)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._transport.close()


def _pauses(retries):
    """Seconds to wait after each failed try, doubling, none after the last; spread, so that clients part."""
    for attempt in range(retries):
        yield min(FIRST_PAUSE_S * 2**attempt, LONGEST_PAUSE_S) * random.uniform(0.5, 1)
    yield None


def connect(server, model, deadline_s=30.0, retries=5, connections=1):
    """``Remote`` for ``host:port`` (gRPC) or ``http://host:port`` (REST); nothing is sent yet.

    Args:
        server: str.
        model: Model.
        deadline_s, retries: as ``Remote``.
        connections: int. HTTP connections to keep open: as many as threads will call.

    Raises InputError naming ``--server``.
    """
    if re.fullmatch(r"https?://[^/\s]+(/\S*)?", server):
        from crossinfo.client.rest import Rest

        return Remote(Rest(server, model, connections), deadline_s, retries)
    if re.fullmatch(r"[^/\s]+:\d{1,5}", server):
        from crossinfo.client.rpc import Rpc

        return Remote(Rpc(server, model), deadline_s, retries)
    raise InputError(f"--server={server}: expected host:port for gRPC, or http://host:port for REST")
