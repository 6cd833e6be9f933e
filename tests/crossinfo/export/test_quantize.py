"""What quantizing does to a small LiteRT file of one layer in the network's scope and one outside."""

import numpy as np
import pytest
import tensorflow as tf

from crossinfo.export import quantize
from crossinfo.inference import litert_runtime

pytest.importorskip("ai_edge_quantizer", reason="needs ai-edge-quantizer, of the extra litert")

RNG = np.random.default_rng(0)
# Convolutions of these names; int8 leaves the stem in float.
KERNELS = {name: RNG.normal(0, 0.1, (3, 3, 4, 4)).astype(np.float32) for name in ("stem", "stage3", "stage4")}
OUTSIDE = RNG.normal(0, 0.1, (3, 3, 4, 4)).astype(np.float32)


def layers(crop):
    x = tf.tile(crop, [1, 1, 1, 4])
    with tf.name_scope(quantize.SCOPE):
        for name, kernel in KERNELS.items():
            with tf.name_scope(name):
                x = tf.nn.relu(tf.nn.conv2d(x, tf.constant(kernel), 1, "SAME"))
    with tf.name_scope("outside"):
        return {"joints": tf.nn.conv2d(x, tf.constant(OUTSIDE), 1, "SAME")}


@pytest.fixture(scope="module")
def content():
    spec = tf.TensorSpec([1, 16, 16, 1], tf.float32, "crop")
    graph = tf.function(layers, input_signature=[spec]).get_concrete_function()
    return tf.lite.TFLiteConverter.from_concrete_functions([graph], tf.Module()).convert()


@pytest.fixture(scope="module")
def crops():
    return RNG.uniform(-1, 1, (6, 16, 16, 1)).astype(np.float32)


def joints(content, crops):
    return litert_runtime.Runner(content=content)(crop=crops)["joints"]


def dtypes(content):
    """{name: dtype} of all tensors."""
    details = litert_runtime.interpreter(content=content).get_tensor_details()
    return {tensor["name"]: tensor["dtype"] for tensor in details}


def test_float16_keeps_the_networks_kernels_in_half_the_bits(content, crops):
    half = quantize.float16(content)
    kinds = list(dtypes(half).values())
    assert kinds.count(np.float16) == len(KERNELS)
    full = joints(content, crops)
    np.testing.assert_allclose(joints(half, crops), full, atol=2e-3 * np.abs(full).max())


def test_calibration_gives_the_range_over_all_crops(content, crops):
    ranges = quantize.calibrate(content, crops)
    each = [quantize.calibrate(content, crop[None]) for crop in crops]
    for name, found in ranges.items():
        np.testing.assert_array_equal(found["min"], np.min([one[name]["min"] for one in each], axis=0))
        np.testing.assert_array_equal(found["max"], np.max([one[name]["max"] for one in each], axis=0))


def test_int8_touches_the_network_behind_its_fine_stages_only(content, crops):
    small = quantize.int8(content, quantize.calibrate(content, crops))
    eight = [name for name, dtype in dtypes(small).items() if dtype == np.int8]
    assert any("stage3" in name for name in eight) and any("stage4" in name for name in eight)
    assert not [name for name in eight if "outside" in name]
    full, found = joints(content, crops), joints(small, crops)
    assert 0 < np.abs(found - full).max() < 0.1 * np.abs(full).max()
