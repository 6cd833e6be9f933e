"""The `release` variant against numbers made by running the authors' program.

Weights are filled by a rule from the variables' names; the reference's values come with the fidelity
notes, outside this repository. Inference agrees to float32 rounding. With batch statistics the four
frames are so badly conditioned (a nearly constant background before the first normalisation) that exact
arithmetic itself is 3.7e-3 (outputs) and 6 % (single gradients) from the reference's float32; these
tolerances are below that, not at rounding.
"""

import dataclasses
import functools
import zlib
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from crossinfo import losses, model
from crossinfo.config import variant_for
from crossinfo.import_release import release_variables
from datasets.skeletons import NYU

FIDELITY = Path(__file__).parents[2] / ".." / "shared" / "fidelity"
pytestmark = pytest.mark.skipif(not FIDELITY.is_dir(), reason="the release's numbers are not here")
# This project's name -> the reference's, for outputs and for losses.
OUTPUTS = {
    "hand": "hand",
    "palm": "palm",
    "finger": "finger",
    "hand_heatmap": "heatmap",
    "palm_heatmap": "palm_heatmap",
    "finger_heatmap": "finger_heatmap",
}
LOSSES = {
    "hand": "hand",
    "palm": "palm",
    "finger": "fing",
    "hand_heatmap": "ht",
    "palm_heatmap": "palm_ht",
    "finger_heatmap": "fing_ht",
}
RULES = {
    "gamma": lambda x: 1 + 0.1 * x,
    "moving_variance": lambda x: 1 + 0.2 * np.abs(x),
    "beta": lambda x: 0.1 * x,
    "moving_mean": lambda x: 0.1 * x,
    "weights": lambda x: x * np.sqrt(2 / np.prod(x.shape[:-1])),
}


@functools.cache
def reference():
    with np.load(FIDELITY / "release_nyu.npz") as stored:
        return dict(stored)


@functools.cache
def table():
    """{TF1 name: shape} of the authors' checkpoint."""
    lines = (FIDELITY / "variables_nyu.tsv").read_text().splitlines()[1:]
    return {name: tuple(map(int, shape.split("x"))) for name, shape in (line.split("\t") for line in lines)}


@functools.cache
def filled():
    """The release network with the rule's weights, and with dropout off as in the reference."""
    network = dataclasses.replace(variant_for("release", NYU).network, dropout=0.0)
    release = model.build(network)
    for name, variable in release_variables(release).items():
        x = np.random.RandomState(zlib.crc32(name.encode())).randn(*variable.shape)
        variable.assign(RULES[name.rsplit("/", 1)[-1]](x).astype("float32"))
    return release


def targets():
    joints, heatmaps = reference()["label"].reshape(4, 14, 3), reference()["heatmap"]
    groups = {"hand": range(14), "palm": NYU.palm, "finger": NYU.finger}
    return {name: joints[:, list(group)].reshape(4, -1) for name, group in groups.items()} | {
        f"{name}_heatmap": heatmaps[..., list(group)] for name, group in groups.items()
    }


@functools.cache
def trained():
    """Outputs, losses and gradients' norms of one training pass."""
    release, config = filled(), variant_for("release", NYU).loss
    statistics = [variable.numpy() for variable in release.non_trainable_variables]

    @tf.function
    def step(crops):
        with tf.GradientTape() as tape:
            outputs = release(crops, training=True)
            found = losses.losses(targets(), outputs, config)
            decay = losses.weight_decay(release, config.weight_decay)
            total = tf.reduce_mean(found["total_data"]) + decay
        weights = [variable.value for variable in release.trainable_variables]
        norms = [tf.norm(gradient) for gradient in tape.gradient(total, weights)]
        return outputs, {**found, "decay": decay, "total": total}, norms

    outputs, found, norms = step(tf.constant(reference()["input"]))
    for variable, before in zip(release.non_trainable_variables, statistics, strict=True):
        variable.assign(before)
    paths = (variable.path for variable in release.trainable_variables)
    return outputs, found, dict(zip(paths, map(float, norms), strict=True))


def relative(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def test_variables_are_the_releases():
    variables = release_variables(filled())
    assert {name: tuple(variable.shape) for name, variable in variables.items()} == table()
    assert {id(variable) for variable in variables.values()} == {id(each) for each in filled().variables}


def test_sizes_are_the_releases():
    count = [
        sum(int(np.prod(variable.shape)) for variable in variables)
        for variables in (filled().variables, filled().trainable_variables)
    ]
    assert (len(filled().variables), *count) == (440, 23_866_336, 23_837_184)


@pytest.mark.parametrize("name", OUTPUTS)
def test_inference_outputs(name):
    found = filled()(reference()["input"], training=False)[name]
    assert relative(found, reference()[f"infer_{OUTPUTS[name]}"]) < 1e-5


@pytest.mark.parametrize("name", OUTPUTS)
def test_training_outputs(name):
    tolerance = 3e-4 if name.endswith("heatmap") else 1.5e-3
    assert relative(trained()[0][name], reference()[f"train_{OUTPUTS[name]}"]) < tolerance


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name):
    mean = float(tf.reduce_mean(trained()[1][name]))
    # The reference halves: sum(squares) / 2 / batch.
    assert mean / 2 == pytest.approx(float(reference()[f"train_loss_{LOSSES[name]}"]), rel=1e-4)


def test_total_loss_and_weight_decay():
    assert float(trained()[1]["decay"]) == pytest.approx(float(reference()["train_weight_decay"]), rel=1e-6)
    assert float(trained()[1]["total"]) == pytest.approx(float(reference()["train_total"]), rel=2e-5)


def test_gradients():
    paths = {name: variable.path for name, variable in release_variables(filled()).items()}
    norms = trained()[2]
    ratios = {
        name: norms[paths[name]] / norm
        for name, norm in zip(reference()["train_grad_names"], reference()["train_grad_norms"], strict=True)
        # A shift before another batch normalisation: zero in exact arithmetic, noise in float32.
        if norm > 1e-4
    }
    assert len(ratios) == len(norms) - 1
    assert max(ratios.values()) < 1.05 and min(ratios.values()) > 0.95
    assert np.median(np.abs(np.array(list(ratios.values())) - 1)) < 3e-3
