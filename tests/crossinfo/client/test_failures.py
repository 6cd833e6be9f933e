"""Servers that are away, slow or overloaded, and requests that are too large."""

import concurrent.futures
import contextlib
import http.server
import threading
import time

import grpc
import numpy as np
import pytest

from crossinfo.client import Model, connect, failures, messages, remote, rest
from datasets.errors import InputError
from tests.crossinfo.client.conftest import free_port

CROP = np.zeros((1, 96, 96, 1), np.float32)


class Script:
    """What a server answers, request by request: a gRPC code's name, or seconds to wait before OK."""

    def __init__(self, *steps):
        self.steps, self.seen = list(steps), 0

    def next(self):
        self.seen += 1
        step = self.steps.pop(0) if self.steps else "OK"
        if not isinstance(step, str):
            time.sleep(step)
            step = "OK"
        return step


@contextlib.contextmanager
def rpc_server(script, port=0):
    def answer(request, context):
        step = script.next()
        if step != "OK":
            context.abort(getattr(grpc.StatusCode, step), f"said {step}")
        response = messages.PredictResponse()
        response.outputs.add(name="joints", tensor=messages.to_tensor(CROP[0, :1, :3, 0][None]))
        return response.SerializeToString()

    handler = grpc.unary_unary_rpc_method_handler(answer)
    service = grpc.method_handlers_generic_handler(
        "tensorflow.serving.PredictionService", {"Predict": handler}
    )
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(2), handlers=[service])
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None)


@contextlib.contextmanager
def rest_server(script, port=0):
    codes = {name: code for code, name in rest.STATUSES.items()} | {"OK": 200, "INTERNAL": 500}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            step = script.next()
            self.send_response(codes[step])
            self.end_headers()
            self.wfile.write(
                b'{"outputs": [[[0, 0, 0]]]}' if step == "OK" else b'{"error": "said %s"}' % step.encode()
            )

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


SERVERS = {"rpc": rpc_server, "rest": rest_server}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(remote, "FIRST_PAUSE_S", 0.01)


@contextlib.contextmanager
def scripted(protocol, *steps, **how):
    """(client, script) of a server that follows a script."""
    script = Script(*steps)
    with SERVERS[protocol](script) as address, connect(address, Model("hand"), **how) as client:
        yield client, script


def test_unavailable_is_tried_again(protocol):
    with scripted(protocol, "UNAVAILABLE", "UNAVAILABLE", retries=2) as (client, script):
        assert client.call("crop", crop=CROP)["joints"].shape == (1, 1, 3)
    assert script.seen == 3


def test_tries_end(protocol):
    with scripted(protocol, *["UNAVAILABLE"] * 9, retries=2) as (client, script):
        with pytest.raises(
            ConnectionError, match="not available .*said UNAVAILABLE.*does the server run there"
        ):
            client.call("crop", crop=CROP)
    assert script.seen == 3


@pytest.mark.parametrize(
    ("code", "error"),
    [("INVALID_ARGUMENT", InputError), ("NOT_FOUND", InputError), ("INTERNAL", OSError)],
)
def test_nothing_else_is_tried_again(protocol, code, error):
    with scripted(protocol, code, code) as (client, script):
        with pytest.raises(error, match=f"said {code}"):
            client.call("crop", crop=CROP)
        assert script.seen == 1


def test_a_deadline_is_kept(protocol):
    start = time.monotonic()
    with scripted(protocol, 1.5, deadline_s=0.3) as (client, script):
        with pytest.raises(TimeoutError, match="no answer within the deadline"):
            client.call("crop", crop=CROP)
        assert time.monotonic() - start < 1.2
    assert script.seen == 1


def test_pauses_grow_and_the_deadline_bounds_them(monkeypatch):
    monkeypatch.setattr(remote, "FIRST_PAUSE_S", 0.1)
    *pauses_s, last = remote._pauses(8)
    assert last is None and len(pauses_s) == 8
    for attempt, pause_s in enumerate(pauses_s):
        longest = min(0.1 * 2**attempt, 2.0)
        assert longest / 2 <= pause_s <= longest


@pytest.mark.parametrize("scheme", ["", "http://"])
def test_nobody_there(scheme):
    address = f"{scheme}127.0.0.1:{free_port()}"
    with connect(address, Model("hand"), retries=2) as client:
        with pytest.raises(ConnectionError, match=f"{address}: not available .*refused") as error:
            client.call("crop", crop=CROP)
    assert "\n" not in str(error.value)


def test_a_server_that_comes_up_is_found(protocol):
    """The first tries meet a closed port."""
    script, port = Script(), free_port()
    scheme = "" if protocol == "rpc" else "http://"
    found = []

    def ask():
        with connect(f"{scheme}127.0.0.1:{port}", Model("hand"), retries=200, deadline_s=20) as client:
            found.append(client.call("crop", crop=CROP))

    asker = threading.Thread(target=ask)
    asker.start()
    time.sleep(0.3)
    with SERVERS[protocol](script, port):
        asker.join(20)
    assert found and script.seen == 1


def test_a_request_that_is_too_large_is_not_sent(protocol, monkeypatch):
    monkeypatch.setattr(failures, "MAX_MESSAGE_BYTES", 2**14)
    with scripted(protocol) as (client, script):
        with pytest.raises(InputError, match="a request of .* MiB; at most"):
            client.call("crop", crop=CROP)
        assert script.seen == 0


def test_an_answer_that_is_too_large_is_not_read(monkeypatch):
    monkeypatch.setattr(rest, "MAX_MESSAGE_BYTES", 10)
    with scripted("rest") as (client, _):
        with pytest.raises(InputError, match="the answer is too large"):
            client.call("crop", crop=CROP)


@pytest.mark.parametrize("server", ["localhost", "localhost:port", "ftp://h:1", "http://", "host:8500/x", ""])
def test_an_address_is_checked(server):
    with pytest.raises(InputError, match="expected host:port for gRPC, or http://host:port"):
        connect(server, Model("hand"))


def test_the_gist_of_tensorflows_words():
    words = (
        "Graph execution error:\n\nassertion failed: [camera: must be finite] [0] [[0 0]]\n [[{{node A/B}}]]"
    )
    assert failures.gist(words) == "[camera: must be finite] [0] [[0 0]]"
    assert len(failures.gist("x" * 5000)) == 300
