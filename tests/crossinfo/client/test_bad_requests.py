"""Bad input gets an INVALID_ARGUMENT that says what is wrong, and the next request works."""

import numpy as np
import pytest

from datasets.errors import InputError
from tests.crossinfo.client.bad_requests import BAD, DEPTH, GOOD_PNG, NO_HAND, huge
from tests.crossinfo.client.scenes import CAMERA, POSE


@pytest.fixture
def remote(server, protocol):
    with server.connect(protocol) as remote:
        yield remote


def assert_works(remote, newest):
    found = remote.call("png", image_bytes=[GOOD_PNG], camera=CAMERA)
    expected = newest.call("serving_default", depth=DEPTH, camera=CAMERA)
    for name in POSE:
        np.testing.assert_allclose(found[name], expected[name], atol=0.05)


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_refused_by_name_and_the_next_request_works(remote, newest, what):
    signature, inputs, named = BAD[what]
    with pytest.raises(InputError, match="INVALID_ARGUMENT|FAILED_PRECONDITION") as error:
        remote.call(signature, **inputs)
    words = str(error.value).partition("INVALID_ARGUMENT")[2] or str(error.value)
    assert named in words and "\n" not in words
    assert_works(remote, newest)


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
    with server.connect("rest") as remote:
        with pytest.raises(InputError, match="INVALID_ARGUMENT.*depth"):
            remote.call("serving_default", depth=[b"500"], camera=CAMERA)
        assert_works(remote, newest)
