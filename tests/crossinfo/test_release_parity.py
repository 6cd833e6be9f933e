"""The `release` variant against numbers made by running the authors' program.

Weights are filled by a rule from the variables' names; the reference's values come with the fidelity
notes, outside this repository. Inference agrees to float32 rounding. With batch statistics the four
frames amplify rounding: the reference's own float32 is 3.7e-3 (outputs) and up to 6.5 % (norms of single
gradients) away from double precision. Its normalisations were summed as TensorFlow's plain fused kernel
sums, and as the exact one here does; where convolutions are the plain ones, too (oneDNN off), outputs and
losses agree to the tolerances asked for (1e-4, 1e-5).
docs/fidelity.md has the measured numbers.
"""

import dataclasses
import functools
import json
import os
import subprocess
import sys
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
def filled(normalisation="exact"):
    """The release network with the rule's weights, and with dropout off as in the reference."""
    network = variant_for("release", NYU).network
    release = model.build(dataclasses.replace(network, dropout=0.0, normalisation=normalisation))
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


def trained(release):
    """Outputs, losses and gradients' norms of one training pass, which leaves the network as it was."""
    config = variant_for("release", NYU).loss
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


@functools.cache
def deviations(normalisation="exact"):
    """Relative deviations of one training pass from the reference: {what: {name: deviation}}."""
    expected, release = reference(), filled(normalisation)
    outputs, found, norms = trained(release)
    # The reference halves: sum(squares) / 2 / batch.
    means = {f"loss_{key}": float(tf.reduce_mean(found[name])) / 2 for name, key in LOSSES.items()}
    means |= {"weight_decay": float(found["decay"]), "total": float(found["total"])}
    paths = {name: variable.path for name, variable in release_variables(release).items()}
    gradients = zip(expected["train_grad_names"], expected["train_grad_norms"], strict=True)
    return {
        "outputs": {
            name: float(relative(outputs[name], expected[f"train_{key}"])) for name, key in OUTPUTS.items()
        },
        "losses": {key: abs(mean / float(expected[f"train_{key}"]) - 1) for key, mean in means.items()},
        "gradients": {
            str(name): abs(norms[paths[name]] / float(norm) - 1)
            for name, norm in gradients
            # A shift before another batch normalisation: zero in exact arithmetic, noise in float32.
            if norm > 1e-4
        },
    }


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


@functools.cache
def deviations_without_onednn():
    """`deviations` in a process of its own: oneDNN is switched at its start."""
    code = f"import json; from {__name__} import deviations; print(json.dumps(deviations()))"
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0"}
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(ended.stdout.splitlines()[-1])


@pytest.mark.parametrize(("what", "limit"), [("outputs", 1e-4), ("losses", 1e-5)])
def test_training_with_the_releases_kernels(what, limit):
    found = deviations_without_onednn()[what]
    assert max(found.values()) < limit, found


def test_gradients_with_the_releases_kernels():
    """Single norms differ by up to 1 %: rounding, amplified, a sixth of the reference's own."""
    found = list(deviations_without_onednn()["gradients"].values())
    assert len(found) == 263 and np.median(found) < 1e-3 and max(found) < 0.02


def test_training_with_whatever_kernels_there_are():
    """oneDNN rounds convolutions otherwise; still a tenth of the reference's distance from exactness."""
    found = deviations()
    assert max(found["outputs"].values()) < 1.5e-3
    assert max(found["losses"].values()) < 1e-4
    assert found["losses"]["total"] < 2e-5 and found["losses"]["weight_decay"] < 1e-6
    assert np.median(list(found["gradients"].values())) < 3e-3 and max(found["gradients"].values()) < 0.05
