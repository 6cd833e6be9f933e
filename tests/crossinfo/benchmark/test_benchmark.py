import json
import sys

import pytest

from crossinfo.benchmark import __main__ as benchmark
from crossinfo.export import calibration, saved_model
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
    monkeypatch.setattr(calibration, "CALIBRATION_FRAMES", 5)
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
    monkeypatch.setattr(saved_model, "export", lambda *args, **kwargs: export_base / "1")
    assert run(*argv(work_dir, tmp_path)) == 0
    assert "left out: LiteRT needs ai-edge-litert" in capsys.readouterr().out
    names = [row["form"] for row in json.loads((tmp_path / "benchmark.json").read_text())["forms"]]
    assert len(names) == 4 and not [name for name in names if "LiteRT" in name]


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
