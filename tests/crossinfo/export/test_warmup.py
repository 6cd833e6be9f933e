"""Warm-up requests as a server reads them."""

import numpy as np
import pytest
import tensorflow as tf

from crossinfo.export import signatures, warmup


def test_there_is_a_request_for_each_signature_that_finds_a_hand(tiny_predictor):
    requests = warmup.inputs()
    assert set(requests) == {*signatures.SIGNATURES, signatures.HANDS}
    for signature in signatures.SIGNATURES:
        outputs = tiny_predictor.call(signature, **requests[signature])
        assert np.all(outputs.get("valid", True))


def test_the_png_is_the_frame(tiny_predictor):
    requests = warmup.inputs()
    found = signatures.decode_png(tf.constant(requests["png"]["image_bytes"])).numpy()
    np.testing.assert_array_equal(found, requests["serving_default"]["depth"])


@pytest.mark.parametrize("pixels", [1, 40, 200, 20_000])
def test_a_message_is_read_back_by_the_servers_own_classes(pixels):
    """Lengths of one, two and three bytes."""
    messages = pytest.importorskip(
        "tensorflow_serving.apis.prediction_log_pb2", reason="needs tensorflow-serving-api"
    )
    arrays = {"depth": np.arange(pixels, dtype=np.float32), "camera": np.float32([[1, 2, 3, 4]])}
    request = messages.PredictionLog.FromString(warmup.prediction_log("centred", arrays)).predict_log.request
    assert request.model_spec.signature_name == "centred"
    assert set(request.inputs) == set(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(tf.make_ndarray(request.inputs[name]), array)


def test_the_file_holds_one_record_per_signature_of_the_model(tmp_path):
    warmup.write(tmp_path / "requests", ("serving_default", "png", "hands"))
    records = [record.numpy() for record in tf.data.TFRecordDataset(str(tmp_path / "requests"))]
    inputs = warmup.inputs()
    expected = [warmup.prediction_log(name, inputs[name]) for name in ("serving_default", "hands", "png")]
    assert records == expected
