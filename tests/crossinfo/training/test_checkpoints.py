"""Checkpoints: damaged ones, the best epoch, and workers that find different ones."""

import shutil

import numpy as np
import pytest
import tensorflow as tf

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


@pytest.mark.parametrize("name", ["run[1]", "a\\b", "a*"])
def test_a_folder_with_wildcards_in_its_name_keeps_checkpoints(trainer, tmp_path, name):
    folder, kept = tmp_path / name / "checkpoints", weights_of(trainer)
    checkpoints = Checkpoints(trainer, trainer.model, folder)
    for step in (1, 2, 3):
        trainer.step.assign(step)
        checkpoints.save_best()
        checkpoints.save()
    add_one(trainer)
    again = Checkpoints(trainer, trainer.model, folder)
    again.restore()
    assert equal(kept, weights_of(trainer))
    again.restore_best()
    assert sorted(path.stem for path in folder.glob("*.index")) == ["ckpt-2", "ckpt-3"]


def test_a_damaged_checkpoint_is_named_as_the_user_knows_it(trainer, tmp_path):
    folder = tmp_path / "run[1]"
    Checkpoints(trainer, trainer.model, folder).save()
    (folder / "ckpt-0.data-00000-of-00001").write_bytes(b"")
    with pytest.raises(InputError) as caught:
        Checkpoints(trainer, trainer.model, folder).restore()
    assert str(caught.value).startswith(f"{folder}/ckpt-0: the checkpoint is damaged")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"nonsense", None])
def test_checkpoints_whose_list_is_damaged_or_gone_are_not_passed_over(trainer, tmp_path, content):
    checkpoints = Checkpoints(trainer, trainer.model, tmp_path)
    checkpoints.save()
    listed = tmp_path / "checkpoint"
    listed.unlink() if content is None else listed.write_bytes(content)
    with pytest.raises(InputError, match=f"^{listed}: damaged or missing"):
        Checkpoints(trainer, trainer.model, tmp_path)


def test_a_removed_best_epoch_is_noticed_before_anything_is_trained(trainer, tmp_path):
    checkpoints = Checkpoints(trainer, trainer.model, tmp_path)
    trainer.best_error_mm.assign(3.0)
    checkpoints.save_best()
    checkpoints.save()
    shutil.rmtree(tmp_path / "best")
    with pytest.raises(InputError, match=f"^{tmp_path}/best: no best epoch's weights; train in another"):
        Checkpoints(trainer, trainer.model, tmp_path).restore()


@pytest.mark.parametrize("save", ["save", "save_best"])
def test_a_full_disk_is_one_line(trainer, tmp_path, monkeypatch, save):
    def full(*arguments, **options):
        raise tf.errors.ResourceExhaustedError(None, None, "ckpt; No space left on device\n[Op:SaveV2]")

    checkpoints = Checkpoints(trainer, trainer.model, tmp_path)
    monkeypatch.setattr(tf.train.CheckpointManager, "save", full)
    with pytest.raises(InputError, match="the checkpoint cannot be written: ckpt; No space left on device$"):
        getattr(checkpoints, save)()
