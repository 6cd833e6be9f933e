"""Edits of ``models.config``: what they change, and that they change nothing else."""

import os

import pytest

from crossinfo.serving import models_config
from crossinfo.serving.models_config import ModelsConfig
from datasets.errors import InputError
from tests.crossinfo.client.conftest import SERVING

OWN = (SERVING / "models.config").read_text()
ONE_LINE = (
    "model_config_list: { config: { name: 'hand', base_path: '/m#1' model_version_policy: { specific { "
    "versions: 1 versions: 2 } } version_labels { key: 'stable' value: 1 } "
    "version_labels < key: 'canary'; value: 2 > } }"
)
COMMENTED = OWN.replace("versions: 2", "versions: 2  # 7 is next {").replace(
    "value: 2", "# versions: 5\n      value: 2"
)
TWO_MODELS = OWN.replace(
    "model_config_list {\n",
    OWN.replace("versions: 2", "versions: 8").replace('"hand"', '"foot"').rstrip()[:-1],
)
TEXTS = pytest.mark.parametrize(
    "text", [OWN, ONE_LINE, COMMENTED, TWO_MODELS], ids=["own", "one line", "commented", "two models"]
)


@TEXTS
def test_versions_and_labels_are_read(text):
    config = ModelsConfig(text, "hand")
    assert config.versions == [1, 2]
    assert config.labels == {"stable": 1, "canary": 2}


@TEXTS
def test_an_edit_does_what_it_says_and_can_be_undone(text):
    config = ModelsConfig(text, "hand")
    added = config.with_version(31)
    assert added.versions == [1, 2, 31] and added.labels == config.labels
    moved = added.with_label("canary", 31).with_label("next", 31)
    assert moved.labels == {"stable": 1, "canary": 31, "next": 31} and moved.versions == added.versions
    undone = moved.with_label("canary", 2).without_label("next").without_version(31)
    assert undone.text == text


@TEXTS
def test_the_official_message_reads_an_edit_the_same(text):
    messages = pytest.importorskip(
        "tensorflow_serving.config.model_server_config_pb2", reason="needs tensorflow-serving-api"
    )
    from google.protobuf import text_format

    edited = ModelsConfig(text, "hand").with_version(3).with_label("stable", 3).with_label("next", 2)
    read = text_format.Parse(edited.without_version(1).text, messages.ModelServerConfig())
    (model,) = (one for one in read.model_config_list.config if one.name == "hand")
    assert list(model.model_version_policy.specific.versions) == [2, 3]
    assert dict(model.version_labels) == {"stable": 3, "canary": 2, "next": 2}


def test_what_is_there_already_is_left():
    config = ModelsConfig(OWN, "hand")
    assert config.with_version(2).text == OWN
    assert config.with_label("stable", 1).text == OWN
    assert config.without_version(9).text == OWN
    assert config.without_label("next").text == OWN


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected one model hand, found 0"),
        ("model_config_list {", "a } is missing at the end"),
        (OWN + "}", "not understood from '}' on"),
        (OWN.replace('"hand"', "hand"), "name: expected a plain text in quotes, found hand"),
        (OWN.replace('name: "hand"', ""), "expected one name in config, found 0"),
        (OWN.replace("versions: 1", "versions: one"), "versions: expected a version number, found one"),
        (OWN.replace("versions: 1", "versions: [1]"), "versions: write a list as one statement per value"),
        (OWN.replace("versions: 1", "").replace("versions: 2", ""), "no list of specific versions"),
        ("a { " * 30, "not understood from 'a' on"),
        ("\0", "not understood"),
    ],
)
def test_a_file_that_is_not_understood_is_named(tmp_path, text, message):
    path = tmp_path / "models.config"
    path.write_text(text)
    with pytest.raises(InputError, match="models.config: ") as error:
        models_config.read(path, "hand")
    assert message in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="gone.config: no such file"):
        models_config.read(tmp_path / "gone.config", "hand")


def test_a_write_keeps_mode_and_link(tmp_path):
    path, link = tmp_path / "models.config", tmp_path / "link.config"
    path.write_text(OWN)
    path.chmod(0o640)
    link.symlink_to(path)
    models_config.write(link, models_config.read(link, "hand").with_version(3))
    assert link.is_symlink() and path.stat().st_mode & 0o777 == 0o640
    assert models_config.read(path, "hand").versions == [1, 2, 3]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.config", "models.config"]


def test_a_write_that_fails_leaves_the_file_whole(tmp_path, monkeypatch):
    path = tmp_path / "models.config"
    path.write_text(OWN)

    def full(descriptor):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        models_config.write(path, ModelsConfig(OWN, "hand").with_version(3))
    assert path.read_text() == OWN
    assert [each.name for each in tmp_path.iterdir()] == ["models.config"]
