"""A run's parts that need no training."""

import dataclasses
import json
import types

import numpy as np
import pytest

from crossinfo import config, model
from crossinfo.export import packaged
from crossinfo.flags import TRAIN, run_config
from crossinfo.training import initial
from crossinfo.training import run as runs
from crossinfo.training.settings import check_settings
from datasets import command_line
from datasets.errors import InputError
from tests.crossinfo.conftest import make_tiny_model


def settings(tmp_path, *flags):
    words = [f"--work_dir={tmp_path}", "--dataset=nyu", "--data_dir=nowhere", "--variant=compact", *flags]
    return run_config(command_line.parse(TRAIN, words))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A ``model.keras`` of the compact network for NYU, as training would leave it."""
    path = tmp_path_factory.mktemp("trained") / "model.keras"
    run = settings(path.parent)
    network = model.build(run.variant.network, card=make_tiny_model().card)
    model.save(network, path)
    return types.SimpleNamespace(path=path, weights=network.get_weights())


def run_of(tmp_path, *flags):
    run = runs.Run(settings(tmp_path, *flags), tmp_path, config.Machine())
    frames = types.SimpleNamespace(mean_pose=np.zeros((14, 3)))
    run.splits = {"train": types.SimpleNamespace(shard_set=frames)}
    return run


def test_fine_tuning_begins_with_the_weights_it_is_given(trained, tmp_path):
    network = run_of(tmp_path, f"--init_from={trained.path}").build_network()
    for given, begun in zip(trained.weights, network.get_weights(), strict=True):
        np.testing.assert_array_equal(given, begun)


def test_a_network_of_other_layers_is_refused(trained, tmp_path):
    run = run_of(tmp_path, f"--init_from={trained.path}", "--nocross_connection")
    with pytest.raises(InputError, match=f"`init_from`={trained.path}: its layers are not those of"):
        _ = run.starting_weights


def test_fine_tuning_for_other_joints_keeps_what_does_not_depend_on_them(trained, tmp_path, capsys):
    other = run_of(tmp_path, f"--init_from={trained.path}", "--dataset=synthetic")
    weights = other.starting_weights
    assert "the layers that give joints and heat maps start from fresh weights" in capsys.readouterr().out
    fresh = model.build(other.settings.variant.network)
    assert [values.shape for values in weights] == [weight.shape for weight in fresh.weights]
    for given, begun, weight in zip(trained.weights, weights, fresh.weights, strict=True):
        of_joints = weight.path.split("/")[0] in initial.LAYERS_OF_JOINTS
        assert of_joints or np.array_equal(given, begun)


def test_fine_tuning_begins_with_the_packages_own_network(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(packaged, "FOLDER", trained.path.parent)
    (trained.path.parent / packaged.POSE_FILE).write_bytes(trained.path.read_bytes())
    weights = run_of(tmp_path, "--init_from=pretrained").starting_weights
    for given, begun in zip(trained.weights, weights, strict=True):
        np.testing.assert_array_equal(given, begun)


def test_from_scratch_needs_no_weights(tmp_path):
    assert run_of(tmp_path).starting_weights is None


def test_real_data_have_to_be_given(tmp_path):
    nyu = dataclasses.replace(settings(tmp_path), data_dir=None)
    with pytest.raises(InputError, match="`data_dir` is required for `dataset`=nyu"):
        _ = runs.Run(nyu, tmp_path, config.Machine()).data_dir


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("--epochs=7", "`epochs` was 6 and is now 7; use the old `epochs` or another `work_dir`"),
        ("--nocross_connection", "`sharing` was 'cross' and is now 'none'; use the old `sharing`"),
        ("--cube_mm=300", "`cube_mm` was .* use the old `cube_mm` or"),
        ("--centre=gt", "`centre` was 'com' and is now 'gt'"),
    ],
)
def test_a_changed_setting_is_named_with_its_flag(tmp_path, changed, said):
    (tmp_path / "config.json").write_text(config.to_json(settings(tmp_path)))
    check_settings(settings(tmp_path), tmp_path)
    with pytest.raises(InputError, match=f"config.json: made with other settings, {said}"):
        check_settings(settings(tmp_path, changed), tmp_path)


@pytest.mark.parametrize(("flag", "before"), [("--sharing=cross", True), ("--sharing=none", False)])
def test_settings_of_an_earlier_version_are_the_same_settings(tmp_path, flag, before):
    now = json.loads(config.to_json(settings(tmp_path, flag)))
    network = now["variant"]["network"]
    del network["sharing"]
    network["cross_connection"] = before
    (tmp_path / "config.json").write_text(json.dumps(now))
    check_settings(settings(tmp_path, flag), tmp_path)
    with pytest.raises(InputError, match="`sharing` was .* and is now 'stitch'"):
        check_settings(settings(tmp_path, "--sharing=stitch"), tmp_path)
