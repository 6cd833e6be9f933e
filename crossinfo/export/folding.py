"""The network as it is exported: the pose part only, batch normalisation folded into the layers before it.

A normalisation with fixed statistics is one factor and one offset per channel: it disappears into the kernel
of the convolution or dense layer in front, and leaves a bias. Dropout, heat maps and half precision go, too.
"""

import dataclasses

import keras
import numpy as np

from crossinfo.layers.normalization import EPSILON
from crossinfo.localisation.network import Localiser
from crossinfo.model import CrossInfoNet, build, inference


def fold(model: CrossInfoNet) -> keras.Model:
    """A Keras model crop [B, 96, 96, 1] -> ``hand`` [B, 3J] with weights of its own, all float32.

    Equal to ``inference(model)`` to the rounding of float32, and in that precision whatever ``model`` was
    trained in.
    """
    network = dataclasses.replace(
        model.network, normalisation=None, normalise_outputs=False, dropout=0.0, initializer="zeros"
    )
    return _with_folded_weights(inference(build(network)), model)


def fold_localiser(localiser: Localiser) -> Localiser:
    """The same for a localiser."""
    config = {**localiser.get_config(), "normalisation": None}
    return _with_folded_weights(Localiser.from_config(config), localiser)


def _with_folded_weights(folded, trained):
    values = {weight.path: weight.numpy().astype(np.float64) for weight in trained.weights}
    for weight in folded.weights:
        weight.assign(_folded(weight.path, values))
    return folded


def _folded(path, trained):
    """A kernel times its normalisation's factor, or the bias that remains of it."""
    # ``.../stem/convolution/kernel``, normalised by ``.../stem/normalisation/gamma`` and so on.
    layer, kind = path.rsplit("/", 1)
    block = layer.rsplit("/", 1)[0] + "/normalisation/"
    if block + "gamma" not in trained:
        return trained[path]
    gamma, beta, mean, variance = (
        trained[block + name] for name in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    factor = gamma / np.sqrt(variance + EPSILON)
    return trained[path] * factor if kind == "kernel" else beta - mean * factor
