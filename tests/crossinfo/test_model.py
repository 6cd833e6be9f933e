"""The network as a whole: variants, table 1's switches, precision, saving."""

import dataclasses
import functools
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from crossinfo import losses, model
from crossinfo.benchmark.operations import operations
from crossinfo.config import SHARING, VARIANTS, LossConfig, NetworkConfig
from crossinfo.layers import CrossStitch

ROOT = Path(__file__).parents[2]
SMALL = NetworkConfig(
    joints=5,
    palm_joints=2,
    finger_joints=3,
    stem_filters=16,
    stage_filters=(8, 8, 8, 8),
    stage_units=(1, 2, 1, 1),
    pyramid_filters=16,
    block_filters=8,
    dense_units=16,
)
JOINTS = {"hand": (2, 15), "palm": (2, 6), "finger": (2, 9)}
HEATMAPS = {"hand_heatmap": (2, 24, 24, 5), "palm_heatmap": (2, 24, 24, 2), "finger_heatmap": (2, 24, 24, 3)}
# Numbers in the variables with MSRA's 21 joints: (all, trainable, of pose inference).
PARAMETERS = {
    "paper": (49_338_576, 49_301_448, 48_764_519),
    "release": (23_963_336, 23_934_064, 23_453_476),
    "medium": (3_337_624, 3_327_096, 3_258_543),
    "compact": (1_221_336, 1_215_640, 1_174_095),
}


@functools.cache
def built(name):
    return model.build(VARIANTS[name].network)


def crops(frames=2):
    return np.random.default_rng(0).uniform(-1, 1, (frames, 96, 96, 1)).astype("float32")


def count(variables):
    return sum(int(np.prod(variable.shape)) for variable in variables)


def test_every_variant_is_counted():
    assert set(PARAMETERS) == set(VARIANTS)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter_counts(name):
    network = built(name)
    pose = model.inference(network)
    counts = count(network.variables), count(network.trainable_variables), count(pose.variables)
    assert counts == PARAMETERS[name]


def test_operations_of_a_frame():
    paper, release, compact = (
        operations(model.inference(built(name))) for name in ("paper", "release", "compact")
    )
    assert release / 1e9 == pytest.approx(0.69, abs=0.01)
    assert compact * 8 <= paper
    assert operations(built("compact")) * 8 <= operations(built("paper"))
    assert built("compact").count_params() <= 2e6


@pytest.mark.parametrize("sharing", SHARING)
@pytest.mark.parametrize("heatmap_guidance", [True, False])
def test_table_1_switches(sharing, heatmap_guidance):
    network = model.build(dataclasses.replace(SMALL, sharing=sharing, heatmap_guidance=heatmap_guidance))
    outputs = network(crops())
    expected = {**JOINTS, **(HEATMAPS if heatmap_guidance else {})}
    assert {name: tuple(output.shape) for name, output in outputs.items()} == expected
    assert {name: (2, *output.shape[1:]) for name, output in network.output.items()} == expected
    shortcut = network.get_layer("palm_refined").shortcut
    assert (shortcut is not None) == (sharing == "cross")
    stitches = [layer.name for layer in network.layers if isinstance(layer, CrossStitch)]
    assert stitches == (["features_stitch", "refined_stitch"] if sharing == "stitch" else [])


def test_stitches_that_mix_nothing_give_the_baseline():
    keras.utils.set_random_seed(2)
    stitched, baseline = (
        model.build(dataclasses.replace(SMALL, sharing=sharing, initializer="he_normal"))
        for sharing in ("stitch", "none")
    )
    mixes = [stitched.get_layer(name).mix for name in ("features_stitch", "refined_stitch")]
    of_path = {weight.path: weight for weight in stitched.weights}
    for weight in baseline.weights:
        weight.assign(of_path.pop(weight.path))
    assert set(of_path) == {mix.path for mix in mixes}
    for mix in mixes:
        mix.assign(np.broadcast_to(np.eye(2)[..., None], mix.shape))
    for name, output in baseline(crops()).items():
        np.testing.assert_array_equal(stitched(crops())[name], output)
    # Either unit alone lets one branch's features into the other's joints, and none into its heat maps.
    for mix in mixes:
        before = stitched(crops())
        mix.assign(mix.numpy()[::-1])
        after = stitched(crops())
        assert np.abs(after["palm"] - before["palm"]).max() > 0
        for name in HEATMAPS:
            np.testing.assert_array_equal(after[name], before[name])


