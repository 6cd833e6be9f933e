"""A model on a server, called as if it were local."""

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from crossinfo.client.transport import Model, Transport, check_rows, check_size
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
        retries: How many times a call is retried while the server is unavailable or has no thread free.

    Attributes:
        finds_hands: Always False: whether the model has the signature ``hands`` is not asked for.
    """

    finds_hands = False

    def __init__(self, transport: Transport, deadline_s: float = 30.0, retries: int = 5):
        self._transport = transport
        self._deadline_s = deadline_s
        self._retries = retries

    def call(self, signature: str, **arrays: ArrayLike) -> dict[str, np.ndarray]:
        """Runs a signature on arrays (``image_bytes`` is a list of bytes) and returns its outputs by name.

        Raises InputError for an empty batch, which is not sent, and with the server's message if it rejects
        the request; ConnectionError if it cannot be reached or has no thread free, TimeoutError after the
        deadline, and OSError if the server itself fails.
        """
        check_rows(arrays)
        request = self._transport.encode(signature, arrays)
        check_size(self._transport.server, request)
        return self._retrying(lambda timeout_s: self._transport.send(signature, request, timeout_s))

    def version(self) -> int:
        """Number of the version that answers for the model, by its label if it has one: a server's health.

        Raises InputError if the server does not know the model or the label, or if that version is not
        loaded, and otherwise as ``call`` does.
        """
        return self._retrying(self._transport.version)

    def states(self) -> dict[int, tuple[str, str]]:
        """{version: (state, message)} of all versions of the model that the server knows.

        The state is LOADING, AVAILABLE, UNLOADING or END. The server looks at no label here. Raises
        InputError if it does not know the model, and otherwise as ``call`` does.
        """
        return self._retrying(self._transport.states)

    def _retrying(self, send: Callable[[float], Any]) -> Any:
        """What ``send(timeout_s)`` returns, at the first attempt that meets a server that can answer."""
        deadline = time.monotonic() + self._deadline_s
        for pause_s in retry_pauses(self._retries):
            try:
                return send(deadline - time.monotonic())
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
        retries: How many times a call is retried while the server is unavailable or has no thread free.
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
