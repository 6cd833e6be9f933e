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
from crossinfo.training.settings import check_data, check_settings, write_settings
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


def test_changed_data_are_noticed_where_the_settings_are_equal(tmp_path):
    data = {"train": "aa", "test": "bb"}
    check_data(data, tmp_path)
    write_settings(settings(tmp_path), data, tmp_path)
    check_settings(settings(tmp_path), tmp_path)
    check_data(data, tmp_path)
    for split in data:
        with pytest.raises(
            InputError, match=f"config.json: the {split} split has changed since this run beg"
        ):
            check_data({**data, split: "cc"}, tmp_path)


def test_a_run_of_an_earlier_version_has_no_digests_and_goes_on(tmp_path):
    (tmp_path / "config.json").write_text(config.to_json(settings(tmp_path)))
    check_settings(settings(tmp_path), tmp_path)
    check_data({"train": "aa"}, tmp_path)


@pytest.mark.parametrize("content", [b"", b"[]", b"3", b'"a"', b"{" * 100_000, b"\xff", b'{"a": ' * 500])
def test_other_files_in_place_of_settings_are_one_line(tmp_path, content):
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(InputError, match="config.json: not a run's settings; use another `work_dir`"):
        check_settings(settings(tmp_path), tmp_path)


@pytest.mark.parametrize("content", [{}, {"variant": 3}, {"data": 3}, {"options": []}])
def test_settings_of_another_shape_are_other_settings(tmp_path, content):
    (tmp_path / "config.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="config.json: made with other settings"):
        check_settings(settings(tmp_path), tmp_path)


def test_a_work_dir_that_another_training_holds_is_refused_before_anything_is_written(tmp_path):
    first, second = (runs.Run(settings(tmp_path), tmp_path / "w", config.Machine()) for _ in range(2))
    with first.alone():
        with pytest.raises(InputError, match="`work_dir`=.*: another training is at work in it .process"):
            second.train()
        assert [path.name for path in (tmp_path / "w").iterdir()] == [runs.LOCK_FILE]
    assert not (tmp_path / "w").exists()
    with second.alone():
        pass


def test_a_worker_that_is_not_the_chief_learns_that_the_chief_was_refused(tmp_path, monkeypatch):
    run = runs.Run(settings(tmp_path), tmp_path / "w", config.Machine())
    run.workers.rank = 1
    monkeypatch.setattr(run.workers, "any", lambda flag: True)
    with pytest.raises(InputError, match="another training is at work in it"), run.alone():
        raise AssertionError("the block must not run")
    assert not (tmp_path / "w").exists()


def test_weights_that_are_not_finite_are_refused(trained, tmp_path):
    network = model.build(settings(tmp_path).variant.network, card=make_tiny_model().card)
    weights = network.get_weights()
    weights[0].flat[0] = np.nan
    network.set_weights(weights)
    model.save(network, tmp_path / "model.keras")
    with pytest.raises(
        InputError, match=f"`init_from`={tmp_path / 'model.keras'}: its weights are not finite"
    ):
        _ = run_of(tmp_path, f"--init_from={tmp_path / 'model.keras'}").starting_weights


def test_other_weights_become_the_next_version(trained, tmp_path, monkeypatch):
    run, exported = run_of(tmp_path), []

    def export(network, export_dir):
        folder = export_dir / str(len(exported) + 1)
        (folder / "assets.extra").mkdir(parents=True)
        (folder / runs.saved_model.MODEL_FILE).touch()
        (folder / runs.saved_model.CARD_FILE).write_text(network.card.to_json())
        exported.append(network.card.weights)
        return folder

    monkeypatch.setattr(runs.saved_model, "export", export)
    network = run_of(tmp_path, f"--init_from={trained.path}").build_network()
    for changed in (False, False, True, True):
        if changed:
            network.set_weights([values + np.float32(1) for values in trained.weights])
        run._save(network)
    assert len(exported) == 2 and len(set(exported)) == 2
    assert runs.initial.loading.load_model(tmp_path / "model.keras").card.weights == exported[1]
