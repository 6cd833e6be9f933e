"""Runs the application: a listening socket, and a server that answers on it."""

import gc
import ipaddress
import os
import socket

import uvicorn
from starlette.applications import Starlette

from datasets.errors import InputError

MAX_CONNECTIONS = 64


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one. Raises InputError naming ``host`` or ``port``."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except socket.gaierror as error:
        raise InputError(f"`host`={host}: {error.strerror}") from None
    except (OSError, UnicodeError) as error:
        errno = getattr(error, "errno", None)
        reason = os.strerror(errno) if errno else "no such name"
        raise InputError(f"`port`={port}: {reason} on {host}; choose another port or host") from None


def url_host(host: str) -> str:
    """A host as it is written in a URL: IPv6 addresses in brackets."""
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host


def serve(app: Starlette, listening: socket.socket) -> None:
    """Serves an application until Ctrl-C, which gives a request in progress at most one more second."""
    # Freeze long-lived objects, or the final collection takes seconds.
    gc.freeze()
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[listening])
