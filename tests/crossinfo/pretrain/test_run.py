"""A pretraining from end to end, in the small: stopped, resumed, refused."""

import csv
import json

import keras
import numpy as np
import pytest

from crossinfo.pretrain import renderer
from crossinfo.pretrain.run import LOCALISER_FILE, POSE_FILE, Pretraining
from crossinfo.pretrain.settings import Settings
from datasets.errors import InputError

SETTINGS = Settings(
    seed=3,
    chunk_pictures=16,
    localiser_chunks=2,
    localiser_visits=2,
    pose_chunks=2,
    pose_visits=2,
    side_chunks=1,
    checks_chunks=1,
    checks_visits=1,
    variant="compact",
    batch_size=8,
    validation_pictures=16,
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run's folder."""
    folder = tmp_path_factory.mktemp("pretrain") / "run"
    Pretraining(SETTINGS, folder).train()
    return folder


@pytest.mark.slow
def test_two_networks_and_their_curves_are_left(finished):
    localiser = keras.saving.load_model(finished / LOCALISER_FILE)
    pose = keras.saving.load_model(finished / POSE_FILE)
    assert pose.card.upright and set(localiser.output) == {"maps", "check", "right"}
    for kind, figure in (
        ("localiser", "found"),
        ("checks", "hand_told"),
        ("pose", "error_mm"),
        ("side", "side_told"),
    ):
        with open(finished / kind / "metrics.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        assert rows[-1][f"val_{figure}"]


@pytest.mark.slow
def test_a_stopped_run_goes_on_to_the_same_networks(finished, tmp_path, monkeypatch):
    run = Pretraining(SETTINGS, tmp_path / "run")
    waited = renderer.Renderer.chunk

    def stop_at_the_second(self, kind, number):
        if kind == "pose" and number == 1 and not (tmp_path / "stopped").exists():
            (tmp_path / "stopped").touch()
            raise KeyboardInterrupt
        return waited(self, kind, number)

    monkeypatch.setattr(renderer.Renderer, "chunk", stop_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        run.train()
    assert not (tmp_path / "run" / LOCALISER_FILE).exists() and not (tmp_path / "run" / POSE_FILE).exists()
    Pretraining(SETTINGS, tmp_path / "run").train()
    for file in (LOCALISER_FILE, POSE_FILE):
        whole, parts = (keras.saving.load_model(folder / file) for folder in (finished, tmp_path / "run"))
        for one, other in zip(whole.weights, parts.weights, strict=True):
            np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-3, atol=1e-4)


def test_other_settings_are_refused_by_name(tmp_path):
    SETTINGS.write(tmp_path)
    assert json.loads((tmp_path / "pretrain.json").read_text())["seed"] == 3
    SETTINGS.write(tmp_path)
    with pytest.raises(InputError, match="`batch_size`=8, and now it is 16"):
        Settings(**{**SETTINGS.__dict__, "batch_size": 16}).write(tmp_path)


def test_a_damaged_chunk_is_named(tmp_path):
    path = renderer.chunk_path(tmp_path, "pose", 7)
    path.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(InputError, match="pose-000007.npz: damaged"):
        renderer.load(path)


def test_an_ended_renderer_is_reported(tmp_path):
    rendered = renderer.Renderer(tmp_path, make=None, kinds=("pose",), chunks=1, workers=1)
    rendered._wanted = type("Value", (), {"value": 0})()
    with pytest.raises(InputError, match="the rendering processes ended"):
        rendered.chunk("pose", 0)
