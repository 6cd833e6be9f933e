"""What the gRPC and the REST transport have in common: the model they ask for, limits and errors."""

import dataclasses
import re
from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from datasets.errors import InputError

MAX_MESSAGE_BYTES = 64 * 2**20
# gRPC's words for a call that found all threads of the server taken; no other RESOURCE_EXHAUSTED has them.
NO_THREAD = "Server Threadpool Exhausted"

# Statuses that the caller can do something about; all others are the server's failures.
CALLER_ERRORS = {
    "INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "OUT_OF_RANGE", "RESOURCE_EXHAUSTED",
    "UNIMPLEMENTED", "UNAUTHENTICATED", "PERMISSION_DENIED",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Model:
    """Selects one of a server's models.

    Args:
        name: Its name in the server's configuration.
        version: Version number; the newest version if None.
        label: A version label, such as stable, instead of a number.
    """

    name: str
    version: int | None = None
    label: str | None = None


class Transport(Protocol):
    """The interface of ``rpc.Rpc`` and ``rest.Rest``. Threads may share one."""

    server: str

    def encode(self, signature: str, arrays: Mapping[str, ArrayLike]) -> bytes:
        """The request's body."""

    def send(self, signature: str, request: bytes, timeout_s: float) -> dict[str, np.ndarray]:
        """Sends an encoded request and returns its outputs by name; raises as ``to_exception`` says.

        Args:
            signature: str. The signature to call.
            request: bytes, as ``encode`` gives.
            timeout_s: float. Longest wait for the answer, in seconds.
        """

    def version(self, timeout_s: float) -> int:
        """Number of the version that answers for the model; raises as ``to_exception`` says if none does."""

    def states(self, timeout_s: float) -> dict[int, tuple[str, str]]:
        """{version: (state, message)} of the model, whatever its version or label; raises as ``version``."""

    def close(self) -> None:
        """Closes the connections."""


def to_exception(server: str, status: str, message: str) -> Exception:
    """The exception for a response that is not a result.

    Args:
        server: Address of the server.
        status: Name of the gRPC status code, e.g. INVALID_ARGUMENT.
        message: The server's error message.

    Returns:
        ConnectionError, which is retried, for UNAVAILABLE and for a server whose threads are all taken;
        TimeoutError for DEADLINE_EXCEEDED, InputError for a mistake of the caller, OSError for anything else.
    """
    if status == "UNAVAILABLE":
        return ConnectionError(f"{server}: not available ({one_line(message)}); is the server running?")
    if status == "RESOURCE_EXHAUSTED" and NO_THREAD in message:
        return ConnectionError(f"{server}: all its threads are taken ({NO_THREAD}); see --grpc_max_threads")
    if status == "DEADLINE_EXCEEDED":
        return TimeoutError(f"{server}: no answer within the deadline")
    error = InputError if status in CALLER_ERRORS else OSError
    return error(f"{server}: {status}: {one_line(message)}")


def one_line(message: str) -> str:
    """A server's message as one line of at most 300 characters, without TensorFlow's node names."""
    message = message.rpartition("assertion failed: ")[2]
    message = re.sub(r"\[\[\{\{.*?\}\}\]\]", "", message, flags=re.DOTALL)
    line = " ".join(message.split())
    return line if len(line) <= 300 else line[:297] + "..."


def check_rows(arrays: Mapping[str, ArrayLike]) -> None:
    """Raises InputError naming an input without rows: a server that batches may never answer it."""
    for name, array in arrays.items():
        if np.shape(array)[:1] == (0,):
            raise InputError(f"`{name}`: the batch is empty")


def check_size(server: str, request: bytes) -> None:
    """Raises InputError if an encoded request is larger than ``MAX_MESSAGE_BYTES``."""
    if len(request) > MAX_MESSAGE_BYTES:
        raise InputError(
            f"{server}: the request has {len(request) / 2**20:.0f} MiB, the limit is "
            f"{MAX_MESSAGE_BYTES // 2**20} MiB; send fewer or smaller frames"
        )
