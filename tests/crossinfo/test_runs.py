"""A run's parts that need no training."""

import types

import numpy as np
import pytest

from crossinfo import cli, model, runs
from datasets import command
from datasets.errors import InputError
from tests.crossinfo.conftest import make_tiny_model


def settings(tmp_path, *flags):
    words = [f"--work_dir={tmp_path}", "--dataset=nyu", "--data_dir=nowhere", "--variant=compact", *flags]
    return cli.run_config(command.parse(cli.TRAIN, words))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A ``model.keras`` of the compact network for NYU, as training would leave it."""
    path = tmp_path_factory.mktemp("trained") / "model.keras"
    run = settings(path.parent)
    network = model.build(run.variant.network, card=make_tiny_model().card)
    model.save(network, path)
    return types.SimpleNamespace(path=path, weights=network.get_weights())


def test_fine_tuning_begins_with_the_weights_it_is_given(trained, tmp_path):
    run = settings(tmp_path, f"--init_from={trained.path}")
    network = runs._build(run, None, runs._starting_weights(run))
    for given, begun in zip(trained.weights, network.get_weights(), strict=True):
        np.testing.assert_array_equal(given, begun)


def test_a_network_of_other_layers_is_refused(trained, tmp_path):
    run = settings(tmp_path, f"--init_from={trained.path}", "--nocross_connection")
    with pytest.raises(InputError, match=f"--init_from={trained.path}: its layers are not those of"):
        runs._starting_weights(run)


def test_from_scratch_needs_no_weights(tmp_path):
    assert runs._starting_weights(settings(tmp_path)) is None
