import json
import sys

import numpy as np
import pytest

from crossinfo.card import CARD_FILE
from crossinfo.export import __main__ as export_command
from crossinfo.export import litert, packaged
from crossinfo.inference import litert_runtime, loading
from crossinfo.inference.pose import estimate
from crossinfo.inference.predictor import Predictor
from datasets import command_line, geometry, synthetic
from datasets.errors import InputError
from datasets.io import depth_png
from tests.helpers import pretrained_folder, shared

pytest.importorskip("ai_edge_litert", reason="needs ai-edge-litert, of the extra litert")

KINECT_CAMERA = geometry.Camera(363.9, 363.9, 255.4, 206.3)
SIZE = (120, 160)


def crops(count, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, 96, 96, 1)).astype(np.float32)


def run(*argv):
    with pytest.raises(SystemExit) as stop:
        command_line.run(export_command.COMMAND, export_command.main, [str(word) for word in argv])
    return stop.value.code


@pytest.fixture(scope="module")
def keras_file(tiny_model, tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "model.keras"
    tiny_model.save(path)
    return path


@pytest.fixture(scope="module")
def of_crops(tiny_model, tmp_path_factory):
    return litert.export(tiny_model, tmp_path_factory.mktemp("litert") / "hands/1")


@pytest.fixture(scope="module")
def of_frames(tiny_model, tmp_path_factory):
    return litert.export(tiny_model, tmp_path_factory.mktemp("litert") / "1", frame_size=SIZE)


def operations(path):
    opened = litert_runtime.interpreter(path / litert.MODEL_FILE)
    return {operation["op_name"] for operation in opened._get_ops_details()}


def hand(at=(60, 80), depth_mm=500.0):
    v, u = np.mgrid[: SIZE[0], : SIZE[1]]
    near = np.hypot(v - at[0], u - at[1]) < 22
    return np.where(near, depth_mm + 0.3 * u, 1500).astype(np.float32)


def test_a_file_of_crops_gives_the_networks_joints(of_crops, tiny_predictor, tiny_model):
    found = loading.load_predictor(of_crops / litert.MODEL_FILE)
    assert (found.name, found.card) == ("hands", tiny_model.card)
    expected = tiny_predictor.call("crop", crop=crops(3))["joints"]
    np.testing.assert_allclose(found.call("crop", crop=crops(3))["joints"], expected, atol=1e-5)


def test_a_file_of_frames_is_the_saved_models_way_from_depth_to_millimetres(of_frames, tiny_predictor):
    depth = np.stack([hand(), np.zeros(SIZE), hand((40, 100), 700.0)])
    depth[0, 50:53] = np.nan
    depth[2, :, 95] = np.inf
    camera = np.float32([[150, 152, 80, 60]] * 3)
    found = loading.load_predictor(of_frames / litert.MODEL_FILE).call(
        "serving_default", depth=depth, camera=camera
    )
    expected = tiny_predictor.call("serving_default", depth=depth, camera=camera)
    assert expected["valid"].tolist() == [True, False, True]
    assert set(found) == set(expected)
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-2, err_msg=name)


def test_a_camera_of_zeros_gives_no_hand_and_no_crash(of_frames):
    opened = loading.load_predictor(of_frames / litert.MODEL_FILE)
    for camera in ([0, 0, 0, 0], [np.nan, 1, 1, 1], [150, -1, 80, 60], [np.inf, 150, 80, 60]):
        found = opened.call("serving_default", depth=hand()[None], camera=[camera])
        assert not found["valid"][0] and not found["joints_mm"].any()
    for camera in ([1e30, 1e30, 1e30, 0], [1e-30, 1e-30, 0, 0]):
        found = opened.call("serving_default", depth=hand()[None], camera=[camera])
        assert np.isfinite(found["joints_mm"]).all()


@pytest.mark.parametrize("path", ["of_crops", "of_frames"])
def test_a_device_needs_the_interpreters_own_operations_only(path, request):
    used = operations(request.getfixturevalue(path))
    assert "CONV_2D" in used
    assert not [name for name in used if name.startswith(("Flex", "CUSTOM"))]
    assert not used & {"VAR_HANDLE", "READ_VARIABLE"}


def test_a_file_of_crops_takes_frames_with_tensorflows_help(of_crops, tiny_predictor):
    opened = loading.load_predictor(of_crops / litert.MODEL_FILE)
    frame = {"depth": hand()[None], "camera": [[150, 152, 80, 60]]}
    for signature, more in {"serving_default": {}, "centred": {"centre_mm": [[0, 5, 510]]}}.items():
        found = opened.call(signature, **frame, **more)
        expected = tiny_predictor.call(signature, **frame, **more)
        assert expected["valid"].all()
        np.testing.assert_allclose(found["joints_mm"], expected["joints_mm"], atol=1e-2)


