import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import convert_to_constants

from crossinfo import config, model
from crossinfo.benchmark.operations import operations
from crossinfo.card import card_for
from crossinfo.export import __main__ as export_command
from crossinfo.export import folding, saved_model
from crossinfo.inference import loading
from datasets import command_line, registry
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
VARIABLES = "variables/variables.data-00000-of-00001"
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


def saved_model_proto(path):
    return saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())


def profiled(function, shapes):
    """{operation: floating point operations a frame} by TensorFlow's own profiler."""
    specs = {name: tf.TensorSpec(shape, tf.float32, name) for name, shape in shapes.items()}
    concrete = tf.function(lambda **inputs: function(**inputs)).get_concrete_function(**specs)
    graph = convert_to_constants.convert_variables_to_constants_v2(concrete).graph
    profiler = tf.compat.v1.profiler
    options = profiler.ProfileOptionBuilder(profiler.ProfileOptionBuilder.float_operation())
    found, counted = profiler.profile(graph, cmd="op", options=options.with_empty_output().build()), {}
    while found.children:
        (found,) = found.children
        counted[found.name] = found.float_ops
    return counted


def fake_save(module, folder, signatures):
    (folder / "saved_model.pb").write_text("graph")


def test_the_signatures_are_the_published_ones(export_base):
    signatures = tf.saved_model.load(export_base / "1").signatures
    assert set(signatures) == set(CONTRACT)
    for name, (inputs, outputs) in CONTRACT.items():
        assert described(signatures[name].structured_input_signature[1]) == inputs
        assert described(signatures[name].structured_outputs) == outputs


def test_a_stranger_without_project_and_keras_gets_the_same_numbers(export_base, tiny_predictor, tmp_path):
    depth = np.zeros((2, 60, 80), np.float32)
    depth[0, 20:40, 30:50] = 400
    inputs = {"depth": depth, "camera": np.float32([[100, 100, 40, 30]] * 2)}
    np.savez(tmp_path / "in.npz", **inputs)
    script = [sys.executable, "-I", "-c", STRANGER]
    paths = [export_base / "1", tmp_path / "in.npz", tmp_path / "out.npz"]
    done = subprocess.run([*script, *paths], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found, expected = np.load(tmp_path / "out.npz"), tiny_predictor.call("serving_default", **inputs)
    assert set(found) == set(expected)
    assert found["valid"].tolist() == [True, False]
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-2, err_msg=name)


def test_the_card_lies_in_the_export(export_base, tiny_model):
    content = json.loads((export_base / "1/assets.extra/crossinfo.json").read_text())
    assert content == json.loads(tiny_model.card.to_json())
    assert (content["skeleton"], content["cube_mm"], content["variant"]) == ("nyu", 250.0, "compact")


def test_only_the_inference_graph_is_exported(export_base, tiny_model):
    saved = tf.train.list_variables(str(export_base / "1/variables/variables"))
    weights = {name: shape for name, shape in saved if "_weights" in name}
    folded = folding.fold(tiny_model)
    assert len(saved) == len(weights) + 1  # and the list of objects
    assert len(weights) == len(folded.weights) < len(model.inference(tiny_model).weights)
    assert sum(np.prod(shape) for shape in weights.values()) == folded.count_params()
    (graph,) = saved_model_proto(export_base / "1").meta_graphs
    used = {node.op for function in graph.graph_def.library.function for node in function.node_def}
    assert not [op for op in used if "BatchNorm" in op or "Random" in op or "Dropout" in op]


def test_half_size_weights_cost_next_to_nothing(tiny_model, export_base, tmp_path):
    path = saved_model.export(tiny_model, tmp_path / "half", weights="float16")
    sizes = [(folder / VARIABLES).stat().st_size for folder in (path, export_base / "1")]
    kernels = sum(np.prod(w.shape) for w in folding.fold(tiny_model).weights if len(w.shape) > 1)
    assert sizes[1] - sizes[0] == pytest.approx(2 * kernels, rel=0.05)
    crop = np.random.default_rng(0).uniform(-1, 1, (16, 96, 96, 1)).astype(np.float32)
    half, full = (
        loading.load_predictor(p).call("crop", crop=crop)["joints"] for p in (path, export_base / "1")
    )
    assert 0 < np.linalg.norm(half - full, axis=-1).mean() * 125 < 0.05


def test_a_weight_beyond_float16_is_refused_by_name(tiny_model, tmp_path):
    large = model.build(tiny_model.network, card=tiny_model.card)
    kernel = large.get_layer("hand").dense.kernel
    kernel.assign(kernel + 1e5)
    with pytest.raises(InputError, match="float16: hand/dense/kernel"):
        saved_model.export(large, tmp_path / "half", weights="float16")
    assert not (tmp_path / "half/1").exists()


