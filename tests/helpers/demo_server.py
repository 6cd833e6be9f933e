"""The page served in this process, on a real socket."""

import contextlib
import threading

from crossinfo.demo.__main__ import listen


@contextlib.contextmanager
def running(app):
    """Serves an application in a thread; gives its port."""
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    with listen("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()
