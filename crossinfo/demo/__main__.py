"""``python -m crossinfo.demo``: a page in the browser to try a trained network."""

import gc
import importlib.util
import ipaddress
import os
import socket

from datasets.command_line import Command, Group, run
from datasets.errors import InputError
from datasets.runtime import import_tensorflow

CONNECTIONS = 64


def _define(values):
    group = Group(values, "Demo")
    group.string("model", None, "a work_dir, a model.keras or a SavedModel", required=True)
    group.integer("port", 8080, "port to listen on; 0 takes any free one", lower=0, upper=65535)
    group.string(
        "host",
        "127.0.0.1",
        "address to listen on, under which the page is also opened; the default is this computer alone",
    )


COMMAND = Command(
    usage="python -m crossinfo.demo",
    summary="Serves a page where one drops a depth PNG and sees the hand's joints; Ctrl-C ends it.",
    define=_define,
)


def listen(host, port):
    """A listening socket; raises InputError naming the flag."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except socket.gaierror as error:
        raise InputError(f"--host={host}: {error.strerror}") from None
    except (OSError, UnicodeError) as error:
        number = getattr(error, "errno", None)
        reason = os.strerror(number) if number else "no such name"
        raise InputError(f"--port={port}: {reason} on {host}; name another port or host") from None


def in_address(host):
    """A host as it stands in an address: IPv6 in brackets."""
    try:
        return f"[{host}]" if ipaddress.ip_address(host).version == 6 else host
    except ValueError:
        return host


def serve(app, listening):
    """Answers on a listening socket until Ctrl-C; a frame at work then gets a second at most."""
    import uvicorn

    # What stands now stays to the end; without this the interpreter takes seconds to count it out.
    gc.freeze()
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[listening])


def main(values):
    """Runs the command on parsed flags."""
    for package in ("starlette", "uvicorn"):
        if importlib.util.find_spec(package) is None:
            raise InputError(f"{package} is missing; pip install 'crossinfonet[demo]'")
    with listen(values.host, values.port) as listening:
        import_tensorflow()
        from crossinfo.demo import answers, app, samples
        from crossinfo.inference import loading

        served, shown = loading.load_predictor(values.model), samples.make()
        # The first frame takes seconds, in which TensorFlow prepares the graph.
        about = answers.Settings("warm-up", shown[0].camera, 1.0, "right")
        answers.answer(served, shown[0].png, about)
        host = in_address(values.host)
        print(f"{served.name}: open http://{host}:{listening.getsockname()[1]}/ (Ctrl-C ends it)", flush=True)
        serve(app.make(served, shown, {*app.LOCAL_HOSTS, host.lower()}), listening)


if __name__ == "__main__":
    run(COMMAND, main)
