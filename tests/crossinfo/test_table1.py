"""Table 1: what is trained, on what, what is left out when done, and the table; stand-ins train."""

import json
import pathlib

import numpy as np
import pytest

from crossinfo import config, table1
from crossinfo.flags import run_settings
from crossinfo.training import run as runs
from datasets import command_line
from datasets.errors import InputError

# Mean errors of each row, seed by seed.
ERRORS = {
    "base": (12.0, 14.0),
    "base_hm": (11.0, 14.0),
    "cross": (10.5, 12.5),
    "cross_hm": (9.0, 10.0),
    "stitch_hm": (9.5, 11.5),
}


def flags(work_dir, *more):
    argv = [f"--work_dir={work_dir}", "--dataset=nyu", "--data_dir=here", "--variant=compact", "--seeds=2"]
    return command_line.parse(table1.COMMAND, [*argv, *more])


def report(seed, error_mm):
    methods = {f"seed{seed}": {"mean_error_mm": error_mm}, "mean_pose": {"mean_error_mm": 30.0}}
    return {"dataset": "nyu", "centre": "com", "frames": 99, "methods": methods, "selected_on": "validation"}


@pytest.fixture
def trained(monkeypatch):
    """Puts a stand-in for the training; the list of (settings, folder, cache folder) it was called with."""
    calls = []

    def train(settings, folder, machine, cache_dir):
        calls.append((settings, folder, cache_dir))
        (folder / "report").mkdir(parents=True)
        (folder / "config.json").write_text(config.to_json(settings))
        found = report(settings.seed, ERRORS[folder.parent.name][settings.seed])
        (folder / "report" / "report.json").write_text(json.dumps(found))

    monkeypatch.setattr(runs, "train", train)
    return calls


def test_rows_differ_in_their_switches_and_seeds_alone(trained, tmp_path):
    table1.main(flags(tmp_path, "--epochs=3", "--max_frames=50"))
    assert [folder.relative_to(tmp_path).as_posix() for _, folder, _ in trained] == [
        f"{row}/seed{seed}" for seed in (0, 1) for row in ("base", "base_hm", "cross", "cross_hm")
    ]
    switches = [
        (each.variant.network.sharing, each.variant.network.heatmap_guidance) for each, _, _ in trained
    ]
    assert switches == [("none", False), ("none", True), ("cross", False), ("cross", True)] * 2
    full = trained[3][0]
    for settings, folder, cache_dir in trained:
        assert settings.variant.schedule == full.variant.schedule and settings.variant.schedule.epochs == 3
        assert (settings.max_frames, settings.data_dir) == (50, full.data_dir)
        assert cache_dir == tmp_path / "shards" and folder.name == f"seed{settings.seed}"


def test_finished_runs_are_not_trained_again(trained, tmp_path, monkeypatch):
    whole = runs.train

    def stopped(*arguments):
        if len(trained) == 5:
            raise KeyboardInterrupt
        whole(*arguments)

    monkeypatch.setattr(runs, "train", stopped)
    with pytest.raises(KeyboardInterrupt, match="goes on from here"):
        table1.main(flags(tmp_path))
    assert len(trained) == 5 and not (tmp_path / "table1.json").exists()
    monkeypatch.setattr(runs, "train", whole)
    table1.main(flags(tmp_path))
    assert len(trained) == 8 and len({folder for _, folder, _ in trained}) == 8
    assert (tmp_path / "table1.json").exists()


def test_other_settings_are_refused_before_any_training(trained, tmp_path):
    table1.main(flags(tmp_path))
    del trained[:]
    with pytest.raises(InputError, match="made with other settings, `epochs` was 6"):
        table1.main(flags(tmp_path, "--epochs=4", "--seeds=3"))
    assert not trained


def test_more_seeds_train_only_the_new_ones(trained, tmp_path):
    table1.main(flags(tmp_path, "--seeds=1"))
    table1.main(flags(tmp_path))
    assert [settings.seed for settings, _, _ in trained] == [0] * 4 + [1] * 4


