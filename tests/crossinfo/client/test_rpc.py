"""The gRPC transport: its own messages against the official ones of ``tensorflow-serving-api``."""

import numpy as np
import pytest

from crossinfo.client import Model, rpc

official = pytest.importorskip("tensorflow_serving.apis.predict_pb2", reason="needs tensorflow-serving-api")
tf = pytest.importorskip("tensorflow")


def test_a_request_is_read_by_the_official_message():
    depth = np.float32([[[1.5, 0], [np.nan, 700]]])
    for model, choice in ((Model("hand", 3), "version"), (Model("hand", label="canary"), "version_label")):
        data = rpc.Rpc("h:1", model).encode("png", {"depth": depth, "image_bytes": [b"\x89PNG", b""]})
        request = official.PredictRequest.FromString(data)
        assert (request.model_spec.name, request.model_spec.signature_name) == ("hand", "png")
        assert request.model_spec.WhichOneof("version_choice") == choice
        assert request.model_spec.version.value == (3 if choice == "version" else 0)
        assert set(request.inputs) == {"depth", "image_bytes"}
        np.testing.assert_array_equal(tf.make_ndarray(request.inputs["depth"]), depth)
        assert tf.make_ndarray(request.inputs["image_bytes"]).tolist() == [b"\x89PNG", b""]
        assert not request.FindInitializationErrors()


def test_no_version_asks_for_the_newest():
    request = official.PredictRequest.FromString(rpc.Rpc("h:1", Model("hand")).encode("crop", {}))
    assert request.model_spec.WhichOneof("version_choice") is None


def test_states_have_the_official_numbers():
    status = pytest.importorskip("tensorflow_serving.apis.get_model_status_pb2")
    assert rpc.STATES == {number: name for name, number in status.ModelVersionStatus.State.items()}


def test_a_status_is_read_from_the_official_message():
    status = pytest.importorskip("tensorflow_serving.apis.get_model_status_pb2")
    written = status.GetModelStatusResponse()
    one = written.model_version_status.add(version=3, state=status.ModelVersionStatus.END)
    one.status.error_code, one.status.error_message = 2, "gone"
    (read,) = rpc.StatusResponse.FromString(written.SerializeToString()).versions
    assert (read.version, rpc.STATES[read.state], read.status.message) == (3, "END", "gone")


@pytest.mark.parametrize(
    "array",
    [
        np.float32([[1, 2], [3, -4.5]]), np.float32([7, 7, 7]), np.zeros((2, 0, 3), np.float32),
        np.float32(3), np.array([True, False]), np.array([False, False]),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)  # fmt: skip
def test_a_tensor_is_read_however_it_was_written(array):
    """As bytes, as a list of values, and as a list whose last value goes on."""
    by_bytes = tf.make_tensor_proto(array)
    by_values = tf.make_tensor_proto(array[..., :0] if array.ndim else array)
    by_values.tensor_shape.CopyFrom(tf.TensorShape(array.shape).as_proto())
    by_values.ClearField("tensor_content")
    by_values.ClearField("float_val")
    (by_values.bool_val if array.dtype == bool else by_values.float_val).extend(array.ravel().tolist())
    for written in (by_bytes, by_values):
        read = rpc.from_tensor(rpc.Tensor.FromString(written.SerializeToString()))
        assert read.dtype == array.dtype
        np.testing.assert_array_equal(read, array)


def test_a_tensor_of_another_kind_is_refused():
    written = tf.make_tensor_proto(np.int64([1, 2]))
    with pytest.raises(ValueError, match="dtype 9"):
        rpc.from_tensor(rpc.Tensor.FromString(written.SerializeToString()))
