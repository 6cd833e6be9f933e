import keras
import numpy as np
import pytest

from crossinfo import config, model
from crossinfo.benchmark.operations import operations
from crossinfo.export import folding
from datasets import registry


def trained_like(network, precision="float32"):
    """A model whose every normalisation does something, with activations of ordinary size."""
    rng = np.random.default_rng(0)
    made = model.build(network, precision)
    for weight in made.weights:
        kind = weight.path.rsplit("/", 1)[1]
        if kind == "kernel":
            weight.assign(rng.normal(0, (1 / np.prod(weight.shape[:-1])) ** 0.5, weight.shape))
        elif kind in ("gamma", "moving_variance"):
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
        else:
            weight.assign(rng.normal(0, 0.1, weight.shape))
    return made


def crops(count=2):
    return np.random.default_rng(1).uniform(-1, 1, (count, 96, 96, 1)).astype(np.float32)


@pytest.mark.parametrize(
    ("variant", "sharing", "heatmaps"),
    [
        ("compact", "cross", True),
        ("compact", "none", True),
        ("compact", "stitch", True),
        ("compact", "cross", False),
        ("compact", "none", False),
        pytest.param("paper", "cross", True, marks=pytest.mark.slow),
        ("release", "cross", True),
    ],
)
def test_the_folded_network_is_the_network(variant, sharing, heatmaps):
    skeleton = registry.get("nyu").skeleton
    trained = trained_like(config.variant_for(variant, skeleton, True, heatmaps, sharing).network)
    expected = trained(crops(), training=False)["hand"].numpy()
    folded = folding.fold(trained)
    found = folded(crops(), training=False)["hand"].numpy()
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_normalisation_dropout_and_heat_maps_are_gone_and_the_model_stays():
    network = config.variant_for("release", registry.get("nyu").skeleton).network
    trained = trained_like(config.dataclasses.replace(network, stage_units=(1, 1, 1, 1), dense_units=64))
    before = [weight.numpy() for weight in trained.weights]
    folded = folding.fold(trained)
    kinds = {weight.path.rsplit("/", 1)[1] for weight in folded.weights}
    assert kinds == {"kernel", "bias"}
    assert not folded.non_trainable_weights
    assert not [weight.path for weight in folded.weights if "heatmap" in weight.path]
    assert operations(folded) == operations(model.inference(trained))
    for weight, value in zip(trained.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_a_network_trained_in_half_precision_is_folded_in_float32():
    network = config.variant_for("compact", registry.get("nyu").skeleton).network
    half = trained_like(network, "mixed_float16")
    folded = folding.fold(half)
    assert {weight.dtype for weight in folded.weights} == {"float32"}
    full = trained_like(network)
    np.testing.assert_allclose(
        folded(crops())["hand"], full(crops(), training=False)["hand"], rtol=1e-3, atol=1e-3
    )


def test_a_plain_layer_keeps_its_bias():
    keras.utils.set_random_seed(0)
    trained = trained_like(config.variant_for("compact", registry.get("nyu").skeleton).network)
    bias = next(weight for weight in trained.weights if weight.path == "hand/dense/bias")
    folded = next(weight for weight in folding.fold(trained).weights if weight.path == "hand/dense/bias")
    np.testing.assert_array_equal(folded, bias)
