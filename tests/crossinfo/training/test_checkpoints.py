"""Checkpoints: damaged ones, the best epoch, and workers that find different ones."""

import numpy as np
import pytest

from crossinfo.training.checkpoints import Checkpoints
from datasets.errors import InputError
from tests.helpers.tiny_training import make_trainer, tiny_variant


def weights_of(trainer):
    return [variable.numpy() for variable in trainer.model.variables]


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def add_one(trainer):
    for variable in trainer.model.trainable_variables:
        variable.assign(variable + 1.0)


@pytest.fixture
def trainer():
    return make_trainer(tiny_variant(), 5)


def test_a_damaged_checkpoint_gives_way_to_the_one_before(trainer, tmp_path, capsys):
    checkpoints, kept = Checkpoints(trainer, trainer.model, tmp_path), []
    for step in (1, 2):
        kept.append(weights_of(trainer))
        trainer.step.assign(step)
        checkpoints.save()
        add_one(trainer)
    newest, older = (tmp_path / f"ckpt-{step}.data-00000-of-00001" for step in (2, 1))
    newest.write_bytes(newest.read_bytes()[:1000])
    Checkpoints(trainer, trainer.model, tmp_path).restore()
    assert int(trainer.step.numpy()) == 1 and equal(kept[0], weights_of(trainer))
    assert "ckpt-2: the checkpoint is damaged" in capsys.readouterr().err
    older.write_bytes(b"")
    with pytest.raises(InputError, match="ckpt-1: the checkpoint is damaged, and there is no other"):
        Checkpoints(trainer, trainer.model, tmp_path).restore()


def test_the_best_epoch_is_kept(trainer, tmp_path):
    checkpoints = Checkpoints(trainer, trainer.model, tmp_path)
    checkpoints.save_best()
    kept = weights_of(trainer)
    add_one(trainer)
    checkpoints.save()
    checkpoints.restore_best()
    assert equal(kept, weights_of(trainer))


def test_a_run_without_a_best_epoch_says_so(trainer, tmp_path):
    with pytest.raises(InputError, match="best: no best epoch's weights"):
        Checkpoints(trainer, trainer.model, tmp_path).restore_best()


def test_a_step_is_saved_once(trainer, tmp_path):
    checkpoints = Checkpoints(trainer, trainer.model, tmp_path)
    trainer.step.assign(7)
    checkpoints.save()
    before = (tmp_path / "ckpt-7.index").stat().st_mtime_ns
    checkpoints.save()
    assert (tmp_path / "ckpt-7.index").stat().st_mtime_ns == before


def test_workers_that_are_not_the_chief_save_nothing(trainer, tmp_path, monkeypatch):
    trainer.workers.rank = 1
    Checkpoints(trainer, trainer.model, tmp_path).save()
    assert not list(tmp_path.glob("ckpt*"))


def test_workers_at_different_steps_are_refused(trainer, tmp_path, monkeypatch):
    trainer.workers.count = 2
    monkeypatch.setattr(trainer.workers, "gather", lambda values: np.array([[120.0], [0.0]]))
    with pytest.raises(InputError, match="step of the last checkpoint: 120 in worker 0, 0 in worker 1"):
        Checkpoints(trainer, trainer.model, tmp_path).restore()