def test_inference_is_the_hand_alone():
    network = model.build(SMALL)
    pose = model.inference(network)
    assert set(pose.output) == {"hand"}
    assert not [variable.path for variable in pose.variables if "heatmap" in variable.path]
    np.testing.assert_allclose(pose(crops())["hand"], network(crops())["hand"], atol=1e-6)


@pytest.mark.parametrize("sharing", ["cross", "stitch"])
@pytest.mark.parametrize("precision", ["float32", "mixed_float16", "mixed_bfloat16", "float64"])
def test_saved_and_loaded_is_the_same_model(precision, sharing, tmp_path):
    network = model.build(dataclasses.replace(SMALL, sharing=sharing), precision)
    network.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.network == network.network
    assert loaded.dtype_policy == network.dtype_policy == keras.dtype_policies.get(precision)
    assert [each.dtype_policy.name for each in loaded._flatten_layers()] == [
        each.dtype_policy.name for each in network._flatten_layers()
    ]
    before, after = network(crops()), loaded(crops())
    for name in before:
        assert before[name].dtype == ("float64" if precision == "float64" else "float32")
        np.testing.assert_array_equal(before[name], after[name])


def test_a_file_with_the_former_exact_normalisation_gives_the_same_outputs(tmp_path):
    network = model.build(dataclasses.replace(SMALL, normalisation="exact", normalise_outputs=True))
    network.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    fused = model.build(dataclasses.replace(SMALL, normalise_outputs=True))
    fused.set_weights(loaded.get_weights())
    np.testing.assert_array_equal(loaded(crops())["hand"], fused(crops())["hand"])


@pytest.mark.parametrize(("before", "sharing"), [(True, "cross"), (False, "none")])
def test_a_file_that_says_cross_connection_opens(before, sharing, tmp_path, monkeypatch):
    network = model.build(dataclasses.replace(SMALL, sharing=sharing))
    written = network.get_config()
    del written["network"]["sharing"]
    written["network"]["cross_connection"] = before
    monkeypatch.setattr(network, "get_config", lambda: written)
    network.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.network == network.network
    np.testing.assert_array_equal(loaded(crops())["hand"], network(crops())["hand"])


def test_an_interrupted_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.keras"
    path.write_text("old")
    network = model.build(SMALL)

    def fail(file):
        file.write_text("half")
        raise OSError("disk full")

    monkeypatch.setattr(network, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        model.save(network, path)
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("model.keras", "old")]


def test_half_precision_is_close_to_float32():
    exact = model.build(SMALL)
    half = model.build(SMALL, "mixed_bfloat16")
    half.set_weights(exact.get_weights())
    exact, half = exact(crops(), training=True)["hand_heatmap"], half(crops(), training=True)["hand_heatmap"]
    difference = np.linalg.norm(half - exact) / np.linalg.norm(exact)
    assert 0 < difference < 0.1


def test_loads_in_safe_mode_after_import_crossinfo_alone(tmp_path):
    model.build(SMALL).save(tmp_path / "model.keras")
    program = (
        "import crossinfo, keras, sys; "
        "print(sorted(keras.saving.load_model(sys.argv[1], safe_mode=True).output))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "model.keras")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.strip() == str(sorted({**JOINTS, **HEATMAPS}))


def test_a_few_steps_lower_the_loss():
    keras.utils.set_random_seed(1)
    network = model.build(dataclasses.replace(SMALL, dropout=0.0, initializer="he_normal"))
    optimizer = keras.optimizers.Adam(3e-3)
    random = np.random.default_rng(1)
    targets = {
        name: random.uniform(-1, 1, shape).astype("float32") for name, shape in {**JOINTS, **HEATMAPS}.items()
    }

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            found = losses.losses(targets, network(crops(), training=True), LossConfig())
            total = tf.reduce_mean(found["total_data"]) + losses.weight_decay(network, 1e-5)
        gradients = tape.gradient(total, [variable.value for variable in network.trainable_variables])
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        return total

    optimizer.build(network.trainable_variables)
    first, *_, last = (float(step()) for _ in range(8))
    assert last < 0.7 * first
