import json
import sys

import numpy as np
import pytest

from crossinfo.card import CARD_FILE
from crossinfo.export import onnx_file
from datasets.errors import InputError


def test_the_file_gives_the_networks_joints_for_any_batch(tiny_model, tiny_predictor, tmp_path):
    pytest.importorskip("tf2onnx", reason="needs tf2onnx, of the extra onnx")
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs onnxruntime")
    path = onnx_file.export(tiny_model, tmp_path / "hands/1")
    assert json.loads((path / CARD_FILE).read_text()) == json.loads(tiny_model.card.to_json())
    session = onnxruntime.InferenceSession(path / onnx_file.MODEL_FILE)
    for batch in (1, 3):
        crop = np.random.default_rng(0).uniform(-1, 1, (batch, 96, 96, 1)).astype(np.float32)
        (found,) = session.run(["joints"], {"crop": crop})
        np.testing.assert_allclose(found, tiny_predictor.call("crop", crop=crop)["joints"], atol=1e-5)


def test_a_missing_converter_is_one_line(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(InputError, match=r"ONNX needs tf2onnx: pip install 'crossinfonet\[onnx\]'"):
        onnx_file.export(tiny_model, tmp_path / "1")
    assert list(tmp_path.iterdir()) == []
