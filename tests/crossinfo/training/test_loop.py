"""The loop: learning, the best epoch, stopping and going on."""

import os
import pathlib
import signal

import numpy as np
import pytest

from crossinfo.training.checkpoints import Checkpoints
from crossinfo.training.loop import Loop
from datasets import shards
from datasets.errors import InputError
from tests.helpers.tiny_training import make_trainer, tiny_variant


class Rows:
    """A progress that only remembers its rows."""

    def __init__(self, after_step=None):
        self.rows, self._after_step, self._steps = [], after_step or (lambda step: None), 0

    def step(self, epoch, frames, means):
        self._steps += 1
        self._after_step(self._steps)

    def epoch(self, epoch, values):
        self.rows.append(values)


class Saved:
    """Checkpoints that only remember at which steps they were asked for."""

    def __init__(self, trainer):
        self.trainer, self.steps, self.best_steps = trainer, [], []

    def save(self):
        self.steps.append(int(self.trainer.step))

    def save_best(self):
        self.best_steps.append(int(self.trainer.step))


def errors(*errors_mm):
    """A validation that finds these errors, epoch by epoch."""
    found = iter(errors_mm)
    return lambda: {"error_mm": next(found)}


def interrupt_at(step):
    """Ctrl-C after so many steps."""
    return lambda now: os.kill(os.getpid(), signal.SIGINT) if now == step else None


def weights_of(trainer):
    return [variable.numpy() for variable in trainer.model.variables]


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


EPOCHS = 4


@pytest.fixture(scope="module")
def whole(train_set):
    """(trainer, its progress, its checkpoints) of an uninterrupted run."""
    trainer, progress = make_trainer(tiny_variant(epochs=EPOCHS), 5), Rows()
    saved = Saved(trainer)
    Loop(trainer, train_set, 0, progress, saved, errors(9, 8, 7, 8)).run()
    return trainer, progress, saved


def test_the_loss_falls_and_each_epoch_is_a_row(whole):
    _, progress, saved = whole
    assert len(progress.rows) == EPOCHS
    assert progress.rows[-1]["train_total"] < 0.9 * progress.rows[0]["train_total"]
    assert saved.best_steps == [5, 10, 15] and saved.steps == [5, 10, 15, 20]
    assert {"val_error_mm", "train_hand_heatmap", "learning_rate"} <= set(progress.rows[0])


def test_checkpoints_are_written_within_an_epoch_but_not_before_its_validation(train_set):
    trainer = make_trainer(tiny_variant(epochs=1), 5)
    saved = Saved(trainer)
    Loop(trainer, train_set, 0, Rows(), saved, errors(9), checkpoint_minutes=0.0).run()
    assert saved.steps == [1, 2, 3, 4, 5] and saved.best_steps == [5]


def test_a_stopped_and_resumed_run_equals_an_uninterrupted_one(whole, train_set, tmp_path):
    stopped = make_trainer(tiny_variant(epochs=EPOCHS), 5)
    checkpoints = Checkpoints(stopped, stopped.model, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        Loop(stopped, train_set, 0, Rows(interrupt_at(3)), checkpoints, errors(9, 8, 7, 8)).run()
    assert int(stopped.step.numpy()) == 4, "the request is seen by the step after it"

    resumed, later = make_trainer(tiny_variant(epochs=EPOCHS), 5), Rows()
    checkpoints = Checkpoints(resumed, resumed.model, tmp_path)
    checkpoints.restore()
    Loop(resumed, train_set, 0, later, checkpoints, errors(9, 8, 7, 8)).run()
    trainer, progress, _ = whole
    assert equal(weights_of(trainer), weights_of(resumed))
    assert later.rows[0]["train_total"] == progress.rows[0]["train_total"]


def test_a_validation_without_a_number_stops_training(train_set):
    trainer = make_trainer(tiny_variant(), 5)
    with pytest.raises(InputError, match="validation after epoch 1: the error is nan mm"):
        Loop(trainer, train_set, 0, Rows(), Saved(trainer), errors(np.nan)).run()


def test_a_damaged_shard_is_named_and_made_again(msra_root, tmp_path):
    source = shards.Source("msra", str(msra_root), "train", "com", (200.0,), max_frames=40)
    train_set = shards.prepare(source, tmp_path, workers=0)
    path = pathlib.Path(train_set.paths[0])
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 1
    path.write_bytes(damaged)
    trainer = make_trainer(tiny_variant(), 5)
    with pytest.raises(InputError, match=f"{path}: the shard is damaged"):
        Loop(trainer, train_set, 0, Rows(), Saved(trainer), errors(9)).run()
    shards.prepare(source, tmp_path, workers=0)
    assert path.read_bytes() == whole
