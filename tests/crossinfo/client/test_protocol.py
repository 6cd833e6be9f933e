"""A server by its own protocol: official gRPC messages, and REST by hand as any other client would."""

import base64
import json
import urllib.error
import urllib.request

import numpy as np
import pytest

from tests.crossinfo.client.scenes import CAMERA, POSE, hand_frame, png

pytest.importorskip("tensorflow_serving.apis.predict_pb2", reason="needs tensorflow-serving-api")


def http(url, body=None):
    """(status, JSON) of an answer; ``body`` is bytes or what becomes JSON."""
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


@pytest.fixture(scope="module")
def url(server):
    return f"{server.rest}/v1/models/hand"


@pytest.fixture(scope="module")
def expected(newest):
    return newest.call("serving_default", depth=hand_frame()[None], camera=CAMERA)


def b64(data):
    return {"b64": base64.b64encode(data).decode()}


def assert_row(row, expected):
    assert set(row) == set(POSE)
    assert row["valid"] is True
    np.testing.assert_allclose(row["joints_mm"], expected["joints_mm"][0], atol=0.05)


def test_rows_in_rows_out(url, expected):
    row = {"image_bytes": b64(png(hand_frame())), "camera": CAMERA[0].tolist()}
    status, answer = http(url + ":predict", {"signature_name": "png", "instances": [row, row]})
    assert status == 200 and list(answer) == ["predictions"] and len(answer["predictions"]) == 2
    for found in answer["predictions"]:
        assert_row(found, expected)


def test_columns_in_columns_out_by_the_default_signature(url, expected):
    inputs = {"depth": hand_frame()[None].tolist(), "camera": CAMERA.tolist()}
    status, answer = http(url + "/labels/canary:predict", {"inputs": inputs})
    assert status == 200 and list(answer) == ["outputs"]
    assert_row({name: value[0] for name, value in answer["outputs"].items()}, expected)


def test_one_input_and_one_output_go_without_names(url, newest):
    crop = np.linspace(-1, 1, 96 * 96, dtype=np.float32).reshape(1, 96, 96, 1)
    joints = newest.call("crop", crop=crop)["joints"]
    for key, out in (("instances", "predictions"), ("inputs", "outputs")):
        status, answer = http(url + ":predict", {"signature_name": "crop", key: crop.tolist()})
        assert status == 200
        np.testing.assert_allclose(answer[out], joints, atol=1e-3)


def test_numbers_that_json_lacks_mean_no_measurement(url, newest):
    depth = hand_frame()
    depth[:5, :7], depth[5:9] = np.nan, np.inf
    status, answer = http(
        url + ":predict", {"inputs": {"depth": [depth.tolist()], "camera": CAMERA.tolist()}}
    )
    assert status == 200
    here = newest.call("serving_default", depth=depth[None], camera=CAMERA)
    assert_row({name: value[0] for name, value in answer["outputs"].items()}, here)


def test_status_of_the_versions(url):
    status, answer = http(url)
    shown = {entry["version"]: entry["state"] for entry in answer["model_version_status"]}
    assert status == 200 and shown == {"1": "AVAILABLE", "2": "AVAILABLE"}
    (entry,) = http(url + "/versions/1")[1]["model_version_status"]
    assert entry["version"] == "1"


def test_metadata_names_the_signatures(url):
    status, answer = http(url + "/versions/1/metadata")
    assert status == 200 and answer["model_spec"]["version"] == "1"
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    assert {"serving_default", "png", "centred", "crop"} <= set(signatures)
    camera = signatures["png"]["inputs"]["camera"]
    assert camera["dtype"] == "DT_FLOAT"
    assert [dim["size"] for dim in camera["tensor_shape"]["dim"]] == ["-1", "4"]


def test_metadata_over_grpc(server):
    import grpc
    from tensorflow_serving.apis import get_model_metadata_pb2, prediction_service_pb2_grpc

    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "hand"
    request.model_spec.version_label = "stable"
    with grpc.insecure_channel(server.rpc) as channel:
        answer = prediction_service_pb2_grpc.PredictionServiceStub(channel).GetModelMetadata(
            request, timeout=60
        )
    found = get_model_metadata_pb2.SignatureDefMap()
    assert answer.metadata["signature_def"].Unpack(found)
    assert answer.model_spec.version.value == 1
    joints = found.signature_def["serving_default"].outputs["joints_mm"]
    assert [dim.size for dim in joints.tensor_shape.dim] == [-1, 14, 3]


@pytest.mark.parametrize(
    ("place", "body", "status"),
    [
        (":predict", b"{", 400),
        (":predict", b"", 400),
        (":predict", b"[]", 400),
        (":predict", {"signature_name": "png"}, 400),
        (":predict", {"instances": [], "inputs": {}}, 400),
        (":predict", {"signature_name": "png", "instances": []}, 400),
        (":predict", {"inputs": {"depth": [[[1, 2], [3]]], "camera": [[1, 1, 1, 1]]}}, 400),
        (
            ":predict",
            {"signature_name": "png", "inputs": {"image_bytes": [{"b64": "%"}], "camera": [[1] * 4]}},
            400,
        ),
        ("/versions/9:predict", {"inputs": {}}, 404),
    ],
    ids=str,
)
def test_a_bad_request_gets_an_error_in_json(url, place, body, status):
    got, answer = http(url + place, body)
    assert (got, list(answer)) == (status, ["error"])
    assert isinstance(answer["error"], str) and answer["error"]
