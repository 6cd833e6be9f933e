"""Renewed statistics of batch normalisation against NumPy's."""

import keras
import numpy as np
import tensorflow as tf

from crossinfo.layers.blocks import ConvolutionBlock
from crossinfo.training.statistics import StatisticsRenewer


def network():
    """Two blocks, the first of them linear."""
    image = keras.Input((4, 4, 2))
    first = ConvolutionBlock(2, activation=None, name="first")
    return keras.Model(image, ConvolutionBlock(3, name="second")(first(image)))


def test_statistics_are_those_of_the_whole_sample():
    model, rng = network(), np.random.default_rng(0)
    sample = rng.normal([1.0, -2.0], [0.5, 3.0], (6, 8, 4, 4, 2)).astype(np.float32)
    block = model.get_layer("first")
    block.batch_norm.moving_mean.assign([100.0, 100.0])
    StatisticsRenewer(model).renew(tf.data.Dataset.from_tensor_slices(sample))
    kernel = block.convolution.kernel.numpy()[0, 0]
    seen = sample.reshape(-1, 2) @ kernel
    np.testing.assert_allclose(block.batch_norm.moving_mean, seen.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(block.batch_norm.moving_variance, seen.var(axis=0), rtol=1e-2)


def test_renewing_twice_changes_nothing():
    """The second block's statistics rest on batch statistics of the first, not on its moving ones."""
    model, rng = network(), np.random.default_rng(1)
    sample = tf.data.Dataset.from_tensor_slices(rng.normal(size=(3, 8, 4, 4, 2)).astype(np.float32))
    found = []
    for _ in range(2):
        StatisticsRenewer(model).renew(sample)
        found.append([variable.numpy() for variable in model.non_trainable_variables])
    for once, twice in zip(*found, strict=True):
        np.testing.assert_array_equal(once, twice)
