"""What a TensorFlow Serving built from its sources did with the export, one test for each finding.

They run against the stand-in, which is held to them, and against the official server where it can run. What
it does with bad requests is in ``test_bad_requests.py``, and its memory in ``test_flood.py``.
"""

import concurrent.futures
import json
import re
import time
import urllib.error
import urllib.request

import grpc
import numpy as np
import pytest

from crossinfo.client import Model, bench
from crossinfo.client.remote import Request
from crossinfo.client.rpc import Rpc
from crossinfo.inference.depth_inputs import find_images
from datasets.errors import InputError
from datasets.io import depth_png
from tests.crossinfo.client.bad_requests import BAD
from tests.crossinfo.client.conftest import SERVING, serving
from tests.crossinfo.client.scenes import CAMERA, hand_frame, png
from tests.helpers import shared

PNG = {"image_bytes": [png(hand_frame())], "camera": CAMERA}
OTHER_SIZE = {"image_bytes": [png(hand_frame((70, 90), (30, 20)))], "camera": CAMERA}
FRAME = {"depth": hand_frame()[None], "camera": CAMERA}
METRICS = "/monitoring/prometheus/metrics"
# Long enough for requests that are sent together to fall into one batch.
TOGETHER = "batch_timeout_micros { value: 500000 }"


def get(server, path):
    """(status, body) of an HTTP answer."""
    try:
        with urllib.request.urlopen(server.rest + path, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def together(server, requests, **how):
    """What each of several requests sent at once got: its outputs, or its error."""

    def outcome(request):
        with server.connect("rpc", **how) as remote:
            try:
                return remote.call(request[0], **request[1])
            except (InputError, OSError) as error:
                return error

    with concurrent.futures.ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(outcome, requests))


def valid(outcome):
    return isinstance(outcome, dict) and outcome["valid"].tolist() == [True]


def send_empty(server, timeout_s):
    """Sends a request without frames, which the client itself would not."""
    signature, inputs, _ = BAD["empty batch of files"]
    inputs = inputs | {"camera": np.zeros((0, 4), np.float32)}
    transport = Rpc(server.rpc, Model("hand"))
    try:
        return transport.send(signature, transport.encode(signature, inputs), timeout_s)
    finally:
        transport.close()


def test_loading(server, protocol):
    """Both versions are loaded and warmed up by four requests each; no label means the newest."""
    for choice, version in (({"label": "stable"}, 1), ({"label": "canary"}, 2), ({}, 2)):
        with server.connect(protocol, Model("hand", **choice)) as remote:
            assert remote.version() == version
            assert remote.states() == {1: ("AVAILABLE", ""), 2: ("AVAILABLE", "")}
    assert len(re.findall(r"warm.*\b4\b", server.log.read_text(), re.IGNORECASE)) == 2


@pytest.mark.parametrize(
    "choice", [{"version": 1}, {"label": "stable"}, {"version": 2}, {"label": "canary"}, {}], ids=str
)
def test_answers(server, protocol, choice, newest, stable):
    """Real frames' joints are those of ``predict``."""
    paths = find_images(shared.path("real/kinect2"))[:12]
    camera = np.float32([[363.9, 363.9, 255.4, 206.3]] * len(paths))
    with server.connect(protocol, Model("hand", **choice)) as remote:
        found = remote.call("png", image_bytes=[path.read_bytes() for path in paths], camera=camera)
    here = stable if 1 in choice.values() or "stable" in choice.values() else newest
    depth = np.stack([depth_png.read_depth_png(path) for path in paths])
    expected = here.call("serving_default", depth=depth, camera=camera)
    assert found["valid"].tolist() == expected["valid"].tolist() and found["valid"].any()
    np.testing.assert_allclose(found["joints_mm"], expected["joints_mm"], atol=0.05)


def counts(server):
    """{(model, status): requests so far}; other tests may have asked the same server for other models."""
    found = re.findall(r"^:tensorflow:serving:request_count\{(.*)\} (\S+)$", get(server, METRICS)[1], re.M)
    labels = [dict(re.findall(r'(\w+)="([^"]*)"', text)) for text, _ in found]
    keys = [(each["model_name"], each["status"]) for each in labels]
    return {key: float(number) for key, (_, number) in zip(keys, found, strict=True)}


def test_monitoring(server, protocol):
    """Requests are counted by model and status, and timed."""
    with server.connect(protocol) as remote:
        remote.call("png", **PNG)
        before = counts(server)
        remote.call("png", **PNG)
        with pytest.raises(InputError):
            remote.call("png", image_bytes=[b"GIF89a"], camera=CAMERA)
    after = counts(server)
    assert after["hand", "OK"] == before["hand", "OK"] + 1
    assert {model for model, status in after if after[model, status] != before.get((model, status))} == {
        "hand"
    }
    assert sum(after.values()) == sum(before.values()) + 2
    assert re.search(r"^:tensorflow:serving:request_latency_count\{.*\} [1-9]", get(server, METRICS)[1], re.M)


