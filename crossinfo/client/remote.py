"""A model on a server, called as if it were local."""

import random
import re
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from crossinfo.client.transport import Model, Transport, check_size
from datasets.errors import InputError

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0


class Request(NamedTuple):
    """The arguments of one ``Remote.call``: a signature's name and its inputs by name."""

    signature: str
    inputs: Mapping[str, ArrayLike]


class Remote:
    """A served model, with the same ``call`` as a local predictor. Threads may share it.

    Args:
        transport: The connection to the server.
        deadline_s: Time limit in seconds for one call, retries included.
        retries: How many times a call is retried while the server is unavailable.
    """

    def __init__(self, transport: Transport, deadline_s: float = 30.0, retries: int = 5):
        self._transport = transport
        self._deadline_s = deadline_s
        self._retries = retries

    def call(self, signature: str, **arrays: ArrayLike) -> dict[str, np.ndarray]:
        """Runs a signature on arrays (``image_bytes`` is a list of bytes) and returns its outputs by name.

        Raises InputError with the server's message if it rejects the request, ConnectionError if it cannot
        be reached, TimeoutError after the deadline, and OSError if the server itself fails.
        """
        request = self._transport.encode(signature, arrays)
        check_size(self._transport.server, request)
        deadline = time.monotonic() + self._deadline_s
        for pause_s in retry_pauses(self._retries):
            try:
                return self._transport.send(signature, request, deadline - time.monotonic())
            except ConnectionError:
                if pause_s is None or time.monotonic() + pause_s >= deadline:
                    raise
            time.sleep(pause_s)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._transport.close()


def retry_pauses(retries: int) -> Iterator[float | None]:
    """Seconds to wait after each failed attempt; None after the last one.

    The pauses double up to a limit, and are jittered so that many clients do not retry together.
    """
    for attempt in range(retries):
        yield min(FIRST_PAUSE_S * 2**attempt, LONGEST_PAUSE_S) * random.uniform(0.5, 1)
    yield None


def connect(
    server: str, model: Model, deadline_s: float = 30.0, retries: int = 5, connections: int = 1
) -> Remote:
    """A ``Remote`` for a server's address; nothing is sent yet.

    Args:
        server: ``host:port`` for gRPC, ``http://host:port`` or ``https://host:port`` for REST.
        model: The model to call.
        deadline_s: Time limit in seconds for one call, retries included.
        retries: How many times a call is retried while the server is unavailable.
        connections: Number of HTTP connections to keep open, one per calling thread.

    Raises:
        InputError: If the address has neither form.
    """
    if re.fullmatch(r"https?://[^/\s]+(/\S*)?", server):
        from crossinfo.client.rest import Rest

        return Remote(Rest(server, model, connections), deadline_s, retries)
    if re.fullmatch(r"[^/\s]+:\d{1,5}", server):
        from crossinfo.client.rpc import Rpc

        return Remote(Rpc(server, model), deadline_s, retries)
    raise InputError(f"`server`={server}: expected host:port for gRPC, or http://host:port for REST")
