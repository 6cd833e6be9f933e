"""The train step and loop: learning, resuming, precisions, strategies."""

import dataclasses
import os
import pathlib
import signal
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
import tensorflow as tf

from crossinfo import config, model, training
from datasets import shards, skeletons

ROOT = pathlib.Path(__file__).parents[2]
TINY = dict(
    stem_filters=4,
    stage_filters=(2, 2, 2, 2),
    stage_units=(1, 1, 1, 1),
    pyramid_filters=8,
    block_filters=4,
    dense_units=16,
    dropout=0.2,
)


def tiny_variant(**schedule):
    variant = config.variant_for("compact", skeletons.MSRA)
    return dataclasses.replace(
        variant,
        network=dataclasses.replace(variant.network, **TINY),
        schedule=dataclasses.replace(
            variant.schedule, **{"epochs": 2, "batch_size": 8, "augmentation": "paper", **schedule}
        ),
    )


def make_trainer(variant, steps, precision="float32", **machine):
    keras.utils.set_random_seed(3)
    return training.Trainer(
        lambda: model.build(variant.network, precision),
        variant,
        skeletons.MSRA,
        steps,
        precision,
        training.Machine(**machine),
    )


@pytest.fixture(scope="module")
def sets(msra_tree, tmp_path_factory):
    cache = tmp_path_factory.mktemp("shards")

    def prepare(part, frames):
        source = shards.Source("msra", str(msra_tree), part, "com", (200.0,), max_frames=frames)
        return shards.prepare(source, cache, workers=1)

    return {"train": prepare("train", 40), "select": prepare("validation", 8)}


class Quiet:
    """A journal that only remembers."""

    def __init__(self):
        self.rows = []

    def step(self, epoch, frames, means):
        pass

    def epoch(self, epoch, values):
        self.rows.append(values)


def weights_of(trainer):
    return [np.array(variable) for variable in trainer.model.variables]


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_loss_falls_and_each_epoch_is_told(sets):
    trainer, journal = make_trainer(tiny_variant(epochs=4), 5), Quiet()
    training.fit(trainer, sets, 0, journal, lambda best: None)
    assert len(journal.rows) == 4
    assert journal.rows[-1]["train_total"] < 0.5 * journal.rows[0]["train_total"]
    assert {"val_error_mm", "train_hand_heatmap", "learning_rate"} <= set(journal.rows[0])


def test_a_stopped_and_resumed_run_equals_an_uninterrupted_one(sets, tmp_path):
    whole = make_trainer(tiny_variant(), 5)
    rows = Quiet()
    training.fit(whole, sets, 0, rows, lambda best: None)

    class StopAfterThree(Quiet):
        def step(self, epoch, frames, means):
            self.steps = getattr(self, "steps", 0) + 1
            if self.steps == 3:
                os.kill(os.getpid(), signal.SIGINT)

    stopped = make_trainer(tiny_variant(), 5)
    with pytest.raises(KeyboardInterrupt):
        training.fit(stopped, sets, 0, StopAfterThree(), training.Store(stopped, tmp_path).save)
    assert int(stopped.step.numpy()) == 3

    resumed, later = make_trainer(tiny_variant(), 5), Quiet()
    training.Store(resumed, tmp_path).restore()
    training.fit(resumed, sets, 0, later, lambda best: None)
    assert equal(weights_of(whole), weights_of(resumed))
    assert later.rows[0]["train_total"] == rows.rows[0]["train_total"]


def test_the_best_epoch_is_kept(sets, tmp_path):
    trainer = make_trainer(tiny_variant(), 5)
    store = training.Store(trainer, tmp_path)
    store.save(True)
    kept = weights_of(trainer)
    for variable in trainer.model.trainable_variables:
        variable.assign(variable + 1.0)
    store.save(False)
    store.restore_best()
    assert equal(kept, weights_of(trainer))


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_starts_with_the_same_loss(sets, precision):
    totals = {}
    for name in ("float32", precision):
        trainer = make_trainer(tiny_variant(), 5, name)
        batch = next(iter(trainer.training_batches(sets["train"], 8, 0, 0, 0)))
        trainer.train(batch)
        totals[name] = trainer.means()["total"]
    assert totals[precision] == pytest.approx(totals["float32"], rel=0.01)


def test_float16_updates_by_unscaled_gradients(sets):
    """Without ``scale_loss`` the gradients would be divided by the loss scale and nothing would move."""
    moved = {}
    for name in ("float32", "mixed_float16"):
        trainer = make_trainer(tiny_variant(), 5, name)
        before = np.array(trainer.model.get_layer("hand").weights[0])
        batch = next(iter(trainer.training_batches(sets["train"], 8, 0, 0, 0)))
        trainer.train(batch)
        moved[name] = np.abs(np.array(trainer.model.get_layer("hand").weights[0]) - before).mean()
    assert moved["mixed_float16"] == pytest.approx(moved["float32"], rel=0.1)