def test_half_the_bits_halve_the_kernels_and_cost_next_to_nothing(tiny_model, tiny_predictor):
    pytest.importorskip("ai_edge_quantizer", reason="needs ai-edge-quantizer, of the extra litert")
    full, half = (litert.convert(tiny_model, precision) for precision in ("none", "float16"))
    assert len(half) < len(full)
    call = litert_runtime.interpreter(content=half).get_signature_runner()
    expected = tiny_predictor.call("crop", crop=crops(4))["joints"]
    found = np.concatenate([call(crop=crop[None])["joints"] for crop in crops(4)])
    assert 0 < np.linalg.norm(found - expected, axis=-1).mean() * 125 < 0.1


@pytest.mark.parametrize("input", ["crop", "frame"])
def test_int8_is_8_bits_inside_and_millimetres_outside(tiny_model, tiny_predictor, input):
    pytest.importorskip("ai_edge_quantizer", reason="needs ai-edge-quantizer, of the extra litert")
    size = SIZE if input == "frame" else None
    content = litert.convert(tiny_model, "int8", size, crops(20))
    opened = litert_runtime.interpreter(content=content)
    opened.allocate_tensors()
    details = {tensor["index"]: tensor for tensor in opened.get_tensor_details()}
    outputs = {
        details[operation["outputs"][0]]["name"]: details[operation["outputs"][0]]["dtype"]
        for operation in opened._get_ops_details()
        if operation["op_name"] in ("CONV_2D", "FULLY_CONNECTED")
    }
    eight = {name for name, dtype in outputs.items() if dtype == np.int8}
    assert len(eight) > 15
    assert not [name for name in eight if "stem" in name or "stage1" in name or "/hand" in name]
    ends = opened.get_input_details() + opened.get_output_details()
    assert {end["dtype"] for end in ends} <= {np.float32, np.bool_}
    call = opened.get_signature_runner()
    if input == "crop":
        expected = tiny_predictor.call("crop", crop=crops(4, 1))["joints"]
        found = np.concatenate([call(crop=crop[None])["joints"] for crop in crops(4, 1)])
        assert np.linalg.norm(found - expected, axis=-1).mean() * 125 < 6
    else:
        frame = {"depth": hand()[None], "camera": np.float32([[150, 152, 80, 60]])}
        found, expected = call(**frame), tiny_predictor.call("serving_default", **frame)
        # The way to the crop is not rounded.
        np.testing.assert_allclose(found["centre_mm"], expected["centre_mm"], atol=1e-2)


