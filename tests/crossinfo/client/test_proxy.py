"""``nginx.conf`` before a server: predictions by ``stable`` pass, and nothing else."""

import base64
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import numpy as np
import pytest

from tests.crossinfo.client.conftest import SERVING, unused_ports
from tests.crossinfo.client.scenes import CAMERA, hand_frame, png

TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
STABLE = "/v1/models/hand/labels/stable:predict"


@pytest.fixture
def proxy(server, tmp_path):
    if shutil.which("nginx") is None:
        pytest.skip("needs nginx")
    port, _ = unused_ports()
    settings = (SERVING / "nginx.conf").read_text()
    settings = settings.replace("8080", str(port)).replace("8501", server.rest.rpartition(":")[2])
    folders = "".join(f"{name}_temp_path {tmp_path / name};\n" for name in TEMPORARY)
    http = f"http {{\naccess_log off;\n{folders}{settings}}}\n"
    (tmp_path / "nginx.conf").write_text(f"daemon off;\npid {tmp_path / 'pid'};\nevents {{}}\n{http}")
    process = subprocess.Popen(["nginx", "-p", tmp_path, "-c", tmp_path / "nginx.conf", "-e", "stderr"])
    try:
        wait(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def wait(port):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=5)
        except urllib.error.HTTPError:
            return None
        except OSError:
            time.sleep(0.1)
    pytest.fail("nginx did not come up")


def post(url, body):
    """(status, body) of an answer."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_a_picture_passes_and_an_empty_batch_does_not(proxy, stable):
    depth = hand_frame()
    depth += np.random.default_rng(3).integers(0, 4, depth.shape)
    row = {"image_bytes": {"b64": base64.b64encode(png(depth)).decode()}, "camera": CAMERA[0].tolist()}
    picture = json.dumps({"signature_name": "png", "instances": [row]}).encode()
    status, answer = post(proxy + STABLE, picture)
    assert status == 200
    expected = stable.call("serving_default", depth=depth[None], camera=CAMERA)
    np.testing.assert_allclose(
        json.loads(answer)["predictions"][0]["joints_mm"], expected["joints_mm"][0], atol=0.05
    )
    empty = json.dumps({"signature_name": "png", "inputs": {"image_bytes": [], "camera": []}}).encode()
    assert post(proxy + STABLE, empty)[0] == 400
    assert post(proxy + STABLE, picture + b" " * 9 * 2**20)[0] == 413
    for path in ("/v1/models/hand:predict", "/v1/models/hand/labels/canary:predict", "/v1/models/hand"):
        assert post(proxy + path, picture)[0] == 404
