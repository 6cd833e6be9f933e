import json
import sys

import numpy as np
import pytest

from crossinfo import export
from crossinfo.benchmark import __main__ as benchmark
from crossinfo.benchmark.forms import Form
from crossinfo.export import quantize
from datasets import command_line, synthetic


def run(*argv):
    with pytest.raises(SystemExit) as stop:
        command_line.run(benchmark.COMMAND, benchmark.main, [str(word) for word in argv])
    return stop.value.code


@pytest.fixture(scope="module")
def work_dir(tiny_model, tmp_path_factory):
    """A finished run on NYU as far as the benchmark looks at it."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    synthetic.write("nyu", 24, 2, folder / "data", workers=1)
    tiny_model.save(folder / "model.keras")
    return folder


def argv(work_dir, output_dir, *more):
    return [
        f"--model={work_dir}",
        "--dataset=nyu",
        f"--output_dir={output_dir}",
        "--rounds=2",
        "--frames=2",
        *more,
    ]


@pytest.mark.slow
def test_every_form_is_measured_from_the_keras_network(work_dir, tmp_path, capsys, monkeypatch):
    pytest.importorskip("ai_edge_litert", reason="needs ai-edge-litert, of the extra litert")
    pytest.importorskip("ai_edge_quantizer", reason="needs ai-edge-quantizer, of the extra litert")
    monkeypatch.setattr(quantize, "CALIBRATION_FRAMES", 5)
    from datasets import registry, shards

    source = shards.Source("nyu", str(work_dir / "data"), "train", "com", (registry.get("nyu").cube_mm,))
    shards.prepare(source, work_dir / "shards", workers=0)
    assert run(*argv(work_dir, tmp_path / "out")) == 0
    content = json.loads((tmp_path / "out/benchmark.json").read_text())
    rows = {row["form"]: row for row in content["forms"]}
    assert list(rows)[0] == "Keras predict_on_batch"
    assert {"SavedModel float16", "LiteRT float32", "LiteRT float16", "LiteRT int8"} < set(rows)
    assert content["frames"] == 2
    for name, row in rows.items():
        assert row["latency_ms"] > 0 and row["frames_per_s"] > 0
        assert row["distance_mm"] < (8 if "int8" in name else 0.1 if "float16" in name else 1e-3)
        assert row["error_mm"] == pytest.approx(
            rows["Keras predict_on_batch"]["error_mm"], abs=row["distance_mm"] + 1e-6
        )
    page = (tmp_path / "out/benchmark.md").read_text()
    assert page in capsys.readouterr().out
    assert page.count("\n| ") == len(rows) + 2
    assert str(tmp_path) not in page


def test_without_litert_the_other_forms_are_measured_and_a_line_says_so(
    work_dir, export_base, tmp_path, capsys, monkeypatch
):
    for name in [name for name in sys.modules if name.startswith("ai_edge_litert")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    monkeypatch.setattr(export, "export", lambda *args, **kwargs: export_base / "1")
    assert run(*argv(work_dir, tmp_path)) == 0
    assert "left out: LiteRT needs ai-edge-litert" in capsys.readouterr().out
    names = [row["form"] for row in json.loads((tmp_path / "benchmark.json").read_text())["forms"]]
    assert len(names) == 4 and not [name for name in names if "LiteRT" in name]


def test_error_and_distance_are_millimetres_and_forms_take_turns():
    frames = {
        "crop": np.zeros((3, 96, 96, 1), np.float32),
        "joints": np.zeros((3, 2, 3), np.float32),
        "half_mm": np.float32([100, 100, 200]),
    }
    asked = []

    def form(name, offset):
        def joints(crops):
            asked.append((name, len(crops)))
            return np.tile(np.float32([offset, 0, 0]), (len(crops), 2, 1))

        return Form(name, 2_000_000, joints)

    first, second = benchmark.measure([form("a", 0.1), form("b", 0.4)], frames, rounds=1)
    assert first["error_mm"] == pytest.approx(0.1 * 400 / 3)
    assert (first["distance_mm"], first["size_mb"]) == (0, 2)
    assert second["distance_mm"] == pytest.approx(0.3 * 400 / 3)
    assert second["distance_max_mm"] == pytest.approx(60)
    assert asked[:4] == [("a", 1), ("a", 32), ("b", 1), ("b", 32)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--dataset=msra"], "--dataset=msra: its joints are not the model's"),
        (["--model=gone"], "gone: no such model"),
        (["--rounds=0"], "--rounds"),
    ],
)
def test_the_command_says_in_one_line_what_is_wrong(work_dir, tmp_path, capsys, change, message):
    assert run(*argv(work_dir, tmp_path / "out", *change)) == 2
    error = capsys.readouterr().err.strip()
    assert message.removeprefix("--") in error and "\n" not in error
    assert not (tmp_path / "out").exists()