def test_the_table_has_means_spreads_and_the_papers_columns(trained, tmp_path, capsys):
    table1.main(flags(tmp_path))
    content = json.loads((tmp_path / "table1.json").read_text())
    assert (content["seeds"], content["mean_pose_mm"], content["frames"]) == ([0, 1], 30, 99)
    base, cross = content["rows"]["Base"], content["rows"]["Cross"]
    assert (base["errors_mm"], base["mean_mm"]) == ([12, 14], 13)
    assert base["spread_mm"] == pytest.approx(np.sqrt(2))
    # Both seeds gain 1.5 mm: the rows' spread is not the difference's.
    assert cross["against_base_mm"] == {"mean_mm": -1.5, "spread_mm": 0}
    page = (tmp_path / "table1.md").read_text()
    assert page in capsys.readouterr().out
    assert "| Base | 13.00 ± 1.41 |  | 9.28 | 11.17 |" in page
    assert "| Cross+HM | 9.50 ± 0.71 | -3.50 ± 0.71 | 8.48 | 10.08 |" in page
    assert (tmp_path / "table1.png").read_bytes()[:4] == b"\x89PNG"


def test_a_single_seed_has_no_spread(trained, tmp_path):
    table1.main(flags(tmp_path, "--seeds=1"))
    assert json.loads((tmp_path / "table1.json").read_text())["rows"]["Base"]["spread_mm"] is None
    assert "| Cross | 10.50 | -1.50 | 8.79 | 10.57 |" in (tmp_path / "table1.md").read_text()


def test_cross_stitch_adds_its_row_to_a_finished_table(trained, tmp_path):
    table1.main(flags(tmp_path))
    before = json.loads((tmp_path / "table1.json").read_text())
    del trained[:]
    table1.main(flags(tmp_path, "--cross_stitch"))
    assert [folder.relative_to(tmp_path).as_posix() for _, folder, _ in trained] == [
        "stitch_hm/seed0",
        "stitch_hm/seed1",
    ]
    network = trained[0][0].variant.network
    assert (network.sharing, network.heatmap_guidance) == ("stitch", True)
    content = json.loads((tmp_path / "table1.json").read_text())
    stitch = content["rows"].pop("Stitch+HM")
    assert content == before
    assert stitch["errors_mm"] == [9.5, 11.5]
    assert stitch["paper_mm"] == {"icvl": None, "nyu": None}
    assert "| Stitch+HM | 10.50 ± 1.41 | -2.50 ± 0.00 |  |  |" in (tmp_path / "table1.md").read_text()


def test_the_papers_dots_are_drawn_for_its_datasets_only(trained, tmp_path):
    table1.main(flags(tmp_path))
    content = json.loads((tmp_path / "table1.json").read_text())
    labels = [
        [text.get_text() for text in table1.figure(each).axes[0].get_legend().get_texts()]
        for each in (content, {**content, "dataset": "msra"})
    ]
    assert set(labels[0]) - set(labels[1]) == {"paper"}


def test_synthetic_data_are_made_once_for_all(trained, tmp_path, monkeypatch):
    made = []

    def write(form, frames, seed, folder):
        made.append((frames, seed, folder))
        pathlib.Path(folder).mkdir(parents=True)

    monkeypatch.setattr(runs.synthetic, "write", write)
    argv = f"--work_dir={tmp_path}", "--seeds=1", "--seed=1", "--synthetic_frames=40", "--variant=compact"
    table1.main(command_line.parse(table1.COMMAND, argv))
    assert made == [(40, 0, str(tmp_path / "data"))]
    assert {settings.data_dir for settings, _, _ in trained} == {str(tmp_path / "data")}


def test_all_subjects_are_refused(tmp_path):
    with pytest.raises(InputError, match="--test_subject=all"):
        table1.main(flags(tmp_path, "--test_subject=all", "--dataset=msra"))


def test_the_real_training_takes_the_shared_frames(msra_root, tmp_path):
    """One short run through `run.train`: shards beside the rows, a report where the table looks for it."""
    argv = ["--dataset=msra", f"--data_dir={msra_root}", "--variant=compact", "--seeds=1", "--epochs=1"]
    argv += [f"--work_dir={tmp_path}", "--batch_size=32", "--workers=0"]
    settings = run_settings(command_line.parse(table1.COMMAND, argv))
    planned = table1.plan(settings, seeds=1)[:1]
    found = table1.train(planned, tmp_path, config.Machine(workers=0))
    assert found["Base", 0]["methods"]["seed0"]["mean_error_mm"] > 0
    assert any((tmp_path / "shards").iterdir()) and not (tmp_path / "base" / "seed0" / "shards").exists()
