"""The train step and loop: learning, resuming, precisions, strategies."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from crossinfo import config
from crossinfo.training import distribution, trainer
from datasets import skeletons
from datasets.errors import InputError
from tests.helpers.tiny_training import make_trainer, tiny_variant


def first_step(train_set, variant=None, precision="float32", **machine):
    """(loss before the first update, mean change of the output layer by it)."""
    one = make_trainer(variant or tiny_variant(), 5, precision, **machine)
    kernel = one.model.get_layer("hand").trainable_variables[0]
    before = kernel.numpy()
    one.train(next(iter(one.training_batches(train_set, 8, 0, 0, 0))))
    assert int(one.optimizer.iterations.numpy()) == 1, "loss scaling skipped the step"
    return one.means()["total"], np.abs(kernel.numpy() - before).mean()


@pytest.fixture(scope="module")
def plain_step(train_set):
    return first_step(train_set)


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_takes_the_same_first_step(train_set, plain_step, precision):
    total, moved = first_step(train_set, precision=precision)
    assert total == pytest.approx(plain_step[0], rel=0.01)
    assert moved == pytest.approx(plain_step[1], rel=0.1)


def test_device_augmentation_under_xla_takes_the_same_first_step(train_set, plain_step):
    """XLA draws other numbers for dropout, and for nothing else."""
    plain = first_step(train_set, tiny_variant(dropout=0.0))
    total, moved = first_step(train_set, tiny_variant(dropout=0.0), augment_on="device", jit_compile=True)
    assert total == pytest.approx(plain[0], rel=1e-4)
    assert moved == pytest.approx(plain[1], rel=1e-2)


def test_learning_rate_curves():
    schedule = config.ScheduleConfig(epochs=10, learning_rate=1e-3, decay=0.96)
    rate = trainer.make_optimizer(schedule, 100, "float32")._learning_rate
    assert float(rate(99)) == pytest.approx(1e-3)
    assert float(rate(250)) == pytest.approx(1e-3 * 0.96**2)
    cosine = dataclasses.replace(schedule, curve="cosine")
    rate = trainer.make_optimizer(cosine, 100, "float32")._learning_rate
    assert float(rate(25)) == pytest.approx(1e-3, rel=1e-3)
    assert float(rate(1000)) == pytest.approx(0, abs=1e-9)


def test_joint_distance_of_known_joints():
    target = tf.constant([[0.0, 0, 0, 1, 1, 1]])
    output = tf.constant([[3.0, 4, 0, 1, 1, 1]])
    assert trainer.joint_distance(target, output).numpy() == pytest.approx([2.5])


def test_one_batch_can_be_learnt_by_heart(train_set):
    """Sixteen frames below 3 mm, by the real ``compact`` network without augmentation."""
    variant = config.variant_for("compact", skeletons.MSRA)
    one = make_trainer(variant, 1000)
    one.sampler = None
    batch = next(iter(one.training_batches(train_set, 16, 0, 0, 0)))
    error_mm = np.inf
    for _ in range(20):
        one.sums.assign(tf.zeros_like(one.sums))
        for _ in range(20):
            one.train(batch)
        error_mm = one.means()["error_mm"]
        if error_mm < 3:
            break
    assert error_mm < 3


@pytest.mark.parametrize("setting", ["{bad", '{"cluster": {"worker": ["localhost:1"]}}'])
def test_a_wrong_tf_config_is_named(monkeypatch, setting):
    monkeypatch.setenv("TF_CONFIG", setting)
    with pytest.raises(InputError, match="multi_worker: TF_CONFIG"):
        distribution.configure(config.Machine(strategy="multi_worker"))


def test_a_batch_that_replicas_cannot_share_is_refused(monkeypatch):
    class Three:
        num_replicas_in_sync, cluster_resolver = 3, None

    monkeypatch.setattr(distribution, "configure", lambda machine: Three())
    with pytest.raises(InputError, match="`batch_size`=8: cannot be shared evenly by 3 devices"):
        make_trainer(tiny_variant(), 5)


def test_a_loss_that_is_no_number_stops_training(train_set):
    one = make_trainer(tiny_variant(), 5)
    batch = next(iter(one.training_batches(train_set, 8, 0, 0, 0)))
    one.train({**batch, "cube_mm": batch["cube_mm"] * np.nan})
    one.check_finite()
    one.train({**batch, "targets": {name: value * np.nan for name, value in batch["targets"].items()}})
    with pytest.raises(InputError, match="by step 2: the loss is nan; earlier checkpoints are kept"):
        one.check_finite()


def test_float16_that_overflows_in_every_step_stops_training():
    one = make_trainer(tiny_variant(), 5, "mixed_float16")
    one.check_finite()
    one.optimizer.dynamic_scale.assign(2.0**-50)
    with pytest.raises(InputError, match="float16 overflows in every step"):
        one.check_finite()


def test_tensor_float_32_is_set_by_the_machine():
    for setting in (False, True):
        distribution.configure(config.Machine(tensor_float_32=setting))
        assert tf.config.experimental.tensor_float_32_execution_enabled() is setting
