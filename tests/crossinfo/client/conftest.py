"""Servers for the clients' tests: the stand-in beside this file, and the official one where it can run."""

import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from crossinfo.client import Model, connect
from crossinfo.export import saved_model
from crossinfo.inference import loading
from tests.crossinfo.conftest import make_tiny_model

HERE = pathlib.Path(__file__).parent
SERVING = HERE.parents[2] / "crossinfo/serving"
IMAGE = "tensorflow/serving"


@dataclasses.dataclass(frozen=True)
class Server:
    """A running server with two versions of the model ``hand``: 1 is stable, 2 is canary."""

    rpc: str
    rest: str
    process: subprocess.Popen
    log: pathlib.Path

    @property
    def pid(self):
        return self.process.pid

    def address(self, protocol):
        return getattr(self, protocol)

    def connect(self, protocol, model=None, **how):
        return connect(self.address(protocol), model or Model("hand"), **how)


@pytest.fixture(scope="session")
def versions(tmp_path_factory):
    """A folder ``hand`` with two exports; the second one's joints lie elsewhere. Read only."""
    base = tmp_path_factory.mktemp("models") / "hand"
    model = make_tiny_model()
    saved_model.export(model, base)
    hand = model.get_layer("hand").dense
    hand.bias.assign(hand.bias * -1)
    saved_model.export(model, base)
    return base


@pytest.fixture(scope="session")
def newest(versions):
    """Version 2 here, as ``predict`` opens it: what a server's newest must agree with."""
    return loading.load_predictor(versions / "2")


@pytest.fixture(scope="session")
def stable(versions):
    return loading.load_predictor(versions / "1")


def stand_in(config, base, *flags):
    """Command line of the server beside this file, and None for its ports: it chooses and logs them."""
    for package in ("grpc", "tensorflow_serving"):
        pytest.importorskip(package, reason=f"the stand-in server needs {package}: pip install -e '.[test]'")
    return [sys.executable, str(HERE / "model_server.py"), *_flags(config, (0, 0)), *flags], None


def official(config, base, *flags):
    """Command line of TensorFlow Serving's own binary, and its ports."""
    ports = unused_ports()
    return ["tensorflow_model_server", *_flags(config, ports), *flags], ports


def docker(config, base, *flags):
    """Command line of TensorFlow Serving's own image, and its ports."""
    ports = unused_ports()
    folders = (base, config.parent, SERVING)
    mounts = [word for folder in folders for word in ("-v", f"{folder}:{folder}:ro")]
    run = ["docker", "run", "--rm", "--network=host", *mounts, "--entrypoint=tensorflow_model_server", IMAGE]
    return [*run, *_flags(config, ports), *flags], ports


def unused_ports():
    """Two ports free at this moment: the official server takes 0 to mean none, so it cannot choose."""
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        return first.getsockname()[1], second.getsockname()[1]


def _output(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def lacking():
    """{official server: what it needs to run here, or None}."""
    images = _output("docker", "image", "ls", "--quiet", IMAGE)
    pull = None if images else f"the image {IMAGE}: docker pull {IMAGE}"
    return {
        official: None if shutil.which("tensorflow_model_server") else "tensorflow_model_server on the path",
        docker: "docker with a running daemon" if images is None else pull,
    }


LACKING = lacking()
KINDS = [stand_in, *(kind for kind, needs in LACKING.items() if needs is None)]


def _flags(config, ports):
    return [
        f"--port={ports[0]}", f"--rest_api_port={ports[1]}", f"--model_config_file={config}",
        "--allow_version_labels_for_unavailable_models=true",
        f"--monitoring_config_file={SERVING / 'monitoring.config'}",
    ]  # fmt: skip


@pytest.fixture(scope="session", params=KINDS, ids=lambda kind: kind.__name__)
def kind(request):
    """Each server that can run here: a function of a configuration, the models' folder and more flags."""
    return request.param


@pytest.fixture(scope="session")
def server(kind, versions, tmp_path_factory):
    """The project's own ``models.config``, with as many threads as its compose file gives."""
    with serving(kind, versions, tmp_path_factory.mktemp("server"), "--grpc_max_threads=64") as running:
        yield running


@contextlib.contextmanager
def serving(kind, base, folder, *flags):
    """A server of the project's own ``models.config``, in ``folder``, that runs during the block.

    Args:
        kind: which server.
        base: folder of the versions.
        folder: where its configuration and ``log.txt`` are put.
        flags: more of them.
    """
    config = folder / "models.config"
    config.write_text((SERVING / "models.config").read_text().replace("/models/hand", str(base)))
    command, ports = kind(config, base, *flags)
    with started(command, ports, folder / "log.txt") as running:
        yield running


@contextlib.contextmanager
def started(command, ports, log):
    """A ``Server`` that runs during the block; fails with the end of its log if it does not come up."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
    with open(log, "wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=environment)
    try:
        rpc_port, rest_port = ports or _wait(process, log, _logged_ports, log)
        rest = f"http://127.0.0.1:{rest_port}"
        _wait(process, log, _available, f"{rest}/v1/models/hand/labels/canary/metadata")
        yield Server(f"127.0.0.1:{rpc_port}", rest, process, log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process, log, look, place):
    """What ``look(place)`` finds as soon as it finds something."""
    end = time.monotonic() + 600
    while time.monotonic() < end and process.poll() is None:
        if result := look(place):
            return result
        time.sleep(0.1)
    pytest.fail(f"the server did not come up:\n{log.read_text()[-3000:]}")


def _logged_ports(log):
    match = re.search(r"^ports: (\d+) (\d+)$", log.read_text(), re.MULTILINE)
    return match and match.groups()


def _available(url):
    try:
        return urllib.request.urlopen(url, timeout=5).status == 200
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(params=["rpc", "rest"])
def protocol(request):
    return request.param
