"""Servers that follow a script, for what a client does with each kind of answer."""

import concurrent.futures
import contextlib
import http.server
import socket
import threading

import grpc
import numpy as np

from crossinfo.client import Model, connect, rest, rpc

JOINTS = np.zeros((1, 1, 3), np.float32)


class Script:
    """What a server answers, request by request: a status, or an event to wait for before OK.

    A status may have the server's words after it: "RESOURCE_EXHAUSTED quota".
    """

    def __init__(self, *steps):
        self.steps, self.seen = list(steps), 0

    def next(self):
        self.seen += 1
        step = self.steps.pop(0) if self.steps else "OK"
        if isinstance(step, threading.Event):
            assert step.wait(60)
            step = "OK"
        return step


@contextlib.contextmanager
def closed_port():
    """A port at which connections are refused while the block runs, and which a server may still take."""
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@contextlib.contextmanager
def rpc_server(script, port=0):
    def answer(request, context):
        step = script.next()
        if step != "OK":
            context.abort(getattr(grpc.StatusCode, step.split()[0]), f"said {step}")
        response = rpc.PredictResponse()
        response.outputs.add(name="joints", tensor=rpc.to_tensor(JOINTS))
        return response.SerializeToString()

    handler = grpc.unary_unary_rpc_method_handler(answer)
    service = grpc.method_handlers_generic_handler(
        "tensorflow.serving.PredictionService", {"Predict": handler}
    )
    server = grpc.server(
        concurrent.futures.ThreadPoolExecutor(2), handlers=[service], options=[("grpc.so_reuseport", 1)]
    )
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None)


class _HttpServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()


@contextlib.contextmanager
def rest_server(script, port=0):
    codes = {name: code for code, name in rest.STATUSES.items()} | {"OK": 200, "INTERNAL": 500}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            step = script.next()
            self.send_response(codes[step.split()[0]])
            self.end_headers()
            error = b'{"error": "said %s"}' % step.encode()
            self.wfile.write(b'{"outputs": [[[0, 0, 0]]]}' if step == "OK" else error)

        def log_message(self, *words):
            pass

    server = _HttpServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


SERVERS = {"rpc": rpc_server, "rest": rest_server}


@contextlib.contextmanager
def scripted(protocol, *steps, **options):
    """(client, script) of a server that follows a script; ``options`` are those of ``connect``."""
    script = Script(*steps)
    with SERVERS[protocol](script) as address, connect(address, Model("hand"), **options) as client:
        yield client, script