def test_a_status_ignores_labels(server):
    """Only the metadata of a label says whether its version is loaded."""
    pytest.importorskip("tensorflow_serving.apis.get_model_status_pb2", reason="needs tensorflow-serving-api")
    from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc

    status, body = get(server, "/v1/models/hand/labels/absent")
    assert status == 200
    assert [one["version"] for one in json.loads(body)["model_version_status"]] == ["2", "1"]
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name, request.model_spec.version_label = "hand", "absent"
    with grpc.insecure_channel(server.rpc) as channel:
        answer = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(request, timeout=60)
    assert sorted(one.version for one in answer.model_version_status) == [1, 2]
    assert get(server, "/v1/models/hand/labels/stable/metadata")[0] == 200
    status, body = get(server, "/v1/models/hand/labels/absent/metadata")
    assert status == 400 and "Unrecognized servable version label" in body
    status, body = get(server, "/v1/models/hand/versions/9/metadata")
    assert status == 404 and "Servable not found" in body


@pytest.fixture(scope="module")
def batching(kind, versions, tmp_path_factory):
    """A server that batches, with the threads that two cores have by default."""
    folder = tmp_path_factory.mktemp("batching")
    with batching_server(kind, versions, folder, "", "--grpc_max_threads=8") as running:
        yield running


def batching_server(kind, versions, folder, more, *flags):
    text = (SERVING / "batching.config").read_text()
    settings = re.sub(r"batch_timeout_micros .*", TOGETHER, text) + more
    file = folder / "batching.config"
    file.write_text(settings)
    on = ("--enable_batching=true", f"--batching_parameters_file={file}")
    return serving(kind, versions, folder, *on, *flags)


def test_batching(batching, newest):
    """Requests that come together share a batch, and its fate."""
    expected = newest.call("serving_default", **FRAME)["joints_mm"]
    found = together(batching, [("png", PNG)] * 2 + [("png", OTHER_SIZE)] * 2)
    assert all(valid(outcome) for outcome in found)
    np.testing.assert_allclose(found[0]["joints_mm"], expected, atol=0.05)
    cut = PNG | {"image_bytes": [PNG["image_bytes"][0][:60]]}
    assert not any(valid(outcome) for outcome in together(batching, [("png", PNG)] * 3 + [("png", cut)]))
    sizes = [("serving_default", FRAME), ("serving_default", FRAME | {"depth": hand_frame((70, 90))[None]})]
    for outcome in together(batching, sizes):
        assert isinstance(outcome, InputError) and "FAILED_PRECONDITION" in str(outcome)
        assert "have different shapes and padding is turned off" in str(outcome)


def test_batching_loses_the_names_of_inputs(batching):
    (error,) = together(batching, [("serving_default", FRAME | {"camera": np.tile(CAMERA, (2, 1))})])
    assert "Batching Run() input tensors must have equal 0th-dimension size" in str(error)
    assert "camera" not in str(error)


def test_c_padding_kills(kind, versions, tmp_path):
    """A camera of three numbers passes beside one of four, and a frame of rank 4 ends the server."""
    with batching_server(kind, versions, tmp_path, "pad_variable_length_inputs: true\n") as server:
        short = FRAME | {"camera": CAMERA[:, :3]}
        assert all(
            valid(outcome)
            for outcome in together(server, [("serving_default", FRAME), ("serving_default", short)])
        )
        deep = FRAME | {"depth": FRAME["depth"][..., None]}
        together(server, [("serving_default", FRAME), ("serving_default", deep)], retries=0)
        assert server.process.wait(60) != 0
    assert re.search(r"Check failed: d < dims\(\)", server.log.read_text())


def test_d_threads(server, batching):
    """More requests at a time than threads: RESOURCE_EXHAUSTED, which the client outlasts."""
    requests = [Request("png", PNG)]
    with batching.connect("rpc", retries=0) as remote:
        with pytest.raises(ConnectionError, match="Server Threadpool Exhausted"):
            bench.measure(remote, requests, count=64, concurrency=32)
    with batching.connect("rpc", retries=50) as remote:
        assert len(bench.measure(remote, requests, count=64, concurrency=32).latencies_ms) == 64
    with server.connect("rpc", retries=0) as remote:
        assert len(bench.measure(remote, requests, count=64, concurrency=8).latencies_ms) == 64


def test_b_an_empty_batch_under_batching_hangs(batching):
    """Finding B, last since it leaves the server without threads: until another request comes, if one can."""
    with pytest.raises(TimeoutError):
        send_empty(batching, timeout_s=1)
    assert valid(together(batching, [("png", PNG)])[0])
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        tries = [pool.submit(send_empty, batching, 2) for _ in range(8)]
    assert all(isinstance(each.exception(), TimeoutError | ConnectionError) for each in tries)
    time.sleep(0.1)
    (error,) = together(batching, [("png", PNG)], retries=0)
    assert isinstance(error, ConnectionError) and "Server Threadpool Exhausted" in str(error)
    assert "AVAILABLE" in get(batching, "/v1/models/hand")[1]