def test_a_warm_up_request_for_each_signature_runs(export_base):
    messages = pytest.importorskip(
        "tensorflow_serving.apis.prediction_log_pb2", reason="needs tensorflow-serving-api"
    )
    functions = tf.saved_model.load(export_base / "1").signatures
    seen = set()
    for record in tf.data.TFRecordDataset(str(export_base / "1" / saved_model.WARMUP_FILE)):
        log = messages.PredictionLog.FromString(record.numpy())
        assert log.WhichOneof("log_type") == "predict_log"
        request = log.predict_log.request
        inputs = {name: tf.constant(tf.make_ndarray(value)) for name, value in request.inputs.items()}
        found = functions[request.model_spec.signature_name](**inputs)
        seen.add(request.model_spec.signature_name)
        assert found.get("valid", tf.constant(True)).numpy().all()
        log.DiscardUnknownFields()
        assert log.ByteSize() == len(record.numpy())
    assert seen == set(functions)


def test_frames_with_and_without_a_hand_mix_in_a_batch(export_base):
    depth = np.zeros((3, 60, 80), np.float32)
    depth[::2, 20:40, 30:50] = 400
    camera = np.float32([[100, 100, 40, 30]] * 3)
    function = tf.saved_model.load(export_base / "1").signatures["serving_default"]
    found = {name: value.numpy() for name, value in function(depth=depth, camera=camera).items()}
    assert found["valid"].tolist() == [True, False, True]
    assert not found["joints_mm"][1].any()
    np.testing.assert_allclose(found["joints_mm"][0], found["joints_mm"][2], atol=1e-3)


@pytest.mark.parametrize("variant", ["compact", pytest.param("paper", marks=pytest.mark.slow)])
def test_the_saved_graph_does_the_networks_operations_and_little_more(variant, tmp_path):
    skeleton = registry.get("nyu").skeleton
    network = model.build(
        config.variant_for(variant, skeleton).network,
        card=card_for(variant, registry.get("nyu"), 250.0, "com", None),
    )
    loaded = tf.saved_model.load(saved_model.export(network, tmp_path))
    own = operations(model.inference(network))
    inputs = {"depth": [1, 480, 640], "camera": [1, 4], "centre_mm": [1, 3], "crop": [1, 96, 96, 1]}
    takes = {"crop": ["crop"], "centred": list(inputs)[:3], "serving_default": list(inputs)[:2]}
    counted = {
        name: profiled(loaded.signatures[name], {key: inputs[key] for key in names})
        for name, names in takes.items()
    }
    everything = {name: sum(found.values()) for name, found in counted.items()}
    assert {name: found["Conv2D"] + found["MatMul"] for name, found in counted.items()} == dict.fromkeys(
        takes, own
    )
    # The profiler counts pooling, biases and sums in the network, too.
    assert everything["crop"] <= 1.05 * own
    assert everything["centred"] <= 1.05 * everything["crop"]
    assert everything["serving_default"] <= 1.05 * everything["crop"]


def test_versions_count_up_and_are_never_overwritten(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(tf.saved_model, "save", fake_save)
    assert saved_model.export(tiny_model, tmp_path / "new/base") == tmp_path / "new/base/1"
    base = tmp_path / "new/base"
    assert saved_model.export(tiny_model, base, 9) == base / "9"
    assert saved_model.export(tiny_model, base) == base / "10"
    (base / "9/saved_model.pb").write_text("mine")
    with pytest.raises(InputError, match="9: already exists"):
        saved_model.export(tiny_model, base, 9)
    assert (base / "9/saved_model.pb").read_text() == "mine"


def test_a_failed_export_leaves_nothing(tiny_model, tmp_path, monkeypatch):
    def fail(module, folder, signatures):
        fake_save(module, folder, signatures)
        raise OSError("disk full")

    monkeypatch.setattr(tf.saved_model, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        saved_model.export(tiny_model, tmp_path / "base")
    assert list((tmp_path / "base").iterdir()) == []


def test_the_versions_need_a_folder(tiny_model, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="file: expected a folder"):
        saved_model.export(tiny_model, tmp_path / "file")


def run(*argv):
    with pytest.raises(SystemExit) as stop:
        command_line.run(export_command.COMMAND, export_command.main, argv)
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
        (["--model=gone"], "--export_dir"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(tmp_path, monkeypatch, capsys, argv, message):
    monkeypatch.chdir(tmp_path)
    assert run(*argv) == 2
    error = capsys.readouterr().err
    assert message.strip("-") in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
