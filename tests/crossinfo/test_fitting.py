"""The loop: learning, the best epoch, stopping and going on."""

import os
import signal

import numpy as np
import pytest

from crossinfo import fitting
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
