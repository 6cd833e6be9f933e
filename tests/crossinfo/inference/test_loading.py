import json
import shutil
import sys
import types
import zipfile

import keras
import numpy as np
import pytest

from crossinfo.export import packaged, saved_model
from crossinfo.inference import loading
from crossinfo.inference.predictor import Predictor
from datasets.errors import InputError
from tests.helpers import pretrained_folder

FRAME = np.pad(np.full((20, 20), 400.0), 30)[None]
CAMERA = [[100, 100, 40, 40]]


@pytest.fixture(scope="module")
def work_dir(tiny_model, export_base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "first_run"
    folder.mkdir()
    tiny_model.save(folder / "model.keras")
    shutil.copytree(export_base, folder / "export")
    return folder


def rewritten(source, target, config):
    """A copy of a Keras file with another ``config.json``."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, config if name == "config.json" else old.read(name))
    return target


@pytest.mark.parametrize("inside", ["", "model.keras"])
def test_a_work_dir_and_its_file_give_the_model_with_its_card(work_dir, tiny_model, inside):
    model = loading.load_model(work_dir / inside)
    crop = np.linspace(-1, 1, 96 * 96, dtype=np.float32).reshape(1, 96, 96, 1)
    np.testing.assert_array_equal(model(crop)["hand"], tiny_model(crop)["hand"])
    assert model.card == tiny_model.card


@pytest.mark.parametrize("inside", ["", "model.keras", "export", "export/1"])
def test_every_form_has_the_work_dirs_name_and_the_card(work_dir, tiny_model, inside):
    found = loading.load_predictor(work_dir / inside)
    assert (found.name, found.card) == ("first_run", tiny_model.card)


@pytest.mark.parametrize("inside", ["model.keras", "export"])
def test_keras_file_and_saved_model_give_the_same_numbers(work_dir, tiny_predictor, inside):
    found = loading.load_predictor(work_dir / inside).call("serving_default", depth=FRAME, camera=CAMERA)
    expected = tiny_predictor.call("serving_default", depth=FRAME, camera=CAMERA)
    assert expected["valid"].all()
    np.testing.assert_allclose(found["joints_mm"], expected["joints_mm"], atol=1e-2)


@pytest.mark.parametrize("name", ["2024", "export"])
def test_a_work_dir_may_look_like_a_version(tiny_model, tmp_path, name):
    (tmp_path / name).mkdir()
    tiny_model.save(tmp_path / name / "model.keras")
    assert loading.load_predictor(tmp_path / name).name == name


def test_a_file_or_folder_of_its_own_gives_its_own_name(tiny_model, export_base, tmp_path):
    tiny_model.save(tmp_path / "best.keras")
    assert loading.load_predictor(tmp_path / "best.keras").name == "best"
    assert loading.load_predictor(export_base).name == "hands"


def test_of_numbered_versions_the_newest_is_taken(work_dir, tmp_path):
    for number, name in ((9, "nine"), (10, "ten")):
        shutil.copytree(work_dir / "export/1", tmp_path / str(number))
        card_file = tmp_path / str(number) / saved_model.CARD_FILE
        card_file.write_text(json.dumps({**json.loads(card_file.read_text()), "dataset": name}))
    (tmp_path / "11").mkdir()
    assert loading.load_predictor(tmp_path).card.dataset == "ten"


def test_a_path_without_a_model_is_named(tmp_path):
    for load in (loading.load_model, loading.load_predictor):
        with pytest.raises(InputError, match="gone: no such model"):
            load(tmp_path / "gone")
        with pytest.raises(InputError, match="holds no model.keras"):
            load(tmp_path)


def test_a_saved_model_is_no_keras_model(work_dir):
    with pytest.raises(InputError, match="1: holds no model.keras"):
        loading.load_model(work_dir / "export/1")


@pytest.mark.parametrize("damage", ["text", "empty", "cut", "flipped", "zip"])
def test_a_damaged_keras_file_is_named(work_dir, tmp_path, damage):
    whole = (work_dir / "model.keras").read_bytes()
    middle = len(whole) // 2
    path = tmp_path / "bad.keras"
    data = {
        "text": b"not a model",
        "empty": b"",
        "cut": whole[:middle],
        "flipped": whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :],
    }
    path.write_bytes(data.get(damage, b""))
    if damage == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("notes.txt", "no model here")
    with pytest.raises(InputError, match="bad.keras: .*(damaged)"):
        loading.load_model(path)


def test_another_programs_model_is_refused(tmp_path):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "other.keras")
    with pytest.raises(InputError, match="other.keras: a Keras model, but not a CrossInfoNet"):
        loading.load_model(tmp_path / "other.keras")


def test_a_file_that_names_a_function_to_call_is_refused_without_calling_it(work_dir, tmp_path):
    target = tmp_path / "made"
    call = {
        "module": "os",
        "class_name": "mkdir",
        "config": {"path": str(target)},
        "registered_name": "mkdir",
    }
    path = rewritten(work_dir / "model.keras", tmp_path / "evil.keras", json.dumps(call))
    with pytest.raises(InputError, match="not a CrossInfoNet"):
        loading.load_model(path)
    assert not target.exists()


@pytest.mark.parametrize("network", [{"joints": 3}, {"no_such_setting": 1}, {"dense_units": 9}])
def test_a_model_of_another_version_is_refused(work_dir, tmp_path, network):
    with zipfile.ZipFile(work_dir / "model.keras") as archive:
        config = json.loads(archive.read("config.json"))
    config["config"]["network"] = {**config["config"]["network"], **network}
    path = rewritten(work_dir / "model.keras", tmp_path / "old.keras", json.dumps(config))
    with pytest.raises(InputError, match="old.keras: does not fit this version"):
        loading.load_model(path)


def test_a_model_without_a_card_is_refused(work_dir, tmp_path):
    with zipfile.ZipFile(work_dir / "model.keras") as archive:
        config = json.loads(archive.read("config.json"))
    config["config"]["card"] = None
    path = rewritten(work_dir / "model.keras", tmp_path / "bare.keras", json.dumps(config))
    with pytest.raises(InputError, match="bare.keras: holds no model card"):
        loading.load_model(path)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize(
    ("inside", "spoil", "message"),
    [
        ("assets.extra/crossinfo.json", lambda path: path.unlink(), "not an export of crossinfo"),
        ("assets.extra/crossinfo.json", lambda path: path.write_text("{"), "crossinfo.json: damaged"),
        ("assets.extra/crossinfo.json", lambda path: path.write_text("{}"), "crossinfo.json: damaged"),
        ("assets.extra/crossinfo.json", lambda path: path.write_text("[1]"), "crossinfo.json: damaged"),
        ("saved_model.pb", cut, "damaged SavedModel"),
        ("saved_model.pb", lambda path: path.write_bytes(b""), "damaged SavedModel"),
        ("variables/variables.index", lambda path: path.unlink(), "damaged SavedModel"),
        ("variables/variables.data-00000-of-00001", cut, "damaged SavedModel"),
    ],
)
def test_a_damaged_saved_model_is_named(work_dir, tmp_path, inside, spoil, message):
    shutil.copytree(work_dir / "export/1", tmp_path / "bad")
    spoil(tmp_path / "bad" / inside)
    with pytest.raises(InputError, match=f"bad.*{message}"):
        loading.load_predictor(tmp_path / "bad")


def test_no_path_means_the_packages_own_networks(pretrained_dir, monkeypatch):
    monkeypatch.setattr(packaged, "FOLDER", pretrained_dir)
    found = loading.load_predictor()
    assert (found.name, found.finds_hands, found.card.upright) == ("pretrained", True, True)
    # A folder of two networks means both, as its pose network does; another's localiser may be named.
    for model, localiser in ((pretrained_dir, None), (pretrained_dir / "pose.keras", None)):
        assert loading.load_predictor(model, localiser).finds_hands


def test_a_pose_network_alone_goes_with_the_packages_localiser(pretrained_dir, tmp_path, monkeypatch):
    shutil.copy(pretrained_dir / "pose.keras", tmp_path)
    monkeypatch.setattr(packaged, "FOLDER", tmp_path / "empty")
    with pytest.raises(InputError, match="localiser.keras: is not in this installation"):
        loading.load_predictor(tmp_path / "pose.keras")
    monkeypatch.setattr(packaged, "FOLDER", pretrained_dir)
    assert loading.load_predictor(tmp_path / "pose.keras").finds_hands


def test_a_localiser_is_one_and_of_some_use(work_dir, pretrained_dir):
    pose, localiser = pretrained_dir / "pose.keras", pretrained_dir / "localiser.keras"
    with pytest.raises(InputError, match="pose.keras: a Keras model, but not a Localiser"):
        loading.load_predictor(pose, pose)
    with pytest.raises(InputError, match="`localiser`=.*: .* finds no hands; it is not of upright hands"):
        loading.load_predictor(work_dir, localiser)
    with pytest.raises(InputError, match="`localiser`=.*: goes with a .keras file only"):
        loading.load_predictor(work_dir / "export", localiser)
    with pytest.raises(InputError, match="localiser.keras: a Keras model, but not a CrossInfoNet"):
        loading.load_model(localiser)


def test_an_export_finds_hands_as_its_networks_do(pretrained_networks, tmp_path):
    pose, localiser = pretrained_networks
    saved_model.export(pose, tmp_path / "hand", localiser=localiser)
    found = loading.load_predictor(tmp_path / "hand")
    assert found.finds_hands
    frames = {"depth": [pretrained_folder.frame()], "camera": [pretrained_folder.camera()]}
    networks = Predictor.of_network("pair", pose, localiser)
    expected, outputs = (each.call("hands", **frames) for each in (networks, found))
    assert expected["valid"].all() and set(outputs) == set(expected)
    np.testing.assert_allclose(outputs["joints_mm"], expected["joints_mm"], atol=0.1)
    with pytest.raises(InputError, match="`hand`=left: .* tells left from right itself"):
        loading.load_predictor(tmp_path / "hand", hand="left")


def test_a_network_of_the_hub_is_not_a_path(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(InputError, match="hf://someone/hands: needs huggingface_hub"):
        loading.load_predictor("hf://someone/hands")
    monkeypatch.setitem(sys.modules, "huggingface_hub", types.ModuleType("huggingface_hub"))

    def offline(name, **options):
        raise RuntimeError(f"no network for {name}\nand much more")

    monkeypatch.setattr(keras.saving, "load_model", offline)
    with pytest.raises(
        InputError, match=r"cannot be downloaded or opened \(no network for hf://someone/hands\)"
    ):
        loading.load_model("hf://someone/hands")


def test_a_network_of_the_hub_has_its_own_name(tiny_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", types.ModuleType("huggingface_hub"))
    monkeypatch.setattr(keras.saving, "load_model", lambda name, **options: tiny_model)
    found = loading.load_predictor("hf://someone/hands")
    assert (found.name, found.card) == ("hands", tiny_model.card)
