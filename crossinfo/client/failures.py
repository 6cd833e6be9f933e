"""What went wrong with a request, as one of Python's own errors with one clear line."""

import contextlib
import re

from datasets.errors import InputError

MAX_MESSAGE_BYTES = 64 * 2**20

# What the caller can mend; all else is the server's.
_CALLERS = {
    "INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION", "OUT_OF_RANGE", "RESOURCE_EXHAUSTED",
    "UNIMPLEMENTED", "UNAUTHENTICATED", "PERMISSION_DENIED",
}  # fmt: skip


def failure(server, status, message):
    """The exception for an answer that is no result.

    Args:
        server: str. Its address.
        status: str. gRPC's name of it, e.g. INVALID_ARGUMENT.
        message: str. The server's words.

    Returns ConnectionError for UNAVAILABLE (the only one that is tried again), TimeoutError for
    DEADLINE_EXCEEDED, InputError for what the caller can mend, else OSError.
    """
    if status == "UNAVAILABLE":
        return ConnectionError(f"{server}: not available ({gist(message)}); does the server run there?")
    if status == "DEADLINE_EXCEEDED":
        return TimeoutError(f"{server}: no answer within the deadline; see --deadline_s")
    error = InputError if status in _CALLERS else OSError
    return error(f"{server}: {status}: {gist(message)}")


def gist(message):
    """The server's words in one line: an assertion's own text, without TensorFlow's node names."""
    message = message.rpartition("assertion failed: ")[2]
    message = re.sub(r"\[\[\{\{.*?\}\}\]\]", "", message, flags=re.DOTALL)
    line = " ".join(message.split())
    return line if len(line) <= 300 else line[:297] + "..."


def check_size(server, request):
    """Raises InputError for a request above ``MAX_MESSAGE_BYTES``."""
    if len(request) > MAX_MESSAGE_BYTES:
        raise InputError(
            f"{server}: a request of {len(request) / 2**20:.0f} MiB; "
            f"at most {MAX_MESSAGE_BYTES // 2**20} MiB are sent: fewer or smaller frames"
        )


@contextlib.contextmanager
def described(image):
    """Names the frame in whatever a request for it raises."""
    try:
        yield
    except (InputError, OSError) as error:
        known = str(error).startswith(str(image))
        raise type(error)(str(error) if known else f"{image}: {error}") from None
