"""Each place where `paper` follows the paper and not the authors' program: the built network, loss, schedule.

One test an item of docs/fidelity.md; each fails with the release's settings, but for weight decay, which
is the same in both. The cubes are in test_cli.py, the augmentation's ranges in datasets/test_augment.py.
"""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

from crossinfo import losses, model
from crossinfo.config import variant_for
from crossinfo.layers import Resize
from crossinfo.layers.blocks import ConvolutionBlock, DenseBlock
from crossinfo.training import trainer
from datasets import augment
from datasets.skeletons import NYU

OUTPUTS = ("hand", "palm", "finger", "hand_heatmap", "palm_heatmap", "finger_heatmap")


@functools.cache
def variant():
    return variant_for("paper", NYU)


@functools.cache
def paper():
    keras.utils.set_random_seed(1)
    return model.build(variant().network)


def layers_of(kind):
    return [layer for layer in paper()._flatten_layers() if isinstance(layer, kind)]


def output_block(name):
    layer = paper().get_layer(name)
    return layer.convolution if name.endswith("heatmap") else layer


def test_output_layers_are_plain_with_a_bias_and_all_others_are_normalised():
    outputs = [output_block(name) for name in OUTPUTS]
    for block in layers_of((ConvolutionBlock, DenseBlock)):
        kernel = block.dense if isinstance(block, DenseBlock) else block.convolution
        plain = any(block is each for each in outputs)
        assert (block.batch_norm is None) == plain and kernel.use_bias == plain, block.name


def test_resizing_samples_half_pixel_centres():
    resizes = layers_of(Resize)
    assert len(resizes) >= 5  # three of the pyramid, two of the branches' heat maps
    ramp = tf.reshape(tf.range(36, dtype=tf.float32), [1, 6, 6, 1])
    for resize in resizes:
        expected = tf.image.resize(ramp, resize.size)  # bilinear, half-pixel centres
        np.testing.assert_allclose(resize(ramp), expected, atol=1e-5)


@pytest.mark.parametrize("branch", ["palm", "finger"])
def test_a_branch_has_two_fully_connected_layers_of_2048(branch):
    shapes = [tuple(paper().get_layer(f"{branch}_dense{i}").dense.kernel.shape) for i in (1, 2)]
    assert shapes == [(6 * 6 * 256, 2048), (2048, 2048)]


@pytest.mark.parametrize("name", ["palm_dense1", "palm_dense2", "finger_dense1", "finger_dense2"])
def test_60_percent_are_dropped(name):
    dropped = np.equal(paper().get_layer(name).drop(np.ones((20, 2048), "float32"), training=True), 0)
    assert dropped.mean() == pytest.approx(0.6, abs=0.02)


def test_the_whole_hand_comes_of_both_branches_palm_first():
    parts = [paper().get_layer(name).output for name in ("palm_dense2", "finger_dense2", "hand")]
    crop = np.random.default_rng(0).uniform(-1, 1, (1, 96, 96, 1)).astype("float32")
    palm, finger, hand = keras.Model(paper().input, parts)(crop, training=False)
    dense = paper().get_layer("hand").dense
    expected = np.concatenate([palm, finger], axis=1) @ np.asarray(dense.kernel) + np.asarray(dense.bias)
    np.testing.assert_allclose(hand, expected, atol=1e-5)


def test_kernels_begin_normal_with_a_deviation_of_a_hundredth():
    kernels = [np.asarray(each) for each in paper().trainable_variables if each.name == "kernel"]
    for kernel in kernels:
        # Glorot's depends on the kernel's shape, and a uniform one's numbers end at 1.7 deviations.
        error = 5 * 0.01 / np.sqrt(2 * kernel.size)
        assert kernel.std() == pytest.approx(0.01, abs=error), kernel.shape
        assert kernel.size < 4000 or np.abs(kernel).max() > 0.03
    biases = [np.asarray(each) for each in paper().trainable_variables if each.name == "bias"]
    assert len(biases) == len(OUTPUTS) and not any(bias.any() for bias in biases)


def test_equation_7_has_no_further_factors():
    rng = np.random.default_rng(0)
    shapes = {name: (3, 24, 24, 2) if name.endswith("heatmap") else (3, 6) for name in OUTPUTS}
    target, output = ({name: rng.normal(size=shapes[name]) for name in OUTPUTS} for _ in range(2))
    squares = {name: ((target[name] - output[name]) ** 2).reshape(3, -1).sum(axis=1) for name in OUTPUTS}
    expected = sum((0.01 if name.endswith("heatmap") else 1) * squares[name] for name in OUTPUTS)
    found = losses.losses(target, output, variant().loss)["total_data"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_weight_decay_is_half_the_squares_of_kernels():
    kernels = [np.asarray(each, np.float64) for each in paper().trainable_variables if each.ndim > 1]
    expected = 1e-5 * sum((kernel**2).sum() for kernel in kernels) / 2
    found = losses.weight_decay(paper(), variant().loss.weight_decay)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_every_frame_is_turned_shifted_and_scaled():
    sampler = augment.SAMPLERS[variant().schedule.augmentation]
    draws = np.random.default_rng(0).uniform(1e-6, 1 - 1e-6, (500, augment.DRAWS)).astype("float32")
    found = sampler(tf.constant(draws), tf.fill([500], 250.0))
    changed = [found["angle"] != 0, tf.reduce_any(found["offset_mm"] != 0, axis=1), found["scale"] != 1]
    assert np.mean(np.all(changed, axis=0)) > 0.98
    # Uniform, not normal: a frame in two is in the outer halves of each range.
    assert np.mean(np.abs(found["scale"] - 1) > 0.05) == pytest.approx(0.5, abs=0.07)


def test_schedule():
    schedule = variant().schedule
    assert (schedule.epochs, schedule.batch_size) == (110, 128)
    optimizer = trainer.make_optimizer(schedule, steps_per_epoch=10, precision="float32")
    assert isinstance(optimizer, keras.optimizers.Adam)
    rates = []
    for step in (0, 9, 10, 1095):
        optimizer.iterations.assign(step)
        rates.append(float(optimizer.learning_rate))
    np.testing.assert_allclose(rates, [1e-3, 1e-3, 0.96e-3, 1e-3 * 0.96**109], rtol=1e-4)
