"""The loop: learning, the best epoch, stopping and going on."""

import os
import signal

import numpy as np
import pytest

from crossinfo import fitting
from datasets.errors import InputError
from tests.crossinfo.test_training import make_trainer, tiny_variant


class Quiet:
    """A journal that only remembers."""

    def __init__(self):
        self.rows = []

    def step(self, epoch, frames, means):
        pass

    def epoch(self, epoch, values):
        self.rows.append(values)


def errors(*errors_mm):
    """A validation that finds these errors, epoch by epoch."""
    found = iter(errors_mm)
    return lambda: {"error_mm": next(found)}


def weights_of(trainer):
    return [variable.numpy() for variable in trainer.model.variables]


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


EPOCHS = 4


@pytest.fixture(scope="module")
def whole(train_set):
    """(trainer, its journal, which epochs were the best) of an uninterrupted run."""
    trainer, journal, bests = make_trainer(tiny_variant(epochs=EPOCHS), 5), Quiet(), []
    fitting.fit(trainer, train_set, 0, journal, bests.append, errors(9, 8, 7, 8))
    return trainer, journal, bests


def test_the_loss_falls_and_each_epoch_is_told(whole):
    _, journal, bests = whole
    assert len(journal.rows) == EPOCHS
    assert journal.rows[-1]["train_total"] < 0.9 * journal.rows[0]["train_total"]
    assert bests == [True, True, True, False]
    assert {"val_error_mm", "train_hand_heatmap", "learning_rate"} <= set(journal.rows[0])


def test_a_stopped_and_resumed_run_equals_an_uninterrupted_one(whole, train_set, tmp_path):
    class StopAfterThree(Quiet):
        def step(self, epoch, frames, means):
            self.steps = getattr(self, "steps", 0) + 1
            if self.steps == 3:
                os.kill(os.getpid(), signal.SIGINT)

    stopped = make_trainer(tiny_variant(epochs=EPOCHS), 5)
    with pytest.raises(KeyboardInterrupt):
        store = fitting.Store(stopped, tmp_path)
        fitting.fit(stopped, train_set, 0, StopAfterThree(), store.save, errors(9, 8, 7, 8))
    assert int(stopped.step.numpy()) == 3

    resumed, later = make_trainer(tiny_variant(epochs=EPOCHS), 5), Quiet()
    fitting.Store(resumed, tmp_path).restore()
    fitting.fit(resumed, train_set, 0, later, lambda best: None, errors(9, 8, 7, 8))
    trainer, journal, _ = whole
    assert equal(weights_of(trainer), weights_of(resumed))
    assert later.rows[0]["train_total"] == journal.rows[0]["train_total"]


def test_a_damaged_checkpoint_gives_way_to_the_one_before(train_set, tmp_path, capsys):
    trainer = make_trainer(tiny_variant(), 5)
    store, kept = fitting.Store(trainer, tmp_path), []
    for step in (1, 2):
        kept.append(weights_of(trainer))
        trainer.step.assign(step)
        store.save(False)
        for variable in trainer.model.trainable_variables:
            variable.assign(variable + 1.0)
    newest, older = (tmp_path / f"ckpt-{step}.data-00000-of-00001" for step in (2, 1))
    newest.write_bytes(newest.read_bytes()[:1000])
    fitting.Store(trainer, tmp_path).restore()
    assert int(trainer.step.numpy()) == 1 and equal(kept[0], weights_of(trainer))
    assert "ckpt-2: the checkpoint is damaged" in capsys.readouterr().err
    older.write_bytes(b"")
    with pytest.raises(InputError, match="ckpt-1: the checkpoint is damaged, and there is no other"):
        fitting.Store(trainer, tmp_path).restore()


def test_the_best_epoch_is_kept(train_set, tmp_path):
    trainer = make_trainer(tiny_variant(), 5)
    store = fitting.Store(trainer, tmp_path)
    store.save(True)
    kept = weights_of(trainer)
    for variable in trainer.model.trainable_variables:
        variable.assign(variable + 1.0)
    store.save(False)
    store.restore_best()
    assert equal(kept, weights_of(trainer))
