"""Every registered layer: one conformance table, then what each layer computes."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from crossinfo import layers, model
from crossinfo.layers import blocks, normalization, pyramid
from crossinfo.localisation.network import Localiser

IMAGE = (2, 6, 6, 16)
BRANCHES = [IMAGE, IMAGE, IMAGE]
# name -> (class, arguments, input shape(s), trainable weights, other weights, output shape(s))
CASES = {
    "norm": (normalization.FusedBatchNormalization, {}, IMAGE, 2, 2, IMAGE),
    "norm_former": (normalization.ExactBatchNormalization, {}, IMAGE, 2, 2, IMAGE),
    "norm_flat": (normalization.FusedBatchNormalization, {}, (2, 8), 2, 2, (2, 8)),
    "conv": (blocks.ConvolutionBlock, {"filters": 8}, IMAGE, 3, 2, (2, 6, 6, 8)),
    "conv_strided": (
        blocks.ConvolutionBlock,
        {"filters": 8, "kernel_size": 5, "strides": 2},
        (2, 7, 7, 16),
        3,
        2,
        (2, 4, 4, 8),
    ),
    "conv_plain": (
        blocks.ConvolutionBlock,
        {"filters": 8, "activation": None, "normalisation": None},
        IMAGE,
        2,
        0,
        (2, 6, 6, 8),
    ),
    "dense": (blocks.DenseBlock, {"units": 8}, (2, 16), 3, 2, (2, 8)),
    "dense_plain": (
        blocks.DenseBlock,
        {"units": 8, "activation": None, "normalisation": None},
        (2, 16),
        2,
        0,
        (2, 8),
    ),
    "residual": (blocks.ResidualBlock, {"filters": 16, "base_filters": 8}, IMAGE, 9, 6, IMAGE),
    "residual_projected": (
        blocks.ResidualBlock,
        {"filters": 32, "base_filters": 8, "strides": 2},
        IMAGE,
        12,
        8,
        (2, 3, 3, 32),
    ),
    "resize": (layers.Resize, {"size": (12, 12)}, IMAGE, 0, 0, (2, 12, 12, 16)),
    "resize_tf1": (layers.Resize, {"size": (12, 12), "grid": "tf1"}, IMAGE, 0, 0, (2, 12, 12, 16)),
    "pyramid": (
        layers.FeaturePyramid,
        {"filters": 8},
        [(2, 6, 6, 16), (2, 3, 3, 16), (2, 2, 2, 24)],
        15,
        10,
        ((2, 6, 6, 8), (2, 3, 3, 8), (2, 2, 2, 8)),
    ),
    "heatmaps": (layers.HeatmapHead, {"joints": 3, "size": (12, 12)}, IMAGE, 2, 0, (2, 12, 12, 3)),
    "cross": (layers.CrossConnection, {}, BRANCHES, 0, 0, ((2, 6, 6, 32), (2, 6, 6, 32))),
    "stitch": (layers.CrossStitch, {"own": 0.7}, [IMAGE, IMAGE], 1, 0, (IMAGE, IMAGE)),
    "stitch_flat": (layers.CrossStitch, {}, [(2, 8), (2, 8)], 1, 0, ((2, 8), (2, 8))),
}
every_case = pytest.mark.parametrize("case", CASES)


def make(case, **kwargs):
    kind, arguments, *_ = CASES[case]
    return kind(**arguments, **kwargs)


def numbers(shape, seed=0, dtype="float32"):
    """Random input of one shape, or a list of them for several."""
    if isinstance(shape, list):
        return [numbers(each, seed + i, dtype) for i, each in enumerate(shape)]
    return tf.constant(np.random.default_rng(seed).normal(size=shape), dtype)


def shapes(outputs):
    if isinstance(outputs, tuple | list):
        return tuple(tuple(x.shape) for x in outputs)
    return tuple(outputs.shape)


def test_every_registered_layer_has_a_case():
    registered = {
        kind
        for name, kind in keras.saving.get_custom_objects().items()
        if name.startswith("crossinfo>") and issubclass(kind, keras.layers.Layer)
    }
    assert registered == {case[0] for case in CASES.values()} | {model.CrossInfoNet, Localiser}


@every_case
def test_config_gives_the_same_layer_back(case):
    layer = make(case, name="same")
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert again.get_config().items() >= CASES[case][1].items()


@every_case
def test_build_alone_makes_the_weights(case):
    _, _, shape, trainable, others, _ = CASES[case]
    layer = make(case)
    layer.build(shape)
    assert (len(layer.trainable_weights), len(layer.non_trainable_weights)) == (trainable, others)


@every_case
def test_symbolic_and_eager_shapes_agree(case):
    _, _, shape, _, _, expected = CASES[case]
    layer = make(case)
    symbolic = keras.tree.map_shape_structure(lambda each: keras.KerasTensor(each), shape)
    assert shapes(layer(symbolic)) == expected
    assert shapes(layer(numbers(shape))) == expected
    computed = layer.compute_output_shape(shape)
    assert (tuple(computed) if isinstance(computed, list) else computed) == expected


@every_case
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float64"])
def test_precision_reaches_every_sublayer(case, policy):
    layer = make(case, dtype=policy)
    policy = layer.dtype_policy
    outputs = keras.tree.flatten(layer(numbers(CASES[case][2])))
    assert {output.dtype.name for output in outputs} == {policy.compute_dtype}
    assert {each.compute_dtype for each in layer._flatten_layers()} == {policy.compute_dtype}
    assert {weight.dtype for weight in layer.weights} <= {policy.variable_dtype}


@every_case
@pytest.mark.parametrize("training", [True, False])
def test_double_precision_sees_what_float32_would_round_away(case, training):
    layer, inputs = make(case, dtype="float64"), numbers(CASES[case][2], dtype="float64")
    arguments = {"training": training} if layer._call_has_training_arg else {}
    nudged = keras.tree.map_structure(lambda x: x * (1 + 1e-11), inputs)
    before, after = (keras.tree.flatten(layer(each, **arguments)) for each in (inputs, nudged))
    for one, other in zip(before, after, strict=True):
        assert 0 < np.abs(one - other).max() < 1e-8


@every_case
@pytest.mark.parametrize("policy", ["float32", "float64"])
def test_compiled_step_reaches_every_weight(case, policy):
    layer, inputs = make(case, dtype=policy), numbers(CASES[case][2], dtype=policy)
    layer(inputs)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            outputs = keras.tree.flatten(layer(inputs, training=True))
            loss = sum(tf.reduce_sum(x * numbers(x.shape, 1, x.dtype)) for x in outputs)
        return tape.gradient(loss, [weight.value for weight in layer.trainable_weights])

    assert all(np.isfinite(gradient).all() and np.any(gradient) for gradient in step())


@every_case
def test_saved_and_loaded_gives_equal_outputs(case, tmp_path):
    shape = CASES[case][2]
    inputs = keras.tree.map_shape_structure(lambda each: keras.Input(each[1:]), shape)
    saved = keras.Model(inputs, make(case)(inputs))
    saved.save(tmp_path / "layer.keras")
    loaded = keras.saving.load_model(tmp_path / "layer.keras")
    before, after = (keras.tree.flatten(each(numbers(shape))) for each in (saved, loaded))
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("policy", ["float32", "float64"])
@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        ("tf1", [0, 0.5, 1, 1.5, 2, 2.5, 3, 3]),
        ("half_pixel", [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]),
    ],
)
def test_resize_samples_its_grid(grid, expected, policy):
    row = np.arange(4, dtype=policy).reshape(1, 1, 4, 1)
    np.testing.assert_allclose(layers.Resize((1, 8), grid, dtype=policy)(row)[0, 0, :, 0], expected)


@pytest.mark.parametrize("grid", pyramid.GRIDS)
@pytest.mark.parametrize("size", [(3, 5), (6, 6), (7, 12), (13, 2)])
def test_resize_in_double_precision_is_tensorflows(grid, size):
    image = numbers((2, 6, 5, 3), dtype="float64")
    single, double = (layers.Resize(size, grid, dtype=policy)(image) for policy in ("float32", "float64"))
    np.testing.assert_allclose(single, double, atol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_resize_has_a_gradient_under_xla_in_half_precision(policy):
    layer = layers.Resize((4, 4), dtype=policy)

    @tf.function(jit_compile=True)
    def gradient(x):
        half = tf.cast(x, layer.compute_dtype)
        # Two uses of the same tensor: XLA must be able to add their gradients.
        return tf.gradients([layer(half), half * 1], x)[0]

    assert float(tf.reduce_sum(gradient(tf.ones([1, 2, 2, 1])))) == 16 + 4


def test_pyramid_adds_the_resized_level_above():
    """With every convolution the identity, a level is itself plus what lies above it."""
    merged = layers.FeaturePyramid(1, normalisation=None)
    fine, coarse = np.ones((1, 4, 4, 1), "float32"), np.full((1, 2, 2, 1), 10, "float32")
    merged.build([fine.shape, coarse.shape])
    for block in (*merged.laterals, *merged.merges):
        block.convolution.kernel.assign(np.ones((1, 1, 1, 1)))
    levels = merged([fine, coarse])
    np.testing.assert_array_equal(levels[0], np.full((1, 4, 4, 1), 11))
    np.testing.assert_array_equal(levels[1], coarse)


def test_strided_convolution_pads_both_sides_alike():
    block = blocks.ConvolutionBlock(1, 3, 2, activation=None, normalisation=None)
    block.build((1, 4, 4, 1))
    block.convolution.kernel.assign(np.ones((3, 3, 1, 1)))
    np.testing.assert_array_equal(block(np.ones((1, 4, 4, 1)))[0, :, :, 0], [[4, 6], [6, 9]])


def test_strided_1x1_convolution_takes_every_second_pixel():
    block = blocks.ConvolutionBlock(1, 1, 2, activation=None, normalisation=None)
    block.build((1, 3, 3, 1))
    block.convolution.kernel.assign(np.ones((1, 1, 1, 1)))
    image = np.arange(9, dtype="float32").reshape(1, 3, 3, 1)
    np.testing.assert_array_equal(block(image)[0, :, :, 0], [[0, 2], [6, 8]])


@pytest.mark.parametrize("strides", [1, 2])
def test_residual_block_adds_to_its_subsampled_input(strides):
    block = blocks.ResidualBlock(16, 8, strides)
    inputs = numbers((1, 6, 6, 16))
    block.build(inputs.shape)
    block.conv3.batch_norm.gamma.assign(np.zeros(16))
    np.testing.assert_array_equal(block(inputs), np.maximum(inputs[:, ::strides, ::strides], 0))


def test_cross_connection_appends_what_the_other_branch_left():
    palm, finger, shared = (np.full((1, 1, 1, 1), value, "float32") for value in (1, 10, 100))
    enhanced_palm, enhanced_finger = layers.CrossConnection()([palm, finger, shared])
    np.testing.assert_array_equal(np.ravel(enhanced_palm), [1, 90])
    np.testing.assert_array_equal(np.ravel(enhanced_finger), [10, 99])


def test_cross_stitch_begins_with_nine_parts_of_a_branchs_own_features():
    palm, finger = (np.full((1, 2, 2, 3), value, "float32") for value in (10, 100))
    stitched_palm, stitched_finger = layers.CrossStitch()([palm, finger])
    np.testing.assert_allclose(stitched_palm, np.full((1, 2, 2, 3), 19), rtol=1e-6)
    np.testing.assert_allclose(stitched_finger, np.full((1, 2, 2, 3), 91), rtol=1e-6)


def test_cross_stitch_mixes_every_channel_by_its_own_matrix():
    """Channel 0 keeps its branch, 1 swaps them, 2 tells all four entries apart."""
    layer = layers.CrossStitch()
    palm, finger = np.float32([[1, 2, 3]]), np.float32([[10, 20, 30]])
    layer.build([palm.shape, finger.shape])
    layer.mix.assign([[[1, 0, 1], [0, 1, 2]], [[0, 1, 3], [1, 0, 4]]])
    stitched_palm, stitched_finger = layer([palm, finger])
    np.testing.assert_array_equal(stitched_palm, [[1, 20, 63]])
    np.testing.assert_array_equal(stitched_finger, [[10, 2, 129]])


def test_a_cross_stitch_of_nothing_but_its_own_is_the_identity():
    branches = numbers([IMAGE, IMAGE])
    for given, found in zip(branches, layers.CrossStitch(own=1.0)(branches), strict=True):
        np.testing.assert_array_equal(given, found)


def test_cross_stitch_gradients_cross_over():
    """Of the palm's output alone: its inputs get its row of the matrix, the matrix the inputs' sums."""
    layer, (palm, finger) = layers.CrossStitch(), numbers([IMAGE, IMAGE])
    with tf.GradientTape() as tape:
        tape.watch([palm, finger])
        loss = tf.reduce_sum(layer([palm, finger])[0])
    to_palm, to_finger, to_mix = tape.gradient(loss, [palm, finger, layer.mix.value])
    np.testing.assert_allclose(to_palm, np.full(IMAGE, 0.9), rtol=1e-6)
    np.testing.assert_allclose(to_finger, np.full(IMAGE, 0.1), rtol=1e-6)
    sums = [np.sum(each, axis=(0, 1, 2)) for each in (palm, finger)]
    np.testing.assert_allclose(to_mix, [sums, np.zeros((2, 16))], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (IMAGE, r"two inputs, \[palm, finger\]. Received shapes: \(2, 6, 6, 16\)"),
        ([IMAGE], "two inputs"),
        ([IMAGE, IMAGE, IMAGE], "two inputs"),
        ([IMAGE, (2, 6, 6, 8)], r"one shape .* Received shapes: \(2, 6, 6, 16\), \(2, 6, 6, 8\)"),
        ([(2, None), (2, None)], "a known number of channels"),
    ],
)
def test_cross_stitch_names_wrong_shapes(inputs, said):
    with pytest.raises(ValueError, match=said):
        layers.CrossStitch()(keras.tree.map_shape_structure(keras.KerasTensor, inputs))


def test_dropout_drops_its_share_in_training_only():
    block = blocks.DenseBlock(1000, activation=None, dropout=0.6, normalisation=None)
    block.build((8, 16))
    inputs = numbers((8, 16))
    assert np.mean(np.equal(block(inputs, training=True), 0)) == pytest.approx(0.6, abs=0.03)
    assert np.all(block(inputs, training=False))


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(4, 3, 3, 8), (16, 8)])
def test_normalisation_is_keras_with_the_unbiased_moving_variance(shape, training, dtype, tolerance):
    ours = normalization.make_normalisation("fused", dtype)
    keras_own = keras.layers.BatchNormalization(
        momentum=normalization.MOMENTUM, epsilon=normalization.EPSILON, dtype=dtype
    )
    inputs = 3 * numbers(shape, dtype=dtype) + 2
    expected = keras_own(inputs, training=training)
    np.testing.assert_allclose(ours(inputs, training=training), expected, atol=tolerance)
    np.testing.assert_allclose(ours.moving_mean, keras_own.moving_mean, atol=tolerance)
    if training:
        count = np.prod(shape[:-1])
        unbiased = 0.9 + (keras_own.moving_variance - 0.9) * count / (count - 1)
        np.testing.assert_allclose(ours.moving_variance, unbiased, rtol=tolerance)


def test_an_overflow_leaves_the_moving_statistics_as_they_were():
    block = blocks.ConvolutionBlock(2, dtype="mixed_float16")
    block.build((4, 3, 3, 1))
    block.convolution.kernel.assign(np.reshape([1e4, 1], (1, 1, 1, 2)))
    assert not np.isfinite(block(100 * np.abs(numbers((4, 3, 3, 1))), training=True)).all()
    mean, variance = block.batch_norm.moving_mean.numpy(), block.batch_norm.moving_variance.numpy()
    assert (mean[0], variance[0]) == (0, 1)
    assert mean[1] > 1 and variance[1] > 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_without_momentum_the_moving_statistics_are_the_batchs(dtype):
    layer, inputs = normalization.make_normalisation("fused", dtype), numbers((50, 4), dtype=dtype)
    layer(inputs, training=True)
    layer.momentum = 0.0
    tf.function(layer)(inputs, training=True)
    np.testing.assert_allclose(layer.moving_mean, np.mean(inputs, axis=0), atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, np.var(inputs, axis=0, ddof=1), rtol=1e-5)


def test_the_papers_initializer_is_narrow():
    block = blocks.DenseBlock(200, normalisation=None, initializer="normal")
    block.build((1, 200))
    assert np.std(block.dense.kernel) == pytest.approx(0.01, rel=0.03)


def test_wrong_words_are_named():
    with pytest.raises(ValueError, match="grid='bicubic'"):
        layers.Resize((2, 2), "bicubic")
    with pytest.raises(ValueError, match="normalisation='group'"):
        blocks.ConvolutionBlock(8, normalisation="group")
    with pytest.raises(ValueError, match="own=1.1"):
        layers.CrossStitch(1.1)
