import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from crossinfo import export, model
from datasets import command
from datasets.errors import InputError

# As a stranger loads it: isolated from this project, and without Keras.
STRANGER = """
import sys
# None makes an import fail, also where the project is installed.
sys.modules |= {"keras": None, "crossinfo": None, "datasets": None}
import numpy as np, tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
inputs = np.load(sys.argv[2])
found = loaded.signatures["serving_default"](**{name: tf.constant(inputs[name]) for name in inputs})
np.savez(sys.argv[3], **{name: value.numpy() for name, value in found.items()})
"""
POSE = {
    "joints_mm": ("float32", [None, 14, 3]),
    "joints_uvd": ("float32", [None, 14, 3]),
    "centre_mm": ("float32", [None, 3]),
    "valid": ("bool", [None]),
}
CAMERA = ("float32", [None, 4])
CONTRACT = {
    "serving_default": ({"depth": ("float32", [None, None, None]), "camera": CAMERA}, POSE),
    "png": ({"image_bytes": ("string", [None]), "camera": CAMERA}, POSE),
    "centred": (
        {"depth": ("float32", [None, None, None]), "camera": CAMERA, "centre_mm": ("float32", [None, 3])},
        POSE,
    ),
    "crop": ({"crop": ("float32", [None, 96, 96, 1])}, {"joints": ("float32", [None, 14, 3])}),
}


def described(specs):
    return {name: (spec.dtype.name, spec.shape.as_list()) for name, spec in specs.items()}


def fake_save(module, folder, signatures):
    (folder / "saved_model.pb").write_text("graph")


def test_the_signatures_are_the_published_ones(export_base):
    signatures = tf.saved_model.load(export_base / "1").signatures
    assert set(signatures) == set(CONTRACT)
    for name, (inputs, outputs) in CONTRACT.items():
        assert described(signatures[name].structured_input_signature[1]) == inputs
        assert described(signatures[name].structured_outputs) == outputs


def test_a_stranger_without_project_and_keras_gets_the_same_numbers(export_base, tiny_served, tmp_path):
    depth = np.zeros((2, 60, 80), np.float32)
    depth[0, 20:40, 30:50] = 400
    inputs = {"depth": depth, "camera": np.float32([[100, 100, 40, 30]] * 2)}
    np.savez(tmp_path / "in.npz", **inputs)
    script = [sys.executable, "-I", "-c", STRANGER]
    paths = [export_base / "1", tmp_path / "in.npz", tmp_path / "out.npz"]
    done = subprocess.run([*script, *paths], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found, expected = np.load(tmp_path / "out.npz"), tiny_served.call("serving_default", **inputs)
    assert set(found) == set(expected)
    assert found["valid"].tolist() == [True, False]
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-2, err_msg=name)


def test_the_card_lies_in_the_export(export_base, tiny_model):
    content = json.loads((export_base / "1/assets.extra/crossinfo.json").read_text())
    assert content == json.loads(tiny_model.card.to_json())
    assert (content["skeleton"], content["cube_mm"], content["variant"]) == ("nyu", 250.0, "compact")


def test_only_the_inference_graph_is_exported(export_base, tiny_model):
    saved = {name for name, _ in tf.train.list_variables(str(export_base / "1/variables/variables"))}
    weights = [name for name in saved if "_weights" in name]
    assert len(weights) == len(model.inference(tiny_model).weights) < len(tiny_model.weights)


def test_versions_count_up_and_are_never_overwritten(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(tf.saved_model, "save", fake_save)
    assert export.export(tiny_model, tmp_path / "new/base") == tmp_path / "new/base/1"
    base = tmp_path / "new/base"
    assert export.export(tiny_model, base, 9) == base / "9"
    assert export.export(tiny_model, base) == base / "10"
    (base / "9/saved_model.pb").write_text("mine")
    with pytest.raises(InputError, match="9: already exists"):
        export.export(tiny_model, base, 9)
    assert (base / "9/saved_model.pb").read_text() == "mine"


def test_a_failed_export_leaves_nothing(tiny_model, tmp_path, monkeypatch):
    def fail(module, folder, signatures):
        fake_save(module, folder, signatures)
        raise OSError("disk full")

    monkeypatch.setattr(tf.saved_model, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        export.export(tiny_model, tmp_path / "base")
    assert list((tmp_path / "base").iterdir()) == []


def test_the_versions_need_a_folder(tiny_model, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="file: expected a folder"):
        export.export(tiny_model, tmp_path / "file")


def run(*argv):
    with pytest.raises(SystemExit) as stop:
        command.run(export.COMMAND, export.main, argv)
    return stop.value.code


def test_the_command_exports_a_work_dir(tiny_model, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tf.saved_model, "save", fake_save)
    (tmp_path / "run").mkdir()
    tiny_model.save(tmp_path / "run/model.keras")
    assert run(f"--model={tmp_path / 'run'}", f"--export_dir={tmp_path / 'out'}", "--version=3") == 0
    assert (tmp_path / "out/3/saved_model.pb").is_file()
    assert capsys.readouterr().out.strip() == str(tmp_path / "out/3")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--model=gone", "--export_dir=out"], "gone: no such model"),
        (["--model=gone", "--export_dir=out", "--version=0"], "--version"),
        (["--export_dir=out"], "--model"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(tmp_path, monkeypatch, capsys, argv, message):
    monkeypatch.chdir(tmp_path)
    assert run(*argv) == 2
    error = capsys.readouterr().err
    assert message.strip("-") in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
