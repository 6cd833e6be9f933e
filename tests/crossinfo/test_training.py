"""The train step and loop: learning, resuming, precisions, strategies."""

import csv
import dataclasses
import json
import os
import pathlib
import socket
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
import tensorflow as tf

from crossinfo import config, model, training
from crossinfo.card import card_for
from datasets import registry, skeletons
from datasets.errors import InputError

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


CARD = card_for("compact", registry.get("msra"), 200.0, "com", np.zeros((21, 3)))


def tiny_variant(**schedule):
    variant = config.variant_for("compact", skeletons.MSRA)
    return dataclasses.replace(
        variant,
        network=dataclasses.replace(variant.network, **TINY),
        schedule=dataclasses.replace(
            variant.schedule, **{"epochs": 2, "batch_size": 8, "augmentation": "paper", **schedule}
        ),
    )


def without_dropout():
    variant = tiny_variant()
    return dataclasses.replace(variant, network=dataclasses.replace(variant.network, dropout=0.0))


def make_trainer(variant, steps, precision="float32", **machine):
    keras.utils.set_random_seed(3)
    return training.Trainer(
        lambda: model.build(variant.network, precision, CARD),
        variant,
        skeletons.MSRA,
        steps,
        precision,
        training.Machine(**machine),
    )


def first_step(train_set, variant=None, precision="float32", **machine):
    """(loss before the first update, mean change of the output layer by it)."""
    trainer = make_trainer(variant or tiny_variant(), 5, precision, **machine)
    kernel = trainer.model.get_layer("hand").trainable_variables[0]
    before = kernel.numpy()
    batch = next(iter(trainer.training_batches(train_set, 8, 0, 0, 0)))
    trainer.train(batch)
    assert int(trainer.optimizer.iterations.numpy()) == 1, "loss scaling skipped the step"
    return trainer.means()["total"], np.abs(kernel.numpy() - before).mean()


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
    plain = first_step(train_set, without_dropout())
    total, moved = first_step(train_set, without_dropout(), augment_on="device", jit_compile=True)
    assert total == pytest.approx(plain[0], rel=1e-4)
    assert moved == pytest.approx(plain[1], rel=1e-2)


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


def test_one_batch_can_be_learnt_by_heart(train_set):
    """Sixteen frames below 3 mm, by the real ``compact`` network without augmentation."""
    variant = config.variant_for("compact", skeletons.MSRA)
    trainer = make_trainer(variant, 1000)
    trainer.sampler = None
    batch = next(iter(trainer.training_batches(train_set, 16, 0, 0, 0)))
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
    import importlib.util, sys
    import keras, numpy as np, tensorflow as tf
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    sys.path.insert(0, {root!r})
    spec = importlib.util.spec_from_file_location("test_training", {file!r})
    tests = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tests)
    from crossinfo import evaluation, training
    from datasets import pipeline, shards
    # Adam would turn rounding of vanishing gradients into whole steps.
    training.make_optimizer = lambda *settings: keras.optimizers.SGD(1e-3)
    if {strategy!r} == "mirrored":
        training.make_strategy = lambda name: tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    source = shards.Source("msra", {data!r}, "train", "com", (200.0,), max_frames=40)
    shard_set = shards.prepare(source, {cache!r}, 0)
    trainer = tests.make_trainer(tests.without_dropout(), 5, augment_on="device")
    before = [variable.numpy() for variable in trainer.model.trainable_variables]
    half = next(iter(pipeline.training_batches(shard_set, 21, 4, 0, 0)))
    both = {{name: tf.concat([value, value], axis=0) for name, value in half.items()}}
    batches = tf.data.Dataset.from_tensor_slices(both).batch(8, drop_remainder=True)
    for batch in trainer.strategy.experimental_distribute_dataset(batches):
        trainer.train(batch)
    after = trainer.model.trainable_variables
    moved = [np.ravel(new - old) for new, old in zip(after, before, strict=True)]
    validated = evaluation.validate(evaluation.network_function(trainer.model), shard_set, tests.CARD)
    losses = [trainer.means()["total"], validated["total"]]
    result = [trainer.strategy.num_replicas_in_sync, *losses]
    np.savez({output!r}, result=result, moved=np.concatenate(moved))
"""


def run_strategy(strategy, data, folder):
    output = folder / f"{strategy}.npz"
    script = textwrap.dedent(STRATEGY_SCRIPT).format(
        root=str(ROOT),
        file=__file__,
        strategy=strategy,
        data=str(data),
        cache=str(folder),
        output=str(output),
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return np.load(output)


def test_two_devices_train_as_one(msra_root, tmp_path):
    """Both halves of the batch hold the same frames, so that batch statistics agree as well."""
    one, two = (run_strategy(name, msra_root, tmp_path) for name in ("one_device", "mirrored"))
    assert one["result"][0] == 1 and two["result"][0] == 2
    np.testing.assert_allclose(two["result"][1:], one["result"][1:], rtol=1e-3)
    # Float32 noise of the first, tiny weights is amplified by their normalisation; a wrong sum would be 1.
    difference = np.linalg.norm(two["moved"] - one["moved"]) / np.linalg.norm(one["moved"])
    assert difference < 0.02


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.mark.slow
def test_two_workers_train_one_network(msra_root, tmp_path):
    """Two processes of the real command over sockets: the same losses, and files that do not collide."""
    workers = [f"127.0.0.1:{port}" for port in free_ports(2)]
    command = [
        *(sys.executable, ROOT / "train.py", "--dataset=synthetic", f"--data_dir={msra_root}"),
        *("--variant=compact", "--epochs=1", "--batch_size=16", "--workers=0", "--strategy=multi_worker"),
        f"--work_dir={tmp_path / 'run'}",
    ]
    running = []
    for index in range(2):
        task = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        environment = {**os.environ, "TF_CONFIG": json.dumps(task)}
        running.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
    for process in running:
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors[-2000:]
    rows = []
    for folder in (tmp_path / "run", tmp_path / "run" / "worker1"):
        with open(folder / "metrics.csv", newline="") as file:
            rows.append(next(csv.DictReader(file)))
    assert float(rows[0]["train_total"]) == pytest.approx(float(rows[1]["train_total"]), rel=1e-4)


@pytest.mark.parametrize("setting", ["{bad", '{"cluster": {"worker": ["localhost:1"]}}'])
def test_a_wrong_tf_config_is_named(monkeypatch, setting):
    monkeypatch.setenv("TF_CONFIG", setting)
    with pytest.raises(InputError, match="multi_worker: TF_CONFIG"):
        training.make_strategy("multi_worker")
