"""Equations (1) to (7) on numbers small enough to add by hand."""

import keras
import numpy as np
import pytest

from crossinfo import losses
from crossinfo.config import VARIANTS, LossConfig


def batch(value, heatmaps=True):
    """Outputs of a network with one palm and one finger joint, filled with `value`, for two frames."""
    names = {"hand": (2, 6), "palm": (2, 3), "finger": (2, 3)}
    if heatmaps:
        names |= {"hand_heatmap": (2, 4, 4, 2), "palm_heatmap": (2, 4, 4, 1), "finger_heatmap": (2, 4, 4, 1)}
    return {name: np.full(shape, value, "float32") for name, shape in names.items()}


def test_heatmap_loss_sums_squares_over_pixels_and_joints():
    target, output = np.zeros((2, 2, 2, 3), "float32"), np.zeros((2, 2, 2, 3), "float32")
    output[0, 0, 1, 2], target[0, 1, 1, 0], output[1, 0, 0, 0] = 2, 3, 5
    np.testing.assert_array_equal(losses.heatmap_loss(target, output), [4 + 9, 25])


def test_joint_loss_sums_squared_distances():
    np.testing.assert_array_equal(
        losses.joint_loss([[0, 0, 0, 1, 1, 1]], np.array([[1, 2, 2, 1, 1, 4]])), [9 + 9]
    )


def test_equation_7_weighs_heatmaps_by_alpha_and_joints_by_beta():
    config = LossConfig(heatmap_weight=0.1, joint_weight=3)
    found = losses.losses(batch(0.0), batch(2.0), config)
    expected = {"hand": 24, "palm": 12, "finger": 12}
    expected |= {"hand_heatmap": 128, "palm_heatmap": 64, "finger_heatmap": 64}
    expected["total_data"] = 0.1 * 256 + 3 * 48
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], [value, value], rtol=1e-6)


def test_without_heatmaps_only_joints_count():
    found = losses.losses(batch(0.0), batch(2.0, heatmaps=False), LossConfig())
    assert set(found) == {"hand", "palm", "finger", "total_data"}
    np.testing.assert_array_equal(found["total_data"], [48, 48])


def test_the_release_weighs_a_quarter_of_the_paper():
    paper, release = (
        losses.losses(batch(0.0), batch(2.0), VARIANTS[name].loss)["total_data"]
        for name in ("paper", "release")
    )
    np.testing.assert_allclose(release, paper / 4)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_summed_in_float32(dtype):
    found = losses.heatmap_loss(np.zeros((1, 120, 120, 1)), keras.ops.full((1, 120, 120, 1), 8.0, dtype))
    assert (found.dtype, float(found[0])) == ("float32", 64 * 120 * 120)


def test_losses_are_float64_where_the_outputs_are():
    outputs = {name: value.astype("float64") + 1e-12 for name, value in batch(1.0).items()}
    found = losses.losses(batch(0.0), outputs, LossConfig())
    assert {value.dtype.name for value in found.values()} == {"float64"}
    assert float(found["palm"][0]) - 3 == pytest.approx(6e-12, rel=1e-3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weight_decay_counts_kernels_only(dtype):
    model = keras.Sequential(
        [
            keras.Input((2, 2, 1)),
            keras.layers.Conv2D(1, 2, kernel_initializer="ones", bias_initializer="ones", dtype=dtype),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dense(3, kernel_initializer="ones", bias_initializer="ones", dtype=dtype),
        ]
    )
    decay = losses.weight_decay(model, 0.5)
    assert (decay.dtype, float(decay)) == (dtype, 0.5 * (4 + 3) / 2)
