"""What the branches share is exported with the network: `crop` of every file gives the network's joints."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from crossinfo import model
from crossinfo.export import litert, saved_model
from crossinfo.inference import loading


@pytest.fixture(scope="module")
def stitched(tiny_model):
    """The tiny model with cross-stitch units far from where they begin, each channel its own way."""
    network = dataclasses.replace(tiny_model.network, sharing="stitch")
    keras.utils.set_random_seed(5)
    made = model.build(network, card=tiny_model.card)
    random = np.random.default_rng(5)
    for name in ("features_stitch", "refined_stitch"):
        mix = made.get_layer(name).mix
        mix.assign(random.uniform(0, 1, mix.shape))
    return made


@pytest.fixture(scope="module")
def crops():
    return np.random.default_rng(0).uniform(-1, 1, (3, 96, 96, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def expected(stitched, crops):
    return np.reshape(stitched(crops, training=False)["hand"], (3, 14, 3))


def test_cross_stitch_units_stand_in_the_saved_model(stitched, crops, expected, tmp_path):
    loaded = tf.saved_model.load(saved_model.export(stitched, tmp_path))
    found = loaded.signatures["crop"](crop=crops)["joints"]
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_cross_stitch_units_stand_in_the_litert_file(stitched, crops, expected, tmp_path):
    pytest.importorskip("ai_edge_litert", reason="needs ai-edge-litert, of the extra litert")
    opened = loading.load_predictor(litert.export(stitched, tmp_path / "1") / litert.MODEL_FILE)
    found = opened.call("crop", crop=crops)["joints"]
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
