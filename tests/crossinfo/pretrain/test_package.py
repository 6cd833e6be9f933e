import json

import keras
import numpy as np
import pytest

from crossinfo import model
from crossinfo.localisation.network import Localiser
from crossinfo.pretrain import package, page
from crossinfo.pretrain.scores import TRAINED, HandScore, Scores
from crossinfo.pretrain.settings import Settings
from datasets.errors import InputError
from tests.helpers import pretrained_folder

HAND = HandScore(0, "bare", TRAINED, False, True, True, 10.0, 6.25, 9.5, 20.0)


@pytest.fixture(scope="module")
def networks():
    return pretrained_folder.make_networks()


def test_compressed_file_holds_the_same_weights_in_less_space(tmp_path):
    localiser = Localiser()
    package.round_kernels(localiser)
    path = tmp_path / "localiser.keras"
    model.save(localiser, path)
    before = path.stat().st_size
    package.compress(path)
    assert [file.name for file in tmp_path.iterdir()] == ["localiser.keras"]
    loaded = keras.saving.load_model(path, compile=False, safe_mode=True)
    for saved, read in zip(localiser.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(read.numpy(), saved.numpy())
    assert path.stat().st_size < 0.6 * before


def test_kernels_are_rounded_and_biases_are_not(networks):
    pose = networks[0]
    for weight in pose.weights:
        weight.assign(keras.ops.full(weight.shape, 1 / 3))
    package.round_kernels(pose)
    for weight in pose.weights:
        third = np.float32(np.float16(1 / 3)) if weight.numpy().ndim > 1 else np.float32(1 / 3)
        assert (weight.numpy() == third).all()


def test_a_weight_beyond_float16_is_refused():
    pose, _ = pretrained_folder.make_networks()
    kernel = next(weight for weight in pose.weights if len(weight.shape) > 1)
    kernel.assign(keras.ops.full(kernel.shape, 1e6))
    with pytest.raises(InputError, match="not finite in float16"):
        package.round_kernels(pose)


def _facts(networks, **changes):
    fields = {
        "settings": Settings(seed=7, pose_chunks=3),
        "stages": {"localiser": None, "pose": {"pictures": 1536, "visits": 3, "hours": 1.25}},
        "machine": "6 CPU cores, no GPU",
        "parameters": {"localiser": 300_000, "pose": 3_000_000},
        "megabytes": {"pose.keras": 6.5},
        "card": networks[0].card,
        "scores": Scores(5, (HAND,), 1, 0, 4, 1).summary(),
        "measured": [],
    }
    return page.Facts(**{**fields, **changes})


def test_page_tells_what_was_measured(networks):
    text = page.text(_facts(networks))
    front, body = text.removeprefix("---\n").split("\n---\n", 1)
    assert front.splitlines()[:3] == [
        "library_name: keras",
        "pipeline_tag: keypoint-detection",
        "license: mit",
    ]
    assert "value: 9.5" in front and "value: 6.25" in front and "value: 0.25" in front
    for told in (
        "--seed=7",
        "--pose_chunks=3",
        "1,536",
        "1.25 hours",
        "6 CPU cores",
        "3.00 million",
        "6.5 MB",
    ):
        assert told in body
    assert "--batch_size" not in body


def test_page_leaves_out_what_could_not_be_measured(networks):
    nothing = HAND._replace(found=False, side=False, refined_mm=np.nan, centre_mm=np.nan, com_mm=np.nan)
    text = page.text(_facts(networks, scores=Scores(5, (nothing,), 1, 0, 4, 1).summary()))
    assert "nan" not in text.lower() and "None" not in text
    assert "Mean joint error, whole frame" not in text


def test_page_has_a_table_of_other_data(networks):
    rows = [{"frames": "Kinect", "found": 0.9876}, {"frames": "NYU", "found": 1}]
    assert "| frames | found |\n|---|---|\n| Kinect | 0.99 |\n| NYU | 1 |" in page.text(
        _facts(networks, measured=rows)
    )


@pytest.mark.parametrize("content", ["{", '{"found": 1}', "[1]", '[{"a": 1}, {"b": 2}]'])
def test_damaged_figures_of_other_data_are_named(tmp_path, content):
    path = tmp_path / package.MEASURED_FILE
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="measured.json: expected a list of objects"):
        package._measured(path)


def test_package_is_made_once_and_its_page_anew(networks, tmp_path, monkeypatch):
    for network, name in zip(pretrained_folder.make_networks(), package.NETWORKS, strict=True):
        model.save(network, tmp_path / name)
    measured = []

    def measure(pose, localiser, seed, pictures, empty_pictures):
        measured.append((pictures, empty_pictures))
        return Scores(seed, (HAND,), 1, 0, 4, 1)

    monkeypatch.setattr(package.scorer, "measure", measure)
    settings = Settings(validation_pictures=16)
    folder = package.write(tmp_path, settings)
    names = {file.name for file in folder.iterdir()}
    assert names == {
        "pose.keras", "localiser.keras", "hands.tflite", "crossinfo.json", "scores.json", "README.md",
    }  # fmt: skip
    (tmp_path / package.MEASURED_FILE).write_text(json.dumps([{"frames": "Kinect V2"}]), encoding="utf-8")
    package.write(tmp_path, settings)
    assert measured == [(64, 16)]
    assert "Kinect V2" in (folder / package.PAGE_FILE).read_text(encoding="utf-8")