def test_the_command_writes_the_file_and_its_card(keras_file, tiny_model, tmp_path, capsys):
    argv = [f"--model={keras_file}", f"--export_dir={tmp_path / 'out'}", "--format=litert"]
    assert run(*argv, "--input=frame", "--frame_size=64,48") == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "out/1")
    card = json.loads((tmp_path / "out/1" / CARD_FILE).read_text())
    assert (card["input"], card["frame_size"], card["quantize"]) == ("frame", [64, 48], "none")
    assert card["joints"] == list(tiny_model.card.joints)
    shapes = (
        litert_runtime.interpreter(tmp_path / "out/1" / litert.MODEL_FILE)
        .get_signature_runner()
        .get_input_details()
    )
    assert shapes["depth"]["shape"].tolist() == [1, 64, 48]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--quantize=int8"], "--calibration="),
        (["--quantize=int8", "--calibration=gone"], "--calibration=gone"),
        (["--input=frame"], "--frame_size"),
        (["--frame_size=64,48"], "--frame_size"),
        (["--input=frame", "--frame_size=64"], "--frame_size=64: expected height,width"),
        (["--input=frame", "--frame_size=8,8"], "--frame_size=8,8: expected height,width"),
        (["--weights=float16"], "--weights=float16: goes with --format=saved_model only"),
        (["--calibration=x"], "--calibration=x: goes with --quantize=int8 only"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(keras_file, tmp_path, capsys, flags, message):
    pytest.importorskip("ai_edge_quantizer", reason="needs ai-edge-quantizer, of the extra litert")
    assert run(f"--model={keras_file}", f"--export_dir={tmp_path / 'out'}", "--format=litert", *flags) == 2
    error = capsys.readouterr().err.strip()
    assert message in error and "\n" not in error
    assert not (tmp_path / "out").exists()


def test_versions_of_two_formats_do_not_mix(keras_file, export_base, capsys):
    assert run(f"--model={keras_file}", f"--export_dir={export_base}", "--format=litert") == 2
    assert "name another folder" in capsys.readouterr().err


@pytest.mark.parametrize("module", ["ai_edge_litert", "ai_edge_quantizer"])
def test_a_missing_package_is_one_line(tiny_model, of_crops, monkeypatch, module):
    for name in [name for name in sys.modules if name.startswith(module)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=r"pip install 'crossinfonet\[litert\]'"):
        if module == "ai_edge_litert":
            loading.load_predictor(of_crops / litert.MODEL_FILE)
        else:
            litert.convert(tiny_model, "float16")


@pytest.mark.parametrize("damage", ["text", "cut", "card"])
def test_a_damaged_file_is_named(of_crops, tmp_path, damage):
    content = (of_crops / litert.MODEL_FILE).read_bytes()
    path = tmp_path / litert.MODEL_FILE
    path.write_bytes({"text": b"not a model", "cut": content[: len(content) // 2], "card": content}[damage])
    (tmp_path / CARD_FILE).write_text("{" if damage == "card" else (of_crops / CARD_FILE).read_text())
    with pytest.raises(
        InputError, match="crossinfo.json: damaged" if damage == "card" else "model.tflite: .*damaged"
    ):
        loading.load_predictor(path)


def test_what_a_file_of_frames_cannot_do_is_said(of_frames):
    opened = loading.load_predictor(of_frames / litert.MODEL_FILE)
    with pytest.raises(InputError, match=r"model.tflite: depth of \(120, 160\) only"):
        opened.call("serving_default", depth=np.ones((1, 9, 9)), camera=[[1, 1, 1, 1]])
    with pytest.raises(InputError, match="no signature 'crop'"):
        opened.call("crop", crop=crops(1))


@pytest.mark.slow
def test_real_and_synthetic_frames_agree_with_predict(tiny_model, tiny_predictor, tmp_path):
    hands = [(record.depth_mm, record.camera) for record in (synthetic.frame(5, i) for i in range(100))]
    real = [(depth_png.read_depth_png(file), KINECT_CAMERA) for file in shared.files("real/kinect2/*.png")]
    for number, images in enumerate(filter(None, [hands, real])):
        path = litert.export(tiny_model, tmp_path / str(number), frame_size=images[0][0].shape)
        opened = loading.load_predictor(path / litert.MODEL_FILE)
        for depth_mm, camera in images:
            expected = estimate(tiny_predictor, "0", depth_mm, camera)
            found = estimate(opened, "0", depth_mm, camera)
            assert found.valid == expected.valid
            np.testing.assert_allclose(found.joints_mm, expected.joints_mm, atol=0.05)


@pytest.fixture(scope="module")
def of_hands(pretrained_networks, tmp_path_factory):
    """A float32 file that finds hands."""
    pose, localiser = pretrained_networks
    return litert.export(pose, tmp_path_factory.mktemp("litert") / "1", localiser=localiser)


def test_a_file_that_finds_hands_takes_frames_of_any_size(of_hands, pretrained_networks):
    networks = Predictor.of_network("pair", *pretrained_networks)
    opened = loading.load_predictor(of_hands / litert.MODEL_FILE)
    assert opened.finds_hands
    for size in ((120, 160), (90, 100), (120, 160)):
        frames = {"depth": [pretrained_folder.frame(size)], "camera": [pretrained_folder.camera(size)]}
        expected = networks.call("hands", **frames)
        found = opened.call("hands", **frames)
        assert expected["valid"].all() or size != (120, 160)
        assert set(found) == set(expected)
        for name in found:
            np.testing.assert_allclose(found[name], expected[name], atol=0.1, err_msg=name)
    first = opened.call("serving_default", **frames)
    np.testing.assert_array_equal(first["joints_mm"], found["joints_mm"][:, 0])
    assert not [name for name in operations(of_hands) if name.startswith(("Flex", "CUSTOM"))]


def test_in_a_frame_of_no_camera_it_finds_no_hand(of_hands):
    opened = loading.load_predictor(of_hands / litert.MODEL_FILE)
    for camera in ([0, 0, 0, 0], [np.nan, 1, 1, 1], [150, -1, 80, 60]):
        found = opened.call("hands", depth=[pretrained_folder.frame()], camera=[camera])
        assert not found["valid"].any() and not found["joints_mm"].any()


def test_its_card_says_what_it_takes(of_hands):
    card = json.loads((of_hands / CARD_FILE).read_text())
    assert (card["input"], card["frame_size"], card["upright"]) == ("frame", None, True)


def test_the_pretrained_networks_are_exported_without_a_model(pretrained_dir, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(packaged, "FOLDER", pretrained_dir)
    assert run("--format=litert", f"--export_dir={tmp_path}", "--input=crop") == 0
    assert loading.load_predictor(tmp_path / "1/model.tflite").card.upright
    capsys.readouterr()
    for flags, message in (
        (["--quantize=int8"], "--quantize=int8: needs --input=crop"),
        (
            ["--quantize=int8", "--input=crop"],
            "--calibration is required for --quantize=int8 without --model",
        ),
        (["--localiser=gone.keras"], "gone.keras: no such model"),
    ):
        assert run("--format=litert", f"--export_dir={tmp_path}", *flags) == 2
        assert message in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["1"]
