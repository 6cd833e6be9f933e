"""The demo's application served in this process on a real socket, and requests to it."""

import contextlib
import http.client
import threading
import urllib.parse


@contextlib.contextmanager
def running(app):
    """Serves an application in a thread; gives its port."""
    # Here, so that tests can be skipped where uvicorn is not installed.
    import uvicorn

    from crossinfo.demo.server import listen

    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    with listen("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def query(sample, **others):
    """The query parameters that the page sends with a sample; ``others`` replace some."""
    camera = {name: getattr(sample.camera, name) for name in ("fx", "fy", "cx", "cy")}
    return camera | {"depth_scale": 1, "hand": sample.hand, "name": "my hand.png"} | others


def post_frame(port, sample, body, length=None):
    """(status, text) of a request over a socket of its own, whose header may claim another length."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest("POST", f"/estimate?{urllib.parse.urlencode(query(sample))}")
    connection.putheader("content-type", "image/png")
    connection.putheader("content-length", str(len(body) if length is None else length))
    connection.endheaders(body)
    response = connection.getresponse()
    result = response.status, response.read().decode()
    connection.close()
    return result
