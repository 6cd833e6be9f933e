"""The `release` network against the program that the authors released (`tests/golden`).

Training is judged in double precision alone. The batch statistics of four frames amplify rounding: the
authors' own graph in float32, run on two kernels, differs from itself by up to 9e-4 in the outputs and 4e-2
in single gradient norms. In float64 both programs agree on every CPU, or one of them is wrong.
"""

import dataclasses
import functools

import numpy as np
import pytest
import tensorflow as tf

from crossinfo import losses, model
from crossinfo.config import variant_for
from crossinfo.release_checkpoint import release_variables
from datasets.skeletons import NYU
from tests.helpers import golden

VARIANT = variant_for("release", NYU)
LIMIT = 1e-9
LIMIT_FLOAT32 = 1e-4


def fill(precision):
    """The release network with the golden weights, and with dropout off as in the golden run."""
    release = model.build(dataclasses.replace(VARIANT.network, dropout=0.0), precision)
    for name, variable in release_variables(release).items():
        variable.assign(golden.weights(name, variable.shape))
    return release


filled = functools.cache(fill)


def targets():
    joints, heatmaps = golden.release()["label"].reshape(4, 14, 3), golden.release()["heatmap"]
    groups = {"hand": range(14), "palm": NYU.palm, "finger": NYU.finger}
    return {name: joints[:, list(group)].reshape(4, -1) for name, group in groups.items()} | {
        f"{name}_heatmap": heatmaps[..., list(group)] for name, group in groups.items()
    }


@functools.cache
def trained():
    """One float64 pass in training mode: (outputs, losses and decay and total, {path: gradient})."""
    release = fill("float64")
    variables = release.trainable_variables

    @tf.function
    def step(crops):
        with tf.GradientTape() as tape:
            outputs = release(crops, training=True)
            found = losses.losses(targets(), outputs, VARIANT.loss)
            decay = losses.weight_decay(release, VARIANT.loss.weight_decay)
            total = tf.reduce_mean(found["total_data"]) + decay
        gradients = tape.gradient(total, [variable.value for variable in variables])
        return outputs, {**found, "decay": decay, "total": total}, gradients

    outputs, found, gradients = step(tf.constant(golden.release()["input"]))
    return outputs, found, {each.path: value for each, value in zip(variables, gradients, strict=True)}


def test_variables_are_the_releases():
    variables = release_variables(filled("float32"))
    assert {name: tuple(variable.shape) for name, variable in variables.items()} == golden.shapes()
    assert {id(variable) for variable in variables.values()} == {
        id(each) for each in filled("float32").variables
    }


def test_sizes_are_the_releases():
    release = filled("float32")
    count = [
        sum(int(np.prod(variable.shape)) for variable in variables)
        for variables in (release.variables, release.trainable_variables)
    ]
    assert (len(release.variables), *count) == (440, 23_866_336, 23_837_184)


@pytest.mark.parametrize("name", golden.OUTPUTS)
@pytest.mark.parametrize(("precision", "limit"), [("float32", LIMIT_FLOAT32), ("float64", LIMIT)])
def test_inference_outputs(precision, limit, name):
    found = filled(precision)(golden.release()["input"], training=False)[name]
    assert found.dtype == precision
    assert golden.deviation(found, golden.release()[f"infer_{golden.OUTPUTS[name]}"]) < limit


@pytest.mark.parametrize("name", golden.OUTPUTS)
def test_training_outputs(name):
    found = trained()[0][name]
    assert found.dtype == "float64"
    assert golden.deviation(found, golden.release()[f"train_{golden.OUTPUTS[name]}"]) < LIMIT


@pytest.mark.parametrize("name", golden.LOSSES)
def test_losses(name):
    found = trained()[1][name]
    assert found.dtype == "float64"
    # The release halves: sum(squares) / 2 / batch.
    expected = 2 * golden.release()[f"train_loss_{golden.LOSSES[name]}"]
    assert golden.deviation(tf.reduce_mean(found), expected) < LIMIT


@pytest.mark.parametrize("name", ["decay", "total"])
def test_weight_decay_and_total(name):
    expected = golden.release()["train_weight_decay" if name == "decay" else "train_total"]
    assert golden.deviation(trained()[1][name], expected) < LIMIT


def test_gradient_norms():
    """All but one: a shift before another normalisation, whose gradient is zero but for rounding."""
    paths = {name: variable.path for name, variable in release_variables(filled("float64")).items()}
    names, norms = (golden.release()[f"train_grad_{key}"] for key in ("names", "norms"))
    deviations = {
        str(name): golden.deviation(np.linalg.norm(trained()[2][paths[name]]), norm)
        for name, norm in zip(names, norms, strict=True)
        if norm > 1e-4
    }
    assert len(deviations) == 263
    assert max(deviations.values()) < LIMIT, max(deviations, key=deviations.get)
