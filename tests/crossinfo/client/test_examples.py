"""The examples of ``crossinfo/serving`` are run where their tools are."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from tests.crossinfo.client.conftest import SERVING
from tests.crossinfo.client.scenes import CAMERA, hand_frame, png

EXAMPLES = SERVING / "examples"
NUMBERS = "100,110,40,30"


def needs(tool):
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"needs {tool}")


@pytest.fixture(scope="module", params=[0, 1, 2], ids="{} bytes of padding".format)
def frame(request, tmp_path_factory):
    """A PNG; bytes after its end, which readers pass over, reach every case of base64."""
    path = tmp_path_factory.mktemp("frame") / "a frame.png"
    data = png(hand_frame())
    path.write_bytes(data + b"\0" * ((request.param - len(data)) % 3))
    return path


@pytest.fixture(scope="module")
def joints_mm(newest):
    return newest.call("serving_default", depth=hand_frame()[None], camera=CAMERA)["joints_mm"][0]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    path = tmp_path_factory.mktemp("program") / "predict"
    warnings = ["-Wall", "-Wextra", "-Werror"]
    subprocess.run(["g++", "-std=c++17", *warnings, "-o", path, EXAMPLES / "predict.cpp"], check=True)
    return path


def run(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60)


def assert_predictions(text, joints_mm):
    (hand,) = json.loads(text)["predictions"]
    assert hand["valid"] is True
    np.testing.assert_allclose(hand["joints_mm"], joints_mm, atol=0.05)


@needs("curl")
def test_curl(server, frame, joints_mm):
    done = run("sh", EXAMPLES / "predict.sh", server.rest, frame, NUMBERS)
    assert done.returncode == 0, done.stderr
    assert_predictions(done.stdout, joints_mm)
    refused = run("sh", EXAMPLES / "predict.sh", server.rest, frame, "0,1,2,3")
    assert refused.returncode != 0 and "camera" in json.loads(refused.stdout)["error"]


@needs("node")
def test_javascript(server, frame, joints_mm):
    done = run("node", EXAMPLES / "predict.mjs", server.rest, frame, NUMBERS)
    assert done.returncode == 0, done.stderr
    found = [[float(word) for word in line.split()] for line in done.stdout.splitlines()]
    assert [row[0] for row in found] == list(range(14))
    np.testing.assert_allclose([row[1:] for row in found], joints_mm, atol=0.05)
    refused = run("node", EXAMPLES / "predict.mjs", server.rest, frame, "0,1,2,3")
    assert refused.returncode == 2 and "error: " in refused.stderr and "camera" in refused.stderr


@needs("g++")
def test_cpp(server, program, frame, joints_mm):
    host, port = server.rest.removeprefix("http://").split(":")
    done = run(program, host, port, frame, NUMBERS)
    assert done.returncode == 0, done.stderr
    assert_predictions(done.stdout, joints_mm)
    refused = run(program, host, port, frame, "0,1,2,3")
    assert refused.returncode == 2 and "camera" in json.loads(refused.stdout)["error"]
    assert run(program, host, port, frame.parent / "gone.png", NUMBERS).returncode == 2
