"""Bad input gets an INVALID_ARGUMENT that says what is wrong, and the next request works."""

import numpy as np
import pytest

from crossinfo.client import Model
from crossinfo.client.rest import Rest
from crossinfo.client.rpc import Rpc
from datasets.errors import InputError
from tests.crossinfo.client.bad_requests import (
    BAD,
    DEPTH,
    EMPTY,
    GOOD_PNG,
    NO_HAND,
    REST_MAY_ANSWER,
    REST_PASSES_OVER,
    huge,
)
from tests.crossinfo.client.scenes import CAMERA, POSE
from tests.crossinfo.client.scripted_servers import scripted


@pytest.fixture
def remote(server, protocol):
    with server.connect(protocol) as remote:
        yield remote


def assert_works(remote, newest):
    found = remote.call("png", image_bytes=[GOOD_PNG], camera=CAMERA)
    expected = newest.call("serving_default", depth=DEPTH, camera=CAMERA)
    for name in POSE:
        np.testing.assert_allclose(found[name], expected[name], atol=0.05)


def send(server, protocol, what):
    """Sends a request of ``BAD`` as it is, past the client's own checks."""
    signature, inputs, _ = BAD[what]
    transport = {"rpc": Rpc, "rest": Rest}[protocol](server.address(protocol), Model("hand"))
    try:
        return transport.send(signature, transport.encode(signature, inputs), timeout_s=60)
    finally:
        transport.close()


@pytest.mark.parametrize("what", [what for what in BAD if what not in (REST_PASSES_OVER, REST_MAY_ANSWER)])
def test_bad_input_is_refused_by_name_and_the_next_request_works(server, remote, protocol, newest, what):
    assert_refused(server, protocol, what)
    assert_works(remote, newest)


def assert_refused(server, protocol, what):
    with pytest.raises(InputError, match="INVALID_ARGUMENT|FAILED_PRECONDITION") as error:
        send(server, protocol, what)
    words = str(error.value).partition("INVALID_ARGUMENT")[2] or str(error.value)
    assert BAD[what][2] in words and "\n" not in words


@pytest.mark.parametrize("what", [REST_PASSES_OVER, REST_MAY_ANSWER])
def test_bad_input_that_rest_may_answer_is_refused_over_grpc(server, newest, what):
    assert_refused(server, "rpc", what)
    with server.connect("rpc") as remote:
        assert_works(remote, newest)


@pytest.mark.parametrize("what", EMPTY)
def test_an_empty_batch_is_not_sent(protocol, what):
    signature, inputs, named = BAD[what]
    with scripted(protocol) as (client, script):
        with pytest.raises(InputError, match=f"`{named}`: the batch is empty"):
            client.call(signature, **inputs)
    assert script.seen == 0


@pytest.mark.parametrize("what", NO_HAND)
def test_nothing_to_find_is_an_answer(remote, newest, what):
    found = remote.call("serving_default", depth=NO_HAND[what], camera=CAMERA)
    assert not found["valid"].any()
    assert not any(found[name].any() for name in POSE)
    assert_works(remote, newest)


def test_a_frame_of_20_megapixels_is_refused(remote, newest):
    """No depth camera comes near; as floats it would be 80 MB."""
    with pytest.raises(InputError, match="INVALID_ARGUMENT: .*image_bytes"):
        remote.call("png", image_bytes=[huge(4000, 5000)], camera=CAMERA)
    assert_works(remote, newest)


def test_another_dtype_is_refused_over_grpc(server, newest):
    """The client sends float32 and bytes only, so the request is made by the official messages."""
    grpc = pytest.importorskip("grpc")
    predict_pb2 = pytest.importorskip(
        "tensorflow_serving.apis.predict_pb2", reason="needs tensorflow-serving-api"
    )
    tf = pytest.importorskip("tensorflow")
    from tensorflow_serving.apis import prediction_service_pb2_grpc

    with grpc.insecure_channel(server.rpc) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        for wrong in (DEPTH.astype(np.float64), DEPTH.astype(np.uint16), DEPTH.astype(str).astype(object)):
            request = predict_pb2.PredictRequest()
            request.model_spec.name = "hand"
            request.inputs["depth"].CopyFrom(tf.make_tensor_proto(wrong))
            request.inputs["camera"].CopyFrom(tf.make_tensor_proto(CAMERA))
            with pytest.raises(grpc.RpcError, match="float") as error:
                stub.Predict(request, timeout=60)
            assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        request.inputs["depth"].CopyFrom(tf.make_tensor_proto(DEPTH))
        assert stub.Predict(request, timeout=60).outputs["valid"].bool_val[:] == [True]


def test_text_for_a_number_is_refused_over_rest(server, newest):
    """Without the input's name."""
    with server.connect("rest") as remote:
        with pytest.raises(InputError, match="INVALID_ARGUMENT.*type"):
            remote.call("serving_default", depth=[b"500"], camera=CAMERA)
        assert_works(remote, newest)


def test_an_input_too_many_is_passed_over_by_rest(server, newest):
    signature, inputs, _ = BAD[REST_PASSES_OVER]
    found = send(server, "rest", REST_PASSES_OVER)["joints"]
    np.testing.assert_allclose(found, newest.call(signature, crop=inputs["crop"])["joints"], atol=1e-3)


def test_an_empty_batch_of_frames_finds_no_hand_over_rest(server, newest):
    """It was seen refused, by the name of either input, and answered, without rows."""
    for _ in range(4):
        try:
            found = send(server, "rest", REST_MAY_ANSWER)
        except InputError as error:
            assert "camera" in str(error) or "depth" in str(error)
        else:
            assert not any(value.size for value in found.values())
    with server.connect("rest") as remote:
        assert_works(remote, newest)
