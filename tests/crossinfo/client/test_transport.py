"""What the transports share: errors by status, one-line messages and the limit on a request's size."""

import numpy as np
import pytest

from crossinfo.client import transport
from datasets.errors import InputError


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        ("UNAVAILABLE", ConnectionError, "h:1: not available (away); is the server running?"),
        ("DEADLINE_EXCEEDED", TimeoutError, "h:1: no answer within the deadline"),
        ("INVALID_ARGUMENT", InputError, "h:1: INVALID_ARGUMENT: away"),
        ("RESOURCE_EXHAUSTED", InputError, "h:1: RESOURCE_EXHAUSTED: away"),
        ("UNKNOWN", OSError, "h:1: UNKNOWN: away"),
        ("INTERNAL", OSError, "h:1: INTERNAL: away"),
        ("HTTP 418", OSError, "h:1: HTTP 418: away"),
    ],
)
def test_a_status_becomes_an_exception(status, error, message):
    exception = transport.to_exception("h:1", status, "away")
    assert type(exception) is error
    assert exception.args[0] == message


def test_a_server_without_a_free_thread_may_be_asked_again():
    exception = transport.to_exception("h:1", "RESOURCE_EXHAUSTED", "Server Threadpool Exhausted")
    assert type(exception) is ConnectionError
    assert "all its threads are taken" in str(exception) and "--grpc_max_threads" in str(exception)
    other = transport.to_exception("h:1", "INTERNAL", "Server Threadpool Exhausted")
    assert type(other) is OSError


def test_a_batch_has_rows():
    transport.check_rows({"depth": [[[1.0]]], "image_bytes": [b"x"], "camera": 3.0})
    for empty in ([], np.zeros((0, 4)), np.array([], object)):
        with pytest.raises(InputError, match="`camera`: the batch is empty"):
            transport.check_rows({"depth": [1.0], "camera": empty})


def test_a_message_of_tensorflow_becomes_one_line():
    message = (
        "Graph execution error:\n\nassertion failed: [camera: must be finite] [0] [[0 0]]\n [[{{node A/B}}]]"
    )
    assert transport.one_line(message) == "[camera: must be finite] [0] [[0 0]]"
    assert len(transport.one_line("x" * 5000)) == 300


def test_a_request_may_have_64_mib():
    transport.check_size("h:1", bytes(64 * 2**20))
    with pytest.raises(InputError, match="h:1: the request has 64 MiB, the limit is 64 MiB"):
        transport.check_size("h:1", bytes(64 * 2**20 + 1))
