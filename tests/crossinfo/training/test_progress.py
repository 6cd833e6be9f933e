import csv

import numpy as np
import pytest
import tensorflow as tf

from crossinfo.training.progress import NoProgress, Progress
from datasets.errors import InputError

VALUES = {"train_total": 2.0, "train_error_mm": 30.0, "val_error_mm": 31.5, "learning_rate": 1e-3}


def rows(folder):
    with open(folder / "metrics.csv", newline="") as file:
        return list(csv.DictReader(file))


def open_progress(folder, first_epoch=0, pictures=None):
    return Progress(folder, 100, 0, first_epoch, pictures)


def test_each_epoch_is_a_row(tmp_path):
    with open_progress(tmp_path) as progress:
        progress.epoch(0, VALUES)
        progress.epoch(1, {**VALUES, "train_total": 1.0})
    assert [row["epoch"] for row in rows(tmp_path)] == ["0", "1"]
    assert [float(row["train_total"]) for row in rows(tmp_path)] == [2.0, 1.0]


def test_a_resumed_run_continues_the_table_and_drops_rows_it_will_write_again(tmp_path):
    with open_progress(tmp_path) as progress:
        for epoch in range(3):
            progress.epoch(epoch, VALUES)
    with open_progress(tmp_path, first_epoch=2) as progress:
        progress.epoch(2, {**VALUES, "train_total": 9.0})
    assert [row["epoch"] for row in rows(tmp_path)] == ["0", "1", "2"]
    assert float(rows(tmp_path)[-1]["train_total"]) == 9.0


def test_scalars_and_pictures_reach_tensorboard(tmp_path):
    with open_progress(tmp_path, pictures=lambda: np.zeros((2, 8, 8, 3), np.uint8)) as progress:
        progress.epoch(0, VALUES)
    (events,) = (tmp_path / "tensorboard").iterdir()
    tags = {
        value.tag
        for record in tf.data.TFRecordDataset(str(events))
        for value in tf.compat.v1.Event.FromString(record.numpy()).summary.value
    }
    assert {"train/total", "val/error_mm", "learning/rate", "predictions"} <= tags


def test_means_are_asked_for_only_when_the_bar_is_redrawn(tmp_path):
    asked = []
    with open_progress(tmp_path) as progress:
        for _ in range(50):
            progress.step(0, 1, lambda: asked.append(1) or VALUES | {"total": 1.0, "error_mm": 2.0})
    assert len(asked) < 5


def test_a_worker_that_is_not_the_chief_writes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with NoProgress() as progress:
        progress.step(0, 8, dict)
        progress.epoch(0, VALUES)
    assert not list(tmp_path.iterdir()) and capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "content",
    [
        b"frame,error\n0,1\n", b"epoch,loss\none,2\n", b"epoch,loss\n1\n", b"epoch\n1,2\n", b"\xff\xfe\n1",
        b"epoch\n-1\n", b"epoch\n" + b"9" * 5000, b'epoch\n"' + b"1" * 200_000, b"epoch\n1.5\n",
    ],
)  # fmt: skip
def test_another_table_is_refused_and_kept(tmp_path, content):
    path = tmp_path / "metrics.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"^{path}: not a run's table of epochs"):
        open_progress(tmp_path, first_epoch=2)
    assert path.read_bytes() == content


def test_columns_that_an_earlier_version_wrote_stay(tmp_path):
    (tmp_path / "metrics.csv").write_text("epoch,old\n0,7\n")
    with open_progress(tmp_path, first_epoch=1) as progress:
        progress.epoch(1, VALUES)
    assert [(row["old"], row["train_total"]) for row in rows(tmp_path)] == [("7", ""), ("", "2")]