def test_augmentation_on_host_and_device_train_alike(sets):
    totals = []
    for place in ("host", "device"):
        trainer = make_trainer(tiny_variant(), 5, augment_on=place)
        for batch in trainer.training_batches(sets["train"], 8, 0, 0, 0):
            trainer.train(batch)
        totals.append(trainer.means()["total"])
    assert totals[0] == pytest.approx(totals[1], rel=1e-5)


def test_xla_trains_alike(sets):
    totals = []
    for jit in (False, True):
        trainer = make_trainer(tiny_variant(), 5, augment_on="device", jit_compile=jit)
        trainer.train(next(iter(trainer.training_batches(sets["train"], 8, 0, 0, 0))))
        totals.append(trainer.means()["total"])
    assert totals[0] == pytest.approx(totals[1], rel=1e-4)


def test_learning_rate_curves():
    schedule = config.ScheduleConfig(epochs=10, learning_rate=1e-3, decay=0.96)
    rate = training.make_optimizer(schedule, 100, "float32")._learning_rate
    assert float(rate(99)) == pytest.approx(1e-3)
    assert float(rate(250)) == pytest.approx(1e-3 * 0.96**2)
    cosine = dataclasses.replace(schedule, curve="cosine")
    rate = training.make_optimizer(cosine, 100, "float32")._learning_rate
    assert float(rate(25)) == pytest.approx(1e-3, rel=1e-3)
    assert float(rate(1000)) == pytest.approx(0, abs=1e-9)


def test_joint_distance_of_known_joints():
    target = tf.constant([[0.0, 0, 0, 1, 1, 1]])
    output = tf.constant([[3.0, 4, 0, 1, 1, 1]])
    assert training.joint_distance(target, output).numpy() == pytest.approx([2.5])


def test_one_batch_can_be_learnt_by_heart(sets):
    """Sixteen frames below 3 mm, by the real ``compact`` network without augmentation."""
    variant = config.variant_for("compact", skeletons.MSRA)
    trainer = make_trainer(variant, 1000)
    trainer.sampler = None
    batch = next(iter(trainer.training_batches(sets["train"], 16, 0, 0, 0)))
    error_mm = np.inf
    for _ in range(20):
        trainer.sums.assign(tf.zeros_like(trainer.sums))
        for _ in range(20):
            trainer.train(batch)
        error_mm = trainer.means()["error_mm"]
        if error_mm < 3:
            break
    assert error_mm < 3


STRATEGY_SCRIPT = """
    import json, sys
    import tensorflow as tf
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    sys.path[:0] = {paths!r}
    import importlib.util
    spec = importlib.util.spec_from_file_location("test_training", {file!r})
    tests = importlib.util.module_from_spec(spec); spec.loader.exec_module(tests)
    from crossinfo import training
    from datasets import shards
    if {strategy!r} == "mirrored":
        training.make_strategy = lambda name: tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    source = shards.Source("msra", {data!r}, "train", "com", (200.0,), max_frames=40)
    shard_set = shards.prepare(source, {cache!r}, 1)
    trainer = tests.make_trainer(tests.without_statistics(), 5)
    totals = []
    for batch in trainer.training_batches(shard_set, 8, 0, 0, 0):
        trainer.train(batch)
        totals.append(trainer.means()["total"])
    print(json.dumps([trainer.strategy.num_replicas_in_sync, totals, trainer.evaluate(shard_set, 7)["total"]]))
"""


def without_statistics():
    """Batch statistics and dropout differ by replica, as they must; a step without them must not."""
    variant = tiny_variant()
    network = dataclasses.replace(variant.network, dropout=0.0)
    return dataclasses.replace(variant, network=network)


def test_two_devices_train_with_one_devices_loss(msra_tree, tmp_path):
    """First losses are equal up to batch statistics; sums and frame counts are exact in evaluation."""
    import json

    results = {}
    for strategy in ("one_device", "mirrored"):
        script = textwrap.dedent(STRATEGY_SCRIPT).format(
            paths=[str(ROOT)],
            file=__file__,
            strategy=strategy,
            data=str(msra_tree),
            cache=str(tmp_path),
        )
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, timeout=300
        )
        assert done.returncode == 0, done.stderr[-2000:]
        results[strategy] = json.loads(done.stdout.splitlines()[-1])
    assert results["one_device"][0] == 1 and results["mirrored"][0] == 2
    assert results["mirrored"][1][0] == pytest.approx(results["one_device"][1][0], rel=0.2)
    assert np.all(np.isfinite(results["mirrored"][1]))
