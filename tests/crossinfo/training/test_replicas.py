"""Two devices train one network: measured in a process of its own, see ``tests/helpers/two_replicas.py``."""

import json
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def measured(train_set, tmp_path_factory):
    output = tmp_path_factory.mktemp("replicas") / "measured.json"
    words = [sys.executable, "-m", "tests.helpers.two_replicas", train_set.paths[0], output]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return json.loads(output.read_text())


def test_two_devices_train_as_one(measured):
    one, two = measured["one_against_two"]["losses"]
    assert two == pytest.approx(one, rel=1e-6)
    # In float32, the noise of tiny first weights would be amplified by their normalisation.
    assert measured["one_against_two"]["difference"] < 1e-6


def test_a_bad_value_on_one_replica_skips_the_step_on_all(measured):
    found = measured["bad_value"]
    assert found["skipped"] and found["scales"] == [2.0, 2.0]
    assert found["moved"] == [True, True] and found["finite"]


def test_a_skipped_step_does_not_count(measured):
    assert measured["bad_value"]["frames"] == [0.0, 8.0]


def test_replicas_keep_the_same_moving_statistics(measured):
    assert measured["state"]["statistics_equal"]


def test_each_replica_draws_its_own_dropout_masks(measured):
    assert measured["state"]["seeds_equal"] and not any(measured["state"]["seeds_equal"])


def test_a_batch_is_shared_evenly(measured):
    assert measured["state"]["sizes"] == [4, 4]


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_the_step_of_several_gpus_traces_under_xla(measured, precision):
    assert measured["traces"][precision]
